//! The mistakes that the graded test knows by name, and what proves some of them.

use frame_messages::{Error, HEADER};
use harness::Mistake;

pub(crate) const WRONG_ORDER: Mistake = Mistake {
    name: "wrong-byte-order",
    why: "the length was written or read with its lowest byte first; on the network the highest comes first",
    spec: "byteorder(3); u32::to_be_bytes, u32::from_be_bytes",
};
pub(crate) const COUNTS_HEADER: Mistake = Mistake {
    name: "length-counts-header",
    why: "the length was taken to count its own four bytes as well; here it counts the payload alone",
    spec: "the task, and HEADER in src/lib.rs: it counts the payload, and not itself",
};
pub(crate) const ONE_READ: Mistake = Mistake {
    name: "one-read-one-message",
    why: "what came in one piece was taken for one whole message; a piece may be any part of one, or more than one",
    spec: "RFC 9293 §3.7: the stream has no message borders; read(2)",
};
pub(crate) const LOST_SECOND: Mistake = Mistake {
    name: "lost-second-frame",
    why: "bytes that came in the same piece, behind a frame, were thrown away; they begin the next frame",
    spec: "RFC 9293 §3.7: the stream has no message borders",
};
pub(crate) const TRUSTS_LENGTH: Mistake = Mistake {
    name: "trusts-the-length",
    why: "the length is the peer's claim, and four bytes of claim cost you that much memory, or a wait for that much",
    spec: "CWE-789: memory allocation with excessive size value",
};
pub(crate) const KEEPS_TAKEN: Mistake = Mistake {
    name: "keeps-what-was-taken",
    why: "frames that were taken stayed in the buffer, which grows for as long as the conversation lasts",
    spec: "CWE-401: missing release of memory after effective lifetime",
};
pub(crate) const GOES_ON: Mistake = Mistake {
    name: "goes-on-after-refusal",
    why: "what follows a refused length is its payload; it was read as if it were frames, so its sender chooses what you see",
    spec: "the task: nobody can say where the next frame begins",
};
pub(crate) const CUT_UNNOTICED: Mistake = Mistake {
    name: "cut-frame-unnoticed",
    why: "the stream ended within a frame, and that was taken for the end of the conversation",
    spec: "read(2), RETURN VALUE: zero says that no more will come, not that all has",
};
pub(crate) const QUADRATIC: Mistake = Mistake {
    name: "quadratic-removal",
    why: "each frame that is taken from the front moves all that follows it: n frames in one piece cost n² moves",
    spec: "Vec::drain, Vec::remove: the elements behind are shifted",
};

/// What an error in place of a frame proves.
pub(crate) fn in_error(want: &[&[u8]], got: &[Vec<u8>], error: Error) -> Option<&'static Mistake> {
    let length = u32::try_from(want.get(got.len())?.len()).ok()?;
    let reversed = matches!(error, Error::TooLong { length: read, .. }
        if length > 0 && read == length.swap_bytes() as usize);
    reversed.then_some(&WRONG_ORDER)
}

/// What the first wrong frame proves.
pub(crate) fn in_frames(want: &[&[u8]], got: &[Vec<u8>]) -> Option<&'static Mistake> {
    let (want, got) = want.iter().zip(got).find(|(want, got)| want != got)?;
    if want.starts_with(got) && got.len() + HEADER == want.len() {
        Some(&COUNTS_HEADER)
    } else {
        (got.starts_with(want)).then_some(&ONE_READ)
    }
}
