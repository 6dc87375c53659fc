//! rspamd, its modules that need a network or a database off.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use super::daemon::Daemon;
use super::{Mark, Peer, Watch, cut, each, give, number_after, open_folder, version};
use crate::report::Set;

/// Modules of rspamd that ask the network or a database. All others keep their settings.
const ASKING_MODULES: [&str; 18] = [
    "arc",
    "asn",
    "dkim",
    "dkim_signing",
    "dmarc",
    "fuzzy_check",
    "greylist",
    "history_redis",
    "mx_check",
    "neural",
    "ratelimit",
    "rbl",
    "replies",
    "reputation",
    "spf",
    "surbl",
    "url_redirector",
    "bimi",
];

/// A running rspamd. The folder goes after the daemon.
pub(super) struct Rspamd {
    name: String,
    daemon: Daemon,
    _folder: TempDir,
}

impl Rspamd {
    pub fn start() -> Result<Self> {
        let folder = open_folder()?;
        let root = folder.path();
        for name in ["db", "run", "log"] {
            fs::create_dir(root.join(name))?;
        }
        write_settings(root)?;
        for name in ["db", "run", "log"] {
            give(&root.join(name), "_rspamd")?;
        }
        let arguments = "-f -u _rspamd -g _rspamd -c /etc/rspamd/rspamd.conf";
        let mut program = vec!["rspamd".to_owned()];
        program.extend(arguments.split(' ').map(str::to_owned));
        for (variable, name) in
            [("LOCAL_CONFDIR", ""), ("DBDIR", "db"), ("RUNDIR", "run"), ("LOGDIR", "log")]
        {
            let value = format!("{variable}={}", root.join(name).display());
            program.extend(["--var".to_owned(), value]);
        }
        let daemon = Daemon::start(&program, root, root.join("run/normal"))?;
        let name = format!("rspamd {}", version("rspamd", "--version"));
        Ok(Rspamd { name, daemon, _folder: folder })
    }

    fn score(&self, raw: &[u8]) -> Result<f64> {
        let head = format!("POST /checkv2 HTTP/1.0\r\nContent-Length: {}\r\n\r\n", raw.len());
        let answer = self.daemon.ask(&head, raw)?;
        ensure!(answer.contains("\"is_skipped\":false"), "skipped: {}", cut(&answer));
        // The first score is that of the whole message; symbols have theirs below.
        number_after(&answer, "\"score\":").with_context(|| cut(&answer))
    }
}

fn write_settings(root: &Path) -> Result<()> {
    let own = root.join("override.d");
    fs::create_dir(&own)?;
    for module in ASKING_MODULES {
        fs::write(own.join(format!("{module}.conf")), "enabled = false;\n")?;
    }
    let socket = |name: &str| {
        format!("bind_socket = \"{} mode=0666\";\n", root.join("run").join(name).display())
    };
    // Its two C filters that ask nobody; the third is DKIM. Nobody answers names: it is told to
    // give up at once.
    let options = "dns { nameserver = [\"127.0.0.1:9:1\"]; timeout = 0.1s; retransmits = 1; }\n\
                   filters = \"chartable,regexp\";\n";
    for (name, text) in [
        ("options.inc", options.to_owned()),
        ("logging.inc", "level = \"error\";\n".to_owned()),
        ("worker-normal.inc", format!("{}count = 2;\n", socket("normal"))),
        ("worker-controller.inc", socket("controller")),
        ("worker-proxy.inc", "enabled = false;\n".to_owned()),
    ] {
        fs::write(own.join(name), text)?;
    }
    Ok(())
}

impl Peer for Rspamd {
    fn name(&self) -> &str {
        &self.name
    }

    fn marks(&self) -> Vec<Mark> {
        vec![Mark::new("adds header", 6.0), Mark::new("rejects", 15.0)]
    }

    fn scores(&self, set: &Set, watch: &Watch) -> Result<Vec<f64>> {
        each(&set.messages, watch, |raw| self.score(raw))
    }
}
