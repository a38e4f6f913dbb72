//! Who must not be believed, and how a connection ends before its time.

use super::*;

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
