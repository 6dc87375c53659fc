use crate::made::{sighted_with, strength};
use crate::settings::Person;
use crate::sight::{Around, Authentication};

use super::*;

fn said(from: &str, to: &str, html: &str, around: Around<'_>, signal: &Signal) -> f32 {
    let raw = format!(
        "From: {from}\r\nTo: {to}\r\nSubject: x\r\nMIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<html><body>{html}</body></html>\r\n"
    );
    sighted_with(raw.as_bytes(), &[], around, |sight| {
        let mut say = Say::default();
        look(sight, &mut say);
        strength(&say.into_list(), signal.name)
    })
}

fn to_acme(from: &str, html: &str, signal: &Signal) -> f32 {
    said(from, "jane@acmetools.com", html, Around::default(), signal)
}

#[test]
fn a_persons_name_from_another_address_is_said() {
    let persons = [Person {
        name: "J\u{fc}rgen M. K\u{f6}hler".to_owned(),
        variants: Vec::new(),
        addresses: vec!["jk@acmetools.com".parse().unwrap()],
    }];
    let own = ["acmetools.com".to_owned()];
    let around = Around { persons: &persons, own_domains: &own, ..Around::default() };
    let see = |from: &str| said(from, "jane@acmetools.com", "x", around, &PERSON);
    for from in [
        "=?utf-8?Q?J=C3=BCrgen_K=C3=B6hler?= <ceo.office@gmail.com>",
        "\"Kohler, Jurgen\" <x@evil.example>",
        "\"Dr. Jurgen Kohler\" <x@evil.example>",
        "\"Jurgen Kohler (CEO)\" <x@evil.example>",
        "\"JurgenKohler\" <x@evil.example>",
    ] {
        assert!(see(from) >= 0.7, "{from} {}", see(from));
    }
    for from in [
        "\"Jurgen Kohler\" <JK@acmetools.com>",
        "\"Jurgen Meier\" <x@evil.example>",
        "\"Jurgen\" <x@evil.example>",
        "x@evil.example",
    ] {
        assert!(see(from) <= 0.0, "{from}");
    }
    assert!(see("\"Jurgen Kohler\" <j.kohler@acmetools.com>") < 0.2);
}

#[test]
fn domains_that_look_like_the_owners_are_said() {
    let own = ["acmetools.com".to_owned()];
    let around = Around { own_domains: &own, ..Around::default() };
    let see = |from: &str| said(from, "jane@other.example", "x", around, &OWN_ALIKE);
    for from in [
        "x@acmet00ls.com",
        "x@acrnetools.com",
        "x@acmetols.com",
        "x@acme-tools.com",
        "x@acmetools-hr.com",
        "x@acmetools.top",
    ] {
        assert!(see(from) >= 0.6, "{from} {}", see(from));
    }
    for from in ["x@acmetools.com", "x@mail.acmetools.com", "x@partner.example", "x@acme.com"] {
        assert!(see(from) <= 0.0, "{from}");
    }
}

#[test]
fn an_own_domain_without_proof_is_said_only_where_proof_was_sought() {
    let own = ["acmetools.com".to_owned()];
    let see = |dmarc| {
        let authentication = Some(Authentication { dmarc, ..Authentication::default() });
        let around = Around { own_domains: &own, authentication, ..Around::default() };
        said("x@acmetools.com", "jane@acmetools.com", "x", around, &OWN_UNPROVEN)
    };
    assert!(see(Some(false)) >= 1.0 && see(None) > 0.0 && see(Some(true)) <= 0.0);
    let around = Around { own_domains: &own, ..Around::default() };
    assert!(said("x@acmetools.com", "jane@acmetools.com", "x", around, &OWN_UNPROVEN) <= 0.0);
}

#[test]
fn the_recipients_organisation_as_a_strangers_name_is_said() {
    for from in [
        "\"acmetools.com Support\" <x@evil.example>",
        "\"ACMETOOLS IT Helpdesk\" <x@evil.example>",
        "\"Acmetools HR\" <x@gmail.com>",
    ] {
        assert!(to_acme(from, "x", &ORGANISATION) >= 0.8, "{from}");
    }
    for from in [
        "\"Acmetools IT\" <it@acmetools.com>",
        "\"Acmetools Support\" <x@acmetools.helpdesk.example>",
        "\"Helpdesk\" <x@partner.example>",
        "\"Jane of Acmetools\" <x@partner.example>",
    ] {
        assert!(to_acme(from, "x", &ORGANISATION) <= 0.0, "{from}");
    }
    assert!(to_acme("\"boss@acmetools.com\" <x@evil.example>", "x", &ADDRESS_IN_NAME) >= 1.0);
    assert!(to_acme("\"boss@acmetools.com\" <boss@acmetools.com>", "x", &ADDRESS_IN_NAME) <= 0.0);
}

#[test]
fn a_sender_that_looks_like_the_recipient_is_said() {
    assert!(to_acme("x@acmet00ls.com", "x", &RECIPIENT_ALIKE) >= 0.9);
    assert!(to_acme("x@acmetools.de", "x", &RECIPIENT_ALIKE) < 0.3);
    assert!(to_acme("x@acmetools.com", "x", &RECIPIENT_ALIKE) <= 0.0);
    let free = said("x@gmail.com", "jane@gmall.com", "x", Around::default(), &RECIPIENT_ALIKE);
    assert!(free <= 0.0);
}

#[test]
fn the_recipients_domain_in_a_strangers_link_is_said() {
    let link = |host: &str| format!("<a href=\"https://{host}/x\">Open</a>");
    for host in ["acmetools.com.evil.example", "acmetools-com.web.app"] {
        assert!(to_acme("x@evil.example", &link(host), &DOMAIN_IN_LINK) >= 1.0, "{host}");
    }
    assert!(to_acme("x@evil.example", &link("www.acmetools.com"), &DOMAIN_IN_LINK) <= 0.0);
    let text = |host: &str| format!("<p>acmetools.com: your password ends today</p>{}", link(host));
    assert!(to_acme("x@acme.example", &text("evil.example"), &DOMAIN_IN_TEXT) > 0.8);
    assert!(to_acme("x@acme.example", &text("www.acme.example"), &DOMAIN_IN_TEXT) <= 0.0);
    let address = format!("<p>sent to jane@acmetools.com</p>{}", link("evil.example"));
    assert!(to_acme("x@acme.example", &address, &DOMAIN_IN_TEXT) <= 0.0);
}
