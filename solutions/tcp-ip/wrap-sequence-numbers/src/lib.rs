//! TCP's sequence numbers: 32 bits for a stream of any length.
//!
//! Every octet of a stream has a number. The first number is random, and after the highest comes
//! 0 again, so the numbers lie on a circle and not on a line:
//!
//! ```text
//! position        0             0xff         0x100            0x110            2^32 + 0x110
//! number     0xffff_ff00 … 0xffff_ffff   0x0000_0000 … 0x0000_0010   …   0x0000_0010
//!               `first`                    it wraps
//! ```
//!
//! A position counts from the first octet and never wraps; the number is what a segment has room
//! for (RFC 9293 §3.4).

/// Numbers on the circle: 2^32.
pub const CIRCLE: u64 = 1 << 32;

/// A sequence number, as it stands in a header.
///
/// It has no `<`: on a circle each number is ahead of each other one, and behind it as well. What
/// can be asked is which of the two ways is the shorter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Seq(pub u32);

impl Seq {
    /// The number of the octet at `position`, in a stream whose position 0 has the number `first`.
    pub fn at(first: Seq, position: u64) -> Seq {
        // answer: let _ = (first, position); // Yours to use; then this line can go.
        // answer: todo!("count from `first`, around the circle")
        // Modulo 2^32 before the addition and in it: how often it went round is not on the wire.
        let around = (position & (CIRCLE - 1)) as u32;
        Seq(first.0.wrapping_add(around))
        // end answer
    }

    /// How far `self` is ahead of `other`, by the shorter way; negative if it is behind.
    ///
    /// Of two numbers just opposite each other, 2^31 apart, either may be said to be ahead.
    pub fn ahead_of(self, other: Seq) -> i32 {
        // answer: let _ = other; // Yours to use; then this line can go.
        // answer: todo!("find the shorter way from `other` to `self`")
        // The way forward; two's complement makes one that is longer than half a way back.
        self.0.wrapping_sub(other.0).cast_signed()
        // end answer
    }

    /// Whether `self` comes before `other`: the shorter way between them leads forward.
    pub fn before(self, other: Seq) -> bool {
        // answer: let _ = other; // Yours to use; then this line can go.
        // answer: todo!("compare two numbers on a circle")
        self.ahead_of(other) < 0
        // end answer
    }

    /// Whether `self` is one of the `length` numbers from `first` on: in a window.
    pub fn within(self, first: Seq, length: u32) -> bool {
        // answer: let _ = (first, length); // Yours to use; then this line can go.
        // answer: todo!("say whether the window holds this number")
        // One comparison: whatever is before `first` is nearly a whole circle ahead of it.
        self.0.wrapping_sub(first.0) < length
        // end answer
    }

    /// The position that has this number and is nearest to `near`, in a stream whose position 0
    /// has the number `first`. There is no position before 0.
    ///
    /// Of two that are equally near, either. `near` is below 2^62.
    pub fn position(self, first: Seq, near: u64) -> u64 {
        // answer: let _ = (first, near); // Yours to use; then this line can go.
        // answer: todo!("find the nearest of all positions with this number")
        let step = i64::from(self.ahead_of(Seq::at(first, near)));
        // The nearest may lie before the beginning; then it is the next one, a circle further on.
        near.checked_add_signed(step)
            .unwrap_or_else(|| near.wrapping_add(CIRCLE).wrapping_add_signed(step))
        // end answer
    }
}
