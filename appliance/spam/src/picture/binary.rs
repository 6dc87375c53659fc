//! Shades to two colours: dark and light.

use super::grey::Grey;

/// Shades less far apart than this are one colour.
const CONTRAST: u8 = 24;

/// A picture in two colours.
#[derive(Debug, Clone)]
pub(super) struct Bits {
    width: usize,
    height: usize,
    dark: Vec<bool>,
}

impl Bits {
    pub fn width(&self) -> usize {
        self.width
    }

    pub fn height(&self) -> usize {
        self.height
    }

    /// One row; empty beyond the last.
    pub fn row(&self, y: usize) -> &[bool] {
        let start = y.saturating_mul(self.width);
        self.dark.get(start..start.saturating_add(self.width)).unwrap_or_default()
    }

    /// Whether a pixel has ink: is dark, or light when `ink` is `false`. Beyond the picture is none.
    pub fn has(&self, x: f32, y: f32, ink: bool) -> bool {
        if x < 0.0 || y < 0.0 {
            return false;
        }
        // Not below zero; what is too large saturates.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let (x, y) = (x as usize, y as usize);
        self.at(x, y) == Some(ink)
    }

    /// Whether a pixel is dark; `None` beyond the picture.
    pub fn at(&self, x: usize, y: usize) -> Option<bool> {
        if x >= self.width {
            return None;
        }
        self.dark.get(y.checked_mul(self.width)?.checked_add(x)?).copied()
    }

    /// By one threshold: the one that parts the shades best (Otsu, 1979). `None` for a flat picture.
    pub fn by_one_threshold(grey: &Grey) -> Option<Bits> {
        let threshold = threshold(grey.pixels())?;
        let dark = grey.pixels().iter().map(|shade| *shade <= threshold).collect();
        Some(Bits { width: grey.width(), height: grey.height(), dark })
    }

    /// By the mean around each place, for pictures where one threshold is wrong in some place.
    pub fn by_place(grey: &Grey) -> Option<Bits> {
        let side = (grey.width().min(grey.height()) / 40).max(8);
        let blocks = Blocks::new(grey, side)?;
        let mut dark = Vec::with_capacity(grey.pixels().len());
        for (y, row) in grey.rows().enumerate() {
            let means = blocks.around(y / side);
            for (part, mean) in row.chunks(side).zip(&means) {
                dark.extend(part.iter().map(|shade| shade < mean));
            }
        }
        Some(Bits { width: grey.width(), height: grey.height(), dark })
    }
}

fn threshold(pixels: &[u8]) -> Option<u8> {
    let mut counts = [0_u64; 256];
    for shade in pixels {
        if let Some(count) = counts.get_mut(usize::from(*shade)) {
            *count += 1;
        }
    }
    let lowest = counts.iter().position(|count| *count > 0)?;
    let highest = counts.iter().rposition(|count| *count > 0)?;
    if highest.saturating_sub(lowest) < usize::from(CONTRAST) {
        return None;
    }
    let whole: f64 = counts.iter().zip(0_u32..).map(|(n, at)| *n as f64 * f64::from(at)).sum();
    let all = pixels.len() as f64;
    let (mut below, mut sum) = (0.0, 0.0);
    let (mut best, mut chosen) = (-1.0, 0);
    for (count, at) in counts.iter().zip(0_u8..=255) {
        below += *count as f64;
        sum += *count as f64 * f64::from(at);
        let above = all - below;
        if below <= 0.0 || above <= 0.0 {
            continue;
        }
        let apart = sum / below - (whole - sum) / above;
        let score = below * above * apart * apart;
        if score > best {
            (best, chosen) = (score, at);
        }
    }
    Some(chosen)
}

/// Means of square blocks of a picture.
struct Blocks {
    across: usize,
    down: usize,
    means: Vec<u8>,
}

impl Blocks {
    fn new(grey: &Grey, side: usize) -> Option<Blocks> {
        let across = grey.width().div_ceil(side);
        let down = grey.height().div_ceil(side);
        let mut means = Vec::with_capacity(across.checked_mul(down)?);
        let mut sums = vec![(0_u32, 0_u32); across];
        for (y, row) in grey.rows().enumerate() {
            for (part, (sum, count)) in row.chunks(side).zip(&mut sums) {
                *sum += part.iter().map(|one| u32::from(*one)).sum::<u32>();
                *count += u32::try_from(part.len()).unwrap_or(0);
            }
            if (y + 1) % side == 0 || y + 1 == grey.height() {
                let mean = |(sum, count): &(u32, u32)| u8::try_from(sum / (*count).max(1));
                means.extend(sums.iter().map(|one| mean(one).unwrap_or(255)));
                sums.fill((0, 0));
            }
        }
        Some(Blocks { across, down, means })
    }

    /// Thresholds of one row of blocks: the mean of five by five, a little darker, so that paper stays
    /// light.
    fn around(&self, y: usize) -> Vec<u8> {
        let rows = y.saturating_sub(2)..y.saturating_add(3).min(self.down);
        let mut columns = vec![(0_u32, 0_u32); self.across];
        for row in rows {
            let start = row.saturating_mul(self.across);
            let means = self.means.get(start..).unwrap_or_default();
            for (mean, (sum, count)) in means.iter().zip(&mut columns) {
                *sum += u32::from(*mean);
                *count += 1;
            }
        }
        (0..self.across)
            .map(|x| {
                let near = columns.iter().skip(x.saturating_sub(2)).take(5.min(x + 3));
                let (sum, count) =
                    near.fold((0, 0), |all: (u32, u32), one| (all.0 + one.0, all.1 + one.1));
                u8::try_from(sum * 15 / 16 / count.max(1)).unwrap_or(255)
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_shades_are_parted_and_one_is_not() {
        let grey = Grey::new(4, 1, vec![10, 200, 12, 190]).unwrap();
        assert_eq!(Bits::by_one_threshold(&grey).unwrap().row(0), [true, false, true, false]);
        let flat = Grey::new(4, 1, vec![100, 101, 100, 102]).unwrap();
        assert!(Bits::by_one_threshold(&flat).is_none());
    }

    #[test]
    fn a_shadow_over_half_of_it_does_not_hide_what_is_there() {
        let shade = |x: usize| {
            let paper = if x < 100 { 250 } else { 110 };
            if x % 10 < 3 { paper - 90 } else { paper }
        };
        let pixels = (0..80 * 200).map(|at| u8::try_from(shade(at % 200)).unwrap()).collect();
        let grey = Grey::new(200, 80, pixels).unwrap();
        let bits = Bits::by_place(&grey).unwrap();
        let dark = |x: usize| bits.at(x, 40).unwrap();
        assert!((0..80).all(|x| dark(x) == (x % 10 < 3)));
        assert!((130..200).all(|x| dark(x) == (x % 10 < 3)));
    }
}
