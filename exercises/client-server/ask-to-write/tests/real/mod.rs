//! The same on a socket of this machine, with the events that its kernel reports.

use std::io::{self, Read};
use std::net::TcpStream as StdStream;
use std::time::{Duration, Instant};

use ask_to_write::Connection;
use harness::{Check, Outcome};
use mio::event::Event;
use mio::net::TcpStream;
use mio::{Events, Poll, Token};

/// What is sent in one call.
const PIECE: usize = 64 * 1024;
/// More calls than the system has room for, of a connection whose peer does not read.
const CALLS: usize = 256;
/// Of what arrives, so much is recorded for `cargo course wire`.
const SHOWN: usize = 4 * 1024;
/// How long all of it may take on a machine that is busy.
const PATIENCE: Duration = Duration::from_millis(2_000);
/// How long a loop with nothing to do is watched.
const QUIET: Duration = Duration::from_millis(20);

/// Sends until something waits, to a peer that begins to read only then.
pub(crate) fn full_buffers(c: &Check) -> Outcome {
    let ours = |error: io::Error| c.fail(None, format!("setting up: {error}"));
    let (stream, mut peer): (StdStream, _) = c.pair("peer")?;
    stream.set_nonblocking(true).map_err(ours)?;
    let mut poll = Poll::new().map_err(ours)?;
    let stream = TcpStream::from_std(stream);
    let connection = Connection::new(stream, Token(3), poll.registry());
    let mut connection = c.ok("`new`", connection, None)?;

    let piece = c.random().bytes(PIECE);
    c.did(format!("called `send` with {PIECE} bytes, until some wait; then the peer read"));
    let mut calls = 0;
    while connection.pending() == 0 && calls < CALLS {
        let sent = connection.send(&piece, poll.registry());
        c.ok("`send`", sent.map_err(|error| error.kind()), None)?;
        calls += 1;
    }
    let bytes = piece.repeat(calls);
    let count = bytes.len();
    let reader = c.spawn(move || {
        let (mut got, _) = peer.receive_within(PATIENCE, SHOWN);
        let rest = (count - got.len()) as u64;
        let _ = peer.stream().set_read_timeout(Some(PATIENCE));
        // On an error it keeps what it has read: too little, which is told below.
        let _ = peer.stream().take(rest).read_to_end(&mut got);
        got
    });

    let deadline = Instant::now() + PATIENCE;
    let mut events = Events::with_capacity(4);
    while connection.pending() > 0 && Instant::now() < deadline {
        turn(c, &mut poll, &mut events, &mut connection, PATIENCE)?;
    }
    let got = reader.join().map_err(|_| c.fail(None, "the peer could not read"))?;
    if got != bytes {
        c.same_bytes(&bytes, &got, None)?;
    }

    // One event may be on its way yet; a loop that is busy has any number of them.
    let mut count = 0;
    while count < 10 && turn(c, &mut poll, &mut events, &mut connection, QUIET)? {
        count += 1;
    }
    c.ensure(count < 10, None, || format!("{count} events after all was sent"))
}

/// One turn of a loop. `false`: there was no event.
fn turn(
    c: &Check,
    poll: &mut Poll,
    events: &mut Events,
    connection: &mut Connection<TcpStream>,
    wait: Duration,
) -> Outcome<bool> {
    match poll.poll(events, Some(wait)) {
        Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(true),
        polled => polled.map_err(|error| c.fail(None, format!("poll: {error}")))?,
    }
    if events.iter().any(Event::is_writable) {
        let result = connection.writable(poll.registry());
        c.ok("`writable`", result.map_err(|error| error.kind()), None)?;
    }
    Ok(!events.is_empty())
}
