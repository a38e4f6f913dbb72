//! Something that blocks, done on a thread of its own, which wakes the session when it is done.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use client_server::Wake;

/// Work under way.
#[derive(Debug)]
pub struct Work(Arc<Mutex<Option<io::Result<()>>>>);

/// A stack for what only calls the system.
const STACK: usize = 128 * 1024;

impl Work {
    /// Begins it.
    ///
    /// # Errors
    ///
    /// If there can be no thread for it.
    pub fn begin(
        wake: Wake,
        work: impl FnOnce() -> io::Result<()> + Send + 'static,
    ) -> io::Result<Self> {
        let place = Arc::new(Mutex::new(None));
        let result = place.clone();
        thread::Builder::new().stack_size(STACK).spawn(move || {
            let done = work();
            *result.lock().unwrap_or_else(PoisonError::into_inner) = Some(done);
            wake.wake();
        })?;
        Ok(Self(place))
    }

    /// What came of it, once it is done; once.
    pub fn result(&self) -> Option<io::Result<()>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
