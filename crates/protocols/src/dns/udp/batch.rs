//! Several datagrams in one call to the system: `recvmmsg(2)` and `sendmmsg(2)`, which Linux alone has.
//!
//! When queries come faster than they are answered, they wait in the socket's queue. Taking all that
//! wait, and sending their responses together, spends two calls on up to 32 queries and not on one.

use std::io::{self, IoSlice, IoSliceMut};
use std::net::{SocketAddr, SocketAddrV4, SocketAddrV6, UdpSocket};
use std::os::fd::AsRawFd;

use nix::sys::socket::{MsgFlags, MultiHeaders, SockaddrStorage, recvmmsg, sendmmsg};

/// Datagrams in one call.
const MOST: usize = 32;

/// Room for as many datagrams, and for their responses.
pub(super) struct Batch {
    queries: Vec<Vec<u8>>,
    arrived: Vec<(usize, SocketAddr)>,
    responses: Vec<Vec<u8>>,
    to: Vec<Option<SockaddrStorage>>,
    receiving: MultiHeaders<SockaddrStorage>,
    sending: MultiHeaders<SockaddrStorage>,
}

impl Batch {
    /// Room for datagrams of `length` octets; of longer ones the end is lost.
    pub(super) fn new(length: usize) -> Self {
        Self {
            queries: vec![vec![0; length]; MOST],
            arrived: Vec::with_capacity(MOST),
            responses: vec![Vec::new(); MOST],
            to: Vec::with_capacity(MOST),
            receiving: MultiHeaders::preallocate(MOST, None),
            sending: MultiHeaders::preallocate(MOST, None),
        }
    }

    /// Waits for one datagram, and takes all that have arrived with it.
    pub(super) fn receive(&mut self, socket: &UdpSocket) -> io::Result<()> {
        self.arrived.clear();
        self.to.clear();
        let mut slices: Vec<_> = self.queries.iter_mut().map(|q| [IoSliceMut::new(q)]).collect();
        let (fd, wait) = (socket.as_raw_fd(), MsgFlags::MSG_WAITFORONE);
        for one in recvmmsg(fd, &mut self.receiving, slices.iter_mut(), wait, None)? {
            // Every datagram has a sender; port 0 gets no answer.
            let peer = one.address.as_ref().and_then(address);
            let peer = peer.unwrap_or_else(|| SocketAddr::from(([0; 4], 0)));
            self.arrived.push((one.bytes, peer));
        }
        Ok(())
    }

    /// Answers each: `respond` is given the query and its sender, and where to put the response; `true`: there is one.
    pub(super) fn answer(
        &mut self,
        mut respond: impl FnMut(&[u8], SocketAddr, &mut Vec<u8>) -> bool,
    ) {
        for ((count, peer), query) in self.arrived.iter().zip(&self.queries) {
            let response = &mut self.responses[self.to.len()];
            response.clear();
            if respond(&query[..*count], *peer, response) {
                self.to.push(Some(SockaddrStorage::from(*peer)));
            }
        }
    }

    /// Sends the responses. One that cannot be sent is its client's loss alone: it will ask again.
    pub(super) fn send(&mut self, socket: &UdpSocket) -> io::Result<()> {
        let mut sent = 0;
        while sent < self.to.len() {
            let responses = &self.responses[sent..self.to.len()];
            let slices: Vec<_> =
                responses.iter().map(|response| [IoSlice::new(response)]).collect();
            let to = &self.to[sent..];
            let (fd, flags) = (socket.as_raw_fd(), MsgFlags::empty());
            match sendmmsg(fd, &mut self.sending, &slices, to, [], flags) {
                Ok(done) => sent += done.count().max(1),
                Err(nix::Error::EINTR) => {}
                // It is about the first of them.
                Err(_) => sent += 1,
            }
        }
        Ok(())
    }
}

fn address(storage: &SockaddrStorage) -> Option<SocketAddr> {
    let v4 = storage.as_sockaddr_in().map(|address| SocketAddrV4::from(*address).into());
    v4.or_else(|| storage.as_sockaddr_in6().map(|address| SocketAddrV6::from(*address).into()))
}
