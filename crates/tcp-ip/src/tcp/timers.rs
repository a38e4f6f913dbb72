//! The alarms of a connection: each is set or not, and the earliest one is its deadline.

use crate::Instant;

/// What an alarm is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timer {
    /// What is on the way should have been acknowledged (RFC 6298); or, if the peer's window is
    /// zero, it should be probed (RFC 9293 §3.8.6.1).
    Retransmit,
    /// An acknowledgment waited long enough for company (RFC 9293 §3.8.6.3).
    DelayedAck,
    /// A small segment waited long enough for more (RFC 9293 §3.8.6.2.1).
    Override,
    /// The connection was silent for long (RFC 9293 §3.8.4).
    KeepAlive,
    /// 2MSL passed in TIME-WAIT (RFC 9293 §3.6); or a peer that should end did not.
    Linger,
}

/// All of them.
pub const TIMERS: [Timer; 5] =
    [Timer::Retransmit, Timer::DelayedAck, Timer::Override, Timer::KeepAlive, Timer::Linger];

/// When each goes off.
#[derive(Debug, Clone, Default)]
pub struct Timers {
    at: [Option<Instant>; TIMERS.len()],
}

impl Timers {
    /// Sets one, in place of what it was set to.
    pub fn set(&mut self, timer: Timer, at: Instant) {
        self.at[timer as usize] = Some(at);
    }

    /// Sets one, if it is not set.
    pub fn start(&mut self, timer: Timer, at: Instant) {
        self.at[timer as usize].get_or_insert(at);
    }

    /// Stops one.
    pub fn stop(&mut self, timer: Timer) {
        self.at[timer as usize] = None;
    }

    /// Stops all.
    pub fn stop_all(&mut self) {
        *self = Self::default();
    }

    /// Whether one is set.
    pub fn is_set(&self, timer: Timer) -> bool {
        self.at[timer as usize].is_some()
    }

    /// When the first one goes off.
    pub fn earliest(&self) -> Option<Instant> {
        self.at.iter().flatten().min().copied()
    }

    /// Whether one has gone off. If so, it is stopped.
    pub fn expired(&mut self, timer: Timer, now: Instant) -> bool {
        let at = &mut self.at[timer as usize];
        let expired = at.is_some_and(|at| at <= now);
        if expired {
            *at = None;
        }
        expired
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
