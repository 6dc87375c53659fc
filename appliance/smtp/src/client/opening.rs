//! From the greeting to readiness: EHLO or HELO, and TLS where it is wished.
//!
//! The states are consumed by value. [`Encrypting`] leads back to a fresh EHLO, so nothing that was
//! learnt in clear text survives STARTTLS (RFC 3207 section 4.2).

use mail::Reply;

use super::{Extensions, RemoteReply};

/// What we want of TLS on this connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsWish {
    /// Stay in clear text.
    Never,
    /// Encrypt where it is offered.
    IfOffered,
    /// Encrypt or give up.
    Must,
}

/// Why the next hop takes no mail on this connection.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It greeted with a refusal.
    #[error("the next hop refused the connection: {0}")]
    Greeting(Reply),
    /// It refused both EHLO and HELO.
    #[error("the next hop refused our greeting: {0}")]
    Hello(Reply),
    /// TLS is required and not offered.
    #[error("TLS is required here, but the next hop does not offer it")]
    NoTls,
    /// TLS is required and was refused.
    #[error("TLS is required here, but the next hop refused it: {0}")]
    TlsRefused(Reply),
}

impl Refusal {
    /// The next hop's own words, where it said any.
    #[must_use]
    pub fn reply(&self) -> Option<&Reply> {
        match self {
            Refusal::Greeting(reply) | Refusal::Hello(reply) | Refusal::TlsRefused(reply) => {
                Some(reply)
            }
            Refusal::NoTls => None,
        }
    }
}

/// What to do next.
#[derive(Debug)]
pub enum Progress {
    /// Write what was put into `out`, then wait for a reply.
    Wait(Opening),
    /// Do the TLS handshake now. Octets that are left over in the reader are an attack.
    StartTls(Encrypting),
    /// Transactions may begin.
    Ready(Extensions),
    /// Close the connection.
    Refused(Refusal),
}

#[derive(Debug)]
enum Stage {
    Greeting,
    Ehlo,
    Helo,
    StartTls(Extensions),
}

/// A connection that is not ready yet.
#[derive(Debug)]
pub struct Opening {
    stage: Stage,
    /// Our name for EHLO: a host name or an address literal.
    name: String,
    wish: TlsWish,
}

/// Between the 220 to STARTTLS and the end of the handshake.
#[derive(Debug)]
pub struct Encrypting {
    name: String,
}

impl Encrypting {
    /// The handshake succeeded: writes EHLO and goes on from the start.
    #[must_use]
    pub fn done(self, out: &mut Vec<u8>) -> Opening {
        let opening = Opening { stage: Stage::Ehlo, name: self.name, wish: TlsWish::Never };
        opening.say("EHLO", out);
        opening
    }
}

impl Opening {
    /// A fresh connection, waiting for its greeting. `name` is what EHLO says; characters that no
    /// host name or address literal has are dropped.
    #[must_use]
    pub fn new(name: &str, wish: TlsWish) -> Self {
        let allowed = |c: &char| c.is_ascii_alphanumeric() || "-._[]:".contains(*c);
        let name: String = name.chars().filter(allowed).take(255).collect();
        let name = if name.is_empty() { "localhost".to_owned() } else { name };
        Opening { stage: Stage::Greeting, name, wish }
    }

    /// Takes the next reply; commands are appended to `out`.
    #[must_use]
    pub fn reply(self, reply: &RemoteReply, out: &mut Vec<u8>) -> Progress {
        match self.stage {
            Stage::Greeting if reply.is_positive() => self.hello(Stage::Ehlo, "EHLO", out),
            Stage::Greeting => Progress::Refused(Refusal::Greeting(reply.to_reply())),
            Stage::Ehlo if reply.is_positive() => self.greeted(Extensions::from_reply(reply), out),
            // RFC 5321 section 3.2: a host that does not know EHLO is spoken to with HELO.
            Stage::Ehlo if reply.code() >= 500 => self.hello(Stage::Helo, "HELO", out),
            Stage::Helo if reply.is_positive() => self.greeted(Extensions::default(), out),
            Stage::Ehlo | Stage::Helo => Progress::Refused(Refusal::Hello(reply.to_reply())),
            Stage::StartTls(_) if reply.code() == 220 => {
                Progress::StartTls(Encrypting { name: self.name })
            }
            Stage::StartTls(offered) if self.wish == TlsWish::IfOffered && reply.code() != 421 => {
                Progress::Ready(offered)
            }
            Stage::StartTls(_) => Progress::Refused(Refusal::TlsRefused(reply.to_reply())),
        }
    }

    fn hello(self, stage: Stage, verb: &str, out: &mut Vec<u8>) -> Progress {
        let next = Opening { stage, ..self };
        next.say(verb, out);
        Progress::Wait(next)
    }

    fn say(&self, verb: &str, out: &mut Vec<u8>) {
        out.extend_from_slice(format!("{verb} {}\r\n", self.name).as_bytes());
    }

    fn greeted(self, offered: Extensions, out: &mut Vec<u8>) -> Progress {
        match self.wish {
            TlsWish::Never => Progress::Ready(offered),
            TlsWish::IfOffered if !offered.starttls => Progress::Ready(offered),
            TlsWish::Must if !offered.starttls => Progress::Refused(Refusal::NoTls),
            TlsWish::IfOffered | TlsWish::Must => {
                out.extend_from_slice(b"STARTTLS\r\n");
                Progress::Wait(Opening { stage: Stage::StartTls(offered), ..self })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::ReplyReader;

    fn say(octets: &str) -> RemoteReply {
        let mut reader = ReplyReader::new();
        reader.feed(octets.as_bytes());
        reader.next_reply().unwrap().unwrap()
    }

    /// Plays the replies until the machine does more than wait; returns what we wrote.
    fn play(mut opening: Opening, replies: &[&str]) -> (Progress, String) {
        let mut out = Vec::new();
        let mut replies = replies.iter();
        let progress = loop {
            let reply = say(replies.next().expect("the machine waits for more than was scripted"));
            match opening.reply(&reply, &mut out) {
                Progress::Wait(next) => opening = next,
                other => break other,
            }
        };
        assert!(replies.next().is_none(), "replies are left over");
        (progress, String::from_utf8(out).unwrap())
    }

    const OFFER: &str = "250-mx\r\n250-PIPELINING\r\n250 STARTTLS\r\n";

    #[test]
    fn clear_text_where_tls_is_never_wished() {
        let (progress, said) =
            play(Opening::new("gw.test", TlsWish::Never), &["220 hi\r\n", OFFER]);
        assert!(matches!(progress, Progress::Ready(offered) if offered.pipelining));
        assert_eq!(said, "EHLO gw.test\r\n");
    }

    #[test]
    fn an_old_host_is_spoken_to_with_helo() {
        let script = ["220 hi\r\n", "502 what?\r\n", "250 old\r\n"];
        let (progress, said) = play(Opening::new("gw.test", TlsWish::IfOffered), &script);
        assert!(matches!(progress, Progress::Ready(offered) if offered == Extensions::default()));
        assert_eq!(said, "EHLO gw.test\r\nHELO gw.test\r\n");
    }

    #[test]
    fn nothing_learnt_in_clear_survives_starttls() {
        let script = ["220 hi\r\n", OFFER, "220 go\r\n"];
        let (progress, said) = play(Opening::new("gw.test", TlsWish::IfOffered), &script);
        assert_eq!(said, "EHLO gw.test\r\nSTARTTLS\r\n");
        let Progress::StartTls(encrypting) = progress else { panic!("{progress:?}") };
        let mut out = Vec::new();
        let again = encrypting.done(&mut out);
        assert_eq!(out, b"EHLO gw.test\r\n");
        let (progress, said) = play(again, &["250-mx\r\n250 STARTTLS\r\n"]);
        assert!(matches!(progress, Progress::Ready(offered) if !offered.pipelining));
        assert_eq!(said, "", "no second STARTTLS");
    }

    #[test]
    fn a_refused_starttls_is_clear_text_only_where_that_is_allowed() {
        let script = ["220 hi\r\n", OFFER, "454 not now\r\n"];
        let (progress, _) = play(Opening::new("gw.test", TlsWish::IfOffered), &script);
        assert!(matches!(progress, Progress::Ready(_)));
        let (progress, _) = play(Opening::new("gw.test", TlsWish::Must), &script);
        assert!(matches!(progress, Progress::Refused(Refusal::TlsRefused(_))));
    }

    #[test]
    fn a_stripped_offer_of_tls_is_no_way_into_clear_text() {
        let script = ["220 hi\r\n", "250 mx\r\n"];
        let (progress, said) = play(Opening::new("gw.test", TlsWish::Must), &script);
        assert!(matches!(progress, Progress::Refused(Refusal::NoTls)));
        assert!(!said.contains("MAIL"));
    }

    #[test]
    fn refusals_carry_the_words_of_the_next_hop() {
        let (progress, _) =
            play(Opening::new("gw.test", TlsWish::Never), &["554 5.7.1 go away\r\n"]);
        let Progress::Refused(refusal) = progress else { panic!("{progress:?}") };
        assert_eq!(refusal.reply(), Some(&Reply::coded(554, 5, 7, 1, "go away")));
        let script = ["220 hi\r\n", "421 4.3.2 later\r\n"];
        let (progress, _) = play(Opening::new("gw.test", TlsWish::Never), &script);
        assert!(matches!(progress, Progress::Refused(Refusal::Hello(_))));
    }

    #[test]
    fn our_name_cannot_carry_a_command() {
        let (_, said) =
            play(Opening::new("gw\r\nMAIL FROM:<>", TlsWish::Never), &["220 hi\r\n", OFFER]);
        assert_eq!(said.matches("\r\n").count(), 1);
    }
}
