//! One of the two stacks with its application, what the link has seen of it, and a packet drawn.

use std::ops::Range;
use std::time::Duration;

use two_stacks_talk::{CAPACITY, Segment, Stack};

/// What the link does with a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Arrives,
    Lost,
    Twice,
    Late,
    Damaged,
}

/// A packet that a stack sends, as the link sees it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sent {
    /// Who sends it: 0 is a, 1 is b.
    pub(crate) by: usize,
    /// Which one it is, of all its sender's packets with data or a FIN: 0, 1, 2 …
    pub(crate) nth: usize,
    pub(crate) octets: usize,
    pub(crate) fin: bool,
    pub(crate) window: u16,
}

/// One stack and its application. Positions are those of a stream, from 0.
pub(super) struct End {
    pub(super) stack: Stack,
    pub(super) first: u32,
    /// What the application sends, how much of it was taken, and whether it has finished.
    pub(super) stream: Vec<u8>,
    pub(super) written: usize,
    pub(super) finished: bool,
    /// What it has read, and when it begins to read.
    pub(super) read: Vec<u8>,
    pub(super) reads_at: Duration,
    /// Packets with data or a FIN that it has sent.
    pub(super) packets: usize,
    /// The position up to which it was told that there is room, and that it was told is expected.
    pub(super) edge: i64,
    acked: i64,
    /// The position behind what it has sent, and whether its FIN was lost the last time.
    sent_to: i64,
    fin_lost: bool,
    /// The position that it said it expects.
    pub(super) says: i64,
    /// Whole segments that came again since it last sent anything.
    pub(super) unanswered: usize,
}

impl End {
    pub(super) fn new(stream: Vec<u8>, first: u32, peer_first: u32) -> Self {
        Self {
            stack: Stack::new(first, peer_first),
            first,
            stream,
            written: 0,
            finished: false,
            read: Vec::new(),
            reads_at: Duration::ZERO,
            packets: 0,
            edge: i64::try_from(CAPACITY).expect("small"),
            acked: 0,
            sent_to: 0,
            fin_lost: false,
            says: 0,
            unanswered: 0,
        }
    }

    /// It sends a segment; which positions that has.
    pub(super) fn sends(&mut self, it: &Segment<'_>, peer_first: u32, fate: Fate) -> Range<i64> {
        let span = span(self.first, it);
        self.packets += usize::from(!it.data.is_empty() || it.fin);
        self.sent_to = self.sent_to.max(span.end);
        if it.fin {
            self.fin_lost = matches!(fate, Fate::Lost | Fate::Damaged);
        }
        self.says = relative(peer_first, it.ackno);
        self.unanswered = 0;
        span
    }

    /// A whole segment of the peer reaches it.
    pub(super) fn hears(&mut self, it: &Segment<'_>, peer_first: u32) {
        self.acked = self.acked.max(relative(self.first, it.ackno));
        self.edge = self.edge.max(relative(self.first, it.ackno) + i64::from(it.window));
        let takes_numbers = !it.data.is_empty() || it.fin;
        let again = span(peer_first, it).end + i64::from(it.fin) <= self.says;
        self.unanswered += usize::from(takes_numbers && again);
    }

    /// All that it has sent was acknowledged, it has more, and as far as it knows there is no room.
    pub(super) fn waits_for_room(&self) -> bool {
        self.acked == self.sent_to && self.sent_to == self.edge && self.sent_to < self.length()
    }

    /// All its octets were acknowledged, and its FIN was lost.
    pub(super) fn waits_for_its_fin(&self) -> bool {
        self.fin_lost && self.acked == self.length()
    }

    fn length(&self) -> i64 {
        i64::try_from(self.stream.len()).expect("a stream of a test")
    }
}

/// A line of a report: when, which way, what, and what became of it.
pub(super) fn drawn(
    now: Duration,
    side: usize,
    span: &Range<i64>,
    segment: &Segment<'_>,
    ackno: i64,
    fate: Fate,
) -> String {
    let Range { start, end } = *span;
    let what = match (segment.data.len(), segment.fin) {
        (0, false) => String::new(),
        (0, true) => format!("FIN at {start}, "),
        (_, false) => format!("{start} to {}, ", end - 1),
        (_, true) => format!("{start} to {} and FIN, ", end - 1),
    };
    let arrow = ["a ──► b", "a ◄── b"][side];
    let mark = match fate {
        Fate::Arrives => String::new(),
        other => format!("   ({})", format!("{other:?}").to_lowercase()),
    };
    format!("{:>8}  {arrow}  {what}ack {ackno}, window {}{mark}", time(now), segment.window)
}

pub(super) fn time(at: Duration) -> String {
    format!("{} ms", at.as_millis())
}

/// The positions of a segment's data.
fn span(first: u32, segment: &Segment<'_>) -> Range<i64> {
    let start = relative(first, segment.seq);
    start..start + i64::try_from(segment.data.len()).expect("a packet's")
}

/// The position of a number, near the beginning of its stream.
fn relative(first: u32, number: u32) -> i64 {
    number.wrapping_sub(first).cast_signed().into()
}
