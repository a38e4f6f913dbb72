//! Options of `bind`: who may have an address.

use std::io::{self, ErrorKind, Read};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream};

use socket2::{Domain, SockRef, Socket, Type};

use super::{Findings, PATIENCE, SocketOption};

/// Binds although old connections of that address are in TIME-WAIT.
///
/// The side that closes first keeps the connection in TIME-WAIT, for a minute on Linux, so that a late
/// segment does not reach a new connection with the same addresses (RFC 9293 §3.6). A server that closed
/// first and restarts finds its port in use. The option says that this is understood. It belongs on every
/// listener, before `bind`: on Linux the old socket must have had it too.
pub const SO_REUSEADDR: SocketOption = SocketOption {
    name: "SO_REUSEADDR",
    source: "socket(7), ip(7); RFC 9293 §3.6",
    what: "bind although old connections of that port are in TIME-WAIT",
    show: reuse_address,
};

fn reuse_address(findings: &mut Findings) -> io::Result<()> {
    for (old, new, allowed, text) in [
        (false, false, false, "off: the port of a server that closed first is in use (EADDRINUSE)"),
        (false, true, false, "only on the new socket: still in use"),
        (true, true, true, "on the old and the new: it binds"),
    ] {
        let address = port_in_time_wait(old)?;
        let bound = listen(address, |socket| socket.set_reuse_address(new));
        let holds = match &bound {
            Ok(_) => allowed,
            Err(error) => !allowed && error.kind() == ErrorKind::AddrInUse,
        };
        findings.seen(holds, text, "");
    }
    // It is not a licence to share: two listeners on one port are refused all the same.
    let first = listen(SocketAddr::from(([127, 0, 0, 1], 0)), |s| s.set_reuse_address(true))?;
    let second = listen(address_of(&first)?, |socket| socket.set_reuse_address(true));
    findings.seen(
        second.is_err_and(|error| error.kind() == ErrorKind::AddrInUse),
        "on: a second listener beside a live one is still refused",
        "",
    );
    Ok(())
}

/// The address of a listener that is gone, one of whose connections is in TIME-WAIT.
fn port_in_time_wait(reuse: bool) -> io::Result<SocketAddr> {
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let listener = TcpListener::from(listen(any, |socket| socket.set_reuse_address(reuse))?);
    let address = listener.local_addr()?;
    let mut client = TcpStream::connect_timeout(&address, PATIENCE)?;
    client.set_read_timeout(Some(PATIENCE))?;
    let (server, _) = listener.accept()?;
    // The server's FIN first, then the client's: TIME-WAIT is on the server's side.
    server.shutdown(Shutdown::Write)?;
    client.read_to_end(&mut Vec::new())?;
    drop(client);
    server.set_read_timeout(Some(PATIENCE))?;
    (&server).read_to_end(&mut Vec::new())?;
    Ok(address)
}

/// A listening socket, with an option set before `bind`: after it, the option says nothing about it.
fn listen(
    address: SocketAddr,
    option: impl FnOnce(&Socket) -> io::Result<()>,
) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    option(&socket)?;
    socket.bind(&address.into())?;
    socket.listen(128)?;
    Ok(socket)
}

fn address_of(socket: &Socket) -> io::Result<SocketAddr> {
    socket.local_addr()?.as_socket().ok_or_else(|| ErrorKind::InvalidData.into())
}

/// Lets several sockets listen on one port, and spreads the connections over them.
///
/// For several processes or event loops, each with a queue of its own. Every one of them must set it, and
/// they must belong to one user. It is no cure for TIME-WAIT: whoever sets it for that lets a second copy
/// of the server start beside the first, unnoticed.
pub const SO_REUSEPORT: SocketOption = SocketOption {
    name: "SO_REUSEPORT",
    source: "socket(7)",
    what: "several listeners on one port, each with a part of the connections",
    show: reuse_port,
};

fn reuse_port(findings: &mut Findings) -> io::Result<()> {
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let alone = listen(any, |_| Ok(()))?;
    let beside = listen(address_of(&alone)?, |_| Ok(()));
    findings.guaranteed(
        beside.is_err_and(|error| error.kind() == ErrorKind::AddrInUse),
        "off: a second listener on the port is refused (EADDRINUSE)",
        "",
    );
    let first = listen(any, |socket| socket.set_reuse_port(true))?;
    let address = address_of(&first)?;
    let second = listen(address, |socket| socket.set_reuse_port(true))?;
    let clients: Vec<_> = (0..64)
        .map(|_| TcpStream::connect_timeout(&address, PATIENCE))
        .collect::<io::Result<_>>()?;
    let accepted = |listener: &Socket| -> io::Result<usize> {
        listener.set_nonblocking(true)?;
        Ok(std::iter::from_fn(|| listener.accept().ok()).count())
    };
    let (mine, yours) = (accepted(&first)?, accepted(&second)?);
    findings.seen(
        mine > 0 && yours > 0 && mine + yours == clients.len(),
        "on: both listen, and share the connections",
        format!("≈ {mine} and ≈ {yours} of {}", clients.len()),
    );
    Ok(())
}

/// Keeps IPv4 off an IPv6 wildcard.
///
/// Off, a socket on `[::]` serves both, and IPv4 clients appear as `::ffff:192.0.2.1`. The default is the
/// system's (Linux: `/proc/sys/net/ipv6/bindv6only`; OpenBSD: always on), so a program sets it, to
/// whichever it means.
pub const IPV6_V6ONLY: SocketOption = SocketOption {
    name: "IPV6_V6ONLY",
    source: "ipv6(7); RFC 3493 §5.3",
    what: "a socket on [::] takes IPv6 alone",
    show: only_v6,
};

fn only_v6(findings: &mut Findings) -> io::Result<()> {
    let any = SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0));
    let both = match listen(any, |socket| socket.set_only_v6(false)) {
        Ok(both) => both,
        Err(error) => {
            findings.skip(format!("no IPv6 here: {error}"));
            return Ok(());
        }
    };
    let over_v4 = |listener: &Socket| -> io::Result<TcpStream> {
        let port = address_of(listener)?.port();
        TcpStream::connect_timeout(&(Ipv4Addr::LOCALHOST, port).into(), PATIENCE)
    };
    let client = over_v4(&both)?;
    let (accepted, _) = both.accept()?;
    let peer = SockRef::from(&accepted).peer_addr()?.as_socket().map(|address| address.ip());
    let mapped = IpAddr::V6(Ipv4Addr::LOCALHOST.to_ipv6_mapped());
    findings.guaranteed(
        peer == Some(mapped),
        "off: a client of 127.0.0.1 is accepted, and appears as an IPv6 address",
        peer.map_or_else(String::new, |peer| peer.to_string()),
    );
    drop(client);
    let v6_only = listen(any, |socket| socket.set_only_v6(true))?;
    findings.guaranteed(
        over_v4(&v6_only).is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused),
        "on: it is refused (ECONNREFUSED)",
        "",
    );
    Ok(())
}

/// Binds an address that is none of this machine's, yet.
///
/// For a server that starts before its address is there: a floating address that moves between two machines,
/// an interface that comes up late.
pub const IP_FREEBIND: SocketOption = SocketOption {
    name: "IP_FREEBIND",
    source: "ip(7); Linux",
    what: "bind an address that this machine does not have yet",
    show: freebind,
};

#[cfg(target_os = "linux")]
fn freebind(findings: &mut Findings) -> io::Result<()> {
    // Of a network that nobody has: it is for documentation (RFC 5737).
    let nobodys = SocketAddr::from(([198, 51, 100, 1], 0));
    let off = listen(nobodys, |_| Ok(()));
    findings.guaranteed(
        off.is_err_and(|error| error.kind() == ErrorKind::AddrNotAvailable),
        "off: an address of another machine is refused (EADDRNOTAVAIL)",
        "",
    );
    let on = listen(nobodys, |socket| socket.set_freebind_v4(true));
    findings.seen(on.is_ok(), "on: it binds", "");
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn freebind(findings: &mut Findings) -> io::Result<()> {
    findings.skip("this system has no IP_FREEBIND");
    Ok(())
}
