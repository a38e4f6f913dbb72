//! Takes fields off a message, one after another. What breaks off is named as far as it is there.

use std::ops::Range;

use capture::bytes::escaped;
use capture::dissect::{Field, Undissectable};

/// A message, and how far it was read.
pub(super) struct Cursor<'a> {
    message: &'a [u8],
    at: usize,
    pub(super) fields: Vec<Field>,
}

/// Where a group of fields begins.
pub(super) struct Mark {
    at: usize,
    fields: usize,
}

/// A value, and what it says.
type Said = (String, String);

impl<'a> Cursor<'a> {
    pub(super) fn new(message: &'a [u8]) -> Self {
        Self { message, at: 0, fields: Vec::new() }
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.at >= self.message.len()
    }

    pub(super) fn mark(&self) -> Mark {
        Mark { at: self.at, fields: self.fields.len() }
    }

    /// Makes the fields since `mark` the parts of one.
    pub(super) fn group(&mut self, mark: Mark, name: &str, value: String) {
        let children = self.fields.split_off(mark.fields);
        self.fields.push(Field::new(mark.at..self.at, name, value).children(children));
    }

    /// The parts of the field that was taken last.
    pub(super) fn last_has(&mut self, children: Vec<Field>) {
        if let Some(field) = self.fields.last_mut() {
            field.children = children;
        }
    }

    /// Where so many octets more end, if they are there.
    pub(super) fn end_of(&self, count: usize) -> Option<usize> {
        Some(self.at + count).filter(|end| *end <= self.message.len())
    }

    pub(super) fn rest(&mut self, name: &str, meaning: &str) {
        if !self.is_at_end() {
            let range = self.at..self.message.len();
            let value = escaped(&self.message[range.clone()], 40);
            self.at = range.end;
            self.fields.push(Field::new(range, name, value).meaning(meaning));
        }
    }

    /// The octets up to `end`; nothing if there are none.
    pub(super) fn take_to(
        &mut self,
        end: usize,
        name: &str,
        say: impl FnOnce(&[u8], Range<usize>) -> String,
    ) {
        if self.at < end {
            let range = self.at..end;
            let value = say(self.message, range.clone());
            self.at = end;
            self.fields.push(Field::new(range, name, value));
        }
    }

    fn take<const N: usize>(
        &mut self,
        name: &str,
        source: &str,
        say: impl FnOnce([u8; N]) -> Said,
    ) -> Option<[u8; N]> {
        let rest = self.message.get(self.at..).unwrap_or_default();
        let Some(octets) = rest.first_chunk().copied() else {
            self.rest(name, "incomplete");
            return None;
        };
        let (value, meaning) = say(octets);
        let field = Field::new(self.at..self.at + N, name, value).meaning(meaning).source(source);
        self.fields.push(field);
        self.at += N;
        Some(octets)
    }

    pub(super) fn u8(&mut self, name: &str, source: &str, say: impl FnOnce(u8) -> Said) {
        self.take(name, source, |[octet]| say(octet));
    }

    pub(super) fn u16(
        &mut self,
        name: &str,
        source: &str,
        say: impl FnOnce(u16) -> Said,
    ) -> Option<u16> {
        self.take(name, source, |octets| say(u16::from_be_bytes(octets))).map(u16::from_be_bytes)
    }

    pub(super) fn u32(&mut self, name: &str, source: &str, say: impl FnOnce(u32) -> Said) {
        self.take(name, source, |octets| say(u32::from_be_bytes(octets)));
    }

    /// A string with its length in front, which ends before `end`.
    pub(super) fn string(&mut self, end: usize) {
        let mut length = 0;
        self.u8("length", "RFC 1035 §3.3", |octet| {
            length = usize::from(octet);
            (octet.to_string(), "octets of the string".into())
        });
        let end = end.min(self.at + length);
        self.take_to(end, "string", |message, range| escaped(&message[range], 60));
    }

    /// A name: its labels, and the pointer that it may end in.
    pub(super) fn name(&mut self, name: &str, source: &str) -> Result<String, Undissectable> {
        let mark = self.mark();
        let mut text = String::new();
        while let Some(first) = self.message.get(self.at).copied() {
            match first {
                0 => {
                    self.u8("root", source, |_| ("0".into(), "the name ends".into()));
                    break;
                }
                1..=63 => {
                    self.u8("length", source, |octet| {
                        (octet.to_string(), "octets of the label".into())
                    });
                    let end = self.message.len().min(self.at + usize::from(first));
                    let label = escaped(&self.message[self.at..end], 63);
                    text += &format!("{label}.");
                    self.take_to(end, "label", |_, _| label);
                }
                0xc0.. => {
                    let mut to = None;
                    self.take("pointer", "RFC 1035 §4.1.4", |octets: [u8; 2]| {
                        let place = usize::from(u16::from_be_bytes(octets) & 0x3fff);
                        to = Some(place);
                        (place.to_string(), format!("the name goes on at octet {place}"))
                    });
                    if let Some(to) = to {
                        text += &self.followed(to, mark.at)?;
                    }
                    break;
                }
                _ => {
                    let reason = format!("{first:#04x} is no length of a label");
                    return Err(Undissectable { offset: self.at, reason });
                }
            }
        }
        if text.is_empty() {
            text.push('.');
        }
        self.group(mark, name, text.clone());
        if let Some(field) = self.fields.last_mut() {
            field.source = source.to_owned();
        }
        Ok(text)
    }

    /// The text of the name that a pointer leads to. Each must lead to before where the labels read so far began:
    /// so there is an end.
    fn followed(&self, mut at: usize, mut before: usize) -> Result<String, Undissectable> {
        let mut text = String::new();
        loop {
            if at >= before {
                let reason = format!("a pointer to octet {at} does not lead back");
                return Err(Undissectable { offset: self.at - 2, reason });
            }
            before = at;
            loop {
                let octets = self.message.get(at..).unwrap_or_default();
                match octets {
                    [length @ 1..=63, rest @ ..] => {
                        let length = usize::from(*length);
                        text += &escaped(rest.get(..length).unwrap_or(rest), 63);
                        text.push('.');
                        at += 1 + length;
                    }
                    [high @ 0xc0..=0xff, low, ..] => {
                        at = usize::from(u16::from_be_bytes([high & 0x3f, *low]));
                        break;
                    }
                    _ => return Ok(text),
                }
                if text.len() > 1_024 {
                    return Ok(text + "…"); // Longer than any name.
                }
            }
        }
    }
}
