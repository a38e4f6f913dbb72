//! A tap for sessions: what a [`Session`] is given and what it queues, on a [`Recorder`].
//!
//! A session owns no socket, so there is none to wrap. But whatever stands between a shell and a
//! session sees all that either says to the other, and is a session itself: the layer that TLS
//! will be, with nothing to encrypt.
//!
//! ```text
//!   shell ──bytes──► Recorded ──bytes──► the session
//!   shell ◄─output── Recorded ◄─output── the session
//!                        └──► Recorder
//! ```
//!
//! What it records is what the session said, when it said it: the socket may take it later, in
//! other pieces, or not at all.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use capture::{Direction, End, FlowId, Recorder, Transport, What};

use crate::beside::Beside;
use crate::context::{Around, Wake};
use crate::listener::Address;
use crate::output::{Chunk, Output};
use crate::service::Service;
use crate::session::{Closed, Context, Next, Session, Time};

/// A service whose sessions are recorded.
#[derive(Debug, Clone)]
pub struct Recorded<F> {
    service: F,
    recorder: Recorder,
    address: Address,
}

impl<F: Service> Recorded<F> {
    /// Records the sessions of `service`, which listens on `address`.
    pub fn new(service: F, recorder: Recorder, address: Address) -> Self {
        Self { service, recorder, address }
    }
}

impl<F: Service> Service for Recorded<F> {
    type Session = RecordedSession<F::Session>;

    fn session(&self, peer: Option<IpAddr>) -> Self::Session {
        let (transport, address) = match &self.address {
            Address::Tcp(address) => (Transport::Tcp, address.to_string()),
            Address::Unix(path) => (Transport::Unix, path.display().to_string()),
        };
        // A service is told the peer's address and not its port.
        let client = peer.map_or_else(String::new, |peer| peer.to_string());
        let (server, client) = (End::new("server", address), End::new("client", client));
        RecordedSession {
            session: self.service.session(peer),
            own: Track::new(&self.recorder, self.recorder.flow(transport, server, client)),
            beside: Second::default(),
        }
    }

    fn refusal(&self) -> &[u8] {
        self.service.refusal()
    }
}

/// A session that is recorded.
#[derive(Debug)]
pub struct RecordedSession<S> {
    session: S,
    own: Track,
    beside: Second,
}

/// One connection's part of the record.
#[derive(Debug)]
struct Track {
    recorder: Recorder,
    flow: FlowId,
    /// What the session queued in its last call; empty between calls.
    queued: Output,
}

impl Track {
    fn new(recorder: &Recorder, flow: FlowId) -> Self {
        Self { recorder: recorder.clone(), flow, queued: Output::new() }
    }

    fn saw(&self, direction: Direction, what: What) {
        self.recorder.push(self.flow, direction, what);
    }

    fn data(&self, direction: Direction, bytes: &[u8]) {
        self.recorder.data(self.flow, direction, bytes);
    }

    /// Records what was queued, and passes it on. `false`: that cannot be done.
    fn pass_on(&mut self, output: &mut Output) -> bool {
        while let Some(chunk) = self.queued.front() {
            let count = match chunk {
                Chunk::Bytes { bytes, .. } => {
                    self.data(Direction::Sent, bytes);
                    output.extend(bytes);
                    bytes.len() as u64
                }
                Chunk::File { file, offset, length } => {
                    let words = format!("sends {length} bytes of a file, from byte {offset} on");
                    self.saw(Direction::Sent, What::Note(words));
                    // Without a descriptor for it the answer cannot be sent as it was meant.
                    let Ok(file) = file.try_clone() else { return false };
                    output.extend_from_file(Arc::new(file), offset, length);
                    length
                }
            };
            self.queued.advance(count);
        }
        true
    }

    fn closed(&self, how: Closed) {
        match how {
            Closed::InOrder => self.saw(Direction::Sent, What::Shutdown),
            Closed::Lost(ErrorKind::ConnectionReset) => {
                self.saw(Direction::Received, What::Reset);
            }
            Closed::Lost(kind) | Closed::NotConnected(kind) => {
                self.saw(Direction::Received, What::Error(kind.to_string()));
            }
            Closed::Stalled => self.saw(Direction::Sent, What::Timeout),
            Closed::Aborted | Closed::Stopped | Closed::Panicked => {
                self.saw(Direction::Sent, What::Note("dropped the connection".to_owned()));
            }
        }
    }
}

impl<S: Session> RecordedSession<S> {
    /// What happens beside is a flow of its own.
    fn record_beside(&mut self, event: Beside<'_>) {
        use Direction::Received;
        if let Beside::Opened(peer) = event {
            let recorder = &self.own.recorder;
            let server = End::new("server", self.beside.place.clone());
            let client = End::new("client", peer.to_string());
            let track = Track::new(recorder, recorder.flow(Transport::Tcp, server, client));
            track.saw(Received, What::Opened);
            self.beside.track = Some(track);
        }
        match (event, &self.beside.track) {
            (Beside::Received(bytes), Some(track)) => track.data(Received, bytes),
            (Beside::Ended, Some(track)) => track.saw(Received, What::Shutdown),
            (Beside::Closed(how), Some(track)) => track.closed(how),
            (Beside::Closed(how), None) => {
                let words = format!("the connection beside did not come about: {how:?}");
                self.own.saw(Received, What::Note(words));
            }
            (Beside::Refused(peer), _) => {
                self.own.saw(Received, What::Note(format!("turned {peer} away")));
            }
            _ => {}
        }
    }

    /// Asks the session with queues of its own, and passes on what it queued.
    fn ask(
        &mut self,
        cx: &mut Context<'_>,
        ask: impl FnOnce(&mut S, &mut Context<'_>) -> Next,
    ) -> Next {
        let Self { session, own, beside, .. } = self;
        let mut inner = Context::new(cx.now, &mut own.queued);
        let mut between = cx.around().map(|around| Between { around, beside, lost: false });
        if let Some(between) = &mut between {
            inner = inner.within(between);
        }
        let next = ask(session, &mut inner);
        let lost = between.is_some_and(|mut between| {
            between.pass_on();
            between.lost
        });
        if lost || !own.pass_on(cx.output) { Next::Abort } else { next }
    }
}

/// What the session has beside its connection.
#[derive(Debug, Default)]
struct Second {
    /// Where it listens, or connects from.
    place: String,
    /// Once it is open.
    track: Option<Track>,
}

/// Stands between the session and what is around it, to see what is sent beside.
#[derive(Debug)]
struct Between<'a> {
    around: &'a mut dyn Around,
    beside: &'a mut Second,
    lost: bool,
}

impl Between<'_> {
    fn pass_on(&mut self) {
        if let (Some(track), Some(output)) = (&mut self.beside.track, self.around.output()) {
            self.lost |= !track.pass_on(output);
        }
    }
}

impl Around for Between<'_> {
    fn local(&self) -> Option<SocketAddr> {
        self.around.local()
    }

    fn peer(&self) -> Option<SocketAddr> {
        self.around.peer()
    }

    fn wake(&mut self) -> Wake {
        self.around.wake()
    }

    fn listen(&mut self, from: IpAddr) -> io::Result<SocketAddr> {
        let address = self.around.listen(from)?;
        *self.beside = Second { place: address.to_string(), track: None };
        Ok(address)
    }

    fn connect(&mut self, from: Option<IpAddr>, to: SocketAddr) -> io::Result<()> {
        self.around.connect(from, to)?;
        let place = from.map_or_else(String::new, |from| from.to_string());
        *self.beside = Second { place, track: None };
        Ok(())
    }

    fn output(&mut self) -> Option<&mut Output> {
        self.around.output()?;
        Some(&mut self.beside.track.as_mut()?.queued)
    }

    fn finish(&mut self) {
        self.pass_on();
        self.around.finish();
    }

    fn abandon(&mut self) {
        if let Some(track) = self.beside.track.take() {
            track.closed(Closed::Aborted);
        }
        self.around.abandon();
    }
}

impl<S: Session> Session for RecordedSession<S> {
    fn opened(&mut self, cx: &mut Context<'_>) -> Next {
        self.own.saw(Direction::Received, What::Opened);
        self.ask(cx, S::opened)
    }

    fn received(&mut self, bytes: &[u8], cx: &mut Context<'_>) -> Next {
        self.own.data(Direction::Received, bytes);
        self.ask(cx, |session, cx| session.received(bytes, cx))
    }

    fn ended(&mut self, cx: &mut Context<'_>) -> Next {
        self.own.saw(Direction::Received, What::Shutdown);
        self.ask(cx, S::ended)
    }

    fn flushed(&mut self, cx: &mut Context<'_>) -> Next {
        self.ask(cx, S::flushed)
    }

    fn expired(&mut self, cx: &mut Context<'_>) -> Next {
        self.own.saw(Direction::Received, What::Note("the session's time is over".to_owned()));
        self.ask(cx, S::expired)
    }

    fn beside(&mut self, event: Beside<'_>, cx: &mut Context<'_>) -> Next {
        self.record_beside(event);
        self.ask(cx, |session, cx| session.beside(event, cx))
    }

    fn woken(&mut self, cx: &mut Context<'_>) -> Next {
        self.ask(cx, S::woken)
    }

    fn takes(&self) -> bool {
        self.session.takes()
    }

    fn takes_beside(&self) -> bool {
        self.session.takes_beside()
    }

    fn draining(&mut self, cx: &mut Context<'_>) -> Next {
        self.ask(cx, S::draining)
    }

    fn closed(&mut self, how: Closed) {
        self.own.closed(how);
        self.session.closed(how);
    }

    fn deadline(&self) -> Option<Time> {
        self.session.deadline()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::echo::Echo;

    #[test]
    fn both_directions_are_recorded_and_passed_on() {
        let recorder = Recorder::new();
        let address: Address = "127.0.0.1:7".parse().expect("an address");
        let service = |_| Echo::new(Duration::from_secs(1));
        let service = Recorded::new(service, recorder.clone(), address);
        let mut session = service.session(Some(IpAddr::from([127, 0, 0, 1])));
        let mut output = Output::new();
        let mut cx = Context::new(Duration::ZERO, &mut output);
        assert_eq!(session.opened(&mut cx), Next::Continue);
        assert_eq!(session.received(b"one", &mut cx), Next::Continue);
        assert_eq!(session.received(b"two", &mut cx), Next::Continue);
        assert_eq!(session.ended(&mut cx), Next::Close);
        assert_eq!(session.deadline(), Some(Duration::from_secs(1)));
        session.closed(Closed::InOrder);
        assert_eq!(output.pending(), 6);
        let record = recorder.snapshot();
        assert_eq!(record.bytes(FlowId(0), Direction::Received), b"onetwo");
        assert_eq!(record.bytes(FlowId(0), Direction::Sent), b"onetwo");
        let ends = record.events.iter().filter(|event| event.what == What::Shutdown);
        assert_eq!(
            ends.map(|event| event.direction).collect::<Vec<_>>(),
            [Direction::Received, Direction::Sent]
        );
    }
}
