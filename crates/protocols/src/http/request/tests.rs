use super::*;

/// A head, read whole and an octet at a time: its end, or what is wrong.
fn read(head: &[u8]) -> Result<Option<Request<'_>>, Error> {
    let whole = Scan::default().end(head);
    let (mut scan, mut slowly) = (Scan::default(), Ok(None));
    for end in 0..=head.len() {
        slowly = scan.end(&head[..end]);
        if slowly != Ok(None) {
            break;
        }
    }
    assert_eq!(whole, slowly, "{}", head.escape_ascii());
    let parsed = whole.and_then(|end| end.map(|end| Request::parse(&head[..end])).transpose());
    let read = Request::read(&mut Scan::default(), head);
    assert_eq!(format!("{:?}", read.map(|read| read.map(|(r, _)| r))), format!("{parsed:?}"));
    parsed
}

fn request(head: &str) -> Request<'_> {
    read(head.as_bytes()).expect("right").expect("whole")
}

#[test]
fn a_head_is_read_where_it_lies() {
    let head = "POST /a?b HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nX: y\r\n\r\nhello";
    let request = request(head);
    assert_eq!(request.method, b"POST");
    assert_eq!(request.path(), Some(&b"/a"[..]));
    assert_eq!(request.framing, Framing::Length(5));
    assert_eq!(request.fields.first("x"), Some(&b"y"[..]));
    assert!(request.persistent && !request.old && !request.expects_continue && !request.selective);
    for end in 0..head.len() - 5 {
        assert!(read(&head.as_bytes()[..end]).expect("right so far").is_none(), "{end}");
    }
}

#[test]
fn what_is_no_request_is_refused() {
    let host = |line: &str| format!("{line}\r\nHost: h\r\n\r\n");
    for (head, status) in [
        (host("GET /"), 400),
        (host("GET  / HTTP/1.1"), 400),
        (host(" GET / HTTP/1.1"), 400),
        (host("GET / HTTP/1.1 "), 400),
        (host("GET\t/ HTTP/1.1"), 400),
        (host("GET /a b HTTP/1.1"), 400),
        (host("G(T / HTTP/1.1"), 400),
        (host(" / HTTP/1.1"), 400),
        (host("GET / http/1.1"), 400),
        (host("GET / HTTP/1.10"), 400),
        (host("GET / HTTP/01.1"), 400),
        (host("GET / HTTP/1"), 400),
        (host("GET / HTTP/1,1"), 400),
        (host("GET / HTTP/3.0"), 505),
        (host("GET / HTTP/0.9"), 505),
        (host("PRI * HTTP/2.0"), 505),
        (host("GET * HTTP/1.1"), 400),
        (host("GET h:80 HTTP/1.1"), 400),
        (host("GET /a#b HTTP/1.1"), 400),
        (host("GET /\0 HTTP/1.1"), 400),
        (host("GET /\r HTTP/1.1"), 400),
        (host("\r\nGET / HTTP/1.1"), 400), // Empty lines are the connection's to skip.
        ("GET / HTTP/1.1\nHost: h\n\n".into(), 400),
        ("GET / HTTP/1.1\r\n\r\n".into(), 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n".into(), 400),
        ("GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n".into(), 400),
        ("GET / HTTP/1.1\r\nHost: a, b\r\n\r\n".into(), 400),
        ("GET / HTTP/1.1\r\nHost: u@a\r\n\r\n".into(), 400),
        ("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n".into(), 400),
        ("GET http://a/ HTTP/1.1\r\n\r\n".into(), 400),
        ("GET / HTTP/1.1\r\n Host: a\r\n\r\n".into(), 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n".into(), 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n".into(), 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n".into(), 501),
        ("GET / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n".into(), 400),
        (format!("GET /{} HTTP/1.1\r\n", "a".repeat(LONGEST_LINE)), 414),
        (format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}", "a".repeat(40_000)), 431),
        (format!("GET / HTTP/1.1\r\nHost: a\r\n{}", "X: 1\r\n".repeat(200)), 431),
    ] {
        let error = read(head.as_bytes()).expect_err(&head);
        assert_eq!(error.status(), status, "{error}: {}", head.escape_debug());
    }
}

#[test]
fn what_is_odd_and_right_is_read() {
    for head in [
        "GET / HTTP/1.1\r\nhOST:\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n",
        "GET / HTTP/1.9\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.0\r\n\r\n",
        "get / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET http://a/?b HTTP/1.1\r\nHost: other\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
        "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 5\r\n\r\n",
    ] {
        let _ = request(head);
    }
    let long = format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "u".repeat(7_900));
    let _ = request(&long);
}

#[test]
fn a_connection_persists_unless_somebody_wants_otherwise() {
    let persists = |version: &str, connection: &str| {
        let head = format!("GET / HTTP/{version}\r\nHost: a\r\nConnection: {connection}\r\n\r\n");
        request(&head).persistent
    };
    assert!(persists("1.1", "") && persists("1.1", "keep-alive") && persists("1.1", "upgrade"));
    assert!(!persists("1.1", "close") && !persists("1.1", "x, CLOSE") && !persists("1.0", ""));
    assert!(persists("1.0", "Keep-Alive") && !persists("1.0", "keep-alive, close"));
    assert!(!persists("1.1", "keep-alive, close"));
}

#[test]
fn expectations_are_noticed() {
    let expects = |version: &str, value: &str| {
        let head = format!("PUT /a HTTP/{version}\r\nHost: a\r\nExpect: {value}\r\n\r\n");
        let request = request(&head);
        (request.expects_continue, request.expects_other)
    };
    assert_eq!(expects("1.1", "100-Continue"), (true, false));
    assert_eq!(expects("1.1", "100-continue, x=y"), (true, true));
    assert_eq!(expects("1.1", "200-ok"), (false, true));
    assert_eq!(expects("1.0", "100-continue"), (false, false));
}

#[test]
fn selective_fields_are_noticed() {
    for (field, selective) in [
        ("Range: bytes=0-", true),
        ("accept-encoding: gzip", true),
        ("IF-NONE-MATCH: *", true),
        ("Accept: */*", false),
        ("Ranger: x", false),
    ] {
        let head = format!("GET / HTTP/1.1\r\nHost: a\r\n{field}\r\n\r\n");
        assert_eq!(request(&head).selective, selective, "{field}");
    }
}
