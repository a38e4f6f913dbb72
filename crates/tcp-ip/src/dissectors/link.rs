//! The headers of the links that packets are captured on.
//!
//! A capture file says with a number which header its packets begin with
//! (<https://www.tcpdump.org/linktypes.html>, registered by draft-ietf-opsawg-pcaplinktype).

use std::net::Ipv4Addr;

use capture::dissect::{Dissector, Field, Undissectable};

use super::reader::{Reader, bits, hex, value};
use super::{Explained, ip};

/// What a captured packet begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LinkType {
    /// The family of the protocol, in the byte order of the machine: BSD's loopback.
    Null,
    /// Ethernet, maybe with VLAN tags.
    Ethernet,
    /// An IP packet of either version.
    Raw,
    /// The family of the protocol, in network order: OpenBSD's loopback.
    Loop,
    /// Linux's "cooked" header of captures on all interfaces at once.
    LinuxCooked,
    /// The second version of that.
    LinuxCooked2,
    /// An IPv4 packet.
    Ipv4,
    /// An IPv6 packet.
    Ipv6,
    /// Another one, by its number.
    Other(u16),
}

impl LinkType {
    /// What the number in a capture file means.
    pub fn of(number: u16) -> Self {
        match number {
            0 => Self::Null,
            1 => Self::Ethernet,
            // 101 is LINKTYPE_RAW; 12 and 14 are what some systems write in its place.
            12 | 14 | 101 => Self::Raw,
            108 => Self::Loop,
            113 => Self::LinuxCooked,
            228 => Self::Ipv4,
            229 => Self::Ipv6,
            276 => Self::LinuxCooked2,
            other => Self::Other(other),
        }
    }
}

/// A captured packet, with the header of its link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link(pub LinkType);

impl Link {
    /// Names every octet, also those behind what is wrong.
    pub fn explain(self, packet: &[u8]) -> Explained {
        let mut reader = Reader::new(packet);
        match self.0 {
            LinkType::Raw | LinkType::Ipv4 | LinkType::Ipv6 => ip(&mut reader),
            LinkType::Ethernet => ethernet(&mut reader),
            LinkType::Null | LinkType::Loop => loopback(&mut reader, self.0),
            LinkType::LinuxCooked => cooked(&mut reader),
            LinkType::LinuxCooked2 => cooked_2(&mut reader),
            LinkType::Other(number) => {
                reader.say(format_args!("link type {number}"));
                reader.rest("packet", "of a link that is not known here");
            }
        }
        reader.explained()
    }
}

impl Dissector for Link {
    fn name(&self) -> &str {
        "captured packet"
    }

    fn dissect(&self, message: &[u8]) -> Result<Vec<Field>, Undissectable> {
        self.explain(message).strict()
    }
}

const IPV4: u64 = 0x0800;
const ARP: u64 = 0x0806;
const VLAN: u64 = 0x8100;
const IPV6: u64 = 0x86dd;
const SERVICE_VLAN: u64 = 0x88a8;
/// Smaller numbers in the type's place are a length (IEEE 802.3 §3.2.6).
const LEAST_ETHERTYPE: u64 = 0x0600;
/// Tags on one frame that we read.
const MOST_TAGS: usize = 4;

fn ethernet(reader: &mut Reader<'_>) {
    let source = "IEEE 802.3 §3.1";
    let kind = reader.group("Ethernet header", |reader| {
        for name in ["destination", "source"] {
            reader.take(6, name, source, |octets| (hardware(octets), String::new()));
        }
        ethertype(reader)
    });
    tagged(reader, kind);
}

/// The type, or the length, in front of what a frame carries.
fn ethertype(reader: &mut Reader<'_>) -> u64 {
    let mut kind = 0;
    reader.take(2, "type", "RFC 9542 §3", |octets| {
        kind = value(octets);
        let meaning = match kind {
            IPV4 => "IPv4",
            IPV6 => "IPv6",
            ARP => "ARP",
            VLAN => "a VLAN tag follows",
            SERVICE_VLAN => "a service VLAN tag follows",
            0x88cc => "LLDP",
            0..LEAST_ETHERTYPE => "a length: this is a frame of IEEE 802.3",
            _ => "",
        };
        (hex(octets), meaning.to_owned())
    });
    kind
}

/// What an ethertype says comes next, behind any VLAN tags.
fn tagged(reader: &mut Reader<'_>, mut kind: u64) {
    for _ in 0..MOST_TAGS {
        if !matches!(kind, VLAN | SERVICE_VLAN) {
            break;
        }
        kind = reader.group("VLAN tag", |reader| {
            reader.field(2, "tag control", "IEEE 802.1Q §9.6", |octets, range| {
                let word = value(octets);
                Field::new(range.clone(), "", hex(octets)).children(vec![
                    bits(&range, 0..3, "priority", word >> 13, ""),
                    bits(&range, 3..4, "drop eligible", word >> 12 & 1, ""),
                    bits(&range, 4..16, "VLAN", word & 0xfff, ""),
                ])
            });
            ethertype(reader)
        });
    }
    match kind {
        IPV4 | IPV6 => ip(reader),
        ARP => reader.group("ARP", arp),
        0 if reader.left().is_empty() => {} // It broke off before its type.
        other => {
            reader.say(format_args!("ethertype 0x{other:04x}"));
            reader.rest("frame", "of a protocol that is not known here");
        }
    }
}

fn arp(reader: &mut Reader<'_>) {
    let source = "RFC 826";
    let sizes = reader.left().get(4..6).map_or((0, 0), |s| (usize::from(s[0]), usize::from(s[1])));
    let mut asks = "ARP";
    reader.number(2, "hardware", source, "1 is Ethernet");
    reader.hex(2, "protocol", source, "as an ethertype");
    reader.number(1, "hardware address length", source, "");
    reader.number(1, "protocol address length", source, "");
    reader.take(2, "operation", source, |octets| {
        asks = match value(octets) {
            1 => "ARP request",
            2 => "ARP reply",
            _ => "ARP",
        };
        (value(octets).to_string(), asks.to_owned())
    });
    reader.say(asks);
    for (length, name) in [
        (sizes.0, "sender's hardware address"),
        (sizes.1, "sender's protocol address"),
        (sizes.0, "target's hardware address"),
        (sizes.1, "target's protocol address"),
    ] {
        reader.take(length, name, source, |octets| {
            let ipv4 = <[u8; 4]>::try_from(octets).map(|a| Ipv4Addr::from(a).to_string());
            (ipv4.unwrap_or_else(|_| hardware(octets)), String::new())
        });
    }
}

fn loopback(reader: &mut Reader<'_>, link: LinkType) {
    let mut known = false;
    reader.group("loopback header", |reader| {
        reader.take(4, "family", "LINKTYPE_NULL, LINKTYPE_LOOP", |octets| {
            // In the byte order of who captured it, which the file may not tell: the families are
            // small, so the octet that is not zero says it. IPv6 has another one on each BSD.
            let family = match (link, octets) {
                (LinkType::Null, [family, 0, 0, 0]) | (_, [0, 0, 0, family]) => *family,
                _ => 0,
            };
            known = matches!(family, 2 | 10 | 24 | 28 | 30);
            (hex(octets), if known { "IP" } else { "not IP" }.to_owned())
        });
    });
    if known { ip(reader) } else { reader.payload("packet") }
}

fn cooked(reader: &mut Reader<'_>) {
    let source = "LINKTYPE_LINUX_SLL";
    let kind = reader.group("Linux cooked header", |reader| {
        packet_type(reader, 2, source);
        reader.number(2, "device type", source, "ARPHRD_ of Linux");
        reader.number(2, "address length", source, "octets of the next field that count");
        reader.take(8, "sender's address", source, |octets| (hardware(octets), String::new()));
        ethertype(reader)
    });
    tagged(reader, kind);
}

fn cooked_2(reader: &mut Reader<'_>) {
    let source = "LINKTYPE_LINUX_SLL2";
    let kind = reader.group("Linux cooked header", |reader| {
        let kind = ethertype(reader);
        reader.hex(2, "reserved", source, "");
        reader.number(4, "interface", source, "its index");
        reader.number(2, "device type", source, "ARPHRD_ of Linux");
        packet_type(reader, 1, source);
        reader.number(1, "address length", source, "octets of the next field that count");
        reader.take(8, "sender's address", source, |octets| (hardware(octets), String::new()));
        kind
    });
    tagged(reader, kind);
}

fn packet_type(reader: &mut Reader<'_>, octets: usize, source: &str) {
    reader.take(octets, "packet type", source, |octets| {
        let meaning = match value(octets) {
            0 => "to us",
            1 => "a broadcast",
            2 => "a multicast",
            3 => "to somebody else",
            4 => "from us",
            _ => "",
        };
        (value(octets).to_string(), meaning.to_owned())
    });
}

/// An address of a link: `02:00:5e:00:53:01`.
fn hardware(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect::<Vec<_>>().join(":")
}
