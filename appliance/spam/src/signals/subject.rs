//! The form of the subject.

use crate::said::{Say, Signal};
use crate::sight::Sight;

pub(super) const SIGNALS: &[&Signal] = &[];

pub(super) fn look(_sight: &Sight<'_>, _say: &mut Say) {}
