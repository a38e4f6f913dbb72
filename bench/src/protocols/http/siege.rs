//! Ten thousand clients that say nothing, and six hundred that say it slowly.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::Folder;
use crate::table::{Figure, Report, Table};

const HELD: usize = 10_000;
/// Slow heads, and as many slow bodies.
const SLOW: usize = 300;
const DEADLINE: Duration = Duration::from_secs(2);
/// After it a slow client must have been cut off.
const GRACE: Duration = Duration::from_secs(3);

/// Connections that are held, and how one that asks fares among them.
pub(super) fn silent(report: &mut Report, folder: &Folder, program: &Path) -> Result<()> {
    crate::client_server::raise_descriptors();
    let server = folder.ours(program, "http", &[])?;
    ask(&server.address)?;
    let before = server.resident()?;
    let mut held: Vec<TcpStream> = Vec::new();
    for _ in 0..HELD {
        held.push(TcpStream::connect(&server.address).context("connecting")?);
    }
    for stream in &mut held {
        request(stream)?;
    }
    let bytes = server.resident()?.saturating_sub(before) as f64 / HELD as f64;
    let p99 = asked(&server.address, 200)?.percentile(99);
    for stream in &mut held {
        request(stream)?; // All of them are served still.
    }
    report.claim(p99 < 10.0, format!("HTTP: a new client among {HELD}: p99 {p99:.2} ms"));
    report.claim(bytes <= 1024.0, format!("HTTP: {bytes:.0} B resident a held connection"));
    Ok(())
}

/// Slow heads and slow bodies: others are served, and these cut off.
pub(super) fn slow(report: &mut Report, folder: &Folder, program: &Path) -> Result<()> {
    let patience = ["--head", "2s", "--body", "2s", "--writable"];
    let server = folder.ours(program, "http", &patience)?;
    let starts: [&[u8]; 2] =
        [b"GET / HTTP/1.1\r\n", b"PUT /slow HTTP/1.1\r\nHost: a\r\nContent-Length: 999\r\n\r\n"];
    let mut slow = Vec::new();
    for index in 0..2 * SLOW {
        let mut stream = TcpStream::connect(&server.address).context("connecting")?;
        stream.write_all(starts[index % 2])?;
        stream.set_nonblocking(true)?;
        slow.push(stream);
    }
    let (begin, mut cut, mut good) = (Instant::now(), Figure::default(), Figure::default());
    while !slow.is_empty() && begin.elapsed() < DEADLINE + GRACE {
        slow.retain_mut(|stream| {
            let _ = stream.write(b"x");
            let over = match stream.read(&mut [0; 1024]) {
                Ok(count) => count == 0 || begin.elapsed() >= DEADLINE,
                Err(error) => error.kind() != ErrorKind::WouldBlock,
            };
            if over {
                cut.add(begin.elapsed().as_secs_f64());
            }
            !over
        });
        good.add(ask(&server.address)?.as_secs_f64() * 1e3);
        std::thread::sleep(Duration::from_millis(20));
    }
    let (least, most, p99) = (cut.percentile(0), cut.percentile(100), good.percentile(99));
    report.claim(
        slow.is_empty() && least >= DEADLINE.as_secs_f64() - 0.1,
        format!("HTTP: {} slow clients cut off after {least:.1} to {most:.1} s", 2 * SLOW),
    );
    report.claim(p99 < 100.0, format!("HTTP: a good client among the slow: p99 {p99:.1} ms"));
    report.tables.push(Table {
        title: format!("HTTP: {SLOW} slow heads and {SLOW} slow bodies; a deadline of 2 s"),
        header: vec!["cut off after s", "a good client's p99 ms"],
        rows: vec![vec![cut.with_spread(1), format!("{p99:.1}")]],
        bars: None,
    });
    Ok(())
}

fn asked(address: &str, times: usize) -> Result<Figure> {
    let mut figure = Figure::default();
    for _ in 0..times {
        figure.add(ask(address)?.as_secs_f64() * 1e3);
    }
    Ok(figure)
}

/// Connects, asks once, and says how long that took.
fn ask(address: &str) -> Result<Duration> {
    let begin = Instant::now();
    request(&mut TcpStream::connect(address)?)?;
    Ok(begin.elapsed())
}

/// One request on an open connection, for a file of 1 KiB.
fn request(stream: &mut TcpStream) -> Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    stream.write_all(b"GET /kib.bin HTTP/1.1\r\nHost: a\r\n\r\n")?;
    let (mut got, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        let count = stream.read(&mut buffer)?;
        ensure!(count > 0, "the server has closed");
        got.extend_from_slice(&buffer[..count]);
        let head = got.windows(4).position(|four| four == b"\r\n\r\n");
        if head.is_some_and(|end| got.len() >= end + 4 + 1024) {
            ensure!(got.starts_with(b"HTTP/1.1 200"), "not 200");
            return Ok(());
        }
    }
}
