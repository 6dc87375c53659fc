//! The certificate and the key of the SMTP listeners, read from the state folder.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::ring::{Ticketer, default_provider};
use rustls_pki_types::pem::{self, PemObject};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

/// Why TLS cannot be offered.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file is missing or is no PEM.
    #[error("cannot read {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: pem::Error,
    },
    /// Certificate and key do not fit, or are of a kind that is not supported.
    #[error("the certificate and key in {path} cannot be used")]
    Use {
        /// The folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: rustls::Error,
    },
}

/// The server side of TLS from `smtp.pem` (certificate chain) and `smtp.key` in `folder`.
///
/// # Errors
/// [`TlsError`]; TLS is then not offered.
pub fn load(folder: &Path) -> Result<Arc<ServerConfig>, TlsError> {
    let (chain_path, key_path) = (folder.join("smtp.pem"), folder.join("smtp.key"));
    let unreadable = |path: &Path| {
        let path = path.to_owned();
        move |source| TlsError::Read { path, source }
    };
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(&chain_path)
        .and_then(Iterator::collect)
        .map_err(unreadable(&chain_path))?;
    let key = PrivateKeyDer::from_pem_file(&key_path).map_err(unreadable(&key_path))?;
    build(chain, key).map_err(|source| TlsError::Use { path: folder.to_owned(), source })
}

fn build(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<Arc<ServerConfig>, rustls::Error> {
    // The provider is named: with two of them in one build, the default would be a guess.
    let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.ticketer = Ticketer::new()?;
    Ok(Arc::new(config))
}
