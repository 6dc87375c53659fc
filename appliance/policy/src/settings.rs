//! The settings section `policy`: the ordered rules.

use schema::Problem;

use crate::condition::{self, CatchRate, Condition, Question};
use crate::exceptions::NAME_PREFIX;
use crate::{Wildcard, limits};

schema::choice! {
    /// Which way mail goes that a rule looks at.
    pub enum RouteDirection {
        /// Both ways.
        Any = "any",
        /// From outside to our domains.
        Incoming = "incoming",
        /// From permitted senders.
        Outgoing = "outgoing",
    }
}

schema::choice! {
    /// How the conditions of a rule go together.
    pub enum Combine {
        /// Every one of them must hold.
        All = "all",
        /// One of them is enough.
        Any = "any",
    }
}

schema::choice! {
    /// What a rule does. `tag` goes on to the next rule; the others end the judging of the
    /// recipients they cover.
    pub enum Action {
        /// Keep in the quarantine area `area`.
        Quarantine = "quarantine",
        /// Refuse with `reply_text`: a 550 inside the session, or a notice after it.
        Refuse = "refuse",
        /// Drop silently, on record.
        Discard = "discard",
        /// Put `tag_text` before the subject and go on to the next rule.
        Tag = "tag",
        /// Deliver without looking at the rules that follow. The exceptions act all the same.
        Deliver = "deliver",
    }
}

schema::table! {
    /// One rule.
    pub struct Rule {
        /// Name, shown in tracking and replies. Unique.
        pub name: String = String::new(), in 1..=100,
        /// Whether the rule is looked at.
        pub enabled: bool = true,
        /// Only record in the trace that the rule would have acted.
        pub observe: bool = false,
        /// Which way mail goes.
        pub direction: RouteDirection = RouteDirection::Any,
        /// Envelope senders, `*` and `?` as wildcards. Empty: every sender.
        pub senders: Vec<String> = Vec::new(), in 0..=1_000_000,
        /// Recipients, `*` and `?` as wildcards. Empty: every recipient. Others of the same message
        /// go on to the next rule.
        pub recipients: Vec<String> = Vec::new(), in 0..=1_000_000,
        /// What must be true of the message. Empty: every message.
        pub conditions: Vec<Condition> = Vec::new(), in 0..=100,
        /// Whether all conditions must hold, or one of them.
        pub combine: Combine = Combine::All,
        /// What is done.
        pub action: Action = Action::Quarantine,
        /// For `quarantine`: name of the area.
        pub area: String = "Default".to_owned(), in 1..=64,
        /// For `refuse`: the text after `550 5.7.1`.
        pub reply_text: String = "Message refused by policy".to_owned(), in 1..=400,
        /// For `tag`: the text put before the subject.
        pub tag_text: String = "[Spam]".to_owned(), in 1..=100,
        /// Free text for the owner.
        pub note: String = String::new(), in 0..=4000,
    }
}

schema::settings! {
    /// What is done with mail, rule by rule, first to last. What could not be scanned, or not to the
    /// end, is judged by the section `exceptions` besides.
    pub struct Rules = "policy", touches Live, checked by check {
        /// The rules. A recipient that no rule ends gets the message delivered.
        pub rules: Vec<Rule> = default_rules(), in 0..=10_000,
    }
}

/// The rules that ship.
fn default_rules() -> Vec<Rule> {
    let rule = |name: &str, when: Question, area: &str| Rule {
        name: name.to_owned(),
        conditions: vec![Condition::of(when)],
        area: area.to_owned(),
        ..Rule::default()
    };
    let percent = |when: Question, at_least_percent: u32| {
        vec![Condition { at_least_percent, ..Condition::of(when) }]
    };
    let rated =
        |when: Question, catch_rate: CatchRate| Condition { catch_rate, ..Condition::of(when) };
    vec![
        // Nobody wrote such mail, so nobody is told and nothing is kept (features F-7).
        Rule {
            action: Action::Discard,
            ..rule("Mass-mailing viruses", Question::MassMailer, "Malware")
        },
        rule("Global antivirus", Question::Malware, "Malware"),
        rule("Unwanted programs", Question::Grayware, "Attachments"),
        rule("Phishing", Question::Phishing, "Phishing"),
        Rule {
            conditions: percent(Question::Suspicious, 75),
            ..rule("Suspicious content", Question::Suspicious, "Attachments")
        },
        // What is surely an impostor's is held by the next rule; the rest is for its reader to
        // judge, who knows the person.
        Rule {
            conditions: vec![rated(Question::Impostor, CatchRate::High)],
            action: Action::Tag,
            tag_text: "[Possible impostor]".to_owned(),
            ..rule("Impostors", Question::Impostor, "Spam")
        },
        rule("Spam", Question::Spam, "Spam"),
        Rule {
            conditions: vec![
                rated(Question::Spam, CatchRate::High),
                Condition { not: true, ..rated(Question::Impostor, CatchRate::High) },
            ],
            action: Action::Tag,
            // About one honest mail in a hundred reaches this level, and a changed subject breaks
            // its signature: owners switch it on who want it.
            enabled: false,
            ..rule("Probable spam", Question::Spam, "Spam")
        },
    ]
}

/// What the kinds of the fields cannot say.
pub(crate) fn check(rules: &Rules) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut names = std::collections::HashSet::new();
    for (number, rule) in rules.rules.iter().enumerate() {
        let path = format!("rules.{number}");
        if !names.insert(rule.name.as_str()) {
            problems.push(Problem::new(
                format!("{path}.name"),
                format!(
                    "two rules are called {:?}, so tracking could not tell them apart",
                    rule.name
                ),
                "give each rule a name of its own",
            ));
        }
        if rule.name.starts_with(NAME_PREFIX) {
            problems.push(Problem::new(
                format!("{path}.name"),
                format!("{:?} would read like one of the exceptions", rule.name),
                format!("choose a name that does not start with {NAME_PREFIX:?}"),
            ));
        }
        check_addresses(&path, rule, &mut problems);
        for (place, one) in rule.conditions.iter().enumerate() {
            problems.extend(condition::check(&format!("{path}.conditions.{place}"), one));
        }
    }
    problems.truncate(limits::PROBLEMS);
    problems
}

fn check_addresses(path: &str, rule: &Rule, problems: &mut Vec<Problem>) {
    for (list, patterns) in [("senders", &rule.senders), ("recipients", &rule.recipients)] {
        for (place, pattern) in patterns.iter().enumerate() {
            if let Err(reason) = Wildcard::new(pattern) {
                problems.push(Problem::new(
                    format!("{path}.{list}.{place}"),
                    format!("{pattern:?} is no address pattern: {reason}"),
                    "write name@domain, *@domain, *@*.domain or *",
                ));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn malware_is_judged_first_by_default() {
        let rules = Rules::default();
        let threats = rules.rules.iter().map(|rule| rule.conditions[0].when.is_malware());
        assert_eq!(
            threats.collect::<Vec<_>>(),
            [true, true, false, false, false, false, false, false]
        );
        assert!(check(&rules).is_empty());
    }

    #[test]
    fn the_section_is_in_order() {
        assert!(schema::Tree::new().with::<Rules>().faults().is_empty());
    }

    #[test]
    fn two_rules_of_one_name_are_a_problem() {
        let mut rules = Rules::default();
        rules.rules[1].name = rules.rules[0].name.clone();
        assert_eq!(check(&rules).len(), 1);
    }

    #[test]
    fn no_rule_may_be_taken_for_an_exception() {
        let mut rules = Rules::default();
        rules.rules[0].name = "Exception: none of ours".into();
        assert_eq!(check(&rules)[0].path, "rules.0.name");
    }

    #[test]
    fn a_bad_pattern_is_named_by_its_place() {
        let mut rules = Rules::default();
        rules.rules[2].senders = vec!["*@ok.test".into(), "a\nb".into()];
        rules.rules[2].conditions = vec![Condition::of(Question::AttachmentName)];
        let problems = check(&rules);
        let paths: Vec<&str> = problems.iter().map(|problem| problem.path.as_str()).collect();
        assert_eq!(paths, ["rules.2.senders.1", "rules.2.conditions.0.names"]);
    }

    #[test]
    fn a_rule_is_written_with_what_matters_only() {
        let tree = schema::Tree::new().with::<Rules>();
        let text = r#"{"policy": {"rules": [{"name": "No programs", "combine": "any", "conditions": [
            {"when": "attachment_type", "families": ["executable"]},
            {"when": "attachment_extension", "groups": ["executables", "links"]}
        ]}]}}"#;
        let (sections, problems) = tree.read(&serde_json::from_str(text).unwrap());
        assert_eq!(problems, []);
        let rules: Rules = schema::section(&sections).unwrap();
        assert_eq!(rules.rules[0].conditions.len(), 2);
        assert!(rules.rules[0].conditions[1].inside_archives);
    }
}
