//! Scripts: those that download and run, and those that hide what they do.
//!
//! Looks at script files and at script text taken out of documents. One pass finds all words; what
//! counts is that words of two groups meet.

use aho_corasick::{AhoCorasick, AhoCorasickKind};
use filetype::{FileType, kinds};
use mail::{EngineName, Finding, FindingKind};
use unpack::{Origin, Specimen, Text};

use crate::limits;

/// What a word does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Does {
    /// Fetches from elsewhere.
    Fetches,
    /// Starts a program.
    Starts,
    /// Writes a file.
    Writes,
    /// Turns text into code.
    Decodes,
    /// Undoes protection or hides itself.
    Hides,
}

/// Words of scripts; letter case does not count.
const WORDS: &[(&str, Does)] = &[
    ("downloadstring", Does::Fetches),
    ("downloadfile", Does::Fetches),
    ("downloaddata", Does::Fetches),
    ("xmlhttp", Does::Fetches),
    ("winhttprequest", Does::Fetches),
    ("urldownloadtofile", Does::Fetches),
    ("invoke-webrequest", Does::Fetches),
    ("invoke-restmethod", Does::Fetches),
    ("start-bitstransfer", Does::Fetches),
    ("bitsadmin", Does::Fetches),
    ("urlcache", Does::Fetches),
    ("net.webclient", Does::Fetches),
    ("curl http", Does::Fetches),
    ("curl -", Does::Fetches),
    ("wget http", Does::Fetches),
    ("wscript.shell", Does::Starts),
    ("shell.application", Does::Starts),
    ("shellexecute", Does::Starts),
    ("start-process", Does::Starts),
    ("invoke-expression", Does::Starts),
    ("win32_process", Does::Starts),
    ("| iex", Does::Starts),
    ("|iex", Does::Starts),
    ("iex(", Does::Starts),
    ("iex (", Does::Starts),
    ("rundll32", Does::Starts),
    ("regsvr32", Does::Starts),
    ("mshta", Does::Starts),
    ("powershell", Does::Starts),
    ("| sh\n", Does::Starts),
    ("| bash", Does::Starts),
    ("chmod +x", Does::Starts),
    ("cmd /c", Does::Starts),
    ("cmd.exe", Does::Starts),
    ("adodb.stream", Does::Writes),
    ("savetofile", Does::Writes),
    ("createtextfile", Does::Writes),
    ("writeallbytes", Does::Writes),
    ("frombase64string", Does::Decodes),
    ("fromcharcode", Does::Decodes),
    ("executeglobal", Does::Decodes),
    ("eval(", Does::Decodes),
    ("unescape(", Does::Decodes),
    ("-bxor", Does::Decodes),
    ("virtualalloc", Does::Decodes),
    ("reflection.assembly", Does::Decodes),
    ("gzipstream", Does::Decodes),
    ("bin.base64", Does::Decodes),
    ("certutil -decode", Does::Decodes),
    ("-encodedcommand", Does::Hides),
    (" -enc ", Does::Hides),
    ("-executionpolicy bypass", Does::Hides),
    ("-ep bypass", Does::Hides),
    ("-windowstyle hidden", Does::Hides),
    ("-w hidden", Does::Hides),
    ("amsiutils", Does::Hides),
    ("set-mppreference", Does::Hides),
    ("vssadmin", Does::Hides),
    ("currentversion\\run", Does::Hides),
];

/// One heuristic: groups of words that must all be met.
const RULES: &[(&str, &[Does], u8, &str)] = &[
    (
        "script-downloads-and-runs",
        &[Does::Fetches, Does::Starts],
        80,
        "a script downloads and starts programs",
    ),
    (
        "script-writes-and-runs",
        &[Does::Writes, Does::Starts],
        70,
        "a script writes a file and starts programs",
    ),
    (
        "script-hides-and-runs",
        &[Does::Hides, Does::Starts],
        70,
        "a script starts programs out of sight",
    ),
    (
        "script-decodes-and-runs",
        &[Does::Decodes, Does::Starts],
        65,
        "a script decodes what it starts",
    ),
    (
        "script-downloads-and-writes",
        &[Does::Fetches, Does::Writes],
        60,
        "a script downloads and writes a file",
    ),
];

/// The engine for scripts.
#[derive(Debug)]
pub(crate) struct Scripts {
    words: Option<AhoCorasick>,
}

impl Default for Scripts {
    fn default() -> Self {
        let kind = Some(AhoCorasickKind::ContiguousNFA);
        let words = WORDS.iter().map(|(word, _)| *word);
        let built = AhoCorasick::builder().ascii_case_insensitive(true).kind(kind).build(words);
        Scripts { words: built.ok() }
    }
}

impl Scripts {
    /// Looks at a script; the worst that is seen.
    pub fn look(&self, specimen: &Specimen<'_>) -> Option<Finding> {
        if !is_script(specimen) {
            return None;
        }
        let octets = specimen.octets.get(..limits::SCRIPT_OCTETS).unwrap_or(specimen.octets);
        let narrow = narrow(octets);
        let seen = self.seen(narrow.as_deref().unwrap_or(octets));
        let found = RULES.iter().find(|(_, all, _, _)| {
            all.iter().all(|does| seen.iter().any(|(_, seen)| seen == does))
        });
        let found = found.map(|(name, all, weight, words)| {
            let of = |does: &Does| {
                seen.iter().find(|(_, seen)| seen == does).map(|(word, _)| word.trim())
            };
            let words =
                format!("{words}: {}", all.iter().filter_map(of).collect::<Vec<_>>().join(", "));
            (*name, *weight, words)
        });
        let (name, weight, words) = found.or_else(|| obfuscated(octets))?;
        let kind = FindingKind::Suspicious;
        let finding = Finding::new(EngineName::Document, kind, name, specimen.place, words);
        Some(finding.weighing(weight))
    }

    /// The first word of each group.
    fn seen(&self, octets: &[u8]) -> Vec<(&'static str, Does)> {
        let mut seen: Vec<(&'static str, Does)> = Vec::new();
        let Some(words) = &self.words else { return seen };
        for hit in words.find_overlapping_iter(octets) {
            if let Some((word, does)) = WORDS.get(hit.pattern().as_usize())
                && !seen.iter().any(|(_, known)| known == does)
            {
                seen.push((word, *does));
            }
        }
        seen
    }
}

/// Script files that Windows runs, shell scripts, and script text from inside other files. Scripts
/// in pages are left to the page's own facts: every shop has them.
fn is_script(specimen: &Specimen<'_>) -> bool {
    const KINDS: &[FileType] = &[
        kinds::JS,
        kinds::JSE,
        kinds::VBS,
        kinds::VBE,
        kinds::PS1,
        kinds::BAT,
        kinds::SH,
        kinds::HTA,
        kinds::WSF,
        kinds::REG,
        kinds::INF,
        kinds::SCF,
        kinds::XSL,
        kinds::NODE_SCRIPT,
        kinds::PYTHON,
        kinds::PERL,
        kinds::APPLESCRIPT,
    ];
    const EXTENSIONS: &[&str] =
        &["js", "jse", "vbs", "vbe", "wsf", "wsh", "hta", "ps1", "bat", "cmd", "sct", "psm1", "vb"];
    match specimen.origin {
        Origin::Text(Text::Script) => specimen.parent.is_none_or(|parent| !is_page(parent)),
        Origin::Text(_) => false,
        _ => {
            let named = || {
                filetype::extension(specimen.name)
                    .is_some_and(|one| EXTENSIONS.contains(&one.as_str()))
            };
            KINDS.iter().any(|kind| specimen.types.has(*kind)) || (!is_page(specimen) && named())
        }
    }
}

fn is_page(specimen: &Specimen<'_>) -> bool {
    matches!(specimen.types.main(), kinds::HTML | kinds::SVG)
}

/// UTF-16 with its NULs left out.
fn narrow(octets: &[u8]) -> Option<Vec<u8>> {
    let is_wide =
        octets.get(..64).unwrap_or(octets).iter().filter(|octet| **octet == 0).count() > 8;
    is_wide.then(|| octets.iter().copied().filter(|octet| *octet != 0).collect())
}

/// Octets of one word without blanks, from which a script does not want to be read.
const LONG_WORD: usize = 8000;
/// Escapes (`\x41`, `%u0041`, `&#65;`, `Chr(65)`) from which a script does not want to be read.
const ESCAPES: usize = 400;

fn obfuscated(octets: &[u8]) -> Option<(&'static str, u8, String)> {
    let longest =
        octets.split(|octet| octet.is_ascii_whitespace() || matches!(octet, b';' | b'{' | b','));
    let longest = longest.map(<[u8]>::len).max().unwrap_or(0);
    let escapes = memchr::memmem::find_iter(octets, b"\\x").count()
        + memchr::memmem::find_iter(octets, b"%u").count()
        + memchr::memmem::find_iter(octets, b"Chr(").count()
        + memchr::memmem::find_iter(octets, b"chr(").count();
    if escapes >= ESCAPES {
        return Some(("script-obfuscated", 50, format!("{escapes} escaped characters")));
    }
    (longest >= LONG_WORD)
        .then(|| ("script-obfuscated", 40, format!("a word of {longest} characters")))
}
