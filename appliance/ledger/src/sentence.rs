//! The answer sentence of a message: what became of it, for whom, and why, in words that can be
//! pasted into a mail to the other side. A pure fold over the message's events.

use std::collections::HashMap;

use mail::{
    Address, Deed, Fate, FindingKind, Findings, MailEvent, MessageId, Outcome, Reply, Timestamp,
    Verdict,
};

use crate::limits;

/// What became of a message (or of a session without one). Empty events give a sentence too.
#[must_use]
pub fn sentence(events: &[MailEvent]) -> String {
    let mut story = Story::default();
    for event in events {
        story.learn(event);
    }
    story.tell()
}

/// The first recipients by name and the number of the others.
#[must_use]
pub fn names(recipients: &[Address]) -> String {
    let all: Vec<&Address> = recipients.iter().collect();
    named(&all)
}

fn named(recipients: &[&Address]) -> String {
    let shown: Vec<String> =
        recipients.iter().take(limits::SENTENCE_RECIPIENTS).map(ToString::to_string).collect();
    let others = recipients.len().saturating_sub(shown.len());
    match (shown.split_last(), others) {
        (None, _) => "nobody".to_owned(),
        (Some((last, [])), 0) => last.clone(),
        (Some((last, rest)), 0) => format!("{} and {last}", rest.join(", ")),
        _ => format!("{} and {others} more", shown.join(", ")),
    }
}

/// Date and time to the second.
fn moment(at: Timestamp) -> String {
    let iso = at.iso8601();
    let (date, time) = iso.split_once('T').unwrap_or((&iso, ""));
    format!("on {date} at {} UTC", time.get(..8).unwrap_or(time))
}

/// How things stand for one recipient. Equal standings are told in one clause.
#[derive(Debug, Clone, PartialEq)]
enum Standing<'a> {
    Waiting,
    Attempted { at: Timestamp, host: &'a str, outcome: &'a Outcome, next: Option<Timestamp> },
    Quarantined { area: &'a str, item: &'a str },
    Discarded { rule: &'a str },
}

/// What the events said so far.
#[derive(Default)]
struct Story<'a> {
    session: Option<&'a MailEvent>,
    received: Option<(Timestamp, String)>,
    recipients: Vec<(&'a Address, Standing<'a>)>,
    places: HashMap<&'a Address, usize>,
    findings: Option<&'a Findings>,
    verdict: Option<&'a Verdict>,
    answered: Option<&'a Reply>,
    released: Vec<(&'a str, MessageId)>,
    notice: Option<(&'a str, MessageId)>,
    silent: Option<&'a str>,
    operated: Option<(&'a str, &'a str)>,
    finished: bool,
}

impl<'a> Story<'a> {
    fn learn(&mut self, event: &'a MailEvent) {
        match &event.deed {
            Deed::SessionEnded { .. } => self.session = Some(event),
            Deed::Received { sender, recipients, .. } => {
                self.received = Some((event.at, crate::summary::path(sender)));
                for recipient in recipients {
                    self.place(recipient);
                }
            }
            Deed::Inspected(findings) => self.findings = Some(findings),
            Deed::Judged(verdict) => self.verdict = Some(verdict),
            Deed::Answered { reply, .. } => self.answered = Some(reply),
            Deed::Attempted { recipients, host, outcome, next, .. } => {
                let (at, next) = (event.at, *next);
                self.stand(recipients, &Standing::Attempted { at, host, outcome, next });
            }
            Deed::Quarantined { area, recipients, item } => {
                self.stand(recipients, &Standing::Quarantined { area, item });
            }
            Deed::Discarded { recipients, rule } => {
                self.stand(recipients, &Standing::Discarded { rule });
            }
            Deed::Released { actor, to } => self.released.push((actor, *to)),
            Deed::Notified { action, notice } => self.notice = Some((action, *notice)),
            Deed::NotNotified { because } => self.silent = Some(because),
            Deed::Operated { actor, action } => self.operated = Some((actor, action)),
            Deed::Finished => self.finished = true,
            Deed::WorkerLost { .. } | Deed::Recovered => {}
        }
    }

    /// The index of a recipient, new or known.
    fn place(&mut self, recipient: &'a Address) -> usize {
        let next = self.recipients.len();
        let place = *self.places.entry(recipient).or_insert(next);
        if place == next {
            self.recipients.push((recipient, Standing::Waiting));
        }
        place
    }

    fn stand(&mut self, recipients: &'a [Address], standing: &Standing<'a>) {
        for recipient in recipients {
            let place = self.place(recipient);
            if let Some((_, held)) = self.recipients.get_mut(place) {
                *held = standing.clone();
            }
        }
    }

    fn tell(&self) -> String {
        if let Some(refusal) = self.refused() {
            return refusal;
        }
        if let (Some(event), true) = (self.session, self.recipients.is_empty()) {
            return session(event);
        }
        let mut clauses = self.clauses();
        for (actor, to) in &self.released {
            clauses.push(format!("{actor} released it from quarantine; it went on as {to}."));
        }
        if let Some((actor, action)) = self.operated {
            clauses.push(self.operation(actor, action));
        }
        if clauses.is_empty() {
            return "Nothing is on record about what became of it.".to_owned();
        }
        clauses.join(" ")
    }

    /// Refused, or put off, inside the session.
    fn refused(&self) -> Option<String> {
        let reply = self.answered.filter(|reply| !reply.is_positive())?;
        if reply.is_temporary() {
            return Some(format!(
                "Not accepted for now: the sender's server was told \"{reply}\" and should try \
                 again later."
            ));
        }
        let returned = |it: &&mail::Ruling| matches!(it.fate, Fate::Return { .. });
        let ruling = self.verdict.and_then(|verdict| verdict.rulings.iter().find(returned));
        let why = ruling.map(|it| format!(" because {}", ruled(&it.rule, &it.because)));
        Some(format!(
            "Refused{}; the sender was told \"{reply}\" and should {}.",
            why.unwrap_or_default(),
            self.advice()
        ))
    }

    fn advice(&self) -> &'static str {
        let has = |kind| self.findings.is_some_and(|findings| findings.has(kind));
        let unscannable = self.findings.is_some_and(|findings| findings.unscannable.is_some());
        if has(FindingKind::Malware) || has(FindingKind::MassMailer) {
            "remove the infected part and send it again"
        } else if has(FindingKind::Encrypted) {
            "send the file without a password, or agree with the recipient on another way"
        } else if has(FindingKind::Broken) {
            "make the damaged file anew and send it again"
        } else if has(FindingKind::Limit) {
            "send fewer or smaller files, not packed into one another"
        } else if has(FindingKind::Suspicious) {
            "send the document without macros and links to programs"
        } else if has(FindingKind::Unsupported) || unscannable {
            "send the file in a usual format"
        } else if has(FindingKind::Ambiguous) {
            "send it again from a mail program that writes well-formed messages"
        } else if has(FindingKind::Spam) {
            "ask the recipient to have such mail allowed"
        } else {
            "correct what the reply names and send it again"
        }
    }

    fn clauses(&self) -> Vec<String> {
        let mut groups: Vec<(&Standing<'a>, Vec<&Address>)> = Vec::new();
        let mut others = 0;
        for (address, standing) in &self.recipients {
            let room = groups.len() < limits::SENTENCE_CLAUSES;
            match groups.iter_mut().find(|(held, _)| *held == standing) {
                Some((_, members)) => members.push(address),
                None if room => groups.push((standing, vec![address])),
                None => others += 1,
            }
        }
        let mut clauses: Vec<String> = groups
            .iter()
            .map(|(standing, members)| self.clause(standing, &named(members), members))
            .collect();
        if others > 0 {
            clauses.push(format!("The timeline tells about {others} more recipients."));
        }
        clauses
    }

    fn clause(&self, standing: &Standing<'a>, whom: &str, members: &[&Address]) -> String {
        match standing {
            Standing::Waiting => self.waiting(whom, members),
            Standing::Discarded { rule } => {
                format!("Discarded for {whom} because {}.", self.reason(rule))
            }
            Standing::Quarantined { area, item } => {
                let why = self.held_because(members);
                format!("Held in quarantine area {area} for {whom}{why} (item {item}).")
            }
            Standing::Attempted { at, host, outcome, next } => {
                self.attempt(*at, host, outcome, *next, whom)
            }
        }
    }

    fn attempt(
        &self,
        at: Timestamp,
        host: &str,
        outcome: &Outcome,
        next: Option<Timestamp>,
        whom: &str,
    ) -> String {
        let when = moment(at);
        let reply = outcome.reply();
        match outcome {
            Outcome::Delivered(_) => {
                format!("Delivered to {whom} {when} by {host}, which said: {reply}.")
            }
            Outcome::Deferred(_) => {
                let due = next.map(|next| format!("; the next attempt is due {}", moment(next)));
                let due = due.unwrap_or_default();
                format!("Not yet delivered to {whom}: {when} {host} said: {reply}{due}.")
            }
            Outcome::Failed(_) => format!(
                "Could not be delivered to {whom}: {when} {host} said: {reply}; {}.",
                self.notice()
            ),
        }
    }

    fn notice(&self) -> String {
        match (self.notice, self.silent) {
            (Some(("failed", notice)), _) => format!("the sender was told by notice {notice}"),
            (_, Some(because)) => format!("the sender was not told: {because}"),
            _ => "the sender is yet to be told".to_owned(),
        }
    }

    fn waiting(&self, whom: &str, members: &[&Address]) -> String {
        let from = match &self.received {
            Some((at, sender)) => format!("Accepted from {sender} {}", moment(*at)),
            None => "Accepted".to_owned(),
        };
        let fate = self.fate(members);
        let rest = match fate {
            Some(ruling) if matches!(ruling.fate, Fate::Return { .. }) => {
                let why = ruled(&ruling.rule, &ruling.because);
                return format!("Returned for {whom} because {why}; {}.", self.notice());
            }
            _ if self.finished => "nothing is left to do for",
            Some(ruling) => match ruling.fate {
                Fate::Postpone { .. } => "it is postponed by rule for",
                Fate::Quarantine { .. } => "it is on its way into quarantine for",
                _ => "it waits for its first delivery attempt to",
            },
            None if self.findings.is_some() => "it was inspected and waits for the policy, for",
            None => "it waits to be inspected, for",
        };
        format!("{from}; {rest} {whom}.")
    }

    /// The ruling that holds for the first of some recipients.
    fn fate(&self, members: &[&Address]) -> Option<&'a mail::Ruling> {
        let place = u32::try_from(*self.places.get(*members.first()?)?).ok()?;
        self.verdict?.rulings.iter().find(|ruling| ruling.recipients.contains(&place))
    }

    fn held_because(&self, members: &[&Address]) -> String {
        match self.fate(members) {
            Some(ruling) => format!(" because {}", ruled(&ruling.rule, &ruling.because)),
            None => String::new(),
        }
    }

    fn reason(&self, rule: &str) -> String {
        let known = self.verdict.and_then(|it| it.rulings.iter().find(|it| it.rule == rule));
        known.map_or_else(|| format!("rule '{rule}' says so"), |it| ruled(rule, &it.because))
    }

    fn operation(&self, actor: &str, action: &str) -> String {
        match action {
            "delete" => format!("{actor} deleted it."),
            "bounce" => format!("{actor} returned it to its sender; {}.", self.notice()),
            "hold" if !self.finished => format!("{actor} put it on hold."),
            "hold" | "release" | "requeue" => format!("{actor} asked for: {action}."),
            other => format!("{actor}: {other}."),
        }
    }
}

/// `rule 'Global antivirus' found EICAR-Test-File in part 2`.
fn ruled(rule: &str, because: &str) -> String {
    let because = because.trim_end_matches('.');
    if let Some(name) = rule.strip_prefix("Exception: ") {
        format!("of the exception '{name}': {because}")
    } else if because.is_empty() {
        format!("rule '{rule}' says so")
    } else if because.starts_with("found ") {
        format!("rule '{rule}' {because}")
    } else {
        format!("rule '{rule}' holds: {because}")
    }
}

fn session(event: &MailEvent) -> String {
    let Deed::SessionEnded { client, helo, refused, because, .. } = &event.deed else {
        return String::new();
    };
    let who = format!("{} ({helo})", client.ip());
    let when = moment(event.at);
    let because = because.trim_end_matches('.');
    match refused {
        Some(reply) if reply.is_temporary() => format!(
            "Put off before any message: {when} {who} was told \"{reply}\" because {because}; its \
             server should try again later."
        ),
        Some(reply) => format!(
            "Refused before any message: {when} {who} was told \"{reply}\" because {because}; the \
             sender should correct this and send again."
        ),
        None => format!("No message came: {who} connected {when} and left ({because})."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::made;

    fn refused(reply: Reply, fate: Fate) -> Vec<MailEvent> {
        vec![
            made::received(1, &["ann@example.test"]),
            made::inspected(1, vec![made::eicar()]),
            made::judged(
                1,
                vec![(vec![0], fate, "Global antivirus", "found EICAR-Test-File in 2")],
            ),
            made::answered(1, reply),
        ]
    }

    #[test]
    fn delivered() {
        assert_eq!(
            sentence(&made::delivered(1)),
            "Delivered to ann@example.test on 2026-11-21 at 10:02:03 UTC by \
             mx1.example.test[192.0.2.1]:25, which said: 250 ok."
        );
    }

    #[test]
    fn refused_by_policy() {
        let reply = Reply::coded(550, 5, 7, 1, "Malware");
        let events = refused(reply.clone(), Fate::Return { reply });
        assert_eq!(
            sentence(&events),
            "Refused because rule 'Global antivirus' found EICAR-Test-File in 2; the sender was \
             told \"550 5.7.1 Malware\" and should remove the infected part and send it again."
        );
    }

    #[test]
    fn put_off_inside_the_session() {
        let events = [
            made::received(1, &["ann@example.test"]),
            made::answered(1, Reply::coded(451, 4, 3, 0, "Disk full")),
        ];
        assert!(sentence(&events).starts_with("Not accepted for now"));
    }

    #[test]
    fn quarantined_and_released() {
        let mut events = made::quarantined(1);
        assert_eq!(
            sentence(&events),
            "Held in quarantine area Malware for ann@example.test because rule 'Global antivirus' \
             holds: EICAR-Test-File was found in part 2 (item ITEM-1)."
        );
        let to = MessageId(99);
        events.push(made::event(1, 500, Deed::Released { actor: "root".to_owned(), to }));
        assert!(sentence(&events).ends_with(
            "(item ITEM-1). root released it from quarantine; it went on as 0000000000033."
        ));
    }

    #[test]
    fn each_recipient_has_the_last_word_about_it() {
        let busy = Outcome::Deferred(Reply::coded(450, 4, 2, 0, "busy"));
        let gone = Outcome::Failed(Reply::coded(550, 5, 1, 1, "no such user"));
        let mut events = vec![
            made::received(1, &["ann@example.test", "bob@example.test", "cid@example.test"]),
            made::attempted(1, 40, &["ann@example.test", "bob@example.test"], busy.clone()),
            made::attempted(1, 41, &["cid@example.test"], gone),
            made::attempted(1, 5000, &["ann@example.test"], made::ok()),
        ];
        assert_eq!(
            sentence(&events),
            "Delivered to ann@example.test on 2026-11-21 at 10:02:08 UTC by \
             mx1.example.test[192.0.2.1]:25, which said: 250 ok. Not yet delivered to \
             bob@example.test: on 2026-11-21 at 10:02:03 UTC mx1.example.test[192.0.2.1]:25 said: \
             450 4.2.0 busy; the next attempt is due on 2026-11-21 at 10:17:03 UTC. Could not be \
             delivered to cid@example.test: on 2026-11-21 at 10:02:03 UTC \
             mx1.example.test[192.0.2.1]:25 said: 550 5.1.1 no such user; the sender is yet to be \
             told."
        );
        let action = "failed".to_owned();
        events.push(made::event(1, 42, Deed::Notified { action, notice: MessageId(3) }));
        assert!(sentence(&events).ends_with("the sender was told by notice 0000000000003."));
    }

    #[test]
    fn what_waits_says_for_what() {
        let mut events = vec![made::received(1, &["ann@example.test"])];
        let start = "Accepted from Bob@sender.test on 2026-11-21 at 10:02:03 UTC; it waits";
        assert_eq!(sentence(&events), format!("{start} to be inspected, for ann@example.test."));
        events.push(made::inspected(1, Vec::new()));
        events.push(made::judged(1, vec![(vec![0], Fate::Deliver, "default", "")]));
        assert_eq!(
            sentence(&events),
            format!("{start} for its first delivery attempt to ann@example.test.")
        );
    }

    #[test]
    fn exceptions_are_told_as_such_with_advice() {
        let reply = Reply::coded(550, 5, 7, 1, "Could not be scanned");
        let encrypted = mail::Finding { kind: FindingKind::Encrypted, ..made::eicar() };
        let fate = Fate::Return { reply: reply.clone() };
        let because = "could not be opened: zip in 2/a.zip";
        let events = [
            made::received(1, &["ann@example.test"]),
            made::inspected(1, vec![encrypted]),
            made::judged(1, vec![(vec![0], fate, "Exception: encrypted file", because)]),
            made::answered(1, reply),
        ];
        assert_eq!(
            sentence(&events),
            "Refused because of the exception 'encrypted file': could not be opened: zip in \
             2/a.zip; the sender was told \"550 5.7.1 Could not be scanned\" and should send the \
             file without a password, or agree with the recipient on another way."
        );
    }

    #[test]
    fn discarded_and_deleted() {
        let mut events = vec![made::received(1, &["ann@example.test"])];
        let recipients = vec!["ann@example.test".parse().unwrap()];
        let rule = "Noise".to_owned();
        events.push(made::event(1, 30, Deed::Discarded { recipients, rule }));
        assert_eq!(
            sentence(&events),
            "Discarded for ann@example.test because rule 'Noise' says so."
        );
        let (actor, action) = ("root".to_owned(), "delete".to_owned());
        events.push(made::event(1, 31, Deed::Operated { actor, action }));
        assert!(sentence(&events).ends_with("root deleted it."));
    }

    #[test]
    fn sessions_without_a_message() {
        assert_eq!(
            sentence(&[made::refused_session(9)]),
            "Refused before any message: on 2026-11-21 at 10:02:03 UTC 198.51.100.9 (bulk.test) was \
             told \"550 5.7.1 Relaying denied\" because elsewhere.test is not one of our domains; \
             the sender should correct this and send again."
        );
    }

    #[test]
    fn a_thousand_recipients_stay_one_sentence() {
        let names: Vec<String> = (0..1000).map(|n| format!("u{n}@example.test")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut events = vec![made::received(1, &names)];
        for (step, name) in names.iter().enumerate().take(500) {
            events.push(made::attempted(1, step as u64, &[name], made::ok()));
        }
        let told = sentence(&events);
        assert!(told.len() < 2000, "{told}");
        assert!(told.contains("The timeline tells about"), "{told}");
        let waiting = sentence(&events[..1]);
        assert!(waiting.ends_with("u2@example.test and 997 more."), "{waiting}");
    }

    #[test]
    fn nothing_on_record_is_said_so() {
        assert_eq!(sentence(&[]), "Nothing is on record about what became of it.");
    }
}
