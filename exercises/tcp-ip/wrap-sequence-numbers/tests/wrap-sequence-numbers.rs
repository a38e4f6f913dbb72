//! Graded test of `wrap-sequence-numbers`.

mod mistakes;
mod numbers;

use harness::{Outcome, Random, check};
use wrap_sequence_numbers::{CIRCLE, Seq};

use mistakes::{EDGE, ITSELF, LINE};
use numbers::{ahead, at, not_before_itself, ordered, position, within};

const LAST: u32 = u32::MAX;
const HALF: u64 = CIRCLE / 2;

#[test]
fn positions_become_numbers() -> Outcome {
    check(|c| {
        at(c, Seq(0), 0, Seq(0))?;
        at(c, Seq(0), 77, Seq(77))?;
        at(c, Seq(0x4a1f_0000), 0, Seq(0x4a1f_0000))?;
        at(c, Seq(0x4a1f_0000), 0x21, Seq(0x4a1f_0021))
    })
}

#[test]
fn after_the_highest_comes_zero() -> Outcome {
    check(|c| {
        at(c, Seq(0xffff_ff00), 0x110, Seq(0x10))?;
        at(c, Seq(LAST), 1, Seq(0))?;
        at(c, Seq(LAST), 0, Seq(LAST))
    })
}

#[test]
fn a_stream_goes_round_many_times() -> Outcome {
    check(|c| {
        at(c, Seq(0), CIRCLE - 1, Seq(LAST))?;
        at(c, Seq(0), CIRCLE, Seq(0))?;
        at(c, Seq(0x1234_5678), 3 * CIRCLE + 8, Seq(0x1234_5680))?;
        at(c, Seq(LAST), 7 * CIRCLE + 2, Seq(1))
    })
}

#[test]
fn how_far_one_number_is_ahead() -> Outcome {
    check(|c| {
        ahead(c, Seq(1_500), Seq(1_000), 500)?;
        ahead(c, Seq(7), Seq(7), 0)?;
        ahead(c, Seq(0x10), Seq(0xffff_fff0), 0x20)?;
        ahead(c, Seq(0x8000_0010), Seq(0x7fff_fff0), 0x20)?;
        ahead(c, Seq(0x3fff_ffff), Seq(0xc000_0000), i32::MAX)
    })
}

#[test]
fn before_on_the_same_round() -> Outcome {
    check(|c| {
        ordered(c, Seq(1_000), Seq(1_500))?;
        ordered(c, Seq(0x7fff_ffff), Seq(0x8000_0000))
    })
}

#[test]
fn a_number_is_not_before_itself() -> Outcome {
    check(|c| {
        for seq in [Seq(0), Seq(1_000), Seq(LAST)] {
            not_before_itself(c, seq, &ITSELF)?;
        }
        Ok(())
    })
}

#[test]
fn before_across_the_wrap() -> Outcome {
    check(|c| {
        ordered(c, Seq(LAST), Seq(0))?;
        ordered(c, Seq(0xffff_fff0), Seq(0x10))?;
        ordered(c, Seq(0xc000_0000), Seq(0x3fff_ffff))
    })
}

#[test]
fn a_window_ends_before_its_edge() -> Outcome {
    check(|c| {
        let window = (Seq(0x1000), 0x10);
        for inside in [0x1000, 0x1008, 0x100f] {
            within(c, Seq(inside), window, true, None)?;
        }
        within(c, Seq(0x1010), window, false, &EDGE)?;
        for outside in [0xfff, 0x1011, 0, LAST] {
            within(c, Seq(outside), window, false, None)?;
        }
        Ok(())
    })
}

#[test]
fn an_empty_window_holds_nothing() -> Outcome {
    check(|c| {
        within(c, Seq(1_000), (Seq(1_000), 0), false, &EDGE)?;
        within(c, Seq(999), (Seq(1_000), 0), false, None)?;
        within(c, Seq(LAST), (Seq(0), 0), false, None)
    })
}

#[test]
fn a_window_across_the_wrap() -> Outcome {
    check(|c| {
        let window = (Seq(0xffff_fffe), 4);
        for inside in [0xffff_fffe, LAST, 0, 1] {
            within(c, Seq(inside), window, true, &LINE)?;
        }
        within(c, Seq(2), window, false, &EDGE)?;
        for outside in [0xffff_fffd, 3, 0x8000_0000] {
            within(c, Seq(outside), window, false, &LINE)?;
        }
        // It ends with the highest number: its edge is 0.
        within(c, Seq(LAST), (Seq(0xffff_fffe), 2), true, &LINE)?;
        within(c, Seq(0), (Seq(0xffff_fffe), 2), false, &EDGE)
    })
}

#[test]
fn the_position_on_the_first_round() -> Outcome {
    check(|c| {
        position(c, Seq(0), 0, 0)?;
        position(c, Seq(0), 1_000, 1_010)?;
        position(c, Seq(0x4a1f_0000), 1_000, 990)?;
        position(c, Seq(0xffff_ff00), 0, 0x110)
    })
}

#[test]
fn the_position_on_a_later_round() -> Outcome {
    check(|c| {
        position(c, Seq(0), 5 * CIRCLE + 1_000, 5 * CIRCLE + 1_010)?;
        position(c, Seq(0x4a1f_0000), 5 * CIRCLE + 1_000, 5 * CIRCLE + 990)
    })
}

#[test]
fn the_position_across_the_border_of_a_round() -> Outcome {
    check(|c| {
        position(c, Seq(0), CIRCLE - 1, CIRCLE)?;
        position(c, Seq(0), CIRCLE, CIRCLE - 1)?;
        position(c, Seq(0xffff_ff00), 2 * CIRCLE - 5, 2 * CIRCLE + 5)?;
        position(c, Seq(0xffff_ff00), 2 * CIRCLE + 5, 2 * CIRCLE - 5)
    })
}

#[test]
fn as_far_as_the_nearest_can_be() -> Outcome {
    check(|c| {
        for first in [Seq(0), Seq(0x8000_0000), Seq(LAST)] {
            position(c, first, 4 * CIRCLE, 4 * CIRCLE + HALF - 1)?;
            position(c, first, 4 * CIRCLE, 4 * CIRCLE - HALF + 1)?;
            position(c, first, 4 * CIRCLE + HALF, 4 * CIRCLE + 1)?;
            position(c, first, 4 * CIRCLE + HALF, 5 * CIRCLE - 1)?;
        }
        Ok(())
    })
}

#[test]
fn no_position_is_before_the_beginning() -> Outcome {
    check(|c| {
        position(c, Seq(0), 0, CIRCLE - 1)?;
        position(c, Seq(1_000), 10, CIRCLE - 5)?;
        position(c, Seq(LAST), HALF - 2, CIRCLE - 1)
    })
}

#[test]
fn any_numbers_anywhere() -> Outcome {
    check(|c| {
        let mut random = c.random();
        for _ in 0..2_000 {
            let first = seq(&mut random);
            let near = random.next_u64() >> 4;
            let distance = random.next_u64() % (HALF - 1) + 1;
            let (early, late) = (near - near.min(distance), near - near.min(distance) + distance);
            let around = |position: u64| {
                let rest = u32::try_from(position % CIRCLE).expect("it is below 2^32");
                Seq(first.0.wrapping_add(rest))
            };
            at(c, first, late, around(late))?;
            ordered(c, around(early), around(late))?;
            ahead(c, around(late), around(early), i32::try_from(distance).expect("below half"))?;
            let length = u32::try_from(distance).expect("below half");
            within(c, around(early), (around(early), length), true, None)?;
            within(c, around(late), (around(early), length), false, &EDGE)?;
            position(c, first, early, late)?;
            position(c, first, late, early)?;
        }
        Ok(())
    })
}

fn seq(random: &mut Random) -> Seq {
    Seq(u32::try_from(random.next_u64() >> 32).expect("32 bits are left"))
}
