//! How much the system holds: for a reader who is busy, for a writer who is fast, for an accept that
//! is late.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use socket2::{Domain, SockRef, Socket, Type};

use super::{Findings, SocketOption, fill, pair, pair_of};

/// How much may wait to be read.
///
/// Over TCP it bounds the window that the peer is offered, and so the speed on a long path: no more than
/// a buffer can be on the way in a round-trip time. Linux sizes it by itself; setting it turns that off.
/// Set it before `connect` or `listen`, since the window's scale is agreed upon in the SYN (`tcp(7)`).
pub const SO_RCVBUF: SocketOption = SocketOption {
    name: "SO_RCVBUF",
    source: "socket(7), tcp(7)",
    what: "octets that wait to be read; the window that TCP offers",
    show: receive_buffer,
};

fn receive_buffer(findings: &mut Findings) -> io::Result<()> {
    let (near, _far) = pair()?;
    let socket = SockRef::from(&near);
    asked_and_given(
        findings,
        |size| socket.set_recv_buffer_size(size),
        || socket.recv_buffer_size(),
    )?;
    let small = taken_by_a_peer_that_does_not_read(Some(8 * 1024))?;
    let large = taken_by_a_peer_that_does_not_read(Some(400 * 1024))?;
    findings.guaranteed(
        small < large,
        "a peer with a small one takes less before the writer must wait",
        format!("≈ {small} octets against ≈ {large}"),
    );
    Ok(())
}

/// Octets that a writer is rid of although the peer does not read, with this receive buffer.
fn taken_by_a_peer_that_does_not_read(buffer: Option<usize>) -> io::Result<usize> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    if let Some(size) = buffer {
        // On the listener: the accepted socket has it from its first segment on.
        SockRef::from(&listener).set_recv_buffer_size(size)?;
    }
    let (near, _far) = pair_of(&listener)?;
    SockRef::from(&near).set_send_buffer_size(1)?;
    fill(&near)
}

/// How much may wait to be sent, or to be acknowledged.
pub const SO_SNDBUF: SocketOption = SocketOption {
    name: "SO_SNDBUF",
    source: "socket(7), tcp(7)",
    what: "octets that wait to be sent or acknowledged: what a write takes at once",
    show: send_buffer,
};

fn send_buffer(findings: &mut Findings) -> io::Result<()> {
    let (near, _far) = pair()?;
    let socket = SockRef::from(&near);
    asked_and_given(
        findings,
        |size| socket.set_send_buffer_size(size),
        || socket.send_buffer_size(),
    )?;
    let taken = |size: usize| -> io::Result<usize> {
        let (near, _far) = pair()?;
        SockRef::from(&near).set_send_buffer_size(size)?;
        fill(&near)
    };
    let (small, large) = (taken(16 * 1024)?, taken(200 * 1024)?);
    findings.guaranteed(
        small < large,
        "a small one is full sooner: a write takes less before it must wait",
        format!("≈ {small} octets against ≈ {large}"),
    );
    Ok(())
}

fn asked_and_given(
    findings: &mut Findings,
    set: impl Fn(usize) -> io::Result<()>,
    get: impl Fn() -> io::Result<usize>,
) -> io::Result<()> {
    let asked = 64 * 1024;
    set(asked)?;
    let given = get()?;
    findings.seen(
        given == 2 * asked,
        "Linux gives twice what is asked, for its own bookkeeping",
        format!("asked {asked}, given {given}"),
    );
    set(1)?;
    let least = get()?;
    findings.seen(least > 1, "and never less than a minimum", format!("asked 1, given ≈ {least}"));
    let much = 1 << 30;
    set(much)?;
    let most = get()?;
    findings.seen(
        most < much,
        "and never more than net.core.rmem_max or wmem_max allows",
        format!("asked {much}, given ≈ {most}"),
    );
    Ok(())
}

/// How many connections wait to be accepted.
///
/// No option but an argument of `listen(2)`. The system makes the connection; `accept` only hands it over.
/// So clients connect, and write, to a server that has not looked at them yet, until the queue is full.
/// Then Linux lets their SYN fall, and they try again after a second (RFC 6298 §2): a burst of clients
/// shows as connections that take 1 s, or 3.
pub const BACKLOG: SocketOption = SocketOption {
    name: "backlog",
    source: "listen(2); RFC 6298 §2",
    what: "connections that the system makes before anybody accepts them",
    show: backlog,
};

fn backlog(findings: &mut Findings) -> io::Result<()> {
    for asked in [1, 4] {
        let listener = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        listener.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into())?;
        listener.listen(asked)?;
        let address = listener.local_addr()?;
        let mut waiting = Vec::new();
        loop {
            let client = Socket::new(Domain::IPV4, Type::STREAM, None)?;
            if client.connect_timeout(&address, Duration::from_millis(100)).is_err() {
                break;
            }
            waiting.push(client);
            if waiting.len() > 100 {
                break;
            }
        }
        findings.seen(
            waiting.len() == usize::try_from(asked).unwrap_or(0) + 1,
            format!("{asked}: one more than that connect, although nobody accepts"),
            format!("{} connected, the next waits", waiting.len()),
        );
    }
    Ok(())
}
