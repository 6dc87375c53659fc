//! Parameters of MAIL and RCPT: SIZE (RFC 1870), BODY (RFC 6152), SMTPUTF8 (RFC 6531), RET, ENVID,
//! NOTIFY and ORCPT (RFC 3461), AUTH (RFC 4954, read and ignored).

use mail::{BodyKind, Notify, Return};

use super::CommandError;
use crate::limits;

/// Parameters of MAIL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailParameters {
    /// SIZE, in octets.
    pub size: Option<u64>,
    /// BODY.
    pub body: BodyKind,
    /// SMTPUTF8 was given.
    pub smtputf8: bool,
    /// RET.
    pub ret: Option<Return>,
    /// ENVID, still in xtext.
    pub envid: Option<String>,
}

impl Default for MailParameters {
    fn default() -> Self {
        MailParameters {
            size: None,
            body: BodyKind::SevenBit,
            smtputf8: false,
            ret: None,
            envid: None,
        }
    }
}

/// Parameters of RCPT.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RecipientParameters {
    /// NOTIFY.
    pub notify: Option<Notify>,
    /// ORCPT, still in xtext.
    pub original: Option<String>,
    /// The path has characters above 127: it may come only under SMTPUTF8.
    pub international: bool,
}

/// One `KEYWORD` or `KEYWORD=value`.
struct Parameter<'a> {
    keyword: &'a str,
    value: Option<&'a str>,
}

impl<'a> Parameter<'a> {
    fn is(&self, keyword: &str) -> bool {
        self.keyword.eq_ignore_ascii_case(keyword)
    }

    fn value(&self, name: &'static str) -> Result<&'a str, CommandError> {
        self.value.filter(|value| !value.is_empty()).ok_or(CommandError::Value(name))
    }

    fn unknown(&self) -> CommandError {
        CommandError::Parameter(self.keyword.chars().take(40).collect())
    }
}

/// The parameters in `text`, bounded, each keyword at most once.
fn split(text: &str) -> Result<Vec<Parameter<'_>>, CommandError> {
    let mut found: Vec<Parameter<'_>> = Vec::new();
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let (keyword, value) = match word.split_once('=') {
            Some((keyword, value)) => (keyword, Some(value)),
            None => (word, None),
        };
        let repeated = found.iter().any(|earlier| earlier.is(keyword));
        if repeated || found.len() == limits::PARAMETERS {
            return Err(CommandError::Value("given twice, or too many"));
        }
        found.push(Parameter { keyword, value });
    }
    Ok(found)
}

impl MailParameters {
    /// Reads what follows the path of MAIL.
    ///
    /// # Errors
    /// [`CommandError::Parameter`] for one we do not offer, [`CommandError::Value`] for a bad one.
    pub fn read(text: &str) -> Result<Self, CommandError> {
        let mut read = MailParameters::default();
        for parameter in split(text)? {
            read.take(&parameter)?;
        }
        Ok(read)
    }

    fn take(&mut self, parameter: &Parameter<'_>) -> Result<(), CommandError> {
        if parameter.is("SIZE") {
            let size = digits(parameter.value("SIZE")?).ok_or(CommandError::Value("SIZE"))?;
            self.size = Some(size);
        } else if parameter.is("BODY") {
            self.body = body_kind(parameter.value("BODY")?)?;
        } else if parameter.is("SMTPUTF8") && parameter.value.is_none() {
            self.smtputf8 = true;
        } else if parameter.is("RET") {
            self.ret = Some(ret(parameter.value("RET")?)?);
        } else if parameter.is("ENVID") {
            self.envid = Some(xtext(parameter.value("ENVID")?, limits::ENVID_OCTETS, "ENVID")?);
        } else if parameter.is("AUTH") {
            // RFC 4954 section 5: a server that does not trust the client treats it as `<>`.
            parameter.value("AUTH")?;
        } else {
            return Err(parameter.unknown());
        }
        Ok(())
    }
}

impl RecipientParameters {
    /// Reads what follows the path of RCPT.
    ///
    /// # Errors
    /// [`CommandError::Parameter`] for one we do not offer, [`CommandError::Value`] for a bad one.
    pub fn read(text: &str) -> Result<Self, CommandError> {
        let mut read = RecipientParameters::default();
        for parameter in split(text)? {
            if parameter.is("NOTIFY") {
                read.notify = Some(notify(parameter.value("NOTIFY")?)?);
            } else if parameter.is("ORCPT") {
                read.original = Some(original_recipient(parameter.value("ORCPT")?)?);
            } else {
                return Err(parameter.unknown());
            }
        }
        Ok(read)
    }
}

/// A decimal number of 1 to 20 digits that fits 64 bits.
pub(super) fn digits(text: &str) -> Option<u64> {
    let plain = !text.is_empty() && text.len() <= 20 && text.bytes().all(|o| o.is_ascii_digit());
    if plain { text.parse().ok() } else { None }
}

fn body_kind(value: &str) -> Result<BodyKind, CommandError> {
    if value.eq_ignore_ascii_case("7BIT") {
        Ok(BodyKind::SevenBit)
    } else if value.eq_ignore_ascii_case("8BITMIME") {
        Ok(BodyKind::EightBitMime)
    } else {
        Err(CommandError::Value("BODY"))
    }
}

fn ret(value: &str) -> Result<Return, CommandError> {
    if value.eq_ignore_ascii_case("FULL") {
        Ok(Return::Full)
    } else if value.eq_ignore_ascii_case("HDRS") {
        Ok(Return::Headers)
    } else {
        Err(CommandError::Value("RET"))
    }
}

fn notify(value: &str) -> Result<Notify, CommandError> {
    if value.eq_ignore_ascii_case("NEVER") {
        return Ok(Notify::NEVER);
    }
    let mut notify = Notify::NEVER;
    for word in value.split(',') {
        let flag = match () {
            () if word.eq_ignore_ascii_case("SUCCESS") => &mut notify.success,
            () if word.eq_ignore_ascii_case("FAILURE") => &mut notify.failure,
            () if word.eq_ignore_ascii_case("DELAY") => &mut notify.delay,
            () => return Err(CommandError::Value("NOTIFY")),
        };
        if std::mem::replace(flag, true) {
            return Err(CommandError::Value("NOTIFY"));
        }
    }
    Ok(notify)
}

/// `type;xtext` (RFC 3461 section 4.2), or utf-8-addr-xtext (RFC 6533 section 3).
fn original_recipient(value: &str) -> Result<String, CommandError> {
    const BAD: CommandError = CommandError::Value("ORCPT");
    let (kind, address) = value.split_once(';').ok_or(BAD)?;
    let atom = |octet: u8| octet.is_ascii_alphanumeric() || octet == b'-';
    if kind.is_empty() || !kind.bytes().all(atom) || value.len() > limits::ORCPT_OCTETS {
        return Err(BAD);
    }
    if kind.eq_ignore_ascii_case("utf-8") {
        let plain = !address.is_empty() && !address.chars().any(char::is_control);
        return if plain { Ok(value.to_owned()) } else { Err(BAD) };
    }
    xtext(address, limits::ORCPT_OCTETS, "ORCPT")?;
    Ok(value.to_owned())
}

/// Text in xtext (RFC 3461 section 4): printable ASCII, `+XX` for the rest. Returned as given.
fn xtext(value: &str, limit: usize, name: &'static str) -> Result<String, CommandError> {
    let mut octets = value.bytes();
    let hex =
        |octet: Option<u8>| octet.is_some_and(|o| o.is_ascii_digit() || (b'A'..=b'F').contains(&o));
    let mut good = !value.is_empty() && value.len() <= limit;
    while let Some(octet) = octets.next() {
        good &= match octet {
            b'+' => hex(octets.next()) && hex(octets.next()),
            b'=' => false,
            other => other.is_ascii_graphic(),
        };
    }
    if good { Ok(value.to_owned()) } else { Err(CommandError::Value(name)) }
}
