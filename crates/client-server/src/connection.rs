//! One connection on an event loop: a stream, a session, and what stands between them.

mod beside;
mod sending;

use std::io::ErrorKind;
use std::mem;
use std::net::IpAddr;

use crate::aside::{Aside, Offered};
use crate::common::Common;
use crate::output::{LOW_WATER, Output};
use crate::session::{Closed, Context, Next, Session, Time, guarded};
use crate::stream::Stream;
use crate::timers::Owner;

/// Reads at one turn before the others get theirs.
const READS: usize = 16;
/// Turns of reads that a connection gets at once when the server stops: together more than a receive
/// buffer can hold (`tcp_rmem`, tcp(7): 6 MiB), so that all that has arrived is read, and no peer
/// can go on for ever.
const DRAIN_TURNS: usize = 8;
/// What is read and thrown away after a FIN was sent, at the most. A peer that sends more is not
/// finishing what it was at: it is ignoring us.
const LINGER_BYTES: usize = 1 << 20;

/// How far a connection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// The system is making it, up to a moment.
    Connecting { until: Time },
    /// The session decides.
    Open,
    /// What is queued is being sent; then FIN.
    Closing,
    /// FIN is sent; what still comes is thrown away, up to a moment and an amount.
    Lingering { until: Time, left: usize },
    /// Over.
    Dead(Closed),
}

/// A connection.
#[derive(Debug)]
pub(crate) struct Connection<S> {
    pub(crate) stream: Stream,
    session: S,
    phase: Phase,
    /// What the socket did not take. `None` nearly always.
    output: Option<Box<Output>>,
    /// The connection beside, of a session that has asked for one.
    aside: Option<Box<Aside>>,
    /// The peer sent FIN.
    ended: bool,
    /// Reading has stopped at the high-water mark, or because the session took no more. Readiness that
    /// comes meanwhile is lost, so reading must be tried again when it goes on.
    paused: bool,
    /// More than the low-water mark was queued, and the session was not told since that it is gone.
    above: bool,
    /// The server stops, and the session is to be told when what has arrived is read.
    to_drain: bool,
    /// Something is left to be done, and no event will tell of it: its share of the turn was used
    /// up, or reading goes on.
    pub(crate) more: bool,
    /// Whether the loop has it among those that are unfinished.
    pub(crate) queued: bool,
    /// Whether the stream is registered for writing.
    pub(crate) registered_write: bool,
    /// The earliest timer that is set for it.
    pub(crate) timer: Option<Time>,
    pub(crate) owner: Owner,
    pub(crate) peer: Option<IpAddr>,
    /// Whether it counts against the limits: those that peers open do.
    pub(crate) counted: bool,
}

impl<S: Session> Connection<S> {
    pub(crate) fn new(stream: Stream, session: S, peer: Option<IpAddr>, owner: Owner) -> Self {
        Self {
            stream,
            session,
            phase: Phase::Open,
            output: None,
            aside: None,
            ended: false,
            paused: false,
            above: false,
            to_drain: false,
            more: false,
            queued: false,
            registered_write: false,
            timer: None,
            owner,
            peer,
            counted: false,
        }
    }

    /// One that a peer opened.
    pub(crate) fn counted(mut self) -> Self {
        self.counted = true;
        self
    }

    /// One whose session has asked for more than a thread can do that waits in a read.
    pub(crate) fn continued(mut self, aside: Option<Box<Aside>>, ended: bool) -> Self {
        (self.aside, self.ended) = (aside, ended);
        self
    }

    /// One that this side opens. It is registered for writing until it is there.
    pub(crate) fn connecting(mut self, until: Time) -> Self {
        self.phase = Phase::Connecting { until };
        self.registered_write = true;
        self
    }

    /// A thread of this session's, or another's, has used its wake.
    pub(crate) fn woken(&mut self, common: &mut Common) {
        self.call(common, S::woken);
        self.send(common);
    }

    pub(crate) fn opened(&mut self, common: &mut Common) {
        self.phase = Phase::Open;
        self.call(common, S::opened);
        self.send(common);
    }

    pub(crate) fn expired(&mut self, common: &mut Common) {
        self.expired_beside(common);
        let now = common.now;
        let stalled = self.write_deadline().is_some_and(|deadline| deadline <= now);
        match self.phase {
            Phase::Connecting { until } if until <= now => {
                self.phase = Phase::Dead(Closed::NotConnected(ErrorKind::TimedOut));
            }
            Phase::Lingering { until, .. } if until <= now => self.end(Closed::InOrder),
            _ if stalled => {
                common.statistics.stalled += 1;
                self.end(Closed::Stalled);
            }
            Phase::Open if self.session.deadline().is_some_and(|deadline| deadline <= now) => {
                common.statistics.expired += 1;
                self.call(common, S::expired);
                self.send(common);
            }
            _ => {} // Its deadline has moved on since the timer was set.
        }
    }

    /// The server stops. What has arrived is still answered; of a peer that does not take its
    /// answers, once it has.
    pub(crate) fn draining(&mut self, common: &mut Common) {
        if matches!(self.phase, Phase::Connecting { .. }) {
            self.end(Closed::NotConnected(ErrorKind::Interrupted));
            return;
        }
        for _ in 0..DRAIN_TURNS {
            self.more = false;
            self.read_on(common);
            if !self.more {
                break;
            }
        }
        if self.paused {
            self.to_drain = true;
        } else {
            self.call(common, S::draining);
            self.send(common);
        }
    }

    /// Goes on with what was left to be done.
    pub(crate) fn go_on(&mut self, common: &mut Common) {
        self.more = false;
        let beside = self.aside.as_mut().is_some_and(|aside| mem::take(&mut aside.more));
        self.send(common);
        self.read_on(common);
        if beside {
            self.look_beside(common);
        }
        if self.to_drain && !self.paused && !self.more {
            self.to_drain = false;
            self.call(common, S::draining);
            self.send(common);
        }
    }

    /// An event says that the connection has failed. Mostly a read or a write finds out; not where
    /// the peer has ended before, and nothing is to be sent.
    pub(crate) fn failed(&mut self) {
        if self.ended
            && let Some(error) = self.stream.take_error()
        {
            self.end(Closed::Lost(error.kind()));
        }
    }

    /// Reads until nothing is there, or until the others must have their turn (`more`).
    ///
    /// `ended`: the end of the stream, or urgent data, is known to be among what has arrived. Else a read that
    /// fills less than the buffer has emptied the socket, and the next byte will be a new event
    /// (epoll(7), the questions about edge-triggered use, *guaranteed on Linux* for streams), so the read that would
    /// only say so is saved.
    #[inline(always)]
    pub(crate) fn readable(&mut self, common: &mut Common, ended: bool) {
        for _ in 0..READS {
            let over = matches!(self.phase, Phase::Dead(_) | Phase::Connecting { .. });
            if self.paused || self.ended || over {
                return;
            }
            common.statistics.reads += 1;
            // ANCHOR: read
            match self.stream.read(&mut common.scratch) {
                Ok(0) => {
                    self.ended = true;
                    match self.phase {
                        Phase::Open => self.call(common, S::ended),
                        Phase::Lingering { .. } => self.end(Closed::InOrder),
                        _ => {}
                    }
                    self.send(common);
                    return;
                }
                Ok(count) => {
                    self.arrived(common, count);
                    self.reply(common);
                    if cfg!(unix) && !ended && count < common.scratch.len() {
                        return;
                    }
                }
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock => return,
                    ErrorKind::Interrupted => {}
                    // After our FIN all is sent, and a reset is just a rude way to close.
                    _ if matches!(self.phase, Phase::Lingering { .. }) => {
                        self.end(Closed::InOrder);
                        return;
                    }
                    kind => {
                        self.end(Closed::Lost(kind));
                        return;
                    }
                },
            }
            // ANCHOR_END: read
        }
        self.more = true;
    }

    /// Reads without an event: its end may have arrived as well.
    fn read_on(&mut self, common: &mut Common) {
        self.readable(common, true);
    }

    /// The socket takes bytes again, or the connection is there.
    pub(crate) fn writable(&mut self, common: &mut Common) {
        if !matches!(self.phase, Phase::Connecting { .. }) {
            return self.send(common);
        }
        match self.stream.connected() {
            Ok(true) => self.opened(common),
            Ok(false) => {} // Not yet; there will be another event.
            Err(error) => self.end(Closed::NotConnected(error.kind())),
        }
    }

    /// Handles `count` bytes in the scratch buffer.
    fn arrived(&mut self, common: &mut Common, count: usize) {
        match &mut self.phase {
            Phase::Open => {
                common.statistics.bytes_in += count as u64;
                // The session and the scratch buffer are both borrowed; the buffer is lent out.
                let scratch = mem::take(&mut common.scratch);
                self.call(common, |session, cx| session.received(&scratch[..count], cx));
                common.scratch = scratch;
            }
            Phase::Lingering { left, .. } => match left.checked_sub(count) {
                Some(rest) => *left = rest,
                None => self.end(Closed::InOrder),
            },
            Phase::Closing | Phase::Dead(_) | Phase::Connecting { .. } => {}
        }
    }

    /// Asks the session, and does what it says.
    fn call(&mut self, common: &mut Common, f: impl FnOnce(&mut S, &mut Context<'_>) -> Next) {
        if self.phase != Phase::Open {
            return;
        }
        let mut output = self.output.take().or_else(|| common.spare.pop()).unwrap_or_default();
        let write_until = common.now + common.limits.write;
        if output.is_empty() {
            output.deadline = write_until;
        }
        let (stream, aside, owner) = (&self.stream, &mut self.aside, self.owner);
        let mut offered = Offered { stream, aside, owner, wakes: &mut common.wakes, write_until };
        let mut cx = Context::new(common.now, &mut output).within(&mut offered);
        let Some(next) = guarded(|| f(&mut self.session, &mut cx)) else {
            common.statistics.panicked += 1;
            return self.end(Closed::Panicked);
        };
        self.above |= output.pending() > LOW_WATER;
        if output.is_empty() {
            common.keep(output);
        } else {
            self.output = Some(output);
        }
        match next {
            Next::Continue => {}
            Next::Close => {
                self.phase = Phase::Closing;
                self.aside = None;
            }
            Next::Abort | Next::Upgrade => self.end(Closed::Aborted),
        }
    }

    fn end(&mut self, how: Closed) {
        self.phase = Phase::Dead(how);
    }

    pub(crate) fn is_dead(&self) -> bool {
        matches!(self.phase, Phase::Dead(_))
    }

    /// Tells the session that it is over, and how.
    pub(crate) fn close(&mut self) {
        let how = if let Phase::Dead(how) = self.phase { how } else { Closed::Stopped };
        if how != Closed::Panicked {
            // If it panics now, there is nothing left that could be done.
            let _ = guarded(|| self.session.closed(how));
        }
    }

    /// Whether to be told when the stream can be written to.
    pub(crate) fn wants_write(&self) -> bool {
        self.output.is_some() || matches!(self.phase, Phase::Connecting { .. })
    }

    /// When the peer must have taken more of what is queued, if something is.
    fn write_deadline(&self) -> Option<Time> {
        self.output.as_ref().map(|output| output.deadline)
    }

    /// When it must be looked at again, if nothing happens before.
    pub(crate) fn deadline(&self) -> Option<Time> {
        let of_phase = match self.phase {
            Phase::Open => self.session.deadline(),
            Phase::Connecting { until } | Phase::Lingering { until, .. } => Some(until),
            Phase::Closing | Phase::Dead(_) => None,
        };
        let of_aside = self.aside.as_ref().and_then(|aside| aside.deadline());
        sooner(sooner(of_phase, self.write_deadline()), of_aside)
    }
}

/// The sooner of two moments, of which either may not be set.
fn sooner(one: Option<Time>, other: Option<Time>) -> Option<Time> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        _ => one.or(other),
    }
}
