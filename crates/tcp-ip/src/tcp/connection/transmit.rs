//! What goes out, and with which header.

use super::Connection;
use crate::Instant;
use crate::tcp::segment::Segment;
use crate::tcp::send::{Planned, Why};
use crate::tcp::state::State;
use crate::tcp::timers::Timer;
use crate::tcp::{Flags, Header, Options, Seq, Timestamps};

/// Whether the peer should hear from us though we have no octets for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AckDue {
    /// No.
    No,
    /// Within [`Config::delayed_ack`](crate::tcp::Config::delayed_ack), unless octets go out
    /// before that.
    Delayed,
    /// At once.
    Now,
}

impl Connection {
    /// The next segment that should go out, if there is one. To be called until there is none,
    /// after anything that happened: only then is [`deadline`](Self::deadline) what it should be.
    ///
    /// Its payload is cut from the buffer and not copied, so it borrows the connection.
    pub fn poll_transmit(&mut self, now: Instant) -> Option<Segment<'_>> {
        if let Some(reset) = self.reset.take() {
            self.counters.sent += 1;
            return Some(Segment::new(*reset, b""));
        }
        match self.state {
            State::Closed => return None,
            State::SynSent | State::SynReceived => {
                return self.next_syn(now).map(|header| Segment::new(header, b""));
            }
            _ => {}
        }
        // Where there is a gap, the peer must hear at once of what came behind it, and blocks leave
        // no room for octets.
        if self.ack == AckDue::Now && self.agreed.sack && self.receive.has_gap() {
            return Some(self.next_ack(now));
        }
        self.send.notice_silence(now);
        if let Some(planned) = self.send.next() {
            let header = self.carry(now, &planned);
            return Some(Segment { header, payload: self.send.octets(&planned) });
        }
        if self.keep_alives.1 {
            self.keep_alives.1 = false;
            // A number that the peer has acknowledged already: it will say so (RFC 9293 §3.8.4).
            let header = self.acknowledging(now, self.send.nxt() - 1, Flags::NONE);
            return Some(Segment::new(header, b""));
        }
        if self.ack == AckDue::Now {
            return Some(self.next_ack(now));
        }
        self.send.notice_full_window();
        self.arm(now);
        None
    }

    /// A segment that does nothing but acknowledge; with blocks, if there is a gap.
    fn next_ack(&mut self, now: Instant) -> Segment<'static> {
        let mut header = self.acknowledging(now, self.number_of_an_ack(), Flags::NONE);
        if self.agreed.sack && self.receive.has_gap() {
            header.options.sack = self.receive.sack_blocks();
        }
        Segment::new(header, b"")
    }

    fn next_syn(&mut self, now: Instant) -> Option<Header> {
        if !std::mem::take(&mut self.syn_due) {
            return None;
        }
        let mut header = self.header(self.setup.iss, Flags::SYN);
        header.options = self.syn_options(now);
        if self.state == State::SynReceived {
            header.flags |= Flags::ACK;
            header.acknowledgment = self.receive.nxt();
            header.window = self.receive.advertise_unshifted();
            self.ack = AckDue::No;
        } else {
            header.window = u16::try_from(self.config.receive_buffer).unwrap_or(u16::MAX);
        }
        self.send.sent_syn(now, self.counters.sent > 0);
        self.counters.sent += 1;
        self.timers.start(Timer::Retransmit, now + self.send.rtt().timeout());
        Some(header)
    }

    /// The header of a segment with octets or a FIN.
    fn carry(&mut self, now: Instant, planned: &Planned) -> Header {
        if self.send.in_flight() == 0 {
            self.progress = now;
        }
        self.send.sent(now, planned);
        match planned.why {
            Why::Lost | Why::Rescue => self.counters.retransmitted += 1,
            Why::Probe => self.counters.probes += 1,
            Why::New => {}
        }
        // RFC 6298 §5.1: if the timer is not running, start it.
        if !self.timers.is_set(Timer::Retransmit) {
            self.timers.set(Timer::Retransmit, now + self.send.rtt().timeout());
        }
        self.timers.stop(Timer::Override);
        let push = if planned.push { Flags::PSH } else { Flags::NONE };
        let fin = if planned.fin { Flags::FIN } else { Flags::NONE };
        self.acknowledging(now, planned.stretch.start, push | fin)
    }

    /// A header that also acknowledges what has arrived.
    fn acknowledging(&mut self, now: Instant, sequence: Seq, flags: Flags) -> Header {
        let window = self.receive.advertise(self.receive_step());
        let acknowledgment = self.receive.nxt();
        let value = self.clock(now);
        let timestamps = self.agreed.timestamps.as_mut().map(|stamps| {
            stamps.last_ack = acknowledgment;
            Timestamps { value, echo: stamps.recent }
        });
        let options = Options { timestamps, ..Options::default() };
        self.ack = AckDue::No;
        self.unacknowledged = 0;
        self.timers.stop(Timer::DelayedAck);
        self.counters.sent += 1;
        let header = self.header(sequence, flags | Flags::ACK);
        Header { acknowledgment, window, options, ..header }
    }

    /// SND.NXT, or if a probe of a closed window went beyond it, the window's edge: a peer that
    /// has room for nothing takes only what stands exactly there, and must take an acknowledgment,
    /// or both ends could wait for each other's window for ever.
    fn number_of_an_ack(&self) -> Seq {
        let edge = self.send.una() + self.send.window();
        self.send.nxt().min(edge)
    }
}
