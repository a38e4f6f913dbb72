//! One connection on its thread.

use std::io::{self, ErrorKind};
use std::thread;
use std::time::Duration;

use super::Shared;
use super::several::{Asked, Several};
use crate::aside::Offered;
use crate::event_loop::FIRST;
use crate::output::{LOW_WATER, Output};
use crate::service::Service;
use crate::session::{Closed, Context, Next, Session, Time, guarded};
use crate::statistics::Statistics;
use crate::stream::Stream;

/// Bytes that one `read` may bring.
const SCRATCH: usize = 16 * 1024;
/// The longest wait: after it, a thread looks whether the server stops.
pub(super) const LOOK: Duration = Duration::from_millis(250);
/// The shortest. Zero would mean for ever: socket(7), SO_RCVTIMEO.
const BRIEF: Duration = Duration::from_millis(1);
/// Reads after the server was told to stop and before the session is: together more than a receive
/// buffer can hold (`tcp_rmem`, tcp(7): 6 MiB), so that all that had arrived is read.
const DRAIN_READS: usize = 512;
/// What is read and thrown away after a FIN was sent, at the most.
const LINGER_BYTES: usize = 1 << 20;

/// A connection, its session, and what stands between them.
pub(super) struct Conversation<'a, F, S> {
    shared: &'a Shared<F>,
    stream: &'a Stream,
    session: S,
    output: Output,
    statistics: Statistics,
    /// The socket's receive timeout, if it was set and the last read did not use it up.
    timeout: Option<Duration>,
    /// The peer sent FIN.
    ended: bool,
    /// The session was told that the server stops.
    drained: bool,
    /// Reads that are left until then.
    drain_reads: usize,
    panicked: bool,
    /// What the session has asked for beside its connection.
    asked: Asked,
}

/// Why a conversation on a blocking thread is over.
enum Over {
    /// So it ended.
    How(Closed),
    /// The session waits for more than its peer from here on.
    Several,
}

impl<'a, F: Service, S: Session> Conversation<'a, F, S> {
    pub(super) fn new(shared: &'a Shared<F>, stream: &'a Stream, session: S) -> Self {
        Self {
            shared,
            stream,
            session,
            output: Output::new(),
            statistics: Statistics::default(),
            timeout: None,
            ended: false,
            drained: false,
            drain_reads: DRAIN_READS,
            panicked: false,
            asked: Asked { aside: None, wakes: None },
        }
    }

    /// From the connection's beginning to its end.
    pub(super) fn run(mut self) -> Statistics {
        let how = match self.talk() {
            Ok(Over::How(how)) => how,
            Ok(Over::Several) => return self.go_on_with_several(),
            Err(_) if self.panicked => {
                self.statistics.panicked += 1;
                return self.statistics;
            }
            Err(_) if self.shared.is_broken_off() => Closed::Stopped,
            Err(error) if error.kind() == ErrorKind::TimedOut => Closed::Stalled,
            Err(error) => Closed::Lost(error.kind()),
        };
        if how == Closed::InOrder {
            let _ = self.linger(); // All is sent; how the peer closes is its own affair.
        }
        // If it panics now, there is nothing left that could be done.
        let _ = guarded(|| self.session.closed(how));
        self.statistics
    }

    /// Until the session closes, or the server has no more time for it.
    fn talk(&mut self) -> io::Result<Over> {
        let mut next = self.call(S::opened)?;
        let mut buffer = vec![0; SCRATCH];
        loop {
            match next {
                Next::Continue => {}
                Next::Close => return Ok(Over::How(Closed::InOrder)),
                Next::Abort | Next::Upgrade => return Ok(Over::How(Closed::Aborted)),
            }
            if self.shared.is_broken_off() {
                return Ok(Over::How(Closed::Stopped));
            }
            if self.asked.is_anything() {
                return Ok(Over::Several);
            }
            // Asked before each read: a peer that sends a byte now and then never lets one time out.
            if self.session.deadline().is_some_and(|deadline| deadline <= self.shared.now()) {
                self.statistics.expired += 1;
                next = self.call(S::expired)?;
                if next != Next::Continue {
                    continue;
                }
            }
            let read = !self.ended && self.session.takes();
            next = if read { self.read(&mut buffer)? } else { self.pause()? };
        }
    }

    /// Waits for bytes, or for the end, and tells the session. Comes back for nothing now and then.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<Next> {
        let stopping = self.is_stopping();
        if stopping && self.drain_reads == 0 {
            return self.drain(); // It goes on sending; what had arrived is read.
        }
        self.wait_no_longer_than(if stopping { BRIEF } else { self.patience() })?;
        self.statistics.reads += 1;
        match self.stream.read(buffer) {
            Ok(0) => {
                self.ended = true;
                self.call(S::ended)
            }
            Ok(count) => {
                self.drain_reads -= usize::from(stopping);
                self.statistics.bytes_in += count as u64;
                self.call(|session, cx| session.received(&buffer[..count], cx))
            }
            Err(error) => match error.kind() {
                ErrorKind::Interrupted => Ok(Next::Continue),
                ErrorKind::WouldBlock | ErrorKind::TimedOut => {
                    self.timeout = None;
                    if stopping { self.drain() } else { Ok(Next::Continue) }
                }
                _ => Err(error),
            },
        }
    }

    /// When no read waits: after the peer's end, or while the session takes no more.
    fn pause(&mut self) -> io::Result<Next> {
        if self.ended && self.is_stopping() {
            return self.drain();
        }
        if self.ended && self.session.deadline().is_none() {
            return Ok(Next::Close); // Nothing can happen to it any more.
        }
        thread::sleep(self.patience());
        Ok(Next::Continue)
    }

    fn drain(&mut self) -> io::Result<Next> {
        self.drained = true;
        self.call(S::draining)
    }

    /// The server stops, and the session has not been told.
    fn is_stopping(&self) -> bool {
        !self.drained && self.shared.is_stopped()
    }

    /// How long to wait for the peer: until the session's deadline at the most.
    fn patience(&self) -> Duration {
        let left = |deadline: Time| deadline.saturating_sub(self.shared.now());
        self.session.deadline().map_or(LOOK, left).clamp(BRIEF, LOOK)
    }

    /// Sets the receive timeout, unless it is short enough: a read that returns early only asks
    /// the clock and goes on, and a system call for each message is saved.
    fn wait_no_longer_than(&mut self, wait: Duration) -> io::Result<()> {
        if self.timeout.is_none_or(|timeout| wait < timeout) {
            self.stream.set_read_timeout(wait)?;
            self.timeout = Some(wait);
        }
        Ok(())
    }

    /// Asks the session, and sends all that it has queued.
    fn call(&mut self, f: impl FnOnce(&mut S, &mut Context<'_>) -> Next) -> io::Result<Next> {
        let mut next = self.ask(f)?;
        while !self.output.is_empty() && matches!(next, Next::Continue | Next::Close) {
            let large = self.output.pending() > LOW_WATER;
            self.send()?;
            if large && next == Next::Continue {
                next = self.ask(S::flushed)?;
            }
        }
        Ok(next)
    }

    fn ask(&mut self, f: impl FnOnce(&mut S, &mut Context<'_>) -> Next) -> io::Result<Next> {
        let now = self.shared.now();
        let mut offered = Offered {
            stream: self.stream,
            aside: &mut self.asked.aside,
            owner: FIRST,
            wakes: &mut self.asked.wakes,
            write_until: now + self.shared.limits.write,
        };
        let mut cx = Context::new(now, &mut self.output).within(&mut offered);
        guarded(|| f(&mut self.session, &mut cx)).ok_or_else(|| {
            self.panicked = true;
            io::Error::other("the session panicked")
        })
    }

    fn send(&mut self) -> io::Result<()> {
        let limits = &self.shared.limits;
        let mut deadline = self.shared.now() + limits.write;
        while !self.output.is_empty() {
            // Blocks no longer than the send timeout; what was taken by then counts.
            let sent = self.stream.send_some(&mut self.output, &mut self.statistics.writes)?;
            let (sent, now) = (sent.unwrap_or(0), self.shared.now());
            self.statistics.bytes_out += sent;
            deadline = limits.write_deadline(deadline, sent, now);
            if !self.output.is_empty() && deadline <= now {
                self.statistics.stalled += 1;
                return Err(ErrorKind::TimedOut.into());
            }
            if self.shared.is_broken_off() {
                return Err(ErrorKind::Interrupted.into());
            }
        }
        Ok(())
    }

    /// Leaves the waiting in `read`, for what can wait for several things.
    fn go_on_with_several(self) -> Statistics {
        let Self { shared, stream, session, asked, ended, drained, mut statistics, .. } = self;
        statistics += Several { shared, stream, session, asked, ended, drained }.run();
        statistics
    }

    /// FIN, then reads to the peer's end, for a while and up to an amount.
    fn linger(&mut self) -> io::Result<()> {
        self.stream.finish()?;
        let until = self.shared.now() + self.shared.limits.linger;
        let mut buffer = [0; 4096];
        let mut left = LINGER_BYTES;
        while left > 0 && !self.ended && !self.shared.is_broken_off() {
            let Some(time) = until.checked_sub(self.shared.now()) else { break };
            self.timeout = None;
            self.wait_no_longer_than(time.max(BRIEF))?;
            match self.stream.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => left = left.saturating_sub(count),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
