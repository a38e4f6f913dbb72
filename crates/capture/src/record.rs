//! What is recorded: flows, and the events on them.
//!
//! A *flow* is one connection, or one pair of datagram sockets, seen from one of its ends (the
//! *local* one, where the tap sits). An *event* is something that a program did to that end or
//! saw happen there. A [`Recorder`] collects events from any number of threads; a [`Record`] is
//! the finished list, and everything that the course draws is drawn from one.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::clock::{Clock, SystemClock};

/// What carries a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Transport {
    /// A TCP connection.
    Tcp,
    /// UDP datagrams between two addresses.
    Udp,
    /// A stream between two Unix-domain sockets.
    Unix,
}

/// One end of a flow.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct End {
    /// What the end is called in drawings: `client`, `server`.
    pub name: String,
    /// Its address as the system prints it: `127.0.0.1:40000`, `[::1]:53`, `/tmp/echo.sock`.
    /// Empty where it has none, such as an unnamed Unix-domain socket.
    pub address: String,
}

impl End {
    /// An end with a name and an address.
    pub fn new(name: impl Into<String>, address: impl ToString) -> Self {
        Self { name: name.into(), address: address.to_string() }
    }
}

/// A flow's number in its record: its index in [`Record::flows`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FlowId(pub usize);

/// One conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flow {
    /// What carries it.
    pub transport: Transport,
    /// The end where the tap sits.
    pub local: End,
    /// The other end.
    pub peer: End,
}

/// Which way an event went, seen from the tapped end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From the local end to the peer.
    Sent,
    /// From the peer to the local end.
    Received,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// The flow began. `Sent`: the local end connected; `Received`: it accepted.
    Opened,
    /// Bytes crossed: one `write` or `read` on a stream, one datagram (perhaps empty) on UDP.
    Data(Vec<u8>),
    /// That direction ended in order: a FIN was sent (`shutdown`, close) or end of file was read.
    Shutdown,
    /// The connection was torn down with a RST.
    Reset,
    /// An operation failed; the system's words.
    Error(String),
    /// A wait ended with nothing to show.
    Timeout,
}

/// One thing that happened on a flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// When, since the recorder's zero.
    pub at: Duration,
    /// On which flow.
    pub flow: FlowId,
    /// Which way.
    pub direction: Direction,
    /// What.
    pub what: What,
}

/// A finished recording. Events are in the order in which they were recorded.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Record {
    /// The flows, in the order of their opening.
    pub flows: Vec<Flow>,
    /// What happened on them.
    pub events: Vec<Event>,
    /// How many events came after the recorder was full, and are not in `events`.
    pub dropped: usize,
}

impl Record {
    /// All bytes of one direction of a flow, joined.
    pub fn bytes(&self, flow: FlowId, direction: Direction) -> Vec<u8> {
        let mut bytes = Vec::new();
        for event in &self.events {
            if event.flow == flow && event.direction == direction {
                if let What::Data(data) = &event.what {
                    bytes.extend_from_slice(data);
                }
            }
        }
        bytes
    }
}

/// Collects events. Clones record into the same list, from any thread.
///
/// Memory is bounded: past the limits events are counted and no longer kept, so a peer that
/// floods a tapped socket fills the wire and not the machine.
#[derive(Clone)]
pub struct Recorder {
    inner: Arc<Mutex<Inner>>,
    clock: Arc<dyn Clock>,
}

struct Inner {
    record: Record,
    /// Data bytes kept so far.
    kept: usize,
    limit_bytes: usize,
    limit_events: usize,
}

/// Data bytes that a recorder keeps unless told otherwise.
pub const DEFAULT_LIMIT_BYTES: usize = 1 << 20;
/// Events that a recorder keeps unless told otherwise.
pub const DEFAULT_LIMIT_EVENTS: usize = 20_000;

impl Recorder {
    /// A recorder on the system's clock, with the default limits.
    pub fn new() -> Self {
        Self::with_clock(Arc::new(SystemClock::new()))
    }

    /// A recorder on a clock of your own.
    pub fn with_clock(clock: Arc<dyn Clock>) -> Self {
        let inner = Inner {
            record: Record::default(),
            kept: 0,
            limit_bytes: DEFAULT_LIMIT_BYTES,
            limit_events: DEFAULT_LIMIT_EVENTS,
        };
        Self { inner: Arc::new(Mutex::new(inner)), clock }
    }

    /// The same recorder with other limits: data bytes in all, and events in all.
    #[must_use]
    pub fn bounded(self, bytes: usize, events: usize) -> Self {
        let mut inner = self.lock();
        inner.limit_bytes = bytes;
        inner.limit_events = events;
        drop(inner);
        self
    }

    /// Adds a flow. It is not yet an event: say [`What::Opened`] when it opens.
    pub fn flow(&self, transport: Transport, local: End, peer: End) -> FlowId {
        let mut inner = self.lock();
        inner.record.flows.push(Flow { transport, local, peer });
        FlowId(inner.record.flows.len() - 1)
    }

    /// Records an event, now.
    pub fn push(&self, flow: FlowId, direction: Direction, what: What) {
        let at = self.clock.now();
        let mut inner = self.lock();
        let size = if let What::Data(data) = &what { data.len() } else { 0 };
        let full = inner.record.events.len() >= inner.limit_events
            || inner.kept.saturating_add(size) > inner.limit_bytes;
        if full {
            inner.record.dropped += 1;
        } else {
            inner.kept += size;
            inner.record.events.push(Event { at, flow, direction, what });
        }
    }

    /// Time since the recorder's zero.
    pub fn now(&self) -> Duration {
        self.clock.now()
    }

    /// What has been recorded so far.
    pub fn snapshot(&self) -> Record {
        self.lock().record.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A thread that panicked while recording left whole events behind: nothing to mend.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Recorder {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = self.lock();
        f.debug_struct("Recorder")
            .field("flows", &inner.record.flows.len())
            .field("events", &inner.record.events.len())
            .finish_non_exhaustive()
    }
}
