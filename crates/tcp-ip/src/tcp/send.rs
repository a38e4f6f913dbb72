//! The sending half of a connection: what is queued, and what becomes of it.
//!
//! ```text
//!                  una             nxt          una + window
//!    (acknowledged) │ on the way    │ may go      │ must wait
//!                   └────────── buffer ─────────────────────┘ end, and the FIN's number
//! ```
//!
//! Octets stay in the buffer until they are acknowledged, and leave it without being moved: a
//! segment is cut from where they are. What goes out when is decided in [`next`].

mod arrives;
pub mod next;

use std::collections::VecDeque;
use std::time::Duration;

use super::congestion::Controller;
use super::receive::make_room;
use super::recovery::{Phase, Recovery};
use super::rtt::RttEstimator;
use super::{DEFAULT_MSS, Seq};
use crate::Instant;

pub use arrives::{Acknowledged, Acknowledgment};
pub use next::{Planned, Why};

/// The sending half.
#[derive(Debug)]
pub struct Sender {
    /// What is not acknowledged; once the SYN is, the first octet has the number `una`.
    buffer: VecDeque<u8>,
    /// SND.UNA.
    una: Seq,
    /// SND.NXT: no number from here on was ever sent.
    nxt: Seq,
    fin: Fin,
    /// SND.WND: what the peer has room for, from `una` on.
    window: u32,
    /// MAX.SND.WND: the largest window that it ever told.
    max_window: u32,
    /// SND.WL1 and SND.WL2: the segment that told the window, so that an older one does not.
    told_by: (Seq, Seq),
    /// Octets of a full segment's payload.
    segment_size: u32,
    /// Whether the peer reports with SACK.
    sack: bool,
    /// How many octets may be queued.
    capacity: usize,
    /// Whether a small segment waits for acknowledgments.
    nagle: bool,
    /// A small segment has waited long enough: the next one goes out.
    overridden: bool,
    /// How far the peer's closed window is probed.
    probe: Probe,
    /// A number and when it was sent, once: a round trip to be measured without timestamps.
    timed: Option<(Seq, Instant)>,
    /// What was on the way when the last octet was sent for the first time, before any sign of
    /// a loss. If many acknowledgments arrive at once, less is when the loss is found.
    flight: u32,
    /// SND.NXT when the congestion window was last full, or SND.UNA, if all that was sent until then is
    /// acknowledged.
    filled: Seq,
    /// When anything was sent last: after a long silence, the congestion window is not believed.
    last_sent: Instant,
    /// SND.UNA when the retransmission timer last went off, and when that was.
    timed_out_at: Option<(Seq, Instant)>,
    recovery: Recovery,
    controller: Box<dyn Controller>,
    rtt: RttEstimator,
}

/// Our end of the stream. It takes a number, behind the last octet's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fin {
    NotYet,
    Queued,
    Acknowledged,
}

/// What is done about a window of zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Probe {
    /// Nothing.
    None,
    /// The timer went off: one octet goes out.
    Due,
    /// It did, and the window is still closed as far as we know.
    Sent,
}

impl Sender {
    /// Begins with the SYN's number. The SYN itself is the connection's affair.
    pub fn new(
        iss: Seq,
        capacity: usize,
        nagle: bool,
        controller: Box<dyn Controller>,
        rtt: RttEstimator,
    ) -> Self {
        Self {
            buffer: VecDeque::new(),
            una: iss,
            nxt: iss + 1,
            fin: Fin::NotYet,
            window: 0,
            max_window: 0,
            told_by: (iss, iss),
            segment_size: DEFAULT_MSS.into(),
            sack: false,
            capacity,
            nagle,
            overridden: false,
            probe: Probe::None,
            timed: None,
            flight: 0,
            filled: iss + 1,
            last_sent: Instant::ZERO,
            timed_out_at: None,
            recovery: Recovery::new(iss + 1),
            controller,
            rtt,
        }
    }

    /// What the SYNs agreed on.
    pub fn agree(&mut self, segment_size: u32, sack: bool) {
        self.sack = sack;
        self.set_segment_size(segment_size);
    }

    /// The SYN was acknowledged, by a segment with this number and window.
    pub fn establish(&mut self, sequence: Seq, window: u32) {
        self.una = self.nxt;
        self.told_by = (sequence, self.una);
        self.window = window;
        self.max_window = window;
    }

    /// When something that is late will count as lost.
    pub fn reordering_deadline(&self) -> Option<Instant> {
        self.recovery.deadline()
    }

    /// The SYN goes out, once more if `again`. Its round trip is the first sample (RFC 6298 §2.2),
    /// of one that was sent once (§3).
    pub fn sent_syn(&mut self, now: Instant, again: bool) {
        self.timed = (!again).then_some((self.una, now));
    }

    /// The round trip of the SYN.
    pub fn syn_took(&mut self, now: Instant) -> Option<Duration> {
        self.timed.take().map(|(_, sent)| now.since(sent))
    }

    /// SND.UNA.
    pub fn una(&self) -> Seq {
        self.una
    }

    /// SND.NXT.
    pub fn nxt(&self) -> Seq {
        self.nxt
    }

    /// SND.WND.
    pub fn window(&self) -> u32 {
        self.window
    }

    /// MAX.SND.WND.
    pub fn max_window(&self) -> u32 {
        self.max_window
    }

    /// Octets of a full segment's payload.
    pub fn segment_size(&self) -> u32 {
        self.segment_size
    }

    /// The path has another segment size. What is on the way was too large for it, or may have
    /// been.
    pub fn set_segment_size(&mut self, octets: u32) {
        self.segment_size = octets;
        self.controller.set_segment_size(octets);
    }

    /// Everything on the way was dropped for being too large: send it again, in smaller pieces.
    pub fn resend_all(&mut self) {
        self.recovery.lose_all(self.una, self.nxt);
    }

    /// Where the recovery from losses is.
    pub fn phase(&self) -> Phase {
        self.recovery.phase()
    }

    /// The congestion control.
    pub fn controller(&self) -> &dyn Controller {
        &*self.controller
    }

    /// The retransmission timeout.
    pub fn rtt(&self) -> &RttEstimator {
        &self.rtt
    }

    /// The same, to be told of what the handshake measured.
    pub fn rtt_mut(&mut self) -> &mut RttEstimator {
        &mut self.rtt
    }

    /// RFC 5681's FlightSize: what was sent and is not acknowledged.
    pub fn in_flight(&self) -> u32 {
        self.nxt - self.una
    }

    /// Octets that are queued or on the way.
    pub fn unacknowledged(&self) -> usize {
        self.buffer.len()
    }

    /// Octets of memory that it has taken, besides itself.
    pub fn memory(&self) -> usize {
        let controller = std::mem::size_of_val(self.controller());
        self.buffer.capacity() + self.recovery.memory() + controller
    }

    /// Queues octets, as many as there is room for.
    pub fn queue(&mut self, octets: &[u8]) -> usize {
        let length = octets.len().min(self.room());
        make_room(&mut self.buffer, length, self.capacity);
        self.buffer.extend(&octets[..length]);
        length
    }

    /// How many octets can be queued.
    pub fn room(&self) -> usize {
        match self.fin {
            Fin::NotYet => self.capacity.saturating_sub(self.buffer.len()),
            _ => 0,
        }
    }

    /// No more octets follow those that are queued.
    pub fn finish(&mut self) {
        if self.fin == Fin::NotYet {
            self.fin = Fin::Queued;
        }
    }

    /// Whether there was a [`finish`](Self::finish).
    pub fn is_finished(&self) -> bool {
        self.fin != Fin::NotYet
    }

    /// Whether all is acknowledged, the FIN too.
    pub fn fin_is_acknowledged(&self) -> bool {
        self.fin == Fin::Acknowledged
    }

    /// Whether the buffer has memory.
    pub fn holds_memory(&self) -> bool {
        self.buffer.capacity() > 0
    }

    /// Gives the buffer's memory back, if there is nothing in it.
    pub fn release(&mut self) {
        if self.buffer.is_empty() {
            self.buffer = VecDeque::new();
            self.recovery.release();
        }
    }

    /// A small segment has waited long enough.
    pub fn override_silence(&mut self) {
        self.overridden = true;
    }

    fn queued(&self) -> u32 {
        u32::try_from(self.buffer.len()).expect("a buffer is shorter than 4 GiB")
    }

    /// The number behind all that is queued, the FIN included.
    fn end(&self) -> Seq {
        self.una + self.queued() + u32::from(self.fin == Fin::Queued)
    }
}
