use std::time::{Duration, UNIX_EPOCH};

use super::*;
use crate::http::echo::Echo;
use crate::http::testing::{Answer, Conversation, answers};

fn echo(settings: Settings) -> Conversation<Http<Echo>> {
    let wall = || UNIX_EPOCH + Duration::from_secs(784_111_777);
    let settings = Settings { wall, ..settings };
    Conversation::new(Http::new(Echo::default(), Arc::new(settings), None))
}

fn default() -> Conversation<Http<Echo>> {
    echo(Settings::default())
}

/// What one connection answers to these bytes, whole and cut once at every offset, or at many; and
/// whether it is closed then.
fn asked(bytes: &[u8], heads: &[usize]) -> (Vec<Answer>, bool) {
    let mut whole = default();
    whole.send(bytes);
    let expected = (answers(&whole.read(), heads), whole.over);
    let step = 1 + bytes.len() / 500;
    for cut in (1..bytes.len()).step_by(step) {
        let mut two = default();
        two.send(&bytes[..cut]).send(&bytes[cut..]);
        let got = (answers(&two.read(), heads), two.over);
        assert_eq!(got, expected, "cut at {cut}: {}", bytes.escape_ascii());
    }
    let mut slowly = default();
    for octet in bytes {
        slowly.send(&[*octet]);
    }
    let joined = |answers: &[Answer]| -> Vec<_> {
        answers.iter().map(|a| (a.status, a.content.clone())).collect()
    };
    assert_eq!(joined(&answers(&slowly.read(), heads)), joined(&expected.0));
    assert_eq!(slowly.over, expected.1, "{}", bytes.escape_ascii());
    expected
}

fn statuses(bytes: &str) -> (Vec<u16>, bool) {
    let (answers, over) = asked(bytes.as_bytes(), &[]);
    (answers.iter().map(|answer| answer.status).collect(), over)
}

const GET: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

#[test]
fn what_came_goes_back_framed_as_it_was() {
    let (answers, over) = asked(
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Type: a/b\r\nContent-Length: 5\r\n\r\nhello\
          POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\n\r\n\
          GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        &[],
    );
    assert!(!over);
    assert_eq!(answers.len(), 3);
    assert!(answers[..2].iter().all(|answer| answer.content == b"hello" && answer.status == 200));
    assert_eq!(answers[0].field("Content-Type"), Some("a/b"));
    assert_eq!(answers[0].field("Date"), Some("Sun, 06 Nov 1994 08:49:37 GMT"));
    assert_eq!(answers[1].field("Transfer-Encoding"), Some("chunked"));
    assert_eq!(answers[2].field("Content-Length"), Some("0"));
}

#[test]
fn trailers_go_back_to_whoever_takes_them() {
    for (te, trailer) in [("TE: trailers\r\n", "X: y\r\n"), ("", "")] {
        let head = format!("POST / HTTP/1.1\r\nHost: a\r\n{te}Transfer-Encoding: chunked\r\n\r\n");
        let mut client = default();
        client.send(head.as_bytes()).send(b"1\r\n!\r\n0\r\nX: y\r\n\r\n");
        let answer = String::from_utf8(client.read()).expect("ASCII");
        assert!(answer.ends_with(&format!("1\r\n!\r\n0\r\n{trailer}\r\n")), "{answer}");
    }
}

#[test]
fn head_is_get_without_content() {
    let bytes = b"HEAD / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhiHEAD / HTTP/1.1\r\nHost: a\r\n\r\n";
    let (answers, over) = asked(bytes, &[0, 1]);
    assert_eq!((answers.len(), over), (2, false));
    assert_eq!(answers[0].field("Content-Length"), Some("2"));
}

#[test]
fn a_connection_persists_or_says_that_it_does_not() {
    let one = |version: &str, field: &str| {
        let head = format!("GET / HTTP/{version}\r\nHost: a\r\n{field}\r\n");
        let (answers, over) = asked(head.as_bytes(), &[]);
        (answers[0].field("Connection").map(str::to_owned), over)
    };
    assert_eq!(one("1.1", ""), (None, false));
    assert_eq!(one("1.1", "Connection: close\r\n"), (Some("close".into()), true));
    assert_eq!(one("1.0", ""), (Some("close".into()), true));
    assert_eq!(one("1.0", "Connection: keep-alive\r\n"), (Some("keep-alive".into()), false));
    let (answers, over) = statuses(&[GET, "GET / HTTP/1.0\r\n\r\n", GET].concat());
    assert_eq!((answers, over), (vec![200, 200], true), "nothing behind the last is answered");
}

#[test]
fn what_is_wrong_is_answered_and_is_the_end() {
    let post =
        |fields: &str, body: &str| format!("POST / HTTP/1.1\r\nHost: a\r\n{fields}\r\n\r\n{body}");
    for (bytes, status) in [
        ("GET /\r\n".to_owned(), 400),
        ("\0\x01\x02\r\n".to_owned(), 400),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(), 505),
        ("\r\n".repeat(5), 400),
        (post("Content-Length: 5\r\nTransfer-Encoding: chunked", "0\r\n\r\n"), 400),
        (post("Content-Length: 5\r\nContent-Length: 6", "hello!"), 400),
        (post("Transfer-Encoding: gzip, chunked", "0\r\n\r\n"), 501),
        (post("Transfer-Encoding: chunked, gzip", "0\r\n\r\n"), 400),
        (post("Content-Length: 9999999999999", ""), 413),
        (post("Expect: the-unexpected", ""), 417),
    ] {
        let smuggled = format!("{GET}{bytes}GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n");
        let (got, over) = statuses(&smuggled);
        let open = status == 417; // That leaves the framing as it was.
        assert_eq!(&got[..2], [200, status], "{}", bytes.escape_debug());
        assert_eq!((got.len() == 2, over), (!open, !open), "{}", bytes.escape_debug());
    }
}

#[test]
fn a_body_that_breaks_off_or_is_wrong_is_not_whole() {
    for body in ["5\r\nhelloX\r\n0\r\n\r\n", "0x5\r\nhello", "5;\n", "10000000000000005\r\nhello"] {
        let head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
        let mut client = default();
        client.send(head.as_bytes()).send(body.as_bytes());
        let got = String::from_utf8(client.read()).expect("ASCII");
        assert!(
            client.over && !got.contains("0\r\n\r\n\r\n") && !got.ends_with("0\r\n\r\n"),
            "{got}"
        );
    }
    let mut client = default();
    client.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello").end();
    assert!(client.over);
    let mut client = default();
    client.send(b"GET / HTTP/1.1\r\n").end();
    assert_eq!(answers(&client.read(), &[])[0].status, 400);
}

#[test]
fn empty_lines_before_a_request_are_skipped() {
    let (got, over) = statuses(&format!("\r\n{GET}\r\n\r\n{GET}"));
    assert_eq!((got, over), (vec![200, 200], false));
}

#[test]
fn who_waits_is_told_to_go_on() {
    let head = b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n";
    let mut client = default();
    let go_on = b"HTTP/1.1 100 Continue\r\n\r\n";
    assert!(client.send(head).read().starts_with(go_on));
    assert!(client.send(b"hi").read().ends_with(b"hi") && !client.over);
    let together = client.send(&[head, &b"hi"[..]].concat()).read();
    assert_eq!(answers(&together, &[])[0].status, 200, "who has begun does not wait");
    let unknown = [b"BREW", &head[4..]].concat();
    let refused = answers(&client.send(&unknown).read(), &[]);
    assert_eq!((refused[0].status, refused[0].field("Connection")), (501, Some("close")));
    assert!(client.over, "nobody knows whether the body comes");
}

#[test]
fn a_body_that_nobody_wants_is_not_the_next_request() {
    let brew = |length: usize| {
        let head = format!("BREW / HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n");
        [head.as_bytes(), &GET.as_bytes().repeat(length / GET.len() + 1)[..length]].concat()
    };
    let (got, over) = asked(&[brew(GET.len()), GET.into()].concat(), &[]);
    assert_eq!((got[0].status, got[1].status, got.len(), over), (501, 200, 2, false));
    let mut client = default();
    let got = answers(&client.send(&brew(100_000)).read(), &[]);
    assert_eq!((got.len(), got[0].field("Connection"), client.over), (1, Some("close"), true));
    let chunks =
        b"BREW / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    let (got, over) = asked(&[chunks, GET.as_bytes()].concat(), &[]);
    assert_eq!((got.len(), over), (2, false));
}

#[test]
fn requests_wait_while_answers_do() {
    let body = vec![b'x'; 60_000];
    let one = [b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n", &body[..]].concat();
    let mut client = default();
    client.send(&one.repeat(8));
    assert!(client.output.pending() < HIGH_WATER + 70_000, "no more than that is answered");
    assert!(!client.session.takes(), "and nothing more is read");
    let got = answers(&client.read(), &[]);
    assert_eq!(got.len(), 8);
    assert!(got.iter().all(|answer| answer.content == body) && client.session.takes());
    // The client's end does not take away what it has asked for before.
    let mut client = default();
    client.send(&one.repeat(8)).end();
    assert_eq!(answers(&client.read(), &[]).len(), 8);
    assert!(client.over);
}

#[test]
fn a_connection_that_says_nothing_is_closed() {
    let mut client = default();
    assert!(!client.at(74).over);
    assert!(client.at(75).over && client.read().is_empty(), "without a word");
    let mut client = default();
    client.at(70).send(GET.as_bytes()).read();
    assert!(!client.at(144).over);
    assert!(client.at(145).over);
}

#[test]
fn a_head_has_its_time_however_it_comes() {
    let mut client = default();
    client.at(10);
    for (second, octet) in (10..).zip(GET.as_bytes()) {
        if second < 30 {
            assert!(!client.at(second).send(&[*octet]).over, "{second}");
        }
    }
    let got = answers(&client.at(30).read(), &[]);
    assert_eq!((got[0].status, client.over), (408, true));
}

#[test]
fn a_body_has_its_time_and_what_comes_earns_more() {
    let head = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n";
    let mut slow = default();
    slow.send(head).read();
    for second in 1..30 {
        assert!(!slow.at(second).send(b"x").over, "{second}");
    }
    assert!(slow.at(31).over, "an octet earns it a millisecond");
    let mut steady = default();
    steady.send(head).read();
    for second in 1..400 {
        assert!(!steady.at(second).send(&[b'x'; 2_000]).over, "{second}");
        steady.read();
    }
}

#[test]
fn the_last_requests_are_answered_when_the_server_stops() {
    let mut idle = default();
    idle.call(Session::draining);
    assert!(idle.over);
    let mut within = default();
    within.send(&GET.as_bytes()[..10]).call(Session::draining);
    let got = answers(&within.send(&GET.as_bytes()[10..]).read(), &[]);
    assert_eq!((got[0].field("Connection"), within.over), (Some("close"), true));
    let mut within = default();
    within.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nh");
    within.call(Session::draining);
    assert!(!within.over);
    assert!(within.send(b"i").read().ends_with(b"hi"));
    assert!(within.over);
}

#[test]
fn a_connection_makes_so_many_requests() {
    let mut client = echo(Settings { requests: 2, ..Settings::default() });
    let got = answers(&client.send(GET.repeat(3).as_bytes()).read(), &[]);
    let closes: Vec<_> = got.iter().map(|answer| answer.field("Connection")).collect();
    assert_eq!((closes, client.over), (vec![None, Some("close")], true));
}

#[test]
fn an_idle_connection_is_small() {
    assert!(size_of::<Http<Echo>>() <= 200, "{}", size_of::<Http<Echo>>());
    let mut client = default();
    client.send(&GET.as_bytes()[..20]).send(&GET.as_bytes()[20..]).read();
    assert_eq!(client.session.held.capacity(), 0);
}
