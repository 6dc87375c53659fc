//! A fixed list of words and phrases that are looked up by how they begin, and a hash for tables
//! that nobody outside adds to.
//!
//! Each entry has a head, such as its first word. Whoever reads a text hashes it octet by octet and
//! asks at each place where a head may end; nearly all answers come from a few kilobytes of bits.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

/// Bits of the filter: so many that few are set.
const FILTER_BITS: u32 = 17;
/// Upper bits of a hash by which entries are found.
const SLOT_BITS: u32 = 13;

/// A map whose keys are in the program, so that nobody can choose them to collide.
pub(crate) type FixedMap<K, V> = HashMap<K, V, BuildHasherDefault<Fnv>>;
/// A set of the same kind.
pub(crate) type FixedSet<K> = HashSet<K, BuildHasherDefault<Fnv>>;

/// FNV-1a of 64 bits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Fnv(0xcbf2_9ce4_8422_2325)
    }
}

impl Hasher for Fnv {
    fn write(&mut self, octets: &[u8]) {
        for octet in octets {
            self.0 = (self.0 ^ u64::from(*octet)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// The hash of a head, one octet after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head {
    sum: u32,
    /// Octets so far.
    pub octets: usize,
}

impl Head {
    /// Of nothing.
    pub const EMPTY: Head = Head { sum: 0x811c_9dc5, octets: 0 };

    /// Of one octet more.
    #[must_use]
    pub fn with(self, octet: u8) -> Head {
        let sum = (self.sum ^ u32::from(octet)).wrapping_mul(0x0100_0193);
        Head { sum, octets: self.octets + 1 }
    }

    fn of(octets: &[u8]) -> Head {
        octets.iter().fold(Head::EMPTY, |head, octet| head.with(*octet))
    }

    /// The sum with its upper bits as good as its lower ones.
    fn mixed(self) -> u32 {
        (self.sum ^ (self.sum >> 15)).wrapping_mul(0x9e37_79b1)
    }
}

fn upper(hash: u32, bits: u32) -> usize {
    usize::try_from(hash >> (32 - bits)).unwrap_or_default()
}

#[derive(Debug)]
struct Entry {
    hash: u32,
    start: u32,
    length: u16,
    head: u16,
    number: u32,
}

/// The list.
#[derive(Debug)]
pub(crate) struct WordList {
    text: String,
    /// In order of hashes; equal ones in the order given.
    entries: Vec<Entry>,
    slots: Vec<u32>,
    filter: Vec<u64>,
}

impl WordList {
    /// Words or phrases, each with the octets of its head.
    pub fn of<'w>(all: impl Iterator<Item = (&'w str, usize)>) -> Self {
        let mut text = String::new();
        let mut entries = Vec::new();
        let mut filter = vec![0_u64; 1 << (FILTER_BITS - 6)];
        for (number, (word, head)) in (0_u32..).zip(all) {
            let octets = word.as_bytes().get(..head).unwrap_or_default();
            let hash = Head::of(octets).mixed();
            let bit = upper(hash, FILTER_BITS);
            if let Some(bits) = filter.get_mut(bit / 64) {
                *bits |= 1 << (bit % 64);
            }
            let start = u32::try_from(text.len()).unwrap_or(u32::MAX);
            let (length, head) = (u16::try_from(word.len()), u16::try_from(octets.len()));
            if let (Ok(length), Ok(head)) = (length, head) {
                entries.push(Entry { hash, start, length, head, number });
                text.push_str(word);
            }
        }
        entries.sort_by_key(|entry| entry.hash);
        let mut slots = Vec::with_capacity((1 << SLOT_BITS) + 1);
        let mut seen = 0;
        for slot in 0..=1_usize << SLOT_BITS {
            let is_before = |entry: &&Entry| upper(entry.hash, SLOT_BITS) < slot;
            seen += entries.iter().skip(seen).take_while(is_before).count();
            slots.push(u32::try_from(seen).unwrap_or(u32::MAX));
        }
        text.shrink_to_fit();
        entries.shrink_to_fit();
        WordList { text, entries, slots, filter }
    }

    /// The entries with this head: the place of each in the order given, and all of it.
    pub fn under(&self, head: Head) -> impl Iterator<Item = (usize, &str)> {
        let hash = head.mixed();
        let entries = if self.may_have(hash) { self.slot(hash) } else { &[] };
        let is_one = move |one: &&Entry| one.hash == hash && usize::from(one.head) == head.octets;
        entries.iter().filter(is_one).filter_map(|one| {
            let start = usize::try_from(one.start).ok()?;
            let word = self.text.get(start..start + usize::from(one.length))?;
            Some((usize::try_from(one.number).ok()?, word))
        })
    }

    fn may_have(&self, hash: u32) -> bool {
        let bit = upper(hash, FILTER_BITS);
        self.filter.get(bit / 64).is_some_and(|bits| bits >> (bit % 64) & 1 == 1)
    }

    fn slot(&self, hash: u32) -> &[Entry] {
        let slot = upper(hash, SLOT_BITS);
        let place = |slot: usize| {
            usize::try_from(self.slots.get(slot).copied().unwrap_or_default()).unwrap_or_default()
        };
        self.entries.get(place(slot)..place(slot + 1)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_found_by_their_heads_and_by_nothing_else() {
        let words = ["pass", "password", "password reset", "pass", "paß"];
        let heads = [4, 8, 8, 4, 4];
        let list = WordList::of(words.into_iter().zip(heads));
        let under = |head: &str| list.under(Head::of(head.as_bytes())).collect::<Vec<_>>();
        assert_eq!(under("pass"), [(0, "pass"), (3, "pass")]);
        assert_eq!(under("password"), [(1, "password"), (2, "password reset")]);
        assert_eq!(under("paß"), [(4, "paß")]);
        assert!(under("passw").is_empty() && under("").is_empty());
    }

    #[test]
    fn a_long_list_finds_each_of_its_words() {
        let words: Vec<String> = (0..20_000).map(|number| format!("word{number}")).collect();
        let list = WordList::of(words.iter().map(|word| (word.as_str(), word.len())));
        for (number, word) in words.iter().enumerate() {
            let found: Vec<_> = list.under(Head::of(word.as_bytes())).collect();
            assert_eq!(found, [(number, word.as_str())]);
        }
    }
}
