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

use std::io::ErrorKind;
use std::net::IpAddr;
use std::sync::Arc;

use capture::{Direction, End, FlowId, Recorder, Transport, What};

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
            flow: self.recorder.flow(transport, server, client),
            session: self.service.session(peer),
            recorder: self.recorder.clone(),
            queued: Output::new(),
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
    recorder: Recorder,
    flow: FlowId,
    /// What the session queued in its last call; empty between calls.
    queued: Output,
}

impl<S: Session> RecordedSession<S> {
    fn saw(&self, direction: Direction, what: What) {
        self.recorder.push(self.flow, direction, what);
    }

    /// Asks the session with an output of its own, and passes on what it queued.
    fn ask(
        &mut self,
        cx: &mut Context<'_>,
        ask: impl FnOnce(&mut S, &mut Context<'_>) -> Next,
    ) -> Next {
        let next = ask(&mut self.session, &mut Context { now: cx.now, output: &mut self.queued });
        while let Some(chunk) = self.queued.front() {
            let count = match chunk {
                Chunk::Bytes { bytes, .. } => {
                    self.recorder.data(self.flow, Direction::Sent, bytes);
                    cx.output.extend(bytes);
                    bytes.len() as u64
                }
                Chunk::File { file, offset, length } => {
                    let words = format!("sends {length} bytes of a file, from byte {offset} on");
                    self.saw(Direction::Sent, What::Note(words));
                    // Without a descriptor for it the answer cannot be sent as it was meant.
                    let Ok(file) = file.try_clone() else { return Next::Abort };
                    cx.output.extend_from_file(Arc::new(file), offset, length);
                    length
                }
            };
            self.queued.advance(count);
        }
        next
    }
}

impl<S: Session> Session for RecordedSession<S> {
    fn opened(&mut self, cx: &mut Context<'_>) -> Next {
        self.saw(Direction::Received, What::Opened);
        self.ask(cx, S::opened)
    }

    fn received(&mut self, bytes: &[u8], cx: &mut Context<'_>) -> Next {
        self.recorder.data(self.flow, Direction::Received, bytes);
        self.ask(cx, |session, cx| session.received(bytes, cx))
    }

    fn ended(&mut self, cx: &mut Context<'_>) -> Next {
        self.saw(Direction::Received, What::Shutdown);
        self.ask(cx, S::ended)
    }

    fn flushed(&mut self, cx: &mut Context<'_>) -> Next {
        self.ask(cx, S::flushed)
    }

    fn expired(&mut self, cx: &mut Context<'_>) -> Next {
        self.saw(Direction::Received, What::Note("the session's time is over".to_owned()));
        self.ask(cx, S::expired)
    }

    fn draining(&mut self, cx: &mut Context<'_>) -> Next {
        self.ask(cx, S::draining)
    }

    fn closed(&mut self, how: Closed) {
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
        let mut cx = Context { now: Duration::ZERO, output: &mut output };
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
