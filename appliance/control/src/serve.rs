//! The connections: subscribers and the command line.

use std::sync::{Arc, Mutex, PoisonError};

use ipc::contracts::{FromControl, Request, Response, ToControl};
use ipc::{Incoming, Inlet, Listener, Outlet, Role, RoleContext};
use serde_json::Value;
use tokio::sync::{Semaphore, watch};

use crate::desk::{Desk, Published};
use crate::{ControlError, faces, limits};

type Shared = Arc<Mutex<Desk>>;

/// Accepts until told to stop.
pub(crate) async fn serve(context: RoleContext, desk: Desk) -> Result<(), ControlError> {
    let listener = Listener::open(&context)?;
    let published = desk.follow();
    let desk: Shared = Arc::new(Mutex::new(desk));
    let places = Arc::new(Semaphore::new(limits::CONNECTIONS));
    context.ready.tell();
    loop {
        let incoming = tokio::select! {
            incoming = listener.accept() => incoming?,
            () = context.stopped() => return Ok(()),
        };
        let Ok(place) = places.clone().try_acquire_owned() else {
            tracing::warn!(role = ?incoming.hello.role, "too many connections; one was turned away");
            continue;
        };
        let (context, desk, published) = (context.clone(), desk.clone(), published.clone());
        tokio::spawn(async move {
            talk(incoming, context, desk, published).await;
            drop(place);
        });
    }
}

async fn talk(
    incoming: Incoming,
    context: RoleContext,
    desk: Shared,
    published: watch::Receiver<Arc<Published>>,
) {
    let role = incoming.hello.role;
    let ended = match role {
        Role::CommandLine => {
            let (outlet, inlet) = incoming.link::<Response, Request>();
            answer_requests(&outlet, inlet, &context, desk).await
        }
        _ => {
            let (outlet, inlet) = incoming.link::<FromControl, ToControl>();
            push_snapshots(&outlet, inlet, published).await
        }
    };
    if let Err(error) = ended {
        tracing::warn!(?role, %error, "a connection broke the contract");
    }
}

async fn answer_requests(
    outlet: &Outlet<Response>,
    mut inlet: Inlet<Request>,
    context: &RoleContext,
    desk: Shared,
) -> Result<(), ipc::IpcError> {
    while let Some((request, _)) = inlet.receive().await? {
        let (desk, now) = (desk.clone(), context.clock.now());
        let work = tokio::task::spawn_blocking(move || {
            // A request that panicked left the store as it was or committed: both are whole.
            let mut desk = desk.lock().unwrap_or_else(PoisonError::into_inner);
            faces::answer(&mut desk, &request, now)
        });
        let answers = work.await.unwrap_or_else(|_| faces::broken());
        if answers.iter().any(|answer| outlet.send(answer, Vec::new()).is_err()) {
            return Ok(());
        }
    }
    Ok(())
}

/// Sends the sections asked for, now and whenever one of them has changed.
async fn push_snapshots(
    outlet: &Outlet<FromControl>,
    mut inlet: Inlet<ToControl>,
    mut published: watch::Receiver<Arc<Published>>,
) -> Result<(), ipc::IpcError> {
    let mut wanted: Vec<String> = Vec::new();
    let mut sent: Option<String> = None;
    loop {
        tokio::select! {
            asked = inlet.receive() => match asked? {
                None => return Ok(()),
                Some((ToControl::Subscribe { sections }, _)) => {
                    wanted = sections.into_iter().take(limits::SECTIONS).collect();
                    sent = None;
                }
            },
            changed = published.changed() => if changed.is_err() { return Ok(()) },
        }
        if wanted.is_empty() {
            continue;
        }
        let now = published.borrow_and_update().clone();
        let sections = selected(&now, &wanted);
        if sent.as_ref() != Some(&sections) {
            let snapshot =
                FromControl::Snapshot { revision: now.revision, sections: sections.clone() };
            if outlet.send(&snapshot, Vec::new()).is_err() {
                return Ok(());
            }
            sent = Some(sections);
        }
    }
}

fn selected(published: &Published, wanted: &[String]) -> String {
    let pick = |name: &String| match published.sections.get(name) {
        Some(section) => Some((name.clone(), section.clone())),
        None => {
            tracing::error!(section = name, "a role asks for a section that is not declared");
            None
        }
    };
    Value::Object(wanted.iter().filter_map(pick).collect()).to_string()
}
