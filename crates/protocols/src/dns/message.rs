//! Messages: the header, the question, and three sections of records (RFC 1035 §4.1).
//!
//! ```text
//!    0  1  2  3  4  5  6  7  8  9 10 11 12 13 14 15
//!   ├───────────────────── id ──────────────────────┤    chosen by who asks, repeated in the answer
//!   ├QR├─opcode────┤AA┤TC┤RD┤RA┤ Z┤AD┤CD├──rcode────┤   QR response · AA authoritative · TC truncated
//!   ├────────────────── QDCOUNT ────────────────────┤    RD, RA recursion desired, available
//!   ├────────────────── ANCOUNT ────────────────────┤    AD, CD: DNSSEC (RFC 4035 §3.2)
//!   ├────────────────── NSCOUNT ────────────────────┤
//!   ├────────────────── ARCOUNT ────────────────────┤
//! ```

use std::fmt;

use super::codes::{Class, Opcode, Rcode, Type};
use super::data::Data;
use super::names::{Name, NameError};
use super::writer::Writer;

/// Octets of the header.
pub const HEADER: usize = 12;
/// Octets of the largest message: TCP's length has 16 bits (RFC 1035 §4.2.2).
pub const LARGEST: usize = 65_535;

/// Why octets are no message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Error {
    /// It ends before all that its counts and lengths promise.
    CutOff,
    /// A name in it is none.
    Name(NameError),
    /// The data of a record has another length or form than its type has.
    Data(Type),
    /// So many octets follow the last record.
    Trailing(usize),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CutOff => f.write_str("it ends before all that it promises"),
            Self::Name(error) => error.fmt(f),
            Self::Data(rtype) => write!(f, "the data of a record is none of type {rtype}"),
            Self::Trailing(count) => write!(f, "{count} octets follow the last record"),
        }
    }
}

impl std::error::Error for Error {}

/// The first twelve octets, but for the counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Chosen by who asks.
    pub id: u16,
    /// QR and all that follows, as on the wire.
    pub flags: u16,
}

impl Header {
    /// Response.
    pub const QR: u16 = 1 << 15;
    /// Authoritative answer.
    pub const AA: u16 = 1 << 10;
    /// Truncated.
    pub const TC: u16 = 1 << 9;
    /// Recursion desired.
    pub const RD: u16 = 1 << 8;
    /// Recursion available.
    pub const RA: u16 = 1 << 7;
    /// The response code's four bits.
    const RCODE: u16 = 0xf;

    /// Whether this flag is set.
    pub fn has(self, flag: u16) -> bool {
        self.flags & flag != 0
    }

    /// What is wanted.
    pub fn opcode(self) -> Opcode {
        Opcode((self.flags >> 11) as u8 & 0xf)
    }

    /// The response code's lower four bits.
    pub fn rcode(self) -> Rcode {
        Rcode(self.flags & Self::RCODE)
    }

    /// Reads id and flags, and the four counts.
    ///
    /// # Errors
    ///
    /// [`Error::CutOff`] for less than twelve octets.
    pub fn parse(message: &[u8]) -> Result<(Self, [u16; 4]), Error> {
        let mut numbers = [0; 6];
        let header = message.get(..HEADER).ok_or(Error::CutOff)?;
        for (number, octets) in numbers.iter_mut().zip(header.chunks_exact(2)) {
            *number = u16::from_be_bytes([octets[0], octets[1]]);
        }
        let [id, flags, counts @ ..] = numbers;
        Ok((Self { id, flags }, counts))
    }
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// About which name.
    pub name: Name,
    /// For records of which type.
    pub qtype: Type,
    /// In which class.
    pub qclass: Class,
}

impl Question {
    /// A question of the Internet.
    pub fn new(name: Name, qtype: Type) -> Self {
        Self { name, qtype, qclass: Class::IN }
    }

    /// Reads the question at `at`; with it comes where what follows begins.
    ///
    /// # Errors
    ///
    /// [`Error::CutOff`], [`Error::Name`].
    pub fn parse(message: &[u8], at: usize) -> Result<(Self, usize), Error> {
        let (name, at) = Name::parse(message, at).map_err(Error::Name)?;
        let [a, b, c, d] = fixed(message, at)?;
        let (qtype, qclass) = (Type(u16::from_be_bytes([a, b])), Class(u16::from_be_bytes([c, d])));
        Ok((Self { name, qtype, qclass }, at + 4))
    }

    fn emit(&self, writer: &mut Writer) {
        writer.name(&self.name);
        writer.u16(self.qtype.0);
        writer.u16(self.qclass.0);
    }
}

impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.name, self.qclass, self.qtype)
    }
}

/// A resource record (RFC 1035 §4.1.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Whose it is.
    pub name: Name,
    /// What it is about.
    pub rtype: Type,
    /// Its class. An OPT record has the size of its sender's buffer here.
    pub class: Class,
    /// Seconds that it may be remembered.
    pub ttl: u32,
    /// What it says.
    pub data: Data,
}

impl Record {
    /// Reads the record at `at`; with it comes where what follows begins.
    ///
    /// # Errors
    ///
    /// [`Error`].
    pub fn parse(message: &[u8], at: usize) -> Result<(Self, usize), Error> {
        let (name, at) = Name::parse(message, at).map_err(Error::Name)?;
        let [a, b, c, d, t0, t1, t2, t3, l0, l1] = fixed(message, at)?;
        let (rtype, class) = (Type(u16::from_be_bytes([a, b])), Class(u16::from_be_bytes([c, d])));
        let start = at + 10;
        let end = start + usize::from(u16::from_be_bytes([l0, l1]));
        let data = Data::parse(rtype, class, message, start..end)?;
        Ok((Self { name, rtype, class, ttl: u32::from_be_bytes([t0, t1, t2, t3]), data }, end))
    }

    fn emit(&self, writer: &mut Writer) {
        writer.name(&self.name);
        writer.u16(self.rtype.0);
        writer.u16(self.class.0);
        writer.u32(self.ttl);
        writer.counted(|writer| self.data.emit(writer));
    }
}

/// As in a zone file.
impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, rtype, class, ttl, data } = self;
        write!(f, "{name} {ttl} {class} {rtype} {data}")
    }
}

fn fixed<const N: usize>(message: &[u8], at: usize) -> Result<[u8; N], Error> {
    let octets = message.get(at..).and_then(|octets| octets.first_chunk());
    octets.copied().ok_or(Error::CutOff)
}

/// A whole message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Id and flags.
    pub header: Header,
    /// What is asked: one question, in all messages that are in use (RFC 9619).
    pub questions: Vec<Question>,
    /// What answers it.
    pub answers: Vec<Record>,
    /// Who knows, or the SOA of who says that there is none.
    pub authorities: Vec<Record>,
    /// What else may help, and OPT.
    pub additionals: Vec<Record>,
}

impl Message {
    /// A query with one question, that asks for recursion if `recursion`.
    pub fn query(id: u16, question: Question, recursion: bool) -> Self {
        let flags = if recursion { Header::RD } else { 0 };
        let header = Header { id, flags };
        let empty = Vec::new;
        let (answers, authorities, additionals) = (empty(), empty(), empty());
        Self { header, questions: vec![question], answers, authorities, additionals }
    }

    /// Reads a message. Nothing is set aside for what its counts only promise: a record takes eleven
    /// octets at least, and must be there.
    ///
    /// # Errors
    ///
    /// [`Error`]; what follows the last record is one too.
    pub fn parse(octets: &[u8]) -> Result<Self, Error> {
        let (header, [questions, answers, authorities, additionals]) = Header::parse(octets)?;
        let mut at = HEADER;
        let message = Self {
            header,
            questions: several(questions, &mut at, |at| Question::parse(octets, at))?,
            answers: several(answers, &mut at, |at| Record::parse(octets, at))?,
            authorities: several(authorities, &mut at, |at| Record::parse(octets, at))?,
            additionals: several(additionals, &mut at, |at| Record::parse(octets, at))?,
        };
        match octets.len() - at {
            0 => Ok(message),
            count => Err(Error::Trailing(count)),
        }
    }

    /// The octets of the message; `None` if they would be more than `limit`.
    pub fn emit(&self, limit: usize) -> Option<Vec<u8>> {
        let mut writer = Writer::default();
        writer.begin(limit.min(LARGEST));
        writer.u16(self.header.id);
        writer.u16(self.header.flags);
        writer.u16(u16::try_from(self.questions.len()).ok()?);
        for section in [&self.answers, &self.authorities, &self.additionals] {
            writer.u16(u16::try_from(section.len()).ok()?);
        }
        self.questions.iter().for_each(|question| question.emit(&mut writer));
        for section in [&self.answers, &self.authorities, &self.additionals] {
            section.iter().for_each(|record| record.emit(&mut writer));
        }
        (!writer.is_full()).then(|| writer.octets().to_vec())
    }
}

/// Reads as many as `count` says, one behind the other.
fn several<T>(
    count: u16,
    at: &mut usize,
    mut parse: impl FnMut(usize) -> Result<(T, usize), Error>,
) -> Result<Vec<T>, Error> {
    let mut read = Vec::new();
    for _ in 0..count {
        let (one, behind) = parse(*at)?;
        read.push(one);
        *at = behind;
    }
    Ok(read)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer() -> Message {
        let name: Name = "www.example.com".parse().unwrap();
        let question = Question::new(name.clone(), Type::A);
        let mut message = Message::query(0x1234, question, true);
        message.header.flags |= Header::QR | Header::AA;
        let zone: Name = "example.com".parse().unwrap();
        let record = |name: &Name, rtype, data| Record {
            name: name.clone(),
            rtype,
            class: Class::IN,
            ttl: 300,
            data,
        };
        message.answers.push(record(&name, Type::A, Data::A([192, 0, 2, 1].into())));
        message.authorities.push(record(&zone, Type::NS, Data::Ns(name)));
        message.additionals.push(record(&zone, Type(99), Data::Unknown(vec![1, 2])));
        message
    }

    #[test]
    fn what_is_emitted_is_read_again() {
        let octets = answer().emit(512).expect("it fits");
        assert_eq!(octets.len(), 12 + 21 + 16 + 14 + 14);
        assert_eq!(Message::parse(&octets), Ok(answer()));
        assert_eq!(answer().emit(octets.len() - 1), None);
    }

    #[test]
    fn counts_that_lie_and_octets_too_many() {
        let octets = answer().emit(512).expect("it fits");
        for cut in 0..octets.len() {
            assert!(Message::parse(&octets[..cut]).is_err(), "{cut}");
        }
        let long = [&octets[..], b"x"].concat();
        assert_eq!(Message::parse(&long), Err(Error::Trailing(1)));
        for count in [4, 6, 8, 10] {
            let mut lying = octets.clone();
            lying[count..count + 2].copy_from_slice(&60_000_u16.to_be_bytes());
            assert!(Message::parse(&lying).is_err(), "the count at {count}");
        }
    }

    #[test]
    fn the_header_has_flags() {
        let (header, counts) = Header::parse(&answer().emit(512).unwrap()).unwrap();
        assert!(header.has(Header::QR) && header.has(Header::AA) && header.has(Header::RD));
        assert!(!header.has(Header::TC) && !header.has(Header::RA));
        assert_eq!((header.opcode(), header.rcode()), (Opcode::QUERY, Rcode::NOERROR));
        assert_eq!(counts, [1, 1, 1, 1]);
        let update = Header { id: 0, flags: 0x2805 };
        assert_eq!((update.opcode(), update.rcode()), (Opcode::UPDATE, Rcode::REFUSED));
    }
}
