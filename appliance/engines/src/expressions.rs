//! The owner's lists of keywords and expressions (features D-31 to D-33): which texts of a message
//! they look at, and what they say as findings.
//!
//! A finding of a list has the list's name, and the target as its source; policy asks for both. An
//! expression that a limit ended makes the message unscannable, as patterns do. What exempts from
//! the spam condition is a note whose name starts with `exempt:`.

use expressions::{Lists, Said, Target, Text};
use filetype::{Family, kinds};
use mail::{EngineName, Finding, FindingKind, Unscannable};
use message::{Mail, Part};
use spam::Headers;
use unpack::{Origin, Specimen};

use crate::look::Gathered;
use crate::unwanted::Reading;
use crate::{Context, limits};

/// How the name of a finding starts that exempts from the spam condition.
const EXEMPT: &str = "exempt:";

/// What the lists said so far, and the text of the message that they are still to see.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    html: String,
    plain: String,
    is_cut: bool,
    found: Vec<Finding>,
    undecided: Vec<Finding>,
}

/// The lists with what is known of the message.
#[derive(Clone, Copy)]
pub(crate) struct Listed<'e> {
    pub lists: &'e Lists,
    pub context: &'e Context<'e>,
}

impl Texts {
    /// Looks at a specimen of a part: the text of the message is kept for the end, since it may
    /// come in pieces; attachments are looked at at once.
    pub fn specimen(
        &mut self,
        listed: Listed<'_>,
        specimen: &Specimen<'_>,
        part: &Part<'_>,
        reading: Reading,
    ) {
        if reading == Reading::Other {
            return;
        }
        let is_body = specimen.depth == 0 && !part.is_attachment();
        match specimen.origin {
            _ if is_body && !listed.lists.want(Target::Body) => {}
            Origin::Text(unpack::Text::Visible) if is_body => {
                self.is_cut |= append(&mut self.html, &String::from_utf8_lossy(specimen.octets));
            }
            Origin::Part | Origin::Reading if is_body && part.mime == "text/plain" => {
                self.is_cut |= append(&mut self.plain, &String::from_utf8_lossy(specimen.octets));
            }
            Origin::Text(unpack::Text::Visible) if listed.lists.want(Target::Attachments) => {
                let text = String::from_utf8_lossy(specimen.octets);
                self.look(listed, Target::Attachments, specimen.place, &text);
            }
            Origin::Part | Origin::Reading | Origin::Member(_)
                if !is_body && listed.lists.want(Target::Attachments) =>
            {
                if let Some(text) = plain_text(specimen) {
                    self.look(listed, Target::Attachments, specimen.place, &text);
                }
            }
            _ => {}
        }
        let has_name = matches!(specimen.origin, Origin::Part | Origin::Member(_));
        if has_name && listed.lists.want(Target::Names) {
            self.look(listed, Target::Names, specimen.place, specimen.name);
        }
    }

    /// Looks at the names of a part that only some readers show.
    pub fn name(&mut self, listed: Listed<'_>, name: &str, place: &str) {
        if listed.lists.want(Target::Names) {
            self.look(listed, Target::Names, place, name);
        }
    }

    /// Looks at the rest, and tells everything.
    pub fn judge(
        mut self,
        listed: Listed<'_>,
        mail: &Mail<'_>,
        gathered: &mut Gathered,
    ) -> Vec<Finding> {
        if listed.lists.want(Target::Body) {
            for text in [std::mem::take(&mut self.html), std::mem::take(&mut self.plain)] {
                self.look(listed, Target::Body, "body", &text);
            }
            if self.is_cut {
                let words = format!("the text is longer than {} octets", limits::LISTED_OCTETS);
                self.undecided.push(undecided("body", &words));
            }
        }
        if listed.lists.want(Target::Subject) {
            self.look(listed, Target::Subject, "subject", &mail.subject);
        }
        if listed.lists.want(Target::Headers) {
            for field in Headers::read(mail.raw).fields() {
                self.look(listed, Target::Headers, field.name, &decoded(&field.raw));
            }
        }
        for finding in self.undecided {
            gathered.unscannable(Unscannable::Limit(finding.evidence.clone()));
            gathered.find(finding);
        }
        self.found
    }

    fn look(&mut self, listed: Listed<'_>, target: Target, place: &str, text: &str) {
        let Listed { lists, context } = listed;
        let today = context.around.received.map(mail::Timestamp::day);
        let is_over = || context.stopwatch.is_over();
        for said in lists.look(&Text { target, place, text }, today, &is_over) {
            match said {
                Said::Matched { list, evidence, score } => {
                    let (engine, kind) = (EngineName::Expressions, FindingKind::Expression);
                    let weight = u8::try_from(score.min(100)).unwrap_or(100);
                    let found = Finding::new(engine, kind, list, place, evidence);
                    self.keep(found.weighing(weight).from_source(target.word()));
                }
                Said::Exempt { name, evidence } => {
                    let (engine, kind) = (EngineName::Expressions, FindingKind::Defect);
                    let name = format!("{EXEMPT}{name}");
                    let found = Finding::new(engine, kind, name, place, evidence);
                    self.keep(found.from_source(target.word()));
                }
                Said::Undecided { list, why } => {
                    if self.undecided.len() < limits::FINDINGS {
                        self.undecided.push(undecided(place, &format!("list {list}: {why}")));
                    }
                }
            }
        }
    }

    /// One finding for each list and place, the weightiest; a few places of one target are enough.
    fn keep(&mut self, mut finding: Finding) {
        finding.evidence = crate::cut(&finding.evidence, limits::EVIDENCE_OCTETS);
        let of_list = |one: &Finding| one.name == finding.name && one.source == finding.source;
        let is_same = |one: &Finding| one.place.eq_ignore_ascii_case(&finding.place);
        let mut places = 0;
        for one in self.found.iter_mut().filter(|one| of_list(one)) {
            places += 1;
            if is_same(one) {
                if one.weight < finding.weight {
                    *one = finding;
                }
                return;
            }
        }
        // Rules ask for single header fields, so none of them may crowd out another.
        let is_header = finding.source == Target::Headers.word();
        if is_header || places < limits::LISTED_PLACES {
            self.found.push(finding);
        }
    }
}

fn undecided(place: &str, words: &str) -> Finding {
    let (engine, kind) = (EngineName::Expressions, FindingKind::Limit);
    Finding::new(engine, kind, "expression-undecided", place, words)
}

/// Adds a text in a line of its own; true when some of it had to be left out.
fn append(all: &mut String, text: &str) -> bool {
    if !all.is_empty() {
        all.push('\n');
    }
    let room = limits::LISTED_OCTETS.saturating_sub(all.len());
    let end = text.floor_char_boundary(room);
    all.push_str(text.get(..end).unwrap_or_default());
    end < text.len()
}

/// The text of a file that is nothing but text.
fn plain_text(specimen: &Specimen<'_>) -> Option<String> {
    let octets = specimen.octets;
    let is = |kind| specimen.types.iter().any(|one| one == kind);
    if is(kinds::UTF16_TEXT) {
        return Some(utf16(octets));
    }
    // Pages and other formats give their text by themselves.
    let is_text = specimen.types.has_family(Family::Text) && !is(kinds::HTML) && !is(kinds::XML);
    is_text.then(|| String::from_utf8_lossy(octets).into_owned())
}

fn utf16(octets: &[u8]) -> String {
    let is_big = octets.starts_with(&[0xfe, 0xff]);
    let units = octets
        .as_chunks::<2>()
        .0
        .iter()
        .map(|pair| if is_big { u16::from_be_bytes(*pair) } else { u16::from_le_bytes(*pair) });
    let text = char::decode_utf16(units);
    text.map(|one| one.unwrap_or(char::REPLACEMENT_CHARACTER))
        .filter(|one| *one != '\u{feff}')
        .collect()
}

/// The value of a field, unfolded and decoded (RFC 2047).
fn decoded(raw: &str) -> String {
    let line = format!("X: {raw}\r\n\r\n");
    Headers::read(line.as_bytes()).text("X").unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::making::{Mailing, zip};
    use crate::{Engines, Facts};
    use ::expressions::{Entry, Exemption, Expressions, Kind, List};

    fn list(name: &str, kind: Kind, text: &str) -> List {
        let entry = Entry { text: text.into(), kind, ..Entry::default() };
        List { name: name.into(), entries: vec![entry], ..List::default() }
    }

    fn scanned(section: &Expressions, raw: &[u8]) -> Facts {
        let lists = Lists::compile(section, spam::fold);
        let mut engines = Engines::default().with_lists(lists);
        engines.scan(&message::read(raw), &Context::default())
    }

    fn found(list: List, raw: &[u8]) -> Vec<(String, String, String)> {
        let section = Expressions { lists: vec![list], ..Expressions::default() };
        let own = scanned(&section, raw).findings.into_iter();
        let own = own.filter(|one| one.kind == FindingKind::Expression);
        own.map(|one| (one.source, one.place, one.evidence)).collect()
    }

    fn word(text: &str) -> List {
        list("own", Kind::Keyword, text)
    }

    fn at(source: &str, place: &str, evidence: &str) -> (String, String, String) {
        (source.into(), place.into(), evidence.into())
    }

    #[test]
    fn subject_headers_and_text_are_looked_at_decoded() {
        let raw = "Subject: =?utf-8?q?The_Falc=6Fn?=\r\nX-Note: =?utf-8?b?ZmFsY29u?=\r\n\
                   Content-Transfer-Encoding: base64\r\n\r\nYSBmYWxjb24=\r\n";
        let said = found(word("falcon"), raw.as_bytes());
        let headers = at("headers", "X-Note", "\"falcon\"");
        for wanted in
            [at("subject", "subject", "\"falcon\""), headers, at("body", "body", "\"falcon\"")]
        {
            assert!(said.contains(&wanted), "{said:?}");
        }
    }

    #[test]
    fn a_disguised_word_is_found_in_the_text() {
        let raw =
            "Content-Type: text/html; charset=utf-8\r\n\r\n<p>your pass\u{200b}w\u{43e}rd</p>\r\n";
        assert_eq!(found(word("password"), raw.as_bytes()).len(), 1);
    }

    #[test]
    fn attachments_inside_archives_and_their_names_are_looked_at() {
        let inner = zip(&[("falcon plan.txt", b"the falcon flies")]);
        let said = found(word("falcon"), &Mailing::new().attach("a.zip", &inner).done());
        let targets: Vec<&str> = said.iter().map(|(source, ..)| source.as_str()).collect();
        assert!(targets.contains(&"attachments") && targets.contains(&"names"), "{said:?}");
        assert!(
            said.iter().all(|(_, place, _)| place.contains("a.zip/falcon plan.txt")),
            "{said:?}"
        );
    }

    #[test]
    fn the_two_texts_of_one_letter_are_one_finding() {
        let raw = "Content-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\n\r\nfalcon\r\n--b\r\n\
                   Content-Type: text/html\r\n\r\n<b>falcon</b>\r\n--b--\r\n";
        assert_eq!(found(word("falcon"), raw.as_bytes()).len(), 1);
    }

    #[test]
    fn an_expression_that_was_not_decided_makes_the_message_unscannable() {
        let evil = list("own", Kind::Expression, "(?=(a+)+$)a");
        let section = Expressions { lists: vec![evil], ..Expressions::default() };
        let facts = scanned(&section, format!("A: b\r\n\r\n{}!\r\n", "a".repeat(60)).as_bytes());
        assert!(matches!(&facts.unscannable, Some(Unscannable::Limit(why)) if why.contains("own")));
        let limit = |one: &&Finding| one.name == "expression-undecided";
        let limit = facts.findings.iter().find(limit).unwrap();
        assert_eq!((limit.kind, limit.engine), (FindingKind::Limit, EngineName::Expressions));
    }

    #[test]
    fn an_exemption_is_a_note_with_its_name() {
        let one =
            Exemption { name: "tickets".into(), text: "[ticket*".into(), ..Exemption::default() };
        let section = Expressions { exemptions: vec![one], ..Expressions::default() };
        let facts = scanned(&section, b"Subject: Re: [Ticket-1]\r\n\r\nx\r\n");
        assert_eq!(facts.findings[0].name, "exempt:tickets");
        assert_eq!(facts.findings[0].kind, FindingKind::Defect);
        assert_eq!(scanned(&section, b"Subject: x\r\n\r\n[ticket\r\n").findings, []);
    }

    #[test]
    fn a_flood_of_fields_crowds_out_no_field() {
        let flood: String = (0..40).map(|number| format!("X-{number}: falcon\r\n")).collect();
        let raw = format!("{flood}Reply-To: falcon@x.test\r\n\r\n");
        let said = found(word("falcon"), raw.as_bytes());
        assert!(said.iter().any(|(_, place, _)| place == "Reply-To"), "{}", said.len());
    }

    #[test]
    fn files_in_utf16_are_text() {
        let mut octets = vec![0xff, 0xfe];
        octets.extend(
            "a falcon here, there and everywhere".encode_utf16().flat_map(u16::to_le_bytes),
        );
        assert_eq!(utf16(&octets), "a falcon here, there and everywhere");
    }
}
