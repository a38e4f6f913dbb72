//! `figures`: draws the ladders of the book's chapter 3 from servers that it runs.
//!
//! Arrows are what the client's tap saw. Marks on the server's line are what its loop did or was
//! told: each is noted where it happens, and checked against what the figure is to show, so a
//! figure that no longer happens is an error and not a drawing. Two runs draw the same: no times, no
//! ports, no sizes that depend on the system's buffers, and a `≈` before every count.

mod edges;
mod servers;

use std::io::{ErrorKind, Read};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use capture::{Direction, End, FlowId, Recorder, Tap, Transport, What, figure, ladder};
use clap::Args;
use client_server::load::Pace;
use client_server::plot::{self, Series};
use mio::{Events, Interest, Poll, Token};

use super::stalling;

/// Draws the ladders of the book's chapter 3 from servers that run here and now.
#[derive(Debug, Args)]
pub(crate) struct Figures {
    /// The folder of the figures.
    #[arg(long, value_name = "DIR", default_value = "book/src/figures/client-server")]
    out: PathBuf,
    /// Write nothing; fail where a figure is not what would be written.
    #[arg(long)]
    check: bool,
    /// Draw only what a clock measures, and what is therefore different in every run.
    #[arg(long, conflicts_with = "check")]
    timed: bool,
}

pub(crate) fn run(arguments: &Figures) -> Result<()> {
    let figures = if arguments.timed { vec![("omission", omission()?)] } else { ladders()? };
    let folder = &arguments.out;
    let differing = figure::publish(folder, &figures, arguments.check)
        .with_context(|| format!("writing to {}", folder.display()))?;
    ensure!(!arguments.check || differing.is_empty(), "not what runs now: {differing:?}");
    Ok(())
}

/// One server with one stall, as two loads see it.
fn omission() -> Result<String> {
    let closed = stalling::measure(Pace::Closed)?;
    let open = stalling::measure(Pace::Open { rate: 2_000.0 })?;
    let series = [
        Series { name: "each client waits for its answer", latencies: &closed.latencies },
        Series { name: "2,000 a second, due at fixed moments", latencies: &open.latencies },
    ];
    let caption =
        "The same server, with the same stall of 300 ms, as two loads of a second saw it.";
    Ok(plot::figure("omission", "Latency by percentile, measured in two ways", &series, caption))
}

fn ladders() -> Result<Vec<(&'static str, String)>> {
    Ok(vec![
        ("lost-edge", edges::lost_edge().context("the lost edge")?),
        ("busy-loop", edges::busy_loop().context("the busy loop")?),
        ("stall", edges::stall().context("the stall")?),
        ("slow-reader", servers::slow_reader().context("the slow reader")?),
        ("drain", servers::drain().context("the drained shutdown")?),
    ])
}

/// How long anything may take that must happen.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long we listen to what must not happen.
const SILENCE: Duration = Duration::from_millis(100);
/// Bytes that a recorder keeps: more than two systems' socket buffers hold.
const KEPT: usize = 128 << 20;

fn recorder() -> Recorder {
    Recorder::new().bounded(KEPT, 1_000_000)
}

/// The line on which the server's own deeds are noted, beside the conversation with `client`.
fn notes(recorder: &Recorder, client: &str) -> FlowId {
    recorder.flow(Transport::Tcp, End::new("server", ""), End::new(client, ""))
}

fn drawn(name: &str, recorder: &Recorder, labels: &[(usize, &str)], caption: &str) -> String {
    let options = ladder::Options {
        id: format!("ladder-{name}"),
        caption: caption.to_owned(),
        times: false,
        sizes: labels.is_empty(),
        labels: labels.iter().map(|(index, label)| (*index, (*label).to_owned())).collect(),
        ..ladder::Options::default()
    };
    ladder::figure(&recorder.snapshot().joined().without_ports(), &options)
}

/// A client that blocks, with a tap, and the server's end of its connection on a poll.
struct Pair {
    recorder: Recorder,
    client: Tap<TcpStream>,
    server: mio::net::TcpStream,
    poll: Poll,
    events: Events,
    notes: FlowId,
}

const STREAM: Token = Token(0);

impl Pair {
    /// The server's end is registered for reading.
    fn new() -> Result<Self> {
        let recorder = recorder();
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let stream = TcpStream::connect(listener.local_addr()?)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let client = Tap::connected(stream, "client", "server", &recorder);
        let (accepted, _) = listener.accept()?;
        accepted.set_nonblocking(true)?;
        let mut server = mio::net::TcpStream::from_std(accepted);
        let poll = Poll::new()?;
        poll.registry().register(&mut server, STREAM, Interest::READABLE)?;
        let notes = notes(&recorder, "client");
        Ok(Self { recorder, client, server, poll, events: Events::with_capacity(8), notes })
    }

    fn note(&self, words: impl Into<String>) {
        self.recorder.push(self.notes, Direction::Sent, What::Note(words.into()));
    }

    fn interest(&mut self, interest: Interest) -> Result<()> {
        Ok(self.poll.registry().reregister(&mut self.server, STREAM, interest)?)
    }

    /// What one poll says: `readable`, `writable`, both, or nothing within `limit`.
    fn poll(&mut self, limit: Duration) -> Result<Option<&'static str>> {
        let until = Instant::now() + limit;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            match self.poll.poll(&mut self.events, Some(left)) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                polled => polled?,
            }
            let Some(event) = self.events.iter().next() else { return Ok(None) };
            return Ok(Some(match (event.is_readable(), event.is_writable()) {
                (true, false) => "readable",
                (false, true) => "writable",
                _ => "readable, writable",
            }));
        }
    }

    /// Polls, and notes what came of it, which must be `expected`.
    fn polls(&mut self, expected: Option<&'static str>) -> Result<()> {
        let said = self.poll(if expected.is_some() { PATIENCE } else { SILENCE })?;
        ensure!(said == expected, "poll said {said:?} in place of {expected:?}");
        self.note(match said {
            Some(ready) => format!("poll: {ready}"),
            None => format!("poll, for {} ms: nothing", SILENCE.as_millis()),
        });
        Ok(())
    }

    /// Waits until so many bytes lie in the server's socket.
    fn arrived(&mut self, count: usize) -> Result<()> {
        let until = Instant::now() + PATIENCE;
        let mut buffer = vec![0; count];
        while self.server.peek(&mut buffer).unwrap_or(0) < count {
            ensure!(Instant::now() < until, "{count} bytes did not arrive");
            std::thread::yield_now();
        }
        Ok(())
    }

    /// The client waits for what does not come.
    fn client_waits_in_vain(&mut self) -> Result<()> {
        self.client.get_ref().set_read_timeout(Some(SILENCE))?;
        let read = self.client.read(&mut [0]);
        self.client.get_ref().set_read_timeout(Some(PATIENCE))?;
        ensure!(read.is_err_and(|error| error.kind() == ErrorKind::WouldBlock), "something came");
        Ok(())
    }
}
