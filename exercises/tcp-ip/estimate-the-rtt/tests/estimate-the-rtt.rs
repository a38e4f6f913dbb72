//! Graded test of `estimate-the-rtt`.

mod mistakes;
mod path;

use harness::{Outcome, check};

use path::Path;

#[test]
fn nothing_is_measured_yet() -> Outcome {
    check(|c| Path::new(c).waits(1_000))
}

#[test]
fn the_first_sample() -> Outcome {
    check(|c| {
        let mut path = Path::new(c);
        path.round_trip(800);
        path.waits(800 + 4 * 400)
    })
}

#[test]
fn a_second_sample() -> Outcome {
    check(|c| {
        let mut path = Path::new(c);
        path.round_trip(1_000);
        path.round_trip(1_800);
        path.waits(1_100 + 4 * 575)
    })
}

#[test]
fn a_shorter_sample() -> Outcome {
    check(|c| {
        let mut path = Path::new(c);
        path.round_trip(1_000);
        path.round_trip(200);
        path.waits(900 + 4 * 575)
    })
}

#[test]
fn a_fast_path_still_waits_a_second() -> Outcome {
    check(|c| {
        let mut path = Path::new(c);
        path.round_trip(30);
        path.waits(1_000)
    })
}

#[test]
fn a_steady_path_waits_a_tick_more_than_its_round_trip() -> Outcome {
    check(|c| {
        let mut path = Path::quietly(c);
        c.did("measured a round trip of 2000 ms, 100 times: RTTVAR is nothing by now");
        for _ in 0..100 {
            path.round_trip(2_000);
        }
        path.waits(2_000 + 100)
    })
}

#[test]
fn an_acknowledgment_of_something_else_is_no_sample() -> Outcome {
    check(|c| {
        let mut path = Path::new(c);
        path.round_trip(1_000);
        path.sends(1_000);
        path.passes(100);
        path.hears(1_000); // A duplicate of what was acknowledged before.
        path.waits(3_000)?;
        path.passes(900);
        path.hears(2_000);
        path.waits(1_000 + 4 * 375)
    })
}

#[test]
fn one_acknowledgment_for_three_segments() -> Outcome {
    check(|c| {
        let mut path = Path::new(c);
        for _ in 0..3 {
            path.sends(1_000);
            path.passes(100);
        }
        path.passes(500);
        path.hears(3_000);
        path.waits(800 + 4 * 400)
    })
}

#[test]
fn segments_keep_leaving_while_one_is_timed() -> Outcome {
    check(|c| {
        let mut path = Path::new(c);
        for sent in 1..=8 {
            path.sends(1_000);
            path.passes(100);
            // An acknowledgment takes 400 ms: when it comes, the fourth segment is on its way.
            if sent >= 4 {
                path.hears((sent - 3) * 1_000);
            }
        }
        path.waits(1_000)?;
        path.passes(4_000);
        path.hears(8_000);
        path.waits_as_computed()
    })
}

#[test]
fn each_timeout_in_a_row_doubles() -> Outcome {
    check(|c| {
        let mut path = Path::new(c);
        path.sends(1_000);
        for seconds in [2, 4, 8, 16, 32] {
            path.times_out();
            path.waits(seconds * 1_000)?;
        }
        for _ in 0..100 {
            path.times_out();
            path.waits(60_000)?;
        }
        Ok(())
    })
}

#[test]
fn a_segment_that_was_sent_twice() -> Outcome {
    check(|c| {
        let mut path = Path::new(c);
        path.round_trip(400);
        path.waits(1_200)?;
        path.sends(1_000);
        path.times_out();
        path.waits(2_400)?;
        path.passes(200);
        path.hears(2_000); // 1400 ms after the one, 200 ms after the other.
        path.waits(2_400)
    })
}

#[test]
fn a_segment_that_was_sent_twice_without_a_timeout() -> Outcome {
    check(|c| {
        let mut path = Path::new(c);
        path.round_trip(400);
        path.sends(1_000);
        path.passes(300);
        path.repeats(2_000);
        path.passes(100);
        path.hears(2_000);
        path.waits(1_200)
    })
}

#[test]
fn an_acknowledgment_that_waited_for_a_retransmission() -> Outcome {
    check(|c| {
        let mut path = Path::new(c);
        path.sends(1_000);
        path.sends(1_000);
        path.passes(400);
        path.hears(1_000);
        path.waits(1_200)?;
        path.sends(1_000); // This one is timed; the second segment was lost.
        path.passes(700);
        path.repeats(2_000);
        path.passes(400);
        path.hears(3_000);
        path.waits(1_200)
    })
}

#[test]
fn a_new_measurement_ends_the_doubling() -> Outcome {
    check(|c| {
        let mut path = Path::new(c);
        path.round_trip(400);
        path.sends(1_000);
        path.times_out();
        path.times_out();
        path.passes(400);
        path.hears(2_000);
        path.waits(4_800)?;
        path.round_trip(400);
        path.waits(1_000)
    })
}

#[test]
fn any_segments_over_any_path() -> Outcome {
    check(|c| {
        let mut random = c.random();
        let mut path = Path::quietly(c);
        for _ in 0..2_000 {
            match random.below(12) {
                0..5 => path.sends(1 + random.below(1_460) as u64),
                5..10 => path.hears_of_some(random.below(4)),
                10 => path.repeats_the_oldest(),
                _ => path.times_out(),
            }
            path.passes(random.below(700) as u64);
            path.waits_as_computed()?;
        }
        Ok(())
    })
}
