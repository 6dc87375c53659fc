//! Conversations as tables: what the client writes, write by write, and the replies.

use super::*;
use crate::line::DataWriter;

/// What a conversation came to.
#[derive(Debug, Default, PartialEq, Eq)]
struct Told {
    /// Reply codes in order, with the enhanced code where there is one.
    codes: Vec<String>,
    /// `sender>recipients:body` of each complete message.
    mails: Vec<String>,
    closed: bool,
    /// Bodies that were begun and dropped.
    abandoned: usize,
    text: String,
}

fn rules() -> Rules {
    Rules {
        host_name: "gate.test".to_owned(),
        greeting: String::new(),
        maximum_size: 1000,
        maximum_recipients: 3,
        maximum_messages: 4,
        maximum_errors: 5,
        start_tls: StartTls::Offered,
        postmaster: Some("postmaster@ours.test".parse().unwrap()),
    }
}

/// A shell that relays for `ours.test`, refuses the sender `bad@...`, and has no room for mail of
/// `full@...`; it cuts each write of the client into pieces.
struct Shell {
    session: Session,
    buffer: Vec<u8>,
    told: Told,
    body: Option<Vec<u8>>,
    in_tls: bool,
}

impl Shell {
    fn new(rules: Rules) -> Self {
        Shell {
            session: Session::new(Arc::new(rules), false),
            buffer: Vec::new(),
            told: Told::default(),
            body: None,
            in_tls: false,
        }
    }

    fn feed(&mut self, octets: &[u8]) {
        self.buffer.extend_from_slice(octets);
        for _ in 0..100_000 {
            let buffer = std::mem::take(&mut self.buffer);
            let Step { consumed, action } = self.session.advance(&buffer);
            let more = matches!(action, Action::More);
            self.act(action);
            self.buffer = buffer[consumed..].to_vec();
            if more || self.told.closed {
                return;
            }
        }
        panic!("the machine does not come to rest");
    }

    fn act(&mut self, action: Action<'_>) {
        match action {
            Action::Continue | Action::More => {}
            Action::Mail => {
                let sender = self.session.transaction().unwrap().sender.to_string();
                self.decide(!sender.starts_with("bad@"), 550);
            }
            Action::Recipient(address) => {
                self.decide(address.domain().as_str() == "ours.test", 550);
            }
            Action::BodyStart => {
                let sender = self.session.transaction().unwrap().sender.to_string();
                assert!(self.body.is_none(), "a body inside a body");
                let room = !sender.starts_with("full@");
                self.body = room.then(Vec::new);
                self.decide(room, 452);
            }
            Action::Body(octets) => {
                let body = self.body.as_mut().expect("octets of no body");
                body.extend_from_slice(octets);
                if body.windows(4).any(|window| window == b"EIO!") {
                    self.body = None;
                    self.session.fail_body(&Reply::coded(451, 4, 3, 0, "no"));
                }
            }
            Action::BodyAbandoned => {
                self.body = None;
                self.told.abandoned += 1;
            }
            Action::BodyEnd(transaction) => self.end(&transaction),
            Action::StartTls => {
                self.in_tls = true;
                self.body = None;
                self.session.secured();
            }
            Action::Close => self.told.closed = true,
        }
    }

    fn decide(&mut self, yes: bool, code: u16) {
        if yes {
            self.session.allow();
        } else {
            self.session.refuse(&Reply::coded(code, (code / 100) as u8, 7, 1, "no"));
        }
    }

    fn end(&mut self, transaction: &Transaction) {
        let body = String::from_utf8(self.body.take().expect("an end of no body")).unwrap();
        assert_eq!(transaction.octets, body.len() as u64);
        let recipients: Vec<String> =
            transaction.recipients.iter().map(|recipient| recipient.address.to_string()).collect();
        assert!(!recipients.is_empty());
        let mail = format!("{}>{}:{body}", transaction.sender, recipients.join(","));
        self.told.mails.push(mail);
        let reply = if body.contains("EICAR") { 554 } else { 250 };
        self.session.answer(&Reply::coded(reply, (reply / 100) as u8, 0, 0, "done"));
    }

    fn finish(mut self) -> Told {
        let text = String::from_utf8(self.session.replies().clone()).unwrap();
        assert!(text.is_empty() || text.ends_with("\r\n"));
        for line in text.split_terminator("\r\n") {
            assert!(line.len() <= 510 && !line.contains(['\r', '\n']), "{line:?}");
            let mut words = line.split([' ', '-']);
            let code = words.next().unwrap().to_owned();
            if line.as_bytes()[3] == b'-' {
                continue;
            }
            let enhanced = words.next().filter(|word| word.split('.').count() == 3);
            self.told.codes.push(match enhanced.filter(|word| !word.contains("test")) {
                Some(word) => format!("{code} {word}"),
                None => code,
            });
        }
        self.told.text = text;
        self.told
    }
}

fn talk_cut(rules: Rules, writes: &[&[u8]], cut: usize) -> Told {
    let mut shell = Shell::new(rules);
    for write in writes {
        for piece in write.chunks(cut) {
            if shell.told.closed {
                break;
            }
            shell.feed(piece);
        }
    }
    shell.finish()
}

fn talk(writes: &[&str]) -> Told {
    let octets: Vec<&[u8]> = writes.iter().map(|write| write.as_bytes()).collect();
    let whole = talk_cut(rules(), &octets, usize::MAX);
    // However TCP cuts the octets, the conversation is the same. (Where a write holds more than one
    // command, only whole writes show improper pipelining.)
    if !whole.text.contains("pipelining") {
        for cut in [1, 2, 3, 7] {
            assert_eq!(talk_cut(rules(), &octets, cut), whole, "cut {cut} of {writes:?}");
        }
    }
    whole
}

fn codes(writes: &[&str]) -> String {
    talk(writes).codes.join(", ")
}

const HELLO: &str = "EHLO a.test\r\n";
const MAIL: &str = "MAIL FROM:<ann@a.test>\r\n";
const RCPT: &str = "RCPT TO:<bob@ours.test>\r\n";
const OPEN: &str = "MAIL FROM:<ann@a.test>\r\nRCPT TO:<bob@ours.test>\r\n";

#[test]
fn a_message_comes_in() {
    let told =
        talk(&[HELLO, MAIL, RCPT, "DATA\r\n", "Subject: x\r\n\r\n..dot\r\n.\r\n", "QUIT\r\n"]);
    assert_eq!(told.codes.join(", "), "220, 250, 250 2.1.0, 250 2.1.5, 354, 250 2.0.0, 221 2.0.0");
    assert_eq!(told.mails, ["ann@a.test>bob@ours.test:Subject: x\r\n\r\n.dot\r\n"]);
    assert!(told.closed);
}

#[test]
fn ehlo_offers_what_we_do_and_nothing_else() {
    let text = talk(&[HELLO]).text;
    let expected = "220 gate.test ESMTP\r\n250-gate.test\r\n250-PIPELINING\r\n250-SIZE 1000\r\n250-STARTTLS\r\n\
        250-LIMITS RCPTMAX=3 MAILMAX=4\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-ENHANCEDSTATUSCODES\r\n\
        250-CHUNKING\r\n250 DSN\r\n";
    assert_eq!(text, expected);
    assert_eq!(talk(&["HELO a.test\r\n"]).text, "220 gate.test ESMTP\r\n250 gate.test\r\n");
}

#[test]
fn limits_that_are_off_are_not_announced() {
    let free = Rules { maximum_size: 0, maximum_recipients: 0, maximum_messages: 0, ..rules() };
    let text = talk_cut(free, &[HELLO.as_bytes()], 100).text;
    assert!(text.contains("250-SIZE\r\n") && !text.contains("LIMITS"));
    let half = Rules { maximum_recipients: 0, ..rules() };
    assert!(talk_cut(half, &[HELLO.as_bytes()], 100).text.contains("250-LIMITS MAILMAX=4\r\n"));
}

#[test]
fn a_pipelined_group_is_answered_at_once() {
    let mut shell = Shell::new(rules());
    shell.feed(HELLO.as_bytes());
    shell.session.replies().clear();
    shell.feed(format!("{OPEN}DATA\r\n").as_bytes());
    let replies = String::from_utf8(shell.session.replies().clone()).unwrap();
    assert_eq!(replies.lines().count(), 3);
    assert!(replies.ends_with("354 End data with <CR><LF>.<CR><LF>\r\n"));
}

#[test]
fn commands_out_of_order_are_refused() {
    let cases: &[(&[&str], &str)] = &[
        (&[MAIL], "220, 503 5.5.1"),
        (&[RCPT], "220, 503 5.5.1"),
        (&["DATA\r\n"], "220, 503 5.5.1"),
        (&[HELLO, RCPT], "220, 250, 503 5.5.1"),
        (&[HELLO, "DATA\r\n"], "220, 250, 503 5.5.1"),
        (&[HELLO, MAIL, MAIL], "220, 250, 250 2.1.0, 503 5.5.1"),
        (&[HELLO, MAIL, "DATA\r\n"], "220, 250, 250 2.1.0, 554 5.5.1"),
        (
            &[HELLO, OPEN, "RSET\r\n", "DATA\r\n"],
            "220, 250, 250 2.1.0, 250 2.1.5, 250 2.0.0, 503 5.5.1",
        ),
        (&[HELLO, OPEN, HELLO, RCPT], "220, 250, 250 2.1.0, 250 2.1.5, 250, 503 5.5.1"),
        (&["RSET\r\n", MAIL], "220, 250 2.0.0, 503 5.5.1"),
        (&[HELLO, "EXPN x\r\n", "AUTH PLAIN x\r\n"], "220, 250, 502 5.5.1, 502 5.5.1"),
        (&["NOOP\r\n", "HELP\r\n", "VRFY x\r\n"], "220, 250 2.0.0, 214 2.0.0, 252 2.5.2"),
        (&[HELLO, "NONSENSE\r\n"], "220, 250, 500 5.5.1"),
        (&[HELLO, "MAIL FROM:<a@b.test> X=1\r\n"], "220, 250, 555 5.5.4"),
        (&[HELLO, "MAIL FROM:<a@b.test> BODY=BINARYMIME\r\n"], "220, 250, 501 5.5.4"),
        (&[HELLO, "MAIL FROM:<a>\r\n"], "220, 250, 501 5.1.7"),
        (&[HELLO, MAIL, "RCPT TO:<a>\r\n"], "220, 250, 250 2.1.0, 501 5.1.3"),
        (&[HELLO, "MAIL FROM:<a\0@b.test>\r\n"], "220, 250, 500 5.5.2"),
    ];
    for (writes, expected) in cases {
        assert_eq!(codes(writes), *expected, "{writes:?}");
    }
}

#[test]
fn what_the_shell_refuses_is_refused() {
    assert_eq!(
        codes(&[HELLO, "MAIL FROM:<bad@a.test>\r\n", RCPT]),
        "220, 250, 550 5.7.1, 503 5.5.1"
    );
    let told = talk(&[HELLO, MAIL, "RCPT TO:<x@other.test>\r\n", "DATA\r\n"]);
    assert_eq!(told.codes.join(", "), "220, 250, 250 2.1.0, 550 5.7.1, 554 5.5.1");
    let told = talk(&[HELLO, "MAIL FROM:<full@a.test>\r\n", RCPT, "DATA\r\n", MAIL]);
    assert_eq!(told.codes.join(", "), "220, 250, 250 2.1.0, 250 2.1.5, 452 4.7.1, 250 2.1.0");
    let told = talk(&[HELLO, OPEN, "DATA\r\n", "EICAR\r\n.\r\n", OPEN]);
    assert_eq!(told.codes.last().unwrap(), "250 2.1.5");
    assert!(told.codes.contains(&"554 5.0.0".to_owned()));
}

#[test]
fn a_body_that_cannot_be_kept_is_swallowed_first() {
    let told = talk(&[HELLO, OPEN, "DATA\r\n", "a\r\nEIO!\r\nQUIT\r\n..\r\n.\r\n", "NOOP\r\n"]);
    assert_eq!(told.codes.join(", "), "220, 250, 250 2.1.0, 250 2.1.5, 354, 451 4.3.0, 250 2.0.0");
    assert!(told.mails.is_empty());
    let told = talk(&[HELLO, OPEN, "BDAT 7\r\nEIO!\r\n!BDAT 3 LAST\r\nabcNOOP\r\n"]);
    assert_eq!(
        told.codes.join(", "),
        "220, 250, 250 2.1.0, 250 2.1.5, 451 4.3.0, 503 5.5.1, 250 2.0.0"
    );
}

#[test]
fn postmaster_without_a_domain_is_ours() {
    let told = talk(&[HELLO, MAIL, "RCPT TO:<POSTMASTER>\r\n", "DATA\r\n", "x\r\n.\r\n"]);
    assert_eq!(told.mails, ["ann@a.test>postmaster@ours.test:x\r\n"]);
    let none = Rules { postmaster: None, ..rules() };
    let writes = [HELLO.as_bytes(), MAIL.as_bytes(), b"RCPT TO:<postmaster>\r\n"];
    assert_eq!(talk_cut(none, &writes, 100).codes.last().unwrap(), "550 5.1.1");
}

#[test]
fn international_recipients_need_smtputf8_on_mail() {
    let recipient = "RCPT TO:<jörg@ours.test>\r\n";
    assert_eq!(codes(&[HELLO, MAIL, recipient]), "220, 250, 250 2.1.0, 553 5.6.7");
    let mail = "MAIL FROM:<ann@a.test> SMTPUTF8\r\n";
    assert_eq!(codes(&[HELLO, mail, recipient]), "220, 250, 250 2.1.0, 250 2.1.5");
}

#[test]
fn size_is_refused_before_and_in_the_body() {
    assert_eq!(codes(&[HELLO, "MAIL FROM:<a@b.test> SIZE=1001\r\n"]), "220, 250, 552 5.3.4");
    assert_eq!(codes(&[HELLO, "MAIL FROM:<a@b.test> SIZE=1000\r\n"]), "220, 250, 250 2.1.0");
    for (lines, code) in [(90, "250 2.0.0"), (91, "552 5.3.4"), (5000, "552 5.3.4")] {
        let body = "012345678\r\n".repeat(lines) + ".\r\n";
        let told = talk(&[HELLO, OPEN, "DATA\r\n", &body, "NOOP\r\n", "QUIT\r\n"]);
        assert_eq!(told.codes[5], code, "{lines}");
        assert_eq!(told.codes[6..], ["250 2.0.0", "221 2.0.0"]);
        assert_eq!(told.mails.len(), usize::from(lines == 90));
        assert_eq!(told.abandoned, usize::from(lines > 90));
    }
}

#[test]
fn too_many_recipients_get_452_and_the_rest_goes_on() {
    let writes = [HELLO, MAIL, &RCPT.repeat(5), "DATA\r\n", "x\r\n.\r\n"];
    let told = talk(&writes);
    assert_eq!(
        told.codes[3..8].join(", "),
        "250 2.1.5, 250 2.1.5, 250 2.1.5, 452 4.5.3, 452 4.5.3"
    );
    assert_eq!(told.mails.len(), 1);
    assert!(!told.closed);
}

#[test]
fn ten_thousand_recipients_end_the_connection() {
    let told = talk_cut(
        rules(),
        &[HELLO.as_bytes(), MAIL.as_bytes(), RCPT.repeat(10_000).as_bytes()],
        4000,
    );
    assert!(told.closed);
    assert_eq!(told.codes.last().unwrap(), "421 4.7.0");
    assert!(told.codes.len() < 1100);
}

#[test]
fn too_many_messages_end_the_connection() {
    let mut writes = vec![HELLO];
    for _ in 0..5 {
        writes.extend([OPEN, "DATA\r\n", "x\r\n.\r\n"]);
    }
    let told = talk(&writes);
    assert_eq!(told.mails.len(), 4);
    assert_eq!(told.codes.last().unwrap(), "421 4.7.0");
    assert!(told.closed);
}

#[test]
fn too_many_errors_end_the_connection() {
    let told = talk(&[HELLO, &"X\r\n".repeat(10)]);
    assert_eq!(
        told.codes.join(", "),
        "220, 250, 500 5.5.1, 500 5.5.1, 500 5.5.1, 500 5.5.1, 500 5.5.1, 421 4.7.0"
    );
    assert!(told.closed);
    let told = talk(&[HELLO, MAIL, &"RCPT TO:<x@other.test>\r\n".repeat(10)]);
    assert_eq!(told.codes.iter().filter(|code| *code == "550 5.7.1").count(), 5);
    assert!(told.closed);
}

#[test]
fn commands_that_move_no_mail_are_counted() {
    for command in ["NOOP\r\n", "RSET\r\n", "VRFY x\r\n", "HELP\r\n"] {
        let told = talk_cut(rules(), &[command.repeat(200).as_bytes()], usize::MAX);
        assert!(told.closed, "{command}");
        assert_eq!(told.codes.len(), 1 + 100 + 5 + 1, "{command}");
    }
}

#[test]
fn bare_line_ends_in_commands_close() {
    let bad = [
        "EHLO a.test\n",
        "EHLO a.test\r\r\n",
        "EHLO\ra.test\r\n",
        "\n",
        "\r\r",
        "NOOP\r\n\n",
        "NOOP x\ny\r\n",
    ];
    for write in bad {
        let told = talk(&[write, "NOOP\r\n"]);
        assert_eq!(told.codes.last().unwrap(), "554 5.5.2", "{write:?}");
        assert!(told.closed, "{write:?}");
    }
}

#[test]
fn a_command_without_end_is_bounded() {
    let told = talk_cut(rules(), &["x".repeat(5000).as_bytes()], 1000);
    assert_eq!(told.codes, ["220", "554 5.5.2"]);
    assert!(told.closed);
    assert_eq!(codes(&[&format!("NOOP {}\r\n", "x".repeat(600))]), "220, 500 5.5.2");
}

/// Every way to end a body that somebody may take for an end and somebody else not.
const FALSE_ENDS: &[&str] = &[
    "\n.\n",
    "\n.\r\n",
    "\r\n.\n",
    "\r.\r",
    "\r\n.\r",
    "\r.\r\n",
    "\n.\r",
    "\r.\n",
    "\r\r\n.\r\n",
    "\r\n.\r\r\n",
    "\n\n.\r\n",
    "\r\n.\n\r\n",
    "\r\n\n.\r\n",
    "\r\n\r.\r\n",
    "\r\n.\r\0\n",
    "\r\0\n.\r\n",
    "\n\r\n.\r\n",
    "\r\n.\r \r\n",
    "\n.\0\r\n",
    "\r.\0\r\n",
    "\r\n.\0\n",
    "\r\n.\0\r",
    "\r\n..\n",
    "\n..\r\n",
    "\r..\r\n",
    "\r\n.\r.\r\n",
    "\r\n.\n.\r\n",
];

#[test]
fn no_false_end_of_data_smuggles_a_message() {
    for end in FALSE_ENDS {
        for pipelined in [false, true] {
            let smuggled =
                "MAIL FROM:<evil@a.test>\r\nRCPT TO:<victim@ours.test>\r\nDATA\r\nevil\r\n.\r\n";
            let body = format!("good{end}{smuggled}");
            let group = format!("{OPEN}DATA\r\n");
            let writes: Vec<&str> = if pipelined {
                vec![HELLO, &group, &body]
            } else {
                vec![HELLO, MAIL, RCPT, "DATA\r\n", &body]
            };
            let told = talk(&writes);
            assert!(told.mails.is_empty(), "{end:?}: {:?}", told.mails);
            assert_eq!(told.codes.last().unwrap(), "554 5.5.2", "{end:?}");
            assert!(told.closed, "{end:?}");
        }
    }
}

#[test]
fn no_false_end_smuggles_within_chunks() {
    for end in FALSE_ENDS {
        let body = format!("good{end}MAIL FROM:<evil@a.test>\r\n");
        for split in [0, 5, 6, 7, body.len()] {
            let split = split.min(body.len());
            let (one, two) = body.split_at(split);
            let write = format!(
                "{OPEN}BDAT {}\r\n{one}BDAT {} LAST\r\n{two}QUIT\r\n",
                one.len(),
                two.len()
            );
            let told = talk(&[HELLO, &write]);
            assert!(told.mails.is_empty(), "{end:?} split {split}: {:?}", told.mails);
            assert!(told.closed && told.codes.last().unwrap() == "554 5.5.2", "{end:?}");
        }
    }
}

#[test]
fn a_swallowed_body_is_as_strict_as_a_kept_one() {
    for end in FALSE_ENDS {
        let body = format!("EIO!\r\n good{end}NOOP\r\n.\r\n");
        let told = talk(&[HELLO, OPEN, "DATA\r\n", &body]);
        assert_eq!(told.codes.last().unwrap(), "554 5.5.2", "{end:?}");
        assert!(told.closed);
    }
}

#[test]
fn a_true_end_followed_by_commands_is_two_messages_said_in_the_open() {
    let write = format!("one\r\n.\r\n{OPEN}DATA\r\n");
    let told = talk(&[HELLO, OPEN, "DATA\r\n", &write, "two\r\n.\r\n"]);
    assert_eq!(told.mails.len(), 2);
}

#[test]
fn a_body_sent_without_waiting_for_354_is_refused() {
    let write = format!("{OPEN}DATA\r\nx\r\n.\r\n");
    let told = talk(&[HELLO, &write]);
    assert_eq!(told.codes.last().unwrap(), "554 5.5.0");
    assert!(told.closed && told.mails.is_empty());
    let told = talk(&[&format!("{HELLO}{MAIL}")]);
    assert_eq!(told.codes.join(", "), "220, 554 5.5.0");
}

#[test]
fn chunks_make_a_message() {
    let cases: &[(&str, &str)] = &[
        ("BDAT 3 LAST\r\nabc", "abc"),
        ("BDAT 0 LAST\r\n", ""),
        ("BDAT 3\r\nabcBDAT 0 LAST\r\n", "abc"),
        ("BDAT 3\r\nabcBDAT 2 LAST\r\n\r\n", "abc\r\n"),
        ("BDAT 4\r\nabc\rBDAT 2 LAST\r\n\nx", "abc\r\nx"),
        ("BDAT 5 LAST\r\n\r\n.\r\n", "\r\n.\r\n"),
        ("BDAT 0\r\nBDAT 0\r\nBDAT 1 LAST\r\n.", "."),
        ("BDAT 2\r\nabNOOP\r\nBDAT 1 LAST\r\nc", "abc"),
    ];
    for (chunks, body) in cases {
        let told = talk(&[HELLO, &format!("{OPEN}{chunks}QUIT\r\n")]);
        assert_eq!(told.mails, [format!("ann@a.test>bob@ours.test:{body}")], "{chunks:?}");
        assert_eq!(told.codes.last().unwrap(), "221 2.0.0", "{chunks:?}");
    }
}

#[test]
fn chunks_out_of_order_are_swallowed_and_refused() {
    let cases: &[(&[&str], &str)] = &[
        (&["BDAT 6 LAST\r\nQUIT\r\n", "NOOP\r\n"], "220, 503 5.5.1, 250 2.0.0"),
        (&[HELLO, "BDAT 6\r\nQUIT\r\n", "NOOP\r\n"], "220, 250, 503 5.5.1, 250 2.0.0"),
        (
            &[HELLO, MAIL, "BDAT 6\r\nQUIT\r\n", "NOOP\r\n"],
            "220, 250, 250 2.1.0, 554 5.5.1, 250 2.0.0",
        ),
        (
            &[HELLO, OPEN, "BDAT 1\r\nx", MAIL, "BDAT 0 LAST\r\n"],
            "220, 250, 250 2.1.0, 250 2.1.5, 250 2.0.0, 503 5.5.1, 250 2.0.0",
        ),
        (
            &[HELLO, OPEN, "BDAT 1\r\nx", "DATA\r\n", "BDAT 1 LAST\r\ny"],
            "220, 250, 250 2.1.0, 250 2.1.5, 250 2.0.0, 503 5.5.1, 503 5.5.1",
        ),
        (
            &[HELLO, OPEN, "BDAT 1\r\nx", "RSET\r\n", "BDAT 1 LAST\r\ny"],
            "220, 250, 250 2.1.0, 250 2.1.5, 250 2.0.0, 250 2.0.0, 503 5.5.1",
        ),
        (
            &[HELLO, OPEN, "BDAT x\r\n", "NOOP\r\n"],
            "220, 250, 250 2.1.0, 250 2.1.5, 501 5.5.2, 250 2.0.0",
        ),
    ];
    for (writes, expected) in cases {
        assert_eq!(codes(writes), *expected, "{writes:?}");
    }
}

#[test]
fn a_message_never_loses_its_first_chunks() {
    for between in ["RSET\r\n", "EHLO b.test\r\n", "DATA\r\n", "STARTTLS\r\n"] {
        let no_tls = Rules { start_tls: StartTls::Off, ..rules() };
        let mut shell = Shell::new(no_tls);
        for write in [HELLO, OPEN, "BDAT 4\r\none ", between, "BDAT 3 LAST\r\ntwo"] {
            shell.feed(write.as_bytes());
        }
        assert!(shell.told.mails.is_empty(), "{between}: {:?}", shell.told.mails);
        assert_eq!(shell.told.abandoned, 1, "{between}");
    }
}

#[test]
fn chunks_over_the_size_limit_are_refused() {
    let chunk = format!("BDAT 600\r\n{}", "x".repeat(600));
    let told = talk(&[HELLO, OPEN, &chunk, &chunk, "NOOP\r\n"]);
    assert_eq!(told.codes[4..].join(", "), "250 2.0.0, 552 5.3.4, 250 2.0.0");
    assert_eq!(told.abandoned, 1);
    let told = talk(&[HELLO, OPEN, &format!("BDAT 1001 LAST\r\n{}", "x".repeat(1001)), "NOOP\r\n"]);
    assert_eq!(told.codes[4..].join(", "), "552 5.3.4, 250 2.0.0");
    let told = talk(&[HELLO, OPEN, "BDAT 18446744073709551615 LAST\r\n", "QUIT\r\n"]);
    assert!(!told.closed && told.mails.is_empty());
}

#[test]
fn nothing_survives_starttls() {
    let told = talk(&[HELLO, OPEN, "STARTTLS\r\n", "DATA\r\n", MAIL, HELLO, "STARTTLS\r\n"]);
    assert_eq!(
        told.codes.join(", "),
        "220, 250, 250 2.1.0, 250 2.1.5, 220 2.0.0, 503 5.5.1, 503 5.5.1, 250, 503 5.5.1"
    );
    assert_eq!(told.text.matches("STARTTLS").count(), 1);
}

#[test]
fn commands_injected_behind_starttls_close() {
    for injected in ["NOOP\r\n", "MAIL FROM:<evil@a.test>\r\n", "x", "\r\n"] {
        let told = talk_cut(
            rules(),
            &[HELLO.as_bytes(), format!("STARTTLS\r\n{injected}").as_bytes()],
            1000,
        );
        assert_eq!(told.codes.last().unwrap(), "554 5.5.0", "{injected:?}");
        assert!(told.closed);
    }
}

#[test]
fn starttls_is_refused_where_it_is_not_offered_and_demanded_where_it_is_required() {
    let off = Rules { start_tls: StartTls::Off, ..rules() };
    let told = talk_cut(off, &[HELLO.as_bytes(), b"STARTTLS\r\n"], 100);
    assert_eq!(told.codes.last().unwrap(), "502 5.5.1");
    assert!(!told.text.contains("250-STARTTLS"));
    let required = Rules { start_tls: StartTls::Required, ..rules() };
    let writes = [HELLO, MAIL, "STARTTLS\r\n", HELLO, MAIL].map(str::as_bytes);
    let told = talk_cut(required, &writes, 100);
    assert_eq!(told.codes.join(", "), "220, 250, 530 5.7.0, 220 2.0.0, 250, 250 2.1.0");
}

#[test]
fn the_record_tells_why_nothing_came() {
    let mut shell = Shell::new(rules());
    for write in [HELLO, MAIL, "RCPT TO:<x@other.test>\r\n", "QUIT\r\n"] {
        shell.feed(write.as_bytes());
    }
    let record = shell.session.into_record();
    assert_eq!(record.helo, "a.test");
    assert_eq!(record.sender.unwrap().to_string(), "ann@a.test");
    assert_eq!(record.recipient.as_deref(), Some("x@other.test"));
    assert_eq!(record.refused.unwrap().code(), 550);
    assert_eq!((record.accepted, record.lines), (0, 4));

    let mut shell = Shell::new(rules());
    for write in [HELLO, OPEN, "DATA\r\n", "x\n.\r\n"] {
        shell.feed(write.as_bytes());
    }
    let record = shell.session.into_record();
    assert_eq!(record.because, "a line feed without a carriage return");
    assert_eq!(record.refused.unwrap().code(), 554);
}

#[test]
fn the_protocol_word_follows_the_session() {
    let word = |writes: &[&str]| {
        let mut shell = Shell::new(rules());
        for write in writes {
            shell.feed(write.as_bytes());
        }
        shell.session.protocol()
    };
    assert_eq!(word(&["HELO a.test\r\n", MAIL]), "SMTP");
    assert_eq!(word(&[HELLO, MAIL]), "ESMTP");
    assert_eq!(word(&[HELLO, "MAIL FROM:<a@b.test> SMTPUTF8\r\n"]), "UTF8SMTP");
    assert_eq!(word(&[HELLO, "STARTTLS\r\n", HELLO, MAIL]), "ESMTPS");
}

#[test]
fn a_question_left_unanswered_is_a_refusal() {
    let mut session = Session::new(Arc::new(rules()), false);
    let _ = session.advance(HELLO.as_bytes());
    assert_eq!(session.advance(MAIL.as_bytes()).action, Action::Mail);
    assert_eq!(session.advance(b"").action, Action::Continue);
    assert!(session.transaction().is_none());
    assert!(session.replies().ends_with(b"451 4.3.0 Cannot take this now, try again later\r\n"));
}

proptest::proptest! {
    /// Whatever is sent, the machine comes to rest, answers in whole lines and never makes a
    /// message without recipients; and a body that is encoded comes back as it was.
    #[test]
    fn any_octets_are_survived(noise in proptest::collection::vec(proptest::num::u8::ANY, 0..200), cut in 1usize..50) {
        let writes: [&[u8]; 4] = [HELLO.as_bytes(), OPEN.as_bytes(), b"DATA\r\n", &noise];
        talk_cut(rules(), &writes, cut);
        talk_cut(rules(), &[&noise], cut);
    }

    #[test]
    fn any_sequence_of_commands_is_survived(picks in proptest::collection::vec(0usize..14, 0..25), cut in 1usize..40) {
        let commands = [
            HELLO, MAIL, RCPT, "DATA\r\n", "BDAT 4\r\nab\r\n", "BDAT 4 LAST\r\nab\r\n", "RSET\r\n", "NOOP\r\n", "STARTTLS\r\n",
            "x\r\n.\r\n", ".\r\n", "MAIL FROM:<full@a.test>\r\n", "EIO!\r\n", "QUIT\r\n",
        ];
        let writes: Vec<&[u8]> = picks.iter().map(|pick| commands[*pick].as_bytes()).collect();
        talk_cut(rules(), &writes, cut);
    }

    #[test]
    fn bodies_come_through_as_they_were(lines in proptest::collection::vec("[.a ]{0,6}", 0..20), cut in 1usize..40) {
        let body: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
        let (mut writer, mut wire) = (DataWriter::default(), Vec::new());
        writer.write(body.as_bytes(), &mut wire).unwrap();
        writer.finish(&mut wire).unwrap();
        let told = talk_cut(rules(), &[HELLO.as_bytes(), OPEN.as_bytes(), b"DATA\r\n", &wire], cut);
        proptest::prop_assert_eq!(told.mails, vec![format!("ann@a.test>bob@ours.test:{body}")]);
    }
}
