//! The mistakes that the graded test knows by name.

use harness::Mistake;

pub(crate) const SMUGGLED: Mistake = Mistake {
    name: "smuggled-message",
    why: "the message ended where another server sees text; what follows is text to that one, and commands to you",
    spec: "RFC 5321 §4.1.1.4: only CR LF . CR LF is the end, even in the name of robustness; §2.3.8",
};
pub(crate) const SPLIT_END: Mistake = Mistake {
    name: "split-end",
    why: "the cut fell into CR LF . CR LF, and the end was not seen any more; the client waits for its reply, and you for the end",
    spec: "RFC 9293 §3.7: a cut may fall between any two octets",
};
pub(crate) const DOTS_KEPT: Mistake = Mistake {
    name: "dots-kept",
    why: "a dot that the client has added is still in the message",
    spec: "RFC 5321 §4.5.2: the first character is deleted if it is a dot, whatever follows",
};
pub(crate) const ALL_DOTS: Mistake = Mistake {
    name: "all-dots-removed",
    why: "the dots of the message went away with the one that the client has added",
    spec: "RFC 5321 §4.5.2: the first character is deleted, and no other",
};
pub(crate) const EMPTY: Mistake = Mistake {
    name: "empty-message-never-ends",
    why: "the first line is a dot alone, and was not seen as the end; the CR LF before it is that of DATA",
    spec: "RFC 5321 §4.1.1.4: the first CR LF of the end may be the one that ends the DATA command",
};
pub(crate) const LAST_LINE: Mistake = Mistake {
    name: "last-line-end-lost",
    why: "the CR LF in front of the dot was taken for a part of the end only; it also ends the last line",
    spec: "RFC 5321 §4.1.1.4: the first CR LF is also the one that ends the final line of the data",
};
pub(crate) const BARE: Mistake = Mistake {
    name: "bare-line-ends-kept",
    why: "a CR or an LF that stands alone is in the message still; the next program decides what it means, and may decide otherwise",
    spec: "RFC 5321 §2.3.8: they have a long history of causing problems",
};
pub(crate) const UNBOUNDED: Mistake = Mistake {
    name: "unbounded-message",
    why: "the message was kept beyond the limit; the client decides how much memory that takes",
    spec: "RFC 5321 §4.5.3.1.7: limits on the size; RFC 1870 §6.3",
};
pub(crate) const GOES_ON: Mistake = Mistake {
    name: "goes-on-after-refusal",
    why: "the message was given up at the limit, and the rest of it is read as commands",
    spec: "RFC 5321 §4.1.1.4: whatever comes before the end is mail data",
};
pub(crate) const LOST_NEXT: Mistake = Mistake {
    name: "lost-second-frame",
    why: "what stands behind the end in the same piece was counted as part of the message; it is the next command",
    spec: "RFC 2920 §3.1: a client may send the next commands without waiting",
};
pub(crate) const KEPT: Mistake = Mistake {
    name: "keeps-what-was-taken",
    why: "something of the message before is in this one",
    spec: "RFC 5321 §4.1.1.4: with the end of the data its buffer is cleared",
};
pub(crate) const NOT_TEXT: Mistake = Mistake {
    name: "bytes-are-not-text",
    why: "the octets were made into text, and came out changed",
    spec: "RFC 5321 §4.5.2: all characters are to be delivered; RFC 6152 for those over 127",
};
pub(crate) const AGAIN: Mistake = Mistake {
    name: "looks-from-the-start",
    why: "with each piece all that came before is looked at again",
    spec: "RFC 9293 §3.7: the pieces may be as small as the client likes",
};
