//! What stops a server, from wherever.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use mio::Waker;

/// Tells a running server to stop. Clones tell the same server.
#[derive(Debug, Clone)]
pub struct Handle {
    waker: Arc<Waker>,
    stop: Arc<AtomicBool>,
}

impl Handle {
    pub(crate) fn new(waker: Arc<Waker>) -> Self {
        Self { waker, stop: Arc::default() }
    }

    /// Set once `stop` was called.
    pub(crate) fn flag(&self) -> Arc<AtomicBool> {
        self.stop.clone()
    }

    /// Whether it was called.
    pub(crate) fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Acquire)
    }

    /// No new connections; those in flight are finished, within [`Limits::drain`](crate::Limits::drain). Returns at once.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Release);
        // It fails only if the loop is gone, and then there is nothing to stop.
        let _ = self.waker.wake();
    }
}
