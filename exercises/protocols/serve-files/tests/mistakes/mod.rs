//! The mistakes that the graded test knows by name.

use harness::Mistake;

/// `..` in a target, and a file outside the root came back.
pub(crate) const TRAVERSAL: Mistake = Mistake {
    name: "path-traversal",
    why: "`..` in the target was left to the file system, which goes up where it is told to",
    spec: "CWE-22; RFC 9110 §17.3; RFC 3986 §5.2.4: a client resolves dots before it asks",
};
/// The same with `%2e` or `%2f`, where `..` itself is refused.
pub(crate) const BEFORE_DECODING: Mistake = Mistake {
    name: "checks-before-decoding",
    why: "the target was checked as it was sent, and then decoded: what the file system is given was never looked at",
    spec: "RFC 3986 §7.3: security checks should be applied after decoding; CWE-180",
};
/// `%2525` became `%`, or `%252e` a dot.
pub(crate) const TWICE: Mistake = Mistake {
    name: "decodes-twice",
    why: "what had been decoded was decoded once more; the second time, it is the client's text that is taken for escapes",
    spec: "RFC 3986 §2.4: must not decode the same string more than once; CWE-174",
};
/// `//etc/passwd`, and a file outside the root came back.
pub(crate) const ABSOLUTE: Mistake = Mistake {
    name: "absolute-join",
    why: "the name was absolute, and `join` with an absolute path forgets what it is joined to",
    spec: "std::path::Path::join: if `path` is absolute, it replaces the current path; CWE-36",
};
/// A NUL in a name ends the answer with an error, or cuts the name.
pub(crate) const NUL: Mistake = Mistake {
    name: "nul-in-a-name",
    why: "no file's name has a NUL in it: the system would see the end of the name there, and std refuses to ask",
    spec: "RFC 3986 §7.3: %00; path_resolution(7); CWE-158",
};
/// A link within the root leads out of it, and was followed.
pub(crate) const LINK: Mistake = Mistake {
    name: "link-leads-out",
    why: "only the name was checked; a symbolic link in the folder leads on to where the name does not say",
    spec: "symlink(7); CWE-59",
};
/// A file in a neighbour folder, whose name begins with the root's, came back.
pub(crate) const PREFIX: Mistake = Mistake {
    name: "prefix-is-no-parent",
    why: "paths were compared as text: `/srv/site-private` begins with `/srv/site`, and is not in it",
    spec: "std::path::Path::starts_with: only considers whole path components; CWE-22",
};
/// An answer to HEAD has content.
pub(crate) const ON_HEAD: Mistake = Mistake {
    name: "body-on-head",
    why: "content was sent with the answer to HEAD; the client takes it for the beginning of the next answer",
    spec: "RFC 9110 §9.3.2; RFC 9112 §6.3, rule 1: it ends with its head",
};
/// A 304 has content.
pub(crate) const ON_304: Mistake = Mistake {
    name: "body-on-304",
    why: "content was sent with 304; the client takes it for the beginning of the next answer",
    spec: "RFC 9110 §15.4.5; RFC 9112 §6.3, rule 1: it ends with its head",
};
/// `-3` brought something else than the last three octets.
pub(crate) const SUFFIX: Mistake = Mistake {
    name: "suffix-range",
    why: "`-N` asks for the last N octets, and for all of them where there are fewer",
    spec: "RFC 9110 §14.1.2: suffix-range",
};
/// `2-5` brought three octets.
pub(crate) const EXCLUDED: Mistake = Mistake {
    name: "range-end-excluded",
    why: "both positions of a range are part of it: `2-5` is four octets",
    spec: "RFC 9110 §14.1.2: positions are inclusive",
};
/// The end of a range, or its beginning, is past the end of the file.
pub(crate) const TRUSTED: Mistake = Mistake {
    name: "trusts-the-range",
    why: "the client's numbers were used as they are; what lies past the end of the file is not there, and cannot be promised",
    spec: "RFC 9110 §14.1.2: the remainder; §15.5.17: 416 if none of it is there",
};
/// A part of another content than the client has.
pub(crate) const IF_RANGE: Mistake = Mistake {
    name: "if-range-ignored",
    why: "the client has a part of another content; put together with this part, it is neither of the two",
    spec: "RFC 9110 §13.1.5: if it does not match, ignore Range",
};
/// So much memory for so little.
pub(crate) const IN_MEMORY: Mistake = Mistake {
    name: "whole-file-in-memory",
    why: "the whole file was read into memory; a few clients that ask for a large one are enough to use all of it",
    spec: "CWE-789; std::io::copy has a buffer of some kilobytes",
};
/// The file changed its length while it was sent.
pub(crate) const LENGTH: Mistake = Mistake {
    name: "length-changes",
    why: "the head promised a length, and the file has another one by now; the next answer begins where the client does not expect it",
    spec: "RFC 9112 §6.3 and §8: Content-Length counts; close where it cannot be kept",
};
