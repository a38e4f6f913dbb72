//! A fixed number of threads, and a bounded queue of jobs before them.
//!
//! ```text
//!  execute ──► [ job │ job │ job ] ──► worker 1 ──► job()
//!     │          the bounded queue └─► worker 2 ──► job()
//!     └──► Err(Full)
//! ```

// answer:
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
// end answer
use std::{error, fmt};

/// As many jobs wait as may, and this one was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Full;

impl fmt::Display for Full {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("all workers are busy, and the queue is full")
    }
}

impl error::Error for Full {}

// answer:
type Job = Box<dyn FnOnce() + Send>;

// end answer
/// Threads that run jobs. Dropping it waits until each job that was taken has run.
#[derive(Debug)]
pub struct Pool {
    // answer: // Here is room for the threads, and for the way to them.
    /// `None` once the pool is being dropped: then the workers end when the queue is empty.
    jobs: Option<SyncSender<Job>>,
    workers: Vec<JoinHandle<()>>,
    // end answer
}

impl Pool {
    /// Starts `workers` threads; `queue` jobs may wait for one of them. Neither is 0.
    pub fn new(workers: usize, queue: usize) -> Self {
        // answer: let _ = (workers, queue); // Yours to use; then this line can go.
        // answer: todo!("start the threads, and give each of them a way to the queue")
        let (jobs, receiver) = mpsc::sync_channel(queue);
        let receiver = Arc::new(Mutex::new(receiver));
        let start = |_| {
            let receiver = receiver.clone();
            thread::spawn(move || work(&receiver))
        };
        Self { jobs: Some(jobs), workers: (0..workers).map(start).collect() }
        // end answer
    }

    /// Queues `job` for the first worker that is free. Never waits. A job that panics ends, and
    /// neither its worker nor the pool does.
    ///
    /// # Errors
    ///
    /// [`Full`] if all workers are busy and the queue holds as many jobs as it may: this one is
    /// dropped.
    pub fn execute(&self, job: impl FnOnce() + Send + 'static) -> Result<(), Full> {
        // answer: let _ = job; // Yours to use; then this line can go.
        // answer: todo!("queue the job, or say that the queue is full")
        let jobs = self.jobs.as_ref().ok_or(Full)?;
        jobs.try_send(Box::new(job)).map_err(|_| Full)
        // end answer
    }
}

impl Drop for Pool {
    /// Waits for the jobs that were taken, queued ones too, and for the threads.
    fn drop(&mut self) {
        // answer: // Yours: let the workers finish what is queued, and wait for them.
        // The order is the point: a worker ends when there is no sender any more.
        drop(self.jobs.take());
        for worker in self.workers.drain(..) {
            // A worker survives its jobs' panics, and has none of its own.
            let _ = worker.join();
        }
        // end answer
    }
}
// answer:

/// Runs jobs until the pool is dropped and the queue empty.
fn work(receiver: &Mutex<Receiver<Job>>) {
    while let Some(job) = next(receiver) {
        // A real server would log the panic. What the job shared it must have left in order itself.
        let _ = catch_unwind(AssertUnwindSafe(job));
    }
}

/// Waits for the next job. In a function of its own, since the lock lives until its end: held while
/// waiting, and not while the job runs.
fn next(receiver: &Mutex<Receiver<Job>>) -> Option<Job> {
    receiver.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
}
// end answer
