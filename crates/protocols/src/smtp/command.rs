//! What a client asks: one line, a verb and its arguments (RFC 5321 §4.1).
//!
//! ```text
//! MAIL FROM:<a@x.example> SIZE=1024 BODY=8BITMIME CRLF
//! └verb┘    └─ path ────┘ └─ parameters ────────┘
//! ```

use std::fmt;

use super::address::{self, Path};

/// RFC 5321 §4.5.3.1.4: octets of a command line, with its CRLF.
pub const LONGEST_COMMAND: usize = 512;
/// What the extensions on offer add to a MAIL command: SIZE 26 (RFC 1870 §3), 8BITMIME 17
/// (RFC 6152 §2), SMTPUTF8 10 (RFC 6531 §3.1).
pub const LONGEST_MAIL: usize = LONGEST_COMMAND + 26 + 17 + 10;

/// A command that is understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command<'a> {
    /// `HELO`, with the client's name for itself.
    Helo(&'a str),
    /// `EHLO`: the same, and it wants to know what is on offer.
    Ehlo(&'a str),
    /// `MAIL FROM:`
    Mail(Path, MailParameters),
    /// `RCPT TO:`
    Rcpt(Path),
    /// `DATA`
    Data,
    /// `RSET`
    Rset,
    /// `NOOP`; what follows it means nothing.
    Noop,
    /// `QUIT`
    Quit,
    /// `VRFY`, with whom.
    Vrfy(&'a [u8]),
    /// `HELP`; what follows it names a topic, and gets the same answer.
    Help,
}

/// What MAIL may say beside the sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MailParameters {
    /// `SIZE=`: the octets that the client is about to send (RFC 1870).
    pub size: Option<u64>,
    /// `BODY=`: `Some(true)` for 8BITMIME, `Some(false)` for 7BIT (RFC 6152).
    pub eight_bit: Option<bool>,
    /// `SMTPUTF8`: addresses and header fields may hold UTF-8 (RFC 6531).
    pub utf8: bool,
}

/// Why a line is no command, and what a server answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Error {
    /// A control character in it, or nothing at all, or a verb that nobody knows: 500.
    Unrecognized,
    /// A verb of the standard, or of an extension that is not on offer: 502.
    NotImplemented,
    /// Arguments where there may be none, none where there must be some, or wrong ones: 501.
    Arguments,
    /// The address: 501, and for one that is too long as well (RFC 5321 §4.5.3.1.9).
    Address(address::Error),
    /// A parameter of an extension that was not offered: 555 (RFC 5321 §4.1.1.11).
    Parameter,
    /// Another protocol's first line. The peer is a browser, say, that somebody made talk to us.
    Foreign,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unrecognized => f.write_str("no SMTP command"),
            Self::NotImplemented => f.write_str("a command that is not on offer"),
            Self::Arguments => f.write_str("wrong arguments"),
            Self::Address(error) => error.fmt(f),
            Self::Parameter => f.write_str("a parameter that is not on offer"),
            Self::Foreign => f.write_str("another protocol's request"),
        }
    }
}

impl std::error::Error for Error {}

impl<'a> Command<'a> {
    /// Reads a line without its CRLF.
    ///
    /// # Errors
    ///
    /// Why it is no command.
    pub fn parse(line: &'a [u8]) -> Result<Self, Error> {
        // RFC 5321 §4.1.1: trailing white space should be tolerated. And RFC 5321 §2.3.8: CR and LF
        // stand for nothing but a line's end; nor does any other control character for anything.
        let line = line.trim_ascii_end();
        let at = line.iter().position(|&octet| octet == b' ').unwrap_or(line.len());
        let (verb, rest) = line.split_at(at);
        if is_foreign(verb) {
            return Err(Error::Foreign);
        }
        if line.iter().any(u8::is_ascii_control) {
            return Err(Error::Unrecognized);
        }
        let arguments = rest.trim_ascii_start();
        let without =
            |command| if arguments.is_empty() { Ok(command) } else { Err(Error::Arguments) };
        match upper_case(verb, &mut [0; LONGEST_WORD]) {
            b"HELO" => client_name(arguments).map(Command::Helo),
            b"EHLO" => client_name(arguments).map(Command::Ehlo),
            b"MAIL" => mail(arguments),
            b"RCPT" => rcpt(arguments),
            b"DATA" => without(Command::Data),
            b"RSET" => without(Command::Rset),
            b"NOOP" => Ok(Command::Noop),
            b"QUIT" => without(Command::Quit),
            b"VRFY" if arguments.is_empty() => Err(Error::Arguments),
            b"VRFY" => Ok(Command::Vrfy(arguments)),
            b"HELP" => Ok(Command::Help),
            // RFC 5321 §4.1.1.7, appendix F; RFC 3030; RFC 3207; RFC 4954; RFC 1985.
            b"EXPN" | b"TURN" | b"SEND" | b"SOML" | b"SAML" | b"BDAT" | b"STARTTLS" | b"AUTH"
            | b"ETRN" => Err(Error::NotImplemented),
            _ => Err(Error::Unrecognized),
        }
    }
}

/// Octets of the longest word that a command is told by: STARTTLS, SMTPUTF8, 8BITMIME.
const LONGEST_WORD: usize = 8;

/// `word` in upper case, in `room`: every command is looked at so, and none need allocate for it. Of one
/// that is longer than those that mean something, nothing.
fn upper_case<'a>(word: &[u8], room: &'a mut [u8; LONGEST_WORD]) -> &'a [u8] {
    let Some(room) = room.get_mut(..word.len()) else { return b"" };
    room.copy_from_slice(word);
    room.make_ascii_uppercase();
    room
}

/// The verbs of HTTP, and the first octet of a TLS handshake (RFC 8446 §5.1).
///
/// A browser that is made to send `POST / HTTP/1.1` here would go on with lines of an attacker's
/// choice: what looks like HTTP must not be read to its second line.
fn is_foreign(verb: &[u8]) -> bool {
    const HTTP: [&[u8]; 9] =
        [b"GET", b"HEAD", b"POST", b"PUT", b"DELETE", b"CONNECT", b"OPTIONS", b"TRACE", b"PATCH"];
    const TLS_HANDSHAKE: u8 = 0x16;
    verb.first() == Some(&TLS_HANDSHAKE) || HTTP.iter().any(|http| verb.eq_ignore_ascii_case(http))
}

/// RFC 5321 §4.1.1.1: a domain or an address literal. Many a client has a name that is neither, with
/// an underscore say, and is not to be refused for it (§4.1.4). But the name will stand in a
/// header field, so it may hold nothing that has a meaning there.
fn client_name(arguments: &[u8]) -> Result<&str, Error> {
    let harmless = |c: char| c.is_alphanumeric() || ".-_:[]".contains(c);
    str::from_utf8(arguments)
        .ok()
        .filter(|name| (1..=address::LONGEST_DOMAIN).contains(&name.len()))
        .filter(|name| name.chars().all(harmless))
        .ok_or(Error::Arguments)
}

fn mail<'a>(arguments: &[u8]) -> Result<Command<'a>, Error> {
    let (path, rest) = path(arguments, b"FROM:")?;
    if path == Path::Postmaster {
        return Err(Error::Address(address::Error::Domain));
    }
    let mut parameters = MailParameters::default();
    for parameter in split_parameters(rest)? {
        parameters.add(parameter)?;
    }
    Ok(Command::Mail(path, parameters))
}

fn rcpt<'a>(arguments: &[u8]) -> Result<Command<'a>, Error> {
    let (path, rest) = path(arguments, b"TO:")?;
    if path == Path::Null {
        return Err(Error::Address(address::Error::LocalPart));
    }
    match split_parameters(rest)?.next() {
        None => Ok(Command::Rcpt(path)),
        Some(_) => Err(Error::Parameter), // DSN's (RFC 3461), say, which is not on offer.
    }
}

/// The path behind `FROM:` or `TO:`. RFC 5321 §3.3 has no space between them; so many clients send
/// one that servers take it.
fn path<'a>(arguments: &'a [u8], keyword: &[u8]) -> Result<(Path, &'a [u8]), Error> {
    match arguments.split_at_checked(keyword.len()) {
        Some((start, rest)) if start.eq_ignore_ascii_case(keyword) => {
            Path::parse(rest.trim_ascii_start()).map_err(Error::Address)
        }
        _ => Err(Error::Arguments),
    }
}

/// What stands between spaces; there must be one before the first.
fn split_parameters(rest: &[u8]) -> Result<impl Iterator<Item = &[u8]>, Error> {
    if !rest.is_empty() && rest[0] != b' ' {
        return Err(Error::Arguments);
    }
    Ok(rest.split(|&octet| octet == b' ').filter(|parameter| !parameter.is_empty()))
}

impl MailParameters {
    /// RFC 5321 §4.1.2, `esmtp-param`: a keyword, and perhaps `=` and a value. Each at most once.
    fn add(&mut self, parameter: &[u8]) -> Result<(), Error> {
        let at = parameter.iter().position(|&octet| octet == b'=');
        let (keyword, value) = match at {
            Some(at) => (&parameter[..at], Some(&parameter[at + 1..])),
            None => (parameter, None),
        };
        match (upper_case(keyword, &mut [0; LONGEST_WORD]), value) {
            (b"SIZE", Some(value)) if self.size.is_none() => self.size = Some(size(value)?),
            (b"BODY", Some(value)) if self.eight_bit.is_none() => {
                self.eight_bit = Some(match upper_case(value, &mut [0; LONGEST_WORD]) {
                    b"7BIT" => false,
                    b"8BITMIME" => true,
                    _ => return Err(Error::Arguments), // BINARYMIME (RFC 3030), say.
                });
            }
            // Python's smtplib says it twice if it is asked to say it.
            (b"SMTPUTF8", None) => self.utf8 = true,
            (b"SIZE" | b"BODY" | b"SMTPUTF8", _) => return Err(Error::Arguments),
            _ => return Err(Error::Parameter),
        }
        Ok(())
    }
}

/// RFC 1870 §4: one to twenty digits. More than a `u64` holds is more than anybody has.
fn size(digits: &[u8]) -> Result<u64, Error> {
    if !(1..=20).contains(&digits.len()) || !digits.iter().all(u8::is_ascii_digit) {
        return Err(Error::Arguments);
    }
    let digit =
        |number: u64, digit: &u8| number.saturating_mul(10).saturating_add(u64::from(digit - b'0'));
    Ok(digits.iter().fold(0, digit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_that_are_right() {
        assert_eq!(Command::parse(b"ehlo [127.0.0.1]"), Ok(Command::Ehlo("[127.0.0.1]")));
        assert_eq!(Command::parse(b"HeLo my_pc "), Ok(Command::Helo("my_pc")));
        assert_eq!(Command::parse(b"DATA \t"), Ok(Command::Data));
        assert_eq!(Command::parse(b"NOOP whatever"), Ok(Command::Noop));
        assert_eq!(Command::parse(b"VRFY <a@x>"), Ok(Command::Vrfy(b"<a@x>")));
        let all = MailParameters { size: Some(12), eight_bit: Some(true), utf8: true };
        for line in [
            "MAIL FROM:<> SIZE=12 BODY=8BITMIME SMTPUTF8",
            "mail from: <>  smtputf8 body=8bitmime size=12",
        ] {
            assert_eq!(
                Command::parse(line.as_bytes()),
                Ok(Command::Mail(Path::Null, all)),
                "{line}"
            );
        }
        let huge = Command::parse(b"MAIL FROM:<> SIZE=99999999999999999999");
        let parameters = MailParameters { size: Some(u64::MAX), ..MailParameters::default() };
        assert_eq!(huge, Ok(Command::Mail(Path::Null, parameters)));
        assert_eq!(Command::parse(b"RCPT TO:<postmaster>"), Ok(Command::Rcpt(Path::Postmaster)));
    }

    #[test]
    fn lines_that_are_no_commands() {
        use Error::{Arguments, Foreign, NotImplemented, Parameter, Unrecognized};
        for (line, error) in [
            (&b""[..], Unrecognized),
            (b" NOOP", Unrecognized),
            (b"HELLO x", Unrecognized),
            (b"NOOP\rNOOP", Unrecognized),
            (b"NOOP \0", Unrecognized),
            (b"NOOP\nQUIT", Unrecognized),
            (b"MAILFROM:<a@x>", Unrecognized),
            (b"EHLO", Arguments),
            (b"EHLO a b", Arguments),
            (b"EHLO (x)", Arguments),
            (b"EHLO \xff", Arguments),
            (b"DATA now", Arguments),
            (b"QUIT x", Arguments),
            (b"RSET x", Arguments),
            (b"VRFY", Arguments),
            (b"MAIL", Arguments),
            (b"MAIL TO:<a@x>", Arguments),
            (b"MAIL FROM <a@x>", Arguments),
            (b"MAIL FROM:<a@x>SIZE=1", Arguments),
            (b"MAIL FROM:<a@x> SIZE=", Arguments),
            (b"MAIL FROM:<a@x> SIZE=-1", Arguments),
            (b"MAIL FROM:<a@x> SIZE", Arguments),
            (b"MAIL FROM:<a@x> SIZE=1 SIZE=2", Arguments),
            (b"MAIL FROM:<a@x> SIZE=123456789012345678901", Arguments),
            (b"MAIL FROM:<a@x> BODY=BINARYMIME", Arguments),
            (b"MAIL FROM:<a@x> SMTPUTF8=yes", Arguments),
            (b"MAIL FROM:<a@x> FOO=1", Parameter),
            (b"RCPT TO:<a@x> NOTIFY=NEVER", Parameter),
            (b"STARTTLS", NotImplemented),
            (b"EXPN list", NotImplemented),
            (b"POST / HTTP/1.1", Foreign),
            (b"\x16\x03\x01\x02", Foreign),
        ] {
            assert_eq!(Command::parse(line), Err(error), "{}", line.escape_ascii());
        }
        assert!(matches!(Command::parse(b"MAIL FROM:a@x"), Err(Error::Address(_))));
        assert!(matches!(Command::parse(b"MAIL FROM:<postmaster>"), Err(Error::Address(_))));
        assert!(matches!(Command::parse(b"RCPT TO:<>"), Err(Error::Address(_))));
    }
}
