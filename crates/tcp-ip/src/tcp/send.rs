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

pub mod next;

use std::collections::VecDeque;
use std::time::Duration;

use super::congestion::{Ack, Controller};
use super::recovery::{Noticed, Phase, Recovery};
use super::rtt::{GRANULARITY, RttEstimator};
use super::{DEFAULT_MSS, Ranges, Seq};
use crate::Instant;

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
    /// What was on the way when the last octet was sent for the first time. If many
    /// acknowledgments arrive at once, less is when a loss is found.
    flight: u32,
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
        self.recovery.mark_lost(self.una, self.nxt);
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

    /// The same for the congestion control, which halves it when a loss is found (RFC 6675 §5,
    /// step 4.2).
    fn flight_size(&self) -> u32 {
        self.in_flight().max(self.flight.min(self.controller.window()))
    }

    /// Octets that are queued or on the way.
    pub fn unacknowledged(&self) -> usize {
        self.buffer.len()
    }

    /// Octets of memory that it has taken, besides itself.
    pub fn memory(&self) -> usize {
        self.buffer.capacity() + std::mem::size_of_val(self.controller())
    }

    /// Queues octets, as many as there is room for.
    pub fn queue(&mut self, octets: &[u8]) -> usize {
        let length = octets.len().min(self.room());
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
        }
    }

    /// Takes an acknowledgment: RFC 9293 §3.10.7.4 fifth, RFC 5681 §3.2.
    pub fn acknowledge(&mut self, now: Instant, ack: &Acknowledgment<'_>) -> Acknowledged {
        let mut done = Acknowledged::default();
        // RFC 5681 §2: a duplicate tells no new window.
        let same_window = ack.window == self.window;
        let news = if self.sack {
            self.recovery.sacked(ack.blocks, self.una.max(ack.number), self.nxt)
        } else {
            0
        };
        if ack.number.after(self.una) {
            done.advanced = true;
            self.advance(now, ack);
        }
        // RFC 6675 §2: with SACK, a duplicate is what reports something new.
        let duplicate = if self.sack {
            news > 0
        } else {
            ack.pure && same_window && !done.advanced && ack.number == self.una
        };
        if duplicate && self.in_flight() > 0 && self.probe == Probe::None {
            let in_flight = self.flight_size();
            let (una, nxt, size) = (self.una, self.nxt, self.segment_size);
            if self.recovery.duplicate(una, nxt, size, self.sack) == Noticed::Loss {
                self.controller.lost(now, in_flight);
                done.lost = true;
            }
        }
        if ack.number.at_or_after(self.una) {
            done.opened = self.tell_window(ack.sequence, ack.number, ack.window);
        }
        done
    }

    /// SND.UNA moves on.
    fn advance(&mut self, now: Instant, ack: &Acknowledgment<'_>) {
        let octets = ack.number - self.una;
        let before = self.recovery.phase();
        let pipe = self.recovery.pipe(self.una, self.nxt, self.segment_size);
        let in_flight = self.in_flight();
        if self.fin == Fin::Queued && ack.number == self.end() {
            self.fin = Fin::Acknowledged;
        }
        self.buffer.drain(..self.buffer.len().min(octets as usize));
        self.una = ack.number;
        self.measure(now, ack.rtt, in_flight);
        self.recovery.advanced(self.una, self.nxt, octets, self.segment_size, self.sack);
        if before != Phase::FastRecovery {
            let rtt = self.rtt.smoothed();
            let limited = before == Phase::Timeout || self.is_limited(pipe);
            // After a timeout, an acknowledgment that closes a gap is mostly of what has left the
            // network long ago, and must not release as much again (RFC 3465 says so of timeouts, too).
            let most = if before == Phase::Timeout { self.segment_size } else { u32::MAX };
            let octets = octets.min(most);
            self.controller.acknowledged(&Ack { now, octets, rtt, limited });
        }
    }

    /// Whether the congestion window was what held us back, while `pipe` was on the way. In slow
    /// start half of it is enough, since it has just doubled.
    fn is_limited(&self, pipe: u32) -> bool {
        let window = self.controller.window();
        if window < self.controller.threshold() {
            pipe.saturating_mul(2) >= window
        } else {
            pipe.saturating_add(2 * self.segment_size) >= window
        }
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
            self.recovery.mark_lost(self.una, self.nxt);
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
        self.recovery.timed_out(self.una, self.nxt, again);
        true
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
