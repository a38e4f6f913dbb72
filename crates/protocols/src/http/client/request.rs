//! A request, and its octets (RFC 9112 §3).
//!
//! ```text
//!   POST /path?query HTTP/1.1 CRLF      request-line = method SP request-target SP HTTP-version
//!   Host: example.org CRLF              MUST be there; the URL's authority, without userinfo
//!   …
//!   Content-Length: 5 CRLF CRLF hello
//! ```
//!
//! Whatever a caller puts into a request is looked at before it is sent: a value with a line end in it
//! would be a second field, or a second request.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use super::error::Error;
use crate::http::fields::{is, is_token, is_value};
use crate::http::url::{Url, decode};

/// What is asked of a server.
#[derive(Debug, Clone)]
pub struct Request {
    method: String,
    /// Of whom, and for what.
    pub url: Url,
    fields: Vec<(String, String)>,
    /// What is sent with it.
    pub content: Option<Content>,
}

/// Octets to send, which can be read more than once: a redirect may ask for them again.
#[derive(Debug, Clone)]
pub enum Content {
    /// In memory.
    Octets(Arc<[u8]>),
    /// The first `length` octets of a file.
    File {
        /// Open for reading.
        file: Arc<File>,
        /// How many.
        length: u64,
    },
}

/// Fields that say where a message ends and what the connection does: ours, and not the caller's.
const OURS: [&str; 5] = ["connection", "content-length", "transfer-encoding", "te", "upgrade"];

impl Request {
    /// A request with no fields of the caller's; with credentials where the URL has a user's name in it
    /// (RFC 7617 §2). They are a field like others, and no redirect takes them to another origin.
    ///
    /// # Errors
    ///
    /// [`Error::Request`] if the method is no token, or CONNECT, which asks for a tunnel and no answer.
    pub fn new(method: &str, url: Url) -> Result<Self, Error> {
        if !is_token(method.as_bytes()) {
            return Err(Error::Request(format!("`{}` is no method", method.escape_debug())));
        }
        if method == "CONNECT" {
            return Err(Error::Request("CONNECT is for proxies".to_owned()));
        }
        let mut request =
            Self { method: method.to_owned(), url, fields: Vec::new(), content: None };
        if let Some(userinfo) = &request.url.userinfo {
            let credentials = format!("Basic {}", base64(&decode(userinfo)));
            request.fields.push(("Authorization".to_owned(), credentials));
        }
        Ok(request)
    }

    /// Adds a field.
    ///
    /// # Errors
    ///
    /// [`Error::Request`] if its name or its value cannot be one, or if it is for the client to send.
    pub fn field(&mut self, name: &str, value: &str) -> Result<(), Error> {
        let value = value.trim_matches([' ', '\t']);
        let wrong = |why| Err(Error::Request(format!("the field `{}` {why}", name.escape_debug())));
        if !is_token(name.as_bytes()) {
            return wrong("has a name that is none");
        }
        if !is_value(value.as_bytes()) {
            return wrong("has a control character in its value");
        }
        if OURS.iter().any(|ours| is(name.as_bytes(), ours)) {
            return wrong("is for the client to send");
        }
        if is(name.as_bytes(), "host") && self.value("host").is_some() {
            return wrong("may stand there once");
        }
        if is(name.as_bytes(), "authorization") {
            self.fields.retain(|(other, _)| !is(other.as_bytes(), name)); // The URL's, perhaps.
        }
        self.fields.push((name.to_owned(), value.to_owned()));
        Ok(())
    }

    /// Case matters in it (RFC 9110 §9.1).
    pub fn method(&self) -> &str {
        &self.method
    }

    /// The value of the first field of this name that the caller added.
    pub fn value(&self, name: &str) -> Option<&str> {
        let mut named = self.fields.iter().filter(|(other, _)| is(other.as_bytes(), name));
        named.next().map(|(_, value)| value.as_str())
    }

    /// Whether doing it twice is as doing it once (RFC 9110 §9.2.2): only then may it be sent again
    /// when nobody knows if it arrived.
    pub fn is_idempotent(&self) -> bool {
        matches!(self.method.as_str(), "GET" | "HEAD" | "OPTIONS" | "TRACE" | "PUT" | "DELETE")
    }

    /// The same for another URL, by another method perhaps, with those of the fields that may go there.
    pub(super) fn redirected(
        &self,
        url: Url,
        method: &str,
        with_content: bool,
        keep: impl Fn(&str) -> bool,
    ) -> Self {
        let fields = self.fields.iter().filter(|(name, _)| keep(name)).cloned().collect();
        let content = if with_content { self.content.clone() } else { None };
        Self { method: method.to_owned(), url, fields, content }
    }

    /// The head's octets.
    pub fn head(&self) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\n", self.method, self.url.target());
        let mut line = |name: &str, value: &str| {
            head.push_str(&format!("{name}: {value}\r\n"));
        };
        // RFC 9110 §7.2: first, so that whoever routes it has it early.
        let host = self.url.origin.authority();
        line("Host", self.value("host").unwrap_or(&host));
        for (name, value) in DEFAULTS {
            if self.value(name).is_none() {
                line(name, value);
            }
        }
        for (name, value) in &self.fields {
            if !is(name.as_bytes(), "host") {
                line(name, value);
            }
        }
        match &self.content {
            Some(content) => line("Content-Length", &content.len().to_string()),
            // RFC 9110 §8.6: a method that has a meaning for content says so where there is none.
            None if matches!(self.method.as_str(), "POST" | "PUT" | "PATCH") => {
                line("Content-Length", "0");
            }
            None => {}
        }
        head.push_str("\r\n");
        head.into_bytes()
    }
}

/// What is sent unless the caller says otherwise.
const DEFAULTS: [(&str, &str); 3] = [
    ("User-Agent", concat!("on-the-wire-fetch/", env!("CARGO_PKG_VERSION"))),
    ("Accept", "*/*"),
    ("Accept-Encoding", "gzip"),
];

/// RFC 4648 §4.
fn base64(octets: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in octets.chunks(3) {
        let bits = (0..3).fold(0, |bits, at| bits << 8 | u32::from(*group.get(at).unwrap_or(&0)));
        for place in 0..4 {
            let digit = ALPHABET[(bits >> (18 - 6 * place) & 63) as usize];
            text.push(if place <= group.len() { char::from(digit) } else { '=' });
        }
    }
    text
}

impl Content {
    /// Octets.
    pub fn len(&self) -> u64 {
        match self {
            Self::Octets(octets) => octets.len() as u64,
            Self::File { length, .. } => *length,
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Reads octets from `offset` on; 0 only at the end.
    ///
    /// # Errors
    ///
    /// The file's; [`io::ErrorKind::UnexpectedEof`] if it is shorter than it was.
    pub fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.len().saturating_sub(offset)).unwrap_or(usize::MAX);
        let count = buffer.len().min(left);
        match self {
            Self::Octets(octets) => {
                let from = octets.len() - left.min(octets.len());
                buffer[..count].copy_from_slice(&octets[from..from + count]);
                Ok(count)
            }
            Self::File { file, .. } => match file.read_at(&mut buffer[..count], offset)? {
                0 if count > 0 => Err(io::ErrorKind::UnexpectedEof.into()),
                read => Ok(read),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(method: &str) -> Request {
        Request::new(method, Url::parse("http://u:p@h:81/a?b#c").expect("a URL")).expect("a method")
    }

    fn text(request: &Request) -> String {
        String::from_utf8(request.head()).expect("ASCII")
    }

    #[test]
    fn a_request_says_what_it_must_and_no_more() {
        let mut request = request("GET");
        request.field("X-A", " one\t").expect("a field");
        let text = text(&request);
        assert!(text.starts_with("GET /a?b HTTP/1.1\r\nHost: h:81\r\n"), "{text}");
        assert!(text.ends_with("X-A: one\r\n\r\n"), "{text}");
        assert!(!text.contains("u:p") && !text.contains("Content-Length"), "{text}");
        assert!(text.contains("\r\nAuthorization: Basic dTpw\r\n"), "{text}");
        request.field("authorization", "Bearer x").expect("a field");
        assert_eq!(request.value("Authorization"), Some("Bearer x"));
    }

    #[test]
    fn base64_is_that_of_the_rfc() {
        // RFC 4648 §10.
        for (octets, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(octets.as_bytes()), text);
        }
    }

    #[test]
    fn a_callers_field_takes_the_place_of_ours() {
        let mut request = request("POST");
        request.field("host", "other").expect("a field");
        request.field("accept-encoding", "identity").expect("a field");
        let text = text(&request);
        assert!(text.contains("\r\nHost: other\r\n") && !text.contains("h:81"), "{text}");
        assert!(text.contains("identity") && !text.contains("gzip"), "{text}");
        assert!(text.contains("Content-Length: 0\r\n"), "{text}");
        assert!(request.field("Host", "third").is_err());
    }

    #[test]
    fn nothing_that_would_break_the_message_is_sent() {
        for method in ["", "GET ", "GET / HTTP/1.1\r\nX:", "G\u{e9}T", "CONNECT"] {
            assert!(Request::new(method, request("GET").url).is_err(), "{method:?}");
        }
        for (name, value) in [
            ("X-A", "one\r\nX-B: two"),
            ("X-A", "one\ntwo"),
            ("X-A", "one\rtwo"),
            ("X-A", "o\0ne"),
            ("X A", "one"),
            ("X:A", "one"),
            ("", "one"),
            ("X\r\nB", "one"),
            ("Content-Length", "5"),
            ("transfer-encoding", "chunked"),
        ] {
            assert!(request("GET").field(name, value).is_err(), "{name:?}: {value:?}");
        }
    }

    #[test]
    fn content_is_read_from_anywhere() {
        let content = Content::Octets(b"0123456789".to_vec().into());
        let mut buffer = [0; 4];
        assert_eq!(
            (content.read_at(8, &mut buffer).expect("octets"), &buffer[..2]),
            (2, &b"89"[..])
        );
        assert_eq!(content.read_at(10, &mut buffer).expect("octets"), 0);
        assert_eq!(content.read_at(99, &mut buffer).expect("octets"), 0);
    }
}
