//! Bodies by descriptor: positioned reads and writes only, since the other holders of a descriptor
//! share its offset.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use mail::Amendment;

use crate::limits;

/// Reads a whole body into the start of `buffer`, which grows as needed and never shrinks, so that
/// it is cleared once and not for every message. `None` when the body is over `most` octets.
/// `expected` is what the body should have: right, it saves memory; wrong, it changes nothing.
///
/// # Errors
/// The kernel's.
pub(crate) fn read<'b>(
    file: &File,
    buffer: &'b mut Vec<u8>,
    most: u64,
    expected: u64,
) -> io::Result<Option<&'b [u8]>> {
    // One octet of room more than there is shows the end, or that there is more than is allowed.
    let whole = usize::try_from(most.saturating_add(1)).unwrap_or(usize::MAX);
    let expected = usize::try_from(expected.saturating_add(1)).unwrap_or(usize::MAX).min(whole);
    let mut filled = 0_usize;
    if buffer.len() < expected {
        grow(buffer, expected);
    }
    loop {
        if buffer.len() <= filled {
            // Growing by what is there already keeps the number of reads small for any size.
            let more = filled.saturating_add(filled.max(limits::CHUNK_OCTETS));
            grow(buffer, more.min(whole));
        }
        let room = buffer.get_mut(filled..).unwrap_or_default();
        let read = read_at(file, room, filled as u64)?;
        filled += read;
        if filled as u64 > most {
            return Ok(None);
        }
        if read == 0 {
            return Ok(buffer.get(..filled));
        }
    }
}

/// To this size and no further: memory is short for large messages.
fn grow(buffer: &mut Vec<u8>, size: usize) {
    buffer.reserve_exact(size.saturating_sub(buffer.len()));
    buffer.resize(size, 0);
}

fn read_at(file: &File, room: &mut [u8], offset: u64) -> io::Result<usize> {
    loop {
        match file.read_at(room, offset) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

/// Makes the amended message in `output`; returns its octets. Memory use does not depend on the
/// size of the body.
///
/// # Errors
/// The kernel's.
pub(crate) fn amend(body: &File, amendments: &[Amendment], output: &File) -> io::Result<u64> {
    let mut start = vec![0; message::limits::HEADER_OCTETS];
    let mut filled = 0;
    while let Some(room) = start.get_mut(filled..).filter(|room| !room.is_empty()) {
        match read_at(body, room, filled as u64)? {
            0 => break,
            read => filled += read,
        }
    }
    start.truncate(filled);
    let head = start.get(..message::header_end(&start)).unwrap_or(&start);
    let mut amended = Vec::new();
    let mut at = message::amend_head(head, amendments, &mut amended)?;
    output.write_all_at(&amended, 0)?;
    let mut from = head.len() as u64;
    let mut chunk = vec![0; limits::CHUNK_OCTETS];
    loop {
        let read = read_at(body, &mut chunk, from)?;
        if read == 0 {
            return Ok(at);
        }
        output.write_all_at(chunk.get(..read).unwrap_or_default(), at)?;
        (from, at) = (from + read as u64, at + read as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Seek, Write};

    fn file(octets: &[u8]) -> File {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(octets).unwrap();
        file
    }

    #[test]
    fn a_body_is_read_whole_and_the_offset_stays() {
        for size in [0, 1, 5000, limits::CHUNK_OCTETS, limits::CHUNK_OCTETS * 5 + 7] {
            let octets: Vec<u8> = (0..size).map(|at| at as u8).collect();
            let mut body = file(&octets);
            for mut buffer in [Vec::new(), vec![9; 10], vec![9; 300_000]] {
                for expected in [0, 1, size as u64, size as u64 * 2] {
                    let found = read(&body, &mut buffer, 1 << 30, expected).unwrap();
                    assert_eq!(found, Some(octets.as_slice()), "{expected} expected");
                }
            }
            assert_eq!(body.stream_position().unwrap(), size as u64);
        }
    }

    #[test]
    fn a_body_over_the_limit_is_not_read() {
        let mut buffer = Vec::new();
        assert_eq!(read(&file(&[1; 100_000]), &mut buffer, 99_999, 100_000).unwrap(), None);
        assert!(buffer.len() <= 100_000, "nothing is read beyond it");
        assert_eq!(read(&file(&[1; 100_000]), &mut buffer, 99_999, 0).unwrap(), None);
        assert!(read(&file(&[1; 100_000]), &mut buffer, 100_000, 0).unwrap().is_some());
    }

    #[test]
    fn amending_copies_bodies_of_any_size_exactly() {
        let amendments = [
            Amendment::AddHeader { name: "X-Seen".into(), value: "yes".into() },
            Amendment::TagSubject { text: "[Spam]".into() },
        ];
        for size in [0, 10, limits::CHUNK_OCTETS - 20, message::limits::HEADER_OCTETS * 2 + 3] {
            let rest: Vec<u8> = (0..size).map(|at| (at * 7) as u8).collect();
            let raw = [b"Subject: a\r\n\r\n".as_slice(), &rest].concat();
            let output = tempfile::tempfile().unwrap();
            let octets = amend(&file(&raw), &amendments, &output).unwrap();
            let mut back = Vec::new();
            let back = read(&output, &mut back, 1 << 30, 0).unwrap().unwrap();
            let expected = [b"X-Seen: yes\r\nSubject: [Spam] a\r\n\r\n".as_slice(), &rest].concat();
            assert_eq!((octets, back), (expected.len() as u64, expected.as_slice()));
        }
    }

    #[test]
    fn a_message_that_is_all_header_is_amended_too() {
        let raw = format!("X: {}", "y".repeat(message::limits::HEADER_OCTETS * 2));
        let output = tempfile::tempfile().unwrap();
        let add = Amendment::AddHeader { name: "A".into(), value: "b".into() };
        amend(&file(raw.as_bytes()), &[add], &output).unwrap();
        let mut back = Vec::new();
        let back = read(&output, &mut back, 1 << 30, 0).unwrap();
        assert_eq!(back, Some([b"A: b\r\n", raw.as_bytes()].concat().as_slice()));
    }
}
