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
    rto: Duration, // Yours to complete.
}

impl RttEstimator {
    /// Nothing is measured yet.
    #[expect(clippy::new_without_default, reason = "one way to make it is enough here")]
    pub fn new() -> Self {
        todo!("begin with nothing measured, and a timeout of {INITIAL:?}")
    }

    /// A segment went out at `now`; `end` is the position behind its last octet.
    ///
    /// It is new if no segment before it ended as far out. One new segment is timed at a time; while
    /// it is, others are not. A segment that is not new is sent again: it is never timed, and a
    /// measurement that is under way is given up, whichever segment it is of (§3).
    pub fn sent(&mut self, end: u64, now: Duration) {
        let _ = (end, now); // Yours to use; then this line can go.
        todo!("begin a measurement, or give one up")
    }

    /// All octets before `ackno` were acknowledged, as we heard at `now`.
    ///
    /// If that covers the segment that is timed, its round trip is a sample, and the timeout is
    /// computed anew (§2.2 to §2.4). Otherwise it stays as it is, doubled or not.
    pub fn acknowledged(&mut self, ackno: u64, now: Duration) {
        let _ = (ackno, now); // Yours to use; then this line can go.
        todo!("take a sample, if a measurement has ended")
    }

    /// The timeout passed without an acknowledgment: the next one is twice as long (§5.5), up to
    /// [`MAXIMUM`]. The caller sends the segment again, and says so with [`sent`](Self::sent).
    pub fn timed_out(&mut self) {
        todo!("double the timeout")
    }

    /// How long to wait for an acknowledgment now.
    pub fn rto(&self) -> Duration {
        self.rto
    }
}
