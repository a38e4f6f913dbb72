//! Packets, right and broken.

use std::net::{Ipv4Addr, Ipv6Addr};

use tcp_ip::ip::{Protocol, Pseudo, v4, v6};
use tcp_ip::random::Random;
use tcp_ip::tcp::{self, Flags, Options, Seq, Timestamps};
use tcp_ip::{icmp, udp};

/// A right packet, of either version, of any protocol.
pub(crate) fn any_packet(random: &mut Random) -> Vec<u8> {
    let protocol = [Protocol::TCP, Protocol::UDP, Protocol::ICMP, Protocol(99)][random.below(4)];
    let numbers: [u8; 8] = random.next_u64().to_be_bytes();
    let [a, b, c, d, ..] = numbers;
    if random.chance(0.5) {
        let (source, destination) = (Ipv4Addr::new(10, a, b, c), Ipv4Addr::new(192, 0, 2, d));
        let message = any_message(protocol, &Pseudo::V4 { source, destination }, random);
        let options = [&[][..], &[1, 1, 1, 0], &[0x94, 4, 0, 0], &[7, 7, 4, 0, 0, 0, 0, 1]];
        let fragment = random.chance(0.1);
        let header = v4::Header {
            traffic_class: a,
            identification: u16::from_be_bytes([b, c]),
            dont_fragment: d & 1 == 1,
            more_fragments: fragment,
            fragment_offset: if fragment { u16::from(d) * 8 } else { 0 },
            ttl: b,
            options: v4::Options::new(options[random.below(4)]).unwrap(),
            ..v4::Header::new(source, destination, protocol)
        };
        let mut packet = Vec::new();
        header.emit(&message, &mut packet);
        return packet;
    }
    let protocol = if protocol == Protocol::ICMP { Protocol::ICMPV6 } else { protocol };
    let (source, destination) = (Ipv6Addr::LOCALHOST, Ipv6Addr::from_bits(u128::from(d) + 2));
    let message = any_message(protocol, &Pseudo::V6 { source, destination }, random);
    let (first, extensions) = any_extensions(protocol, random);
    let header = v6::Header {
        traffic_class: a,
        flow_label: u32::from_be_bytes([0, b & 15, c, d]),
        hop_limit: c,
        ..v6::Header::new(source, destination, first)
    };
    let mut packet = Vec::new();
    header.emit(&[extensions, message].concat(), &mut packet);
    packet
}

fn any_extensions(protocol: Protocol, random: &mut Random) -> (Protocol, Vec<u8>) {
    // With options of padding, a route with nothing left to visit, a fragment that is alone.
    let chain = [v6::extensions::HOP_BY_HOP, v6::extensions::ROUTING, v6::extensions::FRAGMENT];
    let mut chain: Vec<_> = chain.into_iter().filter(|_| random.chance(0.2)).collect();
    chain.push(protocol);
    let mut octets = Vec::new();
    for pair in chain.windows(2) {
        let [this, next] = [pair[0], pair[1]];
        match this {
            v6::extensions::ROUTING => octets.extend([next.0, 0, 4, 0, 0, 0, 0, 0]),
            v6::extensions::FRAGMENT => {
                let fragment = v6::Fragment { identification: 7, offset: 0, more: false };
                fragment.emit(next, &mut octets);
            }
            _ => octets.extend([next.0, 0, 1, 4, 0, 0, 0, 0]),
        }
    }
    (chain[0], octets)
}

fn any_message(protocol: Protocol, pseudo: &Pseudo, random: &mut Random) -> Vec<u8> {
    let payload = random.octets(0..100);
    let [a, b, c, d, e, f, g, h] = random.next_u64().to_be_bytes();
    let (word, long) = (u16::from_be_bytes([a, b]), u32::from_be_bytes([c, d, e, f]));
    let mut message = Vec::new();
    match protocol {
        Protocol::TCP => {
            let ranges = random.below(5);
            let options = Options {
                mss: (g & 1 == 1).then_some(word),
                window_scale: (g & 2 == 2).then_some(h),
                sack_permitted: g & 4 == 4,
                timestamps: (g & 8 == 8).then_some(Timestamps { value: long, echo: !long }),
                sack: (0..).take(ranges).map(|n| Seq(long + n)..Seq(n)).collect(),
            };
            let header = tcp::Header {
                source: word,
                destination: !word,
                sequence: Seq(long),
                acknowledgment: Seq(!long),
                flags: Flags(h),
                window: u16::from_be_bytes([g, h]),
                urgent: u16::from_be_bytes([a, h]),
                options,
            };
            header.emit(pseudo, &[&payload], &mut message);
        }
        Protocol::UDP => {
            let header = udp::Header { source: word, destination: !word };
            header.emit(pseudo, &payload, &mut message);
        }
        Protocol::ICMP => {
            let kinds = [0, 3, 8, 11, 12, h];
            let kind = kinds[random.below(kinds.len())];
            let rest = &payload;
            icmp::Message::Other { kind, code: g & 3, word: long, rest }.emit_v4(&mut message);
        }
        Protocol::ICMPV6 => {
            let kinds = [1, 2, 3, 4, 128, 129, h];
            let kind = kinds[random.below(kinds.len())];
            let other = icmp::Message::Other { kind, code: g & 3, word: long, rest: &payload };
            other.emit_v6(pseudo, &mut message);
        }
        _ => message.extend(payload),
    }
    message
}

/// Flips bits, sets octets, cuts, or adds: mostly in the headers, where it matters.
pub(crate) fn break_somewhere(packet: &mut Vec<u8>, random: &mut Random) {
    for _ in 0..=random.below(3) {
        let near = if random.chance(0.8) { packet.len().min(68) } else { packet.len() };
        if near == 0 {
            return;
        }
        let at = random.below(near);
        match random.below(5) {
            0 | 1 => packet[at] ^= 1 << random.below(8),
            2 => packet[at] = [0, 1, 2, 4, 10, 0x45, 0x7f, 0xff][random.below(8)],
            3 => packet.truncate(at),
            _ => packet.extend(random.octets(1..20)),
        }
        if random.chance(0.5) {
            mend(packet);
        }
    }
}

/// A broken header of IPv4 gets further with a right checksum.
fn mend(packet: &mut [u8]) {
    let Some(first) = packet.first() else { return };
    let length = usize::from(first & 15) * 4;
    if first >> 4 == 4 && length >= v4::HEADER && packet.len() >= length {
        packet[10..12].fill(0);
        let sum = tcp_ip::checksum::checksum(&packet[..length]);
        packet[10..12].copy_from_slice(&sum.to_be_bytes());
    }
}
