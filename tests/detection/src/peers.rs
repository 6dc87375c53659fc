//! Other filters on the same mail: rspamd and SpamAssassin as Debian ships them, without asking the
//! network, and bogofilter taught with the training half. Those that are not installed are left out.

use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use crate::corpus::{Message, archive};
use crate::mangle::Change;
use crate::report::Set;

/// What a filter said of each message of a set.
#[derive(Debug)]
pub struct Verdicts {
    /// The filter.
    pub name: String,
    /// Its scores.
    pub scores: Vec<f64>,
    /// From which score it flags.
    pub threshold: f64,
}

/// A filter.
pub trait Peer {
    /// Judges a set.
    ///
    /// # Errors
    /// When it does not answer.
    fn judge(&self, set: &Set) -> Result<Verdicts>;
}

/// The filters that are installed, started and taught.
///
/// # Errors
/// When one is there and does not start.
pub fn installed() -> Result<Vec<Box<dyn Peer>>> {
    let mut peers: Vec<Box<dyn Peer>> = Vec::new();
    if is_there("rspamd") {
        peers.push(Box::new(Rspamd::start()?));
    }
    if is_there("spamd") {
        peers.push(Box::new(SpamAssassin::start()?));
    }
    if is_there("bogofilter")
        && let Some(messages) = archive("sa-train")?
    {
        peers.push(Box::new(Bogofilter::taught(&messages)?));
    }
    Ok(peers)
}

fn is_there(program: &str) -> bool {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let is = std::env::split_paths(&paths)
        .chain([PathBuf::from("/usr/sbin")])
        .any(|folder| folder.join(program).is_file());
    if !is {
        println!("skipped: {program} is not installed");
    }
    is
}

fn free_port() -> Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// A daemon that ends with its owner.
struct Daemon {
    child: Child,
    port: u16,
}

impl Daemon {
    fn start(command: &mut Command, port: u16) -> Result<Self> {
        let command = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.spawn()?;
        let daemon = Daemon { child, port };
        let end = Instant::now() + Duration::from_secs(120);
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        while TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_err() {
            ensure!(Instant::now() < end, "{command:?} does not listen");
            std::thread::park_timeout(Duration::from_millis(100));
        }
        Ok(daemon)
    }

    fn connect(&self) -> Result<TcpStream> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
        stream.set_read_timeout(Some(Duration::from_secs(120)))?;
        Ok(stream)
    }

    /// Sends a request and reads what comes until the other side closes.
    fn ask(&self, head: &str, body: &[u8]) -> Result<String> {
        let mut stream = self.connect()?;
        stream.write_all(head.as_bytes())?;
        stream.write_all(body)?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        Ok(String::from_utf8_lossy(&answer).into_owned())
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It tells its children to end when it is asked to.
        let id = self.child.id().to_string();
        let asked = Command::new("kill").arg(&id).status();
        if asked.is_err() {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }
}

/// Two at once, in order.
fn scores(messages: &[Message], of: impl Fn(&[u8]) -> Result<f64> + Sync) -> Result<Vec<f64>> {
    let half = messages.len().div_ceil(2).max(1);
    let some = |chunk: &[Message]| -> Result<Vec<f64>> {
        chunk.iter().map(|one| of(&one.raw).with_context(|| one.name.clone())).collect()
    };
    let some = &some;
    std::thread::scope(|scope| {
        let chunks: Vec<_> =
            messages.chunks(half).map(|chunk| scope.spawn(move || some(chunk))).collect();
        let mut all = Vec::new();
        for chunk in chunks {
            match chunk.join() {
                Ok(scores) => all.extend(scores?),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        Ok(all)
    })
}

/// rspamd, its modules that ask the network or a database off.
struct Rspamd {
    daemon: Daemon,
    _folder: TempDir,
}

/// Modules of rspamd that ask the network or a database.
const ASKING_MODULES: [&str; 18] = [
    "arc",
    "asn",
    "dkim",
    "dkim_signing",
    "dmarc",
    "fuzzy_check",
    "greylist",
    "history_redis",
    "mx_check",
    "neural",
    "ratelimit",
    "rbl",
    "replies",
    "reputation",
    "spf",
    "surbl",
    "url_redirector",
    "bimi",
];

impl Rspamd {
    fn start() -> Result<Self> {
        let folder = open_folder()?;
        let root = folder.path();
        let own = root.join("override.d");
        fs::create_dir_all(&own)?;
        for module in ASKING_MODULES {
            fs::write(own.join(format!("{module}.conf")), "enabled = false;\n")?;
        }
        let port = free_port()?;
        let options = "dns { nameserver = [\"127.0.0.1:9:1\"]; timeout = 0.1s; retransmits = 1; }\n\
                       filters = \"chartable,regexp\";\n";
        fs::write(own.join("options.inc"), options)?;
        fs::write(own.join("logging.inc"), "level = \"error\";\n")?;
        let normal = format!("bind_socket = \"127.0.0.1:{port}\";\ncount = 2;\n");
        fs::write(own.join("worker-normal.inc"), normal)?;
        let controller = format!("bind_socket = \"127.0.0.1:{}\";\n", free_port()?);
        fs::write(own.join("worker-controller.inc"), controller)?;
        fs::write(own.join("worker-proxy.inc"), "enabled = false;\n")?;
        for name in ["db", "run", "log"] {
            let path = root.join(name);
            fs::create_dir_all(&path)?;
            give(&path, "_rspamd")?;
        }
        let mut command = Command::new("rspamd");
        command.args(["-f", "-u", "_rspamd", "-g", "_rspamd", "-c", "/etc/rspamd/rspamd.conf"]);
        for (variable, name) in
            [("LOCAL_CONFDIR", ""), ("DBDIR", "db"), ("RUNDIR", "run"), ("LOGDIR", "log")]
        {
            command.arg("--var").arg(format!("{variable}={}", root.join(name).display()));
        }
        Ok(Rspamd { daemon: Daemon::start(&mut command, port)?, _folder: folder })
    }

    fn score(&self, raw: &[u8]) -> Result<f64> {
        let head = format!("POST /checkv2 HTTP/1.0\r\nContent-Length: {}\r\n\r\n", raw.len());
        let answer = self.daemon.ask(&head, raw)?;
        // The first score is that of the whole message; symbols have theirs below.
        number_after(&answer, "\"score\":").with_context(|| cut(&answer))
    }
}

impl Peer for Rspamd {
    fn judge(&self, set: &Set) -> Result<Verdicts> {
        let scores = scores(&set.messages, |raw| self.score(raw))?;
        // The score from which it adds a header as shipped.
        Ok(Verdicts { name: "rspamd".to_owned(), scores, threshold: 6.0 })
    }
}

/// SpamAssassin's daemon with local tests alone.
struct SpamAssassin {
    daemon: Daemon,
    _folder: TempDir,
}

impl SpamAssassin {
    fn start() -> Result<Self> {
        let folder = open_folder()?;
        let port = free_port()?;
        let mut command = Command::new("spamd");
        command.args(["--local", "--nouser-config", "--syslog=null", "--max-children=2"]);
        command.args(["--username=nobody", "--listen=127.0.0.1", &format!("--port={port}")]);
        command.arg(format!("--helper-home-dir={}", folder.path().display()));
        give(folder.path(), "nobody")?;
        Ok(SpamAssassin { daemon: Daemon::start(&mut command, port)?, _folder: folder })
    }

    fn score(&self, raw: &[u8]) -> Result<f64> {
        let head = format!("CHECK SPAMC/1.5\r\nContent-length: {}\r\n\r\n", raw.len());
        let answer = self.daemon.ask(&head, raw)?;
        number_after(&answer, " ; ").with_context(|| cut(&answer))
    }
}

impl Peer for SpamAssassin {
    fn judge(&self, set: &Set) -> Result<Verdicts> {
        let scores = scores(&set.messages, |raw| self.score(raw))?;
        Ok(Verdicts { name: "SpamAssassin".to_owned(), scores, threshold: 5.0 })
    }
}

/// bogofilter, taught once with the training half as it is and once with its headers stripped.
struct Bogofilter {
    raw: TempDir,
    stripped: TempDir,
}

impl Bogofilter {
    fn taught(messages: &[Message]) -> Result<Self> {
        let strip = |one: &Message| Message {
            raw: Change::Stripped.apply(&one.raw).unwrap_or_default(),
            ..one.clone()
        };
        let stripped: Vec<Message> = messages.iter().map(strip).collect();
        Ok(Bogofilter { raw: teach(messages)?, stripped: teach(&stripped)? })
    }
}

fn teach(messages: &[Message]) -> Result<TempDir> {
    let folder = open_folder()?;
    for (is_unwanted, how) in [(true, "-s"), (false, "-n")] {
        let files = written(messages.iter().filter(|one| one.class.is_unwanted() == is_unwanted))?;
        bogofilter(folder.path(), &[how], &files)?;
    }
    Ok(folder)
}

/// Messages as files, whose names are in their order.
fn written<'m>(messages: impl Iterator<Item = &'m Message>) -> Result<(TempDir, Vec<PathBuf>)> {
    let folder = open_folder()?;
    let mut files = Vec::new();
    for (at, one) in messages.enumerate() {
        let path = folder.path().join(format!("{at:05}"));
        fs::write(&path, &one.raw)?;
        files.push(path);
    }
    Ok((folder, files))
}

fn bogofilter(words: &Path, how: &[&str], files: &(TempDir, Vec<PathBuf>)) -> Result<String> {
    let list: Vec<String> = files.1.iter().map(|path| path.display().to_string()).collect();
    let mut child = Command::new("bogofilter")
        .arg("-C")
        .arg("-d")
        .arg(words)
        .args(how)
        .arg("-b")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut names = child.stdin.take().context("its input")?;
    let feeder = std::thread::spawn(move || names.write_all((list.join("\n") + "\n").as_bytes()));
    let output = child.wait_with_output()?;
    let _ = feeder.join();
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

impl Peer for Bogofilter {
    fn judge(&self, set: &Set) -> Result<Verdicts> {
        let words = if set.name.ends_with("stripped") { &self.stripped } else { &self.raw };
        let files = written(set.messages.iter())?;
        let answer = bogofilter(words.path(), &["-T"], &files)?;
        let last = |line: &str| line.split_whitespace().last().and_then(|one| one.parse().ok());
        let scores: Vec<f64> = answer.lines().filter_map(last).collect();
        ensure!(scores.len() == set.messages.len(), "bogofilter: {}", cut(&answer));
        // The score from which it calls mail spam as shipped.
        Ok(Verdicts { name: "bogofilter".to_owned(), scores, threshold: 0.99 })
    }
}

fn open_folder() -> Result<TempDir> {
    let folder = tempfile::Builder::new().prefix("gatepost-detection").tempdir()?;
    let everybody = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(folder.path(), everybody)?;
    Ok(folder)
}

fn give(path: &Path, user: &str) -> Result<()> {
    let done = Command::new("chown").arg("-R").arg(user).arg(path).status()?;
    ensure!(done.success(), "{} cannot be given to {user}", path.display());
    Ok(())
}

fn number_after(text: &str, mark: &str) -> Option<f64> {
    let (_, rest) = text.split_once(mark)?;
    let rest = rest.trim_start();
    let end = rest.find(|one: char| !matches!(one, '0'..='9' | '.' | '-')).unwrap_or(rest.len());
    rest.get(..end)?.parse().ok()
}

fn cut(text: &str) -> String {
    text.chars().take(300).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_are_read_out_of_answers() {
        let answer = "SPAMD/1.1 0 EX_OK\r\nSpam: False ; -1.5 / 5.0\r\n\r\n";
        assert_eq!(number_after(answer, " ; "), Some(-1.5));
        assert_eq!(number_after("{\"score\": 3.25,", "\"score\":"), Some(3.25));
        assert_eq!(number_after("none", "\"score\":"), None);
    }
}
