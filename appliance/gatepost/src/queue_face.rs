//! `gatepost queue`: list queued mail and act on it, by filter.

use clap::{Args, Subcommand};
use ipc::{Paths, Role};
use serde_json::{Value, json};

use crate::face::{ask_each, safe};

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum QueueCommand {
    /// Counts by view, and the age of the oldest message.
    Summary,
    /// List messages, oldest first.
    List(FilterArguments),
    /// Show one message.
    Show(FilterArguments),
    /// Put messages on hold.
    Hold(FilterArguments),
    /// Let held messages go on.
    Release(FilterArguments),
    /// Try messages again now.
    Requeue(FilterArguments),
    /// Drop messages; nobody is told.
    Delete(FilterArguments),
    /// Return messages to their senders.
    Bounce(FilterArguments),
}

/// Which messages. Patterns take `*` and `?`.
#[derive(Debug, Args)]
pub struct FilterArguments {
    /// Queue id.
    pub id: Option<String>,
    /// `active`, `deferred` or `hold`.
    #[arg(long)]
    pub view: Option<String>,
    /// Pattern of the sender.
    #[arg(long)]
    pub sender: Option<String>,
    /// Pattern of a recipient.
    #[arg(long)]
    pub recipient: Option<String>,
    /// Pattern of the last remote answer.
    #[arg(long)]
    pub reason: Option<String>,
    /// Only messages at least this many seconds old.
    #[arg(long, value_name = "SECONDS")]
    pub older_than: Option<u64>,
    /// At most this many.
    #[arg(long)]
    pub limit: Option<u64>,
    /// Only count what would be acted on.
    #[arg(long)]
    pub dry_run: bool,
    /// Needed to act on every message of the queue.
    #[arg(long)]
    pub all: bool,
}

/// Runs one verb; the exit code.
pub async fn run(paths: &Paths, command: QueueCommand, json: bool) -> u8 {
    let (verb, filter) = match command {
        QueueCommand::Summary => return summary(paths, json).await,
        QueueCommand::List(filter) => ("queue.list", filter),
        QueueCommand::Show(filter) if filter.id.is_none() => {
            eprintln!("gatepost: show needs a queue id. `gatepost queue list` shows them.");
            return 2;
        }
        QueueCommand::Show(filter) => ("queue.show", filter),
        QueueCommand::Hold(filter) => ("queue.hold", filter),
        QueueCommand::Release(filter) => ("queue.release", filter),
        QueueCommand::Requeue(filter) => ("queue.requeue", filter),
        QueueCommand::Delete(filter) => ("queue.delete", filter),
        QueueCommand::Bounce(filter) => ("queue.bounce", filter),
    };
    let acts = !matches!(verb, "queue.list" | "queue.show");
    if acts && filter.is_everything() && !filter.all && !filter.dry_run {
        eprintln!(
            "gatepost: without a filter this would act on every message of the queue. Nothing was \
             done. Narrow it, or say --all; --dry-run counts first."
        );
        return 2;
    }
    let detailed = verb == "queue.show";
    let show = |line: &str| if json { println!("{line}") } else { print_row(line, detailed) };
    ask_each(paths, Role::Queue, verb, filter.argument().to_string(), show).await
}

impl FilterArguments {
    fn is_everything(&self) -> bool {
        self.id.is_none()
            && self.view.is_none()
            && self.sender.is_none()
            && self.recipient.is_none()
            && self.reason.is_none()
            && self.older_than.is_none()
    }

    fn argument(&self) -> Value {
        json!({
            "id": self.id,
            "view": self.view,
            "sender": self.sender,
            "recipient": self.recipient,
            "reason": self.reason,
            "older_than_seconds": self.older_than,
            "limit": self.limit,
            "dry_run": self.dry_run,
        })
    }
}

async fn summary(paths: &Paths, json: bool) -> u8 {
    let show = |line: &str| {
        if json {
            println!("{line}");
            return;
        }
        let Ok(Value::Object(fields)) = serde_json::from_str(line) else { return };
        for (name, value) in fields {
            println!("{:<20} {value}", name.replace('_', " "));
        }
    };
    ask_each(paths, Role::Queue, "queue.summary", "{}".to_owned(), show).await
}

fn text(row: &Value, name: &str) -> String {
    match row.get(name) {
        Some(Value::String(text)) => safe(text),
        Some(Value::Array(list)) => {
            let shown: Vec<String> =
                list.iter().filter_map(Value::as_str).take(3).map(safe).collect();
            let more = list.len().saturating_sub(shown.len());
            let joined = shown.join(", ");
            if more == 0 { joined } else { format!("{joined} and {more} more") }
        }
        Some(Value::Null) | None => "-".to_owned(),
        Some(other) => other.to_string(),
    }
}

fn print_row(line: &str, detailed: bool) {
    let Ok(row) = serde_json::from_str::<Value>(line) else { return };
    if let Some(operation) = row.get("operation").and_then(Value::as_str) {
        let would = if row.get("dry_run") == Some(&Value::Bool(true)) { "would be " } else { "" };
        println!("{} messages: {would}{}", text(&row, "messages"), safe(operation));
        return;
    }
    if detailed {
        if let Value::Object(fields) = &row {
            for name in fields.keys() {
                println!("{:<14} {}", name.replace('_', " "), text(&row, name));
            }
        }
        return;
    }
    println!(
        "{} {:<8} {:>7}s {:>9} <{}> -> {}",
        text(&row, "id"),
        text(&row, "view"),
        text(&row, "age_seconds"),
        text(&row, "size"),
        text(&row, "sender"),
        text(&row, "recipients"),
    );
    let reason = text(&row, "reason");
    if !reason.is_empty() && reason != "-" {
        println!(
            "    tried {} times, next {}: {reason}",
            text(&row, "attempts"),
            text(&row, "next")
        );
    }
}
