//! The header of TCP (RFC 9293 §3.1); its options are in [`options`](super::options).
//!
//! ```text
//!  0                   1                   2                   3
//!  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//! +-------------------------------+-------------------------------+
//! |          source port          |       destination port        |
//! +-------------------------------+-------------------------------+
//! |                        sequence number                        |
//! +---------------------------------------------------------------+
//! |                     acknowledgment number                     |
//! +-------+-------+-+-+-+-+-+-+-+-+-------------------------------+
//! | data  |  re-  |C|E|U|A|P|R|S|F|                               |
//! |offset |served |W|C|R|C|S|S|Y|I|            window             |
//! |       |       |R|E|G|K|H|T|N|N|                               |
//! +-------+-------+-+-+-+-+-+-+-+-+-------------------------------+
//! |           checksum            |        urgent pointer         |
//! +-------------------------------+-------------------------------+
//! |             options, up to 40 octets, and padding             |
//! +---------------------------------------------------------------+
//! ```

use std::fmt;
use std::ops::{BitOr, BitOrAssign};

use super::{Options, Seq};
use crate::Malformed;
use crate::ip::{Protocol, Pseudo};
use crate::malformed::{promised, split};

/// Octets of a header without options.
pub const HEADER: usize = 20;

/// Where the checksum stands.
const CHECKSUM_AT: usize = 16;

/// A header as a value. Data offset and checksum follow from the rest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Header {
    /// The sender's port.
    pub source: u16,
    /// The receiver's port.
    pub destination: u16,
    /// The number of the first octet of the payload, or of the SYN.
    pub sequence: Seq,
    /// The number that the sender expects next; meaningless without [`Flags::ACK`].
    pub acknowledgment: Seq,
    /// What the segment does besides carrying octets.
    pub flags: Flags,
    /// How many octets the sender can take, from `acknowledgment` on; to be scaled (RFC 7323
    /// §2.2) unless this is a SYN.
    pub window: u16,
    /// How far behind `sequence` urgent data ends; meaningless without [`Flags::URG`].
    pub urgent: u16,
    /// What else the sender has to say.
    pub options: Options,
}

impl Header {
    /// Reads a segment: its header and its payload.
    ///
    /// # Errors
    ///
    /// [`Malformed`], if the data offset or an option contradicts what came, or the checksum is
    /// wrong.
    #[inline]
    pub fn parse<'a>(segment: &'a [u8], pseudo: &Pseudo) -> Result<(Self, &'a [u8]), Malformed> {
        // The checksum first: of a broken segment, no option is worth a look.
        let (fixed, _) = split::<HEADER>(segment, "TCP header")?;
        if !pseudo.sum(Protocol::TCP, segment.len()).add(segment).is_right() {
            let found = u16::from_be_bytes([fixed[CHECKSUM_AT], fixed[CHECKSUM_AT + 1]]);
            return Err(Malformed::Checksum { found });
        }
        Self::parse_unverified(segment)
    }

    /// The same without a look at the checksum: for what was captured before the hardware
    /// computed it.
    ///
    /// # Errors
    ///
    /// [`Malformed`], if the data offset or an option contradicts what came.
    #[inline]
    pub fn parse_unverified(segment: &[u8]) -> Result<(Self, &[u8]), Malformed> {
        let (fixed, _) = split::<HEADER>(segment, "TCP header")?;
        let word = |at: usize| u16::from_be_bytes([fixed[at], fixed[at + 1]]);
        let long = |at: usize| u32::from(word(at)) << 16 | u32::from(word(at + 2));
        let length = usize::from(fixed[12] >> 4) * 4;
        let (header, payload) = promised(segment, "data offset", length, HEADER)?;
        let header = Self {
            source: word(0),
            destination: word(2),
            sequence: Seq(long(4)),
            acknowledgment: Seq(long(8)),
            // The four reserved bits beside the offset are ignored (RFC 9293 §3.1).
            flags: Flags(fixed[13]),
            window: word(14),
            urgent: word(18),
            options: Options::parse(&header[HEADER..])?,
        };
        Ok((header, payload))
    }

    /// Octets of the header, options and their padding included.
    pub fn length(&self) -> usize {
        HEADER + self.options.length()
    }

    /// Appends the segment to `out`. The payload is `parts`, one behind the other: a ring buffer
    /// has two.
    ///
    /// # Panics
    ///
    /// If the segment would be longer than 65,535 octets.
    #[inline]
    pub fn emit(&self, pseudo: &Pseudo, parts: &[&[u8]], out: &mut Vec<u8>) {
        let length = self.length() + parts.iter().map(|part| part.len()).sum::<usize>();
        assert!(length <= 0xffff, "a TCP segment fits into an IP packet");
        let words = u8::try_from(self.length() / 4).expect("at most fifteen");
        let mut fixed = [0; HEADER];
        let mut put =
            |at: usize, octets: &[u8]| fixed[at..at + octets.len()].copy_from_slice(octets);
        put(0, &self.source.to_be_bytes());
        put(2, &self.destination.to_be_bytes());
        put(4, &self.sequence.0.to_be_bytes());
        put(8, &self.acknowledgment.0.to_be_bytes());
        put(12, &[words << 4, self.flags.0]);
        put(14, &self.window.to_be_bytes());
        put(18, &self.urgent.to_be_bytes());
        let start = out.len();
        out.reserve(length);
        out.extend_from_slice(&fixed);
        self.options.emit(out);
        for part in parts {
            out.extend_from_slice(part);
        }
        let checksum = pseudo.sum(Protocol::TCP, length).add(&out[start..]).checksum();
        out[start + CHECKSUM_AT..][..2].copy_from_slice(&checksum.to_be_bytes());
    }
}

/// The flags of a segment (RFC 9293 §3.1), any of them at once.
///
/// ```
/// use tcp_ip::tcp::Flags;
///
/// let flags = Flags::SYN | Flags::ACK;
/// assert!(flags.contains(Flags::SYN) && !flags.contains(Flags::SYN | Flags::FIN));
/// assert_eq!(flags.to_string(), "SYN ACK");
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Flags(pub u8);

impl Flags {
    /// None of them.
    pub const NONE: Self = Self(0);
    /// The sender will send no more.
    pub const FIN: Self = Self(0x01);
    /// The sequence number is the one before the first octet's.
    pub const SYN: Self = Self(0x02);
    /// There is no such connection, or no longer.
    pub const RST: Self = Self(0x04);
    /// The receiver should have it now, and not wait for more.
    pub const PSH: Self = Self(0x08);
    /// The acknowledgment number means something.
    pub const ACK: Self = Self(0x10);
    /// The urgent pointer means something.
    pub const URG: Self = Self(0x20);
    /// The sender has seen a router's mark of congestion (RFC 3168 §6.1).
    pub const ECE: Self = Self(0x40);
    /// The sender has answered to one by sending less (RFC 3168 §6.1).
    pub const CWR: Self = Self(0x80);

    /// Their names, in the order in which they are written down: SYN before ACK.
    pub const NAMES: [(Self, &'static str); 8] = [
        (Self::SYN, "SYN"),
        (Self::FIN, "FIN"),
        (Self::RST, "RST"),
        (Self::PSH, "PSH"),
        (Self::ACK, "ACK"),
        (Self::URG, "URG"),
        (Self::ECE, "ECE"),
        (Self::CWR, "CWR"),
    ];

    /// Whether all of `flags` are set.
    pub const fn contains(self, flags: Self) -> bool {
        self.0 & flags.0 == flags.0
    }

    /// Whether one of `flags` is set, or more.
    pub const fn intersects(self, flags: Self) -> bool {
        self.0 & flags.0 != 0
    }

    /// These flags without `flags`.
    #[must_use]
    pub const fn without(self, flags: Self) -> Self {
        Self(self.0 & !flags.0)
    }
}

impl BitOr for Flags {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitOrAssign for Flags {
    fn bitor_assign(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

impl fmt::Display for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let set = Self::NAMES.iter().filter(|(flag, _)| self.contains(*flag));
        for (number, (_, name)) in set.enumerate() {
            f.write_str(if number == 0 { "" } else { " " })?;
            f.write_str(name)?;
        }
        if *self == Self::NONE { f.write_str("none") } else { Ok(()) }
    }
}

impl fmt::Debug for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use super::*;
    use crate::tcp::Timestamps;

    const V4: Pseudo = Pseudo::V4 { source: Ipv4Addr::LOCALHOST, destination: Ipv4Addr::LOCALHOST };
    const V6: Pseudo = Pseudo::V6 { source: Ipv6Addr::LOCALHOST, destination: Ipv6Addr::LOCALHOST };

    fn header() -> Header {
        Header {
            source: 40_000,
            destination: 80,
            sequence: Seq(0xffff_fffe),
            acknowledgment: Seq(5000),
            flags: Flags::PSH | Flags::ACK,
            window: 64_000,
            urgent: 7,
            options: Options {
                timestamps: Some(Timestamps { value: 1, echo: 2 }),
                ..Options::default()
            },
        }
    }

    #[test]
    fn what_is_emitted_is_parsed() {
        for pseudo in [V4, V6] {
            let mut segment = Vec::new();
            header().emit(&pseudo, &[b"odd", b"", b" and even"], &mut segment);
            assert_eq!(segment.len(), header().length() + 12);
            let parsed = Header::parse(&segment, &pseudo);
            assert_eq!(parsed, Ok((header(), &b"odd and even"[..])));
        }
    }

    #[test]
    fn every_flipped_bit_and_every_cut_is_noticed() {
        let mut segment = Vec::new();
        header().emit(&V4, &[b"payload"], &mut segment);
        for bit in 0..segment.len() * 8 {
            let mut broken = segment.clone();
            broken[bit / 8] ^= 1 << (bit % 8);
            assert!(Header::parse(&broken, &V4).is_err(), "bit {bit}");
        }
        for end in 0..segment.len() {
            assert!(Header::parse(&segment[..end], &V4).is_err(), "cut at {end}");
        }
        let elsewhere =
            Pseudo::V4 { source: Ipv4Addr::BROADCAST, destination: Ipv4Addr::LOCALHOST };
        assert!(Header::parse(&segment, &elsewhere).is_err(), "from another host");
    }

    #[test]
    fn the_data_offset_is_held_against_what_came() {
        let mut segment = Vec::new();
        Header { options: Options::default(), ..header() }.emit(&V4, &[], &mut segment);
        for words in 0..16 {
            segment[12] = words << 4;
            let parsed = Header::parse_unverified(&segment);
            assert_eq!(parsed.is_ok(), words == 5, "data offset {words}");
        }
        segment[12] = 0x5f;
        assert!(Header::parse_unverified(&segment).is_ok(), "reserved bits are ignored");
    }
}
