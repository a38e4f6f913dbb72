//! The mistakes that the graded test knows by name.

use harness::Mistake;

pub(crate) const ONE_READ: Mistake = Mistake {
    name: "one-read-one-request",
    why: "what came in one piece was taken for the whole head; a head may come in any number of pieces, and then there is only more to wait for",
    spec: "RFC 9293 §3.7: the stream has no message borders; RFC 9112 §2.1: an empty line ends the head",
};
pub(crate) const SPLIT_CRLF: Mistake = Mistake {
    name: "split-crlf",
    why: "the cut fell between CR and LF; they are one end of line all the same",
    spec: "RFC 9293 §3.7: a cut may fall between any two octets",
};
pub(crate) const LOST_SECOND: Mistake = Mistake {
    name: "lost-second-frame",
    why: "what stands behind the head in the same piece was counted as part of it; it is the body, or the next request",
    spec: "RFC 9112 §9.3.2: a client may send requests without waiting for replies",
};
pub(crate) const SPACE: Mistake = Mistake {
    name: "space-before-colon",
    why: "white space between a field's name and the colon was let pass; another program reads another name there",
    spec: "RFC 9112 §5.1: a server must reject such a request with 400",
};
pub(crate) const FOLDED: Mistake = Mistake {
    name: "folded-field",
    why: "a line that begins with white space was let pass; one program takes it for more of the line before it, another for a field",
    spec: "RFC 9112 §5.2: reject with 400; §2.2, where it follows the request line",
};
pub(crate) const BARE_CR: Mistake = Mistake {
    name: "bare-cr-in-a-field",
    why: "a CR that no LF follows was let pass; some programs take it for the end of a line, and see a field behind it",
    spec: "RFC 9112 §2.2: a recipient must consider that element to be invalid",
};
pub(crate) const NUL: Mistake = Mistake {
    name: "nul-in-a-field",
    why: "a NUL was let pass; a program in C sees the end of the text there",
    spec: "RFC 9110 §5.5: field values with CR, LF or NUL are invalid and dangerous",
};
pub(crate) const TWO_HOSTS: Mistake = Mistake {
    name: "two-hosts",
    why: "a request was accepted that names two hosts, or none; one program takes the first, another the last",
    spec: "RFC 9112 §3.2: a server must respond with 400",
};
pub(crate) const UNBOUNDED: Mistake = Mistake {
    name: "unbounded-head",
    why: "the head is kept until its end comes, and whoever sends it decides how long that is",
    spec: "RFC 6585 §5: 431; RFC 9112 §3: 414; CWE-770",
};
pub(crate) const GOES_ON: Mistake = Mistake {
    name: "goes-on-after-refusal",
    why: "after a request that was refused, another was found; nobody can say where it begins, and its sender chose where",
    spec: "RFC 9112 §2.2: respond with 400 and close the connection; §11.2",
};
pub(crate) const AGAIN: Mistake = Mistake {
    name: "looks-from-the-start",
    why: "with each piece, all that came before it was looked at again; a head that comes octet by octet costs its length squared",
    spec: "CWE-407: inefficient algorithmic complexity",
};
