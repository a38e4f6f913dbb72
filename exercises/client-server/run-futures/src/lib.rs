//! A small executor: tasks on one thread, and sockets that wake them.
//!
//! ```text
//!   queue of tasks ──► poll each once ──► Pending: its waker is with a socket, or with anybody
//!        ▲                                Ready: dropped
//!        └── wake ◄── mio: the socket is readable
//! ```

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Runs tasks on the thread that made it. A clone is a handle on the same executor, for tasks that
/// spawn others.
#[derive(Clone)]
pub struct Executor {
    // Here is room for an `Rc` of all that the handles share.
}

impl Executor {
    /// An executor without tasks.
    ///
    /// # Errors
    ///
    /// If the system gives no poll instance.
    pub fn new() -> io::Result<Self> {
        todo!("make a poll instance, and a queue of tasks")
    }

    /// Adds a task, which [`run`](Self::run) will poll. Tasks may call this, too.
    pub fn spawn(&self, future: impl Future<Output = ()> + 'static) {
        drop(future); // Yours to use; then this line can go.
        todo!("keep the task, and queue it for its first poll")
    }

    /// Runs the tasks until the last of them is done. A task is polled once at first, and then when
    /// it was woken: by a socket, by itself, by another task or another thread. One that is done is
    /// dropped at once and never polled again. When no task can go on, the thread sleeps.
    ///
    /// Sockets have their turn between the polls, even if some task is woken again and again.
    ///
    /// # Errors
    ///
    /// If waiting fails.
    pub fn run(&self) -> io::Result<()> {
        todo!("poll those that were woken; when there is none, wait for the sockets")
    }

    /// Watches `source`, a non-blocking socket, until the [`Watch`] is dropped.
    ///
    /// # Errors
    ///
    /// If the system cannot watch it.
    pub fn watch(&self, source: &mut impl mio::event::Source) -> io::Result<Watch> {
        let _ = source; // Yours to use; then this line can go.
        todo!("register it, to be told when it becomes readable")
    }
}

/// A socket that an executor watches.
pub struct Watch {
    // Here is room for what finds this socket's state.
}

impl Watch {
    /// Waits until the socket is readable: bytes or a connection are there, or the end, or an error.
    /// To be awaited after a read that would block, by one task at a time.
    pub fn readable(&self) -> Readable<'_> {
        Readable { watch: self }
    }
}

/// The future of [`Watch::readable`]. What made the socket readable counts once, and also if it
/// came when nobody was waiting for it.
pub struct Readable<'a> {
    watch: &'a Watch,
}

impl Future for Readable<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let _ = (self.watch, cx); // Yours to use; then this line can go.
        todo!("ready if the socket is; if not, leave the waker with it")
    }
}
