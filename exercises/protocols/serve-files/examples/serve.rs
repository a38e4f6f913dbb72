//! Serves a folder with your answer: one thread a connection, requests one after the other.
//!
//!     cargo run -p serve-files --features example --example serve -- FOLDER [ADDRESS]

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{env, thread};

use serve_files::{Request, Site};

/// So many connections are served at the same time.
const MOST_CONNECTIONS: usize = 64;
/// A head is not longer than this, in octets, and is there after so long.
const LONGEST_HEAD: usize = 16 * 1024;
const PATIENCE: Duration = Duration::from_secs(10);

fn main() -> io::Result<()> {
    let mut arguments = env::args().skip(1);
    let Some(folder) = arguments.next() else {
        eprintln!(
            "which folder? cargo run -p serve-files --features example --example serve -- FOLDER [ADDRESS]"
        );
        std::process::exit(2);
    };
    let site = Arc::new(Site::new(&PathBuf::from(folder))?);
    let listener = TcpListener::bind(arguments.next().as_deref().unwrap_or("127.0.0.1:7000"))?;
    println!("listening on {}", listener.local_addr()?);
    let places = Arc::new(());
    loop {
        let Ok((stream, _)) = listener.accept() else {
            thread::sleep(Duration::from_millis(10)); // Out of descriptors, say: see accept(2).
            continue;
        };
        if Arc::strong_count(&places) > MOST_CONNECTIONS {
            continue; // Closed at once. `shed-the-load` does better.
        }
        let (site, place) = (site.clone(), places.clone());
        thread::spawn(move || {
            let _place = place;
            let _ = serve(&site, &stream); // What a client does to its connection concerns that one.
        });
    }
}

/// Answers one request after the other, until one of the two ends wants to end.
fn serve(site: &Site, mut stream: &TcpStream) -> io::Result<()> {
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.set_nodelay(true)?;
    let mut input = Vec::new();
    while let Some(end) = read_head(stream, &mut input)? {
        let head: Vec<u8> = input.drain(..end).collect();
        let stays = match parse(&head) {
            Some((method, target, fields)) => {
                let request = Request { method, target, fields: &fields };
                eprintln!("{method} {target}");
                site.answer(&request, &mut stream)?;
                // What follows may be a body, which nobody reads here: then this was the last one.
                !["Connection", "Content-Length", "Transfer-Encoding"]
                    .iter()
                    .any(|name| request.field(name).is_some_and(|value| value != "keep-alive"))
            }
            None => {
                stream.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")?;
                false
            }
        };
        if !stays {
            break;
        }
    }
    // Read what still comes, or the close becomes a reset, which takes the answer back.
    stream.shutdown(Shutdown::Write)?;
    let deadline = Instant::now() + PATIENCE;
    while read_until(stream, &mut [0; 4096], deadline)? > 0 {}
    Ok(())
}

/// Reads until the end of a head is in `input`, and says where. `None`: the client has ended.
fn read_head(stream: &TcpStream, input: &mut Vec<u8>) -> io::Result<Option<usize>> {
    let deadline = Instant::now() + PATIENCE;
    let mut from = 0;
    loop {
        if let Some(at) = input[from..].windows(4).position(|four| four == b"\r\n\r\n") {
            return Ok(Some(from + at + 4));
        }
        if input.len() > LONGEST_HEAD {
            return Err(ErrorKind::InvalidData.into());
        }
        from = input.len().saturating_sub(3);
        let mut piece = [0; 4096];
        match read_until(stream, &mut piece, deadline)? {
            0 => return Ok(None),
            count => input.extend_from_slice(&piece[..count]),
        }
    }
}

fn read_until(mut stream: &TcpStream, buffer: &mut [u8], deadline: Instant) -> io::Result<usize> {
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(ErrorKind::TimedOut.into());
        }
        stream.set_read_timeout(Some(left))?;
        match stream.read(buffer) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

type Head<'a> = (&'a str, &'a str, Vec<(&'a str, &'a str)>);

/// The head's parts. `None`: it is not as it should be, in a way that matters here. What it leaves out
/// is in `parse-requests`.
fn parse(head: &[u8]) -> Option<Head<'_>> {
    let head = str::from_utf8(head).ok()?.strip_suffix("\r\n\r\n")?;
    let mut lines = head.split("\r\n");
    let words: Vec<&str> = lines.next()?.split(' ').collect();
    let [method, target, "HTTP/1.1"] = words[..] else { return None };
    let fields = lines.map(|line| {
        let (name, value) = line.split_once(':')?;
        let token = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
        (!name.is_empty() && name.chars().all(token)).then(|| (name, value.trim()))
    });
    let fields: Vec<_> = fields.collect::<Option<_>>()?;
    let hosts = fields.iter().filter(|(name, _)| name.eq_ignore_ascii_case("Host")).count();
    (hosts == 1 && target.bytes().all(|octet| octet.is_ascii_graphic()))
        .then_some((method, target, fields))
}
