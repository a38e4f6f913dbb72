//! Finding services by multicast: each peer asks the group who is there, and answers the others.
//!
//! ```text
//! question  0        1                 9
//!           ┌────────┬─────────────────┐
//!           │ 3f '?' │ id of the asker │
//!           └────────┴─────────────────┘
//! answer    0        1                 9       11
//!           ┌────────┬─────────────────┬───────┬──────────────────────────────────┐
//!           │ 21 '!' │ id of the peer  │ port  │ name of its service, UTF-8, 1–63 │
//!           └────────┴─────────────────┴───────┴──────────────────────────────────┘
//! ```
//!
//! Numbers are big-endian. Both go to the group.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, UdpSocket};
use std::time::Duration;
// answer:
use std::collections::HashSet;
use std::io::ErrorKind;
use std::time::Instant;

use socket2::{Domain, Protocol, Socket, Type};

const QUESTION: u8 = b'?';
const ANSWER: u8 = b'!';
const LONGEST_NAME: usize = 63;
/// A kind, an id, a port, and the name.
const LONGEST_ANSWER: usize = 11 + LONGEST_NAME;
// end answer

/// A peer: its id, which no other has, and the service for which it answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// In every datagram of this peer.
    pub id: u64,
    /// Where its service listens; never 0.
    pub port: u16,
    /// What its service is called: 1 to 63 bytes.
    pub name: String,
}

/// A service of another peer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// What it is called.
    pub name: String,
    /// Where it listens: the address from which the answer came, with the port that stands in it.
    pub address: SocketAddr,
}

/// Opens a socket that is a member of `group` on the interface that has the address `interface`,
/// and that sends to the group by that interface, with a TTL of `ttl`. It is bound to the group's
/// port, which other peers on this machine may be bound to as well.
///
/// # Errors
///
/// The system's: the interface may not exist, or have no multicast.
pub fn join(group: SocketAddrV4, interface: Ipv4Addr, ttl: u32) -> io::Result<UdpSocket> {
    // answer: todo!("join {group} on {interface}, and send with a TTL of {ttl}")
    let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP))?;
    // With it, several sockets may have the port, and each gets what the group is sent. BSD asks
    // for SO_REUSEPORT there.
    socket.set_reuse_address(true)?;
    #[cfg(all(unix, not(target_os = "linux")))]
    socket.set_reuse_port(true)?;
    // Bound to the group's address, it receives what is sent to the group and nothing else. Windows
    // binds no socket to a group.
    let at = if cfg!(windows) { Ipv4Addr::UNSPECIFIED } else { *group.ip() };
    socket.bind(&SocketAddrV4::new(at, group.port()).into())?;
    // Two directions, two options: left to the system, each takes the default route's interface.
    socket.join_multicast_v4(group.ip(), &interface)?;
    socket.set_multicast_if_v4(&interface)?;
    socket.set_multicast_ttl_v4(ttl)?;
    Ok(socket.into())
    // end answer
}

/// Asks who is in `group`, and returns the services that answer: `most` at most, and those of
/// which it hears within `wait`. A peer that answers twice counts once.
///
/// It answers the others' questions meanwhile, as the peer `me`. Its own datagrams come back to it;
/// it neither answers them nor counts itself. It answers no answers, and passes over all datagrams
/// that have another form.
///
/// # Errors
///
/// Those of the socket; that nobody answers is none.
pub fn find(
    socket: &UdpSocket,
    group: SocketAddrV4,
    me: &Peer,
    most: usize,
    wait: Duration,
) -> io::Result<Vec<Found>> {
    // answer: let _ = (socket, me, most, wait); // Yours to use; then this line can go.
    // answer: todo!("ask {group}, collect the answers, and answer the others")
    let deadline = Instant::now() + wait;
    socket.send_to(&[&[QUESTION], &me.id.to_be_bytes()[..]].concat(), group)?;
    let mut heard = HashSet::from([me.id]);
    let mut found = Vec::new();
    let mut buffer = [0; LONGEST_ANSWER + 1]; // One byte more: what fills it is too long.
    while found.len() < most {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break;
        }
        socket.set_read_timeout(Some(left))?;
        let (count, sender) = match socket.recv_from(&mut buffer) {
            Ok(received) => received,
            Err(error) => match error.kind() {
                ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted => continue,
                _ => return Err(error),
            },
        };
        match parse(&buffer[..count]) {
            Some(Message::Question { id }) if id != me.id => {
                socket.send_to(&answer(me), group)?;
            }
            Some(Message::Answer { id, port, name }) if heard.insert(id) => {
                let address = SocketAddr::new(sender.ip(), port);
                found.push(Found { name: name.to_owned(), address });
            }
            _ => {}
        }
    }
    Ok(found)
    // end answer
}
// answer:

enum Message<'a> {
    Question { id: u64 },
    Answer { id: u64, port: u16, name: &'a str },
}

/// Reads a datagram. `None`: it is none of ours.
fn parse(datagram: &[u8]) -> Option<Message<'_>> {
    let (&kind, rest) = datagram.split_first()?;
    let (id, rest) = rest.split_first_chunk()?;
    let id = u64::from_be_bytes(*id);
    match (kind, rest) {
        (QUESTION, []) => Some(Message::Question { id }),
        (ANSWER, [high, low, name @ ..]) if (1..=LONGEST_NAME).contains(&name.len()) => {
            let port = u16::from_be_bytes([*high, *low]);
            let name = str::from_utf8(name).ok()?;
            (port != 0).then_some(Message::Answer { id, port, name })
        }
        _ => None,
    }
}

fn answer(me: &Peer) -> Vec<u8> {
    let (id, port) = (me.id.to_be_bytes(), me.port.to_be_bytes());
    [&[ANSWER], &id[..], &port, me.name.as_bytes()].concat()
}
// end answer
