//! The peers: Postfix alone, with rspamd as a milter, and with rspamd and clamd.
//!
//! Each lives in its own folder with its own configuration and ports, and is stopped with the
//! bench. Modules of rspamd that ask the network are off, as nothing here may ask it; that makes
//! the peers faster than they are in the field, never slower.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use gatepost_test_e2e::{limits, mails, tool, wait_for};
use nix::unistd::User;
use tempfile::TempDir;

use crate::Subject;
use crate::rspamd::{self, Worker};

/// What stands behind Postfix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scanning {
    /// Nothing: it relays.
    None,
    /// rspamd as a milter.
    Rspamd,
    /// rspamd as a milter, which asks clamd.
    RspamdAndClamd,
}

/// Postfix with or without scanners.
pub struct Postfix {
    folder: TempDir,
    scanning: Scanning,
    port: u16,
    milter_port: u16,
    rspamd: Option<Child>,
    clamd: Option<Child>,
}

/// Services of master(5) that a relay needs: name, type, wakeup, most processes, program.
const SERVICES: [&str; 14] = [
    "cleanup unix n - n - 0 cleanup",
    "qmgr unix n - n 300 1 qmgr",
    "rewrite unix - - n - - trivial-rewrite",
    "bounce unix - - n - 0 bounce",
    "defer unix - - n - 0 bounce",
    "trace unix - - n - 0 bounce",
    "proxymap unix - - n - - proxymap",
    "smtp unix - - n - - smtp",
    "relay unix - - n - - smtp",
    "error unix - - n - - error",
    "retry unix - - n - - error",
    "anvil unix - - n - 1 anvil",
    "scache unix - - n - 1 scache",
    "tlsmgr unix - - n 1000? 1 tlsmgr",
];

impl Postfix {
    /// A Postfix below `folder`.
    #[must_use]
    pub fn new(folder: &Path, scanning: Scanning) -> Self {
        let folder = TempDir::new_in(folder).unwrap();
        // Each part runs as its own user and must get through.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let (port, milter_port) = (tool::free_port(), tool::free_port());
        Postfix { folder, scanning, port, milter_port, rspamd: None, clamd: None }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn postfix(&self, verb: &str) {
        let etc = self.path("etc");
        let output = Command::new(tool::find("postfix").unwrap())
            .arg("-c")
            .arg(&etc)
            .arg(verb)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(output.status.success(), "postfix {verb}: {output:?}");
    }

    fn write_postfix(&self, sink: SocketAddr) {
        for folder in ["etc", "queue", "data"] {
            fs::create_dir_all(self.path(folder)).unwrap();
        }
        give(&self.path("data"), "postfix");
        let root = self.folder.path().display();
        let mut main = format!(
            "compatibility_level = 3.6\nconfig_directory = {root}/etc\n\
             queue_directory = {root}/queue\ndata_directory = {root}/data\n\
             syslog_name = bench\ninet_interfaces = 127.0.0.1\ninet_protocols = ipv4\n\
             myhostname = peer.example.test\nmydestination =\n\
             local_transport = error:no local mail\nalias_maps =\nalias_database =\n\
             mynetworks = 127.0.0.0/8\nrelay_domains = example.test\n\
             relayhost = [127.0.0.1]:{}\nsmtp_dns_support_level = disabled\n\
             smtp_tls_security_level = none\nsmtpd_tls_security_level = none\n\
             smtpd_recipient_restrictions = permit_mynetworks, reject\n",
            sink.port()
        );
        if self.scanning != Scanning::None {
            let milter = format!("smtpd_milters = inet:127.0.0.1:{}\n", self.milter_port);
            main.push_str(&milter);
            main.push_str("milter_default_action = tempfail\n");
        }
        fs::write(self.path("etc/main.cf"), main).unwrap();
        let door = format!("127.0.0.1:{} inet n - n - - smtpd", self.port);
        let services: Vec<&str> = std::iter::once(door.as_str()).chain(SERVICES).collect();
        fs::write(self.path("etc/master.cf"), services.join("\n") + "\n").unwrap();
    }

    fn start_clamd(&mut self) {
        let root = self.path("clamd");
        fs::create_dir_all(root.join("db")).unwrap();
        let hex: String = mails::eicar().bytes().map(|octet| format!("{octet:02x}")).collect();
        fs::write(root.join("db/test.ndb"), format!("Eicar-Test-Signature:0:*:{hex}\n")).unwrap();
        let shown = root.display();
        let configuration = format!(
            "DatabaseDirectory {shown}/db\nLocalSocket {shown}/clamd.sock\nLocalSocketMode 666\n\
             Foreground yes\nUser clamav\nSelfCheck 0\n\
             DisableCache yes\n"
        );
        fs::write(root.join("clamd.conf"), configuration).unwrap();
        give(&root, "clamav");
        give(&root.join("db"), "clamav");
        let mut command = Command::new(tool::find("clamd").unwrap());
        self.clamd = Some(quiet(command.arg("-c").arg(root.join("clamd.conf"))));
        let socket = root.join("clamd.sock");
        wait_for("clamd to listen", limits::START, || UnixStream::connect(&socket).ok());
    }

    fn master_pid(&self) -> Option<i32> {
        fs::read_to_string(self.path("queue/pid/master.pid")).ok()?.trim().parse().ok()
    }
}

impl Subject for Postfix {
    fn name(&self) -> &str {
        match self.scanning {
            Scanning::None => "Postfix",
            Scanning::Rspamd => "Postfix + rspamd",
            Scanning::RspamdAndClamd => "Postfix + rspamd + clamd",
        }
    }

    fn start(&mut self, sink: SocketAddr) {
        if self.scanning == Scanning::RspamdAndClamd {
            self.start_clamd();
        }
        if self.scanning != Scanning::None {
            let clamd = self.path("clamd/clamd.sock");
            let clamd = (self.scanning == Scanning::RspamdAndClamd).then_some(clamd.as_path());
            let worker = Worker::Milter(self.milter_port);
            self.rspamd = Some(rspamd::start(&self.path("rspamd"), worker, clamd));
        }
        self.write_postfix(sink);
        self.postfix("check");
        self.postfix("start");
        let address = self.address();
        wait_for("Postfix to listen", limits::START, || TcpStream::connect(address).ok());
    }

    fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    fn processes(&self) -> Vec<(String, i32)> {
        let child = |name: &str, child: &Option<Child>| {
            child.as_ref().map(|child| (name.to_owned(), child.id() as i32))
        };
        let postfix = self.master_pid().map(|pid| ("postfix".to_owned(), pid));
        let scanners = [child("rspamd", &self.rspamd), child("clamd", &self.clamd)];
        postfix.into_iter().chain(scanners.into_iter().flatten()).collect()
    }

    fn stop(&mut self) {
        if self.master_pid().is_some() {
            self.postfix("stop");
        }
        for child in [self.rspamd.take(), self.clamd.take()].into_iter().flatten() {
            end(child);
        }
        let _ = fs::remove_file(self.path("clamd/clamd.sock"));
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        if self.rspamd.is_some() || self.clamd.is_some() {
            self.stop();
        }
    }
}

/// Starts a scanner that says nothing.
pub(crate) fn quiet(command: &mut Command) -> Child {
    let command = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().expect("the scanner can be run")
}

/// Ends a scanner. SIGTERM first: rspamd's children end with it, not with a killed parent.
pub(crate) fn end(mut child: Child) {
    let pid = nix::unistd::Pid::from_raw(child.id() as i32);
    let _ = nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM);
    wait_for("a scanner to end", limits::START, || child.try_wait().unwrap());
}

/// Gives a file to a user.
pub(crate) fn give(path: &Path, user: &str) {
    let user = User::from_name(user).unwrap().unwrap_or_else(|| panic!("no user {user}"));
    chown(path, Some(user.uid.as_raw()), Some(user.gid.as_raw())).unwrap();
}
