//! Who was woken from other threads.

use std::collections::BTreeSet;
use std::io;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use mio::Waker;

use crate::context::Wake;
use crate::timers::Owner;

/// The sessions of one loop that were woken and not called yet.
#[derive(Debug, Default)]
pub(crate) struct Wakes {
    woken: Mutex<BTreeSet<Owner>>,
    /// What ends the loop's sleep. Not there before the loop is: then it looks here first.
    waker: OnceLock<Arc<Waker>>,
}

impl Wakes {
    /// Of a loop whose sleep `waker` ends.
    pub(crate) fn new(waker: Arc<Waker>) -> Arc<Self> {
        Arc::new(Self { woken: Mutex::default(), waker: waker.into() })
    }

    /// From here on, the loop sleeps. What it was woken for before is not lost.
    pub(crate) fn set_waker(&self, waker: Arc<Waker>) -> io::Result<()> {
        let _ = self.waker.set(waker);
        if self.lock().is_empty() { Ok(()) } else { self.end_sleep() }
    }

    /// What wakes the session of `owner`.
    pub(crate) fn wake(self: &Arc<Self>, owner: Owner) -> Wake {
        let wakes = self.clone();
        Wake::new(move || {
            let first = {
                let mut woken = wakes.lock();
                let first = woken.is_empty();
                woken.insert(owner);
                first
            };
            if first {
                let _ = wakes.end_sleep(); // It fails only if the loop is gone.
            }
        })
    }

    /// Those that were woken since this was asked last.
    pub(crate) fn take(&self) -> BTreeSet<Owner> {
        mem::take(&mut self.lock())
    }

    fn end_sleep(&self) -> io::Result<()> {
        self.waker.get().map_or(Ok(()), |waker| waker.wake())
    }

    fn lock(&self) -> MutexGuard<'_, BTreeSet<Owner>> {
        self.woken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
