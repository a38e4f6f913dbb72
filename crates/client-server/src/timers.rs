//! Deadlines of many connections, soonest first.
//!
//! A connection's deadline moves with nearly every message, and hardly ever comes. So a timer is
//! not moved each time: it stays at the earlier moment, and when that comes, the loop asks the
//! connection again and sets a new one. A message costs a comparison; a connection has one entry that
//! counts. Those that count no more, of connections that are over or whose deadline came
//! nearer, stay until their moment too, or until there are more of them than of the others.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::session::Time;

/// Whom a timer is for: a slot, and which of the connections that have lived there.
///
/// Without the second number, the timer of a closed connection would fire for the next one in its
/// slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Owner {
    /// The slot's index.
    pub slot: usize,
    /// Differs for each connection.
    pub serial: u64,
}

/// The timers of one loop.
#[derive(Debug, Default)]
pub struct Timers {
    heap: BinaryHeap<Reverse<(Time, Owner)>>,
}

impl Timers {
    /// Sets a timer. `O(log n)` in the number of timers.
    pub fn set(&mut self, at: Time, owner: Owner) {
        self.heap.push(Reverse((at, owner)));
    }

    /// The soonest timer, if there is one.
    pub fn next(&self) -> Option<Time> {
        self.heap.peek().map(|Reverse((at, _))| *at)
    }

    /// How many are set, those included that count no more.
    pub fn len(&self) -> usize {
        self.heap.len()
    }

    /// Whether none is set.
    pub fn is_empty(&self) -> bool {
        self.heap.is_empty()
    }

    /// Forgets those of which `counts` says `false`. `O(n)`: to be called when many have piled up.
    pub fn retain(&mut self, mut counts: impl FnMut(Time, Owner) -> bool) {
        self.heap.retain(|Reverse((at, owner))| counts(*at, *owner));
    }

    // ANCHOR: expired
    /// Takes out one timer whose moment has come: never one that lies ahead.
    pub fn expired(&mut self, now: Time) -> Option<(Time, Owner)> {
        let Reverse((at, _)) = self.heap.peek()?;
        if *at > now {
            return None;
        }
        self.heap.pop().map(|Reverse(entry)| entry)
    }
    // ANCHOR_END: expired
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn timers_come_in_order_and_none_early() {
        let mut timers = Timers::default();
        for millis in [30, 10, 20] {
            timers.set(Duration::from_millis(millis), Owner { slot: 0, serial: millis });
        }
        assert_eq!(timers.next(), Some(Duration::from_millis(10)));
        assert_eq!(timers.expired(Duration::from_nanos(9_999_999)), None);
        let mut expired = |now| timers.expired(Duration::from_millis(now)).map(|(_, o)| o.serial);
        assert_eq!((expired(20), expired(20), expired(20)), (Some(10), Some(20), None));
        assert_eq!((expired(31), expired(31)), (Some(30), None));
    }

    #[test]
    fn those_that_count_no_more_can_be_forgotten() {
        let mut timers = Timers::default();
        for serial in 0..10 {
            timers.set(Duration::from_secs(serial % 3), Owner { slot: 0, serial });
        }
        timers.retain(|_, owner| owner.serial >= 8);
        assert_eq!(timers.len(), 2);
        assert_eq!(timers.next(), Some(Duration::ZERO), "the ninth");
        assert_eq!(timers.expired(Duration::ZERO).map(|(_, owner)| owner.serial), Some(9));
    }
}
