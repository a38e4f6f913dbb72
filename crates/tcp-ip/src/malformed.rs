//! Why octets are not what they should be.

use std::fmt;

/// What is wrong with a message that a peer sent.
///
/// A host drops such a message in silence, or counts it (RFC 1122 §3.2.1); it never believes the
/// rest of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Malformed {
    /// The message ends before its header does.
    Short {
        /// What was read: `IPv4 header`.
        what: &'static str,
        /// How many octets it takes.
        needs: usize,
        /// How many there are.
        has: usize,
    },
    /// The first four bits name another version of IP.
    Version(u8),
    /// A length, in octets, below the least that a message of its kind has.
    LengthTooSmall {
        /// The field: `total length`.
        field: &'static str,
        /// What it says, in octets.
        says: usize,
        /// The least that it can say.
        least: usize,
    },
    /// A length, in octets, beyond what has arrived.
    LengthTooLarge {
        /// The field: `total length`.
        field: &'static str,
        /// What it says, in octets.
        says: usize,
        /// How many octets there are.
        has: usize,
    },
    /// An option whose length is not one that it can have, or reaches beyond the header.
    OptionLength {
        /// The option's kind.
        kind: u8,
        /// What its length says; none if the header ends before it.
        length: Option<u8>,
    },
    /// The checksum is wrong, or is missing where there must be one.
    Checksum {
        /// What stands in the message.
        found: u16,
    },
    /// IPv6: an extension header that may not stand where it does, or one too many.
    Extension {
        /// Its protocol number.
        protocol: u8,
    },
    /// IPv6: an option or a routing type that we do not know, and that asks us to drop the packet.
    Unrecognized {
        /// The option's or routing header's type.
        kind: u8,
        /// Where it stands, in octets from the payload's first.
        offset: usize,
        /// Whether a Parameter Problem is asked for, even if the packet went to a group.
        answer: Answer,
    },
    /// A fragment that reaches beyond the 65,535 octets of the longest packet, or whose length is
    /// not a multiple of eight although more follow.
    Fragment {
        /// Where it begins, in octets.
        offset: usize,
        /// How long it is, in octets.
        length: usize,
    },
}

/// What a sender wants to hear of an option that nobody knows (RFC 8200 §4.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Answer {
    /// Nothing.
    Silence,
    /// A Parameter Problem, unless the packet went to a multicast address.
    UnlessMulticast,
    /// A Parameter Problem.
    Always,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Short { what, needs, has } => {
                write!(f, "{has} octets, where the {what} has {needs}")
            }
            Self::Version(version) => write!(f, "version {version} of IP"),
            Self::LengthTooSmall { field, says, least } => {
                write!(f, "{field} of {says} octets, where {least} are the least")
            }
            Self::LengthTooLarge { field, says, has } => {
                write!(f, "{field} of {says} octets, where there are {has}")
            }
            Self::OptionLength { kind, length: None } => {
                write!(f, "option {kind} ends before its length")
            }
            Self::OptionLength { kind, length: Some(length) } => {
                write!(f, "option {kind} with a length of {length}")
            }
            Self::Checksum { found } => write!(f, "checksum 0x{found:04x} is wrong"),
            Self::Extension { protocol } => {
                write!(f, "extension header {protocol} where there may be none")
            }
            Self::Unrecognized { kind, offset, .. } => {
                write!(f, "type {kind} at offset {offset} is not known and must be")
            }
            Self::Fragment { offset, length } => {
                write!(f, "a fragment of {length} octets at offset {offset}")
            }
        }
    }
}

impl std::error::Error for Malformed {}

/// The first `N` octets and the rest; or [`Malformed::Short`].
pub(crate) fn split<'a, const N: usize>(
    octets: &'a [u8],
    what: &'static str,
) -> Result<(&'a [u8; N], &'a [u8]), Malformed> {
    octets.split_first_chunk().ok_or(Malformed::Short { what, needs: N, has: octets.len() })
}

/// The first `length` octets, which a field of the header promises, and the rest.
pub(crate) fn promised<'a>(
    octets: &'a [u8],
    field: &'static str,
    length: usize,
    least: usize,
) -> Result<(&'a [u8], &'a [u8]), Malformed> {
    if length < least {
        return Err(Malformed::LengthTooSmall { field, says: length, least });
    }
    octets.split_at_checked(length).ok_or(Malformed::LengthTooLarge {
        field,
        says: length,
        has: octets.len(),
    })
}
