//! The mistakes that the graded test knows by name.

use harness::Mistake;

pub(crate) const NO_NUMBER: Mistake = Mistake {
    name: "syn-and-fin-take-no-number",
    why: "a SYN or a FIN was not counted: each takes one number, so that it can be acknowledged",
    spec: "RFC 9293 §3.4: SEG.LEN counts SYN and FIN",
};
pub(crate) const AHEAD: Mistake = Mistake {
    name: "acknowledges-what-is-ahead",
    why: "the acknowledgement passes over a hole: the sender forgets what it believes received, and the hole stays for ever",
    spec: "RFC 9293 §3.4: all octets up to but not including X have been received",
};
pub(crate) const ENDS_EARLY: Mistake = Mistake {
    name: "ends-before-the-hole",
    why: "the FIN's number was acknowledged while an octet before it is missing",
    spec: "RFC 9293 §3.4: the FIN is considered to occur after the last data octet",
};
pub(crate) const SILENT: Mistake = Mistake {
    name: "silent-on-duplicates",
    why: "the segment brought nothing new, and was not answered; it came again because your last acknowledgement was lost",
    spec: "RFC 9293 §3.10.7.4: if it is not acceptable, an acknowledgment should be sent in reply",
};
pub(crate) const ACKS_ACKS: Mistake = Mistake {
    name: "acknowledges-acknowledgements",
    why: "a segment that takes no number was acknowledged; if the peer does the same, the two of you never stop",
    spec: "RFC 9293 §3.5, figure 6: the ACK does not occupy sequence number space",
};
pub(crate) const NEVER_CLOSES: Mistake = Mistake {
    name: "window-never-closes",
    why: "octets that were received and not read take up room, and the window offers it once more",
    spec: "RFC 9293 §3.8.6.2.2: RCV.WND is at most RCV.BUFF - RCV.USER",
};
pub(crate) const SILLY: Mistake = Mistake {
    name: "silly-window",
    why: "the window opened by a few octets; the sender fills it with a tiny segment, and so it goes on",
    spec: "RFC 9293 §3.8.6.2.2: not before it grows by min(RCV.BUFF / 2, MSS)",
};
pub(crate) const UNDERFLOW: Mistake = Mistake {
    name: "window-underflow",
    why: "the FIN takes a number and no room: in a full buffer, the number expected next is past the edge, and the difference is below zero",
    spec: "RFC 9293 §3.4: the FIN's number is within SEG.LEN; u64::saturating_sub",
};
pub(crate) const CUT: Mistake = Mistake {
    name: "window-cut-to-16-bits",
    why: "the window is a number of 16 bits, and a larger one was cut to its lower half: 65,536 became 0",
    spec: "RFC 9293 §3.1: Window: 16 bits",
};
