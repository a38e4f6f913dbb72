//! Initial sequence numbers that a stranger cannot guess (RFC 6528, now RFC 9293 §3.4.1).
//!
//! ```text
//!   ISN = M + F(local address, local port, remote address, remote port, secret key)
//! ```
//!
//! M is a clock that ticks every 4 microseconds, so that a new connection between the same two
//! sockets begins beyond what the old one used. F is a keyed hash: who does not know the key cannot
//! tell where a connection between two others is, and so cannot speak in the name of one of them.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::net::SocketAddr;

use super::Seq;
use crate::Instant;

/// Nanoseconds between two ticks of M (RFC 6528 §3).
const TICK: u64 = 4_000;

/// Chooses initial sequence numbers, and where the clocks of timestamps begin.
pub struct IsnGenerator {
    source: Source,
}

/// Where the numbers come from.
enum Source {
    /// F and its key: the hasher of the standard library's maps is SipHash with a key from the
    /// system's random numbers.
    Keyed(RandomState),
    /// For simulations, where the same seed must give the same packets.
    Seeded(u64),
    /// Always this one.
    Fixed(Seq),
}

impl IsnGenerator {
    /// With a key that nobody knows.
    pub fn new() -> Self {
        Self { source: Source::Keyed(RandomState::new()) }
    }

    /// The same numbers each time: for tests and simulations only.
    pub fn predictable(seed: u64) -> Self {
        Self { source: Source::Seeded(seed) }
    }

    /// One number for all connections: for tests only.
    pub fn fixed(isn: Seq) -> Self {
        Self { source: Source::Fixed(isn) }
    }

    /// The number of the SYN of a connection that begins now.
    // ANCHOR: isn
    pub fn isn(&self, now: Instant, local: SocketAddr, remote: SocketAddr) -> Seq {
        match self.source {
            Source::Fixed(isn) => isn,
            _ => self.offset("isn", local, remote) + low(now.as_nanos() / TICK),
        }
    }
    // ANCHOR_END: isn

    /// What the timestamps of a connection begin with: random, or they would tell how long the
    /// machine is up (RFC 7323 §7.1), but the same for the same two sockets, so that they go on
    /// growing from connection to connection (§5.4).
    pub fn clock(&self, local: SocketAddr, remote: SocketAddr) -> u32 {
        self.offset("clock", local, remote).0
    }

    fn offset(&self, purpose: &str, local: SocketAddr, remote: SocketAddr) -> Seq {
        match &self.source {
            Source::Keyed(keyed) => Seq(low(keyed.hash_one((purpose, local, remote)))),
            Source::Fixed(isn) => *isn,
            Source::Seeded(seed) => {
                let ports = u64::from(local.port()) << 16 | u64::from(remote.port());
                let number = crate::random::Random::new(seed ^ ports).next_u64();
                Seq(low(number.rotate_left(u32::from(purpose.len() > 3))))
            }
        }
    }
}

impl Default for IsnGenerator {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for IsnGenerator {
    /// Without the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IsnGenerator").finish_non_exhaustive()
    }
}

#[allow(clippy::cast_possible_truncation)] // Numbers are modulo 2^32.
fn low(number: u64) -> u32 {
    number as u32
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_same_sockets_go_on_with_the_clock_and_others_are_elsewhere() {
        let isn = IsnGenerator::new();
        let here: SocketAddr = "192.0.2.2:80".parse().unwrap();
        let one: SocketAddr = "192.0.2.1:40000".parse().unwrap();
        let other: SocketAddr = "192.0.2.1:40001".parse().unwrap();
        let later = Instant::new(Duration::from_millis(1));
        let first = isn.isn(Instant::ZERO, here, one);
        assert_eq!(isn.isn(later, here, one) - first, 250);
        assert_ne!(isn.isn(Instant::ZERO, here, other), first);
        assert_ne!(IsnGenerator::new().isn(Instant::ZERO, here, one), first);
        assert_eq!(isn.clock(here, one), isn.clock(here, one));
    }
}
