//! What the octets of a packet mean, for [`capture`] to draw: IPv4, IPv6, ICMP, UDP, TCP and
//! their options, and the headers of the links around them.
//!
//! They read the formats on their own, without the parsers: so a test can hold the two against each
//! other. And they are patient. A parser drops what is broken; a dissector says what is wrong, and
//! names every octet all the same:
//!
//! ```
//! use capture::dissect::{self, Dissector};
//! use tcp_ip::dissectors::Udp;
//!
//! let fields = Udp.dissect(b"\x9c\x40\x00\x09\x00\x0d\x9b\xb4hello")?;
//! assert_eq!(dissect::table(&fields), "\
//! 0..8   UDP header
//! 0..2     source port       40000
//! 2..4     destination port  9
//! 4..6     length            13      octets, the header's 8 too
//! 6..8     checksum          0x9bb4
//! 8..13  payload             hello   5 bytes
//! ");
//! # Ok::<(), dissect::Undissectable>(())
//! ```

mod icmp;
mod ipv4;
mod ipv6;
mod link;
mod reader;
mod tcp;
mod udp;

use capture::dissect::{Dissector, Field, Undissectable};

use crate::ip::{Protocol, Pseudo};

pub use link::{Link, LinkType};
use reader::Reader;

/// A message with its fields, and with the first thing that is wrong, if there is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explained {
    /// Fields that [tile](capture::dissect::tiles) the message, whatever it is.
    pub fields: Vec<Field>,
    /// Why no parser may believe it.
    pub wrong: Option<Undissectable>,
    /// Whether everything is there that the headers promise.
    pub whole: bool,
    /// What it is, in a line: `10.77.0.1:40000 → 10.77.0.2:80  TCP SYN`.
    pub summary: String,
}

impl Explained {
    fn strict(self) -> Result<Vec<Field>, Undissectable> {
        match self.wrong {
            None => Ok(self.fields),
            Some(wrong) => Err(wrong),
        }
    }
}

/// A packet of IPv4 or IPv6, with all that is in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Packet;

impl Packet {
    /// Names every octet, also those behind what is wrong.
    pub fn explain(self, packet: &[u8]) -> Explained {
        let mut reader = Reader::new(packet);
        ip(&mut reader);
        reader.explained()
    }
}

impl Dissector for Packet {
    fn name(&self) -> &str {
        "IP packet"
    }

    fn dissect(&self, message: &[u8]) -> Result<Vec<Field>, Undissectable> {
        self.explain(message).strict()
    }
}

/// Dissectors of a message that came without its IP header, so that its checksum cannot be verified.
macro_rules! messages {
    ($($(#[$doc:meta])* $name:ident, $words:literal, $read:path;)+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
        pub struct $name;

        impl Dissector for $name {
            fn name(&self) -> &str {
                $words
            }

            fn dissect(&self, message: &[u8]) -> Result<Vec<Field>, Undissectable> {
                let mut reader = Reader::new(message);
                $read(&mut reader, None);
                reader.explained().strict()
            }
        }
    )+};
}

messages! {
    /// A UDP datagram.
    Udp, "UDP datagram", udp::read;
    /// A TCP segment.
    Tcp, "TCP segment", tcp::read;
    /// A message of ICMP.
    Icmp, "ICMP message", icmp::read_v4;
    /// A message of ICMPv6.
    IcmpV6, "ICMPv6 message", icmp::read_v6;
}

/// A packet of whichever version.
fn ip(reader: &mut Reader<'_>) {
    match reader.peek() {
        None => reader.breaks_off(),
        Some(first) if first >> 4 == 4 => ipv4::read(reader),
        Some(first) if first >> 4 == 6 => ipv6::read(reader),
        Some(first) => {
            reader.wrong(format!("version {} of IP", first >> 4));
            reader.rest("not IP", "");
        }
    }
}

/// What an IP packet carries.
fn message(reader: &mut Reader<'_>, protocol: Protocol, pseudo: Option<Pseudo>) {
    match protocol {
        Protocol::TCP => tcp::read(reader, pseudo),
        Protocol::UDP => udp::read(reader, pseudo),
        Protocol::ICMP => icmp::read_v4(reader, pseudo),
        Protocol::ICMPV6 => icmp::read_v6(reader, pseudo),
        other => {
            reader.say(format_args!("protocol {}", other.0));
            reader.payload("payload");
        }
    }
}

/// The name of what an IP packet carries.
fn protocol_name(protocol: u8) -> &'static str {
    match protocol {
        0 => "hop-by-hop options",
        1 => "ICMP",
        2 => "IGMP",
        6 => "TCP",
        17 => "UDP",
        43 => "routing",
        44 => "fragment",
        47 => "GRE",
        50 => "ESP",
        51 => "AH",
        58 => "ICMPv6",
        59 => "no next header",
        60 => "destination options",
        89 => "OSPF",
        132 => "SCTP",
        _ => "",
    }
}

#[cfg(test)]
mod tests;
