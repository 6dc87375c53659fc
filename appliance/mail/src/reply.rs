//! SMTP replies (RFC 5321 section 4.2) with enhanced status codes (RFC 3463).

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::limits;

/// Why a reply cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReplyError {
    /// The code is outside 200-599 or its first digit is 1.
    #[error("{0} is no SMTP reply code")]
    Code(u16),
}

/// An enhanced status code such as 5.7.1 (RFC 3463).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Enhanced(pub u8, pub u16, pub u16);

impl fmt::Display for Enhanced {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}.{}", self.0, self.1, self.2)
    }
}

/// A reply: code, enhanced code where one belongs, and text without line ends.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Reply {
    code: u16,
    enhanced: Option<Enhanced>,
    text: String,
}

impl Reply {
    /// A reply. Control characters in `text` become spaces and its length is cut to one line, so no
    /// text can break the protocol. A code outside 200-599 becomes 451.
    #[must_use]
    pub fn new(code: u16, enhanced: Option<Enhanced>, text: &str) -> Self {
        let code = if (200..600).contains(&code) { code } else { 451 };
        Reply { code, enhanced, text: clean(text) }
    }

    /// A reply with an enhanced code, the usual case.
    #[must_use]
    pub fn coded(code: u16, class: u8, subject: u16, detail: u16, text: &str) -> Self {
        Reply::new(code, Some(Enhanced(class, subject, detail)), text)
    }

    /// A reply whose code comes from outside.
    ///
    /// # Errors
    /// [`ReplyError::Code`] when the code is not within 200-599.
    pub fn checked(code: u16, enhanced: Option<Enhanced>, text: &str) -> Result<Self, ReplyError> {
        if (200..600).contains(&code) {
            Ok(Reply { code, enhanced, text: clean(text) })
        } else {
            Err(ReplyError::Code(code))
        }
    }

    /// The three-digit code.
    #[must_use]
    pub fn code(&self) -> u16 {
        self.code
    }

    /// The enhanced status code.
    #[must_use]
    pub fn enhanced(&self) -> Option<Enhanced> {
        self.enhanced
    }

    /// The text after the codes.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// 2xx.
    #[must_use]
    pub fn is_positive(&self) -> bool {
        self.code < 300
    }

    /// 4xx: try again later.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        (400..500).contains(&self.code)
    }

    /// 5xx: do not try again.
    #[must_use]
    pub fn is_permanent(&self) -> bool {
        self.code >= 500
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.enhanced {
            Some(enhanced) => write!(formatter, "{} {enhanced} {}", self.code, self.text),
            None => write!(formatter, "{} {}", self.code, self.text),
        }
    }
}

fn clean(text: &str) -> String {
    // "250 5.7.999 " and CR LF take their share of the line.
    let room = limits::REPLY_LINE_OCTETS - 24;
    let mut line = String::with_capacity(text.len().min(room));
    for character in text.chars() {
        let character = if character.is_control() { ' ' } else { character };
        if line.len() + character.len_utf8() > room {
            break;
        }
        line.push(character);
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_breaks_the_line() {
        let reply = Reply::coded(550, 5, 7, 1, "no\r\n250 ok\u{85}x");
        assert_eq!(reply.to_string(), "550 5.7.1 no  250 ok x");
        let long = Reply::new(250, None, &"ü".repeat(5000));
        assert!(long.to_string().len() <= limits::REPLY_LINE_OCTETS - 2);
    }

    #[test]
    fn codes_outside_the_protocol_are_not_spoken() {
        assert_eq!(Reply::new(99, None, "x").code(), 451);
        assert_eq!(Reply::checked(600, None, "x"), Err(ReplyError::Code(600)));
    }

    #[test]
    fn classes() {
        assert!(Reply::new(250, None, "").is_positive());
        assert!(Reply::new(452, None, "").is_temporary());
        assert!(Reply::new(552, None, "").is_permanent());
    }
}
