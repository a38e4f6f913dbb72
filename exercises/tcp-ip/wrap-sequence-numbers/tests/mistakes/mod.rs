//! The mistakes that the graded test knows by name.

use harness::Mistake;

pub(crate) const FROM_ZERO: Mistake = Mistake {
    name: "counts-from-zero",
    why: "the first octet was taken to have the number 0; it has the one that the SYN announced, which is random",
    spec: "RFC 9293 §3.4.1: initial sequence number selection",
};
pub(crate) const OVERFLOW: Mistake = Mistake {
    name: "overflow-at-the-wrap",
    why: "`+` and `-` take an overflow for a bug and panic; here it is the rule, and a peer that starts near the top would stop your program",
    spec: "RFC 9293 §3.4: all arithmetic is modulo 2^32; u32::wrapping_add, u32::wrapping_sub",
};
pub(crate) const ONE_EARLY: Mistake = Mistake {
    name: "wraps-one-early",
    why: "the circle was given 2^32 - 1 numbers; it has 2^32, and `u32::MAX` is the last of them",
    spec: "RFC 9293 §3.4: the numbers are 0 to 2^32 - 1",
};
pub(crate) const LINE: Mistake = Mistake {
    name: "line-not-circle",
    why: "the numbers were compared as if they lay on a line; after the highest comes 0, and it is ahead",
    spec: "RFC 9293 §3.4: all arithmetic is modulo 2^32; RFC 1982 §3.2",
};
pub(crate) const ITSELF: Mistake = Mistake {
    name: "before-itself",
    why: "a number was said to come before itself: an octet that is expected next would be taken for one that has been",
    spec: "RFC 9293 §3.4: `<` and `=<` are two comparisons",
};
pub(crate) const EDGE: Mistake = Mistake {
    name: "window-includes-its-edge",
    why: "a window of n numbers ends at first + n - 1; the number after it was taken as well",
    spec: "RFC 9293 §3.4: RCV.NXT =< SEG.SEQ < RCV.NXT+RCV.WND",
};
pub(crate) const EPOCH: Mistake = Mistake {
    name: "wrong-epoch",
    why: "the number is right, and the stream is on another round of the circle: `near` says on which, and near its border that may be the one before or after",
    spec: "the task: of all positions with this number, the nearest",
};
pub(crate) const NEGATIVE: Mistake = Mistake {
    name: "before-the-beginning",
    why: "the nearest position with this number lies before 0, where no octet is; it was not moved on by a round",
    spec: "the task: there is no position before 0",
};
