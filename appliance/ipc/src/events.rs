//! Telling the ledger: never on the path of a message, never blocking, resent until kept.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use mail::MailEvent;
use tokio::sync::Notify;

use crate::contracts::{FromLedger, ToLedger};
use crate::{Inlet, Outlet, Role, RoleContext, connect, limits};

/// How long events gather before they are sent: one wake-up of the ledger for many messages.
const GATHER: Duration = Duration::from_millis(25);
/// Events in one frame.
const FRAME_EVENTS: usize = 1000;

#[derive(Default)]
struct Pending {
    fresh: Vec<MailEvent>,
    /// Events of `fresh` and of the frames in flight.
    count: usize,
    dropped: u64,
}

struct Shared {
    pending: Mutex<Pending>,
    wake: Notify,
    empty: Notify,
}

/// A handle for telling events. Cheap to clone.
#[derive(Clone)]
pub struct Events {
    shared: Arc<Shared>,
}

impl Events {
    /// Starts the task that sends events to the ledger.
    #[must_use]
    pub fn start(context: &RoleContext) -> Self {
        let shared = Arc::new(Shared {
            pending: Mutex::default(),
            wake: Notify::new(),
            empty: Notify::new(),
        });
        tokio::spawn(send_all(context.clone(), shared.clone()));
        Events { shared }
    }

    /// Tells one event. When the ledger has been away for so long that memory would run full, the
    /// event is dropped and counted: mail goes on.
    pub fn tell(&self, event: MailEvent) {
        let mut pending = self.shared.pending.lock().unwrap_or_else(PoisonError::into_inner);
        if pending.count >= limits::PENDING_EVENTS {
            pending.dropped += 1;
            if pending.dropped.is_power_of_two() {
                tracing::error!(dropped = pending.dropped, "the ledger is away: events are lost");
            }
            return;
        }
        pending.count += 1;
        pending.fresh.push(event);
        let first = pending.fresh.len() == 1;
        drop(pending);
        if first {
            self.shared.wake.notify_one();
        }
    }

    /// Waits until everything told so far is kept, at most `wait`. True when it is.
    pub async fn flush(&self, wait: Duration) -> bool {
        let emptied = async {
            loop {
                let waiting = self.shared.empty.notified();
                if self.waiting() == 0 {
                    return;
                }
                waiting.await;
            }
        };
        tokio::time::timeout(wait, emptied).await.is_ok()
    }

    /// Events told and not yet kept.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.shared.pending.lock().unwrap_or_else(PoisonError::into_inner).count
    }
}

/// Frames that were sent and not yet kept, oldest first.
#[derive(Default)]
struct Flight {
    frames: VecDeque<ToLedger>,
    next: u64,
}

async fn send_all(context: RoleContext, shared: Arc<Shared>) {
    let mut flight = Flight::default();
    loop {
        let (outlet, inlet) = connect::<ToLedger, FromLedger>(&context, Role::Ledger).await;
        for frame in &flight.frames {
            let _ = outlet.send(frame, Vec::new());
        }
        converse(&shared, &mut flight, &outlet, inlet).await;
        tokio::time::sleep(limits::PAUSE).await;
    }
}

/// Sends and counts off until the connection ends.
async fn converse(
    shared: &Shared,
    flight: &mut Flight,
    outlet: &Outlet<ToLedger>,
    mut inlet: Inlet<FromLedger>,
) {
    loop {
        tokio::select! {
            kept = inlet.receive() => match kept {
                Ok(Some((FromLedger::Kept(below), _))) => count_off(shared, flight, below),
                _ => return,
            },
            () = gathered(shared) => {
                for frame in take_fresh(shared, flight) {
                    if outlet.send(&frame, Vec::new()).is_err() {
                        flight.frames.push_back(frame);
                        continue;
                    }
                    flight.frames.push_back(frame);
                }
                if outlet.is_closed() {
                    return;
                }
            }
        }
    }
}

/// Resolves a little after the first fresh event. Cancel safe: the events stay where they are.
async fn gathered(shared: &Shared) {
    loop {
        let waiting = shared.wake.notified();
        let some = {
            let pending = shared.pending.lock().unwrap_or_else(PoisonError::into_inner);
            !pending.fresh.is_empty()
        };
        if some {
            tokio::time::sleep(GATHER).await;
            return;
        }
        waiting.await;
    }
}

fn take_fresh(shared: &Shared, flight: &mut Flight) -> Vec<ToLedger> {
    let mut fresh = {
        let mut pending = shared.pending.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut pending.fresh)
    };
    let mut frames = Vec::new();
    while !fresh.is_empty() {
        let rest = if fresh.len() > FRAME_EVENTS { fresh.split_off(FRAME_EVENTS) } else { vec![] };
        let first = flight.next;
        flight.next += fresh.len() as u64;
        frames.push(ToLedger::Events { first, events: fresh });
        fresh = rest;
    }
    frames
}

fn count_off(shared: &Shared, flight: &mut Flight, below: u64) {
    let mut kept = 0;
    while let Some(ToLedger::Events { first, events }) = flight.frames.front() {
        if first + events.len() as u64 > below {
            break;
        }
        kept += events.len();
        flight.frames.pop_front();
    }
    let mut pending = shared.pending.lock().unwrap_or_else(PoisonError::into_inner);
    pending.count = pending.count.saturating_sub(kept);
    if pending.count == 0 {
        shared.empty.notify_waiters();
    }
}
