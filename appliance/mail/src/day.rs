//! Days of the calendar, as settings write them.

use crate::Timestamp;

/// Milliseconds of a day.
const MILLISECONDS: u64 = 86_400_000;

/// A day in UTC, counted from 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Day(pub u32);

impl Day {
    /// Reads `2027-12-31`. `None` for what is no such date.
    #[must_use]
    pub fn read(date: &str) -> Option<Day> {
        let mut fields = date.split('-');
        let (year, month, day) = (fields.next()?, fields.next()?, fields.next()?);
        let well_formed =
            fields.next().is_none() && (year.len(), month.len(), day.len()) == (4, 2, 2);
        let number = |text: &str| -> Option<u32> {
            let is_number = text.bytes().all(|one| one.is_ascii_digit());
            text.parse().ok().filter(|_| is_number)
        };
        let (year, month, day) = (number(year)?, number(month)?, number(day)?);
        let exists =
            year >= 1970 && (1..=12).contains(&month) && (1..=length(year, month)).contains(&day);
        // A year that begins in March ends with the leap day.
        let (moved, months) = if month <= 2 { (year - 1, month + 9) } else { (year, month - 3) };
        let days =
            moved * 365 + moved / 4 - moved / 100 + moved / 400 + (153 * months + 2) / 5 + day;
        (well_formed && exists).then(|| Day(days.saturating_sub(719_469)))
    }

    /// Whether something that lasts until `last` still does; `None` lasts for ever.
    #[must_use]
    pub fn is_within(self, last: Option<Day>) -> bool {
        last.is_none_or(|last| self <= last)
    }
}

impl Timestamp {
    /// The day in UTC.
    #[must_use]
    pub fn day(self) -> Day {
        Day(u32::try_from(self.0 / MILLISECONDS).unwrap_or(u32::MAX))
    }
}

fn length(year: u32, month: u32) -> u32 {
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 => 28 + u32::from(is_leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_days_since_1970() {
        for (date, days) in
            [("1970-01-01", 0), ("1970-03-01", 59), ("2000-02-29", 11_016), ("2027-01-01", 20_819)]
        {
            assert_eq!(Day::read(date), Some(Day(days)), "{date}");
        }
    }

    #[test]
    fn what_is_no_date_is_none() {
        for bad in [
            "",
            "soon",
            "2027-13-01",
            "2027-02-29",
            "2027-1-1",
            "2027-01-01-1",
            "+027-01-01",
            "1969-12-31",
            "2027-00-00",
        ] {
            assert_eq!(Day::read(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_last_day_counts_to_its_end() {
        let last = Day::read("2027-01-01");
        assert!(Timestamp(20_820 * MILLISECONDS - 1).day().is_within(last));
        assert!(!Timestamp(20_820 * MILLISECONDS).day().is_within(last));
        assert!(Day(u32::MAX).is_within(None));
    }
}
