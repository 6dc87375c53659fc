//! The cells as queue sees them: who is free, who works on what, who is over time.
//!
//! A cell is presumed taken over by the mail it reads. It can lie about that mail only: an answer
//! for another job, an answer out of bounds or no answer at all ends the cell, and the mail gets
//! one more try with another one.

use std::collections::HashMap;
use std::os::fd::OwnedFd;

use ipc::Outlet;
use ipc::contracts::Job;
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
}

/// The cells.
pub(crate) struct Pool {
    cells: HashMap<CellId, Cell>,
    free: Vec<CellId>,
    jobs: u64,
    /// When a job last ended with an answer.
    answered: Timestamp,
}

impl Pool {
    /// No cell yet.
    pub(crate) fn new(now: Timestamp) -> Self {
        Pool { cells: HashMap::new(), free: Vec::new(), jobs: 0, answered: now }
    }

    /// A new cell; it takes work once it is ready.
    pub(crate) fn add(&mut self, cell: CellId, outlet: Outlet<Job>) {
        self.cells.insert(cell, Cell { outlet, ready: false, retiring: false, work: None });
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

    /// A free cell, taken off the list.
    pub(crate) fn take_free(&mut self) -> Option<CellId> {
        while let Some(number) = self.free.pop() {
            if self.cells.get(&number).is_some_and(|cell| cell.work.is_none()) {
                return Some(number);
            }
        }
        None
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

    /// Takes a cell out, with what it was working on.
    pub(crate) fn remove(&mut self, number: CellId) -> Option<Work> {
        let cell = self.cells.remove(&number)?;
        cell.outlet.close();
        cell.work
    }

    /// Cells that have worked on one job since before `limit`.
    pub(crate) fn overdue(&self, limit: Timestamp) -> Vec<CellId> {
        let late = |cell: &Cell| cell.work.as_ref().is_some_and(|work| work.since < limit);
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
}

/// Whether findings are within the bounds of an answer.
pub(crate) fn within_bounds(findings: &Findings) -> bool {
    use ipc::limits::{FINDING_TEXT_OCTETS, FINDINGS, LEAVES};
    use mail::Unscannable::{BadAnswer, KilledWorkers, Limit};
    let short = |text: &str| text.len() <= FINDING_TEXT_OCTETS;
    let why = match &findings.unscannable {
        Some(Limit(text) | KilledWorkers(text) | BadAnswer(text)) => text,
        None => "",
    };
    let probability = findings.spam_probability;
    findings.list.len() <= FINDINGS
        && findings.leaves.len() <= LEAVES
        && (0.0..=1.0).contains(&probability)
        && short(why)
        && short(&findings.subject)
        && short(&findings.header_id)
        && short(&findings.header_from)
        && findings.leaves.iter().all(|leaf| short(&leaf.path) && short(&leaf.mime))
        && findings.list.iter().all(|finding| {
            short(&finding.name) && short(&finding.place) && short(&finding.evidence)
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
        assert_eq!(pool.remove(ONE).unwrap().task, Task::Inspect(MessageId(9)));
    }

    #[tokio::test]
    async fn the_end_of_an_old_keepers_cell_is_not_that_of_a_new_one() {
        let (mut pool, _inlet) = pool();
        assert!(pool.remove(CellId { keeper: 6, ..ONE }).is_none());
        assert_eq!(pool.of_keeper(7), [ONE]);
        assert_eq!(pool.answered(), Timestamp(3));
    }

    #[test]
    fn findings_out_of_bounds_are_told_apart() {
        let mut findings = Findings::default();
        assert!(within_bounds(&findings));
        findings.spam_probability = f64::NAN;
        assert!(!within_bounds(&findings));
        findings.spam_probability = 0.5;
        let finding = Finding {
            engine: EngineName::Spam,
            kind: FindingKind::Spam,
            name: "x".repeat(2000),
            place: String::new(),
            evidence: String::new(),
        };
        findings.list.push(finding);
        assert!(!within_bounds(&findings));
        let why = mail::Unscannable::Limit("x".repeat(2000));
        assert!(!within_bounds(&Findings::unscannable(why)));
    }
}
