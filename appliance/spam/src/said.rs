//! What signals say: which signal, how strongly, and what was seen.

use mail::SpamClass;

use crate::limits;

/// What a signal speaks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Toward {
    /// Unwanted mail of this class, or of any when `None`.
    Unwanted(Option<SpamClass>),
    /// Wanted mail.
    Wanted,
    /// Bulk mail that its reader may have asked for: marketing, social notices, forums. Says
    /// nothing of whether it is unwanted.
    Bulk(SpamClass),
}

/// Signals that see the same thing from several sides. The sum of a group is bounded, so that one
/// habit of a sender never counts many times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Group {
    /// Form of the header: Message-ID, Date, mailer, Received.
    Header,
    /// Who the sender says to be.
    Sender,
    /// To whom it is addressed.
    Recipient,
    /// Where links lead.
    Link,
    /// A known name that is worn by somebody else.
    Imitation,
    /// What the text wants of its reader.
    Speech,
    /// What the text is about.
    Topic,
    /// Letters, words and languages.
    Language,
    /// How the page is built, and what it hides.
    Page,
    /// Pictures and codes in them.
    Picture,
    /// What is attached.
    Attachment,
    /// Marks of bulk mail.
    Bulk,
    /// Who wrote before, and how that ended.
    History,
    /// What others report: authentication, reputation.
    Reputation,
    /// Statistics over words.
    Statistics,
    /// What was learned of what texts are about.
    Sense,
    /// Known campaigns.
    Campaign,
    /// Two or more of the above that mean more together.
    Together,
}

/// One signal. Declared as a constant beside the code that sees it.
#[derive(Debug, PartialEq)]
pub struct Signal {
    /// Its name in traces, models and settings, such as `reply-to-free-mail`. Never changed.
    pub name: &'static str,
    /// Its group.
    pub group: Group,
    /// What it speaks for.
    pub toward: Toward,
    /// Log-odds (natural) at full strength before any training, by general knowledge; never
    /// negative. [`Toward::Wanted`] counts it against.
    pub prior: f32,
    /// What it means, in words that a person reads in a trace.
    pub words: &'static str,
}

/// One thing that was seen.
#[derive(Debug, Clone, PartialEq)]
pub struct Said {
    /// Which signal.
    pub signal: &'static Signal,
    /// How strongly, above 0 up to 1.
    pub strength: f32,
    /// What was seen, cut, without control characters.
    pub evidence: String,
}

/// Takes down what signals say. Each signal counts once, with the most that was said of it, so that
/// neither order nor repetition matters.
#[derive(Debug, Default)]
pub struct Say {
    said: Vec<Said>,
}

impl Say {
    /// Says that a signal is there. A strength that is no number, or not above 0, says nothing.
    pub fn that(&mut self, signal: &'static Signal, strength: f32, evidence: impl Into<String>) {
        if strength.is_nan() || strength <= 0.0 {
            return;
        }
        let strength = strength.min(1.0);
        match self.said.iter_mut().find(|one| one.signal.name == signal.name) {
            Some(one) if one.strength >= strength => {}
            Some(one) => {
                one.strength = strength;
                one.evidence = shown(&evidence.into());
            }
            None => {
                self.said.push(Said { signal, strength, evidence: shown(&evidence.into()) });
            }
        }
    }

    /// Whether this signal was said at all.
    #[must_use]
    pub fn has(&self, signal: &'static Signal) -> bool {
        self.strength(signal) > 0.0
    }

    /// How strongly this signal was said; 0 when it was not.
    #[must_use]
    pub fn strength(&self, signal: &'static Signal) -> f32 {
        let same = |one: &&Said| one.signal.name == signal.name;
        self.said.iter().find(same).map_or(0.0, |one| one.strength)
    }

    /// All that was said so far, in the order in which it was said.
    pub(crate) fn so_far(&self) -> &[Said] {
        &self.said
    }

    /// What was said so far, in the order it was said first.
    pub(crate) fn list(&self) -> &[Said] {
        &self.said
    }

    /// All that was said, by name.
    #[must_use]
    pub fn into_list(mut self) -> Vec<Said> {
        self.said.sort_by_key(|one| one.signal.name);
        self.said
    }
}

fn shown(text: &str) -> String {
    let kept = text.get(..text.floor_char_boundary(limits::EVIDENCE_OCTETS)).unwrap_or_default();
    kept.chars().map(|one| if one.is_control() { ' ' } else { one }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: Signal = Signal {
        name: "one",
        group: Group::Sender,
        toward: Toward::Wanted,
        prior: 1.0,
        words: "one",
    };

    #[test]
    fn a_signal_counts_once_with_the_most_that_was_said() {
        let mut say = Say::default();
        for strength in [0.2, 0.9, f32::NAN, -1.0, 0.5] {
            say.that(&ONE, strength, format!("a\n{strength}"));
        }
        let said = say.into_list();
        assert_eq!((said.len(), said[0].evidence.as_str()), (1, "a 0.9"));
        assert!((said[0].strength - 0.9).abs() < 1e-6);
    }
}
