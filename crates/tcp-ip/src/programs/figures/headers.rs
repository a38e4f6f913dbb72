//! The headers, octet by octet.

use std::net::{Ipv4Addr, Ipv6Addr};

use anyhow::{Context, Result, ensure};
use capture::dissect::{Dissector, Field, tiles};
use capture::figure;
use tcp_ip::dissectors::Packet;
use tcp_ip::icmp::{Echo, Message};
use tcp_ip::ip::fragment::cut;
use tcp_ip::ip::{Protocol, Pseudo, v4, v6};
use tcp_ip::tcp::{Flags, Header, Options, Seq, Timestamps};
use tcp_ip::udp;

use super::Drawing;
use crate::programs::tour::first_packet;

pub(super) const ALL: [Drawing; 7] = [
    ("ipv4", ipv4),
    ("ipv6", ipv6),
    ("echo", echo),
    ("udp", datagram),
    ("syn", syn),
    ("sack", sack),
    ("fragment", fragment),
];

const CLIENT: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const SERVER: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 2);

/// A packet's octets with the fields that its dissector names; a wrong checksum is an error.
fn drawn(id: &str, packet: &[u8], caption: &str) -> Result<String> {
    html(id, packet, &dissected(packet)?, caption)
}

/// The same with its IP header as one field: for figures that are about what comes behind it.
fn drawn_behind_ip(id: &str, packet: &[u8], caption: &str) -> Result<String> {
    let mut fields = dissected(packet)?;
    let header = fields.first_mut().context("an IP header")?;
    header.children.clear();
    header.meaning = "taken apart on the page before".to_owned();
    html(id, packet, &fields, caption)
}

fn dissected(packet: &[u8]) -> Result<Vec<Field>> {
    let fields = Packet.dissect(packet).context("the packet of a figure")?;
    tiles(&fields, packet.len()).context("the fields of a figure")?;
    Ok(fields)
}

fn html(id: &str, packet: &[u8], fields: &[Field], caption: &str) -> Result<String> {
    let options = figure::Options {
        id: format!("bytes-{id}"),
        caption: caption.to_owned(),
        ..figure::Options::default()
    };
    Ok(figure::html(packet, fields, &options))
}

fn v4_packet(protocol: Protocol, payload: &[u8]) -> Vec<u8> {
    let mut packet = Vec::new();
    v4::Header::new(CLIENT, SERVER, protocol).emit(payload, &mut packet);
    packet
}

fn pseudo() -> Pseudo {
    Pseudo::V4 { source: CLIENT, destination: SERVER }
}

fn ipv4() -> Result<String> {
    // Protocol 253 is for experiments (RFC 3692): what it carries is nobody's header.
    let packet = v4_packet(Protocol(253), b"hello");
    drawn("ipv4", &packet, "The header of IPv4, and five octets of a protocol that nobody has.")
}

fn ipv6() -> Result<String> {
    let address = |last| Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, last);
    let mut packet = Vec::new();
    v6::Header::new(address(1), address(2), Protocol(253)).emit(b"hello", &mut packet);
    drawn("ipv6", &packet, "The header of IPv6: longer, and simpler. There is no checksum.")
}

fn echo() -> Result<String> {
    let mut message = Vec::new();
    let echo = Echo { identifier: 0x1234, sequence: 1, data: b"are you there?" };
    Message::EchoRequest(echo).emit_v4(&mut message);
    let packet = v4_packet(Protocol::ICMP, &message);
    drawn_behind_ip(
        "echo",
        &packet,
        "What ping sends. The answer has type 0, and all else the same.",
    )
}

fn datagram() -> Result<String> {
    let mut message = Vec::new();
    udp::Header { source: 40_000, destination: 53 }.emit(&pseudo(), b"time?", &mut message);
    let packet = v4_packet(Protocol::UDP, &message);
    drawn_behind_ip(
        "udp",
        &packet,
        "A UDP datagram in its packet: eight octets, and what you send.",
    )
}

fn syn() -> Result<String> {
    drawn_behind_ip(
        "syn",
        &first_packet()?,
        "The first packet of a connection, as our TCP sends it.",
    )
}

/// An acknowledgment that reports a gap, as a receiver in the middle of a transfer sends it.
fn sack() -> Result<String> {
    let mut options = Options {
        timestamps: Some(Timestamps { value: 9_000, echo: 5_020 }),
        ..Options::default()
    };
    ensure!(options.sack.push(Seq(3_896)..Seq(5_344)), "there is room for one range");
    let header = Header {
        source: 80,
        destination: 49_152,
        sequence: Seq(1_001),
        acknowledgment: Seq(2_448),
        flags: Flags::ACK,
        window: 32_768,
        options,
        ..Header::default()
    };
    let mut segment = Vec::new();
    header.emit(&pseudo(), &[], &mut segment);
    let packet = v4_packet(Protocol::TCP, &segment);
    drawn(
        "sack",
        &packet,
        "An acknowledgment with a gap: all before 2448 is here, and 3896 to 5343.",
    )
}

/// The second of two fragments of a datagram.
fn fragment() -> Result<String> {
    let mut message = Vec::new();
    let payload = [b"0123456789".repeat(3), b"the end".to_vec()].concat();
    udp::Header { source: 40_000, destination: 53 }.emit(&pseudo(), &payload, &mut message);
    let header = v4::Header {
        dont_fragment: false,
        identification: 0xbeef,
        ..v4::Header::new(CLIENT, SERVER, Protocol::UDP)
    };
    let mut packet = Vec::new();
    header.emit(&message, &mut packet);
    let mut pieces = Vec::new();
    ensure!(cut(&packet, 60, 0, |piece| pieces.push(piece.to_vec())), "it may be cut");
    ensure!(pieces.len() == 2, "two fragments");
    drawn("fragment", &pieces[1], "The second of two fragments. Where is the UDP header?")
}
