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
    // Here is room for what you must remember between two segments.
}

impl Receiver {
    /// Waits for a SYN, and has room for `capacity` octets that have not been read.
    pub fn new(capacity: usize) -> Self {
        Self { stream: Stream::new(capacity) }
    }

    /// Takes a segment. Returns the acknowledgement that it calls for, if it calls for one.
    pub fn receive(&mut self, segment: &Segment<'_>) -> Option<Ack> {
        let _ = segment; // Yours to use; then this line can go.
        todo!("put the octets where they belong, and answer")
    }

    /// What is to be said to the peer now; `None` before the SYN. What it offers is a promise.
    pub fn acknowledge(&mut self) -> Option<Ack> {
        todo!("say what is expected next, and how much may come")
    }

    /// Takes out the next octets of the stream, at most `most`.
    pub fn read(&mut self, most: usize) -> Vec<u8> {
        self.stream.read(most)
    }
}

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
