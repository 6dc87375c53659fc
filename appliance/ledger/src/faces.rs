//! What the command line may ask of the ledger.
//!
//! | verb | argument | lines |
//! |---|---|---|
//! | `track` | `{what, limit, since, until}` | one [`search::Hit`] each, newest first |
//! | `track.show` | `{id}` | one: `{answer, id, kind, events: [Row]}` |
//! | `ledger.counts` | `{}` | one [`search::Counts`] |
//!
//! Before each answer the writer puts to the database what it has gathered, so that an answer holds
//! everything that the ledger was told before the question.

use std::path::PathBuf;

use ipc::contracts::{Request, Response};
use ipc::{Incoming, Outlet};
use mail::{MailEvent, MessageId, SessionId};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sqlx::Connection as _;
use sqlx::sqlite::SqliteConnection;
use tokio::sync::{mpsc, oneshot};

use crate::limits;
use crate::search::{self, Asked};
use crate::sentence::sentence;
use crate::store::{self, StoreError};
use crate::timeline::timeline;
use crate::writer::Work;

/// What an answer needs.
#[derive(Clone)]
pub(crate) struct Faces {
    pub(crate) folder: PathBuf,
    pub(crate) writer: mpsc::Sender<Work>,
}

/// Why a question has no answer, as the shell sees it.
struct Refusal {
    exit: u8,
    message: String,
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        let detail = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
        let message = format!(
            "the ledger could not be read: {error}: {detail}. Mail is not affected. Ask again; if it \
             stays so, see the log of the ledger."
        );
        Refusal { exit: 4, message }
    }
}

fn usage(message: String) -> Refusal {
    Refusal { exit: 2, message }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Show {
    id: String,
}

impl Faces {
    /// Answers the questions of one caller until it goes.
    pub(crate) async fn serve(self, incoming: Incoming) {
        let (outlet, mut inlet) = incoming.link::<Response, Request>();
        while let Ok(Some((request, _))) = inlet.receive().await {
            let last = match self.answer(&request, &outlet).await {
                Ok(()) => Response::Done,
                Err(Refusal { exit, message }) => Response::Failed { exit, message },
            };
            if outlet.send(&last, Vec::new()).is_err() {
                return;
            }
        }
    }

    async fn answer(&self, request: &Request, outlet: &Outlet<Response>) -> Result<(), Refusal> {
        self.flush().await;
        let mut reader = store::reader(&self.folder).await?;
        let answered = match request.verb.as_str() {
            "track" => track(&mut reader, &request.argument, outlet).await,
            "track.show" => show(&mut reader, &request.argument, outlet).await,
            "ledger.counts" => counts(&mut reader, outlet).await,
            verb => Err(usage(format!(
                "the ledger knows no verb {verb:?}; it knows track, track.show, ledger.counts"
            ))),
        };
        // An open reader would keep the write-ahead file from starting over.
        let _ = reader.close().await;
        answered
    }

    /// Has the writer write what it holds; a writer that cannot write does not hold up the answer.
    async fn flush(&self) {
        let (done, answer) = oneshot::channel();
        let flushed = async {
            if self.writer.send(Work::Flush(done)).await.is_ok() {
                let _ = answer.await;
            }
        };
        if tokio::time::timeout(limits::FLUSH_WAIT, flushed).await.is_err() {
            tracing::warn!("a question is answered without the newest events");
        }
    }
}

fn line(outlet: &Outlet<Response>, value: &impl Serialize) -> bool {
    let text = serde_json::to_string(value).unwrap_or_default();
    outlet.send(&Response::Line(text), Vec::new()).is_ok()
}

async fn track(
    reader: &mut SqliteConnection,
    argument: &str,
    outlet: &Outlet<Response>,
) -> Result<(), Refusal> {
    let asked: Asked = serde_json::from_str(argument)
        .map_err(|error| usage(format!("this is no question for track: {error}")))?;
    let found = search::each(reader, &asked, |hit| line(outlet, &hit)).await?;
    if found == 0 {
        let message = if asked.what.trim().is_empty() {
            "no message is on record in that time.".to_owned()
        } else {
            format!(
                "nothing on record matches {:?}. Ask by queue id, Message-ID, address, domain, IP \
                 address, subject word, rule or signature; the setting tracking.days_kept says how \
                 far back the record goes.",
                asked.what
            )
        };
        return Err(Refusal { exit: 1, message });
    }
    Ok(())
}

async fn show(
    reader: &mut SqliteConnection,
    argument: &str,
    outlet: &Outlet<Response>,
) -> Result<(), Refusal> {
    let Show { id } = serde_json::from_str(argument)
        .map_err(|error| usage(format!("this is no question for track.show: {error}")))?;
    let number: MessageId = id.trim().parse().map_err(|error| {
        usage(format!("{id:?} is neither a queue id nor a session id: {error}"))
    })?;
    let mut kind = "message";
    let mut events = search::events(reader, number).await?;
    if events.is_empty() {
        kind = "session";
        events = search::session(reader, SessionId(number.0)).await?;
    }
    if events.is_empty() {
        let message = format!("no message or session {number} is on record.");
        return Err(Refusal { exit: 1, message });
    }
    line(outlet, &page(kind, &number.to_string(), &events));
    Ok(())
}

/// The page of one message.
fn page(kind: &str, id: &str, events: &[MailEvent]) -> Value {
    let sessions = events.iter().find_map(|event| event.session);
    json!({
        "answer": sentence(events),
        "id": id,
        "kind": kind,
        "session": sessions.map(|session| session.to_string()),
        "events": timeline(events),
    })
}

async fn counts(reader: &mut SqliteConnection, outlet: &Outlet<Response>) -> Result<(), Refusal> {
    let counts = search::counts(reader).await?;
    line(outlet, &counts);
    Ok(())
}
