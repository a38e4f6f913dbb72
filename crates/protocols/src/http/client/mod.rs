//! A client of HTTP/1.1, from a URL to the response.
//!
//! ```text
//!   Request ─► Client ─────────────► Connection ─────────► Exchange
//!              redirects, reuse,     a socket, deadlines   octets in, events out: no I/O
//!              one more try
//! ```
//!
//! | to read | about |
//! |---|---|
//! | [`request`] | what is sent, and what never is |
//! | [`exchange`] | one response, as a state machine |
//! | [`redirect`] | where it leads, and what goes along |
//! | [`coding`] | gzip, undone while it arrives, and bombs |
//! | [`connect`](mod@connect), [`connection`] | several addresses; a deadline on every wait |
//! | [`download`] | a file that is there when it is whole, and can be resumed |

pub mod coding;
pub mod connect;
pub mod connection;
pub mod download;
pub mod error;
pub mod exchange;
pub mod redirect;
pub mod request;

pub use connection::{Flow, Timeouts};
pub use error::Error;
pub use request::{Content, Request};

use std::time::{Duration, Instant};

use capture::Recorder;

use self::connection::{Connection, Respond, Whole};
use super::response::ResponseHead;
use super::url::{Origin, Scheme};

/// Connections that are kept for the next request.
const KEPT: usize = 8;
/// Octets of a redirect's body that are read so that its connection can be used again. A new
/// connection is cheaper than more.
const REDIRECT_BODY: u64 = 64 * 1024;

/// What a client does on its own, and how long it waits.
#[derive(Debug, Clone)]
pub struct Options {
    /// How long.
    pub timeouts: Timeouts,
    /// Redirects that are followed; one more is an error. `None`: they are answers like others.
    pub redirects: Option<usize>,
    /// Octets of content that are taken, as they were sent: before a coding is undone.
    pub most: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { timeouts: Timeouts::default(), redirects: Some(20), most: u64::MAX }
    }
}

/// Takes the response to a request, as it arrives.
pub trait Take {
    /// A request is about to be sent.
    fn asking(&mut self, _request: &Request) {}

    /// A head came that is not the response's: of an interim response, or of a redirect.
    fn passed(&mut self, _head: &ResponseHead) {}

    /// The response's head came, to what was asked last.
    ///
    /// # Errors
    ///
    /// Ends the fetch.
    fn head(&mut self, request: &Request, head: &ResponseHead) -> Result<Flow, Error>;

    /// More of its body came, without framing; `left` octets are still to come, where that is known.
    ///
    /// # Errors
    ///
    /// Ends the fetch.
    fn content(&mut self, octets: &[u8], left: Option<u64>) -> Result<Flow, Error>;
}

/// Fetches, one request after the other, on as few connections as it takes.
#[derive(Debug)]
pub struct Client {
    options: Options,
    recorder: Recorder,
    /// Connections on which nothing is under way.
    idle: Vec<(Origin, Connection)>,
}

impl Client {
    /// A client without connections. What crosses those that it will have is recorded.
    pub fn new(options: Options, recorder: Recorder) -> Self {
        Self { options, recorder, idle: Vec::new() }
    }

    /// Sends `request`, follows where it leads, and gives the answer to `take`. When it returns, the
    /// answer was whole.
    ///
    /// # Errors
    ///
    /// [`Error`]; `take` may have been given a part of the answer.
    pub fn fetch(&mut self, request: Request, take: &mut dyn Take) -> Result<(), Error> {
        let began = Instant::now();
        let whole = self
            .options
            .timeouts
            .whole
            .and_then(|wait| began.checked_add(wait).map(|end| Whole { end, wait }));
        let (mut request, mut hops) = (request, 0);
        loop {
            take.asking(&request);
            let follow = self.options.redirects.is_some();
            let mut hop = Hop { request: &request, take, follow, next: None, discarded: 0 };
            self.once(whole, &mut hop)?;
            let Some(next) = hop.next else { return Ok(()) };
            let most = self.options.redirects.unwrap_or(0);
            if hops == most {
                return Err(Error::TooManyRedirects(most));
            }
            (request, hops) = (next, hops + 1);
        }
    }

    /// One request and its response.
    fn once(&mut self, whole: Option<Whole>, hop: &mut Hop<'_>) -> Result<(), Error> {
        let request = hop.request;
        let origin = &request.url.origin;
        if origin.scheme == Scheme::Https {
            return Err(Error::NeedsTls);
        }
        if let Some(connection) = self.idle(origin) {
            let mut answered = false;
            match self.on(connection, request, whole, hop, &mut answered) {
                // It had been idle, and the server closed it just as we asked: a request that may be sent
                // twice is sent again, once, on a connection that is new (RFC 9110 §9.2.2, RFC 9112
                // §9.3.1). A POST may have been carried out, and nobody can tell.
                Err(error) if !answered && error.is_unanswered() && request.is_idempotent() => {}
                done => return done,
            }
        }
        let wait = match whole {
            None => self.options.timeouts.connect,
            Some(whole) => {
                let left = whole.end.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    return Err(Error::TimedOut("all of it", whole.wait));
                }
                self.options.timeouts.connect.min(left.max(Duration::from_millis(1)))
            }
        };
        let stream = connect::connect(origin, wait)?;
        let connection = Connection::new(stream, &self.recorder).map_err(Error::Connect)?;
        self.on(connection, request, whole, hop, &mut false)
    }

    /// The same on this connection, which is kept if it is good for another.
    fn on(
        &mut self,
        mut connection: Connection,
        request: &Request,
        whole: Option<Whole>,
        hop: &mut Hop<'_>,
        answered: &mut bool,
    ) -> Result<(), Error> {
        let waits = (&self.options.timeouts, whole);
        let done = connection.exchange(request, self.options.most, waits, hop, answered);
        if matches!(done, Ok(true)) && self.idle.len() < KEPT {
            self.idle.push((request.url.origin.clone(), connection));
        } else {
            connection.close();
        }
        done.map(|_| ())
    }

    /// A connection to this origin that is still good.
    fn idle(&mut self, origin: &Origin) -> Option<Connection> {
        while let Some(at) = self.idle.iter().position(|(other, _)| other == origin) {
            let (_, connection) = self.idle.swap_remove(at);
            if connection.is_quiet() {
                return Some(connection);
            }
            connection.close();
        }
        None
    }

    /// Ends the connections that are kept.
    pub fn close(&mut self) {
        for (_, connection) in self.idle.drain(..) {
            connection.close();
        }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.close();
    }
}

/// Takes one response: a redirect's is thrown away, any other goes to whoever asked.
struct Hop<'a> {
    request: &'a Request,
    take: &'a mut dyn Take,
    follow: bool,
    next: Option<Request>,
    discarded: u64,
}

impl Respond for Hop<'_> {
    fn interim(&mut self, head: &ResponseHead) {
        self.take.passed(head);
    }

    fn head(&mut self, head: ResponseHead) -> Result<Flow, Error> {
        if self.follow {
            self.next = redirect::next(self.request, &head)?;
        }
        if self.next.is_none() {
            return self.take.head(self.request, &head);
        }
        self.take.passed(&head);
        // A body that ends with the connection: there is nothing to wait for.
        let framed = ["content-length", "transfer-encoding"];
        let ends = framed.iter().any(|name| head.fields().first(name).is_some());
        Ok(if ends || self.request.method() == "HEAD" { Flow::Continue } else { Flow::Enough })
    }

    fn content(&mut self, octets: &[u8], left: Option<u64>) -> Result<Flow, Error> {
        if self.next.is_none() {
            return self.take.content(octets, left);
        }
        self.discarded += octets.len() as u64;
        let too_much = self.discarded.saturating_add(left.unwrap_or(0)) > REDIRECT_BODY;
        Ok(if too_much { Flow::Enough } else { Flow::Continue })
    }
}
