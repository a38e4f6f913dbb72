//! Graded test of `fetch-a-page`.

mod mistakes;
mod web;

use std::time::Duration;

use fetch_a_page::{Error, MOST_CONTENT, MOST_REDIRECTS, Request};
use harness::{Outcome, check_within, splits};

use mistakes::{
    CREDENTIALS, CUT, DOWNGRADE, LOOP, METHOD, NO_TIMEOUT, PER_READ, POST_AGAIN, UNBOUNDED,
    UNINVITED,
};
use web::{A, AMPLE, HELLO, SHORT, SOON, Web, get, octets, request, with_content};

/// Of a check. It takes milliseconds, and each wait in it has a limit of its own.
const LIMIT: Duration = Duration::from_secs(5);

const CHUNKED: &[u8] = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\
    3\r\nhel\r\n0002;why=not\r\nlo\r\nA\r\n0123456789\r\n0\r\nTrailer: yes\r\n\r\n";

#[test]
fn a_page_with_a_length() -> Outcome {
    check_within(LIMIT, |c| {
        let web = Web::new(c, &[A], AMPLE)?;
        let fetching = web.fetch(&get());
        let mut server = web.asked(A, &get())?;
        let answer = b"HTTP/1.1 404 Not Found\r\nServer: x\r\ncontent-length: 3\r\n\r\nno\n";
        server.send_pieces(&answer.chunks(1).collect::<Vec<_>>())?;
        let response = web.returns(&fetching, 404, b"no\n", None)?;
        c.want("the field Server, with the value x");
        c.ensure(response.field("server") == Some("x"), None, || format!("{:?}", response.fields))
    })
}

#[test]
fn a_page_in_chunks() -> Outcome {
    check_within(LIMIT, |c| {
        for (front, rest) in splits(CHUNKED).skip(40).step_by(6) {
            c.attempt("made a client");
            let web = Web::new(c, &[A], AMPLE)?;
            let fetching = web.fetch(&get());
            let mut server = web.asked(A, &get())?;
            server.send_pieces(&[front, rest])?;
            web.returns(&fetching, 200, b"hello0123456789", None)?;
        }
        Ok(())
    })
}

#[test]
fn a_page_that_ends_with_its_connection() -> Outcome {
    check_within(LIMIT, |c| {
        let (web, fetching, mut server) = Web::answering(c, &get(), b"HTTP/1.1 200 OK\r\n\r\nhel")?;
        server.send(b"lo")?;
        server.close();
        web.returns(&fetching, 200, b"hello", None).map(drop)
    })
}

#[test]
fn an_answer_without_content() -> Outcome {
    check_within(LIMIT, |c| {
        for (method, status) in [("HEAD", 200), ("GET", 204), ("GET", 304)] {
            c.attempt("made a client");
            let web = Web::new(c, &[A], AMPLE)?;
            let request = request(method, "http://a.test/");
            let fetching = web.fetch(&request);
            let mut server = web.asked(A, &request)?;
            let length = if status == 204 { "" } else { "Content-Length: 5\r\n" };
            server.send(format!("HTTP/1.1 {status} x\r\n{length}\r\n").as_bytes())?;
            web.returns(&fetching, status, b"", None)?;
        }
        Ok(())
    })
}

#[test]
fn what_comes_before_the_answer() -> Outcome {
    check_within(LIMIT, |c| {
        let (web, fetching, mut server) = Web::answering(
            c,
            &get(),
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n",
        )?;
        server.send(HELLO)?;
        web.returns(&fetching, 200, b"hello", None).map(drop)
    })
}

#[test]
fn half_an_answer_is_none() -> Outcome {
    check_within(LIMIT, |c| {
        let cut_at = |end: &str| {
            let text = String::from_utf8_lossy(CHUNKED).into_owned();
            text.split_inclusive(end).next().unwrap_or_default().to_owned()
        };
        let length = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello".to_owned();
        let head = "HTTP/1.1 200 OK\r\nContent-Le".to_owned();
        let cuts = ["he", "hel", "hel\r\n", "lo\r\n", "\r\n0", "0\r\nTrailer: yes\r\n"].map(cut_at);
        for answer in [length, head].into_iter().chain(cuts) {
            c.attempt("made a client");
            let (web, fetching, server) = Web::answering(c, &get(), answer.as_bytes())?;
            server.close();
            web.fails(&fetching, &Error::Incomplete, &CUT)?;
        }
        Ok(())
    })
}

#[test]
fn an_answer_that_has_no_clear_end() -> Outcome {
    check_within(LIMIT, |c| {
        for (framing, want) in [
            ("Transfer-Encoding: chunked\r\n\r\n+5\r\nhello\r\n0\r\n\r\n", Error::Malformed),
            ("Transfer-Encoding: chunked\r\n\r\n0x5\r\nhello\r\n0\r\n\r\n", Error::Malformed),
            ("Transfer-Encoding: chunked\r\n\r\n\r\nhello\r\n0\r\n\r\n", Error::Malformed),
            ("Transfer-Encoding: chunked\r\n\r\n5\r\nhelloX\r\n0\r\n\r\n", Error::Malformed),
            ("Transfer-Encoding: chunked\r\n\r\n10000000000000005\r\nhello", Error::TooLarge),
            ("Transfer-Encoding: gzip\r\n\r\nhello", Error::Malformed),
            ("Content-Length: +5\r\n\r\nhello", Error::Malformed),
            ("Content-Length: 18446744073709551621\r\n\r\nhello", Error::TooLarge),
            ("Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", Error::Malformed),
        ] {
            c.attempt("made a client");
            let (web, fetching, _server) =
                Web::answering(c, &get(), format!("HTTP/1.1 200 OK\r\n{framing}").as_bytes())?;
            web.fails(&fetching, &want, None)?;
        }
        Ok(())
    })
}

#[test]
fn there_is_a_limit_to_what_is_kept() -> Outcome {
    check_within(LIMIT, |c| {
        let chunk = [b"10000\r\n", &[b'x'; 0x10000][..], b"\r\n"].concat();
        let whole = format!("Content-Length: {MOST_CONTENT}\r\n\r\n");
        let chunks = [&chunk.repeat(MOST_CONTENT / 0x10000)[..], b"0\r\n\r\n"].concat();
        for (framing, content) in
            [(&whole[..], vec![b'x'; MOST_CONTENT]), ("Transfer-Encoding: chunked\r\n\r\n", chunks)]
        {
            c.attempt("made a client");
            let (web, fetching, server) =
                Web::answering(c, &get(), format!("HTTP/1.1 200 OK\r\n{framing}").as_bytes())?;
            let _sending = server.send_meanwhile(content, false)?;
            web.returns(&fetching, 200, &vec![b'x'; MOST_CONTENT], None)?;
        }
        let claim = format!("Content-Length: {}\r\n\r\n", MOST_CONTENT + 1);
        for (framing, content) in [
            (&claim[..], vec![b'x'; 10]),
            ("Transfer-Encoding: chunked\r\n\r\n", chunk.repeat(2 * MOST_CONTENT / 0x10000)),
            ("\r\n", vec![b'x'; 2 * MOST_CONTENT]),
        ] {
            c.attempt("made a client");
            let (web, fetching, server) =
                Web::answering(c, &get(), format!("HTTP/1.1 200 OK\r\n{framing}").as_bytes())?;
            let _sending = server.send_meanwhile(content, false)?;
            web.fails(&fetching, &Error::TooLarge, &UNBOUNDED)?;
        }
        Ok(())
    })
}

#[test]
fn a_silent_server_is_given_up() -> Outcome {
    check_within(LIMIT, |c| {
        let web = Web::new(c, &[A], SHORT)?;
        let fetching = web.fetch(&get());
        let mut server = web.accept(A)?;
        server.send(&HELLO[..HELLO.len() - 1])?;
        web.fails(&fetching, &Error::TimedOut, &NO_TIMEOUT)
    })
}

#[test]
fn a_slow_server_is_given_up() -> Outcome {
    check_within(Duration::from_secs(6), |c| {
        c.steadily(SHORT, || {
            let web = Web::new(c, &[A], SHORT)?;
            let fetching = web.fetch(&get());
            let server = web.accept(A)?;
            let answer = [b"HTTP/1.1 200 OK\r\nX: ", &[b'x'; 1000][..]].concat();
            let slow = server.trickle(answer, Duration::from_millis(3))?;
            web.fails(&fetching, &Error::TimedOut, &PER_READ)?;
            Ok(slow)
        })
    })
}

#[test]
fn a_connection_is_used_again() -> Outcome {
    check_within(LIMIT, |c| {
        let web = Web::new(c, &[A, "http://b.test:80"], AMPLE)?;
        let mut server = web.answered(&get(), HELLO)?;
        c.want("the next request to a.test on the same connection");
        let kept: &[u8] = b"HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nX-Next: close\r\nContent-Length: 0\r\n\r\n";
        for answer in [CHUNKED, kept, HELLO] {
            let fetching = web.fetch(&get());
            server.expect(&octets(&get()), None)?;
            server.send(answer)?;
            c.ok("your `fetch`", fetching.result()?, None)?;
        }
        let other = request("GET", "http://b.test/");
        let fetching = web.fetch(&other);
        let mut second = web.asked("http://b.test:80", &other)?;
        second.send(HELLO)?;
        web.returns(&fetching, 200, b"hello", None).map(drop)
    })
}

#[test]
fn a_connection_that_does_not_stay() -> Outcome {
    check_within(LIMIT, |c| {
        for answer in [
            &b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello"[..],
            b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        ] {
            c.attempt("made a client");
            let web = Web::new(c, &[A], AMPLE)?;
            let _first = web.answered(&get(), answer)?;
            c.want("the next request on another connection");
            let fetching = web.fetch(&get());
            web.asked(A, &get())?.send(HELLO)?;
            web.returns(&fetching, 200, b"hello", None)?;
        }
        Ok(())
    })
}

#[test]
fn a_get_on_a_stale_connection_is_sent_again() -> Outcome {
    check_within(LIMIT, |c| {
        let web = Web::new(c, &[A], AMPLE)?;
        let mut first = web.answered(&get(), HELLO)?;
        let fetching = web.fetch(&get());
        c.want("a GET to which there was no answer once more, on another connection");
        first.expect(&octets(&get()), None)?;
        first.close();
        web.asked(A, &get())?.send(HELLO)?;
        web.returns(&fetching, 200, b"hello", None).map(drop)
    })
}

#[test]
fn a_post_is_sent_once() -> Outcome {
    check_within(LIMIT, |c| {
        let web = Web::new(c, &[A], AMPLE)?;
        let mut first = web.answered(&get(), HELLO)?;
        let post = with_content("POST", "http://a.test/transfer");
        let fetching = web.fetch(&post);
        first.expect(&octets(&post), None)?;
        first.close();
        c.want("`fetch` returns Err(Unanswered), and the POST does not come again");
        let returned = fetching.returned(SOON);
        if web.connections().len() > 1 {
            let _second = web.asked(A, &post)?;
            return Err(c.fail(&POST_AGAIN, "the same POST once more, on a second connection"));
        }
        let right = returned == Some(Err(Error::Unanswered));
        c.ensure(right, None, || format!("your `fetch` returned {returned:?}"))
    })
}

#[test]
fn a_new_connection_without_an_answer() -> Outcome {
    check_within(LIMIT, |c| {
        for (answer, want) in [(&b""[..], Error::Unanswered), (b"HTTP/1.1 2", Error::Incomplete)] {
            c.attempt("made a client");
            let (web, fetching, server) = Web::answering(c, &get(), answer)?;
            server.close();
            web.fails(&fetching, &want, None)?;
            c.want("one connection: it was new, so it is the server that has failed");
            let connections = web.connections();
            c.ensure(connections.len() == 1, None, || format!("{connections:?}"))?;
        }
        Ok(())
    })
}

#[test]
fn what_nobody_asked_for_is_no_answer() -> Outcome {
    check_within(LIMIT, |c| {
        let late = b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n";
        let evil = [HELLO, b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"].concat();
        for (answer, later) in [(HELLO, &late[..]), (&evil, b"")] {
            c.attempt("made a client");
            let web = Web::new(c, &[A], AMPLE)?;
            let mut first = web.answered(&get(), answer)?;
            if !later.is_empty() {
                first.send(later)?;
                first.half_close()?;
            }
            let fetching = web.fetch(&get());
            c.want(
                "the next request on another connection: on this one there is an answer already",
            );
            let second = web.accept(A);
            let uninvited = matches!(fetching.returned(Duration::ZERO), Some(Ok(_)));
            let mut second =
                second.map_err(|no| if uninvited { no.because(&UNINVITED) } else { no })?;
            second.expect(&octets(&get()), None)?;
            second.send(HELLO)?;
            web.returns(&fetching, 200, b"hello", None)?;
        }
        Ok(())
    })
}

#[test]
fn a_redirect_is_followed() -> Outcome {
    check_within(LIMIT, |c| {
        for (status, method, then) in [
            (301, "GET", "GET"),
            (302, "HEAD", "HEAD"),
            (307, "POST", "POST"),
            (308, "PUT", "PUT"),
            (302, "PUT", "PUT"),
            (301, "POST", "GET"),
            (302, "POST", "GET"),
            (303, "POST", "GET"),
            (303, "PUT", "GET"),
            (303, "HEAD", "HEAD"),
        ] {
            c.attempt("made a client");
            let web = Web::new(c, &[A], AMPLE)?;
            let with = |method: &str, path: &str| match method {
                "POST" | "PUT" => with_content(method, &format!("http://a.test{path}")),
                _ => request(method, &format!("http://a.test{path}")),
            };
            let fetching = web.fetch(&with(method, "/old/page"));
            let mut server = web.asked(A, &with(method, "/old/page"))?;
            let redirect =
                format!("HTTP/1.1 {status} x\r\nLocation: new?a#b\r\nConnection: close\r\n");
            server.send(format!("{redirect}Content-Length: 0\r\n\r\n").as_bytes())?;
            c.want(format!("after {method} and {status}: {then} of /old/new?a"));
            let next = octets(&with(then, "/old/new?a"));
            let mut server = web.accept(A)?;
            let other =
                |got: &[u8]| !got.is_empty() && !got.starts_with(format!("{then} ").as_bytes());
            server.expect_else(&next, |got, _| other(got).then_some(&METHOD))?;
            server.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")?;
            web.returns(&fetching, 200, b"", None)?;
        }
        Ok(())
    })
}

#[test]
fn not_all_that_has_a_location_is_a_redirect() -> Outcome {
    check_within(LIMIT, |c| {
        for answer in ["200 OK\r\nLocation: /new", "304 x\r\nLocation: /new", "302 Found"] {
            c.attempt("made a client");
            let (web, fetching, _server) = Web::answering(
                c,
                &get(),
                format!("HTTP/1.1 {answer}\r\nContent-Length: 0\r\n\r\n").as_bytes(),
            )?;
            let status = answer[..3].parse().unwrap_or_default();
            web.returns(&fetching, status, b"", None)?;
        }
        Ok(())
    })
}

#[test]
fn redirects_have_an_end() -> Outcome {
    check_within(LIMIT, |c| {
        let web = Web::new(c, &[A], AMPLE)?;
        let fetching = web.fetch(&get());
        let redirect =
            b"HTTP/1.1 302 Found\r\nLocation: /page\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
        c.in_one_step(
            format!("answered {} requests with the same redirect", MOST_REDIRECTS + 1),
            || (0..=MOST_REDIRECTS).try_for_each(|_| web.asked(A, &get())?.send(redirect)),
        )?;
        web.fails(&fetching, &Error::TooManyRedirects, &LOOP)
    })
}

#[test]
fn secrets_stay_with_their_origin() -> Outcome {
    check_within(LIMIT, |c| {
        let secret = |name: &str| (name.to_owned(), "secret".to_owned());
        let with_secrets = |url: &str| {
            let mut request = request("GET", url);
            let secrets = ["authorization", "Cookie", "X-Api-Key"].map(secret);
            request.fields.splice(0..0, secrets);
            request
        };
        for origin in [
            A,
            "http://b.test:80",
            "http://evil-a.test:80",
            "http://a.test:8080",
            "https://a.test:443",
        ] {
            c.attempt("made a client");
            let origins = [A, origin];
            let web = Web::new(c, &origins, AMPLE)?;
            let fetching = web.fetch(&with_secrets("http://a.test/"));
            let mut server = web.asked(A, &with_secrets("http://a.test/"))?;
            let redirect =
                format!("HTTP/1.1 307 x\r\nLocation: {origin}/new\r\nConnection: close\r\n");
            server.send(format!("{redirect}Content-Length: 0\r\n\r\n").as_bytes())?;
            let url = format!("{origin}/new");
            let same = origin == A;
            let next: Request = if same { with_secrets(&url) } else { request("GET", &url) };
            c.want(if same {
                "the same fields: it is the same origin"
            } else {
                "Accept alone: scheme, host and port are not all the same"
            });
            let leaked = |got: &[u8]| !same && got.windows(6).any(|part| part == b"secret");
            let mut server = web.accept(origin)?;
            server.expect_else(&octets(&next), |got, _| leaked(got).then_some(&CREDENTIALS))?;
            server.send(HELLO)?;
            web.returns(&fetching, 200, b"hello", None)?;
        }
        Ok(())
    })
}

#[test]
fn https_does_not_become_http() -> Outcome {
    check_within(LIMIT, |c| {
        let web = Web::new(c, &[A, "https://a.test:443"], AMPLE)?;
        let request = request("GET", "https://a.test/");
        let fetching = web.fetch(&request);
        let mut server = web.asked("https://a.test:443", &request)?;
        server.send(b"HTTP/1.1 301 x\r\nLocation: http://a.test/\r\nContent-Length: 0\r\n\r\n")?;
        c.want("`fetch` returns Err(Refused), and nothing is sent without TLS");
        let returned = fetching.returned(SOON);
        if web.connections().len() > 1 {
            let _second = web.asked(A, &web::request("GET", "http://a.test/"))?;
            return Err(c.fail(&DOWNGRADE, "the request came again, without TLS"));
        }
        let right = matches!(returned, Some(Err(Error::Refused(_))));
        c.ensure(right, None, || format!("your `fetch` returned {returned:?}"))
    })
}

#[test]
fn there_are_places_where_it_does_not_go() -> Outcome {
    check_within(LIMIT, |c| {
        for location in ["ftp://a.test/", "file:///etc/passwd", "http://a.test@b.test/", "http://"]
        {
            c.attempt("made a client");
            let web = Web::new(c, &[A], AMPLE)?;
            let fetching = web.fetch(&get());
            let mut server = web.asked(A, &get())?;
            let redirect = format!("HTTP/1.1 302 x\r\nLocation: {location}\r\n");
            server.send(format!("{redirect}Content-Length: 0\r\n\r\n").as_bytes())?;
            web.fails(&fetching, &Error::Refused(location.to_owned()), None)?;
        }
        Ok(())
    })
}

#[test]
fn what_cannot_be_asked_is_not() -> Outcome {
    check_within(LIMIT, |c| {
        let web = Web::new(c, &[A], AMPLE)?;
        let mut request = get();
        request.fields.push(("X-A".to_owned(), "one\r\nX-B: two".to_owned()));
        web.fails(&web.fetch(&request), &Error::Request, None)?;
        c.want("no connection for that");
        c.ensure(web.connections().is_empty(), None, || format!("{:?}", web.connections()))?;
        let nowhere = web::request("GET", "http://nowhere.test/");
        let refused = Error::Connect(std::io::ErrorKind::ConnectionRefused);
        web.fails(&web.fetch(&nowhere), &refused, None)
    })
}
