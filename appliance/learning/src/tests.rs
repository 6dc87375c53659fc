//! The store over a simulated disk, and what lessons make of it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use mail::Timestamp;
use world::sim::{SimDisk, SimRandom};

use crate::{Label, LearningError, Lesson, Store, Tally, limits};

const FOLDER: &str = "/state/learning";
const DAY: u64 = 86_400_000;

fn open(disk: &SimDisk) -> Store {
    Store::open(Arc::new(disk.clone()), Path::new(FOLDER)).unwrap().store
}

fn lesson(number: u64, label: Label) -> Lesson {
    Lesson {
        at: Timestamp(number * 1000),
        tenant: "ours.test".into(),
        who: format!("person{}", number % 3),
        label,
        message: format!("{number}@away.test"),
        sender: format!("sender{}@away.test", number % 5),
        features: (0..20).map(|one| 1_000_000 + number * 100 + one).collect(),
        sketch: Vec::new(),
    }
}

/// Wanted mail has the features 1000.., unwanted mail 2000.., each message some of its own.
fn typical(number: u64, label: Label) -> Lesson {
    let base = if label.is_against() { 2000 } else { 1000 };
    let mut lesson = lesson(number, label);
    lesson.features.extend(base..base + 30);
    lesson
}

/// Mail with the features 9000.., of which three make a say.
fn extra(number: u64, label: Label) -> Lesson {
    let mut lesson = lesson(number, label);
    lesson.features.extend(9000..9030);
    lesson
}

fn taught(disk: &SimDisk, count: u64) -> Store {
    let mut store = open(disk);
    for number in 0..count {
        let label = if number % 2 == 0 { Label::Wanted } else { Label::Unwanted };
        store.teach(typical(number, label)).unwrap();
    }
    store
}

fn score(store: &Store, base: u64) -> f32 {
    let table = store.table(Timestamp(0));
    let features: Vec<u64> = (base..base + 30).collect();
    table.tenants.get("ours.test").map_or(0.0, |learned| learned.score(&features))
}

fn file() -> PathBuf {
    Path::new(FOLDER).join("lessons")
}

#[test]
fn lessons_are_there_after_a_restart_and_make_the_same_table() {
    let disk = SimDisk::new(1);
    let store = taught(&disk, 40);
    let (status, table) = (store.status(), store.table(Timestamp(0)));
    drop(store);
    disk.restart();
    let again = open(&disk);
    assert_eq!((again.status(), again.table(Timestamp(0))), (status, table));
    assert!(score(&again, 2000) > 0.9 && score(&again, 1000) < -0.9);
    assert_eq!(
        again.table(Timestamp(0)),
        spam::Local::open(&again.table(Timestamp(0)).octets()).unwrap()
    );
}

#[test]
fn what_a_power_cut_tore_is_cut_off_and_the_rest_is_kept() {
    let disk = SimDisk::new(2);
    drop(taught(&disk, 10));
    let whole = disk.content(&file()).unwrap();
    for length in [whole.len() - 1, whole.len() - 100, 9, 8, 3, 0] {
        let read = crate::journal::read(&whole[..length]).unwrap();
        assert!(read.records.len() < 10, "{length}");
        assert!(read.records.iter().enumerate().all(|(at, one)| one.number == at as u64 + 1));
    }
    assert!(matches!(crate::journal::read(b"something else"), Err(LearningError::Foreign)));
}

#[test]
fn a_spoilt_octet_ends_the_journal_and_the_old_file_is_kept_aside() {
    let disk = SimDisk::new(3);
    drop(taught(&disk, 300));
    disk.restart();
    disk.spoil(&file(), 500);
    let opened = Store::open(Arc::new(disk.clone()), Path::new(FOLDER)).unwrap();
    assert!(opened.lost > limits::RECORD_OCTETS && opened.store.status().lessons < 5);
    assert!(disk.content(&Path::new(FOLDER).join("lessons.damaged")).is_some());
    let mut store = opened.store;
    let number = store.teach(lesson(1, Label::Wanted)).unwrap();
    drop(store);
    disk.restart();
    assert_eq!(open(&disk).status().version, number);
}

#[test]
fn a_lesson_is_taken_back_once_and_its_say_with_it() {
    let disk = SimDisk::new(4);
    let mut store = taught(&disk, 40);
    let before = store.table(Timestamp(0)).tenants;
    store.teach(extra(201, Label::Unwanted)).unwrap();
    store.teach(extra(202, Label::Unwanted)).unwrap();
    let two = store.table(Timestamp(0)).tenants;
    let number = store.teach(extra(203, Label::Unwanted)).unwrap();
    assert!(score(&store, 9000) > 0.9);
    store.undo(number, "ann", Timestamp(5)).unwrap();
    assert_eq!((store.table(Timestamp(0)).tenants, score(&store, 9000)), (two, 0.0));
    for earlier in [number - 1, number - 2] {
        store.undo(earlier, "ann", Timestamp(5)).unwrap();
    }
    assert_eq!(store.table(Timestamp(0)).tenants, before);
    let again = store.undo(number, "ann", Timestamp(6));
    assert!(matches!(again, Err(LearningError::Unknown(_))));
    assert_eq!(store.status().undone, 3);
}

#[test]
fn lessons_are_told_by_tenant_and_label_without_those_taken_back() {
    let mut store = taught(&SimDisk::new(16), 6);
    let other = Lesson { tenant: "other.test".into(), ..lesson(50, Label::Phishing) };
    store.teach(other).unwrap();
    store.undo(1, "ann", Timestamp(1)).unwrap();
    let tallies = store.tallies();
    assert_eq!(tallies["ours.test"], Tally { wanted: 2, unwanted: 3, phishing: 0 });
    assert_eq!(tallies["other.test"], Tally { phishing: 1, ..Tally::default() });
}

#[test]
fn going_back_to_a_version_makes_all_as_it_was() {
    let disk = SimDisk::new(5);
    let mut store = taught(&disk, 40);
    let (version, before) = (store.status().version, store.table(Timestamp(0)).tenants);
    store.undo(3, "eve", Timestamp(1)).unwrap();
    for number in 100..120 {
        store.teach(typical(number, Label::Wanted)).unwrap();
    }
    store.roll_back(version, "ann", Timestamp(2)).unwrap();
    assert_eq!(store.table(Timestamp(0)).tenants, before);
    drop(store);
    disk.restart();
    let mut store = open(&disk);
    assert_eq!(store.table(Timestamp(0)).tenants, before);
    assert!(matches!(store.roll_back(9999, "ann", Timestamp(3)), Err(LearningError::NoVersion(_))));
}

#[test]
fn a_full_journal_loses_the_oldest_lessons_of_whoever_has_most() {
    let disk = SimDisk::new(6);
    let folder = Path::new(FOLDER);
    let opened = Store::open_within(Arc::new(disk.clone()), folder, 60_000).unwrap();
    let mut store = opened.store;
    let small = Lesson { tenant: "small.test".into(), ..lesson(1, Label::Wanted) };
    store.teach(small).unwrap();
    for number in 2..600 {
        store.teach(lesson(number, Label::Unwanted)).unwrap();
    }
    let status = store.status();
    assert!(status.octets <= 60_000 && status.lessons < 500 && status.oldest > 0);
    assert!(store.lessons().any(|one| one.lesson.tenant == "small.test"));
    assert!(store.lessons().any(|one| one.lesson.message == "599@away.test"));
    assert!(matches!(store.roll_back(1, "ann", Timestamp(0)), Err(LearningError::NoVersion(1))));
    drop(store);
    disk.restart();
    let again = Store::open_within(Arc::new(disk), folder, 60_000).unwrap().store;
    assert_eq!(again.status(), status);
}

#[test]
fn one_person_teaches_so_much_a_day_and_no_more() {
    let disk = SimDisk::new(7);
    let mut store = open(&disk);
    let by = |number: u64, at: u64| Lesson {
        who: "eve".into(),
        at: Timestamp(at),
        ..lesson(number, Label::Wanted)
    };
    for number in 0..limits::LESSONS_A_DAY as u64 {
        store.teach(by(number, 5)).unwrap();
    }
    assert!(matches!(store.teach(by(9999, DAY - 1)), Err(LearningError::TooMany(_))));
    assert!(store.teach(by(9999, DAY)).is_ok());
    assert!(store.teach(lesson(10_000, Label::Wanted)).is_ok());
}

#[test]
fn what_no_cell_makes_is_refused() {
    let mut store = open(&SimDisk::new(8));
    let features: Vec<u64> = (0..=limits::FEATURES as u64).collect();
    for bad in [
        Lesson { features, ..lesson(1, Label::Wanted) },
        Lesson { who: "x".repeat(400), ..lesson(1, Label::Wanted) },
        Lesson { sketch: vec![1; 5], ..lesson(1, Label::Wanted) },
    ] {
        assert!(matches!(store.teach(bad), Err(LearningError::TooLarge)));
    }
    let most = Lesson {
        features: (0..limits::FEATURES as u64).map(|one| u64::MAX - one).collect(),
        sketch: vec![1; 128],
        ..lesson(1, Label::Wanted)
    };
    assert!(store.teach(most).is_ok(), "the largest lesson fits a record");
}

#[test]
fn lessons_of_one_kind_alone_say_nothing_of_words() {
    let mut store = open(&SimDisk::new(9));
    for number in 0..50 {
        store.teach(typical(number, Label::Unwanted)).unwrap();
    }
    assert!(score(&store, 2000).abs() < 1e-6);
}

#[test]
fn one_message_taught_many_times_is_one_message() {
    let mut store = open(&SimDisk::new(10));
    for number in 0..40 {
        let label = if number % 2 == 0 { Label::Wanted } else { Label::Unwanted };
        store.teach(lesson(number, label)).unwrap();
    }
    for number in 100..150 {
        let features = (5000..5030).collect();
        store.teach(Lesson { features, ..lesson(number, Label::Unwanted) }).unwrap();
    }
    assert!(score(&store, 5000).abs() < 1e-6);
}

#[test]
fn one_sender_and_one_teacher_are_not_enough() {
    let with = |senders: u64| {
        let mut store = taught(&SimDisk::new(11), 40);
        for number in 100..110 {
            let mut lesson = lesson(number, Label::Unwanted);
            lesson.who = "eve".into();
            lesson.sender = format!("{}@evil.test", number % senders);
            lesson.features.extend(7000..7030);
            store.teach(lesson).unwrap();
        }
        score(&store, 7000)
    };
    assert!(with(1).abs() < 1e-6);
    assert!(with(2) > 0.5);
}

#[test]
fn contradicting_labels_cancel_and_the_last_word_of_one_person_counts() {
    let mut store = taught(&SimDisk::new(12), 40);
    store.teach(extra(201, Label::Unwanted)).unwrap();
    store.teach(extra(202, Label::Unwanted)).unwrap();
    let by = |who: &str, label| Lesson { who: who.into(), ..extra(203, label) };
    store.teach(by("ann", Label::Unwanted)).unwrap();
    assert!(score(&store, 9000) > 0.9);
    store.teach(by("bob", Label::Wanted)).unwrap();
    assert!(score(&store, 9000).abs() < 1e-6);
    store.teach(by("bob", Label::Phishing)).unwrap();
    assert!(score(&store, 9000) > 0.9);
}

#[test]
fn old_lessons_fade() {
    let store = taught(&SimDisk::new(13), 40);
    let weight = |now: u64| {
        let table = store.table(Timestamp(now));
        let learned = &table.tenants["ours.test"];
        let at = learned.features.binary_search(&2000).ok();
        at.map_or(0, |at| learned.weights[at])
    };
    assert!(weight(0) > weight(400 * DAY), "{} {}", weight(0), weight(400 * DAY));
}

#[test]
fn a_campaign_that_somebody_wants_is_none() {
    let sketch = |seed: u8| -> Vec<u8> { (0..128).map(|at| seed.wrapping_add(at)).collect() };
    let mut store = open(&SimDisk::new(14));
    for (number, seed, label) in
        [(1, 1, Label::Unwanted), (2, 101, Label::Phishing), (3, 101, Label::Wanted)]
    {
        store.teach(Lesson { sketch: sketch(seed), ..lesson(number, label) }).unwrap();
    }
    let table = store.table(Timestamp(0));
    assert_eq!(table.tenants["ours.test"].sketches, sketch(1));
}

/// A made message: most words are common, some belong to one kind of mail.
fn drawn(random: &mut SimRandom, number: u64, is_unwanted: bool) -> Lesson {
    let mut features = Vec::new();
    for _ in 0..60 {
        let feature = match random.below(10) {
            0..8 => random.below(800),
            8 => 1000 + 1000 * u64::from(is_unwanted) + random.below(500),
            _ => 1000 + random.below(1500),
        };
        features.push(feature);
    }
    let label = if is_unwanted { Label::Unwanted } else { Label::Wanted };
    Lesson { features, ..lesson(number, label) }
}

/// Of 2000 later messages, those that the table takes for the other kind.
fn errors(wrong_per_mille: u32) -> usize {
    let mut store = open(&SimDisk::new(15));
    let (mut random, mut chance) = (SimRandom::new(42), SimRandom::new(7));
    for number in 0..600_u64 {
        let is_unwanted = number.is_multiple_of(2);
        let mut lesson = drawn(&mut random, number, is_unwanted);
        if chance.chance(wrong_per_mille) {
            lesson.label = if is_unwanted { Label::Wanted } else { Label::Unwanted };
        }
        store.teach(lesson).unwrap();
    }
    let table = store.table(Timestamp(0));
    let learned = &table.tenants["ours.test"];
    let is_wrong = |number: &u64| {
        let is_unwanted = number.is_multiple_of(2);
        let mut features = drawn(&mut random, *number, is_unwanted).features;
        // Short ones are hard.
        features.truncate(40);
        (learned.score(&features) > 0.0) != is_unwanted
    };
    (1000..3000).filter(is_wrong).count()
}

#[test]
fn one_wrong_label_in_a_hundred_costs_less_than_twice_the_error() {
    let (clean, poisoned) = (errors(0), errors(10));
    assert!(clean > 0, "the test must be hard enough to tell");
    assert!(poisoned < clean * 2, "{clean} errors become {poisoned}");
}
