//! The mistakes that the graded test knows by name.

use harness::Mistake;

pub(crate) const MAIL_FIRST: Mistake = Mistake {
    name: "mail-before-ehlo",
    why: "a transaction began before the client had said who it is",
    spec: "RFC 5321 §4.1.4: a session that will contain mail transactions is first initialized by EHLO",
};
pub(crate) const CASE: Mistake = Mistake {
    name: "case-sensitive-verbs",
    why: "upper and lower case were told apart where they are the same: in verbs, keywords and domains",
    spec: "RFC 5321 §2.4: all but the local part of a mailbox is the same in any case",
};
pub(crate) const OUT_OF_ORDER: Mistake = Mistake {
    name: "out-of-order",
    why: "a command was taken at a time that was not its: a transaction is MAIL, then RCPT, then DATA",
    spec: "RFC 5321 §4.1.4: 503, and the server stays in the same state; §3.3",
};
pub(crate) const RECIPIENTS: Mistake = Mistake {
    name: "no-recipient-limit",
    why: "recipients were taken without an end, and each is kept until the message comes",
    spec: "RFC 5321 §4.5.3.1.10: 452 for those over the limit; §4.5.3.1.8: which is not below 100",
};
pub(crate) const SIZE: Mistake = Mistake {
    name: "no-size-limit",
    why: "a message was taken that is larger than the limit that the server itself had told",
    spec: "RFC 1870 §6.1, for what MAIL declares; §6.3, for what has come: 552",
};
pub(crate) const LEFTOVER: Mistake = Mistake {
    name: "leftover-recipients",
    why: "what was said of one message was still there for the next: it goes to people for whom it is not",
    spec: "RFC 5321 §4.1.1.4 and §4.1.1.5: the end of a message and RSET clear sender and recipients; §4.1.4: so does EHLO",
};
pub(crate) const NULL_SENDER: Mistake = Mistake {
    name: "null-sender-refused",
    why: "`MAIL FROM:<>` was refused; whoever sends it reports that a message could not be delivered",
    spec: "RFC 5321 §4.5.5: notifications have a null reverse-path; §3.6.3",
};
pub(crate) const RELAY: Mistake = Mistake {
    name: "open-relay",
    why: "a stranger's mail was taken for a domain that is not the server's: that is what senders of spam look for",
    spec: "RFC 5321 §3.3: servers may decline mail for other hosts; §7.9",
};
pub(crate) const ENDS_ALL: Mistake = Mistake {
    name: "one-refusal-ends-all",
    why: "one refused command ended the transaction; the client goes on with the other recipients",
    spec: "RFC 5321 §4.1.4: the server stays in the same state; §3.3: RCPT is answered for each recipient",
};
pub(crate) const PARAMETERS: Mistake = Mistake {
    name: "ignores-parameters",
    why: "a parameter that was never offered was taken as if it had been understood; the client relies on that",
    spec: "RFC 5321 §4.1.1.11: 555",
};
pub(crate) const BROWSER: Mistake = Mistake {
    name: "answers-a-browser",
    why: "the conversation went on after a line of HTTP; somebody makes a browser say it, and chooses the lines behind it",
    spec: "RFC 5321 §3.8: 421, and the connection is closed; §7.8: against hostile clients",
};
