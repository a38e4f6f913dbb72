//! What is on the way: each transmission that was neither acknowledged nor given up, in the order
//! in which they were sent.
//!
//! ```text
//!   sent first                                       sent last
//!   │ 3000..4448  │ 4448..7344      │ 1448..2896, again │
//!   │ at 5 ms     │ at 6 ms, a burst│ at 25 ms          │
//! ```
//!
//! An octet is in here once, with its latest transmission. RACK wants it so: it asks what was
//! sent before what has arrived (RFC 8985 §6.2, step 5), and looks at these from the front. Without
//! losses it is a queue: what is acknowledged leaves at the front.

use std::collections::VecDeque;

use super::Seq;
use super::sack::Stretch;
use crate::Instant;

/// Transmissions that are kept apart. More are taken for part of the last one, so a peer that
/// acknowledges nothing costs no more memory for a stream of tiny segments.
const MOST_TRANSMISSIONS: usize = 8_192;

/// Octets that were sent at one moment: a segment, or several without a gap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transmission {
    /// Which.
    pub stretch: Stretch,
    /// When.
    pub at: Instant,
    /// Its place in the order of all transmissions. The RFC goes by the time, and at one time by
    /// the number; but a retransmission often follows higher numbers within one tick of the clock.
    pub order: Seq,
    /// Whether they had been sent before.
    pub again: bool,
}

/// What is on the way.
#[derive(Debug, Default)]
pub struct Flight {
    /// By the time when it was sent.
    transmissions: VecDeque<Transmission>,
    octets: u32,
    /// How many there ever were. The count wraps, as numbers of octets do.
    count: Seq,
    /// How many transmissions are retransmissions. While there is none, those that were sent first
    /// have the lowest numbers, too.
    again: u32,
}

impl Flight {
    /// How many octets there are: RFC 6675's pipe.
    pub fn octets(&self) -> u32 {
        self.octets
    }

    /// How many transmissions there ever were.
    pub fn count(&self) -> Seq {
        self.count
    }

    /// Whether something in here was sent twice.
    pub fn has_retransmissions(&self) -> bool {
        self.again > 0
    }

    /// Octets were sent that are not in here.
    pub fn send(&mut self, stretch: Stretch, at: Instant, again: bool) {
        self.octets += stretch.len();
        let full = self.transmissions.len() >= MOST_TRANSMISSIONS;
        if let Some(last) = self.transmissions.back_mut()
            && !again
            && !last.again
            && last.stretch.end == stretch.start
            && (last.at == at || full)
        {
            last.stretch.end = stretch.end;
            last.at = at;
            return;
        }
        self.again += u32::from(again);
        self.count += 1;
        self.transmissions.push_back(Transmission { stretch, at, order: self.count, again });
    }

    /// Takes out what is in a stretch, and tells of each part of it.
    pub fn take(&mut self, stretch: Stretch, mut taken: impl FnMut(&Transmission)) {
        let mut at = 0;
        while let Some(transmission) = self.transmissions.get_mut(at) {
            let Stretch { start, end } = transmission.stretch;
            let part = Stretch { start: start.max(stretch.start), end: end.min(stretch.end) };
            if !part.start.before(part.end) {
                if self.again == 0 && start.at_or_after(stretch.end) {
                    return;
                }
                at += 1;
                continue;
            }
            self.octets -= part.len();
            taken(&Transmission { stretch: part, ..*transmission });
            let (before, behind) = (start.before(part.start), part.end.before(end));
            match (before, behind) {
                (false, false) => {
                    self.remove(at);
                    continue;
                }
                (false, true) => transmission.stretch.start = part.end,
                (true, false) => transmission.stretch.end = part.start,
                (true, true) => {
                    transmission.stretch.end = part.start;
                    let stretch = Stretch { start: part.end, end };
                    let rest = Transmission { stretch, ..*transmission };
                    self.again += u32::from(rest.again);
                    self.transmissions.insert(at + 1, rest);
                }
            }
            at += 1;
        }
    }

    /// Takes out those of which `gone` says so, the earliest first, as far as it says anything.
    pub fn take_while(&mut self, mut gone: impl FnMut(&Transmission) -> Option<bool>) {
        let mut at = 0;
        while let Some(transmission) = self.transmissions.get(at).copied() {
            match gone(&transmission) {
                None => return,
                Some(false) => at += 1,
                Some(true) => {
                    self.octets -= transmission.stretch.len();
                    self.remove(at);
                }
            }
        }
    }

    fn remove(&mut self, at: usize) {
        if self.transmissions.remove(at).is_some_and(|transmission| transmission.again) {
            self.again -= 1;
        }
    }

    /// Nothing is on the way any more.
    pub fn clear(&mut self) {
        self.transmissions.clear();
        (self.octets, self.again) = (0, 0);
    }

    /// Gives the memory back, if there is nothing in it.
    pub fn release(&mut self) {
        if self.transmissions.is_empty() {
            self.transmissions = VecDeque::new();
        }
    }

    /// Octets of memory that it has taken, besides itself.
    pub fn memory(&self) -> usize {
        self.transmissions.capacity() * std::mem::size_of::<Transmission>()
    }
}

impl Transmission {
    /// Whether this was sent later than what has that place in the order and ends there:
    /// `RACK_sent_after ()` (RFC 8985 §6.2, step 2). What is one transmission was sent in the order of
    /// the numbers.
    pub fn is_after(&self, order: Seq, end: Seq) -> bool {
        self.order.after(order) || self.order == order && self.stretch.end.after(end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stretch(start: u32, end: u32) -> Stretch {
        Stretch { start: Seq(start), end: Seq(end) }
    }

    fn taken(flight: &mut Flight, start: u32, end: u32) -> Vec<(u32, u32, bool)> {
        let mut parts = Vec::new();
        let numbers = |t: &Transmission| (t.stretch.start.0, t.stretch.end.0, t.again);
        flight.take(stretch(start, end), |part| parts.push(numbers(part)));
        parts
    }

    #[test]
    fn a_burst_is_one_transmission_and_leaves_in_parts() {
        let mut flight = Flight::default();
        flight.send(stretch(0, 10), Instant::from_nanos(1), false);
        flight.send(stretch(10, 20), Instant::from_nanos(1), false);
        flight.send(stretch(20, 30), Instant::from_nanos(2), false);
        assert_eq!(flight.transmissions.len(), 2);
        assert_eq!(taken(&mut flight, 5, 8), [(5, 8, false)]);
        assert_eq!(taken(&mut flight, 0, 25), [(0, 5, false), (8, 20, false), (20, 25, false)]);
        assert_eq!((flight.octets(), flight.transmissions.len()), (5, 1));
    }

    #[test]
    fn a_retransmission_is_behind_what_was_sent_before_it() {
        let mut flight = Flight::default();
        flight.send(stretch(10, 20), Instant::from_nanos(1), false);
        flight.send(stretch(0, 10), Instant::from_nanos(2), true);
        assert!(flight.has_retransmissions());
        assert_eq!(taken(&mut flight, 0, 20), [(10, 20, false), (0, 10, true)]);
        assert_eq!((flight.octets(), flight.has_retransmissions()), (0, false));
    }

    #[test]
    fn tiny_segments_take_bounded_memory() {
        let mut flight = Flight::default();
        for at in 0..100_000 {
            flight.send(stretch(at, at + 1), Instant::from_nanos(at.into()), false);
        }
        assert_eq!(flight.octets(), 100_000);
        assert_eq!(flight.transmissions.len(), MOST_TRANSMISSIONS);
    }
}
