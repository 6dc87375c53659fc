//! A reading head over octets that trusts no length: every step says whether the octets were there.
//!
//! Never copies, never panics. Start with [`Cursor::take`].

use encoding_rs::Encoding;

/// A place in a run of octets.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    /// At the start.
    pub(crate) fn new(octets: &'a [u8]) -> Self {
        Cursor { rest: octets }
    }

    /// At an offset; at the end when there is no such place.
    pub(crate) fn at(octets: &'a [u8], offset: usize) -> Self {
        Cursor { rest: octets.get(offset..).unwrap_or_default() }
    }

    /// What is left.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Octets left.
    pub(crate) fn len(&self) -> usize {
        self.rest.len()
    }

    /// Whether nothing is left.
    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next octets; nothing is taken when there are not enough.
    pub(crate) fn take(&mut self, octets: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(octets)?;
        self.rest = rest;
        Some(taken)
    }

    /// The next octets, or as many as there are.
    pub(crate) fn take_most(&mut self, octets: usize) -> &'a [u8] {
        self.take(octets.min(self.rest.len())).unwrap_or_default()
    }

    /// Steps over octets.
    pub(crate) fn skip(&mut self, octets: usize) -> Option<()> {
        self.take(octets).map(|_| ())
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.rest.split_first_chunk::<N>()?;
        self.rest = rest;
        Some(*taken)
    }

    /// One octet.
    pub(crate) fn u8(&mut self) -> Option<u8> {
        self.array::<1>().map(|[one]| one)
    }

    /// Two octets, the low one first.
    pub(crate) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    /// Four octets, the low one first.
    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    /// Eight octets, the low one first.
    pub(crate) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    /// Four octets as a length in this machine's measure.
    pub(crate) fn length(&mut self) -> Option<usize> {
        self.u32().and_then(|length| usize::try_from(length).ok())
    }

    /// The octets up to a zero octet, which is stepped over.
    pub(crate) fn until_zero(&mut self) -> Option<&'a [u8]> {
        let end = memchr::memchr(0, self.rest)?;
        let taken = self.take(end)?;
        self.skip(1)?;
        Some(taken)
    }
}

/// Two octets at an offset.
pub(crate) fn u16_at(octets: &[u8], offset: usize) -> Option<u16> {
    Cursor::at(octets, offset).u16()
}

/// Four octets at an offset.
pub(crate) fn u32_at(octets: &[u8], offset: usize) -> Option<u32> {
    Cursor::at(octets, offset).u32()
}

/// UTF-16, the low octet first, to text; what is no character becomes U+FFFD.
pub(crate) fn utf16(octets: &[u8]) -> String {
    let units = octets.chunks_exact(2).map(|pair| match pair {
        [low, high] => u16::from_le_bytes([*low, *high]),
        _ => 0,
    });
    char::decode_utf16(units).map(|one| one.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

/// Octets of a Windows code page to text; an unknown page is read as 1252.
pub(crate) fn code_page(octets: &[u8], page: u16) -> String {
    let label = match page {
        65001 => "utf-8",
        932 => "shift_jis",
        936 => "gbk",
        949 => "euc-kr",
        950 => "big5",
        874 => "windows-874",
        20866 => "koi8-r",
        10000 => "macintosh",
        1250 => "windows-1250",
        1251 => "windows-1251",
        1253 => "windows-1253",
        1254 => "windows-1254",
        1255 => "windows-1255",
        1256 => "windows-1256",
        1257 => "windows-1257",
        1258 => "windows-1258",
        _ => "windows-1252",
    };
    let encoding = Encoding::for_label(label.as_bytes()).unwrap_or(encoding_rs::WINDOWS_1252);
    encoding.decode_without_bom_handling(octets).0.into_owned()
}

/// Whether `octets` holds `word`, ASCII letters of either case alike. `word` is in lower case.
pub(crate) fn holds(octets: &[u8], word: &[u8]) -> bool {
    let Some((first, others)) = word.split_first() else { return true };
    let upper = first.to_ascii_uppercase();
    memchr::memchr2_iter(*first, upper, octets).any(|at| {
        let rest = octets.get(at.saturating_add(1)..).unwrap_or_default();
        rest.get(..others.len()).is_some_and(|found| found.eq_ignore_ascii_case(others))
    })
}

/// Text cut to a number of octets at the end of a character, control characters blanked: fit to be
/// shown.
pub(crate) fn shown(text: &str, octets: usize) -> String {
    let mut shown = String::with_capacity(text.len().min(octets));
    for one in text.chars() {
        if shown.len().saturating_add(one.len_utf8()) > octets {
            break;
        }
        shown.push(if one.is_control() { ' ' } else { one });
    }
    shown
}
