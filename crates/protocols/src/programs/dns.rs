//! `dns`: an authoritative name server.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use anyhow::{Context, Result, anyhow, bail, ensure};
use capture::{Direction, End, FlowId, Recorder, Transport};
use clap::Args;
use client_server::Address;
use client_server::serve::{Companion, Serve};
use protocols::dns::server::Server;
use protocols::dns::tcp::Connection;
use protocols::dns::udp::{self, Observer, Statistics, Worker};
use protocols::dns::{Name, Zone, Zones};
use sockets::log::Log;
use sockets::wire::Wire;

/// Answers for zones, over UDP and TCP on the same port.
///
/// Each worker is a thread for UDP and an event loop for TCP. Zones are read once, at the start: a
/// change takes a restart. There are no transfers, no DNSSEC, and no limit on the rate of answers;
/// keep it off public networks, where source addresses are forged.
#[derive(Debug, Args)]
pub(crate) struct Dns {
    /// A zone file (RFC 1035 §5); may be given several times. Relative names in it go on with
    /// $ORIGIN; before there is one, with ORIGIN, or with the file's name where that is ORIGIN.zone or
    /// db.ORIGIN.
    #[arg(long, value_name = "[ORIGIN=]FILE", required = true)]
    zone: Vec<String>,
    #[command(flatten)]
    serve: Serve,
}

/// Octets of the largest zone file.
const LARGEST_FILE: u64 = 256 << 20;
/// Clients that are told apart in what is recorded; all others share a flow.
const CLIENTS: usize = 256;

pub(crate) fn run(arguments: &Dns, wire: &Wire) -> Result<()> {
    let mut zones = Zones::default();
    for zone in &arguments.zone {
        let zone = read(zone)?;
        if let Err(zone) = zones.add(zone) {
            bail!("two zones have the name {}", zone.apex());
        }
    }
    let zones = Arc::new(zones);
    let served = zones.clone();
    let service = move |_: Option<IpAddr>| Connection::new(served.clone());
    let workers = usize::from(arguments.serve.workers);
    arguments.serve.offer_with("dns", wire, service, |address, recorder, log| {
        let Address::Tcp(address) = address else {
            bail!("a name server listens on an address and a port")
        };
        datagrams(*address, workers, &zones, recorder, log)
    })
}

/// Reads a zone: `FILE` or `ORIGIN=FILE`.
fn read(argument: &str) -> Result<Zone> {
    let (origin, path) = match argument.split_once('=') {
        Some((origin, path)) if !Path::new(argument).exists() => {
            (Some(origin.parse().with_context(|| format!("{origin:?} as a zone's name"))?), path)
        }
        _ => (origin_of(Path::new(argument)), argument),
    };
    let reading = || format!("reading {path}");
    let mut text = String::new();
    let file = File::open(path).with_context(reading)?;
    file.take(LARGEST_FILE + 1).read_to_string(&mut text).with_context(reading)?;
    ensure!(text.len() as u64 <= LARGEST_FILE, "{path} has over {LARGEST_FILE} octets");
    Zone::parse(&text, origin).map_err(|error| anyhow!("{path}: {error}"))
}

/// The zone that a file's name tells of: `example.com.zone`, `db.example.com`.
fn origin_of(path: &Path) -> Option<Name> {
    let name = path.file_name()?.to_str()?;
    name.strip_suffix(".zone").or_else(|| name.strip_prefix("db."))?.parse().ok()
}

/// Starts the workers for UDP.
fn datagrams(
    address: SocketAddr,
    workers: usize,
    zones: &Arc<Zones>,
    recorder: Option<&Recorder>,
    log: &Log,
) -> Result<Companion> {
    let stop = Arc::new(AtomicBool::new(false));
    let trace = recorder.map(|recorder| Arc::new(Trace::new(recorder, address)));
    let mut threads = Vec::new();
    for socket in udp::bind(address, workers).with_context(|| format!("binding {address}"))? {
        let observer = trace.clone().map(|trace| -> Observer {
            Box::new(move |peer, query, response| trace.record(peer, query, response))
        });
        let worker = Worker::new(socket, Server::new(zones.clone()), stop.clone(), observer)?;
        threads.push(thread::spawn(|| worker.run()));
    }
    let log = log.clone();
    let finish = move || {
        let mut total = Statistics::default();
        for thread in threads {
            let Statistics { answered, ignored } =
                thread.join().map_err(|_| anyhow!("a worker for UDP panicked"))??;
            total.answered += answered;
            total.ignored += ignored;
        }
        log.line(format_args!("over UDP: {total:?}"));
        Ok(())
    };
    let stop = Box::new(move || stop.store(true, Ordering::Relaxed));
    Ok(Companion { stop, finish: Box::new(finish) })
}

/// What `--trace` and `--pcap` show of the datagrams.
struct Trace {
    recorder: Recorder,
    server: SocketAddr,
    flows: Mutex<HashMap<SocketAddr, FlowId>>,
}

impl Trace {
    fn new(recorder: &Recorder, server: SocketAddr) -> Self {
        Self { recorder: recorder.clone(), server, flows: Mutex::default() }
    }

    fn record(&self, peer: SocketAddr, query: &[u8], response: &[u8]) {
        let flow = self.flow(peer);
        self.recorder.data(flow, Direction::Received, query);
        self.recorder.data(flow, Direction::Sent, response);
    }

    fn flow(&self, peer: SocketAddr) -> FlowId {
        let mut flows = self.flows.lock().unwrap_or_else(PoisonError::into_inner);
        let (peer, address) = if flows.contains_key(&peer) || flows.len() < CLIENTS {
            (peer, peer.to_string())
        } else {
            (SocketAddr::from(([0; 8], 0)), String::new())
        };
        *flows.entry(peer).or_insert_with(|| {
            let server = End::new("server", self.server.to_string());
            self.recorder.flow(Transport::Udp, server, End::new("client", address))
        })
    }
}
