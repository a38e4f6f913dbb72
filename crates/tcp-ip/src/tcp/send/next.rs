//! What goes out next, if anything: every rule that holds a segment back, in one place.
//!
//! 1. A probe of a closed window, when its time has come (RFC 9293 §3.8.6.1).
//! 2. What was lost, oldest first, as the congestion window allows.
//! 3. New octets, as the congestion window and the peer's window allow, in segments that are worth
//!    it: Nagle (RFC 9293 §3.7.4), no silly windows (§3.8.6.2.1).
//! 4. What may have been lost, when there is nothing better (RFC 6675 §4).

use super::{Fin, Probe, Sender};
use crate::Instant;
use crate::tcp::recovery::Phase;
use crate::tcp::sack::Stretch;

/// What a segment carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Planned {
    /// The numbers that it takes, the FIN's included.
    pub stretch: Stretch,
    /// Whether the last one is the FIN's.
    pub fin: bool,
    /// Whether it is the last that is queued: the receiver need not wait for more (PSH).
    pub push: bool,
    /// Why it is sent.
    pub why: Why,
}

/// Why a segment is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// It is next.
    New,
    /// It was lost.
    Lost,
    /// It may have been lost.
    Rescue,
    /// To ask for a window.
    Probe,
}

impl Sender {
    /// The next segment. It must then be [`sent`](Self::sent).
    pub fn next(&self) -> Option<Planned> {
        if self.una == self.end() {
            return None; // Nearly always so, on a connection that only receives.
        }
        if self.probe == Probe::Due {
            let probe = Stretch { start: self.una, end: self.una + 1 };
            return Some(self.planned(probe, Why::Probe));
        }
        self.next_lost()
            .map(|stretch| self.planned(stretch, Why::Lost))
            .or_else(|| self.next_new().map(|stretch| self.planned(stretch, Why::New)))
            .or_else(|| self.next_rescue().map(|stretch| self.planned(stretch, Why::Rescue)))
    }

    fn planned(&self, stretch: Stretch, why: Why) -> Planned {
        let end = self.end();
        let last = stretch.end == end;
        Planned { stretch, fin: last && self.fin == Fin::Queued, push: last, why }
    }

    /// The octets of a segment, where they are in the buffer.
    pub fn octets(&self, planned: &Planned) -> [&[u8]; 2] {
        let from = (planned.stretch.start - self.una) as usize;
        let to = (planned.stretch.end - self.una) as usize - usize::from(planned.fin);
        let (head, tail) = self.buffer.as_slices();
        let in_head = |at: usize| at.min(head.len());
        let in_tail = |at: usize| at.saturating_sub(head.len());
        [&head[in_head(from)..in_head(to)], &tail[in_tail(from)..in_tail(to)]]
    }

    /// A segment went out.
    pub fn sent(&mut self, now: Instant, planned: &Planned) {
        let stretch = planned.stretch;
        match planned.why {
            Why::Lost => self.recovery.retransmitted(now, stretch, false),
            Why::Rescue => self.recovery.retransmitted(now, stretch, true),
            Why::Probe => self.probe = Probe::Sent,
            Why::New => self.overridden = false,
        }
        if stretch.end.after(self.nxt) {
            if self.timed.is_none() {
                self.timed = Some((stretch.end - 1, now));
            }
            self.recovery.sent(now, Stretch { start: self.nxt, end: stretch.end });
            self.nxt = stretch.end;
            if !self.recovery.is_suspicious() {
                self.flight = self.in_flight();
            }
        } else if self.timed.is_some_and(|(number, _)| stretch.end.after(number)) {
            self.timed = None; // Karn: sent twice.
        }
        self.last_sent = now;
    }

    /// Nothing more goes out for now: perhaps since the congestion window is full.
    pub fn notice_full_window(&mut self) {
        if self.una != self.nxt && self.fills_window() {
            self.filled = self.nxt;
        }
    }

    /// Whether the congestion window has no room for another segment. In slow start half of it is
    /// enough, since it has just doubled.
    fn fills_window(&self) -> bool {
        let (window, pipe) = (self.controller.window(), self.recovery.pipe());
        if window < self.controller.threshold() {
            pipe.saturating_mul(2) >= window
        } else {
            pipe.saturating_add(self.segment_size) > window
        }
    }

    /// The connection was silent for so long that the path may have changed (RFC 5681 §4.1).
    pub fn notice_silence(&mut self, now: Instant) {
        let quiet = self.una == self.nxt && self.last_sent != Instant::ZERO;
        if quiet && now.since(self.last_sent) > self.rtt.timeout() {
            self.controller.idle();
        }
    }

    /// How many octets more the congestion window lets out.
    fn allowance(&self) -> u32 {
        let window = self.controller.window();
        let extra = self.recovery.extra(self.segment_size, self.sack);
        window.saturating_add(extra).saturating_sub(self.recovery.pipe())
    }

    /// Whether the congestion window lets a segment out; its FIN weighs nothing.
    fn has_room(&self, stretch: Stretch) -> bool {
        self.allowance() >= stretch.len().min(self.segment_size)
    }

    fn next_lost(&self) -> Option<Stretch> {
        let lost = self.recovery.next_lost()?;
        let lost = self.cut(lost)?;
        (self.recovery.at_once() || self.has_room(lost)).then_some(lost)
    }

    fn next_rescue(&self) -> Option<Stretch> {
        let stretch = self.recovery.next_rescue(self.nxt, self.segment_size)?;
        let stretch = self.cut(stretch)?;
        self.has_room(stretch).then_some(stretch)
    }

    /// As much of a stretch as one segment carries and the peer has room for.
    fn cut(&self, stretch: Stretch) -> Option<Stretch> {
        let Stretch { start, end } = stretch;
        let octets_end = self.una + self.queued();
        let mut end = end.min(start + self.segment_size);
        if end == octets_end && stretch.end.after(octets_end) {
            end += 1; // The FIN has room in any segment.
        }
        let end = end.min(self.una + self.window);
        start.before(end).then_some(Stretch { start, end })
    }

    fn next_new(&self) -> Option<Stretch> {
        let all = Stretch { start: self.nxt, end: self.end() };
        if all.is_empty() {
            return None;
        }
        let next = self.cut(all)?;
        let room =
            self.recovery.phase() == Phase::Open && self.una == self.nxt || self.has_room(next);
        (room && self.is_worth_it(next, all.end)).then_some(next)
    }

    /// RFC 9293 §3.8.6.2.1: a full segment, or the last one, or much of what the peer ever had room
    /// for. With Nagle, the latter two wait until nothing else is on the way.
    // ANCHOR: worth
    fn is_worth_it(&self, next: Stretch, end: crate::tcp::Seq) -> bool {
        let quiet = self.una == self.nxt;
        let may_be_small = quiet || !self.nagle;
        let last = next.end == end;
        next.len() >= self.segment_size
            || last && (may_be_small || self.fin == Fin::Queued)
            || next.len() >= self.max_window / 2 && may_be_small
            || self.overridden
    }
    // ANCHOR_END: worth

    /// Whether a small segment is held back though nothing is on the way whose acknowledgment
    /// would let it go: then it must not wait for ever (RFC 9293 §3.8.6.2.1 (4)).
    pub fn is_held_back(&self) -> bool {
        self.una == self.nxt && self.window > 0 && self.una != self.end() && self.next().is_none()
    }
}
