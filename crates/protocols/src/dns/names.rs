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

#[cfg(test)]
mod tests {
    use super::*;

    fn at(message: &[u8], start: usize) -> Result<(String, usize), NameError> {
        Name::parse(message, start).map(|(name, behind)| (name.to_string(), behind))
    }

    /// A message: 12 octets of header, then `names`.
    fn message(names: &[u8]) -> Vec<u8> {
        [&[0; HEADER], names].concat()
    }

    #[test]
    fn pointers_lead_back() {
        let message = message(b"\x07example\x03com\0\x03www\xc0\x0c\xc0\x19\x03ftp\xc0\x14");
        assert_eq!(at(&message, 12), Ok(("example.com.".into(), 25)));
        assert_eq!(at(&message, 25), Ok(("www.example.com.".into(), 31)));
        assert_eq!(at(&message, 31), Ok(("www.example.com.".into(), 33)), "a pointer to a pointer");
        assert_eq!(at(&message, 33), Ok(("ftp.com.".into(), 39)), "into the middle of a name");
    }

    #[test]
    fn pointers_that_do_not_lead_back_are_refused() {
        let table: [(&[u8], usize, usize); 5] = [
            (b"\xc0\x0c", 12, 12),      // to itself
            (b"\xc0\x0e\0", 12, 14),    // forward
            (b"\x01a\xc0\x0c", 14, 12), // to the beginning of its own name: a.a.a.…
            (b"\xc3\xff", 12, 0x3ff),   // beyond the end
            (b"\xc0\x02", 12, 2),       // into the header
        ];
        for (names, at_, to) in table {
            let error = NameError::NotBackward { at: at_, to };
            assert_eq!(at(&message(names), 12), Err(error), "{names:x?}");
        }
        // Two that point at each other.
        let two = message(b"\xc0\x0e\xc0\x0c");
        assert_eq!(at(&two, 14), Err(NameError::NotBackward { at: 12, to: 14 }));
    }

    #[test]
    fn a_name_follows_127_pointers_and_no_more() {
        // The root, and behind it pointers that each lead to the one before.
        let pointer = |number: u16| 13 + (number - 1) * 2;
        let to = |number: u16| if number == 1 { 12 } else { pointer(number - 1) };
        let chain = (1..=128_u16).flat_map(|number| (0xc000 | to(number)).to_be_bytes());
        let message = message(&[0].into_iter().chain(chain).collect::<Vec<u8>>());
        let pointer = |number: u16| usize::from(pointer(number));
        assert_eq!(at(&message, pointer(127)), Ok((".".into(), pointer(128))));
        assert_eq!(at(&message, pointer(128)), Err(NameError::ManyPointers));
    }

    #[test]
    fn what_is_cut_off_is_no_name() {
        let whole = message(b"\x03www\xc0\x0c");
        for cut in 12..whole.len() - 2 {
            assert_eq!(at(&whole[..cut], 12), Err(NameError::CutOff), "{cut}");
        }
        assert_eq!(at(&whole[..17], 12), Err(NameError::CutOff), "half a pointer");
        assert_eq!(at(&[], 0), Err(NameError::CutOff));
        assert_eq!(at(&message(b"\x40a"), 12), Err(NameError::LabelKind(0x40)));
        assert_eq!(at(&message(b"\x80a"), 12), Err(NameError::LabelKind(0x80)));
    }

    #[test]
    fn names_have_255_octets_at_most() {
        let long = |last: usize| {
            let mut names = Vec::new();
            for length in [63, 63, 63, last] {
                names.push(u8::try_from(length).expect("a label"));
                names.extend(vec![b'x'; length]);
            }
            names.push(0);
            message(&names)
        };
        assert_eq!(Name::parse(&long(61), 12).expect("255 octets").0.octets().len(), 255);
        assert_eq!(at(&long(62), 12), Err(NameError::LongName));
        // The same by pointers: each adds to what is there already.
        let mut message = long(61);
        message.extend(b"\x01a\xc0\x0c");
        assert_eq!(at(&message, 12 + 255), Err(NameError::LongName));
    }

    #[test]
    fn text_and_back() {
        for text in
            [".", "a.", "www.example.com.", "a\\.b.c.", "\\000\\255\\032.x.", "_sip._tcp.x."]
        {
            let name: Name = text.parse().expect(text);
            assert_eq!(name.to_string(), text);
            assert!(name.is_identical(&Name::parse(name.octets(), 0).expect("its own octets").0));
        }
        let table = [
            ("", NameError::EmptyLabel),
            ("..", NameError::EmptyLabel),
            ("a..b", NameError::EmptyLabel),
            (".a", NameError::EmptyLabel),
            ("a\\", NameError::Escape),
            ("a\\25", NameError::Escape),
            ("a\\256", NameError::Escape),
            ("bücher.example", NameError::NotAscii('ü')),
        ];
        for (text, error) in table {
            assert_eq!(text.parse::<Name>().map(|n| n.to_string()), Err(error), "{text}");
        }
        assert_eq!("x".repeat(64).parse::<Name>().unwrap_err(), NameError::LongLabel);
        assert_eq!(["x"; 128].join(".").parse::<Name>().unwrap_err(), NameError::LongName);
        assert_eq!(["x"; 127].join(".").parse::<Name>().expect("255").octets().len(), 255);
    }

    #[test]
    fn case_does_not_count_and_is_kept() {
        let (one, other): (Name, Name) =
            ("WwW.Example".parse().unwrap(), "www.eXample".parse().unwrap());
        assert_eq!(one, other);
        assert!(!one.is_identical(&other));
        assert_eq!(one.to_string(), "WwW.Example.");
        assert_ne!(one, "ww-.example".parse().unwrap());
        // @ and ` differ by the same bit as letters do, and are none.
        assert_ne!("a@".parse::<Name>().unwrap(), "a`".parse::<Name>().unwrap());
    }

    #[test]
    fn below_means_whole_labels() {
        let zone: Name = "Example.com".parse().unwrap();
        for (text, below) in [
            ("example.com", true),
            ("a.b.EXAMPLE.com", true),
            ("badexample.com", false),
            ("com", false),
        ] {
            assert_eq!(text.parse::<Name>().unwrap().is_in(&zone), below, "{text}");
        }
        assert!(zone.is_in(&Name::root()));
        assert_eq!(zone.parent().expect("com").to_string(), "com.");
        assert_eq!(Name::root().parent(), None);
    }
}
