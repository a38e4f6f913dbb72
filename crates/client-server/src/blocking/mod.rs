//! A thread for a connection: the shells that block.
//!
//! The same sessions as on the event loop, the same limits; here a thread waits in `read` for one
//! peer. [`Model::Threads`] starts one for each connection. [`Model::Pool`] keeps a fixed number,
//! and a bounded queue of connections before them: one more is refused, not remembered for ever.
//!
//! Plain, and right for some dozens of peers. What it costs for thousands, the book measures: a
//! stack each, a switch of threads for each message, and under the pool a silent peer occupies a worker.

use std::io::{self, ErrorKind};
use std::net::IpAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use mio::{Events, Interest, Poll, Token, Waker};
use slab::Slab;

use crate::event_loop::Handle;
use crate::limits::{Admission, Limits};
use crate::listener::{Acceptor, Listener};
use crate::output::{LOW_WATER, Output};
use crate::service::Service;
use crate::session::{Closed, Context, Next, Session, Time, guarded};
use crate::statistics::Statistics;
use crate::stream::Stream;

/// Who serves a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Model {
    /// A thread each, that ends with it.
    Threads,
    /// One of so many threads that live as long as the server.
    Pool {
        /// How many.
        workers: usize,
        /// How many connections may wait for one of them.
        queue: usize,
    },
}

/// A connection thread's stack. A session calls nothing deep; the buffer is on the heap.
const STACK: usize = 128 * 1024;
const SCRATCH: usize = 16 * 1024;
/// A write that waits comes back so many times within [`Limits::write`], to look at the deadline.
const WRITE_SLICES: u32 = 8;
const LINGER_BYTES: usize = 1 << 20;
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

/// A server that blocks: a thread that accepts, and threads that serve.
#[derive(Debug)]
pub struct Blocking<F: Service> {
    acceptors: Vec<Acceptor>,
    poll: Poll,
    handle: Handle,
    model: Model,
    shared: Arc<Shared<F>>,
}

/// What the accepting thread and the serving threads share.
#[derive(Debug)]
struct Shared<F> {
    service: F,
    limits: Limits,
    begin: Instant,
    stop: Arc<AtomicBool>,
    state: Mutex<State>,
    /// Told whenever a connection is over.
    over: Condvar,
}

#[derive(Debug, Default)]
struct State {
    admission: Admission,
    /// The open connections, so that those who block on them can be woken.
    open: Slab<Arc<Stream>>,
    statistics: Statistics,
}

/// An accepted connection on its way to a thread.
struct Accepted {
    stream: Arc<Stream>,
    key: usize,
    peer: Option<IpAddr>,
}

impl<F> Blocking<F>
where
    F: Service + Send + Sync + 'static,
{
    /// A server that will serve what connects to `listeners`.
    pub fn new(
        listeners: Vec<Listener>,
        service: F,
        limits: Limits,
        model: Model,
    ) -> io::Result<Self> {
        let poll = Poll::new()?;
        let acceptors = listeners.into_iter().map(Listener::nonblocking);
        let mut acceptors: Vec<Acceptor> = acceptors.collect::<io::Result<_>>()?;
        for acceptor in &mut acceptors {
            poll.registry().register(acceptor.source(), Token(0), Interest::READABLE)?;
        }
        let handle = Handle::new(Arc::new(Waker::new(poll.registry(), Token(1))?));
        let shared = Shared {
            service,
            limits,
            begin: Instant::now(),
            stop: handle.flag(),
            state: Mutex::default(),
            over: Condvar::new(),
        };
        Ok(Self { acceptors, poll, handle, model, shared: Arc::new(shared) })
    }

    /// What stops this server, from another thread.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Serves until it is told to stop and all connections are done, or their time is over.
    pub fn run(mut self) -> io::Result<Statistics> {
        let start: Box<dyn Fn(Accepted) -> io::Result<()>> = match self.model {
            Model::Threads => {
                let shared = self.shared.clone();
                Box::new(move |accepted| {
                    let shared = shared.clone();
                    let thread = thread::Builder::new().stack_size(STACK);
                    thread.spawn(move || shared.serve(&accepted)).map(drop)
                })
            }
            Model::Pool { workers, queue } => {
                let queue = self.workers(workers, queue)?;
                Box::new(move |accepted| {
                    queue.try_send(accepted).map_err(|_| ErrorKind::QuotaExceeded.into())
                })
            }
        };
        let mut events = Events::with_capacity(64);
        let mut again = None;
        while !self.shared.stop.load(Ordering::Acquire) {
            match self.poll.poll(&mut events, again) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                polled => polled?,
            }
            again = self.accept(&start);
        }
        self.accept(&start); // Those that were told that they are connected.
        self.acceptors.clear();
        drop(start);
        Ok(self.shared.drain())
    }

    /// Accepts until nobody waits. `Some`: the system could not; try again after that long.
    fn accept(&self, start: &dyn Fn(Accepted) -> io::Result<()>) -> Option<Duration> {
        for acceptor in &self.acceptors {
            loop {
                match acceptor.accept() {
                    Ok((stream, peer)) => self.shared.admit(stream, peer, start),
                    Err(error) => match error.kind() {
                        ErrorKind::WouldBlock => break,
                        ErrorKind::Interrupted
                        | ErrorKind::ConnectionAborted
                        | ErrorKind::ConnectionReset => {}
                        _ => {
                            self.shared.lock().statistics.accept_errors += 1;
                            return Some(ACCEPT_PAUSE);
                        }
                    },
                }
            }
        }
        None
    }

    /// Starts the pool, and the bounded queue before it.
    fn workers(&self, count: usize, queue: usize) -> io::Result<SyncSender<Accepted>> {
        let (sender, receiver) = mpsc::sync_channel(queue);
        let receiver = Arc::new(Mutex::new(receiver));
        for _ in 0..count {
            let (shared, receiver) = (self.shared.clone(), receiver.clone());
            thread::Builder::new().stack_size(STACK).spawn(move || {
                while let Some(accepted) = next(&receiver) {
                    shared.serve(&accepted);
                }
            })?;
        }
        Ok(sender)
    }
}

/// The next connection of the queue. In a function of its own, so that the lock is held while
/// waiting, but not while serving.
fn next(receiver: &Mutex<Receiver<Accepted>>) -> Option<Accepted> {
    receiver.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
}

impl<F: Service> Shared<F> {
    fn now(&self) -> Time {
        self.begin.elapsed()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands a new connection to a thread, or turns it away.
    fn admit(
        &self,
        stream: Stream,
        peer: Option<IpAddr>,
        start: &dyn Fn(Accepted) -> io::Result<()>,
    ) {
        let stream = Arc::new(stream);
        let mut state = self.lock();
        let admitted = state.admission.admit(peer, &self.limits);
        if !admitted || stream.blocking(self.limits.write / WRITE_SLICES).is_err() {
            if admitted {
                state.admission.release(peer);
            }
            state.statistics.refused += 1;
            drop(state);
            self.refuse(&stream);
            return;
        }
        state.statistics.accepted += 1;
        let key = state.open.insert(stream.clone());
        drop(state);
        if start(Accepted { stream: stream.clone(), key, peer }).is_err() {
            self.lock().statistics.refused += 1;
            self.refuse(&stream);
            self.release(key, peer);
        }
    }

    fn refuse(&self, stream: &Stream) {
        let refusal = self.service.refusal();
        if !refusal.is_empty() {
            let _ = stream.write(refusal);
            let _ = stream.finish();
        }
    }

    /// Serves one connection to its end, whatever the service does.
    fn serve(&self, accepted: &Accepted) {
        // A panic while a session is made is that connection's end, and must give back its place.
        let served = catch_unwind(AssertUnwindSafe(|| {
            let session = self.service.session(accepted.peer);
            Conversation::new(self, &accepted.stream, session).run()
        }));
        if let Ok(statistics) = served {
            self.lock().statistics += statistics;
        }
        self.release(accepted.key, accepted.peer);
    }

    fn release(&self, key: usize, peer: Option<IpAddr>) {
        let mut state = self.lock();
        state.open.remove(key);
        state.admission.release(peer);
        self.over.notify_all();
    }

    /// Wakes all who wait for their peers, and waits for them to finish.
    fn drain(&self) -> Statistics {
        let until = Instant::now() + self.limits.drain;
        let mut state = self.lock();
        for (_, stream) in &state.open {
            // What has arrived is still read, and after it end of stream (*seen on Linux*).
            let _ = stream.stop_reading();
        }
        while !state.open.is_empty() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            let waited = self.over.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        state.statistics
    }
}

/// One connection on its thread.
struct Conversation<'a, F, S> {
    shared: &'a Shared<F>,
    stream: &'a Stream,
    session: S,
    output: Output,
    statistics: Statistics,
    /// The socket's receive timeout, as far as it was set.
    timeout: Option<Duration>,
    panicked: bool,
}

impl<'a, F: Service, S: Session> Conversation<'a, F, S> {
    fn new(shared: &'a Shared<F>, stream: &'a Stream, session: S) -> Self {
        let (output, statistics) = (Output::new(), Statistics::default());
        Self { shared, stream, session, output, statistics, timeout: None, panicked: false }
    }

    fn run(mut self) -> Statistics {
        let how = match self.talk() {
            Ok(true) => {
                let _ = self.linger(); // All is sent; how the peer closes is its own affair.
                Closed::InOrder
            }
            Ok(false) => Closed::Aborted,
            Err(_) if self.panicked => {
                self.statistics.panicked += 1;
                return self.statistics;
            }
            Err(error) if error.kind() == ErrorKind::TimedOut => Closed::Stalled,
            Err(error) => Closed::Lost(error.kind()),
        };
        self.session.closed(how);
        self.statistics
    }

    /// Until the session closes. `true`: in order, with a FIN to be sent.
    fn talk(&mut self) -> io::Result<bool> {
        let mut next = self.call(S::opened)?;
        let mut buffer = vec![0; SCRATCH];
        loop {
            match next {
                Next::Continue => {}
                Next::Close => return Ok(true),
                Next::Abort | Next::Upgrade => return Ok(false),
            }
            if self.is_due() {
                // Asked before each read: a peer that sends a byte now and then never lets one time out.
                self.statistics.expired += 1;
                next = self.call(S::expired)?;
                continue;
            }
            self.wait_no_longer_than(self.session.deadline())?;
            self.statistics.reads += 1;
            next = match self.stream.read(&mut buffer) {
                // The server's own `stop_reading` ends the stream as well.
                Ok(0) if self.shared.stop.load(Ordering::Acquire) => self.call(S::draining)?,
                Ok(0) => match self.call(S::ended)? {
                    Next::Continue => return Ok(true), // Nothing more can happen to it here.
                    next => next,
                },
                Ok(count) => {
                    self.statistics.bytes_in += count as u64;
                    self.call(|session, cx| session.received(&buffer[..count], cx))?
                }
                Err(error) => match error.kind() {
                    ErrorKind::Interrupted => Next::Continue,
                    ErrorKind::WouldBlock | ErrorKind::TimedOut => {
                        self.timeout = None;
                        Next::Continue
                    }
                    _ => return Err(error),
                },
            };
        }
    }

    fn is_due(&self) -> bool {
        self.session.deadline().is_some_and(|deadline| deadline <= self.shared.now())
    }

    /// Sets the receive timeout, unless it is short enough: a read that returns early only asks
    /// the clock and goes on, and a system call for each message is saved.
    fn wait_no_longer_than(&mut self, deadline: Option<Time>) -> io::Result<()> {
        let Some(deadline) = deadline else { return Ok(()) };
        // Zero would mean for ever: socket(7), SO_RCVTIMEO.
        let left = deadline.saturating_sub(self.shared.now()).max(Duration::from_millis(1));
        if self.timeout.is_none_or(|timeout| left < timeout) {
            self.stream.set_read_timeout(left)?;
            self.timeout = Some(left);
        }
        Ok(())
    }

    /// Asks the session, and sends all that it has queued.
    fn call(&mut self, f: impl FnOnce(&mut S, &mut Context<'_>) -> Next) -> io::Result<Next> {
        let mut next = self.ask(f)?;
        while !self.output.is_empty() && matches!(next, Next::Continue | Next::Close) {
            let large = self.output.pending() > LOW_WATER;
            self.send()?;
            if large && next == Next::Continue {
                next = self.ask(S::flushed)?;
            }
        }
        Ok(next)
    }

    fn ask(&mut self, f: impl FnOnce(&mut S, &mut Context<'_>) -> Next) -> io::Result<Next> {
        let mut cx = Context { now: self.shared.now(), output: &mut self.output };
        guarded(|| f(&mut self.session, &mut cx)).ok_or_else(|| {
            self.panicked = true;
            io::Error::other("the session panicked")
        })
    }

    fn send(&mut self) -> io::Result<()> {
        let limits = &self.shared.limits;
        let mut deadline = self.shared.now() + limits.write;
        while !self.output.is_empty() {
            // Blocks no longer than the send timeout; what was taken by then counts.
            let sent = self.stream.send(&mut self.output, &mut self.statistics.writes)?;
            self.statistics.bytes_out += sent;
            let now = self.shared.now();
            deadline = limits.write_deadline(deadline, sent, now);
            if !self.output.is_empty() && deadline <= now {
                self.statistics.stalled += 1;
                return Err(ErrorKind::TimedOut.into());
            }
        }
        Ok(())
    }

    /// FIN, then reads to the peer's end, for a while and up to an amount.
    fn linger(&mut self) -> io::Result<()> {
        self.stream.finish()?;
        let until = self.shared.now() + self.shared.limits.linger;
        let mut buffer = [0; 4096];
        let mut left = LINGER_BYTES;
        while left > 0 && self.shared.now() < until {
            self.timeout = None;
            self.wait_no_longer_than(Some(until))?;
            match self.stream.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => left = left.saturating_sub(count),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
