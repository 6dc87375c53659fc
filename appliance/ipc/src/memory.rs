//! Bodies as descriptors: anonymous memory files that hold exactly one message.

use std::fs::File;
use std::io::{self, Write};
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::FileExt;

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
