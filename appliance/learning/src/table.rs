//! From lessons to the table that cells ask.
//!
//! What one can teach is bounded, so that a few wrong lessons, by mistake or by malice, change
//! little: a message counts once however often it is taught, labels that contradict each other
//! cancel, a feature has a say only when it was seen in several messages from several senders or
//! taught by several people, and no feature weighs more than [`MOST`]. A tenant whose lessons are
//! nearly all of one kind has no features at all, only sketches.

use std::collections::{BTreeMap, HashMap};

use mail::Timestamp;
use spam::{Learned, Local};

use crate::{Lesson, limits};

/// The most log-odds of one feature.
const MOST: f64 = 2.0;
/// Lessons that a feature is thought to have had of each kind before any was given: what was seen
/// a few times says little.
const BEFORE: f64 = 1.0;
/// The least log-odds that are worth a place in the table.
const LEAST: f64 = 0.3;
/// Steps of a weight in the table for each unit of log-odds.
const STEPS: f64 = spam::osb::STEPS as f64;
/// Milliseconds of a day.
const DAY: f64 = 86_400_000.0;
/// Octets that a feature takes in the table.
const FEATURE_OCTETS: usize = 12;

/// The table of these lessons.
pub(crate) fn of<'l>(
    lessons: impl Iterator<Item = &'l Lesson>,
    version: u64,
    now: Timestamp,
) -> Local {
    let mut tenants: BTreeMap<&str, Vec<&Lesson>> = BTreeMap::new();
    for lesson in lessons {
        tenants.entry(lesson.tenant.as_str()).or_default().push(lesson);
    }
    let mut tenants: Vec<(&str, Vec<&Lesson>)> = tenants.into_iter().collect();
    tenants.sort_by_key(|(_, lessons)| std::cmp::Reverse(lessons.len()));
    tenants.truncate(limits::TENANTS);
    // A quarter is for names, and of the rest one half for features, one for sketches.
    let room = Local::OCTETS * 3 / 8 / FEATURE_OCTETS / tenants.len().max(1);
    let room = room.min(Local::FEATURES);
    let made = |(tenant, lessons): (&str, Vec<&Lesson>)| {
        let messages = messages(&lessons, now);
        let features = features(&messages, room);
        let sketches = sketches(&messages, tenants_room(room));
        let (features, weights) = features.into_iter().unzip();
        (tenant.to_owned(), Learned { features, weights, sketches })
    };
    Local { version, tenants: tenants.into_iter().map(made).collect() }
}

/// Sketches of a tenant: they take as much room as its features.
fn tenants_room(features: usize) -> usize {
    (features * FEATURE_OCTETS / Local::SKETCH_OCTETS).min(spam::shingle::CAMPAIGNS)
}

/// One message with all that was said of it.
struct Message<'l> {
    /// The newest lesson of it.
    lesson: &'l Lesson,
    /// Lessons against it less those for it.
    balance: i64,
    /// What its lesson still weighs.
    weight: f64,
    /// Hashes of the people who taught it, two at most.
    people: Vec<u64>,
}

/// The messages of lessons, each once, without those of which as many say one thing as the other.
fn messages<'l>(lessons: &[&'l Lesson], now: Timestamp) -> Vec<Message<'l>> {
    let mut all: BTreeMap<u64, Message<'l>> = BTreeMap::new();
    let mut labels: BTreeMap<(u64, u64), bool> = BTreeMap::new();
    for lesson in lessons {
        let fingerprint = fingerprint(lesson);
        let person = hash(lesson.who.as_bytes());
        let is_against = lesson.label.is_against();
        // Of one person the last word counts.
        let before = labels.insert((fingerprint, person), is_against);
        let sign = |is_against: bool| if is_against { 1 } else { -1 };
        let change = sign(is_against) - before.map_or(0, sign);
        let message = all.entry(fingerprint).or_insert_with(|| Message {
            lesson,
            balance: 0,
            weight: 0.0,
            people: Vec::new(),
        });
        message.balance += change;
        message.lesson = lesson;
        message.weight = decayed(lesson, now);
        add_some(&mut message.people, person);
    }
    all.into_values().filter(|message| message.balance != 0).collect()
}

/// A message is known by its features: nobody can teach it twice under two ids.
fn fingerprint(lesson: &Lesson) -> u64 {
    lesson.features.iter().fold(0xcbf2_9ce4_8422_2325, |sum, one| mixed(sum ^ one))
}

fn decayed(lesson: &Lesson, now: Timestamp) -> f64 {
    let days = now.since(lesson.at) as f64 / DAY;
    0.5_f64.powf(days / limits::HALF_LIFE_DAYS)
}

fn add_some(list: &mut Vec<u64>, one: u64) {
    if list.len() < limits::SOURCES && !list.contains(&one) {
        list.push(one);
    }
}

/// What is known of one feature.
#[derive(Default)]
struct Seen {
    wanted: f64,
    unwanted: f64,
    messages: usize,
    people: Vec<u64>,
    senders: Vec<u64>,
}

impl Seen {
    fn add(&mut self, message: &Message<'_>) {
        if message.balance > 0 {
            self.unwanted += message.weight;
        } else {
            self.wanted += message.weight;
        }
        self.messages += 1;
        for person in &message.people {
            add_some(&mut self.people, *person);
        }
        add_some(&mut self.senders, hash(message.lesson.sender.as_bytes()));
    }

    fn has_a_say(&self) -> bool {
        let sources = self.people.len().max(self.senders.len());
        self.messages >= limits::MESSAGES && sources >= limits::SOURCES
    }

    /// Log-odds, given the weight of all messages of each kind.
    fn log_odds(&self, wanted: f64, unwanted: f64) -> f64 {
        let share = |seen: f64, all: f64| (seen + BEFORE) / (all + 2.0 * BEFORE);
        let odds = share(self.unwanted, unwanted) / share(self.wanted, wanted);
        odds.ln().clamp(-MOST, MOST)
    }
}

/// The features with a say and their weights, in order; the weightiest when they are too many.
fn features(messages: &[Message<'_>], room: usize) -> Vec<(u64, i8)> {
    let of = |is_against: bool| messages.iter().filter(move |one| (one.balance > 0) == is_against);
    if of(true).count().min(of(false).count()) < limits::LESSONS_OF_EACH {
        return Vec::new();
    }
    let sum = |is_against| of(is_against).map(|one| one.weight).sum::<f64>();
    let (unwanted, wanted) = (sum(true), sum(false));
    let mut seen: HashMap<u64, Seen> = HashMap::new();
    for message in messages {
        for feature in &message.lesson.features {
            seen.entry(*feature).or_default().add(message);
        }
    }
    let weigh = |(feature, seen): (u64, Seen)| {
        let odds = seen.log_odds(wanted, unwanted);
        (seen.has_a_say() && odds.abs() >= LEAST).then_some((feature, odds))
    };
    let mut all: Vec<(u64, f64)> = seen.into_iter().filter_map(weigh).collect();
    // By weight, then by hash, so that the same lessons make the same table.
    all.sort_by(|one, two| two.1.abs().total_cmp(&one.1.abs()).then(one.0.cmp(&two.0)));
    all.truncate(room);
    all.sort_by_key(|(feature, _)| *feature);
    all.into_iter().map(|(feature, odds)| (feature, quantised(odds))).collect()
}

// Bounded by MOST times STEPS.
#[allow(clippy::cast_possible_truncation)]
fn quantised(odds: f64) -> i8 {
    (odds * STEPS).round() as i8
}

/// Sketches of unwanted messages, the newest first. A text that was called wanted by somebody, or
/// one like it, is no campaign.
fn sketches(messages: &[Message<'_>], room: usize) -> Vec<u8> {
    let mut against: Vec<&Lesson> = messages
        .iter()
        .filter(|one| one.balance > 0 && one.lesson.sketch.len() == Local::SKETCH_OCTETS)
        .map(|one| one.lesson)
        .collect();
    against.sort_by_key(|lesson| std::cmp::Reverse(lesson.at));
    let wanted: Vec<&[u8]> = messages
        .iter()
        .filter(|one| one.balance < 0 && !one.lesson.sketch.is_empty())
        .map(|one| one.lesson.sketch.as_slice())
        .collect();
    let is_wanted = |sketch: &[u8]| wanted.iter().any(|one| likeness(one, sketch) >= 0.3);
    let kept = against.iter().take(room).filter(|lesson| !is_wanted(&lesson.sketch));
    kept.flat_map(|lesson| lesson.sketch.iter().copied()).collect()
}

/// The share of bins of two sketches that are the same.
fn likeness(one: &[u8], two: &[u8]) -> f64 {
    let (one, two) = (one.as_chunks::<4>().0, two.as_chunks::<4>().0);
    let same = one.iter().zip(two).filter(|(one, two)| one == two && **one != [0xff; 4]).count();
    same as f64 / one.len().max(1) as f64
}

fn hash(octets: &[u8]) -> u64 {
    octets.iter().fold(0xcbf2_9ce4_8422_2325, |sum, octet| {
        (sum ^ u64::from(*octet)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// The finaliser of SplitMix64.
fn mixed(sum: u64) -> u64 {
    let sum = (sum ^ (sum >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let sum = (sum ^ (sum >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    sum ^ (sum >> 31)
}
