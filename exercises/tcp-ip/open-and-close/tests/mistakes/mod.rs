//! The mistakes that the graded test knows by name.

use harness::Mistake;

pub(crate) const RST_RST: Mistake = Mistake {
    name: "rst-answers-rst",
    why: "an RST was answered with an RST; two ends that do so send them to each other without end",
    spec: "RFC 9293 §3.10.7.1: an incoming segment containing a RST is discarded",
};
pub(crate) const ANY_ACK: Mistake = Mistake {
    name: "any-ack-establishes",
    why: "the connection is established, and the peer did not acknowledge our SYN: it may never have seen it, and be anybody",
    spec: "RFC 9293 §3.10.7.3, first, and §3.10.7.4, fifth: the ACK must be of our SYN",
};
pub(crate) const NOT_AT_ONCE: Mistake = Mistake {
    name: "no-simultaneous-open",
    why: "both ends asked at once, and the other's SYN was not taken for a beginning",
    spec: "RFC 9293 §3.5: a TCP must support simultaneous open (MUST-10)",
};
pub(crate) const CLOSE_WAIT: Mistake = Mistake {
    name: "stays-in-close-wait",
    why: "the peer has ended, the application has too, and the peer is never told: it waits in FIN-WAIT-2, and this end stays",
    spec: "RFC 9293 §3.10.4: CLOSE in CLOSE-WAIT sends FIN and enters LAST-ACK",
};
pub(crate) const UNACKNOWLEDGED: Mistake = Mistake {
    name: "any-ack-acknowledges-the-fin",
    why: "an ACK of something before our FIN was taken for one of the FIN; if that got lost, nobody will send it again",
    spec: "RFC 9293 §3.10.7.4, fifth: if the FIN is now acknowledged",
};
pub(crate) const NOT_CLOSING: Mistake = Mistake {
    name: "closing-skipped",
    why: "the peer's FIN crossed ours and does not acknowledge it; the state for that is CLOSING, until the ACK comes",
    spec: "RFC 9293 §3.10.7.4, eighth, FIN-WAIT-1; §3.6, simultaneous close",
};
pub(crate) const NO_TIME_WAIT: Mistake = Mistake {
    name: "no-time-wait",
    why: "the connection was forgotten before the peer can know that its FIN has arrived; the FIN that it sends again must still be acknowledged",
    spec: "RFC 9293 §3.10.7.4, eighth: TIME-WAIT acknowledges a FIN that comes again",
};
pub(crate) const BLIND: Mistake = Mistake {
    name: "blind-reset",
    why: "an RST was believed whose numbers only a stranger would send: any host that knows the ports can end the connection",
    spec: "RFC 9293 §3.10.7.4, first and second; §3.10.7.3, second: in the window, or of our SYN",
};
pub(crate) const NEAR: Mistake = Mistake {
    name: "rst-near-is-enough",
    why: "an RST was believed that lies in the window but is not the next number: with a window of a megabyte, a stranger needs 4,000 guesses",
    spec: "RFC 5961 §3.2: exactly RCV.NXT resets; anything else in the window gets a challenge ACK",
};
pub(crate) const SYN: Mistake = Mistake {
    name: "syn-resets",
    why: "a SYN in the middle of a connection ended it, or began it anew; who sent it, nobody knows",
    spec: "RFC 5961 §4.2: a SYN in a synchronized state gets a challenge ACK, whatever its number",
};
