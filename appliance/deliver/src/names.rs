//! Looking up names: MX and addresses, and which hosts of a next hop to try in which order.

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use hickory_resolver::config::{
    ConnectionConfig, LookupIpStrategy, NameServerConfig, ResolveHosts, ResolverConfig,
};
use hickory_resolver::net::NetError;
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::proto::rr::RData;
use hickory_resolver::{Resolver, TokioResolver};
use ipc::contracts::{NextHop, Server};
use mail::{Outcome, Reply};

use crate::limits;
use crate::settings::{Dns, name_server};

/// Why a look-up gave nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NameTrouble {
    /// The name does not exist.
    #[error("the name does not exist")]
    NoSuchName,
    /// The name exists without such records.
    #[error("the name has no such record")]
    NoRecord,
    /// No answer, or none of use: try again later.
    #[error("{0}")]
    Temporary(String),
}

impl From<NetError> for NameTrouble {
    fn from(error: NetError) -> Self {
        if error.is_nx_domain() {
            NameTrouble::NoSuchName
        } else if error.is_no_records_found() {
            NameTrouble::NoRecord
        } else {
            NameTrouble::Temporary(error.to_string())
        }
    }
}

/// One MX record: preference and host, the host in lower case without the last dot (empty for the
/// root, which makes a null MX).
pub(crate) type MxRecord = (u16, String);

/// Where names are looked up.
#[derive(Clone)]
pub(crate) enum Names {
    /// DNS, with its cache.
    Dns(Box<TokioResolver>),
    /// No resolver could be made; every look-up is a temporary failure with this reason.
    Broken(Arc<str>),
    /// A table, in tests.
    #[cfg(test)]
    Table(Arc<Table>),
}

/// Names for tests.
#[cfg(test)]
#[derive(Debug, Default)]
pub(crate) struct Table {
    pub(crate) mx: std::collections::HashMap<String, Result<Vec<MxRecord>, NameTrouble>>,
    pub(crate) addresses: std::collections::HashMap<String, Result<Vec<IpAddr>, NameTrouble>>,
}

impl Names {
    /// A resolver after the settings.
    pub(crate) fn from_settings(dns: &Dns) -> Self {
        build(dns).map_or_else(
            |error| {
                tracing::error!(%error, "no name can be looked up");
                Names::Broken(error.to_string().into())
            },
            |resolver| Names::Dns(Box::new(resolver)),
        )
    }

    /// The MX records of a domain.
    pub(crate) async fn mx(&self, domain: &str) -> Result<Vec<MxRecord>, NameTrouble> {
        match self {
            Names::Dns(resolver) => {
                let lookup = resolver.mx_lookup(absolute(domain)).await?;
                let record = |data: &RData| match data {
                    RData::MX(mx) => Some((mx.preference, plain(&mx.exchange.to_ascii()))),
                    _ => None,
                };
                let records: Vec<MxRecord> =
                    lookup.answers().iter().filter_map(|answer| record(&answer.data)).collect();
                if records.is_empty() { Err(NameTrouble::NoRecord) } else { Ok(records) }
            }
            Names::Broken(reason) => Err(NameTrouble::Temporary(reason.to_string())),
            #[cfg(test)]
            Names::Table(table) => {
                table.mx.get(domain).cloned().unwrap_or(Err(NameTrouble::NoSuchName))
            }
        }
    }

    /// The addresses of a host, IPv4 and IPv6.
    pub(crate) async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, NameTrouble> {
        match self {
            Names::Dns(resolver) => {
                let found: Vec<IpAddr> = resolver.lookup_ip(absolute(host)).await?.iter().collect();
                if found.is_empty() { Err(NameTrouble::NoRecord) } else { Ok(found) }
            }
            Names::Broken(reason) => Err(NameTrouble::Temporary(reason.to_string())),
            #[cfg(test)]
            Names::Table(table) => {
                table.addresses.get(host).cloned().unwrap_or(Err(NameTrouble::NoSuchName))
            }
        }
    }
}

/// With its last dot, so that no search list of the system is tried. A name without any dot is
/// left to the hosts file and the search list (`localhost`, a host of the own network).
fn absolute(name: &str) -> String {
    if name.contains('.') && !name.ends_with('.') { format!("{name}.") } else { name.to_owned() }
}

fn plain(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}

fn build(dns: &Dns) -> Result<TokioResolver, NetError> {
    let servers: Vec<_> = dns.servers.iter().filter_map(|text| name_server(text)).collect();
    let mut builder = if servers.is_empty() {
        Resolver::builder_tokio()?
    } else {
        let servers = servers.into_iter().map(|server| {
            let with_port = |mut connection: ConnectionConfig| {
                connection.port = server.port();
                connection
            };
            let ways = vec![with_port(ConnectionConfig::udp()), with_port(ConnectionConfig::tcp())];
            NameServerConfig::new(server.ip(), true, ways)
        });
        let config = ResolverConfig::from_name_servers(servers.collect());
        Resolver::builder_with_config(config, TokioRuntimeProvider::default())
    };
    let options = builder.options_mut();
    options.timeout = Duration::from_secs(u64::from(dns.timeout_seconds));
    options.attempts = dns.attempts as usize;
    options.use_hosts_file = ResolveHosts::Always;
    // Many receivers judge IPv6 clients more harshly, and many networks route it badly.
    options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
    builder.build()
}

/// One host to try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Host {
    pub(crate) name: String,
    pub(crate) port: u16,
}

/// The hosts of a next hop, in the order to try them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hosts {
    pub(crate) list: Vec<Host>,
    /// Whether a host without an address is the sender's mistake (a domain that takes no mail) or
    /// the owner's (a static server).
    pub(crate) from_dns: bool,
}

/// Finds the hosts of a next hop, or the outcome that follows from there being none.
pub(crate) async fn hosts(
    names: &Names,
    next_hop: &NextHop,
    own_name: &str,
    random: impl FnMut() -> u64,
) -> Result<Hosts, Outcome> {
    match next_hop {
        NextHop::Servers(servers) => {
            Ok(Hosts { list: by_preference(servers, random), from_dns: false })
        }
        NextHop::Mx { domain, port } => {
            let list = mail_exchangers(names, domain, own_name, random).await?;
            let list = list.into_iter().map(|name| Host { name, port: *port }).collect();
            Ok(Hosts { list, from_dns: true })
        }
        NextHop::Maildir => Ok(Hosts { list: Vec::new(), from_dns: false }),
    }
}

async fn mail_exchangers(
    names: &Names,
    domain: &str,
    own_name: &str,
    random: impl FnMut() -> u64,
) -> Result<Vec<String>, Outcome> {
    if let Some(literal) = address_literal(domain) {
        return Ok(vec![literal.to_string()]);
    }
    match names.mx(domain).await {
        Ok(records) => order(records, domain, own_name, random),
        // RFC 5321 section 5.1: without MX the domain itself is the host.
        Err(NameTrouble::NoRecord) => Ok(vec![domain.to_owned()]),
        Err(NameTrouble::NoSuchName) => {
            let text = format!("the domain {domain} does not exist");
            Err(Outcome::Failed(Reply::coded(550, 5, 1, 2, &text)))
        }
        Err(NameTrouble::Temporary(reason)) => {
            let text = format!("looking up the mail hosts of {domain} failed: {reason}");
            Err(Outcome::Deferred(Reply::coded(451, 4, 4, 3, &text)))
        }
    }
}

/// `[192.0.2.1]` or `[IPv6:2001:db8::1]`.
fn address_literal(domain: &str) -> Option<IpAddr> {
    domain.starts_with('[').then(|| domain.parse::<mail::Domain>().ok()?.literal()).flatten()
}

/// RFC 5321 section 5.1 and RFC 7505: by preference, random among equals, never to a host that is
/// not preferred to ourselves.
fn order(
    records: Vec<MxRecord>,
    domain: &str,
    own_name: &str,
    random: impl FnMut() -> u64,
) -> Result<Vec<String>, Outcome> {
    let mut seen = HashSet::new();
    let mut usable: Vec<MxRecord> = records
        .into_iter()
        .filter(|(_, host)| !host.is_empty() && seen.insert(host.clone()))
        .collect();
    if usable.is_empty() {
        let text = format!("the domain {domain} takes no mail (null MX)");
        return Err(Outcome::Failed(Reply::coded(556, 5, 1, 10, &text)));
    }
    let own = usable.iter().filter(|(_, host)| *host == own_name).map(|(rank, _)| *rank).min();
    if let Some(own) = own {
        usable.retain(|(rank, _)| *rank < own);
    }
    if usable.is_empty() {
        let text = format!(
            "the best mail host of {domain} is this system itself, which has no other route for it"
        );
        return Err(Outcome::Failed(Reply::coded(554, 5, 4, 6, &text)));
    }
    shuffle_and_sort(&mut usable, |record| record.0, random);
    Ok(usable.into_iter().take(limits::HOSTS).map(|(_, host)| host).collect())
}

fn by_preference(servers: &[Server], random: impl FnMut() -> u64) -> Vec<Host> {
    let mut servers: Vec<&Server> = servers.iter().collect();
    shuffle_and_sort(&mut servers, |server| server.preference, random);
    let host = |server: &Server| Host { name: server.host.clone(), port: server.port };
    servers.into_iter().take(limits::HOSTS).map(host).collect()
}

fn shuffle_and_sort<T>(
    list: &mut Vec<T>,
    rank: impl Fn(&T) -> u16,
    mut random: impl FnMut() -> u64,
) {
    let mut drawn: Vec<(u16, u64, T)> =
        list.drain(..).map(|item| (rank(&item), random(), item)).collect();
    drawn.sort_by_key(|(rank, draw, _)| (*rank, *draw));
    list.extend(drawn.into_iter().map(|(_, _, item)| item));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(list: &[(u16, &str)]) -> Vec<MxRecord> {
        list.iter().map(|(rank, host)| (*rank, (*host).to_owned())).collect()
    }

    fn ordered(list: &[(u16, &str)]) -> Result<Vec<String>, Outcome> {
        order(records(list), "b.test", "gw.test", || 0)
    }

    #[test]
    fn mx_hosts_come_by_preference() {
        let hosts = ordered(&[(20, "two.test"), (10, "one.test"), (30, "three.test")]).unwrap();
        assert_eq!(hosts, ["one.test", "two.test", "three.test"]);
    }

    #[test]
    fn equals_come_in_random_order() {
        let list = records(&[(10, "a.test"), (10, "b.test"), (5, "z.test")]);
        let mut draws = [2u64, 1, 3].into_iter();
        let hosts = order(list, "b.test", "gw.test", || draws.next().unwrap()).unwrap();
        assert_eq!(hosts, ["z.test", "b.test", "a.test"]);
    }

    #[test]
    fn a_null_mx_fails_for_good() {
        let outcome = ordered(&[(0, "")]).unwrap_err();
        assert!(matches!(&outcome, Outcome::Failed(reply)
            if reply.enhanced() == Some(mail::Enhanced(5, 1, 10))));
    }

    #[test]
    fn a_root_beside_real_hosts_is_no_null_mx() {
        assert_eq!(ordered(&[(0, ""), (10, "a.test")]).unwrap(), ["a.test"]);
    }

    #[test]
    fn mail_does_not_loop_to_ourselves() {
        let hosts = ordered(&[(10, "a.test"), (20, "gw.test"), (30, "c.test")]).unwrap();
        assert_eq!(hosts, ["a.test"], "only hosts preferred to ourselves");
        let outcome = ordered(&[(10, "gw.test"), (20, "c.test")]).unwrap_err();
        assert_eq!(outcome.reply().enhanced(), Some(mail::Enhanced(5, 4, 6)));
    }

    #[test]
    fn a_thousand_mx_records_are_cut() {
        let many: Vec<MxRecord> = (0..1000).map(|n| (n, format!("h{n}.test"))).collect();
        assert_eq!(order(many, "b.test", "gw.test", || 0).unwrap().len(), limits::HOSTS);
    }

    #[tokio::test]
    async fn a_domain_without_mx_is_its_own_host() {
        let mut table = Table::default();
        table.mx.insert("b.test".into(), Err(NameTrouble::NoRecord));
        let names = Names::Table(Arc::new(table));
        let next_hop = NextHop::Mx { domain: "b.test".into(), port: 25 };
        let found = hosts(&names, &next_hop, "gw.test", || 0).await.unwrap();
        assert_eq!(found.list, [Host { name: "b.test".into(), port: 25 }]);
    }

    #[tokio::test]
    async fn names_that_do_not_exist_fail_and_silence_defers() {
        let mut table = Table::default();
        let silence = NameTrouble::Temporary("no answer".into());
        table.mx.insert("silent.test".into(), Err(silence));
        let names = Names::Table(Arc::new(table));
        let ask = |domain: &str| NextHop::Mx { domain: domain.to_owned(), port: 25 };
        let gone = hosts(&names, &ask("gone.test"), "gw.test", || 0).await.unwrap_err();
        assert!(matches!(gone, Outcome::Failed(_)));
        let silent = hosts(&names, &ask("silent.test"), "gw.test", || 0).await.unwrap_err();
        assert!(matches!(silent, Outcome::Deferred(_)));
    }

    #[tokio::test]
    async fn an_address_literal_needs_no_look_up() {
        let names = Names::Broken("no resolver".into());
        let next_hop = NextHop::Mx { domain: "[127.0.0.1]".into(), port: 25 };
        let found = hosts(&names, &next_hop, "gw.test", || 0).await.unwrap();
        assert_eq!(found.list[0].name, "127.0.0.1");
    }

    #[test]
    fn names_with_a_dot_are_asked_as_they_are() {
        assert_eq!(absolute("b.test"), "b.test.");
        assert_eq!(absolute("localhost"), "localhost");
    }
}
