//! Putting a stream together again, whatever the network did to its pieces.
//!
//! ```text
//! position   0         5         10        15
//!            a b c d e f g . . j k l . . . . |
//!            └── read ─┘ ^ ^   └───┘         edge = read + capacity
//!                    ready next  waiting
//! ```
//!
//! Positions count from the first octet of the stream, in 64 bits, and never wrap. Nothing here
//! knows of segments or numbers: whoever has those turns them into positions.

// answer:
use std::collections::{BTreeMap, VecDeque};

// end answer
/// The receiving end of a stream whose pieces come early, late, twice and overlapping.
#[derive(Debug)]
pub struct Reassembler {
    capacity: usize,
    // answer: // Here is room for what was received and not read, and for where the stream ends.
    /// Received in order: the octets before `next` that have not been read.
    ready: VecDeque<u8>,
    /// The position of the first octet that is missing.
    next: u64,
    /// Received ahead of it, by position. No two of these pieces have an octet in common.
    ahead: BTreeMap<u64, Vec<u8>>,
    /// Where the stream ends, once that is known.
    end: Option<u64>,
    // end answer
}

impl Reassembler {
    /// Waits for position 0, and holds at most `capacity` octets that have not been read.
    pub fn new(capacity: usize) -> Self {
        // answer: Self { capacity }
        Self { capacity, ready: VecDeque::new(), next: 0, ahead: BTreeMap::new(), end: None }
        // end answer
    }

    /// Takes the octets of `piece`, the first of which is at position `start`, as far as they are
    /// new and within the window. `last`: the stream ends behind them; `piece` may be empty then.
    ///
    /// Of an octet that comes twice the first copy holds. `start` is below 2^62.
    pub fn insert(&mut self, start: u64, piece: &[u8], last: bool) {
        // answer: let _ = (self.capacity, start, piece, last); // Yours to use; then this line can go.
        // answer: todo!("keep what is new, and see what is in order now")
        let edge = self.next + self.window() as u64;
        let mut end = start + piece.len() as u64;
        if last && self.end.is_none() && (self.highest()..=edge).contains(&end) {
            self.end = Some(end);
        }
        end = end.min(edge).min(self.end.unwrap_or(u64::MAX));
        let mut from = start.max(self.next);
        while from < end {
            let before = self.ahead.range(..=from).next_back();
            match before.map(|(start, octets)| start + octets.len() as u64) {
                Some(kept) if kept > from => from = kept, // Up to there it was here before.
                _ => {
                    let gap = self.ahead.range(from..end).next().map_or(end, |(start, _)| *start);
                    let at = |position| usize::try_from(position - start).expect("in the piece");
                    self.ahead.insert(from, piece[at(from)..at(gap)].to_vec());
                    from = gap;
                }
            }
        }
        while let Some(octets) = self.ahead.remove(&self.next) {
            self.next += octets.len() as u64;
            self.ready.extend(octets);
        }
        // end answer
    }

    /// Takes out the next octets of the stream: those that are in order, but no more than `most`.
    pub fn read(&mut self, most: usize) -> Vec<u8> {
        // answer: let _ = most; // Yours to use; then this line can go.
        // answer: todo!("return what is in order")
        self.ready.drain(..most.min(self.ready.len())).collect()
        // end answer
    }

    /// The position of the first octet that is missing: all before it were received.
    pub fn next(&self) -> u64 {
        // answer: todo!("say where the first hole begins")
        self.next
        // end answer
    }

    /// How many octets from [`next`](Self::next) on will be taken. What waits ahead of a hole
    /// takes no room from it: its room was counted when the window was opened.
    pub fn window(&self) -> usize {
        // answer: todo!("say how much may come")
        self.capacity - self.ready.len()
        // end answer
    }

    /// How many octets wait ahead of a hole.
    pub fn waiting(&self) -> usize {
        // answer: todo!("count the octets behind the first hole")
        self.ahead.values().map(Vec::len).sum()
        // end answer
    }

    /// Whether the end is known, and every octet before it was received.
    pub fn is_complete(&self) -> bool {
        // answer: todo!("say whether the whole stream is here")
        self.end == Some(self.next)
        // end answer
    }
    // answer:

    /// The position behind the last octet that was received.
    fn highest(&self) -> u64 {
        self.ahead.last_key_value().map_or(self.next, |(start, kept)| start + kept.len() as u64)
    }
    // end answer
}
