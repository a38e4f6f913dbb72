//! IP packets with UDP datagrams and TCP segments.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// Protocol numbers of IANA.
const TCP: u8 = 6;
const UDP: u8 = 17;

/// Octets of the headers, without options.
const IPV4_HEADER: usize = 20;
const TCP_HEADER: usize = 20;
const UDP_HEADER: usize = 8;

/// Hops left, as Linux sends.
const HOPS: u8 = 64;

/// TCP's flags: RFC 9293 §3.1.
pub(super) const FIN: u8 = 0x01;
pub(super) const SYN: u8 = 0x02;
pub(super) const RST: u8 = 0x04;
pub(super) const PSH: u8 = 0x08;
pub(super) const ACK: u8 = 0x10;

/// A packet of the file.
pub(super) struct Packet {
    pub(super) at: Duration,
    pub(super) bytes: Vec<u8>,
    pub(super) comment: String,
}

/// The longest payload of a UDP datagram between these addresses: a length of 16 bits counts the
/// UDP header, and in IPv4 the IP header too.
pub(super) fn longest_datagram(address: &SocketAddr) -> usize {
    let most = usize::from(u16::MAX) - UDP_HEADER;
    if address.is_ipv4() { most - IPV4_HEADER } else { most }
}

/// A datagram (RFC 768) in its IP packet. `data` is no longer than [`longest_datagram`].
pub(super) fn udp(from: SocketAddr, to: SocketAddr, id: u16, data: &[u8]) -> Vec<u8> {
    let mut datagram = Vec::with_capacity(UDP_HEADER + data.len());
    datagram.extend(from.port().to_be_bytes());
    datagram.extend(to.port().to_be_bytes());
    datagram.extend(length(UDP_HEADER + data.len()));
    datagram.extend([0, 0]);
    datagram.extend(data);
    let sum = match checksum(&[&pseudo_header(from.ip(), to.ip(), UDP, &datagram), &datagram]) {
        // RFC 768: a sum of zero is sent as all ones, since zero says that there is none.
        0 => 0xffff,
        sum => sum,
    };
    datagram[6..8].copy_from_slice(&sum.to_be_bytes());
    ip(from.ip(), to.ip(), UDP, id, &datagram)
}

/// A TCP segment.
pub(super) struct Segment<'a> {
    pub(super) sequence: u32,
    pub(super) acknowledgment: u32,
    pub(super) flags: u8,
    /// Whole words of four octets.
    pub(super) options: &'a [u8],
    pub(super) data: &'a [u8],
}

/// The window that every segment offers.
pub(super) const WINDOW: u16 = u16::MAX;

/// A segment (RFC 9293 §3.1) in its IP packet.
pub(super) fn tcp(from: SocketAddr, to: SocketAddr, id: u16, segment: &Segment<'_>) -> Vec<u8> {
    let Segment { sequence, acknowledgment, flags, options, data } = segment;
    let header = TCP_HEADER + options.len();
    let mut octets = Vec::with_capacity(header + data.len());
    octets.extend(from.port().to_be_bytes());
    octets.extend(to.port().to_be_bytes());
    octets.extend(sequence.to_be_bytes());
    octets.extend(acknowledgment.to_be_bytes());
    // The header's length in words of four octets, in the upper half of an octet.
    let words = u8::try_from(header / 4).expect("at most 60 octets");
    octets.extend([words << 4, *flags]);
    octets.extend(WINDOW.to_be_bytes());
    octets.extend([0, 0, 0, 0]); // The checksum, and no urgent pointer.
    octets.extend(*options);
    octets.extend(*data);
    let sum = checksum(&[&pseudo_header(from.ip(), to.ip(), TCP, &octets), &octets]);
    octets[16..18].copy_from_slice(&sum.to_be_bytes());
    ip(from.ip(), to.ip(), TCP, id, &octets)
}

/// An IPv4 (RFC 791 §3.1) or IPv6 (RFC 8200 §3) packet.
fn ip(from: IpAddr, to: IpAddr, protocol: u8, id: u16, payload: &[u8]) -> Vec<u8> {
    let mut packet = Vec::with_capacity(40 + payload.len());
    match (from, to) {
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            packet.extend([0x45, 0]); // Version 4, a header of five words.
            packet.extend(length(IPV4_HEADER + payload.len()));
            packet.extend(id.to_be_bytes());
            packet.extend([0x40, 0]); // Don't fragment.
            packet.extend([HOPS, protocol, 0, 0]);
            packet.extend(from.octets());
            packet.extend(to.octets());
            let sum = checksum(&[&packet]);
            packet[10..12].copy_from_slice(&sum.to_be_bytes());
        }
        _ => {
            packet.extend([0x60, 0, 0, 0]); // Version 6; no traffic class, no flow label.
            packet.extend(length(payload.len()));
            packet.extend([protocol, HOPS]);
            packet.extend(as_v6(from));
            packet.extend(as_v6(to));
        }
    }
    packet.extend(payload);
    packet
}

/// What the checksum of TCP and UDP covers besides the segment: RFC 9293 §3.1, RFC 8200 §8.1.
fn pseudo_header(from: IpAddr, to: IpAddr, protocol: u8, payload: &[u8]) -> Vec<u8> {
    let mut header = Vec::with_capacity(40);
    match (from, to) {
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            header.extend(from.octets());
            header.extend(to.octets());
            header.extend([0, protocol]);
        }
        _ => {
            header.extend(as_v6(from));
            header.extend(as_v6(to));
            // The length has 32 bits here, of which a packet needs the lower 16; three zeros.
            header.extend([0, 0, 0, 0, 0, protocol]);
        }
    }
    header.extend(length(payload.len()));
    header
}

fn as_v6(address: IpAddr) -> [u8; 16] {
    match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped().octets(),
        IpAddr::V6(v6) => v6.octets(),
    }
}

fn length(octets: usize) -> [u8; 2] {
    u16::try_from(octets).expect("data is cut to what a packet holds").to_be_bytes()
}

/// The Internet checksum (RFC 1071): the one's complement of the one's complement sum of 16-bit
/// words. All parts but the last are of even length.
fn checksum(parts: &[&[u8]]) -> u16 {
    let mut sum: u32 = 0;
    for part in parts {
        for word in part.chunks(2) {
            let low = word.get(1).copied().unwrap_or(0);
            sum += u32::from(u16::from_be_bytes([word[0], low]));
        }
    }
    // Some 33,000 words of 16 bits: the carries fit above them, and come back in.
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::try_from(sum).expect("folded to 16 bits")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 1071 §3: these words sum to ddf2.
    #[test]
    fn the_checksum_of_the_rfc() {
        assert_eq!(checksum(&[&[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]]), !0xddf2);
        assert_eq!(checksum(&[&[0x00, 0x01], &[0xf2]]), !0xf201);
        assert_eq!(checksum(&[&[0xff; 70_000]]), 0);
    }

    #[test]
    fn the_longest_datagram_fits() {
        for address in ["127.0.0.1:1", "[::1]:1"] {
            let address = address.parse().unwrap();
            let data = vec![0; longest_datagram(&address)];
            let headers = if address.is_ipv4() { 28 } else { 48 };
            assert_eq!(udp(address, address, 0, &data).len(), data.len() + headers);
        }
    }
}
