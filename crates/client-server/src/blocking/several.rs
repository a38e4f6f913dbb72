//! A session that has to wait for more than its peer, on its thread.
//!
//! A thread that waits in `read` waits for one thing. A session that has asked for a connection
//! beside its own, or for something to wake it, waits for two or three; so from then on its
//! thread asks the system about all of them at once. That is an event loop, with one connection.

use std::io;
use std::sync::Arc;

use mio::{Events, Poll, Waker};

use super::Shared;
use super::conversation::LOOK;
use crate::aside::Aside;
use crate::connection::Connection;
use crate::event_loop::{Connections, FIRST, WAKER};
use crate::service::Service;
use crate::session::{Closed, Session, guarded};
use crate::statistics::Statistics;
use crate::stream::Stream;
use crate::wakes::Wakes;

/// What the session has asked for.
pub(super) struct Asked {
    pub(super) aside: Option<Box<Aside>>,
    pub(super) wakes: Option<Arc<Wakes>>,
}

impl Asked {
    pub(super) fn is_anything(&self) -> bool {
        self.aside.is_some() || self.wakes.is_some()
    }
}

/// A conversation, from where its session has asked for more than its own connection.
pub(super) struct Several<'a, F, S> {
    pub(super) shared: &'a Shared<F>,
    pub(super) stream: &'a Stream,
    pub(super) session: S,
    pub(super) asked: Asked,
    /// The peer sent FIN.
    pub(super) ended: bool,
    /// The session was told that the server stops.
    pub(super) drained: bool,
}

impl<F: Service, S: Session> Several<'_, F, S> {
    /// To the connection's end. What was done.
    pub(super) fn run(mut self) -> Statistics {
        match self.prepare() {
            Ok((connections, stream)) => self.serve(connections, stream),
            Err(error) => {
                // No descriptor, say. If it panics now, there is nothing left that could be done.
                let _ = guarded(|| self.session.closed(Closed::Lost(error.kind())));
                Statistics::default()
            }
        }
    }

    fn prepare(&mut self) -> io::Result<(Connections<S>, Stream)> {
        let poll = Poll::new()?;
        let wakes = self.asked.wakes.take().unwrap_or_default();
        wakes.set_waker(Arc::new(Waker::new(poll.registry(), WAKER)?))?;
        let limits = self.shared.limits.clone();
        let connections = Connections::new(poll, self.shared.begin, limits, wakes);
        Ok((connections, self.stream.another()?))
    }

    fn serve(self, mut connections: Connections<S>, stream: Stream) -> Statistics {
        let connection = Connection::new(stream, self.session, None, FIRST);
        connections.adopt(connection.continued(self.asked.aside, self.ended));
        let (shared, mut drained) = (self.shared, self.drained);
        let mut events = Events::with_capacity(8);
        while !connections.is_empty() {
            // As every thread, it looks now and then whether the server stops.
            let look = shared.now() + LOOK;
            let until = shared.drain_until.get().map_or(look, |until| look.min(*until));
            if connections.wait(&mut events, Some(until)).is_err() || shared.is_broken_off() {
                break;
            }
            connections.handle(&events);
            connections.expire();
            if !drained && shared.is_stopped() {
                drained = true;
                connections.drain();
            }
        }
        connections.close()
    }
}
