//! Data in text that its shape tells: JSON, settings, tables, lists.

use super::Sheet;
use crate::kind::FileType;
use crate::kinds::*;
use crate::reach::contains;

/// JSON, subtitles, settings: shapes that are strict.
pub(super) fn data(sheet: &Sheet) -> Option<FileType> {
    let start = sheet.start();
    json(start).or_else(|| srt(start).then_some(SRT)).or_else(|| settings(sheet))
}

fn json(start: &[u8]) -> Option<FileType> {
    let (first, rest) = start.split_first()?;
    let next = rest.trim_ascii_start().first()?;
    let fits = match first {
        b'{' => {
            matches!(next, b'"' | b'}')
                && (start.len() < 3 || contains(start, b"\":") || contains(start, b"\" :"))
        }
        b'[' => {
            matches!(next, b'{' | b'[' | b'"' | b']' | b'-' | b'0'..=b'9')
                && !start.starts_with(b"[[")
        }
        _ => false,
    };
    if !fits || !json_goes_on(start) {
        return None;
    }
    if contains(start, b"\"nbformat\"")
        || (contains(start, b"\"cell_type\"") && contains(start, b"\"cells\""))
    {
        return Some(IPYNB);
    }
    if contains(start, b"\"featurecollection\"") {
        return Some(GEOJSON);
    }
    let mut lines = start.split(|octet| *octet == b'\n');
    let first = lines.next().unwrap_or_default().trim_ascii_end();
    let second = lines.next().unwrap_or_default();
    let rows = first.ends_with(b"}") && second.starts_with(b"{") && first.starts_with(b"{");
    Some(if rows { JSONL } else { JSON })
}

/// Outside of its strings JSON has no words but three, and no signs of programs.
fn json_goes_on(start: &[u8]) -> bool {
    let mut in_string = false;
    let mut escaped = false;
    for octet in start {
        match (in_string, octet) {
            (true, _) if escaped => escaped = false,
            (true, b'\\') => escaped = true,
            (_, b'"') => in_string = !in_string,
            (false, b';' | b'(' | b')' | b'=' | b'\'' | b'<' | b'>' | b'$' | b'@') => return false,
            _ => {}
        }
    }
    true
}

fn srt(start: &[u8]) -> bool {
    let mut lines = start.split(|octet| *octet == b'\n');
    let number = lines.next().unwrap_or_default();
    let times = lines.next().unwrap_or_default();
    !number.is_empty() && number.iter().all(u8::is_ascii_digit) && contains(times, b" --> ")
}

/// INI and TOML: a section first, or pairs of key and value under a comment.
fn settings(sheet: &Sheet) -> Option<FileType> {
    let is_comment = |line: &&[u8]| !line.starts_with(b"#") && !line.starts_with(b";");
    let mut sections = 0;
    let mut pairs = 0;
    let mut quoted = 0;
    let mut others = 0;
    for line in sheet.lines().filter(is_comment).take(40) {
        let line = line.trim_ascii();
        if line.starts_with(b"[") && line.ends_with(b"]") {
            sections += 1;
        } else if let Some(equals) = memchr::memchr(b'=', line) {
            let value = line.get(equals + 1..).unwrap_or_default().trim_ascii();
            pairs += usize::from(is_key(line.get(..equals).unwrap_or_default()));
            quoted += usize::from(
                matches!(value.first(), Some(b'"' | b'[' | b'{'))
                    || value == b"true"
                    || value == b"false",
            );
        } else {
            others += 1;
        }
    }
    if sections == 0 || pairs == 0 || others > pairs / 4 + 1 {
        return None;
    }
    Some(if quoted * 2 > pairs { TOML } else { INI })
}

fn is_key(key: &[u8]) -> bool {
    let key = key.trim_ascii();
    !key.is_empty()
        && key.iter().all(|octet| octet.is_ascii_alphanumeric() || b"_-. \"".contains(octet))
}

/// Tables, lists and plain formats with weak signs, after languages were tried.
pub(super) fn rows(sheet: &Sheet) -> Option<FileType> {
    yaml(sheet)
        .then_some(YAML)
        .or_else(|| columns(sheet, b'\t').then_some(TSV))
        .or_else(|| (columns(sheet, b',') || columns(sheet, b';')).then_some(CSV))
}

/// Key and colon on nearly every line.
fn yaml(sheet: &Sheet) -> bool {
    let mut keys = 0;
    let mut others = 0;
    for line in sheet.lines().filter(|line| !line.trim_ascii_start().starts_with(b"#")).take(40) {
        let line = line.trim_ascii();
        let item = line.strip_prefix(b"- ").unwrap_or(line);
        let key = memchr::memchr(b':', item).filter(|colon| {
            matches!(item.get(colon + 1), None | Some(b' '))
                && item.get(..*colon).is_some_and(|key| {
                    !key.is_empty()
                        && key.iter().all(|octet| {
                            octet.is_ascii_alphanumeric() || b"_-./\"'".contains(octet)
                        })
                })
        });
        match key {
            Some(_) => keys += 1,
            None if line.starts_with(b"- ") => {}
            None => others += 1,
        }
    }
    keys >= 3 && others * 4 <= keys
}

/// The same number of separators on each of the first whole lines, at least three lines.
fn columns(sheet: &Sheet, separator: u8) -> bool {
    let count = |line: &[u8]| memchr::memchr_iter(separator, line).count();
    // Sentences have blanks after their commas; tables hardly do.
    let blanks = memchr::memmem::find_iter(&sheet.lower, &[separator, b' ']).count();
    if separator != b'\t' && 2 * blanks > count(&sheet.lower) {
        return false;
    }
    let ended = memchr::memrchr(b'\n', &sheet.lower).unwrap_or(0);
    let whole = sheet.lower.get(..ended).unwrap_or_default();
    let mut lines = whole.split(|octet| *octet == b'\n').filter(|line| !line.is_empty()).take(12);
    let Some(first) = lines.next().map(count).filter(|count| *count >= 1) else { return false };
    let mut same = 1;
    let mut other = 0;
    for line in lines {
        if count(line) == first { same += 1 } else { other += 1 }
    }
    same >= 3 - usize::from(first >= 3) && other * 4 <= same
}
