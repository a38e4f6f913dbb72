//! Carries one exchange at a time over a socket, with a deadline on every wait.
//!
//! Sending and receiving go on at once: a server may answer while its request is still on the way, with
//! an error that makes the rest of it pointless (RFC 9112 §9.5), or with an echo of what has come so
//! far. A client that only writes until all is written would then wait for a server that waits for it.
//! So the socket never blocks, and [`poll(2)`] waits for whichever direction can go on.
//!
//! | wait | ends |
//! |---|---|
//! | [`Timeouts::progress`] | no 1,000 octets of content went or came meanwhile |
//! | [`Timeouts::head`] | the request was sent, and no final head came |
//! | the deadline of the whole | at that moment, whatever goes on |
//!
//! [`poll(2)`]: rustix::event::poll

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use capture::{Recorder, Tap};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::error::Error;
use super::exchange::{Event, Exchange};
use super::request::Request;
use crate::http::response::ResponseHead;

/// Octets that are read or sent at once.
const PIECE: usize = 64 * 1024;
/// Octets that are progress. Fewer in [`Timeouts::progress`] are a peer that wants to keep us.
const PROGRESS: u64 = 1_000;

/// How long a client waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// For a connection, the lookup of the name included.
    pub connect: Duration,
    /// For the response's head, once the request is sent.
    pub head: Duration,
    /// For the next thousand octets of a body, or its end.
    pub progress: Duration,
    /// For all of it, redirects included; `None`: as long as there is progress.
    pub whole: Option<Duration>,
}

impl Default for Timeouts {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self { connect: seconds(10), head: seconds(30), progress: seconds(30), whole: None }
    }
}

/// When the whole must be over, and how long that was from its beginning.
#[derive(Debug, Clone, Copy)]
pub struct Whole {
    pub(super) end: Instant,
    pub(super) wait: Duration,
}

/// What whoever takes a response says to each part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// Go on.
    Continue,
    /// That is enough of it: the connection is dropped.
    Enough,
}

/// A connection to a server.
#[derive(Debug)]
pub struct Connection {
    stream: Tap<TcpStream>,
    buffer: Box<[u8]>,
}

/// What is known of a response while it arrives.
pub trait Respond {
    /// An interim response came.
    fn interim(&mut self, _head: &ResponseHead) {}

    /// The response's head came.
    ///
    /// # Errors
    ///
    /// Ends the exchange.
    fn head(&mut self, head: ResponseHead) -> Result<Flow, Error>;

    /// More of its body came, without framing; `left` octets are still to come, where that is known.
    ///
    /// # Errors
    ///
    /// Ends the exchange.
    fn content(&mut self, octets: &[u8], left: Option<u64>) -> Result<Flow, Error>;
}

impl Connection {
    /// Takes a connected socket, and records what crosses it.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn new(stream: TcpStream, recorder: &Recorder) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        // What is small is sent at once: it is a whole request, and nothing comes behind it.
        stream.set_nodelay(true)?;
        let stream = Tap::connected(stream, "client", "server", recorder).nonblocking();
        Ok(Self { stream, buffer: vec![0; PIECE].into() })
    }

    /// Whether nothing has come since the last response. If the server has ended the connection, there
    /// is no use in asking it anything; if it has sent something that nobody asked for, nobody knows what
    /// its next answer answers (RFC 9112 §9.2).
    pub fn is_quiet(&self) -> bool {
        let unread = self.stream.get_ref().peek(&mut [0]);
        matches!(unread, Err(error) if error.kind() == ErrorKind::WouldBlock)
    }

    /// Ends it in order.
    pub fn close(self) {
        self.stream.close();
    }

    /// Sends `request`, and gives what comes to `respond`. `true`: the connection is good for another.
    ///
    /// # Errors
    ///
    /// [`Error`]; the connection is good for nothing then. Whether anything of a response had come is in
    /// `answered`.
    pub fn exchange(
        &mut self,
        request: &Request,
        most: u64,
        waits: (&Timeouts, Option<Whole>),
        respond: &mut dyn Respond,
        answered: &mut bool,
    ) -> Result<bool, Error> {
        let mut exchange = Exchange::new(request.method(), most);
        let mut sending = Sending::new(request);
        let mut patience = Patience::new(waits.0, waits.1);
        loop {
            sending.send(&mut self.stream, &mut patience)?;
            let left = patience.left(&exchange, &sending)?;
            let received = self.receive(&mut exchange, &mut sending, &mut patience, respond);
            *answered |= exchange.has_begun();
            match received? {
                Received::Over => return Ok(exchange.is_reusable() && sending.is_done()),
                Received::Enough => return Ok(false),
                Received::More => {}
                Received::Nothing => {
                    wait(self.stream.get_ref(), !sending.is_done(), left).map_err(Error::Lost)?;
                }
            }
        }
    }

    /// Reads once, and passes on what it means.
    fn receive(
        &mut self,
        exchange: &mut Exchange,
        sending: &mut Sending<'_>,
        patience: &mut Patience<'_>,
        respond: &mut dyn Respond,
    ) -> Result<Received, Error> {
        let count = match self.stream.read(&mut self.buffer) {
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(Received::Nothing),
            Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(Received::More),
            // A reset. What could not be sent tells more than what cannot be read.
            Err(error) => return Err(Error::Lost(sending.broken.take().unwrap_or(error))),
        };
        if count == 0 {
            return match exchange.ended() {
                Ok(_) => Ok(Received::Over),
                Err(Error::NoAnswer) if sending.broken.is_some() => {
                    Err(sending.broken.take().map_or(Error::NoAnswer, Error::Lost))
                }
                Err(error) => Err(error),
            };
        }
        let mut input = &self.buffer[..count];
        let came = Instant::now();
        while let Some(event) = exchange.next(&mut input)? {
            let flow = match event {
                Event::Interim(head) => {
                    respond.interim(&head);
                    Flow::Continue
                }
                Event::Head(head) => {
                    if head.status >= 300 && !head.persists() {
                        sending.stop(); // The server wants no more of it: RFC 9112 §9.5.
                    }
                    patience.progressed(PROGRESS);
                    respond.head(head)?
                }
                Event::Content(octets) => {
                    patience.progressed(octets.len() as u64);
                    respond.content(octets, exchange.left())?
                }
                // What comes behind it was not asked for, and the connection goes with it.
                Event::Complete if !input.is_empty() => return Ok(Received::Enough),
                Event::Complete => return Ok(Received::Over),
            };
            if flow == Flow::Enough {
                return Ok(Received::Enough);
            }
        }
        patience.excuse(came.elapsed());
        Ok(Received::More)
    }
}

/// What came of reading.
enum Received {
    Nothing,
    More,
    Over,
    Enough,
}

/// A request on its way.
struct Sending<'a> {
    request: &'a Request,
    /// What has been taken from the request and not by the socket.
    piece: Vec<u8>,
    /// Octets of the content that were taken.
    taken: u64,
    length: u64,
    /// Nothing more is sent.
    stopped: bool,
    /// Why not, if the connection did not take it. There may be an answer that says more.
    broken: Option<io::Error>,
}

impl<'a> Sending<'a> {
    fn new(request: &'a Request) -> Self {
        let length = request.content.as_ref().map_or(0, super::request::Content::len);
        let mut piece = request.head();
        piece.reserve(usize::try_from(length).map_or(PIECE, |length| length.min(PIECE)));
        Self { request, piece, taken: 0, length, stopped: false, broken: None }
    }

    fn is_done(&self) -> bool {
        self.stopped || self.piece.is_empty() && self.taken == self.length
    }

    fn stop(&mut self) {
        if !self.is_done() {
            self.stopped = true;
        }
    }

    /// Writes until all is sent, or the socket takes no more for now.
    fn send(&mut self, stream: &mut impl Write, patience: &mut Patience<'_>) -> Result<(), Error> {
        // A few pieces, and then it is time to look what comes.
        for _ in 0..16 {
            if self.is_done() {
                return Ok(());
            }
            self.fill().map_err(|error| Error::Request(format!("reading its content: {error}")))?;
            match stream.write(&self.piece) {
                Ok(count) => {
                    self.piece.drain(..count);
                    patience.sent(count as u64, self.is_done());
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => (self.stopped, self.broken) = (true, Some(error)),
            }
        }
        Ok(())
    }

    /// Takes content behind what waits, so that head and content leave together.
    fn fill(&mut self) -> io::Result<()> {
        let Some(content) = &self.request.content else { return Ok(()) };
        let (from, room) = (self.piece.len(), PIECE.saturating_sub(self.piece.len()));
        if self.taken == self.length || room < PIECE / 2 {
            return Ok(());
        }
        self.piece.resize(from + room, 0);
        let read = content.read_at(self.taken, &mut self.piece[from..]);
        self.piece.truncate(from + *read.as_ref().unwrap_or(&0));
        self.taken += read? as u64;
        Ok(())
    }
}

/// The deadlines of one exchange.
struct Patience<'a> {
    timeouts: &'a Timeouts,
    whole: Option<Whole>,
    /// When the request had been sent.
    sent: Option<Instant>,
    /// When a thousand octets had gone or come since the time before.
    progress: Instant,
    octets: u64,
}

impl<'a> Patience<'a> {
    fn new(timeouts: &'a Timeouts, whole: Option<Whole>) -> Self {
        Self { timeouts, whole, sent: None, progress: Instant::now(), octets: 0 }
    }

    fn progressed(&mut self, octets: u64) {
        self.octets += octets;
        if self.octets >= PROGRESS {
            (self.octets, self.progress) = (0, Instant::now());
        }
    }

    /// Whoever takes the content took so long for it, and the server is not to blame.
    fn excuse(&mut self, taking: Duration) {
        self.progress = self.progress.checked_add(taking).unwrap_or(self.progress);
    }

    fn sent(&mut self, octets: u64, all: bool) {
        self.progressed(octets);
        if all {
            self.sent = Some(Instant::now());
        }
    }

    /// How long to wait for what comes next.
    fn left(&self, exchange: &Exchange, sending: &Sending<'_>) -> Result<Duration, Error> {
        let now = Instant::now();
        let (what, begin, wait) = match self.sent {
            Some(sent) if !exchange.has_head() => {
                ("waiting for the response's head", sent, self.timeouts.head)
            }
            _ if sending.is_done() => {
                ("waiting for more of the body", self.progress, self.timeouts.progress)
            }
            _ => ("sending the request", self.progress, self.timeouts.progress),
        };
        let left = |begin: Instant, wait: Duration| {
            wait.checked_sub(now.saturating_duration_since(begin)).filter(|left| !left.is_zero())
        };
        let mut least = left(begin, wait).ok_or(Error::TimedOut(what, wait))?;
        if let Some(whole) = self.whole {
            let rest = whole.end.saturating_duration_since(now);
            if rest.is_zero() {
                return Err(Error::TimedOut("all of it", whole.wait));
            }
            least = least.min(rest);
        }
        Ok(least)
    }
}

/// Waits until there is something to read, or room to write where that is wanted, or for `left`.
fn wait(stream: &TcpStream, to_write: bool, left: Duration) -> io::Result<()> {
    let mut flags = PollFlags::IN;
    if to_write {
        flags |= PollFlags::OUT;
    }
    // Rounded up, or the last microseconds before a deadline would be spent turning in circles.
    let left = left.saturating_add(Duration::from_micros(999));
    let left = Timespec::try_from(left).ok();
    match poll(&mut [PollFd::from_borrowed_fd(stream.as_fd(), flags)], left.as_ref()) {
        Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
