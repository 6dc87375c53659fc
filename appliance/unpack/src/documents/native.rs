//! Objects as OLE 1 keeps them (MS-OLEDS): the octets after `objdata` in RTF, and the `Package`
//! that wraps a file with its name.
//!
//! Never believes a size: what is shorter than it says is taken as far as it goes. Start with
//! [`object`] and [`package`].

use super::cursor::{Cursor, code_page};

/// An OLE 1 object.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Object<'a> {
    /// Its class, such as `Package` or `Equation.3`.
    pub(crate) class: String,
    /// What it links to; empty for an embedded object.
    pub(crate) target: String,
    /// Its octets.
    pub(crate) octets: &'a [u8],
}

/// Reads an OLE 1 object (MS-OLEDS 2.2.4 and 2.2.6).
pub(crate) fn object(octets: &[u8]) -> Option<Object<'_>> {
    let mut cursor = Cursor::new(octets);
    cursor.skip(4)?;
    let format = cursor.u32()?;
    if !(1..=2).contains(&format) {
        return None;
    }
    let class = text(&mut cursor)?;
    let topic = text(&mut cursor)?;
    let item = text(&mut cursor)?;
    if format == 1 {
        let target = if item.is_empty() { topic } else { format!("{topic}!{item}") };
        return Some(Object { class, target, octets: &[] });
    }
    let size = cursor.length()?;
    Some(Object { class, target: String::new(), octets: cursor.take_most(size) })
}

fn text(cursor: &mut Cursor<'_>) -> Option<String> {
    let length = cursor.length()?;
    let octets = cursor.take(length.min(cursor.len()))?;
    let end = memchr::memchr(0, octets).unwrap_or(octets.len());
    Some(code_page(octets.get(..end).unwrap_or_default(), 1252))
}

/// A file inside a package.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Package<'a> {
    /// Its file name.
    pub(crate) name: String,
    /// Its octets.
    pub(crate) octets: &'a [u8],
    /// Whether all of them are there.
    pub(crate) is_whole: bool,
}

/// Reads the content of a `Package` object: behind the size, when it comes from a stream
/// `\x01Ole10Native`.
pub(crate) fn package(octets: &[u8]) -> Option<Package<'_>> {
    let mut cursor = Cursor::new(octets);
    cursor.skip(2)?;
    let label = code_page(cursor.until_zero()?, 1252);
    let path = code_page(cursor.until_zero()?, 1252);
    cursor.skip(4)?;
    let length = cursor.length()?;
    cursor.skip(length)?;
    let size = cursor.length()?;
    let is_whole = cursor.len() >= size;
    let name = if label.is_empty() { path } else { label };
    let name = name.rsplit(['\\', '/']).next().unwrap_or_default().to_owned();
    Some(Package { name, octets: cursor.take_most(size), is_whole })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrapped(name: &str, octets: &[u8], size: u32) -> Vec<u8> {
        let mut made = vec![2, 0];
        made.extend(format!("{name}\0C:\\x\\{name}\0").bytes());
        made.extend([0, 0, 3, 0, 4, 0, 0, 0]);
        made.extend(b"C:\\\0");
        made.extend(size.to_le_bytes());
        made.extend(octets);
        made
    }

    #[test]
    fn a_package_gives_its_file_and_name() {
        let made = wrapped("a.exe", b"MZ1", 3);
        let package = package(&made).unwrap();
        assert_eq!((package.name.as_str(), package.octets), ("a.exe", b"MZ1".as_slice()));
        assert!(package.is_whole);
    }

    #[test]
    fn a_package_that_lies_about_its_size_gives_what_is_there() {
        let made = wrapped("a.exe", b"MZ1", u32::MAX);
        let package = package(&made).unwrap();
        assert_eq!(package.octets, b"MZ1");
        assert!(!package.is_whole);
    }

    #[test]
    fn a_linked_object_gives_its_target() {
        let mut made = vec![1, 5, 0, 0, 1, 0, 0, 0];
        for text in ["Word.Document\0", "http://x/y.doc\0", ""] {
            made.extend(u32::try_from(text.len()).unwrap().to_le_bytes());
            made.extend(text.bytes());
        }
        assert_eq!(object(&made).unwrap().target, "http://x/y.doc");
    }
}
