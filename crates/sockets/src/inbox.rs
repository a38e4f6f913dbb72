//! Octets that have arrived and that nobody has taken yet.
//!
//! A stream hands over pieces of any size, so every decoder of this chapter keeps what it cannot
//! use yet. The obvious `Vec` with `drain(..count)` at each message moves all that follows to the
//! front, every time: a thousand small messages in one read are then moved a thousand times. Here
//! taking moves a mark, and the octets move only when more than half of them have been taken, so
//! each is moved a bounded number of times on average:
//!
//! ```text
//! ┌───────────────┬──────────────────────┐
//! │ taken         │ waiting              │ ◀── push
//! └───────────────┴──────────────────────┘
//!                 ▲ start
//! ```

/// A queue of octets that stay in one piece.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    octets: Vec<u8>,
    /// Where the octets begin that nobody has taken.
    start: usize,
}

impl Inbox {
    // ANCHOR: push
    /// Adds what has arrived.
    pub(crate) fn push(&mut self, arrived: &[u8]) {
        if self.start > self.octets.len() / 2 {
            self.octets.drain(..self.start);
            self.start = 0;
        }
        self.octets.extend_from_slice(arrived);
    }
    // ANCHOR_END: push

    /// All that waits.
    pub(crate) fn waiting(&self) -> &[u8] {
        &self.octets[self.start..]
    }

    /// Takes the first `count` octets.
    ///
    /// # Panics
    ///
    /// Where fewer are waiting.
    pub(crate) fn take(&mut self, count: usize) -> &[u8] {
        let taken = &self.octets[self.start..self.start + count];
        self.start += count;
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_pushed_is_taken_in_order() {
        let mut inbox = Inbox::default();
        let mut taken = Vec::new();
        for round in 0..100_u8 {
            inbox.push(&[round; 7]);
            let count = usize::from(round % 11).min(inbox.waiting().len());
            taken.extend_from_slice(inbox.take(count));
        }
        taken.extend_from_slice(inbox.waiting());
        let all: Vec<u8> = (0..100).flat_map(|round| [round; 7]).collect();
        assert_eq!(taken, all);
    }

    #[test]
    fn an_inbox_does_not_keep_what_was_taken() {
        let mut inbox = Inbox::default();
        for _ in 0..10_000 {
            inbox.push(&[0; 100]);
            inbox.take(100);
        }
        assert!(inbox.octets.capacity() < 1000, "{}", inbox.octets.capacity());
    }
}
