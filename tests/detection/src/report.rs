//! The table of proof: what each filter catches and what it flags wrongly, and what changing the
//! mail does to it.

use std::fmt::Write as _;
use std::io::Write;

use anyhow::Result;
use mail::{SpamClass, SpamJudgement};
use spam::Judge;

use crate::corpus::{Class, Message, archive, cases};
use crate::figures::{Share, area};
use crate::look;
use crate::mangle::Change;
use crate::peers::{Mark, Peers, Verdicts};

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

/// Writes the table of proof, a set as soon as it is judged: what is caught and what is flagged
/// wrongly, then the same class by class.
///
/// # Errors
/// When it cannot be written.
pub fn table(out: &mut impl Write, sets: &[Set], judge: &Judge, peers: &mut Peers) -> Result<()> {
    writeln!(
        out,
        "{:<20} {:<20} {:<19}{:>19}{:>19}{:>10}",
        "mail", "filter", "from score", "caught %", "wrongly flagged %", "ROC area"
    )?;
    let mut by_class = String::new();
    for set in sets {
        let judged = look::each(&set.messages, |sight| judge.judge(sight));
        write!(out, "{}", rows(set, &own(judge, &judged)))?;
        out.flush()?;
        let others = peers.judge(set);
        for verdicts in &others {
            write!(out, "{}", rows(set, verdicts))?;
        }
        out.flush()?;
        for verdicts in std::iter::once(&own(judge, &judged)).chain(&others) {
            by_class.push_str(&class_rows(set, verdicts));
        }
        by_class.push_str(&classes(set, &judged));
    }
    let head = Class::ALL.map(|class| format!("{:>19}", format!("{} %", class.word()))).concat();
    writeln!(out, "\nflagged, class by class, and what Gatepost called it")?;
    writeln!(out, "{:<20} {:<20} {:<19}{head}\n{by_class}", "mail", "filter", "from score")?;
    for line in peers.left_out() {
        writeln!(out, "left out: {line}")?;
    }
    Ok(())
}

/// Ours as those of a filter.
fn own(judge: &Judge, judged: &[SpamJudgement]) -> Verdicts {
    let levels = judge.levels();
    let levels = [("low", levels.low), ("medium", levels.medium), ("high", levels.high)];
    Verdicts {
        name: "Gatepost".to_owned(),
        scores: judged.iter().map(|one| one.probability).collect(),
        marks: levels.map(|(level, from)| Mark::new(level, from)).to_vec(),
    }
}

/// How much of the messages of some kind has this score.
fn share(set: &Set, scores: &[f64], from: f64, is_one: impl Fn(Class) -> bool) -> Share {
    let of = set.messages.iter().zip(scores).filter(|(one, _)| is_one(one.class));
    Share::of(of.map(|(_, score)| *score >= from))
}

fn head(set: &Set, verdicts: &Verdicts, mark: &Mark) -> String {
    let from = format!("{:.4}", mark.from);
    let from = from.trim_end_matches('0').trim_end_matches('.');
    format!("{:<20} {:<20} {:<19}", set.name, verdicts.name, format!("{from} {}", mark.words))
}

fn rows(set: &Set, verdicts: &Verdicts) -> String {
    let pairs = set.messages.iter().zip(&verdicts.scores);
    let scores: Vec<_> = pairs.map(|(one, score)| (*score, one.class.is_unwanted())).collect();
    let area = area(&scores);
    let mut out = String::new();
    for mark in &verdicts.marks {
        let of = |kind| share(set, &verdicts.scores, mark.from, |one| one.is_unwanted() == kind);
        let (caught, wrong) = (of(true).shown(), of(false).shown());
        let head = head(set, verdicts, mark);
        let _ = writeln!(out, "{head}{caught:>19}{wrong:>19}{area:>10.4}");
    }
    out
}

fn class_rows(set: &Set, verdicts: &Verdicts) -> String {
    let mut out = String::new();
    for mark in &verdicts.marks {
        out.push_str(&head(set, verdicts, mark));
        for class in Class::ALL {
            let share = share(set, &verdicts.scores, mark.from, |one| one == class);
            let _ = write!(out, "{:>19}", share.shown());
        }
        out.push('\n');
    }
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

/// By how many points less may be caught after any change.
const GOAL: f64 = 5.0;

/// Writes what each change does at the default level: to what is caught, and to the log-odds of each
/// unwanted message (the median of their differences).
///
/// # Errors
/// When it cannot be written.
pub fn robustness(out: &mut impl Write, sets: &[Set], judge: &Judge) -> Result<()> {
    let threshold = judge.levels().medium;
    writeln!(
        out,
        "{:<20} {:<22}{:>9}{:>9}{:>11}{:>10}{:>16}{:>11}  goal: catch falls by less than {GOAL} points",
        "mail",
        "change",
        "changed",
        "caught %",
        "by points",
        "log-odds",
        "wrongly flagged",
        "by points"
    )?;
    let judged = |messages: &[Message]| -> Vec<f64> {
        look::each(messages, |sight| judge.judge(sight).probability)
    };
    for set in sets.iter().filter(|set| set.name.ends_with(" raw")) {
        let scores = judged(&set.messages);
        let before = Shares::of(set, &scores, threshold);
        for change in Change::SHOWN {
            let other = Set { name: set.name.clone(), messages: changed(&set.messages, change) };
            let pairs = set.messages.iter().zip(&other.messages);
            let count = pairs.filter(|(one, two)| one.raw != two.raw).count();
            let new = judged(&other.messages);
            let after = Shares::of(&other, &new, threshold);
            let fall = after.caught - before.caught;
            writeln!(
                out,
                "{:<20} {:<22}{count:>9}{:>9.1}{fall:>+11.1}{:>+10.2}{:>16.2}{:>+11.2}  {}",
                set.name,
                change.words(),
                after.caught,
                median_change(set, &scores, &new),
                after.wrong,
                after.wrong - before.wrong,
                if fall > -GOAL { "met" } else { "MISSED" }
            )?;
        }
        out.flush()?;
    }
    Ok(())
}

/// Caught, and flagged wrongly, per cent.
struct Shares {
    caught: f64,
    wrong: f64,
}

impl Shares {
    fn of(set: &Set, scores: &[f64], from: f64) -> Self {
        let of = |kind| share(set, scores, from, |one| one.is_unwanted() == kind).per_cent();
        Shares { caught: of(true), wrong: of(false) }
    }
}

/// The median of what the log-odds of unwanted messages changed by.
fn median_change(set: &Set, before: &[f64], after: &[f64]) -> f64 {
    let odds = |score: f64| (score / (1.0 - score)).ln().clamp(-30.0, 30.0);
    let pairs = set.messages.iter().zip(before.iter().zip(after));
    let unwanted = pairs.filter(|(one, _)| one.class.is_unwanted());
    let mut changes: Vec<f64> =
        unwanted.map(|(_, (before, after))| odds(*after) - odds(*before)).collect();
    changes.sort_by(f64::total_cmp);
    changes.get(changes.len() / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(classes: &[Class]) -> Set {
        let one = |class: &Class| Message { name: String::new(), class: *class, raw: Vec::new() };
        Set { name: "some raw".to_owned(), messages: classes.iter().map(one).collect() }
    }

    #[test]
    fn a_row_has_the_mark_and_both_shares() {
        let set = set(&[Class::Spam, Class::Phishing, Class::Legit, Class::Graymail]);
        let scores = vec![7.0, 3.0, 1.0, 6.0];
        let marks = vec![Mark::new("adds header", 6.0)];
        let rows = rows(&set, &Verdicts { name: "it 1.0".to_owned(), scores, marks });
        assert!(rows.starts_with("some raw             it 1.0               6 adds header"));
        assert_eq!(rows.matches("50.0 (9.5-90.5)").count(), 2, "{rows}");
        assert!(rows.ends_with("0.7500\n"), "{rows}");
    }

    #[test]
    fn the_change_of_log_odds_is_that_of_the_middle_unwanted_message() {
        let set = set(&[Class::Spam, Class::Spam, Class::Legit, Class::Spam]);
        let change = median_change(&set, &[0.5; 4], &[0.5, 0.9, 0.001, 0.8]);
        assert!((change - 4.0_f64.ln()).abs() < 1e-9, "{change}");
    }
}
