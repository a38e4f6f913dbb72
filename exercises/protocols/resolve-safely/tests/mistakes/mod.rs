//! The mistakes that the graded test knows by name.

use harness::Mistake;

pub(crate) const ID: Mistake = Mistake {
    name: "id-not-compared",
    why: "a reply with another id than the query's was believed; the id is what an attacker who cannot see the query has to guess",
    spec: "RFC 5452 §9.1; RFC 1035 §7.3",
};
pub(crate) const SENDER: Mistake = Mistake {
    name: "any-sender",
    why: "a reply from another address, or another port, than the server's was believed",
    spec: "RFC 5452 §9.1",
};
pub(crate) const QUESTION: Mistake = Mistake {
    name: "question-not-compared",
    why: "a message that is no response to this question was believed; its name, type and class have to be the query's, and its QR bit has to be set",
    spec: "RFC 5452 §9.1; RFC 1035 §4.1.1",
};
pub(crate) const GIVES_UP: Mistake = Mistake {
    name: "gives-up-at-a-forgery",
    why: "a datagram that is no reply to the query ended the wait; anybody can send one, and the right reply may be behind it",
    spec: "RFC 5452 §9.1; RFC 1035 §7.3",
};
pub(crate) const PREDICTABLE: Mistake = Mistake {
    name: "predictable-id",
    why: "the query's id is not the random number that was drawn for it; an id that can be told in advance protects from nothing",
    spec: "RFC 5452 §9.2",
};
pub(crate) const NO_TCP: Mistake = Mistake {
    name: "no-tcp-fallback",
    why: "a truncated reply was taken for the answer, or for none; TC says that the rest has to be asked for over TCP",
    spec: "RFC 7766 §5; RFC 2181 §9",
};
pub(crate) const TTL: Mistake = Mistake {
    name: "ttl-ignored",
    why: "records were remembered for another time than their TTL says; that is for how long they may be used, 0 being not at all",
    spec: "RFC 1035 §3.2.1, §7.3; RFC 2181 §5.2, §8",
};
pub(crate) const ALIAS: Mistake = Mistake {
    name: "cname-not-followed",
    why: "the name is an alias, and the answer is what the other name has: further on in the reply, in memory, or from one more query",
    spec: "RFC 1034 §3.6.2, §5.2.2",
};
pub(crate) const LOOP: Mistake = Mistake {
    name: "cname-loop",
    why: "aliases that lead in a circle were followed round and round",
    spec: "RFC 1034 §3.6.2, §5.2.2",
};
pub(crate) const UNRELATED: Mistake = Mistake {
    name: "unrelated-records",
    why: "records of other names were used or remembered; a server may be asked about one name and lie about another",
    spec: "RFC 5452 §6; RFC 2181 §5.4.1",
};
pub(crate) const NEGATIVE: Mistake = Mistake {
    name: "negative-for-ever",
    why: "that something does not exist was remembered for another time than the SOA says: the lesser of its TTL and its MINIMUM, or not at all without an SOA",
    spec: "RFC 2308 §5",
};
pub(crate) const SERVER_FAILED: Mistake = Mistake {
    name: "servfail-means-no-name",
    why: "a server that failed was understood as a name that does not exist; only RCODE 3 says that, and a failure says nothing about the name",
    spec: "RFC 1035 §4.1.1: RCODE; RFC 2308 §7",
};
