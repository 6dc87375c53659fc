//! Pictures that stand in a document as something else, written as a Windows bitmap for whoever
//! reads pictures.

/// Pixels of one picture.
pub(crate) const PIXELS: usize = 1_500_000;

/// A bitmap of shades, one octet a pixel, the top row first. `None` when there are too many pixels
/// or none.
pub(crate) fn write(width: usize, height: usize, shades: &[u8]) -> Option<Vec<u8>> {
    const HEAD: usize = 54 + 256 * 4;
    let pixels = width.checked_mul(height).filter(|pixels| (1..=PIXELS).contains(pixels))?;
    let padded = width.div_ceil(4).checked_mul(4)?;
    let octets = padded.checked_mul(height)?.checked_add(HEAD)?;
    let mut out = Vec::with_capacity(octets);
    let four = |number: usize| u32::try_from(number).unwrap_or_default().to_le_bytes();
    out.extend(b"BM");
    out.extend(four(octets));
    out.extend([0; 4]);
    out.extend(four(HEAD));
    out.extend(four(40));
    out.extend(four(width));
    // A height below zero: the top row comes first.
    out.extend(i32::try_from(height).ok()?.checked_neg()?.to_le_bytes());
    out.extend([1, 0, 8, 0]);
    out.extend([0; 24]);
    for shade in 0..=255 {
        out.extend([shade, shade, shade, 0]);
    }
    for row in shades.get(..pixels)?.chunks_exact(width) {
        out.extend_from_slice(row);
        out.extend(std::iter::repeat_n(255, padded.saturating_sub(width)));
    }
    Some(out)
}

/// Red, green and blue, 0 to 1, as a shade.
pub(crate) fn shade(red: f64, green: f64, blue: f64) -> u8 {
    let shade = (red * 77.0 + green * 150.0 + blue * 29.0) / 256.0 * 255.0;
    // Between 0 and 255 by the clamp.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let shade = shade.clamp(0.0, 255.0) as u8;
    shade
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_padded_and_the_size_is_told() {
        let bitmap = write(3, 2, &[1, 2, 3, 4, 5, 6]).unwrap();
        assert_eq!(&bitmap[bitmap.len() - 8..], [1, 2, 3, 255, 4, 5, 6, 255]);
        assert_eq!(u32::from_le_bytes(bitmap[2..6].try_into().unwrap()) as usize, bitmap.len());
        assert_eq!(filetype::identify(&bitmap).main(), filetype::kinds::BMP);
    }

    #[test]
    fn too_many_pixels_and_too_few_octets_are_no_picture() {
        assert_eq!(write(100_000, 100_000, &[]), None);
        assert_eq!(write(2, 2, &[0; 3]), None);
        assert_eq!(write(0, 2, &[]), None);
    }
}
