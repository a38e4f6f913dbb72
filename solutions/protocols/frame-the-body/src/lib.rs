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
    // answer: let _ = (minor, fields); // Yours to use; then this line can go.
    // answer: todo!("say what the fields say, or that it cannot be said")
    // RFC 9112 §6.3, item 7: a request that says nothing has no body. Its sender waits for us.
    Ok(said(minor, fields)?.unwrap_or(Framing::None))
    // end answer
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
    // answer: let _ = (method, status, minor, fields); // Yours to use; then this line can go.
    // answer: todo!("some responses have no body, whatever their fields say")
    // §6.3, items 1 and 2: before any field is looked at.
    match (method, status) {
        (b"HEAD", _) | (_, 100..=199 | 204 | 304) | (b"CONNECT", 200..=299) => Ok(Framing::None),
        // Item 8.
        _ => Ok(said(minor, fields)?.unwrap_or(Framing::UntilClose)),
    }
    // end answer
}

/// A body that arrives.
#[derive(Debug)]
pub struct Body {
    // answer: // Here is room for what has to survive from one call to the next.
    state: State,
    /// Octets of extensions and trailers until now.
    extra: usize,
    // end answer
}

impl Body {
    /// The body behind a head.
    pub fn new(framing: Framing) -> Self {
        // answer: let _ = framing; // Yours to use; then this line can go.
        // answer: todo!("begin")
        let state = match framing {
            Framing::None => State::Left(0),
            Framing::Length(length) => State::Left(length),
            Framing::Chunked => SIZE,
            Framing::UntilClose => State::UntilClose,
        };
        Self { state, extra: 0 }
        // end answer
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
        // answer: let _ = (octets, content); // Yours to use; then this line can go.
        // answer: todo!("take the framing off")
        let mut rest = octets;
        while !rest.is_empty() && !self.is_complete() {
            let taken = match &mut self.state {
                State::Left(left) | State::Data(left @ 1..) => {
                    let count = usize::try_from(*left).map_or(rest.len(), |n| n.min(rest.len()));
                    *left -= count as u64;
                    content.extend_from_slice(&rest[..count]);
                    count
                }
                State::UntilClose => {
                    content.extend_from_slice(rest);
                    rest.len()
                }
                state => {
                    let next = state.after(rest[0], &mut self.extra);
                    *state = next.unwrap_or_else(State::Refused);
                    next?;
                    1
                }
            };
            rest = &rest[taken..];
        }
        Ok(octets.len() - rest.len())
        // end answer
    }

    /// Whether all of the body has come. Of one that ends with the connection this is never known.
    pub fn is_complete(&self) -> bool {
        // answer: todo!("true when the next message may begin")
        matches!(self.state, State::Left(0))
        // end answer
    }

    /// The connection has ended.
    ///
    /// # Errors
    ///
    /// [`Error::CutOff`]: what came is not the whole. After an error of [`feed`](Self::feed), that one.
    pub fn end(&self) -> Result<(), Error> {
        // answer: todo!("say whether a body may end here")
        match self.state {
            State::Left(0) | State::UntilClose => Ok(()),
            State::Refused(error) => Err(error),
            // §8: a body that is shorter than was promised is incomplete.
            _ => Err(Error::CutOff),
        }
        // end answer
    }
}
// answer:

/// Where the next octet is.
#[derive(Debug, Clone, Copy)]
enum State {
    /// In a body with a length; so many octets are to come. 0: behind any body.
    Left(u64),
    UntilClose,
    /// In a chunk's size: its value and its digits until now.
    Size(u64, u32),
    Space(u64),
    Extension(u64),
    /// Behind the CR that ends the line of the size.
    SizeLf(u64),
    /// So many octets of the chunk are to come, and then CR LF.
    Data(u64),
    DataLf,
    /// At the beginning of a line behind the last chunk.
    Line,
    Trailer,
    TrailerLf,
    LastLf,
    Refused(Error),
}

const SIZE: State = State::Size(0, 0);

impl State {
    /// What comes after this octet of the framing.
    fn after(self, octet: u8, extra: &mut usize) -> Result<Self, Error> {
        let digit = char::from(octet).to_digit(16);
        let next = match (self, octet, digit) {
            // RFC 9112 §7.1: a size may overflow. 16 digits are 64 bits.
            (Self::Size(size, digits @ 0..16), _, Some(digit)) => {
                Self::Size(size << 4 | u64::from(digit), digits + 1)
            }
            (Self::Size(size, 1..) | Self::Extension(size), b'\r', _) => Self::SizeLf(size),
            // §7.1.1: there may be white space before the semicolon.
            (Self::Size(size, 1..) | Self::Space(size), b' ' | b'\t', _) => Self::Space(size),
            (Self::Size(size, 1..) | Self::Space(size), b';', _) => Self::Extension(size),
            (state @ Self::Extension(_), b'\t' | b' '..=b'~' | 0x80.., _) => state,
            // §2.2 lets a lone LF end a line of the head. This is none.
            (Self::SizeLf(0), b'\n', _) => Self::Line,
            (Self::SizeLf(size), b'\n', _) => Self::Data(size),
            (Self::Data(_), b'\r', _) => Self::DataLf,
            (Self::DataLf, b'\n', _) => SIZE,
            (Self::Line, b'\r', _) => Self::LastLf,
            (Self::LastLf, b'\n', _) => Self::Left(0),
            (Self::Line | Self::Trailer, b'\t' | b' '..=b'~' | 0x80.., _) => Self::Trailer,
            (Self::Trailer, b'\r', _) => Self::TrailerLf,
            (Self::TrailerLf, b'\n', _) => Self::Line,
            (Self::Refused(error), ..) => return Err(error),
            _ => return Err(Error::Chunk),
        };
        *extra += usize::from(matches!(next, Self::Space(_) | Self::Extension(_) | Self::Trailer));
        if *extra > MOST_EXTRA { Err(Error::TooLong) } else { Ok(next) }
    }
}

/// What the fields say, if they say anything.
fn said(minor: u8, fields: &Fields<'_>) -> Result<Option<Framing>, Error> {
    let lengths = members(fields, b"Content-Length");
    let codings = members(fields, b"Transfer-Encoding");
    match (&lengths[..], &codings[..]) {
        ([], []) => Ok(None),
        ([], [coding]) if minor > 0 && coding.eq_ignore_ascii_case(b"chunked") => {
            Ok(Some(Framing::Chunked))
        }
        ([], _) => Err(Error::Coding),
        ([first, others @ ..], []) => {
            let length = number(first)?;
            // §6.3, item 5: several may stand there if all say the same.
            let same = others.iter().all(|other| number(other) == Ok(length));
            if same { Ok(Some(Framing::Length(length))) } else { Err(Error::Length) }
        }
        // §6.3, item 3: one of the programs on the way reads one of them, another the other.
        (_, _) => Err(Error::Both),
    }
}

/// The members of the lists in all fields of this name.
fn members<'a>(fields: &Fields<'a>, name: &[u8]) -> Vec<&'a [u8]> {
    let named = fields.iter().filter(|field| field.0.eq_ignore_ascii_case(name));
    named.flat_map(|field| field.1.split(|octet| *octet == b',')).map(trim).collect()
}

/// Without the spaces and tabs around it. `trim_ascii` takes more away.
fn trim(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', inner @ ..] | [inner @ .., b' ' | b'\t'] = text {
        text = inner;
    }
    text
}

/// RFC 9110 §8.6: one or more digits, and nothing else.
fn number(digits: &[u8]) -> Result<u64, Error> {
    let number = digits.iter().try_fold(0_u64, |number, octet| {
        let digit = octet.is_ascii_digit().then(|| u64::from(octet - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    });
    number.filter(|_| !digits.is_empty()).ok_or(Error::Length)
}
// end answer
