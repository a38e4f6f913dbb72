//! The mistakes that the graded test knows by name, and what proves each.

use harness::Mistake;

/// While one client is slow, another that has a place is not served.
pub(crate) const ONE_AT_A_TIME: Mistake = Mistake {
    name: "one-client-at-a-time",
    why: "while one client has not sent its line, the next is not served, though there is a place for it",
    spec: "the task: clients at the same time; listen(2): `backlog` is the queue of those who wait",
};
/// A client above the limit gets no byte: it is closed, or left to wait.
pub(crate) const NO_WORD: Mistake = Mistake {
    name: "refused-without-a-word",
    why: "the client cannot tell a full server from a broken one, so it tries again at once, or waits for what never comes",
    spec: "the task: `BUSY`, then the end; RFC 9110 §15.6.4 is HTTP's word for it",
};
/// Nobody is connected any more, and there is no place.
pub(crate) const NOT_GIVEN_BACK: Mistake = Mistake {
    name: "place-not-given-back",
    why: "one way out of your code does not give the place back: each client that takes it makes the server smaller",
    spec: "std::ops::Drop: it runs on every way out of a scope",
};
/// The same, after requests whose `answer` panicked.
pub(crate) const LEAKED: Mistake = Mistake {
    name: "permit-leaked-on-panic",
    why: "a panic left the function before the line that gives the place back; nobody has it now, and it is still counted",
    spec: "The Rust Reference, Destructors: an unwinding panic runs destructors, and no other line",
};
/// One address has more places than one address may.
pub(crate) const ONE_PEER: Mistake = Mistake {
    name: "one-peer-takes-all",
    why: "one client can open all the connections that there are for everybody: the limit then shuts out the others for it",
    spec: "the task: `Limits::per_peer`",
};
/// While one refused client stays connected, the next is not even told.
pub(crate) const BLOCKS: Mistake = Mistake {
    name: "refusal-blocks-the-door",
    why: "your code waits for the client that it refused, and accepts nobody meanwhile: one that does not leave stops the server",
    spec: "the task: nobody waits for a refused client",
};
/// Each refused client that stays has a thread.
pub(crate) const THREAD_EACH: Mistake = Mistake {
    name: "thread-for-each-refused",
    why: "a refused client costs a thread, as one that is served does: then the limit limits nothing",
    spec: "the task: a refused client has no thread; pthread_create(3), ERRORS: EAGAIN",
};
/// A refused client that had asked, or asks on, is reset.
pub(crate) const RESET: Mistake = Mistake {
    name: "reset-on-close",
    why: "closed with the client's request unread or still on its way: that is answered with a reset, which may destroy your last word",
    spec: "RFC 1122 §4.2.2.13; RFC 9112 §9.6",
};
/// A client that sends nothing keeps its place.
pub(crate) const NO_TIMEOUT: Mistake = Mistake {
    name: "no-timeout",
    why: "a `read` without a timeout waits for as long as the client likes, and its place waits with it",
    spec: "socket(7), SO_RCVTIMEO: the default is no timeout",
};
/// A silent client loses its place, and one that sends a byte now and then does not.
pub(crate) const IDLE_TIMER: Mistake = Mistake {
    name: "idle-timer-reset-by-each-byte",
    why: "each byte gave the client the whole time again: a thousand bytes, one at a time, buy a thousand times as much",
    spec: "socket(7), SO_RCVTIMEO: of one call",
};
/// A client that takes its answer slowly keeps its place.
pub(crate) const UNBOUNDED_WRITE: Mistake = Mistake {
    name: "unbounded-write",
    why: "the time does not hold while you send: a client that reads a little at a time keeps its place for ever",
    spec: "socket(7), SO_SNDTIMEO: of one call; write(2)",
};
/// More than a request's bytes are read, and still no end of line.
pub(crate) const UNBOUNDED_LINE: Mistake = Mistake {
    name: "unbounded-line",
    why: "the request is read for as long as the client sends: it decides how much memory you use",
    spec: "the task: `MAX_REQUEST`",
};
/// A signal came, and the client lost its place.
pub(crate) const INTERRUPTED: Mistake = Mistake {
    name: "interrupted-is-an-error",
    why: "a signal came while a call was waiting, and the call failed with `Interrupted`; nothing is wrong with the client: make the call again, for the time that is left",
    spec: "signal(7): interruption of system calls; read(2) and write(2), ERRORS, EINTR",
};
