//! What there is to look at.

use filetype::{FileType, Types};

/// What a container says of one member, for signatures on archive members.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member {
    /// The container's type.
    pub container: FileType,
    /// Octets of the container.
    pub container_octets: u64,
    /// Octets in the container, compressed.
    pub packed_octets: u64,
    /// Octets it should have, by the container's directory.
    pub declared_octets: u64,
    /// Its CRC-32 by the container's directory.
    pub crc32: Option<u32>,
    /// Its place in the container, from 1.
    pub number: u32,
    /// Whether it is encrypted.
    pub is_encrypted: bool,
}

/// Which text an extraction holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Text {
    /// What a reader sees, UTF-8.
    Visible,
    /// What a reader does not see: hidden, tiny, in the colour of the paper. UTF-8.
    Hidden,
    /// Links, one a line, UTF-8.
    Links,
    /// Source of macros and scripts.
    Script,
}

/// How octets came to be a specimen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// A part of a message.
    Part,
    /// Another reading of a part of a message, beside its first one.
    Reading,
    /// A member of a container.
    Member(Member),
    /// A stream or object inside a document: real octets, but no file of its own.
    Stream,
    /// Text that was taken out of a document.
    Text(Text),
}

/// One run of octets to look at. Containers come before their members.
#[derive(Debug, Clone, Copy)]
pub struct Specimen<'a> {
    /// Path, such as `2/invoice.zip/a.docm/vbaProject.bin`.
    pub place: &'a str,
    /// Its own name, decoded; empty when it has none.
    pub name: &'a str,
    /// How it came to be.
    pub origin: Origin,
    /// Its true types.
    pub types: &'a Types,
    /// Its octets.
    pub octets: &'a [u8],
    /// Containers around it.
    pub depth: u32,
    /// The specimen it came out of.
    pub parent: Option<&'a Specimen<'a>>,
}
