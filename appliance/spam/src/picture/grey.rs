//! A picture in shades of grey.

/// A picture: 0 is black, 255 white.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Grey {
    width: usize,
    height: usize,
    pixels: Vec<u8>,
}

impl Grey {
    /// From rows one after another; what is missing is white.
    pub fn new(width: usize, height: usize, mut pixels: Vec<u8>) -> Option<Grey> {
        let count = width.checked_mul(height).filter(|count| *count > 0)?;
        pixels.resize(count, 255);
        Some(Grey { width, height, pixels })
    }

    pub fn width(&self) -> usize {
        self.width
    }

    pub fn height(&self) -> usize {
        self.height
    }

    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    pub fn rows(&self) -> std::slice::ChunksExact<'_, u8> {
        self.pixels.chunks_exact(self.width)
    }

    /// Half as wide and high: four pixels become one.
    pub fn halved(&self) -> Grey {
        let mut shrinking = Shrinking::new(self.width, self.height, 2);
        for row in self.rows() {
            shrinking.row(row.iter().copied());
        }
        shrinking.end().unwrap_or_else(|| self.clone())
    }

    /// Twice as wide and high, with shades between neighbours.
    pub fn doubled(&self) -> Grey {
        let mut pixels = Vec::with_capacity(self.pixels.len().saturating_mul(4));
        let rows: Vec<&[u8]> = self.rows().collect();
        for (at, row) in rows.iter().enumerate() {
            let above = at.checked_sub(1).and_then(|at| rows.get(at)).unwrap_or(row);
            let below = rows.get(at.saturating_add(1)).unwrap_or(row);
            for other in [above, below] {
                let mixed: Vec<u16> = row
                    .iter()
                    .zip(other.iter())
                    .map(|(own, other)| u16::from(*own) * 3 + u16::from(*other))
                    .collect();
                wide(&mixed, &mut pixels);
            }
        }
        let (width, height) = (self.width.saturating_mul(2), self.height.saturating_mul(2));
        Grey { width, height, pixels }
    }
}

/// Writes a row of fourfold shades twice as wide.
fn wide(row: &[u16], out: &mut Vec<u8>) {
    let mut before = row.first().copied().unwrap_or_default();
    for (at, own) in row.iter().enumerate() {
        let after = row.get(at.saturating_add(1)).copied().unwrap_or(*own);
        for other in [before, after] {
            out.push(u8::try_from((own * 3 + other) / 16).unwrap_or(255));
        }
        before = *own;
    }
}

/// Takes rows and keeps one pixel for a square of them.
pub(super) struct Shrinking {
    factor: usize,
    width: usize,
    height: usize,
    sums: Vec<u32>,
    rows: usize,
    pixels: Vec<u8>,
}

impl Shrinking {
    /// For a picture of this size, one pixel out of `factor` times `factor`.
    pub fn new(width: usize, height: usize, factor: usize) -> Self {
        let factor = factor.max(1);
        let (width, height) = (width / factor, height / factor);
        let pixels = Vec::with_capacity(width.saturating_mul(height));
        Shrinking { factor, width, height, sums: vec![0; width], rows: 0, pixels }
    }

    /// The next row.
    pub fn row(&mut self, row: impl Iterator<Item = u8>) {
        if self.factor == 1 {
            let start = self.pixels.len();
            self.pixels.extend(row.take(self.width));
            self.pixels.resize(start.saturating_add(self.width), 255);
            return;
        }
        let mut row = row;
        for sum in &mut self.sums {
            *sum += row.by_ref().take(self.factor).map(u32::from).sum::<u32>();
        }
        self.rows += 1;
        if self.rows == self.factor {
            let area = u32::try_from(self.factor.saturating_mul(self.factor)).unwrap_or(1);
            let shades = self.sums.iter().map(|sum| u8::try_from(sum / area).unwrap_or(255));
            self.pixels.extend(shades);
            self.sums.fill(0);
            self.rows = 0;
        }
    }

    /// The picture.
    pub fn end(mut self) -> Option<Grey> {
        self.pixels.truncate(self.width.saturating_mul(self.height));
        Grey::new(self.width, self.height, self.pixels)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_rows_are_white_and_nothing_is_no_picture() {
        let grey = Grey::new(2, 2, vec![1, 2]).unwrap();
        assert_eq!(grey.pixels(), [1, 2, 255, 255]);
        assert_eq!(Grey::new(0, 5, Vec::new()), None);
        assert_eq!(Grey::new(usize::MAX, 2, Vec::new()), None);
    }

    #[test]
    fn halving_takes_the_middle_of_four() {
        let grey = Grey::new(5, 2, vec![0, 100, 8, 8, 1, 200, 100, 8, 8, 1]).unwrap();
        assert_eq!(grey.halved().pixels(), [100, 8]);
    }

    #[test]
    fn doubling_keeps_a_flat_picture_flat() {
        let grey = Grey::new(3, 2, vec![77; 6]).unwrap();
        let doubled = grey.doubled();
        assert_eq!((doubled.width(), doubled.height()), (6, 4));
        assert!(doubled.pixels().iter().all(|one| *one == 77));
    }
}
