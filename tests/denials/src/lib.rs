//! Proof of the process table: each role is locked into its row, then tries what it must not do.
//!
//! The program `gatepost-probe` takes a role's place and does one deed; `tests/roles.rs` starts it
//! for every role and every deed and compares with what the row says. Start with [`Deed`].
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

use std::path::PathBuf;

use ipc::Paths;
use sandbox::{Access, Network, Place, Process};

/// Something a process tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// Read a file outside its row.
    ReadForeign,
    /// Change a file outside its row.
    WriteForeign,
    /// Make a file outside its row.
    MakeForeign,
    /// List the root folder.
    ListRoot,
    /// Connect to a TCP port on loopback.
    ConnectTcp,
    /// Listen on a TCP port.
    ListenTcp,
    /// Make a UDP socket and send.
    Udp,
    /// Make a packet socket.
    Packet,
    /// Connect to a Unix socket without a path.
    Abstract,
    /// Turn a passed-in TCP connection around and connect with it elsewhere.
    TurnAround,
    /// Become another program.
    Execute,
    /// Start another program.
    Start,
    /// Start this very program.
    StartItself,
    /// Start a thread.
    Thread,
    /// Send a signal to the parent.
    Signal,
    /// Set up an io_uring.
    Ring,
    /// Map sealed memory for reading, as a pattern pack is mapped.
    MapSealed,
    /// Map memory that is writable and executable.
    MapExecutable,
    /// Make memory executable that was writable.
    MakeExecutable,
    /// Map memory that is shared and writable: it does not count against the memory limit.
    MapShared,
    /// Make, read, rename and remove a file in each place it may write.
    UsePlaces,
    /// Write into the places it may only read, or read from those where it may only make sockets.
    AbusePlaces,
}

impl Deed {
    /// All of them.
    pub const ALL: &'static [Deed] = &[
        Deed::ReadForeign,
        Deed::WriteForeign,
        Deed::MakeForeign,
        Deed::ListRoot,
        Deed::ConnectTcp,
        Deed::ListenTcp,
        Deed::Udp,
        Deed::Packet,
        Deed::Abstract,
        Deed::TurnAround,
        Deed::Execute,
        Deed::Start,
        Deed::StartItself,
        Deed::Thread,
        Deed::Signal,
        Deed::Ring,
        Deed::MapSealed,
        Deed::MapExecutable,
        Deed::MakeExecutable,
        Deed::MapShared,
        Deed::UsePlaces,
        Deed::AbusePlaces,
    ];

    /// Its word on the probe's command line.
    #[must_use]
    pub fn word(self) -> String {
        format!("{self:?}")
    }

    /// The deed of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Deed> {
        Deed::ALL.iter().find(|deed| deed.word() == word).copied()
    }

    /// What must come of it in this role.
    #[must_use]
    pub fn expected(self, role: &Process) -> Outcome {
        let done_if = |allowed| if allowed { Outcome::Done } else { Outcome::Refused };
        let connects = role.network == Network::Connect;
        match self {
            // The two that use nothing when a row has no places.
            Deed::UsePlaces if role.places.is_empty() => Outcome::Done,
            Deed::AbusePlaces if role.places.is_empty() => Outcome::Refused,
            Deed::MapSealed => Outcome::Done,
            _ if role.allow_list => Outcome::Killed,
            Deed::ConnectTcp | Deed::Udp => done_if(connects),
            Deed::TurnAround => done_if(connects),
            Deed::Execute if !role.starts => Outcome::Killed,
            Deed::StartItself => done_if(role.starts),
            Deed::Thread | Deed::UsePlaces => Outcome::Done,
            // On the appliance the unit refuses executable memory (MemoryDenyWriteExecute).
            Deed::MapExecutable | Deed::MakeExecutable | Deed::MapShared => Outcome::Done,
            _ => Outcome::Refused,
        }
    }
}

/// What came of a deed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It worked.
    Done,
    /// The kernel refused it.
    Refused,
    /// The kernel killed the process for it.
    Killed,
}

/// Exit code of the probe for [`Outcome::Refused`].
pub const REFUSED: u8 = 77;

/// The role word of the probe for no confinement at all.
pub const FREE: &str = "free";

/// The path of a place below the state folder, for [`Process::confinement`].
#[must_use]
pub fn resolve(paths: &Paths, place: Place) -> Option<PathBuf> {
    Some(match place {
        Place::Run => paths.run(),
        Place::Spool => paths.spool(),
        Place::Config => paths.config(),
        Place::Vault => paths.vault(),
        Place::Ledger => paths.ledger(),
        Place::Learning => paths.learning(),
        Place::Delivered => paths.delivered(),
        Place::Tls => paths.tls(),
        Place::Patterns => paths.patterns(),
        Place::Program | Place::Names | Place::Devices | Place::Users => return None,
    })
}

/// The folders of a role below the state folder with this access.
#[must_use]
pub fn places(paths: &Paths, role: &Process, access: Access) -> Vec<PathBuf> {
    let wanted = role.places.iter().filter(|(_, given)| *given == access);
    wanted.filter_map(|(place, _)| resolve(paths, *place)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_back() {
        for deed in Deed::ALL {
            assert_eq!(Deed::from_word(&deed.word()), Some(*deed));
        }
    }
}
