//! Other filters on the same mail: rspamd and SpamAssassin as Debian ships them, shut off from every
//! network, and bogofilter taught with the training half.
//!
//! Each is started with its default rules under its own user. One that is not installed, does not
//! work or takes too long is left out and named.

mod bogofilter;
mod daemon;
mod rspamd;
mod spam_assassin;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use crate::corpus::Message;
use crate::progress::Progress;
use crate::report::Set;

/// What one filter may take for all mail together; SpamAssassin needs seven minutes on two cores.
const LONGEST: Duration = Duration::from_secs(30 * 60);

/// A score from which a filter does something as it ships.
#[derive(Debug, Clone, PartialEq)]
pub struct Mark {
    /// What it does.
    pub words: String,
    /// From which score on.
    pub from: f64,
}

impl Mark {
    /// A mark.
    #[must_use]
    pub fn new(words: impl Into<String>, from: f64) -> Self {
        Mark { words: words.into(), from }
    }
}

/// What a filter said of each message of a set.
#[derive(Debug)]
pub struct Verdicts {
    /// The filter and its version.
    pub name: String,
    /// Its scores.
    pub scores: Vec<f64>,
    /// From which scores it flags.
    pub marks: Vec<Mark>,
}

/// A filter that was started.
trait Peer {
    /// Its name and version.
    fn name(&self) -> &str;

    /// From which scores it flags as shipped.
    fn marks(&self) -> Vec<Mark>;

    /// Scores of a set, in order.
    fn scores(&self, set: &Set, watch: &Watch) -> Result<Vec<f64>>;
}

/// Until when a filter may take, and how far it is.
struct Watch {
    progress: Progress,
    end: Instant,
}

impl Watch {
    fn step(&self) -> Result<()> {
        let minutes = LONGEST.as_secs() / 60;
        ensure!(Instant::now() < self.end, "took more than {minutes} minutes");
        self.progress.step();
        Ok(())
    }
}

/// The filters that are compared, and those that are not.
#[derive(Default)]
pub struct Peers {
    running: Vec<(Box<dyn Peer>, Duration)>,
    left_out: Vec<String>,
    has_failed: bool,
}

impl Peers {
    /// Starts and teaches those that are installed; `training` is what bogofilter is taught.
    #[must_use]
    pub fn start(training: Option<&[Message]>) -> Self {
        let mut peers = Peers::default();
        peers.add("rspamd", rspamd::Rspamd::start);
        peers.add("spamd", spam_assassin::SpamAssassin::start);
        match training {
            Some(messages) => {
                peers.add("bogofilter", || bogofilter::Bogofilter::taught(messages));
            }
            None => {
                peers.left_out.push("bogofilter: no ../shared/data to teach it with".to_owned())
            }
        }
        peers
    }

    fn add<P: Peer + 'static>(&mut self, program: &str, start: impl FnOnce() -> Result<P>) {
        if !is_there(program) {
            self.left_out.push(format!("{program}: not installed"));
            return;
        }
        let _shown = Progress::of(format!("starting {program}"), 0);
        match start() {
            Ok(peer) => self.running.push((Box::new(peer), LONGEST)),
            Err(error) => self.fail(program, &error),
        }
    }

    fn fail(&mut self, name: &str, error: &anyhow::Error) {
        self.left_out.push(format!("{name}: {error:#}"));
        self.has_failed = true;
    }

    /// What each says of a set. One that fails is not asked again.
    pub fn judge(&mut self, set: &Set) -> Vec<Verdicts> {
        let mut all = Vec::new();
        for (peer, left) in std::mem::take(&mut self.running) {
            let (name, start) = (peer.name().to_owned(), Instant::now());
            let progress = Progress::of(format!("{}: {name}", set.name), set.messages.len());
            let watch = Watch { progress, end: start + left };
            match peer.scores(set, &watch).and_then(|scores| whole(scores, set)) {
                Ok(scores) => {
                    all.push(Verdicts { name, scores, marks: peer.marks() });
                    self.running.push((peer, left.saturating_sub(start.elapsed())));
                }
                Err(error) => self.fail(&format!("{name} from {} on", set.name), &error),
            }
        }
        all
    }

    /// Those that are missing from the table and why, one a line.
    #[must_use]
    pub fn left_out(&self) -> &[String] {
        &self.left_out
    }

    /// Whether one that is installed did not work.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.has_failed
    }
}

/// A score for each message, or none counts.
fn whole(scores: Vec<f64>, set: &Set) -> Result<Vec<f64>> {
    let (is, should) = (scores.len(), set.messages.len());
    ensure!(is == should, "judged {is} of {should} messages");
    Ok(scores)
}

/// Two at once, in order.
fn each(
    messages: &[Message],
    watch: &Watch,
    of: impl Fn(&[u8]) -> Result<f64> + Sync,
) -> Result<Vec<f64>> {
    let half = messages.len().div_ceil(2).max(1);
    let one = |one: &Message| -> Result<f64> {
        watch.step()?;
        of(&one.raw).with_context(|| one.name.clone())
    };
    let one = &one;
    std::thread::scope(|scope| {
        let chunks = messages.chunks(half);
        let threads: Vec<_> = chunks
            .map(|chunk| scope.spawn(move || chunk.iter().map(one).collect::<Result<Vec<f64>>>()))
            .collect();
        let mut all = Vec::new();
        for thread in threads {
            match thread.join() {
                Ok(scores) => all.extend(scores?),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        Ok(all)
    })
}

fn is_there(program: &str) -> bool {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&paths).chain([PathBuf::from("/usr/sbin")]);
    folders.into_iter().any(|folder| folder.join(program).is_file())
}

/// The number in what a program prints of its version.
fn version(program: &str, argument: &str) -> String {
    let printed = Command::new(program).arg(argument).output().map(|output| output.stdout);
    let text = String::from_utf8_lossy(&printed.unwrap_or_default()).into_owned();
    number_in(&text).unwrap_or("of an unknown version").to_owned()
}

fn number_in(text: &str) -> Option<&str> {
    let words = text.split_whitespace();
    words.into_iter().find(|word| word.starts_with(|one: char| one.is_ascii_digit()))
}

/// A folder that other users may look into.
fn open_folder() -> Result<TempDir> {
    let folder = tempfile::Builder::new().prefix("gatepost-detection").tempdir()?;
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755))?;
    Ok(folder)
}

fn give(path: &Path, user: &str) -> Result<()> {
    let done = Command::new("chown").arg("-R").arg(user).arg(path).output()?;
    let cause = String::from_utf8_lossy(&done.stderr).trim().to_owned();
    ensure!(done.status.success(), "it runs as {user}; run this as root ({cause})");
    Ok(())
}

/// The number behind a mark.
fn number_after(text: &str, mark: &str) -> Option<f64> {
    let (_, rest) = text.split_once(mark)?;
    let rest = rest.trim_start();
    let is_part = |one: char| matches!(one, '0'..='9' | '.' | '-' | '+' | 'e' | 'E');
    let end = rest.find(|one: char| !is_part(one)).unwrap_or(rest.len());
    rest.get(..end)?.parse().ok()
}

fn cut(text: &str) -> String {
    text.chars().take(300).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corpus::Class;

    fn set(count: usize) -> Set {
        let one = |at: usize| Message {
            name: at.to_string(),
            class: Class::Spam,
            raw: at.to_string().into_bytes(),
        };
        Set { name: "set".to_owned(), messages: (0..count).map(one).collect() }
    }

    fn watch(left: Duration) -> Watch {
        Watch { progress: Progress::of("", 0), end: Instant::now() + left }
    }

    struct Fixed(Vec<f64>);

    impl Peer for Fixed {
        fn name(&self) -> &str {
            "fixed"
        }

        fn marks(&self) -> Vec<Mark> {
            vec![Mark::new("flags", 1.0)]
        }

        fn scores(&self, _: &Set, _: &Watch) -> Result<Vec<f64>> {
            Ok(self.0.clone())
        }
    }

    #[test]
    fn scores_are_read_out_of_answers() {
        let answer = "SPAMD/1.1 0 EX_OK\r\nSpam: False ; -1.5 / 5.0\r\n\r\n";
        assert_eq!(number_after(answer, " ; "), Some(-1.5));
        assert_eq!(number_after("{\"score\": 3.25,", "\"score\":"), Some(3.25));
        assert_eq!(number_after("{\"score\":1e-05}", "\"score\":"), Some(1e-5));
        assert_eq!(number_after("none", "\"score\":"), None);
    }

    #[test]
    fn versions_are_read_out_of_what_programs_print() {
        assert_eq!(number_in("Rspamd daemon version 3.4\n"), Some("3.4"));
        assert_eq!(number_in("SpamAssassin Server version 4.0.1\n  running"), Some("4.0.1"));
        assert_eq!(number_in("none"), None);
    }

    #[test]
    fn scores_keep_the_order_of_messages() {
        let number = |raw: &[u8]| Ok(std::str::from_utf8(raw)?.parse()?);
        let scores = each(&set(5).messages, &watch(LONGEST), number).unwrap();
        assert_eq!(scores, [0.0, 1.0, 2.0, 3.0, 4.0]);
    }

    #[test]
    fn one_that_takes_too_long_is_stopped() {
        let error = each(&set(5).messages, &watch(Duration::ZERO), |_| Ok(0.0)).unwrap_err();
        assert!(error.to_string().contains("30 minutes"), "{error}");
    }

    #[test]
    fn one_that_leaves_a_message_out_is_left_out_and_named() {
        let mut peers = Peers::default();
        peers.add("sh", || Ok(Fixed(vec![0.0; 3])));
        assert_eq!((peers.judge(&set(3)).len(), peers.has_failed()), (1, false));
        assert_eq!((peers.judge(&set(4)).len(), peers.has_failed()), (0, true));
        assert_eq!(peers.left_out(), ["fixed from set on: judged 3 of 4 messages"]);
        peers.add("no-such-program", || Ok(Fixed(Vec::new())));
        assert_eq!(peers.left_out()[1], "no-such-program: not installed");
    }
}
