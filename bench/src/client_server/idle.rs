//! Ten thousand connections that say nothing.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::{ASYNC, BARE, OURS, TOKIO, raise_descriptors};
use crate::server::{Peer, Server};
use crate::table::{Figure, Report, Table};

/// Memory of idle connections, and how a new client fares among them.
pub(super) fn idle(report: &mut Report, peers: &[Peer<'_>]) -> Result<()> {
    const COUNTS: [usize; 2] = [1_000, 10_000];
    let mut rows = Vec::new();
    for peer in peers.iter().filter(|peer| [OURS, TOKIO, ASYNC, BARE].contains(&peer.name)) {
        let mut each = Vec::new();
        let mut row = vec![peer.name.to_owned()];
        for count in COUNTS {
            eprintln!("idle, {count} connections: {}", peer.name);
            let server = Server::start(peer)?;
            // Once around, so that buffers that a server uses at all are there before we count.
            ask(&server.address)?;
            let before = server.resident()?;
            let mut held = connect_many(&server.address, count)?;
            for stream in &mut held {
                stream.write_all(b"x")?;
                stream.read_exact(&mut [0])?;
            }
            let bytes = server.resident()?.saturating_sub(before) as f64 / count as f64;
            each.push(bytes);
            let mut figure = Figure::default();
            let mut slowest = Vec::new();
            for _ in 0..200 {
                let asked = ask(&server.address)?;
                slowest.push(asked);
                figure.add(asked.as_secs_f64() * 1e3);
            }
            slowest.sort();
            let p99 = slowest[slowest.len() * 99 / 100].as_secs_f64() * 1e3;
            let cpu = server.cpu()?;
            thread::sleep(Duration::from_secs(1));
            let idle = (server.cpu()? - cpu).as_secs_f64() * 1e3;
            row.push(format!("{bytes:.0}"));
            row.push(format!("{p99:.2}"));
            row.push(format!("{idle:.2}"));
            if peer.name == OURS && count == 10_000 {
                report.claim(bytes <= 512.0, format!("{bytes:.0} B resident an idle connection"));
                report.claim(p99 < 10.0, format!("a new client among 10,000: p99 {p99:.2} ms"));
                report.claim(idle < 1.0, format!("{idle:.2} ms of CPU in an idle second"));
            }
        }
        if peer.name == OURS {
            let growth = each[1] / each[0].max(1.0);
            report.claim(
                growth <= 1.2,
                format!("bytes a connection at 10,000: {growth:.2} of 1,000"),
            );
        }
        rows.push(row);
    }
    report.tables.push(Table {
        title: "Idle connections".to_owned(),
        header: vec![
            "server",
            "B each of 1,000",
            "new client p99 ms",
            "CPU ms in 1 s",
            "B each of 10,000",
            "new client p99 ms",
            "CPU ms in 1 s",
        ],
        rows,
        bars: None,
    });
    Ok(())
}

/// Connects, asks one thing, and says how long that took.
fn ask(address: &str) -> Result<Duration> {
    let begin = Instant::now();
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.write_all(b"anybody there?")?;
    stream.read_exact(&mut [0; 14])?;
    Ok(begin.elapsed())
}

/// Opens `count` connections, one after another.
fn connect_many(address: &str, count: usize) -> Result<Vec<TcpStream>> {
    raise_descriptors();
    let connect = |_| TcpStream::connect(address).context("connecting");
    (0..count).map(connect).collect()
}
