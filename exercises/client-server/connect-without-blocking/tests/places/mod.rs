//! Addresses that do what servers do to a connect. All of them are on loopback.

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::time::Duration;

use harness::{Check, Outcome};
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};
use socket2::{Domain, Socket, Type};

const LOCALHOST: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0));
/// How long the system may take for a handshake with itself.
const PATIENCE: Duration = Duration::from_secs(1);

/// An address, for as long as this lives.
pub(crate) struct Place {
    pub(crate) address: SocketAddr,
    /// What makes the address what it is.
    _holds: (Option<Socket>, Option<TcpListener>, Vec<TcpStream>),
}

/// A port that is bound, so that no server takes it, and does not listen: connecting is refused.
pub(crate) fn refusing(c: &Check) -> Outcome<Place> {
    let place = bound().and_then(|socket| {
        let address = address(&socket)?;
        Ok(Place { address, _holds: (Some(socket), None, Vec::new()) })
    });
    place.map_err(|error| c.fail(None, format!("binding a port: {error}")))
}

/// A port that listens, with a full queue that nobody accepts from. *Seen on Linux*: a SYN that
/// comes then is dropped, and the connect goes on until somebody gives up (listen(2), backlog).
pub(crate) fn silent(c: &Check) -> Outcome<Place> {
    if !cfg!(target_os = "linux") {
        return Err(c.skip("only on Linux is it known how to make an address that never answers"));
    }
    let place = full().map_err(|error| c.fail(None, format!("filling a queue: {error}")))?;
    place.ok_or_else(|| c.skip("the queue of a listener did not fill"))
}

/// An address to which not even a connect can be begun: the broadcast address of loopback.
pub(crate) fn impossible(c: &Check) -> Outcome<SocketAddr> {
    let address = SocketAddr::from(([127, 255, 255, 255], 9));
    match TcpStream::connect(address) {
        Err(_) => Ok(address),
        Ok(_) => Err(c.skip("this system begins to connect to a broadcast address")),
    }
}

fn bound() -> std::io::Result<Socket> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.bind(&LOCALHOST.into())?;
    Ok(socket)
}

fn address(socket: &Socket) -> std::io::Result<SocketAddr> {
    Ok(socket.local_addr()?.as_socket().unwrap_or(LOCALHOST))
}

/// With a backlog of 1 the queue is full when two connections are in it.
fn full() -> std::io::Result<Option<Place>> {
    let socket = bound()?;
    socket.listen(1)?;
    socket.set_nonblocking(true)?;
    let address = address(&socket)?;
    let mut listener = TcpListener::from_std(socket.into());
    let (mut poll, mut events) = (Poll::new()?, Events::with_capacity(4));
    poll.registry().register(&mut listener, Token(0), Interest::READABLE)?;
    let mut clients = Vec::new();
    for _ in 0..2 {
        clients.push(TcpStream::connect(address)?);
        // An event for each connection that is put into the queue.
        poll.poll(&mut events, Some(PATIENCE))?;
        if events.is_empty() {
            return Ok(None);
        }
    }
    Ok(Some(Place { address, _holds: (None, Some(listener), clients) }))
}
