//! Bodies and packs as descriptors: anonymous memory files that hold exactly one of them.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{MemfdFlags, SealFlags};

/// An empty anonymous file, readable and writable.
///
/// # Errors
/// The kernel's, when memory or descriptors are short.
pub fn empty_memory() -> io::Result<OwnedFd> {
    Ok(rustix::fs::memfd_create("mail", MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING)?)
}

/// Makes an anonymous file immutable for every holder of the descriptor.
///
/// # Errors
/// The kernel's, when somebody has it mapped for writing.
pub fn seal_memory(memory: impl AsFd) -> io::Result<()> {
    let seals = SealFlags::SEAL | SealFlags::SHRINK | SealFlags::GROW | SealFlags::WRITE;
    Ok(rustix::fs::fcntl_add_seals(memory, seals)?)
}

/// An immutable anonymous file with these octets.
///
/// # Errors
/// The kernel's, when memory or descriptors are short.
pub fn sealed_memory(octets: &[u8]) -> io::Result<OwnedFd> {
    let mut file = File::from(empty_memory()?);
    file.write_all(octets)?;
    let memory = OwnedFd::from(file);
    seal_memory(&memory)?;
    Ok(memory)
}

/// An immutable anonymous file with what is left of an open file, and its octets. What others do to
/// the file afterwards changes nothing.
///
/// # Errors
/// A file over `most` octets, or the kernel's.
pub fn sealed_copy(file: &File, most: u64) -> io::Result<(OwnedFd, u64)> {
    let mut copy = File::from(empty_memory()?);
    let octets = io::copy(&mut file.take(most.saturating_add(1)), &mut copy)?;
    if octets > most {
        let why = format!("it is larger than {most} octets");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, why));
    }
    let memory = OwnedFd::from(copy);
    seal_memory(&memory)?;
    Ok((memory, octets))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Seek;
    use std::os::unix::fs::FileExt;

    #[test]
    fn a_sealed_copy_stays_when_its_file_changes() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&[7; 100_000]).unwrap();
        file.rewind().unwrap();
        let (memory, octets) = sealed_copy(&file, 100_000).unwrap();
        assert_eq!(octets, 100_000);
        file.set_len(0).unwrap();
        let copy = File::from(memory);
        assert_eq!(copy.metadata().unwrap().len(), 100_000);
        assert!(copy.write_at(b"x", 0).is_err());
    }

    #[test]
    fn a_file_over_the_limit_is_not_copied() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&[7; 100]).unwrap();
        file.rewind().unwrap();
        assert!(sealed_copy(&file, 99).is_err());
    }

    #[test]
    fn sealed_memory_cannot_be_changed() {
        let file = File::from(sealed_memory(b"mail").unwrap());
        let mut back = [0; 4];
        file.read_exact_at(&mut back, 0).unwrap();
        assert_eq!(&back, b"mail");
        assert!(file.write_at(b"X", 0).is_err());
        assert!(file.set_len(0).is_err());
    }
}
