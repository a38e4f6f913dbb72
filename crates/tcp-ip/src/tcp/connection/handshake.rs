//! How a connection begins, and what the two SYNs agree on (RFC 9293 §3.5, RFC 7323, RFC 2018).

use std::sync::Arc;

use super::transmit::AckDue;
use super::{Connection, Counters};
use crate::Instant;
use crate::tcp::config::Config;
use crate::tcp::defence::ChallengeLimit;
use crate::tcp::options::LARGEST_SHIFT;
use crate::tcp::receive::Receiver;
use crate::tcp::rtt::RttEstimator;
use crate::tcp::segment::Segment;
use crate::tcp::send::Sender;
use crate::tcp::state::State;
use crate::tcp::timers::{Timer, Timers};
use crate::tcp::{DEFAULT_MSS, Flags, Options, SMALLEST_MSS, Seq, Timestamps};

/// What a connection must be told of its surroundings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setup {
    /// Our port.
    pub local: u16,
    /// The peer's.
    pub remote: u16,
    /// The number of our SYN, see [`IsnGenerator`](crate::tcp::isn::IsnGenerator).
    pub iss: Seq,
    /// What our timestamps begin with.
    pub clock: u32,
    /// The longest segment's payload that our link takes, options not counted: we tell it in the
    /// SYN (RFC 6691).
    pub mss: u16,
}

/// What the SYNs agreed on. An option holds if both ends have sent it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Agreed {
    /// By how many bits the peer's windows are shifted, and ours; neither without both.
    pub(super) shifts: Option<(u8, u8)>,
    /// Selective acknowledgments.
    pub(super) sack: bool,
    pub(super) timestamps: Option<Stamps>,
}

/// The state of timestamps (RFC 7323 §4.3, §5).
#[derive(Debug, Clone, Copy)]
pub(super) struct Stamps {
    /// TS.Recent: what we echo.
    pub(super) recent: u32,
    /// When it was taken: after 24 days it says nothing any more (§5.5).
    pub(super) taken: Instant,
    /// Last.ACK.sent: only a segment that begins there or before is echoed (§4.3).
    pub(super) last_ack: Seq,
}

impl Agreed {
    /// Octets that the options take in each segment; SACK blocks go only where there is nothing
    /// else.
    pub(super) fn options_length(&self) -> u32 {
        if self.timestamps.is_some() { 12 } else { 0 }
    }
}

impl Connection {
    /// Begins a connection: the SYN is sent by the next
    /// [`poll_transmit`](Self::poll_transmit).
    pub fn connect(now: Instant, config: Arc<Config>, setup: Setup) -> Self {
        Self::new(now, config, setup, State::SynSent)
    }

    /// Accepts a connection whose SYN has arrived: the SYN, ACK is sent by the next
    /// [`poll_transmit`](Self::poll_transmit). Octets in the SYN are left for the peer to send
    /// again.
    pub fn accept(now: Instant, config: Arc<Config>, setup: Setup, syn: &Segment<'_>) -> Self {
        let mut connection = Self::new(now, config, setup, State::SynReceived);
        connection.passive = true;
        connection.take_syn(now, syn);
        connection
    }

    fn new(now: Instant, config: Arc<Config>, setup: Setup, state: State) -> Self {
        let controller = config.congestion.start(u32::from(setup.mss));
        let rtt = RttEstimator::new(config.minimum_rto);
        let send = Sender::new(setup.iss, config.send_buffer, config.nagle, controller, rtt);
        let receive = Receiver::new(Seq(0), config.receive_buffer, 0);
        Self {
            state,
            config,
            setup,
            agreed: Agreed::default(),
            send,
            receive,
            timers: Timers::default(),
            syn_due: true,
            passive: false,
            ack: AckDue::No,
            unacknowledged: 0,
            quick_acks: 0,
            peer_segment: 0,
            reset: None,
            challenges: ChallengeLimit::default(),
            unread_is_refused: false,
            fin_at: None,
            fin_received: false,
            heard: now,
            progress: now,
            keep_alives: (0, false),
            failure: None,
            counters: Counters::default(),
        }
    }

    /// The options of our SYN. An answer offers only what the SYN had.
    pub(super) fn syn_options(&self, now: Instant) -> Options {
        let answer = self.state == State::SynReceived;
        let config = &self.config;
        let echo = self.agreed.timestamps.map_or(0, |stamps| stamps.recent);
        let stamps = Timestamps { value: self.clock(now), echo };
        Options {
            mss: Some(self.setup.mss),
            window_scale: (config.window_scaling && (!answer || self.agreed.shifts.is_some()))
                .then(|| config.shift()),
            sack_permitted: config.sack && (!answer || self.agreed.sack),
            timestamps: (config.timestamps && (!answer || self.agreed.timestamps.is_some()))
                .then_some(stamps),
            ..Options::default()
        }
    }

    /// TSval: milliseconds, from a beginning that says nothing (RFC 7323 §5.4).
    pub(super) fn clock(&self, now: Instant) -> u32 {
        self.setup.clock.wrapping_add(now.as_millis_wrapping())
    }

    /// Takes the peer's SYN: its number, and its options.
    pub(super) fn take_syn(&mut self, now: Instant, syn: &Segment<'_>) {
        let options = &syn.header.options;
        let config = &self.config;
        let shift = config.shift();
        let offered = options.window_scale.filter(|_| config.window_scaling);
        let nxt = syn.header.sequence + 1;
        self.agreed = Agreed {
            // RFC 7323 §2.3: a larger shift counts as 14.
            shifts: offered.map(|theirs| (theirs.min(LARGEST_SHIFT), shift)),
            sack: config.sack && options.sack_permitted,
            timestamps: options.timestamps.filter(|_| config.timestamps).map(|stamps| Stamps {
                recent: stamps.value,
                taken: now,
                last_ack: nxt,
            }),
        };
        let ours = self.agreed.shifts.map_or(0, |(_, ours)| ours);
        self.receive = Receiver::new(nxt, config.receive_buffer, ours);
        // RFC 9293 §3.7.1: without the option, 536. A peer that asks for next to nothing would
        // have us send more headers than octets (CVE-2019-11479).
        let theirs = options.mss.unwrap_or(DEFAULT_MSS);
        let mss = theirs.min(self.setup.mss).max(SMALLEST_MSS);
        let segment_size = u32::from(mss).saturating_sub(self.agreed.options_length());
        self.send.agree(segment_size.max(1), self.agreed.sack);
    }

    /// Our SYN was acknowledged: the handshake is over.
    pub(super) fn establish(&mut self, now: Instant, segment: &Segment<'_>) {
        let window = self.scaled(segment);
        if self.counters.timeouts > 0 {
            self.send.rtt_mut().syn_was_lost();
        }
        let echoed = self.echoed(now, segment).filter(|_| self.counters.timeouts == 0);
        let counted = self.send.syn_took(now);
        if let Some(rtt) = counted.or(echoed) {
            self.send.rtt_mut().sample(rtt, 1);
        }
        self.send.establish(segment.header.sequence, window);
        self.state = State::Established;
        self.progress = now;
        self.syn_due = false;
        self.timers.stop(Timer::Retransmit);
        if self.send.is_finished() {
            self.state = self.state.shut_down();
        }
        self.schedule_keep_alive(now);
    }

    /// SEG.WND in octets: shifted, but for a SYN's (RFC 7323 §2.2).
    pub(super) fn scaled(&self, segment: &Segment<'_>) -> u32 {
        let shift = match self.agreed.shifts {
            Some((theirs, _)) if !segment.has(Flags::SYN) => theirs,
            _ => 0,
        };
        u32::from(segment.header.window) << shift
    }

    /// The round trip that the echoed timestamp measures (RFC 7323 §4.1).
    pub(super) fn echoed(
        &self,
        now: Instant,
        segment: &Segment<'_>,
    ) -> Option<std::time::Duration> {
        self.agreed.timestamps?;
        let echo = segment.header.options.timestamps?.echo;
        let milliseconds = self.clock(now).wrapping_sub(echo);
        // An echo from the future, or of nothing, measures nothing.
        (echo != 0 && milliseconds < 1 << 31)
            .then(|| std::time::Duration::from_millis(milliseconds.into()))
    }
}
