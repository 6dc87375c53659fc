//! Destinations: what waits for each, how much runs at a time, and when one is left alone.
//!
//! One dead destination never slows another: each has its own line, its own limit and its own
//! back-off (features B-5).

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use mail::{MessageId, Reply, Timestamp};

use crate::route::Destination;

/// Base of the back-off of a destination that does not answer, in seconds; doubled each time.
const BACK_OFF_SECONDS: u64 = 30;
/// Its end.
const BACK_OFF_MAXIMUM_SECONDS: u64 = 3600;

/// One destination's line.
#[derive(Debug, Default)]
pub(crate) struct Line {
    waiting: VecDeque<(MessageId, usize)>,
    active: u32,
    failures: u32,
    down_until: Option<Timestamp>,
    last_answer: Option<Reply>,
}

/// All destinations.
#[derive(Debug, Default)]
pub(crate) struct Destinations {
    lines: HashMap<Arc<Destination>, Line>,
    /// Lines where something may be able to start.
    dirty: HashSet<Arc<Destination>>,
}

impl Destinations {
    /// Why this destination is left alone now, if it is.
    pub(crate) fn down(
        &self,
        destination: &Destination,
        now: Timestamp,
    ) -> Option<(Timestamp, Reply)> {
        let line = self.lines.get(destination)?;
        let until = line.down_until.filter(|until| now < *until)?;
        let reply = line.last_answer.clone();
        Some((until, reply.unwrap_or_else(|| Reply::coded(451, 4, 4, 1, "no answer from host"))))
    }

    /// Puts a group at the end of the line.
    pub(crate) fn push(&mut self, destination: &Arc<Destination>, id: MessageId, group: usize) {
        self.lines.entry(destination.clone()).or_default().waiting.push_back((id, group));
        self.dirty.insert(destination.clone());
    }

    /// Puts a group back at the head of the line: its attempt never ended.
    pub(crate) fn push_back(
        &mut self,
        destination: &Arc<Destination>,
        id: MessageId,
        group: usize,
    ) {
        let line = self.lines.entry(destination.clone()).or_default();
        line.waiting.push_front((id, group));
        line.active = line.active.saturating_sub(1);
        self.dirty.insert(destination.clone());
    }

    /// The next group that may start anywhere; it counts as active from now on.
    pub(crate) fn next(&mut self) -> Option<(Arc<Destination>, MessageId, usize)> {
        while let Some(destination) = self.dirty.iter().next().cloned() {
            let Some(line) = self.lines.get_mut(&destination) else {
                self.dirty.remove(&destination);
                continue;
            };
            if line.active < destination.connections
                && let Some((id, group)) = line.waiting.pop_front()
            {
                line.active += 1;
                return Some((destination, id, group));
            }
            self.dirty.remove(&destination);
        }
        None
    }

    /// One attempt no longer counts as active.
    pub(crate) fn release(&mut self, destination: &Arc<Destination>) {
        if let Some(line) = self.lines.get_mut(destination) {
            line.active = line.active.saturating_sub(1);
            if !line.waiting.is_empty() {
                self.dirty.insert(destination.clone());
            }
        }
        self.forget_idle();
    }

    /// The destination answered.
    pub(crate) fn up(&mut self, destination: &Destination) {
        if let Some(line) = self.lines.get_mut(destination) {
            line.failures = 0;
            line.down_until = None;
        }
    }

    /// The destination as a whole did not answer. Everything in its line is handed back, to be
    /// put off until the time returned.
    pub(crate) fn fail(
        &mut self,
        destination: &Arc<Destination>,
        reply: &Reply,
        now: Timestamp,
    ) -> (Timestamp, Vec<(MessageId, usize)>) {
        let line = self.lines.entry(destination.clone()).or_default();
        // Attempts that ran side by side and failed together count once.
        if line.down_until.is_none_or(|until| now >= until) {
            line.failures += 1;
        }
        let doubled = BACK_OFF_SECONDS << (line.failures.saturating_sub(1)).min(10);
        let until = now.plus_seconds(doubled.min(BACK_OFF_MAXIMUM_SECONDS));
        line.down_until = Some(until);
        line.last_answer = Some(reply.clone());
        (until, line.waiting.drain(..).collect())
    }

    /// An operator wants everything tried again: no destination is left alone any longer.
    pub(crate) fn forgive(&mut self) {
        for line in self.lines.values_mut() {
            line.down_until = None;
        }
    }

    /// deliver is gone: nothing is active any longer.
    pub(crate) fn nothing_active(&mut self) {
        for (destination, line) in &mut self.lines {
            line.active = 0;
            if !line.waiting.is_empty() {
                self.dirty.insert(destination.clone());
            }
        }
    }

    fn forget_idle(&mut self) {
        if self.lines.len() > crate::limits::DESTINATIONS {
            self.lines.retain(|_, line| {
                line.active > 0 || !line.waiting.is_empty() || line.down_until.is_some()
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ipc::contracts::{NextHop, TlsUse};

    fn destination(name: &str) -> Arc<Destination> {
        Arc::new(Destination {
            next_hop: NextHop::Mx { domain: name.into(), port: 25 },
            tls: TlsUse::Never,
            connections: 2,
        })
    }

    #[test]
    fn no_more_than_the_limit_runs_at_a_time() {
        let mut all = Destinations::default();
        let here = destination("a.test");
        for number in 0..5 {
            all.push(&here, MessageId(number), 0);
        }
        assert!(all.next().is_some() && all.next().is_some());
        assert!(all.next().is_none());
        all.release(&here);
        assert_eq!(all.next().unwrap().1, MessageId(2));
    }

    #[test]
    fn a_dead_destination_does_not_slow_another() {
        let mut all = Destinations::default();
        let (dead, alive) = (destination("dead.test"), destination("alive.test"));
        for number in 0..5 {
            all.push(&dead, MessageId(number), 0);
            all.push(&alive, MessageId(100 + number), 0);
        }
        let reply = Reply::coded(451, 4, 4, 1, "no answer");
        let (until, back) = all.fail(&dead, &reply, Timestamp(0));
        assert_eq!((until, back.len()), (Timestamp(30_000), 5));
        assert!(all.next().unwrap().1.0 >= 100);
        assert!(all.down(&dead, Timestamp(29_999)).is_some());
        assert!(all.down(&dead, Timestamp(30_000)).is_none());
        assert!(all.down(&alive, Timestamp(0)).is_none());
    }

    #[test]
    fn the_back_off_doubles_to_an_hour_and_ends_with_an_answer() {
        let mut all = Destinations::default();
        let here = destination("a.test");
        let reply = Reply::coded(451, 4, 4, 1, "no answer");
        let mut now = Timestamp(0);
        let mut waits = Vec::new();
        for _ in 0..9 {
            let (until, _) = all.fail(&here, &reply, now);
            waits.push(until.since(now) / 1000);
            now = until;
        }
        assert_eq!(waits, [30, 60, 120, 240, 480, 960, 1920, 3600, 3600]);
        all.up(&here);
        assert!(all.down(&here, now).is_none());
    }

    #[test]
    fn attempts_that_fail_together_count_once() {
        let mut all = Destinations::default();
        let here = destination("a.test");
        let reply = Reply::coded(451, 4, 4, 1, "no answer");
        all.fail(&here, &reply, Timestamp(0));
        let (until, _) = all.fail(&here, &reply, Timestamp(1));
        assert_eq!(until, Timestamp(30_001));
    }

    #[test]
    fn a_group_whose_attempt_was_lost_goes_first_again() {
        let mut all = Destinations::default();
        let here = destination("a.test");
        all.push(&here, MessageId(1), 0);
        all.push(&here, MessageId(2), 0);
        let (_, id, group) = all.next().unwrap();
        all.push_back(&here, id, group);
        assert_eq!(all.next().unwrap().1, MessageId(1));
    }
}
