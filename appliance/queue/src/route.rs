//! From a recipient to its destination: the most exact route wins.

use std::collections::HashMap;

use ipc::contracts::{NextHop, Server, TlsUse};
use mail::{Address, Domain};

use crate::settings::{Method, Route, RouteServer, Routing, TlsPolicy};

/// Where mail goes, with what TLS, and how much of it at a time. Mail with an equal destination
/// shares connections, attempts and back-off.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Destination {
    /// The next hop.
    pub next_hop: NextHop,
    /// TLS.
    pub tls: TlsUse,
    /// Most attempts at a time.
    pub connections: u32,
}

impl Destination {
    /// The destination in words, as queue listings show it.
    #[must_use]
    pub fn name(&self) -> String {
        match &self.next_hop {
            NextHop::Mx { domain, port: 25 } => domain.clone(),
            NextHop::Mx { domain, port } => format!("{domain}:{port}"),
            NextHop::Servers(servers) => {
                let first = servers.iter().min_by_key(|server| server.preference);
                first.map_or(String::new(), |server| format!("{}:{}", server.host, server.port))
            }
            NextHop::Maildir => "maildir".to_owned(),
        }
    }
}

/// The routes of one settings revision, ready for look-ups.
#[derive(Debug, Clone, Default)]
pub struct Routes {
    addresses: HashMap<String, Route>,
    domains: HashMap<String, Route>,
    /// Keyed by the domain below which they hold.
    subdomains: HashMap<String, Route>,
    rest: Routing,
}

/// The domain whose mail goes to a Maildir while no route is set.
const DEMO_DOMAIN: &str = "example.test";

impl Routes {
    /// Sorts the routes by kind of key.
    #[must_use]
    pub fn new(routing: &Routing) -> Self {
        let mut routes = Routes { rest: routing.clone(), ..Routes::default() };
        for route in &routing.routes {
            let key = route.recipients.to_lowercase();
            let (map, key) = if key.contains('@') {
                (&mut routes.addresses, key)
            } else if let Some(below) = key.strip_prefix("*.") {
                (&mut routes.subdomains, below.to_owned())
            } else {
                (&mut routes.domains, key)
            };
            // Of two equal keys the first one holds.
            map.entry(key).or_insert_with(|| route.clone());
        }
        routes
    }

    /// Where mail for this recipient goes.
    #[must_use]
    pub fn look_up(&self, recipient: &Address) -> Destination {
        match self.route(recipient) {
            Some(route) => by_route(route, recipient.domain()),
            None => self.by_default(recipient.domain()),
        }
    }

    fn route(&self, recipient: &Address) -> Option<&Route> {
        let domain = recipient.domain().as_str();
        if let Some(route) = self.addresses.get(&recipient.to_string().to_lowercase()) {
            return Some(route);
        }
        if let Some(route) = self.domains.get(domain) {
            return Some(route);
        }
        let mut rest = domain;
        while let Some((_, parent)) = rest.split_once('.') {
            if let Some(route) = self.subdomains.get(parent) {
                return Some(route);
            }
            rest = parent;
        }
        None
    }

    fn by_default(&self, domain: &Domain) -> Destination {
        let next_hop = if self.rest.routes.is_empty() && domain.as_str() == DEMO_DOMAIN {
            NextHop::Maildir
        } else if self.rest.smart_hosts.is_empty() {
            NextHop::Mx { domain: domain.as_str().to_owned(), port: 25 }
        } else {
            NextHop::Servers(servers(&self.rest.smart_hosts))
        };
        let (tls, connections) = (tls_use(self.rest.tls), self.rest.connections);
        Destination { next_hop, tls, connections }
    }
}

fn by_route(route: &Route, domain: &Domain) -> Destination {
    let next_hop = match route.method {
        Method::Servers => NextHop::Servers(servers(&route.servers)),
        Method::Maildir => NextHop::Maildir,
        Method::Mx => {
            let name = if route.mx_name.is_empty() { domain.as_str() } else { &route.mx_name };
            NextHop::Mx { domain: name.to_owned(), port: route.port }
        }
    };
    Destination { next_hop, tls: tls_use(route.tls), connections: route.connections }
}

fn servers(servers: &[RouteServer]) -> Vec<Server> {
    let server = |server: &RouteServer| Server {
        host: server.host.clone(),
        port: server.port,
        preference: server.preference,
    };
    servers.iter().map(server).collect()
}

fn tls_use(policy: TlsPolicy) -> TlsUse {
    match policy {
        TlsPolicy::None => TlsUse::Never,
        TlsPolicy::Opportunistic => TlsUse::Opportunistic,
        TlsPolicy::Must => TlsUse::Required,
        TlsPolicy::Verify => TlsUse::Verified,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to(host: &str, recipients: &str) -> Route {
        let server = RouteServer { host: host.into(), ..RouteServer::default() };
        Route { recipients: recipients.into(), servers: vec![server], ..Route::default() }
    }

    fn routes() -> Routes {
        Routes::new(&Routing {
            routes: vec![
                to("sub", "*.example.test"),
                to("deep", "*.b.example.test"),
                to("domain", "Example.test"),
                to("ann", "ann@example.test"),
                Route { method: Method::Mx, mx_name: "mx.other.test".into(), ..to("", "mx.test") },
            ],
            ..Routing::default()
        })
    }

    fn name(address: &str) -> String {
        routes().look_up(&address.parse().unwrap()).name()
    }

    #[test]
    fn the_most_exact_route_wins() {
        assert_eq!(name("Ann@example.test"), "ann:25");
        assert_eq!(name("bob@example.test"), "domain:25");
        assert_eq!(name("bob@a.example.test"), "sub:25");
        assert_eq!(name("bob@a.b.example.test"), "deep:25");
        assert_eq!(name("bob@b.example.test"), "sub:25");
    }

    #[test]
    fn a_named_mx_and_the_default() {
        assert_eq!(name("x@mx.test"), "mx.other.test");
        assert_eq!(name("x@elsewhere.test"), "elsewhere.test");
        let smart = Routing {
            smart_hosts: vec![RouteServer { host: "relay".into(), port: 587, preference: 1 }],
            ..Routing::default()
        };
        assert_eq!(Routes::new(&smart).look_up(&"a@b.test".parse().unwrap()).name(), "relay:587");
    }

    #[test]
    fn the_demo_domain_goes_to_a_maildir_while_no_route_is_set() {
        let none = Routes::new(&Routing::default());
        let demo = none.look_up(&"a@example.test".parse().unwrap());
        assert_eq!(demo.next_hop, NextHop::Maildir);
        assert_eq!(none.look_up(&"a@other.test".parse().unwrap()).name(), "other.test");
    }
}
