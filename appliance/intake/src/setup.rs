//! Settings made ready for use: what every connection shares until the next change.

use std::path::Path;
use std::sync::Arc;

use mail::{Address, Listener};
use rustls::ServerConfig;
use schema::DomainPattern;
use smtp::server::{Rules, StartTls};

use crate::limits;
use crate::relay::OwnDomains;
use crate::settings::Receiving;
use crate::tls;

/// One revision of the settings. A connection keeps the one it began with.
#[derive(Debug)]
pub struct Setup {
    /// The settings.
    pub settings: Receiving,
    /// The domains that are ours.
    pub own_domains: OwnDomains,
    /// TLS, where certificate and key are there.
    pub tls: Option<Arc<ServerConfig>>,
    smtp: Arc<Rules>,
    submissions: Arc<Rules>,
    submission: Arc<Rules>,
}

impl Setup {
    /// Makes settings ready and reads the certificate in `tls_folder`.
    #[must_use]
    pub fn new(settings: Receiving, tls_folder: &Path) -> Self {
        let tls = match tls::load(tls_folder) {
            Ok(config) => Some(config),
            Err(error) => {
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                tracing::warn!(%error, ?cause, "TLS is not offered");
                None
            }
        };
        let optional = if tls.is_some() && settings.offer_starttls {
            StartTls::Offered
        } else {
            StartTls::Off
        };
        Setup {
            smtp: Arc::new(rules(&settings, optional)),
            submissions: Arc::new(rules(&settings, StartTls::Off)),
            submission: Arc::new(rules(&settings, StartTls::Required)),
            own_domains: OwnDomains::of(&settings),
            tls,
            settings,
        }
    }

    /// The rules of a listener.
    #[must_use]
    pub fn rules(&self, listener: Listener) -> Arc<Rules> {
        match listener {
            Listener::Submissions => self.submissions.clone(),
            Listener::Submission => self.submission.clone(),
            Listener::Smtp | Listener::Internal => self.smtp.clone(),
        }
    }

    /// Whether a listener is served. Without a certificate the submission ports are not: a password
    /// or a draft must not travel in clear.
    #[must_use]
    pub fn serves(&self, listener: Listener) -> bool {
        match listener {
            Listener::Smtp => self.settings.smtp_enabled,
            Listener::Submissions => self.settings.submissions_enabled && self.tls.is_some(),
            Listener::Submission => self.settings.submission_enabled && self.tls.is_some(),
            Listener::Internal => false,
        }
    }
}

fn rules(settings: &Receiving, start_tls: StartTls) -> Rules {
    Rules {
        host_name: settings.host_name.clone(),
        greeting: settings.greeting_text.clone(),
        maximum_size: settings.maximum_message_bytes,
        maximum_recipients: bounded_recipients(settings.maximum_recipients),
        maximum_messages: settings.maximum_messages_per_connection,
        maximum_errors: settings.maximum_errors,
        start_tls,
        postmaster: postmaster(settings),
    }
}

/// "No limit" is what fits the memory of one connection.
fn bounded_recipients(wish: u32) -> u32 {
    if wish == 0 { limits::RECIPIENTS } else { wish.min(limits::RECIPIENTS) }
}

/// Mail to `<Postmaster>` without a domain goes to the postmaster of our first domain.
fn postmaster(settings: &Receiving) -> Option<Address> {
    let domain = settings.relay_domains.iter().find_map(|pattern| match pattern {
        DomainPattern::Exact(domain) => Some(domain.clone()),
        DomainPattern::Below(_) => None,
    })?;
    Address::new("postmaster", domain).ok()
}
