//! SMTP: a conversation, and what its last 250 promises.

use std::fs;
use std::io::Write;
use std::net::TcpStream;

use anyhow::{Context, Result};
use capture::Tap;
use protocols::smtp::maildir::Maildir;
use protocols::smtp::server::{Config, Server as Smtp};
use protocols::smtp::store::Memory;

use super::super::ends::{Server, connect, line, read_until};
use super::Tour;

/// Sends `octets`, and reads a reply to the end of its last line.
fn say(stream: &mut Tap<TcpStream>, octets: &str) -> Result<String> {
    stream.write_all(octets.as_bytes())?;
    read_until(stream, "\r\n")
}

/// From the greeting to the 354 that asks for the message.
fn envelope(stream: &mut Tap<TcpStream>) -> Result<String> {
    read_until(stream, "\r\n")?;
    for command in ["HELO tour\r\n", "MAIL FROM:<ada@tour.test>\r\n", "RCPT TO:<eve@tour.test>\r\n"]
    {
        say(stream, command)?;
    }
    say(stream, "DATA\r\n")
}

pub(super) fn delivery(tour: &mut Tour) -> Result<()> {
    let path = tour.folder.path().join("mail");
    let maildir = Maildir::open(&path, "tour").context("making a Maildir")?;
    let server = Server::start(Smtp::new(Config::default(), maildir))?;
    let mut stream = connect(server.address, tour.recorder())?;
    let go_ahead = envelope(&mut stream)?;
    tour.claim(go_ahead.starts_with("354"), format_args!("DATA: {}", line(&go_ahead)))?;
    let done = say(&mut stream, "Subject: dots\r\n\r\n..profile\r\n.\r\n")?;
    let entries = fs::read_dir(path.join("new")).context("looking into the Maildir")?;
    let stored: Vec<_> =
        entries.filter_map(|entry| fs::read_to_string(entry.ok()?.path()).ok()).collect();
    tour.claim(done.starts_with("250"), format_args!("a dot alone: {}", line(&done)))?;
    let whole = stored.len() == 1 && stored[0].ends_with("Subject: dots\n\n.profile\n");
    tour.claim(whole, "at that moment it stands in mail/new, and the dot that was added is gone")?;
    stream.close();
    server.stop().map(|_| ())
}

pub(super) fn smuggling(tour: &mut Tour) -> Result<()> {
    let hidden =
        "first{end}MAIL FROM:<boss@tour.test>\r\nRCPT TO:<eve@tour.test>\r\nDATA\r\nsecond";
    for (what, end) in [("LF . LF", "\n.\n"), ("LF . CRLF", "\n.\r\n"), ("CRLF . LF", "\r\n.\n")] {
        let smtp = Smtp::new(Config::default(), Memory::default());
        let server = Server::start(smtp.clone())?;
        let mut stream = connect(server.address, tour.recorder())?;
        envelope(&mut stream)?;
        let message = hidden.replace("{end}", end);
        let done = say(&mut stream, &format!("{message}\r\n.\r\n"))?;
        let after = say(&mut stream, "NOOP\r\n")?;
        stream.close();
        server.stop()?;
        let (count, refused) = (smtp.store().count(), done.starts_with('5'));
        let one = count == 1 || refused && count == 0;
        let held = one && after.starts_with("250");
        tour.claim(held, format_args!("{what} ends nothing: {count} message, {}", line(&done)))?;
    }
    Ok(())
}
