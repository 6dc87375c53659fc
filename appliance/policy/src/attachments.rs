//! The attachments of a message, as rules ask about them: the leaves, what each lies in, and which
//! of them a mail reader would count.

use std::collections::HashMap;
use std::sync::LazyLock;

use filetype::{Family, FileType};
use mail::{Findings, Leaf, Properties};

/// All types by name: a message may have thousands of leaves.
static TYPES: LazyLock<HashMap<&'static str, FileType>> =
    LazyLock::new(|| FileType::all().map(|kind| (kind.name(), kind)).collect());

/// One leaf with what its surroundings say of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Attachment<'a> {
    /// The leaf.
    pub(crate) leaf: &'a Leaf,
    /// Inside an archive, a document or an attached message.
    pub(crate) is_inside: bool,
    /// Inside a document.
    pub(crate) in_document: bool,
    /// Another reading of a part that is there already.
    is_reading: bool,
}

impl Attachment<'_> {
    /// Whether a mail reader counts it as an attachment.
    pub(crate) fn is_counted(&self, inline_pictures: bool) -> bool {
        let shown = self.leaf.properties.any(Properties::INLINE) && is_picture(self.leaf);
        !self.is_inside && !self.is_reading && (inline_pictures || !shown)
    }

    /// Its path, for people.
    pub(crate) fn place(&self) -> &str {
        if self.leaf.path.is_empty() { "the message" } else { &self.leaf.path }
    }
}

/// Every leaf that is not the text of the message, containers before their members.
pub(crate) fn of(findings: &Findings) -> Vec<Attachment<'_>> {
    // The open containers, and whether each is, or lies in, a document.
    let mut around: Vec<(&Leaf, bool)> = Vec::new();
    let mut list = Vec::with_capacity(findings.leaves.len());
    for leaf in &findings.leaves {
        while around.last().is_some_and(|(outer, _)| !is_below(leaf, outer)) {
            around.pop();
        }
        let in_document = around.last().is_some_and(|(_, document)| *document);
        let is_inside = leaf.depth > 0 || !around.is_empty();
        if is_inside || !is_text_of_message(leaf) {
            let is_reading = is_reading(&leaf.path);
            list.push(Attachment { leaf, is_inside, in_document, is_reading });
        }
        around.push((leaf, in_document || is_document(leaf)));
    }
    list
}

fn is_below(leaf: &Leaf, outer: &Leaf) -> bool {
    let below = leaf.path.strip_prefix(outer.path.as_str());
    !outer.path.is_empty() && below.is_some_and(|rest| rest.starts_with('/'))
}

/// The types of a leaf that this build knows.
fn types(leaf: &Leaf) -> impl Iterator<Item = FileType> {
    leaf.types.iter().filter_map(|name| TYPES.get(name.as_str()).copied())
}

fn is_document(leaf: &Leaf) -> bool {
    types(leaf).next().is_some_and(|main| main.family() == Family::Document)
}

fn is_picture(leaf: &Leaf) -> bool {
    leaf.mime.starts_with("image/") || types(leaf).any(|kind| kind.family() == Family::Image)
}

/// A nameless part of text that is nothing else by its content.
fn is_text_of_message(leaf: &Leaf) -> bool {
    let text = |kind: FileType| {
        kind.family() == Family::Text || kind.mimes().iter().any(|mime| mime.starts_with("text/"))
    };
    leaf.name.is_empty()
        && !leaf.properties.any(Properties::ATTACHMENT)
        && (leaf.mime.is_empty() || leaf.mime.starts_with("text/"))
        && types(leaf).all(|kind| text(kind) || kind.family() == Family::Unknown)
}

/// The path of another reading has a part number such as `2~1`.
fn is_reading(path: &str) -> bool {
    let number = |text: &str| !text.is_empty() && text.bytes().all(|one| one.is_ascii_digit());
    path.split('/')
        .take_while(|step| step.bytes().all(|one| one.is_ascii_digit() || one == b'~'))
        .filter_map(|step| step.split_once('~'))
        .any(|(part, reading)| number(part) && number(reading))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaf(path: &str, name: &str, mime: &str) -> Leaf {
        Leaf { path: path.into(), name: name.into(), mime: mime.into(), ..Leaf::default() }
    }

    fn findings(leaves: Vec<Leaf>) -> Findings {
        Findings { leaves, ..Findings::default() }
    }

    #[test]
    fn the_text_of_the_message_is_no_attachment_and_everything_else_is() {
        let findings = findings(vec![
            leaf("1", "", "text/plain"),
            leaf("2/a.zip", "a.zip", "application/zip"),
            leaf("2/a.zip/b.txt", "b.txt", ""),
            leaf("3/notes.txt", "notes.txt", "text/plain"),
        ]);
        let list = of(&findings);
        let told: Vec<(&str, bool)> = list.iter().map(|one| (one.place(), one.is_inside)).collect();
        let expected = [("2/a.zip", false), ("2/a.zip/b.txt", true), ("3/notes.txt", false)];
        assert_eq!(told, expected);
    }

    #[test]
    fn a_reader_counts_neither_members_nor_readings_nor_inline_pictures() {
        let picture = Leaf { properties: Properties::INLINE, ..leaf("4", "", "image/png") };
        let findings = findings(vec![
            leaf("2/fwd.eml", "fwd.eml", "message/rfc822"),
            leaf("2/fwd.eml/2/x.pdf", "x.pdf", "application/pdf"),
            leaf("3/a.pdf", "a.pdf", "application/pdf"),
            leaf("3~1/a.pdf", "a.pdf", "application/pdf"),
            picture,
        ]);
        let list = of(&findings);
        assert_eq!(list.iter().filter(|one| one.is_counted(false)).count(), 2);
        assert_eq!(list.iter().filter(|one| one.is_counted(true)).count(), 3);
    }

    #[test]
    fn a_name_like_a_reading_is_still_a_name() {
        assert!(is_reading("2~1") && is_reading("1/2~3/a.doc"));
        assert!(!is_reading("2/INVOIC~1.DOC") && !is_reading("2/1~1.x") && !is_reading("2"));
    }

    #[test]
    fn a_path_that_only_starts_alike_is_not_inside() {
        let findings = findings(vec![
            leaf("2/a.zip", "a.zip", "application/zip"),
            leaf("2/a.zip2", "a.zip2", "application/zip"),
        ]);
        assert!(of(&findings).iter().all(|one| !one.is_inside));
    }
}
