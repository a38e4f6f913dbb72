//! What the receiver has beyond its acknowledgment: the sender's scoreboard (RFC 2018, RFC 6675).
//!
//! ```text
//!   una                                             nxt
//!    │▒▒▒▒│████│▒▒▒▒▒▒▒▒▒│████│▒▒▒▒│█████████████│▒▒▒│
//!    █ SACKed    ▒ not, as far as we know
//! ```
//!
//! The first gap is a loss when enough was received beyond it: three separate stretches, or more
//! than two segments' octets (RFC 6675 §4, `IsLost`). With fewer it may only have been overtaken.
//! What else is lost, [`rack`](super::rack) finds out.

use super::Seq;

/// How many duplicate acknowledgments mean a loss (RFC 5681 §3.2, RFC 6675 §2).
pub const DUP_THRESH: u32 = 3;

/// Stretches that are remembered. A peer that reports more has the others sent again: receivers may
/// forget, so senders may (RFC 2018 §8).
const MOST_STRETCHES: usize = 1_024;

/// A stretch of octets: from the first one to the one behind the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stretch {
    /// The first octet's number.
    pub start: Seq,
    /// The number behind the last octet's.
    pub end: Seq,
}

impl Stretch {
    /// How many octets there are.
    pub fn len(&self) -> u32 {
        self.end - self.start
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// How many of them are in `from..to`.
    fn overlap(&self, from: Seq, to: Seq) -> u32 {
        let (start, end) = (self.start.max(from), self.end.min(to));
        if start.before(end) { end - start } else { 0 }
    }
}

/// Stretches of octets, in order, none touching another.
#[derive(Debug, Clone, Default)]
pub struct Stretches {
    /// None if there is no stretch, as nearly always: idle connections pay one word for it.
    #[allow(clippy::box_collection)]
    stretches: Option<Box<Vec<Stretch>>>,
}

impl Stretches {
    /// Adds a stretch, which merges with those that it touches. Gives the merged one, and how many
    /// of its octets are new; none if there are too many stretches.
    pub fn insert(&mut self, stretch: Stretch, most: usize) -> Option<(Stretch, u32)> {
        let stretches = self.stretches.get_or_insert_default();
        // Those that end before it begins stay; those that begin behind its end stay too.
        let first = stretches.partition_point(|other| other.end.before(stretch.start));
        let behind =
            first + stretches[first..].partition_point(|o| o.start.at_or_before(stretch.end));
        let touched = &stretches[first..behind];
        let (Some(head), Some(tail)) = (touched.first(), touched.last()) else {
            if stretches.len() >= most {
                self.tidy();
                return None;
            }
            stretches.insert(first, stretch);
            return Some((stretch, stretch.len()));
        };
        let merged =
            Stretch { start: head.start.min(stretch.start), end: tail.end.max(stretch.end) };
        let old: u32 = touched.iter().map(Stretch::len).sum();
        stretches[first] = merged;
        stretches.drain(first + 1..behind);
        Some((merged, merged.len() - old))
    }

    /// Takes out what is in a stretch; says how many octets those were.
    pub fn remove(&mut self, stretch: Stretch) -> u32 {
        let Some(stretches) = self.stretches.as_mut().filter(|_| !stretch.is_empty()) else {
            return 0;
        };
        let first = stretches.partition_point(|o| o.end.at_or_before(stretch.start));
        let behind = first + stretches[first..].partition_point(|o| o.start.before(stretch.end));
        let touched = &stretches[first..behind];
        let (Some(head), Some(tail)) = (touched.first(), touched.last()) else { return 0 };
        let octets = touched.iter().map(|o| o.overlap(stretch.start, stretch.end)).sum();
        let head = Stretch { start: head.start, end: stretch.start };
        let tail = Stretch { start: stretch.end, end: tail.end };
        let left = [head, tail].into_iter().filter(|left| left.start.before(left.end));
        stretches.splice(first..behind, left);
        self.tidy();
        octets
    }

    /// Forgets what is before `edge`.
    pub fn forget_before(&mut self, edge: Seq) {
        let Some(stretches) = &mut self.stretches else { return };
        let gone = stretches.partition_point(|stretch| stretch.end.at_or_before(edge));
        stretches.drain(..gone);
        if let Some(first) = stretches.first_mut() {
            first.start = first.start.max(edge);
        }
        self.tidy();
    }

    fn tidy(&mut self) {
        if self.as_slice().is_empty() {
            self.clear();
        }
    }

    /// Forgets everything, and gives the memory back.
    pub fn clear(&mut self) {
        self.stretches = None;
    }

    /// In order.
    pub fn as_slice(&self) -> &[Stretch] {
        self.stretches.as_deref().map_or(&[], Vec::as_slice)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.stretches.is_none()
    }

    /// The first gap in `from..to`, whole or as far as it is in there.
    pub fn gap(&self, from: Seq, to: Seq) -> Option<Stretch> {
        let stretches = self.as_slice();
        let next = stretches.partition_point(|stretch| stretch.end.at_or_before(from));
        let (start, end) = match stretches.get(next) {
            None => (from, to),
            Some(stretch) if stretch.start.after(from) => (from, stretch.start.min(to)),
            Some(stretch) => {
                let behind = stretches.get(next + 1).map_or(to, |other| other.start.min(to));
                (stretch.end, behind)
            }
        };
        start.before(end).then_some(Stretch { start, end })
    }
}

/// What the receiver reported.
#[derive(Debug, Clone, Default)]
pub struct Scoreboard {
    sacked: Stretches,
}

impl Scoreboard {
    /// `Update ()` (RFC 6675 §4): takes a block that a segment reports, and says how many octets are
    /// newly known to have arrived. `una..nxt` is what is on the way: who reports more reports
    /// nonsense, or a duplicate (RFC 2883).
    pub fn update(&mut self, block: Stretch, una: Seq, nxt: Seq) -> u32 {
        let sane = block.start.at_or_after(una)
            && block.start.before(block.end)
            && block.end.at_or_before(nxt);
        let inserted = sane.then(|| self.sacked.insert(block, MOST_STRETCHES)).flatten();
        inserted.map_or(0, |(_, news)| news)
    }

    /// The acknowledgment moved on.
    pub fn acknowledged(&mut self, una: Seq) {
        if !self.sacked.is_empty() {
            self.sacked.forget_before(una);
        }
    }

    /// Forgets everything: the receiver may have done so, too (RFC 2018 §8).
    pub fn clear(&mut self) {
        self.sacked.clear();
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.sacked.is_empty()
    }

    /// The first stretch of `from..to` that is not SACKed.
    pub fn gap(&self, from: Seq, to: Seq) -> Option<Stretch> {
        self.sacked.gap(from, to)
    }

    /// The number behind the highest octet that is SACKed.
    pub fn highest(&self) -> Option<Seq> {
        self.sacked.as_slice().last().map(|stretch| stretch.end)
    }

    /// `IsLost (SND.UNA)` (RFC 6675 §4): whether so much has arrived beyond the first gap that it was
    /// not only overtaken.
    // ANCHOR: lost
    pub fn first_gap_is_lost(&self, segment_size: u32) -> bool {
        let stretches = self.sacked.as_slice();
        let octets: u32 = stretches.iter().map(Stretch::len).sum();
        stretches.len() >= DUP_THRESH as usize || octets > (DUP_THRESH - 1) * segment_size
    }
    // ANCHOR_END: lost
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    fn stretch(start: u32, end: u32) -> Stretch {
        Stretch { start: Seq(start), end: Seq(end) }
    }

    fn board(stretches: &[(u32, u32)]) -> Scoreboard {
        let mut board = Scoreboard::default();
        for (start, end) in stretches {
            board.sacked.insert(stretch(*start, *end), MOST_STRETCHES);
        }
        board
    }

    #[test]
    fn stretches_merge_and_count_what_is_new() {
        let mut stretches = Stretches::default();
        assert_eq!(stretches.insert(stretch(10, 20), 9), Some((stretch(10, 20), 10)));
        assert_eq!(stretches.insert(stretch(30, 40), 9), Some((stretch(30, 40), 10)));
        assert_eq!(stretches.insert(stretch(15, 35), 9), Some((stretch(10, 40), 10)));
        assert_eq!(stretches.insert(stretch(40, 41), 9), Some((stretch(10, 41), 1)));
        assert_eq!(stretches.insert(stretch(12, 13), 9), Some((stretch(10, 41), 0)));
        assert_eq!(stretches.insert(stretch(50, 60), 1), None);
        stretches.forget_before(Seq(15));
        assert_eq!(stretches.as_slice(), [stretch(15, 41)]);
    }

    /// Against a set of octets, one by one, over the wrap.
    #[test]
    fn stretches_are_what_a_set_of_octets_is() {
        let mut random = Random::announced();
        for _ in 0..200 {
            let base = Seq(u32::MAX - 100);
            let (mut stretches, mut set) = (Stretches::default(), [false; 256]);
            for _ in 0..12 {
                let from = random.below(250);
                let to = from + 1 + random.below(6);
                let at = |offset: usize| base + u32::try_from(offset).unwrap();
                let news = set[from..to].iter().filter(|there| !**there).count();
                set[from..to].fill(true);
                let stretch = Stretch { start: at(from), end: at(to) };
                assert_eq!(stretches.insert(stretch, 99).unwrap().1 as usize, news);
                let (from, to) = (random.below(128), 128 + random.below(128));
                let gap = (from..to).find(|at| !set[*at]);
                let found = stretches.gap(at(from), at(to));
                assert_eq!(found.map(|gap| gap.start), gap.map(at));
                if let Some(end) = found.map(|gap| (gap.end - base) as usize) {
                    assert!(end == to || set[end]);
                    assert!(set[gap.unwrap()..end].iter().all(|there| !there));
                }
                let from = random.below(250);
                let to = from + random.below(6);
                let there = set[from..to].iter().filter(|there| **there).count();
                set[from..to].fill(false);
                let stretch = Stretch { start: at(from), end: at(to) };
                assert_eq!(stretches.remove(stretch) as usize, there);
            }
        }
    }

    #[test]
    fn a_gap_is_lost_with_three_stretches_or_more_than_two_segments_beyond_it() {
        assert!(!board(&[(10, 20), (30, 40)]).first_gap_is_lost(100));
        assert!(board(&[(10, 20), (30, 40), (50, 60)]).first_gap_is_lost(100));
        assert!(!board(&[(100, 300)]).first_gap_is_lost(100));
        assert!(board(&[(100, 301)]).first_gap_is_lost(100));
        assert!(board(&[(0, 50), (100, 251)]).first_gap_is_lost(100));
    }

    #[test]
    fn blocks_outside_of_what_is_on_the_way_are_ignored() {
        let mut board = Scoreboard::default();
        for (start, end) in [(5, 15), (90, 120), (60, 50), (20, 20)] {
            assert_eq!(board.update(stretch(start, end), Seq(10), Seq(100)), 0);
        }
        assert!(board.is_empty());
    }
}
