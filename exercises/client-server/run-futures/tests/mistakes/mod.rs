//! The mistakes that the graded test knows by name, and what proves each.

use harness::Mistake;

/// A task that wakes itself while it is polled is not polled again.
pub(crate) const LOST: Mistake = Mistake {
    name: "wake-lost-during-poll",
    why: "the task was woken while it was being polled, and what was noted then was wiped out after the poll",
    spec: "std::task::Waker::wake: a wake during the poll asks for another poll",
};
/// Another thread wakes a task, and the executor sleeps on.
pub(crate) const SLEEPS_ON: Mistake = Mistake {
    name: "sleeps-through-the-wake",
    why: "the task is queued, and the thread that should poll it sleeps in `poll`, where no queue can wake it",
    spec: "mio::Waker: wakes a Poll from another thread; eventfd(2)",
};
/// A task is polled, or the thread works, though nobody woke anything.
pub(crate) const BUSY: Mistake = Mistake {
    name: "busy-polls",
    why: "it asks again and again whether the task can go on; its waker is there to tell, and until then the thread may sleep",
    spec: "std::future::Future::poll: to be called when the waker was; epoll_wait(2): a timeout of -1 blocks",
};
/// One task is woken, and others are polled.
pub(crate) const EVERY: Mistake = Mistake {
    name: "polls-every-task",
    why: "a wake says which task can go on; with all of them polled, each event costs as much as there are tasks",
    spec: "std::task::Wake: a waker of each task's own",
};
/// A task that was done is polled when an old waker of it is called.
pub(crate) const AFTER_READY: Mistake = Mistake {
    name: "polls-after-ready",
    why: "a waker may outlive its task, and be called late: a future that was ready must not be polled again, and may panic",
    spec: "std::future::Future::poll: \"clients should not `poll` it again\" once it is ready",
};
/// Tasks that are done are still in memory while others run.
pub(crate) const KEPT: Mistake = Mistake {
    name: "keeps-finished-tasks",
    why: "a task that is done still has its memory, and what its future holds: a server has one for each client that it ever had",
    spec: "the task: one that is done is dropped at once",
};
/// An event came while nobody waited, and the wait that begins then has no end.
pub(crate) const MISSED: Mistake = Mistake {
    name: "no-wake-after-register",
    why: "the socket became readable after the read, and before the waker was there: the event found nobody, and does not come again",
    spec: "epoll(7), Level-triggered and edge-triggered; mio::Poll, \"Readiness operations\"",
};
/// `readable` is ready, and a read would block, over and over.
pub(crate) const STALE: Mistake = Mistake {
    name: "readiness-never-used-up",
    why: "one event made `readable` ready for ever: the task reads, would block, is told to read, and never lets go of the thread",
    spec: "the task: what made the socket readable counts once",
};
/// A future moves on to another task, and the event wakes the first.
pub(crate) const FIRST: Mistake = Mistake {
    name: "keeps-the-first-waker",
    why: "the waker of the first poll was kept, and the task that waits now is another: the wake went to nobody",
    spec: "std::future::Future::poll: \"only the `Waker` from the `Context` passed to the most recent call\"",
};
/// While a task wakes itself again and again, a socket's bytes are not seen.
pub(crate) const STARVES: Mistake = Mistake {
    name: "yield-starves-the-sockets",
    why: "the queue is emptied before the sockets are looked at, and a task that wakes itself keeps it from being empty",
    spec: "the task: sockets have their turn between the polls",
};
/// After a signal `run` has returned its error.
pub(crate) const INTERRUPTED: Mistake = Mistake {
    name: "interrupted-is-an-error",
    why: "a signal woke the thread that waited in `poll`, and the call failed with `Interrupted`; nothing is wrong: go on and wait again",
    spec: "signal(7): interruption of system calls; epoll_wait(2), ERRORS, EINTR",
};
