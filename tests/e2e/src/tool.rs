//! Programs of others: Postfix's smtp-source and smtp-sink, swaks, and what this machine allows.

use std::io::{BufReader, Read};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use crate::{limits, wait_for};

/// Where Debian puts programs for root, beyond PATH.
const FOLDERS: [&str; 4] = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/// The path of a program.
#[must_use]
pub fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var("PATH").unwrap_or_default();
    let folders = path.split(':').chain(FOLDERS);
    folders.map(|folder| PathBuf::from(folder).join(program)).find(|path| path.is_file())
}

/// True when the program is there.
#[must_use]
pub fn is_installed(program: &str) -> bool {
    find(program).is_some()
}

/// True when this test runs as root.
#[must_use]
pub fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

/// A loopback port that nobody listens on now.
#[must_use]
pub fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}

/// Runs a program to its end.
#[must_use]
pub fn run(program: &str, arguments: &[&str]) -> Output {
    let path = find(program).unwrap_or_else(|| panic!("{program} is not installed"));
    Command::new(path)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("{program}: {error}"))
}

/// A running smtp-sink; it counts what it takes. Stopped when dropped.
pub struct SmtpSink {
    child: Child,
    port: u16,
    counted: Arc<(Mutex<()>, Condvar, AtomicU64)>,
}

impl SmtpSink {
    /// Starts smtp-sink with `flags` on a loopback port and waits until it listens.
    #[must_use]
    pub fn start(port: u16, flags: &[&str]) -> Self {
        let path = find("smtp-sink").expect("smtp-sink is installed");
        let mut command = Command::new(path);
        command.arg("-c").args(flags);
        if is_root() {
            // smtp-sink refuses to serve as root.
            command.args(["-u", "nobody"]);
        }
        let mut child = command
            .arg(format!("127.0.0.1:{port}"))
            .arg("1024")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("smtp-sink can be run");
        let counted = Arc::new((Mutex::new(()), Condvar::new(), AtomicU64::new(0)));
        let output = child.stdout.take().unwrap();
        let shared = Arc::clone(&counted);
        std::thread::spawn(move || count(output, &shared));
        wait_for("smtp-sink to listen", limits::START, || {
            TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok()
        });
        SmtpSink { child, port, counted }
    }

    /// The port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// How many messages it took.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.counted.2.load(Ordering::Acquire)
    }

    /// Waits until it took `count` messages in all; false when it does not within `within`.
    #[must_use]
    pub fn wait(&self, count: u64, within: Duration) -> bool {
        let end = Instant::now() + within;
        let (mutex, changed, _) = &*self.counted;
        let mut guard = mutex.lock().unwrap();
        while self.total() < count {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            guard = changed.wait_timeout(guard, left).unwrap().0;
        }
        true
    }
}

impl Drop for SmtpSink {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads the running count `sess=N quit=N mesg=N`, written over itself with carriage returns.
fn count(output: impl Read, shared: &(Mutex<()>, Condvar, AtomicU64)) {
    let mut reader = BufReader::new(output);
    let mut text = Vec::new();
    let mut chunk = [0; 4096];
    while let Ok(read @ 1..) = reader.read(&mut chunk) {
        text.extend_from_slice(&chunk[..read]);
        let last = String::from_utf8_lossy(&text);
        let complete = last.split('\r').rev().skip(1).find_map(messages);
        if let Some(total) = complete.or_else(|| last.rsplit('\r').next().and_then(messages)) {
            let _guard = shared.0.lock().unwrap();
            shared.2.fetch_max(total, Ordering::AcqRel);
            shared.1.notify_all();
        }
        let keep = text.len().saturating_sub(200);
        text.drain(..keep);
    }
}

fn messages(line: &str) -> Option<u64> {
    line.split_once("mesg=")?.1.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_running_count_is_read() {
        let shared = (Mutex::new(()), Condvar::new(), AtomicU64::new(0));
        count(&b"sess=1 quit=0 mesg=0\rsess=1 quit=1 mesg=12\r"[..], &shared);
        assert_eq!(shared.2.load(Ordering::Acquire), 12);
    }
}
