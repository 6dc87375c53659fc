//! Runs the rules over specimens.

use std::collections::HashMap;

use yara_x::{Rules, Scanner};

use super::{Row, SECTION};
use crate::limits;
use crate::pack::{Pack, PackError, u32_at};
use crate::scanner::{Hits, Look, Matcher};

/// Looks at specimens with YARA rules.
pub(crate) struct YaraMatcher {
    scanner: Scanner<'static>,
    names: HashMap<String, HashMap<String, u32>>,
}

fn damaged(reason: impl ToString) -> PackError {
    PackError::Section { section: "YARA".to_owned(), reason: reason.to_string() }
}

impl YaraMatcher {
    /// A matcher; `None` when the pack has no rules.
    ///
    /// The rules live as long as the process: a scanner borrows them, and a cell has one scanner in
    /// its life.
    ///
    /// # Errors
    /// When the section is damaged.
    pub(crate) fn new(pack: &Pack) -> Result<Option<Self>, PackError> {
        let section = pack.section(SECTION);
        let Some((sum, body)) = section.split_first_chunk::<4>() else { return Ok(None) };
        if crc32c::crc32c(body) != u32::from_le_bytes(*sum) {
            return Err(damaged("its checksum does not fit"));
        }
        let length = u32_at(body, 0).ok_or_else(|| damaged("it ends early"))? as usize;
        let rest = body.get(4..).unwrap_or_default();
        let (table, rules) =
            rest.split_at_checked(length).ok_or_else(|| damaged("it ends early"))?;
        let rows: Vec<Row> = postcard::from_bytes(table).map_err(damaged)?;
        let mut names: HashMap<String, HashMap<String, u32>> = HashMap::new();
        for row in rows {
            names.entry(row.namespace).or_default().insert(row.rule, row.name);
        }
        let rules: &'static Rules =
            Box::leak(Box::new(Rules::deserialize(rules).map_err(damaged)?));
        let mut scanner = Scanner::new(rules);
        scanner.max_matches_per_pattern(limits::YARA_MATCHES).max_scan_size(limits::YARA_OCTETS);
        Ok(Some(YaraMatcher { scanner, names }))
    }
}

impl Matcher for YaraMatcher {
    fn look(&mut self, look: &Look<'_>, hits: &mut Hits) {
        let octets = look.specimen.octets;
        if octets.is_empty() {
            return;
        }
        if octets.len() > limits::YARA_OCTETS {
            hits.undecided(format!("YARA rules see the first {} bytes only", limits::YARA_OCTETS));
        }
        match self.scanner.scan(octets) {
            Ok(results) => {
                for rule in results.matching_rules() {
                    let names = self.names.get(rule.namespace());
                    if let Some(name) = names.and_then(|names| names.get(rule.identifier())) {
                        hits.hit(*name, evidence(&rule));
                    }
                }
            }
            Err(error) => hits.undecided(format!("YARA rules could not be run: {error}")),
        }
    }
}

/// The first places where patterns of a rule matched.
fn evidence(rule: &yara_x::Rule<'_, '_>) -> String {
    let places = rule.patterns().filter_map(|pattern| {
        let first = pattern.matches().next()?;
        Some(format!("{} at {}", pattern.identifier(), first.range().start))
    });
    let places: Vec<String> = places.take(limits::YARA_EVIDENCE).collect();
    if places.is_empty() { "its condition holds".to_owned() } else { places.join(", ") }
}
