//! The alarms of a connection: each is set or not, and the earliest one is its deadline.

use crate::Instant;

/// What an alarm is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timer {
    /// What is on the way should have been acknowledged (RFC 6298); or, if the peer's window is
    /// zero, it should be probed (RFC 9293 §3.8.6.1).
    Retransmit,
    /// What was overtaken has had its time to arrive (RFC 8985 §6.2, step 5).
    Reordering,
    /// An acknowledgment waited long enough for company (RFC 9293 §3.8.6.3).
    DelayedAck,
    /// A small segment waited long enough for more (RFC 9293 §3.8.6.2.1).
    Override,
    /// The connection was silent for long (RFC 9293 §3.8.4).
    KeepAlive,
    /// 2MSL passed in TIME-WAIT (RFC 9293 §3.6); or a peer that should end did not.
    Linger,
    /// The buffers have been empty for a while: their memory goes back.
    Tidy,
}

/// How many there are.
const TIMERS: usize = Timer::Tidy as usize + 1;

/// Stands for "not set": no alarm is that late.
const NEVER: Instant = Instant::from_nanos(u64::MAX);

/// When each goes off.
#[derive(Debug, Clone)]
pub struct Timers {
    at: [Instant; TIMERS],
}

impl Timers {
    /// Sets one, in place of what it was set to.
    pub fn set(&mut self, timer: Timer, at: Instant) {
        self.at[timer as usize] = at;
    }

    /// Sets one, if it is not set.
    pub fn start(&mut self, timer: Timer, at: Instant) {
        if !self.is_set(timer) {
            self.set(timer, at);
        }
    }

    /// Stops one.
    pub fn stop(&mut self, timer: Timer) {
        self.at[timer as usize] = NEVER;
    }

    /// Stops all.
    pub fn stop_all(&mut self) {
        *self = Self::default();
    }

    /// Whether one is set.
    pub fn is_set(&self, timer: Timer) -> bool {
        self.at[timer as usize] != NEVER
    }

    /// When the first one goes off.
    pub fn earliest(&self) -> Option<Instant> {
        self.at.iter().min().copied().filter(|at| *at != NEVER)
    }

    /// Whether one has gone off. If so, it is stopped.
    pub fn expired(&mut self, timer: Timer, now: Instant) -> bool {
        let expired = self.is_set(timer) && self.at[timer as usize] <= now;
        if expired {
            self.stop(timer);
        }
        expired
    }
}

impl Default for Timers {
    fn default() -> Self {
        Self { at: [NEVER; TIMERS] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_earliest_is_the_deadline_and_goes_off_once() {
        let at = Instant::from_nanos;
        let mut timers = Timers::default();
        timers.set(Timer::KeepAlive, at(9));
        timers.start(Timer::DelayedAck, at(5));
        timers.start(Timer::DelayedAck, at(7));
        assert_eq!(timers.earliest(), Some(at(5)));
        assert!(!timers.expired(Timer::DelayedAck, at(4)));
        assert!(timers.expired(Timer::DelayedAck, at(5)));
        assert!(!timers.expired(Timer::DelayedAck, at(6)));
        assert_eq!(timers.earliest(), Some(at(9)));
    }
}
