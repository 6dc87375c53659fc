//! The messages: two archives of real mail beside the project, and the hand-made cases in it.

use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// What a message truly is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Class {
    /// Credential theft and the like.
    Phishing,
    /// Pretends to be somebody the reader knows.
    Impostor,
    /// Unsolicited bulk mail and fraud.
    Spam,
    /// Bulk mail that was asked for.
    Graymail,
    /// All other mail.
    Legit,
}

impl Class {
    /// Every class.
    pub const ALL: [Class; 5] =
        [Class::Phishing, Class::Impostor, Class::Spam, Class::Graymail, Class::Legit];

    /// Its folder.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Class::Phishing => "phishing",
            Class::Impostor => "impostor",
            Class::Spam => "spam",
            Class::Graymail => "graymail",
            Class::Legit => "legit",
        }
    }

    /// Whether it is to be caught.
    #[must_use]
    pub fn is_unwanted(self) -> bool {
        matches!(self, Class::Phishing | Class::Impostor | Class::Spam)
    }
}

/// One message.
#[derive(Debug, Clone)]
pub struct Message {
    /// File name.
    pub name: String,
    /// What it is.
    pub class: Class,
    /// Its octets.
    pub raw: Vec<u8>,
}

/// The project's folder.
#[must_use]
pub fn project() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// An archive of real mail (`sa-train`, `sa-tune`) in order of names; `None` where there is none.
///
/// # Errors
/// When it cannot be read.
pub fn archive(name: &str) -> Result<Option<Vec<Message>>> {
    let path = project().join("../shared/data/mail").join(format!("{name}.tar.xz"));
    let Ok(packed) = std::fs::read(&path) else { return Ok(None) };
    let mut archive = tar::Archive::new(lzma_rust2::XzReader::new(packed.as_slice(), true));
    let mut all = Vec::new();
    for entry in archive.entries()? {
        let mut entry = entry?;
        let name = entry.path()?.to_string_lossy().into_owned();
        if !entry.header().entry_type().is_file() {
            continue;
        }
        let class = if name.contains("/spam/") { Class::Spam } else { Class::Legit };
        let mut raw = Vec::new();
        entry.read_to_end(&mut raw)?;
        all.push(Message { name, class, raw });
    }
    all.sort_by(|one, two| one.name.cmp(&two.name));
    Ok(Some(all))
}

/// Hand-made cases of one half (`tune`, `held`) in order of names.
///
/// # Errors
/// When a file cannot be read.
pub fn cases(half: &str) -> Result<Vec<Message>> {
    let mut all = Vec::new();
    for class in Class::ALL {
        let folder = project().join("tests/cases").join(half).join(class.word());
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        files.retain(|path| path.extension().is_some_and(|end| end == "eml"));
        files.sort();
        for file in files {
            let raw = std::fs::read(&file).with_context(|| file.display().to_string())?;
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            all.push(Message { name: format!("{}/{name}", class.word()), class, raw });
        }
    }
    Ok(all)
}
