//! What answers to this exercise are known to get wrong.

use harness::Mistake;

const POINTERS: &str = "RFC 1035 §4.1.4: a pointer to a prior occurrence; RFC 9267 §2";

pub(crate) const LOOP: Mistake = Mistake {
    name: "pointer-loop",
    why: "pointers that lead to one another were followed round and round",
    spec: POINTERS,
};
pub(crate) const FORWARD: Mistake = Mistake {
    name: "forward-pointer",
    why: "a pointer was followed to what had not been read yet; names are only repeated from before",
    spec: POINTERS,
};
pub(crate) const INTO_HEADER: Mistake = Mistake {
    name: "pointer-into-the-header",
    why: "the id, the flags or the counts were read as a name; the first name begins at octet 12",
    spec: POINTERS,
};
pub(crate) const CHAIN: Mistake = Mistake {
    name: "pointer-chain",
    why: "hundreds of pointers were followed for one name; each leads back, and together they cost time",
    spec: "RFC 1035 §2.3.4: 255 octets have room for 127 labels, and no name needs more pointers",
};
pub(crate) const HALF: Mistake = Mistake {
    name: "half-a-pointer",
    why: "a pointer has 14 bits, six of them in its first octet; they were left out",
    spec: "RFC 1035 §4.1.4: OFFSET",
};
pub(crate) const RESUMES: Mistake = Mistake {
    name: "resumes-at-the-target",
    why: "reading went on behind the place that a pointer leads to, and not behind the pointer",
    spec: "RFC 1035 §4.1.4: a pointer is two octets, and ends the name",
};
pub(crate) const LONG_LABEL: Mistake = Mistake {
    name: "long-label",
    why: "an octet of 64 to 191 was taken for a length; only 00 begins a length, only 11 a pointer",
    spec: "RFC 1035 §2.3.4: labels of 63 octets or less; §4.1.4: 10 and 01 are reserved",
};
pub(crate) const LONG_NAME: Mistake = Mistake {
    name: "name-over-255",
    why: "the octets of a name were not counted: with its lengths and the final 0 it has up to 255",
    spec: "RFC 1035 §2.3.4: names of 255 octets or less; RFC 9267 §3",
};
pub(crate) const COUNTS: Mistake = Mistake {
    name: "counts-that-lie",
    why: "a count or a length promises more than there is, and nobody looked whether it is there",
    spec: "RFC 9267 §5 and §6: RDLENGTH and the counts are to be checked",
};
pub(crate) const TRAILING: Mistake = Mistake {
    name: "trailing-octets",
    why: "octets follow the last record that the header counts, and nobody looked at them",
    spec: "RFC 1035 §4.1: header and four sections are the whole message",
};
pub(crate) const TEXT: Mistake = Mistake {
    name: "bytes-are-not-text",
    why: "labels are octets: a dot, a zero or 0xff may be in one, and capitals stay what they are",
    spec: "RFC 1035 §3.1; RFC 2181 §11: any binary string can be a label",
};
