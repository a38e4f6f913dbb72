//! A conversation with the answer, segment by segment, and what its slips prove.

mod pair;

use harness::{Check, Mistake, Outcome};
use open_and_close::{Connection, Segment, State, WINDOW, within};

use crate::mistakes::{
    ANY_ACK, BLIND, CLOSE_WAIT, NEAR, NO_TIME_WAIT, NOT_AT_ONCE, NOT_CLOSING, RST_RST, SYN,
    UNACKNOWLEDGED,
};

pub(crate) use pair::Pair;

/// Our SYN's number, and the peer's. Ours wrap at once.
pub(crate) const ISS: u32 = u32::MAX;
pub(crate) const IRS: u32 = 300;

pub(crate) fn syn(seq: u32) -> Segment {
    Segment { seq, syn: true, ..Segment::default() }
}

pub(crate) fn ack(seq: u32, ack: u32) -> Segment {
    Segment { seq, ack: Some(ack), ..Segment::default() }
}

pub(crate) fn syn_ack(seq: u32, number: u32) -> Segment {
    Segment { syn: true, ..ack(seq, number) }
}

pub(crate) fn fin(seq: u32, number: u32) -> Segment {
    Segment { fin: true, ..ack(seq, number) }
}

pub(crate) fn rst(seq: u32) -> Segment {
    Segment { seq, rst: true, ..Segment::default() }
}

pub(crate) fn octets(seq: u32, number: u32, octets: u32) -> Segment {
    Segment { octets, ..ack(seq, number) }
}

/// The number `ahead` of `number`.
pub(crate) fn from(number: u32, ahead: i32) -> u32 {
    number.wrapping_add_signed(ahead)
}

/// The answer's connection, and what it should have sent and received.
pub(crate) struct Talk<'a> {
    c: &'a Check,
    connection: Connection,
    snd_nxt: u32,
    rcv_nxt: u32,
}

impl<'a> Talk<'a> {
    pub(crate) fn listen(c: &'a Check) -> Outcome<Self> {
        c.attempt("called `listen`");
        c.want(outcome(State::Listen, None));
        let mut talk = Self { c, connection: Connection::listen(ISS), snd_nxt: ISS, rcv_nxt: 0 };
        talk.compare(State::Closed, None, None, State::Listen, None)?;
        Ok(talk)
    }

    pub(crate) fn connect(c: &'a Check) -> Outcome<Self> {
        c.attempt("called `connect`");
        c.want(outcome(State::SynSent, Some(syn(ISS))));
        let (connection, sent) = Connection::connect(ISS);
        let mut talk = Self { c, connection, snd_nxt: ISS, rcv_nxt: 0 };
        talk.compare(State::Closed, None, Some(sent), State::SynSent, Some(syn(ISS)))?;
        Ok(talk)
    }

    /// A connection that the other end asked for.
    pub(crate) fn established(c: &'a Check) -> Outcome<Self> {
        let mut talk = Self::listen(c)?;
        let ours = syn_ack(ISS, from(IRS, 1));
        talk.hears(syn(IRS), State::SynReceived, Some(ours))?;
        talk.hears(ack(from(IRS, 1), from(ISS, 1)), State::Established, None)?;
        Ok(talk)
    }

    /// A segment arrives; fails unless this state and this answer come of it.
    pub(crate) fn hears(
        &mut self,
        segment: Segment,
        state: State,
        answer: Option<Segment>,
    ) -> Outcome {
        let before = self.connection.state();
        self.c.did(format!("◄── {}", told(&segment)));
        self.c.want(outcome(state, answer));
        let got = self.connection.arrives(&segment);
        self.compare(before, Some(segment), got, state, answer)
    }

    /// A segment arrives that may be answered in several ways; fails unless this state stays.
    pub(crate) fn stays(&mut self, segment: Segment, state: State) -> Outcome {
        self.c.did(format!("◄── {}", told(&segment)));
        self.c.want(format!("any answer, and {}", name(state)));
        let got = self.connection.arrives(&segment);
        self.compare(state, Some(segment), got, state, got)
    }

    /// The application ends our direction.
    pub(crate) fn closes(&mut self, state: State, answer: Option<Segment>) -> Outcome {
        let before = self.connection.state();
        self.c.did("called `close`");
        self.c.want(outcome(state, answer));
        let got = self.connection.close();
        self.compare(before, None, got, state, answer)
    }

    pub(crate) fn waits(&mut self, state: State) -> Outcome {
        self.c.did("2MSL passed");
        self.c.want(outcome(state, None));
        self.connection.time_has_passed();
        self.compare(state, None, None, state, None)
    }

    /// The ACK that says what was sent and received.
    pub(crate) fn ack(&self) -> Option<Segment> {
        Some(ack(self.snd_nxt, self.rcv_nxt))
    }

    fn compare(
        &mut self,
        before: State,
        segment: Option<Segment>,
        got: Option<Segment>,
        state: State,
        answer: Option<Segment>,
    ) -> Outcome {
        let now = self.connection.state();
        if (now, got) != (state, answer) {
            let slip = self.slip(before, segment, (now, got), (state, answer));
            return Err(self.c.fail(slip, outcome(now, got)));
        }
        if let Some(answer) = answer {
            self.c.did(format!("──► {}, and {}", told(&answer), name(state)));
            if !answer.rst {
                self.snd_nxt = answer.seq.wrapping_add(answer.length());
                self.rcv_nxt = answer.ack.unwrap_or(self.rcv_nxt);
            }
        } else {
            self.c.did(format!("no answer, and {}", name(state)));
        }
        Ok(())
    }

    /// What a step that went wrong proves.
    fn slip(
        &self,
        before: State,
        segment: Option<Segment>,
        (got, answer): (State, Option<Segment>),
        (want, wanted): (State, Option<Segment>),
    ) -> Option<&'static Mistake> {
        let Some(segment) = segment else {
            let silent = got == State::CloseWait || answer.is_none_or(|answer| !answer.fin);
            return (before == State::CloseWait && silent).then_some(&CLOSE_WAIT);
        };
        let ours = segment.ack == Some(self.snd_nxt);
        let handshake = matches!(before, State::SynSent | State::SynReceived);
        let ended = matches!(before, State::FinWait1 | State::Closing | State::LastAck);
        if segment.rst {
            let exact = before != State::SynSent && segment.seq == self.rcv_nxt;
            return match () {
                () if answer.is_some_and(|answer| answer.rst) => Some(&RST_RST),
                () if got == before || got == want || exact => None,
                () if before == State::SynSent => Some(&BLIND),
                () if !within(segment.seq, self.rcv_nxt, WINDOW) => Some(&BLIND),
                () => Some(&NEAR),
            };
        }
        let elsewhere = got != want;
        match (before, want) {
            _ if handshake && got == State::Established && segment.ack.is_some() && !ours => {
                Some(&ANY_ACK)
            }
            (State::SynSent, State::SynReceived) if elsewhere => Some(&NOT_AT_ONCE),
            (State::SynReceived, State::Established) if segment.syn && elsewhere => {
                Some(&NOT_AT_ONCE)
            }
            _ if segment.syn && !handshake && wanted == self.ack() && elsewhere => Some(&SYN),
            (State::FinWait1, State::Closing) if elsewhere && got != before => Some(&NOT_CLOSING),
            _ if ended && !ours && !segment.fin && want == before && got != before => {
                Some(&UNACKNOWLEDGED)
            }
            (_, State::TimeWait) if got == State::Closed => Some(&NO_TIME_WAIT),
            (State::TimeWait, State::TimeWait) if segment.fin && answer.is_none() => {
                Some(&NO_TIME_WAIT)
            }
            _ => None,
        }
    }
}

fn outcome(state: State, answer: Option<Segment>) -> String {
    match answer {
        None => format!("no answer, and {}", name(state)),
        Some(answer) => format!("──► {}, and {}", told(&answer), name(state)),
    }
}

/// `<SEQ=300><ACK=101><CTL=SYN,ACK>`, as RFC 9293 writes it.
fn told(segment: &Segment) -> String {
    let bits = [
        (segment.syn, "SYN"),
        (segment.fin, "FIN"),
        (segment.rst, "RST"),
        (segment.ack.is_some(), "ACK"),
    ];
    let bits: Vec<&str> = bits.into_iter().filter(|(set, _)| *set).map(|(_, name)| name).collect();
    let number = segment.ack.map_or(String::new(), |ack| format!("<ACK={ack}>"));
    let octets = match segment.octets {
        0 => String::new(),
        octets => format!(" with {octets} octets"),
    };
    format!("<SEQ={}>{number}<CTL={}>{octets}", segment.seq, bits.join(","))
}

fn name(state: State) -> &'static str {
    match state {
        State::Closed => "CLOSED",
        State::Listen => "LISTEN",
        State::SynSent => "SYN-SENT",
        State::SynReceived => "SYN-RECEIVED",
        State::Established => "ESTABLISHED",
        State::FinWait1 => "FIN-WAIT-1",
        State::FinWait2 => "FIN-WAIT-2",
        State::CloseWait => "CLOSE-WAIT",
        State::Closing => "CLOSING",
        State::LastAck => "LAST-ACK",
        State::TimeWait => "TIME-WAIT",
    }
}
