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
    // answer: let _ = octets; // Yours to use; then this line can go.
    // answer: todo!("find out where the header and the packet end, before you go there")
    let fixed = octets.first_chunk::<HEADER>().ok_or(Error::Length)?;
    let version = fixed[0] >> 4;
    if version != 4 {
        return Err(Error::Version(version));
    }
    // Three lengths, and none is worth anything alone: each has to fit into the next.
    let header_length = usize::from(fixed[0] & 0x0f) * 4;
    let total_length = usize::from(word(fixed, 2));
    if header_length < HEADER || header_length > total_length || total_length > octets.len() {
        return Err(Error::Length);
    }
    let (header, payload) = octets[..total_length].split_at(header_length);
    if checksum(&[header]) != 0 {
        return Err(Error::Checksum);
    }
    // More fragments, or an offset: the payload's beginning or its end is in another packet.
    if word(fixed, 6) & 0x3fff != 0 {
        return Err(Error::Fragment);
    }
    Ok(Ip {
        source: Ipv4Addr::new(fixed[12], fixed[13], fixed[14], fixed[15]),
        destination: Ipv4Addr::new(fixed[16], fixed[17], fixed[18], fixed[19]),
        protocol: fixed[9],
        payload,
    })
    // end answer
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
    // answer: let _ = ip; // Yours to use; then this line can go.
    // answer: todo!("the same again, and then the options")
    if ip.protocol != TCP {
        return Err(Error::Protocol(ip.protocol));
    }
    let segment = ip.payload;
    let fixed = segment.first_chunk::<HEADER>().ok_or(Error::Length)?;
    let header_length = usize::from(fixed[12] >> 4) * 4;
    if header_length < HEADER || header_length > segment.len() {
        return Err(Error::Length);
    }
    let length = u16::try_from(segment.len()).map_err(|_| Error::Length)?.to_be_bytes();
    let (source, destination) = (ip.source.octets(), ip.destination.octets());
    if checksum(&[&source, &destination, &[0, TCP], &length, segment]) != 0 {
        return Err(Error::Checksum);
    }
    let (header, payload) = segment.split_at(header_length);
    let (mss, window_scale) = options(&header[HEADER..])?;
    Ok(Tcp {
        source: word(fixed, 0),
        destination: word(fixed, 2),
        sequence: u32::from(word(fixed, 4)) << 16 | u32::from(word(fixed, 6)),
        acknowledgment: u32::from(word(fixed, 8)) << 16 | u32::from(word(fixed, 10)),
        flags: fixed[13],
        window: word(fixed, 14),
        mss,
        window_scale,
        payload,
    })
    // end answer
}
// answer:

/// The options that somebody here wants to know: maximum segment size, and window scale.
fn options(mut left: &[u8]) -> Result<(Option<u16>, Option<u8>), Error> {
    let (mut mss, mut window_scale) = (None, None);
    while let [kind, rest @ ..] = left {
        match kind {
            0 => break,
            1 => left = rest,
            kind => {
                // The length counts the kind and itself: with 0 or 1 this would go on for ever.
                let length = *rest.first().filter(|length| **length >= 2).ok_or(Error::Option)?;
                let (option, behind) = left.split_at_checked(length.into()).ok_or(Error::Option)?;
                match (kind, &option[2..]) {
                    (2, [upper, lower]) => mss = Some(u16::from_be_bytes([*upper, *lower])),
                    (3, [shift]) => window_scale = Some(*shift),
                    (2 | 3, _) => return Err(Error::Option),
                    _ => {} // RFC 9293 §3.1, MUST-6: what nobody knows is skipped without error.
                }
                left = behind;
            }
        }
    }
    Ok((mss, window_scale))
}

/// The 16 bits at an offset, the upper octet first.
fn word(fixed: &[u8; HEADER], at: usize) -> u16 {
    u16::from_be_bytes([fixed[at], fixed[at + 1]])
}
// end answer

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
