#![no_main]

//! A connection to the server that echoes: whatever comes, in whatever pieces, it answers the same, and
//! in bounds.

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use client_server::output::{Chunk, Output};
use client_server::{Context, Next, Session};
use libfuzzer_sys::fuzz_target;
use protocols::http::echo::Echo;
use protocols::http::server::{Http, Settings};

/// What is answered to these pieces, and whether it is the end.
fn answers(pieces: [&[u8]; 2]) -> (Vec<u8>, bool) {
    let wall = || UNIX_EPOCH + Duration::from_secs(784_111_777);
    let settings = Arc::new(Settings { wall, content: 10_000, ..Settings::default() });
    let (mut session, mut output) = (Http::new(Echo::default(), settings, None), Output::new());
    let mut sent = Vec::new();
    for piece in pieces.into_iter().filter(|piece| !piece.is_empty()) {
        let mut cx = Context::new(Duration::ZERO, &mut output);
        let next = session.received(piece, &mut cx);
        while let Some(Chunk::Bytes { bytes, .. }) = output.front() {
            sent.extend_from_slice(bytes);
            let count = bytes.len() as u64;
            output.advance(count);
        }
        if next != Next::Continue {
            return (sent, true);
        }
    }
    (sent, false)
}

fuzz_target!(|input: &[u8]| {
    let [cut, bytes @ ..] = input else { return };
    let (one, other) = bytes.split_at(usize::from(*cut).min(bytes.len()));
    let (whole, cut) = (answers([bytes, &[]]), answers([one, other]));
    // Whether a client that expects `100 Continue` waits for it depends on where it is cut.
    let expects = bytes.to_ascii_lowercase().windows(6).any(|word| word == b"expect");
    assert!(expects || whole == cut);
    assert!(whole.0.len() < 300 * (bytes.len() + 1));
});
