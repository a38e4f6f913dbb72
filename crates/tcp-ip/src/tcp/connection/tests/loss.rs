//! What is lost, and who falls silent.

use super::*;
use crate::tcp::congestion::Algorithm;

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

/// The path takes 20 ms, and what `lost` says of a segment happens to it. Ends when `a` waits for its
/// own timer.
fn over_a_path(pair: &mut Pair, mut lost: impl FnMut(&Header) -> bool) {
    let half = Duration::from_millis(10);
    for _ in 0..100 {
        let mut sent = pair.a_says();
        if sent.is_empty() {
            return;
        }
        sent.retain(|(header, _)| !lost(header));
        pair.wait(half);
        let mut answers = Vec::new();
        for segment in &sent {
            pair.b_hears(std::slice::from_ref(segment));
            answers.append(&mut pair.b_says());
        }
        pair.wait(half);
        pair.a_hears(&answers);
    }
    panic!("there is no end");
}

/// RFC 8985 §6.2: what was sent behind a retransmission has arrived, and it has not.
#[test]
fn a_lost_retransmission_is_found_without_a_timeout() {
    let mut pair = Pair::open(&plain());
    pair.a.send(&[7; 40 * 1_448]);
    let mut copies = 0;
    over_a_path(&mut pair, |header| {
        let first = header.sequence == ISS[0] + 1;
        copies += u32::from(first);
        first && copies <= 3
    });
    assert_eq!((pair.b.readable(), pair.a.unacknowledged()), (40 * 1_448, 0));
    let counters = pair.a.counters();
    assert_eq!((counters.timeouts, counters.retransmitted), (0, 3));
    // RFC 5681 §4.3: each is a sign of congestion of its own.
    assert_eq!(counters.fast_recoveries, 3);
}

/// Two reports do not make a loss; a quarter of the round trip later they do (RFC 8985 §6.2, step 4).
#[test]
fn with_few_segments_behind_it_a_loss_is_found_by_the_reordering_timer() {
    let mut pair = Pair::open(&plain());
    pair.a.send(&[7; 1_448]);
    over_a_path(&mut pair, |_| false); // So that there is a round trip to go by.
    pair.wait_for_deadline();
    let waiting = pair.b_says();
    pair.a_hears(&waiting);
    pair.a.send(&[7; 3 * 1_448]);
    let mut sent = 0;
    over_a_path(&mut pair, |_| {
        sent += 1;
        sent == 1
    });
    assert_eq!((sent, pair.a.counters().retransmitted), (3, 0));
    let before = pair.now;
    pair.wait_for_deadline();
    assert!(pair.now.since(before) < Duration::from_millis(20), "{:?}", pair.now.since(before));
    over_a_path(&mut pair, |_| false);
    assert_eq!((pair.a.unacknowledged(), pair.a.counters().timeouts), (0, 0));
}

/// RFC 6298 §2.2: the SYN is a sample, whether there are timestamps or not.
#[test]
fn the_handshake_measures_the_first_round_trip() {
    for timestamps in [true, false] {
        let config = Config { timestamps, ..plain() };
        let mut now = Instant::new(Duration::from_secs(1));
        let mut a = connect(now, &config);
        let syn = spoken(&mut a, now);
        now += Duration::from_millis(30);
        let syn = Segment::new(syn[0].0, b"");
        let mut b = Connection::accept(now, Arc::new(config), setup(2, 1, ISS[1]), &syn);
        let answer = spoken(&mut b, now);
        now += Duration::from_millis(30);
        hear(&mut a, now, &answer);
        assert_eq!(a.round_trip(), Some(Duration::from_millis(60)));
    }
}

/// Acknowledgments that arrive together, before anything is sent: the later ones find less on the way,
/// but what they acknowledge was sent with a full window.
#[test]
fn acknowledgments_that_arrive_together_let_the_window_grow_as_much() {
    let windows = |together: bool| {
        let mut pair = Pair::open(&Config { congestion: Algorithm::Reno, ..plain() });
        pair.a.send(&[7; 300 * 1_448]);
        let mut sent = pair.a_says();
        sent.remove(0); // Its loss ends slow start.
        let mut windows = Vec::new();
        for _ in 0..12 {
            let mut answers = Vec::new();
            for segment in sent.drain(..) {
                pair.b_hears(&[segment]);
                answers.extend(pair.b_says());
            }
            pair.wait(Duration::from_millis(20));
            for answer in answers {
                pair.a_hears(&[answer]);
                if !together {
                    sent.extend(pair.a_says());
                }
            }
            sent.extend(pair.a_says());
            windows.push(pair.a.congestion_window() / 1_448);
        }
        windows
    };
    let one_by_one = windows(false);
    // The window of ten is halved, and grows by a segment each round trip from then on.
    assert_eq!((one_by_one[0], one_by_one[11]), (5, 15));
    assert_eq!(windows(true), one_by_one);
}
