//! Functionality levels: databases say which versions of ClamAV's engine a line is meant for.

use crate::limits;
use crate::source::LineProblem;

/// The level from which on a hash may stand for files of any size (docs.clamav.net, "Hash
/// signatures with unknown size").
pub(crate) const ANY_SIZE: u32 = 73;

/// Whether a line with this lowest and highest level is meant for this engine.
///
/// # Errors
/// When it is not, or a level is no number.
pub(crate) fn check(lowest: Option<&str>, highest: Option<&str>) -> Result<(), LineProblem> {
    let number = |text: Option<&str>, otherwise: u32| match text.map(str::trim) {
        None | Some("") => Ok(otherwise),
        Some(text) => text.parse::<u32>().map_err(|_| {
            LineProblem::Malformed(format!("its functionality level {text:?} is no number"))
        }),
    };
    let (lowest, highest) = (number(lowest, 0)?, number(highest, u32::MAX)?);
    let fits = (lowest..=highest).contains(&limits::ENGINE_LEVEL);
    if fits { Ok(()) } else { Err(LineProblem::OtherLevel) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_for_another_engine_is_told_apart_from_a_bad_one() {
        assert_eq!(check(None, None), Ok(()));
        assert_eq!(check(Some("51"), Some("255")), Ok(()));
        assert_eq!(check(Some("9999"), None), Err(LineProblem::OtherLevel));
        assert_eq!(check(Some("1"), Some("50")), Err(LineProblem::OtherLevel));
        assert!(matches!(check(Some("x"), None), Err(LineProblem::Malformed(_))));
    }
}
