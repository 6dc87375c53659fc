//! Every bound of this crate in one place.

/// Octets of one line of a database.
pub const LINE_OCTETS: usize = 256 * 1024;
/// Octets of all sources of one pack.
pub const SOURCE_OCTETS: u64 = 4 * 1024 * 1024 * 1024;
/// Problems that a compile report lists; more are counted.
pub const PROBLEMS: usize = 1000;
/// Hits of one message.
pub const HITS: usize = 100;
/// Sections of a pack.
pub const SECTIONS: usize = 64;
/// Octets of the name of a signature or source; the rest is cut.
pub const NAME_OCTETS: usize = 255;
/// Sections of a PE that are looked at; clamscan takes no PE with more.
pub const PE_SECTIONS: usize = 96;
/// Data directories of a PE (the format has 16).
pub const PE_DIRECTORIES: u32 = 16;
/// Libraries that a PE imports.
pub const PE_IMPORTS: usize = 1024;
/// Functions that a PE imports.
pub const PE_FUNCTIONS: usize = 65_536;
/// Octets of the name of an imported library or function.
pub const IMPORT_NAME_OCTETS: usize = 512;
/// Rows of one level of the resources of a PE.
pub const PE_RESOURCES: u64 = 256;
/// Version blocks of a PE.
pub const PE_VERSIONS: usize = 16;
/// Keys of the version information of a PE.
pub const PE_VERSION_KEYS: usize = 256;
/// Rows of a table of an ELF file.
pub const ELF_ROWS: u64 = 4096;
/// Load commands of a Mach-O file.
pub const MACHO_COMMANDS: u32 = 1024;
/// Sections of a Mach-O file.
pub const MACHO_SECTIONS: usize = 1024;
/// Octets that are hashed at one time by all algorithms, while they are in the cache.
pub const HASH_STEP_OCTETS: usize = 16 * 1024;
/// How often the octets of a program are hashed at most for its sections, which may overlap.
pub const SECTION_HASH_ROUNDS: usize = 4;
/// Octets of one message that are hashed at most to know good files.
pub const GOOD_HASH_OCTETS: u64 = 1024 * 1024 * 1024;
/// The functionality level of the engine that databases are read for: that of ClamAV 1.4 (seen at
/// clamscan 1.4.6).
pub const ENGINE_LEVEL: u32 = 216;
/// Octets that the program of one regular expression may take.
pub const EXPRESSION_OCTETS: usize = 256 * 1024;
/// Regular expressions of one family of signatures that are kept built at one time.
pub const EXPRESSIONS_BUILT: usize = 256;
/// Octets of one specimen that YARA rules see.
pub const YARA_OCTETS: usize = 64 * 1024 * 1024;
/// Matches of one pattern of a YARA rule that are counted.
pub const YARA_MATCHES: usize = 10_000;
/// Patterns of a YARA rule that are named as evidence.
pub const YARA_EVIDENCE: usize = 3;
/// Octets of a bundle (.cvd, .cld) after decompression; ClamAV's largest has some 400 MiB.
pub const BUNDLE_OCTETS: u64 = 2 * 1024 * 1024 * 1024;
/// Files in a bundle.
pub const BUNDLE_MEMBERS: usize = 1000;
/// Elements (octets, gaps, alternatives) of one body.
pub const BODY_ELEMENTS: usize = 64 * 1024;
/// Alternatives of one group.
pub const ALTERNATIVES: usize = 1024;
/// Octets of a gap in an alternative (the format's own limit).
pub const ALTERNATIVE_GAP: u32 = 127;
/// Grams that one anchor may stand for.
pub const ANCHOR_GRAMS: usize = 16;
/// Subsignatures of one logical signature (the format's own limit).
pub const SUBSIGNATURES: usize = 64;
/// Brackets and operators inside one another in a logical expression.
pub const EXPRESSION_DEPTH: usize = 200;
/// Logical signatures of one pack.
pub const LOGICAL: u32 = 1 << 24;
/// Steps that bodies may take in one specimen, beside those for its size.
pub const BODY_STEPS: u64 = 64 * 1024 * 1024;
/// Steps that bodies may take for each octet of a specimen.
pub const BODY_STEPS_PER_OCTET: u64 = 24;
/// Places of one subsignature that are kept for macros.
pub const MACRO_PLACES: usize = 1000;
/// Different links of one text that are looked up.
pub const LINKS: usize = 5000;
/// Suffixes of a host that are looked up.
pub const HOST_SUFFIXES: usize = 10;
/// Folders of a path that are looked up.
pub const PATH_PREFIXES: usize = 6;
/// Octets of a host name (RFC 1035, section 2.3.4).
pub const HOST_OCTETS: usize = 255;
/// Escapes inside escapes of an address that are resolved.
pub const ESCAPE_ROUNDS: usize = 8;
/// Octets of a page or text that are normalised (clamscan's own limit is 40 MiB for pages).
pub const NORMALISED_OCTETS: usize = 40 * 1024 * 1024;
