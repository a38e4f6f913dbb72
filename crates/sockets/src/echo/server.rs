//! The accept loop, and a thread for each connection.

use std::fmt;
use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use capture::{Direction, End, Recorder, Tap, Transport, What};
use socket2::{Domain, SockAddr, Socket};

use super::connection::{self, Ended};
use super::room::{Place, Room};
use super::stopping::{Stop, Stopper};
use super::{Event, Limits};
use crate::closing;
use crate::deadlines::Deadline;

/// An echo server on a listening socket.
///
/// ```
/// use sockets::echo::{self, Limits, Server};
/// use std::io::{Read, Write};
/// use std::net::{Shutdown, TcpStream};
/// use std::thread;
///
/// let listener = echo::listen("127.0.0.1:0".parse()?)?;
/// let address = listener.local_addr()?.as_socket().expect("a TCP address");
/// let server = Server::new(listener, Limits::default());
/// let stopper = server.stopper();
/// let serving = thread::spawn(move || server.run());
///
/// let mut client = TcpStream::connect(address)?;
/// client.write_all(b"hello")?;
/// client.shutdown(Shutdown::Write)?;
/// let mut echo = String::new();
/// client.read_to_string(&mut echo)?;
/// assert_eq!(echo, "hello");
///
/// stopper.stop();
/// assert_eq!(serving.join().expect("no panic")?.served, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Server {
    shared: Arc<Shared>,
}

/// What the acceptor, the connections and the stopper share.
pub(super) struct Shared {
    pub(super) listener: Socket,
    pub(super) limits: Limits,
    pub(super) room: Arc<Room>,
    pub(super) stop: Stop,
    served: AtomicU64,
    echoed: AtomicU64,
    pub(super) observer: Box<dyn Fn(Event<'_>) + Send + Sync>,
    recorder: Option<Recorder>,
}

/// What a server did, once it has stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Report {
    /// Connections served.
    pub served: u64,
    /// Octets echoed.
    pub echoed: u64,
    /// Connections that were still open at the drain deadline, and were cut.
    pub cut: usize,
}

/// Stack of a connection's thread. What it calls needs a few KiB; the buffer is on the heap.
const STACK: usize = 128 * 1024;
/// How long the acceptor waits before it tries again where the system lacks something. A
/// connection that ends wakes it sooner.
const PAUSE: Duration = Duration::from_millis(100);
/// How often one trouble is reported.
const REPORT_EVERY: Duration = Duration::from_secs(1);
/// How long a client that we close may take to close too.
const FAREWELL: Duration = Duration::from_secs(2);

impl Server {
    /// A server on a blocking socket that listens, TCP or Unix-domain.
    pub fn new(listener: Socket, limits: Limits) -> Self {
        let shared = Shared {
            listener,
            limits,
            room: Room::new(),
            stop: Stop::default(),
            served: AtomicU64::new(0),
            echoed: AtomicU64::new(0),
            observer: Box::new(|_| {}),
            recorder: None,
        };
        Self { shared: Arc::new(shared) }
    }

    /// The same server, and `observer` is told what happens. It is called on the connections'
    /// threads: a slow one slows them.
    #[must_use]
    pub fn observed(mut self, observer: impl Fn(Event<'_>) + Send + Sync + 'static) -> Self {
        self.before_running().observer = Box::new(observer);
        self
    }

    /// The same server, with a tap on every connection where there is a recorder.
    #[must_use]
    pub fn recorded(mut self, recorder: Option<Recorder>) -> Self {
        self.before_running().recorder = recorder;
        self
    }

    fn before_running(&mut self) -> &mut Shared {
        Arc::get_mut(&mut self.shared).expect("set a server up before you ask for its stopper")
    }

    /// What stops this server.
    pub fn stopper(&self) -> Stopper {
        Stopper::of(&self.shared)
    }

    /// Serves until it is stopped and has drained.
    ///
    /// # Errors
    ///
    /// None that a client can cause. A socket that does not listen is one.
    pub fn run(self) -> io::Result<Report> {
        let shared = &self.shared;
        shared.accept_until_stopped()?;
        let cut = shared.drain();
        Ok(Report {
            served: shared.served.load(Ordering::Relaxed),
            echoed: shared.echoed.load(Ordering::Relaxed),
            cut,
        })
    }
}

impl Shared {
    fn accept_until_stopped(self: &Arc<Self>) -> io::Result<()> {
        let mut reported: Option<Instant> = None;
        while !self.stop.is_asked() {
            let full = |inside| inside >= self.limits.connections && !self.stop.is_asked();
            if self.room.wait_while(Duration::from_secs(1), full) {
                continue;
            }
            match self.listener.accept() {
                Ok((socket, peer)) => self.admit(socket, &peer),
                Err(_) if self.stop.is_asked() => break,
                Err(error) => match error.kind() {
                    // accept(2): a client that gave up while it waited is no reason to stop.
                    ErrorKind::Interrupted | ErrorKind::ConnectionAborted => {}
                    // EINVAL: the socket does not listen, and will not.
                    ErrorKind::InvalidInput => return Err(error),
                    // EMFILE, ENFILE, ENOBUFS, ENOMEM, and what accept(2) cannot list. The client
                    // stays in the queue, so trying again at once would spin.
                    _ => {
                        self.report(&error, &mut reported);
                        self.room.wait_for_change(PAUSE);
                    }
                },
            }
        }
        Ok(())
    }

    pub(super) fn admit(self: &Arc<Self>, socket: Socket, peer: &SockAddr) {
        let peer = name(peer);
        (self.observer)(Event::Accepted { peer: &peer });
        let place = self.room.enter(socket);
        let shared = Arc::clone(self);
        let thread = thread::Builder::new().name(format!("echo {peer}")).stack_size(STACK);
        if let Err(error) = thread.spawn(move || shared.serve(&place, &peer)) {
            // EAGAIN: no more threads. The place was dropped with the closure, and so closed.
            (self.observer)(Event::CannotAccept { error: &error });
            self.room.wait_for_change(PAUSE);
        }
    }

    fn serve(&self, place: &Place, peer: &str) {
        let socket = &place.guest.socket;
        let mut tap = self.recorder.as_ref().map(|recorder| tap(socket, peer, recorder));
        let (echoed, how) = match self.prepare(socket) {
            Ok(()) => self.converse(place, tap.as_mut()),
            Err(error) => (0, Ended::Failed(error)),
        };
        let how = place.guest.how_it_ended(how);
        self.served.fetch_add(1, Ordering::Relaxed);
        self.echoed.fetch_add(echoed, Ordering::Relaxed);
        (self.observer)(Event::Ended { peer, echoed, how: &how });
        if let Some(tap) = tap {
            match how {
                Ended::Complete | Ended::Idle => tap.note(Direction::Sent, What::Shutdown),
                Ended::Stalled | Ended::Cut => tap.note(Direction::Sent, What::Reset),
                Ended::Failed(_) => {}
            }
        }
        // The client may have gone meanwhile, and the connection is over either way.
        drop(part(socket, &how));
    }

    /// Sets the deadlines of a new connection.
    fn prepare(&self, socket: &Socket) -> io::Result<()> {
        // Linux gives every accepted socket its own flags; BSD hands down O_NONBLOCK (accept(2)),
        // which `empty_the_queue` sets.
        socket.set_nonblocking(false)?;
        socket.set_read_timeout(Some(self.limits.idle))?;
        socket.set_write_timeout(Some(self.limits.write))?;
        if socket.domain()? != Domain::UNIX {
            // An echo is all small writes in a row where the client sends so: RFC 896 would hold each
            // back until the one before is acknowledged.
            socket.set_tcp_nodelay(true)?;
        }
        Ok(())
    }

    fn converse(&self, place: &Place, tap: Option<&mut Tap<&Socket>>) -> (u64, Ended) {
        let mut buffer = vec![0; self.limits.buffer.max(1)];
        let (mut socket, write) = (&place.guest.socket, self.limits.write);
        let heard = || place.heard();
        match tap {
            None => connection::echo(&mut socket, &mut buffer, write, heard),
            Some(tap) => connection::echo(tap, &mut buffer, write, heard),
        }
    }

    fn report(&self, error: &io::Error, reported: &mut Option<Instant>) {
        if reported.is_none_or(|at| at.elapsed() >= REPORT_EVERY) {
            *reported = Some(Instant::now());
            (self.observer)(Event::CannotAccept { error });
        }
    }
}

/// Ends the connection as is due; closing the socket is all that is left to do then.
fn part(socket: &Socket, how: &Ended) -> io::Result<()> {
    match how {
        // Both directions have ended, or the connection has.
        Ended::Complete | Ended::Failed(_) => Ok(()),
        Ended::Idle => {
            closing::close(socket, Deadline::after(FAREWELL), closing::DEFAULT_LIMIT).map(drop)
        }
        // Octets that the client will not take would stay with the system for minutes, and a FIN
        // after part of the echo would pass for the end of all of it. Linger 0: a RST, now.
        Ended::Stalled | Ended::Cut => socket.set_linger(Some(Duration::ZERO)),
    }
}

/// A tap on a connection that has just been accepted.
fn tap<'a>(socket: &'a Socket, peer: &str, recorder: &Recorder) -> Tap<&'a Socket> {
    let (transport, address) = match socket.local_addr() {
        Ok(address) if address.is_unix() => (Transport::Unix, name(&address)),
        Ok(address) => (Transport::Tcp, name(&address)),
        Err(_) => (Transport::Tcp, String::new()),
    };
    let flow = recorder.flow(transport, End::new("server", address), End::new("client", peer));
    recorder.push(flow, Direction::Received, What::Opened);
    Tap::new(socket, recorder.clone(), flow)
}

/// A client's address in words. A Unix-domain client has none, unless it bound its socket.
fn name(peer: &SockAddr) -> String {
    match (peer.as_socket(), peer.as_pathname()) {
        (Some(address), _) => address.to_string(),
        (None, Some(path)) => path.display().to_string(),
        (None, None) => "a client without a name".to_owned(),
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("listener", &self.shared.listener).finish_non_exhaustive()
    }
}
