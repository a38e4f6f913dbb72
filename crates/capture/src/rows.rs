//! Rows of drawn bytes that know in which columns each byte stands, so that carets can point.

use std::fmt::Write as _;
use std::ops::Range;

use crate::bytes::{count, escape};

/// One drawn row.
pub(crate) struct Row {
    /// What is drawn.
    pub(crate) text: String,
    /// The offset of the row's first byte.
    first: usize,
    /// The columns of each byte, in characters.
    columns: Vec<Range<usize>>,
}

impl Row {
    /// A row without bytes yet, which begins with a label.
    pub(crate) fn new(label: String, first: usize) -> Self {
        Self { text: label, first, columns: Vec::new() }
    }

    fn push(&mut self, cell: &str) {
        let start = self.text.chars().count();
        self.text.push_str(cell);
        self.columns.push(start..start + cell.chars().count());
    }

    /// The same row, whose last byte, if it is a space, is drawn so that it is seen.
    fn ended(mut self) -> Self {
        if self.text.ends_with(' ') {
            self.text.pop();
            self.columns.pop();
            self.push("\\x20");
        }
        self
    }

    /// The same row with `…` where bytes before or behind it are not shown.
    pub(crate) fn cut(mut self, before: bool, behind: bool) -> Self {
        if before {
            self.text.insert(0, '…');
            for columns in &mut self.columns {
                *columns = columns.start + 1..columns.end + 1;
            }
        }
        if behind {
            self.text.push('…');
        }
        self
    }

    /// Spaces and carets under the marked bytes; `None` if the row has none of them. An empty
    /// mark is a caret before a byte, or behind the last one of the last row.
    pub(crate) fn carets(&self, marked: &Range<usize>, last: bool) -> Option<String> {
        let end = self.first + self.columns.len();
        let from = marked.start.max(self.first);
        let to = marked.end.max(marked.start + 1).min(end);
        if from < to {
            let (from, to) = (from - self.first, to - self.first);
            let columns = self.columns[from].start..self.columns[to - 1].end;
            let carets = if marked.is_empty() { 1 } else { columns.len() };
            return Some(" ".repeat(columns.start) + &"^".repeat(carets));
        }
        // In text, the column behind the last byte; in hex, that of the byte that would be next.
        let next = self.columns.last().map_or(self.text.chars().count(), |cell| cell.end);
        (last && marked.start >= end).then(|| " ".repeat(next) + "^")
    }
}

/// Bytes as escaped text, on one row.
pub(crate) fn text_row(bytes: &[u8], shown: Range<usize>) -> Row {
    let mut row = Row::new(String::new(), shown.start);
    bytes[shown].iter().for_each(|octet| row.push(&escape(*octet)));
    row
}

/// Bytes as escaped text: a new row behind each line feed, and where `width` characters are full.
pub(crate) fn text(bytes: &[u8], shown: Range<usize>, width: usize) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut row = Row::new(String::new(), shown.start);
    for at in shown {
        let cell = escape(bytes[at]);
        let full = row.text.len() + cell.len() > width && !row.columns.is_empty();
        if full || (at > row.first && bytes[at - 1] == b'\n') {
            rows.push(std::mem::replace(&mut row, Row::new(String::new(), at)).ended());
        }
        row.push(&cell);
    }
    rows.push(row.ended());
    rows
}

/// Bytes in hex with their offsets, counted from `origin`, and as ASCII beside.
pub(crate) fn hex(bytes: &[u8], shown: Range<usize>, per_row: usize, origin: usize) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut start = shown.start;
    while start < shown.end {
        let end = shown.end.min((start / per_row + 1) * per_row);
        let mut row = Row::new(format!("{:04x} ", origin + start), start);
        for (index, octet) in bytes[start..end].iter().enumerate() {
            row.text.push_str(if index != 0 && index % 8 == 0 { "  " } else { " " });
            row.push(&format!("{octet:02x}"));
        }
        let missing = per_row - (end - start);
        let gaps = (per_row - 1) / 8 - (end - start - 1) / 8;
        let _ = write!(row.text, "{:1$}  ", "", 3 * missing + gaps);
        for octet in &bytes[start..end] {
            let printable = matches!(octet, b' '..=b'~');
            row.text.push(if printable { char::from(*octet) } else { '.' });
        }
        row.text.truncate(row.text.trim_end().len());
        rows.push(row);
        start = end;
    }
    rows
}

/// Which parts of `length` bytes to show, if no more than about `limit` are to be: the beginning,
/// the end, and what is in focus with a few bytes around it. In order, apart from each other, each
/// of whole rows of `per_row` bytes.
pub(crate) fn windows(
    length: usize,
    limit: usize,
    per_row: usize,
    focus: &[Range<usize>],
) -> Vec<Range<usize>> {
    /// Bytes shown on either side of a focus.
    const CONTEXT: usize = 16;
    /// Bytes shown of a focus.
    const LONG: usize = 64;
    if length <= limit {
        return std::iter::once(0..length).collect();
    }
    let tail = limit / 4;
    let mut wanted = vec![0..limit - tail, length - tail..length];
    wanted.extend(focus.iter().map(|focus| {
        let end = focus.end.min(focus.start.saturating_add(LONG)).saturating_add(CONTEXT);
        focus.start.saturating_sub(CONTEXT).min(length)..end.min(length)
    }));
    wanted.sort_by_key(|window| window.start);
    let mut windows: Vec<Range<usize>> = Vec::new();
    for window in wanted.into_iter().filter(|window| !window.is_empty()) {
        let start = window.start / per_row * per_row;
        let window = start..window.end.next_multiple_of(per_row).min(length);
        match windows.last_mut() {
            Some(last) if window.start <= last.end => last.end = last.end.max(window.end),
            _ => windows.push(window),
        }
    }
    windows
}

/// Bytes as they are drawn in a transcript: hex or text, with the middle left out.
pub(crate) struct Drawing<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) hex: bool,
    pub(crate) width: usize,
    pub(crate) limit: usize,
    pub(crate) marks: &'a [(Range<usize>, String)],
}

impl Drawing<'_> {
    /// The lines, each with whether it is ours (`true`: carets, a count) or the wire's.
    pub(crate) fn lines(&self) -> Vec<(String, bool)> {
        let length = self.bytes.len();
        let focus: Vec<_> = self.marks.iter().map(|(range, _)| range.clone()).collect();
        let mut lines = Vec::new();
        let mut noted = vec![false; self.marks.len()];
        let mut next = 0;
        // Sixteen to a row takes 4 + 1 + 16 × 3 + 1 + 2 + 16 characters.
        let per_row = match (self.hex, self.width) {
            (false, _) => 1,
            (true, ..72) => 8,
            (true, _) => 16,
        };
        for shown in windows(length, self.limit, per_row, &focus) {
            if next < shown.start {
                lines.push((format!("… {} not shown …", count(shown.start - next)), true));
            }
            next = shown.end;
            let rows = if self.hex {
                hex(self.bytes, shown, per_row, 0)
            } else {
                text(self.bytes, shown, self.width)
            };
            let last = rows.len().saturating_sub(1);
            for (index, row) in rows.into_iter().enumerate() {
                let last = next == length && index == last;
                let mut below = Vec::new();
                for ((range, note), noted) in self.marks.iter().zip(&mut noted) {
                    let Some(carets) = row.carets(range, last) else { continue };
                    let note = if *noted { "" } else { note };
                    *noted = true;
                    below.push((format!("{carets} {note}").trim_end().to_owned(), true));
                }
                lines.push((row.text, false));
                lines.append(&mut below);
            }
        }
        if next < length {
            lines.push((format!("… {} not shown …", count(length - next)), true));
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    #[test]
    fn windows_are_in_order_apart_and_hold_the_focus() {
        let mut random = Random::seeded();
        for _ in 0..1000 {
            let (length, limit) = (random.below(400), random.below(100));
            let at = random.below(length + 1);
            let per_row = random.pick(&[1, 8, 16]);
            let windows = windows(length, limit, per_row, std::slice::from_ref(&(at..at + 1)));
            assert!(windows.windows(2).all(|pair| pair[0].end < pair[1].start), "{windows:?}");
            assert!(windows.iter().all(|window| window.end <= length));
            assert!(windows.iter().all(|window| window.start % per_row == 0));
            let shown = at == length || windows.iter().any(|window| window.contains(&at));
            assert!(shown, "{at} in {windows:?} of {length}, {limit} shown");
        }
    }

    #[test]
    fn carets_stand_under_their_bytes() {
        let mut random = Random::seeded();
        for _ in 0..300 {
            let bytes = random.bytes(100);
            let Some(at) = bytes.len().checked_sub(1).map(|most| random.below(most + 1)) else {
                continue;
            };
            for rows in [hex(&bytes, 0..bytes.len(), 16, 0), text(&bytes, 0..bytes.len(), 30)] {
                let found = rows.iter().find_map(|row| {
                    let carets = row.carets(&(at..at + 1), false)?;
                    let start = carets.find('^').expect("a caret");
                    Some(row.text[start..carets.len()].to_owned())
                });
                let found = found.expect("the byte is on some row");
                assert!(
                    found == escape(bytes[at])
                        || found == "\\x20"
                        || found == format!("{:02x}", bytes[at])
                );
            }
        }
    }
}
