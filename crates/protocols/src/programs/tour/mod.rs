//! The tour: the chapter in a few seconds, each sentence checked as it is printed.
//!
//! Both ends of every conversation are in this process, on ports that the system chose; the files are in a
//! folder of their own, which goes when the tour ends.

mod dns;
mod ftp;
mod http;
mod smtp;

use std::fmt::Display;
use std::io::{self, Write};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use capture::Recorder;
use sockets::wire::{Page, Wire};

use super::ends::Folder;

/// A part of the tour: its title, the file to read, and what to do.
type Scene = (&'static str, &'static str, fn(&mut Tour) -> Result<()>);

const SCENES: &[Scene] = &[
    ("HTTP is text, and says where it ends", "http/body.rs", http::framing),
    ("What has two meanings is refused", "http/server.rs", http::ambiguity),
    ("No name leads out of the folder", "jail.rs", http::jail),
    ("A head that does not end is not waited for", "http/server.rs", http::slow_head),
    ("A client asks again on the same connection", "http/client/mod.rs", http::reuse),
    ("Half a body is no body", "http/client/exchange.rs", http::truncation),
    ("A redirect takes no secrets along", "http/client/redirect.rs", http::secrets),
    ("Small may be large: gzip", "http/client/coding.rs", http::bomb),
    ("FTP: one connection to talk, another for each file", "ftp/session.rs", ftp::transfer),
    ("An FTP server is nobody's weapon", "ftp/session.rs", ftp::bounce),
    ("SMTP: 250 means that it is stored", "smtp/maildir.rs", smtp::delivery),
    ("Only CRLF . CRLF ends a message", "smtp/data.rs", smtp::smuggling),
    ("DNS: a question, and its answer in one datagram", "dns/message.rs", dns::lookup),
    ("Who answers another question is not heard", "dns/resolver.rs", dns::forgery),
];

/// The tour so far.
pub(crate) struct Tour {
    page: Page,
    folder: Folder,
    checked: usize,
    failed: usize,
}

/// Runs it.
pub(crate) fn run(wire: &Wire) -> Result<()> {
    let began = Instant::now();
    let folder = Folder::new().context("making a folder for the tour's files")?;
    let mut tour = Tour { page: wire.page(), folder, checked: 0, failed: 0 };
    print("Chapter 4, protocols. What has a ✓ was checked as it was printed.\n")?;
    for (number, (title, file, scene)) in (1..).zip(SCENES) {
        print(&format!("\n{number:2}  {title}  (crates/protocols/src/{file})\n"))?;
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
    print("Next: `cargo run -p protocols -- http --root book`, and look at it in a browser.\n")
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

    /// Prints what is seen.
    fn show(&self, text: impl Display) -> Result<()> {
        print(&format!("      {text}\n"))
    }

    fn recorder(&self) -> &Recorder {
        &self.page.recorder
    }
}
