//! What answers to this exercise are known to get wrong.

use harness::Mistake;

pub(crate) const NO_OPTIONS: Mistake = Mistake {
    name: "assumes-no-options",
    why: "a header was taken to be 20 octets; how long it is stands in it, and options are in there",
    spec: "RFC 791 §3.1, IHL; RFC 9293 §3.1, Data Offset",
};
pub(crate) const IGNORED: Mistake = Mistake {
    name: "total-length-ignored",
    why: "the packet was taken to end where the octets end; where it ends, its total length says",
    spec: "RFC 791 §3.1, Total Length",
};
pub(crate) const TRUSTS: Mistake = Mistake {
    name: "trusts-the-header",
    why: "a length in the packet contradicts what is there, and nobody compared the two",
    spec: "RFC 791 §3.1: IHL is at least 5; RFC 9293 §3.1: the Data Offset",
};
pub(crate) const FRAGMENT: Mistake = Mistake {
    name: "fragment-taken-for-a-packet",
    why: "the payload is a piece of another packet's, and was taken for the whole of this one's",
    spec: "RFC 791 §3.1, Flags and Fragment Offset",
};
pub(crate) const ENDLESS: Mistake = Mistake {
    name: "endless-options",
    why: "an option says that it is shorter than its own two octets, and was skipped by that length",
    spec: "RFC 9293 §3.1, MUST-7: be prepared for an illegal option length",
};
pub(crate) const OVERRUN: Mistake = Mistake {
    name: "options-overrun",
    why: "an option says that it goes on behind the header, and was read there",
    spec: "RFC 9293 §3.1, MUST-7: be prepared for an illegal option length",
};
pub(crate) const NO_PSEUDO: Mistake = Mistake {
    name: "no-pseudo-header",
    why: "TCP's checksum covers the addresses, the protocol and the length as well",
    spec: "RFC 9293 §3.1, Checksum: the pseudo-header",
};
