//! Sights for tests: a message as octets, taken apart as the engines do it.

use filetype::Family;
use mail::Leaf;
use message::Part;
use unpack::{Budget, Fact, Limits, Origin, Page, Passwords, Root, Specimen, Visitor};

use crate::said::{Said, Say};
use crate::sight::{Around, Sight, Sights};

/// Gathers what one reading of a part tells.
struct Gather<'s> {
    sights: &'s mut Sights,
    is_attachment: bool,
    is_plain: bool,
}

impl Visitor for Gather<'_> {
    fn specimen(&mut self, specimen: &Specimen<'_>) {
        let is_body = specimen.depth == 0 && !self.is_attachment;
        let text = || String::from_utf8_lossy(specimen.octets);
        match specimen.origin {
            Origin::Text(kind) => self.sights.text(&text(), kind, is_body),
            Origin::Part | Origin::Reading if is_body && self.is_plain => {
                self.sights.plain(&text());
            }
            _ if specimen.types.has_family(Family::Image) => {
                self.sights.picture(specimen.octets, specimen.types);
            }
            _ => {}
        }
    }

    fn fact(&mut self, _fact: Fact) {}

    fn page(&mut self, specimen: &Specimen<'_>, page: &Page) {
        self.sights.page(page, specimen.depth == 0 && !self.is_attachment);
    }
}

/// Shows a message's sight.
pub(crate) fn sighted<T>(raw: &[u8], then: impl FnOnce(&Sight<'_>) -> T) -> T {
    sighted_with(raw, &[], Around::default(), then)
}

/// Shows a message's sight with what is known beside it.
pub(crate) fn sighted_with<T>(
    raw: &[u8],
    leaves: &[Leaf],
    around: Around<'_>,
    then: impl FnOnce(&Sight<'_>) -> T,
) -> T {
    let mail = message::read(raw);
    let mut sights = Sights::default();
    let mut budget = Budget::new(Limits::default(), &());
    for (part, octets) in mail.leaves() {
        gather(&mut sights, part, octets, &mut budget);
    }
    then(&sights.sight(&mail, leaves, around))
}

fn gather(sights: &mut Sights, part: &Part<'_>, octets: &[u8], budget: &mut Budget<'_>) {
    let octets = part.text.as_ref().map_or(octets, |text| text.as_bytes());
    let name = part.name.as_deref().unwrap_or_default();
    let root =
        Root { place: &part.path, name, mime: &part.mime, octets, is_reading: part.text.is_some() };
    let is_plain = part.mime == "text/plain";
    let mut gather = Gather { sights, is_attachment: part.is_attachment(), is_plain };
    unpack::open(&root, &Passwords::default(), budget, &mut gather);
}

/// What one file of signals says of a message.
pub(crate) fn said_by(look: fn(&Sight<'_>, &mut Say), raw: &str) -> Vec<Said> {
    sighted(raw.as_bytes(), |sight| {
        let mut say = Say::default();
        look(sight, &mut say);
        say.into_list()
    })
}

/// The strength of one signal in what was said; 0 when it was not.
pub(crate) fn strength(said: &[Said], name: &str) -> f32 {
    said.iter().find(|one| one.signal.name == name).map_or(0.0, |one| one.strength)
}
