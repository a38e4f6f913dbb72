//! How long to wait for an acknowledgment: the retransmission timeout (RFC 6298).
//!
//! ```text
//!   SRTT    smoothed round-trip time:   7/8 of the old one + 1/8 of the new sample
//!   RTTVAR  how much samples differ:    3/4 of the old one + 1/4 of |SRTT - sample|
//!   RTO     = SRTT + max(minimum, 4 · RTTVAR), doubled for each timeout in a row, at most 60 s
//! ```
//!
//! A segment that was sent twice must not be a sample (Karn's algorithm, RFC 6298 §3): nobody knows
//! which of the two was acknowledged. The caller sees to that, or uses timestamps (RFC 7323 §4),
//! which say it.

use std::time::Duration;

/// What is assumed before the first sample (RFC 6298 §2.1).
pub const INITIAL: Duration = Duration::from_secs(1);
/// What is assumed for data when the SYN itself had to be repeated (RFC 6298 §5.7).
pub const AFTER_LOST_SYN: Duration = Duration::from_secs(3);
/// No timeout is longer (RFC 6298 §2.5 allows a maximum of at least this).
pub const MAXIMUM: Duration = Duration::from_secs(60);
/// The timestamps' tick: RFC 6298 calls it G.
pub const GRANULARITY: Duration = Duration::from_millis(1);

/// Estimates the round-trip time, and from it the timeout.
///
/// ```
/// use std::time::Duration;
/// use tcp_ip::tcp::rtt::RttEstimator;
///
/// let mut rtt = RttEstimator::new(Duration::from_millis(200));
/// assert_eq!(rtt.timeout(), Duration::from_secs(1));
/// rtt.sample(Duration::from_millis(100), 1);
/// // SRTT = 100 ms, RTTVAR = 50 ms: of the minimum and 4 · RTTVAR, here both are 200 ms.
/// assert_eq!(rtt.timeout(), Duration::from_millis(300));
/// rtt.back_off();
/// assert_eq!(rtt.timeout(), Duration::from_millis(600));
/// ```
#[derive(Debug, Clone)]
pub struct RttEstimator {
    /// SRTT; none before the first sample.
    smoothed: Option<Duration>,
    /// RTTVAR.
    variation: Duration,
    /// Before any doubling.
    timeout: Duration,
    /// How many timeouts came in a row: each doubles.
    backoffs: u8,
    /// The least that is added to SRTT, in nanoseconds: half of the memory that a `Duration` takes.
    minimum: u64,
}

impl RttEstimator {
    /// Without samples.
    ///
    /// RFC 6298 §2.4 wants no RTO under 1 s, for the sake of the coarse clocks of its time. Linux
    /// takes 200 ms (`TCP_RTO_MIN`) and so do we by default. It is added to SRTT, as Linux does:
    /// rounding up instead would time out on any steady path of more than 200 ms whose receiver
    /// delays an acknowledgment.
    pub fn new(minimum: Duration) -> Self {
        let minimum = u64::try_from(minimum.max(GRANULARITY).as_nanos()).unwrap_or(u64::MAX);
        Self { smoothed: None, variation: Duration::ZERO, timeout: INITIAL, backoffs: 0, minimum }
    }

    /// Takes a round trip of a segment that was sent once.
    ///
    /// With timestamps, each acknowledgment brings a sample, and RFC 6298's weights, made for one
    /// sample a round trip, would forget too fast: RFC 7323 Appendix G divides them by
    /// `per_round_trip`, the number of samples to expect in one.
    // ANCHOR: sample
    pub fn sample(&mut self, rtt: Duration, per_round_trip: u32) {
        let several = per_round_trip.max(1);
        match self.smoothed {
            None => {
                self.smoothed = Some(rtt);
                self.variation = rtt / 2;
            }
            Some(smoothed) => {
                let difference = smoothed.abs_diff(rtt);
                // RTTVAR first: it wants the old SRTT (RFC 6298 §2.3).
                self.variation = blend(self.variation, difference, 4 * several);
                self.smoothed = Some(blend(smoothed, rtt, 8 * several));
            }
        }
        let smoothed = self.smoothed.unwrap_or(rtt);
        let margin = (4 * self.variation).max(Duration::from_nanos(self.minimum));
        self.timeout = (smoothed + margin).min(MAXIMUM);
        // A new measurement says what the path is now (RFC 6298 §5.7 and the note after it).
        self.backoffs = 0;
    }
    // ANCHOR_END: sample

    /// RTO: how long to wait now.
    pub fn timeout(&self) -> Duration {
        self.timeout.saturating_mul(1 << self.backoffs).min(MAXIMUM)
    }

    /// The timer went off: wait twice as long from now on (RFC 6298 §5.5).
    pub fn back_off(&mut self) {
        // 2^6 seconds are over the maximum: more than these never make a difference but to
        // a timeout under a second.
        self.backoffs = (self.backoffs + 1).min(16);
    }

    /// How many timeouts came since the last sample.
    pub fn backoffs(&self) -> u8 {
        self.backoffs
    }

    /// The peer answers again, though nothing could be measured.
    ///
    /// RFC 6298 would stay with the doubled timeout until something is, which on a path that loses
    /// much can be minutes away; Linux forgets it at once, and may then never wait long enough to
    /// measure a path that has become slower. We wait up to eight times as long as before.
    pub fn relent(&mut self) {
        self.backoffs = self.backoffs.min(3);
    }

    /// What was waited for were answers to probes, of which nobody knows when they come: what was
    /// measured before still holds.
    pub fn forgive(&mut self) {
        self.backoffs = 0;
    }

    /// The SYN was lost, and nothing is known of the path (RFC 6298 §5.7).
    pub fn syn_was_lost(&mut self) {
        self.backoffs = 0;
        self.timeout = self.timeout.max(AFTER_LOST_SYN);
    }

    /// SRTT, once there was a sample.
    pub fn smoothed(&self) -> Option<Duration> {
        self.smoothed
    }
}

/// `old` moved by one part of `parts` towards `new`.
fn blend(old: Duration, new: Duration, parts: u32) -> Duration {
    old - old / parts + new / parts
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    #[test]
    fn the_second_sample_moves_by_an_eighth_and_a_quarter() {
        let mut rtt = RttEstimator::new(ms(1));
        rtt.sample(ms(100), 1);
        rtt.sample(ms(180), 1);
        assert_eq!(rtt.smoothed(), Some(ms(110)));
        // RTTVAR = 3/4 · 50 ms + 1/4 · 80 ms = 57.5 ms.
        assert_eq!(rtt.timeout(), ms(110 + 230));
    }

    #[test]
    fn a_steady_path_still_waits_the_minimum() {
        let mut rtt = RttEstimator::new(ms(200));
        for _ in 0..100 {
            rtt.sample(ms(20), 1);
        }
        assert_eq!(rtt.timeout(), ms(220));
    }

    #[test]
    fn timeouts_double_to_a_minute_and_a_sample_ends_that() {
        let mut rtt = RttEstimator::new(ms(200));
        let mut waits = Vec::new();
        for _ in 0..8 {
            waits.push(rtt.timeout().as_secs());
            rtt.back_off();
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
        for _ in 0..100 {
            rtt.back_off();
        }
        assert_eq!(rtt.timeout(), MAXIMUM);
        rtt.sample(ms(10), 1);
        assert_eq!(rtt.timeout(), ms(210));
    }

    #[test]
    fn many_samples_a_round_trip_weigh_as_much_as_one() {
        let (mut one, mut many) = (RttEstimator::new(ms(1)), RttEstimator::new(ms(1)));
        one.sample(ms(100), 1);
        many.sample(ms(100), 10);
        one.sample(ms(180), 1);
        for _ in 0..10 {
            many.sample(ms(180), 10);
        }
        let (one, many) = (one.smoothed().unwrap(), many.smoothed().unwrap());
        assert!(one.abs_diff(many) < ms(1), "{one:?} and {many:?}");
    }

    #[test]
    fn after_a_lost_syn_three_seconds() {
        let mut rtt = RttEstimator::new(ms(200));
        rtt.back_off();
        rtt.syn_was_lost();
        assert_eq!(rtt.timeout(), AFTER_LOST_SYN);
    }
}
