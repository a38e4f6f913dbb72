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
        let _ = (first, position); // Yours to use; then this line can go.
        todo!("count from `first`, around the circle")
    }

    /// How far `self` is ahead of `other`, by the shorter way; negative if it is behind.
    ///
    /// Of two numbers just opposite each other, 2^31 apart, either may be said to be ahead.
    pub fn ahead_of(self, other: Seq) -> i32 {
        let _ = other; // Yours to use; then this line can go.
        todo!("find the shorter way from `other` to `self`")
    }

    /// Whether `self` comes before `other`: the shorter way between them leads forward.
    pub fn before(self, other: Seq) -> bool {
        let _ = other; // Yours to use; then this line can go.
        todo!("compare two numbers on a circle")
    }

    /// Whether `self` is one of the `length` numbers from `first` on: in a window.
    pub fn within(self, first: Seq, length: u32) -> bool {
        let _ = (first, length); // Yours to use; then this line can go.
        todo!("say whether the window holds this number")
    }

    /// The position that has this number and is nearest to `near`, in a stream whose position 0
    /// has the number `first`. There is no position before 0.
    ///
    /// Of two that are equally near, either. `near` is below 2^62.
    pub fn position(self, first: Seq, near: u64) -> u64 {
        let _ = (first, near); // Yours to use; then this line can go.
        todo!("find the nearest of all positions with this number")
    }
}
