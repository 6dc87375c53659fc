//! Destinations: what waits for each, how much runs at a time, and when one is left alone.
//!
//! One dead destination never slows another: each has its own line, its own limit and its own
//! back-off (features B-5).

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use mail::{MessageId, Reply, Timestamp};

use crate::limits;
use crate::route::Destination;

/// Base of the back-off of a destination that does not answer, in seconds; doubled each time.
const BACK_OFF_SECONDS: u64 = 30;
/// Its end.
const BACK_OFF_MAXIMUM_SECONDS: u64 = 3600;

/// One destination's line.
#[derive(Debug, Default)]
pub(crate) struct Line {
    waiting: VecDeque<(MessageId, usize)>,
    /// Messages that were put down, to be taken in hand again when the line is short.
    parked: VecDeque<MessageId>,
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
    /// Lines with messages that were put down, once each, in the order in which they are looked at.
    parking: VecDeque<Arc<Destination>>,
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

    /// True when a further message is to be put down rather than wait in hand. Who came earlier
    /// and was put down goes first.
    pub(crate) fn is_full(&self, destination: &Destination, crowded: bool) -> bool {
        let Some(line) = self.lines.get(destination) else { return false };
        !line.parked.is_empty() || line.waiting.len() >= line_limit(destination, crowded)
    }

    /// Notes a message that was put down behind this line.
    pub(crate) fn park(&mut self, destination: &Arc<Destination>, id: MessageId) {
        let line = self.lines.entry(destination.clone()).or_default();
        if line.parked.is_empty() {
            self.parking.push_back(destination.clone());
        }
        line.parked.push_back(id);
    }

    /// A message that was put down and may be taken in hand again. Behind a destination that is
    /// left alone there is always room: its mail is put off by the schedule.
    pub(crate) fn next_parked(&mut self, now: Timestamp, crowded: bool) -> Option<MessageId> {
        for _ in 0..self.parking.len().min(limits::LINES_PAGE) {
            let destination = self.parking.pop_front()?;
            let Some(line) = self.lines.get_mut(&destination) else { continue };
            let low = line_limit(&destination, crowded).min(limits::LINE_LOW);
            let down = line.down_until.is_some_and(|until| now < until);
            let next =
                if down || line.waiting.len() < low { line.parked.pop_front() } else { None };
            if !line.parked.is_empty() {
                self.parking.push_back(destination);
            }
            if next.is_some() {
                return next;
            }
        }
        None
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

    /// Forgets lines where nothing goes on, when there are too many. The answer of a destination
    /// that was down is kept until its time is over.
    pub(crate) fn forget_idle(&mut self, now: Timestamp) {
        if self.lines.len() > limits::DESTINATIONS {
            self.lines.retain(|_, line| {
                line.active > 0
                    || !line.waiting.is_empty()
                    || !line.parked.is_empty()
                    || line.down_until.is_some_and(|until| now < until)
            });
        }
    }
}

/// Groups that wait in hand in one line. When too much is in hand, only what can start soon.
fn line_limit(destination: &Destination, crowded: bool) -> usize {
    if crowded { destination.connections as usize } else { limits::LINE_MESSAGES }
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
    fn a_full_line_puts_messages_down_and_takes_them_up_in_their_order() {
        let mut all = Destinations::default();
        let here = destination("a.test");
        assert!(!all.is_full(&here, false));
        for number in 0..limits::LINE_MESSAGES as u64 {
            all.push(&here, MessageId(number), 0);
        }
        assert!(all.is_full(&here, false));
        all.park(&here, MessageId(5000));
        all.park(&here, MessageId(5001));
        assert_eq!(all.next_parked(Timestamp(0), false), None);
        while all.lines[&here].waiting.len() >= limits::LINE_LOW {
            all.next().unwrap();
            all.release(&here);
        }
        assert!(all.is_full(&here, false), "a newcomer does not overtake who was put down");
        assert_eq!(all.next_parked(Timestamp(0), false), Some(MessageId(5000)));
        assert_eq!(all.next_parked(Timestamp(0), true), None, "too much is in hand");
        assert_eq!(all.next_parked(Timestamp(0), false), Some(MessageId(5001)));
        assert_eq!(all.next_parked(Timestamp(0), false), None);
        assert!(!all.is_full(&here, false));
    }

    #[test]
    fn what_was_put_down_behind_a_dead_destination_is_handed_back() {
        let mut all = Destinations::default();
        let here = destination("a.test");
        for number in 0..limits::LINE_MESSAGES as u64 {
            all.push(&here, MessageId(number), 0);
        }
        all.park(&here, MessageId(5000));
        let (until, _) = all.fail(&here, &Reply::coded(451, 4, 4, 1, "no answer"), Timestamp(0));
        assert_eq!(all.next_parked(Timestamp(until.0 - 1), true), Some(MessageId(5000)));
    }

    #[test]
    fn idle_destinations_are_forgotten_but_not_that_they_are_down() {
        let mut all = Destinations::default();
        let reply = Reply::coded(451, 4, 4, 1, "no answer");
        for number in 0..limits::DESTINATIONS {
            all.fail(&destination(&format!("d{number}.test")), &reply, Timestamp(0));
        }
        all.push(&destination("busy.test"), MessageId(1), 0);
        all.forget_idle(Timestamp(29_999));
        assert_eq!(all.lines.len(), limits::DESTINATIONS + 1);
        all.forget_idle(Timestamp(30_000));
        assert_eq!(all.lines.len(), 1);
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
