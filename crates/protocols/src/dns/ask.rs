//! The resolver on sockets that block, each call bounded by what is left of the wait.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, UdpSocket};
use std::time::{Duration, Instant};

use capture::{End, Recorder, Tap, Transport as Carrier, UdpTap};
use client_server::Time;

use super::message::{LARGEST, Question};
use super::resolver::{Answer, Ask, Failure, Resolution, Resolver, Step};
use super::server::Transport;

/// Ports below are for servers that somebody put there.
const FIRST_PORT: u16 = 1_024;
/// Random ports that are tried; then the system chooses one.
const PORTS: u32 = 16;

/// Resolves questions with a [`Resolver`], one after another.
pub struct Client {
    resolver: Resolver,
    recorder: Recorder,
    begin: Instant,
}

impl Client {
    /// A client; what it sends and receives is recorded.
    pub fn new(resolver: Resolver, recorder: Recorder) -> Self {
        Self { resolver, recorder, begin: Instant::now() }
    }

    // ANCHOR: resolve
    /// Resolves a question. It takes as long as the resolver's configuration permits, at most.
    ///
    /// # Errors
    ///
    /// [`Failure`].
    pub fn resolve(&mut self, question: Question) -> Result<Answer, Failure> {
        let clock = Clock(self.begin);
        let mut resolution = self.resolver.resolve(question, clock.now());
        loop {
            let ask = match resolution.step(clock.now()) {
                Step::Ask(ask) => ask,
                Step::Done(result) => return result,
            };
            let asked = match ask.transport {
                Transport::Udp => over_udp(&ask, &mut resolution, clock, &self.recorder),
                Transport::Tcp => over_tcp(&ask, &mut resolution, clock, &self.recorder),
            };
            match asked {
                Ok(()) => {}
                Err(error) => match error.kind() {
                    ErrorKind::TimedOut | ErrorKind::WouldBlock => resolution.expired(),
                    kind => resolution.failed(kind),
                },
            }
        }
    }
    // ANCHOR_END: resolve
}

/// The time since a client began.
#[derive(Clone, Copy)]
struct Clock(Instant);

impl Clock {
    fn now(self) -> Time {
        self.0.elapsed()
    }

    /// What is left until then: never 0, which sockets take for "for ever".
    fn left(self, until: Time) -> io::Result<Duration> {
        let left = until.saturating_sub(self.now());
        if left.is_zero() {
            Err(ErrorKind::TimedOut.into())
        } else {
            Ok(left.max(Duration::from_millis(1)))
        }
    }
}

/// Asks in a datagram, and waits for the answer among whatever else comes.
fn over_udp(
    ask: &Ask,
    resolution: &mut Resolution<'_>,
    clock: Clock,
    recorder: &Recorder,
) -> io::Result<()> {
    let socket = socket_for(ask.server)?;
    // From here on the system drops what comes from any other address or port (connect(2)).
    socket.connect(ask.server)?;
    let socket = UdpTap::new(socket, "client", "server", recorder);
    socket.send(&ask.query)?;
    let mut buffer = vec![0; LARGEST];
    loop {
        socket.get_ref().set_read_timeout(Some(clock.left(ask.until)?))?;
        match socket.recv(&mut buffer) {
            Ok(count) => {
                if resolution.received(&buffer[..count]).is_none() {
                    return Ok(());
                }
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// A socket on a port that nobody can guess: any of the free ones, and not only those that the system
/// would take (RFC 5452 §9.2).
fn socket_for(server: SocketAddr) -> io::Result<UdpSocket> {
    let any: SocketAddr = match server {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    for _ in 0..PORTS {
        let mut octets = [0; 2];
        getrandom::fill(&mut octets).map_err(io::Error::other)?;
        let port = u16::from_be_bytes(octets);
        if port < FIRST_PORT {
            continue;
        }
        if let Ok(socket) = UdpSocket::bind((any.ip(), port)) {
            return Ok(socket);
        }
    }
    UdpSocket::bind(any)
}

/// Asks on a connection: the message with its length in front, both ways (RFC 1035 §4.2.2).
fn over_tcp(
    ask: &Ask,
    resolution: &mut Resolution<'_>,
    clock: Clock,
    recorder: &Recorder,
) -> io::Result<()> {
    let stream = TcpStream::connect_timeout(&ask.server, clock.left(ask.until)?)?;
    stream.set_nodelay(true)?;
    let local = stream.local_addr().map_or_else(|_| String::new(), |address| address.to_string());
    let ends = (End::new("client", local), End::new("server", ask.server));
    let flow = recorder.flow(Carrier::Tcp, ends.0, ends.1);
    let mut stream = Tap::new(stream, recorder.clone(), flow);
    let length = u16::try_from(ask.query.len()).map_err(|_| ErrorKind::InvalidInput)?;
    stream.get_ref().set_write_timeout(Some(clock.left(ask.until)?))?;
    stream.write_all(&[&length.to_be_bytes()[..], &ask.query].concat())?;
    let mut length = [0; 2];
    read_exact(&mut stream, &mut length, clock, ask.until)?;
    let mut message = vec![0; usize::from(u16::from_be_bytes(length))];
    read_exact(&mut stream, &mut message, clock, ask.until)?;
    let _ = resolution.received(&message);
    Ok(())
}

/// `read_exact`, with one deadline over all of its reads.
fn read_exact(
    stream: &mut Tap<TcpStream>,
    mut buffer: &mut [u8],
    clock: Clock,
    until: Time,
) -> io::Result<()> {
    while !buffer.is_empty() {
        stream.get_ref().set_read_timeout(Some(clock.left(until)?))?;
        match stream.read(buffer) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(count) => buffer = &mut buffer[count..],
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
