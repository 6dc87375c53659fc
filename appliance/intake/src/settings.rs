//! What the administrator decides about receiving, as one section.

use schema::{DomainPattern, Network, Problem};

schema::choice! {
    /// Which clients may connect at all.
    pub enum ConnectionControl {
        /// Everybody but those on the list.
        AcceptAllExcept = "accept_all_except",
        /// Nobody but those on the list.
        DenyAllExcept = "deny_all_except",
    }
}

schema::settings! {
    /// How mail is accepted from the network.
    pub struct Receiving = "receiving", touches Live, checked by problems {
        /// Name of this host in the greeting, in EHLO and in Received lines.
        pub host_name: String = "gatepost.example.test".to_owned(), in 1..=255,
        /// Text after the name in the greeting. Say neither product nor version here.
        pub greeting_text: String = String::new(), in 0..=200,
        /// Recipient domains that are ours. Mail to any other domain is accepted from permitted
        /// senders only.
        pub relay_domains: Vec<DomainPattern> = DomainPattern::list(&["example.test"]), in 0..=100_000,
        /// Hosts and networks that may send to anywhere.
        pub permitted_senders: Vec<Network> = Network::list(&["127.0.0.0/8", "::1"]), in 0..=10_000,
        /// Whether the connection list names those who may not connect, or those who alone may.
        pub connection_control: ConnectionControl = ConnectionControl::AcceptAllExcept,
        /// The connection list. A denied client gets 554 when it connects.
        pub connection_list: Vec<Network> = Vec::new(), in 0..=100_000,
        /// Largest message accepted, as received in DATA. 0 = no limit but the disk reserve.
        pub maximum_message_bytes: u64 = 52_428_800, in 0..=4_294_967_295,
        /// Recipients of one message; more get 452, so that the client sends the rest separately.
        /// 0 = 99,999.
        pub maximum_recipients: u32 = 2000, in 0..=99_999,
        /// Messages in one connection. 0 = no limit.
        pub maximum_messages_per_connection: u32 = 100, in 0..=1_000_000,
        /// Connections at the same time. 0 = no limit.
        pub maximum_connections: u32 = 1000, in 0..=50_000,
        /// Connections at the same time from one client: an IPv4 address, or an IPv6 network of 64
        /// bits. 0 = no limit.
        pub maximum_connections_per_client: u32 = 50, in 0..=50_000,
        /// A connection that says nothing for so long is closed.
        pub idle_timeout_seconds: u32 = 300, in 1..=3600,
        /// A connection that lasts so long is closed, whatever it does.
        pub total_timeout_seconds: u32 = 1800, in 10..=86_400,
        /// Refused commands before a connection is closed. 0 = no limit.
        pub maximum_errors: u32 = 20, in 0..=10_000,
        /// Received lines in a message before it counts as looping.
        pub maximum_received_headers: u32 = 50, in 1..=1000,
        /// How long a client waits for the verdict. What policy refuses within this time is refused
        /// in the session; what is judged later is accepted, kept and judged then. 0 = always accept
        /// first.
        pub in_session_budget_seconds: u32 = 25, in 0..=300,
        /// Room on the disk that is kept free: below it new mail gets 452, and everything accepted
        /// already goes on. 0 = 5 % of the disk, at most 2 GiB.
        pub disk_reserve_bytes: u64 = 0, in 0..=1_125_899_906_842_624, touches Restart("intake"),
        /// Close connections that speak before the greeting, as spam programs do.
        pub refuse_early_talkers: bool = true,
        /// Offer STARTTLS on port 25.
        pub offer_starttls: bool = true,
        /// Serve port 25: mail from other servers.
        pub smtp_enabled: bool = true,
        /// Serve port 465: submission under TLS, for permitted senders.
        pub submissions_enabled: bool = true,
        /// Serve port 587: submission with STARTTLS, for permitted senders.
        pub submission_enabled: bool = true,
    }
}

/// What the kinds cannot say: the host name must be a name, and nobody may permit the whole world.
fn problems(receiving: &Receiving) -> Vec<Problem> {
    let mut problems = Vec::new();
    if receiving.host_name.parse::<mail::Domain>().is_err() || !receiving.host_name.is_ascii() {
        problems.push(Problem::new(
            "host_name",
            "This is not a host name.",
            "Give the full name that other servers find in DNS, for example mail.example.com.",
        ));
    }
    for (index, network) in receiving.permitted_senders.iter().enumerate() {
        if network.prefix() == 0 {
            problems.push(Problem::new(
                format!("permitted_senders.{index}"),
                "This permits the whole internet to send through this host.",
                "Name the hosts and networks that belong to you.",
            ));
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_have_no_problem_and_every_field_has_help() {
        let tree = schema::Tree::new().with::<Receiving>();
        assert!(tree.faults().is_empty(), "{:?}", tree.faults());
        assert!(problems(&Receiving::default()).is_empty());
    }

    #[test]
    fn an_open_relay_and_a_bad_name_are_problems() {
        let receiving = Receiving {
            host_name: "not a name".to_owned(),
            permitted_senders: Network::list(&["10.0.0.0/8", "0.0.0.0/0", "::/0"]),
            ..Receiving::default()
        };
        assert_eq!(problems(&receiving).len(), 3);
    }
}
