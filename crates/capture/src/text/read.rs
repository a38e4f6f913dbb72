//! Reading a record's text.

use std::iter::Peekable;
use std::str::Chars;
use std::time::Duration;

use super::{DIRECTIONS, MAGIC, TRANSPORTS, TextError, TextProblem, VERSION};
use crate::record::{Arrival, End, Event, Flow, FlowId, Record, What};

/// Goes through the lines that are neither empty nor a comment.
pub(super) struct Reader<'a> {
    lines: Peekable<Box<dyn Iterator<Item = (usize, &'a str)> + 'a>>,
    /// How many lines the text has.
    count: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let lines = text.lines().enumerate().map(|(index, line)| (index + 1, line));
        let lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
        let lines: Box<dyn Iterator<Item = _>> = Box::new(lines);
        Self { lines: lines.peekable(), count: text.lines().count() }
    }

    pub(super) fn record(mut self) -> Result<Record, TextError> {
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
            "note" => What::Note(line.quoted("the note, in quotes")?),
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
