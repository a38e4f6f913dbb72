//! `--trace` and `--pcap FILE`: how the course's programs show and save what crosses the wire.
//!
//! A program flattens [`Wire`] into its arguments, and asks it for a [`Page`] that it draws on
//! itself, or for a [`Watch`] that draws while a server runs. Where nobody asked, nothing is
//! recorded.

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use capture::transcript::{self, Options};
use capture::{End, Record, Recorder, Transport, What, bytes, pcapng};
use clap::Args;

use crate::log::Log;

/// How often what has crossed is drawn.
const OFTEN: Duration = Duration::from_millis(50);
/// Events that are kept for the capture file, and octets of data: what a person can look through.
const KEPT_EVENTS: usize = 200_000;
const KEPT_OCTETS: usize = 64 << 20;

/// The arguments.
#[derive(Debug, Clone, Default, Args)]
pub struct Wire {
    /// Draw on standard error what crosses the wire.
    #[arg(long, global = true, help_heading = "The wire")]
    trace: bool,
    /// Save what crosses the wire, for Wireshark and tshark (pcapng).
    #[arg(long, global = true, value_name = "FILE", help_heading = "The wire")]
    pcap: Option<PathBuf>,
}

/// A recorder and what is drawn and kept of it.
#[derive(Debug)]
pub struct Page {
    /// What taps record on.
    pub recorder: Recorder,
    kept: Record,
    octets: usize,
    /// Flows whose addresses have been drawn.
    headings: usize,
    out: Out,
    pcap: Option<PathBuf>,
}

/// Where a page is drawn.
#[derive(Debug)]
enum Out {
    Nowhere,
    /// On standard error, waiting for whoever reads it.
    Here,
    /// Through a server's log, which never waits.
    Log(Log),
}

/// A page that a thread draws on as events come, until [`Watch::finish`].
#[derive(Debug)]
pub struct Watch {
    thread: JoinHandle<Page>,
    stop: Sender<()>,
}

impl Wire {
    /// A page for a program that says itself when to draw.
    pub fn page(&self) -> Page {
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
    pub fn watch(&self, log: &Log) -> Option<(Recorder, Watch)> {
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

    /// For a program that has nothing on the wire that we could see: says `why`, and writes an empty
    /// file where one was asked for.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub fn nothing(&self, why: &str) -> io::Result<()> {
        if self.trace {
            eprintln!("nothing is drawn: {why}");
        }
        self.page().finish()
    }
}

impl Watch {
    /// Draws what is left, and writes the capture file.
    ///
    /// # Errors
    ///
    /// If the file cannot be written; the error names it.
    pub fn finish(self) -> io::Result<()> {
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
    pub fn draw(&mut self) {
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
    ///
    /// # Errors
    ///
    /// If the file cannot be written; the error names it.
    pub fn finish(mut self) -> io::Result<()> {
        self.draw();
        if let Some(path) = &self.pcap {
            let named = |error: io::Error| {
                io::Error::new(error.kind(), format!("writing {}: {error}", path.display()))
            };
            save(&self.kept, path).map_err(named)?;
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
