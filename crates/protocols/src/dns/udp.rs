//! The name server over UDP: a loop that takes a datagram, and sends one back.
//!
//! It is a loop of its own, and not chapter 3's. That one watches thousands of sockets; here there is one, whose
//! reader has nothing else to wait for. A thread that blocks until a datagram comes spends two calls to the system on a
//! query; on an event loop it would be four when few come, with `epoll_wait(2)` and the read that finds nothing more.
//! When many come, Linux takes and sends them by the batch (the module `batch`). For more than one processor,
//! several threads have a socket each on the same port (`SO_REUSEPORT`, `socket(7)`), and the system spreads
//! clients over them.

#[cfg(target_os = "linux")]
mod batch;

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use socket2::{Domain, Protocol, Socket, Type};
use sockets::answering::Answering;

use super::server::{Server, Transport};

/// Octets of the largest query that is read. A longer one, which no client sends, is cut there, and is no
/// message then.
const LARGEST_QUERY: usize = 4_096;
/// What we ask the system to hold for us while we are busy. It gives what it likes (`socket(7)`).
const BUFFER: usize = 4 << 20;
/// How often a worker without work looks whether it should stop.
const LOOK_UP: Duration = Duration::from_millis(100);
/// How long a worker that was told to stop answers what is in its queue.
const DRAIN: Duration = Duration::from_secs(2);
/// How long to wait after an error that may come again at once.
const PAUSE: Duration = Duration::from_millis(10);

/// Binds `count` sockets to one address; with port 0, all to the port that the first one gets.
///
/// # Errors
///
/// What `socket(2)` and `bind(2)` say.
pub fn bind(mut address: SocketAddr, count: usize) -> io::Result<Vec<UdpSocket>> {
    let mut bound = Vec::new();
    while bound.len() < count.max(1) {
        let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
        if address.is_ipv6() {
            socket.set_only_v6(!address.ip().is_unspecified())?;
        }
        // Only where it is needed: with it, any program of ours could take part of the queries.
        socket.set_reuse_port(count > 1)?;
        socket.bind(&address.into())?;
        // More would be better, less is no failure.
        let _ = socket.set_recv_buffer_size(BUFFER);
        let socket = UdpSocket::from(socket);
        address = socket.local_addr()?;
        bound.push(socket);
    }
    Ok(bound)
}

/// What a worker tells of each datagram that it answered: from whom, the query, the response.
pub type Observer = Box<dyn Fn(SocketAddr, &[u8], &[u8]) + Send>;

/// What a worker did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Statistics {
    /// Queries that were answered.
    pub answered: u64,
    /// Datagrams that got no response.
    pub ignored: u64,
}

/// One socket and the thread that serves it.
pub struct Worker {
    socket: Answering,
    server: Server,
    stop: Arc<AtomicBool>,
    observer: Option<Observer>,
    statistics: Statistics,
}

/// Where a worker's thread puts what it receives.
struct Room {
    buffer: Vec<u8>,
    /// Where the system takes several datagrams in a call, and none needs to be sent from another address
    /// than the next.
    #[cfg(target_os = "linux")]
    batch: Option<batch::Batch>,
}

impl Worker {
    /// A worker that answers on `socket` until `stop` is set.
    ///
    /// # Errors
    ///
    /// What the system says of the socket's options.
    pub fn new(
        socket: UdpSocket,
        server: Server,
        stop: Arc<AtomicBool>,
        observer: Option<Observer>,
    ) -> io::Result<Self> {
        socket.set_read_timeout(Some(LOOK_UP))?;
        socket.set_write_timeout(Some(LOOK_UP))?;
        let socket = Answering::new(socket)?;
        Ok(Self { socket, server, stop, observer, statistics: Statistics::default() })
    }

    fn room(&self) -> io::Result<Room> {
        #[cfg(target_os = "linux")]
        let one_address = !self.socket.socket().local_addr()?.ip().is_unspecified();
        Ok(Room {
            buffer: vec![0; LARGEST_QUERY],
            #[cfg(target_os = "linux")]
            batch: one_address.then(|| batch::Batch::new(LARGEST_QUERY)),
        })
    }

    // ANCHOR: run
    /// Serves until it is told to stop, and then to the end of its queue.
    ///
    /// # Errors
    ///
    /// What the system says of the socket itself; never what a client did.
    pub fn run(mut self) -> io::Result<Statistics> {
        let mut room = self.room()?;
        while !self.stop.load(Ordering::Relaxed) {
            match self.serve(&mut room) {
                Ok(()) => {}
                Err(error) => match error.kind() {
                    // Nobody asked for a while; or a signal.
                    ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted => {}
                    // udp(7): an ICMP error for a response that nobody waited for. It is over.
                    ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset => {}
                    _ => thread::sleep(PAUSE),
                },
            }
        }
        self.drain(&mut room)?;
        Ok(self.statistics)
    }
    // ANCHOR_END: run

    fn drain(&mut self, room: &mut Room) -> io::Result<()> {
        self.socket.socket().set_nonblocking(true)?;
        let begin = Instant::now();
        while begin.elapsed() < DRAIN {
            match self.serve(room) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                _ => {}
            }
        }
        Ok(())
    }

    /// Receives what there is, one datagram at least, and answers it.
    fn serve(&mut self, room: &mut Room) -> io::Result<()> {
        #[cfg(target_os = "linux")]
        if let Some(batch) = &mut room.batch {
            return self.serve_batch(batch);
        }
        self.serve_one(&mut room.buffer)
    }

    #[cfg(target_os = "linux")]
    fn serve_batch(&mut self, batch: &mut batch::Batch) -> io::Result<()> {
        batch.receive(self.socket.socket())?;
        batch.answer(|query, peer, out| {
            let Some(response) =
                self.server.respond(query, Transport::Udp).filter(|_| peer.port() != 0)
            else {
                self.statistics.ignored += 1;
                return false;
            };
            if let Some(observer) = &self.observer {
                observer(peer, query, response);
            }
            self.statistics.answered += 1;
            out.extend_from_slice(response);
            true
        });
        batch.send(self.socket.socket())
    }

    /// Receives a datagram, and answers it. That a response cannot be sent is its client's loss alone: it will
    /// ask again.
    fn serve_one(&mut self, buffer: &mut [u8]) -> io::Result<()> {
        let (count, peer, asked) = self.socket.receive(buffer)?;
        let query = &buffer[..count];
        // RFC 768: a sender that names port 0 wants no answer.
        match self.server.respond(query, Transport::Udp).filter(|_| peer.port() != 0) {
            Some(response) => {
                if let Some(observer) = &self.observer {
                    observer(peer, query, response);
                }
                self.statistics.answered += 1;
                self.socket.send(response, peer, &asked)?;
            }
            None => self.statistics.ignored += 1,
        }
        Ok(())
    }
}
