//! `echo`: the chapter's protocol under each of its shells.

use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use client_server::{
    Address, Blocking, Echo, EventLoop, Handle, Limits, Listener, Model, Statistics,
};

use super::serving;

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

pub(crate) fn run(arguments: &EchoServer) -> Result<()> {
    let limits = Limits {
        connections: arguments.connections,
        per_peer: arguments.per_peer,
        write: arguments.write,
        drain: arguments.drain,
        ..Limits::default()
    };
    let idle = arguments.idle;
    let service = move |_| Echo::new(idle);
    let workers = usize::from(arguments.workers);
    let listening = || format!("listening on {}", arguments.listen);
    let model = match arguments.model {
        Shell::EventLoop if workers > 1 => return loops(arguments, &limits, service),
        Shell::EventLoop => {
            let listener = Listener::bind(&arguments.listen).with_context(listening)?;
            let address = listener.address()?;
            let server = EventLoop::new(vec![listener], service, limits)?;
            return serve(&address, vec![server.handle()], || Ok(server.run()?));
        }
        Shell::Threads => Model::Threads,
        Shell::Pool => Model::Pool { workers, queue: usize::from(arguments.queue) },
    };
    let listener = Listener::bind(&arguments.listen).with_context(listening)?;
    let address = listener.address()?;
    let server = Blocking::new(vec![listener], service, limits, model)?;
    serve(&address, vec![server.handle()], || Ok(server.run()?))
}

/// Several loops on one port, a thread each.
fn loops(
    arguments: &EchoServer,
    limits: &Limits,
    service: impl Fn(Option<std::net::IpAddr>) -> Echo + Copy + Send + 'static,
) -> Result<()> {
    let Address::Tcp(address) = arguments.listen else {
        bail!("a Unix-domain socket cannot be shared by several loops: use --workers 1");
    };
    let listeners = Listener::bind_shared(address, usize::from(arguments.workers))
        .with_context(|| format!("listening on {address}"))?;
    let address = listeners[0].address()?;
    let mut loops = Vec::new();
    for listener in listeners {
        loops.push(EventLoop::new(vec![listener], service, limits.clone())?);
    }
    let handles = loops.iter().map(EventLoop::handle).collect();
    serve(&address, handles, || {
        let threads: Vec<_> = loops.into_iter().map(|l| thread::spawn(|| l.run())).collect();
        let mut total = Statistics::default();
        for thread in threads {
            total += thread.join().expect("a loop does not panic")?;
        }
        Ok(total)
    })
}

fn serve(
    address: &Address,
    handles: Vec<Handle>,
    run: impl FnOnce() -> Result<Statistics>,
) -> Result<()> {
    serving::on_signal(move || handles.iter().for_each(Handle::stop))?;
    serving::announce(address)?;
    let statistics = run().context("serving")?;
    eprintln!("stopped: {statistics:?}");
    Ok(())
}
