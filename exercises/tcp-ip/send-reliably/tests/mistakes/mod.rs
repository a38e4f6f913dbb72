//! The mistakes that the graded test knows by name.

use harness::Mistake;

pub(crate) const WINDOW: Mistake = Mistake {
    name: "window-counted-anew",
    why: "the window was taken for room beyond what is on the way; it counts from the last acknowledged octet on, so what is on the way is in it",
    spec: "RFC 9293 §3.8.6.2.1: the usable window is SND.UNA + SND.WND - SND.NXT",
};
pub(crate) const GO_BACK: Mistake = Mistake {
    name: "go-back-n",
    why: "one timeout, and all that is on the way was sent again, though one lost segment is enough to cause it",
    spec: "RFC 6298 §5.4: retransmit the earliest segment that is not acknowledged",
};
pub(crate) const NO_BACKOFF: Mistake = Mistake {
    name: "no-backoff",
    why: "the next timeout is as long as the last: a path that is full gets the same segment again at the same rate, for as long as it is full",
    spec: "RFC 6298 §5.5: RTO = 2 · RTO, when the timer goes off",
};
pub(crate) const RESTARTS: Mistake = Mistake {
    name: "restarts-the-timer",
    why: "the timer was started anew though nothing new was acknowledged; as long as that goes on, a lost segment is never sent again",
    spec: "RFC 6298 §5.1 and §5.3: started if it is not running; anew only by an ACK of new data",
};
pub(crate) const KEEPS: Mistake = Mistake {
    name: "timer-not-restarted",
    why: "the timer still runs for octets that have arrived, and will go off too early for those that left later",
    spec: "RFC 6298 §5.3: an ACK of new data restarts the timer",
};
pub(crate) const NO_PROBE: Mistake = Mistake {
    name: "no-window-probe",
    why: "the window is zero and nobody asks whether it still is: if the ACK that opens it is lost, both ends wait for ever",
    spec: "RFC 9293 §3.8.6.1: zero windows must be probed",
};
pub(crate) const FORGOTTEN: Mistake = Mistake {
    name: "probe-forgotten",
    why: "the peer took the octet of the probe, and its ACK was ignored as one of something that was never sent",
    spec: "RFC 9293 §3.8.6.1: a probe carries new data, which the peer may accept",
};
pub(crate) const DOUBLES: Mistake = Mistake {
    name: "doubles-rto-on-zero-window",
    why: "the probes were counted as timeouts; the window is open again, and the first loss now costs many times the RTO",
    spec: "RFC 9293 §3.8.6.1: the interval between probes grows; RFC 6298 §5.5: the RTO, when a segment is lost",
};
