//! The one who is found.

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::Duration;

use capture::{Recorder, UdpTap};

use super::message::{ANSWER, HEADER, LONGEST_NAME, Message, QUESTION};
use super::{GROUP_V4, GROUP_V6, Network, interface_number};
use crate::udp::Datagrams;

/// A member of the group that answers for one service.
#[derive(Debug)]
pub struct Responder<S = UdpSocket> {
    socket: S,
    name: String,
    port: u16,
    /// Questions with this id come from our own program.
    own: Option<u64>,
}

impl Responder {
    /// Joins the group on `network`, to answer for the service `name` at `port`. If the network's port
    /// is 0 the system chooses one: see [`group`](Self::group).
    ///
    /// # Errors
    ///
    /// `InvalidInput` for a name of 0 or more than [`LONGEST_NAME`] octets, or port 0; else what the
    /// system says: no such interface, no multicast there.
    pub fn join(network: &Network, name: &str, port: u16) -> io::Result<Self> {
        if name.is_empty() || name.len() > LONGEST_NAME || port == 0 {
            let what = format!("a name of 1 to {LONGEST_NAME} octets and a port are needed");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, what));
        }
        // Bound to the group's address, the socket receives what is sent to the group and nothing
        // else. Bound to a wildcard it would also get what comes to this port in any other way (ip(7),
        // IP_MULTICAST_ALL).
        let socket = network.socket(network.group()?, true)?;
        match network.interface {
            IpAddr::V4(interface) => socket.join_multicast_v4(&GROUP_V4, &interface)?,
            IpAddr::V6(interface) => {
                socket.join_multicast_v6(&GROUP_V6, interface_number(interface)?)?;
            }
        }
        Ok(Self { socket, name: name.to_owned(), port, own: None })
    }

    /// The same responder, with a tap on its socket.
    pub fn tapped(self, recorder: &Recorder) -> Responder<UdpTap> {
        let socket = UdpTap::new(self.socket, "responder", "asker", recorder);
        Responder { socket, name: self.name, port: self.port, own: self.own }
    }
}

impl<S: Datagrams> Responder<S> {
    /// The same responder in a program that also asks, with this id: it will not find itself.
    #[must_use]
    pub fn ignoring(self, own: u64) -> Self {
        Self { own: Some(own), ..self }
    }

    /// The group's address and port.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn group(&self) -> io::Result<SocketAddr> {
        self.socket.address()
    }

    /// What answers a datagram, if anything does.
    pub fn answer(&self, datagram: &[u8]) -> Option<Vec<u8>> {
        let question = Message::parse(datagram)?;
        let asked = question.kind == QUESTION
            && Some(question.id) != self.own
            && (question.name.is_empty() || question.name == self.name);
        let answer = Message { kind: ANSWER, port: self.port, id: question.id, name: &self.name };
        asked.then(|| answer.to_bytes())?
    }

    /// Receives one datagram within `wait` and answers it if it is a question for us. Gives who asked.
    ///
    /// # Errors
    ///
    /// `WouldBlock` or `TimedOut` where none came; else the system's.
    pub fn serve_one(&self, wait: Duration) -> io::Result<Option<SocketAddr>> {
        // One octet more than the longest message: what fills it is none of ours.
        let mut buffer = [0; HEADER + LONGEST_NAME + 1];
        let (count, asker) = self.socket.receive_from(&mut buffer, wait)?;
        let Some(answer) = self.answer(&buffer[..count]) else { return Ok(None) };
        // To the asker alone. The source address is not the group's: a socket that is bound to one
        // sends from the interface's own address.
        self.socket.send_to(&answer, asker)?;
        Ok(Some(asker))
    }
}
