//! `async fn` without a runtime from elsewhere: a small executor over the same `poll`.
//!
//! A future is a state machine that the compiler writes. Somebody must call its `poll`; it returns
//! `Ready`, or it returns `Pending` after leaving a [`Waker`] with whoever will know that it can go on. Here:
//!
//! ```text
//!   run queue ──► poll a task ──► Pending: its waker is left with the reactor, for a socket
//!      ▲                                   or a moment
//!      └── wake ◄── mio: that socket is ready, or the moment has come
//! ```
//!
//! What the session's shell does by hand (remember where each connection was), the compiler does here:
//! compare [`echo`] with the sessions. What it costs is a boxed future for each task, and that its
//! buffers live in it while it waits.
//!
//! One thread, no work stealing, no cancellation but dropping, no I/O but sockets. tokio has all of
//! these; the chapter says what each is for.

use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::future::Future;
use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use mio::{Events, Interest, Token};
use slab::Slab;

const WAKER: Token = Token(usize::MAX);

thread_local! {
    /// The executor that runs on this thread, for `spawn`, `sleep` and the sockets.
    static CURRENT: RefCell<Option<Rc<Reactor>>> = const { RefCell::new(None) };
}

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
    let reactor = Rc::new(Reactor::new()?);
    let here = Enter::new(reactor.clone());
    let result = Rc::new(RefCell::new(None));
    let place = result.clone();
    spawn(async move {
        let value = main.await;
        *place.borrow_mut() = Some(value);
    });
    let mut events = Events::with_capacity(1_024);
    let value = loop {
        reactor.run_ready();
        if let Some(value) = result.borrow_mut().take() {
            break value;
        }
        reactor.wait(&mut events)?;
    };
    reactor.drop_tasks();
    drop(here);
    Ok(value)
}

/// Runs `future` beside the others.
pub fn spawn(future: impl Future<Output = ()> + 'static) {
    current().spawn(Box::pin(future));
}

/// Waits until `duration` has passed: never less.
pub fn sleep(duration: Duration) -> Sleep {
    Sleep { until: Instant::now() + duration }
}

fn current() -> Rc<Reactor> {
    let reactor = CURRENT.with(|current| current.borrow().clone());
    reactor.expect("sockets, sleep and spawn need an executor: call them within `run`")
}

/// Makes an executor the thread's own, until it is dropped.
struct Enter;

impl Enter {
    fn new(reactor: Rc<Reactor>) -> Self {
        CURRENT.with(|current| {
            let before = current.borrow_mut().replace(reactor);
            assert!(before.is_none(), "one executor a thread");
        });
        Self
    }
}

impl Drop for Enter {
    fn drop(&mut self) {
        CURRENT.with(|current| current.borrow_mut().take());
    }
}

type Task = Pin<Box<dyn Future<Output = ()>>>;

/// Tasks, and what they wait for.
struct Reactor {
    poll: RefCell<mio::Poll>,
    /// `None` while the task is being polled.
    tasks: RefCell<Slab<(Arc<TaskWaker>, Option<Task>)>>,
    ready: Arc<Ready>,
    sources: RefCell<Slab<Waiting>>,
    sleepers: RefCell<BinaryHeap<Sleeper>>,
}

/// Tasks that can go on. Wakers may be called from any thread.
struct Ready {
    queue: Mutex<VecDeque<Arc<TaskWaker>>>,
    /// The executor's thread. It looks at the queue before it sleeps, and need not be woken.
    home: ThreadId,
    waker: mio::Waker,
}

/// Wakes one task.
struct TaskWaker {
    /// Its slot. Another task may live there by the time that this is called; it is then polled for nothing.
    slot: usize,
    ready: Arc<Ready>,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        let ready = self.ready.clone();
        ready.queue.lock().unwrap_or_else(PoisonError::into_inner).push_back(self);
        if thread::current().id() != ready.home {
            // It cannot fail while the executor lives, and later nobody minds.
            let _ = ready.waker.wake();
        }
    }
}

/// Who waits for a socket. One reader and one writer: a later one takes the place of an earlier.
#[derive(Default)]
struct Waiting {
    reader: Option<Waker>,
    writer: Option<Waker>,
}

struct Sleeper {
    until: Instant,
    waker: Waker,
}

impl Reactor {
    fn new() -> io::Result<Self> {
        let poll = mio::Poll::new()?;
        let waker = mio::Waker::new(poll.registry(), WAKER)?;
        Ok(Self {
            poll: RefCell::new(poll),
            tasks: RefCell::default(),
            ready: Arc::new(Ready { queue: Mutex::default(), home: thread::current().id(), waker }),
            sources: RefCell::default(),
            sleepers: RefCell::default(),
        })
    }

    fn spawn(&self, task: Task) {
        let mut tasks = self.tasks.borrow_mut();
        let entry = tasks.vacant_entry();
        let waker = Arc::new(TaskWaker { slot: entry.key(), ready: self.ready.clone() });
        entry.insert((waker.clone(), Some(task)));
        drop(tasks);
        waker.wake(); // It has not been polled yet, and only that tells it what to wait for.
    }

    /// Polls each task that can go on, once. Those that wake meanwhile have their turn after the
    /// sockets had theirs.
    fn run_ready(&self) {
        let queue = self.ready.queue.lock();
        let ready = std::mem::take(&mut *queue.unwrap_or_else(PoisonError::into_inner));
        for waker in ready {
            let slot = waker.slot;
            // Taken out while it runs: it may spawn others.
            let task = self.tasks.borrow_mut().get_mut(slot).and_then(|(_, task)| task.take());
            let Some(mut task) = task else { continue };
            // The slot's present waker, which is another if the slot changed hands.
            let waker = Waker::from(self.tasks.borrow()[slot].0.clone());
            match task.as_mut().poll(&mut Context::from_waker(&waker)) {
                Poll::Pending => self.tasks.borrow_mut()[slot].1 = Some(task),
                Poll::Ready(()) => drop(self.tasks.borrow_mut().remove(slot)),
            }
        }
    }

    /// Sleeps until a socket is ready, a moment has come, or a waker was called.
    fn wait(&self, events: &mut Events) -> io::Result<()> {
        let nothing_ready =
            self.ready.queue.lock().unwrap_or_else(PoisonError::into_inner).is_empty();
        let soonest = self.sleepers.borrow().peek().map(|sleeper| sleeper.until);
        let timeout = match soonest {
            _ if !nothing_ready => Some(Duration::ZERO),
            soonest => soonest.map(|until| until.saturating_duration_since(Instant::now())),
        };
        match self.poll.borrow_mut().poll(events, timeout) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            polled => polled?,
        }
        let mut wake = Vec::new();
        let mut sources = self.sources.borrow_mut();
        for event in events.iter() {
            let Some(waiting) = sources.get_mut(event.token().0) else { continue };
            if event.is_readable() || event.is_read_closed() || event.is_error() {
                wake.extend(waiting.reader.take());
            }
            if event.is_writable() || event.is_write_closed() || event.is_error() {
                wake.extend(waiting.writer.take());
            }
        }
        drop(sources);
        let mut sleepers = self.sleepers.borrow_mut();
        let now = Instant::now();
        while sleepers.peek().is_some_and(|sleeper| sleeper.until <= now) {
            wake.extend(sleepers.pop().map(|sleeper| sleeper.waker));
        }
        drop(sleepers);
        // Only now: a waker may run anybody's code.
        wake.into_iter().for_each(Waker::wake);
        Ok(())
    }

    fn drop_tasks(&self) {
        // A task's end may spawn another; all of them end here.
        loop {
            let tasks = std::mem::take(&mut *self.tasks.borrow_mut());
            if tasks.is_empty() {
                return;
            }
        }
    }
}

/// A future that is ready at a moment.
#[derive(Debug)]
pub struct Sleep {
    until: Instant,
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.until <= Instant::now() {
            return Poll::Ready(());
        }
        // A waker for each poll: the task may have moved, and an old one wakes it for nothing.
        let sleeper = Sleeper { until: self.until, waker: cx.waker().clone() };
        current().sleepers.borrow_mut().push(sleeper);
        Poll::Pending
    }
}

impl Ord for Sleeper {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        // The heap's top is its greatest: the soonest must be.
        Reverse(self.until).cmp(&Reverse(other.until))
    }
}

impl PartialOrd for Sleeper {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Sleeper {
    fn eq(&self, other: &Self) -> bool {
        self.until == other.until
    }
}

impl Eq for Sleeper {}

/// Whether a socket is waited for to read or to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Read,
    Write,
}

/// A socket that the reactor watches.
struct Watched<S: mio::event::Source> {
    socket: S,
    token: Token,
    reactor: Rc<Reactor>,
}

impl<S: mio::event::Source> Watched<S> {
    fn new(mut socket: S) -> io::Result<Self> {
        let reactor = current();
        let token = Token(reactor.sources.borrow_mut().insert(Waiting::default()));
        // Both, once and for all: with edge-triggered events an interest that nobody waits on
        // costs nothing but an event that wakes nobody.
        let interest = Interest::READABLE | Interest::WRITABLE;
        reactor.poll.borrow().registry().register(&mut socket, token, interest)?;
        Ok(Self { socket, token, reactor })
    }

    /// Tries `operation`, and again whenever the socket is ready for it.
    async fn when_ready<T>(
        &self,
        way: Way,
        mut operation: impl FnMut(&S) -> io::Result<T>,
    ) -> io::Result<T> {
        std::future::poll_fn(|cx| {
            loop {
                match operation(&self.socket) {
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {
                        // Tried first, and the waker left after: an event between the two is not
                        // lost, since events are only taken when no task is running.
                        let mut sources = self.reactor.sources.borrow_mut();
                        let waiting = &mut sources[self.token.0];
                        let waker = Some(cx.waker().clone());
                        match way {
                            Way::Read => waiting.reader = waker,
                            Way::Write => waiting.writer = waker,
                        }
                        return Poll::Pending;
                    }
                    done => return Poll::Ready(done),
                }
            }
        })
        .await
    }
}

impl<S: mio::event::Source> Drop for Watched<S> {
    fn drop(&mut self) {
        let _ = self.reactor.poll.borrow().registry().deregister(&mut self.socket);
        self.reactor.sources.borrow_mut().remove(self.token.0);
    }
}

/// A TCP listener for tasks.
pub struct Listener(Watched<mio::net::TcpListener>);

impl Listener {
    /// Takes over a listener; see [`crate::Listener`] for one with a proper backlog.
    pub fn new(listener: std::net::TcpListener) -> io::Result<Self> {
        listener.set_nonblocking(true)?;
        Watched::new(mio::net::TcpListener::from_std(listener)).map(Self)
    }

    /// Waits for a connection.
    pub async fn accept(&self) -> io::Result<(Stream, SocketAddr)> {
        let accepted = self.0.when_ready(Way::Read, mio::net::TcpListener::accept).await;
        let (stream, peer) = accepted?;
        stream.set_nodelay(true)?;
        Ok((Stream(Watched::new(stream)?), peer))
    }
}

/// A TCP stream for tasks.
pub struct Stream(Watched<mio::net::TcpStream>);

impl Stream {
    /// Waits for bytes; 0 is the end of the stream.
    pub async fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.when_ready(Way::Read, |mut stream| stream.read(buffer)).await
    }

    /// Sends all of `bytes`.
    pub async fn write_all(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            match self.0.when_ready(Way::Write, |mut stream| stream.write(bytes)).await? {
                0 => return Err(ErrorKind::WriteZero.into()),
                count => bytes = &bytes[count..],
            }
        }
        Ok(())
    }
}

/// The echo of this chapter as an `async fn`: one client, from its first byte to its last.
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

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn sleepers_wake_in_order_and_none_early() {
        let order = run(async {
            let order = Rc::new(RefCell::new(Vec::new()));
            for millis in [30, 10, 20] {
                let (order, begin) = (order.clone(), Instant::now());
                spawn(async move {
                    sleep(Duration::from_millis(millis)).await;
                    assert!(begin.elapsed() >= Duration::from_millis(millis));
                    order.borrow_mut().push(millis);
                });
            }
            sleep(Duration::from_millis(40)).await;
            order.take()
        });
        assert_eq!(order.expect("an executor"), [10, 20, 30]);
    }

    #[test]
    fn a_waker_of_another_thread_ends_the_sleep() {
        let asleep = Arc::new(Mutex::new(None::<Waker>));
        let told = Rc::new(Cell::new(false));
        let (shared, done) = (asleep.clone(), told.clone());
        run(std::future::poll_fn(move |cx| {
            if done.replace(true) {
                return Poll::Ready(());
            }
            let waker = cx.waker().clone();
            *shared.lock().expect("no panic") = Some(waker.clone());
            thread::spawn(move || waker.wake());
            Poll::Pending
        }))
        .expect("an executor");
        assert!(told.get());
        asleep.lock().expect("no panic").take().expect("a waker").wake(); // Late, and harmless.
    }

    #[test]
    fn echo_serves_many_clients_and_drops_them_with_the_server() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("its address");
        let clients = thread::spawn(move || {
            let connect = |_| std::net::TcpStream::connect(address).expect("a listener");
            let mut streams: Vec<_> = (0..50).map(connect).collect();
            let message = vec![7; 100_000];
            for stream in &mut streams {
                let (mut out, bytes) = (stream.try_clone().expect("a handle"), message.clone());
                let writer = thread::spawn(move || out.write_all(&bytes).expect("an echo server"));
                let mut back = vec![0; message.len()];
                stream.read_exact(&mut back).expect("the echo");
                writer.join().expect("the writer");
                assert_eq!(back, message);
            }
            streams.pop(); // One leaves; the others stay until the server ends.
            streams
        });
        let served = run(async move {
            let listener = Listener::new(listener).expect("a listener for tasks");
            let ended = Rc::new(Cell::new(0));
            for _ in 0..50 {
                let (stream, _) = listener.accept().await.expect("a client");
                let ended = ended.clone();
                spawn(async move {
                    echo(stream).await.expect("an orderly end");
                    ended.set(ended.get() + 1);
                });
            }
            while ended.get() == 0 {
                sleep(Duration::from_millis(1)).await;
            }
            ended.get()
        });
        assert_eq!(served.expect("an executor"), 1);
        for mut stream in clients.join().expect("no panic") {
            assert_eq!(stream.read(&mut [0]).expect("end of stream"), 0);
        }
    }
}
