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
    // answer:
    /// Whether it began with LISTEN.
    passive: bool,
    /// SND.NXT. Of our SYN and FIN, the last one sent has the number before it.
    snd_nxt: u32,
    /// RCV.NXT, once the peer's SYN has arrived.
    rcv_nxt: u32,
    // end answer
}

impl Connection {
    /// Waits for a peer. Our SYN will have the number `iss`.
    pub fn listen(iss: u32) -> Self {
        // answer: let _ = iss; // Yours to use; then this line can go.
        // answer: todo!("begin in LISTEN")
        Self { state: State::Listen, passive: true, snd_nxt: iss, rcv_nxt: 0 }
        // end answer
    }

    /// Asks a peer for a connection, by the segment that it returns. Our SYN has the number `iss`.
    pub fn connect(iss: u32) -> (Self, Segment) {
        // answer: let _ = iss; // Yours to use; then this line can go.
        // answer: todo!("begin in SYN-SENT, with a SYN")
        let snd_nxt = iss.wrapping_add(1);
        let connection = Self { state: State::SynSent, passive: false, snd_nxt, rcv_nxt: 0 };
        (connection, Segment { seq: iss, syn: true, ..Segment::default() })
        // end answer
    }

    /// The state.
    pub fn state(&self) -> State {
        self.state
    }

    /// The application has nothing more to send (§3.10.4). Returns the segment that says so, if one
    /// is to be sent now.
    pub fn close(&mut self) -> Option<Segment> {
        // answer: todo!("send FIN, or be closed at once where nobody knows of us")
        self.state = match self.state {
            State::Listen | State::SynSent => State::Closed,
            State::SynReceived | State::Established => State::FinWait1,
            State::CloseWait => State::LastAck,
            _ => return None,
        };
        (self.state != State::Closed).then(|| {
            let fin = Segment { fin: true, ..self.ack() };
            self.snd_nxt = self.snd_nxt.wrapping_add(1);
            fin
        })
        // end answer
    }

    /// 2MSL have passed in TIME-WAIT.
    pub fn time_has_passed(&mut self) {
        // answer: todo!("leave TIME-WAIT")
        if self.state == State::TimeWait {
            self.state = State::Closed;
        }
        // end answer
    }

    /// A segment arrives (§3.10.7). Returns the answer, if there is one.
    pub fn arrives(&mut self, segment: &Segment) -> Option<Segment> {
        // answer: let _ = segment; // Yours to use; then this line can go.
        // answer: todo!("do what RFC 9293 §3.10.7 says, in its order")
        match self.state {
            State::Closed => reset_for(segment),
            State::Listen => self.arrives_in_listen(segment),
            State::SynSent => self.arrives_in_syn_sent(segment),
            State::SynReceived if self.repeats_syn(segment) => self.syn_comes_again(segment),
            _ => self.arrives_later(segment),
        }
        // end answer
    }
    // answer:

    /// §3.10.7.2.
    fn arrives_in_listen(&mut self, segment: &Segment) -> Option<Segment> {
        if segment.rst {
            return None;
        }
        if segment.ack.is_some() {
            return reset_for(segment);
        }
        segment.syn.then(|| self.answer_syn(segment))
    }

    /// §3.10.7.3.
    fn arrives_in_syn_sent(&mut self, segment: &Segment) -> Option<Segment> {
        let ours = segment.ack.map(|ack| ack == self.snd_nxt);
        if ours == Some(false) {
            return reset_for(segment);
        }
        if segment.rst {
            // Only who has seen our SYN can acknowledge it.
            if ours == Some(true) {
                self.state = State::Closed;
            }
            return None;
        }
        if !segment.syn {
            return None;
        }
        if ours.is_none() {
            // Both have asked at once. Our SYN goes again, with an ACK of theirs.
            self.snd_nxt = self.snd_nxt.wrapping_sub(1);
            return Some(self.answer_syn(segment));
        }
        self.rcv_nxt = segment.seq.wrapping_add(1);
        self.state = State::Established;
        Some(self.ack())
    }

    /// §3.10.7.4, for all other states.
    fn arrives_later(&mut self, segment: &Segment) -> Option<Segment> {
        if !self.is_acceptable(segment) {
            return (!segment.rst).then(|| self.ack());
        }
        if segment.rst {
            // RFC 5961 §3.2: whoever only guesses the window is asked, and cannot answer.
            if segment.seq != self.rcv_nxt {
                return Some(self.ack());
            }
            let refused = self.state == State::SynReceived && self.passive;
            self.state = if refused { State::Listen } else { State::Closed };
            if refused {
                self.snd_nxt = self.snd_nxt.wrapping_sub(1);
            }
            return None;
        }
        if segment.syn {
            return Some(self.ack()); // RFC 5961 §4.2.
        }
        let ack = segment.ack?;
        if ack == self.snd_nxt {
            self.all_is_acknowledged();
        } else if self.state == State::SynReceived {
            return reset_for(segment);
        } else if within(ack, self.snd_nxt, 1 << 31) {
            return Some(self.ack()); // Of something that was never sent.
        }
        self.take_octets_and_fin(segment)
    }

    /// Fifth: our SYN, or our FIN, has arrived.
    fn all_is_acknowledged(&mut self) {
        self.state = match self.state {
            State::SynReceived => State::Established,
            State::FinWait1 => State::FinWait2,
            State::Closing => State::TimeWait,
            State::LastAck => State::Closed,
            other => other,
        };
    }

    /// Seventh and eighth.
    fn take_octets_and_fin(&mut self, segment: &Segment) -> Option<Segment> {
        if segment.length() == 0 || self.state == State::Closed {
            return None;
        }
        let may_receive =
            matches!(self.state, State::Established | State::FinWait1 | State::FinWait2);
        // What begins later than RCV.NXT left something out: the ACK says what.
        let in_order = within(self.rcv_nxt, segment.seq, segment.length());
        if may_receive && in_order {
            self.rcv_nxt = segment.seq.wrapping_add(segment.length());
            if segment.fin {
                self.state = match self.state {
                    State::FinWait1 => State::Closing,
                    State::FinWait2 => State::TimeWait,
                    _ => State::CloseWait,
                };
            }
        }
        Some(self.ack())
    }

    /// First (§3.4): some of its numbers must be in the window.
    fn is_acceptable(&self, segment: &Segment) -> bool {
        let last = segment.seq.wrapping_add(segment.length().saturating_sub(1));
        within(segment.seq, self.rcv_nxt, WINDOW) || within(last, self.rcv_nxt, WINDOW)
    }

    /// Whether this is the SYN that we know. It lies before the window.
    fn repeats_syn(&self, segment: &Segment) -> bool {
        segment.syn && !segment.rst && segment.seq.wrapping_add(1) == self.rcv_nxt
    }

    /// Our answer to it was lost; or it carries the ACK of ours, since both had asked at once.
    fn syn_comes_again(&mut self, segment: &Segment) -> Option<Segment> {
        match segment.ack {
            Some(ack) if ack == self.snd_nxt => {
                self.state = State::Established;
                Some(self.ack())
            }
            Some(_) => reset_for(segment),
            None => {
                self.snd_nxt = self.snd_nxt.wrapping_sub(1);
                Some(self.answer_syn(segment))
            }
        }
    }

    /// Answers a SYN with ours, at SND.NXT.
    fn answer_syn(&mut self, syn: &Segment) -> Segment {
        self.rcv_nxt = syn.seq.wrapping_add(1);
        self.state = State::SynReceived;
        let answer = Segment { syn: true, ..self.ack() };
        self.snd_nxt = self.snd_nxt.wrapping_add(1);
        answer
    }

    /// What we have sent and received: the answer to all that is new, and to all that is wrong.
    fn ack(&self) -> Segment {
        Segment { seq: self.snd_nxt, ack: Some(self.rcv_nxt), ..Segment::default() }
    }
    // end answer
}
// answer:

/// The answer to a segment of no connection (§3.10.7.1): an RST that its sender will believe. An RST
/// is not answered.
fn reset_for(segment: &Segment) -> Option<Segment> {
    let reset = match segment.ack {
        Some(ack) => Segment { seq: ack, rst: true, ..Segment::default() },
        None => {
            let end = segment.seq.wrapping_add(segment.length());
            Segment { ack: Some(end), rst: true, ..Segment::default() }
        }
    };
    (!segment.rst).then_some(reset)
}
// end answer
