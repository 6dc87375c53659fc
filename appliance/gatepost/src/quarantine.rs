//! `gatepost quarantine ...`: list, show, release and delete what the vault keeps.

use std::io::{IsTerminal as _, Write as _};

use base64::Engine as _;
use clap::Subcommand;
use ipc::{Paths, Role};
use serde_json::{Value, json};

use crate::face::{ask_each, safe};
use crate::track::{ago, say, span};

/// The verbs of `gatepost quarantine`.
#[derive(Debug, Subcommand)]
pub enum QuarantineCommand {
    /// List items, newest first.
    List {
        /// Only this area.
        #[arg(long)]
        area: Option<String>,
        /// Only items with this sender, recipient or domain.
        #[arg(long)]
        address: Option<String>,
        /// Only items of the last `30m`, `48h` or `7d`.
        #[arg(long, value_parser = span)]
        since: Option<u64>,
        /// Items at most.
        #[arg(long, default_value_t = 100)]
        limit: u32,
        /// Deleted and expired items too.
        #[arg(long)]
        all: bool,
    },
    /// Show one item: envelope, findings, releases.
    Show {
        /// Number of the item.
        item: String,
    },
    /// Release items: each goes on once, as a new message that is scanned for malware again.
    Release {
        /// Numbers of the items.
        #[arg(required = true)]
        items: Vec<String>,
        /// Only for these recipients.
        #[arg(long = "to")]
        recipients: Vec<String>,
    },
    /// Delete items.
    Delete {
        /// Numbers of the items.
        #[arg(required = true)]
        items: Vec<String>,
    },
    /// Write the raw message of an item. It may be malware: do not open it.
    Message {
        /// Number of the item.
        item: String,
    },
    /// List the areas: items, octets, days kept.
    Areas,
}

/// Runs it; gives the exit code. With several items the worst one.
pub async fn run(paths: &Paths, command: QuarantineCommand, as_json: bool) -> u8 {
    match command {
        QuarantineCommand::List { area, address, since, limit, all } => {
            let since = since.map(ago);
            let question = json!({
                "area": area, "address": address, "since": since, "limit": limit, "all": all,
            });
            ask(paths, "quarantine.list", &question, as_json, listed).await
        }
        QuarantineCommand::Show { item } => {
            ask(paths, "quarantine.show", &json!({ "item": item }), as_json, shown).await
        }
        QuarantineCommand::Release { items, recipients } => {
            let mut worst = 0;
            for item in items {
                let question = json!({ "item": item, "recipients": recipients });
                let exit = ask(paths, "quarantine.release", &question, as_json, released).await;
                worst = worst.max(exit);
            }
            worst
        }
        QuarantineCommand::Delete { items } => {
            let mut worst = 0;
            for item in items {
                let question = json!({ "item": item });
                let exit = ask(paths, "quarantine.delete", &question, as_json, deleted).await;
                worst = worst.max(exit);
            }
            worst
        }
        QuarantineCommand::Message { item } => message(paths, &item, as_json).await,
        QuarantineCommand::Areas => {
            ask(paths, "quarantine.areas", &json!({}), as_json, area_line).await
        }
    }
}

async fn ask(
    paths: &Paths,
    verb: &str,
    question: &Value,
    as_json: bool,
    draw: fn(&Value) -> String,
) -> u8 {
    ask_each(paths, Role::Vault, verb, question.to_string(), |line| {
        if as_json {
            say(line);
        } else {
            say(&draw(&serde_json::from_str(line).unwrap_or_default()));
        }
    })
    .await
}

/// The raw octets; on a terminal, line by line and with nothing that could steer it.
async fn message(paths: &Paths, item: &str, as_json: bool) -> u8 {
    let terminal = std::io::stdout().is_terminal();
    let mut octets = Vec::new();
    let question = json!({ "item": item }).to_string();
    let exit = ask_each(paths, Role::Vault, "quarantine.message", question, |line| {
        if as_json {
            return say(line);
        }
        let piece: Value = serde_json::from_str(line).unwrap_or_default();
        let decoded = base64::engine::general_purpose::STANDARD.decode(text(&piece, "base64"));
        octets.extend(decoded.unwrap_or_default());
        if !terminal {
            // A reader that has gone is no fault.
            let _ = std::io::stdout().lock().write_all(&octets);
            octets.clear();
        }
    })
    .await;
    for line in String::from_utf8_lossy(&octets).lines() {
        say(&safe(line));
    }
    let _ = std::io::stdout().lock().flush();
    exit
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn number(value: &Value, key: &str) -> i64 {
    value.get(key).and_then(Value::as_i64).unwrap_or_default()
}

fn texts(value: &Value, key: &str) -> String {
    let all = value.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let all: Vec<&str> = all.iter().filter_map(Value::as_str).collect();
    all.join(", ")
}

fn listed(entry: &Value) -> String {
    let stored = text(entry, "stored");
    let stored = stored.get(..19).unwrap_or(stored).replace('T', " ");
    let others = number(entry, "recipient_count") - 5;
    let others = if others > 0 { format!(" and {others} more") } else { String::new() };
    safe(&format!(
        "{stored}Z  {}  {:<11}  {:<8}  {} -> {}{others}  {}",
        text(entry, "item"),
        text(entry, "area"),
        text(entry, "state"),
        text(entry, "sender"),
        text(entry, "recipients"),
        text(entry, "subject"),
    ))
}

fn shown(page: &Value) -> String {
    let mut lines = Vec::new();
    for (key, name) in [
        ("item", "item"),
        ("state", "state"),
        ("area", "area"),
        ("rule", "held by rule"),
        ("because", "because"),
        ("stored", "stored"),
        ("expires", "expires"),
        ("message", "queue id"),
        ("client", "client"),
        ("sender", "from"),
        ("subject", "subject"),
        ("sha256", "sha256"),
        ("released", "released as"),
        ("ended_by", "deleted by"),
    ] {
        if !text(page, key).is_empty() {
            lines.push(format!("{name:<13} {}", safe(text(page, key))));
        }
    }
    lines.push(format!("{:<13} {} octets", "size", number(page, "size")));
    for recipient in list(page, "/envelope/recipients") {
        lines.push(format!("{:<13} {}", "to", safe(text(recipient, "address"))));
    }
    for finding in list(page, "/findings/list") {
        let found = ["name", "place", "evidence"].map(|key| safe(text(finding, key)));
        lines.push(format!("{:<13} {}", "found", found.join("  ").trim_end()));
    }
    lines.join("\n")
}

fn list<'a>(page: &'a Value, path: &str) -> &'a [Value] {
    page.pointer(path).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn released(answer: &Value) -> String {
    let (item, ids) = (safe(text(answer, "item")), safe(&texts(answer, "ids")));
    let whom = safe(&texts(answer, "recipients"));
    match text(answer, "state") {
        "released" => format!("{item} released to {whom}: it goes on as {ids}."),
        "already released" => format!("{item} was already released as {ids}; nothing was sent."),
        _ => format!("{item} is being released; it goes on when the queue takes it."),
    }
}

fn deleted(answer: &Value) -> String {
    format!("{} deleted.", safe(text(answer, "item")))
}

fn area_line(area: &Value) -> String {
    format!(
        "{:<16} {:>9} items {:>14} octets  kept {} days",
        safe(text(area, "area")),
        number(area, "items"),
        number(area, "octets"),
        number(area, "days_kept"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_item_writes_on_the_screen() {
        let evil = "x\u{1b}[31m\r\n\u{202e}";
        let entry = json!({
            "item": evil, "area": evil, "state": evil, "sender": evil, "recipients": evil,
            "subject": evil, "rule": evil, "because": evil, "stored": evil,
            "envelope": { "recipients": [{ "address": evil }] },
            "findings": { "list": [{ "name": evil, "place": evil, "evidence": evil }] },
            "ids": [evil], "recipient_count": 9,
        });
        for drawn in [listed(&entry), released(&entry), deleted(&entry), area_line(&entry)] {
            assert!(!drawn.chars().any(char::is_control), "{drawn:?}");
        }
        let page = shown(&entry);
        assert!(!page.chars().any(|it| it.is_control() && it != '\n'), "{page:?}");
        assert_eq!(page.lines().count(), 11);
    }

    #[test]
    fn releases_say_what_they_came_to() {
        let answer = |state: &str| json!({ "item": "I", "state": state, "ids": ["A"], "recipients": ["a@b.test"] });
        assert_eq!(released(&answer("released")), "I released to a@b.test: it goes on as A.");
        assert_eq!(
            released(&answer("already released")),
            "I was already released as A; nothing was sent."
        );
        assert!(released(&answer("releasing")).contains("is being released"));
    }
}
