//! What compiling a pack has to tell: what was read, and what was left out and why.

use std::collections::BTreeMap;

use crate::limits;

/// One line that was left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The name of the source.
    pub source: String,
    /// The line, from 1; 0 for the whole source.
    pub line: u32,
    /// Why.
    pub reason: String,
}

/// What was read out of one source.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SourceReport {
    /// Its name.
    pub name: String,
    /// Lines with a signature or another entry.
    pub lines: u64,
    /// Entries that are in the pack.
    pub used: u64,
}

/// What compiling has to tell.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// Each source, in the order of reading.
    pub sources: Vec<SourceReport>,
    /// Signatures in the pack.
    pub signatures: u64,
    /// Lines left out since they are not as their format says, up to [`limits::PROBLEMS`].
    pub problems: Vec<Problem>,
    /// How many more there were.
    pub more_problems: u64,
    /// Lines left out since they need what this program does not have, by what they need.
    pub unsupported: BTreeMap<String, u64>,
    /// Lines left out since the owner asked for it (.ign, .ign2).
    pub ignored: u64,
    /// Lines left out since they are meant for other versions of the engine.
    pub other_level: u64,
    /// Octets of the pack.
    pub octets: u64,
}

impl Report {
    /// Tells a problem.
    pub fn problem(&mut self, source: &str, line: u32, reason: impl Into<String>) {
        if self.problems.len() < limits::PROBLEMS {
            let source = source.to_owned();
            self.problems.push(Problem { source, line, reason: reason.into() });
        } else {
            self.more_problems += 1;
        }
    }

    /// Counts entries that need what this program does not have.
    pub fn unsupported(&mut self, what: &str, count: u64) {
        *self.unsupported.entry(what.to_owned()).or_default() += count;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_bad_lines_is_counted_and_not_kept() {
        let mut report = Report::default();
        for line in 0..limits::PROBLEMS as u32 + 5 {
            report.problem("a.ndb", line, "bad");
        }
        assert_eq!((report.problems.len(), report.more_problems), (limits::PROBLEMS, 5));
    }
}
