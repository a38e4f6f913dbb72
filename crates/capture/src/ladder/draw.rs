//! The drawing of a ladder.

use std::fmt::Write as _;

use super::Options;
use super::layout::{self, Layout, Line};
use crate::bytes::{count, escaped, is_text};
use crate::markup::{cut, escape};
use crate::record::{Arrival, Direction, Event, Record, Transport, What};
use crate::words;

/// The width of a monospaced character, and more than that of most others.
const CHARACTER: f64 = 6.7;

/// Data of which neither size nor content is said.
const SOME: &str = "bytes";

/// Characters that take so much room.
fn characters(width: f64) -> usize {
    // The room is some hundred units wide at most, and never negative.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let characters = (width / CHARACTER).max(0.0) as usize;
    characters
}

/// A ladder while it is drawn.
pub(super) struct Ladder<'a> {
    record: &'a Record,
    options: &'a Options,
    /// The events that are drawn.
    events: &'a [Event],
    layout: Layout,
    svg: String,
    /// What is written, drawn last: an arrow that crosses it stays behind.
    text: String,
}

impl<'a> Ladder<'a> {
    pub(super) fn new(record: &'a Record, options: &'a Options) -> Self {
        let events = &record.events[..record.events.len().min(options.limit)];
        let layout = Layout::new(record, events, options.times);
        Self { record, options, events, layout, svg: String::new(), text: String::new() }
    }

    pub(super) fn svg(mut self, attributes: &str, style: &str) -> String {
        let (id, width, height) =
            (escape(&self.options.id), self.layout.width, self.layout.height());
        // The name is short; who wants the whole conversation read out asks for the description.
        let _ = write!(
            self.svg,
            "<svg{attributes} class=\"wire\" role=\"img\" viewBox=\"0 0 {width} {height:.0}\" \
             aria-labelledby=\"{id}-title\" aria-describedby=\"{id}-desc\">\n{style}\
             <title id=\"{id}-title\">{}</title>\n<desc id=\"{id}-desc\">{}</desc>\n",
            escape(&self.title()),
            escape(&self.description()),
        );
        self.lifelines();
        self.pauses();
        for index in 0..self.events.len() {
            self.event(index);
        }
        self.svg.push_str(&self.text);
        self.more();
        self.svg.push_str("</svg>\n");
        self.svg
    }

    fn title(&self) -> String {
        if !self.options.title.is_empty() {
            return self.options.title.clone();
        }
        let names: Vec<_> = self.layout.lifelines.iter().map(|line| line.name.as_str()).collect();
        let events = self.record.events.len();
        format!(
            "{}: {events} {}",
            names.join(" and "),
            if events == 1 { "event" } else { "events" }
        )
    }

    /// The whole drawing, in words.
    fn description(&self) -> String {
        let mut sentences = Vec::new();
        for (index, event) in self.events.iter().enumerate() {
            let Some(flow) = self.record.flows.get(event.flow.0) else { continue };
            let (sender, receiver) = words::ends(flow, event.direction);
            let mut words = words::event(flow, event);
            if words::crossed(&event.what) {
                words = format!("{sender} to {receiver}: {words}");
            }
            if let What::Data(data) = &event.what {
                let own = self.own_label(index).map(str::to_owned);
                if self.options.sizes {
                    let _ = write!(words, ", {}", own.unwrap_or_else(|| bytes_label(data, 60)));
                } else {
                    words = format!("{sender} to {receiver}: {}", own.unwrap_or(SOME.to_owned()));
                }
            }
            if self.options.times {
                let clock = &self.layout.clock;
                words = format!("{} {words}", clock.time(event.at));
                if let Arrival::At(at) = event.arrival {
                    let _ = write!(words, ", arrives at {}", clock.time(at));
                }
            }
            sentences.push(words);
        }
        sentences.join("; ")
    }

    fn lifelines(&mut self) {
        let bottom = self.layout.height() - 4.0;
        for Line { name, x } in &self.layout.lifelines {
            let most = characters(self.layout.name_room());
            let _ = writeln!(
                self.svg,
                "<line class=\"wire-life\" x1=\"{x:.0}\" y1=\"24\" x2=\"{x:.0}\" y2=\"{bottom:.0}\"/>\
                 <text class=\"wire-name\" x=\"{x:.0}\" y=\"16\">{}</text>",
                escape(&cut(name, most)),
            );
        }
    }

    /// Where time was left out: the lifelines are interrupted, and how long it was is said.
    fn pauses(&mut self) {
        for (y, length) in &self.layout.pauses {
            for Line { x, .. } in &self.layout.lifelines {
                let (top, bottom) = (y - 7.0, y + 7.0);
                let _ = write!(
                    self.svg,
                    "<line class=\"wire-cut\" x1=\"{x:.0}\" y1=\"{top:.1}\" x2=\"{x:.0}\" y2=\"{bottom:.1}\"/>"
                );
            }
            let (x, y) = (self.layout.middle(), y + 3.5);
            let length = layout::rounded(*length);
            let _ = writeln!(
                self.svg,
                "<text class=\"wire-pause\" x=\"{x:.0}\" y=\"{y:.1}\">⋯ {length} later ⋯</text>"
            );
        }
    }

    fn event(&mut self, index: usize) {
        let (record, events) = (self.record, self.events);
        let event = &events[index];
        let Some(flow) = record.flows.get(event.flow.0) else { return };
        let local = self.layout.x(&words::name(&flow.local));
        let peer = self.layout.x(&words::name(&flow.peer));
        let y = self.layout.start[index];
        let udp_opened = event.what == What::Opened && flow.transport == Transport::Udp;
        if !words::crossed(&event.what) || udp_opened {
            self.time(event, y);
            let wrong = !matches!(event.what, What::Note(_));
            self.local_event(local, peer, y, &label(event), wrong);
            return;
        }
        let end = self.layout.arrival[index].unwrap_or(y + layout::SLOPE);
        let (tail, head) = match event.direction {
            Direction::Sent => ((local, y), (peer, end)),
            Direction::Received => ((peer, y), (local, end)),
        };
        // The recorded time is that of the local end, unless the link said when each end was.
        let received = event.direction == Direction::Received;
        self.time(event, if received && event.arrival == Arrival::Unknown { end } else { y });
        self.arrow(event, tail, head);
        self.arrow_label(index, tail, head);
        self.svg.push('\n');
    }

    fn time(&mut self, event: &Event, y: f64) {
        if self.options.times {
            let time = self.layout.clock.time(event.at);
            let _ = write!(
                self.text,
                "<text class=\"wire-time\" x=\"{:.0}\" y=\"{:.1}\">{time}</text>",
                self.layout.time_edge(),
                y + 3.5
            );
        }
    }

    /// An event at one end only: a square on its lifeline, with words.
    fn local_event(&mut self, local: f64, peer: f64, y: f64, words: &str, wrong: bool) {
        let class = if wrong { " wire-wrong" } else { "" };
        let (anchor, x) = if peer < local { ("end", local - 9.0) } else { ("start", local + 9.0) };
        let most = characters((peer - local).abs() - 14.0);
        let _ = writeln!(
            self.svg,
            "<rect class=\"wire-mark{class}\" x=\"{:.1}\" y=\"{:.1}\" width=\"8\" height=\"8\"/>",
            local - 4.0,
            y - 4.0,
        );
        let _ = writeln!(
            self.text,
            "<text class=\"wire-label{class}\" text-anchor=\"{anchor}\" x=\"{x:.1}\" y=\"{:.1}\">{}</text>",
            y + 4.0,
            escape(&cut(words, most)),
        );
    }

    fn arrow(&mut self, event: &Event, tail: (f64, f64), head: (f64, f64)) {
        let class = match (&event.what, event.direction) {
            (What::Reset, _) => "wire-wrong",
            (_, Direction::Sent) => "wire-sent",
            (_, Direction::Received) => "wire-received",
        };
        let lost = event.arrival == Arrival::Lost;
        // What was lost stops short of the other lifeline.
        let reach = if lost { 0.62 } else { 1.0 };
        let at = |part: f64| (tail.0 + (head.0 - tail.0) * part, tail.1 + (head.1 - tail.1) * part);
        let ((x1, y1), (x2, y2)) = (tail, at(reach));
        let dashed = if event.what == What::Opened { " wire-open" } else { "" };
        let _ = write!(
            self.svg,
            "<line class=\"wire-arrow {class}{dashed}\" x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\"/>"
        );
        if lost || event.what == What::Reset {
            self.cross(class, if lost { (x2, y2) } else { at(0.93) });
        }
        if !lost {
            self.arrowhead(class, tail, head);
        }
        if event.what == What::Opened {
            // The handshake goes both ways.
            self.arrowhead(class, head, tail);
        }
    }

    fn cross(&mut self, class: &str, (x, y): (f64, f64)) {
        let (left, right, top, bottom) = (x - 4.5, x + 4.5, y - 4.5, y + 4.5);
        let _ = write!(
            self.svg,
            "<path class=\"wire-arrow {class}\" d=\"M{left:.1} {top:.1}L{right:.1} {bottom:.1}\
             M{left:.1} {bottom:.1}L{right:.1} {top:.1}\"/>"
        );
    }

    fn arrowhead(&mut self, class: &str, tail: (f64, f64), head: (f64, f64)) {
        let (dx, dy) = (head.0 - tail.0, head.1 - tail.1);
        let length = dx.hypot(dy).max(1.0);
        let (dx, dy) = (dx / length, dy / length);
        // Just before the lifeline, so that its end is seen.
        let (x, y) = (head.0 - dx, head.1 - dy);
        let corner = |side: f64| (x - 9.0 * dx - side * 4.0 * dy, y - 9.0 * dy + side * 4.0 * dx);
        let (a, b) = (corner(1.0), corner(-1.0));
        let _ = write!(
            self.svg,
            "<path class=\"wire-head {class}\" d=\"M{x:.1} {y:.1}L{:.1} {:.1}L{:.1} {:.1}Z\"/>",
            a.0, a.1, b.0, b.1
        );
    }

    fn arrow_label(&mut self, index: usize, tail: (f64, f64), head: (f64, f64)) {
        let event = &self.events[index];
        let room = characters((head.0 - tail.0).abs() - 22.0);
        // Above the middle of an arrow of no known slope; else above the tail, where it is alone.
        let (anchor, x, y) = match (event.arrival, head.0 > tail.0) {
            (Arrival::Unknown, _) => {
                ("middle", f64::midpoint(tail.0, head.0), f64::midpoint(tail.1, head.1))
            }
            (_, true) => ("start", tail.0 + 10.0, tail.1),
            (_, false) => ("end", tail.0 - 10.0, tail.1),
        };
        let tag = if self.layout.tagged { format!("[{}] ", event.flow.0) } else { String::new() };
        let sized = self.options.sizes || !matches!(event.what, What::Data(_));
        let first = match self.own_label(index) {
            _ if sized => format!("{tag}{}", label(event)),
            own => format!("{tag}{}", own.unwrap_or(SOME)),
        };
        let lost = if event.arrival == Arrival::Lost { " (lost)" } else { "" };
        let rest = room.saturating_sub(first.chars().count() + 1 + lost.len());
        let second = match (self.own_label(index), &event.what) {
            _ if !sized => String::new(),
            (Some(label), _) => cut(label, rest),
            (None, What::Data(data)) => bytes_label(data, rest),
            (None, _) => String::new(),
        };
        // A long label reaches over the arrow's higher end, and so stands higher.
        let length = f64::from(u32::try_from(first.len() + second.len()).unwrap_or(u32::MAX));
        let reach = (length * CHARACTER / (head.0 - tail.0).abs().max(1.0)).min(1.0);
        let above = if anchor == "middle" { 4.0 + reach * layout::SLOPE / 2.0 } else { 6.0 };
        let _ = write!(
            self.text,
            "<text class=\"wire-label\" text-anchor=\"{anchor}\" x=\"{x:.1}\" y=\"{:.1}\">{}",
            y - above,
            escape(&cut(&first, room.max(3))),
        );
        if !second.is_empty() {
            let _ = write!(self.text, " <tspan class=\"wire-bytes\">{}</tspan>", escape(&second));
        }
        let _ = writeln!(self.text, "{lost}</text>");
    }

    fn own_label(&self, index: usize) -> Option<&'a str> {
        let label = self.options.labels.iter().find(|(event, _)| *event == index);
        label.map(|(_, label)| label.as_str())
    }

    /// How much is not drawn.
    fn more(&mut self) {
        let more = self.record.events.len() - self.events.len() + self.record.dropped;
        if more > 0 {
            let (x, y) = (self.layout.middle(), self.layout.height() - 8.0);
            let _ = writeln!(
                self.svg,
                "<text class=\"wire-pause\" x=\"{x:.0}\" y=\"{y:.1}\">⋯ {more} more events ⋯</text>"
            );
        }
    }
}

/// What stands on an arrow, or beside a mark.
fn label(event: &Event) -> String {
    match (&event.what, event.direction) {
        (What::Opened, _) => "connected".to_owned(),
        (What::Data(data), _) if data.is_empty() => "empty datagram".to_owned(),
        (What::Data(data), _) => count(data.len()),
        (What::Shutdown, _) => "FIN".to_owned(),
        (What::Reset, _) => "RST".to_owned(),
        (What::Error(error), _) => format!("error: {error}"),
        (What::Note(note), _) => note.clone(),
        (What::Timeout, Direction::Sent) => "timeout: nothing could be sent".to_owned(),
        (What::Timeout, Direction::Received) => "timeout: nothing came".to_owned(),
    }
}

/// As many bytes as fit: as text, or in hex.
fn bytes_label(data: &[u8], room: usize) -> String {
    // One more than fit, so that the cut shows.
    if is_text(data) {
        return cut(&escaped(&data[..data.len().min(room + 1)], usize::MAX), room);
    }
    let hex: Vec<_> = data.iter().take(room / 3 + 2).map(|octet| format!("{octet:02x}")).collect();
    cut(&hex.join(" "), room)
}
