#![no_main]

//! Conditions, ranges, qualities and dates: nothing panics, no range lies outside, none is empty.

use libfuzzer_sys::fuzz_target;
use protocols::http::coding::choose;
use protocols::http::conditionals::{Validators, judge, range_counts};
use protocols::http::dates;
use protocols::http::fields::{Fields, Rules, Scan};
use protocols::http::ranges::{Selection, select};

fuzz_target!(|input: &[u8]| {
    let [length, now, value @ ..] = input else { return };
    let (length, now) = (u64::from(*length), u64::from(*now) << 24);
    match select(value, length) {
        Selection::One(range) => assert!(range.start < range.end && range.end <= length),
        Selection::Several(ranges) => {
            assert!(ranges.iter().all(|range| range.start < range.end && range.end <= length));
            assert!(ranges.iter().map(|range| range.end - range.start).sum::<u64>() <= 2 * length);
        }
        Selection::Whole | Selection::Nothing => {}
    }
    // A leap second at the end of the year 9999 has no name of its own.
    if let Some(second) = dates::parse(value, now).filter(|second| *second < 253_402_300_800) {
        assert_eq!(dates::parse(&dates::imf_fixdate(second), now), Some(second));
    }
    if let Ok(Some(end)) = Scan::default().end(value, &Rules::STRICT) {
        let fields = Fields::new(&value[..end]);
        let current = Validators { etag: b"\"a\"", other: Some(b"\"b\""), modified: 1 << 29 };
        for reads in [false, true] {
            let _ = judge(fields, reads, Some(&current), now);
            let _ = judge(fields, reads, None, now);
        }
        let _ = (range_counts(fields, &current, now), choose(fields, true), choose(fields, false));
    }
});
