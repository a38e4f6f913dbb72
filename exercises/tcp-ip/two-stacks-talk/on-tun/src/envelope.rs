//! Between the kernel's packets and yours.
//!
//! ```text
//!   the kernel's   IP header │ ports, numbers, …, checksum │ options │ octets
//!   yours                      0 7 0 7, numbers, …, checksum         │ octets
//! ```
//!
//! A checksum covers what changes here: ports, options, and the addresses in the pseudo-header. It is
//! not made anew, or each damaged packet would become a right one. It is moved (RFC 1624): what summed to
//! all ones does so again, and what did not does not. So to find the damage is still your task.

use std::net::{Ipv4Addr, SocketAddrV4};

use tcp_ip::checksum::{Sum, checksum};
use tcp_ip::ip::{Protocol, Pseudo, v4};
use tcp_ip::tcp::header::HEADER;
use tcp_ip::tcp::{Header, Segment};

/// The longest segment that an IP packet has room for.
const LONGEST: usize = v4::LONGEST_PACKET - v4::HEADER;

/// A segment of the kernel's.
pub(crate) struct Arrived<'a> {
    /// Who sent it.
    pub(crate) peer: SocketAddrV4,
    /// What it says, if that can be believed.
    pub(crate) segment: Segment<'a>,
    /// Whether it can: its checksum is right.
    pub(crate) whole: bool,
    /// The packet that your `Stack` takes: no options, no addresses, damaged if this was.
    pub(crate) packet: Vec<u8>,
}

/// Takes a segment out of an IP packet; `None` if there is none in it, or it is not for us.
pub(crate) fn open(packet: &[u8], ours: Ipv4Addr) -> Option<Arrived<'_>> {
    let (ip, segment) = v4::Header::parse(packet).ok()?;
    if ip.protocol != Protocol::TCP || ip.destination != ours || ip.is_fragment() {
        return None;
    }
    let (header, octets) = Header::parse_unverified(segment).ok()?;
    let pseudo = Pseudo::V4 { source: ip.source, destination: ip.destination };
    let mut sum = pseudo.sum(Protocol::TCP, segment.len());
    sum.add(segment);

    let mut packet = segment[..HEADER].to_vec();
    packet[..4].copy_from_slice(&[0, 7, 0, 7]);
    packet[12] = 5 << 4;
    packet.extend_from_slice(octets);
    sum_to(&mut packet, !sum.checksum());
    Some(Arrived {
        peer: SocketAddrV4::new(ip.source, header.source),
        segment: Segment::new(header, octets),
        whole: sum.is_right(),
        packet,
    })
}

/// Puts a packet of yours into an IP packet; `None` if it is no segment.
pub(crate) fn close(packet: &[u8], ours: SocketAddrV4, peer: SocketAddrV4) -> Option<Vec<u8>> {
    if !(HEADER..=LONGEST).contains(&packet.len()) {
        return None;
    }
    let mut segment = packet.to_vec();
    segment[..2].copy_from_slice(&ours.port().to_be_bytes());
    segment[2..4].copy_from_slice(&peer.port().to_be_bytes());
    let pseudo = Pseudo::V4 { source: *ours.ip(), destination: *peer.ip() };
    let pseudo = !pseudo.sum(Protocol::TCP, segment.len()).checksum();
    sum_to(&mut segment, less(!checksum(packet), pseudo));
    Some(in_ip(&segment, ours, peer))
}

/// A segment that this program sends itself, in its IP packet: a SYN, ACK or an RST.
pub(crate) fn own(header: &Header, ours: Ipv4Addr, peer: SocketAddrV4) -> Vec<u8> {
    let pseudo = Pseudo::V4 { source: ours, destination: *peer.ip() };
    let mut segment = Vec::new();
    header.emit(&pseudo, &[], &mut segment);
    in_ip(&segment, SocketAddrV4::new(ours, header.source), peer)
}

fn in_ip(segment: &[u8], ours: SocketAddrV4, peer: SocketAddrV4) -> Vec<u8> {
    let mut packet = Vec::with_capacity(v4::HEADER + segment.len());
    v4::Header::new(*ours.ip(), *peer.ip(), Protocol::TCP).emit(segment, &mut packet);
    packet
}

/// Writes the checksum with which this segment sums up to `sum`.
fn sum_to(segment: &mut [u8], sum: u16) {
    segment[16..18].fill(0);
    let word = less(sum, !checksum(segment));
    segment[16..18].copy_from_slice(&word.to_be_bytes());
}

/// Subtraction in ones' complement: the complement is what takes a word off.
fn less(sum: u16, word: u16) -> u16 {
    !Sum::default().add_word(sum).add_word(!word).checksum()
}

#[cfg(test)]
mod tests {
    use tcp_ip::tcp::{Flags, Options, Seq};

    use super::*;

    const OURS: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(10, 77, 0, 2), 80);
    const PEER: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(10, 77, 0, 1), 40_000);

    /// A segment of the kernel's, with an option and an odd number of octets.
    fn theirs() -> Vec<u8> {
        let header = Header {
            source: PEER.port(),
            destination: OURS.port(),
            sequence: Seq(0xffff_fff0),
            acknowledgment: Seq(77),
            flags: Flags::ACK | Flags::FIN,
            window: 501,
            options: Options { mss: Some(1460), ..Options::default() },
            ..Header::default()
        };
        let pseudo = Pseudo::V4 { source: *PEER.ip(), destination: *OURS.ip() };
        let mut segment = Vec::new();
        header.emit(&pseudo, &[b"odd"], &mut segment);
        in_ip(&segment, PEER, OURS)
    }

    #[test]
    fn a_right_one_is_right_for_you_and_back_again() {
        let packet = theirs();
        let arrived = open(&packet, *OURS.ip()).unwrap();
        assert!(arrived.whole && arrived.peer == PEER);
        assert_eq!((checksum(&arrived.packet), &arrived.packet[20..]), (0, &b"odd"[..]));

        let reply = close(&arrived.packet, PEER, OURS).unwrap();
        let again = open(&reply, *OURS.ip()).unwrap();
        assert!(again.whole);
        assert_eq!(again.packet, arrived.packet);
    }

    #[test]
    fn a_damaged_one_stays_damaged_both_ways() {
        let packet = theirs();
        for bit in v4::HEADER * 8..packet.len() * 8 {
            let mut broken = packet.clone();
            broken[bit / 8] ^= 1 << (bit % 8);
            // A header that cannot be read any more is nobody's.
            let Some(arrived) = open(&broken, *OURS.ip()) else { continue };
            assert!(!arrived.whole && checksum(&arrived.packet) != 0, "bit {bit}");
            let reply = close(&arrived.packet, PEER, OURS).unwrap();
            assert!(!open(&reply, *OURS.ip()).unwrap().whole, "bit {bit}, on the way back");
        }
    }

    #[test]
    fn what_is_for_others_is_left_alone() {
        let packet = theirs();
        assert!(open(&packet, *PEER.ip()).is_none());
        assert!(open(&packet[..30], *OURS.ip()).is_none());
        assert!(close(&[0; HEADER - 1], OURS, PEER).is_none());
    }
}
