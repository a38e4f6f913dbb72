//! The packets of one flow.

use std::net::SocketAddr;
use std::time::Duration;

use super::packet::{self, ACK, FIN, PSH, Packet, RST, SYN, Segment};
use crate::record::{Direction, Event, What};

/// Data that is not acknowledged yet, at most; well within the window.
const IN_FLIGHT: usize = packet::WINDOW as usize / 2;

/// One end: where it is, and how far it has come.
struct Side {
    address: SocketAddr,
    /// The next sequence number to send.
    next: u32,
    /// Its FIN is sent.
    ended: bool,
    /// The identification of its next IPv4 packet.
    id: u16,
}

/// A flow's packets, made up so that they tell the record's events.
pub(super) struct Conversation {
    local: Side,
    peer: Side,
    /// Some packet of it is in the file.
    begun: bool,
    /// It was reset.
    over: bool,
}

impl Conversation {
    pub(super) fn new(local: SocketAddr, peer: SocketAddr) -> Self {
        // Any initial sequence numbers do, and the same ones make the same file.
        let side = |address, next| Side { address, next, ended: false, id: 1 };
        Self { local: side(local, 1_000), peer: side(peer, 5_000), begun: false, over: false }
    }

    fn sender(&mut self, direction: Direction) -> &mut Side {
        match direction {
            Direction::Sent => &mut self.local,
            Direction::Received => &mut self.peer,
        }
    }

    /// A datagram, cut to what a packet holds.
    pub(super) fn datagram(
        &mut self,
        direction: Direction,
        data: &[u8],
        at: Duration,
        mut comment: String,
    ) -> Packet {
        let to = self.sender(opposite(direction)).address;
        let from = self.sender(direction);
        let most = packet::longest_datagram(&from.address);
        if data.len() > most {
            let cut = data.len() - most;
            comment
                .push_str(&format!("\nThe last {cut} bytes are not shown: more than IP carries."));
        }
        let bytes = packet::udp(from.address, to, from.id, &data[..data.len().min(most)]);
        from.id = from.id.wrapping_add(1);
        Packet { at, bytes, comment }
    }

    /// Adds the packets of a stream's event. `false`: the connection's end came before, so that
    /// no packet can tell it.
    pub(super) fn play(&mut self, event: &Event, comment: &str, packets: &mut Vec<Packet>) -> bool {
        let Event { at, direction, .. } = *event;
        if self.over || self.sender(direction).ended && event.what != What::Reset {
            return false;
        }
        let both_ended = self.local.ended && self.peer.ended;
        let mut say = |this: &mut Self, from, flags, options: &[u8], data: &[u8], comment| {
            packets.push(this.segment(from, at, flags, options, data, comment));
        };
        match &event.what {
            What::Opened if self.begun => return false,
            What::Opened => {
                let mss = self.maximum_segment().to_be_bytes();
                // RFC 9293 §3.2: kind 2, four octets.
                let options = [2, 4, mss[0], mss[1]];
                let synthesised = format!("Synthesised handshake. {comment}");
                say(self, direction, SYN, &options, b"", synthesised.clone());
                say(self, opposite(direction), SYN | ACK, &options, b"", synthesised.clone());
                say(self, direction, ACK, b"", b"", synthesised);
            }
            What::Data(data) => self.data(direction, at, data, comment, packets),
            What::Shutdown => {
                say(self, direction, FIN | ACK, b"", b"", comment.to_owned());
                self.sender(direction).ended = true;
                say(self, opposite(direction), ACK, b"", b"", acknowledged("the FIN"));
            }
            What::Reset if both_ended => return false,
            What::Reset => {
                say(self, direction, RST | ACK, b"", b"", comment.to_owned());
                self.over = true;
            }
            What::Error(_) | What::Timeout | What::Note(_) => return false,
        }
        self.begun = true;
        true
    }

    /// Data in segments, and acknowledgments before the window is full.
    fn data(
        &mut self,
        direction: Direction,
        at: Duration,
        data: &[u8],
        comment: &str,
        packets: &mut Vec<Packet>,
    ) {
        let segments = data.chunks(usize::from(self.maximum_segment()));
        let count = segments.len();
        let mut in_flight = 0;
        for (index, segment) in segments.enumerate() {
            let last = index + 1 == count;
            let flags = if last { PSH | ACK } else { ACK };
            let comment = if count == 1 {
                comment.to_owned()
            } else {
                format!("{comment}, segment {} of {count}", index + 1)
            };
            packets.push(self.segment(direction, at, flags, b"", segment, comment));
            in_flight += segment.len();
            if last || in_flight >= IN_FLIGHT {
                let comment = acknowledged(&format!("{in_flight} bytes"));
                packets.push(self.segment(opposite(direction), at, ACK, b"", b"", comment));
                in_flight = 0;
            }
        }
    }

    /// Data octets of a segment over Ethernet: 1,500 less the headers.
    fn maximum_segment(&self) -> u16 {
        if self.local.address.is_ipv4() { 1_460 } else { 1_440 }
    }

    fn segment(
        &mut self,
        direction: Direction,
        at: Duration,
        flags: u8,
        options: &[u8],
        data: &[u8],
        comment: String,
    ) -> Packet {
        let other = self.sender(opposite(direction));
        let (to, acknowledgment) = (other.address, other.next);
        let from = self.sender(direction);
        // RFC 9293 §3.1: the number means nothing without the flag.
        let acknowledgment = if flags & ACK == 0 { 0 } else { acknowledgment };
        let segment = Segment { sequence: from.next, acknowledgment, flags, options, data };
        let bytes = packet::tcp(from.address, to, from.id, &segment);
        from.id = from.id.wrapping_add(1);
        // RFC 9293 §3.4: SYN and FIN take a sequence number each.
        let numbers = data.len() + usize::from(flags & (SYN | FIN) != 0);
        from.next = from.next.wrapping_add(u32::try_from(numbers).expect("at most a segment"));
        Packet { at, bytes, comment }
    }
}

fn opposite(direction: Direction) -> Direction {
    match direction {
        Direction::Sent => Direction::Received,
        Direction::Received => Direction::Sent,
    }
}

fn acknowledged(what: &str) -> String {
    format!("Synthesised acknowledgment of {what}.")
}
