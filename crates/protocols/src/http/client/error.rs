//! Why a client has no response, or not the whole of one.

use std::fmt::{self, Display};
use std::io;
use std::time::Duration;

use super::coding::CodingError;
use crate::http::body;
use crate::http::response::HeadError;
use crate::http::url::UrlError;

/// What went wrong, and whose doing it was.
#[derive(Debug)]
pub enum Error {
    /// The request cannot be sent as it is: a field of its own that would break the message, say.
    Request(String),
    /// `https`: that is chapter 6's.
    NeedsTls,
    /// The host has no address.
    Resolve(sockets::resolve::Error),
    /// None of its addresses took the connection; what the last one said.
    Connect(io::Error),
    /// The connection broke.
    Lost(io::Error),
    /// The server ended the connection before it said anything.
    NoAnswer,
    /// It ended the connection in the middle of a head.
    HeadCut,
    /// What it said is no head of a response.
    Head(HeadError),
    /// More interim responses than that.
    TooManyInterim(usize),
    /// It changed to another protocol, which nobody had asked for (RFC 9110 §7.8).
    Upgraded,
    /// Where the body ends is uncertain, or it did not come to its end.
    Body(body::Error),
    /// Nothing, or next to nothing, came or went for so long; and what was awaited.
    TimedOut(&'static str, Duration),
    /// The body is larger than the caller wanted, so many octets.
    TooLarge(u64),
    /// The body cannot be decoded.
    Coding(CodingError),
    /// The server redirects to what cannot be followed; the value of `Location`.
    Location(String, UrlError),
    /// It redirects where the client will not go, and why.
    Refused(String, &'static str),
    /// More redirects than allowed.
    TooManyRedirects(usize),
    /// The octets of a range are not those that were asked for; what the server said.
    WrongRange(String),
    /// What takes the body could not.
    Output(io::Error),
}

impl Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request(why) => write!(f, "the request cannot be sent: {why}"),
            Self::NeedsTls => f.write_str("https needs TLS, and that comes in chapter 6"),
            Self::Resolve(error) => write!(f, "{error}"),
            Self::Connect(error) => write!(f, "connecting: {error}"),
            Self::Lost(error) => write!(f, "the connection broke: {error}"),
            Self::NoAnswer => f.write_str("the server closed the connection and said nothing"),
            Self::HeadCut => f.write_str("the server closed in the middle of the response's head"),
            Self::Head(error) => write!(f, "the response's head: {error}"),
            Self::TooManyInterim(count) => write!(f, "more than {count} interim responses"),
            Self::Upgraded => f.write_str("the server changes the protocol, unasked (101)"),
            Self::Body(error) => write!(f, "the response's body: {error}"),
            Self::TimedOut(what, wait) => write!(f, "{what} took longer than {wait:?}"),
            Self::TooLarge(most) => write!(f, "the body is larger than {most} octets"),
            Self::Coding(error) => write!(f, "{error}"),
            Self::Location(location, error) => {
                write!(f, "redirected to `{}`: {error}", location.escape_debug())
            }
            Self::Refused(location, why) => {
                write!(f, "redirected to `{}`: {why}", location.escape_debug())
            }
            Self::TooManyRedirects(most) => write!(f, "redirected more than {most} times"),
            Self::WrongRange(range) => {
                write!(f, "not the range that was asked for: `{}`", range.escape_debug())
            }
            Self::Output(error) => write!(f, "writing what was received: {error}"),
        }
    }
}

impl std::error::Error for Error {}

impl Error {
    /// Whether the connection failed before the server had said anything: then it may never have seen
    /// the request.
    pub fn is_unanswered(&self) -> bool {
        matches!(self, Self::NoAnswer | Self::Lost(_))
    }
}

impl From<CodingError> for Error {
    fn from(error: CodingError) -> Self {
        match error {
            CodingError::Output(error) => Self::Output(error),
            other => Self::Coding(other),
        }
    }
}
