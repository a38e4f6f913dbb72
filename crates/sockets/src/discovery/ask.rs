//! The one who looks.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use capture::{Recorder, UdpTap};

use super::Network;
use super::message::{ANSWER, HEADER, LONGEST_NAME, Message, QUESTION};
use crate::deadlines::Deadline;
use crate::random;
use crate::udp::Datagrams;

/// Services that one search finds at most: whoever is on the network can answer any number of times.
pub const LARGEST_CROWD: usize = 256;
/// The question is asked again after this time, and again after twice as long: it may be lost, and UDP
/// does not say so.
const AGAIN: Duration = Duration::from_millis(200);

/// A service that answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its name, of any letters: escape it before you show it.
    pub name: String,
    /// Where it is: the answer's sender, and the port that the answer names.
    pub address: SocketAddr,
}

/// A search on one network.
#[derive(Debug)]
pub struct Asker<S = UdpSocket> {
    pub(super) socket: S,
    group: SocketAddr,
    id: u64,
}

impl Asker {
    /// A socket from which to ask on `network`.
    ///
    /// # Errors
    ///
    /// What the system says: no such interface, no multicast there.
    pub fn new(network: &Network) -> io::Result<Self> {
        // Answers come to this port of ours alone. We are no member of the group, so our own question
        // does not come back to us.
        let socket = network.socket((network.interface, 0).into(), false)?;
        Ok(Self { socket, group: network.group()?, id: random::id() })
    }

    /// The same search, with a tap on its socket.
    pub fn tapped(self, recorder: &Recorder) -> Asker<UdpTap> {
        let socket = UdpTap::new(self.socket, "asker", "responder", recorder);
        socket.name_peer(self.group, "group");
        Asker { socket, group: self.group, id: self.id }
    }
}

impl<S: Datagrams> Asker<S> {
    /// The id of this search: see [`Responder::ignoring`](super::Responder::ignoring).
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Asks for `name`, or for everybody if it is empty, and collects answers for `wait`, or until
    /// there are [`LARGEST_CROWD`].
    ///
    /// # Errors
    ///
    /// `InvalidInput` for a name of more than [`LONGEST_NAME`] octets; else the system's, such as: the
    /// network is unreachable, where the interface has no route for the group.
    pub fn search(&self, name: &str, wait: Duration) -> io::Result<Vec<Found>> {
        let question = Message { kind: QUESTION, port: 0, id: self.id, name };
        let question = question.to_bytes().ok_or_else(|| {
            io::Error::new(
                ErrorKind::InvalidInput,
                format!("no name has over {LONGEST_NAME} octets"),
            )
        })?;
        let deadline = Deadline::after(wait);
        let mut found = Vec::new();
        let mut again = AGAIN;
        while !deadline.passed() && found.len() < LARGEST_CROWD {
            self.socket.send_to(&question, self.group)?;
            self.collect(name, Deadline::after(again).min(deadline), &mut found)?;
            again = again.saturating_mul(2);
        }
        Ok(found)
    }

    /// Collects answers until `until`.
    fn collect(&self, name: &str, until: Deadline, found: &mut Vec<Found>) -> io::Result<()> {
        let mut buffer = [0; HEADER + LONGEST_NAME + 1];
        while let Ok(wait) = until.remaining() {
            if found.len() >= LARGEST_CROWD {
                break;
            }
            let (count, sender) = match self.socket.receive_from(&mut buffer, wait) {
                Ok(received) => received,
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted => {
                        continue;
                    }
                    _ => return Err(error),
                },
            };
            if let Some(service) = self.answer(name, &buffer[..count], sender)
                && !found.contains(&service)
            {
                found.push(service);
            }
        }
        Ok(())
    }

    fn answer(&self, name: &str, datagram: &[u8], mut sender: SocketAddr) -> Option<Found> {
        let answer = Message::parse(datagram)?;
        let ours = answer.kind == ANSWER && answer.id == self.id;
        if !ours || !(name.is_empty() || name == answer.name) {
            return None;
        }
        // An answer names a port and no address: nobody can send us to somebody else's.
        sender.set_port(answer.port);
        Some(Found { name: answer.name.to_owned(), address: sender })
    }
}
