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

use std::fmt::{self, Display, Write as _};
use std::net::{Ipv4Addr, Ipv6Addr};

/// Octets of the longest URL. RFC 9110 §4.1 asks for at least 8,000 to be supported.
pub const LONGEST: usize = 16 * 1024;
/// Octets of the longest name of a host (RFC 1035 §2.3.4 allows 255 on the wire: 253 in text).
const LONGEST_HOST: usize = 253;

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

/// The five parts of a reference, as they stand (RFC 3986 §3; its appendix B has the same as one
/// regular expression).
#[derive(Debug, Default)]
struct Reference<'a> {
    scheme: Option<Scheme>,
    authority: Option<&'a [u8]>,
    path: &'a [u8],
    query: Option<&'a [u8]>,
    fragment: Option<&'a [u8]>,
}

impl<'a> Reference<'a> {
    fn split(text: &'a [u8]) -> Result<Self, UrlError> {
        if text.len() > LONGEST {
            return Err(UrlError::TooLong(text.len()));
        }
        let text = text.trim_ascii();
        // The WHATWG's reader takes tabs and line ends out, wherever they stand. We refuse.
        if let Some(control) = text.iter().find(|octet| **octet < b' ' || **octet == 0x7f) {
            return Err(UrlError::Control(*control));
        }
        let mut parts = Self::default();
        let (rest, fragment) = cut(text, b'#');
        let (rest, query) = cut(rest, b'?');
        (parts.fragment, parts.query) = (fragment, query);
        let mut rest = rest;
        // A scheme ends at the first `:`, if that comes before any `/`.
        if let (head, Some(tail)) = cut(rest, b':')
            && head.first().is_some_and(u8::is_ascii_alphabetic)
            && head.iter().all(|octet| octet.is_ascii_alphanumeric() || b"+-.".contains(octet))
        {
            parts.scheme = Some(match head.to_ascii_lowercase().as_slice() {
                b"http" => Scheme::Http,
                b"https" => Scheme::Https,
                _ => return Err(UrlError::Scheme(String::from_utf8_lossy(head).into_owned())),
            });
            rest = tail;
        }
        if let Some(after) = rest.strip_prefix(b"//") {
            let end = after.iter().position(|octet| *octet == b'/').unwrap_or(after.len());
            parts.authority = Some(&after[..end]);
            rest = &after[end..];
        }
        parts.path = rest;
        Ok(parts)
    }
}

/// What stands before the first `mark`, and what after it.
fn cut(text: &[u8], mark: u8) -> (&[u8], Option<&[u8]>) {
    match text.iter().position(|octet| *octet == mark) {
        Some(at) => (&text[..at], Some(&text[at + 1..])),
        None => (text, None),
    }
}

fn host_and_port(place: &[u8]) -> Result<(Host, Option<u16>), UrlError> {
    let text = String::from_utf8_lossy(place);
    let wrong = |why| UrlError::Host(text.clone().into_owned(), why);
    let (host, port) = if let Some(rest) = text.strip_prefix('[') {
        let (address, port) = rest.split_once(']').ok_or_else(|| wrong("`[` without `]`"))?;
        let address = address.parse().map_err(|_| wrong("no address of IPv6"))?;
        match port.strip_prefix(':') {
            None if !port.is_empty() => return Err(wrong("after `]` comes `:` and a port")),
            port => (Host::V6(address), port.unwrap_or("")),
        }
    } else {
        let (host, port) = text.split_once(':').unwrap_or((&text, ""));
        (name_or_v4(host).map_err(wrong)?, port)
    };
    if port.is_empty() {
        return Ok((host, None));
    }
    let digits = port.bytes().all(|octet| octet.is_ascii_digit());
    match port.parse() {
        Ok(number @ 1..) if digits => Ok((host, Some(number))),
        _ => Err(UrlError::Port(port.to_owned())),
    }
}

fn name_or_v4(text: &str) -> Result<Host, &'static str> {
    let allowed = |octet: u8| octet.is_ascii_alphanumeric() || b"-._~".contains(&octet);
    if text.is_empty() {
        return Err("empty");
    }
    if text.len() > LONGEST_HOST {
        return Err("longer than 253 octets");
    }
    if !text.is_ascii() {
        return Err("not ASCII; an international name has a form that begins with xn--");
    }
    if !text.bytes().all(allowed) {
        return Err("it has a character that is not a letter, a digit, `-`, `_`, `~` or `.`");
    }
    if let Ok(address) = text.parse() {
        return Ok(Host::V4(address));
    }
    // Whose last label is a number is an address to the WHATWG ("ends in a number"), and to inet_aton(3).
    let last = text.strip_suffix('.').unwrap_or(text).rsplit('.').next().unwrap_or("");
    let hexadecimal = last.strip_prefix("0x").or_else(|| last.strip_prefix("0X"));
    let digits = |text: &str| text.bytes().all(|octet| octet.is_ascii_digit());
    if digits(last) || hexadecimal.is_some_and(|hex| hex.bytes().all(|o| o.is_ascii_hexdigit())) {
        return Err("an address of IPv4 is four decimal numbers");
    }
    Ok(Host::Name(text.to_ascii_lowercase()))
}

/// May stand in a path: RFC 3986 §3.3, and `%` (what it encodes is not looked at).
fn in_path(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/%".contains(&octet)
}

/// May stand in a query or a fragment: RFC 3986 §3.4, and `[` `]`, which all browsers leave.
fn in_query(octet: u8) -> bool {
    in_path(octet) || b"?[]".contains(&octet)
}

/// Percent-encodes what may not stand there (RFC 3986 §2.1).
fn encode(text: &[u8], allowed: fn(u8) -> bool) -> String {
    let mut encoded = String::with_capacity(text.len());
    for octet in text {
        if allowed(*octet) {
            encoded.push(char::from(*octet));
        } else {
            write!(encoded, "%{octet:02X}").expect("a String takes all");
        }
    }
    encoded
}

/// Undoes [`encode`]. A `%` without two hexadecimal digits behind it stands for itself.
pub fn decode(text: &str) -> Vec<u8> {
    let digit = |octet: Option<&u8>| octet.and_then(|octet| char::from(*octet).to_digit(16));
    let (mut decoded, mut rest) = (Vec::with_capacity(text.len()), text.as_bytes());
    while let Some((first, tail)) = rest.split_first() {
        match (first, digit(tail.first()), digit(tail.get(1))) {
            (b'%', Some(high), Some(low)) => {
                decoded.push(u8::try_from(high * 16 + low).expect("two digits are an octet"));
                rest = &tail[2..];
            }
            _ => {
                decoded.push(*first);
                rest = tail;
            }
        }
    }
    decoded
}

/// Resolves `.` and `..` (RFC 3986 §5.2.4), also where they are written `%2e` as the WHATWG has it. The
/// result begins with `/`.
fn normal(path: &str) -> String {
    let mut segments: Vec<&str> = Vec::new();
    let mut open = true;
    for segment in path.strip_prefix('/').unwrap_or(path).split('/') {
        open = false;
        match segment.to_ascii_lowercase().replace("%2e", ".").as_str() {
            "." => open = true,
            ".." => {
                segments.pop();
                open = true;
            }
            _ => segments.push(segment),
        }
    }
    if open {
        segments.push(""); // `/a/..` is `/`, and `/a/b/.` is `/a/b/`.
    }
    format!("/{}", segments.join("/"))
}

#[cfg(test)]
mod tests;
