//! Takes fields off a message, one after another, and never more than are there.

use std::fmt::Write as _;
use std::ops::Range;

use capture::bytes;
use capture::dissect::{Field, Undissectable};

use super::Explained;

/// The value of a field in which a message breaks off.
pub(super) const INCOMPLETE: &str = "incomplete";
/// How much of a field's octets is shown as its value.
const SHOWN: usize = 40;

/// A message that is being dissected.
pub(super) struct Reader<'a> {
    message: &'a [u8],
    at: usize,
    /// Where what is being read ends: what is behind is padding of what is around it.
    end: usize,
    /// The whole, or the group that is open.
    fields: Vec<Field>,
    wrong: Option<Undissectable>,
    whole: bool,
    summary: String,
    /// How many packets this one is quoted in.
    pub(super) depth: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(message: &'a [u8]) -> Self {
        let (fields, summary) = (Vec::new(), String::new());
        Self {
            message,
            at: 0,
            end: message.len(),
            fields,
            wrong: None,
            whole: true,
            summary,
            depth: 0,
        }
    }

    /// The result. What nobody has taken is a field of its own.
    pub(super) fn explained(mut self) -> Explained {
        self.end = self.message.len();
        if self.at < self.end {
            self.rest("behind the end", "padding, or the checksum of the frame");
        }
        let Self { fields, wrong, whole, summary, .. } = self;
        Explained { fields, wrong, whole, summary }
    }

    /// The next octet.
    pub(super) fn peek(&self) -> Option<u8> {
        self.left().first().copied()
    }

    /// What has not been taken yet.
    pub(super) fn left(&self) -> &'a [u8] {
        &self.message[self.at..self.end]
    }

    /// Octets taken so far.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// The octets of a stretch that has been taken, or will be; shorter if they are not all there.
    pub(super) fn octets(&self, range: Range<usize>) -> &'a [u8] {
        let end = range.end.min(self.end);
        &self.message[range.start.min(end)..end]
    }

    /// From here on, what is read ends after so many octets. False if they are not all there.
    pub(super) fn narrow(&mut self, length: usize) -> bool {
        let whole = length <= self.left().len();
        if !whole {
            self.breaks_off();
        }
        self.end = self.end.min(self.at.saturating_add(length));
        whole
    }

    /// Says that the next octet does not fit. The first such place counts.
    pub(super) fn wrong(&mut self, reason: impl Into<String>) {
        let offset = self.at;
        self.wrong_at(offset, reason);
    }

    /// Says that an octet did not fit. An error may well quote a packet that is wrong, and is none
    /// itself for it.
    pub(super) fn wrong_at(&mut self, offset: usize, reason: impl Into<String>) {
        if self.depth == 0 {
            self.wrong.get_or_insert(Undissectable { offset, reason: reason.into() });
        }
    }

    /// Says that something is missing, unless this is a packet that another one quotes.
    pub(super) fn breaks_off(&mut self) {
        self.whole &= self.depth > 0;
    }

    /// Whether something was wrong so far.
    pub(super) fn is_wrong(&self) -> bool {
        self.wrong.is_some()
    }

    /// Adds to the summary; what is quoted is no part of that.
    pub(super) fn say(&mut self, words: impl std::fmt::Display) {
        if self.depth == 0 {
            let gap = if self.summary.is_empty() { "" } else { "  " };
            let _ = write!(self.summary, "{gap}{words}");
        }
    }

    /// The next `count` octets as a field. If they are not all there, the field says so, and no other
    /// follows it.
    pub(super) fn take(
        &mut self,
        count: usize,
        name: &str,
        source: &str,
        read: impl FnOnce(&[u8]) -> (String, String),
    ) {
        self.field(count, name, source, |octets, _| {
            let (value, meaning) = read(octets);
            Field::new(0..0, "", value).meaning(meaning)
        });
    }

    /// The same, of a field with parts: `read` gets the octets and where they are.
    pub(super) fn field(
        &mut self,
        count: usize,
        name: &str,
        source: &str,
        read: impl FnOnce(&[u8], Range<usize>) -> Field,
    ) {
        let left = self.left();
        if left.len() < count {
            self.breaks_off();
        }
        if left.is_empty() {
            return;
        }
        let range = self.at..self.at + count.min(left.len());
        self.at = range.end;
        let field = match left.get(..count) {
            None => {
                let meaning = format!("{} of {}", left.len(), bytes::count(count));
                Field::new(range, name, INCOMPLETE).meaning(meaning)
            }
            Some(octets) => {
                let field = read(octets, range.clone());
                Field { range, name: name.to_owned(), ..field }
            }
        };
        self.fields.push(field.source(source));
    }

    /// A number of one, two or four octets.
    pub(super) fn number(&mut self, count: usize, name: &str, source: &str, meaning: &str) {
        self.take(count, name, source, |octets| (value(octets).to_string(), meaning.to_owned()));
    }

    /// A number in hex.
    pub(super) fn hex(&mut self, count: usize, name: &str, source: &str, meaning: &str) {
        self.take(count, name, source, |octets| (hex(octets), meaning.to_owned()));
    }

    /// All that is left, with what it is.
    pub(super) fn rest(&mut self, name: &str, meaning: &str) {
        let left = self.left();
        if !left.is_empty() {
            let meaning = match (meaning, bytes::count(left.len())) {
                ("", count) => count,
                (meaning, count) => format!("{count}: {meaning}"),
            };
            let value = bytes::escaped(left, SHOWN);
            self.fields.push(Field::new(self.at..self.end, name, value).meaning(meaning));
        }
        self.at = self.end;
    }

    /// What a message carries.
    pub(super) fn payload(&mut self, name: &str) {
        self.rest(name, "");
    }

    /// Reads fields as the parts of one: a header.
    pub(super) fn group<T>(&mut self, name: &str, read: impl FnOnce(&mut Self) -> T) -> T {
        let start = self.at;
        let outer = std::mem::take(&mut self.fields);
        let read = read(self);
        let children = std::mem::replace(&mut self.fields, outer);
        if start < self.at {
            self.fields.push(Field::new(start..self.at, name, "").children(children));
        }
        read
    }
}

impl Reader<'_> {
    /// Reads a packet that another one quotes, to the end of that.
    pub(super) fn quoted(&mut self, name: &str, read: impl FnOnce(&mut Self)) {
        let end = self.end;
        self.depth += 1;
        self.group(name, |reader| {
            read(reader);
            reader.end = end;
            reader.rest("behind its end", "");
        });
        self.depth -= 1;
    }
}

/// A number, as it crosses the wire.
pub(super) fn value(octets: &[u8]) -> u64 {
    octets.iter().fold(0, |value, octet| value << 8 | u64::from(*octet))
}

/// Octets as one number in hex.
pub(super) fn hex(octets: &[u8]) -> String {
    octets.iter().fold("0x".to_owned(), |mut text, octet| {
        let _ = write!(text, "{octet:02x}");
        text
    })
}

/// Some bits of a field.
pub(super) fn bits(
    range: &Range<usize>,
    bits: Range<usize>,
    name: &str,
    value: impl ToString,
    meaning: &str,
) -> Field {
    Field::new(range.clone(), name, value.to_string()).bits(bits).meaning(meaning)
}

/// What a checksum says, if its message is whole: `sum` is over everything, itself included.
pub(super) fn checksum(octets: &[u8], sum: Option<crate::checksum::Sum>) -> (String, String) {
    let meaning = match sum {
        None => String::new(),
        Some(sum) if sum.is_right() => "right".to_owned(),
        Some(sum) => {
            let found = u16::try_from(value(octets)).unwrap_or_default();
            // Take what is there away, in ones' complement, and see what would be right.
            let right = crate::checksum::update(sum.checksum(), found, 0);
            format!("wrong, should be 0x{right:04x}: broken, or left to the network card")
        }
    };
    (hex(octets), meaning)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checksum::Sum;

    #[test]
    fn a_wrong_checksum_is_told_the_right_one() {
        let message = [0x12, 0x34, 0, 0, 0xff, 0xff, 0x80];
        let right = crate::checksum::checksum(&message);
        for found in [0u16, 1, 0x1234, 0xffff, !right, right.wrapping_add(1)] {
            let mut broken = message;
            broken[2..4].copy_from_slice(&found.to_be_bytes());
            let mut sum = Sum::default();
            sum.add(&broken);
            let (_, meaning) = checksum(&found.to_be_bytes(), Some(sum));
            assert!(meaning.contains(&format!("{right:04x}")), "{found:04x}: {meaning}");
        }
    }
}
