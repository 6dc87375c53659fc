//! What unpacking met: encryption, damage, limits, two stories about one archive. And what each
//! fact makes true of its file.

use mail::{EngineName, Finding, FindingKind, Properties, Unscannable};
use unpack::{Fact, FactKind};

use crate::look::Gathered;

/// Name, kind and weight in percent of each fact that this engine tells.
const TABLE: &[(FactKind, &str, FindingKind, u8)] = &[
    (FactKind::Encrypted, "encrypted", FindingKind::Encrypted, 0),
    (FactKind::Opened, "password-found", FindingKind::Suspicious, 40),
    (FactKind::Broken, "damaged", FindingKind::Broken, 0),
    (FactKind::Unsupported, "unsupported", FindingKind::Unsupported, 0),
    (FactKind::Limit, "limit", FindingKind::Limit, 0),
    (FactKind::Disagreement, "two-views", FindingKind::Ambiguous, 0),
];

/// Tells a fact about a container; false when it is a fact about something else.
pub(crate) fn judge(fact: &Fact, gathered: &mut Gathered) -> bool {
    let Some((kind, name, finding, weight)) = TABLE.iter().find(|row| row.0 == fact.kind) else {
        return false;
    };
    let words = if fact.evidence.is_empty() { *name } else { fact.evidence.as_str() };
    let finding = Finding::new(EngineName::Container, *finding, *name, &fact.place, words);
    gathered.find(finding.weighing(*weight));
    let place = if fact.place.is_empty() { String::new() } else { format!("{}: ", fact.place) };
    match kind {
        FactKind::Limit => gathered.unscannable(Unscannable::Limit(format!("{place}{words}"))),
        FactKind::Broken => gathered.unscannable(Unscannable::Broken(format!("{place}{words}"))),
        FactKind::Unsupported => {
            let words = format!("{place}it cannot be opened here: {words}");
            gathered.unscannable(Unscannable::Broken(words));
        }
        _ => {}
    }
    true
}

/// What a fact makes true of the file it is about.
pub(crate) fn properties(kind: FactKind) -> Properties {
    match kind {
        FactKind::Encrypted => Properties::ENCRYPTED,
        FactKind::Opened => Properties::OPENED,
        FactKind::Broken => Properties::BROKEN,
        FactKind::Macro | FactKind::MacroCall | FactKind::MacroStomped | FactKind::XlmMacro => {
            Properties::MACRO
        }
        FactKind::AutoMacro => Properties(Properties::MACRO.0 | Properties::AUTO_MACRO.0),
        FactKind::MacroSigned => Properties::SIGNED_MACRO,
        FactKind::ExternalTemplate | FactKind::ExternalLink => Properties::EXTERNAL_LINK,
        FactKind::EmbeddedObject | FactKind::PdfEmbeddedFile | FactKind::RtfExploit => {
            Properties::EMBEDDED_OBJECT
        }
        FactKind::EmbeddedExecutable => {
            Properties(Properties::EMBEDDED_OBJECT.0 | Properties::EXECUTABLE.0)
        }
        FactKind::ActiveX
        | FactKind::Dde
        | FactKind::PdfScript
        | FactKind::PdfLaunch
        | FactKind::PdfOpenAction
        | FactKind::HtmlScript
        | FactKind::HtmlSmuggling
        | FactKind::Shortcut => Properties::ACTIVE_CONTENT,
        FactKind::HiddenText => Properties::HIDDEN_TEXT,
        FactKind::Signed => Properties::SIGNED,
        FactKind::Unsupported
        | FactKind::Limit
        | FactKind::Disagreement
        | FactKind::PdfUri
        | FactKind::HtmlForm => Properties::default(),
    }
}
