//! Multicast on the loopback interface, where the machine has it.

use std::io;
use std::net::{Ipv4Addr, UdpSocket};
use std::time::Duration;

use crate::check::{Check, Outcome};

/// In the range that everybody may use on a network of their own (RFC 2365 §6.1).
const GROUP: Ipv4Addr = Ipv4Addr::new(239, 255, 255, 254);
/// Far longer than a datagram takes on loopback.
const PATIENCE: Duration = Duration::from_millis(500);

impl Check {
    /// Skips the check where a datagram to a group does not come back over loopback: the interface
    /// is down, as in a fresh network namespace, or the system was built without multicast.
    pub fn needs_multicast(&self) -> Outcome {
        to_ourselves().map_err(|error| {
            self.skip(format!("no multicast on this machine's loopback interface: {error}"))
        })
    }
}

/// Sends a datagram to a group that we joined, by the loopback interface and no further.
fn to_ourselves() -> io::Result<()> {
    let member = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
    member.join_multicast_v4(&GROUP, &Ipv4Addr::LOCALHOST)?;
    member.set_read_timeout(Some(PATIENCE))?;
    // A datagram to a group leaves by the interface that has the sender's address, if it has one
    // (*seen on Linux*; the standard library has no name for IP_MULTICAST_IF).
    let sender = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    sender.set_multicast_ttl_v4(0)?; // Not beyond this machine (*seen on Linux*).
    sender.send_to(b"?", (GROUP, member.local_addr()?.port()))?;
    member.recv_from(&mut [0])?;
    Ok(())
}
