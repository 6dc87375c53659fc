//! The ground in simulation: everything follows from a seed, and everything can fail.
//!
//! [`SimDisk`] keeps two versions of each file, what a process reads and what a power cut leaves.
//! It can be told to cut the power at the nth call, and to fail calls at random with `ENOSPC` or
//! `EIO`. Nothing here touches the machine's disk, clock or randomness.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Error, ErrorKind, IoSlice, Result};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mail::Timestamp;

use crate::{Clock, Disk, DiskFile, Entropy, Entry, Open, Space};

/// A disk writes a sector whole or not at all.
pub const SECTOR_OCTETS: usize = 512;

/// Numbers that follow from a seed (SplitMix64). Never for secrets.
#[derive(Debug, Clone)]
pub struct SimRandom(u64);

impl SimRandom {
    /// Starts from a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        SimRandom(seed)
    }

    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`; 0 when `bound` is 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.number().checked_rem(bound).unwrap_or(0)
    }

    /// True `per_mille` times in a thousand.
    pub fn chance(&mut self, per_mille: u32) -> bool {
        self.below(1000) < u64::from(per_mille)
    }
}

/// A clock that moves only when told to.
#[derive(Debug, Clone, Default)]
pub struct SimClock(Arc<Mutex<u64>>);

impl SimClock {
    /// A clock that stands at `start`.
    #[must_use]
    pub fn new(start: Timestamp) -> Self {
        SimClock(Arc::new(Mutex::new(start.0)))
    }

    /// Moves it on.
    pub fn advance(&self, milliseconds: u64) {
        let mut now = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *now = now.saturating_add(milliseconds);
    }
}

impl Clock for SimClock {
    fn now(&self) -> Timestamp {
        Timestamp(*self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Randomness that repeats.
#[derive(Debug)]
pub struct SimEntropy(Mutex<SimRandom>);

impl SimEntropy {
    /// Starts from a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        SimEntropy(Mutex::new(SimRandom::new(seed)))
    }
}

impl Entropy for SimEntropy {
    fn fill(&self, target: &mut [u8]) {
        let mut random = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for octet in target {
            *octet = random.number() as u8;
        }
    }
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, Default)]
pub struct Faults {
    /// The power goes at this call (counted by [`SimDisk::calls`]), in the midst of it.
    pub power_cut_at: Option<u64>,
    /// Per mille of the calls that take room and fail with `ENOSPC`.
    pub no_space: u32,
    /// Per mille of the writes, syncs and changes of names that fail with `EIO`.
    pub write_error: u32,
    /// Per mille of the reads that fail with `EIO`.
    pub read_error: u32,
}

/// A file: what is read now, and what a power cut leaves for certain.
#[derive(Debug, Default)]
struct Inode {
    now: Vec<u8>,
    durable: Vec<u8>,
    dirty: BTreeSet<usize>,
}

impl Inode {
    fn write(&mut self, offset: usize, octets: &[u8]) {
        let end = offset + octets.len();
        let from = offset.min(self.now.len());
        if self.now.len() < end {
            self.now.resize(end, 0);
        }
        if let Some(target) = self.now.get_mut(offset..end) {
            target.copy_from_slice(octets);
        }
        if !octets.is_empty() {
            self.dirty.extend(from / SECTOR_OCTETS..=(end - 1) / SECTOR_OCTETS);
        }
    }

    /// Carries one sector over to what is durable, as far as the durable size reaches.
    fn keep_sector(&mut self, sector: usize) {
        let start = sector * SECTOR_OCTETS;
        let end = (start + SECTOR_OCTETS).min(self.now.len()).min(self.durable.len());
        if let (Some(from), Some(to)) = (self.now.get(start..end), self.durable.get_mut(start..end))
        {
            to.copy_from_slice(from);
        }
    }

    /// A random part of what is not synced becomes durable; the rest counts as lost.
    fn tear(&mut self, random: &mut SimRandom) {
        let grown = self.now.len().saturating_sub(self.durable.len()) as u64;
        let kept = match random.below(3) {
            0 => 0,
            1 => grown,
            _ => random.below(grown + 1),
        };
        self.durable.resize(self.durable.len() + kept as usize, 0);
        // All, none, or a coin for each sector: the extremes are the common accidents.
        let share = match random.below(4) {
            0 => 0,
            1 => 1000,
            2 => 500,
            _ => 900,
        };
        for sector in std::mem::take(&mut self.dirty) {
            if random.chance(share) {
                self.keep_sector(sector);
            }
        }
    }

    fn sync(&mut self) {
        self.durable.resize(self.now.len(), 0);
        for sector in std::mem::take(&mut self.dirty) {
            self.keep_sector(sector);
        }
    }
}

/// A change of names that is not durable yet.
#[derive(Debug, Clone)]
enum NameChange {
    Link(PathBuf, u64),
    Rename(PathBuf, PathBuf, u64),
    Unlink(PathBuf, u64),
}

impl NameChange {
    fn folder(&self) -> Option<&Path> {
        match self {
            NameChange::Link(path, _)
            | NameChange::Rename(_, path, _)
            | NameChange::Unlink(path, _) => path.parent(),
        }
    }

    fn apply(&self, names: &mut BTreeMap<PathBuf, u64>) {
        match self {
            NameChange::Link(path, inode) => {
                names.insert(path.clone(), *inode);
            }
            NameChange::Rename(from, to, inode) => {
                if names.get(from) == Some(inode) {
                    names.remove(from);
                }
                names.insert(to.clone(), *inode);
            }
            NameChange::Unlink(path, inode) => {
                if names.get(path) == Some(inode) {
                    names.remove(path);
                }
            }
        }
    }
}

#[derive(Debug)]
struct State {
    random: SimRandom,
    inodes: BTreeMap<u64, Inode>,
    next_inode: u64,
    names: BTreeMap<PathBuf, u64>,
    durable_names: BTreeMap<PathBuf, u64>,
    changes: Vec<NameChange>,
    faults: Faults,
    calls: u64,
    off: bool,
    boots: u64,
    capacity: u64,
}

/// What a call does to the disk, for the choice of its fault.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Manner {
    Read,
    Takes,
    Changes,
}

fn io(number: nix::Error) -> Error {
    Error::from_raw_os_error(number as i32)
}

fn power_off() -> Error {
    Error::other("the simulated power is off")
}

impl State {
    /// Counts the call; an error when it must fail. The power may go off here: then the caller's
    /// deed is done or not by a coin, as `torn` says.
    fn enter(&mut self, manner: Manner) -> std::result::Result<(), Failure> {
        if self.off {
            return Err(Failure { error: power_off(), torn: false });
        }
        self.calls += 1;
        if self.faults.power_cut_at.is_some_and(|at| self.calls >= at) {
            self.off = true;
            return Err(Failure { error: power_off(), torn: self.random.chance(500) });
        }
        let faults = self.faults;
        let error = match manner {
            Manner::Read => self.random.chance(faults.read_error).then(|| io(nix::Error::EIO)),
            Manner::Takes if self.random.chance(faults.no_space) => Some(io(nix::Error::ENOSPC)),
            Manner::Takes | Manner::Changes => {
                self.random.chance(faults.write_error).then(|| io(nix::Error::EIO))
            }
        };
        match error {
            Some(error) => Err(Failure { error, torn: self.random.chance(500) }),
            None => Ok(()),
        }
    }

    fn change(&mut self, change: NameChange) {
        change.apply(&mut self.names);
        self.changes.push(change);
    }

    fn sync_names(&mut self, folder: &Path) {
        let changes = std::mem::take(&mut self.changes);
        let (synced, rest): (Vec<_>, Vec<_>) =
            changes.into_iter().partition(|change| change.folder() == Some(folder));
        for change in synced {
            change.apply(&mut self.durable_names);
        }
        self.changes = rest;
    }

    fn restart(&mut self) {
        for change in std::mem::take(&mut self.changes) {
            if self.random.chance(500) {
                change.apply(&mut self.durable_names);
            }
        }
        self.names = self.durable_names.clone();
        let named: BTreeSet<u64> = self.names.values().copied().collect();
        self.inodes.retain(|number, _| named.contains(number));
        for inode in self.inodes.values_mut() {
            inode.tear(&mut self.random);
            inode.now = inode.durable.clone();
        }
        self.off = false;
        self.faults = Faults::default();
        self.boots += 1;
    }

    fn used(&self) -> u64 {
        self.inodes.values().map(|inode| inode.now.len() as u64).sum()
    }
}

/// Why a call fails, and whether it did part of its work all the same.
struct Failure {
    error: Error,
    torn: bool,
}

/// A disk in memory that loses, tears and fails as told. Clones are the same disk.
#[derive(Debug, Clone)]
pub struct SimDisk(Arc<Mutex<State>>);

impl SimDisk {
    /// An empty disk of 1 GiB whose accidents follow from `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        SimDisk(Arc::new(Mutex::new(State {
            random: SimRandom::new(seed),
            inodes: BTreeMap::new(),
            next_inode: 1,
            names: BTreeMap::new(),
            durable_names: BTreeMap::new(),
            changes: Vec::new(),
            faults: Faults::default(),
            calls: 0,
            off: false,
            boots: 0,
            capacity: 1 << 30,
        })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on these things go wrong.
    pub fn set_faults(&self, faults: Faults) {
        self.state().faults = faults;
    }

    /// Sets the size of the disk, in octets; only [`Disk::space`] and writes beyond it see it.
    pub fn set_capacity(&self, octets: u64) {
        self.state().capacity = octets;
    }

    /// Calls so far.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.state().calls
    }

    /// True after the power cut, until [`SimDisk::restart`].
    #[must_use]
    pub fn is_off(&self) -> bool {
        self.state().off
    }

    /// Power cut (if none was yet) and start: what was not synced is lost, kept or torn; open files
    /// are dead; faults are off.
    pub fn restart(&self) {
        self.state().restart();
    }

    /// Kill of the process alone: open files are dead, but the machine stays up and nothing
    /// written is lost.
    pub fn restart_process(&self) {
        let mut state = self.state();
        state.off = false;
        state.faults = Faults::default();
        state.boots += 1;
    }

    /// Changes one octet of a file behind its owner's back, as a failing disk does.
    pub fn spoil(&self, path: &Path, offset: usize) {
        let mut state = self.state();
        let Some(number) = state.names.get(path).copied() else { return };
        let Some(inode) = state.inodes.get_mut(&number) else { return };
        for version in [&mut inode.now, &mut inode.durable] {
            if let Some(octet) = version.get_mut(offset) {
                *octet ^= 0x55;
            }
        }
    }

    /// The names on the disk, for a failure's report.
    #[must_use]
    pub fn names(&self) -> Vec<PathBuf> {
        self.state().names.keys().cloned().collect()
    }

    /// The content of a file as a process reads it.
    #[must_use]
    pub fn content(&self, path: &Path) -> Option<Vec<u8>> {
        let state = self.state();
        let number = state.names.get(path)?;
        state.inodes.get(number).map(|inode| inode.now.clone())
    }

    /// One change of names, with its accidents.
    fn rename_like(
        &self,
        manner: Manner,
        make: impl FnOnce(&State) -> Result<NameChange>,
    ) -> Result<()> {
        let mut state = self.state();
        match state.enter(manner) {
            Ok(()) => {
                let change = make(&state)?;
                state.change(change);
                Ok(())
            }
            Err(failure) => {
                if failure.torn
                    && let Ok(change) = make(&state)
                {
                    state.change(change);
                }
                Err(failure.error)
            }
        }
    }
}

fn inode_of(state: &State, path: &Path) -> Result<u64> {
    state.names.get(path).copied().ok_or_else(|| Error::from(ErrorKind::NotFound))
}

impl Disk for SimDisk {
    fn open(&self, path: &Path, how: Open) -> Result<Arc<dyn DiskFile>> {
        let mut state = self.state();
        let manner = if how == Open::New { Manner::Takes } else { Manner::Read };
        let entered = state.enter(manner);
        let make = |state: &mut State| match how {
            Open::New if state.names.contains_key(path) => Err(ErrorKind::AlreadyExists.into()),
            Open::New => {
                let number = state.next_inode;
                state.next_inode += 1;
                state.inodes.insert(number, Inode::default());
                state.change(NameChange::Link(path.to_owned(), number));
                Ok(number)
            }
            Open::Read | Open::Write => inode_of(state, path),
        };
        match entered {
            Ok(()) => {
                let inode = make(&mut state)?;
                Ok(Arc::new(SimFile {
                    disk: self.clone(),
                    inode,
                    boot: state.boots,
                    writable: how != Open::Read,
                }))
            }
            Err(failure) => {
                if failure.torn && how == Open::New {
                    make(&mut state).ok();
                }
                Err(failure.error)
            }
        }
    }

    fn make_folder(&self, _folder: &Path) -> Result<()> {
        self.state().enter(Manner::Takes).map_err(|failure| failure.error)
    }

    fn list(&self, folder: &Path) -> Result<Vec<Entry>> {
        let mut state = self.state();
        state.enter(Manner::Read).map_err(|failure| failure.error)?;
        let mut entries = Vec::new();
        for (path, number) in &state.names {
            if path.parent() != Some(folder) {
                continue;
            }
            if let Some(name) = path.file_name().and_then(|name| name.to_str()) {
                let size = state.inodes.get(number).map_or(0, |inode| inode.now.len() as u64);
                entries.push(Entry { name: name.to_owned(), size });
            }
        }
        Ok(entries)
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<()> {
        self.rename_like(Manner::Takes, |state| {
            Ok(NameChange::Rename(from.to_owned(), to.to_owned(), inode_of(state, from)?))
        })
    }

    fn remove(&self, path: &Path) -> Result<()> {
        self.rename_like(Manner::Changes, |state| {
            Ok(NameChange::Unlink(path.to_owned(), inode_of(state, path)?))
        })
    }

    fn sync_folder(&self, folder: &Path) -> Result<()> {
        let mut state = self.state();
        match state.enter(Manner::Changes) {
            Ok(()) => {
                state.sync_names(folder);
                Ok(())
            }
            Err(failure) => {
                if failure.torn {
                    state.sync_names(folder);
                }
                Err(failure.error)
            }
        }
    }

    fn space(&self, _folder: &Path) -> Result<Space> {
        let mut state = self.state();
        state.enter(Manner::Read).map_err(|failure| failure.error)?;
        let free = state.capacity.saturating_sub(state.used());
        Ok(Space { free, total: state.capacity })
    }
}

struct SimFile {
    disk: SimDisk,
    inode: u64,
    boot: u64,
    writable: bool,
}

impl SimFile {
    fn with<T>(
        &self,
        manner: Manner,
        whole: impl FnOnce(&mut Inode) -> Result<T>,
        torn: impl FnOnce(&mut Inode, &mut SimRandom),
    ) -> Result<T> {
        let mut guard = self.disk.state();
        let state = &mut *guard;
        if state.boots != self.boot {
            return Err(power_off());
        }
        let entered = state.enter(manner);
        let inode = state.inodes.entry(self.inode).or_default();
        match entered {
            Ok(()) => whole(inode),
            Err(failure) => {
                if failure.torn {
                    torn(inode, &mut state.random);
                }
                Err(failure.error)
            }
        }
    }
}

impl DiskFile for SimFile {
    fn write_at(&self, offset: u64, parts: &[IoSlice<'_>]) -> Result<()> {
        if !self.writable {
            return Err(ErrorKind::PermissionDenied.into());
        }
        let octets: Vec<u8> = parts.iter().flat_map(|part| part.iter().copied()).collect();
        let offset = offset as usize;
        let full = {
            let state = self.disk.state();
            let now = state.inodes.get(&self.inode).map_or(0, |inode| inode.now.len());
            let grows = (offset + octets.len()).saturating_sub(now) as u64;
            state.used() + grows > state.capacity
        };
        if full {
            return Err(io(nix::Error::ENOSPC));
        }
        self.with(
            Manner::Takes,
            |inode| {
                inode.write(offset, &octets);
                Ok(())
            },
            |inode, random| {
                let part = random.below(octets.len() as u64 + 1) as usize;
                inode.write(offset, octets.get(..part).unwrap_or_default());
            },
        )
    }

    fn read_at(&self, offset: u64, target: &mut [u8]) -> Result<usize> {
        let offset = offset as usize;
        self.with(
            Manner::Read,
            |inode| {
                let rest = inode.now.get(offset..).unwrap_or_default();
                let count = rest.len().min(target.len());
                if let (Some(to), Some(from)) = (target.get_mut(..count), rest.get(..count)) {
                    to.copy_from_slice(from);
                }
                Ok(count)
            },
            |_, _| {},
        )
    }

    fn sync_data(&self) -> Result<()> {
        self.with(
            Manner::Changes,
            |inode| {
                inode.sync();
                Ok(())
            },
            // The kernel marks pages clean after a failed write-back: a later sync returns success
            // and the octets are not on the disk. This is what makes a retry worthless.
            |inode, random| inode.tear(random),
        )
    }

    fn size(&self) -> Result<u64> {
        self.with(Manner::Read, |inode| Ok(inode.now.len() as u64), |_, _| {})
    }

    fn preallocate(&self, size: u64) -> Result<()> {
        self.with(
            Manner::Takes,
            |inode| {
                let now = inode.now.len();
                let zeros = vec![0; (size as usize).saturating_sub(now)];
                inode.write(now, &zeros);
                Ok(())
            },
            |_, _| {},
        )
    }

    fn descriptor(&self) -> Result<OwnedFd> {
        Err(ErrorKind::Unsupported.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(file: &Arc<dyn DiskFile>, offset: u64, octets: &[u8]) -> Result<()> {
        file.write_at(offset, &[IoSlice::new(octets)])
    }

    fn path(name: &str) -> PathBuf {
        Path::new("/spool").join(name)
    }

    #[test]
    fn synced_octets_under_a_synced_name_survive_every_power_cut() {
        for seed in 0..200 {
            let disk = SimDisk::new(seed);
            let file = disk.open(&path("a"), Open::New).unwrap();
            write(&file, 0, &[1; 2000]).unwrap();
            file.sync_data().unwrap();
            disk.sync_folder(Path::new("/spool")).unwrap();
            write(&file, 1990, &[2; 1000]).unwrap();
            disk.restart();
            let left = disk.content(&path("a")).unwrap();
            assert_eq!(left[..1990], [1; 1990]);
        }
    }

    #[test]
    fn unsynced_octets_are_sometimes_kept_sometimes_lost_and_sometimes_torn() {
        let (mut kept, mut lost, mut torn) = (0, 0, 0);
        for seed in 0..400 {
            let disk = SimDisk::new(seed);
            let file = disk.open(&path("a"), Open::New).unwrap();
            write(&file, 0, &[0; 4096]).unwrap();
            file.sync_data().unwrap();
            disk.sync_folder(Path::new("/spool")).unwrap();
            write(&file, 0, &[1; 4096]).unwrap();
            disk.restart();
            let left = disk.content(&path("a")).unwrap();
            let ones = left.iter().filter(|octet| **octet == 1).count();
            assert_eq!(ones % SECTOR_OCTETS, 0);
            match ones {
                4096 => kept += 1,
                0 => lost += 1,
                _ => torn += 1,
            }
        }
        assert!(kept > 20 && lost > 20 && torn > 20, "{kept} {lost} {torn}");
    }

    #[test]
    fn an_unsynced_name_may_be_gone_and_an_unsynced_removal_undone() {
        let (mut there, mut gone, mut back) = (0, 0, 0);
        for seed in 0..200 {
            let disk = SimDisk::new(seed);
            disk.open(&path("old"), Open::New).unwrap();
            disk.sync_folder(Path::new("/spool")).unwrap();
            disk.open(&path("new"), Open::New).unwrap();
            disk.remove(&path("old")).unwrap();
            disk.restart();
            match disk.content(&path("new")) {
                Some(_) => there += 1,
                None => gone += 1,
            }
            back += i32::from(disk.content(&path("old")).is_some());
        }
        assert!(there > 20 && gone > 20 && back > 20, "{there} {gone} {back}");
    }

    #[test]
    fn a_sync_after_a_failed_one_does_not_bring_the_octets_back() {
        let lost = (0..400).any(|seed| {
            let disk = SimDisk::new(seed);
            let file = disk.open(&path("a"), Open::New).unwrap();
            write(&file, 0, &[0; 512]).unwrap();
            file.sync_data().unwrap();
            disk.sync_folder(Path::new("/spool")).unwrap();
            write(&file, 0, &[7; 512]).unwrap();
            disk.set_faults(Faults { write_error: 1000, ..Faults::default() });
            file.sync_data().unwrap_err();
            disk.set_faults(Faults::default());
            file.sync_data().unwrap();
            disk.restart();
            disk.content(&path("a")).unwrap()[0] == 0
        });
        assert!(lost);
    }

    #[test]
    fn the_power_goes_at_the_call_asked_for_and_kills_open_files() {
        let disk = SimDisk::new(1);
        let file = disk.open(&path("a"), Open::New).unwrap();
        let at = disk.calls() + 2;
        disk.set_faults(Faults { power_cut_at: Some(at), ..Faults::default() });
        write(&file, 0, b"x").unwrap();
        assert!(!disk.is_off());
        write(&file, 1, b"y").unwrap_err();
        assert!(disk.is_off());
        disk.list(Path::new("/spool")).unwrap_err();
        disk.restart();
        file.sync_data().unwrap_err();
        disk.list(Path::new("/spool")).unwrap();
    }

    #[test]
    fn a_kill_of_the_process_loses_nothing_written() {
        let disk = SimDisk::new(1);
        let file = disk.open(&path("a"), Open::New).unwrap();
        write(&file, 0, b"written").unwrap();
        disk.restart_process();
        assert_eq!(disk.content(&path("a")).unwrap(), b"written");
        write(&file, 0, b"dead").unwrap_err();
    }

    #[test]
    fn a_full_disk_says_so() {
        let disk = SimDisk::new(1);
        disk.set_capacity(1000);
        let file = disk.open(&path("a"), Open::New).unwrap();
        write(&file, 0, &[0; 900]).unwrap();
        assert_eq!(disk.space(Path::new("/spool")).unwrap(), Space { free: 100, total: 1000 });
        let error = write(&file, 900, &[0; 200]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::StorageFull);
        assert_eq!(file.size().unwrap(), 900);
    }

    #[test]
    fn the_same_seed_gives_the_same_accidents() {
        let run = || {
            let disk = SimDisk::new(99);
            let file = disk.open(&path("a"), Open::New).unwrap();
            write(&file, 0, &[1; 5000]).unwrap();
            disk.restart();
            (disk.names(), disk.content(&path("a")))
        };
        assert_eq!(run(), run());
        let (one, two) = (SimEntropy::new(5), SimEntropy::new(5));
        assert_eq!(one.number(), two.number());
        let clock = SimClock::new(Timestamp(5));
        clock.advance(10);
        assert_eq!(clock.now(), Timestamp(15));
    }
}
