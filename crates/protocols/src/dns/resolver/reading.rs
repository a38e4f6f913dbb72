//! What a response says to a question: only records that answer it count.
//!
//! A response may hold anything. Whatever else a server sends along, be it helpful or the seed of
//! a lie, is not looked at: neither other names in the answer section, nor the additional section (RFC 2181 §5.4.1).

use crate::dns::codes::{Rcode, Type};
use crate::dns::data::Data;
use crate::dns::message::{Header, Message, Question, Record};
use crate::dns::names::Name;

use super::LONGEST_CHAIN;

/// What a response says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reading {
    /// Aliases, from the name in question on, and what each is an alias of.
    pub(super) chain: Vec<(Record, Name)>,
    /// What there is behind the last of them.
    pub(super) end: End,
}

/// What there is at the end.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The records.
    Records(Vec<Record>),
    /// None of the type; to be remembered for so many seconds.
    NoData(u32),
    /// No such name; likewise.
    NoName(u32),
    /// Nothing is said of the last alias's target: it must be asked for.
    Alias,
    /// Others know more.
    Referral,
}

/// Reads a response without error, or with NXDOMAIN. The error is a name that its aliases come back to.
pub(super) fn read(message: &Message, question: &Question) -> Result<Reading, Name> {
    let mut name = question.name.clone();
    let mut chain: Vec<(Record, Name)> = Vec::new();
    loop {
        let records = records(message, question, &name);
        if !records.is_empty() {
            return Ok(Reading { chain, end: End::Records(records) });
        }
        let alias = message.answers.iter().find(|record| {
            record.name == name && record.class == question.qclass && record.rtype == Type::CNAME
        });
        let Some(alias) = alias.filter(|_| chain.len() <= LONGEST_CHAIN) else { break };
        let Data::Cname(target) = &alias.data else { break };
        if *target == name || chain.iter().any(|(before, _)| before.name == *target) {
            return Err(target.clone());
        }
        chain.push((usable(alias, &name), target.clone()));
        name = target.clone();
    }
    let end = end(message, &name, chain.is_empty());
    Ok(Reading { chain, end })
}

/// The records that answer the question, if they are those of `name`; each once, and all with one TTL
/// (RFC 2181 §5).
fn records(message: &Message, question: &Question, name: &Name) -> Vec<Record> {
    let wanted = |record: &&Record| {
        record.name == *name
            && record.class == question.qclass
            && (record.rtype == question.qtype || question.qtype == Type::ANY)
    };
    let mut found: Vec<Record> = Vec::new();
    for record in message.answers.iter().filter(wanted).map(|record| usable(record, name)) {
        if !found.iter().any(|other| other.data == record.data && other.rtype == record.rtype) {
            found.push(record);
        }
    }
    if question.qtype != Type::ANY {
        let ttl = found.iter().map(|record| record.ttl).min().unwrap_or(0);
        found.iter_mut().for_each(|record| record.ttl = ttl);
    }
    found
}

/// Nothing is there for `name`; what does that mean?
fn end(message: &Message, name: &Name, first: bool) -> End {
    let soa = message.authorities.iter().find_map(|record| match &record.data {
        // An SOA of somewhere else says nothing about this name.
        Data::Soa(soa) if name.is_in(&record.name) => Some(ttl(record).min(soa.minimum)),
        _ => None,
    });
    if message.header.rcode() == Rcode::NXDOMAIN {
        return End::NoName(soa.unwrap_or(0));
    }
    match soa {
        // RFC 2308 §5: without an SOA it is not remembered.
        Some(ttl) => End::NoData(ttl),
        None if !first => End::Alias,
        None => {
            let servers = message.authorities.iter().any(|record| record.rtype == Type::NS);
            let knows = message.header.has(Header::AA) || message.header.has(Header::RA);
            if servers && !knows { End::Referral } else { End::NoData(0) }
        }
    }
}

/// RFC 2181 §8: a TTL with its uppermost bit set counts as 0.
fn ttl(record: &Record) -> u32 {
    if record.ttl > i32::MAX.unsigned_abs() { 0 } else { record.ttl }
}

/// A record as we pass it on: under the name that we know, in its letters and not those that the query was disguised in.
fn usable(record: &Record, name: &Name) -> Record {
    Record { name: name.clone(), ttl: ttl(record), ..record.clone() }
}
