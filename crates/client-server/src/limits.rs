//! What one server is willing to spend, and on whom.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use crate::session::Time;

/// Limits of a server, all of them held in every shell.
///
/// How long a *request* may take is the session's to say, through its deadline; these are about
/// connections and their output.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Connections at once. One more is refused.
    pub connections: usize,
    /// Connections at once from one address. (Unix-domain peers have none, and are not counted.)
    pub per_peer: usize,
    /// How long queued output may wait for a peer that takes none of it…
    pub write: Duration,
    /// …and how many bytes a second it must take to be given more time. Without this, a peer that takes one
    /// byte now and then would hold its connection, and the memory behind it, for ever.
    pub write_rate: u32,
    /// How long to read on after a FIN was sent, so that the peer gets the last reply.
    pub linger: Duration,
    /// How long a server that was told to stop waits for what is in flight.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 16_384,
            per_peer: 16_384,
            write: Duration::from_secs(30),
            write_rate: 1_024,
            linger: Duration::from_secs(2),
            drain: Duration::from_secs(5),
        }
    }
}

impl Limits {
    /// The deadline of a peer's reading after it took `count` bytes: each byte earns it a little
    /// time, all of them together never more than `write`.
    pub(crate) fn write_deadline(&self, before: Time, count: u64, now: Time) -> Time {
        let earned =
            Duration::from_secs(1).mul_f64(count as f64 / f64::from(self.write_rate.max(1)));
        (before + earned).min(now + self.write)
    }
}

/// Counts connections against the limits.
#[derive(Debug, Default)]
pub(crate) struct Admission {
    total: usize,
    peers: HashMap<IpAddr, usize>,
}

impl Admission {
    /// Counts one connection more; `false`: a limit is reached, and it does not count.
    pub(crate) fn admit(&mut self, peer: Option<IpAddr>, limits: &Limits) -> bool {
        if self.total >= limits.connections {
            return false;
        }
        if let Some(peer) = peer {
            let count = self.peers.entry(peer).or_default();
            if *count >= limits.per_peer {
                return false;
            }
            *count += 1;
        }
        self.total += 1;
        true
    }

    /// Counts one that was admitted out again.
    pub(crate) fn release(&mut self, peer: Option<IpAddr>) {
        self.total -= 1;
        if let Some(peer) = peer
            && let Some(count) = self.peers.get_mut(&peer)
        {
            *count -= 1;
            if *count == 0 {
                self.peers.remove(&peer);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_is_refused_without_harm_to_others() {
        let limits = Limits { connections: 3, per_peer: 2, ..Limits::default() };
        let (one, other) = (Some(IpAddr::from([127, 0, 0, 1])), Some(IpAddr::from([127, 0, 0, 2])));
        let mut admission = Admission::default();
        assert!(admission.admit(one, &limits));
        assert!(admission.admit(one, &limits));
        assert!(!admission.admit(one, &limits), "two from one address");
        assert!(admission.admit(other, &limits));
        assert!(!admission.admit(None, &limits), "three in all");
        admission.release(one);
        assert!(admission.admit(one, &limits));
        assert_eq!(admission.peers.len(), 2);
    }

    #[test]
    fn a_byte_a_second_earns_no_time() {
        let limits = Limits { write: Duration::from_secs(10), ..Limits::default() };
        let mut deadline = Duration::from_secs(10);
        for second in 0..9 {
            deadline = limits.write_deadline(deadline, 1, Duration::from_secs(second));
        }
        assert!(deadline < Duration::from_millis(10_010), "{deadline:?}");
        let now = Duration::from_secs(9);
        assert_eq!(limits.write_deadline(deadline, 1 << 20, now), Duration::from_secs(19));
    }
}
