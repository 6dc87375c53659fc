//! Scans: handing mail to cells, and what follows when one answers, lies, dies or takes too long.
//!
//! Whatever goes wrong, a message is never taken for clean: it waits, is tried once more, and is
//! then unscannable.

use std::os::fd::OwnedFd;

use ipc::contracts::{Answer, Job, KeeperToQueue, QueueToKeeper};
use mail::{Deed, Findings, MessageId, Reply, Timestamp, Unscannable};

use crate::core::{Core, Stage, duplicate};
use crate::delivery::cut;
use crate::happening::listen_to_cell;
use crate::lessons::is_within_bounds;
use crate::limits;
use crate::pool::{CellId, Task, Work, within_bounds};

impl Core {
    /// The keeper of the cells has said something.
    pub(crate) fn keeper_said(
        &mut self,
        keeper: u64,
        message: KeeperToQueue,
        descriptors: Vec<OwnedFd>,
    ) {
        match message {
            KeeperToQueue::Cell { cell } => {
                let Some(socket) = descriptors.into_iter().next() else { return };
                let cell = CellId { keeper, number: cell };
                match ipc::link_over(socket, ipc::limits::ANSWER_OCTETS) {
                    Ok((outlet, inlet)) => {
                        self.pool.add(cell, outlet);
                        listen_to_cell(cell, inlet, self.happen.clone());
                    }
                    Err(error) => tracing::error!(%error, "a cell could not be reached"),
                }
            }
            // Words only: the cell's own connection may still hold its last answer, and its end
            // always follows there.
            KeeperToQueue::Ended { cell, because, end } => {
                tracing::debug!(cell, because, "a cell ended");
                self.figures.ended(end);
            }
            KeeperToQueue::Outfit(outfit) => self.outfit_offered(keeper, *outfit, descriptors),
        }
    }

    /// A keeper is gone, and its cells with it.
    pub(crate) fn keeper_left(&mut self, connection: u64) {
        if self.cells_keeper.as_ref().is_some_and(|(current, _)| *current == connection) {
            self.cells_keeper = None;
        }
        for cell in self.pool.of_keeper(connection) {
            let lost = self.pool.remove(cell).unwrap_or_default();
            // The mail is not to blame: its cell went with the keeper.
            if let Some(work) = lost.work {
                self.scan_again(work.task, work.since);
            }
            if let Some(outfit) = lost.fitting {
                self.fitting_lost(outfit, "its keeper ended");
            }
        }
    }

    /// A cell has answered.
    pub(crate) fn cell_said(&mut self, cell: CellId, answer: Answer) {
        let job = match &answer {
            Answer::Ready { landlock } => {
                if !landlock {
                    tracing::warn!(?cell, "the kernel does not enforce landlock in full");
                }
                return self.pool.ready(cell);
            }
            Answer::Retiring { because } => {
                self.figures.retired(*because);
                return self.pool.retire(cell);
            }
            Answer::Outfitted { number, refused } => {
                return self.cell_fitted(cell, *number, refused.clone());
            }
            Answer::Inspected { job, .. }
            | Answer::Amended { job, .. }
            | Answer::Failed { job, .. } => *job,
        };
        let now = self.now();
        match self.pool.end(cell, job, now) {
            Some(work) => self.work_ended(cell, work, answer),
            None => {
                self.figures.killed("bad_answer");
                self.kill(cell, "it answered what it was not asked");
            }
        }
    }

    /// The job that a cell was asked has an answer; whether it is one is seen here.
    fn work_ended(&mut self, cell: CellId, work: Work, answer: Answer) {
        let task = work.task;
        let because = match (task, answer, work.output) {
            (Task::Inspect(id), Answer::Inspected { findings, used, material, .. }, _) => {
                if within_bounds(&findings) && material.as_deref().is_none_or(is_within_bounds) {
                    let octets = self.loaded.get(&id).map_or(0, |loaded| loaded.envelope.size);
                    let turn = self.now().since(work.since);
                    self.figures.inspected(&findings, used, octets, turn);
                    self.learn_from_release(id, &findings, material);
                    return self.inspected(id, findings);
                }
                "its findings were out of bounds"
            }
            (Task::Amend(id, group), Answer::Amended { size, .. }, Some(output)) => {
                if self.amended(id, group, output, size) {
                    return;
                }
                "the amended message was not what it said"
            }
            (_, Answer::Failed { because, .. }, _) => return self.strike(task, &because),
            _ => "it answered what it was not asked",
        };
        // The job is no longer the cell's, so it has to be struck here.
        self.figures.killed("bad_answer");
        self.kill(cell, because);
        self.strike(task, because);
    }

    /// A cell's connection has ended. The keeper is told to kill what may still be there: a cell
    /// that broke the protocol could sit on its place for ever.
    pub(crate) fn cell_left(&mut self, cell: CellId, because: &str) {
        self.tell_keeper_to_kill(cell);
        self.lose_cell(cell, because);
    }

    fn tell_keeper_to_kill(&self, cell: CellId) {
        if let Some((keeper, outlet)) = &self.cells_keeper
            && *keeper == cell.keeper
        {
            let _ = outlet.send(&QueueToKeeper::Kill { cell: cell.number }, Vec::new());
        }
    }

    /// A cell is gone; what it worked on has a strike.
    pub(crate) fn lose_cell(&mut self, cell: CellId, because: &str) {
        let lost = self.pool.remove(cell).unwrap_or_default();
        if let Some(work) = lost.work {
            self.strike(work.task, because);
        }
        if let Some(outfit) = lost.fitting {
            self.fitting_lost(outfit, because);
        }
    }

    /// Has a cell killed; what it works on has a strike.
    pub(crate) fn kill(&mut self, cell: CellId, because: &str) {
        tracing::warn!(?cell, because, "a cell is killed");
        self.tell_keeper_to_kill(cell);
        self.lose_cell(cell, because);
    }

    /// Cells that take too long are killed.
    pub(crate) fn kill_overdue(&mut self, now: Timestamp) {
        let limit = Timestamp(now.0.saturating_sub(self.retry.scan_wall_seconds * 1000));
        for cell in self.pool.overdue(limit) {
            self.figures.killed("over_time");
            self.kill(cell, "the scan took longer than its wall time limit");
        }
    }

    /// Work that ended with its cell: once more, then unscannable.
    fn strike(&mut self, task: Task, because: &str) {
        let id = task.id();
        let because = cut(because);
        self.tell(id, Deed::WorkerLost { because: because.clone() });
        let Some(loaded) = self.loaded.get_mut(&id) else { return };
        loaded.record.strikes = loaded.record.strikes.saturating_add(1);
        let struck_out = loaded.record.strikes >= limits::STRIKES;
        let since = loaded.waiting_since;
        // The strikes are kept, so that a mail that takes the whole machine down cannot do so for
        // ever.
        self.write_record(id);
        match task {
            Task::Inspect(_) if struck_out => {
                let why = Unscannable::KilledWorkers(because);
                self.inspected(id, Findings::unscannable(why));
            }
            Task::Amend(_, group) if struck_out => self.not_amended(id, group),
            _ => self.scan_again(task, since),
        }
    }

    /// Puts work back at the head of the line.
    fn scan_again(&mut self, task: Task, since: Timestamp) {
        if let Task::Inspect(id) = task {
            self.enter(id, Stage::Waiting);
        }
        self.scans.push_front((task, since));
    }

    /// The head of the line. Work on a message that went another way meanwhile is dropped here: an
    /// operator may have held or deleted it while it waited.
    pub(crate) fn next_scan(&mut self) -> Option<(Task, Timestamp)> {
        loop {
            let (task, since) = *self.scans.front()?;
            let stands = match task {
                Task::Inspect(id) => self.stages.get(&id) == Some(&Stage::Waiting),
                Task::Amend(id, _) => self.loaded.contains_key(&id),
            };
            if stands {
                return Some((task, since));
            }
            self.scans.pop_front();
        }
    }

    /// Mail that could not be scanned for too long, because no scanner answers, is unscannable
    /// (features E-7). A long line before scanners that work is no reason.
    pub(crate) fn give_up_scans(&mut self, now: Timestamp) {
        let patience = self.retry.scan_patience_seconds * 1000;
        let answered = self.pool.answered();
        for _ in 0..limits::WAKE_PAGE {
            let Some((task, since)) = self.next_scan() else { return };
            if now.since(since.max(answered)) < patience {
                return;
            }
            self.scans.pop_front();
            if self.load_or_put_off(task.id()) {
                self.give_up_scan(task);
            }
        }
    }

    fn give_up_scan(&mut self, task: Task) {
        match task {
            Task::Inspect(id) => {
                self.enter(id, Stage::Working);
                let why = Unscannable::KilledWorkers("no scanner took it in time".to_owned());
                self.inspected(id, Findings::unscannable(why));
            }
            Task::Amend(id, group) => self.not_amended(id, group),
        }
    }

    /// Hands waiting mail to free cells.
    pub(crate) fn dispatch_scans(&mut self) {
        while let Some((task, since)) = self.next_scan() {
            let Some(cell) = self.pool.take_free() else { return };
            self.scans.pop_front();
            match self.begin(cell, task) {
                Begun::Yes => {
                    let waited = self.now().since(since);
                    self.figures.waited.note(waited.saturating_mul(1000));
                }
                Begun::NoSuchMail => self.pool.ready_again(cell),
                Begun::NoCell => {
                    self.scan_again(task, since);
                    self.lose_cell(cell, "it could not be reached");
                }
                Begun::NoRoom => {
                    // Descriptors or memory are short: the next batch tries again.
                    self.scan_again(task, since);
                    return self.pool.ready_again(cell);
                }
            }
        }
    }

    fn begin(&mut self, cell: CellId, task: Task) -> Begun {
        if !self.load_or_put_off(task.id()) {
            return Begun::NoSuchMail;
        }
        let job = self.pool.next_job();
        let Some(loaded) = self.loaded.get(&task.id()) else { return Begun::NoSuchMail };
        let Ok(body) = duplicate(&loaded.body) else { return Begun::NoRoom };
        let since = self.context.clock.now();
        let (order, descriptors, output) = match task {
            Task::Inspect(_) => {
                let envelope = loaded.envelope.as_ref().clone();
                let wall_milliseconds = self.retry.scan_wall_seconds.saturating_mul(1000);
                let wants_material = self.wants_material(task.id());
                let order = Job::Inspect { job, envelope, wall_milliseconds, wants_material };
                (order, vec![body], None)
            }
            Task::Amend(_, group) => {
                let Ok(output) = ipc::empty_memory() else { return Begun::NoRoom };
                let Ok(theirs) = duplicate(&output) else { return Begun::NoRoom };
                let amendments = loaded.changes(group).to_vec();
                (Job::Amend { job, amendments }, vec![body, theirs], Some(output))
            }
        };
        let work = Work { job, task, since, output };
        if !self.pool.begin(cell, &order, descriptors, work) {
            return Begun::NoCell;
        }
        self.enter(task.id(), Stage::Working);
        Begun::Yes
    }

    /// A group's amended body is there. False when it is not what the cell says.
    fn amended(&mut self, id: MessageId, group: usize, output: OwnedFd, size: u64) -> bool {
        let Some(loaded) = self.loaded.get_mut(&id) else { return true };
        let longest = loaded.envelope.size.saturating_add(limits::AMENDED_OCTETS);
        // Once sealed, the cell can no longer change what it wrote.
        if ipc::seal_memory(&output).is_err() || !plausible(&output, size) || size > longest {
            return false;
        }
        let Some(slot) = loaded.groups.get_mut(group) else { return true };
        slot.amended = Some((output, size));
        let destination = slot.destination.clone();
        loaded.octets += size;
        self.loaded_octets += size;
        self.destinations.push(&destination, id, group);
        true
    }

    /// A group's changes cannot be made: it is tried again later, never sent without them.
    fn not_amended(&mut self, id: MessageId, group: usize) {
        let reply = Reply::coded(451, 4, 3, 0, "the changes that policy wants could not be made");
        if let Some(loaded) = self.loaded.get_mut(&id) {
            loaded.record.strikes = 0;
        }
        self.group_deferred(id, group, &reply);
    }
}

enum Begun {
    Yes,
    NoSuchMail,
    NoCell,
    NoRoom,
}

/// Whether an amended body has the size that the cell claims.
fn plausible(output: &OwnedFd, size: u64) -> bool {
    let Ok(file) = output.try_clone().map(std::fs::File::from) else { return false };
    file.metadata().is_ok_and(|facts| facts.len() == size && size > 0)
}
