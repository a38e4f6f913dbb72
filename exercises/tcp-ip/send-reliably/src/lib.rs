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
    _yours: (), // Yours to replace.
}

impl Sender {
    /// Nothing is written yet.
    ///
    /// A segment carries `mss` octets at most, and its acknowledgment may take `rto`: here that is
    /// given, since measuring it was another exercise. The peer has room for `window` octets.
    pub fn new(mss: usize, rto: Duration, window: usize) -> Self {
        let _ = (mss, rto, window); // Yours to use; then this line can go.
        todo!("begin at position 0 with an empty buffer")
    }

    /// The application writes `octets`, behind all that it has written before.
    pub fn write(&mut self, octets: &[u8]) {
        let _ = octets; // Yours to use; then this line can go.
        todo!("keep them until they are acknowledged")
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
        let _ = (ackno, window, now); // Yours to use; then this line can go.
        todo!("let go of what has arrived")
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
        let _ = now; // Yours to use; then this line can go.
        todo!("send again, or send more, or nothing")
    }

    /// When [`next_segment`](Self::next_segment) is to be asked again, though nothing arrives.
    pub fn deadline(&self) -> Option<Duration> {
        todo!("return when the timer goes off, if it runs")
    }
}
