//! Finding services by multicast: "who is there?" to a group, "I am" from each of its members.
//!
//! ```text
//! asker                     239.255.77.77:27177              printer              scanner
//!   │ ── ? id 8f3a… ──────────────▶ ┬ ───────────────────────▶ │                    │
//!   │                               └ ────────────────────────────────────────────▶ │
//!   │ ◀──────────────────────────────── ! id 8f3a… "printer", port 631 ─── │        │
//!   │ ◀────────────────────────────────────────── ! id 8f3a… "scanner", port 80 ─── │
//! ```
//!
//! The question goes to the group, each answer to the asker alone. What has to be right:
//!
//! - **Which interface.** A datagram to a group leaves by one interface, and a membership holds on one
//!   (`IP_MULTICAST_IF` and `IP_ADD_MEMBERSHIP` in `ip(7)`). Left to the system it is the one of the
//!   default route, and never the loopback interface. So both sides name it, by its address.
//! - **How far.** `IP_MULTICAST_TTL`, `IPV6_MULTICAST_HOPS`: 1 stays on the network, since a router that
//!   takes one away has none left. That is the default, and we set it all the same.
//! - **Several on one machine.** Each binds the group's port, with `SO_REUSEADDR`, and each gets a copy of
//!   what the group is sent.
//! - **Oneself.** The system gives a copy to the members on the sending machine too
//!   (`IP_MULTICAST_LOOP`), to ourselves if we are one. A responder answers questions and nothing else,
//!   and not those that its own program asks: else it finds itself, or answers answers for ever.
//! - **An end.** Nobody knows how many will answer. So there is a deadline, and a limit.
//!
//! Like everything multicast it is believed without proof: whoever is on the network can answer. DNS-SD
//! (RFC 6763) over mDNS (RFC 6762) is the real thing; it spreads answers out in time as well, so that a
//! thousand members do not answer in one instant, which this does not.
//!
//! Read: `ip(7)`, `ipv6(7)`, RFC 1112 §6 and §7, RFC 2365 §6.1 (239.255.0.0/16 is yours to use), RFC 4291
//! §2.7 (IPv6 groups and their scopes).

mod announce;
mod ask;
mod message;

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6, UdpSocket};

use socket2::{Domain, Protocol, Socket, Type};

pub use announce::Responder;
pub use ask::{Asker, Found, LARGEST_CROWD};
pub use message::{ANSWER, HEADER, LONGEST_NAME, MAGIC, Message, QUESTION, VERSION};

/// The group over IPv4: in the range that RFC 2365 §6.1 leaves to everybody's own network.
pub const GROUP_V4: Ipv4Addr = Ipv4Addr::new(239, 255, 77, 77);
/// The group over IPv6: transient (no number of IANA's), and of link-local scope (RFC 4291 §2.7).
pub const GROUP_V6: Ipv6Addr = Ipv6Addr::new(0xff12, 0, 0, 0, 0, 0, 0, 0x4d4d);
/// The group's port. It is registered nowhere.
pub const PORT: u16 = 27177;

/// A network on which to look: by which interface, to which port, how far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    /// An address of the interface: `127.0.0.1`, `::1`.
    pub interface: IpAddr,
    /// The group's port.
    pub port: u16,
    /// How many networks a datagram may cross: the TTL or hop limit of those to the group.
    pub hops: u8,
}

impl Network {
    /// The network of the interface that has this address, and no further.
    pub fn of(interface: IpAddr) -> Self {
        Self { interface, port: PORT, hops: 1 }
    }

    /// The group's address on this network.
    ///
    /// # Errors
    ///
    /// What the system says when asked for the interface's number, which IPv6 needs.
    pub fn group(&self) -> io::Result<SocketAddr> {
        Ok(match self.interface {
            IpAddr::V4(_) => (GROUP_V4, self.port).into(),
            IpAddr::V6(address) => {
                SocketAddrV6::new(GROUP_V6, self.port, 0, interface_number(address)?).into()
            }
        })
    }

    /// A socket that sends to the group by the right interface, bound to `address`.
    fn socket(&self, address: SocketAddr, shared: bool) -> io::Result<UdpSocket> {
        let domain = Domain::for_address(address);
        let socket = Socket::new(domain, Type::DGRAM, Some(Protocol::UDP))?;
        if shared {
            // Several members on one machine. For multicast each gets a copy (socket(7)); BSD wants
            // SO_REUSEPORT for that.
            socket.set_reuse_address(true)?;
            #[cfg(not(target_os = "linux"))]
            socket.set_reuse_port(true)?;
        }
        match self.interface {
            IpAddr::V4(interface) => {
                socket.set_multicast_if_v4(&interface)?;
                socket.set_multicast_ttl_v4(self.hops.into())?;
            }
            IpAddr::V6(interface) => {
                socket.set_only_v6(true)?;
                socket.set_multicast_if_v6(interface_number(interface)?)?;
                socket.set_multicast_hops_v6(self.hops.into())?;
            }
        }
        socket.bind(&address.into())?;
        Ok(socket.into())
    }
}

/// The number of the interface that has an IPv6 address: what IPv4 names by an address, IPv6 names by
/// a number (RFC 3493 §4). The standard library has no call for it; Linux has a file.
fn interface_number(address: Ipv6Addr) -> io::Result<u32> {
    // 00000000000000000000000000000001 01 80 10 80 lo: address, then its interface's number, in hex.
    let table = std::fs::read_to_string("/proc/net/if_inet6")?;
    let wanted = format!("{:032x}", u128::from(address));
    table
        .lines()
        .find_map(|line| {
            let mut columns = line.split_ascii_whitespace();
            let number = (columns.next()? == wanted).then(|| columns.next())??;
            u32::from_str_radix(number, 16).ok()
        })
        .ok_or_else(|| {
            let what = format!("no interface has the address {address}");
            io::Error::new(io::ErrorKind::AddrNotAvailable, what)
        })
}

#[cfg(test)]
mod tests;
