//! Sealed memory, mapped for reading: how a pattern pack is in memory once for all cells.
//!
//! Only memory that the kernel has sealed against writing, growing and shrinking is mapped, and
//! only privately: nobody can change what a `Mapped` shows or take it away from under its reader,
//! and a cell can turn no mapping into one that it shares with others. It never maps a file by
//! name. Start with [`Mapped::sealed`].
#![allow(unsafe_code)]

use std::ffi::c_void;
use std::num::NonZeroUsize;
use std::os::fd::AsFd;
use std::ptr::NonNull;

use nix::fcntl::{FcntlArg, SealFlag, fcntl};
use nix::sys::mman::{MapFlags, ProtFlags, mmap, munmap};
use nix::sys::uio::pread;

/// Why memory could not be mapped.
#[derive(Debug, thiserror::Error)]
pub enum MapError {
    /// The descriptor is no anonymous memory, or its seals cannot be read.
    #[error("it is no memory that can be sealed")]
    NoMemory(#[source] nix::Error),
    /// Somebody could still change it.
    #[error("it is not sealed: somebody could change it")]
    NotSealed,
    /// It has no octets, or more than this machine can address.
    #[error("{0} octets cannot be mapped")]
    Size(u64),
    /// It is shorter than it was said to be.
    #[error("it ends before octet {0}")]
    Short(u64),
    /// The kernel refused.
    #[error("the kernel would not map it")]
    Kernel(#[source] nix::Error),
}

/// Octets of sealed memory. Read-only, the same for every process that maps them, in memory once.
#[derive(Debug)]
pub struct Mapped {
    start: NonNull<c_void>,
    octets: NonZeroUsize,
}

impl Mapped {
    /// Maps the first `octets` of sealed memory. The descriptor may be closed afterwards. Makes no
    /// other system call than fcntl, pread64 and mmap, so that a cell can do it.
    ///
    /// # Errors
    /// [`MapError`]: nothing is mapped that could change or end early.
    pub fn sealed(memory: impl AsFd, octets: u64) -> Result<Self, MapError> {
        let memory = memory.as_fd();
        let length = usize::try_from(octets).ok().and_then(NonZeroUsize::new);
        let length = length.filter(|length| isize::try_from(length.get()).is_ok());
        let length = length.ok_or(MapError::Size(octets))?;
        let found = fcntl(memory, FcntlArg::F_GET_SEALS).map_err(MapError::NoMemory)?;
        let needed = SealFlag::F_SEAL_WRITE | SealFlag::F_SEAL_SHRINK | SealFlag::F_SEAL_GROW;
        if !SealFlag::from_bits_truncate(found).contains(needed) {
            return Err(MapError::NotSealed);
        }
        let last = i64::try_from(octets - 1).map_err(|_| MapError::Size(octets))?;
        if pread(memory, &mut [0], last).map_err(MapError::Kernel)? != 1 {
            return Err(MapError::Short(octets));
        }
        // Private: pages that are only read are shared all the same, and the kernel's seal against
        // writing refuses shared mappings before Linux 6.7.
        // SAFETY: a new mapping at an address of the kernel's choice changes no memory in use. Its
        // octets cannot change and cannot end early: the seals above are for good, and the last
        // octet is there.
        let mapped =
            unsafe { mmap(None, length, ProtFlags::PROT_READ, MapFlags::MAP_PRIVATE, memory, 0) };
        Ok(Mapped { start: mapped.map_err(MapError::Kernel)?, octets: length })
    }
}

impl AsRef<[u8]> for Mapped {
    fn as_ref(&self) -> &[u8] {
        // SAFETY: `sealed` mapped this many readable octets, which live until `drop` and which
        // nobody can change; the length fits isize, which was checked there.
        unsafe { std::slice::from_raw_parts(self.start.cast().as_ptr(), self.octets.get()) }
    }
}

// SAFETY: the mapping belongs to the process, not to a thread, and is only ever read.
unsafe impl Send for Mapped {}
// SAFETY: as above.
unsafe impl Sync for Mapped {}

impl Drop for Mapped {
    fn drop(&mut self) {
        // SAFETY: made by `sealed`, unmapped once, and no slice of it outlives this value.
        let _ = unsafe { munmap(self.start, self.octets.get()) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::fcntl::FcntlArg::F_ADD_SEALS;
    use nix::sys::memfd::{MFdFlags, memfd_create};
    use std::fs::File;
    use std::io::Write;
    use std::os::fd::OwnedFd;

    fn memory(octets: &[u8], seals: SealFlag) -> OwnedFd {
        let memory = memfd_create("test", MFdFlags::MFD_ALLOW_SEALING).unwrap();
        let mut file = File::from(memory);
        file.write_all(octets).unwrap();
        fcntl(&file, F_ADD_SEALS(seals)).unwrap();
        file.into()
    }

    #[test]
    fn sealed_memory_is_read_after_its_descriptor_is_closed() {
        let octets: Vec<u8> = (0..100_000_u32).map(|at| at as u8).collect();
        let memory = memory(&octets, SealFlag::all());
        let mapped = Mapped::sealed(&memory, octets.len() as u64).unwrap();
        drop(memory);
        assert_eq!(mapped.as_ref(), octets);
        let shared = std::sync::Arc::new(mapped);
        let other = shared.clone();
        std::thread::spawn(move || assert_eq!(other.as_ref().as_ref().len(), 100_000))
            .join()
            .unwrap();
    }

    #[test]
    fn memory_that_somebody_could_still_change_is_refused() {
        for missing in [SealFlag::F_SEAL_WRITE, SealFlag::F_SEAL_SHRINK, SealFlag::F_SEAL_GROW] {
            let memory = memory(b"octets", SealFlag::all() - missing - SealFlag::F_SEAL_SEAL);
            assert!(matches!(Mapped::sealed(&memory, 6), Err(MapError::NotSealed)), "{missing:?}");
        }
    }

    #[test]
    fn a_plain_file_is_refused_since_anyone_could_cut_it() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"octets").unwrap();
        let refused = Mapped::sealed(&file, 6);
        assert!(matches!(refused, Err(MapError::NoMemory(_) | MapError::NotSealed)), "{refused:?}");
    }

    #[test]
    fn a_size_that_is_not_there_is_refused_instead_of_faulting_later() {
        let memory = memory(&[7; 5000], SealFlag::all());
        assert!(matches!(Mapped::sealed(&memory, 5001), Err(MapError::Short(5001))));
        assert!(matches!(Mapped::sealed(&memory, 0), Err(MapError::Size(0))));
        assert!(matches!(Mapped::sealed(&memory, u64::MAX), Err(MapError::Size(_))));
        assert_eq!(Mapped::sealed(&memory, 5000).unwrap().as_ref().len(), 5000);
    }
}
