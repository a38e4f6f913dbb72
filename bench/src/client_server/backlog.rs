//! Three thousand clients that connect at once.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use client_server::load::{self, Outcome, Pace, Plan};

use super::{ASYNC, BARE, OURS, TOKIO, raise_descriptors};
use crate::server::{Peer, Server};
use crate::table::{Figure, Report, Table};

/// How long 3,000 clients take that connect at once.
pub(super) fn backlog(report: &mut Report, peers: &[Peer<'_>], rounds: usize) -> Result<()> {
    const CLIENTS: usize = 3_000;
    let mut rows = Vec::new();
    for peer in peers.iter().filter(|peer| [OURS, TOKIO, ASYNC, BARE].contains(&peer.name)) {
        let mut figure = Figure::default();
        for round in 0..rounds.min(3) {
            eprintln!("backlog, round {}: {}", round + 1, peer.name);
            let server = Server::start(peer)?;
            figure.add(storm(&server.address, CLIENTS)?.as_secs_f64());
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

/// Opens `count` connections at once, sends a message on each, and waits for all echoes.
fn storm(address: &str, count: usize) -> Result<Duration> {
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
