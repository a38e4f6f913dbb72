//! The mistakes that the graded test knows by name.

use harness::Mistake;

pub(crate) const REQUEST_WAITS: Mistake = Mistake {
    name: "request-until-close",
    why: "a request that says nothing of a body was taken to have one; its client has sent all, waits for the answer, and does not close",
    spec: "RFC 9112 §6.3, item 7: its body's length is zero",
};
pub(crate) const LENIENT: Mistake = Mistake {
    name: "lenient-number",
    why: "something that is no number was taken for one; another program reads another length there, or none",
    spec: "RFC 9110 §8.6: one or more digits; RFC 9112 §7.1: one or more hexadecimal digits",
};
pub(crate) const OVERFLOW: Mistake = Mistake {
    name: "number-overflow",
    why: "a number that does not fit was cut to its lower bits, or to the largest that does; its sender chose what is left of it",
    spec: "RFC 9110 §8.6 and RFC 9112 §7.1: a recipient must prevent errors from an overflow",
};
pub(crate) const TWO_LENGTHS: Mistake = Mistake {
    name: "two-lengths",
    why: "of two lengths that differ, one was taken; a program in front may have taken the other",
    spec: "RFC 9112 §6.3, item 5: an unrecoverable error",
};
pub(crate) const BOTH: Mistake = Mistake {
    name: "length-with-coding",
    why: "a message with a length and a coding was read by one of them; whoever reads it by the other sees another end",
    spec: "RFC 9112 §6.3, item 3: ought to be handled as an error; §11.2",
};
pub(crate) const NOT_LAST: Mistake = Mistake {
    name: "chunked-not-last",
    why: "`chunked` was found among the codings, and that was enough; the body is chunked only if it is the last one, and readable only if it is the only one",
    spec: "RFC 9112 §6.1, §6.3, item 4",
};
pub(crate) const NEVER_COMES: Mistake = Mistake {
    name: "body-that-never-comes",
    why: "a response that has no body was said to have one, since its fields say how long it would be; the next response is read as that body",
    spec: "RFC 9112 §6.3, items 1 and 2: regardless of the fields",
};
pub(crate) const ONE_READ: Mistake = Mistake {
    name: "one-read-one-message",
    why: "what is read in one piece was lost at a cut; a body may come in any number of pieces, cut anywhere",
    spec: "RFC 9293 §3.7: the stream has no message borders",
};
pub(crate) const LOST_NEXT: Mistake = Mistake {
    name: "lost-second-frame",
    why: "what stands behind the body in the same piece was taken with it; it is the next message",
    spec: "RFC 9112 §9.3.2: a client may send requests without waiting for replies",
};
pub(crate) const EARLY_END: Mistake = Mistake {
    name: "ends-before-the-trailers",
    why: "the body was taken to end with the chunk of size 0; the trailers and the empty line behind it are read as the next message",
    spec: "RFC 9112 §7.1: last-chunk, trailer-section, CRLF; §7.1.2",
};
pub(crate) const CHUNK_ENDS: Mistake = Mistake {
    name: "chunk-end-not-checked",
    why: "two octets were skipped, or a lone LF or CR let pass, where CR LF must stand; another program sees a chunk more, or one less",
    spec: "RFC 9112 §7.1: CRLF behind each size and behind each chunk's data",
};
pub(crate) const CUT_OFF: Mistake = Mistake {
    name: "cut-frame-unnoticed",
    why: "the connection ended before the body did, and that was taken for the body's end",
    spec: "RFC 9112 §8: such a message is incomplete",
};
pub(crate) const UNBOUNDED: Mistake = Mistake {
    name: "unbounded-extensions",
    why: "octets that are no content were read without an end; no limit on the content sees them",
    spec: "RFC 9112 §7.1.1: a server ought to limit the total length of chunk extensions",
};
pub(crate) const GOES_ON: Mistake = Mistake {
    name: "goes-on-after-refusal",
    why: "after chunks that could not be read, more was read; nobody can say where the next one begins, and its sender chose where",
    spec: "RFC 9112 §6.3, §11.2",
};
