//! A client of HTTP/1.1, from a URL to the answer: RFC 9110 §15.4 (redirects), §9.2.2 (what may be sent
//! twice), RFC 9112 §6.3 and §7.1 (where an answer ends), §9.3 (connections that stay).
//!
//! ```text
//!  fetch(GET http://a/old)     a:80  GET /old ─►  ◄─ 302, Location: http://b/new     the connection is kept
//!                              b:80  GET /new ─►  ◄─ 200, the content                without a's secrets
//! ```

use std::io::{self, BufRead, ErrorKind, Read};
use std::net::TcpStream;
use std::time::Duration;

/// So many redirects are followed, one after the other.
pub const MOST_REDIRECTS: usize = 10;
/// Octets of content that are kept at most.
pub const MOST_CONTENT: usize = 1 << 20;
/// Octets of a line at most.
pub const LONGEST_LINE: usize = 8 * 1024;
/// Fields of a head at most.
pub const MOST_FIELDS: usize = 100;

/// Who is asked. Two origins are the same if all three are (RFC 9110 §4.3.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Whether TLS is under it.
    pub https: bool,
    /// Its name, in lower case.
    pub host: String,
    /// 80 or 443 where the URL has none.
    pub port: u16,
}

/// What is asked for, and of whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Url {
    /// Who is asked.
    pub origin: Origin,
    /// The path, which begins with `/`, and the query.
    pub path: String,
}

impl Url {
    /// Reads a URL. `None`: it is none of http or https, or has a user's name in it, or what belongs in none.
    pub fn parse(text: &str) -> Option<Self> {
        if !text.bytes().all(|octet| octet.is_ascii_graphic()) {
            return None;
        }
        let (scheme, rest) = text.split('#').next()?.split_once("://")?;
        let https = scheme.eq_ignore_ascii_case("https");
        let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) => (host, port.parse().ok()?),
            None => (authority, if https { 443 } else { 80 }),
        };
        let named = |octet: u8| octet.is_ascii_alphanumeric() || b"-._".contains(&octet);
        let known = https || scheme.eq_ignore_ascii_case("http");
        if !known || host.is_empty() || !host.bytes().all(named) {
            return None; // A user's name would end with `@`. (Neither IPv6 here, for shortness.)
        }
        let slash = if path.starts_with('/') { "" } else { "/" };
        let origin = Origin { https, host: host.to_ascii_lowercase(), port };
        Some(Self { origin, path: format!("{slash}{path}") })
    }

    /// Reads what a Location field holds, which may leave out what is as it was.
    pub fn join(&self, location: &str) -> Option<Self> {
        let Origin { https, host, port } = &self.origin;
        let scheme = if *https { "https" } else { "http" };
        let here = self.path.split('?').next()?;
        let folder = &here[..=here.rfind('/')?];
        let whole = match location.as_bytes() {
            [b'/', b'/', ..] => format!("{scheme}:{location}"),
            [b'/', ..] => format!("{scheme}://{host}:{port}{location}"),
            [b'?', ..] => format!("{scheme}://{host}:{port}{here}{location}"),
            _ if location.split(['/', '?']).next()?.contains(':') => location.to_owned(),
            _ => format!("{scheme}://{host}:{port}{folder}{location}"),
        };
        Self::parse(&whole)
    }
}

/// Names and values, in their order.
pub type Fields = Vec<(String, String)>;

/// A request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Such as `GET`.
    pub method: String,
    /// What is asked for.
    pub url: Url,
    /// Fields besides Host and Content-Length.
    pub fields: Fields,
    /// Sent along if it is not empty.
    pub content: Vec<u8>,
}

impl Request {
    /// The octets to send. `None`: something in it would end its line (RFC 9110 §5.5).
    pub fn octets(&self) -> Option<Vec<u8>> {
        let Self { method, url, fields, content } = self;
        let Origin { https, host, port } = &url.origin;
        let port =
            if *port == if *https { 443 } else { 80 } { String::new() } else { format!(":{port}") };
        let mut head = format!("{method} {} HTTP/1.1\r\nHost: {host}{port}\r\n", url.path);
        for (name, value) in fields {
            if format!("{name}{value}").contains(['\r', '\n', '\0']) {
                return None;
            }
            head += &format!("{name}: {value}\r\n");
        }
        if !content.is_empty() {
            head += &format!("Content-Length: {}\r\n", content.len());
        }
        Some([head.as_bytes(), b"\r\n", content].concat())
    }
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// Such as 200.
    pub status: u16,
    /// As they came; a trailer's are not among them.
    pub fields: Fields,
    /// Without its framing.
    pub content: Vec<u8>,
}

impl Response {
    /// The value of the first field with this name. The case of names does not matter.
    pub fn field(&self, name: &str) -> Option<&str> {
        let is = |(known, _): &&(String, String)| known.eq_ignore_ascii_case(name);
        self.fields.iter().find(is).map(|(_, value)| value.as_str())
    }
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// The request cannot be sent as it is; nothing was.
    Request,
    /// There was no connection.
    Connect(io::ErrorKind),
    /// The connection ended before an octet of the answer came.
    Unanswered,
    /// The connection ended in the middle of the answer.
    Incomplete,
    /// The answer is none of HTTP/1.
    Malformed,
    /// The answer has a line, a head or content above a limit.
    TooLarge,
    /// The time was over.
    TimedOut,
    /// There was one more than [`MOST_REDIRECTS`].
    TooManyRedirects,
    /// A redirect leads to where the client does not go.
    Refused(String),
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            // Of a timeout: the first on Unix, the second on Windows.
            ErrorKind::WouldBlock | ErrorKind::TimedOut => Self::TimedOut,
            _ => Self::Incomplete,
        }
    }
}

/// Reads a line, and returns it without its CR LF.
///
/// # Errors
///
/// As `input` has them; `Incomplete`, `Malformed`, and `TooLarge` above [`LONGEST_LINE`].
pub fn read_line(input: &mut impl BufRead) -> Result<String, Error> {
    let mut line = Vec::new();
    input.take(LONGEST_LINE as u64).read_until(b'\n', &mut line)?;
    if !line.ends_with(b"\n") {
        return Err(if line.len() < LONGEST_LINE { Error::Incomplete } else { Error::TooLarge });
    }
    let line = line.strip_suffix(b"\r\n").ok_or(Error::Malformed)?;
    Ok(String::from_utf8_lossy(line).into_owned())
}

/// Reads a head: the 1 of `HTTP/1.1`, and an answer whose content is still to come.
///
/// # Errors
///
/// As [`read_line`]; `TooLarge` above [`MOST_FIELDS`].
pub fn read_head(input: &mut impl BufRead) -> Result<(u8, Response), Error> {
    let (minor, status) = status_line(&read_line(input)?).ok_or(Error::Malformed)?;
    let mut fields = Vec::new();
    loop {
        let line = read_line(input)?;
        if line.is_empty() {
            return Ok((minor, Response { status, fields, content: Vec::new() }));
        }
        if fields.len() == MOST_FIELDS {
            return Err(Error::TooLarge);
        }
        fields.push(field(&line).ok_or(Error::Malformed)?);
    }
}

fn status_line(line: &str) -> Option<(u8, u16)> {
    let (minor, rest) = line.strip_prefix("HTTP/1.")?.split_once(' ')?;
    let status = rest.split(' ').next().filter(|digits| digits.len() == 3)?;
    Some((minor.parse().ok()?, status.parse().ok().filter(|status| *status >= 100)?))
}

fn field(line: &str) -> Option<(String, String)> {
    let (name, value) = line.split_once(':')?;
    let is_name = !name.is_empty() && name.bytes().all(|octet| octet.is_ascii_graphic());
    let is_value = !value.bytes().any(|octet| octet < b' ' && octet != b'\t');
    (is_name && is_value).then(|| (name.to_owned(), value.trim().to_owned()))
}

/// Reads a number of octets: digits alone, where `from_str_radix` would take `+5` as well.
///
/// # Errors
///
/// `Malformed`; `TooLarge` above [`MOST_CONTENT`].
pub fn number(digits: &str, radix: u32) -> Result<usize, Error> {
    if digits.is_empty() || !digits.chars().all(|digit| digit.is_digit(radix)) {
        return Err(Error::Malformed);
    }
    let number = usize::from_str_radix(digits, radix).ok();
    number.filter(|number| *number <= MOST_CONTENT).ok_or(Error::TooLarge)
}

/// Connects to an origin, within a time. For https, TLS would be made here.
pub type Connect = Box<dyn FnMut(&Origin, Duration) -> io::Result<TcpStream> + Send>;

/// Fetches, one request after the other.
pub struct Client {
    connect: Connect,
    patience: Duration,
    // Here is room for what has to survive from one call to the next.
}

impl Client {
    /// A client that connects by `connect`, and of which no call of `fetch` takes longer than `patience`.
    pub fn new(connect: Connect, patience: Duration) -> Self {
        Self { connect, patience }
    }

    /// Sends a request, follows where it leads, and returns the answer, which is whole.
    ///
    /// # Errors
    ///
    /// See [`Error`].
    pub fn fetch(&mut self, request: &Request) -> Result<Response, Error> {
        let _ = (request, &mut self.connect, self.patience); // Yours to use; then this line can go.
        todo!("send it, read the answer, and follow where it leads")
    }
}
