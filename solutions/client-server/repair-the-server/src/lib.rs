//! A small web server: a pool of threads, one request a connection.
//!
//! ```text
//!  accept ──► [ connection │ connection ] ──► worker 1 ──► answer()
//!              the queue                  └─► worker 2 ──► answer()
//! ```

// answer: use std::io::{self, BufRead, BufReader, Write};
use std::io::{self, ErrorKind, Read, Write};
// end answer
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;
// answer:
use std::net::Shutdown;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;
// end answer

/// What a client may take of the server.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// So many connections are served at the same time.
    pub workers: usize,
    /// A request's head is not longer than this, in bytes, its empty line included.
    pub head: usize,
    /// From the moment a worker takes a connection, its request's head is there after this time.
    /// The client then has as long again to take the reply and end the connection.
    pub patience: Duration,
}

/// So many connections wait for a worker here. More wait in the listener's queue.
const QUEUE: usize = 64;

/// Serves for ever, whatever clients do.
///
/// # Errors
///
/// The system's, if the workers cannot be started.
pub fn serve(listener: TcpListener, limits: Limits) -> io::Result<()> {
    let queue = start_workers(limits)?;
    // answer: for stream in listener.incoming() {
    // answer:     let stream = stream.expect("a client connects");
    // answer:     queue.send(stream).expect("there is a worker");
    // answer: }
    // answer: Ok(())
    loop {
        match listener.accept() {
            Ok((stream, _)) => queue.send(stream).map_err(io::Error::other)?,
            // accept(2), ERRORS: none of them concerns the listener. What is short now may be there
            // again soon; without the pause this loop would burn a core until then.
            Err(_) => thread::sleep(Duration::from_millis(10)),
        }
    }
    // end answer
}

/// Starts the workers. Returns what sends them connections; it waits while the queue is full.
fn start_workers(limits: Limits) -> io::Result<SyncSender<TcpStream>> {
    let (queue, connections) = mpsc::sync_channel(QUEUE);
    let connections = Arc::new(Mutex::new(connections));
    for _ in 0..limits.workers {
        let connections = connections.clone();
        thread::Builder::new().spawn(move || {
            while let Some(stream) = next(&connections) {
                // answer: answer(&stream, limits);
                // Nothing below panics that we know of. If it does, it costs one connection.
                let _ = catch_unwind(AssertUnwindSafe(|| answer(&stream, limits)));
                // end answer
            }
        })?;
    }
    Ok(queue)
}

/// Waits for the next connection. The lock is held until then, and not while it is served.
fn next(connections: &Mutex<Receiver<TcpStream>>) -> Option<TcpStream> {
    connections.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
}

// answer: /// Reads the request and answers it.
// answer: fn answer(mut stream: &TcpStream, _limits: Limits) {
// answer:     let mut lines = BufReader::new(stream).lines();
// answer:     let request_line = lines.next().expect("a client sends a request").expect("and it is text");
// answer:     let mut headers = Vec::new();
// answer:     for line in lines {
// answer:         let line = line.expect("a client goes on to the empty line");
// answer:         if line.is_empty() {
// answer:             break;
// answer:         }
// answer:         headers.push(line);
// answer:     }
// answer:     let reply = respond(request_line.as_bytes());
// answer:     stream.write_all(&reply).expect("a client takes its reply");
// answer: }
/// Reads the request, answers it, and closes so that the answer can arrive.
fn answer(mut stream: &TcpStream, limits: Limits) -> io::Result<()> {
    let deadline = Instant::now() + limits.patience;
    let reply = match read_head(stream, limits.head, deadline) {
        Ok(Some(head)) => respond(head.split(|byte| *byte == b'\r').next().unwrap_or_default()),
        Ok(None) => return Ok(()), // The client left before it had asked anything.
        Err(error) => match error.kind() {
            ErrorKind::FileTooLarge => reply("431 Request Header Fields Too Large"),
            ErrorKind::TimedOut => reply("408 Request Timeout"),
            _ => return Err(error),
        },
    };
    let deadline = Instant::now() + limits.patience;
    stream.set_write_timeout(Some(limits.patience))?; // One write: the reply is short.
    stream.write_all(&reply)?;
    // What the client still sends must be read, or the close is a reset, which takes the reply back.
    stream.shutdown(Shutdown::Write)?;
    while read_until(stream, &mut [0; 4096], deadline)? > 0 {}
    Ok(())
}

/// Reads to the end of the head, and what of a body came with it. `None`: the client's end came first.
///
/// # Errors
///
/// `FileTooLarge`: more than `most` bytes and no end. `TimedOut`: `deadline` came. The system's.
fn read_head(stream: &TcpStream, most: usize, deadline: Instant) -> io::Result<Option<Vec<u8>>> {
    let mut head = vec![0; most];
    let mut filled = 0;
    while filled < most {
        let count = read_until(stream, &mut head[filled..], deadline)?;
        if count == 0 {
            return Ok(None);
        }
        // The end may have begun three bytes before this read.
        let from = filled.saturating_sub(3);
        filled += count;
        if head[from..filled].windows(4).any(|four| four == b"\r\n\r\n") {
            head.truncate(filled);
            return Ok(Some(head));
        }
    }
    Err(ErrorKind::FileTooLarge.into())
}

/// One read, which waits until `deadline` and no longer.
fn read_until(mut stream: &TcpStream, buffer: &mut [u8], deadline: Instant) -> io::Result<usize> {
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(ErrorKind::TimedOut.into());
        }
        stream.set_read_timeout(Some(left))?;
        match stream.read(buffer) {
            // The timeout ran out (the second on Windows), or a signal came: then look at the clock.
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
                ) => {}
            result => return result,
        }
    }
}
// end answer

/// The reply to a request line: method, target and version, with a space between each.
fn respond(request_line: &[u8]) -> Vec<u8> {
    let words: Vec<&[u8]> = request_line.split(|byte| *byte == b' ').collect();
    match words[..] {
        [b"GET", b"/", _] => reply("200 OK"),
        [b"GET", _, _] => reply("404 Not Found"),
        [_, _, _] => reply("405 Method Not Allowed"),
        _ => reply("400 Bad Request"),
    }
}

/// The reply with a status, whose body says the same. A server with a clock would add `Date`
/// (RFC 9110 §6.6.1).
fn reply(status: &str) -> Vec<u8> {
    let allow = if status.starts_with("405") { "Allow: GET\r\n" } else { "" };
    let length = status.len() + 1;
    format!(
        "HTTP/1.1 {status}\r\n{allow}Connection: close\r\nContent-Type: text/plain\r\n\
         Content-Length: {length}\r\n\r\n{status}\n"
    )
    .into_bytes()
}
