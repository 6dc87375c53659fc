//! Findings that the owner excepted: marked before they are recorded and judged, so that the record
//! shows them and no rule sees them. A cell has no say in it.

use std::collections::BTreeSet;

use mail::{EngineName, Envelope, Finding, FindingKind, Findings, Timestamp};
use patterns::{Class, Exception, Hit, Scope, Signatures, is_excepted};

/// Milliseconds of a day.
const DAY: u64 = 86_400_000;

/// Marks the findings of signatures that do not count for this message. An exception for some
/// recipients holds only when one holds for every recipient: a verdict sees one list of findings.
pub fn except(
    signatures: &Signatures,
    envelope: &Envelope,
    now: Timestamp,
    findings: &mut Findings,
) {
    let recipients: BTreeSet<&str> =
        envelope.recipients.iter().map(|one| one.address.domain().as_str()).collect();
    let sender = envelope.sender.domain().map_or("", |domain| domain.as_str());
    let scope = Scope {
        sender_domain: sender,
        recipient_domain: "",
        file_sha256: None,
        day: u32::try_from(now.0 / DAY).unwrap_or(u32::MAX),
    };
    for finding in findings.list.iter_mut().filter(|one| one.engine == EngineName::Virus) {
        let Some(class) = class_of(finding.kind) else { continue };
        finding.excepted = if signatures.counts(class) {
            covering(&signatures.exceptions, class, finding, scope, &recipients).map(reason)
        } else {
            Some(format!("the class {} is switched off", finding.kind.word()))
        };
    }
}

/// The exception that covers a finding for the first recipient, when all are covered.
fn covering<'e>(
    exceptions: &'e [Exception],
    class: Class,
    finding: &Finding,
    scope: Scope<'_>,
    recipients: &BTreeSet<&str>,
) -> Option<&'e Exception> {
    if exceptions.is_empty() {
        return None;
    }
    let (name, place) = (finding.name.clone(), finding.place.clone());
    let (source, evidence) = (finding.source.clone(), String::new());
    let hit = Hit { name, class, place, source, evidence };
    let mut first = None;
    for recipient_domain in recipients {
        let scope = Scope { recipient_domain, file_sha256: finding.file_sha256, ..scope };
        let exception = is_excepted(&hit, exceptions, &scope)?;
        first = first.or(Some(exception));
    }
    first
}

fn reason(exception: &Exception) -> String {
    match exception.until.as_str() {
        "" => exception.reason.clone(),
        until => format!("{}, until {until}", exception.reason),
    }
}

fn class_of(kind: FindingKind) -> Option<Class> {
    match kind {
        FindingKind::Malware => Some(Class::Malware),
        FindingKind::MassMailer => Some(Class::MassMailer),
        FindingKind::Grayware(class) => Some(Class::Grayware(class)),
        FindingKind::Phishing => Some(Class::Phishing),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mail::{
        BodyKind, Client, Direction, Grayware, Listener, MessageId, Recipient, Sender, SessionId,
    };

    const NOW: Timestamp = Timestamp(1_795_255_323_000);

    fn envelope(recipients: &[&str]) -> Envelope {
        Envelope {
            id: MessageId(1),
            session: SessionId(1),
            received: NOW,
            listener: Listener::Smtp,
            direction: Direction::Incoming,
            client: Client {
                address: "192.0.2.1:25".parse().unwrap(),
                helo: "x".into(),
                tls: None,
            },
            sender: Sender::Mailbox("bob@partner.test".parse().unwrap()),
            recipients: recipients
                .iter()
                .map(|address| Recipient::plain(address.parse().unwrap()))
                .collect(),
            body: BodyKind::SevenBit,
            smtputf8: false,
            ret: None,
            envid: None,
            size: 1,
        }
    }

    fn found(kind: FindingKind) -> Findings {
        let finding = Finding::new(EngineName::Virus, kind, "Win.Agent-1", "2/a.exe", "");
        Findings { list: vec![finding.in_file([7; 32])], ..Findings::default() }
    }

    fn exception(change: impl FnOnce(&mut Exception)) -> Signatures {
        let mut exception = Exception {
            signatures: vec!["Win.Agent-*".into()],
            reason: "our own tool".into(),
            ..Exception::default()
        };
        change(&mut exception);
        Signatures { exceptions: vec![exception], ..Signatures::default() }
    }

    fn marked(signatures: &Signatures, recipients: &[&str]) -> Option<String> {
        let mut findings = found(FindingKind::Malware);
        except(signatures, &envelope(recipients), NOW, &mut findings);
        findings.list.remove(0).excepted
    }

    #[test]
    fn an_exception_is_told_with_reason_and_end() {
        let recipients = ["ann@ours.test"];
        assert_eq!(marked(&Signatures::default(), &recipients), None);
        assert_eq!(marked(&exception(|_| {}), &recipients).as_deref(), Some("our own tool"));
        let ending = exception(|one| one.until = "2027-01-31".into());
        assert_eq!(marked(&ending, &recipients).as_deref(), Some("our own tool, until 2027-01-31"));
        assert_eq!(marked(&exception(|one| one.until = "2026-01-31".into()), &recipients), None);
    }

    #[test]
    fn an_exception_for_some_recipients_holds_when_it_holds_for_all() {
        let one = exception(|one| {
            one.recipient_domains = schema::DomainPattern::list(&["ours.test"]);
        });
        assert!(marked(&one, &["ann@ours.test", "cid@ours.test"]).is_some());
        assert!(marked(&one, &["ann@ours.test", "eve@other.test"]).is_none());
        assert!(marked(&one, &[]).is_none());
    }

    #[test]
    fn an_exception_may_be_for_one_file() {
        let of = |hash: &str| exception(|one| one.file_sha256 = hash.repeat(32));
        assert!(marked(&of("07"), &["ann@ours.test"]).is_some());
        assert!(marked(&of("08"), &["ann@ours.test"]).is_none());
    }

    #[test]
    fn what_a_cell_says_of_exceptions_does_not_count() {
        let mut findings = found(FindingKind::Malware);
        findings.list[0].excepted = Some("says the cell".into());
        except(&Signatures::default(), &envelope(&["ann@ours.test"]), NOW, &mut findings);
        assert_eq!(findings.list[0].excepted, None);
    }

    #[test]
    fn classes_that_are_switched_off_do_not_count() {
        let mut findings = found(FindingKind::Grayware(Grayware::Joke));
        let signatures = Signatures { jokes: false, ..Signatures::default() };
        except(&signatures, &envelope(&["ann@ours.test"]), NOW, &mut findings);
        assert_eq!(findings.list[0].excepted.as_deref(), Some("the class joke is switched off"));
        let mut other = found(FindingKind::Suspicious);
        except(&exception(|_| {}), &envelope(&["ann@ours.test"]), NOW, &mut other);
        assert!(other.list[0].counts(), "only signatures can be excepted");
    }
}
