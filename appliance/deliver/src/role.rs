//! The role: its link to queue, its settings, and its end.

use std::sync::Arc;
use std::time::Duration;

use ipc::contracts::{DeliverToQueue, QueueToDeliver};
use ipc::{Inlet, Outlet, Role, RoleContext, Snapshot};
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

use crate::connection::Report;
use crate::dispatch::Dispatcher;
use crate::limits;
use crate::maildir::Maildir;
use crate::memory::Memory;
use crate::plan::{Plan, SECTIONS};
use crate::tls::TlsError;

/// Why the role cannot run.
#[derive(Debug, thiserror::Error)]
pub enum DeliverError {
    /// TLS could not be set up, so that no promise about it could be kept.
    #[error("TLS could not be set up for deliveries: {0}")]
    Tls(String),
}

impl From<TlsError> for DeliverError {
    fn from(error: TlsError) -> Self {
        DeliverError::Tls(error.to_string())
    }
}

/// Runs the deliver role until it is told to stop.
///
/// # Errors
/// [`DeliverError`] when it cannot start. Trouble with next hops, queue or control is no error: it
/// is told, or waited out.
pub async fn run(context: RoleContext) -> Result<(), DeliverError> {
    let settings = tokio::select! {
        settings = ipc::subscribe(&context, SECTIONS) => settings,
        () = context.stopped() => return Ok(()),
    };
    // Whether queue is there yet is not this role's readiness.
    context.ready.tell();
    let memory = Arc::new(Memory::default());
    let maildir = Arc::new(Maildir::new(context.paths.delivered(), context.incarnation));
    let mut desk = Desk { context: context.clone(), settings, memory, maildir };
    while desk.serve().await? == Ended::LinkLost {}
    Ok(())
}

/// Why serving one link to queue ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    /// Queue is gone; another one will come.
    LinkLost,
    /// The role is to stop.
    Stopped,
}

struct Desk {
    context: RoleContext,
    settings: watch::Receiver<Arc<Snapshot>>,
    memory: Arc<Memory>,
    maildir: Arc<Maildir>,
}

impl Desk {
    /// Connects to queue and serves it until the link or the role ends.
    async fn serve(&mut self) -> Result<Ended, DeliverError> {
        let link = ipc::connect::<DeliverToQueue, QueueToDeliver>(&self.context, Role::Queue);
        let (outlet, inlet) = tokio::select! {
            link = link => link,
            () = self.context.stopped() => return Ok(Ended::Stopped),
        };
        let plan = self.plan()?;
        let (alive, gone) = mpsc::channel(1);
        let dispatcher = Dispatcher::new(
            plan,
            self.memory.clone(),
            self.maildir.clone(),
            self.context.clock.clone(),
            report_to(outlet.clone()),
            alive,
        );
        self.serve_link(dispatcher, outlet, inlet, gone).await
    }

    fn plan(&mut self) -> Result<Arc<Plan>, DeliverError> {
        let snapshot = self.settings.borrow_and_update().clone();
        Ok(Arc::new(Plan::from_snapshot(&snapshot)?))
    }

    async fn serve_link(
        &mut self,
        mut dispatcher: Dispatcher,
        outlet: Outlet<DeliverToQueue>,
        mut inlet: Inlet<QueueToDeliver>,
        gone: mpsc::Receiver<()>,
    ) -> Result<Ended, DeliverError> {
        let context = self.context.clone();
        let stopped = context.stopped();
        tokio::pin!(stopped);
        let mut sweep = tokio::time::interval(Duration::from_secs(10));
        loop {
            tokio::select! {
                biased;
                () = &mut stopped => break,
                message = inlet.receive() => match message {
                    Ok(Some((message, descriptors))) => dispatcher.handle(message, descriptors),
                    Ok(None) => return Ok(Ended::LinkLost),
                    Err(error) => {
                        tracing::warn!(%error, "the link to queue broke");
                        return Ok(Ended::LinkLost);
                    }
                },
                Ok(()) = self.settings.changed() => dispatcher.replan(self.plan()?),
                _ = sweep.tick() => dispatcher.sweep(),
            }
        }
        drop(dispatcher);
        finish(outlet, inlet, gone).await;
        Ok(Ended::Stopped)
    }
}

fn report_to(outlet: Outlet<DeliverToQueue>) -> Report {
    Arc::new(move |message| {
        if outlet.send(&message, Vec::new()).is_err() {
            tracing::debug!("an outcome could not be told: queue is gone and will ask again");
        }
    })
}

/// Lets attempts under way end, and waits until queue has read their outcomes.
async fn finish(
    outlet: Outlet<DeliverToQueue>,
    mut inlet: Inlet<QueueToDeliver>,
    mut gone: mpsc::Receiver<()>,
) {
    let limit = Duration::from_secs(limits::STOP_SECONDS);
    // Ends when the last task has dropped its sender.
    if timeout(limit, gone.recv()).await.is_err() {
        tracing::warn!("attempts were still under way at the stop; they will be made again");
    }
    drop(outlet);
    // The half-closed link is closed by queue once it has read all; what it sends is not for us.
    let drained = async { while let Ok(Some(_)) = inlet.receive().await {} };
    let _ = timeout(Duration::from_secs(limits::QUIT_SECONDS), drained).await;
}
