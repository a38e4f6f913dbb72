//! The states of a TCP connection, and what each segment does to them (RFC 9293 §3.3.2, §3.10).
//!
//! ```text
//!              connect                      listen, SYN arrives
//!                 │                                  │
//!             SYN-SENT ───── SYN arrives ────► SYN-RECEIVED
//!                 │ SYN, ACK arrives                 │ ACK of our SYN arrives
//!                 └───────────► ESTABLISHED ◄────────┘
//!                      close ┌──────┴──────┐ FIN arrives
//!                       FIN-WAIT-1      CLOSE-WAIT
//!       FIN arrives ┌────────┤ ACK of FIN   │ close
//!                CLOSING  FIN-WAIT-2     LAST-ACK
//!       ACK of FIN  │        │ FIN arrives  │ ACK of FIN
//!                   └──► TIME-WAIT ──2MSL──►└──► CLOSED
//! ```
//!
//! Octets are only counted here: the other exercises move them. Nothing reads a clock.

/// RCV.WND: how many numbers from RCV.NXT on a segment may lie in.
pub const WINDOW: u32 = 1_000;

/// The state of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "they are named as in RFC 9293 §3.3.2")]
pub enum State {
    Closed,
    Listen,
    SynSent,
    SynReceived,
    Established,
    FinWait1,
    FinWait2,
    CloseWait,
    Closing,
    LastAck,
    TimeWait,
}

/// What a segment says, as far as the states care.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Segment {
    /// SEG.SEQ.
    pub seq: u32,
    /// SEG.ACK, if the ACK bit is set.
    pub ack: Option<u32>,
    /// The SYN bit.
    pub syn: bool,
    /// The FIN bit.
    pub fin: bool,
    /// The RST bit.
    pub rst: bool,
    /// How many octets it carries.
    pub octets: u32,
}

impl Segment {
    /// SEG.LEN: how many numbers it takes. SYN and FIN take one each.
    pub fn length(&self) -> u32 {
        self.octets + u32::from(self.syn) + u32::from(self.fin)
    }
}

/// Whether `number` is one of the `length` numbers from `first` on. They wrap.
pub fn within(number: u32, first: u32, length: u32) -> bool {
    number.wrapping_sub(first) < length
}

/// One end of a connection. Its application sends nothing but the end; the other end may send.
#[derive(Debug)]
pub struct Connection {
    state: State,
}

impl Connection {
    /// Waits for a peer. Our SYN will have the number `iss`.
    pub fn listen(iss: u32) -> Self {
        let _ = iss; // Yours to use; then this line can go.
        todo!("begin in LISTEN")
    }

    /// Asks a peer for a connection, by the segment that it returns. Our SYN has the number `iss`.
    pub fn connect(iss: u32) -> (Self, Segment) {
        let _ = iss; // Yours to use; then this line can go.
        todo!("begin in SYN-SENT, with a SYN")
    }

    /// The state.
    pub fn state(&self) -> State {
        self.state
    }

    /// The application has nothing more to send (§3.10.4). Returns the segment that says so, if one
    /// is to be sent now.
    pub fn close(&mut self) -> Option<Segment> {
        todo!("send FIN, or be closed at once where nobody knows of us")
    }

    /// 2MSL have passed in TIME-WAIT.
    pub fn time_has_passed(&mut self) {
        todo!("leave TIME-WAIT")
    }

    /// A segment arrives (§3.10.7). Returns the answer, if there is one.
    pub fn arrives(&mut self, segment: &Segment) -> Option<Segment> {
        let _ = segment; // Yours to use; then this line can go.
        todo!("do what RFC 9293 §3.10.7 says, in its order")
    }
}
