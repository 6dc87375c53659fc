//! Which outfit (pattern pack and scan settings) the cells work with, and how they change to a new
//! one: between two messages, one cell first, and back to the old one when that fails.
//!
//! Mail goes only to cells with an outfit that a cell has taken over before: while a new one is on
//! trial, the other cells go on with the old one. Nothing here looks into a pack. Start with
//! [`Core::dress_cells`].

use std::os::fd::OwnedFd;

use ipc::contracts::{LearnedTable, Outfit, QueueToKeeper};
use serde_json::{Value, json};

use crate::core::{Core, duplicate};
use crate::limits;
use crate::pool::CellId;

/// An outfit with its pack.
pub(crate) struct Garment {
    /// Under a number of queue's own, since keepers count from 1 each.
    outfit: Outfit,
    pack: Option<OwnedFd>,
    /// The connection to the keeper that made it, and the number it gave.
    keeper: u64,
    keepers_number: u64,
    /// Cells that died while they tried it.
    strikes: u8,
    /// It is the one that was worn with another table of what was taught: no keeper made it, and
    /// only the table can be to blame.
    is_own: bool,
}

impl Garment {
    fn table(&self) -> &[u8] {
        self.outfit.learned.as_ref().map_or(&[], |learned| &learned.octets)
    }
}

/// What followed from a cell's word on an outfit, or from its silence.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// The trial went well: everybody takes it over.
    Proven,
    /// It is not used; why.
    Refused(String),
    /// No trial ended by it.
    NoTrial,
    /// The trial is made again.
    Again,
}

/// The outfits: the newest, the one on trial, and the one that is proven.
#[derive(Default)]
pub(crate) struct Wardrobe {
    offered: Option<Garment>,
    trial: Option<Garment>,
    worn: Option<Garment>,
    made: u64,
    swaps: u64,
    refusals: u64,
    problem: Option<String>,
    /// The newest table of what was taught.
    table: LearnedTable,
    /// It may be another than the one that is worn.
    table_waits: bool,
    table_problem: Option<String>,
}

impl Wardrobe {
    /// The keeper has made a new one.
    pub(crate) fn offer(&mut self, keeper: u64, mut outfit: Outfit, pack: Option<OwnedFd>) {
        self.made += 1;
        let keepers_number = std::mem::replace(&mut outfit.number, self.made);
        self.problem.clone_from(&outfit.problem);
        // With a table that is proven: a bad one must not stand in the way of a new pack.
        outfit.learned = self.worn.as_ref().and_then(|worn| worn.outfit.learned.clone());
        self.offered =
            Some(Garment { outfit, pack, keeper, keepers_number, strikes: 0, is_own: false });
    }

    /// There is a new table of what was taught. It goes the way of every outfit: one cell first.
    pub(crate) fn learn(&mut self, table: LearnedTable) {
        self.table = table;
        self.table_waits = true;
        self.table_problem = None;
    }

    /// Makes an outfit with the newest table, once nothing else is under way.
    fn add_table(&mut self) {
        let is_busy = self.offered.is_some() || self.trial.is_some();
        let Some(worn) = self.worn.as_ref().filter(|_| self.table_waits && !is_busy) else {
            return;
        };
        if worn.table() == self.table.octets {
            self.table_waits = false;
            return;
        }
        // Without a descriptor to spare, the next batch tries again.
        let Ok(pack) = worn.pack.as_ref().map(duplicate).transpose() else { return };
        self.made += 1;
        let learned = Some(self.table.clone()).filter(|table| !table.octets.is_empty());
        let outfit = Outfit { number: self.made, learned, ..worn.outfit.clone() };
        let (keeper, keepers_number) = (worn.keeper, worn.keepers_number);
        self.offered =
            Some(Garment { outfit, pack, keeper, keepers_number, strikes: 0, is_own: true });
    }

    /// The version of what was taught that all cells which are given mail work with.
    pub(crate) fn table_in_use(&self) -> Option<u64> {
        let worn = self.worn.as_ref()?;
        if worn.table() == self.table.octets {
            return Some(self.table.version);
        }
        Some(worn.outfit.learned.as_ref().map_or(0, |learned| learned.version))
    }

    /// Why the newest table is not used, for people.
    pub(crate) fn table_problem(&self) -> Option<&str> {
        self.table_problem.as_deref()
    }

    /// The number of the outfit without which no cell is given mail. `None` before the first offer.
    pub(crate) fn required(&self) -> Option<u64> {
        let garment = self.worn.as_ref().or(self.trial.as_ref()).or(self.offered.as_ref())?;
        Some(garment.outfit.number)
    }

    /// A cell has taken the outfit over, or says why it could not.
    pub(crate) fn answered(&mut self, number: u64, refused: Option<String>) -> Fate {
        let Some(garment) = self.end_trial(number) else { return Fate::NoTrial };
        match refused {
            Some(why) => self.refuse(&garment, why),
            None => {
                self.swaps += 1;
                self.worn = Some(garment);
                self.table_waits = true;
                Fate::Proven
            }
        }
    }

    /// A cell was lost while it took the outfit over. It may have been chance, so that it takes
    /// several to blame the outfit.
    pub(crate) fn lost(&mut self, number: u64, because: &str) -> Fate {
        let Some(mut garment) = self.end_trial(number) else { return Fate::NoTrial };
        garment.strikes += 1;
        if garment.strikes >= limits::OUTFIT_STRIKES {
            let why = format!("{} workers ended on it, the last one: {because}", garment.strikes);
            return self.refuse(&garment, why);
        }
        // A newer offer takes its place.
        self.offered.get_or_insert(garment);
        Fate::Again
    }

    fn end_trial(&mut self, number: u64) -> Option<Garment> {
        self.trial.take_if(|garment| garment.outfit.number == number)
    }

    fn refuse(&mut self, garment: &Garment, why: String) -> Fate {
        self.refusals += 1;
        if garment.is_own {
            let worn = self.worn.as_ref().and_then(|worn| worn.outfit.learned.clone());
            self.table = worn.unwrap_or_default();
            self.table_problem = Some(format!(
                "the workers cannot use what was taught last: {why}. They go on with what was \
                 taught before; `gatepost learn --undo` takes lessons back"
            ));
            return Fate::Refused(why);
        }
        let what = garment.outfit.pack.as_ref().map_or("settings", |pack| &pack.version);
        self.problem = Some(format!("the workers cannot use {what}: {why}"));
        Fate::Refused(why)
    }

    /// What is wrong with the newest pack or settings, for people.
    pub(crate) fn problem(&self) -> Option<&str> {
        self.problem.as_deref()
    }

    /// Whether cells look for what is built in only.
    pub(crate) fn is_bare(&self) -> bool {
        self.worn.as_ref().is_none_or(|garment| garment.outfit.pack.is_none())
    }

    /// For figures. `now` in milliseconds since 1970.
    pub(crate) fn figures(&self, now: u64) -> Value {
        let pack = self.worn.as_ref().and_then(|garment| garment.outfit.pack.as_ref());
        json!({
            "outfit_swaps": self.swaps,
            "outfits_refused": self.refusals,
            "pack_version": pack.map(|pack| pack.version.clone()),
            "pack_in_use": u64::from(pack.is_some()),
            "pack_signatures": pack.map_or(0, |pack| pack.signatures),
            "pack_octets": pack.map_or(0, |pack| pack.octets),
            "pack_age_seconds": pack.map_or(0, |pack| now.saturating_sub(pack.made.0) / 1000),
        })
    }
}

impl Core {
    /// The keeper says what the cells are to work with from now on.
    pub(crate) fn outfit_offered(
        &mut self,
        keeper: u64,
        outfit: Outfit,
        descriptors: Vec<OwnedFd>,
    ) {
        let pack = descriptors.into_iter().next();
        if pack.is_some() != outfit.pack.is_some() {
            return tracing::error!("an outfit came without its pack; the old one stays");
        }
        self.wardrobe.offer(keeper, outfit, pack);
        self.pool.require(self.wardrobe.required());
    }

    /// There is a new table of what was taught, or none can be had.
    pub(crate) fn learned(&mut self, table: Result<LearnedTable, String>) {
        match table {
            Ok(table) => {
                self.learning_problem = None;
                self.wardrobe.learn(table);
            }
            Err(because) => self.learning_problem = Some(because),
        }
    }

    /// Hands outfits to free cells that have another one: the newest to one of them on trial, the
    /// proven one to the others.
    pub(crate) fn dress_cells(&mut self) {
        self.wardrobe.add_table();
        self.begin_trial();
        let Some(number) = self.wardrobe.worn.as_ref().map(|garment| garment.outfit.number) else {
            return;
        };
        for cell in self.pool.without(number) {
            let now = self.now();
            let Some(garment) = &self.wardrobe.worn else { return };
            let Ok(pack) = garment.pack.as_ref().map(duplicate).transpose() else { return };
            if !self.pool.fit(cell, &garment.outfit, pack, now) {
                self.lose_cell(cell, "it could not be reached");
            }
        }
    }

    fn begin_trial(&mut self) {
        if self.wardrobe.trial.is_some() {
            return;
        }
        let Some(garment) = self.wardrobe.offered.take() else { return };
        let first = self.pool.without(garment.outfit.number).first().copied();
        let pack = garment.pack.as_ref().map(duplicate).transpose();
        // Without a free cell, or without a descriptor to spare, the next batch tries again.
        let (Some(cell), Ok(pack)) = (first, pack) else {
            self.wardrobe.offered = Some(garment);
            return;
        };
        let (outfit, now) = (garment.outfit.clone(), self.now());
        self.wardrobe.trial = Some(garment);
        if !self.pool.fit(cell, &outfit, pack, now) {
            self.lose_cell(cell, "it could not be reached");
        }
    }

    /// A cell has answered to an outfit.
    pub(crate) fn cell_fitted(&mut self, cell: CellId, number: u64, refused: Option<String>) {
        if !self.pool.fitted(cell, number, refused.is_none()) {
            return self.kill(cell, "it answered for an outfit that it was not handed");
        }
        if let Some(why) = &refused {
            tracing::warn!(?cell, number, because = %crate::delivery::cut(why), "a cell refused its outfit");
        }
        let of = self.made_by(number);
        let fate = self.wardrobe.answered(number, refused);
        self.trial_ended(of, fate);
    }

    /// A cell is gone that was taking over an outfit.
    pub(crate) fn fitting_lost(&mut self, number: u64, because: &str) {
        let of = self.made_by(number);
        let fate = self.wardrobe.lost(number, because);
        self.trial_ended(of, fate);
    }

    /// The keeper that made the outfit on trial, and its number for it.
    fn made_by(&self, number: u64) -> Option<(u64, u64)> {
        let garment = self.wardrobe.trial.as_ref()?;
        let is_meant = garment.outfit.number == number && !garment.is_own;
        is_meant.then_some((garment.keeper, garment.keepers_number))
    }

    fn trial_ended(&mut self, made_by: Option<(u64, u64)>, fate: Fate) {
        let refused = match fate {
            Fate::NoTrial | Fate::Again => return,
            Fate::Proven => None,
            Fate::Refused(why) => {
                let why = crate::delivery::cut(&why);
                tracing::error!(
                    because = %why,
                    "the newest pattern pack, scan settings or lessons cannot be used: the workers \
                     go on with what they had. `gatepost health` says which and what to do"
                );
                Some(why)
            }
        };
        self.pool.require(self.wardrobe.required());
        if let (Some((keeper, number)), Some((current, outlet))) = (made_by, &self.cells_keeper)
            && *current == keeper
        {
            let _ = outlet.send(&QueueToKeeper::Outfitted { number, refused }, Vec::new());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offer(wardrobe: &mut Wardrobe) -> u64 {
        wardrobe.offer(1, Outfit::default(), None);
        wardrobe.made
    }

    fn try_on(wardrobe: &mut Wardrobe) {
        wardrobe.trial = wardrobe.offered.take();
    }

    #[test]
    fn an_outfit_is_required_of_all_once_one_has_taken_it() {
        let mut wardrobe = Wardrobe::default();
        assert_eq!(wardrobe.required(), None);
        let first = offer(&mut wardrobe);
        try_on(&mut wardrobe);
        assert_eq!(wardrobe.required(), Some(first), "nobody has it, so nobody gets mail");
        assert_eq!(wardrobe.answered(first, None), Fate::Proven);
        let second = offer(&mut wardrobe);
        try_on(&mut wardrobe);
        assert_eq!(wardrobe.required(), Some(first), "the others go on");
        assert_eq!(wardrobe.answered(second, None), Fate::Proven);
        assert_eq!(wardrobe.required(), Some(second));
        assert_eq!(wardrobe.answered(second, None), Fate::NoTrial);
    }

    #[test]
    fn a_refused_outfit_leaves_the_one_before() {
        let mut wardrobe = Wardrobe::default();
        let first = offer(&mut wardrobe);
        try_on(&mut wardrobe);
        wardrobe.answered(first, None);
        let second = offer(&mut wardrobe);
        try_on(&mut wardrobe);
        let fate = wardrobe.answered(second, Some("damaged".to_owned()));
        assert_eq!(fate, Fate::Refused("damaged".to_owned()));
        assert_eq!(wardrobe.required(), Some(first));
        assert!(wardrobe.problem().unwrap().contains("damaged"));
    }

    fn table(version: u64, octets: &[u8]) -> LearnedTable {
        LearnedTable { version, octets: octets.to_vec() }
    }

    /// A wardrobe whose first outfit is worn.
    fn worn() -> Wardrobe {
        let mut wardrobe = Wardrobe::default();
        let first = offer(&mut wardrobe);
        try_on(&mut wardrobe);
        wardrobe.answered(first, None);
        wardrobe
    }

    #[test]
    fn a_new_table_is_tried_by_one_cell_and_then_worn() {
        let mut wardrobe = worn();
        wardrobe.learn(table(7, b"seven"));
        wardrobe.add_table();
        assert_eq!(wardrobe.table_in_use(), Some(0));
        try_on(&mut wardrobe);
        assert_eq!(wardrobe.answered(wardrobe.made, None), Fate::Proven);
        assert_eq!(wardrobe.table_in_use(), Some(7));
        wardrobe.add_table();
        assert!(wardrobe.offered.is_none(), "it is worn already");
        wardrobe.learn(table(8, b"seven"));
        wardrobe.add_table();
        assert!(wardrobe.offered.is_none(), "nothing but its number is new");
        assert_eq!(wardrobe.table_in_use(), Some(8));
    }

    #[test]
    fn a_new_pack_comes_with_the_proven_table_and_the_newest_one_follows() {
        let mut wardrobe = Wardrobe::default();
        wardrobe.learn(table(1, b"one"));
        wardrobe.add_table();
        assert!(wardrobe.offered.is_none(), "nothing is worn that it could be added to");
        let first = offer(&mut wardrobe);
        assert_eq!(wardrobe.offered.as_ref().unwrap().table(), b"");
        try_on(&mut wardrobe);
        wardrobe.answered(first, None);
        wardrobe.add_table();
        assert_eq!(wardrobe.offered.as_ref().unwrap().table(), b"one");
        // A pack overtakes it, and it comes back after that.
        let second = offer(&mut wardrobe);
        try_on(&mut wardrobe);
        wardrobe.answered(second, None);
        assert_eq!(wardrobe.table_in_use(), Some(0));
        wardrobe.add_table();
        assert_eq!(wardrobe.offered.as_ref().unwrap().table(), b"one");
    }

    #[test]
    fn a_refused_table_is_dropped_and_no_pack_is_blamed_for_it() {
        let mut wardrobe = worn();
        wardrobe.learn(table(1, b"good"));
        wardrobe.add_table();
        try_on(&mut wardrobe);
        wardrobe.answered(wardrobe.made, None);
        wardrobe.learn(table(2, b"bad"));
        wardrobe.add_table();
        try_on(&mut wardrobe);
        let fate = wardrobe.answered(wardrobe.made, Some("damaged".to_owned()));
        assert!(matches!(fate, Fate::Refused(_)) && wardrobe.problem().is_none());
        assert!(wardrobe.table_problem().unwrap().contains("learn --undo"));
        wardrobe.add_table();
        assert!(wardrobe.offered.is_none());
        assert_eq!(wardrobe.table_in_use(), Some(1));
    }

    #[test]
    fn one_lost_cell_does_not_blame_the_outfit_and_several_do() {
        let mut wardrobe = Wardrobe::default();
        let number = offer(&mut wardrobe);
        for _ in 1..limits::OUTFIT_STRIKES {
            try_on(&mut wardrobe);
            assert_eq!(wardrobe.lost(number, "killed"), Fate::Again);
        }
        try_on(&mut wardrobe);
        assert!(matches!(wardrobe.lost(number, "killed"), Fate::Refused(_)));
        assert_eq!(wardrobe.lost(number, "killed"), Fate::NoTrial);
    }

    #[test]
    fn a_newer_offer_replaces_one_whose_cell_was_lost() {
        let mut wardrobe = Wardrobe::default();
        let first = offer(&mut wardrobe);
        try_on(&mut wardrobe);
        let second = offer(&mut wardrobe);
        assert_eq!(wardrobe.lost(first, "killed"), Fate::Again);
        try_on(&mut wardrobe);
        assert_eq!(wardrobe.answered(second, None), Fate::Proven);
    }
}
