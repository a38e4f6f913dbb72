//! One response, as a state machine: octets in, events out. It owns no socket and reads no clock.
//!
//! ```text
//!           ┌──── 1xx: an interim response, and then another head ────┐
//!           ▼                                                         │
//!         Head ── a final one ──► Body ── its end, or the server's ──► Over
//! ```
//!
//! What a response is depends on the request: one to HEAD has no body, whatever its fields say
//! (RFC 9112 §6.3). Whether the connection can be used again is known when it is over
//! ([`Exchange::is_reusable`]).

use super::error::Error;
use crate::http::body::{self, Body, Framing, Lengths};
use crate::http::response::{HeadReader, ResponseHead};

/// Interim responses before the real one.
pub const INTERIM: usize = 256;

/// A response that arrives.
#[derive(Debug)]
pub struct Exchange {
    state: State,
    /// The request's method was HEAD.
    of_head: bool,
    interim: usize,
    /// Whether all that was said of the connection lets it live on.
    reusable: bool,
    limits: body::Limits,
}

#[derive(Debug)]
enum State {
    Head(HeadReader),
    Body(Body),
    Over,
}

/// What has come.
#[derive(Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// A 1xx; the real response is still to come.
    Interim(ResponseHead),
    /// The response's head.
    Head(ResponseHead),
    /// The next part of its body, without framing.
    Content(&'a [u8]),
    /// Its end. What follows belongs to no request.
    Complete,
}

impl Exchange {
    /// The response to a request of this method, of which `most` octets of content are taken.
    pub fn new(method: &str, most: u64) -> Self {
        let state = State::Head(HeadReader::default());
        let limits = body::Limits::lenient(most);
        Self { state, of_head: method == "HEAD", interim: 0, reusable: false, limits }
    }

    /// Takes the next event off the front of `input`. `None`: all of it was taken, or the response is
    /// over.
    ///
    /// ```
    /// use protocols::http::client::exchange::{Event, Exchange};
    ///
    /// let mut exchange = Exchange::new("GET", 1_000);
    /// let mut input = &b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"[..];
    /// assert!(matches!(exchange.next(&mut input)?, Some(Event::Head(head)) if head.status == 200));
    /// assert_eq!(exchange.next(&mut input)?, Some(Event::Content(b"hello")));
    /// assert_eq!(exchange.next(&mut input)?, Some(Event::Complete));
    /// assert!(exchange.is_reusable());
    /// # Ok::<(), protocols::http::client::error::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// What is wrong with it; there is no way on then.
    pub fn next<'a>(&mut self, input: &mut &'a [u8]) -> Result<Option<Event<'a>>, Error> {
        match &mut self.state {
            State::Head(reader) => match reader.read(input).map_err(Error::Head)? {
                Some(head) => self.head(head).map(Some),
                None => Ok(None),
            },
            State::Body(body) => match body.next(input).map_err(|e| failed(e, &self.limits))? {
                Some(part) => Ok(Some(Event::Content(part))),
                None if body.is_complete() => {
                    self.state = State::Over;
                    Ok(Some(Event::Complete))
                }
                None => Ok(None),
            },
            State::Over => Ok(None),
        }
    }

    /// The server has ended the connection. `Complete` if that is how this body ends; `None` if it
    /// was over before.
    ///
    /// # Errors
    ///
    /// What is missing: what came is not the whole, and must not be taken for it (RFC 9112 §8).
    pub fn ended(&mut self) -> Result<Option<Event<'static>>, Error> {
        self.reusable = false;
        match &self.state {
            State::Head(reader) if reader.has_begun() || self.interim > 0 => Err(Error::HeadCut),
            State::Head(_) => Err(Error::NoAnswer),
            State::Body(body) => {
                body.ended().map_err(Error::Body)?;
                self.state = State::Over;
                Ok(Some(Event::Complete))
            }
            State::Over => Ok(None),
        }
    }

    /// Whether the final head has come.
    pub fn has_head(&self) -> bool {
        !matches!(self.state, State::Head(_))
    }

    /// Whether any of the response has come.
    pub fn has_begun(&self) -> bool {
        match &self.state {
            State::Head(reader) => reader.has_begun() || self.interim > 0,
            _ => true,
        }
    }

    /// Whether all of it has.
    pub fn is_over(&self) -> bool {
        matches!(self.state, State::Over)
    }

    /// Whether the connection is good for another request.
    pub fn is_reusable(&self) -> bool {
        self.is_over() && self.reusable
    }

    /// Octets of content that are still to come, where that is known.
    pub fn left(&self) -> Option<u64> {
        if let State::Body(body) = &self.state { body.left() } else { None }
    }

    fn head(&mut self, head: ResponseHead) -> Result<Event<'static>, Error> {
        if head.status == 101 {
            return Err(Error::Upgraded);
        }
        if head.is_interim() {
            self.interim += 1;
            self.state = State::Head(HeadReader::default());
            let most = INTERIM;
            return if self.interim > most {
                Err(Error::TooManyInterim(most))
            } else {
                Ok(Event::Interim(head))
            };
        }
        let framing = self.framing(&head).map_err(Error::Body)?;
        let body = Body::new(framing, self.limits).map_err(|error| failed(error, &self.limits))?;
        self.state = State::Body(body);
        Ok(Event::Head(head))
    }

    /// RFC 9112 §6.3, for a response.
    fn framing(&mut self, head: &ResponseHead) -> Result<Framing, body::Error> {
        self.reusable = head.persists();
        let fields = head.fields();
        let mut lengths = Lengths::default();
        let mut coded = false;
        for coding in fields.all("transfer-encoding") {
            lengths.transfer_encoding(coding);
            coded = true;
        }
        let bodiless = lengths.of_response(head.status, self.of_head, false) == Ok(Framing::None);
        if bodiless {
            // Item 1: whatever the fields say.
            return Ok(Framing::None);
        }
        let mut length_too = false;
        for length in fields.all("content-length") {
            length_too = true;
            lengths.content_length(length)?;
        }
        // Item 3: the coding overrides the length, and "ought to be handled as an error": we read it, as
        // everybody does, and trust the connection no further. The same for a coding in HTTP/1.0 (§6.1).
        if coded && (length_too || head.minor == 0) {
            self.reusable = false;
        }
        let framing = lengths.of_response(head.status, self.of_head, false)?;
        if framing == Framing::UntilClose {
            self.reusable = false;
        }
        Ok(framing)
    }
}

fn failed(error: body::Error, limits: &body::Limits) -> Error {
    match error {
        body::Error::TooLarge => Error::TooLarge(limits.content),
        other => Error::Body(other),
    }
}

#[cfg(test)]
mod tests;
