//! The table of proof: what each filter catches and what it flags wrongly, and what changing the
//! mail does to it.

use std::fmt::Write;

use anyhow::Result;
use mail::{SpamClass, SpamJudgement};
use spam::Judge;

use crate::corpus::{Class, Message, archive, cases};
use crate::figures::{Share, area};
use crate::look;
use crate::mangle::Change;
use crate::peers::{self, Peer, Verdicts};

/// Some mail that is measured as one.
#[derive(Debug)]
pub struct Set {
    /// Its name in the table.
    pub name: String,
    /// The mail.
    pub messages: Vec<Message>,
}

/// Every set there is whose name has the words `only`.
///
/// # Errors
/// When a corpus cannot be read.
pub fn sets(has_held: bool, only: &str) -> Result<Vec<Set>> {
    let mut sets = Vec::new();
    match archive("sa-tune")? {
        Some(messages) => {
            let stripped = changed(&messages, Change::Stripped);
            sets.push(Set { name: "sa-tune raw".to_owned(), messages });
            sets.push(Set { name: "sa-tune stripped".to_owned(), messages: stripped });
        }
        None => println!("skipped: sa-tune: no ../shared/data"),
    }
    let halves = if has_held { &["tune", "held"][..] } else { &["tune"] };
    for half in halves {
        let messages = cases(half)?;
        let stripped = changed(&messages, Change::Stripped);
        sets.push(Set { name: format!("cases {half} raw"), messages });
        sets.push(Set { name: format!("cases {half} stripped"), messages: stripped });
    }
    sets.retain(|set| !set.messages.is_empty() && set.name.contains(only));
    Ok(sets)
}

/// The messages with one change; those that it does nothing to stay as they are.
fn changed(messages: &[Message], change: Change) -> Vec<Message> {
    let one = |message: &Message| Message {
        raw: change.apply(&message.raw).unwrap_or_else(|| message.raw.clone()),
        ..message.clone()
    };
    messages.iter().map(one).collect()
}

/// The whole table.
///
/// # Errors
/// When a peer that is installed does not work.
pub fn table(sets: &[Set], has_peers: bool) -> Result<String> {
    let judge = look::judge();
    let head = ["phishing", "impostor", "spam", "graymail", "legit"];
    let mut out = format!("{:<20} {:<16}", "mail", "filter");
    for class in head {
        let _ = write!(out, "{class:>19}");
    }
    out.push_str("   ROC area\n");
    let peers = if has_peers { peers::installed()? } else { Vec::new() };
    for set in sets {
        let judged = look::each(&set.messages, |sight| judge.judge(sight));
        for verdicts in own(&judge, &judged).into_iter().chain(of_peers(&peers, set)?) {
            out.push_str(&row(set, &verdicts));
        }
        out.push_str(&classes(set, &judged));
    }
    Ok(out)
}

fn of_peers(peers: &[Box<dyn Peer>], set: &Set) -> Result<Vec<Verdicts>> {
    peers.iter().map(|peer| peer.judge(set)).collect()
}

fn own(judge: &Judge, judged: &[SpamJudgement]) -> Vec<Verdicts> {
    let levels = judge.levels();
    let scores: Vec<f64> = judged.iter().map(|one| one.probability).collect();
    let levels = [("low", levels.low), ("medium", levels.medium), ("high", levels.high)];
    let verdicts = |(level, threshold): (&str, f64)| Verdicts {
        name: format!("Gatepost {level}"),
        scores: scores.clone(),
        threshold,
    };
    levels.into_iter().map(verdicts).collect()
}

fn row(set: &Set, verdicts: &Verdicts) -> String {
    let all = || set.messages.iter().zip(&verdicts.scores);
    let mut out = format!("{:<20} {:<16}", set.name, verdicts.name);
    for class in Class::ALL {
        let of = all().filter(|(one, _)| one.class == class);
        let share = Share::of(of.map(|(_, score)| *score >= verdicts.threshold));
        let _ = write!(out, "{:>19}", share.shown());
    }
    let scores: Vec<(f64, bool)> =
        all().map(|(one, score)| (*score, one.class.is_unwanted())).collect();
    let _ = writeln!(out, "{:>11.4}", area(&scores));
    out
}

/// Which class was said of caught mail.
fn classes(set: &Set, judged: &[SpamJudgement]) -> String {
    let mut out = String::new();
    for class in Class::ALL {
        let of = set.messages.iter().zip(judged).filter(|(one, _)| one.class == class);
        let said: Vec<Option<SpamClass>> = of.map(|(_, judgement)| judgement.class).collect();
        if said.is_empty() {
            continue;
        }
        let mut words: Vec<(usize, &str)> = Vec::new();
        for one in &said {
            let word = one.map_or("none", SpamClass::word);
            match words.iter_mut().find(|(_, known)| *known == word) {
                Some((count, _)) => *count += 1,
                None => words.push((1, word)),
            }
        }
        words.sort_by(|one, two| two.cmp(one));
        let words: Vec<String> =
            words.iter().map(|(count, word)| format!("{word} {count}")).collect();
        let _ = writeln!(out, "{:<20} {} called {}", "", class.word(), words.join(", "));
    }
    out
}

/// What each change does to what is caught at the default level, and to the mean log-odds.
#[must_use]
pub fn robustness(sets: &[Set]) -> String {
    let judge = look::judge();
    let threshold = judge.levels().medium;
    let mut out = format!(
        "{:<20} {:<22}{:>9}{:>12}{:>12}{:>14}{:>12}\n",
        "mail", "change", "catch", "by points", "log-odds", "wanted flagged", "by points"
    );
    let judged = |messages: &[Message]| -> Vec<f64> {
        look::each(messages, |sight| judge.judge(sight).probability)
    };
    for set in sets.iter().filter(|set| set.name.ends_with(" raw")) {
        let before = shares(&set.messages, &judged(&set.messages), threshold);
        for change in Change::SHOWN {
            let messages = changed(&set.messages, change);
            let after = shares(&messages, &judged(&messages), threshold);
            let _ = writeln!(
                out,
                "{:<20} {:<22}{:>9.1}{:>+12.1}{:>+12.2}{:>14.2}{:>+12.2}",
                set.name,
                change.words(),
                after.0,
                after.0 - before.0,
                after.1 - before.1,
                after.2,
                after.2 - before.2
            );
        }
    }
    out
}

/// Caught per cent, mean log-odds of unwanted mail, wanted mail flagged per cent.
fn shares(messages: &[Message], scores: &[f64], threshold: f64) -> (f64, f64, f64) {
    let of = |kind: bool| {
        messages.iter().zip(scores).filter(move |(one, _)| one.class.is_unwanted() == kind)
    };
    let share = |kind| Share::of(of(kind).map(|(_, score)| *score >= threshold)).per_cent();
    let odds = of(true).map(|(_, score)| (score / (1.0 - score)).ln().clamp(-30.0, 30.0));
    let (sum, count) = odds.fold((0.0, 0.0), |(sum, count), one| (sum + one, count + 1.0));
    (share(true), sum / f64::max(count, 1.0), share(false))
}
