//! People and domains of the owner that somebody else claims to be.

use crate::said::{Say, Signal};
use crate::sight::Sight;

pub(super) const SIGNALS: &[&Signal] = &[];

pub(super) fn look(_sight: &Sight<'_>, _say: &mut Say) {}
