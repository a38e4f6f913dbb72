//! Sentences about a connection: what came, which requests must be found in it, and what must be sent.

use harness::{Check, Mistake, Outcome, shown};
use keep_alive::Connection;

/// Requests that are asked for at most.
const MANY: usize = 1_000;

/// A connection of the answer's.
pub(crate) struct Talk<'a> {
    c: &'a Check,
    connection: Connection,
    /// The number of the next request.
    next: u64,
}

/// A request without a body.
pub(crate) fn get(target: &str, more: &str) -> Vec<u8> {
    format!("GET {target} HTTP/1.1\r\nHost: a\r\n{more}\r\n").into_bytes()
}

/// A request of HTTP/1.0.
pub(crate) fn old(target: &str, more: &str) -> Vec<u8> {
    format!("GET {target} HTTP/1.0\r\n{more}\r\n").into_bytes()
}

/// A request with this body.
pub(crate) fn post(target: &str, body: &[u8]) -> Vec<u8> {
    let head =
        format!("POST {target} HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

/// The reply with this status and content; `more` are further fields.
pub(crate) fn reply(status: u16, more: &str, content: &str) -> Vec<u8> {
    let length = content.len();
    format!("HTTP/1.1 {status} \r\nContent-Length: {length}\r\n{more}\r\n{content}").into_bytes()
}

/// Whether the second of two requests is handed out when the first is answered, and not before.
pub(crate) fn one_at_a_time(both: &[u8]) -> bool {
    let mut connection = Connection::new();
    connection.received(both);
    let Some(first) = connection.next_request() else { return false };
    if connection.next_request().is_some() {
        return false;
    }
    connection.answer(first.number, 200, b"");
    connection.next_request().is_some()
}

impl<'a> Talk<'a> {
    /// A new connection, and a new attempt.
    pub(crate) fn new(c: &'a Check, what: impl Into<String>) -> Self {
        c.attempt(what);
        Self { c, connection: Connection::new(), next: 0 }
    }

    /// Hands these pieces over. After each one, all requests are asked for that there are.
    pub(crate) fn receive(
        &mut self,
        pieces: &[&[u8]],
        want: &[&str],
        mistake: impl Into<Option<&'static Mistake>>,
    ) -> Outcome {
        self.c.did(format!("handed over {}, and asked for requests", in_full(pieces)));
        let mut got = Vec::new();
        for piece in pieces {
            self.connection.received(piece);
            got.extend(self.ask());
        }
        self.are(want, &got, mistake)
    }

    /// The client ends.
    pub(crate) fn end(
        &mut self,
        want: &[&str],
        mistake: impl Into<Option<&'static Mistake>>,
    ) -> Outcome {
        self.c.did("the client ended, and requests were asked for");
        self.connection.ended();
        let got = self.ask();
        self.are(want, &got, mistake)
    }

    /// Fails unless these are the requests that are handed out now.
    pub(crate) fn requests(
        &mut self,
        want: &[&str],
        mistake: impl Into<Option<&'static Mistake>>,
    ) -> Outcome {
        let got = self.ask();
        self.are(want, &got, mistake)
    }

    fn ask(&mut self) -> Vec<(u64, String)> {
        let requests = std::iter::from_fn(|| self.connection.next_request()).take(MANY);
        requests.map(|r| (r.number, format!("{} {}", r.method, r.target))).collect()
    }

    fn are(
        &mut self,
        want: &[&str],
        got: &[(u64, String)],
        mistake: impl Into<Option<&'static Mistake>>,
    ) -> Outcome {
        let want: Vec<_> = (self.next..).zip(want.iter().map(|&text| text.to_owned())).collect();
        self.c.want(format!("the requests {}", told(&want)));
        self.c.ensure(want == got, mistake, || format!("the requests {}", told(got)))?;
        self.next += want.len() as u64;
        Ok(())
    }

    /// Answers a request: 200, with this content.
    pub(crate) fn answer(&mut self, number: u64, content: &str) {
        self.c.did(format!("answered request {number}: 200, \"{content}\""));
        self.connection.answer(number, 200, content.as_bytes());
    }

    /// Fails unless exactly this is to be sent now.
    pub(crate) fn sends(
        &mut self,
        want: &[u8],
        mistake: impl Into<Option<&'static Mistake>>,
    ) -> Outcome {
        let told = if want.is_empty() { "nothing".to_owned() } else { shown(&[want]) };
        self.c.want(format!("to be sent now: {told}"));
        let got = self.connection.to_send();
        self.c.same_bytes(want, &got, mistake)
    }

    /// Fails unless the connection stays, and more is read.
    pub(crate) fn stays(&self, mistake: impl Into<Option<&'static Mistake>>) -> Outcome {
        self.is((true, false), mistake)
    }

    /// Fails unless the connection is to be closed now.
    pub(crate) fn is_over(&self, mistake: impl Into<Option<&'static Mistake>>) -> Outcome {
        self.is((false, true), mistake)
    }

    /// Fails unless `wants` and `closes` return this.
    pub(crate) fn is(
        &self,
        want: (bool, bool),
        mistake: impl Into<Option<&'static Mistake>>,
    ) -> Outcome {
        let told = |(wants, closes)| format!("`wants` returns {wants}, `closes` {closes}");
        let got = (self.connection.wants(), self.connection.closes());
        self.c.want(told(want));
        self.c.ensure(got == want, mistake, || told(got))
    }
}

/// Pieces as [`shown`] tells them, and in full where they are a few requests.
fn in_full(pieces: &[&[u8]]) -> String {
    let pieces: Vec<_> = pieces.iter().copied().filter(|piece| !piece.is_empty()).collect();
    if pieces.len() > 4 || pieces.concat().len() > 160 {
        return shown(&pieces);
    }
    let quoted = pieces.iter().map(|piece| format!("\"{}\"", piece.escape_ascii()));
    quoted.collect::<Vec<_>>().join(" | ")
}

fn told(requests: &[(u64, String)]) -> String {
    let each = requests.iter().take(5).map(|(number, text)| format!("{number}: {text}"));
    let each: Vec<_> = each.collect();
    match requests.len() {
        0 => "none".to_owned(),
        count if count > 5 => format!("{} and {} more", each.join(", "), count - 5),
        _ => each.join(", "),
    }
}
