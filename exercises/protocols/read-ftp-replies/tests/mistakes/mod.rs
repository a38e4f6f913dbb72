//! The mistakes that the graded test knows by name.

use harness::Mistake;

const SEVERAL: &str = "RFC 959 §4.2: the last line begins with the same code and a space";
const TELNET: &str =
    "RFC 959 §2.3: FTP uses the Telnet protocol on the control connection; RFC 854";

pub(crate) const ONE_LINE: Mistake = Mistake {
    name: "one-line-one-reply",
    why: "each line was taken for a reply; a code with a hyphen says that more lines belong to this one",
    spec: SEVERAL,
};
pub(crate) const ANY_CODE: Mistake = Mistake {
    name: "any-code-ends-the-reply",
    why: "a line between the first and the last looked a little like the last one; only the same code, at the beginning of the line, with a space or nothing behind it, ends the reply",
    spec: SEVERAL,
};
pub(crate) const ONE_READ: Mistake = Mistake {
    name: "one-read-one-line",
    why: "what came in one piece was taken for whole lines; a line may come in any number of pieces",
    spec: "RFC 9293 §3.7: the stream has no message borders",
};
pub(crate) const LOST_SECOND: Mistake = Mistake {
    name: "lost-second-frame",
    why: "two replies came in one piece, and only one of them was found; after a short transfer, 150 and 226 come so",
    spec: "RFC 9293 §3.7: the stream has no message borders",
};
pub(crate) const TEXT: Mistake = Mistake {
    name: "telnet-taken-for-text",
    why: "octets of a Telnet command were taken for text, or octets of the text for a Telnet command",
    spec: TELNET,
};
pub(crate) const CUT: Mistake = Mistake {
    name: "telnet-taken-for-text",
    why: "the cut fell into a Telnet command, and the octets behind the cut were taken for text",
    spec: TELNET,
};
pub(crate) const WITHOUT_END: Mistake = Mistake {
    name: "reply-without-end",
    why: "the reply is kept until its last line comes, and the server decides when that is",
    spec: "CWE-770: allocation of resources without limits",
};
pub(crate) const AGAIN: Mistake = Mistake {
    name: "looks-from-the-start",
    why: "with each piece, all that came before it was looked at again; a reply that comes octet by octet costs its length squared",
    spec: "CWE-407: inefficient algorithmic complexity",
};
pub(crate) const GOES_ON: Mistake = Mistake {
    name: "goes-on-after-refusal",
    why: "after something that is no reply, another was found; nobody can say to which command it belongs",
    spec: "RFC 959 §4.2: every command has its reply, and the client waits for it",
};
pub(crate) const NOT_DOUBLED: Mistake = Mistake {
    name: "iac-not-doubled",
    why: "the octet ff was sent as it is; the server takes it for the beginning of a Telnet command, and the name for another",
    spec: TELNET,
};
pub(crate) const LINE_END: Mistake = Mistake {
    name: "line-end-in-an-argument",
    why: "the argument ended the line, and what stands behind it is a command of its own, which somebody else has chosen",
    spec: "RFC 959 §5.3.2: an argument has any character except CR and LF; CWE-93",
};
