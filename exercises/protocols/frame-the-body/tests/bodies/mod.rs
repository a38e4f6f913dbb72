//! Sentences about bodies: what a head must be found to say, and what must be found in the octets behind it.

use frame_the_body::{Body, Error, Framing, of_request, of_response};
use harness::{Check, Mistake, Outcome, shown};

use crate::mistakes::{EARLY_END, LOST_NEXT};

/// The fields of a head, as a check writes them down.
pub(crate) type Head<'a> = &'a [(&'a str, &'a str)];

/// Methods and statuses that have no body between them.
pub(crate) const WITHOUT_BODY: [(&str, u16); 9] = [
    ("HEAD", 200),
    ("HEAD", 404),
    ("GET", 204),
    ("PUT", 204),
    ("GET", 304),
    ("GET", 100),
    ("GET", 103),
    ("CONNECT", 200),
    ("CONNECT", 299),
];

/// Codings that are not `chunked` alone.
pub(crate) const CODINGS: [&str; 12] = [
    "chunked, identity",
    "chunked, gzip",
    "gzip, chunked",
    "chunked, chunked",
    "xchunked",
    "chunkedx",
    "\u{0b}chunked",
    "\"chunked\"",
    "chunked;a=b",
    "identity",
    "gzip",
    "",
];

/// Chunks that do not end, or whose lines do not, with CR LF.
pub(crate) const LOOSE_ENDS: [&[u8]; 14] = [
    b"5\r\nhelloX\r\n0\r\n\r\n",
    b"5\r\nhelloXX0\r\n\r\n",
    b"5\r\nhello\n0\r\n\r\n",
    b"5\r\nhello\rX0\r\n\r\n",
    b"5\nhello\r\n0\r\n\r\n",
    b"5;a\nhello\r\n0\r\n\r\n",
    b"5\rXhello\r\n0\r\n\r\n",
    b"5;a\rb\r\nhello\r\n0\r\n\r\n",
    b"5;a\0\r\nhello\r\n0\r\n\r\n",
    b"5\r\nhello\r\n0\n\n",
    b"5\r\nhello\r\n0\r\n\n",
    b"5\r\nhello\r\n0\r\nA: b\n\r\n",
    b"5\r\nhello\r\n0\r\nA: b\r\n\rX\r\n\r\n",
    b"5\r\nhello\r\n\r\n0\r\n\r\n",
];

/// What a head must be found to say, and the mistake if it is another framing.
type Want = Result<Framing, Error>;

/// Fails unless a request of HTTP/1.1 with these fields has a body that ends so.
pub(crate) fn request(
    c: &Check,
    head: Head<'_>,
    want: Want,
    mistake: impl Into<Option<&'static Mistake>>,
) -> Outcome {
    request_of(c, 1, head, want, mistake)
}

/// The same, for any HTTP/1.x.
pub(crate) fn request_of(
    c: &Check,
    minor: u8,
    head: Head<'_>,
    want: Want,
    mistake: impl Into<Option<&'static Mistake>>,
) -> Outcome {
    c.attempt(format!("called `of_request` for HTTP/1.{minor} and {}", told(head)));
    let got = with_fields(head, |fields| of_request(minor, fields));
    is(c, want, got, mistake)
}

/// Fails unless the response with this status and these fields, to a request with this method, has a
/// body that ends so.
pub(crate) fn response(
    c: &Check,
    (method, status): (&str, u16),
    head: Head<'_>,
    want: Want,
    mistake: impl Into<Option<&'static Mistake>>,
) -> Outcome {
    let what = format!("{status} to {method}, HTTP/1.1");
    c.attempt(format!("called `of_response` for {what} and {}", told(head)));
    let got = with_fields(head, |fields| of_response(method.as_bytes(), status, 1, fields));
    is(c, want, got, mistake)
}

fn is(c: &Check, want: Want, got: Want, mistake: impl Into<Option<&'static Mistake>>) -> Outcome {
    c.want(format!("{want:?}"));
    // Another error than the one that is asked for refuses the message all the same.
    let mistake = mistake.into().filter(|_| want.is_ok() || got.is_ok());
    c.ensure(got == want, mistake, || format!("{got:?}"))
}

fn with_fields<T>(head: Head<'_>, body: impl FnOnce(&[(&[u8], &[u8])]) -> T) -> T {
    let fields: Vec<_> =
        head.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())).collect();
    body(&fields)
}

fn told(head: Head<'_>) -> String {
    let fields = head.iter().map(|(name, value)| shown(&[format!("{name}: {value}").as_bytes()]));
    let fields: Vec<_> = fields.collect();
    if fields.is_empty() { "no fields".to_owned() } else { fields.join(", ") }
}

/// What a body made of what it was fed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fed {
    /// How many octets it took, or why it did not.
    pub taken: Result<usize, Error>,
    pub content: Vec<u8>,
    pub complete: bool,
}

/// Feeds a body these pieces, until it does not take all of one.
pub(crate) fn feed(body: &mut Body, pieces: &[&[u8]]) -> Fed {
    let mut content = Vec::new();
    let mut before = 0;
    for piece in pieces {
        match body.feed(piece, &mut content) {
            Ok(taken) => before += taken,
            Err(error) => return Fed { taken: Err(error), content, complete: body.is_complete() },
        }
        if body.is_complete() {
            break;
        }
    }
    Fed { taken: Ok(before), content, complete: body.is_complete() }
}

/// Fails unless a new body takes `octets` of these pieces, finds this content in them, and is complete
/// then.
pub(crate) fn decodes(
    c: &Check,
    framing: Framing,
    pieces: &[&[u8]],
    (want, octets): (&[u8], usize),
    mistake: impl Into<Option<&'static Mistake>>,
) -> Outcome {
    c.attempt(format!("fed a new body, {framing:?}, {}", shown(pieces)));
    let mistake = mistake.into();
    let mut body = Body::new(framing);
    let fed = feed(&mut body, pieces);
    let behind = pieces.concat().len() - octets;
    c.want(format!(
        "complete after {octets} octets, the content {}, and {behind} octets left for the next message",
        shown(&[want])
    ));
    let Ok(taken) = fed.taken else { return Err(c.fail(mistake, tale(&fed))) };
    c.ensure(fed.content == want, mistake, || tale(&fed))?;
    let mistake = match framing {
        _ if taken > octets => Some(&LOST_NEXT),
        Framing::Chunked if fed.complete && taken < octets => Some(&EARLY_END),
        _ => mistake,
    };
    c.ensure(taken == octets, mistake, || tale(&fed))?;
    c.ensure(fed.complete, mistake, || tale(&fed))?;
    c.want("`end` returns Ok(()): the body is whole");
    let end = body.end();
    c.ensure(end.is_ok(), None, || format!("{end:?}"))
}

/// Fails unless a chunked body that begins with these octets is refused for this reason, whole and
/// octet by octet. If it is not, it is for this mistake.
pub(crate) fn refuses(
    c: &Check,
    octets: &[u8],
    want: Error,
    accepted: impl Into<Option<&'static Mistake>>,
) -> Outcome {
    let accepted = accepted.into();
    let single: Vec<&[u8]> = octets.chunks(1).collect();
    for pieces in [&[octets][..], &single] {
        let how = if pieces.len() > 1 { ", octet by octet" } else { "" };
        c.attempt(format!("fed a new body, Chunked, {}{how}", shown(&[octets])));
        c.want(format!("Err({want:?})"));
        let fed = feed(&mut Body::new(Framing::Chunked), pieces);
        // Another error refuses it all the same.
        let accepted = accepted.filter(|_| fed.taken.is_ok());
        c.ensure(fed.taken == Err(want), accepted, || tale(&fed))?;
    }
    Ok(())
}

/// What a body did, in a line.
pub(crate) fn tale(fed: &Fed) -> String {
    let content = format!("content {}", shown(&[&fed.content]));
    match fed.taken {
        Err(error) => format!("Err({error:?}); until then, {content}"),
        Ok(taken) if fed.complete => format!("complete after {taken} octets, {content}"),
        Ok(taken) => format!("not complete; {taken} octets taken, {content}"),
    }
}
