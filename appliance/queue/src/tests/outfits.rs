//! How cells change what they work with: one first, then all, between two messages, and not at all
//! when it is no good.

use ipc::contracts::{
    Answer, Job, KeeperToQueue, Outfit, PackFacts, QueueToKeeper, Retirement, Used,
};
use mail::Findings;

use super::house::*;

fn outfit(number: u64) -> Outfit {
    let version = format!("pack {number}");
    let pack = PackFacts { octets: 4, version, signatures: number, ..PackFacts::default() };
    Outfit { number, pack: Some(pack), ..Outfit::default() }
}

impl Keeper {
    fn offer(&self, number: u64) {
        let offer = KeeperToQueue::Outfit(Box::new(outfit(number)));
        let pack = ipc::sealed_memory(b"pack").unwrap();
        self.outlet.send(&offer, vec![pack]).unwrap();
    }

    /// What became of an offer.
    async fn fate(&mut self) -> (u64, Option<String>) {
        loop {
            let (said, _) = soon("a word", self.inlet.receive()).await.unwrap().unwrap();
            if let QueueToKeeper::Outfitted { number, refused } = said {
                return (number, refused);
            }
        }
    }
}

impl Cell {
    /// The next job, which must be an outfit; its number and the version of its pack.
    async fn handed(&mut self) -> (u64, String) {
        let (job, descriptors) = soon("a job", self.inlet.receive()).await.unwrap().unwrap();
        let Job::Outfit(outfit) = job else { panic!("{job:?}") };
        assert_eq!(read(descriptors), "pack");
        (outfit.number, outfit.pack.unwrap().version)
    }

    async fn takes(&mut self, version: &str) {
        let (number, handed) = self.handed().await;
        assert_eq!(handed, version);
        self.say(&Answer::Outfitted { number, refused: None });
    }

    async fn inspects(&mut self) {
        let (job, _) = self.asked().await;
        self.say(&Answer::Inspected {
            job,
            findings: Findings::default(),
            used: Used::default(),
            material: None,
        });
    }
}

async fn version(house: &House) -> serde_json::Value {
    house.ask("queue.health", serde_json::json!({})).await.unwrap()[0]["patterns"]["pack_version"]
        .clone()
}

#[tokio::test]
async fn a_cell_takes_the_outfit_over_before_its_first_message() {
    let house = House::new().await;
    let mut intake = Intake::new(&house).await;
    let mut keeper = Keeper::new(&house).await;
    let mut deliver = Deliver::new(&house).await;
    keeper.offer(1);
    intake.keep(&to(&[ANN])).await;
    let mut cell = keeper.cell(1);
    cell.takes("pack 1").await;
    cell.inspects().await;
    deliver.consigned().await;
    assert_eq!(keeper.fate().await, (1, None));
    assert_eq!(version(&house).await, "pack 1");
}

#[tokio::test]
async fn one_cell_tries_a_new_outfit_while_the_others_go_on_with_the_old_one() {
    let house = House::new().await;
    let mut intake = Intake::new(&house).await;
    let mut keeper = Keeper::new(&house).await;
    let mut deliver = Deliver::new(&house).await;
    keeper.offer(1);
    let mut first = keeper.cell(1);
    first.takes("pack 1").await;
    keeper.fate().await;
    let mut second = keeper.cell(2);
    second.takes("pack 1").await;
    keeper.offer(2);
    // The first that is free is on trial, and says nothing yet: mail goes to the other.
    let (number, trying) = first.handed().await;
    assert_eq!(trying, "pack 2");
    for _ in 0..3 {
        intake.keep(&to(&[ANN])).await;
        second.inspects().await;
        deliver.consigned().await;
    }
    assert_eq!(version(&house).await, "pack 1");
    first.say(&Answer::Outfitted { number, refused: None });
    assert_eq!(keeper.fate().await, (2, None));
    second.takes("pack 2").await;
    assert_eq!(version(&house).await, "pack 2");
}

#[tokio::test]
async fn a_busy_cell_takes_the_new_outfit_over_after_its_message() {
    let house = House::new().await;
    let mut intake = Intake::new(&house).await;
    let keeper = Keeper::new(&house).await;
    let mut deliver = Deliver::new(&house).await;
    keeper.offer(1);
    let mut cell = keeper.cell(1);
    cell.takes("pack 1").await;
    intake.keep(&to(&[ANN])).await;
    let (job, _) = cell.asked().await;
    keeper.offer(2);
    cell.say(&Answer::Inspected {
        job,
        findings: Findings::default(),
        used: Used::default(),
        material: None,
    });
    deliver.consigned().await;
    cell.takes("pack 2").await;
    intake.keep(&to(&[ANN])).await;
    cell.inspects().await;
    deliver.consigned().await;
}

#[tokio::test]
async fn a_refused_outfit_is_told_and_the_old_one_stays() {
    let house = House::new().await;
    let mut intake = Intake::new(&house).await;
    let mut keeper = Keeper::new(&house).await;
    let mut deliver = Deliver::new(&house).await;
    keeper.offer(1);
    let mut cell = keeper.cell(1);
    cell.takes("pack 1").await;
    keeper.fate().await;
    keeper.offer(2);
    let (number, _) = cell.handed().await;
    cell.say(&Answer::Retiring { because: Retirement::Outfit });
    cell.say(&Answer::Outfitted { number, refused: Some("it is damaged".to_owned()) });
    drop(cell);
    assert_eq!(keeper.fate().await, (2, Some("it is damaged".to_owned())));
    intake.keep(&to(&[ANN])).await;
    let mut fresh = keeper.cell(2);
    fresh.takes("pack 1").await;
    fresh.inspects().await;
    deliver.consigned().await;
    let health = house.ask("queue.health", serde_json::json!({})).await.unwrap().remove(0);
    let problems = health["problems"].to_string();
    assert!(problems.contains("pack 2") && problems.contains("it is damaged"), "{problems}");
    assert_eq!(health["patterns"]["outfits_refused"], 1);
}

#[tokio::test]
async fn an_outfit_that_ends_cell_after_cell_is_refused() {
    let house = House::new().await;
    let mut keeper = Keeper::new(&house).await;
    keeper.offer(1);
    let mut good = keeper.cell(1);
    good.takes("pack 1").await;
    keeper.fate().await;
    keeper.offer(2);
    drop(good);
    for number in 2..10 {
        let mut cell = keeper.cell(number);
        if cell.handed().await.1 == "pack 1" {
            break;
        }
        drop(cell);
    }
    let (number, refused) = keeper.fate().await;
    assert!(number == 2 && refused.unwrap().contains("workers ended on it"));
}

#[tokio::test]
async fn no_mail_goes_to_a_cell_without_the_outfit_that_was_offered() {
    let house = House::new().await;
    let mut intake = Intake::new(&house).await;
    let mut keeper = Keeper::new(&house).await;
    let mut deliver = Deliver::new(&house).await;
    keeper.offer(1);
    let mut first = keeper.cell(1);
    let (number, _) = first.handed().await;
    let mut second = keeper.cell(2);
    intake.keep(&to(&[ANN])).await;
    house.tick().await;
    assert!(second.inlet_is_empty().await, "the trial is not over");
    first.say(&Answer::Outfitted { number, refused: None });
    keeper.fate().await;
    tokio::select! {
        () = first.inspects() => {}
        () = async { second.takes("pack 1").await; second.inspects().await } => {}
    }
    deliver.consigned().await;
}

impl Cell {
    async fn inlet_is_empty(&mut self) -> bool {
        tokio::select! {
            biased;
            _ = self.inlet.receive() => false,
            () = tokio::task::yield_now() => true,
        }
    }
}

#[tokio::test]
async fn a_cell_that_answers_for_an_outfit_it_was_not_handed_is_killed() {
    let house = House::new().await;
    let mut keeper = Keeper::new(&house).await;
    let cell = keeper.cell(5);
    cell.say(&Answer::Outfitted { number: 1, refused: None });
    assert_eq!(keeper.killed().await, 5);
    drop(house);
}

#[tokio::test]
async fn a_cell_that_hangs_over_its_outfit_is_killed() {
    let house = House::with(|wanted| wanted.retry.scan_wall_seconds = 5).await;
    let mut keeper = Keeper::new(&house).await;
    keeper.offer(1);
    let mut cell = keeper.cell(5);
    cell.handed().await;
    house.pass(6);
    assert_eq!(keeper.killed().await, 5);
}

#[tokio::test]
async fn figures_of_scanning_are_told() {
    let house = House::new().await;
    let mut intake = Intake::new(&house).await;
    let keeper = Keeper::new(&house).await;
    let mut deliver = Deliver::new(&house).await;
    keeper.offer(1);
    let mut cell = keeper.cell(1);
    cell.takes("pack 1").await;
    intake.keep(&to(&[ANN])).await;
    let (job, _) = cell.asked().await;
    let used = Used { cpu_microseconds: 1500, resident_octets: 77 };
    let findings = Findings { microseconds: 2500, ..Findings::default() };
    cell.say(&Answer::Retiring { because: Retirement::Memory });
    cell.say(&Answer::Inspected { job, findings, used, material: None });
    deliver.consigned().await;
    let told = house.ask("queue.scanning", serde_json::json!({})).await.unwrap().remove(0);
    assert_eq!(told["time"]["count"], 1);
    assert_eq!(told["retirements"]["memory"], 1);
    assert_eq!(told["memory_high_water_octets"], 77);
    assert_eq!((&told["outfit_swaps"], &told["pack_signatures"]), (&1.into(), &1.into()));
}
