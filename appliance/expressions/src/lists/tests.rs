//! Lists against texts.

use super::*;
use crate::settings::Predefined;

fn fold(text: &str) -> String {
    text.replace('\u{200b}', "").to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ")
}

fn keyword(text: &str) -> Entry {
    Entry { text: text.into(), ..Entry::default() }
}

fn expression(text: &str) -> Entry {
    Entry { kind: Kind::Expression, ..keyword(text) }
}

fn list(matching: Matching, entries: Vec<Entry>) -> List {
    List { name: "own".into(), matching, entries, ..List::default() }
}

fn looked(list: List, text: &str) -> Vec<Said> {
    let section = Expressions { lists: vec![list], ..Expressions::default() };
    look(&section, Target::Body, "", text, None)
}

fn look(
    section: &Expressions,
    target: Target,
    place: &str,
    text: &str,
    today: Option<Day>,
) -> Vec<Said> {
    Lists::compile(section, fold).look(&Text { target, place, text }, today, &|| false)
}

fn evidence(list: List, text: &str) -> Option<(String, u32)> {
    match looked(list, text).pop()? {
        Said::Matched { evidence, score, .. } => Some((evidence, score)),
        other => panic!("{other:?}"),
    }
}

#[test]
fn any_entry_is_enough_and_what_matched_is_told_in_order() {
    let entries = vec![keyword("gift card"), expression(r"IBAN\s?[A-Z]{2}\d+"), keyword("never")];
    let any = list(Matching::Any, entries);
    let (words, score) = evidence(any.clone(), "Send iban DE12, then a GIFT\n  card.").unwrap();
    assert_eq!((words.as_str(), score), ("\"iban DE12\", \"gift card\"", 2));
    assert_eq!(evidence(any, "a gift and a card"), None);
}

#[test]
fn all_entries_must_be_there() {
    let all =
        list(Matching::All, vec![keyword("wire"), expression("bank(?=ing)"), keyword("NOT test")]);
    assert!(evidence(all.clone(), "banking by wire").is_some());
    assert_eq!(evidence(all.clone(), "bank by wire"), None);
    assert_eq!(evidence(all, "banking by wire, a test"), None);
}

#[test]
fn within_counts_characters_across_keywords_and_expressions() {
    let mut within = list(
        Matching::Within,
        vec![
            keyword("über"),
            expression("zahl[a-z]+"),
            Entry { case_sensitive: true, ..keyword("Heute") },
        ],
    );
    within.characters = 25;
    let near = "Über \u{200b}das Zahlen:  Heute";
    assert!(evidence(within.clone(), near).unwrap().0.ends_with("within 25 characters"));
    let far = format!("über das {} Zahlen Heute", "x".repeat(30));
    assert_eq!(evidence(within.clone(), &far), None);
    assert!(evidence(within, &format!("{far} {near}")).is_some());
}

#[test]
fn a_score_adds_weights_and_counts_once_where_asked() {
    let heavy = Entry { weight: 4, ..keyword("prize") };
    let once = Entry { weight: 3, count_once: true, ..expression("win+er") };
    let score = List { threshold: 11, ..list(Matching::Score, vec![heavy, once]) };
    let (words, sum) = evidence(score.clone(), "prize winner, prize winner").unwrap();
    assert_eq!((words.as_str(), sum), ("\"prize\" 2 times, \"winner\"; score 11 of 11", 11));
    assert_eq!(evidence(score, "prize winner winner winner"), None);
}

#[test]
fn case_counts_where_asked() {
    let exact = Entry { case_sensitive: true, ..keyword("Project  Falcon") };
    let any = list(Matching::Any, vec![exact]);
    assert!(evidence(any.clone(), "our Project\nFalcon").is_some());
    assert_eq!(evidence(any, "our project falcon"), None);
}

#[test]
fn disguised_words_are_read_as_whoever_folds_reads_them() {
    let any = list(Matching::Any, vec![keyword("password")]);
    assert!(evidence(any, "your pass\u{200b}word").is_some());
}

#[test]
fn a_limit_is_told_and_never_taken_for_no_match() {
    let evil = expression(r"(?=(a+)+$)a");
    let text = format!("wire {}!", "a".repeat(60));
    let any = list(Matching::Any, vec![evil.clone()]);
    assert!(
        matches!(&looked(any, &text)[..], [Said::Undecided { why, .. }] if why.contains("ways"))
    );
    let decided = list(Matching::Any, vec![evil.clone(), keyword("wire")]);
    assert!(matches!(&looked(decided, &text)[..], [Said::Matched { .. }]));
    let impossible = list(Matching::All, vec![evil, keyword("absent")]);
    assert_eq!(looked(impossible, &text), []);
}

#[test]
fn a_look_that_takes_too_long_is_undecided() {
    let section = Expressions {
        lists: vec![list(Matching::Any, vec![expression("invoice")])],
        ..Expressions::default()
    };
    let lists = Lists::compile(&section, fold);
    let text = Text { target: Target::Subject, place: "", text: "invoice" };
    assert!(matches!(&lists.look(&text, None, &|| true)[..], [Said::Undecided { .. }]));
}

#[test]
fn a_flood_of_matches_hides_no_pair() {
    let entries = vec![expression("wi[r]e"), expression("trans[f]er")];
    let within = List { characters: 20, ..list(Matching::Within, entries) };
    let text = format!("{}{} wire transfer", "wire ".repeat(300), "x".repeat(100));
    assert!(matches!(&looked(within.clone(), &text)[..], [Said::Undecided { .. }]));
    assert!(matches!(&looked(within, "a wire transfer")[..], [Said::Matched { .. }]));
}

#[test]
fn words_that_hold_together_are_quoted_together() {
    let any = list(Matching::Any, vec![keyword("gift AND card")]);
    assert_eq!(evidence(any, "a card, a gift, a card").unwrap().0, "\"card ... gift ... card\"");
}

#[test]
fn lists_that_are_off_or_empty_say_nothing() {
    let off = List { enabled: false, ..list(Matching::Any, vec![keyword("a1")]) };
    assert_eq!(looked(off, "a1"), []);
    assert_eq!(looked(list(Matching::All, Vec::new()), "a1"), []);
    assert!(!Lists::default().want(Target::Body));
}

#[test]
fn expressions_see_line_ends_as_one_character() {
    let any = list(Matching::Any, vec![expression("(?m)^Dear friend$"), expression("never")]);
    assert!(evidence(any.clone(), "x\r\nDear friend\r\ny").is_some());
    assert!(evidence(any, "Dear friend\r\n").is_some());
}

fn exempting(place: Where, field: &str, until: &str) -> Expressions {
    let one = Exemption {
        name: "partner".into(),
        place,
        field: field.into(),
        text: "[ticket*".into(),
        until: until.into(),
        ..Exemption::default()
    };
    Expressions { exemptions: vec![one], ..Expressions::default() }
}

#[test]
fn an_exemption_acts_in_its_place_only() {
    let subject = exempting(Where::Subject, "", "");
    let said = look(&subject, Target::Subject, "", "Re: [Ticket-12] x", None);
    assert!(matches!(&said[..], [Said::Exempt { name, .. }] if name == "partner"), "{said:?}");
    assert_eq!(look(&subject, Target::Body, "", "[ticket-12]", None), []);
    let header = exempting(Where::Header, "X-Queue", "");
    assert_eq!(look(&header, Target::Headers, "x-queue", "[ticket]", None).len(), 1);
    assert_eq!(look(&header, Target::Headers, "Subject", "[ticket]", None), []);
}

#[test]
fn an_exemption_ends_and_without_a_day_it_does_not_act() {
    let section = exempting(Where::Subject, "", "2027-01-02");
    let on = |day: Option<&str>| {
        look(&section, Target::Subject, "", "[ticket]", day.and_then(Day::read)).len()
    };
    assert_eq!((on(Some("2027-01-02")), on(Some("2027-01-03")), on(None)), (1, 0, 0));
}

#[test]
fn the_lists_that_ship_say_what_they_are_for_and_leave_plain_mail_alone() {
    let all = Expressions { predefined: Predefined::ALL.to_vec(), ..Expressions::default() };
    let said = |text: &str| -> Vec<String> {
        let names = look(&all, Target::Body, "", text, None).into_iter().map(|one| match one {
            Said::Matched { list, .. } => list,
            other => panic!("{other:?}"),
        });
        names.collect()
    };
    for (text, name) in [
        (
            "Forward this to ten friends within a week or bad luck will follow. Do not break the chain!",
            "chain_mail",
        ),
        (
            "Please find attached my CV and cover letter. I am applying for the position of clerk.",
            "job_search",
        ),
        (
            "This wire transfer is urgent and must go out today. Keep this confidential, I am in a meeting.",
            "finance_pressure",
        ),
        (
            "Your mailbox is full. Verify your account and confirm your password to keep access.",
            "credential_request",
        ),
        ("Was für eine Scheiße, du Arschloch", "profanity_de"),
        ("what the fuck", "profanity_en"),
    ] {
        assert!(said(text).contains(&name.to_owned()), "{name}: {:?}", said(text));
    }
    for text in [
        "Hello Ann, the minutes of our meeting are attached. Could you forward them to Bob? Thanks",
        "Your invoice 4711 of 12 May is attached. Payment is due within 30 days by bank transfer.",
        "Guten Tag, anbei das Angebot. Bitte geben Sie uns bis Freitag Bescheid.",
        "We have changed our privacy policy. You can read it on our website.",
        "The position of the sensor is given in millimetres; the application reads it every second.",
    ] {
        assert_eq!(said(text), Vec::<String>::new(), "{text}");
    }
}
