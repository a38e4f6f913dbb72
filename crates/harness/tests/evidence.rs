//! What a check can prove about an answer, and what it must not conclude.

use std::io::{self, ErrorKind, Write};
use std::thread;
use std::time::Duration;

use harness::{Check, Mistake, Outcome, Pace, Take, Writer, check, check_within};

const WRONG: Mistake =
    Mistake { name: "a-mistake", why: "it is one, for this test", spec: "RFC 0 §0" };

/// The report of a check that must fail.
fn report(outcome: Outcome) -> String {
    outcome.expect_err("the check must fail").to_string()
}

#[test]
fn a_writer_knows_what_was_left_over() -> Outcome {
    check(|c| {
        let mut writer = Writer::new(c, [Take::Bytes(2), Take::Nothing], Take::Bytes(9));
        assert_eq!((writer.left_over(), writer.last().as_str()), (0, "`write` was never called"));
        assert_eq!(writer.write(b"hello").expect("2 bytes"), 2);
        assert_eq!(writer.left_over(), 3);
        assert_eq!(writer.last(), "the only call of `write` was told Ok(2), for 5 bytes");
        assert_eq!(writer.write(b"llo").expect("nothing"), 0);
        assert_eq!(writer.left_over(), 0, "it took none, so it left none over");
        assert_eq!(writer.last(), "the last of 2 calls of `write` was told Ok(0)");
        assert_eq!(writer.write(b"llo").expect("all"), 3);
        assert_eq!(writer.left_over(), 0);
        Ok(())
    })
}

#[test]
fn a_writer_notices_bytes_that_are_offered_twice() -> Outcome {
    check(|c| {
        let bytes = c.random().bytes(100);
        let mut writer = Writer::new(c, [], Take::Bytes(10)).expecting(&bytes);
        for at in [0, 10, 20] {
            assert_eq!(writer.write(&bytes[at..]).expect("10 bytes"), 10);
            assert_eq!(writer.repeated(), None);
        }
        assert_eq!(writer.write(&bytes[25..]).expect("10 bytes"), 10);
        let said = "call 4 of `write` began again at byte 25, though 30 bytes had been taken";
        assert_eq!(writer.repeated(), Some(said));
        Ok(())
    })
}

#[test]
fn a_writer_that_knows_the_end_does_not_take_for_ever() -> Outcome {
    check(|c| {
        let bytes = c.random().bytes(100);
        let mut writer = Writer::new(c, [], Take::Bytes(1)).expecting(&bytes);
        let error = (0..).find_map(|_| writer.write(&bytes).err()).expect("an error");
        assert_eq!((error.kind(), writer.received().len()), (ErrorKind::StorageFull, 201));
        Ok(())
    })
}

#[test]
fn a_hang_without_a_byte_proves_nothing() {
    let text = report(check_within(Duration::from_millis(50), |c| {
        let _writer = Writer::new(c, [], Take::Nothing);
        c.suspect(&WRONG);
        thread::park();
        Ok(())
    }));
    assert!(text.contains("got   not done after 0.1 s; your code sent nothing"), "{text}");
    assert!(!text.contains("a-mistake"), "{text}");
}

#[test]
fn a_spin_is_told_from_a_wait() -> Outcome {
    check(|c| {
        let spinning = c.serve("serve", || -> io::Result<()> {
            loop {
                thread::yield_now();
            }
        });
        let waiting = c.serve("serve", || -> io::Result<()> {
            loop {
                thread::sleep(Duration::from_millis(1));
            }
        });
        let asleep = c.serve("serve", || -> io::Result<()> {
            loop {
                thread::park();
            }
        });
        let ended = c.serve("serve", || Ok::<_, io::Error>(()));
        let limit = Duration::from_millis(500);
        if cfg!(target_os = "linux") {
            assert_eq!(spinning.pace(limit), Pace::Spins);
        }
        assert_eq!(waiting.pace(limit), Pace::Waits);
        assert_eq!(asleep.pace(Duration::from_millis(20)), Pace::Waits);
        assert_eq!(ended.pace(limit), Pace::Ended);
        Ok(())
    })
}

#[test]
fn several_steps_are_told_as_one() {
    let text = report(check(|c| {
        c.in_one_step("counted to 3", || count(c, 3))?;
        c.in_one_step("counted to 9", || count(c, 9))?;
        c.did("stopped");
        Ok(())
    }));
    assert!(
        text.starts_with("did   1. counted to 3\n      2. counted to 9\n      3. 5\n"),
        "{text}"
    );
}

#[test]
fn one_step_may_be_among_those_that_are_told_as_one() {
    let text = report(check(|c| {
        c.in_one_step("counted a lot", || {
            c.in_one_step("counted to 3", || count(c, 3))?;
            c.did("rested");
            count(c, 9)
        })
    }));
    assert!(text.starts_with("did   1. counted a lot\n      2. 5\n"), "{text}");
}

/// Counts in the report, and fails at five.
fn count(c: &Check, to: usize) -> Outcome {
    for number in 1..=to {
        c.did(number.to_string());
        c.ensure(number != 5, None, || "five".to_owned())?;
    }
    Ok(())
}

#[test]
fn a_failure_may_be_explained_by_what_is_seen_later() {
    let text = report(check(|c| Err(c.fail(None, "nothing came").because(&WRONG))));
    assert!(text.contains("got   nothing came\nwhy   a-mistake"), "{text}");
}
