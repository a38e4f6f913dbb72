//! `http` and `https` URLs: which server, and what to ask it for.
//!
//! ```text
//!   http://user:secret@example.org:8080/a/b?x=1#part
//!   │      │           │           │   │   │   └ fragment: never sent
//!   │      │           │           │   │   └ query     ┐ the request's target
//!   │      │           │           │   └ path          ┘
//!   │      │           └ host      └ port ── the `Host` field, and where to connect
//!   │      └ userinfo: for `Authorization`, never in a `Host` or a redirect
//!   └ scheme                    scheme + host + port = the origin (RFC 6454 §4)
//! ```
//!
//! Read RFC 3986: §3 for the parts, §5.2 for how a `Location` such as `../c` is resolved, and
//! RFC 9110 §4.2 for what `http` adds. Browsers read URLs by another text, the WHATWG's URL Standard.
//! Where two readers of one URL disagree on its host, whoever checked it with the one and connected
//! with the other has been fooled. So where the two texts differ about the *host*, this reader refuses:
//! a backslash, `127.1` and `0x7f.1` (to the WHATWG both are 127.0.0.1), percent-encoded hosts. Where
//! they differ about the path, it does as browsers and servers do: what may not stand in a
//! URL is percent-encoded, `%2e%2e` is `..`, and both are resolved before anything is sent.
//!
//! The crate `url` is the WHATWG's text whole, and brings the tables of international names with it:
//! some thirty crates. We do without those: a name that is not ASCII is to be given in its `xn--` form.

mod escapes;
mod parts;

use std::fmt::{self, Display};
use std::net::{Ipv4Addr, Ipv6Addr};

pub use escapes::decode;

use escapes::{encode, in_path, in_query, normal};
use parts::{Reference, host_and_port};

/// Octets of the longest URL. RFC 9110 §4.1 asks for at least 8,000 to be supported.
pub const LONGEST: usize = 16 * 1024;

/// An absolute `http` or `https` URL, normalised as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Url {
    /// Scheme, host and port.
    pub origin: Origin,
    /// What stands before the `@`, as it stood there.
    pub userinfo: Option<String>,
    /// Begins with `/`, and has no `.` and `..`.
    pub path: String,
    /// Without its `?`.
    pub query: Option<String>,
    /// Without its `#`.
    pub fragment: Option<String>,
}

/// Who is spoken to: credentials for one origin are nobody else's business.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Origin {
    /// With TLS or without.
    pub scheme: Scheme,
    /// Whom.
    pub host: Host,
    /// The one that was given, or the scheme's.
    pub port: u16,
}

/// The two schemes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "they are their own names")]
pub enum Scheme {
    Http,
    Https,
}

/// The host.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Host {
    /// A name, in lower case.
    Name(String),
    /// Four decimal numbers.
    V4(Ipv4Addr),
    /// What stood between brackets.
    V6(Ipv6Addr),
}

/// Why a text is no URL that this reader takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UrlError {
    /// Longer than [`LONGEST`].
    TooLong(usize),
    /// No scheme, and nothing to be relative to.
    Relative,
    /// A scheme that is not `http` or `https`.
    Scheme(String),
    /// `http:` without `//` and a host.
    NoHost,
    /// The host cannot be one, and why.
    Host(String, &'static str),
    /// The port is no number from 1 to 65535.
    Port(String),
    /// A control character, which nobody means.
    Control(u8),
}

impl Display for UrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong(length) => write!(f, "{length} octets, and {LONGEST} are allowed"),
            Self::Relative => write!(f, "no scheme: a URL begins with http://"),
            Self::Scheme(scheme) => write!(f, "the scheme `{scheme}` is not http or https"),
            Self::NoHost => write!(f, "no host: after the scheme comes `//` and a host"),
            Self::Host(host, why) => write!(f, "the host `{}`: {why}", host.escape_debug()),
            Self::Port(port) => {
                write!(f, "the port `{}` is no number from 1 to 65535", port.escape_debug())
            }
            Self::Control(octet) => write!(f, "a control character (0x{octet:02x})"),
        }
    }
}

impl std::error::Error for UrlError {}

impl Url {
    /// Reads an absolute URL.
    ///
    /// ```
    /// use protocols::http::url::Url;
    ///
    /// let url = Url::parse("HTTP://Example.org:80/a/./b/../c d?q#f")?;
    /// assert_eq!(url.to_string(), "http://example.org/a/c%20d?q#f");
    /// assert_eq!(url.target(), "/a/c%20d?q");
    /// assert_eq!(url.origin.authority(), "example.org");
    /// # Ok::<(), protocols::http::url::UrlError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`UrlError`].
    pub fn parse(text: &str) -> Result<Self, UrlError> {
        let reference = Reference::split(text.as_bytes())?;
        let scheme = reference.scheme.ok_or(UrlError::Relative)?;
        Self::with_authority(scheme, &reference, None)
    }

    /// What a reference means that was found here: the value of a `Location` (RFC 9110 §10.2.2).
    /// Its octets may be any; a server's field is not always ASCII.
    ///
    /// A fragment is inherited where the reference has none, as that section says; userinfo never is.
    ///
    /// # Errors
    ///
    /// [`UrlError`].
    pub fn join(&self, reference: &[u8]) -> Result<Self, UrlError> {
        let reference = Reference::split(reference)?;
        if let Some(scheme) = reference.scheme {
            return Self::with_authority(scheme, &reference, self.fragment.as_deref());
        }
        if reference.authority.is_some() {
            let scheme = self.origin.scheme;
            return Self::with_authority(scheme, &reference, self.fragment.as_deref());
        }
        // RFC 3986 §5.2.2, from `if (R.path == "")` on.
        let mut query = reference.query.map(|query| encode(query, in_query));
        let path = match reference.path {
            b"" => {
                query = query.or_else(|| self.query.clone());
                self.path.clone()
            }
            [b'/', ..] => normal(&encode(reference.path, in_path)),
            relative => {
                let directory = self.path.rfind('/').map_or("/", |at| &self.path[..=at]);
                normal(&format!("{directory}{}", encode(relative, in_path)))
            }
        };
        let fragment = reference.fragment.map(|text| encode(text, in_query));
        Ok(Self {
            origin: self.origin.clone(),
            userinfo: None,
            path,
            query,
            fragment: fragment.or_else(|| self.fragment.clone()),
        })
    }

    fn with_authority(
        scheme: Scheme,
        reference: &Reference<'_>,
        inherited: Option<&str>,
    ) -> Result<Self, UrlError> {
        let authority = reference.authority.ok_or(UrlError::NoHost)?;
        if authority.contains(&b'\\') {
            // To the WHATWG it is a `/`, and the host ends here; to the RFC it is nothing at all.
            let text = String::from_utf8_lossy(authority).into_owned();
            return Err(UrlError::Host(text, "a backslash"));
        }
        // The last `@`: what stands before it is no host, however it looks.
        let at = authority.iter().rposition(|octet| *octet == b'@');
        let (userinfo, place) = match at {
            Some(at) => (Some(encode(&authority[..at], in_query)), &authority[at + 1..]),
            None => (None, authority),
        };
        let (host, port) = host_and_port(place)?;
        let fragment = reference.fragment.map(|text| encode(text, in_query));
        Ok(Self {
            origin: Origin { scheme, host, port: port.unwrap_or(scheme.default_port()) },
            userinfo,
            path: normal(&encode(reference.path, in_path)),
            query: reference.query.map(|query| encode(query, in_query)),
            fragment: fragment.or_else(|| inherited.map(str::to_owned)),
        })
    }

    /// What stands in the request line: the origin-form of RFC 9112 §3.2.1.
    pub fn target(&self) -> String {
        match &self.query {
            Some(query) => format!("{}?{query}", self.path),
            None => self.path.clone(),
        }
    }

    /// The last segment of the path, decoded, where it can name a file: not empty, no `/` and no NUL in
    /// it, not `.` or `..`.
    pub fn file_name(&self) -> Option<String> {
        let segment = self.path.rsplit('/').next()?;
        let name = String::from_utf8(decode(segment)).ok()?;
        let harmless = !name.contains(['/', '\\']) && !name.contains(char::is_control);
        (harmless && !matches!(name.as_str(), "" | "." | "..")).then_some(name)
    }
}

impl Display for Url {
    /// Without the userinfo, which is a secret and belongs in no log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.origin, self.target())?;
        self.fragment.as_ref().map_or(Ok(()), |fragment| write!(f, "#{fragment}"))
    }
}

impl Origin {
    /// The value of the `Host` field: the port only where it is not the scheme's (RFC 9110 §4.2.3).
    pub fn authority(&self) -> String {
        if self.port == self.scheme.default_port() {
            self.host.to_string()
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

impl Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.scheme {
            Scheme::Http => "http",
            Scheme::Https => "https",
        };
        write!(f, "{scheme}://{}", self.authority())
    }
}

impl Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::V4(address) => write!(f, "{address}"),
            Self::V6(address) => write!(f, "[{address}]"),
        }
    }
}

impl Scheme {
    /// 80 or 443 (RFC 9110 §4.2.1, §4.2.2).
    pub fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

#[cfg(test)]
mod tests;
