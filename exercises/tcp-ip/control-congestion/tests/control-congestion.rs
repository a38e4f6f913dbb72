//! Graded test of `control-congestion`.

mod mistakes;
mod sender;

use harness::{Outcome, check};

use mistakes::{DATA, HALVES_CWND, INFLATED, PARTIAL, SEGMENT_PER_ACK, TIMEOUT, TWICE, UPDATES};
use sender::{MSS, Sender};

#[test]
fn slow_start_doubles_the_window_each_round_trip() -> Outcome {
    check(|c| {
        let mut s = Sender::new(c);
        s.has(10_000, u32::MAX, None)?;
        s.send(10);
        s.acks_each(10);
        s.has(20_000, u32::MAX, None)?;
        s.send(20);
        s.acks_each(20);
        s.has(40_000, u32::MAX, None)
    })
}

#[test]
fn an_ack_counts_for_what_it_acknowledges() -> Outcome {
    check(|c| {
        let mut s = Sender::new(c);
        s.send(10);
        s.acks_of(20, 50);
        let each = s.window() == 10_000 + 20 * MSS;
        s.has(11_000, None, each.then_some(&SEGMENT_PER_ACK))?;
        s.ack(4 * MSS);
        s.has(12_000, None, None)?;
        s.old(2 * MSS);
        s.has(12_000, None, None)
    })
}

#[test]
fn a_timeout_begins_again_with_one_segment() -> Outcome {
    check(|c| {
        let mut s = Sender::in_full_flight(c)?;
        s.timer();
        let kept = s.window() > MSS && s.threshold() == 10_000;
        s.has(MSS, 10_000, kept.then_some(&TIMEOUT))
    })
}

#[test]
fn half_of_what_was_on_the_way() -> Outcome {
    check(|c| {
        let mut s = Sender::in_full_flight(c)?;
        s.acks_each(12);
        c.did("had nothing more to send: 8000 octets are on the way");
        let of_cwnd = s.window() / 2;
        s.timer();
        let halved = s.threshold() == of_cwnd;
        s.has(MSS, 4_000, halved.then_some(&HALVES_CWND))
    })
}

#[test]
fn never_less_than_two_segments() -> Outcome {
    check(|c| {
        let mut s = Sender::new(c);
        s.send(1);
        s.timer();
        s.has(MSS, 2 * MSS, None)
    })
}

#[test]
fn past_the_threshold_one_segment_each_round_trip() -> Outcome {
    check(|c| {
        let mut s = Sender::in_full_flight(c)?;
        s.timer();
        s.acks_each(9);
        s.has(10_000, 10_000, None)?;
        s.acks_each(10);
        // RFC 5681 §3.1 allows to count octets, and to add SMSS*SMSS/cwnd for each ack.
        c.want("cwnd between 10900 and 11100: a segment more after a whole window");
        let grown = s.window();
        c.ensure((10_900..=11_100).contains(&grown), None, || format!("cwnd {grown}"))?;
        s.send(10);
        s.acks_each(11);
        c.want("cwnd between 11800 and 12200: one more after the next");
        let grown = s.window();
        c.ensure((11_800..=12_200).contains(&grown), None, || format!("cwnd {grown}"))
    })
}

#[test]
fn three_duplicates_are_a_loss() -> Outcome {
    check(|c| {
        let mut s = Sender::in_full_flight(c)?;
        for _ in 0..2 {
            s.duplicate();
            s.retransmits(false, None)?;
            s.has(20_000, u32::MAX, None)?;
        }
        s.duplicate();
        s.retransmits(true, None)?;
        c.did("that was the third: half of the 20000 on the way, and 3 segments that have arrived");
        s.has(13_000, 10_000, None)?;
        s.duplicate();
        s.retransmits(false, None)?;
        s.has(14_000, 10_000, None)
    })
}

#[test]
fn a_loss_with_little_on_the_way() -> Outcome {
    check(|c| {
        let mut s = Sender::in_full_flight(c)?;
        s.acks_each(12);
        c.did("had nothing more to send: 8000 octets are on the way");
        let of_cwnd = s.window() / 2;
        s.duplicates(3);
        let halved = s.threshold() == of_cwnd;
        s.has(7_000, 4_000, halved.then_some(&HALVES_CWND))
    })
}

#[test]
fn what_carries_data_is_no_duplicate() -> Outcome {
    check(|c| {
        let mut s = Sender::in_full_flight(c)?;
        for octets in [1, 500, 1_000, 1_000] {
            s.data(octets);
            s.retransmits(false, &DATA)?;
        }
        s.has(20_000, u32::MAX, None)
    })
}

#[test]
fn a_new_window_is_no_duplicate() -> Outcome {
    check(|c| {
        let mut s = Sender::in_full_flight(c)?;
        for window in [40_000, 60_000, 65_000, 65_001] {
            s.update(window);
            s.retransmits(false, &UPDATES)?;
        }
        s.has(20_000, u32::MAX, None)
    })
}

#[test]
fn nothing_is_missing_when_nothing_is_on_the_way() -> Outcome {
    check(|c| {
        let mut s = Sender::new(c);
        s.send(10);
        s.acks_each(10);
        for _ in 0..4 {
            s.duplicate();
            s.retransmits(false, None)?;
        }
        s.has(20_000, u32::MAX, None)
    })
}

#[test]
fn duplicates_of_different_numbers_are_not_added_up() -> Outcome {
    check(|c| {
        let mut s = Sender::in_full_flight(c)?;
        for _ in 0..3 {
            s.duplicate();
            s.duplicate();
            s.ack(MSS);
            s.retransmits(false, None)?;
        }
        s.has(23_000, u32::MAX, None)
    })
}

#[test]
fn the_recovery_ends_when_all_of_it_has_arrived() -> Outcome {
    check(|c| {
        let mut s = Sender::in_full_flight(c)?;
        s.duplicates(19);
        s.has(29_000, 10_000, None)?;
        s.send(9);
        s.ack(20 * MSS);
        c.did("that was all that had been on the way at the loss; 9000 octets are newer");
        s.has(10_000, 10_000, (s.window() > 10_000).then_some(&INFLATED))?;
        s.retransmits(false, None)?;
        s.acks_each(9);
        c.want("cwnd at most 11000: past the threshold it grows slowly");
        c.ensure(s.window() <= 11_000, None, || format!("cwnd {}", s.window()))
    })
}

#[test]
fn no_burst_after_a_recovery() -> Outcome {
    check(|c| {
        let mut s = Sender::in_full_flight(c)?;
        s.duplicates(3);
        s.ack(20 * MSS);
        c.did("that was all: nothing is on the way");
        s.has(2 * MSS, 10_000, (s.window() > 10_000).then_some(&INFLATED))
    })
}

#[test]
fn a_partial_acknowledgment_shows_the_next_hole() -> Outcome {
    check(|c| {
        let mut s = Sender::in_full_flight(c)?;
        s.duplicates(17);
        s.has(27_000, 10_000, None)?;
        s.ack(3 * MSS);
        s.retransmits(true, &PARTIAL)?;
        s.has(25_000, 10_000, None)?;
        s.ack(MSS / 2);
        s.retransmits(true, &PARTIAL)?;
        s.has(24_500, 10_000, None)
    })
}

#[test]
fn one_window_is_halved_once() -> Outcome {
    check(|c| {
        let mut s = Sender::in_full_flight(c)?;
        s.duplicates(5);
        s.has(15_000, 10_000, None)?;
        s.ack(3 * MSS);
        c.did("that was a part: a second segment of this window was lost");
        s.has(13_000, 10_000, None)?;
        for _ in 0..4 {
            s.duplicate();
            s.retransmits(false, &TWICE)?;
        }
        s.has(17_000, 10_000, (s.threshold() < 10_000).then_some(&TWICE))
    })
}

#[test]
fn a_timeout_pays_for_the_whole_window() -> Outcome {
    check(|c| {
        let mut s = Sender::in_full_flight(c)?;
        s.timer();
        s.ack(5 * MSS);
        s.has(2_000, 10_000, None)?;
        for _ in 0..4 {
            s.duplicate();
            s.retransmits(false, &TWICE)?;
        }
        s.has(2_000, 10_000, (s.threshold() < 10_000).then_some(&TWICE))
    })
}

#[test]
fn the_next_window_may_be_halved_again() -> Outcome {
    check(|c| {
        let mut s = Sender::in_full_flight(c)?;
        s.duplicates(3);
        s.ack(20 * MSS);
        s.has(2_000, 10_000, None)?;
        s.send(2);
        s.acks_each(2);
        s.has(4_000, 10_000, None)?;
        s.send(6);
        s.duplicates(3);
        s.retransmits(true, None)?;
        s.has(6_000, 3_000, None)?;
        s.timer();
        s.has(MSS, 3_000, (s.window() > MSS).then_some(&TIMEOUT))?;
        s.ack(6 * MSS);
        s.retransmits(false, None)
    })
}
