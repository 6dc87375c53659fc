//! `gatepost health`: whether every role answers, and whether mail flows. Exit 0 well, 1 not well,
//! 3 not running.

use std::time::Duration;

use ipc::{Paths, Role};
use serde_json::{Value, json};

use crate::face::safe;

/// Roles that answer requests, with the verb that tells most.
const ASKED: [(Role, &str); 4] = [
    (Role::Control, "settings.history"),
    (Role::Queue, "queue.health"),
    (Role::Vault, "quarantine.areas"),
    (Role::Ledger, "ledger.counts"),
];

/// How long a role may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Runs the verb; the exit code.
pub async fn run(paths: &Paths, json: bool) -> u8 {
    let mut problems = Vec::new();
    let mut reached = 0;
    let mut queue = Value::Null;
    for (role, verb) in ASKED {
        match tokio::time::timeout(PATIENCE, first_line(paths, role, verb)).await {
            Ok(Ok(line)) => {
                reached += 1;
                if role == Role::Queue {
                    queue = serde_json::from_str(&line).unwrap_or_default();
                }
            }
            Ok(Err(failure)) if failure.exit == 3 => problems.push(failure.message),
            // It answered, if only that there is nothing to list.
            Ok(Err(_)) => reached += 1,
            Err(_) => problems.push(format!("{} does not answer", role.word())),
        }
    }
    let listed = queue.get("problems").and_then(Value::as_array).cloned().unwrap_or_default();
    problems.extend(listed.iter().filter_map(Value::as_str).map(str::to_owned));
    let code = match (reached, problems.is_empty()) {
        (0, _) => 3,
        (_, true) => 0,
        (_, false) => 1,
    };
    let notes = queue.get("notes").and_then(Value::as_array).cloned().unwrap_or_default();
    let notes: Vec<String> = notes.iter().filter_map(Value::as_str).map(str::to_owned).collect();
    report(code, &problems, &notes, &queue, json);
    code
}

fn report(code: u8, problems: &[String], notes: &[String], queue: &Value, json: bool) {
    let state = match code {
        0 => "well",
        1 => "not well",
        _ => "not running",
    };
    if json {
        let told = json!({"state": state, "problems": problems, "notes": notes, "queue": queue});
        println!("{told}");
        return;
    }
    println!("{state}");
    for problem in problems {
        println!("  {}", safe(problem));
    }
    for note in notes {
        println!("  note: {}", safe(note));
    }
    if let Some(line) = patterns(queue) {
        println!("  {}", safe(&line));
    }
}

/// The pattern pack in use, for people.
fn patterns(queue: &Value) -> Option<String> {
    let facts = queue.get("patterns")?;
    let version = facts.get("pack_version")?.as_str()?;
    let signatures = facts.get("pack_signatures")?.as_u64()?;
    Some(format!("pattern pack {version}, {signatures} signatures"))
}

async fn first_line(paths: &Paths, role: Role, verb: &str) -> Result<String, ipc::Failure> {
    let mut asking = ipc::ask(paths, role, verb, "{}".to_owned()).await?;
    match asking.next().await {
        Some(line) => line,
        None => Ok(String::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pack_is_told_where_there_is_one() {
        let facts = json!({"patterns": {"pack_version": "of today", "pack_signatures": 7}});
        assert_eq!(patterns(&facts).unwrap(), "pattern pack of today, 7 signatures");
        let none = json!({"patterns": {"pack_version": null, "pack_signatures": 0}});
        assert_eq!(patterns(&none), None);
    }
}
