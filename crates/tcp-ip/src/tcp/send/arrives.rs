//! An acknowledgment arrives, or does not: what the sender makes of it (RFC 9293 §3.10.7.4 fifth,
//! RFC 5681, RFC 6298).

use std::time::Duration;

use super::{Fin, Probe, Sender};
use crate::Instant;
use crate::tcp::congestion::Ack;
use crate::tcp::recovery::{Noticed, Path, Phase};
use crate::tcp::rtt::GRANULARITY;
use crate::tcp::{Ranges, Seq};

/// An acknowledgment that the peer could have sent.
#[derive(Debug, Clone, Copy)]
pub struct Acknowledgment<'a> {
    /// SEG.SEQ.
    pub sequence: Seq,
    /// SEG.ACK.
    pub number: Seq,
    /// SEG.WND, scaled already.
    pub window: u32,
    /// Whether the segment carries nothing else: only then can it be a duplicate (RFC 5681 §2).
    pub pure: bool,
    /// Its SACK blocks.
    pub blocks: &'a Ranges,
    /// The round trip that its echoed timestamp measures.
    pub rtt: Option<Duration>,
}

/// What an acknowledgment did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Acknowledged {
    /// Whether numbers were acknowledged for the first time.
    pub advanced: bool,
    /// Whether the window was closed, and no longer is.
    pub opened: bool,
    /// Whether a loss was found.
    pub lost: bool,
}

impl Sender {
    /// Takes an acknowledgment: RFC 9293 §3.10.7.4 fifth, RFC 5681 §3.2.
    pub fn acknowledge(&mut self, now: Instant, ack: &Acknowledgment<'_>) -> Acknowledged {
        let mut done = Acknowledged::default();
        let mut noticed = Noticed::Nothing;
        if ack.number.after(self.una) {
            done.advanced = true;
            noticed = self.advance(now, ack);
        }
        let path = self.path(now, ack.rtt);
        if self.sack {
            let news = self.recovery.sacked(ack.blocks, ack.number, &path) > 0;
            if noticed == Noticed::Nothing && (news || done.advanced) {
                noticed = self.recovery.detect(&path);
            }
        } else if self.is_duplicate(ack, done.advanced) {
            noticed = self.recovery.duplicate(&path);
        }
        done.lost = self.react(now, noticed);
        if ack.number.at_or_after(self.una) {
            done.opened = self.tell_window(ack.sequence, ack.number, ack.window);
        }
        done
    }

    /// RFC 5681 §2: something is on the way, and the acknowledgment says nothing new at all.
    fn is_duplicate(&self, ack: &Acknowledgment<'_>, advanced: bool) -> bool {
        let says_nothing = ack.pure && !advanced && ack.window == self.window;
        says_nothing && ack.number == self.una && self.in_flight() > 0 && self.probe == Probe::None
    }

    /// Time has passed, and something that was late counts as lost now. Whether it does.
    pub fn reordering_timeout(&mut self, now: Instant) -> bool {
        let path = self.path(now, None);
        let noticed = self.recovery.detect(&path);
        self.react(now, noticed)
    }

    /// A loss is the congestion control's affair, too.
    fn react(&mut self, now: Instant, noticed: Noticed) -> bool {
        let lost = noticed == Noticed::Loss;
        if lost {
            self.controller.lost(now, self.flight_size());
        }
        lost
    }

    /// RFC 5681's FlightSize, for the congestion control, which halves it when a loss is found: without
    /// what limited transmit sent beyond the window (§3.2, step 2; RFC 6675 §5, step 4.2).
    fn flight_size(&self) -> u32 {
        self.in_flight().max(self.flight).min(self.controller.window())
    }

    fn path(&self, now: Instant, echoed: Option<Duration>) -> Path {
        Path {
            now,
            una: self.una,
            nxt: self.nxt,
            segment_size: self.segment_size,
            sack: self.sack,
            smoothed: self.rtt.smoothed(),
            echoed,
        }
    }

    /// SND.UNA moves on.
    fn advance(&mut self, now: Instant, ack: &Acknowledgment<'_>) -> Noticed {
        let octets = ack.number - self.una;
        let (una, before) = (self.una, self.recovery.phase());
        let in_flight = self.in_flight();
        if self.fin == Fin::Queued && ack.number == self.end() {
            self.fin = Fin::Acknowledged;
        }
        self.buffer.drain(..self.buffer.len().min(octets as usize));
        self.una = ack.number;
        self.measure(now, ack.rtt, in_flight);
        let noticed = self.recovery.advanced(una, &self.path(now, ack.rtt));
        if before != Phase::FastRecovery {
            let rtt = self.rtt.smoothed();
            let limited = before == Phase::Timeout || self.was_filled(una);
            // After a timeout, an acknowledgment that closes a gap is mostly of what has left the
            // network long ago, and must not release as much again (RFC 3465 says so of timeouts, too).
            let most = if before == Phase::Timeout { self.segment_size } else { u32::MAX };
            let octets = octets.min(most);
            self.controller.acknowledged(&Ack { now, octets, rtt, limited });
        }
        noticed
    }

    /// Whether the congestion window was what held us back, when the first octet was sent that an
    /// acknowledgment covers. What is on the way when it arrives does not tell: of acknowledgments that
    /// arrive together, only the first one would see the whole flight.
    fn was_filled(&mut self, una: Seq) -> bool {
        let filled = self.filled.after(una);
        self.filled = self.filled.max(self.una);
        filled
    }

    /// Takes a round trip, by timestamp or by the octet that was timed.
    fn measure(&mut self, now: Instant, echoed: Option<Duration>, in_flight: u32) {
        // An echo from before the last timeout may be of a segment that was lost on its way back: the
        // receiver echoes the first of two copies (RFC 7323 §5.3 drops the second one before R3).
        let before_timeout = |rtt: &Duration| {
            self.timed_out_at.is_some_and(|(_, at)| now.since(at) + GRANULARITY < *rtt)
        };
        if let Some(rtt) = echoed.filter(|rtt| !before_timeout(rtt)) {
            // RFC 7323 Appendix G: every second segment is acknowledged.
            let samples = in_flight.div_ceil(2 * self.segment_size);
            self.rtt.sample(rtt, samples);
        } else if let Some((number, sent)) = self.timed
            && self.una.after(number)
        {
            self.rtt.sample(now.since(sent), 1);
            self.timed = None;
        } else {
            self.rtt.relent();
        }
    }

    /// RFC 9293 §3.10.7.4: the window, unless a later segment told it already. Whether it opened.
    fn tell_window(&mut self, sequence: Seq, number: Seq, window: u32) -> bool {
        let (wl1, wl2) = self.told_by;
        let newer = wl1.before(sequence) || wl1 == sequence && wl2.at_or_before(number);
        if !newer {
            return false;
        }
        let closed = self.window == 0;
        self.told_by = (sequence, number);
        self.window = window;
        self.max_window = self.max_window.max(window);
        if window == 0 {
            return false;
        }
        if self.probe != Probe::None {
            // What was sent as a probe was most likely thrown away.
            self.probe = Probe::None;
            self.recovery.lose_all(self.una, self.nxt);
            self.rtt.forgive();
        }
        closed
    }

    /// Whether the peer's window keeps us from sending anything, and no acknowledgment is due that
    /// would change that.
    pub fn is_shut_out(&self) -> bool {
        self.window == 0 && (self.nxt != self.end() || self.in_flight() > 0)
    }

    /// The retransmission timer went off. Whether that counts as a loss.
    pub fn timed_out(&mut self, now: Instant) -> bool {
        self.rtt.back_off();
        self.timed = None; // Karn: what is sent again measures nothing.
        if self.is_shut_out() {
            // RFC 9293 §3.8.6.1: the first probe when the window has been zero for a timeout.
            // That nobody answers with a window does not say that the path is congested.
            self.probe = Probe::Due;
            return false;
        }
        if self.in_flight() == 0 {
            return false;
        }
        let again = self.timed_out_at.is_some_and(|(una, _)| una == self.una);
        self.timed_out_at = Some((self.una, now));
        // In a recovery with SACK, new data goes out while nothing is acknowledged, so more than the
        // window lies between UNA and NXT, and the path has long shown that it does not hold so much.
        let in_flight = self.in_flight().min(self.controller.window());
        self.controller.timed_out(now, in_flight, !again);
        self.recovery.timed_out(&self.path(now, None), again);
        true
    }
}
