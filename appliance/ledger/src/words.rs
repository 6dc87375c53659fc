//! The words by which an event is found again: addresses, domains, IP addresses, ids, subject
//! words, rules, signatures, attachment names. One word is one token of the full-text index, so
//! what is asked for is put through [`normal`] as well.

use mail::{Address, Deed, Finding, Findings, MailEvent, Sender, Verdict};

use crate::limits;

/// The characters of a word besides letters and digits; they are `tokenchars` of the index.
const INSIDE: &str = ".@-_+:/=";

/// A word as the index spells it: lower case, other characters as `_`, cut to
/// [`limits::WORD_OCTETS`]. `None` when nothing is left. (Non-ASCII characters are word characters
/// to the index's `ascii` tokenizer.)
#[must_use]
pub fn normal(word: &str) -> Option<String> {
    let inner = word.trim_matches(|it: char| it.is_ascii() && !it.is_ascii_alphanumeric());
    let mut spelt = String::with_capacity(inner.len().min(limits::WORD_OCTETS));
    for letter in inner.chars().flat_map(char::to_lowercase) {
        if spelt.len() + letter.len_utf8() > limits::WORD_OCTETS {
            break;
        }
        let known = !letter.is_ascii() || letter.is_ascii_alphanumeric() || INSIDE.contains(letter);
        let odd = letter.is_control() || letter.is_whitespace();
        spelt.push(if known && !odd { letter } else { '_' });
    }
    (!spelt.is_empty()).then_some(spelt)
}

/// The words of a query, at most [`limits::QUERY_WORDS`].
#[must_use]
pub fn asked(what: &str) -> Vec<String> {
    what.split_whitespace().filter_map(normal).take(limits::QUERY_WORDS).collect()
}

/// The words of some events, as one text separated by spaces.
#[derive(Debug, Default)]
pub struct Words {
    text: String,
    count: usize,
    last_domain: String,
}

impl Words {
    /// The words of these events.
    #[must_use]
    pub fn of(events: &[MailEvent]) -> String {
        let mut words = Words::default();
        for event in events {
            words.event(event);
        }
        words.text
    }

    fn add(&mut self, word: &str) {
        if self.count >= limits::WORDS {
            return;
        }
        if let Some(word) = normal(word) {
            self.text.push_str(&word);
            self.text.push(' ');
            self.count += 1;
        }
    }

    fn each(&mut self, text: &str, most: usize) {
        for word in text.split_whitespace().take(most) {
            self.add(word);
        }
    }

    fn address(&mut self, address: &Address) {
        self.add(&address.to_string());
        let domain = address.domain().as_str();
        if domain != self.last_domain {
            self.add(domain);
            domain.clone_into(&mut self.last_domain);
        }
    }

    fn sender(&mut self, sender: &Sender) {
        if let Some(mailbox) = sender.mailbox() {
            self.address(mailbox);
        }
    }

    fn event(&mut self, event: &MailEvent) {
        match &event.deed {
            Deed::SessionEnded { client, helo, sender, recipient, .. } => {
                self.session(event);
                self.add(&client.ip().to_string());
                self.add(helo);
                if let Some(sender) = sender {
                    self.sender(sender);
                }
                self.given(recipient.as_deref().unwrap_or_default());
            }
            Deed::Received { client, helo, sender, recipients, .. } => {
                self.session(event);
                self.sender(sender);
                for recipient in recipients {
                    self.address(recipient);
                }
                self.add(&client.ip().to_string());
                self.add(helo);
            }
            Deed::Inspected(findings) => self.findings(findings),
            Deed::Judged(verdict) => self.verdict(verdict),
            Deed::Attempted { host, .. } => self.host(host),
            Deed::Quarantined { area, item, .. } => {
                self.add(area);
                self.add(item);
            }
            Deed::Released { to, .. } => self.add(&to.to_string()),
            Deed::Notified { notice, .. } => self.add(&notice.to_string()),
            Deed::Discarded { rule, .. } => self.each(rule, limits::SUBJECT_WORDS),
            _ => {}
        }
    }

    fn session(&mut self, event: &MailEvent) {
        if let Some(session) = event.session {
            self.add(&session.to_string());
        }
    }

    /// A recipient as the client gave it, valid or not.
    fn given(&mut self, recipient: &str) {
        self.add(recipient);
        if let Some((_, domain)) = recipient.rsplit_once('@') {
            self.add(domain);
        }
    }

    fn findings(&mut self, findings: &Findings) {
        self.add(&findings.header_id);
        self.each(&findings.subject, limits::SUBJECT_WORDS);
        self.each(&findings.header_from, limits::SUBJECT_WORDS);
        for Finding { name, .. } in &findings.list {
            self.add(name);
        }
        for leaf in findings.leaves.iter().take(limits::KEPT_LEAVES) {
            let last = || leaf.path.rsplit('/').next().unwrap_or_default();
            let name = if leaf.name.is_empty() { last() } else { leaf.name.as_str() };
            // Nobody looks for the parts that an office file is made of.
            let is_part = leaf.depth > 0 && (name.ends_with(".xml") || name.ends_with(".rels"));
            if name.contains('.') && !is_part {
                self.each(name, limits::SUBJECT_WORDS);
            }
        }
    }

    fn verdict(&mut self, verdict: &Verdict) {
        for ruling in &verdict.rulings {
            self.each(&ruling.rule, limits::SUBJECT_WORDS);
        }
    }

    /// `mx1.example.test[192.0.2.1]:25` is found by its name and by its address.
    fn host(&mut self, host: &str) {
        let (name, rest) = host.split_once('[').unwrap_or((host, ""));
        self.add(name);
        if let Some((address, _)) = rest.split_once(']') {
            self.add(address);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::made;

    #[test]
    fn words_are_spelt_alike_however_they_are_asked_for() {
        assert_eq!(normal("<Ann@Example.TEST>,").as_deref(), Some("ann@example.test"));
        assert_eq!(normal("Rechnung:").as_deref(), Some("rechnung"));
        assert_eq!(normal("ÄRGER!").as_deref(), Some("ärger"));
        assert_eq!(normal("a\"b*c").as_deref(), Some("a_b_c"));
        assert_eq!(normal("...").as_deref(), None);
        assert_eq!(asked("  Global   antivirus "), ["global", "antivirus"]);
    }

    #[test]
    fn attachments_are_found_by_their_names_at_any_depth() {
        let mut event = made::inspected(1, Vec::new());
        if let Deed::Inspected(findings) = &mut event.deed {
            let leaf = |name: &str| mail::Leaf {
                path: format!("2/a.zip/{name}"),
                name: name.to_owned(),
                depth: 1,
                ..mail::Leaf::default()
            };
            findings.leaves.extend([leaf("Setup.EXE"), leaf("word/document.xml")]);
        }
        let words = Words::of(&[event]);
        assert!(words.contains("setup.exe") && !words.contains("document.xml"), "{words}");
    }

    #[test]
    fn long_words_are_cut_between_letters() {
        let long = normal(&"ü".repeat(500)).unwrap();
        assert!(long.len() <= limits::WORD_OCTETS);
        assert!(long.chars().all(|letter| letter == 'ü'));
    }

    #[test]
    fn a_message_is_found_by_all_that_the_page_promises() {
        let words = Words::of(&made::quarantined(7));
        let all: Vec<&str> = words.split(' ').collect();
        for word in [
            "bob@sender.test",
            "sender.test",
            "ann@example.test",
            "example.test",
            "192.0.2.7",
            "invoice",
            "m7@sender.test",
            "eicar-test-file",
            "antivirus",
            "malware",
            "invoice.zip",
        ] {
            assert!(all.contains(&word), "{word} in {words}");
        }
    }
}
