//! FTP: a control connection, and data connections beside it.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use anyhow::{Context, Result};
use capture::Tap;
use protocols::ftp::server::{FtpServer, Settings};
use protocols::jail::Jail;

use super::super::ends::{Server, connect, line, read_until};
use super::Tour;

/// A server of the tour's folder, and a client that has logged in.
fn begin(tour: &mut Tour) -> Result<(Server, Tap<TcpStream>)> {
    tour.folder.write("hello.txt", b"hello\n")?;
    let server = Server::start(FtpServer::new(Settings::new(Jail::new(tour.folder.path())?)))?;
    let mut control = connect(server.address, tour.recorder())?;
    let greeting = read_until(&mut control, "\r\n")?;
    tour.claim(
        greeting.starts_with("220"),
        format_args!("the server speaks first: {}", line(&greeting)),
    )?;
    for command in ["USER anonymous", "PASS tour@", "TYPE I"] {
        say(&mut control, command)?;
    }
    Ok((server, control))
}

/// Sends a command, and reads its reply, of one line.
fn say(control: &mut Tap<TcpStream>, command: &str) -> Result<String> {
    control.write_all(format!("{command}\r\n").as_bytes())?;
    read_until(control, "\r\n")
}

pub(super) fn transfer(tour: &mut Tour) -> Result<()> {
    let (server, mut control) = begin(tour)?;
    let reply = say(&mut control, "EPSV")?;
    let port = reply.split('|').nth(3).and_then(|port| port.parse().ok());
    let port: u16 = port.with_context(|| format!("a port in {reply:?}"))?;
    tour.claim(reply.starts_with("229"), format_args!("EPSV: {}", line(&reply)))?;
    let mut data = connect(SocketAddr::new(server.address.ip(), port), tour.recorder())?;
    let reply = say(&mut control, "RETR hello.txt")?;
    let mut file = Vec::new();
    (&mut data).take(1_000).read_to_end(&mut file).context("reading the file")?;
    data.close();
    tour.claim(file == b"hello\n", format_args!("RETR: {}; the file came there", line(&reply)))?;
    let done = if reply.contains("226") { reply } else { read_until(&mut control, "\r\n")? };
    tour.claim(done.contains("226"), "its end is the data connection's, and then 226")?;
    let denied = say(&mut control, "DELE hello.txt")?;
    tour.claim(denied.starts_with('5'), format_args!("DELE: {}", line(&denied)))?;
    control.close();
    server.stop().map(|_| ())
}

pub(super) fn bounce(tour: &mut Tour) -> Result<()> {
    let (server, mut control) = begin(tour)?;
    for command in ["PORT 192,0,2,1,0,25", "EPRT |1|192.0.2.1|25|", "PORT 127,0,0,1,0,25"] {
        let reply = say(&mut control, command)?;
        tour.claim(reply.starts_with('5'), format_args!("{command}: {}", line(&reply)))?;
    }
    control.close();
    server.stop().map(|_| ())
}
