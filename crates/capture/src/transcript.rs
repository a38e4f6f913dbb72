//! A record drawn for a terminal.
//!
//! ```text
//! TCP  client 127.0.0.1:40000 ⇄ server 127.0.0.1:7000
//!
//!   0.000 ms  client → server  opened: client connected
//!   0.120 ms  client → server  7 bytes  hello\r\n
//!                                            ^^^^ the line's end
//!   0.310 ms  server → client  7 bytes  hello\r\n
//!   0.402 ms  client → server  FIN: client will send no more
//! ```
//!
//! The bytes are drawn as [`bytes`](crate::bytes) draws them, so nothing that a peer sends reaches
//! the terminal as it came. Colour is an extra: every line says the same without it.

use std::fmt::Write as _;
use std::ops::Range;
use std::time::Duration;

use crate::bytes::{is_text, plain};
use crate::record::{Arrival, Direction, Event, FlowId, Record, What};
use crate::rows;
use crate::words;

/// How a transcript is drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Columns of the terminal. Bytes are folded to fit; words are not.
    pub width: usize,
    /// How many bytes of one event are drawn; of longer ones the middle is left out.
    pub limit: usize,
    /// Bytes as text or in hex.
    pub form: Form,
    /// Whether each line begins with its time. Without it (and with
    /// [`Record::without_ports`]) two runs of the same conversation draw the same.
    pub times: bool,
    /// Whether the ends' addresses stand above.
    pub heading: bool,
    /// Colours, as ANSI escapes.
    pub color: bool,
    /// Bytes to point at.
    pub marks: Vec<Mark>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            width: 100,
            limit: 256,
            form: Form::Fitting,
            times: true,
            heading: true,
            color: false,
            marks: Vec::new(),
        }
    }
}

/// How data is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Form {
    /// As text if it [is mostly text](crate::bytes::is_text), else in hex.
    #[default]
    Fitting,
    /// As escaped text.
    Text,
    /// In hex, with ASCII beside.
    Hex,
}

/// Carets under some bytes of an event, with a note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// The event's index in [`Record::events`].
    pub event: usize,
    /// The bytes within the event's data. An empty range points before a byte, or behind the last.
    pub range: Range<usize>,
    /// What there is to say.
    pub note: String,
}

impl Mark {
    /// Marks the byte at `offset` in one direction of a flow, all its data taken together; or the
    /// place behind the last. `None`: fewer bytes were recorded.
    pub fn at(
        record: &Record,
        flow: FlowId,
        direction: Direction,
        offset: usize,
        note: impl Into<String>,
    ) -> Option<Self> {
        let (event, start) = record.locate(flow, direction, offset)?;
        let What::Data(data) = &record.events.get(event)?.what else { return None };
        let end = data.len().min(start + 1);
        Some(Self { event, range: start..end, note: note.into() })
    }
}

/// Draws the record, a line end after each line.
///
/// ```
/// use capture::{Direction, End, Recorder, Transport, What, transcript};
///
/// let recorder = Recorder::new();
/// let ends = (End::new("client", ""), End::new("server", ""));
/// let flow = recorder.flow(Transport::Tcp, ends.0, ends.1);
/// recorder.data(flow, Direction::Sent, b"PING\r\n");
/// recorder.push(flow, Direction::Sent, What::Shutdown);
///
/// let options = transcript::Options { times: false, heading: false, ..Default::default() };
/// assert_eq!(transcript::draw(&recorder.snapshot(), &options), "\
/// client → server  6 bytes  PING\\r\\n
/// client → server  FIN: client will send no more
/// ");
/// ```
pub fn draw(record: &Record, options: &Options) -> String {
    let mut page = Page::new(record, options);
    if options.heading {
        page.heading();
    }
    for (index, event) in record.events.iter().enumerate() {
        page.event(index, event);
    }
    if record.dropped > 0 {
        let line = format!("… and {} more events, not recorded", record.dropped);
        page.line(Color::Ours, &line);
    }
    page.text
}

#[derive(Clone, Copy)]
enum Color {
    Plain,
    Sent,
    Received,
    Bad,
    /// Times, counts, carets: what did not cross the wire.
    Ours,
}

/// Columns, and what has been drawn so far.
struct Page<'a> {
    record: &'a Record,
    options: &'a Options,
    text: String,
    /// Width of a time with its unit and the two spaces behind it; 0 without times.
    time: usize,
    /// Times in seconds with milliseconds, in place of milliseconds with microseconds.
    seconds: bool,
    /// Width of `client → server`.
    route: usize,
    /// Width of `7 bytes`.
    count: usize,
}

impl<'a> Page<'a> {
    fn new(record: &'a Record, options: &'a Options) -> Self {
        let mut page = Self {
            record,
            options,
            text: String::new(),
            time: 0,
            seconds: record.events.iter().any(|event| event.at >= Duration::from_secs(100)),
            route: 0,
            count: 0,
        };
        for event in &record.events {
            if options.times {
                page.time = page.time.max(width(&page.time_of(event.at)) + 2);
            }
            page.route = page.route.max(width(&page.route_of(event)));
            if let (What::Data(_), Some(flow)) = (&event.what, record.flows.get(event.flow.0)) {
                page.count = page.count.max(width(&words::event(flow, event)));
            }
        }
        page
    }

    fn heading(&mut self) {
        let several = self.record.flows.len() > 1;
        for (number, flow) in self.record.flows.iter().enumerate() {
            let number = if several { format!("[{number}] ") } else { String::new() };
            let local = words::name_and_address(&flow.local);
            let peer = words::name_and_address(&flow.peer);
            let line = format!("{number}{}  {local} ⇄ {peer}", words::transport(flow));
            self.line(Color::Ours, &line);
        }
        if !self.record.flows.is_empty() {
            self.text.push('\n');
        }
    }

    fn event(&mut self, index: usize, event: &Event) {
        let Some(flow) = self.record.flows.get(event.flow.0) else { return };
        let color = match (&event.what, event.direction) {
            (What::Error(_) | What::Reset | What::Timeout, _) => Color::Bad,
            (_, Direction::Sent) => Color::Sent,
            (_, Direction::Received) => Color::Received,
        };
        if self.options.times {
            let time = format!("{:>1$}  ", self.time_of(event.at), self.time - 2);
            self.paint(Color::Ours, &time);
        }
        let route = self.route_of(event);
        let route = format!("{route}{:1$}  ", "", self.route - width(&route));
        self.paint(color, &route);
        let mut words = words::event(flow, event);
        if let Arrival::At(at) = event.arrival {
            let arrival = if self.options.times { self.time_of(at) } else { "later".to_owned() };
            let _ = write!(words, " (arrives {})", arrival.trim_start());
        }
        match &event.what {
            What::Data(data) => self.data(index, color, &words, data),
            _ => {
                self.paint(color, &words);
                self.text.push('\n');
                self.notes(index);
            }
        }
    }

    /// The bytes: beside the count if they fit there on one line, else below.
    fn data(&mut self, index: usize, color: Color, words: &str, data: &[u8]) {
        let marks: Vec<_> = self.marks(index).map(|m| (m.range.clone(), plain(&m.note))).collect();
        if data.is_empty() && marks.is_empty() {
            self.line(Color::Plain, words);
            return;
        }
        let hex = match self.options.form {
            Form::Fitting => !is_text(data),
            Form::Text => false,
            Form::Hex => true,
        };
        let beside = self.time + self.route + 2 + self.count.max(width(words)) + 2;
        let below = self.time.min(self.options.width.saturating_sub(72));
        let room = |indent: usize| self.options.width.saturating_sub(indent).max(24);
        let drawing = |width| rows::Drawing {
            bytes: data,
            hex,
            width,
            limit: self.options.limit,
            marks: &marks,
        };
        let mut lines = drawing(room(beside)).lines();
        let fits = !hex && (lines.len() == 1 + marks.len() || room(beside) >= 40);
        let indent = if fits { beside } else { below };
        if fits {
            let words =
                format!("{words}{:1$}", "", beside - self.time - self.route - 2 - width(words));
            self.paint(Color::Plain, &words);
        } else {
            self.line(Color::Plain, words);
            lines = drawing(room(below)).lines();
        }
        for (number, (line, ours)) in lines.iter().enumerate() {
            if !fits || number > 0 {
                let _ = write!(self.text, "{:indent$}", "");
            }
            self.line(if *ours { Color::Ours } else { color }, line);
        }
    }

    /// The notes on an event that has no bytes to point at.
    fn notes(&mut self, index: usize) {
        let notes: Vec<_> = self.marks(index).map(|mark| plain(&mark.note)).collect();
        for note in notes {
            let line = format!("{:1$}^ {note}", "", self.time + self.route + 2);
            self.line(Color::Ours, &line);
        }
    }

    fn marks(&self, index: usize) -> impl Iterator<Item = &'a Mark> + use<'a> {
        self.options.marks.iter().filter(move |mark| mark.event == index)
    }

    fn time_of(&self, at: Duration) -> String {
        if self.seconds {
            format!("{:7.3} s", at.as_secs_f64())
        } else {
            format!("{:7.3} ms", at.as_secs_f64() * 1000.0)
        }
    }

    /// `client → server`; behind the flow's number, where there are several.
    fn route_of(&self, event: &Event) -> String {
        let Some(flow) = self.record.flows.get(event.flow.0) else { return String::new() };
        let (sender, receiver) = words::ends(flow, event.direction);
        let route = if words::crossed(&event.what) {
            format!("{sender} → {receiver}")
        } else {
            format!("at {}", words::name(&flow.local))
        };
        let several = self.record.flows.len() > 1;
        if several { format!("[{}] {route}", event.flow.0) } else { route }
    }

    fn line(&mut self, color: Color, text: &str) {
        self.paint(color, text);
        self.text.push('\n');
    }

    fn paint(&mut self, color: Color, text: &str) {
        let code = match color {
            _ if !self.options.color => None,
            Color::Plain => None,
            Color::Sent => Some(36),
            Color::Received => Some(32),
            Color::Bad => Some(31),
            Color::Ours => Some(2),
        };
        match code {
            Some(code) => self.text.extend([&format!("\x1b[{code}m"), text, "\x1b[0m"]),
            None => self.text.push_str(text),
        }
    }
}

/// Columns that the text takes, wide scripts apart.
fn width(text: &str) -> usize {
    text.chars().count()
}

#[cfg(test)]
mod tests;
