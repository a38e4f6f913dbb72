//! `discover`: finding services by multicast, and being found.

use std::io::{self, ErrorKind, Write};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use capture::Recorder;
use capture::bytes::plain;
use clap::{Args, Subcommand};
use sockets::discovery::{Asker, LONGEST_NAME, Network, PORT, Responder};
use sockets::log::Log;
use sockets::udp::Datagrams;
use sockets::{serving, wire};

/// Asks a multicast group who is there, and prints each service that answers.
///
/// By default it asks on this machine alone, over the loopback interface. Whoever is on the network can
/// answer: what is printed is a claim.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct Discover {
    #[command(subcommand)]
    what: Option<What>,
    /// Look for this service alone.
    #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true)]
    name: String,
    /// Collect answers for so long.
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = serving::duration)]
    wait: Duration,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Answers those who ask, until SIGINT or SIGTERM.
    Announce {
        /// The service's name: 1 to 63 octets.
        #[arg(value_parser = service_name)]
        name: String,
        /// The port at which the service is.
        #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
        service_port: u16,
        #[command(flatten)]
        place: Place,
    },
}

fn service_name(text: &str) -> Result<String, String> {
    match text.len() {
        1..=LONGEST_NAME => Ok(text.to_owned()),
        octets => Err(format!("a name has 1 to {LONGEST_NAME} octets, and this one {octets}")),
    }
}

/// Where to ask or to be asked.
#[derive(Debug, Args)]
struct Place {
    /// An address of the interface; may be given twice, for IPv4 and IPv6.
    #[arg(long, value_name = "ADDRESS", default_values = ["127.0.0.1", "::1"])]
    interface: Vec<IpAddr>,
    /// The group's port; for announce, 0 lets the system choose.
    #[arg(long, value_name = "PORT", default_value_t = PORT)]
    port: u16,
    /// How many networks the question may cross: the TTL or hop limit.
    #[arg(long, value_name = "N", default_value = "1")]
    hops: u8,
}

impl Place {
    fn networks(&self) -> impl Iterator<Item = Network> {
        let Self { port, hops, .. } = *self;
        self.interface.iter().map(move |&interface| Network { interface, port, hops })
    }
}

pub(crate) fn run(arguments: &Discover, wire: &wire::Wire) -> Result<()> {
    let log = Log::to(io::stderr(), "discover");
    let (recorder, watch) = wire.watch(&log).unzip();
    let done = match &arguments.what {
        Some(What::Announce { name, service_port, place }) => {
            announce(name, *service_port, place, recorder.as_ref(), &log)
        }
        None => search(arguments, recorder.as_ref(), &log),
    };
    let saved = watch.map_or(Ok(()), wire::Watch::finish);
    log.close(Duration::from_secs(1));
    done.and(saved.map_err(Into::into))
}

/// Asks on all networks at once.
fn search(arguments: &Discover, recorder: Option<&Recorder>, log: &Log) -> Result<()> {
    let networks: Vec<_> = arguments.place.networks().collect();
    let results: Vec<_> = thread::scope(|scope| {
        let searches: Vec<_> = networks
            .iter()
            .map(|network| {
                scope.spawn(|| {
                    let (asker, wait) = (Asker::new(network)?, arguments.wait);
                    match recorder {
                        None => asker.search(&arguments.name, wait),
                        Some(recorder) => asker.tapped(recorder).search(&arguments.name, wait),
                    }
                })
            })
            .collect();
        searches.into_iter().map(|search| search.join().expect("no panic")).collect()
    });
    let mut out = io::stdout().lock();
    let mut asked = 0;
    for (network, result) in networks.iter().zip(results) {
        match result {
            Ok(services) => {
                asked += 1;
                for found in services {
                    writeln!(out, "{}  {}", found.address, plain(&found.name))
                        .context("printing")?;
                }
            }
            Err(error) => log.line(format_args!("on {}: skipped: {error}", network.interface)),
        }
    }
    if asked == 0 { bail!("there was no network to ask on") } else { Ok(()) }
}

/// Answers on all networks that can be joined, one at least.
fn announce(
    name: &str,
    port: u16,
    place: &Place,
    recorder: Option<&Recorder>,
    log: &Log,
) -> Result<()> {
    let mut responders = Vec::new();
    let mut place_port = place.port;
    for network in place.networks() {
        let network = Network { port: place_port, ..network };
        match Responder::join(&network, name, port) {
            Ok(responder) => {
                // Both families on one port, also where the system chose it.
                place_port = responder.group().context("asking for the group")?.port();
                responders.push(responder);
            }
            Err(error) if error.kind() == ErrorKind::InvalidInput => return Err(error.into()),
            Err(error) => log.line(format_args!("on {}: skipped: {error}", network.interface)),
        }
    }
    let Some(first) = responders.first() else { bail!("there is no network to be found on") };
    let stop = Arc::new(AtomicBool::new(false));
    let signalled = Arc::clone(&stop);
    serving::on_signal(move || signalled.store(true, Ordering::SeqCst), || {})?;
    serving::announce(first.group().context("asking for the group")?)?;
    thread::scope(|scope| {
        for responder in responders {
            let stop = &stop;
            scope.spawn(move || match recorder {
                None => answer(&responder, stop, log),
                Some(recorder) => answer(&responder.tapped(recorder), stop, log),
            });
        }
    });
    log.line("stopped");
    Ok(())
}

/// How often a responder looks whether it should stop.
const LOOK_UP: Duration = Duration::from_millis(100);

fn answer(responder: &Responder<impl Datagrams>, stop: &AtomicBool, log: &Log) {
    while !stop.load(Ordering::SeqCst) {
        match responder.serve_one(LOOK_UP) {
            Ok(Some(asker)) => log.line(format_args!("{asker} asked")),
            Ok(None) => {}
            Err(error) => match error.kind() {
                ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted => {}
                _ => {
                    log.line(format_args!("going on after: {error}"));
                    thread::sleep(LOOK_UP);
                }
            },
        }
    }
}
