//! One connection: lines to your `Session`, what follows a 354 to your `Receiver`.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

#[cfg(not(feature = "solution"))]
use converse_in_smtp::{Envelope, LONGEST_LINE, Reply, Session};
#[cfg(feature = "solution")]
use converse_in_smtp_solution::{Envelope, LONGEST_LINE, Reply, Session};
#[cfg(not(feature = "solution"))]
use end_the_message::Receiver;
#[cfg(feature = "solution")]
use end_the_message_solution::Receiver;

/// How long a client may be silent. A real server waits five minutes (RFC 5321 §4.5.3.2.7).
const PATIENCE: Duration = Duration::from_secs(60);

struct Connection {
    stream: TcpStream,
    /// What has been read, and nobody has taken.
    unread: Vec<u8>,
}

/// Talks with one client, to the end.
pub(crate) fn converse(stream: TcpStream, domain: &str) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut connection = Connection { stream, unread: Vec::new() };
    let mut session = Session::new(domain);
    connection.say(&Reply::new(220, &format!("{domain} ESMTP")))?;
    while let Some(line) = connection.line()? {
        let reply = session.line(&line);
        connection.say(&reply)?;
        match reply.code {
            221 | 421 => break,
            354 => {
                let Some(message) = connection.message()? else { break };
                // A message that was not kept is larger than any limit.
                let size = message.as_ref().map_or(u64::MAX, |message| message.len() as u64);
                let reply = match (session.end_of_message(size), message) {
                    (Ok(envelope), Some(message)) => {
                        print(&envelope, &message);
                        // A real server says this when the message is on the disk.
                        Reply::new(250, "Printed")
                    }
                    (Ok(_), None) => Reply::new(552, "The message is too large"),
                    (Err(reply), _) => reply,
                };
                connection.say(&reply)?;
            }
            _ => {}
        }
    }
    Ok(())
}

impl Connection {
    fn say(&mut self, reply: &Reply) -> io::Result<()> {
        self.stream.write_all(&reply.octets())
    }

    /// The next line without its CR LF; `None`: the client has ended. Of a line that is too long, only the
    /// first octets are kept: one more than it may have.
    fn line(&mut self) -> io::Result<Option<Vec<u8>>> {
        let (mut line, mut searched) = (None, 0);
        loop {
            let end = self.unread[searched..].windows(2).position(|two| two == b"\r\n");
            if let Some(end) = end {
                let rest = self.unread.split_off(searched + end + 2);
                let mut whole = std::mem::replace(&mut self.unread, rest);
                whole.truncate(whole.len() - 2);
                return Ok(Some(line.unwrap_or(whole)));
            }
            // The last octet may be the CR of its end.
            searched = self.unread.len().saturating_sub(1);
            if searched > LONGEST_LINE {
                line.get_or_insert_with(|| self.unread[..=LONGEST_LINE].to_vec());
                self.unread.drain(..searched);
                searched = 0;
            }
            if !self.read()? {
                return Ok(None);
            }
        }
    }

    /// What follows the 354, to its end: the message, if your `Receiver` kept it. `None`: the client
    /// ended before the message, so it is none.
    fn message(&mut self) -> io::Result<Option<Option<Vec<u8>>>> {
        let mut receiver = Receiver::new();
        loop {
            if let Some(ended) = receiver.feed(&self.unread) {
                self.unread.drain(..ended.taken);
                return Ok(Some(ended.message));
            }
            self.unread.clear();
            if !self.read()? {
                return Ok(None);
            }
        }
    }

    /// Reads once; false at the client's end.
    fn read(&mut self) -> io::Result<bool> {
        let mut buffer = [0; 16 * 1024];
        loop {
            match self.stream.read(&mut buffer) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                outcome => {
                    let count = outcome?;
                    self.unread.extend_from_slice(&buffer[..count]);
                    return Ok(count > 0);
                }
            }
        }
    }
}

/// Prints a message, with nothing in it that a terminal would obey.
fn print(envelope: &Envelope, message: &[u8]) {
    let mut text = format!("\nfrom <{}> to ", envelope.sender);
    text += &envelope.recipients.join(", ");
    for line in message.split(|octet| *octet == b'\n') {
        text.push('\n');
        let line = String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line));
        text.extend(line.chars().map(|c| if c.is_control() && c != '\t' { '\u{fffd}' } else { c }));
    }
    print!("{text}");
}
