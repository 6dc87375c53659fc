//! The shape of the message: its defects as findings.

use mail::{EngineName, Finding, FindingKind};
use message::{Defect, Mail};

/// Tells each defect.
pub(crate) fn scan(mail: &Mail<'_>) -> Vec<Finding> {
    mail.defects.iter().map(finding).collect()
}

fn finding(defect: &Defect) -> Finding {
    let kind =
        if defect.kind.is_ambiguous() { FindingKind::Ambiguous } else { FindingKind::Defect };
    Finding {
        engine: EngineName::Structure,
        kind,
        name: defect.kind.name().to_owned(),
        place: defect.place.clone(),
        evidence: defect.evidence.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_readings_are_told_apart_from_mere_defects() {
        let mail = message::read(b"Subject: a\r\nSubject: b\r\n\r\nx");
        assert_eq!(scan(&mail)[0].kind, FindingKind::Ambiguous);
        let mail = message::read(b"no header");
        assert_eq!(scan(&mail)[0].kind, FindingKind::Defect);
    }
}
