//! Notices read back with mail-parser.

use mail::{Address, MessageId, Recipient, Reply, Timestamp};
use mail_parser::{MessageParser, MimeHeaders, PartType};
use proptest::prelude::*;

use super::*;

const AT: Timestamp = Timestamp(1_795_283_184_123);

fn address(text: &str) -> Address {
    text.parse().unwrap()
}

fn report<'a>(recipient: &'a Recipient, action: Action, reply: &'a Reply) -> Report<'a> {
    Report {
        recipient,
        action,
        reply,
        speaker: Speaker::Remote("mx.b.test[192.0.2.1]:25"),
        last_attempt: AT,
        retry_until: Some(AT.plus_seconds(86_400)),
    }
}

fn notice<'a>(to: &'a Address, reports: &'a [Report<'a>], original: Original<'a>) -> Notice<'a> {
    Notice {
        id: MessageId(7),
        at: AT,
        host: "gw.example.test",
        to,
        original_id: MessageId(6),
        arrived: AT,
        envid: None,
        smtputf8: false,
        reports,
        original,
    }
}

const MESSAGE: &[u8] = b"Subject: hello\r\nX-A: 1\r\n\r\nbody\r\n.\r\n";

fn is_strict(octets: &[u8]) -> bool {
    let mut check = crate::client::BodyCheck::default();
    check.feed(octets).is_ok() && check.finish().is_ok_and(|facts| !facts.open_end)
}

#[test]
fn a_failure_notice_has_three_parts_and_says_why() {
    let (to, recipient) = (address("ann@a.test"), Recipient::plain(address("bob@b.test")));
    let reply = Reply::coded(550, 5, 1, 1, "No such user here");
    let reports = [report(&recipient, Action::Failed, &reply)];
    let octets = compose(&notice(&to, &reports, Original::Headers(MESSAGE)));
    assert!(is_strict(&octets) && octets.is_ascii());
    let text = String::from_utf8(octets.clone()).unwrap();
    for line in [
        "To: <ann@a.test>",
        "Subject: Your message was not delivered",
        "Auto-Submitted: auto-replied",
        "Reporting-MTA: dns; gw.example.test",
        "Final-Recipient: rfc822; bob@b.test",
        "Action: failed",
        "Status: 5.1.1",
        "Remote-MTA: dns; mx.b.test",
        "Diagnostic-Code: smtp; 550 5.1.1 No such user here",
        "    This address does not exist there. Check its spelling.",
        "    550 5.1.1 No such user here",
        "Subject: hello",
    ] {
        assert!(text.contains(&format!("\r\n{line}\r\n")), "{line}\n{text}");
    }
    assert!(!text.contains("body\r\n"), "the body stays out");
    let parsed = MessageParser::default().parse(&octets).unwrap();
    let kind = parsed.content_type().unwrap();
    assert_eq!((kind.ctype(), kind.subtype()), ("multipart", Some("report")));
    assert_eq!(kind.attribute("report-type"), Some("delivery-status"));
    let PartType::Multipart(parts) = &parsed.parts[0].body else { panic!("no multipart") };
    let kinds: Vec<String> = parts
        .iter()
        .map(|part| {
            let kind = parsed.parts[*part as usize].content_type().unwrap();
            format!("{}/{}", kind.ctype(), kind.subtype().unwrap())
        })
        .collect();
    assert_eq!(kinds, ["text/plain", "message/delivery-status", "text/rfc822-headers"]);
}

#[test]
fn a_full_return_carries_the_message_but_a_delay_never_does() {
    let (to, recipient) = (address("ann@a.test"), Recipient::plain(address("bob@b.test")));
    let reply = Reply::coded(451, 4, 4, 1, "no answer");
    let failed = [report(&recipient, Action::Failed, &reply)];
    let octets = compose(&notice(&to, &failed, Original::Full(MESSAGE)));
    let parsed = MessageParser::default().parse(&octets).unwrap();
    let inner = parsed.attachments().find_map(|part| part.message()).expect("message/rfc822");
    assert_eq!(inner.subject(), Some("hello"));
    let delayed = [report(&recipient, Action::Delayed, &reply)];
    let text = String::from_utf8(compose(&notice(&to, &delayed, Original::Full(MESSAGE)))).unwrap();
    assert!(text.contains("text/rfc822-headers") && !text.contains("body\r\n"));
    assert!(text.contains("Will-Retry-Until: Sun, 22 Nov 2026 17:46:24 +0000\r\n"));
    assert!(text.contains("Action: delayed\r\n"));
}

#[test]
fn a_message_too_large_to_return_goes_back_as_its_header() {
    let (to, recipient) = (address("ann@a.test"), Recipient::plain(address("bob@b.test")));
    let reply = Reply::coded(550, 5, 7, 1, "no");
    let reports = [report(&recipient, Action::Failed, &reply)];
    let large = [MESSAGE, &b"filler\r\n".repeat(RETURNED_MESSAGE_OCTETS / 8)].concat();
    let octets = compose(&notice(&to, &reports, Original::Full(&large)));
    assert!(octets.len() < 10_000);
}

#[test]
fn an_endless_header_is_cut_at_a_line() {
    let (to, recipient) = (address("ann@a.test"), Recipient::plain(address("bob@b.test")));
    let reply = Reply::coded(550, 5, 7, 1, "no");
    let reports = [report(&recipient, Action::Failed, &reply)];
    let endless = b"X-Filler: 0123456789\r\n".repeat(20_000);
    let octets = compose(&notice(&to, &reports, Original::Headers(&endless)));
    assert!(octets.len() < RETURNED_HEADER_OCTETS + 4000);
    assert!(String::from_utf8(octets).unwrap().contains("X-Filler: 0123456789\r\n\r\n--"));
}

#[test]
fn the_original_recipient_and_envelope_id_come_back_decoded() {
    let to = address("ann@a.test");
    let recipient = Recipient {
        original: Some("rfc822;bob+2Bx@list.test".to_owned()),
        ..Recipient::plain(address("bob@b.test"))
    };
    let reply = Reply::coded(250, 2, 1, 5, "ok");
    let reports = [report(&recipient, Action::Delivered, &reply)];
    let whole = Notice {
        envid: Some("a+20b+0D+0AX-Evil:+20yes"),
        ..notice(&to, &reports, Original::Headers(MESSAGE))
    };
    let text = String::from_utf8(compose(&whole)).unwrap();
    assert!(text.contains("Original-Recipient: rfc822; bob+x@list.test\r\n"));
    assert!(text.contains("Original-Envelope-Id: a b  X-Evil: yes\r\n"), "{text}");
    assert!(text.contains("Subject: Your message was delivered\r\n"));
}

#[test]
fn the_gravest_action_names_the_notice() {
    let to = address("ann@a.test");
    let (one, two) = (Recipient::plain(address("a@b.test")), Recipient::plain(address("b@b.test")));
    let (bad, good) = (Reply::coded(550, 5, 1, 1, "no"), Reply::new(250, None, "ok"));
    let reports = [report(&one, Action::Relayed, &good), report(&two, Action::Failed, &bad)];
    let whole = notice(&to, &reports, Original::Headers(MESSAGE));
    assert_eq!(whole.action(), Action::Failed);
    let text = String::from_utf8(compose(&whole)).unwrap();
    assert!(text.contains("Action: relayed\r\nStatus: 2.0.0\r\n"));
    assert_eq!(text.matches("Final-Recipient: ").count(), 2);
}

#[test]
fn internationalised_addresses_use_the_global_forms() {
    let to = address("jörg@a.test");
    let recipient = Recipient::plain(address("zoë@b.test"));
    let reply = Reply::coded(550, 5, 1, 1, "gibt es nicht: zoë");
    let reports = [report(&recipient, Action::Failed, &reply)];
    let whole = notice(&to, &reports, Original::Headers("Subject: Grüße\r\n\r\n".as_bytes()));
    assert!(whole.needs_smtputf8() && whole.is_international());
    let ascii = address("ann@a.test");
    let to_ascii = Notice { to: &ascii, ..whole };
    assert!(!to_ascii.needs_smtputf8() && to_ascii.is_international());
    let text = String::from_utf8(compose(&whole)).unwrap();
    assert!(text.contains("report-type=global-delivery-status;"));
    assert!(text.contains("Content-Type: message/global-delivery-status\r\n"));
    assert!(text.contains("Content-Type: message/global-headers\r\n"));
    assert!(text.contains("Final-Recipient: utf-8; zoë@b.test\r\n"));
    assert!(text.contains("gibt es nicht: zo=C3=AB"), "the text part is quoted-printable");
}

#[test]
fn a_foreign_reply_is_ascii_in_the_fields_and_readable_in_the_text() {
    let (to, recipient) = (address("ann@a.test"), Recipient::plain(address("bob@b.test")));
    let reply = Reply::coded(550, 5, 7, 1, "unerwünscht");
    let reports = [report(&recipient, Action::Failed, &reply)];
    let octets = compose(&notice(&to, &reports, Original::Headers(MESSAGE)));
    assert!(octets.is_ascii());
    let parsed = MessageParser::default().parse(&octets).unwrap();
    assert!(parsed.body_text(0).unwrap().contains("550 5.7.1 unerwünscht"));
    let text = String::from_utf8(octets).unwrap();
    assert!(text.contains("Diagnostic-Code: smtp; 550 5.7.1 unerw?nscht\r\n"));
}

#[test]
fn a_thousand_recipients_are_all_in_the_report_and_the_text_stays_short() {
    let to = address("ann@a.test");
    let reply = Reply::coded(550, 5, 1, 1, "no");
    let recipients: Vec<Recipient> =
        (0..1000).map(|n| Recipient::plain(address(&format!("u{n}@b.test")))).collect();
    let reports: Vec<Report<'_>> =
        recipients.iter().map(|one| report(one, Action::Failed, &reply)).collect();
    let text =
        String::from_utf8(compose(&notice(&to, &reports, Original::Headers(MESSAGE)))).unwrap();
    assert_eq!(text.matches("Final-Recipient: ").count(), 1000);
    assert!(text.contains("and 950 more, listed in the attached report."));
}

#[test]
fn a_boundary_in_the_original_does_not_end_the_part() {
    let (to, recipient) = (address("ann@a.test"), Recipient::plain(address("bob@b.test")));
    let reply = Reply::coded(550, 5, 7, 1, "no");
    let reports = [report(&recipient, Action::Failed, &reply)];
    let forged = format!("X: --=_{}_0--\r\n\r\n", MessageId(7));
    let text = compose(&notice(&to, &reports, Original::Headers(forged.as_bytes())));
    assert!(
        String::from_utf8(text).unwrap().contains(&format!("boundary=\"=_{}_1\"", MessageId(7)))
    );
}

proptest! {
    #[test]
    fn any_original_and_any_reply_make_a_strict_report_of_three_parts(
        original in proptest::collection::vec(
            prop_oneof![Just(b'\r'), Just(b'\n'), Just(b'-'), Just(b':'), any::<u8>()], 0..300),
        words in ".{0,200}",
        code in 400u16..600,
        full in any::<bool>(),
    ) {
        let (to, recipient) = (address("ann@a.test"), Recipient::plain(address("bob@b.test")));
        let reply = Reply::new(code, None, &words);
        let reports = [report(&recipient, Action::Failed, &reply)];
        let original = if full { Original::Full(&original) } else { Original::Headers(&original) };
        let octets = compose(&notice(&to, &reports, original));
        prop_assert!(is_strict(&octets));
        let parsed = MessageParser::default().parse(&octets).unwrap();
        let PartType::Multipart(parts) = &parsed.parts[0].body else {
            return Err(TestCaseError::fail("no multipart"));
        };
        prop_assert_eq!(parts.len(), 3);
        let status = parsed.parts[parts[1] as usize].contents();
        prop_assert!(String::from_utf8_lossy(status).contains("Final-Recipient: rfc822; bob@b.test\r\n"));
    }
}
