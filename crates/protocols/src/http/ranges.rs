//! Parts of a file: RFC 9110 §14.
//!
//! ```text
//!   Range: bytes=0-499             the first 500 octets
//!   Range: bytes=500-              all but those
//!   Range: bytes=-500              the last 500
//!   Range: bytes=0-0,500-599,-1    three parts in one answer, multipart/byteranges
//! ```

use std::ops::Range;

use super::fields::{is, list, trim};

/// Ranges that one request may have. A set of many is either a mistake or an attack (§17.15): each costs the
/// client ten octets, and the server a hundred and more. CVE-2011-3192 stopped servers so.
const MOST: usize = 64;

/// Which part of a representation is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Selection {
    /// All of it: nothing else is asked for, or nothing that is understood.
    Whole,
    /// One part, not empty.
    One(Range<u64>),
    /// Several, in the order in which they are asked for.
    Several(Vec<Range<u64>>),
    /// None of what is asked for is there: 416.
    Nothing,
}

/// Reads a Range field, for a representation of so many octets.
///
/// What is not understood is ignored (§14.2): another unit, or one range among others that is none.
/// So are sets that ask for the same octets more than twice, or that are very many.
pub fn select(value: &[u8], length: u64) -> Selection {
    let Some(equals) = value.iter().position(|octet| *octet == b'=') else {
        return Selection::Whole;
    };
    if !is(trim(&value[..equals]), "bytes") {
        return Selection::Whole;
    }
    let (mut ranges, mut count) = (Vec::new(), 0);
    for spec in list(&value[equals + 1..]) {
        count += 1;
        match range(spec, length) {
            _ if count > MOST => return Selection::Whole,
            None => return Selection::Whole,
            Some(range) if range.is_empty() => {} // Beyond the end: the others count.
            Some(range) => ranges.push(range),
        }
    }
    match &ranges[..] {
        [] if count == 0 || length == 0 && !beyond(value) => Selection::Whole,
        [] => Selection::Nothing,
        [one] => Selection::One(one.clone()),
        _ if asks_too_much(&ranges) => Selection::Whole,
        _ => Selection::Several(ranges),
    }
}

/// Whether some range has a first position: of an empty representation even that is not there. The
/// last octets of it, however many, are all of it (§14.1.2), and that no Content-Range can say.
fn beyond(value: &[u8]) -> bool {
    let specs = value.iter().position(|o| *o == b'=').map_or(value, |at| &value[at + 1..]);
    list(specs).any(|spec| !spec.starts_with(b"-") || spec[1..].iter().all(|o| *o == b'0'))
}

/// One range; empty if it lies behind the end. `None`: it is none (§14.1.1).
fn range(spec: &[u8], length: u64) -> Option<Range<u64>> {
    let dash = spec.iter().position(|octet| *octet == b'-')?;
    let (first, last) = (&spec[..dash], &spec[dash + 1..]);
    if first.is_empty() {
        let count = number(last)?;
        return Some(length.saturating_sub(count)..length);
    }
    let first = number(first)?;
    let end = if last.is_empty() {
        length
    } else {
        let last = number(last)?;
        if last < first {
            return None;
        }
        last.saturating_add(1).min(length)
    };
    Some(if first < end { first..end } else { 0..0 })
}

/// `1*DIGIT`. One that is too large for 64 bits is larger than any file.
fn number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u64, |number, octet| {
        let digit = octet.is_ascii_digit().then(|| u64::from(octet - b'0'))?;
        Some(number.saturating_mul(10).saturating_add(digit))
    })
}

/// Whether some octet is asked for more than twice. So no answer is longer than twice the whole.
fn asks_too_much(ranges: &[Range<u64>]) -> bool {
    let covers = |octet: u64| ranges.iter().filter(|range| range.contains(&octet)).count();
    ranges.iter().any(|range| covers(range.start) > 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_selected() {
        use Selection::{Nothing, One, Several, Whole};
        for (value, selection) in [
            ("bytes=0-0", One(0..1)),
            ("bytes=0-9", One(0..10)),
            ("bytes=0-99", One(0..10)),
            ("bytes=3-", One(3..10)),
            ("bytes=9-", One(9..10)),
            ("bytes=-1", One(9..10)),
            ("bytes=-10", One(0..10)),
            ("bytes=-11", One(0..10)),
            ("Bytes= 1-2 ", One(1..3)),
            ("bytes=5-18446744073709551615", One(5..10)),
            ("bytes=5-99999999999999999999999", One(5..10)),
            ("bytes=10-", Nothing),
            ("bytes=10-11", Nothing),
            ("bytes=-0", Nothing),
            ("bytes=99999999999999999999999-", Nothing),
            ("bytes=0-0,20-", One(0..1)),
            ("bytes=20-,30-", Nothing),
            ("bytes=0-0,-1", Several(vec![0..1, 9..10])),
            ("bytes=8-9 , ,0-1", Several(vec![8..10, 0..2])),
            ("bytes=0-4,3-7", Several(vec![0..5, 3..8])),
            ("bytes=0-2,1-2,2-3", Whole),
            ("bytes=0-9,0-0", Several(vec![0..10, 0..1])),
            ("bytes=2-1", Whole),
            ("bytes=0-0,2-1", Whole),
            ("bytes=", Whole),
            ("bytes=-", Whole),
            ("bytes=a-b", Whole),
            ("bytes=+1-2", Whole),
            ("bytes=1 -2", Whole),
            ("bytes=1--2", Whole),
            ("bytes", Whole),
            ("lines=0-1", Whole),
        ] {
            assert_eq!(select(value.as_bytes(), 10), selection, "{value}");
        }
    }

    #[test]
    fn of_nothing_there_is_no_part() {
        assert_eq!(select(b"bytes=0-", 0), Selection::Nothing);
        assert_eq!(select(b"bytes=-5", 0), Selection::Whole);
        assert_eq!(select(b"bytes=-0", 0), Selection::Nothing);
    }

    #[test]
    fn a_set_of_very_many_is_ignored() {
        let set = |count: u64| {
            let ranges: Vec<_> = (0..count).map(|at| format!("{}-{}", 2 * at, 2 * at)).collect();
            select(format!("bytes={}", ranges.join(",")).as_bytes(), 10_000)
        };
        assert!(matches!(set(64), Selection::Several(ranges) if ranges.len() == 64));
        assert_eq!(set(65), Selection::Whole);
    }
}
