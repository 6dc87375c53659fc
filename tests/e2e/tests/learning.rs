//! Lessons: mail like what was called unwanted scores higher, and lower again when that is taken
//! back; malware stays malware whatever it is called; a release teaches; nothing taught is lost.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::path::{Path, PathBuf};

use gatepost_test_e2e::{Client, Gateway, Options, Sink, limits, mails, wait_for};
use serde_json::{Value, json};

/// Words of mail that nobody here wants, though nothing else is wrong with it.
const OFFERS: &str = "our catalogue of garden furniture has new benches and parasols for the terrace \
                      with matching cushions and covers in seven colours from the workshop";
/// Words of mail that people here live on.
const WORK: &str = "the minutes of our meeting about the bridge are attached and the engineers ask \
                    for the survey of the northern pier before the concrete is ordered";

/// A message of one kind: it shares most words with the others, and has some of its own.
fn letter(number: usize, words: &str) -> String {
    let own: Vec<String> = (0..12)
        .map(|one| format!("w{number}x{}", "abcdefghijkl".get(one..=one).unwrap()))
        .collect();
    format!(
        "From: Writer <writer{number}@house{number}.test>\r\nTo: bob@example.test\r\n\
         Subject: Letter about {}\r\nDate: Sat, 21 Nov 2026 10:00:00 +0000\r\n\
         Message-ID: <letter-{number}@house{number}.test>\r\nMIME-Version: 1.0\r\n\
         Content-Type: text/plain; charset=utf-8\r\n\r\n\
         Dear Bob,\r\n{words}\r\n{}\r\nRegards, Writer\r\n",
        words.split(' ').nth(number % 8).unwrap(),
        own.join(" ")
    )
}

fn write(gateway: &Gateway, name: &str, content: &str) -> PathBuf {
    let path = gateway.state().with_extension(name);
    std::fs::write(&path, content).unwrap();
    path
}

/// A mailbox of a dozen messages of one kind.
fn mailbox(gateway: &Gateway, name: &str, first: usize, words: &str) -> PathBuf {
    let letter =
        |number| format!("From x Sat Nov 21 10:00:00 2026\r\n{}\r\n", letter(number, words));
    write(gateway, name, &(first..first + 12).map(letter).collect::<String>())
}

/// Teaches files; the lessons.
fn teach(gateway: &Gateway, label: &str, path: &Path) -> Vec<u64> {
    let said = gateway.command(&["learn", label, path.to_str().unwrap(), "--json"]);
    assert_eq!(said.exit, 0, "{said:?}");
    said.json_lines().iter().map(|line| line["lesson"].as_u64().unwrap()).collect()
}

fn status(gateway: &Gateway) -> Value {
    gateway.command(&["learn", "--status", "--json"]).json_lines().pop().unwrap_or_default()
}

/// Waits until the workers use what was taught last.
fn used(gateway: &Gateway) -> Value {
    wait_for("what was taught to be used", limits::DELIVERY, || {
        let status = status(gateway);
        (status["version"].is_u64() && status["version"] == status["in_use"]).then_some(status)
    })
}

/// What is made of a message now.
fn scanned(gateway: &Gateway, path: &Path) -> Value {
    let path = path.to_str().unwrap();
    let said = gateway.command(&["scan", "--json", "--to", "bob@example.test", path]);
    said.json_lines().pop().unwrap_or_else(|| panic!("{said:?}"))
}

fn probability(scanned: &Value) -> f64 {
    scanned["spam_probability"].as_f64().unwrap()
}

fn says(scanned: &Value, signal: &str) -> bool {
    scanned["spam_terms"].as_array().unwrap().iter().any(|term| term["signal"] == signal)
}

fn submit(gateway: &Gateway, mail: &[u8]) {
    let mut client = Client::greeted(gateway.smtp()).unwrap();
    let reply = client.submit("ann@sender.test", &["bob@example.test"], mail).unwrap();
    assert_eq!(reply.code, 250, "{reply:?}");
}

#[test]
fn mail_like_what_was_called_unwanted_scores_higher_until_that_is_taken_back() {
    let sink = Sink::start();
    let mut gateway = Gateway::start(Options::to(sink.port()));
    let similar = write(&gateway, "similar.eml", &letter(99, OFFERS));
    let before = scanned(&gateway, &similar);
    teach(&gateway, "--wanted", &mailbox(&gateway, "work.mbox", 20, WORK));
    let unwanted = teach(&gateway, "--unwanted", &mailbox(&gateway, "offers.mbox", 40, OFFERS));
    assert_eq!(unwanted.len(), 12);
    let told = used(&gateway);
    assert_eq!(told["tenants"][0]["tenant"], "example.test", "{told}");
    let taught = scanned(&gateway, &similar);
    assert!(says(&taught, "learned-unwanted"), "{taught}");
    assert!(probability(&taught) > probability(&before), "{taught}\n{before}");
    // As mail through the gateway, too.
    submit(&gateway, letter(98, OFFERS).as_bytes());
    sink.expect(1);
    let text = wait_for("the record", limits::DELIVERY, || {
        let said = gateway.command(&["track", "letter-98@house98.test", "--json"]);
        said.out.contains("learned-unwanted").then_some(said.out)
    });
    assert!(text.contains("called unwanted here"), "{text}");
    // What was taught survives the end of everything.
    gateway.kill_all();
    gateway.launch();
    assert_eq!(used(&gateway)["lessons"], 24);
    assert_eq!(probability(&scanned(&gateway, &similar)).to_bits(), probability(&taught).to_bits());
    let numbers: Vec<String> = unwanted.iter().map(u64::to_string).collect();
    let mut words = vec!["learn", "--undo"];
    words.extend(numbers.iter().map(String::as_str));
    let said = gateway.command(&words);
    assert_eq!(said.exit, 0, "{said:?}");
    assert_eq!(gateway.command(&["learn", "--undo", &numbers[0]]).exit, 1, "once");
    used(&gateway);
    let after = scanned(&gateway, &similar);
    assert_eq!(probability(&after).to_bits(), probability(&before).to_bits());
    let version = unwanted.last().unwrap().to_string();
    assert_eq!(gateway.command(&["learn", "--roll-back", &version]).exit, 0);
    used(&gateway);
    assert!(says(&scanned(&gateway, &similar), "learned-unwanted"), "all is as it was then");
}

#[test]
fn malware_that_is_taught_as_wanted_is_held_all_the_same() {
    let sink = Sink::start();
    let gateway = Gateway::start(Options::to(sink.port()));
    let virus = |number| format!("{}{}\r\n", letter(number, WORK), mails::eicar());
    let box_of = |numbers: std::ops::Range<usize>| -> String {
        numbers.map(|number| format!("From x Sat Nov 21\r\n{}\r\n", virus(number))).collect()
    };
    teach(&gateway, "--wanted", &write(&gateway, "virus.mbox", &box_of(0..12)));
    teach(&gateway, "--unwanted", &mailbox(&gateway, "offers.mbox", 40, OFFERS));
    used(&gateway);
    let similar = write(&gateway, "similar.eml", &virus(99));
    let told = scanned(&gateway, &similar);
    assert!(says(&told, "learned-wanted") && told["findings"][0]["kind"] == "malware", "{told}");
    let mut client = Client::greeted(gateway.smtp()).unwrap();
    let _ = client.submit("ann@sender.test", &["bob@example.test"], virus(98).as_bytes()).unwrap();
    submit(&gateway, letter(97, WORK).as_bytes());
    sink.expect(1);
    let content = String::from_utf8_lossy(&sink.messages()[0].content).into_owned();
    assert!(content.contains("letter-97"), "{content}");
}

#[test]
fn a_release_of_unwanted_mail_teaches_and_one_of_malware_does_not() {
    let sink = Sink::start();
    let rules = json!([
        {"name": "Virus", "conditions": [{"when": "malware"}], "action": "quarantine", "area": "Virus"},
        {"name": "Spam", "conditions": [{"when": "spam"}], "action": "quarantine", "area": "Spam"},
    ]);
    let gateway = Gateway::start(Options::to(sink.port()).with("policy.rules", rules));
    submit(&gateway, format!("{}{}\r\n", letter(1, WORK), mails::gtube()).as_bytes());
    submit(&gateway, format!("{}{}\r\n", letter(2, WORK), mails::eicar()).as_bytes());
    let held = |count| {
        wait_for("mail to be held", limits::DELIVERY, || {
            let items = gateway.command(&["quarantine", "list", "--json"]).json_lines();
            (items.len() == count).then_some(items)
        })
    };
    for item in held(2) {
        let item = item["item"].as_str().unwrap();
        let said = gateway.command(&["quarantine", "release", item]);
        assert_eq!(said.exit, 0, "{said:?}");
    }
    sink.expect(1);
    // The virus was scanned again, and is held again.
    held(3);
    let lessons = wait_for("a lesson", limits::DELIVERY, || {
        let lessons = gateway.command(&["learn", "--list", "--json"]).json_lines();
        (!lessons.is_empty()).then_some(lessons)
    });
    assert_eq!(lessons.len(), 1, "{lessons:?}");
    assert_eq!(lessons[0]["label"], "wanted");
    assert_eq!(lessons[0]["tenant"], "example.test");
    assert_eq!(lessons[0]["message"], "letter-1@house1.test");
    assert!(!lessons[0]["who"].as_str().unwrap().is_empty());
}

#[test]
fn a_torn_end_of_the_file_of_lessons_costs_the_last_one_only() {
    let mut gateway = Gateway::start(Options::default());
    teach(&gateway, "--unwanted", &mailbox(&gateway, "offers.mbox", 40, OFFERS));
    assert!(gateway.stop());
    let path = gateway.state().join("learning/lessons");
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, &whole[..whole.len() - 7]).unwrap();
    gateway.launch();
    assert_eq!(used(&gateway)["lessons"], 11);
    let again = teach(&gateway, "--phishing", &write(&gateway, "one.eml", &letter(7, OFFERS)));
    assert_eq!(again, [12]);
}

#[test]
fn nothing_is_learned_without_a_gateway_or_of_what_is_no_mail() {
    let mut gateway = Gateway::start(Options::default());
    let letter = write(&gateway, "one.eml", &letter(7, WORK));
    let letter = letter.to_str().unwrap();
    let no_mail = write(&gateway, "no.bin", "PK\u{3}\u{4}");
    let said = gateway.command(&["learn", "--wanted", no_mail.to_str().unwrap()]);
    assert!(said.exit == 2 && said.err.contains("it is no message"), "{said:?}");
    let said = gateway.command(&["learn", "--wanted", letter, "--domain", "away.test"]);
    assert!(said.exit == 2 && said.err.contains("relay_domains"), "{said:?}");
    let said = gateway.command(&["learn", "--wanted", letter, "--domain", "all"]);
    assert!(said.exit == 0 && said.out.contains("lesson 1  wanted  all"), "{said:?}");
    assert_eq!(gateway.command(&["learn", "--roll-back", "9"]).exit, 1);
    assert!(gateway.stop());
    let said = gateway.command(&["learn", "--wanted", letter]);
    assert!(said.exit == 3 && said.err.contains("gatepost run"), "{said:?}");
}
