//! What answers to this exercise are known to get wrong.

use harness::Mistake;

pub(crate) const NO_CARRY: Mistake = Mistake {
    name: "no-end-around-carry",
    why: "what is carried out of the upper bit was lost; ones' complement adds it at the bottom",
    spec: "RFC 1071 §1: overflows from the most significant bits are added into the least",
};
pub(crate) const FOLDED_ONCE: Mistake = Mistake {
    name: "carry-folded-once",
    why: "the carries were added at the bottom, that made another carry, and it was lost",
    spec: "RFC 1071 §4.1: \"while (sum>>16)\", and not \"if\"",
};
pub(crate) const WRONG_HALF: Mistake = Mistake {
    name: "odd-byte-in-wrong-half",
    why: "the last octet of an odd message is the upper half of its word; the zero comes after it",
    spec: "RFC 1071 §1; RFC 9293 §3.1, Checksum: padded on the right with zeros",
};
pub(crate) const DROPPED: Mistake = Mistake {
    name: "odd-byte-dropped",
    why: "the last octet of an odd message was left out of the sum, so anything may happen to it",
    spec: "RFC 1071 §1, and the \"left-over byte\" of §4.1",
};
pub(crate) const PADDED: Mistake = Mistake {
    name: "odd-piece-padded",
    why: "a zero was put in at the end of a piece; only the end of the whole message has one",
    spec: "RFC 1071 §1: the zero follows the last octet of all",
};
pub(crate) const WRONG_ORDER: Mistake = Mistake {
    name: "wrong-byte-order",
    why: "the octets of a word were taken with the lower half first; the upper comes first here",
    spec: "RFC 1071 §1: the word [a,b] is a·256+b",
};
pub(crate) const MINUS_ZERO: Mistake = Mistake {
    name: "minus-zero-update",
    why: "ones' complement has two zeros, and the checksum came out as the other one: ffff for 0000",
    spec: "RFC 1624 §3: equation 3, and not 2; the example of §4",
};
