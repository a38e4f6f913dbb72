//! A segment arrives: the checks and steps of RFC 9293 §3.10.7, in its order.

use std::time::Duration;

use super::handshake::Stamps;
use super::transmit::AckDue;
use super::{Connection, Failure, timeouts};
use crate::Instant;
use crate::tcp::defence::{self, Reset};
use crate::tcp::receive::Arrived;
use crate::tcp::segment::{Segment, reset_for};
use crate::tcp::send::Acknowledgment;
use crate::tcp::state::State;
use crate::tcp::timers::Timer;
use crate::tcp::{Flags, Seq};

/// How long a timestamp can be compared: after that its clock may have wrapped (RFC 7323 §5.5).
const STAMP_LIFETIME: Duration = Duration::from_secs(24 * 24 * 60 * 60);

/// After a gap, so many segments are acknowledged one by one: the peer has just halved its window, and
/// an acknowledgment that waits for a second segment could be the one that it waits for. Linux has the
/// same for 16 segments (`TCP_MAX_QUICKACKS`), which a window is soon through with.
const QUICK_ACKS: u8 = 16;

impl Connection {
    /// Takes a segment that arrived for this connection, its checksum verified.
    pub fn segment(&mut self, now: Instant, segment: &Segment<'_>) {
        self.counters.received += 1;
        match self.state {
            State::Closed => self.reset = reset_for(segment).map(Box::new),
            State::SynSent => self.arrives_in_syn_sent(now, segment),
            _ => self.arrives(now, segment),
        }
    }

    /// RFC 9293 §3.10.7.3.
    fn arrives_in_syn_sent(&mut self, now: Instant, segment: &Segment<'_>) {
        let ack = segment.has(Flags::ACK);
        // First, the ACK: it can only be of our SYN.
        if ack && segment.header.acknowledgment != self.send.nxt() {
            self.reset = reset_for(segment).map(Box::new);
            return;
        }
        // Second, RST: it must acknowledge the SYN, or anybody could send it.
        if segment.has(Flags::RST) {
            if ack {
                self.fail(Failure::Refused);
            }
            return;
        }
        // Fourth, SYN.
        if !segment.has(Flags::SYN) {
            return;
        }
        self.heard = now;
        self.take_syn(now, segment);
        if ack {
            self.establish(now, segment);
            self.ack = AckDue::Now;
            self.take_text(now, segment.header.sequence + 1, segment);
            self.take_fin(now, segment);
        } else {
            // Both have asked at once (RFC 9293 §3.5, figure 8). Our SYN goes out again, with
            // an ACK.
            self.state = State::SynReceived;
            self.syn_due = true;
        }
    }

    /// RFC 9293 §3.10.7.4.
    fn arrives(&mut self, now: Instant, segment: &Segment<'_>) {
        if self.state == State::SynReceived && self.repeats_syn(now, segment) {
            return;
        }
        // First, the sequence number.
        if !self.is_acceptable(now, segment) {
            self.refuse(now, segment);
            return;
        }
        // Second, RST.
        if segment.has(Flags::RST) {
            self.take_reset(now, segment);
            return;
        }
        // Fourth, SYN.
        if segment.has(Flags::SYN) {
            self.challenge(now);
            return;
        }
        // Fifth, ACK.
        if !segment.has(Flags::ACK) {
            return;
        }
        self.heard = now;
        self.keep_alives = (0, false);
        self.take_stamp(now, segment);
        if !self.take_ack(now, segment) {
            return;
        }
        // Sixth would be the urgent pointer: what it points to is delivered in line, as RFC 6093
        // recommends. Seventh, the text, and eighth, FIN.
        if self.take_text(now, segment.header.sequence, segment) {
            self.take_fin(now, segment);
        }
    }

    /// The peer's SYN once more. Either our answer was lost; or both have asked at once, and this
    /// is the answer to ours.
    fn repeats_syn(&mut self, now: Instant, segment: &Segment<'_>) -> bool {
        let same = segment.has(Flags::SYN) && segment.header.sequence + 1 == self.receive.nxt();
        if !same || segment.has(Flags::RST) {
            return false;
        }
        if !segment.has(Flags::ACK) {
            self.syn_due = true;
        } else if segment.header.acknowledgment == self.send.nxt() {
            self.heard = now;
            self.establish(now, segment);
            self.ack = AckDue::Now;
        } else {
            return false;
        }
        true
    }

    /// RFC 9293 §3.4: some of its numbers must be in the window. And RFC 7323 §5: it must not be
    /// older than what came before it (PAWS).
    fn is_acceptable(&self, now: Instant, segment: &Segment<'_>) -> bool {
        let (start, length) = (segment.header.sequence, segment.length());
        let (nxt, window) = (self.receive.nxt(), self.receive.window());
        let in_window = if length == 0 {
            start == nxt || start.within(nxt, window)
        } else {
            start.within(nxt, window)
                || (segment.end() - 1).within(nxt, window)
                || start.before(nxt) && segment.end().after(nxt + window)
                // A window of zero: what begins there is refused but may be a valid
                // acknowledgment, which must be heard (RFC 9293 §3.10.7.4, first).
                || window == 0 && start == nxt
        };
        in_window && (segment.has(Flags::RST) || !self.is_outdated(now, segment))
    }

    /// PAWS (RFC 7323 §5.3 R1). A segment without the timestamp that was agreed on is dropped, too
    /// (§3.2).
    fn is_outdated(&self, now: Instant, segment: &Segment<'_>) -> bool {
        let Some(Stamps { recent, taken, .. }) = self.agreed.timestamps else { return false };
        match segment.header.options.timestamps {
            None => true,
            Some(stamps) => {
                Seq(stamps.value).before(Seq(recent)) && now.since(taken) < STAMP_LIFETIME
            }
        }
    }

    /// The segment is not acceptable: the peer is told what would be.
    fn refuse(&mut self, now: Instant, segment: &Segment<'_>) {
        if segment.has(Flags::RST) {
            return;
        }
        if segment.has(Flags::FIN) && self.state == State::TimeWait {
            // Our last acknowledgment was lost.
            self.linger(now);
        }
        // Octets come from a peer that has not heard our acknowledgment; it must. All else could
        // go back and forth between two ends that both find the other wrong.
        if segment.length() > 0 && !segment.has(Flags::SYN) {
            self.ack = AckDue::Now;
        } else {
            self.challenge(now);
        }
    }

    /// Second: RFC 5961 §3.2.
    fn take_reset(&mut self, now: Instant, segment: &Segment<'_>) {
        let (nxt, window) = (self.receive.nxt(), self.receive.window());
        match defence::judge_reset(segment.header.sequence, nxt, window) {
            Reset::Ignore => {}
            Reset::Challenge => self.challenge(now),
            Reset::Genuine => match self.state {
                State::SynReceived if !self.passive => self.fail(Failure::Refused),
                // All was said and acknowledged: an RST takes nothing away.
                State::Closing | State::LastAck | State::TimeWait => self.end(),
                _ => self.fail(Failure::Reset),
            },
        }
    }

    /// RFC 5961 §3.2, §4.2, §5.2, §7.
    fn challenge(&mut self, now: Instant) {
        if self.challenges.allows(now) {
            self.ack = AckDue::Now;
        }
    }

    /// TS.Recent (RFC 7323 §4.3): of a segment that begins where we have acknowledged, or before.
    /// So a delayed acknowledgment echoes the first of the segments that it acknowledges, and the
    /// delay is measured, too.
    fn take_stamp(&mut self, now: Instant, segment: &Segment<'_>) {
        let Some(theirs) = segment.header.options.timestamps else { return };
        let Some(stamps) = &mut self.agreed.timestamps else { return };
        let newer = Seq(theirs.value).at_or_after(Seq(stamps.recent));
        if newer && segment.header.sequence.at_or_before(stamps.last_ack) {
            stamps.recent = theirs.value;
            stamps.taken = now;
        }
    }

    /// Fifth. Whether the segment is looked at any further.
    fn take_ack(&mut self, now: Instant, segment: &Segment<'_>) -> bool {
        let number = segment.header.acknowledgment;
        let (una, nxt) = (self.send.una(), self.send.nxt());
        if self.state == State::SynReceived {
            if number != nxt {
                self.reset = reset_for(segment).map(Box::new);
                return false;
            }
            self.establish(now, segment);
        } else if !defence::ack_is_plausible(number, una, nxt, self.send.max_window()) {
            self.challenge(now);
            return false;
        }
        let done = self.send.acknowledge(
            now,
            &Acknowledgment {
                sequence: segment.header.sequence,
                number,
                window: self.scaled(segment),
                pure: segment.length() == 0,
                blocks: &segment.header.options.sack,
                rtt: self.echoed(now, segment),
            },
        );
        if done.advanced || done.opened {
            // RFC 6298 §5.3: new data was acknowledged, so wait for the rest from now on.
            self.timers.stop(Timer::Retransmit);
            self.progress = now;
        }
        self.counters.fast_recoveries += u32::from(done.lost);
        if self.send.fin_is_acknowledged() {
            self.fin_was_acknowledged(now);
        }
        self.state != State::Closed
    }

    fn fin_was_acknowledged(&mut self, now: Instant) {
        let before = self.state;
        self.state = before.fin_acknowledged();
        match (before, self.state) {
            (_, State::Closed) => self.end(),
            (State::Closing, State::TimeWait) => self.linger(now),
            (State::FinWait1, State::FinWait2) if self.unread_is_refused => {
                self.timers.set(Timer::Linger, now + timeouts::ORPHAN_TIMEOUT);
            }
            _ => {}
        }
    }

    /// Seventh: the octets, whose first one has the number `start`. Whether a FIN behind them is
    /// looked at.
    fn take_text(&mut self, now: Instant, start: Seq, segment: &Segment<'_>) -> bool {
        if segment.payload_length() == 0 {
            return true;
        }
        if !self.state.may_receive() {
            // After its FIN nothing can come from the peer: an old segment.
            self.ack = AckDue::Now;
            return false;
        }
        if self.unread_is_refused && segment.end().after(self.receive.nxt()) {
            // RFC 9293 §3.6.1: what nobody will read is lost, and the peer must know.
            self.abort();
            return false;
        }
        let before = self.receive.nxt();
        let mut start = start;
        for part in segment.payload {
            let length = u32::try_from(part.len()).expect("a packet is shorter");
            self.peer_segment = self.peer_segment.max(length);
            if length > 0 {
                let arrived = self.receive.insert(start, part);
                self.schedule_ack(now, arrived, before);
            }
            start += length;
        }
        true
    }

    /// When to acknowledge octets (RFC 9293 §3.8.6.3, RFC 5681 §4.2).
    // ANCHOR: ack
    fn schedule_ack(&mut self, now: Instant, arrived: Arrived, before: Seq) {
        self.unacknowledged += self.receive.nxt() - before;
        let patient = arrived == Arrived::InOrder { filled: false };
        self.quick_acks = if patient { self.quick_acks.saturating_sub(1) } else { QUICK_ACKS };
        if self.quick_acks > 0 || self.unacknowledged >= 2 * self.peer_segment {
            self.ack = AckDue::Now;
        } else if self.ack == AckDue::No {
            self.ack = AckDue::Delayed;
            self.timers.start(Timer::DelayedAck, now + self.config.delayed_ack);
        }
    }
    // ANCHOR_END: ack

    /// Eighth: the peer's FIN, once all before it is there.
    fn take_fin(&mut self, now: Instant, segment: &Segment<'_>) {
        if segment.has(Flags::FIN) && !self.fin_received {
            self.fin_at.get_or_insert(segment.end() - 1);
            self.ack = AckDue::Now;
        }
        if self.fin_received || self.fin_at != Some(self.receive.nxt()) {
            return;
        }
        self.fin_received = true;
        self.receive.finish();
        self.ack = AckDue::Now;
        self.state = self.state.fin_received();
        if self.state == State::TimeWait {
            self.linger(now);
        }
    }
}
