//! How long to wait for an acknowledgment before the segment is sent again (RFC 6298).
//!
//! ```text
//!     sent(1000) ├────────────── R, a sample ─────────────┤ acknowledged(1000)
//!                │
//!                ├──────────────────── RTO ───────────────────────┤ timed_out()
//!
//!     SRTT    the samples, smoothed        SRTT + 4 · RTTVAR = RTO
//!     RTTVAR  how far they lie from it
//! ```
//!
//! Nothing here reads a clock: whoever has the clock says what time it is.

use std::time::Duration;

/// The timeout before anything was measured (RFC 6298 §2.1).
pub const INITIAL: Duration = Duration::from_secs(1);
/// No timeout is shorter (§2.4).
pub const MINIMUM: Duration = Duration::from_secs(1);
/// No timeout is longer (§2.5).
pub const MAXIMUM: Duration = Duration::from_secs(60);
/// One tick of the clock that measures: the RFC's G. (§4 would have it finer. With a coarse one,
/// you see what it is for.)
pub const GRANULARITY: Duration = Duration::from_millis(100);

/// Measures round trips, and tells from them how long to wait.
///
/// Octets have positions in the stream, from 0 on, which do not wrap. A segment is named by its
/// *end*, the position behind its last octet: that is what an acknowledgment of it will say.
#[derive(Debug)]
pub struct RttEstimator {
    // answer: rto: Duration, // Yours to complete.
    /// SRTT and RTTVAR; none before the first sample.
    estimate: Option<(Duration, Duration)>,
    rto: Duration,
    /// The segment that is being timed: its end, and when it was sent.
    timed: Option<(u64, Duration)>,
    /// The end of all that was ever sent: what does not lie behind it is sent again.
    highest: u64,
    // end answer
}

impl RttEstimator {
    /// Nothing is measured yet.
    #[expect(clippy::new_without_default, reason = "one way to make it is enough here")]
    pub fn new() -> Self {
        // answer: todo!("begin with nothing measured, and a timeout of {INITIAL:?}")
        Self { estimate: None, rto: INITIAL, timed: None, highest: 0 }
        // end answer
    }

    /// A segment went out at `now`; `end` is the position behind its last octet.
    ///
    /// It is new if no segment before it ended as far out. One new segment is timed at a time; while
    /// it is, others are not. A segment that is not new is sent again: it is never timed, and a
    /// measurement that is under way is given up, whichever segment it is of (§3).
    pub fn sent(&mut self, end: u64, now: Duration) {
        // answer: let _ = (end, now); // Yours to use; then this line can go.
        // answer: todo!("begin a measurement, or give one up")
        if end <= self.highest {
            // Whose acknowledgment comes next? That of either copy, or one that waited for it.
            self.timed = None;
            return;
        }
        self.highest = end;
        self.timed.get_or_insert((end, now));
        // end answer
    }

    /// All octets before `ackno` were acknowledged, as we heard at `now`.
    ///
    /// If that covers the segment that is timed, its round trip is a sample, and the timeout is
    /// computed anew (§2.2 to §2.4). Otherwise it stays as it is, doubled or not.
    pub fn acknowledged(&mut self, ackno: u64, now: Duration) {
        // answer: let _ = (ackno, now); // Yours to use; then this line can go.
        // answer: todo!("take a sample, if a measurement has ended")
        if let Some((_, at)) = self.timed.take_if(|(end, _)| *end <= ackno) {
            self.sample(now - at);
        }
        // end answer
    }

    /// The timeout passed without an acknowledgment: the next one is twice as long (§5.5), up to
    /// [`MAXIMUM`]. The caller sends the segment again, and says so with [`sent`](Self::sent).
    pub fn timed_out(&mut self) {
        // answer: todo!("double the timeout")
        self.rto = (2 * self.rto).min(MAXIMUM);
        // end answer
    }

    /// How long to wait for an acknowledgment now.
    pub fn rto(&self) -> Duration {
        self.rto
    }
    // answer:

    /// Computes the timeout anew (§2.2 to §2.4).
    fn sample(&mut self, r: Duration) {
        let (srtt, rttvar) = match self.estimate {
            None => (r, r / 2),
            // RTTVAR compares the sample with what was expected of it: the old SRTT.
            Some((srtt, rttvar)) => ((7 * srtt + r) / 8, (3 * rttvar + srtt.abs_diff(r)) / 4),
        };
        self.estimate = Some((srtt, rttvar));
        // On a steady path RTTVAR goes to nothing; a clock that ticks is still off by a tick.
        self.rto = (srtt + GRANULARITY.max(4 * rttvar)).clamp(MINIMUM, MAXIMUM);
    }
    // end answer
}
