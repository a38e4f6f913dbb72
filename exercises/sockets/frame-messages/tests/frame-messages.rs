//! Graded test of `frame-messages`.

mod frames;
mod mistakes;

use std::time::Duration;

use frame_messages::{Decoder, Error, HEADER, encode};
use harness::{Outcome, check, check_within, cost, shown, splits};

use frames::{
    LIMIT, SMALL_FRAMES, allocates_little, each_in_a_piece, frame, frames, header, next, takes,
    time,
};
use mistakes::{
    COUNTS_HEADER, CUT_UNNOTICED, GOES_ON, KEEPS_TAKEN, LOST_SECOND, ONE_READ, QUADRATIC,
    TRUSTS_LENGTH, WRONG_ORDER,
};

#[global_allocator]
static ALLOCATOR: cost::Counting = cost::Counting;

#[test]
fn a_frame_is_a_length_and_a_payload() -> Outcome {
    check(|c| {
        for payload in [&b"hello"[..], b"", &[b'x'; LIMIT]] {
            c.attempt(r#"made a Vec with "> " in it"#);
            c.did(format!("called `encode` with {} (limit {LIMIT})", shown(&[payload])));
            c.want(r#""> ", then the length in four bytes, the highest first, then the payload"#);
            let mut out = b"> ".to_vec();
            c.ok("`encode`", encode(payload, LIMIT, &mut out), None)?;
            let want = [b"> ", &frame(payload)[..]].concat();
            let length = u32::try_from(payload.len()).expect("it is short");
            let mistake = match out.get(2..6) {
                Some(got) if length > 0 && got == length.to_le_bytes() => Some(&WRONG_ORDER),
                Some(got) if got == (length + 4).to_be_bytes() => Some(&COUNTS_HEADER),
                _ => None,
            };
            c.same_bytes(&want, &out, mistake)?;
        }
        Ok(())
    })
}

#[test]
fn a_payload_over_the_limit_is_not_encoded() -> Outcome {
    check(|c| {
        c.did(format!("called `encode` with {} bytes (limit {LIMIT})", LIMIT + 1));
        let want = Err(Error::TooLong { length: LIMIT + 1, limit: LIMIT });
        c.want(format!("{want:?}, and nothing written"));
        let mut out = Vec::new();
        let got = encode(&[0; LIMIT + 1], LIMIT, &mut out);
        c.ensure(got == want, None, || format!("{got:?}"))?;
        c.ensure(out.is_empty(), None, || format!("that, and {} bytes written", out.len()))
    })
}

#[test]
fn a_frame_in_one_piece() -> Outcome {
    check(|c| each_in_a_piece(c, &[b"hello", b"", b"\0\0\0\x01", &[b'x'; LIMIT]]))
}

#[test]
fn a_frame_in_two_pieces() -> Outcome {
    check(|c| {
        each_in_a_piece(c, &[b"hello"])?;
        takes(c, &[b"\0\0\0\x05he", b"llo"], &[b"hello"], &ONE_READ)?;
        for (front, rest) in splits(&frame(b"hello")) {
            takes(c, &[front, rest], &[b"hello"], &ONE_READ)?;
        }
        Ok(())
    })
}

#[test]
fn frames_that_share_a_piece() -> Outcome {
    check(|c| {
        each_in_a_piece(c, &[b"one", b"", b"three"])?;
        takes(c, &[&frames(&[b"one", b"", b"three"])], &[b"one", b"", b"three"], &LOST_SECOND)
    })
}

#[test]
fn every_cut_gives_the_same_frames() -> Outcome {
    check(|c| {
        let want = [&b"hello"[..], b"", b"\0\0\0\x05he", b"\r\n"];
        let bytes = frames(&want);
        each_in_a_piece(c, &want)?;
        takes(c, &[&bytes], &want, &LOST_SECOND)?;
        for (front, rest) in splits(&bytes) {
            takes(c, &[front, rest], &want, &ONE_READ)?;
        }
        takes(c, &bytes.chunks(1).collect::<Vec<_>>(), &want, &ONE_READ)
    })
}

#[test]
fn any_frames_in_any_pieces() -> Outcome {
    check(|c| {
        let mut random = c.random();
        let payloads: Vec<_> = (0..100).map(|_| random.below(LIMIT + 1)).collect();
        let payloads: Vec<_> = payloads.into_iter().map(|count| random.bytes(count)).collect();
        let want: Vec<_> = payloads.iter().map(Vec::as_slice).collect();
        let bytes = frames(&want);
        each_in_a_piece(c, &want)?;
        takes(c, &[&bytes], &want, &LOST_SECOND)?;
        takes(c, &random.pieces(&bytes, 700), &want, &ONE_READ)
    })
}

#[test]
fn a_length_over_the_limit_is_refused_at_once() -> Outcome {
    check(|c| {
        for length in [LIMIT + 1, 62 << 20, u32::MAX as usize] {
            let announced = header(length);
            c.attempt(format!("pushed {}, and no payload (limit {LIMIT})", shown(&[&announced])));
            let want = Err(Error::TooLong { length, limit: LIMIT });
            c.want(format!("{want:?}, without waiting for the payload"));
            c.suspect(&TRUSTS_LENGTH);
            let mut decoder = Decoder::new(LIMIT);
            let (got, cost) = cost::of(|| {
                decoder.push(&announced);
                next(&mut decoder)
            });
            let waits = got == Ok(None);
            c.ensure(got == want, waits.then_some(&TRUSTS_LENGTH), || format!("{got:?}"))?;
            allocates_little(c, cost, &TRUSTS_LENGTH)?;
        }
        Ok(())
    })
}

#[test]
fn memory_grows_with_what_has_arrived() -> Outcome {
    check(|c| {
        let limit = 62 << 20;
        let piece = [&header(limit)[..], b"abc"].concat();
        c.did(format!("pushed {} (limit {limit})", shown(&[&piece])));
        c.want("Ok(None), and no allocation of more than 64 KiB for three bytes");
        let mut decoder = Decoder::new(limit);
        let (got, cost) = cost::of(|| {
            decoder.push(&piece);
            next(&mut decoder)
        });
        c.ensure(got == Ok(None), None, || format!("{got:?}"))?;
        allocates_little(c, cost, &TRUSTS_LENGTH)
    })
}

#[test]
fn what_was_taken_is_forgotten() -> Outcome {
    check(|c| {
        let frame = frame(&[b'x'; LIMIT]);
        c.did("pushed 4000 frames of 256 bytes, one after another, and took each at once");
        c.want("4000 frames, and no allocation of more than 64 KiB: none waits for another");
        let mut decoder = Decoder::new(LIMIT);
        let (taken, cost) = cost::of(|| {
            let came = (0..4000).filter(|_| {
                decoder.push(&frame);
                matches!(decoder.next_frame(), Ok(Some(_)))
            });
            came.count()
        });
        c.ensure(taken == 4000, None, || format!("{taken} frames"))?;
        allocates_little(c, cost, &KEEPS_TAKEN)
    })
}

#[test]
fn a_refusal_is_final() -> Outcome {
    check(|c| {
        let mut decoder = Decoder::new(LIMIT);
        let want = Err(Error::TooLong { length: LIMIT + 1, limit: LIMIT });
        for piece in [&header(LIMIT + 1)[..], &frame(b"run me"), &frame(b"and me")] {
            c.did(format!("pushed {}, and called `next_frame` (limit {LIMIT})", shown(&[piece])));
            c.want(format!("{want:?}, at every call from here on"));
            decoder.push(piece);
            let got = next(&mut decoder);
            let goes_on = matches!(got, Ok(Some(_)));
            c.ensure(got == want, goes_on.then_some(&GOES_ON), || format!("{got:?}"))?;
        }
        Ok(())
    })
}

#[test]
fn the_stream_may_end_between_frames_only() -> Outcome {
    check(|c| {
        let bytes = frames(&[b"hello", b"", b"world"]);
        let borders = [0, 9, 13, 22];
        for end in (6..=bytes.len()).chain(0..6) {
            let arrived = end - borders.iter().rfind(|border| **border <= end).unwrap_or(&0);
            c.attempt(format!("pushed {}", shown(&[&bytes[..end]])));
            c.did("called `next_frame` until it returned Ok(None), and then `finish`");
            let mut decoder = Decoder::new(LIMIT);
            decoder.push(&bytes[..end]);
            while let Ok(Some(_)) = decoder.next_frame() {}
            let got = decoder.finish();
            if arrived == 0 {
                c.want("Ok(()): the stream ended between two frames");
                c.ensure(got == Ok(()), None, || format!("{got:?}"))?;
            } else {
                let want = Err(Error::Truncated { arrived });
                c.want(format!("{want:?}: the stream ended within a frame"));
                let unnoticed = (got == Ok(())).then_some(&CUT_UNNOTICED);
                c.ensure(got == want, unnoticed, || format!("{got:?}"))?;
            }
        }
        Ok(())
    })
}

#[test]
fn many_frames_in_one_piece_take_no_longer() -> Outcome {
    check_within(Duration::from_secs(8), |c| {
        let (small, large) = (vec![0; HEADER * SMALL_FRAMES], frame(&vec![b'x'; 2 << 20]));
        c.did(format!("pushed {SMALL_FRAMES} empty frames, a piece each, and one of 2 MiB"));
        c.did("pushed the same frames in one piece");
        c.want("about the same processor time; 40 times as much is forgiven");
        let apart = time(small.chunks(HEADER).chain([&large[..]]), Duration::from_secs(2));
        let apart = apart.ok_or_else(|| c.fail(None, "not all of the frames came out"))?;
        let bytes = [small, large].concat();
        // Of this, a right answer needs less than a twentieth, and a wrong one many times as much.
        let allowed = (apart * 40).max(Duration::from_millis(250));
        let together = time([&bytes[..]], allowed);
        c.ensure(together.is_some(), &QUADRATIC, || {
            let (apart, allowed) = (apart.as_secs_f32(), allowed.as_secs_f32());
            format!("{apart:.3} s for pieces; in one piece not done after {allowed:.2} s")
        })
    })
}
