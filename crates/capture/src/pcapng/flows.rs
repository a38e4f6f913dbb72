//! Between which addresses a flow is shown.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use crate::record::{End, Flow, Record, Transport};
use crate::words;

/// TEST-NET-1, set aside for documentation: RFC 5737 §3.
const LOCAL: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
const PEER: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2));
/// The first of the ports that are nobody's: RFC 6335 §6.
const FIRST_DYNAMIC: u16 = 49_152;

/// The addresses of a flow's packets.
pub(super) struct Shown {
    pub(super) local: SocketAddr,
    pub(super) peer: SocketAddr,
    /// They are not those of the flow.
    invented: bool,
}

/// The addresses of each flow; `None` for one that another flow shows from its other end.
pub(super) fn show(record: &Record) -> Vec<Option<Shown>> {
    let mut taken = HashSet::new();
    let mut shown = Vec::new();
    for flow in &record.flows {
        // A Unix-domain flow appears as TCP.
        let udp = flow.transport == Transport::Udp;
        let addresses = addresses(flow);
        if let Some((local, peer)) = addresses
            && taken.contains(&(udp, peer, local))
            && local != peer
        {
            shown.push(None);
            continue;
        }
        let own = addresses.filter(|(local, peer)| taken.insert((udp, *local, *peer)));
        let (local, peer) = own.unwrap_or_else(|| invent(udp, &mut taken));
        shown.push(Some(Shown { local, peer, invented: own.is_none() }));
    }
    shown
}

/// The flow's own addresses, if packets can have them.
fn addresses(flow: &Flow) -> Option<(SocketAddr, SocketAddr)> {
    if flow.transport == Transport::Unix {
        return None;
    }
    let parse = |end: &End| -> Option<SocketAddr> {
        let address: SocketAddr = end.address.parse().ok()?;
        // An IPv4 peer of a dual-stack socket sends IPv4.
        Some(SocketAddr::new(address.ip().to_canonical(), address.port()))
    };
    let (mut local, mut peer) = (parse(&flow.local)?, parse(&flow.peer)?);
    // A socket that is bound to all addresses sends from one of them.
    if local.ip().is_unspecified() && peer.ip().is_loopback() {
        local.set_ip(peer.ip());
    } else if peer.ip().is_unspecified() && local.ip().is_loopback() {
        peer.set_ip(local.ip());
    }
    let usable = |address: &SocketAddr| !address.ip().is_unspecified() && address.port() != 0;
    let same_family = local.is_ipv4() == peer.is_ipv4();
    // A TCP socket can be connected to itself; who sent which packet would not be seen then.
    let distinct = local != peer || flow.transport == Transport::Udp;
    (same_family && distinct && usable(&local) && usable(&peer)).then_some((local, peer))
}

/// Documentation addresses, and the first port that no flow has.
fn invent(
    udp: bool,
    taken: &mut HashSet<(bool, SocketAddr, SocketAddr)>,
) -> (SocketAddr, SocketAddr) {
    for host in 1..=u8::MAX {
        let peer = match host {
            1 => PEER,
            // More than 16,384 such flows: the next documentation network, RFC 5737 §3.
            other => IpAddr::V4(Ipv4Addr::new(198, 51, 100, other)),
        };
        for port in FIRST_DYNAMIC..=u16::MAX {
            let addresses = (SocketAddr::new(LOCAL, port), SocketAddr::new(peer, port));
            if taken.insert((udp, addresses.0, addresses.1)) {
                return addresses;
            }
        }
    }
    // Millions of flows without an address: they share the last.
    let last = u16::MAX;
    (SocketAddr::new(LOCAL, last), SocketAddr::new(PEER, last))
}

/// What the whole file has to say of itself.
pub(super) fn comment(record: &Record, shown: &[Option<Shown>], unshown: usize) -> String {
    let mut text = String::from(
        "Recorded inside a program, above its sockets. The payloads are what crossed the wire; all \
         IP, TCP and UDP headers are synthesised, and so are handshakes, sequence numbers and \
         acknowledgments. Times count from the start of the recording.\n",
    );
    for (number, (flow, shown)) in record.flows.iter().zip(shown).enumerate() {
        let local = words::name_and_address(&flow.local);
        let peer = words::name_and_address(&flow.peer);
        let _ = write!(text, "Flow {number}: {}, {local} ⇄ {peer}", words::transport(flow));
        let _ = match shown {
            Some(Shown { invented: false, .. }) => writeln!(text),
            Some(Shown { local, peer, .. }) if flow.transport == Transport::Udp => {
                writeln!(text, ", shown as UDP between {local} and {peer}")
            }
            Some(Shown { local, peer, .. }) => {
                writeln!(text, ", shown as TCP between {local} and {peer}")
            }
            None => writeln!(text, ": the other end of a flow above, not shown again"),
        };
    }
    if unshown > 0 {
        let _ = writeln!(text, "{unshown} events after a flow's end have no packet.");
    }
    if record.dropped > 0 {
        let _ = writeln!(text, "{} later events were not recorded.", record.dropped);
    }
    text
}
