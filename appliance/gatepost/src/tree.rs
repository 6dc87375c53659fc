//! The one settings tree: every section, declared beside the code it governs, put together here.

/// All sections.
pub fn tree() -> schema::Tree {
    schema::Tree::new()
        .with::<intake::Receiving>()
        .with::<inspect::Inspection>()
        .with::<spam::Unwanted>()
        .with::<policy::Rules>()
        .with::<policy::Exceptions>()
        .with::<policy::Senders>()
        .with::<patterns::Signatures>()
        .with::<::expressions::Expressions>()
        .with::<queue::Routing>()
        .with::<queue::Retry>()
        .with::<deliver::DeliveryConnections>()
        .with::<deliver::Dns>()
        .with::<vault::Quarantine>()
        .with::<ledger::Tracking>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_section_is_in_order() {
        assert!(tree().faults().is_empty(), "{:?}", tree().faults());
    }

    #[test]
    fn the_reference_manual_is_up_to_date() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/reference.md");
        let checked_in = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            checked_in == schema::manual(&tree()),
            "appliance/docs/reference.md is old: write it anew with `gatepost manual`"
        );
    }
}
