//! Ways to hide an attachment from one of two mail readers. Each case hides the EICAR test file,
//! encoded, so that only a reader who takes the message apart in the right way sees it. In each it
//! must be in a leaf or a reading, or the mail must be called ambiguous or limited: never clean.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod encode;

use encode::{base64, binhex, eicar, lines, quoted, uu, yenc};
use gatepost_message as message;
use message::Mail;

/// One way to hide.
struct Case {
    name: String,
    raw: Vec<u8>,
}

fn case(name: impl Into<String>, raw: impl Into<Vec<u8>>) -> Case {
    Case { name: name.into(), raw: raw.into() }
}

/// A part with the payload in base64, in lines so short that nobody takes it for a pasted file.
fn part() -> String {
    format!(
        "Content-Type: application/octet-stream; name=e.com\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n{}\r\n",
        payload()
    )
}

fn payload() -> String {
    lines(&base64(&eicar()), 36)
}

fn body(boundary: &str) -> String {
    format!("--{boundary}\r\n\r\nhello\r\n--{boundary}\r\n{}--{boundary}--\r\n", part())
}

const TOP: &str = "From: a@b.test\r\nSubject: x\r\nMIME-Version: 1.0\r\n";

/// A multipart whose header says `declared` and whose parts stand at `boundary`.
fn multipart(declared: &str, boundary: &str) -> String {
    format!("{TOP}Content-Type: {declared}\r\n\r\n{}", body(boundary))
}

fn boundaries() -> Vec<Case> {
    let long = "b".repeat(300);
    let declared = [
        ("boundary=good; boundary=evil", "good"),
        ("boundary=evil; boundary=good", "good"),
        ("boundary=\"evil\"; boundary=\"good\"; boundary=\"other\"", "good"),
        ("boundary=evil; boundary*=us-ascii''good", "good"),
        ("boundary*=us-ascii''good", "good"),
        ("boundary*=us-ascii'en'go%6Fd; boundary=evil", "good"),
        ("boundary*=good", "good"),
        ("boundary*0=go; boundary*1=od", "good"),
        ("boundary*1=od; boundary*0=go", "good"),
        ("boundary*0*=us-ascii''go; boundary*1*=%6fd", "good"),
        ("boundary*0=go; boundary*1=od; boundary=evil", "good"),
        ("boundary*0=go; boundary*1=od; boundary=evil", "evil"),
        ("boundary*0=good; boundary*0=evil", "good"),
        ("boundary*00=go; boundary*01=od", "good"),
        ("boundary=good(comment)", "good"),
        ("boundary=good(comment)", "good(comment)"),
        ("boundary=(comment)good", "good"),
        ("boundary=\"good\"(comment)", "good"),
        ("boundary=\"good\"evil", "good"),
        ("boundary=\"go\"od", "good"),
        ("boundary=\"go\\od\"", "good"),
        ("boundary=\"go\\od\"", "go\\od"),
        ("boundary='good'", "good"),
        ("boundary='good'", "'good'"),
        ("boundary=\"good", "good"),
        ("boundary=good\"", "good"),
        ("boundary==?utf-8?B?Z29vZA==?=", "good"),
        ("boundary==?utf-8?B?Z29vZA==?=", "=?utf-8?B?Z29vZA==?="),
        ("boundary=\"=?utf-8?Q?good?=\"", "good"),
        ("boundary=\"good \"", "good"),
        ("boundary=\" good\"", "good"),
        ("boundary=\"good\tevil\"", "good\tevil"),
        ("boundary=good\0evil", "good"),
        ("boundary=\"good\0evil\"", "good\0evil"),
        ("boundary=good evil", "good"),
        ("boundary=good evil", "good evil"),
        ("boundary = good", "good"),
        ("boundary\r\n =\r\n good", "good"),
        ("boundary:good", "good"),
        (";; ; boundary=good", "good"),
        ("\"boundary\"=good", "good"),
        ("bound(x)ary=good", "good"),
        ("boundary=; boundary=good", "good"),
        ("boundary=\"\"; boundary=good", "good"),
        ("boundary=\"\"", ""),
        ("boundary=", ""),
        ("charset=utf-8", "good"),
        ("boundary=evil", "good"),
        ("boundary=\"good;evil\"", "good"),
        ("boundary=\"good;evil\"", "good;evil"),
        ("boundary=\"go\r\n od\"", "go od"),
        ("boundary=\"go\r\n\tod\"", "go\tod"),
        ("xboundary=evil; boundary=good", "good"),
        ("type=\"a;boundary=evil\"; boundary=good", "good"),
        ("x=(;boundary=good;)", "good"),
        ("x=\"; boundary=good", "good"),
        ("boundary=\u{fc}good", "\u{fc}good"),
        ("boundary=good,", "good"),
        ("boundary=<good>", "good"),
        ("boundary=[good]", "[good]"),
    ];
    let mut cases: Vec<Case> = declared
        .iter()
        .map(|(parameter, used)| {
            let declared = format!("multipart/mixed; {parameter}");
            case(format!("boundary {parameter:?} as {used:?}"), multipart(&declared, used))
        })
        .collect();
    cases.push(case(
        "long boundary",
        multipart(&format!("multipart/mixed; boundary={long}"), &long),
    ));
    let cut = multipart(&format!("multipart/mixed; boundary={long}"), &long[..70]);
    cases.push(case("boundary cut after 70 octets", cut));
    for glue in [" ", ", ", "\t", "\r\n "] {
        let declared = format!("multipart/mixed{glue}boundary=good");
        cases.push(case(format!("boundary after {glue:?}"), multipart(&declared, "good")));
    }
    cases
}

fn types() -> Vec<Case> {
    let words = [
        "Multipart/MIXED",
        "multipart/mixed (x)",
        "multi(x)part/mixed",
        "(x) multipart/mixed",
        "\"multipart/mixed\"",
        "multipart /mixed",
        "multipart/ mixed",
        "multipart\0/mixed",
        "multipart",
        "multipart/",
        "multipart/strange",
        "=?utf-8?Q?multipart/mixed?=",
        "multipart/mixed/x",
        "multipart\\mixed",
        "'multipart/mixed'",
        "multipart/mixed,text/plain",
        "\u{fc}multipart/mixed",
        "multipart/appledouble",
        "\r\n multipart/mixed",
        "x-multipart/mixed",
    ];
    let mut cases: Vec<Case> = words
        .iter()
        .map(|word| {
            case(format!("type {word:?}"), multipart(&format!("{word}; boundary=good"), "good"))
        })
        .collect();
    let multi = "Content-Type: multipart/mixed; boundary=good";
    for (first, second) in
        [("Content-Type: text/plain", multi), (multi, "Content-Type: text/plain")]
    {
        let raw = format!("{TOP}{first}\r\n{second}\r\n\r\n{}", body("good"));
        cases.push(case(format!("types {first} {second}"), raw));
    }
    let other = "Content-Type: multipart/mixed; boundary=evil";
    for (first, second) in [(multi, other), (other, multi)] {
        let parts = format!("--evil\r\n\r\nhello\r\n--evil--\r\n{}", body("good"));
        let raw = format!("{TOP}{first}\r\n{second}\r\n\r\n{parts}");
        cases.push(case(format!("boundaries in fields {first} {second}"), raw));
    }
    cases
}

fn headers() -> Vec<Case> {
    let field = "Content-Type: multipart/mixed; boundary=good";
    let heads = [
        format!("{TOP}Content-Type : multipart/mixed; boundary=good\r\n\r\n"),
        format!("{TOP}Content-Type\t: multipart/mixed; boundary=good\r\n\r\n"),
        format!("{TOP}Content-Type:multipart/mixed;boundary=good\r\n\r\n"),
        format!("{TOP}CONTENT-TYPE: multipart/mixed; boundary=good\r\n\r\n"),
        format!("{TOP}Content-Type\0: multipart/mixed; boundary=good\r\n\r\n"),
        format!("{TOP}Content-Type\u{a0}: multipart/mixed; boundary=good\r\n\r\n"),
        format!("{TOP}Content -Type: multipart/mixed; boundary=good\r\n\r\n"),
        format!(" {field}\r\n{TOP}\r\n"),
        format!("\u{feff}{field}\r\n{TOP}\r\n"),
        format!("{TOP} \r\n{field}\r\n\r\n"),
        format!("{TOP}\t\r\n{field}\r\n\r\n"),
        format!("{TOP}no field here\r\n{field}\r\n\r\n"),
        format!("{TOP}: empty name\r\n{field}\r\n\r\n"),
        format!("{TOP}X: y\r{field}\r\n\r\n"),
        format!("{TOP}X: y\n{field}\r\n\r\n"),
        format!("{TOP}X: y\r\r\n{field}\r\n\r\n"),
        format!("{TOP}X: y\n\r{field}\r\n\r\n"),
        format!("{TOP}{field}\n\n"),
        format!("{TOP}{field}\r\r"),
        format!("{TOP}{field}\r\n \r\n"),
        format!("{TOP}{field}\r\n"),
        format!("{TOP}Content-Type: multipart/mixed;\r\n \r\n boundary=good\r\n\r\n"),
        format!("{TOP}Content-Type: multipart/mixed;\r\nboundary=good\r\n\r\n"),
        format!("{TOP}Content-Type: multipart/mixed;\n boundary=good\r\n\r\n"),
        format!("{TOP}Content-Type: multipart/mixed;\r boundary=good\r\n\r\n"),
        format!("From a@b Thu Jan  1 00:00:00 1970\r\n{field}\r\n\r\n"),
        format!(">From a@b Thu Jan  1\r\n{field}\r\n\r\n"),
        format!("\r\n{TOP}{field}\r\n\r\n"),
        format!("{TOP}X: {}\r\n{field}\r\n\r\n", "y".repeat(100_000)),
        format!("{}{field}\r\n\r\n", "X: y\r\n".repeat(2000)),
    ];
    let all = heads.iter().enumerate();
    let mut cases: Vec<Case> = all
        .map(|(n, head)| case(format!("header {n}"), format!("{head}{}", body("good"))))
        .collect();
    cases.push(case(
        "all lines end in LF",
        multipart("multipart/mixed; boundary=good", "good").replace("\r\n", "\n"),
    ));
    cases.push(case(
        "all lines end in CR",
        multipart("multipart/mixed; boundary=good", "good").replace("\r\n", "\r"),
    ));
    cases
}

fn encodings() -> Vec<Case> {
    let head = format!("{TOP}Content-Type: application/octet-stream\r\n");
    let encoded = payload();
    let fields = [
        "Content-Transfer-Encoding: 7bit\r\nContent-Transfer-Encoding: base64",
        "Content-Transfer-Encoding: base64\r\nContent-Transfer-Encoding: 7bit",
        "Content-Transfer-Encoding: base64\r\nContent-Transfer-Encoding: quoted-printable",
        "Content-Transfer-Encoding: quoted-printable\r\nContent-Transfer-Encoding: base64",
        "Content-Transfer-Encoding: base64 (x)",
        "Content-Transfer-Encoding: (x) base64",
        "Content-Transfer-Encoding: ba(x)se64",
        "Content-Transfer-Encoding: \"base64\"",
        "Content-Transfer-Encoding: base64;",
        "Content-Transfer-Encoding: base64; x=y",
        "Content-Transfer-Encoding: base64 foo",
        "Content-Transfer-Encoding: foo base64",
        "Content-Transfer-Encoding: base64,7bit",
        "Content-Transfer-Encoding: x-base64",
        "Content-Transfer-Encoding: base-64",
        "Content-Transfer-Encoding: base 64",
        "Content-Transfer-Encoding: base64\0",
        "Content-Transfer-Encoding: BASE64",
        "Content-Transfer-Encoding:base64",
        "Content-Transfer-Encoding:\r\n base64",
        "Content-Transfer-Encoding:\r\n\tbase64\r\n\t",
        "Content-Transfer-Encoding : base64",
        "Content-Transfer-Encoding\0: base64",
        "Content-Transfer-Encoding: =?utf-8?Q?base64?=",
        "Content-Transfer-Encoding: =?utf-8?B?YmFzZTY0?=",
        "Content-Transfer-Encoding: bаse64",
        "Content-Transfer-Encoding: 6bit",
        "Content-Transfer-Encoding: binary base64",
        "Content-Transfer-Encoding: base64\r\n \r\n",
        "Content-Transfer-Encoding: b",
        "X: y\rContent-Transfer-Encoding: base64",
        "no field\r\nContent-Transfer-Encoding: base64",
    ];
    let mut cases: Vec<Case> = fields
        .iter()
        .map(|field| {
            case(format!("encoding {field:?}"), format!("{head}{field}\r\n\r\n{encoded}\r\n"))
        })
        .collect();
    for (name, octets) in [
        ("x-uuencode", uu(&eicar(), "e.com").into_bytes()),
        ("X-UUE", uu(&eicar(), "e.com").into_bytes()),
        ("x-yenc", yenc(&eicar(), "e.com")),
        (
            "x-binhex40",
            format!("(This file must be converted with BinHex 4.0)\r\n{}", binhex(&eicar())).into(),
        ),
        ("x-uuencode (x)", uu(&eicar(), "e.com").into_bytes()),
        ("quoted-pintable", quoted(&eicar()).into_bytes()),
        ("quoted-printable (x)", quoted(&eicar()).into_bytes()),
    ] {
        let head = format!("{head}Content-Transfer-Encoding: {name}\r\n\r\n");
        cases.push(case(format!("encoding {name}"), [head.into_bytes(), octets].concat()));
    }
    cases
}

fn base64_bodies() -> Vec<Case> {
    let encoded = base64(&eicar());
    let (start, rest) = encoded.split_at(40);
    let spread = |glue: &str| encoded.chars().map(String::from).collect::<Vec<_>>().join(glue);
    let in_pieces: String = eicar().chunks(10).map(|piece| base64(piece) + "\r\n").collect();
    let bodies = [
        spread("\r\n"),
        spread(" "),
        spread("*"),
        spread("\0"),
        spread("\u{fc}"),
        spread("-"),
        spread("!\r\n"),
        spread("\t\t"),
        spread("\r"),
        spread("\n"),
        format!("{start}*{rest}"),
        format!("{start}={rest}"),
        format!("{start}=={rest}"),
        format!("{start}===={rest}"),
        format!("={encoded}"),
        format!("===={encoded}"),
        format!("!!!{encoded}"),
        format!("{start}\r\n\r\n{rest}"),
        format!("{start}\r\n-- \r\n{rest}"),
        format!("{start}\r\n> {rest}"),
        format!("{start}&#{rest}"),
        format!("\u{feff}{encoded}"),
        format!("{}\r\n{encoded}", base64(b"x")),
        format!("{}\r\n\r\n{encoded}", base64(b"hello")),
        format!("{}{encoded}", base64(b"ab")),
        in_pieces,
        encoded.trim_end_matches('=').to_owned(),
        format!("{encoded}ZZZ"),
        format!("{encoded}\r\n--x--"),
        format!("{encoded}A"),
        format!("{}\r\n{encoded}", "=".repeat(200)),
        encoded.replace('+', "-").replace('/', "_"),
        lines(&encoded, 4),
        lines(&encoded, 3),
        lines(&encoded, 1000),
        format!("{}\r\n{encoded}", " ".repeat(5000)),
    ];
    let head = format!(
        "{TOP}Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    );
    let all = bodies.iter().enumerate();
    all.map(|(n, body)| case(format!("base64 body {n}"), format!("{head}{body}\r\n"))).collect()
}

fn quoted_bodies() -> Vec<Case> {
    let all = quoted(&eicar());
    let soft = |end: &str| all.replace('=', &format!("={end}="));
    let text = String::from_utf8(eicar()).unwrap();
    let bodies = [
        all.clone(),
        all.to_lowercase(),
        soft("\r\n"),
        soft("\n"),
        soft("\r"),
        soft(" \r\n"),
        soft("\t\t\r\n"),
        soft("=\r\n"),
        all.replace('=', "=\0"),
        text.replace('!', "=!"),
        format!("=ZZ{all}"),
        format!("{all}="),
        format!("{all}=4"),
        text.replace('$', "=24=\r\n"),
    ];
    let head = format!(
        "{TOP}Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    );
    let all = bodies.iter().enumerate();
    all.map(|(n, body)| case(format!("quoted body {n}"), format!("{head}{body}\r\n"))).collect()
}

fn delimiters() -> Vec<Case> {
    let text = "\r\nhello\r\n";
    let part = part();
    let bodies = [
        format!("--good\r\n{text} --good\r\n{part}--good--\r\n"),
        format!("--good\r\n{text}\t--good\r\n{part}--good--\r\n"),
        format!("--good\r\n{text}x--good\r\n{part}--good--\r\n"),
        format!("--good\r\n{text}--goodness\r\n{part}--good--\r\n"),
        format!("--good\r\n{text}--good x\r\n{part}--good--\r\n"),
        format!("--good\r\n{text}--good\0\r\n{part}--good--\r\n"),
        format!("--good\r\n{text}--good \t \r\n{part}--good--\r\n"),
        format!("--good\r\n{text}--good-\r\n{part}--good--\r\n"),
        format!("--good\r\n{text}--good--\r\n--good\r\n{part}--good--\r\n"),
        format!("--good\r\n{text}--good--\r\n{part}"),
        format!("--good\r\n{text}--good--x\r\n{part}--good--\r\n"),
        format!("--good\r\n{text}--good --\r\n{part}--good--\r\n"),
        format!("--good--\r\n--good\r\n{part}--good--\r\n"),
        format!("--good\r\n{text}--good\n{part}--good--\r\n"),
        format!("--good\r\nhello\n--good\r\n{part}--good--\r\n"),
        format!("--good\r\nhello\r--good\r\n{part}--good--\r\n"),
        format!("--good\r\nhello\r--good\r{}\r--good--\r", part.replace("\r\n", "\r")),
        format!("--good\r\n{text}--good\r\n{part}"),
        format!("--good\r\n{text}--good\r\n{}", part.trim_end()),
        format!("{part}--good\r\n{text}--good--\r\n"),
        format!("words\r\n{part}--good\r\n{text}--good--\r\n"),
        format!("{}\r\n--good\r\n{text}--good--\r\n", lines(&base64(&eicar().repeat(3)), 60)),
        format!("{}\r\n--good\r\n{text}--good--\r\n", uu(&eicar(), "e.com")),
        format!("--good\r\n{text}--good--\r\n{}", uu(&eicar(), "e.com")),
        format!("--good\r\n{text}--good--\r\n{}\r\n", lines(&base64(&eicar().repeat(3)), 60)),
        format!("--good\r\n{text}--good\r\n\r\n{part}--good--\r\n"),
        format!("--good\r\n{text}--good\r\n \r\n{part}--good--\r\n"),
        format!("--good\r\n{text}--good\r\nno field\r\n{part}--good--\r\n"),
        format!("--good\r\n{text}--good\r\n--good\r\n{part}--good--\r\n"),
        format!(
            "--good\r\nContent-Type: multipart/mixed; boundary=good\r\n\r\n--good\r\n{part}--good--\r\n--good--\r\n"
        ),
        format!(
            "--good\r\nContent-Type: multipart/mixed; boundary=goodin\r\n\r\n--goodin\r\n{part}--goodin--\r\n--good--\r\n"
        ),
        format!(
            "--good\r\nContent-Type: multipart/mixed; boundary=goo\r\n\r\n--goo\r\n{part}--goo--\r\n--good--\r\n"
        ),
        format!(
            "--good\r\nContent-Type: multipart/mixed; boundary=in\r\n\r\n--in\r\n{text}--good\r\n--in\r\n{part}--in--\r\n--good--\r\n"
        ),
        format!(
            "--good\r\nContent-Type: multipart/mixed; boundary=in\r\n\r\n--in\r\n{text}--in\r\n{part}--good--\r\n"
        ),
        format!(
            "--good\r\nContent-Type: multipart/mixed; boundary=in\r\n\r\n--in--\r\n--in\r\n{part}--good--\r\n"
        ),
        format!(
            "--good\r\nContent-Type: multipart/mixed\r\n\r\n--in\r\n{part}--in--\r\n--good--\r\n"
        ),
    ];
    let all = bodies.iter().enumerate();
    all.map(|(n, body)| {
        let head = format!("{TOP}Content-Type: multipart/mixed; boundary=good\r\n\r\n");
        case(format!("delimiter {n}"), format!("{head}{body}"))
    })
    .collect()
}

fn messages() -> Vec<Case> {
    let inner = part();
    let encoded = lines(&base64(inner.as_bytes()), 76);
    let multi = body("good");
    let heads = [
        ("Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64", encoded.clone()),
        ("Content-Type: message/rfc822\r\nContent-Transfer-Encoding: x-base64", encoded.clone()),
        (
            "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: quoted-printable",
            quoted(inner.as_bytes()),
        ),
        ("Content-Type: message/rfc822", format!("\r\n{inner}")),
        ("Content-Type: message/rfc822", format!("From a@b Thu Jan  1 1970\r\n{inner}")),
        ("Content-Type: message/rfc822\r\nContent-Type: text/plain", inner.clone()),
        ("Content-Type: text/plain\r\nContent-Type: message/rfc822", inner.clone()),
        ("Content-Type: \"message/rfc822\"", inner.clone()),
        ("Content-Type: message/global", inner.clone()),
        ("Content-Type: message/news", inner.clone()),
        ("Content-Type: message/partial; number=1; total=2; id=x", inner.clone()),
        ("Content-Type: application/octet-stream; name=x.eml", inner.clone()),
        ("Content-Type: application/octet-stream; name=x.EML.", inner.clone()),
        (
            "Content-Type: a/b\r\nContent-Disposition: attachment; filename*=utf-8''x%2Eeml",
            inner.clone(),
        ),
        (
            "Content-Type: multipart/mixed; boundary=good\r\nContent-Transfer-Encoding: base64",
            lines(&base64(multi.as_bytes()), 76),
        ),
        (
            "Content-Type: multipart/mixed; boundary=good\r\nContent-Transfer-Encoding: quoted-printable",
            quoted(multi.as_bytes()),
        ),
        (
            "Content-Type: multipart/mixed; boundary=good\r\nContent-Transfer-Encoding: base64",
            multi.clone(),
        ),
        (
            "Content-Type: multipart/digest; boundary=good",
            format!("--good\r\n\r\n{inner}--good--\r\n"),
        ),
    ];
    let mut cases: Vec<Case> = heads
        .iter()
        .map(|(head, body)| {
            case(format!("message {head:?}"), format!("{TOP}{head}\r\n\r\n{body}\r\n"))
        })
        .collect();
    let mut text = inner;
    for depth in 1..=12 {
        text = format!(
            "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n",
            lines(&base64(text.as_bytes()), 76)
        );
        cases.push(case(format!("encoded messages {depth} deep"), text.clone()));
    }
    cases
}

fn texts() -> Vec<Case> {
    let binhex =
        format!("(This file must be converted with BinHex 4.0)\r\n\r\n{}\r\n", binhex(&eicar()));
    let wide: Vec<u8> =
        String::from_utf8(eicar()).unwrap().encode_utf16().flat_map(u16::to_be_bytes).collect();
    let files: Vec<Vec<u8>> = vec![
        uu(&eicar(), "e.com").into(),
        format!("Hello\r\n\r\n{}bye", uu(&eicar(), "e.com")).into(),
        format!("{}{}", uu(b"harmless", "a.txt"), uu(&eicar(), "e.com")).into(),
        uu(&eicar(), "e.com").replace("end\r\n", "").into(),
        uu(&eicar(), "e.com").replace('`', " ").into(),
        uu(&eicar(), "e.com").replace("\r\n", "\n").into(),
        uu(&eicar(), "e.com").replace("begin 644", "begin 0755").into(),
        yenc(&eicar(), "e.com"),
        [b"=ybegin line=1 name=x\r\nnonsense\r\n".to_vec(), yenc(&eicar(), "e.com")].concat(),
        binhex.into(),
        lines(&base64(&eicar().repeat(2)), 60).into(),
    ];
    let mut cases = Vec::new();
    for (number, file) in files.iter().enumerate() {
        for head in ["", "Content-Type: text/plain\r\n", "Content-Type: text/x-strange\r\n"] {
            let head = format!("{TOP}{head}\r\n");
            let raw = [head.into_bytes(), file.clone()].concat();
            cases.push(case(format!("text {number} {head:?}", head = head_of(&raw)), raw));
        }
        let raw = format!(
            "{TOP}Content-Transfer-Encoding: base64\r\n\r\n{}\r\n",
            lines(&base64(file), 76)
        );
        cases.push(case(format!("text {number} in base64"), raw));
    }
    let head = "Content-Type: text/plain; charset=utf-16be\r\nContent-Transfer-Encoding: base64";
    cases.push(case("wide text", format!("{TOP}{head}\r\n\r\n{}\r\n", base64(&wide))));
    cases
}

fn head_of(raw: &[u8]) -> String {
    String::from_utf8_lossy(&raw[TOP.len()..raw.len().min(TOP.len() + 30)]).into_owned()
}

fn all() -> Vec<Case> {
    [
        boundaries(),
        types(),
        headers(),
        encodings(),
        base64_bodies(),
        quoted_bodies(),
        delimiters(),
        messages(),
        texts(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn is_found(mail: &Mail<'_>) -> bool {
    let virus = eicar();
    let holds = |octets: &[u8]| memchr::memmem::find(octets, &virus).is_some();
    let texts = mail.parts.iter().filter_map(|part| part.text.as_ref());
    mail.readings().any(|(_, octets)| holds(octets))
        || texts.into_iter().any(|t| holds(t.as_bytes()))
}

fn is_called_doubtful(mail: &Mail<'_>) -> bool {
    mail.is_ambiguous() || mail.limit.is_some()
}

#[test]
fn no_way_of_hiding_is_called_clean() {
    let reader = message::Reader::default();
    let cases = all();
    assert!(cases.len() >= 100, "{} cases", cases.len());
    let missed: Vec<&str> = cases
        .iter()
        .filter(|case| {
            let mail = reader.read(&case.raw);
            !is_found(&mail) && !is_called_doubtful(&mail)
        })
        .map(|case| case.name.as_str())
        .collect();
    assert!(missed.is_empty(), "{} of {} missed: {missed:#?}", missed.len(), cases.len());
}

/// What no reading of ours takes apart, and why that is enough.
const ONLY_CALLED: [(&str, &str); 2] = [
    ("encoded messages 11 deep", "over the limit of messages in messages, and called so"),
    ("encoded messages 12 deep", "over the limit of messages in messages, and called so"),
];

#[test]
fn nearly_every_payload_is_seen_and_not_only_suspected() {
    let reader = message::Reader::default();
    let cases = all();
    let unseen: Vec<&str> = cases
        .iter()
        .filter(|case| !is_found(&reader.read(&case.raw)))
        .map(|case| case.name.as_str())
        .filter(|name| !ONLY_CALLED.iter().any(|(known, _why)| known == name))
        .collect();
    assert!(unseen.is_empty(), "{} of {} unseen: {unseen:#?}", unseen.len(), cases.len());
}

#[test]
fn the_same_message_gives_the_same_reading_whatever_came_before() {
    let reader = message::Reader::default();
    for case in all() {
        let fresh = message::read(&case.raw);
        assert_eq!(reader.read(&case.raw), fresh, "{}", case.name);
    }
}

#[test]
fn a_doubtful_message_costs_a_bounded_multiple() {
    for case in all() {
        let mail = message::read(&case.raw);
        let octets: usize = mail.readings().map(|(_, octets)| octets.len()).sum();
        let bound = case.raw.len().saturating_mul(60) + 10_000;
        assert!(octets <= bound, "{}: {octets} octets of {}", case.name, case.raw.len());
    }
}
