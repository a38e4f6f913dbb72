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
    todo!("join {group} on {interface}, and send with a TTL of {ttl}")
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
    let _ = (socket, me, most, wait); // Yours to use; then this line can go.
    todo!("ask {group}, collect the answers, and answer the others")
}
