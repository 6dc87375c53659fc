//! `gatepost scan`: messages and files through the same sandboxed workers, the same pattern pack and
//! the same policy as mail from the network, without sending or keeping anything.
//!
//! It plays queue for a keeper of its own in a private folder (`cells.rs`, `crew.rs`). Settings and pack
//! are those of the state folder: settings and lessons of the gateway that runs there (the defaults
//! when none runs), the pack that lies there. What a message says is shown by `show.rs` for people, `json.rs` for programs.

mod cells;
pub mod crew;
mod json;
mod show;
pub mod source;

use std::collections::VecDeque;
use std::io::IsTerminal;
use std::path::PathBuf;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use ipc::Paths;
use mail::{
    BodyKind, Client, Direction, Envelope, Findings, Listener as Door, MessageId, Recipient,
    Sender, SessionId, Timestamp, Verdict,
};

use crew::{Crew, Inspected, Work};
use source::Source;

/// Arguments of `gatepost scan`.
#[derive(Debug, Args)]
pub struct ScanArguments {
    /// Messages or files, folders of them (looked through to the bottom), or `-` for standard input.
    /// A file without the header of a message is scanned as the one attachment of a message.
    #[arg(required = true)]
    pub paths: Vec<PathBuf>,
    /// Take every file as an attachment, also when it looks like a message.
    #[arg(long, conflicts_with = "message")]
    pub raw: bool,
    /// Take every file as a message, also when it does not look like one.
    #[arg(long)]
    pub message: bool,
    /// Show the parts and findings of every message; a single one shows them anyway.
    #[arg(long)]
    pub full: bool,
    /// Show the answer of every rule and exception as well.
    #[arg(long)]
    pub explain: bool,
    /// Use this pattern pack in place of that of the gateway.
    #[arg(long)]
    pub pack: Option<PathBuf>,
    /// Envelope sender that policy and the judges of unwanted mail see. Without it only policy sees
    /// one: files tell nothing of the way they came.
    #[arg(long, default_value = NO_SENDER)]
    pub from: mail::Address,
    /// Envelope recipient that policy and the judges of unwanted mail see. Without it only policy
    /// sees one.
    #[arg(long, default_value = NO_RECIPIENT)]
    pub to: mail::Address,
    /// Judge as outgoing mail.
    #[arg(long)]
    pub outgoing: bool,
}

/// Stands for a sender that was not given.
const NO_SENDER: &str = "sender@example.net";
/// Stands for a recipient that was not given.
const NO_RECIPIENT: &str = "recipient@example.test";

/// Scans; exit 0 when every message would be delivered as it is, 1 when something was found, 2 when
/// a path cannot be read, 4 when the workers cannot be started.
pub async fn run(paths: &Paths, arguments: ScanArguments, json: bool) -> u8 {
    let mut files = VecDeque::new();
    for path in &arguments.paths {
        if let Err(error) = source::gather(path, &mut files) {
            eprintln!("gatepost scan: {} cannot be read ({error})", path.display());
            return 2;
        }
    }
    let manner =
        Manner { json, full: arguments.full || files.len() == 1, explain: arguments.explain };
    match scan_all(paths, &arguments, files, manner).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("gatepost scan: {error}; nothing more was scanned");
            4
        }
    }
}

/// How results are shown.
#[derive(Debug, Clone, Copy)]
struct Manner {
    json: bool,
    full: bool,
    explain: bool,
}

/// Why scanning cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    /// No worker came.
    #[error("the workers cannot be started ({0})")]
    Start(String),
    /// No worker takes the pack.
    #[error("the workers cannot use the pattern pack ({0}); give another with --pack")]
    Pack(String),
    /// The system gives none.
    #[error("no memory for a message could be had ({0})")]
    Memory(#[from] std::io::Error),
}

/// A message, what was found in it, and what is to happen to it.
struct Scanned<'a> {
    source: &'a Source,
    findings: &'a Findings,
    verdict: &'a Verdict,
    milliseconds: f64,
}

async fn scan_all(
    paths: &Paths,
    arguments: &ScanArguments,
    files: VecDeque<PathBuf>,
    manner: Manner,
) -> Result<u8, ScanError> {
    if let Some(pack) = &arguments.pack {
        crate::patterns::open(pack).map_err(ScanError::Pack)?;
    }
    let progress = bar(files.len(), manner.json);
    let read = |path: PathBuf| {
        source::read(&path, arguments).map_err(|error| source::Unread { path, error })
    };
    let mut seen = envelope(arguments, 0);
    without_guesses(&mut seen);
    let work = Work {
        name: "gatepost scan",
        sources: Box::new(files.into_iter().map(read)),
        envelope: seen,
        pack: arguments.pack.as_deref(),
        learned: cells::live_table(paths).await,
        wants_material: false,
    };
    let mut crew = Crew::start(paths, work).await?;
    let mut code = 0;
    while let Some(next) = crew.next().await? {
        let (text, exit) = match next {
            Ok(one) => judged(&crew, arguments, manner, one),
            Err(error) => {
                eprintln!("gatepost scan: {error}");
                code = 2;
                continue;
            }
        };
        code = code.max(exit);
        progress.inc(1);
        progress.suspend(|| crate::track::say(&text));
    }
    progress.finish_and_clear();
    Ok(code)
}

/// Judges one message: what is said of it, and 1 when it would not be delivered as it is.
fn judged(
    crew: &Crew<'_>,
    arguments: &ScanArguments,
    manner: Manner,
    one: Inspected,
) -> (String, u8) {
    let Inspected { source, mut findings, milliseconds, .. } = one;
    let envelope = envelope(arguments, source.octets.len());
    crew.scanner.except(&envelope, &mut findings);
    let verdict = crew.scanner.policy.decide(&envelope, &findings, None);
    let scanned = Scanned { source: &source, findings: &findings, verdict: &verdict, milliseconds };
    let text = match manner.json {
        true => json::line(&scanned).to_string(),
        false => show::text(&scanned, manner),
    };
    let untouched = verdict
        .rulings
        .iter()
        .all(|ruling| ruling.fate == mail::Fate::Deliver && ruling.amendments.is_empty());
    (text, u8::from(!untouched))
}

fn bar(files: usize, json: bool) -> ProgressBar {
    // The bar goes to stderr; with one message, or into a pipe, there is nothing to show.
    if files < 2 || !std::io::stderr().is_terminal() || (!json && std::io::stdout().is_terminal()) {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} {per_sec} {eta}");
    let progress = ProgressBar::new(files as u64);
    style.map_or_else(|_| ProgressBar::hidden(), |style| progress.with_style(style))
}

/// Takes away what was not given: judges of unwanted mail compare the envelope with the header.
fn without_guesses(envelope: &mut Envelope) {
    if envelope.sender.to_string() == NO_SENDER {
        envelope.sender = Sender::Null;
    }
    envelope.recipients.retain(|one| one.address.to_string() != NO_RECIPIENT);
}

fn envelope(arguments: &ScanArguments, size: usize) -> Envelope {
    Envelope {
        id: MessageId(0),
        session: SessionId(0),
        received: Timestamp(0),
        listener: Door::Internal,
        direction: if arguments.outgoing { Direction::Outgoing } else { Direction::Incoming },
        client: Client {
            address: std::net::SocketAddr::from(([127, 0, 0, 1], 0)),
            helo: String::new(),
            tls: None,
        },
        sender: Sender::Mailbox(arguments.from.clone()),
        recipients: vec![Recipient::plain(arguments.to.clone())],
        body: BodyKind::EightBitMime,
        smtputf8: true,
        ret: None,
        envid: None,
        size: size as u64,
    }
}
