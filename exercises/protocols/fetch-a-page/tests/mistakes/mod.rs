//! The mistakes that the graded test knows by name.

use harness::Mistake;

/// A POST came a second time.
pub(crate) const POST_AGAIN: Mistake = Mistake {
    name: "retries-a-post",
    why: "the connection ended without an answer, and the request was sent again; nobody knows whether the first one was carried out, and now it may be done twice",
    spec: "RFC 9110 §9.2.2: must not be retried unless it is idempotent; RFC 9112 §9.3.1",
};
/// A field that was meant for one origin reached another.
pub(crate) const CREDENTIALS: Mistake = Mistake {
    name: "credentials-cross-origin",
    why: "what was meant for one origin was sent to another, because the first one said so",
    spec: "RFC 9110 §15.4: remove Authorization, Cookie and what is like them; §4.3.1: origin",
};
/// After the last redirect that is followed there was another request.
pub(crate) const LOOP: Mistake = Mistake {
    name: "redirect-loop",
    why: "redirects are followed for as long as they come, and these never end",
    spec: "RFC 9110 §15.4: detect and intervene in cyclical redirections",
};
/// A redirect from https to http was followed.
pub(crate) const DOWNGRADE: Mistake = Mistake {
    name: "https-to-http",
    why: "a redirect led from https to http, and was followed: the request, the answer and the redirect itself are open to everybody on the way",
    spec: "RFC 9110 §17.1: establishing authority; CWE-319",
};
/// The method after a redirect is not the one that its status says.
pub(crate) const METHOD: Mistake = Mistake {
    name: "redirect-changes-the-method",
    why: "the status says whether the method stays: 307 and 308 keep it, with the content; 303 makes it GET, and so do 301 and 302 of a POST",
    spec: "RFC 9110 §15.4.2, §15.4.3, §15.4.4, §15.4.8, §15.4.9",
};
/// An answer that was cut off was returned.
pub(crate) const CUT: Mistake = Mistake {
    name: "cut-body-unnoticed",
    why: "the connection ended before the answer did, and what had come was returned as if it were all",
    spec: "RFC 9112 §8: an incomplete message; §6.3",
};
/// What stood in the connection before the request was sent was returned as its answer.
pub(crate) const UNINVITED: Mistake = Mistake {
    name: "uninvited-answer",
    why: "octets that came before the request was sent were taken for its answer",
    spec: "RFC 9112 §9.2: unsolicited data on a connection must not be taken for a response",
};
/// More than the limit was kept, or waited for.
pub(crate) const UNBOUNDED: Mistake = Mistake {
    name: "unbounded-reply",
    why: "the client keeps what the server sends until the server ends, and the server decides when that is",
    spec: "CWE-770; the task: MOST_CONTENT",
};
/// A silent server is waited for.
pub(crate) const NO_TIMEOUT: Mistake = Mistake {
    name: "no-timeout",
    why: "a read without a timeout waits for as long as the server likes",
    spec: "socket(7), SO_RCVTIMEO: by default a read never times out",
};
/// The silent server is given up, and the slow one is not.
pub(crate) const PER_READ: Mistake = Mistake {
    name: "timeout-per-read",
    why: "each octet begins a new wait, so a server that sends one now and then is waited for without end",
    spec: "socket(7), SO_RCVTIMEO: of one call",
};
