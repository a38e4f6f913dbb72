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

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::iter;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mio::event::Event;
use mio::{Events, Interest, Poll, Token, Waker};
use slab::Slab;

use crate::common::Common;
use crate::connection::Connection;
use crate::handle::Handle;
use crate::limits::{Admission, Limits};
use crate::listener::{Acceptor, Address, BACKLOG, Listener};
use crate::service::Service;
use crate::session::{Time, guarded};
use crate::statistics::Statistics;
use crate::stream::Stream;
use crate::timers::{Owner, Timers};

const WAKER: Token = Token(usize::MAX);
/// Listeners have the tokens below this; a connection's is its slot plus this.
const FIRST_CONNECTION: usize = 1 << 16;

/// Connections that one turn accepts before those that are open get theirs.
const ACCEPTS: usize = 256;
/// How long `accept` rests after the system had no descriptor for it.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

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
    /// Connections with something left to do that no event will tell of. Each is there once.
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
            common: Common::new(limits),
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
            // A signal. There are no events, but timers may be due.
            Err(error) if error.kind() == ErrorKind::Interrupted => events.clear(),
            polled => polled?,
        }
        self.common.now = self.begin.elapsed();
        self.common.statistics.polls += 1;
        let mut accept = self.accept_again.is_some_and(|at| at <= self.common.now);
        // Only those that were unfinished before this turn. Their events are left to them, so that
        // nobody gets two shares.
        let unfinished = self.unfinished.len();
        for event in events.iter() {
            self.common.statistics.events += 1;
            if self.precise {
                self.common.now = self.begin.elapsed();
            }
            match event.token() {
                WAKER => {}
                Token(index) if index < FIRST_CONNECTION => accept = true,
                Token(index) => self.ready(index - FIRST_CONNECTION, event),
            }
        }
        for _ in 0..unfinished {
            if let Some(owner) = self.unfinished.pop_front() {
                self.go_on(owner);
            }
        }
        if accept {
            self.accept();
        }
        self.expire();
        if self.handle.is_stopped() && self.drain_until.is_none() {
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
            stream.refuse(self.service.refusal());
            return;
        }
        // Should it panic, that is this connection's end, and not the server's.
        let Some(session) = guarded(|| self.service.session(peer)) else {
            self.common.statistics.panicked += 1;
            self.admission.release(peer);
            return;
        };
        self.common.statistics.accepted += 1;
        self.serial += 1;
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

    /// A connection can be read from, or written to, or both, or has failed.
    fn ready(&mut self, slot: usize, event: &Event) {
        // An event may have been on its way when its connection was closed.
        let Some(connection) = self.connections.get_mut(slot) else { return };
        if event.is_writable() {
            connection.writable(&mut self.common);
        }
        let ended = event.is_read_closed() || event.is_error();
        if (event.is_readable() || ended) && !connection.queued {
            connection.readable(&mut self.common, ended);
        }
        if event.is_error() {
            connection.failed();
        }
        self.settle(slot);
    }

    /// Goes on with a connection that was not finished with, if it is there still.
    fn go_on(&mut self, owner: Owner) {
        if let Some(connection) = self.connections.get_mut(owner.slot)
            && connection.serial == owner.serial
        {
            connection.queued = false;
            connection.go_on(&mut self.common);
            self.settle(owner.slot);
        }
    }

    /// After anything was done with a connection: ask to write only while something waits, set its
    /// timer, remember what is left to do, or see it off.
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
        if connection.more && !connection.queued {
            connection.queued = true;
            self.unfinished.push_back(Owner { slot, serial: connection.serial });
        }
        if let Some(deadline) = connection.deadline()
            && connection.timer.is_none_or(|timer| deadline < timer)
        {
            connection.timer = Some(deadline);
            self.timers.set(deadline, Owner { slot, serial: connection.serial });
            self.sweep();
        }
    }

    /// Forgets the timers that count no more, when they are the most: of clients that come and go, a
    /// minute's worth would pile up.
    fn sweep(&mut self) {
        if self.timers.len() > 4 * self.connections.len() + 1_024 {
            let connections = &self.connections;
            self.timers.retain(|at, owner| {
                let connection = connections.get(owner.slot);
                connection.is_some_and(|c| c.serial == owner.serial && c.timer == Some(at))
            });
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
        // Only those that are due by now: a session that names a moment in the past again must not
        // keep the loop here.
        let due: Vec<_> = iter::from_fn(|| self.timers.expired(self.common.now)).collect();
        for (at, owner) in due {
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
        // Those that the system has accepted for us have been told that they are connected. As many
        // as its queue can hold, and no more: others may go on to come.
        for _ in 0..=BACKLOG.unsigned_abs() as usize / ACCEPTS {
            self.accept();
            if self.accept_again != Some(self.common.now) {
                break; // Nobody waits any more, or they cannot be accepted.
            }
        }
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
