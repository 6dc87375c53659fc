//! Names and places: what a container calls its members, made fit to be shown.

use crate::limits;

/// The place of a member: that of its container, then its name.
pub(crate) fn below(place: &str, name: &str) -> String {
    let name = clean(name);
    let name = if name.is_empty() { "-".to_owned() } else { name };
    if place.is_empty() {
        return name;
    }
    cut(&format!("{place}/{name}"), limits::PLACE_OCTETS)
}

/// A name as it is told: bounded, without control characters. Folders stay in it; it is never used
/// as a path of a file system.
pub(crate) fn clean(name: &str) -> String {
    let cut = cut_to_end(name, limits::NAME_OCTETS);
    cut.chars().map(|c| if c.is_control() { '_' } else { c }).collect()
}

/// The start of a text, never through a character.
pub(crate) fn cut(text: &str, octets: usize) -> String {
    let end = text.floor_char_boundary(octets);
    text.get(..end).unwrap_or_default().to_owned()
}

/// The end of a text: of a name that is too long the extension is worth more than the folders.
fn cut_to_end(text: &str, octets: usize) -> &str {
    let start = text.ceil_char_boundary(text.len().saturating_sub(octets));
    text.get(start..).unwrap_or_default()
}

/// A name in octets: UTF-8 where it is, else Windows-1252, which gives every octet a character.
pub(crate) fn decode(octets: &[u8]) -> String {
    match std::str::from_utf8(octets) {
        Ok(name) => name.to_owned(),
        Err(_) => encoding_rs::WINDOWS_1252.decode_without_bom_handling(octets).0.into_owned(),
    }
}

/// A name in UTF-16.
pub(crate) fn decode_utf16(octets: &[u8], is_little_endian: bool) -> String {
    let units = octets.chunks_exact(2).filter_map(|pair| <[u8; 2]>::try_from(pair).ok());
    let read = if is_little_endian { u16::from_le_bytes } else { u16::from_be_bytes };
    char::decode_utf16(units.map(read))
        .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
        .take_while(|c| *c != '\0')
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_keeps_its_extension_and_loses_folders() {
        let name = format!("{}/é/invoice.exe", "x".repeat(5000));
        let clean = clean(&name);
        assert!(clean.len() <= limits::NAME_OCTETS && clean.ends_with("/é/invoice.exe"));
    }

    #[test]
    fn control_characters_never_reach_a_place() {
        assert_eq!(below("1/a.zip", "b\r\n\0c"), "1/a.zip/b___c");
    }

    #[test]
    fn a_member_without_a_name_still_has_a_place() {
        assert_eq!(below("1/a.gz", ""), "1/a.gz/-");
    }
}
