//! The connections of one loop: who is ready, who is due, who was woken.

use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::iter;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mio::event::Event;
use mio::{Events, Interest, Poll, Token};
use slab::Slab;

use crate::common::Common;
use crate::connection::Connection;
use crate::limits::Limits;
use crate::session::{Session, Time};
use crate::statistics::Statistics;
use crate::stream::Stream;
use crate::timers::{Owner, Timers};
use crate::wakes::Wakes;

/// What ends the loop's sleep.
pub(crate) const WAKER: Token = Token(usize::MAX);
/// Listeners have the tokens below this; a connection's is its slot plus this.
const FIRST_CONNECTION: usize = 1 << 16;
/// The connection beside has the token of its session's own, with this bit.
const BESIDE: usize = 1 << (usize::BITS - 2);

/// The first connection of a loop.
pub(crate) const FIRST: Owner = Owner { slot: 0, serial: 1 };

/// Connections, and what happens to them.
#[derive(Debug)]
pub(crate) struct Connections<S> {
    poll: Poll,
    begin: Instant,
    slab: Slab<Connection<S>>,
    serial: u64,
    timers: Timers,
    /// Connections with something left to do that no event will tell of. Each is there once.
    unfinished: VecDeque<Owner>,
    /// The peers of those that counted and are over.
    gone: Vec<Option<IpAddr>>,
    common: Common,
    /// Whether to spin through the last millisecond before a timer, and read the clock more often.
    precise: bool,
}

impl<S: Session> Connections<S> {
    /// None yet. Their clock began at `begin`.
    pub(crate) fn new(poll: Poll, begin: Instant, limits: Limits, wakes: Arc<Wakes>) -> Self {
        Self {
            poll,
            begin,
            slab: Slab::new(),
            serial: 0,
            timers: Timers::default(),
            unfinished: VecDeque::new(),
            gone: Vec::new(),
            common: Common::new(limits, wakes),
            precise: false,
        }
    }

    pub(crate) fn be_precise(&mut self) {
        self.precise = true;
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.slab.is_empty()
    }

    /// The time of this turn.
    pub(crate) fn now(&self) -> Time {
        self.common.now
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.common.limits
    }

    pub(crate) fn statistics(&mut self) -> &mut Statistics {
        &mut self.common.statistics
    }

    /// The peer of a connection that counted, and is over since this was asked last.
    pub(crate) fn gone(&mut self) -> Option<Option<IpAddr>> {
        self.gone.pop()
    }

    /// Adds one that a peer has opened, and that counts.
    pub(crate) fn insert(&mut self, stream: Stream, session: S, peer: Option<IpAddr>) {
        let connection = Connection::new(stream, session, peer, self.next_owner()).counted();
        let slot = self.slab.insert(connection);
        let connection = &mut self.slab[slot];
        let token = Token(FIRST_CONNECTION + slot);
        if connection.stream.register(self.poll.registry(), token).is_err() {
            self.remove(slot);
            return;
        }
        connection.opened(&mut self.common);
        self.settle(slot);
    }

    /// Adds one that this side opens.
    pub(crate) fn connect(
        &mut self,
        mut stream: Stream,
        session: S,
        limit: Duration,
    ) -> io::Result<()> {
        let owner = self.next_owner();
        let token = Token(FIRST_CONNECTION + owner.slot);
        let interest = Interest::READABLE | Interest::WRITABLE;
        self.poll.registry().register(stream.source(), token, interest)?;
        let until = self.begin.elapsed() + limit;
        self.slab.insert(Connection::new(stream, session, None, owner).connecting(until));
        self.settle(owner.slot);
        Ok(())
    }

    /// Adds one whose session was told already that it is open: the first one of a loop, whose
    /// wakes were made out to [`FIRST`].
    pub(crate) fn adopt(&mut self, mut connection: Connection<S>) {
        connection.owner = self.next_owner();
        debug_assert_eq!(connection.owner, FIRST, "the wakes know it by this");
        self.common.now = self.begin.elapsed();
        let token = Token(FIRST_CONNECTION + connection.owner.slot);
        let registered = connection.stream.register(self.poll.registry(), token);
        let slot = self.slab.insert(connection);
        if registered.is_err() {
            self.remove(slot);
            return;
        }
        self.slab[slot].go_on(&mut self.common);
        self.settle(slot);
    }

    /// How many timers are set, those included that count no more.
    #[cfg(test)]
    pub(super) fn timers(&self) -> usize {
        self.timers.len()
    }

    fn next_owner(&mut self) -> Owner {
        self.serial += 1;
        Owner { slot: self.slab.vacant_key(), serial: self.serial }
    }

    /// Waits for something to happen, but not past `until`.
    pub(crate) fn wait(&mut self, events: &mut Events, until: Option<Time>) -> io::Result<()> {
        match self.poll.poll(events, self.timeout(until)) {
            // A signal. There are no events, but timers may be due.
            Err(error) if error.kind() == ErrorKind::Interrupted => events.clear(),
            polled => polled?,
        }
        self.common.now = self.begin.elapsed();
        self.common.statistics.polls += 1;
        Ok(())
    }

    /// Handles what has happened; timers are left to [`expire`](Self::expire). Whether somebody has
    /// come to a listener.
    pub(crate) fn handle(&mut self, events: &Events) -> bool {
        // Only those that were unfinished before this turn. Their events are left to them, so that
        // nobody gets two shares.
        let unfinished = self.unfinished.len();
        let mut came = false;
        for event in events.iter() {
            self.common.statistics.events += 1;
            if self.precise {
                self.common.now = self.begin.elapsed();
            }
            match event.token() {
                WAKER => self.woken(),
                Token(index) if index < FIRST_CONNECTION => came = true,
                Token(index) if index & BESIDE == 0 => self.ready(index - FIRST_CONNECTION, event),
                Token(index) => self.ready_beside((index & !BESIDE) - FIRST_CONNECTION, event),
            }
        }
        for _ in 0..unfinished {
            if let Some(owner) = self.unfinished.pop_front() {
                self.go_on(owner);
            }
        }
        came
    }

    /// How long `poll` may sleep.
    fn timeout(&self, until: Option<Time>) -> Option<Duration> {
        if !self.unfinished.is_empty() {
            return Some(Duration::ZERO);
        }
        let soonest = [self.timers.next(), until].into_iter().flatten().min()?;
        let left = soonest.saturating_sub(self.begin.elapsed());
        // epoll_wait(2) counts whole milliseconds, and mio rounds up: late, but never early.
        Some(if self.precise && left < Duration::from_millis(1) { Duration::ZERO } else { left })
    }

    /// A connection can be read from, or written to, or both, or has failed.
    #[inline(always)]
    fn ready(&mut self, slot: usize, event: &Event) {
        // An event may have been on its way when its connection was closed.
        let Some(connection) = self.slab.get_mut(slot) else { return };
        if event.is_writable() {
            connection.writable(&mut self.common);
        }
        let ended = event.is_read_closed() || event.is_error() || event.is_priority();
        if (event.is_readable() || ended) && !connection.queued {
            connection.readable(&mut self.common, ended);
        }
        if event.is_error() {
            connection.failed();
        }
        self.settle(slot);
    }

    /// The same of the one beside. An event may tell of one that another has replaced since: then
    /// there is nothing to be found.
    fn ready_beside(&mut self, slot: usize, event: &Event) {
        if let Some(connection) = self.slab.get_mut(slot) {
            connection.ready_beside(&mut self.common, event);
            self.settle(slot);
        }
    }

    /// Calls those that were woken from other threads.
    fn woken(&mut self) {
        let woken = self.common.wakes.as_ref().map(|wakes| wakes.take());
        for owner in woken.into_iter().flatten() {
            if let Some(connection) = self.slab.get_mut(owner.slot)
                && connection.owner == owner
            {
                connection.woken(&mut self.common);
                self.settle(owner.slot);
            }
        }
    }

    /// Goes on with a connection that was not finished with, if it is there still.
    fn go_on(&mut self, owner: Owner) {
        if let Some(connection) = self.slab.get_mut(owner.slot)
            && connection.owner == owner
        {
            connection.queued = false;
            connection.go_on(&mut self.common);
            self.settle(owner.slot);
        }
    }

    /// After anything was done with a connection: ask to write only while something waits, set its
    /// timer, remember what is left to do, or see it off.
    fn settle(&mut self, slot: usize) {
        let Some(connection) = self.slab.get_mut(slot) else { return };
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
        let token = Token(BESIDE | (FIRST_CONNECTION + slot));
        if connection.register_beside(self.poll.registry(), token).is_err() {
            self.remove(slot);
            return;
        }
        if connection.is_unfinished() && !connection.queued {
            connection.queued = true;
            self.unfinished.push_back(connection.owner);
        }
        if let Some(deadline) = connection.deadline()
            && connection.timer.is_none_or(|timer| deadline < timer)
        {
            connection.timer = Some(deadline);
            self.timers.set(deadline, connection.owner);
            self.sweep();
        }
    }

    /// Forgets the timers that count no more, when they are the most: of clients that come and go, a
    /// minute's worth would pile up.
    fn sweep(&mut self) {
        if self.timers.len() > 4 * self.slab.len() + 1_024 {
            let slab = &self.slab;
            self.timers.retain(|at, owner| {
                let connection = slab.get(owner.slot);
                connection.is_some_and(|c| c.owner == owner && c.timer == Some(at))
            });
        }
    }

    fn remove(&mut self, slot: usize) {
        let mut connection = self.slab.remove(slot);
        let _ = self.poll.registry().deregister(connection.stream.source());
        connection.close();
        if connection.counted {
            self.gone.push(connection.peer);
        }
    }

    /// Tells each connection whose time has come.
    pub(crate) fn expire(&mut self) {
        // Only those that are due by now: a session that names a moment in the past again must not
        // keep the loop here.
        let due: Vec<_> = iter::from_fn(|| self.timers.expired(self.common.now)).collect();
        for (at, owner) in due {
            let Some(connection) = self.slab.get_mut(owner.slot) else { continue };
            if connection.owner != owner || connection.timer != Some(at) {
                continue; // Of one that lived there before, or replaced by an earlier one.
            }
            connection.timer = None;
            connection.expired(&mut self.common);
            self.settle(owner.slot);
        }
    }

    /// Lets every session finish.
    pub(crate) fn drain(&mut self) {
        let slots: Vec<usize> = self.slab.iter().map(|(slot, _)| slot).collect();
        for slot in slots {
            if let Some(connection) = self.slab.get_mut(slot) {
                connection.draining(&mut self.common);
            }
            self.settle(slot);
        }
    }

    /// The end of those that are left, out of time; and what all did.
    pub(crate) fn close(mut self) -> Statistics {
        for connection in self.slab.drain() {
            { connection }.close();
        }
        self.common.statistics
    }
}
