//! A filter that runs beside us: shut off from every network, asked over a socket in its folder.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};

use super::cut;

/// rspamd compiles its rules before it listens.
const START: Duration = Duration::from_secs(120);
/// One message.
const ANSWER: Duration = Duration::from_secs(120);
/// After it was asked to end.
const END: Duration = Duration::from_secs(20);
const LOOK: Duration = Duration::from_millis(50);

/// A daemon that ends with its owner.
pub(super) struct Daemon {
    child: Child,
    socket: PathBuf,
}

impl Daemon {
    /// Starts a program in a network of its own, which has nothing in it, and waits until it
    /// answers on its socket.
    pub fn start(program: &[String], folder: &Path, socket: PathBuf) -> Result<Self> {
        let log = folder.join("printed");
        let printed = File::create(&log)?;
        let child = Command::new("unshare")
            .arg("--net")
            .arg("--")
            .args(program)
            .stdin(Stdio::null())
            .stdout(printed.try_clone()?)
            .stderr(printed)
            .spawn()?;
        let mut daemon = Daemon { child, socket };
        let end = Instant::now() + START;
        while daemon.connect().is_err() {
            let printed = || cut(&fs::read_to_string(&log).unwrap_or_default());
            if let Some(status) = daemon.child.try_wait()? {
                bail!("it ended ({status}): {}", printed());
            }
            ensure!(Instant::now() < end, "it does not listen: {}", printed());
            std::thread::park_timeout(LOOK);
        }
        Ok(daemon)
    }

    fn connect(&self) -> Result<UnixStream> {
        let stream = UnixStream::connect(&self.socket)?;
        stream.set_read_timeout(Some(ANSWER))?;
        stream.set_write_timeout(Some(ANSWER))?;
        Ok(stream)
    }

    /// Sends a request and reads what comes until the other side closes.
    pub fn ask(&self, head: &str, body: &[u8]) -> Result<String> {
        let mut stream = self.connect()?;
        stream.write_all(&[head.as_bytes(), body].concat())?;
        let mut answer = Vec::new();
        match stream.read_to_end(&mut answer) {
            // spamd closes without having read the end of what it was sent.
            Err(error) if error.kind() != io::ErrorKind::ConnectionReset => Err(error.into()),
            _ => Ok(String::from_utf8_lossy(&answer).into_owned()),
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It tells its children to end when it is asked to; a parent that is killed does not.
        let asked = Command::new("kill").arg(self.child.id().to_string()).status();
        let end = Instant::now() + END;
        while asked.is_ok() && Instant::now() < end {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::park_timeout(LOOK);
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_ends_is_an_error_with_what_it_printed() {
        let folder = tempfile::tempdir().unwrap();
        let program = ["sh", "-c", "echo no such rule >&2; exit 3"].map(String::from);
        let started = Daemon::start(&program, folder.path(), folder.path().join("socket"));
        // Without root it is unshare that complains.
        let error = started.err().unwrap().to_string();
        assert!(error.contains("no such rule") || error.contains("unshare"), "{error}");
    }
}
