//! The head of an HTTP request, from octets that come in pieces of any size: RFC 9112 §2, §3, §5.
//!
//! ```text
//!  GET /index.html HTTP/1.1 CR LF     method SP request-target SP HTTP-version
//!  Host: example.org CR LF            field-name ":" OWS field-value OWS
//!  Accept: text/html CR LF
//!  CR LF                              the empty line that ends the head
//!  …                                  the body, or the next request
//! ```

/// Octets of a head at most: all that comes before its end, and the empty line with its CR LF.
pub const LONGEST_HEAD: usize = 16 * 1024;
/// Fields of a head at most.
pub const MOST_FIELDS: usize = 100;

/// What the head of a request says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// What is to be done. Its case matters: `get` is not `GET`.
    pub method: Vec<u8>,
    /// With what, as it was sent.
    pub target: Vec<u8>,
    /// The 1 of `HTTP/1.1`, the 0 of `HTTP/1.0`.
    pub minor: u8,
    /// All the fields, in the order in which they came.
    pub fields: Vec<Field>,
}

/// A line of the head that is not its first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// As it was sent. Its case does not matter.
    pub name: Vec<u8>,
    /// Without the spaces and tabs around it.
    pub value: Vec<u8>,
}

/// Why a request is refused, and with which status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Error {
    /// 400: the first line is not a method, a target and a version, with one space between them.
    RequestLine,
    /// 505: the version is not 1.x.
    Version,
    /// 400: a line is not a name, a colon and a value, or holds what neither of them may hold.
    Field,
    /// 400: there are two Host fields, or none in a request that is not of HTTP/1.0.
    Host,
    /// 414: the first line alone is longer than [`LONGEST_HEAD`].
    LineTooLong,
    /// 431: the head is longer than [`LONGEST_HEAD`], or has more than [`MOST_FIELDS`] fields.
    HeadTooLarge,
}

/// Makes heads of requests out of the octets of a connection.
#[derive(Debug, Default)]
pub struct HeadParser {
    // Here is room for what has to survive from one call to the next.
}

impl HeadParser {
    /// At the beginning of a connection.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes what came next on the connection: any number of octets, cut anywhere.
    ///
    /// `None`: there must come more. All of `octets` were taken.
    ///
    /// `Some((head, taken))`: the head is whole, and the first `taken` of `octets` were the rest of
    /// it. What stands behind them is the caller's: the body, or the next request, for whose head the
    /// parser is ready.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong, as soon as the line is whole in which it is, or the limit is passed.
    /// From then on every call returns it again: nobody knows where the next request would begin.
    pub fn feed(&mut self, octets: &[u8]) -> Result<Option<(Head, usize)>, Error> {
        let _ = octets; // Yours to use; then this line can go.
        todo!("take the lines that are whole, and keep the one that is not")
    }
}
