//! Servers of the harness, for an answer that is a client, or that judges servers.

use std::fmt;
use std::net::{SocketAddr, TcpStream};
use std::ops::RangeInclusive;
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
        // Per connection: how much came, and between which events.
        let mut speeches: Vec<Option<(usize, RangeInclusive<usize>)>> =
            vec![None; record.flows.len()];
        for (at, event) in record.events.iter().enumerate() {
            let (Direction::Received, What::Data(data)) = (event.direction, &event.what) else {
                continue;
            };
            conduct.high_bytes |= !data.is_ascii();
            let speech = &mut speeches[event.flow.0];
            let (count, times) = speech.take().unwrap_or((0, at..=at));
            *speech = Some((count + data.len(), *times.start()..=at));
        }
        let speeches: Vec<_> = speeches.into_iter().flatten().collect();
        conduct.most_bytes = speeches.iter().map(|(count, _)| *count).max().unwrap_or(0);
        let at_once = |(_, times): &(usize, RangeInclusive<usize>)| {
            speeches.iter().filter(|(_, others)| others.contains(times.start())).count()
        };
        conduct.at_once = speeches.iter().map(at_once).max().unwrap_or(0);
        conduct
    }
}

/// What an answer did to a [`Host`], as its wire shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Conduct {
    /// How often it connected.
    pub connections: usize,
    /// On how many connections it spoke at the same time, at most: from the first byte on a
    /// connection to the last.
    pub at_once: usize,
    /// How many bytes it sent on one connection, at most.
    pub most_bytes: usize,
    /// Whether it sent a byte above 7f.
    pub high_bytes: bool,
}

impl fmt::Display for Conduct {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let connections = match self.connections {
            0 => return f.write_str("did not connect"),
            1 => "1 connection".to_owned(),
            count => format!("{count} connections, {} at once", self.at_once),
        };
        let above = if self.high_bytes { "some" } else { "none" };
        let most = bytes::count(self.most_bytes);
        write!(f, "{connections}; at most {most} on one, {above} above 7f")
    }
}
