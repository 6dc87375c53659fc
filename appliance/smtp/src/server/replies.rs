//! The words we say (RFC 5321 section 4.2.3, RFC 3463), each in one place.

use std::io::Write;

use mail::Reply;

use super::{Rules, StartTls};
use crate::line::LineError;
use crate::parse::CommandError;

pub(super) const SENDER_OK: &str = "250 2.1.0 Sender ok\r\n";
pub(super) const RECIPIENT_OK: &str = "250 2.1.5 Recipient ok\r\n";
pub(super) const START_BODY: &str = "354 End data with <CR><LF>.<CR><LF>\r\n";
pub(super) const OK: &str = "250 2.0.0 Ok\r\n";
pub(super) const BYE: &str = "221 2.0.0 Bye\r\n";
pub(super) const READY_FOR_TLS: &str = "220 2.0.0 Ready to start TLS\r\n";
pub(super) const CANNOT_VERIFY: &str = "252 2.5.2 Send the message and we will see\r\n";
pub(super) const HELP: &str = "214 2.0.0 See RFC 5321\r\n";

/// Appends a reply as one line.
pub fn write(out: &mut Vec<u8>, reply: &Reply) {
    put(out, format_args!("{reply}\r\n"));
}

fn put(out: &mut Vec<u8>, words: std::fmt::Arguments<'_>) {
    // Writing to a Vec cannot fail.
    let _ = out.write_fmt(words);
}

/// 220 with the host name, "ESMTP" and the greeting text.
pub(super) fn greeting(out: &mut Vec<u8>, rules: &Rules) {
    let words = format!("{} ESMTP {}", rules.host_name, rules.greeting);
    write(out, &Reply::new(220, None, words.trim_end()));
}

/// The reply to HELO.
pub(super) fn helo(out: &mut Vec<u8>, rules: &Rules) {
    write(out, &Reply::new(250, None, &rules.host_name));
}

/// The reply to EHLO: what we offer.
pub(super) fn ehlo(out: &mut Vec<u8>, rules: &Rules, secured: bool) {
    put(out, format_args!("250-{}\r\n250-PIPELINING\r\n", rules.host_name));
    if rules.maximum_size == 0 {
        put(out, format_args!("250-SIZE\r\n"));
    } else {
        put(out, format_args!("250-SIZE {}\r\n", rules.maximum_size));
    }
    if rules.start_tls != StartTls::Off && !secured {
        put(out, format_args!("250-STARTTLS\r\n"));
    }
    limits(out, rules);
    let fixed =
        "250-8BITMIME\r\n250-SMTPUTF8\r\n250-ENHANCEDSTATUSCODES\r\n250-CHUNKING\r\n250 DSN\r\n";
    out.extend_from_slice(fixed.as_bytes());
}

/// LIMITS (RFC 9422): a limit that is off is not announced.
fn limits(out: &mut Vec<u8>, rules: &Rules) {
    let known = [("RCPTMAX", rules.maximum_recipients), ("MAILMAX", rules.maximum_messages)];
    let mut word = "250-LIMITS";
    for (name, value) in known.into_iter().filter(|(_, value)| *value != 0) {
        put(out, format_args!("{word} {name}={value}"));
        word = "";
    }
    if word.is_empty() {
        put(out, format_args!("\r\n"));
    }
}

/// The answer to a chunk that is not the last one.
pub(super) fn chunk_ok(out: &mut Vec<u8>, octets: u64) {
    put(out, format_args!("250 2.0.0 {octets} octets received\r\n"));
}

pub(super) fn line_error(error: LineError) -> Reply {
    match error {
        LineError::BareCr | LineError::BareLf => {
            Reply::coded(554, 5, 5, 2, "Bare CR or LF: lines end in CR LF (RFC 5321 2.3.8)")
        }
        LineError::TooLong(_) => Reply::coded(554, 5, 5, 2, "Line too long"),
    }
}

pub(super) fn command_error(error: &CommandError) -> Reply {
    let text = error.to_string();
    let (code, subject, detail) = match error {
        CommandError::Unknown => (500, 5, 1),
        CommandError::Control | CommandError::Encoding | CommandError::TooLong(_) => (500, 5, 2),
        CommandError::Syntax(_) | CommandError::Name => (501, 5, 2),
        CommandError::Value(_) => (501, 5, 4),
        CommandError::Sender(_) => (501, 1, 7),
        CommandError::Recipient(_) => (501, 1, 3),
        CommandError::Parameter(_) => (555, 5, 4),
        CommandError::NeedsSmtputf8 => (553, 6, 7),
    };
    Reply::coded(code, 5, subject, detail, &text)
}

pub(super) fn needs_smtputf8() -> Reply {
    command_error(&CommandError::NeedsSmtputf8)
}

pub(super) fn out_of_order(text: &str) -> Reply {
    Reply::coded(503, 5, 5, 1, text)
}

pub(super) fn not_offered(verb: &str) -> Reply {
    Reply::coded(502, 5, 5, 1, &format!("{verb} is not offered here"))
}

pub(super) fn no_recipients() -> Reply {
    Reply::coded(554, 5, 5, 1, "No valid recipients")
}

pub(super) fn needs_tls() -> Reply {
    Reply::coded(530, 5, 7, 0, "Must issue a STARTTLS command first")
}

pub(super) fn too_many_recipients() -> Reply {
    Reply::coded(452, 4, 5, 3, "Too many recipients, send the rest in another message")
}

pub(super) fn too_many_messages() -> Reply {
    Reply::coded(421, 4, 7, 0, "Too many messages in one connection, connect again")
}

pub(super) fn too_many_errors() -> Reply {
    Reply::coded(421, 4, 7, 0, "Too many errors")
}

pub(super) fn too_many_idle_commands() -> Reply {
    Reply::coded(450, 4, 7, 1, "Too many commands that move no mail")
}

pub(super) fn too_big(limit: u64) -> Reply {
    Reply::coded(552, 5, 3, 4, &format!("Message too big, the limit is {limit} octets"))
}

pub(super) fn improper_pipelining() -> Reply {
    Reply::coded(554, 5, 5, 0, "Improper use of pipelining (RFC 2920)")
}

pub(super) fn no_postmaster() -> Reply {
    Reply::coded(550, 5, 1, 1, "Give the domain of the postmaster")
}

pub(super) fn not_now() -> Reply {
    Reply::coded(451, 4, 3, 0, "Cannot take this now, try again later")
}
