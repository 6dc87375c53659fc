//! The settings section `policy`: the ordered rules.

use schema::Problem;

use crate::Wildcard;

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
    /// What must be true of a message.
    pub enum When {
        /// Every message.
        Always = "always",
        /// A signature of malware matched in any part.
        Malware = "malware",
        /// The probability of spam is at least `spam_at_least_percent`.
        Spam = "spam",
        /// The message could not be scanned to the end.
        Unscannable = "unscannable",
        /// Two mail readers could read the message differently.
        Ambiguous = "ambiguous",
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
        /// Deliver without looking at the rules that follow.
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
        /// What must be true of the message.
        pub when: When = When::Always,
        /// For `when: spam`: the least probability, in percent.
        pub spam_at_least_percent: u32 = 50, in 1..=100,
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
    /// What is done with mail, rule by rule, first to last.
    pub struct Rules = "policy", touches Live, checked by check {
        /// The rules. A recipient that no rule ends gets the message delivered.
        pub rules: Vec<Rule> = default_rules(), in 0..=10_000,
    }
}

/// The rules that ship.
fn default_rules() -> Vec<Rule> {
    let rule = |name: &str, when: When, area: &str| Rule {
        name: name.to_owned(),
        when,
        area: area.to_owned(),
        ..Rule::default()
    };
    vec![
        rule("Global antivirus", When::Malware, "Malware"),
        rule("Unscannable", When::Unscannable, "Unscannable"),
        Rule { spam_at_least_percent: 90, ..rule("Spam", When::Spam, "Spam") },
        Rule {
            action: Action::Tag,
            spam_at_least_percent: 50,
            ..rule("Probable spam", When::Spam, "Spam")
        },
    ]
}

/// What the kinds of the fields cannot say.
pub(crate) fn check(rules: &Rules) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut names = std::collections::HashSet::new();
    for (number, rule) in rules.rules.iter().enumerate() {
        if !names.insert(rule.name.as_str()) {
            problems.push(Problem::new(
                format!("rules.{number}.name"),
                format!(
                    "two rules are called {:?}, so tracking could not tell them apart",
                    rule.name
                ),
                "give each rule a name of its own",
            ));
        }
        for (list, patterns) in [("senders", &rule.senders), ("recipients", &rule.recipients)] {
            for (place, pattern) in patterns.iter().enumerate() {
                if let Err(reason) = Wildcard::new(pattern) {
                    problems.push(Problem::new(
                        format!("rules.{number}.{list}.{place}"),
                        format!("{pattern:?} is no address pattern: {reason}"),
                        "write name@domain, *@domain, *@*.domain or *",
                    ));
                }
            }
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn malware_is_judged_first_by_default() {
        let rules = Rules::default();
        assert_eq!(rules.rules[0].when, When::Malware);
        assert_eq!(rules.rules[0].action, Action::Quarantine);
        assert!(check(&rules).is_empty());
    }

    #[test]
    fn two_rules_of_one_name_are_a_problem() {
        let mut rules = Rules::default();
        rules.rules[1].name = rules.rules[0].name.clone();
        assert_eq!(check(&rules).len(), 1);
    }

    #[test]
    fn a_bad_pattern_is_named_by_its_place() {
        let mut rules = Rules::default();
        rules.rules[2].senders = vec!["*@ok.test".into(), "a\nb".into()];
        let problems = check(&rules);
        assert_eq!(problems.len(), 1);
        assert_eq!(problems[0].path, "rules.2.senders.1");
    }
}
