//! A server that knows what it can carry, and says so to those who come when it is full.
//!
//! ```text
//!   accept ──► room? ──► yes ──► a thread: one line in, the answer out, closed
//!                │                   └── the place is given back, however it ends
//!                └─► no ───► "busy\n", FIN
//! ```

use std::io;
use std::net::TcpListener;
use std::time::Duration;
// answer:
use std::collections::{HashMap, VecDeque};
use std::io::{ErrorKind, Read, Write};
use std::net::{IpAddr, Shutdown, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Instant;
// end answer

/// What a client is told for which there is no room.
pub const BUSY: &[u8] = b"busy\n";
/// The longest request in bytes, its LF included.
pub const MAX_REQUEST: usize = 1_024;

/// What a server is willing to carry.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Clients at once.
    pub connections: usize,
    /// Clients at once from one address.
    pub per_peer: usize,
    /// How long a client may take to send its request, and again to take the answer.
    pub time: Duration,
}

/// Serves the clients that connect to `listener`, at the same time, for ever.
///
/// A client sends one line, gets what `answer` makes of it (without its LF), and its connection is
/// closed. It is closed without an answer if the line is longer than [`MAX_REQUEST`], the client's
/// time is over, or `answer` panics. When a connection has ended, however it ended, its place is free.
///
/// A client above one of the limits is sent [`BUSY`] and the end of the stream, and takes no place.
/// Nobody waits for it, and it has no thread. Its request is not answered with a reset.
///
/// # Errors
///
/// None, as long as the listener is one: a failed `accept` concerns one connection, or a
/// shortage that will pass.
pub fn serve<F>(listener: TcpListener, limits: Limits, answer: F) -> io::Result<()>
where
    F: Fn(&[u8]) -> Vec<u8> + Send + Sync + 'static,
{
    // answer: let _ = answer; // Yours to use; then this line can go.
    // answer: todo!("serve the clients of {listener:?} within {limits:?}, and refuse the others")
    let (open, answer) = (Arc::default(), Arc::new(answer));
    let mut refused = VecDeque::new();
    loop {
        let accepted = listener.accept().and_then(|(stream, peer)| {
            let Some(permit) = Permit::take(&open, &limits, peer.ip().to_canonical()) else {
                refuse(stream, &mut refused);
                return Ok(());
            };
            let answer = answer.clone();
            // If there is no thread, the closure is dropped, and stream and permit with it.
            let thread = thread::Builder::new().spawn(move || {
                let _permit = permit; // Until the thread ends, by a panic too.
                exchange(&stream, limits.time, &*answer)
            });
            thread.map(drop)
        });
        if let Err(error) = accepted {
            eprintln!("a client could not be served: {error}");
            thread::sleep(Duration::from_millis(10)); // accept(2), ERRORS: what is short may come back.
        }
    }
    // end answer
}
// answer:

/// Who is connected: how many, and how many from each address.
#[derive(Debug, Default)]
struct Open {
    total: usize,
    peers: HashMap<IpAddr, usize>,
}

/// One client's place. Dropping it gives the place back.
#[derive(Debug)]
struct Permit {
    open: Arc<Mutex<Open>>,
    peer: IpAddr,
}

impl Permit {
    /// A place for `peer`, if there is one. Looks at both limits before it counts anything.
    fn take(open: &Arc<Mutex<Open>>, limits: &Limits, peer: IpAddr) -> Option<Self> {
        let mut counts = open.lock().unwrap_or_else(PoisonError::into_inner);
        let of_peer = counts.peers.get(&peer).copied().unwrap_or(0);
        if counts.total >= limits.connections || of_peer >= limits.per_peer {
            return None;
        }
        counts.total += 1;
        counts.peers.insert(peer, of_peer + 1);
        Some(Self { open: open.clone(), peer })
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut counts = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        counts.total -= 1;
        if let Some(of_peer) = counts.peers.get_mut(&self.peer) {
            *of_peer -= 1;
            if *of_peer == 0 {
                counts.peers.remove(&self.peer); // Or the map grows with every address there is.
            }
        }
    }
}

/// So many refused connections stay open on our side: descriptors, and nothing else.
const LINGERING: usize = 64;

/// Tells a client that there is no room. Waits for nothing.
fn refuse(stream: TcpStream, refused: &mut VecDeque<TcpStream>) {
    // An empty send buffer takes five bytes at once. If it does not, the client hears only the end.
    if stream.set_nonblocking(true).is_ok() {
        let _ = (&stream).write(BUSY);
    }
    let _ = stream.shutdown(Shutdown::Write);
    // RFC 1122 §4.2.2.13: closed with its request unread, or still to come, the connection would be
    // reset, and the reset may destroy our word. So it is closed when others have come after it.
    refused.push_back(stream);
    if refused.len() > LINGERING {
        refused.pop_front();
    }
}

/// One request, one answer.
fn exchange(
    stream: &TcpStream,
    time: Duration,
    answer: &dyn Fn(&[u8]) -> Vec<u8>,
) -> io::Result<()> {
    let request = read_request(stream, Instant::now() + time)?;
    let bytes = answer(&request);
    write_by(stream, &bytes, Instant::now() + time)
}

/// Reads one line. The deadline is the request's: no byte moves it.
fn read_request(mut stream: &TcpStream, deadline: Instant) -> io::Result<Vec<u8>> {
    let (mut request, mut length) = (vec![0; MAX_REQUEST], 0);
    while length < MAX_REQUEST {
        stream.set_read_timeout(Some(left(deadline)?))?;
        let count = match stream.read(&mut request[length..]) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            read => read?,
        };
        let line_end = request[length..length + count].iter().position(|byte| *byte == b'\n');
        if let Some(end) = line_end {
            request.truncate(length + end);
            return Ok(request);
        }
        length += count;
    }
    Err(ErrorKind::InvalidData.into())
}

/// Writes all of `bytes`, or fails at the deadline, however little the client takes at a time.
fn write_by(mut stream: &TcpStream, mut bytes: &[u8], deadline: Instant) -> io::Result<()> {
    while !bytes.is_empty() {
        stream.set_write_timeout(Some(left(deadline)?))?;
        match stream.write(bytes) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(count) => bytes = &bytes[count..],
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// The time until `deadline`; when there is none left, an error, since a timeout of zero is none.
fn left(deadline: Instant) -> io::Result<Duration> {
    let left = deadline.checked_duration_since(Instant::now()).filter(|left| !left.is_zero());
    left.ok_or_else(|| ErrorKind::TimedOut.into())
}
// end answer
