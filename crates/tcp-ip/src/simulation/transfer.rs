//! A transfer over a bad cable: both ends send random octets, and check what they receive.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use super::{End, Network, Sent};
use crate::Instant;
use crate::link::{Conditions, Counts};
use crate::random::Random;
use crate::tcp::{Config, Connection, Counters, Failure, Handle, State};

/// The port of the server.
const PORT: u16 = 7;

/// What is transferred, and over what.
#[derive(Debug, Clone)]
pub struct Plan {
    /// From it follow the octets, the initial sequence numbers and the link's accidents.
    pub seed: u64,
    /// How many octets the client sends.
    pub octets: usize,
    /// How many the server sends back, whatever it receives.
    pub back: usize,
    /// The client's settings and the server's.
    pub configs: [Config; 2],
    /// The longest packet of the link.
    pub mtu: usize,
    /// The link that the client sends into, and the one that the server does.
    pub conditions: [Conditions; 2],
    /// How many octets the applications read at once, and how long they wait before they read
    /// again: a slow reader closes its window.
    pub reading: (usize, Duration),
    /// After how much network time nothing must be left to wait for.
    pub limit: Duration,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            seed: 0,
            octets: 1_000_000,
            back: 0,
            configs: [Config::default(), Config::default()],
            mtu: 1_500,
            conditions: [Conditions::default(), Conditions::default()],
            reading: (usize::MAX, Duration::ZERO),
            limit: Duration::from_secs(4 * 3_600),
        }
    }
}

impl Plan {
    /// A transfer over conditions that follow from the seed: any mixture of what can go wrong.
    pub fn any(seed: u64) -> Self {
        let mut random = Random::new(seed ^ 0x5eed);
        let worst = random.fraction();
        let mut chance =
            |most: f64| if random.chance(0.6) { random.fraction() * worst * most } else { 0.0 };
        let conditions = Conditions {
            loss: chance(0.25),
            reorder: chance(0.3),
            duplicate: chance(0.3),
            corrupt: chance(0.1),
            ..Conditions::default()
        };
        let conditions = Conditions {
            delay: Duration::from_micros(random.below(100_000) as u64),
            jitter: Duration::from_micros(random.below(30_000) as u64),
            rate: random.chance(0.3).then(|| 1_000_000 + random.next_u64() % 50_000_000),
            queue: 8_000 + random.below(100_000),
            ..conditions
        };
        let configs = [any_config(&mut random), any_config(&mut random)];
        let reading = if random.chance(0.2) {
            let pause = Duration::from_millis(1 + random.below(200) as u64);
            (1 + random.below(20_000), pause)
        } else {
            (usize::MAX, Duration::ZERO)
        };
        Self {
            seed,
            octets: random.below(60_000),
            back: if random.chance(0.5) { random.below(60_000) } else { 0 },
            configs,
            mtu: random.pick(&[1_500, 1_500, 576, 1_280, 9_000]),
            conditions: [conditions.clone(), conditions],
            reading,
            limit: Duration::from_secs(4 * 3_600),
        }
    }
}

/// Settings of any kind, tiny buffers included.
fn any_config(random: &mut Random) -> Config {
    use crate::tcp::congestion::Algorithm;
    let sizes = [1 << 20, 65_535, 20_000, 4_000, 600, 50];
    Config {
        send_buffer: random.pick(&sizes),
        receive_buffer: random.pick(&sizes),
        window_scaling: random.chance(0.8),
        sack: random.chance(0.7),
        timestamps: random.chance(0.7),
        nagle: random.chance(0.5),
        congestion: random.pick(&[Algorithm::Reno, Algorithm::Cubic]),
        ..Config::default()
    }
}

/// How a transfer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Both ends received just what the other had sent, and closed.
    Complete,
    /// An end says that the connection failed, and what was received before is right.
    Failed(Failure),
    /// Something else was received than was sent. A defect.
    Wrong,
    /// There is nothing left to wait for, or too much time went by. A defect.
    Stalled,
}

/// What a transfer did.
#[derive(Debug, Clone, Copy)]
pub struct Report {
    /// How it ended.
    pub outcome: Outcome,
    /// How long the octets took, in network time: until the last one was read.
    pub took: Duration,
    /// How long everything took, TIME-WAIT left out.
    pub closed: Duration,
    /// What the client's connection did, and the server's.
    pub counters: [Counters; 2],
    /// What became of the client's packets, and the server's.
    pub links: [Counts; 2],
}

impl Report {
    /// Octets a second, of so many.
    #[allow(clippy::cast_precision_loss)]
    pub fn goodput(&self, octets: usize) -> f64 {
        octets as f64 / self.took.as_secs_f64().max(1e-9)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Complete => f.write_str("complete, every octet right"),
            Self::Failed(failure) => write!(f, "failed: {failure}"),
            Self::Wrong => f.write_str("WRONG octets"),
            Self::Stalled => f.write_str("STALLED"),
        }
    }
}

/// A transfer that is going on.
#[derive(Debug)]
pub struct Transfer {
    network: Network,
    applications: [Application; 2],
    reading: (usize, Duration),
    limit: Instant,
    /// When the last octet was read.
    last_octet: Instant,
}

/// What sends and receives at one end.
#[derive(Debug)]
struct Application {
    handle: Option<Handle>,
    /// What it sends, and how much of that its connection has taken.
    octets: Vec<u8>,
    sent: usize,
    /// What it should receive, and how much it has.
    expected: Vec<u8>,
    received: usize,
    wrong: bool,
    /// When it reads next.
    reads: Instant,
    counters: Counters,
    failure: Option<Failure>,
    closed: bool,
}

impl Transfer {
    /// Begins.
    pub fn new(plan: &Plan) -> Self {
        let mut network =
            Network::new(plan.configs.clone(), plan.mtu, plan.conditions.clone(), plan.seed);
        let mut random = Random::new(plan.seed);
        let there = random.octets(plan.octets..plan.octets + 1);
        let back = random.octets(plan.back..plan.back + 1);
        network.host(End::Server).listen(PORT, 1).expect("nobody listens yet");
        let server = SocketAddr::new(End::Server.address(), PORT);
        let now = network.now;
        let handle = network.host(End::Client).connect(now, server).expect("a free port");
        let client = Application::new(Some(handle), there.clone(), back.clone());
        Self {
            network,
            applications: [client, Application::new(None, back, there)],
            reading: plan.reading,
            limit: Instant::new(plan.limit),
            last_octet: Instant::ZERO,
        }
    }

    /// Goes on to the end.
    pub fn run(mut self) -> Report {
        while self.step(|_| {}) {}
        self.report()
    }

    /// Does what is to be done now, and goes to the next event; false if there is none, or all is
    /// done. `watch` sees each packet that is sent.
    pub fn step(&mut self, watch: impl FnMut(Sent<'_>)) -> bool {
        self.applications();
        self.network.transmit(watch);
        if self.applications.iter().all(|application| application.closed) {
            return false;
        }
        let reads = self.applications.iter().filter_map(|application| {
            let handle = application.handle?;
            (application.reads > self.network.now && !application.closed).then_some(handle)?;
            Some(application.reads)
        });
        let next = self.network.next_event().into_iter().chain(reads).min();
        let Some(next) = next.filter(|next| *next <= self.limit) else { return false };
        self.network.advance(next);
        true
    }

    /// The time.
    pub fn now(&self) -> Instant {
        self.network.now
    }

    /// The client's connection, to look at; or the server's.
    pub fn connection(&mut self, end: End) -> Option<&Connection> {
        let handle = self.applications[end as usize].handle?;
        self.network.host(end).connection(handle)
    }

    /// What was done so far.
    pub fn report(&self) -> Report {
        let [client, server] = &self.applications;
        let all = |part: fn(&Application) -> bool| part(client) && part(server);
        let failure = client.failure.or(server.failure);
        let outcome = if client.wrong || server.wrong {
            Outcome::Wrong
        } else if all(|a| a.closed && a.failure.is_none() && a.received == a.expected.len()) {
            Outcome::Complete
        } else if let Some(failure) = failure {
            // The other end may not know of it: the last RST can be lost, too.
            Outcome::Failed(failure)
        } else {
            Outcome::Stalled
        };
        Report {
            outcome,
            took: self.last_octet.since(Instant::ZERO),
            closed: self.network.now.since(Instant::ZERO),
            counters: [client.counters, server.counters],
            links: [End::Client, End::Server].map(|end| self.network.link(end).counts()),
        }
    }

    /// Both applications do what they can.
    fn applications(&mut self) {
        let now = self.network.now;
        for (end, application) in [End::Client, End::Server].into_iter().zip(&mut self.applications)
        {
            let host = self.network.host(end);
            if application.handle.is_none() {
                application.handle = host.accept(PORT);
            }
            let Some(handle) = application.handle else { continue };
            let Some(connection) = host.connection_mut(handle) else { continue };
            if application.run(now, connection, self.reading) {
                self.last_octet = now;
            }
        }
        // A client that gave up before the server heard of it leaves the server with nothing.
        let [client, server] = &mut self.applications;
        if client.closed && client.failure.is_some() && server.handle.is_none() {
            server.closed = true;
        }
    }
}

impl Application {
    fn new(handle: Option<Handle>, octets: Vec<u8>, expected: Vec<u8>) -> Self {
        Self {
            handle,
            octets,
            sent: 0,
            expected,
            received: 0,
            wrong: false,
            reads: Instant::ZERO,
            counters: Counters::default(),
            failure: None,
            closed: false,
        }
    }

    /// Sends and reads what it can. Whether it has read something.
    fn run(
        &mut self,
        now: Instant,
        connection: &mut Connection,
        reading: (usize, Duration),
    ) -> bool {
        if self.sent < self.octets.len() {
            self.sent += connection.send(&self.octets[self.sent..]);
        }
        if self.sent == self.octets.len() && connection.state() != State::Closed {
            connection.shutdown();
        }
        let mut read = 0;
        if now >= self.reads {
            read = self.read(connection, reading.0);
            self.reads = now + reading.1;
        }
        self.counters = connection.counters();
        self.failure = connection.failure();
        let over = matches!(connection.state(), State::Closed | State::TimeWait);
        self.closed = over && connection.readable() == 0;
        read > 0
    }

    /// Reads up to `most` octets in place, and compares them.
    fn read(&mut self, connection: &mut Connection, most: usize) -> usize {
        let mut read = 0;
        for part in connection.peek() {
            let part = &part[..part.len().min(most - read)];
            let expected = self.expected[self.received + read..].get(..part.len());
            self.wrong |= expected != Some(part);
            read += part.len();
        }
        if self.wrong {
            return 0;
        }
        self.received += read;
        connection.consume(read);
        read
    }
}
