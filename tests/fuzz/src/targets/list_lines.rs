//! Lines of databases of hashes, members, links and types, and of the owner's lists: whatever they
//! say, compiling ends, the pack opens, and a scan with it gives the same result twice.

use std::sync::Arc;

use filetype::{Types, kinds};
use patterns::{CompileOptions, Pack, Scanner, Source, compile};
use unpack::{Origin, Specimen, Text};

const KINDS: &[&str] = &[
    "a.hdb",
    "a.hsu",
    "a.mdb",
    "a.msb",
    "a.imp",
    "a.fp",
    "a.sfp",
    "a.cdb",
    "a.pdb",
    "a.wdb",
    "a.gdb",
    "a.ftm",
    "a.ign2",
    "a.md5list",
    "a.hosts",
    "a.urls",
    "a.addresses",
    "a.ips",
];

/// Takes the input as a database of each kind, and scans the input as a file and as links.
pub fn target(octets: &[u8]) {
    let sources: Vec<Source> =
        KINDS.iter().map(|name| Source::new(*name, octets.to_vec())).collect();
    let compiled = compile(&sources, &CompileOptions::default()).expect("lines are no error");
    let pack = Pack::open(Arc::new(compiled.octets)).expect("what was compiled opens");
    pack.verify().expect("what was compiled is whole");
    let mut scanner = Scanner::new(pack).expect("what was compiled can be used");
    for origin in [Origin::Part, Origin::Text(Text::Links)] {
        let first = scan(&mut scanner, octets, origin);
        assert_eq!(scan(&mut scanner, octets, origin), first, "a used scanner finds the same");
    }
}

fn scan(scanner: &mut Scanner, octets: &[u8], origin: Origin) -> Vec<String> {
    let types = Types::of(kinds::UNKNOWN);
    let (place, name) = ("1", "a.exe");
    let specimen = Specimen { place, name, origin, types: &types, octets, depth: 0, parent: None };
    let mut hits = Vec::new();
    scanner.begin();
    scanner.scan(&specimen, &mut hits);
    hits.into_iter().map(|hit| hit.name).collect()
}

/// Lines of every kind.
pub fn seeds() -> Vec<Vec<u8>> {
    let lines = [
        "5d41402abc4b2a76b9719d911017c592:5:D\n5d41402abc4b2a76b9719d911017c592:*:D:73:255",
        "512:5d41402abc4b2a76b9719d911017c592:S\n*:5d41402abc4b2a76b9719d911017c592:S:73",
        "M:CL_TYPE_ZIP:1-9:^a\\.(exe|js)$:*:5:0:1:c1646ce6:*:51:255\nN:CL_TYPE_MAIL:*:exe:*:*:*:*:*:*",
        "H:bank.example:17-\nR:.+\\.ru:www\\.a\\.(b|c)\nX:.+:.+([/?].*)?:17-\nM:a.b:c.d",
        "http://evil.test/%2541?x#y\twww.bank.example\nS1:F:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
        "evil.test Name until=2027-01-01 # why\n192.0.2.0/24\n2001:db8::/32\nboss@evil.test",
        "1:*:3c{-5}68:HTML:CL_TYPE_ANY:CL_TYPE_HTML:50:255",
    ];
    lines.iter().map(|line| line.as_bytes().to_vec()).collect()
}
