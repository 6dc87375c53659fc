//! Cut short, flipped and filled with noise: never silent.

use gatepost_test_bombs::CONTAINERS;

use crate::{look, payload};

/// Formats whose end nothing marks: a cut between two of their codes cannot be told. LZMA alone has
/// no checksum: without its last octets it comes out in full length, its end wrong.
const OPEN_ENDED: &[&str] = &["Z", "eml", "mbox", "gz-two-members", "ar", "lz", "lzma"];

#[test]
fn a_container_that_is_cut_short_gives_its_payload_or_a_fact() {
    for container in CONTAINERS {
        let octets = (container.make)("letter.txt", &payload());
        let step = (octets.len() / 60).max(1);
        for end in (8..octets.len()).step_by(step) {
            let seen = look(&octets[..end]);
            let is_known = seen.specimens.len() > 1 || seen.is_never_clean();
            // What is cut before its type can be told is no container.
            // The mark of an ISO image stands behind its first 32,769 octets.
            let has_mark = !container.name.starts_with("iso") || end > 32_774;
            let is_recognised = is_known || end > octets.len() / 2 && has_mark;
            let is_open = container.name == "zz"
                || OPEN_ENDED.contains(&container.name) && seen.specimens.len() > 1;
            assert!(
                !is_recognised || !seen.found.is_empty() || seen.is_never_clean() || is_open,
                "{} cut at {end} of {}: {:?}",
                container.name,
                octets.len(),
                seen.specimens
            );
        }
    }
}

#[test]
fn a_container_with_a_flipped_octet_is_never_passed_in_silence() {
    for container in CONTAINERS {
        let octets = (container.make)("letter.txt", &payload());
        let step = (octets.len() / 60).max(1);
        for at in (0..octets.len()).step_by(step) {
            let mut damaged = octets.clone();
            damaged[at] ^= 0x15;
            let seen = look(&damaged);
            // Without a checksum a member may just be another one; at its first octets a container
            // may just be none.
            let has_member = seen.specimens.len() > 1;
            assert!(
                has_member
                    || seen.is_never_clean()
                    || at < 16
                    || is_marked_later(container.name, at),
                "{} flipped at {at} of {}",
                container.name,
                octets.len()
            );
        }
    }
}

/// Formats whose first mark is not at their beginning.
fn is_marked_later(name: &str, at: usize) -> bool {
    name.starts_with("tar") && at < 520
        || name.starts_with("iso")
        // Nothing marks a zlib stream but that it can be read.
        || name == "zz"
        || name.starts_with("hqx") && at < 60
        || matches!(name, "eml" | "mbox") && at < 200
        || name.starts_with("cpio")
}

#[test]
fn noise_after_every_beginning_ends() {
    let mut state = 7_u32;
    for container in CONTAINERS {
        let mut octets = (container.make)("a", b"x");
        octets.truncate(24);
        for _octet in 0..3000 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            octets.push((state >> 24) as u8);
        }
        let _seen = look(&octets);
    }
}
