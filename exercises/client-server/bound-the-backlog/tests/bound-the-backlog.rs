//! Graded test of `bound-the-backlog`.

mod mistakes;
mod sender;

use std::io::ErrorKind;

use bound_the_backlog::Full;
use harness::{Outcome, Take, check};

use mistakes::{FLAPS, NEVER_RESUMES, STOPS_ALL, UNBOUNDED};
use sender::Sender;

const ALL: Take = Take::Bytes(usize::MAX);
const BLOCKS: Take = Take::Fails(ErrorKind::WouldBlock);

#[test]
fn frames_go_out_in_order() -> Outcome {
    check(|c| {
        let mut s = Sender::new(c, (100, 1_000), [], ALL);
        s.flush()?;
        for length in [5, 0, 300] {
            s.push(length)?;
        }
        s.flush()?;
        s.push(7)?;
        s.flush()?;
        s.all_arrived()
    })
}

#[test]
fn a_slow_reader_beside_a_quick_one() -> Outcome {
    check(|c| {
        let mut slow = Sender::named(c, "slow: ", (100, 1_000), [Take::Bytes(5)], BLOCKS);
        let mut quick = Sender::named(c, "quick: ", (100, 1_000), [], ALL);
        slow.push(300)?;
        quick.push(300)?;
        c.did("the slow reader's writer takes 5 bytes, and would block after that");
        c.want("Ok(()) after two calls of `write`: then it is the quick reader's turn");
        c.suspect(&STOPS_ALL);
        slow.flush()?;
        c.ensure(slow.calls() <= 2, &STOPS_ALL, || format!("{} calls", slow.calls()))?;
        c.suspect(None);
        quick.flush()?;
        quick.all_arrived()
    })
}

#[test]
fn a_frame_that_is_taken_in_pieces() -> Outcome {
    check(|c| {
        let script = [Take::Bytes(3), BLOCKS, Take::Bytes(30), Take::Interrupted, BLOCKS, BLOCKS];
        let mut s = Sender::new(c, (100, 1_000), script, Take::Bytes(50));
        s.push(20)?;
        s.flush()?;
        s.push(40)?;
        for _ in 0..3 {
            s.flush()?;
        }
        s.all_arrived()
    })
}

#[test]
fn a_writer_that_fails() -> Outcome {
    check(|c| {
        for (take, want) in [
            (Take::Nothing, ErrorKind::WriteZero),
            (Take::Fails(ErrorKind::BrokenPipe), ErrorKind::BrokenPipe),
        ] {
            c.attempt(format!("made a backlog, and a writer that takes 4 bytes, then: {take:?}"));
            let mut s = Sender::new(c, (100, 1_000), [Take::Bytes(4)], take);
            s.push(10)?;
            let got = s.try_flush().map_err(|error| error.kind());
            c.want(format!("Err of kind {want:?}"));
            c.ensure(got == Err(want), None, || format!("{got:?}"))?;
        }
        Ok(())
    })
}

#[test]
fn past_the_high_mark_nothing_is_taken() -> Outcome {
    check(|c| {
        let mut s = Sender::new(c, (400, 1_000), [], BLOCKS);
        for _ in 0..4 {
            s.push(250)?;
        }
        s.paused(false, "1000 bytes are not more than `high`", None)?;
        s.push(250)?;
        s.paused(true, "1250 bytes are more than `high`", None)?;
        c.did("pushed 100 more frames of 250 bytes, though the reader takes nothing");
        c.want("Err(Full) for each of them, and the backlog as it was");
        let taken = (0..100).filter(|_| s.try_push(250).is_ok()).count();
        c.ensure(taken == 0, &UNBOUNDED, || {
            format!("Ok(()) for {taken} of them; {} bytes wait", s.pending())
        })?;
        s.counts()
    })
}

#[test]
fn it_resumes_below_the_low_mark() -> Outcome {
    check(|c| {
        let script = [Take::Bytes(500), BLOCKS, Take::Bytes(600), BLOCKS];
        let mut s = Sender::new(c, (400, 1_000), script, ALL);
        for _ in 0..5 {
            s.push(250)?;
        }
        s.flush()?;
        s.paused(true, "750 bytes are more than `low`: not yet", &FLAPS)?;
        c.want("Err(Full) while it is paused");
        let got = s.try_push(10);
        c.ensure(got == Err(Full), None, || format!("{got:?}"))?;
        s.flush()?;
        s.paused(false, "150 bytes are less than `low`: it resumes", None)?;
        s.push(250)?;
        s.flush()?;
        s.all_arrived()
    })
}

#[test]
fn a_low_mark_of_zero() -> Outcome {
    check(|c| {
        let mut s = Sender::new(c, (0, 0), [Take::Bytes(9), BLOCKS], ALL);
        s.push(10)?;
        s.paused(true, "10 bytes are more than `high`", None)?;
        s.flush()?;
        s.paused(true, "1 byte is more than `low`", None)?;
        s.flush()?;
        s.paused(false, "nothing waits: it resumes", &NEVER_RESUMES)?;
        s.push(10)?;
        s.flush()?;
        s.all_arrived()
    })
}

#[test]
fn it_resumes_at_the_low_mark() -> Outcome {
    check(|c| {
        let script = [Take::Bytes(599), BLOCKS, Take::Bytes(1), BLOCKS];
        let mut s = Sender::new(c, (401, 999), script, ALL);
        s.push(1_001)?;
        s.flush()?;
        s.paused(true, "402 bytes are more than `low`", &FLAPS)?;
        s.flush()?;
        s.paused(false, "401 bytes are `low`: it resumes", None)
    })
}

#[test]
fn any_frames_to_any_reader() -> Outcome {
    check(|c| {
        let mut random = c.random();
        let script: Vec<_> = (0..800)
            .map(|_| match random.below(4) {
                0 => BLOCKS,
                1 => Take::Interrupted,
                _ => Take::Bytes(1 + random.below(400)),
            })
            .collect();
        let mut s = Sender::new(c, (300, 2_000), script, ALL);
        c.did("pushed frames of up to 500 bytes, and flushed now and then, 1,000 times");
        for _ in 0..1_000 {
            match random.below(3) {
                0 => s.flush_as_model()?,
                _ => s.push_as_model(random.below(500))?,
            }
        }
        s.flush_as_model()?;
        s.flush()?;
        s.all_arrived()
    })
}
