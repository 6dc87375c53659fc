//! Starts a child with named sockets, and finds them in the child.
//!
//! The protocol is systemd's socket activation (sd_listen_fds(3)): descriptors from 3 on, their
//! number in `LISTEN_FDS`, their names in `LISTEN_FDNAMES`. systemd names the child in `LISTEN_PID`,
//! which cannot be known before the fork; our own supervisor names itself in `LISTEN_PPID` instead.
//! A child never inherits any other descriptor and never outlives its parent.
//!
//! Half of the project's `unsafe` is in this file (the other half is in `map.rs`): the code between
//! fork and exec, and taking over the inherited descriptors.
#![allow(unsafe_code)]

use std::ffi::OsString;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use nix::libc;
use nix::sys::prctl;
use nix::sys::signal::Signal;
use nix::unistd::getppid;

use crate::limits;

/// First descriptor of the protocol.
const FIRST: RawFd = 3;
const COUNT: &str = "LISTEN_FDS";
const NAMES: &str = "LISTEN_FDNAMES";
const CHILD: &str = "LISTEN_PID";
const PARENT: &str = "LISTEN_PPID";

/// Why a child could not be started or its sockets not be found.
#[derive(Debug, thiserror::Error)]
pub enum LaunchError {
    /// A name with a colon, which the protocol uses between names, or an empty one.
    #[error("{0:?} cannot be the name of a socket")]
    Name(String),
    /// More sockets than a child is given.
    #[error("{0} sockets are more than a child is given")]
    TooMany(usize),
    /// The system would not start the program.
    #[error("{program} could not be started")]
    Start {
        /// The program.
        program: PathBuf,
        /// The kernel's word.
        #[source]
        source: io::Error,
    },
    /// The number of passed sockets does not match their names, or a descriptor is not open.
    #[error("the sockets that were passed in cannot be taken over: {0}")]
    Inherited(String),
}

/// A child to be started.
///
/// The child is killed when the *thread* that started it ends (PR_SET_PDEATHSIG), so start
/// children from the main thread or a runtime worker, never from a pool of blocking threads.
#[derive(Debug)]
pub struct Launch {
    program: PathBuf,
    arguments: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
    sockets: Vec<(String, OwnedFd)>,
}

impl Launch {
    /// A child that runs `program`.
    #[must_use]
    pub fn new(program: &Path) -> Self {
        Launch {
            program: program.to_owned(),
            arguments: Vec::new(),
            environment: Vec::new(),
            sockets: Vec::new(),
        }
    }

    /// Adds an argument.
    #[must_use]
    pub fn argument(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Adds an environment variable to those of this process.
    #[must_use]
    pub fn environment(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// Passes a socket under a name.
    #[must_use]
    pub fn socket(mut self, name: &str, socket: OwnedFd) -> Self {
        self.sockets.push((name.to_owned(), socket));
        self
    }

    /// The command, ready to be spawned by `std` or by a runtime. It holds the sockets: drop it
    /// after the start, or their other ends never see them close.
    ///
    /// # Errors
    /// [`LaunchError::Name`] or [`LaunchError::TooMany`].
    pub fn command(self) -> Result<Command, LaunchError> {
        if self.sockets.len() > limits::PASSED_SOCKETS {
            return Err(LaunchError::TooMany(self.sockets.len()));
        }
        let names: Vec<&str> = self.sockets.iter().map(|(name, _)| name.as_str()).collect();
        if let Some(bad) = names.iter().find(|name| !is_name(name)) {
            return Err(LaunchError::Name((*bad).to_owned()));
        }
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).envs(self.environment.iter().map(|(k, v)| (k, v)));
        command.env_remove(CHILD);
        command.env(COUNT, names.len().to_string()).env(NAMES, names.join(":"));
        command.env(PARENT, std::process::id().to_string());
        let sockets: Vec<OwnedFd> = self.sockets.into_iter().map(|(_, socket)| socket).collect();
        let parent = nix::unistd::getpid();
        let reserved = reserve(&sockets);
        // Room made before the fork: the child may not allocate.
        let mut moved = vec![-1; sockets.len()];
        let prepare = move || {
            let _held = &reserved;
            arrange(&sockets, &mut moved, parent)
        };
        // SAFETY: between fork and exec `arrange` makes system calls only; it allocates nothing,
        // takes no lock, and touches only memory that was made before the fork.
        unsafe { command.pre_exec(prepare) };
        Ok(command)
    }

    /// Starts the child.
    ///
    /// # Errors
    /// [`LaunchError`].
    pub fn spawn(self) -> Result<Child, LaunchError> {
        let program = self.program.clone();
        let mut command = self.command()?;
        command.spawn().map_err(|source| LaunchError::Start { program, source })
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.len() <= 255 && name.bytes().all(|b| b.is_ascii_graphic() && b != b':')
}

/// Occupies the numbers that the sockets will take in the child, so that the standard library's
/// pipe for reporting a failed exec, made later, cannot be one of them.
fn reserve(sockets: &[OwnedFd]) -> Vec<OwnedFd> {
    let end = FIRST.saturating_add(sockets.len() as RawFd);
    let copies =
        sockets.first().into_iter().flat_map(|any| std::iter::from_fn(|| any.try_clone().ok()));
    copies.take_while(|copy| copy.as_raw_fd() < end).collect()
}

/// In the child, before exec: puts the sockets at 3, 4, ..., lets everything else close at exec,
/// and ties the child's life to its parent's.
fn arrange(sockets: &[OwnedFd], moved: &mut [RawFd], parent: nix::unistd::Pid) -> io::Result<()> {
    prctl::set_pdeathsig(Signal::SIGKILL)?;
    if getppid() != parent {
        // The parent died before the line above could take effect.
        return Err(io::ErrorKind::NotConnected.into());
    }
    let room = FIRST.saturating_add(sockets.len() as RawFd);
    for (socket, at) in sockets.iter().zip(moved.iter_mut()) {
        // Out of the way first, so that no socket is overwritten by another.
        // SAFETY: fcntl on a descriptor that we own; no memory is involved.
        *at = checked(unsafe { libc::fcntl(socket.as_raw_fd(), libc::F_DUPFD_CLOEXEC, room) })?;
    }
    // Standard streams stay; the rest, the one through which exec reports its failure included,
    // closes at exec.
    let (from, to) = (FIRST as libc::c_uint, libc::c_uint::MAX);
    // SAFETY: close_range with CLOEXEC changes flags of descriptors only.
    let marked =
        unsafe { libc::syscall(libc::SYS_close_range, from, to, libc::CLOSE_RANGE_CLOEXEC) };
    if marked < 0 {
        return Err(io::Error::last_os_error());
    }
    for (target, at) in (FIRST..).zip(moved.iter()) {
        // SAFETY: dup2 onto a number of the protocol's range, which `reserve` has made ours.
        checked(unsafe { libc::dup2(*at, target) })?;
    }
    Ok(())
}

fn checked(result: libc::c_int) -> io::Result<libc::c_int> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

/// The sockets that this process was passed, by systemd or by our own supervisor, with their
/// names. Empty when there are none. Call it once, first thing in `main`: a second call would own
/// the same descriptors twice.
///
/// # Errors
/// [`LaunchError::Inherited`] when the environment and the descriptors do not fit together.
pub fn inherited() -> Result<Vec<(String, OwnedFd)>, LaunchError> {
    let names = if from_own_supervisor() { named_by_supervisor()? } else { named_by_systemd()? };
    let sockets = (FIRST..).zip(names).map(|(descriptor, name)| take(descriptor, name));
    sockets.collect()
}

fn from_own_supervisor() -> bool {
    let parent = std::env::var(PARENT).ok().and_then(|text| text.parse::<i32>().ok());
    parent.is_some_and(|parent| parent == getppid().as_raw())
}

fn named_by_supervisor() -> Result<Vec<String>, LaunchError> {
    let read = |name| std::env::var(name).unwrap_or_default();
    let count: usize = read(COUNT).parse().unwrap_or(0);
    let text = read(NAMES);
    let names: Vec<String> = text.split(':').filter(|n| !n.is_empty()).map(str::to_owned).collect();
    if names.len() == count && count <= limits::PASSED_SOCKETS {
        Ok(names)
    } else {
        Err(LaunchError::Inherited(format!("{count} sockets under the names {text:?}")))
    }
}

fn named_by_systemd() -> Result<Vec<String>, LaunchError> {
    let passed = systemd::daemon::listen_fds_with_names()
        .map_err(|error| LaunchError::Inherited(error.to_string()))?;
    Ok(passed.iter().map(|(_, name)| name.to_string_lossy().into_owned()).collect())
}

fn take(descriptor: RawFd, name: String) -> Result<(String, OwnedFd), LaunchError> {
    // SAFETY: fcntl reads and sets flags of a descriptor; no memory is involved, and a number
    // that is not open is an error.
    let open = unsafe { libc::fcntl(descriptor, libc::F_SETFD, libc::FD_CLOEXEC) };
    if open < 0 {
        return Err(LaunchError::Inherited(format!("{descriptor} is not open")));
    }
    // SAFETY: the descriptor is open, the protocol gives it to this process, and `inherited` is
    // called once, so nothing else owns it.
    Ok((name, unsafe { OwnedFd::from_raw_fd(descriptor) }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::os::unix::net::UnixStream;

    /// The other side of the tests below: this test binary, started again as a child.
    #[test]
    fn child_side() {
        if std::env::var("GATEPOST_TEST_CHILD").is_err() {
            return;
        }
        let sockets = inherited().unwrap();
        for (name, socket) in sockets {
            let mut stream = UnixStream::from(socket);
            stream.write_all(name.as_bytes()).unwrap();
        }
        let extra = std::env::var("GATEPOST_TEST_EXTRA").unwrap();
        let open = Path::new("/proc/self/fd").join(extra).exists();
        std::process::exit(if open { 9 } else { 0 });
    }

    fn child() -> Launch {
        Launch::new(&std::env::current_exe().unwrap())
            .argument("--exact")
            .argument("launch::tests::child_side")
            .argument("--nocapture")
            .environment("GATEPOST_TEST_CHILD", "1")
    }

    fn read_all(mut stream: UnixStream) -> String {
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn sockets_arrive_under_their_names_and_nothing_else_does() {
        let (smtp, smtp_child) = UnixStream::pair().unwrap();
        let (queue, queue_child) = UnixStream::pair().unwrap();
        let extra = std::fs::File::open("/dev/null").unwrap();
        // A descriptor that a careless library left open across exec, at a high number.
        // SAFETY: dup without CLOEXEC of a descriptor we own.
        let leak = unsafe { libc::fcntl(extra.as_raw_fd(), libc::F_DUPFD, 700) };
        let mut running = child()
            .environment("GATEPOST_TEST_EXTRA", leak.to_string())
            .socket("smtp", smtp_child.into())
            .socket("queue", queue_child.into())
            .spawn()
            .unwrap();
        assert_eq!(read_all(smtp), "smtp");
        assert_eq!(read_all(queue), "queue");
        assert_eq!(running.wait().unwrap().code(), Some(0), "the leaked descriptor was inherited");
        // SAFETY: closes the descriptor made above, once.
        drop(unsafe { OwnedFd::from_raw_fd(leak) });
    }

    #[test]
    fn a_name_that_would_break_the_list_is_refused() {
        for name in ["", "a:b", "a b", "ü"] {
            let (_keep, given) = UnixStream::pair().unwrap();
            let refused = Launch::new(Path::new("/bin/true")).socket(name, given.into()).command();
            assert!(matches!(refused, Err(LaunchError::Name(_))), "{name:?}");
        }
    }

    #[test]
    fn a_program_that_is_not_there_is_told() {
        let missing = Launch::new(Path::new("/nonexistent/program")).spawn();
        assert!(matches!(missing, Err(LaunchError::Start { .. })));
    }

    #[test]
    fn a_program_that_is_not_there_is_told_even_with_sockets() {
        let sockets = std::iter::from_fn(|| UnixStream::pair().ok()).take(8);
        let launch = sockets
            .fold(Launch::new(Path::new("/nonexistent/program")), |launch, pair| {
                launch.socket("queue", pair.0.into())
            });
        assert!(matches!(launch.spawn(), Err(LaunchError::Start { .. })));
    }

    #[test]
    fn sockets_meant_for_another_process_are_left_alone() {
        assert!(!from_own_supervisor());
        assert!(inherited().unwrap().is_empty());
    }
}
