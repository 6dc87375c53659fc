//! Rust text made fit for looking up words: comments, strings and tests blanked out.

/// The text with comments, strings and character literals blanked; same length and lines.
#[must_use]
pub fn blank(text: &str) -> String {
    let octets = text.as_bytes();
    let mut out = octets.to_vec();
    let mut at = 0;
    while at < octets.len() {
        let end = end_of_blank(octets, at);
        for octet in out.iter_mut().take(end).skip(at).filter(|octet| **octet != b'\n') {
            *octet = b' ';
        }
        at = end.max(at + 1);
    }
    String::from_utf8(out).unwrap_or_default()
}

/// Where what must be blanked from `at` on ends; `at` itself when nothing must be.
fn end_of_blank(octets: &[u8], at: usize) -> usize {
    let rest = octets.get(at..).unwrap_or_default();
    match rest {
        [b'/', b'/', ..] => at + find(rest, b"\n").unwrap_or(rest.len()),
        [b'/', b'*', ..] => at + find(rest, b"*/").map_or(rest.len(), |end| end + 2),
        [b'"', ..] => at + 1 + end_of_string(rest.get(1..).unwrap_or_default()),
        [b'r', b'"' | b'#', ..] if !follows_word(octets, at) => at + end_of_raw(rest),
        [b'\'', ..] => at + end_of_character(rest),
        // A multi-byte character outside text is blanked so that the result stays UTF-8.
        [128..=255, ..] => at + 1,
        _ => at,
    }
}

fn follows_word(octets: &[u8], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|before| octets.get(before));
    // `br"..."` is a raw string, `for"` cannot be.
    before.is_some_and(|octet| (octet.is_ascii_alphanumeric() && *octet != b'b') || *octet == b'_')
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

fn end_of_string(rest: &[u8]) -> usize {
    let mut escaped = false;
    for (index, octet) in rest.iter().enumerate() {
        match octet {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return index + 1,
            _ => {}
        }
    }
    rest.len()
}

fn end_of_raw(rest: &[u8]) -> usize {
    let hashes = rest.iter().skip(1).take_while(|octet| **octet == b'#').count();
    if rest.get(1 + hashes) != Some(&b'"') {
        return 0;
    }
    let close = [b"\"".as_slice(), &vec![b'#'; hashes]].concat();
    let start = 2 + hashes;
    let body = rest.get(start..).unwrap_or_default();
    find(body, &close).map_or(rest.len(), |end| start + end + close.len())
}

/// A character literal, told apart from a lifetime by its closing quote.
fn end_of_character(rest: &[u8]) -> usize {
    if rest.get(1) == Some(&b'\\') {
        let tail = rest.get(3..).unwrap_or_default();
        return find(tail, b"'").filter(|end| *end < 12).map_or(0, |end| 3 + end + 1);
    }
    let tail = rest.get(2..).unwrap_or_default();
    match tail.iter().take(4).position(|octet| *octet == b'\'') {
        Some(0) => 3,
        Some(end) if rest.get(1).is_some_and(|octet| *octet >= 128) => 2 + end + 1,
        _ => 0,
    }
}

/// Blanked code with the bodies under `#[cfg(test)]` blanked too.
#[must_use]
pub fn without_tests(code: &str) -> String {
    let mut out = code.to_owned();
    let mut from = 0;
    while let Some(found) = out.get(from..).and_then(|rest| rest.find("#[cfg(test)]")) {
        let start = from + found;
        let end = end_of_item(&out, start);
        let blanked: String = out
            .get(start..end)
            .unwrap_or_default()
            .chars()
            .map(|c| if c == '\n' { '\n' } else { ' ' })
            .collect();
        out.replace_range(start..end, &blanked);
        from = end;
    }
    out
}

/// The end of the item that begins at `start`: its closing brace, or its semicolon.
fn end_of_item(code: &str, start: usize) -> usize {
    let mut depth = 0_usize;
    for (index, character) in code.char_indices().skip_while(|(index, _)| *index < start) {
        match character {
            '{' => depth += 1,
            '}' if depth == 1 => return index + 1,
            '}' => depth = depth.saturating_sub(1),
            ';' if depth == 0 => return index + 1,
            _ => {}
        }
    }
    code.len()
}

/// True for a file that holds tests only.
#[must_use]
pub fn is_test_path(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    path.starts_with("tests/")
        || ["/tests/", "/benches/", "/examples/"].iter().any(|folder| path.contains(folder))
        || name == "tests.rs"
        || name.ends_with("_tests.rs")
        || name.ends_with("_test.rs")
}

/// Line numbers (from 1) on which `word` stands as a word or a path of words.
#[must_use]
pub fn lines_with(code: &str, word: &str) -> Vec<usize> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let stands = |line: &str| {
        line.match_indices(word).any(|(at, _)| {
            let before = line.get(..at).and_then(|text| text.chars().next_back());
            let after = line.get(at + word.len()..).and_then(|text| text.chars().next());
            !before.is_some_and(is_word) && !after.is_some_and(is_word)
        })
    };
    let lines = code.lines().enumerate();
    lines.filter(|(_, line)| stands(line)).map(|(index, _)| index + 1).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_comments_and_characters_are_blanked() {
        let text =
            "a \"std::fs\" /* std::env */ 'x' '\\n' b'\\'' r#\"std\"# // tokio\nlet l: &'a str;";
        let code = blank(text);
        assert_eq!(code.len(), text.len());
        assert!(!code.contains("std") && !code.contains("tokio"), "{code}");
        assert!(code.contains("let l: &'a str;"), "{code}");
    }

    #[test]
    fn test_modules_do_not_count_as_product() {
        let code = "fn a() {}\n#[cfg(test)]\nmod tests { fn b() { { sleep } } }\nfn c() {}";
        let product = without_tests(code);
        assert!(!product.contains("sleep") && product.contains("fn c()"));
        assert_eq!(product.lines().count(), code.lines().count());
        assert!(without_tests("#[cfg(test)]\nmod tests;\nfn c() {}").contains("fn c"));
    }

    #[test]
    fn words_are_whole_words() {
        assert_eq!(lines_with("unsafely\nan unsafe {\n_unsafe", "unsafe"), [2]);
        assert_eq!(lines_with("use std::fs;\nuse std::fsx;", "std::fs"), [1]);
    }
}
