//! The Internet Protocol: a packet finds its way on its own (RFC 791, RFC 8200).
//!
//! [`v4`] and [`v6`] read and write one header each. [`parse`] takes whichever version comes, and
//! gives what the protocols above need of it. [`fragment`] puts packets together that were cut on
//! the way; [`route`] chooses the way.

pub mod fragment;
pub mod route;
pub mod v4;
pub mod v6;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::Malformed;
use crate::checksum::Sum;

/// What an IP packet carries: a number that IANA assigns, the same ones for both versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Protocol(pub u8);

impl Protocol {
    /// RFC 792.
    pub const ICMP: Self = Self(1);
    /// RFC 9293.
    pub const TCP: Self = Self(6);
    /// RFC 768.
    pub const UDP: Self = Self(17);
    /// RFC 4443.
    pub const ICMPV6: Self = Self(58);
}

/// A header of either version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Header {
    /// IPv4.
    V4(v4::Header),
    /// IPv6.
    V6(v6::Header),
}

impl Header {
    /// Who sent it, or says so.
    pub fn source(&self) -> IpAddr {
        match self {
            Self::V4(header) => header.source.into(),
            Self::V6(header) => header.source.into(),
        }
    }

    /// To whom it goes.
    pub fn destination(&self) -> IpAddr {
        match self {
            Self::V4(header) => header.destination.into(),
            Self::V6(header) => header.destination.into(),
        }
    }
}

/// Reads a packet of either version: its header, and what is behind it. For IPv6 that may begin
/// with extension headers, which [`v6::upper`] reads.
///
/// # Errors
///
/// Those of [`v4::Header::parse`] and [`v6::Header::parse`].
pub fn parse(packet: &[u8]) -> Result<(Header, &[u8]), Malformed> {
    match packet.first().map(|octet| octet >> 4) {
        None => Err(Malformed::Short { what: "IP header", needs: 1, has: 0 }),
        Some(4) => v4::Header::parse(packet).map(|(header, rest)| (Header::V4(header), rest)),
        Some(6) => v6::Header::parse(packet).map(|(header, rest)| (Header::V6(header), rest)),
        Some(other) => Err(Malformed::Version(other)),
    }
}

/// The pseudo-header: what the checksums of UDP, TCP and ICMPv6 cover besides the message, so that
/// one that was led astray is noticed (RFC 9293 §3.1, RFC 8200 §8.1).
///
/// ```text
///  IPv4   source (4) │ destination (4)  │ 0 │ protocol │ length (2)
///  IPv6   source (16) │ destination (16) │ length (4) │ 0 0 0 │ next header
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pseudo {
    /// Between IPv4 addresses.
    V4 {
        /// The IP header's source.
        source: Ipv4Addr,
        /// The IP header's destination.
        destination: Ipv4Addr,
    },
    /// Between IPv6 addresses.
    V6 {
        /// The IP header's source.
        source: Ipv6Addr,
        /// The IP header's destination; the final one, should there be a routing header.
        destination: Ipv6Addr,
    },
}

impl Pseudo {
    /// That of two addresses; none if they are of different versions.
    pub fn between(source: IpAddr, destination: IpAddr) -> Option<Self> {
        match (source, destination) {
            (IpAddr::V4(source), IpAddr::V4(destination)) => Some(Self::V4 { source, destination }),
            (IpAddr::V6(source), IpAddr::V6(destination)) => Some(Self::V6 { source, destination }),
            _ => None,
        }
    }

    /// Source and destination.
    pub fn addresses(&self) -> (IpAddr, IpAddr) {
        match *self {
            Self::V4 { source, destination } => (source.into(), destination.into()),
            Self::V6 { source, destination } => (source.into(), destination.into()),
        }
    }

    /// The sum of it, to which the message of `length` octets is then added.
    pub fn sum(&self, protocol: Protocol, length: usize) -> Sum {
        let mut sum = Sum::default();
        match self {
            Self::V4 { source, destination } => {
                sum.add(&source.octets()).add(&destination.octets());
            }
            Self::V6 { source, destination } => {
                sum.add(&source.octets()).add(&destination.octets());
            }
        }
        // A number of 32 bits sums as its halves do; in IPv4, the upper one is always zero.
        let length = u32::try_from(length).expect("a message is shorter than 4 GiB");
        sum.add(&length.to_be_bytes()).add_word(u16::from(protocol.0));
        sum
    }
}

impl From<&Header> for Pseudo {
    fn from(header: &Header) -> Self {
        match *header {
            Header::V4(v4::Header { source, destination, .. }) => Self::V4 { source, destination },
            Header::V6(v6::Header { source, destination, .. }) => Self::V6 { source, destination },
        }
    }
}

/// Whether nobody may send a packet from this address: it must be dropped, and never answered
/// (RFC 1122 §3.2.1.3, RFC 4291 §2.7).
///
/// The unspecified address is one: `::` and 0.0.0.0 stand for a host that has no address yet, and
/// an answer would find nobody. Whether it is the broadcast of a prefix, only its hosts know.
pub fn never_a_source(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_multicast() || v4.is_broadcast() || v4.is_unspecified(),
        IpAddr::V6(v6) => v6.is_multicast() || v6.is_unspecified(),
    }
}
