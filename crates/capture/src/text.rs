//! A record as text, and back: what a graded test leaves on disk and `cargo course wire` reads.
//!
//! ```text
//! course-record 1
//! flow tcp "client" "127.0.0.1:40000" "server" "127.0.0.1:7000"
//! 0.000120000 0 sent opened
//! 0.000150000 0 sent data 7
//!   68656c6c 6f0d0a
//! 0.000190000 0 received error "broken pipe"
//! 0.000195000 0 sent note "told to stop"
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

mod read;

use std::fmt::{self, Write as _};
use std::time::Duration;

use crate::record::{Arrival, Direction, End, Flow, Record, Transport, What};

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
                What::Note(note) => write!(text, "note {note:?}")?,
            }
            match event.arrival {
                Arrival::Unknown => writeln!(text)?,
                Arrival::At(at) => writeln!(text, " arrives {}", Seconds(at))?,
                Arrival::Lost => writeln!(text, " lost")?,
            }
            if let What::Data(data) = &event.what {
                write_data(text, data);
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
        read::Reader::new(text).record()
    }
}

/// Every check of a graded test leaves a text, and its verdict waits for it: no formatting machinery
/// for each octet.
fn write_data(text: &mut String, data: &[u8]) {
    for row in data.chunks(ROW) {
        text.push(' ');
        for word in row.chunks(4) {
            text.push(' ');
            for octet in word {
                text.push(digit(octet >> 4));
                text.push(digit(octet & 0x0f));
            }
        }
        text.push('\n');
    }
}

/// The hexadecimal digit of a number below 16.
fn digit(number: u8) -> char {
    char::from(if number < 10 { b'0' + number } else { b'a' + number - 10 })
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

#[cfg(test)]
mod tests;
