//! Documents through the whole walk: what is inside comes out, what is damaged is said to be, and
//! what is too much ends at a limit.

use gatepost_test_bombs::{DOCUMENT_BOMBS, DOCUMENTS, office, ole, vba_project};

use crate::{
    Budget, Fact, FactKind, Limits, Origin, Passwords, Root, Specimen, Text, Visitor, open,
};

mod facts;

/// What the walk told.
#[derive(Default)]
pub(super) struct Seen {
    pub(super) facts: Vec<Fact>,
    pub(super) texts: Vec<(Text, String)>,
    pub(super) places: Vec<String>,
    payload: Vec<u8>,
    found: bool,
}

impl Visitor for Seen {
    fn specimen(&mut self, specimen: &Specimen<'_>) {
        let is_root = matches!(specimen.origin, Origin::Part);
        if !is_root && !self.payload.is_empty() {
            self.found |= memchr::memmem::find(specimen.octets, &self.payload).is_some();
        }
        if let Origin::Text(kind) = specimen.origin {
            self.texts.push((kind, String::from_utf8_lossy(specimen.octets).into_owned()));
        } else {
            self.places.push(specimen.place.to_owned());
        }
    }

    fn fact(&mut self, fact: Fact) {
        self.facts.push(fact);
    }
}

impl Seen {
    pub(super) fn has(&self, kind: FactKind) -> bool {
        self.facts.iter().any(|fact| fact.kind == kind)
    }

    fn is_unclean(&self) -> bool {
        use FactKind::{Broken, Disagreement, Encrypted, Limit, Unsupported};
        [Broken, Encrypted, Unsupported, Limit, Disagreement].into_iter().any(|kind| self.has(kind))
    }

    pub(super) fn words(&self, kind: FactKind) -> String {
        let words: Vec<&str> = self
            .facts
            .iter()
            .filter(|fact| fact.kind == kind)
            .map(|fact| fact.evidence.as_str())
            .collect();
        words.join("; ")
    }

    pub(super) fn text(&self, kind: Text) -> String {
        let texts: Vec<&str> = self
            .texts
            .iter()
            .filter(|(own, _)| *own == kind)
            .map(|(_, text)| text.as_str())
            .collect();
        texts.concat()
    }
}

pub(super) fn look_for(payload: &[u8], octets: &[u8]) -> Seen {
    let root = Root { place: "1", name: "a", mime: "", octets, is_reading: false };
    let mut seen = Seen { payload: payload.to_vec(), ..Seen::default() };
    let mut budget = Budget::new(Limits::default(), &());
    open(&root, &Passwords::default(), &mut budget, &mut seen);
    seen
}

pub(super) fn look(octets: &[u8]) -> Seen {
    look_for(b"", octets)
}

fn eicar() -> Vec<u8> {
    [r"X5O!P%@AP[4\PZX54(P^)7CC)7}", "$EICAR-STANDARD-", "ANTIVIRUS-TEST-FILE!", "$H+H*"]
        .concat()
        .into_bytes()
}

#[test]
fn the_payload_comes_out_of_every_document() {
    for document in DOCUMENTS {
        let made = (document.make)("payload.com", &eicar());
        let seen = look_for(&eicar(), &made);
        assert!(seen.found, "{}: {:?} {:?}", document.name, seen.places, seen.facts);
        assert!(!seen.has(FactKind::Broken), "{}: {:?}", document.name, seen.facts);
    }
}

#[test]
fn a_document_that_is_cut_gives_the_payload_or_is_said_to_be_damaged() {
    // Markup has no end that must be there, and a shortcut's tail is no part of it.
    let open_ended = ["html", "svg", "xml", "lnk"];
    for document in DOCUMENTS {
        let made = (document.make)("payload.com", &eicar());
        let prefix = document.name.split('-').next().unwrap_or_default();
        let strict = !open_ended.contains(&prefix);
        let step = (made.len() / 150).max(1);
        for end in (16..made.len()).step_by(step) {
            let seen = look_for(&eicar(), &made[..end]);
            let is_told = seen.found || seen.is_unclean();
            assert!(
                is_told || !strict,
                "{} cut at {end} of {}: {:?}",
                document.name,
                made.len(),
                seen.places
            );
        }
    }
}

#[test]
fn flipped_octets_never_end_in_a_panic() {
    for document in DOCUMENTS {
        let made = (document.make)("payload.com", &eicar());
        let step = (made.len() / 120).max(1);
        for (at, mask) in
            (0..made.len()).step_by(step).zip([1_u8, 0x80, 0xff, 0x20].into_iter().cycle())
        {
            let mut flipped = made.clone();
            flipped[at] ^= mask;
            look_for(&eicar(), &flipped);
        }
    }
}

#[test]
fn the_same_document_is_told_the_same_way_every_time() {
    for document in DOCUMENTS {
        let made = (document.make)("payload.com", &eicar());
        let (one, other) = (look(&made), look(&made));
        assert_eq!(one.facts, other.facts, "{}", document.name);
        assert_eq!(one.places, other.places, "{}", document.name);
        assert_eq!(one.texts, other.texts, "{}", document.name);
    }
}

#[test]
fn every_bomb_ends() {
    for bomb in DOCUMENT_BOMBS {
        look(&(bomb.make)());
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(256))]
    #[test]
    fn noise_behind_any_head_never_ends_in_a_panic(kind in 0..9_usize, noise: Vec<u8>) {
        let heads: [&[u8]; 9] = [
            &crate::documents::ole::MAGIC, b"{\\rtf1", b"%PDF-1.4 1 0 obj <<", &crate::documents::tnef::MAGIC,
            &crate::documents::shortcut::MAGIC, &crate::documents::notebook::MAGIC, b"ActiveMime", b"<html><a ",
            b"<?mso-application?><w:t ",
        ];
        look(&[heads[kind], &noise].concat());
    }
}
