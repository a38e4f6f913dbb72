//! The header of IPv6 (RFC 8200 §3). What may stand between it and the message is in
//! [`extensions`].
//!
//! ```text
//!  0                   1                   2                   3
//!  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//! +-------+---------------+---------------------------------------+
//! |version| traffic class |              flow label               |
//! +-------+---------------+-------+---------------+---------------+
//! |        payload length         |  next header  |   hop limit   |   length: without these 40
//! +-------------------------------+---------------+---------------+
//! |                                                               |
//! |                            source                             |
//! |                                                               |
//! |                                                               |
//! +---------------------------------------------------------------+
//! |                                                               |
//! |                          destination                          |
//! |                                                               |
//! |                                                               |
//! +---------------------------------------------------------------+
//! ```
//!
//! No checksum: the layers below and above have theirs, and a router has less to do. No options and
//! no fragments either: those are headers of their own, of which most packets have none.

pub mod extensions;

use std::net::Ipv6Addr;

use super::Protocol;
use crate::Malformed;
use crate::malformed::{promised, split};

pub use extensions::{Fragment, Upper, upper};

/// Octets of the header.
pub const HEADER: usize = 40;
/// What every link must carry, in octets, and so what a sender that knows nothing of the path may
/// send (RFC 8200 §5).
pub const LEAST_MTU: usize = 1280;
/// The hops that a packet is given: what IANA says for IPv4 (RFC 4861 §6.3.2 has hosts use it).
pub const DEFAULT_HOP_LIMIT: u8 = 64;

/// The flow label's 20 bits.
const FLOW_LABEL: u32 = 0x000f_ffff;

/// A header as a value. The payload's length follows from the payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// As in IPv4: differentiated services and congestion (RFC 8200 §7).
    pub traffic_class: u8,
    /// One number for the packets of one flow, so that routers keep them on one way (RFC 6437);
    /// 20 bits.
    pub flow_label: u32,
    /// What comes behind this header: the message, or an extension header.
    pub next_header: Protocol,
    /// Hops that are left.
    pub hop_limit: u8,
    /// Who sent it, or says so.
    pub source: Ipv6Addr,
    /// To whom it goes.
    pub destination: Ipv6Addr,
}

impl Header {
    /// A header with all hops left.
    pub fn new(source: Ipv6Addr, destination: Ipv6Addr, next_header: Protocol) -> Self {
        let (traffic_class, flow_label, hop_limit) = (0, 0, DEFAULT_HOP_LIMIT);
        Self { traffic_class, flow_label, next_header, hop_limit, source, destination }
    }

    /// Reads a packet: its header and its payload, extension headers included. What stands behind
    /// the packet's own end is left out.
    ///
    /// Jumbograms (RFC 2675), whose length of 0 means another one, are not for us: such a packet
    /// has an empty payload.
    ///
    /// # Errors
    ///
    /// [`Malformed`], if it is not of version 6, or not all there.
    pub fn parse(packet: &[u8]) -> Result<(Self, &[u8]), Malformed> {
        let (header, behind) = Self::parse_truncated(packet)?;
        let length = usize::from(u16::from_be_bytes([packet[4], packet[5]]));
        let (payload, _padding) = promised(behind, "payload length", length, 0)?;
        Ok((header, payload))
    }

    /// The header, and all that is behind it, of a packet of which maybe only the beginning is
    /// there: an ICMP error quotes no more.
    ///
    /// # Errors
    ///
    /// [`Malformed`], if it is not of version 6, or the header is not all there.
    pub fn parse_truncated(packet: &[u8]) -> Result<(Self, &[u8]), Malformed> {
        let (fixed, behind) = split::<HEADER>(packet, "IPv6 header")?;
        let [a, b, c, d, _, _, next_header, hop_limit, addresses @ ..] = fixed;
        let first = u32::from_be_bytes([*a, *b, *c, *d]);
        if first >> 28 != 6 {
            return Err(Malformed::Version(a >> 4));
        }
        let ([source, destination], []) = addresses.as_chunks::<16>() else {
            unreachable!("32 octets are twice 16");
        };
        let header = Self {
            traffic_class: a << 4 | b >> 4,
            flow_label: first & FLOW_LABEL,
            next_header: Protocol(*next_header),
            hop_limit: *hop_limit,
            source: Ipv6Addr::from(*source),
            destination: Ipv6Addr::from(*destination),
        };
        Ok((header, behind))
    }

    /// Appends the packet to `out`.
    ///
    /// # Panics
    ///
    /// If the payload is longer than 65,535 octets.
    pub fn emit(&self, payload: &[u8], out: &mut Vec<u8>) {
        self.emit_header(payload.len(), out);
        out.extend_from_slice(payload);
    }

    /// Appends the header alone, for a payload of so many octets that will follow.
    ///
    /// # Panics
    ///
    /// If that is more than 65,535.
    pub fn emit_header(&self, payload_length: usize, out: &mut Vec<u8>) {
        let length = u16::try_from(payload_length).expect("a payload has at most 65,535 octets");
        let first = 6 << 28 | u32::from(self.traffic_class) << 20 | (self.flow_label & FLOW_LABEL);
        out.extend_from_slice(&first.to_be_bytes());
        out.extend_from_slice(&length.to_be_bytes());
        out.extend_from_slice(&[self.next_header.0, self.hop_limit]);
        out.extend_from_slice(&self.source.octets());
        out.extend_from_slice(&self.destination.octets());
    }
}

/// Takes one hop off a packet in place. False, and nothing is changed, if there is none left: the
/// packet must not be sent on (RFC 8200 §3).
#[must_use]
pub fn take_hop(packet: &mut [u8]) -> bool {
    match packet.get_mut(7) {
        Some(hops @ 2..) => {
            *hops -= 1;
            true
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> Header {
        Header {
            traffic_class: 0xb8,
            flow_label: 0xabcde,
            ..Header::new(Ipv6Addr::LOCALHOST, "2001:db8::1".parse().unwrap(), Protocol::UDP)
        }
    }

    #[test]
    fn what_is_emitted_is_parsed() {
        let mut packet = Vec::new();
        header().emit(b"payload", &mut packet);
        assert_eq!(packet[..4], [0x6b, 0x8a, 0xbc, 0xde]);
        packet.extend(b"padding of the frame");
        assert_eq!(Header::parse(&packet), Ok((header(), &b"payload"[..])));
    }

    #[test]
    fn every_cut_is_noticed() {
        let mut packet = Vec::new();
        header().emit(b"payload", &mut packet);
        for end in 0..packet.len() {
            assert!(Header::parse(&packet[..end]).is_err(), "cut at {end}");
        }
        assert!(Header::parse_truncated(&packet[..HEADER]).is_ok());
        packet[0] = 0x45;
        assert_eq!(Header::parse(&packet), Err(Malformed::Version(4)));
    }

    #[test]
    fn the_last_hop_is_not_taken() {
        let mut packet = Vec::new();
        Header { hop_limit: 2, ..header() }.emit(b"", &mut packet);
        assert!(take_hop(&mut packet) && !take_hop(&mut packet) && packet[7] == 1);
        assert!(!take_hop(&mut []));
    }
}
