//! Echo: CPU a message, rate and p99.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, ensure};
use client_server::load::{self, Pace, Plan};

use super::{BARE, DIRECT, OURS, Options, TOKIO};
use crate::server::{Peer, Server};
use crate::table::{Figure, Report, Table};

/// CPU per message, rate and p99, at 1, 64 and 1,000 connections.
pub(super) fn echo(
    report: &mut Report,
    peers: &[Peer<'_>],
    options: &Options,
    rounds: usize,
) -> Result<()> {
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
        let [[ours, rate, p99], [tokio, tokio_rate, tokio_p99], [bare, ..], [direct, ..]] =
            [OURS, TOKIO, BARE, DIRECT].map(median);
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
                format!(
                    "the contract costs {:+.0} % over bare mio ({:+.0} % where that calls as directly)",
                    (ours / bare - 1.0) * 100.0,
                    (ours / direct - 1.0) * 100.0
                ),
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
