//! Graded test of `rebind-at-once`.

use std::io::{self, ErrorKind, Write};
use std::net::{SocketAddr, TcpListener};
use std::time::{Duration, Instant};

use harness::{Check, Ending, Mistake, Outcome, Report, check};
use rebind_at_once::listen;
use socket2::{Domain, SockRef, Socket, Type};

const LINGER_ZERO: Mistake = Mistake {
    name: "linger-zero",
    why: "`SO_LINGER` of 0 seconds makes every close a reset: no TIME_WAIT, and no end of stream either",
    spec: "socket(7), SO_LINGER; RFC 9293 §3.10.5: ABORT",
};
const NO_OPTION: Mistake = Mistake {
    name: "no-reuse-address",
    why: "without `SO_REUSEADDR` a port stays taken for as long as the system remembers a connection on it",
    spec: "socket(7), SO_REUSEADDR; RFC 9293 §3.6.1",
};
const ONLY_NEW: Mistake = Mistake {
    name: "only-the-new-socket",
    why: "the remembered connections must have `SO_REUSEADDR` as well: they have it from the listener that accepted them",
    spec: "socket(7), NOTES",
};
const AFTER_BIND: Mistake = Mistake {
    name: "option-after-bind",
    why: "`SO_REUSEADDR` is a question that `bind` asks; whoever sets it afterwards has been refused by then",
    spec: "socket(7), SO_REUSEADDR",
};
const WAITS: Mistake = Mistake {
    name: "waits-it-out",
    why: "the port will be free in a minute, and until then nobody is served",
    spec: "RFC 9293 §3.6.1: TIME-WAIT; socket(7), SO_REUSEADDR",
};
const REUSE_PORT: Mistake = Mistake {
    name: "reuse-port",
    why: "`SO_REUSEPORT` lets a second server onto the port, and the system deals the connections out to both",
    spec: "socket(7), SO_REUSEPORT",
};

/// How long `listen` may take. It has nothing to wait for.
const PATIENCE: Duration = Duration::from_millis(1_000);

#[test]
fn a_client_is_served_to_the_end_of_the_stream() -> Outcome {
    check(|c| {
        let listener = started(c, "127.0.0.1:0")?;
        converse(c, &listener)
    })
}

#[test]
fn clients_wait_until_they_are_accepted() -> Outcome {
    check(|c| {
        let listener = started(c, "127.0.0.1:0")?;
        let address = c.ok("`local_addr`", listener.local_addr(), None)?;
        c.want("20 clients connect before the first of them is accepted");
        let clients: Vec<_> =
            (0..20).map(|n| c.connect(&format!("client {n}"), address)).collect::<Outcome<_>>()?;
        drop(clients);
        Ok(())
    })
}

#[test]
fn the_port_is_free_again_at_once() -> Outcome {
    check(|c| {
        on_some_port(c, |listener| {
            converse(c, &listener)?;
            restart(c, listener)
        })
    })
}

#[test]
fn and_again_and_again() -> Outcome {
    check(|c| {
        on_some_port(c, |mut listener| {
            for _ in 0..4 {
                converse(c, &listener)?;
                converse(c, &listener)?;
                match restart(c, listener)? {
                    Some(next) => listener = next,
                    None => return Ok(None),
                }
            }
            Ok(Some(listener))
        })
    })
}

#[test]
fn open_connections_stay_open() -> Outcome {
    check(|c| {
        on_some_port(c, |listener| {
            let address = c.ok("`local_addr`", listener.local_addr(), None)?;
            let mut client = c.connect("old client", address)?;
            let (mut accepted, _) = c.ok("`accept`", listener.accept(), None)?;
            let Some(next) = restart(c, listener)? else { return Ok(None) };
            c.want("the old client's connection goes on");
            c.ok("writing to the old client", accepted.write_all(b"still here"), None)?;
            client.expect(b"still here", None)?;
            Ok(Some(next))
        })
    })
}

#[test]
fn a_second_server_is_refused_while_the_first_listens() -> Outcome {
    check(|c| {
        let first = started(c, "127.0.0.1:0")?;
        let address = c.ok("`local_addr`", first.local_addr(), None)?;
        c.want("an error of kind AddrInUse: the port is the first server's");
        match called(c, "with the same address, while the first listener is open", address)? {
            Err(error) if error.kind() == ErrorKind::AddrInUse => converse(c, &first),
            Ok(second) => Err(c.fail(shares_ports(&second), "Ok: two listeners on one port")),
            Err(error) => Err(c.fail(None, format!("`listen` returned Err({error:?})"))),
        }
    })
}

#[test]
fn over_ipv6_as_well() -> Outcome {
    check(|c| {
        if let Err(error) = TcpListener::bind("[::1]:0") {
            return Err(c.skip(format!("no IPv6 on this machine's loopback: {error}")));
        }
        let listener = started(c, "[::1]:0")?;
        converse(c, &listener)
    })
}

#[test]
fn an_address_of_another_machine_is_an_error() -> Outcome {
    check(|c| {
        c.want("an error of kind AddrNotAvailable, at once");
        // Of the block for documentation (RFC 5737), so that it is nobody's.
        let address = SocketAddr::from(([198, 51, 100, 1], 0));
        let result = called(c, "with 198.51.100.1:0, which is not this machine's", address)?;
        let kind = result.as_ref().err().map(io::Error::kind);
        let right = kind == Some(ErrorKind::AddrNotAvailable);
        c.ensure(right, None, || format!("`listen` returned {result:?}"))
    })
}

/// Calls the answer, and expects a listener.
fn started(c: &Check, address: &str) -> Outcome<TcpListener> {
    c.want(format!("a listener on {address}"));
    let parsed = c.ok("parsing an address", address.parse(), None)?;
    let listener = c.ok("`listen`", called(c, &format!("with {address}"), parsed)?, None)?;
    let at = c.ok("`local_addr`", listener.local_addr(), None)?;
    c.ensure(at.ip() == parsed.ip() && at.port() != 0, None, || format!("one on {at}"))?;
    Ok(listener)
}

/// Calls the answer.
fn called(c: &Check, how: &str, address: SocketAddr) -> Outcome<io::Result<TcpListener>> {
    let calling = c.call("listen", how, move || listen(address));
    calling.returned(PATIENCE).ok_or_else(|| {
        let waits = calling.still_runs();
        c.fail(waits.then_some(&WAITS), if waits { "`listen` has not returned" } else { "" })
    })
}

/// A client connects, and the server speaks and closes first: so it is the server's system that
/// remembers the connection.
fn converse(c: &Check, listener: &TcpListener) -> Outcome {
    let address = c.ok("`local_addr`", listener.local_addr(), None)?;
    let mut client = c.connect("client", address)?;
    let (mut accepted, _) = c.ok("`accept`", listener.accept(), None)?;
    c.ok("writing to the client", accepted.write_all(b"goodbye"), None)?;
    drop(accepted);
    c.did("the server accepted it, sent \"goodbye\" and closed");
    c.want("the client receives it, then end of stream");
    let (got, ending) = client.receive(8);
    if got == b"goodbye" && ending == Ending::End {
        client.close();
        return Ok(());
    }
    let reset = (ending == Ending::Reset).then_some(&LINGER_ZERO);
    Err(client.differs(b"goodbye", &got, ending, reset))
}

/// Runs `body` with a listener of the answer's, and a conversation with what it returns. `body`
/// returns `None` if another program took the port; then it runs again, on another one.
fn on_some_port(c: &Check, body: impl Fn(TcpListener) -> Outcome<Option<TcpListener>>) -> Outcome {
    for _ in 0..5 {
        c.attempt("began on a port of the system's choice");
        if let Some(listener) = body(started(c, "127.0.0.1:0")?)? {
            return converse(c, &listener);
        }
    }
    Err(c.skip("other programs took the port, five times over"))
}

/// Closes the listener, and has the answer open it again.
fn restart(c: &Check, listener: TcpListener) -> Outcome<Option<TcpListener>> {
    let address = c.ok("`local_addr`", listener.local_addr(), None)?;
    let had_option = c.ok("`reuse_address`", SockRef::from(&listener).reuse_address(), None)?;
    drop(listener);
    c.did("closed the listener");
    let end = Instant::now() + PATIENCE;
    while bound(address, false).is_ok() {
        if Instant::now() > end {
            return Err(c.skip("on this system, a port with remembered connections is free"));
        }
    }
    c.did("a socket without options cannot bind the address: AddrInUse");
    c.want("`listen` opens it again, at once");
    match called(c, "with the same address", address)? {
        Ok(listener) => Ok(Some(listener)),
        Err(error) if error.kind() != ErrorKind::AddrInUse => {
            Err(c.fail(None, format!("`listen` returned Err({error:?})")))
        }
        Err(_) if !had_option => Err(without_option(c)),
        Err(_) if bound(address, true).is_err() => Ok(None), // Nobody could bind it now.
        // Once more, lest another program had it for just that moment.
        Err(_) => match called(c, "once more", address)? {
            Ok(listener) => Ok(Some(listener)),
            Err(_) => {
                let got = "AddrInUse; a socket with SO_REUSEADDR, set before `bind`, binds it";
                Err(c.fail(&AFTER_BIND, got))
            }
        },
    }
}

/// The report on an answer whose first listener had no `SO_REUSEADDR`. Where a socket is bound that
/// has it, and does not listen, only a socket that has it too can bind.
fn without_option(c: &Check) -> Report {
    let got = "AddrInUse; the first listener had no SO_REUSEADDR";
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let elsewhere = bound(any, true).and_then(|socket| socket.local_addr().map(|at| (socket, at)));
    let Ok((_elsewhere, at)) = elsewhere else { return c.fail(None, got) };
    let Some(at) = at.as_socket() else { return c.fail(None, got) };
    let second_has_it = matches!(
        called(c, "where a socket with SO_REUSEADDR is bound and does not listen", at),
        Ok(Ok(_))
    );
    c.fail(if second_has_it { &ONLY_NEW } else { &NO_OPTION }, got)
}

fn bound(address: SocketAddr, reuse: bool) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    socket.set_reuse_address(reuse)?;
    socket.bind(&address.into())?;
    Ok(socket)
}

#[cfg(unix)]
fn shares_ports(listener: &TcpListener) -> Option<&'static Mistake> {
    SockRef::from(listener).reuse_port().unwrap_or(false).then_some(&REUSE_PORT)
}
#[cfg(not(unix))]
fn shares_ports(_: &TcpListener) -> Option<&'static Mistake> {
    None
}
