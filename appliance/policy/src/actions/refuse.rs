//! Refuse: 550 5.7.1 (RFC 3463: delivery not authorized, message refused).

use mail::{Fate, Reply};

use super::Consequence;
use crate::settings::Rule;

pub(super) fn act(rule: &Rule) -> Consequence {
    Consequence::End(refuse_with(&rule.reply_text))
}

/// The refusal with this text.
pub(crate) fn refuse_with(text: &str) -> Fate {
    Fate::Return { reply: Reply::coded(550, 5, 7, 1, text) }
}
