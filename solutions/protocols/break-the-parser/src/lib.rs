//! Tells a strict parser of HTTP requests from lenient ones.

/// `Ok(())`: the parser is right. Else what it did wrong, in a sentence.
pub type Verdict = Result<(), String>;

/// What a parser read in a stream of octets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// The requests, one after another.
    pub requests: Vec<Request>,
    /// And then?
    pub end: End,
}

/// How a stream ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// With the last request.
    Clean,
    /// In the middle of one: more would have to come.
    Partial,
    /// With something that is no request: the answer is 400, and what follows is not looked at.
    Refused,
}

/// A request, as a parser read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Such as `GET`.
    pub method: Vec<u8>,
    /// Such as `/index.html`.
    pub target: Vec<u8>,
    /// Names and values of the fields, in order.
    pub fields: Vec<(Vec<u8>, Vec<u8>)>,
    /// The octets of the body, without what frames them.
    pub body: Vec<u8>,
}

/// Shows streams to `parse`, as many as it takes, and says whether it is right. A parser is shown a
/// whole stream at once, and remembers nothing of the streams before it.
///
/// What a right parser reads, what it refuses and what it may choose is in the exercise's README.
pub fn judge(parse: &dyn Fn(&[u8]) -> Reading) -> Verdict {
    // answer: let _ = parse; // Yours to use; then this line can go.
    // answer: todo!("which streams would a lenient parser read in another way?")
    for (stream, bodies) in WELL_FORMED {
        let Reading { requests, end } = parse(stream);
        let read: Vec<&[u8]> = requests.iter().map(|request| request.body.as_slice()).collect();
        if end != End::Clean || read != *bodies {
            let (count, of, stream) = (read.len(), bodies.len(), stream.escape_ascii());
            return Err(format!("{end:?}, {count} of {of} requests, where all is right: {stream}"));
        }
    }
    for (stream, fault) in MALFORMED {
        let Reading { requests, end } = parse(stream);
        // Not even a part of it: whatever was read could be what another program did not read.
        if end != End::Refused || !requests.is_empty() {
            return Err(format!("it let pass {fault}"));
        }
    }
    Ok(())
    // end answer
}
// answer:

/// Streams that are right, and the bodies of their requests.
const WELL_FORMED: &[(&[u8], &[&[u8]])] = &[
    (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", &[b""]),
    (b"GET /a?b#c HTTP/1.1\r\nhost:a\r\nX:\r\nY: \t \xff: b\tc \t\r\n\r\n", &[b""]),
    (b"BREW / HTTP/1.1\r\nHost: a\r\n!#$%&'*+-.^_`|~0z: b\r\n\r\n", &[b""]),
    (
        b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n\r\n\r\nhello\n",
        &[b"\r\n\r\nhello\n"],
    ),
    (b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", &[b""]),
    (
        b"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\
          5\r\nhello\r\nA\r\n0\r\n\r\nworld\r\n0\r\n\r\n",
        &[b"hello0\r\n\r\nworld"],
    ),
    (
        b"PUT /1 HTTP/1.1\r\nHost: a\r\ncontent-length:2\r\n\r\nab\
          PUT /2 HTTP/1.1\r\nHost: a\r\ntransfer-encoding: Chunked\r\n\r\n\
          0a\r\n0123456789\r\n00\r\n\r\n\
          GET /3 HTTP/1.1\r\nHost: a\r\n\r\n",
        &[b"ab", b"0123456789", b""],
    ),
];

/// Streams that are not, and what is wrong with each. Besides that each is as right as can be: what a
/// lenient parser makes of it is a whole request.
const MALFORMED: &[(&[u8], &str)] = &[
    (b"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", "two spaces in the request line"),
    (b"GET / HTTP/1.1\r\nHost : a\r\n\r\n", "a space before the colon"),
    (b"GET / HTTP/1.1\r\nHost: a\r\nX\t: b\r\n\r\n", "a tab before the colon"),
    (b"GET / HTTP/1.1\r\n Host: a\r\n\r\n", "a space before the first name"),
    (b"GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\n\r\n", "a folded line"),
    (b"GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n\tc: d\r\n\r\n", "a line folded with a tab"),
    (b"GET / HTTP/1.1\r\nHost: a\r\nX: b\rc\r\n\r\n", "a CR in a value"),
    (b"GET / HTTP/1.1\r\nHost: a\r\nX: b\0c\r\n\r\n", "a NUL in a value"),
    (b"GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", "a line that ends with LF alone"),
    (b"GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n", "a line without a colon"),
    (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "two Hosts"),
    (b"GET / HTTP/1.1\r\nX: b\r\n\r\n", "no Host"),
    (b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\nhello", "a length with a sign"),
    (b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x5\r\n\r\nhello", "a length in hex"),
    (b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: \r\n\r\n", "an empty length"),
    (
        b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 4\r\n\r\nhello",
        "two lengths that differ",
    ),
    (
        b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 15\r\nTransfer-Encoding: chunked\r\n\r\n\
          5\r\nhello\r\n0\r\n\r\n",
        "a length and a coding",
    ),
    (
        b"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        "a coding that nobody knows",
    ),
    (
        b"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n+5\r\nhello\r\n0\r\n\r\n",
        "a chunk's size with a sign",
    ),
    (
        b"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloXX0\r\n\r\n",
        "a chunk that does not end where it says",
    ),
];
// end answer
