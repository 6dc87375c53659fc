//! The settings sections `routing` and `retry`.

use schema::{DomainPattern, Problem};

schema::choice! {
    /// How the next hop of a route is found.
    pub enum Method {
        /// The servers listed, lowest preference first, random among equals.
        Servers = "servers",
        /// The MX records of `mx_name`, or of the recipient's domain when that is empty.
        Mx = "mx",
        /// A Maildir in the folder `delivered` of the state folder (for trying things out).
        Maildir = "maildir",
    }
}

schema::choice! {
    /// TLS towards the next hop.
    pub enum TlsPolicy {
        /// Never.
        None = "none",
        /// Where it is offered; certificates are not verified.
        Opportunistic = "opportunistic",
        /// Always; certificates are not verified.
        Must = "must",
        /// Always, with a certificate that the system's roots vouch for.
        Verify = "verify",
    }
}

schema::table! {
    /// One server of a route.
    pub struct RouteServer {
        /// Host name or address.
        pub host: String = String::new(), in 1..=255,
        /// TCP port.
        pub port: u16 = 25, in 1..=65_535,
        /// Lower is tried first.
        pub preference: u16 = 10,
    }
}

schema::table! {
    /// Where mail for some recipients goes.
    pub struct Route {
        /// Recipients: a full address, a domain, or `*.domain` for its subdomains. The most exact
        /// entry wins, whatever the order.
        pub recipients: String = String::new(), in 1..=320,
        /// How the next hop is found.
        pub method: Method = Method::Servers,
        /// For `servers`: the servers.
        pub servers: Vec<RouteServer> = Vec::new(), in 0..=100,
        /// For `mx`: the name to look up; empty for the recipient's domain.
        pub mx_name: String = String::new(), in 0..=255,
        /// For `mx`: the port to connect to.
        pub port: u16 = 25, in 1..=65_535,
        /// TLS.
        pub tls: TlsPolicy = TlsPolicy::Opportunistic,
        /// Most connections to this destination at a time.
        pub connections: u32 = 10, in 1..=1000,
    }
}

schema::settings! {
    /// Where mail goes. Without any route, mail for the demo domain `example.test` goes to a
    /// Maildir in the folder `delivered` of the state folder.
    pub struct Routing = "routing", touches Live, checked by check_routing {
        /// Routes by recipient.
        pub routes: Vec<Route> = Vec::new(), in 0..=100_000,
        /// Where all other mail goes: these servers (smart hosts), or MX records when empty.
        pub smart_hosts: Vec<RouteServer> = Vec::new(), in 0..=100,
        /// TLS where no route says otherwise.
        pub tls: TlsPolicy = TlsPolicy::Opportunistic,
        /// Most connections to one destination at a time, where no route says otherwise.
        pub connections: u32 = 10, in 1..=1000,
    }
}

schema::settings! {
    /// How often and how long delivery is tried.
    pub struct Retry = "retry", touches Live, checked by check_retry {
        /// Waits between attempts in seconds; the last one repeats. Each varies by 10 %.
        pub waits_seconds: Vec<u64> = vec![300, 600, 1200, 1800, 3600], in 1..=50,
        /// Time after which mail is given up, in seconds.
        pub lifetime_seconds: u64 = 432_000, in 60..=2_592_000,
        /// The same for notices (null sender), in seconds.
        pub notice_lifetime_seconds: u64 = 86_400, in 60..=2_592_000,
        /// Time after which the sender is told of a delay, in seconds; 0 for never.
        pub delay_notice_seconds: u64 = 14_400, in 0..=2_592_000,
        /// Time that mail which cannot be scanned (no scanner answers) is kept before it counts as
        /// unscannable, in seconds.
        pub scan_patience_seconds: u64 = 1800, in 1..=86_400,
        /// Age of the oldest mail waiting for a scan at which new mail is put off with a 452, in
        /// seconds.
        pub scan_backlog_seconds: u64 = 600, in 1..=86_400,
        /// Wall time that one scan may take before its worker is killed, in seconds.
        pub scan_wall_seconds: u64 = 30, in 1..=600,
    }
}

fn check_routing(routing: &Routing) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (number, route) in routing.routes.iter().enumerate() {
        if !is_route_key(&route.recipients) {
            problems.push(Problem::new(
                format!("routes.{number}.recipients"),
                format!("{:?} is no address, no domain and no *.domain", route.recipients),
                "write ann@example.test, example.test or *.example.test",
            ));
        }
        if route.method == Method::Servers && route.servers.is_empty() {
            problems.push(Problem::new(
                format!("routes.{number}.servers"),
                "the route has no server, so its mail could not go anywhere",
                "name at least one server, or choose the method mx",
            ));
        }
    }
    problems
}

fn is_route_key(text: &str) -> bool {
    text.parse::<mail::Address>().is_ok() || text.parse::<DomainPattern>().is_ok()
}

fn check_retry(retry: &Retry) -> Vec<Problem> {
    let bad = |seconds: &u64| *seconds == 0 || *seconds > crate::limits::WAIT_SECONDS;
    let places = retry.waits_seconds.iter().enumerate().filter(|(_, seconds)| bad(seconds));
    places
        .map(|(place, seconds)| {
            Problem::new(
                format!("waits_seconds.{place}"),
                format!("a wait of {seconds} seconds is outside 1 to 86400"),
                "name waits between one second and one day",
            )
        })
        .collect()
}
