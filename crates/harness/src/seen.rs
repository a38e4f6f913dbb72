//! What a record shows of an answer that does nothing more.

use std::time::Duration;

use capture::{Direction, Record, What};

use crate::peer::definite;

/// Connections that are told one by one.
const MOST: usize = 4;

/// "the client sent 18 bytes, received none; last: sent 18 bytes, 1.9 s ago", a flow a line.
pub(crate) fn last_seen(record: &Record, now: Duration) -> String {
    let mut lines = Vec::new();
    for (index, flow) in record.flows.iter().enumerate().take(MOST) {
        let id = capture::FlowId(index);
        let count = |direction| match record.bytes(id, direction).len() {
            0 => "nothing".to_owned(),
            1 => "1 byte".to_owned(),
            n => format!("{n} bytes"),
        };
        let mut line = format!(
            "{} sent {} and received {}",
            definite(&flow.local.name),
            count(Direction::Sent),
            count(Direction::Received)
        );
        let last = record.events.iter().rfind(|event| event.flow == id);
        if record.dropped > 0 {
            line.push_str("; then the record was full, and more went on");
        } else if let Some(event) = last {
            let what = match (&event.what, event.direction) {
                (What::Opened, _) => "connected",
                (What::Data(_), Direction::Sent) => "sent",
                (What::Data(_), Direction::Received) => "received",
                (What::Shutdown, Direction::Sent) => "half-closed",
                (What::Shutdown, Direction::Received) => "read end of stream",
                (What::Reset, _) => "reset",
                (What::Error(_), _) => "failed",
                (What::Timeout, _) => "waited in vain",
                (What::Note(_), _) => "took note",
            };
            let ago = now.saturating_sub(event.at).as_secs_f32();
            line.push_str(&format!("; last, {ago:.1} s ago, it {what}"));
        }
        lines.push(line);
    }
    if let Some(more @ 1..) = record.flows.len().checked_sub(MOST) {
        lines.push(format!("and {more} more"));
    }
    if lines.is_empty() { "no byte was seen".to_owned() } else { lines.join("\n") }
}
