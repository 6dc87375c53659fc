//! Compile and decide.

use std::sync::Arc;

use mail::{Direction, Envelope, Findings, Step, Verdict};

use crate::actions::{Consequence, act};
use crate::condition::Question;
use crate::conditions::{Answer, Asked, Subject};
use crate::exceptions::{Exceptions, Hit, NAME_PREFIX};
use crate::patterns::{Patterns, Sought};
use crate::senders::{Lists, Senders};
use crate::settings::{Combine, RouteDirection, Rule, Rules};
use crate::standing::{Standing, gather, strictness};

/// The name of the rule in force where none matched.
pub const DEFAULT_RULE: &str = "default";

/// Compiled rules and exceptions.
#[derive(Debug, Clone)]
pub struct Policy {
    revision: u64,
    rules: Vec<Compiled>,
    exceptions: Exceptions,
    /// Shared, since the lists may be long.
    senders: Arc<Lists>,
}

#[derive(Debug, Clone)]
struct Compiled {
    /// Without its lists.
    rule: Rule,
    senders: Patterns,
    recipients: Patterns,
    conditions: Vec<Asked>,
    /// It asks for malware, so it is never skipped.
    is_malware: bool,
    /// It asks for something that signatures know, so it is asked of every message.
    is_threat: bool,
    /// It holds mail because nobody wants it, and for no other reason.
    is_unwanted_mail: bool,
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

/// What rules are asked about, and under which conditions.
struct Case<'a> {
    subject: Subject<'a>,
    addresses: Addresses,
    skip: Option<&'a str>,
    /// An exception leaves out all rules but those on threats; its name.
    stopped: Option<&'static str>,
}

impl Policy {
    /// Compiles the rules of a settings revision. Patterns were checked when the settings were
    /// committed; one that does not compile all the same matches nothing and is left out.
    #[must_use]
    pub fn compile(revision: u64, rules: &Rules, exceptions: &Exceptions) -> Self {
        let enabled = rules.rules.iter().filter(|rule| rule.enabled);
        // Passwords are for the cells; nothing here asks for them.
        let exceptions = Exceptions { passwords: Vec::new(), ..exceptions.clone() };
        let senders = Arc::default();
        Policy { revision, rules: enabled.map(Compiled::of).collect(), exceptions, senders }
    }

    /// The same with the owner's lists of approved and blocked senders.
    #[must_use]
    pub fn with_senders(self, senders: &Senders) -> Self {
        Policy { senders: Arc::new(Lists::new(senders)), ..self }
    }

    /// The settings revision this policy was compiled from.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Whether a rule holds mail because nobody wants it, and never for malware: whoever releases
    /// what it held says that the mail was wanted after all.
    #[must_use]
    pub fn is_for_unwanted_mail(&self, rule: &str) -> bool {
        self.rules_for_unwanted_mail().any(|name| name == rule)
    }

    /// The names of the rules for which [`Policy::is_for_unwanted_mail`] holds.
    pub(crate) fn rules_for_unwanted_mail(&self) -> impl Iterator<Item = &str> {
        let rules = self.rules.iter().filter(|one| one.is_unwanted_mail);
        rules.map(|one| one.rule.name.as_str())
    }

    /// Judges one message. `skip` names a rule not to apply (a release from quarantine skips the
    /// rule that held the mail; the name of an exception skips all of them, since who released the
    /// mail had all their reasons before him); a malware rule is never skipped.
    #[must_use]
    pub fn decide(&self, envelope: &Envelope, findings: &Findings, skip: Option<&str>) -> Verdict {
        let mut standings = vec![Standing::default(); envelope.recipients.len()];
        let mut steps = Vec::with_capacity(self.rules.len());
        let excepted = !skip.is_some_and(|name| name.starts_with(NAME_PREFIX));
        let before = if excepted { self.exceptions.hits_before(envelope) } else { Vec::new() };
        weigh(&before, &mut standings, &mut steps);
        let hits = if excepted { self.exceptions.hits(envelope, findings) } else { Vec::new() };
        let case = Case {
            // Sender authentication does not run yet.
            subject: Subject::new(envelope, findings, &self.senders, None),
            addresses: Addresses::of(envelope),
            skip,
            stopped: hits.iter().find(|hit| hit.stops_rules).map(|hit| hit.name),
        };
        for compiled in &self.rules {
            if standings.iter().all(|standing| standing.ended.is_some()) {
                break;
            }
            steps.push(compiled.apply(&case, &mut standings));
        }
        weigh(&hits, &mut standings, &mut steps);
        Verdict { revision: self.revision, rulings: gather(standings), steps }
    }
}

/// Weighs exceptions against what every recipient has so far. The strictest names the ruling; its
/// reason tells of all that act, since a release later skips them all.
fn weigh(hits: &[Hit<'_>], standings: &mut [Standing], steps: &mut Vec<Step>) {
    let mut order: Vec<&Hit<'_>> = hits.iter().collect();
    order.sort_by_key(|hit| std::cmp::Reverse(strictness(hit.exception.action)));
    let reasons: Vec<&str> = order.iter().map(|hit| hit.because.as_str()).collect();
    let reasons = reasons.join("; ");
    for hit in order {
        let whole = Hit { because: reasons.clone(), ..hit.clone() };
        standings.iter_mut().for_each(|standing| standing.except(&whole));
        let because = format!("{}: {}", hit.exception.action, hit.because);
        steps.push(Step {
            rule: hit.name.to_owned(),
            matched: strictness(hit.exception.action) > 0,
            because,
        });
    }
}

fn is_for_unwanted_mail(rule: &Rule) -> bool {
    let mut asked = rule.conditions.iter().filter(|one| !one.not).map(|one| one.when);
    let mut all = rule.conditions.iter();
    let is_it = |question: Question| question.is_unwanted_mail();
    match rule.combine {
        Combine::All => asked.clone().any(is_it) && !asked.any(Question::is_malware),
        Combine::Any => !rule.conditions.is_empty() && all.all(|one| !one.not && is_it(one.when)),
    }
}

impl Compiled {
    fn of(rule: &Rule) -> Self {
        let threats = || rule.conditions.iter().filter(|one| !one.not).map(|one| one.when);
        Compiled {
            senders: Patterns::compile(&rule.senders),
            recipients: Patterns::compile(&rule.recipients),
            conditions: rule.conditions.iter().map(Asked::compile).collect(),
            is_malware: threats().any(|question| question.is_malware()),
            is_threat: threats().any(|question| question.is_threat()),
            is_unwanted_mail: is_for_unwanted_mail(rule),
            rule: Rule {
                senders: Vec::new(),
                recipients: Vec::new(),
                conditions: Vec::new(),
                ..rule.clone()
            },
        }
    }

    /// Looks at one rule for every recipient that is still open.
    fn apply(&self, case: &Case<'_>, standings: &mut [Standing]) -> Step {
        let step = |matched: bool, because: String| Step {
            rule: self.rule.name.clone(),
            matched,
            because,
        };
        if let Some(because) = self.left_out(case) {
            return step(false, because);
        }
        let answer = self.ask(&case.subject);
        if !answer.holds {
            return step(false, answer.because);
        }
        if self.rule.observe {
            return step(false, format!("observed only, it would have acted: {}", answer.because));
        }
        match self.cover(&case.addresses, &answer.because, standings) {
            0 => step(false, "no recipient of this rule".to_owned()),
            _ => step(true, answer.because),
        }
    }

    /// Why the rule is not asked at all, if it is not.
    fn left_out(&self, case: &Case<'_>) -> Option<String> {
        if case.skip == Some(self.rule.name.as_str()) && !self.is_malware {
            return Some("released from quarantine, so this rule is skipped".to_owned());
        }
        if let (Some(exception), false) = (case.stopped, self.is_threat) {
            return Some(format!("not asked: {exception}"));
        }
        self.off_route(case.subject.envelope, &case.addresses).map(str::to_owned)
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

    /// Asks the conditions. The reason names those that made the answer.
    fn ask(&self, subject: &Subject<'_>) -> Answer {
        if self.conditions.is_empty() {
            let because = "it applies to every message".to_owned();
            return Answer { holds: true, because };
        }
        // Of `all`, one that does not hold decides; of `any`, one that does.
        let deciding = self.rule.combine == Combine::Any;
        let mut reasons = Vec::with_capacity(self.conditions.len());
        for condition in &self.conditions {
            let answer = condition.ask(subject);
            if answer.holds == deciding {
                return answer;
            }
            reasons.push(answer.because);
        }
        Answer { holds: !deciding, because: reasons.join("; ") }
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
