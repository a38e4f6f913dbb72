//! One letter handed to a mail server: the client's side of SMTP (RFC 5321).
//!
//! ```text
//! client                                   server
//!                                          220 mail.example ESMTP
//! EHLO [127.0.0.1]                         250-mail.example
//!                                          250-SIZE 10485760      what it can do besides,
//!                                          250 8BITMIME           a line each
//! MAIL FROM:<ada@x.example> SIZE=29        250 2.1.0 Ok           who it is from
//! RCPT TO:<bob@y.example>                  250 2.1.5 Ok           whom it is for,
//! RCPT TO:<eve@y.example>                  550 5.1.1 Who?         a reply to each
//! DATA                                     354 Go ahead
//! Subject: hello CRLF … CRLF . CRLF        250 2.0.0 Stored       from here on it is the server's
//! QUIT                                     221 2.0.0 Bye
//! ```

use std::net::TcpStream;
// answer:
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
// end answer

/// What the client calls itself: an address literal (RFC 5321 §4.1.3).
pub const NAME: &str = "[127.0.0.1]";
/// As many octets as a reply may have, all its lines together.
pub const LONGEST_REPLY: usize = 65_536;
/// As many octets as an address may have (RFC 5321 §4.5.3.1.3: 256, with its angle brackets).
pub const LONGEST_ADDRESS: usize = 254;

/// Who sends what to whom.
#[derive(Debug, Clone, Copy)]
pub struct Letter<'a> {
    /// An address; or nothing: `<>`, the sender of reports about mail.
    pub sender: &'a str,
    /// At least one address.
    pub recipients: &'a [&'a str],
    /// The message: header, empty line, body. CR LF, LF or CR ends a line.
    pub text: &'a [u8],
}

/// What became of a letter to one recipient. With it comes the code that says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// The server has it.
    Delivered,
    /// Not now: the same may succeed later.
    Deferred(u16),
    /// Not like this: to send it again is of no use.
    Refused(u16),
    /// All was sent, and nobody knows whether the server has it. To send it again may double it.
    Uncertain,
}

/// An address that cannot stand in a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadAddress(pub String);

/// Hands a letter to the server on `stream`, and tells what became of it, recipient by recipient.
///
/// The stream's timeouts are the caller's. Whatever goes wrong with the connection becomes a fate.
///
/// # Errors
///
/// The first address, the sender's before the recipients', that is none; then nothing is sent.
pub fn send_mail(stream: TcpStream, letter: &Letter<'_>) -> Result<Vec<Fate>, BadAddress> {
    // answer: let _ = (stream, letter, NAME, LONGEST_REPLY, LONGEST_ADDRESS); // Yours to use.
    // answer: todo!("check the addresses; then a reply, a command, a reply, a command …")
    let sender = (!letter.sender.is_empty()).then_some(&letter.sender);
    if let Some(bad) = sender.into_iter().chain(letter.recipients).find(|text| !is_address(text)) {
        return Err(BadAddress((*bad).to_owned()));
    }
    let mut refused = vec![None; letter.recipients.len()];
    let mut session = Session { server: BufReader::new(stream), all_sent: false };
    let others = match session.deliver(letter, &mut refused) {
        Ok(fate) | Err(Stop::Said(fate)) => {
            let _ = session.command("QUIT"); // Nothing depends on how this goes.
            fate
        }
        // RFC 1047: the server may have it, whether we heard of it or not.
        Err(Stop::Lost) if session.all_sent => Fate::Uncertain,
        // RFC 5321 §3.8: who loses the connection acts as if it had received 451.
        Err(Stop::Lost) => Fate::Deferred(451),
    };
    Ok(refused.into_iter().map(|fate| fate.unwrap_or(others)).collect())
    // end answer
}
// answer:

/// The local parts and domains that need no quotes (RFC 5321 §4.1.2), and address literals (§4.1.3).
/// It lists what may be there. A list of what is harmful would never be complete.
fn is_address(text: &str) -> bool {
    let local =
        |octet: u8| octet.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.".contains(&octet);
    let domain = |octet: u8| octet.is_ascii_alphanumeric() || b"-.:[]".contains(&octet);
    let Some((left, right)) = text.split_once('@') else { return false };
    let empty = left.is_empty() || right.is_empty();
    !empty && text.len() <= LONGEST_ADDRESS && left.bytes().all(local) && right.bytes().all(domain)
}

/// The text with CR LF at the end of each line, whatever stood there (RFC 5321 §2.3.8).
fn with_crlf(text: &[u8]) -> Vec<u8> {
    let mut lines = Vec::with_capacity(text.len() + 2);
    let mut last = b'\n';
    for &octet in text {
        match octet {
            b'\n' if last == b'\r' => {} // The CR has ended the line.
            b'\r' | b'\n' => lines.extend(b"\r\n"),
            _ => lines.push(octet),
        }
        last = octet;
    }
    if !matches!(last, b'\r' | b'\n') {
        lines.extend(b"\r\n");
    }
    lines
}

/// A dot more at the start of each line that begins with one, and then a dot alone (RFC 5321 §4.5.2).
fn with_dots(lines: &[u8]) -> Vec<u8> {
    let mut wire = Vec::with_capacity(lines.len() + 16);
    for line in lines.split_inclusive(|&octet| octet == b'\n') {
        if line.starts_with(b".") {
            wire.push(b'.');
        }
        wire.extend(line);
    }
    wire.extend(b".\r\n");
    wire
}

/// A reply: its code, and its lines without it.
struct Reply {
    code: u16,
    lines: Vec<String>,
}

impl Reply {
    /// The reply, if it is of the class that was hoped for: 2 for done, 3 for go on.
    fn hoped(self, class: u16) -> Result<Self, Fate> {
        match self.code / 100 {
            got if got == class => Ok(self),
            5 => Err(Fate::Refused(self.code)),
            _ => Err(Fate::Deferred(self.code)),
        }
    }

    /// What stands behind an extension's name in the reply to EHLO; `None`: it is not offered.
    fn offer(&self, name: &str) -> Option<&str> {
        let mut offers =
            self.lines.iter().skip(1).map(|line| line.split_once(' ').unwrap_or((line, "")));
        offers.find(|(offered, _)| offered.eq_ignore_ascii_case(name)).map(|(_, rest)| rest)
    }
}

/// Why there is nothing more to say.
enum Stop {
    /// The server said so.
    Said(Fate),
    /// The connection failed, or what came over it is not SMTP.
    Lost,
}

impl From<Fate> for Stop {
    fn from(fate: Fate) -> Self {
        Self::Said(fate)
    }
}

impl From<io::Error> for Stop {
    fn from(_: io::Error) -> Self {
        Self::Lost
    }
}

struct Session {
    server: BufReader<TcpStream>,
    /// The text, to its end.
    all_sent: bool,
}

impl Session {
    /// Notes who is refused by name, and returns the fate of all the others.
    fn deliver(&mut self, letter: &Letter<'_>, refused: &mut [Option<Fate>]) -> Result<Fate, Stop> {
        let text = with_crlf(letter.text);
        self.reply()?.hoped(2)?;
        let mut hello = self.command(&format!("EHLO {NAME}"))?;
        // RFC 5321 §3.2: a server that knows no EHLO knows HELO. It has nothing to offer then.
        if hello.code / 100 == 5 {
            hello = self.command(&format!("HELO {NAME}"))?;
            hello.lines.clear();
        }
        let hello = hello.hoped(2)?;
        let mut mail = format!("MAIL FROM:<{}>", letter.sender);
        if let Some(limit) = hello.offer("SIZE") {
            // RFC 1870 §4: 0, or no number, says nothing of a limit.
            if limit.parse().is_ok_and(|limit: usize| limit > 0 && text.len() > limit) {
                return Ok(Fate::Refused(552));
            }
            mail += &format!(" SIZE={}", text.len());
        }
        if !text.is_ascii() {
            if hello.offer("8BITMIME").is_none() {
                return Ok(Fate::Refused(554));
            }
            mail += " BODY=8BITMIME";
        }
        self.command(&mail)?.hoped(2)?;
        for (recipient, refused) in letter.recipients.iter().zip(&mut *refused) {
            *refused = self.command(&format!("RCPT TO:<{recipient}>"))?.hoped(2).err();
        }
        // RFC 5321 §3.3: no recipient, no DATA. Each has a fate by now, so this one is nobody's.
        if refused.iter().all(Option::is_some) {
            return Ok(Fate::Deferred(451));
        }
        self.command("DATA")?.hoped(3)?;
        self.send(&with_dots(&text))?;
        self.all_sent = true;
        match self.reply()? {
            // Go on? There is nothing more to send.
            reply if reply.code / 100 == 3 => Ok(Fate::Uncertain),
            reply => Ok(reply.hoped(2).map(|_| Fate::Delivered)?),
        }
    }

    fn command(&mut self, line: &str) -> io::Result<Reply> {
        self.send(format!("{line}\r\n").as_bytes())?;
        self.reply()
    }

    /// Sends, unless something has come already that nobody had asked for: it would be taken for the
    /// reply to this.
    fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        if !self.server.buffer().is_empty() {
            return Err(io::Error::new(ErrorKind::InvalidData, "the server spoke out of turn"));
        }
        self.server.get_mut().write_all(bytes)
    }

    /// The next reply, all its lines (RFC 5321 §4.2.1).
    fn reply(&mut self) -> io::Result<Reply> {
        let invalid = || io::Error::new(ErrorKind::InvalidData, "not a reply of SMTP");
        let mut server = (&mut self.server).take(LONGEST_REPLY as u64);
        let mut first = None;
        let mut lines = Vec::new();
        loop {
            let mut line = Vec::new();
            server.read_until(b'\n', &mut line)?;
            let line = line.strip_suffix(b"\n").ok_or(ErrorKind::UnexpectedEof)?;
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            let &[a @ b'2'..=b'5', b @ b'0'..=b'9', c @ b'0'..=b'9', ref rest @ ..] = line else {
                return Err(invalid());
            };
            let code = [a, b, c].iter().fold(0, |code, digit| code * 10 + u16::from(digit - b'0'));
            if *first.get_or_insert(code) != code {
                return Err(invalid());
            }
            lines.push(String::from_utf8_lossy(rest.get(1..).unwrap_or_default()).into_owned());
            match rest.first() {
                Some(b'-') => {}
                Some(b' ') | None => return Ok(Reply { code, lines }),
                Some(_) => return Err(invalid()),
            }
        }
    }
}
// end answer
