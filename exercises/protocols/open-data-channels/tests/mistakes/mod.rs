//! The mistakes that the graded test knows by name.

use harness::Mistake;

const PORT_STEALING: &str = "RFC 2577 §8: port stealing";

pub(crate) const TRUSTS: Mistake = Mistake {
    name: "trusts-the-pasv-address",
    why: "the client connects to wherever the server says, to a host of its own network as well, and the server learns what answers there",
    spec: "CVE-2020-8284; RFC 2428 §3: the data connection has the control connection's address",
};
pub(crate) const THIRD: Mistake = Mistake {
    name: "port-to-a-third-party",
    why: "the server connects to a host that is not its client, and sends it whatever the client has put into a file: the bounce attack",
    spec: "RFC 2577 §3",
};
pub(crate) const LOW: Mistake = Mistake {
    name: "port-below-1024",
    why: "the server connects to a well-known service, and what it sends there are the service's commands",
    spec: "RFC 2577 §3: 504 for a port below 1024",
};
pub(crate) const OVER: Mistake = Mistake {
    name: "number-over-255",
    why: "a number was taken that is not eight bits in digits, and what was made of it is another address or port",
    spec: "RFC 959 §5.3.2: a number is 255 at the most",
};
pub(crate) const ONE_FORM: Mistake = Mistake {
    name: "one-form-of-address",
    why: "only the form was understood that most programs write; there are others that are right",
    spec: "RFC 1123 §4.1.2.6: no client can assume the brackets; RFC 2428 §2: any visible character is a delimiter",
};
pub(crate) const EVERYWHERE: Mistake = Mistake {
    name: "listens-everywhere",
    why: "it listens at every address of this host, and not at the one that the control connection has",
    spec: "ip(7): INADDR_ANY; RFC 2428 §3: the data connection has the control connection's address",
};
pub(crate) const WAITS: Mistake = Mistake {
    name: "waits-in-accept",
    why: "it waits in `accept` for somebody who may never come, and nobody looks at the control connection meanwhile",
    spec: "accept(2): a socket that is not nonblocking blocks the caller",
};
pub(crate) const ANY_HOST: Mistake = Mistake {
    name: "any-host-may-connect",
    why: "whoever connects first has the data connection, and with it the file; the port can be guessed",
    spec: PORT_STEALING,
};
pub(crate) const STRANGER_ENDS: Mistake = Mistake {
    name: "stranger-ends-the-wait",
    why: "a stranger who connects was refused, and with him the client whose turn came after",
    spec: PORT_STEALING,
};
