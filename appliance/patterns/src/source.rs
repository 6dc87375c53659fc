//! What a pack is made of: databases, told apart by the extension of their names, and what reads
//! their lines.
//!
//! A line that cannot be used is told with source, line and reason, and left out: one bad line never
//! costs the others, and none is lost silently.

use std::collections::HashMap;
use std::sync::Arc;

use thiserror::Error;

use crate::names::Names;
use crate::pack::Writer;

/// One database: its file name and what it holds. Nothing here opens files.
#[derive(Debug, Clone)]
pub struct Source {
    /// File name without a folder, such as `daily.ldb`; its extension says what it holds.
    pub name: String,
    /// What it holds.
    pub octets: Arc<[u8]>,
}

impl Source {
    /// A source of a name and its octets.
    #[must_use]
    pub fn new(name: impl Into<String>, octets: impl Into<Arc<[u8]>>) -> Self {
        Source { name: name.into(), octets: octets.into() }
    }
}

/// What a source holds. The comment says the extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// `.ndb`, `.ndu`: extended body signatures.
    Extended,
    /// `.db`: body signatures of the first format, `name=hex`.
    Basic,
    /// `.ldb`, `.ldu`: logical signatures.
    Logical,
    /// `.hdb`, `.hdu`: MD5 of files.
    FileMd5,
    /// `.hsb`, `.hsu`: hashes of files.
    FileHash,
    /// `.mdb`, `.mdu`: MD5 of sections of programs.
    SectionMd5,
    /// `.msb`, `.msu`: hashes of sections of programs.
    SectionHash,
    /// `.imp`: hashes of import tables.
    ImportHash,
    /// `.fp`: MD5 of files that are known to be good.
    GoodMd5,
    /// `.sfp`: hashes of files that are known to be good.
    GoodHash,
    /// `.ign`, `.ign2`: names of signatures to leave out.
    Ignore,
    /// `.cdb`: signatures on members of containers.
    Container,
    /// `.zmd`: signatures on members of ZIP archives.
    ZipMember,
    /// `.rmd`: signatures on members of RAR archives.
    RarMember,
    /// `.pdb`: hosts that phishing pretends to be.
    PhishingHosts,
    /// `.gdb`: hashes of phishing addresses.
    PhishingHashes,
    /// `.wdb`: pairs of addresses that are no phishing.
    PhishingGood,
    /// `.ftm`: magic numbers of file types.
    TypeMagic,
    /// `.yar`, `.yara`: YARA rules.
    Yara,
    /// `.cvd`, `.cld`, `.cud`: a signed container of other sources.
    Bundle,
    /// `.md5list`, `.sha1list`, `.sha256list`: hashes of files, one a line.
    HashList,
    /// `.domains`, `.hosts`: host names, one a line.
    HostList,
    /// `.urls`: addresses of the web, one a line.
    UrlList,
    /// `.addresses`: addresses of mail, one a line.
    AddressList,
    /// `.ips`: addresses and networks of the internet, one a line.
    NetworkList,
    /// `.info`: figures of a bundle.
    Info,
    /// A database of ClamAV that is read and not used: bytecode, icons, certificates, passwords.
    Unsupported(&'static str),
    /// Not known.
    Unknown,
}

const KINDS: &[(&str, Kind)] = &[
    ("ndb", Kind::Extended),
    ("ndu", Kind::Extended),
    ("db", Kind::Basic),
    ("ldb", Kind::Logical),
    ("ldu", Kind::Logical),
    ("hdb", Kind::FileMd5),
    ("hdu", Kind::FileMd5),
    ("hsb", Kind::FileHash),
    ("hsu", Kind::FileHash),
    ("mdb", Kind::SectionMd5),
    ("mdu", Kind::SectionMd5),
    ("msb", Kind::SectionHash),
    ("msu", Kind::SectionHash),
    ("imp", Kind::ImportHash),
    ("fp", Kind::GoodMd5),
    ("sfp", Kind::GoodHash),
    ("ign", Kind::Ignore),
    ("ign2", Kind::Ignore),
    ("cdb", Kind::Container),
    ("zmd", Kind::ZipMember),
    ("rmd", Kind::RarMember),
    ("pdb", Kind::PhishingHosts),
    ("gdb", Kind::PhishingHashes),
    ("wdb", Kind::PhishingGood),
    ("ftm", Kind::TypeMagic),
    ("yar", Kind::Yara),
    ("yara", Kind::Yara),
    ("cvd", Kind::Bundle),
    ("cld", Kind::Bundle),
    ("cud", Kind::Bundle),
    ("md5list", Kind::HashList),
    ("sha1list", Kind::HashList),
    ("sha256list", Kind::HashList),
    ("domains", Kind::HostList),
    ("hosts", Kind::HostList),
    ("urls", Kind::UrlList),
    ("addresses", Kind::AddressList),
    ("ips", Kind::NetworkList),
    ("info", Kind::Info),
    ("cbc", Kind::Unsupported("bytecode")),
    ("idb", Kind::Unsupported("icon signatures")),
    ("crb", Kind::Unsupported("certificate rules")),
    ("cat", Kind::Unsupported("catalogues of certificates")),
    ("pwdb", Kind::Unsupported("archive passwords")),
    ("cfg", Kind::Unsupported("dynamic configuration of ClamAV")),
    ("ioc", Kind::Unsupported("OpenIOC")),
    ("sdb", Kind::Unsupported("mail-only signatures of old ClamAV")),
];

impl Kind {
    /// What a source of this name holds.
    #[must_use]
    pub fn of(name: &str) -> Kind {
        let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
        let extension = extension.to_ascii_lowercase();
        KINDS.iter().find(|(known, _)| *known == extension).map_or(Kind::Unknown, |row| row.1)
    }

    /// The name of the signature on a line of this kind, for lists of names to leave out.
    #[must_use]
    pub fn signature_name(self, line: &str) -> Option<&str> {
        match self {
            Kind::Extended | Kind::Container | Kind::ZipMember | Kind::RarMember => {
                line.split(':').next()
            }
            Kind::Logical => line.split(';').next(),
            Kind::Basic => line.split('=').next(),
            Kind::FileMd5
            | Kind::FileHash
            | Kind::SectionMd5
            | Kind::SectionHash
            | Kind::ImportHash => line.split(':').nth(2),
            _ => None,
        }
    }
}

/// Whether a source of this name is one of potentially unwanted applications.
#[must_use]
pub fn is_unwanted(name: &str) -> bool {
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    ["ndu", "ldu", "hdu", "hsu", "mdu", "msu"].iter().any(|one| extension.eq_ignore_ascii_case(one))
}

/// Where a line stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// What the source holds.
    pub kind: Kind,
    /// The number of the source, for [`Names::add`].
    pub source: u16,
    /// The line, from 1.
    pub line: u32,
    /// Whether the source is one of potentially unwanted applications.
    pub is_unwanted: bool,
}

/// Why a line was left out.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
pub enum LineProblem {
    /// It is not as the format says.
    #[error("{0}")]
    Malformed(String),
    /// It is right and needs what this program does not have; counted by this word.
    #[error("{0} cannot be used here")]
    Unsupported(&'static str),
    /// It is meant for other versions of the engine. No mistake: only counted.
    #[error("meant for another version of the engine")]
    OtherLevel,
}

/// Reads lines of one or more kinds of source.
pub trait LineCompiler {
    /// Takes one line: not empty, no comment, without its end.
    ///
    /// # Errors
    /// Why it was left out. Nothing of it may have been added then.
    fn line(&mut self, line: &str, place: Place, names: &mut Names) -> Result<(), LineProblem>;

    /// Writes its sections. What only now shows to be unusable is told.
    fn finish(self: Box<Self>, writer: &mut Writer) -> Vec<(Place, LineProblem)>;
}

/// Names of signatures to leave out (.ign, .ign2).
#[derive(Debug, Default)]
pub(crate) struct Ignored {
    /// With the MD5 of the line that is meant, when it was given.
    names: HashMap<String, Option<String>>,
}

impl Ignored {
    /// Takes one line: `name`, `name:md5 of the line`, or of the older format
    /// `database:line:name`.
    pub(crate) fn line(&mut self, line: &str) {
        let mut fields = line.split(':').map(str::trim);
        let (first, second, third) = (fields.next(), fields.next(), fields.next());
        let hash = second.filter(|hash| hash.len() == 32).map(str::to_ascii_lowercase);
        let name = third.or(first).unwrap_or_default();
        self.names.insert(name.to_owned(), hash.filter(|_| third.is_none()));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Whether a line with this signature is to be left out.
    pub(crate) fn has(&self, name: &str, line: &str) -> bool {
        let name = name.strip_suffix(".UNOFFICIAL").unwrap_or(name);
        match self.names.get(name) {
            None => false,
            Some(None) => true,
            Some(Some(hash)) => *hash == md5_hex(line),
        }
    }
}

fn md5_hex(line: &str) -> String {
    use md5::Digest;
    md5::Md5::digest(line.as_bytes()).iter().map(|octet| format!("{octet:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extensions_say_the_kind_in_any_case() {
        assert_eq!(Kind::of("daily.LDB"), Kind::Logical);
        assert_eq!(Kind::of("a.b.ign2"), Kind::Ignore);
        assert_eq!(Kind::of("bytecode.cbc"), Kind::Unsupported("bytecode"));
        assert_eq!(Kind::of("readme.txt"), Kind::Unknown);
        assert_eq!(Kind::of("none"), Kind::Unknown);
        assert!(is_unwanted("x.ndu") && !is_unwanted("x.ndb"));
    }

    #[test]
    fn the_name_of_a_signature_is_found_in_its_line() {
        assert_eq!(Kind::Extended.signature_name("A.B-1:0:*:aabb"), Some("A.B-1"));
        assert_eq!(Kind::Logical.signature_name("L;Target:0;0;aa"), Some("L"));
        assert_eq!(Kind::FileMd5.signature_name("00:12:Name:73"), Some("Name"));
        assert_eq!(Kind::Yara.signature_name("rule x"), None);
    }

    #[test]
    fn a_signature_is_left_out_by_name_and_only_that_version_of_it_when_a_hash_is_given() {
        let mut ignored = Ignored::default();
        assert!(ignored.is_empty());
        ignored.line("Plain");
        ignored.line("main.ndb:12:Old");
        let line = "Hashed:0:*:aabbcc";
        ignored.line(&format!("Hashed:{}", md5_hex(line)));
        assert!(ignored.has("Plain", "anything"));
        assert!(ignored.has("Plain.UNOFFICIAL", "anything"));
        assert!(ignored.has("Old", ""));
        assert!(ignored.has("Hashed", line));
        assert!(!ignored.has("Hashed", "Hashed:0:*:aabbcd"));
        assert!(!ignored.has("Other", line));
    }
}
