//! Lines of the owner's lists.

use std::net::IpAddr;

use super::table::Builder;
use super::{SECTION, Subject};
use crate::links::{Address, short_digest};
use crate::names::{Class, Names};
use crate::pack::Writer;
use crate::source::{Kind, LineCompiler, LineProblem, Place};

/// Reads lines of lists.
#[derive(Debug, Default)]
pub(crate) struct ListCompiler {
    table: Builder,
}

fn malformed<T>(reason: impl Into<String>) -> Result<T, LineProblem> {
    Err(LineProblem::Malformed(reason.into()))
}

impl LineCompiler for ListCompiler {
    fn line(&mut self, line: &str, place: Place, names: &mut Names) -> Result<(), LineProblem> {
        let mut words = line.split('#').next().unwrap_or_default().split_whitespace();
        // In an address of the web `#` only parts what a server never sees.
        let Some(value) = words.next() else { return malformed("it says nothing") };
        let (mut name, mut until) = (None, 0);
        for word in words {
            match word.strip_prefix("until=") {
                Some(date) => until = day(date)?,
                None => name = name.or(Some(word)),
            }
        }
        let (key, ordinary) = self.key(value, place.kind)?;
        let class = name.map_or(Class::Phishing, Class::of);
        let name = names.add(name.unwrap_or(ordinary), class, place.source, place.line);
        self.table.add(short_digest(&key), name, until);
        Ok(())
    }

    fn finish(self: Box<Self>, writer: &mut Writer) -> Vec<(Place, LineProblem)> {
        if let Some(section) = self.table.finish() {
            writer.section(SECTION, section);
        }
        Vec::new()
    }
}

impl ListCompiler {
    /// The key of an entry, and the name of a hit when the line has none.
    fn key(&mut self, value: &str, kind: Kind) -> Result<(String, &'static str), LineProblem> {
        match kind {
            Kind::HostList => match Address::read(value.trim_start_matches("*.")) {
                Some(address) if address.path == "/" => {
                    Ok((Subject::Host.key(&address.host), "Listed.Host"))
                }
                _ => malformed(format!("{value:?} is no host name")),
            },
            Kind::UrlList => match Address::read(value) {
                Some(address) => {
                    let query = address.query.map(|query| format!("?{query}")).unwrap_or_default();
                    let key = format!("{}{}{query}", address.host, address.path);
                    Ok((Subject::Web.key(&key), "Listed.Url"))
                }
                None => malformed(format!("{value:?} is no address of the web")),
            },
            Kind::AddressList if value.split('@').filter(|part| !part.is_empty()).count() == 2 => {
                Ok((Subject::Mail.key(&value.to_lowercase()), "Listed.Address"))
            }
            Kind::AddressList => malformed(format!("{value:?} is no address of mail")),
            _ => Ok((self.network(value)?, "Listed.Ip")),
        }
    }

    fn network(&mut self, value: &str) -> Result<String, LineProblem> {
        let (address, length) = value.split_once('/').map_or((value, None), |(a, l)| (a, Some(l)));
        let Ok(address) = address.parse::<IpAddr>() else {
            return malformed(format!("{value:?} is no address or network of the internet"));
        };
        let most = if address.is_ipv4() { 32 } else { 128 };
        let length = length.map_or(Ok(most), str::parse::<u8>);
        let Some(length) = length.ok().filter(|length| *length <= most) else {
            return malformed(format!("{value:?} has no valid length of a network"));
        };
        self.table.prefix(if address.is_ipv4() { length } else { 127 + length.max(1) });
        Ok(Subject::Network.key(&network(address, length)))
    }
}

/// The text of a network: its first address and its length.
pub(super) fn network(address: IpAddr, length: u8) -> String {
    match address {
        IpAddr::V4(address) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(length.min(32))).unwrap_or(0);
            format!("{}/{length}", std::net::Ipv4Addr::from_bits(address.to_bits() & mask))
        }
        IpAddr::V6(address) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(length.min(128))).unwrap_or(0);
            format!("{}/{length}", std::net::Ipv6Addr::from_bits(address.to_bits() & mask))
        }
    }
}

/// Days from 1970-01-01 to a date in the calendar of today (Hinnant, "chrono-compatible low-level
/// date algorithms": years begin in March, so that the leap day is the last).
pub(crate) fn day(date: &str) -> Result<u32, LineProblem> {
    let fields: Vec<i64> = date.split('-').filter_map(|field| field.parse().ok()).collect();
    let [year @ 1970..=9999, month @ 1..=12, day @ 1..=31] = *fields.as_slice() else {
        return malformed(format!("until={date} is no date such as until=2027-12-31"));
    };
    let year = if month <= 2 { year - 1 } else { year };
    let months = (month + 9) % 12;
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (153 * months + 2) / 5 + day - 1;
    Ok(u32::try_from(days - 719_468).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_days_since_1970() {
        for (date, days) in
            [("1970-01-01", 0), ("1970-03-01", 59), ("2000-02-29", 11_016), ("2027-01-01", 20_819)]
        {
            assert_eq!(day(date), Ok(days), "{date}");
        }
        assert!(day("2027-13-01").is_err() && day("soon").is_err());
    }
}
