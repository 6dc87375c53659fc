//! The other ends: a client, and stand-ins for queue, control and ledger that speak ipc.

use std::fs::File;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use ipc::contracts::{
    Admission, FromControl, FromLedger, IntakeToQueue, QueueToIntake, ToControl, ToLedger,
};
use ipc::{Inlet, Outlet, Paths, Ready, Role, RoleContext, Sockets};
use mail::{Deed, Envelope, MailEvent, Reply};
use rustls_pki_types::{CertificateDer, ServerName};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;

use crate::IntakeError;

/// How the stand-in for queue behaves.
#[derive(Debug, Clone)]
pub enum Answering {
    /// Answers each message so.
    With(Admission),
    /// Takes messages and never answers.
    Never,
    /// Closes the connection at the first message; on the next connection it never answers.
    Vanish,
    /// Is not there.
    Absent,
    /// Lets no mail in.
    Pressed(Reply),
}

/// The name of the connections that only ask whether mail may come.
const PROBE: &str = "probe.test";

trait Wire: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin {}
impl<T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin> Wire for T {}

/// An SMTP client that reads whole replies.
pub struct Client {
    wire: BufReader<Box<dyn Wire>>,
}

impl Client {
    pub async fn connect(to: SocketAddr) -> Self {
        let stream = TcpStream::connect(to).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Client { wire: BufReader::new(Box::new(stream)) }
    }

    pub async fn secure(self, certificate: &CertificateDer<'static>) -> Self {
        assert!(self.wire.buffer().is_empty());
        let mut roots = rustls::RootCertStore::empty();
        roots.add(certificate.clone()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::try_from("gatepost.example.test").unwrap();
        let connector = TlsConnector::from(Arc::new(config));
        let stream = connector.connect(name, self.wire.into_inner()).await.unwrap();
        Client { wire: BufReader::new(Box::new(stream)) }
    }

    pub async fn write(&mut self, text: &str) {
        // A server that has closed already is seen by the reply that is read next.
        let _ = self.wire.write_all(text.as_bytes()).await;
        let _ = self.wire.flush().await;
    }

    /// The last line of the next reply, without its line end; empty when there is none.
    pub async fn reply(&mut self) -> String {
        loop {
            let mut line = String::new();
            if self.wire.read_line(&mut line).await.unwrap() == 0 {
                return String::new();
            }
            let line = line.strip_suffix("\r\n").unwrap().to_owned();
            if line.as_bytes().get(3) != Some(&b'-') {
                return line;
            }
        }
    }

    pub async fn say(&mut self, text: &str) -> String {
        self.write(text).await;
        self.reply().await
    }

    /// True when nothing more comes.
    pub async fn ended(&mut self) -> bool {
        let mut rest = Vec::new();
        self.wire.read_to_end(&mut rest).await.is_err() || rest.is_empty()
    }
}

/// A state folder with listening sockets, before the role runs.
pub struct Prepared {
    folder: tempfile::TempDir,
    pub smtp: SocketAddr,
    submissions: SocketAddr,
    submission: SocketAddr,
    sockets: Sockets,
    certificate: CertificateDer<'static>,
}

/// The role under test with its neighbours.
pub struct World {
    _folder: tempfile::TempDir,
    pub smtp: SocketAddr,
    pub submissions: SocketAddr,
    pub submission: SocketAddr,
    pub certificate: CertificateDer<'static>,
    admitted: mpsc::UnboundedReceiver<(Envelope, Vec<u8>)>,
    events: mpsc::UnboundedReceiver<MailEvent>,
    pressed: Arc<Notify>,
    settings: watch::Sender<Value>,
    stop: watch::Sender<bool>,
    role: JoinHandle<Result<(), IntakeError>>,
    neighbours: Vec<JoinHandle<()>>,
}

fn bind() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

impl World {
    pub fn prepare() -> Prepared {
        let folder = tempfile::tempdir().unwrap();
        let paths = Paths::new(folder.path());
        for needed in [paths.run(), paths.spool(), paths.tls()] {
            std::fs::create_dir_all(needed).unwrap();
        }
        let name = "gatepost.example.test".to_owned();
        let made = rcgen::generate_simple_self_signed(vec![name]).unwrap();
        std::fs::write(paths.tls().join("smtp.pem"), made.cert.pem()).unwrap();
        std::fs::write(paths.tls().join("smtp.key"), made.signing_key.serialize_pem()).unwrap();
        let [smtp, submissions, submission] = [bind(), bind(), bind()];
        let sockets = Sockets::new(vec![
            ("smtp".to_owned(), smtp.0.into()),
            ("submissions".to_owned(), submissions.0.into()),
            ("submission".to_owned(), submission.0.into()),
        ]);
        Prepared {
            folder,
            smtp: smtp.1,
            submissions: submissions.1,
            submission: submission.1,
            sockets,
            certificate: made.cert.der().clone(),
        }
    }

    pub async fn start(settings: Value) -> World {
        World::start_with(settings, Answering::With(Admission::Kept)).await
    }

    pub async fn start_with(settings: Value, answering: Answering) -> World {
        World::prepare().run(settings, answering).await
    }

    /// The next message that queue was handed.
    pub async fn admitted(&mut self) -> (Envelope, Vec<u8>) {
        self.admitted.recv().await.unwrap()
    }

    pub fn nothing_admitted(&self) -> bool {
        self.admitted.is_empty()
    }

    /// Waits until queue has told its pressure.
    pub async fn pressed(&mut self) {
        self.pressed.notified().await;
    }

    /// The next event of a kind.
    pub async fn event(&mut self, fits: impl Fn(&Deed) -> bool) -> MailEvent {
        loop {
            let event = self.events.recv().await.unwrap();
            let probe = matches!(&event.deed, Deed::SessionEnded { helo, .. } if helo == PROBE);
            if !probe && fits(&event.deed) {
                return event;
            }
        }
    }

    pub fn change(&self, settings: Value) {
        self.settings.send(settings).unwrap();
    }

    pub async fn stop(self) {
        self.stop.send(true).unwrap();
        self.role.await.unwrap().unwrap();
        for neighbour in self.neighbours {
            neighbour.abort();
        }
    }
}

impl Prepared {
    pub async fn run(self, settings: Value, answering: Answering) -> World {
        let (stop, stopped) = watch::channel(false);
        let (ready, is_ready) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let told = is_ready.clone();
        let context = |role| RoleContext {
            role,
            paths: Paths::new(self.folder.path()),
            incarnation: 1,
            stop: stopped.clone(),
            clock: Arc::new(world::RealClock),
            ready: Ready::new({
                let told = told.clone();
                move || told.notify_one()
            }),
            sockets: self.sockets.clone(),
        };
        let (settings, changes) = watch::channel(settings);
        let (events_in, events) = mpsc::unbounded_channel();
        let (admitted_in, admitted) = mpsc::unbounded_channel();
        let serves = !matches!(answering, Answering::Absent);
        let mut neighbours = vec![
            tokio::spawn(control(listener(&context(Role::Control)), changes)),
            tokio::spawn(ledger(listener(&context(Role::Ledger)), events_in)),
        ];
        if serves {
            let queue = listener(&context(Role::Queue));
            neighbours.push(tokio::spawn(queue_role(
                queue,
                answering.clone(),
                admitted_in,
                ready.clone(),
            )));
        }
        let role = tokio::spawn(crate::run(context(Role::Intake)));
        is_ready.notified().await;
        let mut world = World {
            smtp: self.smtp,
            submissions: self.submissions,
            submission: self.submission,
            certificate: self.certificate,
            _folder: self.folder,
            admitted,
            events,
            pressed: ready,
            settings,
            stop,
            role,
            neighbours,
        };
        if serves && !matches!(answering, Answering::Pressed(_)) {
            world.wait_for_queue().await;
        }
        world
    }
}

impl World {
    /// Waits until intake has heard that mail may come: MAIL is the way to ask.
    async fn wait_for_queue(&mut self) {
        self.pressed().await;
        let probe = async {
            loop {
                let mut client = Client::connect(self.smtp).await;
                client.reply().await;
                client.say(&format!("EHLO {PROBE}\r\n")).await;
                let said = client.say("MAIL FROM:<>\r\n").await;
                client.say("QUIT\r\n").await;
                client.ended().await;
                if !said.starts_with("451") {
                    return;
                }
                tokio::task::yield_now().await;
            }
        };
        let _ = tokio::time::timeout(std::time::Duration::from_secs(10), probe).await;
    }
}

fn listener(context: &RoleContext) -> ipc::Listener {
    ipc::Listener::open(context).unwrap()
}

async fn control(listener: ipc::Listener, changes: watch::Receiver<Value>) {
    while let Ok(incoming) = listener.accept().await {
        let (outlet, mut inlet): (Outlet<FromControl>, Inlet<ToControl>) = incoming.link();
        let mut changes = changes.clone();
        tokio::spawn(async move {
            let _ = inlet.receive().await;
            let mut revision = 0;
            loop {
                revision += 1;
                let sections = json!({"receiving": *changes.borrow_and_update()}).to_string();
                let snapshot = FromControl::Snapshot { revision, sections };
                if outlet.send(&snapshot, vec![]).is_err() || changes.changed().await.is_err() {
                    return;
                }
            }
        });
    }
}

async fn ledger(listener: ipc::Listener, told: mpsc::UnboundedSender<MailEvent>) {
    while let Ok(incoming) = listener.accept().await {
        let (outlet, mut inlet): (Outlet<FromLedger>, Inlet<ToLedger>) = incoming.link();
        while let Ok(Some((ToLedger::Events { first, events }, _))) = inlet.receive().await {
            let kept = first + events.len() as u64;
            for event in events {
                let _ = told.send(event);
            }
            let _ = outlet.send(&FromLedger::Kept(kept), vec![]);
        }
    }
}

async fn queue_role(
    listener: ipc::Listener,
    mut answering: Answering,
    admitted: mpsc::UnboundedSender<(Envelope, Vec<u8>)>,
    pressed: Arc<Notify>,
) {
    while let Ok(incoming) = listener.accept().await {
        let (outlet, inlet) = incoming.link();
        let pressure = match &answering {
            Answering::Pressed(reply) => Some(reply.clone()),
            _ => None,
        };
        outlet.send(&QueueToIntake::Pressure(pressure), vec![]).unwrap();
        pressed.notify_one();
        take_mail(&outlet, inlet, &answering, &admitted).await;
        if matches!(answering, Answering::Vanish) {
            answering = Answering::Never;
        }
    }
}

async fn take_mail(
    outlet: &Outlet<QueueToIntake>,
    mut inlet: Inlet<IntakeToQueue>,
    answering: &Answering,
    admitted: &mpsc::UnboundedSender<(Envelope, Vec<u8>)>,
) {
    while let Ok(Some((message, mut descriptors))) = inlet.receive().await {
        let IntakeToQueue::Admit { envelope, .. } = message else { continue };
        let mut body = Vec::new();
        let file = File::from(descriptors.pop().unwrap());
        read_whole(&file, &mut body);
        let id = envelope.id;
        let _ = admitted.send((envelope, body));
        match answering {
            Answering::With(answer) => {
                let answer = answer.clone();
                let _ = outlet.send(&QueueToIntake::Answered { id, answer }, vec![]);
            }
            Answering::Vanish => return,
            _ => {}
        }
    }
}

/// Reads by offset: descriptors of one file share their position.
fn read_whole(file: &File, body: &mut Vec<u8>) {
    body.resize(usize::try_from(file.metadata().unwrap().len()).unwrap(), 0);
    file.read_exact_at(body, 0).unwrap();
}
