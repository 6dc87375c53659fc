//! Pictures of codes for tests, in every format.

use std::fmt::Write as _;

use super::grey::Grey;

/// The cells of a code, row by row; `true` is dark.
pub(crate) fn cells(text: &str) -> Vec<Vec<bool>> {
    let code = qrcode::QrCode::new(text).unwrap();
    let cells: Vec<bool> =
        code.to_colors().iter().map(|colour| *colour == qrcode::Color::Dark).collect();
    cells.chunks(code.width()).map(<[bool]>::to_vec).collect()
}

/// A code with cells of `scale` pixels and a margin of `margin` cells.
pub(crate) fn grey(text: &str, scale: usize, margin: usize) -> Grey {
    let cells = cells(text);
    let side = (cells.len() + 2 * margin) * scale;
    let dark = |x: usize, y: usize| {
        let (row, column) = (y / scale, x / scale);
        let cell = row.checked_sub(margin).and_then(|row| cells.get(row));
        cell.zip(column.checked_sub(margin))
            .and_then(|(row, at)| row.get(at))
            .copied()
            .unwrap_or(false)
    };
    from(side, side, |x, y| if dark(x, y) { 0 } else { 255 })
}

pub(crate) fn from(width: usize, height: usize, shade: impl Fn(usize, usize) -> u8) -> Grey {
    let pixels = (0..width * height).map(|at| shade(at % width, at / width)).collect();
    Grey::new(width, height, pixels).unwrap()
}

pub(crate) fn at(grey: &Grey, x: usize, y: usize) -> u8 {
    grey.pixels()[y * grey.width() + x]
}

/// Turned by 90 degrees.
pub(crate) fn turned(grey: &Grey) -> Grey {
    from(grey.height(), grey.width(), |x, y| at(grey, y, grey.height() - 1 - x))
}

pub(crate) fn inverted(grey: &Grey) -> Grey {
    from(grey.width(), grey.height(), |x, y| 255 - at(grey, x, y))
}

/// Turned by any angle on white paper, through the nearest pixels.
pub(crate) fn turned_by(grey: &Grey, degrees: f32) -> Grey {
    let side = (grey.width() as f32 * 1.5) as usize;
    let (sin, cos) = degrees.to_radians().sin_cos();
    let middle = (side as f32 / 2.0, grey.width() as f32 / 2.0);
    from(side, side, |x, y| {
        let (x, y) = (x as f32 + 0.5 - middle.0, y as f32 + 0.5 - middle.0);
        let (u, v) = (x * cos + y * sin + middle.1, y * cos - x * sin + middle.1);
        let inside = |one: f32| (0.0..grey.width() as f32).contains(&one);
        if inside(u) && inside(v) { at(grey, u as usize, v as usize) } else { 255 }
    })
}

/// On a larger picture that is not empty.
pub(crate) fn within(grey: &Grey, width: usize, height: usize, left: usize, top: usize) -> Grey {
    let inside = |x: usize, y: usize| {
        (left..left + grey.width()).contains(&x) && (top..top + grey.height()).contains(&y)
    };
    from(width, height, |x, y| match inside(x, y) {
        true => at(grey, x - left, y - top),
        false if y % 40 < 12 && x % 17 < 9 && x > 30 => 30,
        false => 230,
    })
}

pub(crate) fn png(grey: &Grey) -> Vec<u8> {
    let mut octets = Vec::new();
    let (width, height) = (grey.width() as u32, grey.height() as u32);
    let mut encoder = png::Encoder::new(&mut octets, width, height);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(grey.pixels()).unwrap();
    writer.finish().unwrap();
    octets
}

pub(crate) fn gif(grey: &Grey) -> Vec<u8> {
    let mut octets = Vec::new();
    let palette: Vec<u8> = (0..=255).flat_map(|shade| [shade; 3]).collect();
    let (width, height) = (grey.width() as u16, grey.height() as u16);
    let mut encoder = gif::Encoder::new(&mut octets, width, height, &palette).unwrap();
    let frame = gif::Frame::from_indexed_pixels(width, height, grey.pixels().to_vec(), None);
    encoder.write_frame(&frame).unwrap();
    drop(encoder);
    octets
}

pub(crate) fn webp(grey: &Grey) -> Vec<u8> {
    let mut octets = Vec::new();
    let encoder = image_webp::WebPEncoder::new(&mut octets);
    let (width, height) = (grey.width() as u32, grey.height() as u32);
    encoder.encode(grey.pixels(), width, height, image_webp::ColorType::L8).unwrap();
    octets
}

/// A bitmap of 1, 4, 8, 24 or 32 bits a pixel.
pub(crate) fn bmp(grey: &Grey, bits: u16) -> Vec<u8> {
    let (width, height) = (grey.width(), grey.height());
    let colours = if bits <= 8 { 1_usize << bits } else { 0 };
    let start = 54 + colours * 4;
    let mut octets = b"BM\0\0\0\0\0\0\0\0".to_vec();
    octets.extend((start as u32).to_le_bytes());
    octets.extend(40_u32.to_le_bytes());
    octets.extend((width as u32).to_le_bytes());
    octets.extend((height as u32).to_le_bytes());
    octets.extend(1_u16.to_le_bytes());
    octets.extend(bits.to_le_bytes());
    octets.extend([0; 24]);
    for colour in 0..colours {
        let shade = (colour * 255 / (colours - 1)) as u8;
        octets.extend([shade, shade, shade, 0]);
    }
    for y in (0..height).rev() {
        let shades: Vec<u8> = (0..width).map(|x| at(grey, x, y)).collect();
        let mut row: Vec<u8> = match bits {
            1 => shades
                .chunks(8)
                .map(|part| {
                    (0..8).fold(0, |sum, bit| {
                        sum << 1 | u8::from(part.get(bit).is_some_and(|shade| *shade > 127))
                    })
                })
                .collect(),
            4 => shades
                .chunks(2)
                .map(|part| part[0] & 0xf0 | part.get(1).map_or(0, |low| low >> 4))
                .collect(),
            8 => shades,
            _ => shades
                .iter()
                .flat_map(|shade| std::iter::repeat_n(*shade, usize::from(bits / 8)))
                .collect(),
        };
        row.resize(row.len().div_ceil(4) * 4, 0);
        octets.extend(row);
    }
    octets
}

/// A grey JPEG whose blocks of eight by eight pixels are flat: the mean of what is there.
pub(crate) fn jpeg(grey: &Grey) -> Vec<u8> {
    let (width, height) = (grey.width(), grey.height());
    let mut octets = vec![0xff, 0xd8, 0xff, 0xdb, 0, 67, 0];
    octets.extend([8; 64]);
    octets.extend([0xff, 0xc0, 0, 11, 8]);
    octets.extend((height as u16).to_be_bytes());
    octets.extend((width as u16).to_be_bytes());
    octets.extend([1, 1, 0x11, 0]);
    // Differences of up to ten bits, each length with a code of four; no other frequencies.
    octets.extend([0xff, 0xc4, 0, 19 + 11, 0, 0, 0, 0, 11]);
    octets.extend([0; 12]);
    octets.extend(0..11);
    octets.extend([0xff, 0xc4, 0, 19 + 1, 0x10, 1]);
    octets.extend([0; 15]);
    octets.extend([0, 0xff, 0xda, 0, 8, 1, 1, 0, 0, 63, 0]);
    let mut bits = String::new();
    let mut before = 0_i32;
    for top in (0..height).step_by(8) {
        for left in (0..width).step_by(8) {
            let shades = (top..height.min(top + 8))
                .flat_map(|y| (left..width.min(left + 8)).map(move |x| (x, y)));
            let shades: Vec<i32> = shades.map(|(x, y)| i32::from(at(grey, x, y))).collect();
            let mean = shades.iter().sum::<i32>() / shades.len() as i32 - 128;
            let difference = mean - before;
            before = mean;
            let length = (32 - difference.unsigned_abs().leading_zeros()) as usize;
            write!(bits, "{length:04b}").unwrap();
            let value = if difference < 0 { difference + (1 << length) - 1 } else { difference };
            if length > 0 {
                write!(bits, "{value:0length$b}").unwrap();
            }
            bits.push('0');
        }
    }
    for octet in bits.as_bytes().chunks(8) {
        let text = format!("{:1<8}", std::str::from_utf8(octet).unwrap());
        let octet = u8::from_str_radix(&text, 2).unwrap();
        octets.push(octet);
        if octet == 0xff {
            octets.push(0);
        }
    }
    octets.extend([0xff, 0xd9]);
    octets
}

/// Drawn with half blocks: one character for two rows.
pub(crate) fn half_blocks(text: &str) -> String {
    let cells = cells(text);
    let mut drawn = String::new();
    for pair in cells.chunks(2) {
        for (at, top) in pair[0].iter().enumerate() {
            let bottom = pair.get(1).is_some_and(|row| row[at]);
            drawn.push(match (top, bottom) {
                (true, true) => '\u{2588}',
                (true, false) => '\u{2580}',
                (false, true) => '\u{2584}',
                (false, false) => ' ',
            });
        }
        drawn.push('\n');
    }
    drawn
}

/// Drawn with one kind of character for dark and one for light, with a margin.
pub(crate) fn with_characters(text: &str, dark: &str, light: &str) -> String {
    let cells = cells(text);
    let margin = vec![vec![false; cells.len()]; 2];
    let row = |row: &Vec<bool>| -> String {
        let around = [false; 2];
        let all = around.iter().chain(row).chain(&around);
        all.map(|cell| if *cell { dark } else { light }).collect()
    };
    let rows = margin.iter().chain(&cells).chain(&margin);
    rows.map(row).collect::<Vec<_>>().join("\n")
}

/// Octets in base64, in lines.
pub(crate) fn base64(octets: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for (at, three) in octets.chunks(3).enumerate() {
        let word =
            (0..3).fold(0_u32, |sum, at| sum << 8 | u32::from(three.get(at).copied().unwrap_or(0)));
        for digit in 0..4 {
            let is_there = digit <= three.len();
            let value = (word >> (18 - 6 * digit) & 63) as usize;
            text.push(if is_there { char::from(DIGITS[value]) } else { '=' });
        }
        if at % 19 == 18 {
            text.push_str("\r\n");
        }
    }
    text
}
