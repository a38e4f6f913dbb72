//! `udp-echo`: every datagram goes back to its sender.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use capture::{Direction, End, FlowId, Recorder, Transport, What};
use clap::Args;
use sockets::log::Log;
use sockets::udp_echo::{self, Event, Report, Server};
use sockets::{serving, wire};

/// Echoes every datagram to its sender, whole, empty ones too.
///
/// No answer goes to the ports of services that would answer it (7, 13, 17, 19, 37) nor to the
/// server's own port number: two such services echo one datagram for ever. For the same reason,
/// keep it off public networks, where source addresses are forged.
#[derive(Debug, Args)]
pub(crate) struct UdpEcho {
    /// Address and port; port 0 lets the system choose, [::]:0 takes IPv4 and IPv6.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0", value_parser = serving::address)]
    listen: SocketAddr,
}

pub(crate) fn run(arguments: &UdpEcho, wire: &wire::Wire) -> Result<()> {
    let socket = udp_echo::bind(arguments.listen)
        .with_context(|| format!("binding {}", arguments.listen))?;
    let address = socket.local_addr().context("asking for the address")?;
    let log = Log::to(io::stderr(), "udp-echo");
    let (recorder, watch) = wire.watch(&log).unzip();
    let datagrams = recorder.map(|recorder| Datagrams::new(recorder, address));
    let said = log.clone();
    let server = Server::new(socket).context("setting the socket up")?.observed(move |event| {
        if let Some(datagrams) = &datagrams {
            datagrams.record(&event);
        }
        tell(&said, &event);
    });
    let stopper = server.stopper();
    serving::on_signal(move || stopper.stop(), || {})?;
    serving::announce(address)?;
    let Report { echoed, refused } = server.run().context("receiving datagrams")?;
    log.line(format_args!("stopped: {echoed} datagrams echoed, {refused} refused"));
    let saved = watch.map_or(Ok(()), wire::Watch::finish);
    log.close(Duration::from_secs(1));
    Ok(saved?)
}

fn tell(log: &Log, event: &Event<'_>) {
    match event {
        Event::Echoed { .. } => {}
        Event::Refused { peer, why } => log.line(format_args!("{peer}: not answered: {why}")),
        Event::Failed { error } => log.line(format_args!("going on after: {error}")),
    }
}

/// The tap of the UDP echo server: it hears of whole datagrams.
struct Datagrams {
    recorder: Recorder,
    server: String,
    flows: Mutex<HashMap<SocketAddr, FlowId>>,
}

/// Senders that are told apart; all others share a flow.
const SENDERS: usize = 256;

impl Datagrams {
    fn new(recorder: Recorder, server: SocketAddr) -> Self {
        Self { recorder, server: server.to_string(), flows: Mutex::default() }
    }

    fn record(&self, event: &Event<'_>) {
        match event {
            Event::Echoed { peer, octets } => {
                let flow = self.flow(*peer);
                self.recorder.data(flow, Direction::Received, octets);
                self.recorder.data(flow, Direction::Sent, octets);
            }
            Event::Refused { peer, why } => {
                let words = What::Error(format!("no answer: {why}"));
                self.recorder.push(self.flow(*peer), Direction::Received, words);
            }
            Event::Failed { .. } => {}
        }
    }

    fn flow(&self, peer: SocketAddr) -> FlowId {
        let mut flows = self.flows.lock().unwrap_or_else(PoisonError::into_inner);
        let (peer, address) = if flows.contains_key(&peer) || flows.len() < SENDERS {
            (peer, peer.to_string())
        } else {
            (SocketAddr::from(([0; 8], 0)), String::new())
        };
        *flows.entry(peer).or_insert_with(|| {
            let (server, client) = (End::new("server", &self.server), End::new("client", address));
            self.recorder.flow(Transport::Udp, server, client)
        })
    }
}
