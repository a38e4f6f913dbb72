//! To which of our addresses a datagram came, and answering from it.
//!
//! A socket bound to a wildcard (`0.0.0.0`, `[::]`) receives datagrams for every address of the
//! machine, and answers from whichever one the routing table likes. A client that asked 127.0.0.2
//! and is answered by 127.0.0.1 throws the answer away, if it has connected its socket as it should.
//!
//! Linux hands the address over in a control message, and takes the same message when it sends
//! (`IP_PKTINFO` in `ip(7)`, `IPV6_RECVPKTINFO` in `ipv6(7)` and RFC 3542 §6.2):
//!
//! ```text
//! IPv4  │ interface: 4 │ our address: 4 │ the header's address: 4 │
//! IPv6  │ our address: 16                       │ interface: 4     │
//! ```

use std::io;
use std::net::SocketAddr;

use socket2::{Domain, Socket};

use crate::control::{
    self, Control, IP_PKTINFO, IPPROTO_IP, IPPROTO_IPV6, IPV6_PKTINFO, IPV6_RECVPKTINFO,
};

/// What came with a datagram: give it back when you answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Destination(Control);

/// Asks the system for the destination of each datagram that `socket` receives.
pub(crate) fn ask_for_destinations(socket: &Socket) -> io::Result<()> {
    if socket.domain()? == Domain::IPV6 {
        control::set(socket, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1)
    } else {
        control::set(socket, IPPROTO_IP, IP_PKTINFO, 1)
    }
}

/// Receives a datagram: its length, its sender, and where it was sent to.
pub(crate) fn receive(
    socket: &Socket,
    buffer: &mut [u8],
) -> io::Result<(usize, SocketAddr, Option<Destination>)> {
    let (count, sender, control) = control::receive(socket, buffer)?;
    Ok((count, sender, Destination::read(control)))
}

/// Sends a datagram from where the one that it answers was sent to.
pub(crate) fn send(
    socket: &Socket,
    bytes: &[u8],
    to: SocketAddr,
    from: &Destination,
) -> io::Result<usize> {
    control::send(socket, bytes, to, &from.0)
}

impl Destination {
    /// Takes the message as the system wrote it, and makes it the one to send back.
    fn read(mut control: Control) -> Option<Self> {
        let (level, kind, data) = control.parts()?;
        // The interface's number goes: given, it would have the system put the interface's first
        // address in the place of the one asked for (ip(7)). But a link-local IPv6 address means
        // nothing without its interface.
        match (level, kind) {
            (IPPROTO_IP, IP_PKTINFO) => data.get_mut(0..4)?.fill(0),
            (IPPROTO_IPV6, IPV6_PKTINFO) if data.starts_with(&[0xfe, 0x80]) => {}
            (IPPROTO_IPV6, IPV6_PKTINFO) => data.get_mut(16..20)?.fill(0),
            _ => return None,
        }
        Some(Self(control))
    }
}
