//! Frames as the test makes them, and as it takes them out of a decoder.

use std::io::Read;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use frame_messages::{Decoder, Error, HEADER};
use harness::cost::{Cost, Stopwatch};
use harness::{Bytes, Check, Mistake, Outcome, Reader, shown};

use crate::mistakes;

/// Every decoder's, unless its check says otherwise.
pub(crate) const LIMIT: usize = 256;
/// So many frames wait in front of a large one, and move it or do not.
pub(crate) const SMALL_FRAMES: usize = 10_000;
/// No allocation has to be larger, whatever a length announces.
const SMALL: u64 = 1 << 16;

pub(crate) fn header(length: usize) -> [u8; HEADER] {
    u32::try_from(length).expect("it fits in four bytes").to_be_bytes()
}

pub(crate) fn frame(payload: &[u8]) -> Vec<u8> {
    [&header(payload.len()), payload].concat()
}

pub(crate) fn frames(payloads: &[&[u8]]) -> Vec<u8> {
    payloads.iter().flat_map(|payload| frame(payload)).collect()
}

pub(crate) fn next(decoder: &mut Decoder) -> Result<Option<Bytes>, Error> {
    decoder.next_frame().map(|frame| frame.map(Bytes))
}

pub(crate) fn allocates_little(c: &Check, cost: Cost, mistake: &'static Mistake) -> Outcome {
    let got = || format!("that, and an allocation of {} bytes", cost.largest);
    c.ensure(cost.largest <= SMALL, mistake, got)
}

/// Fails unless each frame comes out of its own piece. What goes wrong here has to do with the
/// length alone; what goes wrong afterwards, with the cuts.
pub(crate) fn each_in_a_piece(c: &Check, want: &[&[u8]]) -> Outcome {
    for payload in want {
        takes(c, &[&frame(payload)], &[payload], None)?;
    }
    Ok(())
}

/// Fails unless the frames `want`, and no more, come out of `pieces`.
pub(crate) fn takes(
    c: &Check,
    pieces: &[&[u8]],
    want: &[&[u8]],
    mistake: impl Into<Option<&'static Mistake>>,
) -> Outcome {
    let mistake = mistake.into();
    c.attempt(format!("pushed {} (limit {LIMIT})", shown(pieces)));
    c.did("called `next_frame` after each push, until it returned Ok(None)");
    c.want_list("frame", want);
    c.suspect(mistake);
    let mut reader = Reader::pieces(c, pieces.iter().copied());
    let (mut decoder, mut got, mut buffer) = (Decoder::new(LIMIT), Vec::new(), [0; 1 << 16]);
    while let Ok(count @ 1..) = reader.read(&mut buffer) {
        // A frame too many is enough to see; an answer that repeats itself would never end.
        let frames = catch_unwind(AssertUnwindSafe(|| {
            decoder.push(&buffer[..count]);
            while got.len() <= want.len()
                && let Some(frame) = decoder.next_frame()?
            {
                got.push(frame);
            }
            Ok(())
        }));
        match frames {
            Ok(Ok(())) => {}
            Ok(Err(error)) if want.iter().zip(&got).all(|(want, got)| want == got) => {
                let mistake = mistakes::in_error(want, &got, error).or(mistake);
                return Err(
                    c.fail(mistake, format!("Err({error:?}) in place of frame {}", got.len() + 1))
                );
            }
            Ok(Err(_)) => break, // What came out before it was wrong already.
            Err(_) => return Err(c.fail(mistake, "")), // The report tells of the panic.
        }
    }
    c.same_list("frame", want, &got, mistakes::in_frames(want, &got).or(mistake))
}

/// The processor time that a decoder takes for [`SMALL_FRAMES`] empty frames and one more. `None`:
/// more than `limit`, or not so many frames came out.
pub(crate) fn time<'a>(
    pieces: impl IntoIterator<Item = &'a [u8]>,
    limit: Duration,
) -> Option<Duration> {
    let watch = Stopwatch::start();
    let mut decoder = Decoder::new(2 << 20);
    let mut count = 0;
    for piece in pieces {
        decoder.push(piece);
        while let Ok(Some(_)) = decoder.next_frame() {
            count += 1;
            let over = count % 128 == 0 && watch.elapsed() > limit;
            if over || count > SMALL_FRAMES + 1 {
                return None;
            }
        }
    }
    (count == SMALL_FRAMES + 1).then(|| watch.elapsed())
}
