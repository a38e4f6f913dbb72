//! The mistakes that the graded test of `echo-server` knows by name, and what proves each.

use harness::Mistake;

/// Nothing comes back for five bytes; for more of them, or for their end, something does.
pub(crate) const WAITS: Mistake = Mistake {
    name: "waits-for-more",
    why: "a client may wait for its answer before it sends more: answer what has come, whatever it is",
    spec: "RFC 9293 §3.7: the stream has no message borders; read(2)",
};
/// A zero comes back that was never sent.
pub(crate) const STALE: Mistake = Mistake {
    name: "stale-bytes",
    why: "`read` says how many bytes it put into the buffer; what stands behind them is not the client's",
    spec: "read(2), RETURN VALUE; std::io::Read::read",
};
/// All comes back, and the connection stays open after the client's end.
pub(crate) const ZERO_AGAIN: Mistake = Mistake {
    name: "zero-means-again",
    why: "`Ok(0)` from `read` is the end of the stream, not a pause: nothing comes after it, so close",
    spec: "read(2), RETURN VALUE; RFC 9293 §3.6",
};
/// Some bytes come back, and then the server closes, while the client has not.
pub(crate) const ONE_READ: Mistake = Mistake {
    name: "one-read-one-write",
    why: "one `read` gives what has arrived by then, not what the client will send: read until `Ok(0)`",
    spec: "RFC 9293 §3.7: the stream has no message borders; read(2)",
};
/// U+FFFD comes back in place of bytes that are no UTF-8.
pub(crate) const NOT_TEXT: Mistake = Mistake {
    name: "bytes-are-not-text",
    why: "not every byte is part of a character, and a read may end within one: leave bytes as they are",
    spec: "RFC 9293 §2.2: a stream of bytes; String::from_utf8_lossy",
};
/// Nothing comes back until the other clients have gone.
pub(crate) const ONE_CLIENT: Mistake = Mistake {
    name: "one-client-at-a-time",
    why: "while one client is served the others wait in the backlog, and one silent client stops them all",
    spec: "listen(2), backlog; accept(2)",
};
/// `serve` returned, or panicked, after an error that does not concern the listener.
pub(crate) const LOOP_DIES: Mistake = Mistake {
    name: "accept-loop-dies",
    why: "an error from one client, or from one `accept`, ended the loop that serves all of them",
    spec: "accept(2), ERRORS: EMFILE, ECONNABORTED",
};
/// The thread that accepts works without a pause while there is no descriptor.
pub(crate) const LOOP_SPINS: Mistake = Mistake {
    name: "accept-loop-spins",
    why: "an `accept` that found no descriptor finds none again at once: wait a little before the next",
    spec: "accept(2), ERRORS: EMFILE",
};
/// The connection ends after a signal, and did not before.
pub(crate) const INTERRUPTED: Mistake = Mistake {
    name: "interrupted-is-an-error",
    why: "a signal came while `read` was waiting, and the read failed with `Interrupted`; nothing is wrong with the client: read again",
    spec: "signal(7): interruption of system calls; read(2), ERRORS, EINTR",
};
