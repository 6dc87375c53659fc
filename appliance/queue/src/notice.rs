//! Notices to senders (delivery status notifications, RFC 3464): who is told, and about what.

use std::fs::File;
use std::os::unix::fs::FileExt;

use mail::{
    BodyKind, Deed, Direction, Envelope, Listener, MessageId, Notify, Recipient, Return, Sender,
    SessionId, Timestamp,
};
use smtp::dsn::{Action, Notice, Original, Report, Speaker, compose};

use crate::core::Core;
use crate::loaded::{Ended, Loaded};

impl Core {
    /// Writes the notices for everything that has ended in this round. True when one was written:
    /// the message may then go only after the next sync.
    pub(crate) fn send_notices(&mut self, id: MessageId) -> bool {
        let Some(loaded) = self.loaded.get_mut(&id) else { return false };
        let mut ended = std::mem::take(&mut loaded.ended);
        ended.retain(|one| wanted(one, &loaded.envelope));
        if ended.is_empty() {
            return false;
        }
        let Sender::Mailbox(_) = loaded.envelope.sender else {
            // Never a notice about a notice (RFC 5321 section 4.5.5).
            let because = "its sender is the null path, so nobody is to be told".to_owned();
            self.tell(id, Deed::NotNotified { because });
            return false;
        };
        match self.write_notice(id, &ended) {
            Ok(()) => true,
            Err(because) => {
                tracing::error!(%id, because, "a notice could not be written");
                self.tell(id, Deed::NotNotified { because });
                false
            }
        }
    }

    fn write_notice(&mut self, id: MessageId, ended: &[Ended]) -> Result<(), String> {
        let now = self.now();
        let number = MessageId(self.ids.next(now));
        let host = self.host_name.clone();
        let lifetime = self.retry.lifetime_seconds;
        let loaded = self.loaded.get(&id).ok_or("the message is gone")?;
        let Some(to) = loaded.envelope.sender.mailbox().cloned() else { return Ok(()) };
        let original = read_original(loaded, ended).unwrap_or_else(|error| {
            // A notice without the original tells its sender more than none.
            tracing::error!(%id, %error, "the original could not be read for its notice");
            Vec::new()
        });
        let retry_until = loaded.envelope.received.plus_seconds(lifetime);
        let reports: Vec<Report<'_>> = ended
            .iter()
            .filter_map(|one| report(one, &loaded.envelope, now, retry_until))
            .collect();
        let full = loaded.envelope.ret == Some(Return::Full);
        let notice = Notice {
            id: number,
            at: now,
            host: &host,
            to: &to,
            original_id: id,
            arrived: loaded.envelope.received,
            envid: loaded.envelope.envid.as_deref(),
            smtputf8: loaded.envelope.smtputf8,
            reports: &reports,
            original: if full { Original::Full(&original) } else { Original::Headers(&original) },
        };
        let action = notice.action();
        let smtputf8 = notice.needs_smtputf8();
        let octets = compose(&notice);
        let envelope = envelope(number, now, to, &octets, smtputf8, &host);
        let kept = self.keeper.insert(&envelope, octets);
        kept.map_err(|error| format!("the spool could not keep the notice: {error}"))?;
        self.received(&envelope);
        self.wait_for_scan(number);
        self.tell(id, Deed::Notified { action: action.word().to_owned(), notice: number });
        Ok(())
    }
}

/// Whether the sender wants to be told of this (RFC 3461 section 4.1).
fn wanted(one: &Ended, envelope: &Envelope) -> bool {
    let recipient = envelope.recipients.get(one.recipient as usize);
    let notify = recipient.map_or(Notify::NEVER, Recipient::notify);
    match one.action {
        Action::Failed => notify.failure,
        Action::Delayed => notify.delay,
        Action::Relayed | Action::Delivered | Action::Expanded => notify.success,
    }
}

fn report<'a>(
    one: &'a Ended,
    envelope: &'a Envelope,
    now: Timestamp,
    retry_until: Timestamp,
) -> Option<Report<'a>> {
    Some(Report {
        recipient: envelope.recipients.get(one.recipient as usize)?,
        action: one.action,
        reply: &one.reply,
        speaker: one.host.as_deref().map_or(Speaker::Gateway, Speaker::Remote),
        last_attempt: now,
        retry_until: (one.action == Action::Delayed).then_some(retry_until),
    })
}

/// As much of the original as a notice may return.
fn read_original(loaded: &Loaded, ended: &[Ended]) -> std::io::Result<Vec<u8>> {
    let failed = ended.iter().any(|one| one.action == Action::Failed);
    let full = failed && loaded.envelope.ret == Some(Return::Full);
    let room =
        if full { smtp::dsn::RETURNED_MESSAGE_OCTETS } else { smtp::dsn::RETURNED_HEADER_OCTETS };
    let wanted = usize::try_from(loaded.envelope.size).unwrap_or(room).min(room + 1);
    let file = loaded.body.try_clone().map(File::from)?;
    let mut octets = vec![0; wanted];
    let mut filled = 0;
    while let Some(rest) = octets.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match file.read_at(rest, filled as u64) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) => return Err(error),
        }
    }
    octets.truncate(filled);
    Ok(octets)
}

fn envelope(
    id: MessageId,
    now: Timestamp,
    to: mail::Address,
    octets: &[u8],
    smtputf8: bool,
    host: &str,
) -> Envelope {
    Envelope {
        id,
        session: SessionId(id.0),
        received: now,
        listener: Listener::Internal,
        direction: Direction::Outgoing,
        client: mail::Client {
            address: std::net::SocketAddr::from(([127, 0, 0, 1], 0)),
            helo: host.to_owned(),
            tls: None,
        },
        sender: Sender::Null,
        // A notice that cannot be delivered is not told to anybody.
        recipients: vec![Recipient { address: to, notify: Some(Notify::NEVER), original: None }],
        body: if octets.is_ascii() { BodyKind::SevenBit } else { BodyKind::EightBitMime },
        smtputf8,
        ret: None,
        envid: None,
        size: octets.len() as u64,
    }
}
