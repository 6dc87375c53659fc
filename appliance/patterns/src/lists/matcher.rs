//! Holds links, addresses and hosts against the lists.

use std::collections::HashSet;
use std::net::IpAddr;

use unpack::{Origin, Text};

use super::compiler::network;
use super::table::Table;
use super::{SECTION, Subject};
use crate::limits;
use crate::links::{Address, Link, links, short_digest};
use crate::names::{self, Named};
use crate::pack::{Pack, PackError, Part};
use crate::scanner::{Hits, Look, Matcher};

/// An entry that was found.
pub type Listed = Named;

/// The owner's lists of a pack, for whoever asks about one thing. Days are counted from 1970-01-01.
#[derive(Debug, Clone)]
pub struct Lists {
    pack: Pack,
    part: Part,
}

impl Lists {
    /// The lists of a pack.
    #[must_use]
    pub fn new(pack: &Pack) -> Self {
        Lists { pack: pack.clone(), part: pack.part(SECTION) }
    }

    /// Looks up an address of mail.
    #[must_use]
    pub fn mail_address(&self, address: &str, day: u32) -> Option<Listed> {
        self.named(self.find(&Subject::Mail.key(&address.to_lowercase()), day))
    }

    /// Looks up a host, then those above it.
    #[must_use]
    pub fn host(&self, host: &str, day: u32) -> Option<Listed> {
        let address = Address::read(host)?;
        self.named(self.host_of(&address, day))
    }

    /// Looks up an address of the internet in all networks.
    #[must_use]
    pub fn ip(&self, address: IpAddr, day: u32) -> Option<Listed> {
        self.named(self.network_of(address, day))
    }

    fn named(&self, name: Option<u32>) -> Option<Listed> {
        name.map(|number| names::name(&self.pack, number))
    }

    fn find(&self, key: &str, day: u32) -> Option<u32> {
        Table::open(self.part.octets())?.find(short_digest(key), day)
    }

    fn host_of(&self, address: &Address, day: u32) -> Option<u32> {
        address.hosts().find_map(|host| self.find(&Subject::Host.key(host), day))
    }

    fn network_of(&self, address: IpAddr, day: u32) -> Option<u32> {
        let table = Table::open(self.part.octets())?;
        let lengths = table.prefixes.iter().filter_map(|code| match (address, *code) {
            (IpAddr::V4(_), length @ 0..=32) => Some(length),
            (IpAddr::V6(_), code @ 128..) => Some(code - 127),
            _ => None,
        });
        let mut keys = lengths.map(|length| Subject::Network.key(&network(address, length)));
        keys.find_map(|key| table.find(short_digest(&key), day))
    }

    /// What is known of the target of a link: its host, its number, itself.
    fn link(&self, address: &Address, day: u32) -> Option<u32> {
        let web = || address.keys().iter().find_map(|key| self.find(&Subject::Web.key(key), day));
        let ip = || address.ip().and_then(|ip| self.network_of(ip, day));
        self.host_of(address, day).or_else(ip).or_else(web)
    }
}

/// Looks for listed links.
pub(crate) struct ListMatcher {
    lists: Lists,
}

impl ListMatcher {
    /// A matcher; `None` when the pack has no lists.
    ///
    /// # Errors
    /// When the section is damaged.
    pub(crate) fn new(pack: &Pack) -> Result<Option<Self>, PackError> {
        let lists = Lists::new(pack);
        let octets = lists.part.octets();
        if octets.is_empty() {
            return Ok(None);
        }
        match Table::open(octets) {
            Some(_) => Ok(Some(ListMatcher { lists })),
            None => Err(PackError::Section {
                section: "LIST".to_owned(),
                reason: "it ends early".to_owned(),
            }),
        }
    }
}

impl Matcher for ListMatcher {
    fn look(&mut self, look: &Look<'_>, hits: &mut Hits) {
        if look.specimen.origin != Origin::Text(Text::Links) {
            return;
        }
        let mut seen: HashSet<Link<'_>> = HashSet::new();
        for link in links(look.specimen.octets) {
            if seen.len() >= limits::LINKS {
                hits.undecided(format!("more than {} different links", limits::LINKS));
                return;
            }
            if !seen.insert(link) {
                continue;
            }
            let Some(address) = Address::read(link.target) else { continue };
            if let Some(name) = self.lists.link(&address, look.day) {
                hits.hit(name, format!("a link to {}{}", address.host, address.path));
            }
        }
    }
}
