//! A name server without sockets: the octets of a query in, those of its response out.
//!
//! ```text
//!   no header, or QR set     nothing: a response to a response would go back and forth for ever
//!   another opcode           NOTIMP
//!   not one question, or a message that is none, or an OPT record that is none   FORMERR
//!   an EDNS version but 0    BADVERS
//!   a class but IN, a zone that is not ours, a transfer                          REFUSED
//!   else                     what the zones have to say (the module `answer`)
//! ```

use std::sync::Arc;

use super::answer::{Answer, Entry, Owner, answer};
use super::codes::{Class, Opcode, Rcode, Type};
use super::edns::{self, Edns, OUR_SIZE, PLAIN_SIZE};
use super::message::{HEADER, Header, LARGEST, Message, Question};
use super::writer::Writer;
use super::zone::Zones;

/// What carried a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// A datagram: what does not fit is left out, and the client asks again over TCP.
    Udp,
    /// A connection.
    Tcp,
}

/// Answers queries from its zones. Each worker has one of its own: its memory is used again.
#[derive(Debug)]
pub struct Server {
    zones: Arc<Zones>,
    writer: Writer,
}

/// A pointer's target in every response: the question's name follows the header.
const ASKED: u16 = 12;

impl Server {
    /// A server of these zones.
    pub fn new(zones: Arc<Zones>) -> Self {
        Self { zones, writer: Writer::default() }
    }

    // ANCHOR: respond
    /// The response to a query; `None` where there is to be none.
    pub fn respond(&mut self, query: &[u8], transport: Transport) -> Option<&[u8]> {
        let (header, [questions, ..]) = Header::parse(query).ok()?;
        if header.has(Header::QR) {
            return None;
        }
        // The whole query is read first: where it has an OPT record, so has the response to it,
        // whatever that says (RFC 6891 §6.1.1).
        let mut message = Message::parse(query);
        let edns = message.as_ref().map_or(Ok(None), Edns::of);
        let mut reply = Reply { header, edns: edns.unwrap_or(None), transport };
        if header.opcode() != Opcode::QUERY {
            return Some(reply.refuse(&mut self.writer, None, Rcode::NOTIMP));
        }
        let Some(question) = only_question(&mut message, query, questions) else {
            return Some(reply.refuse(&mut self.writer, None, Rcode::FORMERR));
        };
        if message.is_err() || edns.is_err() {
            reply.edns = None;
            return Some(reply.refuse(&mut self.writer, Some(&question), Rcode::FORMERR));
        }
        if let Some(rcode) = reply.objection(&question) {
            return Some(reply.refuse(&mut self.writer, Some(&question), rcode));
        }
        let said = answer(&self.zones, &question);
        Some(reply.emit(&mut self.writer, Some(&question), &said))
    }
    // ANCHOR_END: respond
}

/// The question, if there is one and no more (RFC 9619). It is there in a message that goes wrong later, too.
fn only_question<E>(
    message: &mut Result<Message, E>,
    query: &[u8],
    count: u16,
) -> Option<Question> {
    match (message, count) {
        (Ok(message), 1) => message.questions.pop(),
        (Err(_), 1) => Question::parse(query, HEADER).ok().map(|(question, _)| question),
        _ => None,
    }
}

/// What a response takes over from its query.
struct Reply {
    header: Header,
    edns: Option<Edns>,
    transport: Transport,
}

impl Reply {
    /// Why this question gets no answer, if it gets none.
    fn objection(&self, question: &Question) -> Option<Rcode> {
        if self.edns.is_some_and(|edns| edns.version > 0) {
            return Some(Rcode::BADVERS);
        }
        match question.qtype {
            // No types of records, and no questions either.
            Type::OPT | Type::TSIG | Type::TKEY | Type(0) => return Some(Rcode::FORMERR),
            Type::MAILA | Type::MAILB => return Some(Rcode::NOTIMP),
            // A zone is not given away.
            Type::AXFR | Type::IXFR => return Some(Rcode::REFUSED),
            _ => {}
        }
        (![Class::IN, Class::ANY].contains(&question.qclass)).then_some(Rcode::REFUSED)
    }

    /// A response with nothing but a response code.
    fn refuse<'w>(
        &mut self,
        writer: &'w mut Writer,
        question: Option<&Question>,
        rcode: Rcode,
    ) -> &'w [u8] {
        let nothing = Answer {
            rcode,
            authoritative: false,
            answers: Vec::new(),
            authorities: Vec::new(),
            additionals: Vec::new(),
            required: 0,
        };
        self.emit(writer, question, &nothing)
    }

    /// Octets that the response may have.
    fn limit(&self) -> usize {
        match (self.transport, self.edns) {
            (Transport::Tcp, _) => LARGEST,
            (Transport::Udp, None) => PLAIN_SIZE,
            // RFC 6891 §6.2.3: values below 512 are taken for 512.
            (Transport::Udp, Some(edns)) => usize::from(edns.size.min(OUR_SIZE)).max(PLAIN_SIZE),
        }
    }

    /// Writes the response: all that fits.
    fn emit<'w>(
        &self,
        writer: &'w mut Writer,
        question: Option<&Question>,
        said: &Answer<'_>,
    ) -> &'w [u8] {
        let limit = self.limit();
        let opt = if self.edns.is_some() { edns::LENGTH } else { 0 };
        writer.begin(limit - opt);
        writer.bytes(&[0; HEADER]);
        if let Some(question) = question {
            writer.plain_name(&question.name);
            writer.u16(question.qtype.0);
            writer.u16(question.qclass.0);
            writer.remember_name(&question.name, HEADER);
        }
        let (mut counts, truncated) = sections(writer, said);
        if let Some(edns) = self.edns {
            writer.set_limit(limit);
            let [upper_rcode, _] = (said.rcode.0 << 4).to_be_bytes();
            // RFC 3225 §3: the DO bit is copied.
            Edns { upper_rcode, ..Edns::ours(edns.dnssec) }.emit(writer);
            counts[2] += 1;
        }
        let mut flags = Header::QR | (self.header.flags & (0xf << 11)) | (said.rcode.0 & 0xf);
        flags |= self.header.flags & Header::RD;
        for (flag, set) in [(Header::AA, said.authoritative), (Header::TC, truncated)] {
            flags |= if set { flag } else { 0 };
        }
        writer.patch(0, self.header.id);
        writer.patch(2, flags);
        writer.patch(4, u16::from(question.is_some()));
        for (at, count) in [6, 8, 10].into_iter().zip(counts) {
            writer.patch(at, count);
        }
        writer.octets()
    }
}

/// Writes the three sections as far as they fit: whole sets of records, or none of a set. Returns how many
/// records each has, and whether something is missing that had to be there (TC; RFC 2181 §9).
fn sections(writer: &mut Writer, said: &Answer<'_>) -> ([u16; 3], bool) {
    let mut counts = [0; 3];
    for (count, entries) in counts.iter_mut().zip([&said.answers, &said.authorities]) {
        for entry in entries {
            match set(writer, entry) {
                Some(records) => *count += records,
                None => return (counts, true),
            }
        }
    }
    for (index, entry) in said.additionals.iter().enumerate() {
        match set(writer, entry) {
            Some(records) => counts[2] += records,
            None if index < said.required => return (counts, true),
            // Something smaller may still fit, and nobody misses what does not.
            None => {}
        }
    }
    (counts, false)
}

/// Writes a set of records. `None`: it does not fit, and nothing of it was written.
fn set(writer: &mut Writer, entry: &Entry<'_>) -> Option<u16> {
    let start = writer.mark();
    let mut count = 0;
    for data in &entry.set.data {
        match entry.owner {
            Owner::Asked => writer.pointer(ASKED),
            Owner::Name(name) => writer.name(name),
        }
        writer.u16(entry.set.rtype.0);
        writer.u16(Class::IN.0);
        writer.u32(entry.ttl);
        writer.counted(|writer| data.emit(writer));
        if writer.is_full() {
            writer.back_to(start);
            return None;
        }
        count += 1;
    }
    Some(count)
}

#[cfg(test)]
mod tests;
