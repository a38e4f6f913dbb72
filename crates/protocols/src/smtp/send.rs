//! One attempt to deliver a letter: the [`Client`]'s conversation over a socket, each step with its own patience.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use capture::{Recorder, Tap};

use super::client::{Client, Fate, Letter, Phase, Step};
use super::data::{END, stuff};
use super::reply::{Replies, Reply};

/// How long each step may take: RFC 5321 §4.5.3.2, which names these as the least.
#[derive(Debug, Clone)]
pub struct Patience {
    /// To be connected. RFC 5321 names none.
    pub connect: Duration,
    /// The greeting: 5 minutes.
    pub greeting: Duration,
    /// MAIL and RCPT, and EHLO: 5 minutes.
    pub command: Duration,
    /// DATA: 2 minutes.
    pub data: Duration,
    /// Each 64 KiB of the message: 3 minutes.
    pub block: Duration,
    /// The reply to the message: 10 minutes. Whoever hangs up earlier sends it twice (RFC 1047).
    pub last: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
        Self {
            connect: Duration::from_secs(30),
            greeting: minutes(5),
            command: minutes(5),
            data: minutes(2),
            block: minutes(3),
            last: minutes(10),
        }
    }
}

impl Patience {
    /// No step longer than `most`.
    #[must_use]
    pub fn at_most(self, most: Duration) -> Self {
        Self {
            connect: self.connect.min(most),
            greeting: self.greeting.min(most),
            command: self.command.min(most),
            data: self.data.min(most),
            block: self.block.min(most),
            last: self.last.min(most),
        }
    }

    fn of(&self, phase: Phase) -> Duration {
        match phase {
            Phase::Greeting => self.greeting,
            Phase::Ehlo | Phase::Helo | Phase::Envelope => self.command,
            Phase::Data => self.data,
            Phase::Final => self.last,
            // The letter's fate is known by then.
            Phase::Nothing | Phase::Over => self.command.min(Duration::from_secs(5)),
        }
    }
}

/// How to reach a server, and how to behave.
#[derive(Debug)]
pub struct Attempt<'a> {
    /// Where it is; tried one after another until one connects.
    pub servers: &'a [SocketAddr],
    /// What the client calls itself: a domain, or an address literal.
    pub name: &'a str,
    /// For each step.
    pub patience: &'a Patience,
    /// What the conversation is recorded on.
    pub recorder: &'a Recorder,
}

impl Attempt<'_> {
    /// Delivers, or does not: the fate of each recipient. `ending` is called with what is known by
    /// then, just before the message's end is sent: from there on a crash of ours, too, would leave
    /// the letter's fate uncertain, and a queue writes that down first. If it fails the end is not sent.
    pub fn deliver(
        &self,
        letter: &Letter,
        mut ending: impl FnMut(&[Fate]) -> io::Result<()>,
    ) -> Vec<Fate> {
        let mut fates = Vec::new();
        // RFC 5321 §3.2 has clients of EHLO fall back to HELO. A few servers hang up at EHLO instead.
        for old in [false, true] {
            let mut client = Client::new(letter, self.name, old);
            let hung_up = match self.connect() {
                Ok(stream) => Talk { stream, replies: Replies::default(), patience: self.patience }
                    .converse(&mut client, letter, &mut ending),
                Err(error) => {
                    client.lost(&format!("connecting: {error}"));
                    false
                }
            };
            fates = client.fates().to_vec();
            if !hung_up {
                break;
            }
        }
        fates
    }

    fn connect(&self) -> io::Result<Tap<TcpStream>> {
        let mut last = io::Error::from(ErrorKind::AddrNotAvailable);
        for server in self.servers {
            match TcpStream::connect_timeout(server, self.patience.connect) {
                Ok(stream) => {
                    let _ = stream.set_nodelay(true);
                    return Ok(Tap::connected(stream, "send-mail", "server", self.recorder));
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }
}

/// A connection in use.
struct Talk<'a> {
    stream: Tap<TcpStream>,
    replies: Replies,
    patience: &'a Patience,
}

impl Talk<'_> {
    /// Talks to the end. `true`: the server hung up at EHLO.
    fn converse(
        mut self,
        client: &mut Client<'_>,
        letter: &Letter,
        ending: &mut impl FnMut(&[Fate]) -> io::Result<()>,
    ) -> bool {
        let mut step = Step::Read;
        loop {
            let done = match &step {
                Step::Read => Ok(()),
                Step::Send(commands) => self.in_turn().and_then(|()| self.write(commands)),
                Step::SendNothing => self.write(END),
                Step::SendText => match self.send_text(client, letter, ending) {
                    Ok(true) => Ok(()),
                    Ok(false) => break,
                    Err(error) => Err(error),
                },
                Step::Quit => {
                    self.quit();
                    break;
                }
            };
            match done.and_then(|()| self.reply(self.patience.of(client.phase()))) {
                Ok(reply) => step = client.reply(&reply),
                Err(error) => {
                    let at_ehlo = client.phase() == Phase::Ehlo;
                    let hung_up = at_ehlo && is_hang_up(&error);
                    client.lost(&error.to_string());
                    self.stream.close();
                    return hung_up;
                }
            }
        }
        self.stream.close();
        false
    }

    /// The message, and then its end. `Ok(false)`: the server interrupted, and all is said.
    fn send_text(
        &mut self,
        client: &mut Client<'_>,
        letter: &Letter,
        ending: &mut impl FnMut(&[Fate]) -> io::Result<()>,
    ) -> io::Result<bool> {
        self.in_turn()?;
        let text = stuff(&letter.text);
        for block in text.chunks(64 * 1024) {
            if let Err(error) = self.write(block) {
                // A server that has had enough says why before it hangs up, with some luck.
                return match self.reply(Duration::from_secs(1)) {
                    Ok(reply) => {
                        client.interrupted(&reply);
                        Ok(false)
                    }
                    Err(_) => Err(error),
                };
            }
        }
        ending(client.fates())?;
        client.ending();
        self.write(END)?;
        Ok(true)
    }

    /// Before anything is sent, nothing may have come that nobody has asked for: else each reply
    /// would be taken for another's.
    fn in_turn(&mut self) -> io::Result<()> {
        let next = self.replies.next_reply().map_err(io::Error::other)?;
        match next {
            None if !self.replies.is_within() => Ok(()),
            None => Err(io::Error::other("the server spoke out of turn")),
            Some(reply) => Err(io::Error::other(format!("the server spoke out of turn: {reply}"))),
        }
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let until = Instant::now() + self.patience.block;
        let mut rest = bytes;
        while !rest.is_empty() {
            self.stream.get_ref().set_write_timeout(Some(left(until)?))?;
            match self.stream.write(rest) {
                Ok(count) => rest = &rest[count..],
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(timed_out(error)),
            }
        }
        Ok(())
    }

    /// The next whole reply, however slowly it trickles in.
    fn reply(&mut self, patience: Duration) -> io::Result<Reply> {
        let until = Instant::now() + patience;
        let mut buffer = [0; 4096];
        loop {
            if let Some(reply) = self.replies.next_reply().map_err(io::Error::other)? {
                return Ok(reply);
            }
            self.stream.get_ref().set_read_timeout(Some(left(until)?))?;
            match self.stream.read(&mut buffer) {
                Ok(0) => {
                    return Err(io::Error::new(ErrorKind::UnexpectedEof, "the server hung up"));
                }
                Ok(count) => self.replies.push(&buffer[..count]),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(timed_out(error)),
            }
        }
    }

    /// Nothing depends on how this goes.
    fn quit(&mut self) {
        if self.write(b"QUIT\r\n").is_ok() {
            let _ = self.reply(self.patience.of(Phase::Over));
        }
    }
}

fn left(until: Instant) -> io::Result<Duration> {
    let left = until.saturating_duration_since(Instant::now());
    if left.is_zero() { Err(late()) } else { Ok(left) }
}

fn late() -> io::Error {
    io::Error::new(ErrorKind::TimedOut, "the server took too long")
}

/// A timeout of a blocking socket is `WouldBlock` on Unix: see `TcpStream::set_read_timeout`.
fn timed_out(error: io::Error) -> io::Error {
    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) { late() } else { error }
}

fn is_hang_up(error: &io::Error) -> bool {
    use ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    matches!(error.kind(), UnexpectedEof | ConnectionReset | ConnectionAborted | BrokenPipe)
}
