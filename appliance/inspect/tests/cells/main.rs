//! Real cells, really locked in, and the keeper that keeps them: what each failure of a cell looks
//! like from outside, and that none of them stops the next cell.
//!
//! A cell must have one thread, which the usual test harness cannot give. This program is its own
//! harness, and starts itself again as cells.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod outfits;

use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::FileExt;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Child;
use std::sync::Arc;

use gatepost_inspect::{CellLimits, CellProgram, cell_main, run_with};
use ipc::blocking::Channel;
use ipc::contracts::{
    Answer, End, FromControl, Job, KeeperToQueue, QueueToKeeper, Retirement, ToControl,
};
use ipc::{Incoming, Inlet, Listener, Outlet, Paths, Ready, Role, RoleContext, Sockets};
use mail::{
    Amendment, Client, Direction, Envelope, FindingKind, MessageId, SessionId, Timestamp,
    Unscannable,
};
use tokio::sync::watch;

const TESTS: &[(&str, fn())] = &[
    ("a_cell_finds_what_is_in_a_message", a_cell_finds_what_is_in_a_message),
    ("a_cell_amends_a_message", a_cell_amends_a_message),
    ("a_cell_retires_after_its_number_of_mails", a_cell_retires_after_its_number_of_mails),
    ("a_cell_whose_queue_is_gone_ends", a_cell_whose_queue_is_gone_ends),
    ("a_job_without_its_body_fails_and_the_next_one_is_done", a_job_without_its_body_fails),
    ("a_message_over_the_memory_is_unscannable", a_message_over_the_memory_is_unscannable),
    ("a_large_message_within_the_memory_is_scanned", a_large_message_is_scanned),
    ("an_abort_is_seen", an_abort_is_seen),
    ("a_panic_is_answered_and_the_cell_retires", a_panic_is_answered),
    ("a_cell_cannot_take_more_memory_than_it_may", memory_is_bounded),
    ("a_cell_cannot_use_more_cpu_than_it_may", cpu_is_bounded),
    ("a_cell_that_opens_a_file_is_killed", a_cell_that_opens_a_file_is_killed),
    ("garbage_is_no_answer", garbage_is_no_answer),
    ("a_cell_that_leaves_without_an_answer_is_seen", leaving_is_seen),
    ("the_keeper_gives_cells_and_replaces_killed_ones", the_keeper_replaces_killed_cells),
    ("the_keeper_gives_new_cells_to_a_new_queue", the_keeper_serves_a_new_queue),
    ("no_cell_outlives_the_keeper", no_cell_outlives_the_keeper),
    ("a_locked_in_keeper_gives_locked_in_cells", a_locked_in_keeper_gives_locked_in_cells),
    ("a_killed_keeper_takes_its_cells_along", a_killed_keeper_takes_its_cells_along),
];

fn main() {
    if std::env::var_os("GATEPOST_CELL").is_some() {
        std::process::exit(cell_main().into());
    }
    if let Some(state) = std::env::var_os("GATEPOST_TEST_KEEPER") {
        locked_in_keeper(state.as_ref());
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let given = |wanted: &str| arguments.iter().any(|argument| argument == wanted);
    if given("--list") {
        // What test runners ask for first; nothing here is ignored.
        tests().filter(|_| !given("--ignored")).for_each(|(name, _)| println!("{name}: test"));
        return;
    }
    let filter = arguments.iter().find(|argument| !argument.starts_with('-'));
    let chosen = |name: &str| match filter {
        Some(filter) if given("--exact") => name == filter,
        Some(filter) => name.contains(filter.as_str()),
        None => true,
    };
    let (mut passed, mut failed) = (0, 0);
    for (name, test) in tests().filter(|(name, _)| chosen(name)) {
        let ok = std::panic::catch_unwind(test).is_ok();
        println!("test {name} ... {}", if ok { "ok" } else { "FAILED" });
        if ok { passed += 1 } else { failed += 1 }
    }
    let word = if failed == 0 { "ok" } else { "FAILED" };
    println!(
        "\ntest result: {word}. {passed} passed; {failed} failed; 0 ignored; 0 measured; 0 filtered out"
    );
    std::process::exit(i32::from(failed > 0));
}

fn tests() -> impl Iterator<Item = &'static (&'static str, fn())> {
    TESTS.iter().chain(outfits::TESTS)
}

const LIMITS: CellLimits =
    CellLimits { mails: 1000, cpu_seconds: 20, memory_octets: 128 * 1024 * 1024 };

struct Cell {
    channel: Channel,
    child: Child,
}

impl Cell {
    fn start(limits: CellLimits) -> Cell {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let child = sandbox::Launch::new(&std::env::current_exe().unwrap())
            .environment("GATEPOST_CELL", limits.spell())
            .environment("RUST_BACKTRACE", "0")
            .socket("queue", theirs.into())
            .spawn()
            .unwrap();
        let mut cell = Cell { channel: Channel::new(ours.into()).unwrap(), child };
        assert!(matches!(cell.said(), Some(Answer::Ready { .. })));
        cell
    }

    fn said(&mut self) -> Option<Answer> {
        let answer = self.channel.receive::<Answer>(ipc::limits::ANSWER_OCTETS).unwrap();
        answer.map(|(answer, _)| answer)
    }

    fn inspect(&mut self, job: u64, raw: &[u8]) {
        let body = ipc::sealed_memory(raw).unwrap();
        let envelope = Envelope { size: raw.len() as u64, ..envelope() };
        let job = Job::Inspect { job, envelope, wall_milliseconds: 30_000, wants_material: false };
        self.channel.send(&job, &[body.as_fd()]).unwrap();
    }

    fn findings(&mut self, raw: &[u8]) -> mail::Findings {
        self.inspect(7, raw);
        loop {
            match self.said() {
                Some(Answer::Inspected { job: 7, findings, .. }) => return findings,
                // One that was large may be the cell's last.
                Some(Answer::Retiring { .. }) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// Asks for a fault that gives no answer; tells how the cell ended.
    fn fault(mut self, fault: &str) -> String {
        self.inspect(1, format!("X-Gatepost-Fault: {fault}\r\n\r\n").as_bytes());
        assert_eq!(self.said(), None, "{fault}");
        self.ended()
    }

    fn ended(mut self) -> String {
        sandbox::ended(self.child.wait().unwrap())
    }
}

fn inspect(job: u64) -> Job {
    Job::Inspect { job, envelope: envelope(), wall_milliseconds: 30_000, wants_material: false }
}

fn envelope() -> Envelope {
    Envelope {
        id: MessageId(1),
        session: SessionId(2),
        received: Timestamp(3),
        client: Client { address: "127.0.0.1:1".parse().unwrap(), helo: "x".into(), tls: None },
        listener: mail::Listener::Smtp,
        direction: Direction::Incoming,
        sender: mail::Sender::Null,
        recipients: Vec::new(),
        size: 0,
        body: mail::BodyKind::SevenBit,
        smtputf8: false,
        ret: None,
        envid: None,
    }
}

fn eicar() -> Vec<u8> {
    [b"Subject: x\r\n\r\n".as_slice(), &engines::eicar()].concat()
}

fn a_cell_finds_what_is_in_a_message() {
    let mut cell = Cell::start(LIMITS);
    let findings = cell.findings(&eicar());
    assert!(findings.has(FindingKind::Malware));
    let findings = cell.findings(b"Subject: hello\r\n\r\nHello\r\n");
    assert!(findings.list.is_empty() && findings.unscannable.is_none());
    assert_eq!(findings.subject, "hello");
}

fn a_cell_amends_a_message() {
    let mut cell = Cell::start(LIMITS);
    let body = ipc::sealed_memory(b"Subject: a\r\n\r\nbody\r\n").unwrap();
    let output = ipc::empty_memory().unwrap();
    let amendments = vec![Amendment::TagSubject { text: "[Spam]".into() }];
    cell.channel.send(&Job::Amend { job: 5, amendments }, &[body.as_fd(), output.as_fd()]).unwrap();
    assert_eq!(cell.said(), Some(Answer::Amended { job: 5, size: 27 }));
    let mut text = [0; 27];
    File::from(output).read_exact_at(&mut text, 0).unwrap();
    assert_eq!(&text, b"Subject: [Spam] a\r\n\r\nbody\r\n");
}

fn a_cell_retires_after_its_number_of_mails() {
    let mut cell = Cell::start(CellLimits { mails: 3, ..LIMITS });
    cell.findings(b"a: b\r\n\r\n");
    cell.findings(b"a: b\r\n\r\n");
    cell.inspect(9, b"a: b\r\n\r\n");
    let retiring = Some(Answer::Retiring { because: Retirement::Mails });
    assert_eq!(cell.said(), retiring, "before the answer, so that no job is lost");
    assert!(matches!(cell.said(), Some(Answer::Inspected { job: 9, .. })));
    assert_eq!(cell.said(), None);
    assert_eq!(cell.ended(), "exit 0");
}

fn a_cell_whose_queue_is_gone_ends() {
    let Cell { channel, mut child } = Cell::start(LIMITS);
    drop(channel);
    assert_eq!(sandbox::ended(child.wait().unwrap()), "exit 0");
}

fn a_job_without_its_body_fails() {
    let mut cell = Cell::start(LIMITS);
    cell.channel.send(&inspect(4), &[]).unwrap();
    assert!(matches!(cell.said(), Some(Answer::Failed { job: 4, .. })));
    assert!(cell.findings(&eicar()).has(FindingKind::Malware));
}

fn a_message_over_the_memory_is_unscannable() {
    let mut cell = Cell::start(CellLimits { memory_octets: 64 << 20, ..LIMITS });
    let body = File::from(ipc::empty_memory().unwrap());
    body.set_len(22 << 20).unwrap();
    let body = OwnedFd::from(body);
    cell.channel.send(&inspect(1), &[body.as_fd()]).unwrap();
    let Some(Answer::Inspected { findings, .. }) = cell.said() else { panic!("no answer") };
    assert!(matches!(findings.unscannable, Some(Unscannable::Limit(_))));
    assert!(cell.findings(&eicar()).has(FindingKind::Malware), "the next message is scanned");
}

fn a_large_message_is_scanned() {
    let mut cell = Cell::start(CellLimits { memory_octets: 256 << 20, ..LIMITS });
    let mut raw =
        b"Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n"
            .to_vec();
    let line = [b"A".repeat(76).as_slice(), b"\r\n"].concat();
    while raw.len() < 50 << 20 {
        raw.extend_from_slice(&line);
    }
    raw.extend_from_slice(&engines::eicar());
    assert!(cell.findings(&raw).has(FindingKind::Malware));
}

fn an_abort_is_seen() {
    assert!(Cell::start(LIMITS).fault("abort").contains("SIGABRT"));
}

fn a_panic_is_answered() {
    let mut cell = Cell::start(LIMITS);
    cell.inspect(3, b"X-Gatepost-Fault: panic\r\n\r\n");
    assert_eq!(cell.said(), Some(Answer::Retiring { because: Retirement::Anomaly }));
    let Some(Answer::Failed { job: 3, because }) = cell.said() else { panic!("no answer") };
    assert!(because.contains("panicked"), "{because}");
    assert_eq!(cell.ended(), "exit 0");
}

fn memory_is_bounded() {
    let how = Cell::start(CellLimits { memory_octets: 64 << 20, ..LIMITS }).fault("memory");
    assert!(how.contains("out of memory"), "{how}");
}

fn cpu_is_bounded() {
    let how = Cell::start(CellLimits { cpu_seconds: 1, ..LIMITS }).fault("spin");
    assert!(how.contains("CPU limit"), "{how}");
}

fn a_cell_that_opens_a_file_is_killed() {
    let how = Cell::start(LIMITS).fault("open");
    assert!(how.contains("forbidden system call"), "{how}");
}

fn garbage_is_no_answer() {
    let mut cell = Cell::start(LIMITS);
    cell.inspect(1, b"X-Gatepost-Fault: garbage\r\n\r\n");
    assert!(cell.channel.receive::<Answer>(ipc::limits::ANSWER_OCTETS).is_err());
}

fn leaving_is_seen() {
    assert_eq!(Cell::start(LIMITS).fault("leave"), "exit 0");
}

/// A state folder with a control that has nothing set, and a queue that the test plays.
struct Stage {
    folder: tempfile::TempDir,
    stop: watch::Sender<bool>,
}

type QueueLink = (Outlet<QueueToKeeper>, Inlet<KeeperToQueue>);

impl Stage {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("run")).unwrap();
        std::fs::create_dir(folder.path().join("patterns")).unwrap();
        Stage { folder, stop: watch::channel(false).0 }
    }

    fn context(&self, role: Role) -> RoleContext {
        context(role, self.folder.path(), self.stop.subscribe())
    }

    /// Plays control: two workers.
    fn control(&self) {
        let listener = Listener::open(&self.context(Role::Control)).unwrap();
        tokio::spawn(async move {
            let mut links = Vec::new();
            while let Ok(incoming) = listener.accept().await {
                let (outlet, inlet) = incoming.link::<FromControl, ToControl>();
                let sections = r#"{"inspection":{"workers":2}}"#.to_owned();
                outlet.send(&FromControl::Snapshot { revision: 1, sections }, Vec::new()).unwrap();
                links.push((outlet, inlet));
            }
        });
    }

    fn keeper(&self) -> tokio::task::JoinHandle<()> {
        let arguments = Vec::new();
        let program = CellProgram { program: "/proc/self/exe".into(), arguments };
        let context = self.context(Role::Inspect);
        tokio::spawn(async move { run_with(context, program).await.unwrap() })
    }
}

fn context(role: Role, state: &Path, stop: watch::Receiver<bool>) -> RoleContext {
    RoleContext {
        role,
        paths: Paths::new(state),
        incarnation: 1,
        stop,
        clock: Arc::new(world::RealClock),
        ready: Ready::new(|| ()),
        sockets: Sockets::default(),
    }
}

/// The first thing that a keeper says is what cells are to work with.
async fn keeper_calls(listener: &Listener) -> QueueLink {
    let (outlet, mut inlet) = Incoming::link(listener.accept().await.unwrap());
    let (said, _) = inlet.receive().await.unwrap().unwrap();
    assert!(matches!(said, KeeperToQueue::Outfit(_)), "{said:?}");
    (outlet, inlet)
}

async fn next_cell(inlet: &mut Inlet<KeeperToQueue>) -> (u64, Outlet<Job>, Inlet<Answer>) {
    let (said, descriptors) = inlet.receive().await.unwrap().unwrap();
    let KeeperToQueue::Cell { cell } = said else { panic!("{said:?}") };
    let channel = descriptors.into_iter().next().unwrap();
    let (outlet, mut answers) = ipc::link_over(channel, ipc::limits::ANSWER_OCTETS).unwrap();
    let ready = answers.receive().await.unwrap();
    assert!(matches!(ready, Some((Answer::Ready { .. }, _))), "{ready:?}");
    (cell, outlet, answers)
}

fn hang() -> (Job, Vec<OwnedFd>) {
    let body = ipc::sealed_memory(b"X-Gatepost-Fault: hang\r\n\r\n").unwrap();
    (inspect(1), vec![body])
}

fn on_one_thread(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(test);
}

fn the_keeper_replaces_killed_cells() {
    on_one_thread(async {
        let stage = Stage::new();
        stage.control();
        let listener = Listener::open(&stage.context(Role::Queue)).unwrap();
        let keeper = stage.keeper();
        let (to_keeper, mut from_keeper) = keeper_calls(&listener).await;
        let (first, jobs, mut answers) = next_cell(&mut from_keeper).await;
        let (second, _jobs, _answers) = next_cell(&mut from_keeper).await;
        assert_ne!(first, second);
        for _ in 0..20 {
            // No answer will come; queue's patience ends.
            let (job, body) = hang();
            let _ = jobs.send(&job, body);
        }
        to_keeper.send(&QueueToKeeper::Kill { cell: first }, Vec::new()).unwrap();
        assert!(!matches!(answers.receive().await, Ok(Some(_))));
        let (said, _) = from_keeper.receive().await.unwrap().unwrap();
        let because = "killed by SIGKILL".to_owned();
        assert_eq!(said, KeeperToQueue::Ended { cell: first, because, end: End::Killed });
        let (third, jobs, mut answers) = next_cell(&mut from_keeper).await;
        assert!(third > second);
        let body = ipc::sealed_memory(&eicar()).unwrap();
        jobs.send(&inspect(2), vec![body]).unwrap();
        let answer = answers.receive().await.unwrap();
        assert!(matches!(answer, Some((Answer::Inspected { job: 2, .. }, _))));
        // Killing what is gone already is no fault.
        to_keeper.send(&QueueToKeeper::Kill { cell: first }, Vec::new()).unwrap();
        stage.stop.send(true).unwrap();
        keeper.await.unwrap();
    });
}

fn the_keeper_serves_a_new_queue() {
    on_one_thread(async {
        let stage = Stage::new();
        stage.control();
        let listener = Listener::open(&stage.context(Role::Queue)).unwrap();
        let _keeper = stage.keeper();
        let (to_keeper, mut from_keeper) = keeper_calls(&listener).await;
        let (old, jobs, mut answers) = next_cell(&mut from_keeper).await;
        let (job, body) = hang();
        jobs.send(&job, body).unwrap();
        drop((to_keeper, from_keeper));
        let (_to_keeper, mut from_keeper) = keeper_calls(&listener).await;
        let (new, _jobs, _answers) = next_cell(&mut from_keeper).await;
        assert!(new > old);
        assert!(!matches!(answers.receive().await, Ok(Some(_))), "the old cell goes");
    });
}

fn no_cell_outlives_the_keeper() {
    on_one_thread(async {
        let stage = Stage::new();
        stage.control();
        let listener = Listener::open(&stage.context(Role::Queue)).unwrap();
        let keeper = stage.keeper();
        let (_to_keeper, mut from_keeper) = keeper_calls(&listener).await;
        let (_, jobs, mut answers) = next_cell(&mut from_keeper).await;
        let (job, body) = hang();
        jobs.send(&job, body).unwrap();
        stage.stop.send(true).unwrap();
        keeper.await.unwrap();
        assert!(!matches!(answers.receive().await, Ok(Some(_))));
    });
}

/// The other side of the tests below: this program as the keeper, locked in as in production.
fn locked_in_keeper(state: &Path) -> ! {
    let paths = Paths::new(state);
    let row = sandbox::process("inspect").unwrap();
    let place = |place| match place {
        sandbox::Place::Run => Some(paths.run()),
        sandbox::Place::Patterns => Some(paths.patterns()),
        _ => None,
    };
    sandbox::confine(&row.confinement(place)).unwrap();
    on_one_thread(async {
        let (_stop, stopping) = watch::channel(false);
        let context = context(Role::Inspect, state, stopping);
        let program = CellProgram { program: "/proc/self/exe".into(), arguments: Vec::new() };
        run_with(context, program).await.unwrap();
    });
    std::process::exit(0)
}

fn with_locked_in_keeper(test: impl AsyncFnOnce(&Stage, Child, QueueLink)) {
    on_one_thread(async {
        let stage = Stage::new();
        stage.control();
        let listener = Listener::open(&stage.context(Role::Queue)).unwrap();
        let keeper = sandbox::Launch::new(&std::env::current_exe().unwrap())
            .environment("GATEPOST_TEST_KEEPER", stage.folder.path())
            .spawn()
            .unwrap();
        let link = keeper_calls(&listener).await;
        test(&stage, keeper, link).await;
    });
}

fn a_locked_in_keeper_gives_locked_in_cells() {
    with_locked_in_keeper(async |_stage, mut keeper, (to_keeper, mut from_keeper)| {
        let (cell, jobs, mut answers) = next_cell(&mut from_keeper).await;
        let body = ipc::sealed_memory(&eicar()).unwrap();
        jobs.send(&inspect(2), vec![body]).unwrap();
        let answer = answers.receive().await.unwrap();
        assert!(matches!(answer, Some((Answer::Inspected { job: 2, .. }, _))), "{answer:?}");
        let (_, _jobs, _answers) = next_cell(&mut from_keeper).await;
        to_keeper.send(&QueueToKeeper::Kill { cell }, Vec::new()).unwrap();
        let (said, _) = from_keeper.receive().await.unwrap().unwrap();
        assert!(matches!(said, KeeperToQueue::Ended { .. }), "{said:?}");
        let (_, _jobs, _answers) = next_cell(&mut from_keeper).await;
        keeper.kill().unwrap();
        keeper.wait().unwrap();
    });
}

fn a_killed_keeper_takes_its_cells_along() {
    with_locked_in_keeper(async |_stage, mut keeper, (_to_keeper, mut from_keeper)| {
        let (_, jobs, mut answers) = next_cell(&mut from_keeper).await;
        let (job, body) = hang();
        jobs.send(&job, body).unwrap();
        keeper.kill().unwrap();
        keeper.wait().unwrap();
        assert!(!matches!(answers.receive().await, Ok(Some(_))));
    });
}
