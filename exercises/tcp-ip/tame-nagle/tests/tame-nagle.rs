//! Graded test of `tame-nagle`.

mod mistakes;
mod talk;

use std::io::ErrorKind;

use harness::{Check, Mistake, Outcome, Take, Writer, check, data_segments_sent};
use tame_nagle::{LONGEST, NOTE, QUESTION, ask, note, send};

use mistakes::{COUNT, INTERRUPTED, NAGLE, TWO_PACKETS, WRITE_WRITE_READ, ZERO};
use talk::{connected, is_fast};

/// Messages whose packets are counted. A system may send two of them in one segment when it is
/// busy, and never one of them in two.
const MESSAGES: u32 = 40;

#[test]
fn a_message_is_its_header_and_its_body() -> Outcome {
    check(|c| {
        let all = Take::Bytes(usize::MAX);
        sends(c, QUESTION, &c.random().bytes(11), [], all, None)?;
        sends(c, NOTE, &c.random().bytes(300), [], all, None)
    })
}

#[test]
fn a_body_may_be_empty() -> Outcome {
    check(|c| sends(c, NOTE, &[], [], Take::Bytes(usize::MAX), None))
}

#[test]
fn a_stream_that_takes_as_little_as_it_likes() -> Outcome {
    check(|c| {
        let mut random = c.random();
        for most in [1, 3, 4, 7] {
            let body = random.bytes(50);
            c.attempt(format!("made a stream that takes up to {most} bytes a call"));
            sends(c, QUESTION, &body, [], Take::Bytes(most), &COUNT)?;
        }
        for first in 1..16 {
            c.attempt(format!("made a stream that takes {first} bytes at the first call"));
            let script = [Take::Bytes(first)];
            sends(c, QUESTION, &random.bytes(10), script, Take::Bytes(99), &COUNT)?;
        }
        Ok(())
    })
}

#[test]
fn a_stream_that_is_interrupted() -> Outcome {
    check(|c| {
        c.did("made a stream that is interrupted, takes 7 bytes, and is interrupted again");
        let script = [Take::Interrupted, Take::Bytes(7), Take::Interrupted];
        sends(c, QUESTION, &c.random().bytes(20), script, Take::Bytes(99), &INTERRUPTED)
    })
}

#[test]
fn a_stream_that_takes_nothing_more() -> Outcome {
    check(|c| {
        c.did("made a stream that takes 7 bytes, and then says Ok(0)");
        let body = c.random().bytes(20);
        let mut writer = Writer::new(c, [Take::Bytes(7)], Take::Nothing);
        c.want("an error of kind WriteZero");
        c.suspect(&ZERO);
        let kind = send(&mut writer, QUESTION, &body).map_err(|error| error.kind());
        c.ensure(kind == Err(ErrorKind::WriteZero), None, || format!("{kind:?}"))
    })
}

#[test]
fn a_stream_that_fails() -> Outcome {
    check(|c| {
        c.did("made a stream that takes 7 bytes, and then fails once with BrokenPipe");
        let body = c.random().bytes(20);
        let script = [Take::Bytes(7), Take::Fails(ErrorKind::BrokenPipe)];
        let mut writer = Writer::new(c, script, Take::Bytes(99));
        c.want("that error: only `Interrupted` means to try again");
        let kind = send(&mut writer, QUESTION, &body).map_err(|error| error.kind());
        c.ensure(kind == Err(ErrorKind::BrokenPipe), None, || format!("{kind:?}"))
    })
}

#[test]
fn a_question_does_not_wait_for_an_acknowledgment() -> Outcome {
    check(|c| {
        let body = c.random().bytes(20);
        let mut stream = connected(c)?;
        c.did("called your `ask` with 20 bytes, again and again");
        is_fast(c, &mut stream, &WRITE_WRITE_READ, |stream| {
            let answer = c.ok("`ask`", ask(stream, &body), None)?;
            c.same_bytes(&body, &answer, None)
        })
    })
}

#[test]
fn a_question_after_a_note_does_not_wait_either() -> Outcome {
    check(|c| {
        let body = c.random().bytes(20);
        let mut stream = connected(c)?;
        c.did("called your `note` with 20 bytes, then your `ask`; again and again");
        is_fast(c, &mut stream, &NAGLE, |stream| {
            c.ok("`note`", note(stream, &body), None)?;
            let answer = c.ok("`ask`", ask(stream, &body), None)?;
            c.same_bytes(&body, &answer, None)
        })
    })
}

#[test]
fn a_short_message_is_one_packet() -> Outcome {
    check(|c| {
        let body = c.random().bytes(20);
        let mut stream = connected(c)?;
        let Some(before) = data_segments_sent(stream.get_ref()) else {
            return Err(c.skip("this system does not say how many packets a connection took"));
        };
        c.did(format!("called your `ask` with 20 bytes, {MESSAGES} times"));
        for _ in 0..MESSAGES {
            c.ok("`ask`", ask(&mut stream, &body), None)?;
        }
        let sent = data_segments_sent(stream.get_ref()).unwrap_or(before) - before;
        c.want(format!("{MESSAGES} packets with data, as the system counts them (TCP_INFO)"));
        let several = sent > MESSAGES + MESSAGES / 2;
        c.ensure(sent <= MESSAGES, several.then_some(&TWO_PACKETS), || format!("{sent} packets"))
    })
}

#[test]
fn a_long_message_arrives() -> Outcome {
    check(|c| {
        let body = c.random().bytes(LONGEST / 4);
        let mut stream = connected(c)?;
        c.did(format!("called your `ask` with {} bytes", body.len()));
        c.want("the same bytes come back");
        let answer = c.ok("`ask`", ask(&mut stream, &body), None)?;
        c.same_bytes(&body, &answer, None)
    })
}

/// Calls the answer's `send` with a writer of this script, and fails unless the message is there.
fn sends(
    c: &Check,
    kind: u8,
    body: &[u8],
    script: impl IntoIterator<Item = Take>,
    then: Take,
    mistake: impl Into<Option<&'static Mistake>>,
) -> Outcome {
    let mistake = mistake.into();
    let length = u32::try_from(body.len()).expect("a short body").to_be_bytes();
    let message = [&[kind][..], &length, body].concat();
    let mut writer = Writer::new(c, script, then).expecting(&message);
    c.did(format!("called your `send` with kind {kind} and {} bytes", body.len()));
    c.want(format!("Ok(()), and the {} bytes of the message, in order", message.len()));
    c.ok("`send`", send(&mut writer, kind, body), mistake)?;
    // Where the message is right if it is taken whole, it is the taking that was mishandled.
    let mut whole = Vec::new();
    let right = send(&mut whole, kind, body).is_ok() && whole == message;
    c.same_bytes(&message, writer.received(), mistake.filter(|_| right))
}
