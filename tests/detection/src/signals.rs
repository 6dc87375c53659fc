//! What each signal is worth: how often it is said of which mail.

use std::collections::BTreeMap;
use std::fmt::Write;

use spam::{Said, Signal, Toward};

use crate::corpus::{Class, Message};

/// How often one signal was said of some messages.
#[derive(Debug, Clone, Copy, Default)]
struct Count {
    said: u32,
    strength: f32,
}

/// Messages with what was said of them.
#[derive(Debug)]
pub struct Pile {
    /// Messages.
    pub messages: Vec<Message>,
    /// What was said of each.
    pub said: Vec<Vec<Said>>,
}

impl Pile {
    fn counts(&self, class: Class) -> (u32, BTreeMap<&'static str, Count>) {
        let mut total = 0;
        let mut counts: BTreeMap<_, Count> = BTreeMap::new();
        let all = self.messages.iter().zip(&self.said);
        for (_, said) in all.filter(|(one, _)| one.class == class) {
            total += 1;
            for one in said {
                let count = counts.entry(one.signal.name).or_default();
                count.said += 1;
                count.strength += one.strength;
            }
        }
        (total, counts)
    }
}

/// The log of how much oftener it is said of unwanted mail, half a message added everywhere.
fn ratio(unwanted: (u32, u32), wanted: (u32, u32)) -> f64 {
    let share = |(said, all): (u32, u32)| (f64::from(said) + 0.5) / (f64::from(all) + 1.0);
    (share(unwanted) / share(wanted)).ln()
}

/// The table: one line a signal. Shares in per cent; `!` where a corpus contradicts the prior.
#[must_use]
pub fn table(corpus: &Pile, cases: &Pile) -> String {
    let mut out = format!(
        "{:<34}{:>6} |{:>7}{:>7}{:>7} |{:>7}{:>7}{:>7}{:>7}{:>7}{:>7} |{:>6}\n",
        "signal",
        "prior",
        "sa-ham",
        "sa-sp",
        "llr",
        "phish",
        "impos",
        "spam",
        "gray",
        "legit",
        "llr",
        "mean"
    );
    let old = [Class::Legit, Class::Spam].map(|class| corpus.counts(class));
    let new = Class::ALL.map(|class| cases.counts(class));
    for signal in spam::all() {
        out.push_str(&line(signal, &old, &new));
    }
    out
}

type Counts = (u32, BTreeMap<&'static str, Count>);

fn line(signal: &Signal, old: &[Counts; 2], new: &[Counts; 5]) -> String {
    let of =
        |(total, counts): &Counts| (counts.get(signal.name).copied().unwrap_or_default(), *total);
    let per_cent =
        |(count, total): (Count, u32)| 100.0 * f64::from(count.said) / f64::from(total.max(1));
    let [ham, bad] = [of(&old[0]), of(&old[1])];
    let said = |one: (Count, u32)| (one.0.said, one.1);
    let sum = |part: &[Counts]| {
        part.iter().map(|one| said(of(one))).fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1))
    };
    let old_ratio = ratio(said(bad), said(ham));
    let new_ratio = ratio(sum(&new[..3]), sum(&new[3..]));
    let every = old.iter().chain(new).map(&of);
    let (times, strength) =
        every.fold((0, 0.0), |sum, (count, _)| (sum.0 + count.said, sum.1 + count.strength));
    let wrong = |ratio: f64| match signal.toward {
        Toward::Unwanted(_) if ratio < -0.3 => "!",
        Toward::Wanted if ratio > 0.3 => "!",
        _ => "",
    };
    let sign = match signal.toward {
        Toward::Unwanted(_) => "+",
        Toward::Wanted => "-",
        Toward::Bulk(_) => "b",
    };
    let mut out = format!("{:<34}{sign}{:>5.2} |", signal.name, signal.prior);
    let _ = write!(out, "{:>7.2}{:>7.2}{:>7}", per_cent(ham), per_cent(bad), {
        format!("{}{old_ratio:.1}", wrong(old_ratio))
    });
    out.push_str(" |");
    for one in new {
        let _ = write!(out, "{:>7.1}", per_cent(of(one)));
    }
    let mean = f64::from(strength) / f64::from(times.max(1));
    let _ = writeln!(out, "{:>7} |{mean:>6.2}", format!("{}{new_ratio:.1}", wrong(new_ratio)));
    out
}
