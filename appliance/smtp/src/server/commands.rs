//! What each command does in each state.

use mail::{Recipient, Reply, Sender};

use super::states::{
    Asked, Calm, Chunking, Framing, Fresh, Greeted, Open, Receiving, Skipping, State,
};
use super::{Action, Session, StartTls, declared_too_big, replies, too_big};
use crate::limits;
use crate::line::{ChunkCheck, DataReader};
use crate::parse::{Command, CommandError, ForwardPath, MailParameters, RecipientParameters};

impl Session {
    /// Carries out a command. `last` is true when no input follows it.
    pub(super) fn obey(&mut self, calm: Calm, command: Command<'_>, last: bool) -> Action<'static> {
        match command {
            Command::Helo(name) => self.greet(name, false, last),
            Command::Ehlo(name) => self.greet(name, true, last),
            Command::Mail(sender, parameters) => self.mail(calm, sender, parameters),
            Command::Recipient(path, parameters) => self.recipient(calm, path, parameters),
            Command::Data => self.data(calm, last),
            Command::Chunk { octets, last } => self.first_chunk(calm, octets, last),
            Command::StartTls => self.start_tls(calm, last),
            Command::Reset => {
                self.note_abandoned(&calm);
                self.idle(State::Calm(calm.without_transaction().into()), replies::OK)
            }
            Command::Quit => self.quit(&calm),
            other => self.obey_anywhere(State::Calm(calm), &other),
        }
    }

    /// The commands that change nothing.
    fn obey_anywhere(&mut self, state: State, command: &Command<'_>) -> Action<'static> {
        match command {
            Command::Noop => self.idle(state, replies::OK),
            Command::Help => self.idle(state, replies::HELP),
            Command::Verify => self.idle(state, replies::CANNOT_VERIFY),
            Command::Expand => self.deny(state, &replies::not_offered("EXPN")),
            Command::Auth => self.deny(state, &replies::not_offered("AUTH")),
            _ => self.deny(state, &replies::out_of_order("Not now")),
        }
    }

    /// Between two chunks only BDAT goes on; RSET, EHLO and the like drop the message
    /// (RFC 3030 section 2).
    pub(super) fn obey_between_chunks(
        &mut self,
        chunking: Chunking,
        command: Command<'_>,
        last: bool,
    ) -> Action<'static> {
        match command {
            Command::Chunk { octets, last } => self.next_chunk(chunking, octets, last),
            Command::Noop | Command::Help | Command::Verify | Command::Expand | Command::Auth => {
                self.obey_anywhere(State::Chunking(chunking), &command)
            }
            Command::Mail(..) | Command::Recipient(..) => {
                let reply = replies::out_of_order("A message is under way by BDAT");
                self.deny(State::Chunking(chunking), &reply)
            }
            Command::Data => {
                let greeted = chunking.0.open.greeted;
                let reply = replies::out_of_order("DATA after BDAT: the message is dropped");
                self.deny(State::Calm(Calm::Greeted(greeted)), &reply);
                Action::BodyAbandoned
            }
            other => self.drop_chunks(chunking, other, last),
        }
    }

    /// The transaction ends before the command is looked at: a message that lost its first chunks
    /// must never be completed by later ones.
    fn drop_chunks(
        &mut self,
        chunking: Chunking,
        command: Command<'_>,
        last: bool,
    ) -> Action<'static> {
        let calm = Calm::Open(chunking.0.open);
        self.note_abandoned(&calm);
        match self.obey(calm.without_transaction().into(), command, last) {
            Action::Continue => Action::BodyAbandoned,
            // A draft ends with its connection or its conversation.
            action => action,
        }
    }

    /// A line that is no command.
    pub(super) fn misunderstand(&mut self, state: State, error: &CommandError) -> Action<'static> {
        self.deny(state, &replies::command_error(error))
    }

    fn deny(&mut self, state: State, reply: &Reply) -> Action<'static> {
        self.state = state;
        self.complain(reply);
        Action::Continue
    }

    /// A command that moves no mail: answered, and counted after a while.
    fn idle(&mut self, state: State, words: &str) -> Action<'static> {
        self.tally.idle += 1;
        if self.tally.idle > limits::IDLE_COMMANDS {
            return self.deny(state, &replies::too_many_idle_commands());
        }
        self.state = state;
        self.say(words);
        Action::Continue
    }

    /// Input after a command that must be the last of its group: the client does not wait for
    /// answers, as smuggled commands do (RFC 2920 section 3.1).
    fn improper_pipelining(&mut self, calm: &Calm) -> Action<'static> {
        self.leave(calm);
        self.hang_up(&replies::improper_pipelining(), "commands sent without waiting for a reply");
        Action::Close
    }

    fn greet(&mut self, name: &str, extended: bool, last: bool) -> Action<'static> {
        let greeted = Greeted { helo: name.to_owned(), extended };
        if !last {
            return self.improper_pipelining(&Calm::Greeted(greeted));
        }
        self.state = State::Calm(Calm::Greeted(greeted));
        self.tally.idle += 1;
        if self.tally.idle > limits::IDLE_COMMANDS {
            self.complain(&replies::too_many_idle_commands());
        } else if extended {
            replies::ehlo(&mut self.replies, &self.rules, self.secured);
        } else {
            replies::helo(&mut self.replies, &self.rules);
        }
        Action::Continue
    }

    fn mail(&mut self, calm: Calm, sender: Sender, parameters: MailParameters) -> Action<'static> {
        let greeted = match calm {
            Calm::Greeted(greeted) => greeted,
            Calm::Fresh(Fresh) => {
                let reply = replies::out_of_order("Say EHLO first");
                return self.deny(State::Calm(Calm::Fresh(Fresh)), &reply);
            }
            Calm::Open(open) => {
                let reply = replies::out_of_order("Another message is under way");
                return self.deny(State::Calm(Calm::Open(open)), &reply);
            }
        };
        if let Some(reply) = self.mail_refusal(&parameters) {
            self.record.sender = Some(sender);
            return self.deny(State::Calm(Calm::Greeted(greeted)), &reply);
        }
        self.state = State::Asked(Asked::Mail(greeted.open(sender, parameters)));
        Action::Mail
    }

    fn mail_refusal(&self, parameters: &MailParameters) -> Option<Reply> {
        let rules = &*self.rules;
        if rules.start_tls == StartTls::Required && !self.secured {
            return Some(replies::needs_tls());
        }
        if rules.maximum_messages != 0 && self.tally.messages >= rules.maximum_messages {
            return Some(replies::too_many_messages());
        }
        declared_too_big(rules, parameters).then(|| replies::too_big(rules.maximum_size))
    }

    fn recipient(
        &mut self,
        calm: Calm,
        path: ForwardPath,
        parameters: RecipientParameters,
    ) -> Action<'static> {
        let Calm::Open(mut open) = calm else {
            return self.deny(State::Calm(calm), &replies::out_of_order("Say MAIL first"));
        };
        let count = u32::try_from(open.transaction.recipients.len()).unwrap_or(u32::MAX);
        if self.rules.maximum_recipients != 0 && count >= self.rules.maximum_recipients {
            return self.overshoot(open);
        }
        let address = match (path, &self.rules.postmaster) {
            (ForwardPath::Mailbox(address), _) => address,
            (ForwardPath::Postmaster, Some(address)) => address.clone(),
            (ForwardPath::Postmaster, None) => {
                return self.deny(State::Calm(Calm::Open(open)), &replies::no_postmaster());
            }
        };
        if parameters.international && !open.transaction.parameters.smtputf8 {
            self.record.recipient = Some(address.to_string());
            return self.deny(State::Calm(Calm::Open(open)), &replies::needs_smtputf8());
        }
        open.overshoot = 0;
        let asked = address.clone();
        let RecipientParameters { notify, original, .. } = parameters;
        self.state = State::Asked(Asked::Recipient(open, Recipient { address, notify, original }));
        Action::Recipient(asked)
    }

    /// 452 makes the client send the rest separately (RFC 5321 section 4.5.3.1.10), so the first
    /// ones over the limit are no error.
    fn overshoot(&mut self, mut open: Open) -> Action<'static> {
        open.overshoot += 1;
        let kind = open.overshoot <= limits::RECIPIENT_OVERSHOOT;
        self.state = State::Calm(Calm::Open(open));
        if kind {
            self.refuse_kindly(&replies::too_many_recipients());
        } else {
            self.complain(&replies::too_many_recipients());
        }
        Action::Continue
    }

    fn data(&mut self, calm: Calm, last: bool) -> Action<'static> {
        let Calm::Open(open) = calm else {
            return self.deny(State::Calm(calm), &replies::out_of_order("Say MAIL first"));
        };
        if open.transaction.recipients.is_empty() {
            return self.deny(State::Calm(Calm::Open(open)), &replies::no_recipients());
        }
        if !last {
            return self.improper_pipelining(&Calm::Open(open));
        }
        let framing = Framing::Dotted(DataReader::default());
        self.state = State::Asked(Asked::Body(Receiving { open, framing }));
        Action::BodyStart
    }

    fn first_chunk(&mut self, calm: Calm, size: u64, last: bool) -> Action<'static> {
        let open = match calm {
            Calm::Open(open) if !open.transaction.recipients.is_empty() => open,
            Calm::Open(open) => {
                return self.skip_chunk(Some(open.greeted), size, replies::no_recipients());
            }
            other => {
                let reply = replies::out_of_order("Say MAIL first");
                return self.skip_chunk(other.without_transaction(), size, reply);
            }
        };
        if too_big(&self.rules, size) {
            let reply = replies::too_big(self.rules.maximum_size);
            return self.skip_chunk(Some(open.greeted), size, reply);
        }
        let framing = Framing::Chunked { check: ChunkCheck::default(), size, left: size, last };
        self.state = State::Asked(Asked::Body(Receiving { open, framing }));
        Action::BodyStart
    }

    fn next_chunk(&mut self, chunking: Chunking, size: u64, last: bool) -> Action<'static> {
        let Receiving { open, framing } = chunking.0;
        let check = match framing {
            Framing::Chunked { check, .. } => check,
            Framing::Dotted(_) => ChunkCheck::default(),
        };
        if too_big(&self.rules, open.transaction.octets.saturating_add(size)) {
            let reply = replies::too_big(self.rules.maximum_size);
            self.skip_chunk(Some(open.greeted), size, reply);
            return Action::BodyAbandoned;
        }
        let framing = Framing::Chunked { check, size, left: size, last };
        self.state = State::Receiving(Receiving { open, framing });
        Action::Continue
    }

    /// The octets of a refused chunk come all the same: swallow them before the refusal.
    fn skip_chunk(&mut self, greeted: Option<Greeted>, left: u64, reply: Reply) -> Action<'static> {
        self.state = State::Skipping(Skipping { greeted, left, reply });
        Action::Continue
    }

    fn start_tls(&mut self, calm: Calm, last: bool) -> Action<'static> {
        if self.secured {
            let reply = replies::out_of_order("TLS is up already");
            return self.deny(State::Calm(calm), &reply);
        }
        if self.rules.start_tls == StartTls::Off {
            return self.deny(State::Calm(calm), &replies::not_offered("STARTTLS"));
        }
        if !last {
            return self.improper_pipelining(&calm);
        }
        self.say(replies::READY_FOR_TLS);
        Action::StartTls
    }

    fn quit(&mut self, calm: &Calm) -> Action<'static> {
        self.leave(calm);
        self.say(replies::BYE);
        Action::Close
    }

    fn note_abandoned(&mut self, calm: &Calm) {
        if let Calm::Open(open) = calm {
            self.record.sender = Some(open.transaction.sender.clone());
        }
    }
}
