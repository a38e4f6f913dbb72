//! UDP: ports, a length and a checksum around a message (RFC 768).
//!
//! ```text
//! +-------------------------------+-------------------------------+
//! |          source port          |       destination port        |
//! +-------------------------------+-------------------------------+
//! |  length, these 8 octets too   |  checksum; 0: there is none   |
//! +-------------------------------+-------------------------------+
//! ```

use crate::Malformed;
use crate::ip::{Protocol, Pseudo};
use crate::malformed::{promised, split};

/// Octets of the header.
pub const HEADER: usize = 8;

/// A header as a value. Length and checksum follow from the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// The sender's port; 0 if no answer is expected.
    pub source: u16,
    /// The receiver's port.
    pub destination: u16,
}

impl Header {
    /// Reads a datagram: its header and its payload.
    ///
    /// # Errors
    ///
    /// [`Malformed`], if the length is wrong or beyond what IP brought; and if the checksum is wrong
    /// (RFC 1122 §4.1.3.4: dropped in silence), or is missing over IPv6, where nothing else
    /// protects the addresses (RFC 8200 §8.1).
    pub fn parse<'a>(datagram: &'a [u8], pseudo: &Pseudo) -> Result<(Self, &'a [u8]), Malformed> {
        let (header, payload) = Self::parse_unverified(datagram)?;
        let length = HEADER + payload.len();
        let found = u16::from_be_bytes([datagram[6], datagram[7]]);
        let absent = found == 0 && matches!(pseudo, Pseudo::V4 { .. });
        if !absent
            && (found == 0
                || !pseudo.sum(Protocol::UDP, length).add(&datagram[..length]).is_right())
        {
            return Err(Malformed::Checksum { found });
        }
        Ok((header, payload))
    }

    /// The same without a look at the checksum: for what was captured before the hardware
    /// computed it.
    ///
    /// # Errors
    ///
    /// [`Malformed`], if the length is wrong or beyond what IP brought.
    pub fn parse_unverified(datagram: &[u8]) -> Result<(Self, &[u8]), Malformed> {
        let (fixed, _) = split::<HEADER>(datagram, "UDP header")?;
        let word = |at: usize| u16::from_be_bytes([fixed[at], fixed[at + 1]]);
        let (whole, _) = promised(datagram, "length", usize::from(word(4)), HEADER)?;
        Ok((Self { source: word(0), destination: word(2) }, &whole[HEADER..]))
    }

    /// Appends the datagram to `out`.
    ///
    /// # Panics
    ///
    /// If it would be longer than 65,535 octets.
    pub fn emit(&self, pseudo: &Pseudo, payload: &[u8], out: &mut Vec<u8>) {
        let length = u16::try_from(HEADER + payload.len())
            .expect("a UDP datagram has at most 65,535 octets");
        let start = out.len();
        out.extend_from_slice(&self.source.to_be_bytes());
        out.extend_from_slice(&self.destination.to_be_bytes());
        out.extend_from_slice(&length.to_be_bytes());
        out.extend_from_slice(&[0, 0]);
        out.extend_from_slice(payload);
        let checksum = match pseudo.sum(Protocol::UDP, length.into()).add(&out[start..]).checksum()
        {
            // RFC 768: zero would say that there is none. All ones is the other zero of ones'
            // complement, and sums the same.
            0 => 0xffff,
            checksum => checksum,
        };
        out[start + 6..start + 8].copy_from_slice(&checksum.to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use super::*;

    const V4: Pseudo = Pseudo::V4 { source: Ipv4Addr::LOCALHOST, destination: Ipv4Addr::LOCALHOST };
    const V6: Pseudo = Pseudo::V6 { source: Ipv6Addr::LOCALHOST, destination: Ipv6Addr::LOCALHOST };
    const HEADER_OF_TEST: Header = Header { source: 40_000, destination: 9 };

    #[test]
    fn what_is_emitted_is_parsed() {
        for pseudo in [V4, V6] {
            let mut datagram = Vec::new();
            HEADER_OF_TEST.emit(&pseudo, b"odd", &mut datagram);
            datagram.extend(b"not UDP's");
            let parsed = Header::parse(&datagram, &pseudo);
            assert_eq!(parsed, Ok((HEADER_OF_TEST, &b"odd"[..])));
            datagram[9] ^= 1;
            assert!(matches!(Header::parse(&datagram, &pseudo), Err(Malformed::Checksum { .. })));
        }
    }

    #[test]
    fn a_checksum_of_zero_is_sent_as_all_ones() {
        // Two octets are enough to make the sum whatever one likes.
        let sum_without = {
            let mut datagram = Vec::new();
            HEADER_OF_TEST.emit(&V4, &[0, 0], &mut datagram);
            u16::from_be_bytes([datagram[6], datagram[7]])
        };
        let mut datagram = Vec::new();
        HEADER_OF_TEST.emit(&V4, &sum_without.to_be_bytes(), &mut datagram);
        assert_eq!(datagram[6..8], [0xff, 0xff]);
        assert!(Header::parse(&datagram, &V4).is_ok());
    }

    #[test]
    fn only_ipv4_may_leave_the_checksum_out() {
        let mut datagram = Vec::new();
        HEADER_OF_TEST.emit(&V4, b"hello", &mut datagram);
        datagram[6..8].fill(0);
        assert!(Header::parse(&datagram, &V4).is_ok());
        assert_eq!(Header::parse(&datagram, &V6), Err(Malformed::Checksum { found: 0 }));
    }

    #[test]
    fn the_length_is_held_against_what_came() {
        let mut datagram = Vec::new();
        HEADER_OF_TEST.emit(&V4, b"hello", &mut datagram);
        for end in 0..datagram.len() {
            assert!(Header::parse(&datagram[..end], &V4).is_err(), "cut at {end}");
        }
        for (says, whole) in [(0, false), (7, false), (8, true), (13, true), (14, false)] {
            datagram[5] = says;
            assert_eq!(Header::parse_unverified(&datagram).is_ok(), whole, "length {says}");
        }
    }
}
