//! The mistakes that these checks know by name.

use harness::Mistake;

pub(crate) const ALWAYS: Mistake = Mistake {
    name: "always-registered",
    why: "it asks to be told when the socket can be written to, with nothing to write; the socket \
          nearly always can, so `poll` returns for nothing",
    spec: "epoll(7), Questions and answers: a modified registration is looked at afresh",
};

pub(crate) const NEVER: Mistake = Mistake {
    name: "never-re-registered",
    why: "bytes wait, and nobody asked to be told when the socket takes some again; so nobody is",
    spec: "mio, `Registry::register`: only what `interest` names is reported",
};

pub(crate) const KEPT: Mistake = Mistake {
    name: "interest-kept",
    why: "all that waited is sent, and it still asks to be told when the socket can be written to",
    spec: "the task: WRITABLE while something waits, and no longer",
};

pub(crate) const FORGETS_TO_READ: Mistake = Mistake {
    name: "forgets-to-read",
    why: "`reregister` replaces what was asked before, and READABLE was not asked for again: what \
          the peer sends is not reported",
    spec: "epoll_ctl(2), EPOLL_CTL_MOD: changes the settings to the new ones",
};

pub(crate) const OVERTAKES: Mistake = Mistake {
    name: "overtakes-the-backlog",
    why: "new bytes were written while older ones waited, so they arrived first",
    spec: "tcp(7): what is written arrives in order",
};

pub(crate) const TWICE: Mistake = Mistake {
    name: "sent-twice",
    why: "bytes that `write` had taken were kept with those that wait, and went out once more",
    spec: "write(2), RETURN VALUE: the number of bytes written",
};

pub(crate) const EVERY_TIME: Mistake = Mistake {
    name: "registers-every-time",
    why: "`reregister` was called though nothing was to be changed; each call is one of the system",
    spec: "epoll_ctl(2); the task: once for each change",
};

pub(crate) const IGNORED_COUNT: Mistake = Mistake {
    name: "ignored-count",
    why: "`write` took some of the bytes, and of the others not all were kept, so they never arrive",
    spec: "write(2), RETURN VALUE: the number of bytes written",
};

pub(crate) const LOST_EDGE: Mistake = Mistake {
    name: "lost-edge",
    why: "writing stopped before the socket said WouldBlock; it was reported writable already, and \
          will not be reported again",
    spec: "mio, `Poll`, \"Draining readiness\"",
};

pub(crate) const WOULD_BLOCK: Mistake = Mistake {
    name: "would-block-is-an-error",
    why: "WouldBlock was taken for a failure of the connection; it says that the socket is full now",
    spec: "write(2), ERRORS, EAGAIN",
};

pub(crate) const AGAIN: Mistake = Mistake {
    name: "would-block-means-again",
    why: "WouldBlock was answered by asking again; the socket is full until its peer has read, and \
          until then the loop serves nobody",
    spec: "write(2), ERRORS, EAGAIN",
};

pub(crate) const INTERRUPTED: Mistake = Mistake {
    name: "interrupted-is-an-error",
    why: "Interrupted was taken for a failure; a signal came, and the call is to be made again",
    spec: "write(2), ERRORS, EINTR",
};

pub(crate) const SPINS_ON_ZERO: Mistake = Mistake {
    name: "spins-on-zero",
    why: "`Ok(0)` was answered by offering the same bytes again, for ever",
    spec: "std::io::Write::write: Ok(0) says that the writer takes no more",
};
