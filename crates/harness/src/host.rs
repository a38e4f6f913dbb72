//! Servers of the harness, for an answer that is a client, or that judges servers.

use std::collections::BTreeSet;
use std::fmt;
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc::{self, Receiver};

use capture::{Direction, Event, FlowId, Recorder, Tap, What, bytes};

use crate::check::{Check, Outcome};

/// A server on a thread of its own. It keeps a wire of its own, so that of many servers the one
/// that matters can be shown. It ends with the test program.
#[derive(Debug)]
pub struct Host {
    address: SocketAddr,
    recorder: Recorder,
}

/// The clients of a [`Host`], in the order in which they connect. The harness accepts them at
/// once, whenever they are asked for: to a client that looks the same as waiting in the backlog.
#[derive(Debug)]
pub struct Clients(Receiver<Tap<TcpStream>>);

impl Iterator for Clients {
    type Item = Tap<TcpStream>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.recv().ok()
    }
}

impl Host {
    /// Starts a server on 127.0.0.1, on a port of the system's choice. `name` is what it is called
    /// on the wire; `serve` is what it does.
    pub fn start(
        check: &Check,
        name: &str,
        serve: impl FnOnce(Clients) + Send + 'static,
    ) -> Outcome<Self> {
        let (listener, address) = check.listener()?;
        let recorder = Recorder::new();
        let (arrive, clients) = mpsc::channel();
        let (name, taps) = (name.to_owned(), recorder.clone());
        check.spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                if arrive.send(Tap::accepted(stream, &name, "your code", &taps)).is_err() {
                    return; // The server wants no more clients.
                }
            }
        });
        check.spawn(move || serve(Clients(clients)));
        Ok(Self { address, recorder })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Makes this server's wire a part of the check's.
    pub fn show(&self, check: &Check) {
        let record = self.recorder.snapshot();
        let flows: Vec<FlowId> = record
            .flows
            .into_iter()
            .map(|flow| check.recorder().flow(flow.transport, flow.local, flow.peer))
            .collect();
        for event in record.events {
            let flow = flows[event.flow.0];
            check.recorder().push_at(Event { flow, ..event });
        }
    }

    /// What the answer did to it so far.
    pub fn conduct(&self) -> Conduct {
        let record = self.recorder.snapshot();
        let mut conduct = Conduct { connections: record.flows.len(), ..Conduct::default() };
        let mut open = BTreeSet::new();
        let mut received = vec![0; record.flows.len()];
        for Event { flow, direction, what, .. } in &record.events {
            match (direction, what) {
                (_, What::Opened) => {
                    open.insert(*flow);
                    conduct.at_once = conduct.at_once.max(open.len());
                }
                (Direction::Received, What::Data(data)) => {
                    received[flow.0] += data.len();
                    conduct.high_bytes |= !data.is_ascii();
                }
                (Direction::Received, What::Shutdown) => {
                    open.remove(flow);
                }
                (_, What::Reset) | (Direction::Sent, What::Error(_)) => {
                    open.remove(flow);
                    conduct.left_early = true;
                }
                _ => {}
            }
        }
        conduct.most_bytes = received.into_iter().max().unwrap_or(0);
        conduct
    }
}

/// What an answer did to a [`Host`], as its wire shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Conduct {
    /// How often it connected.
    pub connections: usize,
    /// How many connections were open at the same time, at most.
    pub at_once: usize,
    /// How many bytes it sent on one connection, at most.
    pub most_bytes: usize,
    /// Whether it sent a byte above 7f.
    pub high_bytes: bool,
    /// Whether it closed a connection on which the server was still sending.
    pub left_early: bool,
}

impl fmt::Display for Conduct {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let connections = match self.connections {
            0 => return f.write_str("did not connect"),
            1 => "1 connection".to_owned(),
            count => format!("{count} connections, at most {} at once", self.at_once),
        };
        let above = if self.high_bytes { "some" } else { "none" };
        let most = bytes::count(self.most_bytes);
        write!(f, "{connections}; at most {most} on one, {above} above 7f")
    }
}
