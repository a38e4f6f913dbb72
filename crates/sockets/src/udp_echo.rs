//! An echo of datagrams: each goes back to its sender, as it came (RFC 862).
//!
//! ```text
//! client                     server
//!   │ ── 5 octets ───────────▶ │   one receive, one datagram
//!   │ ◀─────────── 5 octets ── │
//!   │ ── 0 octets ───────────▶ │   an empty datagram is a datagram (RFC 768), and no end of anything
//!   │ ◀─────────── 0 octets ── │
//! ```
//!
//! There is no connection, so there is nothing to accept, to half-close or to limit, and one thread
//! and one buffer serve everybody. What UDP has in its place:
//!
//! - **Size.** A datagram holds 65,507 octets at most over IPv4 (65,535 less 20 of IP header and 8 of
//!   UDP header). A buffer that is too small loses the rest of the datagram without an error.
//! - **Errors of the past.** An ICMP *port unreachable* for an answer that nobody wanted may be
//!   reported at the next call, for whichever client that is (`udp(7)`). It ends nothing.
//! - **The source address**, which anybody can forge. See [`refusal`].
//! - **Several addresses.** On a wildcard address the answer must come from the address that was
//!   asked: see [`Answering`].

use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use socket2::{Domain, Protocol, SockRef, Socket, Type};

use crate::answering::Answering;
use crate::deadlines::Deadline;

/// Octets of the largest datagram: of IPv6, whose header is not counted in its length (RFC 8200 §3).
pub const LARGEST: usize = 65_535 - 8;
/// What we ask the system to hold for us while we are busy. It gives what it likes (`socket(7)`).
const RECEIVE_BUFFER: usize = 4 << 20;
/// How often the server looks whether it should stop, if the datagram that is to wake it is lost.
const LOOK_UP: Duration = Duration::from_secs(1);
/// How long the server answers what is in the queue once it is told to stop.
const DRAIN: Duration = Duration::from_secs(2);
/// How long to wait after an error that may come again at once.
const PAUSE: Duration = Duration::from_millis(10);
/// How often trouble is reported: a flood of it must not become a flood of lines.
const REPORT_EVERY: Duration = Duration::from_secs(1);

/// What happens at the server.
#[derive(Debug)]
pub enum Event<'a> {
    /// A datagram went back.
    Echoed {
        /// To whom.
        peer: SocketAddr,
        /// Its octets.
        octets: &'a [u8],
    },
    /// A datagram was not answered, and why.
    Refused {
        /// Its sender, or who was named as that.
        peer: SocketAddr,
        /// The reason.
        why: &'static str,
    },
    /// A call failed; the server goes on. Said once a second at most.
    Failed {
        /// The system's words.
        error: &'a io::Error,
    },
}

/// What the server did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Report {
    /// Datagrams that went back.
    pub echoed: u64,
    /// Datagrams that were not answered.
    pub refused: u64,
}

/// An echo server for datagrams.
pub struct Server {
    socket: Answering,
    stopper: Stopper,
    /// The address from which the stopper wakes us.
    waker: Option<SocketAddr>,
    observer: Box<dyn Fn(Event<'_>) + Send + Sync>,
}

/// Stops a server from another thread.
#[derive(Debug, Clone)]
pub struct Stopper {
    stop: Arc<AtomicBool>,
    /// Connected to the server: a datagram from it wakes the server. `None` where the system would
    /// not make it; stopping then takes up to a second.
    waker: Option<Arc<UdpSocket>>,
}

/// A UDP socket on an address; on `[::]`, for IPv4 too.
///
/// # Errors
///
/// What `socket(2)` and `bind(2)` say.
pub fn bind(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    if address.is_ipv6() {
        socket.set_only_v6(!address.ip().is_unspecified())?;
    }
    // SO_REUSEADDR is not for UDP: on Linux it would let another program bind this very address and
    // take our datagrams (socket(7)). UDP has no TIME-WAIT to get around either.
    socket.bind(&address.into())?;
    Ok(socket.into())
}

impl Server {
    /// A server on a bound socket.
    ///
    /// # Errors
    ///
    /// What the system says of the socket's options.
    pub fn new(socket: UdpSocket) -> io::Result<Self> {
        let options = SockRef::from(&socket);
        // More would be better, less is no failure: many senders at once fill the default.
        let _ = options.set_recv_buffer_size(RECEIVE_BUFFER);
        socket.set_read_timeout(Some(LOOK_UP))?;
        socket.set_write_timeout(Some(LOOK_UP))?;
        let address = socket.local_addr()?;
        let waker = waker(address).ok().map(Arc::new);
        Ok(Self {
            socket: Answering::new(socket)?,
            waker: waker.as_ref().and_then(|waker| waker.local_addr().ok()),
            stopper: Stopper { stop: Arc::default(), waker },
            observer: Box::new(|_| {}),
        })
    }

    /// The same server, and `observer` is told what happens.
    #[must_use]
    pub fn observed(mut self, observer: impl Fn(Event<'_>) + Send + Sync + 'static) -> Self {
        self.observer = Box::new(observer);
        self
    }

    /// What stops this server.
    pub fn stopper(&self) -> Stopper {
        self.stopper.clone()
    }

    /// Serves until it is stopped, and has answered what was in its queue.
    ///
    /// # Errors
    ///
    /// What the system says of the socket itself; never what a client did.
    pub fn run(self) -> io::Result<Report> {
        let own_port = self.socket.socket().local_addr()?.port();
        let mut buffer = vec![0; LARGEST];
        let mut report = Report::default();
        let mut draining: Option<Deadline> = None;
        let mut said: Option<Instant> = None;
        loop {
            if draining.is_none() && self.stopper.stop.load(Ordering::SeqCst) {
                // From here on an empty queue is the end.
                self.socket.socket().set_nonblocking(true)?;
                draining = Some(Deadline::after(DRAIN));
            }
            if draining.is_some_and(Deadline::passed) {
                return Ok(report);
            }
            let error = match self.serve_one(&mut buffer, own_port, &mut report) {
                Ok(()) => continue,
                Err(error) => error,
            };
            match error.kind() {
                ErrorKind::WouldBlock | ErrorKind::TimedOut if draining.is_some() => {
                    return Ok(report);
                }
                ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted => {}
                kind => {
                    if said.is_none_or(|at| at.elapsed() >= REPORT_EVERY) {
                        said = Some(Instant::now());
                        (self.observer)(Event::Failed { error: &error });
                    }
                    // An ICMP error of the past is over once it has been reported; others may stay.
                    if !matches!(kind, ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset) {
                        thread::sleep(PAUSE);
                    }
                }
            }
        }
    }

    /// Receives one datagram, and sends it back or says why not.
    fn serve_one(&self, buffer: &mut [u8], own: u16, report: &mut Report) -> io::Result<()> {
        let (count, peer, asked) = self.socket.receive(buffer)?;
        let octets = &buffer[..count];
        if self.waker == Some(peer) {
            return Ok(()); // It has done what it came for.
        }
        if let Some(why) = refusal(peer, own) {
            report.refused += 1;
            (self.observer)(Event::Refused { peer, why });
            return Ok(());
        }
        self.socket.send(octets, peer, &asked)?;
        report.echoed += 1;
        (self.observer)(Event::Echoed { peer, octets });
        Ok(())
    }
}

impl Stopper {
    /// Tells the server to answer what has arrived, and then to return from [`Server::run`].
    ///
    /// A thread blocked in `recvfrom(2)` wakes at a datagram, so we send it one. Should that be lost,
    /// the server looks up within a second anyway.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::SeqCst);
        if let Some(waker) = &self.waker {
            drop(waker.send(&[]));
        }
    }
}

/// A socket whose datagrams go to the server at `address`.
fn waker(mut address: SocketAddr) -> io::Result<UdpSocket> {
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            SocketAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    let waker = UdpSocket::bind((address.ip(), 0))?;
    waker.connect(address)?;
    Ok(waker)
}

/// Says why a datagram from `peer` gets no answer from an echo server on port `own`, if it does not.
///
/// Two services that answer every datagram, each believing that the other asked, go on for ever; it
/// takes one datagram with a forged source address to start them (CERT advisory CA-1996-01). So there
/// is no answer to the ports of services that answer anything: echo (RFC 862), daytime (867), quote of
/// the day (865), character generator (864), time (868); nor to our own port number, behind which may be
/// another such server, or ourselves; nor to port 0, with which a sender says that it wants no answer
/// (RFC 768).
///
/// Against two echo servers on other ports nothing stateless helps: keep this one off public networks.
pub fn refusal(peer: SocketAddr, own: u16) -> Option<&'static str> {
    match peer.port() {
        0 => Some("port 0 is no port to answer to"),
        7 | 13 | 17 | 19 | 37 => {
            Some("a service that answers anything stands there: it would loop")
        }
        port if port == own => Some("it names our own port as its source: it would loop"),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
