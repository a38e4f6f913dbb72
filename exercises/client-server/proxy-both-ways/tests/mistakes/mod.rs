//! The mistakes that the graded test knows by name.

use harness::Mistake;

pub(crate) const ONE_DIRECTION: Mistake = Mistake {
    name: "one-direction-at-a-time",
    why: "one direction was served, and the other not even asked: the peer in turn may be waiting for what the other one says",
    spec: "tcp(7): a full-duplex connection",
};
pub(crate) const LOST_EDGE: Mistake = Mistake {
    name: "lost-edge",
    why: "it stopped before a stream said WouldBlock: what is ready was reported already, and will not be reported again",
    spec: "epoll(7), \"Level-triggered and edge-triggered\"; mio, Poll, \"Draining readiness\"",
};
pub(crate) const IGNORED_COUNT: Mistake = Mistake {
    name: "ignored-count",
    why: "`write` took fewer bytes than it was offered, and the others were never offered again",
    spec: "write(2), RETURN VALUE",
};
pub(crate) const AGAIN: Mistake = Mistake {
    name: "would-block-means-again",
    why: "WouldBlock was answered by asking again: until an event comes there is nothing, and the loop serves nobody else",
    spec: "epoll(7), \"Level-triggered and edge-triggered\": wait for an event after EAGAIN",
};
pub(crate) const NO_BACKPRESSURE: Mistake = Mistake {
    name: "no-backpressure",
    why: "it reads although what it has read is not written yet: whoever sends fast to somebody slow fills your memory",
    spec: "RFC 9293 §3.8.6: the window, which closes if you do not read; CWE-770",
};
pub(crate) const FIRST_END: Mistake = Mistake {
    name: "first-end-ends-both",
    why: "one peer has finished sending, and that was taken for the end of the connection: what the other still has to say is lost",
    spec: "RFC 9293 §3.6: closing is \"I have no more data to send\"",
};
pub(crate) const NOT_PASSED_ON: Mistake = Mistake {
    name: "half-close-not-passed-on",
    why: "one peer has said that it will send no more, and the other was not told: it waits for more, and both wait for each other",
    spec: "shutdown(2), SHUT_WR; RFC 9293 §3.6",
};
pub(crate) const WRONG_SIDE: Mistake = Mistake {
    name: "shuts-down-the-wrong-side",
    why: "the sending half of the peer's own stream was shut down: it is told that the other has finished, which has not",
    spec: "shutdown(2), SHUT_WR; RFC 9293 §3.6",
};
pub(crate) const BEFORE_THE_REST: Mistake = Mistake {
    name: "shutdown-before-the-rest",
    why: "the end was passed on while bytes before it still waited: after a shutdown nothing more can be written",
    spec: "shutdown(2), SHUT_WR; send(2), EPIPE",
};
pub(crate) const ZERO_AGAIN: Mistake = Mistake {
    name: "zero-means-again",
    why: "`Ok(0)` from `read` is the end of the stream, not a pause: nothing will ever come after it",
    spec: "read(2), RETURN VALUE; RFC 9293 §3.6",
};
pub(crate) const CUT: Mistake = Mistake {
    name: "reset-taken-for-the-end",
    why: "a connection failed, and the other peer was told that its stream had ended: it takes half of it for the whole",
    spec: "RFC 9293 §3.6: closed normally or aborted (MUST-12)",
};
pub(crate) const INTERRUPTED: Mistake = Mistake {
    name: "interrupted-is-an-error",
    why: "a signal arrived while the call waited; no byte was moved, and the same call simply has to be made again",
    spec: "read(2) and write(2), EINTR",
};
pub(crate) const STARVES: Mistake = Mistake {
    name: "one-flood-starves-all",
    why: "one peer that sends as fast as the other reads was served for as long as it did, and all other connections waited",
    spec: "epoll(7), \"Possible pitfalls and ways to avoid them\", starvation",
};
pub(crate) const WOULD_BLOCK: Mistake = Mistake {
    name: "would-block-is-an-error",
    why: "WouldBlock was taken for a failure of the connection; it says that nothing can be moved now",
    spec: "read(2) and write(2), ERRORS, EAGAIN",
};
pub(crate) const FULL_BUFFER: Mistake = Mistake {
    name: "full-buffer-taken-for-the-end",
    why: "the buffer was full, `read` had room for no byte and said Ok(0): that was taken for the end of the stream",
    spec: "std::io::Read::read: Ok(0) if the buffer was 0 bytes in length; read(2), RETURN VALUE",
};
pub(crate) const FORGOTTEN: Mistake = Mistake {
    name: "failed-direction-forgotten",
    why: "a stream failed, and the connection was kept: its other half waits for a peer that is gone, for ever",
    spec: "RFC 9293 §3.6: closed normally or aborted (MUST-12); the task: drop both",
};
