//! From three squares to the cells of a code, and from cells to what is written in it.

use rqrr::{Grid, SimpleGrid};

use super::Steps;
use super::binary::Bits;
use super::finder::Finder;

/// Threes of squares that are tried.
const TRIES: usize = 40;
/// Codes that are read in one picture.
const CODES: usize = 8;
/// Steps that the correction of errors takes for a cell.
const CELL: usize = 450;
/// Cells of a side: the least and the most.
const SIDES: (i32, i32) = (21, 177);

/// A place, in pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Point {
    x: f32,
    y: f32,
}

impl Point {
    fn of(finder: &Finder) -> Point {
        Point { x: finder.x, y: finder.y }
    }

    fn to(self, other: Point) -> Point {
        Point { x: other.x - self.x, y: other.y - self.y }
    }

    fn length(self) -> f32 {
        self.x.hypot(self.y)
    }

    fn plus(self, other: Point, times: f32) -> Point {
        Point { x: self.x + other.x * times, y: self.y + other.y * times }
    }
}

/// Three squares that stand as those of a code do.
#[derive(Debug, Clone, Copy)]
struct Three {
    corner: Point,
    right: Point,
    down: Point,
    cell: f32,
    /// How far it is from the form that it should have.
    fault: f32,
    finders: [usize; 3],
}

/// The octets of every code in the picture.
pub(super) fn codes(bits: &Bits, ink: bool, finders: &[Finder], steps: &mut Steps) -> Vec<Vec<u8>> {
    let mut codes = Vec::new();
    let mut used: Vec<usize> = Vec::new();
    for three in threes(finders).iter().take(TRIES) {
        if codes.len() >= CODES || three.finders.iter().any(|one| used.contains(one)) {
            continue;
        }
        if let Some(code) = read(bits, ink, three, steps) {
            used.extend(three.finders);
            codes.push(code);
        }
    }
    codes
}

/// Every three that can belong together, the best first.
fn threes(finders: &[Finder]) -> Vec<Three> {
    let mut all = Vec::new();
    for (first, one) in finders.iter().enumerate() {
        for (second, two) in finders.iter().enumerate().skip(first + 1) {
            if !is_alike(one.cell, two.cell) {
                continue;
            }
            for (third, three) in finders.iter().enumerate().skip(second + 1) {
                all.extend(three_of([one, two, three], [first, second, third]));
            }
        }
    }
    all.sort_by(|one, other| one.fault.total_cmp(&other.fault));
    all
}

fn is_alike(one: f32, other: f32) -> bool {
    one.max(other) <= one.min(other) * 1.5 + 0.5
}

fn three_of(finders: [&Finder; 3], numbers: [usize; 3]) -> Option<Three> {
    let [one, two, three] = finders;
    if !is_alike(one.cell, three.cell) || !is_alike(two.cell, three.cell) {
        return None;
    }
    let [a, b, c] = finders.map(Point::of);
    // The corner is across from the longest side.
    let sides = [b.to(c).length(), a.to(c).length(), a.to(b).length()];
    let longest = sides.iter().copied().fold(0.0, f32::max);
    let [far_a, far_b, _] = sides.map(|side| side >= longest);
    let (corner, right, down) = match (far_a, far_b) {
        (true, _) => (a, b, c),
        (_, true) => (b, a, c),
        _ => (c, a, b),
    };
    let (across, along) = (corner.to(right), corner.to(down));
    let turn = across.x * along.y - across.y * along.x;
    let (right, down) = if turn < 0.0 { (down, right) } else { (right, down) };
    let (one_leg, other_leg) = (across.length(), along.length());
    let legs = one_leg.hypot(other_leg).max(1.0);
    let cell = cell(finders, across);
    let cells = (one_leg + other_leg) / 2.0 / cell;
    let skew = (one_leg - other_leg).abs() / one_leg.max(other_leg).max(1.0);
    let square = (longest / legs - 1.0).abs();
    let spread = finders.iter().map(|one| (one.cell - cell).abs()).fold(0.0, f32::max) / cell;
    let is_code = (11.0..190.0).contains(&cells) && skew < 0.35 && square < 0.2;
    let fault = skew + square + spread * 0.3;
    is_code.then_some(Three { corner, right, down, cell, fault, finders: numbers })
}

/// The width of a cell. Runs along a row through a square that is turned are longer than its side.
fn cell(finders: [&Finder; 3], across: Point) -> f32 {
    let mean = finders.iter().map(|one| one.cell).sum::<f32>() / 3.0;
    let (x, y) = (across.x.abs(), across.y.abs());
    let turned = x.max(y) / x.hypot(y).max(1.0);
    (mean * turned).max(0.5)
}

/// A way from cells to pixels: even, with one corner moved.
#[derive(Debug, Clone, Copy)]
struct Way {
    corner: Point,
    right: Point,
    down: Point,
    /// How far the place of the small square is from where it should be, for each cell across and
    /// down.
    bend: Point,
}

impl Way {
    fn new(three: &Three, side: i32) -> Way {
        let cells = (side - 7) as f32;
        let step = |to: Point| {
            let way = three.corner.to(to);
            Point { x: way.x / cells, y: way.y / cells }
        };
        let (right, down) = (step(three.right), step(three.down));
        Way { corner: three.corner, right, down, bend: Point { x: 0.0, y: 0.0 } }
    }

    /// The place of the middle of a cell.
    fn at(&self, column: f32, row: f32) -> Point {
        let (u, v) = (column - 3.0, row - 3.0);
        self.corner.plus(self.right, u).plus(self.down, v).plus(self.bend, u * v)
    }

    fn has(&self, bits: &Bits, ink: bool, column: f32, row: f32) -> bool {
        let place = self.at(column, row);
        bits.has(place.x, place.y, ink)
    }

    /// How much of the dotted lines between the squares is there, 0 to 1.
    fn dots(&self, bits: &Bits, ink: bool, side: i32) -> f32 {
        let cells = 7..side - 7;
        let right = |at: &i32| {
            let (at, is_ink) = (*at as f32, at % 2 == 0);
            u32::from(self.has(bits, ink, at, 6.0) == is_ink)
                + u32::from(self.has(bits, ink, 6.0, at) == is_ink)
        };
        let all = cells.len().max(1) * 2;
        cells.map(|at| right(&at)).sum::<u32>() as f32 / all as f32
    }
}

fn read(bits: &Bits, ink: bool, three: &Three, steps: &mut Steps) -> Option<Vec<u8>> {
    let mut ways = sides(bits, ink, three, steps);
    ways.sort_by(|one, other| other.0.total_cmp(&one.0));
    for (_, side, way) in ways.into_iter().take(2) {
        let cost = usize::try_from(side * side).ok()?.saturating_mul(CELL);
        let mut decoded = |way: &Way, reach: f32| {
            if steps.take(cost) { decode(bits, ink, way, side, reach) } else { None }
        };
        let found = decoded(&way, 0.0).or_else(|| decoded(&way, 0.25));
        if found.is_some() {
            return found;
        }
        let bent = if side >= 25 { bent(bits, ink, &way, side) } else { None };
        let found = bent.and_then(|way| decoded(&way, 0.0));
        if found.is_some() {
            return found;
        }
    }
    None
}

/// Numbers of cells that a side may have, by how well the dotted lines fit.
fn sides(bits: &Bits, ink: bool, three: &Three, steps: &mut Steps) -> Vec<(f32, i32, Way)> {
    let legs = three.corner.to(three.right).length() + three.corner.to(three.down).length();
    // Bounded by what a three may be.
    #[allow(clippy::cast_possible_truncation)]
    let about = (legs / 2.0 / three.cell + 7.0 - 17.0).round() as i32;
    let version = (about + 2) / 4;
    let mut all = Vec::new();
    for side in (version - 2..=version + 2).map(|version| version * 4 + 17) {
        if !(SIDES.0..=SIDES.1).contains(&side) || !steps.take(400) {
            continue;
        }
        let way = Way::new(three, side);
        let dots = way.dots(bits, ink, side);
        if dots > 0.68 {
            all.push((dots, side, way));
        }
    }
    all
}

/// The way with the small square near the fourth corner where it really is.
fn bent(bits: &Bits, ink: bool, way: &Way, side: i32) -> Option<Way> {
    let at = (side - 7) as f32;
    let middle = way.at(at, at);
    let mut best = (20, middle);
    for row in -12..=12 {
        for column in -12..=12 {
            let (u, v) = (column as f32 / 3.0, row as f32 / 3.0);
            let place = middle.plus(way.right, u).plus(way.down, v);
            let score = square(bits, ink, way, place);
            if score > best.0 {
                best = (score, place);
            }
        }
    }
    let off = middle.to(best.1);
    let share = (at - 3.0) * (at - 3.0);
    (best.0 > 20).then_some(Way { bend: Point { x: off.x / share, y: off.y / share }, ..*way })
}

/// Cells of the small square that are as they should be around a place, of 25.
fn square(bits: &Bits, ink: bool, way: &Way, place: Point) -> i32 {
    let mut score = 0;
    for row in -2_i32..=2 {
        for column in -2_i32..=2 {
            let is_ink = row.abs().max(column.abs()) != 1;
            let at = place.plus(way.right, column as f32).plus(way.down, row as f32);
            score += i32::from(bits.has(at.x, at.y, ink) == is_ink);
        }
    }
    score
}

/// Looks at the middle of each cell, or at nine places around it when `reach` is not 0.
fn decode(bits: &Bits, ink: bool, way: &Way, side: i32, reach: f32) -> Option<Vec<u8>> {
    const AROUND: [f32; 3] = [-1.0, 0.0, 1.0];
    let cell = |column: usize, row: usize| {
        let (column, row) = (column as f32, row as f32);
        if reach <= 0.0 {
            return way.has(bits, ink, column, row);
        }
        let places = AROUND.iter().flat_map(|v| AROUND.iter().map(move |u| (u * reach, v * reach)));
        places.filter(|(u, v)| way.has(bits, ink, column + u, row + v)).count() > 4
    };
    let size = usize::try_from(side).ok()?;
    let grid = Grid::new(SimpleGrid::from_func(size, cell));
    let mut octets = Vec::new();
    grid.decode_to(&mut octets).ok()?;
    Some(octets)
}
