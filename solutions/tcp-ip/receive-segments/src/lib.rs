//! The receiving half of a TCP connection: what it acknowledges, and the window that it offers.
//!
//! ```text
//! number     1000  1001  1002  1003  1004  1005  1006  1007
//!            SYN   'h'   'i'   'j'   FIN
//! position         0     1     2     3 (the end)
//!                              └── ackno 1003: all before it is here ── window ──► edge
//! ```
//!
//! A SYN comes before the first octet and a FIN behind the last, and each takes one number, as if
//! it were an octet (RFC 9293 §3.4). Positions count octets alone.

use std::collections::BTreeMap;

/// The most octets that the peer puts into a segment.
pub const MSS: usize = 1460;

/// What a segment says to the receiving half.
#[derive(Debug, Clone, Copy)]
pub struct Segment<'a> {
    /// The number of its SYN, if it has one, else of its first octet.
    pub seq: u32,
    /// The stream begins.
    pub syn: bool,
    /// Octets of the stream.
    pub payload: &'a [u8],
    /// The stream ends behind them.
    pub fin: bool,
}

/// What the receiving half says to the peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ack {
    /// The next number that is expected: all before it were received.
    pub ackno: u32,
    /// How many numbers from there on may come, as the header's 16 bits say it.
    pub window: u16,
}

/// The receiving half of a connection.
#[derive(Debug)]
pub struct Receiver {
    stream: Stream,
    // answer: // Here is room for what you must remember between two segments.
    /// The number of position 0, once a SYN has come.
    first: Option<u32>,
    /// The position up to which the peer was told that it may send. It never moves back.
    edge: u64,
    // end answer
}

impl Receiver {
    /// Waits for a SYN, and has room for `capacity` octets that have not been read.
    pub fn new(capacity: usize) -> Self {
        // answer: Self { stream: Stream::new(capacity) }
        Self { stream: Stream::new(capacity), first: None, edge: 0 }
        // end answer
    }

    /// Takes a segment. Returns the acknowledgement that it calls for, if it calls for one.
    pub fn receive(&mut self, segment: &Segment<'_>) -> Option<Ack> {
        // answer: let _ = segment; // Yours to use; then this line can go.
        // answer: todo!("put the octets where they belong, and answer")
        let number = segment.seq.wrapping_add(u32::from(segment.syn));
        if segment.syn && self.first.is_none() {
            self.first = Some(number);
        }
        let first = self.first?;
        // The nearest position with this number; none, if that lies before the beginning.
        let next = self.stream.next();
        let ahead = number.wrapping_sub(number_of(first, next)).cast_signed();
        let position = next.checked_add_signed(ahead.into());
        // RFC 9293 §3.10.7.4, fourth: a SYN with another number is answered, and that is all.
        let other_syn = segment.syn && number != first;
        let nxt = self.expected();
        let in_window = position.is_some_and(|at| at == nxt || (nxt..self.edge).contains(&at));
        if let Some(position) = position.filter(|_| !other_syn) {
            self.stream.insert(position, segment.payload, segment.fin);
        }
        // What takes no number is an acknowledgement: to answer it would be to answer for ever.
        let takes_numbers = segment.syn || segment.fin || !segment.payload.is_empty();
        if takes_numbers || !in_window { self.acknowledge() } else { None }
        // end answer
    }

    /// What is to be said to the peer now; `None` before the SYN. What it offers is a promise.
    pub fn acknowledge(&mut self) -> Option<Ack> {
        // answer: todo!("say what is expected next, and how much may come")
        let ackno = number_of(self.first?, self.expected());
        let free = self.stream.capacity() - self.stream.unread();
        let most = self.stream.next() + free.min(u16::MAX.into()) as u64;
        // RFC 9293 §3.8.6.2.2: the edge moves by steps that are worth it, or not at all.
        if most >= self.edge + MSS.min(self.stream.capacity() / 2) as u64 {
            self.edge = most;
        }
        // A FIN takes a number and no room: then the number expected may lie past the edge.
        let window = self.edge.saturating_sub(self.expected());
        Some(Ack { ackno, window: u16::try_from(window).unwrap_or(u16::MAX) })
        // end answer
    }

    /// Takes out the next octets of the stream, at most `most`.
    pub fn read(&mut self, most: usize) -> Vec<u8> {
        self.stream.read(most)
    }
    // answer:

    /// RCV.NXT as a position: the first octet that is missing, or what follows the FIN.
    fn expected(&self) -> u64 {
        self.stream.next() + u64::from(self.stream.is_complete())
    }
    // end answer
}
// answer:

/// The number of `position`, if position 0 has the number `first`.
fn number_of(first: u32, position: u64) -> u32 {
    first.wrapping_add((position & 0xffff_ffff) as u32)
}
// end answer

/// Ready made: the stream, put together. It has an entry for each octet, which is short and slow;
/// the one of the exercise `reassemble-the-stream` is better, and does the same.
#[derive(Debug)]
pub struct Stream {
    capacity: usize,
    octets: BTreeMap<u64, u8>,
    read: u64,
    next: u64,
    end: Option<u64>,
}

impl Stream {
    /// Has room for `capacity` octets from the next one to be read.
    pub fn new(capacity: usize) -> Self {
        Self { capacity, octets: BTreeMap::new(), read: 0, next: 0, end: None }
    }

    /// Keeps what is new and has room; `last`: the stream ends behind `piece`.
    pub fn insert(&mut self, start: u64, piece: &[u8], last: bool) {
        let edge = self.read + self.capacity as u64;
        let end = start + piece.len() as u64;
        let highest =
            self.octets.last_key_value().map_or(self.next, |(at, _)| self.next.max(at + 1));
        if last && self.end.is_none() && (highest..=edge).contains(&end) {
            self.end = Some(end);
        }
        let room = self.next..edge.min(self.end.unwrap_or(u64::MAX));
        for (position, octet) in (start..).zip(piece).filter(|(at, _)| room.contains(at)) {
            self.octets.entry(position).or_insert(*octet);
        }
        while self.octets.contains_key(&self.next) {
            self.next += 1;
        }
    }

    /// Takes out what is in order, at most `most` octets.
    pub fn read(&mut self, most: usize) -> Vec<u8> {
        let octets: Vec<u8> =
            (self.read..self.next).take(most).map(|at| self.octets[&at]).collect();
        self.read += octets.len() as u64;
        self.octets = self.octets.split_off(&self.read);
        octets
    }

    /// The position of the first octet that is missing.
    pub fn next(&self) -> u64 {
        self.next
    }

    /// Octets that are in order and have not been read.
    pub fn unread(&self) -> usize {
        usize::try_from(self.next - self.read).expect("no more than the capacity")
    }

    /// The octets that there is room for, read ones not counted.
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// Whether all octets up to the end are here.
    pub fn is_complete(&self) -> bool {
        self.end == Some(self.next)
    }
}
