//! How a server that blocks is stopped.
//!
//! ```text
//! stopper                                acceptor                 connections
//!    │ 1 says that it is to stop            │ accept(2)…              │ read(2)…
//!    │ 2 lets in who waits in the queue     │                         │
//!    │ 3 shuts the listening socket down ─▶ │ EINVAL: it stops        │
//!    │                                      │ 4 waits for them ─────▶ │ end by themselves
//!    │                                      │ 5 shuts the silent ───▶ │ end of file: leave
//!    │                                      │ 6 at the deadline: all ▶│ cut
//! ```
//!
//! A thread that is blocked in a system call looks at no flag. What wakes it here is `shutdown(2)`, called
//! by another thread on the same socket: `read` then returns 0, and `accept` fails with EINVAL. That is
//! seen on Linux; POSIX says of `shutdown` only what later calls do.

use std::fmt;
use std::io::ErrorKind;
use std::net::Shutdown;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use socket2::{Socket, Type};

use super::server::Shared;
use super::{BACKLOG, Event};
use crate::deadlines::Deadline;

/// How far stopping has come. Each is set once.
#[derive(Debug, Default)]
pub(super) struct Stop {
    asked: AtomicBool,
    /// Nobody is let in any more.
    closed: AtomicBool,
    /// The drain deadline is now.
    hurried: AtomicBool,
}

impl Stop {
    pub(super) fn is_asked(&self) -> bool {
        self.asked.load(Ordering::SeqCst)
    }
}

/// Stops a server from another thread.
#[derive(Clone)]
pub struct Stopper(Arc<Shared>);

/// How long threads whose sockets have been cut may take to notice.
const AFTER_THE_CUT: Duration = Duration::from_secs(1);
/// How often the drain looks for connections that have become silent.
const LOOK_AROUND: Duration = Duration::from_millis(50);

impl Stopper {
    pub(super) fn of(server: &Arc<Shared>) -> Self {
        Self(Arc::clone(server))
    }

    /// Tells the server to accept no more, to serve to their end those that are connected, and then
    /// to return from [`Server::run`](super::Server::run).
    pub fn stop(&self) {
        let server = &self.0;
        if server.stop.asked.swap(true, Ordering::SeqCst) {
            return;
        }
        server.empty_the_queue();
        if server.listener.shutdown(Shutdown::Both).is_err() {
            server.connect_to_ourselves();
        }
        server.stop.closed.store(true, Ordering::SeqCst);
        server.room.knock();
    }

    /// Moves the drain deadline to now.
    pub fn cut(&self) {
        self.0.stop.hurried.store(true, Ordering::SeqCst);
        self.stop();
        self.0.room.knock();
    }
}

impl Shared {
    /// Lets in those who are connected and not accepted yet: shutting the listening socket down would
    /// reset them. No more than the queue can hold, or newcomers could go on for ever.
    fn empty_the_queue(self: &Arc<Self>) {
        if self.listener.set_nonblocking(true).is_err() {
            return;
        }
        for _ in 0..BACKLOG {
            if self.room.count() >= self.limits.connections {
                return;
            }
            match self.listener.accept() {
                Ok((socket, peer)) => self.admit(socket, &peer),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return, // WouldBlock: the queue is empty.
            }
        }
    }

    /// Wakes the acceptor where a listening socket cannot be shut down (ENOTCONN is usual outside
    /// Linux): there it needs one more connection. Not tried on those systems.
    fn connect_to_ourselves(&self) {
        let knock = || {
            let address = self.listener.local_addr()?;
            let socket = Socket::new(address.domain(), Type::STREAM, None)?;
            socket.connect_timeout(&address, Duration::from_secs(1))
        };
        // If nobody can connect, the acceptor sleeps on, and so does whoever waits for it.
        drop(knock());
    }

    /// Waits for the connections to end. Gives how many it had to cut.
    pub(super) fn drain(&self) -> usize {
        (self.observer)(Event::Draining { connections: self.room.count() });
        let deadline = Deadline::after(self.limits.drain);
        let hurried = || self.stop.hurried.load(Ordering::SeqCst);
        let coming = || !self.stop.closed.load(Ordering::SeqCst);
        let busy = |inside| (inside > 0 || coming()) && !hurried();
        while self.room.wait_while(LOOK_AROUND, busy) && !deadline.passed() {
            self.room.send_off_the_silent(self.limits.quiet);
        }
        let cut = self.room.cut_all();
        self.room.wait_while(AFTER_THE_CUT, |inside| inside > 0);
        cut
    }
}

impl fmt::Debug for Stopper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stopper").field("stop", &self.0.stop).finish_non_exhaustive()
    }
}
