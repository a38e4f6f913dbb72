//! Graded test of `frame-the-body`.

mod bodies;
mod mistakes;

use std::time::Duration;

use frame_the_body::{Body, Error, Framing, MOST_EXTRA};
use harness::{Outcome, check_within, shown, splits};

use bodies::{
    CODINGS, LOOSE_ENDS, WITHOUT_BODY, decodes, feed, refuses, request, request_of, response, tale,
};
use mistakes::{
    BOTH, CHUNK_ENDS, CUT_OFF, EARLY_END, GOES_ON, LENIENT, LOST_NEXT, NEVER_COMES, NOT_LAST,
    ONE_READ, OVERFLOW, REQUEST_WAITS, TWO_LENGTHS, UNBOUNDED,
};

const LENGTH: &str = "Content-Length";
const CODING: &str = "Transfer-Encoding";

/// Where a right answer needs microseconds.
const SOON: Duration = Duration::from_secs(1);

/// Two chunks, and no trailers.
const HELLO: &[u8] = b"5\r\nhello\r\n7\r\n, world\r\n0\r\n\r\n";
/// The beginning of what a smuggler would like to be read as a request.
const NEXT: &[u8] = b"GET /next HTTP/1.1\r\n";

#[test]
fn a_length_is_a_number_of_octets() -> Outcome {
    check_within(SOON, |c| {
        for (value, length) in
            [("5", 5), ("0", 0), ("1024", 1024), ("007", 7), ("18446744073709551615", u64::MAX)]
        {
            request(c, &[("Host", "a"), (LENGTH, value)], Ok(Framing::Length(length)), None)?;
            response(c, ("GET", 200), &[(LENGTH, value)], Ok(Framing::Length(length)), None)?;
        }
        request(c, &[("content-LENGTH", "5"), ("X", "6")], Ok(Framing::Length(5)), None)
    })
}

#[test]
fn the_coding_is_chunked() -> Outcome {
    check_within(SOON, |c| {
        for (name, value) in [(CODING, "chunked"), ("transfer-encoding", "Chunked")] {
            request(c, &[(name, value), ("Host", "a")], Ok(Framing::Chunked), None)?;
            response(c, ("POST", 404), &[(name, value)], Ok(Framing::Chunked), None)?;
        }
        Ok(())
    })
}

#[test]
fn a_request_that_says_nothing_has_no_body() -> Outcome {
    check_within(SOON, |c| {
        request(c, &[("Host", "a"), ("Connection", "close")], Ok(Framing::None), &REQUEST_WAITS)?;
        request_of(c, 0, &[], Ok(Framing::None), &REQUEST_WAITS)
    })
}

#[test]
fn a_response_that_says_nothing_ends_with_the_connection() -> Outcome {
    check_within(SOON, |c| {
        response(c, ("GET", 200), &[("Server", "a")], Ok(Framing::UntilClose), None)
    })
}

#[test]
fn some_responses_have_no_body_whatever_they_say() -> Outcome {
    check_within(SOON, |c| {
        for answer in WITHOUT_BODY {
            for head in [&[(LENGTH, "5")], &[(CODING, "chunked")], &[("Server", "a")]] {
                response(c, answer, head, Ok(Framing::None), &NEVER_COMES)?;
            }
            let twice = [(LENGTH, "+5"), (CODING, "gzip")];
            response(c, answer, &twice, Ok(Framing::None), &NEVER_COMES)?;
        }
        // And all others have one.
        for answer in [("GET", 206), ("GET", 200), ("DELETE", 404), ("head", 200), ("CONNECT", 407)]
        {
            response(c, answer, &[(LENGTH, "5")], Ok(Framing::Length(5)), None)?;
        }
        Ok(())
    })
}

#[test]
fn a_length_is_digits_and_nothing_else() -> Outcome {
    check_within(SOON, |c| {
        for value in "+5|-5|-0|0x5|5a|5 5|5;||5.0|1e1|\u{0b}5|٥".split('|') {
            request(c, &[(LENGTH, value)], Err(Error::Length), &LENIENT)?;
            response(c, ("GET", 200), &[(LENGTH, value)], Err(Error::Length), &LENIENT)?;
        }
        Ok(())
    })
}

#[test]
fn a_length_fits_64_bits() -> Outcome {
    check_within(SOON, |c| {
        for value in
            "18446744073709551616|18446744073709551621|99999999999999999999|184467440737095516210"
                .split('|')
        {
            request(c, &[(LENGTH, value)], Err(Error::Length), &OVERFLOW)?;
        }
        Ok(())
    })
}

#[test]
fn several_lengths_say_the_same() -> Outcome {
    check_within(SOON, |c| {
        for (one, other) in [("5", "6"), ("6", "5"), ("0", "5"), ("5", "0"), ("5", "+5"), ("5", "")]
        {
            request(c, &[(LENGTH, one), (LENGTH, other)], Err(Error::Length), &TWO_LENGTHS)?;
            let list = format!("{one}, {other}");
            request(c, &[(LENGTH, &list)], Err(Error::Length), &TWO_LENGTHS)?;
            response(c, ("GET", 200), &[(LENGTH, &list)], Err(Error::Length), &TWO_LENGTHS)?;
        }
        request(c, &[(LENGTH, "5"), ("Host", "a"), (LENGTH, "5")], Ok(Framing::Length(5)), None)?;
        response(c, ("GET", 200), &[(LENGTH, "5,5\t,\t5")], Ok(Framing::Length(5)), None)
    })
}

#[test]
fn a_length_and_a_coding_are_one_too_many() -> Outcome {
    check_within(SOON, |c| {
        let (length, coding) = ((LENGTH, "5"), (CODING, "chunked"));
        for head in [[length, coding], [coding, length], [("content-length", "0"), coding]] {
            request(c, &head, Err(Error::Both), &BOTH)?;
            response(c, ("GET", 200), &head, Err(Error::Both), &BOTH)?;
        }
        Ok(())
    })
}

#[test]
fn the_only_coding_is_chunked() -> Outcome {
    check_within(SOON, |c| {
        for value in CODINGS {
            request(c, &[(CODING, value)], Err(Error::Coding), &NOT_LAST)?;
            response(c, ("GET", 200), &[(CODING, value)], Err(Error::Coding), &NOT_LAST)?;
        }
        for (one, other) in [("chunked", "identity"), ("gzip", "chunked"), ("chunked", "chunked")] {
            request(c, &[(CODING, one), (CODING, other)], Err(Error::Coding), &NOT_LAST)?;
        }
        Ok(())
    })
}

#[test]
fn http_1_0_has_no_codings() -> Outcome {
    check_within(SOON, |c| {
        request_of(c, 0, &[(LENGTH, "5")], Ok(Framing::Length(5)), None)?;
        request_of(c, 0, &[(CODING, "chunked")], Err(Error::Coding), None)
    })
}

#[test]
fn a_body_with_a_length_ends_there() -> Outcome {
    check_within(SOON, |c| {
        let framing = Framing::Length(5);
        decodes(c, framing, &[b"hello"], (b"hello", 5), None)?;
        for (front, rest) in splits(b"helloGET /next") {
            decodes(c, framing, &[front, rest], (b"hello", 5), &ONE_READ)?;
        }
        decodes(c, Framing::Length(0), &[NEXT], (b"", 0), &LOST_NEXT)?;
        decodes(c, Framing::None, &[NEXT], (b"", 0), &LOST_NEXT)?;
        decodes(c, Framing::None, &[], (b"", 0), None)
    })
}

#[test]
fn a_body_without_a_length_ends_with_the_connection() -> Outcome {
    check_within(SOON, |c| {
        c.did("fed a new body, UntilClose, \"hello\" | \"\" | \"0\\r\\n\\r\\n\", and ended the connection");
        c.want("the content \"hello0\\r\\n\\r\\n\", never complete; then `end` returns Ok(())");
        let mut body = Body::new(Framing::UntilClose);
        let fed = feed(&mut body, &[b"hello", b"", b"0\r\n\r\n"]);
        let right = fed.content == b"hello0\r\n\r\n" && fed.taken == Ok(10) && !fed.complete;
        c.ensure(right, None, || tale(&fed))?;
        let end = body.end();
        c.ensure(end.is_ok(), None, || format!("{end:?}"))
    })
}

#[test]
fn chunks_are_put_together() -> Outcome {
    check_within(SOON, |c| {
        decodes(c, Framing::Chunked, &[b"0\r\n\r\n"], (b"", 5), None)?;
        decodes(c, Framing::Chunked, &[HELLO], (b"hello, world", HELLO.len()), None)?;
        // In a chunk anything may stand, and its size is hexadecimal.
        let chunk = [b"00Aa\r\n", &[b'\n'; 170][..], b"\r\n0000\r\n\r\n"].concat();
        decodes(c, Framing::Chunked, &[&chunk], (&[b'\n'; 170], chunk.len()), None)?;
        let nested = b"8\r\n\r\n0\r\n\r\n\r\r\n0\r\n\r\n";
        decodes(c, Framing::Chunked, &[nested], (b"\r\n0\r\n\r\n\r", nested.len()), None)
    })
}

#[test]
fn every_cut_gives_the_same_content() -> Outcome {
    check_within(SOON, |c| {
        let octets = b"5;a=b\r\nhello\r\n0b\r\n, everybody\r\n0\r\nA: b\r\nC:\r\n\r\n";
        let want = (&b"hello, everybody"[..], octets.len());
        // What fails whole fails not for its cuts.
        decodes(c, Framing::Chunked, &[octets], want, &EARLY_END)?;
        for (front, rest) in splits(octets) {
            decodes(c, Framing::Chunked, &[front, rest], want, &ONE_READ)?;
        }
        let single: Vec<&[u8]> = octets.chunks(1).collect();
        decodes(c, Framing::Chunked, &single, want, &ONE_READ)
    })
}

#[test]
fn what_follows_the_chunks_is_not_theirs() -> Outcome {
    check_within(SOON, |c| {
        for trailers in [&b""[..], b"A: b\r\n", b"0\r\nA: b\r\n"] {
            let body = [b"1\r\nx\r\n0\r\n", trailers, b"\r\n"].concat();
            let octets = [&body, NEXT].concat();
            decodes(c, Framing::Chunked, &[&octets], (b"x", body.len()), &EARLY_END)?;
            for (front, rest) in splits(&octets) {
                decodes(c, Framing::Chunked, &[front, rest], (b"x", body.len()), &EARLY_END)?;
            }
        }
        Ok(())
    })
}

#[test]
fn extensions_are_no_content() -> Outcome {
    check_within(SOON, |c| {
        for extension in [";a", ";a=b", " ; a = \"b;c\"", "\t;a", ";;", ";\u{e9}"] {
            let octets =
                format!("2{extension}\r\nhi\r\n0{extension}\r\nA: \u{e9}\t\r\n\r\n").into_bytes();
            decodes(c, Framing::Chunked, &[&octets], (b"hi", octets.len()), None)?;
        }
        Ok(())
    })
}

#[test]
fn a_size_is_hexadecimal_digits_and_nothing_else() -> Outcome {
    check_within(SOON, |c| {
        for size in "+5|-5|0x5| 5|5 5|5 ||g|5g|5_0|;a| ;a|5=|5\u{0b}".split('|') {
            let octets = format!("{size}\r\nhello\r\n0\r\n\r\n").into_bytes();
            refuses(c, &octets, Error::Chunk, &LENIENT)?;
        }
        Ok(())
    })
}

#[test]
fn a_size_fits_64_bits() -> Outcome {
    check_within(SOON, |c| {
        for size in "10000000000000005|10000000000000000|f0000000000000005".split('|') {
            let octets = format!("{size}\r\nhello\r\n0\r\n\r\n").into_bytes();
            refuses(c, &octets, Error::Chunk, &OVERFLOW)?;
        }
        // The largest size that there is: a promise, for which nothing is set aside.
        c.attempt("fed a new body, Chunked, \"ffffffffffffffff\\r\\nhello\"");
        c.want("not complete; the content until now is \"hello\"");
        let fed = feed(&mut Body::new(Framing::Chunked), &[b"ffffffffffffffff\r\nhello"]);
        c.ensure(fed.content == b"hello" && fed.taken == Ok(23) && !fed.complete, None, || {
            tale(&fed)
        })
    })
}

#[test]
fn a_chunk_ends_with_cr_lf() -> Outcome {
    check_within(SOON, |c| {
        for octets in LOOSE_ENDS {
            refuses(c, octets, Error::Chunk, &CHUNK_ENDS)?;
        }
        Ok(())
    })
}

#[test]
fn a_body_that_is_cut_off_is_not_whole() -> Outcome {
    check_within(SOON, |c| {
        let with_length = (Framing::Length(12), &b"hello, world"[..]);
        for (framing, octets) in [with_length, (Framing::Chunked, HELLO)] {
            for end in 0..octets.len() {
                let front = &octets[..end];
                c.attempt(format!(
                    "fed a new body, {framing:?}, {}, and ended the connection",
                    shown(&[front])
                ));
                c.want("not complete, and `end` returns Err(CutOff)");
                let mut body = Body::new(framing);
                let fed = feed(&mut body, &[front]);
                c.ensure(fed.taken == Ok(end) && !fed.complete, None, || tale(&fed))?;
                let end = body.end();
                c.ensure(end == Err(Error::CutOff), &CUT_OFF, || format!("{end:?}"))?;
            }
        }
        Ok(())
    })
}

#[test]
fn extensions_and_trailers_have_a_limit() -> Outcome {
    check_within(SOON, |c| {
        for (what, start, end) in [
            ("an extension", "1;", "\r\nx\r\n0\r\n\r\n"),
            ("a trailer", "1\r\nx\r\n0\r\ne", "\r\n\r\n"),
        ] {
            let made = |extra: usize| [start, &"e".repeat(extra - 1), end].concat().into_bytes();
            c.attempt(format!("fed a new body, Chunked, with {what} of {MOST_EXTRA} octets"));
            c.want("complete, the content \"x\"");
            let fed = feed(&mut Body::new(Framing::Chunked), &[&made(MOST_EXTRA)]);
            c.ensure(fed.complete && fed.content == b"x", None, || tale(&fed))?;
            refuses(c, &made(MOST_EXTRA + 1), Error::TooLong, &UNBOUNDED)?;
        }
        // Many small ones are as much as a large one.
        for (start, one, end) in
            [("", "1;eeeeeee\r\nx\r\n", "0\r\n\r\n"), ("0\r\n", "eeeeeeee\r\n", "\r\n")]
        {
            let octets = [start, &one.repeat(MOST_EXTRA / 8 + 1), end].concat();
            refuses(c, octets.as_bytes(), Error::TooLong, &UNBOUNDED)?;
        }
        // What never ends is refused before its end.
        for start in ["1;", "0\r\nA: "] {
            let octets = [start.as_bytes(), &[b'e'; 2 * MOST_EXTRA]].concat();
            refuses(c, &octets, Error::TooLong, &UNBOUNDED)?;
        }
        c.attempt("fed a new body, Chunked, 20000 chunks of 1 octet");
        c.want("complete, 20000 octets of content: sizes and their ends do not count");
        let octets = [&b"1\r\nx\r\n".repeat(20_000)[..], b"0\r\n\r\n"].concat();
        let fed = feed(&mut Body::new(Framing::Chunked), &[&octets]);
        c.ensure(fed.complete && fed.content.len() == 20_000, None, || tale(&fed))
    })
}

#[test]
fn a_refusal_is_final() -> Outcome {
    check_within(SOON, |c| {
        let long = [b"1;", &[b'e'; 2 * MOST_EXTRA][..]].concat();
        for (octets, want) in [(&b"5\r\nhelloX\r\n"[..], Error::Chunk), (&long, Error::TooLong)] {
            c.attempt(format!("fed a new body, Chunked, {}", shown(&[octets])));
            c.want(format!("Err({want:?})"));
            let mut body = Body::new(Framing::Chunked);
            let fed = feed(&mut body, &[octets]);
            c.ensure(fed.taken == Err(want), None, || tale(&fed))?;
            c.want(format!("Err({want:?}) again, whatever comes, and no content"));
            for piece in [&b"\r\n"[..], HELLO, b"0\r\n\r\n"] {
                c.did(format!("fed it {}", shown(&[piece])));
                let fed = feed(&mut body, &[piece]);
                let right = fed.taken == Err(want) && !fed.complete && fed.content.is_empty();
                c.ensure(right, &GOES_ON, || tale(&fed))?;
            }
            c.did("ended the connection");
            c.want(format!("`end` returns Err({want:?})"));
            let end = body.end();
            c.ensure(end == Err(want), &GOES_ON, || format!("{end:?}"))?;
        }
        Ok(())
    })
}
