//! `async fn` without a runtime from elsewhere: a small executor over the same `poll`.
//!
//! A future is a state machine that the compiler writes. Somebody must call its `poll`; it returns
//! `Ready`, or it returns `Pending` after leaving a [`Waker`](std::task::Waker) with whoever will
//! know that it can go on. Here:
//!
//! ```text
//!   run queue ──► poll a task ──► Pending: its waker is left with the reactor, for a socket
//!      ▲                                   or a moment
//!      └── wake ◄── mio: that socket is ready, or the moment has come
//! ```
//!
//! | to read | about |
//! |---|---|
//! | [`run`], below | the loop, and how tasks find it |
//! | `tasks.rs` | tasks, their wakers, and the queue of those that can go on |
//! | `reactor.rs` | who waits for which socket, and for which moment |
//! | `sockets.rs`, `sleep.rs` | the futures at the bottom: those that really wait |
//!
//! What the session's shell does by hand (remember where each connection was), the compiler does here:
//! compare [`echo`] with the sessions. What it costs is a boxed future for each task, and that its
//! buffers live in it while it waits.
//!
//! One thread, no work stealing, no cancellation but dropping, no I/O but sockets. tokio has all of
//! these; the chapter says what each is for.

mod reactor;
mod sleep;
mod sockets;
mod tasks;
#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::future::Future;
use std::io;
use std::rc::Rc;
use std::time::{Duration, Instant};

use mio::Events;

pub use sleep::Sleep;
pub use sockets::{Listener, Stream};

use reactor::Reactor;
use tasks::Tasks;

/// What a thread runs: tasks, and what they wait for.
struct Executor {
    tasks: Tasks,
    reactor: Reactor,
}

thread_local! {
    /// The executor that runs on this thread, for `spawn`, `sleep` and the sockets.
    static CURRENT: RefCell<Option<Rc<Executor>>> = const { RefCell::new(None) };
}

// ANCHOR: run
/// Runs `main` on this thread, and with it all tasks that are spawned meanwhile. Tasks that are not
/// done when `main` is are dropped.
///
/// # Errors
///
/// If the system gives no poll instance, or waiting on it fails.
///
/// # Panics
///
/// If this thread runs an executor already.
pub fn run<T: 'static>(main: impl Future<Output = T> + 'static) -> io::Result<T> {
    let reactor = Reactor::new()?;
    let executor = Rc::new(Executor { tasks: Tasks::new(reactor.waker()), reactor });
    let _here = Enter::new(executor.clone());
    let result = Rc::new(RefCell::new(None));
    let place = result.clone();
    spawn(async move {
        let value = main.await;
        *place.borrow_mut() = Some(value);
    });
    let mut events = Events::with_capacity(1_024);
    loop {
        executor.tasks.run_ready();
        if let Some(value) = result.borrow_mut().take() {
            return Ok(value);
        }
        executor.reactor.wait(&mut events, executor.tasks.are_ready())?;
    }
}
// ANCHOR_END: run

/// Runs `future` beside the others.
///
/// # Panics
///
/// Outside [`run`].
pub fn spawn(future: impl Future<Output = ()> + 'static) {
    current().tasks.spawn(Box::pin(future));
}

/// Waits until `duration` has passed: never less. More than a century is a century.
pub fn sleep(duration: Duration) -> Sleep {
    /// Far enough, and no clock overflows.
    const CENTURY: Duration = Duration::from_secs(100 * 365 * 24 * 3_600);
    Sleep::until(Instant::now() + duration.min(CENTURY))
}

fn current() -> Rc<Executor> {
    let executor = CURRENT.with(|current| current.borrow().clone());
    executor.expect("sockets, sleep and spawn need an executor: call them within `run`")
}

/// Makes an executor the thread's own, until it is dropped.
struct Enter(Rc<Executor>);

impl Enter {
    fn new(executor: Rc<Executor>) -> Self {
        CURRENT.with(|current| {
            let before = current.borrow_mut().replace(executor.clone());
            assert!(before.is_none(), "one executor a thread");
        });
        Self(executor)
    }
}

impl Drop for Enter {
    fn drop(&mut self) {
        // Tasks hold sockets, and sockets hold the executor: they would keep each other alive.
        self.0.tasks.drop_all();
        CURRENT.with(|current| current.borrow_mut().take());
    }
}

/// The echo of this chapter as an `async fn`: one client, from its first byte to its last.
///
/// # Errors
///
/// If the connection breaks.
// ANCHOR: echo
pub async fn echo(stream: Stream) -> io::Result<()> {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let count = stream.read(&mut buffer).await?;
        if count == 0 {
            return Ok(());
        }
        stream.write_all(&buffer[..count]).await?;
    }
}
// ANCHOR_END: echo
