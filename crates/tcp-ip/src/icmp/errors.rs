//! When an ICMP error may be sent, what it quotes, and what a quotation says.
//!
//! An error that answers an error would be answered for ever, and one that answers a broadcast comes
//! from everybody at once. So there is a list of packets that must go unanswered (RFC 1122
//! §3.2.2, RFC 4443 §2.4(e)), and [`quote`] keeps it. How often errors go out is for the
//! sender to limit (RFC 4443 §2.4(f)).

use std::net::IpAddr;

use super::Message;
use crate::ip::{self, Protocol, Pseudo, v4, v6};

/// What of an IPv4 packet an error quotes at most: with it, the error is as long as every host must
/// be able to receive (RFC 1812 §4.3.2.3).
const V4_QUOTE: usize = v4::SAFE_PACKET - v4::HEADER - super::HEADER;
/// The same for IPv6: the error must fit the least MTU (RFC 4443 §3.1).
const V6_QUOTE: usize = v6::LEAST_MTU - v6::HEADER - super::HEADER;

/// How much of a packet an ICMP error quotes, or none if it must not be answered with one: because
/// it is itself an error, or not the first fragment, or went to many, or comes from nobody.
///
/// `packet` is one that [`ip::parse`] accepts. (A Packet Too Big of IPv6 may answer
/// a multicast; this says no there, too.)
pub fn quote(packet: &[u8]) -> Option<&[u8]> {
    let (header, payload) = ip::parse(packet).ok()?;
    let to_many = match header.destination() {
        IpAddr::V4(address) => address.is_multicast() || address.is_broadcast(),
        IpAddr::V6(address) => address.is_multicast(),
    };
    if to_many || ip::never_a_source(header.source()) {
        return None;
    }
    let (is_error, most) = match header {
        ip::Header::V4(header) if header.fragment_offset != 0 => return None,
        ip::Header::V4(header) => {
            // RFC 1122 §3.2.2 speaks of ICMP errors; an unknown type might be one.
            let answerable = [0, 8, 13, 14];
            let icmp = header.protocol == Protocol::ICMP;
            let known = payload.first().is_some_and(|kind| answerable.contains(kind));
            (icmp && !known, V4_QUOTE)
        }
        ip::Header::V6(header) => {
            let upper = v6::upper(header.next_header, payload).ok();
            if upper.is_some_and(|u| u.fragment.is_some_and(|fragment| fragment.offset != 0)) {
                return None;
            }
            // RFC 4443 §2.1: errors are the types below 128.
            let error = |upper: v6::Upper<'_>| {
                upper.protocol == Protocol::ICMPV6
                    && upper.payload.first().is_none_or(|kind| *kind < 128)
            };
            (upper.is_some_and(error), V6_QUOTE)
        }
    };
    (!is_error).then(|| &packet[..packet.len().min(most)])
}

/// Whose packet an error is about: what a quotation must have, the headers and eight octets more
/// (RFC 792), which are just the ports and TCP's sequence number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quoted {
    /// Who sent the packet: we, unless somebody lies.
    pub source: IpAddr,
    /// To whom it went.
    pub destination: IpAddr,
    /// What it carried.
    pub protocol: Protocol,
    /// The sender's port, of UDP and TCP.
    pub source_port: u16,
    /// The receiver's port.
    pub destination_port: u16,
    /// The octets behind the ports: TCP's sequence number. Who cannot see our segments has to guess
    /// it, so an error about TCP is believed only if it is of octets on their way (RFC 5927 §4).
    pub sequence: u32,
}

impl Quoted {
    /// Reads a quotation; none if it is too short, broken, or of a later fragment.
    pub fn parse(packet: &[u8]) -> Option<Self> {
        let (source, destination, protocol, message): (IpAddr, IpAddr, _, _) =
            match packet.first()? >> 4 {
                4 => {
                    let (header, rest) = v4::Header::parse_truncated(packet).ok()?;
                    if header.fragment_offset != 0 {
                        return None;
                    }
                    (header.source.into(), header.destination.into(), header.protocol, rest)
                }
                6 => {
                    let (header, rest) = v6::Header::parse_truncated(packet).ok()?;
                    let upper = v6::upper(header.next_header, rest).ok()?;
                    if upper.fragment.is_some_and(|fragment| fragment.offset != 0) {
                        return None;
                    }
                    let (from, to) = (header.source.into(), header.destination.into());
                    (from, to, upper.protocol, upper.payload)
                }
                _ => return None,
            };
        let [a, b, c, d, sequence @ ..] = *message.first_chunk::<8>()?;
        Some(Self {
            source,
            destination,
            protocol,
            source_port: u16::from_be_bytes([a, b]),
            destination_port: u16::from_be_bytes([c, d]),
            sequence: u32::from_be_bytes(sequence),
        })
    }
}

/// Appends the error that answers `packet`, in an IP packet from `from` to the packet's source; false
/// if it must not be answered. `say` gets what the error is to quote.
///
/// ```
/// use tcp_ip::icmp::{Message, Unreachable, errors};
/// # use tcp_ip::ip::{Protocol, v4};
/// # let (peer, host) = ([10, 77, 0, 1].into(), [10, 77, 0, 2].into());
/// # let mut packet = Vec::new();
/// # v4::Header::new(peer, host, Protocol::UDP).emit(&[0; 8], &mut packet);
///
/// let mut answer = Vec::new();
/// let reason = Unreachable::Port;
/// assert!(errors::answer(&packet, host.into(), |packet| Message::Unreachable { reason, packet }, &mut answer));
/// ```
pub fn answer<'a>(
    packet: &'a [u8],
    from: IpAddr,
    say: impl FnOnce(&'a [u8]) -> Message<'a>,
    out: &mut Vec<u8>,
) -> bool {
    let (Some(quoted), Ok((header, _))) = (quote(packet), ip::parse(packet)) else { return false };
    emit(&say(quoted), from, header.source(), out)
}

/// Appends a message in an IP packet; false, and nothing is appended, if the addresses are of
/// different versions.
pub fn emit(message: &Message<'_>, from: IpAddr, to: IpAddr, out: &mut Vec<u8>) -> bool {
    let mut octets = Vec::new();
    match (from, to) {
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            message.emit_v4(&mut octets);
            v4::Header::new(from, to, Protocol::ICMP).emit(&octets, out);
        }
        (IpAddr::V6(from), IpAddr::V6(to)) => {
            let pseudo = Pseudo::V6 { source: from, destination: to };
            message.emit_v6(&pseudo, &mut octets);
            v6::Header::new(from, to, Protocol::ICMPV6).emit(&octets, out);
        }
        _ => return false,
    }
    true
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use super::*;
    use crate::icmp::{Echo, TimeExceeded, Unreachable};

    const PEER: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 1);
    const HOST: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 2);

    fn packet(header: v4::Header, payload: &[u8]) -> Vec<u8> {
        let mut packet = Vec::new();
        header.emit(payload, &mut packet);
        packet
    }

    #[test]
    fn what_must_go_unanswered_is_not_quoted() {
        let udp = v4::Header::new(PEER, HOST, Protocol::UDP);
        let answered = |header, payload: &[u8]| quote(&packet(header, payload)).is_some();
        assert!(answered(udp, b"datagram"));
        assert!(!answered(v4::Header { fragment_offset: 8, ..udp }, b"datagram"));
        assert!(!answered(v4::Header { destination: Ipv4Addr::BROADCAST, ..udp }, b"datagram"));
        assert!(!answered(v4::Header { destination: [224, 0, 0, 1].into(), ..udp }, b"datagram"));
        assert!(!answered(v4::Header { source: Ipv4Addr::UNSPECIFIED, ..udp }, b"datagram"));

        let icmp = v4::Header { protocol: Protocol::ICMP, ..udp };
        let mut octets = Vec::new();
        Message::EchoRequest(Echo { identifier: 1, sequence: 1, data: b"" }).emit_v4(&mut octets);
        assert!(answered(icmp, &octets));
        octets.clear();
        let reason = TimeExceeded::HopLimit;
        Message::TimeExceeded { reason, packet: b"" }.emit_v4(&mut octets);
        assert!(!answered(icmp, &octets), "an error about an error");
    }

    #[test]
    fn an_error_of_ipv6_is_not_answered_behind_extension_headers_either() {
        let of = |kind: u8| {
            let mut packet = Vec::new();
            let header = v6::Header::new(
                Ipv6Addr::LOCALHOST,
                Ipv6Addr::LOCALHOST,
                v6::extensions::DESTINATION_OPTIONS,
            );
            header.emit(&[58, 0, 1, 4, 0, 0, 0, 0, kind, 0, 0, 0, 0, 0, 0, 0], &mut packet);
            packet
        };
        assert!(quote(&of(1)).is_none() && quote(&of(128)).is_some());
    }

    #[test]
    fn a_quotation_says_whose_packet_it_was() {
        let header = v4::Header::new(HOST, PEER, Protocol::TCP);
        let segment = [0x9c, 0x40, 0, 80, 1, 2, 3, 4, 0, 0, 0, 0];
        let sent = packet(header, &segment);
        let mut answer_packet = Vec::new();
        let reason = Unreachable::Port;
        let say = |packet| Message::Unreachable { reason, packet };
        assert!(answer(&sent, PEER.into(), say, &mut answer_packet));
        let (_, octets) = v4::Header::parse(&answer_packet).unwrap();
        let Ok(Message::Unreachable { packet: quoted, .. }) = Message::parse_v4(octets) else {
            panic!("{octets:02x?}");
        };
        let quoted = Quoted::parse(quoted).unwrap();
        assert_eq!((quoted.source_port, quoted.destination_port), (40_000, 80));
        assert_eq!((quoted.protocol, quoted.sequence), (Protocol::TCP, 0x0102_0304));
        for end in 0..28 {
            assert_eq!(Quoted::parse(&sent[..end]), None, "cut at {end}");
        }
    }

    #[test]
    fn a_quotation_is_as_long_as_every_host_can_receive() {
        let sent = packet(v4::Header::new(PEER, HOST, Protocol::UDP), &[0; 1400]);
        let mut out = Vec::new();
        let reason = Unreachable::Host;
        assert!(answer(
            &sent,
            HOST.into(),
            |packet| Message::Unreachable { reason, packet },
            &mut out
        ));
        assert_eq!(out.len(), v4::SAFE_PACKET);
        assert!(!emit(
            &Message::TooBig { mtu: 0, packet: b"" },
            PEER.into(),
            Ipv6Addr::LOCALHOST.into(),
            &mut out
        ));
    }
}
