//! The same on sockets of this machine, with the edges that its kernel reports.

use std::io;
use std::time::{Duration, Instant};

use drain_readiness::Server;
use harness::{Check, Outcome, Peer};
use mio::event::Event;
use mio::net::TcpListener;
use mio::{Events, Poll, Token};

use crate::site::Log;

/// How long an event may take on a machine that is busy.
const PATIENCE: Duration = Duration::from_millis(2_000);
const CLIENTS: usize = 12;

/// Twelve clients connect, send and close before the loop looks, and all is told.
pub(crate) fn twelve_clients(c: &Check) -> Outcome {
    let ours = |error: io::Error| c.fail(None, format!("setting up: {error}"));
    let (listener, address) = c.listener()?;
    listener.set_nonblocking(true).map_err(ours)?;
    let mut poll = Poll::new().map_err(ours)?;
    let log = Log::default();
    let server = Server::new(TcpListener::from_std(listener), log.clone(), poll.registry());
    let mut server = c.ok("`new`", server, None)?;

    let mut random = c.random();
    let mut sent = Vec::new();
    c.in_one_step(
        format!("connected {CLIENTS} clients; each sent some bytes and its end"),
        || {
            for index in 0..CLIENTS {
                let mut client: Peer = c.connect(&format!("client {index}"), address)?;
                let bytes = random.bytes(1_000 * index);
                client.send(&bytes)?;
                client.half_close()?;
                sent.push((client, bytes));
            }
            Ok(())
        },
    )?;

    c.did("polled, and called `turn`, until all had ended");
    let deadline = Instant::now() + PATIENCE;
    let mut events = Events::with_capacity(4);
    let mut timeout = None;
    while ended(&log) < CLIENTS && Instant::now() < deadline {
        let wait = timeout.unwrap_or(PATIENCE);
        match poll.poll(&mut events, Some(wait)) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            polled => polled.map_err(ours)?,
        }
        timeout = server.turn(poll.registry(), events.iter().map(Event::token));
    }
    let count = ended(&log);
    c.ensure(count == CLIENTS, None, || format!("{count} of {CLIENTS} clients were told to end"))?;
    // Whose token is whose, only the order of connecting says; and that is the queue's order.
    for (index, (_, bytes)) in sent.iter().enumerate() {
        c.same_bytes(bytes, &log.of(Token(index + 1)).bytes, None)?;
    }
    Ok(())
}

fn ended(log: &Log) -> usize {
    (1..=CLIENTS).filter(|token| !log.of(Token(*token)).ended.is_empty()).count()
}
