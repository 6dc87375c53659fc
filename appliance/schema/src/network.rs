//! An IP address or a network of them.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Why a text is no network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NetworkError {
    /// The address cannot be read.
    #[error("not an IP address")]
    Address,
    /// The prefix is no number, or longer than the address.
    #[error("the prefix length is not valid")]
    Prefix,
    /// The mask is no IPv4 mask with its ones on the left.
    #[error("the mask is not valid")]
    Mask,
    /// There are bits right of the prefix.
    #[error("the address has bits outside the network; write {0}")]
    HostBits(Network),
}

/// A network: `192.0.2.1`, `192.0.2.0/24`, `192.0.2.0:255.255.255.0`, `2001:db8::/32`.
///
/// Written back as an address alone for a single host, else with its prefix length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

impl Network {
    /// Whether the address lies in this network. An IPv4 address mapped into IPv6
    /// (`::ffff:192.0.2.1`, as a dual-stack socket shows it) counts as the IPv4 address.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                let mask = mask_of(u32::BITS, self.prefix) as u32;
                network.to_bits() == address.to_bits() & mask
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                network.to_bits() == address.to_bits() & mask_of(u128::BITS, self.prefix)
            }
            _ => false,
        }
    }

    /// The first address.
    #[must_use]
    pub fn address(&self) -> IpAddr {
        self.address
    }

    /// Length of the prefix in bits.
    #[must_use]
    pub fn prefix(&self) -> u8 {
        self.prefix
    }

    /// Networks for a default. What does not parse is left out: write only what is plainly right.
    #[must_use]
    pub fn list(networks: &[&str]) -> Vec<Network> {
        networks.iter().filter_map(|network| network.parse().ok()).collect()
    }

    fn new(address: IpAddr, prefix: u8) -> Result<Network, NetworkError> {
        let base = match address {
            IpAddr::V4(four) if u32::from(prefix) <= u32::BITS => {
                let mask = mask_of(u32::BITS, prefix) as u32;
                IpAddr::V4(Ipv4Addr::from_bits(four.to_bits() & mask))
            }
            IpAddr::V6(six) if u32::from(prefix) <= u128::BITS => {
                IpAddr::V6((six.to_bits() & mask_of(u128::BITS, prefix)).into())
            }
            _ => return Err(NetworkError::Prefix),
        };
        let network = Network { address: base, prefix };
        if base == address { Ok(network) } else { Err(NetworkError::HostBits(network)) }
    }
}

/// A mask of `prefix` ones in a word of `width` bits, right-aligned.
fn mask_of(width: u32, prefix: u8) -> u128 {
    let host = width.saturating_sub(u32::from(prefix));
    let all = u128::MAX.checked_shr(u128::BITS - width).unwrap_or(0);
    all & u128::MAX.checked_shl(host).unwrap_or(0)
}

fn host_prefix(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

fn parse_prefix(text: &str) -> Result<u8, NetworkError> {
    if text.is_empty() || !text.bytes().all(|octet| octet.is_ascii_digit()) {
        return Err(NetworkError::Prefix);
    }
    text.parse().map_err(|_| NetworkError::Prefix)
}

fn parse_mask(text: &str) -> Result<u8, NetworkError> {
    let mask: Ipv4Addr = text.parse().map_err(|_| NetworkError::Mask)?;
    let ones = mask.to_bits().leading_ones();
    if mask.to_bits().count_ones() == ones {
        u8::try_from(ones).map_err(|_| NetworkError::Mask)
    } else {
        Err(NetworkError::Mask)
    }
}

impl fmt::Display for Network {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.prefix == host_prefix(self.address) {
            self.address.fmt(formatter)
        } else {
            write!(formatter, "{}/{}", self.address, self.prefix)
        }
    }
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        if let Some((address, prefix)) = text.split_once('/') {
            let address = address.parse().map_err(|_| NetworkError::Address)?;
            return Network::new(address, parse_prefix(prefix)?);
        }
        // An IPv6 address has at least two colons, `network:mask` exactly one.
        if let Some((address, mask)) = text.split_once(':').filter(|(_, mask)| !mask.contains(':'))
        {
            let address: Ipv4Addr = address.parse().map_err(|_| NetworkError::Address)?;
            return Network::new(IpAddr::V4(address), parse_mask(mask)?);
        }
        let address: IpAddr = text.parse().map_err(|_| NetworkError::Address)?;
        Network::new(address, host_prefix(address))
    }
}

impl TryFrom<String> for Network {
    type Error = NetworkError;
    fn try_from(text: String) -> Result<Self, NetworkError> {
        text.parse()
    }
}

impl From<Network> for String {
    fn from(network: Network) -> String {
        network.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(text: &str) -> Network {
        text.parse().unwrap()
    }

    fn holds(text: &str, address: &str) -> bool {
        network(text).contains(address.parse().unwrap())
    }

    #[test]
    fn every_form_is_read_and_written_in_one() {
        for (given, shown) in [
            ("192.0.2.1", "192.0.2.1"),
            ("192.0.2.1/32", "192.0.2.1"),
            ("192.0.2.0/24", "192.0.2.0/24"),
            ("192.0.2.0:255.255.255.0", "192.0.2.0/24"),
            ("0.0.0.0/0", "0.0.0.0/0"),
            ("2001:DB8::/32", "2001:db8::/32"),
            ("::1", "::1"),
            ("::/0", "::/0"),
        ] {
            assert_eq!(network(given).to_string(), shown);
        }
    }

    #[test]
    fn membership_follows_the_prefix() {
        assert!(holds("192.0.2.0/24", "192.0.2.255"));
        assert!(!holds("192.0.2.0/24", "192.0.3.0"));
        assert!(holds("0.0.0.0/0", "203.0.113.9"));
        assert!(!holds("0.0.0.0/0", "2001:db8::1"));
        assert!(holds("2001:db8::/32", "2001:db8:ffff::1"));
        assert!(!holds("2001:db8::/32", "2001:db9::1"));
        assert!(holds("::/0", "2001:db8::1"));
    }

    #[test]
    fn a_mapped_address_counts_as_the_ipv4_address() {
        assert!(holds("192.0.2.0/24", "::ffff:192.0.2.7"));
        assert!(!holds("::/0", "::ffff:192.0.2.7"));
    }

    #[test]
    fn host_bits_are_refused_with_the_network_that_was_meant() {
        assert_eq!(
            "10.1.2.3/8".parse::<Network>(),
            Err(NetworkError::HostBits(network("10.0.0.0/8")))
        );
    }

    #[test]
    fn what_is_no_network_is_refused() {
        for bad in [
            "",
            "a",
            "192.0.2.0/33",
            "192.0.2.0/",
            "192.0.2.0/+8",
            "::/129",
            "192.0.2.256",
            "192.0.2.0:255.0.255.0",
            "192.0.2.0:24",
            "192.0.2.0/8/8",
            "192.0.2",
            "1.2.3.4 ",
        ] {
            assert!(bad.parse::<Network>().is_err(), "{bad:?}");
        }
    }
}
