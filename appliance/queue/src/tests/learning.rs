//! What is taught: how it reaches the cells, what a release teaches, and what is refused.

use ipc::contracts::{
    Answer, Job, KeeperToQueue, Material, Outfit, QueueToVault, Used, VaultToQueue,
};
use mail::{Findings, MessageId};
use serde_json::{Value, json};

use super::house::*;

/// Material with a text of its own, by which one lesson makes a table.
fn material(seed: u8) -> Material {
    let sketch = (0..128_u8).map(|at| at.wrapping_mul(7) ^ seed).collect();
    Material { features: (0..40).collect(), sketch, domains: vec!["a.test".to_owned()] }
}

fn lesson(label: &str, seed: u8) -> Value {
    json!({
        "label": label, "message": "x@away.test", "sender": SENDER, "material": material(seed),
    })
}

async fn status(house: &House) -> Value {
    house.ask("learning.status", json!({})).await.unwrap().remove(0)
}

/// Waits until a number of lessons count.
async fn until_taught(house: &House, lessons: u64) -> Value {
    let taught = async {
        loop {
            let status = status(house).await;
            if status["lessons"] == lessons {
                return status;
            }
            tokio::task::yield_now().await;
        }
    };
    soon("a lesson", taught).await
}

impl Cell {
    /// The table of the next outfit, which is taken over.
    async fn takes_table(&mut self) -> Option<Vec<u8>> {
        let (job, _) = soon("a job", self.inlet.receive()).await.unwrap().unwrap();
        let Job::Outfit(outfit) = job else { panic!("{job:?}") };
        self.say(&Answer::Outfitted { number: outfit.number, refused: None });
        outfit.learned.map(|learned| learned.octets)
    }

    /// Whether the next message is to be learned from; answers with material and these findings.
    async fn is_asked_to_learn(&mut self, findings: Findings) -> bool {
        let (job, _) = soon("a job", self.inlet.receive()).await.unwrap().unwrap();
        let Job::Inspect { job, wants_material, .. } = job else { panic!("{job:?}") };
        let material = wants_material.then(|| Box::new(material(1)));
        self.say(&Answer::Inspected { job, findings, used: Used::default(), material });
        wants_material
    }
}

fn offer(keeper: &Keeper) {
    let outfit = Outfit { number: 1, ..Outfit::default() };
    keeper.outlet.send(&KeeperToQueue::Outfit(Box::new(outfit)), Vec::new()).unwrap();
}

#[tokio::test]
async fn what_is_taught_reaches_the_cells_and_is_there_after_a_restart() {
    let mut house = House::new().await;
    let keeper = Keeper::new(&house).await;
    offer(&keeper);
    let mut cell = keeper.cell(1);
    assert_eq!(cell.takes_table().await, None);
    let taught = house.ask("learning.teach", lesson("unwanted", 1)).await.unwrap();
    assert_eq!(taught, [json!({"lesson": 1, "label": "unwanted", "tenant": "a.test"})]);
    let table = spam::Local::open(&cell.takes_table().await.unwrap()).unwrap();
    assert_eq!(table.tenants["a.test"].sketches, material(1).sketch);
    let told = soon("the table in use", async {
        loop {
            let status = status(&house).await;
            if status["in_use"] == 1 {
                return status;
            }
        }
    });
    assert_eq!(told.await["tenants"][0]["texts"], 1);
    house.stop().await;
    house.start();
    let keeper = Keeper::new(&house).await;
    offer(&keeper);
    let mut cell = keeper.cell(1);
    assert_eq!(cell.takes_table().await, None, "with a table that no cell has tried no mail waits");
    assert_eq!(spam::Local::open(&cell.takes_table().await.unwrap()).unwrap(), table);
    house.ask("learning.undo", json!({"lesson": 1})).await.unwrap();
    assert_eq!(cell.takes_table().await, None, "nothing is left of it");
    assert_eq!(house.ask("learning.list", json!({})).await.unwrap()[0]["undone"], true);
}

#[tokio::test]
async fn a_table_that_cells_refuse_is_told_of_and_mail_goes_on_without_it() {
    let house = House::new().await;
    let mut intake = Intake::new(&house).await;
    let keeper = Keeper::new(&house).await;
    let mut deliver = Deliver::new(&house).await;
    offer(&keeper);
    let mut cell = keeper.cell(1);
    cell.takes_table().await;
    house.ask("learning.teach", lesson("unwanted", 1)).await.unwrap();
    let (job, _) = soon("a job", cell.inlet.receive()).await.unwrap().unwrap();
    let Job::Outfit(outfit) = job else { panic!("{job:?}") };
    let refused = Some("it is damaged".to_owned());
    cell.say(&Answer::Outfitted { number: outfit.number, refused });
    drop(cell);
    let mut fresh = keeper.cell(2);
    assert_eq!(fresh.takes_table().await, None);
    intake.keep(&to(&[ANN])).await;
    assert!(!fresh.is_asked_to_learn(Findings::default()).await);
    deliver.consigned().await;
    let health = house.ask("queue.health", json!({})).await.unwrap().remove(0);
    assert!(health["problems"].to_string().contains("learn --undo"), "{health}");
}

#[tokio::test]
async fn what_is_no_lesson_is_refused_and_changes_nothing() {
    let house = House::new().await;
    let refused = |verb: &'static str, argument: Value| {
        let house = &house;
        async move { house.ask(verb, argument).await.unwrap_err() }
    };
    let with = |key: &str, value: Value| {
        let mut lesson = lesson("unwanted", 1);
        lesson[key] = value;
        lesson
    };
    for bad in [
        with("label", json!("nice")),
        with("domain", json!("away.test")),
        with("domain", json!("no domain")),
        with("more", json!(1)),
        with("material", json!(Material { sketch: vec![1; 5], ..material(1) })),
        with("material", json!(Material { features: (0..2001).collect(), ..material(1) })),
        with("material", json!(Material::default())),
        with("message", json!("x".repeat(200_000))),
    ] {
        assert_eq!(refused("learning.teach", bad).await, 2);
    }
    assert_eq!(refused("learning.undo", json!({"lesson": 1})).await, 1);
    assert_eq!(refused("learning.roll_back", json!({"version": 1})).await, 1);
    assert_eq!(refused("learning.forget", json!({})).await, 2);
    assert_eq!(status(&house).await["version"], 0);
    let all = with("domain", json!("ALL"));
    assert_eq!(house.ask("learning.teach", all).await.unwrap()[0]["tenant"], "all");
}

/// A message that was held by a rule and is released; whether a cell was asked to learn from it, and
/// who must not hang up before queue has read everything.
async fn released(house: &House, rule: &str, findings: Findings) -> (bool, impl Sized + use<>) {
    let keeper = Keeper::new(house).await;
    let mut vault = Vault::new(house).await;
    let deliver = Deliver::new(house).await;
    let mail = to(&[ANN]);
    let envelope = envelope(MessageId(5), &mail, NOON);
    let readmit = VaultToQueue::Readmit {
        item: "item".to_owned(),
        id: envelope.id,
        envelope: Box::new(envelope.clone()),
        skip_rule: rule.to_owned(),
        actor: "root".to_owned(),
    };
    let body = ipc::sealed_memory(mail.body.as_bytes()).unwrap();
    vault.outlet.send(&readmit, vec![body]).unwrap();
    let (said, _) = vault.next().await;
    assert!(matches!(said, QueueToVault::Readmitted { .. }), "{said:?}");
    let confirmed = VaultToQueue::Confirmed { item: "item".to_owned(), id: envelope.id };
    vault.outlet.send(&confirmed, Vec::new()).unwrap();
    let mut cell = keeper.cell(1);
    (cell.is_asked_to_learn(findings).await, (keeper, vault, deliver, cell))
}

fn rules(wanted: &mut Wanted) {
    let rules = json!({"rules": [
        {"name": "Spam", "conditions": [{"when": "spam"}]},
        {"name": "Locked", "conditions": [{"when": "encrypted"}]},
    ]});
    let mut sections = serde_json::Map::new();
    sections.insert("policy".to_owned(), rules);
    wanted.rules = schema::section(&sections).unwrap();
}

#[tokio::test]
async fn a_release_teaches_that_the_mail_was_wanted() {
    let house = House::with(rules).await;
    let (is_asked, _peers) = released(&house, "Spam", found("PERHAPS SPAM")).await;
    assert!(is_asked);
    until_taught(&house, 1).await;
    let lessons = house.ask("learning.list", json!({})).await.unwrap();
    assert_eq!((&lessons[0]["who"], &lessons[0]["label"]), (&json!("root"), &json!("wanted")));
    assert_eq!(lessons[0]["tenant"], "a.test");
}

#[tokio::test]
async fn a_release_of_malware_teaches_nothing() {
    let house = House::with(rules).await;
    let (is_asked, _peers) = released(&house, "Spam", found("MALWARE")).await;
    assert!(is_asked);
    house.tick().await;
    assert_eq!(status(&house).await["version"], 0);
}

#[tokio::test]
async fn a_release_of_what_was_held_for_other_reasons_teaches_nothing() {
    for rule in ["Locked", "no such rule", "Exception: message could not be scanned"] {
        let house = House::with(rules).await;
        let (is_asked, _peers) = released(&house, rule, Findings::default()).await;
        assert!(!is_asked, "{rule}");
        assert_eq!(status(&house).await["version"], 0);
    }
}
