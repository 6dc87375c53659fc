use super::*;
use crate::line::take;
use mail::{BodyKind, Notify, Return};

fn read(text: &str) -> Result<String, CommandError> {
    let wire = format!("{text}\r\n");
    let line = take(wire.as_bytes(), limits::EXTENDED_LINE_OCTETS).unwrap().unwrap();
    command(line).map(|command| match command {
        Command::Mail(sender, parameters) => {
            let mut text = format!("MAIL {sender}");
            if let Some(size) = parameters.size {
                text += &format!(" size={size}");
            }
            if parameters.body == BodyKind::EightBitMime {
                text += " 8bit";
            }
            if parameters.smtputf8 {
                text += " utf8";
            }
            match parameters.ret {
                Some(Return::Full) => text += " full",
                Some(Return::Headers) => text += " headers",
                None => {}
            }
            text + &parameters.envid.map(|envid| format!(" envid={envid}")).unwrap_or_default()
        }
        Command::Recipient(path, parameters) => {
            let mut text = match path {
                ForwardPath::Mailbox(address) => format!("RCPT {address}"),
                ForwardPath::Postmaster => "RCPT postmaster".to_owned(),
            };
            if let Some(Notify { success, failure, delay }) = parameters.notify {
                for (flag, letter) in [(success, 's'), (failure, 'f'), (delay, 'd')] {
                    text.push(if flag { letter } else { '-' });
                }
            }
            text + &parameters.original.map(|given| format!(" orcpt={given}")).unwrap_or_default()
        }
        Command::Chunk { octets, last } => format!("BDAT {octets} {last}"),
        Command::Helo(name) => format!("HELO {name}"),
        Command::Ehlo(name) => format!("EHLO {name}"),
        other => format!("{other:?}"),
    })
}

#[test]
fn commands_that_are_understood() {
    let cases = [
        ("HELO a.test", "HELO a.test"),
        ("ehlo a.test", "EHLO a.test"),
        ("EHLO [192.0.2.1]", "EHLO [192.0.2.1]"),
        ("EHLO [IPv6:::1] ", "EHLO [IPv6:::1]"),
        ("EHLO under_score", "EHLO under_score"),
        ("MAIL FROM:<>", "MAIL "),
        ("mail from:<ann@example.test>", "MAIL ann@example.test"),
        ("MAIL FROM: <ann@example.test>", "MAIL ann@example.test"),
        ("MAIL FROM:ann@example.test", "MAIL ann@example.test"),
        ("MAIL FROM:ann@example.test SIZE=5", "MAIL ann@example.test size=5"),
        ("MAIL FROM:<@a.test,@b.test:ann@example.test>", "MAIL ann@example.test"),
        ("MAIL FROM:<\"a > b\"@example.test> SIZE=1", "MAIL \"a > b\"@example.test size=1"),
        ("MAIL FROM:<\"a\\\" > b\"@example.test>", "MAIL \"a\\\" > b\"@example.test"),
        ("MAIL FROM:<a@b.test>  SIZE=0  BODY=7bit ", "MAIL a@b.test size=0"),
        (
            "MAIL FROM:<a@b.test> size=18446744073709551615",
            "MAIL a@b.test size=18446744073709551615",
        ),
        ("MAIL FROM:<a@b.test> BODY=8BITMIME SMTPUTF8", "MAIL a@b.test 8bit utf8"),
        ("MAIL FROM:<jörg@b.test> SMTPUTF8", "MAIL jörg@b.test utf8"),
        ("MAIL FROM:<a@bücher.test> SMTPUTF8", "MAIL a@xn--bcher-kva.test utf8"),
        ("MAIL FROM:<a@b.test> RET=HDRS ENVID=QQ+2B1", "MAIL a@b.test headers envid=QQ+2B1"),
        ("MAIL FROM:<a@b.test> ret=full AUTH=<>", "MAIL a@b.test full"),
        ("MAIL FROM:<a@[192.0.2.7]>", "MAIL a@[192.0.2.7]"),
        ("RCPT TO:<ann@example.test>", "RCPT ann@example.test"),
        ("RCPT TO:<Postmaster>", "RCPT postmaster"),
        ("RCPT TO:<postmaster@example.test>", "RCPT postmaster@example.test"),
        ("RCPT TO:<a@b.test> NOTIFY=NEVER", "RCPT a@b.test---"),
        ("RCPT TO:<a@b.test> NOTIFY=success,FAILURE", "RCPT a@b.testsf-"),
        (
            "RCPT TO:<a@b.test> NOTIFY=DELAY ORCPT=rfc822;a+2Bb@b.test",
            "RCPT a@b.test--d orcpt=rfc822;a+2Bb@b.test",
        ),
        ("RCPT TO:<a@b.test> ORCPT=utf-8;jörg@b.test", "RCPT a@b.test orcpt=utf-8;jörg@b.test"),
        ("DATA", "Data"),
        ("data ", "Data"),
        ("BDAT 0 LAST", "BDAT 0 true"),
        ("bdat 1000", "BDAT 1000 false"),
        ("BDAT 7 last", "BDAT 7 true"),
        ("RSET", "Reset"),
        ("NOOP", "Noop"),
        ("NOOP whatever <x>", "Noop"),
        ("QUIT", "Quit"),
        ("VRFY ann", "Verify"),
        ("EXPN list", "Expand"),
        ("HELP MAIL", "Help"),
        ("STARTTLS", "StartTls"),
        ("AUTH PLAIN AGEAYg==", "Auth"),
    ];
    for (line, expected) in cases {
        assert_eq!(read(line).as_deref(), Ok(expected), "{line}");
    }
}

#[test]
fn lines_that_are_no_command() {
    for line in [
        "",
        " ",
        "GET / HTTP/1.1",
        "MAI",
        "MAILX FROM:<a@b.test>",
        " QUIT",
        "XCLIENT A=b",
        "\u{fc}",
        "<",
        "ETRN x",
    ] {
        assert_eq!(read(line), Err(CommandError::Unknown), "{line:?}");
    }
}

#[test]
fn commands_with_a_wrong_form() {
    for line in [
        "MAIL",
        "MAIL FROM",
        "MAIL FROM:",
        "MAIL TO:<a@b.test>",
        "MAIL <a@b.test>",
        "MAIL FROM:<a@b.test",
        "MAIL FROM:<a@b.test>SIZE=1",
        "MAIL FROM:<\"a@b.test>",
        "MAIL FROM:a@b.test>",
        "MAIL FROM:\"a b\"@b.test",
        "RCPT",
        "RCPT TO",
        "RCPT TO:",
        "RCPT FROM:<a@b.test>",
        "RCPT TO:<a@b.test>>",
        "RCPT TO:<<a@b.test>",
        "DATA now",
        "RSET x",
        "QUIT x",
        "STARTTLS now",
        "BDAT",
        "BDAT x",
        "BDAT -1",
        "BDAT +1",
        "BDAT 1 FIRST",
        "BDAT 1 LAST x",
        "BDAT 99999999999999999999",
        "BDAT 0x10",
    ] {
        let error = read(line).unwrap_err();
        let fitting = matches!(error, CommandError::Syntax(_) | CommandError::Recipient(_));
        assert!(fitting, "{line:?}: {error:?}");
    }
}

#[test]
fn addresses_that_are_none() {
    for path in [
        "a",
        "@",
        "@b.test",
        "a@",
        "a@b..test",
        "a b@c.test",
        "a@b c.test",
        ".a@b.test",
        "a@[1.2.3]",
        "a@-b.test",
    ] {
        let sender = read(&format!("MAIL FROM:<{path}>"));
        assert!(matches!(sender, Err(CommandError::Sender(_))), "{path}: {sender:?}");
        let recipient = read(&format!("RCPT TO:<{path}>"));
        assert!(matches!(recipient, Err(CommandError::Recipient(_))), "{path}: {recipient:?}");
    }
    assert!(matches!(read("RCPT TO:<>"), Err(CommandError::Recipient(_))));
    let long = format!("MAIL FROM:<{}@b.test>", "a".repeat(65));
    assert!(matches!(read(&long), Err(CommandError::Sender(_))));
    let long = format!("MAIL FROM:<a@{}test>", "b.".repeat(300));
    assert!(matches!(read(&long), Err(CommandError::Sender(_))));
}

#[test]
fn parameters_that_are_not_offered_or_wrong() {
    for parameter in
        ["X=1", "BINARYMIME", "MT-PRIORITY=3", "SIZ=1", "=", "HOLDFOR=10", "SMTPUTF8=1"]
    {
        let error = read(&format!("MAIL FROM:<a@b.test> {parameter}")).unwrap_err();
        assert!(matches!(error, CommandError::Parameter(_)), "{parameter}: {error:?}");
    }
    for parameter in [
        "SIZE",
        "SIZE=",
        "SIZE=x",
        "SIZE=-1",
        "SIZE=1.5",
        "SIZE=99999999999999999999",
        "BODY=BINARYMIME",
        "BODY",
        "BODY=",
        "RET=ALL",
        "RET",
        "ENVID=",
        "ENVID=a=b",
        "ENVID=a+2",
        "ENVID=a+zz",
        "ENVID=a+2b",
        "SIZE=1 SIZE=1",
        "SMTPUTF8 SMTPUTF8",
        "RET=FULL ret=HDRS",
        "AUTH=",
    ] {
        let error = read(&format!("MAIL FROM:<a@b.test> {parameter}")).unwrap_err();
        assert!(matches!(error, CommandError::Value(_)), "{parameter}: {error:?}");
    }
    for parameter in [
        "NOTIFY=",
        "NOTIFY=NEVER,SUCCESS",
        "NOTIFY=ALWAYS",
        "NOTIFY=SUCCESS,SUCCESS",
        "NOTIFY=,",
        "ORCPT=",
        "ORCPT=rfc822",
        "ORCPT=;a@b.test",
        "ORCPT=rfc822;",
        "ORCPT=rfc822;a=b",
        "ORCPT=rf c;x",
        "NOTIFY=NEVER NOTIFY=NEVER",
    ] {
        let error = read(&format!("RCPT TO:<a@b.test> {parameter}")).unwrap_err();
        let fitting = matches!(error, CommandError::Value(_) | CommandError::Parameter(_));
        assert!(fitting, "{parameter}: {error:?}");
    }
    let long = format!("MAIL FROM:<a@b.test> ENVID={}", "x".repeat(101));
    assert_eq!(read(&long), Err(CommandError::Value("ENVID")));
    let many: Vec<String> = (0..17).map(|number| format!("X{number}=1")).collect();
    assert!(read(&format!("MAIL FROM:<a@b.test> {}", many.join(" "))).is_err());
}

#[test]
fn names_in_helo_are_one_printable_word() {
    for line in ["HELO", "EHLO", "EHLO ", "EHLO a b"] {
        assert_eq!(read(line), Err(CommandError::Name), "{line:?}");
    }
    assert_eq!(read(&format!("EHLO {}", "a".repeat(256))), Err(CommandError::Name));
}

#[test]
fn control_characters_and_broken_utf8_are_refused() {
    for octet in (0u8..32).chain([127]).filter(|octet| !b"\t\r\n".contains(octet)) {
        for template in
            ["MAIL FROM:<a%@b.test>", "EHLO a%b", "NOOP %", "MAIL FROM:<\"a\\%\"@b.test>"]
        {
            let line = template.replace('%', &char::from(octet).to_string());
            assert_eq!(read(&line), Err(CommandError::Control), "{octet}");
        }
    }
    let line = take(b"MAIL FROM:<\xff\xfe@b.test> SMTPUTF8\r\n", 4096).unwrap().unwrap();
    assert_eq!(command(line), Err(CommandError::Encoding));
}

#[test]
fn international_addresses_need_smtputf8() {
    assert_eq!(read("MAIL FROM:<jörg@b.test>"), Err(CommandError::NeedsSmtputf8));
    assert_eq!(read("MAIL FROM:<a@bücher.test>"), Err(CommandError::NeedsSmtputf8));
}

#[test]
fn only_mail_and_rcpt_may_be_long() {
    let noop = format!("NOOP {}", "x".repeat(505));
    assert_eq!(read(&noop), Ok("Noop".to_owned()));
    let noop = format!("NOOP {}", "x".repeat(506));
    assert_eq!(read(&noop), Err(CommandError::TooLong(512)));
    let rcpt = format!("RCPT TO:<a@b.test> ORCPT=rfc822;{}", "x".repeat(493));
    assert!(read(&rcpt).is_ok());
}

proptest::proptest! {
    #[test]
    fn any_line_is_read_or_refused(text in "(MAIL FROM:|RCPT TO:|BDAT |EHLO |)[ -~äß<>@\"\\\\=;+]{0,60}") {
        let _ = read(&text);
    }
}
