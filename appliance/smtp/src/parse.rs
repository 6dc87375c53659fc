//! SMTP commands as values (RFC 5321 section 4.1). Pure and total: any octets give a [`Command`] or
//! a [`CommandError`], and no allocation is made but for what a command keeps.
//!
//! Never decides whether a command is allowed now: that is [`crate::server`]'s part. Start with
//! [`command`].

mod parameters;
mod path;

pub use parameters::{MailParameters, RecipientParameters};
pub use path::{ForwardPath, forward_path, reverse_path};

use mail::{AddressError, Sender};

use crate::limits;
use crate::line::Line;

/// Why a line is no command we carry out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// Not a verb of ours.
    #[error("command not recognised")]
    Unknown,
    /// A NUL or another control character.
    #[error("a control character in a command")]
    Control,
    /// Octets above 127 that are not UTF-8.
    #[error("a command that is neither ASCII nor UTF-8")]
    Encoding,
    /// A line longer than the verb may have.
    #[error("a command line longer than {0} octets")]
    TooLong(usize),
    /// The verb is ours, what follows it is not; the text is the right form.
    #[error("syntax: {0}")]
    Syntax(&'static str),
    /// HELO or EHLO without a usable name.
    #[error("a host name or an address literal is needed")]
    Name,
    /// The reverse-path is no address.
    #[error("sender: {0}")]
    Sender(AddressError),
    /// The forward-path is no address.
    #[error("recipient: {0}")]
    Recipient(AddressError),
    /// A parameter we do not offer.
    #[error("parameter not recognised: {0}")]
    Parameter(String),
    /// A parameter with a value that breaks its rules, or given twice.
    #[error("bad value for parameter {0}")]
    Value(&'static str),
    /// An address with characters above 127, but no SMTPUTF8 on MAIL (RFC 6531 section 3.2).
    #[error("an internationalised address needs SMTPUTF8")]
    NeedsSmtputf8,
}

/// One command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command<'a> {
    /// HELO with the name given.
    Helo(&'a str),
    /// EHLO with the name given.
    Ehlo(&'a str),
    /// MAIL FROM.
    Mail(Sender, MailParameters),
    /// RCPT TO.
    Recipient(ForwardPath, RecipientParameters),
    /// DATA.
    Data,
    /// BDAT (RFC 3030 section 2).
    Chunk {
        /// Octets that follow.
        octets: u64,
        /// The last chunk of the message.
        last: bool,
    },
    /// RSET.
    Reset,
    /// NOOP, whatever follows.
    Noop,
    /// QUIT.
    Quit,
    /// VRFY.
    Verify,
    /// EXPN.
    Expand,
    /// HELP.
    Help,
    /// STARTTLS (RFC 3207).
    StartTls,
    /// AUTH: known, not offered.
    Auth,
}

/// Reads a command line.
///
/// # Errors
/// [`CommandError`] says what is wrong with it.
pub fn command(line: Line<'_>) -> Result<Command<'_>, CommandError> {
    let octets = line.octets();
    let (verb, argument) = split_verb(octets);
    let limit = line_limit(verb);
    if line.consumed() > limit {
        return Err(CommandError::TooLong(limit));
    }
    if octets.iter().any(|octet| octet.is_ascii_control() && *octet != b'\t') {
        return Err(CommandError::Control);
    }
    let argument = std::str::from_utf8(argument).map_err(|_| CommandError::Encoding)?;
    read_verb(verb, argument.trim_matches([' ', '\t']))
}

/// Octets that a line with this verb may have, CR LF included.
fn line_limit(verb: &[u8]) -> usize {
    if verb.eq_ignore_ascii_case(b"MAIL") || verb.eq_ignore_ascii_case(b"RCPT") {
        limits::EXTENDED_LINE_OCTETS
    } else {
        limits::COMMAND_LINE_OCTETS
    }
}

fn split_verb(octets: &[u8]) -> (&[u8], &[u8]) {
    let end = octets.iter().position(|octet| !octet.is_ascii_alphanumeric());
    octets.split_at(end.unwrap_or(octets.len()))
}

/// A verb in upper case, so that the table below reads as the RFC does.
fn upper(verb: &[u8]) -> Option<[u8; 8]> {
    let mut word = [0; 8];
    let place = word.get_mut(..verb.len())?;
    place.copy_from_slice(verb);
    place.make_ascii_uppercase();
    Some(word)
}

fn read_verb<'a>(verb: &[u8], argument: &'a str) -> Result<Command<'a>, CommandError> {
    match &upper(verb).ok_or(CommandError::Unknown)? {
        b"EHLO\0\0\0\0" => host_name(argument).map(Command::Ehlo),
        b"HELO\0\0\0\0" => host_name(argument).map(Command::Helo),
        b"MAIL\0\0\0\0" => mail_from(argument),
        b"RCPT\0\0\0\0" => recipient_to(argument),
        b"DATA\0\0\0\0" => alone(argument, Command::Data, "DATA"),
        b"BDAT\0\0\0\0" => chunk(argument),
        b"RSET\0\0\0\0" => alone(argument, Command::Reset, "RSET"),
        b"QUIT\0\0\0\0" => alone(argument, Command::Quit, "QUIT"),
        b"STARTTLS" => alone(argument, Command::StartTls, "STARTTLS"),
        b"NOOP\0\0\0\0" => Ok(Command::Noop),
        b"HELP\0\0\0\0" => Ok(Command::Help),
        b"VRFY\0\0\0\0" => Ok(Command::Verify),
        b"EXPN\0\0\0\0" => Ok(Command::Expand),
        b"AUTH\0\0\0\0" => Ok(Command::Auth),
        _ => Err(CommandError::Unknown),
    }
}

fn alone<'a>(
    argument: &str,
    command: Command<'a>,
    form: &'static str,
) -> Result<Command<'a>, CommandError> {
    if argument.is_empty() { Ok(command) } else { Err(CommandError::Syntax(form)) }
}

/// The name in HELO or EHLO. Its form is not judged (RFC 5321 section 4.1.4 forbids refusing for
/// that), but it must be one printable word.
fn host_name(argument: &str) -> Result<&str, CommandError> {
    let printable = argument.bytes().all(|octet| octet > b' ' && octet != 0x7f);
    if argument.is_empty() || argument.len() > limits::HELO_OCTETS || !printable {
        return Err(CommandError::Name);
    }
    Ok(argument)
}

/// What follows a keyword such as `FROM:` in any case; blanks after the colon are forgiven.
fn after_keyword<'a>(argument: &'a str, keyword: &str) -> Option<&'a str> {
    let (head, rest) = argument.split_at_checked(keyword.len())?;
    head.eq_ignore_ascii_case(keyword).then(|| rest.trim_start_matches(' '))
}

fn mail_from(argument: &str) -> Result<Command<'_>, CommandError> {
    const FORM: CommandError = CommandError::Syntax("MAIL FROM:<address> [parameters]");
    let rest = after_keyword(argument, "FROM:").ok_or(FORM)?;
    let (path, rest) = path::cut(rest).ok_or(FORM)?;
    let sender = reverse_path(path).map_err(CommandError::Sender)?;
    let parameters = MailParameters::read(rest)?;
    if !path.is_ascii() && !parameters.smtputf8 {
        return Err(CommandError::NeedsSmtputf8);
    }
    Ok(Command::Mail(sender, parameters))
}

fn recipient_to(argument: &str) -> Result<Command<'_>, CommandError> {
    const FORM: CommandError = CommandError::Syntax("RCPT TO:<address> [parameters]");
    let rest = after_keyword(argument, "TO:").ok_or(FORM)?;
    let (path, rest) = path::cut(rest).ok_or(FORM)?;
    let forward = forward_path(path).map_err(CommandError::Recipient)?;
    let mut parameters = RecipientParameters::read(rest)?;
    parameters.international = !path.is_ascii();
    Ok(Command::Recipient(forward, parameters))
}

fn chunk(argument: &str) -> Result<Command<'_>, CommandError> {
    const FORM: CommandError = CommandError::Syntax("BDAT octets [LAST]");
    let (number, rest) = argument.split_once(' ').unwrap_or((argument, ""));
    let octets = parameters::digits(number).ok_or(FORM)?;
    let rest = rest.trim_start_matches(' ');
    if rest.is_empty() || rest.eq_ignore_ascii_case("LAST") {
        Ok(Command::Chunk { octets, last: !rest.is_empty() })
    } else {
        Err(FORM)
    }
}

#[cfg(test)]
mod tests;
