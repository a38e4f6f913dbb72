//! The mistakes that the graded test knows by name.

use harness::Mistake;

pub(crate) const SEGMENT_PER_ACK: Mistake = Mistake {
    name: "segment-per-ack",
    why: "the window grew by a segment for each acknowledgment, however little it acknowledged: a peer that cuts its acks small decides how fast you send",
    spec: "RFC 5681 §3.1 (2): cwnd += min (N, SMSS)",
};
pub(crate) const TIMEOUT: Mistake = Mistake {
    name: "timeout-keeps-the-window",
    why: "nothing came back until the timer went off, and the next burst is as large as after a single loss",
    spec: "RFC 5681 §3.1: upon a timeout cwnd is set to no more than one full-sized segment",
};
pub(crate) const HALVES_CWND: Mistake = Mistake {
    name: "halves-cwnd",
    why: "ssthresh was made half of what might have been on the way, not half of what was",
    spec: "RFC 5681 §3.1 (4): ssthresh = max (FlightSize / 2, 2*SMSS)",
};
pub(crate) const DATA: Mistake = Mistake {
    name: "counts-acks-with-data",
    why: "the peer was sending data of its own, and each of its segments repeats the same acknowledgment number; that is no sign of a loss",
    spec: "RFC 5681 §2, DUPLICATE ACKNOWLEDGMENT (b): it carries no data",
};
pub(crate) const UPDATES: Mistake = Mistake {
    name: "counts-window-updates",
    why: "the peer's application read, and the peer said that it has room again; that is no sign of a loss",
    spec: "RFC 5681 §2, DUPLICATE ACKNOWLEDGMENT (e): it advertises the same window as the last",
};
pub(crate) const PARTIAL: Mistake = Mistake {
    name: "partial-ack-ends-recovery",
    why: "the acknowledgment covers a part of what was on the way: the segment after it is lost as well, and now it waits for the timer",
    spec: "RFC 6582 §3.2 step 3, partial acknowledgments",
};
pub(crate) const INFLATED: Mistake = Mistake {
    name: "stays-inflated",
    why: "during the recovery the window was larger by what had left the network; the recovery is over, and it still is",
    spec: "RFC 6582 §3.2 step 3, full acknowledgments; RFC 5681 §3.2 step 6: deflating the window",
};
pub(crate) const TWICE: Mistake = Mistake {
    name: "halves-twice",
    why: "segments of one window were lost together, and each of them was taken for a new sign of congestion",
    spec: "RFC 6582 §3.2 step 2: only if the acknowledgment covers more than `recover`",
};
