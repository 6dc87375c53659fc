//! Sketches of texts, by which a mail is known again although some words of it changed: hashes of
//! every five words in a row, the least of each of 32 bins kept (one-permutation min-hashing).

/// Words of a shingle.
const WORDS: usize = 5;
/// Bins of a sketch.
const BINS: usize = 32;
/// Shingles that a text needs to be told from another.
const SHINGLES: usize = 24;
/// Words of a text that are looked at.
const TEXT_WORDS: usize = 600;
/// Campaigns that a list holds.
pub const CAMPAIGNS: usize = 1024;
const OCTETS: usize = 4 * BINS;
/// A bin that nothing fell in.
const EMPTY: u32 = u32::MAX;

/// The sketch of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sketch([u32; BINS]);

impl Sketch {
    /// Of a folded text; `None` when it is too short to be known again. Numbers, addresses and
    /// whatever else holds a digit are left out: they change from one copy to the next.
    #[must_use]
    pub fn of(folded: &str) -> Option<Self> {
        let is_inside = |one: char| !one.is_alphanumeric();
        let lasting = |word: &&str| {
            !word.is_empty() && !word.bytes().any(|octet| octet.is_ascii_digit() || octet == b'@')
        };
        let words = folded.split_ascii_whitespace().map(|word| word.trim_matches(is_inside));
        let mut sketch = Sketch([EMPTY; BINS]);
        let mut last = [0_u32; WORDS];
        let mut count = 0_usize;
        for word in words.filter(lasting).take(TEXT_WORDS) {
            last.rotate_left(1);
            if let Some(newest) = last.last_mut() {
                *newest = fnv(word.as_bytes());
            }
            count += 1;
            if count >= WORDS {
                sketch.put(mixed(&last));
            }
        }
        (count >= SHINGLES + WORDS - 1).then_some(sketch)
    }

    fn put(&mut self, hash: u32) {
        let bin = usize::try_from(hash >> 27).unwrap_or_default();
        if let Some(least) = self.0.get_mut(bin) {
            *least = (*least).min(hash);
        }
    }

    /// How much of two texts is the same, 0 to 1, as far as sketches can tell.
    #[must_use]
    pub fn likeness(&self, other: &Sketch) -> f32 {
        let mut same = 0_u8;
        let mut all = 0_u8;
        for (one, two) in self.0.iter().zip(&other.0) {
            all += u8::from(*one != EMPTY || *two != EMPTY);
            same += u8::from(one == two && *one != EMPTY);
        }
        f32::from(same) / f32::from(all.max(1))
    }

    /// As it stands in a list.
    #[must_use]
    pub fn octets(&self) -> Vec<u8> {
        self.0.iter().flat_map(|hash| hash.to_le_bytes()).collect()
    }

    fn read(octets: &[u8; OCTETS]) -> Self {
        let mut sketch = Sketch([EMPTY; BINS]);
        for (to, four) in sketch.0.iter_mut().zip(octets.as_chunks::<4>().0) {
            *to = u32::from_le_bytes(*four);
        }
        sketch
    }
}

/// FNV-1a.
fn fnv(octets: &[u8]) -> u32 {
    octets
        .iter()
        .fold(0x811c_9dc5, |sum, octet| (sum ^ u32::from(*octet)).wrapping_mul(0x0100_0193))
}

fn mixed(words: &[u32; WORDS]) -> u32 {
    let sum = words.iter().fold(0, |sum: u32, word| sum.rotate_left(7).wrapping_mul(31) ^ word);
    let sum = (sum ^ (sum >> 16)).wrapping_mul(0x85eb_ca6b);
    let sum = (sum ^ (sum >> 13)).wrapping_mul(0xc2b2_ae35);
    sum ^ (sum >> 16)
}

/// Known campaigns of unwanted mail, read in place: sketches one behind the other.
#[derive(Debug, Clone, Copy, Default)]
pub struct Campaigns<'a> {
    sketches: &'a [[u8; OCTETS]],
}

impl<'a> Campaigns<'a> {
    /// Opens a list. `None` when it is damaged or too long.
    #[must_use]
    pub fn open(octets: &'a [u8]) -> Option<Self> {
        let (sketches, rest) = octets.as_chunks::<OCTETS>();
        (rest.is_empty() && sketches.len() <= CAMPAIGNS).then_some(Campaigns { sketches })
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.sketches.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sketches.is_empty()
    }

    /// The one that a text is most like, and how much.
    #[must_use]
    pub fn nearest(&self, sketch: &Sketch) -> Option<(usize, f32)> {
        let all = self.sketches.iter().map(|octets| Sketch::read(octets).likeness(sketch));
        all.enumerate().max_by(|one, two| one.1.total_cmp(&two.1).then(two.0.cmp(&one.0)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(words: std::ops::Range<u32>) -> String {
        words
            .map(|one| {
                one.to_string().bytes().map(|c| char::from(c + 49)).collect::<String>() + " "
            })
            .collect()
    }

    #[test]
    fn a_copy_with_other_numbers_and_a_changed_line_is_known_again() {
        let known = Sketch::of(&text(0..200)).unwrap();
        let changed = format!("dear {} 4711 {} other words at its end", "x@y", text(0..190));
        assert!(known.likeness(&Sketch::of(&changed).unwrap()) > 0.7);
        assert!(known.likeness(&Sketch::of(&text(1000..1200)).unwrap()) < 0.1);
    }

    #[test]
    fn a_short_text_has_no_sketch() {
        assert_eq!(Sketch::of("thanks see you tomorrow"), None);
        assert_eq!(Sketch::of(""), None);
    }

    #[test]
    fn the_nearest_campaign_is_found_in_octets() {
        let lists = [0..100, 200..300, 400..500].map(|words| Sketch::of(&text(words)).unwrap());
        let octets: Vec<u8> = lists.iter().flat_map(Sketch::octets).collect();
        let campaigns = Campaigns::open(&octets).unwrap();
        assert_eq!(campaigns.len(), 3);
        let (at, likeness) = campaigns.nearest(&lists[1]).unwrap();
        assert!(at == 1 && likeness > 0.99);
        assert!(Campaigns::open(&octets[1..]).is_none());
        assert!(Campaigns::open(&vec![0; OCTETS * (CAMPAIGNS + 1)]).is_none());
    }
}
