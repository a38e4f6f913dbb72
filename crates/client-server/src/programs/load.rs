//! `load`: how fast, how late, and what was left unanswered.

use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use clap::Args;
use client_server::Address;
use client_server::load::{self, Outcome, Pace, Plan, Progress};
use client_server::plot::{self, PERCENTILES, Series};
use sockets::wire::Wire;

/// Sends messages to an echo server, and measures how long their echoes take.
#[derive(Debug, Args)]
pub(crate) struct Load {
    /// The echo server: `127.0.0.1:7000`, `unix:/tmp/echo.sock`.
    #[arg(long, value_name = "ADDRESS")]
    connect: Address,
    /// Connections, all opened before the first message.
    #[arg(long, value_name = "N", default_value = "64", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    connections: u32,
    /// How long to send.
    #[arg(long, value_name = "S", default_value = "5", value_parser = clap::value_parser!(u32).range(1..=3600))]
    seconds: u32,
    /// Bytes of a message.
    #[arg(long, value_name = "BYTES", default_value = "64", value_parser = clap::value_parser!(u32).range(1..=1_048_576))]
    size: u32,
    /// Messages a second over all connections. Without it each connection sends when it was
    /// answered, and latencies leave out what a stall kept from being sent.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    rate: Option<u32>,
    /// Draw the latencies by percentile.
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
}

pub(crate) fn run(arguments: &Load, wire: &Wire) -> Result<ExitCode> {
    wire.nothing("a load is too much to look at; give --trace to the server, and a small load")?;
    let pace = match arguments.rate {
        Some(rate) => Pace::Open { rate: f64::from(rate) },
        None => Pace::Closed,
    };
    let plan = Plan {
        address: arguments.connect.clone(),
        connections: arguments.connections as usize,
        size: arguments.size as usize,
        duration: Duration::from_secs(arguments.seconds.into()),
        pace,
    };
    let outcome = watched(plan.clone())?;
    print(&plan, &outcome)?;
    if let Some(path) = &arguments.svg {
        let name = described(&plan);
        let series = [Series { name: &name, latencies: &outcome.latencies }];
        fs::write(path, plot::svg("Latency by percentile", &series))
            .with_context(|| format!("writing {}", path.display()))?;
    }
    let all = outcome.answered == outcome.sent && outcome.wrong + outcome.lost == 0;
    Ok(if all { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Runs the load on a thread of its own, and shows how it goes on this one.
fn watched(plan: Plan) -> Result<Outcome> {
    let progress: Progress = Arc::default();
    let (done, finished) = mpsc::channel();
    let counted = progress.clone();
    let connecting = format!("connecting to {}", plan.address);
    thread::spawn(move || {
        let _ = done.send(load::run(&plan, &counted));
    });
    let live = io::stderr().is_terminal();
    let mut before = 0;
    loop {
        match finished.recv_timeout(Duration::from_secs(1)) {
            Ok(outcome) => {
                if live {
                    eprint!("\r\x1b[K");
                }
                return outcome.context(connecting);
            }
            Err(RecvTimeoutError::Disconnected) => return Err(anyhow!("the load panicked")),
            Err(RecvTimeoutError::Timeout) if live => {
                let now = progress.load(Ordering::Relaxed);
                eprint!("\r\x1b[K{now} answered, {} in the last second", now - before);
                before = now;
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
}

/// `64 connections, messages of 64 B, as fast as answers come`
fn described(plan: &Plan) -> String {
    let paced = match plan.pace {
        Pace::Closed => "as fast as answers come".to_owned(),
        Pace::Open { rate } => format!("{rate} a second, due at fixed moments"),
    };
    format!("{} connections, messages of {} B, {paced}", plan.connections, plan.size)
}

fn print(plan: &Plan, outcome: &Outcome) -> Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{}", described(plan))?;
    writeln!(
        out,
        "sent {}  answered {}  wrong {}  connections lost {}",
        outcome.sent, outcome.answered, outcome.wrong, outcome.lost
    )?;
    writeln!(
        out,
        "rate {:.0} a second over {:.2} s",
        outcome.rate(),
        outcome.elapsed.as_secs_f64()
    )?;
    writeln!(out)?;
    write!(out, "{:8}", "")?;
    for (name, _) in PERCENTILES {
        write!(out, "{name:>10}")?;
    }
    write!(out, "\n{:8}", "latency")?;
    for (_, percent) in PERCENTILES {
        write!(out, "{:>10}", plot::readable(outcome.latency(percent)))?;
    }
    writeln!(out)?;
    out.flush().context("printing the result")
}
