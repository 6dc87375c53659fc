//! rspamd as Debian ships it, in a private folder, without what asks the network.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command};

use gatepost_test_e2e::{limits, tool, wait_for};

use crate::peers::{give, quiet};

/// Modules of rspamd that ask the network or a database.
const ASKING_MODULES: [&str; 20] = [
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
    "phishing",
    "ratelimit",
    "rbl",
    "replies",
    "reputation",
    "spf",
    "surbl",
    "url_redirector",
    "whitelist",
    "bimi",
];

/// How it is asked.
#[derive(Debug, Clone, Copy)]
pub enum Worker {
    /// As a milter on this port.
    Milter(u16),
    /// By HTTP on this port, with this many processes.
    Normal(u16, usize),
}

/// Writes its settings below `root`, starts it, and waits until it has compiled its patterns.
///
/// # Panics
/// When it cannot be started.
#[must_use]
pub fn start(root: &Path, worker: Worker, clamd: Option<&Path>) -> Child {
    write_settings(root, worker, clamd);
    let mut command = Command::new(tool::find("rspamd").unwrap());
    command.args(["-f", "-u", "_rspamd", "-g", "_rspamd", "-c", "/etc/rspamd/rspamd.conf"]);
    for (variable, folder) in
        [("LOCAL_CONFDIR", ""), ("DBDIR", "db"), ("RUNDIR", "run"), ("LOGDIR", "log")]
    {
        command.arg("--var").arg(format!("{variable}={}", root.join(folder).display()));
    }
    let child = quiet(&mut command);
    let (Worker::Milter(port) | Worker::Normal(port, _)) = worker;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    wait_for("rspamd to listen", limits::START, || TcpStream::connect(address).ok());
    // Its pattern compiler works on for a while after the start and would disturb others.
    wait_for("rspamd to have compiled its patterns", limits::DELIVERY, || {
        let files = fs::read_dir(root.join("db")).ok()?.flatten();
        let (fresh, stale): (Vec<_>, Vec<_>) = files.partition(is_fresh);
        (fresh.is_empty() && !stale.is_empty()).then_some(())
    });
    child
}

/// A file of compiled patterns that was written a moment ago.
fn is_fresh(file: &fs::DirEntry) -> bool {
    let written = || file.metadata().ok()?.modified().ok()?.elapsed().ok();
    file.path().extension().is_some_and(|kind| kind == "hs" || kind == "unser")
        && written().is_none_or(|age| age.as_secs() < 4)
}

fn write_settings(root: &Path, worker: Worker, clamd: Option<&Path>) {
    for folder in ["override.d", "db", "run", "log"] {
        fs::create_dir_all(root.join(folder)).unwrap();
    }
    let write = |name: &str, text: &str| {
        fs::write(root.join("override.d").join(name), text).unwrap();
    };
    for module in ASKING_MODULES {
        write(&format!("{module}.conf"), "enabled = false;\n");
    }
    write(
        "options.inc",
        "dns { nameserver = [\"127.0.0.1:9:1\"]; timeout = 0.1s; retransmits = 1; }\n\
         filters = \"chartable,regexp\";\n",
    );
    write("logging.inc", "level = \"error\";\n");
    let controller = format!("bind_socket = \"127.0.0.1:{}\";\n", tool::free_port());
    write("worker-controller.inc", &controller);
    let (normal, proxy) = match worker {
        Worker::Milter(port) => (
            "enabled = false;\n".to_owned(),
            format!(
                "bind_socket = \"127.0.0.1:{port}\";\nmilter = yes;\ntimeout = 120s;\ncount = 2;\n\
                 upstream \"local\" {{ default = yes; self_scan = yes; }}\n"
            ),
        ),
        Worker::Normal(port, count) => (
            format!("bind_socket = \"127.0.0.1:{port}\";\ncount = {count};\n"),
            "enabled = false;\n".to_owned(),
        ),
    };
    write("worker-normal.inc", &normal);
    write("worker-proxy.inc", &proxy);
    if let Some(socket) = clamd {
        let clamav = format!(
            "clamav {{ type = \"clamav\"; servers = \"{}\"; symbol = \"CLAM_VIRUS\"; \
             action = \"reject\"; scan_mime_parts = false; max_size = 20000000; }}\n",
            socket.display()
        );
        write("antivirus.conf", &clamav);
    }
    give(root, "_rspamd");
    for folder in ["db", "run", "log"] {
        give(&root.join(folder), "_rspamd");
    }
}
