//! Finding out what was lost, and sending it again: NewReno (RFC 6582), SACK (RFC 6675), and after
//! a timeout (RFC 5681 §3.1).
//!
//! ```text
//!   una             high_rxt      lost edge                        nxt
//!    │ sent again      │  lost, to be │        on the way            │  not sent yet
//!    │                 │  sent again  │                              │
//!    └─────────────────┴──────────────┴──────────────────────────────┘
//! ```
//!
//! The three differ in what they know. With SACK, the [`Scoreboard`] says what is lost. Without, it
//! is the one segment at `una`, and what the duplicate acknowledgments stand for has left the
//! network. After a timeout everything is lost. What follows is the same: what is lost goes out
//! first, then new data, as far as the congestion window has room beside what is on the way.

use super::sack::{DUP_THRESH, Scoreboard, Stretch};
use super::{Ranges, Seq};

/// What the sender makes of the acknowledgments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Nothing is known to be lost.
    Open,
    /// A loss was found by later segments' acknowledgments; what is on the way keeps the
    /// acknowledgments coming.
    FastRecovery,
    /// The retransmission timer went off: everything that was on the way is taken for lost.
    Timeout,
}

/// The state of it.
#[derive(Debug)]
pub struct Recovery {
    phase: Phase,
    /// RecoveryPoint: what was sent when the loss was found. The recovery ends there.
    point: Seq,
    /// Whether `point` means anything: before the first loss, there is none.
    has_point: bool,
    /// HighRxt: lost octets before it were sent again.
    high_rxt: Seq,
    /// All before it that is not SACKed is lost, whatever the scoreboard makes of it.
    lost_before: Seq,
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
    scoreboard: Scoreboard,
}

/// What an acknowledgment did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Noticed {
    /// Nothing of note.
    Nothing,
    /// A loss: the congestion controller must be told.
    Loss,
}

impl Recovery {
    /// For a connection whose first octet has the number `una`.
    pub fn new(una: Seq) -> Self {
        Self {
            phase: Phase::Open,
            point: una,
            has_point: false,
            high_rxt: una,
            lost_before: una,
            duplicates: 0,
            inflation: 0,
            at_once: false,
            rescued: false,
            scoreboard: Scoreboard::default(),
        }
    }

    /// Where it is.
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// Takes a SACK option; how many octets it reports for the first time.
    pub fn sacked(&mut self, blocks: &Ranges, una: Seq, nxt: Seq) -> u32 {
        self.scoreboard.update(blocks, una, nxt)
    }

    /// An acknowledgment moved `una` to where it is now, by `octets`.
    pub fn advanced(&mut self, una: Seq, nxt: Seq, octets: u32, segment_size: u32, sack: bool) {
        self.scoreboard.acknowledged(una);
        self.high_rxt = self.high_rxt.max(una);
        self.lost_before = self.lost_before.max(una);
        self.duplicates = 0;
        if self.phase == Phase::Open {
            return;
        }
        if una.at_or_after(self.point) {
            self.phase = Phase::Open;
            self.inflation = 0;
            self.at_once = false;
            return;
        }
        if self.phase == Phase::FastRecovery && !sack {
            // RFC 6582 §3.2 step 3, a partial acknowledgment: the segment that is now first is
            // lost, too. What has left the network deflates the window; one segment goes in.
            self.lost_before = (una + segment_size).min(nxt);
            self.high_rxt = una;
            self.at_once = true;
            let grown = if octets >= segment_size { segment_size } else { 0 };
            self.inflation = self.inflation.saturating_sub(octets) + grown;
        }
    }

    /// A duplicate acknowledgment, or one with news from SACK. `nxt`: SND.NXT.
    pub fn duplicate(&mut self, una: Seq, nxt: Seq, segment_size: u32, sack: bool) -> Noticed {
        self.duplicates += 1;
        match self.phase {
            Phase::FastRecovery if !sack => self.inflation += segment_size,
            // RFC 6582 §3.2 step 2 and RFC 6675 §5.1: after a timeout no fast recovery begins
            // until all that was sent before it is acknowledged.
            Phase::Open if !(self.has_point && una.before(self.point)) => {
                let sacked = sack && self.scoreboard.lost_edge(segment_size).is_some();
                if self.duplicates >= DUP_THRESH || sacked {
                    self.enter(una, nxt, segment_size, sack);
                    return Noticed::Loss;
                }
            }
            _ => {}
        }
        Noticed::Nothing
    }

    fn enter(&mut self, una: Seq, nxt: Seq, segment_size: u32, sack: bool) {
        self.phase = Phase::FastRecovery;
        self.point = nxt;
        self.has_point = true;
        self.high_rxt = una;
        self.lost_before = (una + segment_size).min(nxt);
        self.at_once = true;
        self.rescued = false;
        self.inflation = if sack { 0 } else { DUP_THRESH * segment_size };
    }

    /// The retransmission timer went off. `again`: the same segment's, once more.
    pub fn timed_out(&mut self, una: Seq, nxt: Seq, again: bool) {
        self.phase = Phase::Timeout;
        self.point = nxt;
        self.has_point = true;
        self.mark_lost(una, nxt);
        self.duplicates = 0;
        self.inflation = 0;
        if again {
            // Nothing that we sent since was of use: perhaps the receiver has thrown away what it
            // had reported (RFC 2018 §8).
            self.scoreboard.clear();
        }
    }

    /// Sends everything again that is not acknowledged, though nothing says that the path is
    /// congested: a probed window has opened, or the path takes smaller packets only.
    pub fn mark_lost(&mut self, una: Seq, nxt: Seq) {
        self.high_rxt = una;
        self.lost_before = nxt;
        self.at_once = una != nxt;
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

    /// Before which number all that is not SACKed is lost.
    fn lost_edge(&self, una: Seq, segment_size: u32) -> Seq {
        let by_sack = match self.phase {
            Phase::Open => None,
            _ => self.scoreboard.lost_edge(segment_size),
        };
        self.lost_before.max(una).max(by_sack.unwrap_or(una))
    }

    /// `SetPipe ()` (RFC 6675 §4): how many octets are on the way.
    pub fn pipe(&self, una: Seq, nxt: Seq, segment_size: u32) -> u32 {
        let edge = self.lost_edge(una, segment_size);
        if self.scoreboard.is_empty() {
            // Without SACK: what is after the lost ones, and what was sent again.
            return (nxt - edge.min(nxt)) + (self.high_rxt.max(una).min(edge) - una);
        }
        self.scoreboard.missing(edge, nxt) + self.scoreboard.missing(una, self.high_rxt)
    }

    /// The next lost stretch that was not sent again yet: rule 1 of `NextSeg ()`.
    pub fn next_lost(&self, una: Seq, segment_size: u32) -> Option<Stretch> {
        let edge = self.lost_edge(una, segment_size);
        self.scoreboard.gap(self.high_rxt.max(una), edge)
    }

    /// What may be sent again though it is not known to be lost, if there is no new data: rules 3
    /// and 4 of `NextSeg ()`.
    pub fn next_rescue(&self, una: Seq, nxt: Seq, segment_size: u32) -> Option<Stretch> {
        let highest = self.scoreboard.highest()?;
        if self.phase != Phase::FastRecovery {
            return None;
        }
        let doubtful = self.scoreboard.gap(self.high_rxt.max(una), highest);
        doubtful.or_else(|| {
            // Rule 4: once in a recovery, the last segment, or its loss would wait for a timeout.
            let last = (nxt - (nxt - highest).min(segment_size)).max(self.high_rxt);
            (!self.rescued && last.before(nxt)).then_some(Stretch { start: last, end: nxt })
        })
    }

    /// Whether the next lost octets go out whatever the window says.
    pub fn at_once(&self) -> bool {
        self.at_once
    }

    /// Octets were sent again: those of [`next_lost`](Self::next_lost), or in `rescue` those of
    /// [`next_rescue`](Self::next_rescue).
    pub fn retransmitted(&mut self, stretch: Stretch, rescue: bool) {
        self.at_once = false;
        if rescue && self.scoreboard.highest().is_some_and(|top| stretch.start.at_or_after(top)) {
            // Rule 4 does not move HighRxt (RFC 6675 §4): the lost ones before it are still due.
            self.rescued = true;
        } else {
            self.high_rxt = self.high_rxt.max(stretch.end);
        }
    }
}
