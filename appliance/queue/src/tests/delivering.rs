//! Attempts, retries, notices, and a deliver that dies.

use ipc::contracts::NextHop;
use mail::{Deed, MessageId, Recipient, Sender, Timestamp};
use serde_json::json;

use super::house::*;
use crate::limits;

async fn house_with_scanner() -> (House, Intake, Keeper, Deliver) {
    let house = House::new().await;
    let intake = Intake::new(&house).await;
    let keeper = Keeper::new(&house).await;
    keeper.honest_cell(1);
    let deliver = Deliver::new(&house).await;
    (house, intake, keeper, deliver)
}

#[tokio::test]
async fn an_attempt_whose_deliver_died_is_made_again_by_the_next() {
    let (mut house, mut intake, _keeper, mut deliver) = house_with_scanner().await;
    let ids = [intake.keep(&to(&[ANN])).await, intake.keep(&to(&[ANN])).await];
    let (first, _) = deliver.consigned().await;
    drop(deliver);
    let mut deliver = Deliver::new(&house).await;
    let mut again = Vec::new();
    for _ in ids {
        let (consignment, _) = deliver.consigned().await;
        assert_ne!(consignment.attempt, first.attempt);
        deliver.end(&consignment, &delivered());
        again.push(consignment.id);
    }
    again.sort_unstable();
    assert_eq!(again, ids);
    for id in ids {
        house.finished(id).await;
    }
}

#[tokio::test]
async fn mail_that_comes_while_deliver_is_going_waits_for_the_next() {
    let (mut house, mut intake, _keeper, deliver) = house_with_scanner().await;
    // Half closed: nothing more is taken, but the connection is not at its end yet.
    drop(deliver.outlet);
    let id = intake.keep(&to(&[ANN])).await;
    house.event(id, |deed| matches!(deed, Deed::Judged(_))).await;
    house.list(json!({})).await;
    drop(deliver.inlet);
    let mut deliver = Deliver::new(&house).await;
    let (consignment, _) = deliver.consigned().await;
    deliver.end(&consignment, &delivered());
    house.finished(id).await;
}

#[tokio::test]
async fn an_outcome_of_an_old_deliver_counts_even_when_a_new_one_is_there() {
    let (mut house, mut intake, _keeper, mut old) = house_with_scanner().await;
    let id = intake.keep(&to(&[ANN])).await;
    let (consignment, _) = old.consigned().await;
    let mut new = Deliver::new(&house).await;
    let second = intake.keep(&to(&[ANN])).await;
    assert_eq!(new.consigned().await.0.id, second);
    old.end(&consignment, &delivered());
    house.finished(id).await;
}

#[tokio::test]
async fn a_temporary_failure_is_tried_again_when_the_schedule_says() {
    let (mut house, mut intake, _keeper, mut deliver) = house_with_scanner().await;
    let id = intake.keep(&to(&[ANN])).await;
    for wait in [300, 600, 1200] {
        let (consignment, _) = deliver.consigned().await;
        assert_eq!(consignment.id, id);
        deliver.end(&consignment, &deferred());
        let filter = json!({"view": "deferred", "reason": "*not now*"});
        let row = house.until_listed(filter, 1).await.remove(0);
        let soonest = world::Clock::now(&*house.context(ipc::Role::Queue).clock);
        let next = row["next"].as_str().unwrap();
        let within = |seconds: u64| soonest.plus_seconds(seconds).iso8601();
        assert!(next >= within(wait * 9 / 10).as_str(), "{next}");
        assert!(next <= within(wait * 11 / 10).as_str(), "{next}");
        house.pass(wait * 11 / 10);
    }
    let (consignment, _) = deliver.consigned().await;
    deliver.end(&consignment, &delivered());
    house.finished(id).await;
}

#[tokio::test]
async fn a_permanent_failure_is_told_to_the_sender_by_mail_that_is_scanned_too() {
    let (mut house, mut intake, _keeper, mut deliver) = house_with_scanner().await;
    let id = intake.keep(&to(&[ANN])).await;
    let (consignment, _) = deliver.consigned().await;
    deliver.end(&consignment, &failed());
    let (action, notice) = house.notice(id).await;
    assert_eq!(action, "failed");
    let (consignment, body) = deliver.consigned().await;
    assert_eq!((consignment.id, &consignment.sender), (notice, &Sender::Null));
    assert_eq!(consignment.recipients[0].address.to_string(), SENDER);
    assert!(body.contains("5.1.1") && body.contains(ANN), "{body}");
    house.finished(id).await;
    assert!(house.told(notice).iter().any(|deed| matches!(deed, Deed::Inspected(_))));
    // And never a notice about a notice.
    deliver.end(&consignment, &failed());
    let told = house.finished(notice).await;
    assert!(!told.iter().any(|deed| matches!(deed, Deed::Notified { .. })));
}

#[tokio::test]
async fn bounces_of_mail_without_a_sender_are_told_to_nobody() {
    let (mut house, mut intake, _keeper, mut deliver) = house_with_scanner().await;
    let id = intake.keep(&Mail { sender: Sender::Null, ..to(&[ANN]) }).await;
    let (consignment, _) = deliver.consigned().await;
    deliver.end(&consignment, &failed());
    let told = house.finished(id).await;
    assert!(told.iter().any(|deed| matches!(deed, Deed::NotNotified { .. })));
}

#[tokio::test]
async fn a_lifetime_that_is_over_is_told_with_5_4_7() {
    let (mut house, mut intake, _keeper, mut deliver) = house_with_scanner().await;
    let id = intake.keep(&to(&[ANN])).await;
    let (consignment, _) = deliver.consigned().await;
    deliver.end(&consignment, &deferred());
    house.until_listed(json!({"view": "deferred"}), 1).await;
    house.pass(432_000);
    let (consignment, _) = deliver.consigned().await;
    deliver.end(&consignment, &deferred());
    assert_eq!(house.notice(id).await.0, "failed");
    let (_, body) = deliver.consigned().await;
    assert!(body.contains("5.4.7") && body.contains("not now"), "{body}");
    house.finished(id).await;
}

#[tokio::test]
async fn a_delay_is_told_once() {
    let (mut house, mut intake, _keeper, mut deliver) = house_with_scanner().await;
    let id = intake.keep(&to(&[ANN])).await;
    for _ in 0..3 {
        let (consignment, body) = deliver.consigned().await;
        if consignment.id != id {
            assert!(body.contains("delayed"), "{body}");
            deliver.end(&consignment, &delivered());
            house.finished(consignment.id).await;
            continue;
        }
        deliver.end(&consignment, &deferred());
        house.until_listed(json!({"view": "deferred", "recipient": ANN}), 1).await;
        house.pass(15_000);
    }
    let (consignment, _) = deliver.consigned().await;
    deliver.end(&consignment, &delivered());
    let told = house.finished(id).await;
    let notices = told.iter().filter(|deed| matches!(deed, Deed::Notified { .. })).count();
    assert_eq!(notices, 1);
}

#[tokio::test]
async fn each_recipient_has_a_fate_of_its_own() {
    let mut house = House::with(|wanted| {
        let rule = policy::Rule {
            name: "keep bob's".into(),
            recipients: vec![BOB.into()],
            ..policy::Rule::default()
        };
        wanted.rules.rules.insert(0, rule);
    })
    .await;
    let mut intake = Intake::new(&house).await;
    let keeper = Keeper::new(&house).await;
    keeper.honest_cell(1);
    let mut deliver = Deliver::new(&house).await;
    let mut vault = Vault::new(&house).await;
    let carl = "carl@away.test";
    let id = intake.keep(&to(&[ANN, BOB, carl])).await;
    let stored = vault.asked().await;
    assert_eq!(stored.envelope.recipients, [Recipient::plain(BOB.parse().unwrap())]);
    for _ in 0..2 {
        let (consignment, _) = deliver.consigned().await;
        let ann = consignment.recipients == [Recipient::plain(ANN.parse().unwrap())];
        deliver.end(&consignment, &if ann { delivered() } else { failed() });
        if !ann {
            assert_eq!(consignment.recipients, [Recipient::plain(carl.parse().unwrap())]);
        }
    }
    vault.stored(stored.ticket);
    let (_, body) = deliver.consigned().await;
    assert!(body.contains(carl) && !body.contains(BOB), "{body}");
    house.finished(id).await;
}

#[tokio::test]
async fn mail_that_policy_tags_is_sent_with_its_change_and_never_without() {
    let tagging = |wanted: &mut Wanted| {
        let rule = wanted.rules.rules.iter_mut().find(|rule| rule.name == "Probable spam");
        rule.unwrap().enabled = true;
    };
    let mut house = House::with(tagging).await;
    let mut intake = Intake::new(&house).await;
    let keeper = Keeper::new(&house).await;
    keeper.honest_cell(2);
    let mut deliver = Deliver::new(&house).await;
    let mail = Mail { body: "Subject: x\r\n\r\nPERHAPS SPAM\r\n".into(), ..to(&[ANN]) };
    let id = intake.keep(&mail).await;
    let (consignment, body) = deliver.consigned().await;
    assert_eq!(body, format!("X-Amended: yes\r\n{}", mail.body));
    assert_eq!(consignment.size, body.len() as u64);
    // Tried again after a restart, with the change made anew.
    deliver.end(&consignment, &deferred());
    house.until_listed(json!({"view": "deferred"}), 1).await;
    house.stop().await;
    house.start();
    house.pass(400);
    let keeper = Keeper::new(&house).await;
    keeper.honest_cell(1);
    let mut deliver = Deliver::new(&house).await;
    let (consignment, body) = deliver.consigned().await;
    assert!(body.starts_with("X-Amended: yes\r\n"));
    deliver.end(&consignment, &delivered());
    house.finished(id).await;
}

#[tokio::test]
async fn a_destination_that_is_down_is_left_alone_and_slows_no_other() {
    let mut house = House::with(|wanted| wanted.routing.routes[0].connections = 1).await;
    let mut intake = Intake::new(&house).await;
    let keeper = Keeper::new(&house).await;
    keeper.honest_cell(1);
    let mut deliver = Deliver::new(&house).await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(intake.keep(&to(&[ANN])).await);
    }
    let (consignment, _) = deliver.consigned().await;
    deliver.end_each(&consignment, vec![deferred()], true);
    house.until_listed(json!({"view": "deferred"}), 3).await;
    let other = intake.keep(&to(&[BOB])).await;
    let (consignment, _) = deliver.consigned().await;
    assert_eq!(consignment.id, other);
    deliver.end(&consignment, &delivered());
    // A new message for it waits as well.
    ids.push(intake.keep(&to(&[ANN])).await);
    let rows = house.until_listed(json!({"view": "deferred"}), 4).await;
    let soonest = NOON.plus_seconds(30).iso8601();
    assert!(rows.iter().all(|row| row["next"].as_str().unwrap() >= soonest.as_str()), "{rows:?}");
    assert_eq!(rows.iter().filter(|row| row["attempts"] == 1).count(), 1);
    house.pass(400);
    let mut done = Vec::new();
    for _ in 0..4 {
        let (consignment, _) = deliver.consigned().await;
        deliver.end(&consignment, &delivered());
        done.push(consignment.id);
    }
    done.sort_unstable();
    assert_eq!(done, ids);
    for id in ids {
        house.finished(id).await;
    }
}

#[tokio::test]
async fn a_destination_with_too_many_waiting_puts_the_rest_down_and_loses_none() {
    let mut house = House::with(|wanted| wanted.routing.routes[0].connections = 2).await;
    let intake = Intake::new(&house).await;
    let keeper = Keeper::new(&house).await;
    keeper.honest_cell(1);
    let mut deliver = Deliver::new(&house).await;
    let count = limits::LINE_MESSAGES + 100;
    let mut ids = Vec::new();
    let last = {
        for _ in 0..count {
            ids.push(intake.admit(&to(&[ANN])).await);
        }
        *ids.last().unwrap()
    };
    house.event(last, |deed| matches!(deed, Deed::Judged(_))).await;
    let mut counts = Counts::new();
    for _ in 0..count {
        let (consignment, _) = deliver.consigned().await;
        *counts.entry(consignment.id).or_default() += 1;
        deliver.end(&consignment, &delivered());
    }
    assert!(ids.iter().all(|id| counts.get(id) == Some(&1)));
    for id in ids {
        house.finished(id).await;
    }
    assert!(house.list(json!({})).await.is_empty());
}

#[tokio::test]
async fn a_message_for_thousands_of_recipients_at_as_many_places_is_done_in_one_round() {
    let mut house = House::with(|wanted| wanted.exceptions.recipients = 0).await;
    let mut intake = Intake::new(&house).await;
    let keeper = Keeper::new(&house).await;
    keeper.honest_cell(1);
    let mut deliver = Deliver::new(&house).await;
    let count = 2000;
    let recipients: Vec<String> = (0..count).map(|n| format!("r{n}@d{n}.test")).collect();
    let recipients: Vec<&str> = recipients.iter().map(String::as_str).collect();
    let id = intake.keep(&to(&recipients)).await;
    let mut failures = 0;
    for number in 0..count {
        let (consignment, _) = deliver.consigned().await;
        assert!(matches!(consignment.next_hop, NextHop::Mx { .. }));
        let fails = number % 2 == 0;
        failures += u32::from(fails);
        deliver.end(&consignment, &if fails { failed() } else { delivered() });
    }
    let (_, body) = deliver.consigned().await;
    assert!(body.matches("Final-Recipient").count() as u32 <= failures);
    let told = house.finished(id).await;
    let tried = told.iter().filter(|deed| matches!(deed, Deed::Attempted { .. })).count();
    assert_eq!(tried, count);
}

#[tokio::test]
async fn a_consignment_with_an_outcome_for_each_recipient() {
    let (mut house, mut intake, _keeper, mut deliver) = house_with_scanner().await;
    let id = intake.keep(&to(&["x@a.test", "y@a.test", "z@a.test"])).await;
    let (consignment, _) = deliver.consigned().await;
    assert_eq!(consignment.recipients.len(), 3);
    // One outcome too few: the last recipient is tried again.
    deliver.end_each(&consignment, vec![delivered(), failed()], false);
    house.notice(id).await;
    let (notice, body) = deliver.consigned().await;
    assert!(body.contains("y@a.test") && !body.contains("z@a.test"), "{body}");
    deliver.end(&notice, &delivered());
    house.until_listed(json!({"view": "deferred"}), 1).await;
    house.pass(400);
    let (consignment, _) = deliver.consigned().await;
    assert_eq!(consignment.recipients, [Recipient::plain("z@a.test".parse().unwrap())]);
    deliver.end(&consignment, &delivered());
    house.finished(id).await;
}

#[tokio::test]
async fn the_events_of_an_attempt_name_the_next_one() {
    let (mut house, mut intake, _keeper, mut deliver) = house_with_scanner().await;
    let id: MessageId = intake.keep(&to(&[ANN])).await;
    let (consignment, _) = deliver.consigned().await;
    deliver.end(&consignment, &deferred());
    let deed = house.event(id, |deed| matches!(deed, Deed::Attempted { .. })).await;
    let Deed::Attempted { next: Some(next), recipients, .. } = deed else { panic!("{deed:?}") };
    assert!(next > Timestamp(NOON.0 + 200_000) && next < Timestamp(NOON.0 + 400_000));
    assert_eq!(recipients.len(), 1);
}
