//! Packs that are damaged: nothing in one may end a scan.

use std::sync::Arc;

use patterns::{CompileOptions, Pack, Scanner, Source, compile};

use super::signature_lines::scan;

const FILE: &[u8] = b"hello world abcd-ef abc12aaa HELLO";

/// Puts the input over a good pack, a few octets at a place that the first octets name, and scans.
pub fn target(octets: &[u8]) {
    let Some((place, damage)) = octets.split_first_chunk::<4>() else { return };
    let mut pack = good();
    let place = u32::from_le_bytes(*place) as usize % pack.len();
    let end = (place + damage.len().min(64)).min(pack.len());
    pack[place..end].copy_from_slice(&damage[..end - place]);
    for octets in [pack, octets.to_vec()] {
        if let Ok(mut scanner) = Pack::open(Arc::new(octets)).and_then(Scanner::new) {
            scan(&mut scanner, FILE);
        }
    }
}

fn good() -> Vec<u8> {
    let sources = [
        Source::new("a.ndb", b"A:0:*:68656c6c6f*776f726c64\nB:0:*:61(62|63)63{1-3}6566\n".to_vec()),
        Source::new("b.ldb", b"C;Target:0;0&1&2;616263;0(>>3#d2#=12);0/a+/\n".to_vec()),
        Source::new("c.hdb", b"5d41402abc4b2a76b9719d911017c592:5:D\n".to_vec()),
    ];
    compile(&sources, &CompileOptions::default()).expect("good lines").octets
}

/// A good pack whole, and a place near its end.
pub fn seeds() -> Vec<Vec<u8>> {
    vec![good(), vec![0, 4, 0, 0, 0xff, 0xff, 0xff, 0xff]]
}
