//! The store with its publication: what is live, as every subscriber sees it.

use std::path::Path;
use std::sync::Arc;

use config::{Committed, Note, Store};
use mail::Timestamp;
use schema::{Manner, Sections, Tree};
use tokio::sync::watch;

use crate::ControlError;

/// The live settings as of a revision, full.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Published {
    pub(crate) revision: u64,
    pub(crate) sections: Sections,
}

/// The store, and the place where its live value is published.
pub(crate) struct Desk {
    pub(crate) store: Store,
    published: watch::Sender<Arc<Published>>,
}

impl Desk {
    /// Opens the store and takes in the document of a first start.
    pub(crate) fn open(
        folder: &Path,
        tree: Tree,
        import: Option<String>,
        now: Timestamp,
    ) -> Result<Desk, ControlError> {
        let store = Store::open(folder, Arc::new(tree))?;
        let mut desk = Desk { store, published: watch::Sender::new(Arc::default()) };
        if let Some(text) = import.filter(|_| desk.store.revision() == 0) {
            desk.import_first(&text, now)?;
        }
        desk.publish();
        desk.tell_incidents();
        Ok(desk)
    }

    fn import_first(&mut self, text: &str, now: Timestamp) -> Result<(), ControlError> {
        let value = schema::import(self.store.tree(), text, Manner::Replace, &Sections::new());
        let value = value.map_err(|error| ControlError::Import(error.into_problems()))?;
        let reason = "import at the first start".to_owned();
        let note = Note { author: "first start".into(), time: now, reason };
        let committed = self.store.replace(value, note).map_err(ControlError::Commit)?;
        log(&committed);
        Ok(())
    }

    /// What subscribers follow.
    pub(crate) fn follow(&self) -> watch::Receiver<Arc<Published>> {
        self.published.subscribe()
    }

    /// After each commit: publishes and writes the log.
    pub(crate) fn committed(&self, committed: &Committed) {
        log(committed);
        self.publish();
    }

    /// What the store had to put right goes into the log.
    pub(crate) fn tell_incidents(&mut self) {
        for incident in self.store.take_incidents() {
            tracing::warn!(%incident, "settings");
        }
    }

    fn publish(&self) {
        let sections = self.store.tree().full(self.store.live());
        self.published
            .send_replace(Arc::new(Published { revision: self.store.revision(), sections }));
    }
}

// Paths only: a value may be a secret.
fn log(committed: &Committed) {
    let revision = &committed.revision;
    let changed: Vec<&str> =
        revision.differences.iter().take(20).map(|d| d.path.as_str()).collect();
    tracing::info!(
        revision = revision.number,
        author = revision.author,
        reason = revision.reason,
        changed = changed.join(" "),
        "settings committed"
    );
}
