//! Two hundred slow writers, two hundred slow readers, and one client who just wants an answer.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use socket2::{Domain, Socket, Type};

use super::{OURS, THREADS, raise_descriptors};
use crate::server::{Peer, Server};
use crate::table::{Figure, Report, Table};

const EACH: usize = 200;
/// Given to the server as the time for a line, and for a peer to take its answers.
const DEADLINE: Duration = Duration::from_secs(2);
const ARGUMENTS: &[&str] = &["--lines", "2s", "--write", "2s", "--idle", "60s"];
/// What a slow reader asks for: more than sockets and a server together should hold for it.
const ASKED: usize = 4 << 20;
/// The slow clients' socket buffers. With the usual ones, which grow, it is the system that holds
/// megabytes for each of them.
const BUFFER: usize = 64 * 1024;
/// Slow clients must have noticed so long after their deadline.
const GRACE: Duration = Duration::from_secs(3);
/// What a server may hold for a peer that does not read: the high-water mark, a read's worth past
/// it, and what the allocator rounds up.
const HELD: u64 = 512 * 1024;

pub(super) fn slow(report: &mut Report, peers: &[Peer<'_>]) -> Result<()> {
    raise_descriptors();
    let mut rows = Vec::new();
    for peer in peers.iter().filter(|peer| [OURS, THREADS].contains(&peer.name)) {
        eprintln!("slow: {}", peer.name);
        let arguments = [peer.arguments, ARGUMENTS].concat();
        let server = Server::start(&Peer { arguments: &arguments, ..peer.clone() })?;
        rows.push(besiege(report, peer.name, server)?);
    }
    report.tables.push(Table {
        title: format!("{EACH} slow writers and {EACH} slow readers; a deadline of 2 s"),
        header: vec![
            "server",
            "a good client's p99 ms",
            "writers cut after s",
            "readers cut after s",
            "MiB resident before",
            "at most",
            "after",
        ],
        rows,
        bars: None,
    });
    Ok(())
}

fn besiege(report: &mut Report, name: &str, server: Server) -> Result<Vec<String>> {
    ask(&server.address)?;
    let before = server.resident()?;
    let mut siege = Siege::begin(&server.address)?;
    let over = Arc::new(AtomicBool::new(false));
    let good = {
        let (over, address) = (over.clone(), server.address.clone());
        thread::spawn(move || keep_asking(&address, &over))
    };
    let mut peak = before;
    let begin = Instant::now();
    while !siege.is_over() && begin.elapsed() < 3 * DEADLINE + GRACE {
        siege.turn();
        peak = peak.max(server.resident()?);
        thread::sleep(Duration::from_millis(10));
    }
    over.store(true, Ordering::Relaxed);
    let latencies = good.join().expect("the good client does not panic")?;
    let after = server.resident()?;

    let p99 = latencies.percentile(99);
    report.claim(p99 < 1e3, format!("{name}: a good client among the slow: p99 {p99:.1} ms"));
    // The server says how many it cut. When, the clients notice; and a few of them late: a reset that
    // does not fit their full window is answered first (RFC 5961 section 3.2), at a limited rate.
    let stopped = server.stop(Duration::from_secs(5))?;
    for (kind, cut, count) in [
        ("writers", &siege.writers_cut, stopped.count("expired")?),
        ("readers", &siege.readers_cut, stopped.count("stalled")?),
    ] {
        let (least, most) = (cut.percentile(0), cut.percentile(95));
        let in_time = least >= DEADLINE.as_secs_f64() && most < (DEADLINE + GRACE).as_secs_f64();
        report.claim(
            count == EACH as u64 && in_time,
            format!(
                "{name}: {count} of {EACH} slow {kind} cut, 95 % after {least:.1} to {most:.1} s"
            ),
        );
    }
    let grown = peak.saturating_sub(before);
    report.claim(
        grown < EACH as u64 * HELD,
        format!("{name}: {} KiB more for each slow reader, at most", grown / 1024 / EACH as u64),
    );
    let mebibytes = |bytes: u64| format!("{:.1}", bytes as f64 / f64::from(1 << 20));
    Ok(vec![
        name.to_owned(),
        format!("{p99:.1}"),
        siege.writers_cut.with_spread(1),
        siege.readers_cut.with_spread(1),
        mebibytes(before),
        mebibytes(peak),
        mebibytes(after),
    ])
}

/// The slow clients, all of them driven by this thread.
struct Siege {
    writers: BTreeMap<usize, Slow>,
    readers: BTreeMap<usize, Slow>,
    /// Seconds after which the server cut them.
    writers_cut: Figure,
    readers_cut: Figure,
}

struct Slow {
    stream: TcpStream,
    /// When it sent its first byte.
    since: Option<Instant>,
    /// How much of a reader's request is sent.
    asked: usize,
    /// When it last did its slow thing.
    moved: Instant,
}

impl Siege {
    fn begin(address: &str) -> Result<Self> {
        let all = || {
            let slow = |index| {
                let stream = connect(address).context("connecting")?;
                Ok((index, Slow { stream, since: None, asked: 0, moved: Instant::now() }))
            };
            (0..EACH).map(slow).collect::<Result<_>>()
        };
        let (writers_cut, readers_cut) = (Figure::default(), Figure::default());
        Ok(Self { writers: all()?, readers: all()?, writers_cut, readers_cut })
    }

    fn is_over(&self) -> bool {
        self.writers.is_empty() && self.readers.is_empty()
    }

    fn turn(&mut self) {
        let cut = |slow: &Slow, figure: &mut Figure| {
            figure.add(slow.since.map_or(0.0, |since| since.elapsed().as_secs_f64()));
            false
        };
        self.writers.retain(|_, slow| match slow.write_slowly() {
            Ok(()) => true,
            Err(_) => cut(slow, &mut self.writers_cut),
        });
        self.readers.retain(|_, slow| match slow.read_slowly() {
            Ok(()) => true,
            Err(_) => cut(slow, &mut self.readers_cut),
        });
    }
}

impl Slow {
    fn is_due(&mut self) -> bool {
        let due = self.moved.elapsed() >= Duration::from_secs(1);
        if due {
            self.moved = Instant::now();
        }
        due
    }

    /// A byte of a line each second. An error: the server has ended it.
    fn write_slowly(&mut self) -> io::Result<()> {
        if self.since.is_none() || self.is_due() {
            self.since.get_or_insert_with(Instant::now);
            self.stream.write_all(b"x")?;
        }
        match self.stream.read(&mut [0]) {
            Ok(0) => Err(ErrorKind::UnexpectedEof.into()),
            Err(error) if error.kind() != ErrorKind::WouldBlock => Err(error),
            _ => Ok(()),
        }
    }

    /// A mebibyte of lines as fast as they go out, and a byte of their echo each second.
    fn read_slowly(&mut self) -> io::Result<()> {
        const LINES: &[u8] = &{
            let mut lines = [b'x'; 64 * 1024];
            let mut at = 63;
            while at < lines.len() {
                lines[at] = b'\n';
                at += 64;
            }
            lines
        };
        if self.asked < ASKED {
            self.since.get_or_insert_with(Instant::now);
            match self.stream.write(LINES) {
                Ok(count) => self.asked += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
        if self.is_due() {
            match self.stream.read(&mut [0]) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Err(error) if error.kind() != ErrorKind::WouldBlock => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }
}

/// A connection with small buffers, which does not wait.
fn connect(address: &str) -> Result<TcpStream> {
    let address: SocketAddr = address.parse()?;
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.set_recv_buffer_size(BUFFER)?;
    socket.set_send_buffer_size(BUFFER)?;
    socket.connect(&address.into())?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}

/// A new client a hundred times a second, each due at its moment. Latencies in milliseconds.
fn keep_asking(address: &str, over: &AtomicBool) -> Result<Figure> {
    let mut latencies = Figure::default();
    let mut due = Instant::now();
    while !over.load(Ordering::Relaxed) {
        due += Duration::from_millis(10);
        thread::sleep(due.saturating_duration_since(Instant::now()));
        ask(address)?;
        latencies.add(due.elapsed().as_secs_f64() * 1e3);
    }
    Ok(latencies)
}

fn ask(address: &str) -> Result<()> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    stream.write_all(b"anybody there?\n")?;
    stream.read_exact(&mut [0; 15]).context("the good client's answer")
}
