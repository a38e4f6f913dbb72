//! Mailboxes and paths: who a message is from and for (RFC 5321 §4.1.2, §4.1.3).
//!
//! ```text
//! <@relay.example,@other.example:user@host.example>
//!  └──── source route: read, and forgotten ────┘└── mailbox: local part @ domain
//! <"two words"@[192.0.2.1]>      a quoted local part at an address literal
//! <>                             nobody: the sender of reports about mail
//! <Postmaster>                   the one name that needs no domain
//! ```
//!
//! What is read here ends up in replies, in header fields and in other servers' commands. So an
//! address holds no control character, no CR, no LF and no unquoted space, whoever it came from:
//! whatever does not fit the grammar is refused, and nothing is mended.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

/// RFC 5321 §4.5.3.1.1: octets of a local part.
pub const LONGEST_LOCAL_PART: usize = 64;
/// RFC 5321 §4.5.3.1.2: octets of a domain.
pub const LONGEST_DOMAIN: usize = 255;
/// RFC 5321 §4.5.3.1.3: octets of a path, with its angle brackets.
pub const LONGEST_PATH: usize = 256;
/// RFC 1035 §2.3.4: octets of a label.
const LONGEST_LABEL: usize = 63;

/// Why a text is no address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Error {
    /// Longer than [`LONGEST_PATH`], or a part of it longer than it may be.
    TooLong,
    /// No angle brackets around it, or something after them that does not belong there.
    Brackets,
    /// Octets that no local part has outside quotes, or quotes that do not end.
    LocalPart,
    /// No `@`, or something behind it that is neither a domain nor an address in brackets.
    Domain,
    /// Octets beyond ASCII that are not UTF-8.
    Utf8,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLong => "the address is too long",
            Self::Brackets => "the address does not stand in angle brackets",
            Self::LocalPart => "what stands before the @ is no local part",
            Self::Domain => "what stands after the @ is neither a domain nor an address literal",
            Self::Utf8 => "the address is not UTF-8",
        })
    }
}

impl std::error::Error for Error {}

/// `local-part@domain`, checked.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Mailbox {
    text: String,
    /// Where the `@` is.
    at: usize,
}

impl Mailbox {
    /// Reads a mailbox that stands alone, as a person types it.
    ///
    /// ```
    /// use protocols::smtp::address::Mailbox;
    ///
    /// assert_eq!(Mailbox::parse("\"a b\"@[127.0.0.1]")?.domain(), "[127.0.0.1]");
    /// assert!(Mailbox::parse("b@y>\r\nRCPT TO:<evil@z").is_err());
    /// # Ok::<(), protocols::smtp::address::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, Error> {
        if text.len() > LONGEST_PATH - 2 {
            return Err(Error::TooLong);
        }
        let at = local_part(text)?;
        let domain = text[at..].strip_prefix('@').ok_or(Error::Domain)?;
        check_domain(domain)?;
        Ok(Self { text: text.to_owned(), at })
    }

    /// What stands before the `@`, with its quotes if it has some.
    pub fn local_part(&self) -> &str {
        &self.text[..self.at]
    }

    /// What stands behind it: a domain, or an address in brackets.
    pub fn domain(&self) -> &str {
        &self.text[self.at + 1..]
    }

    /// The whole.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it can be named only to a server that offers SMTPUTF8 (RFC 6531).
    pub fn needs_utf8(&self) -> bool {
        !self.text.is_ascii()
    }
}

impl fmt::Display for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Where a message is from, or where it goes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Path {
    /// `<>`: nobody (RFC 5321 §4.5.5). Only as a sender.
    Null,
    /// `<Postmaster>`, in any case, without a domain (RFC 5321 §4.5.1). Only as a recipient.
    Postmaster,
    /// A mailbox.
    Mailbox(Mailbox),
}

impl Path {
    /// Reads a path at the start of `text`, and gives what follows it: the parameters.
    ///
    /// # Errors
    ///
    /// What is wrong with it.
    // ANCHOR: path
    pub fn parse(text: &[u8]) -> Result<(Self, &[u8]), Error> {
        let inside = text.strip_prefix(b"<").ok_or(Error::Brackets)?;
        let length = end_of_path(inside).ok_or(Error::Brackets)?;
        let (inside, rest) = (&inside[..length], &inside[length + 1..]);
        if length + 2 > LONGEST_PATH {
            return Err(Error::TooLong);
        }
        let inside = str::from_utf8(inside).map_err(|_| Error::Utf8)?;
        if inside.is_empty() {
            return Ok((Self::Null, rest));
        }
        if inside.eq_ignore_ascii_case("postmaster") {
            return Ok((Self::Postmaster, rest));
        }
        let mailbox = Mailbox::parse(skip_source_route(inside)?)?;
        Ok((Self::Mailbox(mailbox), rest))
    }
    // ANCHOR_END: path

    /// Without the angle brackets: the null path is empty.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Null => "",
            Self::Postmaster => "postmaster",
            Self::Mailbox(mailbox) => mailbox.as_str(),
        }
    }

    /// Whether it can be named only where SMTPUTF8 was agreed.
    pub fn needs_utf8(&self) -> bool {
        matches!(self, Self::Mailbox(mailbox) if mailbox.needs_utf8())
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Where the `>` is that ends a path: one between quotes is a part of the local part.
fn end_of_path(inside: &[u8]) -> Option<usize> {
    let (mut quoted, mut escaped) = (false, false);
    inside.iter().position(|&octet| {
        match octet {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'>' => return !quoted,
            _ => {}
        }
        false
    })
}

/// RFC 5321 §4.1.1.3, appendix C: a receiver must accept a source route, and should ignore it.
fn skip_source_route(inside: &str) -> Result<&str, Error> {
    let Some(route) = inside.strip_prefix('@') else { return Ok(inside) };
    // No colon is part of a domain; one in an IPv6 literal is not, since relays have names.
    let (route, mailbox) = route.split_once(':').ok_or(Error::Domain)?;
    for hop in route.split(",@") {
        check_name(hop)?;
    }
    Ok(mailbox)
}

/// Checks the local part at the start, and gives its length.
fn local_part(text: &str) -> Result<usize, Error> {
    let length =
        if text.starts_with('"') { quoted_string(text.as_bytes())? } else { dot_string(text)? };
    if length > LONGEST_LOCAL_PART { Err(Error::TooLong) } else { Ok(length) }
}

/// `Dot-string = Atom *("." Atom)`: no dot begins or ends it, and no two stand together.
fn dot_string(text: &str) -> Result<usize, Error> {
    let length = text.find('@').unwrap_or(text.len());
    let atom = |atom: &str| !atom.is_empty() && atom.chars().all(is_atext);
    if text[..length].split('.').all(atom) { Ok(length) } else { Err(Error::LocalPart) }
}

/// RFC 5322 §3.2.3, and with RFC 6531 §3.3 whatever is not ASCII.
fn is_atext(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c) || is_utf8_text(c)
}

/// Beyond ASCII, but for the controls there (U+0080 to U+009F): one of them is a line end to some.
fn is_utf8_text(c: char) -> bool {
    !c.is_ascii() && !c.is_control() && !matches!(c, '\u{2028}' | '\u{2029}')
}

/// `Quoted-string`: printable ASCII, where `"` and `\` stand behind a `\`.
fn quoted_string(text: &[u8]) -> Result<usize, Error> {
    let mut escaped = false;
    for (at, &octet) in text.iter().enumerate().skip(1) {
        match octet {
            b' '..=b'~' if escaped => escaped = false,
            b'"' => return Ok(at + 1),
            b'\\' => escaped = true,
            b' '..=b'~' | 0x80.. if !escaped => {}
            _ => return Err(Error::LocalPart),
        }
    }
    Err(Error::LocalPart)
}

fn check_domain(domain: &str) -> Result<(), Error> {
    if domain.len() > LONGEST_DOMAIN {
        return Err(Error::TooLong);
    }
    match domain.strip_prefix('[').map(|literal| literal.strip_suffix(']')) {
        None => check_name(domain),
        Some(Some(literal)) => check_literal(literal),
        Some(None) => Err(Error::Domain),
    }
}

/// RFC 5321 §4.1.3. There is a third kind, by a registered tag, and IPv6 is the only one registered.
fn check_literal(literal: &str) -> Result<(), Error> {
    let tag = literal.get(..5).filter(|tag| tag.eq_ignore_ascii_case("IPv6:"));
    let address = match tag {
        Some(_) => literal[5..].parse::<Ipv6Addr>().is_ok(),
        None => literal.parse::<Ipv4Addr>().is_ok(),
    };
    if address { Ok(()) } else { Err(Error::Domain) }
}

/// Labels of letters, digits and inner hyphens (RFC 5321 §2.3.5), or of UTF-8 (RFC 6531 §3.3).
pub(super) fn check_name(name: &str) -> Result<(), Error> {
    if name.len() > LONGEST_DOMAIN {
        return Err(Error::TooLong);
    }
    let label = |label: &str| {
        let octet = |c: char| c.is_ascii_alphanumeric() || c == '-' || is_utf8_text(c);
        let hyphens = label.starts_with('-') || label.ends_with('-');
        (1..=LONGEST_LABEL).contains(&label.len()) && !hyphens && label.chars().all(octet)
    };
    if name.split('.').all(label) { Ok(()) } else { Err(Error::Domain) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> Result<String, Error> {
        let (path, rest) = Path::parse(text.as_bytes())?;
        assert_eq!(rest, b"", "{text}");
        Ok(path.to_string())
    }

    #[test]
    fn paths_that_are_right() {
        for (text, mailbox) in [
            ("<>", ""),
            ("<Postmaster>", "postmaster"),
            ("<a@x>", "a@x"),
            ("<a.b+c=d@x-1.example>", "a.b+c=d@x-1.example"),
            ("<@one.example,@two:user@three>", "user@three"),
            ("<\"two words\"@x>", "\"two words\"@x"),
            ("<\"a>b@c\\\"\"@x>", "\"a>b@c\\\"\"@x"),
            ("<a@[127.0.0.1]>", "a@[127.0.0.1]"),
            ("<a@[IPv6:::1]>", "a@[IPv6:::1]"),
            ("<a@[ipv6:2001:db8::1]>", "a@[ipv6:2001:db8::1]"),
            ("<pelé@exämple.org>", "pelé@exämple.org"),
        ] {
            assert_eq!(path(text), Ok(mailbox.to_owned()), "{text}");
        }
        let long = format!("<{}@{}.example>", "l".repeat(64), "d".repeat(63));
        assert!(path(&long).is_ok());
    }

    #[test]
    fn paths_that_are_wrong() {
        for (text, error) in [
            ("", Error::Brackets),
            ("a@x", Error::Brackets),
            ("<a@x", Error::Brackets),
            ("<a@x\">", Error::Brackets),
            ("<a>", Error::Domain),
            ("<a@>", Error::Domain),
            ("<@x>", Error::Domain),
            ("<a@b@c>", Error::Domain),
            ("<a@-x>", Error::Domain),
            ("<a@x..y>", Error::Domain),
            ("<a@x.>", Error::Domain),
            ("<a@x_y>", Error::Domain),
            ("<a@[1.2.3]>", Error::Domain),
            ("<a@[1.2.3.4>", Error::Domain),
            ("<a@[IPv6:1.2.3.4]>", Error::Domain),
            ("<a@[tag:x]>", Error::Domain),
            ("<.a@x>", Error::LocalPart),
            ("<a..b@x>", Error::LocalPart),
            ("<a b@x>", Error::LocalPart),
            ("<a\r@x>", Error::LocalPart),
            ("<a\0@x>", Error::LocalPart),
            ("<\"a\nb\"@x>", Error::LocalPart),
            ("<\"a\"b@x>", Error::Domain),
            ("<a\u{85}@x>", Error::LocalPart),
            ("<@bad host:a@x>", Error::Domain),
        ] {
            assert_eq!(path(text), Err(error), "{text:?}");
        }
        assert_eq!(Path::parse(b"<\xff@x>"), Err(Error::Utf8));
        for long in [
            format!("<{}@x>", "l".repeat(65)),
            format!(
                "<a@{}>",
                ["d".repeat(63), "d".repeat(63), "d".repeat(63), "e".repeat(63)].join(".")
            ),
        ] {
            assert_eq!(path(&long), Err(Error::TooLong), "{long}");
        }
    }

    #[test]
    fn what_follows_a_path_is_given_back() {
        let (_, rest) = Path::parse(b"<a@x> SIZE=5").expect("a path");
        assert_eq!(rest, b" SIZE=5");
    }
}
