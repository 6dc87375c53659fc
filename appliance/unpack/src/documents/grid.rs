//! Tables of dark and light cells: a code (QR) that is drawn without a picture. It is painted into
//! one.

use std::borrow::Cow;

use super::bitmap;
use super::gathered::Gathered;
use super::markup::Tag;
use super::style::{Look, Sheet};

/// Cells of a side, the least and the most: the smallest code, and the largest with its margin.
const SIDES: std::ops::RangeInclusive<usize> = 21..=200;
/// Tables inside one another.
const DEPTH: usize = 16;
/// Pictures of one page.
const PICTURES: usize = 2;
/// Pixels of a cell, and cells of the margin around.
const SCALE: usize = 3;
const MARGIN: usize = 4;

/// Watches the tables of a page.
#[derive(Debug, Default)]
pub(super) struct Grid {
    open: Vec<Table>,
    pictures: Vec<Vec<u8>>,
}

/// A table: its cells row by row, `true` for dark ones.
#[derive(Debug, Default)]
struct Table {
    rows: Vec<Vec<bool>>,
}

impl Grid {
    /// An element begins.
    pub fn open(&mut self, name: &str, tag: &Tag<'_>, look: Look, sheet: &Sheet) {
        match name {
            "table" if self.open.len() < DEPTH => self.open.push(Table::default()),
            "tr" => {
                if let Some(table) = self.open.last_mut() {
                    table.row();
                }
            }
            "td" | "th" => {
                let Some(table) = self.open.last_mut() else { return };
                let class = || tag.get("class").is_some_and(|names| sheet.darkens(&names));
                let span = tag.get("colspan").and_then(|span| span.trim().parse().ok());
                table.cells(look.is_on_dark() || class(), span.unwrap_or(1));
            }
            _ => {}
        }
    }

    /// An element ends.
    pub fn close(&mut self, name: &str) {
        if name.eq_ignore_ascii_case("table") {
            self.end_table();
        }
    }

    fn end_table(&mut self) {
        let painted = self.open.pop().and_then(|table| table.paint());
        if self.pictures.len() < PICTURES {
            self.pictures.extend(painted);
        }
    }

    /// Tells the pictures.
    pub fn end(&mut self, gathered: &mut Gathered<'_>) {
        while !self.open.is_empty() {
            self.end_table();
        }
        for (number, picture) in self.pictures.drain(..).enumerate() {
            gathered.payload(format!("table-{}.bmp", number + 1), Cow::Owned(picture));
        }
    }
}

impl Table {
    fn row(&mut self) {
        // One more than a code can have tells that it is none.
        if self.rows.len() <= *SIDES.end() {
            self.rows.push(Vec::new());
        }
    }

    fn cells(&mut self, is_dark: bool, span: usize) {
        if self.rows.is_empty() {
            self.row();
        }
        if let Some(row) = self.rows.last_mut() {
            let room = SIDES.end().saturating_add(1).saturating_sub(row.len());
            row.extend(std::iter::repeat_n(is_dark, span.clamp(1, room.max(1)).min(room)));
        }
    }

    /// A picture, when this can be a code.
    fn paint(&self) -> Option<Vec<u8>> {
        let across = self.rows.iter().map(Vec::len).max()?;
        if !SIDES.contains(&self.rows.len()) || !SIDES.contains(&across) {
            return None;
        }
        let dark = self.rows.iter().flatten().filter(|is_dark| **is_dark).count();
        let all = across.checked_mul(self.rows.len())?;
        if dark * 5 < all || dark * 5 > all * 4 {
            return None;
        }
        let wide = across.checked_add(2 * MARGIN)?.checked_mul(SCALE)?;
        let margin = vec![255; wide.checked_mul(MARGIN * SCALE)?];
        let mut shades = margin.clone();
        for row in &self.rows {
            let mut line = vec![255; MARGIN * SCALE];
            for is_dark in row {
                line.resize(line.len() + SCALE, if *is_dark { 0 } else { 255 });
            }
            line.resize(wide, 255);
            (0..SCALE).for_each(|_| shades.extend_from_slice(&line));
        }
        shades.extend(margin);
        bitmap::write(wide, shades.len() / wide.max(1), &shades)
    }
}

/// Whether text draws with block characters, so that its spaces and lines matter.
pub(super) fn is_drawing(text: &str) -> bool {
    memchr::memmem::find_iter(text.as_bytes(), b"\xe2\x96").take(8).count() == 8
}

#[cfg(test)]
mod tests {
    use super::super::html::read;

    fn table(rows: usize, columns: usize, dark: &str, light: &str) -> String {
        let cell = |at: usize| if at.is_multiple_of(3) { dark } else { light };
        let row = |y: usize| (0..columns).map(|x| cell(x + y)).collect::<String>();
        let rows: String = (0..rows).map(|y| format!("<tr>{}</tr>", row(y))).collect();
        format!("<style>.b{{background:#000}}</style><table>{rows}</table>")
    }

    fn pictures(html: &str) -> Vec<(String, Vec<u8>)> {
        let payloads = read(html).payloads;
        payloads.into_iter().map(|one| (one.name, one.octets.into_owned())).collect()
    }

    #[test]
    fn a_table_of_dark_and_light_cells_becomes_a_picture() {
        for dark in [
            "<td bgcolor=#000000></td>",
            "<td style='background:black;width:4px'></td>",
            "<td style=\"background-color: rgb(10, 10, 30)\">&nbsp;",
            "<td class=b></td>",
        ] {
            let found = pictures(&table(25, 25, dark, "<td bgcolor=white></td>"));
            let [(name, octets)] = found.as_slice() else { panic!("{dark}") };
            assert_eq!(name, "table-1.bmp");
            assert_eq!(u32::from_le_bytes(octets[18..22].try_into().unwrap()), 33 * 3);
        }
    }

    #[test]
    fn dark_cells_may_be_joined() {
        let row = "<tr><td colspan=7 bgcolor=#000><td colspan=14 bgcolor=#fff></tr>";
        assert_eq!(pictures(&format!("<table>{}</table>", row.repeat(21))).len(), 1);
    }

    #[test]
    fn tables_of_text_and_layout_become_none() {
        assert!(pictures(&table(5, 40, "<td bgcolor=#000>", "<td>")).is_empty());
        assert!(pictures(&table(40, 40, "<td>", "<td>")).is_empty());
        assert!(pictures(&table(300, 40, "<td bgcolor=#000>", "<td>")).is_empty());
        assert!(pictures("<tr><td bgcolor=#000></table></table>").is_empty());
    }

    #[test]
    fn a_cell_over_thousands_of_columns_costs_nothing() {
        let row = "<tr><td colspan=4000000000 bgcolor=#000><td colspan=99999999999999999999>";
        assert!(pictures(&format!("<table>{}", row.repeat(3000))).is_empty());
        assert!(pictures(&"<table>".repeat(100_000)).is_empty());
    }

    #[test]
    fn drawn_text_keeps_its_spaces_and_lines() {
        let drawn = "\u{2588}\u{2588}  \u{2580}\u{2584}\u{2588}\u{2588}\n  \u{2588}\u{2588}";
        let html = format!("<pre>{drawn}  \u{2588}\u{2588}</pre>");
        assert!(read(&html).visible.as_str().contains(drawn));
    }
}
