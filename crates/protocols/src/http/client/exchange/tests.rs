use super::*;

/// What a response was, however it was cut: heads by their status, the content, and how it ended.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    statuses: Vec<u16>,
    content: Vec<u8>,
    /// Octets that were left behind its end.
    left: usize,
    reusable: bool,
}

/// Reads it in pieces of `step` octets; then the server ends.
fn read(method: &str, octets: &[u8], step: usize) -> Result<Seen, String> {
    let mut exchange = Exchange::new(method, 1_000_000);
    let mut seen = Seen { statuses: vec![], content: vec![], left: 0, reusable: false };
    for mut piece in octets.chunks(step) {
        while let Some(event) = exchange.next(&mut piece).map_err(|error| error.to_string())? {
            match event {
                Event::Interim(head) | Event::Head(head) => seen.statuses.push(head.status),
                Event::Content(part) => seen.content.extend(part),
                Event::Complete => assert!(exchange.is_over()),
            }
        }
        seen.left += piece.len();
    }
    seen.reusable = exchange.is_reusable();
    exchange.ended().map_err(|error| error.to_string())?;
    Ok(seen)
}

fn seen(method: &str, octets: &[u8]) -> Result<Seen, String> {
    let whole = read(method, octets, usize::MAX);
    for step in [1, 2, 3, 7] {
        let pieces = read(method, octets, step);
        if whole.is_ok() || pieces.is_ok() {
            assert_eq!(whole, pieces, "{} by {step}", octets.escape_ascii());
        }
    }
    whole
}

#[test]
fn bodies_end_where_their_head_says() {
    let coded = "Transfer-Encoding: chunked";
    let both = "Transfer-Encoding: chunked\r\nContent-Length: 3";
    let old = "Transfer-Encoding: chunked\r\nConnection: keep-alive";
    for (method, line, fields, body, content, left, reusable) in [
        ("GET", "1.1 200", "Content-Length: 5", "hello!!", "hello", 2, true),
        ("GET", "1.1 200", "Content-Length: 5, 5", "hello", "hello", 0, true),
        ("GET", "1.1 200", "A: b", "to the end", "to the end", 0, false),
        ("GET", "1.1 200", coded, "5;x=y\r\nhello\r\n0\r\nA: b\r\n\r\n", "hello", 0, true),
        ("GET", "1.1 200", both, "5\r\nhello\r\n0\r\n\r\n", "hello", 0, false),
        ("GET", "1.0 200", old, "0\r\n\r\n", "", 0, false),
        ("GET", "1.0 200", "Content-Length: 2", "ok", "ok", 0, false),
        ("GET", "1.1 204", "Content-Length: 5", "hello", "", 5, true),
        ("GET", "1.1 304", coded, "", "", 0, true),
        ("GET", "1.1 304", "Content-Length: 1, 2", "", "", 0, true),
        ("HEAD", "1.1 200", "Content-Length: 5", "", "", 0, true),
        ("HEAD", "1.1 200", "Transfer-Encoding: gzip", "", "", 0, true),
    ] {
        let octets = format!("HTTP/{line}\r\n{fields}\r\n\r\n{body}");
        let status = line[4..].parse().expect("a status");
        let want = Seen { statuses: vec![status], content: content.into(), left, reusable };
        assert_eq!(seen(method, octets.as_bytes()), Ok(want), "{octets}");
    }
}

#[test]
fn what_is_not_whole_is_never_taken_for_it() {
    let chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    let length = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello, you";
    for whole in [&chunked[..], length] {
        for end in 0..whole.len() {
            assert!(seen("GET", &whole[..end]).is_err(), "{}", whole[..end].escape_ascii());
        }
    }
}

#[test]
fn an_uncertain_end_is_refused() {
    for fields in [
        "Content-Length: 5\r\nContent-Length: 6",
        "Content-Length: 5, 6",
        "Content-Length: -5",
        "Content-Length: +5",
        "Content-Length: 0x5",
        "Content-Length: 5 5",
        "Content-Length:",
        "Content-Length: 99999999999999999999999",
        "Transfer-Encoding: gzip",
        "Transfer-Encoding: gzip, chunked",
        "Transfer-Encoding: chunked, gzip",
        "Transfer-Encoding: chunked, chunked",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding:",
        "Transfer-Encoding: chunked\r\nContent-Length: x",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\nContent-Length: 6",
    ] {
        let octets = format!("HTTP/1.1 200 OK\r\n{fields}\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
        assert!(seen("GET", octets.as_bytes()).is_err(), "{fields}");
    }
}

#[test]
fn interim_responses_are_skipped_but_not_for_ever() {
    let two = b"HTTP/1.1 100\r\n\r\nHTTP/1.1 103\r\nLink: x\r\n\r\nHTTP/1.1 204\r\n\r\n";
    assert!(seen("GET", two).is_ok_and(|seen| seen.statuses == [100, 103, 204]));
    let interim = b"HTTP/1.1 103 Early Hints\r\n\r\n".repeat(INTERIM + 1);
    assert!(seen("GET", &interim).is_err_and(|error| error.contains("interim")));
    assert!(seen("GET", b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n").is_err());
    // The connection ended after an interim response: something did come, so nothing is tried again.
    assert!(
        seen("GET", b"HTTP/1.1 100 Continue\r\n\r\n").is_err_and(|error| error.contains("head"))
    );
}
