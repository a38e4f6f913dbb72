//! RACK: what was sent before something that has arrived, and has not arrived itself for a while, is
//! lost (RFC 8985 §6).
//!
//! ```text
//!   sent    1   2   3   4   5        2'                    time ──►
//!   arrives ✓       ✓               ✓ 3: 2 was sent before it     → 2 is lost, sent again: 2'
//!                       ✓   ✓   …   ✗ 2': and if what was sent behind 2' arrives → lost again
//! ```
//!
//! Counting duplicates cannot see the second loss, since a retransmission has no place of its own
//! in the order of numbers. In the order of time it has. How long "a while" is depends on the path:
//! nothing, if it has never put segments out of order, or a quarter of a round trip and more.

use std::time::Duration;

use super::Seq;
use super::flight::Transmission;
use super::rtt::GRANULARITY;
use crate::Instant;

/// Recoveries without a retransmission in vain, after which the reordering window is small again
/// (§6.2, step 4).
const PERSISTENCE: u8 = 16;

/// A time, in half of the memory that a `Duration` takes: an idle connection has these, too.
type Nanoseconds = u64;

/// The variables of RFC 8985 §5.3.
#[derive(Debug)]
pub struct Rack {
    /// RACK.min_RTT. The RFC would like the minimum of the last minutes; this is that of the whole
    /// connection, which on a path that became slower waits less for what was overtaken.
    min_rtt: Nanoseconds,
    /// RACK.rtt: the round trip of the newest transmission that arrived.
    rtt: Nanoseconds,
    /// RACK.xmit_ts and RACK.end_seq: its place in the order of transmissions, and where it ends.
    newest: Option<(Seq, Seq)>,
    /// RACK.fack: the highest number that arrived.
    fack: Seq,
    /// RACK.reordering_seen.
    reordering_seen: bool,
    /// RACK.reo_wnd_mult: in how many round trips we sent something again in vain.
    multiplier: u8,
    /// RACK.reo_wnd_persist.
    persist: u8,
    /// RACK.dsack_round: until all before it is acknowledged, one more changes nothing.
    dsack_round: Option<Seq>,
}

impl Rack {
    /// For a connection whose first octet has the number `una`.
    pub fn new(una: Seq) -> Self {
        Self {
            min_rtt: Nanoseconds::MAX,
            rtt: 0,
            newest: None,
            fack: una,
            reordering_seen: false,
            multiplier: 1,
            persist: 0,
            dsack_round: None,
        }
    }

    /// §6.2, steps 1 to 3: part of a transmission has arrived. `echoed` is the round trip that the
    /// acknowledgment's timestamp measures.
    pub fn arrived(&mut self, now: Instant, sent: &Transmission, echoed: Option<Duration>) {
        let rtt = now.since(sent.at);
        let end = sent.stretch.end;
        if sent.again {
            // Step 2: it may well be the first copy that arrived, at last. Then an older timestamp
            // comes back, or an answer that is faster than the path.
            let first_copy = echoed.is_some_and(|echoed| echoed > rtt + GRANULARITY);
            if first_copy || nanoseconds(rtt) < self.min_rtt {
                return;
            }
        } else {
            self.min_rtt = self.min_rtt.min(nanoseconds(rtt));
            // Step 3: sent once, and overtaken.
            self.reordering_seen |= end.before(self.fack);
        }
        self.fack = self.fack.max(end);
        if self.newest.is_none_or(|(order, end)| sent.is_after(order, end)) {
            self.newest = Some((sent.order, end));
            self.rtt = nanoseconds(rtt);
        }
    }

    /// What was taken for lost, and not sent again yet, has arrived: it was only overtaken.
    pub fn was_overtaken(&mut self) {
        self.reordering_seen = true;
    }

    /// §6.2, step 4: the receiver says that something arrived twice (RFC 2883), so we were too
    /// hasty. The window grows by a step each round trip in which it says so.
    pub fn sent_in_vain(&mut self, una: Seq, nxt: Seq) {
        if self.dsack_round.is_none_or(|round| una.at_or_after(round)) {
            self.dsack_round = Some(nxt);
            self.multiplier = self.multiplier.saturating_add(1);
            self.persist = PERSISTENCE;
        }
    }

    /// A recovery is over.
    pub fn recovered(&mut self) {
        self.persist = self.persist.saturating_sub(1);
        if self.persist == 0 {
            self.multiplier = 1;
        }
    }

    /// RACK.reo_wnd (§6.2, step 4): for how long something may be late. `sure`: a recovery is under
    /// way, or three segments have arrived beyond the first that has not.
    pub fn window(&self, sure: bool, smoothed: Option<Duration>) -> Duration {
        if sure && !self.reordering_seen || self.newest.is_none() {
            return Duration::ZERO;
        }
        let quarters = Duration::from_nanos(u64::from(self.multiplier) * (self.min_rtt / 4));
        smoothed.map_or(quarters, |smoothed| quarters.min(smoothed))
    }

    /// §6.2, step 5: when something that has not arrived counts as lost; none if nothing that was
    /// sent later has arrived.
    // ANCHOR: lost
    pub fn lost_at(&self, sent: &Transmission, window: Duration) -> Option<Instant> {
        let before = self.newest.is_some_and(|(order, end)| !sent.is_after(order, end));
        before.then(|| sent.at + Duration::from_nanos(self.rtt) + window)
    }
    // ANCHOR_END: lost

    /// §6.3: after a timeout, what has been on the way for longer than a round trip is lost.
    pub fn is_late(&self, now: Instant, sent: &Transmission, window: Duration) -> bool {
        sent.at + Duration::from_nanos(self.rtt) + window <= now
    }
}

fn nanoseconds(time: Duration) -> Nanoseconds {
    Nanoseconds::try_from(time.as_nanos()).unwrap_or(Nanoseconds::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tcp::sack::Stretch;

    const MS: u64 = 1_000_000;

    fn sent(start: u32, at: u32, again: bool) -> Transmission {
        let stretch = Stretch { start: Seq(start), end: Seq(start + 10) };
        Transmission { stretch, at: Instant::from_nanos(u64::from(at) * MS), order: Seq(at), again }
    }

    fn at(milliseconds: u64) -> Instant {
        Instant::from_nanos(milliseconds * MS)
    }

    #[test]
    fn what_was_sent_before_what_arrived_is_lost() {
        let mut rack = Rack::new(Seq(0));
        rack.arrived(at(21), &sent(10, 1, false), None);
        let lost = |sent| rack.lost_at(&sent, Duration::ZERO);
        assert_eq!(lost(sent(0, 0, false)), Some(at(20)));
        assert_eq!(lost(sent(0, 1, false)), Some(at(21))); // At once with it, and before it.
        assert_eq!(lost(sent(20, 1, false)), None);
        assert_eq!(lost(sent(0, 2, true)), None);
    }

    #[test]
    fn a_retransmission_is_lost_when_what_was_sent_behind_it_arrives() {
        let mut rack = Rack::new(Seq(0));
        rack.arrived(at(20), &sent(10, 0, false), None);
        let again = sent(0, 20, true);
        assert_eq!(rack.lost_at(&again, Duration::ZERO), None);
        rack.arrived(at(41), &sent(20, 21, false), None);
        assert_eq!(rack.lost_at(&again, Duration::ZERO), Some(at(40)));
    }

    #[test]
    fn an_answer_that_came_too_soon_is_the_first_copys() {
        let mut rack = Rack::new(Seq(0));
        rack.arrived(at(20), &sent(10, 0, false), None);
        rack.arrived(at(25), &sent(0, 20, true), None);
        assert_eq!(rack.newest, Some((Seq(0), Seq(20))));
        rack.arrived(at(41), &sent(0, 20, true), Some(Duration::from_millis(41)));
        assert_eq!(rack.newest, Some((Seq(0), Seq(20))));
        rack.arrived(at(41), &sent(0, 20, true), Some(Duration::from_millis(21)));
        assert_eq!(rack.newest, Some((Seq(20), Seq(10))));
    }

    #[test]
    fn the_window_opens_for_a_path_that_reorders_and_for_what_was_sent_in_vain() {
        let mut rack = Rack::new(Seq(0));
        let window = |rack: &Rack, sure| rack.window(sure, Some(Duration::from_millis(20)));
        rack.arrived(at(20), &sent(10, 0, false), None);
        assert_eq!(window(&rack, true), Duration::ZERO);
        assert_eq!(window(&rack, false), Duration::from_millis(5));
        rack.arrived(at(21), &sent(0, 0, false), None);
        assert_eq!(window(&rack, true), Duration::from_millis(5));
        for (una, milliseconds) in [(0, 10), (50, 10), (100, 15), (200, 20), (300, 20)] {
            rack.sent_in_vain(Seq(una), Seq(una + 100));
            assert_eq!(window(&rack, true), Duration::from_millis(milliseconds), "{una}");
        }
        for _ in 0..PERSISTENCE {
            rack.recovered();
        }
        assert_eq!(window(&rack, true), Duration::from_millis(5));
    }
}
