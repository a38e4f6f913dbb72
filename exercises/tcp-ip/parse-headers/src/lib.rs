//! A packet, taken apart: the header of IPv4 (RFC 791 §3.1), in it that of TCP (RFC 9293 §3.1).
//!
//! ```text
//!  0               2               4               6               8
//! ┌───────┬───────┬───────────────┬───────────────┬───────────────┐
//! │ 4 IHL │       │ total length  │               │0DM frag.offset│
//! ├───────┼───────┼───────────────┼───────────────┴───────────────┤
//! │       │protoc.│   checksum    │            source             │   IHL: the header, in words
//! ├───────┴───────┴───────────────┼───────────────────────────────┤   of 4 octets
//! │          destination          │   options: up to 40 octets    │
//! ├───────────────┬───────────────┼───────────────────────────────┤
//! │  source port  │  destination  │        sequence number        │
//! ├───────────────┴───────────────┼───────┬───────┬───────────────┤
//! │     acknowledgment number     │offset │ flags │    window     │   offset: the upper 4 bits;
//! ├───────────────┬───────────────┼───────┴───────┴───────────────┤   the header, in words of 4
//! │   checksum    │    urgent     │   options: up to 40 octets    │
//! └───────────────┴───────────────┴───────────────────────────────┘
//! ```

use std::net::Ipv4Addr;

/// Octets of a header without options, of IPv4 and of TCP.
pub const HEADER: usize = 20;
/// The protocol number of TCP.
pub const TCP: u8 = 6;

/// An IPv4 packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ip<'a> {
    /// Who sent it.
    pub source: Ipv4Addr,
    /// To whom it goes.
    pub destination: Ipv4Addr,
    /// What the payload is.
    pub protocol: u8,
    /// What stands behind the header and its options, up to the packet's end.
    pub payload: &'a [u8],
}

/// A TCP segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tcp<'a> {
    /// The sender's port.
    pub source: u16,
    /// The receiver's port.
    pub destination: u16,
    /// The number of the payload's first octet.
    pub sequence: u32,
    /// The number that the sender expects next.
    pub acknowledgment: u32,
    /// CWR, ECE, URG, ACK, PSH, RST, SYN, FIN, from the upper bit down.
    pub flags: u8,
    /// How many octets the sender can take.
    pub window: u16,
    /// The option of kind 2, if it is there: the longest payload that the sender can take.
    pub mss: Option<u16>,
    /// The option of kind 3, if it is there: by how many bits windows are shifted.
    pub window_scale: Option<u8>,
    /// What stands behind the header and its options.
    pub payload: &'a [u8],
}

/// Why it is not a packet, or not one for us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Error {
    /// The version is this, and not 4.
    Version(u8),
    /// A header or the packet is shorter than it must be, or longer than what it is in.
    Length,
    /// The checksum is wrong.
    Checksum,
    /// It is only a piece of a packet.
    Fragment,
    /// The payload's protocol is this, and not TCP.
    Protocol(u8),
    /// An option has a length that it cannot have, or ends behind the header.
    Option,
}

/// Takes an IPv4 packet apart. `octets` may go on behind its end: a short Ethernet frame is padded.
///
/// # Errors
///
/// - [`Error::Length`] if there is no whole header, or header, total length and `octets` contradict
///   each other;
/// - [`Error::Version`], [`Error::Checksum`] (of the header), [`Error::Fragment`].
pub fn parse_ip(octets: &[u8]) -> Result<Ip<'_>, Error> {
    let _ = octets; // Yours to use; then this line can go.
    todo!("find out where the header and the packet end, before you go there")
}

/// Takes the TCP segment of a packet apart.
///
/// # Errors
///
/// - [`Error::Protocol`] if it is none;
/// - [`Error::Length`] if there is no whole header, or the data offset contradicts what is there;
/// - [`Error::Checksum`], which covers the pseudo-header, the header and the payload;
/// - [`Error::Option`] if an option ends behind the header, is shorter than its own two octets, or
///   is of kind 2 or 3 and has not the length of that. Of other kinds nothing is asked.
pub fn parse_tcp<'a>(ip: &Ip<'a>) -> Result<Tcp<'a>, Error> {
    let _ = ip; // Yours to use; then this line can go.
    todo!("the same again, and then the options")
}

/// The Internet checksum (RFC 1071) of pieces that stand one behind the other; all but the last are
/// of even length. With a right checksum among them, it is 0.
pub fn checksum(pieces: &[&[u8]]) -> u16 {
    let words = pieces.iter().flat_map(|piece| piece.chunks(2));
    let mut sum: u32 = words
        .map(|word| u32::from(word[0]) << 8 | word.get(1).map_or(0, |lower| u32::from(*lower)))
        .sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::try_from(sum).expect("no carries are left")
}
