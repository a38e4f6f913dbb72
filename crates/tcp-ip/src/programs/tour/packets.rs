//! A checksum, a packet and a route.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use capture::dissect::{Dissector, tiles};
use tcp_ip::checksum::{checksum, update};
use tcp_ip::dissectors::Packet;
use tcp_ip::ip::route::{Prefix, Table};
use tcp_ip::ip::{Protocol, Pseudo, v4};
use tcp_ip::link::Conditions;
use tcp_ip::simulation::{End, Network};
use tcp_ip::tcp::{Config, Header};

use super::Tour;

pub(super) fn a_checksum(tour: &mut Tour) -> Result<()> {
    tour.section(
        "1. A checksum",
        "The header of an IPv4 packet, as ten numbers of 16 bits. Their sum comes to all ones.",
    );
    let [source, destination] = [End::Client, End::Server].map(address);
    let mut header = Vec::new();
    v4::Header::new(source?, destination?, Protocol::UDP).emit_header(8, &mut header);
    let words: Vec<u16> = words(&header);
    let written: Vec<String> = words.iter().map(|word| format!("{word:04x}")).collect();
    tour.show(&written.join(" "));
    let sum: u32 = words.iter().map(|word| u32::from(*word)).sum();
    let folded = (sum >> 16) + (sum & 0xffff);
    tour.claim(folded == 0xffff, &format!("the sum is {sum:x}; with its carry, {folded:x}"));

    let noticed = (0..header.len() * 8).filter(|bit| {
        let mut broken = header.clone();
        broken[bit / 8] ^= 1 << (bit % 8);
        v4::Header::parse(&[&broken[..], &[0; 8]].concat()).is_err()
    });
    let noticed = noticed.count();
    tour.claim(noticed == 160, &format!("flip one bit of 160: noticed {noticed} times"));
    let mut swapped = header.clone();
    swapped[12..20].rotate_left(4);
    tour.claim(
        checksum(&swapped) == 0,
        "let the two addresses change places: not noticed, for a sum has no order",
    );

    let old = words[4];
    let routed = old - 0x0100;
    let mut next = header;
    next[8] -= 1;
    next[10..12].fill(0);
    let whole = checksum(&next);
    tour.claim(
        update(words[5], old, routed) == whole,
        &format!(
            "a router takes one from the TTL: {:04x} becomes {whole:04x}, from three words",
            words[5]
        ),
    );
    Ok(())
}

/// The numbers that a checksum adds.
fn words(octets: &[u8]) -> Vec<u16> {
    octets.chunks(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect()
}

fn address(end: End) -> Result<Ipv4Addr> {
    match end.address() {
        IpAddr::V4(address) => Ok(address),
        IpAddr::V6(_) => Err(anyhow!("the simulation's hosts have IPv4")),
    }
}

pub(super) fn a_packet_taken_apart(tour: &mut Tour) -> Result<()> {
    tour.section(
        "2. A packet, taken apart",
        "The first packet of a connection, as our TCP sends it. Every octet has a name.",
    );
    let packet = first_packet()?;
    let fields = Packet.dissect(&packet).context("our own packet")?;
    for field in &fields {
        print_field(tour, field, 0);
    }
    tour.claim(
        tiles(&fields, packet.len()).is_ok(),
        &format!("the fields cover all {} octets, and none twice", packet.len()),
    );
    let (ip, segment) = v4::Header::parse(&packet)?;
    let pseudo = Pseudo::V4 { source: ip.source, destination: ip.destination };
    let (tcp, payload) = Header::parse(segment, &pseudo)?;
    let (mut message, mut again) = (Vec::new(), Vec::new());
    tcp.emit(&pseudo, &[payload], &mut message);
    ip.emit(&message, &mut again);
    tour.claim(again == packet, "parsed and written again, it is the same, octet by octet");
    let refused = (0..packet.len()).filter(|end| v4::Header::parse(&packet[..*end]).is_err());
    let refused = refused.count();
    tour.claim(
        refused == packet.len(),
        &format!("cut anywhere, it is refused: {refused} of {refused} cuts",),
    );
    Ok(())
}

/// A field on a line, and its parts below it, but for bits.
fn print_field(tour: &Tour, field: &capture::dissect::Field, depth: usize) {
    let at = match field.range.len() {
        1 => field.range.start.to_string(),
        _ => format!("{}–{}", field.range.start, field.range.end - 1),
    };
    let name = format!("{:indent$}{}", "", field.name, indent = depth * 2);
    tour.show(format!("{at:>5}  {name:<24} {}", field.value).trim_end());
    for part in field.children.iter().filter(|part| part.bits.is_none()) {
        print_field(tour, part, depth + 1);
    }
}

/// What a client of the simulation sends first.
pub(crate) fn first_packet() -> Result<Vec<u8>> {
    let perfect = Conditions { delay: Duration::from_millis(20), ..Conditions::default() };
    let configs = [Config::default(), Config::default()];
    let mut network = Network::new(configs, 1_500, [perfect.clone(), perfect], 1);
    let server = (End::Server.address(), 80).into();
    network.host(End::Client).connect(tcp_ip::Instant::ZERO, server)?;
    let mut packet = None;
    network.transmit(|sent| packet = packet.take().or(Some(sent.packet.to_vec())));
    packet.context("a connection begins with a packet")
}

pub(super) fn a_route(tour: &mut Tour) -> Result<()> {
    tour.section(
        "3. A route",
        "Four routes, the shortest prefix first. Which of them takes a packet?",
    );
    let mut table = Table::default();
    for (first, length, way) in [
        ([0, 0, 0, 0], 0, "router"),
        ([10, 0, 0, 0], 8, "tunnel"),
        ([10, 77, 0, 0], 24, "tun0"),
        ([10, 77, 0, 9], 32, "nobody"),
    ] {
        let prefix = Prefix::of(first.into(), length).context("at most 32 bits")?;
        tour.show(&format!("{:<16} {way}", prefix.to_string()));
        table.insert(prefix, way);
    }
    for (to, expected) in [
        ([10, 77, 0, 2], "tun0"),
        ([10, 77, 0, 9], "nobody"),
        ([10, 77, 1, 2], "tunnel"),
        ([192, 0, 2, 1], "router"),
    ] {
        let to = IpAddr::from(to);
        let way = table.lookup(to).copied();
        let words = format!("{:<12} goes to {}", to.to_string(), way.unwrap_or("nowhere"));
        tour.claim(way == Some(expected), &words);
    }
    Ok(())
}
