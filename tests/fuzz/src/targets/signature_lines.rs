//! Lines of signature databases: whatever they say, compiling ends, the pack opens, and a scan with
//! it gives the same result twice.

use std::sync::Arc;

use patterns::{CompileOptions, Pack, Scanner, Source, compile};
use unpack::{Origin, Specimen};

/// Takes the input as a database of each kind of body signatures, and scans the input with it.
pub fn target(octets: &[u8]) {
    for name in ["a.ndb", "a.ldb", "a.db"] {
        let sources = [Source::new(name, octets.to_vec())];
        let compiled = compile(&sources, &CompileOptions::default()).expect("lines are no error");
        let pack = Pack::open(Arc::new(compiled.octets)).expect("what was compiled opens");
        pack.verify().expect("what was compiled is whole");
        let mut scanner = Scanner::new(pack).expect("what was compiled can be used");
        let first = scan(&mut scanner, octets);
        assert_eq!(scan(&mut scanner, octets), first, "a used scanner finds the same");
    }
}

pub(super) fn scan(scanner: &mut Scanner, octets: &[u8]) -> Vec<String> {
    let types = filetype::identify(octets);
    let specimen = Specimen {
        place: "1",
        name: "",
        origin: Origin::Part,
        types: &types,
        octets,
        depth: 0,
        parent: None,
    };
    let mut hits = Vec::new();
    scanner.begin();
    scanner.scan(&specimen, &mut hits);
    hits.into_iter().map(|hit| hit.name).collect()
}

/// One line of every construct.
pub fn seeds() -> Vec<Vec<u8>> {
    let lines = [
        "A:0:*:6162??6?64{2}65{-3}66{1-}67*68696a(6b|6c6d)6e!(6f|70)71:51:255",
        "A:1:EP+4,8:41424344\nB:1:SE1:41424344\nC:0:EOF-9:41424344\nD:0:$3:41424344",
        "A;Engine:81-255,Target:0,FileSize:1-9;(0&1)>2,1|2=0;6162636465::iwfa;4:666768;0(>>1#hb2#=0x12)",
        "A;Target:0;0&1&2;616263;${1-9}3$;0/a[b-c]+d$/gsi",
        "A=6162636465",
    ];
    lines.iter().map(|line| line.as_bytes().to_vec()).collect()
}
