//! The mistakes that the graded test knows by name.

use harness::Mistake;

pub(crate) const BLOCKS: Mistake = Mistake {
    name: "blocks-to-connect",
    why: "the call waited for the connection, and the loop with it: until the server answers, no other connection has a turn",
    spec: "connect(2), EINPROGRESS: a nonblocking socket does not wait",
};
pub(crate) const WRITABLE: Mistake = Mistake {
    name: "writable-taken-for-connected",
    why: "a socket is writable when the connect has ended, in success or in failure: the event does not say which",
    spec: "connect(2), EINPROGRESS: after select(2) indicates writability, read SO_ERROR",
};
pub(crate) const ERROR_LEFT: Mistake = Mistake {
    name: "error-never-taken",
    why: "there is no peer yet, and there will be none: why not stands in SO_ERROR, which nobody asked for",
    spec: "connect(2), EINPROGRESS: SO_ERROR explains the reason; TcpStream::take_error",
};
pub(crate) const NO_ERROR: Mistake = Mistake {
    name: "no-error-taken-for-connected",
    why: "there is no error because nothing has happened yet: only a peer's address says that the connection is there",
    spec: "mio::net::TcpStream::connect, steps 4 and 5; getpeername(2), ENOTCONN",
};
pub(crate) const IN_PROGRESS: Mistake = Mistake {
    name: "in-progress-is-an-error",
    why: "not connected yet is no failure: the handshake takes as long as the way to the server and back",
    spec: "mio::net::TcpStream::connect, step 5: NotConnected means go on waiting; connect(2), EINPROGRESS",
};
pub(crate) const NOT_FOR_WRITING: Mistake = Mistake {
    name: "not-registered-for-writing",
    why: "the end of a connect is a writable event, and the stream that connected was not registered for it: the loop sleeps on",
    spec: "connect(2), EINPROGRESS; mio::net::TcpStream::connect, step 2",
};
pub(crate) const NO_TIMEOUT: Mistake = Mistake {
    name: "no-connect-timeout",
    why: "its time is over, and the address is still waited for: left alone, the system goes on for two minutes",
    spec: "tcp(7), tcp_syn_retries: 6, which is some 127 s",
};
pub(crate) const FIRST_ONLY: Mistake = Mistake {
    name: "first-address-only",
    why: "one address failed, and the others were never tried: a name has several so that one of them may fail",
    spec: "getaddrinfo(3), DESCRIPTION: try the addresses in the order in which they are returned",
};
pub(crate) const SPINS: Mistake = Mistake {
    name: "spins-at-the-deadline",
    why: "at its very moment the deadline does not count as come: the loop polls for no time at all, and calls again, and again",
    spec: "the task: TimedOut if `now` is at its deadline or past it",
};
