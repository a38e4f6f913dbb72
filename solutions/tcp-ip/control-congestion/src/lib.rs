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
    // answer: // Yours to add: what else must be remembered?
    /// Duplicate acknowledgments in a row.
    duplicates: u32,
    /// Whether a fast recovery is under way.
    recovering: bool,
    /// SND.NXT when the last loss was found: what was sent before belongs to that window.
    recover: u64,
    /// Octets acknowledged in congestion avoidance since the window last grew.
    counted: u32,
    // end answer
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
            // answer:
            duplicates: 0,
            recovering: false,
            recover: 1,
            counted: 0,
            // end answer
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
        // answer: let _ = (segment, self.mss, self.peer_window); // Then this line can go.
        // answer: todo!("move una; grow the window, count a duplicate, or recover")
        if segment.ackno < self.una {
            return false; // It was overtaken on its way, and says nothing new.
        }
        if segment.ackno > self.una {
            self.peer_window = segment.window;
            return self.advanced(segment.ackno);
        }
        // RFC 5681 §2, what a duplicate acknowledgment is: only this is a sign of a hole.
        let outstanding = self.flight_size() > 0;
        let same_window = segment.window == self.peer_window;
        self.peer_window = segment.window;
        if !(outstanding && segment.length == 0 && same_window) {
            return false;
        }
        if self.recovering {
            self.cwnd += self.mss; // One more segment has left the network (§3.2 step 4).
            return false;
        }
        self.duplicates += 1;
        // RFC 6582 §3.2 step 2: below `recover` it is still the loss that was paid for.
        if self.duplicates != 3 || segment.ackno <= self.recover {
            return false;
        }
        self.lost();
        self.recovering = true;
        self.cwnd = self.ssthresh + 3 * self.mss;
        true
        // end answer
    }

    /// The retransmission timer went off. (The segment at SND.UNA is sent again by the caller.)
    pub fn timed_out(&mut self) {
        // answer: todo!("nothing comes back any more: begin again with one segment")
        self.lost();
        self.recovering = false;
        self.cwnd = self.mss; // RFC 5681 §3.1: LW, the loss window.
        // end answer
    }
    // answer:

    /// New data was acknowledged.
    fn advanced(&mut self, ackno: u64) -> bool {
        let acked = u32::try_from(ackno - self.una).expect("no more than is on the way");
        self.una = ackno;
        self.duplicates = 0;
        if !self.recovering {
            self.grow(acked);
        } else if ackno >= self.recover {
            // RFC 6582 §3.2 step 3, a full acknowledgment: out with the inflation, and no burst.
            self.recovering = false;
            self.cwnd = self.ssthresh.min(self.flight_size().max(self.mss) + self.mss);
        } else {
            // A partial one: the segment that is now first was lost as well.
            let again = if acked >= self.mss { self.mss } else { 0 };
            self.cwnd = self.cwnd.saturating_sub(acked) + again;
        }
        self.recovering
    }

    fn grow(&mut self, acked: u32) {
        if self.cwnd < self.ssthresh {
            self.cwnd += acked.min(self.mss); // RFC 5681 §3.1 (2)
            return;
        }
        // A segment more for each window that was acknowledged, however the peer cuts its acks.
        self.counted += acked;
        if self.counted >= self.cwnd {
            self.counted -= self.cwnd;
            self.cwnd += self.mss;
        }
    }

    /// What every loss costs: RFC 5681 §3.1 (4).
    fn lost(&mut self) {
        self.ssthresh = (self.flight_size() / 2).max(2 * self.mss);
        self.recover = self.nxt;
        self.duplicates = 0;
        self.counted = 0;
    }
    // end answer
}
