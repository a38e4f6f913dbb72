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
    // answer: // Here is room for what has to survive from one line to the next.
    /// EHLO or HELO has been said.
    greeted: bool,
    /// The transaction: from MAIL on, until its message has come, or it is given up.
    envelope: Option<Envelope>,
    // end answer
}

impl Session {
    /// After the greeting was sent, before the first line.
    pub fn new(domain: &str) -> Self {
        let domain = domain.to_owned();
        // answer: Self { domain }
        Self { domain, greeted: false, envelope: None }
        // end answer
    }

    /// Takes a line, without its CR LF, and returns what the client is told.
    ///
    /// After 354 the caller reads the message, and calls [`Session::end_of_message`] instead. After
    /// 221 and 421 it closes the connection.
    pub fn line(&mut self, line: &[u8]) -> Reply {
        // answer: let _ = line; // Yours to use; then this line can go.
        // answer: todo!("a verb, its arguments, and whether now is the time for it")
        let Some(line) = text(line) else {
            return Reply::new(500, "No SMTP command is as long, or holds such characters");
        };
        let (verb, arguments) = line.split_once(' ').unwrap_or((line, ""));
        match (verb.to_ascii_uppercase().as_str(), arguments) {
            ("EHLO" | "HELO", "") => Reply::new(501, "Who are you?"),
            ("EHLO", _) => self.hello(&[&format!("SIZE {LARGEST_MESSAGE}")]),
            ("HELO", _) => self.hello(&[]),
            ("MAIL", _) => self.mail(arguments).unwrap_or_else(|refusal| refusal),
            ("RCPT", _) => self.rcpt(arguments).unwrap_or_else(|refusal| refusal),
            ("DATA", "") => match &self.envelope {
                Some(envelope) if !envelope.recipients.is_empty() => {
                    Reply::new(354, "Go on, and end with a dot alone on a line")
                }
                _ => Reply::new(503, "First MAIL, then RCPT"),
            },
            ("RSET", "") => {
                self.envelope = None;
                Reply::new(250, "Forgotten")
            }
            ("NOOP", _) => Reply::new(250, "Nothing done"),
            ("QUIT", "") => Reply::new(221, "Closing"),
            ("VRFY", "") | ("DATA" | "RSET" | "QUIT", _) => Reply::new(501, "Wrong arguments"),
            // §3.5.3. To say who is here would tell spammers whom to write to.
            ("VRFY", _) => Reply::new(252, "Send some mail, and it will be seen"),
            ("EXPN" | "HELP", _) => Reply::new(502, "Not implemented"),
            // A browser that somebody has sent here. The next lines would be that somebody's.
            ("GET" | "POST" | "CONNECT", _) => Reply::new(421, "This is a mail server"),
            _ => Reply::new(500, "No such command"),
        }
        // end answer
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
        // answer: let _ = size;
        // answer: todo!("the envelope, if the message is not too large")
        let envelope = self.envelope.take();
        if size > LARGEST_MESSAGE {
            return refuse(552, "The message is too large");
        }
        envelope.map_or_else(|| refuse(503, "First MAIL, then RCPT, then DATA"), Ok)
        // end answer
    }
    // answer:

    /// §4.1.4: EHLO in the middle of a transaction gives that up.
    fn hello(&mut self, offers: &[&str]) -> Reply {
        (self.greeted, self.envelope) = (true, None);
        let mut reply = Reply::new(250, &self.domain);
        reply.lines.extend(offers.iter().map(|offer| (*offer).to_owned()));
        reply
    }

    fn mail(&mut self, arguments: &str) -> Result<Reply, Reply> {
        if !self.greeted || self.envelope.is_some() {
            return refuse(503, "Not now");
        }
        let Some((sender, parameters)) = path(arguments, "FROM:") else {
            return refuse(501, "MAIL FROM:<address>");
        };
        // §4.5.5: a message that reports a failure has no sender, or two servers would report to each other.
        if !sender.is_empty() && domain_of(sender).is_none() {
            return refuse(501, "That is no address");
        }
        for parameter in parameters {
            match parameter.split_once('=') {
                Some((name, size)) if name.eq_ignore_ascii_case("SIZE") => check_size(size)?,
                _ => return refuse(555, "That parameter was not offered"),
            }
        }
        self.envelope = Some(Envelope { sender: sender.to_owned(), recipients: Vec::new() });
        Ok(Reply::new(250, "Go on"))
    }

    fn rcpt(&mut self, arguments: &str) -> Result<Reply, Reply> {
        let Some(envelope) = &mut self.envelope else { return refuse(503, "First MAIL") };
        let Some((recipient, mut parameters)) = path(arguments, "TO:") else {
            return refuse(501, "RCPT TO:<address>");
        };
        match domain_of(recipient) {
            Some(domain) if domain.eq_ignore_ascii_case(&self.domain) => {}
            Some(_) => return refuse(550, "No mail for that domain is taken here"),
            // §4.5.1: somebody must be there to be told that something is wrong.
            None if recipient.eq_ignore_ascii_case("postmaster") => {}
            None => return refuse(501, "That is no address"),
        }
        if parameters.next().is_some() {
            return refuse(555, "That parameter was not offered");
        }
        // §4.5.3.1.10: 452, so that the client sends to the others in another transaction.
        if envelope.recipients.len() == MOST_RECIPIENTS {
            return refuse(452, "Too many recipients");
        }
        envelope.recipients.push(recipient.to_owned());
        Ok(Reply::new(250, "Go on"))
    }
    // end answer
}
// answer:

fn refuse<T>(code: u16, text: &str) -> Result<T, Reply> {
    Err(Reply::new(code, text))
}

/// The line without white space at its end (§4.1.1), if it is short enough, and ASCII that can be
/// seen (§2.4). A CR or an LF in it would be a line's end to the next program.
fn text(line: &[u8]) -> Option<&str> {
    let text = str::from_utf8(line).ok()?.trim_end_matches([' ', '\t']);
    let visible = text.bytes().all(|octet| matches!(octet, b' '..=b'~'));
    (line.len() <= LONGEST_LINE && visible).then_some(text)
}

/// What stands between the brackets behind `keyword`, and the parameters behind them.
fn path<'a>(arguments: &'a str, keyword: &str) -> Option<(&'a str, impl Iterator<Item = &'a str>)> {
    let (start, rest) = arguments.split_at_checked(keyword.len())?;
    // §3.3 has no space before the bracket; so many clients send one that servers take it.
    let (path, rest) = rest.trim_start_matches(' ').strip_prefix('<')?.split_once('>')?;
    let separate = rest.is_empty() || rest.starts_with(' ');
    (start.eq_ignore_ascii_case(keyword) && separate)
        .then(|| (path, rest.split(' ').filter(|parameter| !parameter.is_empty())))
}

/// The domain, if that is an address. A real server also takes quoted local parts and source routes.
fn domain_of(address: &str) -> Option<&str> {
    let (local, domain) = address.split_once('@')?;
    let fits = (1..=64).contains(&local.len()) && !domain.is_empty() && address.len() <= 254;
    let plain = |c: char| c.is_ascii_graphic() && c != '<' && c != '@';
    (fits && local.chars().all(plain) && domain.chars().all(plain)).then_some(domain)
}

/// RFC 1870 §4: one to twenty digits. That is more than a `u64` holds, and than anybody has.
fn check_size(digits: &str) -> Result<(), Reply> {
    if !(1..=20).contains(&digits.len()) || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return refuse(501, "SIZE is a number");
    }
    match digits.parse() {
        Ok(0..=LARGEST_MESSAGE) => Ok(()),
        _ => refuse(552, "The message is too large"),
    }
}
// end answer
