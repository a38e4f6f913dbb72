//! Graded test of `reassemble-the-stream`.

mod costs;
mod mistakes;
mod stream;

use std::time::Duration;

use harness::{Outcome, check, check_within, cost};
use reassemble_the_stream::Reassembler;

use costs::{ALL, PIECES, backwards, in_pairs};
use mistakes::{LAST_COPY, OVER_HOLE, PAST, QUADRATIC};
use stream::{Stream, letters};

#[global_allocator]
static ALLOCATOR: cost::Counting = cost::Counting;

#[test]
fn pieces_in_order() -> Outcome {
    check(|c| {
        let mut s = Stream::new(c, 100);
        s.insert(0, 3)?;
        s.read(ALL, None)?;
        s.insert(3, 5)?;
        s.insert(5, 9)?;
        s.read(4, None)?;
        s.read(ALL, None)?;
        s.read(ALL, None)
    })
}

#[test]
fn a_piece_that_comes_too_early() -> Outcome {
    check(|c| {
        let mut s = Stream::new(c, 100);
        s.insert(3, 6)?;
        s.read(ALL, Some(&OVER_HOLE))?;
        s.insert(0, 3)?;
        s.read(ALL, None)
    })
}

#[test]
fn pieces_in_every_order() -> Outcome {
    check(|c| {
        let pieces = [(0, 2), (2, 5), (5, 6), (6, 10)];
        // Each number in base 4 whose digits differ is an order.
        for code in 0..256 {
            let order = [code / 64, code / 16 % 4, code / 4 % 4, code % 4];
            if (0..4).any(|piece| !order.contains(&piece)) {
                continue;
            }
            let mut s = Stream::new(c, 100);
            for piece in order {
                s.insert(pieces[piece].0, pieces[piece].1)?;
            }
            s.read(ALL, None)?;
        }
        Ok(())
    })
}

#[test]
fn a_piece_that_comes_twice() -> Outcome {
    check(|c| {
        let mut s = Stream::new(c, 100);
        s.insert(3, 6)?;
        s.insert(3, 6)?;
        s.insert(0, 3)?;
        s.insert(0, 3)?;
        s.read(ALL, None)?;
        s.insert(0, 6)?;
        s.read(ALL, None)?;
        s.insert(6, 8)?;
        s.read(ALL, None)
    })
}

#[test]
fn pieces_that_overlap_in_every_way() -> Outcome {
    check(|c| {
        for start in 0..11 {
            for end in start + 1..12 {
                let mut s = Stream::new(c, 100);
                s.insert(0, 1)?;
                s.insert(3, 5)?;
                s.insert(7, 9)?;
                s.insert(start, end)?;
                s.insert(0, 12)?;
                s.read(ALL, None)?;
            }
        }
        Ok(())
    })
}

#[test]
fn the_first_copy_holds() -> Outcome {
    check(|c| {
        let mut s = Stream::new(c, 100);
        s.insert(2, 4)?;
        s.insert(6, 7)?;
        s.insert_octets(1, b"BCDEFGH", false)?;
        s.insert(0, 10)?;
        s.read(ALL, Some(&LAST_COPY))
    })
}

#[test]
fn what_is_past_the_window_is_cut_off() -> Outcome {
    check(|c| {
        let mut s = Stream::new(c, 8);
        s.insert(10, 13)?;
        s.insert(8, 9)?;
        s.insert(5, 12)?;
        s.insert(0, 4)?;
        s.insert(3, 20)?;
        s.insert(8, 9)?;
        s.read(3, None)?;
        s.insert(8, 20)?;
        s.read(ALL, None)?;
        s.insert(11, 30)?;
        s.read(ALL, None)
    })
}

#[test]
fn a_hole_can_be_filled_when_all_the_rest_is_there() -> Outcome {
    check(|c| {
        let mut s = Stream::new(c, 8);
        s.insert(4, 8)?;
        s.insert(1, 4)?;
        s.insert(0, 1)?;
        s.read(ALL, None)
    })
}

#[test]
fn what_is_far_past_the_window_costs_nothing() -> Outcome {
    check(|c| {
        for start in [62 << 20, 1 << 33, 1 << 61] {
            c.attempt("made a Reassembler with a capacity of 4096");
            c.did(format!("inserted at {start}: 1000 octets"));
            c.want("no allocation of more than 64 KiB, and nothing waiting");
            let mut reassembler = Reassembler::new(4096);
            let piece = letters(0, 1000);
            let ((), cost) = cost::of(|| reassembler.insert(start, &piece, false));
            let (waiting, largest) = (reassembler.waiting(), cost.largest);
            c.ensure(waiting == 0 && largest <= 1 << 16, &PAST, || {
                format!("an allocation of {largest} bytes, {waiting} octets waiting")
            })?;
        }
        Ok(())
    })
}

#[test]
fn the_end_of_the_stream() -> Outcome {
    check(|c| {
        let mut s = Stream::new(c, 100);
        s.insert(0, 3)?;
        s.insert_last(3, 5)?;
        s.read(ALL, None)?;
        let mut s = Stream::new(c, 100);
        s.insert(0, 3)?;
        s.insert_last(3, 3)?;
        s.insert_last(3, 3)?;
        let mut s = Stream::new(c, 100);
        s.insert_last(0, 0)
    })
}

#[test]
fn an_end_that_comes_too_early() -> Outcome {
    check(|c| {
        let mut s = Stream::new(c, 100);
        s.insert_last(5, 8)?;
        s.insert(0, 2)?;
        s.insert_last(5, 8)?;
        s.insert(2, 5)?;
        s.read(ALL, None)?;
        let mut s = Stream::new(c, 100);
        s.insert_last(3, 3)?;
        s.insert(0, 3)
    })
}

#[test]
fn an_end_past_the_window_comes_again() -> Outcome {
    check(|c| {
        let mut s = Stream::new(c, 8);
        s.insert_last(5, 9)?;
        s.insert(0, 5)?;
        s.read(ALL, None)?;
        s.insert_last(5, 9)?;
        s.read(ALL, None)
    })
}

#[test]
fn nothing_is_past_the_end() -> Outcome {
    check(|c| {
        let mut s = Stream::new(c, 100);
        s.insert_last(3, 5)?;
        s.insert(4, 9)?;
        s.insert(7, 9)?;
        s.insert_last(5, 9)?;
        s.insert(0, 4)?;
        s.read(ALL, None)?;
        // An end before what was received cannot be true.
        let mut s = Stream::new(c, 100);
        s.insert(4, 6)?;
        s.insert_last(0, 5)?;
        s.insert_last(6, 6)?;
        // It may come alone, and behind a hole.
        let mut s = Stream::new(c, 100);
        s.insert(4, 6)?;
        s.insert_last(6, 6)?;
        s.insert(0, 4)
    })
}

#[test]
fn any_pieces_in_any_order() -> Outcome {
    check(|c| {
        let mut random = c.random();
        for capacity in [1, 20, 200] {
            let bytes = random.bytes(40 * capacity);
            let mut s = Stream::quietly(c, capacity);
            // Pieces around what is read next, some of them old, some past the window.
            let mut base = 0;
            for _ in 0..300 {
                let start = (base + random.below(2 * capacity)).saturating_sub(capacity / 2);
                let end = (start + random.below(capacity + 2)).min(bytes.len());
                let start = start.min(end);
                s.insert_octets(start as u64, &bytes[start..end], end == bytes.len())?;
                let most = random.below(capacity + 1);
                if random.below(3) == 0 {
                    s.read(most, None)?;
                }
                base += random.below(4) * capacity / 8;
                base = base.min(s.next());
            }
        }
        Ok(())
    })
}

#[test]
fn many_pieces_ahead_cost_what_they_bring() -> Outcome {
    check_within(Duration::from_secs(8), |c| {
        c.did(format!("inserted {PIECES} pieces of 16 octets, the last one first"));
        c.want("64,000 octets to read, no more than 8 MB allocated in all, and far less than 1 s");
        let (got, cost) = cost::of(|| backwards(Duration::from_secs(1)));
        let slow = |inserted| c.fail(&QUADRATIC, format!("{inserted} pieces in 1 s"));
        let got = got.map_err(slow)?;
        c.ensure(got == 64_000, None, || format!("{got} octets"))?;
        c.ensure(cost.bytes <= 8_000_000, &QUADRATIC, || format!("{} bytes allocated", cost.bytes))
    })
}

#[test]
fn a_large_buffer_costs_no_more_than_a_small_one() -> Outcome {
    check_within(Duration::from_secs(8), |c| {
        c.did("passed 800 kB through a Reassembler with a capacity of 1 kB, in pieces of 200 octets, two by two");
        c.did("passed them through one with 4 MB");
        c.want("about the same processor time; 40 times as much is forgiven");
        let small = in_pairs(c, 1 << 10, Duration::from_secs(2))?;
        let small = small.ok_or_else(|| c.fail(None, "the small one: not done after 2 s"))?;
        // Of this, a right answer needs less than a tenth, and a wrong one several times as much.
        let allowed = (small * 40).max(Duration::from_millis(250));
        let large = in_pairs(c, 4 << 20, allowed)?;
        c.ensure(large.is_some(), &QUADRATIC, || {
            let (small, allowed) = (small.as_secs_f32(), allowed.as_secs_f32());
            format!("{small:.3} s for 1 kB; for 4 MB not done after {allowed:.2} s")
        })
    })
}
