//! Reno: additive increase, multiplicative decrease (RFC 5681 §3).
//!
//! ```text
//!   cwnd
//!    │        ╱│      ╱│     below ssthresh: slow start, a segment more for each acknowledged
//!    │      ╱  │    ╱  │     above: congestion avoidance, a segment more each round trip
//!    │    ╱    │  ╱    │     loss: half
//!    │  │      │╱      │╱    timeout: one segment, and slow start again
//!    └──┴──────────────────► time
//! ```

use super::{Ack, Controller, initial_window};
use crate::Instant;

/// The state of it.
#[derive(Debug, Clone)]
pub struct Reno {
    window: u32,
    threshold: u32,
    segment_size: u32,
    /// Octets acknowledged in congestion avoidance since the window last grew. A loss leaves them
    /// counted.
    acknowledged: u32,
}

impl Reno {
    /// In slow start, with [`initial_window`].
    pub fn new(segment_size: u32) -> Self {
        Self {
            window: initial_window(segment_size),
            // RFC 5681 §3.1: arbitrarily high at first.
            threshold: u32::MAX,
            segment_size,
            acknowledged: 0,
        }
    }

    /// RFC 5681 §3.1, equation (4).
    fn halve(&mut self, in_flight: u32) {
        self.threshold = (in_flight / 2).max(2 * self.segment_size);
    }
}

impl Controller for Reno {
    fn window(&self) -> u32 {
        self.window
    }

    fn threshold(&self) -> u32 {
        self.threshold
    }

    // ANCHOR: acknowledged
    fn acknowledged(&mut self, ack: &Ack) {
        if !ack.limited {
            return;
        }
        if self.window < self.threshold {
            // Equation (2), without its limit of one segment for each acknowledgment: receivers
            // that take many segments at once acknowledge them at once (Linux does, with GRO), and
            // slow start would be linear.
            self.window = self.window.saturating_add(ack.octets);
            return;
        }
        // RFC 5681 §3.1: count octets up to a whole window, then add a segment. So a receiver that
        // acknowledges every second segment, or each one twice, changes nothing. A window is what
        // is on the way in a round trip, whole segments: half a segment is never sent, so to wait
        // for its acknowledgment, too, would take part of another round trip.
        let round_trip = self.window - self.window % self.segment_size;
        self.acknowledged = self.acknowledged.saturating_add(ack.octets);
        if self.acknowledged >= round_trip {
            self.acknowledged -= round_trip;
            self.window = self.window.saturating_add(self.segment_size);
        }
    }
    // ANCHOR_END: acknowledged

    fn lost(&mut self, _now: Instant, in_flight: u32) {
        self.halve(in_flight);
        self.window = self.threshold;
    }

    fn timed_out(&mut self, _now: Instant, in_flight: u32, first: bool) {
        // §3.1: a segment that times out again halves nothing again.
        if first {
            self.halve(in_flight);
        }
        self.window = self.segment_size;
    }

    fn idle(&mut self) {
        self.window = self.window.min(initial_window(self.segment_size));
    }

    fn set_segment_size(&mut self, octets: u32) {
        self.segment_size = octets;
        self.window = self.window.max(octets);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEGMENT: u32 = 1_000;

    fn acknowledge(reno: &mut Reno, octets: u32) {
        reno.acknowledged(&Ack { now: Instant::ZERO, octets, rtt: None, limited: true });
    }

    #[test]
    fn slow_start_doubles_in_a_round_trip() {
        let mut reno = Reno::new(SEGMENT);
        let before = reno.window();
        for _ in 0..before / SEGMENT {
            acknowledge(&mut reno, SEGMENT);
        }
        assert_eq!(reno.window(), 2 * before);
    }

    #[test]
    fn congestion_avoidance_adds_a_segment_a_round_trip_however_it_is_acknowledged() {
        for each in [SEGMENT / 2, SEGMENT, 2 * SEGMENT] {
            let mut reno = Reno::new(SEGMENT);
            reno.lost(Instant::ZERO, 20 * SEGMENT);
            assert_eq!(reno.window(), 10 * SEGMENT);
            for _ in 0..10 * SEGMENT / each {
                acknowledge(&mut reno, each);
            }
            assert_eq!(reno.window(), 11 * SEGMENT, "{each} octets at a time");
        }
    }

    #[test]
    fn a_timeout_leaves_one_segment_and_halves_once() {
        let mut reno = Reno::new(SEGMENT);
        reno.timed_out(Instant::ZERO, 20 * SEGMENT, true);
        reno.timed_out(Instant::ZERO, SEGMENT, false);
        assert_eq!((reno.window(), reno.threshold()), (SEGMENT, 10 * SEGMENT));
    }

    #[test]
    fn who_sends_less_than_the_window_does_not_grow_it() {
        let mut reno = Reno::new(SEGMENT);
        let before = reno.window();
        let octets = SEGMENT;
        reno.acknowledged(&Ack { now: Instant::ZERO, octets, rtt: None, limited: false });
        assert_eq!(reno.window(), before);
    }
}
