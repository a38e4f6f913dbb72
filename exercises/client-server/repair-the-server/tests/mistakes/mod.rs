//! The mistakes that the graded test of `repair-the-server` knows by name, and what proves each.

use harness::Mistake;

/// After as many clients as there are workers, nobody is served; and there was a panic.
pub(crate) const WORKER_DIES: Mistake = Mistake {
    name: "worker-dies-on-panic",
    why: "a client did what clients do, and the worker that served it ended with a panic; after the last worker there is no server",
    spec: "std::thread, \"The threading model\": a panic ends its thread",
};
/// A client that says nothing keeps its worker.
pub(crate) const NO_TIMEOUT: Mistake = Mistake {
    name: "no-timeout",
    why: "a read without a timeout waits for as long as the client likes, and its worker waits with it",
    spec: "socket(7), SO_RCVTIMEO: by default a read never times out",
};
/// The silent client is cut off, and the slow one is not.
pub(crate) const PER_READ: Mistake = Mistake {
    name: "timeout-per-read",
    why: "each byte begins a new wait, so a client that sends one now and then keeps its worker",
    spec: "socket(7), SO_RCVTIMEO: of one call",
};
/// The reply to a request with a body ends in a reset.
pub(crate) const RESET: Mistake = Mistake {
    name: "reset-on-close",
    why: "the connection was closed while bytes of the client's were unread or on their way; they are answered with RST, and that takes the reply back",
    spec: "RFC 9112 §9.6: the TCP reset problem; RFC 9293 §3.6.1 (SHLD-3)",
};
/// The client has its reply and stays, and its worker stays with it.
pub(crate) const DRAIN: Mistake = Mistake {
    name: "unbounded-drain",
    why: "a client that has its reply was waited for as long as it likes to stay, and its worker served nobody meanwhile",
    spec: "CWE-400; RFC 9112 §9.5",
};
/// A request is not answered as the same one without the byte that is no UTF-8.
pub(crate) const NOT_TEXT: Mistake = Mistake {
    name: "bytes-are-not-text",
    why: "a request is made of bytes, and not each of them must be UTF-8: compare bytes, and make no `String` of them",
    spec: "RFC 9110 §5.5: obs-text, %x80-FF; RFC 9112 §2.2: parse as octets, not as Unicode",
};
/// The head is longer than the limit, and is read all the same.
pub(crate) const HEAD: Mistake = Mistake {
    name: "unbounded-head",
    why: "the server keeps what the client sends until the head ends, and the client decides when that is",
    spec: "RFC 9112 §3 and RFC 9110 §5.4: limits; RFC 6585 §5: 431",
};
/// `serve` returned, or panicked, after an error that does not concern the listener.
pub(crate) const LOOP_DIES: Mistake = Mistake {
    name: "accept-loop-dies",
    why: "an error of one `accept` ended the loop that serves all clients",
    spec: "accept(2), ERRORS: EMFILE, ECONNABORTED",
};
/// The thread that accepts works without a pause while there is no descriptor.
pub(crate) const LOOP_SPINS: Mistake = Mistake {
    name: "accept-loop-spins",
    why: "an `accept` that found no descriptor finds none again at once: wait a little before the next",
    spec: "accept(2), ERRORS: EMFILE",
};
/// A request in two halves, with a signal between them, is not answered.
pub(crate) const INTERRUPTED: Mistake = Mistake {
    name: "interrupted-is-an-error",
    why: "a signal came while a `read` was waiting, and the read failed with `Interrupted`; nothing is wrong with the client: read again, for the time that is left",
    spec: "signal(7): interruption of system calls; read(2), ERRORS, EINTR",
};
