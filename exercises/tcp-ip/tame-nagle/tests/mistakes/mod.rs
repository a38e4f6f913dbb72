//! The mistakes that the graded test knows by name.

use harness::Mistake;

pub(crate) const COUNT: Mistake = Mistake {
    name: "ignored-count",
    why: "`write_vectored` says how many bytes it took, of the slices together: offer the others again, and only the others",
    spec: "writev(2), RETURN VALUE; std::io::Write::write_vectored",
};
pub(crate) const INTERRUPTED: Mistake = Mistake {
    name: "interrupted-is-an-error",
    why: "`Interrupted` says that a signal came before any byte was taken: make the same call again",
    spec: "writev(2), EINTR; std::io::ErrorKind::Interrupted",
};
pub(crate) const ZERO: Mistake = Mistake {
    name: "spins-on-zero",
    why: "`Ok(0)` for bytes that you offered says that none will ever be taken: asking again is for ever",
    spec: "std::io::Write::write_vectored; std::io::ErrorKind::WriteZero",
};
pub(crate) const WRITE_WRITE_READ: Mistake = Mistake {
    name: "write-write-read",
    why: "the header left alone, and the body waited in your system until the header was acknowledged; the peer was in no hurry to, as it had nothing to answer yet",
    spec: "RFC 9293 §3.7.4 (Nagle's algorithm) and §3.8.6.3 (delayed acknowledgments)",
};
pub(crate) const NAGLE: Mistake = Mistake {
    name: "nagle-left-on",
    why: "each message left in one piece, but a second one waits in your system until the first is acknowledged",
    spec: "RFC 9293 §3.7.4: an application must be able to disable the Nagle algorithm; tcp(7), TCP_NODELAY",
};
pub(crate) const TWO_PACKETS: Mistake = Mistake {
    name: "two-tiny-packets",
    why: "nothing waits any more, and so each of your writes is a packet of its own: a header of 5 bytes travels with 40 bytes of TCP and IP",
    spec: "RFC 896 (the small-packet problem); writev(2)",
};
