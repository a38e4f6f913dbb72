//! Asks a name server for addresses with your resolver, each name twice:
//!
//! ```text
//! cargo run -p protocols -- dns --listen 127.0.0.1:5353 --trace \
//!     --zone exercises/protocols/resolve-safely/examples/example.zone
//! cargo run -p resolve-safely --features example --example lookup 127.0.0.1:5353 www.example none.example
//! ```

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::time::{Duration, Instant};

use resolve_safely::wire::{A, Question};
use resolve_safely::{Network, Resolver};

/// How long a reply to one query may take.
const PATIENCE: Duration = Duration::from_secs(2);

fn main() -> io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let server = arguments.next().and_then(|text| text.parse().ok());
    let server = server.ok_or_else(|| io::Error::other("usage: lookup ADDRESS:PORT NAME..."))?;
    let (mut resolver, begin) = (Resolver::new(server), Instant::now());
    for name in arguments {
        let question = Question::new(&name, A).ok_or(io::ErrorKind::InvalidInput)?;
        for _ in 0..2 {
            let mut sockets = Sockets { server, asked: None, queries: 0 };
            let answer = resolver.resolve(&question, &mut sockets, begin.elapsed());
            println!("{name}: {answer:?}, with {} queries", sockets.queries);
        }
    }
    Ok(())
}

struct Sockets {
    server: SocketAddr,
    /// The socket of the last query, and until when a reply to it may come.
    asked: Option<(UdpSocket, Instant)>,
    queries: usize,
}

impl Sockets {
    fn open(&self, query: &[u8]) -> io::Result<(UdpSocket, Instant)> {
        let any = if self.server.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
        // Not connected, so that your resolver sees whatever comes. Port 0: the system chooses, on
        // Linux at random.
        let socket = UdpSocket::bind(any)?;
        socket.send_to(query, self.server)?;
        Ok((socket, Instant::now() + PATIENCE))
    }

    fn talk(&self, query: &[u8]) -> io::Result<Vec<u8>> {
        let mut stream = TcpStream::connect_timeout(&self.server, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        // RFC 1035 §4.2.2: the length goes in front, in two octets.
        let length = u16::try_from(query.len()).map_err(io::Error::other)?;
        stream.write_all(&[&length.to_be_bytes(), query].concat())?;
        let mut length = [0; 2];
        stream.read_exact(&mut length)?;
        let mut reply = vec![0; u16::from_be_bytes(length).into()];
        stream.read_exact(&mut reply)?;
        Ok(reply)
    }
}

impl Network for Sockets {
    fn random_id(&mut self) -> u16 {
        // A hasher's keys come from the system's random numbers, and nobody sees them.
        let [a, b, ..] = RandomState::new().build_hasher().finish().to_be_bytes();
        u16::from_be_bytes([a, b])
    }

    fn send(&mut self, query: &[u8]) {
        self.queries += 1;
        self.asked = self.open(query).ok();
    }

    fn receive(&mut self) -> Option<(SocketAddr, Vec<u8>)> {
        let (socket, until) = self.asked.as_ref()?;
        let left = until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())?;
        socket.set_read_timeout(Some(left)).ok()?;
        let mut octets = vec![0; 65_535];
        let (count, from) = socket.recv_from(&mut octets).ok()?;
        octets.truncate(count);
        Some((from, octets))
    }

    fn ask_over_tcp(&mut self, query: &[u8]) -> Option<Vec<u8>> {
        self.queries += 1;
        self.talk(query).ok()
    }
}
