//! How far a datagram goes, and to whom.
//!
//! All multicast here has a TTL of 0 and so stays on this machine, whichever interface it goes by
//! (`ip(7)`; seen on Linux).

use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::Duration;

use socket2::{Domain, Protocol, SockRef, Socket, Type};

#[cfg(target_os = "linux")]
use crate::control::{self, IP_RECVTTL, IPPROTO_IP};

use super::{Findings, GROUP, PATIENCE, SocketOption};

/// How long to wait before one may say that nothing came.
const A_WHILE: Duration = Duration::from_millis(50);

/// How many routers a packet may cross.
///
/// Each takes one away, and the one that finds none left throws the packet away and says so (ICMP time
/// exceeded; `traceroute` lives off that). Ask with 1 and nobody beyond your network can hear you.
pub const IP_TTL: SocketOption = SocketOption {
    name: "IP_TTL",
    source: "ip(7); RFC 791 §3.1",
    what: "how many routers a packet may cross",
    show: ttl,
};

fn ttl(findings: &mut Findings) -> io::Result<()> {
    let sender = UdpSocket::bind("127.0.0.1:0")?;
    for (wrong, why) in [(0, "a packet that may go nowhere"), (256, "it has one octet")] {
        let refused = sender.set_ttl(wrong);
        findings.seen(
            refused.is_err_and(|error| error.kind() == ErrorKind::InvalidInput),
            format!("{wrong}: refused (EINVAL), {why}"),
            "",
        );
    }
    let receiver = listening_for_ttl(SocketAddr::from(([127, 0, 0, 1], 0)))?;
    for asked in [64, 7] {
        sender.set_ttl(asked)?;
        sender.send_to(b"x", receiver.local_addr()?)?;
        report_ttl(findings, &receiver, asked, "the receiver sees it in the packet's header")?;
    }
    Ok(())
}

/// A socket that is told each datagram's TTL.
fn listening_for_ttl(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = UdpSocket::bind(address)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    #[cfg(target_os = "linux")]
    control::set(&SockRef::from(&socket), IPPROTO_IP, IP_RECVTTL, 1)?;
    Ok(socket)
}

#[cfg(target_os = "linux")]
fn report_ttl(
    findings: &mut Findings,
    receiver: &UdpSocket,
    asked: u32,
    what: &str,
) -> io::Result<()> {
    let (_, _, mut control) = control::receive(&SockRef::from(receiver), &mut [0; 16])?;
    let seen = match control.parts() {
        Some((IPPROTO_IP, control::IP_TTL, data)) => {
            data.first_chunk().map(|octets| u32::from_ne_bytes(*octets))
        }
        _ => None,
    };
    let number = seen.map_or_else(|| "none".to_owned(), |ttl| ttl.to_string());
    findings.guaranteed(seen == Some(asked), format!("{asked}: {what}"), format!("TTL {number}"));
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn report_ttl(
    findings: &mut Findings,
    receiver: &UdpSocket,
    asked: u32,
    what: &str,
) -> io::Result<()> {
    receiver.recv(&mut [0; 16])?;
    findings.skip("a datagram's TTL is only read on Linux here");
    let _ = (asked, what);
    Ok(())
}

/// Allows sending to everybody on the network.
///
/// Everybody must look at such a packet, so the system wants to hear that it is meant. IPv6 has no
/// broadcast at all. Prefer a multicast group: only its members look.
pub const SO_BROADCAST: SocketOption = SocketOption {
    name: "SO_BROADCAST",
    source: "socket(7), ip(7); POSIX",
    what: "allow sending to a broadcast address",
    show: broadcast,
};

fn broadcast(findings: &mut Findings) -> io::Result<()> {
    // The loopback network's broadcast address: heard on this machine, and nowhere else.
    let everybody = Ipv4Addr::new(127, 255, 255, 255);
    let receiver = match UdpSocket::bind((everybody, 0)) {
        Ok(receiver) => receiver,
        Err(error) => {
            findings.skip(format!("{everybody} cannot be bound here: {error}"));
            return Ok(());
        }
    };
    receiver.set_read_timeout(Some(PATIENCE))?;
    let to = receiver.local_addr()?;
    let sender = UdpSocket::bind("127.0.0.1:0")?;
    findings.guaranteed(
        sender.send_to(b"hello", to).is_err_and(|e| e.kind() == ErrorKind::PermissionDenied),
        "off: sending to 127.255.255.255 is refused (EACCES)",
        "",
    );
    sender.set_broadcast(true)?;
    sender.send_to(b"hello", to)?;
    let heard = receiver.recv(&mut [0; 16])?;
    findings.guaranteed(heard == 5, "on: it arrives", format!("{heard} octets"));
    Ok(())
}

/// How many routers a datagram to a group may cross.
///
/// The default is 1, unlike that of `IP_TTL`: a group's members may be everywhere. 0 does not leave the
/// machine.
pub const IP_MULTICAST_TTL: SocketOption = SocketOption {
    name: "IP_MULTICAST_TTL",
    source: "ip(7); RFC 1112 §6.1",
    what: "how many routers a datagram to a group may cross",
    show: multicast_ttl,
};

fn multicast_ttl(findings: &mut Findings) -> io::Result<()> {
    let Some(member) = member(findings)? else { return Ok(()) };
    let sender = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP))?;
    let default = sender.multicast_ttl_v4()?;
    findings.guaranteed(default == 1, "1 unless you say more", format!("default {default}"));
    sender.set_multicast_if_v4(&Ipv4Addr::LOCALHOST)?;
    for asked in [0, 3] {
        sender.set_multicast_ttl_v4(asked)?;
        sender.send_to(b"x", &member.local_addr()?.into())?;
        report_ttl(findings, &member, asked, "a member on this machine receives it")?;
    }
    Ok(())
}

/// Gives members on the sending machine a copy.
///
/// It is on by default, and so a program that is a member of the group that it sends to hears itself. Off, no
/// other program on this machine hears it either; but the loopback interface brings back all that is sent by it,
/// with the option or without. So do not count on it: let a message say who sent it. On Unix it is the
/// sender's option; on Windows the receiver's.
pub const IP_MULTICAST_LOOP: SocketOption = SocketOption {
    name: "IP_MULTICAST_LOOP",
    source: "ip(7)",
    what: "members on the sending machine get a copy, oneself included",
    show: multicast_loop,
};

fn multicast_loop(findings: &mut Findings) -> io::Result<()> {
    let Some(member) = member(findings)? else { return Ok(()) };
    SockRef::from(&member).set_multicast_if_v4(&Ipv4Addr::LOCALHOST)?;
    member.set_multicast_ttl_v4(0)?;
    let group = member.local_addr()?;
    findings.guaranteed(member.multicast_loop_v4()?, "on, unless you say otherwise", "");
    member.send_to(b"hello", group)?;
    findings.guaranteed(hears(&member)?, "on: a member that sends hears itself", "");
    member.set_multicast_loop_v4(false)?;
    member.send_to(b"hello", group)?;
    findings.seen(
        hears(&member)?,
        "off, by the loopback interface: it does so still, for that interface is a loop itself",
        "",
    );
    Ok(())
}

/// Says by which interface a datagram to a group leaves.
///
/// Left to the system it is the interface of the default route, and never the loopback interface. The most
/// frequent reason why multicast "does not work": sender and member are on two interfaces.
pub const IP_MULTICAST_IF: SocketOption = SocketOption {
    name: "IP_MULTICAST_IF",
    source: "ip(7); RFC 1112 §6.1",
    what: "by which interface a datagram to a group leaves",
    show: multicast_interface,
};

fn multicast_interface(findings: &mut Findings) -> io::Result<()> {
    let Some(member) = member(findings)? else { return Ok(()) };
    let group = member.local_addr()?;
    let sender = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP))?;
    sender.set_multicast_ttl_v4(0)?;
    // ENETUNREACH where there is no default route: then it reaches nobody either.
    let sent = sender.send_to(b"hello", &group.into());
    findings.seen(
        !hears(&member)?,
        "left to the system: a member on the loopback interface hears nothing",
        sent.map_or_else(|error| error.to_string(), |_| String::new()),
    );
    sender.set_multicast_if_v4(&Ipv4Addr::LOCALHOST)?;
    sender.send_to(b"hello", &group.into())?;
    findings.guaranteed(hears(&member)?, "127.0.0.1: it hears", "");
    Ok(())
}

/// A member of the group on the loopback interface; `None`, and the reason noted, where there is none.
fn member(findings: &mut Findings) -> io::Result<Option<UdpSocket>> {
    let member = listening_for_ttl((GROUP, 0).into())?;
    match member.join_multicast_v4(&GROUP, &Ipv4Addr::LOCALHOST) {
        Ok(()) => Ok(Some(member)),
        Err(error) => {
            findings.skip(format!("no multicast on the loopback interface: {error}"));
            Ok(None)
        }
    }
}

/// Whether a datagram comes. What comes at all comes at once on this machine.
fn hears(member: &UdpSocket) -> io::Result<bool> {
    member.set_read_timeout(Some(A_WHILE))?;
    match member.recv(&mut [0; 16]) {
        Ok(_) => Ok(true),
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
            Ok(false)
        }
        Err(error) => Err(error),
    }
}
