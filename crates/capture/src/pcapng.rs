//! A record as a pcapng file, which Wireshark and tshark open.
//!
//! A [`Tap`](crate::Tap) sits inside a program, above the system's sockets: it sees bytes, a FIN
//! or a RST, and no packet. The payloads in the file are what crossed the wire. The headers around
//! them are synthesised, and with them the sequence numbers, acknowledgments and handshakes; the
//! file says so, in a comment of the section and one of each packet.
//!
//! ```text
//! section header        what this file is, and its flows       (a comment)
//! interface description raw IP packets, times in nanoseconds
//! enhanced packet       IPv4 or IPv6, TCP or UDP, payload      (a comment: what was recorded)
//! enhanced packet …
//! ```
//!
//! The format is that of draft-ietf-opsawg-pcapng, §4. Each block begins with its type and ends
//! with its length, which also stands behind the type, so that a reader can go both ways.
//!
//! What has no packet, such as a timeout, is told in the comment of the flow's next packet.
//! A flow that was tapped at both of its ends is shown once, as its first tap saw it.

mod flows;
mod packet;
mod tcp;

use std::io::{self, Write};
use std::time::Duration;

use crate::record::{Record, Transport, What};
use crate::words;

use flows::Shown;
use packet::Packet;
use tcp::Conversation;

/// Block types: §4.1, §4.2 and §4.3.
const SECTION_HEADER: u32 = 0x0a0d_0d0a;
const INTERFACE_DESCRIPTION: u32 = 1;
const ENHANCED_PACKET: u32 = 6;
/// From it a reader learns the writer's byte order: §4.1.
const BYTE_ORDER_MAGIC: u32 = 0x1a2b_3c4d;
/// Packets begin with their IPv4 or IPv6 header; <https://www.tcpdump.org/linktypes.html>.
const LINKTYPE_RAW: u16 = 101;
/// The longest packet: an IPv6 header and 65,535 octets.
const SNAP_LENGTH: u32 = 40 + 65_535;

/// Option codes: §3.5 (end, comment), §4.1 (the program) and §4.2 (name, resolution of times).
const END_OF_OPTIONS: u16 = 0;
const COMMENT: u16 = 1;
const USER_APPLICATION: u16 = 4;
const INTERFACE_NAME: u16 = 2;
const TIME_RESOLUTION: u16 = 9;

/// Writes the record.
///
/// Times count from the recording's start, which the file has to place somewhere: at 1970-01-01,
/// 00:00 UTC. Unix-domain sockets, and ends whose address is not known, appear as TCP or UDP
/// between documentation addresses (RFC 5737), which the section's comment says. A datagram that
/// is longer than IP permits is cut, which its packet's comment says.
///
/// ```
/// use capture::{Direction, End, Recorder, Transport, pcapng};
///
/// let recorder = Recorder::new();
/// let ends = (End::new("client", "127.0.0.1:40000"), End::new("server", "127.0.0.1:7000"));
/// let flow = recorder.flow(Transport::Udp, ends.0, ends.1);
/// recorder.data(flow, Direction::Sent, b"hello");
/// let mut file = Vec::new();
/// pcapng::write(&recorder.snapshot(), &mut file)?;
/// assert_eq!(file[..4], [0x0a, 0x0d, 0x0d, 0x0a]);
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
///
/// Those of `to`.
pub fn write(record: &Record, mut to: impl Write) -> io::Result<()> {
    let shown = flows::show(record);
    let (packets, unshown) = packets(record, &shown);
    section_header(&flows::comment(record, &shown, unshown)).write(&mut to)?;
    interface_description().write(&mut to)?;
    for packet in &packets {
        enhanced_packet(packet).write(&mut to)?;
    }
    to.flush()
}

/// The packets of a record, and how many events no packet can show, since their connection had
/// ended before.
fn packets(record: &Record, shown: &[Option<Shown>]) -> (Vec<Packet>, usize) {
    let mut packets = Vec::new();
    let mut unshown = 0;
    let mut conversations: Vec<Option<Conversation>> = shown
        .iter()
        .map(|shown| shown.as_ref().map(|shown| Conversation::new(shown.local, shown.peer)))
        .collect();
    // What has no packet of its own, until the flow has one; and the flow's last packet so far.
    let mut notes: Vec<Vec<String>> = vec![Vec::new(); record.flows.len()];
    let mut last = vec![None; record.flows.len()];
    for event in &record.events {
        let number = event.flow.0;
        let Some(flow) = record.flows.get(number) else { continue };
        let Some(Some(conversation)) = conversations.get_mut(number) else { continue };
        let first = packets.len();
        let comment = words::event(flow, event);
        let (sender, receiver) = words::ends(flow, event.direction);
        let comment = format!("{sender} → {receiver}: {comment}");
        let has_packet = match (flow.transport, &event.what) {
            (_, What::Error(_) | What::Timeout | What::Note(_)) => false,
            (Transport::Udp, What::Data(data)) => {
                packets.push(conversation.datagram(
                    event.direction,
                    data,
                    event.at,
                    comment.clone(),
                ));
                true
            }
            (Transport::Udp, _) => false,
            (Transport::Tcp | Transport::Unix, _) => {
                let done = conversation.play(event, &comment, &mut packets);
                unshown += usize::from(!done);
                done
            }
        };
        if !has_packet {
            notes[number].push(words::event(flow, event));
        } else if packets.len() > first {
            if !notes[number].is_empty() {
                let before = std::mem::take(&mut notes[number]).join("\n");
                packets[first].comment.push_str(&format!("\nBefore this: {before}"));
            }
            last[number] = Some(packets.len() - 1);
        }
    }
    for (notes, last) in notes.into_iter().zip(last) {
        if let (Some(last), false) = (last, notes.is_empty()) {
            let packet: &mut Packet = &mut packets[last];
            packet.comment.push_str(&format!("\nAfter this: {}", notes.join("\n")));
        }
    }
    (packets, unshown)
}

fn section_header(comment: &str) -> Block {
    let mut block = Block::new(SECTION_HEADER);
    block.u32(BYTE_ORDER_MAGIC);
    block.u16(1); // The format's version: 1.0.
    block.u16(0);
    block.u32(u32::MAX); // The section's length, 64 bits: not said.
    block.u32(u32::MAX);
    block.option(COMMENT, comment.as_bytes());
    block.option(USER_APPLICATION, b"On the Wire, crate capture");
    block.option(END_OF_OPTIONS, b"");
    block
}

fn interface_description() -> Block {
    let mut block = Block::new(INTERFACE_DESCRIPTION);
    block.u16(LINKTYPE_RAW);
    block.u16(0);
    block.u32(SNAP_LENGTH);
    block.option(INTERFACE_NAME, b"capture");
    block.option(TIME_RESOLUTION, &[9]); // 10⁻⁹ s.
    block.option(END_OF_OPTIONS, b"");
    block
}

fn enhanced_packet(packet: &Packet) -> Block {
    let Packet { at, bytes, comment } = packet;
    let mut block = Block::new(ENHANCED_PACKET);
    block.u32(0); // The interface: our only one.
    let [high, low] = halves(*at);
    block.u32(high);
    block.u32(low);
    let length = u32::try_from(bytes.len()).expect("a packet is no longer than SNAP_LENGTH");
    block.u32(length); // As captured,
    block.u32(length); // and as it was.
    block.padded(bytes);
    block.option(COMMENT, comment.as_bytes());
    block.option(END_OF_OPTIONS, b"");
    block
}

/// Nanoseconds, for some 584 years, as two 32-bit halves.
fn halves(at: Duration) -> [u32; 2] {
    let nanos = u64::try_from(at.as_nanos()).unwrap_or(u64::MAX);
    let [a, b, c, d, e, f, g, h] = nanos.to_be_bytes();
    [u32::from_be_bytes([a, b, c, d]), u32::from_be_bytes([e, f, g, h])]
}

/// A block's type and body. All numbers are little-endian.
struct Block {
    kind: u32,
    body: Vec<u8>,
}

impl Block {
    fn new(kind: u32) -> Self {
        Self { kind, body: Vec::new() }
    }

    fn u16(&mut self, value: u16) {
        self.body.extend(value.to_le_bytes());
    }

    fn u32(&mut self, value: u32) {
        self.body.extend(value.to_le_bytes());
    }

    /// Bytes, and zeros up to a multiple of four.
    fn padded(&mut self, bytes: &[u8]) {
        self.body.extend(bytes);
        self.body.resize(self.body.len().next_multiple_of(4), 0);
    }

    /// An option (§3.5). Its length has 16 bits: what is longer is cut, between characters.
    fn option(&mut self, code: u16, value: &[u8]) {
        let mut end = value.len().min(usize::from(u16::MAX));
        while end < value.len() && value[end] & 0xc0 == 0x80 {
            end -= 1;
        }
        self.u16(code);
        self.u16(u16::try_from(end).expect("cut above"));
        self.padded(&value[..end]);
    }

    fn write(&self, to: &mut impl Write) -> io::Result<()> {
        /// The type, and the length twice.
        const FRAME: usize = 12;
        let length = u32::try_from(self.body.len() + FRAME).expect("a packet and its comment");
        to.write_all(&self.kind.to_le_bytes())?;
        to.write_all(&length.to_le_bytes())?;
        to.write_all(&self.body)?;
        to.write_all(&length.to_le_bytes())
    }
}

#[cfg(test)]
mod tests;
