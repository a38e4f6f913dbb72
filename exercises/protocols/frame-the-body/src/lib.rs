//! Where the body of an HTTP message ends: RFC 9112 §6, §7.
//!
//! ```text
//!   Content-Length: 5 CR LF CR LF           so many octets, and then the next message
//!   hello
//!
//!   Transfer-Encoding: chunked CR LF CR LF  chunks, each with its size in hex before it,
//!   5 CR LF hello CR LF
//!   7;name=value CR LF , world CR LF        which an extension may follow,
//!   0 CR LF                                 up to one of size 0,
//!   Digest: … CR LF                         fields that were not known before (trailers),
//!   CR LF                                   and an empty line
//! ```

/// Octets of chunk extensions and trailers in a body at most, without the CR LF behind each of them. An
/// extension is what stands between a size and its CR LF.
pub const MOST_EXTRA: usize = 16 * 1024;

/// The fields of a head: their names, and their values without the spaces around them.
pub type Fields<'a> = [(&'a [u8], &'a [u8])];

/// How the end of a body is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// There is no body. The next message follows the head.
    None,
    /// The body has so many octets.
    Length(u64),
    /// It is cut into chunks, and the one of size 0 is the last.
    Chunked,
    /// It ends with the connection.
    UntilClose,
}

/// Why nobody can say where the body ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Error {
    /// A Content-Length is not a number below 2^64, or two of them differ.
    Length,
    /// The Transfer-Encoding is something else than `chunked`, or the message is of HTTP/1.0.
    Coding,
    /// There are both a Content-Length and a Transfer-Encoding.
    Both,
    /// Something else stands where a chunk's size, or the CR LF behind it or its data, should.
    Chunk,
    /// There are more than [`MOST_EXTRA`] octets of extensions and trailers.
    TooLong,
    /// The connection ended before the body.
    CutOff,
}

/// How the body of a request ends. `minor` is the 1 of `HTTP/1.1`.
///
/// # Errors
///
/// [`Error::Length`], [`Error::Coding`], [`Error::Both`].
pub fn of_request(minor: u8, fields: &Fields<'_>) -> Result<Framing, Error> {
    let _ = (minor, fields); // Yours to use; then this line can go.
    todo!("say what the fields say, or that it cannot be said")
}

/// How the body of a response ends. `method` is the one of the request that it answers.
///
/// # Errors
///
/// [`Error::Length`], [`Error::Coding`], [`Error::Both`], but for a response that has no body.
pub fn of_response(
    method: &[u8],
    status: u16,
    minor: u8,
    fields: &Fields<'_>,
) -> Result<Framing, Error> {
    let _ = (method, status, minor, fields); // Yours to use; then this line can go.
    todo!("some responses have no body, whatever their fields say")
}

/// A body that arrives.
#[derive(Debug)]
pub struct Body {
    // Here is room for what has to survive from one call to the next.
}

impl Body {
    /// The body behind a head.
    pub fn new(framing: Framing) -> Self {
        let _ = framing; // Yours to use; then this line can go.
        todo!("begin")
    }

    /// Takes what came next on the connection: any number of octets, cut anywhere. What of it is
    /// content is added to `content`.
    ///
    /// Returns how many of `octets` were taken. As long as the body is not complete, that is all of
    /// them. What stands behind the body is the next message's.
    ///
    /// # Errors
    ///
    /// [`Error::Chunk`] or [`Error::TooLong`], and from then on at every call.
    pub fn feed(&mut self, octets: &[u8], content: &mut Vec<u8>) -> Result<usize, Error> {
        let _ = (octets, content); // Yours to use; then this line can go.
        todo!("take the framing off")
    }

    /// Whether all of the body has come. Of one that ends with the connection this is never known.
    pub fn is_complete(&self) -> bool {
        todo!("true when the next message may begin")
    }

    /// The connection has ended.
    ///
    /// # Errors
    ///
    /// [`Error::CutOff`]: what came is not the whole. After an error of [`feed`](Self::feed), that one.
    pub fn end(&self) -> Result<(), Error> {
        todo!("say whether a body may end here")
    }
}
