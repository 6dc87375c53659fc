//! Connections between roles on tokio: an [`Outlet`] that never blocks and an [`Inlet`] to await.

use std::collections::VecDeque;
use std::io;
use std::marker::PhantomData;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream as StdUnixStream;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, recvmsg, sendmsg,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::Interest;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Notify, Semaphore, mpsc};

use crate::contracts::Hello;
use crate::frame::{self, FrameError};
use crate::{Role, RoleContext, limits};

/// Why a connection ended or could not be made.
#[derive(Debug, thiserror::Error)]
pub enum IpcError {
    /// The system call failed.
    #[error("{deed} failed")]
    System {
        /// What was being done.
        deed: &'static str,
        /// The kernel's word.
        #[source]
        source: io::Error,
    },
    /// The peer sent what is no frame.
    #[error("the peer broke the protocol")]
    Frame(#[from] FrameError),
    /// The caller left before it said who it is.
    #[error("the caller left before it said who it is")]
    LeftUnnamed,
    /// The peer announced descriptors that did not come.
    #[error("a frame came without its descriptors")]
    MissingDescriptors,
    /// The peer may not call here.
    #[error("{role:?} was claimed by the user id {uid}, which may not be it")]
    Stranger {
        /// The role it claims.
        role: Role,
        /// Its user id.
        uid: u32,
    },
    /// The socket cannot be made.
    #[error("cannot listen on {path}")]
    Listen {
        /// The path.
        path: PathBuf,
        /// The kernel's word.
        #[source]
        source: io::Error,
    },
}

fn system(deed: &'static str) -> impl FnOnce(io::Error) -> IpcError {
    move |source| IpcError::System { deed, source }
}

/// The peer is gone; nothing more can be sent to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the connection is closed")]
pub struct Closed;

/// Octets waiting to be written, with the descriptors that go with them.
#[derive(Default)]
struct Pending {
    octets: Vec<u8>,
    /// Offset in `octets` of the frame each descriptor belongs to.
    descriptors: VecDeque<(usize, OwnedFd)>,
}

struct Shared {
    stream: UnixStream,
    pending: Mutex<Pending>,
    /// Octets that were sent and that the kernel has not taken yet.
    backlog: AtomicUsize,
    wake: Notify,
    /// Told when the kernel has taken some, and at the end.
    drained: Notify,
    closed: AtomicBool,
    /// How many outlets there are.
    outlets: AtomicUsize,
}

impl Shared {
    /// Takes nothing more in either direction; what is pending already is still written.
    fn close(&self) {
        self.closed.store(true, Ordering::Release);
        let _ = rustix::net::shutdown(self.stream.as_fd(), rustix::net::Shutdown::Read);
        self.wake.notify_one();
        self.drained.notify_waiters();
    }
}

/// The sending half of a connection. Cheap to clone; sends in the order of the calls.
pub struct Outlet<S> {
    shared: Arc<Shared>,
    kind: PhantomData<fn(&S)>,
}

impl<S> Outlet<S> {
    fn over(shared: &Arc<Shared>) -> Self {
        shared.outlets.fetch_add(1, Ordering::AcqRel);
        Outlet { shared: shared.clone(), kind: PhantomData }
    }
}

impl<S> Clone for Outlet<S> {
    fn clone(&self) -> Self {
        Outlet::over(&self.shared)
    }
}

impl<S> Drop for Outlet<S> {
    fn drop(&mut self) {
        // When the last one goes, the writer task writes what is left and ends.
        if self.shared.outlets.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.shared.wake.notify_one();
        }
    }
}

impl<S: Serialize> Outlet<S> {
    /// Sends one message. Never blocks: it is written by a task of its own, many at a time.
    ///
    /// # Errors
    /// [`Closed`] when the peer is gone (or the message is over the frame limit, which ends the
    /// connection, since a message that silently goes missing would be worse).
    pub fn send(&self, message: &S, descriptors: Vec<OwnedFd>) -> Result<(), Closed> {
        if self.is_closed() {
            return Err(Closed);
        }
        let mut pending = self.shared.pending.lock().unwrap_or_else(PoisonError::into_inner);
        let at = pending.octets.len();
        if let Err(error) = frame::encode(&mut pending.octets, message, descriptors.len()) {
            tracing::error!(%error, "a message could not be framed; the connection is closed");
            drop(pending);
            self.shared.close();
            return Err(Closed);
        }
        pending.descriptors.extend(descriptors.into_iter().map(|descriptor| (at, descriptor)));
        self.shared.backlog.fetch_add(pending.octets.len() - at, Ordering::AcqRel);
        drop(pending);
        self.shared.wake.notify_one();
        Ok(())
    }

    /// Resolves when fewer than `octets` wait to be taken by the peer, or when it is gone. For
    /// answers of any length, so that a slow reader does not fill our memory.
    pub async fn has_room(&self, octets: usize) {
        loop {
            let drained = self.shared.drained.notified();
            if self.is_closed() || self.shared.backlog.load(Ordering::Acquire) < octets {
                return;
            }
            drained.await;
        }
    }

    /// True when the peer is gone.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.shared.closed.load(Ordering::Acquire)
    }

    /// Ends the connection from this side; what is waiting already is still sent.
    pub fn close(&self) {
        self.shared.close();
    }
}

/// Writes what is pending until the connection or the last outlet is gone.
async fn write_all(shared: Arc<Shared>) {
    loop {
        let mut batch = {
            let mut pending = shared.pending.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *pending)
        };
        if batch.octets.is_empty() {
            if shared.closed.load(Ordering::Acquire) || shared.outlets.load(Ordering::Acquire) == 0
            {
                let _ = rustix::net::shutdown(shared.stream.as_fd(), rustix::net::Shutdown::Write);
                return;
            }
            shared.wake.notified().await;
            continue;
        }
        if let Err(error) = write_batch(&shared, &mut batch).await {
            tracing::debug!(%error, "writing to a peer ended");
            shared.close();
            return;
        }
    }
}

/// Descriptors in one system call; the kernel's own limit is 253.
const DESCRIPTORS_A_CALL: usize = 128;

async fn write_batch(shared: &Shared, batch: &mut Pending) -> io::Result<()> {
    let stream = &shared.stream;
    let mut at = 0;
    while at < batch.octets.len() {
        let (end, carried) = span(batch, at);
        let octets = batch.octets.get(at..end).unwrap_or_default();
        let descriptors: Vec<BorrowedFd<'_>> =
            batch.descriptors.iter().take(carried).map(|(_, fd)| fd.as_fd()).collect();
        let sent =
            stream.async_io(Interest::WRITABLE, || send_once(stream, octets, &descriptors)).await?;
        drop(descriptors);
        // Descriptors go with the first octet: the call that sent any octet has sent them all.
        batch.descriptors.drain(..carried);
        at += sent;
        shared.backlog.fetch_sub(sent, Ordering::AcqRel);
        shared.drained.notify_waiters();
    }
    Ok(())
}

/// How far one call may go from `at`, and how many descriptors go with it.
fn span(batch: &Pending, at: usize) -> (usize, usize) {
    let whole = batch.octets.len();
    if batch.descriptors.len() <= DESCRIPTORS_A_CALL {
        return (whole, batch.descriptors.len());
    }
    // Stop before the frame of the first descriptor that finds no room.
    let end = batch.descriptors.get(DESCRIPTORS_A_CALL).map_or(whole, |(offset, _)| *offset);
    let carried = batch.descriptors.iter().take_while(|(offset, _)| *offset < end).count();
    if end > at { (end, carried) } else { (whole, carried) }
}

fn send_once(
    stream: &UnixStream,
    octets: &[u8],
    descriptors: &[BorrowedFd<'_>],
) -> io::Result<usize> {
    let mut space = [std::mem::MaybeUninit::uninit();
        rustix::cmsg_space!(ScmRights(DESCRIPTORS_A_CALL + limits::DESCRIPTORS))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !descriptors.is_empty() && !control.push(SendAncillaryMessage::ScmRights(descriptors)) {
        return Err(io::Error::other("too many descriptors for one call"));
    }
    let slices = [io::IoSlice::new(octets)];
    Ok(sendmsg(stream, &slices, &mut control, SendFlags::NOSIGNAL | SendFlags::DONTWAIT)?)
}

/// The receiving half of a connection.
pub struct Inlet<R> {
    reader: Reader,
    kind: PhantomData<fn() -> R>,
}

/// The receiving half without the type of its messages. Closes the connection when it goes.
struct Reader {
    shared: Arc<Shared>,
    inbox: Inbox,
    descriptors: VecDeque<OwnedFd>,
    limit: usize,
}

/// Octets of room made at once.
const READ_OCTETS: usize = 64 * 1024;

/// Octets that have come and were not handed out yet. Its room is made once and used again: a fresh
/// one for every system call would have to be zeroed each time.
#[derive(Default)]
pub(crate) struct Inbox {
    room: Vec<u8>,
    taken: usize,
    filled: usize,
}

impl Inbox {
    /// What can be read now.
    pub(crate) fn octets(&self) -> &[u8] {
        self.room.get(self.taken..self.filled).unwrap_or_default()
    }

    /// Octets of it were used.
    pub(crate) fn take(&mut self, octets: usize) {
        self.taken += octets;
        if self.taken >= self.filled {
            self.taken = 0;
            self.filled = 0;
        }
    }

    /// Room for one more read; what is left moves to the front.
    fn free(&mut self) -> &mut [u8] {
        if self.taken > 0 {
            self.room.copy_within(self.taken..self.filled, 0);
            self.filled -= self.taken;
            self.taken = 0;
        }
        if self.room.len() - self.filled < READ_OCTETS / 2 {
            let doubled = (self.room.len() * 2).max(READ_OCTETS);
            self.room.resize(doubled, 0);
        }
        self.room.get_mut(self.filled..).unwrap_or_default()
    }
}

impl<R: DeserializeOwned> Inlet<R> {
    /// The next message with its descriptors; `None` when the peer has closed. Cancel safe.
    ///
    /// # Errors
    /// A peer that breaks the protocol, or the kernel's error. The connection is then closed.
    pub async fn receive(&mut self) -> Result<Option<(R, Vec<OwnedFd>)>, IpcError> {
        loop {
            match self.reader.take() {
                Ok(Some(message)) => return Ok(Some(message)),
                Ok(None) => {}
                Err(error) => {
                    self.reader.shared.close();
                    return Err(error);
                }
            }
            if self.reader.fill().await? == 0 {
                self.reader.shared.close();
                return Ok(None);
            }
        }
    }
}

impl Reader {
    /// The next message if it has come already.
    fn take<R: DeserializeOwned>(&mut self) -> Result<Option<(R, Vec<OwnedFd>)>, IpcError> {
        let rest = self.inbox.octets();
        let Some(found) = frame::find(rest, self.limit)? else {
            return Ok(None);
        };
        if self.descriptors.len() < found.descriptors {
            return Err(IpcError::MissingDescriptors);
        }
        let value = frame::decode(rest.get(..found.octets).unwrap_or_default())?;
        self.inbox.take(found.octets);
        Ok(Some((value, self.descriptors.drain(..found.descriptors).collect())))
    }

    async fn fill(&mut self) -> Result<usize, IpcError> {
        let shared = self.shared.clone();
        let (inbox, descriptors) = (&mut self.inbox, &mut self.descriptors);
        shared
            .stream
            .async_io(Interest::READABLE, || receive_once(&shared.stream, inbox, descriptors))
            .await
            .map_err(system("receiving from a peer"))
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.shared.close();
    }
}

/// One system call: octets into the inbox, descriptors behind those that wait.
pub(crate) fn receive_once(
    stream: impl AsFd,
    inbox: &mut Inbox,
    descriptors: &mut VecDeque<OwnedFd>,
) -> io::Result<usize> {
    let mut space = [std::mem::MaybeUninit::uninit();
        rustix::cmsg_space!(ScmRights(DESCRIPTORS_A_CALL + limits::DESCRIPTORS))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut slices = [io::IoSliceMut::new(inbox.free())];
    let received = recvmsg(stream, &mut slices, &mut control, RecvFlags::CMSG_CLOEXEC)?;
    inbox.filled += received.bytes;
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(rights) = message {
            descriptors.extend(rights);
        }
    }
    Ok(received.bytes)
}

/// Makes the two halves of a connection over a connected Unix stream socket. `limit` bounds the
/// frames that the peer may send, in octets. Must be called inside a tokio runtime.
///
/// # Errors
/// The kernel's, when the descriptor is no stream socket.
pub fn link_over<S, R>(socket: OwnedFd, limit: usize) -> Result<(Outlet<S>, Inlet<R>), IpcError> {
    let stream = StdUnixStream::from(socket);
    stream.set_nonblocking(true).map_err(system("making a socket non-blocking"))?;
    let stream = UnixStream::from_std(stream).map_err(system("registering a socket"))?;
    Ok(halves(stream, limit))
}

fn halves<S, R>(stream: UnixStream, limit: usize) -> (Outlet<S>, Inlet<R>) {
    let shared = Arc::new(Shared {
        stream,
        pending: Mutex::default(),
        backlog: AtomicUsize::new(0),
        wake: Notify::new(),
        drained: Notify::new(),
        closed: AtomicBool::new(false),
        outlets: AtomicUsize::new(0),
    });
    let outlet = Outlet::over(&shared);
    tokio::spawn(write_all(shared.clone()));
    let reader = Reader {
        shared: shared.clone(),
        inbox: Inbox::default(),
        descriptors: VecDeque::new(),
        limit,
    };
    (outlet, Inlet { reader, kind: PhantomData })
}

/// Connects to a role, waiting until it is there, and says who calls.
pub async fn connect<S: Serialize, R: DeserializeOwned>(
    context: &RoleContext,
    to: Role,
) -> (Outlet<S>, Inlet<R>) {
    let path = context.paths.socket(to);
    let mut wait = Duration::from_millis(5);
    loop {
        let hello = Hello { role: context.role, incarnation: context.incarnation };
        if let Ok(stream) = UnixStream::connect(&path).await {
            return greet(stream, &hello);
        }
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(Duration::from_millis(200));
    }
}

/// Says hello on a fresh connection and retypes it.
pub(crate) fn greet<S, R>(stream: UnixStream, hello: &Hello) -> (Outlet<S>, Inlet<R>) {
    let (outlet, inlet) = halves::<Hello, R>(stream, limits::FRAME_OCTETS);
    // A peer that is gone already shows at the first use of the connection.
    let _ = outlet.send(hello, Vec::new());
    (Outlet::over(&outlet.shared), inlet)
}

/// A role's own socket. Callers are heard side by side: one that does not say who it is keeps no
/// other waiting.
pub struct Listener {
    callers: tokio::sync::Mutex<mpsc::Receiver<Result<Incoming, IpcError>>>,
    accepting: tokio::task::AbortHandle,
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// A caller that has said who it is.
pub struct Incoming {
    /// Who.
    pub hello: Hello,
    outlet: Outlet<Hello>,
    inlet: Inlet<Hello>,
}

impl Incoming {
    /// The two halves of the connection, in the types of this edge.
    #[must_use]
    pub fn link<S, R>(self) -> (Outlet<S>, Inlet<R>) {
        let outlet = Outlet::over(&self.outlet.shared);
        (outlet, Inlet { reader: self.inlet.reader, kind: PhantomData })
    }
}

/// Longest wait for the hello of a caller.
const HELLO_WAIT: Duration = Duration::from_secs(5);

impl Listener {
    /// The role's socket: passed in by the supervisor under the name `ipc`, or made here.
    ///
    /// # Errors
    /// [`IpcError::Listen`] when the path cannot be bound.
    pub fn open(context: &RoleContext) -> Result<Self, IpcError> {
        let path = context.paths.socket(context.role);
        let failed = |source| IpcError::Listen { path: path.clone(), source };
        let listener = match context.sockets.take_unix("ipc") {
            Some(listener) => listener,
            None => {
                let _ = std::fs::remove_file(&path);
                std::os::unix::net::UnixListener::bind(&path).map_err(failed)?
            }
        };
        listener.set_nonblocking(true).map_err(failed)?;
        let listener = UnixListener::from_std(listener).map_err(failed)?;
        let (heard, callers) = mpsc::channel(1);
        let accepting = tokio::spawn(accept_all(listener, heard)).abort_handle();
        Ok(Listener { callers: tokio::sync::Mutex::new(callers), accepting })
    }

    /// The next caller whose hello is in order. Callers that break the rules are dropped, logged.
    ///
    /// # Errors
    /// The kernel's, when nobody can be accepted just now; it is tried again.
    pub async fn accept(&self) -> Result<Incoming, IpcError> {
        match self.callers.lock().await.recv().await {
            Some(caller) => caller,
            // The task ends with the runtime only.
            None => std::future::pending().await,
        }
    }
}

/// Accepts callers for ever and hears each out beside the others.
async fn accept_all(listener: UnixListener, heard: mpsc::Sender<Result<Incoming, IpcError>>) {
    let hearing = Arc::new(Semaphore::new(limits::UNHEARD_CALLERS));
    loop {
        let Ok(permit) = hearing.clone().acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => {
                let heard = heard.clone();
                tokio::spawn(async move {
                    let caller = tokio::time::timeout(HELLO_WAIT, welcome(stream)).await;
                    drop(permit);
                    match caller {
                        // A role that no longer accepts wants nobody.
                        Ok(Ok(incoming)) => drop(heard.send(Ok(incoming)).await),
                        Ok(Err(error)) => tracing::warn!(%error, "a caller was turned away"),
                        Err(_) => tracing::warn!("a caller did not say who it is"),
                    }
                });
            }
            Err(error) => {
                let failed = heard.send(Err(system("accepting a peer")(error))).await;
                if failed.is_err() {
                    return;
                }
                // Descriptors are short, say: give those that have them time to end.
                tokio::time::sleep(limits::PAUSE).await;
            }
        }
    }
}

async fn welcome(stream: UnixStream) -> Result<Incoming, IpcError> {
    let peer = stream.peer_cred().map_err(system("asking who the peer is"))?;
    let (outlet, mut inlet) = halves::<Hello, Hello>(stream, limits::FRAME_OCTETS);
    let Some((hello, _)) = inlet.receive().await? else {
        return Err(IpcError::LeftUnnamed);
    };
    if !may_be(peer.uid(), hello.role) {
        return Err(IpcError::Stranger { role: hello.role, uid: peer.uid() });
    }
    Ok(Incoming { hello, outlet, inlet })
}

/// Whether a process of this user may speak as this role: our own user (one state directory run by
/// one person), root, or the user that the units give to this role.
fn may_be(uid: u32, role: Role) -> bool {
    if uid == 0 || uid == nix::unistd::geteuid().as_raw() {
        return true;
    }
    let name = format!("gatepost-{}", role.word());
    matches!(nix::unistd::User::from_name(&name), Ok(Some(user)) if user.uid.as_raw() == uid)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contracts::{DeliverToQueue, IntakeToQueue, QueueToIntake, Response};
    use std::os::unix::net::UnixStream as Std;

    type Left = (Outlet<IntakeToQueue>, Inlet<QueueToIntake>);
    type Right = (Outlet<QueueToIntake>, Inlet<IntakeToQueue>);

    fn pair() -> (Left, Right) {
        let (left, right) = Std::pair().unwrap();
        (link_over(left.into(), 1 << 20).unwrap(), link_over(right.into(), 1 << 20).unwrap())
    }

    #[tokio::test]
    async fn many_messages_keep_order_and_descriptors() {
        let ((outlet, _keep), (_back, mut inlet)) = pair();
        for number in 0..1000_u64 {
            let octets = number.to_le_bytes();
            let descriptors = match number % 3 {
                0 => vec![],
                1 => vec![crate::sealed_memory(&octets).unwrap()],
                _ => vec![crate::sealed_memory(&octets).unwrap(), crate::empty_memory().unwrap()],
            };
            outlet.send(&IntakeToQueue::Closed(number), descriptors).unwrap();
        }
        for number in 0..1000_u64 {
            let (message, descriptors) = inlet.receive().await.unwrap().unwrap();
            assert_eq!(message, IntakeToQueue::Closed(number));
            assert_eq!(descriptors.len(), (number % 3) as usize);
            if let Some(first) = descriptors.into_iter().next() {
                let mut octets = [0; 8];
                let file = std::fs::File::from(first);
                std::os::unix::fs::FileExt::read_exact_at(&file, &mut octets, 0).unwrap();
                assert_eq!(u64::from_le_bytes(octets), number);
            }
        }
    }

    #[tokio::test]
    async fn what_was_sent_before_the_end_arrives() {
        let (left, right) = Std::pair().unwrap();
        let (outlet, inlet) = link_over::<Response, QueueToIntake>(left.into(), 1 << 20).unwrap();
        let (_back, mut received) =
            link_over::<DeliverToQueue, Response>(right.into(), 1 << 20).unwrap();
        for _ in 0..5000 {
            outlet.send(&Response::Line("x".repeat(100)), Vec::new()).unwrap();
        }
        drop(outlet);
        drop(inlet);
        let mut lines = 0;
        while let Ok(Some(_)) = received.receive().await {
            lines += 1;
        }
        assert_eq!(lines, 5000);
    }

    #[tokio::test]
    async fn a_peer_that_is_gone_closes_the_outlet() {
        let ((outlet, mut inlet), right) = pair();
        drop(right);
        assert!(inlet.receive().await.unwrap().is_none());
        assert!(outlet.send(&IntakeToQueue::Closed(1), Vec::new()).is_err());
    }

    #[tokio::test]
    async fn a_peer_that_speaks_garbage_is_dropped() {
        let (left, right) = Std::pair().unwrap();
        let (_outlet, mut inlet) =
            link_over::<IntakeToQueue, QueueToIntake>(left.into(), 1 << 20).unwrap();
        io::Write::write_all(&mut &right, &[2, 0, 0, 0, 0, 77, 77]).unwrap();
        assert!(inlet.receive().await.is_err());
    }
}
