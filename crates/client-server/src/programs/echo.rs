//! `echo`: the chapter's protocol under each of its shells.

use std::io;
use std::net::IpAddr;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use client_server::{
    Address, Blocking, Echo, EventLoop, Handle, Limits, LineEcho, Listener, Model, Recorded,
    Service, Statistics,
};
use sockets::log::Log;
use sockets::serving;
use sockets::wire::Wire;

/// Echoes every octet that clients send, until they end their direction.
#[derive(Debug, Args)]
pub(crate) struct EchoServer {
    /// `127.0.0.1:0`, `[::1]:7000`, `unix:/tmp/echo.sock`; port 0 lets the system choose.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    listen: Address,
    /// Who serves: a thread for each client, a pool of threads, or an event loop.
    #[arg(long, value_enum, default_value = "event-loop")]
    model: Shell,
    /// Threads of the pool, or event loops on the one port.
    #[arg(long, value_name = "N", default_value = "1", value_parser = clap::value_parser!(u16).range(1..=1024))]
    workers: u16,
    /// Connections that may wait for a thread of the pool; one more is refused.
    #[arg(long, value_name = "N", default_value = "64")]
    queue: u16,
    /// Echo whole lines, and give each so long from its first byte to its last.
    #[arg(long, value_name = "TIME", value_parser = serving::duration)]
    lines: Option<Duration>,
    /// Close a connection that has been silent for so long.
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = serving::duration)]
    idle: Duration,
    /// Drop a client that takes none of its echo for so long.
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = serving::duration)]
    write: Duration,
    /// After SIGINT or SIGTERM: finish what is in flight for so long.
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = serving::duration)]
    drain: Duration,
    /// Connections at once; one more is refused.
    #[arg(long, value_name = "N", default_value = "16384")]
    connections: usize,
    /// Connections at once from one address.
    #[arg(long, value_name = "N", default_value = "16384")]
    per_peer: usize,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Shell {
    Threads,
    Pool,
    EventLoop,
}

pub(crate) fn run(arguments: &EchoServer, wire: &Wire) -> Result<()> {
    let idle = arguments.idle;
    match arguments.lines {
        None => offer(arguments, wire, move |_: Option<IpAddr>| Echo::new(idle)),
        Some(line) => offer(arguments, wire, move |_: Option<IpAddr>| LineEcho::new(idle, line)),
    }
}

/// Listens and serves, with whatever is to be seen of the wire.
fn offer<F>(arguments: &EchoServer, wire: &Wire, service: F) -> Result<()>
where
    F: Service + Clone + Send + Sync + 'static,
    F::Session: Send,
{
    let log = Log::to(io::stderr(), "echo");
    let listeners = listeners(arguments)?;
    let address = listeners[0].address()?;
    let served = match wire.watch(&log) {
        // Nobody looks, and nothing is recorded.
        None => serve(arguments, listeners, &address, service, &log),
        Some((recorder, watch)) => {
            let recorded = Recorded::new(service, recorder, address.clone());
            let served = serve(arguments, listeners, &address, recorded, &log);
            served.and(watch.finish().map_err(Into::into))
        }
    };
    log.close(Duration::from_secs(1));
    served
}

/// One listener, or one for each loop.
fn listeners(arguments: &EchoServer) -> Result<Vec<Listener>> {
    let listening = || format!("listening on {}", arguments.listen);
    match (arguments.model, arguments.workers, &arguments.listen) {
        (Shell::EventLoop, 2.., Address::Unix(_)) => {
            bail!("a Unix-domain socket cannot be shared by several loops: use --workers 1")
        }
        (Shell::EventLoop, workers @ 2.., Address::Tcp(address)) => {
            Listener::bind_shared(*address, usize::from(workers)).with_context(listening)
        }
        (_, _, address) => Ok(vec![Listener::bind(address).with_context(listening)?]),
    }
}

/// Serves under the shell that was asked for, until a signal and to the end.
fn serve<F>(
    arguments: &EchoServer,
    listeners: Vec<Listener>,
    address: &Address,
    service: F,
    log: &Log,
) -> Result<()>
where
    F: Service + Clone + Send + Sync + 'static,
    F::Session: Send,
{
    let limits = Limits {
        connections: arguments.connections,
        per_peer: arguments.per_peer,
        write: arguments.write,
        drain: arguments.drain,
        ..Limits::default()
    };
    let model = match arguments.model {
        Shell::EventLoop => {
            let mut loops = Vec::new();
            for listener in listeners {
                loops.push(EventLoop::new(vec![listener], service.clone(), limits.clone())?);
            }
            let handles = loops.iter().map(EventLoop::handle).collect();
            return until_signal(address, handles, log, || side_by_side(loops));
        }
        Shell::Threads => Model::Threads,
        Shell::Pool => Model::Pool {
            workers: usize::from(arguments.workers),
            queue: usize::from(arguments.queue),
        },
    };
    let server = Blocking::new(listeners, service, limits, model)?;
    until_signal(address, vec![server.handle()], log, || server.run())
}

/// Runs the first loop on this thread, and each further one on a thread of its own.
fn side_by_side<F>(mut loops: Vec<EventLoop<F>>) -> io::Result<Statistics>
where
    F: Service + Send + 'static,
    F::Session: Send,
{
    let others = loops.split_off(1);
    let threads: Vec<_> = others.into_iter().map(|l| thread::spawn(|| l.run())).collect();
    let mut total = Statistics::default();
    for one in loops {
        total += one.run()?;
    }
    for thread in threads {
        total += thread.join().expect("a loop does not panic")?;
    }
    Ok(total)
}

fn until_signal(
    address: &Address,
    handles: Vec<Handle>,
    log: &Log,
    run: impl FnOnce() -> io::Result<Statistics>,
) -> Result<()> {
    let stop = move || handles.iter().for_each(Handle::stop);
    serving::on_signal(stop, || {}).context("registering for signals")?;
    serving::announce(address).context("printing the address on standard output")?;
    let statistics = run().context("serving")?;
    log.line(format_args!("stopped: {statistics:?}"));
    Ok(())
}
