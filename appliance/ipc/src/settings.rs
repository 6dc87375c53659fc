//! Settings as a role sees them: the snapshot of its own sections, pushed by control.

use std::sync::Arc;

use serde_json::{Map, Value};
use tokio::sync::watch;

use crate::contracts::{FromControl, ToControl};
use crate::{Role, RoleContext, connect, limits};

/// The sections a role asked for, as of one revision.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Snapshot {
    /// The revision.
    pub revision: u64,
    /// Section name to section object.
    pub sections: Map<String, Value>,
}

/// Asks control for sections and keeps them up to date. Returns when the first snapshot is there;
/// while control is away the last one stays.
pub async fn subscribe(context: &RoleContext, sections: &[&str]) -> watch::Receiver<Arc<Snapshot>> {
    let (sender, mut receiver) = watch::channel(Arc::new(Snapshot::default()));
    let names: Vec<String> = sections.iter().map(|name| (*name).to_owned()).collect();
    let (told, mut first) = watch::channel(false);
    tokio::spawn(follow(context.clone(), names, sender, told));
    // The task lives as long as the process; an error here means the runtime is going down.
    let _ = first.wait_for(|told| *told).await;
    receiver.mark_unchanged();
    receiver
}

async fn follow(
    context: RoleContext,
    names: Vec<String>,
    sender: watch::Sender<Arc<Snapshot>>,
    told: watch::Sender<bool>,
) {
    loop {
        let (outlet, mut inlet) = connect::<ToControl, FromControl>(&context, Role::Control).await;
        let _ = outlet.send(&ToControl::Subscribe { sections: names.clone() }, Vec::new());
        while let Ok(Some((FromControl::Snapshot { revision, sections }, _))) =
            inlet.receive().await
        {
            match serde_json::from_str(&sections) {
                Ok(sections) => {
                    let snapshot = Arc::new(Snapshot { revision, sections });
                    sender.send_if_modified(|held| {
                        let new = **held != *snapshot;
                        if new {
                            *held = snapshot;
                        }
                        new
                    });
                    let _ = told.send(true);
                }
                Err(error) => tracing::error!(%error, "control sent a snapshot that is no JSON"),
            }
        }
        tokio::time::sleep(limits::PAUSE).await;
    }
}
