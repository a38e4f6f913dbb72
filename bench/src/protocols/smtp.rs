//! SMTP: what a message costs beside postfix's smtp-sink, and what the disk adds.
//!
//! postfix's smtp-source sends to both: 1 KiB messages, one after another on each of 20 connections. smtp-sink
//! throws away what it gets; ours, with `--memory`, reads all of the dialogue, makes its header fields and
//! keeps the last thousand messages. A bare mio loop that answers without reading what it is told shows what
//! is left to save: the rest is the system's, four reads and four sends a message. Into a Maildir each
//! message is flushed to the disk before it is acknowledged, many by one commit: that is reported, and
//! compared with nothing.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::Options;
use crate::server::{LOAD_CPU, Peer, Server, pinned};
use crate::table::{Figure, Report, Table};

const SINK: &str = "/usr/sbin/smtp-sink";
const SOURCE: &str = "/usr/sbin/smtp-source";

pub(super) fn smtp(report: &mut Report, _options: &Options, rounds: usize) -> Result<()> {
    if !Path::new(SINK).exists() || !Path::new(SOURCE).exists() {
        eprintln!("smtp: skipped, there is no smtp-sink or smtp-source (Debian's package postfix)");
        return Ok(());
    }
    let [program, bare] = build()?;
    let maildir = std::env::temp_dir().join(format!("bench-smtp-{}", std::process::id()));
    let folder = maildir.display().to_string();
    let memory: &[&str] = &["smtp", "--memory"];
    let disk: &[&str] = &["smtp", "--maildir", &folder];
    let names = ["ours, into memory", "smtp-sink", "bare mio", "ours, into a Maildir"];
    let mut figures = vec![<[Figure; 2]>::default(); names.len()];
    for round in 0..rounds {
        for (at, figures) in figures.iter_mut().enumerate() {
            eprintln!("smtp, round {}: {}", round + 1, names[at]);
            let ours = |arguments| Peer { name: names[at], program: program.clone(), arguments };
            let (count, (cpu, took)) = match at {
                0 => (MESSAGES, measure(&Server::start(&ours(memory))?, MESSAGES)?),
                1 => (MESSAGES, measure(&start_sink()?, MESSAGES)?),
                2 => {
                    let bare = Peer { name: names[at], program: bare.clone(), arguments: &[] };
                    (MESSAGES, measure(&Server::start(&bare)?, MESSAGES)?)
                }
                _ => (ON_DISK, measure(&Server::start(&ours(disk))?, ON_DISK)?),
            };
            figures[0].add(cpu.as_secs_f64() * 1e6 / f64::from(count));
            figures[1].add(f64::from(count) / took.as_secs_f64());
        }
        let _ = std::fs::remove_dir_all(&maildir);
    }
    let [ours, sink] = [0, 1].map(|at| [0, 1].map(|figure| figures[at][figure].median()));
    let rows = names.iter().zip(&figures).map(|(name, [cpu, rate])| {
        let ratio = format!("{:.2}", cpu.median() / sink[0]);
        vec![(*name).to_owned(), cpu.with_spread(1), ratio, rate.with_spread(0)]
    });
    report.tables.push(Table {
        title: "SMTP: messages of 1 KiB over 20 connections".into(),
        header: vec!["server", "CPU µs a message", "of smtp-sink's", "messages a second"],
        rows: rows.collect(),
        bars: None,
    });
    report.claim(
        ours[0] <= 0.7 * sink[0],
        format!("CPU a message {:.2} of smtp-sink's", ours[0] / sink[0]),
    );
    report.claim(ours[1] >= sink[1], format!("rate {:.2} of smtp-sink's", ours[1] / sink[1]));
    Ok(())
}

const MESSAGES: u32 = 40_000;
const ON_DISK: u32 = 5_000;

/// Our server, and the bare loop.
fn build() -> Result<[PathBuf; 2]> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    for package in [&["protocols"][..], &["bench", "--bin", "mio-sink"]] {
        let mut command = Command::new(&cargo);
        command.args(["build", "--release", "--quiet", "-p"]).args(package);
        ensure!(command.status().context("running cargo")?.success(), "it does not compile");
    }
    let folder = std::env::current_exe()?.parent().context("a folder")?.to_owned();
    Ok(["protocols", "mio-sink"].map(|name| folder.join(name)))
}

/// smtp-sink takes a port, and does not say when it listens.
fn start_sink() -> Result<Server> {
    let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
    // smtp-sink(1): a superuser must say whom it becomes.
    let (as_root, as_user) = (["-u", "nobody", &address, "1000"], [address.as_str(), "1000"]);
    let root = rustix::process::getuid().is_root();
    let arguments: &[&str] = if root { &as_root } else { &as_user };
    Server::start_at(&Peer { name: "smtp-sink", program: SINK.into(), arguments }, &address)
}

/// The server's CPU for so many messages, and how long they took.
fn measure(server: &Server, messages: u32) -> Result<(Duration, Duration)> {
    let (before, begin) = (server.cpu()?, Instant::now());
    let sent = pinned(Path::new(SOURCE), LOAD_CPU)
        .args(["-d", "-s", "20", "-l", "1024", "-m", &messages.to_string()])
        .args(["-f", "a@x.example", "-t", "b@y.example", &server.address])
        .status()
        .context("running smtp-source")?;
    ensure!(sent.success(), "smtp-source failed");
    Ok((server.cpu()? - before, begin.elapsed()))
}
