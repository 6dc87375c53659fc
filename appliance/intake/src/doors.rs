//! The listening sockets: who may come in, and how many at a time.
//!
//! The accept loop survives a shortage of descriptors and a storm of connections; a client that is
//! turned away costs one reply and no task.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use mail::{Listener, Reply};
use nix::sys::socket::{setsockopt, sockopt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

use crate::Intake;
use crate::connection;
use crate::record::Visit;
use crate::relay;
use crate::wire;

/// The sockets by the name under which they are passed in.
pub const DOORS: [(&str, Listener); 3] = [
    ("smtp", Listener::Smtp),
    ("submissions", Listener::Submissions),
    ("submission", Listener::Submission),
];

/// Connections that are open, in all and by client.
#[derive(Debug, Default)]
pub struct Crowd {
    total: AtomicUsize,
    clients: Mutex<HashMap<IpAddr, u32>>,
    emptied: Notify,
}

/// A place among the connections; given back when it is dropped.
#[derive(Debug)]
pub struct Slot {
    crowd: Arc<Crowd>,
    client: IpAddr,
}

impl Crowd {
    /// A place for a client, unless there are too many already. 0 = no limit.
    ///
    /// # Errors
    /// The 421 for the client.
    pub fn enter(
        self: &Arc<Self>,
        client: IpAddr,
        maximum: u32,
        maximum_per_client: u32,
    ) -> Result<Slot, Reply> {
        if maximum != 0 && self.total.load(Ordering::Relaxed) >= maximum as usize {
            return Err(Reply::coded(421, 4, 3, 2, "Too many connections, try again later"));
        }
        let client = neighbourhood(client);
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        let count = clients.entry(client).or_default();
        if maximum_per_client != 0 && *count >= maximum_per_client {
            return Err(Reply::coded(421, 4, 7, 0, "Too many connections from your address"));
        }
        *count += 1;
        self.total.fetch_add(1, Ordering::Relaxed);
        Ok(Slot { crowd: self.clone(), client })
    }

    /// Resolves when nobody is there.
    pub async fn empty(&self) {
        loop {
            let emptied = self.emptied.notified();
            if self.total.load(Ordering::Relaxed) == 0 {
                return;
            }
            emptied.await;
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut clients = self.crowd.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = clients.get_mut(&self.client) {
            *count -= 1;
            if *count == 0 {
                clients.remove(&self.client);
            }
        }
        drop(clients);
        if self.crowd.total.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.crowd.emptied.notify_waiters();
        }
    }
}

/// What counts as one client: an IPv4 address, or the /64 that one IPv6 host can pick from.
fn neighbourhood(client: IpAddr) -> IpAddr {
    match client.to_canonical() {
        IpAddr::V6(six) => IpAddr::V6((six.to_bits() >> 64 << 64).into()),
        four => four,
    }
}

/// Makes a socket that was passed in ready for accepting.
///
/// # Errors
/// The kernel's.
pub fn open(socket: std::net::TcpListener) -> io::Result<TcpListener> {
    socket.set_nonblocking(true)?;
    // Accepted sockets inherit this, which saves a call for each of them.
    setsockopt(&socket.as_fd(), sockopt::TcpNoDelay, &true)?;
    TcpListener::from_std(socket)
}

/// Pause after a failed accept: most failures are a shortage that passes as connections end.
const SHORTAGE_PAUSE: Duration = Duration::from_millis(50);

/// Accepts until the task is dropped.
pub async fn serve(intake: Arc<Intake>, socket: TcpListener, listener: Listener) {
    loop {
        match socket.accept().await {
            Ok((stream, client)) => welcome(&intake, stream, client, listener),
            Err(error) => {
                tracing::warn!(%error, "accepting a connection failed");
                tokio::time::sleep(SHORTAGE_PAUSE).await;
            }
        }
    }
}

fn welcome(intake: &Arc<Intake>, stream: TcpStream, client: SocketAddr, listener: Listener) {
    let setup = intake.setup();
    if !setup.serves(listener) {
        return;
    }
    let settings = &setup.settings;
    let visit = Visit { session: intake.next_session(), client, listener };
    let slot = relay::connection(settings, client.ip()).and_then(|()| {
        let limits = (settings.maximum_connections, settings.maximum_connections_per_client);
        intake.crowd.enter(client.ip(), limits.0, limits.1)
    });
    match slot {
        Ok(slot) => {
            tokio::spawn(connection::serve(intake.clone(), setup, visit, stream, slot));
        }
        Err(reply) => turn_away(intake, &stream, visit, &reply),
    }
}

/// One reply and out. Under implicit TLS there is nobody to hear it.
fn turn_away(intake: &Intake, stream: &TcpStream, visit: Visit, reply: &Reply) {
    if visit.listener != Listener::Submissions {
        let mut words = Vec::with_capacity(128);
        smtp::server::write_reply(&mut words, reply);
        wire::write_at_once(stream, &words);
    }
    intake.recorder.turned_away(intake.now(), visit, reply);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn places_are_counted_by_client_and_given_back() {
        let crowd = Arc::new(Crowd::default());
        let first = crowd.enter(ip("192.0.2.1"), 3, 2).unwrap();
        let _second = crowd.enter(ip("::ffff:192.0.2.1"), 3, 2).unwrap();
        assert_eq!(crowd.enter(ip("192.0.2.1"), 3, 2).unwrap_err().code(), 421);
        let _other = crowd.enter(ip("192.0.2.2"), 3, 2).unwrap();
        assert!(crowd.enter(ip("192.0.2.3"), 3, 2).is_err());
        drop(first);
        assert!(crowd.enter(ip("192.0.2.1"), 3, 2).is_ok());
    }

    #[test]
    fn a_whole_ipv6_network_is_one_client() {
        let crowd = Arc::new(Crowd::default());
        let _one = crowd.enter(ip("2001:db8::1"), 0, 1).unwrap();
        assert!(crowd.enter(ip("2001:db8::ffff:2"), 0, 1).is_err());
        assert!(crowd.enter(ip("2001:db8:0:1::1"), 0, 1).is_ok());
    }

    #[test]
    fn no_place_is_leaked() {
        let crowd = Arc::new(Crowd::default());
        for number in 0..1000_u32 {
            drop(crowd.enter(IpAddr::V4(number.into()), 0, 0).unwrap());
        }
        assert_eq!(crowd.total.load(Ordering::Relaxed), 0);
        assert!(crowd.clients.lock().unwrap().is_empty());
    }
}
