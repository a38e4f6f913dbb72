//! How much may be on the way: slow start, congestion avoidance, fast retransmit and fast recovery.
//!
//! ```text
//!   cwnd         ╱│                 × a loss, found by three duplicates: half, and on
//!              ╱  │ ╱╲ inflated     T the timer went off: one segment, and slow start
//!  slow      ×    ╲╱  ╲____╱  │
//!  start   ╱              ╱   T     ssthresh: where slow start ends,
//!        ╱            one more      half of what was on the way when the loss was found
//!  10 ──╱            each round
//! ```
//!
//! RFC 5681 has the first three, and RFC 6582 (NewReno) how a recovery ends. A position is that of
//! an octet in the stream, in 64 bits: the SYN has 0, the first octet of data has 1.

/// What arrived, as far as it matters here. It acknowledges nothing that was not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segment {
    /// The position that the peer expects next: all octets before it have arrived.
    pub ackno: u64,
    /// How many octets from there on the peer has room for.
    pub window: u32,
    /// How many sequence numbers the segment takes itself: its data, and one for a FIN.
    pub length: u32,
}

/// The congestion control of one sender. Sizes are in octets.
#[derive(Debug)]
pub struct Congestion {
    /// SMSS: what a full segment carries.
    mss: u32,
    cwnd: u32,
    ssthresh: u32,
    /// SND.UNA: the first octet that is not acknowledged.
    una: u64,
    /// SND.NXT: one past the last octet that was sent.
    nxt: u64,
    /// The window that the peer advertised last.
    peer_window: u32,
    // Yours to add: what else must be remembered?
}

impl Congestion {
    /// For a connection that is just established: nothing but the SYN was sent, and the peer's
    /// SYN advertised `peer_window`.
    pub fn new(mss: u32, peer_window: u32) -> Self {
        Self {
            mss,
            // RFC 6928 §2: ten segments, but no more than 14,600 octets unless two segments are.
            cwnd: (10 * mss).min((2 * mss).max(14_600)),
            ssthresh: u32::MAX, // RFC 5681 §3.1: arbitrarily high at first.
            una: 1,
            nxt: 1,
            peer_window,
        }
    }

    /// cwnd: how many octets may be on the way.
    pub fn window(&self) -> u32 {
        self.cwnd
    }

    /// ssthresh.
    pub fn threshold(&self) -> u32 {
        self.ssthresh
    }

    /// FlightSize: octets that were sent and are not acknowledged.
    pub fn flight_size(&self) -> u32 {
        u32::try_from(self.nxt - self.una).expect("a window of TCP is smaller than 4 GiB")
    }

    /// All octets before `nxt` have been sent now.
    pub fn sent(&mut self, nxt: u64) {
        self.nxt = self.nxt.max(nxt);
    }

    /// A segment arrived. True: the segment at SND.UNA is to be sent again, now.
    pub fn received(&mut self, segment: &Segment) -> bool {
        let _ = (segment, self.mss, self.peer_window); // Then this line can go.
        todo!("move una; grow the window, count a duplicate, or recover")
    }

    /// The retransmission timer went off. (The segment at SND.UNA is sent again by the caller.)
    pub fn timed_out(&mut self) {
        todo!("nothing comes back any more: begin again with one segment")
    }
}
