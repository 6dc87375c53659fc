//! Import of a settings file: problems, never a panic; what is taken is exported and taken again.

use schema::{Extent, Manner, Sections, Tree};

fn tree() -> Tree {
    Tree::new()
        .with::<intake::Receiving>()
        .with::<inspect::Inspection>()
        .with::<policy::Rules>()
        .with::<policy::Exceptions>()
        .with::<queue::Routing>()
        .with::<queue::Retry>()
        .with::<deliver::DeliveryConnections>()
        .with::<deliver::Dns>()
        .with::<vault::Quarantine>()
        .with::<ledger::Tracking>()
}

/// Imports the input.
pub fn target(octets: &[u8]) {
    let Ok(text) = std::str::from_utf8(octets) else { return };
    let tree = tree();
    let Ok(taken) = schema::import(&tree, text, Manner::Replace, &Sections::new()) else { return };
    let exported = schema::export(&tree, &taken, Extent::Changed);
    let again = schema::import(&tree, &exported, Manner::Replace, &Sections::new());
    assert_eq!(again.as_ref(), Ok(&taken), "an export of ours can be imported");
}

/// An export of everything.
#[must_use]
pub fn seeds() -> Vec<Vec<u8>> {
    vec![schema::export(&tree(), &Sections::new(), Extent::All).into_bytes()]
}
