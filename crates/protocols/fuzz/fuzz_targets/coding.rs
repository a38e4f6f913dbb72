#![no_main]

//! What is decoded in pieces is what is decoded whole, and never more than the limit.

use libfuzzer_sys::fuzz_target;
use protocols::http::client::coding::{Decoder, Limit};

const MOST: u64 = 100_000;

fuzz_target!(|octets: &[u8]| {
    let Some((how, octets)) = octets.split_first() else { return };
    let codings = ["gzip", "deflate", "gzip, gzip", "deflate, gzip"][usize::from(how & 3)];
    let whole = decode(codings, octets, octets.len().max(1));
    let pieces = decode(codings, octets, usize::from(how >> 2) + 1);
    if whole.is_some() || pieces.is_some() {
        assert_eq!(whole, pieces);
    }
});

fn decode(codings: &str, octets: &[u8], step: usize) -> Option<Vec<u8>> {
    let mut decoder = Decoder::new(codings, Limit::Octets(MOST), Vec::new()).expect("few codings");
    for piece in octets.chunks(step) {
        decoder.write(piece).ok()?;
    }
    let decoded = decoder.finish().ok()?;
    assert!(decoded.len() as u64 <= MOST);
    Some(decoded)
}
