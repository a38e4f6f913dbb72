//! UDP: borders, loss, and groups.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, UdpSocket};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use capture::UdpTap;
use sockets::datagrams::{self, Patience, answer_one};
use sockets::discovery::{Asker, Network, Responder};
use sockets::udp_echo::{self, Server};

use super::{PATIENCE, Tour};

pub(super) fn whole(tour: &mut Tour) -> Result<()> {
    let socket = udp_echo::bind((Ipv4Addr::LOCALHOST, 0).into()).context("binding")?;
    let address = socket.local_addr()?;
    let server = Server::new(socket)?;
    let stopper = server.stopper();
    let serving = thread::spawn(move || server.run());
    let socket = datagrams::connect(address)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    let client = UdpTap::new(socket, "client", "server", tour.recorder());

    let mut sizes = Vec::new();
    for datagram in [&b"one"[..], b"", b"three"] {
        client.send(datagram)?;
    }
    for _ in 0..3 {
        sizes.push(client.recv(&mut [0; 64])?);
    }
    tour.claim(
        sizes == [3, 0, 5],
        format_args!("three datagrams there and back, the empty one too: {sizes:?} octets"),
    )?;
    client.send(b"0123456789")?;
    let mut four = [0; 4];
    let count = client.recv(&mut four)?;
    client.get_ref().set_nonblocking(true)?;
    let rest = client.get_ref().recv(&mut [0; 64]);
    let gone = count == 4 && rest.is_err_and(|error| error.kind() == ErrorKind::WouldBlock);
    tour.claim(gone, "ten octets into a buffer of four: the other six are gone, without an error")?;
    client.get_ref().set_nonblocking(false)?;

    let largest = vec![b'x'; 65_507];
    client.get_ref().send(&largest)?;
    let mut echo = vec![0; 65_536];
    let count = client.get_ref().recv(&mut echo)?;
    tour.claim(echo[..count] == largest, "65,507 octets return whole")?;
    let too_long = client.get_ref().send(&vec![b'x'; 65_508]);
    tour.claim(too_long.is_err(), "one more is refused (EMSGSIZE)")?;

    stopper.stop();
    let report = serving.join().map_err(|_| anyhow!("the server panicked"))??;
    tour.claim(report.echoed == 5, format_args!("the server sent {} back", report.echoed))
}

pub(super) fn ask(tour: &mut Tour) -> Result<()> {
    let server = UdpSocket::bind("127.0.0.1:0")?;
    server.set_read_timeout(Some(PATIENCE))?;
    let client = datagrams::connect(server.local_addr()?)?;
    let client = UdpTap::new(client, "client", "server", tour.recorder());
    let patience = Patience { first: Duration::from_millis(50), whole: PATIENCE };
    let answer = thread::scope(|scope| -> Result<_> {
        let serving = scope.spawn(|| -> std::io::Result<bool> {
            // The first is taken and not answered: as good as lost.
            server.recv_from(&mut [0; 1])?;
            answer_one(&server, |_| b"12:00".to_vec())
        });
        let answer = datagrams::ask(&client, b"time?", patience)?;
        serving.join().map_err(|_| anyhow!("the server panicked"))??;
        Ok(answer)
    })?;
    tour.claim(
        answer.payload == b"12:00" && answer.attempts >= 2,
        "the first question is lost; the same one, asked again, is answered",
    )?;
    let nobody = UdpSocket::bind("127.0.0.1:0")?.local_addr()?;
    let patience = Patience { first: Duration::from_millis(20), whole: Duration::from_millis(100) };
    let answer = datagrams::ask(&datagrams::connect(nobody)?, b"time?", patience);
    tour.claim(
        matches!(answer, Err(datagrams::Error::NoAnswer { refused: true, .. })),
        "where nobody has the port, the error says so (ICMP port unreachable)",
    )
}

pub(super) fn discover(tour: &mut Tour) -> Result<()> {
    let mut network = Network { port: 0, ..Network::of(Ipv4Addr::LOCALHOST.into()) };
    let responder = match Responder::join(&network, "printer", 631) {
        Ok(responder) => responder,
        Err(error) => return tour.skip(format_args!("no multicast on loopback: {error}")),
    };
    network.port = responder.group()?.port();
    let asker = Asker::new(&network)?.tapped(tour.recorder());
    let found = thread::scope(|scope| {
        scope.spawn(|| responder.serve_one(PATIENCE));
        asker.search("", Duration::from_millis(500))
    })?;
    let names: Vec<_> = found
        .iter()
        .map(|found| format!("{} at port {}", found.name, found.address.port()))
        .collect();
    tour.claim(
        names == ["printer at port 631"],
        format_args!("a question to {}: {names:?}", network.group()?.ip()),
    )
}
