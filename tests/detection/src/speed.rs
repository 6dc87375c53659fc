//! How long judging takes: mail of about 5 KB, seen and judged over and over by one thread.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use engines::{Context, Engines};
use spam::Judge;

use crate::corpus::Message;

/// Octets of a message of "about 5 KB".
const SIZES: std::ops::RangeInclusive<usize> = 4000..=6500;
/// How often each message is judged in one round.
const TIMES: u32 = 3;

/// What one message took.
#[derive(Debug, Clone, Copy)]
struct Times {
    seen: Duration,
    judged: Duration,
}

impl Times {
    const LONGEST: Times = Times { seen: Duration::MAX, judged: Duration::MAX };

    fn least(self, other: Times) -> Times {
        Times { seen: self.seen.min(other.seen), judged: self.judged.min(other.judged) }
    }
}

/// Measures and tells. The least of each message counts: what took longer was disturbed.
///
/// # Errors
/// When there is no such mail.
pub fn measure(messages: Vec<Message>, judge: &Judge, rounds: u32) -> Result<String> {
    let all = messages.into_iter().filter(|one| SIZES.contains(&one.raw.len()));
    let all: Vec<Message> = all.collect();
    ensure!(!all.is_empty(), "there is no mail of about 5 KB");
    let mut engines = Engines::default();
    let mut best = vec![Times::LONGEST; all.len()];
    for _ in 0..=rounds {
        for (best, message) in best.iter_mut().zip(&all) {
            *best = best.least(times(&mut engines, message, judge));
        }
    }
    let count = u32::try_from(all.len()).unwrap_or(u32::MAX);
    let mean = |of: fn(&Times) -> Duration| {
        best.iter().map(of).sum::<Duration>().as_secs_f64() * 1e6 / f64::from(count)
    };
    let (seen, judged) = (mean(|one| one.seen), mean(|one| one.judged));
    Ok(format!(
        "{count} messages of about 5 KB, one thread, the mean of each one's best of {rounds} rounds\n\
         taken apart and seen {seen:7.1} microseconds\n\
         judged               {judged:7.1} microseconds\n"
    ))
}

fn times(engines: &mut Engines, message: &Message, judge: &Judge) -> Times {
    let start = Instant::now();
    let mail = message::read(&message.raw);
    engines.sighted(&mail, &Context::default(), |sight| {
        let seen = start.elapsed();
        let start = Instant::now();
        for _ in 0..TIMES {
            std::hint::black_box(judge.judge(sight));
        }
        Times { seen, judged: start.elapsed() / TIMES }
    })
}
