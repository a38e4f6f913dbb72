//! Congestion windows and shares over time.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use tcp_ip::Instant;
use tcp_ip::link::Conditions;
use tcp_ip::simulation::{End, Network};
use tcp_ip::tcp::congestion::Algorithm;
use tcp_ip::tcp::{Config, Handle};

use super::Drawing;
use super::chart::{Chart, Series};

pub(super) const ALL: [Drawing; 3] =
    [("windows", windows), ("slow-start", slow_start), ("shares", shares)];

/// A path of 10 Mbit/s and 60 ms of round trip; 50 KB wait at its narrowest place.
fn bottleneck() -> [Conditions; 2] {
    let delay = Duration::from_millis(30);
    let there =
        Conditions { delay, rate: Some(10_000_000), queue: 50_000, ..Conditions::default() };
    [there, Conditions { delay, ..Conditions::default() }]
}

/// A transfer without an end.
struct Flow {
    port: u16,
    client: Handle,
    server: Option<Handle>,
    received: usize,
}

struct Run {
    network: Network,
    flows: Vec<Flow>,
}

impl Run {
    fn new(congestion: Algorithm) -> Self {
        let config = Config { congestion, ..Config::default() };
        let network = Network::new([config.clone(), config], 1_500, bottleneck(), 1);
        Self { network, flows: Vec::new() }
    }

    fn begin(&mut self) -> Result<()> {
        let port = 7 + u16::try_from(self.flows.len())?;
        self.network.host(End::Server).listen(port, 1)?;
        let server = SocketAddr::new(End::Server.address(), port);
        let now = self.network.now;
        let client = self.network.host(End::Client).connect(now, server)?;
        self.flows.push(Flow { port, client, server: None, received: 0 });
        Ok(())
    }

    fn until(&mut self, end: Instant) -> Result<()> {
        while self.network.now < end {
            for flow in &mut self.flows {
                flow.run(&mut self.network)?;
            }
            self.network.transmit(|_| {});
            let next = self.network.next_event().unwrap_or(end).min(end);
            self.network.advance(next.max(self.network.now + Duration::from_nanos(1)));
        }
        Ok(())
    }

    /// cwnd of the first flow, in KB.
    fn window(&mut self) -> Result<f64> {
        let client = self.flows.first().context("a flow")?.client;
        let connection = self.network.host(End::Client).connection(client).context("it lives")?;
        Ok(f64::from(connection.congestion_window()) / 1e3)
    }
}

impl Flow {
    fn run(&mut self, network: &mut Network) -> Result<()> {
        let client = network.host(End::Client).connection_mut(self.client).context("it lives")?;
        // As much as there is room for.
        while client.send(&[0; 65_536]) > 0 {}
        let host = network.host(End::Server);
        self.server = self.server.or_else(|| host.accept(self.port));
        if let Some(server) = self.server {
            let server = host.connection_mut(server).context("it lives")?;
            self.received += server.readable();
            server.consume(server.readable());
        }
        Ok(())
    }
}

/// The window of one transfer, so many times a second.
fn window_over(congestion: Algorithm, time: Duration, points: u32) -> Result<Vec<(f64, f64)>> {
    let mut run = Run::new(congestion);
    run.begin()?;
    let mut curve = Vec::new();
    for point in 0..=points {
        run.until(Instant::new(time * point / points))?;
        curve.push((run.network.now.as_secs_f64(), run.window()?));
    }
    Ok(curve)
}

fn windows() -> Result<String> {
    let time = Duration::from_secs(40);
    let reno = window_over(Algorithm::Reno, time, 400)?;
    let cubic = window_over(Algorithm::Cubic, time, 400)?;
    // After slow start: the path holds 75 KB and its queue 50 KB, and the window stays near that.
    for (_, window) in reno.iter().chain(&cubic).filter(|(at, _)| *at > 10.0) {
        ensure!((40.0..160.0).contains(window), "a window of {window} KB");
    }
    let series = [Series { name: "Reno", points: &reno }, Series { name: "CUBIC", points: &cubic }];
    let chart = Chart {
        title: "The congestion window of Reno and of CUBIC",
        across: "seconds",
        upwards: "KB",
        series: &series,
    };
    Ok(chart.figure("windows", "One transfer, alone on 10 Mbit/s with 60 ms of round trip. The path holds 75 KB and its queue 50 KB; each peak is a packet that found the queue full."))
}

fn slow_start() -> Result<String> {
    let curve = window_over(Algorithm::Reno, Duration::from_millis(600), 300)?;
    let at = |time: f64| curve.iter().rfind(|(at, _)| *at <= time).map_or(0.0, |point| point.1);
    ensure!(at(0.1) < 15.0 && at(0.3) > 100.0, "it doubles");
    let series = [Series { name: "Reno", points: &curve }];
    let chart = Chart {
        title: "The congestion window in its first 600 ms",
        across: "seconds",
        upwards: "KB",
        series: &series,
    };
    Ok(chart.figure(
        "slow-start",
        "The first 600 ms of the same. It doubles with each round trip, until a packet is lost.",
    ))
}

fn shares() -> Result<String> {
    let mut run = Run::new(Algorithm::Reno);
    run.begin()?;
    let mut curves = [Vec::new(), Vec::new()];
    for second in 0..90_u64 {
        if second == 20 {
            run.begin()?;
        }
        run.flows.iter_mut().for_each(|flow| flow.received = 0);
        run.until(Instant::new(Duration::from_secs(second + 1)))?;
        for (flow, curve) in run.flows.iter().zip(&mut curves) {
            curve.push((second as f64 + 0.5, flow.received as f64 * 8.0 / 1e6));
        }
    }
    let mean = |curve: &[(f64, f64)]| {
        let late: Vec<f64> =
            curve.iter().filter(|(at, _)| *at > 50.0).map(|point| point.1).collect();
        late.iter().sum::<f64>() / late.len().max(1) as f64
    };
    let means = [mean(&curves[0]), mean(&curves[1])];
    let share = means[0] / (means[0] + means[1]);
    ensure!((0.4..=0.6).contains(&share), "the first one's share is {share}");
    let [first, second] = &curves;
    let series = [
        Series { name: "the first", points: first },
        Series { name: "the second, from 20 s on", points: second },
    ];
    let chart = Chart {
        title: "Two transfers with Reno on one path",
        across: "seconds",
        upwards: "Mbit/s",
        series: &series,
    };
    Ok(chart.figure("shares", "Two transfers with Reno on one path of 10 Mbit/s. Nobody divides it between them, and nobody knows of the other."))
}
