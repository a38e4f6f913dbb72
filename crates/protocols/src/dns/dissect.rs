//! What each octet of a DNS message means.
//!
//! It reads the format on its own, without the parser: so a test can hold the two against each other. Pointers
//! are explained by where they lead.

mod cursor;

use capture::dissect::{Dissector, Field, Undissectable};

use super::codes::{Class, Opcode, Rcode, Type};
use super::data::Data;
use cursor::Cursor;

/// A message in a datagram (RFC 1035 §4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Dns;

/// Messages on a connection, each with its length in front (RFC 1035 §4.2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DnsOverTcp;

impl Dissector for Dns {
    fn name(&self) -> &str {
        "DNS"
    }

    fn dissect(&self, message: &[u8]) -> Result<Vec<Field>, Undissectable> {
        let mut cursor = Cursor::new(message);
        let counts = header(&mut cursor);
        let sections = ["question", "answer", "authority", "additional"];
        for (section, count) in sections.into_iter().zip(counts) {
            for _ in 0..count {
                if cursor.is_at_end() {
                    return Ok(cursor.fields); // Incomplete, or its counts lie.
                }
                let start = cursor.mark();
                let (name, rtype) = if section == "question" {
                    question(&mut cursor)?
                } else {
                    record(&mut cursor)?
                };
                cursor.group(start, section, format!("{name} {rtype}"));
            }
        }
        cursor.rest("trailing octets", "no count speaks of them");
        Ok(cursor.fields)
    }
}

impl Dissector for DnsOverTcp {
    fn name(&self) -> &str {
        "DNS over TCP"
    }

    fn dissect(&self, stream: &[u8]) -> Result<Vec<Field>, Undissectable> {
        let mut fields = Vec::new();
        let mut at = 0;
        while at < stream.len() {
            let Some(length) = stream.get(at..at + 2) else {
                fields.push(Field::new(at..stream.len(), "length", "incomplete"));
                return Ok(fields);
            };
            let length = usize::from(u16::from_be_bytes([length[0], length[1]]));
            let field = Field::new(at..at + 2, "length", length.to_string());
            fields.push(field.meaning("octets of the message").source("RFC 1035 §4.2.2"));
            at += 2;
            let end = stream.len().min(at + length);
            let shifted =
                |error: Undissectable| Undissectable { offset: error.offset + at, ..error };
            let inside = Dns.dissect(&stream[at..end]).map_err(shifted)?;
            fields.extend(inside.into_iter().map(|field| shift(field, at)));
            at = end;
        }
        Ok(fields)
    }
}

/// The same field, counted from `by` octets earlier.
fn shift(field: Field, by: usize) -> Field {
    let children = field.children.into_iter().map(|child| shift(child, by)).collect();
    Field { range: field.range.start + by..field.range.end + by, children, ..field }
}

/// The header; returns the four counts.
fn header(cursor: &mut Cursor<'_>) -> [u16; 4] {
    const SOURCE: &str = "RFC 1035 §4.1.1";
    cursor.u16("id", SOURCE, |id| {
        (format!("{id:#06x}"), "chosen by who asks, and repeated in the answer".into())
    });
    flags(cursor);
    let mut counts = [0; 4];
    let names = ["questions", "answers", "authorities", "additionals"];
    for (name, count) in names.into_iter().zip(&mut counts) {
        let read = cursor.u16(name, SOURCE, |count| (count.to_string(), String::new()));
        *count = read.unwrap_or(0);
    }
    counts
}

fn flags(cursor: &mut Cursor<'_>) {
    const SOURCE: &str = "RFC 1035 §4.1.1";
    let at = cursor.at();
    let Some(flags) = cursor.u16("flags", SOURCE, |flags| (format!("{flags:#06x}"), String::new()))
    else {
        return;
    };
    let bit = |position: usize| flags >> (15 - position) & 1;
    let one = |position: usize, name: &str, set: &str, clear: &str| {
        let said = if bit(position) == 1 { set } else { clear };
        let field = Field::new(at..at + 2, name, bit(position).to_string());
        field.bits(position..position + 1).meaning(said)
    };
    let [high, low] = flags.to_be_bytes();
    let (opcode, rcode) = (Opcode(high >> 3 & 0xf), Rcode(u16::from(low & 0xf)));
    let wide = |name: &str, value: String, from: usize| {
        Field::new(at..at + 2, name, value).bits(from..from + 4)
    };
    let children = vec![
        one(0, "QR", "a response", "a query"),
        wide("opcode", opcode.to_string(), 1),
        one(5, "AA", "the server is an authority for the name", ""),
        one(6, "TC", "truncated: ask again over TCP", ""),
        one(7, "RD", "the server is to ask others in our place", ""),
        one(8, "RA", "the server does that", ""),
        one(9, "Z", "must be 0", ""),
        one(10, "AD", "verified by DNSSEC (RFC 4035 §3.2.3)", ""),
        one(11, "CD", "verify nothing (RFC 4035 §3.2.2)", ""),
        wide("rcode", rcode.to_string(), 12),
    ];
    cursor.last_has(children);
}

fn question(cursor: &mut Cursor<'_>) -> Result<(String, Type), Undissectable> {
    const SOURCE: &str = "RFC 1035 §4.1.2";
    let name = cursor.name("name", SOURCE)?;
    let rtype =
        cursor.u16("type", SOURCE, |number| (Type(number).to_string(), "what is asked for".into()));
    cursor.u16("class", SOURCE, |number| (Class(number).to_string(), String::new()));
    Ok((name, Type(rtype.unwrap_or(0))))
}

fn record(cursor: &mut Cursor<'_>) -> Result<(String, Type), Undissectable> {
    const SOURCE: &str = "RFC 1035 §4.1.3";
    const EDNS: &str = "RFC 6891 §6.1.2";
    let name = cursor.name("name", SOURCE)?;
    let rtype = cursor.u16("type", SOURCE, |number| (Type(number).to_string(), String::new()));
    let rtype = Type(rtype.unwrap_or(0));
    let mut class = Class::IN;
    if rtype == Type::OPT {
        cursor.u16("payload size", EDNS, |size| {
            (size.to_string(), "octets that the sender's buffer has".into())
        });
        cursor.u8("upper rcode", EDNS, |upper| {
            (upper.to_string(), "upper bits of the response code".into())
        });
        cursor.u8("version", EDNS, |version| (version.to_string(), String::new()));
        cursor.u16("flags", EDNS, |flags| {
            let wanted =
                if flags & 0x8000 == 0 { "" } else { "DO: DNSSEC records are welcome (RFC 3225)" };
            (format!("{flags:#06x}"), wanted.into())
        });
    } else {
        let read = cursor.u16("class", SOURCE, |number| (Class(number).to_string(), String::new()));
        class = Class(read.unwrap_or(0));
        cursor.u32("TTL", SOURCE, |ttl| {
            (ttl.to_string(), "seconds that it may be remembered".into())
        });
    }
    let length =
        cursor.u16("length", SOURCE, |length| (length.to_string(), "octets of the data".into()));
    let length = usize::from(length.unwrap_or(0));
    let Some(end) = cursor.end_of(length) else {
        cursor.rest("data", "incomplete");
        return Ok((name, rtype));
    };
    data(cursor, rtype, class, end)?;
    Ok((name, rtype))
}

/// The data of a record, by its type.
fn data(
    cursor: &mut Cursor<'_>,
    rtype: Type,
    class: Class,
    end: usize,
) -> Result<(), Undissectable> {
    let number = |number: u16| (number.to_string(), String::new());
    match rtype {
        Type::NS | Type::CNAME | Type::PTR => drop(cursor.name("target", "RFC 1035 §3.3")?),
        Type::MX => {
            cursor.u16("preference", "RFC 1035 §3.3.9", |n| {
                (n.to_string(), "the lowest comes first".into())
            });
            cursor.name("exchange", "RFC 1035 §3.3.9")?;
        }
        Type::SOA => {
            cursor.name("primary", "RFC 1035 §3.3.13")?;
            cursor.name("mailbox", "RFC 1035 §3.3.13")?;
            for name in ["serial", "refresh", "retry", "expire", "minimum"] {
                cursor.u32(name, "RFC 1035 §3.3.13", |n| (n.to_string(), String::new()));
            }
        }
        Type::SRV if class == Class::IN => {
            for name in ["priority", "weight", "port"] {
                cursor.u16(name, "RFC 2782", number);
            }
            cursor.name("target", "RFC 2782")?;
        }
        Type::TXT => {
            while cursor.at() < end {
                cursor.string(end);
            }
        }
        _ => cursor.take_to(end, "data", |message, range| {
            let read = Data::parse(rtype, class, message, range);
            read.map_or_else(|_| "not of this type".to_owned(), |data| data.to_string())
        }),
    }
    // What a lie about the length leaves over, or takes away.
    if cursor.at() > end {
        return Err(Undissectable {
            offset: end,
            reason: "the data is longer than its length".into(),
        });
    }
    cursor.take_to(end, "surplus", |_, _| "not of this type".to_owned());
    Ok(())
}

#[cfg(test)]
mod tests;
