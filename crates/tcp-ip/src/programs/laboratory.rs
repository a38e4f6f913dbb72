//! Two connections, a cable that loses just what it is told to, and a pen that draws what happens.
//!
//! The simulated link of the library loses by chance; a figure must lose the third segment. So here
//! the connections are driven by hand, in virtual time, and each run is the same as the last.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use capture::{Arrival, Direction, Event, Flow, FlowId, Record, Transport, What, ladder};
use tcp_ip::Instant;
use tcp_ip::simulation::End;
use tcp_ip::tcp::segment::reset_for;
use tcp_ip::tcp::{Config, Connection, Flags, Header, Segment, Seq, Setup, State};

/// Packets that a run may take: what goes on for longer has gone wrong.
const MOST: usize = 10_000;
/// What the numbers begin with: those of the client, and those of the server.
const ISS: [Seq; 2] = [Seq(0xffff_fc00), Seq(0x1000_0000)];
const PORTS: [u16; 2] = [49_152, 80];

/// Two hosts with one connection at most, and what is under way between them.
#[derive(Debug)]
pub(crate) struct Laboratory {
    pub(crate) now: Instant,
    configs: [Arc<Config>; 2],
    ends: [Option<Connection>; 2],
    /// Who takes a SYN.
    listens: [bool; 2],
    /// How long a segment takes.
    delay: Duration,
    /// How long an end takes to send a segment with octets, and until when it does.
    pub(crate) pace: Duration,
    busy: [Instant; 2],
    way: Vec<UnderWay>,
    /// How many segments with octets each end has sent, and how many of any kind.
    pieces: [usize; 2],
    sent: [usize; 2],
    /// Which of the segments with octets do not arrive, and which of all, counted from 1.
    pub(crate) lost_pieces: [Vec<usize>; 2],
    pub(crate) lost: [Vec<usize>; 2],
    /// Which of those with octets take two fifths longer.
    pub(crate) late_pieces: [Vec<usize>; 2],
    states: [State; 2],
    /// Whether changes of state are drawn.
    pub(crate) shows_states: bool,
    pub(crate) shows_windows: bool,
    pub(crate) record: Record,
    labels: Vec<(usize, String)>,
}

#[derive(Debug)]
struct UnderWay {
    at: Instant,
    to: End,
    header: Header,
    payload: Vec<u8>,
}

/// What every figure begins with: no timestamps, which would only make labels longer.
pub(crate) fn plain() -> Config {
    Config { timestamps: false, ..Config::default() }
}

impl Laboratory {
    /// Two hosts, `delay` apart, with these settings of the client and the server.
    pub(crate) fn new(delay: Duration, configs: [Config; 2]) -> Self {
        let party = |end: End| {
            let name = ["client", "server"][end as usize];
            capture::End::new(name, end.address())
        };
        let flow = |end: End| Flow {
            transport: Transport::Tcp,
            local: party(end),
            peer: party(end.other()),
        };
        Self {
            now: Instant::ZERO,
            configs: configs.map(Arc::new),
            ends: [None, None],
            listens: [false, true],
            delay,
            pace: Duration::ZERO,
            busy: [Instant::ZERO; 2],
            way: Vec::new(),
            pieces: [0; 2],
            sent: [0; 2],
            lost_pieces: [Vec::new(), Vec::new()],
            lost: [Vec::new(), Vec::new()],
            late_pieces: [Vec::new(), Vec::new()],
            states: [State::Closed; 2],
            shows_states: true,
            shows_windows: false,
            record: Record {
                flows: vec![flow(End::Client), flow(End::Server)],
                ..Record::default()
            },
            labels: Vec::new(),
        }
    }

    /// The same, connected, with what it took neither counted nor drawn.
    pub(crate) fn connected(delay: Duration, configs: [Config; 2]) -> Result<Self> {
        let mut laboratory = Self::new(delay, configs);
        laboratory.connect(End::Client);
        laboratory.run_for(4 * delay)?;
        ensure!(laboratory.states == [State::Established; 2], "no connection");
        laboratory.begin_again();
        Ok(laboratory)
    }

    /// Forgets what was drawn and counted; the clock goes on from zero in the drawing.
    fn begin_again(&mut self) {
        self.record.events.clear();
        self.labels.clear();
        (self.pieces, self.sent) = ([0; 2], [0; 2]);
    }

    /// Whether a SYN to this end finds somebody.
    pub(crate) fn listen(&mut self, end: End, listens: bool) {
        self.listens[end as usize] = listens;
    }

    pub(crate) fn connect(&mut self, end: End) {
        let config = self.configs[end as usize].clone();
        let connection = Connection::connect(self.now, config, setup(end));
        self.ends[end as usize] = Some(connection);
        self.settle();
    }

    /// The connection of an end.
    ///
    /// # Panics
    ///
    /// If it never had one.
    pub(crate) fn end(&self, end: End) -> &Connection {
        self.ends[end as usize].as_ref().expect("it has begun a connection")
    }

    /// Does something with an end's connection, says so in the drawing, and sends what comes of it.
    pub(crate) fn act<T>(
        &mut self,
        end: End,
        words: &str,
        act: impl FnOnce(&mut Connection) -> T,
    ) -> Result<T> {
        if !words.is_empty() {
            self.note(end, words);
        }
        let done = act(self.ends[end as usize].as_mut().context("it has no connection")?);
        self.settle();
        Ok(done)
    }

    /// A mark on an end's line.
    pub(crate) fn note(&mut self, end: End, words: &str) {
        let what = What::Note(words.to_owned());
        let flow = FlowId(end as usize);
        self.record.events.push(Event::new(since(self.now), flow, Direction::Sent, what));
    }

    /// Lets time go by.
    pub(crate) fn run_for(&mut self, time: Duration) -> Result<()> {
        let until = self.now + time;
        for _ in 0..MOST {
            let Some(next) = self.next_event().filter(|next| *next <= until) else {
                self.now = until;
                return Ok(());
            };
            self.now = self.now.max(next);
            self.happen();
            self.settle();
        }
        anyhow::bail!("it does not come to an end")
    }

    /// Something that nobody at either end has sent: it is drawn as if `from` had.
    pub(crate) fn forge(&mut self, from: End, header: Header, words: &str) {
        let header = Header { source: port(from), destination: port(from.other()), ..header };
        self.send(from, header, &[], Some(words));
    }

    fn next_event(&self) -> Option<Instant> {
        let deadlines = self.ends.iter().flatten().filter_map(Connection::deadline);
        self.way.iter().map(|packet| packet.at).chain(deadlines).min()
    }

    /// What is due: one arrival, or the timers.
    fn happen(&mut self) {
        let earliest = self.way.iter().map(|packet| packet.at).min();
        let due = |packet: &UnderWay| packet.at <= self.now && Some(packet.at) == earliest;
        if let Some(first) = self.way.iter().position(due) {
            let UnderWay { to, header, payload, .. } = self.way.remove(first);
            self.arrives(to, &Segment::new(header, &payload));
            return;
        }
        for connection in self.ends.iter_mut().flatten() {
            connection.on_timeout(self.now);
        }
    }

    fn arrives(&mut self, to: End, segment: &Segment<'_>) {
        let place = &mut self.ends[to as usize];
        let begins = segment.has(Flags::SYN) && !segment.header.flags.intersects(Flags::ACK);
        match place {
            Some(connection) => connection.segment(self.now, segment),
            None if self.listens[to as usize] && begins => {
                let config = self.configs[to as usize].clone();
                *place = Some(Connection::accept(self.now, config, setup(to), segment));
            }
            None => {
                if let Some(header) = reset_for(segment) {
                    self.send(to, header, &[], None);
                }
            }
        }
    }

    /// Says what has changed, and sends what is to be sent.
    fn settle(&mut self) {
        self.notice();
        for end in [End::Client, End::Server] {
            while let Some(connection) = &mut self.ends[end as usize] {
                let Some(segment) = connection.poll_transmit(self.now) else { break };
                let (header, payload) = (segment.header, segment.payload.concat());
                self.send(end, header, &payload, None);
            }
        }
        self.notice();
    }

    fn notice(&mut self) {
        for end in [End::Client, End::Server] {
            let Some(connection) = &self.ends[end as usize] else { continue };
            let (state, failure) = (connection.state(), connection.failure());
            if self.states[end as usize] == state {
                continue;
            }
            self.states[end as usize] = state;
            if self.shows_states {
                let words = failure.map_or(state.to_string(), |why| format!("{state}: {why}"));
                self.note(end, &words);
            }
        }
    }

    fn send(&mut self, from: End, header: Header, payload: &[u8], words: Option<&str>) {
        let index = from as usize;
        self.sent[index] += 1;
        self.pieces[index] += usize::from(!payload.is_empty());
        let lost = self.lost[index].contains(&self.sent[index])
            || !payload.is_empty() && self.lost_pieces[index].contains(&self.pieces[index]);
        let late = !payload.is_empty() && self.late_pieces[index].contains(&self.pieces[index]);
        let departs = self.busy[index].max(self.now);
        self.busy[index] = departs + if payload.is_empty() { Duration::ZERO } else { self.pace };
        let at = departs + if late { self.delay * 7 / 5 } else { self.delay };
        let mut label = self.describe(from, &header, payload.len());
        if let Some(words) = words {
            label = format!("{words}: {label}");
        }
        let reset = header.flags.contains(Flags::RST);
        let what = if reset { What::Reset } else { What::Data(vec![0; payload.len().max(1)]) };
        let direction = [Direction::Sent, Direction::Received][index];
        let arrival = if lost { Arrival::Lost } else { Arrival::At(since(at)) };
        self.labels.push((self.record.events.len(), label));
        let event = Event { arrival, ..Event::new(since(departs), FlowId(0), direction, what) };
        self.record.events.push(event);
        if !lost {
            self.way.push(UnderWay { at, to: from.other(), header, payload: payload.to_vec() });
        }
    }

    /// `SYN, seq 0`, with numbers that count from each end's SYN. An RST is said to be one by who
    /// draws it.
    fn describe(&self, from: End, header: &Header, octets: usize) -> String {
        let ours = |seq: Seq| self.relative(from, seq);
        let theirs = |seq: Seq| self.relative(from.other(), seq);
        let shown = header.flags.without(Flags::PSH | Flags::RST);
        let reset = header.flags.contains(Flags::RST);
        let alone = shown == Flags::ACK && !reset;
        let mut parts = Vec::new();
        if !alone && shown != Flags::NONE && octets == 0 {
            parts.push(shown.to_string());
        }
        match i64::try_from(octets).expect("a packet is shorter") {
            0 if alone => {}
            0 => parts.push(format!("seq {}", ours(header.sequence))),
            1 => parts.push(format!("octet {}", ours(header.sequence))),
            more => {
                let first = ours(header.sequence);
                parts.push(format!("octets {first}–{}", first + more - 1));
                parts.extend(shown.contains(Flags::FIN).then(|| "FIN".to_owned()));
            }
        }
        if header.flags.contains(Flags::ACK) && octets == 0 {
            parts.push(format!("ack {}", theirs(header.acknowledgment)));
        }
        let block =
            |block: Range<Seq>| format!("SACK {}–{}", theirs(block.start), theirs(block.end - 1));
        parts.extend(header.options.sack.iter().map(block));
        if self.shows_windows && from == End::Server {
            parts.push(format!("window {}", header.window));
        }
        parts.join(", ")
    }

    /// A number as drawings have it: counted from the SYN of `whose`, if it is one of its numbers.
    fn relative(&self, whose: End, seq: Seq) -> i64 {
        let ahead = i64::from(seq.ahead_of(iss(whose)));
        let is_its = self.ends[whose as usize].is_some() || ahead.abs() < 1 << 20;
        if is_its { ahead } else { seq.0.into() }
    }

    /// Draws it, from what happened since [`connected`](Self::connected).
    pub(crate) fn ladder(&self, id: &str, title: &str, caption: &str) -> String {
        let mut record = self.record.clone();
        let zero = record.events.first().map_or(Duration::ZERO, |event| event.at);
        for event in &mut record.events {
            event.at -= zero;
            if let Arrival::At(at) = &mut event.arrival {
                *at -= zero;
            }
        }
        let options = ladder::Options {
            id: format!("ladder-{id}"),
            title: title.to_owned(),
            caption: caption.to_owned(),
            labels: self.labels.clone(),
            sizes: false,
            ..ladder::Options::default()
        };
        ladder::figure(&record, &options)
    }

    /// What happened, a line each: for the terminal.
    pub(crate) fn lines(&self) -> Vec<String> {
        let events = self.record.events.iter().enumerate();
        events.map(|(index, event)| self.line(index, event)).collect()
    }

    fn line(&self, index: usize, event: &Event) -> String {
        let time = format!("{:>8.1} ms", event.at.as_secs_f64() * 1e3);
        let label = self.labels.iter().find(|(at, _)| *at == index).map(|(_, label)| label);
        match &event.what {
            What::Note(words) => {
                let who = &self.record.flows[event.flow.0].local.name;
                format!("{time}  {who}: {words}")
            }
            _ => {
                let arrow = match (event.direction, event.arrival) {
                    (Direction::Sent, Arrival::Lost) => "client ─╳   server",
                    (Direction::Received, Arrival::Lost) => "client   ╳─ server",
                    (Direction::Sent, _) => "client ───► server",
                    (Direction::Received, _) => "client ◄─── server",
                };
                let reset = if event.what == What::Reset { "RST, " } else { "" };
                format!("{time}  {arrow}  {reset}{}", label.map_or("", String::as_str))
            }
        }
    }
}

fn port(end: End) -> u16 {
    PORTS[end as usize]
}

/// The number that an end's SYN has.
pub(crate) fn iss(end: End) -> Seq {
    ISS[end as usize]
}

fn setup(end: End) -> Setup {
    let (local, remote) = (port(end), port(end.other()));
    Setup { local, remote, iss: iss(end), clock: 1_000, mss: 1_460 }
}

fn since(at: Instant) -> Duration {
    at.since(Instant::ZERO)
}
