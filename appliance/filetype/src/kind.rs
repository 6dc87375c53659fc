//! The nouns: a type, its family, and the set of types of one run of octets.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use crate::limits;

/// A family of types, as administrators choose them (features D-21).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Family {
    /// Programs and libraries of any system.
    Executable,
    /// Office documents, PDF, books.
    Document,
    /// Pictures.
    Image,
    /// Sound and film.
    Media,
    /// Archives and compressed files.
    Archive,
    /// Source that an interpreter runs, shortcuts included.
    Script,
    /// Messages and mailboxes.
    Email,
    /// Databases.
    Database,
    /// Images of disks.
    DiskImage,
    /// Fonts.
    Font,
    /// Text that is none of the others.
    Text,
    /// Anything else that is known, such as certificates and models.
    Data,
    /// Not known.
    Unknown,
}

/// One row of the table of types.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    /// Short name, lower case, at most 32 octets, unique: `zip`, `docx`, `pe-exe`.
    pub name: &'static str,
    /// For people: `ZIP archive`.
    pub title: &'static str,
    pub family: Family,
    /// Number of the format it is built on; its own when it is built on none.
    pub base: u16,
    /// Usual extensions, lower case, without the dot.
    pub extensions: &'static [&'static str],
    /// MIME types, the registered one first.
    pub mimes: &'static [&'static str],
}

/// A type: a row of the table.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileType(pub(crate) u16);

/// The table by names.
static BY_NAME: LazyLock<BTreeMap<&str, FileType>> =
    LazyLock::new(|| FileType::all().map(|kind| (kind.name(), kind)).collect());

impl FileType {
    fn row(self) -> &'static Row {
        crate::kinds::TABLE.get(usize::from(self.0)).unwrap_or(&crate::kinds::NO_ROW)
    }

    /// Short name, lower case, such as `zip`; stable over versions.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// Name for people.
    #[must_use]
    pub fn title(self) -> &'static str {
        self.row().title
    }

    /// Its family.
    #[must_use]
    pub fn family(self) -> Family {
        self.row().family
    }

    /// The format it is built on: `zip` for `docx`, `ole` for `doc`, itself when it is built on
    /// none. Who opens containers asks for this.
    #[must_use]
    pub fn base(self) -> FileType {
        FileType(self.row().base)
    }

    /// Usual extensions, lower case, without the dot.
    #[must_use]
    pub fn extensions(self) -> &'static [&'static str] {
        self.row().extensions
    }

    /// MIME types, the registered one first.
    #[must_use]
    pub fn mimes(self) -> &'static [&'static str] {
        self.row().mimes
    }

    /// The type of a short name.
    #[must_use]
    pub fn named(name: &str) -> Option<FileType> {
        BY_NAME.get(name).copied()
    }

    /// All types.
    pub fn all() -> impl Iterator<Item = FileType> {
        (0..crate::kinds::TABLE.len()).filter_map(|at| u16::try_from(at).ok().map(FileType))
    }
}

impl std::fmt::Debug for FileType {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(self.name())
    }
}

/// Every type that fits one run of octets, the likeliest first. Never empty.
#[derive(Clone, PartialEq, Eq)]
pub struct Types {
    list: [FileType; limits::TYPES],
    count: usize,
}

impl std::fmt::Debug for Types {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_list().entries(self.iter()).finish()
    }
}

impl Types {
    /// One type.
    #[must_use]
    pub fn of(main: FileType) -> Self {
        Types { list: [main; limits::TYPES], count: 1 }
    }

    /// Adds a type that fits as well; past [`limits::TYPES`] it is dropped.
    pub fn also(&mut self, other: FileType) {
        if self.has(other) {
            return;
        }
        if let Some(slot) = self.list.get_mut(self.count) {
            *slot = other;
            self.count += 1;
        }
    }

    /// The same without one type, unless it is the only one.
    #[must_use]
    pub(crate) fn without(self, kind: FileType) -> Self {
        let Some(first) = self.iter().find(|one| *one != kind) else { return self };
        let mut types = Types::of(first);
        self.iter().filter(|one| *one != kind).for_each(|one| types.also(one));
        types
    }

    /// The likeliest.
    #[must_use]
    pub fn main(&self) -> FileType {
        let [main, ..] = self.list;
        main
    }

    /// All, the likeliest first.
    pub fn iter(&self) -> impl Iterator<Item = FileType> {
        self.list.iter().take(self.count).copied()
    }

    /// Whether this type fits.
    #[must_use]
    pub fn has(&self, kind: FileType) -> bool {
        self.iter().any(|one| one == kind)
    }

    /// Whether a type fits that is this one or is built on it.
    #[must_use]
    pub fn has_base(&self, base: FileType) -> bool {
        self.iter().any(|one| one == base || one.base() == base)
    }

    /// Whether a type of this family fits.
    #[must_use]
    pub fn has_family(&self, family: Family) -> bool {
        self.iter().any(|one| one.family() == family)
    }

    /// Whether more than one type fits.
    #[must_use]
    pub fn is_polyglot(&self) -> bool {
        self.count > 1
    }
}
