//! What one gets to hear: of groups, of errors, of the peer.

use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};

use super::{Findings, GROUP, SocketOption};
#[cfg(target_os = "linux")]
use crate::control::{self, IPPROTO_IP, SOL_SOCKET};

/// How long to wait before one may say that nothing came.
const A_WHILE: Duration = Duration::from_millis(50);

/// Joins a group, on one interface.
///
/// The system then tells the network's routers, with IGMP, and takes the group's datagrams from that
/// interface. Binding the group's port is another thing, and both are needed.
pub const IP_ADD_MEMBERSHIP: SocketOption = SocketOption {
    name: "IP_ADD_MEMBERSHIP",
    source: "ip(7); RFC 1112 §7.1",
    what: "hear what is sent to a group, on one interface",
    show: membership,
};

fn membership(findings: &mut Findings) -> io::Result<()> {
    let listener = shared((GROUP, 0).into())?;
    // With it, whoever on the machine is a member of this group would make us hear it too.
    #[cfg(target_os = "linux")]
    socket2::SockRef::from(&listener).set_multicast_all_v4(false)?;
    let group = listener.local_addr()?;
    let sender = sender()?;
    if let Err(error) = sender.send_to(b"hello", &group.into()) {
        findings.skip(format!("no multicast on the loopback interface: {error}"));
        return Ok(());
    }
    findings.seen(!hears(&listener)?, "bound to the group's port alone: it hears nothing", "");
    listener.join_multicast_v4(&GROUP, &Ipv4Addr::LOCALHOST)?;
    sender.send_to(b"hello", &group.into())?;
    findings.guaranteed(hears(&listener)?, "joined: it hears", "");
    listener.leave_multicast_v4(&GROUP, &Ipv4Addr::LOCALHOST)?;
    sender.send_to(b"hello", &group.into())?;
    findings.seen(!hears(&listener)?, "after IP_DROP_MEMBERSHIP: nothing again", "");
    Ok(())
}

/// Whether a socket hears groups that only others on the machine have joined.
///
/// It is on by default: a socket bound to a wildcard gets what is sent to its port in any group that
/// anybody has joined. Bind to the group's address, or turn this off.
pub const IP_MULTICAST_ALL: SocketOption = SocketOption {
    name: "IP_MULTICAST_ALL",
    source: "ip(7); Linux",
    what: "hear groups that only other sockets have joined",
    show: multicast_all,
};

#[cfg(target_os = "linux")]
fn multicast_all(findings: &mut Findings) -> io::Result<()> {
    let member = shared((Ipv4Addr::UNSPECIFIED, 0).into())?;
    let port = member.local_addr()?.port();
    if let Err(error) = member.join_multicast_v4(&GROUP, &Ipv4Addr::LOCALHOST) {
        findings.skip(format!("no multicast on the loopback interface: {error}"));
        return Ok(());
    }
    let other = shared((Ipv4Addr::UNSPECIFIED, port).into())?;
    let (sender, group) = (sender()?, SocketAddr::from((GROUP, port)).into());
    sender.send_to(b"hello", &group)?;
    findings.seen(
        hears(&other)?,
        "on: a socket that joined nothing hears, since another joined",
        "",
    );
    socket2::SockRef::from(&other).set_multicast_all_v4(false)?;
    sender.send_to(b"hello", &group)?;
    findings.seen(!hears(&other)?, "off: it does not", "");
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn multicast_all(findings: &mut Findings) -> io::Result<()> {
    findings.skip("this system has no IP_MULTICAST_ALL");
    Ok(())
}

/// A UDP socket that shares its port.
fn shared(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    Ok(socket.into())
}

/// A socket whose datagrams to a group stay on this machine.
fn sender() -> io::Result<Socket> {
    let sender = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP))?;
    sender.set_multicast_if_v4(&Ipv4Addr::LOCALHOST)?;
    sender.set_multicast_ttl_v4(0)?;
    Ok(sender)
}

/// Whether a datagram comes. What comes at all comes at once on this machine.
fn hears(socket: &UdpSocket) -> io::Result<bool> {
    socket.set_read_timeout(Some(A_WHILE))?;
    match socket.recv(&mut [0; 16]) {
        Ok(_) => Ok(true),
        Err(error) => match error.kind() {
            ErrorKind::WouldBlock | ErrorKind::TimedOut => Ok(false),
            _ => Err(error),
        },
    }
}

/// Reports ICMP errors to a socket that is not connected.
///
/// A connected one hears of them anyway. An unconnected one sends to many, so an error at its next call
/// may be about any of them; the error queue (`MSG_ERRQUEUE`) says whom.
pub const IP_RECVERR: SocketOption = SocketOption {
    name: "IP_RECVERR",
    source: "ip(7), udp(7); Linux",
    what: "a UDP socket that is not connected hears of ICMP errors",
    show: receive_errors,
};

#[cfg(target_os = "linux")]
fn receive_errors(findings: &mut Findings) -> io::Result<()> {
    let nobody = UdpSocket::bind("127.0.0.1:0")?.local_addr()?;
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    socket.set_read_timeout(Some(A_WHILE))?;
    let answer_from_nobody = || -> io::Result<ErrorKind> {
        socket.send_to(b"anybody?", nobody)?;
        Ok(socket.recv(&mut [0; 16]).map_or_else(|error| error.kind(), |_| ErrorKind::Other))
    };
    let off = answer_from_nobody()?;
    findings.seen(
        off == ErrorKind::WouldBlock,
        "off, sent to a port that nobody has: silence, until the timeout",
        "",
    );
    control::set(&socket2::SockRef::from(&socket), IPPROTO_IP, control::IP_RECVERR, 1)?;
    let on = answer_from_nobody()?;
    findings.seen(on == ErrorKind::ConnectionRefused, "on: ECONNREFUSED", "");
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn receive_errors(findings: &mut Findings) -> io::Result<()> {
    findings.skip("this system has no IP_RECVERR");
    Ok(())
}

/// Says who is at the other end of a Unix-domain connection.
///
/// The system noted it when the connection was made: process, user and group. The peer cannot lie, and
/// nothing needs to be sent.
pub const SO_PEERCRED: SocketOption = SocketOption {
    name: "SO_PEERCRED",
    source: "unix(7), socket(7); Linux",
    what: "which process and user is at the other end of a Unix-domain connection",
    show: peer_credentials,
};

#[cfg(target_os = "linux")]
fn peer_credentials(findings: &mut Findings) -> io::Result<()> {
    let (near, _far) = std::os::unix::net::UnixStream::pair()?;
    let [process, user, _group] = control::get_three(&near, SOL_SOCKET, control::SO_PEERCRED)?;
    findings.seen(
        u32::try_from(process).is_ok_and(|process| process == std::process::id()),
        "the peer is this very process, and the system says so",
        format!("process ≈ {process}, user ≈ {user}"),
    );
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn peer_credentials(findings: &mut Findings) -> io::Result<()> {
    findings.skip("this system asks for the peer's credentials in another way");
    Ok(())
}
