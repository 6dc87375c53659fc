//! Pictures: how large they are, and what is written in codes (QR) in them or drawn with characters.
//!
//! Nothing is allocated before the size that the header declares is known to be small enough, and one
//! message gets so many pixels and no more. Start with [`Reader`].

mod binary;
mod blocks;
mod bmp;
mod decode;
mod finder;
mod grey;
mod grid;
#[cfg(test)]
pub(crate) mod made;
mod sizes;

use binary::Bits;
use grey::Grey;

/// Octets of a picture that is looked into.
const OCTETS: usize = 8 * 1024 * 1024;
/// Pixels of a picture once it is decoded.
const PIXELS: u64 = 4_000_000;
/// Pixels of all pictures of a message.
const ALL_PIXELS: u64 = 8_000_000;
/// Pictures of a message that are looked into.
const PICTURES: u32 = 32;
/// Steps of the search for codes in one message: about one for each pixel looked at.
const STEPS: u64 = 32_000_000;
/// Codes of a message that are kept.
const CODES: usize = 16;
/// Octets of the text of a code.
const CODE_OCTETS: usize = 2048;
/// A code has at least this many cells a side.
const LEAST_SIDE: u32 = 21;

/// What a picture tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Told {
    /// Width in pixels; 0 when not known.
    pub width: u32,
    /// Height in pixels; 0 when not known.
    pub height: u32,
    /// Whether codes were looked for.
    pub is_read: bool,
}

/// Reads the pictures of one message, within what one message may cost.
#[derive(Debug)]
pub(crate) struct Reader {
    pictures: u32,
    pixels: u64,
    steps: Steps,
}

impl Default for Reader {
    fn default() -> Self {
        Reader { pictures: PICTURES, pixels: ALL_PIXELS, steps: Steps(STEPS) }
    }
}

/// Steps that are left.
#[derive(Debug)]
pub(crate) struct Steps(u64);

impl Steps {
    /// Takes some; `false` when there are not enough.
    pub(crate) fn take(&mut self, steps: usize) -> bool {
        let left = self.0.checked_sub(steps as u64);
        self.0 = left.unwrap_or(0);
        left.is_some()
    }
}

impl Reader {
    /// Looks at a picture; the texts of codes in it go to `codes`.
    pub(crate) fn picture(&mut self, octets: &[u8], codes: &mut Vec<String>) -> Told {
        let Some(size) = sizes::size(octets) else { return Told::default() };
        let told = Told { width: size.width, height: size.height, is_read: false };
        if !self.can_read(octets, &size) {
            return told;
        }
        let Some(grey) = decode::decode(octets, &size) else { return told };
        self.codes(&grey, codes);
        Told { is_read: true, ..told }
    }

    /// Looks at text for codes that are drawn with characters.
    pub(crate) fn text(&mut self, text: &str, codes: &mut Vec<String>) {
        if self.pixels == 0 {
            return;
        }
        for grey in blocks::drawings(text) {
            let pixels = grey.pixels().len() as u64;
            // Who draws too much once is not drawn again.
            let left = self.pixels.checked_sub(pixels);
            self.pixels = left.unwrap_or(0);
            if left.is_none() {
                return;
            }
            self.codes(&grey, codes);
        }
    }

    /// Whether a picture can be a code at all and is within the limits; counts it when it is.
    fn can_read(&mut self, octets: &[u8], size: &sizes::Size) -> bool {
        let pixels = u64::from(size.width).saturating_mul(u64::from(size.height));
        let is_large = size.width.min(size.height) >= LEAST_SIDE;
        let is_small = octets.len() <= OCTETS && pixels <= size.most_pixels();
        let left = self.pixels.checked_sub(pixels);
        let (Some(left), true, true) = (left, is_large && is_small, self.pictures > 0) else {
            return false;
        };
        self.pixels = left;
        self.pictures -= 1;
        true
    }

    /// Searches for codes: as it is, and larger or smaller where a code may be what was not read.
    fn codes(&mut self, grey: &Grey, codes: &mut Vec<String>) {
        let before = codes.len();
        let squares = self.at_size(grey, codes);
        if codes.len() > before {
            return;
        }
        let (width, height) = (grey.width(), grey.height());
        let is_square = width.max(height) < width.min(height).saturating_mul(2);
        if width.max(height) <= 500 && (is_square || squares > 0) {
            self.at_size(&grey.doubled(), codes);
        }
        if codes.len() == before && width.min(height) >= 160 && squares > 1 {
            self.at_size(&grey.halved(), codes);
        }
    }

    /// By one threshold for the whole picture, then by one for each place. Tells how many corner
    /// squares were seen.
    fn at_size(&mut self, grey: &Grey, codes: &mut Vec<String>) -> usize {
        let before = codes.len();
        let mut squares = 0;
        for bits in [Bits::by_one_threshold, Bits::by_place] {
            if codes.len() > before || !self.steps.take(grey.pixels().len()) {
                break;
            }
            let Some(bits) = bits(grey) else { continue };
            let (dark, light) = finder::finders(&bits, &mut self.steps);
            squares = squares.max(dark.len()).max(light.len());
            for (ink, squares) in [(true, dark), (false, light)] {
                for code in grid::codes(&bits, ink, &squares, &mut self.steps) {
                    keep(&code, codes);
                }
            }
        }
        squares
    }
}

fn keep(code: &[u8], codes: &mut Vec<String>) {
    let code = text(code);
    if codes.len() < CODES && !code.is_empty() && !codes.contains(&code) {
        codes.push(code);
    }
}

/// The octets of a code as text: UTF-8, else Latin-1.
fn text(octets: &[u8]) -> String {
    let octets = octets.strip_prefix(b"\xef\xbb\xbf").unwrap_or(octets);
    let mut text = match std::str::from_utf8(octets) {
        Ok(text) => text.to_owned(),
        Err(_) => octets.iter().map(|octet| char::from(*octet)).collect(),
    };
    text.truncate(text.floor_char_boundary(CODE_OCTETS));
    text.trim().to_owned()
}

/// Where a code leads, when it leads somewhere: phones open addresses with and without a scheme, and
/// bookmarks.
pub(crate) fn link(code: &str) -> Option<&str> {
    let starts = |text: &str, head: &str| {
        text.get(..head.len()).is_some_and(|one| one.eq_ignore_ascii_case(head))
    };
    let code = code.trim();
    let inner = if starts(code, "MEBKM:") {
        let start = code.to_ascii_uppercase().find("URL:")?;
        code.get(start..)?.split(';').next()?
    } else {
        code
    };
    let heads = ["URLTO:", "URL:"];
    let inner = heads
        .iter()
        .find(|head| starts(inner, head))
        .map_or(inner, |head| inner.get(head.len()..).unwrap_or_default());
    let inner = inner.trim();
    let has_scheme = starts(inner, "http://") || starts(inner, "https://");
    (has_scheme || is_bare_address(inner)).then_some(inner)
}

/// `www.example.org` or `example.org/path`.
fn is_bare_address(text: &str) -> bool {
    let host = text.split(['/', '?', '#']).next().unwrap_or_default();
    let is_host = host.len() < 254
        && host.contains('.')
        && host.split('.').all(|label| {
            !label.is_empty()
                && label.chars().all(|one| one.is_alphanumeric() || matches!(one, '-' | '_'))
        });
    let top = host.rsplit('.').next().unwrap_or_default();
    let is_top = top.len() >= 2 && top.chars().all(char::is_alphabetic);
    is_host && is_top && !text.contains(char::is_whitespace)
}

#[cfg(test)]
mod tests;
