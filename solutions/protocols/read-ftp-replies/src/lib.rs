//! The control connection of FTP as a client sees it: replies in, commands out (RFC 959 §4.2, §5.3).
//!
//! ```text
//!  226 Transfer complete. CR LF      a reply of one line: the code, a space, words for people
//!
//!  230-Welcome. CR LF                a reply of several: the code, a hyphen …
//!  226 users are here. CR LF         … lines that may look like anything …
//!  230 Logged in. CR LF              … and one with the same code and a space, which is the last
//!
//!  … FF F1 …                         in between, anywhere: a Telnet command (RFC 854)
//! ```
// answer:

// answer:
use std::collections::VecDeque;
use std::mem;
// end answer

/// Octets of a reply at most: all its lines with their ends, without what is Telnet.
pub const LONGEST_REPLY: usize = 64 * 1024;

/// IAC, "interpret as command": with this octet every Telnet command begins (RFC 854).
pub const IAC: u8 = 0xff;
/// The first of the four Telnet commands of three octets: WILL, WON'T, DO and DON'T.
pub const WILL: u8 = 0xfb;
/// The last of them.
pub const DONT: u8 = 0xfe;

/// What a server says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// 100 to 599.
    pub code: u16,
    /// The words of each line, without its end. The code and what follows it are left out of the first
    /// line and of the last; a line between is whole.
    pub lines: Vec<Vec<u8>>,
}

/// Why what a server says is no reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Error {
    /// A first line does not begin with a code, and a space or a hyphen behind it.
    Malformed,
    /// It is longer than [`LONGEST_REPLY`].
    TooLong,
}

/// Makes replies out of the octets of a control connection.
#[derive(Debug, Default)]
pub struct Replies {
    // answer: // Here is room for what has to survive from one call to the next.
    telnet: Telnet,
    /// What came of the line whose end has not come.
    line: Vec<u8>,
    /// The reply whose last line has not come.
    begun: Option<Reply>,
    /// Octets of this reply until now.
    length: usize,
    /// Replies that nobody has taken yet.
    whole: VecDeque<Reply>,
    /// What every call returns once those are taken.
    refused: Option<Error>,
    // end answer
}
// answer:

/// What the octets just before have said of the next one.
#[derive(Debug, Default)]
enum Telnet {
    #[default]
    Text,
    /// IAC came.
    Command,
    /// IAC came, and a command about an option: which one, comes now.
    Option,
}
// end answer

impl Replies {
    /// At the beginning of a connection.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds what came next on the connection: any number of octets, cut anywhere.
    pub fn push(&mut self, octets: &[u8]) {
        // answer: let _ = octets; // Yours to use; then this line can go.
        // answer: todo!("take what is Telnet out, and keep the rest line by line")
        for octet in octets {
            if let Some(octet) = self.text(*octet)
                && self.refused.is_none()
            {
                self.refused = self.keep(octet).err();
            }
        }
        // end answer
    }

    /// The next reply, if a whole one has come.
    ///
    /// # Errors
    ///
    /// What is wrong with the reply whose turn it is. From then on every call returns it again: nobody
    /// knows where the next reply would begin.
    pub fn take(&mut self) -> Result<Option<Reply>, Error> {
        // answer: todo!("the replies that are whole, in their order; then the error, if there was one")
        match (self.whole.pop_front(), self.refused) {
            (None, Some(error)) => Err(error),
            (reply, _) => Ok(reply),
        }
        // end answer
    }
    // answer:

    /// The octet, if it is text and not part of a Telnet command.
    fn text(&mut self, octet: u8) -> Option<u8> {
        let (state, text) = match (&self.telnet, octet) {
            (Telnet::Text, IAC) => (Telnet::Command, None),
            (Telnet::Command, WILL..=DONT) => (Telnet::Option, None),
            // A doubled IAC stands for itself.
            (Telnet::Text, _) | (Telnet::Command, IAC) => (Telnet::Text, Some(octet)),
            (Telnet::Command | Telnet::Option, _) => (Telnet::Text, None),
        };
        self.telnet = state;
        text
    }

    fn keep(&mut self, octet: u8) -> Result<(), Error> {
        self.length += 1;
        // Before it is kept: a reply that never ends must not fill the memory.
        if self.length > LONGEST_REPLY {
            return Err(Error::TooLong);
        }
        self.line.push(octet);
        if octet == b'\n' {
            let line = mem::take(&mut self.line);
            let line = line.strip_suffix(b"\n").unwrap_or(&line);
            self.take_line(line.strip_suffix(b"\r").unwrap_or(line))?;
        }
        Ok(())
    }

    fn take_line(&mut self, line: &[u8]) -> Result<(), Error> {
        let words = line.get(4..).unwrap_or_default().to_vec();
        match (self.begun.take(), head(line)) {
            (None, None) => return Err(Error::Malformed),
            (None, Some((code, true))) => self.begun = Some(Reply { code, lines: vec![words] }),
            (None, Some((code, false))) => self.end(Reply { code, lines: vec![words] }),
            (Some(mut reply), Some((code, false))) if code == reply.code => {
                reply.lines.push(words);
                self.end(reply);
            }
            (Some(mut reply), _) => {
                reply.lines.push(line.to_vec());
                self.begun = Some(reply);
            }
        }
        Ok(())
    }

    fn end(&mut self, reply: Reply) {
        self.whole.push_back(reply);
        self.length = 0;
    }
    // end answer
}
// answer:

/// The code that a line begins with, and whether more lines follow.
fn head(line: &[u8]) -> Option<(u16, bool)> {
    let [a @ b'1'..=b'5', b @ b'0'..=b'9', c @ b'0'..=b'9', rest @ ..] = line else { return None };
    let code = [a, b, c].iter().fold(0, |code, digit| code * 10 + u16::from(**digit - b'0'));
    match rest.first() {
        Some(b'-') => Some((code, true)),
        // Servers that have no words to say leave the space out as well.
        Some(b' ') | None => Some((code, false)),
        Some(_) => None,
    }
}
// end answer

/// The line of a command, ready to be sent: the verb, a space and the argument if there is one, CR LF.
/// In the argument, IAC is doubled.
///
/// `None`: the argument holds a CR, an LF or a NUL. It would be more than one command.
pub fn command(verb: &str, argument: &[u8]) -> Option<Vec<u8>> {
    // answer: let _ = (verb, argument); // Yours to use; then this line can go.
    // answer: todo!("refuse what would end the line, and double what would begin a Telnet command")
    if argument.iter().any(|octet| matches!(octet, b'\r' | b'\n' | 0)) {
        return None;
    }
    let mut line = verb.as_bytes().to_vec();
    if !argument.is_empty() {
        line.push(b' ');
    }
    for octet in argument {
        line.push(*octet);
        if *octet == IAC {
            line.push(IAC);
        }
    }
    line.extend(b"\r\n");
    Some(line)
    // end answer
}
