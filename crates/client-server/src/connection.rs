//! One connection on an event loop: a stream, a session, and what stands between them.

use std::io::ErrorKind;
use std::mem;
use std::net::IpAddr;

use crate::limits::Limits;
use crate::output::{HIGH_WATER, LOW_WATER, Output};
use crate::session::{Closed, Context, Next, Session, Time, guarded};
use crate::statistics::Statistics;
use crate::stream::Stream;

/// Reads at one turn before the others get theirs.
const READS: usize = 16;
/// What is read and thrown away after a FIN was sent, at the most. A peer that sends more is not
/// finishing what it was at: it is ignoring us.
const LINGER_BYTES: usize = 1 << 20;
/// Spent outputs that a loop keeps for its connections.
const SPARE_OUTPUTS: usize = 16;

/// What all connections of a loop share, and use in turn.
#[derive(Debug)]
pub(crate) struct Common {
    /// Reads go here. A connection that holds no bytes so costs no buffer.
    pub(crate) scratch: Vec<u8>,
    /// Empty outputs, with their buffers.
    #[expect(clippy::vec_box, reason = "they move as boxes, which keeps an idle connection small")]
    pub(crate) spare: Vec<Box<Output>>,
    pub(crate) limits: Limits,
    pub(crate) statistics: Statistics,
    pub(crate) now: Time,
}

impl Common {
    fn keep(&mut self, output: Box<Output>) {
        if self.spare.len() < SPARE_OUTPUTS {
            self.spare.push(output);
        }
    }
}

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
    /// When the peer must have taken more of it.
    write_deadline: Time,
    /// The peer sent FIN.
    ended: bool,
    /// Reading has stopped at the high-water mark. Readiness that comes meanwhile is lost, so reading
    /// must be tried again when it goes on.
    paused: bool,
    /// Whether the stream is registered for writing.
    pub(crate) registered_write: bool,
    /// The earliest timer that is set for it.
    pub(crate) timer: Option<Time>,
    pub(crate) serial: u64,
    pub(crate) peer: Option<IpAddr>,
    /// Whether it counts against the limits: those that peers open do.
    pub(crate) counted: bool,
}

impl<S: Session> Connection<S> {
    pub(crate) fn new(stream: Stream, session: S, peer: Option<IpAddr>, serial: u64) -> Self {
        Self {
            stream,
            session,
            phase: Phase::Open,
            output: None,
            write_deadline: Time::ZERO,
            ended: false,
            paused: false,
            registered_write: false,
            timer: None,
            serial,
            peer,
            counted: false,
        }
    }

    /// One that a peer opened.
    pub(crate) fn counted(mut self) -> Self {
        self.counted = true;
        self
    }

    /// One that this side opens. It is registered for writing until it is there.
    pub(crate) fn connecting(mut self, until: Time) -> Self {
        self.phase = Phase::Connecting { until };
        self.registered_write = true;
        self
    }

    pub(crate) fn opened(&mut self, common: &mut Common) {
        self.phase = Phase::Open;
        self.call(common, S::opened);
        self.send(common);
    }

    pub(crate) fn expired(&mut self, common: &mut Common) {
        let now = common.now;
        let stalled = self.has_output() && self.write_deadline <= now;
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

    pub(crate) fn draining(&mut self, common: &mut Common) {
        if matches!(self.phase, Phase::Connecting { .. }) {
            self.end(Closed::NotConnected(ErrorKind::Interrupted));
        }
        // What has arrived is still answered.
        while self.readable(common, true) {}
        self.call(common, S::draining);
        self.send(common);
    }

    /// Reads until nothing is there. `true`: there may be more, but the others come first.
    ///
    /// `ended`: the end of the stream is known to be among what has arrived. Else a read that
    /// fills less than the buffer has emptied the socket, and the next byte will be a new event
    /// (epoll(7), the questions about edge-triggered use, *guaranteed on Linux* for streams), so the read that would
    /// only say so is saved.
    pub(crate) fn readable(&mut self, common: &mut Common, ended: bool) -> bool {
        for _ in 0..READS {
            let over = matches!(self.phase, Phase::Dead(_) | Phase::Connecting { .. });
            if self.paused || self.ended || over {
                return false;
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
                    return false;
                }
                Ok(count) => {
                    self.arrived(common, count);
                    self.send(common);
                    if cfg!(unix) && !ended && count < common.scratch.len() {
                        return false;
                    }
                }
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock => return false,
                    ErrorKind::Interrupted => {}
                    // After our FIN all is sent, and a reset is just a rude way to close.
                    _ if matches!(self.phase, Phase::Lingering { .. }) => {
                        self.end(Closed::InOrder);
                        return false;
                    }
                    kind => {
                        self.end(Closed::Lost(kind));
                        return false;
                    }
                },
            }
            // ANCHOR_END: read
        }
        true
    }

    /// The socket takes bytes again. `true`: reading goes on as well.
    pub(crate) fn writable(&mut self, common: &mut Common) -> bool {
        if matches!(self.phase, Phase::Connecting { .. }) {
            match self.stream.connected() {
                Ok(true) => self.opened(common),
                Ok(false) => {} // Not yet; there will be another event.
                Err(error) => self.end(Closed::NotConnected(error.kind())),
            }
            return false;
        }
        let paused = self.paused;
        self.send(common);
        paused && !self.paused
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
        if output.is_empty() {
            self.write_deadline = common.now + common.limits.write;
        }
        let mut cx = Context { now: common.now, output: &mut output };
        let Some(next) = guarded(|| f(&mut self.session, &mut cx)) else {
            common.statistics.panicked += 1;
            return self.end(Closed::Panicked);
        };
        if output.is_empty() {
            common.keep(output);
        } else {
            self.output = Some(output);
        }
        match next {
            Next::Continue => {}
            Next::Close => self.phase = Phase::Closing,
            Next::Abort | Next::Upgrade => self.end(Closed::Aborted),
        }
    }

    /// Sends what is queued, as far as the socket takes it, and draws the conclusions.
    fn send(&mut self, common: &mut Common) {
        loop {
            if self.is_dead() {
                return;
            }
            if let Some(mut output) = self.output.take() {
                match self.stream.send(&mut output, &mut common.statistics.writes) {
                    Ok(sent) => {
                        common.statistics.bytes_out += sent;
                        if !output.is_empty() {
                            let before = self.write_deadline;
                            self.write_deadline =
                                common.limits.write_deadline(before, sent, common.now);
                        }
                    }
                    Err(error) => {
                        self.end(Closed::Lost(error.kind()));
                        return;
                    }
                }
                let pending = output.pending();
                if pending == 0 {
                    common.keep(output);
                } else {
                    self.output = Some(output);
                }
                if pending > HIGH_WATER {
                    self.paused = true;
                    return;
                }
                if self.paused && pending <= LOW_WATER {
                    self.paused = false;
                    self.call(common, S::flushed);
                    continue; // It may have queued more.
                }
            }
            if self.phase == Phase::Closing && self.output.is_none() {
                self.finish(common);
            }
            return;
        }
    }

    /// All is sent: FIN, and linger for the peer's, unless that has come already.
    fn finish(&mut self, common: &mut Common) {
        self.paused = false;
        self.phase = if self.ended || self.stream.finish().is_err() {
            Phase::Dead(Closed::InOrder)
        } else {
            Phase::Lingering { until: common.now + common.limits.linger, left: LINGER_BYTES }
        };
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
            self.session.closed(how);
        }
    }

    /// Whether to be told when the stream can be written to.
    pub(crate) fn wants_write(&self) -> bool {
        self.has_output() || matches!(self.phase, Phase::Connecting { .. })
    }

    fn has_output(&self) -> bool {
        self.output.is_some()
    }

    /// When it must be looked at again, if nothing happens before.
    pub(crate) fn deadline(&self) -> Option<Time> {
        let of_phase = match self.phase {
            Phase::Open => self.session.deadline(),
            Phase::Connecting { until } | Phase::Lingering { until, .. } => Some(until),
            Phase::Closing | Phase::Dead(_) => None,
        };
        let of_output = self.has_output().then_some(self.write_deadline);
        [of_phase, of_output].into_iter().flatten().min()
    }
}
