//! Known malware: the pattern pack, and the EICAR test file, which is found without a pack too.

use mail::{EngineName, Finding, FindingKind};
use memchr::memmem::Finder;
use patterns::{Class, Hit, Pack, PackError, Scanner};
use sha2::{Digest as _, Sha256};
use unpack::Specimen;

/// The engine.
pub(crate) struct Virus {
    eicar: Finder<'static>,
    scanner: Option<Scanner>,
    hits: Vec<Hit>,
}

impl Default for Virus {
    fn default() -> Self {
        Virus { eicar: Finder::new(&eicar()).into_owned(), scanner: None, hits: Vec::new() }
    }
}

/// The 68 octets of the EICAR test file (eicar.org, "Anti-Malware Testfile"). In pieces, so that a
/// scanner does not take this program for it.
#[must_use]
pub fn eicar() -> Vec<u8> {
    [r"X5O!P%@AP[4\PZX54(P^)7CC)7}", "$EICAR-STANDARD-", "ANTIVIRUS-TEST-FILE!", "$H+H*"]
        .concat()
        .into_bytes()
}

impl Virus {
    /// The engine with a pack.
    ///
    /// # Errors
    /// When a section of the pack cannot be used.
    pub fn new(pack: Option<Pack>) -> Result<Self, PackError> {
        let scanner = pack.map(Scanner::new).transpose()?;
        Ok(Virus { scanner, ..Virus::default() })
    }

    /// Begins a message.
    pub fn begin(&mut self) {
        if let Some(scanner) = &mut self.scanner {
            scanner.begin();
        }
    }

    /// Looks for known malware. By its definition the test file stands at the start of a file; it
    /// is found anywhere, since a container may hold it as it is. What is returned is the limit
    /// that left it open whether some signature matches.
    pub fn look(
        &mut self,
        specimen: &Specimen<'_>,
        mut tell: impl FnMut(Finding),
    ) -> Option<String> {
        if self.eicar.find(specimen.octets).is_some() {
            let words = "the 68 octets of the EICAR anti-malware test file";
            let (engine, kind) = (EngineName::Virus, FindingKind::Malware);
            tell(
                Finding::new(engine, kind, "EICAR-Test-File", specimen.place, words).weighing(100),
            );
        }
        let scanner = self.scanner.as_mut()?;
        scanner.scan(specimen, &mut self.hits);
        let mut limit = None;
        // Only what has a hit: exceptions may name a file by its digest.
        let digest = (!self.hits.is_empty()).then(|| Sha256::digest(specimen.octets).into());
        for hit in self.hits.drain(..) {
            match kind(hit.class) {
                Some(kind) => tell(Finding { file_sha256: digest, ..finding(kind, hit) }),
                None => limit = Some(hit.evidence),
            }
        }
        limit
    }
}

/// The kind of finding that a class of signatures makes; `None` when nothing was decided.
fn kind(class: Class) -> Option<FindingKind> {
    match class {
        Class::Malware => Some(FindingKind::Malware),
        Class::MassMailer => Some(FindingKind::MassMailer),
        Class::Grayware(class) => Some(FindingKind::Grayware(class)),
        Class::Phishing => Some(FindingKind::Phishing),
        Class::Undecided => None,
    }
}

fn finding(kind: FindingKind, hit: Hit) -> Finding {
    Finding::new(EngineName::Virus, kind, hit.name, hit.place, hit.evidence)
        .weighing(100)
        .from_source(hit.source)
}
