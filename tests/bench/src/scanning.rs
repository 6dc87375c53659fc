//! Scanning alone: the same messages and the same signatures through clamd and through the cells of
//! Gatepost, in turns.
//!
//! Both read files from one folder and use as many workers as there are cores. clamd is asked
//! through its socket (MULTISCAN) and is up already; Gatepost's figure includes starting the
//! workers and handing them the pack. clamd's cache is off: no message is scanned twice anyway.

use std::fmt::Write as _;
use std::fs;
use std::io::{Read, Write as _};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use gatepost_test_e2e::{gateway, limits, tool, wait_for};
use nix::unistd::User;
use tempfile::TempDir;

use crate::reload::{self, Reload};
use crate::{Plan, mails, processes, signatures};

/// Messages of one run.
const MESSAGES: u64 = 500;
/// How often memory is looked at while something loads.
const LOOK: Duration = Duration::from_millis(200);

/// One run of one scanner.
#[derive(Debug, Clone, Copy)]
struct Run {
    taken: Duration,
    pss_kibibytes: u64,
}

/// Measures and gives the table as text.
///
/// # Errors
/// When a program fails or answers for fewer messages than it was given.
pub fn run(plan: &Plan) -> Result<String> {
    let folder = TempDir::with_prefix_in("gatepost-scan-", "/var/tmp")?;
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755))?;
    let count = MESSAGES / plan.divisor;
    let messages = write_messages(folder.path(), count)?;
    let databases = folder.path().join("db");
    fs::create_dir(&databases)?;
    let written = signatures::write(&databases, signatures::COUNT / plan.divisor)?;
    println!("{written} signatures, {count} messages of about 88 KB");

    let state = folder.path().join("state");
    let compiled = compile(&databases, &state)?;
    let mut clamd = Clamd::start(folder.path(), &databases)?;
    let (mut theirs, mut ours) = (Vec::new(), Vec::new());
    for round in 0..plan.rounds {
        theirs.push(clamd.scan(&messages, count)?);
        ours.push(scan(&state, &messages, count)?);
        println!("round {}: {}", round + 1, line(&theirs, &ours, count));
    }
    let theirs_reloading = clamd.reload()?;
    let mut text = table(&theirs, &ours, count, written, &compiled, &clamd, theirs_reloading);
    clamd.stop();
    let ours_reloading = reload::measure(folder.path(), &compiled.pack)?;
    text += &changes(&ours_reloading, opened(&compiled.pack)?);
    Ok(text)
}

/// How long the program takes to open a pack and check every octet of it.
fn opened(pack: &Path) -> Result<Duration> {
    let start = Instant::now();
    let said = Command::new(gateway::program())
        .args(["patterns", "info"])
        .arg(pack)
        .stdout(Stdio::null())
        .status()?;
    ensure!(said.success(), "patterns info");
    Ok(start.elapsed())
}

fn changes(reload: &Reload, opened: Duration) -> String {
    let mebibytes = |kibibytes: u64| kibibytes as f64 / 1024.0;
    format!(
        "Whole gateway, the same signatures put in place again under mail: {:.0} MiB before, {:.0} MiB at \
         most ({:+.0} %), in use after {:.1} s, {} messages sent meanwhile, {} of them not taken. \
         A pack is opened and checked in {:.0} ms.\n",
        mebibytes(reload.steady_kibibytes),
        mebibytes(reload.most_kibibytes),
        (reload.most_kibibytes as f64 / reload.steady_kibibytes as f64 - 1.0) * 100.0,
        reload.taken.as_secs_f64(),
        reload.messages,
        reload.lost,
        opened.as_secs_f64() * 1000.0,
    )
}

fn write_messages(folder: &Path, count: u64) -> Result<PathBuf> {
    let messages = folder.join("mail");
    fs::create_dir(&messages)?;
    for number in 0..count {
        fs::write(messages.join(format!("{number}.eml")), mails::office(number))?;
    }
    Ok(messages)
}

/// What compiling the databases took.
struct Compiled {
    pack: PathBuf,
    taken: Duration,
    octets: u64,
}

fn compile(databases: &Path, state: &Path) -> Result<Compiled> {
    let patterns = state.join("patterns");
    fs::create_dir_all(&patterns)?;
    let pack = patterns.join("active.pack");
    let start = Instant::now();
    let said = Command::new(gateway::program())
        .args(["patterns", "compile"])
        .arg(&pack)
        .arg(databases)
        .stdin(Stdio::null())
        .output()?;
    let taken = start.elapsed();
    let complaint = [said.stderr, said.stdout].concat();
    let complaint = String::from_utf8_lossy(&complaint);
    ensure!(said.status.success(), "patterns compile: {complaint}");
    Ok(Compiled { taken, octets: fs::metadata(&pack)?.len(), pack })
}

/// Our workers over the folder.
fn scan(state: &Path, messages: &Path, count: u64) -> Result<Run> {
    let start = Instant::now();
    let child = Command::new(gateway::program())
        .arg("--state")
        .arg(state)
        .args(["scan", "--json"])
        .arg(messages)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let pid = i32::try_from(child.id())?;
    let (output, pss_kibibytes) = watched(pid, || child.wait_with_output());
    let output = output?;
    let taken = start.elapsed();
    let text = String::from_utf8(output.stdout)?;
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(text.lines().count() as u64 == count, "gatepost scan: {complaint}");
    let delivered = text.lines().filter(|line| line.contains("\"fate\":\"deliver\"")).count();
    ensure!(
        delivered as u64 == count,
        "clean mail was held: {}",
        text.lines().next().unwrap_or("")
    );
    Ok(Run { taken, pss_kibibytes })
}

/// Does something while the memory of a process and its children is watched; gives the most seen.
pub(crate) fn watched<T>(pid: i32, work: impl FnOnce() -> T) -> (T, u64) {
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            let mut most = 0;
            while !done.load(Ordering::Relaxed) {
                most = most.max(pss(pid));
                std::thread::park_timeout(LOOK);
            }
            most
        });
        let result = work();
        done.store(true, Ordering::Relaxed);
        (result, watcher.join().unwrap_or(0))
    })
}

/// Memory of a process and all below it.
pub(crate) fn pss(pid: i32) -> u64 {
    processes::tree(pid).into_iter().map(processes::pss_kibibytes).sum()
}

struct Clamd {
    child: Child,
    socket: PathBuf,
    loaded: Duration,
    idle_kibibytes: u64,
}

impl Clamd {
    fn start(folder: &Path, databases: &Path) -> Result<Clamd> {
        let root = folder.join("clamd");
        fs::create_dir(&root)?;
        let socket = root.join("clamd.sock");
        let configuration = format!(
            "DatabaseDirectory {}\nLocalSocket {}\nLocalSocketMode 666\nForeground yes\nUser clamav\n\
             SelfCheck 0\nDisableCache yes\nMaxThreads {}\n",
            databases.display(),
            socket.display(),
            std::thread::available_parallelism()?
        );
        let file = root.join("clamd.conf");
        fs::write(&file, configuration)?;
        let user = User::from_name("clamav")?.context("no user clamav")?;
        chown(&root, Some(user.uid.as_raw()), Some(user.gid.as_raw()))?;
        let start = Instant::now();
        let child = Command::new(tool::find("clamd").context("clamd")?)
            .arg("-c")
            .arg(&file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        wait_for("clamd to load", limits::DELIVERY, || UnixStream::connect(&socket).ok());
        let idle_kibibytes = pss(i32::try_from(child.id())?);
        Ok(Clamd { child, socket, loaded: start.elapsed(), idle_kibibytes })
    }

    fn ask(&self, command: &str) -> Result<String> {
        let mut stream = UnixStream::connect(&self.socket)?;
        stream.write_all(format!("z{command}\0").as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    }

    fn scan(&self, messages: &Path, count: u64) -> Result<Run> {
        let pid = i32::try_from(self.child.id())?;
        let start = Instant::now();
        let (answer, pss_kibibytes) =
            watched(pid, || self.ask(&format!("MULTISCAN {}", messages.display())));
        let answer = answer?;
        let taken = start.elapsed();
        // A folder without anything in it is told with one line; errors are told with one each.
        ensure!(!answer.contains("ERROR") && !answer.contains("FOUND"), "clamd: {answer}");
        ensure!(count > 0);
        Ok(Run { taken, pss_kibibytes })
    }

    /// The most memory while it loads its databases again.
    fn reload(&self) -> Result<u64> {
        let pid = i32::try_from(self.child.id())?;
        let (result, most) = watched(pid, || -> Result<()> {
            let answer = self.ask("RELOAD")?;
            ensure!(answer.contains("RELOADING"), "clamd: {answer}");
            // It answers at once and loads in another thread: until its CPU time stands still.
            let mut before = 0;
            wait_for("clamd to reload", limits::DELIVERY, || {
                std::thread::park_timeout(Duration::from_millis(500));
                let now = processes::cpu_milliseconds(pid);
                let still = now - before < 50 && before > 0;
                before = now;
                still.then_some(())
            });
            Ok(())
        });
        result?;
        Ok(most)
    }

    fn stop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Clamd {
    fn drop(&mut self) {
        self.stop();
    }
}

fn rate(run: &Run, count: u64) -> f64 {
    count as f64 / run.taken.as_secs_f64()
}

fn median(runs: &[Run], of: impl Fn(&Run) -> f64) -> f64 {
    let mut values: Vec<f64> = runs.iter().map(of).collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

fn line(theirs: &[Run], ours: &[Run], count: u64) -> String {
    let last = |runs: &[Run]| runs.last().map_or(f64::NAN, |run| rate(run, count));
    format!("clamd {:.0}/s, Gatepost {:.0}/s", last(theirs), last(ours))
}

fn table(
    theirs: &[Run],
    ours: &[Run],
    count: u64,
    written: u64,
    compiled: &Compiled,
    clamd: &Clamd,
    reload: u64,
) -> String {
    let (their_rate, our_rate) =
        (median(theirs, |run| rate(run, count)), median(ours, |run| rate(run, count)));
    let memory = |runs: &[Run]| median(runs, |run| run.pss_kibibytes as f64) / 1024.0;
    let mut text = String::new();
    let _ = writeln!(
        text,
        "## Scanning alone: {written} signatures, {count} messages of about 88 KB with office, PDF and zip parts\n\n\
         | | messages/s | memory while scanning, MiB | load of signatures |\n|---|---|---|---|\n\
         | clamd, no cache | {their_rate:.0} | {:.0} | {:.1} s, {:.0} MiB idle, {:.0} MiB at most in a reload |\n\
         | Gatepost's workers | {our_rate:.0} | {:.0} | compiled in {:.1} s to {:.0} MiB |\n\
         | ratio | {:.1} x | {:.2} | |\n",
        memory(theirs),
        clamd.loaded.as_secs_f64(),
        clamd.idle_kibibytes as f64 / 1024.0,
        reload as f64 / 1024.0,
        memory(ours),
        compiled.taken.as_secs_f64(),
        compiled.octets as f64 / 1048576.0,
        our_rate / their_rate,
        memory(ours) / memory(theirs),
    );
    text
}
