//! The mistakes that the graded test knows by name.

use harness::Mistake;

pub(crate) const WORKER_DIES: Mistake = Mistake {
    name: "worker-dies-on-panic",
    why: "the panic of a job ended the thread that ran it: the pool is one worker smaller from then on, and nobody is told",
    spec: "std::thread: a panic ends the thread; std::panic::catch_unwind",
};
pub(crate) const LOCK_HELD: Mistake = Mistake {
    name: "lock-held-while-running",
    why: "the threads are there, and only one job ran: whoever took it still holds what the others need to take theirs",
    spec: "Rust Reference, Temporary scopes: the guard in the head of a `while let` lives through its body",
};
pub(crate) const UNBOUNDED: Mistake = Mistake {
    name: "unbounded-queue",
    why: "jobs were taken that nobody can run soon: under more load than you can serve, memory and waiting times grow without end",
    spec: "std::sync::mpsc: `channel` never refuses, `sync_channel` has a bound",
};
pub(crate) const NO_WAIT: Mistake = Mistake {
    name: "drop-does-not-wait",
    why: "the pool was gone while its jobs still ran: when `main` ends next, they are cut off in the middle",
    spec: "std::thread::JoinHandle: dropping it detaches the thread",
};
pub(crate) const WAITS_FIRST: Mistake = Mistake {
    name: "joins-before-closing",
    why: "it waits for workers that wait for jobs: the way to the queue is still open, so none of them can know that it may end",
    spec: "std::sync::mpsc::Receiver::recv: it fails when every sender is gone",
};
