//! A tap on a UDP socket.

use std::collections::HashMap;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs, UdpSocket};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::what_failed;
use crate::record::{Direction, End, FlowId, Transport};
use crate::recorder::Recorder;

/// Peers that a [`UdpTap`] tells apart unless told otherwise.
pub const DEFAULT_LIMIT_PEERS: usize = 64;

/// Wraps a UDP socket, connected or not, and records its datagrams, empty ones too.
///
/// Each peer's address is a flow of its own, named as the first peer, then `client 2`, and so on.
/// Past the limit, the others share one flow without address, so that a flood of forged senders
/// does not grow the tap.
///
/// ```
/// use capture::{Direction, FlowId, Recorder, UdpTap};
/// use std::net::UdpSocket;
///
/// let recorder = Recorder::new();
/// let server = UdpTap::new(UdpSocket::bind("127.0.0.1:0")?, "server", "client", &recorder);
/// let client = UdpSocket::bind("127.0.0.1:0")?;
/// client.send_to(b"hello", server.get_ref().local_addr()?)?;
/// let (count, from) = server.recv_from(&mut [0; 512])?;
/// assert_eq!((count, from), (5, client.local_addr()?));
/// assert_eq!(recorder.snapshot().bytes(FlowId(0), Direction::Received), b"hello");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct UdpTap {
    socket: UdpSocket,
    recorder: Recorder,
    local: String,
    peer: String,
    nonblocking: bool,
    peers: Mutex<Peers>,
}

#[derive(Debug)]
struct Peers {
    flows: HashMap<SocketAddr, FlowId>,
    limit: usize,
    /// The flow of all peers past the limit, and of events that belong to no peer.
    others: Option<FlowId>,
    /// The flow of the last datagram: who a timeout or an error is about.
    last: Option<FlowId>,
}

impl UdpTap {
    /// Taps `socket`, whose end is called `local` and the others `peer`.
    pub fn new(socket: UdpSocket, local: &str, peer: &str, recorder: &Recorder) -> Self {
        let peers =
            Peers { flows: HashMap::new(), limit: DEFAULT_LIMIT_PEERS, others: None, last: None };
        Self {
            socket,
            recorder: recorder.clone(),
            local: local.to_owned(),
            peer: peer.to_owned(),
            nonblocking: false,
            peers: Mutex::new(peers),
        }
    }

    /// The same tap, telling so many peers apart.
    #[must_use]
    pub fn bounded(self, peers: usize) -> Self {
        self.peers().limit = peers;
        self
    }

    /// The same tap on a socket that never waits, where `WouldBlock` is no event.
    #[must_use]
    pub fn nonblocking(mut self) -> Self {
        self.nonblocking = true;
        self
    }

    /// Calls the peer at `address` by a name of its own. Its flow begins here.
    pub fn name_peer(&self, address: SocketAddr, name: &str) -> FlowId {
        let mut peers = self.peers();
        self.flow_of(&mut peers, address, Some(name))
    }

    /// The socket beneath; what is sent or received there goes unrecorded.
    pub fn get_ref(&self) -> &UdpSocket {
        &self.socket
    }

    /// Takes the tap off.
    pub fn into_inner(self) -> UdpSocket {
        self.socket
    }

    /// The recorder behind it.
    pub fn recorder(&self) -> &Recorder {
        &self.recorder
    }

    /// `connect(2)`: from here on the socket talks to `peer` alone. Nothing is sent.
    ///
    /// # Errors
    ///
    /// As [`UdpSocket::connect`].
    pub fn connect(&self, peer: impl ToSocketAddrs) -> io::Result<()> {
        self.socket.connect(peer)
    }

    /// Sends a datagram to the peer that the socket is connected to.
    ///
    /// # Errors
    ///
    /// As [`UdpSocket::send`]. On a connected socket, an ICMP message that nobody listens there
    /// is the error of a later call: `udp(7)`.
    pub fn send(&self, datagram: &[u8]) -> io::Result<usize> {
        let result = self.socket.send(datagram);
        let sent = result.as_ref().map(|count| &datagram[..*count]);
        self.passed(Direction::Sent, self.socket.peer_addr().ok(), sent);
        result
    }

    /// Sends a datagram to an address (the first one that `peer` resolves to).
    ///
    /// # Errors
    ///
    /// As [`UdpSocket::send_to`].
    pub fn send_to(&self, datagram: &[u8], peer: impl ToSocketAddrs) -> io::Result<usize> {
        let Some(peer) = peer.to_socket_addrs()?.next() else {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "no address to send to"));
        };
        let result = self.socket.send_to(datagram, peer);
        let sent = result.as_ref().map(|count| &datagram[..*count]);
        self.passed(Direction::Sent, Some(peer), sent);
        result
    }

    /// Receives a datagram from the peer that the socket is connected to. What `buffer` has no
    /// room for is lost, and not in the record: `recv(2)` says nothing of it.
    ///
    /// # Errors
    ///
    /// As [`UdpSocket::recv`].
    pub fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let result = self.socket.recv(buffer);
        let came = result.as_ref().map(|count| &buffer[..*count]);
        self.passed(Direction::Received, self.socket.peer_addr().ok(), came);
        result
    }

    /// Receives a datagram and its sender's address. What `buffer` has no room for is lost, and
    /// not in the record.
    ///
    /// # Errors
    ///
    /// As [`UdpSocket::recv_from`].
    pub fn recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        let result = self.socket.recv_from(buffer);
        let from = result.as_ref().ok().map(|(_, from)| *from);
        let came = result.as_ref().map(|(count, _)| &buffer[..*count]);
        self.passed(Direction::Received, from, came);
        result
    }

    /// Records a datagram or an error.
    fn passed(&self, way: Direction, peer: Option<SocketAddr>, result: Result<&[u8], &io::Error>) {
        let flow = || {
            let mut peers = self.peers();
            let flow = match (peer, peers.last) {
                (Some(peer), _) => self.flow_of(&mut peers, peer, None),
                // An error or a timeout, on a socket that has many peers or none.
                (None, Some(last)) => last,
                (None, None) => self.others(&mut peers),
            };
            peers.last = Some(flow);
            flow
        };
        match result {
            Ok(datagram) => self.recorder.data(flow(), way, datagram),
            Err(error) => {
                if let Some((way, what)) = what_failed(way, error, self.nonblocking) {
                    self.recorder.push(flow(), way, what);
                }
            }
        }
    }

    fn flow_of(&self, peers: &mut Peers, address: SocketAddr, name: Option<&str>) -> FlowId {
        if let Some(flow) = peers.flows.get(&address) {
            return *flow;
        }
        if peers.flows.len() >= peers.limit {
            return self.others(peers);
        }
        let name = match (name, peers.flows.len()) {
            (Some(name), _) => name.to_owned(),
            (None, 0) => self.peer.clone(),
            (None, before) => format!("{} {}", self.peer, before + 1),
        };
        let flow = self.recorder.flow(Transport::Udp, self.end(), End::new(name, address));
        peers.flows.insert(address, flow);
        flow
    }

    fn others(&self, peers: &mut Peers) -> FlowId {
        *peers.others.get_or_insert_with(|| {
            let name = if peers.flows.is_empty() { self.peer.as_str() } else { "others" };
            self.recorder.flow(Transport::Udp, self.end(), End::new(name, ""))
        })
    }

    fn end(&self) -> End {
        let address = self.socket.local_addr();
        End::new(&self.local, address.map_or_else(|_| String::new(), |a| a.to_string()))
    }

    fn peers(&self) -> MutexGuard<'_, Peers> {
        // Whatever panicked while holding it left a whole map behind.
        self.peers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
