//! Sequence numbers: 32 bits that wrap (RFC 9293 §3.4).
//!
//! Every octet of a stream has a number, and after 4,294,967,295 comes 0. A fast connection gets
//! there within seconds, so "before" cannot be `<`. One number is before another when the way
//! forward to it is shorter than half the circle:
//!
//! ```text
//!             0
//!     3·2^30 ─┼─ 2^30        from 0xffff_fff0 to 0x10 it is 0x20 forward:
//!           2^31             0xffff_fff0 is before 0x10
//! ```
//!
//! That order holds for numbers within one window of each other, and only for those: it is no
//! total order, so [`Seq`] has no `Ord`.

use std::fmt;
use std::ops::{Add, AddAssign, Sub};

/// The number of an octet, of a SYN or of a FIN.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Seq(pub u32);

impl Seq {
    /// How far `self` is ahead of `other`; negative if it is behind.
    ///
    /// ```
    /// use tcp_ip::tcp::Seq;
    /// assert_eq!(Seq(0x10).ahead_of(Seq(0xffff_fff0)), 0x20);
    /// assert_eq!(Seq(0xffff_fff0).ahead_of(Seq(0x10)), -0x20);
    /// ```
    // ANCHOR: ahead
    pub const fn ahead_of(self, other: Seq) -> i32 {
        // Two's complement folds the circle in the middle, which is just what is needed.
        self.0.wrapping_sub(other.0).cast_signed()
    }
    // ANCHOR_END: ahead

    /// `self < other` on the circle.
    // ANCHOR: before
    pub const fn before(self, other: Seq) -> bool {
        self.ahead_of(other) < 0
    }
    // ANCHOR_END: before

    /// `self > other` on the circle.
    pub const fn after(self, other: Seq) -> bool {
        self.ahead_of(other) > 0
    }

    /// `self <= other` on the circle.
    pub const fn at_or_before(self, other: Seq) -> bool {
        self.ahead_of(other) <= 0
    }

    /// `self >= other` on the circle.
    pub const fn at_or_after(self, other: Seq) -> bool {
        self.ahead_of(other) >= 0
    }

    /// Whether `self` is one of the `length` numbers from `first` on.
    pub const fn within(self, first: Seq, length: u32) -> bool {
        self.0.wrapping_sub(first.0) < length
    }

    /// The later of the two.
    pub const fn max(self, other: Seq) -> Seq {
        if self.before(other) { other } else { self }
    }

    /// The earlier of the two.
    pub const fn min(self, other: Seq) -> Seq {
        if self.after(other) { other } else { self }
    }

    /// The position in a stream of 64 bits that has this number and is closest to `near`.
    ///
    /// `near` is a position, counted from `first`'s 0. What would lie before position 0 is taken
    /// to be after it.
    ///
    /// ```
    /// use tcp_ip::tcp::Seq;
    /// let first = Seq(0xffff_ff00);
    /// assert_eq!(Seq(0x10).unwrap_near(first, 0), 0x110);
    /// assert_eq!(Seq(0x10).unwrap_near(first, 7 << 32), (7 << 32) + 0x110);
    /// ```
    pub const fn unwrap_near(self, first: Seq, near: u64) -> u64 {
        let offset = self.0.wrapping_sub(first.0) as u64;
        let base = near & !0xffff_ffff;
        let candidate = base + offset;
        const HALF: u64 = 1 << 31;
        const WHOLE: u64 = 1 << 32;
        if candidate > near + HALF && candidate >= WHOLE {
            candidate - WHOLE
        } else if candidate + HALF < near {
            candidate + WHOLE
        } else {
            candidate
        }
    }
}

impl Add<u32> for Seq {
    type Output = Seq;

    fn add(self, octets: u32) -> Seq {
        Seq(self.0.wrapping_add(octets))
    }
}

impl AddAssign<u32> for Seq {
    fn add_assign(&mut self, octets: u32) {
        *self = *self + octets;
    }
}

impl Sub<u32> for Seq {
    type Output = Seq;

    fn sub(self, octets: u32) -> Seq {
        Seq(self.0.wrapping_sub(octets))
    }
}

impl Sub<Seq> for Seq {
    type Output = u32;

    /// The way forward from `earlier` to `self`, all around the circle if need be.
    fn sub(self, earlier: Seq) -> u32 {
        self.0.wrapping_sub(earlier.0)
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_holds_across_the_wrap() {
        let (early, late) = (Seq(u32::MAX - 1), Seq(2));
        assert!(early.before(late) && late.after(early));
        assert!(early.at_or_before(early) && early.at_or_after(early) && !early.before(early));
        assert_eq!((early.max(late), early.min(late)), (late, early));
        assert_eq!(late - early, 4);
        assert_eq!(early + 4, late);
        assert_eq!(late - 4, early);
    }

    #[test]
    fn a_window_may_wrap_and_an_empty_one_holds_nothing() {
        let first = Seq(u32::MAX);
        assert!(Seq(u32::MAX).within(first, 2) && Seq(0).within(first, 2));
        assert!(!Seq(1).within(first, 2) && !first.within(first, 0));
    }

    #[test]
    fn unwrapping_finds_the_closest_position() {
        let first = Seq(100);
        for position in [0u64, 1, 1 << 31, (1 << 32) - 1, 1 << 32, (5 << 32) + 77] {
            #[allow(clippy::cast_possible_truncation)] // Modulo 2^32 is what the wire does.
            let on_the_wire = first + position as u32;
            for near in [position.saturating_sub(1 << 30), position, position + (1 << 30)] {
                assert_eq!(on_the_wire.unwrap_near(first, near), position, "near {near}");
            }
        }
    }
}
