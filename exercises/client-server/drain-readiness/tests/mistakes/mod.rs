//! The mistakes that these checks know by name.

use harness::Mistake;

pub(crate) const LOST_EDGE: Mistake = Mistake {
    name: "lost-edge",
    why: "it was left before `read` said WouldBlock: what is still there was reported already, and \
          will not be reported again",
    spec: "epoll(7), \"Level-triggered and edge-triggered\"; mio, `Poll`, \"Draining readiness\"",
};

pub(crate) const ONE_ACCEPT: Mistake = Mistake {
    name: "one-accept-per-event",
    why: "`accept` was left before it said WouldBlock: several clients may be behind one event, and \
          the others wait until somebody else connects",
    spec: "epoll(7), \"Level-triggered and edge-triggered\"; mio, `Poll`, \"Draining readiness\"",
};

pub(crate) const WOULD_BLOCK: Mistake = Mistake {
    name: "would-block-is-an-error",
    why: "WouldBlock was taken for a failure of the connection; it says that nothing is there now",
    spec: "read(2), ERRORS, EAGAIN",
};

pub(crate) const AGAIN: Mistake = Mistake {
    name: "would-block-means-again",
    why: "WouldBlock was answered by asking again; there is nothing until an event comes, and until \
          then the loop keeps a core busy",
    spec: "epoll(7), \"Level-triggered and edge-triggered\": wait for an event after EAGAIN",
};

pub(crate) const ZERO_AGAIN: Mistake = Mistake {
    name: "zero-means-again",
    why: "`Ok(0)` was answered with another `read`; it is the end, and every `read` after it says so again",
    spec: "read(2), RETURN VALUE: zero is end of file",
};

pub(crate) const LOST_END: Mistake = Mistake {
    name: "lost-end",
    why: "the client has said that it will send no more, and nobody took note: its connection stays \
          open for ever",
    spec: "read(2), RETURN VALUE: zero is end of file; epoll(7), Questions and answers",
};

pub(crate) const STARVES: Mistake = Mistake {
    name: "one-flood-starves-all",
    why: "one peer that is always ready was served beyond its share, and all others waited",
    spec: "epoll(7), \"Possible pitfalls and ways to avoid them\", starvation",
};

pub(crate) const ABORTED: Mistake = Mistake {
    name: "aborted-hides-the-rest",
    why: "`accept` failed for a client that has gone already; those behind it in the queue were \
          left there, and no event will come for them",
    spec: "accept(2), ERRORS, ECONNABORTED",
};

pub(crate) const SHORTAGE: Mistake = Mistake {
    name: "shortage-forgotten",
    why: "`accept` had no descriptor to give; the client stays in the queue, and no event will come \
          for it, so the loop must ask again by itself",
    spec: "accept(2), ERRORS, EMFILE",
};

pub(crate) const SPINS: Mistake = Mistake {
    name: "accept-loop-spins",
    why: "`accept` has nothing to give for now, and is asked again without a pause",
    spec: "accept(2), ERRORS, EMFILE",
};

pub(crate) const INTERRUPTED: Mistake = Mistake {
    name: "interrupted-is-an-error",
    why: "Interrupted was taken for a failure; a signal came, and the call is to be made again",
    spec: "read(2), ERRORS, EINTR",
};
