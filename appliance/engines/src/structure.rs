//! The shape of the message: its defects as findings, and parts that are closed to everybody but
//! their reader.

use mail::{EngineName, Finding, FindingKind};
use message::{Defect, Grade, Mail, Protection};

use crate::look::Gathered;

/// Tells each defect and each encrypted part.
pub(crate) fn scan(mail: &Mail<'_>, gathered: &mut Gathered) {
    for defect in &mail.defects {
        gathered.find(finding(defect));
    }
    if let Some(limit) = &mail.limit {
        gathered.find(Finding::new(EngineName::Structure, FindingKind::Limit, "limit", "", limit));
    }
    for part in mail.parts.iter().filter(|part| part.protection == Protection::Encrypted) {
        let words = format!("a part of type {}", part.mime);
        let (engine, kind) = (EngineName::Structure, FindingKind::Encrypted);
        gathered.find(Finding::new(engine, kind, "encrypted-message", &part.path, words));
    }
}

fn finding(defect: &Defect) -> Finding {
    let kind = match defect.kind.grade() {
        Grade::Harmless => FindingKind::Defect,
        Grade::Ambiguous => FindingKind::Ambiguous,
        Grade::Broken => FindingKind::Broken,
    };
    Finding::new(EngineName::Structure, kind, defect.kind.name(), &defect.place, &defect.evidence)
}
