//! The fields of an entry, one after another: names, numbers, strings, and the data of each type.

use std::vec;

use super::Wrong;
use super::tokens::Token;
use crate::dns::codes::{Class, Type};
use crate::dns::data::{Data, Soa, is_tag};
use crate::dns::message::LARGEST;
use crate::dns::names::{Name, NameError, escaped};
use crate::dns::zone::LONGEST_TTL;

/// What is left of an entry.
pub(super) struct Fields {
    tokens: std::iter::Peekable<vec::IntoIter<Token>>,
    origin: Option<Name>,
}

impl Fields {
    pub(super) fn new(tokens: Vec<Token>, origin: Option<Name>) -> Self {
        Self { tokens: tokens.into_iter().peekable(), origin }
    }

    pub(super) fn peek(&mut self) -> Option<&Token> {
        self.tokens.peek()
    }

    pub(super) fn next(&mut self, what: &'static str) -> Result<Token, Wrong> {
        self.tokens.next().ok_or(Wrong::Missing(what))
    }

    /// Nothing may follow.
    pub(super) fn end(mut self) -> Result<(), Wrong> {
        self.tokens.next().map_or(Ok(()), |token| Err(Wrong::Surplus(token.text)))
    }

    pub(super) fn name(&mut self) -> Result<Name, Wrong> {
        let text = self.next("a name")?.text;
        let no_origin = || Wrong::NoOrigin(text.clone());
        if text == "@" {
            return self.origin.clone().ok_or_else(no_origin);
        }
        let name = Name::relative(&text, self.origin.as_ref().unwrap_or(&Name::root()));
        let name = name.map_err(Wrong::Name)?;
        // Without an origin only what ends in a dot of its own is a name: `\.` is none.
        if self.origin.is_none() && !is_absolute(&text) {
            return Err(no_origin());
        }
        Ok(name)
    }

    pub(super) fn ttl(&mut self) -> Result<u32, Wrong> {
        seconds(&self.next("a number of seconds")?.text)
    }

    fn number<T: std::str::FromStr>(&mut self) -> Result<T, Wrong> {
        let text = self.next("a number")?.text;
        // Rust would take a sign.
        let number = Some(&text).filter(|text| text.bytes().all(|octet| octet.is_ascii_digit()));
        number.and_then(|text| text.parse().ok()).ok_or(Wrong::Expected("a number", text))
    }

    fn address<T: std::str::FromStr>(&mut self, what: &'static str) -> Result<T, Wrong> {
        let text = self.next(what)?.text;
        text.parse().map_err(|_| Wrong::Expected(what, text))
    }

    fn string(&mut self) -> Result<Vec<u8>, Wrong> {
        let octets = octets(&self.next("a string")?.text)?;
        if octets.len() > 255 { Err(Wrong::LongString) } else { Ok(octets) }
    }

    pub(super) fn data(&mut self, rtype: Type) -> Result<Data, Wrong> {
        if self.peek().is_some_and(|token| !token.quoted && token.text == "\\#") {
            return self.generic(rtype);
        }
        Ok(match rtype {
            Type::A => Data::A(self.address("an IPv4 address")?),
            Type::AAAA => Data::Aaaa(self.address("an IPv6 address")?),
            Type::NS => Data::Ns(self.name()?),
            Type::CNAME => Data::Cname(self.name()?),
            Type::PTR => Data::Ptr(self.name()?),
            Type::SOA => Data::Soa(Soa {
                primary: self.name()?,
                mailbox: self.name()?,
                serial: self.number()?,
                refresh: self.ttl()?,
                retry: self.ttl()?,
                expire: self.ttl()?,
                minimum: self.ttl()?,
            }),
            Type::MX => Data::Mx { preference: self.number()?, exchange: self.name()? },
            Type::TXT => {
                let mut strings = vec![self.string()?];
                while self.peek().is_some() {
                    strings.push(self.string()?);
                }
                if strings.iter().map(|string| 1 + string.len()).sum::<usize>() > LARGEST {
                    return Err(Wrong::LongData);
                }
                Data::Txt(strings)
            }
            Type::SRV => Data::Srv {
                priority: self.number()?,
                weight: self.number()?,
                port: self.number()?,
                target: self.name()?,
            },
            Type::CAA => self.caa()?,
            _ => {
                return Err(self.next("\\# and the data").map_or_else(
                    |missing| missing,
                    |token| Wrong::Expected("\\# and the data in hex (RFC 3597 §5)", token.text),
                ));
            }
        })
    }

    fn caa(&mut self) -> Result<Data, Wrong> {
        let (flags, tag) = (self.number()?, self.next("a tag")?.text);
        if !is_tag(tag.as_bytes()) || tag.len() > 255 {
            return Err(Wrong::Expected("a tag of letters and digits", tag));
        }
        let value = octets(&self.next("a value")?.text)?;
        let data = Data::Caa { flags, tag: tag.into_bytes(), value };
        if let Data::Caa { tag, value, .. } = &data
            && 2 + tag.len() + value.len() > LARGEST
        {
            return Err(Wrong::LongData);
        }
        Ok(data)
    }

    /// `\# length hex…`: data of any type (RFC 3597 §5). That of a type that we know must be of its form.
    fn generic(&mut self, rtype: Type) -> Result<Data, Wrong> {
        self.next("\\#")?;
        let length: u16 = self.number()?;
        let mut hex = String::new();
        for token in self.tokens.by_ref() {
            hex += &token.text;
        }
        let wrong = || Wrong::Expected("as many octets in hex as the number says", hex.clone());
        if hex.len() != 2 * usize::from(length) || !hex.is_ascii() {
            return Err(wrong());
        }
        let digits = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
        let plain = hex.bytes().all(|digit| digit.is_ascii_hexdigit());
        let octets: Option<Vec<u8>> = hex.as_bytes().chunks(2).map(digits).collect();
        let octets = octets.filter(|_| plain).ok_or_else(wrong)?;
        Data::parse(rtype, Class::IN, &octets, 0..octets.len())
            .map_err(|_| Wrong::Expected("data of this type", hex))
    }
}

/// Whether a name's text ends in a dot that is not escaped.
fn is_absolute(text: &str) -> bool {
    let slashes = |text: &str| text.chars().rev().take_while(|c| *c == '\\').count();
    text.strip_suffix('.').is_some_and(|rest| slashes(rest).is_multiple_of(2))
}

/// A string's octets: escapes are read, and characters beyond ASCII stand for their UTF-8.
fn octets(text: &str) -> Result<Vec<u8>, Wrong> {
    let mut octets = Vec::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        if c == '\\' {
            octets.push(escaped(&mut characters).map_err(Wrong::Name)?);
        } else {
            octets.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }
    Ok(octets)
}

/// Seconds: a number, or several with the units `s`, `m`, `h`, `d` and `w`, as every name server reads them: `1h30m`.
pub(super) fn seconds(text: &str) -> Result<u32, Wrong> {
    let wrong = || Wrong::Expected("a number of seconds up to 2,147,483,647", text.to_owned());
    let mut total: u64 = 0;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let number: u64 = rest[..digits].parse::<u32>().map_err(|_| wrong())?.into();
        let mut units = rest[digits..].chars();
        let unit = match units.next().map(|unit| unit.to_ascii_lowercase()) {
            Some('s') => 1,
            // A bare number stands alone.
            None if digits == text.len() => 1,
            Some('m') => 60,
            Some('h') => 3_600,
            Some('d') => 86_400,
            Some('w') => 604_800,
            _ => return Err(wrong()),
        };
        total += number * unit;
        rest = units.as_str();
    }
    let seconds = u32::try_from(total).ok().filter(|seconds| *seconds <= LONGEST_TTL);
    seconds.filter(|_| !text.is_empty()).ok_or_else(wrong)
}

impl From<NameError> for Wrong {
    fn from(error: NameError) -> Self {
        Self::Name(error)
    }
}
