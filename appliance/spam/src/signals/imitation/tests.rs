use crate::made::{said_by, strength};

use super::*;

fn mail(from: &str, subject: &str, html: &str) -> String {
    format!(
        "From: {from}\r\nTo: jane@example.com\r\nSubject: {subject}\r\nMIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<html><body>{html}</body></html>\r\n"
    )
}

fn said(from: &str, subject: &str, html: &str, signal: &Signal) -> f32 {
    strength(&said_by(look, &mail(from, subject, html)), signal.name)
}

const STRANGE: &str = "<a href=\"https://evil.example/x\">Open</a>";

#[test]
fn a_brand_as_the_senders_name_is_said_unless_it_is_the_brand() {
    let see = |from: &str| said(from, "x", "", &NAME);
    for from in [
        "PayPal <service@evil.example>",
        "\"PayPal Support\" <paypal@gmail.com>",
        "\"Apple Support\" <x@evil.example>",
        "\"Micr0soft\" <x@evil.example>",
        "\"DHL Express\" <x@evil.example>",
        "Netflix <x@contoso.onmicrosoft.com>",
    ] {
        assert!(see(from) >= 0.6, "{from} {}", see(from));
    }
    for from in [
        "PayPal <service@paypal.com>",
        "\"PayPal\" <x@mail.paypal.de>",
        "\"Chase Miller\" <chase@evil.example>",
        "\"Amazon.com\" <ship-confirm@amazon.com>",
        "\"Jane Doe\" <jane@gmail.com>",
        "Google <no-reply@accounts.google.com>",
        "\"Orange County Library\" <x@evil.example>",
        "\"Über uns\" <x@evil.example>",
        "\"PayPal via DocuSign\" <dse@docusign.net>",
    ] {
        assert!(see(from) < 0.3, "{from} {}", see(from));
    }
}

#[test]
fn a_brand_in_front_of_the_at_is_said() {
    assert!(said("paypal.service@evil.example", "x", "", &LOCAL) >= 1.0);
    assert!(said("service@paypal.com", "x", "", &LOCAL) <= 0.0);
    assert!(said("paypal@paypal.com", "x", "", &LOCAL) <= 0.0);
}

#[test]
fn look_alike_senders_and_links_are_said() {
    assert!(said("x@paypal-secure.com", "x", "", &FROM) >= 1.0);
    assert!(said("x@paypal.com", "x", "", &FROM) <= 0.0);
    let link = |host: &str| format!("<a href=\"https://{host}/\">Open</a>");
    assert!(said("x@acme.com", "x", &link("paypal.com.login.evil.example"), &LINK) >= 1.0);
    assert!(said("x@acme.com", "x", &link("paypal-login.web.app"), &LINK) >= 1.0);
    assert!(said("x@acme.com", "x", &link("www.paypal.com"), &LINK) <= 0.0);
    let path = "<a href=\"https://evil.example/paypal/login.php\">Open</a>";
    assert!(said("x@acme.com", "x", path, &PATH) >= 1.0);
    let news = "<a href=\"https://news.example/paypal-raises-fees\">Open</a>";
    assert!(said("x@acme.com", "x", news, &PATH) <= 0.0);
}

#[test]
fn a_brand_in_subject_or_text_needs_a_strangers_link() {
    assert!(said("x@acme.com", "Your PayPal account", STRANGE, &SUBJECT) > 0.5);
    assert!(said("x@paypal.com", "Your PayPal account", STRANGE, &SUBJECT) <= 0.0);
    assert!(said("x@acme.com", "Your PayPal account", "no link", &SUBJECT) <= 0.0);
    let own = "<a href=\"https://www.acme.com/x\">Open</a>";
    assert!(said("x@acme.com", "Pay with PayPal", own, &SUBJECT) <= 0.0);
    let text = format!("<p>Your Netflix membership has ended</p>{STRANGE}");
    assert!(said("x@acme.com", "x", &text, &TEXT) > 0.3);
    let shop = format!("<p>We are on Facebook. Pay with PayPal.</p>{STRANGE}");
    assert!(said("x@acme.com", "x", &shop, &TEXT) <= 0.0);
}

#[test]
fn a_brands_signature_and_pictures_are_said() {
    let text = format!("<p>Hello</p>{STRANGE}<p>\u{a9} 2025 Microsoft Corporation</p>");
    assert!(said("x@acme.com", "x", &text, &CLAIM) > 0.5);
    assert!(said("x@microsoft.com", "x", &text, &CLAIM) <= 0.0);
    let logo =
        format!("<img src=\"https://www.paypalobjects.com/logo.png\"><p>PayPal</p>{STRANGE}");
    assert!(said("x@acme.com", "x", &logo, &PICTURE) > 0.5);
    assert!(said("x@paypal.com", "x", &logo, &PICTURE) <= 0.0);
}

#[test]
fn a_brands_address_with_strange_links_is_said_and_with_its_own_it_is_good() {
    assert!(said("x@paypal.com", "x", "<a href=\"https://a.r2.dev/x\">Open</a>", &STRAYS) > 0.8);
    let own = "<a href=\"https://www.paypal.com/x\">Open</a>";
    assert!(said("x@paypal.com", "x", own, &STRAYS) <= 0.0);
    assert!(said("x@paypal.com", "x", own, &TRUE) > 0.5);
    assert!(said("x@acme.com", "x", own, &TRUE) <= 0.0);
    assert!(said("x@gmail.com", "x", "<a href=\"https://www.google.com/\">x</a>", &TRUE) <= 0.0);
}

#[test]
fn a_domain_of_service_words_is_said() {
    assert!(said("x@account-verify.com", "x", "", &NAMELESS) >= 1.0);
    let link = "<a href=\"https://secure-login-portal.net/\">Open</a>";
    assert!(said("x@acme.com", "x", link, &NAMELESS) >= 1.0);
    assert!(said("x@acme-tools.com", "x", "", &NAMELESS) <= 0.0);
}
