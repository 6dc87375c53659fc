//! A cell: locks itself in, then answers jobs, one at a time, until it has done its share.
//!
//! It holds nothing but its channel and, during a job, the descriptors of that job. Every message
//! counts as able to take it over, so nothing it says is believed beyond that message.

use std::fs::File;
use std::os::fd::OwnedFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use ipc::IpcError;
use ipc::blocking::Channel;
use ipc::contracts::{Answer, Job, Outfit, Retirement, Used};
use mail::{Address, Amendment, Direction, Envelope, Findings, Recipient, Unscannable};
use sandbox::Enforcement;
use spam::Around;

use crate::outfit::put_on;
use crate::usage::{Usage, Watch};
use crate::{Examiner, body, limits};

/// Name of the variable in which the keeper states [`CellLimits`].
pub(crate) const LIMITS: &str = "GATEPOST_CELL";
/// Name of the socket that is its channel.
pub(crate) const CHANNEL: &str = "queue";

/// What one cell may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CellLimits {
    /// Messages before it retires.
    pub mails: u32,
    /// Seconds of CPU.
    pub cpu_seconds: u32,
    /// Octets of private memory.
    pub memory_octets: u64,
}

impl CellLimits {
    /// As text for the environment of a cell.
    #[must_use]
    pub fn spell(&self) -> String {
        format!("{} {} {}", self.mails, self.cpu_seconds, self.memory_octets)
    }

    fn read(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        let limits = CellLimits {
            mails: words.next()?.parse().ok()?,
            cpu_seconds: words.next()?.parse().ok()?,
            memory_octets: words.next()?.parse().ok()?,
        };
        words.next().is_none().then_some(limits)
    }
}

/// Why a cell could not start or go on.
#[derive(Debug, thiserror::Error)]
enum CellError {
    #[error("this process was not started by the keeper")]
    NotFromKeeper,
    #[error("the channel was not passed in")]
    Launch(#[from] sandbox::LaunchError),
    #[error("the cell could not lock itself in")]
    Sandbox(#[from] sandbox::SandboxError),
    #[error("the channel to queue broke")]
    Channel(#[from] IpcError),
    #[error("the channel could not be copied")]
    Copy(#[from] std::io::Error),
    #[error("it has nothing to work with: it refused its outfit")]
    Outfit,
}

/// Runs this process as a cell; returns its exit code: 0 when it retired or queue closed the
/// channel, 1 on an error or when it could not take its outfit. Call it first thing in `main`, before any thread and any runtime.
#[must_use]
pub fn cell_main() -> u8 {
    // A panic is answered, not printed: printing it could open files for a backtrace.
    std::panic::set_hook(Box::new(|_| ()));
    match start().and_then(Cell::serve) {
        Ok(()) => 0,
        Err(error) => {
            let source = std::error::Error::source(&error).map(|source| format!(": {source}"));
            eprintln!("gatepost cell: {error}{}", source.unwrap_or_default());
            1
        }
    }
}

struct Cell {
    channel: Channel,
    /// A second handle of the channel, for faults that write past it.
    #[cfg(feature = "faults")]
    raw_channel: File,
    examiner: Examiner,
    /// Without a pack nothing counts as scanned, and there is none.
    lacks_patterns: bool,
    buffer: Vec<u8>,
    limits: CellLimits,
    done: u32,
    /// Octets of memory over which the cell retires.
    roomy: u64,
}

/// An answer, and whether the cell is to end after it.
struct Done {
    answer: Answer,
    retire: Option<Retirement>,
}

impl From<Answer> for Done {
    fn from(answer: Answer) -> Self {
        Done { answer, retire: None }
    }
}

/// Makes everything that needs system calls which are forbidden later, locks in, says so.
fn start() -> Result<Cell, CellError> {
    let allowed = std::env::var(LIMITS).ok().and_then(|text| CellLimits::read(&text));
    let allowed = allowed.ok_or(CellError::NotFromKeeper)?;
    let passed = sandbox::inherited()?.into_iter().find(|(name, _)| name == CHANNEL);
    let (_, socket) = passed.ok_or(CellError::NotFromKeeper)?;
    #[cfg(feature = "faults")]
    let raw_channel = File::from(socket.try_clone()?);
    let channel = Channel::new(socket)?;
    let mut cell = Cell {
        channel,
        #[cfg(feature = "faults")]
        raw_channel,
        examiner: Examiner::default(),
        lacks_patterns: false,
        buffer: Vec::new(),
        limits: allowed,
        done: 0,
        roomy: 0,
    };
    cell.measure(0);
    let row = sandbox::process("cell").ok_or(CellError::NotFromKeeper)?;
    let mut confinement = row.confinement(|_| None);
    confinement.limits.memory_octets = Some(allowed.memory_octets);
    confinement.limits.cpu_seconds = Some(u64::from(allowed.cpu_seconds));
    let report = sandbox::confine(&confinement)?;
    let landlock = report.landlock == Enforcement::Full;
    cell.channel.send(&Answer::Ready { landlock }, &[])?;
    Ok(cell)
}

impl Cell {
    fn serve(mut self) -> Result<(), CellError> {
        while let Some((job, descriptors)) = self.channel.receive(ipc::limits::FRAME_OCTETS)? {
            let Done { answer, retire } = self.answer(job, descriptors, Instant::now());
            let retire = retire.or_else(|| self.has_done_its_share());
            if let Some(because) = retire {
                self.channel.send(&Answer::Retiring { because }, &[])?;
            }
            self.channel.send(&answer, &[])?;
            match retire {
                // Not an orderly end: if every cell ends so, the keeper has to slow down.
                Some(Retirement::Outfit) => return Err(CellError::Outfit),
                Some(_) => return Ok(()),
                None => {}
            }
        }
        Ok(())
    }

    fn has_done_its_share(&self) -> Option<Retirement> {
        let usage = Usage::now();
        if usage.cpu >= self.cpu_limit() / limits::CPU_SHARE {
            Some(Retirement::Time)
        } else if usage.resident_octets >= self.roomy {
            Some(Retirement::Memory)
        } else {
            (self.done >= self.limits.mails).then_some(Retirement::Mails)
        }
    }

    fn cpu_limit(&self) -> Duration {
        Duration::from_secs(u64::from(self.limits.cpu_seconds))
    }

    /// Takes what it has now as what it needs when it is fresh. All of a pack may come on top.
    fn measure(&mut self, pack_octets: u64) {
        let share = self.limits.memory_octets / limits::MEMORY_SHARE;
        let fresh = Usage::now().resident_octets;
        self.roomy = fresh.saturating_add(pack_octets).saturating_add(share);
    }

    /// Does one job. A panic ends the cell after its answer: its memory is no longer trusted.
    fn answer(&mut self, job: Job, descriptors: Vec<OwnedFd>, started: Instant) -> Done {
        let (number, is_outfit) = match &job {
            Job::Inspect { job, .. } | Job::Amend { job, .. } => (*job, false),
            Job::Outfit(outfit) => (outfit.number, true),
        };
        let outcome = catch_unwind(AssertUnwindSafe(|| match job {
            Job::Inspect { job, wall_milliseconds, envelope, wants_material } => {
                let wall = Duration::from_millis(wall_milliseconds);
                let watch = Watch::start(started, wall, self.cpu_limit());
                self.done = self.done.saturating_add(1);
                self.inspect(job, descriptors, &envelope, wants_material, &watch).into()
            }
            Job::Amend { job, amendments } => amend(job, &amendments, descriptors).into(),
            Job::Outfit(outfit) => self.take_over(&outfit, descriptors),
        }));
        outcome.unwrap_or_else(|panic| {
            let because = format!("the cell panicked: {}", said(&*panic));
            let answer = match is_outfit {
                true => Answer::Outfitted { number, refused: Some(shortened(&because)) },
                false => failed(number, because),
            };
            Done { answer, retire: Some(Retirement::Anomaly) }
        })
    }

    /// What it had goes first, so that nothing is there twice. A cell that cannot take the new
    /// outfit has none, and ends: a fresh one is given what was good before.
    fn take_over(&mut self, outfit: &Outfit, descriptors: Vec<OwnedFd>) -> Done {
        #[cfg(feature = "faults")]
        if let Some(fault) = crate::faults::asked_by(outfit) {
            crate::faults::commit(fault, &mut self.raw_channel);
        }
        let number = outfit.number;
        self.examiner = Examiner::default();
        self.lacks_patterns = outfit.requires_patterns && outfit.pack.is_none();
        match put_on(outfit, descriptors) {
            Ok(examiner) => {
                self.examiner = examiner;
                self.measure(outfit.pack.as_ref().map_or(0, |pack| pack.octets));
                Answer::Outfitted { number, refused: None }.into()
            }
            Err(error) => {
                let refused = Some(shortened(&error.to_string()));
                let answer = Answer::Outfitted { number, refused };
                Done { answer, retire: Some(Retirement::Outfit) }
            }
        }
    }

    fn inspect(
        &mut self,
        job: u64,
        descriptors: Vec<OwnedFd>,
        envelope: &Envelope,
        wants_material: bool,
        watch: &Watch,
    ) -> Answer {
        let Ok([body]) = <[OwnedFd; 1]>::try_from(descriptors) else {
            return failed(job, "the job came without its body".to_owned());
        };
        let most = self.limits.memory_octets / limits::BODY_SHARE;
        let mut material = None;
        let mut findings =
            match body::read(&File::from(body), &mut self.buffer, most, envelope.size) {
                Ok(Some(raw)) => {
                    #[cfg(feature = "faults")]
                    if let Some(fault) = crate::faults::asked(raw) {
                        crate::faults::commit(fault, &mut self.raw_channel);
                    }
                    let recipients: Vec<Address> =
                        envelope.recipients.iter().map(|one| one.address.clone()).collect();
                    let own_domains = own_domains(envelope);
                    let around = around(envelope, &recipients, &own_domains);
                    let findings = self.examiner.examine(raw, &around, watch);
                    // Of what could not be seen whole nothing is learned.
                    if wants_material && findings.unscannable.is_none() {
                        material = Some(Box::new(self.examiner.study(raw, &around, watch)));
                    }
                    findings
                }
                Ok(None) => too_large(most),
                Err(error) => return failed(job, format!("the body could not be read: {error}")),
            };
        if self.buffer.capacity() > limits::KEPT_BUFFER_OCTETS {
            self.buffer = Vec::new();
        }
        if self.lacks_patterns {
            let why = "no pattern pack is in use, and the settings want one".to_owned();
            findings.unscannable.get_or_insert(Unscannable::NoPatterns(why));
        }
        let used = watch.used();
        findings.microseconds = microseconds(watch.elapsed());
        let used = Used {
            cpu_microseconds: microseconds(used.cpu),
            resident_octets: used.resident_octets,
        };
        Answer::Inspected { job, findings, used, material }
    }
}

fn microseconds(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// What mail from outside is for is the owner's; mail to the outside tells nothing of that.
fn own_domains(envelope: &Envelope) -> Vec<String> {
    let ours = |one: &Recipient| one.address.domain().to_string();
    match envelope.direction {
        Direction::Incoming => {
            envelope.recipients.iter().take(limits::OWN_DOMAINS).map(ours).collect()
        }
        Direction::Outgoing => Vec::new(),
    }
}

/// What judges of unwanted mail know beside the message.
fn around<'a>(
    envelope: &'a Envelope,
    recipients: &'a [Address],
    own_domains: &'a [String],
) -> Around<'a> {
    Around {
        sender: envelope.sender.mailbox(),
        recipients,
        own_domains,
        // Nobody received a file that is only looked at.
        received: Some(envelope.received).filter(|received| received.0 > 0),
        ..Around::default()
    }
}

fn too_large(most: u64) -> Findings {
    let why = format!(
        "a message over {most} octets, which is a worker's memory limit divided by {}",
        limits::BODY_SHARE
    );
    Findings::unscannable(Unscannable::Limit(why))
}

fn amend(job: u64, amendments: &[Amendment], descriptors: Vec<OwnedFd>) -> Answer {
    let Ok([body, output]) = <[OwnedFd; 2]>::try_from(descriptors) else {
        return failed(job, "the job came without its body and its output".to_owned());
    };
    match body::amend(&File::from(body), amendments, &File::from(output)) {
        Ok(size) => Answer::Amended { job, size },
        Err(error) => failed(job, format!("the message could not be amended: {error}")),
    }
}

fn failed(job: u64, because: String) -> Answer {
    Answer::Failed { job, because: shortened(&because) }
}

/// A character has four octets at most.
fn shortened(reason: &str) -> String {
    reason.chars().take(limits::REASON_OCTETS / 4).collect()
}

fn said(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no reason given")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read_back() {
        let limits = CellLimits { mails: 1000, cpu_seconds: 20, memory_octets: 1 << 28 };
        assert_eq!(CellLimits::read(&limits.spell()), Some(limits));
        for bad in ["", "1 2", "1 2 3 4", "a b c", "-1 2 3"] {
            assert_eq!(CellLimits::read(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_process_that_the_keeper_did_not_start_is_no_cell() {
        assert!(matches!(start(), Err(CellError::NotFromKeeper)));
    }

    #[test]
    fn a_job_without_its_descriptors_is_answered() {
        assert!(matches!(amend(3, &[], Vec::new()), Answer::Failed { job: 3, .. }));
    }
}
