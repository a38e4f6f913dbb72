//! A connection: both halves of the stream, their timers, and what the peer is told.
//!
//! It owns no socket and reads no clock. Whoever drives it gives it the segments that arrive and
//! the time, sends what it has to say, and calls again at its deadline:
//!
//! ```text
//!   segment(now, …) ──►┌────────────┐◄── send, receive, shutdown
//!   on_timeout(now) ──►│ Connection │──► deadline()
//!                      └────────────┘──► poll_transmit(now) until it gives none
//! ```
//!
//! What happens to a segment is in `arrives`, what goes out in `transmit`, what time does in
//! `timeouts`, and what the two SYNs agree on in `handshake`.

mod arrives;
mod handshake;
mod timeouts;
mod transmit;

#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use super::config::Config;
use super::defence::ChallengeLimit;
use super::receive::Receiver;
use super::recovery::Phase;
use super::segment::Segment;
use super::send::Sender;
use super::state::State;
use super::timers::{Timer, Timers};
use super::{Flags, Header, SMALLEST_MSS, Seq};
use crate::Instant;

pub use handshake::Setup;

use handshake::Agreed;
use transmit::AckDue;

/// One end of a connection.
#[derive(Debug)]
pub struct Connection {
    state: State,
    config: Arc<Config>,
    setup: Setup,
    agreed: Agreed,
    send: Sender,
    receive: Receiver,
    timers: Timers,
    /// Whether our SYN should go out, for the first time or again.
    syn_due: bool,
    /// Whether the SYN of the peer came first.
    passive: bool,
    ack: AckDue,
    /// Octets received since the last acknowledgment.
    unacknowledged: u32,
    /// How many segments more are acknowledged one by one.
    quick_acks: u8,
    /// The longest payload that ever arrived: what the peer takes for a full segment.
    peer_segment: u32,
    /// An RST that should go out, and is the last thing that does.
    reset: Option<Box<Header>>,
    challenges: ChallengeLimit,
    /// Whether the application will read no more.
    unread_is_refused: bool,
    /// The number of the peer's FIN, once one has arrived; perhaps ahead of what it follows.
    fin_at: Option<Seq>,
    /// Whether all before it has arrived, too.
    fin_received: bool,
    /// When the peer was last heard, for keep-alives and for probes of a closed window.
    heard: Instant,
    /// When something new was acknowledged, or sent while nothing else was on the way.
    progress: Instant,
    /// Keep-alive probes in a row that nobody answered; and whether one is due.
    keep_alives: (u8, bool),
    failure: Option<Failure>,
    counters: Counters,
}

/// Why a connection ended other than by both ends' FINs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// The peer answered our SYN with an RST.
    Refused,
    /// The peer sent an RST.
    Reset,
    /// Nobody has answered for [`Config::user_timeout`], or to the keep-alives.
    TimedOut,
    /// [`Connection::abort`] was called, or octets arrived after [`Connection::close`].
    Aborted,
    /// A router said that there is no way there.
    Unreachable,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Refused => "connection refused",
            Self::Reset => "connection reset by peer",
            Self::TimedOut => "connection timed out",
            Self::Aborted => "connection aborted",
            Self::Unreachable => "no route to host",
        })
    }
}

impl std::error::Error for Failure {}

/// What a connection has done so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Segments sent, of any kind.
    pub sent: u64,
    /// Segments received, of any kind.
    pub received: u64,
    /// Segments sent again.
    pub retransmitted: u32,
    /// Losses found by duplicate acknowledgments or SACK.
    pub fast_recoveries: u32,
    /// Times that the retransmission timer went off for data, SYN or FIN.
    pub timeouts: u32,
    /// Probes of a closed window.
    pub probes: u32,
}

impl Connection {
    /// The state.
    pub fn state(&self) -> State {
        self.state
    }

    /// Why it ended, if not by both ends' FINs.
    pub fn failure(&self) -> Option<Failure> {
        self.failure
    }

    /// Queues octets to be sent; says how many there was room for. None, once
    /// [`shutdown`](Self::shutdown) was called or the connection is over.
    pub fn send(&mut self, octets: &[u8]) -> usize {
        if self.state == State::Closed { 0 } else { self.send.queue(octets) }
    }

    /// How many octets [`send`](Self::send) would take.
    pub fn room(&self) -> usize {
        if self.state == State::Closed { 0 } else { self.send.room() }
    }

    /// Moves octets that have arrived into `out`; says how many.
    pub fn receive(&mut self, out: &mut [u8]) -> usize {
        let length = self.receive.read(out);
        self.tell_growth();
        length
    }

    /// The octets that have arrived, in place: [`consume`](Self::consume) takes them away.
    pub fn peek(&self) -> [&[u8]; 2] {
        self.receive.peek()
    }

    /// Takes away octets that were read by [`peek`](Self::peek).
    pub fn consume(&mut self, octets: usize) {
        self.receive.consume(octets);
        self.tell_growth();
    }

    /// Octets that can be received.
    pub fn readable(&self) -> usize {
        self.receive.readable()
    }

    /// Whether all is read, and nothing more will come.
    pub fn is_finished(&self) -> bool {
        self.receive.readable() == 0 && (self.fin_received || self.state == State::Closed)
    }

    /// Octets that are not acknowledged yet.
    pub fn unacknowledged(&self) -> usize {
        self.send.unacknowledged()
    }

    /// Ends our direction: what is queued is sent, then FIN. Octets may still be received.
    pub fn shutdown(&mut self) {
        self.send.finish();
        self.state = self.state.shut_down();
    }

    /// Ends both directions: as [`shutdown`](Self::shutdown), and nobody will read any more. If
    /// something was not read or arrives later, the peer is told that it was lost, by an RST
    /// (RFC 9293 §3.6.1).
    pub fn close(&mut self) {
        self.unread_is_refused = true;
        if self.receive.readable() > 0 {
            self.abort();
        } else {
            self.shutdown();
        }
    }

    /// Ends the connection at once, by an RST if the peer knows of it (RFC 9293 §3.10.5).
    pub fn abort(&mut self) {
        self.abort_because(Failure::Aborted);
    }

    fn abort_because(&mut self, failure: Failure) {
        use State::{CloseWait, Established, FinWait1, FinWait2, SynReceived};
        if matches!(self.state, SynReceived | Established | FinWait1 | FinWait2 | CloseWait) {
            let header = self.header(self.send.nxt(), Flags::RST | Flags::ACK);
            let header = Header { acknowledgment: self.receive.nxt(), ..header };
            self.reset = Some(Box::new(header));
        }
        self.fail(failure);
    }

    /// It is over, without a word to the peer.
    fn fail(&mut self, failure: Failure) {
        if self.state != State::Closed {
            self.failure = Some(failure);
            self.end();
        }
    }

    /// CLOSED: what is left can only be read.
    fn end(&mut self) {
        self.state = State::Closed;
        self.timers.stop_all();
        self.ack = AckDue::No;
    }

    /// A router says that the path takes packets of `mtu` octets at most, of which `headers` are
    /// IP's and TCP's (RFC 1191, RFC 8201). `quoted` is the number of the segment that was too
    /// large: who does not know one that is on the way is a stranger (RFC 5927 §7).
    pub fn path_mtu(&mut self, mtu: u32, headers: u32, quoted: Seq) {
        let on_the_way = quoted.within(self.send.una(), self.send.in_flight());
        let options = self.agreed.options_length();
        let payload = mtu.saturating_sub(headers + options).max(u32::from(SMALLEST_MSS));
        if on_the_way && self.state.is_synchronized() && payload < self.send.segment_size() {
            self.send.set_segment_size(payload);
            self.send.resend_all();
        }
    }

    /// A router says that the peer cannot be reached. During the handshake that ends it; later it
    /// may pass, and the retransmission timer decides (RFC 9293 §3.9.2.2, RFC 5927 §5).
    pub fn unreachable(&mut self, quoted: Seq) {
        let on_the_way = quoted.within(self.send.una(), self.send.in_flight());
        if on_the_way && matches!(self.state, State::SynSent) {
            self.fail(Failure::Unreachable);
        }
    }

    /// When [`on_timeout`](Self::on_timeout) must be called, if nothing happens before.
    pub fn deadline(&self) -> Option<Instant> {
        self.timers.earliest()
    }

    /// What it has done so far.
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// cwnd, in octets.
    pub fn congestion_window(&self) -> u32 {
        self.send.controller().window()
    }

    /// ssthresh, in octets.
    pub fn slow_start_threshold(&self) -> u32 {
        self.send.controller().threshold()
    }

    /// Where the recovery from losses is.
    pub fn phase(&self) -> Phase {
        self.send.phase()
    }

    /// Octets on the way.
    pub fn in_flight(&self) -> u32 {
        self.send.in_flight()
    }

    /// The smoothed round-trip time, once one was measured.
    pub fn round_trip(&self) -> Option<std::time::Duration> {
        self.send.rtt().smoothed()
    }

    /// The local and the remote port.
    pub fn ports(&self) -> (u16, u16) {
        (self.setup.local, self.setup.remote)
    }

    /// Octets of a full segment's payload.
    pub fn segment_size(&self) -> u32 {
        self.send.segment_size()
    }

    /// Whether a SYN that arrives in TIME-WAIT may begin a new connection: it must be beyond the
    /// old one, so that no old segment can be taken for one of its own (RFC 9293 §3.10.7.4, RFC
    /// 6191 §2).
    pub fn may_be_replaced(&self, syn: &Segment<'_>) -> bool {
        self.state == State::TimeWait
            && syn.has(Flags::SYN)
            && !syn.header.flags.intersects(Flags::ACK | Flags::RST)
            && self.is_beyond(syn)
    }

    /// Octets of memory that it takes, all in all.
    pub fn memory(&self) -> usize {
        std::mem::size_of::<Self>() + self.send.memory() + self.receive.memory()
    }

    /// After the application has read: is the window so much larger that the peer must know?
    fn tell_growth(&mut self) {
        if self.state.may_receive() && self.receive.has_news(self.receive_step()) {
            self.ack = AckDue::Now;
        }
    }

    /// By what steps the window grows: by the peer's segments.
    fn receive_step(&self) -> u32 {
        self.peer_segment.max(u32::from(SMALLEST_MSS))
    }

    /// A header with these numbers, between our ports.
    fn header(&self, sequence: Seq, flags: Flags) -> Header {
        let Setup { local, remote, .. } = self.setup;
        Header { source: local, destination: remote, sequence, flags, ..Header::default() }
    }

    /// Whether a SYN begins beyond everything that the peer of this connection ever sent.
    fn is_beyond(&self, syn: &Segment<'_>) -> bool {
        let stamps = self.agreed.timestamps.zip(syn.header.options.timestamps);
        stamps.is_some_and(|(old, new)| Seq(new.value).after(Seq(old.recent)))
            || syn.header.sequence.after(self.receive.nxt())
    }

    /// Sets what timers the state wants after anything that happened.
    fn arm(&mut self, now: Instant) {
        if self.send.in_flight() > 0 || self.send.is_shut_out() {
            self.timers.start(Timer::Retransmit, now + self.send.rtt().timeout());
        } else {
            self.timers.stop(Timer::Retransmit);
        }
        match self.send.reordering_deadline() {
            Some(at) => self.timers.set(Timer::Reordering, at),
            None => self.timers.stop(Timer::Reordering),
        }
        if self.send.is_held_back() {
            self.timers.start(Timer::Override, now + timeouts::OVERRIDE);
        } else {
            self.timers.stop(Timer::Override);
        }
        if self.has_empty_buffers() {
            self.timers.start(Timer::Tidy, now + timeouts::TIDY);
        }
    }

    /// Whether there is memory that holds nothing.
    fn has_empty_buffers(&self) -> bool {
        let empty = self.send.unacknowledged() == 0 && self.receive.is_empty();
        empty && self.send.holds_memory() | self.receive.holds_memory()
    }
}
