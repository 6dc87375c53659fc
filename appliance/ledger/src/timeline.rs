//! The timeline of one message: a row for each step, with the time, who did it, the result and why.

use mail::{
    Deed, Fate, Finding, FindingKind, Findings, MailEvent, Outcome, SpamJudgement, Timestamp,
    TlsFacts, Verdict,
};
use serde::Serialize;
use serde_json::Value;

use crate::limits;
use crate::sentence::names;
use crate::summary::path;

/// One row.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// When, ISO 8601 with milliseconds, UTC.
    pub time: String,
    /// The part of the gateway that did it.
    pub component: &'static str,
    /// The result, one word or a short phrase.
    pub result: String,
    /// Why, or with what.
    pub why: String,
    /// The event in full.
    pub raw: Value,
}

/// The rows of these events, in their order.
#[must_use]
pub fn timeline(events: &[MailEvent]) -> Vec<Row> {
    events.iter().flat_map(rows).collect()
}

fn rows(event: &MailEvent) -> Vec<Row> {
    let told: Vec<(&'static str, String, String)> = match &event.deed {
        Deed::Judged(verdict) => judged(verdict),
        deed => vec![step(deed)],
    };
    let mut raw = serde_json::to_value(&event.deed).unwrap_or_default();
    let time = event.at.iso8601();
    let row = |(component, result, why)| {
        // The event stands in full with the first of its rows only.
        Row { time: time.clone(), component, result, why, raw: raw.take() }
    };
    told.into_iter().map(row).collect()
}

fn judged(verdict: &Verdict) -> Vec<(&'static str, String, String)> {
    let rulings = verdict.rulings.iter().map(|ruling| {
        let result = match &ruling.fate {
            Fate::Quarantine { area } => format!("quarantine in {area}"),
            Fate::Return { reply } => format!("return: {reply}"),
            Fate::HandOff { host, port } => format!("hand off to {host}:{port}"),
            Fate::Postpone { until } => format!("postpone until {}", until.iso8601()),
            fate => fate.word().to_owned(),
        };
        let count = ruling.recipients.len();
        let whom =
            if count == 1 { "1 recipient".to_owned() } else { format!("{count} recipients") };
        let why = format!("rule '{}' for {whom}: {}", ruling.rule, ruling.because);
        ("policy", result, why)
    });
    rulings.collect()
}

fn step(deed: &Deed) -> (&'static str, String, String) {
    let (component, result, why) = match deed {
        Deed::SessionEnded { .. } | Deed::Received { .. } | Deed::Answered { .. } => session(deed),
        Deed::Inspected(findings) => ("inspect", verdict_of(findings), seen(findings)),
        Deed::WorkerLost { because } => ("inspect", "worker lost".to_owned(), because.clone()),
        Deed::Attempted { recipients, host, tls, outcome, next, milliseconds } => {
            let to = format!("{} by {host}{} in {milliseconds} ms", names(recipients), under(tls));
            ("deliver", attempt(outcome, *next), format!("{to}: {}", outcome.reply()))
        }
        Deed::Quarantined { area, recipients, item } => {
            let why = format!("{} as item {item}", names(recipients));
            ("vault", format!("held in {area}"), why)
        }
        Deed::Released { actor, to } => {
            ("vault", "released".to_owned(), format!("by {actor}, goes on as {to}"))
        }
        Deed::Discarded { recipients, rule } => {
            ("queue", "discarded".to_owned(), format!("{} by rule '{rule}'", names(recipients)))
        }
        Deed::Notified { action, notice } => {
            ("queue", format!("sender told: {action}"), format!("by notice {notice}"))
        }
        Deed::NotNotified { because } => ("queue", "sender not told".to_owned(), because.clone()),
        Deed::Operated { actor, action } => ("operator", action.clone(), format!("by {actor}")),
        Deed::Recovered => ("queue", "taken up again".to_owned(), "after a restart".to_owned()),
        Deed::Finished => ("queue", "finished".to_owned(), String::new()),
        // Told row by row by `judged`.
        Deed::Judged(_) => ("policy", "judged".to_owned(), String::new()),
    };
    (component, result, why)
}

fn session(deed: &Deed) -> (&'static str, String, String) {
    match deed {
        Deed::SessionEnded { client, helo, refused, sender, recipient, because, .. } => {
            let result =
                refused.as_ref().map_or("no message".to_owned(), |it| format!("refused: {it}"));
            let mut facts = format!("{client} ({helo})");
            if let Some(sender) = sender {
                facts = format!("{facts} from <{}>", path(sender).trim_matches(['<', '>']));
            }
            if let Some(recipient) = recipient {
                facts = format!("{facts} to <{recipient}>");
            }
            ("intake", result, format!("{facts}: {because}"))
        }
        Deed::Received { client, helo, tls, sender, recipients, size, .. } => {
            let why = format!(
                "{size} octets from {} to {}, by {client} ({helo}){}",
                path(sender),
                names(recipients),
                under(tls)
            );
            ("intake", "received".to_owned(), why)
        }
        Deed::Answered { reply, milliseconds } => (
            "intake",
            format!("answered {}", reply.code()),
            format!("{reply} after {milliseconds} ms"),
        ),
        _ => ("intake", String::new(), String::new()),
    }
}

fn under(tls: &Option<TlsFacts>) -> String {
    tls.as_ref().map(|tls| format!(" under {} {}", tls.version, tls.cipher)).unwrap_or_default()
}

fn attempt(outcome: &Outcome, next: Option<Timestamp>) -> String {
    match (outcome, next) {
        (Outcome::Delivered(_), _) => "delivered".to_owned(),
        (Outcome::Failed(_), _) => "failed".to_owned(),
        (Outcome::Deferred(_), None) => "deferred".to_owned(),
        (Outcome::Deferred(_), Some(next)) => format!("deferred until {}", next.iso8601()),
    }
}

/// The findings, the gravest first.
fn by_gravity(findings: &Findings) -> Vec<&Finding> {
    let mut list: Vec<&Finding> = findings.list.iter().collect();
    list.sort_by_key(|finding| {
        (!finding.counts(), finding.kind, std::cmp::Reverse(finding.weight))
    });
    list
}

fn verdict_of(findings: &Findings) -> String {
    let tells = |it: &&&Finding| it.counts() && it.kind != FindingKind::Defect;
    let mut found: Vec<&str> = Vec::new();
    for finding in by_gravity(findings).iter().filter(tells) {
        if !found.contains(&finding.name.as_str()) && found.len() < limits::TOLD_FINDINGS {
            found.push(&finding.name);
        }
    }
    match (findings.unscannable.is_some(), found.is_empty()) {
        (false, true) => "nothing found".to_owned(),
        (true, true) => "unscannable".to_owned(),
        (false, false) => format!("found {}", found.join(", ")),
        (true, false) => format!("unscannable, found {}", found.join(", ")),
    }
}

fn seen(findings: &Findings) -> String {
    let mut facts = Vec::new();
    if let Some(why) = &findings.unscannable {
        facts.push(why.reason());
    }
    let list = by_gravity(findings);
    facts.extend(list.iter().take(limits::TOLD_FINDINGS).map(|finding| told(finding)));
    let others = list.len().saturating_sub(limits::TOLD_FINDINGS);
    if others > 0 {
        facts.push(format!("{others} more findings"));
    }
    let suspicion = findings.suspicion();
    if suspicion > 0 {
        facts.push(format!("suspicion {suspicion} %"));
    }
    facts.push(unwanted(&findings.spam));
    facts.push(format!("{} parts and files", findings.leaves.len()));
    format!("{} in {} ms", facts.join("; "), findings.microseconds.div_ceil(1000))
}

/// The judgement of unwanted mail: probability, class, and the signals that weigh most.
fn unwanted(spam: &SpamJudgement) -> String {
    let class = spam.class.map_or(String::new(), |class| format!(", {}", class.word()));
    let terms = spam.terms.iter().filter(|term| term.log_odds.abs() >= limits::TOLD_LOG_ODDS);
    let terms: Vec<String> = terms
        .take(limits::TOLD_TERMS)
        .map(|term| format!("{:+.1} {} ({})", term.log_odds, term.words, term.evidence))
        .collect();
    let why = if terms.is_empty() { String::new() } else { format!(": {}", terms.join(", ")) };
    format!("spam probability {:.3}{class}{why}", spam.probability)
}

/// One finding: what, where, which kind, how much it weighs, where it is from, what was seen.
fn told(finding: &Finding) -> String {
    let place = if finding.place.is_empty() { "the message" } else { &finding.place };
    let mut marks = finding.kind.word().to_owned();
    if finding.kind == FindingKind::Suspicious {
        marks = format!("{marks} {} %", finding.weight);
    }
    if !finding.source.is_empty() {
        marks = format!("{marks}, {}", finding.source);
    }
    if let Some(why) = &finding.excepted {
        marks = format!("{marks}, excepted: {why}");
    }
    if !finding.evidence.is_empty() {
        marks = format!("{marks}: {}", finding.evidence);
    }
    format!("{} in {place} ({marks})", finding.name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::made;

    #[test]
    fn every_step_has_its_row() {
        let rows = timeline(&made::quarantined(7));
        let told: Vec<(&str, &str)> =
            rows.iter().map(|row| (row.component, row.result.as_str())).collect();
        assert_eq!(
            told,
            [
                ("intake", "received"),
                ("inspect", "found EICAR-Test-File"),
                ("policy", "quarantine in Malware"),
                ("intake", "answered 250"),
                ("vault", "held in Malware"),
                ("queue", "finished"),
            ]
        );
        assert_eq!(rows[0].time, "2026-11-21T10:02:03.000Z");
        assert!(rows[1].why.contains("2/invoice.zip"), "{}", rows[1].why);
        assert!(rows[2].raw.get("Judged").is_some());
    }

    fn inspected(list: Vec<Finding>) -> Row {
        timeline(&[made::inspected(1, list)]).remove(0)
    }

    #[test]
    fn findings_are_told_with_kind_weight_source_and_evidence_gravest_first() {
        let engine = mail::EngineName::Document;
        let macros = Finding::new(engine, FindingKind::Suspicious, "macro", "2/a.doc", "Shell");
        let note = Finding::new(engine, FindingKind::Defect, "long-line", "", "");
        let row = inspected(vec![
            note,
            macros.weighing(40),
            made::eicar().from_source("own.ndb:3"),
            made::eicar(),
        ]);
        assert_eq!(row.result, "found EICAR-Test-File, macro");
        let start = "EICAR-Test-File in 2/invoice.zip (malware, own.ndb:3: the test string of \
                     EICAR); EICAR-Test-File";
        assert!(row.why.starts_with(start), "{}", row.why);
        for part in ["macro in 2/a.doc (suspicious 40 %: Shell)", "long-line in the message (note)"]
        {
            assert!(row.why.contains(part), "{}", row.why);
        }
        assert!(row.why.contains("suspicion 40 %"));
    }

    #[test]
    fn what_was_excepted_is_shown_and_not_called_found() {
        let excepted = Some("a false alarm, until 2027-01-01".to_owned());
        let row = inspected(vec![Finding { excepted, ..made::eicar() }]);
        assert_eq!(row.result, "nothing found");
        assert!(row.why.contains("excepted: a false alarm"), "{}", row.why);
    }

    #[test]
    fn thousands_of_findings_stay_one_line() {
        let row = inspected(vec![made::eicar(); 1000]);
        assert_eq!(row.result, "found EICAR-Test-File");
        assert!(row.why.contains("992 more findings") && row.why.len() < 2000);
    }

    #[test]
    fn unscannable_hides_no_finding() {
        let mut event = made::inspected(1, vec![made::eicar()]);
        if let Deed::Inspected(findings) = &mut event.deed {
            findings.unscannable = Some(mail::Unscannable::Limit("depth".into()));
        }
        let row = timeline(&[event]).remove(0);
        assert_eq!(row.result, "unscannable, found EICAR-Test-File");
        assert!(row.why.starts_with("a limit was reached: depth; EICAR-Test-File"), "{}", row.why);
    }

    #[test]
    fn recipients_that_part_ways_have_rows_of_their_own() {
        let area = "Spam".to_owned();
        let event = made::judged(
            1,
            vec![
                (vec![0], Fate::Deliver, "default", "no rule matched"),
                (vec![1, 2], Fate::Quarantine { area }, "Global spam", "0.99"),
            ],
        );
        let rows = timeline(&[event]);
        assert_eq!(rows.len(), 2);
        assert_eq!(rows[1].why, "rule 'Global spam' for 2 recipients: 0.99");
    }

    #[test]
    fn attempts_show_host_reply_and_next_time() {
        let reply = mail::Reply::coded(450, 4, 2, 0, "busy");
        let event = made::attempted(1, 40, &["ann@example.test"], Outcome::Deferred(reply));
        let rows = timeline(&[event]);
        assert_eq!(rows[0].result, "deferred until 2026-11-21T10:17:03.000Z");
        assert!(
            rows[0].why.ends_with("by mx1.example.test[192.0.2.1]:25 in 12 ms: 450 4.2.0 busy")
        );
    }

    #[test]
    fn refused_sessions_say_who_wanted_what() {
        let rows = timeline(&[made::refused_session(9)]);
        assert_eq!(rows[0].result, "refused: 550 5.7.1 Relaying denied");
        assert!(rows[0].why.contains("from <spam@bulk.test> to <victim@elsewhere.test>"));
    }
}
