//! A stub resolver: it asks one name server, believes what answers the question, and remembers it for
//! as long as it may (RFC 1034 §5.3.1, RFC 5452, RFC 2308).
//!
//! ```text
//!  resolve ──► remembered? ──► yes: an answer, or an alias, and then on with its target
//!                  │ no
//!                  ▼
//!              query over UDP, with an id that nobody can guess
//!                  │        ◄── another sender, id, question? Not for us: wait on.
//!                  ▼
//!              truncated? ──► the same over TCP
//!                  │ no
//!                  ▼
//!              what it says of this name, and of nothing else
//! ```

use std::net::SocketAddr;
use std::time::Duration;

use wire::{Data, Question};

/// Queries over UDP for one question, at most.
pub const ATTEMPTS: usize = 3;
/// Aliases on the way to an answer, at most.
pub const MOST_ALIASES: usize = 16;
/// The longest that anything is remembered, whatever its TTL: a day.
pub const LONGEST: Duration = Duration::from_secs(86_400);
/// The longest that "there is none" is remembered (RFC 2308 §5): three hours.
pub const LONGEST_NONE: Duration = Duration::from_secs(10_800);
/// Entries that are remembered, at most.
pub const MOST_ENTRIES: usize = 1_000;

/// What a resolver needs from outside.
pub trait Network {
    /// A number that nobody can guess.
    fn random_id(&mut self) -> u16;
    /// Sends a query to the server in a datagram, from a new socket on a random port.
    fn send(&mut self, query: &[u8]);
    /// The next datagram that reaches this socket, and where it is from. `None`: the time to wait for
    /// a reply to the query sent last is over.
    fn receive(&mut self) -> Option<(SocketAddr, Vec<u8>)>;
    /// Sends a query to the server on a connection, and returns its reply, both without the length in
    /// front. `None`: there is none.
    fn ask_over_tcp(&mut self, query: &[u8]) -> Option<Vec<u8>>;
}

/// What there is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The records' data, in the order of the reply.
    Records(Vec<Data>),
    /// The name exists, and has no such records.
    NoData,
    /// The name does not exist.
    NoName,
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// None came that could be believed.
    NoAnswer,
    /// The server says that it failed: RCODE, neither 0 nor 3.
    Server(u16),
    /// The aliases lead in a circle, or there are over [`MOST_ALIASES`].
    Aliases,
}

/// A resolver.
#[derive(Debug)]
pub struct Resolver {
    server: SocketAddr,
    // Here is room for what it remembers.
}

impl Resolver {
    /// A resolver that asks this server, and remembers nothing yet.
    pub fn new(server: SocketAddr) -> Self {
        Self { server }
    }

    /// How many entries it remembers, those included that are over.
    pub fn remembered(&self) -> usize {
        todo!("how many entries there are")
    }

    /// Answers a question, from memory or by asking. `now` is the time since some fixed moment.
    ///
    /// # Errors
    ///
    /// [`Failure`]. None is remembered.
    pub fn resolve(
        &mut self,
        question: &Question,
        network: &mut impl Network,
        now: Duration,
    ) -> Result<Answer, Failure> {
        let _ = (question, network.random_id(), now, self.server); // Yours to use.
        todo!("look into the memory, or ask; follow aliases; remember")
    }
}

/// Messages of DNS, as octets and as values. It is given: how they are taken apart is the task of
/// `decode-names`.
pub mod wire {
    use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

    /// An IPv4 address.
    pub const A: u16 = 1;
    /// Another name for the same.
    pub const CNAME: u16 = 5;
    /// The start of a zone.
    pub const SOA: u16 = 6;
    /// An IPv6 address.
    pub const AAAA: u16 = 28;
    /// The class of the Internet.
    pub const IN: u16 = 1;

    /// In [`Message::flags`]: a response, and no query.
    pub const RESPONSE: u16 = 0x8000;
    /// In [`Message::flags`]: what kind of query, 0 for the ordinary one.
    pub const OPCODE: u16 = 0x7800;
    /// In [`Message::flags`]: not all of it is here.
    pub const TRUNCATED: u16 = 0x0200;
    /// In [`Message::flags`]: the server shall ask others, if it has to.
    pub const RECURSION_DESIRED: u16 = 0x0100;
    /// In [`Message::flags`]: what came of it. 0: no error; 3: there is no such name.
    pub const RCODE: u16 = 0x000f;

    /// What is asked.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Question {
        /// About which name: labels with a dot between, in lower case, since DNS does not tell the
        /// cases apart (RFC 4343).
        pub name: String,
        /// For which type of record.
        pub qtype: u16,
        /// In which class.
        pub qclass: u16,
    }

    impl Question {
        /// A question in the class of the Internet; `None` if `name` is none.
        pub fn new(name: &str, qtype: u16) -> Option<Self> {
            let good = |label: &str| matches!(label.len(), 1..=63) && label.is_ascii();
            let good = name.len() <= 253 && name.split('.').all(good);
            good.then(|| Self { name: name.to_ascii_lowercase(), qtype, qclass: IN })
        }
    }

    /// A resource record of the class of the Internet.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Record {
        /// Whose it is.
        pub name: String,
        /// Of which type.
        pub rtype: u16,
        /// For how many seconds it may be remembered.
        pub ttl: u32,
        /// What it says.
        pub data: Data,
    }

    /// What a record says.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub enum Data {
        /// A, AAAA.
        Address(IpAddr),
        /// CNAME: the name that it is an alias of.
        Alias(String),
        /// SOA: for how many seconds it may be remembered that something does not exist.
        Soa {
            /// The last of its numbers.
            minimum: u32,
        },
        /// Of any other type.
        Other(Vec<u8>),
    }

    /// A message, without its additional section.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Message {
        /// Chosen by who asks.
        pub id: u16,
        /// See [`RESPONSE`], [`OPCODE`], [`TRUNCATED`], [`RCODE`].
        pub flags: u16,
        /// What is asked.
        pub questions: Vec<Question>,
        /// What answers it.
        pub answers: Vec<Record>,
        /// Who says so.
        pub authorities: Vec<Record>,
    }

    /// The query for a question.
    pub fn query(id: u16, question: &Question) -> Vec<u8> {
        let header = [id, RECURSION_DESIRED, 1, 0, 0, 0].map(u16::to_be_bytes).concat();
        let label =
            |label: &str| [&[u8::try_from(label.len()).unwrap_or(0)], label.as_bytes()].concat();
        let name = question.name.split('.').flat_map(label);
        let rest = [question.qtype, question.qclass].map(u16::to_be_bytes).concat();
        header.into_iter().chain(name).chain([0]).chain(rest).collect()
    }

    impl Message {
        /// Reads a message; `None` if it is none.
        pub fn parse(octets: &[u8]) -> Option<Self> {
            let mut reader = Reader { octets, at: 0 };
            let [id, flags, questions, answers, authorities, _] = reader.numbers()?;
            let questions = (0..questions).map(|_| reader.question()).collect::<Option<_>>()?;
            let mut section = |count| -> Option<Vec<Record>> {
                let records: Option<Vec<_>> = (0..count).map(|_| reader.record()).collect();
                Some(records?.into_iter().flatten().collect())
            };
            let (answers, authorities) = (section(answers)?, section(authorities)?);
            Some(Self { id, flags, questions, answers, authorities })
        }
    }

    struct Reader<'a> {
        octets: &'a [u8],
        at: usize,
    }

    impl<'a> Reader<'a> {
        fn take(&mut self, count: usize) -> Option<&'a [u8]> {
            let taken = self.octets.get(self.at..)?.get(..count)?;
            self.at += count;
            Some(taken)
        }

        fn numbers<const N: usize>(&mut self) -> Option<[u16; N]> {
            let octets = self.take(2 * N)?;
            Some(std::array::from_fn(|n| u16::from_be_bytes([octets[2 * n], octets[2 * n + 1]])))
        }

        fn number(&mut self) -> Option<u32> {
            let [upper, lower] = self.numbers()?;
            Some(u32::from(upper) << 16 | u32::from(lower))
        }

        fn question(&mut self) -> Option<Question> {
            let name = self.name()?;
            let [qtype, qclass] = self.numbers()?;
            Some(Question { name, qtype, qclass })
        }

        /// A record; within it `None` for one of another class.
        fn record(&mut self) -> Option<Option<Record>> {
            let Question { name, qtype: rtype, qclass: class } = self.question()?;
            let ttl = self.number()?;
            let [length] = self.numbers()?;
            let end = self.at + usize::from(length);
            let data = match (class, rtype) {
                (IN, A) => Data::Address(Ipv4Addr::from(self.number()?).into()),
                (IN, AAAA) => Data::Address(Ipv6Addr::from(self.numbers::<8>()?).into()),
                (IN, CNAME) => Data::Alias(self.name()?),
                (IN, SOA) => {
                    let _ = (self.name()?, self.name()?, self.take(16)?);
                    Data::Soa { minimum: self.number()? }
                }
                _ => Data::Other(self.take(length.into())?.to_vec()),
            };
            let whole = self.at == end;
            whole.then(|| (class == IN).then_some(Record { name, rtype, ttl, data }))
        }

        /// A name in lower case. What is no letter, digit, hyphen or underscore is written as `\DDD`.
        fn name(&mut self) -> Option<String> {
            let (mut labels, mut length) = (Vec::new(), 1);
            let mut reader = Reader { ..*self };
            let mut began = reader.at;
            let mut behind = None;
            let mut pointers = 0;
            loop {
                let octet = reader.take(1)?[0];
                match octet >> 6 {
                    0b00 if octet == 0 => break,
                    0b00 => {
                        let label = reader.take(octet.into())?;
                        length += 1 + label.len();
                        labels.push(label.iter().map(|&octet| text(octet)).collect::<String>());
                    }
                    0b11 => {
                        let to = usize::from(octet & 0x3f) << 8 | usize::from(reader.take(1)?[0]);
                        behind.get_or_insert(reader.at);
                        pointers += 1;
                        // Only back, not into the header, and no more often than a name has labels.
                        if to < 12 || to >= began || pointers > 127 {
                            return None;
                        }
                        (reader.at, began) = (to, to);
                    }
                    _ => return None,
                }
                if length > 255 {
                    return None;
                }
            }
            self.at = behind.unwrap_or(reader.at);
            Some(labels.join("."))
        }
    }

    fn text(octet: u8) -> String {
        match octet.to_ascii_lowercase() {
            octet @ (b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_') => char::from(octet).to_string(),
            octet => format!("\\{octet:03}"),
        }
    }
}
