//! What a sender should do, by positions alone: rightly, or with one slip.

use std::time::Duration;

use harness::Mistake;
use send_reliably::MAXIMUM;

use crate::mistakes::{DOUBLES, FORGOTTEN, GO_BACK, KEEPS, NO_BACKOFF, NO_PROBE, RESTARTS, WINDOW};

/// What people get wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Slip {
    WindowBeyondWhatIsOnTheWay,
    SendsAllAgain,
    NeverWaitsLonger,
    RestartsOnAnyAck,
    RestartsOnAnySegment,
    KeepsTheTimer,
    NeverProbes,
    ForgetsTheProbe,
    CountsProbesAsTimeouts,
}

pub(crate) const SLIPS: [Slip; 9] = [
    Slip::WindowBeyondWhatIsOnTheWay,
    Slip::SendsAllAgain,
    Slip::NeverWaitsLonger,
    Slip::RestartsOnAnyAck,
    Slip::RestartsOnAnySegment,
    Slip::KeepsTheTimer,
    Slip::NeverProbes,
    Slip::ForgetsTheProbe,
    Slip::CountsProbesAsTimeouts,
];

impl Slip {
    pub(crate) fn mistake(self) -> &'static Mistake {
        match self {
            Self::WindowBeyondWhatIsOnTheWay => &WINDOW,
            Self::SendsAllAgain => &GO_BACK,
            Self::NeverWaitsLonger => &NO_BACKOFF,
            Self::RestartsOnAnyAck | Self::RestartsOnAnySegment => &RESTARTS,
            Self::KeepsTheTimer => &KEEPS,
            Self::NeverProbes => &NO_PROBE,
            Self::ForgetsTheProbe => &FORGOTTEN,
            Self::CountsProbesAsTimeouts => &DOUBLES,
        }
    }
}

/// The segments of one turn, as (position, length), and the deadline after it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Turn {
    pub(crate) segments: Vec<(usize, usize)>,
    pub(crate) deadline: Option<Duration>,
}

/// A sender without octets.
#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) slip: Option<Slip>,
    mss: usize,
    rto: Duration,
    window: usize,
    una: usize,
    nxt: usize,
    highest: usize,
    written: usize,
    timer: Option<Duration>,
    timeouts: u32,
    probes: u32,
}

impl Model {
    pub(crate) fn new(mss: usize, rto: Duration, window: usize, slip: Option<Slip>) -> Self {
        let (una, nxt, highest, written) = (0, 0, 0, 0);
        let (timer, timeouts, probes) = (None, 0, 0);
        Self { slip, mss, rto, window, una, nxt, highest, written, timer, timeouts, probes }
    }

    /// Octets that are not acknowledged, and behind all that was sent.
    pub(crate) fn sent(&self) -> (usize, usize) {
        (self.una, self.highest)
    }

    pub(crate) fn write(&mut self, count: usize) {
        self.written += count;
    }

    pub(crate) fn acknowledged(&mut self, ackno: usize, window: usize, now: Duration) {
        let highest = if self.has(Slip::ForgetsTheProbe) { self.nxt } else { self.highest };
        if ackno < self.una || ackno > highest {
            return;
        }
        let opened = self.window == 0 && window > 0;
        let new = ackno > self.una;
        self.window = window;
        self.una = ackno;
        self.nxt = self.nxt.max(ackno);
        if new {
            self.timeouts = 0;
        }
        if opened {
            self.probes = 0;
        }
        if new || opened || (self.has(Slip::RestartsOnAnyAck) && self.timer.is_some()) {
            let keeps = self.has(Slip::KeepsTheTimer) && self.timer.is_some();
            let on_the_way = self.nxt > self.una;
            let probing = window == 0 && self.una < self.written && !new;
            match (on_the_way || probing, keeps) {
                (true, true) => {}
                (true, false) => self.timer = Some(now + self.wait()),
                (false, _) => self.timer = None,
            }
        }
    }

    /// All that is to be sent at `now`.
    pub(crate) fn turn(&mut self, now: Duration) -> Turn {
        let mut segments = Vec::new();
        if self.timer.is_some_and(|at| at <= now) {
            segments.push(self.again(now));
        }
        loop {
            let on_the_way = self.nxt - self.una;
            let taken = if self.has(Slip::WindowBeyondWhatIsOnTheWay) { 0 } else { on_the_way };
            let room = self.window.saturating_sub(taken);
            let length = self.mss.min(room).min(self.written - self.nxt);
            if length == 0 {
                break;
            }
            segments.push((self.nxt, length));
            self.nxt += length;
            self.highest = self.highest.max(self.nxt);
            if self.has(Slip::RestartsOnAnySegment) {
                self.timer = None;
            }
            self.timer.get_or_insert(now + self.wait());
        }
        let probes = self.window == 0 && self.una < self.written && !self.has(Slip::NeverProbes);
        if self.nxt > self.una || probes {
            self.timer.get_or_insert(now + self.wait());
        }
        Turn { segments, deadline: self.timer }
    }

    fn again(&mut self, now: Duration) -> (usize, usize) {
        let probe = self.window == 0;
        if probe && !self.has(Slip::CountsProbesAsTimeouts) {
            self.probes += 1;
        } else {
            self.timeouts += 1;
        }
        let length = if probe { 1 } else { self.mss.min(self.nxt - self.una) };
        self.highest = self.highest.max(self.una + length);
        if self.has(Slip::SendsAllAgain) && !probe {
            self.nxt = self.una + length;
        }
        self.timer = Some(now + self.wait());
        (self.una, length)
    }

    fn wait(&self) -> Duration {
        let probes = self.window == 0 && !self.has(Slip::CountsProbesAsTimeouts);
        let doublings = match self.slip {
            Some(Slip::NeverWaitsLonger) => 0,
            _ if probes => self.probes,
            _ => self.timeouts,
        };
        self.rto.saturating_mul(1 << doublings.min(30)).min(MAXIMUM)
    }

    fn has(&self, slip: Slip) -> bool {
        self.slip == Some(slip)
    }
}
