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
    report(code, &problems, &queue, json);
    code
}

fn report(code: u8, problems: &[String], queue: &Value, json: bool) {
    let state = match code {
        0 => "well",
        1 => "not well",
        _ => "not running",
    };
    if json {
        println!("{}", json!({"state": state, "problems": problems, "queue": queue}));
        return;
    }
    println!("{state}");
    for problem in problems {
        println!("  {}", safe(problem));
    }
}

async fn first_line(paths: &Paths, role: Role, verb: &str) -> Result<String, ipc::Failure> {
    let mut asking = ipc::ask(paths, role, verb, "{}".to_owned()).await?;
    match asking.next().await {
        Some(line) => line,
        None => Ok(String::new()),
    }
}
