//! The sending half of a TCP: each octet arrives, and none is sent too often.
//!
//! ```text
//!               una             nxt           una + window
//!  acknowledged  │  on the way   │  may go      │  must wait
//!                └──────────── the buffer ─────────────────────┘
//! ```
//!
//! Nothing here reads a clock or opens a socket. Whoever has both asks [`Sender::next_segment`] until
//! it returns `None`, and asks again when an acknowledgment comes, or the [`Sender::deadline`].

// answer:
use std::collections::VecDeque;
// end answer
use std::time::Duration;

/// No wait is longer (RFC 6298 §2.5).
pub const MAXIMUM: Duration = Duration::from_secs(60);

/// Octets of the stream, on their way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// Where in the stream the first of them belongs. (From 0 on, and it does not wrap: 32 bits were
    /// another exercise.)
    pub position: usize,
    /// At least one, at most a full segment.
    pub octets: Vec<u8>,
}

/// Sends a stream, and sends again what got lost.
#[derive(Debug)]
pub struct Sender {
    // answer: _yours: (), // Yours to replace.
    mss: usize,
    rto: Duration,
    /// How many octets from `una` on the peer has room for.
    window: usize,
    /// All that was written and is not acknowledged: from `una` on.
    buffer: VecDeque<u8>,
    una: usize,
    /// What comes next. A probe does not move it: it may well be refused.
    nxt: usize,
    /// Behind all that was ever sent, in a probe as well.
    highest: usize,
    timer: Option<Duration>,
    /// Timeouts in a row, and probes since the window closed: each doubles the wait for its like.
    timeouts: u32,
    probes: u32,
    // end answer
}

impl Sender {
    /// Nothing is written yet.
    ///
    /// A segment carries `mss` octets at most, and its acknowledgment may take `rto`: here that is
    /// given, since measuring it was another exercise. The peer has room for `window` octets.
    pub fn new(mss: usize, rto: Duration, window: usize) -> Self {
        // answer: let _ = (mss, rto, window); // Yours to use; then this line can go.
        // answer: todo!("begin at position 0 with an empty buffer")
        let (buffer, una, nxt, highest) = (VecDeque::new(), 0, 0, 0);
        let (timer, timeouts, probes) = (None, 0, 0);
        Self { mss, rto, window, buffer, una, nxt, highest, timer, timeouts, probes }
        // end answer
    }

    /// The application writes `octets`, behind all that it has written before.
    pub fn write(&mut self, octets: &[u8]) {
        // answer: let _ = octets; // Yours to use; then this line can go.
        // answer: todo!("keep them until they are acknowledged")
        self.buffer.extend(octets);
        // end answer
    }

    /// An ACK arrives: the peer has all before `ackno`, and room for `window` octets from there on.
    ///
    /// It is ignored if it acknowledges what was never sent, or less than an ACK before it. (A TCP
    /// would look at SEG.SEQ as well, to know which of two ACKs with the same number is newer.)
    ///
    /// If it acknowledges something new, or opens a window that was zero, the timer starts anew when
    /// something is still on the way, and stops otherwise (RFC 6298 §5.2, §5.3). Something new also
    /// ends a row of timeouts, as in Linux. (RFC 6298 would wait for a new measurement.)
    pub fn acknowledged(&mut self, ackno: usize, window: usize, now: Duration) {
        // answer: let _ = (ackno, window, now); // Yours to use; then this line can go.
        // answer: todo!("let go of what has arrived")
        if ackno < self.una || ackno > self.highest {
            return;
        }
        let opened = self.window == 0 && window > 0;
        let new = ackno > self.una;
        self.window = window;
        self.buffer.drain(..ackno - self.una);
        self.una = ackno;
        self.nxt = self.nxt.max(ackno);
        if new {
            self.timeouts = 0;
        }
        if opened {
            self.probes = 0;
        }
        // Any other ACK, a duplicate above all, says nothing of the octets that the timer is for.
        if new || opened {
            self.timer = (self.nxt > self.una).then(|| now + self.wait());
        }
        // end answer
    }

    /// What is to be sent at `now`; `None`: nothing more, until something happens.
    ///
    /// First, if the timer has gone off, what it is for: the octets from the oldest unacknowledged
    /// one on, as many as one segment holds and were sent before; nothing behind them. If the window
    /// is zero it is a probe, and one octet.
    ///
    /// Then new octets: as many as the segment and the window hold. (A TCP would wait for more to
    /// fill a segment, RFC 9293 §3.7.4; this one never does.)
    ///
    /// The timer starts, if it does not run, when something is sent, or waits for a window that is
    /// zero.
    pub fn next_segment(&mut self, now: Duration) -> Option<Segment> {
        // answer: let _ = now; // Yours to use; then this line can go.
        // answer: todo!("send again, or send more, or nothing")
        if self.timer.is_some_and(|at| at <= now) {
            return Some(self.send_again(now));
        }
        let on_the_way = self.nxt - self.una;
        let room = self.window.saturating_sub(on_the_way);
        let length = self.mss.min(room).min(self.buffer.len() - on_the_way);
        let segment = (length > 0).then(|| self.cut(self.nxt, length));
        self.nxt += length;
        if self.nxt > self.una || (self.window == 0 && !self.buffer.is_empty()) {
            self.timer.get_or_insert(now + self.wait());
        }
        segment
        // end answer
    }

    /// When [`next_segment`](Self::next_segment) is to be asked again, though nothing arrives.
    pub fn deadline(&self) -> Option<Duration> {
        // answer: todo!("return when the timer goes off, if it runs")
        self.timer
        // end answer
    }
    // answer:

    /// The timer went off.
    fn send_again(&mut self, now: Duration) -> Segment {
        let length = if self.window == 0 {
            // RFC 9293 §3.8.6.1. Nothing is lost: it is the peer who has no room, and says so.
            self.probes += 1;
            1
        } else {
            self.timeouts += 1;
            self.mss.min(self.nxt - self.una)
        };
        self.timer = Some(now + self.wait());
        self.cut(self.una, length)
    }

    /// How long the timer runs: doubled for each time in a row that it went off for this reason.
    fn wait(&self) -> Duration {
        let doublings = if self.window == 0 { self.probes } else { self.timeouts };
        self.rto.saturating_mul(1 << doublings.min(30)).min(MAXIMUM)
    }

    fn cut(&mut self, position: usize, length: usize) -> Segment {
        self.highest = self.highest.max(position + length);
        let from = position - self.una;
        Segment { position, octets: self.buffer.range(from..from + length).copied().collect() }
    }
    // end answer
}
