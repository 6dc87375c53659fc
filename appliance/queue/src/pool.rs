//! The cells as queue sees them: who is free, who works on what, who is over time.
//!
//! A cell is presumed taken over by the mail it reads. It can lie about that mail only: an answer
//! for another job, an answer out of bounds or no answer at all ends the cell, and the mail gets
//! one more try with another one.

use std::collections::HashMap;
use std::os::fd::OwnedFd;

use ipc::Outlet;
use ipc::contracts::{Job, Outfit};
use mail::{Findings, MessageId, Timestamp};

/// What a cell is asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Task {
    /// Inspect a message.
    Inspect(MessageId),
    /// Make the amended body of one of its groups.
    Amend(MessageId, usize),
}

impl Task {
    /// The message.
    pub(crate) fn id(self) -> MessageId {
        match self {
            Task::Inspect(id) | Task::Amend(id, _) => id,
        }
    }
}

/// A cell: the connection to its keeper, and the number that this keeper gave it. A keeper that
/// starts anew counts anew, and the end of an old cell must not be taken for that of a new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct CellId {
    pub(crate) keeper: u64,
    pub(crate) number: u64,
}

/// A job that a cell works on.
pub(crate) struct Work {
    pub(crate) job: u64,
    pub(crate) task: Task,
    pub(crate) since: Timestamp,
    /// For [`Task::Amend`]: our handle of the file that the cell fills.
    pub(crate) output: Option<OwnedFd>,
}

struct Cell {
    outlet: Outlet<Job>,
    ready: bool,
    /// It ends by itself after the answer that is due.
    retiring: bool,
    work: Option<Work>,
    /// An outfit that it was handed and has not answered.
    fitting: Option<Fitting>,
    /// The outfit that it works with; 0 for none.
    wears: u64,
}

/// A cell that takes over an outfit.
#[derive(Debug, Clone, Copy)]
struct Fitting {
    number: u64,
    since: Timestamp,
}

/// What was under way with a cell that is gone.
#[derive(Default)]
pub(crate) struct Lost {
    /// The job.
    pub(crate) work: Option<Work>,
    /// The number of the outfit.
    pub(crate) fitting: Option<u64>,
}

/// The cells.
pub(crate) struct Pool {
    cells: HashMap<CellId, Cell>,
    free: Vec<CellId>,
    jobs: u64,
    /// When a job last ended with an answer.
    answered: Timestamp,
    /// Only cells with this outfit are given mail; `None` before any outfit was offered.
    required: Option<u64>,
}

impl Pool {
    /// No cell yet.
    pub(crate) fn new(now: Timestamp) -> Self {
        Pool { cells: HashMap::new(), free: Vec::new(), jobs: 0, answered: now, required: None }
    }

    /// A new cell; it takes work once it is ready.
    pub(crate) fn add(&mut self, cell: CellId, outlet: Outlet<Job>) {
        let new =
            Cell { outlet, ready: false, retiring: false, work: None, fitting: None, wears: 0 };
        self.cells.insert(cell, new);
    }

    /// The cell has locked itself in.
    pub(crate) fn ready(&mut self, number: CellId) {
        if let Some(cell) = self.cells.get_mut(&number)
            && !cell.ready
        {
            cell.ready = true;
            self.free.push(number);
        }
    }

    /// The cell is given no further job.
    pub(crate) fn retire(&mut self, number: CellId) {
        if let Some(cell) = self.cells.get_mut(&number) {
            cell.retiring = true;
        }
        self.free.retain(|free| *free != number);
    }

    /// From now on only cells with this outfit are given mail.
    pub(crate) fn require(&mut self, outfit: Option<u64>) {
        self.required = outfit;
    }

    /// A free cell that may be given mail, taken off the list.
    pub(crate) fn take_free(&mut self) -> Option<CellId> {
        let required = self.required;
        let fits = |cell: &CellId| {
            let wears = self.cells.get(cell).map(|cell| cell.wears);
            wears.is_some() && (required.is_none() || wears == required)
        };
        let at = self.free.iter().rposition(fits)?;
        Some(self.free.swap_remove(at))
    }

    /// Free cells that work with another outfit than this one.
    pub(crate) fn without(&self, outfit: u64) -> Vec<CellId> {
        let other = |cell: &&CellId| self.cells.get(cell).is_some_and(|cell| cell.wears != outfit);
        self.free.iter().filter(other).copied().collect()
    }

    /// Hands an outfit to a free cell. False when the cell is gone.
    pub(crate) fn fit(
        &mut self,
        number: CellId,
        outfit: &Outfit,
        pack: Option<OwnedFd>,
        now: Timestamp,
    ) -> bool {
        self.free.retain(|free| *free != number);
        let Some(cell) = self.cells.get_mut(&number) else { return false };
        let job = Job::Outfit(Box::new(outfit.clone()));
        cell.fitting = Some(Fitting { number: outfit.number, since: now });
        cell.outlet.send(&job, pack.into_iter().collect()).is_ok()
    }

    /// A cell has answered to its outfit. False when it was never handed this one: it lies.
    pub(crate) fn fitted(&mut self, number: CellId, outfit: u64, taken: bool) -> bool {
        let Some(cell) = self.cells.get_mut(&number) else { return false };
        if cell.fitting.is_none_or(|fitting| fitting.number != outfit) {
            return false;
        }
        cell.fitting = None;
        if taken {
            cell.wears = outfit;
        }
        // One that took nothing has nothing to work with.
        if taken && !cell.retiring {
            self.free.push(number);
        }
        true
    }

    /// A cell that was taken off the list and got no work after all.
    pub(crate) fn ready_again(&mut self, number: CellId) {
        self.free.push(number);
    }

    /// The number for a new job.
    pub(crate) fn next_job(&mut self) -> u64 {
        self.jobs += 1;
        self.jobs
    }

    /// Hands a job to a cell. False when the cell is gone; the job is then not begun.
    pub(crate) fn begin(
        &mut self,
        number: CellId,
        job: &Job,
        descriptors: Vec<OwnedFd>,
        work: Work,
    ) -> bool {
        let Some(cell) = self.cells.get_mut(&number) else {
            return false;
        };
        if cell.outlet.send(job, descriptors).is_err() {
            return false;
        }
        cell.work = Some(work);
        true
    }

    /// The work that an answer ends. `None` when the cell was never asked this: it lies.
    pub(crate) fn end(&mut self, number: CellId, job: u64, now: Timestamp) -> Option<Work> {
        let cell = self.cells.get_mut(&number)?;
        if cell.work.as_ref().is_none_or(|work| work.job != job) {
            return None;
        }
        if !cell.retiring {
            self.free.push(number);
        }
        self.answered = now;
        cell.work.take()
    }

    /// Takes a cell out, with what was under way. `None` when it is out already.
    pub(crate) fn remove(&mut self, number: CellId) -> Option<Lost> {
        let cell = self.cells.remove(&number)?;
        self.free.retain(|free| *free != number);
        cell.outlet.close();
        Some(Lost { work: cell.work, fitting: cell.fitting.map(|fitting| fitting.number) })
    }

    /// Cells that have worked on one job, or on an outfit, since before `limit`.
    pub(crate) fn overdue(&self, limit: Timestamp) -> Vec<CellId> {
        let late = |cell: &Cell| {
            cell.work.as_ref().is_some_and(|work| work.since < limit)
                || cell.fitting.is_some_and(|fitting| fitting.since < limit)
        };
        self.cells.iter().filter(|(_, cell)| late(cell)).map(|(number, _)| *number).collect()
    }

    /// The cells of one keeper.
    pub(crate) fn of_keeper(&self, keeper: u64) -> Vec<CellId> {
        self.cells.keys().filter(|cell| cell.keeper == keeper).copied().collect()
    }

    /// When a job last ended with an answer; the start, when none has.
    pub(crate) fn answered(&self) -> Timestamp {
        self.answered
    }

    /// Cells that are ready.
    pub(crate) fn count(&self) -> usize {
        self.cells.values().filter(|cell| cell.ready).count()
    }

    /// Cells that are ready and are or may be given mail: those with the outfit that is required.
    pub(crate) fn fit_for_mail(&self) -> usize {
        let fits = |cell: &&Cell| {
            cell.ready && self.required.is_none_or(|required| cell.wears == required)
        };
        self.cells.values().filter(fits).count()
    }
}

/// Whether findings are within the bounds of an answer.
pub(crate) fn within_bounds(findings: &Findings) -> bool {
    use ipc::limits::{FINDING_TEXT_OCTETS, FINDINGS, LEAVES, SPAM_TERMS};
    use mail::Unscannable::{BadAnswer, Broken, KilledWorkers, Limit, NoPatterns};
    let short = |text: &str| text.len() <= FINDING_TEXT_OCTETS;
    let why = match &findings.unscannable {
        Some(
            Limit(text) | KilledWorkers(text) | BadAnswer(text) | Broken(text) | NoPatterns(text),
        ) => text,
        None => "",
    };
    let probability = findings.spam.probability;
    findings.list.len() <= FINDINGS
        && findings.leaves.len() <= LEAVES
        && (0.0..=1.0).contains(&probability)
        && findings.spam.terms.len() <= SPAM_TERMS
        && findings.spam.terms.iter().all(|term| {
            term.log_odds.is_finite()
                && short(&term.signal)
                && short(&term.words)
                && short(&term.evidence)
        })
        && short(why)
        && short(&findings.subject)
        && short(&findings.header_id)
        && short(&findings.header_from)
        && findings.leaves.iter().all(|leaf| {
            short(&leaf.path)
                && short(&leaf.name)
                && short(&leaf.mime)
                && leaf.types.len() <= ipc::limits::LEAF_TYPES
                && leaf.types.iter().all(|name| name.len() <= ipc::limits::TYPE_NAME_OCTETS)
        })
        && findings.list.iter().all(|finding| {
            short(&finding.name)
                && short(&finding.place)
                && short(&finding.evidence)
                && short(&finding.source)
                && finding.weight <= 100
                // Only queue excepts findings.
                && finding.counts()
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use mail::{EngineName, Finding, FindingKind};
    use std::os::unix::net::UnixStream;

    const ONE: CellId = CellId { keeper: 7, number: 1 };
    const NOW: Timestamp = Timestamp(9);

    fn pool() -> (Pool, ipc::Inlet<()>) {
        let (left, right) = UnixStream::pair().unwrap();
        let (outlet, inlet) = ipc::link_over::<Job, ()>(left.into(), 100).unwrap();
        std::mem::forget(right);
        let mut pool = Pool::new(Timestamp(3));
        pool.add(ONE, outlet);
        (pool, inlet)
    }

    fn work(job: u64) -> Work {
        Work { job, task: Task::Inspect(MessageId(9)), since: Timestamp(5), output: None }
    }

    #[tokio::test]
    async fn a_cell_takes_work_only_when_it_is_ready_and_free() {
        let (mut pool, _inlet) = pool();
        assert_eq!(pool.take_free(), None);
        pool.ready(ONE);
        pool.ready(ONE);
        let cell = pool.take_free().unwrap();
        let job = Job::Amend { job: 4, amendments: vec![] };
        assert!(pool.begin(cell, &job, vec![], work(4)));
        assert_eq!(pool.take_free(), None);
        assert_eq!(pool.overdue(Timestamp(6)), [ONE]);
        assert!(pool.overdue(Timestamp(5)).is_empty());
        assert!(pool.end(ONE, 4, NOW).is_some());
        assert_eq!(pool.take_free(), Some(ONE));
    }

    #[tokio::test]
    async fn an_answer_for_another_job_is_a_lie() {
        let (mut pool, _inlet) = pool();
        pool.ready(ONE);
        let job = Job::Amend { job: 4, amendments: vec![] };
        assert!(pool.begin(ONE, &job, vec![], work(4)));
        assert!(pool.end(ONE, 5, NOW).is_none());
        assert!(pool.end(CellId { number: 2, ..ONE }, 4, NOW).is_none());
        let lost = pool.remove(ONE).unwrap();
        assert_eq!(lost.work.unwrap().task, Task::Inspect(MessageId(9)));
    }

    #[tokio::test]
    async fn the_end_of_an_old_keepers_cell_is_not_that_of_a_new_one() {
        let (mut pool, _inlet) = pool();
        assert!(pool.remove(CellId { keeper: 6, ..ONE }).is_none());
        assert_eq!(pool.of_keeper(7), [ONE]);
        assert_eq!(pool.answered(), Timestamp(3));
    }

    #[tokio::test]
    async fn mail_goes_only_to_cells_with_the_required_outfit() {
        let (mut pool, _inlet) = pool();
        pool.ready(ONE);
        pool.require(Some(4));
        assert_eq!(pool.take_free(), None);
        assert_eq!(pool.without(4), [ONE]);
        let outfit = Outfit { number: 4, ..Outfit::default() };
        assert!(pool.fit(ONE, &outfit, None, Timestamp(5)));
        assert!(pool.without(4).is_empty() && pool.take_free().is_none(), "it is being fitted");
        assert_eq!(pool.overdue(Timestamp(6)), [ONE]);
        assert!(!pool.fitted(ONE, 3, true), "it was never handed that one");
        assert!(pool.fitted(ONE, 4, true));
        assert_eq!((pool.fit_for_mail(), pool.take_free()), (1, Some(ONE)));
    }

    #[tokio::test]
    async fn a_cell_that_refused_its_outfit_gets_no_mail() {
        let (mut pool, _inlet) = pool();
        pool.ready(ONE);
        let outfit = Outfit { number: 4, ..Outfit::default() };
        assert!(pool.fit(ONE, &outfit, None, Timestamp(5)));
        assert!(pool.fitted(ONE, 4, false));
        assert_eq!(pool.take_free(), None);
        assert_eq!(pool.remove(ONE).unwrap().fitting, None);
        assert!(pool.remove(ONE).is_none());
    }

    #[test]
    fn findings_out_of_bounds_are_told_apart() {
        let mut findings = Findings::default();
        assert!(within_bounds(&findings));
        findings.spam.probability = f64::NAN;
        assert!(!within_bounds(&findings));
        findings.spam.probability = 0.5;
        let finding = Finding::new(EngineName::Spam, FindingKind::Spam, "x".repeat(2000), "", "");
        findings.list.push(finding);
        assert!(!within_bounds(&findings));
        let why = mail::Unscannable::Limit("x".repeat(2000));
        assert!(!within_bounds(&Findings::unscannable(why)));
        let excepted = Some("says the cell".to_owned());
        let malware = Finding::new(EngineName::Virus, FindingKind::Malware, "x", "", "");
        let list = vec![Finding { excepted, ..malware }];
        assert!(!within_bounds(&Findings { list, ..Findings::default() }));
    }
}
