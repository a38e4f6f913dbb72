//! The course's TCP.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use ::tcp_ip::Instant;
use ::tcp_ip::tcp::congestion::Algorithm;
use ::tcp_ip::tcp::{Config, Handle, Stack};

use super::host::{Host, Packets, blank};
use super::{BUFFER, BURST, MTU};

const PORT: u16 = 7;

pub(crate) struct Ours {
    stack: Stack,
    connection: Option<Handle>,
}

impl Host for Ours {
    fn pair() -> [Self; 2] {
        Self::pair_with(Algorithm::Reno)
    }

    fn run(
        &mut self,
        now: Instant,
        input: &mut Packets,
        output: &mut Packets,
        spare: &mut Packets,
    ) {
        while let Some(packet) = input.pop_front() {
            self.stack.packet(now, &packet);
            spare.push_back(packet);
        }
        self.stack.on_timeout(now);
        while output.len() < BURST {
            let mut packet = blank(spare);
            if !self.stack.poll(now, &mut packet) {
                spare.push_back(packet);
                break;
            }
            output.push_back(packet);
        }
        self.connection = self.connection.or_else(|| self.stack.accept(PORT));
    }

    fn deadline(&mut self, _now: Instant) -> Option<Instant> {
        self.stack.deadline()
    }

    fn send(&mut self, octets: &[u8]) -> usize {
        let connection = self.connection.and_then(|handle| self.stack.connection_mut(handle));
        connection.map_or(0, |connection| connection.send(octets))
    }

    fn receive(&mut self, buffer: &mut [u8]) -> usize {
        let connection = self.connection.and_then(|handle| self.stack.connection_mut(handle));
        connection.map_or(0, |connection| connection.receive(buffer))
    }
}

impl Ours {
    /// A client that connects and a server that listens.
    pub(crate) fn pair_with(congestion: Algorithm) -> [Self; 2] {
        let config = Config {
            send_buffer: BUFFER,
            receive_buffer: BUFFER,
            congestion,
            timestamps: false, // As the peer.
            ..Config::default()
        };
        let addresses = [1, 2].map(|last| IpAddr::from(Ipv4Addr::new(192, 0, 2, last)));
        let [mut client, mut server] =
            addresses.map(|address| Stack::new(&[address], MTU, config.clone()));
        server.listen(PORT, 1).expect("nobody listens yet");
        let to = SocketAddr::new(addresses[1], PORT);
        let connection = client.connect(Instant::ZERO, to).expect("a free port");
        [
            Self { stack: client, connection: Some(connection) },
            Self { stack: server, connection: None },
        ]
    }
}
