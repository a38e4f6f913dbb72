use std::net::{Ipv4Addr, Ipv6Addr};

use capture::dissect::{table, tiles};

use super::*;
use crate::icmp::{self, Echo, Message, Unreachable};
use crate::ip::{self, v4, v6};
use crate::random::Random;
use crate::tcp::{Flags, Options, Seq, Timestamps};
use crate::{Malformed, udp};

const A: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 1);
const B: Ipv4Addr = Ipv4Addr::new(10, 77, 0, 2);
const V4: Pseudo = Pseudo::V4 { source: A, destination: B };
const V6: Pseudo = Pseudo::V6 { source: Ipv6Addr::LOCALHOST, destination: Ipv6Addr::LOCALHOST };

fn packet(protocol: Protocol, message: &[u8]) -> Vec<u8> {
    let mut packet = Vec::new();
    v4::Header::new(A, B, protocol).emit(message, &mut packet);
    packet
}

fn segment() -> Vec<u8> {
    let options = Options {
        mss: Some(1460),
        window_scale: Some(7),
        sack: [Seq(1)..Seq(2)].into_iter().collect(),
        timestamps: Some(Timestamps { value: 1, echo: 2 }),
        sack_permitted: true,
    };
    let header = crate::tcp::Header {
        source: 40_000,
        destination: 80,
        sequence: Seq(7),
        flags: Flags::SYN,
        options,
        ..Default::default()
    };
    let mut segment = Vec::new();
    header.emit(&V4, &[b"data"], &mut segment);
    segment
}

/// Packets with everything in them that we know.
fn examples() -> Vec<Vec<u8>> {
    let mut datagram = Vec::new();
    udp::Header { source: 40_000, destination: 9 }.emit(&V4, b"hello", &mut datagram);
    let tcp = packet(Protocol::TCP, &segment());
    let reason = Unreachable::Port;
    let mut error = Vec::new();
    icmp::errors::answer(
        &tcp,
        B.into(),
        |packet| Message::Unreachable { reason, packet },
        &mut error,
    );

    let options = v4::Options::new(&[0x94, 4, 0, 0, 7, 7, 4, 0, 0, 0, 0, 1]).unwrap();
    let header = v4::Header { options, ..v4::Header::new(A, B, Protocol::UDP) };
    let mut with_options = Vec::new();
    header.emit(&datagram, &mut with_options);

    let mut echo = Vec::new();
    let ping = Message::EchoRequest(Echo { identifier: 1, sequence: 2, data: b"ping" });
    ping.emit_v6(&V6, &mut echo);
    let chain = [43, 0, 1, 4, 0, 0, 0, 0, 44, 0, 4, 0, 0, 0, 0, 0, 58, 0, 0, 0, 0, 0, 0, 7];
    let outer = v6::Header::new(Ipv6Addr::LOCALHOST, Ipv6Addr::LOCALHOST, Protocol(0));
    let mut six = Vec::new();
    outer.emit(&[&chain[..], &echo].concat(), &mut six);
    vec![packet(Protocol::UDP, &datagram), tcp, error, with_options, six]
}

#[test]
fn fields_tile_whatever_comes() {
    let mut random = Random::announced();
    let links = [0, 1, 101, 108, 113, 276, 228, 7].map(LinkType::of).map(Link);
    for _ in 0..20_000 {
        let examples = examples();
        let mut message = examples[random.below(examples.len())].clone();
        for _ in 0..random.below(4) {
            let at = random.below(message.len());
            message[at] = [0, 1, 4, 0xff, !message[at]][random.below(5)];
        }
        message.truncate(random.below(message.len() + 1));
        let explained = Packet.explain(&message);
        assert_eq!(tiles(&explained.fields, message.len()), Ok(()), "{message:02x?}");
        for link in links {
            let prefix = random.octets(0..20);
            let frame = [&prefix, &[8, 0][..], &message].concat();
            assert_eq!(tiles(&link.explain(&frame).fields, frame.len()), Ok(()), "{frame:02x?}");
        }
    }
}

#[test]
fn what_the_parser_takes_is_what_the_dissector_finds_whole() {
    let mut random = Random::announced();
    let mut taken = 0;
    for number in 0..20_000 {
        let examples = examples();
        let mut message = examples[number % examples.len()].clone();
        for _ in 0..random.below(3) {
            let at = random.below(message.len());
            message[at] = [0, 1, 4, 0xff, message[at] ^ 1 << random.below(8)][random.below(5)];
        }
        if random.chance(0.2) {
            message.truncate(random.below(message.len() + 1));
        }
        let explained = Packet.explain(&message);
        let whole = explained.wrong.is_none() && explained.whole;
        let parsed = parses(&message);
        assert_eq!(
            whole,
            parsed.is_ok(),
            "{parsed:?}\n{}\n{explained:?}",
            table(&explained.fields)
        );
        taken += usize::from(whole);
    }
    assert!((2_000..18_000).contains(&taken), "{taken} of 20,000 are whole");
}

/// All the parsers one behind the other, but for checksums.
fn parses(packet: &[u8]) -> Result<(), Malformed> {
    let (protocol, message) = match packet.first() {
        Some(first) if first >> 4 == 4 => {
            let (header, payload) = v4::Header::parse_unverified(packet)?;
            if header.is_fragment() {
                return Ok(());
            }
            (header.protocol, payload)
        }
        _ => {
            let (ip::Header::V6(header), payload) = ip::parse(packet)? else { unreachable!() };
            let upper = v6::upper(header.next_header, payload)?;
            if upper.fragment.is_some() {
                return Ok(());
            }
            (upper.protocol, upper.payload)
        }
    };
    let short = |needs, has| Malformed::Short { what: "", needs, has };
    match protocol {
        Protocol::TCP => crate::tcp::Header::parse_unverified(message).map(drop),
        Protocol::UDP => udp::Header::parse_unverified(message).map(drop),
        Protocol::ICMP | Protocol::ICMPV6 if message.len() < 8 => Err(short(8, message.len())),
        _ => Ok(()),
    }
}

#[test]
fn a_packet_is_summed_up_and_every_part_has_its_name() {
    let explained = Packet.explain(&packet(Protocol::TCP, &segment()));
    assert_eq!(
        explained.summary,
        "10.77.0.1 → 10.77.0.2  TCP 40000 → 80  SYN  seq 7 ack 0, 4 octets"
    );
    let names: Vec<_> = explained.fields.iter().map(|field| field.name.as_str()).collect();
    assert_eq!(names, ["IPv4 header", "TCP header", "payload"]);
    let text = table(&explained.fields);
    for (name, value) in [
        ("don't fragment", "1"),
        ("maximum segment size", "1460"),
        ("window scale", "7"),
        ("timestamps", "1 2"),
        ("SYN", "1"),
    ] {
        // The columns' widths are not what this is about.
        let line = format!("{name} {value}");
        let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
        let found = text.lines().any(|text| words(text).contains(&line));
        assert!(found, "{name} {value} in\n{text}");
    }
    assert!(!text.contains("wrong"), "{text}");
}

#[test]
fn a_wrong_checksum_is_told_and_does_not_stop_anybody() {
    let mut broken = packet(Protocol::TCP, &segment());
    let last = broken.len() - 1;
    broken[last] ^= 1;
    let explained = Packet.explain(&broken);
    assert_eq!(explained.wrong, None);
    assert!(table(&explained.fields).contains("wrong, should be"));
}

#[test]
fn links_are_taken_off() {
    let ip = packet(Protocol::UDP, b"");
    let tagged = [&[0xff; 12][..], &[0x81, 0, 0x20, 7, 8, 0], &ip].concat();
    let cooked = [&[0; 14][..], &[8, 0], &ip].concat();
    let cooked_2 = [&[8, 0][..], &[0; 18], &ip].concat();
    for (number, frame) in [
        (1, &tagged),
        (113, &cooked),
        (276, &cooked_2),
        (0, &[&[2, 0, 0, 0], &ip[..]].concat()),
        (0, &[&[0, 0, 0, 2], &ip[..]].concat()),
        (108, &[&[0, 0, 0, 2], &ip[..]].concat()),
        (101, &ip),
    ] {
        let explained = Link(LinkType::of(number)).explain(frame);
        assert!(explained.summary.starts_with("10.77.0.1 → 10.77.0.2"), "{explained:?}");
    }
    assert!(table(&Link(LinkType::Ethernet).explain(&tagged).fields).contains("VLAN  "));
}
