//! The supervisor of `gatepost run`: starts the table, starts again what ends, stops in order.
//!
//! It speaks systemd's protocols (socket activation, readiness, watchdog), so that a role cannot
//! tell the two apart. Listening sockets are made once and outlive every role: a peer that calls
//! while a role restarts waits instead of failing.

use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::process::ExitStatus;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ipc::{Paths, Role};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use sandbox::Launch;
use tokio::net::UnixDatagram;
use tokio::process::{Child, Command};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tokio::time::Instant;

/// What is to be run.
pub struct Wanted {
    /// The state folder.
    pub paths: Paths,
    /// Listening TCP sockets by name.
    pub listeners: Vec<(String, TcpListener)>,
    /// Settings for the first start.
    pub import: Option<PathBuf>,
}

/// The roles in the order in which they are stopped: who takes new work first, who keeps the
/// records last.
const TABLE: [Role; 7] = [
    Role::Intake,
    Role::Deliver,
    Role::Inspect,
    Role::Queue,
    Role::Vault,
    Role::Ledger,
    Role::Control,
];

/// A role that does not tell that it is alive for this long is killed and started again.
const WATCHDOG: Duration = Duration::from_secs(30);
/// How long a role may take to stop.
const STOPPING: Duration = Duration::from_secs(8);
/// A role that ends sooner than this after its start is started again ever more slowly.
const HASTE: Duration = Duration::from_secs(2);
/// The longest wait before a start.
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// One role's things that outlive its processes.
struct Post {
    role: Role,
    paths: Paths,
    sockets: Vec<(String, OwnedFd)>,
    notify: UnixDatagram,
    import: Option<PathBuf>,
    ready: Arc<AtomicBool>,
    changed: Arc<Notify>,
}

/// Runs the table.
pub struct Supervisor;

impl Supervisor {
    /// Runs until SIGINT or SIGTERM; prints `announcement` once every role serves. The exit code:
    /// 0 after an orderly stop, 4 when it could not start.
    pub async fn run(wanted: Wanted, announcement: String) -> u8 {
        match supervise(wanted, announcement).await {
            Ok(()) => 0,
            Err(error) => {
                eprintln!("gatepost run: {error}. Everything was stopped.");
                4
            }
        }
    }
}

async fn supervise(wanted: Wanted, announcement: String) -> std::io::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let changed = Arc::new(Notify::new());
    let mut running = Vec::new();
    let mut tasks = JoinSet::new();
    for role in TABLE {
        let ready = Arc::new(AtomicBool::new(false));
        let post = post(role, &wanted, ready.clone(), changed.clone())?;
        let (stop, stopped) = watch::channel(false);
        let (ended, end) = watch::channel(false);
        tasks.spawn(async move {
            keep_running(post, stopped).await;
            let _ = ended.send(true);
        });
        running.push((ready, stop, end));
    }
    let mut announced = false;
    loop {
        tokio::select! {
            _ = interrupt.recv() => break,
            _ = terminate.recv() => break,
            () = changed.notified() => {
                if !announced && running.iter().all(|(ready, ..)| ready.load(Ordering::Acquire)) {
                    announced = true;
                    println!("{announcement}");
                    std::fs::write(wanted.paths.run().join("ready"), b"ready\n")?;
                }
            }
        }
    }
    let _ = std::fs::remove_file(wanted.paths.run().join("ready"));
    eprintln!("gatepost run: stopping; mail that was accepted stays in the spool");
    for (_, stop, mut end) in running {
        let _ = stop.send(true);
        let _ = end.wait_for(|ended| *ended).await;
    }
    Ok(())
}

fn post(
    role: Role,
    wanted: &Wanted,
    ready: Arc<AtomicBool>,
    changed: Arc<Notify>,
) -> std::io::Result<Post> {
    let process = sandbox::process(role.word());
    let names = process.map_or(&[][..], |process| process.sockets);
    let mut sockets = Vec::new();
    for name in names {
        if *name == "ipc" {
            let path = wanted.paths.socket(role);
            let _ = std::fs::remove_file(&path);
            sockets.push(((*name).to_owned(), UnixListener::bind(&path)?.into()));
        } else if let Some((_, listener)) = wanted.listeners.iter().find(|(known, _)| known == name)
        {
            sockets.push(((*name).to_owned(), listener.try_clone()?.into()));
        }
    }
    let notify = wanted.paths.run().join(format!("{}.notify", role.word()));
    let _ = std::fs::remove_file(&notify);
    let notify = UnixDatagram::bind(&notify)?;
    let import = wanted.import.clone().filter(|_| role == Role::Control);
    Ok(Post { role, paths: wanted.paths.clone(), sockets, notify, import, ready, changed })
}

/// Starts a role again whenever it ends, until told to stop.
async fn keep_running(post: Post, mut stopped: watch::Receiver<bool>) {
    let mut wait = Duration::ZERO;
    while !*stopped.borrow() {
        let begun = Instant::now();
        match start(&post) {
            Ok(child) => {
                let status = attend(&post, child, &mut stopped).await;
                if *stopped.borrow() {
                    return;
                }
                let role = post.role.word();
                eprintln!("gatepost run: {role} ended ({status}); it is started again");
            }
            Err(error) => eprintln!("gatepost run: {} cannot start: {error}", post.role.word()),
        }
        wait = if begun.elapsed() > HASTE {
            Duration::from_millis(10)
        } else {
            (wait * 2).clamp(Duration::from_millis(10), LONGEST_WAIT)
        };
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            _ = stopped.wait_for(|stop| *stop) => {}
        }
    }
}

fn start(post: &Post) -> Result<Child, Box<dyn std::error::Error + Send + Sync>> {
    let notify = post.paths.run().join(format!("{}.notify", post.role.word()));
    let mut launch = Launch::new(&std::env::current_exe()?)
        .argument("role")
        .argument(post.role.word())
        .argument("--state")
        .argument(post.paths.state())
        .environment("NOTIFY_SOCKET", notify)
        .environment("WATCHDOG_USEC", WATCHDOG.as_micros().to_string());
    if let Some(import) = &post.import {
        launch = launch.argument("--import").argument(import);
    }
    for (name, socket) in &post.sockets {
        launch = launch.socket(name, socket.try_clone()?);
    }
    let mut command = Command::from(launch.command()?);
    command.env_remove("WATCHDOG_PID").kill_on_drop(true).stdin(std::process::Stdio::null());
    let child = command.spawn()?;
    if let Some(pid) = child.id() {
        let path = post.paths.run().join(format!("{}.pid", post.role.word()));
        std::fs::write(path, format!("{pid}\n"))?;
    }
    Ok(child)
}

/// Watches one process until it ends; how, in words.
async fn attend(post: &Post, mut child: Child, stopped: &mut watch::Receiver<bool>) -> String {
    let mut alive = Instant::now();
    let mut message = [0_u8; 1024];
    loop {
        tokio::select! {
            status = child.wait() => return spoken(status),
            _ = async { stopped.wait_for(|stop| *stop).await.is_ok() } => break,
            received = post.notify.recv(&mut message) => {
                let length = received.unwrap_or(0);
                hear(post, message.get(..length).unwrap_or_default());
                alive = Instant::now();
            }
            () = tokio::time::sleep_until(alive + WATCHDOG) => {
                eprintln!("gatepost run: {} does not answer; it is killed", post.role.word());
                let _ = child.start_kill();
                alive = Instant::now();
            }
        }
    }
    stop(child).await
}

fn hear(post: &Post, message: &[u8]) {
    let text = String::from_utf8_lossy(message);
    if text.lines().any(|line| line == "READY=1") {
        post.ready.store(true, Ordering::Release);
        post.changed.notify_one();
    }
}

/// Asks a process to finish, and ends it when it does not.
async fn stop(mut child: Child) -> String {
    if let Some(pid) = child.id().and_then(|pid| i32::try_from(pid).ok()) {
        let _ = kill(Pid::from_raw(pid), Signal::SIGTERM);
    }
    match tokio::time::timeout(STOPPING, child.wait()).await {
        Ok(status) => spoken(status),
        Err(_) => {
            let _ = child.start_kill();
            spoken(child.wait().await)
        }
    }
}

fn spoken(status: std::io::Result<ExitStatus>) -> String {
    status.map_or_else(|error| error.to_string(), sandbox::ended)
}
