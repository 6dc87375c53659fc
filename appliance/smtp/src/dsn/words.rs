//! What a notice says to a person. English for now; every sentence is in this file.

use mail::{Enhanced, Reply};

use super::{Action, Notice, Report, Speaker, host_name};

/// Recipients named in the text; all of them stand in the delivery report part.
const NAMED_RECIPIENTS: usize = 50;

/// The Subject.
pub(super) fn subject(action: Action) -> &'static str {
    match action {
        Action::Failed => "Your message was not delivered",
        Action::Delayed => "Your message is delayed",
        Action::Delivered => "Your message was delivered",
        Action::Relayed => "Your message was passed on",
        Action::Expanded => "Your message was passed on to a list",
    }
}

/// The whole text part.
pub(super) fn text(notice: &Notice<'_>, whole: bool) -> String {
    let mut text = format!("This is the mail system at {}.\r\n", host_name(notice.host));
    let actions =
        [Action::Failed, Action::Delayed, Action::Delivered, Action::Relayed, Action::Expanded];
    for action in actions {
        let mut about = notice.reports.iter().filter(|report| report.action == action).peekable();
        if about.peek().is_none() {
            continue;
        }
        push_lines(&mut text, opening(action));
        let mut named = 0;
        for report in about.by_ref().take(NAMED_RECIPIENTS) {
            push_report(&mut text, report);
            named += 1;
        }
        let more = about.count();
        if named == NAMED_RECIPIENTS && more > 0 {
            text.push_str(&format!("\r\nand {more} more, listed in the attached report.\r\n"));
        }
    }
    text.push_str(&format!(
        "\r\nYour message reached us on {} and has the queue id {}.\r\n{}\r\n",
        notice.arrived.rfc5322(),
        notice.original_id,
        if whole { "It is attached in full." } else { "Its header is attached." },
    ));
    text
}

fn opening(action: Action) -> &'static str {
    match action {
        Action::Failed => {
            "Your message could not be delivered to the recipients below.\n\
             It will not be tried again."
        }
        Action::Delayed => {
            "Your message has not been delivered yet to the recipients below.\n\
             It is being tried further. You do not need to send it again."
        }
        Action::Delivered => "Your message was delivered to the recipients below.",
        Action::Relayed => {
            "Your message was passed on for the recipients below to a mail system\n\
             that does not confirm delivery. You will hear no more from us about it."
        }
        Action::Expanded => {
            "Your message was passed on to several addresses for the recipients below."
        }
    }
}

fn push_lines(text: &mut String, lines: &str) {
    text.push_str("\r\n");
    for line in lines.lines() {
        text.push_str(line);
        text.push_str("\r\n");
    }
}

fn push_report(text: &mut String, report: &Report<'_>) {
    text.push_str(&format!("\r\n<{}>\r\n", report.recipient.address));
    if matches!(report.action, Action::Failed | Action::Delayed) {
        if let Some(meaning) = meaning(report.reply) {
            text.push_str(&format!("    {meaning}\r\n"));
        }
        match report.speaker {
            Speaker::Remote(host) => {
                text.push_str(&format!("    The mail system at {} said:\r\n", one_line(host)));
            }
            Speaker::Gateway => text.push_str("    The cause:\r\n"),
        }
        text.push_str(&format!("    {}\r\n", one_line(&report.reply.to_string())));
    }
    if let (Action::Delayed, Some(until)) = (report.action, report.retry_until) {
        text.push_str(&format!("    It will be tried until {}.\r\n", until.rfc5322()));
    }
}

fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// The enhanced code in plain words with what the sender can do (codes of RFC 3463 and its
/// registry).
fn meaning(reply: &Reply) -> Option<&'static str> {
    let Enhanced(_, subject, detail) = reply.enhanced()?;
    Some(match (subject, detail) {
        (1, 1) => "This address does not exist there. Check its spelling.",
        (1, 2) => "The domain of this address does not exist. Check its spelling.",
        (1, 10) => "The domain of this address takes no mail.",
        (1, 8) => "They do not accept your address as a sender.",
        (2, 1) => "This mailbox is disabled.",
        (2, 2) => "This mailbox is full. Try again later, or reach the person another way.",
        (3, 4) => "Your message is too large for their mail system. Send less, or share a link.",
        (4, 1) => "Their mail system does not answer.",
        (4, 2) => "The connection to their mail system broke off.",
        (4, 3) => "Their domain could not be looked up.",
        (4, 4) => "No way to their mail system is known.",
        (4, 6) => "The message went round in circles. Their mail system is set up wrongly.",
        (4, 7) => "It could not be delivered within the time allowed.",
        (6, 0) => "Your message is not well formed. Ask whoever runs the program that sent it.",
        (6, 3) => "Their mail system cannot take 8-bit content, which your message has.",
        (6, 7) => "Their mail system cannot take addresses or headers with letters beyond ASCII.",
        (7, 0..=2) => {
            "Their rules do not let your message in. Ask the recipient's mail administrator."
        }
        (7, 10 | 30) => "The connection would have had to be encrypted, and that was not possible.",
        (7, 20..=27) => {
            "Your domain's proof of sender (SPF, DKIM, DMARC) was not accepted. Ask your administrator."
        }
        _ => return None,
    })
}
