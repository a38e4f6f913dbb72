//! Conversations between two connections in one process, in virtual time.

mod agreements;
mod loss;
mod strangers;
mod windows;

use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::tcp::{KeepAlive, Options, SMALLEST_MSS};

/// A segment that has left its connection.
type Sent = (Header, Vec<u8>);

/// Two ends, and nothing between them but the test.
struct Pair {
    now: Instant,
    a: Connection,
    b: Connection,
}

const ISS: [Seq; 2] = [Seq(u32::MAX - 5), Seq(5_000)]; // The first one wraps.

fn setup(local: u16, remote: u16, iss: Seq) -> Setup {
    Setup { local, remote, iss, clock: 1_000, mss: 1_460 }
}

fn connect(now: Instant, config: &Config) -> Connection {
    Connection::connect(now, Arc::new(config.clone()), setup(1, 2, ISS[0]))
}

fn spoken(connection: &mut Connection, now: Instant) -> Vec<Sent> {
    let mut sent = Vec::new();
    while let Some(segment) = connection.poll_transmit(now) {
        sent.push((segment.header, segment.payload.concat()));
        assert!(sent.len() < 10_000, "no end of segments");
    }
    sent
}

fn hear(connection: &mut Connection, now: Instant, sent: &[Sent]) {
    for (header, payload) in sent {
        connection.segment(now, &Segment::new(*header, payload));
    }
}

impl Pair {
    fn open(config: &Config) -> Self {
        Self::open_between(config, config)
    }

    fn open_between(ours: &Config, theirs: &Config) -> Self {
        let now = Instant::new(Duration::from_secs(1));
        let mut a = connect(now, ours);
        let syn = spoken(&mut a, now);
        let syn = Segment::new(syn[0].0, b"");
        let b = Connection::accept(now, Arc::new(theirs.clone()), setup(2, 1, ISS[1]), &syn);
        let mut pair = Self { now, a, b };
        pair.exchange();
        assert_eq!(pair.states(), [State::Established; 2]);
        pair
    }

    fn states(&self) -> [State; 2] {
        [self.a.state(), self.b.state()]
    }

    fn a_says(&mut self) -> Vec<Sent> {
        spoken(&mut self.a, self.now)
    }

    fn b_says(&mut self) -> Vec<Sent> {
        spoken(&mut self.b, self.now)
    }

    fn a_hears(&mut self, sent: &[Sent]) {
        hear(&mut self.a, self.now, sent);
    }

    fn b_hears(&mut self, sent: &[Sent]) {
        hear(&mut self.b, self.now, sent);
    }

    /// Lets both say what they have to say, until neither has anything. No time passes.
    fn exchange(&mut self) {
        for _ in 0..1_000 {
            let (said, answered) = (self.a_says(), self.b_says());
            if said.is_empty() && answered.is_empty() {
                return;
            }
            self.b_hears(&said);
            self.a_hears(&answered);
        }
        panic!("they do not stop talking");
    }

    fn wait(&mut self, time: Duration) {
        self.now += time;
        self.a.on_timeout(self.now);
        self.b.on_timeout(self.now);
    }

    /// Waits for the next deadline of either.
    fn wait_for_deadline(&mut self) {
        let deadlines = [self.a.deadline(), self.b.deadline()];
        let next = deadlines.into_iter().flatten().min().expect("something to wait for");
        self.wait(next.since(self.now));
    }
}

fn plain() -> Config {
    Config { nagle: false, ..Config::default() }
}

#[test]
fn a_conversation_and_its_end_in_order() {
    let mut pair = Pair::open(&plain());
    assert_eq!(pair.a.send(b"hello"), 5);
    pair.exchange();
    let mut octets = [0; 9];
    assert_eq!(pair.b.receive(&mut octets), 5);
    pair.a.shutdown();
    pair.exchange();
    assert_eq!(pair.states(), [State::FinWait2, State::CloseWait]);
    assert!(pair.b.is_finished() && !pair.a.is_finished());
    assert_eq!((pair.a.send(b"more"), pair.b.send(b"bye")), (0, 3));
    pair.exchange();
    assert_eq!(pair.a.receive(&mut octets), 3);
    pair.b.shutdown();
    pair.exchange();
    assert_eq!(pair.states(), [State::TimeWait, State::Closed]);
    pair.wait(2 * Config::default().msl);
    assert_eq!(pair.states(), [State::Closed; 2]);
    assert_eq!((pair.a.failure(), pair.b.failure()), (None, None));
}

#[test]
fn both_may_ask_at_once() {
    let now = Instant::new(Duration::from_secs(1));
    let a = connect(now, &plain());
    let b = Connection::connect(now, Arc::new(plain()), setup(2, 1, ISS[1]));
    let mut pair = Pair { now, a, b };
    let (ours, theirs) = (pair.a_says(), pair.b_says());
    pair.a_hears(&theirs);
    pair.b_hears(&ours);
    assert_eq!(pair.states(), [State::SynReceived; 2]);
    pair.exchange();
    assert_eq!(pair.states(), [State::Established; 2]);
    pair.a.send(b"x");
    pair.exchange();
    assert_eq!(pair.b.readable(), 1);
}

#[test]
fn both_may_end_at_once() {
    let mut pair = Pair::open(&plain());
    pair.a.shutdown();
    pair.b.shutdown();
    let (ours, theirs) = (pair.a_says(), pair.b_says());
    pair.a_hears(&theirs);
    pair.b_hears(&ours);
    assert_eq!(pair.states(), [State::Closing; 2]);
    pair.exchange();
    assert_eq!(pair.states(), [State::TimeWait; 2]);
}

#[test]
fn a_lost_last_acknowledgment_is_repeated_from_time_wait() {
    let mut pair = Pair::open(&plain());
    pair.a.shutdown();
    pair.exchange();
    pair.b.shutdown();
    let fin = pair.b_says();
    pair.a_hears(&fin);
    let _lost = pair.a_says();
    pair.wait_for_deadline();
    pair.exchange();
    assert_eq!(pair.states(), [State::TimeWait, State::Closed]);
}

#[test]
fn a_fin_that_overtakes_waits_for_what_it_follows() {
    let mut pair = Pair::open(&plain());
    pair.a.send(&[7; 2_000]);
    pair.a.shutdown();
    let mut sent = pair.a_says();
    assert!(sent[1].0.flags.contains(Flags::FIN));
    sent.reverse();
    pair.b_hears(&sent[..1]);
    assert_eq!(pair.states(), [State::FinWait1, State::Established]);
    pair.b_hears(&sent[1..]);
    assert_eq!((pair.b.state(), pair.b.readable()), (State::CloseWait, 2_000));
    pair.exchange();
    assert_eq!(pair.a.state(), State::FinWait2);
}
