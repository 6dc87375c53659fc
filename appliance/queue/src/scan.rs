//! Scans: handing mail to cells, and what follows when one answers, lies, dies or takes too long.
//!
//! Whatever goes wrong, a message is never taken for clean: it waits, is tried once more, and is
//! then unscannable.

use std::os::fd::OwnedFd;

use ipc::contracts::{Answer, Job, KeeperToQueue, QueueToKeeper};
use mail::{Deed, Findings, MessageId, Reply, Timestamp, Unscannable};

use crate::core::{Core, duplicate};
use crate::happening::listen_to_cell;
use crate::limits;
use crate::pool::{Task, Work, within_bounds};

impl Core {
    /// The keeper of the cells has said something.
    pub(crate) fn keeper_said(&mut self, message: KeeperToQueue, descriptors: Vec<OwnedFd>) {
        match message {
            KeeperToQueue::Cell { cell } => {
                let Some(socket) = descriptors.into_iter().next() else { return };
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
            KeeperToQueue::Ended { cell, because } => {
                tracing::debug!(cell, because, "a cell ended")
            }
        }
    }

    /// The keeper is gone, and its cells with it.
    pub(crate) fn keeper_left(&mut self, connection: u64) {
        if self.cells_keeper.as_ref().is_some_and(|(current, _)| *current == connection) {
            self.cells_keeper = None;
            for cell in self.pool.numbers() {
                // The mail is not to blame: its cell went with the keeper.
                if let Some(work) = self.pool.remove(cell) {
                    self.scans.push_front((work.task, work.since));
                }
            }
        }
    }

    /// A cell has answered.
    pub(crate) fn cell_said(&mut self, cell: u64, answer: Answer) {
        match answer {
            Answer::Ready { landlock } => {
                if !landlock {
                    tracing::warn!(cell, "the kernel does not enforce landlock in full");
                }
                self.pool.ready(cell);
            }
            Answer::Retiring => self.pool.retire(cell),
            Answer::Inspected { job, findings } => match self.pool.end(cell, job) {
                Some(Work { task: Task::Inspect(id), .. }) if within_bounds(&findings) => {
                    self.inspected(id, findings);
                }
                Some(work) => self.bad_answer(cell, &work, "its findings were out of bounds"),
                None => self.kill(cell, "it answered what it was not asked"),
            },
            Answer::Amended { job, size } => match self.pool.end(cell, job) {
                Some(Work { task: Task::Amend(id, group), output: Some(output), .. }) => {
                    self.amended(id, group, output, size);
                }
                _ => self.kill(cell, "it answered what it was not asked"),
            },
            Answer::Failed { job, because } => match self.pool.end(cell, job) {
                Some(work) => self.strike(work.task, &because),
                None => self.kill(cell, "it answered what it was not asked"),
            },
        }
    }

    fn bad_answer(&mut self, cell: u64, work: &Work, because: &str) {
        self.kill(cell, because);
        self.strike(work.task, because);
    }

    /// A cell's connection has ended. The keeper is told to kill what may still be there: a cell
    /// that broke the protocol could sit on its place for ever.
    pub(crate) fn cell_left(&mut self, cell: u64, because: &str) {
        if let Some((_, outlet)) = &self.cells_keeper {
            let _ = outlet.send(&QueueToKeeper::Kill { cell }, Vec::new());
        }
        self.lose_cell(cell, because);
    }

    /// A cell is gone; what it worked on has a strike.
    pub(crate) fn lose_cell(&mut self, cell: u64, because: &str) {
        if let Some(work) = self.pool.remove(cell) {
            self.strike(work.task, because);
        }
    }

    /// Has a cell killed; what it works on has a strike.
    fn kill(&mut self, cell: u64, because: &str) {
        tracing::warn!(cell, because, "a cell is killed");
        if let Some((_, outlet)) = &self.cells_keeper {
            let _ = outlet.send(&QueueToKeeper::Kill { cell }, Vec::new());
        }
        self.lose_cell(cell, because);
    }

    /// Cells that take too long are killed.
    pub(crate) fn kill_overdue(&mut self, now: Timestamp) {
        let limit = Timestamp(now.0.saturating_sub(self.retry.scan_wall_seconds * 1000));
        for cell in self.pool.overdue(limit) {
            self.kill(cell, "the scan took longer than its wall time limit");
        }
    }

    /// Work that ended with its cell: once more, then unscannable.
    fn strike(&mut self, task: Task, because: &str) {
        let id = task.id();
        self.tell(id, Deed::WorkerLost { because: because.to_owned() });
        let Some(loaded) = self.loaded.get_mut(&id) else { return };
        loaded.record.strikes = loaded.record.strikes.saturating_add(1);
        let struck_out = loaded.record.strikes >= limits::STRIKES;
        let since = loaded.waiting_since;
        // The strikes are kept, so that a mail that takes the whole machine down cannot do so for
        // ever.
        self.write_record(id);
        match task {
            Task::Inspect(_) if struck_out => {
                let why = Unscannable::KilledWorkers(because.to_owned());
                self.inspected(id, Findings::unscannable(why));
            }
            Task::Amend(_, group) if struck_out => self.not_amended(id, group),
            _ => self.scans.push_front((task, since)),
        }
    }

    /// Mail that no cell has taken for too long is unscannable (features E-7).
    pub(crate) fn give_up_scans(&mut self, now: Timestamp) {
        let patience = self.retry.scan_patience_seconds * 1000;
        while let Some((task, since)) = self.scans.front().copied() {
            if now.since(since) < patience {
                return;
            }
            self.scans.pop_front();
            if !self.load(task.id()) {
                continue;
            }
            match task {
                Task::Inspect(id) => {
                    let why = Unscannable::KilledWorkers("no scanner took it in time".to_owned());
                    self.inspected(id, Findings::unscannable(why));
                }
                Task::Amend(id, group) => self.not_amended(id, group),
            }
        }
    }

    /// Hands waiting mail to free cells.
    pub(crate) fn dispatch_scans(&mut self) {
        while !self.scans.is_empty() {
            let Some(cell) = self.pool.take_free() else { return };
            let Some((task, since)) = self.scans.pop_front() else { return };
            match self.begin(cell, task) {
                Begun::Yes => {}
                Begun::NoSuchMail => self.pool.ready_again(cell),
                Begun::NoCell => {
                    self.scans.push_front((task, since));
                    self.lose_cell(cell, "it could not be reached");
                }
            }
        }
    }

    fn begin(&mut self, cell: u64, task: Task) -> Begun {
        if !self.load(task.id()) {
            return Begun::NoSuchMail;
        }
        let job = self.pool.next_job();
        let Some(loaded) = self.loaded.get(&task.id()) else { return Begun::NoSuchMail };
        let Ok(body) = duplicate(&loaded.body) else { return Begun::NoCell };
        let since = self.context.clock.now();
        let (order, descriptors, output) = match task {
            Task::Inspect(_) => {
                let envelope = loaded.envelope.as_ref().clone();
                (Job::Inspect { job, envelope }, vec![body], None)
            }
            Task::Amend(_, group) => {
                let Ok(output) = ipc::empty_memory() else { return Begun::NoCell };
                let Ok(theirs) = duplicate(&output) else { return Begun::NoCell };
                let amendments = loaded.changes(group).to_vec();
                (Job::Amend { job, amendments }, vec![body, theirs], Some(output))
            }
        };
        let work = Work { job, task, since, output };
        if self.pool.begin(cell, &order, descriptors, work) { Begun::Yes } else { Begun::NoCell }
    }

    /// A group's amended body is there.
    fn amended(&mut self, id: MessageId, group: usize, output: OwnedFd, size: u64) {
        // From here the cell can no longer change what it wrote.
        if ipc::seal_memory(&output).is_err() || !plausible(&output, size) {
            self.strike(Task::Amend(id, group), "the amended message was not what it said");
            return;
        }
        let Some(loaded) = self.loaded.get_mut(&id) else { return };
        let Some(slot) = loaded.groups.get_mut(group) else { return };
        slot.amended = Some((output, size));
        let destination = slot.destination.clone();
        self.destinations.push(&destination, id, group);
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
}

/// Whether an amended body has the size that the cell claims.
fn plausible(output: &OwnedFd, size: u64) -> bool {
    let Ok(file) = output.try_clone().map(std::fs::File::from) else { return false };
    file.metadata().is_ok_and(|facts| facts.len() == size && size > 0)
}
