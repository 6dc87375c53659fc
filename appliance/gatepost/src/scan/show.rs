//! One scanned message for people: the verdict, then the tree of its parts with what was found in
//! each, then, when asked for, the answer of every rule.

use std::fmt::Write as _;

use mail::{Amendment, Fate, Finding, FindingKind, Leaf, Ruling, SpamJudgement};

use super::{Manner, Scanned};
use crate::face::safe;

/// Parts shown of one message; `--json` has them all.
const SHOWN_LEAVES: usize = 500;

/// The text, without the last line end.
pub(super) fn text(scanned: &Scanned<'_>, manner: Manner) -> String {
    let mut out = verdict(scanned);
    if manner.full {
        tree(scanned, &mut out);
    }
    if manner.explain {
        terms(&scanned.findings.spam, &mut out);
        rules(scanned, &mut out);
    }
    out.truncate(out.trim_end().len());
    out
}

// Writing to a String cannot fail, so the results are dropped.

fn verdict(scanned: &Scanned<'_>) -> String {
    let ruling = scanned.verdict.rulings.first();
    let fate = ruling.map_or("deliver", |ruling| ruling.fate.word());
    let note = if scanned.source.is_raw { " (as an attachment)" } else { "" };
    let why = ruling.map_or_else(String::new, why);
    let mut line = safe(&format!("{fate:<10} {}{note}{why}", scanned.source.path));
    line.push('\n');
    line
}

/// What decided, unless nothing did.
fn why(ruling: &Ruling) -> String {
    let tags: Vec<String> = ruling.amendments.iter().map(change).collect();
    let changes = if tags.is_empty() { String::new() } else { format!("  {}", tags.join(", ")) };
    if ruling.fate == Fate::Deliver {
        return changes;
    }
    let area = match &ruling.fate {
        Fate::Quarantine { area } => format!(" in {area}"),
        _ => String::new(),
    };
    format!("{area}  {}: {}{changes}", ruling.rule, ruling.because)
}

fn change(amendment: &Amendment) -> String {
    match amendment {
        Amendment::AddHeader { name, .. } => format!("with a header {name}"),
        Amendment::TagSubject { text } => format!("with {text} before the subject"),
    }
}

fn tree(scanned: &Scanned<'_>, out: &mut String) {
    let findings = scanned.findings;
    if let Some(why) = &findings.unscannable {
        let _ = writeln!(out, "  not scanned to the end: {}", safe(&why.reason()));
    }
    let is_leaf = |place: &str| findings.leaves.iter().any(|leaf| leaf.path == place);
    // A hostile message may have thousands of leaves and findings; a set keeps this linear.
    let leaves: std::collections::HashSet<&str> =
        findings.leaves.iter().take(SHOWN_LEAVES).map(|leaf| leaf.path.as_str()).collect();
    let whole = findings.list.iter().filter(|one| one.place.is_empty() && !is_leaf(""));
    whole.for_each(|finding| tell(finding, 2, out));
    let mut told = std::collections::HashMap::<&str, Vec<&Finding>>::new();
    for finding in findings.list.iter().filter(|one| !one.place.is_empty()) {
        told.entry(finding.place.as_str()).or_default().push(finding);
    }
    let mut around: Vec<&str> = Vec::new();
    for leaf in findings.leaves.iter().take(SHOWN_LEAVES) {
        while around.last().is_some_and(|outer| below(&leaf.path, outer).is_none()) {
            around.pop();
        }
        let own = around.last().and_then(|outer| below(&leaf.path, outer)).unwrap_or(&leaf.path);
        let indent = 2 + 2 * around.len().min(20);
        let _ = writeln!(out, "{:indent$}{}", "", describe(own, leaf));
        for finding in told.remove(leaf.path.as_str()).unwrap_or_default() {
            tell(finding, indent + 2, out);
        }
        around.push(&leaf.path);
    }
    more(findings.leaves.len().saturating_sub(SHOWN_LEAVES), "parts; --json has them all", out);
    for finding in findings
        .list
        .iter()
        .filter(|one| !one.place.is_empty() && !leaves.contains(one.place.as_str()))
    {
        let _ = writeln!(out, "  {}", safe(&finding.place));
        tell(finding, 4, out);
    }
    let class = findings.spam.class.map_or(String::new(), |class| format!(" ({})", class.word()));
    let _ = writeln!(
        out,
        "  spam probability {:.3}{class}, suspicion {} %, {:.1} ms",
        findings.spam.probability,
        findings.suspicion(),
        scanned.milliseconds
    );
}

/// What the probability of spam is made of.
fn terms(spam: &SpamJudgement, out: &mut String) {
    if spam.terms.is_empty() {
        return;
    }
    out.push_str("  signals of unwanted mail, in log-odds, the weightiest first:\n");
    for term in &spam.terms {
        let line = format!("{}: {} - {}", term.signal, term.words, term.evidence);
        let _ = writeln!(out, "    {:+6.2} {}", term.log_odds, safe(&line));
    }
}

fn more(count: usize, what: &str, out: &mut String) {
    if count > 0 {
        let _ = writeln!(out, "  and {count} more {what}");
    }
}

/// The rest of a path below another.
fn below<'a>(path: &'a str, outer: &str) -> Option<&'a str> {
    path.strip_prefix(outer)?.strip_prefix('/').filter(|_| !outer.is_empty())
}

/// Name, true types, size and properties of one leaf.
fn describe(own: &str, leaf: &Leaf) -> String {
    let own = if own.is_empty() { "the message" } else { own };
    let mut facts = vec![types(leaf), size(leaf.size)];
    if !leaf.mime.is_empty() && leaf.depth == 0 {
        facts.push(format!("declared {}", leaf.mime));
    }
    facts.extend(leaf.properties.words().map(|word| word.replace('_', " ")));
    safe(&format!("{own}  {}", facts.join(", ")))
}

fn types(leaf: &Leaf) -> String {
    let title = |name: &String| match filetype::FileType::named(name) {
        Some(kind) => format!("{} ({name})", kind.title()),
        None => name.clone(),
    };
    let all: Vec<String> = leaf.types.iter().map(title).collect();
    if all.is_empty() { "unknown type".to_owned() } else { all.join(" and ") }
}

fn size(octets: u64) -> String {
    match octets {
        0..1024 => format!("{octets} B"),
        1024..1_048_576 => format!("{:.1} KiB", octets as f64 / 1024.0),
        _ => format!("{:.1} MiB", octets as f64 / 1_048_576.0),
    }
}

fn tell(finding: &Finding, indent: usize, out: &mut String) {
    let weight = match finding.kind {
        FindingKind::Suspicious => format!(" {} %", finding.weight),
        _ => String::new(),
    };
    let mut line = format!("! {}{weight}: {}", finding.kind.word(), finding.name);
    if !finding.source.is_empty() {
        let _ = write!(line, " [{}]", finding.source);
    }
    if !finding.evidence.is_empty() {
        let _ = write!(line, " - {}", finding.evidence);
    }
    if let Some(why) = &finding.excepted {
        let _ = write!(line, " (excepted: {why})");
    }
    let _ = writeln!(out, "{:indent$}{}", "", safe(&line));
}

fn rules(scanned: &Scanned<'_>, out: &mut String) {
    out.push_str("  rules and exceptions, in order:\n");
    for step in &scanned.verdict.steps {
        let answer = if step.matched { "yes" } else { "no " };
        let _ = writeln!(out, "    {answer} {}", safe(&format!("{}: {}", step.rule, step.because)));
    }
    if scanned.verdict.steps.is_empty() {
        out.push_str("    there are none\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::source::Source;
    use mail::{EngineName, Findings, Properties, Step, Unscannable, Verdict};

    fn leaf(path: &str, size: u64, depth: u8, properties: Properties) -> Leaf {
        Leaf { path: path.into(), size, depth, properties, ..Leaf::default() }
    }

    fn shown(findings: &Findings, manner: Manner) -> String {
        let ruling = Ruling {
            recipients: vec![0],
            fate: Fate::Quarantine { area: "Malware".into() },
            rule: "Global antivirus".into(),
            because: "found EICAR-Test-File in 2/a.zip/b".into(),
            amendments: Vec::new(),
        };
        let step = |rule: &str, matched| Step { rule: rule.into(), matched, because: "why".into() };
        let steps = vec![step("one", false), step("two", true)];
        let verdict = Verdict { revision: 0, rulings: vec![ruling], steps };
        let source = Source { path: "x.eml".into(), octets: Vec::new(), is_raw: false };
        let scanned = Scanned { source: &source, findings, verdict: &verdict, milliseconds: 2.0 };
        text(&scanned, manner)
    }

    const FULL: Manner = Manner { json: false, full: true, explain: true };

    #[test]
    fn the_tree_shows_each_finding_where_it_was_seen() {
        let virus = FindingKind::Malware;
        let findings = Findings {
            list: vec![
                Finding::new(EngineName::Virus, virus, "EICAR", "2/a.zip/b", "68 octets")
                    .from_source("own.ndb:1"),
                Finding::new(EngineName::Structure, FindingKind::Defect, "long-line", "", ""),
            ],
            leaves: vec![
                leaf("1", 5, 0, Properties::default()),
                leaf("2/a.zip", 2048, 0, Properties::ENCRYPTED),
                leaf("2/a.zip/b", 68, 1, Properties::default()),
            ],
            unscannable: Some(Unscannable::Limit("depth".into())),
            ..Findings::default()
        };
        assert_eq!(
            shown(&findings, FULL),
            "quarantine x.eml in Malware  Global antivirus: found EICAR-Test-File in 2/a.zip/b\n  \
             not scanned to the end: a limit was reached: depth\n  \
             ! note: long-line\n  \
             1  unknown type, 5 B\n  \
             2/a.zip  unknown type, 2.0 KiB, encrypted\n    \
             b  unknown type, 68 B\n      \
             ! malware: EICAR [own.ndb:1] - 68 octets\n  \
             spam probability 0.000, suspicion 0 %, 2.0 ms\n  \
             rules and exceptions, in order:\n    \
             no  one: why\n    \
             yes two: why"
        );
    }

    #[test]
    fn one_line_is_enough_where_no_more_is_asked() {
        let manner = Manner { json: false, full: false, explain: false };
        assert_eq!(shown(&Findings::default(), manner).lines().count(), 1);
    }

    #[test]
    fn a_finding_without_a_leaf_is_shown_all_the_same() {
        let lost = Finding::new(EngineName::Virus, FindingKind::Malware, "X", "9/lost", "");
        let findings = Findings { list: vec![lost], ..Findings::default() };
        assert!(shown(&findings, FULL).contains("  9/lost\n    ! malware: X\n"));
    }

    #[test]
    fn the_breakdown_of_a_judgement_is_shown_when_asked_for() {
        let term = mail::SpamTerm {
            signal: "no-from".into(),
            log_odds: 1.5,
            words: "there is no sender".into(),
            evidence: "no\u{1b}From".into(),
        };
        let spam = SpamJudgement { terms: vec![term], ..SpamJudgement::of(0.5) };
        let findings = Findings { spam, ..Findings::default() };
        let text = shown(&findings, FULL);
        assert!(text.contains("+1.50 no-from: there is no sender - no"), "{text}");
        assert!(!shown(&findings, Manner { explain: false, ..FULL }).contains("no-from"));
    }

    #[test]
    fn names_cannot_write_on_the_screen() {
        let name = "2/a\u{1b}[2J\r\n\u{202e}b";
        let findings = Findings {
            leaves: vec![leaf(name, 1, 0, Properties::default())],
            list: vec![Finding::new(EngineName::Virus, FindingKind::Malware, "\u{1b}", name, "\n")],
            ..Findings::default()
        };
        let text = shown(&findings, FULL);
        assert!(!text.chars().any(|c| (c.is_control() && c != '\n') || c == '\u{202e}'), "{text}");
        assert_eq!(text.lines().count(), 7);
    }
}
