//! Which program wrote it, and whether its Message-ID, boundary and header fields are those of that program.

use crate::said::{Say, Signal};
use crate::sight::Sight;

pub(super) const SIGNALS: &[&Signal] = &[];

pub(super) fn look(_sight: &Sight<'_>, _say: &mut Say) {}
