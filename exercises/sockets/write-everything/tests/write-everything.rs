//! Graded test of `write-everything`.

use std::io::ErrorKind;

use harness::{Check, Mistake, Outcome, Report, Take, Writer, check};
use write_everything::write_everything;

const IGNORED_COUNT: Mistake = Mistake {
    name: "ignored-count",
    why: "`write` says how many bytes it took; those that it did not take are yours to offer again",
    spec: "write(2), RETURN VALUE; std::io::Write::write",
};
const INTERRUPTED: Mistake = Mistake {
    name: "interrupted-is-an-error",
    why: "`Interrupted` says that a signal came before any byte was taken: make the same call again",
    spec: "write(2), EINTR; std::io::ErrorKind::Interrupted",
};
const SPINS_ON_ZERO: Mistake = Mistake {
    name: "spins-on-zero",
    why: "`Ok(0)` for bytes that you offered says that none will ever be taken: asking again is for ever",
    spec: "std::io::Write::write; std::io::ErrorKind::WriteZero",
};

#[test]
fn a_whole_buffer_in_one_call() -> Outcome {
    check(|c| {
        let bytes = c.random().bytes(100);
        let mut writer = writer(c, "takes all that it is offered", [], Take::Bytes(usize::MAX));
        succeeds(c, &mut writer, &bytes)?;
        c.want("one `write` is enough for a writer that takes it all");
        c.ensure(writer.calls() == 1, None, || format!("{} calls", writer.calls()))
    })
}

#[test]
fn one_byte_a_call() -> Outcome {
    check(|c| {
        let bytes = c.random().bytes(300);
        let mut writer = writer(c, "takes 1 byte a call", [], Take::Bytes(1));
        succeeds(c, &mut writer, &bytes)
    })
}

#[test]
fn as_little_as_it_likes() -> Outcome {
    check(|c| {
        let mut random = c.random();
        let bytes = random.bytes(5_000);
        let script: Vec<_> = (0..50).map(|_| Take::Bytes(1 + random.below(90))).collect();
        let mut writer = writer(c, "takes 1 to 90 bytes a call", script, Take::Bytes(usize::MAX));
        succeeds(c, &mut writer, &bytes)
    })
}

#[test]
fn interrupted_before_between_and_again() -> Outcome {
    check(|c| {
        let bytes = c.random().bytes(10);
        let script = [
            Take::Interrupted,
            Take::Bytes(3),
            Take::Interrupted,
            Take::Interrupted,
            Take::Bytes(4),
            Take::Interrupted,
        ];
        let mut writer = writer(c, "is interrupted at 4 of its 7 calls", script, Take::Bytes(99));
        c.suspect(&INTERRUPTED);
        succeeds(c, &mut writer, &bytes)
    })
}

#[test]
fn a_writer_that_takes_nothing_more() -> Outcome {
    check(|c| {
        let bytes = c.random().bytes(10);
        let mut writer =
            writer(c, "takes 4 bytes, then says Ok(0)", [Take::Bytes(4)], Take::Nothing);
        c.want("an error of kind WriteZero");
        c.suspect(&SPINS_ON_ZERO);
        match call(c, &mut writer, &bytes) {
            Err(error) if error.kind() == ErrorKind::WriteZero => Ok(()),
            Err(error) => Err(c.fail(None, format!("an error of kind {:?}", error.kind()))),
            Ok(()) => Err(c.fail(&IGNORED_COUNT, "Ok(()), with 6 of the 10 bytes never taken")),
        }
    })
}

#[test]
fn an_error_comes_back_as_it_is() -> Outcome {
    check(|c| {
        let bytes = c.random().bytes(10);
        let then = Take::Fails(ErrorKind::BrokenPipe);
        let mut writer = writer(c, "takes 4 bytes, then fails: BrokenPipe", [Take::Bytes(4)], then);
        c.want("the writer's own error, at once");
        match call(c, &mut writer, &bytes) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                c.ensure(writer.calls() == 2, None, || {
                    format!("it, after {} calls", writer.calls())
                })
            }
            Err(error) => Err(c.fail(None, format!("an error of kind {:?}", error.kind()))),
            Ok(()) => Err(c.fail(&IGNORED_COUNT, "Ok(()), with 6 of the 10 bytes never taken")),
        }
    })
}

#[test]
fn nothing_to_write() -> Outcome {
    check(|c| {
        let mut writer = writer(c, "says Ok(0) at every call", [], Take::Nothing);
        c.want("Ok(()): all of nothing is written");
        c.suspect(&SPINS_ON_ZERO);
        let result = call(c, &mut writer, &[]);
        c.ok("`write_everything`", result, None)
    })
}

fn writer(c: &Check, what: &str, script: impl IntoIterator<Item = Take>, then: Take) -> Writer {
    c.did(format!("made a writer that {what}"));
    Writer::new(c, script, then)
}

fn call(c: &Check, writer: &mut Writer, bytes: &[u8]) -> std::io::Result<()> {
    c.did(format!("called `write_everything` with {} bytes", bytes.len()));
    write_everything(writer, bytes)
}

/// Fails unless the call succeeds and every byte arrived once, in order.
fn succeeds(c: &Check, writer: &mut Writer, bytes: &[u8]) -> Outcome {
    c.want(format!("Ok(()), and all {} bytes in the writer, in order", bytes.len()));
    call(c, writer, bytes).map_err(|error| refused(c, &error))?;
    c.same_bytes(bytes, writer.received(), &IGNORED_COUNT)
}

fn refused(c: &Check, error: &std::io::Error) -> Report {
    let mistake = (error.kind() == ErrorKind::Interrupted).then_some(&INTERRUPTED);
    c.fail(mistake, format!("`write_everything` returned an error of kind {:?}", error.kind()))
}
