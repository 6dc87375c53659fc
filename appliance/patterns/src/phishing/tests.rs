//! Rules on phishing, from their lines to their hits.

use crate::trial::{found_in_links, pack, scanner};

const SPOOFED: &str = "Heuristics.Phishing.Email.SpoofedDomain";

#[test]
fn a_link_that_shows_a_bank_and_leads_elsewhere_is_found() {
    let mut scanner = scanner(&[("a.pdb", "H:bank.example:17-")]);
    assert_eq!(
        found_in_links(&mut scanner, "http://evil.test/login\thttps://www.bank.example/"),
        [SPOOFED]
    );
    assert_eq!(found_in_links(&mut scanner, "http://evil.test/\twww.bank.example"), [SPOOFED]);
    for good in [
        "https://www.bank.example/\twww.bank.example",
        "https://mail.bank.example/\tbank.example",
        "http://evil.test/\tClick here",
        "http://evil.test/\twww.other.test",
        "http://evil.test/\twww.notbank.example",
    ] {
        assert_eq!(found_in_links(&mut scanner, good), [""; 0], "{good}");
    }
}

#[test]
fn a_pair_that_is_known_to_be_good_is_no_hit() {
    let mut scanner = scanner(&[
        ("a.pdb", "H:bank.example"),
        (
            "a.wdb",
            "M:mailer.test:www.bank.example\nX:.+\\.bank\\.(de|fr):.+\\.bank\\.example([/?].*)?:17-",
        ),
    ]);
    assert_eq!(
        found_in_links(&mut scanner, "http://click.mailer.test/x\twww.bank.example"),
        [""; 0]
    );
    assert_eq!(found_in_links(&mut scanner, "http://www.bank.de/\twww.bank.example"), [""; 0]);
    assert_eq!(found_in_links(&mut scanner, "http://www.bank.it/\twww.bank.example"), [SPOOFED]);
}

#[test]
fn expressions_see_both_sides_of_a_link() {
    let mut scanner = scanner(&[("a.pdb", r"R:.+\.ru:www\.shop\.(com|net)")]);
    assert_eq!(found_in_links(&mut scanner, "http://a.ru/\twww.shop.net"), [SPOOFED]);
    assert_eq!(found_in_links(&mut scanner, "http://a.se/\twww.shop.net"), [""; 0]);
}

#[test]
fn hashes_of_addresses_are_found_unless_they_are_allowed() {
    let hash = |key: &str| crate::hashes::hex(&crate::links::digest(key));
    let lines = format!(
        "S1:P:{}\nS1:F:{}\nS:F:{}",
        "00".repeat(4),
        hash("evil.test/a/"),
        hash("worse.test/")
    );
    let mut found = scanner(&[("a.gdb", &lines)]);
    assert_eq!(
        found_in_links(&mut found, "http://www.evil.test/a/b.html"),
        ["Heuristics.Phishing.URL.Blocked"]
    );
    assert_eq!(
        found_in_links(&mut found, "http://worse.test/"),
        ["Heuristics.Safebrowsing.Suspected-malware"]
    );
    assert_eq!(found_in_links(&mut found, "http://www.evil.test/b.html"), [""; 0]);
    let mut allowed =
        scanner(&[("a.gdb", &lines), ("local.gdb", &format!("S:W:{}", hash("evil.test/a/")))]);
    assert_eq!(found_in_links(&mut allowed, "http://www.evil.test/a/b.html"), [""; 0]);
}

#[test]
fn bad_lines_are_told_and_lines_for_other_engines_are_left_out() {
    let (_, report) = pack(&[
        ("a.pdb", "H\nH:nodots\nR:(:x\nQ:a.b\nH:new.example:9999-\nH:old.example:1-20"),
        ("a.wdb", "M:a.b\nX:(\nY:x.y\nZ:q"),
        ("a.gdb", "S1:F:00\nS3:F:00\nS1:nothing"),
    ]);
    assert_eq!(report.problems.len(), 10, "{:?}", report.problems);
    assert_eq!((report.other_level, report.unsupported.len()), (2, 1));
}

#[test]
fn a_suffix_under_which_names_are_sold_is_no_owner() {
    let mut scanner = scanner(&[("a.pdb", "H:bank.co.uk")]);
    assert_eq!(found_in_links(&mut scanner, "http://evil.co.uk/\twww.bank.co.uk"), [SPOOFED]);
    assert_eq!(found_in_links(&mut scanner, "http://a.bank.co.uk/\twww.bank.co.uk"), [""; 0]);
}
