//! A thread for a connection: the shells that block.
//!
//! The same sessions as on the event loop, the same limits; here a thread waits in `read` for one
//! peer. [`Model::Threads`] starts one for each connection. [`Model::Pool`] keeps a fixed number,
//! and a bounded queue of connections before them: one more is refused, not remembered for ever.
//!
//! Plain, and right for some dozens of peers. What it costs for thousands, the book measures: a
//! stack each, a switch of threads for each message, and under the pool a silent peer occupies a worker.
//!
//! Nothing can tell a thread that waits in `read` that the server stops: the socket could be shut down for
//! reading, but then whatever the peer sends after our FIN is answered with a reset (*seen on Linux*; RFC 1122
//! §4.2.2.13), and its end cannot be told from ours. So each wait is cut short, and every thread
//! looks up four times a second. On the event loop there is no such wait.
//!
//! | to read | about |
//! |---|---|
//! | this file | who accepts, who serves, and how they stop |
//! | `conversation.rs` | one connection, on its thread |
//! | `several.rs` | a session that has to wait for more than one thing, on its thread |

mod conversation;
mod several;

use std::io::{self, ErrorKind};
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use mio::{Events, Interest, Poll, Token, Waker};
use slab::Slab;

use crate::handle::Handle;
use crate::limits::{Admission, Limits};
use crate::listener::{Acceptor, BACKLOG, Listener};
use crate::service::Service;
use crate::session::{Time, guarded};
use crate::statistics::Statistics;
use crate::stream::Stream;

use conversation::Conversation;

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
/// A write that waits comes back so many times within [`Limits::write`], to look at the deadline.
const WRITE_SLICES: u32 = 8;
/// How long `accept` rests after the system had no descriptor for it.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);
/// After the time to drain: how long to wait for threads whose connections were broken off.
const GRACE: Duration = Duration::from_millis(100);

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
    /// When those who are still being served are broken off. Set once the server stops.
    drain_until: OnceLock<Time>,
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
            drain_until: OnceLock::new(),
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
        while !self.shared.is_stopped() {
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

    /// Accepts until nobody waits, but no more than the queue may hold: those who come as fast as they
    /// are accepted must not keep the server from stopping. `Some`: there may be more; try again
    /// after that long.
    fn accept(&self, start: &dyn Fn(Accepted) -> io::Result<()>) -> Option<Duration> {
        let mut again = None;
        for acceptor in &self.acceptors {
            let mut turns = 0..BACKLOG;
            loop {
                if turns.next().is_none() {
                    again = again.or(Some(Duration::ZERO));
                    break;
                }
                let error = match acceptor.accept() {
                    Ok((stream, peer)) => {
                        self.shared.admit(stream, peer.map(|peer| peer.ip()), start);
                        continue;
                    }
                    Err(error) => error.kind(),
                };
                if error == ErrorKind::WouldBlock {
                    break;
                }
                self.shared.lock().statistics.accept_errors += 1;
                // The event loop says at the same place what these mean.
                let passes = [
                    ErrorKind::Interrupted,
                    ErrorKind::ConnectionAborted,
                    ErrorKind::ConnectionReset,
                ];
                if !passes.contains(&error) {
                    again = Some(ACCEPT_PAUSE);
                    break;
                }
            }
        }
        again
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

    fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Acquire)
    }

    /// The server has stopped waiting for those that are still served.
    fn is_broken_off(&self) -> bool {
        self.drain_until.get().is_some_and(|until| *until <= self.now())
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
            stream.refuse(self.service.refusal());
            return;
        }
        let key = state.open.insert(stream.clone());
        drop(state);
        if start(Accepted { stream: stream.clone(), key, peer }).is_ok() {
            self.lock().statistics.accepted += 1;
        } else {
            self.lock().statistics.refused += 1;
            stream.refuse(self.service.refusal());
            self.release(key, peer);
        }
    }

    /// Serves one connection to its end, whatever the service does.
    fn serve(&self, accepted: &Accepted) {
        // A panic while a session is made is that connection's end, and must give back its place.
        let served = guarded(|| {
            let session = self.service.session(accepted.peer);
            Conversation::new(self, &accepted.stream, session).run()
        });
        let panicked = Statistics { panicked: 1, ..Statistics::default() };
        self.lock().statistics += served.unwrap_or(panicked);
        self.release(accepted.key, accepted.peer);
    }

    fn release(&self, key: usize, peer: Option<IpAddr>) {
        let mut state = self.lock();
        state.open.remove(key);
        state.admission.release(peer);
        self.over.notify_all();
    }

    /// Waits until all connections are done. Those that are not when their time is over are broken
    /// off, and then have a moment to notice.
    fn drain(&self) -> Statistics {
        let until = self.now() + self.limits.drain;
        let until = *self.drain_until.get_or_init(|| until);
        let state = self.wait(self.lock(), until);
        for (_, stream) in &state.open {
            stream.break_off();
        }
        self.wait(state, until + GRACE).statistics
    }

    /// Waits until no connection is open, or a moment has come.
    fn wait<'a>(&self, mut state: MutexGuard<'a, State>, until: Time) -> MutexGuard<'a, State> {
        while !state.open.is_empty() {
            let left = until.saturating_sub(self.now());
            if left.is_zero() {
                break;
            }
            let waited = self.over.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        state
    }
}
