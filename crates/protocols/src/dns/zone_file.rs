//! Zone files: RFC 1035 §5.
//!
//! ```text
//!   $ORIGIN example.com.       ; relative names go on with this
//!   $TTL 1h                    ; records without a TTL have this (RFC 2308 §4)
//!   @    IN SOA ns1 admin (    ; @ is the origin; parentheses join lines
//!               1 2h 15m 14d 5m )
//!        IN NS  ns1            ; no name in front: the one above
//!   ns1  300 IN A 192.0.2.53
//!   txt  TXT "a \"quoted\" string" \097nd-one-without
//!   x    TYPE65280 \# 4 0A000001
//! ```
//!
//! `$INCLUDE` is refused: a zone file must not make the server read other files of its machine. Give the
//! server several zones instead.

mod fields;
mod tokens;

use std::fmt;

use super::codes::{Class, Type};
use super::data::Data;
use super::message::Record;
use super::names::{Name, NameError};
use super::zone::LONGEST_TTL;
use fields::Fields;
use tokens::{Entry, Tokens};

/// What is wrong with a zone, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ZoneError {
    /// The line, counted from 1; 0 where it is about the whole.
    pub line: usize,
    /// What it is.
    pub what: Wrong,
}

/// What can be wrong with a zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wrong {
    /// A name is none.
    Name(NameError),
    /// A relative name, and nothing that it goes on with.
    NoOrigin(String),
    /// The first record has no name in front.
    NoOwner,
    /// No TTL, and none above.
    NoTtl,
    /// This is expected, and that is there.
    Expected(&'static str, String),
    /// The line ends, and this is expected.
    Missing(&'static str),
    /// Something follows the record.
    Surplus(String),
    /// `$INCLUDE`, `$GENERATE` or another word with a `$`.
    Directive(String),
    /// A class that is not IN.
    Class(Class),
    /// A type that is no type of records, or one that we do not serve rightly.
    Type(Type),
    /// A quoted string without its end.
    Quote,
    /// A parenthesis too many, or one too few.
    Parenthesis,
    /// A string of over 255 octets.
    LongString,
    /// Data of over 65,535 octets.
    LongData,
    /// There is no SOA record.
    NoSoa,
    /// There is a second one.
    SecondSoa,
    /// The zone has no name servers.
    NoNs(Name),
    /// The name is not in the zone.
    Outside(Name),
    /// A name with a CNAME has other records, or a second one (RFC 2181 §10.1).
    BesideCname(Name),
}

impl fmt::Display for ZoneError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line > 0 {
            write!(f, "line {}: ", self.line)?;
        }
        self.what.fmt(f)
    }
}

impl std::error::Error for ZoneError {}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(error) => error.fmt(f),
            Self::NoOrigin(text) => write!(
                f,
                "{text:?} has no dot at its end, and there is no $ORIGIN above that it could go on with"
            ),
            Self::NoOwner => f.write_str("the first record needs a name in front"),
            Self::NoTtl => f.write_str("no TTL, and no $TTL above"),
            Self::Expected(what, text) => write!(f, "{text:?} stands where {what} is expected"),
            Self::Missing(what) => write!(f, "the record ends where {what} is expected"),
            Self::Surplus(text) => write!(f, "{text:?} follows the record"),
            Self::Directive(word) if word.eq_ignore_ascii_case("$INCLUDE") => {
                f.write_str("$INCLUDE is refused: give each zone a file of its own")
            }
            Self::Directive(word) => write!(f, "{word:?}: only $ORIGIN and $TTL are known"),
            Self::Class(class) => write!(f, "class {class}: zones are of class IN"),
            Self::Type(rtype) => write!(f, "a zone cannot have records of type {rtype} here"),
            Self::Quote => f.write_str("a quoted string has no end in its line"),
            Self::Parenthesis => f.write_str("a parenthesis without the other one"),
            Self::LongString => f.write_str("a string of over 255 octets"),
            Self::LongData => f.write_str("data of over 65,535 octets"),
            Self::NoSoa => f.write_str("there is no SOA record"),
            Self::SecondSoa => f.write_str("a second SOA record: a zone has one"),
            Self::NoNs(apex) => write!(f, "{apex} has no NS record"),
            Self::Outside(name) => write!(f, "{name} is not in the zone"),
            Self::BesideCname(name) => write!(f, "{name} has a CNAME, and may have nothing else"),
        }
    }
}

/// The records of a zone file, each with its line.
///
/// # Errors
///
/// The first thing that is wrong.
pub fn records(text: &str, origin: Option<Name>) -> Result<Vec<(usize, Record)>, ZoneError> {
    let mut file = File { origin, owner: None, default_ttl: None, last_ttl: None };
    let mut records = Vec::new();
    for entry in Tokens::new(text) {
        let entry = entry?;
        let line = entry.line;
        match file.entry(entry) {
            Ok(Some(record)) => records.push((line, record)),
            Ok(None) => {}
            Err(what) => return Err(ZoneError { line, what }),
        }
    }
    Ok(records)
}

/// What the lines above say for those below.
struct File {
    origin: Option<Name>,
    owner: Option<Name>,
    /// Of `$TTL`.
    default_ttl: Option<u32>,
    /// Of the record above: it counts where there is no `$TTL` (RFC 1035 §5.1).
    last_ttl: Option<u32>,
}

impl File {
    fn entry(&mut self, entry: Entry) -> Result<Option<Record>, Wrong> {
        let blank = entry.blank;
        let mut fields = Fields::new(entry.tokens, self.origin.clone());
        let first = match fields.peek() {
            None => return Ok(None),
            Some(token) if !token.quoted && token.text.starts_with('$') => token.text.clone(),
            Some(_) => return self.record(fields, blank).map(Some),
        };
        fields.next("a word")?;
        match first.to_ascii_uppercase().as_str() {
            "$ORIGIN" => self.origin = Some(fields.name()?),
            "$TTL" => self.default_ttl = Some(fields.ttl()?),
            _ => return Err(Wrong::Directive(first)),
        }
        fields.end()?;
        Ok(None)
    }

    /// `[name] [TTL] [class] type data`, or class and TTL the other way round.
    fn record(&mut self, mut fields: Fields, blank: bool) -> Result<Record, Wrong> {
        if !blank {
            self.owner = Some(fields.name()?);
        }
        let name = self.owner.clone().ok_or(Wrong::NoOwner)?;
        let (mut ttl, mut class) = (None, None);
        let rtype = loop {
            let token = fields.next("a type")?;
            if ttl.is_none() && token.text.starts_with(|c: char| c.is_ascii_digit()) {
                ttl = Some(fields::seconds(&token.text)?);
            } else if let (None, Ok(read)) = (class, token.text.parse::<Class>()) {
                class = Some(read);
            } else {
                let read = token.text.parse::<Type>();
                break read.map_err(|text| Wrong::Expected("a type", text))?;
            }
        };
        let class = class.unwrap_or(Class::IN);
        if class != Class::IN {
            return Err(Wrong::Class(class));
        }
        // RFC 6895 §3.1: 0 and 128 to 255 are no types of records. DNAME would need answers that we do not make.
        if matches!(rtype.0, 0 | 128..=255) || [Type::OPT, Type::DNAME].contains(&rtype) {
            return Err(Wrong::Type(rtype));
        }
        let data = fields.data(rtype)?;
        fields.end()?;
        let fallback = if let Data::Soa(soa) = &data { Some(soa.minimum) } else { None };
        let above = self.default_ttl.or(self.last_ttl).or(fallback);
        let ttl = ttl.or(above).ok_or(Wrong::NoTtl)?;
        self.last_ttl = Some(ttl);
        Ok(Record { name, rtype, class, ttl: ttl.min(LONGEST_TTL), data })
    }
}

#[cfg(test)]
mod tests;
