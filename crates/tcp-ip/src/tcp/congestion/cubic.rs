//! CUBIC: the window is a cubic function of the time since the last loss (RFC 9438).
//!
//! ```text
//!   cwnd                             ╱      W_cubic(t) = C·(t - K)³ + W_max
//!    │                              ╱
//!  W_max ┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄──────────┄        fast back to where the loss was, careful around it,
//!    │           ╱                         then fast again, in search of what has become free
//!    │         ╱
//!    │        │                            K: when the curve is back at W_max
//!    └────────┴─────────────K────────► t   0: when congestion avoidance began
//! ```
//!
//! That is the same on paths of any round-trip time; on short ones, where Reno would be faster,
//! CUBIC does as Reno (§4.3).

use std::time::Duration;

use super::{Ack, Controller, initial_window};
use crate::Instant;

/// How steep the curve is (RFC 9438 §5.1), in segments per second³.
pub const C: f64 = 0.4;
/// What is left of the window after a loss (§4.6).
pub const BETA: f64 = 0.7;
/// What Reno would add each round trip if it decreased as gently (§4.3).
const ALPHA: f64 = 3.0 * (1.0 - BETA) / (1.0 + BETA);

/// The state of it. Windows are in segments, as in the RFC.
#[derive(Debug, Clone)]
pub struct Cubic {
    window: f64,
    threshold: f64,
    segment_size: u32,
    /// W_max: where the curve has its plateau.
    plateau: f64,
    /// cwnd_prior: the window before it was last reduced.
    prior: f64,
    /// W_est: the window that Reno would have.
    reno: f64,
    /// The curve that is followed; none in slow start and until the next acknowledgment after it.
    epoch: Option<Epoch>,
    /// Whether the curve begins on its plateau, since no loss has shown where that is: after
    /// a timeout (§4.8) and after a slow start that ended without a loss.
    flat: bool,
}

/// A stage of congestion avoidance.
#[derive(Debug, Clone, Copy)]
struct Epoch {
    start: Instant,
    /// K, in seconds.
    k: f64,
    /// The last acknowledgment: time in which the sender was idle does not count (§5.8).
    last: Instant,
}

impl Cubic {
    /// In slow start, with [`initial_window`].
    pub fn new(segment_size: u32) -> Self {
        Self {
            window: f64::from(initial_window(segment_size)) / f64::from(segment_size),
            threshold: f64::INFINITY,
            segment_size,
            plateau: 0.0,
            prior: 0.0,
            reno: 0.0,
            epoch: None,
            flat: true,
        }
    }

    /// §4.2, figure 1: the curve `t` seconds into the stage.
    // ANCHOR: curve
    fn curve(&self, t: f64, k: f64) -> f64 {
        C * (t - k).powi(3) + self.plateau
    }
    // ANCHOR_END: curve

    /// The stage that we are in; begins one if there is none.
    fn epoch(&mut self, now: Instant) -> Epoch {
        if let Some(epoch) = self.epoch {
            return epoch;
        }
        if self.flat {
            self.plateau = self.window;
        }
        // §4.2, figure 2. With fast convergence the plateau can be under the window.
        let k = ((self.plateau - self.window).max(0.0) / C).cbrt();
        self.reno = self.window;
        let epoch = Epoch { start: now, k, last: now };
        self.epoch = Some(epoch);
        epoch
    }

    /// §4.3 to §4.5: the window after so many segments more were acknowledged.
    fn avoid_congestion(&mut self, ack: &Ack, segments: f64) {
        let epoch = self.epoch(ack.now);
        let t = ack.now.since(epoch.start).as_secs_f64();
        let rtt = ack.rtt.unwrap_or(Duration::ZERO).as_secs_f64();
        // Once back at the old window, Reno's estimate grows as Reno does.
        let alpha = if self.reno < self.prior { ALPHA } else { 1.0 };
        self.reno += alpha * segments / self.window;
        if self.curve(t, epoch.k) < self.reno {
            self.window = self.window.max(self.reno);
            return;
        }
        let target = self.curve(t + rtt, epoch.k).clamp(self.window, 1.5 * self.window);
        // The RFC adds this for each acknowledgment, and counts on one for each segment: for
        // those that acknowledge more, more.
        self.window = (self.window + (target - self.window) / self.window * segments).min(target);
    }

    /// §4.6 and §4.7.
    fn decrease(&mut self, in_flight: u32) {
        self.prior = self.window;
        self.plateau = if self.window < self.plateau {
            // Fast convergence: less than last time, so somebody else needs room. Leave more.
            self.window * (1.0 + BETA) / 2.0
        } else {
            self.window
        };
        let in_flight = f64::from(in_flight) / f64::from(self.segment_size);
        self.threshold = (in_flight * BETA).max(2.0);
        self.epoch = None;
        self.flat = false;
    }

    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Saturates, as it should.
    fn octets(&self, segments: f64) -> u32 {
        (segments * f64::from(self.segment_size)).round() as u32
    }
}

impl Controller for Cubic {
    fn window(&self) -> u32 {
        self.octets(self.window)
    }

    fn threshold(&self) -> u32 {
        self.octets(self.threshold)
    }

    fn acknowledged(&mut self, ack: &Ack) {
        if let Some(epoch) = &mut self.epoch {
            if !ack.limited {
                epoch.start += ack.now.since(epoch.last);
            }
            epoch.last = ack.now;
        }
        if !ack.limited {
            return;
        }
        let segments = f64::from(ack.octets) / f64::from(self.segment_size);
        if self.window < self.threshold {
            // §4.10: slow start is Reno's.
            self.window += segments;
        } else {
            self.avoid_congestion(ack, segments);
        }
    }

    fn lost(&mut self, _now: Instant, in_flight: u32) {
        self.decrease(in_flight);
        self.window = self.threshold;
    }

    fn timed_out(&mut self, _now: Instant, in_flight: u32, first: bool) {
        if first {
            self.decrease(in_flight);
        }
        self.window = 1.0;
        self.epoch = None;
        self.flat = true;
    }

    fn idle(&mut self) {
        let initial = f64::from(initial_window(self.segment_size)) / f64::from(self.segment_size);
        self.window = self.window.min(initial);
        self.epoch = None;
        self.flat = true;
    }

    fn set_segment_size(&mut self, octets: u32) {
        let scale = f64::from(self.segment_size) / f64::from(octets);
        for window in [
            &mut self.window,
            &mut self.threshold,
            &mut self.plateau,
            &mut self.prior,
            &mut self.reno,
        ] {
            *window *= scale;
        }
        self.window = self.window.max(1.0);
        self.segment_size = octets;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEGMENT: u32 = 1_000;

    /// Acknowledges a window's segments one by one, evenly over a round trip, for `seconds`, and
    /// says how the window was after each round trip.
    fn grow(cubic: &mut Cubic, rtt: f64, seconds: f64) -> Vec<(f64, f64)> {
        let mut now = 0.0;
        let mut windows = Vec::new();
        while now < seconds {
            let segments = cubic.window.floor();
            for number in (0..).map(f64::from).take_while(|number| *number < segments) {
                let moment = now + rtt * number / segments;
                cubic.acknowledged(&Ack {
                    now: Instant::new(Duration::from_secs_f64(moment)),
                    octets: SEGMENT,
                    rtt: Some(Duration::from_secs_f64(rtt)),
                    limited: true,
                });
            }
            now += rtt;
            windows.push((now, cubic.window));
        }
        windows
    }

    /// On a path where Reno would be slower, the window is RFC 9438's curve. The tolerance of 5 %
    /// covers what a window of whole segments and steps of a round trip cannot follow.
    #[test]
    fn the_window_follows_the_curve() {
        for (before, rtt) in [(100.0_f64, 0.1), (400.0, 0.1), (1_000.0, 0.2)] {
            let mut cubic = Cubic::new(SEGMENT);
            cubic.window = before;
            cubic.lost(Instant::ZERO, cubic.window());
            let k = (before * (1.0 - BETA) / C).cbrt();
            for (now, window) in grow(&mut cubic, rtt, 2.0 * k) {
                let expected = C * (now - k).powi(3) + before;
                let off = (window - expected).abs() / expected;
                assert!(off < 0.05, "{now:.1} s: {window:.0} segments, not {expected:.0}");
            }
        }
    }

    #[test]
    fn on_a_short_path_it_is_as_fast_as_reno() {
        let mut cubic = Cubic::new(SEGMENT);
        cubic.window = 10.0;
        cubic.lost(Instant::ZERO, 10 * SEGMENT);
        let windows = grow(&mut cubic, 0.001, 0.1);
        let (_, last) = windows[windows.len() - 1];
        // From 7 to 10 at 0.53 segments a round trip, then one each: 94 more round trips.
        assert!((last - 104.0).abs() < 5.0, "{last}");
    }

    #[test]
    fn a_loss_takes_three_tenths_and_a_second_one_makes_room() {
        let mut cubic = Cubic::new(SEGMENT);
        cubic.window = 100.0;
        cubic.lost(Instant::ZERO, 100 * SEGMENT);
        assert_eq!((cubic.window(), cubic.plateau), (70 * SEGMENT, 100.0));
        cubic.lost(Instant::ZERO, 70 * SEGMENT);
        assert_eq!((cubic.window(), cubic.plateau), (49 * SEGMENT, 59.5));
    }

    #[test]
    fn after_a_timeout_slow_start_then_a_curve_from_its_plateau() {
        let mut cubic = Cubic::new(SEGMENT);
        cubic.window = 100.0;
        cubic.timed_out(Instant::ZERO, 100 * SEGMENT, true);
        assert_eq!((cubic.window(), cubic.threshold()), (SEGMENT, 70 * SEGMENT));
        let windows = grow(&mut cubic, 0.1, 1.5);
        let (_, last) = windows[windows.len() - 1];
        assert!((70.0..80.0).contains(&last), "{last}");
    }

    #[test]
    fn idle_time_is_not_time_on_the_curve() {
        let mut cubic = Cubic::new(SEGMENT);
        cubic.window = 100.0;
        cubic.lost(Instant::ZERO, 100 * SEGMENT);
        grow(&mut cubic, 0.1, 1.0);
        let before = cubic.window;
        let ack = |seconds, limited| Ack {
            now: Instant::new(Duration::from_secs(seconds)),
            octets: SEGMENT,
            rtt: Some(Duration::from_millis(100)),
            limited,
        };
        cubic.acknowledged(&ack(60, false));
        cubic.acknowledged(&ack(60, true));
        assert!(cubic.window - before < 1.0, "{before} to {}", cubic.window);
    }
}
