//! Judging alone: the same real mail of about 5 KB through rspamd, SpamAssassin and the cells of
//! Gatepost, in turns.
//!
//! Each has as many workers as there are cores and is asked by twice as many clients, over its own
//! protocol, with everything that asks the network left out. Gatepost's figure includes starting the
//! workers, and is that of the whole scan: every container and every engine, without signatures.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Read, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use gatepost_test_e2e::{corpus, gateway, limits, tool, wait_for};
use tempfile::TempDir;

use crate::Plan;
use crate::peers::{end, quiet};
use crate::rspamd::{self, Worker};

/// Octets of a message of "about 5 KB".
const SIZES: std::ops::RangeInclusive<usize> = 4000..=6500;
/// Messages of one run: rspamd and Gatepost scan each file so many times as it takes.
const MESSAGES: usize = 20_000;
/// SpamAssassin is given this part of them.
const SLOWER: usize = 40;

/// A peer that ends with the measuring.
struct Daemon(Option<Child>);

impl Drop for Daemon {
    fn drop(&mut self) {
        if let Some(child) = self.0.take() {
            end(child);
        }
    }
}

/// Who is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Peer {
    Rspamd,
    Spamd,
}

/// Measures and gives the table as text.
///
/// # Errors
/// When a program fails or answers for fewer messages than it was given.
pub fn run(plan: &Plan) -> Result<String> {
    let folder = TempDir::with_prefix_in("gatepost-judge-", "/var/tmp")?;
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755))?;
    let (messages, origin) = messages();
    let count = MESSAGES / usize::try_from(plan.divisor)?;
    let laid = lay_out(folder.path(), &messages, count)?;
    let cores = std::thread::available_parallelism()?.get();
    println!("{} messages ({origin}), {count} scans, {cores} workers each", messages.len());
    let (rspamd_port, spamd_port) = (tool::free_port(), tool::free_port());
    let worker = Worker::Normal(rspamd_port, cores);
    let rspamd = Daemon(Some(rspamd::start(&folder.path().join("rspamd"), worker, None)));
    let spamd = start_spamd(spamd_port, cores)?;
    let mut rates: [Vec<f64>; 3] = Default::default();
    for round in 0..plan.rounds {
        let asked = [
            ask_all(Peer::Rspamd, rspamd_port, &messages, count, cores)?,
            ask_all(Peer::Spamd, spamd_port, &messages, count / SLOWER, cores)?,
            scan(folder.path(), &laid, count)?,
        ];
        for (rates, rate) in rates.iter_mut().zip(asked) {
            rates.push(rate);
        }
        println!(
            "round {}: rspamd {:.0}/s, spamd {:.1}/s, Gatepost {:.0}/s",
            round + 1,
            asked[0],
            asked[1],
            asked[2]
        );
    }
    drop((rspamd, spamd));
    let instructions = instructions(folder.path(), &laid, count);
    Ok(table(&rates, count, cores, origin) + &instructions)
}

/// Real mail where there is some, else that of the hand-made cases.
fn messages() -> (Vec<Vec<u8>>, &'static str) {
    let fitting = |mail: &Vec<u8>| SIZES.contains(&mail.len());
    let real: Vec<_> = corpus::real(4000).unwrap_or_default().into_iter().filter(fitting).collect();
    if real.len() >= 100 {
        return (real.into_iter().take(500).collect(), "real");
    }
    let mut paths = Vec::new();
    list(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../cases/tune"), &mut paths);
    paths.sort();
    let read = |path: &PathBuf| fs::read(path).ok().map(|raw| corpus::wire_form(&raw));
    (paths.iter().filter_map(read).filter(fitting).collect(), "hand-made")
}

fn list(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() { list(&path, paths) } else { paths.push(path) }
    }
}

/// The messages as `count` files, for the program that is given a folder.
fn lay_out(folder: &Path, messages: &[Vec<u8>], count: usize) -> Result<PathBuf> {
    let laid = folder.join("mail");
    fs::create_dir(&laid)?;
    for (number, mail) in messages.iter().cycle().take(count).enumerate() {
        fs::write(laid.join(format!("{number}.eml")), mail)?;
    }
    Ok(laid)
}

/// Our workers over the folder: messages a second.
fn scan(folder: &Path, laid: &Path, count: usize) -> Result<f64> {
    let start = Instant::now();
    let output =
        scanning(Command::new(gateway::program()), folder, laid).stdin(Stdio::null()).output()?;
    let taken = start.elapsed();
    let lines = output.stdout.iter().filter(|octet| **octet == b'\n').count();
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(lines == count, "gatepost scan: {lines} of {count}: {complaint}");
    Ok(count as f64 / taken.as_secs_f64())
}

fn scanning(mut command: Command, folder: &Path, laid: &Path) -> Command {
    command.arg("--state").arg(folder.join("state")).args(["scan", "--json"]).arg(laid);
    command
}

/// Instructions that a message takes in our processes, where this machine counts any.
fn instructions(folder: &Path, laid: &Path, count: usize) -> String {
    let mut command = Command::new("perf");
    command.args(["stat", "-x,", "-e", "instructions:u", "--"]).arg(gateway::program());
    let output =
        scanning(command, folder, laid).stdin(Stdio::null()).stdout(Stdio::piped()).output();
    let told = output.map(|output| String::from_utf8_lossy(&output.stderr).into_owned());
    let counted = told.unwrap_or_default().lines().find_map(|line| {
        let (number, _) = line.split_once(',').filter(|_| line.contains("instructions"))?;
        number.parse::<f64>().ok()
    });
    match counted {
        Some(all) => {
            format!("\nInstructions a message: {:.0} thousand\n", all / count as f64 / 1000.0)
        }
        None => "\nInstructions a message: not counted, no perf or no counter here\n".to_owned(),
    }
}

fn start_spamd(port: u16, workers: usize) -> Result<Daemon> {
    let workers = workers.to_string();
    let daemon = Daemon(Some(quiet(
        Command::new(tool::find("spamd").context("spamd")?)
            .args(["-L", "-x", "-u", "nobody", "-i", "127.0.0.1", "-A", "127.0.0.1"])
            // Where there is no syslog it waits for one.
            .args(["-s", "null", "--cf=bayes_auto_learn 0"])
            .args(["-p", &port.to_string(), "-m", &workers, "--min-children", &workers]),
    )));
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    wait_for("spamd to listen", limits::DELIVERY, || TcpStream::connect(address).ok());
    Ok(daemon)
}

/// Asks a daemon for `count` messages by twice as many clients as it has workers: messages a
/// second.
fn ask_all(peer: Peer, port: u16, messages: &[Vec<u8>], count: usize, cores: usize) -> Result<f64> {
    let next = AtomicUsize::new(0);
    let start = Instant::now();
    std::thread::scope(|scope| {
        let client = || -> Result<()> {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= count {
                    return Ok(());
                }
                let mail = messages.get(number % messages.len()).context("no message")?;
                ask(peer, port, mail).with_context(|| format!("{peer:?}"))?;
            }
        };
        let clients: Vec<_> = (0..cores * 2).map(|_| scope.spawn(client)).collect();
        clients.into_iter().try_for_each(|one| one.join().unwrap())
    })?;
    Ok(count as f64 / start.elapsed().as_secs_f64())
}

fn ask(peer: Peer, port: u16, mail: &[u8]) -> Result<()> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(Duration::from_secs(60)))?;
    let (head, good) = match peer {
        Peer::Rspamd => ("POST /checkv2 HTTP/1.0\r\n", "HTTP/1.0 200"),
        Peer::Spamd => ("SYMBOLS SPAMC/1.5\r\n", "SPAMD/1.1 0 EX_OK"),
    };
    // spamd knows the field in this spelling alone, and waits for the end of the stream without it.
    let head = format!("{head}Content-length: {}\r\n\r\n", mail.len());
    stream.write_all(&[head.as_bytes(), mail].concat())?;
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        Err(error) if error.kind() != io::ErrorKind::ConnectionReset => return Err(error.into()),
        _ => {}
    }
    let answer = String::from_utf8_lossy(&answer);
    let is_good = answer.starts_with(good) || answer.starts_with("HTTP/1.1 200");
    ensure!(is_good, "answered {:?}", answer.lines().next());
    Ok(())
}

fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

fn table(rates: &[Vec<f64>; 3], count: usize, cores: usize, origin: &str) -> String {
    let [rspamd, spamd, ours] = rates.each_ref().map(|rates| median(rates));
    let mut text = String::new();
    let _ = writeln!(
        text,
        "## Judging alone: {count} scans of {origin} mail of about 5 KB, {cores} workers each, no network\n\n\
         | | messages/s | a core | Gatepost is | goal |\n|---|---|---|---|---|"
    );
    for (name, rate, goal) in [
        ("rspamd", rspamd, "20 x"),
        ("SpamAssassin (spamd)", spamd, "100 x"),
        ("Gatepost", ours, ""),
    ] {
        let a_core = rate / cores as f64;
        let times = ours / rate;
        let _ = writeln!(text, "| {name} | {rate:.0} | {a_core:.1} | {times:.1} x | {goal} |");
    }
    text
}
