//! One message to one next hop: MAIL, RCPT, DATA, and an outcome for every recipient.
//!
//! Commands go out in groups where the next hop offers PIPELINING (RFC 2920), one by one where it
//! does not. Whatever the next hop does, every recipient ends with exactly one outcome, and a
//! recipient is delivered only by a 2xx to the end of the data.

use std::io::Write as _;

use mail::{Address, Notify, Outcome, Recipient, Reply, Return, Sender};

use super::{BodyFacts, Extensions, RemoteReply, limits};

/// What is to be sent.
#[derive(Debug, Clone, Copy)]
pub struct Order<'a> {
    /// The reverse-path.
    pub sender: &'a Sender,
    /// The forward-paths.
    pub recipients: &'a [Recipient],
    /// Octets of the message.
    pub size: u64,
    /// What the check of the message found.
    pub facts: BodyFacts,
    /// The message was received under SMTPUTF8.
    pub smtputf8: bool,
    /// RET, as given.
    pub ret: Option<Return>,
    /// ENVID in xtext, as given.
    pub envid: Option<&'a str>,
}

impl Order<'_> {
    /// Whether the message as such, not only some recipient, needs SMTPUTF8. A message that is
    /// ASCII throughout does not, whatever its first client said (RFC 6531 section 3.4).
    fn needs_smtputf8(&self) -> bool {
        self.sender.mailbox().is_some_and(Address::needs_smtputf8)
            || (self.smtputf8 && self.facts.eight_bit)
    }
}

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Write what was put into `out`, then wait for a reply.
    Wait,
    /// Write the message with its end of data, then wait for a reply.
    Body,
    /// Over: every recipient has its outcome.
    Ended,
}

/// The start of a transaction.
#[derive(Debug)]
pub enum Begun<'a> {
    /// Write what was put into `out`, then wait for replies.
    Open(Transaction<'a>),
    /// Nothing was or need be said: this next hop cannot take the message.
    Unfit(Vec<Outcome>),
}

/// A reply that is due, and equally a command that is to be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Reset,
    Mail,
    Recipient(usize),
    Data,
    /// The reply to the end of the data.
    End,
    Nothing,
}

/// One message under way.
#[derive(Debug)]
pub struct Transaction<'a> {
    order: Order<'a>,
    offered: Extensions,
    /// `None` while a recipient is accepted or was not answered yet.
    outcomes: Vec<Option<Outcome>>,
    due: Stage,
    to_say: Stage,
    accepted: usize,
    mail_refused: bool,
    /// MAIL was accepted and nothing ended that transaction.
    open: bool,
    broken: bool,
    busy: bool,
}

impl<'a> Transaction<'a> {
    /// Starts, and writes the first group of commands to `out`. With `reset` the transaction before
    /// was left open and RSET goes first.
    #[must_use]
    pub fn begin(
        order: Order<'a>,
        offered: Extensions,
        reset: bool,
        out: &mut Vec<u8>,
    ) -> Begun<'a> {
        let outcomes = match fitness(&order, &offered) {
            Err(reply) => {
                return Begun::Unfit(vec![Outcome::Failed(reply); order.recipients.len()]);
            }
            Ok(outcomes) => outcomes,
        };
        let start = if reset { Stage::Reset } else { Stage::Mail };
        let mut transaction = Transaction {
            order,
            offered,
            outcomes,
            due: start,
            to_say: start,
            accepted: 0,
            mail_refused: false,
            open: false,
            broken: false,
            busy: false,
        };
        if transaction.after(Stage::Mail) == Stage::Data {
            return Begun::Unfit(transaction.lost("no recipient can be sent"));
        }
        transaction.say_group(out);
        Begun::Open(transaction)
    }

    /// Takes the next reply; commands are appended to `out`.
    #[must_use]
    pub fn reply(&mut self, reply: &RemoteReply, out: &mut Vec<u8>) -> Next {
        if reply.code() == 421 {
            // RFC 5321 section 3.8: any command may be answered so; the channel closes.
            self.busy = true;
            return self.abandon(&Outcome::Deferred(reply.to_reply()));
        }
        let stage = self.due;
        match stage {
            Stage::Reset if !reply.is_positive() => return self.astray("RSET", reply),
            Stage::Reset => {}
            Stage::Mail if reply.is_positive() => self.open = true,
            Stage::Mail => {
                self.mail_refused = true;
                let outcome = self.refused("MAIL", reply);
                self.settle(&outcome);
            }
            Stage::Recipient(index) => self.recipient_answered(index, reply),
            Stage::Data => return self.data_answered(reply, out),
            Stage::End => return self.end_answered(reply),
            Stage::Nothing => return self.astray("nothing", reply),
        }
        if self.broken {
            return Next::Ended;
        }
        self.due = self.after(stage);
        if self.due != self.to_say {
            return Next::Wait;
        }
        if self.is_hopeless() {
            return Next::Ended;
        }
        self.say_group(out);
        Next::Wait
    }

    /// The connection is gone, or must go: those without an outcome are deferred with this reason.
    #[must_use]
    pub fn lost(mut self, because: &str) -> Vec<Outcome> {
        self.settle(&Outcome::Deferred(Reply::coded(451, 4, 4, 2, because)));
        self.outcomes()
    }

    /// One outcome for each recipient of the order, in its order.
    #[must_use]
    pub fn outcomes(self) -> Vec<Outcome> {
        let missing = || Outcome::Deferred(Reply::coded(451, 4, 3, 0, "the attempt was cut short"));
        self.outcomes.into_iter().map(|outcome| outcome.unwrap_or_else(missing)).collect()
    }

    /// True when the next hop accepted MAIL and the transaction was not ended: RSET goes before
    /// the next one.
    #[must_use]
    pub fn needs_reset(&self) -> bool {
        self.open
    }

    /// True when the connection must carry nothing more (421, or replies out of place).
    #[must_use]
    pub fn must_close(&self) -> bool {
        self.broken
    }

    /// True when the next hop said 421: it is busy as a whole.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.busy
    }

    /// True until the next hop has answered MAIL. A reused connection that fails so early was
    /// closed while idle, and the message may be tried on a fresh one at once.
    #[must_use]
    pub fn is_untouched(&self) -> bool {
        matches!(self.due, Stage::Reset | Stage::Mail) && !self.mail_refused
    }

    /// True once the message is on its way: the loss of the connection may leave a duplicate.
    #[must_use]
    pub fn body_is_out(&self) -> bool {
        self.due == Stage::End
    }

    fn recipient_answered(&mut self, index: usize, reply: &RemoteReply) {
        if self.mail_refused {
            return;
        }
        if reply.is_positive() {
            self.accepted += 1;
            return;
        }
        let outcome = match self.refused("RCPT", reply) {
            Outcome::Failed(reply) if means_too_many(&reply) => Outcome::Deferred(reply),
            outcome => outcome,
        };
        if let Some(slot) = self.outcomes.get_mut(index) {
            *slot = Some(outcome);
        }
    }

    fn data_answered(&mut self, reply: &RemoteReply, out: &mut Vec<u8>) -> Next {
        if reply.code() == 354 {
            self.due = Stage::End;
            self.to_say = Stage::Nothing;
            if self.accepted > 0 {
                return Next::Body;
            }
            // RFC 2920 section 3.1: the end of data alone takes back a DATA for nobody.
            out.extend_from_slice(b".\r\n");
            return Next::Wait;
        }
        if self.accepted > 0 || reply.is_positive() {
            let outcome = self.refused("DATA", reply);
            self.settle(&outcome);
        }
        Next::Ended
    }

    fn end_answered(&mut self, reply: &RemoteReply) -> Next {
        self.due = Stage::Nothing;
        self.open = false;
        let outcome = if !reply.is_positive() {
            self.refused("the message", reply)
        } else if self.accepted > 0 {
            Outcome::Delivered(reply.to_reply())
        } else {
            return Next::Ended;
        };
        self.settle(&outcome);
        Next::Ended
    }

    /// The outcome of a reply that is no 2xx. A reply of no use here ends the connection.
    fn refused(&mut self, to: &str, reply: &RemoteReply) -> Outcome {
        match reply.code() {
            400..500 => Outcome::Deferred(reply.to_reply()),
            500..600 => Outcome::Failed(reply.to_reply()),
            _ => {
                self.broken = true;
                out_of_place(to, reply)
            }
        }
    }

    fn astray(&mut self, to: &str, reply: &RemoteReply) -> Next {
        self.abandon(&out_of_place(to, reply))
    }

    fn abandon(&mut self, outcome: &Outcome) -> Next {
        self.broken = true;
        self.settle(outcome);
        Next::Ended
    }

    fn settle(&mut self, outcome: &Outcome) {
        for slot in &mut self.outcomes {
            slot.get_or_insert_with(|| outcome.clone());
        }
    }

    /// Nothing outstanding, and nobody left to send to.
    fn is_hopeless(&self) -> bool {
        self.mail_refused || (self.to_say == Stage::Data && self.accepted == 0)
    }

    fn after(&self, stage: Stage) -> Stage {
        match stage {
            Stage::Reset => Stage::Mail,
            Stage::Mail => self.recipient_from(0),
            Stage::Recipient(index) => self.recipient_from(index + 1),
            Stage::Data | Stage::End | Stage::Nothing => Stage::Nothing,
        }
    }

    fn recipient_from(&self, from: usize) -> Stage {
        let sendable =
            |recipient: &Recipient| self.offered.smtputf8 || !recipient.address.needs_smtputf8();
        let rest = self.order.recipients.get(from..).unwrap_or_default();
        rest.iter().position(sendable).map_or(Stage::Data, |ahead| Stage::Recipient(from + ahead))
    }

    fn say_group(&mut self, out: &mut Vec<u8>) {
        let most = if self.offered.pipelining { limits::PIPELINED_COMMANDS } else { 1 };
        for _ in 0..most {
            match self.to_say {
                Stage::Reset => out.extend_from_slice(b"RSET\r\n"),
                Stage::Mail => self.say_mail(out),
                Stage::Recipient(index) => self.say_recipient(index, out),
                Stage::Data => out.extend_from_slice(b"DATA\r\n"),
                Stage::End | Stage::Nothing => return,
            }
            self.to_say = self.after(self.to_say);
        }
    }

    /// Whether the SMTPUTF8 parameter is given on MAIL, and so may stand in other parameters.
    fn under_smtputf8(&self) -> bool {
        let needed = self.order.needs_smtputf8()
            || self.order.recipients.iter().any(|recipient| recipient.address.needs_smtputf8());
        self.offered.smtputf8 && needed
    }

    fn say_mail(&self, out: &mut Vec<u8>) {
        // Writing to a Vec cannot fail; so with every `write!` below.
        let _ = write!(out, "MAIL FROM:<{}>", self.order.sender);
        if self.offered.size_offered {
            let _ = write!(out, " SIZE={}", self.order.size);
        }
        if self.offered.eight_bit_mime && self.order.facts.eight_bit {
            out.extend_from_slice(b" BODY=8BITMIME");
        }
        let smtputf8 = self.under_smtputf8();
        if smtputf8 {
            out.extend_from_slice(b" SMTPUTF8");
        }
        if self.offered.dsn {
            match self.order.ret {
                Some(Return::Full) => out.extend_from_slice(b" RET=FULL"),
                Some(Return::Headers) => out.extend_from_slice(b" RET=HDRS"),
                None => {}
            }
            if let Some(envid) = self.order.envid.filter(|text| is_parameter(text, smtputf8)) {
                let _ = write!(out, " ENVID={envid}");
            }
        }
        out.extend_from_slice(b"\r\n");
    }

    fn say_recipient(&self, index: usize, out: &mut Vec<u8>) {
        let Some(recipient) = self.order.recipients.get(index) else { return };
        let _ = write!(out, "RCPT TO:<{}>", recipient.address);
        if self.offered.dsn {
            if let Some(notify) = recipient.notify {
                let _ = write!(out, " NOTIFY={}", notify_words(notify));
            }
            let smtputf8 = recipient.original.is_some() && self.under_smtputf8();
            let given = recipient.original.as_deref();
            if let Some(original) = given.filter(|text| is_parameter(text, smtputf8)) {
                let _ = write!(out, " ORCPT={original}");
            }
        }
        out.extend_from_slice(b"\r\n");
    }
}

/// What stands against sending at all, or the outcomes of those recipients that cannot be named.
fn fitness(order: &Order<'_>, offered: &Extensions) -> Result<Vec<Option<Outcome>>, Reply> {
    if let Some(limit) = offered.size.filter(|limit| order.size > *limit) {
        let text = format!(
            "the message has {} octets; the next hop takes no more than {limit}",
            order.size
        );
        return Err(Reply::coded(552, 5, 3, 4, &text));
    }
    if order.needs_smtputf8() && !offered.smtputf8 {
        return Err(no_smtputf8());
    }
    if order.facts.eight_bit && !offered.eight_bit_mime {
        let text = "the message has 8-bit content, and the next hop does not take it (no 8BITMIME)";
        return Err(Reply::coded(554, 5, 6, 3, text));
    }
    let unnameable = |recipient: &Recipient| {
        let unnameable = !offered.smtputf8 && recipient.address.needs_smtputf8();
        unnameable.then(|| Outcome::Failed(no_smtputf8()))
    };
    Ok(order.recipients.iter().map(unnameable).collect())
}

fn no_smtputf8() -> Reply {
    let text =
        "the message needs internationalised mail, and the next hop does not take it (no SMTPUTF8)";
    Reply::coded(553, 5, 6, 7, text)
}

fn out_of_place(to: &str, reply: &RemoteReply) -> Outcome {
    let text =
        format!("the next hop answered {} to {to}, which has no meaning there", reply.code());
    Outcome::Deferred(Reply::coded(451, 4, 5, 0, &text))
}

/// RFC 5321 section 4.5.3.1.10: 552 to RCPT was once said for "too many recipients" and is to be
/// taken as temporary; with an enhanced code that says otherwise (mailbox full) it is not.
fn means_too_many(reply: &Reply) -> bool {
    reply.code() == 552 && reply.enhanced().is_none_or(|code| (code.1, code.2) == (5, 3))
}

/// Whether a text may stand as a parameter value: nothing that could end the word or the line.
fn is_parameter(text: &str, smtputf8: bool) -> bool {
    let allowed = |c: char| c.is_ascii_graphic() || (smtputf8 && !c.is_ascii() && !c.is_control());
    !text.is_empty() && text.len() <= mail::limits::PATH_OCTETS * 2 && text.chars().all(allowed)
}

/// The NOTIFY values in the spelling of RFC 3461 section 4.1.
fn notify_words(notify: Notify) -> &'static str {
    match (notify.success, notify.failure, notify.delay) {
        (false, false, false) => "NEVER",
        (true, false, false) => "SUCCESS",
        (false, true, false) => "FAILURE",
        (false, false, true) => "DELAY",
        (true, true, false) => "SUCCESS,FAILURE",
        (true, false, true) => "SUCCESS,DELAY",
        (false, true, true) => "FAILURE,DELAY",
        (true, true, true) => "SUCCESS,FAILURE,DELAY",
    }
}

#[cfg(test)]
mod tests;
