//! What a request is about: RFC 9112 §3.2, and from there to a name beneath a folder.
//!
//! ```text
//!   GET /a%20b/?q HTTP/1.1                origin-form: path and query; the usual one
//!   GET http://host/a%20b/?q HTTP/1.1     absolute-form: to a proxy, but every server takes it
//!   OPTIONS * HTTP/1.1                    asterisk-form: the server as a whole
//!   CONNECT host:443 HTTP/1.1             authority-form: a tunnel
//! ```

use std::borrow::Cow;

use super::fields::{find, is};

/// A request's target, in parts that are not decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target<'a> {
    /// A path that begins with `/`, and the query behind `?`, if there is one.
    Path {
        /// Of an absolute-form, the host and port: they count more than the Host field (§3.2.2).
        authority: Option<&'a [u8]>,
        /// With its first `/`.
        path: &'a [u8],
        /// Without its `?`.
        query: Option<&'a [u8]>,
    },
    /// `*`, with OPTIONS.
    Asterisk,
    /// A host and a port, with CONNECT.
    Authority(&'a [u8]),
}

impl<'a> Target<'a> {
    /// Takes a target apart. `None`: it has none of the four forms, or one that its method has not.
    pub fn parse(method: &[u8], target: &'a [u8]) -> Option<Self> {
        // RFC 3986 knows only visible ASCII, and a fragment is never sent (RFC 9110 §7.1).
        if target.iter().any(|octet| !matches!(octet, b'!'..=b'~') || *octet == b'#') {
            return None;
        }
        match (method, target) {
            (b"CONNECT", _) => is_authority(target).then_some(Self::Authority(target)),
            (b"OPTIONS", b"*") => Some(Self::Asterisk),
            (_, [b'/', ..]) => Some(Self::path(None, target)),
            _ => {
                let colon = find(b':', target)?;
                let rest = target[colon..].strip_prefix(b"://")?;
                if !is(&target[..colon], "http") && !is(&target[..colon], "https") {
                    return None;
                }
                let end = rest.iter().position(|octet| matches!(octet, b'/' | b'?'));
                let (authority, path) = rest.split_at(end.unwrap_or(rest.len()));
                if authority.is_empty() || !is_authority(authority) {
                    return None;
                }
                // §3.2.4: OPTIONS without a path is about the server.
                match (method, path) {
                    (b"OPTIONS", b"") => Some(Self::Asterisk),
                    (_, [b'/', ..]) => Some(Self::path(Some(authority), path)),
                    _ => {
                        let query = path.strip_prefix(b"?");
                        Some(Self::Path { authority: Some(authority), path: b"/", query })
                    }
                }
            }
        }
    }

    fn path(authority: Option<&'a [u8]>, target: &'a [u8]) -> Self {
        match find(b'?', target) {
            None => Self::Path { authority, path: target, query: None },
            Some(at) => {
                Self::Path { authority, path: &target[..at], query: Some(&target[at + 1..]) }
            }
        }
    }
}

/// Whether it may be a host and a port, as in a Host field: RFC 9110 §7.2, RFC 3986 §3.2. No user, no
/// path, no space; the empty one is right in a Host field.
pub fn is_authority(authority: &[u8]) -> bool {
    let (host, port) = match authority {
        [b'[', rest @ ..] => {
            let Some(end) = find(b']', rest) else { return false };
            let address = &rest[..end];
            let colons = address.iter().all(|o| o.is_ascii_hexdigit() || b":.v".contains(o));
            if address.is_empty() || !colons {
                return false;
            }
            match &rest[end + 1..] {
                [] => return true,
                [b':', port @ ..] => (&b"[]"[..], port),
                _ => return false,
            }
        }
        _ => match find(b':', authority) {
            None => (authority, &[][..]),
            Some(colon) => (&authority[..colon], &authority[colon + 1..]),
        },
    };
    let named = |o: &u8| o.is_ascii_alphanumeric() || b"-._~%!$&'()*+,;=[]".contains(o);
    host.iter().all(named) && port.len() <= 5 && port.iter().all(u8::is_ascii_digit)
}

/// The longest name that the system takes (PATH_MAX, 4,096 with its NUL). Of a longer one, nothing can be there.
const LONGEST: usize = 4_095;

/// A path that was decoded: a name beneath a folder.
#[derive(Debug, Clone)]
pub struct Name<'a> {
    /// Relative, and without a `/` at its end. Where nothing is escaped it is a part of the path.
    octets: Cow<'a, [u8]>,
    /// Whether the path ended with `/`, or was only that: it names a directory then.
    pub directory: bool,
}

/// Why a path names nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unnamed {
    /// `%` without two hexadecimal digits behind it.
    BadEscape,
    /// NUL, which would end the name for the system.
    Nul,
    /// A `/` that was escaped: the segment would become two.
    Slash,
    /// `.` or `..`, escaped or not. RFC 3986 §5.2.4 has clients resolve them.
    Dots,
    /// It is longer than any name.
    TooLong,
}

impl<'a> Name<'a> {
    /// Decodes a path, segment by segment and once (RFC 3986 §2.4): what `%2525` stands for is `%25`.
    ///
    /// # Errors
    ///
    /// What no name has. The jail would refuse what leads out as well; here it is said why.
    pub fn decode(path: &'a [u8]) -> Result<Self, Unnamed> {
        let directory = path.is_empty() || path.ends_with(b"/");
        let path = path.strip_prefix(b"/").unwrap_or(path);
        let path = path.strip_suffix(b"/").unwrap_or(path);
        let mut plain = path.len() <= LONGEST;
        for segment in path.split(|octet| *octet == b'/') {
            plain &= (!segment.is_empty() || path.is_empty())
                && !matches!(segment, b"." | b"..")
                && !segment.iter().any(|octet| matches!(octet, b'%' | 0));
        }
        if plain {
            return Ok(Self { octets: Cow::Borrowed(path), directory });
        }
        let mut octets = Vec::new();
        for segment in path.split(|octet| *octet == b'/').filter(|segment| !segment.is_empty()) {
            decode_segment(segment, &mut octets)?;
        }
        Ok(Self { octets: Cow::Owned(octets), directory })
    }

    /// The name of something in this directory, that needs no decoding.
    pub fn join(&self, segment: &str) -> Name<'static> {
        let mut octets = self.octets.to_vec();
        if !octets.is_empty() {
            octets.push(b'/');
        }
        octets.extend_from_slice(segment.as_bytes());
        Name { octets: Cow::Owned(octets), directory: false }
    }

    /// The name, relative and without a `/` at its end; empty: the folder itself.
    pub fn as_bytes(&self) -> &[u8] {
        &self.octets
    }
}

fn decode_segment(segment: &[u8], name: &mut Vec<u8>) -> Result<(), Unnamed> {
    if !name.is_empty() {
        name.push(b'/');
    }
    let start = name.len();
    let mut rest = segment;
    while let Some((octet, after)) = rest.split_first() {
        rest = after;
        let octet = match *octet {
            b'%' => {
                let [high, low, after @ ..] = rest else { return Err(Unnamed::BadEscape) };
                rest = after;
                hex(*high)? << 4 | hex(*low)?
            }
            octet => octet,
        };
        match octet {
            0 => return Err(Unnamed::Nul),
            b'/' => return Err(Unnamed::Slash),
            octet => name.push(octet),
        }
    }
    match &name[start..] {
        b"." | b".." => Err(Unnamed::Dots),
        _ if name.len() > LONGEST => Err(Unnamed::TooLong),
        _ => Ok(()),
    }
}

#[cfg(unix)]
impl AsRef<std::path::Path> for Name<'_> {
    fn as_ref(&self) -> &std::path::Path {
        use std::os::unix::ffi::OsStrExt;
        std::path::Path::new(std::ffi::OsStr::from_bytes(self.as_bytes()))
    }
}

fn hex(digit: u8) -> Result<u8, Unnamed> {
    match digit {
        b'0'..=b'9' => Ok(digit - b'0'),
        b'a'..=b'f' => Ok(digit - b'a' + 10),
        b'A'..=b'F' => Ok(digit - b'A' + 10),
        _ => Err(Unnamed::BadEscape),
    }
}

/// Writes octets as part of a path: all but the unreserved ones and `/` are escaped (RFC 3986 §2.3).
pub fn encode(octets: &[u8], out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    for octet in octets {
        if octet.is_ascii_alphanumeric() || b"-._~/".contains(octet) {
            out.push(*octet);
        } else {
            let (high, low) = (usize::from(octet >> 4), usize::from(octet & 15));
            out.extend([b'%', DIGITS[high], DIGITS[low]]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_has_one_of_four_forms() {
        let path = |authority, path: &'static str, query: Option<&'static str>| {
            Some(Target::Path { authority, path: path.as_bytes(), query: query.map(str::as_bytes) })
        };
        for (method, target, parsed) in [
            ("GET", "/a%20b/?q?/", path(None, "/a%20b/", Some("q?/"))),
            ("GET", "/?", path(None, "/", Some(""))),
            ("GET", "//a", path(None, "//a", None)),
            ("GET", "http://h:80/a?q", path(Some(&b"h:80"[..]), "/a", Some("q"))),
            ("GET", "HTTP://[::1]", path(Some(&b"[::1]"[..]), "/", None)),
            ("GET", "http://h?q", path(Some(&b"h"[..]), "/", Some("q"))),
            ("OPTIONS", "*", Some(Target::Asterisk)),
            ("OPTIONS", "http://h", Some(Target::Asterisk)),
            ("OPTIONS", "/", path(None, "/", None)),
            ("CONNECT", "h:443", Some(Target::Authority(b"h:443"))),
            ("CONNECT", "/", None),
            ("GET", "*", None),
            ("GET", "h:443", None),
            ("GET", "a", None),
            ("GET", "", None),
            ("GET", "http:///a", None),
            ("GET", "http://u:p@h/", None),
            ("GET", "ftp://h/", None),
            ("GET", "/a#b", None),
            ("GET", "/a\tb", None),
            ("GET", "/\u{e9}", None),
        ] {
            assert_eq!(Target::parse(method.as_bytes(), target.as_bytes()), parsed, "{target}");
        }
    }

    #[test]
    fn an_authority_is_a_host_and_a_port() {
        for right in ["", "h", "h:80", "h:", "127.0.0.1:8080", "[::1]", "[::1]:80", "a_b.c-d"] {
            assert!(is_authority(right.as_bytes()), "{right}");
        }
        for wrong in ["h/p", "u@h", "h:8a", "h:123456", "a b", "[::1", "[]", "[x]", "[::1]x", "h?q"]
        {
            assert!(!is_authority(wrong.as_bytes()), "{wrong}");
        }
    }

    #[test]
    fn a_path_is_decoded_once() {
        for (path, name, directory) in [
            ("/", "", true),
            ("//", "", true),
            ("/a", "a", false),
            ("//a//b/", "a/b", true),
            ("/a%20b/%C3%A9", "a b/\u{e9}", false),
            ("/%2525", "%25", false),
            ("/.../..a/a..", ".../..a/a..", false),
            ("/a\\b", "a\\b", false),
        ] {
            let decoded = Name::decode(path.as_bytes()).expect(path);
            assert_eq!(decoded.as_bytes(), name.as_bytes(), "{path}");
            assert_eq!(decoded.directory, directory, "{path}");
        }
    }

    #[test]
    fn what_would_lead_out_names_nothing() {
        for (path, why) in [
            ("/..", Unnamed::Dots),
            ("/a/../b", Unnamed::Dots),
            ("/%2e%2E/b", Unnamed::Dots),
            ("/.%2e", Unnamed::Dots),
            ("/./a", Unnamed::Dots),
            ("/..%2f..%2fetc", Unnamed::Slash),
            ("/a%00.png", Unnamed::Nul),
            ("/%", Unnamed::BadEscape),
            ("/%4", Unnamed::BadEscape),
            ("/%u0041", Unnamed::BadEscape),
            ("/%+1", Unnamed::BadEscape),
        ] {
            assert_eq!(Name::decode(path.as_bytes()).map(|_| ()), Err(why), "{path}");
        }
        let long = [&b"/"[..], &[b'a'; LONGEST]].concat();
        assert_eq!(Name::decode(&long).expect("just so").as_bytes().len(), LONGEST);
        let longer = [&long[..], b"a"].concat();
        assert_eq!(Name::decode(&longer).map(|_| ()), Err(Unnamed::TooLong));
    }

    #[test]
    fn what_is_encoded_is_decoded_again() {
        let all: Vec<u8> = (1..=255).filter(|octet| *octet != b'/').collect();
        let mut path = b"/".to_vec();
        encode(&all, &mut path);
        assert_eq!(Name::decode(&path).expect("right").as_bytes(), all);
    }
}
