//! The parsers that an answer has to judge. Reading on spoils the exercise.
//!
//! They are one parser, and in each something else is let pass.

use break_the_parser::{End, Reading, Request};

/// A kind of parser, and what a report says of it to somebody who did not see what it is.
pub(crate) struct Parser {
    pub(crate) alias: &'static str,
    pub(crate) clue: &'static str,
    pub(crate) rules: Rules,
}

/// What a parser lets pass, or does not.
#[derive(Clone, Copy)]
pub(crate) struct Rules {
    // Liberties that a right parser may take.
    /// Octets of a head at most.
    longest_head: usize,
    lower_case: bool,
    empty_lines: bool,
    extensions: bool,
    trailers: bool,
    equal_lengths: bool,
    // And those that it may not.
    spaced_names: bool,
    folds: bool,
    signs: bool,
    coding_over_length: bool,
    chunk_ends: bool,
    chunked: bool,
}

/// As strict as the task allows.
pub(crate) const STRICT: Rules = Rules {
    longest_head: 4_096,
    lower_case: false,
    empty_lines: false,
    extensions: false,
    trailers: false,
    equal_lengths: false,
    spaced_names: false,
    folds: false,
    signs: false,
    coding_over_length: false,
    chunk_ends: true,
    chunked: true,
};
/// All the liberties that the task allows.
pub(crate) const LIBERAL: Rules = Rules {
    longest_head: 1 << 20,
    lower_case: true,
    empty_lines: true,
    extensions: true,
    trailers: true,
    equal_lengths: true,
    ..STRICT
};

pub(crate) const RIGHT: [Parser; 3] = [
    Parser { alias: "plain", clue: "it is as plain as can be", rules: STRICT },
    Parser { alias: "liberal", clue: "it does all that the task lets it choose", rules: LIBERAL },
    Parser {
        alias: "lower-case",
        clue: "it gives the names of fields in lower case",
        rules: Rules { lower_case: true, ..STRICT },
    },
];

pub(crate) const LENIENT: [Parser; 5] = [
    Parser {
        alias: "polite",
        clue: "what stood beside the name of a field?",
        rules: Rules { spaced_names: true, ..STRICT },
    },
    Parser {
        alias: "literary",
        clue: "how did your lines begin?",
        rules: Rules { folds: true, ..LIBERAL },
    },
    Parser {
        alias: "hopeful",
        clue: "how did you write your numbers?",
        rules: Rules { signs: true, ..STRICT },
    },
    Parser {
        alias: "resolute",
        clue: "how often did you say how long a body is?",
        rules: Rules { coding_over_length: true, ..LIBERAL },
    },
    Parser {
        alias: "hurried",
        clue: "what stood behind the octets of a chunk?",
        rules: Rules { chunk_ends: false, ..STRICT },
    },
];

pub(crate) const STERN: [Parser; 1] = [Parser {
    alias: "stern",
    clue: "which right requests did you show it?",
    rules: Rules { chunked: false, ..STRICT },
}];

/// Why a parser stops.
enum Stop {
    Partial,
    Refused,
}

type Step<T> = Result<T, Stop>;

impl Rules {
    /// Reads a stream, to its end or to what is refused.
    pub(crate) fn read(&self, stream: &[u8]) -> Reading {
        let (mut requests, mut rest) = (Vec::new(), stream);
        let end = loop {
            if rest.is_empty() {
                break End::Clean;
            }
            match self.request(&mut rest) {
                Ok(request) => requests.push(request),
                Err(Stop::Partial) => break End::Partial,
                Err(Stop::Refused) => break End::Refused,
            }
        };
        Reading { requests, end }
    }

    fn request(&self, rest: &mut &[u8]) -> Step<Request> {
        let before = rest.len();
        let mut first = line(rest)?;
        while self.empty_lines && first.is_empty() {
            first = line(rest)?;
        }
        let words: Vec<&[u8]> = first.split(|octet| *octet == b' ').collect();
        let [method, target, b"HTTP/1.1"] = words[..] else { return Err(Stop::Refused) };
        if !is_token(method) || target.is_empty() || !target.iter().all(u8::is_ascii_graphic) {
            return Err(Stop::Refused);
        }
        let fields = self.fields(rest)?;
        if before - rest.len() > self.longest_head || values(&fields, b"host").len() != 1 {
            return Err(Stop::Refused);
        }
        let body = self.body(&fields, rest)?;
        Ok(Request { method: method.to_vec(), target: target.to_vec(), fields, body })
    }

    /// The lines up to the empty one.
    fn fields(&self, rest: &mut &[u8]) -> Step<Vec<(Vec<u8>, Vec<u8>)>> {
        let mut fields: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
        loop {
            let line = line(rest)?;
            if line.is_empty() {
                return Ok(fields);
            }
            let is_text = |octet: &u8| *octet == b'\t' || *octet >= b' ' && *octet != 0x7f;
            if !line.iter().all(is_text) {
                return Err(Stop::Refused);
            }
            if self.folds && line.starts_with(b" ") | line.starts_with(b"\t") {
                let (_, value) = fields.last_mut().ok_or(Stop::Refused)?;
                value.push(b' ');
                value.extend_from_slice(line.trim_ascii());
                continue;
            }
            let colon = line.iter().position(|octet| *octet == b':').ok_or(Stop::Refused)?;
            let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
            let name = if self.spaced_names { name.trim_ascii_end() } else { name };
            if !is_token(name) {
                return Err(Stop::Refused);
            }
            let name = if self.lower_case { name.to_ascii_lowercase() } else { name.to_vec() };
            fields.push((name, value.to_vec()));
        }
    }

    fn body(&self, fields: &[(Vec<u8>, Vec<u8>)], rest: &mut &[u8]) -> Step<Vec<u8>> {
        let lengths = values(fields, b"content-length");
        let codings = values(fields, b"transfer-encoding");
        match (&lengths[..], &codings[..]) {
            ([], []) => Ok(Vec::new()),
            ([], [coding]) if coding.eq_ignore_ascii_case(b"chunked") => self.chunks(rest),
            ([_, ..], [coding]) if self.coding_over_length => {
                if coding.eq_ignore_ascii_case(b"chunked") {
                    return self.chunks(rest);
                }
                Err(Stop::Refused)
            }
            ([first, others @ ..], []) => {
                let equal = others.iter().all(|other| other == first);
                if !(others.is_empty() || self.equal_lengths && equal) {
                    return Err(Stop::Refused);
                }
                take(rest, self.number(first, 10)?)
            }
            _ => Err(Stop::Refused),
        }
    }

    fn chunks(&self, rest: &mut &[u8]) -> Step<Vec<u8>> {
        if !self.chunked {
            return Err(Stop::Refused);
        }
        let mut body = Vec::new();
        loop {
            let line = line(rest)?;
            let size = match line.iter().position(|octet| *octet == b';') {
                Some(end) if self.extensions => &line[..end],
                _ => line,
            };
            let size = self.number(size, 16)?;
            if size == 0 {
                let trailers = self.fields(rest)?;
                return if trailers.is_empty() || self.trailers {
                    Ok(body)
                } else {
                    Err(Stop::Refused)
                };
            }
            body.extend(take(rest, size)?);
            let end = take(rest, 2)?;
            if self.chunk_ends && end != b"\r\n" {
                return Err(Stop::Refused);
            }
        }
    }

    fn number(&self, text: &[u8], radix: u32) -> Step<usize> {
        let digits = text.iter().all(|octet| char::from(*octet).is_digit(radix));
        if !digits && !self.signs {
            return Err(Stop::Refused);
        }
        // It takes a plus, too.
        let number = str::from_utf8(text).ok();
        number.and_then(|text| usize::from_str_radix(text, radix).ok()).ok_or(Stop::Refused)
    }
}

/// The next line, without its CR LF.
fn line<'a>(rest: &mut &'a [u8]) -> Step<&'a [u8]> {
    let end = rest.iter().position(|octet| *octet == b'\n').ok_or(Stop::Partial)?;
    let line = rest[..end].strip_suffix(b"\r").ok_or(Stop::Refused)?;
    *rest = &rest[end + 1..];
    Ok(line)
}

fn take(rest: &mut &[u8], count: usize) -> Step<Vec<u8>> {
    let (taken, left) = rest.split_at_checked(count).ok_or(Stop::Partial)?;
    *rest = left;
    Ok(taken.to_vec())
}

fn values<'a>(fields: &'a [(Vec<u8>, Vec<u8>)], name: &[u8]) -> Vec<&'a [u8]> {
    let named = fields.iter().filter(|(other, _)| other.eq_ignore_ascii_case(name));
    named.map(|(_, value)| value.as_slice()).collect()
}

fn is_token(octets: &[u8]) -> bool {
    let is_tchar = |octet: &u8| octet.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(octet);
    !octets.is_empty() && octets.iter().all(is_tchar)
}
