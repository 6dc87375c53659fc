//! `gatepost-probe ROLE DEED STATE PORT`: takes the place of a role, does one deed, tells by its exit
//! code what came of it: 0 done, 77 refused, anything else a fault of the probe; a signal when the
//! kernel killed it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr as UnixAddress, UnixListener, UnixStream};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitCode};

use gatepost_test_denials::{Deed, FREE, REFUSED, places, resolve};
use ipc::Paths;
use nix::sys::signal::{Signal, kill};
use nix::unistd::getppid;
use rustix::net::{AddressFamily, SocketType};
use sandbox::{Access, Process};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["nothing"] => ExitCode::SUCCESS,
        [role, deed, state, port] => match run(role, deed, Path::new(state), port) {
            Some(code) => code,
            None => usage(),
        },
        _ => usage(),
    }
}

fn usage() -> ExitCode {
    eprintln!("usage: gatepost-probe ROLE DEED STATE PORT");
    ExitCode::from(2)
}

fn run(role: &str, deed: &str, state: &Path, port: &str) -> Option<ExitCode> {
    // `free` is the same program without its chains: what it cannot do proves nothing.
    let free = role == FREE;
    let role = sandbox::process(if free { "intake" } else { role })?;
    let probe = Probe {
        role,
        paths: Paths::new(state),
        target: SocketAddr::from((Ipv4Addr::LOCALHOST, port.parse().ok()?)),
        connection: sandbox::inherited().ok()?.into_iter().next().map(|(_, fd)| fd.into()),
        sealed: ipc::sealed_memory(b"pack").ok()?,
    };
    let confinement = role.confinement(|place| resolve(&probe.paths, place));
    if !free && let Err(error) = sandbox::confine(&confinement) {
        eprintln!("gatepost-probe: {error:?}");
        return Some(ExitCode::from(3));
    }
    let outcome = match Deed::from_word(deed) {
        Some(deed) => probe.attempt(deed),
        None => sandbox::probe(deed).map_err(io::Error::from_raw_os_error),
    };
    Some(match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // A cell may write to its error stream, so this is allowed everywhere.
            let _ = writeln!(io::stderr(), "{} {deed}: {error}", role.name);
            ExitCode::from(REFUSED)
        }
    })
}

struct Probe {
    role: &'static Process,
    paths: Paths,
    target: SocketAddr,
    connection: Option<TcpStream>,
    /// Made before the chains: a cell is handed its pack, and makes none.
    sealed: std::os::fd::OwnedFd,
}

impl Probe {
    fn attempt(&self, deed: Deed) -> io::Result<()> {
        let foreign = self.paths.state().join("foreign");
        match deed {
            Deed::ReadForeign => File::open(foreign).map(drop),
            Deed::WriteForeign => OpenOptions::new().append(true).open(foreign).map(drop),
            Deed::MakeForeign => File::create(self.paths.state().join("made")).map(drop),
            Deed::ListRoot => fs::read_dir("/").map(drop),
            Deed::ConnectTcp => TcpStream::connect(self.target).map(drop),
            Deed::ListenTcp => TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map(drop),
            Deed::Udp => {
                let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
                socket.send_to(b"x", self.target).map(drop)
            }
            Deed::Packet => {
                let made = rustix::net::socket(AddressFamily::PACKET, SocketType::RAW, None);
                made.map(drop).map_err(Into::into)
            }
            Deed::Abstract => {
                let name =
                    UnixAddress::from_abstract_name(format!("gatepost-{}", self.target.port()))?;
                UnixStream::connect_addr(&name).map(drop)
            }
            Deed::TurnAround => self.turn_around(),
            Deed::Execute => Err(Command::new("/bin/true").exec()),
            Deed::Start => started(&mut Command::new("/bin/true")),
            Deed::StartItself => started(Command::new("/proc/self/exe").arg("nothing")),
            Deed::Thread => std::thread::Builder::new().spawn(|| ()).map(drop),
            Deed::Signal => kill(getppid(), Signal::SIGURG).map_err(Into::into),
            Deed::Ring => sandbox::probe("ring").map_err(io::Error::from_raw_os_error),
            Deed::MapSealed => {
                let mapped = sandbox::Mapped::sealed(&self.sealed, 4).map_err(io::Error::other)?;
                if mapped.as_ref() == b"pack" { Ok(()) } else { Err(io::ErrorKind::Other.into()) }
            }
            Deed::MapExecutable | Deed::MakeExecutable | Deed::MapShared => {
                sandbox::probe(&deed.word()).map_err(io::Error::from_raw_os_error)
            }
            Deed::UsePlaces => self.use_places(),
            Deed::AbusePlaces => self.abuse_places(),
        }
    }

    fn turn_around(&self) -> io::Result<()> {
        let connection = self.connection.as_ref().ok_or(io::ErrorKind::NotConnected)?;
        rustix::net::connect_unspec(connection)?;
        rustix::net::connect(connection, &self.target).map_err(Into::into)
    }

    fn use_places(&self) -> io::Result<()> {
        for folder in places(&self.paths, self.role, Access::Write) {
            let (first, second) = (folder.join("probe"), folder.join("probe.new"));
            fs::write(&first, "x")?;
            fs::rename(&first, &second)?;
            fs::read(&second)?;
            fs::read_dir(&folder)?;
            fs::remove_file(&second)?;
        }
        for folder in places(&self.paths, self.role, Access::Sockets) {
            let path = folder.join(format!("probe-{}.sock", self.role.name));
            UnixListener::bind(&path)?;
            UnixStream::connect(&path).map(drop).or_else(refused_is_fine)?;
            fs::remove_file(&path)?;
        }
        for folder in places(&self.paths, self.role, Access::Read) {
            fs::read(folder.join("file"))?;
        }
        Ok(())
    }

    /// Done when any of them works.
    fn abuse_places(&self) -> io::Result<()> {
        let mut abused = Err(io::ErrorKind::PermissionDenied.into());
        for folder in places(&self.paths, self.role, Access::Read) {
            abused = abused.or_else(|_| fs::write(folder.join("file"), "changed"));
            abused = abused.or_else(|_| fs::write(folder.join("new"), "made"));
            abused = abused.or_else(|_| fs::remove_file(folder.join("file")));
        }
        for folder in places(&self.paths, self.role, Access::Sockets) {
            abused = abused.or_else(|_| fs::read(folder.join("file")).map(drop));
            abused = abused.or_else(|_| fs::write(folder.join("file"), "changed"));
        }
        for folder in places(&self.paths, self.role, Access::Write) {
            let link = folder.join("link");
            abused = abused.or_else(|_| std::os::unix::fs::symlink("/etc/passwd", link));
            abused = abused.or_else(|_| UnixListener::bind(folder.join("sock")).map(drop));
        }
        abused
    }
}

/// The listener was dropped: that nobody listens is the right answer.
fn refused_is_fine(error: io::Error) -> io::Result<()> {
    if error.kind() == io::ErrorKind::ConnectionRefused { Ok(()) } else { Err(error) }
}

fn started(command: &mut Command) -> io::Result<()> {
    if command.status()?.success() { Ok(()) } else { Err(io::ErrorKind::Other.into()) }
}
