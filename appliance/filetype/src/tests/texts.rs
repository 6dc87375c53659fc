//! Text samples, and text that only looks like something.

use crate::kinds::*;
use crate::{FileType, identify};

pub fn samples() -> Vec<(FileType, Vec<u8>)> {
    let samples: &[(FileType, &[u8])] = &[
        (HTML, b"<!DOCTYPE html>\n<html><head></head></html>"),
        (HTML, b"<script>alert(1)</script>"),
        (HTML, b"<!-- x --><div>a</div>"),
        (HTML, b"\xef\xbb\xbf<html>"),
        (HTA, b"<html><hta:application id=a><script>x()</script></html>"),
        (XML, b"<?xml version=\"1.0\"?><anything/>"),
        (SVG, b"<svg xmlns=\"http://www.w3.org/2000/svg\"></svg>"),
        (SVG, b"<?xml version=\"1.0\"?>\n<!DOCTYPE svg PUBLIC \"a\" \"b\">\n<svg></svg>"),
        (RSS, b"<?xml version=\"1.0\"?><rss version=\"2.0\"></rss>"),
        (RSS, b"<feed xmlns=\"http://www.w3.org/2005/Atom\"></feed>"),
        (PLIST, b"<?xml version=\"1.0\"?><!DOCTYPE plist PUBLIC \"a\" \"b\"><plist><dict/></plist>"),
        (WEBLOC, b"<?xml version=\"1.0\"?><plist><dict><key>URL</key></dict></plist>"),
        (KML, b"<?xml version=\"1.0\"?><kml></kml>"),
        (GPX, b"<gpx version=\"1.1\"></gpx>"),
        (COLLADA, b"<?xml version=\"1.0\"?><COLLADA></COLLADA>"),
        (MATHML, b"<math xmlns=\"x\"></math>"),
        (WSDL, b"<wsdl:definitions xmlns:wsdl=\"x\"></wsdl:definitions>"),
        (XSD, b"<xs:schema xmlns:xs=\"http://www.w3.org/2001/XMLSchema\"></xs:schema>"),
        (XLIFF, b"<?xml version=\"1.0\"?><xliff></xliff>"),
        (DOCBOOK, b"<?xml version=\"1.0\"?><book xmlns=\"http://docbook.org/ns/docbook\"></book>"),
        (SOAP, b"<soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\"></soap:Envelope>"),
        (MUSICXML, b"<score-partwise></score-partwise>"),
        (WSF, b"<job><script language=\"VBScript\">x</script></job>"),
        (WSF, b"<?xml version=\"1.0\"?><scriptlet></scriptlet>"),
        (XSL, b"<xsl:stylesheet xmlns:xsl=\"x\"></xsl:stylesheet>"),
        (LIBRARY_MS, b"<?xml version=\"1.0\"?><libraryDescription></libraryDescription>"),
        (SEARCH_MS, b"<?xml version=\"1.0\"?><searchConnectorDescription></searchConnectorDescription>"),
        (SETTINGCONTENT, b"<?xml version=\"1.0\"?><PCSettings></PCSettings>"),
        (MSC, b"<?xml version=\"1.0\"?><MMC_ConsoleFile></MMC_ConsoleFile>"),
        (JNLP, b"<jnlp spec=\"1.0+\"></jnlp>"),
        (FB2, b"<?xml version=\"1.0\"?><FictionBook></FictionBook>"),
        (XFDF, b"<?xml version=\"1.0\"?><xfdf></xfdf>"),
        (XDP, b"<?xml version=\"1.0\"?><xdp:xdp></xdp:xdp>"),
        (WORD_XML, b"<?xml version=\"1.0\"?><?mso-application progid=\"Word.Document\"?><w:wordDocument/>"),
        (EXCEL_XML, b"<?xml version=\"1.0\"?><?mso-application progid=\"Excel.Sheet\"?><Workbook/>"),
        (ODF_FLAT, b"<?xml version=\"1.0\"?><office:document xmlns:office=\"urn:oasis:names:tc:opendocument:xmlns:office:1.0\"/>"),
        (ASX, b"<asx version=\"3.0\"></asx>"),
        (SCRIBUS, b"<?xml version=\"1.0\"?><SCRIBUSUTF8NEW/>"),
        (MSBUILD, b"<Project Sdk=\"Microsoft.NET.Sdk\"></Project>"),
        (DTD, b"<!ELEMENT note (to,from)>"),
        (PHP, b"<?php echo $a; ?>"),
        (ASP, b"<%@ Language=VBScript %>"),
        (JSP, b"<%@ page language=\"java\" %>"),
        (EML, b"Received: from a by b\r\nFrom: a@b.test\r\nSubject: s\r\n\r\nText"),
        (MBOX, b"From a@b.test Thu Jan  1 00:00:00 2026\nFrom: a@b.test\nSubject: x\n\nText"),
        (EMLX, b"123\nFrom: a@b.test\nSubject: x\n\nText"),
        (OFFICE_MHTML, b"MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=a\r\n\r\n--a\r\nContent-Location: file:///a.htm\r\n"),
        (ICS, b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n"),
        (VCF, b"BEGIN:VCARD\r\nVERSION:3.0\r\n"),
        (LDIF, b"dn: cn=a,dc=b\ncn: a\n"),
        (REG, b"Windows Registry Editor Version 5.00\r\n"),
        (REG, b"REGEDIT4\r\n"),
        (URL_SHORTCUT, b"[InternetShortcut]\r\nURL=https://a.example/\r\n"),
        (SCF, b"[Shell]\r\nCommand=2\r\n"),
        (DESKTOP_ENTRY, b"[Desktop Entry]\nType=Application\nExec=a\n"),
        (PLS, b"[playlist]\nFile1=a.mp3\n"),
        (INF, b"[Version]\nSignature=\"$CHICAGO$\"\n"),
        (ICA, b"[WFClient]\nVersion=2\n"),
        (THEME, b"[Theme]\nDisplayName=a\n"),
        (RDP, b"screen mode id:i:2\r\nfull address:s:a\r\n"),
        (IQY, b"WEB\r\n1\r\nhttp://a.example/\r\n"),
        (SLK, b"ID;PWXL;N;E\r\n"),
        (M3U, b"#EXTM3U\na.mp3\n"),
        (WEBVTT, b"WEBVTT\n\n00:01.000 --> 00:02.000\na\n"),
        (SRT, b"1\n00:00:01,000 --> 00:00:02,000\nHello\n"),
        (PGP_ARMOURED, b"-----BEGIN PGP MESSAGE-----\n\nhQEM\n"),
        (PEM, b"-----BEGIN CERTIFICATE-----\nMIIB\n"),
        (SSH_KEY, b"ssh-rsa AAAAB3NzaC1 a@b\n"),
        (AGE, b"age-encryption.org/v1\n-> X25519 a\n"),
        (POSTSCRIPT, b"%!PS-Adobe-3.0\n"),
        (STL, b"solid a\n facet normal 0 0 1\n"),
        (XPM, b"/* XPM */\nstatic char *a[] = {\n"),
        (XBM, b"#define a_width 8\n#define a_height 8\nstatic char a_bits[] = {\n0x00};\n"),
        (BIBTEX, b"@article{a, title={b}}\n"),
        (DIFF, b"diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n"),
        (DIFF, b"--- a\n+++ b\n@@ -1,2 +1,2 @@\n-a\n+b\n"),
        (PO, b"msgid \"\"\nmsgstr \"\"\n\"Language: de\"\n"),
        (DXF, b"0\nSECTION\n2\nHEADER\n"),
        (SHAR, b"#!/bin/sh\n# This is a shell archive (produced by shar)\n"),
        (PNM, b"P1\n2 2\n0 1\n1 0\n"),
        (PNM, b"P3\n# a\n1 1 255\n"),
        (BINHEX, b"(This file must be converted with BinHex 4.0)\n:abc:\n"),
        (UUENCODE, b"begin 644 a.txt\n#0V%T\n`\nend\n"),
        (YENC, b"=ybegin line=128 size=3 name=a.bin\nabc\n=yend size=3\n"),
        (OPENVPN, b"client\ndev tun\nremote a.example 1194\n"),
        (STEP, b"ISO-10303-21;\nHEADER;\n"),
        (BDF, b"STARTFONT 2.1\n"),
        (SH, b"#!/bin/sh\necho hello\n"),
        (PYTHON, b"#!/usr/bin/env python3\nprint(1)\n"),
        (PYTHON, b"import os\nimport sys\n\ndef main():\n    return 1\n"),
        (PERL, b"#!/usr/bin/perl\nprint 1;\n"),
        (PERL, b"use strict;\nuse warnings;\nmy $a = 1;\n"),
        (RUBY, b"#!/usr/bin/ruby\nputs 1\n"),
        (RUBY, b"require 'set'\nclass A\n  attr_reader :b\n  def c\n  end\nend\n"),
        (LUA, b"#!/usr/bin/lua\nprint(1)\n"),
        (LUA, b"local function a()\n  return nil\nend\n"),
        (TCL, b"package require Tk\nproc a {} { puts b }\n"),
        (AWK, b"#!/usr/bin/awk -f\n{print $1}\n"),
        (NODE_SCRIPT, b"#!/usr/bin/env node\nlet a\n"),
        (APPLESCRIPT, b"tell application \"Finder\"\n  activate\nend tell\n"),
        (JS, b"function a() { return document.title === 'x'; }\nvar b = String.fromCharCode(65);\n"),
        (JS, b"\xff\xfevar x = new ActiveXObject('WScript.Shell'); x.Run(String.fromCharCode(99));"),
        (TYPESCRIPT, b"export interface A { name: string; age: number; ok: boolean }\nexport class B { private c(): void {} }\n"),
        (VBS, b"Dim a\nSet a = CreateObject(\"WScript.Shell\")\nOn Error Resume Next\na.Run \"x\"\n"),
        (PS1, b"param($a)\n$b = New-Object Net.WebClient\nWrite-Host $env:TEMP\n"),
        (BAT, b"@echo off\r\nset a=1\r\ngoto end\r\n"),
        (AUTOIT, b"#include <GUIConstantsEx.au3>\nFunc A()\n  MsgBox(0, \"a\", \"b\")\nEndFunc\n"),
        (AHK, b"#NoEnv\nSendMode Input\nMsgBox, a\n"),
        (C_SOURCE, b"#include <stdio.h>\n\nint main(void)\n{\n  printf(\"a\");\n}\n"),
        (CPP_SOURCE, b"#include <iostream>\nusing namespace std;\nint a() { std::cout << 1; }\n"),
        (CSHARP_SOURCE, b"using System;\nnamespace A {\n  public class B { public int C { get; set; } }\n}\n"),
        (JAVA_SOURCE, b"package a;\nimport java.util.List;\npublic class B {\n  @Override\n  public void c() {}\n}\n"),
        (GO_SOURCE, b"package main\n\nimport (\n\t\"fmt\"\n)\n\nfunc main() {\n\tfmt.Println(1)\n}\n"),
        (RUST_SOURCE, b"use std::fmt;\n\nfn main() {\n    let mut a = 1;\n    println!(\"{a}\");\n}\n"),
        (SWIFT_SOURCE, b"import Foundation\nlet a = 1\nfunc b() -> Int { guard let c = d else { return 1 } }\n"),
        (KOTLIN_SOURCE, b"fun main() {\n    val a = 1\n    println(a)\n}\ndata class B(val c: Int)\n"),
        (SCALA_SOURCE, b"object A {\n  def b: Unit = 1\n  case class C(d: Int)\n}\n"),
        (PASCAL_SOURCE, b"program A;\nuses Crt;\nbegin\n  writeln('a');\nend.\n"),
        (FORTRAN_SOURCE, b"program a\n  implicit none\n  integer :: b\n  print *, b\nend program a\n"),
        (LISP_SOURCE, b"(defun a (b)\n  (let ((c 1))\n    (+ b c)))\n"),
        (ERLANG_SOURCE, b"-module(a).\n-export([b/0]).\n"),
        (HASKELL_SOURCE, b"module A where\nimport qualified Data.Map as M\nmain = do\n  x <- y\n"),
        (VERILOG_SOURCE, b"module a(input b);\n  always @(posedge b) begin end\nendmodule\n"),
        (VHDL_SOURCE, b"library ieee;\nuse ieee.std_logic_1164.all;\nentity a is\nend entity;\n"),
        (ASM_SOURCE, b"section .text\nglobal _start\n_start:\n    mov eax, 1\n    int 0x80\n"),
        (SQL, b"CREATE TABLE a (b INT PRIMARY KEY);\nINSERT INTO a VALUES (1);\n"),
        (CSS, b"body {\n  font-family: Arial;\n  margin: 0;\n  color: red;\n}\n"),
        (TEX, b"\\documentclass{article}\n\\begin{document}\na\n\\end{document}\n"),
        (MAKEFILE, b".PHONY: all\nall:\n\t@echo a\n"),
        (DOCKERFILE, b"FROM debian\nRUN apt-get update\nENTRYPOINT [\"a\"]\n"),
        (MARKDOWN, b"# Title\n\n## Part\n\n* [a](https://a.example/)\n"),
        (RST, b"Title\n=====\n\n.. code-block:: c\n\n.. image:: a.png\n"),
        (JSON, b"{\"a\": [1, 2, {\"b\": null}]}"),
        (JSON, b"[1, 2, 3]"),
        (JSONL, b"{\"a\": 1}\n{\"a\": 2}\n"),
        (IPYNB, b"{\"cells\": [], \"nbformat\": 4}"),
        (GEOJSON, b"{\"type\": \"FeatureCollection\", \"features\": []}"),
        (YAML, b"---\na: 1\n"),
        (YAML, b"name: a\nversion: 1\nitems:\n  - b\n  - c\n"),
        (TOML, b"[package]\nname = \"a\"\nversion = \"1\"\n"),
        (INI, b"[main]\na=1\nb=2\n; c\n"),
        (CSV, b"a,b,c\n1,2,3\n4,5,6\n"),
        (CSV, b"a;b\n1;2\n3;4\n5;6\n"),
        (TSV, b"a\tb\tc\n1\t2\t3\n4\t5\t6\n"),
        (TEXT, b"Dear Sir, please find the invoice attached. Kind regards."),
        (TEXT, b"Gr\xfc\xdfe aus M\xfcnchen\n"),
        (UTF16_TEXT, b"\xff\xfeG\x00r\x00\xfc\x00\xdf\x00e\x00"),
        (UTF16_TEXT, b"a\x00b\x00c\x00d\x00e\x00f\x00"),
        (UTF32_TEXT, b"\xff\xfe\x00\x00a\x00\x00\x00b\x00\x00\x00"),
        (BAT, b"\xff\xfe@echo off\r\npowershell -c x\r\n"),
        (RTF, b"{\\rtf1\\ansi Hello}"),
        (RTF, b"  \n{\\rtx Hello}"),
        (HTML, b"\xff\xfe<\x00h\x00t\x00m\x00l\x00>\x00"),
        (SQL, b"SELECT a.b\nFROM a\nLEFT JOIN c ON c.d = a.b\nORDER BY b;\n"),
    ];
    samples.iter().map(|(kind, text)| (*kind, text.to_vec())).collect()
}

fn main(text: &str) -> FileType {
    identify(text.as_bytes()).main()
}

#[test]
fn prose_about_programs_is_prose() {
    for text in [
        "From: is a word, and so is Subject.\n",
        "Please select the function from the table, then return it to me. Import duties apply.",
        "He said: \"if x then y\", set the class on end. Let me know.\nvar means variable.\n",
        "begin at the beginning\nand end at the end\n",
        "PK is how archives begin. GIF is a picture. %PDF is not at the start of a line.",
        "1. first, second\n2. third, fourth and more\nbut not every line\n",
        "Hello {name}, [see] <this@example.test> & that.\n",
        "<someone@example.test> wrote:\n> hello\n",
        "Time: ten\nwe meet there and bring what is needed for the day\nPlace: here\n",
    ] {
        assert_eq!(main(text), TEXT, "{text}");
    }
}

#[test]
fn an_obfuscated_script_that_looks_like_data_is_told_as_a_script_too() {
    let text = "[\"a\",\"b\"].join(\"\"); var x = new ActiveXObject(\"WScript.Shell\"); eval(x);";
    assert!(identify(text.as_bytes()).has(JS));
}

#[test]
fn text_with_nothing_but_octets_above_ascii_is_text() {
    assert_eq!(identify("Привет, как дела? Всё хорошо.".as_bytes()).main(), TEXT);
    assert_eq!(
        identify(&[0xc4, 0xe3, 0xba, 0xc3, 0xa3, 0xac, 0xca, 0xc0, 0xbd, 0xe7]).main(),
        TEXT
    );
}

#[test]
fn a_page_behind_other_text_is_a_page() {
    assert!(identify(b"some words first\n<html><body>x</body></html>").has(HTML));
    assert!(identify(b"\n\n   <!-- a --> \n<?xml version='1.0'?><html></html>").has(HTML));
}

#[test]
fn encoded_files_in_text_are_seen() {
    assert!(identify(b"Dear all,\n\nbegin 644 a.exe\n#0V%T\n`\nend\n").has(UUENCODE));
    assert!(!identify(b"we begin 100 miles away\nand end there\n").has(UUENCODE));
}
