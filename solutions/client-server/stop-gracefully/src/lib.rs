//! A server that can be told to stop, and then finishes what it has begun.
//!
//! ```text
//! serving ── stop() ──► draining ─────────────────────────────► run returns
//!                       no new connections       all are done, or
//!                       idle ones are closed     patience is over: the rest is cut
//!                       begun requests are answered
//! ```

use std::io;
use std::net::TcpListener;
use std::time::Duration;
// answer:
use std::collections::HashMap;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use mio::{Events, Interest, Poll, Token, Waker};

const LISTENER: Token = Token(0);
const STOP: Token = Token(1);
/// So many connections are accepted before the loop looks whether it must stop: more than wait in a
/// queue of std's, which is of 128.
const AT_ONCE: usize = 256;
/// Before `accept` is asked again that found no descriptor.
const SHORTAGE: Duration = Duration::from_millis(10);
// end answer

/// A request is a line of at most so many bytes, its LF included.
pub const LONGEST: u64 = 8_192;

/// A server of requests that are lines: each is answered before the next one is read.
pub struct Server {
    // answer: // Here is room for the listener, and for what the stopper reaches it by.
    listener: mio::net::TcpListener,
    poll: Poll,
    waker: Arc<Waker>,
    // end answer
}

/// Tells its server to stop, from any thread. Clones tell the same server.
#[derive(Clone)]
pub struct Stopper {
    // answer: // And here.
    waker: Arc<Waker>,
    // end answer
}

impl Stopper {
    /// Begins the stop, and returns at once. A second call changes nothing.
    pub fn stop(&self) {
        // answer: todo!("tell the server")
        // It fails only if the server is gone, and then there is nothing to stop.
        let _ = self.waker.wake();
        // end answer
    }
}

impl Server {
    /// A server for `listener`, which is bound.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn new(listener: TcpListener) -> io::Result<Self> {
        // answer: todo!("make a server of {listener:?}")
        listener.set_nonblocking(true)?;
        let mut listener = mio::net::TcpListener::from_std(listener);
        let poll = Poll::new()?;
        poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
        let waker = Arc::new(Waker::new(poll.registry(), STOP)?);
        Ok(Self { listener, poll, waker })
        // end answer
    }

    /// What stops this server; it may be used before `run` is called.
    pub fn stopper(&self) -> Stopper {
        // answer: todo!("a stopper for this server")
        Stopper { waker: self.waker.clone() }
        // end answer
    }

    /// Serves until it is told to stop, and then for as long as it takes to finish what has begun,
    /// but no longer than `patience`. `handle` is given a request without its LF, and returns the
    /// bytes of the reply; it may take its time, and other clients are served meanwhile.
    ///
    /// Returns the number of connections that were cut because patience was over.
    ///
    /// # Errors
    ///
    /// The listener's. What goes wrong with one client concerns that client.
    pub fn run(
        self,
        patience: Duration,
        handle: impl Fn(&[u8]) -> Vec<u8> + Send + Sync + 'static,
    ) -> io::Result<usize> {
        // answer: let _ = (patience, handle); // Yours to use; then this line can go.
        // answer: todo!("serve, until the stopper says stop; then finish")
        let Self { listener, mut poll, waker: _waker } = self;
        let (open, handle) = (Arc::new(Open::default()), Arc::new(handle));
        let mut events = Events::with_capacity(2);
        let mut timeout = None;
        loop {
            match poll.poll(&mut events, timeout) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                polled => polled?,
            }
            // Also when the stop has come: who is in the queue has connected before.
            timeout = accept(&listener, &open, &handle);
            if events.iter().any(|event| event.token() == STOP) {
                break;
            }
        }
        drop(listener); // From here on, connecting is refused.
        Ok(open.drain(patience))
        // end answer
    }
}
// answer:

/// Accepts who is waiting, a thread for each. Returns how long the next poll may wait.
fn accept(
    listener: &mio::net::TcpListener,
    open: &Arc<Open>,
    handle: &Arc<impl Fn(&[u8]) -> Vec<u8> + Send + Sync + 'static>,
) -> Option<Duration> {
    for _ in 0..AT_ONCE {
        match listener.accept() {
            Ok((stream, _)) => {
                let stream = TcpStream::from(stream);
                let (handle, connection) = (handle.clone(), Connection::new(open, stream));
                // Without a thread for it, the closure is dropped, and the connection with it.
                let _ = thread::Builder::new().spawn(move || connection.converse(&*handle));
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => return None,
            Err(_) => return Some(SHORTAGE),
        }
    }
    Some(Duration::ZERO)
}

/// The connections that are open.
#[derive(Default)]
struct Open {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    draining: bool,
    next: u64,
    /// Each with whether it is idle: nothing of a request has been read.
    connections: HashMap<u64, (Arc<TcpStream>, bool)>,
}

impl Open {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets the idle connections go, and waits for the others. Returns how many it had to cut.
    fn drain(&self, patience: Duration) -> usize {
        let mut state = self.lock();
        state.draining = true;
        for (stream, _) in state.connections.values().filter(|(_, idle)| *idle) {
            end_reading(stream);
        }
        let left = |state: &mut State| !state.connections.is_empty();
        let waited = self.changed.wait_timeout_while(state, patience, left);
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        for (stream, _) in state.connections.values() {
            let _ = stream.shutdown(Shutdown::Both); // Its thread's next read or write fails.
        }
        state.connections.len()
    }
}

/// One of them, counted from its beginning to its end, by whatever way it ends.
struct Connection {
    open: Arc<Open>,
    number: u64,
    stream: Arc<TcpStream>,
}

impl Connection {
    fn new(open: &Arc<Open>, stream: TcpStream) -> Self {
        let stream = Arc::new(stream);
        let mut state = open.lock();
        state.next += 1;
        let number = state.next;
        state.connections.insert(number, (stream.clone(), false));
        Self { open: open.clone(), number, stream }
    }

    fn converse(&self, handle: &impl Fn(&[u8]) -> Vec<u8>) -> io::Result<()> {
        self.stream.set_nonblocking(false)?;
        let mut reader = BufReader::new(&*self.stream);
        let mut request = Vec::new();
        while self.awaits_request(&mut reader)? {
            request.clear();
            reader.by_ref().take(LONGEST).read_until(b'\n', &mut request)?;
            if request.pop() != Some(b'\n') {
                break; // The client's end within a request, or no end in sight.
            }
            (&*self.stream).write_all(&handle(&request))?;
        }
        Ok(())
    }

    /// Waits for the first byte of a request. `false`: there will be none.
    fn awaits_request(&self, reader: &mut BufReader<&TcpStream>) -> io::Result<bool> {
        if !reader.buffer().is_empty() {
            return Ok(true);
        }
        self.set_idle(true);
        let some = loop {
            match reader.fill_buf() {
                // A signal came. `read_until` and `write_all` ask again by themselves.
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                bytes => break !bytes?.is_empty(),
            }
        };
        self.set_idle(false);
        Ok(some)
    }

    fn set_idle(&self, idle: bool) {
        let mut state = self.open.lock();
        if let Some((_, is_idle)) = state.connections.get_mut(&self.number) {
            *is_idle = idle;
        }
        if idle && state.draining {
            end_reading(&self.stream);
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.open.lock().connections.remove(&self.number);
        self.open.changed.notify_all();
    }
}

/// Makes a read that waits return 0. What has arrived is still read before that (*seen on Linux*;
/// shutdown(2) does not say).
fn end_reading(stream: &TcpStream) {
    let _ = stream.shutdown(Shutdown::Read); // It fails only where the connection is gone.
}
// end answer
