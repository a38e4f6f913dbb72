//! Types, classes, opcodes and response codes: numbers that have names.
//!
//! Those without a name here are as good as the others: `TYPE65280`, `CLASS32` (RFC 3597 §5).

use std::fmt;
use std::str::FromStr;

/// Makes a number that has names.
macro_rules! code {
    ($(#[$doc:meta])* $code:ident($number:ty), $prefix:literal; $($(#[$entry:meta])* $constant:ident = $value:literal, $text:literal;)*) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $code(pub $number);

        impl $code {
            $($(#[$entry])* pub const $constant: Self = Self($value);)*

            /// Its name, if it has one.
            pub fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($value => Some($text),)*
                    _ => None,
                }
            }
        }

        impl fmt::Display for $code {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self.name() {
                    Some(name) => f.write_str(name),
                    None => write!(f, concat!($prefix, "{}"), self.0),
                }
            }
        }

        /// By its name or as the prefix and the number, in any case. The error is the text.
        impl FromStr for $code {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                let upper = text.to_ascii_uppercase();
                match upper.as_str() {
                    $($text => Ok(Self($value)),)*
                    other => other
                        .strip_prefix($prefix)
                        .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_digit()))
                        .and_then(|digits| digits.parse().ok())
                        .map(Self)
                        .ok_or_else(|| text.to_owned()),
                }
            }
        }
    };
}

code! {
    /// What a record is about (RFC 1035 §3.2.2), or a question asks for (§3.2.3).
    Type(u16), "TYPE";
    /// An IPv4 address.
    A = 1, "A";
    /// A name server of the zone.
    NS = 2, "NS";
    /// The name that this one is an alias of.
    CNAME = 5, "CNAME";
    /// The start of a zone of authority.
    SOA = 6, "SOA";
    /// Another place of the name space: for reverse lookups.
    PTR = 12, "PTR";
    /// A host that takes the domain's mail.
    MX = 15, "MX";
    /// Text.
    TXT = 16, "TXT";
    /// An IPv6 address (RFC 3596).
    AAAA = 28, "AAAA";
    /// Where a service is (RFC 2782).
    SRV = 33, "SRV";
    /// An alias of a whole subtree (RFC 6672); we know it only to refuse it.
    DNAME = 39, "DNAME";
    /// EDNS: about the message itself (RFC 6891).
    OPT = 41, "OPT";
    /// The digest of a child zone's key; it stands in the parent (RFC 4034 §5).
    DS = 43, "DS";
    /// The next secure name (RFC 4034 §4); we know it only by name.
    NSEC = 47, "NSEC";
    /// A transaction's key (RFC 2930): a question's type alone.
    TKEY = 249, "TKEY";
    /// A transaction's signature (RFC 8945): never a question's type.
    TSIG = 250, "TSIG";
    /// A zone's changes (RFC 1995).
    IXFR = 251, "IXFR";
    /// A whole zone (RFC 5936).
    AXFR = 252, "AXFR";
    /// Mailbox records: obsolete.
    MAILB = 253, "MAILB";
    /// Mail agents: obsolete.
    MAILA = 254, "MAILA";
    /// All that there is, or what the server cares to say (RFC 8482).
    ANY = 255, "ANY";
    /// Which authorities may issue certificates (RFC 8659).
    CAA = 257, "CAA";
}

code! {
    /// A protocol family (RFC 1035 §3.2.4). There is only one that counts.
    Class(u16), "CLASS";
    /// The Internet.
    IN = 1, "IN";
    /// Chaosnet; today for questions about the server itself.
    CH = 3, "CH";
    /// Hesiod.
    HS = 4, "HS";
    /// No class: in updates (RFC 2136).
    NONE = 254, "NONE";
    /// Any class: in questions.
    ANY = 255, "ANY";
}

code! {
    /// What is wanted (RFC 1035 §4.1.1).
    Opcode(u8), "OPCODE";
    /// An ordinary question.
    QUERY = 0, "QUERY";
    /// A question from the answer: obsolete (RFC 3425).
    IQUERY = 1, "IQUERY";
    /// The server's status: never specified.
    STATUS = 2, "STATUS";
    /// A zone has changed (RFC 1996).
    NOTIFY = 4, "NOTIFY";
    /// Change a zone (RFC 2136).
    UPDATE = 5, "UPDATE";
}

code! {
    /// How it went (RFC 1035 §4.1.1). The upper eight of its twelve bits are in the OPT record (RFC 6891 §6.1.3).
    Rcode(u16), "RCODE";
    /// No error. Whether there is an answer is another matter.
    NOERROR = 0, "NOERROR";
    /// The server cannot read the query.
    FORMERR = 1, "FORMERR";
    /// The server has a problem.
    SERVFAIL = 2, "SERVFAIL";
    /// There is no such name, and none below it.
    NXDOMAIN = 3, "NXDOMAIN";
    /// The server does not do that.
    NOTIMP = 4, "NOTIMP";
    /// The server does not want to.
    REFUSED = 5, "REFUSED";
    /// A version of EDNS that the server does not have (RFC 6891 §6.1.3).
    BADVERS = 16, "BADVERS";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers() {
        for (text, code) in [("A", 1), ("caa", 257), ("TYPE65280", 65280), ("type1", 1)] {
            assert_eq!(text.parse(), Ok(Type(code)));
        }
        for wrong in ["", "TYPE", "TYPE65536", "TYPE+1", "TYPE-1", "B"] {
            assert_eq!(wrong.parse::<Type>(), Err(wrong.to_owned()));
        }
        assert_eq!(Type(28).to_string(), "AAAA");
        assert_eq!(Type(62347).to_string(), "TYPE62347");
        assert_eq!(Class(7).to_string(), "CLASS7");
    }
}
