//! `gatepost track ANYTHING`: what became of a message. One match shows its page, the answer
//! sentence on top; several show a list, newest first.

use std::fmt::Write as _;
use std::io::Write as _;

use clap::Args;
use ipc::{Paths, Role};
use serde_json::{Value, json};
use world::Clock as _;

use crate::face::{ask_each, safe};

/// Arguments of `gatepost track`.
#[derive(Debug, Args)]
pub struct TrackArguments {
    /// Queue id, Message-ID, address, domain, IP address, subject words, rule, signature or
    /// attachment name; nothing for all.
    what: Vec<String>,
    /// Matches at most.
    #[arg(long, default_value_t = 100)]
    limit: u32,
    /// Only what happened in the last `30m`, `48h` or `7d`.
    #[arg(long, value_parser = span)]
    since: Option<u64>,
    /// List the matches, also when there is only one.
    #[arg(long)]
    list: bool,
}

/// Milliseconds of `90s`, `30m`, `48h` or `7d`.
pub fn span(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
    let unit = match text.get(digits.len()..) {
        Some("s") => 1000,
        Some("m") => 60_000,
        Some("h") => 3_600_000,
        Some("d") => 86_400_000,
        _ => return Err("write a number and s, m, h or d, such as 48h".to_owned()),
    };
    let number: u64 = digits.parse().map_err(|_| "that is no number".to_owned())?;
    number.checked_mul(unit).ok_or_else(|| "that is too long".to_owned())
}

/// The time this many milliseconds ago.
pub fn ago(milliseconds: u64) -> u64 {
    world::RealClock.now().0.saturating_sub(milliseconds)
}

/// Writes a line. A reader that has gone (`| head`) is no fault.
pub fn say(line: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

/// Runs it; gives the exit code.
pub async fn run(paths: &Paths, arguments: TrackArguments, as_json: bool) -> u8 {
    let question = json!({
        "what": arguments.what.join(" "),
        "limit": arguments.limit,
        "since": arguments.since.map(ago),
    });
    let mut found = Found { shown: 0, first: None };
    let exit = ask_each(paths, Role::Ledger, "track", question.to_string(), |line| {
        found.take(line, arguments.list, as_json);
    })
    .await;
    match found.first {
        Some(first) if exit == 0 => page(paths, &first, as_json).await,
        _ => {
            if exit == 0 && !as_json {
                say(&hint(found.shown, arguments.limit));
            }
            exit
        }
    }
}

/// The first match is held back until a second one shows that there is a list to print.
struct Found {
    shown: u32,
    first: Option<String>,
}

impl Found {
    fn take(&mut self, line: &str, list: bool, as_json: bool) {
        if self.shown == 0 && self.first.is_none() && !list {
            self.first = Some(line.to_owned());
            return;
        }
        if let Some(first) = self.first.take() {
            self.print(&first, as_json);
        }
        self.print(line, as_json);
    }

    fn print(&mut self, line: &str, as_json: bool) {
        self.shown += 1;
        if as_json {
            return say(line);
        }
        say(&hit(&serde_json::from_str(line).unwrap_or_default()));
    }
}

async fn page(paths: &Paths, first: &str, as_json: bool) -> u8 {
    let hit: Value = serde_json::from_str(first).unwrap_or_default();
    let question = json!({ "id": text(&hit, "id") });
    ask_each(paths, Role::Ledger, "track.show", question.to_string(), |line| {
        let mut page: Value = serde_json::from_str(line).unwrap_or_default();
        join(&mut page, &hit);
        say(&if as_json { page.to_string() } else { whole(&page) });
    })
    .await
}

/// The page says all that the list says, and more.
fn join(page: &mut Value, hit: &Value) {
    if let (Value::Object(page), Value::Object(hit)) = (page, hit) {
        for (key, value) in hit {
            page.entry(key.clone()).or_insert_with(|| value.clone());
        }
    }
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// One line of a list.
fn hit(value: &Value) -> String {
    let count = value.get("recipient_count").and_then(Value::as_i64).unwrap_or(1);
    let others = if count > 5 { format!(" and {} more", count - 5) } else { String::new() };
    let what = match text(value, "kind") {
        "session" => text(value, "rule"),
        _ => text(value, "subject"),
    };
    safe(&format!(
        "{}  {}  {:<12}  {} -> {}{others}  {what}",
        moment(text(value, "time")),
        text(value, "id"),
        text(value, "fate"),
        text(value, "sender"),
        text(value, "recipients"),
    ))
}

/// `2026-11-21 10:02:03Z`: a list needs no milliseconds.
fn moment(iso: &str) -> String {
    format!("{}Z", iso.get(..19).unwrap_or(iso).replace('T', " "))
}

fn hint(shown: u32, limit: u32) -> String {
    let more =
        if shown >= limit { " There may be more: give --limit N or --since 48h." } else { "" };
    format!("\n{shown} matches, newest first. `gatepost track ID` shows one.{more}")
}

/// The page of one message.
fn whole(page: &Value) -> String {
    let mut out = format!("{}\n\n", safe(text(page, "answer")));
    let rows = page.get("events").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let cells: Vec<[String; 4]> = rows
        .iter()
        .map(|row| ["time", "component", "result", "why"].map(|key| safe(text(row, key))))
        .collect();
    let width = |place: usize| {
        let widths = cells.iter().filter_map(|row| row.get(place)).map(|it| it.chars().count());
        // One long result must not push all reasons off the screen.
        widths.max().unwrap_or_default().min(36)
    };
    let (component, result) = (width(1), width(2));
    for [time, who, what, why] in &cells {
        let line = format!("{time}  {who:<component$}  {what:<result$}  {why}");
        // Writing to a String cannot fail.
        let _ = writeln!(out, "{}", line.trim_end());
    }
    let _ = write!(out, "\n{} {}", safe(text(page, "kind")), safe(text(page, "id")));
    for (key, name) in [("session", "session"), ("sender", "from"), ("subject", "subject")] {
        if !text(page, key).is_empty() {
            let _ = write!(out, ", {name} {}", safe(text(page, key)));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read() {
        assert_eq!(span("48h"), Ok(172_800_000));
        assert_eq!(span("7d"), Ok(604_800_000));
        for bad in ["", "h", "48", "-1h", "5w", "99999999999999999999d", "18446744073709551615d"] {
            assert!(span(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_page_has_the_answer_on_top_and_aligned_rows() {
        let page = json!({
            "answer": "Delivered to ann@example.test.",
            "id": "000000000000A", "kind": "message", "subject": "Invoice\u{1b}[2J",
            "events": [
                {"time": "2026-11-21T10:02:03.000Z", "component": "intake", "result": "received",
                 "why": "5 octets"},
                {"time": "2026-11-21T10:02:04.000Z", "component": "queue", "result": "finished",
                 "why": ""},
            ],
        });
        assert_eq!(
            whole(&page),
            "Delivered to ann@example.test.\n\n\
             2026-11-21T10:02:03.000Z  intake  received  5 octets\n\
             2026-11-21T10:02:04.000Z  queue   finished\n\n\
             message 000000000000A, subject Invoice\\u{1b}[2J"
        );
    }

    #[test]
    fn a_list_line_cannot_write_on_the_screen() {
        let line = hit(&json!({
            "kind": "message", "id": "X", "time": "2026-11-21T10:02:03.000Z", "fate": "delivered",
            "sender": "a@b.test", "recipients": "c@d.test", "recipient_count": 7,
            "subject": "x\r\n\u{1b}]0;owned\u{7}",
        }));
        assert!(
            line.starts_with("2026-11-21 10:02:03Z  X  delivered     a@b.test -> c@d.test and 2")
        );
        assert!(!line.chars().any(char::is_control), "{line:?}");
    }
}
