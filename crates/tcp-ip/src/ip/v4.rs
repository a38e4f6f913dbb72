//! The header of IPv4 (RFC 791 §3.1).
//!
//! ```text
//!  0                   1                   2                   3
//!  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//! +-------+-------+---------------+-------------------------------+
//! |version|  IHL  |traffic class  |         total length          |   IHL: the header, in words of 4
//! +-------+-------+---------------+-----+-------------------------+
//! |         identification        |0 D M|     fragment offset     |   offset: in units of 8
//! +---------------+---------------+-----+-------------------------+
//! |      TTL      |   protocol    |        header checksum        |
//! +---------------+---------------+-------------------------------+
//! |                            source                             |
//! +---------------------------------------------------------------+
//! |                          destination                          |
//! +---------------------------------------------------------------+
//! |             options, up to 40 octets, and padding             |
//! +---------------------------------------------------------------+
//! ```
//!
//! Three lengths speak of one packet: the IHL, the total length, and how many octets came. A parser
//! that believes one of them without the others reads what is not there: CVE-2020-11896 is that.

use std::net::Ipv4Addr;

use super::Protocol;
use crate::Malformed;
use crate::checksum::{Sum, checksum, update};
use crate::malformed::{promised, split};

/// Octets of a header without options.
pub const HEADER: usize = 20;
/// Octets that options can take: IHL has 4 bits, so a header is 60 octets at most.
pub const LONGEST_OPTIONS: usize = 40;
/// Octets of the longest packet.
pub const LONGEST_PACKET: usize = 65_535;
/// What every host must be able to receive, in octets, and what a sender that knows nothing of its
/// peer may send (RFC 791 §3.1, total length).
pub const SAFE_PACKET: usize = 576;
/// The hops that a packet is given (RFC 1122 §3.2.1.7 leaves the number to IANA, which says 64).
pub const DEFAULT_TTL: u8 = 64;

/// "Don't fragment", and "more fragments": bits of the word that has the fragment's offset.
const DONT_FRAGMENT: u16 = 0x4000;
const MORE_FRAGMENTS: u16 = 0x2000;
/// The offset's 13 bits, and its unit.
const OFFSET: u16 = 0x1fff;
const OFFSET_UNIT: u16 = 8;
/// Where the checksum stands, and the TTL that a router lowers.
const CHECKSUM_AT: usize = 10;
const TTL_AT: usize = 8;

/// Options of one octet (RFC 791 §3.1): the list ends; nothing.
const END_OF_OPTIONS: u8 = 0;
const NO_OPERATION: u8 = 1;

/// A header as a value. The lengths and the checksum are not in it: they follow from the rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// What the sender asks of routers, and what these say of their queues: six bits of
    /// differentiated services (RFC 2474) and two of congestion (RFC 3168).
    pub traffic_class: u8,
    /// The same in all fragments of a packet, and different in other packets (RFC 6864).
    pub identification: u16,
    /// Routers must not cut it: path MTU discovery (RFC 1191).
    pub dont_fragment: bool,
    /// It is not the last fragment.
    pub more_fragments: bool,
    /// Where the payload belongs in the whole one's, in octets: a multiple of eight.
    pub fragment_offset: u16,
    /// Hops that are left.
    pub ttl: u8,
    /// What the payload is.
    pub protocol: Protocol,
    /// Who sent it, or says so.
    pub source: Ipv4Addr,
    /// To whom it goes.
    pub destination: Ipv4Addr,
    /// What else the sender wanted to say. Mostly nothing.
    pub options: Options,
}

impl Header {
    /// A header for a whole packet that no router may cut, with all hops left.
    pub fn new(source: Ipv4Addr, destination: Ipv4Addr, protocol: Protocol) -> Self {
        Self {
            traffic_class: 0,
            identification: 0,
            dont_fragment: true,
            more_fragments: false,
            fragment_offset: 0,
            ttl: DEFAULT_TTL,
            protocol,
            source,
            destination,
            options: Options::default(),
        }
    }

    /// Reads a packet: its header and its payload. What stands behind the packet's own end, such
    /// as the padding of a short Ethernet frame, is left out.
    ///
    /// # Errors
    ///
    /// [`Malformed`], if a length contradicts another or an option overruns the header, and if the
    /// checksum is wrong, which RFC 1122 §3.2.1.2 has every host verify.
    #[inline]
    pub fn parse(packet: &[u8]) -> Result<(Self, &[u8]), Malformed> {
        let (header, payload) = Self::parse_unverified(packet)?;
        // The header's length was found right just now; a right header sums to all ones.
        let octets = &packet[..header.length()];
        if !Sum::default().add(octets).is_right() {
            let found = u16::from_be_bytes([octets[CHECKSUM_AT], octets[CHECKSUM_AT + 1]]);
            return Err(Malformed::Checksum { found });
        }
        Ok((header, payload))
    }

    /// The same without a look at the checksum: for a packet that an interface captured before the
    /// hardware computed it, or that an ICMP error quotes.
    ///
    /// # Errors
    ///
    /// Those of [`parse`](Self::parse), but for the checksum.
    #[inline]
    pub fn parse_unverified(packet: &[u8]) -> Result<(Self, &[u8]), Malformed> {
        let (fixed, _) = split::<HEADER>(packet, "IPv4 header")?;
        let length = usize::from(u16::from_be_bytes([fixed[2], fixed[3]]));
        let (header, options) = Self::read(fixed, packet)?;
        let least = HEADER + options.len();
        // The IHL first: it says what the least total length is.
        let (whole, _padding) = promised(packet, "total length", length, least)?;
        Ok((header, &whole[least..]))
    }

    /// The header alone, of a packet of which maybe only the beginning is there: an ICMP error
    /// quotes no more. Also, how long the header is, in octets.
    ///
    /// # Errors
    ///
    /// [`Malformed`], if the header itself is wrong or not all there.
    pub fn parse_truncated(packet: &[u8]) -> Result<(Self, &[u8]), Malformed> {
        let (fixed, _) = split::<HEADER>(packet, "IPv4 header")?;
        let (header, options) = Self::read(fixed, packet)?;
        Ok((header, &packet[HEADER + options.len()..]))
    }

    #[inline]
    fn read<'a>(fixed: &[u8; HEADER], packet: &'a [u8]) -> Result<(Self, &'a [u8]), Malformed> {
        if fixed[0] >> 4 != 4 {
            return Err(Malformed::Version(fixed[0] >> 4));
        }
        let length = usize::from(fixed[0] & 0x0f) * 4;
        let (header, _) = promised(packet, "header length", length, HEADER)?;
        let options = &header[HEADER..];
        let fragment = u16::from_be_bytes([fixed[6], fixed[7]]);
        let header = Self {
            traffic_class: fixed[1],
            identification: u16::from_be_bytes([fixed[4], fixed[5]]),
            dont_fragment: fragment & DONT_FRAGMENT != 0,
            more_fragments: fragment & MORE_FRAGMENTS != 0,
            fragment_offset: (fragment & OFFSET) * OFFSET_UNIT,
            ttl: fixed[TTL_AT],
            protocol: Protocol(fixed[9]),
            source: Ipv4Addr::new(fixed[12], fixed[13], fixed[14], fixed[15]),
            destination: Ipv4Addr::new(fixed[16], fixed[17], fixed[18], fixed[19]),
            options: Options::new(options)?,
        };
        Ok((header, options))
    }

    /// Octets of the header, options and their padding included.
    pub fn length(&self) -> usize {
        HEADER + self.options.octets().len()
    }

    /// Whether the payload is only a piece of what was sent.
    pub fn is_fragment(&self) -> bool {
        self.more_fragments || self.fragment_offset != 0
    }

    /// Appends the packet to `out`.
    ///
    /// # Panics
    ///
    /// If it would be longer than [`LONGEST_PACKET`].
    pub fn emit(&self, payload: &[u8], out: &mut Vec<u8>) {
        self.emit_header(payload.len(), out);
        out.extend_from_slice(payload);
    }

    /// Appends the header alone, for a payload of so many octets that will follow: who makes that
    /// in place need not copy it.
    ///
    /// # Panics
    ///
    /// If the packet would be longer than [`LONGEST_PACKET`], or the fragment's offset is no
    /// multiple of eight.
    #[inline]
    pub fn emit_header(&self, payload_length: usize, out: &mut Vec<u8>) {
        let options = self.options.octets();
        let length = u16::try_from(HEADER + options.len() + payload_length)
            .expect("an IPv4 packet has at most 65,535 octets");
        assert!(self.fragment_offset.is_multiple_of(OFFSET_UNIT), "fragments begin at eighths");
        let words = u8::try_from(options.len() / 4).expect("at most ten") + 5;
        let flag = |set, bit| if set { bit } else { 0 };
        let fragment = flag(self.dont_fragment, DONT_FRAGMENT)
            | flag(self.more_fragments, MORE_FRAGMENTS)
            | (self.fragment_offset / OFFSET_UNIT);
        let mut fixed = [0; HEADER];
        let mut put =
            |at: usize, octets: &[u8]| fixed[at..at + octets.len()].copy_from_slice(octets);
        put(0, &[4 << 4 | words, self.traffic_class]);
        put(2, &length.to_be_bytes());
        put(4, &self.identification.to_be_bytes());
        put(6, &fragment.to_be_bytes());
        put(TTL_AT, &[self.ttl, self.protocol.0]);
        put(12, &self.source.octets());
        put(16, &self.destination.octets());
        let start = out.len();
        out.extend_from_slice(&fixed);
        out.extend_from_slice(options);
        let sum = checksum(&out[start..]);
        out[start + CHECKSUM_AT..][..2].copy_from_slice(&sum.to_be_bytes());
    }
}

/// Takes one hop off a packet in place, as a router does, and mends its checksum (RFC 1624). False,
/// and nothing is changed, if there is none left: the packet must not be sent on, and its sender
/// is told Time Exceeded (RFC 1812 §5.3.1).
///
/// The packet is one that [`Header::parse`] accepts.
// ANCHOR: hop
#[must_use]
pub fn take_hop(packet: &mut [u8]) -> bool {
    let Some((header, _)) = packet.split_first_chunk_mut::<HEADER>() else { return false };
    if header[TTL_AT] <= 1 {
        return false;
    }
    // The checksum is over words: the TTL's word also has the protocol.
    let old = u16::from_be_bytes([header[TTL_AT], header[TTL_AT + 1]]);
    let sum = u16::from_be_bytes([header[CHECKSUM_AT], header[CHECKSUM_AT + 1]]);
    header[TTL_AT] -= 1;
    let new = u16::from_be_bytes([header[TTL_AT], header[TTL_AT + 1]]);
    header[CHECKSUM_AT..][..2].copy_from_slice(&update(sum, old, new).to_be_bytes());
    true
}
// ANCHOR_END: hop

/// A header's options, as they stand in it, padding included. They are well-formed: each ends within
/// the header. What they say is read by nobody here: hosts may ignore them (RFC 1122 §3.2.1.8),
/// and source routes are better dropped (RFC 7126 §4.3).
#[derive(Clone, Copy, PartialEq, Eq)]
// Aligned, so that a header is copied in large pieces.
#[repr(align(8))]
pub struct Options {
    octets: [u8; LONGEST_OPTIONS],
    length: u8,
}

impl Options {
    /// Takes options as they stand in a header, or will.
    ///
    /// # Errors
    ///
    /// [`Malformed`], if one overruns the end, or if they are more than a header can hold or no
    /// multiple of four octets.
    #[inline]
    pub fn new(octets: &[u8]) -> Result<Self, Malformed> {
        let mut options = Self::default();
        if octets.is_empty() {
            return Ok(options); // Nearly always so.
        }
        let Some(room) = options.octets.get_mut(..octets.len()) else {
            let (says, has) = (octets.len(), LONGEST_OPTIONS);
            return Err(Malformed::LengthTooLarge { field: "options", says, has });
        };
        if !octets.len().is_multiple_of(4) {
            let (says, least) = (octets.len(), octets.len().next_multiple_of(4));
            return Err(Malformed::LengthTooSmall { field: "options", says, least });
        }
        well_formed(octets)?;
        room.copy_from_slice(octets);
        options.length = u8::try_from(octets.len()).expect("at most 40");
        Ok(options)
    }

    /// The octets.
    pub fn octets(&self) -> &[u8] {
        &self.octets[..usize::from(self.length)]
    }
}

/// Walks over the options. A length of 0 would have a careless parser walk on the spot for ever.
fn well_formed(mut left: &[u8]) -> Result<(), Malformed> {
    while let [kind, rest @ ..] = left {
        left = match *kind {
            END_OF_OPTIONS => return Ok(()), // What follows is padding.
            NO_OPERATION => rest,
            kind => {
                let length = rest.first().copied();
                // The length counts the kind and itself.
                length
                    .filter(|length| *length >= 2)
                    .and_then(|length| left.get(usize::from(length)..))
                    .ok_or(Malformed::OptionLength { kind, length })?
            }
        };
    }
    Ok(())
}

impl Default for Options {
    fn default() -> Self {
        Self { octets: [0; LONGEST_OPTIONS], length: 0 }
    }
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:02x?}", self.octets())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
    const B: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 2);

    fn packet() -> Vec<u8> {
        let mut packet = Vec::new();
        Header::new(A, B, Protocol::UDP).emit(b"payload", &mut packet);
        packet
    }

    #[test]
    fn what_is_emitted_is_parsed() {
        let header = Header {
            traffic_class: 0xb8,
            identification: 0xbeef,
            dont_fragment: false,
            more_fragments: true,
            fragment_offset: 65_528,
            options: Options::new(&[0x94, 4, 0, 0]).unwrap(), // Router alert (RFC 2113).
            ..Header::new(A, B, Protocol::TCP)
        };
        let mut packet = Vec::new();
        header.emit(b"payload", &mut packet);
        packet.extend(b"padding of the frame");
        assert_eq!(Header::parse(&packet), Ok((header, &b"payload"[..])));
        assert!(header.is_fragment() && !Header::new(A, B, Protocol::TCP).is_fragment());
    }

    #[test]
    fn every_cut_is_noticed() {
        let packet = packet();
        for end in 0..packet.len() {
            assert!(Header::parse(&packet[..end]).is_err(), "cut at {end}");
        }
        assert!(Header::parse_truncated(&packet[..HEADER]).is_ok());
    }

    #[test]
    fn every_flipped_bit_of_the_header_is_noticed() {
        let packet = packet();
        for bit in 0..HEADER * 8 {
            let mut broken = packet.clone();
            broken[bit / 8] ^= 1 << (bit % 8);
            assert!(Header::parse(&broken).is_err(), "bit {bit}");
        }
    }

    #[test]
    fn options_end_within_the_header() {
        let refused = |octets: &[u8]| Options::new(octets).unwrap_err();
        let of = |kind, length| Malformed::OptionLength { kind, length };
        assert_eq!(refused(&[7, 0, 4, 0]), of(7, Some(0)));
        assert_eq!(refused(&[7, 1, 4, 0]), of(7, Some(1)));
        assert_eq!(refused(&[1, 1, 1, 7]), of(7, None));
        assert_eq!(refused(&[1, 7, 4, 0]), of(7, Some(4)));
        assert!(refused(&[1; 44]).to_string().contains("44"));
        assert!(refused(&[1; 3]).to_string().contains('3'));
        // Behind the end of the list, anything may stand.
        assert_eq!(Options::new(&[1, 0, 7, 0]).unwrap().octets(), [1, 0, 7, 0]);
    }

    #[test]
    fn a_hop_taken_leaves_a_right_checksum() {
        let mut packet = packet();
        for ttl in (1..DEFAULT_TTL).rev() {
            assert!(take_hop(&mut packet));
            assert_eq!(Header::parse(&packet).unwrap().0.ttl, ttl);
        }
        let last = packet.clone();
        assert!(!take_hop(&mut packet) && packet == last, "a packet with one hop stays here");
        assert!(!take_hop(&mut []));
    }
}
