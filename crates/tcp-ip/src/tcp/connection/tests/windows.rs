//! How much goes out, and when: windows, Nagle, delayed acknowledgments.

use super::*;

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
