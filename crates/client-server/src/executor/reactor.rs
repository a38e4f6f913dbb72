//! Who waits for which socket, and for which moment.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::task::Waker;
use std::time::{Duration, Instant};

use mio::event::Source;
use mio::{Events, Interest, Token};
use slab::Slab;

const WAKER: Token = Token(usize::MAX);

/// Turns readiness into wakes.
pub(super) struct Reactor {
    poll: RefCell<mio::Poll>,
    waker: Arc<mio::Waker>,
    /// By a socket's token.
    sources: RefCell<Slab<Waiting>>,
    /// By the moment that a sleeper waits for; the number tells those of one moment apart.
    sleepers: RefCell<BTreeMap<Moment, Waker>>,
}

pub(super) type Moment = (Instant, u64);

/// Who waits for a socket. One reader and one writer: a later one takes the place of an earlier.
#[derive(Default)]
struct Waiting {
    reader: Option<Waker>,
    writer: Option<Waker>,
}

/// Whether a socket is waited for to read or to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Read,
    Write,
}

impl Reactor {
    pub(super) fn new() -> io::Result<Self> {
        let poll = mio::Poll::new()?;
        let waker = Arc::new(mio::Waker::new(poll.registry(), WAKER)?);
        let (sources, sleepers) = (RefCell::default(), RefCell::default());
        Ok(Self { poll: RefCell::new(poll), waker, sources, sleepers })
    }

    /// What ends [`wait`](Self::wait) from another thread.
    pub(super) fn waker(&self) -> Arc<mio::Waker> {
        self.waker.clone()
    }

    // ANCHOR: wait
    /// Sleeps until a socket is ready, a moment has come, or a waker was called; not at all if
    /// somebody `is_ready` already.
    pub(super) fn wait(&self, events: &mut Events, is_ready: bool) -> io::Result<()> {
        let soonest = self.sleepers.borrow().keys().next().map(|(until, _)| *until);
        let timeout = match soonest {
            _ if is_ready => Some(Duration::ZERO),
            soonest => soonest.map(|until| until.saturating_duration_since(Instant::now())),
        };
        match self.poll.borrow_mut().poll(events, timeout) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {} // A signal.
            polled => polled?,
        }
        let mut wake = Vec::new();
        for event in events.iter() {
            let mut sources = self.sources.borrow_mut();
            let Some(waiting) = sources.get_mut(event.token().0) else { continue };
            if event.is_readable() || event.is_read_closed() || event.is_error() {
                wake.extend(waiting.reader.take());
            }
            if event.is_writable() || event.is_write_closed() || event.is_error() {
                wake.extend(waiting.writer.take());
            }
        }
        let now = Instant::now();
        while let Some(sleeper) = self.sleepers.borrow_mut().first_entry()
            && sleeper.key().0 <= now
        {
            wake.push(sleeper.remove());
        }
        // Only now: a waker may run anybody's code.
        wake.into_iter().for_each(Waker::wake);
        Ok(())
    }
    // ANCHOR_END: wait

    /// Watches a socket, for both ways, once and for all: with edge-triggered events an interest
    /// that nobody waits on costs nothing but an event that wakes nobody.
    pub(super) fn watch(&self, socket: &mut impl Source) -> io::Result<Token> {
        let token = Token(self.sources.borrow_mut().insert(Waiting::default()));
        let interest = Interest::READABLE | Interest::WRITABLE;
        let registered = self.poll.borrow().registry().register(socket, token, interest);
        if registered.is_err() {
            self.sources.borrow_mut().remove(token.0);
        }
        registered.map(|()| token)
    }

    pub(super) fn forget(&self, socket: &mut impl Source, token: Token) {
        // The socket is about to be closed, which ends its registration too.
        let _ = self.poll.borrow().registry().deregister(socket);
        // Wakers are dropped when nothing is borrowed: that may run anybody's code as well.
        let waiting = self.sources.borrow_mut().remove(token.0);
        drop(waiting);
    }

    /// Wakes `waker` when the socket has become ready.
    pub(super) fn wake_when_ready(&self, token: Token, way: Way, waker: &Waker) {
        let mut sources = self.sources.borrow_mut();
        let waiting = &mut sources[token.0];
        let place = match way {
            Way::Read => &mut waiting.reader,
            Way::Write => &mut waiting.writer,
        };
        let before = place.replace(waker.clone());
        drop(sources);
        drop(before);
    }

    /// Wakes `waker` when the moment has come. A later waker for it takes the place of the earlier.
    pub(super) fn wake_at(&self, moment: Moment, waker: &Waker) {
        let before = self.sleepers.borrow_mut().insert(moment, waker.clone());
        drop(before);
    }

    /// Nobody waits for that moment any more.
    pub(super) fn forget_moment(&self, moment: Moment) {
        let waker = self.sleepers.borrow_mut().remove(&moment);
        drop(waker);
    }

    /// How many wait for a moment.
    #[cfg(test)]
    pub(super) fn sleepers(&self) -> usize {
        self.sleepers.borrow().len()
    }
}
