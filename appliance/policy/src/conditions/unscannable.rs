//! The message could not be scanned to the end. Never the same as clean.

use mail::{Findings, Unscannable};

use super::Answer;

pub(super) fn ask(findings: &Findings) -> Answer {
    match &findings.unscannable {
        None => Answer::no("it was scanned to the end"),
        Some(Unscannable::Limit(which)) => {
            Answer::yes(format!("it could not be scanned to the end: {which}"))
        }
        Some(Unscannable::KilledWorkers(how)) => {
            Answer::yes(format!("two scanners ended on it: {how}"))
        }
        Some(Unscannable::BadAnswer(how)) => {
            Answer::yes(format!("its scanner gave no valid answer: {how}"))
        }
    }
}
