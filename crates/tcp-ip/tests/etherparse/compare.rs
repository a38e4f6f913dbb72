//! One packet, read by both.

use std::net::IpAddr;

use etherparse::checksum::Sum16BitWords;
use etherparse::icmpv4::DestUnreachableHeader;
use etherparse::{
    Icmpv4Slice, Icmpv4Type, Icmpv6Slice, Icmpv6Type, Ipv4HeaderSlice, Ipv4Slice, Ipv6Slice,
    TcpOptionElement, TcpOptionReadError, TcpOptionsIterator, TcpSlice, UdpSlice,
};
use tcp_ip::ip::{self, Protocol, Pseudo, v4, v6};
use tcp_ip::tcp::{self, Flags, Options, Seq, Timestamps};
use tcp_ip::{Malformed, icmp, udp};

/// Reads a packet with both, down to the last option; whether all of it is right.
pub(crate) fn compare(packet: &[u8]) -> bool {
    match packet.first().map(|first| first >> 4) {
        Some(4) => compare_v4(packet),
        Some(6) => compare_v6(packet),
        _ => {
            assert!(ip::parse(packet).is_err());
            false
        }
    }
}

/// Whether two checksums are the same: ones' complement has two zeros.
fn same(one: u16, other: u16) -> bool {
    one == other || [one, other].iter().all(|sum| matches!(sum, 0 | 0xffff))
}

fn compare_v4(packet: &[u8]) -> bool {
    let ours = v4::Header::parse_unverified(packet);
    // `Ipv4Slice` would also read IPsec's header, which is none of ours.
    let theirs = Ipv4HeaderSlice::from_slice(packet).ok().filter(|header| {
        let total = usize::from(header.total_len());
        (header.slice().len()..=packet.len()).contains(&total)
    });
    let (header, payload) = match (ours, theirs) {
        (Ok(ours), Some(_)) => ours,
        // etherparse does not look into the options.
        (Err(Malformed::OptionLength { .. }), _) | (Err(_), None) => return false,
        (ours, theirs) => panic!("{ours:?}, but {theirs:?}"),
    };
    let theirs = theirs.unwrap();
    assert_eq!(header.traffic_class, theirs.dcp().value() << 2 | theirs.ecn().value());
    assert_eq!(header.identification, theirs.identification());
    assert_eq!(header.dont_fragment, theirs.dont_fragment());
    assert_eq!(header.more_fragments, theirs.more_fragments());
    assert_eq!(header.fragment_offset, theirs.fragments_offset().byte_offset());
    assert_eq!((header.ttl, header.protocol.0), (theirs.ttl(), theirs.protocol().0));
    assert_eq!(header.source, theirs.source_addr());
    assert_eq!(header.destination, theirs.destination_addr());
    assert_eq!(header.options.octets(), theirs.options());
    assert_eq!(header.is_fragment(), theirs.is_fragmenting_payload());
    let end = usize::from(theirs.total_len());
    assert_eq!(payload, &packet[theirs.slice().len()..end]);

    // Theirs leaves out a reserved bit, which is 0 in a right header.
    let reserved = packet[6] & 0x80 != 0;
    let right = same(theirs.to_header().calc_header_checksum(), theirs.header_checksum());
    assert!(reserved || v4::Header::parse(packet).is_ok() == right);
    if !right || reserved || header.is_fragment() {
        return right && !reserved;
    }
    // If it can be reached by their whole reader too, then with the same result.
    if let Ok(theirs) = Ipv4Slice::from_slice(packet) {
        assert!(theirs.extensions().auth.is_some() || theirs.payload().payload == payload);
    }
    let ip = ip::Header::V4(header);
    compare_message(header.protocol, payload, &ip)
}

fn compare_v6(packet: &[u8]) -> bool {
    let Ok((header, payload)) = v6::Header::parse(packet) else {
        assert!(Ipv6Slice::from_slice(packet).is_err());
        return false;
    };
    if payload.is_empty() {
        return true; // To etherparse this may be a jumbogram, which we do not read.
    }
    let upper = match (v6::upper(header.next_header, payload), Ipv6Slice::from_slice(packet)) {
        (Ok(upper), Ok(theirs)) => {
            let outer = theirs.header();
            assert_eq!(header.traffic_class, outer.traffic_class());
            assert_eq!(header.flow_label, outer.flow_label().value());
            assert_eq!(header.next_header.0, outer.next_header().0);
            assert_eq!(header.hop_limit, outer.hop_limit());
            assert_eq!(header.source, outer.source_addr());
            assert_eq!(header.destination, outer.destination_addr());
            assert_eq!(upper.fragment.is_some(), theirs.is_payload_fragmented());
            // They read on behind a fragment's header, and IPsec's.
            let same = !theirs.is_payload_fragmented() && upper.protocol.0 != 51;
            assert!(!same || upper.protocol.0 == theirs.payload().ip_number.0);
            assert!(!same || upper.payload == theirs.payload().payload);
            upper
        }
        // They do not look into options and routes, and have no limit.
        (Err(Malformed::Unrecognized { .. } | Malformed::OptionLength { .. }), Ok(_)) => {
            return false;
        }
        (
            Err(Malformed::Extension { .. } | Malformed::Short { what: "first fragment", .. }),
            Ok(_),
        ) => {
            return false;
        }
        // What they read behind a fragment's header, or IPsec's, breaks off.
        (Ok(upper), Err(_)) if upper.fragment.is_some() || upper.protocol.0 == 51 => return true,
        (Err(_), Err(_)) => return false,
        (ours, theirs) => panic!("{ours:?}, but {theirs:?}"),
    };
    if upper.fragment.is_some() {
        return true;
    }
    compare_message(upper.protocol, upper.payload, &ip::Header::V6(header))
}

fn compare_message(protocol: Protocol, message: &[u8], ip: &ip::Header) -> bool {
    let pseudo = Pseudo::from(ip);
    match (protocol, ip) {
        (Protocol::TCP, _) => compare_tcp(message, ip, &pseudo),
        (Protocol::UDP, _) => compare_udp(message, ip, &pseudo),
        (Protocol::ICMP, ip::Header::V4(_)) => compare_icmp(message),
        (Protocol::ICMPV6, ip::Header::V6(ip)) => compare_icmp_v6(message, ip, &pseudo),
        _ => true,
    }
}

fn compare_icmp(message: &[u8]) -> bool {
    let ours = icmp::Message::parse_v4(message);
    let right = Sum16BitWords::new().add_slice(message).ones_complement() == 0;
    assert_eq!(ours.is_ok(), right && message.len() >= icmp::HEADER);
    let (Ok(ours), Ok(theirs)) = (ours, Icmpv4Slice::from_slice(message)) else {
        // They want a timestamp's length to be 20; we do not read timestamps.
        return right && matches!(message, [13 | 14, ..]);
    };
    match (ours, theirs.icmp_type()) {
        (icmp::Message::EchoRequest(ours), Icmpv4Type::EchoRequest(echo))
        | (icmp::Message::EchoReply(ours), Icmpv4Type::EchoReply(echo)) => {
            assert_eq!((ours.identifier, ours.sequence), (echo.id, echo.seq));
            assert_eq!(ours.data, theirs.payload());
        }
        (icmp::Message::TooBig { mtu, .. }, Icmpv4Type::DestinationUnreachable(reason)) => {
            let next_hop_mtu = u16::try_from(mtu).unwrap();
            assert_eq!(reason, DestUnreachableHeader::FragmentationNeeded { next_hop_mtu });
        }
        (icmp::Message::Unreachable { packet, .. }, Icmpv4Type::DestinationUnreachable(_))
        | (icmp::Message::TimeExceeded { packet, .. }, Icmpv4Type::TimeExceeded(_))
        | (icmp::Message::ParameterProblem { packet, .. }, Icmpv4Type::ParameterProblem(_)) => {
            assert_eq!(packet, theirs.payload());
        }
        // What they know and we do not, or codes that they do not know.
        (icmp::Message::Other { kind, code, .. }, _) => {
            assert_eq!((kind, code), (theirs.type_u8(), theirs.code_u8()));
        }
        (ours, Icmpv4Type::Unknown { type_u8, .. }) => {
            assert!(ours.is_error() && matches!(type_u8, 3 | 11 | 12), "{ours:?}");
        }
        (ours, theirs) => panic!("{ours:?}, but {theirs:?}"),
    }
    true
}

fn compare_icmp_v6(message: &[u8], ip: &v6::Header, pseudo: &Pseudo) -> bool {
    let ours = icmp::Message::parse_v6(message, pseudo);
    let Ok(theirs) = Icmpv6Slice::from_slice(message) else {
        assert!(ours.is_err());
        return false;
    };
    let (from, to) = (ip.source.octets(), ip.destination.octets());
    assert_eq!(ours.is_ok(), theirs.is_checksum_valid(from, to));
    let Ok(ours) = ours else { return false };
    match (ours, theirs.icmp_type()) {
        (icmp::Message::EchoRequest(ours), Icmpv6Type::EchoRequest(echo))
        | (icmp::Message::EchoReply(ours), Icmpv6Type::EchoReply(echo)) => {
            assert_eq!((ours.identifier, ours.sequence), (echo.id, echo.seq));
            assert_eq!(ours.data, theirs.payload());
        }
        (icmp::Message::TooBig { mtu: ours, .. }, Icmpv6Type::PacketTooBig { mtu }) => {
            assert_eq!(ours, mtu);
        }
        (icmp::Message::ParameterProblem { pointer, .. }, Icmpv6Type::ParameterProblem(theirs)) => {
            assert_eq!(pointer, theirs.pointer);
        }
        (icmp::Message::Unreachable { packet, .. }, Icmpv6Type::DestinationUnreachable(_))
        | (icmp::Message::TimeExceeded { packet, .. }, Icmpv6Type::TimeExceeded(_)) => {
            assert_eq!(packet, theirs.payload());
        }
        // What they know and we do not, or codes that they do not know.
        (icmp::Message::Other { kind, code, .. }, _) => {
            assert_eq!((kind, code), (theirs.type_u8(), theirs.code_u8()));
        }
        (ours, Icmpv6Type::Unknown { type_u8, .. }) => {
            assert!(ours.is_error() && matches!(type_u8, 1..=4), "{ours:?}");
        }
        (ours, theirs) => panic!("{ours:?}, but {theirs:?}"),
    }
    true
}

fn compare_udp(message: &[u8], ip: &ip::Header, pseudo: &Pseudo) -> bool {
    let ours = udp::Header::parse_unverified(message);
    let theirs = UdpSlice::from_slice(message);
    let (header, payload, theirs) = match (ours, theirs) {
        (Ok((header, payload)), Ok(theirs)) => (header, payload, theirs),
        // To etherparse, a length of 0 means: as much as there is (RFC 2675).
        (Err(Malformed::LengthTooSmall { says: 0, .. }), Ok(_)) => return false,
        (Err(_), Err(_)) => return false,
        (ours, theirs) => panic!("{ours:?}, but {theirs:?}"),
    };
    assert_eq!(
        (header.source, header.destination),
        (theirs.source_port(), theirs.destination_port())
    );
    assert_eq!(payload, theirs.payload());
    let sum = match (ip.source(), ip.destination()) {
        (IpAddr::V4(from), IpAddr::V4(to)) => {
            theirs.to_header().calc_checksum_ipv4_raw(from.octets(), to.octets(), payload)
        }
        (IpAddr::V6(from), IpAddr::V6(to)) => {
            theirs.to_header().calc_checksum_ipv6_raw(from.octets(), to.octets(), payload)
        }
        _ => unreachable!("a header has addresses of one version"),
    };
    let absent = theirs.checksum() == 0 && matches!(ip, ip::Header::V4(_));
    let right = absent || (theirs.checksum() != 0 && sum.unwrap() == theirs.checksum());
    assert_eq!(udp::Header::parse(message, pseudo).is_ok(), right);
    right
}

fn compare_tcp(message: &[u8], ip: &ip::Header, pseudo: &Pseudo) -> bool {
    let ours = tcp::Header::parse_unverified(message);
    let (theirs, options) = match TcpSlice::from_slice(message) {
        Ok(theirs) => (theirs.clone(), their_options(theirs.options())),
        Err(_) => {
            assert!(ours.is_err());
            return false;
        }
    };
    assert_eq!(ours.as_ref().ok().map(|(header, _)| header.options), options);
    let Ok((header, payload)) = ours else { return false };
    let (from, to) = (theirs.source_port(), theirs.destination_port());
    assert_eq!((header.source, header.destination), (from, to));
    assert_eq!(header.sequence.0, theirs.sequence_number());
    assert_eq!(header.acknowledgment.0, theirs.acknowledgment_number());
    assert_eq!((header.window, header.urgent), (theirs.window_size(), theirs.urgent_pointer()));
    for (flag, set) in [
        (Flags::FIN, theirs.fin()),
        (Flags::SYN, theirs.syn()),
        (Flags::RST, theirs.rst()),
        (Flags::PSH, theirs.psh()),
        (Flags::ACK, theirs.ack()),
        (Flags::URG, theirs.urg()),
        (Flags::ECE, theirs.ece()),
        (Flags::CWR, theirs.cwr()),
    ] {
        assert_eq!(header.flags.contains(flag), set, "{flag}");
    }
    assert_eq!(payload, theirs.payload());
    let sum = match (ip.source(), ip.destination()) {
        (IpAddr::V4(from), IpAddr::V4(to)) => theirs.calc_checksum_ipv4(from.octets(), to.octets()),
        (IpAddr::V6(from), IpAddr::V6(to)) => theirs.calc_checksum_ipv6(from.octets(), to.octets()),
        _ => unreachable!("a header has addresses of one version"),
    };
    let right = same(sum.unwrap(), theirs.checksum());
    assert_eq!(tcp::Header::parse(message, pseudo).is_ok(), right);
    right
}

/// The options as etherparse reads them; none if it finds one broken. It gives up at an option that it
/// does not know, which RFC 9293 §3.1 (MUST-6) has us skip: here it is helped over it.
fn their_options(mut left: &[u8]) -> Option<Options> {
    let mut options = Options::default();
    loop {
        let mut iterator = TcpOptionsIterator::from_slice(left);
        let element = match iterator.next() {
            None => return Some(options),
            Some(Ok(element)) => element,
            Some(Err(TcpOptionReadError::UnknownId(_))) => {
                let length = usize::from(*left.get(1)?);
                left = left.get(length..).filter(|_| length >= 2)?;
                continue;
            }
            Some(Err(_)) => return None,
        };
        left = iterator.rest();
        match element {
            TcpOptionElement::Noop => {}
            TcpOptionElement::MaximumSegmentSize(size) => options.mss = Some(size),
            TcpOptionElement::WindowScale(shift) => options.window_scale = Some(shift),
            TcpOptionElement::SelectiveAcknowledgementPermitted => options.sack_permitted = true,
            TcpOptionElement::SelectiveAcknowledgement(first, others) => {
                let ranges = [Some(first)].into_iter().chain(others).flatten();
                options.sack = ranges.map(|(start, end)| Seq(start)..Seq(end)).collect();
            }
            TcpOptionElement::Timestamp(value, echo) => {
                options.timestamps = Some(Timestamps { value, echo });
            }
        }
    }
}
