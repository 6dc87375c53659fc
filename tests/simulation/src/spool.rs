//! Random lives of intake and queue over one simulated disk, checked against the model at every
//! start.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, anyhow, ensure};
use mail::{
    Address, BodyKind, Client, Direction, Envelope, Listener, MessageId, Recipient, Sender,
    SessionId, Timestamp,
};
use spool::{
    Adopted, Body, Committer, Content, EVERY_SEGMENT, KeeperCore, Options, Place, Recovery,
    Submission, encode_head,
};
use world::sim::{Faults, SimDisk, SimEntropy, SimRandom};

use crate::model::{Debt, Found, Model};

const FOLDER: &str = "/spool";

/// What a run did, to see that it did something.
#[derive(Debug, Default, Clone, Copy)]
pub struct Summary {
    /// Messages acknowledged.
    pub acknowledged: u64,
    /// Messages finished for good.
    pub finished: u64,
    /// Power cuts.
    pub power_cuts: u64,
    /// Starts of queue, each of them checked.
    pub checks: u64,
    /// Operations that failed as they may.
    pub failures: u64,
    /// Calls to the disk.
    pub calls: u64,
}

impl std::ops::AddAssign for Summary {
    fn add_assign(&mut self, other: Self) {
        self.acknowledged += other.acknowledged;
        self.finished += other.finished;
        self.power_cuts += other.power_cuts;
        self.checks += other.checks;
        self.failures += other.failures;
        self.calls += other.calls;
    }
}

/// An envelope whose content follows from two numbers.
#[must_use]
pub fn envelope(id: u64, size: u64) -> Envelope {
    let address = |name: String| name.parse::<Address>().expect("a valid address");
    let recipients = (0..=id % 3)
        .map(|number| Recipient::plain(address(format!("r{number}.{id}@example.test"))))
        .collect();
    Envelope {
        id: MessageId(id),
        session: SessionId(id ^ 0xffff),
        received: Timestamp(1_700_000_000_000 + id),
        listener: Listener::Smtp,
        direction: Direction::Incoming,
        client: Client {
            address: ([192, 0, 2, 1], 25).into(),
            helo: "client.example".into(),
            tls: None,
        },
        sender: Sender::Null,
        recipients,
        body: BodyKind::SevenBit,
        smtputf8: false,
        ret: None,
        envid: None,
        size,
    }
}

/// One run.
struct Run {
    random: SimRandom,
    disk: SimDisk,
    options: Options,
    committer: Option<Committer>,
    keeper: Option<KeeperCore>,
    model: Model,
    next_id: u64,
    /// Receipts that queue has not been shown yet.
    sealed: Vec<(MessageId, Place)>,
    /// The power went in the midst of the last life, not at its end.
    cut_in_life: bool,
    summary: Summary,
}

fn options(random: &mut SimRandom, seed: u64) -> Options {
    Options {
        reserve_octets: Some(0),
        segment_octets: 1024 + random.below(8) * 1024,
        journal_octets: 512 + random.below(4) * 512,
        ahead_octets: random.below(3) * 512,
        inline_octets: 700,
        draft_memory_octets: 1 << 20,
        entropy: Arc::new(SimEntropy::new(seed)),
    }
}

impl Run {
    fn new(seed: u64) -> Self {
        let mut random = SimRandom::new(seed);
        let disk = SimDisk::new(random.number());
        let options = options(&mut random, seed);
        Run {
            random,
            disk,
            options,
            committer: None,
            keeper: None,
            model: Model::default(),
            next_id: 1,
            sealed: Vec::new(),
            cut_in_life: false,
            summary: Summary::default(),
        }
    }

    fn body(&mut self) -> Vec<u8> {
        let length = match self.random.below(6) {
            0 => 0,
            1 => 700 + self.random.below(1500),
            _ => self.random.below(600),
        };
        let mut body: Vec<u8> = (0..length).map(|_| self.random.number() as u8).collect();
        if self.random.chance(100) {
            body.extend_from_slice(spool::record::MAGIC);
        }
        body
    }

    fn next_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    fn note<T, E>(&mut self, result: &Result<T, E>) -> bool {
        self.summary.failures += u64::from(result.is_err());
        result.is_ok()
    }

    /// intake seals a few messages in one group commit.
    fn seal(&mut self) -> Result<()> {
        let Some(mut committer) = self.committer.take() else { return Ok(()) };
        let mut letters = Vec::new();
        for _ in 0..=self.random.below(4) {
            let body = self.body();
            let envelope = envelope(self.next_id(), body.len() as u64);
            self.model.hand_in(envelope.clone(), body.clone());
            let large = body.len() > self.options.inline_octets;
            let mut file = None;
            if large {
                match write_large(&committer, envelope.id, &body) {
                    Ok(written) => file = Some(written),
                    Err(_) => {
                        self.model.answered(envelope.id, false);
                        self.summary.failures += 1;
                        continue;
                    }
                }
            }
            let first = if large { committer.first_segment() } else { 0 };
            letters.push((envelope.id, encode_head(first, &envelope)?, body, file));
        }
        let submissions: Vec<Submission<'_>> = letters
            .iter()
            .map(|(id, head, body, file)| Submission {
                id: *id,
                head,
                content: match file {
                    Some(file) => Content::Large(file.size()),
                    None => Content::Inline(body),
                },
                body_crc: crc(body),
            })
            .collect();
        let results = committer.commit(&submissions);
        ensure!(results.len() == letters.len(), "one answer for each message");
        for ((id, _, _, file), result) in letters.into_iter().zip(results) {
            self.model.answered(id, result.is_ok());
            match result {
                Ok(receipt) => {
                    self.summary.acknowledged += 1;
                    self.sealed.push((receipt.id(), receipt.place()));
                }
                Err(_) => {
                    self.summary.failures += 1;
                    if let Some(file) = file {
                        file.remove();
                    }
                }
            }
        }
        self.committer = Some(committer);
        Ok(())
    }

    /// queue is shown some receipts, one of them perhaps twice.
    fn adopt(&mut self) -> Result<()> {
        let Some(keeper) = self.keeper.as_mut() else { return Ok(()) };
        let count = self.random.below(self.sealed.len() as u64 + 1) as usize;
        let again = self.random.chance(200);
        let rest = self.sealed.split_off(count);
        for (id, place) in std::mem::replace(&mut self.sealed, rest) {
            let Ok(adopted) = keeper.adopt(id, place) else {
                self.sealed.push((id, place));
                continue;
            };
            match adopted {
                Adopted::New | Adopted::Live => self.model.held(id),
                Adopted::Finished => {
                    let debt = self.model.records[&id].debt;
                    ensure!(debt > Debt::Owed, "{id} is owed, and counts as finished");
                }
            }
            if again && keeper.adopt(id, place).is_ok_and(|again| again == Adopted::New) {
                return Err(anyhow!("{id} was new twice"));
            }
        }
        Ok(())
    }

    fn some_held(&mut self) -> Option<MessageId> {
        let held = self.model.held_ids();
        let index = self.random.below(held.len() as u64) as usize;
        held.get(index).copied()
    }

    fn record(&mut self) -> Result<()> {
        let Some(id) = self.some_held() else { return Ok(()) };
        let length = self.random.below(120) as usize;
        let state = vec![self.random.number() as u8; length];
        if let Some(keeper) = self.keeper.as_mut() {
            keeper.record(id, &state)?;
            self.model.state(id, state);
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<()> {
        let Some(id) = self.some_held() else { return Ok(()) };
        if let Some(keeper) = self.keeper.as_mut() {
            keeper.finish(id)?;
            self.model.finish(id);
        }
        Ok(())
    }

    fn insert(&mut self) -> Result<()> {
        let body = self.body();
        let envelope = envelope(self.next_id(), body.len() as u64);
        if let Some(keeper) = self.keeper.as_mut() {
            ensure!(keeper.insert(&envelope, body.clone())? == Adopted::New);
            ensure!(keeper.insert(&envelope, body.clone())? == Adopted::Live);
            self.model.insert(envelope, body);
        }
        Ok(())
    }

    fn sync(&mut self) {
        let Some(keeper) = self.keeper.as_mut() else { return };
        let result = keeper.sync();
        if self.note(&result) {
            self.model.synced();
        }
    }

    /// A sync with deeds between its parts, as the thread makes them.
    fn sync_in_parts(&mut self) -> Result<()> {
        let Some(work) = self.keeper.as_mut().and_then(KeeperCore::begin_sync) else {
            return Ok(());
        };
        let mut work = work;
        let result = work.run();
        if result.is_ok() {
            self.model.synced();
        }
        for _ in 0..self.random.below(3) {
            match self.random.below(4) {
                0 => self.finish()?,
                1 => self.insert()?,
                _ => self.record()?,
            }
        }
        self.note(&result);
        if let Some(keeper) = self.keeper.as_mut() {
            keeper.end_sync(work, &result);
        }
        Ok(())
    }

    fn tidy(&mut self) {
        let chores = 1 + self.random.below(12) as usize;
        for _ in 0..chores {
            let Some(keeper) = self.keeper.as_mut() else { return };
            let Some(mut chore) = keeper.next_chore() else {
                if !keeper.needs_sync() {
                    return;
                }
                self.sync();
                continue;
            };
            chore.run();
            let result = keeper.end_chore(chore);
            self.note(&result);
        }
    }

    fn tell_closed(&mut self) {
        let closed = self.committer.as_mut().map(Committer::closed_segments);
        for segment in closed.unwrap_or_default() {
            if let Some(keeper) = self.keeper.as_mut() {
                keeper.close(segment);
            }
        }
    }

    /// Reads one live message and compares.
    fn read(&mut self) -> Result<()> {
        let Some(id) = self.some_held() else { return Ok(()) };
        let Some(keeper) = self.keeper.as_mut() else { return Ok(()) };
        let record = &self.model.records[&id];
        match read(keeper, id) {
            Ok((envelope, body)) => {
                ensure!(envelope == record.envelope, "{id} has another envelope");
                ensure!(body == record.body, "{id} has another body");
            }
            Err(_) => self.summary.failures += 1,
        }
        Ok(())
    }

    fn step(&mut self) -> Result<()> {
        match self.random.below(20) {
            0..=4 => self.seal(),
            5..=7 => self.adopt(),
            8 | 9 => self.record(),
            10..=12 => self.finish(),
            13 => self.insert(),
            14 => {
                self.sync();
                Ok(())
            }
            15 => self.sync_in_parts(),
            16 | 17 => {
                self.tidy();
                Ok(())
            }
            18 => {
                self.tell_closed();
                Ok(())
            }
            _ => self.read(),
        }
    }

    /// intake starts (again).
    fn start_intake(&mut self) -> Result<()> {
        let disk = Arc::new(self.disk.clone());
        self.committer = None;
        let opened = Committer::open(disk, Path::new(FOLDER), self.options.clone());
        if !self.note(&opened) {
            return Ok(());
        }
        let committer = opened?;
        let first = committer.first_segment();
        self.committer = Some(committer);
        let Some(keeper) = self.keeper.as_mut() else { return Ok(()) };
        if let Ok(orphans) = keeper.orphans(first) {
            for orphan in orphans {
                ensure!(self.model.records.contains_key(&orphan.id), "{} invented", orphan.id);
                if keeper.adopt(orphan.id, orphan.place).is_ok_and(|found| found == Adopted::New) {
                    self.model.held(orphan.id);
                }
            }
        }
        Ok(())
    }

    /// queue starts (again), with nothing going wrong, and all promises are checked.
    fn start_queue(&mut self) -> Result<()> {
        self.summary.checks += 1;
        self.keeper = None;
        let disk = Arc::new(self.disk.clone());
        let (mut keeper, recovery) =
            KeeperCore::open(disk, Path::new(FOLDER), self.options.clone())?;
        let Recovery { mut messages, damage } = recovery;
        let orphans = keeper.orphans(EVERY_SEGMENT)?;
        for orphan in &orphans {
            ensure!(keeper.adopt(orphan.id, orphan.place)? == Adopted::New, "no orphan");
        }
        messages.extend(orphans);
        let mut found = BTreeMap::new();
        for kept in messages {
            let content = read(&mut keeper, kept.id);
            let twice = found.insert(kept.id, Found { state: kept.state, content });
            ensure!(twice.is_none(), "{} was found twice", kept.id);
        }
        let damage: Vec<_> = damage.into_iter().chain(keeper.take_damage()).collect();
        for damage in &damage {
            let weak = |id| self.model.records.get(&id).is_some_and(|record| record.weak);
            ensure!(damage.id.is_some_and(weak), "damage on a disk that has none: {damage:?}");
        }
        self.model.reopened(&found)?;
        keeper.sync().context("a sync on a good disk")?;
        self.model.synced();
        self.keeper = Some(keeper);
        Ok(())
    }

    fn faults(&mut self) -> Faults {
        let calls = self.disk.calls();
        let rate = |random: &mut SimRandom| if random.chance(250) { 20 } else { 0 };
        Faults {
            power_cut_at: self.random.chance(700).then(|| calls + 1 + self.random.below(120)),
            no_space: rate(&mut self.random),
            write_error: rate(&mut self.random),
            read_error: rate(&mut self.random),
        }
    }

    /// Between two lives: everything dies, or only one of the two processes.
    fn die(&mut self) -> Result<()> {
        self.disk.set_capacity(1 << 30);
        self.cut_in_life = self.disk.is_off();
        let power = self.cut_in_life || self.random.chance(400);
        let both = power || self.random.chance(300);
        if power {
            self.summary.power_cuts += 1;
            self.disk.restart();
        } else if both {
            self.disk.restart_process();
        } else {
            self.disk.set_faults(Faults::default());
        }
        if both {
            self.committer = None;
            self.sealed.clear();
            self.start_queue()?;
            self.start_intake()
        } else if self.random.chance(500) {
            self.start_queue()
        } else {
            self.sealed.clear();
            self.start_intake()
        }
    }

    fn life(&mut self, faults: Faults) -> Result<()> {
        self.disk.set_faults(faults);
        if self.random.chance(150) {
            self.disk.set_capacity(20_000 + self.random.below(60_000));
        }
        for _ in 0..10 + self.random.below(40) {
            if self.disk.is_off() {
                break;
            }
            self.step()?;
        }
        self.die()
    }

    /// With nothing live, at most the segments in use and intake's newest one are there.
    fn check_tidied(&self) -> Result<()> {
        let names = self.disk.names();
        let count = |folder: &str| names.iter().filter(|path| path.starts_with(folder)).count();
        ensure!(count("/spool/large") == 0, "large bodies stay: {names:?}");
        ensure!(count("/spool/intake") <= 1, "segments of intake's stay: {names:?}");
        ensure!(count("/spool/queue") <= 1, "segments of queue's stay: {names:?}");
        ensure!(count("/spool/journal") <= 3, "journal segments stay: {names:?}");
        Ok(())
    }

    fn end(mut self) -> Result<Summary> {
        // A last life without faults: everything is finished, and the disk is empty after it.
        self.disk.set_faults(Faults::default());
        self.sealed.clear();
        self.committer = None;
        self.start_queue()?;
        self.start_intake()?;
        for id in self.model.held_ids() {
            if let Some(keeper) = self.keeper.as_mut() {
                keeper.finish(id)?;
            }
            self.model.finish(id);
        }
        self.sync();
        for _ in 0..200 {
            self.tidy();
        }
        self.check_tidied()?;
        self.start_queue()?;
        self.summary.calls = self.disk.calls();
        let settled = self.model.records.values().filter(|record| record.debt == Debt::Settled);
        self.summary.finished = settled.count() as u64;
        Ok(self.summary)
    }
}

fn crc(body: &[u8]) -> u32 {
    spool::record::checksum(body)
}

fn write_large(
    committer: &Committer,
    id: MessageId,
    body: &[u8],
) -> Result<spool::LargeBody, spool::SpoolError> {
    let mut file = committer.large(id)?;
    let written = body.chunks(500).try_for_each(|part| file.write(part));
    match written.and_then(|()| file.make_durable()) {
        Ok(()) => Ok(file),
        Err(error) => {
            file.remove();
            Err(error)
        }
    }
}

fn read(keeper: &mut KeeperCore, id: MessageId) -> Result<(Envelope, Vec<u8>), String> {
    let located = keeper.locate(id).map_err(|error| error.to_string())?;
    let envelope = located.envelope().map_err(|error| error.to_string())?;
    match located.body().map_err(|error| error.to_string())? {
        Body::Memory(body) => Ok((envelope, body)),
        Body::File(_) => Err("the simulated disk has no descriptors".into()),
    }
}

/// Runs one seed: several lives, each ended by a power cut or a kill.
///
/// # Errors
/// The promise that was broken.
pub fn run(seed: u64) -> Result<Summary> {
    let mut run = Run::new(seed);
    run.start_queue()?;
    run.start_intake()?;
    for _ in 0..1 + run.random.below(4) {
        let faults = run.faults();
        run.life(faults)?;
    }
    run.end()
}

/// Runs one seed again and again, with the power cut at its first call to the disk, at its second,
/// and so on to its last.
///
/// # Errors
/// The promise that was broken, and the call.
pub fn run_every_cut(seed: u64) -> Result<Summary> {
    let mut summary = Summary::default();
    for call in 1.. {
        let mut run = Run::new(seed);
        run.start_queue()?;
        run.start_intake()?;
        let power_cut_at = Some(run.disk.calls() + call);
        let lived = run.life(Faults { power_cut_at, ..Faults::default() });
        lived.with_context(|| format!("power cut at call {call}"))?;
        let reached = run.cut_in_life;
        summary += run.end().with_context(|| format!("after a power cut at call {call}"))?;
        // The life was over before the cut.
        if !reached {
            break;
        }
    }
    Ok(summary)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Seeds that `make test` runs (in its optimised profile); any other number by `cargo run -- --seeds N`.
    const SEEDS: u64 = 10_000;

    #[test]
    fn nothing_acknowledged_is_lost_and_nothing_finished_comes_back() {
        let mut summary = Summary::default();
        for seed in 0..SEEDS {
            match run(seed) {
                Ok(one) => summary += one,
                Err(error) => panic!("seed {seed}: {error:#}"),
            }
        }
        assert!(summary.acknowledged > SEEDS * 10, "{summary:?}");
        assert!(summary.power_cuts > SEEDS, "{summary:?}");
        assert!(summary.failures > SEEDS, "{summary:?}");
    }

    #[test]
    fn a_power_cut_at_every_single_call_breaks_no_promise() {
        let mut summary = Summary::default();
        for seed in 0..20 {
            match run_every_cut(seed) {
                Ok(one) => summary += one,
                Err(error) => panic!("seed {seed}: {error:#}"),
            }
        }
        assert!(summary.power_cuts > 500, "{summary:?}");
    }

    #[test]
    fn the_same_seed_lives_the_same_lives() {
        let calls = |seed| run(seed).unwrap().calls;
        assert_eq!(calls(4711), calls(4711));
    }
}
