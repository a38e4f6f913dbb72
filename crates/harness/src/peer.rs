//! The scripted peer: one end of a TCP connection whose other end is the answer.
//!
//! Every call is a step of the report, every byte is recorded, and every wait is bounded.

use std::fmt::{self, Debug};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use capture::{Tap, bytes};

use crate::check::{Check, Outcome, difference, wanted};
use crate::report::{Mistake, Report};

/// How long a peer waits for the answer to do its part. Longer than any loopback exchange takes on
/// a loaded machine, shorter than the check's own limit, so that the peer can say what it missed.
pub(crate) const PATIENCE: Duration = Duration::from_millis(1_500);

/// The harness's end of a connection.
pub struct Peer {
    pub(crate) name: String,
    pub(crate) tap: Tap<TcpStream>,
    pub(crate) check: Check,
}

/// Why a [`Peer`] got no more bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The answer closed its sending half in order (FIN).
    End,
    /// The answer's system tore the connection down (RST).
    Reset,
    /// Nothing came for as long as the peer waits.
    Silence,
    /// All that was asked for came; there may be more.
    Enough,
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::End => "then end of stream (FIN)",
            Self::Reset => "then the connection was reset (RST)",
            Self::Silence => "then nothing more, and the connection stayed open",
            Self::Enough => "then possibly more",
        })
    }
}

impl Check {
    /// Connects to the answer's server.
    pub fn connect(&self, name: &str, address: SocketAddr) -> Outcome<Peer> {
        let stream = TcpStream::connect_timeout(&address, PATIENCE).map_err(|error| {
            self.did(format!("connected {}", definite(name)));
            self.fail(None, format!("connecting failed: {error}"))
        })?;
        self.connected(name, stream)
    }

    /// A peer on a stream that the test connected to the answer's server itself: from another
    /// address, say, or with an option set before.
    pub fn connected(&self, name: &str, stream: TcpStream) -> Outcome<Peer> {
        self.did(format!("connected {}", definite(name)));
        Peer::new(self, name, Tap::connected(stream, name, "your code", self.recorder()))
    }

    /// A connected pair: a plain stream for the answer, and the harness's end of it, called `name`.
    pub fn pair(&self, name: &str) -> Outcome<(TcpStream, Peer)> {
        let ours = |what: &str, error: io::Error| self.fail(None, format!("{what}: {error}"));
        let listener = TcpListener::bind("127.0.0.1:0").map_err(|e| ours("binding", e))?;
        let address = listener.local_addr().map_err(|e| ours("asking for the address", e))?;
        // The connection is complete in the kernel before `accept` takes it from the backlog.
        let theirs = TcpStream::connect(address).map_err(|e| ours("connecting", e))?;
        let (mine, _) = listener.accept().map_err(|e| ours("accepting", e))?;
        let tap = Tap::accepted(mine, name, "your code", self.recorder());
        self.did(format!("connected a stream for your code to {}", definite(name)));
        Ok((theirs, Peer::new(self, name, tap)?))
    }

    /// Binds a listener on a port of the system's choice, for the answer to serve.
    pub fn listener(&self) -> Outcome<(TcpListener, SocketAddr)> {
        let bound = TcpListener::bind("127.0.0.1:0");
        let bound = bound.and_then(|listener| listener.local_addr().map(|at| (listener, at)));
        bound.map_err(|error| self.fail(None, format!("binding 127.0.0.1 failed: {error}")))
    }
}

impl Peer {
    pub(crate) fn new(check: &Check, name: &str, tap: Tap<TcpStream>) -> Outcome<Self> {
        // Every `send` is a segment of its own, however short.
        let ready = tap.get_ref().set_nodelay(true);
        let ready = ready.and_then(|()| tap.get_ref().set_write_timeout(Some(PATIENCE)));
        ready.map_err(|error| check.fail(None, format!("setting up a socket: {error}")))?;
        Ok(Self { name: definite(name), tap, check: check.clone() })
    }

    /// The socket itself, for what the vocabulary has no word for.
    pub fn stream(&self) -> &TcpStream {
        self.tap.get_ref()
    }

    /// Sends `bytes` in one write.
    pub fn send(&mut self, bytes: &[u8]) -> Outcome {
        self.check.did(format!("{} sent {}", self.name, brief(bytes)));
        self.write(bytes)
    }

    /// Sends pieces, a write each. How many reads they arrive in is the network's business: that
    /// is the point.
    pub fn send_pieces(&mut self, pieces: &[&[u8]]) -> Outcome {
        let bytes = pieces.concat();
        let count = pieces.len();
        self.check.did(format!("{} sent {} in {count} pieces", self.name, brief(&bytes)));
        pieces.iter().try_for_each(|piece| self.write(piece))
    }

    /// Sends back what comes until end of stream, as an echo server does that has one thread for
    /// it: it reads on only when all that it has read is back. Fails with `mistake` if the answer
    /// stops taking what is sent back. Returns how many bytes that was.
    pub fn echo(&mut self, mistake: impl Into<Option<&'static Mistake>>) -> Outcome<usize> {
        self.check.did(format!("{} sends back what it reads, and only then reads on", self.name));
        let mut echoed = 0;
        loop {
            let (bytes, ending) = self.read_by(Instant::now() + PATIENCE, 16 * 1024);
            match ending {
                Ending::Enough => {}
                Ending::End => break,
                _ => {
                    let got = format!("{} sent back {echoed} bytes, {ending}", self.name);
                    return Err(self.check.fail(None, got));
                }
            }
            match self.tap.write(&bytes) {
                Ok(taken) if taken == bytes.len() => echoed += taken,
                Err(error) if !timed_out(&error) => {
                    let got = format!("{} sent back {echoed} bytes, then: {error}", self.name);
                    return Err(self.check.fail(None, got));
                }
                // A blocking write takes less than it is offered when its timeout runs out.
                _ => {
                    let (name, waited) = (&self.name, PATIENCE.as_secs_f32());
                    let got = format!(
                        "{name} sent back {echoed} bytes; for {waited:.1} s now your code has taken \
                         no more of them, so {name} reads no further"
                    );
                    return Err(self.check.fail(mistake, got));
                }
            }
        }
        self.check.did(format!("{} sent back {echoed} bytes, to end of stream", self.name));
        Ok(echoed)
    }

    /// Reads until `count` bytes are there, or nothing more comes; and says which.
    pub fn receive(&mut self, count: usize) -> (Vec<u8>, Ending) {
        self.receive_within(PATIENCE, count)
    }

    /// Reads as [`Peer::receive`] does, but waits no longer than `limit`.
    pub fn receive_within(&mut self, limit: Duration, count: usize) -> (Vec<u8>, Ending) {
        let deadline = Instant::now() + limit.min(self.check.time_left());
        let mut bytes = Vec::new();
        while bytes.len() < count {
            let (more, ending) = self.read_by(deadline, count - bytes.len());
            bytes.extend_from_slice(&more);
            if ending != Ending::Enough {
                return (bytes, ending);
            }
        }
        (bytes, Ending::Enough)
    }

    /// Reads once: what is there, of up to `most` bytes.
    fn read_by(&mut self, deadline: Instant, most: usize) -> (Vec<u8>, Ending) {
        let mut buffer = vec![0; most.min(16 * 1024)];
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || self.tap.get_ref().set_read_timeout(Some(left)).is_err() {
                return (Vec::new(), Ending::Silence);
            }
            let ending = match self.tap.read(&mut buffer) {
                Ok(0) => Ending::End,
                Ok(count) => {
                    buffer.truncate(count);
                    return (buffer, Ending::Enough);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) if timed_out(&error) => Ending::Silence,
                Err(_) => Ending::Reset,
            };
            return (Vec::new(), ending);
        }
    }

    /// Fails unless exactly `want` comes next. What comes after it stays unread.
    pub fn expect(&mut self, want: &[u8], mistake: impl Into<Option<&'static Mistake>>) -> Outcome {
        let mistake = mistake.into();
        self.expect_else(want, |_, _| mistake)
    }

    /// Fails unless exactly `want` comes next. `proof` is given what came instead, and how it
    /// ended, and says which mistake that proves, if one.
    pub fn expect_else(
        &mut self,
        want: &[u8],
        proof: impl FnOnce(&[u8], Ending) -> Option<&'static Mistake>,
    ) -> Outcome {
        let (got, ending) = self.receive(want.len());
        if got == want {
            self.check.did(format!("{} received {}", self.name, brief(want)));
            return Ok(());
        }
        Err(self.differs(want, &got, ending, proof(&got, ending)))
    }

    /// Fails unless exactly `want` comes, and then end of stream.
    pub fn expect_to_end(
        &mut self,
        want: &[u8],
        mistake: impl Into<Option<&'static Mistake>>,
    ) -> Outcome {
        let (got, ending) = self.receive(want.len() + 1);
        if got == want && ending == Ending::End {
            let bytes = brief(want);
            self.check.did(format!("{} received {bytes}, then end of stream", self.name));
            return Ok(());
        }
        Err(self.differs(want, &got, ending, mistake))
    }

    /// Fails unless the stream ends in order, with no byte before its end.
    pub fn expect_end(&mut self, mistake: impl Into<Option<&'static Mistake>>) -> Outcome {
        self.expect_to_end(&[], mistake)
    }

    /// The failure that shows where `got` parts from `want`, and how it ended.
    pub fn differs(
        &self,
        want: &[u8],
        got: &[u8],
        ending: Ending,
        mistake: impl Into<Option<&'static Mistake>>,
    ) -> Report {
        let came = match difference(want, got) {
            Some(_) if got.is_empty() => format!("no byte where {}, ", wanted(want.len())),
            Some(drawing) => drawing + "\n",
            None if want.is_empty() => "no byte, ".to_owned(),
            None => format!("{}, as wanted, ", bytes::count(want.len())),
        };
        let ending = match ending {
            Ending::Silence if got.is_empty() => "and the connection stayed open".to_owned(),
            ending => ending.to_string(),
        };
        self.check.fail(mistake, format!("{} received {came}{ending}", self.name))
    }

    /// Ends the sending half: the answer reads end of stream, and may still reply.
    pub fn half_close(&mut self) -> Outcome {
        self.check.did(format!("{} half-closed: shutdown(Write) sends FIN", self.name));
        let done = self.tap.shutdown(Shutdown::Write);
        done.map_err(|error| self.check.fail(None, format!("shutdown failed: {error}")))
    }

    /// Tears the connection down. The peer lets at least one byte of the answer's arrive unread
    /// and closes: a socket that is closed with unread data sends RST
    /// (RFC 1122 §4.2.2.13; *seen on Linux*).
    pub fn reset(self) -> Outcome {
        let stream = self.tap.get_ref();
        let ready = stream.set_read_timeout(Some(PATIENCE.min(self.check.time_left())));
        let got = match ready.and_then(|()| stream.peek(&mut [0])) {
            Ok(1) => {
                self.check.did(format!("{} closed with your bytes unread: RST", self.name));
                return Ok(());
            }
            Ok(_) => "your code closed the connection before it sent a byte".to_owned(),
            Err(error) if timed_out(&error) => "no byte of your code's came".to_owned(),
            Err(error) => format!("waiting for a byte of your code's: {error}"),
        };
        Err(self.check.fail(None, got))
    }

    /// Closes both halves.
    pub fn close(self) {
        self.check.did(format!("{} closed", self.name));
    }

    fn write(&mut self, bytes: &[u8]) -> Outcome {
        let mut rest = bytes;
        while !rest.is_empty() {
            match self.tap.write(rest) {
                Ok(count) => rest = &rest[count..],
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    let sent = bytes.len() - rest.len();
                    let got = format!("sending failed after {sent} bytes: {error}");
                    return Err(self.check.fail(None, got));
                }
            }
        }
        Ok(())
    }
}

impl Debug for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Peer").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Whether a timeout ran out: that is `WouldBlock` on Unix and `TimedOut` on Windows (documented at
/// `TcpStream::set_read_timeout`).
fn timed_out(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

/// "the client"; but "client 7", which says already which one, and "your code".
pub(crate) fn definite(name: &str) -> String {
    if name == "your code" || name.ends_with(|last: char| last.is_ascii_digit()) {
        name.to_owned()
    } else {
        format!("the {name}")
    }
}

/// "5 bytes, "hello"", or only the count where they are many.
pub(crate) fn brief(bytes: &[u8]) -> String {
    let count = bytes::count(bytes.len());
    if (1..=40).contains(&bytes.len()) && bytes::is_text(bytes) {
        format!("{count}, \"{}\"", bytes::escaped(bytes, 40))
    } else {
        count
    }
}
