//! One question to several servers, until one of them answers it.
//!
//! ```text
//!   UDP ──► no answer in time ──────────────► the next server; in the next round twice the time
//!       ──► FORMERR, NOTIMP or BADVERS ─────► once more without EDNS (RFC 6891 §6.2.2)
//!       ──► TC ─────────────────────────────► the same over TCP (RFC 7766 §5)
//!       ──► only answers in the wrong case,
//!           or a flood of wrong ones ───────► the same over TCP: nobody can blindly forge that
//!       ──► SERVFAIL, REFUSED, unreachable ─► not this one any more
//! ```

use std::fmt;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use client_server::Time;

use super::{Ask, Config, Failure, Random};
use crate::dns::codes::{Class, Opcode, Rcode, Type};
use crate::dns::data::Data;
use crate::dns::edns::{Edns, OUR_SIZE};
use crate::dns::message::{Error, HEADER, Header, LARGEST, Message, Question, Record};
use crate::dns::names::Name;
use crate::dns::server::Transport;

/// Wrong datagrams during one query, after which somebody is taken to be guessing (RFC 5452 §9.3).
const GUESSES: u32 = 64;
/// A connection takes more round trips than a datagram: it has this time at least.
const CONNECTION: Duration = Duration::from_secs(3);

/// Why octets are no answer to what was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ignored {
    /// They are no message.
    Malformed(Error),
    /// A query.
    NotAResponse,
    /// The id is another one.
    Id,
    /// It answers another question, or none.
    Question,
    /// It answers the question in other letters: a sender who did not see the query, or a server that changes them.
    Case,
    /// Its OPT record is none.
    Edns,
    /// The connection ended before the message did.
    Closed,
}

impl fmt::Display for Ignored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(error) => error.fmt(f),
            Self::NotAResponse => f.write_str("it is a query"),
            Self::Id => f.write_str("it has another id"),
            Self::Question => f.write_str("it answers another question"),
            Self::Case => f.write_str("it writes the name in other letters than the query"),
            Self::Edns => f.write_str("its OPT record is none"),
            Self::Closed => f.write_str("the connection ended before the message did"),
        }
    }
}

/// What we learned of a server.
#[derive(Debug, Clone, Copy)]
struct Server {
    address: SocketAddr,
    /// It takes OPT records, as far as we know.
    edns: bool,
    /// Datagrams will not do.
    tcp: bool,
    /// There is no use in asking it again.
    over: bool,
}

/// A query on its way.
#[derive(Debug)]
struct Current {
    server: usize,
    transport: Transport,
    id: u16,
    /// The question, in the letters that it was asked in.
    question: Question,
    edns: bool,
    guesses: u32,
    /// A response was right but for its letters.
    wrong_case: bool,
}

/// A question on its way.
pub(super) struct Exchange {
    question: Question,
    servers: Vec<Server>,
    until: Time,
    /// Queries so far, but for those that repeat one in another form.
    turn: u32,
    /// The server to ask again, in another form.
    again: Option<usize>,
    current: Option<Current>,
    response: Option<(SocketAddr, Message)>,
    /// The most telling reason so far for which there is no answer.
    failure: Option<Failure>,
    ignored: u32,
    why: Option<Ignored>,
}

impl Exchange {
    pub(super) fn new(question: Question, config: &Config, until: Time) -> Self {
        let server = |address: &SocketAddr| Server {
            address: *address,
            edns: true,
            tcp: config.tcp,
            over: false,
        };
        Self {
            question,
            servers: config.servers.iter().map(server).collect(),
            until,
            turn: 0,
            again: None,
            current: None,
            response: None,
            failure: None,
            ignored: 0,
            why: None,
        }
    }

    pub(super) fn take_response(&mut self) -> Option<(SocketAddr, Message)> {
        self.response.take()
    }

    /// The next query to send.
    pub(super) fn next(
        &mut self,
        config: &Config,
        now: Time,
        random: &mut Random,
    ) -> Result<Ask, Failure> {
        let chosen = if now < self.until { self.choose(config) } else { None };
        let (index, round) = chosen.ok_or_else(|| {
            let nobody = Failure::NoAnswer { ignored: self.ignored, why: self.why };
            self.failure.clone().unwrap_or(nobody)
        })?;
        let server = self.servers[index];
        let transport = if server.tcp { Transport::Tcp } else { Transport::Udp };
        let (id, question) = self.disguise(random);
        let mut message = Message::query(id, question.clone(), config.recursion);
        if server.edns {
            message.additionals.push(opt());
        }
        let query = message.emit(LARGEST).expect("a question and an OPT record are short");
        let (guesses, wrong_case, edns) = (0, false, server.edns);
        self.current =
            Some(Current { server: index, transport, id, question, edns, guesses, wrong_case });
        let mut wait = config.attempt * 2_u32.saturating_pow(round.min(16));
        if server.tcp {
            wait = wait.max(CONNECTION);
        }
        Ok(Ask { server: server.address, transport, query, until: (now + wait).min(self.until) })
    }

    /// Whose turn it is, and in which round.
    fn choose(&mut self, config: &Config) -> Option<(usize, u32)> {
        let count = u32::try_from(self.servers.len()).ok().filter(|count| *count > 0)?;
        if let Some(index) = self.again.take() {
            return Some((index, self.turn.saturating_sub(1) / count));
        }
        while self.turn < count.saturating_mul(config.attempts) {
            let (index, round) = ((self.turn % count) as usize, self.turn / count);
            self.turn += 1;
            if !self.servers[index].over {
                return Some((index, round));
            }
        }
        None
    }

    /// An id that nobody can guess, and the name in letters that nobody can guess
    /// (draft-vixie-dnsext-dns0x20).
    fn disguise(&self, random: &mut Random) -> (u16, Question) {
        let (mut id, mut bits) = ([0; 2], [0; 32]);
        random(&mut id);
        random(&mut bits);
        let mut next = 0;
        let name = self.question.name.recased(|| {
            next += 1;
            bits[next / 8 % bits.len()] >> (next % 8) & 1 == 1
        });
        (u16::from_be_bytes(id), Question { name, ..self.question.clone() })
    }

    // ANCHOR: received
    /// Octets from the server. `Some`: they are no answer, and the wait goes on, if it was for a datagram.
    pub(super) fn received(&mut self, octets: &[u8]) -> Option<Ignored> {
        let current = self.current.as_ref()?;
        let judged = judge(octets, current, &self.question.name);
        let server = current.server;
        let why = match judged {
            Ok(Judged::Truncated) => {
                self.servers[server].tcp = true;
                self.once_more(server);
                return None;
            }
            Ok(Judged::Response(message, rcode)) => {
                self.take(message, rcode);
                return None;
            }
            Err(why) => why,
        };
        self.ignored += 1;
        self.why = Some(why);
        let current = self.current.as_mut()?;
        if current.transport == Transport::Tcp {
            // Nobody else writes on this connection.
            let address = self.servers[server].address;
            self.give_up(server, Failure::Broken(address, why));
            return None;
        }
        current.guesses += 1;
        current.wrong_case |= why == Ignored::Case;
        if current.guesses < GUESSES {
            return Some(why);
        }
        self.servers[server].tcp = true;
        self.once_more(server);
        None
    }
    // ANCHOR_END: received

    fn take(&mut self, message: Message, rcode: Rcode) {
        let Some(Current { server, edns, .. }) = self.current.take() else { return };
        let address = self.servers[server].address;
        match rcode {
            Rcode::NOERROR | Rcode::NXDOMAIN => self.response = Some((address, message)),
            Rcode::FORMERR | Rcode::NOTIMP | Rcode::BADVERS if edns => {
                self.servers[server].edns = false;
                self.once_more(server);
            }
            rcode => self.give_up(server, Failure::Rcode(address, rcode)),
        }
    }

    pub(super) fn failed(&mut self, kind: ErrorKind) {
        let Some(Current { server, transport, .. }) = self.current.take() else { return };
        let address = self.servers[server].address;
        let broken = matches!(kind, ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset);
        let failure = if broken && transport == Transport::Tcp {
            Failure::Broken(address, Ignored::Closed)
        } else {
            Failure::Unreachable(address, kind)
        };
        self.give_up(server, failure);
    }

    pub(super) fn expired(&mut self) {
        if let Some(Current { server, wrong_case: true, .. }) = self.current.take() {
            self.servers[server].tcp = true;
            self.once_more(server);
        }
    }

    /// The same server again, in another form.
    fn once_more(&mut self, server: usize) {
        self.current = None;
        self.again = Some(server);
    }

    fn give_up(&mut self, server: usize, failure: Failure) {
        self.current = None;
        self.servers[server].over = true;
        // What a server says is more telling than that another cannot be reached.
        if !matches!(self.failure, Some(Failure::Rcode(..)))
            || matches!(failure, Failure::Rcode(..))
        {
            self.failure = Some(failure);
        }
    }
}

/// A message that answers the question.
enum Judged {
    /// In part: what it has of records is not looked at, and may be cut anywhere.
    Truncated,
    Response(Message, Rcode),
}

// ANCHOR: judge
/// Whether octets from the server answer the query (RFC 5452 §9.1), and the message, in which `name` is written
/// as it was before its disguise.
fn judge(octets: &[u8], current: &Current, name: &Name) -> Result<Judged, Ignored> {
    let (header, [questions, ..]) = Header::parse(octets).map_err(Ignored::Malformed)?;
    if header.id != current.id {
        return Err(Ignored::Id);
    }
    if !header.has(Header::QR) || header.opcode() != Opcode::QUERY {
        return Err(Ignored::NotAResponse);
    }
    // A server that could not read the query may leave out what it could not read.
    let unread = [Rcode::FORMERR, Rcode::NOTIMP].contains(&header.rcode());
    if questions != 0 || !unread {
        if questions != 1 {
            return Err(Ignored::Question);
        }
        let (question, _) = Question::parse(octets, HEADER).map_err(Ignored::Malformed)?;
        if question != current.question {
            return Err(Ignored::Question);
        }
        // Letters count where others may send datagrams in the server's name.
        let same = question.name.is_identical(&current.question.name);
        if !same && current.transport == Transport::Udp {
            return Err(Ignored::Case);
        }
    }
    if header.has(Header::TC) && current.transport == Transport::Udp {
        return Ok(Judged::Truncated);
    }
    let mut octets = octets.to_vec();
    if questions == 1 {
        // Pointers in the message lead here, so all names that share an end with it are unveiled too.
        octets[HEADER..HEADER + name.octets().len()].copy_from_slice(name.octets());
    }
    let message = Message::parse(&octets).map_err(Ignored::Malformed)?;
    let edns = Edns::of(&message).map_err(|_| Ignored::Edns)?;
    let rcode = edns.map_or(header.rcode(), |edns| edns.rcode(header.rcode()));
    Ok(Judged::Response(message, rcode))
}
// ANCHOR_END: judge

/// The OPT record of our queries.
fn opt() -> Record {
    let (class, data) = (Class(OUR_SIZE), Data::Unknown(Vec::new()));
    Record { name: Name::root(), rtype: Type::OPT, class, ttl: 0, data }
}
