//! Graded test of `send-reliably`.

mod mistakes;
mod wire;

use harness::{Outcome, check};

use wire::{MSS, Wire};

#[test]
fn a_stream_is_cut_into_segments() -> Outcome {
    check(|c| {
        let mut wire = Wire::new(c, 4_000);
        wire.passes(0)?;
        wire.writes(2_500)
    })
}

#[test]
fn no_more_is_on_the_way_than_the_window_holds() -> Outcome {
    check(|c| {
        let mut wire = Wire::new(c, 2_500);
        wire.writes(6_000)?;
        wire.passes(100)?;
        wire.hears(1_000, 2_500)?;
        wire.hears(2_500, 4_000)
    })
}

#[test]
fn all_is_acknowledged_and_nothing_is_waited_for() -> Outcome {
    check(|c| {
        let mut wire = Wire::new(c, 4_000);
        wire.writes(2_000)?;
        wire.passes(100)?;
        wire.hears(2_000, 4_000)?;
        wire.passes(5_000)?;
        wire.writes(10)
    })
}

#[test]
fn the_oldest_segment_is_sent_again_and_no_other() -> Outcome {
    check(|c| {
        let mut wire = Wire::new(c, 4_000);
        wire.writes(3_000)?;
        wire.passes(999)?;
        wire.passes(1)?;
        wire.passes(0)
    })
}

#[test]
fn each_timeout_in_a_row_doubles() -> Outcome {
    check(|c| {
        let mut wire = Wire::new(c, 4_000);
        wire.writes(500)?;
        for _ in 0..40 {
            wire.waits()?;
        }
        wire.passes(10)?;
        wire.hears(500, 4_000)?;
        wire.writes(500)
    })
}

#[test]
fn a_duplicate_acknowledgment_does_not_put_the_timeout_off() -> Outcome {
    check(|c| {
        let mut wire = Wire::new(c, 4_000);
        wire.writes(4_000)?;
        wire.passes(400)?;
        wire.hears(1_000, 4_000)?; // The second segment is lost; the others arrive.
        wire.passes(300)?;
        wire.hears(1_000, 4_000)?;
        wire.passes(300)?;
        wire.hears(1_000, 4_000)?;
        wire.waits()
    })
}

#[test]
fn a_new_segment_does_not_put_the_timeout_off() -> Outcome {
    check(|c| {
        let mut wire = Wire::new(c, 4_000);
        for _ in 0..3 {
            wire.writes(100)?;
            wire.passes(300)?;
        }
        wire.waits()
    })
}

#[test]
fn an_acknowledgment_of_something_new_starts_the_timer_anew() -> Outcome {
    check(|c| {
        let mut wire = Wire::new(c, 4_000);
        wire.writes(1_000)?;
        wire.passes(600)?;
        wire.writes(1_000)?;
        wire.passes(200)?;
        wire.hears(1_000, 4_000)?;
        wire.passes(200)?;
        wire.waits()
    })
}

#[test]
fn an_acknowledgment_in_the_middle_of_a_segment() -> Outcome {
    check(|c| {
        let mut wire = Wire::new(c, 4_000);
        wire.writes(1_800)?;
        wire.passes(100)?;
        wire.hears(300, 4_000)?;
        wire.waits()
    })
}

#[test]
fn acknowledgments_that_cannot_be_or_are_old() -> Outcome {
    check(|c| {
        let mut wire = Wire::new(c, 2_000);
        wire.writes(5_000)?;
        wire.passes(100)?;
        wire.hears(2_001, 9_000)?; // Nobody can have octet 2000: it was never sent.
        wire.hears(1_500, 2_000)?;
        wire.passes(100)?;
        wire.hears(1_000, 9_000)?; // It was overtaken; its window is not true any more.
        wire.waits()
    })
}

#[test]
fn a_window_of_zero_is_probed() -> Outcome {
    check(|c| {
        let mut wire = Wire::new(c, 1_000);
        wire.writes(3_000)?;
        wire.passes(100)?;
        wire.hears(1_000, 0)?;
        wire.passes(999)?;
        wire.waits()
    })
}

#[test]
fn probes_are_farther_and_farther_apart() -> Outcome {
    check(|c| {
        let mut wire = Wire::new(c, 0);
        wire.writes(3_000)?;
        for _ in 0..8 {
            wire.waits()?;
            wire.passes(50)?;
            wire.hears(0, 0)?;
        }
        Ok(())
    })
}

#[test]
fn nothing_waits_and_nothing_is_probed() -> Outcome {
    check(|c| {
        let mut wire = Wire::new(c, 1_000);
        wire.writes(1_000)?;
        wire.passes(100)?;
        wire.hears(1_000, 0)?;
        wire.passes(9_000)
    })
}

#[test]
fn the_octet_of_a_probe_was_refused() -> Outcome {
    check(|c| {
        let mut wire = Wire::new(c, 0);
        wire.writes(3_000)?;
        wire.waits()?;
        wire.passes(50)?;
        wire.hears(0, 0)?;
        wire.passes(50)?;
        wire.hears(0, 2_000)?;
        wire.passes(50)?;
        wire.hears(2_000, 2_000)
    })
}

#[test]
fn the_octet_of_a_probe_was_taken() -> Outcome {
    check(|c| {
        let mut wire = Wire::new(c, 0);
        wire.writes(3_000)?;
        wire.waits()?;
        wire.passes(50)?;
        wire.hears(1, 2_000)
    })
}

#[test]
fn the_octet_of_a_probe_was_taken_and_the_window_is_zero_again() -> Outcome {
    check(|c| {
        let mut wire = Wire::new(c, 0);
        wire.writes(3_000)?;
        wire.waits()?;
        wire.passes(50)?;
        wire.hears(1, 0)?;
        wire.waits()?;
        wire.passes(50)?;
        wire.hears(2, 2_000)
    })
}

#[test]
fn a_loss_after_the_window_was_zero() -> Outcome {
    check(|c| {
        let mut wire = Wire::new(c, 0);
        wire.writes(3_000)?;
        for _ in 0..5 {
            wire.waits()?;
            wire.hears(0, 0)?;
        }
        wire.passes(100)?;
        wire.hears(0, 2_000)?;
        wire.waits()
    })
}

#[test]
fn the_window_shrinks_over_what_is_on_the_way() -> Outcome {
    check(|c| {
        let mut wire = Wire::new(c, 3_000);
        wire.writes(4_000)?;
        wire.passes(100)?;
        wire.hears(1_000, 500)?;
        wire.passes(100)?;
        wire.hears(1_000, 0)?;
        wire.waits()?;
        wire.hears(1_000, 3_000)?;
        wire.waits()
    })
}

#[test]
fn any_stream_over_any_wire() -> Outcome {
    check(|c| {
        let mut random = c.random();
        let mut wire = Wire::quietly(c, 3 * MSS);
        for _ in 0..1_500 {
            let (una, highest) = wire.sent();
            match random.below(8) {
                0 | 1 => wire.writes(1 + random.below(1_500))?,
                2..5 => {
                    let window = [0, 0, 400, 2 * MSS, 5 * MSS][random.below(5)];
                    wire.hears(una + random.below(highest - una + 1), window)?;
                }
                5 if wire.has_deadline() => wire.waits()?,
                _ => wire.passes(random.below(700) as u64)?,
            }
        }
        Ok(())
    })
}
