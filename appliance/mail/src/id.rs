//! Times and identifiers: plain numbers with a fixed spelling.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Milliseconds since 1970-01-01T00:00:00Z. Read from `world::Clock`, never from here.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize,
)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// This time plus a number of seconds.
    #[must_use]
    pub fn plus_seconds(self, seconds: u64) -> Timestamp {
        Timestamp(self.0.saturating_add(seconds.saturating_mul(1000)))
    }

    /// Milliseconds from `earlier` to this time; 0 when the clock went back.
    #[must_use]
    pub fn since(self, earlier: Timestamp) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// The calendar date and time in UTC: year, month 1-12, day 1-31, hour, minute, second.
    /// (Days to civil date, proleptic Gregorian calendar.)
    #[must_use]
    pub fn civil(self) -> (i64, u32, u32, u32, u32, u32) {
        let seconds = self.0 / 1000;
        let day_seconds = (seconds % 86_400) as u32;
        // Shift the epoch to 0000-03-01 so that a leap day is the last day of its year.
        let days = (seconds / 86_400) as i64 + 719_468;
        let era = days / 146_097;
        let day_of_era = days % 146_097;
        let year_of_era =
            (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted_month = (5 * day_of_year + 2) / 153;
        let day = (day_of_year - (153 * shifted_month + 2) / 5 + 1) as u32;
        let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 } as u32;
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        (year, month, day, day_seconds / 3600, day_seconds / 60 % 60, day_seconds % 60)
    }

    /// The date as mail headers want it (RFC 5322 section 3.3), in UTC.
    #[must_use]
    pub fn rfc5322(self) -> String {
        const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
        const MONTHS: [&str; 12] =
            ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        let (year, month, day, hour, minute, second) = self.civil();
        let weekday = DAYS.get((self.0 / 86_400_000 % 7) as usize).unwrap_or(&"Thu");
        let month = MONTHS.get(month as usize - 1).unwrap_or(&"Jan");
        format!("{weekday}, {day} {month} {year} {hour:02}:{minute:02}:{second:02} +0000")
    }

    /// ISO 8601 with milliseconds, in UTC: `2026-11-21T17:46:24.123Z`.
    #[must_use]
    pub fn iso8601(self) -> String {
        let (year, month, day, hour, minute, second) = self.civil();
        let milliseconds = self.0 % 1000;
        format!(
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milliseconds:03}Z"
        )
    }
}

/// Why a text is not an identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an identifier has 13 characters of 0-9 and A-Z without I, L, O, U")]
pub struct IdError;

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const DIGITS: usize = 13;

fn spell(value: u64, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
    for position in (0..DIGITS).rev() {
        let digit = (value >> (5 * position)) & 31;
        let letter = ALPHABET.get(digit as usize).copied().unwrap_or(b'0');
        fmt::Write::write_char(formatter, char::from(letter))?;
    }
    Ok(())
}

fn read(text: &str) -> Result<u64, IdError> {
    if text.len() != DIGITS {
        return Err(IdError);
    }
    let mut value: u128 = 0;
    for letter in text.bytes() {
        let upper = letter.to_ascii_uppercase();
        let digit = ALPHABET.iter().position(|known| *known == upper).ok_or(IdError)?;
        value = value << 5 | digit as u128;
    }
    u64::try_from(value).map_err(|_| IdError)
}

/// The queue id of a message, unique on this appliance: 42 bits of milliseconds since 2020,
/// then 22 bits of counter. Sorts by age. Spelt with 13 characters of Crockford's base 32.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct MessageId(pub u64);

/// The id of one SMTP connection; same shape as [`MessageId`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SessionId(pub u64);

impl fmt::Display for MessageId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        spell(self.0, formatter)
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        spell(self.0, formatter)
    }
}

impl FromStr for MessageId {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        read(text).map(MessageId)
    }
}

impl FromStr for SessionId {
    type Err = IdError;
    fn from_str(text: &str) -> Result<Self, IdError> {
        read(text).map(SessionId)
    }
}

/// Makes identifiers that never repeat within one process and, by their random start, practically
/// never between two.
#[derive(Debug)]
pub struct IdSource {
    counter: u32,
    last: u64,
}

/// 2020-01-01T00:00:00Z in milliseconds.
const EPOCH_MILLISECONDS: u64 = 1_577_836_800_000;
const COUNTER_BITS: u32 = 22;

impl IdSource {
    /// A source whose counter starts at `seed` (from `world::Entropy`; only 22 bits count).
    #[must_use]
    pub fn new(seed: u32) -> Self {
        IdSource { counter: seed & ((1 << COUNTER_BITS) - 1), last: 0 }
    }

    /// The next number. A clock that goes back does not make ids go back.
    pub fn next(&mut self, now: Timestamp) -> u64 {
        let mask = (1 << COUNTER_BITS) - 1;
        self.counter = (self.counter + 1) & mask;
        let milliseconds = now.0.saturating_sub(EPOCH_MILLISECONDS).max(self.last);
        self.last = milliseconds;
        milliseconds << COUNTER_BITS | u64::from(self.counter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_read_back() {
        for value in [0, 1, 31, 32, u64::MAX, 0x1234_5678_9abc_def0] {
            let id = MessageId(value);
            assert_eq!(id.to_string().len(), 13);
            assert_eq!(id.to_string().parse(), Ok(id));
            assert_eq!(id.to_string().to_lowercase().parse(), Ok(id));
        }
        for bad in ["", "0", "ZZZZZZZZZZZZZ", "000000000000U", "00000000000000"] {
            assert_eq!(bad.parse::<MessageId>(), Err(IdError), "{bad}");
        }
    }

    #[test]
    fn ids_do_not_repeat_when_the_clock_goes_back() {
        let mut source = IdSource::new(u32::MAX);
        let now = Timestamp(EPOCH_MILLISECONDS + 5000);
        let mut seen = std::collections::HashSet::new();
        for step in 0..1000 {
            assert!(seen.insert(source.next(Timestamp(now.0 - step))));
        }
    }

    #[test]
    fn dates_are_spelt_right() {
        let time = Timestamp(1_795_283_184_123);
        assert_eq!(time.iso8601(), "2026-11-21T17:46:24.123Z");
        assert_eq!(time.rfc5322(), "Sat, 21 Nov 2026 17:46:24 +0000");
        assert_eq!(Timestamp(0).rfc5322(), "Thu, 1 Jan 1970 00:00:00 +0000");
        assert_eq!(Timestamp(951_782_400_000).iso8601(), "2000-02-29T00:00:00.000Z");
    }
}
