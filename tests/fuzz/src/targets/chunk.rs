//! A whole session: commands, DATA and BDAT in any order, from a client that says anything.

use std::sync::Arc;

use mail::Reply;
use smtp::server::{Action, Rules, Session, StartTls};

fn rules() -> Arc<Rules> {
    Arc::new(Rules {
        host_name: "gatepost.example.test".to_owned(),
        greeting: String::new(),
        maximum_size: 10_000,
        maximum_recipients: 10,
        maximum_messages: 10,
        maximum_errors: 10,
        start_tls: StartTls::Offered,
        postmaster: None,
    })
}

/// Drives a session with the input, cut two ways; both must see the same messages.
pub fn target(octets: &[u8]) {
    let whole = converse(octets, octets.len().max(1));
    let cut = converse(octets, 7);
    assert_eq!(whole, cut, "how the network cuts it changes nothing");
}

/// The bodies that were complete, and whether the session ended.
fn converse(octets: &[u8], step: usize) -> (Vec<Vec<u8>>, bool) {
    let mut session = Session::new(rules(), false);
    let (mut bodies, mut body) = (Vec::new(), Vec::new());
    let (mut at, mut seen) = (0, 0);
    let mut idle = 0;
    loop {
        let turn = session.advance(&octets[at..seen]);
        at += turn.consumed;
        idle = if turn.consumed == 0 { idle + 1 } else { 0 };
        assert!(idle < 10_000, "the machine goes on without input");
        match turn.action {
            Action::More if seen == octets.len() => return (bodies, false),
            Action::More => seen = (seen + step).min(octets.len()),
            Action::Continue => {}
            Action::Mail | Action::Recipient(_) => session.allow(),
            Action::BodyStart => {
                body.clear();
                session.allow();
            }
            Action::Body(piece) => body.extend_from_slice(piece),
            Action::BodyEnd(transaction) => {
                assert!(!transaction.recipients.is_empty(), "a message has a recipient");
                assert!(body.len() <= 10_000, "the size limit holds");
                bodies.push(std::mem::take(&mut body));
                session.answer(&Reply::new(250, None, "kept"));
            }
            Action::BodyAbandoned => body.clear(),
            Action::StartTls => session.secured(),
            Action::Close => return (bodies, true),
        }
        let replies = session.replies();
        assert!(replies.is_empty() || replies.ends_with(b"\r\n"), "replies are whole lines");
        replies.clear();
    }
}
