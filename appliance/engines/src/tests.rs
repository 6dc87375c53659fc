//! Whole messages through all engines.

mod attachments;
mod documents;
pub(crate) mod making;
mod viruses;

use crate::tests::making::{Mailing, scan};
use crate::{Engines, Facts};

#[test]
fn a_clean_message_has_no_findings() {
    let facts = scan(b"Subject: hello\r\nFrom: a@b.test\r\n\r\nHello\r\n");
    assert!(facts.findings.is_empty() && facts.unscannable.is_none());
    assert_eq!(facts.leaves.len(), 1);
    assert_eq!(facts.leaves[0].types, ["text"]);
}

#[test]
fn the_same_engines_say_the_same_again_whatever_came_between() {
    let mut engines = Engines::default();
    let one = Mailing::new().attach("a.zip", &making::zip(&[("a.exe", &making::program())])).done();
    let other = Mailing::new().attach("b.txt", &crate::eicar()).done();
    let mut look =
        |raw: &[u8]| -> Facts { engines.scan(&message::read(raw), &crate::Context::default()) };
    let first = look(&one);
    let between = look(&other);
    assert_eq!(look(&one), first);
    assert_eq!(look(&other), between);
}
