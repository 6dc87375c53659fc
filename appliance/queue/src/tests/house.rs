//! A queue that runs in a folder of its own, and its peers: control, ledger, intake, the keeper with
//! its cells, deliver and vault, each of which does what the test says. Waits on what happens, never
//! on time; the clock stands still until it is moved.

use std::collections::HashMap;
use std::fs::File;
use std::io::Write as _;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use ipc::contracts::{
    Admission, Answer, Consignment, DeliverToQueue, FromControl, FromLedger, IntakeToQueue, Job,
    KeeperToQueue, QueueToDeliver, QueueToIntake, QueueToKeeper, QueueToVault, ToControl, ToLedger,
    Used, VaultToQueue,
};
use ipc::{Inlet, Listener, Outlet, Paths, Ready, Role, RoleContext, Sockets};
use mail::{
    BodyKind, Client, Deed, Direction, EngineName, Envelope, Finding, FindingKind, Findings,
    MailEvent, MessageId, Outcome, Recipient, Reply, Sender, SessionId, Timestamp,
};
use serde_json::{Map, Value};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::settings::{Retry, Route, RouteServer, Routing};

/// When every test begins.
pub const NOON: Timestamp = Timestamp(1_795_255_323_000);
/// A recipient with a route of its own.
pub const ANN: &str = "ann@a.test";
/// Another one, with another.
pub const BOB: &str = "bob@b.test";
/// Who sends.
pub const SENDER: &str = "sender@away.test";

/// A clock that is moved by hand.
pub struct Hands(AtomicU64);

impl world::Clock for Hands {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::SeqCst))
    }
}

/// Waits for what must come. The bound only ends a test that has failed already.
pub async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(Duration::from_secs(30), future).await {
        Ok(value) => value,
        Err(_) => panic!("{what} never came"),
    }
}

/// The settings that queue reads.
#[derive(Clone)]
pub struct Wanted {
    pub routing: Routing,
    pub retry: Retry,
    pub rules: policy::Rules,
    pub exceptions: policy::Exceptions,
}

impl Default for Wanted {
    fn default() -> Self {
        let route = |domain: &str| Route {
            recipients: domain.to_owned(),
            servers: vec![RouteServer { host: format!("mx.{domain}"), ..RouteServer::default() }],
            ..Route::default()
        };
        let routing = Routing {
            routes: vec![route("a.test"), route("b.test"), route("away.test")],
            ..Routing::default()
        };
        let (rules, exceptions) = Default::default();
        Wanted { routing, retry: Retry::default(), rules, exceptions }
    }
}

impl Wanted {
    fn sections(&self) -> String {
        let mut sections = Map::new();
        let value = |value: Result<Value, _>| value.unwrap();
        sections.insert("routing".into(), value(serde_json::to_value(&self.routing)));
        sections.insert("retry".into(), value(serde_json::to_value(&self.retry)));
        sections.insert("policy".into(), value(serde_json::to_value(&self.rules)));
        sections.insert("exceptions".into(), value(serde_json::to_value(&self.exceptions)));
        sections.insert(
            "receiving".into(),
            serde_json::json!({
                "host_name": "gate.test",
                "relay_domains": ["a.test", "b.test"],
            }),
        );
        Value::Object(sections).to_string()
    }
}

/// Everything around one state folder.
pub struct House {
    folder: tempfile::TempDir,
    clock: Arc<Hands>,
    stop: watch::Sender<bool>,
    wanted: watch::Sender<Wanted>,
    events: watch::Receiver<Vec<MailEvent>>,
    queue: Option<Process>,
    starts: u64,
}

/// A queue with a runtime of its own, which ends with all of its tasks, as a process does.
struct Process {
    runtime: tokio::runtime::Runtime,
    main: JoinHandle<Result<(), crate::QueueError>>,
}

impl Process {
    fn start(context: RoleContext) -> Self {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        let runtime = builder.worker_threads(1).enable_all().build().unwrap();
        let main = runtime.spawn(crate::run(context));
        Process { runtime, main }
    }

    async fn end(self) {
        let end = move || self.runtime.shutdown_timeout(Duration::from_secs(30));
        tokio::task::spawn_blocking(end).await.unwrap();
    }
}

impl Drop for House {
    fn drop(&mut self) {
        if let Some(process) = self.queue.take() {
            process.runtime.shutdown_background();
        }
    }
}

impl House {
    /// A house with default settings.
    pub async fn new() -> Self {
        House::with(|_| {}).await
    }

    /// A house with changed settings.
    pub async fn with(change: impl FnOnce(&mut Wanted)) -> Self {
        let mut wanted = Wanted::default();
        change(&mut wanted);
        House::in_folder(tempfile::tempdir().unwrap(), wanted)
    }

    /// A house in a folder that may hold mail already.
    pub fn in_folder(folder: tempfile::TempDir, wanted: Wanted) -> Self {
        let (stop, stopping) = watch::channel(false);
        let (wanted, settings) = watch::channel(wanted);
        let (told, events) = watch::channel(Vec::new());
        let clock = Arc::new(Hands(AtomicU64::new(NOON.0)));
        let paths = Paths::new(folder.path());
        std::fs::create_dir_all(paths.run()).unwrap();
        let context = |role| context(role, 1, &paths, &clock, &stopping);
        play_control(&context(Role::Control), settings);
        play_ledger(&context(Role::Ledger), told);
        let queue = Some(Process::start(context(Role::Queue)));
        House { folder, clock, stop, wanted, events, queue, starts: 1 }
    }

    pub fn paths(&self) -> Paths {
        Paths::new(self.folder.path())
    }

    pub fn context(&self, role: Role) -> RoleContext {
        context(role, self.starts, &self.paths(), &self.clock, &self.stop.subscribe())
    }

    /// Moves the clock on.
    pub fn pass(&self, seconds: u64) {
        self.clock.0.fetch_add(seconds * 1000, Ordering::SeqCst);
    }

    /// Commits other settings.
    pub fn change(&self, change: impl FnOnce(&mut Wanted)) {
        self.wanted.send_modify(change);
    }

    /// Ends queue without a word, as a crash would: what was not synced is lost.
    pub async fn kill(&mut self) {
        self.queue.take().unwrap().end().await;
    }

    /// Starts queue anew.
    pub fn start(&mut self) {
        self.starts += 1;
        self.queue = Some(Process::start(self.context(Role::Queue)));
    }

    /// Stops queue as the supervisor does.
    pub async fn stop(&mut self) {
        self.stop.send_replace(true);
        let mut process = self.queue.take().unwrap();
        soon("the end of queue", &mut process.main).await.unwrap().unwrap();
        process.end().await;
        self.stop.send_replace(false);
    }

    /// The first event of a message for which `wanted` holds.
    pub async fn event(&mut self, id: MessageId, wanted: impl Fn(&Deed) -> bool) -> Deed {
        let meant = |event: &&MailEvent| event.message == Some(id) && wanted(&event.deed);
        let told = self.events.wait_for(|events| events.iter().any(|event| meant(&event)));
        let events = soon("an event", told).await.unwrap();
        events.iter().find(meant).unwrap().deed.clone()
    }

    /// Waits until nothing is left to do for a message; all that was told of it.
    pub async fn finished(&mut self, id: MessageId) -> Vec<Deed> {
        self.event(id, |deed| *deed == Deed::Finished).await;
        self.told(id)
    }

    /// What was told of a message so far.
    pub fn told(&self, id: MessageId) -> Vec<Deed> {
        let events = self.events.borrow();
        let of_it = events.iter().filter(|event| event.message == Some(id));
        of_it.map(|event| event.deed.clone()).collect()
    }

    /// How many attempts were told of for a message.
    pub fn attempts(&self, id: MessageId) -> usize {
        attempts(&self.events.borrow(), id)
    }

    /// Waits until this many were told of.
    pub async fn until_attempted(&mut self, id: MessageId, count: usize) {
        let told = self.events.wait_for(|events| attempts(events, id) >= count);
        soon("an attempt", told).await.unwrap();
    }

    /// The notice that was sent about a message.
    pub async fn notice(&mut self, about: MessageId) -> (String, MessageId) {
        let deed = self.event(about, |deed| matches!(deed, Deed::Notified { .. })).await;
        let Deed::Notified { action, notice } = deed else { panic!() };
        (action, notice)
    }

    /// Asks queue as the command line does; the lines of the answer, or the failure's exit code.
    pub async fn ask(&self, verb: &str, argument: Value) -> Result<Vec<Value>, u8> {
        let asked = async {
            loop {
                match ipc::ask(&self.paths(), Role::Queue, verb, argument.to_string()).await {
                    Ok(asking) => return asking,
                    // It is starting.
                    Err(_) => tokio::task::yield_now().await,
                }
            }
        };
        let mut asking = soon("queue", asked).await;
        let mut lines = Vec::new();
        while let Some(line) = soon("an answer", asking.next()).await {
            lines.push(serde_json::from_str(&line.map_err(|failure| failure.exit)?).unwrap());
        }
        Ok(lines)
    }

    /// The rows of a listing.
    pub async fn list(&self, filter: Value) -> Vec<Value> {
        self.ask("queue.list", filter).await.unwrap_or_default()
    }

    /// Waits until a listing has this many rows.
    pub async fn until_listed(&self, filter: Value, rows: usize) -> Vec<Value> {
        let listed = async {
            loop {
                let list = self.list(filter.clone()).await;
                if list.len() == rows {
                    return list;
                }
                tokio::task::yield_now().await;
            }
        };
        soon("a listing", listed).await
    }

    /// Lets queue look at the clock a few times: for what must not follow from that.
    pub async fn tick(&self) {
        let mut interval = tokio::time::interval(crate::TICK);
        for _ in 0..3 {
            interval.tick().await;
        }
    }
}

fn attempts(events: &[MailEvent], id: MessageId) -> usize {
    let attempt = |event: &&MailEvent| {
        event.message == Some(id) && matches!(event.deed, Deed::Attempted { .. })
    };
    events.iter().filter(attempt).count()
}

fn context(
    role: Role,
    incarnation: u64,
    paths: &Paths,
    clock: &Arc<Hands>,
    stop: &watch::Receiver<bool>,
) -> RoleContext {
    RoleContext {
        role,
        paths: paths.clone(),
        incarnation,
        stop: stop.clone(),
        clock: clock.clone(),
        ready: Ready::new(|| {}),
        sockets: Sockets::default(),
    }
}

fn play_control(context: &RoleContext, settings: watch::Receiver<Wanted>) {
    let listener = Listener::open(context).unwrap();
    tokio::spawn(async move {
        loop {
            let Ok(incoming) = listener.accept().await else { return };
            let mut settings = settings.clone();
            tokio::spawn(async move {
                let (outlet, mut inlet) = incoming.link::<FromControl, ToControl>();
                let _ = inlet.receive().await;
                for revision in 1.. {
                    let sections = settings.borrow_and_update().sections();
                    let snapshot = FromControl::Snapshot { revision, sections };
                    if outlet.send(&snapshot, Vec::new()).is_err()
                        || settings.changed().await.is_err()
                    {
                        return;
                    }
                }
            });
        }
    });
}

fn play_ledger(context: &RoleContext, told: watch::Sender<Vec<MailEvent>>) {
    let listener = Listener::open(context).unwrap();
    let told = Arc::new(told);
    tokio::spawn(async move {
        while let Ok(incoming) = listener.accept().await {
            let told = told.clone();
            tokio::spawn(async move {
                let (outlet, mut inlet) = incoming.link::<FromLedger, ToLedger>();
                while let Ok(Some((ToLedger::Events { first, events }, _))) = inlet.receive().await
                {
                    let below = first + events.len() as u64;
                    told.send_modify(|all| all.extend(events));
                    let _ = outlet.send(&FromLedger::Kept(below), Vec::new());
                }
            });
        }
    });
}

/// A message to hand in.
#[derive(Clone)]
pub struct Mail {
    pub sender: Sender,
    pub recipients: Vec<Recipient>,
    pub direction: Direction,
    pub body: String,
    /// 0: nobody waits for the verdict.
    pub budget_milliseconds: u32,
}

/// A message for these recipients.
pub fn to(recipients: &[&str]) -> Mail {
    Mail {
        sender: Sender::Mailbox(SENDER.parse().unwrap()),
        recipients: recipients.iter().map(|to| Recipient::plain(to.parse().unwrap())).collect(),
        direction: Direction::Outgoing,
        body: "Subject: hello\r\n\r\nA clean message.\r\n".to_owned(),
        budget_milliseconds: 0,
    }
}

/// intake, as queue sees it.
pub struct Intake {
    pub outlet: Outlet<IntakeToQueue>,
    pub inlet: Inlet<QueueToIntake>,
    writer: spool::Writer,
    clock: Arc<Hands>,
}

/// Ids are unique over all intakes of a test.
static IDS: AtomicU64 = AtomicU64::new(1 << 40);

impl Intake {
    /// A new intake process.
    pub async fn new(house: &House) -> Self {
        let disk: Arc<dyn world::Disk> = Arc::new(world::RealDisk);
        let options = spool::Options { reserve_octets: Some(0), ..spool::Options::default() };
        let writer = spool::Writer::start(disk, &house.paths().spool(), options).unwrap();
        let (outlet, inlet) = Intake::link(house, &writer).await;
        Intake { outlet, inlet, writer, clock: house.clock.clone() }
    }

    async fn link(
        house: &House,
        writer: &spool::Writer,
    ) -> (Outlet<IntakeToQueue>, Inlet<QueueToIntake>) {
        let (outlet, mut inlet) =
            soon("queue", ipc::connect(&house.context(Role::Intake), Role::Queue)).await;
        // As intake does: no mail is taken before queue has said that it may come.
        let (word, _) = soon("a word", inlet.receive()).await.unwrap().unwrap();
        assert_eq!(word, QueueToIntake::Pressure(None));
        let first = IntakeToQueue::FirstSegment(writer.first_segment());
        outlet.send(&first, Vec::new()).unwrap();
        (outlet, inlet)
    }

    /// The same process connects again.
    pub async fn reconnect(&mut self, house: &House) {
        (self.outlet, self.inlet) = Intake::link(house, &self.writer).await;
    }

    /// Seals a message and does not tell queue.
    pub async fn seal(&self, mail: &Mail) -> (IntakeToQueue, OwnedFd, MessageId) {
        let id = MessageId(IDS.fetch_add(1, Ordering::SeqCst));
        let envelope = envelope(id, mail, world::Clock::now(&*self.clock));
        let mut draft = self.writer.draft(id).unwrap();
        draft.write(mail.body.as_bytes()).unwrap();
        let sealed = draft.seal(&envelope).await.unwrap();
        let body = match sealed.body {
            spool::Body::Memory(octets) => ipc::sealed_memory(&octets).unwrap(),
            spool::Body::File(file) => file,
        };
        let place = sealed.receipt.place();
        let budget_milliseconds = mail.budget_milliseconds;
        (IntakeToQueue::Admit { place, envelope, budget_milliseconds }, body, id)
    }

    /// Hands a message in.
    pub async fn admit(&self, mail: &Mail) -> MessageId {
        let (admit, body, id) = self.seal(mail).await;
        self.outlet.send(&admit, vec![body]).unwrap();
        id
    }

    /// Queue's next answer.
    pub async fn answer(&mut self) -> (MessageId, Admission) {
        loop {
            let (message, _) = soon("an answer", self.inlet.receive()).await.unwrap().unwrap();
            if let QueueToIntake::Answered { id, answer } = message {
                return (id, answer);
            }
        }
    }

    /// Hands a message in and hears that it is kept.
    pub async fn keep(&mut self, mail: &Mail) -> MessageId {
        let id = self.admit(mail).await;
        assert_eq!(self.answer().await, (id, Admission::Kept));
        id
    }
}

/// The envelope of a message.
pub fn envelope(id: MessageId, mail: &Mail, received: Timestamp) -> Envelope {
    Envelope {
        id,
        session: SessionId(1),
        received,
        listener: mail::Listener::Smtp,
        direction: mail.direction,
        client: Client {
            address: "192.0.2.1:25".parse().unwrap(),
            helo: "away.test".into(),
            tls: None,
        },
        sender: mail.sender.clone(),
        recipients: mail.recipients.clone(),
        body: BodyKind::SevenBit,
        smtputf8: false,
        ret: None,
        envid: None,
        size: mail.body.len() as u64,
    }
}

/// The octets behind a descriptor.
pub fn read(descriptors: Vec<OwnedFd>) -> String {
    let file = File::from(descriptors.into_iter().next().expect("a body"));
    let mut octets = vec![0; file.metadata().unwrap().len() as usize];
    file.read_exact_at(&mut octets, 0).unwrap();
    String::from_utf8(octets).unwrap()
}

/// The keeper of the cells.
pub struct Keeper {
    pub outlet: Outlet<KeeperToQueue>,
    pub inlet: Inlet<QueueToKeeper>,
}

impl Keeper {
    pub async fn new(house: &House) -> Self {
        let (outlet, inlet) =
            soon("queue", ipc::connect(&house.context(Role::Inspect), Role::Queue)).await;
        Keeper { outlet, inlet }
    }

    /// Hands a cell to queue that does what the test says.
    pub fn cell(&self, number: u64) -> Cell {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let (outlet, inlet) = ipc::link_over(ours.into(), 1 << 20).unwrap();
        let cell = KeeperToQueue::Cell { cell: number };
        self.outlet.send(&cell, vec![theirs.into()]).unwrap();
        let cell = Cell { outlet, inlet };
        cell.say(&Answer::Ready { landlock: true });
        cell
    }

    /// Hands a cell to queue that does its work.
    pub fn honest_cell(&self, number: u64) -> JoinHandle<()> {
        let mut cell = self.cell(number);
        tokio::spawn(async move { while cell.work().await {} })
    }

    /// The cell that is to be killed.
    pub async fn killed(&mut self) -> u64 {
        let (message, _) = soon("a kill", self.inlet.receive()).await.unwrap().unwrap();
        let QueueToKeeper::Kill { cell } = message else { panic!("{message:?}") };
        cell
    }
}

/// A cell.
pub struct Cell {
    pub outlet: Outlet<Answer>,
    pub inlet: Inlet<Job>,
}

impl Cell {
    pub fn say(&self, answer: &Answer) {
        let _ = self.outlet.send(answer, Vec::new());
    }

    /// The next job, which must be an inspection.
    pub async fn asked(&mut self) -> (u64, MessageId) {
        let (job, _) = soon("a job", self.inlet.receive()).await.unwrap().unwrap();
        let Job::Inspect { job, envelope, .. } = job else { panic!("{job:?}") };
        (job, envelope.id)
    }

    /// Does the next job; false when there will be none.
    pub async fn work(&mut self) -> bool {
        match self.inlet.receive().await {
            Ok(Some((Job::Inspect { job, .. }, descriptors))) => {
                let findings = found(&read(descriptors));
                self.say(&Answer::Inspected {
                    job,
                    findings,
                    used: Used::default(),
                    material: None,
                });
            }
            Ok(Some((Job::Amend { job, .. }, descriptors))) => {
                let mut descriptors = descriptors.into_iter();
                let body = read(vec![descriptors.next().unwrap()]);
                let text = format!("X-Amended: yes\r\n{body}");
                let mut output = File::from(descriptors.next().unwrap());
                output.write_all(text.as_bytes()).unwrap();
                self.say(&Answer::Amended { job, size: text.len() as u64 });
            }
            _ => return false,
        }
        true
    }
}

/// What an honest cell finds.
pub fn found(body: &str) -> Findings {
    let mut findings = Findings::default();
    if body.contains("MALWARE") {
        findings.list.push(Finding::new(
            EngineName::Virus,
            FindingKind::Malware,
            "EICAR-Test-File",
            "1",
            "",
        ));
    }
    if body.contains("PERHAPS SPAM") {
        findings.spam.probability = 0.6;
    }
    findings
}

/// A 2xx of a next hop.
pub fn delivered() -> Outcome {
    Outcome::Delivered(Reply::coded(250, 2, 0, 0, "ok"))
}

/// A 4xx of a next hop.
pub fn deferred() -> Outcome {
    Outcome::Deferred(Reply::coded(451, 4, 3, 0, "not now"))
}

/// A 5xx of a next hop.
pub fn failed() -> Outcome {
    Outcome::Failed(Reply::coded(550, 5, 1, 1, "no such user"))
}

/// deliver, as queue sees it.
pub struct Deliver {
    pub outlet: Outlet<DeliverToQueue>,
    pub inlet: Inlet<QueueToDeliver>,
    pub settled: Vec<u64>,
}

impl Deliver {
    pub async fn new(house: &House) -> Self {
        let (outlet, inlet) =
            soon("queue", ipc::connect(&house.context(Role::Deliver), Role::Queue)).await;
        Deliver { outlet, inlet, settled: Vec::new() }
    }

    async fn next(&mut self) -> Option<(Box<Consignment>, String)> {
        let (message, descriptors) = soon("an order", self.inlet.receive()).await.unwrap().unwrap();
        match message {
            QueueToDeliver::Consign(consignment) => Some((consignment, read(descriptors))),
            QueueToDeliver::Settled { attempt } => {
                self.settled.push(attempt);
                None
            }
        }
    }

    /// The next consignment and its body.
    pub async fn consigned(&mut self) -> (Box<Consignment>, String) {
        loop {
            if let Some(consignment) = self.next().await {
                return consignment;
            }
        }
    }

    /// Waits until this attempt is settled; nothing else may be consigned before.
    pub async fn until_settled(&mut self, attempt: u64) {
        while !self.settled.contains(&attempt) {
            assert!(self.next().await.is_none(), "consigned before it was settled");
        }
    }

    /// Tells how an attempt ended for every recipient alike.
    pub fn end(&self, consignment: &Consignment, outcome: &Outcome) {
        self.end_each(consignment, vec![outcome.clone(); consignment.recipients.len()], false);
    }

    /// Tells how an attempt ended.
    pub fn end_each(&self, consignment: &Consignment, outcomes: Vec<Outcome>, down: bool) {
        let ended = DeliverToQueue::Ended {
            attempt: consignment.attempt,
            outcomes,
            dsn_relayed: false,
            host: "mx.a.test[192.0.2.9]:25".into(),
            tls: None,
            destination_down: down,
            milliseconds: 5,
        };
        self.outlet.send(&ended, Vec::new()).unwrap();
    }
}

/// vault, as queue sees it.
pub struct Vault {
    pub outlet: Outlet<VaultToQueue>,
    pub inlet: Inlet<QueueToVault>,
}

/// What vault is asked to keep.
pub struct Stored {
    pub ticket: u64,
    pub envelope: Envelope,
    pub area: String,
    pub body: String,
}

impl Vault {
    pub async fn new(house: &House) -> Self {
        let (outlet, inlet) =
            soon("queue", ipc::connect(&house.context(Role::Vault), Role::Queue)).await;
        Vault { outlet, inlet }
    }

    /// What vault is asked next.
    pub async fn next(&mut self) -> (QueueToVault, Vec<OwnedFd>) {
        soon("a word to vault", self.inlet.receive()).await.unwrap().unwrap()
    }

    /// The next message to keep.
    pub async fn asked(&mut self) -> Stored {
        let (message, descriptors) = self.next().await;
        let QueueToVault::Store { ticket, envelope, area, .. } = message else {
            panic!("{message:?}")
        };
        Stored { ticket, envelope: *envelope, area, body: read(descriptors) }
    }

    /// Says that a message is kept.
    pub fn stored(&self, ticket: u64) {
        let stored = VaultToQueue::Stored { ticket, item: format!("item-{ticket}") };
        self.outlet.send(&stored, Vec::new()).unwrap();
    }

    /// Releases an item.
    pub fn readmit(&self, item: &str, envelope: &Envelope, body: &str) {
        let readmit = VaultToQueue::Readmit {
            item: item.to_owned(),
            id: envelope.id,
            envelope: Box::new(envelope.clone()),
            skip_rule: "Exception: message could not be scanned".to_owned(),
            actor: "root".to_owned(),
        };
        let body = ipc::sealed_memory(body.as_bytes()).unwrap();
        self.outlet.send(&readmit, vec![body]).unwrap();
    }
}

/// How often each message was consigned.
pub type Counts = HashMap<MessageId, u32>;
