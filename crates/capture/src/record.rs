//! What is recorded: flows, and the events on them.
//!
//! A *flow* is one connection, or one pair of datagram sockets, seen from one of its ends (the
//! *local* one, where the tap sits). An *event* is something that a program did to that end or
//! saw happen there. A [`Recorder`](crate::Recorder) collects events from any number of threads;
//! a [`Record`] is the finished list, and everything that the course draws is drawn from one.

use std::net::SocketAddr;
use std::time::Duration;

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
    /// Bytes crossed: one `write` or `read` on a stream (never empty: that is no event), one
    /// datagram (perhaps empty) on UDP.
    Data(Vec<u8>),
    /// That direction ended in order: a FIN was sent (`shutdown`, close) or end of file was read.
    Shutdown,
    /// The connection was torn down with a RST.
    Reset,
    /// An operation failed; the system's words.
    Error(String),
    /// A wait ended with nothing to show.
    Timeout,
    /// What the local end's program did, or was told, that no wire carries: a poll, a signal.
    Note(String),
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
    /// What became of it on the way to the other end.
    pub arrival: Arrival,
}

impl Event {
    /// An event of whose arrival nothing is known, as on any real socket.
    pub fn new(at: Duration, flow: FlowId, direction: Direction, what: What) -> Self {
        Self { at, flow, direction, what, arrival: Arrival::Unknown }
    }
}

/// What became of an event on its way to the other end. One end of a real connection cannot
/// know; a simulated link can.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Arrival {
    /// Not known. Drawn as if it arrived at once.
    #[default]
    Unknown,
    /// It arrived at this time, since the recorder's zero; never before it was sent.
    At(Duration),
    /// The link lost it.
    Lost,
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
            if let What::Data(data) = &event.what
                && event.flow == flow
                && event.direction == direction
            {
                bytes.extend_from_slice(data);
            }
        }
        bytes
    }

    /// Where byte `offset` of one direction of a flow stands: the index of its event in
    /// [`Record::events`], and the offset within that event's data. The offset just past the last
    /// byte stands at the end of the last data event. `None`: fewer bytes were recorded.
    pub fn locate(
        &self,
        flow: FlowId,
        direction: Direction,
        offset: usize,
    ) -> Option<(usize, usize)> {
        let mut passed = 0;
        let mut end = None;
        for (index, event) in self.events.iter().enumerate() {
            let What::Data(data) = &event.what else { continue };
            if event.flow != flow || event.direction != direction {
                continue;
            }
            if offset < passed + data.len() {
                return Some((index, offset - passed));
            }
            passed += data.len();
            end = Some((index, data.len()));
        }
        end.filter(|_| offset == passed)
    }

    /// The record with the pieces of each stream joined: data that follows data in the same
    /// direction, with nothing else on the flow between, is one event at the time of the first.
    ///
    /// How many reads a stream's bytes arrive in means nothing, and differs from run to run; so this
    /// is what to draw where the pieces are not the point. Datagrams stay what they are.
    #[must_use]
    pub fn joined(&self) -> Self {
        let mut record = Self { events: Vec::new(), ..self.clone() };
        let mut last: Vec<Option<usize>> = vec![None; self.flows.len()];
        for event in &self.events {
            let Some(flow) = self.flows.get(event.flow.0) else { continue };
            let before = last[event.flow.0].and_then(|index| record.events.get_mut(index));
            if let (What::Data(more), Some(before)) = (&event.what, before)
                && flow.transport != Transport::Udp
                && (before.direction, before.arrival) == (event.direction, event.arrival)
                && let What::Data(data) = &mut before.what
            {
                data.extend_from_slice(more);
            } else {
                last[event.flow.0] = Some(record.events.len());
                record.events.push(event.clone());
            }
        }
        record
    }

    /// The record of some of the flows alone, renumbered in the order given.
    #[must_use]
    pub fn only(&self, flows: &[FlowId]) -> Self {
        let flows: Vec<_> = flows.iter().filter(|flow| flow.0 < self.flows.len()).collect();
        let events = self.events.iter().filter_map(|event| {
            let number = flows.iter().position(|flow| **flow == event.flow)?;
            Some(Event { flow: FlowId(number), ..event.clone() })
        });
        Self {
            flows: flows.iter().map(|flow| self.flows[flow.0].clone()).collect(),
            events: events.collect(),
            dropped: self.dropped,
        }
    }

    /// The same record with every port replaced by its end's name (`127.0.0.1:client`), so that
    /// two runs on ports of the system's choosing draw the same. Ports that stand in data stay.
    #[must_use]
    pub fn without_ports(&self) -> Self {
        let mut record = self.clone();
        for end in record.flows.iter_mut().flat_map(|flow| [&mut flow.local, &mut flow.peer]) {
            if let Ok(address) = end.address.parse::<SocketAddr>() {
                end.address = match address {
                    SocketAddr::V4(v4) => format!("{}:{}", v4.ip(), end.name),
                    SocketAddr::V6(v6) => format!("[{}]:{}", v6.ip(), end.name),
                };
            }
        }
        record
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    #[test]
    fn joined_streams_have_the_same_bytes_in_no_more_pieces_than_turns() {
        let mut random = Random::seeded();
        for _ in 0..200 {
            let record = random.record();
            let joined = record.joined();
            for number in 0..record.flows.len() {
                let flow = FlowId(number);
                for direction in [Direction::Sent, Direction::Received] {
                    assert_eq!(record.bytes(flow, direction), joined.bytes(flow, direction));
                }
                let of_flow = |record: &Record| record.only(&[flow]).events;
                if record.flows[number].transport == Transport::Udp {
                    assert_eq!(of_flow(&record), of_flow(&joined));
                    continue;
                }
                for pair in of_flow(&joined).windows(2) {
                    let data = |event: &Event| matches!(event.what, What::Data(_));
                    let turn = pair[0].direction != pair[1].direction;
                    assert!(
                        turn || !data(&pair[0])
                            || !data(&pair[1])
                            || pair[0].arrival != pair[1].arrival
                    );
                }
            }
        }
    }

    #[test]
    fn a_byte_is_located_where_it_stands() {
        let mut random = Random::seeded();
        for _ in 0..200 {
            let record = random.record();
            let bytes = record.bytes(FlowId(0), Direction::Sent);
            for (offset, byte) in bytes.iter().enumerate() {
                let (event, at) =
                    record.locate(FlowId(0), Direction::Sent, offset).expect("it is there");
                let What::Data(data) = &record.events[event].what else { panic!("no data") };
                assert_eq!(data[at], *byte);
            }
            assert_eq!(record.locate(FlowId(0), Direction::Sent, bytes.len() + 1), None);
        }
    }
}
