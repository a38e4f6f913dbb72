//! TCP: borders, messages, ends, waits.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use capture::Tap;
use sockets::closing::{self, Closed};
use sockets::deadlines::{Deadline, Timed};
use sockets::frames::{self, Frames};
use sockets::lines::LineReader;

use super::{PATIENCE, Tour};

/// Waits until `count` octets can be read, without reading them.
fn arrived(stream: &TcpStream, count: usize) -> Result<()> {
    let deadline = Deadline::after(PATIENCE);
    let mut octets = vec![0; count];
    while stream.peek(&mut octets)? < count {
        ensure!(!deadline.passed(), "{count} octets did not arrive");
        thread::sleep(Duration::from_millis(1));
    }
    Ok(())
}

pub(super) fn borders(tour: &mut Tour) -> Result<()> {
    let (mut client, mut server) = tour.pair()?;
    for word in ["one", "two", "three"] {
        client.write_all(word.as_bytes())?;
    }
    arrived(&server, 11)?;
    let mut buffer = [0; 64];
    let count = server.read(&mut buffer)?;
    let read = buffer[..count].escape_ascii();
    tour.claim(count == 11, format_args!("three writes, one read: \"{read}\""))?;

    server.write_all(b"hello, world")?;
    let mut pieces: Vec<Vec<u8>> = Vec::new();
    while pieces.concat().len() < 12 {
        let mut five = [0; 5];
        let count = client.read(&mut five)?;
        pieces.push(five[..count].to_vec());
    }
    let shown: Vec<_> = pieces.iter().map(|piece| piece.escape_ascii().to_string()).collect();
    let whole = pieces.concat() == b"hello, world";
    tour.claim(whole && pieces.len() == 3, format_args!("one write, three reads of 5: {shown:?}"))
}

pub(super) fn messages(tour: &mut Tour) -> Result<()> {
    let (mut client, server) = tour.pair()?;
    for piece in [&b"PING\r"[..], b"\nPO", b"NG\r\n"] {
        client.write_all(piece)?;
    }
    let mut lines = LineReader::new(&server, 80);
    let mut got = Vec::new();
    for _ in 0..2 {
        if let Some(line) = lines.read_line()? {
            got.push(line.octets.escape_ascii().to_string());
        }
    }
    tour.claim(got == ["PING", "PONG"], format_args!("lines, cut within CR LF: {got:?}"))?;
    client.write_all(&[b'x'; 100])?;
    let error = lines.read_line().err().map(|error| error.to_string()).unwrap_or_default();
    tour.claim(error.contains("80"), format_args!("a line without an end: \"{error}\""))?;

    let (mut client, server) = tour.pair()?;
    frames::write(&mut client, b"hello")?;
    frames::write(&mut client, b"")?;
    client.write_all(&[0xff, 0xff, 0xff, 0xff])?;
    let (mut stream, mut decoder) = (&server, Frames::new(1 << 20));
    let first = frames::read(&mut stream, &mut decoder)?;
    let second = frames::read(&mut stream, &mut decoder)?;
    let right = first.as_deref() == Some(b"hello") && second.as_deref() == Some(b"");
    tour.claim(right, "messages with their length before them, an empty one too")?;
    let error = frames::read(&mut stream, &mut decoder).err();
    let error = error.map(|error| error.to_string()).unwrap_or_default();
    tour.claim(error.contains("4294967295"), format_args!("a length of ff ff ff ff: \"{error}\""))
}

pub(super) fn half_close(tour: &mut Tour) -> Result<()> {
    let (mut client, mut server) = tour.pair()?;
    client.write_all(b"that was all")?;
    client.shutdown(Shutdown::Write)?;
    let mut heard = String::new();
    server.read_to_string(&mut heard)?;
    tour.claim(
        heard == "that was all",
        "the client ends its direction, and the server reads to the end",
    )?;
    server.write_all(b"understood")?;
    drop(server);
    let mut answer = String::new();
    client.read_to_string(&mut answer)?;
    tour.claim(answer == "understood", "the answer still comes through the other direction")?;
    let late = client.write(b"and another thing");
    let refused = late.is_err_and(|error| error.kind() == ErrorKind::BrokenPipe);
    tour.claim(refused, "what is written after the end is refused (EPIPE)")
}

/// A request of which the server reads the first 7 octets, and the reply; then `close`.
fn reply_and(tour: &Tour, close: impl FnOnce(TcpStream)) -> Result<Tap<TcpStream>> {
    let (mut client, mut server) = tour.pair()?;
    client.write_all(b"request, and more than the server reads")?;
    client.shutdown(Shutdown::Write)?;
    arrived(&server, 39)?;
    server.read_exact(&mut [0; 7])?;
    server.write_all(b"goodbye")?;
    close(server);
    Ok(client)
}

pub(super) fn reset(tour: &mut Tour) -> Result<()> {
    let mut client = reply_and(tour, drop)?;
    let end = client.read_to_end(&mut Vec::new());
    let reset = end.is_err_and(|error| error.kind() == ErrorKind::ConnectionReset);
    tour.claim(reset, "the server drops its socket with octets unread: ECONNRESET at the client")?;

    let mut closed = None;
    let mut client = reply_and(tour, |server| {
        closed = closing::close(&server, Deadline::after(PATIENCE), closing::DEFAULT_LIMIT).ok();
    })?;
    let mut reply = String::new();
    client.read_to_string(&mut reply)?;
    let whole = closed == Some(Closed::ByBoth) && reply == "goodbye";
    tour.claim(whole, "it reads to the end before it closes: the whole reply, and a FIN")
}

pub(super) fn deadline(tour: &mut Tour) -> Result<()> {
    let (client, server) = tour.pair()?;
    let wait = Duration::from_millis(100);
    thread::scope(|scope| {
        let dripping = scope.spawn(move || {
            let mut client = client;
            // An octet each 20 ms, until the reader is gone.
            while client.write_all(b"x").is_ok() {
                thread::sleep(wait / 5);
            }
        });
        let began = Instant::now();
        let mut timed = Timed::new(&server, Deadline::after(wait));
        let mut got = Vec::new();
        let end = timed.read_to_end(&mut got);
        let took = began.elapsed();
        let right = end.is_err_and(|error| error.kind() == ErrorKind::TimedOut)
            && !got.is_empty()
            && took >= wait
            && took < PATIENCE;
        drop(server);
        dripping.join().expect("it does not panic");
        let text = "an octet every 20 ms, a deadline of 100 ms over all reads: it holds";
        tour.claim(right, format_args!("{text}, after ≈ {} octets", got.len()))
    })
}
