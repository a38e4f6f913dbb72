//! What both ends agree on, and what the path has to say.

use super::*;

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
