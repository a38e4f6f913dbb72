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
// answer:
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::io::ErrorKind;
use std::mem;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Wake, Waker};
use std::thread::{self, ThreadId};
use std::time::Duration;

use mio::{Events, Interest, Token};
// end answer

/// Runs tasks on the thread that made it. A clone is a handle on the same executor, for tasks that
/// spawn others.
#[derive(Clone)]
pub struct Executor {
    // answer: // Here is room for an `Rc` of all that the handles share.
    shared: Rc<Shared>,
    // end answer
}

impl Executor {
    /// An executor without tasks.
    ///
    /// # Errors
    ///
    /// If the system gives no poll instance.
    pub fn new() -> io::Result<Self> {
        // answer: todo!("make a poll instance, and a queue of tasks")
        let poll = mio::Poll::new()?;
        let alarm = mio::Waker::new(poll.registry(), ALARM)?;
        let shared = Shared {
            poll: RefCell::new(poll),
            tasks: RefCell::default(),
            sources: RefCell::default(),
            names: Cell::new(0),
            ready: Arc::new(Ready { queue: Mutex::default(), home: thread::current().id(), alarm }),
        };
        Ok(Self { shared: Rc::new(shared) })
        // end answer
    }

    /// Adds a task, which [`run`](Self::run) will poll. Tasks may call this, too.
    pub fn spawn(&self, future: impl Future<Output = ()> + 'static) {
        // answer: drop(future); // Yours to use; then this line can go.
        // answer: todo!("keep the task, and queue it for its first poll")
        let (name, ready) = (self.shared.name(), self.shared.ready.clone());
        let waker = Arc::new(TaskWaker { name, queued: AtomicBool::new(false), ready });
        let task = Task { waker: waker.clone(), future: Box::pin(future) };
        self.shared.tasks.borrow_mut().insert(name, task);
        waker.wake(); // Not polled yet, it has no waker with anybody.
        // end answer
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
        // answer: todo!("poll those that were woken; when there is none, wait for the sockets")
        let mut events = Events::with_capacity(256);
        loop {
            self.shared.poll_woken();
            if self.shared.tasks.borrow().is_empty() {
                return Ok(());
            }
            self.shared.wait(&mut events)?;
        }
        // end answer
    }

    /// Watches `source`, a non-blocking socket, until the [`Watch`] is dropped.
    ///
    /// # Errors
    ///
    /// If the system cannot watch it.
    pub fn watch(&self, source: &mut impl mio::event::Source) -> io::Result<Watch> {
        // answer: let _ = source; // Yours to use; then this line can go.
        // answer: todo!("register it, to be told when it becomes readable")
        let shared = self.shared.clone();
        let token = Token(shared.name());
        shared.poll.borrow().registry().register(source, token, Interest::READABLE)?;
        shared.sources.borrow_mut().insert(token, Source::default());
        Ok(Watch { shared, token })
        // end answer
    }
}

/// A socket that an executor watches.
pub struct Watch {
    // answer: // Here is room for what finds this socket's state.
    shared: Rc<Shared>,
    token: Token,
    // end answer
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
        // answer: let _ = (self.watch, cx); // Yours to use; then this line can go.
        // answer: todo!("ready if the socket is; if not, leave the waker with it")
        let mut sources = self.watch.shared.sources.borrow_mut();
        let source = sources.entry(self.watch.token).or_default();
        // Edge-triggered: this event is not told again, so it is kept until somebody takes it.
        if mem::take(&mut source.readable) {
            return Poll::Ready(());
        }
        // The present waker: the future may be polled by another task than the last time.
        source.waker = Some(cx.waker().clone());
        Poll::Pending
        // end answer
    }
}
// answer:

impl Drop for Watch {
    fn drop(&mut self) {
        // The system forgets the socket itself when it is closed (epoll(7), "Questions and answers").
        self.shared.sources.borrow_mut().remove(&self.token);
    }
}

/// The token of the alarm; no socket gets as far.
const ALARM: Token = Token(usize::MAX);

struct Shared {
    poll: RefCell<mio::Poll>,
    /// Without the one that is being polled.
    tasks: RefCell<HashMap<usize, Task>>,
    sources: RefCell<HashMap<Token, Source>>,
    /// Names of tasks and sources. None is given twice, so a late wake or event meets nobody.
    names: Cell<usize>,
    ready: Arc<Ready>,
}

struct Task {
    waker: Arc<TaskWaker>,
    future: Pin<Box<dyn Future<Output = ()>>>,
}

#[derive(Default)]
struct Source {
    readable: bool,
    waker: Option<Waker>,
}

/// Tasks that were woken. Wakers are called from any thread.
struct Ready {
    queue: Mutex<Vec<usize>>,
    home: ThreadId,
    /// Ends the sleep of the executor's thread.
    alarm: mio::Waker,
}

struct TaskWaker {
    name: usize,
    /// So that ten wakes are one poll.
    queued: AtomicBool,
    ready: Arc<Ready>,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        if self.queued.swap(true, Ordering::AcqRel) {
            return;
        }
        self.ready.queue.lock().unwrap_or_else(PoisonError::into_inner).push(self.name);
        if thread::current().id() != self.ready.home {
            // It fails when the executor is gone, and then nobody sleeps.
            let _ = self.ready.alarm.wake();
        }
    }
}

impl Shared {
    fn name(&self) -> usize {
        self.names.replace(self.names.get() + 1)
    }

    /// Polls each task that was woken, once. Those that are woken meanwhile come after the sockets.
    fn poll_woken(&self) {
        let woken =
            mem::take(&mut *self.ready.queue.lock().unwrap_or_else(PoisonError::into_inner));
        for name in woken {
            // Taken out, since it may spawn others. `None`: it is done, and this wake came late.
            let task = self.tasks.borrow_mut().remove(&name);
            let Some(mut task) = task else { continue };
            // Before the poll: a wake that comes during it asks for another.
            task.waker.queued.store(false, Ordering::Release);
            let waker = Waker::from(task.waker.clone());
            if task.future.as_mut().poll(&mut Context::from_waker(&waker)).is_pending() {
                self.tasks.borrow_mut().insert(name, task);
            }
        }
    }

    /// Sleeps until a socket is ready or a task was woken, and wakes those who wait for the sockets.
    fn wait(&self, events: &mut Events) -> io::Result<()> {
        let idle = self.ready.queue.lock().unwrap_or_else(PoisonError::into_inner).is_empty();
        // What another thread queues from here on rings the alarm, which stays until it is heard.
        let timeout = if idle { None } else { Some(Duration::ZERO) };
        match self.poll.borrow_mut().poll(events, timeout) {
            Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(()),
            polled => polled?,
        }
        let mut sources = self.sources.borrow_mut();
        let mut wakers = Vec::new();
        for event in events.iter() {
            if let Some(source) = sources.get_mut(&event.token()) {
                source.readable = true; // Also an end or an error: a read will tell which.
                wakers.extend(source.waker.take());
            }
        }
        drop(sources); // A waker may be anybody's code.
        wakers.into_iter().for_each(Waker::wake);
        Ok(())
    }
}
// end answer
