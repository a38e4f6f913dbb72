//! Who is connected, and one `Stack` of yours for each of them.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddrV4;
use std::time::Duration;

use tcp_ip::Instant;
use tcp_ip::tcp::isn::IsnGenerator;
use tcp_ip::tcp::segment::reset_for;
use tcp_ip::tcp::{Flags, Header, Options, Segment, Seq};
#[cfg(not(feature = "solution"))]
use two_stacks_talk::{CAPACITY, MSS, Stack};
#[cfg(feature = "solution")]
use two_stacks_talk_solution::{CAPACITY, MSS, Stack};

use crate::envelope::{self, Arrived};

/// Connections at once. Another one's SYN is not answered; it will come again.
const MOST_CONNECTIONS: usize = 256;
/// The longest request that is read, in octets.
const LONGEST_REQUEST: usize = 8 * 1024;
/// A connection that is over is kept for so long, to answer a FIN that comes again: its TIME-WAIT.
const TIME_WAIT: Duration = Duration::from_secs(2);
/// One that is silent for so long is forgotten.
const PATIENCE: Duration = Duration::from_secs(60);
/// More packets than that at one moment are none that a right `Stack` has.
const MOST_AT_ONCE: usize = 1_000;

/// Answers each request with the same page.
pub(crate) struct Server {
    address: SocketAddrV4,
    page: Vec<u8>,
    numbers: IsnGenerator,
    connections: BTreeMap<SocketAddrV4, Connection>,
    /// IP packets that are to be sent.
    pub(crate) out: VecDeque<Vec<u8>>,
}

struct Connection {
    stack: Stack,
    /// The number of the peer's SYN, and our answer, in case that it comes again.
    syn: Seq,
    greeting: Vec<u8>,
    /// The number that your `Stack` has last said it expects.
    expects: Seq,
    request: Vec<u8>,
    written: usize,
    finished: bool,
    /// When the peer was last heard.
    heard: Duration,
}

impl Server {
    pub(crate) fn new(address: SocketAddrV4, page: Vec<u8>) -> Self {
        let (connections, out) = (BTreeMap::new(), VecDeque::new());
        Self { address, page, numbers: IsnGenerator::new(), connections, out }
    }

    /// A packet has come from the device.
    pub(crate) fn packet(&mut self, now: Duration, packet: &[u8]) {
        let Some(arrived) = envelope::open(packet, *self.address.ip()) else { return };
        let Arrived { peer, segment, whole, ref packet } = arrived;
        let about_the_connection = segment.header.flags.intersects(Flags::SYN | Flags::RST);
        match self.connections.get_mut(&peer) {
            Some(known) if !about_the_connection => {
                // Nothing without an acknowledgment is part of a connection (RFC 9293 §3.10.7.4).
                if segment.has(Flags::ACK) {
                    known.heard = now;
                    known.stack.receive(now, packet);
                }
            }
            _ if !whole => {}
            // Only the exact number is believed (RFC 5961 §3.2).
            Some(known) if segment.has(Flags::RST) => {
                if segment.header.sequence == known.expects {
                    self.connections.remove(&peer);
                }
            }
            Some(known) if segment.header.sequence == known.syn => {
                self.out.push_back(known.greeting.clone());
            }
            // The ports of a connection that is over may be used again.
            Some(known) if !known.is_over() => {}
            _ => self.stranger(now, peer, &segment),
        }
    }

    /// A segment that belongs to no connection: it begins one, or is refused.
    fn stranger(&mut self, now: Duration, peer: SocketAddrV4, segment: &Segment<'_>) {
        let begins =
            segment.has(Flags::SYN) && !segment.header.flags.intersects(Flags::ACK | Flags::RST);
        if !begins || segment.header.destination != self.address.port() {
            let reset = reset_for(segment);
            self.out.extend(reset.map(|it| envelope::own(&it, *self.address.ip(), peer)));
        } else if self.connections.len() < MOST_CONNECTIONS {
            let ours = self.numbers.isn(Instant::new(now), self.address.into(), peer.into());
            let connection = self.greet(now, peer, ours, segment.header.sequence);
            self.out.push_back(connection.greeting.clone());
            self.connections.insert(peer, connection);
        }
    }

    /// The second segment of the handshake. The SYNs have taken a number each, so the streams begin
    /// behind them.
    fn greet(&self, now: Duration, peer: SocketAddrV4, ours: Seq, syn: Seq) -> Connection {
        let mss = u16::try_from(MSS).unwrap_or(u16::MAX);
        let header = Header {
            source: self.address.port(),
            destination: peer.port(),
            sequence: ours,
            acknowledgment: syn + 1,
            flags: Flags::SYN | Flags::ACK,
            window: u16::try_from(CAPACITY).unwrap_or(u16::MAX),
            options: Options { mss: Some(mss), ..Options::default() },
            ..Header::default()
        };
        Connection {
            stack: Stack::new((ours + 1).0, (syn + 1).0),
            syn,
            greeting: envelope::own(&header, *self.address.ip(), peer),
            expects: syn + 1,
            request: Vec::new(),
            written: 0,
            finished: false,
            heard: now,
        }
    }

    /// Does for everybody what can be done: what they send is in `out` then.
    pub(crate) fn serve(&mut self, now: Duration) {
        let Self { address, page, connections, out, .. } = self;
        for (peer, connection) in connections.iter_mut() {
            connection.answer(page);
            for packet in connection.packets(now) {
                out.extend(envelope::close(&packet, *address, *peer));
            }
        }
        connections.retain(|_, connection| {
            let most = if connection.is_over() { TIME_WAIT } else { PATIENCE };
            now.saturating_sub(connection.heard) < most
        });
    }

    /// When `serve` is to be called next, even if nothing arrives until then.
    pub(crate) fn deadline(&self) -> Option<Duration> {
        self.connections.values().filter_map(|connection| connection.stack.deadline()).min()
    }
}

impl Connection {
    /// The application: reads a request, writes the page, and ends.
    fn answer(&mut self, page: &[u8]) {
        let octets = self.stack.read(usize::MAX);
        let room = LONGEST_REQUEST - self.request.len();
        self.request.extend(octets.iter().take(room));
        let asked = self.request.windows(4).any(|end| end == b"\r\n\r\n");
        if asked && self.written < page.len() {
            self.written += self.stack.write(&page[self.written..]);
        }
        let refused = !asked && (self.request.len() == LONGEST_REQUEST || self.stack.has_ended());
        if !self.finished && (refused || self.written == page.len()) {
            self.finished = true;
            self.stack.finish();
        }
    }

    /// What your `Stack` has to send now.
    fn packets(&mut self, now: Duration) -> Vec<Vec<u8>> {
        let stack = &mut self.stack;
        let packets: Vec<_> = std::iter::from_fn(|| stack.send(now)).take(MOST_AT_ONCE).collect();
        let said = packets.last().and_then(|packet| packet.get(8..12)?.try_into().ok());
        self.expects = said.map_or(self.expects, |octets| Seq(u32::from_be_bytes(octets)));
        packets
    }

    fn is_over(&self) -> bool {
        self.stack.has_ended() && self.stack.is_acknowledged()
    }
}
