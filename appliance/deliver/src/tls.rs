//! TLS towards next hops: rustls with ring.
//!
//! Two ways: *unverified*, which encrypts against listeners on the wire and accepts whatever
//! certificate is shown (RFC 7435: opportunistic security; most mail hosts have no name-matching
//! certificate), and *verified* against trusted roots.

use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio_rustls::TlsConnector;

use crate::limits;

/// Why TLS cannot be used at all.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TlsError {
    /// The library refuses its own defaults.
    #[error("TLS could not be set up")]
    SetUp(#[from] rustls::Error),
}

/// The two connectors.
#[derive(Clone)]
pub(crate) struct Tls {
    unverified: TlsConnector,
    verified: TlsConnector,
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Tls")
    }
}

impl Tls {
    pub(crate) fn new(roots: RootCertStore) -> Result<Self, TlsError> {
        let provider = Arc::new(ring::default_provider());
        let verified = builder(&provider)?.with_root_certificates(roots).with_no_client_auth();
        let any = Arc::new(AnyCertificate {
            schemes: provider.signature_verification_algorithms.supported_schemes(),
        });
        let unverified = builder(&provider)?
            .dangerous()
            .with_custom_certificate_verifier(any)
            .with_no_client_auth();
        Ok(Tls {
            unverified: TlsConnector::from(Arc::new(unverified)),
            verified: TlsConnector::from(Arc::new(verified)),
        })
    }

    pub(crate) fn connector(&self, verify: bool) -> &TlsConnector {
        if verify { &self.verified } else { &self.unverified }
    }
}

fn builder(
    provider: &Arc<CryptoProvider>,
) -> Result<rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier>, TlsError> {
    Ok(ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()?)
}

/// The trusted roots in a PEM file. A file that is missing or damaged gives none, said aloud: routes
/// that demand verification then wait instead of trusting anybody.
pub(crate) fn load_roots(file: &Path) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    match read_bounded(file) {
        Ok(pem) => {
            let certificates = CertificateDer::pem_slice_iter(&pem).filter_map(Result::ok);
            let (added, ignored) = roots.add_parsable_certificates(certificates);
            tracing::debug!(added, ignored, file = %file.display(), "trusted certificates read");
        }
        Err(error) => {
            tracing::warn!(%error, file = %file.display(), "trusted certificates cannot be read; routes with verified TLS will wait");
        }
    }
    roots
}

fn read_bounded(file: &Path) -> std::io::Result<Vec<u8>> {
    let mut pem = Vec::new();
    std::fs::File::open(file)?.take(limits::CERTIFICATES_OCTETS).read_to_end(&mut pem)?;
    Ok(pem)
}

/// Accepts every certificate. Signatures are not checked either: without a name to hold the peer to
/// they prove nothing, and checking them would only turn away hosts with odd certificates, whose
/// mail would then go in clear text.
#[derive(Debug)]
struct AnyCertificate {
    schemes: Vec<SignatureScheme>,
}

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.schemes.clone()
    }
}

/// Version and cipher in the words of the record.
pub(crate) fn facts(connection: &rustls::ClientConnection) -> Option<mail::TlsFacts> {
    let version = match connection.protocol_version()? {
        rustls::ProtocolVersion::TLSv1_2 => "TLSv1.2".to_owned(),
        rustls::ProtocolVersion::TLSv1_3 => "TLSv1.3".to_owned(),
        other => format!("{other:?}"),
    };
    let suite = connection.negotiated_cipher_suite()?.suite();
    // rustls writes TLS13_ where IANA's name says TLS_.
    let cipher = suite.as_str().unwrap_or("unknown").replacen("TLS13_", "TLS_", 1);
    Some(mail::TlsFacts { version, cipher })
}
