//! Archives of every format: the walk ends within its budget, and no name of a member leaves the
//! bounds of a place.

use gatepost_test_bombs::CONTAINERS;
use unpack::{Budget, Fact, Limits, Passwords, Root, Specimen, Visitor};

/// Small: a fuzzer finds bombs quickly.
const LIMITS: Limits = Limits {
    depth: 4,
    members: 200,
    member_octets: 256 * 1024,
    total_octets: 1024 * 1024,
    ratio: 200,
    resident_octets: 16 * 1024 * 1024,
    document_depth: 3,
};

struct Bounds {
    octets: u64,
}

impl Visitor for Bounds {
    fn specimen(&mut self, specimen: &Specimen<'_>) {
        assert!(specimen.place.len() <= unpack::limits::PLACE_OCTETS, "a place is bounded");
        assert!(!specimen.place.contains(char::is_control), "a place is one line");
        assert!(specimen.name.len() <= unpack::limits::NAME_OCTETS, "a name is bounded");
        if specimen.depth > 0 {
            self.octets += specimen.octets.len() as u64;
        }
    }

    fn fact(&mut self, fact: Fact) {
        assert!(fact.evidence.len() <= unpack::limits::EVIDENCE_OCTETS, "evidence is bounded");
    }
}

/// Opens the input as a part of a message.
pub fn open(octets: &[u8]) {
    let mut bounds = Bounds { octets: 0 };
    let mut budget = Budget::new(LIMITS, &());
    let root = Root { place: "1", name: "a", mime: "", octets, is_reading: false };
    unpack::open(&root, &Passwords::default(), &mut budget, &mut bounds);
    let most = LIMITS.total_octets + LIMITS.member_octets + octets.len() as u64;
    assert!(bounds.octets <= most, "the budget holds");
}

/// Containers whose names begin so.
fn seeds_of(formats: &[&str]) -> Vec<Vec<u8>> {
    let is_one = |name: &str| formats.contains(&name.split('-').next().unwrap_or_default());
    let containers = CONTAINERS.iter().filter(|one| is_one(one.name));
    containers.map(|one| (one.make)("letter.txt", b"A letter, a letter, a letter.")).collect()
}

macro_rules! archives {
    ($($name:ident: $($format:literal)+;)*) => {
        $(
            /// One format, and what is made of it.
            pub mod $name {
                /// Opens the input.
                pub fn target(octets: &[u8]) {
                    super::open(octets);
                }

                /// Containers of the format.
                #[must_use]
                pub fn seeds() -> Vec<Vec<u8>> {
                    super::seeds_of(&[$($format),+])
                }
            }
        )*
    };
}

archives! {
    unpack_zip: "zip";
    unpack_seven_zip: "7z";
    unpack_rar: "rar";
    unpack_tar: "tar";
    unpack_gzip: "gz" "zz";
    unpack_bzip2: "bz2";
    unpack_xz: "xz";
    unpack_lzma: "lzma" "lz";
    unpack_zstd: "zst";
    unpack_compress: "Z";
    unpack_cab: "cab";
    unpack_lha: "lha";
    unpack_arj: "arj";
    unpack_iso9660: "iso";
    unpack_cpio: "cpio";
    unpack_ar: "ar";
    unpack_rpm: "rpm";
    unpack_szdd: "ex_";
    unpack_binhex: "hqx";
    unpack_mail: "eml" "mbox";
}
