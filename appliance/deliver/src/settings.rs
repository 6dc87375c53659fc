//! The settings of delivery.

use std::net::{IpAddr, SocketAddr};

use schema::Problem;

schema::settings! {
    /// How connections to next hops are made and kept.
    pub struct DeliveryConnections = "delivery_connections", touches Live {
        /// Longest wait for a connection to one address of a next hop.
        pub connect_timeout_seconds: u32 = 30, in 1..=300,
        /// Longest wait for the greeting and for the reply to a command. RFC 5321 section 4.5.3.2
        /// asks for 300; less may cut off slow but honest hosts.
        pub command_timeout_seconds: u32 = 300, in 10..=1800,
        /// How long a connection is kept open for the next message.
        pub idle_seconds: u32 = 20, in 0..=300,
        /// Messages sent over one connection before it is closed. Large receivers dislike more than
        /// a few hundred.
        pub messages_per_connection: u32 = 100, in 1..=10_000,
        /// File with the certificates (PEM) that are trusted where a route demands verified TLS.
        pub trusted_certificates: String = "/etc/ssl/certs/ca-certificates.crt".to_owned(), in 0..=4096,
    }
}

schema::settings! {
    /// How names are looked up.
    pub struct Dns = "dns", touches Live, checked by check_servers {
        /// Addresses of name servers, each with or without a port. Empty: those of the system.
        pub servers: Vec<String> = Vec::new(), in 0..=8,
        /// Longest wait for one answer.
        pub timeout_seconds: u32 = 5, in 1..=60,
        /// How often a question is put before the look-up is given up for now.
        pub attempts: u32 = 2, in 1..=5,
    }
}

/// A name server as written in the settings: an address, or an address with a port.
#[must_use]
pub fn name_server(text: &str) -> Option<SocketAddr> {
    let text = text.trim();
    let bare = text.parse::<IpAddr>().ok().map(|address| SocketAddr::new(address, 53));
    bare.or_else(|| text.parse().ok())
}

fn check_servers(dns: &Dns) -> Vec<Problem> {
    let wrong = dns.servers.iter().enumerate().filter(|(_, text)| name_server(text).is_none());
    wrong
        .map(|(index, text)| {
            Problem::new(
                format!("servers.{index}"),
                format!("{text:?} is no address of a name server."),
                "Give an IP address such as 192.0.2.53 or [2001:db8::53]:5353.",
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_servers_are_read_with_and_without_port() {
        for (text, read) in [
            ("192.0.2.53", "192.0.2.53:53"),
            (" 192.0.2.53:5353 ", "192.0.2.53:5353"),
            ("2001:db8::53", "[2001:db8::53]:53"),
            ("[2001:db8::53]:5353", "[2001:db8::53]:5353"),
        ] {
            assert_eq!(name_server(text), Some(read.parse().unwrap()));
        }
        assert_eq!(name_server("ns.example.test"), None);
    }

    #[test]
    fn a_wrong_name_server_is_told_with_its_place() {
        let dns = Dns { servers: vec!["192.0.2.1".into(), "nonsense".into()], ..Dns::default() };
        let problems = check_servers(&dns);
        assert_eq!(problems.len(), 1);
        assert_eq!(problems[0].path, "servers.1");
    }
}
