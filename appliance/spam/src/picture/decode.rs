//! Octets of a picture to shades of grey. The size was looked at before; the decoders are held to
//! it, and what is damaged is taken as far as it came.

use std::io::Cursor;
use std::num::NonZeroU64;

use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::grey::{Grey, Shrinking};
use super::sizes::{Format, Size};
use super::{PIXELS, bmp};

/// Passes of a progressive JPEG; encoders make some ten.
const PASSES: usize = 24;

/// Decodes a picture.
pub(super) fn decode(octets: &[u8], size: &Size) -> Option<Grey> {
    match size.format {
        Format::Png => png(octets, size),
        Format::Jpeg => jpeg(octets, size),
        Format::Gif => gif(octets, size),
        Format::Bmp => bmp::decode(octets, size),
        Format::Webp => webp(octets, size),
        Format::Tiff => None,
    }
}

/// How many pixels a side become one, so that few enough are left.
pub(super) fn factor(size: &Size) -> usize {
    let pixels = u64::from(size.width).saturating_mul(u64::from(size.height));
    if pixels > PIXELS { 2 } else { 1 }
}

/// Red, green and blue as one shade.
pub(super) fn shade(red: u8, green: u8, blue: u8) -> u8 {
    let sum = u32::from(red) * 77 + u32::from(green) * 150 + u32::from(blue) * 29;
    u8::try_from(sum >> 8).unwrap_or(255)
}

/// A shade on white paper.
fn on_paper(shade: u8, opaque: u8) -> u8 {
    let (shade, opaque) = (u32::from(shade), u32::from(opaque));
    u8::try_from((shade * opaque + 255 * (255 - opaque)) / 255).unwrap_or(255)
}

/// A row of pixels of this many octets each, as shades.
fn shades(row: &[u8], octets: usize) -> impl Iterator<Item = u8> + '_ {
    row.chunks_exact(octets.max(1)).map(|pixel| match pixel {
        [grey] => *grey,
        [grey, opaque] => on_paper(*grey, *opaque),
        [red, green, blue] => shade(*red, *green, *blue),
        [red, green, blue, opaque, ..] => on_paper(shade(*red, *green, *blue), *opaque),
        [] => 255,
    })
}

fn sides(size: &Size) -> Option<(usize, usize)> {
    Some((usize::try_from(size.width).ok()?, usize::try_from(size.height).ok()?))
}

fn png(octets: &[u8], size: &Size) -> Option<Grey> {
    let (width, height) = sides(size)?;
    let limits = png::Limits { bytes: 8 * 1024 * 1024 };
    let mut decoder = png::Decoder::new_with_limits(Cursor::new(octets), limits);
    decoder.set_transformations(png::Transformations::EXPAND | png::Transformations::STRIP_16);
    decoder.ignore_checksums(true);
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    let mut reader = decoder.read_info().ok()?;
    let pixel = reader.output_color_type().0.samples();
    let mut shrinking = Shrinking::new(width, height, factor(size));
    if reader.info().interlaced {
        let octets = reader.output_buffer_size()?;
        let most = usize::try_from(PIXELS).ok()?.checked_mul(4)?;
        let mut frame = (octets <= most).then(|| vec![255; octets])?;
        // What came before damage is there.
        let _as_far_as_it_came = reader.next_frame(&mut frame);
        for row in frame.chunks_exact(width.checked_mul(pixel)?) {
            shrinking.row(shades(row, pixel));
        }
    } else {
        for _ in 0..height {
            let Ok(Some(row)) = reader.next_row() else { break };
            shrinking.row(shades(row.data(), pixel));
        }
    }
    shrinking.end()
}

fn jpeg(octets: &[u8], size: &Size) -> Option<Grey> {
    let (width, height) = sides(size)?;
    let options = DecoderOptions::new_fast()
        .set_max_width(width)
        .set_max_height(height)
        .set_strict_mode(false)
        .jpeg_set_max_scans(PASSES);
    let mut decoder = zune_jpeg::JpegDecoder::new_with_options(ZCursor::new(octets), options);
    decoder.decode_headers().ok()?;
    let is_plain = matches!(decoder.input_colorspace(), Some(ColorSpace::YCbCr | ColorSpace::Luma));
    let (colours, pixel) = if is_plain { (ColorSpace::Luma, 1) } else { (ColorSpace::RGB, 3) };
    decoder.set_options(options.jpeg_set_out_colorspace(colours));
    let pixels = decoder.decode().ok()?;
    Grey::new(width, height, shades(&pixels, pixel).collect())
}

/// The first frame, on white paper.
fn gif(octets: &[u8], size: &Size) -> Option<Grey> {
    let (width, height) = sides(size)?;
    let mut options = gif::DecodeOptions::new();
    options.set_color_output(gif::ColorOutput::Indexed);
    options.set_memory_limit(gif::MemoryLimit::Bytes(NonZeroU64::new(PIXELS)?));
    let mut decoder = options.read_info(octets).ok()?;
    let global: Vec<u8> = decoder.global_palette().unwrap_or_default().to_vec();
    let frame = decoder.read_next_frame().ok()??;
    let palette = frame.palette.as_deref().unwrap_or(&global);
    let mut table: Vec<u8> = shades(palette, 3).collect();
    if let Some(place) = frame.transparent.and_then(|at| table.get_mut(usize::from(at))) {
        *place = 255;
    }
    let mut pixels = vec![255; width.checked_mul(height)?];
    let rows = pixels.chunks_exact_mut(width).skip(usize::from(frame.top));
    for (row, from) in rows.zip(frame.buffer.chunks_exact(usize::from(frame.width).max(1))) {
        let to = row.iter_mut().skip(usize::from(frame.left));
        for (to, from) in to.zip(from) {
            *to = table.get(usize::from(*from)).copied().unwrap_or(255);
        }
    }
    Grey::new(width, height, pixels)
}

fn webp(octets: &[u8], size: &Size) -> Option<Grey> {
    let (width, height) = sides(size)?;
    let mut decoder = image_webp::WebPDecoder::new(Cursor::new(octets)).ok()?;
    let most = usize::try_from(PIXELS).ok()?.checked_mul(4)?;
    decoder.set_memory_limit(most);
    let count = decoder.output_buffer_size().filter(|count| *count <= most)?;
    if decoder.dimensions() != (size.width, size.height) {
        return None;
    }
    let pixel = if decoder.has_alpha() { 4 } else { 3 };
    let mut pixels = vec![255; count];
    decoder.read_image(&mut pixels).ok()?;
    Grey::new(width, height, shades(&pixels, pixel).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_transparent_is_white() {
        assert_eq!(shades(&[0, 0, 0, 0], 4).collect::<Vec<_>>(), [255]);
        assert_eq!(shades(&[0, 255, 9, 0], 2).collect::<Vec<_>>(), [0, 255]);
    }

    #[test]
    fn colours_become_shades() {
        let row = [255, 255, 255, 255, 0, 0, 0, 0, 255];
        assert_eq!(shades(&row, 3).collect::<Vec<_>>(), [255, 76, 28]);
    }
}
