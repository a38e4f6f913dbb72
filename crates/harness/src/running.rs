//! The answer at work on a thread of its own, while the script plays the other end.

use std::fmt::{self, Debug};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use capture::bytes;

use crate::check::{Check, Outcome};
use crate::effort::Effort;
use crate::peer::{PATIENCE, brief};
use crate::signals::Threads;

/// Of what the answer returned, so much is told.
const SHOWN: usize = 200;

impl Check {
    /// Runs the answer's server on a thread of its own: `call` is what is called, such as "serve".
    /// If it returns while the check still runs, a failure says so.
    pub fn serve<T, E>(
        &self,
        call: &str,
        server: impl FnOnce() -> Result<T, E> + Send + 'static,
    ) -> Running<T, E>
    where
        T: Debug + Send + 'static,
        E: Debug + Send + 'static,
    {
        self.call(call, "on a thread of its own", server)
    }

    /// Calls the answer on a thread of its own, and goes on: `call` is what is called, `how` the
    /// rest of the step: `c.call("ask", "with 5 bytes and 3 attempts", || ask(…))`. What it returns
    /// is told if the check fails.
    pub fn call<T, E>(
        &self,
        call: &str,
        how: &str,
        body: impl FnOnce() -> Result<T, E> + Send + 'static,
    ) -> Running<T, E>
    where
        T: Debug + Send + 'static,
        E: Debug + Send + 'static,
    {
        self.did(format!("called your `{call}` {how}"));
        let (done, finished) = mpsc::channel();
        let check = self.clone();
        let name = call.to_owned();
        let at_work = AtWork::begin(self);
        let (started, start) = mpsc::channel();
        let threads = Arc::new(Threads::new());
        let marks = threads.clone();
        let thread = self.spawn(move || {
            let _at_work = at_work; // Until it returns, or panics.
            marks.mark();
            let _ = started.send(Effort::of_this_thread());
            let result = body();
            let shown: String = format!("{result:?}").chars().take(SHOWN).collect();
            let told = format!("your `{name}` returned {}", bytes::plain(&shown));
            check.saw(told.clone());
            let _ = done.send((result, told));
        });
        let effort = start.recv().ok().flatten();
        Running { finished, thread, threads, effort, call: call.to_owned(), check: self.clone() }
    }
}

/// A call into the answer. Dropping it leaves the answer running.
pub struct Running<T, E> {
    finished: Receiver<(Result<T, E>, String)>,
    thread: JoinHandle<()>,
    threads: Arc<Threads>,
    pub(crate) effort: Option<Effort>,
    call: String,
    pub(crate) check: Check,
}

impl<T, E> Running<T, E> {
    /// Waits for the answer to return, no longer than `limit`. `None`: it still runs, or it panicked.
    pub fn returned(&self, limit: Duration) -> Option<Result<T, E>> {
        self.take(limit.min(self.check.time_left())).ok()
    }

    /// What the answer returned; if it does not return soon, that is a failure.
    pub fn result(&self) -> Outcome<Result<T, E>> {
        self.take(PATIENCE.min(self.check.time_left())).map_err(|error| {
            let got = match error {
                RecvTimeoutError::Timeout => {
                    let (call, waited) = (&self.call, PATIENCE.as_secs_f32());
                    let seen = self.check.last_seen();
                    format!("your `{call}` did not return within {waited:.1} s; {seen}")
                }
                RecvTimeoutError::Disconnected => String::new(), // A panic, which the report tells.
            };
            self.check.fail(None, got)
        })
    }

    /// Whether the answer ends within `limit`: returns, or panics. How is told if the check fails.
    pub fn ends_within(&self, limit: Duration) -> bool {
        let limit = limit.min(self.check.time_left());
        !matches!(self.finished.recv_timeout(limit), Err(RecvTimeoutError::Timeout))
    }

    /// Lets a signal arrive in each thread of the answer that waits, several times: whatever it waits
    /// in is woken, and fails with [`Interrupted`](std::io::ErrorKind::Interrupted). Nothing is lost by
    /// that, so an answer goes on as if nothing had happened. It is only done on Linux (with glibc, on
    /// the usual processors); elsewhere no signal comes, and an answer is not asked.
    pub fn interrupt(&self) {
        if self.threads.interrupt() {
            self.check.did("signals woke your threads from what they waited in: EINTR");
        }
    }

    /// Whether the answer has neither returned nor panicked yet.
    pub fn still_runs(&self) -> bool {
        !self.thread.is_finished()
    }

    /// A result that the script takes is the script's to tell.
    fn take(&self, limit: Duration) -> Result<Result<T, E>, RecvTimeoutError> {
        let (result, told) = self.finished.recv_timeout(limit)?;
        self.check.forget(&told);
        Ok(result)
    }
}

impl<T, E> Debug for Running<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running").field("call", &self.call).finish_non_exhaustive()
    }
}

/// Bytes that an answer returned. Their `Debug` form is the one of reports: their number, and the
/// text where they are some.
#[derive(Clone, PartialEq, Eq)]
pub struct Bytes(pub Vec<u8>);

impl Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&brief(&self.0))
    }
}

/// Counts a call as under way, until it is dropped.
struct AtWork(Check);

impl AtWork {
    fn begin(check: &Check) -> Self {
        check.calls(1);
        Self(check.clone())
    }
}

impl Drop for AtWork {
    fn drop(&mut self) {
        self.0.calls(-1);
    }
}

/// How often a wait looks whether the answer is still at work.
const SLICE: Duration = Duration::from_millis(20);
/// How long a wait goes on once it is not: what the answer sent before has arrived by then.
const GRACE: Duration = Duration::from_millis(60);

/// A bounded wait for the answer to do its part. It ends early when every call into the answer has
/// returned or panicked, so that the verdict on a `todo!()` comes at once.
#[derive(Debug)]
pub(crate) struct Wait<'a> {
    check: &'a Check,
    deadline: Instant,
}

impl<'a> Wait<'a> {
    pub(crate) fn new(check: &'a Check, limit: Duration) -> Self {
        Self { check, deadline: Instant::now() + limit.min(check.time_left()) }
    }

    /// For how long to wait before asking again. `None`: the wait is over.
    pub(crate) fn slice(&mut self) -> Option<Duration> {
        let now = Instant::now();
        if self.check.is_at_rest() {
            self.deadline = self.deadline.min(now + GRACE);
        }
        let left = self.deadline.saturating_duration_since(now);
        (!left.is_zero()).then(|| left.min(SLICE))
    }

    /// Waits for what a thread of the harness will send.
    pub(crate) fn receive<T>(mut self, from: &Receiver<T>) -> Option<T> {
        while let Some(slice) = self.slice() {
            match from.recv_timeout(slice) {
                Ok(value) => return Some(value),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return None,
            }
        }
        None
    }
}
