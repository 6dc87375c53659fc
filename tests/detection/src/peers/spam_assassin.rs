//! SpamAssassin's daemon with local tests alone. It does not learn from what it judges: what it
//! says must not depend on the order of the mail.

use anyhow::{Context, Result};
use tempfile::TempDir;

use super::daemon::Daemon;
use super::{Mark, Peer, Watch, cut, each, give, number_after, open_folder, version};
use crate::report::Set;

/// A running spamd. The folder goes after the daemon.
pub(super) struct SpamAssassin {
    name: String,
    daemon: Daemon,
    _folder: TempDir,
}

impl SpamAssassin {
    pub fn start() -> Result<Self> {
        let folder = open_folder()?;
        let root = folder.path();
        give(root, "nobody")?;
        let socket = root.join("socket");
        let program = [
            "spamd".to_owned(),
            "--local".to_owned(),
            "--nouser-config".to_owned(),
            "--cf=bayes_auto_learn 0".to_owned(),
            "--syslog=null".to_owned(),
            "--min-children=2".to_owned(),
            "--max-children=2".to_owned(),
            "--username=nobody".to_owned(),
            format!("--socketpath={}", socket.display()),
            "--socketmode=0666".to_owned(),
            format!("--helper-home-dir={}", root.display()),
        ];
        let daemon = Daemon::start(&program, root, socket)?;
        let name = format!("SpamAssassin {}", version("spamd", "--version"));
        Ok(SpamAssassin { name, daemon, _folder: folder })
    }

    fn score(&self, raw: &[u8]) -> Result<f64> {
        let head = format!("CHECK SPAMC/1.5\r\nContent-length: {}\r\n\r\n", raw.len());
        let answer = self.daemon.ask(&head, raw)?;
        number_after(&answer, " ; ").with_context(|| cut(&answer))
    }
}

impl Peer for SpamAssassin {
    fn name(&self) -> &str {
        &self.name
    }

    fn marks(&self) -> Vec<Mark> {
        vec![Mark::new("calls spam", 5.0)]
    }

    fn scores(&self, set: &Set, watch: &Watch) -> Result<Vec<f64>> {
        each(&set.messages, watch, |raw| self.score(raw))
    }
}
