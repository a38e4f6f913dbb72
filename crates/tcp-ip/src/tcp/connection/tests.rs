//! Conversations between two connections in one process, in virtual time.

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

#[test]
fn a_closed_window_is_probed_and_its_opening_told() {
    let small = Config { receive_buffer: 2 * 1_448, ..plain() };
    let mut pair = Pair::open_between(&plain(), &small);
    pair.a.send(&[7; 10_000]);
    pair.exchange();
    assert_eq!(pair.b.readable(), 2 * 1_448);
    // The peer does not read for an hour, and answers all that time.
    for _ in 0..70 {
        pair.wait_for_deadline();
        let probe = pair.a_says();
        assert!(probe.iter().all(|(_, octets)| octets.len() == 1), "{probe:?}");
        pair.b_hears(&probe);
        pair.exchange();
    }
    assert!(pair.now.as_secs_f64() > 3_600.0 && pair.a.counters().probes > 60);
    assert_eq!((pair.states(), pair.a.counters().timeouts), ([State::Established; 2], 0));
    let mut total = 0;
    let mut octets = [0; 1_000];
    while total < 10_000 {
        let read = pair.b.receive(&mut octets);
        total += read;
        pair.exchange();
        assert!(read > 0 || pair.b.readable() > 0, "{total} of 10,000 were read");
    }
}

#[test]
fn a_lost_window_update_is_found_by_a_probe() {
    let small = Config { receive_buffer: 2 * 1_448, ..plain() };
    let mut pair = Pair::open_between(&plain(), &small);
    pair.a.send(&[7; 4 * 1_448]);
    pair.exchange();
    assert_eq!(pair.b.receive(&mut [0; 3_000]), 2 * 1_448);
    assert_eq!(pair.b_says().len(), 1, "an update, and it is lost");
    for _ in 0..2 {
        pair.wait_for_deadline(); // For the probe, and for the acknowledgment of its octet.
        pair.exchange();
    }
    assert_eq!(pair.b.readable(), 2 * 1_448);
}

/// Both windows are closed, and both ends have probed: their next numbers are beyond what the other
/// takes. An acknowledgment with such a number would be refused.
#[test]
fn two_closed_windows_open_again() {
    let small = Config { receive_buffer: 1_000, ..plain() };
    let mut pair = Pair::open(&small);
    pair.a.send(&[1; 5_000]);
    pair.b.send(&[2; 5_000]);
    pair.exchange();
    for _ in 0..4 {
        pair.wait_for_deadline();
        pair.exchange();
    }
    let mut octets = [0; 5_000];
    let (mut there, mut back) = (0, 0);
    for _ in 0..100 {
        there += pair.b.receive(&mut octets);
        back += pair.a.receive(&mut octets);
        pair.exchange();
        if let (true, Some(_)) = (there + back < 10_000, pair.a.deadline().or(pair.b.deadline())) {
            pair.wait_for_deadline();
        }
    }
    assert_eq!((there, back), (5_000, 5_000));
}

#[test]
fn a_reader_of_single_octets_gets_no_silly_windows() {
    let small = Config { receive_buffer: 4_000, ..plain() };
    let mut pair = Pair::open_between(&plain(), &small);
    pair.a.send(&[7; 20_000]);
    pair.exchange();
    let before = pair.a.counters().sent;
    for _ in 0..8_000 {
        assert_eq!(pair.b.receive(&mut [0]), 1);
        pair.exchange();
    }
    let sent = pair.a.counters().sent - before;
    assert!(sent < 10, "{sent} segments for 8,000 octets");
}

#[test]
fn nagle_gathers_small_writes_and_nodelay_does_not() {
    let count = |nagle| {
        let mut pair = Pair::open(&Config { nagle, ..Config::default() });
        let mut segments = 0;
        for _ in 0..10 {
            pair.a.send(b"x");
            segments += pair.a_says().len();
        }
        segments
    };
    assert_eq!((count(true), count(false)), (1, 10));
}

/// Two small writes, then a wait for the answer: the second write waits for the acknowledgment of
/// the first, and that waits for company.
#[test]
fn write_write_read_costs_a_delayed_acknowledgment() {
    let mut pair = Pair::open(&Config::default());
    let begin = pair.now;
    pair.a.send(b"header");
    let first = pair.a_says();
    pair.a.send(b"body");
    assert!(pair.a_says().is_empty());
    pair.b_hears(&first);
    assert!(pair.b_says().is_empty());
    pair.wait_for_deadline();
    pair.exchange();
    assert_eq!(pair.b.readable(), 10);
    assert_eq!(pair.now.since(begin), Config::default().delayed_ack);
}

#[test]
fn every_second_full_segment_is_acknowledged_at_once() {
    let mut pair = Pair::open(&plain());
    pair.a.send(&[7; 4 * 1_448]);
    let sent = pair.a_says();
    let mut acknowledgments = 0;
    for segment in &sent {
        pair.b_hears(std::slice::from_ref(segment));
        acknowledgments += pair.b_says().len();
    }
    assert_eq!((sent.len(), acknowledgments), (4, 2));
}

#[test]
fn a_lost_segment_is_sent_again_after_three_others_arrived() {
    for sack in [true, false] {
        let mut pair = Pair::open(&Config { sack, ..plain() });
        let octets: Vec<u8> =
            (0..8 * 1_448).map(|at| u8::try_from(at % 251).expect("below 251")).collect();
        pair.a.send(&octets);
        let mut sent = pair.a_says();
        sent.remove(0);
        for segment in &sent {
            pair.b_hears(std::slice::from_ref(segment));
            let answers = pair.b_says();
            assert_eq!(answers[0].0.options.sack.is_empty(), !sack);
            pair.a_hears(&answers);
        }
        let again = pair.a_says();
        assert_eq!(again[0].0.sequence, ISS[0] + 1, "with SACK: {sack}");
        pair.b_hears(&again);
        pair.exchange();
        let mut received = vec![0; octets.len()];
        assert_eq!(pair.b.receive(&mut received), octets.len());
        assert_eq!(received, octets);
        assert_eq!((pair.a.counters().timeouts, pair.a.counters().fast_recoveries), (0, 1));
        assert_eq!(pair.a.counters().retransmitted, 1);
    }
}

#[test]
fn sack_sends_two_lost_segments_in_one_round_trip() {
    let mut pair = Pair::open(&plain());
    pair.a.send(&[7; 10 * 1_448]);
    let mut sent = pair.a_says();
    sent.remove(4);
    sent.remove(0);
    pair.b_hears(&sent);
    let answers = pair.b_says();
    pair.a_hears(&answers);
    // One acknowledgment after all of them has the blocks that say it all; a second one is not
    // needed, as more than two segments were received beyond both.
    let again: Vec<_> = pair.a_says().iter().map(|(header, _)| header.sequence).collect();
    assert_eq!(again, [ISS[0] + 1, ISS[0] + 1 + 4 * 1_448]);
}

#[test]
fn a_timeout_sends_the_oldest_segment_only_and_waits_twice_as_long() {
    let mut pair = Pair::open(&plain());
    pair.a.send(&[7; 5 * 1_448]);
    assert_eq!(pair.a_says().len(), 5);
    let mut waits = Vec::new();
    for _ in 0..3 {
        let before = pair.now;
        pair.wait_for_deadline();
        waits.push(pair.now.since(before));
        let again = pair.a_says();
        assert_eq!((again.len(), again[0].0.sequence), (1, ISS[0] + 1));
    }
    assert_eq!((waits[1], waits[2]), (2 * waits[0], 4 * waits[0]));
}

#[test]
fn a_silent_peer_is_given_up() {
    let mut pair = Pair::open(&plain());
    pair.a.send(b"anybody there?");
    let begin = pair.now;
    while pair.a.state() == State::Established {
        let _lost = pair.a_says();
        pair.wait_for_deadline();
    }
    assert_eq!(pair.a.failure(), Some(Failure::TimedOut));
    let waited = pair.now.since(begin);
    assert!(
        waited >= plain().user_timeout && waited < plain().user_timeout + Duration::from_secs(120)
    );
}

#[test]
fn keep_alives_ask_and_give_up() {
    let keep_alive =
        KeepAlive { idle: Duration::from_secs(100), interval: Duration::from_secs(10), probes: 3 };
    let mut pair =
        Pair::open_between(&Config { keep_alive: Some(keep_alive), ..plain() }, &plain());
    for _ in 0..5 {
        pair.wait(keep_alive.idle);
        let question = pair.a_says();
        assert_eq!(question.len(), 1, "after {}", pair.now);
        pair.b_hears(&question);
        pair.exchange();
    }
    assert_eq!(pair.a.state(), State::Established);
    let mut questions = 0;
    while pair.a.state() == State::Established {
        pair.wait_for_deadline();
        let lost = pair.a_says();
        questions += lost.iter().filter(|(header, _)| !header.flags.contains(Flags::RST)).count();
    }
    assert_eq!((pair.a.failure(), questions), (Some(Failure::TimedOut), 3));
}

#[test]
fn a_stranger_with_a_guess_gets_a_challenge_and_not_many() {
    let mut pair = Pair::open(&Config { timestamps: false, ..plain() });
    let guess = Header {
        source: 1,
        destination: 2,
        sequence: ISS[0] + 1_000,
        flags: Flags::RST,
        ..Header::default()
    };
    let mut challenges = 0;
    for flags in [Flags::RST, Flags::SYN].repeat(50) {
        pair.b_hears(&[(Header { flags, ..guess }, Vec::new())]);
        challenges += pair.b_says().len();
    }
    assert_eq!((pair.b.state(), challenges), (State::Established, 10));
    // Octets with an acknowledgment of what was never sent, or long ago.
    for acknowledgment in [ISS[1] + 5_000, ISS[1] - (1 << 30)] {
        let header = Header { flags: Flags::ACK, acknowledgment, sequence: ISS[0] + 1, ..guess };
        pair.b_hears(&[(header, b"evil".to_vec())]);
    }
    assert_eq!(pair.b.readable(), 0);
}

#[test]
fn an_old_segment_is_known_by_its_timestamp() {
    let mut pair = Pair::open(&plain());
    pair.a.send(b"old");
    let old = pair.a_says();
    pair.wait(Duration::from_millis(500));
    pair.exchange();
    assert_eq!(pair.b.receive(&mut [0; 9]), 3);
    // It comes again once its numbers are in the window again, 2^32 octets later.
    let mut wrapped = old[0].clone();
    wrapped.0.sequence = pair.b.receive.nxt();
    pair.b_hears(&[wrapped]);
    assert_eq!(pair.b.readable(), 0);
}

#[test]
fn a_smaller_path_mtu_makes_smaller_segments() {
    let mut pair = Pair::open(&plain());
    pair.a.send(&[7; 3 * 1_448]);
    let _too_large = pair.a_says();
    pair.a.path_mtu(1_000, 40, ISS[0] - 9);
    assert_eq!(pair.a.segment_size(), 1_448, "a stranger said so");
    pair.a.path_mtu(1_000, 40, ISS[0] + 1);
    let again = pair.a_says();
    assert!(again.iter().all(|(header, octets)| header.length() + octets.len() <= 980));
    pair.b_hears(&again);
    pair.exchange();
    assert_eq!(pair.b.readable(), 3 * 1_448);
}

#[test]
fn a_peer_that_asks_for_tiny_segments_gets_small_ones() {
    let now = Instant::ZERO;
    let options = Options { mss: Some(1), ..Options::default() };
    let syn = Header { flags: Flags::SYN, options, ..Header::default() };
    let syn = Segment::new(syn, b"");
    let connection = Connection::accept(now, Arc::default(), setup(2, 1, ISS[1]), &syn);
    assert_eq!(connection.segment_size(), u32::from(SMALLEST_MSS));
}

#[test]
fn without_the_option_a_segment_has_536_octets() {
    let syn = Header { flags: Flags::SYN, ..Header::default() };
    let syn = Segment::new(syn, b"");
    let connection = Connection::accept(Instant::ZERO, Arc::default(), setup(2, 1, ISS[1]), &syn);
    assert_eq!(connection.segment_size(), 536);
}

#[test]
fn a_refused_connection_says_so_and_a_forged_refusal_does_nothing() {
    let now = Instant::ZERO;
    let mut a = connect(now, &plain());
    let syn = spoken(&mut a, now)[0].0;
    let refusal = crate::tcp::segment::reset_for(&Segment::new(syn, b"")).unwrap();
    let forged = Header { acknowledgment: refusal.acknowledgment + 1, ..refusal };
    a.segment(now, &Segment::new(forged, b""));
    assert_eq!(a.state(), State::SynSent);
    a.segment(now, &Segment::new(refusal, b""));
    assert_eq!(a.failure(), Some(Failure::Refused));
    assert!(spoken(&mut a, now).is_empty(), "an RST is not answered");
}

#[test]
fn an_abort_resets_the_peer() {
    let mut pair = Pair::open(&plain());
    pair.a.abort();
    pair.exchange();
    assert_eq!(pair.states(), [State::Closed; 2]);
    assert_eq!(pair.b.failure(), Some(Failure::Reset));
}

#[test]
fn octets_that_nobody_will_read_reset_the_connection() {
    let mut pair = Pair::open(&plain());
    pair.b.close();
    pair.exchange();
    pair.a.send(b"too late");
    pair.exchange();
    assert_eq!(
        (pair.a.failure(), pair.b.failure()),
        (Some(Failure::Reset), Some(Failure::Aborted))
    );
}

#[test]
fn a_syn_that_was_lost_is_sent_again() {
    let now = Instant::ZERO;
    let mut a = connect(now, &plain());
    let first = spoken(&mut a, now);
    let at = a.deadline().unwrap();
    a.on_timeout(at);
    let second = spoken(&mut a, at);
    assert_eq!(at.since(now), Duration::from_secs(1));
    assert_eq!(first[0].0.sequence, second[0].0.sequence);
    assert_eq!(a.deadline(), Some(at + Duration::from_secs(2)));
}

#[test]
fn windows_are_shifted_only_if_both_want_it() {
    let without = Config { window_scaling: false, ..plain() };
    for (theirs, window) in [(plain(), 4 << 20), (without, 65_535)] {
        let mut pair = Pair::open_between(&plain(), &theirs);
        pair.a.send(&[7; 2 * 1_448]); // Acknowledged at once.
        pair.exchange();
        let told = pair.a.send.window();
        assert!((window - 4_000..=window).contains(&told), "{told}, not {window}");
    }
}
