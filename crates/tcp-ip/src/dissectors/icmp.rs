//! ICMP (RFC 792) and ICMPv6 (RFC 4443).

use super::ip;
use super::reader::{Reader, checksum};
use crate::checksum::Sum;
use crate::ip::{Protocol, Pseudo};

/// An error quotes a packet, which may be one with an error in it; we read as deep as this.
const DEEPEST: usize = 2;

/// What the word behind the checksum is, and what follows it.
#[derive(Clone, Copy, PartialEq)]
enum Shape {
    /// Identifier and sequence number; any data.
    Echo,
    /// Nothing, or a number; the packet in question.
    Quotes(&'static str),
    /// Nobody here knows.
    Other,
}

/// Type, code (none: any), name, shape.
type Known = (u8, Option<u8>, &'static str, Shape);

const V4: [Known; 14] = [
    (0, Some(0), "echo reply", Shape::Echo),
    (3, Some(0), "network unreachable", Shape::Quotes("unused")),
    (3, Some(1), "host unreachable", Shape::Quotes("unused")),
    (3, Some(2), "protocol unreachable", Shape::Quotes("unused")),
    (3, Some(3), "port unreachable", Shape::Quotes("unused")),
    (3, Some(4), "too big, and may not be cut", Shape::Quotes("MTU of the next hop")),
    (3, Some(13), "prohibited by an administrator", Shape::Quotes("unused")),
    (3, None, "destination unreachable", Shape::Quotes("unused")),
    (5, None, "redirect", Shape::Quotes("router")),
    (8, Some(0), "echo request", Shape::Echo),
    (11, Some(0), "time exceeded: no hops left", Shape::Quotes("unused")),
    (11, Some(1), "time exceeded: fragments missing", Shape::Quotes("unused")),
    (12, None, "parameter problem", Shape::Quotes("pointer, in the first octet")),
    (13, None, "timestamp request", Shape::Other),
];

const V6: [Known; 15] = [
    (1, Some(0), "no route", Shape::Quotes("unused")),
    (1, Some(1), "prohibited by an administrator", Shape::Quotes("unused")),
    (1, Some(3), "address unreachable", Shape::Quotes("unused")),
    (1, Some(4), "port unreachable", Shape::Quotes("unused")),
    (1, None, "destination unreachable", Shape::Quotes("unused")),
    (2, None, "too big", Shape::Quotes("MTU of the next hop")),
    (3, Some(0), "time exceeded: no hops left", Shape::Quotes("unused")),
    (3, Some(1), "time exceeded: fragments missing", Shape::Quotes("unused")),
    (4, None, "parameter problem", Shape::Quotes("pointer")),
    (128, Some(0), "echo request", Shape::Echo),
    (129, Some(0), "echo reply", Shape::Echo),
    (133, None, "router solicitation", Shape::Other),
    (134, None, "router advertisement", Shape::Other),
    (135, None, "neighbor solicitation", Shape::Other),
    (136, None, "neighbor advertisement", Shape::Other),
];

pub(super) fn read_v4(reader: &mut Reader<'_>, pseudo: Option<Pseudo>) {
    // Its checksum has no pseudo-header; that there is one only says that the packet is whole.
    let sum = pseudo.map(|_| *Sum::default().add(reader.left()));
    read(reader, "ICMP", "RFC 792", &V4, sum);
}

pub(super) fn read_v6(reader: &mut Reader<'_>, pseudo: Option<Pseudo>) {
    let left = reader.left();
    let sum = pseudo.map(|pseudo| *pseudo.sum(Protocol::ICMPV6, left.len()).add(left));
    read(reader, "ICMPv6", "RFC 4443 §2.1", &V6, sum);
}

fn read(reader: &mut Reader<'_>, name: &str, source: &str, table: &[Known], sum: Option<Sum>) {
    let (kind, code) = match reader.left() {
        [kind, code, ..] => (*kind, *code),
        _ => (255, 255),
    };
    let known = table.iter().find(|(k, c, ..)| *k == kind && c.is_none_or(|c| c == code));
    let (words, shape) = known.map_or(("", Shape::Other), |(_, _, words, shape)| (words, *shape));
    reader.say(format_args!("{name} {}", if words.is_empty() { "message" } else { words }));
    reader.group(&format!("{name} header"), |reader| {
        reader.number(1, "type", source, words);
        reader.number(1, "code", source, "");
        reader.take(2, "checksum", source, |octets| checksum(octets, sum));
        match shape {
            Shape::Echo => {
                reader.hex(2, "identifier", source, "whose echo it is");
                reader.number(2, "sequence number", source, "which of them");
            }
            Shape::Quotes(word) => reader.number(4, word, source, ""),
            Shape::Other => reader.hex(4, "word", source, ""),
        }
    });
    if !matches!(shape, Shape::Quotes(_)) || reader.depth >= DEEPEST {
        return reader.payload("data");
    }
    reader.quoted("the packet in question", ip);
}
