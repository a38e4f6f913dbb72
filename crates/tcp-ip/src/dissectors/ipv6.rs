//! IPv6 and its extension headers (RFC 8200 §3 and §4).

use std::net::Ipv6Addr;

use capture::dissect::Field;

use super::reader::{Reader, bits, hex, value};
use super::{message, protocol_name};
use crate::ip::{Protocol, Pseudo};

const SOURCE: &str = "RFC 8200 §3";
const HEADER: usize = 40;
/// What our parser reads at most: see [`crate::ip::v6::extensions`].
const MOST_HEADERS: usize = 8;

pub(super) fn read(reader: &mut Reader<'_>) {
    let start = reader.at();
    let length = reader.octets(start + 4..start + 6);
    let payload = usize::try_from(value(length)).unwrap_or_default();
    let whole = reader.narrow(HEADER + payload);
    let next = usize::from(reader.octets(start + 6..start + 7).first().copied().unwrap_or(59));
    reader.group("IPv6 header", header);
    let [source, destination] = [start + 8..start + 24, start + 24..start + 40].map(|range| {
        reader.octets(range).try_into().map_or(Ipv6Addr::UNSPECIFIED, |a: [u8; 16]| a.into())
    });
    reader.say(format_args!("{source} → {destination}"));
    let Some(protocol) = extensions(reader, u8::try_from(next).unwrap_or(59)) else {
        reader.payload("payload");
        return;
    };
    let pseudo = whole.then_some(Pseudo::V6 { source, destination });
    message(reader, Protocol(protocol), pseudo);
    if !whole && reader.depth == 0 {
        reader.say("(incomplete)");
    }
}

fn header(reader: &mut Reader<'_>) {
    reader.field(4, "version, class, label", SOURCE, |octets, range| {
        let word = value(octets);
        Field::new(range.clone(), "", hex(octets)).children(vec![
            bits(&range, 0..4, "version", word >> 28, ""),
            bits(&range, 4..10, "differentiated services (DSCP)", word >> 22 & 0x3f, ""),
            bits(&range, 10..12, "congestion notification (ECN)", word >> 20 & 3, ""),
            bits(&range, 12..32, "flow label", format!("0x{:05x}", word & 0xf_ffff), ""),
        ])
    });
    reader.number(2, "payload length", SOURCE, "octets behind this header");
    next_header(reader);
    reader.number(1, "hop limit", SOURCE, "hops left");
    for name in ["source", "destination"] {
        reader.take(16, name, SOURCE, |octets| {
            let address = <[u8; 16]>::try_from(octets).map(Ipv6Addr::from);
            (address.map_or_else(|_| hex(octets), |address| address.to_string()), String::new())
        });
    }
}

fn next_header(reader: &mut Reader<'_>) {
    reader.take(1, "next header", SOURCE, |octets| {
        (octets[0].to_string(), protocol_name(octets[0]).to_owned())
    });
}

/// Reads the extension headers, and gives what comes behind them; none if that is a piece, or
/// something was wrong.
fn extensions(reader: &mut Reader<'_>, mut protocol: u8) -> Option<u8> {
    for number in 0..=MOST_HEADERS {
        let next = reader.peek().unwrap_or(59);
        match protocol {
            0 if number > 0 => break,
            0 => reader.group("hop-by-hop options", |r| options(r, "RFC 8200 §4.3"))?,
            60 => reader.group("destination options", |r| options(r, "RFC 8200 §4.6"))?,
            43 => reader.group("routing header", routing)?,
            44 if reader.group("fragment header", fragment) => {
                reader.say("fragment");
                return None;
            }
            44 => {}
            other => return Some(other),
        }
        protocol = next;
    }
    reader.wrong(format!("extension header {protocol} where there may be none"));
    None
}

/// The first two octets; and narrows nothing, but gives where the header ends.
fn sized(reader: &mut Reader<'_>, source: &str) -> Option<usize> {
    let units = reader.left().get(1).map(|units| usize::from(*units) + 1);
    let end = reader.at() + units.unwrap_or(1) * 8;
    next_header(reader);
    reader.number(1, "length", source, "in units of 8 octets, without the first 8");
    (reader.octets(end - 1..end).len() == 1).then_some(end).or_else(|| {
        reader.breaks_off();
        reader.payload("incomplete header");
        None
    })
}

fn options(reader: &mut Reader<'_>, source: &str) -> Option<()> {
    let end = sized(reader, source)?;
    while let Some(kind) = reader.peek().filter(|_| reader.at() < end) {
        let length = match kind {
            0 => 1,
            _ => reader.left().get(1).map_or(usize::MAX, |length| usize::from(*length) + 2),
        };
        let unknown = kind >> 6 != 0;
        if unknown || length > end - reader.at() {
            reader.wrong(if unknown {
                format!("option {kind} is not known, and must be: the packet is dropped")
            } else {
                format!("option {kind} overruns its header")
            });
            let left = end - reader.at();
            reader.take(left, "option", "RFC 8200 §4.2", |octets| (hex(octets), String::new()));
            return None;
        }
        let name = match kind {
            0 | 1 => "padding",
            5 => "router alert",
            _ => "option, to be skipped",
        };
        reader.take(length, name, "RFC 8200 §4.2", |octets| (hex(octets), format!("kind {kind}")));
    }
    Some(())
}

fn routing(reader: &mut Reader<'_>) -> Option<()> {
    let source = "RFC 8200 §4.4";
    let end = sized(reader, source)?;
    reader.number(1, "routing type", source, "");
    if reader.peek() != Some(0) {
        let kind = reader.at() - 1;
        reader.wrong_at(kind, "we are no router, and something is left to visit");
    }
    reader.number(1, "segments left", source, "what is still to be visited");
    let left = end - reader.at();
    reader.take(left, "type-specific data", source, |octets| (hex(octets), String::new()));
    (!reader.is_wrong()).then_some(())
}

/// Whether what follows is only a piece.
fn fragment(reader: &mut Reader<'_>) -> bool {
    let source = "RFC 8200 §4.5";
    let mut piece = true;
    next_header(reader);
    reader.hex(1, "reserved", source, "");
    reader.field(2, "offset, more", source, |octets, range| {
        let word = value(octets);
        let offset = word & !7;
        piece = offset != 0 || word & 1 == 1;
        let more =
            if word & 1 == 1 { "more fragments follow" } else { "the last, or the only one" };
        Field::new(range.clone(), "", hex(octets)).children(vec![
            bits(&range, 0..13, "fragment offset", offset / 8, &format!("in units of 8: {offset}")),
            bits(&range, 13..15, "reserved", word >> 1 & 3, ""),
            bits(&range, 15..16, "more fragments", word & 1, more),
        ])
    });
    reader.hex(4, "identification", source, "the same in all fragments of a packet");
    piece
}
