//! Control over real sockets: pushes, verbs, refusals, the first start.

use std::sync::Arc;
use std::time::Duration;

use ipc::{Paths, Ready, Role, RoleContext, Snapshot, Sockets};
use mail::Timestamp;
use schema::Tree;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use world::sim::SimClock;

use crate::ControlError;

schema::table! {
    /// An area.
    pub struct Area {
        /// Name.
        pub name: String = String::new(), in 1..=9,
        /// Key.
        pub key: String = String::new(), secret,
    }
}

schema::settings! {
    /// Mail in.
    pub struct Receiving = "receiving", touches Live {
        /// Largest message.
        pub maximum_message_bytes: u64 = 1024,
        /// Ours.
        pub relay_domains: Vec<schema::DomainPattern> = schema::DomainPattern::list(&["example.test"]),
        /// The port.
        pub port: u16 = 25, in 1..=65_535, touches Restart("intake"),
    }
}

schema::settings! {
    /// Mail held.
    pub struct Quarantine = "quarantine", touches Live {
        /// Areas.
        pub areas: Vec<Area> = vec![Area { name: "Spam".into(), key: String::new() }],
        /// The password.
        pub password: Option<String> = None, secret,
    }
}

fn tree() -> Tree {
    Tree::new().with::<Receiving>().with::<Quarantine>()
}

/// A running control, in a folder of its own.
struct Control {
    folder: tempfile::TempDir,
    context: RoleContext,
    stop: watch::Sender<bool>,
    running: JoinHandle<Result<(), ControlError>>,
}

fn context(
    folder: &std::path::Path,
    role: Role,
    stop: watch::Receiver<bool>,
    ready: Ready,
) -> RoleContext {
    let paths = Paths::new(folder);
    std::fs::create_dir_all(paths.run()).unwrap();
    let clock = Arc::new(SimClock::new(Timestamp(1_700_000_000_000)));
    RoleContext { role, paths, incarnation: 1, stop, clock, ready, sockets: Sockets::default() }
}

impl Control {
    async fn start() -> Control {
        Self::start_in(tempfile::tempdir().unwrap(), None).await.unwrap()
    }

    async fn start_in(
        folder: tempfile::TempDir,
        import: Option<String>,
    ) -> Result<Control, ControlError> {
        let (stop, stopped) = watch::channel(false);
        let (told, mut ready) = watch::channel(false);
        let told = Ready::new(move || told.send(true).unwrap());
        let context = context(folder.path(), Role::Control, stopped, told);
        let mut running = tokio::spawn(crate::run(context.clone(), tree(), import));
        tokio::select! {
            ended = &mut running => return Err(ended.unwrap().unwrap_err()),
            ready = ready.wait_for(|ready| *ready) => drop(ready.unwrap()),
        }
        Ok(Control { folder, context, stop, running })
    }

    async fn stop(self) -> tempfile::TempDir {
        self.stop.send(true).unwrap();
        self.running.await.unwrap().unwrap();
        self.folder
    }

    /// Every line, then how it ended: exit code and message.
    async fn ask(&self, verb: &str, argument: Value) -> (Vec<Value>, Option<(u8, String)>) {
        let paths = &self.context.paths;
        let mut asking = ipc::ask(paths, Role::Control, verb, argument.to_string()).await.unwrap();
        let mut lines = Vec::new();
        while let Some(answer) = asking.next().await {
            match answer {
                Ok(line) => lines.push(serde_json::from_str(&line).unwrap()),
                Err(failure) => return (lines, Some((failure.exit, failure.message))),
            }
        }
        (lines, None)
    }

    async fn ok(&self, verb: &str, argument: Value) -> Vec<Value> {
        let (lines, failure) = self.ask(verb, argument).await;
        assert_eq!(failure, None, "{verb}");
        lines
    }

    async fn refused(&self, verb: &str, argument: Value) -> (u8, String) {
        let (lines, failure) = self.ask(verb, argument).await;
        let (exit, message) = failure.unwrap();
        (
            exit,
            format!(
                "{}{message}",
                lines.iter().map(|line| format!("{line}\n")).collect::<String>()
            ),
        )
    }

    async fn set(&self, path: &str, text: &str) -> Vec<Value> {
        self.ok("settings.set", json!({ "assignments": [{ "path": path, "text": text }] })).await
    }

    async fn subscribe(&self, sections: &[&str]) -> watch::Receiver<Arc<Snapshot>> {
        let context = RoleContext { role: Role::Intake, ..self.context.clone() };
        ipc::subscribe(&context, sections).await
    }
}

fn outcome(lines: &[Value]) -> (&str, u64) {
    let last = lines.last().unwrap();
    (last["outcome"].as_str().unwrap(), last["revision"].as_u64().unwrap())
}

#[tokio::test]
async fn a_role_gets_its_sections_at_once_and_again_when_one_of_them_changes() {
    let control = Control::start().await;
    let mut receiving = control.subscribe(&["receiving"]).await;
    let quarantine = control.subscribe(&["quarantine"]).await;
    assert_eq!(receiving.borrow().sections["receiving"]["port"], 25);
    assert!(!receiving.borrow().sections.contains_key("quarantine"), "only what was asked for");
    control.set("receiving.maximum_message_bytes", "2KiB").await;
    assert!(!receiving.has_changed().unwrap(), "what is pending is not live");
    control.ok("settings.commit", json!({ "reason": "larger" })).await;
    receiving.changed().await.unwrap();
    let snapshot = receiving.borrow_and_update().clone();
    assert_eq!(
        (snapshot.revision, &snapshot.sections["receiving"]["maximum_message_bytes"]),
        (1, &json!(2048))
    );
    control.set("receiving.port", "26").await;
    control.ok("settings.commit", json!({})).await;
    receiving.changed().await.unwrap();
    assert_eq!(quarantine.borrow().revision, 0, "an untouched role is not told");
}

#[tokio::test]
async fn a_section_that_is_not_declared_is_left_out() {
    let control = Control::start().await;
    let snapshot = control.subscribe(&["receiving", "nonsense"]).await;
    assert_eq!(snapshot.borrow().sections.len(), 1);
}

#[tokio::test]
async fn set_diff_commit_history_show_and_revert() {
    let control = Control::start().await;
    let lines = control.set("receiving.port", "26").await;
    assert_eq!(outcome(&lines), ("pending", 0));
    let differences = control.ok("settings.diff", json!({})).await;
    assert_eq!(differences.len(), 1);
    assert_eq!(
        (&differences[0]["path"], &differences[0]["new"]),
        (&json!("receiving.port"), &json!(26))
    );
    let lines = control.ok("settings.commit", json!({ "reason": "firewall" })).await;
    assert_eq!(outcome(&lines), ("committed", 1));
    assert_eq!(
        lines[1]["effects"],
        json!(["receiving.port takes effect when intake is restarted"])
    );
    let history = control.ok("settings.history", json!({})).await;
    assert_eq!(history[0]["reason"], "firewall");
    assert_eq!(history[0]["time"], "2023-11-14T22:13:20.000Z");
    assert_eq!(
        (&history[0]["changed"], &history[0]["live"]),
        (&json!(["receiving.port"]), &json!(true))
    );
    let shown = control.ok("settings.show", json!({ "revision": 1 })).await;
    assert_eq!(shown[1]["old_shown"], "25");
    let back = control.ok("settings.revert", json!({ "revision": 0 })).await;
    assert_eq!(outcome(&back), ("committed", 2));
    let newer = control.ok("settings.diff", json!({ "from": 1 })).await;
    assert_eq!(newer[0]["new_shown"], "25");
    assert_eq!(
        control.ok("settings.diff", json!({ "from": 0, "to": 2 })).await,
        Vec::<Value>::new()
    );
}

#[tokio::test]
async fn get_shows_value_default_and_who_changed_it() {
    let control = Control::start().await;
    control.set("receiving.port", "26").await;
    control.ok("settings.commit", json!({})).await;
    let all = control.ok("settings.get", json!({})).await;
    assert_eq!(all.len(), 5);
    let port = control.ok("settings.get", json!({ "path": "receiving.port" })).await.remove(0);
    assert_eq!(
        (&port["shown"], &port["default"], &port["set"]),
        (&json!("26"), &json!(25), &json!(true))
    );
    assert_eq!(port["changed_by"]["revision"], 1);
    let changed = control.ok("settings.get", json!({ "changed": true })).await;
    assert_eq!(changed.len(), 1);
    let name = control.ok("settings.get", json!({ "path": "quarantine.areas.0.name" })).await;
    assert_eq!(
        name,
        [json!({ "path": "quarantine.areas.0.name", "value": "Spam", "shown": "Spam" })]
    );
    let (exit, message) =
        control.refused("settings.get", json!({ "path": "receiving.prot" })).await;
    assert_eq!(exit, 1);
    assert!(message.contains("Did you mean \"port\"?"), "{message}");
}

#[tokio::test]
async fn lists_grow_and_shrink_by_entries_however_they_are_typed() {
    let control = Control::start().await;
    let change = |deed: &str, text: &str| json!({ "assignments": [{ "path": "receiving.relay_domains", "change": deed, "text": text }], "now": true });
    control.ok("settings.set", change("add", "*.OTHER.test")).await;
    control.ok("settings.set", change("remove", "EXAMPLE.test")).await;
    let domains = control.ok("settings.get", json!({ "path": "receiving.relay_domains" })).await;
    assert_eq!(domains[0]["value"], json!(["*.other.test"]));
    assert_eq!(control.refused("settings.set", change("remove", "no.test")).await.0, 4);
    let not_a_list =
        json!({ "assignments": [{ "path": "receiving.port", "change": "add", "text": "1" }] });
    assert_eq!(control.refused("settings.set", not_a_list).await.0, 4);
}

#[tokio::test]
async fn a_change_that_does_not_fit_is_refused_with_every_problem_and_nothing_is_pending() {
    let control = Control::start().await;
    let assignments = json!([
        { "path": "receiving.port", "text": "0" },
        { "path": "receiving.relay_domains", "value": ["*"] },
        { "path": "receiving.nothing", "text": "x" },
        { "path": "receiving", "text": "x" },
        { "path": "receiving.port" },
    ]);
    let (exit, message) =
        control.refused("settings.set", json!({ "assignments": assignments })).await;
    assert_eq!(exit, 4);
    assert_eq!(message.matches("\"problem\"").count(), 5, "{message}");
    assert!(message.ends_with("Nothing was changed: 5 problems."));
    assert_eq!(control.ok("settings.diff", json!({})).await, Vec::<Value>::new());
}

#[tokio::test]
async fn two_administrators_do_not_overwrite_each_other() {
    let control = Control::start().await;
    let change = |base: u64| json!({ "assignments": [{ "path": "receiving.port", "text": (30 + base).to_string() }], "now": true, "base": base });
    control.ok("settings.set", change(0)).await;
    let (exit, message) = control.refused("settings.set", change(0)).await;
    assert_eq!(exit, 4);
    assert!(message.contains("revision 1 is live, not 0"), "{message}");
    control.ok("settings.set", change(1)).await;
    control.set("receiving.port", "40").await;
    let (exit, message) = control.refused("settings.revert", json!({ "revision": 1 })).await;
    assert!(exit == 4 && message.contains("is pending; commit or discard it first"), "{message}");
    assert_eq!(outcome(&control.ok("settings.discard", json!({})).await), ("discarded", 2));
    assert_eq!(control.refused("settings.commit", json!({})).await.0, 4);
}

#[tokio::test]
async fn no_face_but_the_export_shows_a_secret() {
    let control = Control::start().await;
    control.set("quarantine.password", "hunter2").await;
    control.set("quarantine.areas", "[{\"name\": \"A\", \"key\": \"hunter3\"}]").await;
    let mut said = control.ok("settings.diff", json!({})).await;
    said.extend(control.ok("settings.commit", json!({})).await);
    for (verb, argument) in [
        ("settings.get", json!({})),
        ("settings.get", json!({ "path": "quarantine.areas.0" })),
        ("settings.get", json!({ "path": "quarantine.areas.0.key" })),
        ("settings.show", json!({ "revision": 1 })),
        ("settings.history", json!({})),
        ("settings.describe", json!({ "path": "quarantine" })),
        ("settings.diff", json!({ "from": 0, "to": 1 })),
    ] {
        said.extend(control.ok(verb, argument).await);
    }
    let text = json!(said).to_string();
    assert!(!text.contains("hunter") && text.contains("(secret)"), "{text}");
    let export = control.ok("settings.export", json!({})).await;
    assert!(export[0]["document"].as_str().unwrap().contains("hunter2"));
}

#[tokio::test]
async fn an_export_is_imported_as_one_revision_after_a_dry_run() {
    let control = Control::start().await;
    control.set("receiving.port", "26").await;
    control.ok("settings.commit", json!({})).await;
    let document = control.ok("settings.export", json!({})).await[0]["document"].clone();
    control.ok("settings.revert", json!({ "revision": 0 })).await;
    let dry = control.ok("settings.import", json!({ "document": document, "dry_run": true })).await;
    assert_eq!(outcome(&dry), ("dry run", 2));
    assert_eq!(dry.len(), 2);
    let lines = control.ok("settings.import", json!({ "document": document })).await;
    assert_eq!(outcome(&lines), ("committed", 3));
    let bad = json!({ "document": "{\"format\": \"gatepost settings 1\", \"settings\": {\"x\": {}, \"y\": {}}}" });
    let (exit, message) = control.refused("settings.import", bad).await;
    assert!(exit == 4 && message.contains("2 problems"), "{message}");
}

#[tokio::test]
async fn every_setting_describes_itself() {
    let control = Control::start().await;
    let sections = control.ok("settings.describe", json!({})).await;
    assert_eq!(
        sections[0],
        json!({ "section": "receiving", "help": "Mail in.", "touches": "takes effect at once" })
    );
    let section = control.ok("settings.describe", json!({ "path": "quarantine" })).await;
    assert_eq!(section.len(), 3);
    assert_eq!(section[1]["inside"][0]["path"], "quarantine.areas.N.name");
    let field =
        control.ok("settings.describe", json!({ "path": "receiving.maximum_message_bytes" })).await;
    assert_eq!(
        (&field[0]["takes"], &field[0]["default_shown"]),
        (&json!("a size"), &json!("1KiB"))
    );
}

#[tokio::test]
async fn requests_that_make_no_sense_are_usage_errors() {
    let control = Control::start().await;
    for (verb, argument) in [
        ("settings.nothing", json!({})),
        ("settings.get", json!({ "pth": "x" })),
        ("settings.set", json!({})),
        ("settings.show", json!({ "revision": "x" })),
        ("settings.get", json!([])),
    ] {
        assert_eq!(control.refused(verb, argument).await.0, 2, "{verb}");
    }
    assert_eq!(control.refused("settings.show", json!({ "revision": 9 })).await.0, 1);
}

#[tokio::test]
async fn settings_and_what_is_pending_survive_a_restart() {
    let control = Control::start().await;
    control.set("receiving.port", "26").await;
    control.ok("settings.commit", json!({})).await;
    control.set("receiving.port", "27").await;
    let control = Control::start_in(control.stop().await, None).await.unwrap();
    assert_eq!(control.subscribe(&["receiving"]).await.borrow().sections["receiving"]["port"], 26);
    assert_eq!(control.ok("settings.diff", json!({})).await[0]["new"], 27);
}

fn document(settings: Value) -> Option<String> {
    Some(json!({ "format": schema::EXPORT_FORMAT, "settings": settings }).to_string())
}

#[tokio::test]
async fn the_first_start_imports_and_later_starts_do_not() {
    let folder = tempfile::tempdir().unwrap();
    let first = document(json!({ "receiving": { "port": 26 } }));
    let control = Control::start_in(folder, first).await.unwrap();
    let history = control.ok("settings.history", json!({})).await;
    assert_eq!(
        (&history[0]["author"], &history[0]["revision"]),
        (&json!("first start"), &json!(1))
    );
    control.set("receiving.port", "27").await;
    control.ok("settings.commit", json!({})).await;
    let control =
        Control::start_in(control.stop().await, document(json!({ "no": 1 }))).await.unwrap();
    assert_eq!(control.subscribe(&["receiving"]).await.borrow().sections["receiving"]["port"], 27);
}

#[tokio::test]
async fn a_bad_first_import_stops_the_start_with_every_problem() {
    let bad = document(json!({ "receiving": { "port": 0, "prot": 1 }, "nothing": {} }));
    let error =
        Control::start_in(tempfile::tempdir().unwrap(), bad).await.err().unwrap().to_string();
    for part in [
        "3 problems",
        "nothing was imported",
        "receiving.port: ",
        "Did you mean \"port\"?",
        "nothing: ",
    ] {
        assert!(error.contains(part), "{error}");
    }
    let syntax =
        Control::start_in(tempfile::tempdir().unwrap(), Some("{".into())).await.err().unwrap();
    assert!(matches!(syntax, ControlError::Import(problems) if problems.len() == 1));
}

#[tokio::test]
async fn a_second_control_on_the_same_folder_is_refused() {
    let control = Control::start().await;
    let ready = Ready::new(|| ());
    let second = context(control.folder.path(), Role::Control, control.stop.subscribe(), ready);
    let ended =
        tokio::time::timeout(Duration::from_secs(60), crate::run(second, tree(), None)).await;
    assert!(matches!(ended, Ok(Err(ControlError::Open(_)))));
}
