//! A list of keywords and expressions matches in a text of the message (features D-32).

use std::collections::HashSet;

use mail::{Finding, FindingKind, Findings};

use super::{Answer, listed};
use crate::condition::{Condition, TextTarget};
use crate::limits;

/// The lists and texts asked for.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    lists: HashSet<String>,
    targets: Vec<TextTarget>,
    /// Names of header fields, lower case.
    headers: HashSet<String>,
}

impl Wanted {
    pub(super) fn of(condition: &Condition) -> Self {
        Wanted {
            lists: condition.lists.iter().cloned().collect(),
            targets: condition.targets.clone(),
            headers: condition.headers.iter().map(|name| name.to_ascii_lowercase()).collect(),
        }
    }

    pub(super) fn ask(&self, findings: &Findings) -> Answer {
        let mut all = findings.list.iter().filter(|one| one.counts() && self.wants(one));
        let told: Vec<String> = all.by_ref().take(limits::QUOTED_FINDINGS).map(spoken).collect();
        match listed(told.iter().map(String::as_str).collect(), all.next().is_some()) {
            Some(found) => Answer::yes(format!("found {found}")),
            None => Answer::no("none of the lists matches"),
        }
    }

    /// A cell says of each match which text it was in, as its source.
    fn wants(&self, finding: &Finding) -> bool {
        let in_target = |target: &TextTarget| target.as_str() == finding.source;
        let is_header = finding.source == TextTarget::Headers.as_str();
        let in_header = || {
            self.headers.is_empty() || self.headers.contains(&finding.place.to_ascii_lowercase())
        };
        finding.kind == FindingKind::Expression
            && self.lists.contains(&finding.name)
            && (self.targets.is_empty() || self.targets.iter().any(in_target))
            && (!is_header || in_header())
    }
}

/// The list, where it matched and what matched, in words.
fn spoken(finding: &Finding) -> String {
    let place = match finding.source.as_str() {
        "subject" => "the subject".to_owned(),
        "body" => "the text".to_owned(),
        "headers" => format!("the header field {}", finding.place),
        "names" => format!("the file name of {}", finding.place),
        _ => finding.place.clone(),
    };
    format!("list {} in {place}: {}", finding.name, finding.evidence)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::condition::Question;
    use mail::EngineName;

    fn findings(all: &[(&str, &str, &str)]) -> Findings {
        let one = |(list, source, place): &(&str, &str, &str)| {
            let (engine, kind) = (EngineName::Expressions, FindingKind::Expression);
            Finding::new(engine, kind, *list, *place, "\"falcon\"").from_source(*source)
        };
        Findings { list: all.iter().map(one).collect(), ..Findings::default() }
    }

    fn ask(condition: &Condition, all: &[(&str, &str, &str)]) -> Answer {
        Wanted::of(condition).ask(&findings(all))
    }

    fn of(lists: &[&str]) -> Condition {
        let lists = lists.iter().map(|one| (*one).to_owned()).collect();
        Condition { lists, ..Condition::of(Question::Expression) }
    }

    #[test]
    fn a_list_that_matches_is_told_with_its_place_and_words() {
        let answer = ask(&of(&["Secret"]), &[("Secret", "body", "body")]);
        assert!(answer.holds);
        assert_eq!(answer.because, "found list Secret in the text: \"falcon\"");
        assert!(!ask(&of(&["Other"]), &[("Secret", "body", "body")]).holds);
    }

    #[test]
    fn only_the_texts_asked_for_count() {
        let mut condition = of(&["Secret"]);
        condition.targets = vec![TextTarget::Subject, TextTarget::Headers];
        assert!(!ask(&condition, &[("Secret", "body", "body")]).holds);
        assert!(ask(&condition, &[("Secret", "subject", "subject")]).holds);
        condition.headers = vec!["Reply-To".into()];
        assert!(!ask(&condition, &[("Secret", "headers", "X-Note")]).holds);
        let answer = ask(&condition, &[("Secret", "headers", "reply-to")]);
        assert!(answer.because.contains("the header field reply-to"), "{}", answer.because);
    }

    #[test]
    fn a_finding_of_another_kind_with_the_name_of_a_list_is_none() {
        let mut list = findings(&[("Secret", "body", "body")]);
        list.list[0].kind = FindingKind::Malware;
        assert!(!Wanted::of(&of(&["Secret"])).ask(&list).holds);
    }

    #[test]
    fn a_condition_without_lists_is_a_problem() {
        let problems = crate::condition::check("c", &Condition::of(Question::Expression));
        assert_eq!(problems[0].path, "c.lists");
    }
}
