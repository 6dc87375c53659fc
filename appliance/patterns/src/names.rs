//! Names of signatures: what a hit is called, what it means and where it comes from.
//!
//! A name is asked for only when something was found, so names are kept small and not fast: in
//! blocks of [`BLOCK`], each name after the first of its block without what it shares with the one
//! before (databases are nearly sorted). Start with [`Class::of`].

use mail::Grayware;

use crate::limits;
use crate::pack::{Pack, Writer, put_varint, take_varint, u32_at};

const BLOCK: u32 = 16;
const ENTRIES: [u8; 4] = *b"NAME";
const INDEX: [u8; 4] = *b"NAMI";
const SOURCES: [u8; 4] = *b"SRCS";

/// What a signature is a signature of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Class {
    /// Malware.
    Malware,
    /// Malware that mails itself under forged senders.
    MassMailer,
    /// A program that its owner may not want.
    Grayware(Grayware),
    /// Phishing.
    Phishing,
    /// No signature: a limit was reached before it could be decided whether one matches.
    Undecided,
}

/// Words of signature names, lower case, what they say, and whether they say it only of a signature
/// for unwanted programs. The words are those of the naming guidelines of ClamAV (docs.clamav.net,
/// "Signature names"), of its PUA categories, and of the CARO scheme that older names follow.
const WORDS: &[(&str, Class, bool)] = &[
    ("phishing", Class::Phishing, false),
    ("phish", Class::Phishing, false),
    ("scam", Class::Phishing, false),
    ("adware", Class::Grayware(Grayware::Adware), false),
    ("spyware", Class::Grayware(Grayware::Spyware), false),
    ("keylogger", Class::Grayware(Grayware::Spyware), true),
    ("spy", Class::Grayware(Grayware::Spyware), true),
    ("dialer", Class::Grayware(Grayware::Dialer), false),
    ("joke", Class::Grayware(Grayware::Joke), false),
    ("hacktool", Class::Grayware(Grayware::HackingTool), false),
    ("hackingtool", Class::Grayware(Grayware::HackingTool), false),
    ("nettool", Class::Grayware(Grayware::HackingTool), true),
    ("passtool", Class::Grayware(Grayware::PasswordCracker), false),
    ("pwtool", Class::Grayware(Grayware::PasswordCracker), false),
    ("pwcrack", Class::Grayware(Grayware::PasswordCracker), false),
    ("passwordcracker", Class::Grayware(Grayware::PasswordCracker), false),
    ("remoteadmin", Class::Grayware(Grayware::RemoteAccess), false),
    ("remoteaccess", Class::Grayware(Grayware::RemoteAccess), false),
    ("rat", Class::Grayware(Grayware::RemoteAccess), true),
    ("tool", Class::Grayware(Grayware::HackingTool), true),
];

/// Words that say malware, whatever else a name says.
const MALICE: &[&str] = &[
    "trojan",
    "backdoor",
    "worm",
    "virus",
    "malware",
    "ransomware",
    "downloader",
    "dropper",
    "exploit",
    "rootkit",
    "infostealer",
    "coinminer",
    "ircbot",
    "loader",
];

/// Families of malware that mail themselves (names as ClamAV's databases have them).
const MASS_MAILERS: &[&str] = &[
    "bagle",
    "netsky",
    "mydoom",
    "sobig",
    "sober",
    "klez",
    "bugbear",
    "mytob",
    "zafi",
    "mimail",
    "swen",
    "sircam",
    "loveletter",
    "yaha",
    "dumaru",
    "lovgate",
    "nyxem",
    "stration",
    "warezov",
    "mabutu",
    "massmailer",
    "massmail",
    "email-worm",
];

impl Class {
    /// What the name of a signature says. In doubt it is malware.
    #[must_use]
    pub fn of(name: &str) -> Class {
        let name = name.to_ascii_lowercase();
        let words = || name.split(['.', '-', '_', '/', ':']).filter(|word| !word.is_empty());
        if words().any(|word| MASS_MAILERS.contains(&word)) || name.contains("email-worm") {
            return Class::MassMailer;
        }
        let unwanted = words().any(|word| word == "pua" || word == "pup");
        if !unwanted && words().any(|word| MALICE.contains(&word)) {
            return Class::Malware;
        }
        let known = |word: &str| {
            WORDS.iter().find(|row| row.0 == word && (unwanted || !row.2)).map(|row| row.1)
        };
        // A platform stands first, the family after the category: a family that is called "Joke"
        // says nothing, so only the first three words count.
        let other = if unwanted { Class::Grayware(Grayware::Other) } else { Class::Malware };
        words().take(3).find_map(known).unwrap_or(other)
    }

    /// The same for a signature of a database of potentially unwanted applications (.ndu, .ldu,
    /// .hdu, .mdu, .hsu, .msu), which is never malware.
    #[must_use]
    pub fn of_unwanted(name: &str) -> Class {
        match Class::of(name) {
            Class::Malware | Class::MassMailer => Class::Grayware(Grayware::Other),
            class => class,
        }
    }

    /// A number for files.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Class::Malware => 0,
            Class::MassMailer => 1,
            Class::Phishing => 2,
            Class::Undecided => 3,
            Class::Grayware(Grayware::Spyware) => 16,
            Class::Grayware(Grayware::Adware) => 17,
            Class::Grayware(Grayware::Dialer) => 18,
            Class::Grayware(Grayware::Joke) => 19,
            Class::Grayware(Grayware::HackingTool) => 20,
            Class::Grayware(Grayware::RemoteAccess) => 21,
            Class::Grayware(Grayware::PasswordCracker) => 22,
            Class::Grayware(Grayware::Other) => 23,
        }
    }

    /// The class of a number; malware for a number that no class has.
    #[must_use]
    pub fn of_code(code: u8) -> Class {
        match code {
            1 => Class::MassMailer,
            2 => Class::Phishing,
            3 => Class::Undecided,
            16 => Class::Grayware(Grayware::Spyware),
            17 => Class::Grayware(Grayware::Adware),
            18 => Class::Grayware(Grayware::Dialer),
            19 => Class::Grayware(Grayware::Joke),
            20 => Class::Grayware(Grayware::HackingTool),
            21 => Class::Grayware(Grayware::RemoteAccess),
            22 => Class::Grayware(Grayware::PasswordCracker),
            23 => Class::Grayware(Grayware::Other),
            _ => Class::Malware,
        }
    }
}

/// Collects names. A number of a name is its place in the order of adding.
#[derive(Debug, Default)]
pub struct Names {
    entries: Vec<u8>,
    index: Vec<u8>,
    sources: Vec<String>,
    count: u32,
    last: Vec<u8>,
    last_line: u32,
}

impl Names {
    /// Adds a source; the number is for [`Names::add`].
    pub fn source(&mut self, name: &str) -> u16 {
        let number = u16::try_from(self.sources.len()).unwrap_or(u16::MAX);
        self.sources.push(name.chars().take(limits::NAME_OCTETS).collect());
        number
    }

    /// Adds a name and gives its number. A name over [`limits::NAME_OCTETS`] octets is cut.
    pub fn add(&mut self, name: &str, class: Class, source: u16, line: u32) -> u32 {
        let number = self.count;
        let name = name.as_bytes().get(..limits::NAME_OCTETS).unwrap_or(name.as_bytes());
        if number.is_multiple_of(BLOCK) {
            let at = u32::try_from(self.entries.len()).unwrap_or(u32::MAX);
            self.index.extend_from_slice(&at.to_le_bytes());
            self.last.clear();
            self.last_line = 0;
        }
        let shared = name.iter().zip(&self.last).take_while(|(one, other)| one == other).count();
        let suffix = name.get(shared..).unwrap_or_default();
        self.entries.push(class.code());
        put_varint(&mut self.entries, shared as u64);
        put_varint(&mut self.entries, suffix.len() as u64);
        put_varint(&mut self.entries, u64::from(source));
        put_varint(&mut self.entries, zigzag(self.last_line, line));
        self.entries.extend_from_slice(suffix);
        self.last.truncate(shared);
        self.last.extend_from_slice(suffix);
        self.last_line = line;
        self.count = self.count.saturating_add(1);
        number
    }

    /// How many names there are.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.count
    }

    /// Writes the sections.
    pub fn finish(self, writer: &mut Writer) {
        writer.section(ENTRIES, self.entries);
        writer.section(INDEX, self.index);
        let mut sources = Vec::new();
        for source in self.sources {
            put_varint(&mut sources, source.len() as u64);
            sources.extend_from_slice(source.as_bytes());
        }
        writer.section(SOURCES, sources);
    }
}

fn zigzag(from: u32, to: u32) -> u64 {
    if to >= from { u64::from(to - from) << 1 } else { u64::from(from - to) << 1 | 1 }
}

fn unzigzag(from: u32, step: u64) -> u32 {
    let size = u32::try_from(step >> 1).unwrap_or(u32::MAX);
    if step & 1 == 0 { from.saturating_add(size) } else { from.saturating_sub(size) }
}

/// A name read out of a pack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The name as the database has it.
    pub name: String,
    /// What it means.
    pub class: Class,
    /// Where it comes from: `daily.ldb:117`.
    pub source: String,
}

/// How many names, and so signatures, a pack has.
#[must_use]
pub fn count(pack: &Pack) -> u64 {
    let index = pack.section(INDEX);
    let last = index.len().checked_sub(4).and_then(|at| u32_at(index, at)).unwrap_or(0);
    let mut octets = pack.section(ENTRIES).get(last as usize..).unwrap_or_default();
    let mut entry = Entry { class: 0, source: 0, line: 0, name: Vec::new() };
    let in_last = std::iter::from_fn(|| step(&mut octets, &mut entry)).count() as u64;
    let blocks = index.len() as u64 / 4;
    blocks.saturating_sub(1) * u64::from(BLOCK) + in_last
}

struct Entry {
    class: u8,
    source: u64,
    line: u32,
    name: Vec<u8>,
}

/// The name of a number. In a damaged pack a hit keeps a name of its own kind: a lost name never
/// loses a hit.
#[must_use]
pub fn name(pack: &Pack, number: u32) -> Named {
    let Some(entry) = entry(pack, number) else {
        let name = format!("Signature-{number}");
        return Named { name, class: Class::Malware, source: String::new() };
    };
    let source = source(pack, entry.source).unwrap_or_default();
    Named {
        name: String::from_utf8_lossy(&entry.name).into_owned(),
        class: Class::of_code(entry.class),
        source: format!("{source}:{}", entry.line),
    }
}

fn entry(pack: &Pack, number: u32) -> Option<Entry> {
    let block = (number / BLOCK) as usize;
    let at = u32_at(pack.section(INDEX), block.checked_mul(4)?)? as usize;
    let mut octets = pack.section(ENTRIES).get(at..)?;
    let mut entry = Entry { class: 0, source: 0, line: 0, name: Vec::new() };
    for _ in 0..=number % BLOCK {
        step(&mut octets, &mut entry)?;
    }
    Some(entry)
}

fn step(octets: &mut &[u8], entry: &mut Entry) -> Option<()> {
    let (class, rest) = octets.split_first()?;
    *octets = rest;
    entry.class = *class;
    let shared = usize::try_from(take_varint(octets)?).ok()?;
    let length = usize::try_from(take_varint(octets)?).ok()?;
    entry.source = take_varint(octets)?;
    entry.line = unzigzag(entry.line, take_varint(octets)?);
    let (suffix, rest) = octets.split_at_checked(length)?;
    *octets = rest;
    entry.name.truncate(shared);
    entry.name.extend_from_slice(suffix);
    (entry.name.len() <= limits::NAME_OCTETS).then_some(())
}

fn source(pack: &Pack, number: u64) -> Option<String> {
    let mut octets = pack.section(SOURCES);
    for _ in 0..number {
        let length = usize::try_from(take_varint(&mut octets)?).ok()?;
        octets = octets.get(length..)?;
    }
    let length = usize::try_from(take_varint(&mut octets)?).ok()?;
    Some(String::from_utf8_lossy(octets.get(..length)?).into_owned())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn written(names: Names) -> Pack {
        let mut writer = Writer::default();
        names.finish(&mut writer);
        Pack::open(Arc::new(writer.finish().unwrap())).unwrap()
    }

    #[test]
    fn a_pack_tells_how_many_names_it_has() {
        for wanted in [0, 1, 15, 16, 17, 100] {
            let mut names = Names::default();
            let source = names.source("own.ndb");
            for number in 0..wanted {
                names.add(&format!("Name.{number}"), Class::Malware, source, number);
            }
            assert_eq!(count(&written(names)), u64::from(wanted));
        }
    }

    #[test]
    fn names_come_back_with_class_and_source_in_any_order() {
        let mut names = Names::default();
        let first = names.source("daily.ldb");
        let second = names.source("own.ndb");
        for at in 0..1000_u32 {
            let (source, line) = if at % 7 == 0 { (second, 5000 - at) } else { (first, at) };
            let name = format!("Win.Trojan.Agent-{}", at * 7919 % 1000);
            assert_eq!(names.add(&name, Class::of_code((at % 4) as u8), source, line), at);
        }
        let pack = written(names);
        for at in (0..1000_u32).rev() {
            let named = name(&pack, at);
            assert_eq!(named.name, format!("Win.Trojan.Agent-{}", at * 7919 % 1000));
            assert_eq!(named.class, Class::of_code((at % 4) as u8));
            let source = if at % 7 == 0 {
                format!("own.ndb:{}", 5000 - at)
            } else {
                format!("daily.ldb:{at}")
            };
            assert_eq!(named.source, source);
        }
    }

    #[test]
    fn a_number_that_no_name_has_is_still_a_hit() {
        let named = name(&written(Names::default()), 17);
        assert_eq!((named.name.as_str(), named.class), ("Signature-17", Class::Malware));
    }

    #[test]
    fn nearly_sorted_names_are_kept_small() {
        let mut names = Names::default();
        let source = names.source("main.hdb");
        for at in 0..10_000 {
            names.add(&format!("Win.Trojan.Agent-{}", 1_000_000 + at), Class::Malware, source, at);
        }
        assert!(names.entries.len() < 100_000, "{}", names.entries.len());
    }

    #[test]
    fn names_say_their_class() {
        let cases = [
            ("Win.Trojan.Zusy-9935890-0", Class::Malware),
            ("Win.Adware.Agent-1", Class::Grayware(Grayware::Adware)),
            ("Heuristics.Phishing.Email.SpoofedDomain", Class::Phishing),
            ("Html.Phishing.Bank-3", Class::Phishing),
            ("PUA.Win.Tool.Packed-1", Class::Grayware(Grayware::HackingTool)),
            ("PUA.Win.Packer.Upx-1", Class::Grayware(Grayware::Other)),
            ("Win.Joke.Screen-2", Class::Grayware(Grayware::Joke)),
            ("Win.Worm.Bagle-9", Class::MassMailer),
            ("Worm.Mydoom.M", Class::MassMailer),
            ("Email-Worm.Win32.Foo", Class::MassMailer),
            ("Dialer-12", Class::Grayware(Grayware::Dialer)),
            ("PUA.RAT.Vnc", Class::Grayware(Grayware::RemoteAccess)),
            ("PUA.PwTool.John", Class::Grayware(Grayware::PasswordCracker)),
            ("Win.Trojan.Corat.Rat", Class::Malware),
            ("Trojan.Spyware.Zbot", Class::Malware),
            ("Win.Rat.Njrat-1", Class::Malware),
        ];
        for (name, class) in cases {
            assert_eq!(Class::of(name), class, "{name}");
            assert_eq!(Class::of_code(class.code()), class);
        }
    }
}
