//! DNS: a question, its answer with names that point back, and an answer that is too long for UDP.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use anyhow::{Context, Result, anyhow, bail, ensure};
use capture::{Direction, Recorder};
use protocols::dns::ask::Client;
use protocols::dns::dissect::Dns;
use protocols::dns::resolver::{Config, Found, Random, Resolver};
use protocols::dns::server::Server;
use protocols::dns::tcp::Connection;
use protocols::dns::udp::{self, Worker};
use protocols::dns::{Question, Type, Zone, Zones};

use super::super::ends::Server as TcpEnd;
use super::{Drawing, conversation, first_flow, octets};

pub(super) const ALL: [Drawing; 3] =
    [("dns-question", question), ("dns-answer", answer), ("dns-truncated", truncated)];

const ZONE: &str = "$ORIGIN example.test.\n\
    @ 300 IN SOA ns hostmaster 1 3600 600 86400 60\n\
    @ 300 IN NS ns\n\
    ns 300 IN A 127.0.0.1\n\
    www 300 IN CNAME host\n\
    host 300 IN A 192.0.2.7\n";
/// More addresses than a datagram of the usual size has room for.
const MANY: u32 = 90;

/// Resolves `name` with a resolver of its own, over UDP and, where that is cut short, over TCP. What
/// is drawn at random is the same in every run.
fn resolve(name: &str) -> Result<(Recorder, Found)> {
    let many = (1..=MANY).map(|host| format!("many 300 IN A 192.0.2.{host}\n"));
    let text = ZONE.to_owned() + &many.collect::<String>();
    let zone = Zone::parse(&text, None).map_err(|error| anyhow!("the zone: {error}"))?;
    let mut zones = Zones::default();
    zones.add(zone).map_err(|_| anyhow!("a zone twice"))?;
    let zones = Arc::new(zones);

    let shared = zones.clone();
    let over_tcp = TcpEnd::start(move |_: Option<IpAddr>| Connection::new(shared.clone()))?;
    let socket = udp::bind(over_tcp.address, 1)?.pop().context("a socket")?;
    let stop = Arc::new(AtomicBool::new(false));
    let worker = Worker::new(socket, Server::new(zones), stop.clone(), None)?;
    let serving = thread::spawn(|| worker.run());

    let (recorder, mut next) = (Recorder::new(), 0x2a_u8);
    let random: Random = Box::new(move |octets| {
        for octet in octets {
            next = next.wrapping_mul(5).wrapping_add(1);
            *octet = next;
        }
    });
    let resolver = Resolver::new(Config::new(vec![over_tcp.address]), random);
    let answer = Client::new(resolver, recorder.clone())
        .resolve(Question::new(format!("{name}.example.test.").parse()?, Type::A));
    stop.store(true, Ordering::Relaxed);
    serving.join().map_err(|_| anyhow!("the server panicked"))??;
    over_tcp.stop()?;
    Ok((recorder, answer.map_err(|failure| anyhow!("{failure}"))?.found))
}

fn question() -> Result<String> {
    let (recorder, _) = resolve("www")?;
    let sent = first_flow(&recorder, Direction::Sent);
    let caption = "A question for the address of www.example.test. Its letters are large and small by chance.";
    octets("dns-question", &Dns, &sent, caption)
}

fn answer() -> Result<String> {
    let (recorder, found) = resolve("www")?;
    ensure!(matches!(&found, Found::Records(records) if records.len() == 1), "{found:?}");
    let received = first_flow(&recorder, Direction::Received);
    let caption = "The answer: an alias, then the address of what it stands for. Names that were there already are pointers.";
    octets("dns-answer", &Dns, &received, caption)
}

fn truncated() -> Result<String> {
    let (recorder, found) = resolve("many")?;
    let Found::Records(records) = found else { bail!("it found {found:?}") };
    ensure!(records.len() == MANY as usize, "it found {} addresses", records.len());
    let words = [
        "the addresses of many.example.test?",
        "TC: they do not fit",
        "the same question",
        "how long the answer is",
        "all 90 of them",
    ];
    let caption = "An answer that is too long for a datagram. [0] is UDP, [1] is TCP.";
    Ok(conversation("dns-truncated", &recorder.snapshot(), &words, caption))
}
