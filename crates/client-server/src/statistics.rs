//! What a loop did, counted.

use std::ops::AddAssign;

/// Counts since the loop began. Costs an addition each; they are the loop's own, so no atomics.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Calls of `poll`.
    pub polls: u64,
    /// Readiness events that they returned.
    pub events: u64,
    /// Calls of `read`, those that found nothing included.
    pub reads: u64,
    /// Calls of `write`, `send` and `sendfile`.
    pub writes: u64,
    /// Bytes that sessions were given; not those that came after a FIN was sent.
    pub bytes_in: u64,
    /// Bytes that the sockets took.
    pub bytes_out: u64,
    /// Connections that were served.
    pub accepted: u64,
    /// Connections that were turned away at a limit.
    pub refused: u64,
    /// Calls of `accept` that failed, for want of descriptors for example.
    pub accept_errors: u64,
    /// Sessions whose deadline passed.
    pub expired: u64,
    /// Connections dropped because their peer did not take its answers.
    pub stalled: u64,
    /// Sessions that panicked.
    pub panicked: u64,
}

impl AddAssign for Statistics {
    fn add_assign(&mut self, other: Self) {
        self.polls += other.polls;
        self.events += other.events;
        self.reads += other.reads;
        self.writes += other.writes;
        self.bytes_in += other.bytes_in;
        self.bytes_out += other.bytes_out;
        self.accepted += other.accepted;
        self.refused += other.refused;
        self.accept_errors += other.accept_errors;
        self.expired += other.expired;
        self.stalled += other.stalled;
        self.panicked += other.panicked;
    }
}
