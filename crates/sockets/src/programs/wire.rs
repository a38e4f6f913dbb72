//! `--trace` and `--pcap FILE`: showing and saving what crosses the wire.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context, Result};
use capture::transcript::{self, Options};
use capture::{Direction, End, FlowId, Record, Recorder, Transport, What, bytes, pcapng};
use clap::Args;
use sockets::log::Log;
use sockets::udp_echo::Event;

/// How often what has crossed is drawn.
const OFTEN: Duration = Duration::from_millis(50);
/// Events that are kept for the capture file, and octets of data: what a person can look through.
const KEPT_EVENTS: usize = 200_000;
const KEPT_OCTETS: usize = 64 << 20;

#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Wire {
    /// Draw on standard error what crosses the wire.
    #[arg(long, global = true, help_heading = "The wire")]
    trace: bool,
    /// Save what crosses the wire, for Wireshark and tshark (pcapng).
    #[arg(long, global = true, value_name = "FILE", help_heading = "The wire")]
    pcap: Option<PathBuf>,
}

/// A recorder and what is drawn and kept of it.
pub(crate) struct Page {
    pub(crate) recorder: Recorder,
    kept: Record,
    octets: usize,
    /// Flows whose addresses have been drawn.
    headings: usize,
    out: Out,
    pcap: Option<PathBuf>,
}

/// Where a page is drawn.
enum Out {
    Nowhere,
    /// On standard error, waiting for whoever reads it.
    Here,
    /// Through a server's log, which never waits.
    Log(Log),
}

/// A page that a thread draws on as events come, until [`Watch::finish`].
pub(crate) struct Watch {
    thread: JoinHandle<Page>,
    stop: Sender<()>,
}

impl Wire {
    /// A page for a program that says itself when to draw.
    pub(crate) fn page(&self) -> Page {
        let wanted = self.trace || self.pcap.is_some();
        let (octets, events) = if wanted { (16 << 20, 100_000) } else { (0, 0) };
        Page {
            recorder: Recorder::new().bounded(octets, events),
            kept: Record::default(),
            octets: 0,
            headings: 0,
            out: if self.trace { Out::Here } else { Out::Nowhere },
            pcap: self.pcap.clone(),
        }
    }

    /// The recorder for a server's taps, and the watch over it; `None` where nobody asked, so that
    /// tracing costs nothing then.
    pub(crate) fn watch(&self, log: &Log) -> Option<(Recorder, Watch)> {
        if !self.trace && self.pcap.is_none() {
            return None;
        }
        let mut page = self.page();
        if self.trace {
            page.out = Out::Log(log.clone());
        }
        let recorder = page.recorder.clone();
        let (stop, stopped) = mpsc::channel();
        let thread = thread::spawn(move || {
            while stopped.recv_timeout(OFTEN) == Err(RecvTimeoutError::Timeout) {
                page.draw();
            }
            page
        });
        Some((recorder, Watch { thread, stop }))
    }

    /// For a program that has nothing on the wire that we could see.
    pub(crate) fn nothing(&self, why: &str) -> Result<()> {
        if self.trace {
            eprintln!("nothing is drawn: {why}");
        }
        self.page().finish()
    }
}

impl Watch {
    /// Draws what is left, and writes the capture file.
    pub(crate) fn finish(self) -> Result<()> {
        drop(self.stop);
        self.thread.join().expect("drawing does not panic").finish()
    }
}

fn save(record: &Record, path: &Path) -> io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    pcapng::write(record, &mut file)?;
    file.flush()
}

impl Page {
    /// Draws what has crossed since the last time.
    pub(crate) fn draw(&mut self) {
        let record = self.recorder.take();
        if !record.events.is_empty() || record.dropped > 0 {
            match &self.out {
                Out::Nowhere => {}
                Out::Here => {
                    let text = self.transcript(&record);
                    // If standard error is closed there is nobody to tell.
                    let _ = io::stderr().lock().write_all(text.as_bytes());
                }
                Out::Log(log) => {
                    let log = log.clone();
                    log.text(self.transcript(&record));
                }
            }
        }
        if self.pcap.is_some() {
            self.keep(record);
        }
    }

    /// Draws what is left, and writes the capture file.
    pub(crate) fn finish(mut self) -> Result<()> {
        self.draw();
        if let Some(path) = &self.pcap {
            save(&self.kept, path).with_context(|| format!("writing {}", path.display()))?;
        }
        Ok(())
    }

    /// Keeps what there is room for. What is kept is a beginning without holes.
    fn keep(&mut self, record: Record) {
        self.kept.flows = record.flows;
        self.kept.dropped += record.dropped;
        for event in record.events {
            let octets = if let What::Data(data) = &event.what { data.len() } else { 0 };
            if self.kept.dropped == 0
                && self.kept.events.len() < KEPT_EVENTS
                && self.octets + octets <= KEPT_OCTETS
            {
                self.octets += octets;
                self.kept.events.push(event);
            } else {
                self.kept.dropped += 1;
            }
        }
    }

    fn transcript(&mut self, record: &Record) -> String {
        let mut text = String::new();
        let several = record.flows.len() > 1;
        for (number, flow) in record.flows.iter().enumerate().skip(self.headings) {
            let number = if several { format!("[{number}] ") } else { String::new() };
            let end = |end: &End| format!("{} {}", end.name, bytes::plain(&end.address));
            let transport = match flow.transport {
                Transport::Tcp => "TCP",
                Transport::Udp => "UDP",
                Transport::Unix => "Unix",
            };
            text += &format!("{number}{transport}  {} ⇄ {}\n", end(&flow.local), end(&flow.peer));
        }
        self.headings = record.flows.len();
        let color = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        let options = Options { heading: false, color, ..Options::default() };
        text + &transcript::draw(record, &options)
    }
}

/// The tap of the UDP echo server: it hears of whole datagrams.
pub(crate) struct Datagrams {
    recorder: Recorder,
    server: String,
    flows: Mutex<HashMap<SocketAddr, FlowId>>,
}

/// Senders that are told apart; all others share a flow.
const SENDERS: usize = 256;

impl Datagrams {
    pub(crate) fn new(recorder: Recorder, server: SocketAddr) -> Self {
        Self { recorder, server: server.to_string(), flows: Mutex::default() }
    }

    pub(crate) fn record(&self, event: &Event<'_>) {
        match event {
            Event::Echoed { peer, octets } => {
                let flow = self.flow(*peer);
                self.recorder.data(flow, Direction::Received, octets);
                self.recorder.data(flow, Direction::Sent, octets);
            }
            Event::Refused { peer, why } => {
                let words = What::Error(format!("no answer: {why}"));
                self.recorder.push(self.flow(*peer), Direction::Received, words);
            }
            Event::Failed { .. } => {}
        }
    }

    fn flow(&self, peer: SocketAddr) -> FlowId {
        let mut flows = self.flows.lock().unwrap_or_else(PoisonError::into_inner);
        let (peer, address) = if flows.contains_key(&peer) || flows.len() < SENDERS {
            (peer, peer.to_string())
        } else {
            (SocketAddr::from(([0; 8], 0)), String::new())
        };
        *flows.entry(peer).or_insert_with(|| {
            let (server, client) = (End::new("server", &self.server), End::new("client", address));
            self.recorder.flow(Transport::Udp, server, client)
        })
    }
}
