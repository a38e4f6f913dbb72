//! The mistakes that the graded test knows by name.

use harness::Mistake;

pub(crate) const CHECKSUM: Mistake = Mistake {
    name: "checksum-never-checked",
    why: "a packet was damaged on its way, and used as if it were whole",
    spec: "RFC 9293 §3.1, Checksum: the receiver must check it",
};
pub(crate) const DUPLICATE: Mistake = Mistake {
    name: "duplicate-not-acknowledged",
    why: "the acknowledgment was lost, so the segment came again; it was nothing new, and nothing was said, so it comes again for ever",
    spec: "RFC 9293 §3.10.7.4: an unacceptable segment is answered with an acknowledgment",
};
pub(crate) const END_ONCE: Mistake = Mistake {
    name: "end-sent-once",
    why: "the end of the stream (FIN) was sent, and lost, and not sent again: it takes a number like an octet, so that it can be acknowledged like one",
    spec: "RFC 9293 §3.4: SYN and FIN take one number each",
};
pub(crate) const WINDOW: Mistake = Mistake {
    name: "ignores-the-window",
    why: "more was sent than the peer has room for; it has to throw away what does not fit",
    spec: "RFC 9293 §3.8.6: the window is the range of numbers that the receiver is prepared to take",
};
pub(crate) const UPDATE: Mistake = Mistake {
    name: "lost-window-update",
    why: "the window was closed; the packet that said it is open again was lost; now each end waits for the other",
    spec: "RFC 9293 §3.8.6.1, zero-window probing",
};
pub(crate) const RESTARTS: Mistake = Mistake {
    name: "restarts-the-timer",
    why: "the timer began anew though nothing new was acknowledged; as long as the peer sends, a lost segment is not sent again",
    spec: "RFC 6298 §5.3: an ACK of new data restarts the timer, and no other",
};
