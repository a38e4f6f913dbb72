//! The two hosts at the ends of a control connection, and strangers.

use std::io::Result as IoResult;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use harness::{Check, Mistake, Outcome, Peer};
use open_data_channels::{DataListener, Refused, target};
use socket2::{Domain, Socket, Type};

use crate::mistakes::ANY_HOST;

/// So long a connection may need to get from one end to the other of the same machine.
const PATIENCE: Duration = Duration::from_millis(900);

/// An address that a test has in its text.
pub(crate) fn ip(text: &str) -> IpAddr {
    text.parse().unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED))
}

/// Fails unless `target` says this of a line from `peer`. `because` is given what it says instead.
pub(crate) fn leads(
    c: &Check,
    line: &str,
    peer: &str,
    want: Result<u16, Refused>,
    because: impl FnOnce(Result<SocketAddr, Refused>) -> Option<&'static Mistake>,
) -> Outcome {
    let want = want.map(|port| SocketAddr::new(ip(peer), port));
    c.attempt(format!("called `target` with \"{line}\" from {peer}"));
    c.want(told(want));
    let got = target(line, ip(peer));
    c.ensure(got == want, because(got), || told(got))
}

fn told(target: Result<SocketAddr, Refused>) -> String {
    match target {
        Ok(address) => format!("{}, port {}", address.ip(), address.port()),
        Err(refused) => format!("Err({refused:?})"),
    }
}

/// A control connection from 127.0.0.1 to `host`; and the server's end of it, which is the answer's.
pub(crate) fn control(c: &Check, host: Ipv4Addr) -> Outcome<(Peer, TcpStream)> {
    let bound = TcpListener::bind((host, 0)).and_then(|l| Ok((l.local_addr()?, l)));
    let (at, listener) = bound.map_err(|error| c.skip(format!("no {host}: {error}")))?;
    let client = c.connect("client", at)?;
    let accepted = listener.accept();
    let (stream, _) = accepted.map_err(|error| c.fail(None, format!("accepting: {error}")))?;
    Ok((client, stream))
}

/// A listener of the answer's beside that control connection, and where it listens.
pub(crate) fn beside(c: &Check, control: &TcpStream) -> Outcome<(DataListener, SocketAddr)> {
    c.did("called `DataListener::beside` with the server's end");
    let listener = c.ok("`beside`", DataListener::beside(control), None)?;
    let address = c.ok("`address`", listener.address(), None)?;
    Ok((listener, address))
}

/// A client from another address than 127.0.0.1, which is ours as well (*Linux*; elsewhere it is not there).
pub(crate) fn stranger(c: &Check, name: &str, to: SocketAddr) -> Outcome<Peer> {
    let from = SocketAddr::from((Ipv4Addr::new(127, 0, 0, 3), 0));
    let bound = Socket::new(Domain::IPV4, Type::STREAM, None)
        .and_then(|socket| socket.bind(&from.into()).map(|()| socket));
    let socket = bound.map_err(|error| c.skip(format!("no 127.0.0.3: {error}")))?;
    let done = socket.connect_timeout(&to.into(), PATIENCE);
    done.map_err(|error| c.fail(None, format!("connecting failed: {error}")))?;
    c.connected(name, socket.into())
}

/// Calls `accept` until it returns something else than `None`. It can take a moment until a connection
/// that one end has made is there at the other.
fn accepted(listener: &DataListener) -> IoResult<Option<TcpStream>> {
    let until = Instant::now() + PATIENCE;
    loop {
        match listener.accept() {
            Ok(None) if Instant::now() < until => thread::yield_now(),
            said => return said,
        }
    }
}

/// The stream that `accept` gives of those that are there, which must be this client's.
pub(crate) fn data(c: &Check, listener: &DataListener, client: &Peer) -> Outcome<TcpStream> {
    c.did("called `accept` until it returned something");
    c.want("Ok(Some(the client's connection))");
    let local = client.stream().local_addr().ok();
    match accepted(listener) {
        Ok(Some(stream)) if stream.peer_addr().ok() == local => Ok(stream),
        Ok(Some(stream)) => {
            let from = stream.peer_addr().map_or("nowhere".to_owned(), |from| from.to_string());
            let any = from.starts_with("127.0.0.3").then_some(&ANY_HOST);
            Err(c.fail(any, format!("a connection from {from}")))
        }
        Ok(None) => Err(c.fail(None, "Ok(None), though the client has connected")),
        Err(error) => Err(c.fail(None, format!("Err({error})"))),
    }
}
