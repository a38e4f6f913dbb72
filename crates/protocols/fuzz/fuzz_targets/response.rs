#![no_main]

//! A response read whole and in pieces is the same, and ends the same.

use libfuzzer_sys::fuzz_target;
use protocols::http::client::download::{ContentRange, validator};
use protocols::http::client::exchange::{Event, Exchange};

fuzz_target!(|octets: &[u8]| {
    // The first octet says how the rest is cut, and what was asked.
    let Some((how, octets)) = octets.split_first() else { return };
    let method = if how & 1 == 0 { "GET" } else { "HEAD" };
    let step = usize::from(how >> 1) + 1;
    let whole = read(method, octets, usize::MAX);
    let pieces = read(method, octets, step);
    // What had come before something went wrong depends on the pieces.
    if whole.is_ok() || pieces.is_ok() {
        assert_eq!(whole, pieces);
    }
});

type Seen = (Vec<u16>, Vec<u8>, usize, bool);

fn read(method: &str, octets: &[u8], step: usize) -> Result<Seen, ()> {
    let mut exchange = Exchange::new(method, 10_000);
    let (mut statuses, mut content, mut left) = (Vec::new(), Vec::new(), 0);
    for mut piece in octets.chunks(step.min(octets.len().max(1))) {
        while let Some(event) = exchange.next(&mut piece).map_err(drop)? {
            match event {
                Event::Interim(head) | Event::Head(head) => {
                    let _ = (head.to_string(), validator(&head), head.persists());
                    let _ = head.text("content-range").map(|text| ContentRange::parse(&text));
                    statuses.push(head.status);
                }
                Event::Content(part) => content.extend_from_slice(part),
                Event::Complete => assert!(exchange.is_over()),
            }
        }
        left += piece.len();
    }
    assert!(content.len() <= 10_000);
    let reusable = exchange.is_reusable();
    exchange.ended().map_err(drop)?;
    Ok((statuses, content, left, reusable))
}
