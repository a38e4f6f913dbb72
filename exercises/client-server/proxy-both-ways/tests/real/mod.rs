//! The answer on an event loop, between two real sockets.

use std::io::{self, ErrorKind};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use harness::{Check, Running};
use mio::{Events, Interest, Poll, Token};
use proxy_both_ways::{Proxy, Turn};

/// How long the loop runs at most.
const PATIENCE: Duration = Duration::from_secs(4);

/// Runs a loop around the answer, on a thread of its own. It ends when the answer is done.
pub(crate) fn run(c: &Check, client: TcpStream, server: TcpStream) -> Running<(), io::Error> {
    c.call("pump", "in a loop over mio, edge-triggered", move || {
        for stream in [&client, &server] {
            stream.set_nonblocking(true)?;
            stream.set_nodelay(true)?; // Or the last bytes wait for an acknowledgement.
        }
        let mut poll = Poll::new()?;
        let mut streams = [client, server].map(mio::net::TcpStream::from_std);
        for stream in &mut streams {
            let both = Interest::READABLE | Interest::WRITABLE;
            poll.registry().register(stream, Token(0), both)?;
        }
        let [client, server] = streams;
        turns(&mut poll, &mut Proxy::new(client, server))
    })
}

fn turns(
    poll: &mut Poll,
    proxy: &mut Proxy<mio::net::TcpStream, mio::net::TcpStream>,
) -> io::Result<()> {
    let deadline = Instant::now() + PATIENCE;
    let mut events = Events::with_capacity(16);
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(ErrorKind::TimedOut.into());
        }
        match proxy.pump()? {
            Turn::Done => return Ok(()),
            Turn::Again => {}
            Turn::Waiting => match poll.poll(&mut events, Some(left)) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                result => result?,
            },
        }
    }
}
