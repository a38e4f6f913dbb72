//! Lines of text.

use super::{Dissector, Field, Undissectable, text_value};

/// Lines that end in LF or in CRLF. The one at the end may be incomplete.
///
/// A CR that no LF follows is a part of its line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lines {
    /// The longest line that the protocol permits, in octets, without its end.
    pub limit: usize,
}

impl Default for Lines {
    /// Lines of any length.
    fn default() -> Self {
        Self { limit: usize::MAX }
    }
}

impl Dissector for Lines {
    fn name(&self) -> &str {
        "lines"
    }

    fn dissect(&self, message: &[u8]) -> Result<Vec<Field>, Undissectable> {
        let mut fields = Vec::new();
        let mut at = 0;
        for line in message.split_inclusive(|octet| *octet == b'\n') {
            let (text, end, name) = match line {
                [text @ .., b'\r', b'\n'] => (text, "\\r\\n", "CRLF"),
                [text @ .., b'\n'] => (text, "\\n", "LF"),
                text => (text, "", ""),
            };
            if text.len() > self.limit {
                let reason = format!("a line of over {} octets", self.limit);
                return Err(Undissectable { offset: at + self.limit, reason });
            }
            let middle = at + text.len();
            let field = Field::new(at..middle, "line", text_value(text));
            at += line.len();
            if end.is_empty() {
                fields.push(field.meaning("incomplete: its end is to come"));
            } else {
                let meaning = format!("{name}: the line ends");
                fields.push(if text.is_empty() { field.meaning("empty") } else { field });
                fields.push(Field::new(middle..at, "line end", end).meaning(meaning));
            }
        }
        Ok(fields)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dissect::tiles;
    use crate::random::Random;

    #[test]
    fn every_cut_tiles() {
        let mut random = Random::seeded();
        for _ in 0..50 {
            let message = random.bytes(60);
            for cut in 0..=message.len() {
                let message = &message[..cut];
                let fields = Lines::default().dissect(message).unwrap();
                assert_eq!(tiles(&fields, cut), Ok(()));
                let ends = fields.iter().filter(|field| field.name == "line end");
                let feeds = message.iter().filter(|octet| **octet == b'\n');
                assert_eq!(ends.count(), feeds.count());
                for field in fields.iter().filter(|field| field.name == "line") {
                    assert!(!message[field.range.clone()].contains(&b'\n'));
                }
            }
        }
    }

    #[test]
    fn both_ends_and_a_lone_return() {
        let fields = Lines::default().dissect(b"a\r\n\nb\rc\n\r").unwrap();
        let found: Vec<_> = fields.iter().map(|field| field.value.as_str()).collect();
        assert_eq!(found, ["a", "\\r\\n", "", "\\n", "b\\rc", "\\n", "\\r"]);
        let error = Lines { limit: 3 }.dissect(b"abc\r\nabcd\n").unwrap_err();
        assert_eq!((error.offset, error.reason.as_str()), (8, "a line of over 3 octets"));
    }
}
