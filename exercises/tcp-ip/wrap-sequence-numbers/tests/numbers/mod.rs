//! Calls of the answer: what was called, what is wanted and why, what came instead.

use std::any::Any;
use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind};

use harness::{Check, Mistake, Outcome};
use wrap_sequence_numbers::{CIRCLE, Seq};

use crate::mistakes::{EPOCH, FROM_ZERO, LINE, NEGATIVE, ONE_EARLY, OVERFLOW};

/// `0xffff_ff00`
fn hex(seq: Seq) -> String {
    format!("0x{:04x}_{:04x}", seq.0 >> 16, seq.0 & 0xffff)
}

/// `0x110`, or `3·2^32 + 0x110`.
fn place(position: u64) -> String {
    match (position / CIRCLE, position % CIRCLE) {
        (0, rest) => format!("{rest:#x}"),
        (rounds, rest) => format!("{rounds}·2^32 + {rest:#x}"),
    }
}

/// What `call` returns. A panic is a failure, and an overflow one that has a name.
fn call<T>(c: &Check, overflow: &'static Mistake, call: impl FnOnce() -> T) -> Outcome<T> {
    catch_unwind(AssertUnwindSafe(call)).map_err(|payload| {
        let overflows = words(&*payload).ends_with("with overflow");
        c.fail(overflows.then_some(overflow), "")
    })
}

fn words(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or_default()
}

/// Fails unless `position` has the number `want`.
pub(crate) fn at(c: &Check, first: Seq, position: u64, want: Seq) -> Outcome {
    c.attempt(format!(
        "called `Seq::at` with first {} and position {}",
        hex(first),
        place(position)
    ));
    c.want(hex(want));
    let got = call(c, &OVERFLOW, || Seq::at(first, position))?;
    let from_zero = first.0 != 0 && u64::from(got.0) == position % CIRCLE;
    let one_early = u64::from(got.0) == (u64::from(first.0) + position) % (CIRCLE - 1);
    let mistake = one_early.then_some(&ONE_EARLY).or(from_zero.then_some(&FROM_ZERO));
    c.ensure(got == want, mistake, || hex(got))
}

/// Fails unless `later` is `distance` ahead of `earlier`, and that one as much behind.
pub(crate) fn ahead(c: &Check, later: Seq, earlier: Seq, distance: i32) -> Outcome {
    for (of, than, want) in [(later, earlier, distance), (earlier, later, -distance)] {
        c.attempt(format!("called `ahead_of` of {} with {}", hex(of), hex(than)));
        c.want(if want < 0 {
            format!("{want}: it is {} behind", -want)
        } else {
            format!("{want}: it is so many ahead")
        });
        let got = call(c, &OVERFLOW, || of.ahead_of(than))?;
        let line = i64::from(of.0) - i64::from(than.0);
        let clamped = i64::from(got) == line.clamp(i32::MIN.into(), i32::MAX.into());
        c.ensure(got == want, clamped.then_some(&LINE), || got.to_string())?;
    }
    Ok(())
}

/// Fails unless `early` comes before `late`, and `late` not before `early`.
pub(crate) fn ordered(c: &Check, early: Seq, late: Seq) -> Outcome {
    let forward = late.0.wrapping_sub(early.0);
    for (of, than, want) in [(early, late, true), (late, early, false)] {
        c.attempt(format!("called `before` of {} with {}", hex(of), hex(than)));
        let from = format!("from {} to {} it is {forward:#x} forward", hex(early), hex(late));
        c.want(format!("{want}: {from}, and {:#x} back", CIRCLE - u64::from(forward)));
        let got = call(c, &OVERFLOW, || of.before(than))?;
        let line = got == (of.0 < than.0);
        told(c, want, got, line.then_some(&LINE))?;
    }
    Ok(())
}

/// Fails unless `seq.within(first, length)` is `want`.
pub(crate) fn within(
    c: &Check,
    seq: Seq,
    (first, length): (Seq, u32),
    want: bool,
    mistake: impl Into<Option<&'static Mistake>>,
) -> Outcome {
    let window = format!("first {} and length {length:#x}", hex(first));
    c.attempt(format!("called `within` of {} with {window}", hex(seq)));
    c.want(match length {
        0 => "false: an empty window holds nothing".to_owned(),
        _ => {
            let last = Seq(first.0.wrapping_add(length - 1));
            format!("{want}: the window is {} to {}", hex(first), hex(last))
        }
    });
    let got = call(c, &OVERFLOW, || seq.within(first, length))?;
    told(c, want, got, mistake)
}

/// Fails unless `want` is found to be the position of its number that is nearest to `near`.
pub(crate) fn position(c: &Check, first: Seq, near: u64, want: u64) -> Outcome {
    let around = u32::try_from(want % CIRCLE).expect("it is below 2^32");
    let seq = Seq(first.0.wrapping_add(around));
    let asked = format!("called `position` of {} with first {}", hex(seq), hex(first));
    c.attempt(format!("{asked}, near {}", place(near)));
    let others: Vec<_> = (0..3).map(|round| place(want % CIRCLE + round * CIRCLE)).collect();
    let negative = want > near + CIRCLE / 2;
    let rule = if negative { "the nearest that is not before 0" } else { "the nearest" };
    c.want(format!("{}: {rule} of {}, …", place(want), others.join(", ")));
    let (overflow, wrong_round) =
        if negative { (&NEGATIVE, &NEGATIVE) } else { (&OVERFLOW, &EPOCH) };
    let got = call(c, overflow, || seq.position(first, near))?;
    let mistake = if got % CIRCLE == want % CIRCLE || negative && got == 0 {
        Some(wrong_round)
    } else {
        (first.0 != 0 && got % CIRCLE == u64::from(seq.0)).then_some(&FROM_ZERO)
    };
    c.ensure(got == want, mistake, || place(got))
}

/// Fails unless `got` is `want`.
pub(crate) fn told<T: PartialEq + Debug>(
    c: &Check,
    want: T,
    got: T,
    mistake: impl Into<Option<&'static Mistake>>,
) -> Outcome {
    c.ensure(got == want, mistake, || format!("{got:?}"))
}

/// Fails unless `seq` is not before itself.
pub(crate) fn not_before_itself(c: &Check, seq: Seq, mistake: &'static Mistake) -> Outcome {
    c.attempt(format!("called `before` of {0} with {0}", hex(seq)));
    c.want("false: it is the same number");
    let got = call(c, &OVERFLOW, || seq.before(seq))?;
    told(c, false, got, mistake)
}
