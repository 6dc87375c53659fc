//! The owner's lists: hosts (.domains, .hosts), addresses of the web (.urls), addresses of mail
//! (.addresses), addresses and networks of the internet (.ips).
//!
//! One entry a line: `value [name] [until=YYYY-MM-DD] [# comment]`. A host stands for all hosts
//! below it, an address of the web for all below it. An entry is not looked at any more from the day
//! after `until` on. Lists of hashes are read by `hashes`.

mod compiler;
mod matcher;
mod table;

pub(crate) use compiler::{ListCompiler, day};
pub(crate) use matcher::ListMatcher;
pub use matcher::{Listed, Lists};

/// The section of the pack that holds the table.
const SECTION: [u8; 4] = *b"LIST";

/// What an entry is about: the first octet of its key, so that one table holds all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Subject {
    Host,
    Web,
    Mail,
    Network,
}

impl Subject {
    fn key(self, value: &str) -> String {
        let letter = match self {
            Subject::Host => 'h',
            Subject::Web => 'w',
            Subject::Mail => 'm',
            Subject::Network => 'n',
        };
        format!("{letter}{value}")
    }
}

#[cfg(test)]
mod tests;
