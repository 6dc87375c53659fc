//! Pictures that stand in a PDF without a format of their own, and codes that are drawn with filled
//! shapes: both are painted into a bitmap. Start with [`bitmap`] and [`drawing`].

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

use super::super::bitmap;
use super::value::{Lexer, Value};
use crate::limits;

/// The smallest side of a code, in cells, and so the smallest of a picture with one.
const LEAST: usize = 21;
/// Corners of all shapes of one page.
const CORNERS: usize = 60_000;
/// Places where the sides of the shapes of one page cross a row of pixels.
const CROSSINGS: usize = 2_000_000;
/// Sides of one length that a code has at least.
const CELLS: u32 = 120;
/// Sizes of cells that are tried.
const SIZES: usize = 3;
/// Cells across a drawing, a second code beside the first one with it.
const ACROSS: f64 = 400.0;
/// Pixels of a cell.
const SCALE: f64 = 3.0;
/// White pixels around a drawing.
const MARGIN: f64 = 12.0;

/// How the samples of a picture become shades.
struct Samples {
    bits: usize,
    colours: usize,
    table: Option<Vec<u8>>,
}

/// A picture of raw samples as a bitmap. `resolve` finds what a reference stands for, `octets_of`
/// the octets of a stream by its number.
pub(super) fn bitmap<'v>(
    picture: &'v Value,
    octets: &[u8],
    resolve: &dyn Fn(&'v Value) -> &'v Value,
) -> Option<Vec<u8>> {
    let of = |key: &str, short: &str| picture.get(key).or_else(|| picture.get(short)).map(resolve);
    let width = of("Width", "W").and_then(Value::size)?;
    let height = of("Height", "H").and_then(Value::size)?;
    let pixels = width.checked_mul(height)?;
    if width < LEAST || height < LEAST || pixels > bitmap::PIXELS || is_packed(picture) {
        return None;
    }
    let is_mask = matches!(of("ImageMask", "IM"), Some(Value::Word(word)) if word == b"true");
    let bits = of("BitsPerComponent", "BPC").and_then(Value::size).unwrap_or(1);
    let bits = if is_mask { 1 } else { bits };
    let samples = samples(of("ColorSpace", "CS"), bits, resolve)?;
    let row = width.checked_mul(samples.colours)?.checked_mul(bits)?.div_ceil(8);
    // A picture that is cut short is white below.
    let mut shades: Vec<u8> = octets
        .chunks_exact(row.max(1))
        .take(height)
        .flat_map(|row| samples.shades(row, width))
        .collect();
    shades.resize(pixels, 255);
    bitmap::write(width, height, &shades)
}

/// Whether the samples are in a format of pictures.
fn is_packed(picture: &Value) -> bool {
    let filters = picture.get("Filter").or_else(|| picture.get("F"));
    let last = filters.map(Value::each).unwrap_or_default().last().and_then(Value::name);
    last.is_some_and(|name| {
        [b"DCT".as_slice(), b"JPX", b"CCITT", b"CCF", b"JBIG2"]
            .iter()
            .any(|one| name.starts_with(one))
    })
}

fn samples<'v>(
    space: Option<&'v Value>,
    bits: usize,
    resolve: &dyn Fn(&'v Value) -> &'v Value,
) -> Option<Samples> {
    if !matches!(bits, 1 | 2 | 4 | 8) {
        return None;
    }
    let space = space.map(Value::each).unwrap_or_default();
    let name = space.first().and_then(Value::name).unwrap_or(b"DeviceGray");
    let part = |at: usize| space.get(at).map(resolve);
    let colours = match name {
        b"DeviceRGB" | b"RGB" | b"CalRGB" | b"Lab" => 3,
        b"DeviceCMYK" | b"CMYK" => 4,
        b"ICCBased" => {
            part(1)?.get("N").and_then(Value::size).filter(|n| matches!(n, 1 | 3 | 4))?
        }
        b"Indexed" | b"I" => {
            let inner = samples(part(1), 8, resolve).map_or(3, |inner| inner.colours);
            let table = match part(3) {
                Some(Value::Text(colours)) => colours.chunks(inner).map(shade).collect(),
                // Colours that are not at hand: by their numbers.
                _ => (0..=255_u8).map(|at| if at == 0 { 0 } else { 255 }).collect(),
            };
            return Some(Samples { bits, colours: 1, table: Some(table) });
        }
        _ => 1,
    };
    Some(Samples { bits, colours, table: None })
}

/// One colour, an octet for each of its parts, as a shade.
fn shade(colour: &[u8]) -> u8 {
    let part = |one: &u8| f64::from(*one) / 255.0;
    match colour {
        [grey] => *grey,
        [red, green, blue] => bitmap::shade(part(red), part(green), part(blue)),
        [cyan, magenta, yellow, black] => {
            let left = |one: &u8| (1.0 - part(one)) * (1.0 - part(black));
            bitmap::shade(left(cyan), left(magenta), left(yellow))
        }
        _ => 255,
    }
}

impl Samples {
    fn shades(&self, row: &[u8], width: usize) -> Vec<u8> {
        let most = (1_u16 << self.bits).saturating_sub(1).max(1);
        let per_octet = 8 / self.bits.max(1);
        let values = row.iter().flat_map(|octet| {
            (0..per_octet).map(move |at| {
                let shift = 8 - self.bits * (at + 1);
                u16::from(*octet) >> shift & most
            })
        });
        if let Some(table) = &self.table {
            let of = |value: u16| table.get(usize::from(value)).copied().unwrap_or(255);
            return values.take(width).map(of).collect();
        }
        let full = |value: u16| u8::try_from(value * 255 / most).unwrap_or(255);
        let parts: Vec<u8> = values.map(full).take(width.saturating_mul(self.colours)).collect();
        parts.chunks_exact(self.colours.max(1)).map(shade).collect()
    }
}

type Point = (f64, f64);

/// A filled shape: closed lines through its corners.
struct Shape {
    lines: Vec<Vec<Point>>,
    shade: u8,
}

/// A matrix of PDF.
type Matrix = [f64; 6];

/// Gathers the filled shapes of a content stream.
struct Shapes {
    all: Vec<Shape>,
    corners: usize,
    path: Vec<Vec<Point>>,
    matrix: Matrix,
    shade: u8,
    kept: Vec<(Matrix, u8)>,
}

/// What is drawn in a content stream with filled shapes of one size, as a bitmap.
pub(super) fn drawing(content: &[u8]) -> Option<Vec<u8>> {
    if !may_draw(content) {
        return None;
    }
    let mut shapes = Shapes {
        all: Vec::new(),
        corners: 0,
        path: Vec::new(),
        matrix: [1.0, 0.0, 0.0, 1.0, 0.0, 0.0],
        shade: 0,
        kept: Vec::new(),
    };
    let mut lexer = Lexer::new(content, 0);
    let mut numbers: Vec<f64> = Vec::new();
    while lexer.at < content.len() && lexer.left > 0 {
        let before = lexer.at;
        match lexer.value(0) {
            Some(Value::Number(number)) if numbers.len() < 16 => numbers.push(number),
            Some(Value::Word(word)) if word == b"ID" => {
                let rest = content.get(lexer.at..).unwrap_or_default();
                lexer.at += memchr::memmem::find(rest, b"EI").unwrap_or(rest.len());
                numbers.clear();
            }
            Some(Value::Word(word)) => {
                shapes.act(&word, &numbers);
                numbers.clear();
            }
            Some(_) => {}
            None => lexer.at = lexer.at.max(before).saturating_add(1),
        }
        if shapes.corners > CORNERS {
            break;
        }
    }
    cells(&shapes.all).into_iter().find_map(|cell| paint(&shapes.all, cell))
}

/// Whether there are as many shapes as a code needs, before anything is read.
fn may_draw(content: &[u8]) -> bool {
    let has = |word: &[u8], count| memchr::memmem::find_iter(content, word).nth(count).is_some();
    has(b" re", 29) || has(b" l", 119)
}

impl Shapes {
    fn act(&mut self, word: &[u8], numbers: &[f64]) {
        match (word, numbers) {
            (b"q", _) if self.kept.len() < limits::PDF_DEPTH => {
                self.kept.push((self.matrix, self.shade));
            }
            (b"Q", _) => {
                (self.matrix, self.shade) = self.kept.pop().unwrap_or((self.matrix, self.shade));
            }
            (b"cm", [a, b, c, d, e, f]) => {
                self.matrix = times([*a, *b, *c, *d, *e, *f], self.matrix);
            }
            (b"g" | b"sc" | b"scn", [grey]) => self.shade = bitmap::shade(*grey, *grey, *grey),
            (b"rg" | b"sc" | b"scn", [red, green, blue]) => {
                self.shade = bitmap::shade(*red, *green, *blue);
            }
            (b"k" | b"sc" | b"scn", [cyan, magenta, yellow, black]) => {
                let left = |one: &f64| (1.0 - one) * (1.0 - black);
                self.shade = bitmap::shade(left(cyan), left(magenta), left(yellow));
            }
            (b"re", [x, y, w, h]) => {
                let corners = [(*x, *y), (x + w, *y), (x + w, y + h), (*x, y + h)];
                self.corners += 4;
                self.path.push(corners.map(|one| self.place(one)).to_vec());
            }
            (b"m", [x, y]) => {
                self.corners += 1;
                self.path.push(vec![self.place((*x, *y))]);
            }
            (b"l", [x, y]) | (b"c", [_, _, _, _, x, y]) | (b"v" | b"y", [_, _, x, y]) => {
                self.corners += 1;
                let place = self.place((*x, *y));
                if let Some(line) = self.path.last_mut() {
                    line.push(place);
                }
            }
            (b"f" | b"F" | b"f*" | b"B" | b"B*" | b"b" | b"b*", _) => {
                let lines = std::mem::take(&mut self.path);
                if !lines.is_empty() {
                    self.all.push(Shape { lines, shade: self.shade });
                }
            }
            (b"n" | b"S" | b"s", _) => self.path.clear(),
            _ => {}
        }
    }

    fn place(&self, (x, y): Point) -> Point {
        let [a, b, c, d, e, f] = self.matrix;
        (a * x + c * y + e, b * x + d * y + f)
    }
}

fn times(one: Matrix, other: Matrix) -> Matrix {
    let [a, b, c, d, e, f] = one;
    let [g, h, i, j, k, l] = other;
    [
        a * g + b * i,
        a * h + b * j,
        c * g + d * i,
        c * h + d * j,
        e * g + f * i + k,
        e * h + f * j + l,
    ]
}

/// The sides of a shape, each with where it ends.
fn sides(lines: &[Vec<Point>]) -> impl Iterator<Item = (Point, Point)> + '_ {
    lines.iter().flat_map(|line| {
        let ends = line.iter().cycle().skip(1);
        line.iter().copied().zip(ends.copied())
    })
}

/// Paints the part of a page that is made of cells of this size, where there are enough of them.
fn paint(shapes: &[Shape], cell: f64) -> Option<Vec<u8>> {
    let is_cell = |shape: &&Shape| {
        shape.shade < 128
            && sides(&shape.lines).any(|side| (length(side) - cell).abs() < cell * 0.03)
    };
    let places = shapes.iter().filter(is_cell).flat_map(|shape| shape.lines.iter().flatten());
    let start = (f64::MAX, f64::MAX, f64::MIN, f64::MIN);
    let (left, bottom, right, top) = places
        .fold(start, |all, (x, y)| (all.0.min(*x), all.1.min(*y), all.2.max(*x), all.3.max(*y)));
    let (across, up) = ((right - left) / cell, (top - bottom) / cell);
    if !(20.0..ACROSS).contains(&across) || !(20.0..ACROSS).contains(&up) {
        return None;
    }
    let scale = SCALE / cell;
    let size = |cells: f64| {
        // Between 20 and the most cells.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let size = (cells * SCALE + 2.0 * MARGIN).ceil() as usize;
        size
    };
    let mut canvas = Canvas::new(size(across), size(up));
    for shape in shapes {
        let place = |(x, y): Point| ((x - left) * scale + MARGIN, (top - y) * scale + MARGIN);
        let sides = sides(&shape.lines).map(|(one, other)| (place(one), place(other)));
        canvas.fill(sides, shape.shade);
    }
    bitmap::write(canvas.width, canvas.height, &canvas.shades)
}

fn length((one, other): (Point, Point)) -> f64 {
    (one.0 - other.0).hypot(one.1 - other.1)
}

/// The most common lengths of sides of dark shapes.
fn cells(shapes: &[Shape]) -> Vec<f64> {
    let mut counts: BTreeMap<i64, (u32, f64)> = BTreeMap::new();
    for shape in shapes.iter().filter(|shape| shape.shade < 128) {
        for side in sides(&shape.lines) {
            let length = length(side);
            if !(0.01..1000.0).contains(&length) {
                continue;
            }
            // Steps of some two per cent.
            #[allow(clippy::cast_possible_truncation)]
            let step = (length.ln() * 48.0).round() as i64;
            let count = counts.entry(step).or_default();
            *count = (count.0.saturating_add(1), count.1 + length);
        }
    }
    let mut common: Vec<(u32, f64)> =
        counts.into_values().filter(|(count, _)| *count >= CELLS).collect();
    common.sort_by_key(|(count, _)| Reverse(*count));
    common.into_iter().take(SIZES).map(|(count, sum)| sum / f64::from(count)).collect()
}

/// White paper to fill shapes on.
struct Canvas {
    width: usize,
    height: usize,
    shades: Vec<u8>,
    crossings: usize,
}

impl Canvas {
    fn new(width: usize, height: usize) -> Self {
        let shades = vec![255; width.saturating_mul(height)];
        Canvas { width, height, shades, crossings: CROSSINGS }
    }

    /// Fills what is inside of the sides, by the even-odd rule.
    fn fill(&mut self, sides: impl Iterator<Item = (Point, Point)>, shade: u8) {
        let mut rows: HashMap<usize, Vec<f64>> = HashMap::new();
        for (one, other) in sides {
            let (low, high) = if one.1 < other.1 { (one, other) } else { (other, one) };
            if high.1 <= low.1 {
                continue;
            }
            for y in self.pixel(low.1, self.height)..self.pixel(high.1, self.height) {
                let Some(left) = self.crossings.checked_sub(1) else { return };
                self.crossings = left;
                let middle = f64::from(u32::try_from(y).unwrap_or(0)) + 0.5;
                let share = (middle - low.1) / (high.1 - low.1);
                rows.entry(y).or_default().push(low.0 + (high.0 - low.0) * share);
            }
        }
        for (y, mut places) in rows {
            places.sort_by(f64::total_cmp);
            for pair in places.chunks_exact(2) {
                let [from, to] = pair else { continue };
                let (from, to) = (self.pixel(*from, self.width), self.pixel(*to, self.width));
                let start = y.saturating_mul(self.width);
                let run = self.shades.get_mut(start + from..start + to.max(from));
                run.unwrap_or_default().fill(shade);
            }
        }
    }

    /// The first pixel whose middle is not before a place.
    fn pixel(&self, place: f64, most: usize) -> usize {
        let most = f64::from(u32::try_from(most).unwrap_or(0));
        // Between 0 and the most by the clamp.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let pixel = (place - 0.5).ceil().clamp(0.0, most) as usize;
        pixel
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Value {
        Lexer::new(text.as_bytes(), 0).value(0).unwrap()
    }

    fn shades(picture: &str, octets: &[u8]) -> Option<Vec<u8>> {
        let picture = value(picture);
        let made = bitmap(&picture, octets, &|value| value)?;
        Some(made[54 + 1024..].to_vec())
    }

    #[test]
    fn samples_of_every_kind_become_shades() {
        let head = "<< /Width 24 /Height 21";
        let row = |octets: &[u8]| octets.repeat(21);
        let bits = shades(&format!("{head} /ImageMask true >>"), &row(&[0xf0, 0, 0xff])).unwrap();
        assert_eq!(&bits[..9], [255, 255, 255, 255, 0, 0, 0, 0, 0]);
        let rgb = format!("{head} /BitsPerComponent 8 /ColorSpace /DeviceRGB >>");
        let rgb = shades(&rgb, &row(&[0, 0, 0, 255, 255, 255].repeat(12))).unwrap();
        assert_eq!(&rgb[..3], [0, 255, 0]);
        let cmyk = format!("{head} /BitsPerComponent 8 /ColorSpace /DeviceCMYK >>");
        let cmyk = shades(&cmyk, &row(&[0, 0, 0, 255, 0, 0, 0, 0].repeat(12))).unwrap();
        assert_eq!(&cmyk[..3], [0, 255, 0]);
        let table = format!(
            "{head} /BitsPerComponent 1 /ColorSpace [/Indexed /DeviceRGB 1 <ffffff000000>] >>"
        );
        let indexed = shades(&table, &row(&[0xf0, 0, 0xff])).unwrap();
        assert_eq!(&indexed[..5], [0, 0, 0, 0, 255]);
    }

    #[test]
    fn pictures_that_are_too_small_too_large_or_packed_are_left() {
        assert_eq!(shades("<< /Width 4 /Height 4 >>", &[0; 100]), None);
        assert_eq!(shades("<< /Width 60000 /Height 60000 >>", &[0; 100]), None);
        assert_eq!(shades("<< /Width 24 /Height 21 /Filter /DCTDecode >>", &[0; 100]), None);
        assert_eq!(shades("<< /Width 24 /Height 21 /BitsPerComponent 7 >>", &[0; 100]), None);
    }

    /// A field of cells, every third of them dark.
    fn cells(cell: impl Fn(usize, usize) -> String) -> String {
        let all = (0..30 * 30).filter(|at| at % 3 == 0 || at % 7 == 0);
        all.map(|at| cell(at % 30, at / 30)).collect()
    }

    #[test]
    fn cells_that_are_filled_one_by_one_or_in_one_path_become_the_same_picture() {
        let squares = cells(|x, y| format!("{} {} 2.5 2.5 re f\n", x as f64 * 2.5, y as f64 * 2.5));
        let path = cells(|x, y| {
            let (x, y) = (x * 3, y * 3);
            let (right, top) = (x + 3, y + 3);
            format!("{x} {y} m {right} {y} l {right} {top} l {x} {top} l h\n")
        });
        let turned = format!("q 0.5 0 0 0.5 100 200 cm 0 g {path} f* Q");
        let one = drawing(squares.as_bytes()).unwrap();
        assert_eq!(one, drawing(turned.as_bytes()).unwrap());
        let dark = one[54 + 1024..].iter().filter(|shade| **shade == 0).count();
        assert!(dark > 300 * 9 && dark < 900 * 9, "{dark}");
    }

    #[test]
    fn frames_and_text_are_no_drawing() {
        assert_eq!(drawing(b"BT (x) Tj ET 10 10 200 300 re f"), None);
        let lines = "10 20 500 0.5 re f\n".repeat(500);
        assert_eq!(drawing(lines.as_bytes()), None);
        let light = cells(|x, y| format!("1 g {x} {y} 1 1 re f\n"));
        assert_eq!(drawing(light.as_bytes()), None);
    }

    #[test]
    fn a_page_of_tall_needles_ends_at_the_bound() {
        let cells = cells(|x, y| format!("{x} {y} 1 1 re f\n"));
        let needles = "0 0 m 0.001 30 l 0.002 0 l f\n".repeat(20_000);
        let needles = format!("{cells}{needles}");
        assert!(drawing(needles.as_bytes()).is_some());
    }
}
