//! What a record says, by its type: on the wire and in text.
//!
//! | type | octets | text |
//! |---|---|---|
//! | A, AAAA | 4, 16 | `192.0.2.1`, `2001:db8::1` |
//! | NS, CNAME, PTR | a name | `ns1.example.com.` |
//! | MX | preference 2, a name | `10 mail.example.com.` |
//! | SOA | two names, five numbers of 4 | `ns1 admin 1 7200 900 1209600 300` |
//! | TXT | strings, each with its length in front | `"v=spf1 -all"` |
//! | SRV | priority, weight, port: 2 each; a name | `0 5 5060 sip.example.com.` |
//! | CAA | flags 1, tag with its length in front, the rest | `0 issue "ca.example.net"` |
//! | others | as they are | `\# 4 0A000001` (RFC 3597 §5) |

use std::fmt::{self, Write as _};
use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::Range;

use super::codes::{Class, Type};
use super::message::Error;
use super::names::Name;
use super::writer::Writer;

/// The data of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Data {
    /// RFC 1035 §3.4.1.
    A(Ipv4Addr),
    /// RFC 3596 §2.2.
    Aaaa(Ipv6Addr),
    /// RFC 1035 §3.3.11.
    Ns(Name),
    /// RFC 1035 §3.3.1.
    Cname(Name),
    /// RFC 1035 §3.3.12.
    Ptr(Name),
    /// RFC 1035 §3.3.13.
    Soa(Soa),
    /// RFC 1035 §3.3.9.
    Mx {
        /// The lowest is tried first.
        preference: u16,
        /// The host.
        exchange: Name,
    },
    /// RFC 1035 §3.3.14: one string or more, of 255 octets at most.
    Txt(Vec<Vec<u8>>),
    /// RFC 2782.
    Srv {
        /// The lowest is tried first.
        priority: u16,
        /// The share among those of one priority.
        weight: u16,
        /// The port.
        port: u16,
        /// The host.
        target: Name,
    },
    /// RFC 8659 §4.
    Caa {
        /// 128: critical.
        flags: u8,
        /// `issue`, `issuewild`, `iodef`: letters and digits.
        tag: Vec<u8>,
        /// What the tag is about.
        value: Vec<u8>,
    },
    /// Of any other type, or of a class in which the type may mean something else (RFC 3597).
    Unknown(Vec<u8>),
}

/// The start of a zone (RFC 1035 §3.3.13). Times are in seconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Soa {
    /// The zone's first name server.
    pub primary: Name,
    /// Who is responsible: the first label is what stands before the `@`.
    pub mailbox: Name,
    /// The version of the zone.
    pub serial: u32,
    /// How often a secondary server looks…
    pub refresh: u32,
    /// …how soon it tries again…
    pub retry: u32,
    /// …and how long it answers without having succeeded.
    pub expire: u32,
    /// How long "there is none" may be remembered (RFC 2308 §4).
    pub minimum: u32,
}

impl Data {
    /// Reads the data of a record of this type and class, at `range` of `message`. Names in it may be
    /// compressed, and must end where the data ends.
    ///
    /// # Errors
    ///
    /// [`Error::Data`] for data of another length or form than its type has, [`Error::Name`] for its names.
    pub fn parse(
        rtype: Type,
        class: Class,
        message: &[u8],
        range: Range<usize>,
    ) -> Result<Self, Error> {
        let octets = message.get(range.clone()).ok_or(Error::CutOff)?;
        let mut parts = Parts { message, at: range.start, end: range.end, rtype };
        // Types of RFC 1035 are the same in every class, those that hold addresses are not (RFC 3597 §2).
        let data = match rtype {
            Type::A if class == Class::IN => Self::A(Ipv4Addr::from(parts.array()?)),
            Type::AAAA if class == Class::IN => Self::Aaaa(Ipv6Addr::from(parts.array()?)),
            Type::NS => Self::Ns(parts.name()?),
            Type::CNAME => Self::Cname(parts.name()?),
            Type::PTR => Self::Ptr(parts.name()?),
            Type::SOA => Self::Soa(Soa {
                primary: parts.name()?,
                mailbox: parts.name()?,
                serial: parts.u32()?,
                refresh: parts.u32()?,
                retry: parts.u32()?,
                expire: parts.u32()?,
                minimum: parts.u32()?,
            }),
            Type::MX => Self::Mx { preference: parts.u16()?, exchange: parts.name()? },
            Type::TXT => {
                let mut strings = vec![parts.string()?];
                while parts.at < parts.end {
                    strings.push(parts.string()?);
                }
                Self::Txt(strings)
            }
            Type::SRV if class == Class::IN => Self::Srv {
                priority: parts.u16()?,
                weight: parts.u16()?,
                port: parts.u16()?,
                target: parts.name()?,
            },
            Type::CAA => {
                let ([flags], tag) = (parts.array()?, parts.string()?);
                if !is_tag(&tag) {
                    return Err(Error::Data(rtype));
                }
                Self::Caa { flags, tag, value: parts.rest() }
            }
            _ => return Ok(Self::Unknown(octets.to_vec())),
        };
        if parts.at == parts.end { Ok(data) } else { Err(Error::Data(rtype)) }
    }

    /// Writes the data, without its length. Only names in types of RFC 1035 may be compressed: who does
    /// not know a type could not tell that there is a pointer in it (RFC 3597 §4).
    pub fn emit(&self, writer: &mut Writer) {
        match self {
            Self::A(address) => writer.bytes(&address.octets()),
            Self::Aaaa(address) => writer.bytes(&address.octets()),
            Self::Ns(name) | Self::Cname(name) | Self::Ptr(name) => writer.name(name),
            Self::Soa(soa) => {
                writer.name(&soa.primary);
                writer.name(&soa.mailbox);
                for number in [soa.serial, soa.refresh, soa.retry, soa.expire, soa.minimum] {
                    writer.u32(number);
                }
            }
            Self::Mx { preference, exchange } => {
                writer.u16(*preference);
                writer.name(exchange);
            }
            Self::Txt(strings) => strings.iter().for_each(|string| emit_string(writer, string)),
            Self::Srv { priority, weight, port, target } => {
                for number in [priority, weight, port] {
                    writer.u16(*number);
                }
                writer.plain_name(target);
            }
            Self::Caa { flags, tag, value } => {
                writer.u8(*flags);
                emit_string(writer, tag);
                writer.bytes(value);
            }
            Self::Unknown(octets) => writer.bytes(octets),
        }
    }

    /// The host that this data sends its reader to, whose addresses will be wanted next.
    pub fn host(&self) -> Option<&Name> {
        match self {
            Self::Ns(host) | Self::Mx { exchange: host, .. } | Self::Srv { target: host, .. } => {
                Some(host)
            }
            _ => None,
        }
    }
}

/// A tag of a CAA record: letters and digits (RFC 8659 §4.1).
pub(super) fn is_tag(tag: &[u8]) -> bool {
    !tag.is_empty() && tag.iter().all(u8::is_ascii_alphanumeric)
}

fn emit_string(writer: &mut Writer, string: &[u8]) {
    // Parsers give strings of 255 octets at most.
    let string = &string[..string.len().min(255)];
    writer.u8(u8::try_from(string.len()).unwrap_or(u8::MAX));
    writer.bytes(string);
}

/// Takes parts off a record's data.
struct Parts<'a> {
    message: &'a [u8],
    at: usize,
    end: usize,
    rtype: Type,
}

impl Parts<'_> {
    fn take(&mut self, count: usize) -> Result<&[u8], Error> {
        let octets = self.message.get(self.at..self.end).and_then(|octets| octets.get(..count));
        self.at += count;
        octets.ok_or(Error::Data(self.rtype))
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let rtype = self.rtype;
        self.take(N)?.try_into().map_err(|_| Error::Data(rtype))
    }

    fn u16(&mut self) -> Result<u16, Error> {
        self.array().map(u16::from_be_bytes)
    }

    fn u32(&mut self) -> Result<u32, Error> {
        self.array().map(u32::from_be_bytes)
    }

    fn name(&mut self) -> Result<Name, Error> {
        // It may point back out of the data, and must not itself reach over its end.
        let within = self.message.get(..self.end).ok_or(Error::CutOff)?;
        let (name, behind) = Name::parse(within, self.at).map_err(Error::Name)?;
        self.at = behind;
        Ok(name)
    }

    fn string(&mut self) -> Result<Vec<u8>, Error> {
        let [length] = self.array()?;
        self.take(usize::from(length)).map(<[u8]>::to_vec)
    }

    fn rest(&mut self) -> Vec<u8> {
        let rest = self.message.get(self.at..self.end).unwrap_or_default().to_vec();
        self.at = self.end;
        rest
    }
}

/// As in a zone file.
impl fmt::Display for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::A(address) => write!(f, "{address}"),
            Self::Aaaa(address) => write!(f, "{address}"),
            Self::Ns(name) | Self::Cname(name) | Self::Ptr(name) => write!(f, "{name}"),
            Self::Soa(soa) => write!(
                f,
                "{} {} {} {} {} {} {}",
                soa.primary,
                soa.mailbox,
                soa.serial,
                soa.refresh,
                soa.retry,
                soa.expire,
                soa.minimum
            ),
            Self::Mx { preference, exchange } => write!(f, "{preference} {exchange}"),
            Self::Txt(strings) => {
                let strings: Vec<String> = strings.iter().map(|string| quoted(string)).collect();
                f.write_str(&strings.join(" "))
            }
            Self::Srv { priority, weight, port, target } => {
                write!(f, "{priority} {weight} {port} {target}")
            }
            Self::Caa { flags, tag, value } => {
                write!(f, "{flags} {} {}", String::from_utf8_lossy(tag), quoted(value))
            }
            Self::Unknown(octets) => {
                write!(f, "\\# {}", octets.len())?;
                if !octets.is_empty() {
                    f.write_char(' ')?;
                }
                octets.iter().try_for_each(|octet| write!(f, "{octet:02X}"))
            }
        }
    }
}

/// A string in quotes: nothing in it reaches a terminal as it came.
fn quoted(string: &[u8]) -> String {
    let mut text = String::from("\"");
    for octet in string {
        match octet {
            b'"' | b'\\' => text.extend(['\\', char::from(*octet)]),
            b' '..=b'~' => text.push(char::from(*octet)),
            _ => text += &format!("\\{octet:03}"),
        }
    }
    text + "\""
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(rtype: Type, octets: &[u8]) -> Result<String, Error> {
        Data::parse(rtype, Class::IN, octets, 0..octets.len()).map(|data| data.to_string())
    }

    #[test]
    fn each_type_in_text() {
        let table: [(Type, &[u8], &str); 11] = [
            (Type::A, &[192, 0, 2, 1], "192.0.2.1"),
            (Type::AAAA, b"\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01", "2001:db8::1"),
            (Type::NS, b"\x02ns\0", "ns."),
            (Type::MX, b"\0\x0a\x04mail\0", "10 mail."),
            (
                Type::SOA,
                b"\0\x01a\0\0\0\0\x01\0\0\0\x02\0\0\0\x03\0\0\0\x04\0\0\0\x05",
                ". a. 1 2 3 4 5",
            ),
            (Type::TXT, b"\x03a\"\\\x00\x01\xff", "\"a\\\"\\\\\" \"\" \"\\255\""),
            (Type::SRV, b"\0\x01\0\x02\x13\xc4\x03sip\0", "1 2 5060 sip."),
            (Type::CAA, b"\x80\x05issueca.example", "128 issue \"ca.example\""),
            (Type(65280), b"\x0a\0\0\x01", "\\# 4 0A000001"),
            (Type(65280), b"", "\\# 0"),
            (Type::PTR, b"\0", "."),
        ];
        for (rtype, octets, text) in table {
            assert_eq!(parse(rtype, octets).as_deref(), Ok(text), "{rtype}");
            let data = Data::parse(rtype, Class::IN, octets, 0..octets.len()).expect(text);
            let mut writer = Writer::default();
            writer.begin(512);
            data.emit(&mut writer);
            assert_eq!(writer.octets(), octets, "{rtype}");
        }
        let class = Class::CH;
        let chaos = Data::parse(Type::A, class, &[1, 2], 0..2);
        assert_eq!(chaos, Ok(Data::Unknown(vec![1, 2])), "not our A");
    }

    #[test]
    fn data_of_another_length_is_refused() {
        let table: [(Type, &[u8]); 12] = [
            (Type::A, &[1, 2, 3]),
            (Type::A, &[1, 2, 3, 4, 5]),
            (Type::AAAA, &[0; 15]),
            (Type::NS, b"\x02ns\0x"),
            (Type::MX, b"\x0a"),
            (Type::SOA, b"\0\0\0\0\0\x01"),
            (Type::TXT, b""),
            (Type::TXT, b"\x03ab"),
            (Type::SRV, b"\0\x01\0\x02\x13"),
            (Type::CAA, b"\0\0ca"),
            (Type::CAA, b"\0\x02a-"),
            (Type::CAA, b"\0"),
        ];
        for (rtype, octets) in table {
            assert_eq!(parse(rtype, octets), Err(Error::Data(rtype)), "{rtype} {octets:x?}");
        }
        // A name that reaches over the end of the data, into what follows.
        let message = b"\x02ns\0";
        let error = Data::parse(Type::NS, Class::IN, message, 0..3).unwrap_err();
        assert_eq!(error, Error::Name(crate::dns::NameError::CutOff));
    }
}
