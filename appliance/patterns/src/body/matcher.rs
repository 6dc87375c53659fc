//! One specimen against all bodies: the pass, the walks, and the logical signatures.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use filetype::Family;
use regex::bytes::Regex;

use super::code::{Span, Walker, Way, Work};
use super::grams::Table;
use super::logical::{Range, Record as Logical, Special};
use super::offset::{Base, Offset};
use super::record::{ALWAYS, BODIES, CODE, LOGICAL, LOGICAL_INDEX, Owner, Record, TARGETS};
use super::segment::{Code, Room, room};
use super::target::Targets;
use super::{logic, normalise, target};
use crate::executables::{Layout, version_keys};
use crate::pack::{Pack, PackError, Part, u16_at, u32_at};
use crate::scanner::{Hits, Look, Matcher};
use crate::{expressions, limits};

/// Looks for body signatures.
pub(crate) struct BodyMatcher {
    store: Store,
    walker: Walker,
    regexes: HashMap<(u32, u8), Option<Regex>>,
}

/// What a pack holds of bodies.
struct Store {
    table: Table,
    records: Part,
    code: Part,
    logical_index: Part,
    logical: Part,
    always: Part,
    targets: u16,
}

impl Store {
    fn wants(&self, target: u8) -> bool {
        1_u16.checked_shl(target.into()).is_some_and(|bit| self.targets & bit != 0)
    }

    fn logical(&self, number: u32) -> Option<Logical<'_>> {
        let at = (number as usize).checked_mul(4)?;
        let index = self.logical_index.octets();
        let range = u32_at(index, at)? as usize..u32_at(index, at.checked_add(4)?)? as usize;
        Logical::read(self.logical.octets().get(range)?)
    }
}

impl BodyMatcher {
    /// Over the sections of a pack.
    ///
    /// # Errors
    /// None today: what is damaged matches nothing, and `Pack::verify` finds it.
    pub(crate) fn new(pack: &Pack) -> Result<Self, PackError> {
        let store = Store {
            table: Table::open(pack),
            records: pack.part(BODIES),
            code: pack.part(CODE),
            logical_index: pack.part(LOGICAL_INDEX),
            logical: pack.part(LOGICAL),
            always: pack.part(ALWAYS),
            targets: u16_at(pack.section(TARGETS), 0).unwrap_or(0),
        };
        Ok(BodyMatcher { store, walker: Walker::default(), regexes: HashMap::new() })
    }

    fn view(&mut self, view: View<'_>, hits: &mut Hits) {
        let octets = view.octets.len() as u64;
        let steps = octets.saturating_mul(limits::BODY_STEPS_PER_OCTET);
        let mut scan = Scan {
            store: &self.store,
            walker: &mut self.walker,
            work: Work::new(limits::BODY_STEPS.saturating_add(steps)),
            logical: BTreeMap::new(),
            groups: BTreeMap::new(),
            rooms: BTreeMap::new(),
            found: BTreeSet::new(),
            versions: None,
            view,
        };
        let store = &self.store;
        let view = scan.view;
        store.table.sweep(view.octets, |place, body| {
            scan.candidate(place, body, hits);
            !scan.work.is_over()
        });
        scan.decide(&mut self.regexes, hits);
        if scan.work.is_over() {
            hits.undecided(format!(
                "signatures needed more than {} steps in {octets} octets",
                limits::BODY_STEPS.saturating_add(steps)
            ));
        }
    }
}

impl Matcher for BodyMatcher {
    fn look(&mut self, look: &Look<'_>, hits: &mut Hits) {
        if self.store.table.is_empty() && self.store.always.octets().is_empty() {
            return;
        }
        let specimen = look.specimen;
        let targets = Targets::raw(specimen.types, specimen.octets);
        let view = View { octets: specimen.octets, targets, look };
        self.view(view, hits);
        for (kind, octets) in normalised(look, &self.store) {
            let targets = Targets::normalised(kind);
            self.view(View { octets: &octets, targets, look }, hits);
        }
    }
}

/// The normalised views of a specimen that some signature asks for.
fn normalised(look: &Look<'_>, store: &Store) -> Vec<(u8, Vec<u8>)> {
    let types = look.specimen.types;
    let octets = look.specimen.octets;
    let is_html = types.iter().any(|kind| kind.base().name() == "html" || kind.name() == "html");
    if is_html && store.wants(target::HTML) {
        let page = normalise::html(octets);
        return vec![(target::HTML, page.tags), (target::HTML, page.words)];
    }
    let is_text = types.has_family(Family::Text) || types.has_family(Family::Script);
    if is_text && !is_html && store.wants(target::TEXT) {
        let is_wide = types.iter().any(|kind| kind.name() == "text-utf16");
        let text = if is_wide {
            normalise::text(&normalise::narrow(octets))
        } else {
            normalise::text(octets.get(..limits::NORMALISED_OCTETS).unwrap_or(octets))
        };
        return vec![(target::TEXT, text)];
    }
    Vec::new()
}

/// Octets to look at, and as what.
#[derive(Clone, Copy)]
struct View<'v> {
    octets: &'v [u8],
    targets: Targets,
    look: &'v Look<'v>,
}

impl View<'_> {
    fn layout(&self) -> Option<&Layout> {
        self.look.layout()
    }

    fn places(&self, offset: Offset) -> Option<(usize, usize)> {
        // Only an offset of programs makes the layout be read.
        let layout = if offset.needs_executable() { self.layout() } else { None };
        offset.places(self.octets.len(), layout)
    }
}

/// What is known of one logical signature in one view.
struct State {
    counts: Vec<u32>,
    /// Where the last match of each subsignature began.
    last: Vec<usize>,
    /// Where matches began, for macros.
    places: Vec<(u8, usize)>,
    keeps_places: bool,
}

/// One view being scanned.
struct Scan<'s> {
    store: &'s Store,
    walker: &'s mut Walker,
    work: Work,
    /// None: its conditions do not hold for this view.
    logical: BTreeMap<u32, Option<State>>,
    groups: BTreeMap<u8, Vec<usize>>,
    rooms: BTreeMap<u32, Option<Room>>,
    found: BTreeSet<u32>,
    versions: Option<Vec<u64>>,
    view: View<'s>,
}

impl Scan<'_> {
    /// A body may stand with its anchor at a place.
    fn candidate(&mut self, place: usize, body: u32, hits: &mut Hits) {
        self.work.take(4);
        let Some(record) = Record::at(self.store.records.octets(), body) else { return };
        // What says nothing new is known before the walk; conditions are asked after it.
        let is_known = matches!(record.owner, Owner::Name(name) if self.found.contains(&name));
        if is_known || !self.view.targets.has(record.target) {
            return;
        }
        if let Some(start) = self.matches(&record, body, place) {
            self.matched(record.owner, start, hits);
        }
    }

    /// Where the body begins, if it stands with its anchor at a place.
    fn matches(&mut self, record: &Record, body: u32, place: usize) -> Option<usize> {
        let octets = self.view.octets;
        let code = Code::read(self.store.code.octets().get(record.code as usize..)?)?;
        let ends = self.walker.walk(code.behind, octets, place, Way::Forward, &mut self.work);
        let first_end = ends.first()?.0;
        let room = self.room(record, body, &code)?;
        if first_end > room.last_end {
            return None;
        }
        let places =
            if room.is_placed { (0, octets.len()) } else { self.view.places(record.offset)? };
        let starts = self.walker.walk(code.before, octets, place, Way::Backward, &mut self.work);
        let least = places.0.max(if room.is_placed { room.first_start } else { 0 });
        let fits = |span: &&Span| span.1 >= least && span.0 <= places.1;
        if record.offset.base == Base::Version && !room.is_placed {
            let starts = starts.to_vec();
            return self.version_start(&starts);
        }
        starts.iter().find(fits).map(|span| span.0.max(least))
    }

    fn version_start(&mut self, starts: &[Span]) -> Option<usize> {
        let view = self.view;
        let keys = self.versions.get_or_insert_with(|| {
            view.layout().map(|layout| version_keys(view.octets, layout)).unwrap_or_default()
        });
        let mut keys = keys.iter().filter_map(|key| usize::try_from(*key).ok());
        keys.find(|key| starts.iter().any(|(low, high)| (low..=high).contains(&key)))
    }

    /// The room that segments around a core leave for it, worked out once.
    fn room(&mut self, record: &Record, body: u32, code: &Code<'_>) -> Option<Room> {
        let octets = self.view.octets;
        if code.is_alone() {
            return Some(Room { first_start: 0, last_end: octets.len(), is_placed: false });
        }
        if let Some(known) = self.rooms.get(&body) {
            return *known;
        }
        let places = self.view.places(record.offset);
        let room =
            places.and_then(|places| room(code, octets, places, self.walker, &mut self.work));
        self.rooms.insert(body, room);
        room
    }

    fn matched(&mut self, owner: Owner, start: usize, hits: &mut Hits) {
        match owner {
            Owner::Name(name) => {
                self.found.insert(name);
                hits.hit(name, format!("its octets stand at {start}"));
            }
            Owner::Group(group) => {
                let places = self.groups.entry(group).or_default();
                if places.len() < limits::MACRO_PLACES {
                    places.push(start);
                }
            }
            Owner::Logical(number, sub) => {
                if let Some(state) = self.state(number) {
                    state.add(sub, start);
                }
            }
        }
    }

    /// The state of a logical signature; none when its conditions do not hold.
    fn state(&mut self, number: u32) -> Option<&mut State> {
        if !self.logical.contains_key(&number) {
            let state =
                self.store.logical(number).filter(|one| holds(one, &self.view)).map(|one| {
                    let count = usize::from(one.subsignatures);
                    let keeps_places = one.has_specials();
                    State {
                        counts: vec![0; count],
                        last: vec![0; count],
                        places: Vec::new(),
                        keeps_places,
                    }
                });
            self.logical.insert(number, state);
        }
        self.logical.get_mut(&number)?.as_mut()
    }

    /// Decides every logical signature of which something matched, and those that need no match.
    fn decide(&mut self, regexes: &mut Regexes, hits: &mut Hits) {
        let store = self.store;
        for number in store.always.octets().chunks_exact(4).filter_map(|four| u32_at(four, 0)) {
            self.state(number);
        }
        let states = std::mem::take(&mut self.logical);
        for (number, state) in states {
            let (Some(mut state), Some(logical)) = (state, store.logical(number)) else { continue };
            self.specials(number, &logical, &mut state, regexes);
            if logic::evaluate(logical.expression, &state.counts) == Some(true) {
                hits.hit(logical.name, state.evidence());
            }
        }
    }

    fn specials(
        &mut self,
        number: u32,
        logical: &Logical<'_>,
        state: &mut State,
        regexes: &mut Regexes,
    ) {
        let Some(specials) = logical.has_specials().then(|| logical.specials()).flatten() else {
            return;
        };
        let rank = |special: &Special| match special {
            Special::Macro { .. } => 0,
            Special::Compare(_) => 1,
            Special::Pcre(_) => 2,
        };
        for wanted in 0..=2 {
            for (sub, special) in specials.iter().filter(|(_, special)| rank(special) == wanted) {
                let count = self.special((number, *sub), special, state, regexes);
                if let Some(slot) = state.counts.get_mut(usize::from(*sub)) {
                    *slot = count;
                }
            }
        }
    }

    /// How often a special subsignature matches.
    fn special(
        &mut self,
        key: (u32, u8),
        special: &Special,
        state: &State,
        regexes: &mut Regexes,
    ) -> u32 {
        let octets = self.view.octets;
        match special {
            Special::Compare(compare) => {
                let trigger = usize::from(compare.trigger);
                let is_seen = state.counts.get(trigger).is_some_and(|count| *count > 0);
                let last = state.last.get(trigger).copied().unwrap_or_default();
                u32::from(is_seen && compare.holds(octets, last))
            }
            Special::Macro { group, least, most } => {
                let members = self.groups.get(group).map(Vec::as_slice).unwrap_or_default();
                let before = key.1.checked_sub(1);
                let starts = state.places.iter().filter(|place| Some(place.0) == before);
                let fits = |start: usize| {
                    members.iter().any(|member| {
                        let distance = member.checked_sub(start).map(|distance| distance as u64);
                        distance.is_some_and(|distance| (*least..=*most).contains(&distance))
                    })
                };
                u32::try_from(starts.filter(|place| fits(place.1)).count()).unwrap_or(u32::MAX)
            }
            Special::Pcre(pcre) => {
                if logic::evaluate(&pcre.trigger, &state.counts) != Some(true) {
                    return 0;
                }
                self.work.take(octets.len());
                if regexes.len() >= limits::EXPRESSIONS_BUILT {
                    regexes.clear();
                }
                let regex =
                    regexes.entry(key).or_insert_with(|| expressions::build(&pcre.pattern).ok());
                let view = self.view;
                regex
                    .as_ref()
                    .map_or(0, |regex| pcre.count(regex, octets, |offset| view.places(offset)))
            }
        }
    }
}

type Regexes = HashMap<(u32, u8), Option<Regex>>;

impl State {
    fn add(&mut self, sub: u8, start: usize) {
        let at = usize::from(sub);
        if let Some(count) = self.counts.get_mut(at) {
            *count = count.saturating_add(1);
        }
        if let Some(last) = self.last.get_mut(at) {
            *last = start;
        }
        if self.keeps_places && self.places.len() < limits::MACRO_PLACES {
            self.places.push((sub, start));
        }
    }

    fn evidence(&self) -> String {
        let seen = self.counts.iter().zip(&self.last).zip(0_u32..);
        let words: Vec<String> = seen
            .filter(|((count, _), _)| **count > 0)
            .take(8)
            .map(|((count, last), number)| format!("{number}: {count} times, last at {last}"))
            .collect();
        if words.is_empty() {
            "none of its parts stands there, as it asks".to_owned()
        } else {
            format!("its parts stand there ({})", words.join("; "))
        }
    }
}

/// Whether the conditions of a logical signature hold.
fn holds(logical: &Logical<'_>, view: &View<'_>) -> bool {
    let within = |range: Range, number: Option<u64>| {
        range == (0, u64::MAX) || number.is_some_and(|number| (range.0..=range.1).contains(&number))
    };
    if !view.targets.has(logical.target) || !within(logical.octets, Some(view.octets.len() as u64))
    {
        return false;
    }
    let needs_layout = logical.entry_point != (0, u64::MAX) || logical.sections != (0, u64::MAX);
    let layout = if needs_layout { view.layout() } else { None };
    within(logical.entry_point, layout.and_then(|layout| layout.entry_point))
        && within(logical.sections, layout.map(|layout| layout.sections.len() as u64))
        && target::is_inside(view.look.specimen, logical.container, logical.intermediates)
}
