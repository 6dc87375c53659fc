//! Compile and decide.

use mail::{Amendment, Direction, Envelope, Fate, Findings, Ruling, Step, Verdict};

use crate::actions::{Consequence, act};
use crate::conditions::ask;
use crate::patterns::{Patterns, Sought};
use crate::settings::{RouteDirection, Rule, Rules, When};

/// The name of the rule in force where none matched.
pub const DEFAULT_RULE: &str = "default";

/// Compiled rules.
#[derive(Debug, Clone)]
pub struct Policy {
    revision: u64,
    rules: Vec<Compiled>,
}

#[derive(Debug, Clone)]
struct Compiled {
    /// Without its lists.
    rule: Rule,
    senders: Patterns,
    recipients: Patterns,
}

/// The addresses of one message.
struct Addresses {
    sender: Sought,
    recipients: Vec<Sought>,
}

impl Addresses {
    fn of(envelope: &Envelope) -> Self {
        let recipients = envelope.recipients.iter();
        Addresses {
            sender: Sought::new(&envelope.sender.to_string()),
            recipients: recipients.map(|one| Sought::new(&one.address.to_string())).collect(),
        }
    }
}

/// How one recipient stands while the rules go by.
struct Standing {
    amendments: Vec<Amendment>,
    ended: Option<(Fate, String, String)>,
}

impl Policy {
    /// Compiles the rules of a settings revision. Patterns were checked when the settings were
    /// committed; one that does not compile all the same matches nothing and is left out.
    #[must_use]
    pub fn compile(revision: u64, rules: &Rules) -> Self {
        let compiled = rules.rules.iter().filter(|rule| rule.enabled).map(|rule| Compiled {
            senders: Patterns::compile(&rule.senders),
            recipients: Patterns::compile(&rule.recipients),
            rule: Rule { senders: Vec::new(), recipients: Vec::new(), ..rule.clone() },
        });
        Policy { revision, rules: compiled.collect() }
    }

    /// The settings revision this policy was compiled from.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Judges one message. `skip` names a rule not to apply (a release from quarantine skips the
    /// rule that held the mail); a malware rule is never skipped.
    #[must_use]
    pub fn decide(&self, envelope: &Envelope, findings: &Findings, skip: Option<&str>) -> Verdict {
        let mut standings: Vec<Standing> = envelope
            .recipients
            .iter()
            .map(|_| Standing { amendments: Vec::new(), ended: None })
            .collect();
        let addresses = Addresses::of(envelope);
        let mut steps = Vec::with_capacity(self.rules.len());
        for compiled in &self.rules {
            if standings.iter().all(|standing| standing.ended.is_some()) {
                break;
            }
            steps.push(compiled.apply(envelope, &addresses, findings, skip, &mut standings));
        }
        Verdict { revision: self.revision, rulings: gather(standings), steps }
    }
}

impl Compiled {
    /// Looks at one rule for every recipient that is still open.
    fn apply(
        &self,
        envelope: &Envelope,
        addresses: &Addresses,
        findings: &Findings,
        skip: Option<&str>,
        standings: &mut [Standing],
    ) -> Step {
        let step = |matched: bool, because: String| Step {
            rule: self.rule.name.clone(),
            matched,
            because,
        };
        if skip == Some(self.rule.name.as_str()) && self.rule.when != When::Malware {
            return step(false, "released from quarantine, so this rule is skipped".to_owned());
        }
        if let Some(because) = self.off_route(envelope, addresses) {
            return step(false, because.to_owned());
        }
        let answer = ask(&self.rule, findings);
        if !answer.holds {
            return step(false, answer.because);
        }
        if self.rule.observe {
            return step(false, format!("observed only, it would have acted: {}", answer.because));
        }
        let covered = self.cover(addresses, &answer.because, standings);
        match covered {
            0 => step(false, "no recipient of this rule".to_owned()),
            _ => step(true, answer.because),
        }
    }

    /// Why the message is not on the route of this rule, if it is not.
    fn off_route(&self, envelope: &Envelope, addresses: &Addresses) -> Option<&'static str> {
        match (self.rule.direction, envelope.direction) {
            (RouteDirection::Incoming, Direction::Outgoing) => {
                return Some("only for incoming mail");
            }
            (RouteDirection::Outgoing, Direction::Incoming) => {
                return Some("only for outgoing mail");
            }
            _ => {}
        }
        let listed = self.senders.match_any(&addresses.sender);
        (!listed).then_some("the sender is not one of this rule")
    }

    /// Acts on the open recipients of this rule; tells how many there were.
    fn cover(&self, addresses: &Addresses, because: &str, standings: &mut [Standing]) -> usize {
        let mut covered = 0;
        for (recipient, standing) in addresses.recipients.iter().zip(standings) {
            if standing.ended.is_some() || !self.recipients.match_any(recipient) {
                continue;
            }
            covered += 1;
            match act(&self.rule) {
                Consequence::Amend(amendment) => standing.amendments.push(amendment),
                Consequence::End(fate) => {
                    standing.ended = Some((fate, self.rule.name.clone(), because.to_owned()));
                }
            }
        }
        covered
    }
}

/// Puts recipients with the same ending into one ruling, in order of first appearance.
fn gather(standings: Vec<Standing>) -> Vec<Ruling> {
    let mut rulings: Vec<Ruling> = Vec::new();
    for (index, standing) in standings.into_iter().enumerate() {
        let index = index as u32;
        let (fate, rule, because) = standing.ended.unwrap_or_else(|| {
            (Fate::Deliver, DEFAULT_RULE.to_owned(), "no rule ended its way".to_owned())
        });
        // What is not delivered is kept or refused as it came.
        let amendments = if fate == Fate::Deliver { standing.amendments } else { Vec::new() };
        let same = rulings.iter_mut().find(|ruling| {
            ruling.fate == fate && ruling.rule == rule && ruling.amendments == amendments
        });
        match same {
            Some(ruling) => ruling.recipients.push(index),
            None => {
                rulings.push(Ruling { recipients: vec![index], fate, rule, because, amendments })
            }
        }
    }
    rulings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Action;
    use mail::{
        BodyKind, Client, EngineName, Finding, FindingKind, Listener, MessageId, Recipient, Sender,
        SessionId, Timestamp, Unscannable,
    };

    fn envelope(recipients: &[&str]) -> Envelope {
        Envelope {
            id: MessageId(1),
            session: SessionId(1),
            received: Timestamp(0),
            listener: Listener::Smtp,
            direction: Direction::Incoming,
            client: Client {
                address: "192.0.2.1:25".parse().unwrap(),
                helo: "x".into(),
                tls: None,
            },
            sender: Sender::Mailbox("bob@away.test".parse().unwrap()),
            recipients: recipients
                .iter()
                .map(|address| Recipient::plain(address.parse().unwrap()))
                .collect(),
            body: BodyKind::SevenBit,
            smtputf8: false,
            ret: None,
            envid: None,
            size: 100,
        }
    }

    fn finding(kind: FindingKind, name: &str) -> Finding {
        Finding {
            engine: EngineName::Virus,
            kind,
            name: name.into(),
            place: "2".into(),
            evidence: String::new(),
        }
    }

    fn infected() -> Findings {
        let list = vec![finding(FindingKind::Malware, "EICAR-Test-File")];
        Findings { list, ..Findings::default() }
    }

    fn policy(change: impl FnOnce(&mut Rules)) -> Policy {
        let mut rules = Rules::default();
        change(&mut rules);
        Policy::compile(7, &rules)
    }

    #[test]
    fn clean_mail_is_delivered_by_default() {
        let verdict = policy(|_| {}).decide(&envelope(&["a@x.test"]), &Findings::default(), None);
        assert_eq!(verdict.rulings.len(), 1);
        assert_eq!(verdict.rulings[0].fate, Fate::Deliver);
        assert_eq!(verdict.rulings[0].rule, DEFAULT_RULE);
        assert_eq!(verdict.steps.len(), 4);
        assert_eq!(verdict.revision, 7);
    }

    #[test]
    fn malware_is_quarantined_with_name_and_place() {
        let verdict = policy(|_| {}).decide(&envelope(&["a@x.test"]), &infected(), None);
        let ruling = &verdict.rulings[0];
        assert_eq!(ruling.fate, Fate::Quarantine { area: "Malware".into() });
        assert_eq!(ruling.because, "found EICAR-Test-File in 2");
    }

    #[test]
    fn a_release_never_skips_the_malware_rule() {
        let envelope = envelope(&["a@x.test"]);
        let verdict = policy(|_| {}).decide(&envelope, &infected(), Some("Global antivirus"));
        assert_eq!(verdict.rulings[0].fate.word(), "quarantine");
        let spam = Findings { spam_probability: 1.0, ..Findings::default() };
        assert_eq!(
            policy(|_| {}).decide(&envelope, &spam, Some("Spam")).rulings[0].fate,
            Fate::Deliver
        );
    }

    #[test]
    fn unscannable_is_never_delivered_by_default() {
        let findings = Findings::unscannable(Unscannable::KilledWorkers("SIGKILL".into()));
        let verdict = policy(|_| {}).decide(&envelope(&["a@x.test"]), &findings, None);
        assert_eq!(verdict.rulings[0].fate, Fate::Quarantine { area: "Unscannable".into() });
    }

    #[test]
    fn a_probability_that_is_no_number_is_not_clean() {
        let findings = Findings { spam_probability: f64::NAN, ..Findings::default() };
        let verdict = policy(|_| {}).decide(&envelope(&["a@x.test"]), &findings, None);
        assert_eq!(verdict.rulings[0].fate.word(), "quarantine");
    }

    #[test]
    fn probable_spam_is_tagged_and_delivered() {
        let findings = Findings { spam_probability: 0.6, ..Findings::default() };
        let verdict = policy(|_| {}).decide(&envelope(&["a@x.test"]), &findings, None);
        assert_eq!(verdict.rulings[0].fate, Fate::Deliver);
        assert_eq!(
            verdict.rulings[0].amendments,
            [Amendment::TagSubject { text: "[Spam]".into() }]
        );
    }

    #[test]
    fn recipients_are_split_by_rule() {
        let policy = policy(|rules| {
            rules.rules[0].recipients = vec!["boss@*".into()];
            rules.rules[0].action = Action::Refuse;
        });
        let verdict =
            policy.decide(&envelope(&["a@x.test", "boss@x.test", "c@x.test"]), &infected(), None);
        assert_eq!(verdict.rulings.len(), 2);
        assert_eq!(verdict.rulings[0].recipients, [0, 2]);
        assert_eq!(verdict.rulings[1].recipients, [1]);
        assert!(matches!(&verdict.rulings[1].fate, Fate::Return { reply } if reply.code() == 550));
    }

    #[test]
    fn an_observing_rule_only_leaves_a_trace() {
        let policy = policy(|rules| rules.rules[0].observe = true);
        let verdict = policy.decide(&envelope(&["a@x.test"]), &infected(), None);
        assert_eq!(verdict.rulings[0].fate, Fate::Deliver);
        assert!(verdict.steps[0].because.contains("would have acted"));
    }

    #[test]
    fn a_rule_for_outgoing_mail_leaves_incoming_alone() {
        let policy = policy(|rules| rules.rules[0].direction = RouteDirection::Outgoing);
        let verdict = policy.decide(&envelope(&["a@x.test"]), &infected(), None);
        assert_eq!(verdict.rulings[0].fate, Fate::Deliver);
    }

    proptest::proptest! {
        #[test]
        fn rulings_partition_the_recipients(
            count in 1_usize..40,
            rules in proptest::collection::vec((0_u8..5, 0_u8..5, 0_usize..6, 0_u32..101), 0..8),
            probability in 0.0_f64..1.0,
            malware: bool,
        ) {
            let names: Vec<String> = (0..count).map(|n| format!("r{}@x{}.test", n % 5, n % 3)).collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let lists: [&[&str]; 6] = [&[], &["r1@*"], &["*@x0.test"], &["*"], &["nobody@*"], &["r?@x1.test"]];
            let whens = [When::Always, When::Malware, When::Spam, When::Unscannable, When::Ambiguous];
            let actions = [Action::Quarantine, Action::Refuse, Action::Discard, Action::Tag, Action::Deliver];
            let rules = rules.iter().enumerate().map(|(number, (when, action, list, percent))| Rule {
                name: format!("rule {number}"),
                when: whens[*when as usize],
                action: actions[*action as usize],
                recipients: lists[*list].iter().map(|text| (*text).to_owned()).collect(),
                spam_at_least_percent: *percent,
                ..Rule::default()
            }).collect();
            let mut findings = if malware { infected() } else { Findings::default() };
            findings.spam_probability = probability;
            let verdict = Policy::compile(1, &Rules { rules }).decide(&envelope(&names), &findings, None);
            let mut seen: Vec<u32> = verdict.rulings.iter().flat_map(|ruling| ruling.recipients.clone()).collect();
            seen.sort_unstable();
            assert_eq!(seen, (0..count as u32).collect::<Vec<_>>());
        }
    }
}
