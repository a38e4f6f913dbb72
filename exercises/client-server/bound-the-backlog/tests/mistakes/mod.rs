//! The mistakes that the graded test knows by name.

use harness::Mistake;

pub(crate) const UNBOUNDED: Mistake = Mistake {
    name: "unbounded-backlog",
    why: "frames were queued for a reader that takes none: it decides how much of your memory it fills",
    spec: "CWE-770: allocation of resources without limits",
};
pub(crate) const DROPPED: Mistake = Mistake {
    name: "dropped-mid-frame",
    why: "part of a frame was thrown away: the reader takes what follows for the rest of it, and understands nothing from there on",
    spec: "write(2), RETURN VALUE: a short count is no error, and the rest is still yours",
};
pub(crate) const STOPS_ALL: Mistake = Mistake {
    name: "one-slow-reader-stops-all",
    why: "the writer had said that it would block, and was asked again at once; until it can, nobody else has a turn",
    spec: "write(2), EAGAIN or EWOULDBLOCK; epoll(7): wait for the event",
};
pub(crate) const FLAPS: Mistake = Mistake {
    name: "resumes-at-the-high-mark",
    why: "it resumed as soon as it was below the high mark, so that the next frame pauses it again: two marks are there for the way between",
    spec: "the task: paused until `low` or fewer bytes wait",
};
pub(crate) const NEVER_RESUMES: Mistake = Mistake {
    name: "never-resumes",
    why: "nothing waits any more, and it is still paused: nobody reads, so nothing will be queued, and nothing will ever wake it",
    spec: "the task: at `low` or below it resumes, and `low` may be 0",
};
