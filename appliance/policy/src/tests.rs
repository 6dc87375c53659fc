//! Judging whole messages: rules, conditions and exceptions together.

use mail::{
    Amendment, Direction, EngineName, Fate, Finding, FindingKind, Findings, Grayware, Leaf,
    Properties, Unscannable, Verdict,
};

use crate::made::{envelope, file, found, infected};
use crate::{
    Action, Combine, Comparison, Condition, DEFAULT_RULE, Exceptions, GraywareClass, Group,
    Handling, Listing, MimeSource, Policy, Property, Question, RouteDirection, Rule, Rules,
    TypeFamily,
};

fn policy(change: impl FnOnce(&mut Rules)) -> Policy {
    let mut rules = Rules::default();
    change(&mut rules);
    Policy::compile(7, &rules, &Exceptions::default())
}

/// The default rules and these exceptions.
fn excepting(change: impl FnOnce(&mut Exceptions)) -> Policy {
    let mut exceptions = Exceptions::default();
    change(&mut exceptions);
    Policy::compile(7, &Rules::default(), &exceptions)
}

/// One rule of these conditions that quarantines, and no exception.
fn only(combine: Combine, conditions: Vec<Condition>) -> Policy {
    let rule = Rule { name: "only".into(), combine, conditions, ..Rule::default() };
    Policy::compile(7, &Rules { rules: vec![rule] }, &Exceptions::default())
}

fn holds(condition: Condition, findings: &Findings) -> bool {
    let verdict =
        only(Combine::All, vec![condition]).decide(&envelope(&["a@x.test"]), findings, None);
    verdict.steps[0].matched
}

fn judged(policy: &Policy, findings: &Findings) -> Verdict {
    policy.decide(&envelope(&["a@x.test"]), findings, None)
}

fn with(leaves: Vec<Leaf>) -> Findings {
    Findings { leaves, ..Findings::default() }
}

fn quarantined(area: &str) -> Fate {
    Fate::Quarantine { area: area.into() }
}

#[test]
fn clean_mail_is_delivered_by_default() {
    let verdict = judged(&policy(|_| {}), &Findings::default());
    assert_eq!(verdict.rulings.len(), 1);
    assert_eq!(verdict.rulings[0].fate, Fate::Deliver);
    assert_eq!(verdict.rulings[0].rule, DEFAULT_RULE);
    assert_eq!(verdict.steps.len(), 7);
    assert_eq!(verdict.revision, 7);
}

#[test]
fn malware_is_quarantined_with_name_and_place() {
    let verdict = judged(&policy(|_| {}), &infected());
    let ruling = &verdict.rulings[0];
    assert_eq!(ruling.fate, quarantined("Malware"));
    assert_eq!(ruling.because, "found EICAR-Test-File in 2");
}

#[test]
fn mass_mailers_vanish_and_other_threats_have_their_areas() {
    let other = FindingKind::Grayware(Grayware::Adware);
    for (kind, fate) in [
        (FindingKind::MassMailer, Fate::Discard),
        (FindingKind::Malware, quarantined("Malware")),
        (other, quarantined("Attachments")),
        (FindingKind::Phishing, quarantined("Phishing")),
        (FindingKind::Defect, Fate::Deliver),
    ] {
        assert_eq!(judged(&policy(|_| {}), &found(kind, "x")).rulings[0].fate, fate, "{kind:?}");
    }
}

#[test]
fn a_mass_mailer_is_malware_where_no_rule_tells_them_apart() {
    assert!(holds(Condition::of(Question::Malware), &found(FindingKind::MassMailer, "x")));
    assert!(!holds(Condition::of(Question::MassMailer), &infected()));
}

#[test]
fn heuristics_act_only_when_they_add_up() {
    let mut findings = found(FindingKind::Suspicious, "macro-downloads");
    findings.list[0].weight = 60;
    assert_eq!(judged(&policy(|_| {}), &findings).rulings[0].fate, Fate::Deliver);
    findings.list.push(findings.list[0].clone());
    let verdict = judged(&policy(|_| {}), &findings);
    assert_eq!(verdict.rulings[0].fate, quarantined("Attachments"));
    assert_eq!(
        verdict.rulings[0].because,
        "suspicion 84 % reaches 75 %: macro-downloads in 2, macro-downloads in 2"
    );
}

#[test]
fn what_the_owner_excepted_is_seen_by_no_rule() {
    let mut findings = infected();
    findings.list[0].excepted = Some("a false alarm".into());
    assert_eq!(judged(&policy(|_| {}), &findings).rulings[0].fate, Fate::Deliver);
    findings.list.extend(infected().list);
    assert_eq!(judged(&policy(|_| {}), &findings).rulings[0].fate, quarantined("Malware"));
}

#[test]
fn a_release_never_skips_the_malware_rule() {
    let envelope = envelope(&["a@x.test"]);
    let verdict = policy(|_| {}).decide(&envelope, &infected(), Some("Global antivirus"));
    assert_eq!(verdict.rulings[0].fate.word(), "quarantine");
    let spam = Findings { spam: mail::SpamJudgement::of(1.0), ..Findings::default() };
    let verdict = policy(|_| {}).decide(&envelope, &spam, Some("Spam"));
    assert_eq!(verdict.rulings[0].fate, Fate::Deliver);
}

#[test]
fn a_rule_is_for_unwanted_mail_when_nothing_else_can_be_its_reason() {
    let asks = |combine, whens: &[(Question, bool)]| {
        let condition = |(when, not): &(Question, bool)| Condition {
            when: *when,
            not: *not,
            ..Condition::default()
        };
        let policy = only(combine, whens.iter().map(condition).collect());
        policy.rules_for_unwanted_mail().next().is_some()
    };
    use Question::{Encrypted, Impostor, Malware, Phishing, Spam};
    for good in [Spam, Phishing, Impostor, Question::Graymail, Question::SpamClass] {
        assert!(asks(Combine::All, &[(good, false)]) && asks(Combine::Any, &[(good, false)]));
        assert!(!asks(Combine::All, &[(good, true)]) && !asks(Combine::Any, &[(good, true)]));
    }
    assert!(asks(Combine::All, &[(Spam, false), (Encrypted, false)]));
    assert!(!asks(Combine::Any, &[(Spam, false), (Encrypted, false)]));
    for combine in [Combine::All, Combine::Any] {
        assert!(!asks(combine, &[(Spam, false), (Malware, false)]));
        assert!(!asks(combine, &[(Encrypted, false)]) && !asks(combine, &[]));
    }
    let shipped = policy(|_| {});
    assert!(!shipped.is_for_unwanted_mail("no such rule"));
    assert!(shipped.rules_for_unwanted_mail().all(|rule| !rule.contains("alware")));
}

#[test]
fn a_probability_that_is_no_number_is_not_clean() {
    let findings = Findings { spam: mail::SpamJudgement::of(f64::NAN), ..Findings::default() };
    assert_eq!(judged(&policy(|_| {}), &findings).rulings[0].fate.word(), "quarantine");
    let bare = Policy::compile(1, &Rules { rules: Vec::new() }, &Exceptions::default());
    assert_eq!(judged(&bare, &findings).rulings[0].fate.word(), "quarantine");
}

#[test]
fn probable_spam_is_tagged_and_delivered_where_the_owner_wants_it() {
    let findings = Findings { spam: mail::SpamJudgement::of(0.6), ..Findings::default() };
    assert!(judged(&policy(|_| {}), &findings).rulings[0].amendments.is_empty());
    let verdict = judged(&policy(|rules| rules.rules[7].enabled = true), &findings);
    assert_eq!(verdict.rulings[0].fate, Fate::Deliver);
    let tag = Amendment::TagSubject { text: "[Spam]".into() };
    assert_eq!(verdict.rulings[0].amendments, [tag]);
}

#[test]
fn classes_of_unwanted_mail_have_their_ways_by_default() {
    use mail::SpamClass::{Impostor, Marketing, Phishing, Spam};
    let tag = |text: &str| vec![Amendment::TagSubject { text: text.into() }];
    for (class, probability, fate, amendments) in [
        (Phishing, 0.8, quarantined("Phishing"), vec![]),
        (Phishing, 0.6, Fate::Deliver, vec![]),
        (Spam, 0.8, quarantined("Spam"), vec![]),
        (Impostor, 0.8, quarantined("Spam"), vec![]),
        (Impostor, 0.6, Fate::Deliver, tag("[Possible impostor]")),
        (Marketing, 0.3, Fate::Deliver, vec![]),
    ] {
        let findings = crate::made::judged(Some(class), probability);
        let ruling = judged(&policy(|_| {}), &findings).rulings.remove(0);
        assert_eq!((ruling.fate, ruling.amendments), (fate, amendments), "{class:?} {probability}");
    }
}

#[test]
fn recipients_are_split_by_rule() {
    let policy = policy(|rules| {
        rules.rules[1].recipients = vec!["boss@*".into()];
        rules.rules[1].action = Action::Refuse;
    });
    let verdict =
        policy.decide(&envelope(&["a@x.test", "boss@x.test", "c@x.test"]), &infected(), None);
    assert_eq!(verdict.rulings.len(), 2);
    assert_eq!(verdict.rulings[0].recipients, [0, 2]);
    assert_eq!(verdict.rulings[1].recipients, [1]);
    assert!(matches!(&verdict.rulings[1].fate, Fate::Return { reply } if reply.code() == 550));
}

#[test]
fn an_observing_rule_only_leaves_a_trace() {
    let policy = policy(|rules| rules.rules[1].observe = true);
    let verdict = judged(&policy, &infected());
    assert_eq!(verdict.rulings[0].fate, Fate::Deliver);
    assert!(verdict.steps[1].because.contains("would have acted"));
}

#[test]
fn a_rule_for_outgoing_mail_leaves_incoming_alone() {
    let policy = policy(|rules| rules.rules[1].direction = RouteDirection::Outgoing);
    assert_eq!(judged(&policy, &infected()).rulings[0].fate, Fate::Deliver);
}

#[test]
fn all_any_and_not_go_together_as_they_read() {
    let malware = || Condition::of(Question::Malware);
    let phishing = || Condition::of(Question::Phishing);
    let not = |condition: Condition| Condition { not: true, ..condition };
    let acts =
        |combine, conditions| judged(&only(combine, conditions), &infected()).steps[0].matched;
    assert!(!acts(Combine::All, vec![malware(), phishing()]));
    assert!(acts(Combine::Any, vec![phishing(), malware()]));
    assert!(acts(Combine::All, vec![malware(), not(phishing())]));
    assert!(!acts(Combine::Any, vec![phishing(), not(malware())]));
    assert!(acts(Combine::All, vec![]) && acts(Combine::Any, vec![]));
    let step = &judged(&only(Combine::All, vec![malware(), not(phishing())]), &infected()).steps[0];
    assert_eq!(step.because, "found EICAR-Test-File in 2; no phishing was found");
}

#[test]
fn grayware_is_asked_by_class() {
    let findings = found(FindingKind::Grayware(Grayware::Dialer), "Dialer.X");
    let asked =
        |classes: Vec<GraywareClass>| Condition { classes, ..Condition::of(Question::Grayware) };
    assert!(holds(asked(vec![]), &findings));
    assert!(holds(asked(vec![GraywareClass::Adware, GraywareClass::Dialer]), &findings));
    assert!(!holds(asked(vec![GraywareClass::Adware]), &findings));
}

#[test]
fn kinds_of_findings_have_their_questions() {
    for (kind, question) in [
        (FindingKind::Phishing, Question::Phishing),
        (FindingKind::Encrypted, Question::Encrypted),
        (FindingKind::Broken, Question::Broken),
        (FindingKind::Limit, Question::Unscannable),
        (FindingKind::Unsupported, Question::Unscannable),
        (FindingKind::Ambiguous, Question::Ambiguous),
    ] {
        let condition = Condition::of(question);
        assert!(!holds(condition.clone(), &found(FindingKind::Defect, "x")), "{kind:?}");
        // Exceptions would take the message, so the question is asked alone.
        let mut exceptions = Exceptions::default();
        exceptions.ambiguous.action = Handling::None;
        let rules = Rules {
            rules: vec![Rule { name: "r".into(), conditions: vec![condition], ..Rule::default() }],
        };
        let policy = Policy::compile(1, &rules, &exceptions);
        assert!(judged(&policy, &found(kind, "x")).steps[0].matched, "{kind:?}");
    }
}

#[test]
fn names_are_asked_listed_and_all_but_listed_inside_and_outside() {
    let findings = with(vec![
        file("2/a.zip", "a.zip", &["zip"]),
        file("2/a.zip/Invoice.PDF.exe. ", "Invoice.PDF.exe. ", &[]),
    ]);
    let names = |list: &[&str]| Condition {
        names: list.iter().map(|one| (*one).to_owned()).collect(),
        ..Condition::of(Question::AttachmentName)
    };
    assert!(holds(names(&["*.exe"]), &findings));
    assert!(holds(names(&["invoice*"]), &findings));
    assert!(!holds(names(&["*.doc"]), &findings));
    assert!(!holds(Condition { inside_archives: false, ..names(&["*.exe"]) }, &findings));
    let but = |list: &[&str]| Condition { listing: Listing::AllButListed, ..names(list) };
    assert!(holds(but(&["*.zip"]), &findings));
    assert!(!holds(but(&["*.zip", "*.exe"]), &findings));
    assert!(!holds(Condition { inside_archives: false, ..but(&["*.zip"]) }, &findings));
}

#[test]
fn an_attachment_without_a_name_is_not_on_the_list() {
    let nameless = Leaf { mime: "application/pdf".into(), ..file("2", "", &[]) };
    let condition = Condition {
        listing: Listing::AllButListed,
        names: vec!["*".into()],
        ..Condition::of(Question::AttachmentName)
    };
    assert!(holds(condition.clone(), &with(vec![nameless])));
    let text = Leaf { mime: "text/plain".into(), ..file("1", "", &[]) };
    assert!(!holds(condition, &with(vec![text])), "the text of the message is no attachment");
}

#[test]
fn extensions_are_asked_by_group_and_by_own_list() {
    let findings = with(vec![file("2/a.SCR", "a.SCR", &[]), file("3/b.tar.gz", "b.tar.gz", &[])]);
    let asked = |groups: Vec<Group>, own: &[&str]| Condition {
        groups,
        extensions: own.iter().map(|one| (*one).to_owned()).collect(),
        ..Condition::of(Question::AttachmentExtension)
    };
    assert!(holds(asked(vec![Group::Executables], &[]), &findings));
    assert!(holds(asked(vec![Group::Archives], &[]), &findings));
    assert!(holds(asked(vec![], &["TAR.gz"]), &findings));
    assert!(!holds(asked(vec![Group::Office], &["tar"]), &findings));
    let but = Condition {
        listing: Listing::AllButListed,
        ..asked(vec![Group::Executables, Group::Archives], &[])
    };
    assert!(!holds(but, &findings));
}

#[test]
fn parts_of_documents_need_not_be_listed_but_are_found_when_they_are() {
    let Some(document) = filetype::FileType::all()
        .find(|kind| kind.family() == filetype::Family::Document)
        .map(filetype::FileType::name)
    else {
        return;
    };
    let findings = with(vec![
        file("2/a.docx", "a.docx", &[document]),
        file("2/a.docx/word/evil.exe", "word/evil.exe", &[]),
    ]);
    let condition = Condition {
        extensions: vec!["docx".into()],
        listing: Listing::AllButListed,
        ..Condition::of(Question::AttachmentExtension)
    };
    assert!(!holds(condition, &findings));
    let listed = Condition {
        groups: vec![Group::Executables],
        ..Condition::of(Question::AttachmentExtension)
    };
    assert!(holds(listed, &findings));
}

#[test]
fn declared_mime_types_match_with_wildcards() {
    let leaf = Leaf { mime: "image/x-icon".into(), ..file("2/a", "a", &[]) };
    let asked = |mime: &str, mime_source| Condition {
        mimes: vec![mime.into()],
        mime_source,
        ..Condition::of(Question::AttachmentMime)
    };
    let findings = with(vec![leaf]);
    assert!(holds(asked("image/*", MimeSource::Declared), &findings));
    assert!(holds(asked("IMAGE/x-icon", MimeSource::Either), &findings));
    assert!(!holds(asked("image/*", MimeSource::Detected), &findings));
    assert!(!holds(asked("video/*", MimeSource::Either), &findings));
}

#[test]
fn true_types_are_asked_by_name_and_family_and_every_type_counts() {
    let name = |family| filetype::FileType::all().find(|kind| kind.family() == family);
    let asked = |families: Vec<TypeFamily>| Condition {
        families,
        ..Condition::of(Question::AttachmentType)
    };
    let unknown = with(vec![file("2/a", "a", &[])]);
    assert!(holds(asked(vec![TypeFamily::Unknown]), &unknown));
    assert!(!holds(asked(vec![TypeFamily::Executable]), &unknown));
    let types = [filetype::Family::Image, filetype::Family::Executable].map(name);
    let [Some(image), Some(program)] = types else { return };
    let polyglot = with(vec![file("2/a.png", "a.png", &[image.name(), program.name()])]);
    assert!(holds(asked(vec![TypeFamily::Executable]), &polyglot));
    assert!(!holds(asked(vec![TypeFamily::Archive]), &polyglot));
    let single =
        Condition { types: vec![program.name().into()], ..Condition::of(Question::AttachmentType) };
    assert!(holds(single, &polyglot));
    let detected = Condition {
        mimes: vec!["image/*".into()],
        mime_source: MimeSource::Detected,
        ..Condition::of(Question::AttachmentMime)
    };
    assert_eq!(holds(detected, &polyglot), !image.mimes().is_empty());
}

#[test]
fn sizes_and_numbers_count_what_a_reader_counts() {
    let sized =
        |path: &str, size| Leaf { size, ..file(path, path.rsplit('/').next().unwrap(), &[]) };
    let text = Leaf { mime: "text/plain".into(), size: 10_000, ..file("1", "", &[]) };
    let findings = with(vec![
        text,
        sized("2/a.zip", 600),
        sized("2/a.zip/big", 90_000),
        sized("3/b", 700),
        sized("3~1/b", 650),
    ]);
    let size = |comparison, octets, sum| Condition {
        comparison,
        octets,
        sum,
        ..Condition::of(Question::AttachmentSize)
    };
    assert!(holds(size(Comparison::MoreThan, 699, false), &findings));
    assert!(!holds(size(Comparison::MoreThan, 700, false), &findings));
    assert!(holds(size(Comparison::LessThan, 601, false), &findings));
    assert!(holds(size(Comparison::Exactly, 1300, true), &findings));
    let number = |comparison, count| Condition {
        comparison,
        count,
        ..Condition::of(Question::AttachmentNumber)
    };
    assert!(holds(number(Comparison::Exactly, 2), &findings));
    assert!(holds(number(Comparison::Exactly, 0), &Findings::default()));
}

#[test]
fn pictures_in_the_text_are_counted_on_demand() {
    let picture = Leaf {
        mime: "image/png".into(),
        properties: Properties::INLINE,
        ..file("2/logo.png", "logo.png", &[])
    };
    let findings = with(vec![picture]);
    let number = |inline_pictures| Condition {
        comparison: Comparison::Exactly,
        count: 1,
        inline_pictures,
        ..Condition::of(Question::AttachmentNumber)
    };
    assert!(!holds(number(false), &findings));
    assert!(holds(number(true), &findings));
}

#[test]
fn properties_are_asked_one_by_one_or_together() {
    let leaf = Leaf { properties: Properties::AUTO_MACRO, ..file("2/a.doc", "a.doc", &[]) };
    let asked = |properties: Vec<Property>| Condition {
        properties,
        ..Condition::of(Question::AttachmentProperty)
    };
    let findings = with(vec![leaf]);
    assert!(holds(asked(vec![Property::Encrypted, Property::AutoMacro]), &findings));
    assert!(!holds(asked(vec![Property::Encrypted]), &findings));
    let condition = asked(vec![Property::Encrypted, Property::AutoMacro]);
    let verdict = judged(&only(Combine::All, vec![condition]), &findings);
    assert_eq!(verdict.steps[0].because, "auto_macro is true of 2/a.doc");
}

#[test]
fn envelope_size_and_recipients_can_be_asked() {
    let size = Condition { octets: 99, ..Condition::of(Question::MessageSize) };
    assert!(holds(size, &Findings::default()));
    let count = Condition { count: 1, ..Condition::of(Question::RecipientNumber) };
    assert!(!holds(count, &Findings::default()));
}

#[test]
fn unscannable_mail_is_held_although_no_rule_matches() {
    let findings = Findings::unscannable(Unscannable::KilledWorkers("SIGKILL".into()));
    let empty = Policy::compile(1, &Rules { rules: Vec::new() }, &Exceptions::default());
    let verdict = judged(&empty, &findings);
    assert_eq!(verdict.rulings[0].fate, quarantined("Unscannable"));
    assert_eq!(verdict.rulings[0].rule, "Exception: message could not be scanned");
    assert!(verdict.rulings[0].because.contains("SIGKILL"));
}

#[test]
fn a_rule_that_delivers_does_not_overrule_an_exception() {
    let policy = policy(|rules| {
        rules.rules =
            vec![Rule { name: "let all in".into(), action: Action::Deliver, ..Rule::default() }];
    });
    let broken = found(FindingKind::Broken, "a.zip");
    assert_eq!(judged(&policy, &broken).rulings[0].fate, quarantined("Unscannable"));
}

#[test]
fn what_a_rule_holds_or_refuses_stays_the_rules_unless_it_is_to_vanish() {
    let mut findings = infected();
    findings.list.extend(found(FindingKind::Broken, "a.zip").list);
    let ruling = judged(&policy(|_| {}), &findings).rulings.remove(0);
    assert_eq!((ruling.rule.as_str(), ruling.fate), ("Global antivirus", quarantined("Malware")));
    let discarding = excepting(|exceptions| exceptions.broken.action = Handling::Discard);
    let ruling = judged(&discarding, &findings).rulings.remove(0);
    assert_eq!((ruling.rule.as_str(), ruling.fate), ("Exception: damaged", Fate::Discard));
}

#[test]
fn of_several_exceptions_the_strictest_acts_and_tells_of_all() {
    let mut findings = found(FindingKind::Broken, "a.zip");
    findings.list.extend(found(FindingKind::Limit, "depth").list);
    let policy = excepting(|exceptions| {
        exceptions.broken.action = Handling::Refuse;
        exceptions.limits.area = "Big".into();
    });
    let verdict = judged(&policy, &findings);
    assert_eq!(verdict.rulings[0].fate, quarantined("Big"));
    assert_eq!(verdict.rulings[0].rule, "Exception: over a limit of scanning");
    assert_eq!(verdict.rulings[0].because, "a limit was reached: depth in 2; damaged: a.zip in 2");
    assert_eq!(verdict.steps.iter().filter(|step| step.matched).count(), 2);
}

#[test]
fn an_exception_that_is_off_leaves_the_rules_alone() {
    let policy = excepting(|exceptions| exceptions.broken.action = Handling::None);
    let verdict = judged(&policy, &found(FindingKind::Broken, "a.zip"));
    assert_eq!(verdict.rulings[0].fate, Fate::Deliver);
    assert!(verdict.steps.iter().any(|step| step.rule == "Exception: damaged" && !step.matched));
}

#[test]
fn an_exception_may_tag_and_let_go_on() {
    let structure = Finding::new(EngineName::Structure, FindingKind::Encrypted, "smime", "", "");
    let findings = Findings { list: vec![structure], ..Findings::default() };
    let verdict = judged(&policy(|_| {}), &findings);
    assert_eq!(verdict.rulings[0].fate, Fate::Deliver);
    let tag = Amendment::TagSubject { text: "[Encrypted]".into() };
    assert_eq!(verdict.rulings[0].amendments, [tag]);
}

#[test]
fn encrypted_files_go_out_but_do_not_come_in() {
    let list = vec![Finding::new(EngineName::Container, FindingKind::Encrypted, "zip", "2", "")];
    let findings = Findings { list, ..Findings::default() };
    assert_eq!(judged(&policy(|_| {}), &findings).rulings[0].fate, quarantined("Unscannable"));
    let mut outgoing = envelope(&["a@x.test"]);
    outgoing.direction = Direction::Outgoing;
    let verdict = policy(|_| {}).decide(&outgoing, &findings, None);
    assert_eq!(verdict.rulings[0].fate, Fate::Deliver);
}

#[test]
fn of_an_ambiguous_message_only_rules_on_threats_are_asked() {
    let mut findings = found(FindingKind::Ambiguous, "two subjects");
    findings.spam.probability = 1.0;
    let verdict = judged(&policy(|_| {}), &findings);
    assert_eq!(verdict.rulings[0].rule, "Exception: message can be read in two ways");
    let spam = verdict.steps.iter().find(|step| step.rule == "Spam").unwrap();
    assert!(spam.because.starts_with("not asked"));
    findings.list.extend(infected().list);
    assert_eq!(judged(&policy(|_| {}), &findings).rulings[0].rule, "Global antivirus");
    let off = excepting(|exceptions| exceptions.ambiguous.action = Handling::Tag);
    findings.list.truncate(1);
    assert_eq!(judged(&off, &findings).rulings[0].rule, "Spam");
}

#[test]
fn size_and_recipients_are_judged_before_every_rule() {
    let policy = excepting(|exceptions| exceptions.message_octets = 99);
    let verdict = judged(&policy, &infected());
    assert_eq!(verdict.rulings[0].rule, "Exception: message is too large");
    assert_eq!(verdict.steps.len(), 1);
    let released = policy.decide(
        &envelope(&["a@x.test"]),
        &infected(),
        Some("Exception: message is too large"),
    );
    assert_eq!(released.rulings[0].rule, "Global antivirus");
}

#[test]
fn who_releases_an_exception_has_seen_all_of_them() {
    let mut findings = found(FindingKind::Broken, "a.zip");
    findings.list.extend(found(FindingKind::Limit, "depth").list);
    let envelope = envelope(&["a@x.test"]);
    let verdict = policy(|_| {}).decide(&envelope, &findings, Some("Exception: damaged"));
    assert_eq!(verdict.rulings[0].fate, Fate::Deliver);
    let other = policy(|_| {}).decide(&envelope, &findings, Some("Spam"));
    assert_eq!(other.rulings[0].fate.word(), "quarantine");
}

const ACTIONS: [Action; 5] =
    [Action::Quarantine, Action::Refuse, Action::Discard, Action::Tag, Action::Deliver];
const QUESTIONS: [Question; 8] = [
    Question::Malware,
    Question::Spam,
    Question::Unscannable,
    Question::Ambiguous,
    Question::Broken,
    Question::AttachmentNumber,
    Question::AttachmentSize,
    Question::RecipientNumber,
];
const HANDLINGS: [Handling; 5] =
    [Handling::None, Handling::Tag, Handling::Refuse, Handling::Quarantine, Handling::Discard];
const KINDS: [FindingKind; 8] = [
    FindingKind::Malware,
    FindingKind::MassMailer,
    FindingKind::Ambiguous,
    FindingKind::Broken,
    FindingKind::Encrypted,
    FindingKind::Limit,
    FindingKind::Unsupported,
    FindingKind::Defect,
];

fn rule(number: usize, (questions, action, list, flags): &(Vec<usize>, usize, usize, u8)) -> Rule {
    let lists: [&[&str]; 6] =
        [&[], &["r1@*"], &["*@x0.test"], &["*"], &["nobody@*"], &["r?@x1.test"]];
    let conditions = questions
        .iter()
        .map(|at| Condition { not: flags & 1 != 0, ..Condition::of(QUESTIONS[*at]) });
    Rule {
        name: format!("rule {number}"),
        conditions: conditions.collect(),
        combine: if flags & 2 == 0 { Combine::All } else { Combine::Any },
        observe: flags & 4 != 0,
        action: ACTIONS[*action],
        recipients: lists[*list].iter().map(|text| (*text).to_owned()).collect(),
        ..Rule::default()
    }
}

proptest::proptest! {
    #[test]
    fn every_recipient_has_exactly_one_fate_and_no_exception_is_weakened(
        count in 1_usize..40,
        rules in proptest::collection::vec(
            (proptest::collection::vec(0_usize..8, 0..3), 0_usize..5, 0_usize..6, 0_u8..8),
            0..8,
        ),
        handlings in proptest::collection::vec(0_usize..5, 5),
        kinds in proptest::collection::vec(0_usize..8, 0..4),
        probability in 0.0_f64..1.0,
    ) {
        let names: Vec<String> = (0..count).map(|n| format!("r{}@x{}.test", n % 5, n % 3)).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let rules = rules.iter().enumerate().map(|(number, made)| rule(number, made)).collect();
        let mut exceptions = Exceptions { recipients: 30, ..Exceptions::default() };
        exceptions.recipient_number.action = HANDLINGS[handlings[0]];
        exceptions.limits.action = HANDLINGS[handlings[1]];
        exceptions.broken.action = HANDLINGS[handlings[2]];
        exceptions.ambiguous.action = HANDLINGS[handlings[3]];
        exceptions.other.action = HANDLINGS[handlings[4]];
        let mut findings = Findings { spam: mail::SpamJudgement::of(probability), ..Findings::default() };
        findings.list = kinds.iter().flat_map(|at| found(KINDS[*at], "x").list).collect();
        let verdict =
            Policy::compile(1, &Rules { rules }, &exceptions).decide(&envelope(&names), &findings, None);
        let mut seen: Vec<u32> =
            verdict.rulings.iter().flat_map(|ruling| ruling.recipients.clone()).collect();
        seen.sort_unstable();
        assert_eq!(seen, (0..count as u32).collect::<Vec<_>>());
        let delivered = verdict.rulings.iter().any(|ruling| ruling.fate == Fate::Deliver);
        let lets_pass = |handling: usize| handling < 2;
        for (kind, handling) in
            [(FindingKind::Limit, 1), (FindingKind::Broken, 2), (FindingKind::Ambiguous, 3), (FindingKind::Unsupported, 4)]
        {
            assert!(!(delivered && findings.has(kind)) || lets_pass(handlings[handling]), "{kind:?}");
        }
        assert!(!(delivered && count > 30) || lets_pass(handlings[0]));
    }
}
