//! What every server program of the course takes on its command line, and how it serves until a signal.

use std::io::{self, ErrorKind};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use capture::Recorder;
use clap::{Args, ValueEnum};
use sockets::log::Log;
use sockets::serving;
use sockets::wire::Wire;

use crate::blocking::{Blocking, Model};
use crate::event_loop::EventLoop;
use crate::handle::Handle;
use crate::limits::Limits;
use crate::listener::{Address, Listener};
use crate::recorded::Recorded;
use crate::service::Service;
use crate::statistics::Statistics;

/// Where a server listens, which shell serves, and what its clients may take of it.
#[derive(Debug, Args)]
pub struct Serve {
    /// `127.0.0.1:0`, `[::1]:7000`, `unix:/tmp/echo.sock`; port 0 lets the system choose.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    pub listen: Address,
    /// Who serves: a thread for each client, a pool of threads, or an event loop.
    #[arg(long, value_enum, default_value = "event-loop")]
    pub model: Shell,
    /// Threads of the pool, or event loops on the one port.
    #[arg(long, value_name = "N", default_value = "1", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub workers: u16,
    /// Connections that may wait for a thread of the pool; one more is refused.
    #[arg(long, value_name = "N", default_value = "64")]
    pub queue: u16,
    /// Drop a client that takes none of what is sent to it for so long.
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = serving::duration)]
    pub write: Duration,
    /// After SIGINT or SIGTERM: finish what is in flight for so long.
    #[arg(long, value_name = "TIME", default_value = "5s", value_parser = serving::duration)]
    pub drain: Duration,
    /// Connections at once; one more is refused.
    #[arg(long, value_name = "N", default_value = "16384")]
    pub connections: usize,
    /// Connections at once from one address.
    #[arg(long, value_name = "N", default_value = "16384")]
    pub per_peer: usize,
}

/// The shells, by the names that `--model` knows them by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[expect(missing_docs, reason = "they would be shown in --help a second time")]
pub enum Shell {
    Threads,
    Pool,
    EventLoop,
}

/// What serves beside the connections on the same address: datagrams, in a thread of its own.
pub struct Companion {
    /// Tells it to stop, and returns at once.
    pub stop: Box<dyn Fn() + Send>,
    /// Waits for its end.
    pub finish: Box<dyn FnOnce() -> Result<()>>,
}

impl Companion {
    fn none() -> Self {
        Self { stop: Box::new(|| {}), finish: Box::new(|| Ok(())) }
    }
}

impl Serve {
    /// Listens, says so in one line on standard output, and serves until SIGINT or SIGTERM and to
    /// the end of what is in flight; with whatever is to be seen of the wire. `name` stands before
    /// each line of the log, on standard error.
    ///
    /// # Errors
    ///
    /// The system's, with what could not be done: an address that cannot be bound, say.
    pub fn offer<F>(&self, name: &'static str, wire: &Wire, service: F) -> Result<()>
    where
        F: Service + Clone + Send + Sync + 'static,
        F::Session: Send,
    {
        self.offer_with(name, wire, service, |_, _, _| Ok(Companion::none()))
    }

    /// The same for a protocol that does not live on connections alone: `companion` is started on the address
    /// that was bound, before that is announced, and stopped with the rest. It is given the recorder too, where
    /// somebody looks, and the log.
    ///
    /// Where the system chose the port, and the companion cannot have it as well (`AddrInUse`), another is tried.
    ///
    /// # Errors
    ///
    /// As [`offer`](Self::offer), and the companion's.
    pub fn offer_with<F>(
        &self,
        name: &'static str,
        wire: &Wire,
        service: F,
        companion: impl Fn(&Address, Option<&Recorder>, &Log) -> Result<Companion>,
    ) -> Result<()>
    where
        F: Service + Clone + Send + Sync + 'static,
        F::Session: Send,
    {
        let log = Log::to(io::stderr(), name);
        let (recorder, watch) = wire.watch(&log).unzip();
        let start = |address: &Address| companion(address, recorder.as_ref(), &log);
        let (listeners, companion) = self.listeners_with(start)?;
        let address = listeners[0].address()?;
        let served = match recorder {
            // Nobody looks, and nothing is recorded.
            None => self.serve(listeners, &address, service, companion, &log),
            Some(recorder) => {
                let recorded = Recorded::new(service, recorder, address.clone());
                self.serve(listeners, &address, recorded, companion, &log)
            }
        };
        let served = served.and(watch.map_or(Ok(()), |watch| watch.finish().map_err(Into::into)));
        log.close(Duration::from_secs(1));
        served
    }

    /// The listeners, and what was started on their address.
    fn listeners_with(
        &self,
        start: impl Fn(&Address) -> Result<Companion>,
    ) -> Result<(Vec<Listener>, Companion)> {
        let free = matches!(self.listen, Address::Tcp(address) if address.port() == 0);
        let mut tries = if free { 8 } else { 1 };
        loop {
            let listeners = self.listeners()?;
            let taken = |error: &anyhow::Error| {
                let system = error.root_cause().downcast_ref::<io::Error>();
                system.is_some_and(|error| error.kind() == ErrorKind::AddrInUse)
            };
            tries -= 1;
            match start(&listeners[0].address()?) {
                Ok(companion) => return Ok((listeners, companion)),
                Err(error) if tries > 0 && taken(&error) => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// One listener, or one for each loop.
    fn listeners(&self) -> Result<Vec<Listener>> {
        let listening = || format!("listening on {}", self.listen);
        match (self.model, self.workers, &self.listen) {
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
        &self,
        listeners: Vec<Listener>,
        address: &Address,
        service: F,
        companion: Companion,
        log: &Log,
    ) -> Result<()>
    where
        F: Service + Clone + Send + Sync + 'static,
        F::Session: Send,
    {
        let limits = Limits {
            connections: self.connections,
            per_peer: self.per_peer,
            write: self.write,
            drain: self.drain,
            ..Limits::default()
        };
        let model = match self.model {
            Shell::EventLoop => {
                let mut loops = Vec::new();
                for listener in listeners {
                    loops.push(EventLoop::new(vec![listener], service.clone(), limits.clone())?);
                }
                let handles = loops.iter().map(EventLoop::handle).collect();
                return until_signal(address, handles, companion, log, || side_by_side(loops));
            }
            Shell::Threads => Model::Threads,
            Shell::Pool => {
                Model::Pool { workers: usize::from(self.workers), queue: usize::from(self.queue) }
            }
        };
        let server = Blocking::new(listeners, service, limits, model)?;
        until_signal(address, vec![server.handle()], companion, log, || server.run())
    }
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
    companion: Companion,
    log: &Log,
    run: impl FnOnce() -> io::Result<Statistics>,
) -> Result<()> {
    let Companion { stop, finish } = companion;
    let stop_all = move || {
        handles.iter().for_each(Handle::stop);
        stop();
    };
    serving::on_signal(stop_all, || {}).context("registering for signals")?;
    serving::announce(address).context("printing the address on standard output")?;
    let statistics = run().context("serving")?;
    let finished = finish();
    log.line(format_args!("stopped: {statistics:?}"));
    finished
}
