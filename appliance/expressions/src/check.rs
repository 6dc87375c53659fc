//! What the kinds of the fields cannot say: entries that cannot be used, with the reason.

use std::collections::HashSet;

use schema::{Kinded, Problem};

use crate::limits;
use crate::pattern::{Pattern, PatternError};
use crate::query::Query;
use crate::settings::{Exemption, Expressions, Kind, List, Predefined, Where};

/// Everything that is wrong with the section.
pub(crate) fn check(section: &Expressions) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut names: HashSet<String> = predefined_names().collect();
    for (number, list) in section.lists.iter().enumerate() {
        let path = format!("lists.{number}");
        check_name(&path, &list.name, &mut names, &mut problems);
        check_list(&path, list, &mut problems);
    }
    let mut names = HashSet::new();
    for (number, one) in section.exemptions.iter().enumerate() {
        let path = format!("exemptions.{number}");
        check_name(&path, &one.name, &mut names, &mut problems);
        check_exemption(&path, one, &mut problems);
    }
    problems.extend(check_number(section));
    problems.truncate(limits::PROBLEMS);
    problems
}

/// The names of the lists that ship, so that no list of the owner takes one of them.
fn predefined_names() -> impl Iterator<Item = String> {
    let values = match Predefined::kind() {
        schema::Kind::Choice(values) => values,
        _ => Vec::new(),
    };
    values.into_iter().map(|value| value.name)
}

fn check_name(path: &str, name: &str, names: &mut HashSet<String>, problems: &mut Vec<Problem>) {
    if !names.insert(name.to_owned()) {
        problems.push(Problem::new(
            format!("{path}.name"),
            format!("Something else is called {name:?} already."),
            "Choose another name.",
        ));
    }
}

fn check_list(path: &str, list: &List, problems: &mut Vec<Problem>) {
    if list.entries.is_empty() {
        problems.push(Problem::new(
            format!("{path}.entries"),
            format!("The list {:?} has no entry, so it would never match.", list.name),
            "Add an entry, or delete the list.",
        ));
    }
    for (place, entry) in list.entries.iter().enumerate() {
        let at = format!("{path}.entries.{place}.text");
        problems.extend(check_text(at, &entry.text, entry.kind, entry.case_sensitive));
        if problems.len() >= limits::PROBLEMS {
            return;
        }
    }
}

fn check_exemption(path: &str, one: &Exemption, problems: &mut Vec<Problem>) {
    if one.place == Where::Header && one.field.is_empty() {
        problems.push(Problem::new(
            format!("{path}.field"),
            "No header field is named.",
            "Name the field, such as List-Id.",
        ));
    }
    if !one.until.is_empty() && mail::Day::read(&one.until).is_none() {
        problems.push(Problem::new(
            format!("{path}.until"),
            format!("{:?} is no date.", one.until),
            "Write it as 2027-12-31, or leave it empty.",
        ));
    }
    problems.extend(check_text(format!("{path}.text"), &one.text, one.kind, one.case_sensitive));
}

fn check_text(path: String, text: &str, kind: Kind, case_sensitive: bool) -> Option<Problem> {
    let (what, reason) = match kind {
        Kind::Keyword => ("keyword", Query::read(text, &str::to_lowercase).err()?),
        Kind::Expression => ("expression", reason_against(text, case_sensitive)?.to_string()),
    };
    let remedy = "Change it; `gatepost expressions test` tries one without saving it.";
    Some(Problem::new(path, format!("{text:?} cannot be used as {what}: {reason}."), remedy))
}

fn reason_against(text: &str, case_sensitive: bool) -> Option<PatternError> {
    match Pattern::compile(text, case_sensitive) {
        Ok(pattern) => pattern.try_out().err(),
        Err(error) => Some(error),
    }
}

fn check_number(section: &Expressions) -> Option<Problem> {
    let entries = section.lists.iter().flat_map(|list| &list.entries);
    let number = entries.filter(|entry| entry.kind == Kind::Expression).count();
    (number > limits::EXPRESSIONS).then(|| {
        Problem::new(
            "lists",
            format!("There are {number} expressions; {} are allowed.", limits::EXPRESSIONS),
            "Write them as keywords where they need no expression.",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Entry;

    fn expression(text: &str) -> Entry {
        Entry { text: text.into(), kind: Kind::Expression, ..Entry::default() }
    }

    fn of(entries: Vec<Entry>) -> Expressions {
        let list = List { name: "Own".into(), entries, ..List::default() };
        Expressions { lists: vec![list], ..Expressions::default() }
    }

    #[test]
    fn the_section_is_in_order() {
        assert!(schema::Tree::new().with::<Expressions>().faults().is_empty());
        assert_eq!(check(&Expressions::default()), []);
    }

    #[test]
    fn what_cannot_be_used_is_named_by_its_place_and_reason() {
        let section = of(vec![
            expression("good [0-9]+"),
            expression("(open"),
            expression("a*"),
            expression(r"(?=(a+)+$)a"),
            Entry { text: "a AND".into(), ..Entry::default() },
            Entry { text: "(just brackets".into(), ..Entry::default() },
        ]);
        let problems = check(&section);
        let paths: Vec<&str> = problems.iter().map(|one| one.path.as_str()).collect();
        let at = |number: usize| format!("lists.0.entries.{number}.text");
        assert_eq!(paths, [at(1), at(2), at(3), at(4)], "{problems:?}");
        assert!(problems[1].sentence.contains("empty"), "{}", problems[1]);
    }

    #[test]
    fn no_list_takes_the_name_of_another_or_of_one_that_ships() {
        let mut section = of(vec![expression("a")]);
        section.lists.push(section.lists[0].clone());
        section.lists.push(List { name: "chain_mail".into(), ..section.lists[0].clone() });
        let paths: Vec<String> = check(&section).into_iter().map(|one| one.path).collect();
        assert_eq!(paths, ["lists.1.name", "lists.2.name"]);
    }

    #[test]
    fn an_exemption_needs_its_field_and_a_date_that_is_one() {
        let one = Exemption {
            name: "x".into(),
            place: Where::Header,
            text: "y".into(),
            until: "soon".into(),
            ..Exemption::default()
        };
        let section = Expressions { exemptions: vec![one], ..Expressions::default() };
        let paths: Vec<String> = check(&section).into_iter().map(|one| one.path).collect();
        assert_eq!(paths, ["exemptions.0.field", "exemptions.0.until"]);
    }

    #[test]
    fn an_empty_list_is_a_problem() {
        assert_eq!(check(&of(Vec::new()))[0].path, "lists.0.entries");
    }
}
