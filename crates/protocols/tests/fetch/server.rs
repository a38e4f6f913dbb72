//! A server that says what its script has it say, however wrong that is.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use socket2::SockRef;

/// No wait here is longer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// What happens on a connection, one after the other. At the end it is closed in order.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// Read a request, to the end of its body.
    Request,
    /// Read a request's head, and leave its body.
    Head,
    /// Send back so many octets, each when it comes.
    Echo(usize),
    /// Send these octets.
    Send(Vec<u8>),
    /// Send these octets again and again, until the client has gone.
    Flood(Vec<u8>),
    /// Send an octet, wait so long, and again, until the client has gone.
    Drip(Duration),
    /// Say nothing until the client has gone.
    Hold,
    /// Reset the connection.
    Reset,
}

/// A server with a script.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    requests: Receiver<String>,
}

impl Server {
    /// Plays one script for each connection, one connection after the other; `cut`: octets of a
    /// `Send` that go out at once.
    pub(crate) fn start(scripts: Vec<Vec<Step>>, cut: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("its address");
        let (seen, requests) = mpsc::channel();
        thread::spawn(move || {
            for script in scripts {
                let Ok((stream, _)) = listener.accept() else { return };
                // The client may go at any moment: what cannot be sent then was not wanted.
                let _ = play(stream, &script, address, cut, |request| {
                    let _ = seen.send(request);
                });
            }
            // From here on connections are refused.
        });
        Self { address, requests }
    }

    /// The requests that came.
    pub(crate) fn requests(self) -> Vec<String> {
        self.requests.try_iter().collect()
    }
}

fn play(
    mut stream: TcpStream,
    script: &[Step],
    address: SocketAddr,
    cut: usize,
    mut seen: impl FnMut(String),
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    for step in script {
        match step {
            Step::Request => seen(request(&mut stream)?),
            Step::Head => {
                let mut octets = Vec::new();
                while !octets.ends_with(b"\r\n\r\n") {
                    let mut one = [0];
                    stream.read_exact(&mut one)?;
                    octets.push(one[0]);
                }
                seen(String::from_utf8_lossy(&octets).into_owned());
            }
            Step::Echo(count) => {
                io::copy(&mut (&stream).take(*count as u64), &mut &stream)?;
            }
            Step::Send(octets) => {
                let text = replace(octets, b"{server}", address.to_string().as_bytes());
                for piece in text.chunks(cut) {
                    stream.write_all(piece)?;
                }
            }
            Step::Flood(octets) => loop {
                stream.write_all(octets)?;
            },
            Step::Drip(pause) => loop {
                stream.write_all(b"x")?;
                thread::sleep(*pause);
            },
            Step::Hold => while stream.read(&mut [0; 1024])? > 0 {},
            Step::Reset => return SockRef::from(&stream).set_linger(Some(Duration::ZERO)),
        }
    }
    stream.shutdown(Shutdown::Write)?;
    // To the client's end, so that no reset destroys what it has not read yet.
    while stream.read(&mut [0; 1024])? > 0 {}
    Ok(())
}

/// A request as text, with its body. It is a test's client that sends it, so this trusts its length.
fn request(stream: &mut TcpStream) -> io::Result<String> {
    let mut octets = Vec::new();
    let end = loop {
        if let Some(at) = octets.windows(4).position(|four| four == b"\r\n\r\n") {
            break at + 4;
        }
        more(stream, &mut octets)?;
    };
    let head = String::from_utf8_lossy(&octets[..end]).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let length: usize = length.map_or(0, |text| text.parse().expect("a length"));
    while octets.len() < end + length {
        more(stream, &mut octets)?;
    }
    assert_eq!(octets.len(), end + length, "something follows the request");
    Ok(String::from_utf8_lossy(&octets).into_owned())
}

fn more(stream: &mut TcpStream, octets: &mut Vec<u8>) -> io::Result<()> {
    let mut buffer = [0; 64 * 1024];
    match stream.read(&mut buffer)? {
        0 => Err(ErrorKind::UnexpectedEof.into()),
        count => {
            octets.extend_from_slice(&buffer[..count]);
            Ok(())
        }
    }
}

fn replace(octets: &[u8], what: &[u8], with: &[u8]) -> Vec<u8> {
    match octets.windows(what.len()).position(|window| window == what) {
        None => octets.to_vec(),
        Some(at) => {
            let rest = replace(&octets[at + what.len()..], what, with);
            [&octets[..at], with, &rest].concat()
        }
    }
}
