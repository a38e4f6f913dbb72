//! What a simulation's packets look like: a line each, and as a ladder.

use std::fmt::Write as _;

use capture::ladder;
use capture::{Arrival, Direction, End as Party, Event, Flow, FlowId, Record, Transport, What};
use tcp_ip::ip::{self, Pseudo};
use tcp_ip::simulation::{End, Sent};
use tcp_ip::tcp::{Flags, Header};

/// How many packets the ladder shows.
const LADDER: usize = 60;

/// `0.020000 s  client → server  SYN seq 1 …`.
pub(super) fn line(sent: &Sent<'_>) -> String {
    let (from, to) = match sent.from {
        End::Client => ("client", "server"),
        End::Server => ("server", "client"),
    };
    let mut line = format!("{}  {from} → {to}  {}", sent.at, describe(sent.packet));
    match (sent.fate.arrives, sent.fate.again) {
        (None, _) => line.push_str("  LOST"),
        (Some(_), Some(_)) => line.push_str("  doubled"),
        _ => {}
    }
    if sent.fate.corrupted {
        line.push_str("  changed");
    }
    line
}

/// The segment in a packet.
fn describe(packet: &[u8]) -> String {
    let Ok((ip, message)) = ip::parse(packet) else { return "not IP".to_owned() };
    let Ok((header, payload)) = Header::parse(message, &Pseudo::from(&ip)) else {
        return "not TCP".to_owned();
    };
    let mut text = format!("{} seq {}", header.flags, header.sequence);
    if header.flags.contains(Flags::ACK) {
        let _ = write!(text, " ack {}", header.acknowledgment);
    }
    let _ = write!(text, " win {}", header.window);
    if !payload.is_empty() {
        let _ = write!(text, " len {}", payload.len());
    }
    if let Some(mss) = header.options.mss {
        let _ = write!(text, " mss {mss}");
    }
    for block in header.options.sack.iter() {
        let _ = write!(text, " sack {}-{}", block.start, block.end);
    }
    text
}

/// The first packets, as a record that can be drawn.
#[derive(Debug)]
pub(super) struct Ladder {
    record: Record,
    labels: Vec<(usize, String)>,
}

impl Ladder {
    pub(super) fn new() -> Self {
        let party = |name, end: End| Party::new(name, end.address());
        let flow = Flow {
            transport: Transport::Tcp,
            local: party("client", End::Client),
            peer: party("server", End::Server),
        };
        Self { record: Record { flows: vec![flow], ..Record::default() }, labels: Vec::new() }
    }

    /// Adds a packet, until there are enough.
    pub(super) fn add(&mut self, sent: &Sent<'_>) {
        if self.record.events.len() >= LADDER {
            self.record.dropped += 1;
            return;
        }
        let direction = match sent.from {
            End::Client => Direction::Sent,
            End::Server => Direction::Received,
        };
        let since = |at: tcp_ip::Instant| at.since(tcp_ip::Instant::ZERO);
        let what = What::Data(sent.packet.to_vec());
        let arrival = sent.fate.arrives.map_or(Arrival::Lost, |at| Arrival::At(since(at)));
        let event = Event { arrival, ..Event::new(since(sent.at), FlowId(0), direction, what) };
        self.labels.push((self.record.events.len(), describe(sent.packet)));
        self.record.events.push(event);
    }

    pub(super) fn svg(&self) -> String {
        let options = ladder::Options {
            title: "The first packets of a transfer".to_owned(),
            labels: self.labels.clone(),
            limit: LADDER,
            ..ladder::Options::default()
        };
        ladder::svg(&self.record, &options)
    }
}
