//! Who a process is, where its state lies, and what it was given at its start.

use std::collections::HashMap;
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

/// The roles of the process table (`appliance/docs/processes.md`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Role {
    /// Accepts mail from the network.
    Intake,
    /// Answers for mail, and alone decides about it.
    Queue,
    /// Keeps the cells alive; sees no mail.
    Inspect,
    /// A sandboxed worker; the only place where hostile bytes are parsed.
    Cell,
    /// Hands mail to next hops.
    Deliver,
    /// Quarantine areas.
    Vault,
    /// Events and tracking.
    Ledger,
    /// Settings.
    Control,
    /// The operator's command line.
    CommandLine,
}

impl Role {
    /// The word for this role on the command line, in unit names and in file names.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Role::Intake => "intake",
            Role::Queue => "queue",
            Role::Inspect => "inspect",
            Role::Cell => "cell",
            Role::Deliver => "deliver",
            Role::Vault => "vault",
            Role::Ledger => "ledger",
            Role::Control => "control",
            Role::CommandLine => "command-line",
        }
    }

    /// The role of this word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Role> {
        [
            Role::Intake,
            Role::Queue,
            Role::Inspect,
            Role::Cell,
            Role::Deliver,
            Role::Vault,
            Role::Ledger,
            Role::Control,
            Role::CommandLine,
        ]
        .into_iter()
        .find(|role| role.word() == word)
    }
}

/// The folders of one state directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    state: PathBuf,
}

impl Paths {
    /// The folders below `state`.
    #[must_use]
    pub fn new(state: &Path) -> Self {
        Paths { state: state.to_owned() }
    }

    /// The state directory itself.
    #[must_use]
    pub fn state(&self) -> &Path {
        &self.state
    }

    /// Sockets, process ids, the mark `ready`.
    #[must_use]
    pub fn run(&self) -> PathBuf {
        self.state.join("run")
    }

    /// The socket a role listens on.
    #[must_use]
    pub fn socket(&self, role: Role) -> PathBuf {
        self.run().join(format!("{}.sock", role.word()))
    }

    /// Mail we answer for.
    #[must_use]
    pub fn spool(&self) -> PathBuf {
        self.state.join("spool")
    }

    /// Settings.
    #[must_use]
    pub fn config(&self) -> PathBuf {
        self.state.join("config")
    }

    /// Quarantine.
    #[must_use]
    pub fn vault(&self) -> PathBuf {
        self.state.join("vault")
    }

    /// Events.
    #[must_use]
    pub fn ledger(&self) -> PathBuf {
        self.state.join("ledger")
    }

    /// The Maildir of the demo domain.
    #[must_use]
    pub fn delivered(&self) -> PathBuf {
        self.state.join("delivered")
    }

    /// Certificate and key of the SMTP listeners.
    #[must_use]
    pub fn tls(&self) -> PathBuf {
        self.state.join("tls")
    }

    /// What was taught about unwanted mail.
    #[must_use]
    pub fn learning(&self) -> PathBuf {
        self.state.join("learning")
    }

    /// Pattern packs.
    #[must_use]
    pub fn patterns(&self) -> PathBuf {
        self.state.join("patterns")
    }
}

/// Tells the supervisor once that this role serves.
#[derive(Clone)]
pub struct Ready(Arc<dyn Fn() + Send + Sync>);

impl Ready {
    /// Readiness told by calling `tell`.
    pub fn new(tell: impl Fn() + Send + Sync + 'static) -> Self {
        Ready(Arc::new(tell))
    }

    /// Tells it.
    pub fn tell(&self) {
        (self.0)();
    }
}

impl std::fmt::Debug for Ready {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Ready")
    }
}

/// Listening sockets passed in by the supervisor, by name.
#[derive(Debug, Clone, Default)]
pub struct Sockets(Arc<Mutex<HashMap<String, OwnedFd>>>);

impl Sockets {
    /// The sockets as they were passed in.
    #[must_use]
    pub fn new(sockets: Vec<(String, OwnedFd)>) -> Self {
        Sockets(Arc::new(Mutex::new(sockets.into_iter().collect())))
    }

    fn take(&self, name: &str) -> Option<OwnedFd> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(name)
    }

    /// Takes the TCP listener of this name. `None` when it was not passed in or was taken before.
    #[must_use]
    pub fn take_tcp(&self, name: &str) -> Option<TcpListener> {
        self.take(name).map(TcpListener::from)
    }

    /// Takes the Unix listener of this name.
    #[must_use]
    pub fn take_unix(&self, name: &str) -> Option<UnixListener> {
        self.take(name).map(UnixListener::from)
    }

    /// Takes any descriptor of this name.
    #[must_use]
    pub fn take_descriptor(&self, name: &str) -> Option<OwnedFd> {
        self.take(name)
    }
}

/// What a role is given at its start.
#[derive(Clone)]
pub struct RoleContext {
    /// Which role this process is.
    pub role: Role,
    /// Where its state lies.
    pub paths: Paths,
    /// Number that is new for each start.
    pub incarnation: u64,
    /// True = finish and return.
    pub stop: watch::Receiver<bool>,
    /// The time.
    pub clock: Arc<dyn world::Clock>,
    /// Readiness.
    pub ready: Ready,
    /// Listening sockets.
    pub sockets: Sockets,
}

impl RoleContext {
    /// Resolves when the role is to finish.
    pub async fn stopped(&self) {
        let mut stop = self.stop.clone();
        // A supervisor that is gone counts as the wish to stop.
        let _ = stop.wait_for(|stop| *stop).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_back() {
        for role in [Role::Intake, Role::Cell, Role::CommandLine] {
            assert_eq!(Role::from_word(role.word()), Some(role));
        }
        assert_eq!(Role::from_word("nobody"), None);
    }

    #[test]
    fn a_socket_is_taken_once() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let sockets = Sockets::new(vec![("smtp".to_owned(), listener.into())]);
        assert!(sockets.take_tcp("smtp").is_some());
        assert!(sockets.take_tcp("smtp").is_none());
    }
}
