//! Marks of bulk mail, of the services that send it, and of conversations.

use crate::said::{Say, Signal};
use crate::sight::Sight;

pub(super) const SIGNALS: &[&Signal] = &[];

pub(super) fn look(_sight: &Sight<'_>, _say: &mut Say) {}
