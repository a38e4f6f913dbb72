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

use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use mio::{Events, Interest, Poll, Token, Waker};
use slab::Slab;

use crate::connection::{Common, Connection};
use crate::limits::{Admission, Limits};
use crate::listener::{Acceptor, Address, Listener};
use crate::service::Service;
use crate::session::Time;
use crate::statistics::Statistics;
use crate::stream::Stream;
use crate::timers::{Owner, Timers};

const WAKER: Token = Token(usize::MAX);
/// Listeners have the tokens below this; a connection's is its slot plus this.
const FIRST_CONNECTION: usize = 1 << 16;

/// Bytes that one `read` may bring.
const SCRATCH: usize = 64 * 1024;
/// Connections that one turn accepts before those that are open get theirs.
const ACCEPTS: usize = 256;
/// How long `accept` rests after the system had no descriptor for it.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

/// Tells a running server to stop. Clones tell the same server.
#[derive(Debug, Clone)]
pub struct Handle {
    waker: Arc<Waker>,
    stop: Arc<AtomicBool>,
}

impl Handle {
    pub(crate) fn new(waker: Arc<Waker>) -> Self {
        Self { waker, stop: Arc::default() }
    }

    /// Set once `stop` was called.
    pub(crate) fn flag(&self) -> Arc<AtomicBool> {
        self.stop.clone()
    }

    /// No new connections; those in flight are finished, within [`Limits::drain`]. Returns at once.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Release);
        // It fails only if the loop is gone, and then there is nothing to stop.
        let _ = self.waker.wake();
    }
}

/// An event loop that serves.
#[derive(Debug)]
pub struct EventLoop<F: Service> {
    poll: Poll,
    handle: Handle,
    begin: Instant,
    acceptors: Vec<Acceptor>,
    /// Listeners may have connections that we have not heard of: the last `accept` failed, or the turn
    /// ended first. When to try again.
    accept_again: Option<Time>,
    service: F,
    connections: Slab<Connection<F::Session>>,
    admission: Admission,
    serial: u64,
    timers: Timers,
    /// Connections that had more to read when their turn ended.
    unfinished: VecDeque<Owner>,
    common: Common,
    /// Set once the loop was told to stop: when it ends at the latest.
    drain_until: Option<Time>,
    /// Whether to spin through the last millisecond before a timer, and read the clock more often.
    precise: bool,
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
        Ok(Self {
            poll,
            handle: Handle::new(waker),
            begin: Instant::now(),
            acceptors,
            accept_again: None,
            service,
            connections: Slab::new(),
            admission: Admission::default(),
            serial: 0,
            timers: Timers::default(),
            unfinished: VecDeque::new(),
            common: Common {
                scratch: vec![0; SCRATCH],
                spare: Vec::new(),
                limits,
                statistics: Statistics::default(),
                now: Time::ZERO,
            },
            drain_until: None,
            precise: false,
        })
    }

    /// Reads the clock for each event, and lets timers fire within microseconds instead of a
    /// millisecond, at the price of a busy core while one is near: for a load generator on a core
    /// of its own, not for a server.
    #[must_use]
    pub fn precise(mut self) -> Self {
        self.precise = true;
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
        let mut stream = Stream::connect(address)?;
        let entry = self.connections.vacant_entry();
        let (slot, token) = (entry.key(), Token(FIRST_CONNECTION + entry.key()));
        let interest = Interest::READABLE | Interest::WRITABLE;
        self.poll.registry().register(stream.source(), token, interest)?;
        self.serial += 1;
        let until = self.begin.elapsed() + limit;
        entry.insert(Connection::new(stream, session, None, self.serial).connecting(until));
        self.settle(slot);
        Ok(())
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
        for connection in self.connections.drain() {
            { connection }.close(); // Out of time.
        }
        Ok(self.common.statistics)
    }

    /// A loop that listens is done when it is told to be; one that only connects, with its last
    /// connection.
    fn is_done(&self) -> bool {
        if self.acceptors.is_empty() && self.connections.is_empty() {
            return true;
        }
        self.drain_until
            .is_some_and(|until| self.connections.is_empty() || self.common.now >= until)
    }

    /// Waits for something to happen, and handles all of it.
    fn turn(&mut self, events: &mut Events) -> io::Result<()> {
        match self.poll.poll(events, self.timeout()) {
            Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(()), // A signal.
            polled => polled?,
        }
        self.common.now = self.begin.elapsed();
        self.common.statistics.polls += 1;
        let mut accept = self.accept_again.is_some_and(|at| at <= self.common.now);
        // Only those that were unfinished before this turn: each gets its share, once.
        let unfinished = self.unfinished.len();
        for event in events.iter() {
            self.common.statistics.events += 1;
            if self.precise {
                self.common.now = self.begin.elapsed();
            }
            match event.token() {
                WAKER => {}
                Token(index) if index < FIRST_CONNECTION => accept = true,
                Token(index) => {
                    let ended = event.is_read_closed() || event.is_error();
                    let slot = index - FIRST_CONNECTION;
                    self.ready(slot, event.is_readable() || ended, event.is_writable(), ended);
                }
            }
        }
        for _ in 0..unfinished {
            if let Some(owner) = self.unfinished.pop_front()
                && self.connections.get(owner.slot).is_some_and(|c| c.serial == owner.serial)
            {
                self.ready(owner.slot, true, false, true);
            }
        }
        if accept {
            self.accept();
        }
        self.expire();
        if self.handle.stop.load(Ordering::Acquire) && self.drain_until.is_none() {
            self.drain();
        }
        Ok(())
    }

    /// How long `poll` may sleep.
    fn timeout(&self) -> Option<Duration> {
        if !self.unfinished.is_empty() {
            return Some(Duration::ZERO);
        }
        let soonest = [self.timers.next(), self.accept_again, self.drain_until];
        let soonest = soonest.into_iter().flatten().min()?;
        let left = soonest.saturating_sub(self.begin.elapsed());
        // epoll_wait(2) counts whole milliseconds, and mio rounds up: late, but never early.
        Some(if self.precise && left < Duration::from_millis(1) { Duration::ZERO } else { left })
    }

    /// Accepts until nobody waits, or this turn's share is used up.
    fn accept(&mut self) {
        self.accept_again = None;
        for index in 0..self.acceptors.len() {
            for turn in 0.. {
                if turn == ACCEPTS {
                    self.accept_again = Some(self.common.now);
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
                            self.common.statistics.accept_errors += 1;
                        }
                        // ANCHOR: shortage
                        // No descriptor, or no memory: the connection stays in the backlog, and
                        // there will be no second event for it.
                        _ => {
                            self.common.statistics.accept_errors += 1;
                            self.accept_again = Some(self.common.now + ACCEPT_PAUSE);
                            // ANCHOR_END: shortage
                            break;
                        }
                    },
                }
            }
        }
    }

    fn admit(&mut self, stream: Stream, peer: Option<IpAddr>) {
        if !self.admission.admit(peer, &self.common.limits) {
            self.common.statistics.refused += 1;
            let refusal = self.service.refusal();
            if !refusal.is_empty() {
                // Best effort: a new socket's buffer is empty, and nobody waits for more.
                let _ = stream.write(refusal);
                let _ = stream.finish();
            }
            return;
        }
        self.common.statistics.accepted += 1;
        self.serial += 1;
        let session = self.service.session(peer);
        let entry = self.connections.vacant_entry();
        let slot = entry.key();
        let connection =
            entry.insert(Connection::new(stream, session, peer, self.serial).counted());
        let token = Token(FIRST_CONNECTION + slot);
        if connection.stream.register(self.poll.registry(), token).is_err() {
            self.remove(slot);
            return;
        }
        connection.opened(&mut self.common);
        self.settle(slot);
    }

    /// A connection can be read from, or written to, or both.
    fn ready(&mut self, slot: usize, read: bool, write: bool, ended: bool) {
        // An event may have been on its way when its connection was closed.
        let Some(connection) = self.connections.get_mut(slot) else { return };
        let resumed = write && connection.writable(&mut self.common);
        if (read || resumed) && connection.readable(&mut self.common, ended || resumed) {
            self.unfinished.push_back(Owner { slot, serial: connection.serial });
        }
        self.settle(slot);
    }

    /// After anything was done with a connection: ask to write only while something waits, set its
    /// timer, or see it off.
    fn settle(&mut self, slot: usize) {
        let Some(connection) = self.connections.get_mut(slot) else { return };
        if connection.is_dead() {
            self.remove(slot);
            return;
        }
        // ANCHOR: interest
        let write = connection.wants_write();
        if write != connection.registered_write {
            let token = Token(FIRST_CONNECTION + slot);
            connection.registered_write = write;
            if connection.stream.interest(self.poll.registry(), token, write).is_err() {
                self.remove(slot);
                return;
            }
        }
        // ANCHOR_END: interest
        if let Some(deadline) = connection.deadline()
            && connection.timer.is_none_or(|timer| deadline < timer)
        {
            connection.timer = Some(deadline);
            self.timers.set(deadline, Owner { slot, serial: connection.serial });
        }
    }

    fn remove(&mut self, slot: usize) {
        let mut connection = self.connections.remove(slot);
        let _ = self.poll.registry().deregister(connection.stream.source());
        connection.close();
        if connection.counted {
            self.admission.release(connection.peer);
        }
        if self.accept_again.is_some() {
            self.accept_again = Some(self.common.now); // A descriptor is free.
        }
    }

    /// Tells each connection whose time has come.
    fn expire(&mut self) {
        while let Some((at, owner)) = self.timers.expired(self.common.now) {
            let Some(connection) = self.connections.get_mut(owner.slot) else { continue };
            if connection.serial != owner.serial || connection.timer != Some(at) {
                continue; // Of one that lived there before, or replaced by an earlier one.
            }
            connection.timer = None;
            connection.expired(&mut self.common);
            self.settle(owner.slot);
        }
    }

    // ANCHOR: drain
    /// Stops accepting, and lets every session finish.
    fn drain(&mut self) {
        // Those that the system has accepted for us have been told that they are connected.
        self.accept();
        self.acceptors.clear();
        self.accept_again = None;
        self.drain_until = Some(self.common.now + self.common.limits.drain);
        let slots: Vec<usize> = self.connections.iter().map(|(slot, _)| slot).collect();
        for slot in slots {
            if let Some(connection) = self.connections.get_mut(slot) {
                connection.draining(&mut self.common);
            }
            self.settle(slot);
        }
    }
    // ANCHOR_END: drain
}
