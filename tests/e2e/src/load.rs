//! Load that knows what was promised: numbered messages over many connections, and the numbers for
//! which the gateway said 250.
//!
//! Each number is sent once and never again, whatever happens to its connection, so a number that
//! arrives twice was doubled by the gateway.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::{Client, Random, mails};

/// What became of the numbers so far.
#[derive(Debug, Default, Clone)]
pub struct Tally {
    /// Numbers of clean messages with 250.
    pub kept: Vec<u64>,
    /// Numbers of messages with the virus test signature and 250.
    pub kept_infected: Vec<u64>,
    /// Messages with 4xx.
    pub postponed: u64,
    /// Messages with 5xx.
    pub refused: u64,
    /// Messages whose connection broke before the reply.
    pub unknown: u64,
}

struct Shared {
    target: SocketAddr,
    next: AtomicU64,
    stop: AtomicBool,
    tally: Mutex<Tally>,
    changed: Condvar,
}

/// A running load.
pub struct Load {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

impl Load {
    /// Starts `connections` connections that send as fast as they are answered.
    #[must_use]
    pub fn start(target: SocketAddr, connections: u64, seed: u64) -> Self {
        let shared = Arc::new(Shared {
            target,
            next: AtomicU64::new(1),
            stop: AtomicBool::new(false),
            tally: Mutex::default(),
            changed: Condvar::new(),
        });
        let start = |thread: u64| {
            let shared = Arc::clone(&shared);
            std::thread::spawn(move || send_until_stopped(&shared, Random::new(seed ^ thread)))
        };
        let threads = (0..connections).map(start).collect();
        Load { shared, threads }
    }

    /// How many messages were acknowledged so far.
    #[must_use]
    pub fn acknowledged(&self) -> u64 {
        count(&self.shared.tally.lock().unwrap())
    }

    /// Waits until `more` messages beyond now are acknowledged; false when they are not in time.
    #[must_use]
    pub fn wait_for_more(&self, more: u64, within: Duration) -> bool {
        let end = Instant::now() + within;
        let mut tally = self.shared.tally.lock().unwrap();
        let goal = count(&tally) + more;
        while count(&tally) < goal {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            tally = self.shared.changed.wait_timeout(tally, left).unwrap().0;
        }
        true
    }

    /// Ends the load and gives the tally.
    #[must_use]
    pub fn finish(self) -> Tally {
        self.shared.stop.store(true, Ordering::Release);
        for thread in self.threads {
            thread.join().unwrap();
        }
        self.shared.tally.lock().unwrap().clone()
    }
}

fn count(tally: &Tally) -> u64 {
    (tally.kept.len() + tally.kept_infected.len()) as u64
}

fn send_until_stopped(shared: &Shared, mut random: Random) {
    while !shared.stop.load(Ordering::Acquire) {
        match Client::greeted(shared.target) {
            Ok(mut client) => send_on(shared, &mut client, &mut random),
            // Nobody listens at this moment: the port comes back with its role.
            Err(_) => std::thread::park_timeout(crate::limits::LOOK),
        }
    }
}

/// Sends over one connection until it breaks, the load ends, or it has had its share of messages.
fn send_on(shared: &Shared, client: &mut Client, random: &mut Random) {
    for _ in 0..=random.below(60) {
        if shared.stop.load(Ordering::Acquire) {
            break;
        }
        let number = shared.next.fetch_add(1, Ordering::Relaxed);
        let infected = random.below(50) == 0;
        let body = body(number, infected, random);
        let reply = client.submit("load@sender.test", &["bob@example.test"], &body);
        let mut tally = shared.tally.lock().unwrap();
        let broken = reply.is_err();
        match reply.map(|reply| reply.code) {
            Ok(250) if infected => tally.kept_infected.push(number),
            Ok(250) => tally.kept.push(number),
            Ok(400..=499) => tally.postponed += 1,
            Ok(_) => tally.refused += 1,
            Err(_) => tally.unknown += 1,
        }
        drop(tally);
        shared.changed.notify_all();
        if broken {
            return;
        }
    }
    let _ = client.command("QUIT");
}

/// Mostly small, some middling, a few large enough to leave memory for a file.
fn body(number: u64, infected: bool, random: &mut Random) -> Vec<u8> {
    let size = match random.below(100) {
        0 => 400_000,
        1..10 => 40_000,
        _ => 500 + random.below(8000) as usize,
    };
    let mut body = mails::numbered(number, size, random);
    if infected {
        body.extend_from_slice(mails::eicar().as_bytes());
        body.extend_from_slice(b"\r\n");
    }
    body
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Sink, limits};

    #[test]
    fn every_acknowledged_number_reached_an_honest_server() {
        let sink = Sink::start();
        let load = Load::start(sink.address(), 4, 1);
        assert!(load.wait_for_more(100, limits::DELIVERY));
        let tally = load.finish();
        let counts = sink.counts();
        assert!(tally.kept.iter().all(|number| counts.get(number) == Some(&1)));
        assert_eq!((tally.refused, tally.unknown), (0, 0));
    }
}
