//! SIGTERM under load: whatever a server has received, it answers before it ends.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};

use super::{OURS, THREADS, TWO};
use crate::server::{Peer, Server};
use crate::table::{Report, Table};

const CLIENTS: usize = 64;
/// The servers' own limit for draining is 5 s.
const LIMIT: Duration = Duration::from_secs(5);

pub(super) fn stop(report: &mut Report, peers: &[Peer<'_>]) -> Result<()> {
    let mut rows = Vec::new();
    for peer in peers.iter().filter(|peer| [OURS, THREADS, TWO].contains(&peer.name)) {
        eprintln!("stop: {}", peer.name);
        let server = Server::start(peer)?;
        let address = server.address.clone();
        let clients: Vec<_> = (0..CLIENTS)
            .map(|_| address.clone())
            .map(|address| thread::spawn(move || talk(&address)))
            .collect();
        thread::sleep(Duration::from_millis(500)); // The load; nothing waits for this.
        let stopped = server.stop(LIMIT)?;
        let mut total = Told::default();
        for client in clients {
            let told = client.join().expect("a client does not panic")?;
            total.sent += told.sent;
            total.received += told.received;
            total.resets += told.resets;
        }
        let count = |name| stopped.count(name);
        let (taken, answered) = (count("bytes_in")?, count("bytes_out")?);
        let whole = taken == answered && answered == total.received;
        report.claim(
            whole && total.resets == 0 && stopped.code == Some(0) && stopped.took < LIMIT,
            format!(
                "{}: of {taken} bytes that it had received at SIGTERM, {} came back; {} resets; \
                 exit {:?} after {:.0} ms",
                peer.name,
                total.received,
                total.resets,
                stopped.code,
                stopped.took.as_secs_f64() * 1e3
            ),
        );
        rows.push(vec![
            peer.name.to_owned(),
            total.sent.to_string(),
            taken.to_string(),
            total.received.to_string(),
            format!("{:.0}", stopped.took.as_secs_f64() * 1e3),
        ]);
    }
    report.tables.push(Table {
        title: format!("SIGTERM under a load of {CLIENTS} clients"),
        header: vec!["server", "bytes sent", "received", "answered", "ended after ms"],
        rows,
        bars: None,
    });
    Ok(())
}

#[derive(Debug, Default)]
struct Told {
    sent: u64,
    received: u64,
    resets: usize,
}

/// Asks until the server ends the connection.
fn talk(address: &str) -> Result<Told> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(2 * LIMIT))?;
    let mut told = Told::default();
    let mut buffer = [0; 64];
    'talk: while stream.write_all(&[b'?'; 64]).is_ok() {
        told.sent += 64;
        let mut missing = buffer.len();
        while missing > 0 {
            match stream.read(&mut buffer[..missing]) {
                Ok(0) => break 'talk,
                Ok(count) => {
                    missing -= count;
                    told.received += count as u64;
                }
                Err(error) if error.kind() == ErrorKind::ConnectionReset => {
                    told.resets += 1;
                    break 'talk;
                }
                Err(error) => return Err(error).context("a client's read"),
            }
        }
    }
    Ok(told)
}
