//! Windows bitmaps without compression.

use super::decode::{factor, shade};
use super::grey::{Grey, Shrinking};
use super::sizes::{Numbers, Size};

/// Where the parts of a bitmap are.
struct Layout<'a> {
    bits: usize,
    /// Shades of the colours in its table.
    table: Vec<u8>,
    rows: &'a [u8],
    /// Octets of a row.
    row: usize,
    is_top_first: bool,
}

/// Decodes a bitmap of 1, 4, 8, 16, 24 or 32 bits a pixel.
pub(super) fn decode(octets: &[u8], size: &Size) -> Option<Grey> {
    let (width, height) = (usize::try_from(size.width).ok()?, usize::try_from(size.height).ok()?);
    let layout = layout(octets, width)?;
    let mut shrinking = Shrinking::new(width, height, factor(size));
    let rows = layout.rows.chunks(layout.row).take(height);
    let rows: Vec<&[u8]> = if layout.is_top_first { rows.collect() } else { rows.rev().collect() };
    for row in rows {
        shrinking.row(shades(row, &layout).take(width));
    }
    shrinking.end()
}

fn layout(octets: &[u8], width: usize) -> Option<Layout<'_>> {
    let numbers = Numbers::little(octets);
    let size = |at| numbers.four(at).and_then(|number| usize::try_from(number).ok());
    let (start, head) = (size(10)?, size(14)?);
    let is_old = head == 12;
    let bits = usize::try_from(numbers.two(if is_old { 24 } else { 28 })?).ok()?;
    let is_packed = !is_old && !matches!(numbers.four(30)?, 0 | 3);
    if is_packed || !matches!(bits, 1 | 4 | 8 | 16 | 24 | 32) {
        return None;
    }
    let colours = octets.get(14_usize.checked_add(head)?..).unwrap_or_default();
    let colour = if is_old { 3 } else { 4 };
    let count = if bits <= 8 { 1 << bits } else { 0 };
    let table = colours.chunks_exact(colour).take(count).map(bgr).collect();
    let row = width.checked_mul(bits)?.div_ceil(32).checked_mul(4)?.max(4);
    let is_top_first = !is_old && numbers.four(22)? >> 31 == 1;
    Some(Layout { bits, table, rows: octets.get(start..)?, row, is_top_first })
}

fn bgr(pixel: &[u8]) -> u8 {
    match pixel {
        [blue, green, red, ..] => shade(*red, *green, *blue),
        // Five bits each; the one on top is not used.
        [low, high] => {
            let both = u16::from_le_bytes([*low, *high]);
            let five = |by: u32| u8::try_from(both >> by & 31).unwrap_or(0) << 3;
            shade(five(10), five(5), five(0))
        }
        _ => 255,
    }
}

fn shades<'r>(row: &'r [u8], layout: &'r Layout<'_>) -> Box<dyn Iterator<Item = u8> + 'r> {
    let by_table = |at: u8| layout.table.get(usize::from(at)).copied().unwrap_or(255);
    match layout.bits {
        1 => Box::new(row.iter().flat_map(move |octet| {
            let octet = *octet;
            (0..8).rev().map(move |bit| by_table(octet >> bit & 1))
        })),
        4 => Box::new(row.iter().flat_map(move |octet| [octet >> 4, octet & 15].map(by_table))),
        8 => Box::new(row.iter().map(move |octet| by_table(*octet))),
        bits => Box::new(row.chunks_exact(bits / 8).map(bgr)),
    }
}
