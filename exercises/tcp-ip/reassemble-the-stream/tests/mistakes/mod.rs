//! The mistakes that the graded test knows by name.

use harness::Mistake;

pub(crate) const OVER_HOLE: Mistake = Mistake {
    name: "delivers-over-the-hole",
    why: "octets were taken to be next because they came next; one before them is still missing",
    spec: "RFC 9293 §3.10.7.4: segments are processed in the order of their sequence numbers",
};
pub(crate) const DROPS_AHEAD: Mistake = Mistake {
    name: "drops-what-is-ahead",
    why: "what came before its turn was thrown away, though there was room; it must all be sent again for one lost piece",
    spec: "RFC 9293 §3.10.7.4: segments with higher beginning sequence numbers SHOULD be held (SHLD-31)",
};
pub(crate) const STOPS: Mistake = Mistake {
    name: "stops-after-one-piece",
    why: "the hole was filled, and not all that waited behind it was let go: the next piece behind it, too, is in order now",
    spec: "RFC 9293 §3.4: acknowledgments are cumulative",
};
pub(crate) const TWICE: Mistake = Mistake {
    name: "overlap-counted-twice",
    why: "the piece has octets that were received before; they were taken, or counted, once more",
    spec: "RFC 9293 §3.10: of a segment that overlaps others, just the new data is kept",
};
pub(crate) const ALL_OR_NOTHING: Mistake = Mistake {
    name: "all-or-nothing",
    why: "part of the piece was of no use, and the rest was thrown away with it; that may be the part that is missing",
    spec: "RFC 9293 §3.10, §3.10.7.4: what is old or outside the window is trimmed off, the rest is kept",
};
pub(crate) const LAST_COPY: Mistake = Mistake {
    name: "last-copy-wins",
    why: "an octet came twice, with different values, and the later one took the place of the first",
    spec: "RFC 9293 §3.10: of a segment that overlaps others, just the new data is kept",
};
pub(crate) const PAST: Mistake = Mistake {
    name: "buffers-past-the-window",
    why: "octets were kept that are past the window: who sends them decides how much memory you use",
    spec: "RFC 9293 §3.4: RCV.NXT+RCV.WND-1 is the last that may be taken; CWE-770",
};
pub(crate) const NO_ROOM: Mistake = Mistake {
    name: "no-room-for-the-hole",
    why: "what waits ahead of the hole was taken off the window; when that is full, nothing can fill the hole, and both ends wait for ever",
    spec: "RFC 9293 §3.8.6: the window is counted from RCV.NXT, and its right edge should not move back",
};
pub(crate) const ENDS_EARLY: Mistake = Mistake {
    name: "ends-before-the-hole",
    why: "the end is known, and an octet before it is missing: who believes the stream complete has a short one",
    spec: "RFC 9293 §3.10.7.4, eighth: the FIN is processed in its turn",
};
pub(crate) const QUADRATIC: Mistake = Mistake {
    name: "quadratic-reassembly",
    why: "each piece makes you go through all that is there, or all that there is room for: n pieces cost n² octets",
    spec: "CVE-2018-5390; the task: a piece costs what it brings",
};
