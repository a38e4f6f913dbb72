//! `simulate`: a transfer over a cable as bad as you like, in virtual time and from a seed.

mod chart;
mod trace;

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant as Clock};

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use tcp_ip::link::Conditions;
use tcp_ip::simulation::{End, Outcome, Plan, Report, Transfer};
use tcp_ip::tcp::Config;
use tcp_ip::tcp::congestion::Algorithm;

use super::quantity;

/// Transfers octets between two simulated hosts, and says how it went.
#[derive(Debug, Args)]
pub(crate) struct Simulate {
    /// What the link's accidents and the octets follow from: the same seed, the same run.
    #[arg(long, value_name = "N", default_value = "1", value_parser = quantity::seed)]
    seed: u64,
    /// How much the client sends: `1MB`, `64KiB`, `5000`.
    #[arg(long, value_name = "SIZE", default_value = "1MB", value_parser = quantity::size)]
    bytes: usize,
    /// How much the server sends back meanwhile.
    #[arg(long, value_name = "SIZE", default_value = "0", value_parser = quantity::size)]
    back: usize,
    /// How many packets are lost: `10%`, `0.1`.
    #[arg(long, value_name = "SHARE", default_value = "0%", value_parser = quantity::share)]
    loss: f64,
    /// How many are overtaken.
    #[arg(long, value_name = "SHARE", default_value = "0%", value_parser = quantity::share)]
    reorder: f64,
    /// How many arrive twice.
    #[arg(long, value_name = "SHARE", default_value = "0%", value_parser = quantity::share)]
    duplicate: f64,
    /// How many have an octet changed.
    #[arg(long, value_name = "SHARE", default_value = "0%", value_parser = quantity::share)]
    corrupt: f64,
    /// How long the way takes, in one direction: `20ms`.
    #[arg(long, value_name = "TIME", default_value = "10ms", value_parser = quantity::duration)]
    delay: Duration,
    /// How much longer it takes at times.
    #[arg(long, value_name = "TIME", default_value = "0ms", value_parser = quantity::duration)]
    jitter: Duration,
    /// How much the link carries: `10Mbit`, in bits a second. Without it, any amount.
    #[arg(long, value_name = "RATE", value_parser = quantity::rate)]
    rate: Option<u64>,
    /// How many octets wait for a link with a rate; what comes beyond is dropped.
    #[arg(long, value_name = "SIZE", default_value = "64KB", value_parser = quantity::size)]
    queue: usize,
    /// The longest packet, in octets.
    #[arg(long, value_name = "OCTETS", default_value = "1500", value_parser = clap::value_parser!(u16).range(68..=65_535))]
    mtu: u16,
    /// The receive buffer: the largest window.
    #[arg(long, value_name = "SIZE", default_value = "4MiB", value_parser = quantity::size)]
    window: usize,
    /// The congestion control.
    #[arg(long, value_enum, default_value = "cubic")]
    congestion: Congestion,
    /// Without selective acknowledgments: NewReno's recovery.
    #[arg(long)]
    no_sack: bool,
    /// In place of all of the above: conditions that follow from the seed, as the tests have them.
    #[arg(long)]
    any: bool,
    /// Print each packet.
    #[arg(long)]
    trace: bool,
    /// Draw the ladder of the first packets, and the congestion window.
    #[arg(long, value_name = "FILE")]
    svg: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Congestion {
    Reno,
    Cubic,
}

pub(crate) fn run(arguments: &Simulate) -> Result<ExitCode> {
    let plan = if arguments.any { Plan::any(arguments.seed) } else { arguments.plan() };
    let mut out = BufWriter::new(io::stdout().lock());
    let begin = Clock::now();
    let mut transfer = Transfer::new(&plan);
    let mut ladder = trace::Ladder::new();
    let mut chart = chart::Chart::default();
    loop {
        let more = transfer.step(|sent| {
            if arguments.trace {
                // Whoever reads may have read enough; the figures are then not wanted either.
                let _ = writeln!(out, "{}", trace::line(&sent));
            }
            if arguments.svg.is_some() {
                ladder.add(&sent);
            }
        });
        if arguments.svg.is_some() {
            let now = transfer.now();
            if let Some(connection) = transfer.connection(End::Client) {
                chart.add(now, connection);
            }
        }
        if !more {
            break;
        }
    }
    let report = transfer.report();
    print(&mut out, &plan, &report, begin.elapsed())?;
    if let Some(path) = &arguments.svg {
        let drawing = chart.below(&ladder.svg());
        fs::write(path, drawing).with_context(|| format!("writing {}", path.display()))?;
        writeln!(out, "drawn       {}", path.display())?;
    }
    out.flush().context("printing the figures")?;
    let failed = matches!(report.outcome, Outcome::Wrong | Outcome::Stalled);
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

impl Simulate {
    fn plan(&self) -> Plan {
        let config = Config {
            receive_buffer: self.window,
            send_buffer: self.window.max(65_536),
            sack: !self.no_sack,
            congestion: match self.congestion {
                Congestion::Reno => Algorithm::Reno,
                Congestion::Cubic => Algorithm::Cubic,
            },
            ..Config::default()
        };
        let conditions = Conditions {
            loss: self.loss,
            delay: self.delay,
            jitter: self.jitter,
            reorder: self.reorder,
            duplicate: self.duplicate,
            corrupt: self.corrupt,
            rate: self.rate,
            queue: self.queue,
        };
        Plan {
            seed: self.seed,
            octets: self.bytes,
            back: self.back,
            configs: [config.clone(), config],
            mtu: self.mtu.into(),
            conditions: [conditions.clone(), conditions],
            ..Plan::default()
        }
    }
}

fn print(out: &mut impl Write, plan: &Plan, report: &Report, real: Duration) -> Result<()> {
    let [up, down] = report.links;
    let [client, server] = report.counters;
    writeln!(out, "seed        {}", plan.seed)?;
    writeln!(out, "outcome     {}", report.outcome)?;
    writeln!(
        out,
        "octets      {} there, {} back, in {:.3} s of network time",
        plan.octets,
        plan.back,
        report.took.as_secs_f64()
    )?;
    writeln!(out, "goodput     {:.3} Mbit/s", report.goodput(plan.octets + plan.back) * 8.0 / 1e6)?;
    for (name, link) in [("there", up), ("back", down)] {
        writeln!(
            out,
            "packets     {} {name}: {} lost, {} dropped, {} doubled, {} changed, {} overtaken",
            link.sent, link.lost, link.dropped, link.duplicated, link.corrupted, link.reordered
        )?;
    }
    writeln!(
        out,
        "sent again  {} segments by the client, {} by the server",
        client.retransmitted, server.retransmitted
    )?;
    writeln!(
        out,
        "losses      {} found by fast recovery, {} by timeout",
        client.fast_recoveries + server.fast_recoveries,
        client.timeouts + server.timeouts
    )?;
    writeln!(out, "computed    in {:.3} s", real.as_secs_f64())?;
    Ok(())
}
