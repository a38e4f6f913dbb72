//! The headers between IPv6's own and the message (RFC 8200 §4).
//!
//! Each names the next one, so they are a list, and what reads it needs a bound:
//!
//! ```text
//!  IPv6, next 0 ─► hop-by-hop, next 44 ─► fragment, next 6 ─► TCP …
//!
//!  +---------------+---------------+-------------------------------+
//!  |  next header  |    length     | options, or what else it is …       in units of 8, without the first
//!  +---------------+---------------+-------------------------------+
//!  |  next header  |       0       |      offset / 8       | 0 0 |M|     a fragment header has
//!  +---------------+---------------+-------------------------------+     8 octets and no length
//!  |                        identification                         |
//!  +---------------------------------------------------------------+
//! ```
//!
//! IPsec's headers (AH and ESP) end the list here: to us, they are a protocol that nobody serves.

use crate::Malformed;
use crate::ip::Protocol;
use crate::malformed::{Answer, split};

/// Extension headers, by their protocol numbers.
pub const HOP_BY_HOP: Protocol = Protocol(0);
/// Which way the packet is to take.
pub const ROUTING: Protocol = Protocol(43);
/// A piece of a packet.
pub const FRAGMENT: Protocol = Protocol(44);
/// Nothing follows (RFC 8200 §4.7).
pub const NO_NEXT_HEADER: Protocol = Protocol(59);
/// For the destination's eyes only.
pub const DESTINATION_OPTIONS: Protocol = Protocol(60);

/// How many extension headers we read. RFC 8200 §4.1 recommends an order in which there are seven
/// places; RFC 8504 §5.3 lets a host have a limit, since a sender pays nothing for one more.
pub const MOST_HEADERS: usize = 8;

/// Options of hop-by-hop and destination headers (RFC 8200 §4.2): one octet of padding; more of it.
const PAD_1: u8 = 0;

/// Octets of a fragment header, and the unit of the other headers' lengths.
pub const FRAGMENT_HEADER: usize = 8;
const UNIT: usize = 8;

/// What a fragment header says (RFC 8200 §4.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fragment {
    /// The same in all fragments of a packet.
    pub identification: u32,
    /// Where the piece belongs in the whole, in octets: a multiple of eight.
    pub offset: u16,
    /// It is not the last one.
    pub more: bool,
}

impl Fragment {
    /// Appends the header to `out`; `next` is what the whole begins with.
    pub fn emit(&self, next: Protocol, out: &mut Vec<u8>) {
        let offset = (self.offset & !7) | u16::from(self.more);
        out.extend_from_slice(&[next.0, 0]);
        out.extend_from_slice(&offset.to_be_bytes());
        out.extend_from_slice(&self.identification.to_be_bytes());
    }

    fn parse(octets: &[u8; FRAGMENT_HEADER]) -> (Protocol, Self) {
        let [next, _, high, low, identification @ ..] = *octets;
        let offset = u16::from_be_bytes([high, low]);
        let identification = u32::from_be_bytes(identification);
        (Protocol(next), Self { identification, offset: offset & !7, more: offset & 1 == 1 })
    }
}

/// What stands behind the extension headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Upper<'a> {
    /// What the payload is; of a fragment, what the whole begins with.
    pub protocol: Protocol,
    /// If the payload is only a piece: which one.
    pub fragment: Option<Fragment>,
    /// The message, or a piece of it.
    pub payload: &'a [u8],
    /// Octets of the extension headers in front of it.
    pub offset: usize,
}

/// Reads the extension headers of a packet, from what the IPv6 header says comes next.
///
/// A fragment that is alone (offset 0, no more) is a whole packet and given as one (RFC 6946 §4). The
/// payload of any other fragment is to be reassembled, and may then begin with more headers:
/// that is a second call, in which a fragment is to be refused.
///
/// # Errors
///
/// [`Malformed`], if a header overruns the packet, stands where it may not, or asks to be dropped by
/// who does not know it; if there are more than [`MOST_HEADERS`]; and if a first fragment ends
/// before its last header does (RFC 8200 §4.5), behind which a filter could not look.
pub fn upper(next_header: Protocol, payload: &[u8]) -> Result<Upper<'_>, Malformed> {
    let mut upper = Upper { protocol: next_header, fragment: None, payload, offset: 0 };
    for number in 0..=MOST_HEADERS {
        let (next, length) = match upper.protocol {
            // RFC 8200 §4.1: only at once behind the IPv6 header.
            HOP_BY_HOP if number > 0 => break,
            HOP_BY_HOP | DESTINATION_OPTIONS => options(&upper)?,
            ROUTING => routing(&upper)?,
            FRAGMENT => {
                let (header, rest) = split::<FRAGMENT_HEADER>(upper.payload, "fragment header")?;
                let (next, fragment) = Fragment::parse(header);
                if fragment.more || fragment.offset != 0 {
                    let offset = upper.offset + FRAGMENT_HEADER;
                    if fragment.offset == 0 {
                        all_headers(next, rest, MOST_HEADERS - number)?;
                    }
                    let fragment = Some(fragment);
                    return Ok(Upper { protocol: next, fragment, payload: rest, offset });
                }
                (next, FRAGMENT_HEADER)
            }
            _ => return Ok(upper),
        };
        upper.protocol = next;
        upper.payload = &upper.payload[length..];
        upper.offset += length;
    }
    Err(Malformed::Extension { protocol: upper.protocol.0 })
}

/// One header with a length: the next one's number, the length in octets, and what is within.
fn sized<'a>(upper: &Upper<'a>) -> Result<(Protocol, usize, &'a [u8]), Malformed> {
    let what = "extension header";
    let ([next, units], _) = split::<2>(upper.payload, what)?;
    let needs = (usize::from(*units) + 1) * UNIT;
    let has = upper.payload.len();
    let whole = upper.payload.get(2..needs).ok_or(Malformed::Short { what, needs, has })?;
    Ok((Protocol(*next), needs, whole))
}

/// Walks over a header of options. We know none but padding, so each says itself what becomes of
/// the packet: the two upper bits of its type (RFC 8200 §4.2).
fn options(upper: &Upper<'_>) -> Result<(Protocol, usize), Malformed> {
    let (next, length, all) = sized(upper)?;
    let mut left = all;
    while let [kind, rest @ ..] = left {
        if *kind == PAD_1 {
            left = rest;
            continue;
        }
        let count = rest.first().copied();
        let behind = count.and_then(|count| rest.get(1 + usize::from(count)..));
        let answer = match kind >> 6 {
            0 => None,
            1 => Some(Answer::Silence),
            2 => Some(Answer::Always),
            _ => Some(Answer::UnlessMulticast),
        };
        if let Some(answer) = answer {
            let offset = upper.offset + length - left.len();
            return Err(Malformed::Unrecognized { kind: *kind, offset, answer });
        }
        left = behind.ok_or(Malformed::OptionLength { kind: *kind, length: count })?;
    }
    Ok((next, length))
}

/// A routing header is ignored if nothing is left to visit, else we would be a router (RFC 8200
/// §4.4). Type 0, which makes packets run in circles, is none that anybody knows (RFC 5095 §3).
fn routing(upper: &Upper<'_>) -> Result<(Protocol, usize), Malformed> {
    let (next, length, within) = sized(upper)?;
    let [kind, segments_left, ..] = within else { unreachable!("a header has 8 octets") };
    if *segments_left != 0 {
        let (offset, answer) = (upper.offset + 2, Answer::Always);
        return Err(Malformed::Unrecognized { kind: *kind, offset, answer });
    }
    Ok((next, length))
}

/// Whether the first fragment has all headers, the message's own included.
fn all_headers(next: Protocol, rest: &[u8], headers: usize) -> Result<(), Malformed> {
    let mut upper = Upper { protocol: next, fragment: None, payload: rest, offset: 0 };
    for _ in 0..=headers {
        let length = match upper.protocol {
            DESTINATION_OPTIONS | ROUTING => {
                let (next, length, _) = sized(&upper)?;
                upper.protocol = next;
                length
            }
            // A second fragment header within the first: nobody who means well does that.
            HOP_BY_HOP | FRAGMENT => break,
            protocol => {
                let needs = match protocol {
                    Protocol::TCP => crate::tcp::header::HEADER,
                    Protocol::UDP => crate::udp::HEADER,
                    Protocol::ICMPV6 => crate::icmp::HEADER,
                    _ => 0,
                };
                let (what, has) = ("first fragment", upper.payload.len());
                return if has < needs {
                    Err(Malformed::Short { what, needs, has })
                } else {
                    Ok(())
                };
            }
        };
        upper.payload = &upper.payload[length..];
    }
    Err(Malformed::Extension { protocol: upper.protocol.0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Options, padded with one option that must be skipped (type 0x1e, an experiment's).
    const SKIPPED: [u8; 8] = [17, 0, 0x1e, 4, 1, 2, 3, 4];

    fn chain(protocols: &[Protocol]) -> Vec<u8> {
        let mut octets = Vec::new();
        for next in protocols {
            octets.extend([next.0, 0, 0, 0, 0, 0, 0, 0]);
        }
        octets.extend(b"a datagram");
        octets
    }

    #[test]
    fn headers_are_walked_to_the_message() {
        let octets = chain(&[ROUTING, FRAGMENT, DESTINATION_OPTIONS, Protocol::UDP]);
        let upper = upper(HOP_BY_HOP, &octets).unwrap();
        assert_eq!((upper.protocol, upper.payload), (Protocol::UDP, &b"a datagram"[..]));
        assert_eq!((upper.fragment, upper.offset), (None, 32));
        assert_eq!(super::upper(DESTINATION_OPTIONS, &SKIPPED).unwrap().payload, b"");
    }

    #[test]
    fn the_walk_is_bounded_and_ordered() {
        let of = |n| chain(&vec![DESTINATION_OPTIONS; n]);
        let mut most = of(MOST_HEADERS);
        most[(MOST_HEADERS - 1) * 8] = Protocol::UDP.0;
        assert!(upper(DESTINATION_OPTIONS, &most).is_ok());
        for octets in [of(MOST_HEADERS + 1), chain(&[HOP_BY_HOP, Protocol::UDP])] {
            let refused = upper(DESTINATION_OPTIONS, &octets);
            assert!(matches!(refused, Err(Malformed::Extension { .. })), "{refused:?}");
        }
    }

    #[test]
    fn every_cut_is_noticed() {
        let octets = chain(&[FRAGMENT, DESTINATION_OPTIONS, Protocol::UDP]);
        for end in 0..24 {
            assert!(upper(HOP_BY_HOP, &octets[..end]).is_err(), "cut at {end}");
        }
    }

    #[test]
    fn an_unknown_option_says_what_becomes_of_the_packet() {
        for (kind, answer) in
            [(0x5e, Answer::Silence), (0x9e, Answer::Always), (0xde, Answer::UnlessMulticast)]
        {
            let octets = [17, 0, 0, kind, 3, 0, 0, 0];
            let want = Err(Malformed::Unrecognized { kind, offset: 3, answer });
            assert_eq!(upper(HOP_BY_HOP, &octets), want);
        }
        let overrun = [17, 0, 0x1e, 5, 0, 0, 0, 0];
        assert!(matches!(upper(HOP_BY_HOP, &overrun), Err(Malformed::OptionLength { .. })));
    }

    #[test]
    fn we_are_no_router() {
        let visits = [17, 0, 0, 1, 0, 0, 0, 0];
        assert!(matches!(upper(ROUTING, &visits), Err(Malformed::Unrecognized { offset: 2, .. })));
    }

    #[test]
    fn a_fragment_ends_the_walk() {
        let fragment = Fragment { identification: 7, offset: 1448, more: true };
        let mut octets = Vec::new();
        fragment.emit(Protocol::UDP, &mut octets);
        octets.extend(b"a piece");
        let piece = upper(FRAGMENT, &octets).unwrap();
        assert_eq!((piece.fragment, piece.payload), (Some(fragment), &b"a piece"[..]));

        // The first one must show what it is a fragment of.
        let first = Fragment { offset: 0, ..fragment };
        octets.clear();
        first.emit(DESTINATION_OPTIONS, &mut octets);
        octets.extend([17, 0, 0, 0, 0, 0, 0, 0]);
        octets.extend([0; 8]);
        assert!(upper(FRAGMENT, &octets).is_ok());
        for end in 0..octets.len() {
            assert!(upper(FRAGMENT, &octets[..end]).is_err(), "cut at {end}");
        }
    }
}
