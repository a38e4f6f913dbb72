//! A stub resolver without sockets: a question in, datagrams to send out, an answer at the end.
//!
//! ```text
//!   Resolution ── look into the cache ─► known: done
//!        │
//!        └── Exchange: one question, several servers, until one answers     (the module `exchange`)
//!                 │ Ask { server, UDP or TCP, query, until }  ──► whoever has sockets
//!                 │ ◄── received, failed, expired
//!                 ▼
//!            a response that matches ── what it says (`reading`) ─► records, "none", or an alias:
//!                                                                  then the same for its target
//! ```
//!
//! What makes it hard to deceive (RFC 5452): nobody who does not see the query can know its id, its port and the case of
//! its letters all at once; and whoever guesses must do so before the server answers.

mod exchange;
mod reading;

use std::fmt;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use client_server::Time;

use super::cache::{Cache, Known};
use super::codes::{Rcode, Type};
use super::message::{self, Question, Record};
use super::names::Name;
use super::server::Transport;
use exchange::Exchange;
pub use exchange::Ignored;
use reading::{Reading, read};

/// Aliases that are followed for one question.
pub const LONGEST_CHAIN: usize = 16;

/// Whom to ask, and how patiently.
#[derive(Debug, Clone)]
pub struct Config {
    /// Asked in this order.
    pub servers: Vec<SocketAddr>,
    /// How long the first query to a server waits; each further one twice as long.
    pub attempt: Duration,
    /// Queries to each server.
    pub attempts: u32,
    /// How long all of it may take.
    pub total: Duration,
    /// Over TCP from the beginning.
    pub tcp: bool,
    /// Whether a server is to ask others in our place (RD).
    pub recursion: bool,
}

impl Config {
    /// The usual patience, with these servers.
    pub fn new(servers: Vec<SocketAddr>) -> Self {
        let (attempt, total) = (Duration::from_secs(1), Duration::from_secs(10));
        Self { servers, attempt, attempts: 3, total, tcp: false, recursion: true }
    }
}

/// What a resolution needs next.
#[derive(Debug)]
pub enum Step {
    /// That this is sent.
    Ask(Ask),
    /// Nothing: it is over.
    Done(Result<Answer, Failure>),
}

/// A query to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// To whom. Nothing that comes from elsewhere, port included, may be taken for its answer; and over UDP each query
    /// needs a new port of ours that nobody can guess (RFC 5452 §9.2).
    pub server: SocketAddr,
    /// Over what.
    pub transport: Transport,
    /// Its octets, without a length in front.
    pub query: Vec<u8>,
    /// Until when to wait.
    pub until: Time,
}

/// How a question was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The aliases that led to the name in question.
    pub chain: Vec<Record>,
    /// The name behind the last alias; the one asked for, if there is none.
    pub name: Name,
    /// What was found there.
    pub found: Found,
}

/// What there is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// These records.
    Records(Vec<Record>),
    /// The name exists, and has no such records.
    NoData,
    /// The name does not exist.
    NoName,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// Nobody answered in time. So many messages came that were no answers; the last of them for this reason.
    NoAnswer {
        /// How many.
        ignored: u32,
        /// Why the last one was none.
        why: Option<Ignored>,
    },
    /// A server cannot be reached.
    Unreachable(SocketAddr, ErrorKind),
    /// A server closed the connection, or sent something else than an answer on it.
    Broken(SocketAddr, Ignored),
    /// A server sent us to others; a stub asks one that does that itself.
    Referral(SocketAddr),
    /// A server said that it cannot, or will not.
    Rcode(SocketAddr, Rcode),
    /// The aliases lead in a circle.
    Loop(Name),
    /// One alias leads to the next, too many times.
    LongChain(Name),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoAnswer { why: None, .. } => f.write_str("no server answered in time"),
            Self::NoAnswer { ignored, why: Some(why) } => {
                write!(
                    f,
                    "no server answered in time; {ignored} messages were no answer, the last because {why}"
                )
            }
            Self::Unreachable(server, kind) => write!(f, "{server} cannot be asked: {kind}"),
            Self::Broken(server, why) => write!(f, "{server} did not answer over TCP: {why}"),
            Self::Referral(server) => {
                write!(f, "{server} does not know, and does not ask others in our place")
            }
            Self::Rcode(server, rcode) => write!(f, "{server} says {rcode}"),
            Self::Loop(name) => write!(f, "the aliases lead in a circle, back to {name}"),
            Self::LongChain(name) => {
                write!(f, "over {LONGEST_CHAIN} aliases, and {name} is one more")
            }
        }
    }
}

impl std::error::Error for Failure {}

/// Fills octets with what nobody can guess.
pub type Random = Box<dyn FnMut(&mut [u8]) + Send>;

/// A resolver: whom it asks, and what it remembers.
pub struct Resolver {
    config: Config,
    cache: Cache,
    random: Random,
}

impl Resolver {
    /// A resolver that remembers nothing yet.
    pub fn new(config: Config, random: Random) -> Self {
        Self { config, cache: Cache::default(), random }
    }

    /// Begins to resolve a question.
    pub fn resolve(&mut self, question: Question, now: Time) -> Resolution<'_> {
        let until = now + self.config.total;
        let (name, chain) = (question.name.clone(), Vec::new());
        Resolution { resolver: self, question, until, name, chain, exchange: None }
    }
}

/// A question on its way to an answer.
pub struct Resolution<'r> {
    resolver: &'r mut Resolver,
    question: Question,
    until: Time,
    /// The aliases so far…
    chain: Vec<Record>,
    /// …and where they led.
    name: Name,
    exchange: Option<Exchange>,
}

impl Resolution<'_> {
    // ANCHOR: step
    /// What to do next. After an [`Ask`], tell what came of it, and ask again.
    pub fn step(&mut self, now: Time) -> Step {
        loop {
            if self.exchange.is_none() {
                match self.what_is_known(now) {
                    Some(Ok(answer)) => return Step::Done(Ok(answer)),
                    Some(Err(failure)) => return Step::Done(Err(failure)),
                    None => {}
                }
            }
            let config = &self.resolver.config;
            let exchange = self.exchange.get_or_insert_with(|| {
                let question = Question { name: self.name.clone(), ..self.question.clone() };
                Exchange::new(question, config, self.until)
            });
            if let Some((server, message)) = exchange.take_response() {
                self.exchange = None;
                match self.take(server, &message, now) {
                    Some(done) => return Step::Done(done),
                    None => continue,
                }
            }
            return match exchange.next(config, now, &mut self.resolver.random) {
                Ok(ask) => Step::Ask(ask),
                Err(failure) => Step::Done(Err(failure)),
            };
        }
    }
    // ANCHOR_END: step

    /// Octets came from the server that was asked. `Some`: they are no answer, and the wait goes on.
    pub fn received(&mut self, octets: &[u8]) -> Option<Ignored> {
        self.exchange.as_mut()?.received(octets)
    }

    /// What was to be sent could not be, or the connection broke.
    pub fn failed(&mut self, kind: ErrorKind) {
        if let Some(exchange) = &mut self.exchange {
            exchange.failed(kind);
        }
    }

    /// The time to wait is over.
    pub fn expired(&mut self) {
        if let Some(exchange) = &mut self.exchange {
            exchange.expired();
        }
    }

    /// Follows what is known, as far as that leads.
    fn what_is_known(&mut self, now: Time) -> Option<Result<Answer, Failure>> {
        loop {
            match self.resolver.cache.look(&self.name, self.question.qtype, now)? {
                Known::Records(records) => return Some(Ok(self.answer(Found::Records(records)))),
                Known::NoData => return Some(Ok(self.answer(Found::NoData))),
                Known::NoName => return Some(Ok(self.answer(Found::NoName))),
                Known::Alias(record, target) => {
                    if let Err(failure) = self.follow(record, target) {
                        return Some(Err(failure));
                    }
                }
            }
        }
    }

    /// Takes what a response says. `None`: it leads on.
    fn take(
        &mut self,
        server: SocketAddr,
        message: &message::Message,
        now: Time,
    ) -> Option<Result<Answer, Failure>> {
        let question = Question { name: self.name.clone(), ..self.question.clone() };
        let Reading { chain, end } = match read(message, &question) {
            Ok(reading) => reading,
            Err(name) => return Some(Err(Failure::Loop(name))),
        };
        for (record, target) in chain {
            let (alias, ttl) = (Known::Records(vec![record.clone()]), record.ttl);
            self.resolver.cache.add(&record.name, Type::CNAME, alias, ttl, now);
            if let Err(failure) = self.follow(record, target) {
                return Some(Err(failure));
            }
        }
        let (name, qtype) = (self.name.clone(), self.question.qtype);
        let cache = &mut self.resolver.cache;
        let found = match end {
            reading::End::Records(records) => {
                let ttl = records.iter().map(|record| record.ttl).min().unwrap_or(0);
                // "All" is what the server cared to say, and not all.
                if qtype != Type::ANY {
                    cache.add(&name, qtype, Known::Records(records.clone()), ttl, now);
                }
                Found::Records(records)
            }
            reading::End::NoData(ttl) => {
                cache.add(&name, qtype, Known::NoData, ttl, now);
                Found::NoData
            }
            reading::End::NoName(ttl) => {
                cache.add(&name, qtype, Known::NoName, ttl, now);
                Found::NoName
            }
            reading::End::Referral => return Some(Err(Failure::Referral(server))),
            reading::End::Alias => return None,
        };
        Some(Ok(self.answer(found)))
    }

    fn answer(&mut self, found: Found) -> Answer {
        Answer { chain: std::mem::take(&mut self.chain), name: self.name.clone(), found }
    }

    /// One alias further: not in a circle, and not for ever.
    fn follow(&mut self, record: Record, target: Name) -> Result<(), Failure> {
        self.chain.push(record);
        if self.chain.iter().any(|before| before.name == target) {
            return Err(Failure::Loop(target));
        }
        if self.chain.len() > LONGEST_CHAIN {
            return Err(Failure::LongChain(target));
        }
        self.name = target;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
