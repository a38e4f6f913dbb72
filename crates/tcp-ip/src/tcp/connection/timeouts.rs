//! What time does to a connection (RFC 9293 §3.10.8, RFC 6298 §5).

use std::time::Duration;

use super::transmit::AckDue;
use super::{Connection, Failure};
use crate::Instant;
use crate::tcp::state::State;
use crate::tcp::timers::Timer;

/// How long silly window avoidance may hold data back: 0.1 to 1 s (RFC 9293 §3.8.6.2.1).
pub(super) const OVERRIDE: Duration = Duration::from_millis(200);
/// How long empty buffers are kept, for the next octets.
pub(super) const TIDY: Duration = Duration::from_secs(1);
/// How long a SYN may stay unanswered: R2 for SYNs is 3 minutes at least (RFC 9293 §3.8.3).
const SYN_TIMEOUT: Duration = Duration::from_secs(180);
/// How long a peer that was told that we read no more may take to end its direction. Linux has the
/// same (`tcp_fin_timeout`); RFC 9293 knows no such limit, and has connections that never end.
pub(super) const ORPHAN_TIMEOUT: Duration = Duration::from_secs(60);

impl Connection {
    /// Does what is due. To be called at [`deadline`](Self::deadline), or later.
    pub fn on_timeout(&mut self, now: Instant) {
        if self.timers.expired(Timer::Linger, now) {
            // Nobody is told: after 2MSL there is nobody to tell, and to an orphan's peer the
            // next segment will be answered by an RST, as to any connection that is not there.
            self.end();
        }
        if self.timers.expired(Timer::Retransmit, now) {
            self.on_retransmission_timeout(now);
        }
        if self.timers.expired(Timer::Reordering, now) && self.send.reordering_timeout(now) {
            self.counters.fast_recoveries += 1;
        }
        if self.timers.expired(Timer::DelayedAck, now) {
            self.ack = AckDue::Now;
        }
        if self.timers.expired(Timer::Override, now) {
            self.send.override_silence();
        }
        if self.timers.expired(Timer::Tidy, now) && self.has_empty_buffers() {
            self.send.release();
            self.receive.release();
        }
        if self.timers.expired(Timer::KeepAlive, now) {
            self.on_silence(now);
        }
    }

    /// RFC 6298 §5.4 to §5.7.
    fn on_retransmission_timeout(&mut self, now: Instant) {
        let handshake = matches!(self.state, State::SynSent | State::SynReceived);
        // A closed window may stay closed for as long as the peer says so (RFC 9293 §3.8.6.1,
        // MUST-37); it must say it.
        let since = if self.send.is_shut_out() { self.heard } else { self.progress };
        let limit = if handshake { SYN_TIMEOUT } else { self.config.user_timeout };
        if now.since(since) >= limit {
            self.abort_because(Failure::TimedOut);
            return;
        }
        if handshake {
            self.send.rtt_mut().back_off();
            self.counters.timeouts += 1;
            self.syn_due = true;
        } else if self.send.timed_out(now) {
            self.counters.timeouts += 1;
        }
    }

    /// Keep-alive (RFC 9293 §3.8.4).
    fn on_silence(&mut self, now: Instant) {
        let Some(keep_alive) = self.config.keep_alive else { return };
        let (unanswered, _) = self.keep_alives;
        let silent = now.since(self.heard) >= keep_alive.idle;
        if self.send.in_flight() > 0 || !silent && unanswered == 0 {
            // The retransmission timer asks already; or the peer was heard meanwhile.
            self.schedule_keep_alive(now);
        } else if unanswered >= keep_alive.probes {
            self.abort_because(Failure::TimedOut);
        } else {
            self.keep_alives = (unanswered + 1, true);
            self.timers.set(Timer::KeepAlive, now + keep_alive.interval);
        }
    }

    /// The next question, if the peer is silent until then.
    pub(super) fn schedule_keep_alive(&mut self, now: Instant) {
        if let Some(keep_alive) = self.config.keep_alive {
            self.keep_alives = (0, false);
            self.timers.set(Timer::KeepAlive, now.max(self.heard) + keep_alive.idle);
        }
    }

    /// Enters TIME-WAIT, or begins its two segment lifetimes again.
    pub(super) fn linger(&mut self, now: Instant) {
        self.timers.stop_all();
        self.timers.set(Timer::Linger, now + 2 * self.config.msl);
        self.send.release();
    }
}
