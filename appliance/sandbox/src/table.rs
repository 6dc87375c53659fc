//! The process table: who exists, what it is handed, what it may touch, whom it may talk to.
//!
//! A process exists because a privilege exists. This is data only; `confine.rs` makes it true and
//! `tests/denials` proves it for each row. Peers stand here for the reader and for the units; the
//! check itself is made where calls are accepted, in `ipc`.

use std::path::PathBuf;

use crate::{Confinement, limits};

/// What a role may do with the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    /// No socket but Unix sockets can be made.
    None,
    /// As [`Network::None`]; connections come over listening sockets that were passed in.
    Accept,
    /// It may connect out and ask DNS; it may not listen.
    Connect,
}

/// What may be done with what lies below a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Read files and list folders.
    Read,
    /// Start programs, and read what they need to start.
    Execute,
    /// Everything with regular files and folders.
    Write,
    /// Make and remove Unix sockets; no file can be opened.
    Sockets,
}

/// A place that a role may be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Place {
    /// Sockets of the roles.
    Run,
    /// Mail we answer for.
    Spool,
    /// Settings.
    Config,
    /// Quarantine areas.
    Vault,
    /// Events.
    Ledger,
    /// What was taught about unwanted mail.
    Learning,
    /// Maildir of the demo domain.
    Delivered,
    /// Certificate and key of the SMTP listeners.
    Tls,
    /// Pattern packs.
    Patterns,
    /// The program itself and the system's libraries.
    Program,
    /// What name resolution reads, and the system's certificate roots.
    Names,
    /// The null device and the kernel's random device.
    Devices,
    /// The names of local users, by which callers are told apart.
    Users,
}

impl Place {
    /// Paths of the places that belong to the system; empty for those below the state folder.
    #[must_use]
    pub fn system_paths(self) -> Vec<PathBuf> {
        let fixed: &[&str] = match self {
            Place::Program => &["/usr/lib", "/usr/lib64", "/lib", "/lib64", "/etc/ld.so.cache"],
            Place::Names => &[
                "/etc/resolv.conf",
                "/run/systemd/resolve",
                "/etc/hosts",
                "/etc/nsswitch.conf",
                "/etc/host.conf",
                "/etc/gai.conf",
                "/etc/services",
                "/etc/ssl/certs",
                "/usr/share/ca-certificates",
                "/usr/local/share/ca-certificates",
            ],
            Place::Devices => &["/dev/null", "/dev/urandom"],
            Place::Users => &["/etc/passwd", "/etc/group", "/etc/nsswitch.conf"],
            _ => &[],
        };
        let mut paths: Vec<PathBuf> = fixed.iter().map(PathBuf::from).collect();
        if self == Place::Program {
            paths.extend(std::env::current_exe());
        }
        paths
    }
}

/// Bounds of a process by rlimits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Octets of private writable memory; `None` for the system's own limit.
    pub memory_octets: Option<u64>,
    /// Seconds of CPU before the process is ended; `None` for no limit.
    pub cpu_seconds: Option<u64>,
    /// Open descriptors.
    pub descriptors: u64,
    /// Octets in any file it writes; `None` for no limit.
    pub written_octets: Option<u64>,
}

const ROLE_LIMITS: Limits = Limits {
    memory_octets: None,
    cpu_seconds: None,
    descriptors: limits::ROLE_DESCRIPTORS,
    written_octets: None,
};

/// One row of the table.
#[derive(Debug, PartialEq, Eq)]
pub struct Process {
    /// The role's word, as in `gatepost role <name>`.
    pub name: &'static str,
    /// The privilege it exists for.
    pub purpose: &'static str,
    /// Names of the sockets it is passed.
    pub sockets: &'static [&'static str],
    /// Its network.
    pub network: Network,
    /// What it may touch on disk.
    pub places: &'static [(Place, Access)],
    /// The roles it may call.
    pub calls: &'static [&'static str],
    /// It may start programs.
    pub starts: bool,
    /// It is held to an allow-list of system calls instead of a deny-list.
    pub allow_list: bool,
    /// Its rlimits.
    pub limits: Limits,
    /// Who starts it: empty for the supervisor, which starts it again whenever it ends.
    pub started_by: &'static str,
}

impl Process {
    /// This row as something that [`crate::confine`] can enforce. `resolve` gives the path of a
    /// place below the state folder; the system's places are known here.
    #[must_use]
    pub fn confinement(&'static self, resolve: impl Fn(Place) -> Option<PathBuf>) -> Confinement {
        let mut folders = Vec::new();
        for (place, access) in self.places {
            let paths = place.system_paths().into_iter().chain(resolve(*place));
            folders.extend(paths.map(|path| (path, *access)));
        }
        Confinement { process: self, folders, limits: self.limits }
    }
}

/// The row of a role. `None` for a word that is no role.
#[must_use]
pub fn process(name: &str) -> Option<&'static Process> {
    PROCESSES.iter().find(|process| process.name == name)
}

/// The table.
pub static PROCESSES: &[Process] = &[
    Process {
        name: "intake",
        purpose: "takes mail from the network and puts it on stable storage",
        sockets: &["ipc", "smtp", "submissions", "submission"],
        network: Network::Accept,
        places: &[
            (Place::Run, Access::Sockets),
            (Place::Spool, Access::Write),
            (Place::Tls, Access::Read),
            (Place::Devices, Access::Read),
            (Place::Users, Access::Read),
        ],
        calls: &["queue", "ledger", "control"],
        starts: false,
        allow_list: false,
        limits: ROLE_LIMITS,
        started_by: "",
    },
    Process {
        name: "queue",
        purpose: "answers for mail and alone decides about it",
        sockets: &["ipc"],
        network: Network::None,
        places: &[
            (Place::Run, Access::Sockets),
            (Place::Spool, Access::Write),
            (Place::Learning, Access::Write),
            (Place::Devices, Access::Read),
            (Place::Users, Access::Read),
        ],
        calls: &["ledger", "control"],
        starts: false,
        allow_list: false,
        limits: ROLE_LIMITS,
        started_by: "",
    },
    Process {
        name: "inspect",
        purpose: "keeps the cells alive and hands them the pattern pack; sees no mail",
        sockets: &["ipc"],
        network: Network::None,
        places: &[
            (Place::Run, Access::Sockets),
            (Place::Patterns, Access::Read),
            (Place::Program, Access::Execute),
            (Place::Devices, Access::Read),
            (Place::Users, Access::Read),
        ],
        calls: &["queue", "control"],
        starts: true,
        allow_list: false,
        limits: ROLE_LIMITS,
        started_by: "",
    },
    Process {
        name: "cell",
        purpose: "parses hostile bytes and can do nothing else",
        sockets: &["queue"],
        network: Network::None,
        places: &[],
        calls: &[],
        starts: false,
        allow_list: true,
        limits: Limits {
            memory_octets: Some(256 * 1024 * 1024),
            cpu_seconds: Some(20),
            descriptors: limits::CELL_DESCRIPTORS,
            written_octets: Some(limits::CELL_WRITTEN_OCTETS),
        },
        started_by: "inspect",
    },
    Process {
        name: "deliver",
        purpose: "hands mail to next hops, one body by descriptor",
        sockets: &["ipc"],
        network: Network::Connect,
        places: &[
            (Place::Run, Access::Sockets),
            (Place::Delivered, Access::Write),
            (Place::Names, Access::Read),
            (Place::Devices, Access::Read),
            (Place::Users, Access::Read),
        ],
        calls: &["queue", "control", "ledger"],
        starts: false,
        allow_list: false,
        limits: ROLE_LIMITS,
        started_by: "",
    },
    Process {
        name: "vault",
        purpose: "holds quarantined mail",
        sockets: &["ipc"],
        network: Network::None,
        places: &[
            (Place::Run, Access::Sockets),
            (Place::Vault, Access::Write),
            (Place::Devices, Access::Read),
            (Place::Users, Access::Read),
        ],
        calls: &["queue", "ledger", "control"],
        starts: false,
        allow_list: false,
        limits: ROLE_LIMITS,
        started_by: "",
    },
    Process {
        name: "ledger",
        purpose: "holds the events",
        sockets: &["ipc"],
        network: Network::None,
        places: &[
            (Place::Run, Access::Sockets),
            (Place::Ledger, Access::Write),
            (Place::Devices, Access::Read),
            (Place::Users, Access::Read),
        ],
        calls: &["control"],
        starts: false,
        allow_list: false,
        limits: ROLE_LIMITS,
        started_by: "",
    },
    Process {
        name: "control",
        purpose: "holds the settings",
        sockets: &["ipc", "metrics"],
        network: Network::Accept,
        places: &[
            (Place::Run, Access::Sockets),
            (Place::Config, Access::Write),
            (Place::Devices, Access::Read),
            (Place::Users, Access::Read),
        ],
        calls: &["queue", "ledger"],
        starts: false,
        allow_list: false,
        limits: ROLE_LIMITS,
        started_by: "",
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_calls_go_to_known_roles() {
        for (position, row) in PROCESSES.iter().enumerate() {
            assert!(PROCESSES.iter().skip(position + 1).all(|other| other.name != row.name));
            for peer in
                row.calls.iter().chain([&row.started_by].into_iter().filter(|by| !by.is_empty()))
            {
                assert!(process(peer).is_some(), "{} names {peer}", row.name);
            }
        }
        assert_eq!(process("nobody"), None);
    }

    #[test]
    fn a_cell_is_given_nothing() {
        let cell = process("cell").unwrap();
        assert!(cell.places.is_empty() && cell.calls.is_empty() && !cell.starts);
        assert!(cell.allow_list && cell.network == Network::None);
        assert!(cell.confinement(|_| Some("/".into())).folders.is_empty());
    }

    #[test]
    fn only_the_keeper_starts_programs_and_only_deliver_connects() {
        for row in PROCESSES {
            assert_eq!(row.starts, row.name == "inspect", "{}", row.name);
            assert_eq!(row.network == Network::Connect, row.name == "deliver", "{}", row.name);
        }
    }

    #[test]
    fn each_folder_of_the_state_has_the_writers_named_in_the_design() {
        let writers = |place| -> Vec<&str> {
            let writes = |row: &&Process| row.places.contains(&(place, Access::Write));
            PROCESSES.iter().filter(writes).map(|row| row.name).collect()
        };
        assert_eq!(writers(Place::Spool), ["intake", "queue"]);
        assert_eq!(writers(Place::Config), ["control"]);
        assert_eq!(writers(Place::Vault), ["vault"]);
        assert_eq!(writers(Place::Ledger), ["ledger"]);
        assert_eq!(writers(Place::Learning), ["queue"]);
        assert_eq!(writers(Place::Delivered), ["deliver"]);
        assert!(writers(Place::Tls).is_empty() && writers(Place::Patterns).is_empty());
    }

    #[test]
    fn places_below_the_state_folder_come_from_the_caller() {
        let queue = process("queue").unwrap();
        let found = queue.confinement(|place| (place == Place::Spool).then(|| "/s/spool".into()));
        assert!(found.folders.contains(&("/s/spool".into(), Access::Write)));
        assert!(!found.folders.iter().any(|(path, _)| path == &PathBuf::from("/")));
    }
}
