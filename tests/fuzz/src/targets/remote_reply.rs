//! Replies of a next hop, which is as hostile as any client: bounded, and every recipient ends with
//! exactly one outcome whatever it says.

use mail::{Recipient, Sender};
use smtp::client::{
    Begun, BodyFacts, Extensions, Next, Opening, Order, Progress, RemoteReply, ReplyReader,
    TlsWish, Transaction,
};

/// Feeds the input as what the next hop says, from the greeting on.
pub fn target(octets: &[u8]) {
    let replies = replies(octets);
    let mut said = replies.iter();
    let Some(offered) = open(&mut said) else { return };
    let recipients = ["ann@example.test", "bob@example.test", "jörg@example.test"]
        .map(|address| Recipient::plain(address.parse().unwrap()));
    let sender = Sender::Mailbox("a@sender.test".parse().unwrap());
    let order = Order {
        sender: &sender,
        recipients: &recipients,
        size: 1000,
        facts: BodyFacts { eight_bit: true, dots: 0, open_end: false },
        smtputf8: true,
        ret: None,
        envid: None,
    };
    let mut out = Vec::new();
    let outcomes = match Transaction::begin(order, offered, false, &mut out) {
        Begun::Unfit(outcomes) => outcomes,
        Begun::Open(transaction) => carry(transaction, said, &mut out),
    };
    assert_eq!(outcomes.len(), recipients.len(), "one outcome for each recipient");
    assert!(out.is_empty() || out.ends_with(b"\r\n"), "commands are whole lines");
}

fn replies(octets: &[u8]) -> Vec<RemoteReply> {
    let mut reader = ReplyReader::new();
    let mut replies = Vec::new();
    for piece in octets.chunks(11) {
        reader.feed(piece);
        loop {
            match reader.next_reply() {
                Ok(Some(reply)) => {
                    assert!((200..600).contains(&reply.code()));
                    assert!(!reply.to_reply().to_string().contains(['\r', '\n']));
                    replies.push(reply);
                }
                Ok(None) => break,
                Err(_) => return replies,
            }
        }
    }
    replies
}

fn open<'a>(said: &mut impl Iterator<Item = &'a RemoteReply>) -> Option<Extensions> {
    let mut out = Vec::new();
    let mut opening = Opening::new("gatepost.example.test", TlsWish::IfOffered);
    loop {
        opening = match opening.reply(said.next()?, &mut out) {
            Progress::Wait(opening) => opening,
            Progress::StartTls(encrypting) => encrypting.done(&mut out),
            Progress::Ready(offered) => return Some(offered),
            Progress::Refused(_) => return None,
        };
    }
}

fn carry<'a>(
    mut transaction: Transaction<'_>,
    said: impl Iterator<Item = &'a RemoteReply>,
    out: &mut Vec<u8>,
) -> Vec<mail::Outcome> {
    for reply in said {
        if transaction.reply(reply, out) == Next::Ended {
            return transaction.outcomes();
        }
    }
    transaction.lost("the connection was lost")
}
