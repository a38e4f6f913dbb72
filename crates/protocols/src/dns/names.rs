//! Domain names: labels in text, octets on the wire, and pointers to what came before.
//!
//! ```text
//!   www.example.com.          3 w w w 7 e x a m p l e 3 c o m 0
//!                             ▲ a length of 0 to 63, then as many octets; 0 ends the name
//!
//!   the same, later on        3 w w w 0xC0 0x10
//!                                     ▲ 11xxxxxx: a pointer. The name goes on where these 14 bits say,
//!                                       counted from the message's first octet
//! ```
//!
//! RFC 1035 §3.1 has the octets, §2.3.4 the limits, §4.1.4 the pointers; RFC 4343 says which names are
//! the same name. RFC 9267 tells what became of programs that trusted the pointers.

#[cfg(test)]
mod tests;

use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

/// Octets of the longest label (RFC 1035 §2.3.4).
pub const LONGEST_LABEL: usize = 63;
/// Octets of the longest name, length octets and the final 0 included (RFC 1035 §2.3.4).
pub const LONGEST_NAME: usize = 255;
/// Pointers that lead to one name. As many as it can have labels: one more leads to another pointer,
/// which an emitter never needs and an attacker does, to have a few octets read for long.
const MOST_POINTERS: usize = 127;

/// The first two bits of a length octet that is a pointer's first (RFC 1035 §4.1.4).
const POINTER: u8 = 0b1100_0000;
/// Octets of a message's header: no name is before its end.
const HEADER: usize = 12;

/// Why octets or a text are no name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameError {
    /// The message ends within the name.
    CutOff,
    /// A length octet that begins with 01 or 10: no label has over 63 octets, and other kinds of labels
    /// were never used (RFC 6891 §5).
    LabelKind(u8),
    /// A label of over 63 octets, in a text.
    LongLabel,
    /// More than 255 octets in all.
    LongName,
    /// A pointer that does not lead back to before all that was read of this name.
    NotBackward {
        /// Where the pointer stands.
        at: usize,
        /// Where it points.
        to: usize,
    },
    /// More than 127 pointers: some lead to nothing but the next.
    ManyPointers,
    /// A label without octets, in a text: `a..b`.
    EmptyLabel,
    /// A backslash that neither an octet in three digits (`\065`) nor a character follows.
    Escape,
    /// A character beyond ASCII: names are asked for in their ASCII form (`xn--…`, RFC 5891 §4.4).
    NotAscii(char),
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CutOff => f.write_str("the message ends within a name"),
            Self::LabelKind(octet) => write!(f, "{octet:#04x} is no length of a label"),
            Self::LongLabel => write!(f, "a label of over {LONGEST_LABEL} octets"),
            Self::LongName => write!(f, "a name of over {LONGEST_NAME} octets"),
            Self::NotBackward { at, to } => {
                write!(f, "the pointer at {at} to {to} does not lead back to an earlier name")
            }
            Self::ManyPointers => write!(f, "a name of over {MOST_POINTERS} pointers"),
            Self::EmptyLabel => f.write_str("a label without octets"),
            Self::Escape => f.write_str("a backslash that escapes nothing"),
            Self::NotAscii(c) => {
                write!(f, "{c:?} is not ASCII; such a name has an ASCII form that begins with xn--")
            }
        }
    }
}

impl std::error::Error for NameError {}

/// A domain name, from the leftmost label to the root; in the case that it came in.
///
/// Names that differ in the case of ASCII letters alone are equal (RFC 4343 §3).
#[derive(Clone)]
pub struct Name {
    /// As on the wire, without pointers: lengths and labels, and the root's 0.
    wire: Vec<u8>,
}

impl Name {
    /// The root: the name without labels, `.`.
    pub fn root() -> Self {
        Self { wire: vec![0] }
    }

    // ANCHOR: parse
    /// Reads the name at `start` of `message`. With it comes where the octets after the name begin.
    ///
    /// Every pointer must lead to before the place where the labels read so far began. So each jump
    /// goes back, and there is an end to them whatever a peer wrote: RFC 1035 §4.1.4 speaks of a
    /// *prior* occurrence.
    ///
    /// # Errors
    ///
    /// [`NameError`], for a message that ends too soon, lengths that no name has, and pointers that lead
    /// nowhere.
    pub fn parse(message: &[u8], start: usize) -> Result<(Self, usize), NameError> {
        let mut wire = Vec::with_capacity(64);
        let mut at = start;
        // Where the labels that are being read began: the next pointer must lead to before it.
        let mut earliest = start;
        // Where the octets after the name begin, known from the first pointer on.
        let mut behind = None;
        let mut pointers = 0;
        loop {
            let length = *message.get(at).ok_or(NameError::CutOff)?;
            match length & POINTER {
                0 => {
                    let label = at..at + 1 + usize::from(length);
                    let label = message.get(label).ok_or(NameError::CutOff)?;
                    if wire.len() + label.len() > LONGEST_NAME {
                        return Err(NameError::LongName);
                    }
                    wire.extend_from_slice(label);
                    at += label.len();
                    if length == 0 {
                        return Ok((Self { wire }, behind.unwrap_or(at)));
                    }
                }
                POINTER => {
                    let low = *message.get(at + 1).ok_or(NameError::CutOff)?;
                    let to = usize::from(u16::from_be_bytes([length & !POINTER, low]));
                    if to >= earliest || to < HEADER {
                        return Err(NameError::NotBackward { at, to });
                    }
                    pointers += 1;
                    if pointers > MOST_POINTERS {
                        return Err(NameError::ManyPointers);
                    }
                    behind.get_or_insert(at + 2);
                    (at, earliest) = (to, to);
                }
                _ => return Err(NameError::LabelKind(length)),
            }
        }
    }
    // ANCHOR_END: parse

    /// The name of one label more, in front of this one.
    ///
    /// # Errors
    ///
    /// If the label or the name would be too long, or the label empty.
    pub fn child(&self, label: &[u8]) -> Result<Self, NameError> {
        let length = u8::try_from(label.len()).map_err(|_| NameError::LongLabel)?;
        match usize::from(length) {
            0 => return Err(NameError::EmptyLabel),
            1..=LONGEST_LABEL => {}
            _ => return Err(NameError::LongLabel),
        }
        if self.wire.len() + 1 + label.len() > LONGEST_NAME {
            return Err(NameError::LongName);
        }
        Ok(Self { wire: [&[length], label, &self.wire].concat() })
    }

    /// The octets on the wire, without pointers.
    pub fn octets(&self) -> &[u8] {
        &self.wire
    }

    /// Whether this is the root.
    pub fn is_root(&self) -> bool {
        self.wire.len() == 1
    }

    /// The labels, from the leftmost on, without the root's empty one.
    pub fn labels(&self) -> Labels<'_> {
        Labels { wire: &self.wire }
    }

    /// The name without its leftmost label; `None` for the root.
    pub fn parent(&self) -> Option<Self> {
        let first = usize::from(self.wire[0]);
        (first > 0).then(|| Self { wire: self.wire[1 + first..].to_vec() })
    }

    /// Whether this name is `other`, or below it: `www.example.com.` is in `example.com.`
    pub fn is_in(&self, other: &Self) -> bool {
        let mut suffix = self.wire.as_slice();
        while suffix.len() > other.wire.len() {
            suffix = &suffix[1 + usize::from(suffix[0])..];
        }
        // Lengths of labels are below 64, and so are no letters.
        suffix.eq_ignore_ascii_case(&other.wire)
    }

    /// Whether the two have the same octets, case and all.
    pub fn is_identical(&self, other: &Self) -> bool {
        self.wire == other.wire
    }

    /// Each ASCII letter in the case that `upper` says.
    #[must_use]
    pub fn recased(&self, mut upper: impl FnMut() -> bool) -> Self {
        let recase = |octet: &u8| match octet {
            b'a'..=b'z' | b'A'..=b'Z' if upper() => octet.to_ascii_uppercase(),
            b'a'..=b'z' | b'A'..=b'Z' => octet.to_ascii_lowercase(),
            _ => *octet,
        };
        Self { wire: self.wire.iter().map(recase).collect() }
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        self.wire.eq_ignore_ascii_case(&other.wire)
    }
}

impl Eq for Name {}

impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.wire.to_ascii_lowercase().hash(state);
    }
}

/// The labels of a name.
#[derive(Debug, Clone)]
pub struct Labels<'a> {
    wire: &'a [u8],
}

impl<'a> Iterator for Labels<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let (length, rest) = self.wire.split_first()?;
        let (label, rest) = rest.split_at_checked(usize::from(*length))?;
        self.wire = rest;
        (!label.is_empty()).then_some(label)
    }
}

/// As zone files have it (RFC 1035 §5.1): always with the final dot, and what is no plain letter, digit, `-`, `_` or
/// the like is escaped, so that nothing a peer sends reaches a terminal as it came.
impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_root() {
            return f.write_str(".");
        }
        for label in self.labels() {
            for octet in label {
                match octet {
                    b'.' | b'\\' | b'"' | b'(' | b')' | b';' | b'@' | b'$' => {
                        write!(f, "\\{}", char::from(*octet))?;
                    }
                    b'!'..=b'~' => write!(f, "{}", char::from(*octet))?,
                    _ => write!(f, "\\{octet:03}")?,
                }
            }
            f.write_str(".")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Reads the name in a text. Every name is taken to end at the root, with a final dot or without.
///
/// ```
/// use protocols::dns::Name;
///
/// let name: Name = "www.example.com".parse()?;
/// assert_eq!(name.octets(), b"\x03www\x07example\x03com\0");
/// assert_eq!(name, "WWW.Example.COM.".parse()?);
/// assert_eq!("a\\.b.c".parse::<Name>()?.octets(), b"\x03a.b\x01c\0");
/// # Ok::<(), protocols::dns::NameError>(())
/// ```
impl FromStr for Name {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        Self::relative(text, &Self::root())
    }
}

impl Name {
    /// Reads the name in a text; one without a final dot goes on with `origin` (RFC 1035 §5.1).
    ///
    /// # Errors
    ///
    /// [`NameError`], for a text that is no name.
    pub fn relative(text: &str, origin: &Self) -> Result<Self, NameError> {
        if text == "." {
            return Ok(Self::root());
        }
        let mut wire = Vec::with_capacity(text.len() + 2);
        let mut label = Vec::new();
        let mut characters = text.chars();
        let mut absolute = false;
        while let Some(character) = characters.next() {
            absolute = false;
            match character {
                '.' => {
                    end_label(&mut wire, &mut label)?;
                    absolute = true;
                }
                '\\' => label.push(escaped(&mut characters)?),
                c => label
                    .push(u8::try_from(c).ok().filter(u8::is_ascii).ok_or(NameError::NotAscii(c))?),
            }
        }
        if absolute {
            wire.push(0);
        } else {
            end_label(&mut wire, &mut label)?;
            wire.extend_from_slice(&origin.wire);
        }
        if wire.len() > LONGEST_NAME {
            return Err(NameError::LongName);
        }
        Ok(Self { wire })
    }
}

fn end_label(wire: &mut Vec<u8>, label: &mut Vec<u8>) -> Result<(), NameError> {
    let length = u8::try_from(label.len()).map_err(|_| NameError::LongLabel)?;
    match usize::from(length) {
        0 => return Err(NameError::EmptyLabel),
        1..=LONGEST_LABEL => wire.push(length),
        _ => return Err(NameError::LongLabel),
    }
    wire.append(label);
    Ok(())
}

/// The octet that follows a backslash: three decimal digits, or a character that stands for itself
/// (RFC 1035 §5.1).
pub(super) fn escaped(characters: &mut impl Iterator<Item = char>) -> Result<u8, NameError> {
    let first = characters.next().ok_or(NameError::Escape)?;
    let Some(hundreds) = first.to_digit(10) else {
        return u8::try_from(first).ok().filter(u8::is_ascii).ok_or(NameError::NotAscii(first));
    };
    let mut digit = || characters.next().and_then(|c| c.to_digit(10)).ok_or(NameError::Escape);
    let (tens, ones) = (digit()?, digit()?);
    u8::try_from(hundreds * 100 + tens * 10 + ones).map_err(|_| NameError::Escape)
}
