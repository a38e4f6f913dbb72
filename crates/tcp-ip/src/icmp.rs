//! ICMP: what hosts and routers tell each other of packets (RFC 792; for IPv6, RFC 4443).
//!
//! ```text
//! +---------------+---------------+-------------------------------+
//! |     type      |     code      |           checksum            |
//! +---------------+---------------+-------------------------------+
//! |    echo: identifier and sequence number; too big: the MTU     |
//! +---------------------------------------------------------------+
//! | echo: any data; errors: the beginning of the packet in question
//! +------------------------------------------------------------ …
//! ```
//!
//! The two versions say the same with other numbers, and ICMPv6's checksum covers the
//! [pseudo-header](Pseudo) too. A [`Message`] is what they say; [`errors`] knows when one may be sent.

pub mod errors;

use crate::Malformed;
use crate::checksum::checksum;
use crate::ip::{Protocol, Pseudo};
use crate::malformed::split;

pub use errors::{Quoted, quote};

/// Octets of the header.
pub const HEADER: usize = 8;

/// A message of either version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Message<'a> {
    /// "Are you there?" Every host must answer (RFC 1122 §3.2.2.6, RFC 4443 §4.1).
    EchoRequest(Echo<'a>),
    /// "I am", with the same numbers and data.
    EchoReply(Echo<'a>),
    /// The packet could not be delivered.
    Unreachable {
        /// Why.
        reason: Unreachable,
        /// How it began.
        packet: &'a [u8],
    },
    /// The packet did not fit into a link and may not be cut.
    TooBig {
        /// What fits, in octets; 0 from an old router that does not say (RFC 1191 §3).
        mtu: u32,
        /// How it began.
        packet: &'a [u8],
    },
    /// The packet ran out of hops, or its fragments out of time.
    TimeExceeded {
        /// Which of the two.
        reason: TimeExceeded,
        /// How it began.
        packet: &'a [u8],
    },
    /// The packet has a field that makes no sense.
    ParameterProblem {
        /// What is wrong with it: in ICMPv6, 1 is a next header and 2 an option that nobody knows.
        code: u8,
        /// Which octet it is; in IPv4 at most 255.
        pointer: u32,
        /// How it began.
        packet: &'a [u8],
    },
    /// Something else, which hosts without a use for it ignore (RFC 1122 §3.2.2).
    Other {
        /// Its type.
        kind: u8,
        /// Its code.
        code: u8,
        /// The four octets behind the checksum.
        word: u32,
        /// All behind those.
        rest: &'a [u8],
    },
}

/// What is in an echo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Echo<'a> {
    /// Whose echo it is: a running `ping`, say.
    pub identifier: u16,
    /// Which of them.
    pub sequence: u16,
    /// Comes back as it was.
    pub data: &'a [u8],
}

/// Why a packet could not be delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unreachable {
    /// There is no route.
    Network,
    /// The host did not answer on its link.
    Host,
    /// The host does not speak the protocol.
    Protocol,
    /// Nobody is at the port.
    Port,
    /// Somebody does not want it.
    Prohibited,
    /// Something else; the code. One of those above reads as what it is.
    Other(u8),
}

/// What took too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeExceeded {
    /// The way: no hops are left.
    HopLimit,
    /// The other fragments.
    Reassembly,
    /// No code that we know.
    Other(u8),
}

/// The types of ICMP (RFC 792).
mod v4 {
    pub(super) const ECHO_REPLY: u8 = 0;
    pub(super) const UNREACHABLE: u8 = 3;
    pub(super) const ECHO_REQUEST: u8 = 8;
    pub(super) const TIME_EXCEEDED: u8 = 11;
    pub(super) const PARAMETER_PROBLEM: u8 = 12;
    /// Unreachable: fragmentation needed and DF set. The MTU is RFC 1191's (§4).
    pub(super) const TOO_BIG_CODE: u8 = 4;
    /// Unreachable: communication administratively prohibited (RFC 1812 §5.2.7.1).
    pub(super) const PROHIBITED_CODE: u8 = 13;
}

/// The types of ICMPv6 (RFC 4443 §2.1).
mod v6 {
    pub(super) const UNREACHABLE: u8 = 1;
    pub(super) const TOO_BIG: u8 = 2;
    pub(super) const TIME_EXCEEDED: u8 = 3;
    pub(super) const PARAMETER_PROBLEM: u8 = 4;
    pub(super) const ECHO_REQUEST: u8 = 128;
    pub(super) const ECHO_REPLY: u8 = 129;
    /// Parameter problem: unrecognized next header. ICMP's "protocol unreachable".
    pub(super) const NEXT_HEADER_CODE: u8 = 1;
    /// Where the next header's number stands in an IPv6 header.
    pub(super) const NEXT_HEADER_AT: u32 = 6;
}

impl<'a> Message<'a> {
    /// Reads a message of ICMP.
    ///
    /// # Errors
    ///
    /// [`Malformed`], if it is too short or its checksum is wrong.
    pub fn parse_v4(octets: &'a [u8]) -> Result<Self, Malformed> {
        Wire::read(octets, checksum(octets)).map(Self::from_v4)
    }

    /// Reads a message of ICMPv6.
    ///
    /// # Errors
    ///
    /// [`Malformed`], if it is too short or its checksum is wrong.
    pub fn parse_v6(octets: &'a [u8], pseudo: &Pseudo) -> Result<Self, Malformed> {
        let sum = pseudo.sum(Protocol::ICMPV6, octets.len()).add(octets).checksum();
        Wire::read(octets, sum).map(Self::from_v6)
    }

    /// Appends the message, as ICMP, to `out`.
    pub fn emit_v4(&self, out: &mut Vec<u8>) {
        let start = out.len();
        self.to_v4().write(out);
        let sum = checksum(&out[start..]);
        out[start + 2..start + 4].copy_from_slice(&sum.to_be_bytes());
    }

    /// Appends the message, as ICMPv6, to `out`. "Protocol unreachable" is said with a Parameter
    /// Problem there (RFC 4443 §3.4).
    pub fn emit_v6(&self, pseudo: &Pseudo, out: &mut Vec<u8>) {
        let start = out.len();
        self.to_v6().write(out);
        let length = out.len() - start;
        let sum = pseudo.sum(Protocol::ICMPV6, length).add(&out[start..]).checksum();
        out[start + 2..start + 4].copy_from_slice(&sum.to_be_bytes());
    }

    /// Whether it tells of an error, and so must not be answered with one (RFC 1122 §3.2.2,
    /// RFC 4443 §2.4(e)).
    pub fn is_error(&self) -> bool {
        !matches!(self, Self::EchoRequest(_) | Self::EchoReply(_) | Self::Other { .. })
    }

    fn from_v4(Wire { kind, code, word, rest }: Wire<'a>) -> Self {
        let packet = rest;
        match (kind, code) {
            (v4::ECHO_REQUEST, 0) => Self::EchoRequest(Echo::read(word, rest)),
            (v4::ECHO_REPLY, 0) => Self::EchoReply(Echo::read(word, rest)),
            (v4::UNREACHABLE, v4::TOO_BIG_CODE) => Self::TooBig { mtu: word & 0xffff, packet },
            (v4::UNREACHABLE, code) => {
                let reason = match code {
                    0 => Unreachable::Network,
                    1 => Unreachable::Host,
                    2 => Unreachable::Protocol,
                    3 => Unreachable::Port,
                    v4::PROHIBITED_CODE => Unreachable::Prohibited,
                    other => Unreachable::Other(other),
                };
                Self::Unreachable { reason, packet }
            }
            (v4::TIME_EXCEEDED, code) => {
                Self::TimeExceeded { reason: TimeExceeded::read(code), packet }
            }
            (v4::PARAMETER_PROBLEM, code) => {
                Self::ParameterProblem { code, pointer: word >> 24, packet }
            }
            _ => Self::Other { kind, code, word, rest },
        }
    }

    fn to_v4(self) -> Wire<'a> {
        let (kind, code, word, rest) = match self {
            Self::EchoRequest(echo) => (v4::ECHO_REQUEST, 0, echo.word(), echo.data),
            Self::EchoReply(echo) => (v4::ECHO_REPLY, 0, echo.word(), echo.data),
            Self::TooBig { mtu, packet } => {
                (v4::UNREACHABLE, v4::TOO_BIG_CODE, mtu.min(0xffff), packet)
            }
            Self::Unreachable { reason, packet } => {
                let code = match reason {
                    Unreachable::Network => 0,
                    Unreachable::Host => 1,
                    Unreachable::Protocol => 2,
                    Unreachable::Port => 3,
                    Unreachable::Prohibited => v4::PROHIBITED_CODE,
                    Unreachable::Other(code) => code,
                };
                (v4::UNREACHABLE, code, 0, packet)
            }
            Self::TimeExceeded { reason, packet } => (v4::TIME_EXCEEDED, reason.code(), 0, packet),
            Self::ParameterProblem { code, pointer, packet } => {
                (v4::PARAMETER_PROBLEM, code, pointer.min(0xff) << 24, packet)
            }
            Self::Other { kind, code, word, rest } => (kind, code, word, rest),
        };
        Wire { kind, code, word, rest }
    }

    fn from_v6(Wire { kind, code, word, rest }: Wire<'a>) -> Self {
        let packet = rest;
        match (kind, code) {
            (v6::ECHO_REQUEST, 0) => Self::EchoRequest(Echo::read(word, rest)),
            (v6::ECHO_REPLY, 0) => Self::EchoReply(Echo::read(word, rest)),
            // RFC 4443 §3.2: the receiver ignores the code.
            (v6::TOO_BIG, _) => Self::TooBig { mtu: word, packet },
            (v6::UNREACHABLE, code) => {
                let reason = match code {
                    0 => Unreachable::Network,
                    1 => Unreachable::Prohibited,
                    3 => Unreachable::Host,
                    4 => Unreachable::Port,
                    other => Unreachable::Other(other),
                };
                Self::Unreachable { reason, packet }
            }
            (v6::TIME_EXCEEDED, code) => {
                Self::TimeExceeded { reason: TimeExceeded::read(code), packet }
            }
            (v6::PARAMETER_PROBLEM, code) => Self::ParameterProblem { code, pointer: word, packet },
            _ => Self::Other { kind, code, word, rest },
        }
    }

    fn to_v6(self) -> Wire<'a> {
        let (kind, code, word, rest) = match self {
            Self::EchoRequest(echo) => (v6::ECHO_REQUEST, 0, echo.word(), echo.data),
            Self::EchoReply(echo) => (v6::ECHO_REPLY, 0, echo.word(), echo.data),
            Self::TooBig { mtu, packet } => (v6::TOO_BIG, 0, mtu, packet),
            Self::Unreachable { reason: Unreachable::Protocol, packet } => {
                (v6::PARAMETER_PROBLEM, v6::NEXT_HEADER_CODE, v6::NEXT_HEADER_AT, packet)
            }
            Self::Unreachable { reason, packet } => {
                let code = match reason {
                    Unreachable::Network | Unreachable::Protocol => 0,
                    Unreachable::Prohibited => 1,
                    Unreachable::Host => 3,
                    Unreachable::Port => 4,
                    Unreachable::Other(code) => code,
                };
                (v6::UNREACHABLE, code, 0, packet)
            }
            Self::TimeExceeded { reason, packet } => (v6::TIME_EXCEEDED, reason.code(), 0, packet),
            Self::ParameterProblem { code, pointer, packet } => {
                (v6::PARAMETER_PROBLEM, code, pointer, packet)
            }
            Self::Other { kind, code, word, rest } => (kind, code, word, rest),
        };
        Wire { kind, code, word, rest }
    }
}

impl<'a> Echo<'a> {
    fn read(word: u32, data: &'a [u8]) -> Self {
        let [a, b, c, d] = word.to_be_bytes();
        let (identifier, sequence) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
        Self { identifier, sequence, data }
    }

    fn word(&self) -> u32 {
        u32::from(self.identifier) << 16 | u32::from(self.sequence)
    }
}

impl TimeExceeded {
    fn read(code: u8) -> Self {
        match code {
            0 => Self::HopLimit,
            1 => Self::Reassembly,
            other => Self::Other(other),
        }
    }

    fn code(self) -> u8 {
        match self {
            Self::HopLimit => 0,
            Self::Reassembly => 1,
            Self::Other(code) => code,
        }
    }
}

/// What all messages have in common, in the order of the wire; the checksum is between.
struct Wire<'a> {
    kind: u8,
    code: u8,
    word: u32,
    rest: &'a [u8],
}

impl<'a> Wire<'a> {
    /// Takes a message apart whose checksum, summed with it, is `sum`.
    fn read(octets: &'a [u8], sum: u16) -> Result<Self, Malformed> {
        let (&[kind, code, high, low, ref word @ ..], rest) =
            split::<HEADER>(octets, "ICMP header")?;
        if sum != 0 {
            return Err(Malformed::Checksum { found: u16::from_be_bytes([high, low]) });
        }
        Ok(Self { kind, code, word: u32::from_be_bytes(*word), rest })
    }

    /// Appends the message; its checksum is zero.
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&[self.kind, self.code, 0, 0]);
        out.extend_from_slice(&self.word.to_be_bytes());
        out.extend_from_slice(self.rest);
    }
}

#[cfg(test)]
mod tests;
