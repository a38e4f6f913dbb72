//! What the octets of this chapter's own messages mean.
//!
//! Lines and length-prefixed frames have their dissectors in `capture`, since every chapter meets them:
//! [`capture::dissect::Lines`], [`capture::dissect::Frames`]. Here are those of [`datagrams`] and of
//! [`discovery`]. Each reads the format on its own, without the parser: so a test can hold the two
//! against each other.

use capture::dissect::{Dissector, Field, Undissectable};

use crate::{datagrams, discovery};

/// Questions and answers over UDP: see [`datagrams`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Questions;

impl Dissector for Questions {
    fn name(&self) -> &str {
        "questions and answers"
    }

    fn dissect(&self, message: &[u8]) -> Result<Vec<Field>, Undissectable> {
        let mut reader = Reader { message, at: 0, fields: Vec::new() };
        reader.take(1, "kind", |octets| match octets[0] {
            b'Q' => Ok(("'Q'".into(), "a question; its answer has 'A'".into())),
            b'A' => Ok(("'A'".into(), "an answer".into())),
            _ => Err("neither a question nor an answer".into()),
        })?;
        reader.take(1, "version", |octets| match octets[0] {
            1 => Ok(("1".into(), String::new())),
            other => Err(format!("version {other}, and only 1 is known")),
        })?;
        reader.take(8, "id", |octets| {
            Ok((hex(octets), "chosen at random by who asks; the answer repeats it".into()))
        })?;
        reader.rest(datagrams::LARGEST, "payload", "the rest of the datagram")
    }
}

/// Questions to a group, and its members' answers: see [`discovery`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Discovery;

impl Dissector for Discovery {
    fn name(&self) -> &str {
        "discovery"
    }

    fn dissect(&self, message: &[u8]) -> Result<Vec<Field>, Undissectable> {
        let mut reader = Reader { message, at: 0, fields: Vec::new() };
        reader.take(4, "magic", |octets| match octets {
            b"FIND" => Ok(("FIND".into(), "this is a message of discovery".into())),
            _ => Err("not FIND".into()),
        })?;
        reader.take(1, "version", |octets| match octets[0] {
            1 => Ok(("1".into(), String::new())),
            other => Err(format!("version {other}, and only 1 is known")),
        })?;
        let mut question = false;
        reader.take(1, "kind", |octets| match octets[0] {
            b'?' => {
                question = true;
                Ok(("'?'".into(), "who is there?".into()))
            }
            b'!' => Ok(("'!'".into(), "I am".into())),
            _ => Err("neither a question nor an answer".into()),
        })?;
        reader.take(2, "port", |octets| {
            let port = u16::from_be_bytes([octets[0], octets[1]]);
            match (question, port) {
                (true, 0) => Ok(("0".into(), "none: it is a question".into())),
                (false, 1..) => Ok((port.to_string(), "where the service is".into())),
                (true, _) => Err("a question that names a port".into()),
                (false, _) => Err("an answer without a port".into()),
            }
        })?;
        reader.take(8, "id", |octets| {
            Ok((hex(octets), "chosen at random by who asks; the answer repeats it".into()))
        })?;
        let mut length = 0;
        reader.take(1, "length", |octets| {
            length = usize::from(octets[0]);
            match length {
                0 if !question => Err("an answer without a name".into()),
                0 => Ok(("0".into(), "no name: everybody is asked".into())),
                1..=discovery::LONGEST_NAME => {
                    Ok((length.to_string(), "octets of the name".into()))
                }
                _ => Err(format!("a name of {length} octets")),
            }
        })?;
        let name = if question { "who is asked" } else { "who answers" };
        if length > 0 {
            reader.take(length, "name", |octets| match str::from_utf8(octets) {
                Ok(text) => Ok((text.escape_debug().to_string(), name.into())),
                Err(_) => Err("a name that is no UTF-8".into()),
            })?;
        }
        reader.rest(0, "", "")
    }
}

/// The value of the field in which a message breaks off.
const INCOMPLETE: &str = "incomplete";

/// Takes fields off a message, one after another.
struct Reader<'a> {
    message: &'a [u8],
    at: usize,
    fields: Vec<Field>,
}

/// A field's value, and what it says; or why it cannot be.
type Reading = Result<(String, String), String>;

impl Reader<'_> {
    /// The next `count` octets. What breaks off is named as far as it is there.
    fn take(
        &mut self,
        count: usize,
        name: &str,
        read: impl FnOnce(&[u8]) -> Reading,
    ) -> Result<(), Undissectable> {
        let left = &self.message[self.at..];
        let (start, end) = (self.at, self.at + count.min(left.len()));
        self.at = end;
        if self.fields.last().is_some_and(|field| field.value == INCOMPLETE) {
            return Ok(()); // It broke off before this field.
        }
        let Some(octets) = left.get(..count) else {
            let meaning = format!("{} of {count} octets", left.len());
            self.fields.push(Field::new(start..end, name, INCOMPLETE).meaning(meaning));
            return Ok(());
        };
        let (value, meaning) =
            read(octets).map_err(|reason| Undissectable { offset: start, reason })?;
        self.fields.push(Field::new(start..end, name, value).meaning(meaning));
        Ok(())
    }

    /// All that is left, which may be `limit` octets.
    fn rest(
        mut self,
        limit: usize,
        name: &str,
        meaning: &str,
    ) -> Result<Vec<Field>, Undissectable> {
        let left = &self.message[self.at..];
        if left.len() > limit {
            let reason = format!("{} octets, where {limit} are allowed", left.len());
            return Err(Undissectable { offset: self.at + limit, reason });
        }
        if !left.is_empty() {
            let value = format!("\"{}\"", left.escape_ascii());
            let field = Field::new(self.at..self.message.len(), name, value);
            self.fields.push(field.meaning(meaning));
        }
        Ok(self.fields)
    }
}

fn hex(octets: &[u8]) -> String {
    let digits: String = octets.iter().map(|octet| format!("{octet:02x}")).collect();
    format!("0x{digits}")
}

#[cfg(test)]
mod tests {
    use capture::dissect::tiles;

    use super::*;
    use crate::random;

    /// A whole message and every one of its octets changed in every way, against the parser.
    fn agree(
        message: &[u8],
        header: usize,
        dissector: &impl Dissector,
        parses: impl Fn(&[u8]) -> bool,
    ) {
        assert!(parses(message) && dissector.dissect(message).is_ok());
        for at in 0..message.len() {
            for value in 0..=255 {
                let mut changed = message.to_vec();
                changed[at] = value;
                let dissected = dissector.dissect(&changed);
                if let Ok(fields) = &dissected {
                    assert_eq!(tiles(fields, changed.len()), Ok(()));
                }
                let whole = dissected
                    .is_ok_and(|fields| fields.iter().all(|field| field.value != INCOMPLETE));
                let escaped = changed.escape_ascii();
                assert_eq!(whole, parses(&changed), "octet {at} is {value}: {escaped}");
            }
        }
        for end in 0..message.len() {
            let fields = dissector.dissect(&message[..end]).unwrap();
            assert_eq!(tiles(&fields, end), Ok(()), "cut at {end}");
            assert!(end >= header || !parses(&message[..end]));
        }
    }

    #[test]
    fn a_question_is_what_the_parser_takes_for_one() {
        for kind in [datagrams::QUESTION, datagrams::ANSWER] {
            let message = datagrams::Message { kind, id: random::id(), payload: b"time?" };
            agree(&message.to_bytes(), datagrams::HEADER, &Questions, |bytes| {
                datagrams::Message::parse(bytes).is_some()
            });
        }
        let long = vec![b'x'; datagrams::LARGEST + 1];
        let message = datagrams::Message { kind: b'Q', id: 1, payload: &long };
        let error = Questions.dissect(&message.to_bytes()).unwrap_err();
        assert_eq!(error.offset, datagrams::HEADER + datagrams::LARGEST);
    }

    #[test]
    fn a_message_of_discovery_is_what_the_parser_takes_for_one() {
        for (kind, port, name) in [(b'?', 0, "é"), (b'?', 0, ""), (b'!', 631, "printer")] {
            let message = discovery::Message { kind, port, id: random::id(), name };
            let bytes = message.to_bytes().unwrap();
            agree(&bytes, bytes.len(), &Discovery, |bytes| {
                discovery::Message::parse(bytes).is_some()
            });
        }
    }

    #[test]
    fn the_fields_are_named() {
        let message = discovery::Message { kind: b'!', port: 631, id: 7, name: "printer" };
        let fields = Discovery.dissect(&message.to_bytes().unwrap()).unwrap();
        let values: Vec<_> = fields.iter().map(|f| (f.name.as_str(), f.value.as_str())).collect();
        assert_eq!(
            values,
            [
                ("magic", "FIND"),
                ("version", "1"),
                ("kind", "'!'"),
                ("port", "631"),
                ("id", "0x0000000000000007"),
                ("length", "7"),
                ("name", "printer")
            ]
        );
    }
}
