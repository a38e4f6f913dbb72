//! Graded test of `write-everything`.

use std::io::ErrorKind;

use harness::{Check, Mistake, Outcome, Report, Take, Writer, check};
use write_everything::write_everything;

const IGNORED_COUNT: Mistake = Mistake {
    name: "ignored-count",
    why: "`write` says how many bytes it took: offer the others again, and only the others",
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
        let all = Take::Bytes(usize::MAX);
        let mut writer = writer(c, "takes all that it is offered", &bytes, [], all);
        succeeds(c, &mut writer, &bytes)?;
        c.want("one `write` is enough for a writer that takes it all");
        c.ensure(writer.calls() == 1, None, || format!("{} calls of `write`", writer.calls()))
    })
}

#[test]
fn one_byte_a_call() -> Outcome {
    check(|c| {
        let bytes = c.random().bytes(300);
        let mut writer = writer(c, "takes 1 byte a call", &bytes, [], Take::Bytes(1));
        succeeds(c, &mut writer, &bytes)
    })
}

#[test]
fn as_little_as_it_likes() -> Outcome {
    check(|c| {
        let mut random = c.random();
        let bytes = random.bytes(5_000);
        let script: Vec<_> = (0..50).map(|_| Take::Bytes(1 + random.below(90))).collect();
        let all = Take::Bytes(usize::MAX);
        let mut writer = writer(c, "takes 1 to 90 bytes a call", &bytes, script, all);
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
        let what = "is interrupted, takes 3 bytes, is interrupted again, …";
        let mut writer = writer(c, what, &bytes, script, Take::Bytes(99));
        succeeds(c, &mut writer, &bytes)
    })
}

#[test]
fn a_writer_that_takes_nothing_more() -> Outcome {
    check(|c| {
        let bytes = c.random().bytes(10);
        let mut writer =
            writer(c, "takes 4 bytes, then says Ok(0)", &bytes, [Take::Bytes(4)], Take::Nothing);
        c.want("an error of kind WriteZero");
        c.suspect(&SPINS_ON_ZERO);
        match call(c, &mut writer, &bytes) {
            Err(error) if error.kind() == ErrorKind::WriteZero => Ok(()),
            Err(error) => Err(c.fail(None, format!("an error of kind {:?}", error.kind()))),
            Ok(()) => Err(left(c, &writer)),
        }
    })
}

#[test]
fn an_error_comes_back_as_it_is() -> Outcome {
    check(|c| {
        let bytes = c.random().bytes(10);
        let then = Take::Fails(ErrorKind::BrokenPipe);
        let what = "takes 4 bytes, then fails: BrokenPipe";
        let mut writer = writer(c, what, &bytes, [Take::Bytes(4)], then);
        c.want("the writer's own error, at once");
        match call(c, &mut writer, &bytes) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                c.ensure(writer.calls() == 2, None, || {
                    format!("that error, but only after {} calls of `write`", writer.calls())
                })
            }
            Err(error) => Err(c.fail(None, format!("an error of kind {:?}", error.kind()))),
            Ok(()) => Err(left(c, &writer)),
        }
    })
}

#[test]
fn nothing_to_write() -> Outcome {
    check(|c| {
        let mut writer = writer(c, "says Ok(0) at every call", &[], [], Take::Nothing);
        c.want("Ok(()): all of nothing is written");
        c.suspect(&SPINS_ON_ZERO);
        let result = call(c, &mut writer, &[]);
        c.ok("`write_everything`", result, None)
    })
}

fn writer(
    c: &Check,
    what: &str,
    bytes: &[u8],
    script: impl IntoIterator<Item = Take>,
    then: Take,
) -> Writer {
    c.did(format!("made a writer that {what}"));
    Writer::new(c, script, then).expecting(bytes)
}

fn call(c: &Check, writer: &mut Writer, bytes: &[u8]) -> std::io::Result<()> {
    c.did(format!("called `write_everything` with {} bytes", bytes.len()));
    write_everything(writer, bytes)
}

/// Fails unless the call succeeds and every byte arrived once, in order.
fn succeeds(c: &Check, writer: &mut Writer, bytes: &[u8]) -> Outcome {
    c.want(format!("Ok(()), and all {} bytes in the writer, in order", bytes.len()));
    let result = call(c, writer, bytes);
    if writer.received().len() <= bytes.len() {
        result.map_err(|error| refused(c, &error))?;
    }
    if writer.received() != bytes {
        c.saw(writer.repeated().map_or_else(|| writer.last(), str::to_owned));
    }
    c.same_bytes(bytes, writer.received(), count_ignored(writer))
}

/// The failure of a call that returned `Ok(())` too early.
fn left(c: &Check, writer: &Writer) -> Report {
    let got = format!("Ok(()), with 6 of the 10 bytes never taken; {}", writer.last());
    c.fail(count_ignored(writer), got)
}

/// What the writer proves: bytes that it had not taken were not offered again, or some that it had
/// taken were.
fn count_ignored(writer: &Writer) -> Option<&'static Mistake> {
    (writer.left_over() > 0 || writer.repeated().is_some()).then_some(&IGNORED_COUNT)
}

fn refused(c: &Check, error: &std::io::Error) -> Report {
    let mistake = (error.kind() == ErrorKind::Interrupted).then_some(&INTERRUPTED);
    c.fail(mistake, format!("`write_everything` returned an error of kind {:?}", error.kind()))
}
