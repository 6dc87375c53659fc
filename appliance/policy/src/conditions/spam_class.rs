//! The message is of a class of unwanted or bulk mail.

use mail::{Findings, SpamClass};

use super::Answer;
use super::phishing::looks_like;
use super::threshold::{Threshold, reasons};
use crate::condition::Condition;

/// The classes asked for.
#[derive(Debug, Clone)]
pub(super) struct Classes {
    classes: Vec<SpamClass>,
    threshold: Threshold,
}

impl Classes {
    pub(super) fn of(condition: &Condition) -> Self {
        let classes = condition.mail_classes.iter().map(|class| class.class()).collect();
        Classes { classes, threshold: Threshold::of(condition) }
    }

    pub(super) fn ask(&self, findings: &Findings) -> Answer {
        let Some(class) = findings.spam.class else {
            return Answer::no("it is neither unwanted nor bulk mail");
        };
        let word = class.word();
        if !self.classes.contains(&class) {
            return Answer::no(&format!("it is of class {word}, which is not asked for"));
        }
        if class.is_graymail() {
            return Answer::yes(format!("it is of class {word}{}", reasons(&findings.spam)));
        }
        looks_like(findings, class, self.threshold)
            .unwrap_or_else(|| Answer::no("it is of no class that is asked for"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::condition::{MailClass, Question};
    use crate::{Senders, made};

    fn asked(classes: &[MailClass], class: Option<SpamClass>, probability: f64) -> (bool, String) {
        let condition =
            Condition { mail_classes: classes.to_vec(), ..Condition::of(Question::SpamClass) };
        made::asked(condition, &Senders::default(), &made::judged(class, probability))
    }

    #[test]
    fn unwanted_classes_need_their_probability_and_bulk_ones_do_not() {
        let all = [MailClass::Malware, MailClass::Forum];
        assert!(asked(&all, Some(SpamClass::Malware), 0.81).0);
        assert!(!asked(&all, Some(SpamClass::Malware), 0.79).0);
        assert!(asked(&all, Some(SpamClass::Forum), 0.01).0);
        assert!(!asked(&all, Some(SpamClass::Spam), 1.0).0 && !asked(&all, None, 1.0).0);
    }

    #[test]
    fn the_reason_names_the_class() {
        let (_, because) = asked(&[MailClass::Malware], Some(SpamClass::Malware), 0.9);
        assert!(because.starts_with("it looks like a carrier of malware, probability 90 %"));
    }
}
