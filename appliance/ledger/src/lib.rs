//! The ledger: every step of every message as a [`mail::MailEvent`], kept and found again.
//!
//! It is never on the path of a message: the roles tell it what they have done, hold what it has
//! not kept yet, and go on when it is away. It decides nothing and knows nothing but events. Start
//! with [`run`] (the role), [`sentence`] (what became of a message, in words) and the table at the
//! top of `store`.
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

use std::sync::Arc;

use ipc::contracts::{FromLedger, ToLedger};
use ipc::{Incoming, IpcError, Listener, Role, RoleContext};
use tokio::sync::{mpsc, watch};

mod batch;
mod faces;
pub mod limits;
#[cfg(test)]
mod made;
pub mod search;
mod sentence;
mod settings;
mod state;
mod store;
mod summary;
mod timeline;
mod words;
mod writer;

pub use batch::Source;
pub use sentence::{names, sentence};
pub use settings::Tracking;
pub use state::State;
pub use store::StoreError;
pub use timeline::{Row, timeline};

use faces::Faces;
use store::Store;
use writer::{Work, Writer};

/// Why the role ended.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The database cannot be opened nor begun anew.
    #[error("the ledger has no database")]
    Store(#[from] StoreError),
    /// The socket cannot be opened.
    #[error("the ledger cannot listen")]
    Listen(#[from] IpcError),
}

/// Runs the role until it is told to stop.
///
/// # Errors
/// [`LedgerError`] when there is no database and none can be begun, or no socket.
pub async fn run(context: RoleContext) -> Result<(), LedgerError> {
    let folder = context.paths.ledger();
    let store = Store::open(&folder, context.clock.now()).await?;
    let (asker, asked) = mpsc::channel(limits::WAITING_FRAMES);
    let settings = follow_settings(&context);
    let writer = Writer::new(store, context.clock.clone(), settings).await?;
    let listener = Listener::open(&context)?;
    let writing = tokio::spawn(writer.work(asked, context.stop.clone()));
    context.ready.tell();
    let faces = Faces { folder, writer: asker };
    tokio::select! {
        () = context.stopped() => {}
        () = accept_all(&listener, &faces) => {}
    }
    // The writer has seen the same wish and puts down what it holds.
    let _ = writing.await;
    Ok(())
}

async fn accept_all(listener: &Listener, faces: &Faces) {
    loop {
        match listener.accept().await {
            Ok(incoming) if incoming.hello.role == Role::CommandLine => {
                tokio::spawn(faces.clone().serve(incoming));
            }
            Ok(incoming) => {
                tokio::spawn(hear(incoming, faces.writer.clone()));
            }
            Err(error) => {
                tracing::warn!(%error, "a caller was turned away");
                // Out of descriptors, say: give those that have them time to end.
                tokio::time::sleep(limits::ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Takes the events of one role. When the writer is behind, this waits, the socket fills, and the
/// role holds its events: nothing here grows.
async fn hear(incoming: Incoming, writer: mpsc::Sender<Work>) {
    let source = Source { role: incoming.hello.role, incarnation: incoming.hello.incarnation };
    let (outlet, mut inlet) = incoming.link::<FromLedger, ToLedger>();
    loop {
        match inlet.receive().await {
            Ok(Some((ToLedger::Events { first, events }, _))) => {
                let outlet = outlet.clone();
                if writer.send(Work::Told { source, first, events, outlet }).await.is_err() {
                    return;
                }
            }
            Ok(None) => return,
            Err(error) => {
                tracing::warn!(%error, role = source.role.word(), "a role told what is no event");
                return;
            }
        }
    }
}

/// The settings, defaults until control is there.
fn follow_settings(context: &RoleContext) -> watch::Receiver<Arc<Tracking>> {
    let (sender, receiver) = watch::channel(Arc::new(Tracking::default()));
    let context = context.clone();
    tokio::spawn(async move {
        let mut snapshots = ipc::subscribe(&context, &["tracking"]).await;
        loop {
            let read = schema::section::<Tracking>(&snapshots.borrow_and_update().sections);
            match read {
                Ok(settings) => drop(sender.send_replace(Arc::new(settings))),
                Err(problem) => {
                    tracing::error!(
                        ?problem,
                        "the tracking settings cannot be read; the last stay"
                    );
                }
            }
            if snapshots.changed().await.is_err() {
                return;
            }
        }
    });
    receiver
}

#[cfg(test)]
mod tests;
