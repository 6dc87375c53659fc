//! The product itself as a subject: the real program, default settings, scanning on.

use std::net::SocketAddr;
use std::path::Path;

use gatepost_test_e2e::gateway::ROLES;
use gatepost_test_e2e::{Gateway, Options};
use tempfile::TempDir;

use crate::Subject;

/// A gateway with default settings and one route.
pub struct Gatepost {
    folder: TempDir,
    gateway: Option<Gateway>,
}

impl Gatepost {
    /// A gateway whose state lies below `folder`.
    #[must_use]
    pub fn new(folder: &Path) -> Self {
        Gatepost { folder: TempDir::new_in(folder).unwrap(), gateway: None }
    }

    fn running(&self) -> &Gateway {
        self.gateway.as_ref().expect("it was started")
    }
}

impl Subject for Gatepost {
    fn name(&self) -> &str {
        "Gatepost, scanning"
    }

    fn start(&mut self, sink: SocketAddr) {
        let state = self.folder.path().join("state");
        let _ = std::fs::remove_dir_all(&state);
        let options = Options { state: Some(state), ..Options::to(sink.port()) };
        self.gateway = Some(Gateway::start(options));
    }

    fn address(&self) -> SocketAddr {
        self.running().smtp()
    }

    fn processes(&self) -> Vec<(String, i32)> {
        let gateway = self.running();
        let role = |role: &&str| Some(((*role).to_owned(), gateway.role_pid(role)?));
        ROLES.iter().filter_map(role).collect()
    }

    fn stop(&mut self) {
        if let Some(mut gateway) = self.gateway.take() {
            gateway.stop();
        }
    }
}
