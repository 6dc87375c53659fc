//! The vault: messages that policy keeps back, each in an area, until somebody releases or deletes
//! them or their days are over.
//!
//! It never judges, never changes a message and never sends one: a release goes back to the queue
//! as a new message. A message that it says is stored is on stable storage, and one that is released
//! is released once. Start with [`run`] and the state table at the top of `keeper`.
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

use std::collections::HashMap;
use std::fs::File;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use ipc::contracts::{QueueToVault, VaultToQueue};
use ipc::{Events, IpcError, Listener, Outlet, Role, RoleContext};
use tokio::sync::{mpsc, watch};
use world::Entropy as _;

mod faces;
mod index;
mod item;
mod keeper;
pub mod limits;
#[cfg(test)]
mod made;
mod settings;
mod shelf;

pub use index::IndexError;
pub use settings::{Area, Quarantine};
pub use shelf::ShelfError;

use faces::Faces;
use index::Index;
use keeper::{Keeper, Order, Store};
use shelf::Shelf;

/// Why the role ended.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The folders of the quarantine cannot be used.
    #[error("the vault has no folder")]
    Shelf(#[from] ShelfError),
    /// The index cannot be opened nor begun anew.
    #[error("the vault has no index")]
    Index(#[from] IndexError),
    /// The index cannot be brought in line with the messages.
    #[error("the quarantine could not be surveyed: {0}")]
    Survey(String),
    /// The socket cannot be opened.
    #[error("the vault cannot listen")]
    Listen(#[from] IpcError),
}

/// Runs the role until it is told to stop.
///
/// # Errors
/// [`VaultError`] when the quarantine or the socket cannot be used.
pub async fn run(context: RoleContext) -> Result<(), VaultError> {
    let folder = context.paths.vault();
    std::fs::create_dir_all(&folder).map_err(|source| {
        let path = folder.clone();
        ShelfError::System { deed: "making", path, source }
    })?;
    let shelf = Shelf::open(&folder)?;
    let settings = follow_settings(&context);
    let events = Events::start(&context);
    let seed = world::RealEntropy.number() as u32;
    let mut keeper = Keeper {
        shelf: shelf.clone(),
        index: Index::open(&folder, context.clock.now()).await?,
        clock: context.clock.clone(),
        tell: Box::new(move |event| events.tell(event)),
        settings: settings.clone(),
        ids: mail::IdSource::new(seed),
        queue: None,
        waiters: HashMap::new(),
    };
    keeper.survey().await.map_err(|refusal| VaultError::Survey(refusal.message))?;
    let listener = Listener::open(&context)?;
    let (orders, waiting) = mpsc::channel(limits::WAITING_ORDERS);
    let working = tokio::spawn(keeper.work(waiting, context.stop.clone()));
    tokio::spawn(hear_queue(context.clone(), orders.clone()));
    context.ready.tell();
    let faces = Faces { folder, shelf, keeper: orders, settings };
    tokio::select! {
        () = context.stopped() => {}
        () = accept_all(&listener, &faces) => {}
    }
    // The keeper has seen the same wish and ends what it is at.
    let _ = working.await;
    Ok(())
}

async fn accept_all(listener: &Listener, faces: &Faces) {
    loop {
        match listener.accept().await {
            Ok(incoming) if incoming.hello.role == Role::CommandLine => {
                tokio::spawn(faces.clone().serve(incoming));
            }
            Ok(incoming) => {
                tracing::warn!(role = incoming.hello.role.word(), "the vault is not for this role");
            }
            Err(error) => {
                tracing::warn!(%error, "a caller was turned away");
                // Out of descriptors, say: give those that have them time to end.
                tokio::time::sleep(limits::ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Keeps a connection to the queue and hands on what it says.
async fn hear_queue(context: RoleContext, orders: mpsc::Sender<Order>) {
    loop {
        let (outlet, mut inlet) =
            ipc::connect::<VaultToQueue, QueueToVault>(&context, Role::Queue).await;
        if orders.send(Order::Linked(outlet.clone())).await.is_err() {
            return;
        }
        loop {
            match inlet.receive().await {
                Ok(Some((message, descriptors))) => {
                    let order = order(message, descriptors, &outlet);
                    if orders.send(order).await.is_err() {
                        return;
                    }
                }
                Ok(None) => break,
                Err(error) => {
                    tracing::warn!(%error, "the connection to the queue broke");
                    break;
                }
            }
        }
    }
}

fn order(message: QueueToVault, descriptors: Vec<OwnedFd>, outlet: &Outlet<VaultToQueue>) -> Order {
    match message {
        QueueToVault::Store { ticket, envelope, area, rule, because, findings } => {
            let body = descriptors.into_iter().next().map(File::from);
            let outlet = outlet.clone();
            Order::Store(Store { ticket, envelope, area, rule, because, findings, body, outlet })
        }
        QueueToVault::Readmitted { item, id } => Order::Readmitted { item, id },
        QueueToVault::NotReadmitted { item, because } => Order::NotReadmitted { item, because },
    }
}

/// The settings, defaults until control is there.
fn follow_settings(context: &RoleContext) -> watch::Receiver<Arc<Quarantine>> {
    let (sender, receiver) = watch::channel(Arc::new(Quarantine::default()));
    let context = context.clone();
    tokio::spawn(async move {
        let mut snapshots = ipc::subscribe(&context, &["quarantine"]).await;
        loop {
            let read = schema::section::<Quarantine>(&snapshots.borrow_and_update().sections);
            match read {
                Ok(settings) => drop(sender.send_replace(Arc::new(settings))),
                Err(problem) => {
                    tracing::error!(
                        ?problem,
                        "the quarantine settings cannot be read; the last stay"
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
