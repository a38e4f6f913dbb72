//! The echo server: many clients, and an orderly end.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpStream};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};

use anyhow::{Context, Result, anyhow};
use capture::Tap;
use sockets::echo::{self, Event, Limits, Report, Server, Stopper};

use super::{PATIENCE, Tour, connect};

/// A server that runs in this process, and says who comes.
struct Running {
    address: SocketAddr,
    stopper: Stopper,
    thread: JoinHandle<std::io::Result<Report>>,
    peers: mpsc::Receiver<String>,
}

fn start(address: SocketAddr) -> Result<Running> {
    let listener = echo::listen(address).with_context(|| format!("listening on {address}"))?;
    let address = listener.local_addr()?.as_socket().ok_or_else(|| anyhow!("no TCP address"))?;
    let (come, peers) = mpsc::channel();
    let server = Server::new(listener, Limits::default()).observed(move |event| {
        if let Event::Accepted { peer } = event {
            let _ = come.send(peer.to_owned());
        }
    });
    let stopper = server.stopper();
    Ok(Running { address, stopper, thread: thread::spawn(move || server.run()), peers })
}

impl Running {
    fn stop(self) -> Result<Report> {
        self.stopper.stop();
        self.thread.join().map_err(|_| anyhow!("the server panicked"))?.context("accepting")
    }
}

pub(super) fn many(tour: &mut Tour) -> Result<()> {
    let server = start((Ipv4Addr::LOCALHOST, 0).into())?;
    let mut clients = (0..100).map(|_| connect(server.address)).collect::<Result<Vec<_>>>()?;
    let mut right = 0;
    for (number, client) in clients.iter_mut().enumerate() {
        client.write_all(format!("I am {number}").as_bytes())?;
    }
    for (number, client) in clients.iter_mut().enumerate().rev() {
        client.shutdown(Shutdown::Write)?;
        let mut echo = String::new();
        client.read_to_string(&mut echo)?;
        right += usize::from(echo == format!("I am {number}"));
    }
    tour.claim(
        right == 100,
        "100 clients at once, each gets its own octets back, and then the end",
    )?;

    let stream = connect(server.address)?;
    let mut client = Tap::connected(stream, "client", "server", tour.recorder());
    exchange(&mut client, b"before")?;
    let address = server.address;
    server.stopper.stop();
    let refused = TcpStream::connect_timeout(&address, PATIENCE).is_err();
    tour.claim(refused, "told to stop, it refuses newcomers")?;
    exchange(&mut client, b"after")?;
    client.shutdown(Shutdown::Write)?;
    let rest = client.read(&mut [0])?;
    tour.claim(rest == 0, "and serves to its end who is connected")?;
    let Report { served, cut, .. } = server.stop()?;
    tour.claim(
        (served, cut) == (101, 0),
        format_args!("then it ends: {served} connections, {cut} cut off"),
    )
}

fn exchange(client: &mut Tap<TcpStream>, octets: &[u8]) -> Result<()> {
    client.write_all(octets)?;
    let mut echo = vec![0; octets.len()];
    client.read_exact(&mut echo)?;
    anyhow::ensure!(echo == octets, "the echo of {octets:?} is {echo:?}");
    Ok(())
}

pub(super) fn dual_stack(tour: &mut Tour) -> Result<()> {
    let server = match start("[::]:0".parse()?) {
        Ok(server) => server,
        Err(error) => return tour.skip(format_args!("{error:#}")),
    };
    for (host, seen) in [("127.0.0.1", "::ffff:127.0.0.1"), ("::1", "::1")] {
        let stream = connect(SocketAddr::new(host.parse()?, server.address.port()))?;
        let mut client = Tap::connected(stream, "client", "server", tour.recorder());
        exchange(&mut client, b"hello")?;
        let peer: SocketAddr = server.peers.recv_timeout(PATIENCE)?.parse()?;
        let peer = peer.ip().to_string();
        tour.claim(peer == seen, format_args!("a client on {host} is seen as {peer}"))?;
    }
    server.stop().map(drop)
}
