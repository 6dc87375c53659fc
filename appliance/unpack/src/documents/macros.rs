//! What macro source does, by the words in it: names that run by themselves, and calls that reach
//! out of the document.
//!
//! One pass over the source, words looked up in two sorted tables. Never judges: it says what
//! stands there. Start with [`Words::of`].

use crate::limits;

/// Procedures that an application runs by itself. Sorted, lower case.
const AUTO_RUN: &[&str] = &[
    "app_workbookopen",
    "auto_activate",
    "auto_close",
    "auto_deactivate",
    "auto_exec",
    "auto_exit",
    "auto_open",
    "autoclose",
    "autoexec",
    "autoexit",
    "autonew",
    "autoopen",
    "document_beforeclose",
    "document_beforesave",
    "document_close",
    "document_contentcontrolonenter",
    "document_new",
    "document_open",
    "documentbeforeclose",
    "documentchange",
    "documentopen",
    "inkpicture1_painted",
    "inkpicture_painted",
    "newdocument",
    "onloadribbon",
    "onslideshowpagechange",
    "userform_initialize",
    "webbrowser1_documentcomplete",
    "workbook_activate",
    "workbook_beforeclose",
    "workbook_close",
    "workbook_deactivate",
    "workbook_open",
    "worksheet_activate",
    "worksheet_calculate",
    "worksheet_change",
];

/// Calls and names that start programs, write files, download or hide. Sorted, lower case.
const CALLS: &[&str] = &[
    "adodb",
    "allocatehglobal",
    "bitsadmin",
    "callbyname",
    "callwindowproc",
    "certutil",
    "cmd",
    "createfile",
    "createobject",
    "createprocess",
    "createprocessa",
    "createprocessw",
    "createremotethread",
    "createtextfile",
    "createthread",
    "cscript",
    "downloadfile",
    "downloadstring",
    "enumsystemlanguagegroupsw",
    "environ",
    "executeexcel4macro",
    "getobject",
    "heapcreate",
    "internetopenurl",
    "macscript",
    "mshta",
    "msxml2",
    "ntallocatevirtualmemory",
    "powershell",
    "pwsh",
    "regread",
    "regsvr32",
    "regwrite",
    "responsebody",
    "rtlmovememory",
    "rundll32",
    "savetofile",
    "schtasks",
    "sendkeys",
    "setwindowshookex",
    "shell",
    "shellbrowserwindow",
    "shellexecute",
    "shellexecutea",
    "shellexecutew",
    "urldownloadtofile",
    "urldownloadtofilea",
    "urldownloadtofilew",
    "virtualalloc",
    "virtualallocex",
    "virtualprotect",
    "win32_process",
    "winexec",
    "winhttp",
    "winhttprequest",
    "winmgmts",
    "wmic",
    "writeprocessmemory",
    "wscript",
    "xmlhttp",
];

/// What was found in one source.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Words {
    /// Procedures that run by themselves, as written.
    pub(crate) auto_run: Vec<String>,
    /// Calls, as written.
    pub(crate) calls: Vec<String>,
    /// Whether it has statements beside its attributes.
    pub(crate) has_code: bool,
}

impl Words {
    /// Looks through a source.
    pub(crate) fn of(source: &str) -> Words {
        let mut words = Words::default();
        let mut before = "";
        for word in source.split(|one: char| !one.is_alphanumeric() && one != '_') {
            if word.is_empty() {
                continue;
            }
            let is_procedure =
                before.eq_ignore_ascii_case("sub") || before.eq_ignore_ascii_case("function");
            words.has_code |= is_procedure;
            if is_procedure && is_auto_run(word) {
                add(&mut words.auto_run, word);
            } else if is_call(word) {
                add(&mut words.calls, word);
            }
            before = word;
        }
        words
    }
}

/// Whether an application runs a procedure of this name by itself.
pub(crate) fn is_auto_run(word: &str) -> bool {
    is_in(AUTO_RUN, word)
}

/// Whether this word is a call that reaches out.
pub(crate) fn is_call(word: &str) -> bool {
    is_in(CALLS, word)
}

fn is_in(table: &[&str], word: &str) -> bool {
    if word.len() > limits::MACRO_WORD_OCTETS || !word.is_ascii() {
        return false;
    }
    let lower = word.bytes().map(|octet| octet.to_ascii_lowercase());
    table.binary_search_by(|known| known.bytes().cmp(lower.clone())).is_ok()
}

fn add(list: &mut Vec<String>, word: &str) {
    let is_new = !list.iter().any(|one| one.eq_ignore_ascii_case(word));
    if is_new && list.len() < limits::MACRO_WORDS {
        list.push(word.to_owned());
    }
}

/// Names among the length-prefixed ones of compiled code (`_VBA_PROJECT`) that are auto-run names
/// or calls and stand in no source.
pub(crate) fn compiled_only(names: &[u8], sources: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    let words = names.split(|octet| !octet.is_ascii_alphanumeric() && *octet != b'_');
    for word in words.filter_map(|word| std::str::from_utf8(word).ok()) {
        let is_known = is_auto_run(word) || is_call(word);
        if is_known && !sources.iter().any(|source| has_word(source, word)) {
            add(&mut found, word);
        }
    }
    found
}

fn has_word(source: &str, word: &str) -> bool {
    super::cursor::holds(source.as_bytes(), word.to_ascii_lowercase().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_sorted_as_the_search_needs() {
        assert!(AUTO_RUN.is_sorted() && CALLS.is_sorted());
    }

    #[test]
    fn a_procedure_that_runs_by_itself_is_told_from_a_mere_mention() {
        let source = "Attribute VB_Name = \"m\"\r\nPrivate Sub Document_Open()\r\n x = Shell(\"calc\")\r\nEnd Sub";
        let words = Words::of(source);
        assert_eq!(words.auto_run, ["Document_Open"]);
        assert_eq!(words.calls, ["Shell"]);
        assert!(Words::of("' calls AutoOpen later").auto_run.is_empty());
    }

    #[test]
    fn names_of_compiled_code_without_source_are_seen() {
        let found = compiled_only(b"\x08AutoOpen\x00\x05Shell\x00\x04Date", &["Sub AutoOpen()"]);
        assert_eq!(found, ["Shell"]);
    }
}
