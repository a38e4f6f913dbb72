//! The scripted peer over UDP.

use std::io::ErrorKind;
use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use capture::{Direction, End, FlowId, Transport, What};

use crate::check::{Check, Outcome};
use crate::peer::{PATIENCE, brief, definite};
use crate::running::Wait;

/// A UDP socket of the harness. It speaks only when the script says so, and records what passes.
#[derive(Debug)]
pub struct DatagramPeer {
    name: String,
    socket: UdpSocket,
    check: Check,
    flows: Vec<(SocketAddr, FlowId)>,
}

impl Check {
    /// A UDP socket for the answer, bound on a port of the system's choice.
    pub fn udp_socket(&self) -> Outcome<UdpSocket> {
        self.ok("binding 127.0.0.1", UdpSocket::bind("127.0.0.1:0"), None)
    }
}

impl DatagramPeer {
    /// Binds 127.0.0.1, on a port of the system's choice.
    pub fn bind(check: &Check, name: &str) -> Outcome<Self> {
        Ok(Self::from_socket(check, name, check.udp_socket()?))
    }

    /// Uses a socket that is bound already.
    pub fn from_socket(check: &Check, name: &str, socket: UdpSocket) -> Self {
        Self { name: name.to_owned(), socket, check: check.clone(), flows: Vec::new() }
    }

    /// Where it is bound.
    pub fn address(&self) -> Outcome<SocketAddr> {
        self.socket.local_addr().map_err(|error| self.check.fail(None, error.to_string()))
    }

    /// The socket itself, for what the vocabulary has no word for.
    pub fn socket(&self) -> &UdpSocket {
        &self.socket
    }

    /// Sends one datagram.
    pub fn send_to(&mut self, bytes: &[u8], to: SocketAddr) -> Outcome {
        self.check.did(format!("{} sent {}", definite(&self.name), brief(bytes)));
        let flow = self.flow(to);
        let sent = self.socket.send_to(bytes, to);
        sent.map_err(|error| self.check.fail(None, format!("sending a datagram: {error}")))?;
        self.check.recorder().push(flow, Direction::Sent, What::Data(bytes.to_vec()));
        Ok(())
    }

    /// Waits for one datagram, no longer than `limit`. `None`: none came.
    pub fn receive_within(&mut self, limit: Duration) -> Outcome<Option<(Vec<u8>, SocketAddr)>> {
        let failed =
            |error: std::io::Error| self.check.fail(None, format!("receiving a datagram: {error}"));
        let mut wait = Wait::new(&self.check, limit.max(Duration::from_millis(1)));
        let mut buffer = vec![0; 65_536];
        let (count, from) = loop {
            let Some(slice) = wait.slice() else { return Ok(None) };
            self.socket.set_read_timeout(Some(slice)).map_err(failed)?;
            match self.socket.recv_from(&mut buffer) {
                Ok(received) => break received,
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted => {}
                    // An earlier datagram of ours met a closed port (ICMP port unreachable).
                    ErrorKind::ConnectionRefused => {}
                    _ => return Err(failed(error)),
                },
            }
        };
        buffer.truncate(count);
        let flow = self.flow(from);
        self.check.recorder().push(flow, Direction::Received, What::Data(buffer.clone()));
        self.check.did(format!("{} received {}", definite(&self.name), brief(&buffer)));
        Ok(Some((buffer, from)))
    }

    /// Waits for one datagram; none is a failure.
    pub fn receive(&mut self) -> Outcome<(Vec<u8>, SocketAddr)> {
        match self.receive_within(PATIENCE)? {
            Some(received) => Ok(received),
            None => Err(self.check.fail(None, format!("no datagram came to the {}", self.name))),
        }
    }

    fn flow(&mut self, peer: SocketAddr) -> FlowId {
        if let Some((_, flow)) = self.flows.iter().find(|(address, _)| *address == peer) {
            return *flow;
        }
        let local = self.socket.local_addr().map_or(String::new(), |address| address.to_string());
        let local = End::new(self.name.as_str(), local);
        let whose = if peer.ip().is_multicast() { "group" } else { "your code" };
        let flow = self.check.recorder().flow(Transport::Udp, local, End::new(whose, peer));
        self.flows.push((peer, flow));
        flow
    }
}
