//! Deflate with a bound, for the streams of documents: what comes out before damage is kept.
//!
//! Start with [`inflate`].

use flate2::{Decompress, FlushDecompress, Status};

use crate::limits;

/// What came out.
#[derive(Debug, Default)]
pub(crate) struct Inflated {
    /// The octets.
    pub(crate) octets: Vec<u8>,
    /// Whether the stream ended well and within the bound.
    pub(crate) is_whole: bool,
    /// Whether the bound ended it.
    pub(crate) is_over: bool,
}

/// Inflates a zlib stream, or raw deflate where the two octets of zlib's header are wrong.
pub(crate) fn inflate(octets: &[u8]) -> Inflated {
    let has_header = match octets {
        [method, flags, ..] => {
            method & 0x0f == 8 && u16::from_be_bytes([*method, *flags]).is_multiple_of(31)
        }
        _ => return Inflated::default(),
    };
    if has_header {
        return run(octets, true);
    }
    let raw = run(octets, false);
    let behind =
        if raw.is_whole { None } else { Some(run(octets.get(2..).unwrap_or_default(), false)) };
    match behind {
        Some(behind) if behind.octets.len() >= raw.octets.len() => behind,
        _ => raw,
    }
}

fn run(octets: &[u8], has_header: bool) -> Inflated {
    let mut machine = Decompress::new(has_header);
    let most = most(octets.len());
    let mut out =
        Vec::with_capacity(octets.len().saturating_mul(4).clamp(1024, 1024 * 1024).min(most));
    loop {
        let (came_in, came_out) = (machine.total_in(), machine.total_out());
        let rest =
            usize::try_from(came_in).ok().and_then(|at| octets.get(at..)).unwrap_or_default();
        let status = machine.decompress_vec(rest, &mut out, FlushDecompress::None);
        match status {
            Ok(Status::StreamEnd) => {
                return Inflated { octets: out, is_whole: true, is_over: false };
            }
            Err(_) => return Inflated { octets: out, is_whole: false, is_over: false },
            Ok(Status::Ok | Status::BufError) => {}
        }
        let is_stuck = machine.total_in() == came_in && machine.total_out() == came_out;
        if out.len() >= most {
            return Inflated { octets: out, is_whole: false, is_over: true };
        }
        if is_stuck && out.len() < out.capacity() {
            return Inflated { octets: out, is_whole: false, is_over: false };
        }
        if out.len() == out.capacity() {
            out.reserve(
                out.len().clamp(1024, 4 * 1024 * 1024).min(most.saturating_sub(out.len())).max(1),
            );
        }
    }
}

/// The bound: the ratio of the whole product, and a share of memory.
fn most(packed: usize) -> usize {
    let by_ratio = packed.saturating_mul(limits::RATIO as usize);
    by_ratio.clamp(limits::RATIO_FROM_OCTETS as usize, limits::STREAM_OCTETS)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::{DeflateEncoder, ZlibEncoder};

    use super::*;

    fn packed(octets: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(octets).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn a_bomb_ends_at_the_bound() {
        let bomb = packed(&vec![0; 64 * 1024 * 1024]);
        let inflated = inflate(&bomb);
        assert!(inflated.is_over && !inflated.is_whole);
        assert!(inflated.octets.len() <= limits::STREAM_OCTETS + 4 * 1024 * 1024);
    }

    #[test]
    fn a_cut_stream_gives_what_came_and_is_not_whole() {
        let text: Vec<u8> = (0..5000_u32).flat_map(|n| n.to_le_bytes()).collect();
        let whole = packed(&text);
        assert!(inflate(&whole).is_whole);
        let cut = inflate(&whole[..whole.len() / 2]);
        assert!(!cut.is_whole && !cut.octets.is_empty());
    }

    #[test]
    fn raw_deflate_and_a_spoiled_header_are_read_as_well() {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(b"hello hello hello").unwrap();
        assert_eq!(inflate(&encoder.finish().unwrap()).octets, b"hello hello hello");
        let mut spoiled = packed(b"hello hello hello");
        spoiled[1] ^= 1;
        assert_eq!(inflate(&spoiled).octets, b"hello hello hello");
    }
}
