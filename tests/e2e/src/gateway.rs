//! The gateway under test: the real binary, its own state folder and ports, and its command line.

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::{Map, Value, json};
use tempfile::TempDir;

use crate::{Client, limits, wait_for, wait_until};

/// The roles that `gatepost run` starts, as their process id files are called.
pub const ROLES: [&str; 7] =
    ["intake", "queue", "inspect", "deliver", "vault", "ledger", "control"];

/// Ports of `gatepost run` before the offset: SMTP, submissions, submission, metrics.
const PORTS: [u16; 4] = [2525, 4465, 5587, 9145];

/// What a gateway is started with.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Next hop for `example.test`, on loopback. Without it mail goes to the demo Maildir.
    pub next_hop: Option<u16>,
    /// Sections of settings in the export format, on top of the route.
    pub settings: Map<String, Value>,
    /// A folder to use in place of a temporary one, such as a small file system.
    pub state: Option<PathBuf>,
    /// More environment for the gateway's processes.
    pub environment: Vec<(String, String)>,
}

impl Options {
    /// Mail for `example.test` goes to a server on this loopback port.
    #[must_use]
    pub fn to(port: u16) -> Self {
        Options { next_hop: Some(port), ..Options::default() }
    }

    /// With one more setting, named `section.field`.
    #[must_use]
    pub fn with(mut self, path: &str, value: Value) -> Self {
        let (section, field) = path.split_once('.').expect("section.field");
        let table = self.settings.entry(section).or_insert_with(|| json!({}));
        table[field] = value;
        self
    }

    fn document(&self) -> Value {
        let mut settings = self.settings.clone();
        if let Some(port) = self.next_hop {
            let routing = settings.entry("routing").or_insert_with(|| json!({}));
            if routing["routes"].is_null() {
                routing["routes"] = json!([route("example.test", port)]);
            }
        }
        json!({"format": "gatepost settings 1", "settings": settings})
    }
}

/// A route for a domain to a server on loopback, as the settings spell it.
#[must_use]
pub fn route(domain: &str, port: u16) -> Value {
    json!({
        "recipients": domain,
        "method": "servers",
        "servers": [{"host": "127.0.0.1", "port": port}],
    })
}

/// What a run of the command line said.
#[derive(Debug)]
pub struct Said {
    /// The exit code.
    pub exit: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Said {
    /// Standard output as JSON, one value per line.
    #[must_use]
    pub fn json_lines(&self) -> Vec<Value> {
        let lines = self.out.lines().filter(|line| !line.trim().is_empty());
        lines.map(|line| serde_json::from_str(line).unwrap_or(Value::Null)).collect()
    }
}

/// A running gateway. Dropping it stops it and, when the test has failed, shows its last words.
pub struct Gateway {
    options: Options,
    state: PathBuf,
    _own_folder: Option<TempDir>,
    offset: u16,
    process: Option<Child>,
    took_mail_when_ready: bool,
}

impl Gateway {
    /// Starts the gateway and waits until every role is ready.
    #[must_use]
    pub fn start(options: Options) -> Self {
        let own_folder = options.state.is_none().then(|| TempDir::new().unwrap());
        let state = match (&options.state, &own_folder) {
            (Some(given), _) => given.clone(),
            (None, Some(own)) => own.path().join("state"),
            (None, None) => unreachable!(),
        };
        let offset = free_offset();
        let mut gateway = Gateway {
            options,
            state,
            _own_folder: own_folder,
            offset,
            process: None,
            took_mail_when_ready: false,
        };
        gateway.launch();
        gateway
    }

    /// Starts the process table again in the same folder and on the same ports.
    pub fn launch(&mut self) {
        let _ = std::fs::create_dir_all(&self.state);
        let _ = std::fs::remove_file(self.state.join("run/ready"));
        let import = self.state.with_extension("import.json");
        std::fs::write(&import, self.options.document().to_string()).unwrap();
        let log = File::options().create(true).append(true).open(self.log_path()).unwrap();
        let child = Command::new(program())
            .arg("run")
            .arg("--state")
            .arg(&self.state)
            .arg("--import")
            .arg(&import)
            .args(["--listen-offset", &self.offset.to_string()])
            .envs(self.options.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .expect("gatepost can be run");
        self.process = Some(child);
        self.wait_ready();
    }

    fn wait_ready(&mut self) {
        let ready = self.state.join("run/ready");
        let outcome = wait_until(limits::START, || {
            let ended = self.process.as_mut().and_then(|child| child.try_wait().unwrap());
            match ended {
                Some(status) => Some(Err(format!("it ended with {status}"))),
                None => ready.exists().then_some(Ok(())),
            }
        });
        match outcome {
            Some(Ok(())) => self.wait_for_mail(),
            Some(Err(why)) => panic!("the gateway did not start: {why}\n{}", self.log()),
            None => panic!("the gateway is not ready after {:?}\n{}", limits::START, self.log()),
        }
    }

    /// Ready must mean that mail is taken; whether it was so at the first try is remembered.
    fn wait_for_mail(&mut self) {
        let takes = |address| {
            let mut client = Client::greeted(address).ok()?;
            let reply = client.command("MAIL FROM:<probe@sender.test>").ok()?;
            (reply.code == 250).then_some(())
        };
        self.took_mail_when_ready = takes(self.smtp()).is_some();
        wait_for("mail to be taken", limits::START, || takes(self.smtp()));
    }

    /// True when the first MAIL after the mark `ready` was accepted.
    #[must_use]
    pub fn took_mail_when_ready(&self) -> bool {
        self.took_mail_when_ready
    }

    /// The state folder.
    #[must_use]
    pub fn state(&self) -> &Path {
        &self.state
    }

    /// Where SMTP (port 25's stand-in) listens.
    #[must_use]
    pub fn smtp(&self) -> SocketAddr {
        self.port(PORTS[0])
    }

    /// Where submissions (implicit TLS) listens.
    #[must_use]
    pub fn submissions(&self) -> SocketAddr {
        self.port(PORTS[1])
    }

    /// Where submission (STARTTLS) listens.
    #[must_use]
    pub fn submission(&self) -> SocketAddr {
        self.port(PORTS[2])
    }

    /// Where metrics are served.
    #[must_use]
    pub fn metrics(&self) -> SocketAddr {
        self.port(PORTS[3])
    }

    fn port(&self, base: u16) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, base + self.offset).into()
    }

    /// The process id of a role now, if it has one.
    #[must_use]
    pub fn role_pid(&self, role: &str) -> Option<i32> {
        let text = std::fs::read_to_string(self.state.join(format!("run/{role}.pid"))).ok()?;
        let pid: i32 = text.trim().parse().ok()?;
        Path::new(&format!("/proc/{pid}")).exists().then_some(pid)
    }

    /// Process ids of the scanning cells now: the children of inspect.
    #[must_use]
    pub fn cell_pids(&self) -> Vec<i32> {
        let Some(keeper) = self.role_pid("inspect") else { return Vec::new() };
        children_of(keeper)
    }

    /// The process id of the supervisor.
    #[must_use]
    pub fn supervisor_pid(&self) -> i32 {
        self.process.as_ref().expect("it runs").id() as i32
    }

    /// Kills a role at once (SIGKILL) and returns when another process has taken its place.
    pub fn kill_role(&mut self, role: &str) {
        let before = self.kill_role_only(role);
        wait_for(&format!("{role} to come back"), limits::START, || {
            self.role_pid(role).filter(|now| Some(*now) != before)
        });
    }

    /// Kills a role at once (SIGKILL); gives the process id it had.
    pub fn kill_role_only(&mut self, role: &str) -> Option<i32> {
        let pid = self.role_pid(role)?;
        let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
        Some(pid)
    }

    /// Kills one scanning cell at once.
    pub fn kill_cell(&mut self) {
        if let Some(pid) = self.cell_pids().first() {
            let _ = kill(Pid::from_raw(*pid), Signal::SIGKILL);
        }
    }

    /// Kills everything at once, as a power cut would end it, but for what the kernel holds.
    pub fn kill_all(&mut self) {
        let mut pids: Vec<i32> = ROLES.iter().filter_map(|role| self.role_pid(role)).collect();
        pids.extend(self.cell_pids());
        pids.insert(0, self.supervisor_pid());
        for pid in &pids {
            let _ = kill(Pid::from_raw(*pid), Signal::SIGKILL);
        }
        if let Some(mut child) = self.process.take() {
            let _ = child.wait();
        }
        wait_for("all roles to be gone", limits::START, || {
            pids.iter().all(|pid| !is_alive(*pid)).then_some(())
        });
    }

    /// Stops it in order (SIGTERM) and gives whether it ended well.
    pub fn stop(&mut self) -> bool {
        let Some(mut child) = self.process.take() else { return true };
        let _ = kill(Pid::from_raw(child.id() as i32), Signal::SIGTERM);
        let status = wait_until(limits::START, || child.try_wait().unwrap());
        match status {
            Some(status) => status.success() || status.signal() == Some(Signal::SIGTERM as i32),
            None => {
                let _ = child.kill();
                let _ = child.wait();
                false
            }
        }
    }

    /// Runs a command of the `gatepost` command line against this gateway.
    #[must_use]
    pub fn command(&self, arguments: &[&str]) -> Said {
        let output = Command::new(program())
            .args(arguments)
            .arg("--state")
            .arg(&self.state)
            .stdin(Stdio::null())
            .output()
            .expect("gatepost can be run");
        Said {
            exit: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Asks a role directly, as the command line does; the JSON lines of its answer, or none when
    /// it does not answer.
    #[must_use]
    pub fn ask(&self, role: ipc::Role, verb: &str) -> Vec<Value> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let paths = ipc::Paths::new(&self.state);
        runtime.block_on(async {
            let Ok(mut asking) = ipc::ask(&paths, role, verb, "{}".to_owned()).await else {
                return Vec::new();
            };
            let mut lines = Vec::new();
            while let Some(Ok(line)) = asking.next().await {
                lines.push(serde_json::from_str(&line).unwrap_or(Value::Null));
            }
            lines
        })
    }

    /// What all roles have logged.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    fn log_path(&self) -> PathBuf {
        self.state.with_extension("log")
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        if self.process.is_some() {
            self.stop();
        }
        if std::thread::panicking() {
            let log = self.log();
            let lines: Vec<&str> = log.lines().collect();
            let last = lines.len().saturating_sub(60);
            eprintln!("--- the gateway's last words:\n{}\n---", lines[last..].join("\n"));
        }
    }
}

/// True while the process runs; a dead one whose parent has not asked yet does not count.
fn is_alive(pid: i32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next());
    state.is_some_and(|state| state != 'Z')
}

fn children_of(parent: i32) -> Vec<i32> {
    let path = format!("/proc/{parent}/task");
    let Ok(tasks) = std::fs::read_dir(path) else { return Vec::new() };
    let of_task = |task: std::fs::DirEntry| {
        let text = std::fs::read_to_string(task.path().join("children")).unwrap_or_default();
        text.split_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<i32>>()
    };
    tasks.flatten().flat_map(of_task).collect()
}

/// An offset at which all ports are free, below the range the kernel hands out by itself.
fn free_offset() -> u16 {
    let start = (std::process::id() % 20_000) as u16;
    let candidates = (0..20_000).map(|step| 1000 + (start + step * 7) % 20_000);
    let free = |port: u16| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok();
    candidates
        .into_iter()
        .find(|offset| PORTS.iter().all(|base| free(base + offset)))
        .expect("four free ports")
}

/// The program under test: `GATEPOST_BIN`, else built now for the profile of this test.
pub fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| match std::env::var_os("GATEPOST_BIN") {
        Some(given) => PathBuf::from(given),
        None => build(),
    })
}

fn build() -> PathBuf {
    // target/<profile>/deps/<this test>
    let me = std::env::current_exe().unwrap();
    let folder = me.parent().and_then(Path::parent).expect("a cargo target folder").to_owned();
    let profile = match folder.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => "dev",
        Some(profile) => profile,
    };
    let status = Command::new("cargo")
        .args(["build", "--quiet", "--profile", profile, "--workspace", "--bin", "gatepost"])
        .status()
        .expect("cargo");
    assert!(status.success(), "gatepost does not build");
    folder.join("gatepost")
}
