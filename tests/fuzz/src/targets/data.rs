//! The body after DATA: however the network cuts it, the same body and the same end.

use smtp::line::{DataReader, LineError};

/// What was read: the body and where it ended, or why it must not go on.
type Outcome = Result<(Vec<u8>, Option<usize>), LineError>;

/// Reads the input whole, octet by octet and cut in the middle.
pub fn target(octets: &[u8]) {
    let whole = read(octets, octets.len().max(1));
    for cut in [1, 2, octets.len() / 2 + 1] {
        let parts = read(octets, cut);
        assert_eq!(whole.is_err(), parts.is_err(), "cut at {cut}");
        if let (Ok(whole), Ok(parts)) = (&whole, &parts) {
            assert_eq!(whole, parts, "cut at {cut}");
        }
    }
    if let Ok((_, Some(end))) = whole {
        let wire = &octets[..end];
        assert!(wire == b".\r\n" || wire.ends_with(b"\r\n.\r\n"), "only CR LF . CR LF ends it");
        let first = wire.windows(5).position(|five| five == b"\r\n.\r\n").map(|at| at + 5);
        assert!(first.is_none_or(|first| first == end) || wire.starts_with(b".\r\n"));
        assert!(no_bare_line_end(wire), "an accepted body has strict line ends");
    }
}

fn read(octets: &[u8], step: usize) -> Outcome {
    let mut reader = DataReader::default();
    let (mut body, mut at, mut seen) = (Vec::new(), 0, 0);
    while seen < octets.len() {
        seen = (seen + step).min(octets.len());
        loop {
            let piece = reader.read(&octets[at..seen])?;
            body.extend_from_slice(piece.body);
            at += piece.consumed;
            if piece.end {
                return Ok((body, Some(at)));
            }
            if piece.consumed == 0 {
                break;
            }
        }
        assert!(seen - at <= 2, "at most two octets wait: {}", seen - at);
    }
    Ok((body, None))
}

fn no_bare_line_end(wire: &[u8]) -> bool {
    let pairs = wire.windows(2).filter(|pair| *pair == b"\r\n").count();
    let count = |wanted: u8| wire.iter().filter(|octet| **octet == wanted).count();
    count(b'\r') == pairs && count(b'\n') == pairs
}
