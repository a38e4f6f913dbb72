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

/// The receiving end of a stream whose pieces come early, late, twice and overlapping.
#[derive(Debug)]
pub struct Reassembler {
    capacity: usize,
    // Here is room for what was received and not read, and for where the stream ends.
}

impl Reassembler {
    /// Waits for position 0, and holds at most `capacity` octets that have not been read.
    pub fn new(capacity: usize) -> Self {
        Self { capacity }
    }

    /// Takes the octets of `piece`, the first of which is at position `start`, as far as they are
    /// new and within the window. `last`: the stream ends behind them; `piece` may be empty then.
    ///
    /// Of an octet that comes twice the first copy holds. `start` is below 2^62.
    pub fn insert(&mut self, start: u64, piece: &[u8], last: bool) {
        let _ = (self.capacity, start, piece, last); // Yours to use; then this line can go.
        todo!("keep what is new, and see what is in order now")
    }

    /// Takes out the next octets of the stream: those that are in order, but no more than `most`.
    pub fn read(&mut self, most: usize) -> Vec<u8> {
        let _ = most; // Yours to use; then this line can go.
        todo!("return what is in order")
    }

    /// The position of the first octet that is missing: all before it were received.
    pub fn next(&self) -> u64 {
        todo!("say where the first hole begins")
    }

    /// How many octets from [`next`](Self::next) on will be taken. What waits ahead of a hole
    /// takes no room from it: its room was counted when the window was opened.
    pub fn window(&self) -> usize {
        todo!("say how much may come")
    }

    /// How many octets wait ahead of a hole.
    pub fn waiting(&self) -> usize {
        todo!("count the octets behind the first hole")
    }

    /// Whether the end is known, and every octet before it was received.
    pub fn is_complete(&self) -> bool {
        todo!("say whether the whole stream is here")
    }
}
