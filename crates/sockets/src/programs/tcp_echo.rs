//! `tcp-echo`: every octet that arrives goes back.

use std::fmt::Display;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use clap::Args;
use sockets::echo::{self, Ended, Event, Limits, Report, Server};
use sockets::log::Log;
use sockets::{serving, wire};

/// Echoes every octet that TCP clients send, in order, until they end their direction.
#[derive(Debug, Args)]
pub(crate) struct TcpEcho {
    /// Address and port; port 0 lets the system choose, [::]:0 takes IPv4 and IPv6.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0", value_parser = serving::address)]
    listen: SocketAddr,
    #[command(flatten)]
    limits: LimitArguments,
}

/// The limits of a server of connections, as arguments.
#[derive(Debug, Args)]
pub(crate) struct LimitArguments {
    /// Connections at once; more wait in the system's queue until one ends.
    #[arg(long, value_name = "N", default_value = "4096", value_parser = clap::value_parser!(u32).range(1..))]
    max_connections: u32,
    /// Close a connection that has been silent for so long.
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = serving::duration)]
    idle: Duration,
    /// Drop a client that does not take 128 KiB of its echo within this time.
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = serving::duration)]
    write: Duration,
    /// After SIGINT or SIGTERM: serve what is in flight for so long, then cut it.
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = serving::duration)]
    drain: Duration,
    /// While draining: a client that has been silent for so long has nothing in flight.
    #[arg(long, value_name = "TIME", default_value = "3s", value_parser = serving::duration)]
    quiet: Duration,
    /// Log every connection's begin and end, not only those that go wrong.
    #[arg(long, short)]
    verbose: bool,
}

pub(crate) fn run(arguments: &TcpEcho, wire: &wire::Wire) -> Result<()> {
    let socket = echo::listen(arguments.listen)
        .with_context(|| format!("listening on {}", arguments.listen))?;
    let address = socket.local_addr().context("asking for the address")?;
    let address = address.as_socket().ok_or_else(|| anyhow!("no TCP address: {address:?}"))?;
    let log = Log::to(io::stderr(), "tcp-echo");
    arguments.limits.serve(socket, &log, address, wire)
}

impl LimitArguments {
    /// Serves `socket` until a signal, and then to the end.
    pub(crate) fn serve(
        &self,
        socket: socket2::Socket,
        log: &Log,
        address: impl Display,
        wire: &wire::Wire,
    ) -> Result<()> {
        let limits = Limits {
            connections: self.max_connections as usize,
            idle: self.idle,
            write: self.write,
            drain: self.drain,
            quiet: self.quiet,
            ..Limits::default()
        };
        let (observed, verbose) = (log.clone(), self.verbose);
        let (recorder, watch) = wire.watch(log).unzip();
        let server = Server::new(socket, limits)
            .observed(move |event| tell(&observed, verbose, &event))
            .recorded(recorder);
        let (stopper, hurry) = (server.stopper(), server.stopper());
        serving::on_signal(move || stopper.stop(), move || hurry.cut())?;
        serving::announce(address)?;
        let Report { served, echoed, cut } = server.run().context("accepting connections")?;
        log.line(format_args!("stopped: {served} connections, {echoed} octets, {cut} cut"));
        let saved = watch.map_or(Ok(()), wire::Watch::finish);
        log.close(Duration::from_secs(1));
        Ok(saved?)
    }
}

fn tell(log: &Log, verbose: bool, event: &Event<'_>) {
    match event {
        Event::Accepted { peer } if verbose => log.line(format_args!("{peer}: connected")),
        Event::Ended { how: Ended::Complete, .. } if !verbose => {}
        Event::Ended { peer, echoed, how } => {
            log.line(format_args!("{peer}: {how}; {echoed} octets echoed"));
        }
        Event::CannotAccept { error } => {
            log.line(format_args!("cannot accept for the moment: {error}"));
        }
        Event::Draining { connections } => {
            log.line(format_args!("stopping; {connections} connections to serve to their end"));
        }
        Event::Accepted { .. } => {}
    }
}
