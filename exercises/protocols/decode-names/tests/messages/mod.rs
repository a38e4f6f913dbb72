//! Messages, right ones and broken ones, and what an answer makes of them.

use std::any::Any;
use std::fmt::{Debug, Write as _};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use std::time::Duration;

use decode_names::{Error, HEADER, Name, parse_message, parse_name};
use harness::{Check, Mistake, Outcome};

use crate::mistakes::{HALF, LOOP, RESUMES, TEXT};

/// How long an answer may think about one name: a hundred thousand times what it needs.
const PATIENCE: Duration = Duration::from_secs(1);
/// So many rows of a long message are shown around the octet that matters.
const ROWS: usize = 6;

/// Twelve octets of header that say how many questions and answers follow, and these octets.
pub(crate) fn message(questions: u16, answers: u16, rest: &[u8]) -> Vec<u8> {
    let mut octets = vec![0x12, 0x34, 0x81, 0x80];
    octets.extend(questions.to_be_bytes());
    octets.extend(answers.to_be_bytes());
    octets.extend([0; 4]);
    octets.extend(rest);
    octets
}

/// The message of most checks: `example.com A` is asked, and the answer has this name and data.
pub(crate) fn answer(name: &[u8], data: &[u8]) -> Vec<u8> {
    let mut rest = b"\x07example\x03com\0\0\x01\0\x01".to_vec();
    rest.extend(name);
    rest.extend(b"\0\x01\0\x01\0\0\0\x3c");
    rest.extend(u16::try_from(data.len()).expect("short").to_be_bytes());
    rest.extend(data);
    message(1, 1, &rest)
}

/// Where the answer's name is in it.
pub(crate) const ANSWER: usize = HEADER + 17;

pub(crate) fn labels(labels: &[&[u8]]) -> Name {
    labels.iter().map(|label| label.to_vec()).collect()
}

/// The octets in hex around the one that matters, with a note under it.
pub(crate) fn dump(octets: &[u8], at: usize, note: &str) -> String {
    let first = (at / 16).saturating_sub(ROWS / 2);
    let mut text = String::new();
    for (row, line) in octets.chunks(16).enumerate().skip(first).take(ROWS) {
        let _ = write!(text, "\n{:04x} ", row * 16);
        line.iter().for_each(|octet| {
            let _ = write!(text, " {octet:02x}");
        });
        if at / 16 == row && !note.is_empty() {
            let _ = write!(text, "\n     {}^^ {note}", " ".repeat(1 + at % 16 * 3));
        }
    }
    text
}

/// A name as a report says it.
pub(crate) fn told(name: &Name) -> String {
    if name.is_empty() {
        return "the root".to_owned();
    }
    let labels: Vec<String> = name.iter().map(|label| label.escape_ascii().to_string()).collect();
    format!("[{}]", labels.join("] ["))
}

/// Runs the answer on a thread of its own: it may never come back. If a panic shows that it looked
/// where nothing is, or if it hangs, that is for these mistakes.
fn in_time<T: Send + 'static>(
    c: &Check,
    beyond: Option<&'static Mistake>,
    endless: Option<&'static Mistake>,
    call: impl FnOnce() -> T + Send + 'static,
) -> Outcome<T> {
    let (done, finished) = mpsc::channel();
    c.spawn(move || done.send(catch_unwind(AssertUnwindSafe(call))));
    match finished.recv_timeout(PATIENCE) {
        Ok(Ok(got)) => Ok(got),
        Ok(Err(payload)) => Err(c.fail(beyond.filter(|_| is_of_lengths(&*payload)), "")),
        Err(_) => Err(c.fail(endless, format!("no answer within {PATIENCE:?}"))),
    }
}

/// Whether Rust itself stopped the answer at a place that is not there.
fn is_of_lengths(payload: &(dyn Any + Send)) -> bool {
    let said = payload.downcast_ref::<String>().map(String::as_str);
    let said = said.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or_default();
    ["out of range", "out of bounds", "mid > len", "copy_from_slice"]
        .iter()
        .any(|sign| said.contains(sign))
}

/// What `parse_name` makes of the name at `start`.
pub(crate) fn name(
    c: &Check,
    octets: &[u8],
    start: usize,
    beyond: impl Into<Option<&'static Mistake>>,
    endless: impl Into<Option<&'static Mistake>>,
) -> Outcome<Result<(Name, usize), Error>> {
    let octets = octets.to_vec();
    in_time(c, beyond.into(), endless.into(), move || parse_name(&octets, start))
}

/// Fails unless `parse_name` finds this name, and that it ends there.
pub(crate) fn name_is(
    c: &Check,
    octets: &[u8],
    start: usize,
    want: &[&[u8]],
    behind: usize,
    mistake: impl Into<Option<&'static Mistake>>,
) -> Outcome {
    let mistake = mistake.into();
    let want = labels(want);
    let drawing = dump(octets, start, "the name");
    c.attempt(format!("called `parse_name` with `start` {start}{drawing}"));
    c.want(format!("{}; the octets behind it begin at {behind}", told(&want)));
    let (got, end) = match name(c, octets, start, None, None) {
        Ok(Ok(found)) => found,
        Ok(Err(error)) => {
            let mistake = keeps_upper_bits(c).or(mistake.filter(|it| it.name == TEXT.name));
            return Err(c.fail(mistake, format!("`parse_name` returned Err({error:?})")));
        }
        Err(report) => {
            return Err(match keeps_upper_bits(c) {
                Some(mistake) => report.because(mistake),
                None => report,
            });
        }
    };
    let other = mistake.filter(|mistake| mistake.name != RESUMES.name);
    c.ensure(got == want, other, || format!("{}, and {end}", told(&got)))?;
    // What follows a name is never before it, unless reading went on somewhere else.
    let elsewhere = (end <= start).then_some(&RESUMES);
    c.ensure(end == behind, elsewhere, || format!("the name is right; but behind it is {end}"))
}

/// Whether the answer takes the two bits that mark a pointer for a part of where it leads.
fn keeps_upper_bits(c: &Check) -> Option<&'static Mistake> {
    let mut octets = message(0, 0, &[0; 0xc100]);
    octets[0xc00c..0xc00f].copy_from_slice(b"\x01y\0");
    octets.extend(b"\xc0\x0c");
    let start = octets.len() - 2;
    let found = name(c, &octets, start, None, None).ok()?.ok()?;
    (found.0 == labels(&[b"y"])).then_some(&HALF)
}

/// Fails unless `parse_name` refuses the name at `start` for this reason. If it finds one, looks beyond
/// the end, or does not come back, that is the mistake.
pub(crate) fn refuses_name(
    c: &Check,
    octets: &[u8],
    (start, at, note): (usize, usize, &str),
    want: Error,
    mistake: impl Into<Option<&'static Mistake>>,
) -> Outcome {
    let mistake = mistake.into();
    let drawing = dump(octets, at, note);
    c.attempt(format!("called `parse_name` with `start` {start}{drawing}"));
    c.want(format!("Err({want:?})"));
    match name(c, octets, start, mistake, mistake)? {
        Err(error) if error == want => Ok(()),
        Err(error) => {
            // Of four octets, a name over 255 is only made by going round.
            let round = (error, want) == (Error::LongName, Error::Pointer) && octets.len() < 32;
            // No pointer is there, but for those who see one in 01 or 10.
            let seen = (error, want) == (Error::Pointer, Error::Label);
            let mistake = mistake.filter(|it| seen || round && it.name == LOOP.name);
            Err(c.fail(mistake, format!("Err({error:?})")))
        }
        Ok((got, end)) => {
            Err(c.fail(mistake, format!("a name: {}, and behind it {end}", short(&told(&got)))))
        }
    }
}

/// Fails unless `parse_message` refuses the message for this reason.
pub(crate) fn refuses(
    c: &Check,
    octets: &[u8],
    (at, note): (usize, &str),
    want: Error,
    mistake: impl Into<Option<&'static Mistake>>,
) -> Outcome {
    let mistake = mistake.into();
    let (length, drawing) = (octets.len(), dump(octets, at, note));
    c.attempt(format!("gave `parse_message` these {length} octets{drawing}"));
    c.want(format!("Err({want:?})"));
    let given = octets.to_vec();
    let got = in_time(c, mistake, mistake, move || match parse_message(&given) {
        Ok(message) => Ok(format!("{message:x?}")),
        Err(error) => Err(error),
    })?;
    match got {
        Err(error) if error == want => Ok(()),
        Err(error) => Err(c.fail(None, format!("Err({error:?})"))),
        Ok(message) => Err(c.fail(mistake, format!("Ok({})", short(&message)))),
    }
}

/// The beginning of what would fill the screen.
pub(crate) fn short(text: &(impl AsRef<str> + ?Sized)) -> String {
    const SHOWN: usize = 300;
    let text = text.as_ref();
    let shown: String = text.chars().take(SHOWN).collect();
    if shown.len() < text.len() { shown + "…" } else { shown }
}

/// Fails unless the two are the same.
pub(crate) fn same<T: Debug + PartialEq>(
    c: &Check,
    got: &T,
    want: &T,
    mistake: impl Into<Option<&'static Mistake>>,
) -> Outcome {
    c.ensure(got == want, mistake, || format!("{got:x?}"))
}
