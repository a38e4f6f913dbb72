//! Which way a packet goes: the longest prefix that its destination begins with (RFC 1812 §5.2.4.3).
//!
//! ```text
//!  10.77.0.0/24   ─► tun0          10.77.0.9   matches all three: the first is the longest
//!  10.0.0.0/8     ─► eth0          10.78.0.1   matches the two others
//!  0.0.0.0/0      ─► the router    192.0.2.1   only what everything matches
//! ```
//!
//! The table has one map for each length that is in use, the longest first. A lookup asks each of them
//! for the destination, cut to the length: as many questions as there are lengths, however many
//! routes. (A router for the whole Internet would walk a tree instead.)

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// Addresses that begin with the same bits: `10.77.0.0/24`, `2001:db8::/32`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Prefix {
    /// The bits in question; those behind them are zero.
    address: IpAddr,
    length: u8,
}

impl Prefix {
    /// The prefix of `length` bits that this address has; none if addresses are shorter.
    pub fn of(address: IpAddr, length: u8) -> Option<Self> {
        let address = match address {
            IpAddr::V4(v4) => {
                let ignored = 32u8.checked_sub(length)?;
                // Shifting by all 32 bits overflows: a prefix of 0 bits has a mask of its own.
                let mask = u32::MAX.checked_shl(ignored.into()).unwrap_or(0);
                Ipv4Addr::from_bits(v4.to_bits() & mask).into()
            }
            IpAddr::V6(v6) => {
                let ignored = 128u8.checked_sub(length)?;
                let mask = u128::MAX.checked_shl(ignored.into()).unwrap_or(0);
                Ipv6Addr::from_bits(v6.to_bits() & mask).into()
            }
        };
        Some(Self { address, length })
    }

    /// The first of its addresses: `10.77.0.0`.
    pub fn address(&self) -> IpAddr {
        self.address
    }

    /// How many bits it has.
    pub fn length(&self) -> u8 {
        self.length
    }

    /// Whether an address begins with it. No IPv4 address begins with a prefix of IPv6.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.address.is_ipv4() == address.is_ipv4() && Self::of(address, self.length) == Some(*self)
    }

    /// The address that all its hosts listen to, in IPv4 (RFC 922 §7); none if it is too short for
    /// one: the two addresses of a /31 are hosts (RFC 3021 §2.1), as is the one of a /32.
    pub fn broadcast(&self) -> Option<Ipv4Addr> {
        let IpAddr::V4(first) = self.address else { return None };
        let hosts = u32::MAX.checked_shr(self.length.into()).unwrap_or(0);
        (self.length <= 30).then(|| Ipv4Addr::from_bits(first.to_bits() | hosts))
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.length)
    }
}

/// An address with the length of its prefix, as an interface has it: `10.77.0.2/24`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Interface {
    /// The host's address.
    pub address: IpAddr,
    /// The prefix of its link.
    pub prefix: Prefix,
}

impl FromStr for Interface {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no address with a prefix, such as 10.77.0.2/24");
        let (address, length) = text.split_once('/').ok_or_else(wrong)?;
        let address = address.parse().map_err(|_| wrong())?;
        let prefix = length.parse().ok().and_then(|length| Prefix::of(address, length));
        Ok(Self { address, prefix: prefix.ok_or_else(wrong)? })
    }
}

/// Routes: for each prefix, where its packets go.
///
/// ```
/// use tcp_ip::ip::route::{Prefix, Table};
///
/// let mut table = Table::default();
/// for (prefix, length, way) in [([0, 0, 0, 0], 0, "router"), ([10, 77, 0, 0], 24, "tun0")] {
///     table.insert(Prefix::of(prefix.into(), length).expect("at most 32 bits"), way);
/// }
/// assert_eq!(table.lookup([10, 77, 0, 9].into()), Some(&"tun0"));
/// assert_eq!(table.lookup([192, 0, 2, 1].into()), Some(&"router"));
/// ```
#[derive(Debug, Clone)]
pub struct Table<T> {
    by_length: BTreeMap<Reverse<u8>, HashMap<IpAddr, T>>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { by_length: BTreeMap::new() }
    }
}

impl<T> Table<T> {
    /// Adds a route, and gives the one that the prefix had before.
    pub fn insert(&mut self, prefix: Prefix, way: T) -> Option<T> {
        self.by_length.entry(Reverse(prefix.length)).or_default().insert(prefix.address, way)
    }

    /// Takes a route away.
    pub fn remove(&mut self, prefix: Prefix) -> Option<T> {
        let routes = self.by_length.get_mut(&Reverse(prefix.length))?;
        let removed = routes.remove(&prefix.address);
        if routes.is_empty() {
            self.by_length.remove(&Reverse(prefix.length));
        }
        removed
    }

    /// Where packets to this address go: the way of the longest prefix; none if nothing matches.
    // ANCHOR: lookup
    pub fn lookup(&self, destination: IpAddr) -> Option<&T> {
        self.by_length.iter().find_map(|(Reverse(length), routes)| {
            routes.get(&Prefix::of(destination, *length)?.address)
        })
    }
    // ANCHOR_END: lookup
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    fn prefix(text: &str) -> Prefix {
        text.parse::<Interface>().unwrap().prefix
    }

    #[test]
    fn the_longest_prefix_wins_whatever_came_first() {
        let mut prefixes =
            ["0.0.0.0/0", "10.0.0.0/8", "10.77.0.0/24", "10.77.0.2/32", "10.77.0.2/31"];
        for _ in 0..prefixes.len() {
            prefixes.rotate_left(1);
            let mut table = Table::default();
            for text in prefixes {
                assert_eq!(table.insert(prefix(text), text), None);
            }
            for (address, want) in [
                ("10.77.0.2", "10.77.0.2/32"),
                ("10.77.0.3", "10.77.0.2/31"),
                ("10.77.0.4", "10.77.0.0/24"),
                ("10.77.1.2", "10.0.0.0/8"),
                ("11.0.0.0", "0.0.0.0/0"),
            ] {
                assert_eq!(table.lookup(address.parse().unwrap()), Some(&want), "{address}");
            }
            assert_eq!(table.lookup(Ipv6Addr::LOCALHOST.into()), None);
            assert_eq!(table.remove(prefix("10.77.0.2/32")), Some("10.77.0.2/32"));
            assert_eq!(table.lookup("10.77.0.2".parse().unwrap()), Some(&"10.77.0.2/31"));
            assert_eq!(table.remove(prefix("10.77.0.2/32")), None);
        }
    }

    #[test]
    fn a_lookup_finds_what_asking_every_route_finds() {
        let mut random = Random::announced();
        for _ in 0..200 {
            let mut address = |bits: usize| {
                // Few different addresses, so that prefixes nest.
                let bits = random.next_u64() & ((1 << bits) - 1);
                Ipv6Addr::from_bits(u128::from(bits) << 100)
            };
            let routes: Vec<Prefix> =
                (0..50u8).filter_map(|n| Prefix::of(address(12).into(), n * 3 % 129)).collect();
            let mut table = Table::default();
            for route in &routes {
                table.insert(*route, *route);
            }
            for _ in 0..50 {
                let to = IpAddr::from(address(12));
                let matching = routes.iter().filter(|route| route.contains(to));
                assert_eq!(table.lookup(to), matching.max_by_key(|route| route.length));
            }
        }
    }

    #[test]
    fn prefixes_of_no_and_of_all_bits() {
        assert!(prefix("1.2.3.4/0").contains(Ipv4Addr::BROADCAST.into()));
        assert!(!prefix("::/0").contains(Ipv4Addr::BROADCAST.into()));
        assert!(!prefix("1.2.3.4/32").contains("1.2.3.5".parse().unwrap()));
        assert_eq!(prefix("1.2.3.4/0"), prefix("0.0.0.0/0"));
        assert_eq!(prefix("2001:db8::1/32").to_string(), "2001:db8::/32");
        for wrong in ["1.2.3.4", "1.2.3.4/33", "::/129", "1.2.3.4/-1", "/8", "a/8", "1.2.3.4/256"] {
            assert!(wrong.parse::<Interface>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn only_a_prefix_with_room_has_a_broadcast() {
        for (text, broadcast) in [
            ("10.77.0.2/24", Some("10.77.0.255")),
            ("10.77.0.2/30", Some("10.77.0.3")),
            ("0.0.0.0/0", Some("255.255.255.255")),
            ("10.77.0.2/31", None),
            ("10.77.0.2/32", None),
            ("2001:db8::/64", None),
        ] {
            let want = broadcast.map(|text: &str| text.parse().unwrap());
            assert_eq!(prefix(text).broadcast(), want, "{text}");
        }
    }
}
