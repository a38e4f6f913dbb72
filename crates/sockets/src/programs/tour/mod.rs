//! The tour: the chapter in a few seconds, each sentence checked as it is printed.
//!
//! All that it shows runs in this process, both ends of it, on ports that the system chose.

mod datagrams;
mod local;
mod serving;
mod streams;

use std::fmt::Display;
use std::io::{self, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use capture::{Recorder, Tap};
use sockets::wire::{Page, Wire};

/// Longer than anything here takes: no wait is without an end.
const PATIENCE: Duration = Duration::from_secs(5);

/// A part of the tour: its title, the file to read, and what to do.
type Scene = (&'static str, &'static str, fn(&mut Tour) -> Result<()>);

const SCENES: &[Scene] = &[
    ("A stream has no borders", "echo/connection.rs", streams::borders),
    ("So messages bring their own", "lines.rs, frames.rs", streams::messages),
    ("Each direction ends by itself", "closing.rs", streams::half_close),
    ("What is unread at a close turns it into a reset", "closing.rs", streams::reset),
    ("One deadline, not a timeout a call", "deadlines.rs", streams::deadline),
    ("A server is many conversations, and an end", "echo/server.rs", serving::many),
    ("IPv4 comes in through IPv6", "echo/mod.rs", serving::dual_stack),
    ("A datagram is whole, or not there", "udp_echo.rs", datagrams::whole),
    ("Who asks over UDP asks again", "datagrams.rs", datagrams::ask),
    ("Who is there? Multicast finds out", "discovery/", datagrams::discover),
    ("On one machine a path will do", "unix.rs", local::unix),
    ("Names are the system's business", "resolve.rs", local::names),
    ("Options, and what they change", "options/", local::options),
];

/// The tour so far.
pub(crate) struct Tour {
    page: Page,
    checked: usize,
    failed: usize,
}

pub(crate) fn run(wire: &Wire) -> Result<()> {
    let began = Instant::now();
    let mut tour = Tour { page: wire.page(), checked: 0, failed: 0 };
    print("Chapter 1, sockets. What has a ✓ was checked as it was printed.\n")?;
    for (number, (title, file, scene)) in (1..).zip(SCENES) {
        print(&format!("\n{number:2}  {title}  (crates/sockets/src/{file})\n"))?;
        if let Err(error) = scene(&mut tour) {
            tour.claim(false, format_args!("it runs to its end: {error:#}"))?;
        }
        tour.page.draw();
    }
    tour.page.finish()?;
    let (checked, took) = (tour.checked, began.elapsed().as_secs_f64());
    print(&format!("\n{checked} claims checked in {took:.1} s, {} did not hold.\n", tour.failed))?;
    if tour.failed > 0 {
        bail!("{} of {checked} claims did not hold", tour.failed);
    }
    print("Next: `cargo run -p sockets -- --help`, and `cargo course`.\n")
}

fn print(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).context("printing")
}

impl Tour {
    /// Prints a sentence, and whether it is so.
    fn claim(&mut self, holds: bool, text: impl Display) -> Result<()> {
        self.checked += 1;
        self.failed += usize::from(!holds);
        print(&format!("    {} {text}\n", if holds { "✓" } else { "✗ NOT SO:" }))
    }

    /// Prints what cannot be shown on this machine, and why.
    fn skip(&mut self, why: impl Display) -> Result<()> {
        print(&format!("    – skipped: {why}\n"))
    }

    fn recorder(&self) -> &Recorder {
        &self.page.recorder
    }

    /// Both ends of a connection, with a tap on the client's.
    fn pair(&self) -> Result<(Tap<TcpStream>, TcpStream)> {
        let listener = TcpListener::bind("127.0.0.1:0").context("listening")?;
        let client = connect(listener.local_addr()?)?;
        let (server, _) = listener.accept().context("accepting")?;
        server.set_read_timeout(Some(PATIENCE))?;
        Ok((Tap::connected(client, "client", "server", self.recorder()), server))
    }
}

fn connect(address: std::net::SocketAddr) -> Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&address, PATIENCE).context("connecting")?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(stream)
}
