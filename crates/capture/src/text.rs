//! A record as text, and back: what a graded test leaves on disk and `cargo course wire` reads.
//!
//! ```text
//! course-record 1
//! flow tcp "client" "127.0.0.1:40000" "server" "127.0.0.1:7000"
//! 0.000120000 0 sent opened
//! 0.000150000 0 sent data 7
//!   68656c6c 6f0d0a
//! 0.000190000 0 received error "broken pipe"
//! 0.000200000 0 sent data 0 arrives 0.020200000
//! 0.000210000 0 sent shutdown lost
//! dropped 0
//! end
//! ```
//!
//! A flow's number is its place in the list, from 0. Times are seconds with nine decimals. Data is
//! in hex, 32 octets to a line; spaces between octets mean nothing. Names stand in quotes, with
//! the escapes of a Rust string. Lines that begin with `#`, and empty ones, are skipped. The `end`
//! is how a file that was torn in writing is told from a whole one.

use std::fmt::{self, Write as _};
use std::iter::Peekable;
use std::str::Chars;
use std::time::Duration;

use crate::record::{Arrival, Direction, End, Event, Flow, FlowId, Record, Transport, What};

/// The first word of a record's text; the version follows.
const MAGIC: &str = "course-record";
const VERSION: &str = "1";
/// Octets of data on one line.
const ROW: usize = 32;

const TRANSPORTS: [(Transport, &str); 3] =
    [(Transport::Tcp, "tcp"), (Transport::Udp, "udp"), (Transport::Unix, "unix")];
const DIRECTIONS: [(Direction, &str); 2] =
    [(Direction::Sent, "sent"), (Direction::Received, "received")];

/// Why a text is not a record: the line, from 1, and what is wrong there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextError {
    /// The line, counted from 1. One past the last where the text ends too early.
    pub line: usize,
    /// What is wrong with it.
    pub problem: TextProblem,
}

/// What can be wrong with a line of a record's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextProblem {
    /// The first line is not `course-record 1`: another kind of file.
    NotARecord,
    /// A record of another version of this format.
    Version(String),
    /// There is no line `end`: the text was cut off.
    Unfinished,
    /// Something other than blank lines and comments follows `end`.
    AfterEnd,
    /// A word is missing; this was expected.
    Missing(&'static str),
    /// A word stands where this was expected.
    Unexpected {
        /// What the format has there.
        expected: &'static str,
        /// What stands there.
        found: String,
    },
    /// An event names a flow that no line before it declares.
    UnknownFlow(usize),
    /// A data event announces so many octets, and its lines hold another count.
    DataCount {
        /// As announced.
        announced: usize,
        /// As found.
        found: usize,
    },
}

impl fmt::Display for TextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: ", self.line)?;
        match &self.problem {
            TextProblem::NotARecord => write!(f, "not a record: `{MAGIC} {VERSION}` expected"),
            TextProblem::Version(found) => {
                write!(f, "a record of version {found:.40?}; this program reads version {VERSION}")
            }
            TextProblem::Unfinished => write!(f, "the record is cut off: `end` expected"),
            TextProblem::AfterEnd => write!(f, "more text after `end`"),
            TextProblem::Missing(expected) => write!(f, "{expected} expected"),
            TextProblem::Unexpected { expected, found } => {
                write!(f, "{expected} expected, found {found:.40?}")
            }
            TextProblem::UnknownFlow(flow) => write!(f, "flow {flow} is not declared above"),
            TextProblem::DataCount { announced, found } => {
                write!(f, "{announced} octets of data announced, {found} found")
            }
        }
    }
}

impl std::error::Error for TextError {}

impl Record {
    /// The record as text, which [`Record::from_text`] reads back without loss.
    ///
    /// ```
    /// use capture::{Direction, End, Record, Recorder, Transport};
    ///
    /// let recorder = Recorder::new();
    /// let flow = recorder.flow(Transport::Udp, End::new("client", ""), End::new("server", ""));
    /// recorder.data(flow, Direction::Sent, b"hello");
    /// let record = recorder.snapshot();
    /// assert!(record.to_text().contains("68656c6c 6f"));
    /// assert_eq!(Record::from_text(&record.to_text()), Ok(record));
    /// ```
    pub fn to_text(&self) -> String {
        let mut text = format!("{MAGIC} {VERSION}\n");
        // Writing to a `String` cannot fail.
        let _ = self.write_text(&mut text);
        text
    }

    fn write_text(&self, text: &mut String) -> fmt::Result {
        for Flow { transport, local, peer } in &self.flows {
            let transport = word(&TRANSPORTS, *transport);
            let End { name, address } = local;
            let End { name: peer_name, address: peer_address } = peer;
            writeln!(text, "flow {transport} {name:?} {address:?} {peer_name:?} {peer_address:?}")?;
        }
        for event in &self.events {
            let (at, flow) = (Seconds(event.at), event.flow.0);
            write!(text, "{at} {flow} {} ", word(&DIRECTIONS, event.direction))?;
            match &event.what {
                What::Opened => write!(text, "opened")?,
                What::Data(data) => write!(text, "data {}", data.len())?,
                What::Shutdown => write!(text, "shutdown")?,
                What::Reset => write!(text, "reset")?,
                What::Error(error) => write!(text, "error {error:?}")?,
                What::Timeout => write!(text, "timeout")?,
            }
            match event.arrival {
                Arrival::Unknown => writeln!(text)?,
                Arrival::At(at) => writeln!(text, " arrives {}", Seconds(at))?,
                Arrival::Lost => writeln!(text, " lost")?,
            }
            if let What::Data(data) = &event.what {
                write_data(text, data)?;
            }
        }
        writeln!(text, "dropped {}\nend", self.dropped)
    }

    /// Reads what [`Record::to_text`] wrote.
    ///
    /// # Errors
    ///
    /// Text of any other shape is a [`TextError`], which says the line and what is wrong there.
    pub fn from_text(text: &str) -> Result<Self, TextError> {
        Reader::new(text).record()
    }
}

fn write_data(text: &mut String, data: &[u8]) -> fmt::Result {
    for row in data.chunks(ROW) {
        text.push(' ');
        for (index, octet) in row.iter().enumerate() {
            let space = if index % 4 == 0 { " " } else { "" };
            write!(text, "{space}{octet:02x}")?;
        }
        text.push('\n');
    }
    Ok(())
}

/// The word that stands for `value` in the text.
fn word<T: PartialEq + Copy>(words: &[(T, &'static str)], value: T) -> &'static str {
    words.iter().find(|(v, _)| *v == value).expect("every value has a word").1
}

/// A time in the text's form.
struct Seconds(Duration);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:09}", self.0.as_secs(), self.0.subsec_nanos())
    }
}

/// Goes through the lines that are neither empty nor a comment.
struct Reader<'a> {
    lines: Peekable<Box<dyn Iterator<Item = (usize, &'a str)> + 'a>>,
    /// How many lines the text has.
    count: usize,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Self {
        let lines = text.lines().enumerate().map(|(index, line)| (index + 1, line));
        let lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
        let lines: Box<dyn Iterator<Item = _>> = Box::new(lines);
        Self { lines: lines.peekable(), count: text.lines().count() }
    }

    fn record(mut self) -> Result<Record, TextError> {
        let mut record = Record::default();
        self.first_line()?;
        loop {
            let Some((number, text)) = self.lines.next() else {
                return Err(TextError { line: self.count + 1, problem: TextProblem::Unfinished });
            };
            let mut line = Line { number, rest: text };
            match text.split(' ').next().unwrap_or_default() {
                "end" => {
                    line.skip_word();
                    line.finish()?;
                    break;
                }
                "dropped" => {
                    line.skip_word();
                    record.dropped = line.number("the count of dropped events")?;
                    line.finish()?;
                }
                "flow" => {
                    line.skip_word();
                    record.flows.push(line.flow()?);
                }
                _ => {
                    let event = self.event(line, record.flows.len())?;
                    record.events.push(event);
                }
            }
        }
        match self.lines.next() {
            None => Ok(record),
            Some((line, _)) => Err(TextError { line, problem: TextProblem::AfterEnd }),
        }
    }

    fn first_line(&mut self) -> Result<(), TextError> {
        let (line, text) = self.lines.next().unwrap_or((1, ""));
        match text.split_once(' ') {
            Some((MAGIC, VERSION)) => Ok(()),
            Some((MAGIC, other)) => {
                Err(TextError { line, problem: TextProblem::Version(other.to_owned()) })
            }
            _ => Err(TextError { line, problem: TextProblem::NotARecord }),
        }
    }

    fn event(&mut self, mut line: Line<'a>, flows: usize) -> Result<Event, TextError> {
        let at = line.time("a time in seconds, or `end`")?;
        let flow = line.number("the flow's number")?;
        if flow >= flows {
            return Err(line.error(TextProblem::UnknownFlow(flow)));
        }
        let direction = line.one_of(&DIRECTIONS, "`sent` or `received`")?;
        let what = match line.word("what happened")? {
            "opened" => What::Opened,
            "data" => {
                let announced = line.number("the count of octets")?;
                What::Data(self.data(&line, announced)?)
            }
            "shutdown" => What::Shutdown,
            "reset" => What::Reset,
            "error" => What::Error(line.quoted("the error, in quotes")?),
            "timeout" => What::Timeout,
            other => return Err(line.unexpected("what happened", other)),
        };
        let arrival = match line.optional_word() {
            None => Arrival::Unknown,
            Some("lost") => Arrival::Lost,
            Some("arrives") => Arrival::At(line.time("the time of arrival")?),
            Some(other) => {
                return Err(line.unexpected("`arrives`, `lost` or the line's end", other));
            }
        };
        line.finish()?;
        Ok(Event { at, flow: FlowId(flow), direction, what, arrival })
    }

    /// The indented lines that follow a data event.
    fn data(&mut self, event: &Line<'a>, announced: usize) -> Result<Vec<u8>, TextError> {
        // Grows with what is there, not with what is announced.
        let mut data = Vec::new();
        while let Some((number, row)) = self.lines.next_if(|(_, line)| line.starts_with(' ')) {
            let line = Line { number, rest: row };
            let mut digits = row.chars().filter(|c| *c != ' ');
            while let Some(high) = digits.next() {
                let octet = high.to_digit(16).zip(digits.next().and_then(|low| low.to_digit(16)));
                let octet = octet.and_then(|(high, low)| u8::try_from(high * 16 + low).ok());
                data.push(octet.ok_or_else(|| line.unexpected("octets in hex", row.trim()))?);
            }
        }
        if data.len() == announced {
            Ok(data)
        } else {
            Err(event.error(TextProblem::DataCount { announced, found: data.len() }))
        }
    }
}

/// What is left of a line.
struct Line<'a> {
    number: usize,
    rest: &'a str,
}

impl<'a> Line<'a> {
    fn error(&self, problem: TextProblem) -> TextError {
        TextError { line: self.number, problem }
    }

    fn unexpected(&self, expected: &'static str, found: &str) -> TextError {
        self.error(TextProblem::Unexpected { expected, found: found.to_owned() })
    }

    fn optional_word(&mut self) -> Option<&'a str> {
        let (word, rest) = self.rest.split_once(' ').unwrap_or((self.rest, ""));
        self.rest = rest;
        (!word.is_empty()).then_some(word)
    }

    fn skip_word(&mut self) {
        let _ = self.optional_word();
    }

    fn word(&mut self, expected: &'static str) -> Result<&'a str, TextError> {
        self.optional_word().ok_or_else(|| self.error(TextProblem::Missing(expected)))
    }

    fn one_of<T: Copy>(
        &mut self,
        words: &[(T, &str)],
        expected: &'static str,
    ) -> Result<T, TextError> {
        let found = self.word(expected)?;
        let value = words.iter().find(|(_, word)| *word == found).map(|(value, _)| *value);
        value.ok_or_else(|| self.unexpected(expected, found))
    }

    fn number(&mut self, expected: &'static str) -> Result<usize, TextError> {
        let found = self.word(expected)?;
        let plain = found.bytes().all(|digit| digit.is_ascii_digit()); // No `+5`.
        let number = found.parse().ok().filter(|_| plain);
        number.ok_or_else(|| self.unexpected(expected, found))
    }

    fn time(&mut self, expected: &'static str) -> Result<Duration, TextError> {
        let found = self.word(expected)?;
        let time = found.split_once('.').and_then(|(seconds, nanos)| {
            let digits = |text: &str| text.bytes().all(|digit| digit.is_ascii_digit());
            let shaped = nanos.len() == 9 && digits(nanos) && digits(seconds);
            let (seconds, nanos) = seconds.parse().ok().zip(nanos.parse().ok())?;
            shaped.then(|| Duration::new(seconds, nanos))
        });
        time.ok_or_else(|| self.unexpected(expected, found))
    }

    fn flow(&mut self) -> Result<Flow, TextError> {
        let transport = self.one_of(&TRANSPORTS, "`tcp`, `udp` or `unix`")?;
        let local = self.end()?;
        let peer = self.end()?;
        self.finish()?;
        Ok(Flow { transport, local, peer })
    }

    fn end(&mut self) -> Result<End, TextError> {
        let name = self.quoted("an end's name, in quotes")?;
        let address = self.quoted("an end's address, in quotes")?;
        Ok(End { name, address })
    }

    /// A string as `{:?}` writes it, and the space after it.
    fn quoted(&mut self, expected: &'static str) -> Result<String, TextError> {
        if self.rest.is_empty() {
            return Err(self.error(TextProblem::Missing(expected)));
        }
        let mut chars = self.rest.chars();
        let string = unquoted(&mut chars);
        let string = string.ok_or_else(|| self.unexpected(expected, self.rest))?;
        self.rest = chars.as_str();
        if let Some(rest) = self.rest.strip_prefix(' ') {
            self.rest = rest;
        } else if !self.rest.is_empty() {
            return Err(self.unexpected("a space", self.rest));
        }
        Ok(string)
    }

    fn finish(&self) -> Result<(), TextError> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(self.unexpected("the line's end", self.rest))
        }
    }
}

/// Reads a string literal as `{:?}` writes it, to its closing quote.
fn unquoted(chars: &mut Chars<'_>) -> Option<String> {
    if chars.next()? != '"' {
        return None;
    }
    let mut string = String::new();
    loop {
        string.push(match chars.next()? {
            '"' => return Some(string),
            '\\' => match chars.next()? {
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                '0' => '\0',
                'u' => {
                    let (digits, rest) = chars.as_str().strip_prefix('{')?.split_once('}')?;
                    *chars = rest.chars();
                    char::from_u32(u32::from_str_radix(digits, 16).ok()?)?
                }
                quoted @ ('"' | '\'' | '\\') => quoted,
                _ => return None,
            },
            plain => plain,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    #[test]
    fn any_record_comes_back_whole() {
        let mut random = Random::seeded();
        for _ in 0..300 {
            let record = random.record();
            assert_eq!(Record::from_text(&record.to_text()), Ok(record));
        }
    }

    #[test]
    fn any_damage_is_an_error_or_another_record() {
        let mut random = Random::seeded();
        for _ in 0..2000 {
            let mut text: Vec<char> = random.record().to_text().chars().collect();
            for _ in 0..=random.below(3) {
                let at = random.below(text.len().max(1)).min(text.len());
                match random.below(3) {
                    0 if at < text.len() => drop(text.remove(at)),
                    1 => text.insert(at, random.pick(&['"', '\\', '9', '{', ' ', '\n', 'é', '+'])),
                    _ => text.truncate(at + 1),
                }
            }
            let text: String = text.into_iter().collect();
            if let Err(error) = Record::from_text(&text) {
                assert!((1..=text.lines().count() + 1).contains(&error.line), "{error}\n{text}");
            }
        }
    }

    #[test]
    fn every_cut_is_noticed() {
        let text = Random::seeded().record().to_text();
        for cut in 0..text.len() - 1 {
            if text.is_char_boundary(cut) {
                assert!(Record::from_text(&text[..cut]).is_err(), "cut at {cut}:\n{text}");
            }
        }
    }

    #[test]
    fn errors_say_where_and_what() {
        let flow = "flow udp \"a\" \"\" \"b\" \"\"";
        for (text, error) in [
            ("", "line 1: not a record: `course-record 1` expected"),
            ("GIF89a", "line 1: not a record: `course-record 1` expected"),
            (
                "course-record 2\nend",
                "line 1: a record of version \"2\"; this program reads version 1",
            ),
            ("course-record 1\n", "line 2: the record is cut off: `end` expected"),
            ("course-record 1\nend\n\nend", "line 4: more text after `end`"),
            (
                "course-record 1\n0.000000000 0 sent opened\nend",
                "line 2: flow 0 is not declared above",
            ),
            (
                "course-record 1\nflow sctp",
                "line 2: `tcp`, `udp` or `unix` expected, found \"sctp\"",
            ),
            ("course-record 1\nflow tcp", "line 2: an end's name, in quotes expected"),
            (
                "course-record 1\nflow tcp \"a",
                "line 2: an end's name, in quotes expected, found \"\\\"a\"",
            ),
            (
                "course-record 1\n# a comment\n0.5 0 sent opened",
                "line 3: a time in seconds, or `end` expected, found \"0.5\"",
            ),
            (
                &format!("course-record 1\n{flow}\n0.000000000 0 sent data 3\n  0102\nend"),
                "line 3: 3 octets of data announced, 2 found",
            ),
            (
                &format!("course-record 1\n{flow}\n0.000000000 0 sent data 2\n  0102z\nend"),
                "line 4: octets in hex expected, found \"0102z\"",
            ),
            (
                &format!("course-record 1\n{flow}\n0.000000000 0 sent reset late\nend"),
                "line 3: `arrives`, `lost` or the line's end expected, found \"late\"",
            ),
        ] {
            assert_eq!(Record::from_text(text).unwrap_err().to_string(), error, "{text}");
        }
    }
}
