//! What outlives queue, intake and vault.

use ipc::contracts::{Admission, QueueToVault, VaultToQueue};
use mail::{Deed, MessageId};
use serde_json::json;

use super::house::*;

#[tokio::test]
async fn a_restarted_queue_takes_up_what_is_unfinished_and_nothing_else() {
    let mut house = House::new().await;
    let mut intake = Intake::new(&house).await;
    let keeper = Keeper::new(&house).await;
    keeper.honest_cell(1);
    let mut deliver = Deliver::new(&house).await;
    let done = intake.keep(&to(&[ANN])).await;
    let (consignment, _) = deliver.consigned().await;
    deliver.end(&consignment, &delivered());
    deliver.until_settled(consignment.attempt).await;
    house.finished(done).await;
    let later = intake.keep(&to(&[ANN])).await;
    let (consignment, _) = deliver.consigned().await;
    deliver.end(&consignment, &deferred());
    deliver.until_settled(consignment.attempt).await;
    let tried = intake.keep(&to(&[BOB])).await;
    deliver.consigned().await;
    house.kill().await;
    house.start();
    let keeper = Keeper::new(&house).await;
    let deferred = house.until_listed(json!({"view": "deferred"}), 1).await;
    assert_eq!(deferred[0]["id"], later.to_string());
    let active = house.until_listed(json!({"view": "active"}), 1).await;
    assert_eq!(active[0]["id"], tried.to_string());
    assert!(house.list(json!({"id": done.to_string()})).await.is_empty());
    keeper.honest_cell(1);
    let mut deliver = Deliver::new(&house).await;
    let (consignment, _) = deliver.consigned().await;
    assert_eq!(consignment.id, tried);
    deliver.end(&consignment, &delivered());
    house.pass(400);
    let (consignment, _) = deliver.consigned().await;
    assert_eq!(consignment.id, later);
    deliver.end(&consignment, &delivered());
    house.finished(later).await;
    assert_eq!(house.told(done).iter().filter(|deed| **deed == Deed::Finished).count(), 1);
}

#[tokio::test]
async fn what_was_delivered_before_a_stop_is_not_delivered_after_it() {
    let mut house = House::new().await;
    let mut intake = Intake::new(&house).await;
    let keeper = Keeper::new(&house).await;
    keeper.honest_cell(1);
    let mut deliver = Deliver::new(&house).await;
    let id = intake.keep(&to(&[ANN])).await;
    let (consignment, _) = deliver.consigned().await;
    deliver.end(&consignment, &delivered());
    house.finished(id).await;
    house.stop().await;
    house.start();
    assert!(house.list(json!({})).await.is_empty());
}

#[tokio::test]
async fn who_has_it_already_does_not_get_it_again_when_queue_dies_in_the_middle_of_a_round() {
    let mut house = House::new().await;
    let mut intake = Intake::new(&house).await;
    let keeper = Keeper::new(&house).await;
    keeper.honest_cell(1);
    let mut deliver = Deliver::new(&house).await;
    let id = intake.keep(&to(&[ANN, BOB, "carl@c.test"])).await;
    let mut waiting = Vec::new();
    for _ in 0..3 {
        let (consignment, _) = deliver.consigned().await;
        let to = consignment.recipients[0].address.to_string();
        match to.as_str() {
            ANN => deliver.end(&consignment, &delivered()),
            BOB => deliver.end(&consignment, &failed()),
            _ => continue,
        }
        waiting.push(consignment.attempt);
    }
    // Once this is said, the outcome must be on the disk.
    for attempt in waiting {
        deliver.until_settled(attempt).await;
    }
    house.kill().await;
    house.start();
    let keeper = Keeper::new(&house).await;
    keeper.honest_cell(1);
    let mut deliver = Deliver::new(&house).await;
    let mut again = Vec::new();
    for _ in 0..2 {
        let (consignment, _) = deliver.consigned().await;
        let to = consignment.recipients[0].address.to_string();
        deliver.end(&consignment, &if to == BOB { failed() } else { delivered() });
        again.push(to);
    }
    again.sort_unstable();
    assert_eq!(again, [BOB, "carl@c.test"]);
    // The one that failed is told of, although its first end was cut off.
    assert_eq!(house.notice(id).await.0, "failed");
}

#[tokio::test]
async fn mail_that_a_dead_intake_sealed_and_never_told_is_found_by_the_next() {
    let mut house = House::new().await;
    let keeper = Keeper::new(&house).await;
    keeper.honest_cell(1);
    let mut deliver = Deliver::new(&house).await;
    let intake = Intake::new(&house).await;
    let (_, _, id) = intake.seal(&to(&[ANN])).await;
    drop(intake);
    let _intake = Intake::new(&house).await;
    let (consignment, body) = deliver.consigned().await;
    assert_eq!((consignment.id, body), (id, to(&[]).body));
    deliver.end(&consignment, &delivered());
    house.finished(id).await;
}

#[tokio::test]
async fn mail_whose_adoption_was_lost_is_found_while_its_intake_goes_on() {
    let mut house = House::new().await;
    let mut intake = Intake::new(&house).await;
    let (admit, body, id) = intake.seal(&to(&[ANN])).await;
    house.kill().await;
    house.start();
    intake.reconnect(&house).await;
    let keeper = Keeper::new(&house).await;
    keeper.honest_cell(1);
    let mut deliver = Deliver::new(&house).await;
    let (consignment, _) = deliver.consigned().await;
    assert_eq!(consignment.id, id);
    // Told again meanwhile: the same, not a second one.
    intake.outlet.send(&admit, vec![body]).unwrap();
    assert_eq!(intake.answer().await, (id, Admission::Kept));
    deliver.end(&consignment, &delivered());
    house.finished(id).await;
    intake.outlet.send(&admit, vec![ipc::sealed_memory(b"x").unwrap()]).unwrap();
    assert_eq!(intake.answer().await, (id, Admission::Kept));
    let second = intake.keep(&to(&[ANN])).await;
    assert_eq!(deliver.consigned().await.0.id, second);
}

#[tokio::test]
async fn mail_whose_body_did_not_come_with_it_is_read_from_the_spool() {
    let mut house = House::new().await;
    let mut intake = Intake::new(&house).await;
    let keeper = Keeper::new(&house).await;
    keeper.honest_cell(1);
    let mut deliver = Deliver::new(&house).await;
    let (admit, _, id) = intake.seal(&to(&[ANN])).await;
    intake.outlet.send(&admit, vec![]).unwrap();
    assert_eq!(intake.answer().await, (id, Admission::Kept));
    let (consignment, body) = deliver.consigned().await;
    assert_eq!(body, to(&[]).body);
    deliver.end(&consignment, &delivered());
    house.finished(id).await;
}

fn released(body: &str) -> (mail::Envelope, String) {
    let mail = Mail { body: body.to_owned(), ..to(&[ANN]) };
    (envelope(MessageId(77), &mail, NOON), mail.body)
}

async fn readmitted(vault: &mut Vault) {
    let (message, _) = vault.next().await;
    let wanted = QueueToVault::Readmitted { item: "item-5".into(), id: MessageId(77) };
    assert_eq!(message, wanted);
}

fn confirm(vault: &Vault) {
    let confirmed = VaultToQueue::Confirmed { item: "item-5".into(), id: MessageId(77) };
    vault.outlet.send(&confirmed, vec![]).unwrap();
}

#[tokio::test]
async fn a_release_said_twice_is_one_message() {
    let mut house = House::new().await;
    let keeper = Keeper::new(&house).await;
    keeper.honest_cell(1);
    let mut deliver = Deliver::new(&house).await;
    let mut vault = Vault::new(&house).await;
    let (envelope, body) = released("Subject: x\r\n\r\nfree\r\n");
    vault.readmit("item-5", &envelope, &body);
    readmitted(&mut vault).await;
    // vault dies before it has noted that, and asks again.
    drop(vault);
    let mut vault = Vault::new(&house).await;
    vault.readmit("item-5", &envelope, &body);
    readmitted(&mut vault).await;
    confirm(&vault);
    let (consignment, got) = deliver.consigned().await;
    assert_eq!((consignment.id, got), (MessageId(77), body));
    deliver.end(&consignment, &delivered());
    let told = house.finished(MessageId(77)).await;
    assert_eq!(told.iter().filter(|deed| matches!(deed, Deed::Received { .. })).count(), 1);
    assert!(house.list(json!({})).await.is_empty());
}

#[tokio::test]
async fn a_release_that_vault_has_not_confirmed_outlives_queue() {
    let mut house = House::new().await;
    let mut vault = Vault::new(&house).await;
    let (envelope, body) = released("Subject: x\r\n\r\nfree\r\n");
    vault.readmit("item-5", &envelope, &body);
    readmitted(&mut vault).await;
    house.kill().await;
    house.start();
    let keeper = Keeper::new(&house).await;
    keeper.honest_cell(1);
    let mut deliver = Deliver::new(&house).await;
    let mut vault = Vault::new(&house).await;
    readmitted(&mut vault).await;
    confirm(&vault);
    let (consignment, _) = deliver.consigned().await;
    deliver.end(&consignment, &delivered());
    house.finished(MessageId(77)).await;
}

#[tokio::test]
async fn released_malware_is_held_again() {
    let house = House::new().await;
    let keeper = Keeper::new(&house).await;
    keeper.honest_cell(1);
    let _deliver = Deliver::new(&house).await;
    let mut vault = Vault::new(&house).await;
    let (envelope, body) = released("Subject: x\r\n\r\nMALWARE\r\n");
    vault.readmit("item-5", &envelope, &body);
    readmitted(&mut vault).await;
    confirm(&vault);
    let stored = vault.asked().await;
    assert_eq!((stored.area.as_str(), stored.envelope.id), ("Malware", MessageId(77)));
}

#[tokio::test]
async fn a_release_without_its_body_is_not_taken() {
    let house = House::new().await;
    let mut vault = Vault::new(&house).await;
    let (envelope, _) = released("");
    let readmit = VaultToQueue::Readmit {
        item: "item-5".into(),
        id: envelope.id,
        envelope: Box::new(envelope),
        skip_rule: String::new(),
        actor: String::new(),
    };
    vault.outlet.send(&readmit, vec![]).unwrap();
    assert!(matches!(vault.next().await.0, QueueToVault::NotReadmitted { .. }));
}
