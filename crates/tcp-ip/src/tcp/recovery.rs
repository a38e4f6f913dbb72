//! Finding out what was lost, and sending it again: NewReno (RFC 6582), SACK with RACK (RFC 6675,
//! RFC 8985), and after a timeout (RFC 5681 §3.1).
//!
//! ```text
//!   una                                                       nxt
//!    │ lost │ on the way │ SACKed │ lost │ SACKed │ on the way │  not sent yet
//!    └──────┴────────────┴────────┴──────┴────────┴────────────┘
//! ```
//!
//! Each octet between UNA and NXT is in one of three places: the [`Flight`], the [`Scoreboard`] of
//! what the receiver has, or among the lost ones, from where a retransmission takes it back to the
//! flight. What is lost, [`Rack`] finds out if there is SACK. Without, it is the one segment at
//! `una`, and each duplicate acknowledgment stands for one that has left the network. After a
//! timeout it is what should have been acknowledged long ago. What follows is the same: what is
//! lost goes out first, then new data, as far as the congestion window has room beside what is on
//! the way.

use std::time::Duration;

use super::flight::Flight;
use super::options::MOST_RANGES;
use super::rack::Rack;
use super::sack::{DUP_THRESH, Scoreboard, Stretch, Stretches};
use super::{Ranges, Seq};
use crate::Instant;

/// What the sender makes of the acknowledgments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Nothing is known to be lost.
    Open,
    /// A loss was found by later segments' acknowledgments; what is on the way keeps the
    /// acknowledgments coming.
    FastRecovery,
    /// The retransmission timer went off: what was on the way for long is taken for lost.
    Timeout,
}

/// The state of it.
#[derive(Debug)]
pub struct Recovery {
    phase: Phase,
    /// RecoveryPoint: what was sent when the loss was found. The recovery ends there. None, once
    /// something beyond it is acknowledged.
    point: Option<Seq>,
    /// How many transmissions there had been when the congestion window was last reduced.
    reduced: Seq,
    flight: Flight,
    /// What is to be sent again: never more stretches than the flight had transmissions.
    lost: Stretches,
    scoreboard: Scoreboard,
    rack: Rack,
    /// When what is late will count as lost (RFC 8985 §6.2, step 5): the reordering timer.
    due: Option<Instant>,
    /// Duplicate acknowledgments in a row.
    duplicates: u32,
    /// NewReno: octets by which the window is larger, since as many have left the network
    /// (RFC 6582 §3.2).
    inflation: u32,
    /// The next retransmission goes out even if the window has no room (RFC 6675 §5, step 4.3).
    at_once: bool,
    /// RescueRxt: one retransmission of the last segment was sent in this recovery
    /// (RFC 6675 §4, NextSeg rule 4).
    rescued: bool,
}

/// What an acknowledgment did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Noticed {
    /// Nothing of note.
    Nothing,
    /// A loss: the congestion controller must be told.
    Loss,
}

/// What is the same for all of an acknowledgment's steps.
#[derive(Debug, Clone, Copy)]
pub struct Path {
    /// When it arrived.
    pub now: Instant,
    /// SND.UNA, after it.
    pub una: Seq,
    /// SND.NXT.
    pub nxt: Seq,
    /// Octets of a full segment's payload.
    pub segment_size: u32,
    /// Whether the peer reports with SACK.
    pub sack: bool,
    /// SRTT, if it is known.
    pub smoothed: Option<Duration>,
    /// The round trip that the acknowledgment's timestamp measures.
    pub echoed: Option<Duration>,
}

impl Path {
    fn first_segment(&self) -> Stretch {
        Stretch { start: self.una, end: (self.una + self.segment_size).min(self.nxt) }
    }
}

impl Recovery {
    /// For a connection whose first octet has the number `una`.
    pub fn new(una: Seq) -> Self {
        Self {
            phase: Phase::Open,
            point: None,
            reduced: Seq(0),
            flight: Flight::default(),
            lost: Stretches::default(),
            scoreboard: Scoreboard::default(),
            rack: Rack::new(una),
            due: None,
            duplicates: 0,
            inflation: 0,
            at_once: false,
            rescued: false,
        }
    }

    /// Where it is.
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// When [`detect`](Self::detect) may find something without an acknowledgment.
    pub fn deadline(&self) -> Option<Instant> {
        self.due
    }

    /// Takes the SACK option of an acknowledgment of `number`; how many octets it reports for the first
    /// time.
    pub fn sacked(&mut self, blocks: &Ranges, number: Seq, path: &Path) -> u32 {
        let Some(first) = blocks.iter().next() else { return 0 };
        if first.start.before(number) {
            // RFC 2883 §4: what stands before the acknowledgment's own number came twice. (An
            // acknowledgment that was overtaken may report what is before UNA by now.)
            self.rack.sent_in_vain(path.una, path.nxt);
        }
        // In the order of their numbers, or those of one segment would seem to overtake each other.
        let mut stretches = [Stretch { start: path.una, end: path.una }; MOST_RANGES];
        for (stretch, block) in stretches.iter_mut().zip(blocks.iter()) {
            *stretch = Stretch { start: block.start, end: block.end };
        }
        stretches.sort_by_key(|stretch| stretch.start.ahead_of(path.una));
        let mut news = 0;
        for stretch in stretches {
            let new = self.scoreboard.update(stretch, path.una, path.nxt);
            if new > 0 {
                self.arrived(stretch, path);
            }
            news += new;
        }
        news
    }

    /// What the peer has of a stretch is neither on the way nor lost.
    fn arrived(&mut self, stretch: Stretch, path: &Path) {
        let (rack, Path { now, echoed, .. }) = (&mut self.rack, *path);
        self.flight.take(stretch, |part| rack.arrived(now, part, echoed));
        if !self.lost.is_empty() && self.lost.remove(stretch) > 0 && self.phase != Phase::Timeout {
            rack.was_overtaken();
        }
    }

    /// An acknowledgment moved `una` to where it is now, from `before`.
    pub fn advanced(&mut self, before: Seq, path: &Path) -> Noticed {
        let una = path.una;
        self.scoreboard.acknowledged(una);
        self.arrived(Stretch { start: before, end: una }, path);
        self.duplicates = 0;
        if self.phase == Phase::FastRecovery && !path.sack {
            self.deflate(una - before, path);
        }
        let over = self.point.is_some_and(|point| una.at_or_after(point));
        if self.point.is_some_and(|point| una.after(point)) {
            self.point = None;
        }
        if !over || self.phase == Phase::Open {
            return Noticed::Nothing;
        }
        self.phase = Phase::Open;
        self.inflation = 0;
        self.at_once = false;
        self.rack.recovered();
        if self.lost.is_empty() {
            return Noticed::Nothing;
        }
        // What is lost of the data behind the point belongs to the next recovery.
        self.enter(path);
        Noticed::Loss
    }

    /// RFC 6582 §3.2 step 3, a partial acknowledgment: the segment that is now first is lost, too.
    /// What has left the network deflates the window; one segment goes in.
    fn deflate(&mut self, octets: u32, path: &Path) {
        if self.point.is_some_and(|point| path.una.before(point)) {
            self.lose(path.first_segment());
            self.at_once = true;
            let grown = if octets >= path.segment_size { path.segment_size } else { 0 };
            self.inflation = self.inflation.saturating_sub(octets) + grown;
        }
    }

    /// A duplicate acknowledgment, if there is no SACK.
    pub fn duplicate(&mut self, path: &Path) -> Noticed {
        self.duplicates += 1;
        match self.phase {
            Phase::FastRecovery => self.inflation += path.segment_size,
            // RFC 6582 §3.2 step 2 and §4: more than the last recovery's point must be acknowledged,
            // and not just all of it. Three duplicates that stand right there are most likely the
            // answers to what was sent again in vain.
            Phase::Open if self.point.is_none() && self.duplicates >= DUP_THRESH => {
                self.enter(path);
                self.lose(path.first_segment());
                self.inflation = DUP_THRESH * path.segment_size;
                return Noticed::Loss;
            }
            _ => {}
        }
        Noticed::Nothing
    }

    /// `RACK_detect_loss ()` (RFC 8985 §6.2, step 5): after each acknowledgment, and at the
    /// [`deadline`](Self::deadline).
    pub fn detect(&mut self, path: &Path) -> Noticed {
        self.due = None;
        if !path.sack || self.scoreboard.is_empty() && !self.flight.has_retransmissions() {
            return Noticed::Nothing; // What arrived is the oldest: nothing was overtaken.
        }
        let window = self.rack.window(self.is_sure(path.segment_size), path.smoothed);
        let (rack, lost, due, reduced) = (&self.rack, &mut self.lost, &mut self.due, self.reduced);
        let (mut found, mut again) = (false, false);
        self.flight.take_while(|sent| {
            // They stand in the order in which they were sent: behind the first one that was sent
            // later, all were.
            let late = rack.lost_at(sent, window)? <= path.now;
            if late {
                lost.insert(sent.stretch, usize::MAX);
                found = true;
                again |= sent.again && sent.order.after(reduced);
            } else {
                *due = rack.lost_at(sent, window);
            }
            Some(late)
        });
        // RFC 5681 §4.3: the loss of a retransmission is one more sign of congestion.
        let begins = match self.phase {
            Phase::Open => found,
            Phase::FastRecovery => again,
            Phase::Timeout => false,
        };
        if !begins {
            return Noticed::Nothing;
        }
        self.enter(path);
        Noticed::Loss
    }

    /// Whether there is no doubt that something is lost (RFC 8985 §6.2, step 4).
    fn is_sure(&self, segment_size: u32) -> bool {
        self.phase != Phase::Open || self.scoreboard.first_gap_is_lost(segment_size)
    }

    fn enter(&mut self, path: &Path) {
        self.phase = Phase::FastRecovery;
        self.point = Some(path.nxt);
        self.reduced = self.flight.count();
        self.at_once = true;
        self.rescued = false;
        self.inflation = 0;
    }

    /// The retransmission timer went off. `again`: the same segment's, once more.
    pub fn timed_out(&mut self, path: &Path, again: bool) {
        self.phase = Phase::Timeout;
        self.point = Some(path.nxt);
        self.reduced = self.flight.count();
        self.duplicates = 0;
        self.inflation = 0;
        self.due = None;
        if again || !path.sack {
            // Nothing that we sent since was of use: perhaps the receiver has thrown away what it
            // had reported (RFC 2018 §8).
            self.scoreboard.clear();
            self.lose_all(path.una, path.nxt);
            return;
        }
        // RFC 8985 §6.3: the first one, and what was sent more than a round trip ago.
        self.lose(path.first_segment());
        let window = self.rack.window(true, path.smoothed);
        let (rack, lost) = (&self.rack, &mut self.lost);
        self.flight.take_while(|sent| {
            let late = rack.is_late(path.now, sent, window);
            if late {
                lost.insert(sent.stretch, usize::MAX);
            }
            Some(late)
        });
        self.at_once = true;
    }

    /// Sends everything again that is not acknowledged, though nothing says that the path is
    /// congested: a probed window has opened, or the path takes smaller packets only.
    pub fn lose_all(&mut self, una: Seq, nxt: Seq) {
        self.flight.clear();
        self.lost.clear();
        let mut from = una;
        while let Some(gap) = self.scoreboard.gap(from, nxt) {
            self.lost.insert(gap, usize::MAX);
            from = gap.end;
        }
        self.at_once = una != nxt;
    }

    /// What is on the way of a stretch is lost.
    fn lose(&mut self, stretch: Stretch) {
        let lost = &mut self.lost;
        self.flight.take(stretch, |part| {
            lost.insert(part.stretch, usize::MAX);
        });
    }

    /// Octets that may be sent beyond the congestion window.
    pub fn extra(&self, segment_size: u32, sack: bool) -> u32 {
        match self.phase {
            // Limited transmit (RFC 3042): the first two duplicate acknowledgments let a segment
            // each go out. With SACK, what is reported is not on the way, which is the same.
            Phase::Open if !sack => self.duplicates.min(DUP_THRESH - 1) * segment_size,
            _ => self.inflation,
        }
    }

    /// Whether new data that goes out now is limited transmit's (RFC 3042).
    pub fn is_suspicious(&self) -> bool {
        self.duplicates > 0 || !self.scoreboard.is_empty()
    }

    /// `SetPipe ()` (RFC 6675 §4): how many octets are on the way.
    pub fn pipe(&self) -> u32 {
        self.flight.octets()
    }

    /// The first lost stretch: rule 1 of `NextSeg ()`.
    pub fn next_lost(&self) -> Option<Stretch> {
        self.lost.as_slice().first().copied()
    }

    /// What may be sent again though it is not known to be lost, if there is no new data: rule 4 of
    /// `NextSeg ()`. Once in a recovery, the last segment, or its loss would wait for a timeout. (What
    /// rule 3 would send, RACK has found.)
    pub fn next_rescue(&self, nxt: Seq, segment_size: u32) -> Option<Stretch> {
        let highest = self.scoreboard.highest()?;
        if self.phase != Phase::FastRecovery || self.rescued || !highest.before(nxt) {
            return None;
        }
        Some(Stretch { start: nxt - (nxt - highest).min(segment_size), end: nxt })
    }

    /// Whether the next lost octets go out whatever the window says.
    pub fn at_once(&self) -> bool {
        self.at_once
    }

    /// Octets were sent for the first time.
    pub fn sent(&mut self, now: Instant, stretch: Stretch) {
        self.flight.send(stretch, now, false);
    }

    /// Octets were sent again: those of [`next_lost`](Self::next_lost), or in `rescue` those of
    /// [`next_rescue`](Self::next_rescue).
    pub fn retransmitted(&mut self, now: Instant, stretch: Stretch, rescue: bool) {
        self.at_once = false;
        self.rescued |= rescue;
        self.flight.take(stretch, |_| {});
        self.lost.remove(stretch);
        self.flight.send(stretch, now, true);
    }

    /// Gives memory back, if nothing is on the way.
    pub fn release(&mut self) {
        self.flight.release();
    }

    /// Octets of memory that it has taken, besides itself.
    pub fn memory(&self) -> usize {
        self.flight.memory()
    }
}

#[cfg(test)]
mod tests;
