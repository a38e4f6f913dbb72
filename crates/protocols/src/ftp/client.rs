//! The client's side: one command after another, and a data connection for each transfer.
//!
//! What a server says is not trusted further than it must be. Replies have a limit in length and in
//! time. A data connection goes to where the control connection goes, whatever address the reply
//! to `PASV` names: else a server could have its clients look at their own networks for it
//! (CVE-2020-8284, CVE-2021-4189). And nothing is sent in a command that could end its line.

use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use capture::{Recorder, Tap};

use super::address::{parse_extended, parse_passive};
use super::reply::{self, Kind, Replies, Reply};

/// Octets that one read of a data connection may bring.
const PIECE: usize = 64 * 1024;

/// Why something could not be had.
#[derive(Debug)]
pub enum Error {
    /// No connection could be made.
    Connect(io::Error),
    /// A connection broke, or was silent for too long.
    Connection(io::Error),
    /// The control connection ended where a reply was to come.
    Ended,
    /// What the server says is no reply.
    NotFtp(reply::Error),
    /// The server said no, to this command.
    Refused {
        /// Its name.
        command: &'static str,
        /// What was said.
        reply: Reply,
    },
    /// A reply lacks what it is for: the port of a `229`, say.
    Useless(&'static str, Reply),
    /// An argument has a line's end in it, or a NUL.
    Argument,
    /// So many octets came, and there are to be so many.
    Short {
        /// Those that came.
        received: u64,
        /// Those that the server had promised.
        expected: u64,
    },
    /// What came could not be kept.
    Sink(io::Error),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect(error) => write!(f, "no connection: {error}"),
            Self::Connection(error) => write!(f, "the connection was lost: {error}"),
            Self::Ended => f.write_str("the server ended the connection before its reply"),
            Self::NotFtp(reply::Error::Malformed(line)) => {
                write!(f, "the server does not speak FTP: {:?}", line.escape_ascii().to_string())
            }
            Self::NotFtp(reply::Error::TooLong) => f.write_str("the server's reply has no end"),
            Self::Refused { command, reply } => {
                write!(f, "{command}: the server says {} {}", reply.code, reply.words())
            }
            Self::Useless(command, reply) => {
                write!(f, "{command}: there is nothing in {} {:?}", reply.code, reply.words())
            }
            Self::Argument => f.write_str("a line's end or a NUL cannot be said to a server"),
            Self::Short { received, expected } => {
                write!(f, "{received} octets came, and {expected} were to come")
            }
            Self::Sink(error) => write!(f, "keeping what came: {error}"),
        }
    }
}

impl std::error::Error for Error {}

/// A session with a server.
#[derive(Debug)]
pub struct Client {
    control: Tap<TcpStream>,
    replies: Replies,
    /// The server's address, and that of its data connections.
    server: SocketAddr,
    recorder: Recorder,
    /// How long to wait for a reply, or for the next octets.
    wait: Duration,
    /// The server knows no `EPSV`.
    classic: bool,
}

impl Client {
    /// Connects, and waits for the server's greeting.
    ///
    /// # Errors
    ///
    /// [`Error`].
    pub fn connect(server: SocketAddr, wait: Duration, recorder: &Recorder) -> Result<Self, Error> {
        let stream = TcpStream::connect_timeout(&server, wait).map_err(Error::Connect)?;
        stream.set_nodelay(true).map_err(Error::Connect)?;
        stream.set_write_timeout(Some(wait)).map_err(Error::Connect)?;
        let control = Tap::connected(stream, "client", "server", recorder);
        let (replies, recorder) = (Replies::default(), recorder.clone());
        let mut client = Self { control, replies, server, recorder, wait, classic: false };
        // RFC 959 §5.4: 120 says that it takes a while.
        let reply = client.last_reply("connecting")?;
        if reply.kind() == Kind::Completion {
            Ok(client)
        } else {
            Err(refused("connecting", reply))
        }
    }

    /// Logs in, and sees to it that files come as they are.
    ///
    /// # Errors
    ///
    /// [`Error`].
    pub fn log_in(&mut self, user: &[u8], password: &[u8]) -> Result<(), Error> {
        let mut reply = self.ask("USER", user)?;
        if reply.kind() == Kind::Intermediate {
            reply = self.ask("PASS", password)?;
        }
        if reply.kind() != Kind::Completion {
            return Err(refused("logging in", reply));
        }
        self.expect("TYPE", b"I").map(drop)
    }

    /// Goes to a directory.
    ///
    /// # Errors
    ///
    /// [`Error`].
    pub fn change_directory(&mut self, path: &[u8]) -> Result<(), Error> {
        self.expect("CWD", path).map(drop)
    }

    /// How large a file is, if the server says so.
    ///
    /// # Errors
    ///
    /// [`Error`]; that the server does not know is none.
    pub fn size(&mut self, path: &[u8]) -> Result<Option<u64>, Error> {
        let reply = self.ask("SIZE", path)?;
        let size = reply.words().trim().parse().ok();
        Ok(size.filter(|_| reply.code == 213))
    }

    /// Gives a file to `sink`, from `offset` on. How many octets that were.
    ///
    /// # Errors
    ///
    /// [`Error`]. All of the file was given to `sink` only if there is none.
    pub fn retrieve(
        &mut self,
        path: &[u8],
        offset: u64,
        sink: &mut dyn Write,
    ) -> Result<u64, Error> {
        let size = self.size(path)?;
        let data = self.passive()?;
        if offset > 0 {
            let reply = self.ask("REST", offset.to_string().as_bytes())?;
            if reply.kind() != Kind::Intermediate {
                return Err(refused("REST", reply));
            }
        }
        let received = self.transfer("RETR", path, data, sink)?;
        match size.map(|size| size.saturating_sub(offset)) {
            Some(expected) if expected != received => Err(Error::Short { received, expected }),
            _ => Ok(received),
        }
    }

    /// Gives the listing of the present directory to `sink`.
    ///
    /// # Errors
    ///
    /// [`Error`].
    pub fn list(&mut self, sink: &mut dyn Write) -> Result<u64, Error> {
        let data = self.passive()?;
        self.transfer("LIST", b"", data, sink)
    }

    /// Ends the session in order. That the server does not answer is no failure any more.
    pub fn quit(mut self) {
        let _ = self.ask("QUIT", b"");
        self.control.close();
    }

    /// Has the server listen, and connects to there.
    fn passive(&mut self) -> Result<Tap<TcpStream>, Error> {
        let port = match self.classic {
            false => {
                let reply = self.ask("EPSV", b"")?;
                match reply.kind() {
                    Kind::Completion => {
                        let port = parse_extended(last(&reply));
                        Some(port.ok_or(Error::Useless("EPSV", reply))?)
                    }
                    Kind::Failure if self.server.is_ipv4() => None,
                    _ => return Err(refused("EPSV", reply)),
                }
            }
            true => None,
        };
        let port = match port {
            Some(port) => port,
            None => {
                self.classic = true;
                let reply = self.expect("PASV", b"")?;
                // Its address is not looked at.
                let address = parse_passive(last(&reply));
                address.ok_or(Error::Useless("PASV", reply))?.port()
            }
        };
        let address = SocketAddr::new(self.server.ip(), port);
        let stream = TcpStream::connect_timeout(&address, self.wait).map_err(Error::Connect)?;
        stream.set_read_timeout(Some(self.wait)).map_err(Error::Connection)?;
        Ok(Tap::connected(stream, "client", "server", &self.recorder))
    }

    /// Asks for what comes over `data`, and waits for its end and for the server's word that it was all.
    fn transfer(
        &mut self,
        command: &'static str,
        argument: &[u8],
        mut data: Tap<TcpStream>,
        sink: &mut dyn Write,
    ) -> Result<u64, Error> {
        self.send(command, argument)?;
        let reply = self.reply()?;
        if reply.kind() != Kind::Preliminary {
            return Err(refused(command, reply));
        }
        let mut buffer = vec![0; PIECE];
        let mut received = 0;
        let lost = loop {
            match data.read(&mut buffer) {
                Ok(0) => break None,
                Ok(count) => {
                    received += count as u64;
                    sink.write_all(&buffer[..count]).map_err(Error::Sink)?;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => break Some(error),
            }
        };
        let _ = data.shutdown(Shutdown::Write);
        data.close();
        // An end alone says nothing: a server that dies ends its connections too.
        let reply = match (self.reply(), lost) {
            (Ok(reply), None) if reply.kind() == Kind::Completion => return Ok(received),
            (Ok(reply), _) if reply.kind() != Kind::Completion => reply,
            (_, Some(error)) => return Err(Error::Connection(error)),
            (reply, None) => reply?,
        };
        Err(refused(command, reply))
    }

    /// Says a command, and waits for a reply that is not preliminary.
    fn ask(&mut self, command: &'static str, argument: &[u8]) -> Result<Reply, Error> {
        self.send(command, argument)?;
        self.last_reply(command)
    }

    /// The same for a command that is to be completed.
    fn expect(&mut self, command: &'static str, argument: &[u8]) -> Result<Reply, Error> {
        let reply = self.ask(command, argument)?;
        if reply.kind() == Kind::Completion { Ok(reply) } else { Err(refused(command, reply)) }
    }

    fn send(&mut self, command: &str, argument: &[u8]) -> Result<(), Error> {
        if argument.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0)) {
            return Err(Error::Argument);
        }
        let mut line = command.as_bytes().to_vec();
        if !argument.is_empty() {
            line.push(b' ');
            for &byte in argument {
                // IAC is doubled in a Telnet stream (RFC 854).
                line.extend(std::iter::repeat_n(byte, if byte == 255 { 2 } else { 1 }));
            }
        }
        line.extend(b"\r\n");
        self.control.write_all(&line).map_err(Error::Connection)
    }

    fn last_reply(&mut self, command: &'static str) -> Result<Reply, Error> {
        /// "Wait a moment", so often.
        const PRELIMINARY: usize = 8;
        let mut reply = self.reply()?;
        for _ in 0..PRELIMINARY {
            if reply.kind() != Kind::Preliminary {
                return Ok(reply);
            }
            reply = self.reply()?;
        }
        Err(refused(command, reply))
    }

    /// The next reply, if all of it comes in time.
    fn reply(&mut self) -> Result<Reply, Error> {
        let until = Instant::now() + self.wait;
        let mut buffer = [0; 4096];
        loop {
            match self.replies.take() {
                Some(Ok(reply)) if reply.code == 421 => return Err(refused("the session", reply)),
                Some(reply) => return reply.map_err(Error::NotFtp),
                None => {}
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Error::Connection(ErrorKind::TimedOut.into()));
            }
            self.control.get_ref().set_read_timeout(Some(left)).map_err(Error::Connection)?;
            match self.control.read(&mut buffer) {
                Ok(0) => return Err(Error::Ended),
                Ok(count) => self.replies.push(&buffer[..count]),
                // The time is looked at above, also where a signal came.
                Err(error) if is_passing(&error) => {}
                Err(error) => return Err(Error::Connection(error)),
            }
        }
    }
}

fn is_passing(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

fn refused(command: &'static str, reply: Reply) -> Error {
    Error::Refused { command, reply }
}

fn last(reply: &Reply) -> &[u8] {
    reply.lines.last().map_or(&[][..], Vec::as_slice)
}
