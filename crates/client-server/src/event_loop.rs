//! One thread, all connections: the shell on mio.
//!
//! The loop sleeps in `poll` until a socket is ready or a timer is due, and then does what can be
//! done without waiting. Readiness is reported once, when it begins (edge-triggered), so whatever
//! is ready must be drained, or remembered.
//!
//! ```text
//!   poll ──► for each event:  listener → accept until WouldBlock
//!    ▲                        stream   → read, ask the session, send
//!    │       then:            connections that were not finished with, timers, commands
//!    └──────────────────────────────────────────────────────────────────────────────────
//! ```

mod connections;
#[cfg(test)]
mod tests;

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mio::{Events, Interest, Poll, Token, Waker};

use crate::handle::Handle;
use crate::limits::{Admission, Limits};
use crate::listener::{Acceptor, Address, BACKLOG, Listener};
use crate::service::Service;
use crate::session::{Time, guarded};
use crate::statistics::Statistics;
use crate::stream::Stream;
use crate::wakes::Wakes;

pub(crate) use connections::{Connections, FIRST, WAKER};

/// Connections that one turn accepts before those that are open get theirs.
const ACCEPTS: usize = 256;
/// How long `accept` rests after the system had no descriptor for it.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

/// An event loop that serves.
#[derive(Debug)]
pub struct EventLoop<F: Service> {
    handle: Handle,
    acceptors: Vec<Acceptor>,
    /// Listeners may have connections that we have not heard of: the last `accept` failed, or the turn
    /// ended first. When to try again.
    accept_again: Option<Time>,
    service: F,
    connections: Connections<F::Session>,
    admission: Admission,
    /// Set once the loop was told to stop: when it ends at the latest.
    drain_until: Option<Time>,
}

impl<F: Service> EventLoop<F> {
    /// A loop that will serve what connects to `listeners`.
    pub fn new(listeners: Vec<Listener>, service: F, limits: Limits) -> io::Result<Self> {
        let poll = Poll::new()?;
        let waker = Arc::new(Waker::new(poll.registry(), WAKER)?);
        let acceptors = listeners.into_iter().map(Listener::nonblocking);
        let mut acceptors: Vec<Acceptor> = acceptors.collect::<io::Result<_>>()?;
        for (index, acceptor) in acceptors.iter_mut().enumerate() {
            poll.registry().register(acceptor.source(), Token(index), Interest::READABLE)?;
        }
        let wakes = Wakes::new(waker.clone());
        Ok(Self {
            handle: Handle::new(waker),
            acceptors,
            accept_again: None,
            service,
            connections: Connections::new(poll, Instant::now(), limits, wakes),
            admission: Admission::default(),
            drain_until: None,
        })
    }

    /// Reads the clock for each event, and lets timers fire within microseconds instead of a
    /// millisecond, at the price of a busy core while one is near: for a load generator on a core
    /// of its own, not for a server.
    #[must_use]
    pub fn precise(mut self) -> Self {
        self.connections.be_precise();
        self
    }

    /// Opens a connection of our own for `session`, which is told when it is
    /// [`opened`](crate::Session::opened), or [`closed`](crate::Session::closed) if it cannot be within `limit`.
    pub fn connect(
        &mut self,
        address: &Address,
        session: F::Session,
        limit: Duration,
    ) -> io::Result<()> {
        self.connections.connect(Stream::connect(address)?, session, limit)
    }

    /// What stops this loop, from another thread or a signal's handler thread.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Serves until it is told to stop and all connections are done, or their time is over.
    pub fn run(mut self) -> io::Result<Statistics> {
        let mut events = Events::with_capacity(1_024);
        while !self.is_done() {
            self.turn(&mut events)?;
        }
        Ok(self.connections.close())
    }

    /// A loop that listens is done when it is told to be; one that only connects, with its last
    /// connection.
    fn is_done(&self) -> bool {
        if self.acceptors.is_empty() && self.connections.is_empty() {
            return true;
        }
        self.drain_until
            .is_some_and(|until| self.connections.is_empty() || self.connections.now() >= until)
    }

    /// Waits for something to happen, and handles all of it.
    fn turn(&mut self, events: &mut Events) -> io::Result<()> {
        let soonest = [self.accept_again, self.drain_until].into_iter().flatten().min();
        self.connections.wait(events, soonest)?;
        let came = self.connections.handle(events);
        self.release();
        if came || self.accept_again.is_some_and(|at| at <= self.connections.now()) {
            self.accept();
        }
        self.connections.expire();
        self.release();
        if self.handle.is_stopped() && self.drain_until.is_none() {
            self.drain();
        }
        Ok(())
    }

    /// Accepts until nobody waits, or this turn's share is used up.
    fn accept(&mut self) {
        self.accept_again = None;
        let now = self.connections.now();
        for index in 0..self.acceptors.len() {
            for turn in 0.. {
                if turn == ACCEPTS {
                    self.accept_again = Some(now);
                    break;
                }
                match self.acceptors[index].accept() {
                    Ok((stream, peer)) => self.admit(stream, peer),
                    Err(error) => match error.kind() {
                        ErrorKind::WouldBlock => break,
                        // accept(2), ERRORS: one that has gone already, or a network error that
                        // was pending on the new connection. The others wait behind it.
                        ErrorKind::Interrupted
                        | ErrorKind::ConnectionAborted
                        | ErrorKind::ConnectionReset => {
                            self.connections.statistics().accept_errors += 1;
                        }
                        // ANCHOR: shortage
                        // No descriptor, or no memory: the connection stays in the backlog, and
                        // there will be no second event for it.
                        _ => {
                            self.connections.statistics().accept_errors += 1;
                            self.accept_again = Some(now + ACCEPT_PAUSE);
                            // ANCHOR_END: shortage
                            break;
                        }
                    },
                }
            }
        }
    }

    fn admit(&mut self, stream: Stream, peer: Option<SocketAddr>) {
        let peer = peer.map(|peer| peer.ip());
        if !self.admission.admit(peer, self.connections.limits()) {
            self.connections.statistics().refused += 1;
            stream.refuse(self.service.refusal());
            return;
        }
        // Should it panic, that is this connection's end, and not the server's.
        let Some(session) = guarded(|| self.service.session(peer)) else {
            self.connections.statistics().panicked += 1;
            self.admission.release(peer);
            return;
        };
        self.connections.statistics().accepted += 1;
        self.connections.insert(stream, session, peer);
        self.release();
    }

    /// Gives back the places of those that are gone.
    fn release(&mut self) {
        while let Some(peer) = self.connections.gone() {
            self.admission.release(peer);
            if self.accept_again.is_some() {
                self.accept_again = Some(self.connections.now()); // A descriptor is free.
            }
        }
    }

    // ANCHOR: drain
    /// Stops accepting, and lets every session finish.
    fn drain(&mut self) {
        // Those that the system has accepted for us have been told that they are connected. As many
        // as its queue can hold, and no more: others may go on to come.
        for _ in 0..=BACKLOG.unsigned_abs() as usize / ACCEPTS {
            self.accept();
            if self.accept_again != Some(self.connections.now()) {
                break; // Nobody waits any more, or they cannot be accepted.
            }
        }
        self.acceptors.clear();
        self.accept_again = None;
        self.drain_until = Some(self.connections.now() + self.connections.limits().drain);
        self.connections.drain();
        self.release();
    }
    // ANCHOR_END: drain
}
