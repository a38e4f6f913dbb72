//! A UDP socket, or a tap on one.
//!
//! What asks and answers over UDP here takes either: with a tap, its datagrams are recorded.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use capture::UdpTap;

/// Sends and receives datagrams; each receiving call says how long it waits.
///
/// The errors are the system's. After `wait` it is `WouldBlock` on Unix, `TimedOut` on Windows; and a
/// connected socket reports here what became of what it sent before: `ConnectionRefused` where nobody
/// had the port (`udp(7)`).
pub trait Datagrams {
    /// Sends a datagram to the one that the socket is connected to.
    ///
    /// # Errors
    ///
    /// The system's.
    fn send(&self, datagram: &[u8]) -> io::Result<usize>;

    /// Sends a datagram to `peer`.
    ///
    /// # Errors
    ///
    /// The system's.
    fn send_to(&self, datagram: &[u8], peer: SocketAddr) -> io::Result<usize>;

    /// Receives a datagram from the one that the socket is connected to.
    ///
    /// # Errors
    ///
    /// The system's.
    fn receive(&self, buffer: &mut [u8], wait: Duration) -> io::Result<usize>;

    /// Receives a datagram and the address that it claims to come from.
    ///
    /// # Errors
    ///
    /// The system's.
    fn receive_from(&self, buffer: &mut [u8], wait: Duration) -> io::Result<(usize, SocketAddr)>;

    /// The address that the socket is bound to.
    ///
    /// # Errors
    ///
    /// The system's.
    fn address(&self) -> io::Result<SocketAddr>;
}

impl Datagrams for UdpSocket {
    fn send(&self, datagram: &[u8]) -> io::Result<usize> {
        UdpSocket::send(self, datagram)
    }

    fn send_to(&self, datagram: &[u8], peer: SocketAddr) -> io::Result<usize> {
        UdpSocket::send_to(self, datagram, peer)
    }

    fn receive(&self, buffer: &mut [u8], wait: Duration) -> io::Result<usize> {
        self.set_read_timeout(Some(wait))?;
        self.recv(buffer)
    }

    fn receive_from(&self, buffer: &mut [u8], wait: Duration) -> io::Result<(usize, SocketAddr)> {
        self.set_read_timeout(Some(wait))?;
        self.recv_from(buffer)
    }

    fn address(&self) -> io::Result<SocketAddr> {
        self.local_addr()
    }
}

impl Datagrams for UdpTap {
    fn send(&self, datagram: &[u8]) -> io::Result<usize> {
        UdpTap::send(self, datagram)
    }

    fn send_to(&self, datagram: &[u8], peer: SocketAddr) -> io::Result<usize> {
        UdpTap::send_to(self, datagram, peer)
    }

    fn receive(&self, buffer: &mut [u8], wait: Duration) -> io::Result<usize> {
        self.get_ref().set_read_timeout(Some(wait))?;
        self.recv(buffer)
    }

    fn receive_from(&self, buffer: &mut [u8], wait: Duration) -> io::Result<(usize, SocketAddr)> {
        self.get_ref().set_read_timeout(Some(wait))?;
        self.recv_from(buffer)
    }

    fn address(&self) -> io::Result<SocketAddr> {
        self.get_ref().local_addr()
    }
}
