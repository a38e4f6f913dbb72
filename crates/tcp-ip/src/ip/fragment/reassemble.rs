//! Putting fragments together (RFC 815 tells the same with a list of holes).

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::time::Duration;

use crate::ip::{self, Protocol, v4, v6};
use crate::{Instant, Malformed};

/// What a reassembler keeps at most, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Packets at once. For one more, the oldest is given up.
    pub packets: usize,
    /// Octets of all of them, each piece counted with [`PIECE_OVERHEAD`].
    pub octets: usize,
    /// Pieces of one packet. The longest packet in pieces of 576 octets has 119.
    pub pieces: usize,
    /// How long a packet may take, from the first piece that came: 60 s for IPv6 (RFC 8200 §4.5),
    /// 60 to 120 s for IPv4 (RFC 1122 §3.3.2).
    pub time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { packets: 64, octets: 1 << 20, pieces: 256, time: Duration::from_secs(60) }
    }
}

/// What a piece costs besides its octets, about: a piece of eight octets is not cheap.
pub const PIECE_OVERHEAD: usize = 64;

/// Packets of which some fragments are here.
///
/// Where two fragments overlap, two hosts that choose differently see two different messages, and
/// what inspects the traffic sees maybe a third. So IPv6 refuses the whole packet, with what comes
/// of it later (RFC 5722 §4); a fragment that came twice is no overlap (RFC 8200 §4.5). IPv4 allows
/// overlaps, which honest routers make when two ways cut differently: we take them where
/// both say the same, and refuse the packet where they differ.
///
/// ```
/// use tcp_ip::Instant;
/// use tcp_ip::ip::fragment::{Limits, Reassembler, cut};
/// # use tcp_ip::ip::{Protocol, v4};
/// # let (from, to) = ([10, 77, 0, 1].into(), [10, 77, 0, 2].into());
/// # let header = v4::Header { dont_fragment: false, ..v4::Header::new(from, to, Protocol::UDP) };
/// # let mut packet = Vec::new();
/// # header.emit(&[7; 4000], &mut packet);
///
/// let mut reassembler = Reassembler::new(Limits::default());
/// let mut whole = None;
/// cut(&packet, 1500, 0, |fragment| {
///     whole = reassembler.add(Instant::ZERO, fragment).expect("well-formed");
/// });
/// assert_eq!(whole, Some(packet)); // With the last fragment.
/// ```
#[derive(Debug)]
pub struct Reassembler {
    limits: Limits,
    packets: HashMap<Key, Partial>,
    /// What all pieces cost.
    octets: usize,
}

/// What the fragments of a packet have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    source: IpAddr,
    destination: IpAddr,
    identification: u32,
    /// Only in IPv4 (RFC 791 §3.2; RFC 8200 §4.5).
    protocol: Option<Protocol>,
}

/// A fragment, of either version.
struct Piece<'a> {
    key: Key,
    header: ip::Header,
    offset: usize,
    more: bool,
    payload: &'a [u8],
}

/// A packet of which not everything is here.
#[derive(Debug)]
struct Partial {
    deadline: Instant,
    /// By offset; they do not overlap.
    pieces: BTreeMap<usize, Vec<u8>>,
    /// Octets of all pieces.
    received: usize,
    /// Octets of the whole, since the last fragment came.
    total: Option<usize>,
    /// The header of the fragment at offset 0, which becomes that of the whole; and that
    /// fragment as it came, for an ICMP error to quote.
    first: Option<(ip::Header, Vec<u8>)>,
    /// It was refused, and so is what is still to come of it, until the time is over.
    refused: bool,
}

impl Reassembler {
    /// Without any packet.
    pub fn new(limits: Limits) -> Self {
        Self { limits, packets: HashMap::new(), octets: 0 }
    }

    /// Takes a fragment, and gives the whole packet if it was the last one to come. The packet's
    /// header is the first fragment's; in IPv6, extension headers in front of the fragment
    /// header have done their work and are left out. What is no fragment is given back.
    ///
    /// # Errors
    ///
    /// [`Malformed`], if the packet is, or if the fragment reaches beyond the longest packet (the
    /// "ping of death", CVE-1999-0128), or is not of whole eighths with more to follow.
    pub fn add(&mut self, now: Instant, packet: &[u8]) -> Result<Option<Vec<u8>>, Malformed> {
        let Some(piece) = Piece::parse(packet)? else { return Ok(Some(packet.to_vec())) };
        if !self.packets.contains_key(&piece.key) && self.packets.len() >= self.limits.packets {
            self.give_up_the_oldest(None);
        }
        let deadline = now + self.limits.time;
        let partial = self.packets.entry(piece.key).or_insert_with(|| Partial::new(deadline));
        let before = partial.cost();
        if !partial.refused && !partial.add(&piece, packet, self.limits.pieces) {
            partial.refuse();
        }
        self.octets = self.octets - before + partial.cost();
        if partial.total == Some(partial.received) && !partial.refused {
            let partial = self.packets.remove(&piece.key).expect("it was just there");
            self.octets -= partial.cost();
            return Ok(partial.whole());
        }
        while self.octets > self.limits.octets && self.give_up_the_oldest(Some(piece.key)) {}
        Ok(None)
    }

    /// When [`expire`](Self::expire) has something to do.
    pub fn deadline(&self) -> Option<Instant> {
        self.packets.values().map(|partial| partial.deadline).min()
    }

    /// Gives up what has taken too long. Gives the first fragments of these packets, as far as they
    /// came: their senders are told Time Exceeded (RFC 1122 §3.3.2, RFC 8200 §4.5).
    pub fn expire(&mut self, now: Instant) -> Vec<Vec<u8>> {
        let late = self.packets.extract_if(|_, partial| partial.deadline <= now);
        let late: Vec<Partial> = late.map(|(_, partial)| partial).collect();
        self.octets -= late.iter().map(Partial::cost).sum::<usize>();
        late.into_iter().filter_map(|partial| Some(partial.first?.1)).collect()
    }

    /// Octets that are kept, with their [overhead](PIECE_OVERHEAD).
    pub fn octets(&self) -> usize {
        self.octets
    }

    /// Makes room. False if there was nothing but the one to keep.
    fn give_up_the_oldest(&mut self, keep: Option<Key>) -> bool {
        let others = self.packets.iter().filter(|(key, _)| Some(**key) != keep);
        let oldest = others.min_by_key(|(_, partial)| partial.deadline).map(|(key, _)| *key);
        let Some(partial) = oldest.and_then(|key| self.packets.remove(&key)) else { return false };
        self.octets -= partial.cost();
        true
    }
}

impl<'a> Piece<'a> {
    /// Reads a packet; none if it is whole.
    fn parse(packet: &'a [u8]) -> Result<Option<Self>, Malformed> {
        let (header, rest) = ip::parse(packet)?;
        let (source, destination) = (header.source(), header.destination());
        let key = Key { source, destination, identification: 0, protocol: None };
        let (piece, most) = match header {
            ip::Header::V4(v4) if !v4.is_fragment() => return Ok(None),
            ip::Header::V4(v4) => {
                let identification = u32::from(v4.identification);
                let key = Key { identification, protocol: Some(v4.protocol), ..key };
                let (offset, more) = (usize::from(v4.fragment_offset), v4.more_fragments);
                let piece = Self { key, header, offset, more, payload: rest };
                (piece, v4::LONGEST_PACKET - v4.length())
            }
            ip::Header::V6(v6) => {
                let upper = v6::upper(v6.next_header, rest)?;
                let Some(fragment) = upper.fragment else { return Ok(None) };
                let key = Key { identification: fragment.identification, ..key };
                let header = v6::Header { next_header: upper.protocol, ..v6 };
                let (offset, more) = (usize::from(fragment.offset), fragment.more);
                let header = ip::Header::V6(header);
                (Self { key, header, offset, more, payload: upper.payload }, 0xffff)
            }
        };
        let (offset, length) = (piece.offset, piece.payload.len());
        let whole_eighths = length > 0 && length.is_multiple_of(8);
        if offset + length > most || (piece.more && !whole_eighths) {
            return Err(Malformed::Fragment { offset, length });
        }
        Ok(Some(piece))
    }
}

impl Partial {
    fn new(deadline: Instant) -> Self {
        let pieces = BTreeMap::new();
        Self { deadline, pieces, received: 0, total: None, first: None, refused: false }
    }

    fn cost(&self) -> usize {
        let first = self.first.as_ref().map_or(0, |(_, packet)| packet.len());
        self.received + first + self.pieces.len() * PIECE_OVERHEAD
    }

    /// Forgets everything but that it is refused.
    fn refuse(&mut self) {
        *self = Self { refused: true, ..Self::new(self.deadline) };
    }

    /// Adds a piece. False if the packet is to be refused.
    fn add(&mut self, piece: &Piece<'_>, packet: &[u8], most: usize) -> bool {
        let end = piece.offset + piece.payload.len();
        let last = self.pieces.last_key_value().map_or(0, |(start, data)| start + data.len());
        // The end is where it is said to be: once, and behind all pieces.
        let total = if piece.more { self.total } else { Some(end) };
        let fits = total.is_none_or(|total| end <= total && last <= total);
        if !fits || (self.total.is_some() && total != self.total) {
            return false;
        }
        self.total = total;
        if piece.offset == 0 && self.first.is_none() {
            self.first = Some((piece.header, packet.to_vec()));
        }
        let overlaps_allowed = piece.key.protocol.is_some();
        let Some(gaps) = self.gaps(piece, overlaps_allowed) else { return false };
        for (start, end) in gaps {
            self.received += end - start;
            let data = &piece.payload[start - piece.offset..end - piece.offset];
            self.pieces.insert(start, data.to_vec());
        }
        self.pieces.len() <= most
    }

    /// The parts of a piece that are new; none if what is not new differs, or may not be there.
    fn gaps(&self, piece: &Piece<'_>, overlaps_allowed: bool) -> Option<Vec<(usize, usize)>> {
        let end = piece.offset + piece.payload.len();
        let mut gaps = Vec::new();
        let mut next = piece.offset;
        // The one that begins before the piece may reach into it.
        let before = self.pieces.range(..piece.offset).next_back();
        for (start, data) in before.into_iter().chain(self.pieces.range(piece.offset..end)) {
            let (from, to) = ((*start).max(next), (start + data.len()).min(end));
            if from >= to {
                continue;
            }
            let same = data[from - start..to - start]
                == piece.payload[from - piece.offset..to - piece.offset];
            let twice = *start == piece.offset && data.len() == piece.payload.len();
            if !same || !(overlaps_allowed || twice) {
                return None;
            }
            if next < from {
                gaps.push((next, from));
            }
            next = to;
        }
        if next < end {
            gaps.push((next, end));
        }
        Some(gaps)
    }

    /// The packet, of which every octet is here. None if it has a fragment header within: what
    /// is put together must not be cut again, for ever.
    fn whole(self) -> Option<Vec<u8>> {
        let (header, _) = self.first?;
        let payload: Vec<u8> = self.pieces.into_values().flatten().collect();
        let mut packet = Vec::with_capacity(payload.len() + v6::HEADER + v4::LONGEST_OPTIONS);
        match header {
            ip::Header::V4(header) => {
                let whole = v4::Header { more_fragments: false, ..header };
                whole.emit(&payload, &mut packet);
            }
            ip::Header::V6(header) => {
                let upper = v6::upper(header.next_header, &payload).ok()?;
                if upper.fragment.is_some() {
                    return None;
                }
                header.emit(&payload, &mut packet);
            }
        }
        Some(packet)
    }
}

#[cfg(test)]
mod tests;
