//! What programs say of themselves, and what is no program.

use super::samples::{placed, portable};
use crate::kinds::*;
use crate::{Packed, evenness, identify, is_managed, packed};

fn with_section(name: &[u8], code: &[u8]) -> Vec<u8> {
    let mut octets = portable(0x0102, 2);
    let row = 0x80 + 24 + 0xe0;
    octets[row..row + 8].fill(0);
    octets[row..row + name.len()].copy_from_slice(name);
    let size = u32::try_from(code.len()).unwrap().to_le_bytes();
    octets[row + 16..row + 20].copy_from_slice(&size);
    octets[row + 36..row + 40].copy_from_slice(&0x6000_0020_u32.to_le_bytes());
    octets.truncate(512);
    octets.extend(code);
    octets
}

fn noise(size: usize) -> Vec<u8> {
    let mut state = 7_u32;
    let next = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    (0..size).map(next).collect()
}

#[test]
fn packers_are_told_by_their_sections() {
    assert_eq!(packed(&with_section(b"UPX1", &[0; 64])), Some(Packed::By("UPX")));
    assert_eq!(packed(&with_section(b".aspack", &[0; 64])), Some(Packed::By("ASPack")));
    assert_eq!(packed(&with_section(b".text", &[0; 64])), None);
    assert_eq!(packed(&placed(300, &[(0, b"\x7fELF"), (200, b"UPX!")])), Some(Packed::By("UPX")));
}

#[test]
fn even_code_is_packed_and_small_code_says_nothing() {
    assert!(matches!(packed(&with_section(b".text", &noise(40_000))), Some(Packed::Even(_))));
    assert_eq!(packed(&with_section(b".text", &noise(1000))), None);
    assert_eq!(packed(&noise(5000)), None);
    assert!(evenness(&noise(60_000)) > 795 && evenness(&[7; 100]) == 0 && evenness(&[]) == 0);
}

#[test]
fn a_program_for_the_common_language_runtime_is_told() {
    let mut octets = portable(0x0102, 2);
    assert!(!is_managed(&octets));
    octets[0x80 + 24 + 96 + 14 * 8] = 0x20;
    assert!(is_managed(&octets) && !is_managed(b"MZ"));
}

#[test]
fn text_that_begins_like_a_program_is_text() {
    assert_eq!(identify(b"MZ is how programs begin, and this is a letter about it.").main(), TEXT);
    assert_eq!(identify(b"BM is a car maker with one letter less\n").main(), TEXT);
    assert_eq!(identify(b"FWSomething in plain words\n").main(), TEXT);
}

#[test]
fn a_shortened_program_is_still_a_program() {
    let whole = portable(0x0102, 2);
    for end in [64, 0x80, 0x84, 200] {
        assert!(identify(&whole[..end]).has_family(crate::Family::Executable), "{end}");
    }
}
