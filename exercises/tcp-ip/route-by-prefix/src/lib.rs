//! What a router does: it finds the way of a packet, takes one from its TTL, and sends it on.
//!
//! ```text
//!  10.77.0.0/24   link on port 2              10.77.0.9    in all three: the longest prefix wins
//!  10.0.0.0/8     10.1.0.1 on port 1          10.78.0.1    in the two others
//!  0.0.0.0/0      192.0.2.1 on port 0         198.51.100.7 in the one that everything is in
//! ```

use std::net::Ipv4Addr;

/// Octets of an IPv4 header without options.
pub const HEADER: usize = 20;
/// Where the TTL stands in the header, and the protocol right behind it: together they are a word.
pub const TTL_AT: usize = 8;
/// Where the checksum stands in the header.
pub const CHECKSUM_AT: usize = 10;
/// Where the destination stands in the header.
pub const DESTINATION_AT: usize = 16;

/// All addresses that begin with the same bits: `10.77.0.0/24`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Prefix {
    address: Ipv4Addr,
    length: u8,
}

impl Prefix {
    /// The first `length` bits of an address, from 0 to 32; none for a larger length. The other bits
    /// do not matter: `10.77.0.9/24` is the same prefix as `10.77.0.0/24`.
    pub fn new(address: Ipv4Addr, length: u8) -> Option<Self> {
        let _ = (address, length); // Yours to use; then this line can go.
        todo!("keep the first bits of the address, and make the others zero")
    }

    /// The first of its addresses.
    pub fn address(&self) -> Ipv4Addr {
        self.address
    }

    /// How many bits its addresses have in common.
    pub fn length(&self) -> u8 {
        self.length
    }

    /// Whether an address begins with these bits.
    pub fn contains(&self, address: Ipv4Addr) -> bool {
        let _ = address; // Yours to use; then this line can go.
        todo!("compare the first bits")
    }

    /// The last of its addresses, to which all its hosts listen; none if the prefix has 31 or 32
    /// bits: then each address is a host's (RFC 3021 §2.1).
    pub fn broadcast(&self) -> Option<Ipv4Addr> {
        todo!("make the other bits ones, if there are enough of them")
    }
}

/// Where the packets of a prefix go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Its hosts are on the link of this port.
    Link {
        /// The port.
        port: usize,
    },
    /// Another router knows the way.
    Via {
        /// The port on whose link that router is.
        port: usize,
        /// Its address there.
        router: Ipv4Addr,
    },
}

/// The routes that a router knows.
#[derive(Debug, Clone, Default)]
pub struct Table {
    // Here is room for the routes.
}

impl Table {
    /// A table without routes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a route. If there is one for this prefix, the new one takes its place.
    pub fn insert(&mut self, prefix: Prefix, next: Next) {
        let _ = (prefix, next); // Yours to use; then this line can go.
        todo!("keep the route")
    }

    /// Takes the route of just this prefix away, if there is one.
    pub fn remove(&mut self, prefix: Prefix) {
        let _ = prefix; // Yours to use; then this line can go.
        todo!("forget the route")
    }

    /// The route of the longest prefix that contains the destination (RFC 1812 §5.2.4.3); none if
    /// no prefix does.
    pub fn lookup(&self, destination: Ipv4Addr) -> Option<(Prefix, Next)> {
        let _ = destination; // Yours to use; then this line can go.
        todo!("find the longest prefix")
    }
}

/// What becomes of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It goes out at `port`, on that link to the host or router `to`.
    Send {
        /// The port.
        port: usize,
        /// The destination, or the router that is the next.
        to: Ipv4Addr,
    },
    /// It has been in too many routers. Its sender will be told: Time Exceeded.
    TimeExceeded,
    /// There is no route. Its sender will be told: Destination Unreachable.
    Unreachable,
    /// It would go to all hosts of a link of ours at once. It is dropped in silence (RFC 2644).
    Broadcast,
}

/// Decides about a packet to somebody else, whose header is right. If it is to be sent, its header
/// has one hop less, and the checksum of that; if not, it is as it was.
pub fn forward(table: &Table, header: &mut [u8; HEADER]) -> Verdict {
    let _ = (table, header); // Yours to use; then this line can go.
    todo!("find the route, and then count the hop")
}

/// The checksum of a header of which one word changed from `old` to `new` (RFC 1624 §3, equation 3).
#[must_use]
pub fn update(checksum: u16, old: u16, new: u16) -> u16 {
    let mut sum = u32::from(!checksum) + u32::from(!old) + u32::from(new);
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::try_from(sum).expect("no carries are left")
}
