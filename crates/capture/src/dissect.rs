//! What the bytes of a message mean: fields that tile it.
//!
//! A [`Dissector`] names every octet of a message, without gap or overlap, and [`tiles`] proves
//! it. So a dissector is more than a caption: it is a second, independent reading of the format,
//! against which a parser can be tested. Each chapter brings those of its protocols; here are the
//! two that every chapter meets, [`Frames`] and [`Lines`].

mod frames;
mod lines;

pub use frames::Frames;
pub use lines::Lines;

use std::fmt::{self, Write as _};
use std::ops::Range;

use crate::bytes::{escaped, plain};

/// Reads one kind of message.
pub trait Dissector {
    /// What it reads: `length-prefixed frames`.
    fn name(&self) -> &str;

    /// Names the octets of `message`: fields in the order of the wire, which [tile](tiles) it.
    ///
    /// A message that breaks off is no error: what is there is named, and said to be incomplete.
    ///
    /// # Errors
    ///
    /// [`Undissectable`] where the octets cannot be of this format.
    fn dissect(&self, message: &[u8]) -> Result<Vec<Field>, Undissectable>;
}

/// A part of a message, with its meaning.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Field {
    /// Its octets, counted from the message's first.
    pub range: Range<usize>,
    /// Which bits of these octets it is, where it is not all of them; bit 0 is the most
    /// significant one of the first octet, as RFCs count. For children only.
    pub bits: Option<Range<usize>>,
    /// Its name in the specification: `length`.
    pub name: String,
    /// Its value, as one would write it: `5`.
    pub value: String,
    /// What the value says: `the payload has 5 octets`. May be empty.
    pub meaning: String,
    /// Where that is specified: `RFC 768`. May be empty.
    pub source: String,
    /// Its parts, such as the flags of a header's octet; none, or some that tile it.
    pub children: Vec<Field>,
}

impl Field {
    /// A field with a name and a value; the rest is empty.
    pub fn new(range: Range<usize>, name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { range, name: name.into(), value: value.into(), ..Self::default() }
    }

    /// The same field with what its value says.
    #[must_use]
    pub fn meaning(mut self, meaning: impl Into<String>) -> Self {
        self.meaning = meaning.into();
        self
    }

    /// The same field with where it is specified.
    #[must_use]
    pub fn source(mut self, source: impl Into<String>) -> Self {
        self.source = source.into();
        self
    }

    /// The same field, narrowed to some bits of its octets.
    #[must_use]
    pub fn bits(mut self, bits: Range<usize>) -> Self {
        self.bits = Some(bits);
        self
    }

    /// The same field with its parts.
    #[must_use]
    pub fn children(mut self, children: Vec<Field>) -> Self {
        self.children = children;
        self
    }

    /// Its bits, counted from the message's first.
    fn span(&self) -> Range<usize> {
        let first = self.range.start * 8;
        match &self.bits {
            None => first..self.range.end * 8,
            Some(bits) => first + bits.start..first + bits.end,
        }
    }
}

/// Why octets cannot be of a format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undissectable {
    /// The first octet that does not fit.
    pub offset: usize,
    /// What is wrong with it.
    pub reason: String,
}

impl fmt::Display for Undissectable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at offset {}: {}", self.offset, self.reason)
    }
}

impl std::error::Error for Undissectable {}

/// How fields fail to tile a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Untiled {
    /// No field names these bits.
    Gap(Range<usize>),
    /// This field begins before the one in front of it ends.
    Overlap {
        /// The field's name.
        name: String,
        /// The bits that both claim.
        bits: Range<usize>,
    },
    /// This field reaches beyond the message, or its bits beyond its octets.
    Outside {
        /// The field's name.
        name: String,
    },
    /// This field is not of whole octets, and not a part of one that is.
    NotWhole {
        /// The field's name.
        name: String,
    },
}

impl fmt::Display for Untiled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = |bits: &Range<usize>| {
            if bits.start.is_multiple_of(8) && bits.end.is_multiple_of(8) {
                format!("octets {}..{}", bits.start / 8, bits.end / 8)
            } else {
                format!("bits {}..{}", bits.start, bits.end)
            }
        };
        match self {
            Self::Gap(bits) => write!(f, "no field names {}", place(bits)),
            Self::Overlap { name, bits } => {
                write!(f, "`{name}` and the field before it both claim {}", place(bits))
            }
            Self::Outside { name } => write!(f, "`{name}` reaches beyond what holds it"),
            Self::NotWhole { name } => write!(f, "`{name}` is not of whole octets"),
        }
    }
}

impl std::error::Error for Untiled {}

/// Checks that the fields name each of a message's `length` octets exactly once, in order, and
/// that the children of a field do the same for its bits. Empty fields are all right.
///
/// ```
/// use capture::dissect::{Dissector, Field, Lines, Untiled, tiles};
///
/// let fields = Lines::default().dissect(b"one\r\ntwo").unwrap();
/// assert_eq!(tiles(&fields, 8), Ok(()));
/// assert_eq!(tiles(&[Field::new(0..4, "id", "7")], 5), Err(Untiled::Gap(32..40)));
/// ```
///
/// # Errors
///
/// The first place where they do not.
pub fn tiles(fields: &[Field], length: usize) -> Result<(), Untiled> {
    if let Some(field) = fields.iter().find(|field| field.bits.is_some()) {
        return Err(Untiled::NotWhole { name: field.name.clone() });
    }
    tile(fields, 0..length * 8)
}

fn tile(fields: &[Field], whole: Range<usize>) -> Result<(), Untiled> {
    let mut next = whole.start;
    for field in fields {
        let span = field.span();
        let name = || field.name.clone();
        if next < span.start {
            return Err(Untiled::Gap(next..span.start.min(whole.end)));
        }
        if span.start < next {
            return Err(Untiled::Overlap { name: name(), bits: span.start..span.end.min(next) });
        }
        if span.end < span.start || span.end > whole.end || span.end > field.range.end * 8 {
            return Err(Untiled::Outside { name: name() });
        }
        if !field.children.is_empty() {
            tile(&field.children, span.clone())?;
        }
        next = span.end;
    }
    if next < whole.end { Err(Untiled::Gap(next..whole.end)) } else { Ok(()) }
}

/// The fields as a table for a terminal: octets, name, value, meaning; children indented.
///
/// ```
/// use capture::dissect::{self, Dissector, Frames};
///
/// let message = b"\0\0\0\x05hello";
/// let fields = Frames::default().dissect(message).unwrap();
/// assert_eq!(dissect::table(&fields), "\
/// 0..4  length   5      the payload has 5 octets
/// 4..9  payload  hello
/// ");
/// ```
pub fn table(fields: &[Field]) -> String {
    let mut rows = Vec::new();
    collect(fields, 0, &mut rows);
    let width = |column: usize| {
        rows.iter().map(|row: &[String; 4]| row[column].chars().count()).max().unwrap_or(0)
    };
    let widths = [width(0), width(1), width(2), 0];
    let mut text = String::new();
    for row in &rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(widths) {
            let _ = write!(line, "{cell:width$}  ");
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

fn collect(fields: &[Field], depth: usize, rows: &mut Vec<[String; 4]>) {
    for field in fields {
        let place = match &field.bits {
            None => format!("{}..{}", field.range.start, field.range.end),
            Some(bits) => format!("{} bits {}..{}", field.range.start, bits.start, bits.end),
        };
        let name = format!("{:1$}{2}", "", 2 * depth, plain(&field.name));
        rows.push([place, name, plain(&field.value), plain(&field.meaning)]);
        collect(&field.children, depth + 1, rows);
    }
}

/// A field's bytes as its value: escaped, the middle of long ones left out.
fn text_value(bytes: &[u8]) -> String {
    escaped(bytes, 40)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_and_overlaps_are_found() {
        let field = |range: Range<usize>| Field::new(range, "f", "");
        let bits = |bits: Range<usize>| Field::new(0..2, "b", "").bits(bits);
        assert_eq!(tiles(&[], 0), Ok(()));
        assert_eq!(tiles(&[field(0..2), field(2..2), field(2..3)], 3), Ok(()));
        assert_eq!(tiles(&[], 1), Err(Untiled::Gap(0..8)));
        assert_eq!(tiles(&[field(0..1), field(2..3)], 3), Err(Untiled::Gap(8..16)));
        let overlap = Untiled::Overlap { name: "f".into(), bits: 8..16 };
        assert_eq!(overlap.to_string(), "`f` and the field before it both claim octets 1..2");
        assert_eq!(tiles(&[field(0..2), field(1..3)], 3), Err(overlap));
        assert_eq!(tiles(&[field(0..4)], 3), Err(Untiled::Outside { name: "f".into() }));
        assert_eq!(tiles(&[bits(0..4)], 2), Err(Untiled::NotWhole { name: "b".into() }));

        let parts = |parts| [field(0..2).children(parts)];
        assert_eq!(tiles(&parts(vec![bits(0..3), bits(3..16)]), 2), Ok(()));
        assert_eq!(tiles(&parts(vec![bits(0..3), bits(4..16)]), 2), Err(Untiled::Gap(3..4)));
        let outside = Err(Untiled::Outside { name: "b".into() });
        assert_eq!(tiles(&parts(vec![bits(0..17)]), 2), outside);
    }

    #[test]
    fn the_table_shows_parts_and_escapes() {
        let flag = Field::new(0..1, "don't fragment", "1").bits(1..2).meaning("\u{1b}[31m");
        let fields = [Field::new(0..1, "flags", "0x40").children(vec![flag])];
        assert_eq!(
            table(&fields),
            "0..1         flags             0x40\n\
             0 bits 1..2    don't fragment  1     \\u{1b}[31m\n"
        );
    }
}
