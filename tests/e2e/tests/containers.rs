//! The test virus in every container, every encoding of a mail and every depth: found or kept back,
//! never taken for clean. Through `gatepost scan`, which uses the workers and the policy of the
//! gateway.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeMap;
use std::process::{Command, Stdio};

use gatepost_test_e2e::containers::{
    CARRIERS, Carrier, LOCKED, MAKERS, Packed, in_docx, in_html, mail, nested,
};
use gatepost_test_e2e::{figure, gateway, mails};
use serde_json::Value;
use tempfile::TempDir;

/// Depths of nesting.
const DEPTHS: usize = 5;

fn eicar() -> Packed {
    Packed { name: "eicar.com".to_owned(), octets: mails::eicar().into_bytes() }
}

/// What the scan says of each mail, by name.
fn scan(mails: &BTreeMap<String, Vec<u8>>) -> BTreeMap<String, Value> {
    let folder = TempDir::with_prefix("gatepost-scan-").unwrap();
    for (name, mail) in mails {
        std::fs::write(folder.path().join(format!("{name}.eml")), mail).unwrap();
    }
    let said = Command::new(gateway::program())
        .args(["scan", "--json"])
        .arg(folder.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = String::from_utf8(said.stdout).unwrap();
    let results: BTreeMap<String, Value> = text
        .lines()
        .map(|line| {
            let value: Value = serde_json::from_str(line).unwrap();
            let path = value["path"].as_str().unwrap();
            let name = path.rsplit('/').next().unwrap().trim_end_matches(".eml").to_owned();
            (name, value)
        })
        .collect();
    let complaint = String::from_utf8_lossy(&said.stderr);
    assert_eq!(results.len(), mails.len(), "one answer for each mail: {complaint}");
    results
}

fn is_found(result: &Value) -> bool {
    let findings = result["findings"].as_array().unwrap();
    findings.iter().any(|finding| finding["name"] == "EICAR-Test-File")
}

/// Every mail must be found to hold the virus, but for the formats in `closed`: those must be held
/// back for another reason.
fn all_found(mails: &BTreeMap<String, Vec<u8>>, closed: &[&str]) {
    let results = scan(mails);
    let (mut found, mut held, mut wrong) = (0, BTreeMap::new(), Vec::new());
    for (name, result) in &results {
        if is_found(result) {
            found += 1;
        } else if result["fate"] == "deliver" {
            wrong.push(format!("{name} would be delivered: {result}"));
        } else {
            let format = name.split(" @ ").next().unwrap().to_owned();
            *held.entry(format).or_insert(0) += 1;
        }
    }
    figure(&format!("{found} of {} found, held back unopened: {held:?}", results.len()));
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), results.len(), wrong.join("\n"));
    let unexpected: Vec<&String> =
        held.keys().filter(|format| !closed.contains(&format.as_str())).collect();
    assert!(unexpected.is_empty(), "should have been opened: {unexpected:?}");
}

#[test]
fn the_virus_is_found_in_every_container_encoding_and_depth() {
    let mut mails = BTreeMap::new();
    for (at, maker) in MAKERS.iter().enumerate() {
        for depth in 1..=DEPTHS {
            let packed = nested(&eicar(), at, depth);
            for carrier in CARRIERS {
                let name = format!("{} @ {depth} {carrier:?}", maker.name);
                mails.insert(name, mail(&packed, *carrier));
            }
        }
    }
    all_found(&mails, &[]);
}

#[test]
fn the_virus_is_found_in_documents_around_and_inside_containers() {
    let mut mails = BTreeMap::new();
    for (at, maker) in MAKERS.iter().enumerate() {
        let packed = maker.pack(&eicar());
        for carrier in CARRIERS {
            mails.insert(
                format!("docx, {} @ {carrier:?}", maker.name),
                mail(&in_docx(&packed), *carrier),
            );
            mails.insert(
                format!("html, {} @ {carrier:?}", maker.name),
                mail(&in_html(&packed), *carrier),
            );
            let around = MAKERS[at].pack(&in_docx(&eicar()));
            mails.insert(format!("{}, docx @ {carrier:?}", maker.name), mail(&around, *carrier));
        }
    }
    all_found(&mails, &[]);
}

#[test]
fn what_is_locked_is_held_back_and_never_clean() {
    let mut mails = BTreeMap::new();
    for maker in LOCKED {
        let packed = maker.pack(&eicar());
        for carrier in CARRIERS {
            mails.insert(format!("{} @ {carrier:?}", maker.name), mail(&packed, *carrier));
        }
    }
    let closed: Vec<&str> = LOCKED.iter().map(|maker| maker.name).collect();
    all_found(&mails, &closed);
}

#[test]
fn the_password_in_the_text_opens_what_is_locked() {
    let mut mails = BTreeMap::new();
    for maker in LOCKED {
        let packed = maker.pack(&eicar());
        let mail = String::from_utf8(mail(&packed, Carrier::Base64)).unwrap();
        for (language, words) in [
            ("en", "The password is Xk7!unguessable"),
            ("de", "Das Passwort lautet: \"Xk7!unguessable\""),
        ] {
            let told = mail.replace("See the file.", words);
            mails.insert(format!("{} @ {language}", maker.name), told.into_bytes());
        }
    }
    all_found(&mails, &[]);
}

#[test]
fn a_truncated_container_is_never_clean() {
    let mut mails = BTreeMap::new();
    for maker in MAKERS {
        let packed = maker.pack(&eicar());
        for percent in [20, 40, 60, 80, 95, 99] {
            let end = packed.octets.len() * percent / 100;
            let cut = Packed { octets: packed.octets[..end].to_vec(), ..packed.clone() };
            mails.insert(format!("{} @ {percent} %", maker.name), mail(&cut, Carrier::Base64));
        }
    }
    let all: Vec<&str> = MAKERS.iter().map(|maker| maker.name).collect();
    all_found(&mails, &all);
}

#[test]
fn clean_containers_are_delivered() {
    let clean =
        Packed { name: "notes.txt".to_owned(), octets: b"nothing to see here\n".repeat(40) };
    let mut mails = BTreeMap::new();
    for (at, maker) in MAKERS.iter().enumerate() {
        for depth in [1, 3] {
            let packed = nested(&clean, at, depth);
            mails.insert(format!("{} @ {depth}", maker.name), mail(&packed, Carrier::Base64));
        }
    }
    let wrong: Vec<String> = scan(&mails)
        .iter()
        .filter(|(_, result)| result["fate"] != "deliver")
        .map(|(name, result)| format!("{name}: {} {}", result["rule"], result["because"]))
        .collect();
    assert!(wrong.is_empty(), "held back although clean:\n{}", wrong.join("\n"));
}
