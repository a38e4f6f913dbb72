//! Who is connected, and what is done for them.

use std::fs::File;
use std::io::BufWriter;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tcp_ip::Instant;
use tcp_ip::service::{Echo, Fetch, Fetched, Files, Next, Service, Target};
use tcp_ip::tcp::{Connection, Handle, Stack, State};

/// Connections that wait to be accepted, of one port.
pub(super) const BACKLOG: usize = 128;
/// Connections at once. One more waits in the backlog, and beyond that is not answered.
const MOST_GUESTS: usize = 1024;
/// After so long without an octet in either direction, a connection is reset.
const PATIENCE: Duration = Duration::from_secs(60);

/// A service at a port.
#[derive(Debug)]
pub(super) struct Offer {
    pub(super) port: u16,
    files: Option<Files>,
}

impl Offer {
    pub(super) fn files(port: u16, files: Files) -> Self {
        Self { port, files: Some(files) }
    }

    pub(super) fn echo(port: u16) -> Self {
        Self { port, files: None }
    }

    fn serve(&self) -> Task {
        match &self.files {
            Some(files) => Task::Files(files.another()),
            None => Task::Echo(Echo),
        }
    }
}

#[derive(Debug)]
enum Task {
    Echo(Echo),
    Files(Files),
    Fetch(Fetch<BufWriter<File>>),
}

impl Task {
    fn service(&mut self) -> &mut dyn Service {
        match self {
            Self::Echo(echo) => echo,
            Self::Files(files) => files,
            Self::Fetch(fetch) => fetch,
        }
    }
}

#[derive(Debug)]
struct Guest {
    handle: Handle,
    task: Task,
    /// When something last went on, and what could be seen of it.
    progress: Instant,
    seen: (u64, usize, usize),
}

/// All connections.
#[derive(Debug)]
pub(super) struct Guests {
    offers: Vec<Offer>,
    present: Vec<Guest>,
    /// Connections that we are done with, and that are not over.
    leaving: Vec<Handle>,
    served: u64,
    /// How the fetch ended, if there was one.
    pub(super) fetched: Option<Fetched>,
}

impl Guests {
    pub(super) fn new(offers: Vec<Offer>) -> Self {
        Self { offers, present: Vec::new(), leaving: Vec::new(), served: 0, fetched: None }
    }

    /// How many have been served.
    pub(super) fn served(&self) -> u64 {
        self.served
    }

    /// Whether nobody is there any more, and all that was said to them has arrived.
    pub(super) fn have_left(&mut self, stack: &Stack) -> bool {
        let on_the_way = |handle: &Handle| {
            let state = stack.connection(*handle).map_or(State::Closed, Connection::state);
            !matches!(state, State::Closed | State::TimeWait)
        };
        self.leaving.retain(on_the_way);
        self.present.is_empty() && self.leaving.is_empty()
    }

    /// Begins a fetch.
    pub(super) fn fetch(
        &mut self,
        now: Instant,
        stack: &mut Stack,
        target: &Target,
        file: File,
    ) -> Result<()> {
        let handle = stack.connect(now, target.server).context("connecting")?;
        let task = Task::Fetch(Fetch::new(target, BufWriter::new(file)));
        self.present.push(Guest { handle, task, progress: now, seen: (0, 0, 0) });
        Ok(())
    }

    /// Lets nobody in any more.
    pub(super) fn close_the_door(&mut self, stack: &mut Stack) {
        for offer in self.offers.drain(..) {
            stack.unlisten(offer.port);
        }
    }

    /// Lets in who waits, and does for everybody what can be done. (A server for many would ask only
    /// those for whom a packet came; to us, they are few.)
    pub(super) fn serve(&mut self, now: Instant, stack: &mut Stack) {
        for offer in &self.offers {
            while self.present.len() < MOST_GUESTS {
                let Some(handle) = stack.accept(offer.port) else { break };
                let (task, seen) = (offer.serve(), (0, 0, 0));
                self.present.push(Guest { handle, task, progress: now, seen });
            }
        }
        let mut at = 0;
        while let Some(guest) = self.present.get_mut(at) {
            if guest.serve(now, stack) {
                at += 1;
                continue;
            }
            let guest = self.present.swap_remove(at);
            stack.release(guest.handle);
            self.leaving.push(guest.handle);
            if self.leaving.len() > 2 * MOST_GUESTS {
                self.have_left(stack);
            }
            self.served += 1;
            if let Task::Fetch(fetch) = guest.task {
                let silent = || Fetched::Failed("the server says nothing".to_owned());
                self.fetched = Some(fetch.result().cloned().unwrap_or_else(silent));
            }
        }
    }

    /// When somebody's patience ends.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.present.iter().map(|guest| guest.progress + PATIENCE).min()
    }

    /// Whether the fetch worked, or there was none.
    pub(super) fn outcome(&self) -> Result<bool> {
        match &self.fetched {
            Some(Fetched::Failed(reason)) => bail!("fetching: {reason}"),
            Some(Fetched::All(octets)) => eprintln!("fetched {octets} octets"),
            None => {}
        }
        Ok(!self.present.iter().any(|guest| matches!(guest.task, Task::Fetch(_))))
    }
}

impl Guest {
    /// Whether it stays.
    fn serve(&mut self, now: Instant, stack: &mut Stack) -> bool {
        let Some(connection) = stack.connection(self.handle) else { return false };
        if self.task.service().wants(connection) {
            let Some(connection) = stack.connection_mut(self.handle) else { return false };
            match self.task.service().serve(connection) {
                Next::Continue => {}
                Next::Done => return false,
                Next::Abort => {
                    connection.abort();
                    return false;
                }
            }
        }
        let Some(connection) = stack.connection(self.handle) else { return false };
        let seen = seen(connection);
        if self.seen != seen {
            (self.seen, self.progress) = (seen, now);
        }
        if now.since(self.progress) < PATIENCE {
            return true;
        }
        if let Some(connection) = stack.connection_mut(self.handle) {
            connection.abort();
        }
        false
    }
}

/// What changes while a connection is of use: acknowledgments alone are not that.
fn seen(connection: &Connection) -> (u64, usize, usize) {
    let counters = connection.counters();
    (
        counters.sent - u64::from(counters.retransmitted),
        connection.unacknowledged(),
        connection.readable(),
    )
}
