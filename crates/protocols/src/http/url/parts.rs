//! A reference taken into its parts, and the host and port among them.

use super::{Host, LONGEST, Scheme, UrlError};

/// Octets of the longest name of a host (RFC 1035 §2.3.4 allows 255 on the wire: 253 in text).
const LONGEST_HOST: usize = 253;

/// The five parts of a reference, as they stand (RFC 3986 §3; its appendix B has the same as one
/// regular expression).
#[derive(Debug, Default)]
pub(super) struct Reference<'a> {
    pub(super) scheme: Option<Scheme>,
    pub(super) authority: Option<&'a [u8]>,
    pub(super) path: &'a [u8],
    pub(super) query: Option<&'a [u8]>,
    pub(super) fragment: Option<&'a [u8]>,
}

impl<'a> Reference<'a> {
    pub(super) fn split(text: &'a [u8]) -> Result<Self, UrlError> {
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

/// What stands behind the `@` of an authority.
pub(super) fn host_and_port(place: &[u8]) -> Result<(Host, Option<u16>), UrlError> {
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
