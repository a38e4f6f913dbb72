//! Which connection has something due when.
//!
//! Each acknowledgment moves a deadline, mostly further away. So an entry stays where it is, is
//! looked at when its time comes, and then goes to where it belongs: a deadline that moved away
//! costs nothing until then.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::Instant;

/// Deadlines by place.
#[derive(Debug, Default)]
pub(super) struct Timetable {
    entries: BinaryHeap<Reverse<(Instant, u32)>>,
    places: Vec<Entry>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Entry {
    /// When it is due.
    due: Option<Instant>,
    /// The earliest entry in the heap; others of this place mean nothing.
    listed: Option<Instant>,
}

impl Timetable {
    /// The place has this deadline from now on, or none.
    pub(super) fn set(&mut self, place: u32, due: Option<Instant>) {
        if self.places.len() <= place as usize {
            self.places.resize(place as usize + 1, Entry::default());
        }
        let entry = &mut self.places[place as usize];
        entry.due = due;
        if let Some(at) = due
            && entry.listed.is_none_or(|listed| at < listed)
        {
            entry.listed = Some(at);
            self.entries.push(Reverse((at, place)));
        }
    }

    /// No deadline is before this.
    pub(super) fn earliest(&self) -> Option<Instant> {
        self.entries.peek().map(|Reverse((at, _))| *at)
    }

    /// A place that has something due now. Its deadline is then none, until it is set again.
    pub(super) fn due(&mut self, now: Instant) -> Option<u32> {
        while self.earliest().is_some_and(|at| at <= now) {
            let Reverse((at, place)) = self.entries.pop()?;
            let entry = &mut self.places[place as usize];
            if entry.listed != Some(at) {
                continue;
            }
            entry.listed = None;
            match entry.due {
                Some(due) if due <= now => {
                    entry.due = None;
                    return Some(place);
                }
                later => self.set(place, later),
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_that_moves_is_met_where_it_went() {
        let at = Instant::from_nanos;
        let mut table = Timetable::default();
        table.set(0, Some(at(10)));
        table.set(1, Some(at(20)));
        table.set(0, Some(at(30)));
        assert_eq!(table.earliest(), Some(at(10)));
        assert_eq!(table.due(at(15)), None);
        table.set(0, Some(at(18)));
        assert_eq!((table.due(at(20)), table.due(at(20))), (Some(0), Some(1)));
        assert_eq!(table.due(at(99)), None);
        table.set(1, Some(at(100)));
        table.set(1, None);
        assert_eq!(table.due(at(200)), None);
    }
}
