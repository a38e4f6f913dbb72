//! What a router does: it finds the way of a packet, takes one from its TTL, and sends it on.
//!
//! ```text
//!  10.77.0.0/24   link on port 2              10.77.0.9    in all three: the longest prefix wins
//!  10.0.0.0/8     10.1.0.1 on port 1          10.78.0.1    in the two others
//!  0.0.0.0/0      192.0.2.1 on port 0         198.51.100.7 in the one that everything is in
//! ```

// answer:
use std::collections::HashMap;
// end answer
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
        // answer: let _ = (address, length); // Yours to use; then this line can go.
        // answer: todo!("keep the first bits of the address, and make the others zero")
        let mask = mask(length)?;
        Some(Self { address: Ipv4Addr::from_bits(address.to_bits() & mask), length })
        // end answer
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
        // answer: let _ = address; // Yours to use; then this line can go.
        // answer: todo!("compare the first bits")
        Self::new(address, self.length) == Some(*self)
        // end answer
    }

    /// The last of its addresses, to which all its hosts listen; none if the prefix has 31 or 32
    /// bits: then each address is a host's (RFC 3021 §2.1).
    pub fn broadcast(&self) -> Option<Ipv4Addr> {
        // answer: todo!("make the other bits ones, if there are enough of them")
        let mask = mask(self.length).filter(|_| self.length <= 30)?;
        Some(Ipv4Addr::from_bits(self.address.to_bits() | !mask))
        // end answer
    }
}
// answer:

/// Ones for as many bits, then zeros; none for more than 32.
fn mask(length: u8) -> Option<u32> {
    let zeros = 32u32.checked_sub(length.into())?;
    // All 32 bits cannot be shifted out: the processor would shift by none, and Rust panics.
    Some(u32::MAX.checked_shl(zeros).unwrap_or(0))
}
// end answer

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
    // answer: // Here is room for the routes.
    routes: HashMap<Prefix, Next>,
    // end answer
}

impl Table {
    /// A table without routes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a route. If there is one for this prefix, the new one takes its place.
    pub fn insert(&mut self, prefix: Prefix, next: Next) {
        // answer: let _ = (prefix, next); // Yours to use; then this line can go.
        // answer: todo!("keep the route")
        self.routes.insert(prefix, next);
        // end answer
    }

    /// Takes the route of just this prefix away, if there is one.
    pub fn remove(&mut self, prefix: Prefix) {
        // answer: let _ = prefix; // Yours to use; then this line can go.
        // answer: todo!("forget the route")
        self.routes.remove(&prefix);
        // end answer
    }

    /// The route of the longest prefix that contains the destination (RFC 1812 §5.2.4.3); none if
    /// no prefix does.
    pub fn lookup(&self, destination: Ipv4Addr) -> Option<(Prefix, Next)> {
        // answer: let _ = destination; // Yours to use; then this line can go.
        // answer: todo!("find the longest prefix")
        // At most 33 questions, however many routes there are. (A router for the whole Internet asks
        // fewer: it walks down a tree.)
        (0..=32).rev().find_map(|length| {
            let prefix = Prefix::new(destination, length)?;
            Some((prefix, *self.routes.get(&prefix)?))
        })
        // end answer
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
    // answer: let _ = (table, header); // Yours to use; then this line can go.
    // answer: todo!("find the route, and then count the hop")
    let [.., a, b, c, d] = *header;
    let destination = Ipv4Addr::new(a, b, c, d);
    let (port, to) = match table.lookup(destination) {
        None => return Verdict::Unreachable,
        // Only of our own links do we know how long their prefix is.
        Some((link, Next::Link { .. })) if link.broadcast() == Some(destination) => {
            return Verdict::Broadcast;
        }
        Some((_, Next::Link { port })) => (port, destination),
        Some((_, Next::Via { port, router })) => (port, router),
    };
    // RFC 1812 §5.3.1: what would have no hop left is not sent. With 0 it should not have come.
    if header[TTL_AT] <= 1 {
        return Verdict::TimeExceeded;
    }
    let word = |header: &[u8; HEADER], at| u16::from_be_bytes([header[at], header[at + 1]]);
    let (checksum, old) = (word(header, CHECKSUM_AT), word(header, TTL_AT));
    header[TTL_AT] -= 1;
    let checksum = update(checksum, old, word(header, TTL_AT));
    header[CHECKSUM_AT..CHECKSUM_AT + 2].copy_from_slice(&checksum.to_be_bytes());
    Verdict::Send { port, to }
    // end answer
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
