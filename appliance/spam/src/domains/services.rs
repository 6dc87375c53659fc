//! Services that stand between a name and its owner: shorteners, free hosting, senders for others.

use std::sync::LazyLock;

use super::{endings, lines};
use crate::word_list::{FixedMap, FixedSet};

/// What a service does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Service {
    /// Short addresses that lead elsewhere.
    Shortener,
    /// Hosting and development platforms that give hosts to anybody.
    Hosting,
    /// Object storage.
    Storage,
    /// Gateways to content that nobody can take down.
    Ipfs,
    /// Tunnels to somebody's own machine.
    Tunnel,
    /// Dynamic DNS.
    Dynamic,
    /// Site builders and publishing platforms.
    Builder,
    /// Forms.
    Form,
    /// Files and documents that are shared.
    Share,
    /// Chats that take over from mail.
    Chat,
    /// Sends and tracks for others.
    Mailer,
    /// Well-known sites that anybody links to.
    Site,
    /// Rewrites links for a gateway.
    Wrapper,
    /// Redirects anybody to anywhere.
    Redirector,
    /// Delivers pictures and styles for others.
    Delivery,
}

impl Service {
    /// Whether what a link shows there is written by anybody who takes the free account.
    #[must_use]
    pub fn is_hosting(self) -> bool {
        self.hosting() > 0.0
    }

    /// How rarely honest mail wants a click on such a host, 0 to 1.
    #[must_use]
    pub fn hosting(self) -> f32 {
        match self {
            Service::Ipfs | Service::Tunnel => 1.0,
            Service::Storage | Service::Hosting => 0.9,
            Service::Dynamic => 0.8,
            Service::Builder => 0.7,
            Service::Form => 0.5,
            Service::Share => 0.3,
            _ => 0.0,
        }
    }

    fn of_word(word: &str) -> Option<Service> {
        Some(match word {
            "short" => Service::Shortener,
            "hosting" => Service::Hosting,
            "storage" => Service::Storage,
            "ipfs" => Service::Ipfs,
            "tunnel" => Service::Tunnel,
            "dynamic" => Service::Dynamic,
            "builder" => Service::Builder,
            "form" => Service::Form,
            "share" => Service::Share,
            "chat" => Service::Chat,
            "mailer" => Service::Mailer,
            "site" => Service::Site,
            "wrap" => Service::Wrapper,
            "open" => Service::Redirector,
            "cdn" => Service::Delivery,
            _ => return None,
        })
    }

    /// What it is, in words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Service::Shortener => "a link shortener",
            Service::Hosting => "free hosting",
            Service::Storage => "cloud storage",
            Service::Ipfs => "an IPFS gateway",
            Service::Tunnel => "a tunnel",
            Service::Dynamic => "dynamic DNS",
            Service::Builder => "a site builder",
            Service::Form => "a form builder",
            Service::Share => "file sharing",
            Service::Chat => "a chat",
            Service::Mailer => "a mailing service",
            Service::Site => "a well-known site",
            Service::Wrapper => "a link scanner",
            Service::Redirector => "a redirector",
            Service::Delivery => "a delivery network",
        }
    }
}

/// Hosts, and hosts with the begin of a path.
static SERVICES: LazyLock<FixedMap<&str, Service>> = LazyLock::new(|| {
    let mut all = FixedMap::default();
    for line in lines(include_str!("services.txt")) {
        let mut words = line.split_whitespace();
        let Some(service) = words.next().and_then(Service::of_word) else { continue };
        for host in words {
            // A site stands in several lines; the first says what matters most of it.
            all.entry(host).or_insert(service);
        }
    }
    all
});

/// Redirectors, which are something else beside.
static REDIRECTORS: LazyLock<FixedSet<&str>> = LazyLock::new(|| {
    let redirectors =
        lines(include_str!("services.txt")).filter_map(|line| line.strip_prefix("open "));
    redirectors.flat_map(str::split_whitespace).collect()
});

/// The service of a host and of its path, the longest name first.
pub(crate) fn service(host: &str, path: &str) -> Option<Service> {
    let first = path.split(['/', '?']).find(|one| !one.is_empty()).unwrap_or_default();
    let is_form = matches!(first, "forms" | "viewform") && SERVICES.contains_key(host);
    if is_form {
        let with_path = [host, "/", first].concat();
        if let Some(service) = SERVICES.get(with_path.as_str()) {
            return Some(*service);
        }
    }
    endings(host).find_map(|end| SERVICES.get(end)).copied()
}

/// Whether a host is known to redirect anybody to anywhere.
pub(crate) fn is_redirector(host: &str) -> bool {
    endings(host).any(|end| REDIRECTORS.contains(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_are_known_by_host_and_by_path() {
        for (host, path, known) in [
            ("bit.ly", "/x", Some(Service::Shortener)),
            ("pub-1.r2.dev", "/", Some(Service::Storage)),
            ("x.pages.dev", "", Some(Service::Hosting)),
            ("u1.ct.sendgrid.net", "/ls", Some(Service::Mailer)),
            ("docs.google.com", "/forms/d/e/1", Some(Service::Form)),
            ("docs.google.com", "/document/d/1", Some(Service::Share)),
            ("eur01.safelinks.protection.outlook.com", "/", Some(Service::Wrapper)),
            ("notbit.ly", "/", None),
            ("example.com", "/forms", None),
        ] {
            assert_eq!(service(host, path), known, "{host}{path}");
        }
    }

    #[test]
    fn every_line_of_the_table_has_a_kind() {
        for line in lines(include_str!("services.txt")) {
            let kind = line.split_whitespace().next().unwrap();
            assert!(Service::of_word(kind).is_some(), "{line}");
        }
        assert!(is_redirector("www.google.com") && !is_redirector("example.com"));
    }
}
