//! From an origin to a connection: its addresses, each tried, the first that answers taken.
//!
//! A name has several addresses, and the first of them is often one of IPv6 that leads nowhere from
//! here. Whoever waits for it to fail waits for a minute. So the next one is tried a quarter of a second
//! later, while the first attempt goes on, and whichever connects first is used (RFC 8305 §5, "happy
//! eyeballs"; families alternate as its §4 has it):
//!
//! ```text
//!   0 ms    [2001:db8::1]:80  ────────────────────────── … (no answer)
//!   250 ms  192.0.2.1:80            ──────● connected
//! ```
//!
//! `connect(2)` blocks, so each attempt is a thread's. One that has lost closes its connection.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use sockets::deadlines::Deadline;
use sockets::resolve::Target;

use super::error::Error;
use crate::http::url::{Host, Origin};

/// What an attempt is given before the next one begins (RFC 8305 §5, the recommended value).
const HEAD_START: Duration = Duration::from_millis(250);
/// Addresses that are tried: a name may have any number.
const ADDRESSES: usize = 8;

/// Connects to an origin's host and port within `wait`.
///
/// # Errors
///
/// [`Error::Resolve`], [`Error::Connect`], [`Error::TimedOut`].
pub fn connect(origin: &Origin, wait: Duration) -> Result<TcpStream, Error> {
    let deadline = Deadline::after(wait);
    let host = match &origin.host {
        Host::Name(name) => name.clone(),
        Host::V4(address) => address.to_string(),
        Host::V6(address) => address.to_string(),
    };
    let target = Target { host, port: Some(origin.port) };
    let addresses = target.resolve(wait).map_err(|error| match error {
        sockets::resolve::Error::TimedOut(_) => timed_out(wait),
        other => Error::Resolve(other),
    })?;
    let stream = race(&alternating(addresses), deadline).map_err(|error| match error.kind() {
        io::ErrorKind::TimedOut if deadline.passed() => timed_out(wait),
        _ => Error::Connect(error),
    })?;
    Ok(stream)
}

fn timed_out(wait: Duration) -> Error {
    Error::TimedOut("connecting", wait)
}

/// The addresses in their order, but with the two families by turns.
fn alternating(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let first_is_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (first, second): (Vec<_>, Vec<_>) =
        addresses.into_iter().partition(|address| address.is_ipv6() == first_is_v6);
    let mut second = second.into_iter();
    let mut turns = Vec::new();
    for address in first {
        turns.push(address);
        turns.extend(second.next());
    }
    turns.extend(second);
    turns.truncate(ADDRESSES);
    turns
}

/// Tries each address, and gives the first connection; or the error of the attempt that failed last.
fn race(addresses: &[SocketAddr], deadline: Deadline) -> io::Result<TcpStream> {
    let (done, outcomes) = mpsc::channel();
    let mut waiting = addresses.iter();
    let mut under_way = 0;
    let mut failed = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    loop {
        if let Some(address) = waiting.next().copied() {
            let (done, left) = (done.clone(), deadline.remaining()?);
            under_way += 1;
            // Once somebody has won, nobody listens, and a later connection is closed where it is made.
            thread::spawn(move || done.send(TcpStream::connect_timeout(&address, left)));
        } else if under_way == 0 {
            return Err(failed);
        }
        let left = deadline.remaining()?;
        let patience = if waiting.len() > 0 { HEAD_START.min(left) } else { left };
        match outcomes.recv_timeout(patience) {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => (failed, under_way) = (error, under_way - 1),
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::time::Instant;

    use super::*;

    const WAIT: Duration = Duration::from_secs(20);

    fn address(text: &str) -> SocketAddr {
        text.parse().expect("an address")
    }

    /// A port on which nobody listens.
    fn closed() -> SocketAddr {
        TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port")
    }

    #[test]
    fn families_take_turns() {
        let list = ["[::1]:1", "[::2]:1", "127.0.0.1:1", "127.0.0.2:1", "127.0.0.3:1"];
        let turns = alternating(list.map(address).to_vec());
        let want = ["[::1]:1", "127.0.0.1:1", "[::2]:1", "127.0.0.2:1", "127.0.0.3:1"];
        assert_eq!(turns, want.map(address));
        assert_eq!(alternating(vec![address("127.0.0.1:1"); 20]).len(), ADDRESSES);
    }

    #[test]
    fn the_next_address_is_tried_when_one_refuses() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let open = listener.local_addr().expect("its address");
        let began = Instant::now();
        let stream = race(&[closed(), closed(), open], Deadline::after(WAIT)).expect("the third");
        assert_eq!(stream.peer_addr().expect("connected"), open);
        assert!(began.elapsed() < Duration::from_secs(10));
    }

    #[test]
    fn when_all_refuse_that_is_what_is_said() {
        let error = race(&[closed(), closed()], Deadline::after(WAIT)).expect_err("nobody");
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        assert!(race(&[], Deadline::after(WAIT)).is_err());
    }

    #[test]
    fn an_origin_may_be_an_address() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let text = format!("http://{}/", listener.local_addr().expect("its address"));
        let url = crate::http::url::Url::parse(&text).expect("a URL");
        assert!(connect(&url.origin, WAIT).is_ok());
    }
}
