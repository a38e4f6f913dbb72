//! One end of a reliable stream in both directions, over packets that may be lost, doubled,
//! overtaken and damaged. Two of these talk to each other.
//!
//! ```text
//!               outgoing                                        incoming     early
//!    ┌──────────┬─────────────┬──────────┐              ┌─────────────┬────┬──────┬───────┐
//!    │ on the way or lost     │ not sent │   packets    │ in order    │hole│ a few│ room  │
//!    └──────────┴─────────────┴──────────┘  ═════════►  └─────────────┴────┴──────┴───────┘
//!    una                      nxt       end             (not read)    rcv_nxt             edge
//! ```
//!
//! It is the middle of a TCP (RFC 9293 §3.8): the connection stands already. No socket is opened and
//! no clock is read. Positions count the octets of a stream from 0, in 64 bits; the end of the
//! stream (FIN) has a position of its own, behind the last octet.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

/// The most octets of the stream that one segment carries.
pub const MSS: usize = 1_000;
/// How many octets each of the buffers holds: those to be sent, and those to be read.
pub const CAPACITY: usize = 32_000;
/// How long to wait for an acknowledgment at first. It doubles, up to [`LONGEST_RTO`].
pub const RTO: Duration = Duration::from_millis(200);
/// The longest wait.
pub const LONGEST_RTO: Duration = Duration::from_secs(5);

/// A segment on the wire: TCP's header (RFC 9293 §3.1) and data. Numbers are those of the header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segment<'a> {
    /// The number of the first octet of `data`.
    pub seq: u32,
    /// The number that the sender of this segment expects next.
    pub ackno: u32,
    /// How many octets from there on it has room for.
    pub window: u16,
    /// Whether the stream ends behind `data`.
    pub fin: bool,
    /// What it carries.
    pub data: &'a [u8],
}

impl<'a> Segment<'a> {
    /// The packet, with its checksum.
    pub fn to_packet(&self) -> Vec<u8> {
        const ACK: u8 = 0x10;
        let mut packet = vec![0, 7, 0, 7]; // Both ports. There is only one connection.
        packet.extend(self.seq.to_be_bytes());
        packet.extend(self.ackno.to_be_bytes());
        packet.extend([5 << 4, ACK | u8::from(self.fin)]); // Five words of header; FIN is bit 0.
        packet.extend(self.window.to_be_bytes());
        packet.extend([0; 4]); // The checksum, and no urgent data.
        packet.extend(self.data);
        let sum = checksum(&packet).to_be_bytes();
        packet[16..18].copy_from_slice(&sum);
        packet
    }

    /// What a packet says, damaged or not; `None` if it is shorter than a header.
    pub fn parse(packet: &'a [u8]) -> Option<Self> {
        let (header, data) = packet.split_at_checked(20)?;
        let word = |at: usize| u32::from_be_bytes([0, 1, 2, 3].map(|byte| header[at + byte]));
        let window = u16::from_be_bytes([header[14], header[15]]);
        Some(Self { seq: word(4), ackno: word(8), window, fin: header[13] & 1 == 1, data })
    }
}

/// The Internet checksum (RFC 1071) of a packet; 0 for one that has its checksum and is undamaged.
/// (TCP also adds the addresses of the IP header. There is none here.)
pub fn checksum(packet: &[u8]) -> u16 {
    // Four words of 16 bits at a time, as RFC 1071 §2 allows; the carries are folded in at the end.
    let mut sum = 0;
    for chunk in packet.chunks(8) {
        let mut words = [0; 8];
        words[..chunk.len()].copy_from_slice(chunk);
        sum += u128::from(u64::from_be_bytes(words));
    }
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::try_from(sum).expect("folded")
}

/// The number on the wire of a position, where position 0 has the number `first`.
#[expect(clippy::cast_possible_truncation, reason = "modulo 2^32 is what the wire does")]
fn number(first: u32, position: u64) -> u32 {
    first.wrapping_add(position as u32)
}

/// The position next to `near` that has this number.
fn position(first: u32, number_on_the_wire: u32, near: u64) -> u64 {
    let ahead = number_on_the_wire.wrapping_sub(number(first, near)).cast_signed();
    near.saturating_add_signed(ahead.into())
}

/// How far it is from one position to another that is not before it.
fn distance(from: u64, to: u64) -> usize {
    usize::try_from(to - from).unwrap_or(usize::MAX)
}

/// One end. The fields are a proposal; change them as you like.
#[derive(Debug)]
#[expect(dead_code, reason = "yours to use; once you use them all, this line can go")]
pub struct Stack {
    /// The number of our stream's position 0, and of the peer's.
    first: u32,
    peer_first: u32,
    /// The octets from `una` on: sent and not acknowledged, then not sent.
    outgoing: VecDeque<u8>,
    /// The position that is acknowledged next, and the one that is sent next.
    una: u64,
    nxt: u64,
    /// The position of our FIN, once `finish` was called.
    fin: Option<u64>,
    /// The position up to which the peer has room. It never moves back.
    edge: u64,
    /// When to send something again, or to ask for room.
    timer: Option<Duration>,
    rto: Duration,
    /// The oldest segment is to be sent again, now.
    again: bool,
    /// In order, and not read.
    incoming: VecDeque<u8>,
    /// What arrived behind a hole, by its position.
    early: BTreeMap<u64, Vec<u8>>,
    /// The position that is expected next, and that of the peer's FIN, if it is known.
    rcv_nxt: u64,
    peer_fin: Option<u64>,
    /// An acknowledgment is due.
    ack_due: bool,
}

impl Stack {
    /// An end whose stream's position 0 has the number `first`, and the peer's `peer_first`.
    pub fn new(first: u32, peer_first: u32) -> Self {
        Self {
            first,
            peer_first,
            outgoing: VecDeque::new(),
            una: 0,
            nxt: 0,
            fin: None,
            edge: CAPACITY as u64,
            timer: None,
            rto: RTO,
            again: false,
            incoming: VecDeque::new(),
            early: BTreeMap::new(),
            rcv_nxt: 0,
            peer_fin: None,
            ack_due: false,
        }
    }

    /// The application has these octets to send. Returns how many of them there is room for.
    pub fn write(&mut self, octets: &[u8]) -> usize {
        let count = octets.len().min(CAPACITY - self.outgoing.len());
        self.outgoing.extend(&octets[..count]);
        count
    }

    /// The application has nothing more to send.
    pub fn finish(&mut self) {
        self.fin = Some(self.una + self.outgoing.len() as u64);
    }

    /// Whether all that was written has been acknowledged, and its end.
    pub fn is_acknowledged(&self) -> bool {
        self.fin.is_some_and(|fin| self.una > fin)
    }

    /// Whether the peer's stream has ended, and all of it was read.
    pub fn has_ended(&self) -> bool {
        self.incoming.is_empty() && self.peer_fin.is_some_and(|fin| self.rcv_nxt > fin)
    }

    /// When `send` is to be called next, even if nothing arrives until then.
    pub fn deadline(&self) -> Option<Duration> {
        self.timer
    }

    /// How many octets there is room for: the window.
    fn window(&self) -> usize {
        CAPACITY - self.incoming.len()
    }

    /// The application takes up to `most` octets, in order.
    ///
    /// If the peer was told of less than a segment's room, and now there is more, it is told so.
    pub fn read(&mut self, most: usize) -> Vec<u8> {
        let _ = most; // Yours to use; then this line can go.
        todo!("take octets out of incoming; say so if that made room")
    }

    /// A packet arrived. A damaged one does nothing at all.
    pub fn receive(&mut self, now: Duration, packet: &[u8]) {
        let _ = (now, packet); // Yours to use; then this line can go.
        todo!("use what it acknowledges; keep its data until it is in order")
    }

    /// The next packet to send at this time, if there is one. It is called until there is none.
    pub fn send(&mut self, now: Duration) -> Option<Vec<u8>> {
        let _ = (now, self.window(), position, number, distance); // Yours to use; then this line can go.
        todo!("the oldest again, if its time is over; else new octets; else an ack")
    }
}
