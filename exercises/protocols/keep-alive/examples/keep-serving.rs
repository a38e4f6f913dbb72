//! Serves with your answer, on a socket: `/slow` takes a second, and everything else no time.
//!
//!     cargo run -p keep-alive --features example --example keep-serving [-- ADDRESS]
//!
//! ```text
//!   socket ──► reader ─────── Event::Received, Ended ──┐
//!                ▲                                     ▼
//!                └── one read at a time, if `wants` ── serve ──► socket
//!                                                      ▲ │
//!   a thread for each request ──── Event::Answer ──────┘ └──► next_request
//! ```

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::{Duration, Instant};
use std::{env, thread};

use keep_alive::{Connection, Request};

/// So many connections are served at the same time.
const MOST_CONNECTIONS: usize = 64;
/// For so long nothing happens on a connection.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a connection waits for.
enum Event {
    Received(Vec<u8>),
    Ended,
    Answer(u64, String),
}

fn main() -> io::Result<()> {
    let address = env::args().nth(1);
    let listener = TcpListener::bind(address.as_deref().unwrap_or("127.0.0.1:7000"))?;
    println!("listening on {}", listener.local_addr()?);
    let places = Arc::new(());
    loop {
        let Ok((stream, peer)) = listener.accept() else {
            thread::sleep(Duration::from_millis(10)); // Out of descriptors, say: see accept(2).
            continue;
        };
        if Arc::strong_count(&places) > MOST_CONNECTIONS {
            continue; // Closed at once. `shed-the-load` does better.
        }
        let place = places.clone();
        thread::spawn(move || {
            let _place = place;
            let ended = serve(&stream, peer.port());
            let _ = stream.shutdown(Shutdown::Both); // This ends its reader, too.
            println!("{}: {ended:?}", peer.port());
        });
    }
}

/// Answers requests until one of the two ends wants to end.
fn serve(mut stream: &TcpStream, name: u16) -> io::Result<()> {
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.set_nodelay(true)?;
    let (tell, events) = mpsc::channel();
    let reader = Reader::start(stream.try_clone()?, tell.clone());
    let mut connection = Connection::new();
    let (mut reading, mut ended) = (false, false);
    loop {
        while let Some(request) = connection.next_request() {
            println!("{name}: {} {}, number {}", request.method, request.target, request.number);
            let tell = tell.clone();
            thread::spawn(move || answer(&request, &tell));
        }
        stream.write_all(&connection.to_send())?;
        if connection.closes() {
            break;
        }
        if connection.wants() && !reading {
            reading = reader.go_on();
        }
        match events.recv_timeout(PATIENCE) {
            Ok(Event::Received(octets)) => {
                reading = false;
                connection.received(&octets);
            }
            Ok(Event::Ended) => {
                ended = true;
                connection.ended();
            }
            Ok(Event::Answer(number, content)) => {
                connection.answer(number, 200, content.as_bytes());
            }
            Err(_) => return Err(ErrorKind::TimedOut.into()),
        }
    }
    // What still comes is read, or the close becomes a reset, which takes the last reply back.
    stream.shutdown(Shutdown::Write)?;
    let deadline = Instant::now() + PATIENCE;
    while !ended {
        reading = reading || reader.go_on();
        match events.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok(Event::Received(_)) => reading = false,
            Ok(Event::Answer(..)) => {}
            Ok(Event::Ended) | Err(_) => ended = true,
        }
    }
    Ok(())
}

fn answer(request: &Request, tell: &Sender<Event>) {
    if request.target == "/slow" {
        thread::sleep(Duration::from_secs(1));
    }
    let content = format!("{}\n", request.target);
    let _ = tell.send(Event::Answer(request.number, content)); // The connection may be gone.
}

/// A thread that reads once whenever it is told to: so what is not wanted is not read.
struct Reader(Sender<()>);

impl Reader {
    fn start(stream: TcpStream, tell: Sender<Event>) -> Self {
        let (go, may_read) = mpsc::channel();
        thread::spawn(move || read(stream, &may_read, &tell));
        Self(go)
    }

    /// Whether it reads now.
    fn go_on(&self) -> bool {
        self.0.send(()).is_ok()
    }
}

fn read(mut stream: TcpStream, may_read: &Receiver<()>, tell: &Sender<Event>) {
    let mut buffer = [0; 4096];
    while may_read.recv().is_ok() {
        let event = loop {
            match stream.read(&mut buffer) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Ok(0) | Err(_) => break Event::Ended,
                Ok(count) => break Event::Received(buffer[..count].to_vec()),
            }
        };
        let ended = matches!(event, Event::Ended);
        if tell.send(event).is_err() || ended {
            return;
        }
    }
}
