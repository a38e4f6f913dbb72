//! Putting the stream together again: segments arrive lost, doubled, overtaken and overlapping.
//!
//! ```text
//!              read    nxt                                 edge
//!    │ (gone)   │ ready │      │ahead│       │ahead│         │
//!    └──────────┴───────┴──────┴─────┴───────┴─────┴─────────┘
//!               └── buffer ────────────────────────┘
//!               └── capacity ────────────────────────────────┘
//! ```
//!
//! What is in order waits to be read; what is ahead stands where it will belong once the gap before
//! it is filled. Each octet is copied in once: of octets that come twice the first copy holds
//! (RFC 9293 §3.10.7.4 leaves the choice open).
//!
//! The window is what the buffer has room for. Its right edge never moves back (RFC 9293 §3.8.6),
//! and moves on only by steps worth a segment, or the sender would be lured into sending tiny ones:
//! the silly window syndrome (RFC 9293 §3.8.6.2.2).

use std::collections::VecDeque;

use super::options::MOST_RANGES;
use super::sack::{Stretch, Stretches};
use super::{Ranges, Seq};

/// Stretches ahead that are kept; a segment that would add one more is dropped.
const MOST_STRETCHES: usize = 1_024;

/// The receiving half of a connection.
#[derive(Debug)]
pub struct Receiver {
    /// RCV.NXT: the number that is expected next.
    nxt: Seq,
    /// The highest right edge that was ever told to the peer: up to there, octets are taken.
    edge: Seq,
    /// What was received and not read: `ready` octets in order, then what is ahead, with gaps.
    /// It has no more memory than that needs.
    buffer: VecDeque<u8>,
    ready: usize,
    /// Where in the buffer, beyond `nxt`, there is something.
    ahead: Stretches,
    /// The stretch that the last segment ahead went to: SACK's first block.
    latest: Seq,
    /// How many octets the buffer may hold.
    capacity: usize,
    /// By how many bits the windows that we advertise are shifted.
    shift: u8,
    /// Octets copied into the buffer since the beginning: the cost of reassembly.
    copied: u64,
}

/// What a segment's payload was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrived {
    /// It had nothing new.
    Nothing,
    /// `nxt` moved on; `filled`: it closed a gap, or part of one.
    InOrder {
        /// Whether something had been waiting ahead of it.
        filled: bool,
    },
    /// There is a gap before it.
    Ahead,
}

impl Receiver {
    /// Expects `nxt`; can hold `capacity` octets, or as many as a window shifted by `shift` can say.
    pub fn new(nxt: Seq, capacity: usize, shift: u8) -> Self {
        let capacity = capacity.min(usize::from(u16::MAX) << shift);
        Self {
            nxt,
            edge: nxt,
            buffer: VecDeque::new(),
            ready: 0,
            ahead: Stretches::default(),
            latest: nxt,
            capacity,
            shift,
            copied: 0,
        }
    }

    /// RCV.NXT.
    pub fn nxt(&self) -> Seq {
        self.nxt
    }

    /// How many octets from `nxt` on will be taken: what the peer knows of RCV.WND.
    pub fn window(&self) -> u32 {
        if self.edge.after(self.nxt) { self.edge - self.nxt } else { 0 }
    }

    /// The window's field for the next segment. From now on, what it promises is kept.
    pub fn advertise(&mut self, segment_size: u32) -> u16 {
        let edge = self.next_edge(segment_size);
        let window = edge - self.nxt;
        let field = u16::try_from(window >> self.shift).unwrap_or(u16::MAX);
        self.edge = self.edge.max(self.nxt + (u32::from(field) << self.shift));
        field
    }

    /// The same for a SYN, whose window is never shifted (RFC 7323 §2.2).
    pub fn advertise_unshifted(&mut self) -> u16 {
        let field = u16::try_from(self.free()).unwrap_or(u16::MAX);
        self.edge = self.edge.max(self.nxt + u32::from(field));
        field
    }

    /// Whether the peer should be told of a window that has grown, though nothing came from it: if
    /// that is twice what it knows of. Less is told with the next acknowledgment.
    pub fn has_news(&self, segment_size: u32) -> bool {
        let edge = self.next_edge(segment_size);
        let grown = edge.ahead_of(self.edge) >> self.shift > 0;
        grown && edge - self.nxt >= 2 * self.window()
    }

    /// Room in the buffer beyond `nxt`, in octets that a window can say.
    fn free(&self) -> u32 {
        u32::try_from(self.capacity.saturating_sub(self.ready)).unwrap_or(u32::MAX >> 2)
    }

    /// The edge where it was, or further by a step that is worth it.
    fn next_edge(&self, segment_size: u32) -> Seq {
        let most = self.nxt + self.free();
        let half = u32::try_from(self.capacity / 2).unwrap_or(u32::MAX >> 2);
        let step = i32::try_from(segment_size.min(half).max(1)).unwrap_or(i32::MAX);
        if most.ahead_of(self.edge) >= step { most } else { self.edge.max(self.nxt) }
    }

    /// Takes a payload that begins at `start`, as far as it is in the window.
    // ANCHOR: insert
    pub fn insert(&mut self, start: Seq, payload: &[u8]) -> Arrived {
        // What was received before is cut off, and what the window does not allow.
        let before = if start.before(self.nxt) { self.nxt - start } else { 0 };
        let Some(payload) = payload.get(before as usize..) else { return Arrived::Nothing };
        let start = start + before;
        let room = if start.before(self.edge) { (self.edge - start) as usize } else { 0 };
        let payload = &payload[..payload.len().min(room)];
        if payload.is_empty() {
            return Arrived::Nothing;
        }
        if start == self.nxt && self.ahead.is_empty() {
            // Nearly always so.
            make_room(&mut self.buffer, payload.len(), self.capacity);
            self.buffer.extend(payload);
            self.copied += payload.len() as u64;
            self.move_on(payload.len());
            return Arrived::InOrder { filled: false };
        }
        self.insert_between(start, payload)
    }
    // ANCHOR_END: insert

    /// Takes a payload that is ahead, or before something that is.
    fn insert_between(&mut self, start: Seq, payload: &[u8]) -> Arrived {
        let end = start + u32::try_from(payload.len()).expect("shorter than the window");
        // What is missing is copied; what is there already is left as it is.
        let mut from = start;
        while let Some(gap) = self.ahead.gap(from, end) {
            let stretch = Stretch { start: gap.start, end: gap.end };
            if self.ahead.insert(stretch, MOST_STRETCHES).is_none() {
                return Arrived::Nothing;
            }
            let (skip, length) = ((gap.start - start) as usize, gap.len() as usize);
            self.write(gap.start, &payload[skip..skip + length]);
            from = gap.end;
        }
        self.latest = start;
        let Some(first) = self.ahead.as_slice().first().copied() else { return Arrived::Nothing };
        if first.start != self.nxt {
            return if from == start { Arrived::Nothing } else { Arrived::Ahead };
        }
        self.move_on(first.len() as usize);
        self.ahead.forget_before(self.nxt);
        Arrived::InOrder { filled: true }
    }

    /// Copies octets to where they belong in the buffer.
    fn write(&mut self, start: Seq, octets: &[u8]) {
        let at = self.ready + (start - self.nxt) as usize;
        if self.buffer.len() < at {
            self.buffer.resize(at, 0);
        }
        let (over, append) = octets.split_at(octets.len().min(self.buffer.len() - at));
        let (head, tail) = self.buffer.as_mut_slices();
        let in_head = over.len().min(head.len().saturating_sub(at));
        let (to_head, to_tail) = over.split_at(in_head);
        if in_head > 0 {
            head[at..at + in_head].copy_from_slice(to_head);
        }
        if !to_tail.is_empty() {
            let at = at + in_head - head.len();
            tail[at..at + to_tail.len()].copy_from_slice(to_tail);
        }
        self.buffer.extend(append);
        self.copied += octets.len() as u64;
    }

    fn move_on(&mut self, octets: usize) {
        self.ready += octets;
        self.nxt += u32::try_from(octets).expect("shorter than the window");
    }

    /// The peer's FIN was received in order: it takes a number, and nothing comes behind it.
    pub fn finish(&mut self) {
        self.nxt += 1;
        self.edge = self.edge.max(self.nxt);
    }

    /// Octets that can be read.
    pub fn readable(&self) -> usize {
        self.ready
    }

    /// What can be read, in place; [`consume`](Self::consume) then takes it away.
    pub fn peek(&self) -> [&[u8]; 2] {
        let (head, tail) = self.buffer.as_slices();
        let in_head = self.ready.min(head.len());
        [&head[..in_head], &tail[..self.ready - in_head]]
    }

    /// Takes away octets that were read: at most as many as [`readable`](Self::readable) says.
    pub fn consume(&mut self, octets: usize) {
        let octets = octets.min(self.ready);
        self.buffer.drain(..octets);
        self.ready -= octets;
    }

    /// Moves what can be read to `out`, as far as there is room.
    pub fn read(&mut self, out: &mut [u8]) -> usize {
        let mut length = 0;
        for part in self.peek() {
            let part = &part[..part.len().min(out.len() - length)];
            out[length..length + part.len()].copy_from_slice(part);
            length += part.len();
        }
        self.consume(length);
        length
    }

    /// Whether there is nothing in the buffer, ahead or in order.
    pub fn is_empty(&self) -> bool {
        self.buffer.is_empty()
    }

    /// Whether the buffer has memory.
    pub fn holds_memory(&self) -> bool {
        self.buffer.capacity() > 0
    }

    /// Gives the buffer's memory back, if there is nothing in it.
    pub fn release(&mut self) {
        if self.buffer.is_empty() {
            self.buffer = VecDeque::new();
        }
    }

    /// Whether there is a gap: until it is filled, each segment is acknowledged at once
    /// (RFC 5681 §4.2).
    pub fn has_gap(&self) -> bool {
        !self.ahead.is_empty()
    }

    /// The blocks of a SACK option: first the stretch of the latest segment, then the others, the
    /// highest first, since these are the newest (RFC 2018 §4).
    pub fn sack_blocks(&self) -> Ranges {
        let stretches = self.ahead.as_slice();
        let holds = |stretch: &&Stretch| self.latest.within(stretch.start, stretch.len());
        let latest = stretches.iter().find(holds);
        let others = stretches.iter().rev().filter(|stretch| Some(*stretch) != latest);
        let blocks = latest.into_iter().chain(others).take(MOST_RANGES);
        blocks.map(|stretch| stretch.start..stretch.end).collect()
    }

    /// Octets copied into the buffer since the beginning.
    pub fn copied(&self) -> u64 {
        self.copied
    }

    /// Octets of memory that it has taken, besides itself.
    pub fn memory(&self) -> usize {
        self.buffer.capacity() + std::mem::size_of_val(self.ahead.as_slice())
    }
}

/// Makes room for `more` octets. A buffer doubles as it grows, so that each octet is moved once or
/// twice, but never beyond the `most` that it will ever hold: a ring is written all around, and the
/// processor's cache holds half of it twice as well as the whole.
pub(super) fn make_room(buffer: &mut VecDeque<u8>, more: usize, most: usize) {
    let needed = buffer.len() + more;
    if needed > buffer.capacity() {
        let size = needed.max((2 * buffer.capacity()).min(most));
        buffer.reserve_exact(size - buffer.len());
    }
}

#[cfg(test)]
mod tests;
