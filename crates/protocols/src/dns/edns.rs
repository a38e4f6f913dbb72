//! EDNS: a record that speaks of the message itself (RFC 6891 §6.1).
//!
//! ```text
//!   0            name: the root
//!   00 29        type: OPT
//!   04 D0        in the class's place: octets that the sender's buffer has
//!   xx vv zz zz  in the TTL's place: upper bits of the response code, version, DO and 15 bits of 0
//!   00 00        length of the options; each has code 2, length 2, octets
//! ```

use super::codes::{Rcode, Type};
use super::data::Data;
use super::message::{Message, Record};
use super::names::Name;
use super::writer::Writer;

/// Octets of an OPT record without options.
pub const LENGTH: usize = 11;
/// Octets of a message over UDP without EDNS (RFC 1035 §4.2.1).
pub const PLAIN_SIZE: usize = 512;
/// What we announce, and the most that we send over UDP: 1,280, which every IPv6 link passes unfragmented, less
/// 40 for its header and 8 for UDP's. (DNS flag day 2020; RFC 9715 recommends no more than 1,400.)
pub const OUR_SIZE: u16 = 1_232;
/// The DO bit: the sender takes DNSSEC records (RFC 3225 §3).
const DO: u32 = 1 << 15;

/// What an OPT record says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Edns {
    /// Octets that the sender's buffer has; below 512 is taken for 512 (RFC 6891 §6.2.3).
    pub size: u16,
    /// The response code's upper eight bits.
    pub upper_rcode: u8,
    /// 0, so far.
    pub version: u8,
    /// Whether DNSSEC records are wanted.
    pub dnssec: bool,
}

/// A message has several OPT records, or one that is not the root's, or whose options are no options.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed;

impl Edns {
    /// Ours, in a message without error.
    pub fn ours(dnssec: bool) -> Self {
        Self { size: OUR_SIZE, upper_rcode: 0, version: 0, dnssec }
    }

    /// The OPT record of a message, if it has one. Options are checked for their form, and ignored.
    ///
    /// # Errors
    ///
    /// [`Malformed`]: RFC 6891 §6.1.1 has FORMERR for it.
    pub fn of(message: &Message) -> Result<Option<Self>, Malformed> {
        let elsewhere = message.answers.iter().chain(&message.authorities);
        if { elsewhere }.any(|record| record.rtype == Type::OPT) {
            return Err(Malformed); // It belongs into the additional section.
        }
        let mut found = None;
        for record in message.additionals.iter().filter(|record| record.rtype == Type::OPT) {
            if found.is_some() || !record.name.is_root() {
                return Err(Malformed);
            }
            let Data::Unknown(options) = &record.data else { return Err(Malformed) };
            found = Some(Self::read(record, options)?);
        }
        Ok(found)
    }

    fn read(record: &Record, mut options: &[u8]) -> Result<Self, Malformed> {
        while let [_, _, high, low, rest @ ..] = options {
            let length = usize::from(u16::from_be_bytes([*high, *low]));
            options = rest.get(length..).ok_or(Malformed)?;
        }
        if !options.is_empty() {
            return Err(Malformed);
        }
        let [upper_rcode, version, ..] = record.ttl.to_be_bytes();
        Ok(Self { size: record.class.0, upper_rcode, version, dnssec: record.ttl & DO != 0 })
    }

    /// The whole response code, of these upper bits and the header's lower ones.
    pub fn rcode(&self, lower: Rcode) -> Rcode {
        Rcode(u16::from(self.upper_rcode) << 4 | lower.0)
    }

    /// Writes the record.
    pub fn emit(&self, writer: &mut Writer) {
        writer.plain_name(&Name::root());
        writer.u16(Type::OPT.0);
        writer.u16(self.size);
        let dnssec = if self.dnssec { DO } else { 0 };
        writer.u32(u32::from_be_bytes([self.upper_rcode, self.version, 0, 0]) | dnssec);
        writer.u16(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dns::codes::Class;
    use crate::dns::message::Question;

    fn query(records: Vec<Record>) -> Message {
        let question = Question::new(Name::root(), Type::NS);
        Message { additionals: records, ..Message::query(1, question, false) }
    }

    fn opt(options: &[u8]) -> Record {
        let (class, data) = (Class(4096), Data::Unknown(options.to_vec()));
        Record { name: Name::root(), rtype: Type::OPT, class, ttl: 0x8000, data }
    }

    #[test]
    fn one_record_of_the_root_and_whole_options() {
        assert_eq!(Edns::of(&query(vec![])), Ok(None));
        let expected = Edns { size: 4096, upper_rcode: 0, version: 0, dnssec: true };
        for options in [&b""[..], b"\0\x03\0\0", b"\0\x0a\0\x02ab\xff\xff\0\0"] {
            assert_eq!(Edns::of(&query(vec![opt(options)])), Ok(Some(expected)));
        }
        for options in [&b"\0"[..], b"\0\x03\0", b"\0\x03\0\x01", b"\0\x03\0\0\0"] {
            assert_eq!(Edns::of(&query(vec![opt(options)])), Err(Malformed), "{options:x?}");
        }
        assert_eq!(Edns::of(&query(vec![opt(b""), opt(b"")])), Err(Malformed), "two");
        let named = Record { name: "a".parse().unwrap(), ..opt(b"") };
        assert_eq!(Edns::of(&query(vec![named])), Err(Malformed));
        let answer = Message { answers: vec![opt(b"")], ..query(vec![]) };
        assert_eq!(Edns::of(&answer), Err(Malformed));
    }

    #[test]
    fn what_is_emitted_is_read_again() {
        let mut writer = Writer::default();
        writer.begin(512);
        let ours = Edns { upper_rcode: 1, ..Edns::ours(true) };
        ours.emit(&mut writer);
        assert_eq!(writer.octets().len(), LENGTH);
        let (record, _) = Record::parse(writer.octets(), 0).expect("a record");
        assert_eq!(Edns::of(&query(vec![record])), Ok(Some(ours)));
        assert_eq!(ours.rcode(Rcode::NOERROR), Rcode::BADVERS);
    }
}
