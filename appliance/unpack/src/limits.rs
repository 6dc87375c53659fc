//! Every bound of this crate in one place: the hard ones, and the defaults of those that the owner
//! may set (features E-2).

/// Containers inside one another.
pub const DEPTH: u32 = 10;
/// Members of all containers of a message together.
pub const MEMBERS: u32 = 10_000;
/// Octets of one member after decompression.
pub const MEMBER_OCTETS: u64 = 100 * 1024 * 1024;
/// Octets of all members together.
pub const TOTAL_OCTETS: u64 = 512 * 1024 * 1024;
/// Octets out for each octet in, counted once more than [`RATIO_FROM_OCTETS`] came out.
pub const RATIO: u32 = 200;
/// Small members may be compressed as well as they like.
pub const RATIO_FROM_OCTETS: u64 = 1024 * 1024;
/// Octets held in memory at one time by all open containers.
pub const RESIDENT_OCTETS: u64 = 144 * 1024 * 1024;
/// Objects inside one another in RTF and OLE.
pub const DOCUMENT_DEPTH: u32 = 5;
/// Passwords tried on one file.
pub const PASSWORDS: usize = 200;
/// Octets of a member name; the rest is cut.
pub const NAME_OCTETS: usize = 255;
/// Octets of a place.
pub const PLACE_OCTETS: usize = 1024;
/// Octets of the evidence of a fact.
pub const EVIDENCE_OCTETS: usize = 512;
/// Facts of one message.
pub const FACTS: usize = 1000;
/// Octets that a reader is asked for at one time, at least and at most: between two questions for
/// the time.
pub const FIRST_STEP_OCTETS: u64 = 4 * 1024;
/// See [`FIRST_STEP_OCTETS`].
pub const STEP_OCTETS: u64 = 1024 * 1024;
/// A declared size is believed, for the size of a first buffer, up to this many times the octets
/// that are there.
pub const BELIEVED_RATIO: u64 = 16;
/// Storages inside one another that a path of a compound file shows.
pub const OLE_STORAGES: usize = 16;
/// Directory entries of one compound file.
pub const OLE_ENTRIES: usize = 16_384;
/// Modules of one VBA project.
pub const VBA_MODULES: usize = 1024;
/// Octets of the source of one VBA module.
pub const VBA_SOURCE_OCTETS: usize = 8 * 1024 * 1024;
/// Octets that one chunk of compressed VBA source holds (MS-OVBA 2.4.1.1.1).
pub const VBA_CHUNK_OCTETS: usize = 4096;
/// Octets of the longest word that is looked for in macro source.
pub const MACRO_WORD_OCTETS: usize = 40;
/// Different words of one kind that are told of one macro.
pub const MACRO_WORDS: usize = 16;
/// Octets of text that are kept of one document, of each kind of text.
pub const DOCUMENT_TEXT_OCTETS: usize = 8 * 1024 * 1024;
/// Groups inside one another in RTF; deeper ones are read as if they stood at this depth.
pub const RTF_GROUPS: usize = 1024;
/// Objects (`objdata` and other runs of hexadecimal digits) of one RTF file.
pub const RTF_OBJECTS: usize = 1000;
/// Octets of one field instruction.
pub const FIELD_OCTETS: usize = 4096;
/// Elements inside one another in XML; deeper ones are read as if they stood at this depth.
pub const XML_DEPTH: usize = 512;
/// Octets looked at to see whether text is HTML or XML.
pub const SNIFF_OCTETS: usize = 4096;
/// Links told of one document.
pub const LINKS: usize = 2000;
/// Octets of one link.
pub const LINK_OCTETS: usize = 2048;
/// Objects of one PDF, those in object streams included.
pub const PDF_OBJECTS: usize = 100_000;
/// Arrays and dictionaries inside one another in a PDF object.
pub const PDF_DEPTH: usize = 32;
/// Filters of one PDF stream.
pub const PDF_FILTERS: usize = 8;
/// Values of one PDF object.
pub const PDF_VALUES: usize = 200_000;
/// Characters of one ToUnicode table.
pub const PDF_CHARACTERS: usize = 65_536;
/// Rounds of the key derivation of an encrypted Office file; Office uses 100 000 (MS-OFFCRYPTO
/// 2.3.4.11).
pub const OFFICE_ROUNDS: u32 = 100_000;
/// Passwords tried on one encrypted Office file: a try costs some 20 ms.
pub const OFFICE_PASSWORDS: usize = 24;
/// Octets of a payload decoded out of a script or an attribute; less is not worth a look.
pub const PAYLOAD_OCTETS: usize = 48;
/// Facts of one kind about one document.
pub const FACTS_OF_KIND: usize = 20;
/// Embedded objects of one document that are copied out of it at one time.
pub const PAYLOADS: usize = 2000;
/// Octets of all copied embedded objects of one document.
pub const PAYLOADS_OCTETS: u64 = 48 * 1024 * 1024;
/// VBA projects of one compound file.
pub const VBA_PROJECTS: usize = 16;
/// Octets that one compressed stream inside a document becomes.
pub const STREAM_OCTETS: usize = 32 * 1024 * 1024;
/// Memory of one bzip2 decoder: blocks of 900,000 octets, four octets for each, and tables.
pub const BZIP2_OCTETS: u64 = 5 * 1024 * 1024;
/// Window of a Zstandard frame: what its command line tool opens without being told to (8 MB is
/// what RFC 8878 section 3.1.1.1.2 recommends to support at least).
pub const ZSTD_WINDOW_OCTETS: u64 = 32 * 1024 * 1024;
/// Members of one zip directory that are compared with local headers; more are a limit.
pub const ZIP_ENTRIES: usize = 65_536;
/// End records of one zip that are followed.
pub const ZIP_ENDS: usize = 4;
/// Tables and windows of the zip methods that are older than deflate, and of deflate64.
pub const LEGACY_ZIP_OCTETS: u64 = 1024 * 1024;
/// Memory of the method of an encrypted zip member, which stands in its closed data.
pub const ENCRYPTED_WINDOW_OCTETS: u64 = 16 * 1024 * 1024;
/// Table and stack of an LZW decoder.
pub const LZW_OCTETS: u64 = 512 * 1024;
/// Letters and digits of hidden text that make it worth telling.
pub const HIDDEN_LETTERS: usize = 12;
/// Sum of the differences of red, green and blue up to which text is in the colour of its paper.
pub const NEAR_COLOURS: u32 = 12;
/// Rules of one style, and classes that hide.
pub const STYLES: usize = 1024;
/// Base64 digits in a row in a script that are taken for a file: 68 octets of EICAR make 92.
pub const SCRIPT_DIGITS: usize = 64;
/// Escaped octets in a script from which on it is read unescaped.
pub const SCRIPT_ESCAPES: usize = 24;
/// Directory of an archive, taken apart.
pub const DIRECTORY_OCTETS: u64 = 16 * 1024 * 1024;
/// Passwords tried on one file whose key derivation is slow (7z and RAR: some 100 ms each), so that
/// trying ends within 5 s (features E-8).
pub const SLOW_PASSWORDS: usize = 40;
/// Dictionary of a RAR 5 archive.
pub const RAR_DICTIONARY_OCTETS: u64 = 64 * 1024 * 1024;
/// Members of RAR 5 that are decoded as a whole.
pub const RAR_BUFFERED_OCTETS: u64 = 16 * 1024 * 1024;
/// All memory of the RAR decoder.
pub const RAR_WORKSPACE_OCTETS: u64 = 72 * 1024 * 1024;
/// Folders of one cabinet that are decoded anew because their files overlap.
pub const CAB_REWINDS: u32 = 16;
/// Lines of the directory of a help file (CHM) that are read; more are a limit.
pub const CHM_FILES: usize = 65_536;
/// Sections of a help file; its compiler makes two.
pub const CHM_SECTIONS: u64 = 16;
/// Times that one stream of a help file is decoded anew because its members overlap.
pub const CHM_REWINDS: u32 = 16;
/// Folders inside one another in a disk image.
pub const ISO_DEPTH: usize = 32;
/// Folders of a disk image.
pub const ISO_FOLDERS: usize = 10_000;
/// Archives behind one program.
pub const CARVED: usize = 8;
/// Memory of an LHA decoder.
pub const LHA_OCTETS: u64 = 2 * 1024 * 1024;
/// Octets of a password.
pub const PASSWORD_OCTETS: usize = 64;
/// Octets of a text that are looked through for passwords.
pub const PASSWORD_TEXT_OCTETS: usize = 64 * 1024;
/// Words after the word for "password" that may be one.
pub const PASSWORD_WORDS_AFTER: usize = 3;
/// Octets of the bitmaps that the pictures of raw samples of one PDF are told as.
pub const PDF_PICTURES_OCTETS: usize = 4 * 1024 * 1024;
/// Content streams of one PDF that are looked through for drawings.
pub const PDF_DRAWINGS: usize = 16;
/// Rounds of the hash of PDF's newest encryption; some seventy are usual.
pub const PDF_ROUNDS: u32 = 512;
/// Signs `<` looked at to see whether text is HTML.
pub const SNIFF_SIGNS: usize = 4096;
/// Octets looked at to see whether text with zero octets in it is HTML.
pub const SNIFF_WIDE_OCTETS: usize = 256 * 1024;

/// Anchors of one page that are told.
pub const ANCHORS: usize = 300;
/// Pictures of one page that are told.
pub const PAGE_PICTURES: usize = 100;
/// Octets of the words of an anchor, a title, or the text in place of a picture.
pub const ANCHOR_WORDS: usize = 300;
