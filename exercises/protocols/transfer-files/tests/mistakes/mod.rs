//! The mistakes that the graded test knows by name.

use harness::Mistake;

/// `226` stands in the same list as `Finish`, or comes with `ended`.
pub(crate) const DONE: Mistake = Mistake {
    name: "done-before-closed",
    why: "226 was said while the data connection was still open; it is said in `closed`, when the client has all of it",
    spec: "RFC 959 §5.2: the server sends 226 after it has closed the data connection",
};
/// What crosses in TYPE I is what it would be in TYPE A.
pub(crate) const MANGLES: Mistake = Mistake {
    name: "ascii-mangles-binary",
    why: "CR or LF were put in or taken out in TYPE I, where every octet is to arrive as it is",
    spec: "RFC 959 §3.1.1.3: image type",
};
/// What crosses in TYPE A is what it would be in TYPE I.
pub(crate) const BARE_LF: Mistake = Mistake {
    name: "bare-lf-in-text",
    why: "a text crossed as it stands on this disk; in TYPE A, which every session begins with, its lines end in CRLF on the wire and in LF here",
    spec: "RFC 959 §3.1.1.1: ASCII type, the default; §2.2: NVT-ASCII",
};
/// More than twice a piece in one go.
pub(crate) const WHOLE: Mistake = Mistake {
    name: "whole-file-in-memory",
    why: "more was read than one piece; a file may be larger than the memory, and the client slower than the disk: the next piece is due when `sent` is called",
    spec: "CWE-770; read(2)",
};
/// The name shows a file that is not all there.
pub(crate) const PARTIAL: Mistake = Mistake {
    name: "partial-file-left",
    why: "a part of a file is there, as if it were one; write to another name, rename when the end has come, and else remove it",
    spec: "RFC 959 §3.4.1: the end of the data is the end of the file, and no other sign of it; rename(2)",
};
/// A transfer began at the offset of one before it.
pub(crate) const RESTART_KEPT: Mistake = Mistake {
    name: "restart-kept",
    why: "the offset of REST is for one transfer, whether it succeeds or not; the next one begins at the beginning",
    spec: "RFC 3659 §5.3; RFC 959 §4.1.3, REST",
};
/// 350, and then the whole file all the same.
pub(crate) const RESTART_IGNORED: Mistake = Mistake {
    name: "restart-ignored",
    why: "350 promised that the next transfer begins at that octet of the file; the client puts what comes, or what it sends, there",
    spec: "RFC 3659 §5.3",
};
/// Nothing happened when `ABOR` came during a transfer.
pub(crate) const ABORT_WAITS: Mistake = Mistake {
    name: "abort-waits",
    why: "ABOR waited for the end of the transfer that it is to end",
    spec: "RFC 959 §4.1.3, ABOR",
};
/// One reply, where something was aborted.
pub(crate) const ONE_REPLY: Mistake = Mistake {
    name: "one-reply-to-abort",
    why: "two commands are to be answered: the transfer, with 426, and ABOR, with 226; from the first one that is missing, the client takes each reply for another command's",
    spec: "RFC 959 §4.1.3, ABOR",
};
/// A command was followed while a transfer was under way.
pub(crate) const OVERTAKES: Mistake = Mistake {
    name: "obeys-during-the-transfer",
    why: "a command that came during a transfer was followed before that had ended; replies come in the order of the commands, and what a transfer is like was settled when it began",
    spec: "RFC 959 §5.4: sequencing of commands and replies",
};
