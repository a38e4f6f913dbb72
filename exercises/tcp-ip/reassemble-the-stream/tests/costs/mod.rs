//! Conversations whose cost is counted.

use std::time::Duration;

use harness::{Check, Outcome, cost::Stopwatch};
use reassemble_the_stream::Reassembler;

use crate::stream::letters;

/// For `read`: all that is in order.
pub(crate) const ALL: usize = usize::MAX;
/// Pieces of 16 octets that come the last one first.
pub(crate) const PIECES: u64 = 4_000;

/// Inserts them, and counts the octets that come out. An error if it takes more processor time than
/// `limit`: how many were inserted by then.
pub(crate) fn backwards(limit: Duration) -> Result<usize, u64> {
    let piece = letters(0, 16);
    let watch = Stopwatch::start();
    let mut reassembler = Reassembler::new(1 << 16);
    for inserted in 0..PIECES {
        if inserted % 16 == 0 && watch.elapsed() > limit {
            return Err(inserted);
        }
        reassembler.insert(16 * (PIECES - 1 - inserted), &piece, false);
    }
    Ok(reassembler.read(ALL).len())
}

/// The processor time for 4,000 pieces that come in pairs, the second one first; `None`: more than
/// `limit`.
pub(crate) fn in_pairs(c: &Check, capacity: usize, limit: Duration) -> Outcome<Option<Duration>> {
    let piece = letters(0, 200);
    let watch = Stopwatch::start();
    let mut reassembler = Reassembler::new(capacity);
    for pair in 0..2_000 {
        reassembler.insert(400 * pair + 200, &piece, false);
        reassembler.insert(400 * pair, &piece, false);
        let got = reassembler.read(ALL).len();
        c.ensure(got == 400, None, || format!("{got} octets read where 400 are wanted"))?;
        if (pair < 16 || pair % 16 == 0) && watch.elapsed() > limit {
            return Ok(None);
        }
    }
    Ok(Some(watch.elapsed()))
}
