//! Where events are collected while programs run.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::clock::{Clock, SystemClock};
use crate::record::{Arrival, Direction, End, Event, Flow, FlowId, Record, Transport, What};

/// Collects events. Clones record into the same list, from any thread.
///
/// Memory is bounded: at the first event past a limit the recorder is full, and from then on
/// events are counted and no longer kept. So a peer that floods a tapped socket fills the wire and
/// not the machine, and a record is always a beginning without holes.
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
    full: bool,
}

/// Data bytes that a recorder keeps unless told otherwise.
pub const DEFAULT_LIMIT_BYTES: usize = 1 << 20;
/// Events that a recorder keeps unless told otherwise; and flows.
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
            full: false,
        };
        Self { inner: Arc::new(Mutex::new(inner)), clock }
    }

    /// The same recorder with other limits: data bytes in all, and events (as well as flows) in
    /// all.
    #[must_use]
    pub fn bounded(self, bytes: usize, events: usize) -> Self {
        let mut inner = self.lock();
        inner.limit_bytes = bytes;
        inner.limit_events = events;
        drop(inner);
        self
    }

    /// Adds a flow. It is not yet an event: say [`What::Opened`] when it opens.
    ///
    /// Past the limit, the flow is not kept and none of its events are: they count as dropped.
    pub fn flow(&self, transport: Transport, local: End, peer: End) -> FlowId {
        let mut inner = self.lock();
        if inner.record.flows.len() >= inner.limit_events {
            return FlowId(usize::MAX);
        }
        inner.record.flows.push(Flow { transport, local, peer });
        FlowId(inner.record.flows.len() - 1)
    }

    /// Records an event, now.
    pub fn push(&self, flow: FlowId, direction: Direction, what: What) {
        let size = if let What::Data(data) = &what { data.len() } else { 0 };
        self.keep(flow, direction, size, None, Arrival::Unknown, || what);
    }

    /// Records data, now. It is copied only if it is kept.
    pub fn data(&self, flow: FlowId, direction: Direction, bytes: &[u8]) {
        let what = || What::Data(bytes.to_vec());
        self.keep(flow, direction, bytes.len(), None, Arrival::Unknown, what);
    }

    /// Records an event that happened at a time of the caller's, with what became of it on the
    /// way: for simulated links, which know both. Events are given in the order of their times.
    pub fn push_at(&self, event: Event) {
        let Event { at, flow, direction, what, arrival } = event;
        let size = if let What::Data(data) = &what { data.len() } else { 0 };
        self.keep(flow, direction, size, Some(at), arrival, || what);
    }

    fn keep(
        &self,
        flow: FlowId,
        direction: Direction,
        size: usize,
        at: Option<Duration>,
        arrival: Arrival,
        what: impl FnOnce() -> What,
    ) {
        let mut inner = self.lock();
        // The clock is read under the lock, so that the list is in the order of its times.
        let at = at.unwrap_or_else(|| self.clock.now());
        inner.full = inner.full
            || inner.record.events.len() >= inner.limit_events
            || inner.kept.saturating_add(size) > inner.limit_bytes;
        if inner.full || flow.0 >= inner.record.flows.len() {
            inner.record.dropped += 1;
        } else {
            inner.kept += size;
            inner.record.events.push(Event { at, flow, direction, what: what(), arrival });
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

    /// What has been recorded since the last `take`, with all flows so far; and there is room
    /// again. For a program that draws what crosses as it crosses, for as long as it runs.
    ///
    /// ```
    /// use capture::{Direction, End, Recorder, Transport};
    ///
    /// let recorder = Recorder::new();
    /// let flow = recorder.flow(Transport::Tcp, End::new("client", ""), End::new("server", ""));
    /// recorder.data(flow, Direction::Sent, b"one");
    /// assert_eq!(recorder.take().bytes(flow, Direction::Sent), b"one");
    /// recorder.data(flow, Direction::Sent, b"two");
    /// assert_eq!(recorder.take().bytes(flow, Direction::Sent), b"two");
    /// assert!(recorder.take().events.is_empty());
    /// ```
    pub fn take(&self) -> Record {
        let mut inner = self.lock();
        let flows = inner.record.flows.clone();
        inner.kept = 0;
        inner.full = false;
        std::mem::replace(&mut inner.record, Record { flows, ..Record::default() })
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
