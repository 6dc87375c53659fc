//! Codes that are drawn with characters: blocks, half blocks, quarters, and squares of emoji.

use super::grey::Grey;

/// Lines and characters of a drawing: the most and the least.
const LINES: usize = 200;
const ACROSS: usize = 380;
const LEAST_LINES: usize = 10;
const LEAST_BLOCKS: usize = 5;
/// Drawings of one text.
const DRAWINGS: usize = 2;
/// Pixels for a quarter of a character.
const SCALE: usize = 2;

/// What a character covers: top left, top right, bottom left, bottom right. `None` for one that does
/// not draw.
fn quarters(one: char) -> Option<[bool; 4]> {
    let bits = match one {
        ' ' | '\u{a0}' | '\u{2007}' | '\u{3000}' | '\u{2591}' | '\u{2b1c}' | '\u{25a1}'
        | '\u{2800}' => 0b0000,
        '\u{2588}' | '\u{2593}' | '\u{2b1b}' | '\u{25a0}' => 0b1111,
        '\u{2580}' => 0b1100,
        '\u{2584}' => 0b0011,
        '\u{258c}' => 0b1010,
        '\u{2590}' => 0b0101,
        '\u{2596}' => 0b0010,
        '\u{2597}' => 0b0001,
        '\u{2598}' => 0b1000,
        '\u{2599}' => 0b1011,
        '\u{259a}' => 0b1001,
        '\u{259b}' => 0b1110,
        '\u{259c}' => 0b1101,
        '\u{259d}' => 0b0100,
        '\u{259e}' => 0b0110,
        '\u{259f}' => 0b0111,
        _ => return None,
    };
    Some([3, 2, 1, 0].map(|bit| bits >> bit & 1 == 1))
}

/// Every drawing of a text, once for each form that its characters may have.
pub(super) fn drawings(text: &str) -> impl Iterator<Item = Grey> {
    // Blocks begin with these octets, squares with the others.
    let has = |octets: &[u8]| memchr::memmem::find(text.as_bytes(), octets).is_some();
    let may_draw = has(b"\xe2\x96") || has(b"\xe2\xac");
    let mut all = Vec::new();
    let mut lines: Vec<&str> = Vec::new();
    let end = std::iter::once("");
    for line in text.lines().filter(|_| may_draw).chain(end) {
        if is_drawn(line) && lines.len() < LINES {
            lines.push(line);
            continue;
        }
        if lines.len() >= LEAST_LINES && all.len() < DRAWINGS {
            all.push(std::mem::take(&mut lines));
        }
        lines.clear();
    }
    // A cell is a character and half a line; two characters and a line; or a quarter.
    let forms = [(1, 2), (1, 1), (2, 1)];
    all.into_iter()
        .flat_map(move |lines| forms.into_iter().filter_map(move |form| draw(&lines, form)))
}

fn is_drawn(line: &str) -> bool {
    let line = line.trim_end_matches(['\r', '\n']);
    let mut blocks = 0;
    for one in line.chars().take(ACROSS + 1) {
        match quarters(one) {
            Some([false, false, false, false]) => {}
            Some(_) => blocks += 1,
            // Marks of a quoted text, and what copying left behind.
            None if matches!(one, '>' | '|' | '\u{feff}' | '\u{fe0e}' | '\u{fe0f}') => {}
            None => return false,
        }
    }
    blocks >= LEAST_BLOCKS
}

fn draw(lines: &[&str], (wide, high): (usize, usize)) -> Option<Grey> {
    let rows: Vec<Vec<[bool; 4]>> = lines
        .iter()
        .map(|line| line.trim_end().chars().take(ACROSS).filter_map(quarters).collect())
        .collect();
    let across = rows.iter().map(Vec::len).max()?;
    let margin = 4 * SCALE;
    let width = across.checked_mul(2 * wide * SCALE)?.checked_add(2 * margin)?;
    let mut pixels = vec![255; width.checked_mul(margin)?];
    for row in &rows {
        for half in [0, 2] {
            let mut line = vec![255; margin];
            for quarters in row {
                for ink in quarters.iter().skip(half).take(2) {
                    let shade = if *ink { 0 } else { 255 };
                    line.resize(line.len() + wide * SCALE, shade);
                }
            }
            line.resize(width, 255);
            for _ in 0..high * SCALE {
                pixels.extend_from_slice(&line);
            }
        }
    }
    pixels.resize(pixels.len() + width.checked_mul(margin)?, 255);
    let height = pixels.len() / width;
    Grey::new(width, height, pixels)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_bars_and_frames_are_no_drawings() {
        assert_eq!(drawings("Hello\n\u{2588}\u{2588} 50 %\nworld").count(), 0);
        let bar = "Loading \u{2588}\u{2588}\u{2588}\u{2588}\u{2588}\u{2588}\u{2588}\u{2588}\n";
        assert_eq!(drawings(&bar.repeat(30)).count(), 0);
        assert_eq!(drawings("").count(), 0);
    }

    #[test]
    fn a_long_drawing_is_cut() {
        let lines = format!("{}\n", "\u{2588}".repeat(3000)).repeat(3000);
        let largest = drawings(&lines).map(|one| one.pixels().len()).max().unwrap();
        assert!(largest < 6_000_000, "{largest}");
    }
}
