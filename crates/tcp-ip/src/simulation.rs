//! Two hosts, a cable of two [`Link`]s, and a clock that jumps from event to event.
//!
//! A minute of network time takes as long as its packets take to be computed. The same seed gives
//! the same run, packet for packet.

pub mod transfer;

use std::net::{IpAddr, Ipv4Addr};

use crate::Instant;
use crate::link::{Conditions, Fate, Link};
use crate::tcp::isn::IsnGenerator;
use crate::tcp::{Config, Stack};

pub use transfer::{Outcome, Plan, Report, Transfer};

/// One end of the cable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Who begins.
    Client,
    /// Who listens.
    Server,
}

impl End {
    /// The one at the other end.
    pub fn other(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }

    /// Its address.
    pub const fn address(self) -> IpAddr {
        match self {
            Self::Client => IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)),
            Self::Server => IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2)),
        }
    }
}

/// A packet that was sent, and what becomes of it.
#[derive(Debug, Clone, Copy)]
pub struct Sent<'a> {
    /// When.
    pub at: Instant,
    /// By whom.
    pub from: End,
    /// The packet.
    pub packet: &'a [u8],
    /// What the link does to it.
    pub fate: Fate,
}

/// The two hosts and their cable.
#[derive(Debug)]
pub struct Network {
    /// The time.
    pub now: Instant,
    hosts: [Stack; 2],
    /// The links that the client and the server send into.
    links: [Link; 2],
    /// The packet that is being sent; kept for its memory.
    packet: Vec<u8>,
}

impl Network {
    /// Two hosts with these settings, and the conditions of what the client sends and of what the
    /// server sends.
    pub fn new(
        [client, server]: [Config; 2],
        mtu: usize,
        [up, down]: [Conditions; 2],
        seed: u64,
    ) -> Self {
        let host = |end: End, config| {
            let isn = IsnGenerator::predictable(seed ^ u64::from(end == End::Server));
            Stack::with_isn(&[end.address()], mtu, config, isn)
        };
        Self {
            now: Instant::ZERO,
            hosts: [host(End::Client, client), host(End::Server, server)],
            links: [Link::new(up, seed), Link::new(down, !seed)],
            packet: Vec::with_capacity(mtu),
        }
    }

    /// A host.
    pub fn host(&mut self, end: End) -> &mut Stack {
        &mut self.hosts[end as usize]
    }

    /// The link that an end sends into.
    pub fn link(&self, end: End) -> &Link {
        &self.links[end as usize]
    }

    /// Sends everything that the hosts have to send now.
    pub fn transmit(&mut self, mut watch: impl FnMut(Sent<'_>)) {
        for from in [End::Client, End::Server] {
            let (host, link) = (&mut self.hosts[from as usize], &mut self.links[from as usize]);
            self.packet.clear();
            while host.poll(self.now, &mut self.packet) {
                let fate = link.send(self.now, &self.packet);
                watch(Sent { at: self.now, from, packet: &self.packet, fate });
                self.packet.clear();
            }
        }
    }

    /// When something happens next: a packet arrives, or a host's deadline comes.
    pub fn next_event(&self) -> Option<Instant> {
        let deadlines = self.hosts.iter().filter_map(Stack::deadline);
        let arrivals = self.links.iter().filter_map(Link::next_arrival);
        deadlines.chain(arrivals).min()
    }

    /// Goes to a moment, and lets happen what happens then; if packets arrive at once, the first of
    /// them at each host, since a host answers one before it takes the next.
    pub fn advance(&mut self, to: Instant) {
        self.now = self.now.max(to);
        for to in [End::Client, End::Server] {
            let (host, link) = (&mut self.hosts[to as usize], &mut self.links[to.other() as usize]);
            if let Some(packet) = link.receive(self.now) {
                host.packet(self.now, &packet);
            }
            host.on_timeout(self.now);
        }
    }
}
