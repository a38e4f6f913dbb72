//! A pool at work, and jobs that wait for each other.

use std::cell::RefCell;
use std::collections::HashSet;
use std::ffi::OsString;
use std::fs;
use std::panic::resume_unwind;
use std::sync::mpsc;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use harness::{Check, Outcome};
use pool_the_threads::{Full, Pool};

/// How long a job may take to run, or others to join it. Nearly always it takes no time at all.
pub(crate) const PATIENCE: Duration = Duration::from_millis(1_500);
/// No job waits longer for anything, so that a failed check leaves no thread behind for long.
const LONGEST: Duration = Duration::from_secs(5);

/// What was there in place of what is wanted, after a wait in vain.
pub(crate) fn waited(what: &str) -> String {
    format!("{what}, after {:.1} s", PATIENCE.as_secs_f32())
}

/// Sends what a job has to say. If the check has failed already, nobody listens.
pub(crate) fn tell<T>(to: &mpsc::Sender<T>, what: T) {
    let _ = to.send(what);
}

/// Ends a job as a panic does, without the words that a panic prints.
pub(crate) fn panic() -> ! {
    resume_unwind(Box::new("a job's own panic"))
}

/// The threads of this process. *Linux*: `proc_pid_task(5)`; empty elsewhere.
pub(crate) fn threads() -> HashSet<OsString> {
    let tasks = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    tasks.map(|task| task.file_name()).collect()
}

/// The answer's pool. It is dropped on a thread of its own, since nobody knows whether that ends.
pub(crate) struct Crew<'a> {
    c: &'a Check,
    pool: RefCell<Option<Pool>>,
}

impl<'a> Crew<'a> {
    pub(crate) fn new(c: &'a Check, workers: usize, queue: usize) -> Self {
        let s = |count| if count == 1 { "" } else { "s" };
        let crew = format!("{workers} worker{}", s(workers));
        c.did(format!("made a pool: {crew}, room for {queue} job{} in the queue", s(queue)));
        Self { c, pool: RefCell::new(Some(Pool::new(workers, queue))) }
    }

    pub(crate) fn try_execute(&self, job: impl FnOnce() + Send + 'static) -> Result<(), Full> {
        match &*self.pool.borrow() {
            Some(pool) => pool.execute(job),
            None => Err(Full),
        }
    }

    /// Executes a job that must be taken.
    pub(crate) fn execute(&self, what: &str, job: impl FnOnce() + Send + 'static) -> Outcome {
        self.c.did(format!("called `execute` with {what}"));
        self.c.want("Ok(()): there is room in the queue");
        let result = self.try_execute(job);
        self.c.ok("`execute`", result, None)
    }

    /// Executes `count` jobs, each of which waits until all have begun. How many had, when the
    /// first of them waited no longer.
    pub(crate) fn meets(&self, count: usize) -> Outcome<usize> {
        let begun = Arc::new((Mutex::new(0), Condvar::new()));
        let (done, ran) = mpsc::channel();
        let step = format!("called `execute` with {count} jobs that wait for each other");
        self.c.in_one_step(step, || {
            (0..count).try_for_each(|_| {
                let (begun, done) = (begun.clone(), done.clone());
                self.execute("a job", move || {
                    let (number, changed) = &*begun;
                    let mut number = number.lock().unwrap_or_else(PoisonError::into_inner);
                    *number += 1;
                    changed.notify_all();
                    let number = changed.wait_timeout_while(number, PATIENCE, |n| *n < count);
                    tell(&done, *number.unwrap_or_else(PoisonError::into_inner).0);
                })
            })
        })?;
        Ok(ran.recv_timeout(PATIENCE + PATIENCE / 2).unwrap_or(0))
    }

    /// Executes `count` jobs more, and says how many were taken. Fails if `execute` waits.
    pub(crate) fn many<J>(&self, count: usize, job: impl Fn() -> J) -> Outcome<usize>
    where
        J: FnOnce() + Send + 'static,
    {
        let jobs: Vec<J> = (0..count).map(|_| job()).collect();
        let pool = self.pool.take();
        let (done, ended) = mpsc::channel();
        self.c.spawn(move || {
            let taken = jobs.into_iter().filter_map(|job| pool.as_ref()?.execute(job).ok()).count();
            tell(&done, (taken, pool));
        });
        let Ok((taken, pool)) = ended.recv_timeout(PATIENCE) else {
            return Err(self.c.fail(None, waited("`execute` waits for room: it had not returned")));
        };
        self.pool.replace(pool);
        Ok(taken)
    }

    /// Drops the pool, and says whether that ended in time.
    pub(crate) fn drop_within(&self, limit: Duration) -> bool {
        let pool = self.pool.take();
        let (done, ended) = mpsc::channel();
        self.c.spawn(move || {
            drop(pool);
            tell(&done, ());
        });
        ended.recv_timeout(limit).is_ok()
    }
}

impl Drop for Crew<'_> {
    fn drop(&mut self) {
        if let Some(pool) = self.pool.take() {
            self.c.spawn(move || drop(pool));
        }
    }
}

/// What jobs wait for.
#[derive(Clone, Default)]
pub(crate) struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    pub(crate) fn open(&self) {
        *self.0.0.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.0.1.notify_all();
    }

    /// Waits until it is open, within reason.
    pub(crate) fn pass(&self) {
        self.is_open_within(LONGEST);
    }

    pub(crate) fn is_open_within(&self, limit: Duration) -> bool {
        let open = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        let open = self.0.1.wait_timeout_while(open, limit, |open| !*open);
        *open.unwrap_or_else(PoisonError::into_inner).0
    }
}
