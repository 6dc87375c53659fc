use super::*;
use crate::made;

fn said(raw: &str, name: &str) -> f32 {
    made::strength(&made::said_by(look, raw), name)
}

#[test]
fn bulk_mail_is_told_by_fields_that_may_be_missing_and_words_in_many_languages() {
    let html =
        |text: &str| format!("Content-Type: text/html; charset=utf-8\r\n\r\n<p>{text}</p>\r\n");
    for (name, raw) in [
        ("list-unsubscribe-field", "List-Unsubscribe: <mailto:a@example.org>\r\n\r\nx".to_owned()),
        ("bulk-service", "Feedback-ID: 1:2:3\r\n\r\nx".into()),
        ("unsubscribe-words", html("Click to unsubscribe from our news")),
        ("unsubscribe-words", html("Newsletter abbestellen")),
        ("unsubscribe-words", html("Se désabonner")),
        ("unsubscribe-words", html("配信停止はこちら")),
        ("unsubscribe-words", html("Отписаться от рассылки")),
        ("view-online-words", html("View this email in your browser")),
        ("why-sent-words", html("Sie erhalten diese E-Mail, weil Sie Kunde sind")),
        ("social-network-sender", "From: n@facebookmail.com\r\n\r\nx".into()),
        ("social-network-words", html("Ann wants to connect")),
        ("mailing-list-tag", "Subject: [rust-users] a\r\n\r\nx".into()),
        ("mailing-list-footer", "Subject: a\r\n\r\nx\r\n___\r\nUsers mailing list\r\nhttp://a.example/mailman/listinfo/users\r\n".into()),
        ("forum-words", html("Bob replied to your topic")),
        ("forum-sender", "From: n@github.com\r\n\r\nx".into()),
    ] {
        assert!(said(&raw, name) > 0.3, "{name}: {raw}");
    }
    let letter = "From: Ann <ann@example.org>\r\nSubject: Dinner [external]\r\n\r\nShall we meet on Friday?\r\n";
    assert!(made::said_by(look, letter).is_empty(), "{:?}", made::said_by(look, letter));
}

const ANSWER: &str = "From: Ann <ann@example.org>\r\nSubject: Re: plan\r\nIn-Reply-To: <1@example.com>\r\n\r\n\
    Yes.\r\n\r\nAm 13.05.2024 um 10:00 schrieb Bob:\r\n> Shall we?\r\n> Bob\r\n";

#[test]
fn an_answer_that_shows_what_it_answers_is_a_conversation() {
    assert!(said(ANSWER, "conversation") > 0.9 && said(ANSWER, "thread-fields") > 0.9);
    let outlook = "Subject: AW: plan\r\nReferences: <1@example.com>\r\n\r\nJa.\r\n\r\nVon: Bob\r\nGesendet: Montag\r\nAn: Ann\r\nBetreff: plan\r\n\r\nGeht das?\r\n";
    assert!(said(outlook, "conversation") > 0.9);
}

#[test]
fn a_pretended_answer_is_no_full_conversation() {
    let raw = "Subject: RE: invoice\r\n\r\nPlease pay.\r\n\r\n-----Original Message-----\r\nplease send it\r\n";
    assert!(said(raw, "conversation") < 0.3);
    let raw = "Subject: RE: invoice\r\n\r\nPlease pay today: http://a.example/\r\n";
    assert!(said(raw, "conversation") < 0.01);
}

#[test]
fn answers_line_by_line_patches_signatures_and_reports_are_seen() {
    let inline = "Subject: Re: a\r\nReferences: <1@a.example>\r\n\r\nBob wrote:\r\n> one\r\nyes\r\n> two\r\nno\r\n> three\r\nok\r\n-- \r\nAnn\r\n";
    assert!(said(inline, "answers-between-quotes") > 0.9 && said(inline, "signature-block") > 0.9);
    let patch = "Subject: [PATCH] a\r\n\r\ndiff --git a/x b/x\r\n--- a/x\r\n+++ b/x\r\n@@ -1 +1 @@\r\n-int a;\r\n+int b;\r\n";
    assert!(said(patch, "code-or-patch") > 0.3);
    let cron = "Subject: Cron <root@web1> /usr/bin/backup\r\n\r\n12 files\r\n";
    assert!(said(cron, "machine-report") > 0.9);
    let signed = "Content-Type: multipart/signed; boundary=a; protocol=\"application/pgp-signature\"\r\n\r\n--a\r\n\r\nx\r\n--a--\r\n";
    assert!(said(signed, "signed-mail") > 0.9);
}

#[test]
fn links_to_the_sender_and_a_footer_speak_for_bulk_mail() {
    let mail = |host: &str| {
        let links: String =
            (0..4).map(|n| format!("<a href='https://www.{host}/{n}'>n</a>")).collect();
        format!(
            "From: a@news.shop.example\r\nContent-Type: text/html\r\n\r\n{links}<p>Unsubscribe. Privacy policy</p>"
        )
    };
    assert!(said(&mail("shop.example"), "own-links-and-footer") > 0.9);
    assert!(said(&mail("other.example"), "own-links-and-footer") < 0.01);
}
