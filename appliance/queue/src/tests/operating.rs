//! Operators' verbs, on mail in every stage.

use mail::Deed;
use serde_json::json;

use super::house::*;

/// A message that is deferred after one attempt.
async fn deferred_mail(
    house: &House,
    intake: &mut Intake,
    deliver: &mut Deliver,
) -> mail::MessageId {
    let id = intake.keep(&to(&[ANN])).await;
    let (consignment, _) = deliver.consigned().await;
    deliver.end(&consignment, &deferred());
    let filter = json!({"view": "deferred", "id": id.to_string()});
    house.until_listed(filter, 1).await;
    id
}

async fn whole_house() -> (House, Intake, Keeper, Deliver) {
    let house = House::new().await;
    let intake = Intake::new(&house).await;
    let keeper = Keeper::new(&house).await;
    keeper.honest_cell(1);
    let deliver = Deliver::new(&house).await;
    (house, intake, keeper, deliver)
}

#[tokio::test]
async fn a_row_says_what_an_administrator_asks_first() {
    let (house, mut intake, _keeper, mut deliver) = whole_house().await;
    let id = deferred_mail(&house, &mut intake, &mut deliver).await;
    house.pass(60);
    let row = house.list(json!({"sender": "*@away.test"})).await.remove(0);
    assert_eq!(row["id"], id.to_string());
    assert_eq!(row["sender"], SENDER);
    assert_eq!(row["recipients"], json!([ANN]));
    assert_eq!(row["destinations"], json!(["mx.a.test:25"]));
    assert_eq!((&row["attempts"], &row["age_seconds"]), (&json!(1), &json!(60)));
    assert_eq!(row["reason"], "451 4.3.0 not now");
    let summary = house.ask("queue.summary", json!({})).await.unwrap().remove(0);
    assert_eq!((&summary["deferred"], &summary["active"]), (&json!(1), &json!(0)));
    assert_eq!(house.ask("queue.list", json!({"sender": "x@y.test"})).await, Err(1));
    assert_eq!(house.ask("queue.list", json!({"view": "nowhere"})).await, Err(2));
    assert_eq!(house.ask("queue.dance", json!({})).await, Err(2));
}

#[tokio::test]
async fn deferred_mail_is_held_released_and_delivered() {
    let (mut house, mut intake, _keeper, mut deliver) = whole_house().await;
    let id = deferred_mail(&house, &mut intake, &mut deliver).await;
    let done = house.ask("queue.hold", json!({"id": id.to_string()})).await.unwrap();
    assert_eq!(done[0]["messages"], 1);
    house.pass(10_000);
    house.tick().await;
    assert_eq!(house.list(json!({"view": "hold"})).await.len(), 1);
    // Holding outlives a restart.
    house.stop().await;
    house.start();
    let keeper = Keeper::new(&house).await;
    keeper.honest_cell(1);
    let mut deliver = Deliver::new(&house).await;
    house.until_listed(json!({"view": "hold"}), 1).await;
    house.ask("queue.release", json!({"view": "hold"})).await.unwrap();
    let (consignment, _) = deliver.consigned().await;
    deliver.end(&consignment, &delivered());
    house.finished(id).await;
}

#[tokio::test]
async fn mail_that_is_held_while_it_waits_for_a_scan_is_not_delivered() {
    let house = House::new().await;
    let mut intake = Intake::new(&house).await;
    let keeper = Keeper::new(&house).await;
    let mut deliver = Deliver::new(&house).await;
    intake.keep(&to(&[ANN])).await;
    house.ask("queue.hold", json!({"sender": SENDER})).await.unwrap();
    keeper.honest_cell(1);
    house.until_listed(json!({"view": "hold"}), 1).await;
    let other = intake.keep(&to(&[ANN])).await;
    let (consignment, _) = deliver.consigned().await;
    assert_eq!(consignment.id, other);
}

#[tokio::test]
async fn mail_held_twice_and_released_twice_is_scanned_and_delivered_once() {
    let mut house = House::new().await;
    let mut intake = Intake::new(&house).await;
    let id = intake.keep(&to(&[ANN])).await;
    // After the restart it waits for a scan in the spool only.
    house.stop().await;
    house.start();
    for verb in ["queue.hold", "queue.release", "queue.hold", "queue.release", "queue.requeue"] {
        assert!(house.ask(verb, json!({"id": id.to_string()})).await.is_ok(), "{verb}");
        house.tick().await;
    }
    let keeper = Keeper::new(&house).await;
    keeper.honest_cell(1);
    keeper.honest_cell(2);
    let mut deliver = Deliver::new(&house).await;
    let (consignment, _) = deliver.consigned().await;
    deliver.end(&consignment, &delivered());
    let told = house.finished(id).await;
    let scans = told.iter().filter(|deed| matches!(deed, Deed::Inspected(_))).count();
    assert_eq!(scans, 1);
}

#[tokio::test]
async fn mail_is_deleted_without_a_word_in_every_stage() {
    let mut house = House::new().await;
    let mut intake = Intake::new(&house).await;
    let keeper = Keeper::new(&house).await;
    let mut deliver = Deliver::new(&house).await;
    let delete = |id: mail::MessageId| json!({"id": id.to_string()});
    // With a cell.
    let mut cell = keeper.cell(1);
    let scanned = intake.keep(&to(&[ANN])).await;
    let (job, _) = cell.asked().await;
    house.ask("queue.delete", delete(scanned)).await.unwrap();
    cell.say(&ipc::contracts::Answer::Inspected {
        job,
        findings: found(""),
        used: ipc::contracts::Used::default(),
        material: None,
    });
    house.finished(scanned).await;
    tokio::spawn(async move { while cell.work().await {} });
    // Deferred, and held.
    let put_off = deferred_mail(&house, &mut intake, &mut deliver).await;
    let held = deferred_mail(&house, &mut intake, &mut deliver).await;
    house.ask("queue.hold", delete(held)).await.unwrap();
    // With deliver: done when the attempt has ended.
    let tried = intake.keep(&to(&[BOB])).await;
    let (consignment, _) = deliver.consigned().await;
    house.ask("queue.delete", json!({})).await.unwrap();
    deliver.end(&consignment, &deferred());
    for id in [put_off, held, tried] {
        let told = house.finished(id).await;
        assert!(!told.iter().any(|deed| matches!(deed, Deed::Notified { .. })));
    }
    assert!(house.list(json!({})).await.is_empty());
    house.pass(100_000);
    house.stop().await;
    house.start();
    assert!(house.list(json!({})).await.is_empty());
}

#[tokio::test]
async fn mail_that_was_never_judged_can_be_held_and_deleted_after_a_restart() {
    let mut house = House::new().await;
    let mut intake = Intake::new(&house).await;
    let ids = [intake.keep(&to(&[ANN])).await, intake.keep(&to(&[ANN])).await];
    house.stop().await;
    house.start();
    house.ask("queue.hold", json!({"id": ids[0].to_string()})).await.unwrap();
    house.ask("queue.delete", json!({})).await.unwrap();
    for id in ids {
        house.finished(id).await;
    }
    assert!(house.list(json!({})).await.is_empty());
}

#[tokio::test]
async fn mail_is_returned_with_a_notice() {
    let (mut house, mut intake, _keeper, mut deliver) = whole_house().await;
    let id = deferred_mail(&house, &mut intake, &mut deliver).await;
    house.ask("queue.bounce", json!({"recipient": "ann@*"})).await.unwrap();
    assert_eq!(house.notice(id).await.0, "failed");
    let (_, body) = deliver.consigned().await;
    assert!(body.contains("administrator"), "{body}");
    house.finished(id).await;
}

#[tokio::test]
async fn mail_that_was_never_judged_is_returned_with_a_notice_too() {
    let mut house = House::new().await;
    let mut intake = Intake::new(&house).await;
    let id = intake.keep(&to(&[ANN])).await;
    house.stop().await;
    house.start();
    house.ask("queue.bounce", json!({})).await.unwrap();
    assert_eq!(house.notice(id).await.0, "failed");
    house.finished(id).await;
}

#[tokio::test]
async fn a_requeue_tries_a_destination_that_is_down_at_once() {
    let (mut house, mut intake, _keeper, mut deliver) = whole_house().await;
    let id = intake.keep(&to(&[ANN])).await;
    let (consignment, _) = deliver.consigned().await;
    deliver.end_each(&consignment, vec![deferred()], true);
    house.until_listed(json!({"view": "deferred"}), 1).await;
    house.ask("queue.requeue", json!({})).await.unwrap();
    let (consignment, _) = deliver.consigned().await;
    deliver.end(&consignment, &delivered());
    house.finished(id).await;
}

#[tokio::test]
async fn mail_in_line_behind_others_obeys_before_its_attempt() {
    let mut house = House::with(|wanted| wanted.routing.routes[0].connections = 1).await;
    let mut intake = Intake::new(&house).await;
    let keeper = Keeper::new(&house).await;
    keeper.honest_cell(1);
    let mut deliver = Deliver::new(&house).await;
    intake.keep(&to(&[ANN])).await;
    let (first, _) = deliver.consigned().await;
    let second = intake.keep(&to(&[ANN])).await;
    let third = intake.keep(&to(&[ANN])).await;
    house.event(third, |deed| matches!(deed, Deed::Judged(_))).await;
    house.ask("queue.delete", json!({"id": second.to_string()})).await.unwrap();
    deliver.end(&first, &delivered());
    assert_eq!(deliver.consigned().await.0.id, third);
    let told = house.finished(second).await;
    assert!(!told.iter().any(|deed| matches!(deed, Deed::Attempted { .. })));
}

#[tokio::test]
async fn a_dry_run_and_a_limit_do_no_more_than_they_say() {
    let house = House::new().await;
    let mut intake = Intake::new(&house).await;
    for _ in 0..5 {
        intake.keep(&to(&[ANN])).await;
    }
    let dry = house.ask("queue.delete", json!({"dry_run": true})).await.unwrap();
    assert_eq!((&dry[0]["messages"], &dry[0]["dry_run"]), (&json!(5), &json!(true)));
    assert_eq!(house.list(json!({"limit": 2})).await.len(), 2);
    assert_eq!(house.list(json!({})).await.len(), 5);
}

#[tokio::test]
async fn a_reader_that_takes_nothing_delays_no_mail_and_no_other_reader() {
    let (mut house, mut intake, _keeper, mut deliver) = whole_house().await;
    house.change(|wanted| wanted.retry.lifetime_seconds = 86_400);
    for _ in 0..crate::limits::LIST_PAGE {
        // Rows long enough to fill a socket.
        let many: Vec<String> = (0..60).map(|n| format!("recipient-{n:0>40}@c.test")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        intake.keep(&to(&many)).await;
        let (consignment, _) = deliver.consigned().await;
        deliver.end(&consignment, &deferred());
    }
    house.until_listed(json!({"view": "deferred"}), crate::limits::LIST_PAGE).await;
    let slow = ipc::ask(&house.paths(), ipc::Role::Queue, "queue.list", "{}".into()).await;
    let id = intake.keep(&to(&[ANN])).await;
    let (consignment, _) = deliver.consigned().await;
    deliver.end(&consignment, &delivered());
    house.finished(id).await;
    assert_eq!(house.list(json!({})).await.len(), crate::limits::LIST_PAGE);
    let mut slow = slow.unwrap();
    let mut rows = 0;
    while let Some(row) = soon("a row", slow.next()).await {
        row.unwrap();
        rows += 1;
    }
    assert!(rows >= crate::limits::LIST_PAGE);
}
