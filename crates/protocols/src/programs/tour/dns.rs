//! DNS: a zone, its server, and a resolver that trusts no stranger.

use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use protocols::dns::ask::Client;
use protocols::dns::resolver::{Config, Failure, Found, Random, Resolver};
use protocols::dns::server::{Server, Transport};
use protocols::dns::udp::{self, Worker};
use protocols::dns::{Question, Type, Zone, Zones};

use super::super::ends::PATIENCE;
use super::Tour;

const ZONE: &str = "$ORIGIN example.test.\n\
    @ 300 IN SOA ns hostmaster 1 3600 600 86400 60\n\
    @ 300 IN NS ns\n\
    ns 300 IN A 127.0.0.1\n\
    www 300 IN CNAME host\n\
    host 300 IN A 192.0.2.7\n";

fn zones() -> Result<Arc<Zones>> {
    let mut zones = Zones::default();
    let zone = Zone::parse(ZONE, None).map_err(|error| anyhow!("the zone: {error}"))?;
    zones.add(zone).map_err(|_| anyhow!("a zone twice"))?;
    Ok(Arc::new(zones))
}

fn resolver(tour: &Tour, server: SocketAddr, attempts: u32) -> Client {
    let random: Random =
        Box::new(|octets| getrandom::fill(octets).expect("the system has random numbers"));
    let attempt = Duration::from_millis(300);
    let config = Config { attempt, attempts, total: PATIENCE, ..Config::new(vec![server]) };
    Client::new(Resolver::new(config, random), tour.recorder().clone())
}

pub(super) fn lookup(tour: &mut Tour) -> Result<()> {
    let socket = udp::bind("127.0.0.1:0".parse()?, 1)?.pop().context("a socket")?;
    let (address, stop) = (socket.local_addr()?, Arc::new(AtomicBool::new(false)));
    let worker = Worker::new(socket, Server::new(zones()?), stop.clone(), None)?;
    let serving = thread::spawn(|| worker.run());
    let mut client = resolver(tour, address, 3);
    let answer = client.resolve(Question::new("www.example.test.".parse()?, Type::A));
    let missing = client.resolve(Question::new("nobody.example.test.".parse()?, Type::A));
    stop.store(true, Ordering::Relaxed);
    serving.join().map_err(|_| anyhow!("the server panicked"))??;
    let answer = answer.map_err(|failure| anyhow!("{failure}"))?;
    for record in &answer.chain {
        tour.show(record)?;
    }
    let records = match answer.found {
        Found::Records(records) => records,
        _ => Vec::new(),
    };
    let address = records.first().map_or("nothing".to_owned(), ToString::to_string);
    tour.claim(
        address.ends_with("A 192.0.2.7"),
        format_args!("{address}: the alias was followed"),
    )?;
    let no_name = matches!(missing, Ok(answer) if answer.found == Found::NoName);
    tour.claim(no_name, "a name that does not exist: NXDOMAIN, which is an answer, too")
}

pub(super) fn forgery(tour: &mut Tour) -> Result<()> {
    let socket = UdpSocket::bind("127.0.0.1:0").context("binding")?;
    socket.set_read_timeout(Some(PATIENCE))?;
    let (address, zones) = (socket.local_addr()?, zones()?);
    // A liar: it answers at once, with an id that is off by one.
    let lying = thread::spawn(move || -> std::io::Result<()> {
        let mut server = Server::new(zones);
        let mut query = [0; 512];
        let (count, peer) = socket.recv_from(&mut query)?;
        query[1] = query[1].wrapping_add(1);
        if let Some(response) = server.respond(&query[..count], Transport::Udp) {
            socket.send_to(response, peer)?;
        }
        Ok(())
    });
    let mut client = resolver(tour, address, 1);
    let answer = client.resolve(Question::new("www.example.test.".parse()?, Type::A));
    lying.join().map_err(|_| anyhow!("the liar panicked"))??;
    let ignored = matches!(answer, Err(Failure::NoAnswer { ignored: 1, .. }));
    tour.claim(ignored, "an answer with another id: one of 65,536, and not heard")
}
