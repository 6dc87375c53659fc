//! What queue is promised, case by case, on a simulated disk.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

extern crate gatepost_spool as spool;

mod letters;

use std::path::Path;

use letters::{adopt_all, committer, envelope, files, keeper, memory, seal, seal_large};
use mail::MessageId;
use spool::{Adopted, EVERY_SEGMENT, Place, SpoolError};
use world::sim::{Faults, SimDisk};

const ID: MessageId = MessageId(5);

#[test]
fn a_sealed_message_that_queue_never_heard_of_is_found_with_its_content() {
    let disk = SimDisk::new(1);
    let receipt = seal(&mut committer(&disk), 5, b"body").unwrap();
    disk.restart();
    let (mut keeper, recovery) = keeper(&disk);
    assert!(recovery.messages.is_empty());
    let orphans = keeper.orphans(EVERY_SEGMENT).unwrap();
    assert_eq!((orphans[0].id, orphans[0].place), (receipt.id(), receipt.place()));
    assert_eq!(keeper.adopt(ID, receipt.place()).unwrap(), Adopted::New);
    let located = keeper.locate(ID).unwrap();
    assert_eq!(located.envelope().unwrap(), envelope(5, 4));
    assert_eq!(memory(located.body().unwrap()), b"body");
}

#[test]
fn the_latest_synced_state_is_recovered() {
    let disk = SimDisk::new(1);
    let receipt = seal(&mut committer(&disk), 5, b"body").unwrap();
    let (mut first, _) = keeper(&disk);
    first.adopt(ID, receipt.place()).unwrap();
    first.record(ID, b"one").unwrap();
    first.record(ID, b"two").unwrap();
    first.sync().unwrap();
    first.record(ID, b"never synced").unwrap();
    disk.restart();
    let (_, recovery) = keeper(&disk);
    assert_eq!(recovery.messages.len(), 1);
    assert_eq!(recovery.messages[0].state.as_deref(), Some(b"two".as_slice()));
    assert_eq!(recovery.messages[0].place, receipt.place());
    assert!(recovery.damage.is_empty());
}

#[test]
fn a_finished_message_does_not_come_back_and_a_late_admission_of_it_is_known() {
    let disk = SimDisk::new(1);
    let receipt = seal(&mut committer(&disk), 5, b"body").unwrap();
    let (mut first, _) = keeper(&disk);
    first.adopt(ID, receipt.place()).unwrap();
    assert_eq!(first.adopt(ID, receipt.place()).unwrap(), Adopted::Live);
    first.finish(ID).unwrap();
    first.sync().unwrap();
    disk.restart();
    let (mut second, recovery) = keeper(&disk);
    assert!(recovery.messages.is_empty());
    assert!(second.orphans(EVERY_SEGMENT).unwrap().is_empty());
    assert_eq!(second.adopt(ID, receipt.place()).unwrap(), Adopted::Finished);
    let gone = Place { segment: 999, offset: 64 };
    assert_eq!(second.adopt(MessageId(6), gone).unwrap(), Adopted::Finished);
}

#[test]
fn what_is_not_live_can_neither_be_recorded_nor_finished_nor_read() {
    let (mut keeper, _) = keeper(&SimDisk::new(1));
    assert!(matches!(keeper.record(ID, b""), Err(SpoolError::Unknown(ID))));
    assert!(matches!(keeper.finish(ID), Err(SpoolError::Unknown(ID))));
    assert!(matches!(keeper.locate(ID), Err(SpoolError::Unknown(ID))));
    let huge = vec![0; spool::limits::HEAD_OCTETS];
    assert!(matches!(keeper.record(ID, &huge), Err(SpoolError::TooLarge { .. })));
}

#[test]
fn a_notice_of_our_own_can_be_read_before_and_after_its_sync() {
    let disk = SimDisk::new(1);
    let (mut first, _) = keeper(&disk);
    let notice = vec![b'n'; 9000];
    assert_eq!(first.insert(&envelope(5, 9000), notice.clone()).unwrap(), Adopted::New);
    assert_eq!(first.insert(&envelope(5, 9000), notice.clone()).unwrap(), Adopted::Live);
    first.record(ID, b"state").unwrap();
    assert_eq!(memory(first.locate(ID).unwrap().body().unwrap()), notice);
    first.sync().unwrap();
    assert_eq!(memory(first.locate(ID).unwrap().body().unwrap()), notice);
    disk.restart();
    let (mut second, recovery) = keeper(&disk);
    assert_eq!(recovery.messages[0].state.as_deref(), Some(b"state".as_slice()));
    assert_eq!(memory(second.locate(ID).unwrap().body().unwrap()), notice);
}

#[test]
fn a_notice_finished_before_its_sync_leaves_nothing() {
    let disk = SimDisk::new(1);
    let (mut first, _) = keeper(&disk);
    first.insert(&envelope(5, 1), b"n".to_vec()).unwrap();
    first.finish(ID).unwrap();
    first.sync().unwrap();
    assert!(keeper(&disk).1.messages.is_empty());
}

#[test]
fn after_a_failed_sync_the_next_one_writes_everything_anew() {
    for seed in 0..50 {
        let disk = SimDisk::new(seed);
        let receipt = seal(&mut committer(&disk), 5, b"body").unwrap();
        let (mut first, _) = keeper(&disk);
        first.sync().unwrap();
        first.adopt(ID, receipt.place()).unwrap();
        first.insert(&envelope(6, 1), b"n".to_vec()).unwrap();
        first.record(ID, b"state").unwrap();
        disk.set_faults(Faults { write_error: 400, ..Faults::default() });
        while first.sync().is_err() {}
        disk.restart();
        let (_, recovery) = keeper(&disk);
        assert_eq!(recovery.messages.len(), 2, "seed {seed}");
        assert_eq!(recovery.messages[0].state.as_deref(), Some(b"state".as_slice()));
    }
}

#[test]
fn a_segment_goes_when_all_its_messages_are_finished_and_it_is_not_the_newest() {
    let disk = SimDisk::new(1);
    let (mut keeper, _) = keeper(&disk);
    let _committer = adopt_all(&disk, &mut keeper, 1..40, 400);
    let before = files(&disk, "intake");
    assert!(before > 4);
    for id in 1..40 {
        keeper.finish(MessageId(id)).unwrap();
    }
    keeper.sync().unwrap();
    keeper.tidy(100).unwrap();
    assert_eq!(files(&disk, "intake"), 1);
}

#[test]
fn a_queue_that_starts_again_clears_away_what_intake_closed_meanwhile() {
    let disk = SimDisk::new(1);
    let mut writing = committer(&disk);
    for id in 1..40 {
        seal(&mut writing, id, &[0; 400]).unwrap();
    }
    let (mut keeper, _) = keeper(&disk);
    for orphan in keeper.orphans(EVERY_SEGMENT).unwrap() {
        keeper.adopt(orphan.id, orphan.place).unwrap();
        keeper.finish(orphan.id).unwrap();
    }
    keeper.tidy(100).unwrap();
    assert_eq!(files(&disk, "intake"), 1);
    seal(&mut writing, 40, b"still written").unwrap();
    assert_eq!(keeper.orphans(EVERY_SEGMENT).unwrap().len(), 1);
}

#[test]
fn no_segment_goes_while_its_end_is_not_durable() {
    let disk = SimDisk::new(1);
    let (mut keeper, _) = keeper(&disk);
    let _committer = adopt_all(&disk, &mut keeper, 1..40, 400);
    keeper.sync().unwrap();
    let before = files(&disk, "intake");
    for id in 1..40 {
        keeper.finish(MessageId(id)).unwrap();
    }
    while let Some(mut chore) = keeper.next_chore() {
        chore.run();
        keeper.end_chore(chore).unwrap();
    }
    assert_eq!(files(&disk, "intake"), before);
}

#[test]
fn a_closed_segment_stays_while_a_message_in_it_was_never_admitted() {
    let disk = SimDisk::new(1);
    let (mut keeper, _) = keeper(&disk);
    let mut committer = committer(&disk);
    let mut receipts = Vec::new();
    for id in 1..40 {
        receipts.push(seal(&mut committer, id, &[0; 400]).unwrap());
    }
    for segment in committer.closed_segments() {
        keeper.close(segment);
    }
    for receipt in &receipts[1..] {
        keeper.adopt(receipt.id(), receipt.place()).unwrap();
        keeper.finish(receipt.id()).unwrap();
    }
    keeper.tidy(100).unwrap();
    assert_eq!(files(&disk, "intake"), 2);
    let late = &receipts[0];
    assert_eq!(keeper.adopt(late.id(), late.place()).unwrap(), Adopted::New);
    keeper.finish(late.id()).unwrap();
    keeper.tidy(100).unwrap();
    assert_eq!(files(&disk, "intake"), 1);
}

#[test]
fn what_outlives_its_segment_is_copied_out_and_stays_readable_throughout() {
    let disk = SimDisk::new(1);
    let (mut first, _) = keeper(&disk);
    let _committer = adopt_all(&disk, &mut first, 1..40, 400);
    first.record(MessageId(3), b"deferred").unwrap();
    for id in (1..40).filter(|id| *id != 3) {
        first.finish(MessageId(id)).unwrap();
    }
    first.sync().unwrap();
    for _ in 0..30 {
        first.tidy(1).unwrap();
        let body = first.locate(MessageId(3)).unwrap().body().unwrap();
        assert_eq!(memory(body), [3; 400]);
    }
    assert_eq!((files(&disk, "intake"), files(&disk, "queue")), (1, 1));
    disk.restart();
    let (mut second, recovery) = keeper(&disk);
    assert_eq!(recovery.messages.len(), 1);
    assert_eq!(recovery.messages[0].state.as_deref(), Some(b"deferred".as_slice()));
    assert_eq!(memory(second.locate(MessageId(3)).unwrap().body().unwrap()), [3; 400]);
}

#[test]
fn the_journal_does_not_grow_with_what_is_finished() {
    let disk = SimDisk::new(1);
    let (mut first, _) = keeper(&disk);
    first.insert(&envelope(1, 1), b"x".to_vec()).unwrap();
    first.record(MessageId(1), b"old but live").unwrap();
    first.sync().unwrap();
    for id in 100..600 {
        first.insert(&envelope(id, 1), b"x".to_vec()).unwrap();
        first.record(MessageId(id), &[7; 50]).unwrap();
        first.sync().unwrap();
        first.finish(MessageId(id)).unwrap();
        first.sync().unwrap();
        first.tidy(3).unwrap();
    }
    first.tidy(200).unwrap();
    assert!(files(&disk, "journal") < 6, "{}", files(&disk, "journal"));
    disk.restart();
    let (_, recovery) = keeper(&disk);
    assert_eq!(recovery.messages.len(), 1);
    assert_eq!(recovery.messages[0].state.as_deref(), Some(b"old but live".as_slice()));
}

#[test]
fn a_large_body_goes_when_its_message_is_finished_and_a_stray_one_is_swept_away() {
    let disk = SimDisk::new(1);
    let mut committer = committer(&disk);
    let body = vec![9; 5000];
    let receipt = seal_large(&mut committer, 5, &body);
    committer.large(MessageId(6)).unwrap().write(b"never sealed").unwrap();
    let (mut keeper, _) = keeper(&disk);
    keeper.adopt(ID, receipt.place()).unwrap();
    assert_eq!(memory(keeper.locate(ID).unwrap().body().unwrap()), body);
    assert_eq!(files(&disk, "large"), 2);
    let next = letters::committer(&disk).first_segment();
    assert!(next > committer.first_segment());
    assert!(keeper.orphans(next).unwrap().is_empty());
    keeper.tidy(50).unwrap();
    assert_eq!(files(&disk, "large"), 1);
    keeper.finish(ID).unwrap();
    keeper.tidy(50).unwrap();
    assert_eq!(files(&disk, "large"), 0);
}

#[test]
fn a_spoilt_body_is_told_and_nothing_else_is_lost() {
    let disk = SimDisk::new(1);
    let mut committer = committer(&disk);
    let receipts: Vec<_> =
        (1..6).map(|id| seal(&mut committer, id, &[id as u8; 300]).unwrap()).collect();
    let path = Path::new("/spool/intake/0000000000000001.seg");
    disk.spoil(path, receipts[1].place().offset as usize + 300);
    let (mut keeper, _) = keeper(&disk);
    let orphans = keeper.orphans(EVERY_SEGMENT).unwrap();
    let ids: Vec<u64> = orphans.iter().map(|kept| kept.id.0).collect();
    assert_eq!(ids, [1, 3, 4, 5]);
    let damage = keeper.take_damage();
    assert_eq!(damage.len(), 1);
    assert_eq!(damage[0].id, Some(MessageId(2)));
    keeper.adopt(MessageId(2), receipts[1].place()).unwrap();
    let read = keeper.locate(MessageId(2)).unwrap().body();
    assert!(matches!(read, Err(SpoolError::Damaged { .. })));
}

#[test]
fn a_spoilt_header_costs_one_message_and_is_told() {
    let disk = SimDisk::new(1);
    let mut committer = committer(&disk);
    let receipts: Vec<_> =
        (1..6).map(|id| seal(&mut committer, id, &[id as u8; 300]).unwrap()).collect();
    let path = Path::new("/spool/intake/0000000000000001.seg");
    disk.spoil(path, receipts[2].place().offset as usize + 9);
    let (mut keeper, _) = keeper(&disk);
    assert_eq!(keeper.orphans(EVERY_SEGMENT).unwrap().len(), 4);
    assert_eq!(keeper.take_damage().len(), 1);
}

#[test]
fn a_spoilt_journal_is_told_and_every_message_is_looked_for_again() {
    let disk = SimDisk::new(1);
    let (mut first, _) = keeper(&disk);
    let _committer = adopt_all(&disk, &mut first, 1..30, 400);
    for id in 1..30 {
        first.sync().unwrap();
        first.record(MessageId(id), b"state").unwrap();
    }
    first.tidy(50).unwrap();
    let journal = disk.names().into_iter().find(|name| name.starts_with("/spool/journal")).unwrap();
    disk.spoil(&journal, 100);
    let (mut second, recovery) = keeper(&disk);
    assert!(!recovery.damage.is_empty());
    let found = recovery.messages.len() + second.orphans(EVERY_SEGMENT).unwrap().len();
    assert_eq!(found, 29);
}

#[test]
fn a_lost_segment_is_told_by_message() {
    let disk = SimDisk::new(1);
    let (mut first, _) = keeper(&disk);
    let _committer = adopt_all(&disk, &mut first, 1..30, 400);
    first.sync().unwrap();
    world::Disk::remove(&disk, Path::new("/spool/intake/0000000000000001.seg")).unwrap();
    let (_, recovery) = keeper(&disk);
    assert!(!recovery.damage.is_empty());
    assert!(recovery.damage.iter().all(|damage| damage.id.is_some()));
    assert_eq!(recovery.messages.len() + recovery.damage.len(), 29);
}

#[test]
fn a_segment_that_cannot_be_read_now_is_not_taken_for_empty() {
    let disk = SimDisk::new(3);
    let mut committer = committer(&disk);
    let receipt = seal(&mut committer, 5, b"body").unwrap();
    let (mut keeper, _) = keeper(&disk);
    keeper.close(1);
    let mut chore = keeper.next_chore().unwrap();
    disk.set_faults(Faults { read_error: 1000, ..Faults::default() });
    chore.run();
    keeper.end_chore(chore).unwrap();
    disk.set_faults(Faults::default());
    assert!(!keeper.take_damage().is_empty());
    keeper.tidy(50).unwrap();
    assert_eq!(keeper.adopt(ID, receipt.place()).unwrap(), Adopted::New);
}

#[test]
fn a_poisoned_segment_is_never_written_again_and_the_next_message_is_kept() {
    let disk = SimDisk::new(1);
    let mut committer = committer(&disk);
    let first = seal(&mut committer, 1, b"a").unwrap();
    disk.set_faults(Faults { write_error: 1000, ..Faults::default() });
    let error = seal(&mut committer, 2, b"b").unwrap_err();
    assert!(!error.is_full());
    disk.set_faults(Faults::default());
    let third = seal(&mut committer, 3, b"c").unwrap();
    assert!(third.place().segment > first.place().segment);
    assert!(committer.closed_segments().contains(&first.place().segment));
}

#[test]
fn a_full_disk_refuses_and_takes_mail_again_when_there_is_room() {
    let disk = SimDisk::new(1);
    let mut committer = committer(&disk);
    seal(&mut committer, 1, b"a").unwrap();
    disk.set_capacity(2000);
    let error = seal(&mut committer, 2, &[0; 3000]).unwrap_err();
    assert!(error.is_full());
    disk.set_capacity(1 << 20);
    seal(&mut committer, 3, b"c").unwrap();
    disk.restart();
    let (mut keeper, _) = keeper(&disk);
    let ids: Vec<_> =
        keeper.orphans(EVERY_SEGMENT).unwrap().into_iter().map(|kept| kept.id.0).collect();
    assert_eq!(ids, [1, 3]);
}

#[test]
fn a_change_made_while_a_sync_is_under_way_belongs_to_the_next_one() {
    let disk = SimDisk::new(1);
    let (mut first, _) = keeper(&disk);
    first.insert(&envelope(5, 1), b"n".to_vec()).unwrap();
    let mut work = first.begin_sync().unwrap();
    assert!(first.begin_sync().is_none());
    first.finish(ID).unwrap();
    assert!(first.begin_sync().is_none(), "one commit at a time");
    let result = work.run();
    first.end_sync(work, &result);
    assert_eq!(keeper(&disk).1.messages.len(), 1);
    first.sync().unwrap();
    assert_eq!(keeper(&disk).1.messages.len(), 0);
}

#[test]
fn the_segment_of_a_message_finished_while_it_was_written_stays_until_that_is_durable() {
    let disk = SimDisk::new(1);
    let (mut first, _) = keeper(&disk);
    // The second does not fit behind the first, so the first one's segment is closed.
    first.insert(&envelope(5, 3000), vec![0; 3000]).unwrap();
    first.insert(&envelope(6, 3000), vec![0; 3000]).unwrap();
    let mut work = first.begin_sync().unwrap();
    first.finish(ID).unwrap();
    let result = work.run();
    first.end_sync(work, &result);
    while let Some(mut chore) = first.next_chore() {
        chore.run();
        first.end_chore(chore).unwrap();
    }
    assert!(keeper(&disk).1.damage.is_empty());
    assert_eq!(files(&disk, "queue"), 2);
    first.sync().unwrap();
    first.tidy(50).unwrap();
    assert_eq!(files(&disk, "queue"), 1);
}
