//! Refuse: 550 5.7.1 (RFC 3463: delivery not authorized, message refused).

use mail::{Fate, Reply};

use super::Consequence;
use crate::settings::Rule;

pub(super) fn act(rule: &Rule) -> Consequence {
    Consequence::End(Fate::Return { reply: Reply::coded(550, 5, 7, 1, &rule.reply_text) })
}
