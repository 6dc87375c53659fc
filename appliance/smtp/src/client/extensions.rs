//! What a next hop offers in its answer to EHLO (RFC 5321 section 4.1.1.1).

use super::RemoteReply;

/// The extensions that change what we send. All off after HELO.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Extensions {
    /// PIPELINING (RFC 2920).
    pub pipelining: bool,
    /// SIZE (RFC 1870) with the largest message in octets; `None` when no limit is told.
    pub size: Option<u64>,
    /// SIZE is offered at all, with or without a limit.
    pub size_offered: bool,
    /// 8BITMIME (RFC 6152).
    pub eight_bit_mime: bool,
    /// SMTPUTF8 (RFC 6531).
    pub smtputf8: bool,
    /// DSN (RFC 3461).
    pub dsn: bool,
    /// STARTTLS (RFC 3207).
    pub starttls: bool,
}

impl Extensions {
    /// Reads the answer to EHLO. The first line names the host and offers nothing; what is not
    /// known, or not well formed, offers nothing either.
    #[must_use]
    pub fn from_reply(reply: &RemoteReply) -> Self {
        let mut offered = Extensions::default();
        for line in reply.lines().skip(1) {
            offered.add(line.trim());
        }
        offered
    }

    fn add(&mut self, line: &str) {
        let (keyword, argument) = line.split_once(' ').unwrap_or((line, ""));
        match keyword.to_ascii_uppercase().as_str() {
            "PIPELINING" => self.pipelining = true,
            "SIZE" => {
                self.size_offered = true;
                // RFC 1870 section 4: 0 means that no fixed limit is in force.
                self.size = argument.trim().parse().ok().filter(|limit| *limit != 0);
            }
            "8BITMIME" => self.eight_bit_mime = true,
            "SMTPUTF8" => self.smtputf8 = true,
            "DSN" => self.dsn = true,
            "STARTTLS" => self.starttls = true,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::ReplyReader;

    fn offered(octets: &[u8]) -> Extensions {
        let mut reader = ReplyReader::new();
        reader.feed(octets);
        Extensions::from_reply(&reader.next_reply().unwrap().unwrap())
    }

    #[test]
    fn everything_offered_is_seen_in_any_case() {
        let all = offered(
            b"250-mx.example.test\r\n250-PIPELINING\r\n250-size 1000\r\n250-8bitmime\r\n\
              250-SMTPUTF8\r\n250-DSN\r\n250-AUTH PLAIN\r\n250 StartTls\r\n",
        );
        assert!(all.pipelining && all.eight_bit_mime && all.smtputf8 && all.dsn && all.starttls);
        assert_eq!(all.size, Some(1000));
    }

    #[test]
    fn the_host_name_offers_nothing() {
        assert_eq!(offered(b"250 PIPELINING\r\n"), Extensions::default());
    }

    #[test]
    fn a_size_of_zero_or_nonsense_is_no_limit() {
        for size in ["SIZE", "SIZE 0", "SIZE x", "SIZE 99999999999999999999999"] {
            let seen = offered(format!("250-h\r\n250 {size}\r\n").as_bytes());
            assert!(seen.size_offered);
            assert_eq!(seen.size, None, "{size}");
        }
    }
}
