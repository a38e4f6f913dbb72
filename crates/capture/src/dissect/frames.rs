//! Length-prefixed frames.

use super::{Dissector, Field, Undissectable, text_value};
use crate::bytes::count;

/// Octets of the length.
const PREFIX: usize = 4;

/// Frames that begin with their length, of which any number follow each other.
///
/// ```text
/// +-------------------------------+---------------- - -
/// | length: 4 octets, big-endian  | payload: so many octets
/// +-------------------------------+---------------- - -
/// ```
///
/// The length counts the payload alone. The frame at the end may be incomplete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frames {
    /// The longest payload that the protocol permits, in octets.
    pub limit: u32,
}

impl Default for Frames {
    /// Payloads of any length.
    fn default() -> Self {
        Self { limit: u32::MAX }
    }
}

impl Dissector for Frames {
    fn name(&self) -> &str {
        "length-prefixed frames"
    }

    fn dissect(&self, message: &[u8]) -> Result<Vec<Field>, Undissectable> {
        let mut fields = Vec::new();
        let mut at = 0;
        while at < message.len() {
            let rest = &message[at..];
            let Some((prefix, rest)) = rest.split_first_chunk::<PREFIX>() else {
                let meaning = format!("{} of {PREFIX} octets: more is to come", rest.len());
                let field = Field::new(at..message.len(), "length", "incomplete");
                fields.push(field.meaning(meaning));
                break;
            };
            let length = u32::from_be_bytes(*prefix);
            if length > self.limit {
                let reason = format!("a payload of {length} octets, over the limit {}", self.limit);
                return Err(Undissectable { offset: at, reason });
            }
            let octets = if length == 1 { "octet" } else { "octets" };
            let meaning = format!("the payload has {length} {octets}");
            let start = at + PREFIX;
            fields.push(Field::new(at..start, "length", length.to_string()).meaning(meaning));
            let length = usize::try_from(length).unwrap_or(usize::MAX);
            let payload = &rest[..length.min(rest.len())];
            at = start + payload.len();
            let mut field = Field::new(start..at, "payload", text_value(payload));
            if length == 0 {
                field = field.meaning("empty");
            }
            if payload.len() < length {
                let there = count(payload.len());
                field = field.meaning(format!("incomplete: {there} of {length}"));
            }
            fields.push(field);
        }
        Ok(fields)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dissect::tiles;
    use crate::random::Random;

    /// Any frames, cut at every offset: the fields tile what is there, and say what is missing.
    #[test]
    fn every_cut_tiles() {
        let mut random = Random::seeded();
        let payloads: Vec<_> = (0..5).map(|_| random.bytes(30)).collect();
        let mut message = Vec::new();
        let mut ends = vec![0];
        for payload in &payloads {
            message.extend(u32::try_from(payload.len()).unwrap().to_be_bytes());
            message.extend(payload);
            ends.push(message.len());
        }
        for cut in 0..=message.len() {
            let fields = Frames::default().dissect(&message[..cut]).unwrap();
            assert_eq!(tiles(&fields, cut), Ok(()));
            let whole = !fields.iter().any(|f| f.meaning.contains(" of "));
            assert_eq!(whole, ends.contains(&cut), "cut at {cut}: {fields:?}");
        }
        let fields = Frames::default().dissect(&message).unwrap();
        let found: Vec<_> = fields.iter().filter(|field| field.name == "payload").collect();
        assert_eq!(found.len(), payloads.len());
        for (field, payload) in found.into_iter().zip(&payloads) {
            assert_eq!(message[field.range.clone()], payload[..]);
        }
    }

    #[test]
    fn anything_tiles_or_is_over_the_limit() {
        let mut random = Random::seeded();
        for _ in 0..500 {
            let message = random.bytes(60);
            match (Frames { limit: 300 }).dissect(&message) {
                Ok(fields) => assert_eq!(tiles(&fields, message.len()), Ok(())),
                Err(error) => assert!(error.offset + PREFIX <= message.len(), "{error}"),
            }
        }
        let error = Frames { limit: 8 }.dissect(b"\0\0\0\0\0\0\0\x09").unwrap_err();
        assert_eq!(error.to_string(), "at offset 4: a payload of 9 octets, over the limit 8");
    }
}
