//! What is measured, in which order.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use gatepost_test_e2e::{Client, SmtpSink, tool};
use tempfile::TempDir;

use crate::gatepost::Gatepost;
use crate::peers::{Postfix, Scanning};
use crate::report::{Figures, Load, Report};
use crate::{Subject, mails, processes};

/// Sessions that smtp-source keeps open at once.
const SESSIONS: u64 = 20;
/// Mails sent one after the other, each on a new connection, for the latency.
const LATENCY_MAILS: usize = 200;
/// A run that takes longer has got stuck.
const STUCK: Duration = Duration::from_secs(600);

/// The options of one bench.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// How often each load runs on each subject.
    pub rounds: usize,
    /// The loads are divided by this.
    pub divisor: u64,
    /// Only subjects whose name has this word.
    pub only: Option<String>,
    /// Many messages on one connection, in place of a connection for each.
    pub reuse: bool,
    /// Only the scanners, without the mail systems around them; `false`: only the mail systems.
    pub scanning: bool,
    /// Judges of unwanted mail alone, in place of whole gateways.
    pub judging: bool,
    /// Write the results to a file.
    pub record: bool,
}

impl Plan {
    /// Reads the command line.
    ///
    /// # Errors
    /// When an option is unknown or its value is missing.
    pub fn from_arguments(arguments: impl Iterator<Item = String>) -> Result<Plan> {
        let mut plan = Plan {
            rounds: 5,
            divisor: 1,
            only: None,
            reuse: false,
            scanning: false,
            judging: false,
            record: true,
        };
        let mut arguments = arguments;
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--rounds" => plan.rounds = arguments.next().context("--rounds N")?.parse()?,
                "--quick" => (plan.rounds, plan.divisor, plan.record) = (1, 10, false),
                "--only" => plan.only = Some(arguments.next().context("--only WORD")?),
                "--reuse" => plan.reuse = true,
                "--scanning" => plan.scanning = true,
                "--judging" => plan.judging = true,
                "--no-record" => plan.record = false,
                other => bail!("{other} is no option of the bench"),
            }
        }
        ensure!(plan.rounds > 0, "at least one round");
        Ok(plan)
    }
}

/// Runs everything.
///
/// # Errors
/// When a run gets stuck or the tools fail.
pub fn run(plan: &Plan) -> Result<Report> {
    // Not in memory: what is measured must pay for its fsync.
    let folder = TempDir::with_prefix_in("gatepost-bench-", "/var/tmp")?;
    open_to_all(folder.path())?;
    let (small, origin) = mails::five_kilobytes();
    let loads = [
        write(folder.path(), "5 KB", &small, 5000 / plan.divisor)?,
        write(folder.path(), "88 KB", &mails::with_attachment(), 1500 / plan.divisor)?,
    ];
    let mut subjects = subjects(plan, folder.path());
    ensure!(!subjects.is_empty(), "no subject has that word in its name");
    let names = subjects.iter().map(|subject| subject.name().to_owned()).collect();
    let mut report = Report::new(names, &loads, origin, plan);
    report.tools = tools_alone(&loads, plan)?;
    for round in 0..plan.rounds {
        for (index, subject) in subjects.iter_mut().enumerate() {
            let figures = measure(subject.as_mut(), &loads, plan, round == 0)
                .with_context(|| subject.name().to_owned());
            subject.stop();
            let figures = figures?;
            println!("round {}: {}: {}", round + 1, subject.name(), figures.line(&loads));
            report.add(index, figures);
        }
    }
    Ok(report)
}

fn subjects(plan: &Plan, folder: &Path) -> Vec<Box<dyn Subject>> {
    let all: [Box<dyn Subject>; 4] = [
        Box::new(Gatepost::new(folder)),
        Box::new(Postfix::new(folder, Scanning::None)),
        Box::new(Postfix::new(folder, Scanning::Rspamd)),
        Box::new(Postfix::new(folder, Scanning::RspamdAndClamd)),
    ];
    let wanted = |name: &str| plan.only.as_ref().is_none_or(|word| name.contains(word.as_str()));
    all.into_iter().filter(|subject| wanted(subject.name())).collect()
}

fn open_to_all(folder: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    Ok(std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755))?)
}

fn write(folder: &Path, name: &str, mail: &[u8], count: u64) -> Result<Load> {
    let path = folder.join(format!("{}.eml", name.replace(' ', "")));
    std::fs::write(&path, mail)?;
    Ok(Load { name: name.to_owned(), path, octets: mail.len(), count })
}

/// Source straight to sink: the ceiling of the tools.
fn tools_alone(loads: &[Load], plan: &Plan) -> Result<Vec<f64>> {
    let sink = SmtpSink::start(tool::free_port(), &[]);
    let address = SocketAddr::from(([127, 0, 0, 1], sink.port()));
    loads.iter().map(|load| Ok(rate(load, send(address, &sink, load, plan)?))).collect()
}

fn rate(load: &Load, taken: Duration) -> f64 {
    load.count as f64 / taken.as_secs_f64()
}

/// One turn of a subject: a warm-up, each load, and in the first round memory and latency.
fn measure(subject: &mut dyn Subject, loads: &[Load], plan: &Plan, first: bool) -> Result<Figures> {
    let sink = SmtpSink::start(tool::free_port(), &[]);
    let address = SocketAddr::from(([127, 0, 0, 1], sink.port()));
    subject.start(address);
    let mut figures = Figures::default();
    let warm = Load { count: 300, ..loads[0].clone() };
    send(subject.address(), &sink, &warm, plan)?;
    for load in loads {
        let before = cpu(subject);
        let taken = send(subject.address(), &sink, load, plan)?;
        let after = cpu(subject);
        figures.rates.push(rate(load, taken));
        figures.cpu_microseconds.push(per_message(&before, &after, load.count));
    }
    if first {
        figures.pss_kibibytes = Some(memory_under_load(subject, &sink, &loads[0], plan)?);
        figures.latency = Some(latency(subject.address(), &loads[0])?);
    }
    Ok(figures)
}

/// Sends a load and gives the time from its start until the sink has taken the last message.
fn send(to: SocketAddr, sink: &SmtpSink, load: &Load, plan: &Plan) -> Result<Duration> {
    let goal = sink.total() + load.count;
    let mut command = Command::new(tool::find("smtp-source").context("smtp-source")?);
    if plan.reuse {
        command.arg("-d");
    }
    command
        .args(["-s", &SESSIONS.to_string(), "-m", &load.count.to_string()])
        .args(["-f", "ann@sender.test", "-t", "bob@example.test", "-F"])
        .arg(&load.path)
        .arg(to.to_string())
        .stdin(Stdio::null());
    let start = Instant::now();
    let output = command.output()?;
    let complaint = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "smtp-source: {complaint}");
    ensure!(sink.wait(goal, STUCK), "{} of {goal} messages came out", sink.total());
    Ok(start.elapsed())
}

fn cpu(subject: &dyn Subject) -> Vec<(String, u64)> {
    let processes = subject.processes().into_iter();
    processes.map(|(name, pid)| (name, processes::cpu_milliseconds(pid))).collect()
}

fn per_message(
    before: &[(String, u64)],
    after: &[(String, u64)],
    count: u64,
) -> Vec<(String, f64)> {
    let earlier = |name: &str| before.iter().find(|(of, _)| of == name).map_or(0, |(_, cpu)| *cpu);
    let used = |(name, cpu): &(String, u64)| {
        let milliseconds = cpu.saturating_sub(earlier(name));
        (name.clone(), milliseconds as f64 * 1000.0 / count as f64)
    };
    after.iter().map(used).collect()
}

/// The highest sum of proportional set sizes seen while a load runs. Looking costs CPU, so this is
/// a run of its own.
fn memory_under_load(
    subject: &dyn Subject,
    sink: &SmtpSink,
    load: &Load,
    plan: &Plan,
) -> Result<u64> {
    let done = AtomicBool::new(false);
    let to = subject.address();
    let roots: Vec<i32> = subject.processes().into_iter().map(|(_, pid)| pid).collect();
    std::thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            let mut most = 0;
            while !done.load(Ordering::Acquire) {
                let all = roots.iter().flat_map(|root| processes::tree(*root));
                most = most.max(all.map(processes::pss_kibibytes).sum());
                std::thread::park_timeout(Duration::from_millis(100));
            }
            most
        });
        let sent = send(to, sink, load, plan);
        done.store(true, Ordering::Release);
        sent.map(|_| watcher.join().unwrap())
    })
}

/// Milliseconds of one mail on a new connection, from connecting to the answer to the body: the
/// median.
fn latency(to: SocketAddr, load: &Load) -> Result<f64> {
    let mail = gatepost_test_e2e::corpus::wire_form(&std::fs::read(&load.path)?);
    let mut times = Vec::with_capacity(LATENCY_MAILS);
    for _ in 0..LATENCY_MAILS {
        let start = Instant::now();
        let mut client = Client::greeted(to)?;
        let reply = client.submit("ann@sender.test", &["bob@example.test"], &mail)?;
        ensure!(reply.code == 250, "{reply:?}");
        times.push(start.elapsed().as_secs_f64() * 1000.0);
        client.command("QUIT")?;
    }
    Ok(crate::report::median(&times))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(arguments: &[&str]) -> Result<Plan> {
        Plan::from_arguments(arguments.iter().map(|argument| (*argument).to_owned()))
    }

    #[test]
    fn the_command_line_is_read() {
        assert_eq!(plan(&[]).unwrap().rounds, 5);
        assert_eq!(plan(&["--rounds", "3", "--reuse"]).unwrap().rounds, 3);
        assert!(!plan(&["--quick"]).unwrap().record);
        assert!(plan(&["--rounds"]).is_err() && plan(&["--what"]).is_err());
        assert!(plan(&["--rounds", "0"]).is_err());
    }

    #[test]
    fn cpu_is_shared_out_per_message() {
        let before = [("queue".to_owned(), 100)];
        let after = [("queue".to_owned(), 400), ("intake".to_owned(), 50)];
        let used = per_message(&before, &after, 1000);
        assert_eq!(used, [("queue".to_owned(), 300.0), ("intake".to_owned(), 50.0)]);
    }
}
