//! Every role, every deed: what the kernel makes of it is what the row says.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::net::TcpListener;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Stdio;

use gatepost_test_denials::{Deed, FREE, Outcome, REFUSED, resolve};
use ipc::Paths;
use sandbox::{Launch, PROBES, Place};

/// A state folder with all its places, and somebody to connect to.
struct Stage {
    folder: tempfile::TempDir,
    server: TcpListener,
    _abstract: UnixListener,
}

impl Stage {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let paths = Paths::new(folder.path());
        for place in [
            Place::Run,
            Place::Spool,
            Place::Config,
            Place::Vault,
            Place::Ledger,
            Place::Learning,
            Place::Delivered,
            Place::Tls,
            Place::Patterns,
        ] {
            let path = resolve(&paths, place).unwrap();
            std::fs::create_dir(&path).unwrap();
            std::fs::write(path.join("file"), "content").unwrap();
        }
        std::fs::write(folder.path().join("foreign"), "secret").unwrap();
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = server.local_addr().unwrap().port();
        let name = SocketAddr::from_abstract_name(format!("gatepost-{port}")).unwrap();
        Stage { folder, server, _abstract: UnixListener::bind_addr(&name).unwrap() }
    }

    /// A TCP connection as intake gets them: made by somebody else.
    fn connection(&self) -> std::net::TcpStream {
        let _client = std::net::TcpStream::connect(self.server.local_addr().unwrap()).unwrap();
        self.server.accept().unwrap().0
    }

    fn outcome(&self, role: &str, deed: &str) -> Outcome {
        let port = self.server.local_addr().unwrap().port();
        let mut command = Launch::new(Path::new(env!("CARGO_BIN_EXE_gatepost-probe")))
            .argument(role)
            .argument(deed)
            .argument(self.folder.path())
            .argument(port.to_string())
            .environment("RUST_BACKTRACE", "0")
            .socket("connection", self.connection().into())
            .command()
            .unwrap();
        let status = command.stderr(Stdio::null()).status().unwrap();
        match (status.code(), status.signal()) {
            (Some(0), _) => Outcome::Done,
            (Some(code), _) if code == i32::from(REFUSED) => Outcome::Refused,
            (_, Some(31)) => Outcome::Killed,
            _ => panic!("{role} {deed}: {}", sandbox::ended(status)),
        }
    }
}

/// What the kernel we run on cannot enforce is skipped, aloud.
fn enforceable(deed: Deed, release: (u32, u32)) -> bool {
    let since = match deed {
        Deed::ListenTcp | Deed::TurnAround => (6, 7),
        Deed::Abstract | Deed::Signal => (6, 12),
        _ => (5, 13),
    };
    release >= since
}

fn release() -> (u32, u32) {
    let text = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap();
    let mut numbers = text.split(|c: char| !c.is_ascii_digit()).filter_map(|n| n.parse().ok());
    (numbers.next().unwrap(), numbers.next().unwrap())
}

fn held_to_its_row(role: &str) {
    let stage = Stage::new();
    let row = sandbox::process(role).unwrap();
    let release = release();
    let mut wrong = Vec::new();
    for deed in Deed::ALL {
        if !row.allow_list && !enforceable(*deed, release) {
            println!("SKIPPED {role} {deed:?}: this kernel cannot enforce it");
            continue;
        }
        let (found, expected) = (stage.outcome(role, &deed.word()), deed.expected(row));
        if found != expected {
            wrong.push(format!("{deed:?}: {found:?}, not {expected:?}"));
        }
    }
    for (name, ..) in PROBES {
        let found = stage.outcome(role, name);
        if found != Outcome::Killed {
            wrong.push(format!("{name}: {found:?}, not killed"));
        }
    }
    assert!(wrong.is_empty(), "{role}: {wrong:#?}");
}

#[test]
fn without_confinement_every_deed_works() {
    let stage = Stage::new();
    let root = nix::unistd::geteuid().is_root();
    for deed in Deed::ALL {
        let outcome = stage.outcome(FREE, &deed.word());
        // Packet sockets are root's alone, and a kernel may be built without io_uring.
        let elsewhere = *deed == Deed::Ring || (*deed == Deed::Packet && !root);
        if elsewhere && outcome != Outcome::Done {
            println!("SKIPPED {deed:?}: it does not work here at all");
            continue;
        }
        assert_eq!(outcome, Outcome::Done, "{deed:?}");
    }
}

macro_rules! roles {
    ($($test:ident $role:literal)*) => {
        $(#[test] fn $test() { held_to_its_row($role); })*

        #[test]
        fn every_role_of_the_table_is_tried() {
            let tried = [$($role),*];
            assert!(sandbox::PROCESSES.iter().all(|row| tried.contains(&row.name)));
        }
    };
}

roles! {
    intake_is_held_to_its_row "intake"
    queue_is_held_to_its_row "queue"
    the_keeper_is_held_to_its_row "inspect"
    a_cell_is_held_to_nothing_at_all "cell"
    deliver_is_held_to_its_row "deliver"
    vault_is_held_to_its_row "vault"
    ledger_is_held_to_its_row "ledger"
    control_is_held_to_its_row "control"
}
