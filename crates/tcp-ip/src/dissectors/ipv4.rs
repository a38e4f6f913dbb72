//! IPv4 (RFC 791 §3.1).

use std::net::Ipv4Addr;

use capture::dissect::Field;

use super::reader::{Reader, bits, checksum, hex, value};
use super::{message, protocol_name};
use crate::checksum::Sum;
use crate::ip::{Protocol, Pseudo};

const SOURCE: &str = "RFC 791 §3.1";
const HEADER: usize = 20;

/// What the fields of a header say of the rest.
#[derive(Default)]
struct Said {
    header: usize,
    total: usize,
    fragment: bool,
    offset: usize,
    protocol: u8,
}

pub(super) fn read(reader: &mut Reader<'_>) {
    let start = reader.at();
    let first = usize::from(reader.peek().unwrap_or_default());
    let mut said = Said { header: (first & 15) * 4, ..Said::default() };
    if said.header < HEADER {
        reader.wrong(format!("a header of {} octets, where {HEADER} are the least", said.header));
    }
    let length = reader.octets(start + 2..start + 4);
    // A total length of zero is left to the network card to fill in; what is there, is the packet.
    said.total = usize::try_from(value(length)).unwrap_or_default();
    let broken = length.len() == 2 && said.total < said.header.max(HEADER);
    if broken {
        let reason = format!("a packet of {} octets, where its header has more", said.total);
        reader.wrong_at(start + 2, reason);
    }
    let whole = broken || reader.narrow(said.total.max(HEADER));
    reader.group("IPv4 header", |reader| header(reader, start, &mut said));
    let addresses = [start + 12..start + 16, start + 16..start + 20].map(|range| {
        reader.octets(range).try_into().map_or(Ipv4Addr::UNSPECIFIED, |a: [u8; 4]| a.into())
    });
    reader.say(format_args!("{} → {}", addresses[0], addresses[1]));
    if reader.is_wrong() {
        reader.payload("payload");
    } else if said.fragment {
        reader.say(format_args!("fragment at {}", said.offset));
        reader.payload("piece of a payload");
    } else {
        let [source, destination] = addresses;
        let pseudo = whole.then_some(Pseudo::V4 { source, destination });
        message(reader, Protocol(said.protocol), pseudo);
        if !whole && reader.depth == 0 {
            reader.say("(incomplete)");
        }
    }
}

fn header(reader: &mut Reader<'_>, start: usize, said: &mut Said) {
    reader.field(1, "version, length", SOURCE, |octets, range| {
        let (version, words) = (octets[0] >> 4, octets[0] & 15);
        let meaning = format!("words of 4 octets: {}", words * 4);
        Field::new(range.clone(), "", hex(octets)).children(vec![
            bits(&range, 0..4, "version", version, ""),
            bits(&range, 4..8, "header length (IHL)", words, &meaning),
        ])
    });
    traffic_class(reader);
    reader.number(2, "total length", SOURCE, "octets, with the header");
    reader.hex(2, "identification", "RFC 6864 §4", "the same in all fragments of a packet");
    reader.field(2, "flags, offset", SOURCE, |octets, range| {
        let word = value(octets);
        let offset = usize::try_from(word & 0x1fff).unwrap_or_default() * 8;
        let (df, mf) = (word >> 14 & 1, word >> 13 & 1);
        (said.fragment, said.offset) = (mf == 1 || offset > 0, offset);
        let may = if df == 1 { "routers must not cut it" } else { "routers may cut it" };
        let more = if mf == 1 { "more fragments follow" } else { "the last, or the only one" };
        Field::new(range.clone(), "", hex(octets)).children(vec![
            bits(&range, 0..1, "reserved", word >> 15, ""),
            bits(&range, 1..2, "don't fragment", df, may),
            bits(&range, 2..3, "more fragments", mf, more),
            bits(&range, 3..16, "fragment offset", offset / 8, &format!("in units of 8: {offset}")),
        ])
    });
    reader.number(1, "time to live", "RFC 1122 §3.2.1.7", "hops left");
    reader.take(1, "protocol", SOURCE, |octets| {
        said.protocol = octets[0];
        (octets[0].to_string(), protocol_name(octets[0]).to_owned())
    });
    let all = reader.octets(start..start + said.header.max(HEADER));
    let whole = all.len() == said.header;
    let sum = whole.then(|| *Sum::default().add(all));
    reader.take(2, "header checksum", "RFC 1071 §1", |octets| checksum(octets, sum));
    for name in ["source", "destination"] {
        reader.take(4, name, SOURCE, |octets| {
            (octets.iter().map(u8::to_string).collect::<Vec<_>>().join("."), String::new())
        });
    }
    if said.header > HEADER {
        reader.group("options", |reader| options(reader, start + said.header));
    }
}

/// The octet that both versions have (RFC 2474 §3, RFC 3168 §5).
fn traffic_class(reader: &mut Reader<'_>) {
    reader.field(1, "traffic class", "RFC 2474 §3", |octets, range| {
        let marks = ["not ECN-capable", "ECN-capable", "ECN-capable", "congestion experienced"];
        let ecn = octets[0] & 3;
        Field::new(range.clone(), "", hex(octets)).children(vec![
            bits(&range, 0..6, "differentiated services (DSCP)", octets[0] >> 2, ""),
            bits(&range, 6..8, "congestion notification (ECN)", ecn, marks[usize::from(ecn)]),
        ])
    });
}

fn options(reader: &mut Reader<'_>, end: usize) {
    while let Some(kind) = reader.peek().filter(|_| reader.at() < end) {
        let length = match kind {
            0 => {
                let left = end - reader.at();
                let end_of_list = "end of the list; what follows is padding";
                reader.take(left, "end", SOURCE, |o| (hex(o), end_of_list.to_owned()));
                return;
            }
            1 => 1,
            _ => usize::from(reader.left().get(1).copied().unwrap_or_default()),
        };
        if length == 0 || (kind != 1 && length < 2) || reader.at() + length > end {
            reader.wrong(format!("option {kind} with a length of {length}"));
            let left = end - reader.at();
            reader.take(left, "broken option", SOURCE, |octets| (hex(octets), String::new()));
            return;
        }
        let name = match kind {
            1 => "no-operation",
            7 => "record route",
            68 => "timestamps",
            131 => "loose source route",
            137 => "strict source route",
            148 => "router alert",
            _ => "option",
        };
        let source = if kind == 148 { "RFC 2113 §2.1" } else { SOURCE };
        reader.take(length, name, source, |octets| (hex(octets), format!("kind {kind}")));
    }
}
