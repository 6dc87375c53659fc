//! Scans and verdicts, and cells that die, hang and lie.

use ipc::contracts::{Admission, Answer, IntakeToQueue, Retirement, Used};
use mail::{Deed, Findings};
use policy::Action;

use super::house::*;

/// The policy refuses malware inside the session.
fn refuse_malware(wanted: &mut Wanted) {
    wanted.rules.rules[1].action = Action::Refuse;
}

fn infected(recipients: &[&str]) -> Mail {
    Mail { body: "Subject: x\r\n\r\nMALWARE\r\n".into(), ..to(recipients) }
}

fn in_session(mail: Mail) -> Mail {
    Mail { budget_milliseconds: 10_000, ..mail }
}

#[tokio::test]
async fn clean_mail_is_kept_delivered_and_gone() {
    let mut house = House::new().await;
    let mut intake = Intake::new(&house).await;
    let keeper = Keeper::new(&house).await;
    keeper.honest_cell(1);
    let mut deliver = Deliver::new(&house).await;
    let id = intake.keep(&in_session(to(&[ANN]))).await;
    let (consignment, body) = deliver.consigned().await;
    assert_eq!(consignment.id, id);
    assert_eq!(body, to(&[ANN]).body);
    deliver.end(&consignment, &delivered());
    deliver.until_settled(consignment.attempt).await;
    let told = house.finished(id).await;
    assert!(told.iter().any(|deed| matches!(deed, Deed::Attempted { .. })));
    assert!(house.list(serde_json::json!({})).await.is_empty());
}

#[tokio::test]
async fn what_the_session_was_told_to_refuse_is_finished() {
    let mut house = House::with(refuse_malware).await;
    let mut intake = Intake::new(&house).await;
    let keeper = Keeper::new(&house).await;
    keeper.honest_cell(1);
    let id = intake.admit(&in_session(infected(&[ANN]))).await;
    let (answered, answer) = intake.answer().await;
    assert_eq!(answered, id);
    assert!(matches!(answer, Admission::Refused(reply) if reply.code() == 550));
    intake.outlet.send(&IntakeToQueue::Refusing { id, told: true }, vec![]).unwrap();
    let told = house.finished(id).await;
    assert!(!told.iter().any(|deed| matches!(deed, Deed::Notified { .. })));
}

#[tokio::test]
async fn a_refusal_that_came_too_late_goes_on_as_a_notice() {
    let mut house = House::with(refuse_malware).await;
    let mut intake = Intake::new(&house).await;
    let keeper = Keeper::new(&house).await;
    keeper.honest_cell(1);
    let id = intake.admit(&in_session(infected(&[ANN]))).await;
    assert!(matches!(intake.answer().await.1, Admission::Refused(_)));
    intake.outlet.send(&IntakeToQueue::Refusing { id, told: false }, vec![]).unwrap();
    assert_eq!(house.notice(id).await.0, "failed");
    house.finished(id).await;
}

#[tokio::test]
async fn a_refusal_whose_intake_died_goes_on_as_a_notice() {
    let mut house = House::with(refuse_malware).await;
    let mut intake = Intake::new(&house).await;
    let keeper = Keeper::new(&house).await;
    keeper.honest_cell(1);
    let id = intake.admit(&in_session(infected(&[ANN]))).await;
    assert!(matches!(intake.answer().await.1, Admission::Refused(_)));
    drop(intake);
    assert_eq!(house.notice(id).await.0, "failed");
    house.finished(id).await;
}

#[tokio::test]
async fn nobody_is_told_of_incoming_mail_that_is_refused_too_late() {
    let mut house = House::with(refuse_malware).await;
    let mut intake = Intake::new(&house).await;
    let keeper = Keeper::new(&house).await;
    keeper.honest_cell(1);
    let mail = Mail { direction: mail::Direction::Incoming, ..infected(&[ANN]) };
    let id = intake.keep(&mail).await;
    let told = house.finished(id).await;
    assert!(told.iter().any(|deed| matches!(deed, Deed::NotNotified { .. })));
    assert!(told.iter().any(|deed| matches!(deed, Deed::Discarded { .. })));
}

#[tokio::test]
async fn a_verdict_after_the_sessions_budget_is_not_told_as_a_refusal() {
    let mut house = House::with(refuse_malware).await;
    let mut intake = Intake::new(&house).await;
    let keeper = Keeper::new(&house).await;
    let mut cell = keeper.cell(1);
    let id = intake.admit(&in_session(infected(&[ANN]))).await;
    let (job, _) = cell.asked().await;
    house.pass(10);
    cell.say(&Answer::Inspected {
        job,
        findings: found("MALWARE"),
        used: Used::default(),
        material: None,
    });
    assert_eq!(intake.answer().await, (id, Admission::Kept));
    assert_eq!(house.notice(id).await.0, "failed");
}

#[tokio::test]
async fn malware_is_stored_once_and_said_again_when_vault_comes_back() {
    let mut house = House::new().await;
    let mut intake = Intake::new(&house).await;
    let keeper = Keeper::new(&house).await;
    keeper.honest_cell(1);
    let mut vault = Vault::new(&house).await;
    let id = intake.keep(&infected(&[ANN, BOB])).await;
    let first = vault.asked().await;
    drop(vault);
    let mut vault = Vault::new(&house).await;
    let again = vault.asked().await;
    assert_eq!((first.ticket, first.area.as_str()), (again.ticket, "Malware"));
    assert_eq!(again.envelope.recipients.len(), 2);
    assert_eq!(again.body, infected(&[]).body);
    vault.stored(again.ticket);
    // A late second answer is no second end.
    vault.stored(again.ticket);
    let told = house.finished(id).await;
    let kept = told.iter().filter(|deed| matches!(deed, Deed::Quarantined { .. })).count();
    assert_eq!(kept, 1);
}

#[tokio::test]
async fn mail_waits_for_a_vault_that_does_not_take_it_and_is_never_returned() {
    let mut house = House::new().await;
    let mut intake = Intake::new(&house).await;
    let keeper = Keeper::new(&house).await;
    keeper.honest_cell(1);
    let mut vault = Vault::new(&house).await;
    let id = intake.keep(&infected(&[ANN])).await;
    let refuse =
        |ticket| ipc::contracts::VaultToQueue::NotStored { ticket, because: "full".into() };
    for seconds in [3600, 6 * 86_400, 86_400] {
        let ticket = vault.asked().await.ticket;
        vault.outlet.send(&refuse(ticket), vec![]).unwrap();
        house.until_listed(serde_json::json!({"view": "deferred"}), 1).await;
        house.pass(seconds);
    }
    let ticket = vault.asked().await.ticket;
    vault.stored(ticket);
    let told = house.finished(id).await;
    assert!(!told.iter().any(|deed| matches!(deed, Deed::Notified { .. })), "{told:?}");
}

#[tokio::test]
async fn two_rules_with_one_area_keep_the_message_once_for_all_their_recipients() {
    let mut house = House::with(|wanted| {
        let rule = |name: &str, to: &str| policy::Rule {
            name: name.into(),
            recipients: vec![to.into()],
            area: "Both".into(),
            ..policy::Rule::default()
        };
        wanted.rules.rules = vec![rule("one", ANN), rule("two", BOB)];
    })
    .await;
    let mut intake = Intake::new(&house).await;
    let keeper = Keeper::new(&house).await;
    keeper.honest_cell(1);
    let mut vault = Vault::new(&house).await;
    let id = intake.keep(&to(&[ANN, BOB])).await;
    let stored = vault.asked().await;
    assert_eq!(stored.envelope.recipients.len(), 2);
    vault.stored(stored.ticket);
    house.finished(id).await;
}

#[tokio::test]
async fn a_mail_that_kills_two_cells_is_unscannable_and_never_delivered() {
    let mut house = House::new().await;
    let mut intake = Intake::new(&house).await;
    let keeper = Keeper::new(&house).await;
    let deliver = Deliver::new(&house).await;
    let mut vault = Vault::new(&house).await;
    let id = intake.keep(&to(&[ANN])).await;
    for number in 1..=2 {
        let mut cell = keeper.cell(number);
        assert_eq!(cell.asked().await.1, id);
        drop(cell);
    }
    let stored = vault.asked().await;
    assert_eq!(stored.area, "Unscannable");
    vault.stored(stored.ticket);
    let told = house.finished(id).await;
    let lost = told.iter().filter(|deed| matches!(deed, Deed::WorkerLost { .. })).count();
    assert_eq!(lost, 2);
    assert!(!told.iter().any(|deed| matches!(deed, Deed::Attempted { .. })));
    drop(deliver);
}

#[tokio::test]
async fn strikes_outlast_a_restart() {
    let mut house = House::new().await;
    let mut intake = Intake::new(&house).await;
    let keeper = Keeper::new(&house).await;
    let id = intake.keep(&to(&[ANN])).await;
    let mut cell = keeper.cell(1);
    cell.asked().await;
    drop(cell);
    house.event(id, |deed| matches!(deed, Deed::WorkerLost { .. })).await;
    house.stop().await;
    house.start();
    let keeper = Keeper::new(&house).await;
    let mut vault = Vault::new(&house).await;
    let mut cell = keeper.cell(1);
    cell.asked().await;
    drop(cell);
    assert_eq!(vault.asked().await.area, "Unscannable");
}

/// A cell that lies is killed; its mail is scanned again by another one and delivered.
async fn lie(answer: impl FnOnce(u64) -> Answer) {
    let mut house = House::new().await;
    let mut intake = Intake::new(&house).await;
    let mut keeper = Keeper::new(&house).await;
    let mut deliver = Deliver::new(&house).await;
    let mut liar = keeper.cell(7);
    let id = intake.keep(&to(&[ANN])).await;
    let (job, _) = liar.asked().await;
    liar.say(&answer(job));
    assert_eq!(keeper.killed().await, 7);
    house.event(id, |deed| matches!(deed, Deed::WorkerLost { .. })).await;
    keeper.honest_cell(8);
    let (consignment, _) = deliver.consigned().await;
    deliver.end(&consignment, &delivered());
    let told = house.finished(id).await;
    let lost = told.iter().filter(|deed| matches!(deed, Deed::WorkerLost { .. })).count();
    assert_eq!(lost, 1);
}

#[tokio::test]
async fn a_cell_that_answers_another_job_is_killed() {
    lie(|job| Answer::Inspected {
        job: job + 1,
        findings: Findings::default(),
        used: Used::default(),
        material: None,
    })
    .await;
}

#[tokio::test]
async fn a_cell_whose_findings_are_out_of_bounds_is_killed() {
    let findings = Findings { spam: mail::SpamJudgement::of(f64::INFINITY), ..Findings::default() };
    lie(|job| Answer::Inspected { job, findings, used: Used::default(), material: None }).await;
}

#[tokio::test]
async fn a_cell_that_answers_another_question_about_its_job_is_killed() {
    lie(|job| Answer::Amended { job, size: 9 }).await;
}

#[tokio::test]
async fn a_cell_that_speaks_out_of_turn_fills_no_memory_and_harms_no_other() {
    let mut house = House::new().await;
    let mut intake = Intake::new(&house).await;
    let mut keeper = Keeper::new(&house).await;
    let mut deliver = Deliver::new(&house).await;
    let mut liar = keeper.cell(7);
    let id = intake.keep(&to(&[ANN])).await;
    liar.asked().await;
    for job in 0..5000 {
        liar.say(&Answer::Inspected {
            job: job + 1000,
            findings: Findings::default(),
            used: Used::default(),
            material: None,
        });
    }
    assert_eq!(keeper.killed().await, 7);
    keeper.honest_cell(8);
    let (consignment, _) = deliver.consigned().await;
    deliver.end(&consignment, &delivered());
    house.finished(id).await;
}

#[tokio::test]
async fn a_cell_that_hangs_is_killed_after_the_wall_time() {
    let mut house = House::with(|wanted| wanted.retry.scan_wall_seconds = 5).await;
    let mut intake = Intake::new(&house).await;
    let mut keeper = Keeper::new(&house).await;
    let mut deliver = Deliver::new(&house).await;
    let mut hung = keeper.cell(3);
    let id = intake.keep(&to(&[ANN])).await;
    hung.asked().await;
    house.pass(6);
    assert_eq!(keeper.killed().await, 3);
    keeper.honest_cell(4);
    let (consignment, _) = deliver.consigned().await;
    deliver.end(&consignment, &delivered());
    house.finished(id).await;
}

#[tokio::test]
async fn mail_that_no_scanner_takes_is_unscannable_in_the_end_and_never_clean() {
    let house = House::new().await;
    let mut intake = Intake::new(&house).await;
    let mut vault = Vault::new(&house).await;
    let _deliver = Deliver::new(&house).await;
    intake.keep(&to(&[ANN])).await;
    house.pass(1801);
    assert_eq!(vault.asked().await.area, "Unscannable");
}

#[tokio::test]
async fn a_long_line_before_scanners_that_work_is_not_given_up() {
    let house = House::with(|wanted| wanted.retry.scan_wall_seconds = 600).await;
    let mut intake = Intake::new(&house).await;
    let keeper = Keeper::new(&house).await;
    let mut deliver = Deliver::new(&house).await;
    let mut cell = keeper.cell(1);
    for _ in 0..5 {
        intake.keep(&to(&[ANN])).await;
    }
    for _ in 0..5 {
        let (job, id) = cell.asked().await;
        house.pass(590);
        house.tick().await;
        cell.say(&Answer::Inspected {
            job,
            findings: Findings::default(),
            used: Used::default(),
            material: None,
        });
        assert_eq!(deliver.consigned().await.0.id, id);
    }
}

#[tokio::test]
async fn mail_whose_keeper_dies_has_no_strike_and_a_new_keepers_cells_are_not_mistaken() {
    let mut house = House::new().await;
    let mut intake = Intake::new(&house).await;
    let keeper = Keeper::new(&house).await;
    let mut deliver = Deliver::new(&house).await;
    let mut old = keeper.cell(1);
    let id = intake.keep(&to(&[ANN])).await;
    old.asked().await;
    // The new keeper is there before the old one's cell is gone, and counts from 1 as well.
    drop(keeper);
    let keeper = Keeper::new(&house).await;
    let mut new = keeper.cell(1);
    let (job, again) = new.asked().await;
    assert_eq!(again, id);
    drop(old);
    house.tick().await;
    new.say(&Answer::Inspected {
        job,
        findings: Findings::default(),
        used: Used::default(),
        material: None,
    });
    let (consignment, _) = deliver.consigned().await;
    deliver.end(&consignment, &delivered());
    let told = house.finished(id).await;
    assert!(!told.iter().any(|deed| matches!(deed, Deed::WorkerLost { .. })), "{told:?}");
}

#[tokio::test]
async fn a_retiring_cell_gets_no_further_job() {
    let house = House::new().await;
    let mut intake = Intake::new(&house).await;
    let keeper = Keeper::new(&house).await;
    let mut deliver = Deliver::new(&house).await;
    let mut cell = keeper.cell(1);
    intake.keep(&to(&[ANN])).await;
    let (job, _) = cell.asked().await;
    cell.say(&Answer::Retiring { because: Retirement::Mails });
    cell.say(&Answer::Inspected {
        job,
        findings: Findings::default(),
        used: Used::default(),
        material: None,
    });
    deliver.consigned().await;
    let second = intake.keep(&to(&[ANN])).await;
    keeper.honest_cell(2);
    assert_eq!(deliver.consigned().await.0.id, second);
    drop(deliver);
    drop(house);
    assert!(cell.inlet.receive().await.is_ok_and(|job| job.is_none()));
}

#[tokio::test]
async fn a_changed_policy_judges_the_mail_that_comes_after_it() {
    let mut house = House::new().await;
    let mut intake = Intake::new(&house).await;
    let keeper = Keeper::new(&house).await;
    keeper.honest_cell(1);
    let mut deliver = Deliver::new(&house).await;
    intake.keep(&to(&[ANN])).await;
    deliver.consigned().await;
    house.change(|wanted| {
        let rule = policy::Rule {
            name: "nothing".into(),
            action: Action::Discard,
            ..policy::Rule::default()
        };
        wanted.rules.rules = vec![rule];
    });
    let taken_over = async {
        while house.ask("queue.health", serde_json::json!({})).await.unwrap()[0]["revision"] != 2 {
            tokio::task::yield_now().await;
        }
    };
    soon("the new policy", taken_over).await;
    let second = intake.keep(&to(&[ANN])).await;
    let told = house.finished(second).await;
    assert!(told.iter().any(|deed| matches!(deed, Deed::Discarded { .. })));
}

#[tokio::test]
async fn more_malware_than_vault_takes_at_once_is_all_kept_and_each_once() {
    let mut house = House::new().await;
    let mut intake = Intake::new(&house).await;
    let keeper = Keeper::new(&house).await;
    keeper.honest_cell(1);
    let count = crate::limits::TICKETS + 50;
    let mut ids = Vec::new();
    for _ in 0..count {
        ids.push(intake.keep(&infected(&[ANN])).await);
    }
    let last = ids.last().copied().unwrap();
    house.event(last, |deed| matches!(deed, Deed::Judged(_))).await;
    let mut vault = Vault::new(&house).await;
    let mut kept = Vec::new();
    for _ in 0..count {
        let stored = vault.asked().await;
        vault.stored(stored.ticket);
        kept.push(stored.envelope.id);
    }
    kept.sort_unstable();
    assert_eq!(kept, ids);
    for id in ids {
        house.finished(id).await;
    }
}
