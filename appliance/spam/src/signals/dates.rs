//! Whether the date can be one. Never how old it is.

use crate::said::{Group, Say, Signal, Toward};
use crate::sight::Sight;

const fn signal(name: &'static str, prior: f32, words: &'static str) -> Signal {
    Signal { name, group: Group::Header, toward: Toward::Unwanted(None), prior, words }
}

const NO_DATE: Signal = signal("no-date", 1.2, "there is no date");
const ODD_DATE: Signal = signal("odd-date", 1.0, "the date is not written as in mail");
const IMPOSSIBLE_DATE: Signal = signal("impossible-date", 1.6, "there is no such date or time");
const WRONG_WEEKDAY: Signal =
    signal("wrong-weekday", 1.4, "the day of the week is not that of the date");
const ODD_ZONE: Signal = signal("odd-time-zone", 1.2, "there is no such time zone");
const FUTURE_DATE: Signal =
    signal("date-in-future", 1.2, "it was written after it was received, by its date");
const PAST_DATE: Signal =
    signal("date-long-before", 0.3, "it was written many days before it was received, by its date");

pub(super) const SIGNALS: &[&Signal] =
    &[&NO_DATE, &ODD_DATE, &IMPOSSIBLE_DATE, &WRONG_WEEKDAY, &ODD_ZONE, &FUTURE_DATE, &PAST_DATE];

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

pub(super) fn look(sight: &Sight<'_>, say: &mut Say) {
    let Some(raw) = sight.headers.first("Date") else {
        say.that(&NO_DATE, 1.0, "no Date");
        return;
    };
    let Some(date) = Date::read(raw) else {
        say.that(&ODD_DATE, 1.0, raw);
        return;
    };
    let Some(days) = date.days() else {
        say.that(&IMPOSSIBLE_DATE, 1.0, raw);
        return;
    };
    if date.weekday.is_some_and(|weekday| weekday != days.rem_euclid(7)) {
        say.that(&WRONG_WEEKDAY, 1.0, raw);
    }
    match date.zone {
        Some(minutes) if minutes.abs() > 14 * 60 || minutes % 15 != 0 => {
            say.that(&ODD_ZONE, 1.0, raw);
        }
        None => say.that(&ODD_DATE, 0.5, raw),
        _ => {}
    }
    distance(sight, raw, date.seconds(days), say);
}

/// How far the date is from when the mail was received, by whoever knows that.
fn distance(sight: &Sight<'_>, raw: &str, written: i64, say: &mut Say) {
    let received = sight.around.received.and_then(|time| i64::try_from(time.0 / 1000).ok());
    let Some(received) = received.or_else(|| by_hop(sight)) else { return };
    let late = written.saturating_sub(received);
    if late > DAY {
        say.that(&FUTURE_DATE, if late > 3 * DAY { 1.0 } else { 0.6 }, raw);
    } else if late < -7 * DAY {
        say.that(&PAST_DATE, 1.0, raw);
    }
}

/// When the server that took the mail over says that it did.
fn by_hop(sight: &Sight<'_>) -> Option<i64> {
    let (_, date) = sight.headers.first("Received")?.rsplit_once(';')?;
    let date = Date::read(date)?;
    date.days().map(|days| date.seconds(days))
}

/// A date as written.
#[derive(Debug, PartialEq, Eq)]
struct Date {
    /// 0 for Thursday, as days since 1970 begin.
    weekday: Option<i64>,
    day: i64,
    month: i64,
    year: i64,
    hour: i64,
    minute: i64,
    second: i64,
    /// Minutes east of Greenwich.
    zone: Option<i64>,
}

impl Date {
    /// Reads the form of RFC 5322 section 3.3 with its obsolete variants.
    fn read(raw: &str) -> Option<Date> {
        let raw = raw.split('(').next().unwrap_or_default();
        let mut words = raw.split([' ', ',', '\t', '\r', '\n']).filter(|word| !word.is_empty());
        let mut word = words.next()?;
        let weekday = weekday(word);
        if weekday.is_some() {
            word = words.next()?;
        }
        let day = number(word, 2)?;
        let month = month(words.next()?)?;
        let written = words.next()?;
        let year = number(written, 4)?;
        let year = match written.len() {
            2 if year < 50 => year + 2000,
            2 | 3 => year + 1900,
            _ => year,
        };
        let mut times = words.next()?.split(':');
        let hour = number(times.next()?, 2)?;
        let minute = number(times.next()?, 2)?;
        let second = times.next().map_or(Some(0), |second| number(second, 2))?;
        let zone = words.next().and_then(zone);
        Some(Date { weekday, day, month, year, hour, minute, second, zone })
    }

    /// Days since 1970, when there is such a day and time.
    fn days(&self) -> Option<i64> {
        let leap = self.year % 4 == 0 && (self.year % 100 != 0 || self.year % 400 == 0);
        let longest = match self.month {
            2 => 28 + i64::from(leap),
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        let is_day = (1..=longest).contains(&self.day) && (1970..=9999).contains(&self.year);
        let is_time = self.hour < 24 && self.minute < 60 && self.second <= 60;
        if !is_day || !is_time {
            return None;
        }
        // Years that begin in March, so that a leap day is the last of its year.
        let year = if self.month <= 2 { self.year - 1 } else { self.year };
        let of_year = (153 * ((self.month + 9) % 12) + 2) / 5 + self.day - 1;
        let era = year / 400;
        let year = year % 400;
        Some(era * 146_097 + year * 365 + year / 4 - year / 100 + of_year - 719_468)
    }

    /// Seconds since 1970.
    fn seconds(&self, days: i64) -> i64 {
        let zone = self.zone.unwrap_or(0).saturating_mul(60);
        (days * DAY + self.hour * HOUR + self.minute * 60 + self.second).saturating_sub(zone)
    }
}

fn number(word: &str, most: usize) -> Option<i64> {
    let is_number = !word.is_empty() && word.bytes().all(|one| one.is_ascii_digit());
    (is_number && word.len() <= most).then(|| word.parse().ok()).flatten()
}

fn weekday(word: &str) -> Option<i64> {
    const DAYS: &[&str] = &["thu", "fri", "sat", "sun", "mon", "tue", "wed"];
    position(DAYS, word)
}

fn month(word: &str) -> Option<i64> {
    const MONTHS: &[&str] =
        &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    position(MONTHS, word).map(|at| at + 1)
}

fn position(names: &[&str], word: &str) -> Option<i64> {
    let start = word.get(..3)?;
    let at = names.iter().position(|name| name.eq_ignore_ascii_case(start))?;
    i64::try_from(at).ok()
}

/// Minutes east of Greenwich of a zone in digits or letters.
fn zone(word: &str) -> Option<i64> {
    if let Some(digits) = word.strip_prefix(['+', '-']) {
        if digits.len() != 4 {
            return Some(i64::from(i16::MAX));
        }
        let value = number(digits, 4)?;
        let minutes = value / 100 * 60 + value % 100;
        return Some(if word.starts_with('-') { -minutes } else { minutes });
    }
    // Zones in letters are obsolete and mean many things; none of them is odd.
    word.starts_with(|one: char| one.is_ascii_alphabetic()).then_some(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::made;

    fn said(header: &str) -> Vec<String> {
        let raw = format!("{header}\r\n\r\nx\r\n");
        let said = made::said_by(look, &raw);
        said.iter().map(|one| one.signal.name.to_owned()).collect()
    }

    #[test]
    fn impossible_and_odd_dates_are_said() {
        for (header, expected) in [
            ("Subject: x", "no-date"),
            ("Date: 8/8/2002 12:00 PM", "odd-date"),
            ("Date: Mon, 31 Feb 2024 10:00:00 +0000", "impossible-date"),
            ("Date: Mon, 13 May 2024 25:00:00 +0000", "impossible-date"),
            ("Date: Tue, 13 May 2024 10:00:00 +0000", "wrong-weekday"),
            ("Date: Mon, 13 May 2024 10:00:00 +2500", "odd-time-zone"),
            ("Date: Mon, 13 May 2024 10:00:00 -0007", "odd-time-zone"),
            ("Date: Mon, 13 May 2024 10:00:00 +1", "odd-time-zone"),
            (
                "Received: from a by b; Mon, 13 May 2024 10:00:00 +0000\r\nDate: Mon, 20 May 2024 10:00:00 +0000",
                "date-in-future",
            ),
            (
                "Received: from a by b; Mon, 13 May 2024 10:00:00 +0000\r\nDate: Mon, 22 Apr 2024 10:00:00 +0000",
                "date-long-before",
            ),
        ] {
            assert_eq!(said(header), [expected], "{header}");
        }
    }

    #[test]
    fn honest_dates_of_all_years_are_not_said() {
        for header in [
            "Date: Thu, 8 Aug 2002 08:40:29 -0400 (EDT)",
            "Date: Mon, 13 May 2024 10:00:00 +0545",
            "Date: 29 Feb 2000 23:59:60 GMT",
            "Date: Fri, 07 Jan 00 06:49:56 -0700",
            "Received: from a by b; Mon, 13 May 2024 10:00:00 +0000\r\nDate: Mon, 13 May 2024 20:00:00 +1000",
        ] {
            assert!(said(header).is_empty(), "{header} {:?}", said(header));
        }
    }
}
