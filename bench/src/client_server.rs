//! Chapter 3: CPU per message, idle connections, connects at once.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::Args;
use client_server::load::{self, Pace, Plan};
use socket::connect_many;

use crate::server::{LOAD_CPU, Peer, Server};
use crate::table::{Figure, Report, Table};

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Seconds of each load.
    #[arg(long, default_value = "2")]
    seconds: u64,
    /// Only measurements whose name holds this: echo, idle, backlog.
    #[arg(long, default_value = "")]
    only: String,
}

pub(crate) fn run(options: &Options, rounds: usize) -> Result<Report> {
    let peers = build()?;
    stay_on(LOAD_CPU);
    let mut report = Report { name: "client-server", ..Report::default() };
    if "echo".contains(&options.only) {
        echo(&mut report, &peers, options, rounds)?;
    }
    if "idle".contains(&options.only) {
        idle(&mut report, &peers)?;
    }
    if "backlog".contains(&options.only) {
        backlog(&mut report, &peers, rounds)?;
    }
    Ok(report)
}

const OURS: &str = "ours, one loop";
const TOKIO: &str = "tokio, one thread";
const BARE: &str = "bare mio";
const THREADS: &str = "ours, a thread each";
const ASYNC: &str = "ours, async fn";
const TWO: &str = "ours, two loops";

/// Builds the servers, and says where they are.
fn build() -> Result<Vec<Peer>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let arguments =
        ["build", "--release", "--quiet", "-p", "client-server", "-p", "bench", "--bins"];
    let built = Command::new(cargo).args(arguments).status().context("running cargo")?;
    ensure!(built.success(), "the servers do not compile");
    let folder = std::env::current_exe()?.parent().context("a folder")?.to_owned();
    let program = |name: &str| -> PathBuf { folder.join(name) };
    let ours = |name, arguments| Peer { name, program: program("client-server"), arguments };
    Ok(vec![
        ours(OURS, &["echo", "--model", "event-loop"]),
        Peer { name: TOKIO, program: program("tokio-echo"), arguments: &[] },
        Peer { name: ASYNC, program: program("async-echo"), arguments: &[] },
        Peer { name: BARE, program: program("mio-echo"), arguments: &[] },
        ours(THREADS, &["echo", "--model", "threads"]),
        ours(TWO, &["echo", "--model", "event-loop", "--workers", "2"]),
    ])
}

/// Keeps this process, and all threads that it will start, off the servers' processor.
fn stay_on(cpu: usize) {
    let mut set = rustix::thread::CpuSet::new();
    set.set(cpu);
    // On a machine with one processor there is nothing to choose.
    let _ = rustix::thread::sched_setaffinity(None, &set);
}

/// CPU per message, rate and p99, at 1, 64 and 1,000 connections.
fn echo(report: &mut Report, peers: &[Peer], options: &Options, rounds: usize) -> Result<()> {
    const COUNTS: [usize; 3] = [1, 64, 1_000];
    let mut growth = Vec::new();
    for connections in COUNTS {
        let mut figures = vec![<[Figure; 3]>::default(); peers.len()];
        for round in 0..rounds {
            for (peer, figures) in peers.iter().zip(&mut figures) {
                eprintln!("echo, {connections} connections, round {}: {}", round + 1, peer.name);
                let server = Server::start(peer)?;
                let plan = Plan {
                    address: server.address.parse().map_err(anyhow::Error::msg)?,
                    connections,
                    size: 64,
                    duration: Duration::from_secs(options.seconds),
                    pace: Pace::Closed,
                };
                let before = server.cpu()?;
                let outcome = load::run(&plan, &Arc::default())?;
                let cpu = server.cpu()? - before;
                ensure!(outcome.answered == outcome.sent, "{} lost messages", peer.name);
                figures[0].add(cpu.as_secs_f64() * 1e6 / outcome.answered as f64);
                figures[1].add(outcome.rate());
                figures[2].add(outcome.latency(99.0).as_secs_f64() * 1e6);
            }
        }
        let median = |name| {
            let index = peers.iter().position(|peer| peer.name == name);
            index.map_or([f64::NAN; 3], |at| [0, 1, 2].map(|figure| figures[at][figure].median()))
        };
        let [[ours, rate, p99], [tokio, tokio_rate, tokio_p99], [bare, ..]] =
            [OURS, TOKIO, BARE].map(median);
        growth.push(ours);
        let rows = peers.iter().zip(&figures).map(|(peer, [cpu, rate, p99])| {
            vec![
                peer.name.to_owned(),
                cpu.with_spread(2),
                format!("{:.2}", cpu.median() / tokio),
                rate.with_spread(0),
                p99.with_spread(0),
            ]
        });
        report.tables.push(Table {
            title: format!("Echo of 64 bytes, {connections} connections"),
            header: vec!["server", "CPU µs a message", "of tokio's", "messages a second", "p99 µs"],
            rows: rows.collect(),
            bars: Some((
                "µs of CPU a message",
                peers.iter().zip(&figures).map(|(p, f)| (p.name.into(), f[0].median())).collect(),
            )),
        });
        if connections == 64 {
            report.claim(ours <= tokio, format!("CPU a message {:.2} of tokio's", ours / tokio));
            report.claim(
                ours <= 1.10 * bare,
                format!("the contract costs {:+.0} % over bare mio", (ours / bare - 1.0) * 100.0),
            );
            report.claim(
                rate >= 0.97 * tokio_rate && p99 <= 1.1 * tokio_p99,
                format!("rate {:.2} and p99 {:.2} of tokio's", rate / tokio_rate, p99 / tokio_p99),
            );
        }
    }
    let [one, .., thousand] = growth[..] else { return Ok(()) };
    report.claim(
        thousand <= 1.2 * one,
        format!("CPU a message at 1,000 connections is {:.2} of that at 1", thousand / one),
    );
    Ok(())
}

/// Memory of idle connections, and how a new client fares among them.
fn idle(report: &mut Report, peers: &[Peer]) -> Result<()> {
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

/// How long 3,000 clients take that connect at once.
fn backlog(report: &mut Report, peers: &[Peer], rounds: usize) -> Result<()> {
    const CLIENTS: usize = 3_000;
    let mut rows = Vec::new();
    for peer in peers.iter().filter(|peer| [OURS, TOKIO, ASYNC, BARE].contains(&peer.name)) {
        let mut figure = Figure::default();
        for round in 0..rounds.min(3) {
            eprintln!("backlog, round {}: {}", round + 1, peer.name);
            let server = Server::start(peer)?;
            figure.add(socket::storm(&server.address, CLIENTS)?.as_secs_f64());
        }
        if peer.name == OURS {
            let seconds = figure.median();
            report.claim(seconds < 0.5, format!("{CLIENTS} connects at once in {seconds:.2} s"));
        }
        rows.push(vec![peer.name.to_owned(), figure.with_spread(2)]);
    }
    report.tables.push(Table {
        title: format!("{CLIENTS} clients that connect at once, all answered"),
        header: vec!["server", "seconds"],
        rows,
        bars: None,
    });
    Ok(())
}

/// Many connections from one process.
mod socket {
    use super::*;
    use client_server::load::Outcome;

    /// Opens `count` connections, one after another.
    pub(super) fn connect_many(address: &str, count: usize) -> Result<Vec<TcpStream>> {
        raise_descriptors();
        let connect = |_| TcpStream::connect(address).context("connecting");
        (0..count).map(connect).collect()
    }

    /// Opens `count` connections at once, sends a message on each, and waits for all echoes.
    pub(super) fn storm(address: &str, count: usize) -> Result<Duration> {
        raise_descriptors();
        let plan = Plan {
            address: address.parse().map_err(anyhow::Error::msg)?,
            connections: count,
            size: 1,
            duration: Duration::from_millis(1), // One message each: none has a second in that time.
            pace: Pace::Closed,
        };
        let begin = Instant::now();
        let Outcome { lost, .. } = load::run(&plan, &Arc::default())?;
        ensure!(lost == 0, "{lost} of {count} connections failed");
        Ok(begin.elapsed())
    }

    /// As many descriptors as this process may have.
    fn raise_descriptors() {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
        let _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
    }
}
