//! The connection beside a session's own, as a shell keeps it.

use std::io::{self, ErrorKind};
use std::mem;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use mio::{Interest, Registry, Token};

use crate::beside::Beside;
use crate::common::Common;
use crate::context::{Around, Wake};
use crate::listener::{Acceptor, Address, Listener};
use crate::output::{HIGH_WATER, LOW_WATER, Output};
use crate::session::{Closed, Time};
use crate::stream::Stream;
use crate::timers::Owner;
use crate::wakes::Wakes;

/// Calls to send at one turn, before the others get theirs. Of a file, each may take 512 KiB.
const SENDS: usize = 16;
/// What is read and thrown away after a FIN was sent, at the most.
const LINGER_BYTES: usize = 1 << 20;

/// How far it is.
#[derive(Debug)]
enum Phase {
    /// Waiting for this peer.
    Listening { acceptor: Acceptor, from: IpAddr },
    /// The system is making it.
    Connecting(Stream),
    /// The session decides.
    Open(Stream),
    /// FIN is sent, and the session told. What still comes is thrown away, up to a moment and an amount.
    Lingering { stream: Stream, until: Time, left: usize },
    /// Over.
    Gone,
}

/// What a look at the socket found.
#[derive(Debug)]
pub(crate) enum Found {
    /// Nothing, until there is an event.
    Nothing,
    /// Something that the session need not know; look again.
    Again,
    /// So many bytes, in the scratch buffer.
    Bytes(usize),
    /// Something to tell the session.
    Event(Beside<'static>),
}

/// A connection beside.
#[derive(Debug)]
pub(crate) struct Aside {
    phase: Phase,
    output: Output,
    /// The session has finished it: FIN, when all is sent.
    finished: bool,
    /// The peer sent FIN.
    ended: bool,
    /// Reading has stopped at the high-water mark, or because the session took no more. Readiness that
    /// comes meanwhile is lost, so reading must be tried again when it goes on.
    paused: bool,
    /// More than the low-water mark was queued, and the session was not told since that it is gone.
    above: bool,
    /// Something is left to be done, and no event will tell of it.
    pub(crate) more: bool,
    /// Whether the socket is registered; and if it is, whether for writing too.
    registered: Option<bool>,
}

impl Aside {
    fn new(phase: Phase) -> Box<Self> {
        Box::new(Self {
            phase,
            output: Output::new(),
            finished: false,
            ended: false,
            paused: false,
            above: false,
            more: false,
            registered: None,
        })
    }

    /// Looks at the socket once: who has come, whether it is there, what has arrived.
    pub(crate) fn look(&mut self, common: &mut Common) -> Found {
        match &mut self.phase {
            Phase::Listening { acceptor, from } => match accept(acceptor, *from) {
                Ok((stream, peer)) => self.open(stream, peer),
                Err(found) => found,
            },
            Phase::Connecting(stream) => match (stream.connected(), stream.addresses().1) {
                (Ok(true), Some(peer)) => match mem::replace(&mut self.phase, Phase::Gone) {
                    Phase::Connecting(stream) => self.open(stream, peer),
                    _ => unreachable!("it was connecting"),
                },
                (Ok(_), _) => Found::Nothing,
                (Err(error), _) => self.over(Closed::NotConnected(error.kind())),
            },
            Phase::Open(_) if self.paused || self.ended => Found::Nothing,
            Phase::Open(stream) => {
                common.statistics.reads += 1;
                match stream.read(&mut common.scratch) {
                    Ok(0) => {
                        self.ended = true;
                        if self.finished { Found::Nothing } else { Found::Event(Beside::Ended) }
                    }
                    Ok(_) if self.finished => Found::Again,
                    Ok(count) => Found::Bytes(count),
                    Err(error) => match error.kind() {
                        ErrorKind::WouldBlock => Found::Nothing,
                        ErrorKind::Interrupted => Found::Again,
                        kind => self.over(Closed::Lost(kind)),
                    },
                }
            }
            Phase::Lingering { stream, left, .. } => match stream.read(&mut common.scratch) {
                Ok(count) if (1..=*left).contains(&count) => {
                    *left -= count;
                    Found::Again
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => Found::Nothing,
                Err(error) if error.kind() == ErrorKind::Interrupted => Found::Again,
                _ => {
                    self.phase = Phase::Gone;
                    Found::Nothing
                }
            },
            Phase::Gone => Found::Nothing,
        }
    }

    /// It is there. A listener that waited for it is closed.
    fn open(&mut self, stream: Stream, peer: SocketAddr) -> Found {
        // A listener's registration has gone with it. A connecting socket's is mended if need be.
        if matches!(self.phase, Phase::Listening { .. }) {
            self.registered = None;
        }
        self.phase = Phase::Open(stream);
        Found::Event(Beside::Opened(peer))
    }

    fn over(&mut self, how: Closed) -> Found {
        self.phase = Phase::Gone;
        Found::Event(Beside::Closed(how))
    }

    /// After the session was asked anything: whether it takes bytes now.
    pub(crate) fn takes(&mut self, takes: bool) {
        if !takes {
            self.paused = true;
        } else if self.paused && self.output.pending() <= LOW_WATER {
            self.paused = false;
            self.more = true; // What came meanwhile is not reported again.
        }
    }

    /// Sends what is queued, as far as the socket takes it. What the session is to be told, if anything.
    pub(crate) fn send(&mut self, common: &mut Common) -> Option<Beside<'static>> {
        let Phase::Open(stream) = &self.phase else { return None };
        self.above |= self.output.pending() > LOW_WATER;
        for turn in 0.. {
            if self.output.is_empty() {
                break;
            }
            if turn == SENDS {
                self.more = true;
                break;
            }
            match stream.send_some(&mut self.output, &mut common.statistics.writes) {
                Ok(Some(sent)) => {
                    common.statistics.bytes_out += sent;
                    let before = self.output.deadline;
                    self.output.deadline = common.limits.write_deadline(before, sent, common.now);
                }
                Ok(None) => break,
                Err(error) => {
                    self.phase = Phase::Gone;
                    return Some(Beside::Closed(Closed::Lost(error.kind())));
                }
            }
        }
        if self.output.pending() > HIGH_WATER {
            self.paused = true;
        }
        if self.output.is_empty() && self.finished {
            self.finish(common);
            return Some(Beside::Closed(Closed::InOrder));
        }
        let low = self.output.pending() <= LOW_WATER;
        (low && !self.finished && mem::take(&mut self.above)).then_some(Beside::Flushed)
    }

    /// All is sent: FIN, and linger for the peer's, unless that has come already.
    fn finish(&mut self, common: &Common) {
        if let Phase::Open(stream) = mem::replace(&mut self.phase, Phase::Gone)
            && stream.finish().is_ok()
            && !self.ended
        {
            let until = common.now + common.limits.linger;
            self.phase = Phase::Lingering { stream, until, left: LINGER_BYTES };
            self.more = true; // What has come already is not reported again.
        }
    }

    /// An event says that it has failed. Mostly a read or a write finds out; not where the peer
    /// has ended before, and nothing is to be sent.
    pub(crate) fn failed(&mut self) -> Option<Beside<'static>> {
        match &self.phase {
            Phase::Open(stream) if self.ended => {
                let error = stream.take_error()?;
                self.phase = Phase::Gone;
                Some(Beside::Closed(Closed::Lost(error.kind())))
            }
            _ => None,
        }
    }

    /// Its time may have come: what the session is to be told, if it has.
    pub(crate) fn expired(&mut self, common: &mut Common) -> Option<Beside<'static>> {
        if self.deadline().is_none_or(|deadline| common.now < deadline) {
            return None;
        }
        let open = matches!(self.phase, Phase::Open(_));
        self.phase = Phase::Gone;
        common.statistics.stalled += u64::from(open);
        open.then_some(Beside::Closed(Closed::Stalled))
    }

    /// When the shell must look at it again, if nothing happens before.
    pub(crate) fn deadline(&self) -> Option<Time> {
        match &self.phase {
            Phase::Open(_) if !self.output.is_empty() => Some(self.output.deadline),
            Phase::Lingering { until, .. } => Some(*until),
            _ => None,
        }
    }

    pub(crate) fn is_gone(&self) -> bool {
        matches!(self.phase, Phase::Gone)
    }

    pub(crate) fn is_lingering(&self) -> bool {
        matches!(self.phase, Phase::Lingering { .. })
    }

    /// Whether something of it can still reach the session.
    pub(crate) fn is_awaited(&self) -> bool {
        !self.is_gone() && !self.is_lingering()
    }

    /// Registers the socket, or asks to write only while something waits to be written.
    pub(crate) fn register(&mut self, registry: &Registry, token: Token) -> io::Result<()> {
        let (source, write) = match &mut self.phase {
            Phase::Gone => return Ok(()),
            Phase::Listening { acceptor, .. } => (acceptor.source(), false),
            Phase::Connecting(stream) => (stream.source(), true),
            Phase::Open(stream) => (stream.source(), !self.output.is_empty()),
            Phase::Lingering { stream, .. } => (stream.source(), false),
        };
        let interest =
            if write { Interest::READABLE | Interest::WRITABLE } else { Interest::READABLE };
        match self.registered.replace(write) {
            None => registry.register(source, token, interest),
            Some(before) if before != write => registry.reregister(source, token, interest),
            Some(_) => Ok(()),
        }
    }
}

/// Takes one that has come, or says what there is instead.
fn accept(acceptor: &Acceptor, from: IpAddr) -> Result<(Stream, SocketAddr), Found> {
    match acceptor.accept() {
        Ok((stream, Some(peer))) if peer.ip().to_canonical() == from => Ok((stream, peer)),
        Ok((_, Some(peer))) => Err(Found::Event(Beside::Refused(peer))),
        Ok((_, None)) => Err(Found::Again),
        Err(error) => Err(match error.kind() {
            ErrorKind::WouldBlock => Found::Nothing,
            // accept(2), ERRORS: it has gone already. Others may wait behind it.
            ErrorKind::Interrupted | ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset => {
                Found::Again
            }
            kind => Found::Event(Beside::Closed(Closed::NotConnected(kind))),
        }),
    }
}

/// What a session can do with the connection beside, and what else a shell offers it.
#[derive(Debug)]
pub(crate) struct Offered<'a> {
    pub(crate) stream: &'a Stream,
    pub(crate) aside: &'a mut Option<Box<Aside>>,
    pub(crate) owner: Owner,
    /// Made when it is first asked for.
    pub(crate) wakes: &'a mut Option<Arc<Wakes>>,
    /// When what is queued now must begin to be taken.
    pub(crate) write_until: Time,
}

impl Around for Offered<'_> {
    fn local(&self) -> Option<SocketAddr> {
        self.stream.addresses().0
    }

    fn peer(&self) -> Option<SocketAddr> {
        self.stream.addresses().1
    }

    fn wake(&mut self) -> Wake {
        self.wakes.get_or_insert_default().wake(self.owner)
    }

    fn listen(&mut self, from: IpAddr) -> io::Result<SocketAddr> {
        let local = self.local().ok_or(ErrorKind::Unsupported)?.ip().to_canonical();
        let listener = Listener::beside(local)?;
        let Address::Tcp(address) = listener.address()? else {
            return Err(ErrorKind::Unsupported.into());
        };
        let (acceptor, from) = (listener.nonblocking()?, from.to_canonical());
        *self.aside = Some(Aside::new(Phase::Listening { acceptor, from }));
        Ok(address)
    }

    fn connect(&mut self, from: Option<IpAddr>, to: SocketAddr) -> io::Result<()> {
        let from = from.map(|from| from.to_canonical());
        *self.aside = Some(Aside::new(Phase::Connecting(Stream::connect_from(from, to)?)));
        Ok(())
    }

    fn output(&mut self) -> Option<&mut Output> {
        let aside = self.aside.as_mut()?;
        if !matches!(aside.phase, Phase::Open(_)) || aside.finished {
            return None;
        }
        if aside.output.is_empty() {
            aside.output.deadline = self.write_until;
        }
        Some(&mut aside.output)
    }

    fn finish(&mut self) {
        match self.aside.as_mut() {
            Some(aside) if matches!(aside.phase, Phase::Open(_)) => aside.finished = true,
            Some(aside) if aside.is_lingering() => {}
            _ => self.abandon(),
        }
    }

    fn abandon(&mut self) {
        // One that lingers is not the session's any more.
        if self.aside.as_ref().is_some_and(|aside| aside.is_awaited()) {
            *self.aside = None;
        }
    }
}
