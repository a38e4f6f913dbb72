//! Graded test of `read-lines`.

mod mistakes;

use std::io::{ErrorKind, Read};

use harness::{Bytes, Check, Give, Mistake, Outcome, Reader, check, shown, splits};
use read_lines::LineReader;

use mistakes::{GOES_ON, INTERRUPTED, LIMIT_BY_CUT, LOST_AT_ERROR, UNBOUNDED};

/// Every reader's.
const LIMIT: usize = 20;
const REFUSED: Got = Err(ErrorKind::InvalidData);

#[test]
fn a_line_and_then_no_more() -> Outcome {
    check(|c| reads(c, &[b"hello\n"], &[b"hello"]))
}

#[test]
fn lf_and_crlf_end_a_line() -> Outcome {
    check(|c| {
        reads(c, &[b"one\r\n", b"two\n", b"three\r\n"], &[b"one", b"two", b"three"])?;
        reads(c, &[b"\n", b"one\n", b"\r\n", b"\r\n"], &[b"", b"one", b"", b""])
    })
}

#[test]
fn a_line_in_three_reads() -> Outcome {
    check(|c| reads(c, &[b"hel", b"l", b"o\n"], &[b"hello"]))
}

#[test]
fn lines_that_share_a_read() -> Outcome {
    check(|c| {
        reads(c, &[b"one\ntwo\nthree\n"], &[b"one", b"two", b"three"])?;
        reads(c, &[b"one\ntw", b"o\nth", b"ree\n"], &[b"one", b"two", b"three"])
    })
}

#[test]
fn cr_and_lf_in_two_reads() -> Outcome {
    check(|c| reads(c, &[b"one\r", b"\ntwo\r", b"\n\r", b"\n"], &[b"one", b"two", b""]))
}

#[test]
fn any_bytes_but_lf_are_the_line() -> Outcome {
    check(|c| {
        let euro = "€".as_bytes();
        reads(c, &[&euro[..1], &euro[1..], b"\r\n"], &[euro])?;
        reads(c, &[b"\xff\x00", b"\x80\n"], &[b"\xff\x00\x80"])?;
        reads(c, &[b" a \t\r\n", b"b\rc\n", b"d\r\r\n"], &[b" a \t", b"b\rc", b"d\r"])
    })
}

#[test]
fn every_cut_gives_the_same_lines() -> Outcome {
    check(|c| {
        let bytes = "GET /\r\n\nçà €\n\r\n\r last \r\n".as_bytes();
        let want = [b"GET /", &b""[..], "çà €".as_bytes(), b"", b"\r last "];
        for (front, rest) in splits(bytes) {
            reads(c, &[front, rest], &want)?;
        }
        reads(c, &bytes.chunks(1).collect::<Vec<_>>(), &want)
    })
}

#[test]
fn any_lines_in_any_pieces() -> Outcome {
    check(|c| {
        let mut random = c.random();
        let (mut bytes, mut want) = (Vec::new(), Vec::new());
        for _ in 0..60 {
            let length = random.below(LIMIT);
            let mut line = random.bytes(length);
            line.iter_mut().filter(|b| matches!(**b, b'\r' | b'\n')).for_each(|b| *b = b'.');
            bytes.extend([&line, [&b"\n"[..], b"\r\n"][random.below(2)]].concat());
            want.push(line);
        }
        let want: Vec<_> = want.iter().map(Vec::as_slice).collect();
        reads(c, &random.pieces(&bytes, 50), &want)
    })
}

#[test]
fn the_last_line_needs_no_newline() -> Outcome {
    check(|c| {
        reads(c, &[b"one\ntwo"], &[b"one", b"two"])?;
        reads(c, &[b"one\r\n", b"tw", b"o\r"], &[b"one", b"two\r"])?;
        reads(c, &[], &[])
    })
}

#[test]
fn an_interrupted_read_is_made_again() -> Outcome {
    check(|c| {
        c.did(r#"made a reader that gives Interrupted | "o" | Interrupted | "ne\n""#);
        let (o, ne) = (Give::Bytes(b"o".into()), Give::Bytes(b"ne\n".into()));
        let script = [Give::Interrupted, o, Give::Interrupted, ne];
        let got = next(c, &mut LineReader::new(Reader::new(c, script), LIMIT));
        let gave_up = got == Err(ErrorKind::Interrupted);
        is(c, &got, &line(b"one"), "no failure came between", gave_up.then_some(&INTERRUPTED))
    })
}

#[test]
fn an_error_loses_nothing() -> Outcome {
    check(|c| {
        for kind in [ErrorKind::WouldBlock, ErrorKind::TimedOut] {
            c.attempt(format!(r#"made a reader that gives "hel" | {kind:?} | "lo\n""#));
            let (hel, lo) = (Give::Bytes(b"hel".into()), Give::Bytes(b"lo\n".into()));
            let mut lines = LineReader::new(Reader::new(c, [hel, Give::Fails(kind), lo]), LIMIT);
            let got = next(c, &mut lines);
            is(c, &got, &Err(kind), "whether to try again is the caller's decision", None)?;
            let got = next(c, &mut lines);
            let lost = (got == line(b"lo")).then_some(&LOST_AT_ERROR);
            is(c, &got, &line(b"hello"), "the line as if it had come in one piece", lost)?;
        }
        Ok(())
    })
}

#[test]
fn a_line_without_end_is_refused() -> Outcome {
    check(|c| {
        c.did("made a reader that gives 1 MiB of \"x\" in pieces of 1 KiB, and no newline");
        let piece = [b'x'; 1024];
        let mut reader = Reader::pieces(c, (0..1024).map(|_| &piece[..]));
        let got = next(c, &mut LineReader::new(&mut reader, LIMIT));
        let given = reader.given();
        let unbounded = (given > 1 << 16).then_some(&UNBOUNDED);
        is(c, &got, &REFUSED, "soon after the limit is passed", unbounded)?;
        c.ensure(unbounded.is_none(), unbounded, || format!("it, after {given} bytes were read"))
    })
}

#[test]
fn the_limit_does_not_count_the_end() -> Outcome {
    check(|c| {
        let full = [b'x'; LIMIT];
        for end in [&b"\n"[..], b"\r\n", b""] {
            let bytes = [&full, end].concat();
            reads(c, &[&bytes], &[&full])?;
            reads(c, &bytes.chunks(1).collect::<Vec<_>>(), &[&full])?;
        }
        Ok(())
    })
}

#[test]
fn one_byte_over_the_limit_is_too_much() -> Outcome {
    check(|c| {
        let mut refused = false;
        for end in [&b""[..], b"\n", b"\r\n"] {
            let bytes = [&[b'x'; LIMIT + 1], end].concat();
            for cut in 1..=bytes.len() {
                let (front, rest) = bytes.split_at(cut);
                let pieces = if rest.is_empty() { vec![front] } else { vec![front, rest] };
                c.attempt(format!("made a reader that gives {}", shown(&pieces)));
                let got = next(c, &mut LineReader::new(Reader::pieces(c, pieces), LIMIT));
                let by_cut = refused && matches!(got, Ok(Some(_)));
                let rule = "the line has 21 bytes, however they are cut";
                is(c, &got, &REFUSED, rule, by_cut.then_some(&LIMIT_BY_CUT))?;
                refused = true;
            }
        }
        Ok(())
    })
}

#[test]
fn a_refusal_is_final() -> Outcome {
    check(|c| {
        let bytes = [&[b'x'; LIMIT + 10], &b"the rest\nnext\n"[..]].concat();
        for cut in [LIMIT + 10, LIMIT + 19] {
            let (front, rest) = bytes.split_at(cut);
            c.attempt(format!("made a reader that gives {}", shown(&[front, rest])));
            let mut lines = LineReader::new(Reader::pieces(c, [front, rest]), LIMIT);
            for _ in 0..3 {
                let got = next(c, &mut lines);
                let rest = matches!(&got, Ok(Some(line)) if line.0.ends_with(b"the rest"));
                let rule = "at every call from here on";
                is(c, &got, &REFUSED, rule, rest.then_some(&GOES_ON))?;
            }
        }
        Ok(())
    })
}

type Got = Result<Option<Bytes>, ErrorKind>;

fn line(bytes: &[u8]) -> Got {
    Ok(Some(Bytes(bytes.into())))
}

fn next<R: Read>(c: &Check, lines: &mut LineReader<R>) -> Got {
    c.did(format!("called `next_line` (limit {LIMIT})"));
    lines.next_line().map(|line| line.map(Bytes)).map_err(|error| error.kind())
}

/// Fails unless one call returned what it should.
fn is(c: &Check, got: &Got, want: &Got, rule: &str, mistake: Option<&'static Mistake>) -> Outcome {
    c.want(format!("{want:?}: {rule}"));
    c.ensure(got == want, mistake, || format!("{got:?}"))
}

/// Fails unless a reader that gives `pieces`, one a read, makes the lines `want` and no more.
fn reads(c: &Check, pieces: &[&[u8]], want: &[&[u8]]) -> Outcome {
    c.attempt(format!("made a reader that gives {}", shown(pieces)));
    c.did(format!("called `next_line` (limit {LIMIT}) until it returned Ok(None)"));
    c.want_list("line", want);
    let mut reader = Reader::pieces(c, pieces.iter().copied());
    let mut lines = LineReader::new(&mut reader, LIMIT);
    let mut got = Vec::new();
    // A line too many is enough to see; an answer that repeats itself would give them for ever.
    while got.len() <= want.len() {
        match lines.next_line() {
            Ok(Some(line)) => got.push(line),
            Ok(None) => break,
            Err(error) => {
                let (kind, number) = (error.kind(), got.len() + 1);
                return Err(c.fail(None, format!("Err({kind:?}) in place of line {number}")));
            }
        }
    }
    let unread = reader.given() < pieces.concat().len();
    c.same_list("line", want, &got, mistakes::in_lines(pieces, want, &got, unread))
}
