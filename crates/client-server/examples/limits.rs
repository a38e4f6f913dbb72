//! Four limits of a server, each reached on purpose.
//!
//!     cargo run -p client-server --example limits
//!
//! Every line with a ✓ was checked as it was printed.

use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::os::fd::AsRawFd;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, ensure};
use client_server::{Address, Echo, EventLoop, Handle, Limits, Listener, Service, Statistics};
use mio::{Events, Interest, Poll, Token};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use socket2::{Domain, Socket, Type};

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(10);

fn main() -> Result<()> {
    a_full_server()?;
    one_address()?;
    out_of_descriptors()?;
    a_short_queue()
}

fn title(title: &str) {
    println!("\n{title}");
}

fn claim(holds: bool, what: &str) -> Result<()> {
    ensure!(holds, "does not hold here: {what}");
    println!("  ✓ {what}");
    Ok(())
}

// ANCHOR: refusal
/// The chapter's echo, with a word for those who come when it is full.
struct Polite;

impl Service for Polite {
    type Session = Echo;

    fn session(&self, _: Option<IpAddr>) -> Echo {
        Echo::new(Duration::from_secs(60))
    }

    fn refusal(&self) -> &[u8] {
        b"busy, please come again\n"
    }
}
// ANCHOR_END: refusal

fn a_full_server() -> Result<()> {
    title("Two clients at once, and a third comes");
    let server = Server::new(Limits { connections: 2, ..Limits::default() })?;
    let (mut one, mut two) = (server.connect()?, server.connect()?);
    claim(answers(&mut one)? && answers(&mut two)?, "two are served")?;
    let mut word = String::new();
    server.connect()?.read_to_string(&mut word)?;
    claim(
        word == "busy, please come again\n",
        "the third reads \"busy, please come again\", and the end",
    )?;
    claim(answers(&mut one)?, "the two notice nothing")?;
    drop(one);
    let come_again = until(|| Ok(answers(&mut server.connect()?).unwrap_or(false)))?;
    claim(come_again, "one leaves, and there is a place")?;
    let statistics = server.stop()?;
    claim(statistics.refused > 0, "refusing cost no session, and no wait")
}

fn one_address() -> Result<()> {
    title("Ten clients at once, two from one address");
    let server = Server::new(Limits { connections: 10, per_peer: 2, ..Limits::default() })?;
    let (mut one, mut two) =
        (server.connect_from([127, 0, 0, 2])?, server.connect_from([127, 0, 0, 2])?);
    claim(answers(&mut one)? && answers(&mut two)?, "127.0.0.2 has two")?;
    let mut word = String::new();
    server.connect_from([127, 0, 0, 2])?.read_to_string(&mut word)?;
    claim(word.starts_with("busy"), "and no third")?;
    claim(answers(&mut server.connect_from([127, 0, 0, 3])?)?, "127.0.0.3 is served")?;
    server.stop().map(drop)
}

fn out_of_descriptors() -> Result<()> {
    title("No descriptor left");
    let server = Server::new(Limits::default())?;
    let mut clients = [server.connect()?, server.connect()?];
    for client in &mut clients {
        ensure!(answers(client)?);
    }
    let late = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    let before = getrlimit(Resource::Nofile);
    // The lowest number that is free is the first that may no longer be used.
    let free = File::open("/dev/null")?.as_raw_fd();
    let current = Some(u64::try_from(free)?);
    setrlimit(Resource::Nofile, Rlimit { current, maximum: before.maximum })?;

    late.connect(&server.address.into())?;
    claim(true, "a client connects: its system and the listener's did that by themselves")?;
    let mut late = TcpStream::from(late);
    late.set_read_timeout(Some(Duration::from_millis(200)))?;
    late.write_all(b"hello")?;
    let waited = late.read(&mut [0; 5]);
    claim(
        waited.is_err_and(|error| error.kind() == ErrorKind::WouldBlock),
        "it asks, and hears nothing for 200 ms",
    )?;
    claim(answers(&mut clients[0])?, "the others are served meanwhile")?;
    drop(clients);
    late.set_read_timeout(Some(PATIENCE))?;
    late.read_exact(&mut [0; 5])?;
    claim(true, "they leave, and at once it has its answer")?;
    setrlimit(Resource::Nofile, before)?;
    drop(late);
    let Statistics { accept_errors, polls, .. } = server.stop()?;
    claim(
        accept_errors > 0 && polls < 500,
        &format!(
            "accept failed ≈ {accept_errors} times, and poll returned ≈ {polls} times: it did not spin"
        ),
    )
}

fn a_short_queue() -> Result<()> {
    title("Twenty clients at once, and a queue of eight");
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.bind(&"127.0.0.1:0".parse::<SocketAddr>()?.into())?;
    socket.listen(8)?;
    let listener = std::net::TcpListener::from(socket);
    let address = listener.local_addr()?;
    let (mut poll, mut events) = (Poll::new()?, Events::with_capacity(64));
    let mut clients = Vec::new();
    let begin = Instant::now();
    for index in 0..20 {
        let mut client = mio::net::TcpStream::connect(address)?;
        poll.registry().register(&mut client, Token(index), Interest::WRITABLE)?;
        clients.push(client);
    }
    let connected = |clients: &[mio::net::TcpStream]| {
        clients.iter().filter(|client| client.peer_addr().is_ok()).count()
    };
    while begin.elapsed() < Duration::from_millis(300) {
        poll.poll(&mut events, Some(Duration::from_millis(20)))?;
    }
    let at_once = connected(&clients);
    claim(
        at_once < 20,
        &format!("nobody accepts yet: ≈ {at_once} are connected, and the others hear nothing"),
    )?;
    // A client that was answered with a SYN cookie (tcp(7), tcp_syncookies) is known to the listener's
    // system only once it sends something: so each of them does, when it can.
    listener.set_nonblocking(true)?;
    let (mut accepted, mut sent) = (Vec::new(), [false; 20]);
    while accepted.len() < 20 {
        ensure!(begin.elapsed() < PATIENCE, "they never came");
        poll.poll(&mut events, Some(Duration::from_millis(5)))?;
        for (client, sent) in clients.iter_mut().zip(&mut sent) {
            *sent = *sent || client.write(b"hello").is_ok();
        }
        while let Ok((stream, _)) = listener.accept() {
            accepted.push(stream);
        }
    }
    let took = begin.elapsed();
    claim(
        took > Duration::from_millis(900),
        &format!("then all are accepted: the last one after {:.1} s", took.as_secs_f64()),
    )
}

/// The chapter's loop, on a thread of its own.
struct Server {
    address: SocketAddr,
    handle: Handle,
    thread: JoinHandle<std::io::Result<Statistics>>,
}

impl Server {
    fn new(limits: Limits) -> Result<Self> {
        let listener = Listener::bind(&Address::Tcp("127.0.0.1:0".parse()?))?;
        let Address::Tcp(address) = listener.address()? else { anyhow::bail!("asked for TCP") };
        let server = EventLoop::new(vec![listener], Polite, limits)?;
        Ok(Self { address, handle: server.handle(), thread: thread::spawn(|| server.run()) })
    }

    fn connect(&self) -> Result<TcpStream> {
        self.connect_from([127, 0, 0, 1])
    }

    fn connect_from(&self, from: [u8; 4]) -> Result<TcpStream> {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        socket.bind(&SocketAddr::from((from, 0)).into())?;
        socket.connect(&self.address.into()).context("connecting to our own server")?;
        let stream = TcpStream::from(socket);
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(stream)
    }

    fn stop(self) -> Result<Statistics> {
        self.handle.stop();
        Ok(self.thread.join().map_err(|_| anyhow!("the server panicked"))??)
    }
}

/// Whether the echo comes back; not, if the connection was refused.
fn answers(stream: &mut TcpStream) -> Result<bool> {
    stream.write_all(b"hello")?;
    let mut back = [0; 5];
    stream.read_exact(&mut back)?;
    Ok(&back == b"hello")
}

/// Tries until it holds, for a while.
fn until(mut holds: impl FnMut() -> Result<bool>) -> Result<bool> {
    let end = Instant::now() + PATIENCE;
    while Instant::now() < end {
        if holds()? {
            return Ok(true);
        }
        thread::yield_now();
    }
    Ok(false)
}
