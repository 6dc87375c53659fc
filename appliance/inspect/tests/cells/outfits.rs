//! What cells work with: packs taken over between two messages, bad ones refused, the same findings
//! whatever a cell did before, and no memory for each cell anew.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;

use ipc::contracts::{
    Answer, FromControl, Job, KeeperToQueue, Outfit, PackFacts, QueueToKeeper, Retirement,
    ToControl,
};
use ipc::{Inlet, Listener, Role};
use mail::{FindingKind, Findings, Unscannable};
use patterns::{CompileOptions, Pack, Source, Writer};

use crate::{Cell, LIMITS, Stage, eicar, on_one_thread, with_locked_in_keeper};

pub const TESTS: &[(&str, fn())] = &[
    ("a_cell_works_with_the_pack_that_it_is_handed", a_pack_is_worked_with),
    ("a_cell_changes_the_pack_between_two_messages", a_pack_is_changed),
    ("yara_rules_run_locked_in_and_alike_each_time", yara_rules_run_locked_in),
    ("a_pack_that_is_none_ends_the_cell_with_a_reason", a_bad_pack_is_refused),
    ("a_pack_that_others_could_change_is_refused", an_open_pack_is_refused),
    ("an_outfit_that_ends_the_cell_is_seen", an_outfit_that_ends_the_cell_is_seen),
    ("without_a_pack_that_is_required_nothing_is_scanned", a_required_pack_is_missing),
    ("a_cell_that_had_much_memory_retires", much_memory_is_given_back),
    ("findings_do_not_depend_on_what_a_cell_did_before", history_does_not_matter),
    ("two_thousand_messages_are_judged_while_packs_change", packs_change_under_load),
    ("a_pack_takes_no_memory_for_each_cell", a_pack_is_in_memory_once),
    ("the_keeper_offers_the_pack_and_a_newer_one", the_keeper_offers_packs),
    ("the_keeper_falls_back_when_a_pack_is_refused", the_keeper_falls_back),
    ("a_locked_in_keeper_reads_packs", a_locked_in_keeper_reads_packs),
];

/// A pack that finds `marker` in any file and calls it `name`.
fn pack(name: &str, marker: &str) -> Vec<u8> {
    let hex: String = marker.bytes().map(|octet| format!("{octet:02x}")).collect();
    let source = Source::new("own.ndb", format!("{name}:0:*:{hex}\n").into_bytes());
    patterns::compile(&[source], &CompileOptions::default()).unwrap().octets
}

/// The same with so many more octets in it.
fn padded(pack: &[u8], octets: usize) -> Vec<u8> {
    let pack = Pack::open(Arc::new(pack.to_vec())).unwrap();
    let mut writer = Writer::default();
    pack.sections().for_each(|(tag, octets)| writer.section(tag, octets.to_vec()));
    writer.section(*b"PADD", (0..octets).map(|at| (at * 7) as u8).collect());
    writer.finish().unwrap()
}

fn outfit(number: u64, octets: u64) -> Outfit {
    let pack = PackFacts { octets, ..PackFacts::default() };
    Outfit { number, pack: Some(pack), ..Outfit::default() }
}

const MARKER: &str = "Gatepost-Pattern-Trial-1";

fn marked() -> Vec<u8> {
    format!("Subject: x\r\n\r\n{MARKER}\r\n").into_bytes()
}

impl Cell {
    fn hand(&mut self, outfit: Outfit, memory: Option<&OwnedFd>) {
        let memory: Vec<_> = memory.iter().map(|memory| memory.as_fd()).collect();
        self.channel.send(&Job::Outfit(Box::new(outfit)), &memory).unwrap();
    }

    fn wear(&mut self, number: u64, memory: &OwnedFd, octets: usize) {
        self.hand(outfit(number, octets as u64), Some(memory));
        assert_eq!(self.said(), Some(Answer::Outfitted { number, refused: None }));
    }

    fn wears(octets: &[u8]) -> Cell {
        let mut cell = Cell::start(LIMITS);
        cell.wear(1, &ipc::sealed_memory(octets).unwrap(), octets.len());
        cell
    }

    fn names(&mut self, raw: &[u8]) -> Vec<String> {
        self.findings(raw).list.into_iter().map(|finding| finding.name).collect()
    }

    /// Hands an outfit that is no good; the reason.
    fn refuses(&mut self, outfit: Outfit, memory: Option<&OwnedFd>) -> String {
        self.hand(outfit, memory);
        assert_eq!(self.said(), Some(Answer::Retiring { because: Retirement::Outfit }));
        let Some(Answer::Outfitted { refused: Some(why), .. }) = self.said() else { panic!() };
        assert_eq!(self.said(), None);
        why
    }
}

fn a_pack_is_worked_with() {
    let mut cell = Cell::wears(&pack("Trial.A", MARKER));
    assert!(cell.names(&marked()).contains(&"Trial.A".to_owned()));
    assert!(cell.findings(&eicar()).has(FindingKind::Malware));
    assert!(!cell.findings(b"Subject: x\r\n\r\nclean\r\n").has(FindingKind::Malware));
}

fn a_pack_is_changed() {
    let mut cell = Cell::wears(&pack("Trial.A", MARKER));
    assert!(cell.names(&marked()).contains(&"Trial.A".to_owned()));
    let other = pack("Trial.B", MARKER);
    cell.wear(2, &ipc::sealed_memory(&other).unwrap(), other.len());
    let names = cell.names(&marked());
    assert!(names.contains(&"Trial.B".to_owned()) && !names.contains(&"Trial.A".to_owned()));
    cell.hand(Outfit { number: 3, ..Outfit::default() }, None);
    assert_eq!(cell.said(), Some(Answer::Outfitted { number: 3, refused: None }));
    assert!(!cell.findings(&marked()).has(FindingKind::Malware));
}

fn yara_rules_run_locked_in() {
    let rule = format!("rule Trial_Rule {{ strings: $a = \"{MARKER}\" condition: $a }}\n");
    let source = Source::new("own.yar", rule.into_bytes());
    let octets = patterns::compile(&[source], &CompileOptions::default()).unwrap().octets;
    let mut cell = Cell::wears(&octets);
    for _ in 0..3 {
        let names = cell.names(&marked());
        assert!(names.iter().any(|name| name.contains("Trial_Rule")), "{names:?}");
        assert!(!cell.findings(b"Subject: x\r\n\r\nclean\r\n").has(FindingKind::Malware));
    }
}

fn a_bad_pack_is_refused() {
    let garbage = vec![7; 10_000];
    let memory = ipc::sealed_memory(&garbage).unwrap();
    let why = Cell::start(LIMITS).refuses(outfit(1, 10_000), Some(&memory));
    assert!(why.contains("no pattern pack"), "{why}");
    let why = Cell::start(LIMITS).refuses(outfit(1, 10_001), Some(&memory));
    assert!(why.contains("ends before"), "{why}");
    let why = Cell::start(LIMITS).refuses(outfit(1, 10_000), None);
    assert!(why.contains("without the pack"), "{why}");
}

fn an_open_pack_is_refused() {
    let octets = pack("Trial.A", MARKER);
    let memory = ipc::empty_memory().unwrap();
    let file = std::fs::File::from(memory.try_clone().unwrap());
    std::os::unix::fs::FileExt::write_all_at(&file, &octets, 0).unwrap();
    let why = Cell::start(LIMITS).refuses(outfit(1, octets.len() as u64), Some(&memory));
    assert!(why.contains("not sealed"), "{why}");
}

fn an_outfit_that_ends_the_cell_is_seen() {
    let mut cell = Cell::start(LIMITS);
    let passwords = vec!["X-Gatepost-Fault: abort".to_owned()];
    cell.hand(Outfit { number: 1, passwords, ..Outfit::default() }, None);
    assert_eq!(cell.said(), None);
    assert!(cell.ended().contains("SIGABRT"));
    let mut cell = Cell::start(LIMITS);
    let passwords = vec!["X-Gatepost-Fault: panic".to_owned()];
    cell.hand(Outfit { number: 1, passwords, ..Outfit::default() }, None);
    assert_eq!(cell.said(), Some(Answer::Retiring { because: Retirement::Anomaly }));
    assert!(matches!(cell.said(), Some(Answer::Outfitted { refused: Some(_), .. })));
}

fn a_required_pack_is_missing() {
    let mut cell = Cell::start(LIMITS);
    cell.hand(Outfit { number: 1, requires_patterns: true, ..Outfit::default() }, None);
    assert_eq!(cell.said(), Some(Answer::Outfitted { number: 1, refused: None }));
    let findings = cell.findings(&eicar());
    assert!(matches!(findings.unscannable, Some(Unscannable::NoPatterns(_))));
    assert!(findings.has(FindingKind::Malware), "what is built in is found all the same");
}

fn much_memory_is_given_back() {
    let mut cell = Cell::start(crate::CellLimits { memory_octets: 128 << 20, ..LIMITS });
    let clean = b"Subject: x\r\n\r\nclean\r\n";
    cell.inspect(1, clean);
    assert!(matches!(cell.said(), Some(Answer::Inspected { .. })));
    let head = b"Content-Transfer-Encoding: base64\r\n\r\n";
    let large = [head.as_slice(), &b"QUJD".repeat(9 << 20)].concat();
    cell.inspect(2, &large);
    assert_eq!(cell.said(), Some(Answer::Retiring { because: Retirement::Memory }));
    let Some(Answer::Inspected { used, .. }) = cell.said() else { panic!() };
    assert!(used.resident_octets > 64 << 20 && used.cpu_microseconds > 0);
}

/// Mails of many shapes, so that each could leave something behind in a cell.
fn corpus() -> Vec<Vec<u8>> {
    let text = String::from_utf8(engines::eicar()).unwrap();
    let spam = String::from_utf8(engines::gtube()).unwrap();
    let bodies = ["clean", MARKER, text.as_str(), spam.as_str(), "", "\0\u{1}\u{2}", "=3D=\r\n"];
    let heads = [
        "",
        "Content-Type: text/html\r\n",
        "Content-Transfer-Encoding: quoted-printable\r\n",
        "Content-Type: message/rfc822\r\n",
        "Content-Type: application/zip; name=\"a.zip\"\r\n",
        "Content-Type: multipart/mixed; boundary=a\r\n",
        "Subject: a\r\nSubject: b\r\n",
        "Content-Transfer-Encoding: base64\r\n",
    ];
    let mails = heads.iter().flat_map(|head| {
        bodies.iter().map(move |body| {
            let part = format!("--a\r\nX: y\r\n\r\n{body}\r\n--a--\r\n");
            format!("From: a@b.test\r\n{head}\r\n{body}\r\n{part}").into_bytes()
        })
    });
    mails.collect()
}

fn timeless(findings: Findings) -> Findings {
    Findings { microseconds: 0, ..findings }
}

fn history_does_not_matter() {
    let (pack, mails) = (pack("Trial.A", MARKER), corpus());
    let mut long_lived = Cell::wears(&pack);
    let first: Vec<_> = mails.iter().map(|raw| timeless(long_lived.findings(raw))).collect();
    // A stride that has no divisor in common with their number meets all of them in another order.
    let stride = (7..).find(|stride| mails.len() % stride != 0 && stride % 2 == 1).unwrap();
    for round in 1..=3 {
        for step in 0..mails.len() {
            let at = (step * stride * round + round) % mails.len();
            let again = timeless(long_lived.findings(&mails[at]));
            assert_eq!(again, first[at], "mail {at} in round {round}");
        }
    }
    for (at, raw) in mails.iter().enumerate().step_by(5) {
        assert_eq!(
            timeless(Cell::wears(&pack).findings(raw)),
            first[at],
            "mail {at} in a fresh cell"
        );
    }
    assert!(first.iter().any(|one| one.has(FindingKind::Malware)));
}

fn packs_change_under_load() {
    let packs: Vec<Vec<u8>> = (0..4).map(|at| pack(&format!("Trial.{at}"), MARKER)).collect();
    let memory: Vec<OwnedFd> = packs.iter().map(|one| ipc::sealed_memory(one).unwrap()).collect();
    let mut cells: Vec<Cell> = (0..2).map(|_| Cell::start(LIMITS)).collect();
    let mut swaps = 0;
    for number in 0..1000 {
        for cell in &mut cells {
            if number % 3 == 0 {
                swaps += 1;
                let worn = (number / 3) % packs.len();
                cell.hand(outfit(swaps, packs[worn].len() as u64), Some(&memory[worn]));
            }
            // Both are in the cell's channel before it looks at either.
            cell.inspect(number as u64, &marked());
        }
        for cell in &mut cells {
            if number % 3 == 0 {
                let said = cell.said();
                assert!(matches!(said, Some(Answer::Outfitted { refused: None, .. })), "{said:?}");
            }
            match cell.said() {
                Some(Answer::Inspected { findings, .. }) => {
                    let names: Vec<_> = findings.list.iter().map(|one| one.name.as_str()).collect();
                    let name = format!("Trial.{}", (number / 3) % packs.len());
                    assert!(names.contains(&name.as_str()), "{names:?} in round {number}");
                    assert!(findings.unscannable.is_none());
                }
                Some(Answer::Retiring { .. }) => {
                    assert!(matches!(cell.said(), Some(Answer::Inspected { .. })));
                    *cell = Cell::start(LIMITS);
                    let worn = (number / 3) % packs.len();
                    cell.wear(0, &memory[worn], packs[worn].len());
                }
                other => panic!("{other:?}"),
            }
        }
    }
    assert!(swaps > 600);
}

/// Proportional set size in octets; `None` where the kernel does not show it to this user.
fn pss(cell: &Cell) -> Option<u64> {
    let text = std::fs::read_to_string(format!("/proc/{}/smaps_rollup", cell.child.id())).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    Some(line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()? * 1024)
}

fn a_pack_is_in_memory_once() {
    const SIZE: usize = 48 << 20;
    let packs: Vec<Vec<u8>> =
        ["Trial.A", "Trial.B"].iter().map(|name| padded(&pack(name, MARKER), SIZE)).collect();
    let memory: Vec<OwnedFd> = packs.iter().map(|one| ipc::sealed_memory(one).unwrap()).collect();
    let mut cells: Vec<Cell> = (0..2).map(|_| Cell::start(LIMITS)).collect();
    // What judges of unwanted mail make for themselves at their first message is there before.
    for cell in &mut cells {
        cell.hand(Outfit { number: 100, ..Outfit::default() }, None);
        assert!(matches!(cell.said(), Some(Answer::Outfitted { refused: None, .. })));
        let _warm = cell.findings(&marked());
    }
    let before: Option<Vec<u64>> = cells.iter().map(pss).collect();
    let Some(before) = before else { return println!("skipped: smaps_rollup is not shown here") };
    for round in 1..=10 {
        for cell in &mut cells {
            let worn = round % 2;
            cell.wear(round as u64, &memory[worn], packs[worn].len());
            assert!(cell.findings(&marked()).has(FindingKind::Malware));
            let now = pss(cell).unwrap();
            let most = before.iter().max().unwrap() + SIZE as u64 / 10;
            assert!(now < most, "{now} octets after {round} packs, {most} at most");
        }
    }
}

/// The next outfit that the keeper offers; cells that it gives meanwhile are passed over.
async fn offered(inlet: &mut Inlet<KeeperToQueue>) -> (Outfit, Option<OwnedFd>) {
    loop {
        let (said, descriptors) = inlet.receive().await.unwrap().unwrap();
        if let KeeperToQueue::Outfit(outfit) = said {
            return (*outfit, descriptors.into_iter().next());
        }
    }
}

/// As an update does it: beside, then renamed.
fn put(stage: &Stage, octets: &[u8]) {
    let folder = stage.folder.path().join("patterns");
    std::fs::write(folder.join("new"), octets).unwrap();
    std::fs::rename(folder.join("new"), folder.join(gatepost_inspect::ACTIVE)).unwrap();
}

async fn first_call(listener: &Listener) -> (ipc::Outlet<QueueToKeeper>, Inlet<KeeperToQueue>) {
    listener.accept().await.unwrap().link()
}

fn the_keeper_offers_packs() {
    on_one_thread(async {
        let stage = Stage::new();
        put(&stage, &pack("Trial.A", MARKER));
        let listener = Listener::open(&stage.context(Role::Control)).unwrap();
        let queue = Listener::open(&stage.context(Role::Queue)).unwrap();
        let _keeper = stage.keeper();
        let (control, _asked) = listener.accept().await.unwrap().link::<FromControl, ToControl>();
        let settings =
            |sections: &str| FromControl::Snapshot { revision: 1, sections: sections.to_owned() };
        control.send(&settings(r#"{"inspection":{"workers":1}}"#), Vec::new()).unwrap();
        let (_to_keeper, mut inlet) = first_call(&queue).await;
        let (first, memory) = offered(&mut inlet).await;
        assert_eq!(first.pack.as_ref().unwrap().signatures, 1);
        assert!(memory.is_some() && first.problem.is_none());
        let text =
            r#"{"inspection":{"workers":1},"exceptions":{"passwords":["open sesame"],"depth":3}}"#;
        control.send(&settings(text), Vec::new()).unwrap();
        let (second, _) = offered(&mut inlet).await;
        assert!(second.number > first.number && second.pack == first.pack);
        assert_eq!((second.passwords.len(), second.limits.depth), (1, 3));
        put(&stage, b"this is no pack");
        let (third, _) = offered(&mut inlet).await;
        assert!(third.pack == first.pack, "the one before stays");
        assert!(third.problem.unwrap().contains("no pattern pack"));
        put(&stage, &pack("Trial.Another", MARKER));
        let (fourth, _) = offered(&mut inlet).await;
        assert!(fourth.pack != first.pack && fourth.problem.is_none());
    });
}

fn the_keeper_falls_back() {
    on_one_thread(async {
        let stage = Stage::new();
        stage.control();
        put(&stage, &pack("Trial.A", MARKER));
        let queue = Listener::open(&stage.context(Role::Queue)).unwrap();
        let _keeper = stage.keeper();
        let (to_keeper, mut inlet) = first_call(&queue).await;
        let (first, _) = offered(&mut inlet).await;
        let say = |number, refused| {
            to_keeper.send(&QueueToKeeper::Outfitted { number, refused }, Vec::new()).unwrap();
        };
        say(first.number, None);
        put(&stage, &pack("Trial.Kills", MARKER));
        let (second, _) = offered(&mut inlet).await;
        say(second.number, Some("three workers ended on it".to_owned()));
        let (third, memory) = offered(&mut inlet).await;
        assert!(third.pack == first.pack && memory.is_some());
        assert!(third.problem.unwrap().contains("three workers ended on it"));
    });
}

fn a_locked_in_keeper_reads_packs() {
    with_locked_in_keeper(async |stage, mut keeper, (_to_keeper, mut inlet)| {
        put(stage, &pack("Trial.A", MARKER));
        let (outfit, _) = offered(&mut inlet).await;
        assert_eq!(outfit.pack.unwrap().signatures, 1);
        keeper.kill().unwrap();
        keeper.wait().unwrap();
    });
}
