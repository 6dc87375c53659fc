use crate::made::{said_by, strength};

use super::*;

fn mail(from: &str, html: &str) -> String {
    format!(
        "From: {from}\r\nTo: jane.doe@example.com\r\nSubject: x\r\nMIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<html><body>{html}</body></html>\r\n"
    )
}

fn said(from: &str, html: &str, signal: &Signal) -> f32 {
    strength(&said_by(look, &mail(from, html)), signal.name)
}

fn linked(target: &str, words: &str) -> String {
    format!("<p>Hello</p><a href=\"{target}\">{words}</a>")
}

#[test]
fn text_that_shows_another_place_is_said_and_trackers_are_not() {
    let see =
        |target: &str, words: &str| said("x@acme.com", &linked(target, words), &TEXT_ELSEWHERE);
    assert!(see("https://a1.r2.dev/x", "https://www.paypal.com/signin") >= 1.0);
    assert!(see("https://evil.example/x", "www.paypal.com") >= 1.0);
    assert!(see("https://u1.ct.sendgrid.net/ls?x", "www.acme.com") <= 0.0);
    assert!(see("https://click.acme.com/x", "www.partner.org") <= 0.0);
    assert!(see("https://www.acme.com/x", "acme.com") <= 0.0);
    assert!(see("https://evil.example/x", "click here. now") <= 0.0);
    assert!(see("https://evil.example/x", "setup.py") <= 0.0);
}

#[test]
fn numbers_and_disguises_are_said() {
    assert!(said("x@acme.com", &linked("http://203.0.113.7/x", "go"), &NUMBER) >= 1.0);
    assert!(said("x@acme.com", &linked("http://192.168.1.1/", "go"), &NUMBER) < 0.2);
    assert!(said("x@acme.com", &linked("http://3405803783/x", "go"), &ODD_NUMBER) >= 1.0);
    assert!(
        said("x@acme.com", &linked("http://paypal.com@evil.example/", "go"), &USER_INFO) >= 1.0
    );
    assert!(said("x@acme.com", &linked("http://%65vil.example/", "go"), &DISGUISED) >= 1.0);
    assert!(said("x@acme.com", &linked("https://xn--pypal-4ve.com/", "go"), &PUNYCODE) >= 1.0);
    assert!(said("x@acme.com", &linked("https://m\u{fc}nchen.example/", "go"), &PUNYCODE) < 0.2);
    for signal in [&NUMBER, &ODD_NUMBER, &USER_INFO, &DISGUISED, &PUNYCODE, &DEFANGED] {
        assert!(said("x@acme.com", &linked("https://www.acme.com/a", "go"), signal) <= 0.0);
    }
}

#[test]
fn hosting_for_anybody_is_said_and_the_senders_own_place_is_not() {
    let bucket = linked("https://storage.googleapis.com/b/x.html", "Open");
    assert!(said("x@acme.com", &bucket, &HOSTED_ONLY) >= 0.9);
    assert!(said("x@acme.com", &bucket, &HOSTED) >= 0.8);
    let both = format!("{bucket}{}", linked("https://www.acme.com/", "Acme"));
    assert!(said("x@acme.com", &both, &HOSTED_ONLY) <= 0.0);
    assert!(said("x@acme.com", &linked("https://www.acme.com/", "Acme"), &HOSTED) <= 0.0);
    assert!(said("x@acme.com", &linked("https://www.acme.com/", "Acme"), &OWN_ONLY) >= 1.0);
    assert!(said("x@acme.com", &linked("https://bit.ly/3x", "Open"), &SHORT_ONLY) >= 1.0);
}

#[test]
fn redirection_to_a_stranger_is_said_and_scanners_of_mail_are_not() {
    let google = linked("https://www.google.com/url?q=https://evil.example/x", "Open");
    assert!(said("x@acme.com", &google, &REDIRECTED) >= 0.6);
    let safe = linked(
        "https://x.safelinks.protection.outlook.com/?url=https%3A%2F%2Fshop.example%2F",
        "Open",
    );
    assert!(said("x@acme.com", &safe, &REDIRECTED) <= 0.0);
    let own = linked("https://www.google.com/url?q=https://www.acme.com/x", "Open");
    assert!(said("x@acme.com", &own, &REDIRECTED) <= 0.0);
    let twice = linked(
        "https://a.example/?url=https%3A%2F%2Fb.example%2F%3Furl%3Dhttps%253A%252F%252Fevil.example",
        "x",
    );
    assert!(said("x@acme.com", &twice, &HOPS) > 0.5);
}

#[test]
fn the_recipients_address_is_found_plain_and_covered() {
    let see = |target: &str, signal| said("x@acme.com", &linked(target, "Open"), signal);
    assert!(see("https://evil.example/#jane.doe@example.com", &RECIPIENT_FRAGMENT) > 0.5);
    assert!(see("https://evil.example/#amFuZS5kb2VAZXhhbXBsZS5jb20=", &RECIPIENT_FRAGMENT) > 0.5);
    assert!(see("https://evil.example/login?email=jane.doe%40example.com", &RECIPIENT) > 0.5);
    assert!(
        see("https://evil.example/unsubscribe?email=jane.doe%40example.com", &RECIPIENT) <= 0.0
    );
    assert!(see("https://www.acme.com/reset?email=jane.doe%40example.com", &RECIPIENT) < 0.2);
    assert!(see("https://evil.example/#section", &RECIPIENT_FRAGMENT) <= 0.0);
}

#[test]
fn strange_places_are_described() {
    let see = |target: &str, signal| said("x@acme.com", &linked(target, "Open"), signal);
    assert!(see("https://evil.example/webmail/login.php", &LOGIN_WORDS) >= 0.8);
    assert!(see("https://www.acme.com/webmail/login.php", &LOGIN_WORDS) <= 0.0);
    assert!(see("https://victim.example/wp-includes/x/", &HACKED_PATH) >= 1.0);
    assert!(see("https://victim.example/wp-content/uploads/menu.pdf", &HACKED_PATH) <= 0.0);
    assert!(see("https://x.example/.well-known/x/", &HACKED_PATH) >= 1.0);
    assert!(see("https://win.prize.top/x", &CHEAP_TOP) >= 1.0);
    assert!(see("https://prize.example/x", &CHEAP_TOP) <= 0.0);
    assert!(see("https://evil.example:8081/x", &ODD_PORT) >= 1.0);
    assert!(see("https://x7k2p9qw4z.example/x", &RANDOM_HOST) >= 0.5);
    assert!(see("https://a.b.c.d.e.f.example/x", &DEEP_HOST) >= 1.0);
    assert!(see("https://wa.me/15550100", &CHAT) >= 1.0);
    assert!(see("data:text/html;base64,AAAA", &DATA) >= 1.0);
}

#[test]
fn one_stranger_is_said_and_asides_do_not_count() {
    let html = linked("https://evil.example/x", "Open");
    assert!(said("x@acme.com", &html, &ONE_STRANGER) >= 1.0);
    let aside = linked("https://evil.example/x", "Unsubscribe");
    assert!(said("x@acme.com", &aside, &ONE_STRANGER) <= 0.0);
}

#[test]
fn a_form_to_a_stranger_is_said() {
    let form = |target: &str| format!("<form action=\"{target}\"><input type=password></form>");
    assert!(said("x@acme.com", &form("https://evil.example/p"), &FORM_ELSEWHERE) > 0.5);
    assert!(said("x@acme.com", &form("https://www.acme.com/p"), &FORM_ELSEWHERE) <= 0.0);
}

#[test]
fn answers_that_go_elsewhere_are_said() {
    let see = |text: &str, signal| said("office@acme.com", text, signal);
    assert!(see("<p>Write to barrister.smith@gmail.com</p>", &answer::ELSEWHERE) >= 1.0);
    assert!(see("<p>Write to the.office@gmail.com</p>", &answer::ELSEWHERE) <= 0.0);
    assert!(see("<p>Write to sales@acme.com</p>", &answer::ELSEWHERE) <= 0.0);
    assert!(see("<p>Call +1 (808) 555-0100 now</p>", &answer::CALLBACK) >= 1.0);
    assert!(see("<p>Total 1,234.56 on 2024-01-01</p>", &answer::CALLBACK) <= 0.0);
}

#[test]
fn plain_text_shows_its_links_too() {
    let raw = "From: x@acme.com\r\nTo: y@example.com\r\n\r\nSee hxxps://evil[.]example/login and evil.example/a.\r\n";
    let said = said_by(look, raw);
    assert!(strength(&said, DEFANGED.name) >= 1.0);
    assert!(strength(&said, ONE_STRANGER.name) > 0.0);
}
