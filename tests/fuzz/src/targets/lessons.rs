//! What was taught, as it lies on the disk and as it is handed to cells: a bad disk, a stranger's file,
//! or a role that was taken over.

use learning::{Deed, Label, Lesson, Store};
use mail::Timestamp;
use spam::Local;

/// Reads the input as a journal and as a table.
pub fn target(octets: &[u8]) {
    if let Ok(read) = learning::read(octets) {
        assert!(read.lost <= octets.len());
        let rise = |pair: &[learning::Record]| pair[0].number < pair[1].number;
        assert!(read.records.windows(2).all(rise), "numbers rise");
    }
    if let Some(local) = Local::open(octets) {
        let again = Local::open(&local.octets());
        assert_eq!(again.as_ref(), Some(&local), "what was read is written and read the same");
        for learned in local.tenants.values() {
            let score = learned.score(&learned.features);
            assert!((-1.0..=1.0).contains(&score), "{score}");
        }
    }
}

/// A journal of a few lessons, and the table that they make.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    let disk = world::sim::SimDisk::new(1);
    let folder = std::path::Path::new("/lessons");
    let opened = Store::open(std::sync::Arc::new(disk.clone()), folder).unwrap();
    let mut store = opened.store;
    for number in 0..24_u64 {
        let label = if number % 2 == 0 { Label::Wanted } else { Label::Unwanted };
        let lesson = Lesson {
            at: Timestamp(number),
            tenant: "example.test".into(),
            who: "ann".into(),
            label,
            message: format!("{number}@away.test"),
            sender: format!("{number}@away.test"),
            features: (number % 2 * 100..number % 2 * 100 + 10).chain([1000 + number]).collect(),
            sketch: vec![u8::try_from(number).unwrap(); Local::SKETCH_OCTETS],
        };
        store.teach(lesson).unwrap();
    }
    store.undo(3, "ann", Timestamp(30)).unwrap();
    store.roll_back(20, "ann", Timestamp(31)).unwrap();
    let journal = disk.content(&folder.join("lessons")).unwrap();
    let read = learning::read(&journal).unwrap();
    assert!(matches!(read.records.last().unwrap().deed, Deed::RolledBack { version: 20, .. }));
    vec![journal, store.table(Timestamp(40)).octets()]
}
