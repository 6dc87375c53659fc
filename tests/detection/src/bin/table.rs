//! `make detection`: what is caught and what is flagged wrongly, and why.

use std::path::PathBuf;

use anyhow::{Result, ensure};
use clap::{Parser, Subcommand};
use gatepost_test_detection::corpus::{self, Class, Message};
use gatepost_test_detection::peers::Peers;
use gatepost_test_detection::report::Set;
use gatepost_test_detection::signals::{self, Pile};
use gatepost_test_detection::{look, report, speed};
use mail::SpamJudgement;

/// How well unwanted mail is told apart.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// How often each signal is said of which mail.
    Signals {
        /// Look at the hand-made cases alone.
        #[arg(long)]
        cases: bool,
    },
    /// The worst judged cases with their terms.
    Misses {
        /// Of one class: phishing, impostor, spam, graymail, legit.
        #[arg(long)]
        class: Option<String>,
        /// How many.
        #[arg(long, default_value_t = 20)]
        limit: usize,
        /// Which mail: tune (the cases), sa-train, sa-tune.
        #[arg(long, default_value = "tune")]
        of: String,
    },
    /// What is caught and what is flagged wrongly, and what changing the mail does to it.
    Detection {
        /// Without the other filters.
        #[arg(long)]
        alone: bool,
        /// The half of the cases that nothing is tuned on, too.
        #[arg(long)]
        held: bool,
        /// Without changing the mail.
        #[arg(long)]
        short: bool,
        /// The mail whose name has these words alone, such as `cases tune raw`.
        #[arg(long, default_value = "")]
        only: String,
    },
    /// How long judging takes.
    Speed {
        /// Rounds; the best counts.
        #[arg(long, default_value_t = 5)]
        rounds: u32,
    },
    /// One message.
    File {
        /// The file.
        path: PathBuf,
    },
}

fn main() -> Result<()> {
    match Arguments::parse().what {
        What::Signals { cases } => of_signals(cases),
        What::Misses { class, limit, of } => misses(class.as_deref(), limit, &of),
        What::Detection { alone, held, short, only } => {
            detection(&report::sets(held, &only)?, !alone, !short)
        }
        What::Speed { rounds } => {
            let messages = [real("sa-train")?, corpus::cases("tune")?].concat();
            print!("{}", speed::measure(messages, &look::judge(), rounds)?);
            Ok(())
        }
        What::File { path } => {
            let name = path.display().to_string();
            let message = Message { name, class: Class::Legit, raw: std::fs::read(path)? };
            let judge = look::judge();
            for judgement in look::each(&[message], |sight| judge.judge(sight)) {
                print!("{}", shown("", &judgement));
            }
            Ok(())
        }
    }
}

fn detection(sets: &[Set], has_peers: bool, has_changes: bool) -> Result<()> {
    let judge = look::judge();
    let mut out = std::io::stdout().lock();
    let mut peers = if has_peers && !sets.is_empty() {
        Peers::start(corpus::archive("sa-train")?.as_deref())
    } else {
        Peers::default()
    };
    report::table(&mut out, sets, &judge, &mut peers)?;
    if has_changes {
        report::robustness(&mut out, sets, &judge)?;
    }
    ensure!(!peers.has_failed(), "a filter that is installed did not work");
    Ok(())
}

fn real(name: &str) -> Result<Vec<Message>> {
    Ok(corpus::archive(name)?.unwrap_or_else(|| {
        println!("skipped: {name}: no ../shared/data");
        Vec::new()
    }))
}

fn of_signals(is_cases_only: bool) -> Result<()> {
    let judge = look::judge();
    let pile = |messages: Vec<Message>| Pile { said: look::said(&messages, &judge), messages };
    let old = if is_cases_only { Vec::new() } else { real("sa-train")? };
    print!("{}", signals::table(&pile(old), &pile(corpus::cases("tune")?)));
    Ok(())
}

fn misses(class: Option<&str>, limit: usize, of: &str) -> Result<()> {
    let mut messages = if of == "tune" { corpus::cases("tune")? } else { real(of)? };
    messages.retain(|one| class.is_none_or(|class| one.class.word() == class));
    let judge = look::judge();
    let judged = look::each(&messages, |sight| judge.judge(sight));
    let mut all: Vec<(f64, &Message, &SpamJudgement)> = messages
        .iter()
        .zip(&judged)
        .map(|(one, judgement)| {
            let wrong = judgement.probability;
            (if one.class.is_unwanted() { 1.0 - wrong } else { wrong }, one, judgement)
        })
        .collect();
    all.sort_by(|one, two| two.0.total_cmp(&one.0));
    for (_, message, judgement) in all.into_iter().take(limit) {
        print!("{}", shown(&message.name, judgement));
    }
    Ok(())
}

fn shown(name: &str, judgement: &SpamJudgement) -> String {
    let odds = (judgement.probability / (1.0 - judgement.probability)).ln();
    let class = judgement.class.map_or("-", mail::SpamClass::word);
    let mut out =
        format!("{name} probability {:.4} log-odds {odds:+.2} {class}\n", judgement.probability);
    for term in &judgement.terms {
        let (value, signal, evidence) = (term.log_odds, &term.signal, &term.evidence);
        out.push_str(&format!("  {value:+6.2} {signal:<32} {} [{evidence}]\n", term.words));
    }
    out
}
