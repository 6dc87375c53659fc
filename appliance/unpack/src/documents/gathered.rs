//! What a document parser gathers on its way: texts, links, facts and payloads, each bounded.
//!
//! Parsers are pure: they fill a [`Gathered`]; only [`Gathered::tell`] speaks to the walk. Never
//! drops anything in silence: what is over a bound becomes a limit fact.

use std::borrow::Cow;
use std::collections::HashSet;

use crate::fact::FactKind;
use crate::limits;
use crate::page::Page;
use crate::specimen::{Origin, Specimen, Text};
use crate::walk::{Stop, Walk};

/// Text up to a bound.
#[derive(Debug, Default)]
pub(crate) struct Words {
    text: String,
    is_cut: bool,
}

impl Words {
    /// Adds text.
    pub(crate) fn push(&mut self, text: &str) {
        if self.text.len().saturating_add(text.len()) > limits::DOCUMENT_TEXT_OCTETS {
            self.is_cut = true;
        } else {
            self.text.push_str(text);
        }
    }

    /// Adds a character.
    pub(crate) fn push_char(&mut self, one: char) {
        if self.text.len() >= limits::DOCUMENT_TEXT_OCTETS {
            self.is_cut = true;
        } else {
            self.text.push(one);
        }
    }

    /// Ends the line, unless nothing stands on it.
    pub(crate) fn end_line(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with('\n') {
            self.push_char('\n');
        }
    }

    /// Adds a space, unless there is one.
    pub(crate) fn space(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with([' ', '\n']) {
            self.push_char(' ');
        }
    }

    /// What was gathered.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether there is nothing but white space.
    pub(crate) fn is_blank(&self) -> bool {
        self.text.chars().all(char::is_whitespace)
    }
}

/// Octets that were found inside a document.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Payload<'a> {
    /// Its name; empty when it has none.
    pub(crate) name: String,
    /// The octets.
    pub(crate) octets: Cow<'a, [u8]>,
}

/// Everything one parser found in one document.
#[derive(Debug, Default)]
pub(crate) struct Gathered<'a> {
    /// What a reader sees.
    pub(crate) visible: Words,
    /// What a reader does not see.
    pub(crate) hidden: Words,
    /// Source of scripts.
    pub(crate) script: Words,
    links: Vec<String>,
    known_links: HashSet<u64>,
    /// Facts with their evidence, in the order of the document.
    pub(crate) facts: Vec<(FactKind, String)>,
    /// Octets to be taken apart.
    pub(crate) payloads: Vec<Payload<'a>>,
    payload_octets: u64,
    /// What it is made of, when it is a page.
    pub(crate) page: Option<Box<Page>>,
    /// What is wrong with the document.
    pub(crate) damage: Option<&'static str>,
    /// What of it was left out, because there was too much.
    pub(crate) over: Option<&'static str>,
}

impl<'a> Gathered<'a> {
    /// Notes a fact; the same one is noted once.
    pub(crate) fn fact(&mut self, kind: FactKind, evidence: impl Into<String>) {
        let fact = (kind, evidence.into());
        let of_kind = self.facts.iter().filter(|(one, _)| *one == kind).count();
        if of_kind < limits::FACTS_OF_KIND && !self.facts.contains(&fact) {
            self.facts.push(fact);
        }
    }

    /// Notes a link; the same one is noted once.
    pub(crate) fn link(&mut self, link: &str) {
        let link = link.trim();
        if link.is_empty() {
            return;
        }
        if self.links.len() >= limits::LINKS {
            self.over = Some("more links than are kept");
            return;
        }
        let link = super::cursor::shown(link, limits::LINK_OCTETS);
        if self.known_links.insert(hash(&link)) {
            self.links.push(link);
        }
    }

    /// The links, in the order met.
    #[cfg(test)]
    pub(crate) fn links(&self) -> &[String] {
        &self.links
    }

    /// Notes octets that are to be taken apart. Copies count against a bound, lent ones do not.
    pub(crate) fn payload(&mut self, name: impl Into<String>, octets: Cow<'a, [u8]>) {
        if let Cow::Owned(own) = &octets {
            self.payload_octets = self.payload_octets.saturating_add(own.len() as u64);
        }
        if self.payload_octets > limits::PAYLOADS_OCTETS || self.payloads.len() >= limits::PAYLOADS
        {
            self.over = Some("more embedded objects than are looked at");
            return;
        }
        self.payloads.push(Payload { name: name.into(), octets });
    }

    /// Tells all of it about `specimen`.
    ///
    /// # Errors
    /// [`Stop::Over`], or [`Stop::Broken`] with the damage once everything else is told.
    pub(crate) fn tell(self, specimen: &Specimen<'_>, walk: &mut Walk<'_, '_>) -> Result<(), Stop> {
        for (kind, evidence) in &self.facts {
            walk.fact(specimen, *kind, evidence);
        }
        if let Some(page) = &self.page {
            walk.page(specimen, page);
        }
        let is_cut = self.visible.is_cut || self.hidden.is_cut || self.script.is_cut;
        let links = self.links.join("\n");
        let texts = [
            (Text::Visible, self.visible.as_str()),
            (Text::Hidden, self.hidden.as_str()),
            (Text::Links, links.as_str()),
            (Text::Script, self.script.as_str()),
        ];
        for (kind, text) in texts {
            if !text.trim().is_empty() {
                walk.text(specimen, kind, text)?;
            }
        }
        for payload in &self.payloads {
            walk.member_octets(specimen, &payload.name, Origin::Stream, &payload.octets)?;
        }
        if let Some(words) = self.over.or(is_cut.then_some("more text than is kept")) {
            walk.fact(specimen, FactKind::Limit, words);
        }
        match self.damage {
            Some(words) => Err(Stop::broken(words)),
            None => Ok(()),
        }
    }
}

/// The same for the same text on every machine and in every run.
fn hash(text: &str) -> u64 {
    // FNV-1a: 64 bits, the offset and the prime of its authors.
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |sum: u64, octet| {
        (sum ^ u64::from(octet)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// Whether a file of this name, or of these types, runs.
pub(crate) fn is_program(name: &str, octets: &[u8]) -> bool {
    const RUNNING: &[&str] = &[
        "exe", "scr", "pif", "com", "dll", "cpl", "msi", "bat", "cmd", "ps1", "vbs", "vbe", "js",
        "jse", "wsf", "wsh", "hta", "lnk", "jar", "reg", "chm", "sct", "url", "one", "iso", "img",
    ];
    let extension = name.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    let is_named = name.contains('.') && RUNNING.contains(&extension.as_str());
    let is_program = || {
        let types = filetype::identify(octets);
        let families = [filetype::Family::Executable, filetype::Family::Script];
        families.into_iter().any(|family| types.has_family(family))
    };
    is_named || octets.starts_with(b"MZ") || octets.starts_with(b"\x7fELF") || is_program()
}
