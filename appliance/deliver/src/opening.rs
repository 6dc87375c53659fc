//! From a next hop to a connection that takes mail: hosts, addresses, TLS, and what to try next.

use std::io;
use std::net::{IpAddr, SocketAddr};

use ipc::contracts::{NextHop, TlsUse};
use mail::{Outcome, Reply};
use rustls::pki_types::ServerName;
use smtp::client::{Refusal, TlsWish};
use tokio::net::TcpStream;
use tokio::time::timeout;
use world::Entropy as _;

use crate::conversation::{Conversation, Encryption, OpenError};
use crate::limits;
use crate::memory::Memory;
use crate::names::{self, Host, Hosts, NameTrouble};
use crate::plan::Plan;

/// A next hop with the TLS it is spoken to with: what connections are kept by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(crate) next_hop: NextHop,
    pub(crate) tls: TlsUse,
}

impl Key {
    /// What to call the next hop while no host of it was reached.
    pub(crate) fn describe(&self) -> String {
        match &self.next_hop {
            NextHop::Mx { domain, .. } => domain.clone(),
            NextHop::Servers(servers) => servers.first().map_or_else(
                || "no server".to_owned(),
                |first| format!("{}:{}", first.host, first.port),
            ),
            NextHop::Maildir => "maildir".to_owned(),
        }
    }
}

/// A connection that takes mail.
pub(crate) struct Opened {
    pub(crate) conversation: Conversation,
    /// `name[address]:port`.
    pub(crate) host: String,
}

/// No connection, with the outcome for every recipient.
#[derive(Debug)]
pub(crate) struct Unopened {
    pub(crate) outcome: Outcome,
    pub(crate) host: String,
    /// The fault lies with the destination as a whole.
    pub(crate) destination_down: bool,
}

/// Why one address gave no connection.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("the connection failed: {0}")]
    Connect(io::Error),
    #[error("nobody answered within {0} s")]
    NoAnswer(u64),
    #[error(transparent)]
    Open(#[from] OpenError),
}

impl Failure {
    /// Temporary whatever the host said: another host, or the same one later, may take the mail.
    fn reply(&self, host: &str) -> Reply {
        let (subject, detail) = match self {
            Failure::Connect(_) | Failure::NoAnswer(_) => (4, 1),
            Failure::Open(OpenError::Trouble(_)) => (4, 2),
            Failure::Open(OpenError::Refused(Refusal::Greeting(_) | Refusal::Hello(_))) => (3, 2),
            Failure::Open(OpenError::Refused(Refusal::NoTls | Refusal::TlsRefused(_))) => (7, 4),
            Failure::Open(OpenError::Tls(_)) => (7, 5),
        };
        Reply::coded(451, 4, subject, detail, &format!("{host}: {self}"))
    }
}

/// Finds and opens a connection to the next hop.
pub(crate) async fn open(plan: &Plan, memory: &Memory, key: &Key) -> Result<Opened, Unopened> {
    let random = || world::RealEntropy.number();
    let hosts = match names::hosts(&plan.names, &key.next_hop, &plan.host_name, random).await {
        Ok(hosts) => hosts,
        Err(outcome) => {
            let destination_down = matches!(outcome, Outcome::Deferred(_));
            return Err(Unopened { outcome, host: key.describe(), destination_down });
        }
    };
    let mut search = Search { plan, memory, key, tried: 0, last: None };
    search.run(&hosts).await
}

struct Search<'a> {
    plan: &'a Plan,
    memory: &'a Memory,
    key: &'a Key,
    tried: usize,
    last: Option<Unopened>,
}

impl Search<'_> {
    async fn run(&mut self, hosts: &Hosts) -> Result<Opened, Unopened> {
        let mut later = Vec::new();
        for host in &hosts.list {
            for address in self.addresses(host, hosts.from_dns).await {
                let address = SocketAddr::new(address, host.port);
                if self.memory.down.holds(address) {
                    later.push((&host.name, address));
                } else if let Some(opened) = self.attempt(&host.name, address).await {
                    return Ok(opened);
                }
            }
        }
        for (name, address) in later {
            if let Some(opened) = self.attempt(name, address).await {
                return Ok(opened);
            }
        }
        Err(self.last.take().unwrap_or_else(|| self.nothing_to_try()))
    }

    fn nothing_to_try(&self) -> Unopened {
        let reply = Reply::coded(451, 4, 4, 4, "the route names no host");
        Unopened {
            outcome: Outcome::Deferred(reply),
            host: self.key.describe(),
            destination_down: true,
        }
    }

    /// The addresses of a host; none, with the reason kept, when it has none.
    async fn addresses(&mut self, host: &Host, from_dns: bool) -> Vec<IpAddr> {
        if let Ok(address) = host.name.parse() {
            return vec![address];
        }
        match self.plan.names.addresses(&host.name).await {
            Ok(addresses) => addresses,
            Err(trouble) => {
                // What was learnt by really trying a host says more than a name without address.
                if self.tried == 0 {
                    self.keep_name_trouble(&host.name, trouble, from_dns);
                }
                Vec::new()
            }
        }
    }

    fn keep_name_trouble(&mut self, host: &str, trouble: NameTrouble, from_dns: bool) {
        let text = format!("the address of {host} was not found: {trouble}");
        let lasting = from_dns && !matches!(trouble, NameTrouble::Temporary(_));
        // One host that may come back is reason enough to wait.
        let hope =
            self.last.as_ref().is_some_and(|last| matches!(last.outcome, Outcome::Deferred(_)));
        let outcome = match (lasting && !hope, trouble) {
            (true, _) => Outcome::Failed(Reply::coded(550, 5, 4, 4, &text)),
            (false, NameTrouble::Temporary(_)) => {
                Outcome::Deferred(Reply::coded(451, 4, 4, 3, &text))
            }
            (false, _) => Outcome::Deferred(Reply::coded(451, 4, 4, 4, &text)),
        };
        let destination_down = matches!(outcome, Outcome::Deferred(_));
        self.last = Some(Unopened { outcome, host: host.to_owned(), destination_down });
    }

    async fn attempt(&mut self, name: &str, address: SocketAddr) -> Option<Opened> {
        if self.tried >= limits::ADDRESSES {
            return None;
        }
        self.tried += 1;
        let host = label(name, address);
        match self.converse(name, address).await {
            Ok(conversation) => {
                self.memory.down.forget(address);
                Some(Opened { conversation, host })
            }
            Err(failure) => {
                self.memory.down.remember(address);
                let outcome = Outcome::Deferred(failure.reply(&host));
                self.last = Some(Unopened { outcome, host, destination_down: true });
                None
            }
        }
    }

    async fn converse(&self, name: &str, address: SocketAddr) -> Result<Conversation, Failure> {
        let clear = self.memory.clear_text.holds(address);
        let wish = match self.key.tls {
            TlsUse::Never => TlsWish::Never,
            TlsUse::Opportunistic if clear => TlsWish::Never,
            TlsUse::Opportunistic => TlsWish::IfOffered,
            TlsUse::Required | TlsUse::Verified => TlsWish::Must,
        };
        let opened = self.converse_with(name, address, wish).await;
        match opened {
            Err(Failure::Open(OpenError::Tls(reason))) if wish == TlsWish::IfOffered => {
                tracing::debug!(%address, reason, "TLS failed; clear text is used for a while");
                self.memory.clear_text.remember(address);
                self.converse_with(name, address, TlsWish::Never).await
            }
            opened => opened,
        }
    }

    async fn converse_with(
        &self,
        name: &str,
        address: SocketAddr,
        wish: TlsWish,
    ) -> Result<Conversation, Failure> {
        let plan = self.plan;
        let stream = match timeout(plan.connect_timeout, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return Err(Failure::Connect(error)),
            Err(_) => return Err(Failure::NoAnswer(plan.connect_timeout.as_secs())),
        };
        stream.set_nodelay(true).map_err(Failure::Connect)?;
        let own = own_name(&plan.host_name, stream.local_addr().map_err(Failure::Connect)?.ip());
        let encryption = Encryption {
            connector: plan.tls.connector(self.key.tls == TlsUse::Verified),
            name: server_name(name, address.ip()),
        };
        let stream = Box::new(stream);
        Ok(Conversation::open(stream, &own, wish, encryption, plan.command_timeout).await?)
    }
}

/// RFC 5321 section 4.1.4: a host without a name says its address literal.
fn own_name(name: &str, address: IpAddr) -> String {
    match (name, address) {
        ("", IpAddr::V4(four)) => format!("[{four}]"),
        ("", IpAddr::V6(six)) => format!("[IPv6:{six}]"),
        (name, _) => name.to_owned(),
    }
}

fn label(name: &str, address: SocketAddr) -> String {
    format!("{name}[{}]:{}", address.ip(), address.port())
}

/// The name the certificate is asked and checked for; the address where there is no name.
fn server_name(name: &str, address: IpAddr) -> ServerName<'static> {
    let name = name.trim_end_matches('.').to_owned();
    ServerName::try_from(name).unwrap_or_else(|_| ServerName::IpAddress(address.into()))
}
