//! Marks of people who talk to each other, and of machines that report to their keepers.

use message::Protection;

use super::{
    ANSWERS_INSIDE, CODE, CONVERSATION, Found, LIST_TALK, PHRASES, REPORT, SIGNATURE, SIGNED,
    THREAD,
};
use crate::said::Say;
use crate::sight::Sight;
use crate::signals::subject::is_answer;

/// Lines of a text that are looked at.
const LINES: usize = 300;

pub(super) fn look(sight: &Sight<'_>, found: &Found<'_>, say: &mut Say) {
    let lines = Lines::read(text(sight));
    conversation(sight, found, &lines, say);
    signature(sight, say);
    signed(sight, say);
    if lines.code >= 3 {
        say.that(
            &CODE,
            if lines.code >= 8 { 1.0 } else { 0.5 },
            format!("{} lines of code", lines.code),
        );
    }
    if let Some(list) = found.list.filter(|_| !sight.body.has_html) {
        say.that(&LIST_TALK, 1.0, list);
    }
    report(sight, say);
}

/// The text with its lines as they stand.
fn text<'s>(sight: &'s Sight<'_>) -> &'s str {
    if sight.body.plain.is_empty() { &sight.body.shown } else { &sight.body.plain }
}

/// What the lines of a text are.
#[derive(Debug, Default)]
struct Lines {
    quoted: usize,
    own: usize,
    /// How often own lines follow quoted ones and are followed by such.
    changes: usize,
    attribution: Option<String>,
    code: usize,
}

impl Lines {
    fn read(text: &str) -> Lines {
        let mut lines = Lines::default();
        let mut was_quoted = false;
        let mut before = "";
        for line in text.lines().take(LINES).map(str::trim_end).filter(|line| !line.is_empty()) {
            let is_quoted = line.starts_with(['>', '|']) && line.len() > 1;
            if is_quoted {
                lines.quoted += 1;
                if !was_quoted && lines.attribution.is_none() {
                    lines.attribution = attribution(before).map(str::to_owned);
                }
            } else {
                lines.own += 1;
                lines.changes += usize::from(was_quoted);
            }
            lines.code += usize::from(is_code(line));
            was_quoted = is_quoted;
            before = line;
        }
        lines
    }
}

/// A line that says who wrote what follows: it ends in a colon and has a date or an address, in
/// any language.
fn attribution(line: &str) -> Option<&str> {
    let end = line.trim_end_matches([' ', '\u{a0}']);
    let is_end = end.ends_with([':', '\u{ff1a}']) || end.ends_with("...") || end.ends_with("wrote");
    let says =
        line.contains('@') || line.bytes().any(|one| one.is_ascii_digit()) || line.contains(' ');
    (is_end && says && line.len() < 300).then_some(line)
}

/// Lines of patches, of programs and of what they print.
fn is_code(line: &str) -> bool {
    const STARTS: &[&str] = &[
        "diff --git",
        "diff -",
        "+++ ",
        "--- a/",
        "@@ -",
        "Index: ",
        "#include",
        "$ ",
        "# ./",
        "def ",
        "import ",
        "sub ",
        "use strict",
        "int main",
        "return ",
        "if (",
        "for (",
        "while (",
        "struct ",
        "Traceback (",
        "  File \"",
        "make[",
        "gcc ",
        "./configure",
        "rpm -",
        "apt-get ",
        "error:",
        "warning:",
        "at org.",
        "at java.",
        "fn ",
        "let ",
        "const ",
        "class ",
    ];
    let trimmed = line.trim_start_matches(['>', ' ', '\t', '+', '-']);
    let start = STARTS.iter().any(|start| line.starts_with(start) || trimmed.starts_with(start));
    let end = trimmed.ends_with(");")
        || trimmed.ends_with("};")
        || trimmed.ends_with(" {")
        || trimmed == "}";
    start && trimmed.contains(['(', '=', '/', ':', '-', ';']) || end
}

/// Whether an earlier mail stands in the text with the header that mail programs print: two or more
/// of sender, date and subject on lines of their own.
pub(in crate::signals) fn has_earlier_mail(sight: &Sight<'_>) -> bool {
    PHRASES.first("earlier", &sight.body.folded).is_some() || has_printed_header(&sight.body.shown)
}

fn has_printed_header(text: &str) -> bool {
    const SENDER: &[&str] = &[
        "from:",
        "von:",
        "de :",
        "de:",
        "da:",
        "van:",
        "od:",
        "fra:",
        "fr\u{e5}n:",
        "l\u{e4}hett\u{e4}j\u{e4}:",
        "\u{43e}\u{442}:",
        "\u{5dee}\u{51fa}\u{4eba}:",
        "\u{53d1}\u{4ef6}\u{4eba}:",
        "\u{bcf4}\u{b0b8} \u{c0ac}\u{b78c}:",
        "felad\u{f3}:",
        "kimden:",
        "from :",
    ];
    const SUBJECT: &[&str] = &[
        "subject:",
        "betreff:",
        "objet :",
        "objet:",
        "asunto:",
        "assunto:",
        "oggetto:",
        "onderwerp:",
        "temat:",
        "emne:",
        "\u{e4}mne:",
        "aihe:",
        "\u{442}\u{435}\u{43c}\u{430}:",
        "\u{4ef6}\u{540d}:",
        "\u{4e3b}\u{9898}:",
        "\u{c81c}\u{baa9}:",
        "p\u{159}edm\u{11b}t:",
        "t\u{e1}rgy:",
        "konu:",
    ];
    let mut sender = None;
    for (at, line) in text.lines().take(LINES).enumerate() {
        let line = line.trim_start_matches(['*', '>', ' ']);
        if !line.bytes().take(24).any(|one| one == b':') {
            continue;
        }
        let start = line.get(..line.floor_char_boundary(24)).unwrap_or_default().to_lowercase();
        if SENDER.iter().any(|word| start.starts_with(word)) {
            sender = Some(at);
        }
        let is_near = sender.is_some_and(|from| at.saturating_sub(from) <= 7);
        if is_near && SUBJECT.iter().any(|word| start.starts_with(word)) {
            return true;
        }
    }
    false
}

fn conversation(sight: &Sight<'_>, found: &Found<'_>, lines: &Lines, say: &mut Say) {
    let headers = &sight.headers;
    let thread = headers.first("In-Reply-To").or_else(|| headers.first("References"));
    let thread = thread.filter(|value| value.contains('@'));
    let is_answer = is_answer(sight.subject);
    let has_attribution = lines.attribution.is_some() && lines.quoted >= 1;
    let has_earlier = found.earlier.is_some() || has_printed_header(&sight.body.shown);
    let has_quote = has_attribution || lines.quoted >= 3 || has_earlier;
    let evidence = || {
        let what = lines.attribution.as_deref().or(found.earlier).unwrap_or("an earlier mail");
        what.trim().to_owned()
    };
    let strength = match (thread.is_some(), is_answer, has_quote) {
        (true, true, true) => 1.0,
        (true, false, true) => 0.8,
        // Words that anybody can type.
        (false, true, true) if has_attribution => 0.5,
        (false, true, true) => 0.25,
        (false, false, true) if has_attribution => 0.3,
        _ => 0.0,
    };
    say.that(&CONVERSATION, strength, evidence());
    if let Some(thread) = thread {
        say.that(&THREAD, if is_answer { 1.0 } else { 0.6 }, thread);
    }
    let is_inside = lines.changes >= 2 && lines.own >= 2 && lines.quoted >= 3;
    if is_inside {
        let strength = if thread.is_some() { 1.0 } else { 0.6 };
        say.that(&ANSWERS_INSIDE, strength, format!("{} times", lines.changes));
    }
}

/// `-- ` on a line of its own, and a few short lines after it.
fn signature(sight: &Sight<'_>, say: &mut Say) {
    let text = text(sight);
    let Some((_, after)) = text.rsplit_once("\n-- \n").or_else(|| text.rsplit_once("\n-- \r\n"))
    else {
        return;
    };
    let lines = after.lines().filter(|line| !line.trim().is_empty()).count();
    if (1..=12).contains(&lines) && after.len() < 900 {
        say.that(&SIGNATURE, 1.0, after.trim());
    }
}

fn signed(sight: &Sight<'_>, say: &mut Say) {
    if let Some(part) = sight.mail.parts.iter().find(|part| part.protection == Protection::Signed) {
        say.that(&SIGNED, 1.0, part.mime.as_str());
    } else if sight.body.shown.contains("-----BEGIN PGP SIGNATURE-----") {
        say.that(&SIGNED, 0.8, "PGP SIGNATURE");
    }
}

/// Returned mail, receipts, and what timers and machines write about themselves.
fn report(sight: &Sight<'_>, say: &mut Say) {
    let root = sight.mail.parts.first().map_or("", |part| part.mime.as_str());
    if root == "multipart/report" {
        say.that(&REPORT, 1.0, root);
    }
    let is_plain = !sight.body.has_html && sight.links.len() <= 2;
    let subject = sight.subject;
    if subject.starts_with("Cron <") && is_plain {
        say.that(&REPORT, 1.0, subject);
    }
    let automatic = sight.headers.first("Auto-Submitted").filter(|value| !value.starts_with("no"));
    if let Some(value) = automatic.filter(|_| is_plain) {
        say.that(&REPORT, 0.6, value);
    }
}
