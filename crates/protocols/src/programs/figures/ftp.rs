//! FTP: a file on its own connection, a port that the client chose, and a reply of several lines.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use anyhow::{Context, Result, ensure};
use capture::{Direction, Recorder, Tap};
use protocols::ftp::dissect::Control;
use protocols::ftp::server::{FtpServer, Settings};
use protocols::jail::Jail;

use super::super::ends::{Folder, Server, connect, read_until};
use super::{Drawing, conversation, octets};

pub(super) const ALL: [Drawing; 3] =
    [("ftp-retrieve", retrieve), ("ftp-bounce", bounce), ("ftp-features", features)];

/// Sends a command and reads its reply, of one line.
fn say(control: &mut Tap<TcpStream>, command: &str, code: &str) -> Result<String> {
    control.write_all(format!("{command}\r\n").as_bytes())?;
    let reply = line(control)?;
    ensure!(reply.starts_with(code), "{command}: {reply:?}");
    Ok(reply)
}

/// Reads a line, and nothing of the one behind it: what is read later is drawn later.
fn line(control: &mut Tap<TcpStream>) -> Result<String> {
    let mut line = Vec::new();
    while !line.ends_with(b"\r\n") {
        let mut octet = [0];
        control.get_mut().read_exact(&mut octet).context("reading a reply")?;
        line.push(octet[0]);
    }
    control.recorder().data(control.flow(), Direction::Received, &line);
    Ok(String::from_utf8_lossy(&line).into_owned())
}

/// A server of `folder`, and a client that has logged in.
fn log_in(folder: &Folder, recorder: &Recorder) -> Result<(Server, Tap<TcpStream>)> {
    folder.write("hello.txt", b"hello\n")?;
    let server = Server::start(FtpServer::new(Settings::new(Jail::new(folder.path())?)))?;
    let mut control = connect(server.address, recorder)?;
    line(&mut control)?;
    say(&mut control, "USER anonymous", "331")?;
    say(&mut control, "PASS ada@example.test", "230")?;
    Ok((server, control))
}

fn retrieve() -> Result<String> {
    let (folder, recorder) = (Folder::new()?, Recorder::new());
    let (server, mut control) = log_in(&folder, &recorder)?;
    say(&mut control, "TYPE I", "200")?;
    let reply = say(&mut control, "EPSV", "229")?;
    let port = reply.split('|').nth(3).and_then(|port| port.parse().ok());
    let port: u16 = port.with_context(|| format!("a port in {reply:?}"))?;
    let mut data = connect(SocketAddr::new(server.address.ip(), port), &recorder)?;
    say(&mut control, "RETR hello.txt", "150")?;
    let mut file = Vec::new();
    (&mut data).take(1_000).read_to_end(&mut file).context("reading the file")?;
    ensure!(file == b"hello\n", "the file came as {file:?}");
    data.close();
    let done = line(&mut control)?;
    ensure!(done.starts_with("226"), "then {done:?}");
    say(&mut control, "QUIT", "221")?;
    control.close();
    server.stop()?;
    let caption = "A file. [0] is the control connection, [1] carries the octets and nothing else.";
    let words = [
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        "",
        "229, on port 50000",
        "",
        "150, it begins",
        "",
        "226, it is whole",
    ];
    Ok(conversation("ftp-retrieve", &recorder.snapshot(), &words, caption))
}

fn bounce() -> Result<String> {
    let (folder, recorder) = (Folder::new()?, Recorder::new());
    let (server, mut control) = log_in(&folder, &recorder)?;
    say(&mut control, "PORT 192,0,2,25,0,25", "5")?;
    say(&mut control, "RETR hello.txt", "425")?;
    control.close();
    server.stop()?;
    let caption = "\"Send it to port 25 of that machine over there.\" It does not.";
    Ok(conversation("ftp-bounce", &recorder.snapshot(), &[], caption))
}

fn features() -> Result<String> {
    let (folder, recorder) = (Folder::new()?, Recorder::new());
    let (server, mut control) = log_in(&folder, &recorder)?;
    control.write_all(b"FEAT\r\n")?;
    let reply = read_until(&mut control, "211 End\r\n")?;
    control.close();
    server.stop()?;
    let caption =
        "A reply of several lines: a hyphen after the first code, a space after the last.";
    octets("ftp-features", &Control, reply.as_bytes(), caption)
}
