//! The figures, their medians and ratios, and the page they are recorded on.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;
use std::process::Command;

use crate::Plan;

/// One load.
#[derive(Debug, Clone)]
pub struct Load {
    /// For example `5 KB`.
    pub name: String,
    /// The mail.
    pub path: PathBuf,
    /// Its size.
    pub octets: usize,
    /// How many are sent.
    pub count: u64,
}

/// The figures of one turn of one subject.
#[derive(Debug, Clone, Default)]
pub struct Figures {
    /// Messages per second accepted and delivered, by load.
    pub rates: Vec<f64>,
    /// CPU microseconds per message by role, by load.
    pub cpu_microseconds: Vec<Vec<(String, f64)>>,
    /// Memory under the first load, if it was looked at.
    pub pss_kibibytes: Option<u64>,
    /// Median latency of one mail on a new connection in milliseconds, if it was measured.
    pub latency: Option<f64>,
}

impl Figures {
    /// The rates on one line.
    #[must_use]
    pub fn line(&self, loads: &[Load]) -> String {
        let pairs = loads.iter().zip(&self.rates);
        let rates: Vec<String> =
            pairs.map(|(load, rate)| format!("{} {rate:.0} msg/s", load.name)).collect();
        rates.join(", ")
    }
}

/// The middle value; the mean of the two middle ones of an even count; 0 of nothing.
#[must_use]
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => 0.0,
        length if length % 2 == 1 => sorted[middle],
        _ => f64::midpoint(sorted[middle - 1], sorted[middle]),
    }
}

/// What the goals of the project ask: load, peer, and how many times as fast we are to be.
const GOALS: [(&str, &str, f64); 4] = [
    ("5 KB", "Postfix", 5.0),
    ("5 KB", "Postfix + rspamd + clamd", 15.0),
    ("88 KB", "Postfix", 2.0),
    ("88 KB", "Postfix + rspamd + clamd", 8.0),
];

/// Proportional set size of all roles that is asked for, in kibibytes.
const PSS_GOAL: u64 = 120 * 1024;

/// All figures of one bench.
#[derive(Debug)]
pub struct Report {
    names: Vec<String>,
    loads: Vec<Load>,
    origin: &'static str,
    plan: Plan,
    figures: Vec<Vec<Figures>>,
    /// Messages per second from source straight to sink, by load.
    pub tools: Vec<f64>,
    stamp: String,
}

fn now() -> String {
    let since_1970 = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    mail::Timestamp(since_1970.as_millis() as u64).iso8601()
}

/// The day, as `2026-11-21`.
#[must_use]
pub fn today() -> String {
    now().split('T').next().unwrap_or_default().to_owned()
}

impl Report {
    /// An empty report.
    #[must_use]
    pub fn new(names: Vec<String>, loads: &[Load], origin: &'static str, plan: &Plan) -> Self {
        Report {
            figures: vec![Vec::new(); names.len()],
            names,
            loads: loads.to_vec(),
            origin,
            plan: plan.clone(),
            tools: Vec::new(),
            stamp: now(),
        }
    }

    /// Adds one turn of a subject.
    pub fn add(&mut self, subject: usize, figures: Figures) {
        self.figures[subject].push(figures);
    }

    /// The day, as `2026-11-21`.
    #[must_use]
    pub fn date(&self) -> &str {
        self.stamp.split('T').next().unwrap_or(&self.stamp)
    }

    fn rate(&self, subject: usize, load: usize) -> f64 {
        let rates: Vec<f64> = self.figures[subject].iter().map(|turn| turn.rates[load]).collect();
        median(&rates)
    }

    /// The whole page.
    #[must_use]
    pub fn markdown(&self) -> String {
        let mut page = format!("# Bench of {}\n\n{}\n\n", self.stamp, self.circumstances());
        page.push_str(&self.table());
        page.push_str(&self.ratios());
        page.push_str(&self.cpu());
        page
    }

    fn circumstances(&self) -> String {
        let loads: Vec<String> = self
            .loads
            .iter()
            .map(|load| format!("{} ({} octets) x {}", load.name, load.octets, load.count))
            .collect();
        let connections =
            if self.plan.reuse { "connections reused" } else { "a connection per message" };
        format!(
            "{}. Commit {}. Medians of {} rounds in turn; loads {}; the first mail is a {} one; \
             20 sessions, {connections}; smtp-source and smtp-sink at both ends on loopback; fsync \
             on for all. rspamd without the modules that ask the network; clamd with the EICAR \
             signature alone.",
            machine(),
            said("git", &["rev-parse", "--short", "HEAD"]),
            self.plan.rounds,
            loads.join(", "),
            self.origin
        )
    }

    fn table(&self) -> String {
        let mut text = String::from("| accepted and delivered |");
        for load in &self.loads {
            let _ = write!(text, " {} msg/s | lowest-highest |", load.name);
        }
        text.push_str(" latency p50, 1 connection | PSS under 5 KB |\n|---|");
        text.push_str(&"---|".repeat(self.loads.len() * 2 + 2));
        text.push('\n');
        for (subject, name) in self.names.iter().enumerate() {
            let _ = write!(text, "| {name} |");
            for load in 0..self.loads.len() {
                let rates = self.figures[subject].iter().map(|turn| turn.rates[load]);
                let low = rates.clone().fold(f64::INFINITY, f64::min);
                let high = rates.fold(0.0, f64::max);
                let _ = write!(text, " {:.0} | {low:.0}-{high:.0} |", self.rate(subject, load));
            }
            let first = self.figures[subject].first();
            let latency = first.and_then(|turn| turn.latency).unwrap_or(0.0);
            let pss = first.and_then(|turn| turn.pss_kibibytes).unwrap_or(0) as f64 / 1024.0;
            let _ = writeln!(text, " {latency:.2} ms | {pss:.0} MiB |");
        }
        let tools: Vec<String> = self.tools.iter().map(|rate| format!(" {rate:.0} | |")).collect();
        let _ = writeln!(text, "| (source straight to sink) |{} | |", tools.concat());
        text
    }

    fn ratios(&self) -> String {
        let subject = |wanted: &str| self.names.iter().position(|name| name == wanted);
        let Some(ours) = self.names.iter().position(|name| name.starts_with("Gatepost")) else {
            return String::new();
        };
        let mut text = String::from("\n| goal | asked | measured | |\n|---|---|---|---|\n");
        for (load_name, peer_name, goal) in GOALS {
            let load = self.loads.iter().position(|load| load.name == load_name);
            let (Some(load), Some(peer)) = (load, subject(peer_name)) else { continue };
            let ratio = self.rate(ours, load) / self.rate(peer, load);
            let _ = writeln!(
                text,
                "| {load_name} against {peer_name} | {goal:.0} x | {ratio:.1} x | {} |",
                met(ratio >= goal)
            );
        }
        let first = |index: usize| self.figures[index].first();
        if let Some(pss) = first(ours).and_then(|turn| turn.pss_kibibytes) {
            let mebibytes = pss as f64 / 1024.0;
            let _ = writeln!(
                text,
                "| memory of all roles | 120 MiB | {mebibytes:.0} MiB | {} |",
                met(pss <= PSS_GOAL)
            );
        }
        let latency = |index: usize| first(index).and_then(|turn| turn.latency);
        if let (Some(our), Some(their)) = (latency(ours), subject("Postfix").and_then(latency)) {
            let _ = writeln!(
                text,
                "| latency, 1 connection | <= {their:.2} ms | {our:.2} ms | {} |",
                met(our <= their)
            );
        }
        text
    }

    fn cpu(&self) -> String {
        let mut text = String::from("\n| CPU us per message |");
        let heads: Vec<String> =
            self.loads.iter().map(|load| format!(" {} |", load.name)).collect();
        let _ = writeln!(text, "{}\n|---|{}", heads.concat(), "---|".repeat(self.loads.len()));
        for (subject, name) in self.names.iter().enumerate() {
            let by_load: Vec<BTreeMap<String, f64>> =
                (0..self.loads.len()).map(|load| self.cpu_of(subject, load)).collect();
            let total =
                |load: &BTreeMap<String, f64>| format!(" {:.0} |", load.values().sum::<f64>());
            let totals: String = by_load.iter().map(total).collect();
            let _ = writeln!(text, "| **{name}** |{totals}");
            for role in by_load.first().into_iter().flat_map(BTreeMap::keys) {
                let value = |load: &BTreeMap<String, f64>| {
                    format!(" {:.0} |", load.get(role).copied().unwrap_or(0.0))
                };
                let values: String = by_load.iter().map(value).collect();
                let _ = writeln!(text, "| - {role} |{values}");
            }
        }
        text
    }

    fn cpu_of(&self, subject: usize, load: usize) -> BTreeMap<String, f64> {
        let mut values: BTreeMap<String, Vec<f64>> = BTreeMap::new();
        for turn in &self.figures[subject] {
            for (role, cpu) in &turn.cpu_microseconds[load] {
                values.entry(role.clone()).or_default().push(*cpu);
            }
        }
        values.into_iter().map(|(role, all)| (role, median(&all))).collect()
    }
}

fn met(goal: bool) -> &'static str {
    if goal { "met" } else { "**missed**" }
}

fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    output
        .map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
        .unwrap_or_default()
}

fn machine() -> String {
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    format!(
        "{cores} cores ({}), Linux {}, load average at the end {}",
        model.map_or("unknown", |(_, model)| model),
        said("uname", &["-r"]),
        load.split(' ').next().unwrap_or("?")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
        assert_eq!(median(&[]), 0.0);
    }

    #[test]
    fn the_page_tells_of_each_goal() {
        let load =
            |name: &str| Load { name: name.to_owned(), path: PathBuf::new(), octets: 1, count: 1 };
        let loads = [load("5 KB"), load("88 KB")];
        let names = ["Gatepost, scanning", "Postfix", "Postfix + rspamd + clamd"];
        let plan = Plan {
            rounds: 1,
            divisor: 1,
            only: None,
            reuse: false,
            scanning: false,
            judging: false,
            record: false,
        };
        let mut report = Report::new(names.map(str::to_owned).to_vec(), &loads, "made", &plan);
        report.tools = vec![1.0, 1.0];
        for (index, rate) in [3000.0, 500.0, 250.0].into_iter().enumerate() {
            let cpu = vec![("queue".to_owned(), 50.0)];
            report.add(
                index,
                Figures {
                    rates: vec![rate, rate],
                    cpu_microseconds: vec![cpu.clone(), cpu],
                    pss_kibibytes: Some(1000),
                    latency: Some(1.0),
                },
            );
        }
        let page = report.markdown();
        assert!(page.contains("| 5 KB against Postfix | 5 x | 6.0 x | met |"), "{page}");
        assert!(
            page.contains("| 5 KB against Postfix + rspamd + clamd | 15 x | 12.0 x | **missed** |")
        );
        assert!(page.contains("| - queue | 50 | 50 |"), "{page}");
    }
}
