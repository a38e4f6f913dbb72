//! How fast a transfer is, measured in network time: each figure against the formula, the window or
//! the neighbour that says what it should be.

#![allow(clippy::unwrap_used)] // A panic here is a failed test.

use std::net::SocketAddr;
use std::time::Duration;

use tcp_ip::link::Conditions;
use tcp_ip::simulation::{End, Network, Outcome, Plan, Transfer};
use tcp_ip::tcp::congestion::Algorithm;
use tcp_ip::tcp::{Config, Handle};

const MTU: usize = 1_500;
/// Octets of a full segment beside the headers and the timestamps.
const SEGMENT: f64 = 1_448.0;

fn reno() -> Config {
    Config { congestion: Algorithm::Reno, ..Config::default() }
}

/// With 1 % of segments lost and 20 ms of round trip, Reno's goodput is at least what the formula of
/// Mathis, Semke, Mahdavi and Ott (1997) says: MSS / RTT · √(3/2) / √p, 7.1 Mbit/s. Their model
/// leaves out timeouts, and we do with each second acknowledged, whose b is 1 for a sender that counts
/// octets. One run of some seconds may be luckier than another; ten of them are not.
#[test]
fn reno_reaches_the_mathis_formula() {
    let (loss, rtt) = (0.01_f64, 0.020);
    let formula = SEGMENT * 8.0 / rtt * (1.5 / loss).sqrt();
    let octets = 10_000_000;
    let mut total = 0.0;
    for seed in 0..10 {
        let delay = Duration::from_secs_f64(rtt / 2.0);
        let up = Conditions { delay, loss, ..Conditions::default() };
        let down = Conditions { delay, ..Conditions::default() };
        let conditions = [up, down];
        let configs = [reno(), reno()];
        let plan = Plan { seed, octets, conditions, configs, ..Plan::default() };
        let report = Transfer::new(&plan).run();
        assert_eq!(report.outcome, Outcome::Complete, "seed {seed}");
        println!(
            "seed {seed}: {:.2} Mbit/s, {} timeouts, {} recoveries",
            report.goodput(octets) * 8e-6,
            report.counters[0].timeouts,
            report.counters[0].fast_recoveries
        );
        total += report.took.as_secs_f64();
    }
    let goodput = 10.0 * octets as f64 * 8.0 / total;
    println!("Reno: {:.2} Mbit/s, Mathis: {:.2}", goodput / 1e6, formula / 1e6);
    assert!(goodput >= formula, "{goodput:.0} bit/s, and the formula says {formula:.0}");
}

/// A window of 4 MB is filled on a path of 100 ms: after slow start, as many octets as the window
/// holds arrive in each round trip. 100 MB take 25 of them, and slow start some 14 more.
#[test]
fn a_window_of_four_megabytes_fills_a_path_of_100_ms() {
    let window = 4_000_000;
    let delay = Duration::from_millis(50);
    let conditions = Conditions { delay, ..Conditions::default() };
    let config = Config { receive_buffer: window, send_buffer: 2 * window, ..Config::default() };
    let mut network =
        Network::new([config.clone(), config], MTU, [conditions.clone(), conditions], 1);
    let mut flows = [Flow::new(&mut network, 7)];
    run(&mut network, &mut flows, Duration::from_secs(3));
    flows[0].received = 0;
    run(&mut network, &mut flows, Duration::from_secs(5));
    let windows = flows[0].received as f64 / window as f64 / 50.0;
    println!("{windows:.3} of a window in each round trip");
    // What the acknowledgments say is a whole number of 128 octets, and the last step of a segment
    // or two is not told: a thousandth.
    assert!(windows > 0.99, "{windows:.3} of a window in each round trip");
}

/// Two Reno flows through one bottleneck, the second one beginning some 10 s later, have the same
/// share over three minutes, within 10 %. Their windows are halved at the same moments or not, by the
/// queue's chance: a shorter run would need a wider tolerance. When the second one begins decides
/// on how their packets meet in the queue for the whole run, so it begins at several moments.
#[test]
fn two_reno_flows_share_a_bottleneck() {
    for head_start in [10_000, 10_370, 10_740, 11_110, 11_480, 11_850] {
        let [first, second] = share_a_bottleneck(Duration::from_millis(head_start));
        let share = first / (first + second);
        let rate = (first + second) * 8.0 / 180.0;
        println!("{head_start} ms: the first has {share:.3} of {:.2} Mbit/s", rate / 1e6);
        assert!((0.45..=0.55).contains(&share), "{head_start} ms: the first has {share:.3}");
        assert!(rate > 9_000_000.0, "together {rate:.0} bit/s of 10,000,000");
    }
}

/// How many octets each flow brings over in three minutes.
fn share_a_bottleneck(head_start: Duration) -> [f64; 2] {
    let delay = Duration::from_millis(10);
    let narrow =
        Conditions { delay, rate: Some(10_000_000), queue: 50_000, ..Conditions::default() };
    let wide = Conditions { delay, ..Conditions::default() };
    let mut network = Network::new([reno(), reno()], MTU, [narrow, wide], 1);
    let first = Flow::new(&mut network, 7);
    let mut flows = vec![first];
    run(&mut network, &mut flows, head_start);
    flows.push(Flow::new(&mut network, 8));
    run(&mut network, &mut flows, Duration::from_secs(20));
    flows.iter_mut().for_each(|flow| flow.received = 0);
    run(&mut network, &mut flows, Duration::from_secs(180));
    [flows[0].received, flows[1].received].map(|octets| octets as f64)
}

/// A path of 10 Mbit/s whose queue holds less than the path: its transmitter is seldom idle, whatever
/// the algorithm. A timeout in the middle of a recovery must not set the threshold to all that
/// stands between UNA and NXT: CUBIC then overran the queue after every timeout, and reached 5.8.
#[test]
fn a_short_queue_is_enough_for_both_algorithms() {
    let delay = Duration::from_millis(30);
    let narrow =
        Conditions { delay, rate: Some(10_000_000), queue: 50_000, ..Conditions::default() };
    let wide = Conditions { delay, ..Conditions::default() };
    for congestion in [Algorithm::Reno, Algorithm::Cubic] {
        let config = Config { congestion, ..Config::default() };
        let octets = 30_000_000;
        let plan = Plan {
            seed: 1,
            octets,
            conditions: [narrow.clone(), wide.clone()],
            configs: [config.clone(), config],
            ..Plan::default()
        };
        let report = Transfer::new(&plan).run();
        let rate = report.goodput(octets) * 8e-6;
        println!("{congestion:?}: {rate:.2} Mbit/s, {:?}", report.counters[0]);
        assert_eq!(report.outcome, Outcome::Complete);
        assert!(rate > 9.0, "{congestion:?} reaches {rate:.2} of 10 Mbit/s");
    }
}

/// A transfer without an end, of which the octets are counted that arrive.
struct Flow {
    port: u16,
    client: Handle,
    server: Option<Handle>,
    received: usize,
}

impl Flow {
    fn new(network: &mut Network, port: u16) -> Self {
        network.host(End::Server).listen(port, 1).expect("a free port");
        let now = network.now;
        let server = SocketAddr::new(End::Server.address(), port);
        let client = network.host(End::Client).connect(now, server).expect("a way there");
        Self { port, client, server: None, received: 0 }
    }

    fn run(&mut self, network: &mut Network) {
        let octets = [0; 65_536];
        let client = network.host(End::Client).connection_mut(self.client).expect("the connection");
        while client.send(&octets) > 0 {}
        let host = network.host(End::Server);
        self.server = self.server.or_else(|| host.accept(self.port));
        let Some(server) = self.server else { return };
        let server = host.connection_mut(server).expect("the connection");
        self.received += server.readable();
        server.consume(server.readable());
    }
}

fn run(network: &mut Network, flows: &mut [Flow], time: Duration) {
    let end = network.now + time;
    while network.now < end {
        flows.iter_mut().for_each(|flow| flow.run(network));
        network.transmit(|_| {});
        let next = network.next_event().unwrap_or(end);
        network.advance(next.min(end).max(network.now + Duration::from_nanos(1)));
    }
}
