//! Chapter 2: our TCP beside smoltcp's, each with itself as its peer.

mod host;
mod ours;
mod smol;

use std::collections::VecDeque;
use std::time::Duration;

use ::tcp_ip::Instant;
use ::tcp_ip::link::{Conditions, Link};
use ::tcp_ip::tcp::congestion::Algorithm;
use anyhow::{Context, Result, ensure};
use clap::Args;
use rustix::time::{ClockId, clock_gettime};
use smoltcp::socket::tcp::CongestionControl;

use crate::table::{Figure, Report, Table};
use host::{Host, Packets};
use ours::Ours;
use smol::Smol;

/// The longest packet, and the send and receive buffers: the same for both.
const MTU: usize = 1_500;
const BUFFER: usize = 1 << 20;
/// How many packets the cable holds in one direction.
const BURST: usize = 256;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Megabytes of each transfer in memory.
    #[arg(long, default_value = "512")]
    megabytes: usize,
    /// Only what is in memory, to look at it with a profiler.
    #[arg(long, conflicts_with = "over_loss")]
    in_memory: bool,
    /// Only what is in network time, which takes a quarter of a minute.
    #[arg(long)]
    over_loss: bool,
}

pub(crate) fn run(options: &Options, rounds: usize) -> Result<Report> {
    let mut report = Report { name: "tcp-ip", ..Report::default() };
    if !options.over_loss {
        in_memory(&mut report, options.megabytes * 1_000_000, rounds)?;
    }
    if !options.in_memory {
        over_loss(&mut report, rounds)?;
    }
    Ok(report)
}

/// Octets for each second of processor time, over a cable that takes no time and loses nothing.
fn in_memory(report: &mut Report, octets: usize, rounds: usize) -> Result<()> {
    let mut figures = [const { Figure::new() }; 2];
    for round in 0..rounds {
        eprintln!("in memory, round {}", round + 1);
        let rate = |took: Duration| octets as f64 / 1e6 / took.as_secs_f64();
        figures[0].add(rate(cpu_of(Ours::pair(), octets)?));
        figures[1].add(rate(cpu_of(Smol::pair(), octets)?));
    }
    let [ours, smol] = figures.each_ref().map(Figure::median);
    report.claim(ours >= smol, format!("goodput a CPU second {:.2} of smoltcp's", ours / smol));
    let title = format!("One transfer in memory, packets of {MTU} octets, windows of 1 MiB");
    publish(report, title, "MB a CPU second", &["ours", "smoltcp 0.14"], &figures, 0);
    Ok(())
}

/// Goodput in network time with 1 % loss and a round trip of 20 ms: each stack's algorithms, and smoltcp
/// as it comes, which has no congestion control and so overruns what it cannot repair. It depends on which
/// packets are lost, and on nothing else, so there is a round for each of many seeds.
///
/// Twice smoltcp's Reno is what can be claimed of Reno here. Three times would be 9.5 Mbit/s, a third more
/// than the formula, which holds for any sender that halves its window and adds a segment a round trip.
fn over_loss(report: &mut Report, rounds: usize) -> Result<()> {
    const OCTETS: usize = 10_000_000;
    const SEGMENT: f64 = 1_460.0;
    const LEAST_SEEDS: usize = 20;
    let mut figures = [const { Figure::new() }; 5];
    for seed in 0..rounds.max(LEAST_SEEDS) as u64 {
        eprintln!("1 % loss, seed {seed}");
        let rate = |took: Duration| OCTETS as f64 * 8e-6 / took.as_secs_f64();
        for (figure, algorithm) in figures[..2].iter_mut().zip([Algorithm::Reno, Algorithm::Cubic])
        {
            let pair = Ours::pair_with(algorithm);
            figure.add(rate(network_time(pair, OCTETS, seed).context("ours")?));
        }
        let controls = [CongestionControl::Reno, CongestionControl::Cubic, CongestionControl::None];
        for (figure, control) in figures[2..].iter_mut().zip(controls) {
            let pair = Smol::pair_with(control);
            figure.add(rate(network_time(pair, OCTETS, seed).context("smoltcp")?));
        }
    }
    let [ours, _, reno, ..] = figures.each_ref().map(Figure::median);
    let formula = SEGMENT * 8e-6 / 0.020 * (1.5_f64 / 0.01).sqrt();
    report.claim(ours >= formula, format!("{ours:.2} Mbit/s; the Mathis formula's {formula:.2}"));
    report.claim(ours >= 2.0 * reno, format!("{:.2} times its Reno's {reno:.2}", ours / reno));
    let title = "1 % loss, 20 ms of round trip, in network time".to_owned();
    let names = [
        "ours, Reno",
        "ours, CUBIC",
        "smoltcp 0.14, Reno",
        "smoltcp 0.14, CUBIC",
        "smoltcp 0.14 as it comes",
    ];
    publish(report, title, "Mbit/s", &names, &figures, 2);
    Ok(())
}

fn publish(
    report: &mut Report,
    title: String,
    unit: &'static str,
    names: &[&str],
    figures: &[Figure],
    digits: usize,
) {
    let row =
        |(name, figure): (&&str, &Figure)| vec![(*name).to_owned(), figure.with_spread(digits)];
    let bar = |(name, figure): (&&str, &Figure)| ((*name).to_owned(), figure.median());
    report.tables.push(Table {
        title,
        header: vec!["stack", unit],
        rows: names.iter().zip(figures).map(row).collect(),
        bars: Some((unit, names.iter().zip(figures).map(bar).collect())),
    });
}

/// Processor time for both ends of a transfer; the reading and checking of the octets included.
fn cpu_of<H: Host>([mut client, mut server]: [H; 2], octets: usize) -> Result<Duration> {
    let [mut up, mut down, mut spare] = [const { Packets::new() }; 3];
    let mut application = Application::new(octets);
    let before = cpu();
    let mut now = Instant::ZERO;
    for round in 0.. {
        application.run(&mut client, &mut server)?;
        if application.received == octets {
            return Ok(cpu() - before);
        }
        ensure!(round < octets, "the transfer stalls");
        client.run(now, &mut down, &mut up, &mut spare);
        server.run(now, &mut up, &mut down, &mut spare);
        now += Duration::from_micros(100);
    }
    unreachable!("rounds do not end")
}

/// Network time of a transfer over a link that loses 1 % of what the client sends.
fn network_time<H: Host>(
    [mut client, mut server]: [H; 2],
    octets: usize,
    seed: u64,
) -> Result<Duration> {
    let delay = Duration::from_millis(10);
    let lossy = Conditions { loss: 0.01, delay, ..Conditions::default() };
    let mut links =
        [Link::new(lossy, seed), Link::new(Conditions { delay, ..Conditions::default() }, seed)];
    let mut spare = Packets::new();
    let mut application = Application::new(octets);
    let mut now = Instant::ZERO;
    loop {
        application.run(&mut client, &mut server)?;
        if application.received == octets {
            return Ok(now.since(Instant::ZERO));
        }
        let [up, down] = &mut links;
        let through = |host: &mut H, from: &mut Link, to: &mut Link, spare: &mut Packets| {
            let mut output = VecDeque::new();
            // One packet after the other, as a wire brings them.
            let mut input: Packets = from.receive(now).into_iter().collect();
            host.run(now, &mut input, &mut output, spare);
            for packet in output.drain(..) {
                to.send(now, &packet);
                spare.push_back(packet);
            }
        };
        through(&mut client, down, up, &mut spare);
        through(&mut server, up, down, &mut spare);
        let arrivals = links.iter().filter_map(Link::next_arrival);
        let deadlines = [client.deadline(now), server.deadline(now)].into_iter().flatten();
        let next = arrivals.chain(deadlines).min();
        let stalls = next.is_none() || now.as_secs_f64() > 3_600.0;
        ensure!(!stalls, "stalls at {now}, after {} octets", application.received);
        now = now.max(next.unwrap_or(now));
    }
}

/// What sends at one end, and checks what arrives at the other.
struct Application {
    octets: usize,
    sent: usize,
    received: usize,
    block: Vec<u8>,
    buffer: Vec<u8>,
}

impl Application {
    fn new(octets: usize) -> Self {
        // 251 is prime: no buffer's size is a multiple of it, so octets at a wrong place differ.
        let block = (0..251 * 256).map(|at: usize| (at % 251).to_le_bytes()[0]).collect();
        Self { octets, sent: 0, received: 0, block, buffer: vec![0; 65_536] }
    }

    fn run<H: Host>(&mut self, client: &mut H, server: &mut H) -> Result<()> {
        while self.sent < self.octets {
            let left = &self.block[self.sent % 251..];
            let sent = client.send(&left[..left.len().min(self.octets - self.sent)]);
            self.sent += sent;
            if sent == 0 {
                break;
            }
        }
        loop {
            let read = server.receive(&mut self.buffer);
            if read == 0 {
                return Ok(());
            }
            let first = usize::from(self.buffer[0]) == self.received % 251;
            let last = usize::from(self.buffer[read - 1]) == (self.received + read - 1) % 251;
            ensure!(first && last, "octet {} is wrong", self.received);
            self.received += read;
        }
    }
}

fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}
