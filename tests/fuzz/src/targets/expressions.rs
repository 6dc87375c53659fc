//! An expression or keyword and a text: whatever they are, compiling ends in an answer, so does
//! looking, twice in the same one, and a match lies in the text.

use expressions::{Entry, Expressions, Kind, List, Lists, Matching, Pattern, Target, Text};

/// Takes the first line as expression and as keyword, and the rest as the text.
pub fn target(octets: &[u8]) {
    let input = String::from_utf8_lossy(octets);
    let (pattern, text) = input.split_once('\n').unwrap_or((&input, ""));
    expression(pattern, text);
    listed(pattern, text);
}

fn expression(pattern: &str, text: &str) {
    for case_sensitive in [true, false] {
        let Ok(compiled) = Pattern::compile(pattern, case_sensitive) else { continue };
        let found = compiled.find(text, 20);
        assert_eq!(compiled.find(text, 20), found, "the same text gives the same matches");
        let mut from = 0;
        for (start, end) in found.unwrap_or_default() {
            assert!(from <= start && start < end, "matches come in order and are not empty");
            assert!(text.get(start..end).is_some(), "a match is whole characters of the text");
            from = end;
        }
        let _ = compiled.try_out();
    }
}

fn listed(pattern: &str, text: &str) {
    let entry = |kind, case_sensitive| Entry {
        text: pattern.to_owned(),
        kind,
        case_sensitive,
        ..Entry::default()
    };
    let entries = vec![
        entry(Kind::Keyword, false),
        entry(Kind::Keyword, true),
        entry(Kind::Expression, false),
    ];
    let all = [Matching::Any, Matching::All, Matching::Within, Matching::Score];
    let lists = all.map(|matching| List {
        name: matching.to_string(),
        matching,
        threshold: 3,
        entries: entries.clone(),
        ..List::default()
    });
    let section = Expressions { lists: lists.to_vec(), ..Expressions::default() };
    let compiled = Lists::compile(&section, spam::fold);
    let text = Text { target: Target::Body, place: "body", text };
    let said = compiled.look(&text, None, &|| false);
    assert_eq!(compiled.look(&text, None, &|| false), said, "the same text says the same");
    assert!(said.len() <= section.lists.len());
}

/// Expressions of both engines, and keywords with every operator.
pub fn seeds() -> Vec<Vec<u8>> {
    let inputs = [
        "IBAN\\s?[A-Z]{2}\\d+\nplease pay to IBAN DE12 3456",
        "(a+)+$\naaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!",
        "(?=(a+)+$)a\naaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!",
        "(['\"])\\w+\\1(?<!x)\\K.\n'a' \"b\" 'c\"",
        "(*UTF)(*LIMIT_MATCH=9)(?>a|ab)c++\nabc",
        "[[:alpha:]&&[^a]]\\Qa.b\\E\\h\\R\\X\na.b \u{e9}\r\n",
        "wire NEAR5 transfer AND NOT (test OR \"a b\")\ntransfer it by wire",
        "*work* OR pass*\nhomeworkers pass\u{200b}word",
    ];
    inputs.iter().map(|input| input.as_bytes().to_vec()).collect()
}
