//! Header and trailer fields, RFC 9110 §5 and RFC 9112 §5: lines of a name and a value.
//!
//! ```text
//!   Host: example.org CRLF        field-line = field-name ":" OWS field-value OWS
//!   Accept: text/html CRLF
//!   CRLF                          the empty line that ends the section
//! ```
//!
//! [`Scan`] finds the end of a section and looks at every octet on the way: what it lets pass,
//! [`Fields`] hands out by name, from where it lies. Nothing is copied, and nothing is allocated.
//!
//! Two programs that read a section in two ways can be played off against each other: the one in
//! front counts a field that the one behind does not see (RFC 9112 §11.2, request smuggling). So
//! a server reads strictly, [`Rules::STRICT`], although the RFC would let it be lenient here and
//! there; what is wrong is refused and never repaired. Clients meet old servers, and are in no
//! such danger: [`Rules::LENIENT`].

use std::fmt;

/// How much a section may hold, and how strictly it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// Octets of the whole section, its empty line included.
    pub octets: usize,
    /// Field lines in it.
    pub lines: usize,
    /// Whether to take a lone LF for a line's end, as RFC 9112 §2.2 allows, and a line that begins with
    /// a space for more of the one before it, as §5.2 asks of user agents. Such a section needs
    /// [`unfold`] before it is read.
    pub lenient: bool,
}

impl Rules {
    /// A server's.
    pub const STRICT: Self = Self { octets: 32 * 1024, lines: 100, lenient: false };
    /// A client's.
    pub const LENIENT: Self = Self { octets: 128 * 1024, lines: 1_000, lenient: true };
}

/// What is wrong with a section.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Error {
    /// It has more octets than the rules allow.
    TooLong,
    /// It has more lines than the rules allow.
    TooMany,
    /// A line has no colon.
    NoColon,
    /// A field's name is empty or holds this octet, which no token may: RFC 9110 §5.6.2. A space before
    /// the colon is one: RFC 9112 §5.1.
    Name(Option<u8>),
    /// A field's value holds this octet, which none may: RFC 9110 §5.5. CR and NUL are among them.
    Value(u8),
    /// A line begins with a space: an obsolete fold, RFC 9112 §5.2.
    Fold,
    /// A line ends with LF alone.
    LoneLf,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => f.write_str("the field section is too long"),
            Self::TooMany => f.write_str("the field section has too many lines"),
            Self::NoColon => f.write_str("a field line without a colon"),
            Self::Name(None) => f.write_str("a field without a name"),
            Self::Name(Some(octet)) => write!(f, "{octet:#04x} in a field's name"),
            Self::Value(octet) => write!(f, "{octet:#04x} in a field's value"),
            Self::Fold => f.write_str("a folded field line"),
            Self::LoneLf => f.write_str("a line that ends without CR"),
        }
    }
}

impl std::error::Error for Error {}

/// Looks for the end of a section that arrives in pieces, each octet once or twice.
///
/// A mistake is reported when its line is there, and not only when the section is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Scan {
    /// Lines before this offset are whole, and right.
    line: usize,
    /// From `line` up to this offset there is no LF.
    looked: usize,
    lines: usize,
}

impl Scan {
    /// Goes on, in `section`: what it was given before, and more. `Some(end)`: the section is
    /// whole, and what follows begins at `end`. `None`: there must come more.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong.
    pub fn end(&mut self, section: &[u8], rules: &Rules) -> Result<Option<usize>, Error> {
        self.visit(section, rules, |_, _| ())
    }

    /// The same, and shows each field to `see` as it is found right.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong.
    pub(crate) fn visit<'a>(
        &mut self,
        section: &'a [u8],
        rules: &Rules,
        mut see: impl FnMut(&'a [u8], &'a [u8]),
    ) -> Result<Option<usize>, Error> {
        while let Some(lf) = find(b'\n', &section[self.looked..]) {
            let next = self.looked + lf + 1;
            if next > rules.octets {
                return Err(Error::TooLong);
            }
            let line = without_end(&section[self.line..next], rules)?;
            if line.is_empty() {
                return Ok(Some(next));
            }
            if self.lines == rules.lines {
                return Err(Error::TooMany);
            }
            if let Some((name, value)) = check(line, self.lines == 0, rules)? {
                see(name, trim(value));
            }
            (self.line, self.looked, self.lines) = (next, next, self.lines + 1);
        }
        self.looked = section.len();
        if section.len() >= rules.octets { Err(Error::TooLong) } else { Ok(None) }
    }
}

/// A line without its CRLF.
pub(crate) fn without_end<'a>(line: &'a [u8], rules: &Rules) -> Result<&'a [u8], Error> {
    match line {
        [line @ .., b'\r', b'\n'] => Ok(line),
        [line @ .., b'\n'] if rules.lenient => Ok(line),
        _ => Err(Error::LoneLf),
    }
}

/// Looks at each octet of a field line. `None`: it is a fold of the one before.
fn check<'a>(line: &'a [u8], first: bool, rules: &Rules) -> Result<Option<Field<'a>>, Error> {
    if matches!(line[0], b' ' | b'\t') {
        // Before the first there is nothing that it could continue: RFC 9112 §2.2, and there
        // it hides a field from whoever skips it.
        if first || !rules.lenient {
            return Err(Error::Fold);
        }
        return check_value(line).map(|()| None);
    }
    let Some(colon) = line.iter().position(|octet| !is_tchar(*octet)) else {
        return Err(Error::NoColon);
    };
    let (name, value) = (&line[..colon], &line[colon + 1..]);
    match line[colon] {
        b':' if colon > 0 => check_value(value).map(|()| Some((name, value))),
        b':' => Err(Error::Name(None)),
        _ if !line.contains(&b':') => Err(Error::NoColon),
        octet => Err(Error::Name(Some(octet))),
    }
}

/// Every octet of a value is visible, a space, a tab, or above ASCII (obs-text): RFC 9110 §5.5.
fn check_value(value: &[u8]) -> Result<(), Error> {
    value.iter().find(|octet| !in_value(**octet)).map_or(Ok(()), |octet| Err(Error::Value(*octet)))
}

fn in_value(octet: u8) -> bool {
    octet >= b' ' && octet != 0x7f || octet == b'\t'
}

/// Whether `octets` are a token (RFC 9110 §5.6.2), as methods and the names of fields are.
pub fn is_token(octets: &[u8]) -> bool {
    !octets.is_empty() && octets.iter().all(|octet| is_tchar(*octet))
}

/// Whether `octets` may be sent as a field's value: else whoever chose it could add fields of their own.
pub fn is_value(octets: &[u8]) -> bool {
    octets.iter().all(|octet| in_value(*octet))
}

/// The octets of tokens.
pub(crate) fn is_tchar(octet: u8) -> bool {
    const TCHARS: [bool; 256] = {
        let mut table = [false; 256];
        let (mut octet, others) = (0_u8, b"!#$%&'*+-.^_`|~");
        while octet < 128 {
            table[octet as usize] = octet.is_ascii_alphanumeric();
            octet += 1;
        }
        let mut at = 0;
        while at < others.len() {
            table[others[at] as usize] = true;
            at += 1;
        }
        table
    };
    TCHARS[usize::from(octet)]
}

/// Where an octet is first.
pub(crate) fn find(octet: u8, octets: &[u8]) -> Option<usize> {
    octets.iter().position(|other| *other == octet)
}

/// Makes one line of each folded one, in place: the line's end and what follows become spaces.
///
/// RFC 9112 §5.2: a user agent replaces each fold with spaces before it reads the value.
pub fn unfold(section: &mut [u8]) {
    for at in 0..section.len().saturating_sub(1) {
        if section[at] == b'\n' && matches!(section[at + 1], b' ' | b'\t') {
            section[at] = b' ';
            if at > 0 && section[at - 1] == b'\r' {
                section[at - 1] = b' ';
            }
        }
    }
}

/// A section that [`Scan`] has found right, read field by field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Fields<'a> {
    section: &'a [u8],
}

/// A field: a name, to be compared without regard to case, and a value without the space around it.
pub type Field<'a> = (&'a [u8], &'a [u8]);

impl<'a> Fields<'a> {
    /// The fields of a section up to the end that [`Scan::end`] found.
    pub fn new(section: &'a [u8]) -> Self {
        Self { section }
    }

    /// All fields, in order.
    pub fn iter(self) -> impl Iterator<Item = Field<'a>> {
        let mut rest = self.section;
        std::iter::from_fn(move || {
            let end = find(b'\n', rest)?;
            let (line, next) = rest.split_at(end + 1);
            rest = next;
            let colon = find(b':', line)?;
            Some((&line[..colon], trim(&line[colon + 1..])))
        })
    }

    /// The values of all fields of this name, in order.
    pub fn all(self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        self.iter().filter(move |field| is(field.0, name)).map(|(_, value)| value)
    }

    /// The value of the first field of this name.
    pub fn first(self, name: &str) -> Option<&'a [u8]> {
        self.iter().find(|field| is(field.0, name)).map(|(_, value)| value)
    }

    /// The members of the list that all fields of this name make together: RFC 9110 §5.3, §5.6.1.
    pub fn list(self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        self.all(name).flat_map(list)
    }

    /// Whether a list has this member.
    pub fn has(self, name: &str, member: &str) -> bool {
        self.list(name).any(|other| is(other, member))
    }
}

/// Whether a name, or a token that is compared like one, is this.
pub fn is(name: &[u8], this: &str) -> bool {
    name.eq_ignore_ascii_case(this.as_bytes())
}

/// The octets without spaces, tabs and the line's end at both ends (OWS, RFC 9110 §5.6.3).
pub fn trim(mut octets: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t' | b'\r' | b'\n'] = octets {
        octets = rest;
    }
    octets
}

/// The members of a list, without the empty ones: `a, "b, c" , ,d` has three. RFC 9110 §5.6.1.
pub fn list(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    separated(value, b',').filter(|member| !member.is_empty())
}

/// The parts of a value between separators that are not in quoted strings, each trimmed. A media
/// type's parameters are separated by `;`.
pub fn separated(value: &[u8], separator: u8) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(value);
    std::iter::from_fn(move || {
        let value = rest?;
        let (mut quoted, mut escaped) = (false, false);
        let end = value.iter().position(|octet| {
            match octet {
                _ if escaped => escaped = false,
                b'\\' if quoted => escaped = true,
                b'"' => quoted = !quoted,
                octet => return *octet == separator && !quoted,
            }
            false
        });
        rest = end.map(|end| &value[end + 1..]);
        Some(trim(&value[..end.unwrap_or(value.len())]))
    })
}

/// A member of an `Accept`-like list, and its quality in thousandths: RFC 9110 §12.4.2. One whose
/// quality cannot be read has none: `None`.
pub fn quality(member: &[u8]) -> Option<(&[u8], u16)> {
    let mut parts = separated(member, b';');
    let coding = parts.next()?;
    for part in parts {
        if let [b'q' | b'Q', b'=', weight @ ..] = part {
            return Some((coding, thousandths(weight)?));
        }
    }
    Some((coding, 1_000))
}

/// `0`, `0.5`, `1.000`: at most three digits, and at most one.
fn thousandths(weight: &[u8]) -> Option<u16> {
    let (whole, digits) = match weight {
        [whole @ (b'0' | b'1')] => (whole, &[][..]),
        [whole @ (b'0' | b'1'), b'.', digits @ ..] if digits.len() <= 3 => (whole, digits),
        _ => return None,
    };
    let mut value = u16::from(*whole - b'0');
    for place in 0..3 {
        let digit = digits.get(place).copied().unwrap_or(b'0');
        value = value * 10 + u16::from(digit.is_ascii_digit().then(|| digit - b'0')?);
    }
    (value <= 1_000).then_some(value)
}

#[cfg(test)]
mod tests;
