//! What we emit: never a bare CR or LF, never an end of data before the end, and what the strict
//! reader on the other side makes of it is the body.

use smtp::client::body::frame_whole;
use smtp::line::{DataReader, DataWriter};

/// Frames the input by both writers and reads it back.
pub fn target(octets: &[u8]) {
    let mut framed = octets.to_vec();
    let whole = frame_whole(&mut framed);
    let pieces = write_in_pieces(octets);
    assert_eq!(whole.is_ok(), pieces.is_some(), "both writers agree on what may be sent");
    if whole.is_err() {
        return;
    }
    assert_eq!(pieces.as_ref(), Some(&framed), "both writers emit the same");
    let mut reader = DataReader::default();
    let (mut body, mut at) = (Vec::new(), 0);
    loop {
        let piece = reader.read(&framed[at..]).expect("what we emit has strict line ends");
        body.extend_from_slice(piece.body);
        at += piece.consumed;
        if piece.end {
            break;
        }
        assert!(piece.consumed > 0, "what we emit ends");
    }
    assert_eq!(at, framed.len(), "one end of data, at the end");
    let closed = if octets.is_empty() || octets.ends_with(b"\r\n") { "" } else { "\r\n" };
    assert_eq!(body, [octets, closed.as_bytes()].concat());
}

fn write_in_pieces(octets: &[u8]) -> Option<Vec<u8>> {
    let (mut writer, mut out) = (DataWriter::default(), Vec::new());
    for piece in octets.chunks(3) {
        writer.write(piece, &mut out).ok()?;
    }
    writer.finish(&mut out).ok()?;
    Some(out)
}
