use super::grey::Grey;
use super::made::{
    at, bmp, from, gif, grey, half_blocks, inverted, jpeg, png, turned, turned_by, webp,
    with_characters, within,
};
use super::*;

const URL: &str = "https://login.example.net/verify?user=ann@example.com";

fn read(octets: &[u8]) -> Vec<String> {
    let mut codes = Vec::new();
    Reader::default().picture(octets, &mut codes);
    codes
}

fn drawn(text: &str) -> Vec<String> {
    let mut codes = Vec::new();
    Reader::default().text(text, &mut codes);
    codes
}

#[track_caller]
fn is_read(grey: &Grey) {
    assert_eq!(read(&png(grey)), [URL]);
}

#[test]
fn a_code_is_read_in_every_format() {
    let code = grey(URL, 8, 4);
    for octets in [
        png(&code),
        jpeg(&code),
        gif(&code),
        webp(&code),
        bmp(&code, 1),
        bmp(&code, 4),
        bmp(&code, 8),
        bmp(&code, 24),
        bmp(&code, 32),
    ] {
        assert_eq!(read(&octets), [URL], "{:?}", sizes::size(&octets));
    }
}

#[test]
fn a_code_is_read_at_every_scale_and_margin() {
    for scale in [1, 2, 3, 5, 8, 13] {
        for margin in [0, 1, 2, 4, 10] {
            let code = grey(URL, scale, margin);
            assert_eq!(read(&png(&code)), [URL], "{scale} pixels, margin {margin}");
        }
    }
}

#[test]
fn every_size_of_code_is_read() {
    for length in [1, 20, 50, 100, 150, 250, 400, 700, 1000, 1800] {
        let text = "https://example.net/".chars().chain("a1B2".chars().cycle());
        let text: String = text.take(length).collect();
        for scale in [2, 4] {
            assert_eq!(read(&png(&grey(&text, scale, 4))), [text.as_str()], "{length}");
        }
    }
}

#[test]
fn a_turned_code_is_read() {
    let code = grey(URL, 4, 4);
    let mut one = code.clone();
    for _ in 0..3 {
        one = turned(&one);
        is_read(&one);
    }
    for degrees in [3.0, 10.0, 30.0, 45.0, 60.0, 200.0] {
        assert_eq!(read(&png(&turned_by(&code, degrees))), [URL], "{degrees} degrees");
    }
}

#[test]
fn a_code_in_light_ink_is_read() {
    is_read(&inverted(&grey(URL, 4, 4)));
    is_read(&inverted(&grey(URL, 3, 0)));
}

#[test]
fn a_code_in_a_larger_picture_is_read() {
    let code = grey(URL, 3, 2);
    is_read(&within(&code, 800, 1000, 333, 777));
    is_read(&within(&code, 1600, 1200, 5, 9));
    is_read(&within(&inverted(&code), 700, 500, 300, 120));
}

#[test]
fn a_pale_code_is_read() {
    let code = grey(URL, 4, 4);
    is_read(&from(code.width(), code.height(), |x, y| 170 + at(&code, x, y) / 4));
}

#[test]
fn a_code_in_a_shadow_is_read() {
    let code = within(&grey(URL, 6, 3), 700, 600, 150, 100);
    is_read(&from(700, 600, |x, y| {
        (usize::from(at(&code, x, y)) * (20 + x * 80 / 700) / 100) as u8
    }));
}

/// Made smaller by a mail program to no whole number of pixels a cell.
#[test]
fn a_code_that_was_made_smaller_is_read() {
    let large = grey(URL, 12, 4);
    for side in [91, 103, 120, 157] {
        let box_of = |x: usize| x * large.width() / side..(x + 1) * large.width() / side;
        let small = from(side, side, |x, y| {
            let all: Vec<u32> = box_of(y)
                .flat_map(|v| box_of(x).map(move |u| (u, v)))
                .map(|(u, v)| u32::from(at(&large, u, v)))
                .collect();
            (all.iter().sum::<u32>() / all.len() as u32) as u8
        });
        assert_eq!(read(&png(&small)), [URL], "{side} pixels");
    }
}

/// A sheet that was photographed from the side.
#[test]
fn a_code_seen_from_the_side_is_read() {
    let code = grey(URL, 6, 4);
    let side = code.width() as f32;
    let seen = from(400, 400, |x, y| {
        let (x, y) = (x as f32 - 40.0, y as f32 - 40.0);
        let far = 1.0 - y / 2600.0;
        let (u, v) = (x / far - y * 0.06, y / far);
        let inside = |one: f32| (0.0..side).contains(&one);
        if inside(u) && inside(v) { at(&code, u as usize, v as usize) } else { 255 }
    });
    is_read(&seen);
}

#[test]
fn a_code_with_a_picture_in_its_middle_is_read() {
    let code = qrcode::QrCode::with_error_correction_level(URL, qrcode::EcLevel::H).unwrap();
    let side = code.width();
    let cells: Vec<bool> =
        code.to_colors().iter().map(|colour| *colour == qrcode::Color::Dark).collect();
    let scale = 6;
    let full = side * scale;
    let is_logo = |x: usize, y: usize| {
        let middle = full * 2 / 5..full * 3 / 5;
        middle.contains(&x) && middle.contains(&y)
    };
    is_read(&from(full + 40, full + 40, |x, y| {
        let (Some(x), Some(y)) = (x.checked_sub(20), y.checked_sub(20)) else { return 255 };
        match () {
            () if x >= full || y >= full => 255,
            () if is_logo(x, y) => 120,
            () if cells[y / scale * side + x / scale] => 0,
            () => 255,
        }
    }));
}

#[test]
fn cells_that_are_dots_are_read() {
    let cells = made::cells(URL);
    let scale = 8;
    let side = cells.len() * scale;
    let far = cells.len() - 7;
    let is_end = |at: usize| at < 7 || at >= far;
    let is_corner =
        |column: usize, row: usize| is_end(column) && is_end(row) && (column < 7 || row < 7);
    is_read(&from(side + 40, side + 40, |x, y| {
        let (Some(x), Some(y)) = (x.checked_sub(20), y.checked_sub(20)) else { return 255 };
        let (column, row) = (x / scale, y / scale);
        let is_dark = cells.get(row).and_then(|one| one.get(column)).copied().unwrap_or(false);
        let off = |at: usize| (at % scale) as f32 - 3.5;
        let is_dot = off(x).hypot(off(y)) < 3.6 || is_corner(column, row);
        if is_dark && is_dot { 20 } else { 255 }
    }));
}

#[test]
fn several_codes_in_one_picture_are_read() {
    let (one, two) = (grey("https://example.net/one", 4, 4), grey("https://example.org/2", 5, 4));
    let sheet = from(600, 300, |x, y| {
        let second = x.checked_sub(350).filter(|x| *x < two.width() && y < two.height());
        match second {
            Some(x) => at(&two, x, y),
            None if x < one.width() && y < one.height() => at(&one, x, y),
            None => 255,
        }
    });
    let mut codes = read(&png(&sheet));
    codes.sort();
    assert_eq!(codes, ["https://example.net/one", "https://example.org/2"]);
}

#[test]
fn a_colour_picture_with_a_transparent_ground_is_read() {
    let code = grey(URL, 4, 4);
    let mut octets = Vec::new();
    let side = code.width() as u32;
    let mut encoder = ::png::Encoder::new(&mut octets, side, side);
    encoder.set_color(::png::ColorType::Rgba);
    let mut writer = encoder.write_header().unwrap();
    let pixels: Vec<u8> = code
        .pixels()
        .iter()
        .flat_map(|shade| if *shade == 0 { [10, 20, 90, 255] } else { [0, 0, 0, 0] })
        .collect();
    writer.write_image_data(&pixels).unwrap();
    writer.finish().unwrap();
    assert_eq!(read(&octets), [URL]);
}

#[test]
fn codes_drawn_with_characters_are_read() {
    assert_eq!(drawn(&format!("Scan this:\n\n{}\nThanks", half_blocks(URL))), [URL]);
    for (dark, light) in [
        ("\u{2588}\u{2588}", "  "),
        ("  ", "\u{2588}\u{2588}"),
        ("\u{2b1b}", "\u{2b1c}"),
        ("\u{2593}\u{2593}", "\u{2591}\u{2591}"),
        ("\u{25a0}", "\u{25a1}"),
    ] {
        assert_eq!(drawn(&with_characters(URL, dark, light)), [URL], "{dark}{light}");
    }
}

#[test]
fn text_that_is_no_utf_8_is_latin_1() {
    assert_eq!(text(b"caf\xe9"), "caf\u{e9}");
    assert_eq!(text(b"\xef\xbb\xbfcaf\xc3\xa9 "), "caf\u{e9}");
    assert_eq!(text(&[b'a'; 5000]).len(), CODE_OCTETS);
}

#[test]
fn only_what_a_phone_opens_is_a_link() {
    for (code, wanted) in [
        ("HTTPS://EXAMPLE.NET/A", Some("HTTPS://EXAMPLE.NET/A")),
        ("www.example.net", Some("www.example.net")),
        ("example.net/pay", Some("example.net/pay")),
        ("URL:https://example.net", Some("https://example.net")),
        ("MEBKM:TITLE:x;URL:https://example.net;;", Some("https://example.net")),
        ("WIFI:S:guest;T:WPA;P:secret;;", None),
        ("BCD\n002\n1\nSCT", None),
        ("00020101021126", None),
        ("otpauth://totp/x?secret=y", None),
        ("Table 4, seat 2.", None),
        ("1.5", None),
    ] {
        assert_eq!(link(code), wanted, "{code}");
    }
}

#[test]
fn a_bomb_costs_nothing() {
    let mut head = png(&grey("x", 2, 4));
    head[16..24].copy_from_slice(&[0, 0, 0xea, 0x60, 0, 0, 0xea, 0x60]);
    let mut codes = Vec::new();
    let told = Reader::default().picture(&head, &mut codes);
    assert_eq!((told.width, told.height, told.is_read), (60_000, 60_000, false));
    let mut gif = gif(&grey("x", 2, 4));
    gif[6..10].copy_from_slice(&[255; 4]);
    assert!(!Reader::default().picture(&gif, &mut codes).is_read);
}

#[test]
fn a_frame_larger_than_its_picture_is_not_decoded() {
    let mut octets = gif(&grey("x", 2, 4));
    octets[6..10].copy_from_slice(&[30, 0, 30, 0]);
    assert!(read(&octets).len() <= 1);
}

#[test]
fn many_pictures_end_at_the_bound() {
    let count = |picture: &[u8]| {
        let (mut reader, mut codes) = (Reader::default(), Vec::new());
        (0..100).filter(|_| reader.picture(picture, &mut codes).is_read).count()
    };
    assert_eq!(count(&png(&from(25, 25, |_, _| 9))), 32);
    let large = count(&bmp(&from(2500, 1500, |_, _| 9), 1));
    assert_eq!(large, 2);
}

#[test]
fn drawings_end_at_the_bound() {
    let drawn = format!("{}\n", "\u{2588} ".repeat(180)).repeat(199);
    let (mut reader, mut codes) = (Reader::default(), Vec::new());
    for _ in 0..4 {
        reader.text(&drawn, &mut codes);
    }
    assert_eq!((reader.pixels, codes.len()), (0, 0));
}

/// A sheet full of squares must not make every three of them a try.
#[test]
fn a_sheet_of_corner_squares_ends_soon() {
    let sheet = from(700, 700, |x, y| {
        let (x, y) = (x % 28 / 2, y % 28 / 2);
        let far = x.abs_diff(6).max(y.abs_diff(6));
        if far == 3 || far <= 1 { 0 } else { 255 }
    });
    assert!(read(&png(&sheet)).is_empty());
}

#[test]
fn damaged_pictures_end_without_a_word() {
    let code = grey(URL, 3, 4);
    for octets in [png(&code), jpeg(&code), gif(&code), webp(&code), bmp(&code, 24)] {
        for cut in (0..octets.len()).step_by(octets.len() / 24) {
            read(&octets[..cut]);
            let mut other = octets.clone();
            for place in [cut, cut / 2, cut / 3] {
                other[place] ^= 0x55;
            }
            read(&other);
        }
    }
}
