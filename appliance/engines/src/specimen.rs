//! What engines look at: every reading of every leaf, and the raw message.

use message::Mail;

/// One run of octets to look at.
#[derive(Debug, Clone, Copy)]
pub struct Specimen<'m> {
    /// Path of the leaf; empty for the raw message.
    pub place: &'m str,
    /// Its declared MIME type; empty for the raw message.
    pub mime: &'m str,
    /// The octets.
    pub octets: &'m [u8],
}

/// All specimens of one message, leaves before the raw message.
#[derive(Debug)]
pub struct Specimens<'m> {
    list: Vec<Specimen<'m>>,
}

impl<'m> Specimens<'m> {
    /// The specimens of a message. A leaf that lies in the raw message as it is, is looked at
    /// once, under its own path.
    #[must_use]
    pub fn of(mail: &'m Mail<'_>) -> Self {
        let mut list = Vec::with_capacity(mail.parts.len() + 1);
        for (part, octets) in mail.leaves() {
            let specimen = |octets| Specimen { place: &part.path, mime: &part.mime, octets };
            list.push(specimen(octets));
            list.extend(part.text.as_ref().map(|text| specimen(text.as_bytes())));
            list.extend(part.readings.iter().map(|reading| specimen(reading)));
        }
        list.push(Specimen { place: "", mime: "", octets: mail.raw });
        Specimens { list }
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Specimen<'m>> {
        self.list.iter()
    }

    /// The places where `found` holds, each once; the raw message only when no leaf has it.
    pub fn places(&self, found: impl Fn(&[u8]) -> bool, most: usize) -> Vec<&'m str> {
        let mut places: Vec<&'m str> = Vec::new();
        for specimen in &self.list {
            let new = places.last() != Some(&specimen.place);
            let wanted = !specimen.place.is_empty() || places.is_empty();
            if places.len() < most && new && wanted && found(specimen.octets) {
                places.push(specimen.place);
            }
        }
        places
    }
}
