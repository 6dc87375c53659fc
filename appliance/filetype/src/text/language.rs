//! Source text: which language, by the words it uses.
//!
//! Every word has a weight. A language needs a strong word (3 or more) and a sum of
//! [`ENOUGH`]; a word counts at most [`COUNTED`] times. One pass over the text finds all words.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind};

use crate::kind::FileType;
use crate::kinds::*;

/// Sum of weights from which a language is believed.
const ENOUGH: u32 = 6;
/// Times that one word counts.
const COUNTED: u8 = 3;
/// Weight of a word that other text hardly has.
const STRONG: u32 = 3;

type Words = &'static [(u32, &'static [&'static str])];

/// The words of each language by their weight, in lower case; `\n` before a word is the start of a line.
const LANGUAGES: &[(FileType, Words)] = &[
    (
        JS,
        &[
            (5, &["var _0x"]),
            (
                4,
                &[
                    "activexobject",
                    "module.exports",
                    "console.log",
                    "fromcharcode",
                    ".prototype.",
                    "charcodeat",
                    "use strict'",
                    "use strict\"",
                    ".addeventlistener",
                ],
            ),
            (
                3,
                &[
                    "=> {",
                    " === ",
                    "json.parse",
                    "async function",
                    "}catch(",
                    "export default",
                    "return function",
                ],
            ),
            (
                2,
                &[
                    "function(",
                    "function (",
                    "document.",
                    "window.",
                    "eval(",
                    "unescape(",
                    "typeof ",
                    "parseint(",
                    "wscript.createobject",
                    "new array(",
                    "require('",
                    "require(\"",
                    "undefined",
                    ".length;",
                    ".join(\"",
                    ".split('",
                    ".split(\"",
                    ".tostring(",
                ],
            ),
            (1, &["} catch (", "\nvar ", "\nconst ", "\nlet ", "\nfunction ", "= new "]),
        ],
    ),
    (
        TYPESCRIPT,
        &[
            (5, &["export interface "]),
            (3, &[": string", ": number", "export class ", "\nimport {", ": boolean", "): void"]),
            (2, &["export const ", "readonly ", "<string>", "=> {"]),
            (1, &["private ", "public "]),
        ],
    ),
    (
        VBS,
        &[
            (6, &["on error resume next", "attribute vb_"]),
            (5, &["executeglobal"]),
            (
                4,
                &[
                    "end sub",
                    "end function",
                    "createobject(",
                    "private sub ",
                    "public sub ",
                    "option explicit",
                    "wscript.echo",
                ],
            ),
            (3, &["\nend if", "chrw(", "msgbox ", " & _\n"]),
            (2, &["\ndim ", "wscript.", "\nsub ", "\nnext\n"]),
            (1, &["\nset ", " then\n", "chr(", "const "]),
        ],
    ),
    (
        PS1,
        &[
            (6, &["[cmdletbinding"]),
            (
                5,
                &[
                    "invoke-expression",
                    "[convert]::",
                    "foreach-object",
                    "[string]$",
                    "get-childitem",
                    "where-object",
                    "invoke-webrequest",
                ],
            ),
            (
                4,
                &[
                    "write-host",
                    "write-output",
                    "new-object",
                    "$env:",
                    "downloadstring",
                    "import-module",
                    "-bxor",
                    "[byte[]]",
                    "-erroraction",
                    "start-sleep",
                    "[parameter(",
                ],
            ),
            (
                3,
                &[
                    "iex(",
                    "iex (",
                    "|iex",
                    "| iex",
                    "[system.",
                    "start-process",
                    " -eq ",
                    "add-type",
                    "out-file",
                    "\nparam(",
                    "\nparam (",
                    "$_.",
                    ".downloadfile(",
                ],
            ),
            (2, &["$null"]),
            (1, &["get-"]),
        ],
    ),
    (
        BAT,
        &[
            (6, &["@echo off"]),
            (5, &["%~dp0", "for /f ", "for %%"]),
            (4, &["setlocal", "goto :eof", "%errorlevel%", "endlocal", "attrib +h"]),
            (
                3,
                &[
                    "\ngoto ",
                    "goto :",
                    "if exist ",
                    "if not exist ",
                    "cmd /c",
                    "%appdata%",
                    "bitsadmin",
                    "regsvr32",
                    "rundll32",
                    "reg add ",
                    ">nul",
                    "> nul",
                    "%userprofile%",
                    "schtasks",
                    "taskkill",
                    "mshta",
                    "\nmsiexec",
                ],
            ),
            (2, &["\nrem ", "%temp%", "powershell", "certutil", "\ndel ", "\ncd %"]),
            (1, &["\nstart ", "\ncall ", "\npause", "\n@", "\nset ", "\ncopy "]),
        ],
    ),
    (
        SH,
        &[
            (4, &["\nfi\n", "esac\n"]),
            (
                3,
                &[
                    "\ndone\n",
                    "if [ ",
                    "if [[ ",
                    "\nelif [",
                    "; do\n",
                    "| sh\n",
                    "| bash",
                    "/dev/null",
                    "chmod +x",
                ],
            ),
            (2, &["; then", "\nexport ", "| grep ", "/bin/sh", "wget http", "curl -", "set -e"]),
            (1, &["$(", "sudo "]),
        ],
    ),
    (
        PYTHON,
        &[
            (6, &["\nfrom __future__"]),
            (5, &["exec(base64"]),
            (4, &["__init__", "__name__", " is not none", "import os\n", "import sys\n"]),
            (
                3,
                &[
                    "\ndef ",
                    "    def ",
                    "    elif ",
                    "\nexcept ",
                    "    except ",
                    "\"\"\"",
                    "    raise ",
                    "b64decode(",
                ],
            ),
            (2, &["\nimport ", "self."]),
            (
                1,
                &[
                    " import ",
                    "\nfrom ",
                    "\nclass ",
                    "print(",
                    "    return ",
                    "lambda ",
                    "    for ",
                    ":\n    ",
                ],
            ),
        ],
    ),
    (
        PERL,
        &[
            (6, &["use strict;"]),
            (5, &["use warnings", "foreach my", "\n=head1"]),
            (4, &["my @", "print stderr"]),
            (3, &["my $", "my (", "@_", " =~ ", "$self->", "\n1;\n", "bless "]),
            (2, &["\nsub "]),
            (1, &["\npackage "]),
        ],
    ),
    (
        PHP,
        &[
            (6, &["<?php"]),
            (5, &["isset($"]),
            (4, &["$_post", "$_get", "$_server", "gzinflate("]),
            (3, &["echo $"]),
            (2, &["base64_decode("]),
            (1, &["->", "array("]),
        ],
    ),
    (
        RUBY,
        &[
            (5, &["attr_accessor", "attr_reader", "require_relative"]),
            (4, &[".each do", " do |"]),
            (3, &["\nend\n", "elsif "]),
            (2, &["require '", "puts ", "  end\n", "\nmodule "]),
            (1, &["  def ", " unless ", "\nclass "]),
        ],
    ),
    (
        LUA,
        &[
            (5, &["local function", "~= nil"]),
            (4, &["ipairs("]),
            (3, &["\nlocal ", "pairs("]),
            (2, &["\nend\n", "elseif ", " .. "]),
            (1, &["local ", " then\n", "\nreturn "]),
        ],
    ),
    (
        TCL,
        &[
            (6, &["package require", "namespace eval"]),
            (5, &["\nproc ", "[expr "]),
            (4, &["lappend "]),
            (3, &["[list "]),
            (1, &["\nset ", "puts ", "foreach "]),
        ],
    ),
    (
        AWK,
        &[
            (4, &["begin {", "begin{", "{print $", "{ print $"]),
            (2, &["end {", "fs="]),
            (1, &["printf "]),
        ],
    ),
    (
        APPLESCRIPT,
        &[
            (5, &["tell application", "end tell", "do shell script"]),
            (4, &["display dialog"]),
            (3, &["\non run"]),
            (1, &["\nset "]),
        ],
    ),
    (
        AUTOIT,
        &[
            (6, &["#include <guiconstants", "guicreate("]),
            (5, &["endfunc"]),
            (3, &["\nlocal $", "\nglobal $", "\nfunc "]),
            (2, &["shellexecute(", "endselect"]),
        ],
    ),
    (
        AHK,
        &[
            (6, &["#noenv", "#singleinstance"]),
            (5, &["ifwinexist"]),
            (4, &["sendmode ", "msgbox,", "winactivate"]),
            (3, &["send, "]),
            (2, &["\nreturn\n", "::\n"]),
        ],
    ),
    (
        C_SOURCE,
        &[
            (5, &["int main(", "typedef struct"]),
            (4, &["#include <", "#include \""]),
            (3, &["#ifndef ", "#ifdef ", "char *"]),
            (
                2,
                &[
                    "#define ",
                    "\nvoid ",
                    "\nstatic ",
                    "\nstruct ",
                    "unsigned ",
                    "sizeof(",
                    "#endif",
                    "\nint ",
                ],
            ),
            (1, &["printf(", "null)"]),
        ],
    ),
    (
        CPP_SOURCE,
        &[
            (6, &["#include <iostream", "#include <string>", "#include <vector>"]),
            (5, &["using namespace", "static_cast<"]),
            (4, &["std::", "template <"]),
            (
                3,
                &[
                    "template<",
                    "public:",
                    "private:",
                    "virtual ",
                    "#include \"",
                    "nullptr",
                    "const std",
                ],
            ),
            (2, &["\nnamespace ", "#include <", "#ifndef ", "\nclass "]),
            (1, &["#define "]),
        ],
    ),
    (
        CSHARP_SOURCE,
        &[
            (6, &["\nusing system", "get; set;"]),
            (5, &["async task", "console.writeline"]),
            (4, &["/// <summary>"]),
            (3, &["static void main(", "private readonly"]),
            (2, &["\nnamespace ", "public class", "string[] args", "internal "]),
            (1, &["public static"]),
        ],
    ),
    (
        JAVA_SOURCE,
        &[
            (6, &["\nimport java"]),
            (5, &["@override", "static void main(string", "system.out.print"]),
            (4, &["\nimport org.", "\nimport com."]),
            (
                3,
                &[
                    "public class ",
                    "private final",
                    "public interface ",
                    " throws ",
                    "public void ",
                    "private static final",
                ],
            ),
            (2, &[" implements "]),
            (1, &["\npackage ", " extends "]),
        ],
    ),
    (
        GO_SOURCE,
        &[
            (6, &["err != nil"]),
            (5, &["\nimport ("]),
            (4, &["func (", "interface{}"]),
            (3, &["\nfunc ", "fmt.", "import \""]),
            (2, &["\npackage ", " := ", " struct {"]),
            (1, &["\ntype "]),
        ],
    ),
    (
        RUST_SOURCE,
        &[
            (6, &["\nuse std::", "#[derive", "\nuse crate::", "\nfn main()"]),
            (5, &["let mut ", "pub fn ", "println!", "pub struct ", "#[cfg("]),
            (4, &["\nimpl ", "&self", "\n//! ", "-> result<", ".unwrap()"]),
            (3, &["&mut ", "\nmod "]),
            (1, &["fn ", "::new("]),
        ],
    ),
    (
        SWIFT_SOURCE,
        &[
            (6, &["\nimport foundation", "\nimport uikit", "\nimport swiftui"]),
            (5, &["guard let", "override func"]),
            (4, &["@objc", "public func", "static func"]),
            (3, &["private let ", "\nextension "]),
            (2, &["if let "]),
            (1, &["func ", " -> ", "self.", "let "]),
        ],
    ),
    (
        KOTLIN_SOURCE,
        &[
            (6, &["companion object", "override fun", "\nimport kotlin", "suspend fun"]),
            (5, &["data class", "fun main("]),
            (4, &["    fun ", "private val"]),
            (3, &["\nfun "]),
            (2, &["?: "]),
            (1, &["val ", "\nimport java", ": string", "println("]),
        ],
    ),
    (
        SCALA_SOURCE,
        &[
            (6, &["case class ", "\nimport scala", ": unit =", "case _ =>"]),
            (5, &["override def"]),
            (4, &["\nobject "]),
            (3, &["\ntrait ", "implicit "]),
            (2, &["  def ", "  val "]),
            (1, &[" => ", " extends "]),
        ],
    ),
    (
        PASCAL_SOURCE,
        &[
            (5, &["\nend.", "\nuses\n", "\nimplementation"]),
            (4, &["writeln(", "\nuses ", "\nunit "]),
            (3, &["procedure ", "\nbegin\n", "\nend;"]),
            (2, &["\nprogram ", "\nvar\n", "\ntype\n"]),
            (1, &[" := "]),
        ],
    ),
    (
        FORTRAN_SOURCE,
        &[
            (6, &["implicit none", "end program", "intent(in)"]),
            (5, &["integer ::", "print *,", "end subroutine"]),
            (
                4,
                &[
                    "subroutine ",
                    "write(*",
                    "      program ",
                    "      integer ",
                    "      real ",
                    "      end\n",
                ],
            ),
            (3, &["end do", "      call "]),
            (2, &["real("]),
        ],
    ),
    (
        LISP_SOURCE,
        &[
            (6, &["(defun ", "(defn ", "(defmacro "]),
            (5, &["(setq ", "(define ", "(ns ", "(format t"]),
            (4, &["(define-", "(let* ", "(require '"]),
            (3, &["(lambda ", "(cond ", "(cons "]),
            (2, &["(let ", "\n;;"]),
            (1, &["(if "]),
        ],
    ),
    (
        ERLANG_SOURCE,
        &[
            (6, &["\n-module(", "\n-export(["]),
            (5, &["\n-include(", "\n-record("]),
            (4, &[" when is_"]),
            (3, &["-spec "]),
        ],
    ),
    (
        HASKELL_SOURCE,
        &[
            (
                6,
                &[
                    "import qualified",
                    "\nimport data.",
                    "\nimport control.",
                    "{-# language",
                    "main = do",
                ],
            ),
            (5, &["deriving ("]),
            (3, &[" where\n", "\ninstance "]),
            (2, &[" :: ", "\ndata ", "\nmodule "]),
            (1, &[" <- ", " -> "]),
        ],
    ),
    (
        VERILOG_SOURCE,
        &[
            (6, &["endmodule", "always @", "`timescale"]),
            (5, &["posedge"]),
            (2, &["\nmodule ", "wire ", "assign "]),
        ],
    ),
    (
        VHDL_SOURCE,
        &[
            (6, &["library ieee"]),
            (5, &["std_logic", "end process"]),
            (4, &["\narchitecture "]),
            (3, &["\nentity "]),
            (2, &["port ("]),
        ],
    ),
    (
        ASM_SOURCE,
        &[
            (6, &["section .text", "global _start"]),
            (5, &[".globl", "int 0x80", "int 21h", "proc near"]),
            (4, &["\tmov ", "\tmov\t", "    mov ", "\tjmp", "movl", ".section", "\tint\t"]),
            (3, &["\tpush", "\tret", ".text\n", "    ret\n", "\tdb ", "\torg "]),
            (2, &["\tcall"]),
        ],
    ),
    (
        SQL,
        &[
            (6, &["create table", "insert into"]),
            (5, &["drop table", "alter table"]),
            (4, &["primary key", "varchar(", "inner join", "left join", "create or replace"]),
            (3, &["\nselect ", "group by"]),
            (2, &["order by"]),
            (1, &[" from ", " where ", "\nfrom ", "\nupdate "]),
        ],
    ),
    (
        CSS,
        &[
            (6, &["@import url", "@charset"]),
            (5, &["@media"]),
            (4, &["font-family:", ":hover"]),
            (
                3,
                &[
                    "margin:",
                    "padding:",
                    "display:",
                    "font-size:",
                    "background:",
                    "border:",
                    "background-color:",
                ],
            ),
            (2, &["color:", "px;", "width:"]),
        ],
    ),
    (
        TEX,
        &[
            (6, &["\\documentclass", "\\documentstyle", "\\usepackage", "\\providespackage"]),
            (5, &["\\newcommand", "\\providecommand"]),
            (4, &["\\begin{", "\\def\\", "\\input ", "\\bye"]),
            (3, &["\\section", "\\end{"]),
        ],
    ),
    (PO, &[(4, &["\nmsgid \"", "\nmsgstr \""])]),
    (
        DIFF,
        &[
            (6, &["\n@@ -"]),
            (5, &["\n***************"]),
            (4, &["\n+++ "]),
            (3, &["\n--- ", "\n*** "]),
        ],
    ),
    (
        MAKEFILE,
        &[
            (6, &["\n.phony"]),
            (5, &["$(cc)", "\nall:", "$(make)", "\nclean:"]),
            (4, &["$(shell "]),
            (3, &["\n\t@", "cflags"]),
            (2, &["$@", "$<"]),
            (1, &["\ninclude ", " := "]),
        ],
    ),
    (
        DOCKERFILE,
        &[
            (5, &["\nentrypoint", "\nworkdir", "\ncmd ["]),
            (4, &["\nrun ", "\nmaintainer "]),
            (3, &["\nexpose ", "\ncopy "]),
            (2, &["\nfrom ", "\nenv "]),
        ],
    ),
    (
        MARKDOWN,
        &[
            (4, &["\n## ", "\n### ", "```", "](http", "](#"]),
            (3, &["!["]),
            (2, &["\n# "]),
            (1, &["\n* ", "\n- ", "**", "\n===", "\n---\n"]),
        ],
    ),
    (
        RST,
        &[
            (6, &["\n.. toctree", "\n.. image::", "\n.. note::"]),
            (5, &["\n.. code", ":ref:`", ":class:`"]),
            (4, &["\n.. _"]),
            (3, &["\n~~~~"]),
            (2, &["\n====", "::\n\n", "`_", "\n.. "]),
            (1, &["\n----"]),
        ],
    ),
    (YENC, &[(6, &["\n=ybegin line="])]),
];

struct Matcher {
    words: AhoCorasick,
    /// Language and weight of each word, as the automaton numbers them.
    rows: Vec<(usize, u32)>,
}

static MATCHER: LazyLock<Option<Matcher>> = LazyLock::new(|| {
    let mut words: Vec<(usize, &str, u32)> = Vec::new();
    for (at, (_, groups)) in LANGUAGES.iter().enumerate() {
        for (weight, group) in *groups {
            words.extend(group.iter().map(|word| (at, *word, *weight)));
        }
    }
    let kind = Some(AhoCorasickKind::DFA);
    let automaton = AhoCorasick::builder().kind(kind).build(words.iter().map(|(_, word, _)| *word));
    let rows = words.iter().map(|(at, _, weight)| (*at, *weight)).collect();
    automaton.ok().map(|words| Matcher { words, rows })
});

/// The language of a text in lower case that begins with a line end.
pub(super) fn kind(lower: &[u8]) -> Option<FileType> {
    let matcher = MATCHER.as_ref()?;
    let mut counts = vec![0_u8; matcher.rows.len()];
    for hit in matcher.words.find_overlapping_iter(lower) {
        if let Some(count) = counts.get_mut(hit.pattern().as_usize()) {
            *count = count.saturating_add(1).min(COUNTED);
        }
    }
    best(&matcher.rows, &counts)
}

/// What the words of one language come to.
#[derive(Debug, Clone, Copy, Default)]
struct Sum {
    weight: u32,
    strongest: u32,
    words: u32,
}

impl Sum {
    /// One word alone is chance, however often it stands there, unless no other text has it.
    fn is_enough(self) -> bool {
        let more = self.words > 1 || self.strongest >= ENOUGH;
        more && self.weight >= ENOUGH && self.strongest >= STRONG
    }
}

fn best(rows: &[(usize, u32)], counts: &[u8]) -> Option<FileType> {
    let mut sums = [Sum::default(); LANGUAGES.len()];
    for ((language, weight), count) in rows.iter().zip(counts).filter(|(_, count)| **count > 0) {
        if let Some(sum) = sums.get_mut(*language) {
            sum.weight += weight * u32::from(*count);
            sum.strongest = sum.strongest.max(*weight);
            sum.words += 1;
        }
    }
    let believed = sums.iter().zip(LANGUAGES).filter(|(sum, _)| sum.is_enough());
    // Of equals the first in the table.
    let most = believed.rev().max_by_key(|(sum, _)| sum.weight);
    most.map(|(_, (kind, _))| *kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_lower_case_and_make_one_automaton() {
        for (kind, words) in LANGUAGES {
            for word in words.iter().flat_map(|(_, group)| *group) {
                assert_eq!(*word, word.to_lowercase(), "{kind:?}");
            }
        }
        assert!(MATCHER.is_some());
    }

    #[test]
    fn prose_is_no_language() {
        let prose = "\ndear sir, if you select the new function then please return it to me from where it was; i will print the class and set the table. let me know. end of the subject.\n";
        assert_eq!(kind(prose.as_bytes()), None);
    }
}
