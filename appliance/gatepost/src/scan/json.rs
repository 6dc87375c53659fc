//! One scanned message for programs: everything that is known of it, as one JSON object.

use mail::{Amendment, Fate, Finding, FindingKind, Leaf, SpamTerm};
use serde_json::{Value, json};

use super::Scanned;

/// The object.
pub(super) fn line(scanned: &Scanned<'_>) -> Value {
    let Scanned { source, findings, verdict, milliseconds } = scanned;
    let ruling = verdict.rulings.first();
    let fate = ruling.map(|ruling| &ruling.fate);
    let because = findings.unscannable.as_ref().map(mail::Unscannable::reason);
    let amendments = ruling.map(|ruling| ruling.amendments.as_slice()).unwrap_or_default();
    json!({
        "path": source.path,
        "raw": source.is_raw,
        "fate": fate.map_or("deliver", Fate::word),
        "area": match fate { Some(Fate::Quarantine { area }) => Some(area), _ => None },
        "rule": ruling.map_or("default", |ruling| ruling.rule.as_str()),
        "because": ruling.map_or("", |ruling| ruling.because.as_str()),
        "amendments": amendments.iter().map(amendment).collect::<Vec<_>>(),
        "subject": findings.subject,
        "from": findings.header_from,
        "spam_probability": findings.spam.probability,
        "spam_class": findings.spam.class.map(mail::SpamClass::word),
        "spam_terms": findings.spam.terms.iter().map(term).collect::<Vec<_>>(),
        "suspicion": findings.suspicion(),
        "findings": findings.list.iter().map(finding).collect::<Vec<_>>(),
        "unscannable": because.is_some(),
        "unscannable_because": because,
        "leaves": findings.leaves.iter().map(leaf).collect::<Vec<_>>(),
        "steps": verdict.steps.iter().map(|step| json!({
            "rule": step.rule, "matched": step.matched, "because": step.because,
        })).collect::<Vec<_>>(),
        "milliseconds": (milliseconds * 1000.0).round() / 1000.0,
    })
}

fn amendment(amendment: &Amendment) -> Value {
    match amendment {
        Amendment::AddHeader { name, value } => json!({"add_header": name, "value": value}),
        Amendment::TagSubject { text } => json!({"tag_subject": text}),
    }
}

fn term(term: &SpamTerm) -> Value {
    json!({
        "signal": term.signal,
        "log_odds": term.log_odds,
        "words": term.words,
        "evidence": term.evidence,
    })
}

fn finding(finding: &Finding) -> Value {
    let class = matches!(finding.kind, FindingKind::Grayware(_));
    json!({
        "engine": finding.engine.word(),
        "kind": if class { "grayware" } else { finding.kind.word() },
        "class": class.then(|| finding.kind.word()),
        "name": finding.name,
        "place": finding.place,
        "evidence": finding.evidence,
        "weight": finding.weight,
        "source": finding.source,
        "excepted": finding.excepted,
    })
}

fn leaf(leaf: &Leaf) -> Value {
    json!({
        "path": leaf.path,
        "name": leaf.name,
        "mime": leaf.mime,
        "types": leaf.types,
        "size": leaf.size,
        "properties": leaf.properties.words().collect::<Vec<_>>(),
        "depth": leaf.depth,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::source::Source;
    use mail::{EngineName, Findings, Grayware, Properties, Unscannable};

    #[test]
    fn everything_that_is_known_is_there() {
        let source = Source { path: "a.eml".into(), octets: Vec::new(), is_raw: false };
        let kind = FindingKind::Grayware(Grayware::Adware);
        let one = Finding::new(EngineName::Virus, kind, "Adware.X", "2/a.exe", "seen")
            .weighing(100)
            .from_source("own.ndb:1");
        let leaf = Leaf {
            path: "2/a.exe".into(),
            types: vec!["pe-exe".into()],
            size: 7,
            properties: Properties::EXECUTABLE,
            ..Leaf::default()
        };
        let findings = Findings {
            list: vec![one],
            leaves: vec![leaf],
            unscannable: Some(Unscannable::Limit("depth".into())),
            ..Findings::default()
        };
        let verdict = mail::Verdict { revision: 0, rulings: Vec::new(), steps: Vec::new() };
        let scanned =
            Scanned { source: &source, findings: &findings, verdict: &verdict, milliseconds: 1.0 };
        let value = line(&scanned);
        assert_eq!(value["findings"][0]["kind"], "grayware");
        assert_eq!(value["findings"][0]["class"], "adware");
        assert_eq!(value["findings"][0]["source"], "own.ndb:1");
        assert_eq!(value["leaves"][0]["properties"], json!(["executable"]));
        assert_eq!(value["unscannable"], true);
        assert_eq!(value["unscannable_because"], "a limit was reached: depth");
        assert_eq!(value["fate"], "deliver");
    }
}
