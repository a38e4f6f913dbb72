//! What answers to this exercise are known to get wrong.

use harness::Mistake;

pub(crate) const ORDER: Mistake = Mistake {
    name: "first-match-wins",
    why: "several prefixes contain the address, and the order of the table decided, not the length",
    spec: "RFC 1812 §5.2.4.3, Longest Match",
};
pub(crate) const SHIFT: Mistake = Mistake {
    name: "shift-by-the-width",
    why: "a number of 32 bits was shifted by 32, which is not zero: Rust panics, a processor shifts by 0",
    spec: "std: u32::checked_shl; RFC 4632 §5.1: the default route is 0.0.0.0/0",
};
pub(crate) const HOST_BITS: Mistake = Mistake {
    name: "host-bits-compared",
    why: "the bits behind the prefix were kept and compared; only the first bits matter",
    spec: "the task: the other bits do not matter; RFC 4632 §3.1",
};
pub(crate) const TWO_HOSTS: Mistake = Mistake {
    name: "broadcast-in-a-31",
    why: "a prefix of 31 bits has two addresses, and both are hosts; there is no broadcast among them",
    spec: "RFC 3021 §2.1",
};
pub(crate) const TTL_ZERO: Mistake = Mistake {
    name: "ttl-zero-forwarded",
    why: "a packet whose last hop this was has been sent on; with a TTL of 0, or with 255 again",
    spec: "RFC 1812 §5.3.1, Time to Live",
};
pub(crate) const STALE: Mistake = Mistake {
    name: "stale-checksum",
    why: "the TTL changed and the checksum did not: the next router drops the packet in silence",
    spec: "RFC 791 §3.1, Header Checksum: recomputed at each point; RFC 1624 §3",
};
pub(crate) const NO_CARRY: Mistake = Mistake {
    name: "no-end-around-carry",
    why: "the checksum gained 0100, went over ffff, and the carry was not brought back in",
    spec: "RFC 1071 §1; RFC 1624 §3",
};
pub(crate) const MINUS_ZERO: Mistake = Mistake {
    name: "minus-zero-update",
    why: "ones' complement has two zeros, and the checksum came out as the other one: ffff for 0000",
    spec: "RFC 1624 §3: equation 3, and not 2",
};
