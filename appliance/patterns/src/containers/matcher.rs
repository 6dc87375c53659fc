//! Holds members against the signatures.

use unpack::{Member, Origin, Specimen};

use super::{Holder, SECTION, Signature};
use crate::expressions::Expressions;
use crate::pack::{Pack, PackError};
use crate::scanner::{Hits, Look, Matcher};

/// Looks for members of containers.
pub(crate) struct ContainerMatcher {
    signatures: Vec<Signature>,
    patterns: Expressions,
}

impl ContainerMatcher {
    /// A matcher; `None` when the pack has no such signatures.
    ///
    /// # Errors
    /// When the section is damaged.
    pub(crate) fn new(pack: &Pack) -> Result<Option<Self>, PackError> {
        let section = pack.section(SECTION);
        if section.is_empty() {
            return Ok(None);
        }
        let signatures: Vec<Signature> = postcard::from_bytes(section).map_err(|error| {
            PackError::Section { section: "CDB".to_owned(), reason: error.to_string() }
        })?;
        let pairs = signatures.iter().map(|one| (one.pattern.as_str(), one.needed.as_slice()));
        let patterns = Expressions::new(pairs);
        Ok(Some(ContainerMatcher { signatures, patterns }))
    }
}

impl Matcher for ContainerMatcher {
    fn look(&mut self, look: &Look<'_>, hits: &mut Hits) {
        let Some(seen) = Seen::of(look.specimen) else { return };
        for number in self.patterns.candidates(seen.path.as_bytes()) {
            let Some(signature) = self.signatures.get(number as usize) else { continue };
            let fits = seen.fits(signature)
                && (signature.pattern.is_empty()
                    || self.patterns.matches(number, seen.path.as_bytes()));
            if fits {
                hits.hit(signature.name, seen.evidence());
            }
        }
    }
}

/// What is known of one member.
struct Seen<'s> {
    path: &'s str,
    octets: u64,
    member: Option<Member>,
}

impl<'s> Seen<'s> {
    fn of(specimen: &Specimen<'s>) -> Option<Self> {
        let member = match specimen.origin {
            Origin::Member(member) => Some(member),
            Origin::Part | Origin::Reading => None,
            Origin::Stream | Origin::Text(_) => return None,
        };
        let octets = specimen.octets.len() as u64;
        Some(Seen { path: path(specimen), octets, member })
    }

    fn fits(&self, signature: &Signature) -> bool {
        let Some(member) = self.member else { return self.fits_mail(signature) };
        let holder = match &signature.holder {
            Holder::Any => true,
            Holder::Mail => false,
            Holder::Named(kind) => kind == member.container.name(),
        };
        holder
            && signature.holder_octets.has(member.container_octets)
            && signature.packed.has(member.packed_octets)
            && signature.real.has(member.declared_octets)
            && signature.number.has(u64::from(member.number))
            && signature.encrypted.is_none_or(|wanted| wanted == member.is_encrypted)
            && signature.crc32.is_none_or(|wanted| member.crc32 == Some(wanted))
    }

    /// An attachment has no number in its message (clamscan takes 0) and is never encrypted. How
    /// large the message is, is not known here, so it is not asked.
    fn fits_mail(&self, signature: &Signature) -> bool {
        matches!(signature.holder, Holder::Any | Holder::Mail)
            && signature.packed.has(self.octets)
            && signature.real.has(self.octets)
            && signature.number.has(0)
            && signature.encrypted != Some(true)
    }

    fn evidence(&self) -> String {
        match self.member {
            Some(member) => format!(
                "{:?}, {} bytes, file {} of a {}",
                self.path,
                member.declared_octets,
                member.number,
                member.container.title()
            ),
            None => format!("{:?}, {} bytes", self.path, self.octets),
        }
    }
}

/// The path of a member inside its container; the name of an attachment.
fn path<'s>(specimen: &Specimen<'s>) -> &'s str {
    let inside = specimen.parent.and_then(|parent| specimen.place.strip_prefix(parent.place));
    let inside = inside.and_then(|rest| rest.strip_prefix('/'));
    inside.filter(|path| path.ends_with(specimen.name)).unwrap_or(specimen.name)
}
