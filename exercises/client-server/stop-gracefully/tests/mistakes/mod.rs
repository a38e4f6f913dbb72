//! The mistakes that the graded test of `stop-gracefully` knows by name, and what proves each.

use harness::Mistake;

/// `run` returns when somebody connects, and not before.
pub(crate) const ONE_MORE: Mistake = Mistake {
    name: "needs-one-more-connection",
    why: "the loop looks whether it must stop when `accept` returns, and `accept` returns when somebody connects",
    spec: "accept(2), DESCRIPTION: it blocks until a connection is present",
};
/// A client that has asked nothing, or has its reply, is still connected.
pub(crate) const IDLE: Mistake = Mistake {
    name: "waits-for-idle-connections",
    why: "a client that keeps its connection for later asks nothing now; if you wait for it to leave, you wait for as long as it likes",
    spec: "RFC 9112 §9.5: a server may close an idle connection at any time",
};
/// `run` returns while a request is being answered.
pub(crate) const AT_ONCE: Mistake = Mistake {
    name: "exits-at-once",
    why: "when `run` returns, the program ends, and with it every connection that is still open, whatever it was doing",
    spec: "the task: `run` returns when the last reply is written; std::thread, \"The threading model\"",
};
/// A client can connect, long after the stop.
pub(crate) const LISTENS: Mistake = Mistake {
    name: "listens-while-it-drains",
    why: "as long as the listener is open the system accepts for you: clients connect, and nobody will ever answer them",
    spec: "listen(2), NOTES: the queue of established connections; close(2)",
};
/// The connection ends before the reply that was begun.
pub(crate) const CUTS: Mistake = Mistake {
    name: "cuts-what-is-in-flight",
    why: "the connection was closed while its request was being answered; close the idle ones, and wait for the others",
    spec: "the task: what has begun is answered; RFC 9112 §9.6: the final response, then the close",
};
/// The connection ends within a request whose beginning the server has read.
pub(crate) const HALF: Mistake = Mistake {
    name: "half-a-request-is-idle",
    why: "the beginning of a request had been read, so the connection was not idle; the rest was on its way",
    spec: "RFC 9293 §3.7: the stream has no message borders",
};
/// The connection ends, and nothing of its request was read.
pub(crate) const QUEUE: Mistake = Mistake {
    name: "drops-the-queue",
    why: "these clients connected before the stop and waited to be accepted; closing the listener resets them all",
    spec: "listen(2), NOTES: the queue of established connections",
};
/// `run` goes on after its patience.
pub(crate) const FOR_EVER: Mistake = Mistake {
    name: "drains-for-ever",
    why: "a request that never ends, or a client that never takes its reply, keeps the server from ever ending",
    spec: "the task: no longer than `patience`; std::sync::Condvar::wait_timeout_while",
};
/// After a signal `run` has returned, or a connection has ended.
pub(crate) const INTERRUPTED: Mistake = Mistake {
    name: "interrupted-is-an-error",
    why: "a signal came while a call was waiting, and the call failed with `Interrupted`; nothing is wrong: make it again",
    spec: "signal(7): interruption of system calls; read(2) and epoll_wait(2), ERRORS, EINTR",
};
