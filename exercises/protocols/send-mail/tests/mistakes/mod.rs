//! The mistakes that the graded test knows by name.

use harness::Mistake;

pub(crate) const ONE_LINE: Mistake = Mistake {
    name: "one-line-of-the-reply",
    why: "a line with a hyphen behind its code was taken for the whole reply; the last line has a space there, or nothing",
    spec: "RFC 5321 §4.2.1",
};
pub(crate) const ONE_READ: Mistake = Mistake {
    name: "one-read-one-line",
    why: "what one `read` gave was taken for a line; a line is whole when its LF has come",
    spec: "RFC 9293 §3.7: the stream has no message borders; RFC 5321 §2.3.8: CR LF ends a line",
};
pub(crate) const ONE_REFUSAL: Mistake = Mistake {
    name: "one-refusal-for-all",
    why: "what the server said to one recipient was taken for all; each RCPT has a reply of its own, and those who are accepted get the message",
    spec: "RFC 5321 §3.3; appendix D.1 shows such a conversation",
};
pub(crate) const FOUR_FIVE: Mistake = Mistake {
    name: "four-is-not-five",
    why: "4yz and 5yz were taken for the same; 4 means that it may succeed later, 5 that it will not",
    spec: "RFC 5321 §4.2.1: the first digit",
};
pub(crate) const NO_354: Mistake = Mistake {
    name: "text-without-354",
    why: "the text was sent though the server had not asked for it with 354; it reads each line of it as a command",
    spec: "RFC 5321 §3.3, §4.1.1.4",
};
pub(crate) const DOT: Mistake = Mistake {
    name: "lost-leading-dot",
    why: "a line that begins with a dot was sent as it is; the server takes the dot away, or the line for the end of the message",
    spec: "RFC 5321 §4.5.2",
};
pub(crate) const BARE: Mistake = Mistake {
    name: "bare-newline-sent",
    why: "a CR or an LF was sent that stands alone, or a last line without an end; only CR LF ends a line, and what else does so depends on the server",
    spec: "RFC 5321 §2.3.8; CVE-2023-51764",
};
pub(crate) const INJECTION: Mistake = Mistake {
    name: "crlf-in-an-address",
    why: "an address went into a command without being looked at; with a line end, a space or a bracket in it, it is another command, or one more parameter",
    spec: "RFC 5321 §4.1.2: what a mailbox may contain; CWE-93",
};
pub(crate) const UNOFFERED: Mistake = Mistake {
    name: "unoffered-parameters",
    why: "something was used that this server does not offer; what it can do besides is in its reply to EHLO, and nowhere else",
    spec: "RFC 5321 §2.2.1, §3.2; RFC 1870 §4; RFC 6152 §2",
};
pub(crate) const DOUBLED: Mistake = Mistake {
    name: "lost-after-the-dot",
    why: "the connection was lost after the end of the text, and this was taken for a failure; the server may have the message, and would get it twice",
    spec: "RFC 1047; RFC 5321 §4.1.1.4",
};
pub(crate) const EARLY: Mistake = Mistake {
    name: "reply-before-command",
    why: "a reply that came before its command was taken for the reply to it; from there on each stands for another",
    spec: "RFC 5321 §2.1: commands and replies in lock step; CVE-2021-22947",
};
pub(crate) const UNBOUNDED: Mistake = Mistake {
    name: "unbounded-reply",
    why: "a reply was read for as long as the server went on with it; how much you keep is yours to bound",
    spec: "RFC 5321 §4.5.3.1.5: 512 octets to a line; CWE-770",
};
