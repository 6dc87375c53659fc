//! Bulk mail that its reader may have asked for (features F-12). It is never called spam.

use mail::SpamClass;
use schema::Network;

use super::threshold::reasons;
use super::{Answer, Subject};
use crate::condition::Condition;
use crate::senders::Exempt;

/// The classes asked for, and who is left alone.
#[derive(Debug, Clone)]
pub(super) struct Graymail {
    /// Of none, all.
    classes: Vec<SpamClass>,
    senders: Exempt,
    networks: Vec<Network>,
}

impl Graymail {
    pub(super) fn of(condition: &Condition) -> Self {
        Graymail {
            classes: condition.mail_classes.iter().map(|class| class.class()).collect(),
            senders: Exempt::new(&condition.except_senders),
            networks: condition.except_networks.clone(),
        }
    }

    pub(super) fn ask(&self, subject: &Subject<'_>) -> Answer {
        let spam = &subject.findings.spam;
        let Some(class) = spam.class.filter(|class| class.is_graymail()) else {
            return Answer::no("it is no graymail");
        };
        let word = class.word();
        if !self.classes.is_empty() && !self.classes.contains(&class) {
            return Answer::no(&format!("it is graymail of class {word}, which is not asked for"));
        }
        if let Some(entry) = self.senders.covering(subject.envelope, subject.findings) {
            return Answer::no(&format!("it is graymail of class {word}, and excepted: {entry}"));
        }
        let host = subject.envelope.client.address.ip();
        if let Some(network) = self.networks.iter().find(|network| network.contains(host)) {
            let because =
                format!("it is graymail of class {word}, and excepted: {host} in {network}");
            return Answer::no(&because);
        }
        Answer::yes(format!("it is graymail of class {word}{}", reasons(spam)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::condition::{MailClass, Question};
    use crate::{Senders, made};

    fn asked(change: impl FnOnce(&mut Condition), class: Option<SpamClass>) -> (bool, String) {
        let mut condition = Condition::of(Question::Graymail);
        change(&mut condition);
        made::asked(condition, &Senders::default(), &made::judged(class, 0.1))
    }

    #[test]
    fn bulk_mail_of_the_classes_asked_for_holds_whatever_the_probability() {
        let social = |condition: &mut Condition| condition.mail_classes = vec![MailClass::Social];
        assert!(asked(|_| {}, Some(SpamClass::Marketing)).0);
        assert!(asked(social, Some(SpamClass::Social)).0);
        assert!(!asked(social, Some(SpamClass::Forum)).0);
        assert!(!asked(|_| {}, Some(SpamClass::Spam)).0 && !asked(|_| {}, None).0);
    }

    #[test]
    fn excepted_senders_and_networks_are_left_alone_and_named() {
        let class = Some(SpamClass::Marketing);
        let sender = |one: &mut Condition| one.except_senders = vec!["away.test".into()];
        assert!(asked(sender, class).1.ends_with("envelope sender bob@away.test, entry away.test"));
        let network = |one: &mut Condition| one.except_networks = Network::list(&["192.0.2.0/24"]);
        assert!(asked(network, class).1.ends_with("192.0.2.1 in 192.0.2.0/24"));
        let other = |one: &mut Condition| one.except_networks = Network::list(&["198.51.100.0/24"]);
        assert!(asked(other, class).0);
    }
}
