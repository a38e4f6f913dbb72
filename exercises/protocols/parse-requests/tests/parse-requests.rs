//! Graded test of `parse-requests`.

mod heads;
mod mistakes;

use std::time::Duration;

use harness::cost::Stopwatch;
use harness::{Check, Outcome, check, check_alone, shown, splits};
use parse_requests::{Error, Head, HeadParser, LONGEST_HEAD, MOST_FIELDS};

use heads::{feed, head, is, makes, refused, refuses, told, with_line};
use mistakes::{
    AGAIN, BARE_CR, FOLDED, GOES_ON, LOST_SECOND, NUL, ONE_READ, SPACE, SPLIT_CRLF, TWO_HOSTS,
    UNBOUNDED,
};

const SMALL: &[u8] = b"GET /a HTTP/1.1\r\nHost: b\r\nX: c d\r\n\r\n";

fn small() -> Head {
    head(b"GET", b"/a", 1, &[(b"Host", b"b"), (b"X", b"c d")])
}

#[test]
fn a_head_is_a_request_line_and_fields() -> Outcome {
    check(|c| makes(c, &[SMALL], &small(), 0, None))
}

#[test]
fn the_white_space_around_a_value_is_not_in_it() -> Outcome {
    check(|c| {
        let octets = b"PUT * HTTP/1.0\r\nA:b\r\nC: \t d\te  f \t\r\nG:\r\nH: \r\nA: i:j\r\n\r\n";
        let fields: [(&[u8], &[u8]); 5] =
            [(b"A", b"b"), (b"C", b"d\te  f"), (b"G", b""), (b"H", b""), (b"A", b"i:j")];
        makes(c, &[octets], &head(b"PUT", b"*", 0, &fields), 0, None)
    })
}

#[test]
fn names_and_values_are_octets() -> Outcome {
    check(|c| {
        let octets =
            b"get /%00?#\"<{ HTTP/1.9\r\nHost: a\r\nhOSTS: A\r\n!#$%&'*+-.^_`|~0z: \xff\xe4\x80\r\n\r\n";
        let fields: [(&[u8], &[u8]); 3] =
            [(b"Host", b"a"), (b"hOSTS", b"A"), (b"!#$%&'*+-.^_`|~0z", b"\xff\xe4\x80")];
        makes(c, &[octets], &head(b"get", b"/%00?#\"<{", 9, &fields), 0, None)?;
        makes(c, &[b"* / HTTP/1.0\r\n\r\n"], &head(b"*", b"/", 0, &[]), 0, None)
    })
}

#[test]
fn the_beginning_of_a_head_is_no_head() -> Outcome {
    check(|c| {
        for (front, _) in splits(SMALL) {
            c.attempt(format!("fed a new parser {}", shown(&[front])));
            c.want("Ok(None): the rest may come");
            match HeadParser::new().feed(front) {
                Ok(None) => {}
                Ok(Some((head, _))) => return Err(c.fail(&ONE_READ, told(&head))),
                Err(error) => {
                    let mistake = if front.ends_with(b"\r") { &SPLIT_CRLF } else { &ONE_READ };
                    return Err(c.fail(mistake, format!("Err({error:?})")));
                }
            }
        }
        Ok(())
    })
}

#[test]
fn every_cut_gives_the_same_head() -> Outcome {
    check(|c| {
        for (front, rest) in splits(SMALL) {
            let mistake = if front.ends_with(b"\r") { &SPLIT_CRLF } else { &ONE_READ };
            makes(c, &[front, rest], &small(), 0, mistake)?;
        }
        makes(c, &SMALL.chunks(1).collect::<Vec<_>>(), &small(), 0, &ONE_READ)
    })
}

#[test]
fn what_follows_the_head_is_not_its() -> Outcome {
    check(|c| {
        for body in [&b"x"[..], b"\r\n", b"hello\r\n\r\nGET / HTTP/1.1\r\n"] {
            let octets = [SMALL, body].concat();
            makes(c, &[&octets], &small(), body.len(), None)?;
            for (front, rest) in splits(&octets) {
                makes(c, &[front, rest], &small(), body.len(), None)?;
            }
        }
        Ok(())
    })
}

#[test]
fn the_next_request_follows() -> Outcome {
    check(|c| {
        let second = b"DELETE /b HTTP/1.0\r\n\r\n";
        let octets = [SMALL, second].concat();
        for (front, rest) in splits(&octets) {
            c.attempt(format!("fed a new parser {}", shown(&[front, rest])));
            let mut parser = HeadParser::new();
            let (got, taken) = feed(&mut parser, &[front, rest]);
            is(c, (got, taken), &small(), SMALL.len(), None)?;
            c.did("fed it again what stood behind that head");
            // The second cut is where the first was, if that is still to come.
            let cut = front.len().max(taken);
            let left = [&octets[taken..cut], &octets[cut..]];
            let fed = feed(&mut parser, &left);
            is(c, fed, &head(b"DELETE", b"/b", 0, &[]), second.len(), &LOST_SECOND)?;
        }
        Ok(())
    })
}

#[test]
fn empty_lines_before_a_request_are_ignored() -> Outcome {
    check(|c| {
        let octets = [b"\r\n\r\n", SMALL].concat();
        makes(c, &[&octets], &small(), 0, None)?;
        makes(c, &octets.chunks(1).collect::<Vec<_>>(), &small(), 0, None)
    })
}

#[test]
fn any_head_in_any_pieces() -> Outcome {
    check(|c| {
        let mut random = c.random();
        for _ in 0..40 {
            let mut octets = b"GET /random HTTP/1.1\r\nHost: a\r\n".to_vec();
            let mut want = head(b"GET", b"/random", 1, &[(b"Host", b"a")]);
            for _ in 0..random.below(20) {
                let length = random.below(40);
                let mut value = random.bytes(length);
                value.iter_mut().filter(|o| **o <= b' ' || **o == 0x7f).for_each(|o| *o = b'.');
                octets.extend([b"X-Random: ", &value[..], b"\r\n"].concat());
                want.fields.extend(head(b"", b"", 1, &[(b"X-Random", &value)]).fields);
            }
            octets.extend(b"\r\n");
            makes(c, &[&octets], &want, 0, None)?;
            makes(c, &random.pieces(&octets, 30), &want, 0, &ONE_READ)?;
        }
        Ok(())
    })
}

#[test]
fn each_octet_is_looked_at_once() -> Outcome {
    check_alone(|c| {
        let value = [b'x'; LONGEST_HEAD - 100];
        let octets = with_line(&[b"X: ", &value[..]].concat());
        c.did(format!("fed a new parser a head of {} octets, one at a time", octets.len()));
        c.want("the head, within a quarter of a second of processor time; a fortieth of that is enough");
        let mut parser = HeadParser::new();
        let time = Stopwatch::start();
        for (at, octet) in octets.iter().enumerate() {
            let last = parser.feed(&[*octet]);
            if at % 64 == 0 {
                soon(c, &time)?;
            }
            let right = matches!(last, Ok(Some(_))) == (at + 1 == octets.len());
            c.ensure(right, None, || format!("{} at octet {at}", got_told(&last)))?;
        }
        soon(c, &time)
    })
}

#[test]
fn a_request_line_is_three_words() -> Outcome {
    check(|c| {
        let lines: [&[u8]; 19] = [
            b"GET /",
            b"GET",
            b" ",
            b"GET / ",
            b"GET  / HTTP/1.1",
            b"GET /  HTTP/1.1",
            b" GET / HTTP/1.1",
            b"GET / HTTP/1.1 ",
            b"GET\t/ HTTP/1.1",
            b"GET /a b HTTP/1.1",
            b" / HTTP/1.1",
            b"G@T / HTTP/1.1",
            b"GET: / HTTP/1.1",
            b"GET  HTTP/1.1",
            b"GET /\x00 HTTP/1.1",
            b"GET /\x7f HTTP/1.1",
            b"GET /\xe4 HTTP/1.1",
            b"GET /\ta HTTP/1.1",
            b"\0GET / HTTP/1.1",
        ];
        for line in lines {
            refuses(c, &[line, b"\r\nHost: a\r\n\r\n"].concat(), Error::RequestLine, None)?;
        }
        for line in [&b"GET /\ra HTTP/1.1"[..], b"GET /\r HTTP/1.1", b"GET / HTTP/1.1\r", b"\r"] {
            refuses(c, &[line, b"\r\nHost: a\r\n\r\n"].concat(), Error::RequestLine, &BARE_CR)?;
        }
        Ok(())
    })
}

#[test]
fn the_version_is_1_and_a_digit() -> Outcome {
    check(|c| {
        for version in ["HTTP/2.0", "HTTP/3.0", "HTTP/0.9"] {
            let octets = format!("PRI * {version}\r\n\r\n");
            refuses(c, octets.as_bytes(), Error::Version, None)?;
        }
        for version in
            ["http/1.1", "HTTP/1.10", "HTTP/1", "HTTP/11", "HTTP/1,1", "HTTP/+1.1", "HTTP/1.x"]
        {
            let octets = format!("GET / {version}\r\nHost: a\r\n\r\n");
            refuses(c, octets.as_bytes(), Error::RequestLine, None)?;
        }
        Ok(())
    })
}

#[test]
fn a_space_before_the_colon() -> Outcome {
    check(|c| {
        for line in [&b"X-A : one"[..], b"X-A\t: one", b"Content-Length : 5", b"X-A : "] {
            refuses(c, &with_line(line), Error::Field, &SPACE)?;
        }
        Ok(())
    })
}

#[test]
fn a_line_that_begins_with_a_space() -> Outcome {
    check(|c| {
        for line in
            [&b"X-A: one\r\n two"[..], b"X-A: one\r\n\ttwo", b"X-A: one\r\n B: two", b"A: b\r\n "]
        {
            refuses(c, &with_line(line), Error::Field, &FOLDED)?;
        }
        refuses(c, b"GET / HTTP/1.1\r\n X: y\r\nHost: a\r\n\r\n", Error::Field, &FOLDED)?;
        refuses(c, b"GET / HTTP/1.1\r\n y\r\nHost: a\r\n\r\n", Error::Field, &FOLDED)
    })
}

#[test]
fn a_cr_without_lf() -> Outcome {
    check(|c| {
        for line in
            [&b"X-A: one\rtwo"[..], b"X-A: one\rB: two", b"X-A: \rone", b"X-A: one\r", b"X-A:\r"]
        {
            refuses(c, &with_line(line), Error::Field, &BARE_CR)?;
        }
        for line in [&b"X\rA: one"[..], b"\rX-A: one", b"X-A\r: one"] {
            refuses(c, &with_line(line), Error::Field, &BARE_CR)?;
        }
        Ok(())
    })
}

#[test]
fn a_nul() -> Outcome {
    check(|c| {
        for line in [&b"X-A: o\0ne"[..], b"X-A: one\0", b"X-A: \0", b"X\0A: one", b"X-A\0: one"] {
            refuses(c, &with_line(line), Error::Field, &NUL)?;
        }
        Ok(())
    })
}

#[test]
fn what_else_is_no_field() -> Outcome {
    check(|c| {
        for line in
            [&b"NotAField"[..], b": one", b"X A: one", b"X(A): one", b"X\xe4: one", b"X/A: one"]
        {
            refuses(c, &with_line(line), Error::Field, None)?;
        }
        for octet in (1..0x20).filter(|octet| !b"\t\n\r".contains(octet)).chain([0x7f]) {
            refuses(c, &with_line(&[b'A', b':', b'b', octet, b'c']), Error::Field, None)?;
            refuses(c, &with_line(&[b'A', b':', b'b', octet]), Error::Field, None)?;
        }
        Ok(())
    })
}

#[test]
fn a_line_ends_with_cr_and_lf() -> Outcome {
    check(|c| {
        refuses(c, b"GET / HTTP/1.1\nHost: a\n\n", Error::RequestLine, None)?;
        refuses(c, b"\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", Error::RequestLine, None)?;
        refuses(c, b"GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n", Error::Field, None)?;
        refuses(c, b"GET / HTTP/1.1\r\nHost: a\r\n\n", Error::Field, None)
    })
}

#[test]
fn a_mistake_is_told_when_its_line_is_there() -> Outcome {
    check(|c| {
        refuses(c, b"GET /\r\n", Error::RequestLine, None)?;
        refuses(c, b"GET / HTTP/3.0\r\n", Error::Version, None)?;
        refuses(c, b"GET / HTTP/1.1\r\nHost: a\r\nX-A : one\r\n", Error::Field, None)
    })
}

#[test]
fn there_is_one_host() -> Outcome {
    check(|c| {
        for hosts in [
            "",
            "Host: a\r\nHost: b\r\n",
            "Host: a\r\nhOST: a\r\n",
            "Host: a\r\nX: y\r\nHost:\r\n",
            "X-Host: a\r\n",
        ] {
            let octets = format!("GET / HTTP/1.1\r\n{hosts}\r\n");
            refuses(c, octets.as_bytes(), Error::Host, &TWO_HOSTS)?;
        }
        let octets = b"GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n";
        refuses(c, octets, Error::Host, &TWO_HOSTS)?;
        let octets = b"GET / HTTP/1.1\r\nhOST: a\r\n\r\n";
        makes(c, &[octets], &head(b"GET", b"/", 1, &[(b"hOST", b"a")]), 0, None)
    })
}

#[test]
fn a_head_without_end_is_refused() -> Outcome {
    check(|c| {
        let lines = b"\r\n".repeat(500);
        let field = [b"X-A: ", &[b'x'; 1000][..], b"\r\n"].concat();
        let host = b"GET / HTTP/1.1\r\nHost: a\r\nX-A: ";
        let cases: [(&[u8], &[u8], Error); 4] = [
            (b"GET /", &[b'x'; 1000], Error::LineTooLong),
            (b"\r\n", &lines, Error::LineTooLong),
            (host, &[b'x'; 1000], Error::HeadTooLarge),
            (b"GET / HTTP/1.1\r\n", &field, Error::HeadTooLarge),
        ];
        for (front, more, want) in cases {
            let of = shown(&[&more[..more.len().min(10)]]);
            c.attempt(format!("fed a new parser {}, and then {of}… for ever", shown(&[front])));
            c.want(format!("Err({want:?}) soon after {LONGEST_HEAD} octets"));
            let mut pieces = vec![more; 2 * LONGEST_HEAD / more.len()];
            pieces.insert(0, front);
            let (got, fed) = feed(&mut HeadParser::new(), &pieces);
            let unbounded = got.is_ok().then_some(&UNBOUNDED);
            c.ensure(got.is_err(), unbounded, || format!("no error in {fed} octets"))?;
            refused(c, &got, want, None)?;
        }
        Ok(())
    })
}

#[test]
fn the_longest_head_is_a_head() -> Outcome {
    check(|c| {
        for over in [0, 1] {
            let empty = b"GET / HTTP/1.1\r\nHost: a\r\nX: \r\n\r\n".len();
            let value = vec![b'x'; LONGEST_HEAD - empty + over];
            let octets = with_line(&[b"X: ", &value[..]].concat());
            let want = head(b"GET", b"/", 1, &[(b"Host", b"a"), (b"X", &value)]);
            if over == 1 {
                refuses(c, &octets, Error::HeadTooLarge, &UNBOUNDED)?;
                let with_body = [&octets, &value[..]].concat();
                refuses(c, &with_body, Error::HeadTooLarge, &UNBOUNDED)?;
                continue;
            }
            makes(c, &[&octets], &want, 0, None)?;
            makes(c, &octets.chunks(1000).collect::<Vec<_>>(), &want, 0, None)?;
            // What stands behind the head is not measured.
            let with_body = [&octets[..], &value].concat();
            makes(c, &[&with_body], &want, value.len(), None)?;
        }
        Ok(())
    })
}

#[test]
fn a_target_may_be_long() -> Outcome {
    check(|c| {
        let target = [&b"/"[..], &[b'u'; 7900]].concat();
        let octets = [b"GET ", &target[..], b" HTTP/1.1\r\nHost: a\r\n\r\n"].concat();
        makes(c, &[&octets], &head(b"GET", &target, 1, &[(b"Host", b"a")]), 0, None)?;
        let octets = [b"GET /", &[b'u'; 100_000][..], b" HTTP/1.1\r\nHost: a\r\n\r\n"].concat();
        refuses(c, &octets, Error::LineTooLong, &UNBOUNDED)
    })
}

#[test]
fn so_many_fields_and_no_more() -> Outcome {
    check(|c| {
        for (count, right) in [(MOST_FIELDS, true), (MOST_FIELDS + 1, false)] {
            let more = b"A: b\r\n".repeat(count - 1);
            let octets = [b"GET / HTTP/1.1\r\nHost: a\r\n", &more[..], b"\r\n"].concat();
            if !right {
                return refuses(c, &octets, Error::HeadTooLarge, &UNBOUNDED);
            }
            let mut fields = vec![(&b"A"[..], &b"b"[..]); count];
            fields[0] = (b"Host", b"a");
            makes(c, &[&octets], &head(b"GET", b"/", 1, &fields), 0, None)?;
        }
        Ok(())
    })
}

#[test]
fn each_head_is_measured_by_itself() -> Outcome {
    check(|c| {
        let value = [b'x'; LONGEST_HEAD / 2];
        let octets = with_line(&[b"X: ", &value[..]].concat());
        let want = head(b"GET", b"/", 1, &[(b"Host", b"a"), (b"X", &value)]);
        let mut parser = HeadParser::new();
        c.did(format!("fed one parser a request of {} octets, again and again", octets.len()));
        for _ in 0..4 {
            is(c, feed(&mut parser, &[&octets]), &want, octets.len(), None)?;
        }
        Ok(())
    })
}

#[test]
fn a_refusal_is_final() -> Outcome {
    check(|c| {
        let long = [b"GET /", &[b'u'; LONGEST_HEAD][..]].concat();
        let cases: [(&[u8], Error); 3] = [
            (b"GET / HTTP/1.1\r\nHost: a\r\nX : y\r\n", Error::Field),
            (b"GET / HTTP/1.1\r\n\r\n", Error::Host),
            (&long, Error::LineTooLong),
        ];
        for (octets, want) in cases {
            c.attempt(format!("fed a new parser {}", shown(&[octets])));
            c.want(format!("Err({want:?})"));
            let mut parser = HeadParser::new();
            refused(c, &feed(&mut parser, &[octets]).0, want, None)?;
            c.did(format!("fed it {}", shown(&[SMALL])));
            c.want(format!("Err({want:?}) again, whatever comes"));
            for pieces in [&[SMALL][..], &[b"\r\n\r\n", SMALL]] {
                let got = feed(&mut parser, pieces).0;
                c.ensure(got == Err(want), &GOES_ON, || got_told(&got))?;
            }
        }
        Ok(())
    })
}

fn got_told(got: &heads::Got) -> String {
    match got {
        Ok(Some((head, _))) => format!("the head {}", told(head)),
        other => format!("{other:?}"),
    }
}

fn soon(c: &Check, time: &Stopwatch) -> Outcome {
    let in_time = time.elapsed() < Duration::from_millis(250);
    c.ensure(in_time, &AGAIN, || "not done by then".to_owned())
}
