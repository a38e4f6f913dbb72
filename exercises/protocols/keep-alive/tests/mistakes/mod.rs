//! The mistakes that the graded test knows by name.

use harness::Mistake;

pub(crate) const ONE_READ: Mistake = Mistake {
    name: "one-read-one-request",
    why: "what came in one piece was taken for the whole request; the rest of it came in the next",
    spec: "RFC 9293 §3.7: the stream has no message borders",
};
pub(crate) const LOST_NEXT: Mistake = Mistake {
    name: "lost-second-frame",
    why: "what stood behind a request in the same piece is gone, or nobody looked at it; its sender waits for a reply",
    spec: "RFC 9112 §9.3.2: a client may send requests without waiting for replies",
};
pub(crate) const UNREAD: Mistake = Mistake {
    name: "unread-body-is-a-request",
    why: "octets of a body that nobody wanted were taken for the next request; whoever sent them chose what it asks for",
    spec: "RFC 9112 §9.3: read the entire body, or close the connection",
};
pub(crate) const ORDER: Mistake = Mistake {
    name: "replies-out-of-order",
    why: "a reply was sent when it was ready, and another was due; nothing in a reply says which request it answers, but its place",
    spec: "RFC 9112 §9.3.2: in the same order as the requests were received",
};
pub(crate) const HEAD_CONTENT: Mistake = Mistake {
    name: "content-after-head",
    why: "the reply to HEAD had content; its client reads none there, and takes it for the beginning of the next reply",
    spec: "RFC 9110 §9.3.2: must not send content; RFC 9112 §6.3, item 1",
};
pub(crate) const LIST: Mistake = Mistake {
    name: "connection-is-a-list",
    why: "the Connection field was compared with a word; it is a list, may come several times, and its case does not matter",
    spec: "RFC 9110 §7.6.1",
};
pub(crate) const OLD: Mistake = Mistake {
    name: "old-client-kept-waiting",
    why: "a connection of HTTP/1.0 stays only if the client asks for it and the server says so; each of the two waits for the other to close",
    spec: "RFC 9112 §9.3",
};
pub(crate) const BEHIND: Mistake = Mistake {
    name: "served-after-the-last",
    why: "a request was taken behind the one that was the last on its connection; its client cannot read the reply, and nobody knows whose octets these are",
    spec: "RFC 9112 §9.6: must not process any further requests",
};
pub(crate) const END: Mistake = Mistake {
    name: "end-cancels-answers",
    why: "the client had sent all that it had to say, and was taken to want no answer any more",
    spec: "RFC 9293 §3.6: who has closed may go on to receive",
};
pub(crate) const PIPELINE: Mistake = Mistake {
    name: "unbounded-pipeline",
    why: "requests were taken without an end while none was answered; their sender decides how much memory that is",
    spec: "CWE-770: allocation of resources without limits",
};
