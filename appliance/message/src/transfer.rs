//! Transfer encodings undone: base64, quoted-printable and the older ones. Every decoder takes any
//! octets, says how well they fitted, and gives what other decoders would make of those that do
//! not fit. Start with [`decode`].

use std::borrow::Cow;

use memchr::memchr;

use crate::encoded::{Policy, base64_by, base64_leniently};
use crate::value::hex_pair;
use crate::{limits, lines};

/// A transfer encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Transfer {
    /// None: 7bit, 8bit, binary.
    Identity,
    /// RFC 2045 section 6.8.
    Base64,
    /// RFC 2045 section 6.7.
    Quoted,
    /// uuencode, as `x-uuencode` and its like.
    Uu,
    /// `x-yenc`.
    Yenc,
    /// `x-binhex40` (RFC 1741).
    Binhex,
}

impl Transfer {
    /// The encoding of this name, lower case.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "7bit" | "8bit" | "binary" => Transfer::Identity,
            "base64" => Transfer::Base64,
            "quoted-printable" => Transfer::Quoted,
            "x-uuencode" | "x-uue" | "uuencode" | "uue" | "x-uu" => Transfer::Uu,
            "x-yenc" | "yenc" => Transfer::Yenc,
            "x-binhex40" | "binhex" | "x-binhex" | "mac-binhex40" | "binhex40" => Transfer::Binhex,
            _ => return None,
        })
    }

    /// The encoding that a name was meant for, by some reader: `x-base64`, `"base64"`,
    /// `base64;`, `base 64`.
    pub fn resembling(name: &str) -> Option<Self> {
        let letters: String =
            name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
        let has = |part: &str| letters.contains(part);
        if has("base64") || has("b64") {
            Some(Transfer::Base64)
        } else if has("quoted") || has("printable") {
            Some(Transfer::Quoted)
        } else if has("uu") {
            Some(Transfer::Uu)
        } else if has("yenc") {
            Some(Transfer::Yenc)
        } else if has("binhex") {
            Some(Transfer::Binhex)
        } else {
            None
        }
    }
}

/// How octets fitted their encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fit {
    /// Exactly.
    Exact,
    /// With liberties that all readers forgive.
    Loose,
    /// More encoded octets follow after its end.
    GoesOn,
    /// Not.
    Broken,
}

/// Decoded octets.
#[derive(Debug)]
pub(crate) struct Decoded<'a> {
    /// As most readers have them.
    pub octets: Cow<'a, [u8]>,
    /// How well the encoded ones fitted.
    pub fit: Fit,
}

/// Undoes an encoding.
pub(crate) fn decode(encoded: &[u8], transfer: Transfer) -> Decoded<'_> {
    let (octets, fit) = match transfer {
        Transfer::Identity => return Decoded { octets: Cow::Borrowed(encoded), fit: Fit::Exact },
        Transfer::Base64 => base64(encoded),
        Transfer::Quoted => quoted(encoded, Broken::Kept),
        Transfer::Uu => lines::uu_whole(encoded),
        Transfer::Yenc => lines::yenc_whole(encoded),
        Transfer::Binhex => lines::binhex_whole(encoded),
    };
    Decoded { octets: Cow::Owned(octets), fit }
}

/// What other decoders of the same encoding make of octets that do not fit, or go on; each is made
/// when it is asked for.
pub(crate) fn others(encoded: &[u8], transfer: Transfer) -> impl Iterator<Item = Vec<u8>> {
    let base64 = Policy::OTHERS.into_iter().filter(move |_| transfer == Transfer::Base64);
    let kinds = [Broken::Dropped, Broken::Doubled, Broken::Sought];
    let quoted_kinds = kinds.into_iter().filter(move |_| transfer == Transfer::Quoted);
    let base64 = base64.map(|policy| base64_by(encoded, policy));
    base64.chain(quoted_kinds.map(|broken| quoted(encoded, broken).0))
}

/// Whether base64 has a chance of meaning something here: at least eight digits and no more than
/// every fourth octet something else.
pub(crate) fn resembles_base64(encoded: &[u8]) -> bool {
    let start = encoded.get(..encoded.len().min(4096)).unwrap_or_default();
    let is_digit =
        |octet: &&u8| octet.is_ascii_alphanumeric() || matches!(octet, b'+' | b'/' | b'=');
    let digits = start.iter().filter(is_digit).count();
    digits >= 8 && digits.saturating_mul(4) >= start.len().saturating_mul(3)
}

const BAD: u32 = u32::MAX;

/// Value of each octet as a base64 digit, shifted to its place in a group.
// Evaluated by the compiler: a wrong index would not compile.
#[allow(clippy::indexing_slicing, clippy::cast_possible_truncation)]
const fn table(shift: u32) -> [u32; 256] {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut table = [BAD; 256];
    let mut value = 0;
    while value < 64 {
        table[alphabet[value] as usize] = (value as u32) << shift;
        value += 1;
    }
    table
}

static FIRST: [u32; 256] = table(18);
static SECOND: [u32; 256] = table(12);
static THIRD: [u32; 256] = table(6);
static FOURTH: [u32; 256] = table(0);

fn group(digits: [u8; 4]) -> u32 {
    let [a, b, c, d] = digits.map(usize::from);
    let digit = |table: &[u32; 256], at: usize| table.get(at).copied().unwrap_or(BAD);
    digit(&FIRST, a) | digit(&SECOND, b) | digit(&THIRD, c) | digit(&FOURTH, d)
}

/// Whole lines of whole groups; the first line that is anything else ends it. Octets in and out.
fn base64_fast(encoded: &[u8], out: &mut Vec<u8>) -> usize {
    out.resize(encoded.len() / 4 * 3, 0);
    let (mut taken, mut written) = (0, 0);
    while let Some(rest) = encoded.get(taken..).filter(|rest| !rest.is_empty()) {
        let length = memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
        let line = rest.get(..length).unwrap_or_default().trim_ascii_end();
        let (groups, odd) = line.as_chunks::<4>();
        let room = out.get_mut(written..).and_then(|room| room.get_mut(..groups.len() * 3));
        let Some(room) = room.filter(|_| odd.is_empty()) else { break };
        let mut bad = 0;
        for (digits, octets) in groups.iter().zip(room.as_chunks_mut::<3>().0) {
            let value = group(*digits);
            bad |= value;
            let [_, first, second, third] = value.to_be_bytes();
            *octets = [first, second, third];
        }
        if bad >> 24 != 0 {
            break;
        }
        taken += length;
        written += groups.len() * 3;
    }
    out.truncate(written);
    taken
}

/// Base64 as most readers have it: octets outside the alphabet are skipped (RFC 2045 section 6.8
/// asks for that), and padding ends a group but not the text.
fn base64(encoded: &[u8]) -> (Vec<u8>, Fit) {
    let mut out = Vec::new();
    let taken = base64_fast(encoded, &mut out);
    let rest = encoded.get(taken..).unwrap_or_default();
    if rest.is_empty() {
        return (out, Fit::Exact);
    }
    let has_start = !out.is_empty();
    out.extend(base64_leniently(rest));
    (out, base64_fit(rest, has_start))
}

/// How the octets fit that the fast way left over; it leaves a whole number of groups behind.
fn base64_fit(rest: &[u8], has_start: bool) -> Fit {
    let is_digit = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'+' | b'/');
    let is_space = |octet: u8| matches!(octet, b'\r' | b'\n' | b' ' | b'\t');
    let padding = memchr(b'=', rest);
    let body = rest.get(..padding.unwrap_or(rest.len())).unwrap_or_default();
    let digits = body.iter().filter(|octet| is_digit(**octet)).count();
    if body.iter().any(|octet| !is_digit(*octet) && !is_space(*octet)) {
        // Words after the end of base64: a footer that a mailing list put there.
        let end = body.iter().position(|octet| !is_digit(*octet) && !is_space(*octet));
        let before = body.get(..end.unwrap_or(0)).unwrap_or_default();
        return if is_footer(body, before, has_start) { Fit::Loose } else { Fit::Broken };
    }
    let Some(padding) = padding else {
        return if digits % 4 == 1 { Fit::Broken } else { Fit::Loose };
    };
    let after = rest.get(padding..).unwrap_or_default();
    let equals = after.iter().take_while(|octet| **octet == b'=' || is_space(**octet));
    let signs = equals.clone().filter(|octet| **octet == b'=').count();
    let (end, tail) = after.split_at_checked(equals.count()).unwrap_or((after, &[]));
    let expected = (4 - digits % 4) % 4;
    match tail.iter().all(|octet| is_space(*octet) || *octet == b'=') {
        true if expected == 3 => Fit::Broken,
        true if signs == expected && expected > 0 => Fit::Exact,
        true => Fit::Loose,
        false if memchr(b'\n', end).is_some() && is_words(tail) => Fit::Loose,
        false => Fit::GoesOn,
    }
}

/// A footer starts on a line of its own after whole groups; what is looked at starts with a line.
fn is_footer(body: &[u8], before: &[u8], has_start: bool) -> bool {
    let line = memchr::memrchr(b'\n', before).map_or(0, |at| at + 1);
    let digits = before.get(..line).unwrap_or_default();
    let whole = digits.iter().filter(|octet| !octet.is_ascii_whitespace()).count() % 4 == 0;
    let follows = has_start || !digits.is_empty();
    follows && whole && is_words(body.get(line..).unwrap_or_default())
}

/// Text for people and not base64: short, and with spaces between its words.
fn is_words(tail: &[u8]) -> bool {
    let text = tail.trim_ascii();
    let spaces = text.iter().filter(|octet| matches!(octet, b' ' | b'_')).count();
    text.len() <= 4096 && spaces.saturating_mul(12) >= text.len() && !is_dense(text)
}

/// Whether any line could be base64 of some length.
fn is_dense(text: &[u8]) -> bool {
    let dense = |line: &[u8]| {
        let line = line.trim_ascii();
        line.len() >= 40
            && line.iter().all(|o| o.is_ascii_alphanumeric() || matches!(o, b'+' | b'/' | b'='))
    };
    text.split(|octet| *octet == b'\n').any(dense)
}

/// What happens to an equals sign that starts no escape.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Broken {
    Kept,
    Dropped,
    /// Two of them stand for one.
    Doubled,
    /// Its two digits are looked for beyond line ends and spaces.
    Sought,
}

/// Quoted-printable. Digits in lower case and white space before a soft line end are forgiven.
fn quoted(encoded: &[u8], broken: Broken) -> (Vec<u8>, Fit) {
    let mut out = Vec::with_capacity(encoded.len());
    let mut fit = Fit::Exact;
    let mut rest = encoded;
    while let Some(at) = memchr(b'=', rest) {
        let (before, escape) = rest.split_at_checked(at).unwrap_or((rest, &[]));
        out.extend_from_slice(before);
        let after = escape.get(1..).unwrap_or_default();
        if let Some(octet) = after.first_chunk::<2>().and_then(hex_pair) {
            out.push(octet);
            rest = after.get(2..).unwrap_or_default();
        } else if let Some(length) = soft_end(after) {
            rest = after.get(length..).unwrap_or_default();
        } else {
            fit = Fit::Broken;
            let sought = match broken {
                Broken::Sought => apart(after),
                Broken::Doubled if after.starts_with(b"=") => Some((b'=', 1)),
                Broken::Doubled | Broken::Dropped | Broken::Kept => None,
            };
            match sought {
                Some((octet, _)) => out.push(octet),
                None if broken == Broken::Dropped => {}
                None => out.push(b'='),
            }
            rest = after.get(sought.map_or(0, |(_, length)| length)..).unwrap_or_default();
        }
    }
    out.extend_from_slice(rest);
    (out, fit)
}

/// An octet whose two digits have white space between them or before them, and how far it goes.
fn apart(after: &[u8]) -> Option<(u8, usize)> {
    let near = after.iter().take(8).enumerate().filter(|(_, octet)| !octet.is_ascii_whitespace());
    let mut digits = near.map(|(at, octet)| (at, *octet));
    let ((_, high), (at, low)) = (digits.next()?, digits.next()?);
    Some((hex_pair(&[high, low])?, at + 1))
}

/// Octets of a soft line end after its equals sign; the end of the text is one too.
fn soft_end(after: &[u8]) -> Option<usize> {
    let blank = after.iter().take_while(|octet| matches!(octet, b' ' | b'\t')).count();
    match after.get(blank..)? {
        [b'\r', b'\n', ..] => Some(blank + 2),
        [b'\n', ..] => Some(blank + 1),
        [] => Some(blank),
        _ => None,
    }
}

/// Readings of encoded octets, and whether they are all.
pub(crate) struct Readings {
    /// Each different, and none the first.
    pub list: Vec<Vec<u8>>,
    /// Whether no room was left for more.
    pub is_cut: bool,
}

impl Readings {
    fn add(&mut self, octets: Vec<u8>, first: &[u8]) {
        let known = octets.is_empty() || octets == first || self.list.contains(&octets);
        if !known {
            self.list.push(octets);
        }
    }

    fn octets(&self) -> usize {
        self.list.iter().map(Vec::len).sum()
    }
}

/// All readings of encoded octets whose encoding is in doubt; `first` is not repeated. `room`: the
/// octets that they may have together.
pub(crate) fn readings(
    encoded: &[u8],
    first: &[u8],
    transfers: &[Transfer],
    room: usize,
) -> Readings {
    let mut found = Readings { list: Vec::new(), is_cut: false };
    for transfer in transfers {
        let decoded = decode(encoded, *transfer);
        let is_exact = decoded.fit == Fit::Exact;
        found.add(decoded.octets.into_owned(), first);
        let has_others = !is_exact && (*transfer != Transfer::Base64 || resembles_base64(encoded));
        for other in others(encoded, *transfer).take_while(|_| has_others) {
            found.add(other, first);
            if found.octets().saturating_add(encoded.len()) > room {
                found.is_cut = true;
                return found;
            }
        }
    }
    found.is_cut = found.octets() > room || found.list.len() > limits::LEAF_READINGS;
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base64_of(octets: &[u8]) -> Vec<u8> {
        let text = crate::encoded::base64(octets);
        let lines: Vec<&[u8]> = text.as_bytes().chunks(76).collect();
        [lines.join(&b"\r\n"[..]), b"\r\n".to_vec()].concat()
    }

    fn fit(encoded: &[u8], transfer: Transfer) -> Fit {
        decode(encoded, transfer).fit
    }

    #[test]
    fn base64_in_lines_is_exact() {
        for size in [0, 1, 2, 3, 56, 57, 58, 1000] {
            let octets: Vec<u8> = (0..size).map(|n: usize| (n % 251) as u8).collect();
            let decoded = decode(&base64_of(&octets), Transfer::Base64).octets.into_owned();
            assert_eq!(decoded, octets);
            assert_eq!(fit(&base64_of(&octets), Transfer::Base64), Fit::Exact, "{size}");
        }
    }

    #[test]
    fn base64_that_does_not_fit_is_told() {
        let cases: [(&[u8], Fit); 10] = [
            (b"YWJj", Fit::Exact),
            (b"YWI", Fit::Loose),
            (b"YWJjZ", Fit::Broken),
            (b"YW*Jj", Fit::Broken),
            (b"YQ==YmM=", Fit::GoesOn),
            (b"YQ==\r\n\r\n____\r\nThe list footer of a mailing list\r\n", Fit::Loose),
            (b"YWJj\r\n-- \r\nThe list footer of a mailing list\r\n", Fit::Loose),
            (b"YWJj====", Fit::Loose),
            (b"YWJj\r\nYWJj--b--YWJj\r\n", Fit::Broken),
            (
                b"YWJjZA==\r\nWDVPIVAlQEFQWzRcUFpYNTQoUF4pN0NDKTd9JEVJQ0FSLVNUQU5EQVJE\r\n",
                Fit::GoesOn,
            ),
        ];
        for (encoded, expected) in cases {
            assert_eq!(fit(encoded, Transfer::Base64), expected, "{}", encoded.escape_ascii());
        }
    }

    #[test]
    fn quoted_printable_is_read_as_readers_do() {
        let cases: [(&[u8], &[u8], Fit); 6] = [
            (b"a=3Db=3d", b"a=b=", Fit::Exact),
            (b"a=\r\nb= \t\r\nc=\nd=", b"abcd", Fit::Exact),
            (b"a=zb", b"a=zb", Fit::Broken),
            (b"a=4", b"a=4", Fit::Broken),
            (b"a b \r\n", b"a b \r\n", Fit::Exact),
            (b"\xff=41", b"\xffA", Fit::Exact),
        ];
        for (encoded, expected, fit) in cases {
            let decoded = decode(encoded, Transfer::Quoted);
            assert_eq!((decoded.octets.as_ref(), decoded.fit), (expected, fit));
        }
        let others = |encoded| others(encoded, Transfer::Quoted).collect::<Vec<_>>();
        assert_eq!(others(&b"a=zb"[..]), [b"azb".to_vec(), b"a=zb".to_vec(), b"a=zb".to_vec()]);
        assert_eq!(others(&b"a=4\r\n1b"[..]), [&b"a4\r\n1b"[..], b"a=4\r\n1b", b"aAb"]);
    }

    #[test]
    fn encodings_are_known_by_name_and_by_resemblance() {
        assert_eq!(Transfer::named("base64"), Some(Transfer::Base64));
        assert_eq!(Transfer::named("base-64"), None);
        for name in ["x-base64", "base-64", "\"base64\"", "base 64", "BASE64;x"] {
            assert_eq!(Transfer::resembling(name), Some(Transfer::Base64));
        }
        assert_eq!(Transfer::resembling("quoted-pintable"), Some(Transfer::Quoted));
        assert_eq!(Transfer::resembling("plain"), None);
    }

    proptest::proptest! {
        #[test]
        fn any_octets_come_back_from_base64(octets: Vec<u8>) {
            assert_eq!(decode(&base64_of(&octets), Transfer::Base64).octets.as_ref(), octets);
        }

        #[test]
        fn no_octets_make_it_panic(encoded: Vec<u8>) {
            let all = [
                Transfer::Identity, Transfer::Base64, Transfer::Quoted, Transfer::Uu,
                Transfer::Yenc, Transfer::Binhex,
            ];
            let found = readings(&encoded, b"", &all, 1000);
            assert!(found.list.len() <= limits::LEAF_READINGS && !found.is_cut);
            let found = readings(&encoded, b"", &all, 0);
            assert!(found.is_cut || found.list.is_empty());
        }
    }
}
