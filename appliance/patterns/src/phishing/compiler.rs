//! Lines of .pdb, .wdb and .gdb.

use super::{Pattern, Rules, SECTION};
use crate::hashes::octets_of_hex;
use crate::names::{Class, Names};
use crate::pack::Writer;
use crate::source::{Kind, LineCompiler, LineProblem, Place};
use crate::{expressions, level};

/// The name that ClamAV gives to a link that pretends.
const SPOOFED: &str = "Heuristics.Phishing.Email.SpoofedDomain";

/// Reads lines on phishing.
#[derive(Debug, Default)]
pub(crate) struct PhishingCompiler {
    rules: Rules,
}

fn malformed<T>(reason: impl Into<String>) -> Result<T, LineProblem> {
    Err(LineProblem::Malformed(reason.into()))
}

impl LineCompiler for PhishingCompiler {
    fn line(&mut self, line: &str, place: Place, names: &mut Names) -> Result<(), LineProblem> {
        let (letter, rest) = line.split_once(':').ok_or_else(|| {
            LineProblem::Malformed("it has no colon after its first letter".to_owned())
        })?;
        match place.kind {
            Kind::PhishingHosts => self.pretended(letter, rest, place, names),
            Kind::PhishingGood => self.good(letter, rest),
            _ => self.hash(letter, rest, place, names),
        }
    }

    fn finish(mut self: Box<Self>, writer: &mut Writer) -> Vec<(Place, LineProblem)> {
        self.rules.hashes.sort_unstable();
        self.rules.good_hashes.sort_unstable();
        if self.rules != Rules::default() {
            writer.section(SECTION, postcard::to_stdvec(&self.rules).unwrap_or_default());
        }
        Vec::new()
    }
}

impl PhishingCompiler {
    fn pretended(
        &mut self,
        letter: &str,
        rest: &str,
        place: Place,
        names: &mut Names,
    ) -> Result<(), LineProblem> {
        let rest = leveled(rest)?;
        let mut name = || names.add(SPOOFED, Class::Phishing, place.source, place.line);
        match letter.get(..1) {
            Some("H") if is_host(rest) => self.rules.hosts.push((rest.to_lowercase(), name())),
            Some("R") => {
                let pattern = pattern(rest)?;
                self.rules.patterns.push(Pattern { name: name(), ..pattern });
            }
            Some("H") => return malformed(format!("{rest:?} is no host name")),
            _ => return malformed("it begins with neither H nor R"),
        }
        Ok(())
    }

    fn good(&mut self, letter: &str, rest: &str) -> Result<(), LineProblem> {
        let rest = leveled(rest)?;
        match letter {
            "X" => self.rules.good_patterns.push(pattern(&format!("{rest}/"))?),
            "M" => match rest.split_once(':') {
                Some((target, text)) if is_host(target) && is_host(text) => {
                    self.rules.good_pairs.push((target.to_lowercase(), text.to_lowercase()));
                }
                _ => return malformed("it is no pair of host names"),
            },
            "Y" => return Err(LineProblem::Unsupported("Y lines of .wdb")),
            _ => return malformed("it begins with neither X nor M"),
        }
        Ok(())
    }

    fn hash(
        &mut self,
        letter: &str,
        rest: &str,
        place: Place,
        names: &mut Names,
    ) -> Result<(), LineProblem> {
        let Some((kind, text)) = rest.split_once(':') else { return malformed("it has no hash") };
        // A hash may be of digits alone: only what follows it is a level.
        let text = match text.contains(':') {
            true => leveled(text)?,
            false => text,
        };
        let name = match letter {
            "S" => "Heuristics.Safebrowsing.Suspected-malware",
            "S1" => "Heuristics.Phishing.URL.Blocked",
            "S2" => "Heuristics.Safebrowsing.Suspected-phishing",
            _ => return malformed("it begins with none of S, S1 and S2"),
        };
        let octets = octets_of_hex(text).unwrap_or_default();
        let whole = <[u8; 32]>::try_from(octets.as_slice());
        match (kind, whole) {
            ("F", Ok(hash)) => {
                let class = if letter == "S" { Class::Malware } else { Class::Phishing };
                let name = names.add(name, class, place.source, place.line);
                self.rules.hashes.push((hash, name));
            }
            ("W", Ok(hash)) => self.rules.good_hashes.push(hash),
            // Prefixes of hosts only say early that nothing more can match.
            ("P", _) if octets.len() == 4 => {}
            _ => return malformed("its hash has not the right length"),
        }
        Ok(())
    }
}

/// The line without its levels, when it has any and they fit: `:17-`, `:20-30`, `:17`.
fn leveled(rest: &str) -> Result<&str, LineProblem> {
    let Some((before, levels)) = rest.rsplit_once(':') else { return Ok(rest) };
    let (lowest, highest) = levels.split_once('-').unwrap_or((levels, ""));
    let is_number = |text: &str| text.bytes().all(|octet| octet.is_ascii_digit());
    if lowest.is_empty() || !is_number(lowest) || !is_number(highest) {
        return Ok(rest);
    }
    level::check(Some(lowest), Some(highest).filter(|text| !text.is_empty()))?;
    Ok(before)
}

fn is_host(text: &str) -> bool {
    text.contains('.') && text.chars().all(|c| c.is_alphanumeric() || ".-_".contains(c))
}

fn pattern(text: &str) -> Result<Pattern, LineProblem> {
    let text = format!("(?i)^(?:{text})$");
    match expressions::build(&text) {
        Ok(_) => Ok(Pattern { needed: expressions::needed(&text), text, name: 0 }),
        Err(reason) => malformed(reason),
    }
}
