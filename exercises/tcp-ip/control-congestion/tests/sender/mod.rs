//! A sender without a network: what it sends is only counted, and what arrives is made up.

use control_congestion::{Congestion, Segment};
use harness::{Check, Mistake, Outcome};

/// Round numbers are easier to read in a report than 1460.
pub(crate) const MSS: u32 = 1_000;
const PEER_WINDOW: u32 = 64_000;

/// The answer, and where its stream is.
pub(crate) struct Sender<'a> {
    c: &'a Check,
    congestion: Congestion,
    una: u64,
    nxt: u64,
    peer_window: u32,
    /// What the last segment made of it.
    again: bool,
}

impl<'a> Sender<'a> {
    pub(crate) fn new(c: &'a Check) -> Self {
        c.did(format!("made a sender: segments of {MSS} octets, the peer's window {PEER_WINDOW}"));
        let congestion = Congestion::new(MSS, PEER_WINDOW);
        Self { c, congestion, una: 1, nxt: 1, peer_window: PEER_WINDOW, again: false }
    }

    /// One whose window is 20,000, with all of it on the way.
    pub(crate) fn in_full_flight(c: &'a Check) -> Outcome<Self> {
        let mut sender = Self::new(c);
        sender.send(10);
        sender.acks_each(10);
        sender.has(20_000, None, None)?;
        sender.send(20);
        Ok(sender)
    }

    /// Sends so many new segments.
    pub(crate) fn send(&mut self, segments: u32) {
        let first = self.nxt;
        self.nxt += u64::from(segments * MSS);
        self.c.did(format!("sent octets {first} to {}", self.nxt - 1));
        self.congestion.sent(self.nxt);
    }

    /// One acknowledgment, of so many octets more.
    pub(crate) fn ack(&mut self, octets: u32) {
        self.una += u64::from(octets);
        self.c.did(format!("received {}", self.arrives(0)));
    }

    /// An acknowledgment for each of so many segments.
    pub(crate) fn acks_each(&mut self, segments: u32) {
        self.acks_of(segments, MSS);
    }

    pub(crate) fn acks_of(&mut self, count: u32, octets: u32) {
        let first = self.una + u64::from(octets);
        for _ in 0..count {
            self.una += u64::from(octets);
            let _ = self.arrives(0);
        }
        self.c.did(format!(
            "received {count} ACKs of {octets} octets each: ackno {first} to {}, window {}",
            self.una, self.peer_window
        ));
    }

    pub(crate) fn duplicate(&mut self) {
        self.c.did(format!("received {} once more", self.arrives(0)));
    }

    pub(crate) fn duplicates(&mut self, count: u32) {
        let (una, window) = (self.una, self.peer_window);
        (0..count).for_each(|_| drop(self.arrives(0)));
        self.c.did(format!("received ACK {una}, window {window} another {count} times"));
    }

    /// The same acknowledgment number on a segment with data of the peer.
    pub(crate) fn data(&mut self, octets: u32) {
        self.c.did(format!("received {} with data of its own: {octets}", self.arrives(octets)));
    }

    /// The same acknowledgment number with another window.
    pub(crate) fn update(&mut self, window: u32) {
        self.peer_window = window;
        self.c.did(format!("received {}", self.arrives(0)));
    }

    /// An acknowledgment that was overtaken on its way.
    pub(crate) fn old(&mut self, behind: u32) {
        let una = self.una;
        self.una -= u64::from(behind);
        self.c.did(format!("received {}, which is an old one", self.arrives(0)));
        self.una = una;
    }

    pub(crate) fn timer(&mut self) {
        self.c.did("the retransmission timer went off: called `timed_out`");
        self.congestion.timed_out();
    }

    /// Hands the answer a segment, and says what it was.
    fn arrives(&mut self, length: u32) -> String {
        let segment = Segment { ackno: self.una, window: self.peer_window, length };
        self.again = self.congestion.received(&segment);
        format!("ACK {}, window {}", self.una, self.peer_window)
    }

    pub(crate) fn window(&self) -> u32 {
        self.congestion.window()
    }

    pub(crate) fn threshold(&self) -> u32 {
        self.congestion.threshold()
    }

    /// Fails unless cwnd is `window`, and ssthresh `threshold` if it is given.
    pub(crate) fn has(
        &self,
        window: u32,
        threshold: impl Into<Option<u32>>,
        mistake: impl Into<Option<&'static Mistake>>,
    ) -> Outcome {
        let threshold = threshold.into();
        let held = self.window() == window && threshold.is_none_or(|it| it == self.threshold());
        let told = |window, threshold: u32| match threshold {
            u32::MAX => format!("cwnd {window}, ssthresh without limit"),
            _ => format!("cwnd {window}, ssthresh {threshold}"),
        };
        self.c.want(told(window, threshold.unwrap_or(self.threshold())));
        self.c.ensure(held, mistake, || told(self.window(), self.threshold()))
    }

    /// Fails unless the answer wants the first segment sent again, or does not.
    pub(crate) fn retransmits(
        &self,
        want: bool,
        mistake: impl Into<Option<&'static Mistake>>,
    ) -> Outcome {
        let una = self.una;
        let told = |again| match again {
            true => format!("`received` returns true: the segment at {una} is sent again now"),
            false => "`received` returns false: nothing is sent again".to_owned(),
        };
        self.c.want(told(want));
        self.c.ensure(self.again == want, mistake, || told(self.again))
    }
}
