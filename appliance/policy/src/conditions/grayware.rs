//! A signature of an unwanted program matched (features F-6). Unwanted is not hostile.

use mail::{FindingKind, Findings, Grayware};

use super::{Answer, quote};
use crate::condition::GraywareClass;

/// The classes asked for.
#[derive(Debug, Clone)]
pub(super) struct Classes(Vec<Grayware>);

impl Classes {
    /// Of none, all.
    pub(super) fn of(classes: &[GraywareClass]) -> Self {
        Classes(classes.iter().map(|class| class_of(*class)).collect())
    }

    pub(super) fn ask(&self, findings: &Findings) -> Answer {
        let wanted = |class| self.0.is_empty() || self.0.contains(&class);
        let found = quote(
            findings,
            |finding| matches!(finding.kind, FindingKind::Grayware(class) if wanted(class)),
        );
        match found {
            Some(found) => Answer::yes(format!("found the unwanted program {found}")),
            None => Answer::no("no unwanted program was found"),
        }
    }
}

fn class_of(class: GraywareClass) -> Grayware {
    match class {
        GraywareClass::Spyware => Grayware::Spyware,
        GraywareClass::Adware => Grayware::Adware,
        GraywareClass::Dialer => Grayware::Dialer,
        GraywareClass::Joke => Grayware::Joke,
        GraywareClass::HackingTool => Grayware::HackingTool,
        GraywareClass::RemoteAccess => Grayware::RemoteAccess,
        GraywareClass::PasswordCracker => Grayware::PasswordCracker,
        GraywareClass::Unwanted => Grayware::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_called_alike_in_settings_and_findings() {
        let schema::Kind::Choice(values) = <GraywareClass as schema::Kinded>::kind() else {
            panic!()
        };
        let all = [
            GraywareClass::Spyware,
            GraywareClass::Adware,
            GraywareClass::Dialer,
            GraywareClass::Joke,
            GraywareClass::HackingTool,
            GraywareClass::RemoteAccess,
            GraywareClass::PasswordCracker,
            GraywareClass::Unwanted,
        ];
        assert_eq!(all.len(), values.len());
        assert!(all.iter().all(|class| class_of(*class).word() == class.as_str()));
    }
}
