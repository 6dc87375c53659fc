//! The three squares in the corners of a code: runs of 1, 1, 3, 1, 1 along a row and down a column.

use std::collections::HashMap;

use super::Steps;
use super::binary::Bits;

/// Squares that are kept of one picture, the surest first.
const KEPT: usize = 36;
/// Places that are looked at more than once.
const PLACES: usize = 20_000;
/// Steps that a closer look takes.
const LOOK: usize = 400;

/// A square: its middle and the width of a cell, in pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Finder {
    pub x: f32,
    pub y: f32,
    pub cell: f32,
    /// Rows that saw it.
    hits: f32,
}

impl Finder {
    /// How many of the rows that should have seen it did, at most 1.
    fn sureness(&self, step: usize) -> f32 {
        (self.hits * step as f32 / (3.0 * self.cell)).min(1.0)
    }
}

/// The squares of a picture, those in dark and those in light ink, the surest first.
pub(super) fn finders(bits: &Bits, steps: &mut Steps) -> (Vec<Finder>, Vec<Finder>) {
    // The middle of a square is three cells high: large pictures need not be looked at row by row.
    let step = (bits.height() / 350).clamp(1, 4);
    let mut search = Search { bits, dark: Known::default(), light: Known::default(), looks: 0 };
    for y in (0..bits.height()).step_by(step) {
        if !steps.take(bits.width()) || !search.row(y, steps) {
            break;
        }
    }
    (search.dark.surest(step), search.light.surest(step))
}

/// Squares in one ink.
#[derive(Default)]
struct Known {
    found: Vec<Finder>,
    /// Squares by the part of the picture that their middle is in.
    near: HashMap<(u32, u32), Vec<usize>>,
}

struct Search<'b> {
    bits: &'b Bits,
    dark: Known,
    light: Known,
    looks: usize,
}

/// Lengths of five runs, the last one last.
#[derive(Debug, Clone, Copy, Default)]
struct Runs([u32; 5]);

impl Runs {
    fn push(&mut self, run: u32) {
        let [_, second, third, fourth, fifth] = self.0;
        self.0 = [second, third, fourth, fifth, run];
    }

    fn total(&self) -> u32 {
        self.0.iter().fold(0, |sum, run| sum.saturating_add(*run))
    }

    fn is_finder(&self) -> bool {
        let [first, second, third, fourth, fifth] = self.0;
        // Most runs end here.
        if third < first || third < second || third < fourth || third < fifth || first == 0 {
            return false;
        }
        let total = self.total();
        if total < 7 || self.0.contains(&0) {
            return false;
        }
        let cell = total as f32 / 7.0;
        let is_near = |run: &u32, cells: f32| {
            (*run as f32 - cells * cell).abs() < cells * (cell * 0.5).max(0.6)
        };
        self.0.iter().zip([1.0, 1.0, 3.0, 1.0, 1.0]).all(|(run, cells)| is_near(run, cells))
    }
}

impl Search<'_> {
    /// Looks along a row; `false` when there are no steps left.
    fn row(&mut self, y: usize, steps: &mut Steps) -> bool {
        let row = self.bits.row(y);
        let mut runs = Runs::default();
        let mut rest = row;
        // A row begins and ends as if there were paper around it.
        while let Some(ink) = rest.first().copied() {
            let length = rest.iter().position(|dark| *dark != ink).unwrap_or(rest.len());
            rest = rest.get(length..).unwrap_or_default();
            runs.push(u32::try_from(length).unwrap_or(u32::MAX));
            let end = row.len().saturating_sub(rest.len());
            if runs.is_finder() && !self.look(&runs, (end, y), ink, steps) {
                return false;
            }
        }
        true
    }

    /// Looks closer at five runs that end in front of a place.
    fn look(&mut self, runs: &Runs, end: (usize, usize), ink: bool, steps: &mut Steps) -> bool {
        self.looks += 1;
        if self.looks > PLACES || !steps.take(LOOK) {
            return false;
        }
        let [_, _, third, fourth, fifth] = runs.0;
        let middle = end.0 as f32 - (fifth + fourth) as f32 - third as f32 / 2.0;
        let (across, y) = (runs.total(), end.1 as f32 + 0.5);
        let Some((y, down)) = self.through((middle, y), ink, (0.0, 1.0), across) else {
            return true;
        };
        let Some((x, across)) = self.through((middle, y), ink, (1.0, 0.0), down) else {
            return true;
        };
        let known = if ink { &mut self.dark } else { &mut self.light };
        known.keep(x, y, (across + down) as f32 / 14.0);
        true
    }

    /// The middle of five runs through a place along an axis, and their length; about as long as
    /// those of the other axis.
    fn through(
        &self,
        (x, y): (f32, f32),
        ink: bool,
        axis: (f32, f32),
        other: u32,
    ) -> Option<(f32, u32)> {
        let most = other.saturating_mul(2).min(4096);
        let has = |at: f32, is_ink: bool| {
            let (x, y) = (x + axis.0 * at, y + axis.1 * at);
            // Paper goes on beyond the picture.
            self.bits.has(x, y, ink) == is_ink
        };
        let run = |from: f32, way: f32, is_ink: bool| {
            let steps = (0..most).take_while(|step| has(from + way * *step as f32, is_ink));
            u32::try_from(steps.count()).unwrap_or(u32::MAX)
        };
        if !has(0.0, true) {
            return None;
        }
        let side = |way: f32| {
            let middle = run(way, way, true);
            let paper = run(way * (1 + middle) as f32, way, false);
            let ring = run(way * (1 + middle + paper) as f32, way, true);
            (middle, paper, ring)
        };
        let (before, after) = (side(-1.0), side(1.0));
        let runs = Runs([before.2, before.1, before.0 + 1 + after.0, after.1, after.2]);
        let total = runs.total();
        let is_alike = total.abs_diff(other) * 5 < other.saturating_mul(3);
        if !runs.is_finder() || !is_alike {
            return None;
        }
        let at = x * axis.0 + y * axis.1;
        // From the middle of the pixel that the place is in.
        let off = (after.0 as f32 - before.0 as f32) / 2.0;
        Some((at.floor() + 0.5 + off, total))
    }
}

impl Known {
    /// Those that enough rows saw.
    fn surest(mut self, step: usize) -> Vec<Finder> {
        self.found.retain(|one| one.sureness(step) > 0.2);
        self.found.sort_by(|one, other| {
            let sure = other.sureness(step).total_cmp(&one.sureness(step));
            sure.then(other.cell.total_cmp(&one.cell))
        });
        self.found.truncate(KEPT);
        self.found
    }

    fn keep(&mut self, x: f32, y: f32, cell: f32) {
        let part = |at: f32| {
            // Not below zero, and far below the most that fits.
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            let part = (at / 8.0) as u32;
            part
        };
        let (column, row) = (part(x), part(y));
        let reach = part(cell) + 1;
        for near_row in row.saturating_sub(reach.min(2))..=row.saturating_add(reach.min(2)) {
            for near in column.saturating_sub(reach.min(2))..=column.saturating_add(reach.min(2)) {
                let Some(known) = self.near.get(&(near, near_row)) else { continue };
                for at in known {
                    if let Some(one) = self.found.get_mut(*at)
                        && (one.x - x).abs() <= cell.max(1.0)
                        && (one.y - y).abs() <= cell.max(1.0)
                        && (one.cell - cell).abs() <= (cell * 0.5).max(1.0)
                    {
                        let all = one.hits + 1.0;
                        one.x += (x - one.x) / all;
                        one.y += (y - one.y) / all;
                        one.cell += (cell - one.cell) / all;
                        one.hits = all;
                        return;
                    }
                }
            }
        }
        self.near.entry((column, row)).or_default().push(self.found.len());
        self.found.push(Finder { x, y, cell, hits: 1.0 });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_runs_of_a_finder_are_one() {
        assert!(Runs([1, 1, 3, 1, 1]).is_finder() && Runs([4, 5, 13, 4, 4]).is_finder());
        assert!(!Runs([1, 1, 1, 1, 1]).is_finder() && !Runs([2, 2, 6, 2, 5]).is_finder());
        assert!(!Runs([0, 1, 3, 1, 1]).is_finder() && !Runs([0; 5]).is_finder());
    }
}
