//! A UDP socket of a server: its answers come from the address that was asked.
//!
//! On Linux, and on a wildcard address, that takes the control messages of the module `destination`;
//! elsewhere it is what a bound socket does by itself.

use std::io;
use std::net::{SocketAddr, UdpSocket};

#[cfg(target_os = "linux")]
use socket2::SockRef;

#[cfg(target_os = "linux")]
use crate::destination::{self, Destination};

/// The socket.
#[derive(Debug)]
pub struct Answering {
    socket: UdpSocket,
    /// Whether each datagram brings the address that it was sent to.
    #[cfg(target_os = "linux")]
    destinations: bool,
}

/// Where a datagram was sent to, as far as that is known: give it back with the answer.
#[derive(Debug, Clone, Copy)]
pub struct Asked {
    #[cfg(target_os = "linux")]
    destination: Option<Destination>,
}

impl Answering {
    /// A server's socket, of one that is bound.
    ///
    /// # Errors
    ///
    /// What the system says of the socket's address.
    pub fn new(socket: UdpSocket) -> io::Result<Self> {
        #[cfg(target_os = "linux")]
        let destinations = socket.local_addr()?.ip().is_unspecified()
            && destination::ask_for_destinations(&SockRef::from(&socket)).is_ok();
        Ok(Self {
            socket,
            #[cfg(target_os = "linux")]
            destinations,
        })
    }

    /// The socket itself, for its options.
    pub fn socket(&self) -> &UdpSocket {
        &self.socket
    }

    /// Receives a datagram: its length, its sender, and where it was sent to.
    ///
    /// # Errors
    ///
    /// As [`UdpSocket::recv_from`].
    #[cfg(target_os = "linux")]
    pub fn receive(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr, Asked)> {
        let (count, peer, destination) = if self.destinations {
            destination::receive(&SockRef::from(&self.socket), buffer)?
        } else {
            let (count, peer) = self.socket.recv_from(buffer)?;
            (count, peer, None)
        };
        Ok((count, peer, Asked { destination }))
    }

    /// Sends a datagram to `to`, from where the one that it answers was sent to.
    ///
    /// # Errors
    ///
    /// As [`UdpSocket::send_to`].
    #[cfg(target_os = "linux")]
    pub fn send(&self, octets: &[u8], to: SocketAddr, asked: &Asked) -> io::Result<usize> {
        match &asked.destination {
            Some(from) => destination::send(&SockRef::from(&self.socket), octets, to, from),
            None => self.socket.send_to(octets, to),
        }
    }

    /// Receives a datagram: its length, its sender, and where it was sent to.
    ///
    /// # Errors
    ///
    /// As [`UdpSocket::recv_from`].
    #[cfg(not(target_os = "linux"))]
    pub fn receive(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr, Asked)> {
        self.socket.recv_from(buffer).map(|(count, peer)| (count, peer, Asked {}))
    }

    /// Sends a datagram to `to`, from where the one that it answers was sent to.
    ///
    /// # Errors
    ///
    /// As [`UdpSocket::send_to`].
    #[cfg(not(target_os = "linux"))]
    pub fn send(&self, octets: &[u8], to: SocketAddr, _asked: &Asked) -> io::Result<usize> {
        self.socket.send_to(octets, to)
    }
}
