//! Who may send to whom: a pure decision over settings, so that it can be tested by table.

use std::collections::HashSet;
use std::net::IpAddr;

use mail::{Address, Direction, Domain, Listener, Reply};
use schema::DomainPattern;

use crate::settings::{ConnectionControl, Receiving};

/// What is known of a client once it has connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    listener: Listener,
    permitted: bool,
}

/// The domains that are ours, so that one look-up is as cheap among 100,000 as among one.
#[derive(Debug, Default)]
pub struct OwnDomains {
    exact: HashSet<String>,
    parents: HashSet<String>,
    host: Option<Domain>,
}

impl OwnDomains {
    /// The relay domains and the name of this host.
    #[must_use]
    pub fn of(settings: &Receiving) -> Self {
        let mut own = OwnDomains { host: settings.host_name.parse().ok(), ..OwnDomains::default() };
        for pattern in &settings.relay_domains {
            match pattern {
                DomainPattern::Exact(domain) => own.exact.insert(domain.to_string()),
                DomainPattern::Below(domain) => own.parents.insert(domain.to_string()),
            };
        }
        own
    }

    /// Whether mail to this address comes to us. Every host takes mail for its own postmaster
    /// (RFC 5321 section 4.5.1).
    #[must_use]
    pub fn hold(&self, recipient: &Address) -> bool {
        let domain = recipient.domain();
        self.exact.contains(domain.as_str())
            || self.below_one_of_ours(domain.as_str())
            || self.host.as_ref() == Some(domain)
                && recipient.local().eq_ignore_ascii_case("postmaster")
    }

    fn below_one_of_ours(&self, domain: &str) -> bool {
        let mut rest = domain;
        while !self.parents.is_empty()
            && let Some((_, parent)) = rest.split_once('.')
        {
            if self.parents.contains(parent) {
                return true;
            }
            rest = parent;
        }
        false
    }
}

/// Whether this client may connect at all.
///
/// # Errors
/// The reply with which it is turned away.
pub fn connection(settings: &Receiving, client: IpAddr) -> Result<(), Reply> {
    let listed = settings.connection_list.iter().any(|network| network.contains(client));
    let welcome = match settings.connection_control {
        ConnectionControl::AcceptAllExcept => !listed,
        ConnectionControl::DenyAllExcept => listed,
    };
    if welcome { Ok(()) } else { Err(denied()) }
}

fn denied() -> Reply {
    Reply::coded(554, 5, 7, 1, "This client may not connect here")
}

impl Standing {
    /// The standing of a client at a listener.
    #[must_use]
    pub fn of(settings: &Receiving, listener: Listener, client: IpAddr) -> Self {
        let permitted = settings.permitted_senders.iter().any(|network| network.contains(client));
        Standing { listener, permitted }
    }

    /// Which way its mail goes.
    #[must_use]
    pub fn direction(self) -> Direction {
        if self.permitted { Direction::Outgoing } else { Direction::Incoming }
    }

    /// Whether it may begin a message. The submission ports are for permitted senders alone.
    ///
    /// # Errors
    /// The reply that refuses MAIL.
    pub fn sender(self) -> Result<(), Reply> {
        if self.permitted || self.listener == Listener::Smtp {
            Ok(())
        } else {
            Err(Reply::coded(530, 5, 7, 0, "This port is for permitted senders only"))
        }
    }

    /// Whether it may send to this recipient.
    ///
    /// # Errors
    /// The reply that refuses RCPT.
    pub fn recipient(self, own: &OwnDomains, recipient: &Address) -> Result<(), Reply> {
        if self.permitted || own.hold(recipient) {
            return Ok(());
        }
        let domain = recipient.domain();
        Err(Reply::coded(550, 5, 7, 1, &format!("Relaying to {domain} is denied")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use schema::Network;

    fn settings() -> Receiving {
        Receiving {
            relay_domains: DomainPattern::list(&["example.test", "*.branch.test"]),
            permitted_senders: Network::list(&["127.0.0.0/8", "10.1.0.0/16", "2001:db8::/32"]),
            ..Receiving::default()
        }
    }

    fn code(listener: Listener, client: &str, recipient: &str) -> u16 {
        let settings = settings();
        let standing = Standing::of(&settings, listener, client.parse().unwrap());
        let result = standing.sender().and_then(|()| {
            standing.recipient(&OwnDomains::of(&settings), &recipient.parse().unwrap())
        });
        result.map_or_else(|reply| reply.code(), |()| 250)
    }

    #[test]
    fn strangers_reach_our_domains_only() {
        let cases = [
            ("192.0.2.1", "ann@example.test", 250),
            ("192.0.2.1", "ann@EXAMPLE.TEST", 250),
            ("192.0.2.1", "ann@a.branch.test", 250),
            ("192.0.2.1", "ann@b.a.branch.test", 250),
            ("192.0.2.1", "ann@xbranch.test", 550),
            ("192.0.2.1", "ann@branch.test.other.test", 550),
            ("192.0.2.1", "ann@branch.test", 550),
            ("192.0.2.1", "ann@sub.example.test", 550),
            ("192.0.2.1", "ann@other.test", 550),
            ("192.0.2.1", "ann@badexample.test", 550),
            ("192.0.2.1", "ann@[127.0.0.1]", 550),
            ("192.0.2.1", "\"ann@other.test\"@example.test", 250),
            ("192.0.2.1", "ann%other.test@example.test", 250),
            ("192.0.2.1", "postmaster@gatepost.example.test", 250),
            ("192.0.2.1", "ann@gatepost.example.test", 550),
            ("10.2.0.1", "ann@other.test", 550),
            ("2001:db9::1", "ann@other.test", 550),
        ];
        for (client, recipient, expected) in cases {
            assert_eq!(code(Listener::Smtp, client, recipient), expected, "{client} {recipient}");
        }
    }

    #[test]
    fn permitted_senders_reach_everybody() {
        for client in ["127.0.0.1", "10.1.2.3", "2001:db8::7", "::ffff:10.1.2.3"] {
            assert_eq!(code(Listener::Smtp, client, "ann@other.test"), 250, "{client}");
        }
    }

    #[test]
    fn submission_is_for_permitted_senders() {
        for listener in [Listener::Submission, Listener::Submissions] {
            assert_eq!(code(listener, "192.0.2.1", "ann@example.test"), 530);
            assert_eq!(code(listener, "10.1.0.1", "ann@other.test"), 250);
        }
    }

    #[test]
    fn the_connection_list_works_both_ways() {
        let list = Network::list(&["192.0.2.0/24", "2001:db8::/32"]);
        let mut settings = Receiving { connection_list: list, ..Receiving::default() };
        let allowed = |settings: &Receiving, client: &str| {
            connection(settings, client.parse().unwrap()).is_ok()
        };
        assert!(!allowed(&settings, "192.0.2.9"));
        assert!(!allowed(&settings, "2001:db8::9"));
        assert!(allowed(&settings, "198.51.100.1"));
        settings.connection_control = ConnectionControl::DenyAllExcept;
        assert!(allowed(&settings, "192.0.2.9"));
        assert!(!allowed(&settings, "198.51.100.1"));
    }

    #[test]
    fn a_refusal_cannot_be_used_to_break_a_line() {
        let settings = settings();
        let client = "192.0.2.1".parse().unwrap();
        let standing = Standing::of(&settings, Listener::Smtp, client);
        let own = OwnDomains::of(&settings);
        let reply = standing.recipient(&own, &"a@other.test".parse().unwrap()).unwrap_err();
        assert_eq!(reply.to_string(), "550 5.7.1 Relaying to other.test is denied");
    }
}
