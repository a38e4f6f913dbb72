#![no_main]

//! A chunked body in two pieces is the body in one, strictly and leniently; what is right strictly is
//! the same leniently.

use libfuzzer_sys::fuzz_target;
use protocols::http::body::{Body, Error, Framing, Limits};

type Read = Result<(Vec<u8>, usize, bool), Error>;

fn read(pieces: [&[u8]; 2], limits: Limits) -> Read {
    let mut body = Body::new(Framing::Chunked, limits)?;
    let (mut content, mut left) = (Vec::new(), 0);
    for mut piece in pieces {
        while let Some(part) = body.next(&mut piece)? {
            content.extend_from_slice(part);
        }
        left += piece.len();
    }
    let complete = body.is_complete();
    if complete {
        body.trailers().iter().for_each(drop);
    }
    Ok((content, left, complete))
}

fuzz_target!(|input: &[u8]| {
    let [cut, bytes @ ..] = input else { return };
    let (one, other) = bytes.split_at(usize::from(*cut).min(bytes.len()));
    for limits in [Limits::strict(1_000), Limits::lenient(1_000)] {
        assert_eq!(read([bytes, &[]], limits), read([one, other], limits));
    }
    let strict = read([bytes, &[]], Limits::strict(1_000));
    if let Ok((_, _, true)) = strict {
        assert_eq!(strict, read([bytes, &[]], Limits::lenient(1_000)));
    }
});
