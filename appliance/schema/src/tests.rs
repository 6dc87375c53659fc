//! The tree, patches, documents and the manual, on a small declared tree.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::{
    Change, DocumentError, DomainPattern, EXPORT_FORMAT, Extent, Manner, Network, Patch, Problem,
    Section as _, Sections, Touches, Tree, diff, export, import, manual, section,
};

crate::choice! {
    /// How strict.
    pub enum Strictness {
        /// Not at all.
        Lax = "lax",
        /// Very.
        Strict = "strict",
    }
}

crate::table! {
    /// One area.
    pub struct Area {
        /// Its name.
        pub name: String = String::new(), in 1..=20,
        /// Days kept.
        pub days_kept: u32 = 15, in 1..=3650,
        /// Its key.
        pub key: Option<String> = None, secret,
    }
}

crate::table! {
    /// A pair of limits.
    pub struct Limits {
        /// Soft.
        pub soft: u32 = 1, in 0..=100,
        /// Hard.
        pub hard: u32 = 2, in 0..=100,
    }
}

crate::settings! {
    /// How mail
    /// is accepted.
    ///
    /// Second paragraph.
    pub struct Receiving = "receiving", touches Live, checked by check_receiving {
        /// Largest message.
        pub maximum_message_bytes: u64 = 52_428_800, in 0..=4_294_967_295,
        /// Ours.
        pub relay_domains: Vec<DomainPattern> = DomainPattern::list(&["example.test"]),
        /// May send.
        pub permitted_senders: Vec<Network> = Network::list(&["127.0.0.0/8", "::1"]),
        /// Strictness.
        pub strictness: Strictness = Strictness::Lax,
        /// Its port.
        pub port: u16 = 25, in 1..=65_535, touches Restart("intake"),
        /// Limits; their defaults differ from the table's own.
        pub limits: Limits = Limits { soft: 5, hard: 10 },
        /// Idle.
        pub idle_seconds: u64 = 300,
    }
}

crate::settings! {
    /// Where mail is held.
    pub struct Quarantine = "quarantine", touches Restart("vault") {
        /// Areas.
        pub areas: Vec<Area> = vec![Area { name: "Spam".into(), days_kept: 15, key: None }], in 1..=3,
        /// The password.
        pub password: Option<String> = None, secret,
        /// Text put on top.
        pub notice: String = String::new(), in 0..=100, multiline,
        /// Named like a word of the language.
        pub r#match: bool = true,
        /// Who is told.
        pub tell: Option<mail::Address> = None,
    }
}

fn check_receiving(settings: &Receiving) -> Vec<Problem> {
    if settings.limits.soft <= settings.limits.hard {
        return Vec::new();
    }
    vec![Problem::new("limits.soft", "Soft is above hard.", "Lower it.")]
}

fn tree() -> Tree {
    Tree::new().with::<Receiving>().with::<Quarantine>()
}

fn sparse(value: Value) -> Sections {
    let (sparse, problems) = tree().read(&value);
    assert_eq!(problems, []);
    sparse
}

fn problems(value: Value) -> Vec<String> {
    tree().check(&value).iter().map(ToString::to_string).collect()
}

fn set(path: &str, value: Value) -> Change {
    Change::Set { path: path.into(), value }
}

fn apply(changes: Vec<Change>) -> Result<Sections, Vec<Problem>> {
    Patch::new(changes).apply(&tree(), &Sections::new())
}

#[test]
fn a_declaration_carries_help_kind_default_and_what_it_touches() {
    let section = Receiving::describe();
    assert_eq!(section.help, "How mail is accepted.\n\nSecond paragraph.");
    let tree = tree();
    let port = tree.fields().find(|listed| listed.path == "receiving.port").unwrap();
    assert_eq!(port.touches, Touches::Restart("intake"));
    assert_eq!(port.field.default, json!(25));
    assert_eq!(port.field.kind.words(), "a whole number from 1 to 65535");
    let size = tree.kind("receiving.maximum_message_bytes").unwrap();
    assert_eq!(size.words(), "a size from 0B to 4294967295B");
    assert!(tree.kind("quarantine.match").is_ok());
}

#[test]
fn sound_declarations_have_no_faults() {
    assert_eq!(tree().faults(), []);
}

#[test]
fn a_default_that_does_not_fit_is_a_fault() {
    crate::settings! {
        /// Bad.
        pub struct Bad = "bad", touches System("network") {
            pub many: u32 = 9, in 1..=3,
        }
    }
    let faults = Tree::new().with::<Bad>().with::<Bad>().faults();
    let sentences: Vec<&str> = faults.iter().map(|fault| fault.sentence.as_str()).collect();
    assert!(sentences.contains(&"9 does not fit here."), "{sentences:?}");
    assert!(sentences.contains(&"Declared twice."), "{sentences:?}");
    assert!(sentences.contains(&"Has no help."), "{sentences:?}");
}

#[test]
fn typed_sections_fill_up_with_defaults_and_overlook_what_a_newer_build_added() {
    let empty = Sections::new();
    assert_eq!(section::<Receiving>(&empty).unwrap(), Receiving::default());
    let Value::Object(newer) = json!({"receiving": {"port": 26, "from_the_future": 1}}) else {
        panic!()
    };
    assert_eq!(section::<Receiving>(&newer).unwrap().port, 26);
    let Value::Object(wrong) = json!({"receiving": {"port": "x"}}) else { panic!() };
    assert_eq!(
        section::<Receiving>(&wrong).unwrap_err().to_string(),
        "the settings section receiving cannot be read"
    );
}

#[test]
fn a_value_is_stored_sparse_and_in_normal_form() {
    let kept = sparse(json!({
        "receiving": {
            "port": 25,
            "relay_domains": ["*.EXAMPLE.test"],
            "permitted_senders": ["10.0.0.0:255.0.0.0"],
            "limits": {"soft": 7, "hard": 10},
        },
        "quarantine": {"areas": [{"name": "Spam"}]},
    }));
    assert_eq!(
        Value::Object(kept),
        json!({"receiving": {
            "relay_domains": ["*.example.test"],
            "permitted_senders": ["10.0.0.0/8"],
            "limits": {"soft": 7},
        }})
    );
}

#[test]
fn a_full_value_has_every_field_and_nested_defaults_come_from_the_field() {
    let full = Value::Object(tree().full(&sparse(json!({"receiving": {"limits": {"soft": 7}}}))));
    assert_eq!(full["receiving"]["limits"], json!({"soft": 7, "hard": 10}));
    assert_eq!(
        full["quarantine"]["areas"],
        json!([{"name": "Spam", "days_kept": 15, "key": null}])
    );
}

#[test]
fn unknown_names_are_problems_with_the_nearest_name() {
    assert_eq!(
        problems(json!({"recieving": {}})),
        ["recieving: There is no section called \"recieving\". Did you mean \"receiving\"?"]
    );
    let found = problems(json!({"quarantine": {"areas": [{"name": "A", "day_kept": 3}]}}));
    assert_eq!(
        found,
        [
            "quarantine.areas.0.day_kept: There is no field called \"day_kept\". Did you mean \"days_kept\"?"
        ]
    );
    assert!(
        problems(json!({"receiving": {"colour": 1}}))[0]
            .contains("Known here: maximum_message_bytes")
    );
}

#[test]
fn every_kind_refuses_what_does_not_fit() {
    for bad in [
        json!([]),
        json!({"receiving": 1}),
        json!({"receiving": {"port": 0}}),
        json!({"receiving": {"port": 70000}}),
        json!({"receiving": {"port": "25"}}),
        json!({"receiving": {"port": 2.5}}),
        json!({"receiving": {"port": null}}),
        json!({"receiving": {"relay_domains": "a.test"}}),
        json!({"receiving": {"relay_domains": ["*"]}}),
        json!({"receiving": {"relay_domains": [1]}}),
        json!({"receiving": {"permitted_senders": ["10.0.0.1/8"]}}),
        json!({"receiving": {"strictness": "medium"}}),
        json!({"receiving": {"limits": []}}),
        json!({"receiving": {"limits": {"soft": 101}}}),
        json!({"quarantine": {"areas": []}}),
        json!({"quarantine": {"areas": [{}]}}),
        json!({"quarantine": {"areas": [{"name": "x".repeat(21)}]}}),
        json!({"quarantine": {"areas": [{"name": "A\r\nX: y"}]}}),
        json!({"quarantine": {"match": "yes"}}),
        json!({"quarantine": {"tell": "nobody"}}),
        json!({"quarantine": {"notice": "a\u{1b}"}}),
    ] {
        assert!(!problems(bad.clone()).is_empty(), "{bad}");
    }
    assert!(
        problems(json!({"quarantine": {"notice": "a\n\tb", "tell": "ann@example.test"}}))
            .is_empty()
    );
}

#[test]
fn a_section_is_checked_as_a_whole_once_its_fields_are_right() {
    assert_eq!(
        problems(json!({"receiving": {"limits": {"soft": 50}}})),
        ["receiving.limits.soft: Soft is above hard. Lower it."]
    );
}

#[test]
fn a_hostile_document_gets_a_bounded_number_of_problems() {
    let many: Sections = (0..5000).map(|n| (format!("s{n}"), json!({}))).collect();
    assert!(problems(Value::Object(many)).len() <= crate::limits::PROBLEMS);
    let entries: Vec<Value> = (0..5000).map(|_| json!("*")).collect();
    assert!(
        problems(json!({"receiving": {"relay_domains": entries}})).len() <= crate::limits::PROBLEMS
    );
}

#[test]
fn what_another_build_stored_is_adopted_field_by_field() {
    let Value::Object(stored) = json!({
        "receiving": {"port": 26, "gone": 1, "idle_seconds": "x", "maximum_message_bytes": 5},
        "dropped": {"a": 1},
    }) else {
        panic!()
    };
    let (kept, told) = tree().adopt(&stored);
    assert_eq!(Value::Object(kept), json!({"receiving": {"port": 26, "maximum_message_bytes": 5}}));
    let paths: Vec<&str> = told.iter().map(|problem| problem.path.as_str()).collect();
    assert_eq!(paths, ["receiving.gone", "receiving.idle_seconds", "dropped"]);
}

#[test]
fn an_adopted_section_whose_whole_does_not_fit_gets_its_defaults() {
    let Value::Object(stored) = json!({"receiving": {"limits": {"soft": 50}}}) else { panic!() };
    let (kept, told) = tree().adopt(&stored);
    assert!(kept.is_empty());
    assert_eq!(told.len(), 1);
}

#[test]
fn a_path_reaches_every_value_and_a_wrong_one_says_why() {
    let tree = tree();
    let full = Value::Object(tree.full(&Sections::new()));
    assert_eq!(tree.get(&full, "quarantine.areas.0.days_kept").unwrap(), &json!(15));
    assert_eq!(tree.get(&full, "").unwrap(), &full);
    for (path, sentence) in [
        ("quarantine.areas.first", "\"first\" is no place in a list."),
        ("quarantine.areas.7", "There is nothing at \"7\"."),
        ("receiving.port.x", "There is nothing below the value before \"x\"."),
        ("receiving.prot", "There is no field called \"prot\"."),
        ("receiving..port", "There is no field called \"\"."),
    ] {
        assert_eq!(tree.get(&full, path).unwrap_err().sentence, sentence);
    }
    let deep = vec!["a"; 1000].join(".");
    assert!(tree.get(&full, &deep).is_err());
}

#[test]
fn secrets_are_hidden_wherever_they_stand() {
    let kept = sparse(json!({"quarantine": {
        "password": "hunter2",
        "areas": [{"name": "A", "key": "hunter3"}, {"name": "B"}],
    }}));
    let shown = tree().without_secrets(&tree().full(&kept));
    assert!(!Value::Object(shown.clone()).to_string().contains("hunter"));
    assert_eq!(shown["quarantine"]["password"], "(secret)");
    assert_eq!(shown["quarantine"]["areas"][1]["key"], Value::Null);
    for (path, mut value) in [
        ("quarantine.password", json!("hunter2")),
        ("quarantine.areas", json!([{"name": "A", "key": "hunter3"}])),
        ("quarantine.areas.0", json!({"name": "A", "key": "hunter3"})),
        ("quarantine", json!({"password": "hunter2"})),
        ("", json!({"quarantine": {"password": "hunter2"}})),
        ("gone.since", json!("hunter4")),
    ] {
        tree().hide_secrets_at(path, &mut value);
        assert!(!value.to_string().contains("hunter"), "{path}: {value}");
    }
    assert!(tree().is_secret("quarantine.areas.0.key"));
    assert!(!tree().is_secret("quarantine.areas.0.name"));
}

#[test]
fn a_patch_sets_adds_removes_and_unsets() {
    let changed = apply(vec![
        set("receiving.port", json!(26)),
        set("receiving.limits.soft", json!(6)),
        Change::Add { path: "receiving.relay_domains".into(), value: json!("b.test") },
        Change::Add { path: "receiving.relay_domains".into(), value: json!("b.test") },
        Change::Remove { path: "receiving.relay_domains".into(), value: json!("example.test") },
        Change::Add { path: "quarantine.areas".into(), value: json!({"name": "Malware"}) },
        set("quarantine.areas.1.days_kept", json!(30)),
    ])
    .unwrap();
    assert_eq!(
        Value::Object(changed.clone()),
        json!({
            "receiving": {"relay_domains": ["b.test"], "port": 26, "limits": {"soft": 6}},
            "quarantine": {"areas": [
                {"name": "Spam", "days_kept": 15, "key": null},
                {"name": "Malware", "days_kept": 30, "key": null},
            ]},
        })
    );
    let undone = Patch::new(vec![
        Change::Unset { path: "receiving".into() },
        Change::Unset { path: "quarantine.areas.1".into() },
    ]);
    assert_eq!(undone.apply(&tree(), &changed).unwrap(), Sections::new());
}

#[test]
fn a_patch_that_does_not_fit_changes_nothing_and_names_every_problem() {
    let refused = apply(vec![set("receiving.port", json!(0)), set("quarantine.match", json!(3))])
        .unwrap_err();
    assert_eq!(refused.len(), 2);
    for bad in [
        set("receiving", json!({})),
        set("", json!({})),
        set("receiving.nothing", json!(1)),
        set("quarantine.areas.9.name", json!("x")),
        Change::Unset { path: "quarantine.areas.9".into() },
        Change::Unset { path: String::new() },
        Change::Add { path: "receiving.port".into(), value: json!(1) },
        Change::Remove { path: "receiving.relay_domains".into(), value: json!("no.test") },
    ] {
        assert!(apply(vec![bad.clone()]).is_err(), "{bad:?}");
    }
}

#[test]
fn the_last_value_given_to_a_field_is_the_one_kept() {
    let patch = Patch::new((1..=500).map(|port| set("receiving.port", json!(port))).collect());
    assert_eq!(patch.changes(), [set("receiving.port", json!(500))]);
    let taken = vec![Change::Unset { path: "quarantine.areas.0".into() }; 2];
    assert_eq!(Patch::new(taken).changes().len(), 2);
}

#[test]
fn an_export_holds_what_was_changed_in_declared_order_and_imports_as_the_same() {
    let kept = sparse(
        json!({"quarantine": {"notice": "x"}, "receiving": {"idle_seconds": 5, "port": 26}}),
    );
    let document = export(&tree(), &kept, Extent::Changed);
    assert_eq!(
        document,
        "{\n  \"format\": \"gatepost settings 1\",\n  \"settings\": {\n    \"receiving\": {\n      \
         \"port\": 26,\n      \"idle_seconds\": 5\n    },\n    \"quarantine\": {\n      \
         \"notice\": \"x\"\n    }\n  }\n}\n"
    );
    for extent in [Extent::Changed, Extent::All] {
        let document = export(&tree(), &kept, extent);
        assert_eq!(import(&tree(), &document, Manner::Replace, &Sections::new()).unwrap(), kept);
    }
}

#[test]
fn an_import_replaces_or_merges() {
    let live = sparse(json!({"receiving": {"port": 26, "idle_seconds": 5}}));
    let text = json!({"format": EXPORT_FORMAT, "settings": {"receiving": {"port": 25, "limits": {"soft": 6}}}});
    let replaced = import(&tree(), &text.to_string(), Manner::Replace, &live).unwrap();
    assert_eq!(Value::Object(replaced), json!({"receiving": {"limits": {"soft": 6}}}));
    let merged = import(&tree(), &text.to_string(), Manner::Merge, &live).unwrap();
    assert_eq!(
        Value::Object(merged),
        json!({"receiving": {"limits": {"soft": 6}, "idle_seconds": 5}})
    );
}

#[test]
fn a_document_that_is_no_export_is_refused_with_the_cause() {
    let import = |text: &str| import(&tree(), text, Manner::Replace, &Sections::new()).unwrap_err();
    assert!(matches!(import("{"), DocumentError::Syntax(_)));
    for other in
        ["[]", "{}", "{\"format\": 1}", "{\"format\": \"gatepost settings 2\", \"settings\": {}}"]
    {
        assert!(matches!(import(other), DocumentError::Format(_)), "{other}");
    }
    let typo = json!({"format": EXPORT_FORMAT, "setting": {}}).to_string();
    assert!(import(&typo).to_string().contains("did you mean \"settings\""));
    let bad = json!({"format": EXPORT_FORMAT, "settings": {"receiving": {"port": 0, "x": 1}}})
        .to_string();
    assert_eq!(import(&bad).into_problems().len(), 2);
    assert_eq!(import(&" ".repeat(crate::limits::DOCUMENT_OCTETS + 1)), DocumentError::TooLong);
    let nested = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(matches!(import(&nested), DocumentError::Syntax(_)));
}

#[test]
fn the_manual_names_every_field_with_its_default() {
    let page = manual(&tree());
    for listed in tree().fields() {
        assert!(page.contains(&format!("`{}`", listed.path)), "{}", listed.path);
    }
    assert!(page.contains("* Default: `50MiB`."));
    assert!(page.contains("### `receiving.limits`"));
    assert!(page.contains("#### `receiving.limits.soft`"));
    assert!(page.contains("`quarantine.areas.N.days_kept`"));
    assert!(page.contains("* `strict`: Very."));
    assert!(page.contains("takes effect when intake is restarted"));
}

/// JSON of any shape, with the tree's own names often in it.
fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<u32>().prop_map(Value::from),
        "[a-z.*@0-9/:]{0,12}".prop_map(Value::from),
    ];
    let name = prop_oneof![
        Just("receiving"),
        Just("quarantine"),
        Just("areas"),
        Just("name"),
        Just("port"),
        Just("limits"),
        Just("soft"),
        Just("relay_domains"),
        Just("password"),
        Just("other"),
    ];
    leaf.prop_recursive(5, 40, 5, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec((name.clone(), inner), 0..4)
                .prop_map(|fields| fields.into_iter().map(|(n, v)| (n.to_owned(), v)).collect()),
        ]
    })
}

proptest! {
    #[test]
    fn reading_never_fails_and_what_it_accepts_is_stable(value in any_value()) {
        let tree = tree();
        let (kept, problems) = tree.read(&value);
        if problems.is_empty() {
            let (again, none) = tree.read(&Value::Object(tree.full(&kept)));
            prop_assert!(none.is_empty());
            prop_assert_eq!(&again, &kept);
            prop_assert!(section::<Receiving>(&tree.full(&kept)).is_ok());
            prop_assert!(section::<Quarantine>(&tree.full(&kept)).is_ok());
        }
        if let Value::Object(stored) = &value {
            let (adopted, _) = tree.adopt(stored);
            prop_assert_eq!(tree.check(&Value::Object(adopted)), vec![]);
        }
    }

    #[test]
    fn what_differs_is_exactly_what_a_patch_set(port in 1u16..=65_535, soft in 0u32..=10) {
        let changed = apply(vec![
            set("receiving.port", json!(port)),
            set("receiving.limits.soft", json!(soft)),
        ]).unwrap();
        let before = Value::Object(tree().full(&Sections::new()));
        let after = Value::Object(tree().full(&changed));
        let paths: Vec<String> = diff(&before, &after).into_iter().map(|d| d.path).collect();
        let expected: Vec<&str> = [(port != 25, "receiving.port"), (soft != 5, "receiving.limits.soft")]
            .into_iter().filter(|(differs, _)| *differs).map(|(_, path)| path).collect();
        prop_assert_eq!(paths, expected);
    }
}
