//! YARA rules, from their text to their hits.

use std::sync::Arc;

use unpack::Origin;

use crate::trial::{found, hits_in, pack, scanner};
use crate::{Class, Pack, Scanner};

const RULES: &str = r#"
rule Plain : adware { strings: $a = "needle" condition: $a }
private rule Hidden { strings: $h = { 4D 5A ?? 90 } condition: $h at 0 }
rule UsesHidden { condition: Hidden and filesize < 1KB }
rule Kind { meta: category = "hacktool" strings: $r = /h[ae]llo\d{2,4}/ nocase condition: #r > 1 }
"#;

#[test]
fn rules_find_and_private_ones_are_not_told() {
    let mut scanner = scanner(&[("own.yar", RULES)]);
    assert_eq!(found(&mut scanner, b"a needle in hay"), ["YARA.Plain"]);
    assert_eq!(found(&mut scanner, b"MZ\x01\x90"), ["YARA.UsesHidden"]);
    assert_eq!(found(&mut scanner, b"HALLO12 hello345"), ["YARA.Kind"]);
    assert_eq!(found(&mut scanner, b"HALLO12"), [""; 0]);
}

#[test]
fn a_hit_says_its_line_its_class_and_its_places() {
    let mut scanner = scanner(&[("own.yar", RULES)]);
    let hit = &hits_in(&mut scanner, b"a needle", Origin::Part, "x", None)[0];
    assert_eq!(
        (hit.source.as_str(), hit.class),
        ("own.yar:2", Class::Grayware(mail::Grayware::Adware))
    );
    assert_eq!(hit.evidence, "$a at 2");
    let hit = &hits_in(&mut scanner, b"hallo11 hallo22", Origin::Part, "x", None)[0];
    assert_eq!(hit.class, Class::Grayware(mail::Grayware::HackingTool));
}

#[test]
fn a_bad_rule_and_one_that_needs_a_module_cost_no_other_rule() {
    let text = "import \"pe\"\nrule Needs { condition: pe.is_dll() }\nrule Bad { condition: nothing }\nrule Good { strings: $a = \"good\" condition: $a }";
    let (pack, report) = pack(&[("own.yar", text)]);
    assert_eq!((report.problems.len(), report.problems[0].line), (1, 3), "{:?}", report.problems);
    assert_eq!(report.unsupported.values().sum::<u64>(), 1, "{:?}", report.unsupported);
    assert_eq!(found(&mut Scanner::new(pack).unwrap(), b"very good"), ["YARA.Good"]);
}

#[test]
fn rules_of_one_name_in_two_sources_are_two() {
    let rule = |text: &str| format!("rule Same {{ strings: $a = \"{text}\" condition: $a }}");
    let mut scanner = scanner(&[("a.yar", &rule("one1")), ("b.yar", &rule("two2"))]);
    let sources =
        |hits: Vec<crate::Hit>| hits.into_iter().map(|hit| hit.source).collect::<Vec<_>>();
    assert_eq!(sources(hits_in(&mut scanner, b"two2", Origin::Part, "x", None)), ["b.yar:1"]);
    assert_eq!(sources(hits_in(&mut scanner, b"one1", Origin::Part, "x", None)), ["a.yar:1"]);
}

#[test]
fn ignored_rules_are_left_out() {
    let mut scanner = scanner(&[("own.yar", RULES), ("local.ign2", "YARA.Plain")]);
    assert_eq!(found(&mut scanner, b"a needle in hay"), [""; 0]);
}

#[test]
fn a_used_scanner_finds_what_a_fresh_one_finds() {
    let inputs: Vec<Vec<u8>> = (0..40_u8)
        .map(|n| {
            [b"needle hallo12 hello3456 MZ\x01\x90".repeat(usize::from(n % 3)), vec![n; 50]]
                .concat()
        })
        .collect();
    let mut used = scanner(&[("own.yar", RULES)]);
    for input in &inputs {
        let mut fresh = scanner(&[("own.yar", RULES)]);
        assert_eq!(found(&mut used, input), found(&mut fresh, input));
    }
}

#[test]
fn damaged_rules_are_refused_before_anything_reads_them() {
    let (good, _) = pack(&[("own.yar", RULES)]);
    let section = good.section(super::SECTION).to_vec();
    for at in (0..section.len()).step_by(97) {
        let mut bad = section.clone();
        bad[at] ^= 1;
        let mut writer = crate::Writer::default();
        writer.section(super::SECTION, bad);
        let pack = Pack::open(Arc::new(writer.finish().unwrap())).unwrap();
        assert!(Scanner::new(pack).is_err(), "octet {at}");
    }
}
