//! The conversation of an SMTP server, line by line, without I/O: RFC 5321 §3.3, §4.1.
//!
//! ```text
//!  client                                server
//!                                        220 mail.example
//!  EHLO client.example                   250-mail.example     "250-": more lines come
//!                                        250 SIZE 1000000     "250 ": the last one
//!  MAIL FROM:<ada@client.example>        250 …                the transaction begins
//!  RCPT TO:<bob@mail.example>            250 …                for whom, as often as needed
//!  DATA                                  354 …                the message follows
//!  Subject: … CRLF . CRLF                250 …                taken: the transaction is over
//!  QUIT                                  221 …
//! ```

/// Octets of the largest message, as SIZE says it (RFC 1870 §5): with its CR LFs, without the dots added to it.
pub const LARGEST_MESSAGE: u64 = 1_000_000;
/// Recipients of one message at most. RFC 5321 §4.5.3.1.8 wants no fewer.
pub const MOST_RECIPIENTS: usize = 100;
/// Octets of a line at most, without its CR LF: 512 with it (RFC 5321 §4.5.3.1.4), and 26 more for MAIL
/// with SIZE (RFC 1870 §3).
pub const LONGEST_LINE: usize = 512 + 26 - 2;

/// What a server answers. Programs read the code, people the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// Three digits: 2xx done, 354 go on, 4xx not now, 5xx never.
    pub code: u16,
    /// One line of text at least, each without its CR LF.
    pub lines: Vec<String>,
}

impl Reply {
    /// A reply of one line.
    pub fn new(code: u16, text: &str) -> Self {
        Self { code, lines: vec![text.to_owned()] }
    }

    /// As it goes onto the wire: a hyphen behind the code says that another line comes
    /// (RFC 5321 §4.2.1).
    pub fn octets(&self) -> Vec<u8> {
        let last = self.lines.len().saturating_sub(1);
        let mark = |at| if at == last { ' ' } else { '-' };
        let lines = self.lines.iter().enumerate();
        let lines = lines.map(|(at, line)| format!("{}{}{line}\r\n", self.code, mark(at)));
        lines.collect::<String>().into_bytes()
    }
}

/// Whose message it is, and for whom.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Envelope {
    /// Whom to tell if it cannot be delivered, as sent, without the brackets. Empty: nobody.
    pub sender: String,
    /// Who gets it, in the order in which they were named, as sent, without the brackets.
    pub recipients: Vec<String>,
}

/// One client's conversation with a server that takes mail for one domain.
#[derive(Debug)]
pub struct Session {
    /// The server's name, which is also the domain whose mail it takes.
    pub domain: String,
    // Here is room for what has to survive from one line to the next.
}

impl Session {
    /// After the greeting was sent, before the first line.
    pub fn new(domain: &str) -> Self {
        let domain = domain.to_owned();
        Self { domain }
    }

    /// Takes a line, without its CR LF, and returns what the client is told.
    ///
    /// After 354 the caller reads the message, and calls [`Session::end_of_message`] instead. After
    /// 221 and 421 it closes the connection.
    pub fn line(&mut self, line: &[u8]) -> Reply {
        let _ = line; // Yours to use; then this line can go.
        todo!("a verb, its arguments, and whether now is the time for it")
    }

    /// The message has come, whole: so many octets.
    ///
    /// The caller stores it for those whom the envelope names, and answers 250 when that is done: from
    /// then on it answers for the message (RFC 5321 §6.1). Either way the transaction is over.
    ///
    /// # Errors
    ///
    /// What the client is told instead: 552, the message is larger than [`LARGEST_MESSAGE`].
    pub fn end_of_message(&mut self, size: u64) -> Result<Envelope, Reply> {
        let _ = size;
        todo!("the envelope, if the message is not too large")
    }
}
