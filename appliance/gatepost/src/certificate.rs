//! The self-signed certificate that the SMTP listeners start with, so that STARTTLS works from the
//! first minute. An owner's certificate takes its place by replacing the two files.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Why no certificate could be made.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// The key or the certificate could not be made.
    #[error("the certificate could not be made")]
    Make(#[from] rcgen::Error),
    /// They could not be written.
    #[error("the certificate could not be written")]
    Write(#[from] io::Error),
}

/// Makes `smtp.pem` and `smtp.key` (ECDSA P-256) in `folder`, unless both are there.
///
/// # Errors
/// When they cannot be made or written.
pub fn ensure(folder: &Path, host: &str) -> Result<(), CertificateError> {
    let (certificate, key) = (folder.join("smtp.pem"), folder.join("smtp.key"));
    if certificate.exists() && key.exists() {
        return Ok(());
    }
    let made = rcgen::generate_simple_self_signed(vec![host.to_owned()])?;
    write_new(&key, made.signing_key.serialize_pem().as_bytes(), 0o600)?;
    write_new(&certificate, made.cert.pem().as_bytes(), 0o644)?;
    Ok(())
}

fn write_new(path: &Path, octets: &[u8], mode: u32) -> io::Result<()> {
    let _ = std::fs::remove_file(path);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
    file.write_all(octets)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_certificate_is_made_once_and_its_key_is_ours_alone() {
        let folder = tempfile::tempdir().unwrap();
        ensure(folder.path(), "mail.example.test").unwrap();
        let key = folder.path().join("smtp.key");
        let first = std::fs::read(&key).unwrap();
        assert_eq!(std::fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
        ensure(folder.path(), "mail.example.test").unwrap();
        assert_eq!(std::fs::read(&key).unwrap(), first);
    }
}
