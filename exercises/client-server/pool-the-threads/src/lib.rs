//! A fixed number of threads, and a bounded queue of jobs before them.
//!
//! ```text
//!  execute ──► [ job │ job │ job ] ──► worker 1 ──► job()
//!     │          the bounded queue └─► worker 2 ──► job()
//!     └──► Err(Full)
//! ```

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

/// Threads that run jobs. Dropping it waits until each job that was taken has run.
#[derive(Debug)]
pub struct Pool {
    // Here is room for the threads, and for the way to them.
}

impl Pool {
    /// Starts `workers` threads; `queue` jobs may wait for one of them. Neither is 0.
    pub fn new(workers: usize, queue: usize) -> Self {
        let _ = (workers, queue); // Yours to use; then this line can go.
        todo!("start the threads, and give each of them a way to the queue")
    }

    /// Queues `job` for the first worker that is free. Never waits. A job that panics ends, and
    /// neither its worker nor the pool does.
    ///
    /// # Errors
    ///
    /// [`Full`] if all workers are busy and the queue holds as many jobs as it may: this one is
    /// dropped.
    pub fn execute(&self, job: impl FnOnce() + Send + 'static) -> Result<(), Full> {
        let _ = job; // Yours to use; then this line can go.
        todo!("queue the job, or say that the queue is full")
    }
}

impl Drop for Pool {
    /// Waits for the jobs that were taken, queued ones too, and for the threads.
    fn drop(&mut self) {
        // Yours: let the workers finish what is queued, and wait for them.
    }
}
